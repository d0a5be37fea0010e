//! What clients are told.

use crate::mock::*;
use codec::Encode;
use frame_support::assert_storage_noop;
use ganglion_primitives::{AlphaBalance, NetUid, SimSwapResult, SubnetPools, SubnetPrice, TaoBalance};

fn buy(netuid: NetUid, tao: u64) -> SimSwapResult {
	Swap::sim_swap_tao_for_alpha(netuid, TaoBalance::new(tao))
}

fn sell(netuid: NetUid, alpha: u64) -> SimSwapResult {
	Swap::sim_swap_alpha_for_tao(netuid, AlphaBalance::new(alpha))
}

#[test]
fn prices_are_in_rao_for_one_alpha() {
	run(|| {
		open(TAO, 3 * TAO);
		let netuids = [NetUid::ROOT, NETUID, UNKNOWN];
		let prices: Vec<u64> = Swap::alpha_prices(netuids).into_iter().map(|row| row.price).collect();
		assert_eq!(prices, [1_000_000_000, 333_333_333, 0]);
		assert_eq!(Swap::alpha_prices([]), Vec::new());
	});
}

#[test]
fn root_is_at_par() {
	run(|| {
		for amount in [0, 1, u64::MAX] {
			let expected = SimSwapResult {
				tao_amount: TaoBalance::new(amount),
				alpha_amount: AlphaBalance::new(amount),
				..Default::default()
			};
			assert_eq!(buy(NetUid::ROOT, amount), expected);
			assert_eq!(sell(NetUid::ROOT, amount), expected);
		}
	});
}

#[test]
fn what_is_impossible_is_all_zero() {
	run(|| {
		open(TAO, TAO);
		for (netuid, amount) in [
			(UNKNOWN, TAO),
			(NETUID, 0),
			(NETUID, 1),
			(NETUID, u64::MAX),
			(NETUID, 2_000 * TAO),
		] {
			assert_eq!(buy(netuid, amount), SimSwapResult::default(), "{netuid} {amount}");
			assert_eq!(sell(netuid, amount), SimSwapResult::default(), "{netuid} {amount}");
		}
	});
}

#[test]
fn a_simulation_is_the_trade_and_its_distance_from_the_spot_price() {
	run(|| {
		open(1_000 * TAO, 4_000 * TAO);
		assert_storage_noop!({
			let quote = Swap::quote_buy(NETUID, TaoBalance::new(100 * TAO), None).unwrap();
			let simulated = buy(NETUID, 100 * TAO);
			let expected = SimSwapResult {
				tao_amount: quote.taken,
				alpha_amount: quote.given,
				tao_fee: quote.fee,
				// Four alpha for each rao that is no fee.
				alpha_slippage: AlphaBalance::new(4 * (100 * TAO - quote.fee.get()) - quote.given.get()),
				..Default::default()
			};
			assert_eq!(simulated, expected);
			// About a tenth is lost.
			assert!(simulated.alpha_slippage > AlphaBalance::new(36 * TAO));
			assert!(simulated.alpha_slippage < AlphaBalance::new(37 * TAO));
			let quote = Swap::quote_sell(NETUID, AlphaBalance::new(400 * TAO), None).unwrap();
			let expected = SimSwapResult {
				tao_amount: quote.given,
				alpha_amount: quote.taken,
				alpha_fee: quote.fee,
				tao_slippage: TaoBalance::new((400 * TAO - quote.fee.get()) / 4 - quote.given.get()),
				..Default::default()
			};
			assert_eq!(sell(NETUID, 400 * TAO), expected);
		});
	});
}

#[test]
fn records_encode_their_fields_in_order() {
	let price = SubnetPrice {
		netuid: NetUid::new(1),
		price: 2,
	};
	assert_eq!(price.encode(), (1u16, 2u64).encode());
	let result = SimSwapResult {
		tao_amount: TaoBalance::new(1),
		alpha_amount: AlphaBalance::new(2),
		tao_fee: TaoBalance::new(3),
		alpha_fee: AlphaBalance::new(4),
		tao_slippage: TaoBalance::new(5),
		alpha_slippage: AlphaBalance::new(6),
	};
	assert_eq!(result.encode(), (1u64, 2u64, 3u64, 4u64, 5u64, 6u64).encode());
}
