//! Mints the block emission and splits it.

mod schedule;
mod forget;
pub mod storage;

#[cfg(test)]
mod tests;

use crate::{WeightInfo, pallet::*};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{
	defensive,
	pallet_prelude::{DispatchResult, Weight},
	traits::fungible::{Inspect, Mutate},
	transactional,
};
use ganglion_primitives::{AlphaBalance, NetUid, TaoBalance};
use scale_info::TypeInfo;

pub use schedule::{ISSUANCE_CAP, block_emission};

/// What a subnet emitted and paid since it exists, in rao of alpha.
///
/// At any block `emitted = paid_miners + paid_validators + paid_owner`, plus what is pending in
/// `PendingServerEmission`, `PendingValidatorEmission` and `PendingOwnerCut`.
#[derive(
	Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct EmissionTotals {
	/// All that the chain emitted for the subnet.
	pub emitted: AlphaBalance,
	/// Paid to the owners of miners.
	pub paid_miners: AlphaBalance,
	/// Paid to validators: takes and the shares of all who stake on them.
	pub paid_validators: AlphaBalance,
	/// Paid to the subnet's owner.
	pub paid_owner: AlphaBalance,
}

/// The cut that stands for all of it.
const FULL_CUT: u128 = u16::MAX as u128;

/// How a subnet's emission of one block is split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Split {
	pub(crate) owner: AlphaBalance,
	pub(crate) servers: AlphaBalance,
	pub(crate) validators: AlphaBalance,
}

impl Split {
	/// The owner's cut (of 65535) rounded down, half of the rest rounded down to validators, what is left to servers.
	pub(crate) fn of(alpha: AlphaBalance, owner_cut: u16) -> Self {
		let cut = u128::from(alpha.get()).saturating_mul(u128::from(owner_cut));
		let cut = u64::try_from(cut / FULL_CUT).unwrap_or(u64::MAX);
		let owner = AlphaBalance::new(cut.min(alpha.get()));
		let rest = alpha.saturating_sub(owner);
		let validators = AlphaBalance::new(rest.get() / 2);
		Self {
			owner,
			servers: rest.saturating_sub(validators),
			validators,
		}
	}
}

impl<T: Config> Pallet<T> {
	/// The work at the start of each block: emission, then the epochs that are due, then what earlier ones have still to
	/// pay.
	pub(crate) fn begin_block() -> Weight {
		let netuids = Self::subnets();
		for netuid in &netuids {
			if RegistrationsThisBlock::<T>::get(netuid) != 0 {
				RegistrationsThisBlock::<T>::remove(netuid);
			}
			BlocksSinceLastStep::<T>::mutate(netuid, |blocks| *blocks = blocks.saturating_add(1));
		}
		Self::emit(&netuids);
		let count = u32::try_from(netuids.len()).unwrap_or(u32::MAX);
		let epochs = Self::run_due_epochs(&netuids);
		let payouts = Self::continue_payouts(epochs);
		T::WeightInfo::begin_block(count)
			.saturating_add(epochs)
			.saturating_add(payouts)
	}

	/// Mints the block emission: equal shares for all subnets that take part. The rao that does not divide goes to
	/// the subnets in turn, so that no rao is lost and none is favoured. With no subnet nothing is minted.
	fn emit(netuids: &[NetUid]) {
		let takers: Vec<NetUid> = netuids
			.iter()
			.copied()
			.filter(|netuid| SubnetEmissionEnabled::<T>::get(netuid))
			.collect();
		for netuid in netuids.iter().filter(|netuid| !takers.contains(netuid)) {
			SubnetTaoInEmission::<T>::remove(netuid);
		}
		let emission = block_emission(T::Currency::total_issuance());
		let shares = schedule::equal_shares(emission, takers.len(), Self::block_number());
		for (netuid, share) in takers.into_iter().zip(shares) {
			let tao = TaoBalance::new(share);
			if Self::emit_to_subnet(netuid, tao).is_err() {
				// Only an overflow can get here; nothing was minted then, and the books still balance.
				defensive!("block emission of a subnet could not be minted", netuid);
			}
		}
	}

	/// Mints a subnet's share into its account and the same amount of alpha into what is pending; all or nothing.
	#[transactional]
	fn emit_to_subnet(netuid: NetUid, tao: TaoBalance) -> DispatchResult {
		SubnetTaoInEmission::<T>::insert(netuid, tao);
		if tao.is_zero() {
			return Ok(());
		}
		T::Currency::mint_into(&Self::subnet_account(netuid), tao.get())?;
		let alpha = AlphaBalance::new(tao.get());
		let owner_cut = if OwnerCutEnabled::<T>::get(netuid) {
			SubnetOwnerCut::<T>::get()
		} else {
			0
		};
		let split = Split::of(alpha, owner_cut);
		let add = |total: &mut AlphaBalance, amount: AlphaBalance| -> DispatchResult {
			*total = total.checked_add(amount).ok_or(Error::<T>::Overflow)?;
			Ok(())
		};
		PendingOwnerCut::<T>::try_mutate(netuid, |total| add(total, split.owner))?;
		PendingServerEmission::<T>::try_mutate(netuid, |total| add(total, split.servers))?;
		PendingValidatorEmission::<T>::try_mutate(netuid, |total| add(total, split.validators))?;
		SubnetAlphaOut::<T>::try_mutate(netuid, |total| add(total, alpha))?;
		SubnetEmissionTotals::<T>::try_mutate(netuid, |totals| add(&mut totals.emitted, alpha))
	}
}
