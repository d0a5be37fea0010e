//! Mints the block emission and splits it.
//!
//! Each block mints [`block_emission`] rao, and shares them between the subnets that take part: started
//! ([`FirstEmissionBlockNumber`]) and switched on ([`SubnetEmissionEnabled`]). `shares` has the rules. A subnet's TAO goes
//! into its account and its pool, together with new alpha at the present price; where that would be more alpha than the
//! subnet emits in a block, the rest of the TAO, the excess, buys alpha from the pool, which then belongs to the protocol
//! ([`SubnetProtocolAlpha`]). No rao is lost; with no subnet that takes part nothing is minted.
//!
//! Beside what goes into the pool, each started subnet, switched off or not, emits as much alpha as its own issuance allows
//! to those who work for it: `split` says how. It waits in the `Pending…` items for the epoch.

mod flow;
mod forget;
mod injection;
mod price;
mod schedule;
mod shares;
mod split;
pub mod storage;

#[cfg(test)]
mod tests;

use crate::{WeightInfo, pallet::*};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{
	defensive,
	pallet_prelude::{DispatchError, DispatchResult, Weight},
	traits::fungible::{Inspect, Mutate},
	transactional,
};
use ganglion_primitives::{
	AccountId32, AlphaBalance, I64F64, I96F32, NetUid, Reserves, SubnetPools, TaoBalance, U64F64,
};
use injection::Injection;
use scale_info::TypeInfo;
use shares::Standing;

pub use schedule::{ISSUANCE_CAP, block_emission};
pub(crate) use split::weighted;
use split::{Proportions, Split};

/// The weight of TAO on a new chain: 18%.
pub const USUAL_TAO_WEIGHT: u64 = 3_320_413_933_267_719_290;
/// How much of the distance to the price the moving price of an old subnet covers in a block: three millionths.
pub const USUAL_MOVING_ALPHA: I96F32 = I96F32 { bits: 12_885 };
/// Age, in blocks, at which a moving price covers half as much: four weeks of 12 s blocks.
pub const USUAL_PRICE_HALVING_BLOCKS: u64 = 201_600;
/// Blocks in which the moving average of the TAO flow forgets half: 30 days of 12 s blocks.
pub const USUAL_FLOW_HALF_LIFE_BLOCKS: u64 = 216_000;
/// `(1 - 2^(-1 / half-life)) · 2^63`.
pub const USUAL_FLOW_SMOOTHING: u64 = 29_597_889_188_864;

/// What a subnet emitted and paid since it exists, in rao of alpha.
///
/// At any block `emitted = paid_miners + paid_validators + paid_owner + paid_root`, plus what is pending in
/// `PendingServerEmission`, `PendingValidatorEmission`, `PendingRootAlphaDivs` and `PendingOwnerCut`.
#[derive(
	Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct EmissionTotals {
	/// All that the chain emitted for the subnet.
	pub emitted: AlphaBalance,
	/// Paid to the owners of miners.
	pub paid_miners: AlphaBalance,
	/// Paid to validators: takes, those of root dividends included, and the shares of all who stake on them.
	pub paid_validators: AlphaBalance,
	/// Paid to the subnet's owner.
	pub paid_owner: AlphaBalance,
	/// Given to those who stake on root, for them to claim.
	pub paid_root: AlphaBalance,
}

impl<T: Config> Pallet<T> {
	/// The work at the start of each block: emission, then the sealed weights whose round has come, then the epochs that are due, then what earlier ones have still to
	/// pay.
	pub(crate) fn begin_block() -> Weight {
		let netuids = Self::subnets();
		for netuid in &netuids {
			Self::begin_registrations(*netuid);
			BlocksSinceLastStep::<T>::mutate(netuid, |blocks| *blocks = blocks.saturating_add(1));
		}
		Self::begin_registrations(NetUid::ROOT);
		Self::emit(&netuids);
		let count = u32::try_from(netuids.len()).unwrap_or(u32::MAX);
		// Weights that are opened in the block of an epoch count in it.
		let opened = Self::open_sealed_weights();
		let epochs = Self::run_due_epochs(&netuids);
		let payouts = Self::continue_payouts(epochs);
		T::WeightInfo::begin_block(count)
			.saturating_add(opened)
			.saturating_add(epochs)
			.saturating_add(payouts)
	}

	/// Notes that a staker brought TAO into a subnet; on root there is no flow to note.
	pub(crate) fn note_inflow(netuid: NetUid, tao: TaoBalance) {
		if !netuid.is_root() {
			let tao = i64::try_from(tao.get()).unwrap_or(i64::MAX);
			SubnetTaoFlow::<T>::mutate(netuid, |flow| *flow = flow.saturating_add(tao));
		}
	}

	/// Notes that a staker took TAO out of a subnet; on root there is no flow to note.
	pub(crate) fn note_outflow(netuid: NetUid, tao: TaoBalance) {
		if !netuid.is_root() {
			let tao = i64::try_from(tao.get()).unwrap_or(i64::MAX);
			SubnetTaoFlow::<T>::mutate(netuid, |flow| *flow = flow.saturating_sub(tao));
		}
	}

	/// What a hotkey's stake counts on a subnet, in rao: its alpha there, and its TAO on root by the weight of TAO.
	pub(crate) fn stake_weight(hotkey: &AccountId32, netuid: NetUid) -> u64 {
		let alpha = TotalHotkeyAlpha::<T>::get(hotkey, netuid).get();
		let root = TotalHotkeyAlpha::<T>::get(hotkey, NetUid::ROOT).get();
		alpha.saturating_add(weighted(root, TaoWeight::<T>::get()))
	}

	/// Pending for the next epoch of a subnet, by whom it is for: miners, validators, root.
	pub(crate) fn pending_emission(netuid: NetUid) -> [AlphaBalance; 3] {
		[
			PendingServerEmission::<T>::get(netuid),
			PendingValidatorEmission::<T>::get(netuid),
			PendingRootAlphaDivs::<T>::get(netuid),
		]
	}

	/// Mints the block emission, and the alpha of all subnets.
	fn emit(netuids: &[NetUid]) {
		let block = Self::block_number();
		let mut takers = Vec::with_capacity(netuids.len());
		let mut standings = Vec::with_capacity(netuids.len());
		for netuid in netuids.iter().copied() {
			let Some(since) = FirstEmissionBlockNumber::<T>::get(netuid) else {
				continue;
			};
			let standing = Standing {
				price: Self::move_price(netuid, since),
				flow: Self::move_flow(netuid),
			};
			if SubnetEmissionEnabled::<T>::get(netuid) {
				takers.push(netuid);
				standings.push(standing);
			} else {
				Self::emit_or_tell(netuid, TaoBalance::ZERO);
			}
		}
		let emission = block_emission(T::Currency::total_issuance());
		let weights = shares::weights(&standings, TaoFlowEnabled::<T>::get(), TaoFlowCutoff::<T>::get());
		let shares = shares::divide(emission, &weights, block);
		for (netuid, share) in takers.into_iter().zip(shares) {
			Self::emit_or_tell(netuid, TaoBalance::new(share));
		}
	}

	/// Takes the pool's price into the moving price.
	fn move_price(netuid: NetUid, since: u64) -> I96F32 {
		let block = Self::block_number();
		let pace = price::Pace {
			alpha: SubnetMovingAlpha::<T>::get(),
			age: block.saturating_sub(since),
			halving: EMAPriceHalvingBlocks::<T>::get(netuid),
		};
		let before = SubnetMovingPrice::<T>::get(netuid);
		let after = price::next(before, T::Pools::price(netuid), pace, block);
		if after != before {
			SubnetMovingPrice::<T>::insert(netuid, after);
		}
		after
	}

	/// Takes the flow since the last block into its moving average, which begins at zero with the first trade.
	fn move_flow(netuid: NetUid) -> Option<I64F64> {
		let flow = SubnetTaoFlow::<T>::get(netuid);
		let average = SubnetEmaTaoFlow::<T>::get(netuid);
		if flow == 0 && average.is_none() {
			return None;
		}
		if flow != 0 {
			SubnetTaoFlow::<T>::remove(netuid);
		}
		let (_, average) = average.unwrap_or_default();
		let average = flow::next(average, flow, FlowEmaSmoothingFactor::<T>::get());
		SubnetEmaTaoFlow::<T>::insert(netuid, (Self::block_number(), average));
		Some(average)
	}

	fn emit_or_tell(netuid: NetUid, tao: TaoBalance) {
		if Self::emit_to_subnet(netuid, tao).is_err() {
			// Only an overflow can get here; nothing was minted then, and the books still balance.
			defensive!("block emission of a subnet could not be minted", netuid);
		}
	}

	/// Mints a subnet's share of the TAO, and its alpha; all or nothing.
	#[transactional]
	fn emit_to_subnet(netuid: NetUid, tao: TaoBalance) -> DispatchResult {
		let pool = T::Pools::reserves(netuid).unwrap_or_default();
		let issuance = pool.alpha.saturating_add(SubnetAlphaOut::<T>::get(netuid));
		let emission = AlphaBalance::new(block_emission(issuance.get()));
		// The last of the alpha is for those who work, not for the pool.
		let left = ISSUANCE_CAP
			.saturating_sub(issuance.get())
			.saturating_sub(emission.get());
		Self::inject(netuid, tao, emission.min(AlphaBalance::new(left)))?;
		Self::put_pending(netuid, emission, issuance)
	}

	/// Mints TAO into a subnet's account and pool, with at most so much alpha.
	fn inject(netuid: NetUid, tao: TaoBalance, cap: AlphaBalance) -> DispatchResult {
		let injection = if tao.is_zero() {
			Injection::of(tao, U64F64::ZERO, cap)
		} else {
			T::Currency::mint_into(&Self::subnet_account(netuid), tao.get())?;
			Injection::of(tao, T::Pools::price(netuid), cap)
		};
		SubnetTaoInEmission::<T>::insert(netuid, tao);
		SubnetAlphaInEmission::<T>::insert(netuid, injection.alpha);
		SubnetExcessTao::<T>::insert(netuid, injection.excess);
		Self::add_to_pool(netuid, injection.tao, injection.alpha)?;
		let spent = Self::buy_for_protocol(netuid, injection.excess)?;
		Self::add_to_pool(netuid, injection.excess.saturating_sub(spent), AlphaBalance::ZERO)
	}

	fn add_to_pool(netuid: NetUid, tao: TaoBalance, alpha: AlphaBalance) -> DispatchResult {
		if !(tao.is_zero() && alpha.is_zero()) {
			T::Pools::inject(netuid, Reserves { tao, alpha }).map_err(Error::<T>::from)?;
		}
		Ok(())
	}

	/// Buys alpha for TAO that the subnet's account has and its pool has not. Returns the TAO that was spent: less than all
	/// where the pool is too small.
	fn buy_for_protocol(netuid: NetUid, tao: TaoBalance) -> Result<TaoBalance, DispatchError> {
		if tao.is_zero() {
			return Ok(tao);
		}
		let Ok(trade) = T::Pools::buy(netuid, tao, None) else {
			return Ok(TaoBalance::ZERO);
		};
		SubnetAlphaOut::<T>::try_mutate(netuid, |total| add::<T>(total, trade.given))?;
		SubnetProtocolAlpha::<T>::try_mutate(netuid, |total| add::<T>(total, trade.given))?;
		Ok(trade.taken)
	}

	/// Splits the alpha that a subnet emits, and puts it aside for the epoch.
	fn put_pending(netuid: NetUid, alpha: AlphaBalance, issuance: AlphaBalance) -> DispatchResult {
		SubnetAlphaOutEmission::<T>::insert(netuid, alpha);
		if alpha.is_zero() {
			return Ok(());
		}
		let owner_cut = if OwnerCutEnabled::<T>::get(netuid) {
			SubnetOwnerCut::<T>::get()
		} else {
			0
		};
		let proportions = Proportions {
			owner_cut,
			tao_weight: TaoWeight::<T>::get(),
			root: TaoBalance::new(TotalAlphaStaked::<T>::get(NetUid::ROOT).get()),
			issuance,
		};
		let split = Split::of(alpha, proportions);
		PendingOwnerCut::<T>::try_mutate(netuid, |total| add::<T>(total, split.owner))?;
		PendingServerEmission::<T>::try_mutate(netuid, |total| add::<T>(total, split.servers))?;
		PendingValidatorEmission::<T>::try_mutate(netuid, |total| add::<T>(total, split.validators))?;
		if !split.root.is_zero() {
			PendingRootAlphaDivs::<T>::try_mutate(netuid, |total| add::<T>(total, split.root))?;
		}
		SubnetAlphaOut::<T>::try_mutate(netuid, |total| add::<T>(total, alpha))?;
		SubnetEmissionTotals::<T>::try_mutate(netuid, |totals| add::<T>(&mut totals.emitted, alpha))
	}
}

/// Adds to a total.
pub(crate) fn add<T: Config>(total: &mut AlphaBalance, amount: AlphaBalance) -> DispatchResult {
	*total = total.checked_add(amount).ok_or(Error::<T>::Overflow)?;
	Ok(())
}
