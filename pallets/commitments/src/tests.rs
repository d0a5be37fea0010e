//! Tests of publishing, of space, and of opening what was timelocked.

use crate::{self as pallet_commitments, *};
use frame_support::{assert_noop, assert_ok, derive_impl, parameter_types, traits::Hooks};
use ganglion_primitives::{
	NeededRounds, TimelockError,
	beacon::{BeaconSignature, MAX_ROUNDS_AHEAD},
};
use sp_runtime::{BuildStorage, DispatchResult, traits::IdentityLookup};

type Block = frame_system::mocking::MockBlock<Test>;

frame_support::construct_runtime!(
	pub enum Test {
		System: frame_system,
		Commitments: pallet_commitments,
	}
);

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type AccountId = AccountId32;
	type Lookup = IdentityLookup<AccountId32>;
	type Block = Block;
}

parameter_types! {
	/// The rounds that have come.
	pub storage Come: Vec<u64> = Vec::new();
	/// The epoch of every subnet.
	pub storage Epoch: u64 = 0;
	/// Whose bonds were reset.
	pub storage Reset: Vec<AccountId32> = Vec::new();
}

/// Hotkeys 1 to 9 are registered on subnet 1.
pub struct TestNeurons;

impl Neurons for TestNeurons {
	fn is_registered(netuid: NetUid, hotkey: &AccountId32) -> bool {
		netuid == NETUID && (1..10).any(|number| hot(number) == *hotkey)
	}

	fn epoch(_netuid: NetUid) -> u64 {
		Epoch::get()
	}

	fn reset_bonds(_netuid: NetUid, hotkey: &AccountId32) -> DispatchResult {
		Reset::set(&[Reset::get(), vec![hotkey.clone()]].concat());
		Ok(())
	}

	fn reset_bonds_weight() -> Weight {
		Weight::zero()
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn neuron_for_benchmark() -> (NetUid, AccountId32) {
		(NETUID, hot(1))
	}
}

/// Signs a round with its number; ciphertexts are the number and the plain bytes.
pub struct TestBeacon;

impl Beacon for TestBeacon {
	fn signature(round: u64) -> Option<BeaconSignature> {
		let bytes = round.to_le_bytes().to_vec();
		Come::get()
			.contains(&round)
			.then(|| BeaconSignature::truncate_from(bytes))
	}

	fn latest_round() -> Option<u64> {
		Come::get().into_iter().max()
	}

	fn open(commit: &[u8], signature: &[u8]) -> Result<Vec<u8>, TimelockError> {
		let (round, plain) = commit.split_at_checked(8).ok_or(TimelockError::MalformedCommit)?;
		if round == signature {
			Ok(plain.to_vec())
		} else {
			Err(TimelockError::WrongKey)
		}
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn seal_for_benchmark(round: u64, plain: &[u8]) -> Vec<u8> {
		Come::set(&[Come::get(), vec![round]].concat());
		[&round.to_le_bytes(), plain].concat()
	}
}

impl Config for Test {
	type Neurons = TestNeurons;
	type Beacon = TestBeacon;
}

const NETUID: NetUid = NetUid::new(1);

fn hot(number: u8) -> AccountId32 {
	AccountId32::new([number; 32])
}

/// An empty chain.
pub(crate) fn storage() -> sp_io::TestExternalities {
	frame_system::GenesisConfig::<Test>::default()
		.build_storage()
		.unwrap()
		.into()
}

fn run(test: impl FnOnce()) {
	storage().execute_with(|| {
		System::set_block_number(1);
		test();
		Commitments::do_try_state().unwrap();
	});
}

fn next_block() {
	System::set_block_number(System::block_number() + 1);
	Commitments::on_initialize(System::block_number());
}

fn publish(number: u8, fields: Vec<Data>) -> DispatchResult {
	let info = CommitmentInfo {
		fields: BoundedVec::truncate_from(fields),
	};
	Commitments::set_commitment(RuntimeOrigin::signed(hot(number)), NETUID, Box::new(info))
}

fn raw(bytes: &[u8]) -> Data {
	Data::Raw(BoundedVec::truncate_from(bytes.to_vec()))
}

fn sealed(bytes: &[u8], round: u64) -> Data {
	Data::TimelockEncrypted {
		encrypted: BoundedVec::truncate_from([&round.to_le_bytes(), bytes].concat()),
		reveal_round: round,
	}
}

fn come(round: u64) {
	Come::set(&[Come::get(), vec![round]].concat());
}

fn revealed(number: u8) -> Vec<Vec<u8>> {
	let revealed = RevealedCommitments::<Test>::get(NETUID, hot(number)).unwrap_or_default();
	revealed.into_iter().map(|(bytes, _)| bytes.into_inner()).collect()
}

#[test]
fn a_neuron_publishes_and_replaces() {
	run(|| {
		assert_ok!(publish(1, vec![raw(b"one"), Data::Sha256([1; 32])]));
		assert_ok!(publish(1, vec![raw(b"two")]));
		let registration = CommitmentOf::<Test>::get(NETUID, hot(1)).unwrap();
		assert_eq!(registration.block, 1);
		assert_eq!(registration.info.fields.into_inner(), vec![raw(b"two")]);
		Commitments::forget(NETUID, &hot(1));
		assert_eq!(CommitmentOf::<Test>::get(NETUID, hot(1)), None);
	});
}

#[test]
fn who_is_no_neuron_publishes_nothing() {
	run(|| {
		assert_noop!(publish(10, vec![raw(b"x")]), Error::<Test>::AccountNotAllowedCommit);
		let info = Box::new(CommitmentInfo {
			fields: BoundedVec::new(),
		});
		let elsewhere = Commitments::set_commitment(RuntimeOrigin::signed(hot(1)), NetUid::new(2), info);
		assert_noop!(elsewhere, Error::<Test>::AccountNotAllowedCommit);
	});
}

#[test]
fn space_is_bounded_in_an_epoch() {
	run(|| {
		assert_ok!(Commitments::set_max_space(RuntimeOrigin::root(), 2 * MIN_SPACE));
		let by_signed = Commitments::set_max_space(RuntimeOrigin::signed(hot(1)), 1);
		assert_noop!(by_signed, sp_runtime::DispatchError::BadOrigin);
		assert_ok!(publish(1, vec![]));
		assert_ok!(publish(1, vec![raw(b"small")]));
		assert_noop!(publish(1, vec![]), Error::<Test>::SpaceLimitExceeded);
		assert_ok!(publish(2, vec![]));
		Epoch::set(&1);
		assert_ok!(publish(1, vec![]));
	});
}

#[test]
fn timelocked_fields_are_opened_when_their_round_comes_however_late() {
	run(|| {
		come(5);
		assert_noop!(publish(1, vec![sealed(b"x", 5)]), Error::<Test>::InvalidRevealRound);
		let far = 6 + MAX_ROUNDS_AHEAD;
		assert_noop!(publish(1, vec![sealed(b"x", far)]), Error::<Test>::InvalidRevealRound);
		assert_ok!(publish(1, vec![raw(b"kept"), sealed(b"later", 9), sealed(b"last", 12)]));
		assert_ok!(publish(2, vec![sealed(b"other", 9)]));
		assert_eq!(Commitments::rounds(10), vec![9, 12]);
		come(10);
		next_block();
		assert_eq!(revealed(1), Vec::<Vec<u8>>::new());
		come(9);
		next_block();
		assert_eq!(revealed(1), vec![b"later".to_vec()]);
		assert_eq!(revealed(2), vec![b"other".to_vec()]);
		assert_eq!(CommitmentOf::<Test>::get(NETUID, hot(2)), None);
		come(12);
		next_block();
		assert_eq!(revealed(1), vec![b"later".to_vec(), b"last".to_vec()]);
		let kept = CommitmentOf::<Test>::get(NETUID, hot(1)).unwrap();
		assert_eq!(kept.info.fields.into_inner(), vec![raw(b"kept")]);
		assert!(Rounds::<Test>::get().is_empty());
	});
}

#[test]
fn what_does_not_open_is_dropped_and_told() {
	run(|| {
		let mut broken = sealed(b"x", 9);
		if let Data::TimelockEncrypted { encrypted, .. } = &mut broken {
			encrypted[0] ^= 1;
		}
		assert_ok!(publish(1, vec![broken]));
		come(9);
		next_block();
		assert_eq!(revealed(1), Vec::<Vec<u8>>::new());
		assert_eq!(CommitmentOf::<Test>::get(NETUID, hot(1)), None);
		System::assert_has_event(
			Event::CommitmentUnreadable {
				netuid: NETUID,
				who: hot(1),
			}
			.into(),
		);
	});
}

#[test]
fn a_replaced_commitment_opens_nothing_of_the_old_one() {
	run(|| {
		assert_ok!(publish(1, vec![sealed(b"old", 8)]));
		assert_ok!(publish(1, vec![sealed(b"new", 9)]));
		assert_eq!(
			Rounds::<Test>::get().into_inner(),
			vec![9],
			"nothing waits for the old round"
		);
		assert_ok!(publish(2, vec![sealed(b"gone", 9)]));
		Commitments::forget(NETUID, &hot(2));
		come(9);
		next_block();
		assert_eq!(revealed(1), vec![b"new".to_vec()]);
		assert_eq!(revealed(2), Vec::<Vec<u8>>::new());
	});
}

#[test]
fn a_block_opens_a_bounded_number_and_keeps_the_newest() {
	run(|| {
		MaxSpace::<Test>::put(u32::MAX);
		for number in 1..10 {
			assert_ok!(publish(number, vec![sealed(b"x", 9)]));
		}
		come(9);
		next_block();
		let opened = |range: core::ops::Range<u8>| range.filter(|number| !revealed(*number).is_empty()).count();
		assert_eq!(opened(1..10), OPENED_PER_BLOCK as usize);
		next_block();
		assert_eq!(opened(1..10), 9);
		for round in 20..20 + u64::from(MAX_REVEALED) {
			assert_ok!(publish(1, vec![sealed(&round.to_le_bytes(), round)]));
			come(round);
			next_block();
		}
		let kept = revealed(1);
		assert_eq!(kept.len(), MAX_REVEALED as usize);
		assert_eq!(kept[0], 20_u64.to_le_bytes().to_vec());
	});
}

#[test]
fn a_flag_asks_for_new_bonds() {
	run(|| {
		assert_ok!(publish(1, vec![Data::ResetBondsFlag]));
		assert_eq!(Reset::get(), vec![hot(1)]);
	});
}

#[test]
fn the_invariants_notice_a_commitment_that_waits_for_nothing() {
	run(|| {
		assert_ok!(publish(1, vec![sealed(b"x", 9)]));
		let list = Waiting::<Test>::take(9);
		assert!(Commitments::do_try_state().is_err());
		Waiting::<Test>::insert(9, list);
		Rounds::<Test>::kill();
		assert!(Commitments::do_try_state().is_err());
		Rounds::<Test>::put(BoundedVec::truncate_from(vec![9]));
	});
}

#[test]
fn a_dissolved_subnet_is_forgotten_in_steps() {
	run(|| {
		for number in 1..4 {
			assert_ok!(publish(number, vec![raw(b"x")]));
		}
		assert_ok!(publish(3, vec![sealed(b"x", 9)]));
		assert_eq!(<Commitments as SubnetCleanup>::remove_some(NETUID, 2), 2);
		assert_eq!(<Commitments as SubnetCleanup>::remove_some(NETUID, 2), 1);
		assert_eq!(<Commitments as SubnetCleanup>::remove_some(NETUID, 2), 0);
		assert_eq!(CommitmentOf::<Test>::iter().count(), 0);
		assert!(Rounds::<Test>::get().is_empty());
		assert_eq!(UsedSpaceOf::<Test>::iter().count(), 0);
	});
}

#[test]
fn what_waits_for_a_beacon_that_is_no_longer_followed_goes() {
	run(|| {
		come(1_000_000_000);
		assert_ok!(publish(1, vec![raw(b"kept"), sealed(b"never", 1_000_000_005)]));
		Come::set(&Vec::new());
		next_block();
		assert_eq!(Commitments::rounds(10), vec![1_000_000_005]);
		come(7);
		next_block();
		assert_eq!(Commitments::rounds(10), Vec::<u64>::new());
		assert_eq!(revealed(1), Vec::<Vec<u8>>::new());
		let kept = CommitmentOf::<Test>::get(NETUID, hot(1)).unwrap();
		assert_eq!(kept.info.fields.into_inner(), vec![raw(b"kept")]);
	});
}
