//! Tests of weights that are committed to before they are known, and of batches.

use super::{Row, SealedWeights, commits::commit_hash};
use crate::{mock::*, *};
use codec::{Compact, Encode};
use frame_support::{BoundedVec, assert_noop, assert_ok};
use ganglion_primitives::{AccountId32, MechanismIndex, NeededRounds, NetUid, beacon::MAX_ROUNDS_AHEAD};
use sp_core::H256;

const INDEX: MechanismIndex = MechanismIndex::main(NETUID);

fn secret() -> Hyperparameters {
	Hyperparameters {
		commit_reveal_weights_enabled: true,
		reveal_period_epochs: 1,
		immunity_period: 1,
		..parameters()
	}
}

/// A subnet on which hotkey 2 (uid 1) holds a permit, and hotkeys 3 and 4 are miners.
fn validated() {
	subnet();
	for number in 2..=4 {
		register(number);
	}
	stake(2, 2, 100 * TAO);
	next_epoch(NETUID);
	next_blocks(5);
}

fn row(pairs: &[(u16, u16)]) -> Row {
	Row {
		destinations: pairs.iter().map(|(uid, _)| *uid).collect(),
		weights: pairs.iter().map(|(_, weight)| *weight).collect(),
		version_key: 0,
	}
}

fn commit(number: u8, row: &Row, salt: &[u16]) -> sp_runtime::DispatchResult {
	let hash = commit_hash(&hot(number), INDEX, row, salt);
	SubtensorModule::commit_weights(signed(hot(number)), NETUID, hash)
}

fn reveal(number: u8, row: Row, salt: &[u16]) -> sp_runtime::DispatchResult {
	let Row {
		destinations,
		weights,
		version_key,
	} = row;
	SubtensorModule::reveal_weights(
		signed(hot(number)),
		NETUID,
		destinations,
		weights,
		salt.to_vec(),
		version_key,
	)
}

fn weights_of(uid: u16) -> Vec<(u16, u16)> {
	Weights::<Test>::get(INDEX, uid).into_inner()
}

#[test]
fn a_commit_is_revealed_in_its_epoch_and_in_no_other() {
	run_with(secret(), || {
		validated();
		let (salt, pairs) = ([1, 2, 3], [(2, 1), (3, 3)]);
		assert_noop!(reveal(2, row(&pairs), &salt), Error::<Test>::NoWeightsCommitFound);
		assert_ok!(commit(2, &row(&pairs), &salt));
		let block = System::block_number();
		assert_eq!(LastUpdate::<Test>::get(INDEX)[1], block, "a commit counts as activity");
		assert_noop!(reveal(2, row(&pairs), &salt), Error::<Test>::RevealTooEarly);
		next_epoch(NETUID);
		assert_noop!(
			reveal(2, row(&pairs), &[9]),
			Error::<Test>::InvalidRevealCommitHashNotMatch
		);
		assert_noop!(
			reveal(2, row(&[(2, 1), (3, 4)]), &salt),
			Error::<Test>::InvalidRevealCommitHashNotMatch
		);
		assert_ok!(reveal(2, row(&pairs), &salt));
		assert_eq!(weights_of(1), vec![(2, 21_845), (3, 65_535)]);
		assert_noop!(reveal(2, row(&pairs), &salt), Error::<Test>::NoWeightsCommitFound);
		next_blocks(5);
		assert_ok!(commit(2, &row(&pairs), &salt));
		next_epoch(NETUID);
		next_epoch(NETUID);
		assert_noop!(reveal(2, row(&pairs), &salt), Error::<Test>::ExpiredWeightCommit);
	});
}

#[test]
fn commits_are_refused() {
	run_with(secret(), || {
		validated();
		let pairs = row(&[(2, 1)]);
		let hash = H256::repeat_byte(1);
		let to = |netuid| SubtensorModule::commit_weights(signed(hot(2)), NetUid::new(netuid), hash);
		assert_noop!(to(0), Error::<Test>::CanNotSetRootNetworkWeights);
		assert_noop!(to(9), Error::<Test>::SubnetNotExists);
		assert_noop!(commit(9, &pairs, &[]), Error::<Test>::HotKeyNotRegisteredInSubNet);
		assert_noop!(commit(3, &pairs, &[]), Error::<Test>::NeuronNoValidatorPermit);
		let mechanism = SubtensorModule::commit_mechanism_weights(signed(hot(2)), NETUID, 1.into(), hash);
		assert_noop!(mechanism, Error::<Test>::MechanismDoesNotExist);
		assert_ok!(commit(2, &pairs, &[]));
		assert_noop!(commit(2, &pairs, &[]), Error::<Test>::SettingWeightsTooFast);
		let plain = SubtensorModule::set_weights(signed(hot(2)), NETUID, vec![2], vec![1], 0);
		assert_noop!(plain, Error::<Test>::CommitRevealEnabled);
		CommitRevealWeightsEnabled::<Test>::insert(NETUID, false);
		assert_noop!(commit(2, &pairs, &[]), Error::<Test>::CommitRevealDisabled);
		assert_noop!(reveal(2, pairs, &[]), Error::<Test>::CommitRevealDisabled);
	});
}

#[test]
fn a_hotkey_has_a_limited_number_of_commits() {
	let parameters = Hyperparameters {
		weights_set_rate_limit: 0,
		..secret()
	};
	run_with(parameters, || {
		validated();
		for salt in 0..MAX_UNREVEALED_COMMITS {
			assert_ok!(commit(2, &row(&[(2, 1)]), &[salt as u16]));
		}
		assert_noop!(
			commit(2, &row(&[(2, 1)]), &[99]),
			Error::<Test>::TooManyUnrevealedCommits
		);
		// Revealing the newest uses up the older ones.
		next_epoch(NETUID);
		let last = MAX_UNREVEALED_COMMITS as u16 - 1;
		assert_ok!(reveal(2, row(&[(2, 1)]), &[last]));
		assert!(!WeightCommits::<Test>::contains_key(INDEX, hot(2)));
	});
}

/// Gives the uid of a miner to hotkey `number`.
fn replace(uid: u16, number: u8) {
	MaxAllowedUids::<Test>::insert(NETUID, SubnetworkN::<Test>::get(NETUID));
	Emission::<Test>::mutate(NETUID, |column| {
		for (position, emission) in column.iter_mut().enumerate() {
			*emission = u64::from(position != usize::from(uid)).into();
		}
	});
	assert_ok!(try_register(number, NETUID, hot(number)));
	assert_eq!(Uids::<Test>::get(NETUID, hot(number)), Some(uid));
}

#[test]
fn who_gets_a_uid_after_the_commit_inherits_nothing() {
	run_with(secret(), || {
		validated();
		assert_ok!(commit(2, &row(&[(2, 1), (3, 1)]), &[]));
		next_blocks(1);
		replace(3, 5);
		next_epoch(NETUID);
		assert_ok!(reveal(2, row(&[(2, 1), (3, 1)]), &[]));
		assert_eq!(weights_of(1), vec![(2, 65_535)]);
	});
}

#[test]
fn who_lost_its_uid_after_the_commit_and_came_back_sets_nothing() {
	run_with(secret(), || {
		validated();
		assert_ok!(commit(2, &row(&[(2, 1)]), &[]));
		next_blocks(2);
		replace(1, 5);
		next_blocks(2);
		replace(1, 2);
		next_epoch(NETUID);
		assert_noop!(reveal(2, row(&[(2, 1)]), &[]), Error::<Test>::NoWeightsCommitFound);
	});
}

/// What the mock's beacon opens at a round.
fn sealed(author: &AccountId32, pairs: &[(u16, u16)], round: u64) -> BoundedVec<u8, sp_core::ConstU32<8_192>> {
	let author: &[u8; 32] = author.as_ref();
	let Row {
		destinations, weights, ..
	} = row(pairs);
	let content = SealedWeights {
		hotkey: author.to_vec(),
		uids: destinations,
		values: weights,
		version_key: 0,
	};
	let bytes = [round.to_le_bytes().to_vec(), content.encode()].concat();
	BoundedVec::try_from(bytes).unwrap()
}

fn commit_sealed(ciphertext: BoundedVec<u8, sp_core::ConstU32<8_192>>, round: u64) -> sp_runtime::DispatchResult {
	let mecid = ganglion_primitives::MechId::MAIN;
	SubtensorModule::commit_timelocked_mechanism_weights(signed(hot(2)), NETUID, mecid, ciphertext, round, 4)
}

fn come(round: u64) {
	let mut rounds = Rounds::get();
	rounds.push(round);
	Rounds::set(&rounds);
}

#[test]
fn sealed_weights_open_when_their_round_comes_however_late() {
	run_with(secret(), || {
		validated();
		come(10);
		assert_ok!(commit_sealed(sealed(&hot(2), &[(2, 1)], 20), 20));
		assert_eq!(
			<SubtensorModule as NeededRounds>::rounds(9),
			vec![20],
			"the chain asks for the round"
		);
		for _ in 0..3 {
			next_epoch(NETUID);
		}
		come(21);
		next_blocks(1);
		assert_eq!(weights_of(1), vec![], "another round opens nothing");
		come(20);
		next_blocks(1);
		assert_eq!(weights_of(1), vec![(2, 65_535)]);
		assert!(SealedEpochs::<Test>::get().is_empty());
		assert_eq!(TimelockedWeightCommits::<Test>::iter().count(), 0);
		assert_eq!(SealedCommitCount::<Test>::iter().count(), 0);
		assert!(events().contains(&Event::TimelockedWeightsRevealed(INDEX, hot(2))));
	});
}

#[test]
fn sealed_weights_that_are_not_what_they_should_be_are_dropped_and_tell_why() {
	let parameters = Hyperparameters {
		weights_set_rate_limit: 0,
		..secret()
	};
	run_with(parameters, || {
		validated();
		let garbage = BoundedVec::try_from([20_u64.to_le_bytes().to_vec(), vec![0xff; 9]].concat()).unwrap();
		for (ciphertext, error) in [
			(BoundedVec::new(), Error::<Test>::SealedWeightsUnreadable),
			(garbage, Error::<Test>::SealedWeightsUnreadable),
			(sealed(&hot(2), &[(2, 1)], 21), Error::<Test>::SealedWeightsUnreadable),
			(sealed(&hot(3), &[(2, 1)], 20), Error::<Test>::SealedWeightsOfAnother),
			(sealed(&hot(2), &[(9, 1)], 20), Error::<Test>::UidVecContainInvalidOne),
		] {
			Rounds::set(&Vec::new());
			assert_ok!(commit_sealed(ciphertext, 20));
			come(20);
			next_blocks(1);
			let refused = Event::TimelockedWeightsRefused {
				index: INDEX,
				hotkey: hot(2),
				error: error.into(),
			};
			assert!(events().contains(&refused), "{refused:?}: {:?}", events());
			assert!(SealedEpochs::<Test>::get().is_empty());
		}
		assert_eq!(weights_of(1), vec![]);
	});
}

#[test]
fn sealed_commits_are_refused() {
	let parameters = Hyperparameters {
		weights_set_rate_limit: 0,
		..secret()
	};
	run_with(parameters, || {
		validated();
		come(10);
		let good = sealed(&hot(2), &[(2, 1)], 20);
		assert_noop!(commit_sealed(good.clone(), 10), Error::<Test>::InvalidRevealRound);
		assert_noop!(commit_sealed(good.clone(), 0), Error::<Test>::InvalidRevealRound);
		let far = 11 + MAX_ROUNDS_AHEAD;
		assert_noop!(commit_sealed(good.clone(), far), Error::<Test>::InvalidRevealRound);
		let older = SubtensorModule::commit_timelocked_weights(signed(hot(2)), NETUID, good.clone(), 20, 3);
		assert_noop!(older, Error::<Test>::IncorrectCommitRevealVersion);
		for _ in 0..MAX_UNREVEALED_COMMITS {
			assert_ok!(commit_sealed(good.clone(), 10 + MAX_ROUNDS_AHEAD));
		}
		assert_noop!(commit_sealed(good, 20), Error::<Test>::TooManyUnrevealedCommits);
	});
}

#[test]
fn a_block_opens_a_bounded_number_of_rows() {
	let parameters = Hyperparameters {
		weights_set_rate_limit: 0,
		max_allowed_validators: 4,
		..secret()
	};
	run_with(parameters, || {
		validated();
		stake(3, 3, 100 * TAO);
		next_epoch(NETUID);
		for number in [2, 3] {
			for _ in 0..MAX_UNREVEALED_COMMITS {
				let ciphertext = sealed(&hot(number), &[(0, 1)], 20);
				let hotkey = signed(hot(number));
				assert_ok!(SubtensorModule::commit_timelocked_weights(
					hotkey, NETUID, ciphertext, 20, 4
				));
			}
		}
		let pending = || -> usize {
			TimelockedWeightCommits::<Test>::iter_values()
				.map(|list| list.len())
				.sum()
		};
		let all = 2 * MAX_UNREVEALED_COMMITS as usize;
		assert_eq!(pending(), all);
		come(20);
		next_blocks(1);
		assert_eq!(pending(), all - OPENED_PER_BLOCK as usize);
		next_blocks(1);
		assert_eq!(pending(), 0);
	});
}

#[test]
fn a_batch_counts_what_is_accepted_and_names_what_is_not() {
	run(|| {
		validated();
		let netuids = vec![Compact(NETUID), Compact(NetUid::new(9))];
		let weights = vec![vec![(Compact(2), Compact(7))], vec![]];
		let keys = vec![Compact(0), Compact(0)];
		let batch = |netuids, weights, keys| SubtensorModule::batch_set_weights(signed(hot(2)), netuids, weights, keys);
		assert_noop!(
			batch(netuids.clone(), weights.clone(), vec![]),
			Error::<Test>::InputLengthsUnequal
		);
		let long = MAX_BATCH as usize + 1;
		assert_noop!(
			batch(vec![Compact(NETUID); long], vec![vec![]; long], vec![Compact(0); long]),
			Error::<Test>::InputLengthsUnequal
		);
		assert_ok!(batch(netuids, weights, keys));
		assert_eq!(weights_of(1), vec![(2, 65_535)]);
		let refusal = Error::<Test>::SubnetNotExists.into();
		assert!(events().contains(&Event::BatchWeightItemFailed(refusal)));
		assert!(events().contains(&Event::BatchCompletedWithErrors()));
	});
}

#[test]
fn batched_commits_and_reveals() {
	let parameters = Hyperparameters {
		weights_set_rate_limit: 0,
		..secret()
	};
	run_with(parameters, || {
		validated();
		let hash = |salt| commit_hash(&hot(2), INDEX, &row(&[(2, 1)]), &[salt]);
		let netuids = vec![Compact(NETUID); 2];
		let commits = SubtensorModule::batch_commit_weights(signed(hot(2)), netuids.clone(), vec![hash(1), hash(2)]);
		assert_ok!(commits);
		assert!(events().contains(&Event::BatchWeightsCompleted(netuids, hot(2))));
		next_epoch(NETUID);
		let reveals = |salts: [u16; 2]| {
			SubtensorModule::batch_reveal_weights(
				signed(hot(2)),
				NETUID,
				vec![vec![2]; 2],
				vec![vec![1]; 2],
				salts.map(|salt| vec![salt]).to_vec(),
				vec![0; 2],
			)
		};
		assert_noop!(reveals([1, 3]), Error::<Test>::InvalidRevealCommitHashNotMatch);
		assert_ok!(reveals([1, 2]));
		assert_eq!(weights_of(1), vec![(2, 65_535)]);
	});
}

#[test]
fn a_subnet_whose_rounds_do_not_come_keeps_its_lists_and_takes_no_others_room() {
	let parameters = Hyperparameters {
		weights_set_rate_limit: 0,
		..secret()
	};
	run_with(parameters, || {
		validated();
		for round in 0..u64::from(MAX_UNREVEALED_COMMITS) {
			assert_ok!(commit_sealed(sealed(&hot(2), &[(2, 1)], 20 + round), 20 + round));
			next_epoch(NETUID);
		}
		let lists = SealedEpochs::<Test>::get().len();
		assert_eq!(lists, MAX_SEALED_EPOCHS_PER_SUBNET as usize);
		let rows: usize = TimelockedWeightCommits::<Test>::iter_values()
			.map(|list| list.len())
			.sum();
		assert_eq!(rows, MAX_UNREVEALED_COMMITS as usize);
		for round in 0..u64::from(MAX_UNREVEALED_COMMITS) {
			come(20 + round);
		}
		next_blocks(2);
		assert!(SealedEpochs::<Test>::get().is_empty());
	});
}

#[test]
fn a_row_that_comes_late_does_not_undo_a_newer_one() {
	let parameters = Hyperparameters {
		weights_set_rate_limit: 0,
		..secret()
	};
	run_with(parameters, || {
		validated();
		assert_ok!(commit_sealed(sealed(&hot(2), &[(2, 1)], 20), 20));
		next_epoch(NETUID);
		assert_ok!(commit_sealed(sealed(&hot(2), &[(3, 1)], 21), 21));
		come(21);
		next_blocks(1);
		assert_eq!(weights_of(1), vec![(3, 65_535)]);
		come(20);
		next_blocks(1);
		assert_eq!(weights_of(1), vec![(3, 65_535)]);
		let refused = Event::TimelockedWeightsRefused {
			index: INDEX,
			hotkey: hot(2),
			error: Error::<Test>::NewerWeightsInForce.into(),
		};
		assert!(events().contains(&refused));
	});
}

#[test]
fn a_commit_from_before_uids_were_renumbered_is_void() {
	run_with(secret(), || {
		validated();
		let (salt, pairs) = ([1, 2, 3], [(2, 1)]);
		assert_ok!(commit(2, &row(&pairs), &salt));
		next_blocks(1);
		assert_eq!(SubtensorModule::trim_neurons(NETUID, 3), Ok((4, 1)));
		next_epoch(NETUID);
		assert_noop!(reveal(2, row(&pairs), &salt), Error::<Test>::UidsRenumberedSinceCommit);
		assert_ok!(commit(2, &row(&pairs), &[9]));
		next_epoch(NETUID);
		assert_ok!(reveal(2, row(&pairs), &[9]));
		assert_eq!(weights_of(1), [(2, u16::MAX)]);
	});
}

#[test]
fn rows_of_a_beacon_that_is_no_longer_followed_go() {
	run_with(secret(), || {
		validated();
		come(1_000_000_000);
		assert_ok!(commit_sealed(sealed(&hot(2), &[(2, 1)], 1_000_000_005), 1_000_000_005));
		// Another beacon, which has begun lately. Nothing is lost before it is known where it stands.
		Rounds::set(&Vec::new());
		next_blocks(1);
		assert_eq!(SealedEpochs::<Test>::get().len(), 1);
		come(7);
		next_blocks(1);
		assert!(SealedEpochs::<Test>::get().is_empty());
		assert_eq!(SealedCommitCount::<Test>::get(INDEX, hot(2)), 0);
		let error = Error::<Test>::SealedWeightsUnreadable.into();
		assert!(events().contains(&Event::TimelockedWeightsRefused {
			index: INDEX,
			hotkey: hot(2),
			error,
		}));
	});
}

#[test]
fn a_node_asks_for_all_rounds_of_a_list() {
	let parameters = Hyperparameters {
		weights_set_rate_limit: 0,
		..secret()
	};
	run_with(parameters, || {
		validated();
		come(10);
		for round in [20, 15, 17, 15] {
			assert_ok!(commit_sealed(sealed(&hot(2), &[(2, 1)], round), round));
		}
		assert_eq!(SubtensorModule::rounds(10), vec![15, 17, 20]);
		assert_eq!(SubtensorModule::rounds(2), vec![15, 17]);
	});
}
