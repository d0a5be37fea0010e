//! Tests of the answers to the runtime APIs.

use crate::{mock::*, *};
use codec::{Compact, Encode};
use frame_support::assert_ok;
use ganglion_primitives::{AlphaBalance, HyperparamEntry, HyperparamValue, NetUid, StakeAvailability, SubnetPools};

fn working_and_weighed() {
	working_subnet();
	assert_ok!(set_weights(2, &[(3, 3), (4, 1)]));
	assert_ok!(set_weights(3, &[(3, 3), (4, 1)]));
	let key = vec![1, 2, 3];
	let (origin, ip) = (signed(hot(4)), 0x7f00_0001);
	assert_ok!(SubtensorModule::serve_axon_tls(
		origin, NETUID, 1, ip, 9_000, 4, 4, 0, 0, key
	));
	next_epoch(NETUID);
}

#[test]
fn neurons_come_in_the_order_of_their_uids() {
	run(|| {
		working_and_weighed();
		let neurons = SubtensorModule::get_neurons(NETUID);
		let uids: Vec<u16> = neurons.iter().map(|neuron| neuron.uid.0).collect();
		assert_eq!(uids, vec![0, 1, 2, 3, 4]);
		let validator = &neurons[1];
		assert_eq!((&validator.hotkey, &validator.coldkey), (&hot(2), &cold(2)));
		assert!(validator.validator_permit && validator.active);
		assert_eq!(validator.weights.len(), 2);
		assert!(!validator.bonds.is_empty());
		assert!(validator.dividends.0 > 0);
		let miner = &neurons[3];
		assert!(miner.incentive.0 > neurons[4].incentive.0);
		assert_eq!(miner.axon_info.port, 9_000);
		assert_eq!(miner.stake[0].0, cold(4));
		assert_eq!(miner.stake[0].1.0.get(), stake_of(4, 4));
		assert!(neurons.iter().any(|neuron| neuron.pruning_score.0 == u16::MAX));
	});
}

#[test]
fn single_neurons_and_light_records_agree_with_the_list() {
	run(|| {
		working_and_weighed();
		let neurons = SubtensorModule::get_neurons(NETUID);
		let lite = SubtensorModule::get_neurons_lite(NETUID);
		for uid in 0..5_u16 {
			let full = SubtensorModule::get_neuron(NETUID, uid).unwrap();
			assert_eq!(full, neurons[usize::from(uid)]);
			let light = SubtensorModule::get_neuron_lite(NETUID, uid).unwrap();
			assert_eq!(light, lite[usize::from(uid)]);
			assert_eq!((light.hotkey, light.emission), (full.hotkey, full.emission));
		}
		assert_eq!(SubtensorModule::get_neuron(NETUID, 5), None);
		assert!(SubtensorModule::get_neurons_lite(NetUid::new(9)).is_empty());
	});
}

#[test]
fn the_metagraph_has_a_value_per_uid_in_each_column() {
	run(|| {
		working_and_weighed();
		give_root(&cold(9), &hot(2), 100 * TAO);
		next_blocks(1);
		let metagraph = SubtensorModule::get_metagraph(NETUID).unwrap();
		assert_eq!(metagraph.num_uids.0, 5);
		assert_eq!(metagraph.block.0, SubtensorModule::block_number());
		assert_eq!(metagraph.last_step.0, SubtensorModule::block_number() - 1);
		assert_eq!((metagraph.owner_hotkey, metagraph.owner_coldkey), (hot(1), cold(1)));
		assert_eq!(metagraph.tempo.0, TEMPO);
		assert_eq!(metagraph.subnet_emission.0, TAO);
		let moving_price = SubnetMovingPrice::<Test>::get(NETUID);
		assert!(moving_price.bits > 0);
		assert_eq!(metagraph.moving_price, moving_price);
		let pool = Swap::reserves(NETUID).unwrap();
		assert_eq!((metagraph.tao_in.0, metagraph.alpha_in.0), (pool.tao, pool.alpha));
		assert_eq!(metagraph.alpha_in_emission.0.get(), TAO);
		assert_eq!(metagraph.alpha_out_emission.0.get(), TAO);
		assert_eq!(metagraph.tao_stake[1].0.get(), 100 * TAO);
		assert_eq!(
			metagraph.alpha_stake[1].0.get(),
			TotalHotkeyAlpha::<Test>::get(hot(2), NETUID).get()
		);
		let weight = SubtensorModule::stake_weight(&hot(2), NETUID);
		assert_eq!(metagraph.total_stake[1].0.get(), weight);
		assert!((weight - metagraph.alpha_stake[1].0.get()).abs_diff(18 * TAO) <= 1);
		assert!(metagraph.pending_root_emission.0.get() > 0);
		let lengths = [
			metagraph.hotkeys.len(),
			metagraph.coldkeys.len(),
			metagraph.axons.len(),
			metagraph.active.len(),
			metagraph.validator_permit.len(),
			metagraph.incentives.len(),
			metagraph.dividends.len(),
			metagraph.emission.len(),
			metagraph.alpha_stake.len(),
			metagraph.total_stake.len(),
			metagraph.block_at_registration.len(),
			metagraph.last_update.len(),
			metagraph.collateral_locked.len(),
		];
		assert_eq!(lengths, [5; 13]);
		assert_eq!(SubtensorModule::get_metagraph(NetUid::new(9)).map(|m| m.encode()), None);
		let root = SubtensorModule::get_metagraph(NetUid::ROOT).unwrap();
		assert_eq!((root.tempo.0, root.num_uids.0), (0, 0));
	});
}

#[test]
fn hyperparameters_are_listed_by_the_names_that_clients_know() {
	run(|| {
		subnet();
		let entries = SubtensorModule::get_subnet_hyperparams_v3(NETUID).unwrap();
		let names: Vec<&str> = entries
			.iter()
			.map(|entry| core::str::from_utf8(&entry.name).unwrap())
			.collect();
		let unique: std::collections::BTreeSet<_> = names.iter().collect();
		assert_eq!(unique.len(), names.len());
		let value = |name: &str| {
			let found = names.iter().position(|known| *known == name);
			entries[found.unwrap_or_else(|| panic!("{name} is missing"))].value
		};
		let record = parameters();
		assert_eq!(value("tempo"), HyperparamValue::U16(TEMPO));
		assert_eq!(
			value("weights_rate_limit"),
			HyperparamValue::U64(record.weights_set_rate_limit)
		);
		assert_eq!(value("min_burn"), HyperparamValue::TaoBalance(record.min_burn));
		assert_eq!(
			value("burn_increase_mult"),
			HyperparamValue::U64F64(record.burn_increase_mult)
		);
		assert_eq!(value("epoch_consensus"), HyperparamValue::U8(0));
		assert_eq!(value("transfers_enabled"), HyperparamValue::Bool(true));
		assert_eq!(value("alpha_high"), HyperparamValue::U16(record.alpha_high));
		// What follows from others.
		assert_eq!(value("activity_cutoff"), HyperparamValue::U64(record.activity_cutoff()));
		assert_eq!(value("yuma_version"), HyperparamValue::U16(2));
		assert_eq!(value("subnet_emission_enabled"), HyperparamValue::Bool(true));
		assert_eq!(value("subnet_is_active"), HyperparamValue::Bool(true));
		// A client shifts this one.
		let HyperparamValue::I32F32(steepness) = value("alpha_sigmoid_steepness") else {
			panic!("the steepness is a fixed-point number");
		};
		assert_eq!(steepness.bits >> 32, i64::from(record.alpha_sigmoid_steepness));
		Yuma3On::<Test>::insert(NETUID, true);
		let entries = SubtensorModule::get_subnet_hyperparams_v3(NETUID).unwrap();
		let version = HyperparamEntry::new("yuma_version", 3_u16);
		assert!(entries.contains(&version));
		assert_eq!(SubtensorModule::get_subnet_hyperparams_v3(NetUid::new(9)), None);
		assert!(SubtensorModule::get_subnet_hyperparams_v3(NetUid::ROOT).is_some());
	});
}

#[test]
fn stake_positions_of_a_coldkey() {
	run(|| {
		working_and_weighed();
		stake(2, 3, 7 * TAO);
		let positions = SubtensorModule::get_stake_info_for_coldkey(&cold(2));
		let hotkeys: Vec<_> = positions.iter().map(|info| info.hotkey.clone()).collect();
		assert_eq!(hotkeys, vec![hot(2), hot(3)]);
		assert_eq!(positions[0].stake.0, AlphaBalance::new(stake_of(2, 2)));
		// The pool has earned dividends, so that a rao of the deposit is lost to rounding.
		assert_eq!(positions[1].stake.0, AlphaBalance::new(7 * TAO - 1));
		assert!(
			positions
				.iter()
				.all(|info| info.is_registered && info.netuid.0 == NETUID)
		);
		assert!(positions[0].emission.0.get() > 0);
		let all = SubtensorModule::get_stake_info_for_coldkeys(vec![cold(2), cold(19)]);
		assert_eq!(all, vec![(cold(2), positions.clone()), (cold(19), vec![])]);
		let one = SubtensorModule::get_stake_info(&hot(2), &cold(2), NETUID);
		assert_eq!(one.as_ref(), positions.first());
		assert_eq!(SubtensorModule::get_stake_info(&hot(2), &cold(19), NETUID), None);
	});
}

#[test]
fn delegates_and_their_nominators() {
	run(|| {
		working_and_weighed();
		stake(9, 2, 10 * TAO);
		next_epoch(NETUID);
		let delegates = SubtensorModule::get_delegates();
		let hotkeys: Vec<_> = delegates.iter().map(|info| info.delegate_ss58.clone()).collect();
		// Validators 2 and 3 and the owner's hotkey hold permits; miners do not.
		assert!(hotkeys.contains(&hot(2)) && hotkeys.contains(&hot(3)) && !hotkeys.contains(&hot(4)));
		let info = SubtensorModule::get_delegate(&hot(2)).unwrap();
		assert!(delegates.contains(&info));
		assert_eq!(info.owner_ss58, cold(2));
		assert_eq!(info.take.0, 11_796);
		assert_eq!(info.registrations, vec![Compact(NETUID)]);
		assert_eq!(info.validator_permits, vec![Compact(NETUID)]);
		let stakes: Vec<_> = info
			.nominators
			.iter()
			.map(|(coldkey, stakes)| (coldkey.clone(), stakes[0].1.0))
			.collect();
		assert_eq!(stakes, vec![(cold(2), stake_of(2, 2)), (cold(9), stake_of(9, 2))]);

		let uid = usize::from(Uids::<Test>::get(NETUID, hot(2)).unwrap());
		let paid = Emission::<Test>::get(NETUID)[uid];
		let daily = AlphaBalance::new(paid.get() * 7_200 / u64::from(TEMPO));
		let daily = SubtensorModule::worth(NETUID, daily).get();
		assert!(daily > 0);
		assert_eq!(info.total_daily_return.0, daily);
		let staked = TotalHotkeyAlpha::<Test>::get(hot(2), NETUID);
		let staked = SubtensorModule::worth(NETUID, staked).get();
		let each = u128::from(daily) * u128::from(65_535 - info.take.0) / 65_535 * u128::from(1_000 * TAO);
		assert_eq!(u128::from(info.return_per_1000.0), each / u128::from(staked));

		let miner = SubtensorModule::get_delegate(&hot(4)).unwrap();
		assert_eq!((miner.owner_ss58, miner.validator_permits), (cold(4), vec![]));
		assert_eq!(SubtensorModule::get_delegate(&hot(99)), None);
		let take = ganglion_primitives::PerU16::from_percent(5);
		assert_ok!(SubtensorModule::decrease_take(signed(cold(4)), hot(4), take));
		let miner = SubtensorModule::get_delegate(&hot(4)).unwrap();
		assert_eq!((miner.total_daily_return.0, miner.return_per_1000.0), (0, 0));
	});
}

#[test]
fn what_a_coldkey_has_delegated() {
	run(|| {
		working_and_weighed();
		stake(9, 2, 10 * TAO);
		let amount = ganglion_primitives::TaoBalance::new(TAO);
		assert_ok!(SubtensorModule::add_stake(
			signed(cold(9)),
			hot(2),
			NetUid::ROOT,
			amount
		));
		let delegated = SubtensorModule::get_delegated(&cold(9));
		let stakes: Vec<_> = delegated
			.iter()
			.map(|(_, stake)| (stake.0.0, stake.1.0.get()))
			.collect();
		assert_eq!(stakes, vec![(NetUid::ROOT, TAO), (NETUID, stake_of(9, 2))]);
		assert!(delegated.iter().all(|(info, _)| info.delegate_ss58 == hot(2)));
		// Stake on one's own hotkey is not delegated.
		assert!(SubtensorModule::get_delegated(&cold(2)).is_empty());
		assert!(SubtensorModule::get_delegated(&cold(77)).is_empty());
	});
}

#[test]
fn all_stake_is_available_as_there_are_no_locks() {
	run(|| {
		working_and_weighed();
		stake(2, 3, 10 * TAO);
		let total = stake_of(2, 2) + stake_of(2, 3);
		let availability = |amount: u64| StakeAvailability {
			total: Compact(AlphaBalance::new(amount)),
			locked: Compact(AlphaBalance::ZERO),
			available: Compact(AlphaBalance::new(amount)),
		};
		let ask = |coldkeys, netuids| SubtensorModule::get_stake_availability_for_coldkeys(coldkeys, netuids);
		let all = ask(vec![cold(2), cold(77)], None);
		assert_eq!(
			all[&cold(2)].clone().into_iter().collect::<Vec<_>>(),
			vec![(NETUID, availability(total))]
		);
		assert!(all[&cold(77)].is_empty());
		let some = ask(vec![cold(2)], Some(vec![NetUid::ROOT]));
		let root = vec![(NetUid::ROOT, availability(0))];
		assert_eq!(some[&cold(2)].clone().into_iter().collect::<Vec<_>>(), root);
		let crowd: Vec<_> = (0..1_000_u16).map(crowd).collect();
		assert_eq!(ask(crowd, None).len(), MAX_COLDKEYS_PER_QUERY);
		let netuids = (0..5_000).map(NetUid::new).collect();
		assert_eq!(
			ask(vec![cold(2)], Some(netuids))[&cold(2)].len(),
			usize::from(MAX_SUBNETS) + 1
		);
		assert_eq!(SubtensorModule::get_coldkey_lock(&cold(2), NETUID), None);
	});
}
