//! What clients ask: prices, and what a trade would bring.

use crate::pallet::*;
use alloc::vec::Vec;
use ganglion_primitives::{AlphaBalance, NetUid, RAO_PER_TAO, SimSwapResult, SubnetPrice, TaoBalance};
use swap_math::{Direction, Fill};

impl<T: Config> Pallet<T> {
	/// Rao of TAO for one alpha, rounded to the nearest: 1e9 on root, 0 for a subnet without a pool.
	pub fn current_alpha_price(netuid: NetUid) -> u64 {
		if netuid.is_root() {
			return RAO_PER_TAO;
		}
		Self::pool(netuid).map_or(0, |pool| pool.price_rao())
	}

	/// The prices of these subnets.
	pub fn alpha_prices(netuids: impl IntoIterator<Item = NetUid>) -> Vec<SubnetPrice> {
		let price = |netuid| SubnetPrice {
			netuid,
			price: Self::current_alpha_price(netuid),
		};
		netuids.into_iter().map(price).collect()
	}

	/// What buying alpha for this much TAO would do now. The slippage is in alpha.
	pub fn sim_swap_tao_for_alpha(netuid: NetUid, tao: TaoBalance) -> SimSwapResult {
		if netuid.is_root() {
			return at_par(tao.get());
		}
		let (fill, slippage) = Self::simulate(netuid, Direction::Buy, tao.get());
		SimSwapResult {
			tao_amount: TaoBalance::new(fill.taken),
			alpha_amount: AlphaBalance::new(fill.given),
			tao_fee: TaoBalance::new(fill.fee),
			alpha_slippage: AlphaBalance::new(slippage),
			..SimSwapResult::default()
		}
	}

	/// What selling this much alpha for TAO would do now. The slippage is in TAO.
	pub fn sim_swap_alpha_for_tao(netuid: NetUid, alpha: AlphaBalance) -> SimSwapResult {
		if netuid.is_root() {
			return at_par(alpha.get());
		}
		let (fill, slippage) = Self::simulate(netuid, Direction::Sell, alpha.get());
		SimSwapResult {
			tao_amount: TaoBalance::new(fill.given),
			alpha_amount: AlphaBalance::new(fill.taken),
			alpha_fee: AlphaBalance::new(fill.fee),
			tao_slippage: TaoBalance::new(slippage),
			..SimSwapResult::default()
		}
	}

	/// A trade, and what it gives less than the spot price would; nothing where it would be refused.
	fn simulate(netuid: NetUid, direction: Direction, offered: u64) -> (Fill, u64) {
		let quote = Self::pool(netuid).and_then(|pool| Ok((pool, Self::quote(netuid, direction, offered, None)?)));
		let Ok((pool, (fill, _))) = quote else {
			return (Fill::default(), 0);
		};
		let worth = pool.worth(direction, fill.taken.saturating_sub(fill.fee));
		(fill, worth.saturating_sub(fill.given))
	}
}

/// A trade on root: one to one, without fee.
fn at_par(amount: u64) -> SimSwapResult {
	SimSwapResult {
		tao_amount: TaoBalance::new(amount),
		alpha_amount: AlphaBalance::new(amount),
		..SimSwapResult::default()
	}
}
