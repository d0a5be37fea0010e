//! Tests of epochs: when they run, what they store, and that they pay all there is.

use crate::{counter, emission::EmissionTotals, mock::*, *};
use frame_support::assert_ok;
use ganglion_primitives::{AlphaBalance, MechanismIndex, NetUid, PerU16, SubnetPools};
use proptest::prelude::*;
use yuma::{EpochOutput, Workspace};

const INDEX: MechanismIndex = MechanismIndex::main(NETUID);

fn block() -> u64 {
	SubtensorModule::block_number()
}

/// Everything that epochs paid, against what the chain emitted and what users staked.
fn assert_conserved(netuid: NetUid, staked_by_users: u64) {
	let totals: EmissionTotals = SubnetEmissionTotals::<Test>::get(netuid);
	let paid = totals.paid_miners.get() + totals.paid_validators.get() + totals.paid_owner.get();
	assert_eq!(totals.emitted.get(), paid + pending(netuid));
	assert_eq!(TotalAlphaStaked::<Test>::get(netuid).get(), staked_by_users + paid);
}

#[test]
fn epochs_run_every_tempo_from_the_registration_on() {
	run(|| {
		next_blocks(6);
		subnet();
		let registered = block();
		let tempo = u64::from(TEMPO);
		assert_eq!(SubtensorModule::next_epoch_block(NETUID), Some(registered + tempo));
		next_blocks(tempo - 1);
		assert_eq!(SubnetEpochIndex::<Test>::get(NETUID), 0);
		assert_eq!(BlocksSinceLastStep::<Test>::get(NETUID), tempo - 1);
		next_blocks(1);
		assert_eq!(SubnetEpochIndex::<Test>::get(NETUID), 1);
		assert_eq!(LastEpochBlock::<Test>::get(NETUID), registered + tempo);
		assert_eq!(LastMechansimStepBlock::<Test>::get(NETUID), registered + tempo);
		assert_eq!(BlocksSinceLastStep::<Test>::get(NETUID), 0);
		assert_eq!(SubtensorModule::next_epoch_block(NETUID), Some(registered + 2 * tempo));
		next_blocks(tempo);
		assert_eq!(SubnetEpochIndex::<Test>::get(NETUID), 2);
	});
}

#[test]
fn without_stake_everything_but_the_owner_cut_is_carried() {
	run(|| {
		subnet();
		next_epoch(NETUID);
		let emitted = u64::from(TEMPO) * TAO;
		let owner = stake_of(1, 1);
		assert!(owner > 0);
		assert_eq!(pending(NETUID), emitted - owner);
		assert_conserved(NETUID, 0);
	});
}

#[test]
fn permits_go_to_the_largest_stakes_and_the_owner() {
	run(|| {
		subnet();
		for number in 2..=6 {
			register(number);
			stake(number, number, u64::from(number) * TAO);
		}
		next_epoch(NETUID);
		let permits = ValidatorPermit::<Test>::get(NETUID).into_inner();
		assert_eq!(permits, vec![true, false, false, true, true, true]);
	});
}

#[test]
fn weights_turn_into_payouts() {
	run(|| {
		working_subnet();
		assert_ok!(set_weights(2, &[(3, 3), (4, 1)]));
		assert_ok!(set_weights(3, &[(3, 3), (4, 1)]));
		let before = [stake_of(4, 4), stake_of(5, 5), stake_of(2, 2), stake_of(3, 3)];
		next_epoch(NETUID);
		let after = [stake_of(4, 4), stake_of(5, 5), stake_of(2, 2), stake_of(3, 3)];
		let gain: Vec<u64> = after.iter().zip(before).map(|(after, before)| after - before).collect();
		// Three to one between the miners, and about two to one between the validators.
		assert_eq!((gain[0] + TAO / 2_000) / gain[1], 3);
		assert!(gain[2] > gain[3] && gain[3] > 0);
		let incentive = Incentive::<Test>::get(INDEX).into_inner();
		assert_eq!(
			incentive
				.iter()
				.map(|value| u32::from(*value))
				.sum::<u32>()
				.div_ceil(65_535),
			1
		);
		assert!(incentive[3] > incentive[4] && incentive[4] > 0);
		assert!(Dividends::<Test>::get(NETUID)[1] > Dividends::<Test>::get(NETUID)[2]);
		assert!(Consensus::<Test>::get(NETUID)[3] > Consensus::<Test>::get(NETUID)[4]);
		assert!(ValidatorTrust::<Test>::get(NETUID)[1] > 65_000);
		assert!(!Bonds::<Test>::get(INDEX, 1).is_empty());
		assert_eq!(Emission::<Test>::get(NETUID)[3].get(), gain[0]);
		assert_conserved(NETUID, 1_500 * TAO);
	});
}

#[test]
fn the_event_accounts_for_every_rao() {
	run(|| {
		working_subnet();
		assert_ok!(set_weights(2, &[(3, 3), (4, 1)]));
		let carried_before = PendingServerEmission::<Test>::get(NETUID).get();
		let totals_before = SubnetEmissionTotals::<Test>::get(NETUID);
		next_epoch(NETUID);
		let completed = events().into_iter().find_map(|event| match event {
			Event::EpochCompleted {
				netuid,
				epoch,
				emission,
				miners,
				takes,
				nominators,
				owner,
				root,
				carried,
			} => {
				assert!(root.is_zero());
				assert_eq!((netuid, epoch), (NETUID, 2));
				Some([emission, miners, takes, nominators, owner, carried].map(|amount| amount.get()))
			}
			_ => None,
		});
		let [emission, miners, takes, nominators, owner, carried] = completed.unwrap();
		assert_eq!(emission, miners + takes + nominators + carried);
		assert_eq!(emission + owner, u64::from(TEMPO) * TAO + carried_before);
		assert_eq!(carried, pending(NETUID));
		let totals = SubnetEmissionTotals::<Test>::get(NETUID);
		assert_eq!(totals.paid_miners.get() - totals_before.paid_miners.get(), miners);
		let validators = totals.paid_validators.get() - totals_before.paid_validators.get();
		assert_eq!(validators, takes + nominators);
		assert_eq!(totals.paid_owner.get() - totals_before.paid_owner.get(), owner);
		assert!(carried < 100, "rounding left {carried} rao");
	});
}

#[test]
fn nominators_share_pro_rata_after_the_take() {
	run(|| {
		subnet();
		for number in 2..=4 {
			register(number);
		}
		stake(2, 2, 100 * TAO);
		stake(10, 2, 300 * TAO);
		next_epoch(NETUID);
		assert_ok!(set_weights(2, &[(3, 1)]));
		let before = (stake_of(2, 2), stake_of(10, 2));
		let pool = before.0 + before.1;
		next_epoch(NETUID);
		let gain = (stake_of(2, 2) - before.0, stake_of(10, 2) - before.1);
		let paid = Emission::<Test>::get(NETUID)[1].get();
		let take = PerU16::from_parts(11_796).mul_floor(paid);
		let rest = u128::from(paid - take);
		let nominator = (rest * u128::from(before.1) / u128::from(pool)) as u64;
		assert!(gain.1.abs_diff(nominator) <= 2, "{} for {nominator}", gain.1);
		assert!((gain.0 + gain.1).abs_diff(paid) <= 2);
		assert_conserved(NETUID, 400 * TAO);
		// All of it can be taken out.
		let all = AlphaBalance::MAX;
		let (value, rest) = (stake_of(10, 2), TotalAlphaStaked::<Test>::get(NETUID));
		assert_ok!(SubtensorModule::remove_stake(signed(cold(10)), hot(2), NETUID, all));
		assert_eq!(stake_of(10, 2), 0);
		assert_eq!(TotalAlphaStaked::<Test>::get(NETUID).get(), rest.get() - value);
	});
}

#[test]
fn yuma_3_pays_too() {
	run_with(
		Hyperparameters {
			yuma3_on: true,
			liquid_alpha_on: true,
			..parameters()
		},
		|| {
			working_subnet();
			assert_ok!(set_weights(2, &[(3, 3), (4, 1)]));
			assert_ok!(set_weights(3, &[(3, 1), (4, 3)]));
			let before = stake_of(4, 4);
			next_epoch(NETUID);
			assert!(stake_of(4, 4) > before);
			assert_conserved(NETUID, 1_500 * TAO);
		},
	);
}

#[test]
fn who_loses_its_permit_keeps_its_weights_and_loses_its_bonds() {
	run(|| {
		working_subnet();
		assert_ok!(set_weights(2, &[(3, 9), (4, 1)]));
		assert_ok!(set_weights(3, &[(3, 9), (4, 1)]));
		next_epoch(NETUID);
		assert!(Bonds::<Test>::contains_key(INDEX, 2));
		assert!(ValidatorTrust::<Test>::get(NETUID)[2] > 0);
		// One permit beside the owner's: validator 3, uid 2, has the lower stake.
		MaxAllowedValidators::<Test>::insert(NETUID, 1);
		next_epoch(NETUID);
		assert_eq!(ValidatorPermit::<Test>::get(NETUID)[1..3], [true, false]);
		assert!(Bonds::<Test>::contains_key(INDEX, 1));
		assert!(!Bonds::<Test>::contains_key(INDEX, 2));
		assert!(Weights::<Test>::contains_key(INDEX, 2));
		next_epoch(NETUID);
		let of_validators = |column: Column<u16>| [column[1] > 0, column[2] > 0];
		assert_eq!(of_validators(ValidatorTrust::<Test>::get(NETUID)), [true, false]);
		assert_eq!(of_validators(Dividends::<Test>::get(NETUID)), [true, false]);
	});
}

#[test]
fn the_owner_counts_without_a_permit() {
	run(|| {
		subnet();
		register(2);
		stake(1, 1, 10 * TAO);
		next_blocks(6);
		assert_ok!(set_weights(1, &[(0, 1)]));
		assert!(!ValidatorPermit::<Test>::get(NETUID)[0]);
		next_epoch(NETUID);
		assert_eq!(Incentive::<Test>::get(INDEX).into_inner(), vec![u16::MAX, 0]);
		assert!(Bonds::<Test>::contains_key(INDEX, 0));
	});
}

#[test]
fn bonds_that_do_not_change_are_not_written() {
	// Fast enough to come to rest while the validators are active.
	let mut storage = storage_with(Hyperparameters {
		bonds_moving_average: 500_000,
		..parameters()
	});
	storage.execute_with(|| {
		working_subnet();
		assert_ok!(set_weights(2, &[(3, 1)]));
		assert_ok!(set_weights(3, &[(3, 1)]));
		// Rounded to 1/65535, bonds come to rest.
		(0..300).for_each(|_| next_epoch(NETUID));
	});
	let epoch = || SubtensorModule::run_epoch(NETUID, &mut Workspace::default(), &mut EpochOutput::default());
	let at_rest = counter::count(&mut storage, || {
		epoch();
	});
	storage.execute_with(|| {
		assert_ok!(set_weights(2, &[(3, 1), (4, 3)]));
	});
	let moving = counter::count(&mut storage, || {
		epoch();
	});
	// The bonds of uids 1 and 2; and miner 5 is paid now, with two writes.
	assert_eq!(moving.writes, at_rest.writes + 2 + 2, "{at_rest:?} {moving:?}");
}

#[test]
fn the_largest_subnet_has_epochs() {
	let neurons = u16::try_from(MAX_UIDS_PER_SUBNET).unwrap();
	run_with(crowded(neurons, 2), || {
		crowded_subnet(neurons, 2);
		assert_eq!(SubnetworkN::<Test>::get(NETUID), neurons);
		let too_many = SubtensorModule::append_neuron(NETUID, &crowd(neurons));
		assert_eq!(too_many, Err(Error::<Test>::NoNeuronIdAvailable.into()));
		assert_ok!(set_all_weights(1));
		assert_ok!(set_all_weights(2));
		next_epoch(NETUID);
		let last = usize::from(neurons - 1);
		assert_eq!(Emission::<Test>::get(NETUID).len(), usize::from(neurons));
		assert!(!Emission::<Test>::get(NETUID)[last].is_zero());
		assert_eq!(Weights::<Test>::get(INDEX, 1).len(), last);
	});
}

#[derive(Clone, Debug)]
struct Round {
	stakes: Vec<(u8, u8, u64)>,
	unstakes: Vec<(u8, u8, u64)>,
	rows: Vec<(u8, Vec<(u16, u16)>)>,
}

fn round() -> impl Strategy<Value = Round> {
	let who = || (1..=12_u8, 1..=6_u8);
	let row = prop::collection::btree_map(0..6_u16, any::<u16>(), 1..6);
	let row = row.prop_map(|row| row.into_iter().collect::<Vec<_>>());
	(
		prop::collection::vec((who(), MIN_STAKE..1_000 * TAO), 0..6),
		prop::collection::vec((who(), 1..100_u64), 0..4),
		prop::collection::vec((1..=6_u8, row), 0..6),
	)
		.prop_map(|(stakes, unstakes, rows)| Round {
			stakes: stakes
				.into_iter()
				.map(|((from, on), amount)| (from, on, amount))
				.collect(),
			unstakes: unstakes
				.into_iter()
				.map(|((from, on), part)| (from, on, part))
				.collect(),
			rows,
		})
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(48))]

	/// Random stakes, withdrawals and weights over several epochs: no alpha appears or vanishes.
	#[test]
	fn value_is_conserved(rounds in prop::collection::vec(round(), 1..5), yuma3_on: bool) {
		run_with(Hyperparameters { yuma3_on, ..parameters() }, || {
			subnet();
			for number in 2..=6 {
				register(number);
			}
			next_epoch(NETUID);
			let mut moved = 0_i128;
			for round in rounds {
				for (from, on, amount) in round.stakes {
					stake(from, on, amount);
					moved += i128::from(amount);
				}
				for (from, on, percent) in round.unstakes {
					let amount = stake_of(from, on) / 100 * percent;
					let amount = AlphaBalance::new(amount);
					let before = TotalAlphaStaked::<Test>::get(NETUID).get();
					let call = SubtensorModule::remove_stake(signed(cold(from)), hot(on), NETUID, amount);
					moved -= i128::from(before - TotalAlphaStaked::<Test>::get(NETUID).get());
					// No stake, nothing to take, or not worth a rao: refused, and nothing changes.
					let given = Swap::quote_sell(NETUID, amount, None).map_or(0, |trade| trade.given.get());
					assert!(call.is_ok() || given <= 1);
				}
				for (number, row) in round.rows {
					// Refusals (no permit, own uid, all zero, too fast) are part of the game.
					if set_weights(number, &row).is_ok() {
						let uid = u16::from(number) - 1;
						assert!(events().contains(&Event::WeightsSet(INDEX, uid)));
					}
				}
				next_epoch(NETUID);
				assert_ok!(SubtensorModule::do_try_state());
			}
			let totals = SubnetEmissionTotals::<Test>::get(NETUID);
			let paid = totals.paid_miners.get() + totals.paid_validators.get() + totals.paid_owner.get();
			assert_eq!(totals.emitted.get(), paid + pending(NETUID));
			let staked = i128::from(TotalAlphaStaked::<Test>::get(NETUID).get());
			assert_eq!(staked, i128::from(paid) + moved);
		});
	}
}
