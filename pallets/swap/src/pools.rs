//! The pools as staking and emission use them.

use crate::{MINIMUM_RESERVE, pallet::*};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::ensure;
use ganglion_primitives::{
	AlphaBalance, NetUid, PoolRefusal, PriceLimit, Reserves, SubnetPools, TaoBalance, Trade, U64F64,
};
use scale_info::TypeInfo;
use swap_math::{Direction, Fill, Limit, Pool, Refusal, TaoWeight};

/// A pool as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct PoolState {
	/// TAO that trades draw on and add to.
	pub tao: TaoBalance,
	/// Alpha that trades draw on and add to.
	pub alpha: AlphaBalance,
	/// The weight of TAO times 2^127; that of alpha is the rest of one.
	pub tao_weight: u128,
}

impl PoolState {
	/// The pool to compute with; `None` for a state that is none: without a reserve, or with a weight out of bounds.
	pub fn to_pool(&self) -> Option<Pool> {
		let weight = TaoWeight::from_bits(self.tao_weight)?;
		Pool::with_weight(self.tao.get(), self.alpha.get(), weight)
	}
}

impl From<Pool> for PoolState {
	fn from(pool: Pool) -> Self {
		Self {
			tao: TaoBalance::new(pool.tao()),
			alpha: AlphaBalance::new(pool.alpha()),
			tao_weight: pool.weight().bits(),
		}
	}
}

impl<T: Config> Pallet<T> {
	/// The pool of a subnet.
	pub(crate) fn pool(netuid: NetUid) -> Result<Pool, PoolRefusal> {
		let state = Pools::<T>::get(netuid).ok_or(PoolRefusal::NoPool)?;
		state.to_pool().ok_or(PoolRefusal::InsufficientLiquidity)
	}

	/// What a trade would move now, and the pool after it.
	pub(crate) fn quote(
		netuid: NetUid,
		direction: Direction,
		offered: u64,
		limit: Option<PriceLimit>,
	) -> Result<(Fill, Pool), PoolRefusal> {
		let pool = Self::pool(netuid)?;
		let limit = limit.map(|limit| Limit {
			price: limit.price.get(),
			allow_partial: limit.allow_partial,
		});
		let fill = pool
			.quote(direction, offered, FeeRate::<T>::get(netuid), limit)
			.map_err(refusal)?;
		let after = pool.after(direction, &fill).ok_or(PoolRefusal::InsufficientLiquidity)?;
		ensure_deep(&after)?;
		Ok((fill, after))
	}

	fn trade(
		netuid: NetUid,
		direction: Direction,
		offered: u64,
		limit: Option<PriceLimit>,
	) -> Result<Fill, PoolRefusal> {
		let (fill, after) = Self::quote(netuid, direction, offered, limit)?;
		Pools::<T>::insert(netuid, PoolState::from(after));
		Ok(fill)
	}

	/// Stores what waits to be added to a pool.
	fn put_aside(netuid: NetUid, tao: u64, alpha: u64) {
		match tao {
			0 => BalancerTaoReservoir::<T>::remove(netuid),
			_ => BalancerTaoReservoir::<T>::insert(netuid, TaoBalance::new(tao)),
		}
		match alpha {
			0 => BalancerAlphaReservoir::<T>::remove(netuid),
			_ => BalancerAlphaReservoir::<T>::insert(netuid, AlphaBalance::new(alpha)),
		}
	}
}

/// Refuses a pool with less than the minimum in a reserve.
fn ensure_deep(pool: &Pool) -> Result<(), PoolRefusal> {
	let least = pool.tao().min(pool.alpha());
	ensure!(least >= MINIMUM_RESERVE, PoolRefusal::InsufficientLiquidity);
	Ok(())
}

fn refusal(refusal: Refusal) -> PoolRefusal {
	match refusal {
		Refusal::NothingGiven => PoolRefusal::InsufficientLiquidity,
		Refusal::PriceLimitPassed => PoolRefusal::PriceLimitPassed,
		Refusal::NothingWithinLimit => PoolRefusal::NothingWithinLimit,
		Refusal::Overflow => PoolRefusal::Overflow,
	}
}

fn purchase(fill: Fill) -> Trade<TaoBalance, AlphaBalance> {
	Trade {
		taken: TaoBalance::new(fill.taken),
		given: AlphaBalance::new(fill.given),
		fee: TaoBalance::new(fill.fee),
	}
}

fn sale(fill: Fill) -> Trade<AlphaBalance, TaoBalance> {
	Trade {
		taken: AlphaBalance::new(fill.taken),
		given: TaoBalance::new(fill.given),
		fee: AlphaBalance::new(fill.fee),
	}
}

impl<T: Config> SubnetPools for Pallet<T> {
	/// Root gets none, and a pool starts with at least [`MINIMUM_RESERVE`] of each token.
	fn open(netuid: NetUid, reserves: Reserves) -> Result<(), PoolRefusal> {
		ensure!(!netuid.is_root(), PoolRefusal::NoPool);
		ensure!(!Pools::<T>::contains_key(netuid), PoolRefusal::PoolExists);
		let pool = Pool::new(reserves.tao.get(), reserves.alpha.get()).ok_or(PoolRefusal::InsufficientLiquidity)?;
		ensure_deep(&pool)?;
		Pools::<T>::insert(netuid, PoolState::from(pool));
		Self::deposit_event(Event::PoolOpened { netuid, reserves });
		Ok(())
	}

	fn least_reserve() -> u64 {
		MINIMUM_RESERVE
	}

	fn close(netuid: NetUid) -> Reserves {
		let Some(state) = Pools::<T>::take(netuid) else {
			return Reserves::default();
		};
		FeeRate::<T>::remove(netuid);
		let reserves = Reserves {
			tao: state.tao.saturating_add(BalancerTaoReservoir::<T>::take(netuid)),
			alpha: state.alpha.saturating_add(BalancerAlphaReservoir::<T>::take(netuid)),
		};
		Self::deposit_event(Event::PoolClosed { netuid, reserves });
		reserves
	}

	fn reserves(netuid: NetUid) -> Option<Reserves> {
		Pools::<T>::get(netuid).map(|state| Reserves {
			tao: state.tao,
			alpha: state.alpha,
		})
	}

	fn price(netuid: NetUid) -> U64F64 {
		if netuid.is_root() {
			return U64F64::from_integer(1);
		}
		Self::pool(netuid).map_or(U64F64::ZERO, |pool| U64F64::from_bits(pool.price_bits()))
	}

	fn set_aside(netuid: NetUid) -> Reserves {
		Reserves {
			tao: BalancerTaoReservoir::<T>::get(netuid),
			alpha: BalancerAlphaReservoir::<T>::get(netuid),
		}
	}

	fn inject(netuid: NetUid, added: Reserves) -> Result<(), PoolRefusal> {
		let pool = Self::pool(netuid)?;
		let waiting = Self::set_aside(netuid);
		let tao = waiting.tao.checked_add(added.tao).ok_or(PoolRefusal::Overflow)?;
		let alpha = waiting.alpha.checked_add(added.alpha).ok_or(PoolRefusal::Overflow)?;
		let injection = pool.inject(tao.get(), alpha.get()).ok_or(PoolRefusal::Overflow)?;
		Pools::<T>::insert(netuid, PoolState::from(injection.pool));
		let (excess_tao, excess_alpha) = (injection.excess_tao, injection.excess_alpha);
		if (excess_tao, excess_alpha) != (waiting.tao.get(), waiting.alpha.get()) {
			Self::put_aside(netuid, excess_tao, excess_alpha);
		}
		Ok(())
	}

	fn quote_buy(
		netuid: NetUid,
		tao: TaoBalance,
		limit: Option<PriceLimit>,
	) -> Result<Trade<TaoBalance, AlphaBalance>, PoolRefusal> {
		Self::quote(netuid, Direction::Buy, tao.get(), limit).map(|(fill, _)| purchase(fill))
	}

	fn quote_sell(
		netuid: NetUid,
		alpha: AlphaBalance,
		limit: Option<PriceLimit>,
	) -> Result<Trade<AlphaBalance, TaoBalance>, PoolRefusal> {
		Self::quote(netuid, Direction::Sell, alpha.get(), limit).map(|(fill, _)| sale(fill))
	}

	fn buy(
		netuid: NetUid,
		tao: TaoBalance,
		limit: Option<PriceLimit>,
	) -> Result<Trade<TaoBalance, AlphaBalance>, PoolRefusal> {
		Self::trade(netuid, Direction::Buy, tao.get(), limit).map(purchase)
	}

	fn sell(
		netuid: NetUid,
		alpha: AlphaBalance,
		limit: Option<PriceLimit>,
	) -> Result<Trade<AlphaBalance, TaoBalance>, PoolRefusal> {
		Self::trade(netuid, Direction::Sell, alpha.get(), limit).map(sale)
	}
}
