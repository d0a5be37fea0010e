//! Tests of root dividends: what epochs give, what stakers are owed, and what claims bring.

use super::RootPot;
use crate::{mock::*, *};
use alloc::collections::BTreeSet;
use frame_support::{assert_noop, assert_ok, traits::fungible::Inspect};
use ganglion_primitives::{AlphaBalance, NetUid, PerU16, SubnetPools, TaoBalance};
use proptest::prelude::*;
use sp_runtime::DispatchError;

const ALL: BTreeSet<NetUid> = BTreeSet::new();

/// A subnet whose validator 2 has alpha, and stake of coldkeys 8 and 9 on root, one to three.
fn rooted_subnet() {
	working_subnet();
	give_root(&cold(8), &hot(2), 100 * TAO);
	give_root(&cold(9), &hot(2), 300 * TAO);
	assert_ok!(set_weights(2, &[(3, 1)]));
	assert_ok!(set_weights(3, &[(3, 1)]));
}

/// Rao of alpha that a coldkey may claim on a hotkey, by subnet.
fn claimable(coldkey: u8, hotkey: u8) -> Vec<(NetUid, u64)> {
	let settled = SubtensorModule::settled_claims(&hot(hotkey), &cold(coldkey)).unwrap();
	settled.rows.iter().map(|row| (row.netuid, row.alpha.get())).collect()
}

fn root_stake(coldkey: u8, hotkey: u8) -> u64 {
	SubtensorModule::stake_of(&hot(hotkey), &cold(coldkey), NetUid::ROOT).get()
}

fn claim(coldkey: u8, hotkey: u8) -> sp_runtime::DispatchResult {
	let call = SubtensorModule::claim_root_with_hotkey(signed(cold(coldkey)), hot(hotkey));
	call.map(|_| ()).map_err(|refusal| refusal.error)
}

fn claim_all(coldkey: u8, subnets: BTreeSet<NetUid>) -> sp_runtime::DispatchResult {
	let call = SubtensorModule::claim_root(signed(cold(coldkey)), subnets);
	call.map(|_| ()).map_err(|refusal| refusal.error)
}

#[test]
fn an_epoch_gives_roots_part_to_those_who_stake_there() {
	run(|| {
		rooted_subnet();
		let (before, owner) = (SubnetEmissionTotals::<Test>::get(NETUID), stake_of(2, 2));
		next_blocks(u64::from(TEMPO) - 1);
		let pending = PendingRootAlphaDivs::<Test>::get(NETUID).get();
		assert!(pending > 0);
		next_epoch(NETUID);
		let totals = SubnetEmissionTotals::<Test>::get(NETUID);
		let given = totals.paid_root.get();
		assert_eq!(before.paid_root.get(), 0);
		assert_eq!(PendingRootAlphaDivs::<Test>::get(NETUID).get(), 0);
		assert_eq!(RootClaimableAlpha::<Test>::get(NETUID).get(), given);
		// All of root's part, that of the epoch's own block included, but for the take: 18%.
		let expected = (pending + pending / 9) * 82 / 100;
		assert!(given.abs_diff(expected) < expected / 50, "{given} for {expected}");
		let (eight, nine) = (claimable(8, 2), claimable(9, 2));
		assert_eq!(eight[0].0, NETUID);
		assert!((3 * eight[0].1).abs_diff(nine[0].1) <= 3);
		let owed = eight[0].1 + nine[0].1;
		assert!(owed <= given && given - owed <= 2);
		// The take of the root dividends is part of what the validator's owner got.
		assert!(stake_of(2, 2) > owner + given * 18 / 82);
		// Others have nothing to claim.
		assert!(claimable(2, 2).is_empty() && claimable(8, 3).is_empty());
		let uid = &SubtensorModule::get_neurons(NETUID)[1];
		assert!(uid.emission.0.get() > given);
	});
}

#[test]
fn a_validator_with_root_stake_alone_validates_and_earns_for_root() {
	run(|| {
		subnet();
		for number in 2..=4 {
			register(number);
		}
		give_root(&cold(8), &hot(2), 500 * TAO);
		StakeThreshold::<Test>::put(80 * TAO);
		next_epoch(NETUID);
		assert_ok!(set_weights(2, &[(3, 1)]));
		StakeThreshold::<Test>::put(100 * TAO);
		next_blocks(5);
		assert_eq!(
			set_weights(2, &[(3, 1)]),
			Err(Error::<Test>::NotEnoughStakeToSetWeights.into())
		);
		StakeThreshold::<Test>::put(0);
		let (before, stake) = (SubnetEmissionTotals::<Test>::get(NETUID), stake_of(2, 2));
		next_epoch(NETUID);
		assert!(Dividends::<Test>::get(NETUID)[1] > 0);
		let totals = SubnetEmissionTotals::<Test>::get(NETUID);
		let take = PerU16::from_parts(11_796);
		let earned = Emission::<Test>::get(NETUID)[1].get();
		let given = totals.paid_root.get() - before.paid_root.get();
		assert!(
			given > 0 && given <= earned - take.mul_floor(earned),
			"{given} of {earned}"
		);
		let gain = totals.paid_validators.get() - before.paid_validators.get();
		assert!(earned - gain - given <= 2);
		assert!(stake_of(2, 2) - stake >= take.mul_floor(given));
	});
}

#[test]
fn a_claim_sells_alpha_and_stakes_the_tao_on_root() {
	run(|| {
		rooted_subnet();
		next_epoch(NETUID);
		let alpha = claimable(8, 2)[0].1;
		let quote = Swap::quote_sell(NETUID, AlphaBalance::new(alpha), None)
			.unwrap()
			.given
			.get();
		assert_eq!(SubtensorModule::get_basket_payout(&hot(2), &cold(8)), quote);
		let accounts = [NETUID, NetUid::ROOT].map(SubtensorModule::subnet_account);
		let before = [0, 1].map(|which| Balances::balance(&accounts[which]));
		let (out, issuance) = (SubnetAlphaOut::<Test>::get(NETUID).get(), Balances::total_issuance());
		let (mine, others) = (root_stake(8, 2), claimable(9, 2));
		let flow = SubnetTaoFlow::<Test>::get(NETUID);
		assert_ok!(claim(8, 2));
		assert_eq!(root_stake(8, 2), mine + quote);
		assert!(claimable(8, 2).is_empty());
		assert_eq!(claimable(9, 2), others);
		assert_eq!(Balances::balance(&accounts[0]), before[0] - quote);
		assert_eq!(Balances::balance(&accounts[1]), before[1] + quote);
		assert_eq!(Balances::total_issuance(), issuance);
		assert_eq!(SubnetAlphaOut::<Test>::get(NETUID).get(), out - alpha);
		assert_eq!(SubnetTaoFlow::<Test>::get(NETUID), flow, "no trade of a staker");
		assert!(events().contains(&Event::RootClaimed {
			coldkey: cold(8),
			hotkey: hot(2),
			tao: TaoBalance::new(quote),
		}));
		// Nothing is left to claim, which is no error.
		System::reset_events();
		assert_ok!(claim(8, 2));
		assert!(events().is_empty());
		assert_eq!(root_stake(8, 2), mine + quote);
	});
}

#[test]
fn stake_earns_from_the_moment_it_is_there_and_no_longer() {
	run(|| {
		rooted_subnet();
		next_epoch(NETUID);
		let (eight, nine) = (claimable(8, 2)[0].1, claimable(9, 2)[0].1);
		// Ten comes after the dividend, and nine leaves; both are owed what was theirs.
		give_root(&cold(10), &hot(2), 100 * TAO);
		assert!(claimable(10, 2).is_empty());
		assert_ok!(take_root(&cold(9), &hot(2), root_stake(9, 2)));
		assert_eq!(root_stake(9, 2), 0);
		assert_eq!(claimable(9, 2), [(NETUID, nine)]);
		assert!(StakingHotkeys::<Test>::get(cold(9)).contains(&hot(2)), "it has a claim");
		assert_ok!(SubtensorModule::do_try_state());
		next_epoch(NETUID);
		assert_eq!(claimable(9, 2), [(NETUID, nine)]);
		assert!((claimable(8, 2)[0].1 - eight).abs_diff(claimable(10, 2)[0].1) <= 1);
		// A claim puts nine back on root.
		assert_ok!(claim_all(9, ALL));
		assert!(claimable(9, 2).is_empty() && root_stake(9, 2) > 0);
		assert_ok!(take_root(&cold(9), &hot(2), root_stake(9, 2)));
		assert!(!RootClaims::<Test>::contains_key(hot(2), cold(9)));
		assert!(!StakingHotkeys::<Test>::get(cold(9)).contains(&hot(2)));
	});
}

#[test]
fn claims_may_name_subnets_and_are_bounded() {
	run(|| {
		let second = NetUid::new(2);
		rooted_subnet();
		subnet();
		assert_ok!(SubtensorModule::append_neuron(second, &hot(2)));
		next_epoch(second);
		next_epoch(NETUID);
		// By hand, so that both subnets owe something.
		for netuid in [NETUID, second] {
			let alpha = AlphaBalance::new(TAO);
			let stake = TotalHotkeyAlpha::<Test>::get(hot(2), NetUid::ROOT).get();
			assert_ok!(SubtensorModule::credit_root(&hot(2), netuid, alpha, stake));
			RootClaimableAlpha::<Test>::mutate(netuid, |total| *total = total.saturating_add(alpha));
			SubnetAlphaOut::<Test>::mutate(netuid, |total| *total = total.saturating_add(alpha));
		}
		let rows = |coldkey| -> Vec<NetUid> { claimable(coldkey, 2).into_iter().map(|(netuid, _)| netuid).collect() };
		assert_eq!(rows(8), [NETUID, second]);
		assert_ok!(claim_all(8, BTreeSet::from([second])));
		assert_eq!(rows(8), [NETUID]);
		assert_ok!(claim_all(8, BTreeSet::from([NetUid::ROOT])));
		assert!(rows(8).is_empty());
		assert_eq!(rows(9), [NETUID, second]);
		assert_ok!(claim_all(9, ALL));
		assert!(rows(9).is_empty());
		let nobody = SubtensorModule::do_claim_root(&cold(19), &ALL);
		assert_eq!(nobody, Ok((0, 0)));
	});
}

#[test]
fn more_rows_than_a_call_may_claim_are_refused() {
	storage_with(parameters()).execute_with(|| {
		rooted_subnet();
		// Subnets by the dozen, of which storage alone knows, on two hotkeys.
		for hotkey in [2, 3] {
			give_root(&cold(8), &hot(hotkey), TAO);
			let stake = TotalHotkeyAlpha::<Test>::get(hot(hotkey), NetUid::ROOT).get();
			for netuid in (1..=MAX_SUBNETS).map(NetUid::new) {
				NetworksAdded::<Test>::insert(netuid, true);
				let alpha = AlphaBalance::new(TAO);
				assert_ok!(SubtensorModule::credit_root(&hot(hotkey), netuid, alpha, stake));
				RootClaimableAlpha::<Test>::mutate(netuid, |total| *total = total.saturating_add(alpha));
				SubnetAlphaOut::<Test>::mutate(netuid, |total| *total = total.saturating_add(alpha));
			}
		}
		assert_eq!(claimable(8, 2).len(), usize::from(MAX_SUBNETS));
		assert_noop!(claim_all(8, ALL), Error::<Test>::RootClaimTooHeavy);
	});
}

#[test]
fn what_brings_too_little_is_left_for_later() {
	run(|| {
		rooted_subnet();
		next_epoch(NETUID);
		let call = |netuid, rao| SubtensorModule::sudo_set_root_claim_threshold(RuntimeOrigin::root(), netuid, rao);
		let (before, owed) = (root_stake(8, 2), SubtensorModule::get_root_basket_owed(&cold(8)));
		assert!(owed > MIN_STAKE && owed < MAX_ROOT_CLAIM_THRESHOLD, "{owed}");
		assert_ok!(call(NetUid::ROOT, owed + 1));
		assert_eq!(
			RootClaimableThreshold::<Test>::get(NetUid::ROOT).bits,
			i128::from(owed + 1) << 32
		);
		assert_ok!(claim(8, 2));
		assert_ok!(claim_all(8, ALL));
		assert_eq!(root_stake(8, 2), before);
		let preview = SubtensorModule::get_basket_claim_preview(&hot(2), &cold(8)).unwrap();
		assert_eq!((preview.accrued_tao, preview.redeemable_tao), (owed, 0));
		assert_eq!((preview.rows, preview.rows_to_sell, preview.dust_rows), (1, 0, 1));
		assert_ok!(call(NetUid::ROOT, owed));
		let preview = SubtensorModule::get_root_basket_claim_previews(&cold(8)).pop().unwrap();
		assert_eq!((preview.accrued_tao, preview.redeemable_tao), (owed, owed));
		assert_eq!((preview.rows, preview.rows_to_sell, preview.dust_rows), (1, 1, 0));
		assert_ok!(claim_all(8, ALL));
		assert_eq!(root_stake(8, 2), before + owed);
		assert_eq!(SubtensorModule::get_basket_claim_preview(&hot(2), &cold(8)), None);
		// No threshold is below the smallest stake.
		assert_ok!(call(NetUid::ROOT, 0));
		assert_eq!(SubtensorModule::root_claim_threshold().get(), MIN_STAKE);
	});
}

#[test]
fn hostile_claims_are_refused() {
	run(|| {
		rooted_subnet();
		next_epoch(NETUID);
		assert_noop!(claim(8, 77), Error::<Test>::HotKeyAccountNotExists);
		let call = |origin, netuid, rao| SubtensorModule::sudo_set_root_claim_threshold(origin, netuid, rao);
		assert_noop!(call(signed(cold(1)), NetUid::ROOT, 1), DispatchError::BadOrigin);
		let root = RuntimeOrigin::root;
		for (netuid, rao) in [
			(NETUID, 1),
			(NetUid::ROOT, u64::MAX),
			(NetUid::ROOT, MAX_ROOT_CLAIM_THRESHOLD + 1),
		] {
			assert_noop!(call(root(), netuid, rao), Error::<Test>::InvalidRootClaimThreshold);
		}
		assert_ok!(claim(19, 2));
		assert_ok!(claim_all(19, BTreeSet::from([NetUid::new(u16::MAX)])));
		assert_eq!(root_stake(19, 2), 0);
	});
}

#[test]
fn a_subnet_that_is_gone_owes_nothing() {
	storage_with(parameters()).execute_with(|| {
		rooted_subnet();
		next_epoch(NETUID);
		assert_eq!(claimable(8, 2).len(), 1);
		let since = NetworkRegisteredAt::<Test>::get(NETUID);
		// Another subnet has the number now.
		NetworkRegisteredAt::<Test>::insert(NETUID, since + 5);
		assert!(claimable(8, 2).is_empty());
		assert!(SubtensorModule::get_validator_basket(&hot(2)).is_empty());
		assert_ok!(claim(8, 2));
		let stake = TotalHotkeyAlpha::<Test>::get(hot(2), NetUid::ROOT).get();
		assert_ok!(SubtensorModule::credit_root(
			&hot(2),
			NETUID,
			AlphaBalance::new(400 * TAO),
			stake
		));
		let pot: RootPot = RootPots::<Test>::get(hot(2))[&NETUID];
		assert_eq!((pot.since, pot.claimable.get()), (since + 5, 400 * TAO));
		assert_eq!(claimable(8, 2), [(NETUID, 100 * TAO)]);
		assert_eq!(claimable(9, 2), [(NETUID, 300 * TAO)]);
		NetworksAdded::<Test>::insert(NETUID, false);
		assert!(claimable(9, 2).is_empty());
	});
}

#[test]
fn the_runtime_api_knows_what_is_owed() {
	run(|| {
		rooted_subnet();
		next_epoch(NETUID);
		let alpha = claimable(8, 2)[0].1;
		let positions = SubtensorModule::get_root_basket_positions(&cold(8));
		let (hotkey, worth, payout) = positions[0].clone();
		assert_eq!((positions.len(), hotkey), (1, hot(2)));
		let price = Swap::price(NETUID).bits;
		assert_eq!(
			worth,
			ganglion_primitives::mul_div_floor(u128::from(alpha), price, 1 << 64).unwrap() as u64
		);
		assert!(payout < worth && payout > worth / 2, "{payout} of {worth}");
		assert_eq!(SubtensorModule::get_root_basket_owed(&cold(8)), payout);
		let basket = SubtensorModule::get_validator_basket(&hot(2));
		let (netuid, all, worth) = basket[0];
		assert_eq!((basket.len(), netuid), (1, NETUID));
		assert_eq!(all, RootClaimableAlpha::<Test>::get(NETUID).get());
		assert!(worth > 0);
		assert!(SubtensorModule::get_root_basket_positions(&cold(19)).is_empty());
		assert_eq!(SubtensorModule::get_root_basket_owed(&cold(19)), 0);
		assert!(SubtensorModule::get_root_basket_claim_previews(&cold(19)).is_empty());
	});
}

#[derive(Clone, Copy, Debug)]
enum Step {
	Stake(u8, u8, u64),
	Unstake(u8, u8, u64),
	Claim(u8, u8),
	ClaimAll(u8),
	Epoch,
}

fn step() -> impl Strategy<Value = Step> {
	let (who, on) = (7..=10_u8, 2..=3_u8);
	prop_oneof![
		(who.clone(), on.clone(), MIN_STAKE..1_000 * TAO).prop_map(|(who, on, amount)| Step::Stake(who, on, amount)),
		(who.clone(), on.clone(), 1..=100_u64).prop_map(|(who, on, percent)| Step::Unstake(who, on, percent)),
		(who.clone(), on).prop_map(|(who, on)| Step::Claim(who, on)),
		who.prop_map(Step::ClaimAll),
		Just(Step::Epoch),
		Just(Step::Epoch),
	]
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(32))]

	/// The invariants hold to the last bit, whatever people do between dividends.
	#[test]
	fn root_dividends_are_conserved(steps in prop::collection::vec(step(), 1..24)) {
		run(|| {
			rooted_subnet();
			for step in steps {
				match step {
					Step::Stake(who, on, amount) => {
						give_root(&cold(who), &hot(on), amount);
					}
					Step::Unstake(who, on, percent) => {
						let stake = root_stake(who, on);
						let amount = if percent > 90 { stake } else { stake / 100 * percent };
						if amount > 0 {
							assert_ok!(take_root(&cold(who), &hot(on), amount));
						}
					}
					Step::Claim(who, on) => {
						let (before, owed) = (root_stake(who, on), SubtensorModule::get_basket_payout(&hot(on), &cold(who)));
						assert_ok!(claim(who, on));
						let gain = root_stake(who, on) - before;
						assert_eq!(gain, if owed < MIN_STAKE { 0 } else { owed });
					}
					Step::ClaimAll(who) => {
						assert_ok!(claim_all(who, ALL));
					}
					Step::Epoch => next_epoch(NETUID),
				}
				assert_ok!(SubtensorModule::do_try_state());
			}
			let totals = SubnetEmissionTotals::<Test>::get(NETUID);
			assert!(RootClaimableAlpha::<Test>::get(NETUID) <= totals.paid_root);
		});
	}
}
