//! A subnet's books: what it emitted, to whom it went, and what is staked, all at one block.

use std::collections::HashMap;

use subxt::{ext::scale_decode::DecodeAsType, utils::AccountId32};

use super::{
	ChainClient, SUBTENSOR,
	read::{entries, parameter, require_subnet, value},
};
use crate::{AccountId, error::ChainError};

/// A subnet's books at one block. All amounts in rao of alpha, since the subnet exists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
	/// The block.
	pub block: u64,
	/// The block at which the subnet was registered.
	pub registered_at: u64,
	/// The first block in which the subnet emitted; `None` where it has not started.
	pub first_emission: Option<u64>,
	/// Alpha that the subnet emitted to those who work for it; what went into its pool is not counted.
	pub emitted: u64,
	/// Paid to miners.
	pub paid_miners: u64,
	/// Paid to validators and those who staked on them.
	pub paid_validators: u64,
	/// Paid to the owner.
	pub paid_owner: u64,
	/// Given to those who stake on validators on root. It is nobody's stake until it is claimed.
	pub paid_root: u64,
	/// Emitted, but not paid yet.
	pub pending: u64,
	/// Stake on the hotkeys that are registered in the subnet.
	pub staked: u64,
}

impl Ledger {
	/// All that was paid.
	#[must_use]
	pub fn paid(&self) -> u64 {
		self.paid_as_stake().saturating_add(self.paid_root)
	}

	/// All that was paid as stake on hotkeys of the subnet.
	#[must_use]
	pub fn paid_as_stake(&self) -> u64 {
		self.paid_miners
			.saturating_add(self.paid_validators)
			.saturating_add(self.paid_owner)
	}

	/// Blocks in which the subnet emitted.
	#[must_use]
	pub fn emitting_blocks(&self) -> u64 {
		self.first_emission
			.map_or(0, |first| self.block.saturating_add(1).saturating_sub(first))
	}
}

/// `SubtensorModule.SubnetEmissionTotals`.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct EmissionTotals {
	emitted: u64,
	paid_miners: u64,
	paid_validators: u64,
	paid_owner: u64,
	paid_root: u64,
}

/// What is emitted and not paid, by whom it is for.
const PENDING: [&str; 4] = [
	"PendingServerEmission",
	"PendingValidatorEmission",
	"PendingRootAlphaDivs",
	"PendingOwnerCut",
];

impl ChainClient {
	/// A subnet's books at the best block.
	///
	/// # Errors
	/// [`ChainError::UnknownNetuid`], and see [`ChainError`].
	pub async fn ledger(&self, netuid: u16) -> Result<Ledger, ChainError> {
		self.request("the subnet's books", |session| async move {
			let at = session.best().await?;
			require_subnet(&session, &at, netuid).await?;
			let totals: EmissionTotals = parameter(&session, &at, "SubnetEmissionTotals", netuid).await?;
			let mut pending = 0_u64;
			for item in PENDING {
				let part: u64 = parameter(&session, &at, item, netuid).await?;
				pending = pending.saturating_add(part);
			}
			let hotkeys: HashMap<u16, AccountId32> = entries(&session, &at, "Keys", &[netuid.into()]).await?;
			let mut staked = 0_u64;
			for hotkey in hotkeys.into_values() {
				let keys = [AccountId::from(hotkey.0).into(), netuid.into()];
				let stake: Option<u64> = value(&session, &at, SUBTENSOR, "TotalHotkeyAlpha", &keys).await?;
				staked = staked.saturating_add(stake.unwrap_or(0));
			}
			Ok(Ledger {
				block: at.block_number(),
				registered_at: parameter(&session, &at, "NetworkRegisteredAt", netuid).await?,
				first_emission: value(&session, &at, SUBTENSOR, "FirstEmissionBlockNumber", &[netuid.into()]).await?,
				emitted: totals.emitted,
				paid_miners: totals.paid_miners,
				paid_validators: totals.paid_validators,
				paid_owner: totals.paid_owner,
				paid_root: totals.paid_root,
				pending,
				staked,
			})
		})
		.await
	}
}
