//! How far a clean-up has come.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{BoundedVec, traits::ConstU32};
use ganglion_primitives::{AlphaBalance, NetUid, TaoBalance, mul_div_floor};
use scale_info::TypeInfo;

/// Longest key at which a scan stops: that of a stake position.
const MAX_CURSOR_BYTES: u32 = 160;

/// What is done to a dissolved subnet, in this order.
#[derive(
	Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum CleanupStage {
	/// What epochs gave to neurons and to the owner is credited.
	#[default]
	Settlement,
	/// Those who stake on other people's hotkeys are paid.
	Nominators,
	/// The hotkeys' owners are paid, and the share pools removed.
	Owners,
	/// Those who left root, and are owed root's dividends of the subnet, are paid.
	RootClaims,
	/// Root's dividends of the subnet are forgotten.
	RootPots,
	/// What was claimed of them is forgotten.
	ClaimRecords,
	/// Hotkeys stop being members of the subnet.
	Members,
	/// All that is stored under the subnet's number and a second key is removed.
	Rows,
	/// All that is stored under the subnet's number alone is removed.
	Records,
}

impl CleanupStage {
	/// The stage that follows; `None` after the last.
	pub(super) fn next(self) -> Option<Self> {
		match self {
			Self::Settlement => Some(Self::Nominators),
			Self::Nominators => Some(Self::Owners),
			Self::Owners => Some(Self::RootClaims),
			Self::RootClaims => Some(Self::RootPots),
			Self::RootPots => Some(Self::ClaimRecords),
			Self::ClaimRecords => Some(Self::Members),
			Self::Members => Some(Self::Rows),
			Self::Rows => Some(Self::Records),
			Self::Records => None,
		}
	}
}

/// How far the clean-up of a dissolved subnet has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct DissolveCleanupStatus {
	/// The subnet.
	pub netuid: NetUid,
	/// What is being done.
	pub stage: CleanupStage,
	/// The TAO that is divided; known after [`CleanupStage::Settlement`].
	pub pot: TaoBalance,
	/// The alpha between the holders of which it is divided; known then, too.
	pub alpha: AlphaBalance,
	/// What was paid of it.
	pub paid: TaoBalance,
	/// The last key that the stage's scan has done; empty before the first.
	pub cursor: BoundedVec<u8, ConstU32<MAX_CURSOR_BYTES>>,
}

impl DissolveCleanupStatus {
	/// A clean-up that has not begun.
	pub(super) fn of(netuid: NetUid) -> Self {
		Self {
			netuid,
			..Default::default()
		}
	}

	/// Begins a stage.
	pub(super) fn enter(&mut self, stage: CleanupStage) {
		self.stage = stage;
		self.cursor = BoundedVec::new();
	}

	/// Remembers the last key that a scan has done.
	pub(crate) fn stop_at(&mut self, key: &[u8]) {
		self.cursor = BoundedVec::truncate_from(key.to_vec());
	}

	/// The part of the pot that belongs to so much alpha, rounded down.
	pub(crate) fn share_of(&self, alpha: AlphaBalance) -> TaoBalance {
		let (pot, part, all) = (self.pot.get(), alpha.get(), self.alpha.get());
		let share = mul_div_floor(u128::from(pot), u128::from(part), u128::from(all));
		// There is no more alpha than all of it, so that the quotient fits.
		TaoBalance::new(share.and_then(|share| u64::try_from(share).ok()).unwrap_or_default())
	}
}
