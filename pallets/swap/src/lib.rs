//! The pallet named `Swap`: a pool of TAO and alpha for each subnet.

#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(
	not(test),
	deny(
		clippy::arithmetic_side_effects,
		clippy::indexing_slicing,
		clippy::unwrap_used,
		clippy::expect_used,
		clippy::panic,
		clippy::float_arithmetic
	)
)]

pub use pallet::*;

use ganglion_primitives::{
	AlphaBalance, NetUid, PoolRefusal, PriceLimit, Reserves, SubnetPools, TaoBalance, Trade, U64F64, mul_div_floor,
};

/// The pallet.
#[frame_support::pallet]
#[allow(clippy::expect_used, reason = "FRAME's expansion")]
pub mod pallet {
	use super::*;
	use frame_support::pallet_prelude::*;

	/// The pallet.
	#[pallet::pallet]
	pub struct Pallet<T>(_);

	/// What the runtime supplies.
	#[pallet::config]
	pub trait Config: frame_system::Config {}

	/// What is in the pool of a subnet.
	#[pallet::storage]
	pub type Pools<T: Config> = StorageMap<_, Identity, NetUid, Reserves, OptionQuery>;
}

/// What a trade of `offered` against `given` of the other reserve pays, rounded down.
fn out(reserve: u64, offered: u64, given: u64) -> Option<(u64, u64)> {
	let total = reserve.checked_add(offered)?;
	let out = mul_div_floor(u128::from(given), u128::from(offered), u128::from(total))?;
	let out = u64::try_from(out).ok()?;
	Some((total, out))
}

impl<T: Config> SubnetPools for Pallet<T> {
	fn open(netuid: NetUid, reserves: Reserves) -> Result<(), PoolRefusal> {
		if Pools::<T>::contains_key(netuid) {
			return Err(PoolRefusal::PoolExists);
		}
		Pools::<T>::insert(netuid, reserves);
		Ok(())
	}

	fn close(netuid: NetUid) -> Reserves {
		Pools::<T>::take(netuid).unwrap_or_default()
	}

	fn reserves(netuid: NetUid) -> Option<Reserves> {
		Pools::<T>::get(netuid)
	}

	fn price(netuid: NetUid) -> U64F64 {
		if netuid.is_root() {
			return U64F64::from_integer(1);
		}
		let reserves = Pools::<T>::get(netuid).unwrap_or_default();
		let (tao, alpha) = (u128::from(reserves.tao.get()), u128::from(reserves.alpha.get()));
		U64F64::from_bits(mul_div_floor(tao, 1 << 64, alpha).unwrap_or_default())
	}

	fn inject(netuid: NetUid, added: Reserves) -> Result<(), PoolRefusal> {
		Pools::<T>::try_mutate(netuid, |pool| {
			let pool = pool.as_mut().ok_or(PoolRefusal::NoPool)?;
			pool.tao = pool.tao.checked_add(added.tao).ok_or(PoolRefusal::Overflow)?;
			pool.alpha = pool.alpha.checked_add(added.alpha).ok_or(PoolRefusal::Overflow)?;
			Ok(())
		})
	}

	fn quote_buy(
		netuid: NetUid,
		tao: TaoBalance,
		_limit: Option<PriceLimit>,
	) -> Result<Trade<TaoBalance, AlphaBalance>, PoolRefusal> {
		let pool = Pools::<T>::get(netuid).ok_or(PoolRefusal::NoPool)?;
		let (_, given) = out(pool.tao.get(), tao.get(), pool.alpha.get()).ok_or(PoolRefusal::InsufficientLiquidity)?;
		Ok(Trade {
			taken: tao,
			given: AlphaBalance::new(given),
			fee: TaoBalance::ZERO,
		})
	}

	fn quote_sell(
		netuid: NetUid,
		alpha: AlphaBalance,
		_limit: Option<PriceLimit>,
	) -> Result<Trade<AlphaBalance, TaoBalance>, PoolRefusal> {
		let pool = Pools::<T>::get(netuid).ok_or(PoolRefusal::NoPool)?;
		let (_, given) =
			out(pool.alpha.get(), alpha.get(), pool.tao.get()).ok_or(PoolRefusal::InsufficientLiquidity)?;
		Ok(Trade {
			taken: alpha,
			given: TaoBalance::new(given),
			fee: AlphaBalance::ZERO,
		})
	}

	fn buy(
		netuid: NetUid,
		tao: TaoBalance,
		limit: Option<PriceLimit>,
	) -> Result<Trade<TaoBalance, AlphaBalance>, PoolRefusal> {
		let trade = Self::quote_buy(netuid, tao, limit)?;
		Pools::<T>::mutate(netuid, |pool| {
			if let Some(pool) = pool {
				pool.tao = pool.tao.saturating_add(trade.taken);
				pool.alpha = pool.alpha.saturating_sub(trade.given);
			}
		});
		Ok(trade)
	}

	fn sell(
		netuid: NetUid,
		alpha: AlphaBalance,
		limit: Option<PriceLimit>,
	) -> Result<Trade<AlphaBalance, TaoBalance>, PoolRefusal> {
		let trade = Self::quote_sell(netuid, alpha, limit)?;
		Pools::<T>::mutate(netuid, |pool| {
			if let Some(pool) = pool {
				pool.alpha = pool.alpha.saturating_add(trade.taken);
				pool.tao = pool.tao.saturating_sub(trade.given);
			}
		});
		Ok(trade)
	}
}
