//! Tests of registration and pruning.

use crate::{mock::*, *};
use frame_support::{assert_noop, assert_ok, pallet_prelude::Weight, traits::fungible::Inspect};
use ganglion_primitives::{AlphaBalance, MechanismIndex, NetUid};

const INDEX: MechanismIndex = MechanismIndex::main(NETUID);

fn set_emission(uid: u16, emission: u64) {
	Emission::<Test>::mutate(NETUID, |column| {
		column[usize::from(uid)] = AlphaBalance::new(emission);
	});
}

#[test]
fn registering_burns_the_cost_and_gives_the_next_uid() {
	run(|| {
		subnet();
		let free = Balances::balance(&cold(2));
		let issuance = Balances::total_issuance();
		assert_eq!(register(2), 1);
		assert_eq!(Balances::balance(&cold(2)), free - BURN);
		assert_eq!(Balances::total_issuance(), issuance - BURN);
		assert_eq!(Owner::<Test>::get(hot(2)), cold(2));
		assert_eq!(OwnedHotkeys::<Test>::get(cold(2)).into_inner(), vec![hot(2)]);
		assert_eq!(StakingHotkeys::<Test>::get(cold(2)).into_inner(), vec![hot(2)]);
		assert!(IsNetworkMember::<Test>::get(hot(2), NETUID));
		assert_eq!(SubnetworkN::<Test>::get(NETUID), 2);
		assert_eq!(LastUpdate::<Test>::get(INDEX).into_inner(), vec![1, 1]);
		assert!(events().contains(&Event::NeuronRegistered(NETUID, 1, hot(2))));
	});
}

#[test]
fn a_coldkey_may_register_several_hotkeys_and_one_on_several_subnets() {
	run(|| {
		subnet();
		let second = subnet();
		let register = |netuid, number| try_register(2, netuid, hot(number));
		assert_ok!(register(NETUID, 2));
		assert_ok!(register(NETUID, 3));
		assert_ok!(register(second, 2));
		assert_eq!(OwnedHotkeys::<Test>::get(cold(2)).len(), 2);
	});
}

#[test]
fn refusals() {
	run(|| {
		let register = |coldkey, netuid, hotkey| try_register(coldkey, NetUid::new(netuid), hot(hotkey));
		assert_noop!(register(2, 0, 2), Error::<Test>::RegistrationNotPermittedOnRootSubnet);
		assert_noop!(register(2, 1, 2), Error::<Test>::SubnetNotExists);
		subnet();
		assert_noop!(register(1, 1, 1), Error::<Test>::HotKeyAlreadyRegisteredInSubNet);
		assert_ok!(register(2, 1, 2));
		assert_noop!(register(3, 1, 2), Error::<Test>::HotKeyAlreadyRegisteredInSubNet);
		let second = subnet().get();
		assert_noop!(register(3, second, 2), Error::<Test>::NonAssociatedColdKey);
		assert_noop!(register(99, 1, 99), Error::<Test>::NotEnoughBalanceToStake);
		let account = SubtensorModule::subnet_account(NETUID);
		let call = try_register(2, NETUID, account);
		assert_noop!(call, Error::<Test>::CannotUseSystemAccount);
		NetworkRegistrationAllowed::<Test>::insert(NETUID, false);
		assert_noop!(register(3, 1, 3), Error::<Test>::SubNetRegistrationDisabled);
	});
}

#[test]
fn registrations_per_block_are_limited() {
	run_with(
		Hyperparameters {
			max_registrations_per_block: 2,
			..parameters()
		},
		|| {
			subnet();
			register(2);
			register(3);
			let call = try_register(4, NETUID, hot(4));
			assert_noop!(call, Error::<Test>::TooManyRegistrationsThisBlock);
			next_blocks(1);
			register(4);
		},
	);
}

#[test]
fn a_coldkey_owns_a_limited_number_of_hotkeys() {
	run(|| {
		subnet();
		for number in 0..MAX_HOTKEYS_PER_COLDKEY {
			let mut bytes = [7; 32];
			bytes[..4].copy_from_slice(&number.to_le_bytes());
			assert_ok!(SubtensorModule::associate_hotkey(&cold(2), &bytes.into()));
		}
		let call = try_register(2, NETUID, hot(2));
		assert_noop!(call, Error::<Test>::TooManyStakingHotkeys);
	});
}

#[test]
fn a_full_subnet_of_immune_neurons_takes_nobody() {
	run(|| {
		subnet();
		for number in 2..=6 {
			register(number);
		}
		let call = try_register(7, NETUID, hot(7));
		assert_noop!(call, Error::<Test>::NoNeuronIdAvailable);
		next_blocks(u64::from(IMMUNITY));
		let searched = SubtensorModule::do_burned_register(&cold(7), &hot(7), NETUID, None);
		assert_eq!(searched, Ok(6));
		assert_eq!(SubnetworkN::<Test>::get(NETUID), 6);
	});
}

/// The weight that a registration of coldkey and hotkey 7 pays for; it has to be refused with this error.
fn paid_weight(error: Error<Test>) -> Weight {
	let refusal = SubtensorModule::burned_register(signed(cold(7)), NETUID, hot(7)).unwrap_err();
	assert_eq!(refusal.error, error.into());
	refusal.post_info.actual_weight.expect("a refusal tells its weight")
}

#[test]
fn a_refusal_pays_for_what_was_searched_only() {
	run(|| {
		let unsearched = <() as WeightInfo>::burned_register(0);
		assert_eq!(paid_weight(Error::SubnetNotExists), unsearched);
		subnet();
		NetworkRegistrationAllowed::<Test>::insert(NETUID, false);
		assert_eq!(paid_weight(Error::SubNetRegistrationDisabled), unsearched);
		NetworkRegistrationAllowed::<Test>::insert(NETUID, true);
		for number in 2..=6 {
			register(number);
		}
		let searched = paid_weight(Error::NoNeuronIdAvailable);
		assert_eq!(searched, <() as WeightInfo>::burned_register(6));
		let worst = <() as WeightInfo>::burned_register(MAX_UIDS_PER_SUBNET);
		assert!(searched.ref_time() * 10 < worst.ref_time(), "{searched:?} of {worst:?}");
	});
}

#[test]
fn the_lowest_emission_then_the_oldest_is_replaced_but_never_the_owner() {
	run(|| {
		subnet();
		for number in 2..=6 {
			register(number);
			next_blocks(1);
		}
		next_blocks(u64::from(IMMUNITY));
		for (uid, emission) in [(0, 0), (1, 9), (2, 5), (3, 4), (4, 4), (5, 8)] {
			set_emission(uid, emission);
		}
		assert_eq!(SubtensorModule::neuron_to_prune(NETUID), Some(3));
		assert_eq!(register(7), 3);
		assert!(events().contains(&Event::NeuronReplaced(NETUID, 3, hot(4))));
		assert_eq!(register(8), 4);
		// Uids 3 and 4 are immune now; 2 has the least of the others.
		assert_eq!(register(9), 2);
		assert_eq!(register(10), 5);
		assert_eq!(register(11), 1);
		assert_eq!(SubtensorModule::neuron_to_prune(NETUID), None);
		assert_eq!(Keys::<Test>::get(NETUID, 0), Some(hot(1)));
	});
}

#[test]
fn a_neuron_can_be_replaced_from_the_block_on_in_which_its_immunity_ends() {
	run(|| {
		subnet();
		for number in 2..=6 {
			register(number);
		}
		next_blocks(u64::from(IMMUNITY) - 1);
		assert_eq!(SubtensorModule::neuron_to_prune(NETUID), None);
		next_blocks(1);
		assert_eq!(SubtensorModule::neuron_to_prune(NETUID), Some(1));
	});
}

#[test]
fn a_row_that_named_only_the_replaced_neuron_goes_with_it() {
	run(|| {
		working_subnet();
		register(6);
		assert_ok!(set_weights(2, &[(3, 1)]));
		assert_ok!(set_weights(3, &[(3, 1), (4, 1)]));
		next_epoch(NETUID);
		next_blocks(u64::from(IMMUNITY));
		let names = |row: SparseRow| row.iter().map(|(uid, _)| *uid).collect::<Vec<_>>();
		assert_eq!(names(Weights::<Test>::get(INDEX, 1)), [3]);
		assert_eq!(names(Bonds::<Test>::get(INDEX, 1)), [3]);
		for uid in 0..6 {
			set_emission(uid, 10);
		}
		set_emission(3, 0);
		assert_eq!(register(7), 3);
		assert!(!Weights::<Test>::contains_key(INDEX, 1));
		assert!(!Bonds::<Test>::contains_key(INDEX, 1));
		assert_eq!(names(Weights::<Test>::get(INDEX, 2)), [4]);
	});
}

#[test]
fn who_takes_over_a_uid_inherits_nothing() {
	run(|| {
		working_subnet();
		let serve = |number: u8| {
			let (ip, port) = (0x7f00_0001, 9_000);
			let key = vec![1, number];
			SubtensorModule::serve_axon_tls(signed(hot(number)), NETUID, 0, ip, port, 4, 4, 0, 0, key)
		};
		assert_ok!(serve(2));
		assert_ok!(serve(4));
		assert_ok!(set_weights(2, &[(3, 9), (4, 1)]));
		assert_ok!(set_weights(3, &[(3, 9), (1, 1)]));
		next_epoch(NETUID);
		next_blocks(u64::from(IMMUNITY));
		register(6);
		assert!(Emission::<Test>::get(NETUID)[3].get() > 0);
		assert!(Bonds::<Test>::get(INDEX, 1).iter().any(|(uid, _)| *uid == 3));

		// Neuron 6 is immune, the owner too; make the best miner and then the best validator the lowest.
		for uid in 0..6 {
			set_emission(uid, 10 + u64::from(uid));
		}
		set_emission(3, 0);
		assert_eq!(register(7), 3);
		set_emission(1, 0);
		assert_eq!(register(8), 1);

		for uid in [1, 3] {
			assert!(Weights::<Test>::get(INDEX, uid).is_empty());
			assert!(Bonds::<Test>::get(INDEX, uid).is_empty());
			let uid = usize::from(uid);
			assert_eq!(Incentive::<Test>::get(INDEX)[uid], 0);
			assert_eq!(Consensus::<Test>::get(NETUID)[uid], 0);
			assert_eq!(Dividends::<Test>::get(NETUID)[uid], 0);
			assert_eq!(ValidatorTrust::<Test>::get(NETUID)[uid], 0);
			assert!(!ValidatorPermit::<Test>::get(NETUID)[uid]);
			assert_eq!(Emission::<Test>::get(NETUID)[uid], AlphaBalance::ZERO);
			assert_eq!(LastUpdate::<Test>::get(INDEX)[uid], SubtensorModule::block_number());
		}
		for uid in 0..6 {
			let names = |row: SparseRow| row.iter().any(|(to, _)| [1, 3].contains(to));
			assert!(!names(Weights::<Test>::get(INDEX, uid)), "weights of {uid}");
			assert!(!names(Bonds::<Test>::get(INDEX, uid)), "bonds of {uid}");
		}
		for number in [2, 4] {
			assert!(!Axons::<Test>::contains_key(NETUID, hot(number)));
			assert!(!NeuronCertificates::<Test>::contains_key(NETUID, hot(number)));
			assert!(!IsNetworkMember::<Test>::get(hot(number), NETUID));
			assert_eq!(Uids::<Test>::get(NETUID, hot(number)), None);
		}
		// The stake of those who lost their uids is still theirs.
		assert!(stake_of(2, 2) > 1_000 * TAO);
		let paid_before = stake_of(7, 7);
		next_epoch(NETUID);
		assert_eq!(stake_of(7, 7), paid_before, "old weights pay the newcomer");
	});
}
