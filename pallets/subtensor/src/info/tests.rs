//! Tests of the answers to the runtime APIs.

use crate::{SubnetMovingPrice, mock::*};
use codec::Encode;
use frame_support::assert_ok;
use ganglion_primitives::{AlphaBalance, NetUid};

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
		let metagraph = SubtensorModule::get_metagraph(NETUID).unwrap();
		assert_eq!(metagraph.num_uids.0, 5);
		assert_eq!(metagraph.block.0, SubtensorModule::block_number());
		assert_eq!(metagraph.last_step.0, SubtensorModule::block_number());
		assert_eq!((metagraph.owner_hotkey, metagraph.owner_coldkey), (hot(1), cold(1)));
		assert_eq!(metagraph.tempo.0, TEMPO);
		assert_eq!(metagraph.subnet_emission.0, TAO);
		let moving_price = SubnetMovingPrice::<Test>::get(NETUID);
		assert!(moving_price.bits > 0);
		assert_eq!(metagraph.moving_price, moving_price);
		let pooled = LOCK_COST - EXISTENTIAL_DEPOSIT;
		assert_eq!((metagraph.tao_in.0.get(), metagraph.alpha_in.0.get()), (pooled, pooled));
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
