//! Tests of the block emission.

use super::{ISSUANCE_CAP, USUAL_TAO_WEIGHT, block_emission, weighted};
use crate::{mock::*, *};
use frame_support::{assert_noop, assert_ok, traits::fungible::Inspect};
use ganglion_primitives::{AlphaBalance, I96F32, NetUid, Reserves, SubnetPools, TaoBalance};
use proptest::prelude::*;

fn backing(netuid: NetUid) -> u64 {
	Balances::balance(&SubtensorModule::subnet_account(netuid))
}

fn pool(netuid: NetUid) -> Reserves {
	Swap::reserves(netuid).unwrap()
}

/// TAO that the last block emitted for each subnet.
fn shares(netuids: &[NetUid]) -> Vec<u64> {
	let shares = netuids
		.iter()
		.map(|netuid| SubnetTaoInEmission::<Test>::get(netuid).get());
	shares.collect()
}

/// Lowers the price of a subnet's alpha to about a quarter: somebody sells as much alpha as the pool has.
fn sell_off(netuid: NetUid) {
	let alpha = pool(netuid).alpha.get();
	give_alpha(&cold(9), &hot(1), netuid, alpha);
	assert_ok!(SubtensorModule::remove_stake(
		signed(cold(9)),
		hot(1),
		netuid,
		AlphaBalance::MAX
	));
}

#[test]
fn without_subnets_nothing_is_minted() {
	run(|| {
		let issuance = Balances::total_issuance();
		next_blocks(3);
		assert_eq!(Balances::total_issuance(), issuance);
	});
}

#[test]
fn a_block_mints_one_tao_into_the_only_subnet() {
	run(|| {
		subnet();
		let (issuance, before, price) = (Balances::total_issuance(), pool(NETUID), Swap::price(NETUID));
		next_blocks(1);
		assert_eq!(Balances::total_issuance(), issuance + TAO);
		assert_eq!(backing(NETUID), LOCK_COST + TAO);
		assert_eq!(SubnetTaoInEmission::<Test>::get(NETUID).get(), TAO);
		assert_eq!(SubnetAlphaInEmission::<Test>::get(NETUID).get(), TAO);
		assert_eq!(SubnetAlphaOutEmission::<Test>::get(NETUID).get(), TAO);
		assert_eq!(SubnetExcessTao::<Test>::get(NETUID).get(), 0);
		assert_eq!(pool(NETUID).tao.get(), before.tao.get() + TAO);
		assert_eq!(pool(NETUID).alpha.get(), before.alpha.get() + TAO);
		assert_eq!(Swap::price(NETUID), price);
		assert_eq!(SubnetAlphaOut::<Test>::get(NETUID).get(), TAO);
		let owner = PendingOwnerCut::<Test>::get(NETUID).get();
		assert_eq!(owner, (u128::from(TAO) * 11_796 / 65_535) as u64);
		let validators = PendingValidatorEmission::<Test>::get(NETUID).get();
		assert_eq!(validators, (TAO - owner) / 2);
		assert_eq!(
			PendingServerEmission::<Test>::get(NETUID).get(),
			TAO - owner - validators
		);
		assert_eq!(PendingRootAlphaDivs::<Test>::get(NETUID).get(), 0);
		assert_eq!(SubnetEmissionTotals::<Test>::get(NETUID).emitted.get(), TAO);
	});
}

#[test]
fn below_the_price_of_one_the_excess_buys_alpha_for_the_protocol() {
	run(|| {
		subnet();
		sell_off(NETUID);
		let (before, price, out) = (
			pool(NETUID),
			Swap::price(NETUID),
			SubnetAlphaOut::<Test>::get(NETUID).get(),
		);
		next_blocks(1);
		assert_eq!(SubnetAlphaInEmission::<Test>::get(NETUID).get(), TAO, "the cap");
		let excess = SubnetExcessTao::<Test>::get(NETUID).get();
		assert!(excess > TAO / 2 && excess < TAO, "{excess}");
		assert_eq!(pool(NETUID).tao.get(), before.tao.get() + TAO);
		let bought = SubnetProtocolAlpha::<Test>::get(NETUID).get();
		assert!(bought > TAO, "{bought}: the price is below a half");
		assert_eq!(pool(NETUID).alpha.get(), before.alpha.get() + TAO - bought);
		assert_eq!(SubnetAlphaOut::<Test>::get(NETUID).get(), out + TAO + bought);
		assert!(Swap::price(NETUID) > price);
		next_blocks(1);
		assert!(SubnetProtocolAlpha::<Test>::get(NETUID).get() > bought);
	});
}

#[test]
fn new_subnets_share_equally_and_the_odd_rao_goes_round() {
	run(|| {
		let netuids = [subnet(), subnet(), subnet()];
		let issuance = Balances::total_issuance();
		next_blocks(1);
		let shares = shares(&netuids);
		assert_eq!(shares.iter().sum::<u64>(), TAO);
		assert!(shares.iter().all(|share| [TAO / 3, TAO / 3 + 1].contains(share)));
		next_blocks(2);
		assert_eq!(Balances::total_issuance(), issuance + 3 * TAO);
		assert!(netuids.iter().all(|netuid| backing(*netuid) == LOCK_COST + TAO));
	});
}

#[test]
fn moving_prices_grow_from_zero_and_share_the_emission() {
	run(|| {
		let netuids = [subnet(), subnet()];
		assert_eq!(SubnetMovingPrice::<Test>::get(netuids[0]), I96F32::default());
		SubnetMovingAlpha::<Test>::put(I96F32 { bits: 1 << 31 });
		EMAPriceHalvingBlocks::<Test>::insert(netuids[0], 1);
		EMAPriceHalvingBlocks::<Test>::insert(netuids[1], 1);
		sell_off(netuids[1]);
		next_blocks(1);
		assert_eq!(SubnetMovingPrice::<Test>::get(netuids[0]).bits, 0, "age 0");
		// Half of half of the distance to a price of one.
		next_blocks(1);
		assert_eq!(SubnetMovingPrice::<Test>::get(netuids[0]).bits, 1 << 30);
		let prices = netuids.map(|netuid| SubnetMovingPrice::<Test>::get(netuid).bits);
		assert!(prices[1] > 0 && prices[1] < prices[0] / 2, "{prices:?}");
		let shares = shares(&netuids);
		let expected = i128::from(TAO) * prices[0] / (prices[0] + prices[1]);
		assert!(expected.abs_diff(i128::from(shares[0])) <= 1);
		assert_eq!(shares[0] + shares[1], TAO);
	});
}

#[test]
fn flows_share_the_emission_once_two_subnets_have_one() {
	run(|| {
		let netuids = [subnet(), subnet(), subnet()];
		let add = |netuid, tao| {
			assert_ok!(SubtensorModule::add_stake(
				signed(cold(8)),
				hot(1),
				netuid,
				TaoBalance::new(tao)
			));
		};
		add(netuids[0], 3 * TAO);
		next_blocks(1);
		assert!(
			shares(&netuids).iter().all(|share| *share > 0),
			"one flow does not decide"
		);
		let (block, first) = SubnetEmaTaoFlow::<Test>::get(netuids[0]).unwrap();
		assert_eq!(block, SubtensorModule::block_number());
		assert!(first.bits > 0);
		assert_eq!(SubnetTaoFlow::<Test>::get(netuids[0]), 0);
		add(netuids[1], TAO);
		next_blocks(1);
		let share = shares(&netuids);
		assert_eq!(share[2], 0);
		assert!((share[0] / 1_000).abs_diff(3 * share[1] / 1_000) < 10, "{share:?}");
		// Who leaves takes the subnet's part with him.
		assert_ok!(SubtensorModule::remove_stake(
			signed(cold(8)),
			hot(1),
			netuids[1],
			AlphaBalance::MAX
		));
		assert!(SubnetTaoFlow::<Test>::get(netuids[1]) < 0);
		next_blocks(1);
		let share = shares(&netuids);
		assert!(share[1] < TAO / 100, "{share:?}");
		// Without the rule prices decide.
		TaoFlowEnabled::<Test>::put(false);
		next_blocks(1);
		assert!(shares(&netuids).iter().all(|share| *share > 0));
	});
}

#[test]
fn a_subnet_that_has_not_started_emits_nothing() {
	run(|| {
		let (first, second) = (subnet(), subnet());
		FirstEmissionBlockNumber::<Test>::remove(first);
		next_blocks(3);
		assert_eq!(backing(first), LOCK_COST);
		assert_eq!(SubnetAlphaOut::<Test>::get(first).get(), 0);
		assert_eq!(SubnetMovingPrice::<Test>::get(first).bits, 0);
		assert_eq!(SubnetTaoInEmission::<Test>::get(second).get(), TAO);
		assert_ok!(SubtensorModule::begin_emission(first));
		assert_noop!(
			SubtensorModule::begin_emission(first),
			Error::<Test>::FirstEmissionBlockNumberAlreadySet
		);
		let next = SubtensorModule::block_number() + 1;
		assert_eq!(FirstEmissionBlockNumber::<Test>::get(first), Some(next));
		next_blocks(1);
		assert_eq!(SubnetTaoInEmission::<Test>::get(first).get(), TAO / 2);
		assert_eq!(SubnetAlphaOut::<Test>::get(first).get(), TAO);
	});
}

#[test]
fn a_subnet_that_is_switched_off_leaves_its_tao_to_the_others_and_keeps_its_alpha() {
	run(|| {
		let (first, second) = (subnet(), subnet());
		next_blocks(1);
		SubnetEmissionEnabled::<Test>::insert(first, false);
		let (before, reserves) = (backing(first), pool(first));
		next_blocks(1);
		assert_eq!(backing(first), before);
		assert_eq!(pool(first), reserves);
		assert_eq!(shares(&[first, second]), [0, TAO]);
		assert_eq!(SubnetAlphaInEmission::<Test>::get(first).get(), 0);
		assert_eq!(SubnetAlphaOut::<Test>::get(first).get(), 2 * TAO);
	});
}

#[test]
fn without_owner_cut_all_goes_to_miners_and_validators() {
	run(|| {
		subnet();
		OwnerCutEnabled::<Test>::insert(NETUID, false);
		next_blocks(1);
		assert_eq!(PendingOwnerCut::<Test>::get(NETUID).get(), 0);
		assert_eq!(pending(NETUID), TAO);
	});
}

#[test]
fn root_has_a_part_of_the_validators_half() {
	run(|| {
		subnet();
		give_root(&cold(8), &hot(1), 1_000 * TAO);
		let issuance = pool(NETUID).alpha.get() + SubnetAlphaOut::<Test>::get(NETUID).get();
		next_blocks(1);
		let root = u128::from(weighted(1_000 * TAO, USUAL_TAO_WEIGHT));
		assert!(root.abs_diff(u128::from(180 * TAO)) <= 1, "{root}");
		let owner = PendingOwnerCut::<Test>::get(NETUID).get();
		let half = (TAO - owner) / 2;
		let expected = u128::from(half) * root / (root + u128::from(issuance));
		let pending = PendingRootAlphaDivs::<Test>::get(NETUID).get();
		assert_eq!(u128::from(pending), expected);
		assert_eq!(PendingValidatorEmission::<Test>::get(NETUID).get(), half - pending);
	});
}

#[test]
fn emission_halves_with_the_issuance_and_stops_at_the_cap() {
	run(|| {
		subnet();
		let missing = |target: u64| target - Balances::total_issuance();
		mint_to_stranger(missing(ISSUANCE_CAP / 2) - TAO);
		next_blocks(1);
		assert_eq!(SubnetTaoInEmission::<Test>::get(NETUID).get(), TAO);
		next_blocks(1);
		assert_eq!(SubnetTaoInEmission::<Test>::get(NETUID).get(), TAO / 2);
		mint_to_stranger(missing(ISSUANCE_CAP / 4 * 3));
		next_blocks(1);
		assert_eq!(SubnetTaoInEmission::<Test>::get(NETUID).get(), TAO / 4);
		mint_to_stranger(missing(ISSUANCE_CAP));
		next_blocks(2);
		assert_eq!(SubnetTaoInEmission::<Test>::get(NETUID).get(), 0);
		assert_eq!(Balances::total_issuance(), ISSUANCE_CAP);
		assert_eq!(
			SubnetAlphaOutEmission::<Test>::get(NETUID).get(),
			TAO,
			"alpha has its own"
		);
	});
}

#[test]
fn alpha_halves_with_its_own_issuance_and_stops_at_the_cap() {
	run(|| {
		subnet();
		let issuance = || pool(NETUID).alpha.get() + SubnetAlphaOut::<Test>::get(NETUID).get();
		let raise_to = |target: u64| give_alpha(&cold(9), &hot(1), NETUID, target - issuance());
		raise_to(ISSUANCE_CAP / 2);
		next_blocks(1);
		assert_eq!(SubnetAlphaOutEmission::<Test>::get(NETUID).get(), TAO / 2);
		assert_eq!(SubnetAlphaInEmission::<Test>::get(NETUID).get(), TAO / 2);
		assert!(SubnetExcessTao::<Test>::get(NETUID).get() >= TAO / 2 - 1);
		raise_to(ISSUANCE_CAP - 7);
		next_blocks(1);
		let rest = block_emission(ISSUANCE_CAP - 7);
		assert_eq!(SubnetAlphaOutEmission::<Test>::get(NETUID).get(), rest);
		assert!(issuance() <= ISSUANCE_CAP);
		raise_to(ISSUANCE_CAP);
		next_blocks(2);
		assert_eq!(SubnetAlphaOutEmission::<Test>::get(NETUID).get(), 0);
		assert_eq!(SubnetAlphaInEmission::<Test>::get(NETUID).get(), 0);
		assert_eq!(issuance(), ISSUANCE_CAP);
	});
}

#[test]
fn extreme_flows_saturate() {
	run(|| {
		subnet();
		for _ in 0..3 {
			SubtensorModule::note_inflow(NETUID, TaoBalance::MAX);
		}
		assert_eq!(SubnetTaoFlow::<Test>::get(NETUID), i64::MAX);
		for _ in 0..5 {
			SubtensorModule::note_outflow(NETUID, TaoBalance::MAX);
		}
		assert_eq!(SubnetTaoFlow::<Test>::get(NETUID), i64::MIN);
		next_blocks(1);
		assert!(SubnetEmaTaoFlow::<Test>::get(NETUID).unwrap().1.bits < 0);
	});
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(24))]

	/// Whatever people trade: each block mints its emission to the rao, and what is injected does not move the price.
	#[test]
	fn all_is_minted_and_injection_moves_no_price(
		trades in prop::collection::vec((1..=2_u16, any::<bool>(), MIN_STAKE..200 * TAO), 1..12),
	) {
		run(|| {
			let netuids = [subnet(), subnet()];
			for (netuid, buys, amount) in trades {
				let netuid = NetUid::new(netuid);
				let traded = if buys {
					SubtensorModule::add_stake(signed(cold(9)), hot(1), netuid, TaoBalance::new(amount))
				} else {
					give_alpha(&cold(9), &hot(1), netuid, amount);
					SubtensorModule::remove_stake(signed(cold(9)), hot(1), netuid, AlphaBalance::new(amount))
				};
				assert_ok!(traded);
				let prices = netuids.map(Swap::price);
				let issuance = Balances::total_issuance();
				next_blocks(1);
				assert_eq!(Balances::total_issuance() - issuance, block_emission(issuance));
				for (netuid, before) in netuids.into_iter().zip(prices) {
					let after = Swap::price(netuid);
					if SubnetExcessTao::<Test>::get(netuid).is_zero() {
						assert!(after.bits.abs_diff(before.bits) <= (before.bits >> 24), "{before:?} {after:?}");
					} else {
						assert!(after >= before);
						assert!(SubnetAlphaInEmission::<Test>::get(netuid).get() <= TAO);
					}
				}
				assert_ok!(SubtensorModule::do_try_state());
			}
		});
	}
}
