use proptest::prelude::*;

use super::*;

const REFILL: Duration = Duration::from_secs(10);

fn policy() -> AdmissionPolicy {
	AdmissionPolicy {
		min_stake_rao: 100,
		rate: RateLimit {
			burst: 3,
			refill: REFILL,
		},
		max_concurrent_per_hotkey: 2,
		max_in_flight: 3,
		busy_retry: Duration::from_secs(7),
		ageing: Duration::ZERO,
	}
}

fn caller(byte: u8) -> Caller {
	Caller {
		hotkey: [byte; 32],
		uid: byte.into(),
		stake_rao: 0,
		validator_permit: true,
	}
}

fn admission(policy: AdmissionPolicy) -> Arc<Admission> {
	Arc::new(Admission::new(policy))
}

#[test]
fn a_permit_or_enough_stake_is_asked_for() {
	let admission = admission(policy());
	let now = Instant::now();
	let poor = Caller {
		stake_rao: 99,
		validator_permit: false,
		..caller(1)
	};
	let refusal = admission.admit(&poor, now).err();
	assert_eq!(
		refusal,
		Some(Refusal::NotPermitted {
			stake_rao: 99,
			min_stake_rao: 100
		})
	);
	assert!(
		admission
			.admit(
				&Caller {
					stake_rao: 100,
					..poor.clone()
				},
				now
			)
			.is_ok()
	);
	assert!(
		admission
			.admit(
				&Caller {
					validator_permit: true,
					..poor
				},
				now
			)
			.is_ok()
	);
}

#[test]
fn callers_without_a_permit_leave_room_for_those_with_one() {
	let admission = admission(AdmissionPolicy {
		max_in_flight: 4,
		..policy()
	});
	let now = Instant::now();
	let staked = |byte| Caller {
		stake_rao: 1_000,
		validator_permit: false,
		..caller(byte)
	};
	let held: Vec<_> = (1..=3)
		.map(|byte| admission.admit(&staked(byte), now).unwrap())
		.collect();
	assert!(matches!(admission.admit(&staked(4), now), Err(Refusal::Busy { .. })));
	assert!(admission.admit(&caller(5), now).is_ok());
	drop(held);
}

#[test]
fn a_policy_that_admits_nothing_is_refused() {
	policy().validate().unwrap();
	AdmissionPolicy::default().validate().unwrap();
	assert!(
		AdmissionPolicy {
			max_in_flight: 0,
			..policy()
		}
		.validate()
		.is_err()
	);
	assert!(
		AdmissionPolicy {
			rate: RateLimit {
				burst: 0,
				refill: REFILL
			},
			..policy()
		}
		.validate()
		.is_err()
	);
	assert!(
		AdmissionPolicy {
			rate: RateLimit {
				burst: 1,
				refill: Duration::MAX
			},
			..policy()
		}
		.validate()
		.is_err()
	);
}

#[test]
fn permit_only_means_that_no_stake_is_enough() {
	let admission = admission(AdmissionPolicy {
		min_stake_rao: PERMIT_ONLY,
		..policy()
	});
	let rich = Caller {
		stake_rao: u64::MAX,
		validator_permit: false,
		..caller(1)
	};
	assert!(matches!(
		admission.admit(&rich, Instant::now()),
		Err(Refusal::NotPermitted { .. })
	));
}

#[test]
fn the_bucket_empties_and_refills_one_by_one() {
	let admission = admission(policy());
	let start = Instant::now();
	for _ in 0..3 {
		assert!(admission.admit(&caller(1), start).is_ok());
	}
	let refusal = admission.admit(&caller(1), start + REFILL / 2).err();
	assert_eq!(refusal, Some(Refusal::RateLimited { retry_after_ms: 5_000 }));
	assert!(
		admission.admit(&caller(2), start).is_ok(),
		"another hotkey has its own bucket"
	);
	assert!(admission.admit(&caller(1), start + REFILL).is_ok());
	assert!(matches!(
		admission.admit(&caller(1), start + REFILL),
		Err(Refusal::RateLimited { .. })
	));
	let much_later = start + REFILL * 1_000;
	for _ in 0..3 {
		assert!(admission.admit(&caller(1), much_later).is_ok());
	}
	assert!(
		matches!(
			admission.admit(&caller(1), much_later),
			Err(Refusal::RateLimited { .. })
		),
		"no more than the burst"
	);
}

#[test]
fn concurrency_is_bounded_per_hotkey_and_over_all() {
	let admission = admission(policy());
	let now = Instant::now();
	let first = admission.admit(&caller(1), now).unwrap();
	let _second = admission.admit(&caller(1), now).unwrap();
	let busy = Some(Refusal::Busy { retry_after_ms: 7_000 });
	assert_eq!(admission.admit(&caller(1), now).err(), busy, "two of one hotkey");
	let _third = admission.admit(&caller(2), now).unwrap();
	assert_eq!(admission.admit(&caller(3), now).err(), busy, "three over all");
	drop(first);
	assert!(admission.admit(&caller(1), now).is_ok(), "a busy answer takes no token");
}

#[test]
fn the_ledger_is_bounded_and_forgets_only_what_is_fresh() {
	let admission = admission(AdmissionPolicy {
		max_in_flight: u32::MAX,
		..policy()
	});
	let start = Instant::now();
	let numbered = |number: usize| {
		let mut hotkey = [0; 32];
		hotkey[..8].copy_from_slice(&(number as u64).to_le_bytes());
		Caller { hotkey, ..caller(0) }
	};
	let held = admission.admit(&numbered(0), start).unwrap();
	for number in 1..MAX_TRACKED_HOTKEYS {
		assert!(admission.admit(&numbered(number), start).is_ok());
	}
	let newcomer = numbered(MAX_TRACKED_HOTKEYS);
	assert!(matches!(admission.admit(&newcomer, start), Err(Refusal::Busy { .. })));
	assert!(admission.admit(&newcomer, start + REFILL).is_ok());
	let ledger = admission.ledger();
	assert_eq!(ledger.hotkeys.len(), 2, "the one in flight and the newcomer");
	drop(ledger);
	drop(held);
}

#[test]
fn strangers_are_counted_within_a_bound() {
	let admission = admission(policy());
	for _ in 1..MAX_STRANGER_REFUSALS {
		assert!(!admission.strike(&[1; 32]));
	}
	assert!(admission.strike(&[1; 32]));
	for number in 0..3 * MAX_TRACKED_STRANGERS as u64 {
		let mut key = [0; 32];
		key[..8].copy_from_slice(&number.to_le_bytes());
		admission.strike(&key);
	}
	assert!(admission.ledger().strangers.len() <= MAX_TRACKED_STRANGERS);
}

proptest! {
	#[test]
	fn over_any_span_no_more_than_burst_and_refills_pass(steps in prop::collection::vec(0u64..30_000, 1..100)) {
		let admission = admission(policy());
		let start = Instant::now();
		let (mut now, mut passed) = (start, 0u128);
		for step in steps {
			now += Duration::from_millis(step);
			passed += u128::from(admission.admit(&caller(1), now).is_ok());
			let allowed = 3 + (now - start).as_nanos() / REFILL.as_nanos();
			prop_assert!(passed <= allowed);
		}
	}
}
