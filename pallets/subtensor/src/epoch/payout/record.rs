//! What an epoch gives, and what it has paid.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use ganglion_primitives::{AccountId32, AlphaBalance};
use scale_info::TypeInfo;
use sp_runtime::DispatchResult;

/// What an epoch gives to one neuron.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Payment {
	/// Who earned it.
	pub hotkey: AccountId32,
	/// For all who stake on the hotkey.
	pub stakers: AlphaBalance,
	/// For the hotkey's owner, as a validator.
	pub take: AlphaBalance,
	/// For the hotkey's owner, as a miner.
	pub server: AlphaBalance,
}

impl Payment {
	/// All that goes to the hotkey's owner.
	pub(super) fn of_owner(&self) -> AlphaBalance {
		self.take.saturating_add(self.server)
	}

	/// All that the hotkey earned as a validator.
	pub(crate) fn of_validator(&self) -> AlphaBalance {
		self.take.saturating_add(self.stakers)
	}
}

/// What an epoch paid so far.
#[derive(
	Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Paid {
	/// To the owners of miners.
	pub miners: AlphaBalance,
	/// To the owners of validators, as take, of root dividends too.
	pub takes: AlphaBalance,
	/// Into validators' share pools, for all who stake there.
	pub nominators: AlphaBalance,
	/// To the subnet's owner.
	pub owner: AlphaBalance,
	/// Into the pots of those who stake on validators on root.
	pub root: AlphaBalance,
}

impl Paid {
	/// To validators and those who stake on them.
	pub(super) fn validators(&self) -> AlphaBalance {
		self.takes.saturating_add(self.nominators)
	}

	/// Counts a payment if it could be credited. Only a total that overflows prevents that; the amount then stays
	/// pending, for the next epoch.
	pub(super) fn note(&mut self, payment: &Payment, credited: DispatchResult) {
		if credited.is_ok() {
			self.miners = self.miners.saturating_add(payment.server);
			self.takes = self.takes.saturating_add(payment.take);
			self.nominators = self.nominators.saturating_add(payment.stakers);
		}
	}

	pub(super) fn add(&mut self, more: &Self) {
		self.miners = self.miners.saturating_add(more.miners);
		self.takes = self.takes.saturating_add(more.takes);
		self.nominators = self.nominators.saturating_add(more.nominators);
		self.owner = self.owner.saturating_add(more.owner);
		self.root = self.root.saturating_add(more.root);
	}
}

/// The payout of an epoch.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Payout {
	/// Number of the epoch.
	pub epoch: u64,
	/// What was pending for miners, validators and root when the epoch ran.
	pub emission: AlphaBalance,
	/// What is paid.
	pub paid: Paid,
	/// The first page of [`UnpaidPayments`](crate::UnpaidPayments) that is not paid.
	pub next_page: u16,
	/// Number of pages, the paid ones included.
	pub pages: u16,
}

impl Payout {
	/// What is not paid: put aside, lost to consensus' rounding, or impossible to credit.
	pub(crate) fn unpaid(&self) -> AlphaBalance {
		self.emission
			.saturating_sub(self.paid.miners)
			.saturating_sub(self.paid.validators())
			.saturating_sub(self.paid.root)
	}

	/// Pages that are not paid.
	pub(crate) fn rest(&self) -> u16 {
		self.pages.saturating_sub(self.next_page)
	}
}
