//! Each invariant is checked.

use crate::{mock::*, *};
use ganglion_primitives::{AlphaBalance, NetUid, TaoBalance};
use swap_math::TaoWeight;

/// Breaks something and expects the invariant of that number to be named.
fn violates(number: u8, break_it: impl FnOnce()) {
	storage().execute_with(|| {
		open(TAO, TAO);
		Swap::do_try_state().unwrap();
		break_it();
		let error = Swap::do_try_state().unwrap_err();
		let text: &str = error.into();
		assert!(text.starts_with(&format!("{number}: ")), "{text}");
	});
}

fn change(netuid: NetUid, edit: impl FnOnce(&mut PoolState)) {
	let mut state = Pools::<Test>::get(NETUID).unwrap();
	edit(&mut state);
	Pools::<Test>::insert(netuid, state);
}

#[test]
fn reserves_below_the_minimum() {
	violates(1, || {
		change(NETUID, |state| state.tao = TaoBalance::new(MINIMUM_RESERVE - 1))
	});
	violates(1, || change(NETUID, |state| state.alpha = AlphaBalance::ZERO));
}

#[test]
fn weights_out_of_bounds() {
	for weight in [0, TaoWeight::MIN.bits() - 1, TaoWeight::MAX.bits() + 1, u128::MAX] {
		violates(2, || change(NETUID, |state| state.tao_weight = weight));
	}
}

#[test]
fn a_pool_of_root() {
	violates(3, || change(NetUid::ROOT, |_| ()));
}

#[test]
fn leftovers_of_pools() {
	violates(4, || BalancerTaoReservoir::<Test>::insert(UNKNOWN, TaoBalance::new(1)));
	violates(4, || BalancerTaoReservoir::<Test>::insert(NETUID, TaoBalance::ZERO));
	violates(4, || {
		BalancerAlphaReservoir::<Test>::insert(UNKNOWN, AlphaBalance::new(1))
	});
	violates(4, || BalancerAlphaReservoir::<Test>::insert(NETUID, AlphaBalance::ZERO));
	violates(4, || FeeRate::<Test>::insert(UNKNOWN, 1));
}

#[test]
fn fee_rates_above_the_bound() {
	violates(5, || FeeRate::<Test>::insert(NETUID, MAX_FEE_RATE + 1));
}

#[test]
fn amounts_that_do_not_fit() {
	violates(6, || BalancerTaoReservoir::<Test>::insert(NETUID, TaoBalance::MAX));
	violates(6, || BalancerAlphaReservoir::<Test>::insert(NETUID, AlphaBalance::MAX));
}

#[test]
fn a_broken_pool_trades_nothing() {
	storage().execute_with(|| {
		open(TAO, TAO);
		change(NETUID, |state| state.tao_weight = 0);
		use ganglion_primitives::{PoolRefusal, SubnetPools};
		assert_eq!(
			Swap::buy(NETUID, TaoBalance::new(TAO), None),
			Err(PoolRefusal::InsufficientLiquidity)
		);
		assert_eq!(Swap::current_alpha_price(NETUID), 0);
	});
}
