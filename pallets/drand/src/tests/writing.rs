//! Writing pulses: who may, which, and how many are kept.

use crate::{mock::*, *};
use alloc::vec::Vec;
use frame_support::{
	assert_noop, assert_ok,
	dispatch::{DispatchInfo, GetDispatchInfo, Pays},
	traits::Authorize,
};
use ganglion_primitives::Beacon;
use sp_runtime::{
	DispatchError,
	traits::Applyable,
	transaction_validity::{InvalidTransaction, TransactionSource, TransactionValidityError},
};

fn signed() -> RuntimeOrigin {
	RuntimeOrigin::signed(7)
}

/// Pulses with one of them changed.
fn changed(round: u64, change: impl FnOnce(&mut Pulse)) -> PulsesPayload {
	let mut changed = pulse(round);
	change(&mut changed);
	payload([changed])
}

fn authorize(source: TransactionSource, payload: PulsesPayload) -> Result<(), TransactionValidityError> {
	Call::<Test>::write_pulse {
		pulses_payload: payload,
	}
	.authorize(source)
	.unwrap()
	.map(|_| ())
}

/// The oldest round that is stored.
fn oldest() -> Option<u64> {
	Some(OldestStoredRound::<Test>::get()).filter(|round| *round > 0)
}

#[test]
fn pulses_are_stored_and_found() {
	run(|| {
		assert_eq!((Drand::latest_round(), oldest()), (None, None));
		assert_ok!(Drand::write_pulse(signed(), rounds([5, 9, 1_000])));
		System::assert_last_event(
			Event::NewPulse {
				rounds: Vec::from([5, 9, 1_000]),
			}
			.into(),
		);
		assert_eq!((Drand::latest_round(), oldest()), (Some(1_000), Some(5)));
		assert_eq!(Drand::signature(9), Some(pulse(9).signature));
		assert_eq!(Drand::signature(10), None);

		// A round that comes late takes its place.
		assert_ok!(Drand::write_pulse(RuntimeOrigin::root(), rounds([7])));
		assert_eq!(StoredRounds::<Test>::get(), Vec::from([5, 7, 9, 1_000]));
	});
}

#[test]
fn nobody_without_a_signature_writes() {
	run(|| {
		assert_noop!(
			Drand::write_pulse(RuntimeOrigin::none(), rounds([5])),
			DispatchError::BadOrigin
		);
	});
}

#[test]
fn what_is_not_the_beacons_is_refused_by_name() {
	run(|| {
		let cases: [(&str, PulsesPayload, Error<Test>); 12] = [
			("nothing", payload([]), Error::NoneValue),
			("round 0", rounds([0]), Error::InvalidRoundNumber),
			("a round twice", rounds([5, 5]), Error::InvalidRoundNumber),
			("descending rounds", rounds([6, 5]), Error::InvalidRoundNumber),
			(
				"another round's",
				changed(5, |pulse| pulse.round = 6),
				Error::PulseVerificationError,
			),
			(
				"the last round there is",
				changed(5, |pulse| pulse.round = u64::MAX),
				Error::PulseVerificationError,
			),
			(
				"a short signature",
				changed(5, |pulse| pulse.signature.truncate(47)),
				Error::UnverifiedPulse,
			),
			(
				"a long signature",
				changed(5, |pulse| pulse.signature.try_push(0).unwrap()),
				Error::UnverifiedPulse,
			),
			(
				"no signature",
				changed(5, |pulse| pulse.signature = Default::default()),
				Error::UnverifiedPulse,
			),
			(
				"no point",
				changed(5, |pulse| pulse.signature[0] = 0xff),
				Error::UnverifiedPulse,
			),
			(
				"other randomness",
				changed(5, |pulse| pulse.randomness[31] ^= 1),
				Error::UnverifiedPulse,
			),
			(
				"one bad among good",
				payload([pulse(5), changed(6, |pulse| pulse.round = 7).pulses[0].clone()]),
				{ Error::PulseVerificationError },
			),
		];
		for (what, pulses, error) in cases {
			let result = Drand::write_pulse(signed(), pulses.clone()).map_err(|failure| failure.error);
			assert_eq!(result, Err(error.into()), "{what}");
			assert!(authorize(TransactionSource::Local, pulses).is_err(), "{what}");
			assert_eq!(StoredRounds::<Test>::get(), Vec::<u64>::new(), "{what}");
		}
	});
}

#[test]
fn the_pulses_of_another_beacon_are_refused() {
	run(|| {
		let signature = timelock::SecretKey::from_seed(b"another").sign(5).unwrap();
		let foreign = changed(5, |pulse| {
			pulse.signature = signature.to_bytes().unwrap().to_vec().try_into().unwrap();
			pulse.randomness = signature.randomness().unwrap().to_vec().try_into().unwrap();
		});
		assert_noop!(
			Drand::write_pulse(signed(), foreign),
			Error::<Test>::PulseVerificationError
		);
	});
}

#[test]
fn a_stored_round_is_not_written_again() {
	run(|| {
		assert_ok!(Drand::write_pulse(signed(), rounds([5])));
		assert_noop!(
			Drand::write_pulse(signed(), rounds([4, 5])),
			Error::<Test>::InvalidRoundNumber
		);
		assert_eq!(
			authorize(TransactionSource::InBlock, rounds([5])),
			Err(InvalidTransaction::Stale.into())
		);
	});
}

#[test]
fn only_the_blocks_author_writes_without_a_fee() {
	run(|| {
		assert_ok!(authorize(TransactionSource::Local, rounds([5])));
		assert_ok!(authorize(TransactionSource::InBlock, rounds([5])));
		assert_eq!(
			authorize(TransactionSource::External, rounds([5])),
			Err(InvalidTransaction::Call.into())
		);
		let bad = changed(5, |pulse| pulse.round = 6);
		assert_eq!(
			authorize(TransactionSource::InBlock, bad),
			Err(InvalidTransaction::BadProof.into())
		);
	});
}

#[test]
fn the_workers_transaction_is_applied_for_nothing() {
	use frame_system::offchain::CreateAuthorizedTransaction;
	use sp_runtime::traits::{Checkable, IdentityLookup};
	run(|| {
		let call = Call::<Test>::write_pulse {
			pulses_payload: rounds([5, 6]),
		};
		let transaction = <Test as CreateAuthorizedTransaction<Call<Test>>>::create_authorized_transaction(call.into());
		let info = transaction.get_dispatch_info();
		let checked = Checkable::check(transaction, &IdentityLookup::<u64>::default()).unwrap();
		checked.validate::<Test>(TransactionSource::Local, &info, 0).unwrap();
		let result = checked.clone().apply::<Test>(&info, 0).unwrap().unwrap();
		assert_eq!(result.pays_fee, Pays::No);
		assert_eq!(LastStoredRound::<Test>::get(), 6);
		// It verified once, as part of the transaction's validity.
		let verification = PalletWeight::<Test>::verify_pulses(2);
		assert!(info.extension_weight.all_gte(verification));
		let DispatchInfo { call_weight, .. } = info;
		assert!(result.calc_actual_weight(&info).all_lte(call_weight));
		// The same again is stale.
		assert_eq!(
			checked.apply::<Test>(&info, 0).unwrap_err(),
			InvalidTransaction::Stale.into()
		);
	});
}

#[test]
fn the_oldest_go_where_there_are_too_many() {
	run(|| {
		// Verified pulses take milliseconds each: these come as from a block's author.
		let fill = |from: u64, to: u64| {
			let all: Vec<u64> = (from..to).collect();
			for some in all.chunks(MAX_PULSES_PER_CALL as usize) {
				let pulses = some.iter().map(|round| Pulse {
					round: *round,
					randomness: Default::default(),
					signature: Default::default(),
				});
				assert_ok!(Drand::write_pulse(
					frame_system::RawOrigin::Authorized.into(),
					payload(pulses)
				));
			}
		};
		let most = u64::from(MAX_STORED_PULSES);
		fill(101, 101 + most);
		assert_eq!((oldest(), Drand::latest_round()), (Some(101), Some(100 + most)));
		assert_ok!(Drand::write_pulse(signed(), rounds([9_000, 9_001])));
		assert_eq!((oldest(), Drand::latest_round()), (Some(103), Some(9_001)));
		assert_eq!(Pulses::<Test>::iter().count(), MAX_STORED_PULSES as usize);

		// A late round is there until the next call makes room.
		assert_ok!(Drand::write_pulse(signed(), rounds([50, 9_002])));
		assert_eq!(Drand::signature(50), Some(pulse(50).signature));
		assert_eq!(Drand::signature(104), None);
		assert_ok!(Drand::write_pulse(signed(), rounds([9_003])));
		assert_eq!(Drand::signature(50), None);
		assert_eq!(StoredRounds::<Test>::get().len(), MAX_STORED_PULSES as usize);
	});
}

#[test]
fn root_removes_old_rounds() {
	run(|| {
		assert_ok!(Drand::write_pulse(signed(), rounds([5, 7, 9])));
		assert_noop!(Drand::set_oldest_stored_round(signed(), 7), DispatchError::BadOrigin);
		for above in [10, u64::MAX] {
			assert_noop!(
				Drand::set_oldest_stored_round(RuntimeOrigin::root(), above),
				Error::<Test>::InvalidRoundNumber
			);
		}
		assert_ok!(Drand::set_oldest_stored_round(RuntimeOrigin::root(), 0));
		assert_eq!(StoredRounds::<Test>::get().len(), 3);
		assert_ok!(Drand::set_oldest_stored_round(RuntimeOrigin::root(), 6));
		assert_eq!((oldest(), Drand::signature(5)), (Some(7), None));
		System::assert_last_event(Event::SetOldestStoredRound(6).into());
	});
}

#[test]
fn a_call_weighs_what_it_may_do() {
	run(|| {
		let weigh = |count| PalletWeight::<Test>::write_pulse(count);
		assert!(weigh(1).all_lt(weigh(2)));
		assert!(weigh(8).ref_time() > 8 * weights::VERIFY_PULSE_PS);
		let info = Call::<Test>::write_pulse {
			pulses_payload: rounds([1, 2, 3]),
		}
		.get_dispatch_info();
		assert_eq!(info.call_weight, weigh(3));
	});
}
