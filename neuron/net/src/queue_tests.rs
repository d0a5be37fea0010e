use proptest::prelude::*;
use tokio::sync::mpsc;

use super::*;
use crate::{
	admission::Caller,
	evidence::{LocalSigner, Parties, RequestHeader, Signer as _},
	message::Request,
	responder::{Command, Responder},
};

const AGEING: Duration = Duration::from_millis(100);
const BUSY: Refusal = Refusal::Busy { retry_after_ms: 5 };

/// A request and the end at which its caller waits.
fn request(name: u16, stake_rao: u64) -> (IncomingRequest, mpsc::Receiver<Command>) {
	let signer = LocalSigner::from_seed([1; 32]);
	let request = Request {
		mechanism: "test".into(),
		version: name,
		nonce: [0; 32],
		deadline_ms: 1,
		body: Vec::new(),
	};
	let parties = Parties {
		network: [0; 32],
		caller: signer.hotkey(),
		miner: [2; 32],
	};
	let (commands, receiver) = mpsc::channel(1);
	let incoming = IncomingRequest {
		caller: Caller {
			hotkey: signer.hotkey(),
			uid: name,
			stake_rao,
			validator_permit: true,
		},
		signed: RequestHeader::of(&request, &parties, 0).sign(&signer),
		request,
		responder: Responder { commands },
	};
	(incoming, receiver)
}

fn drain(queue: &Queue) -> Vec<u16> {
	queue.close();
	let mut order = Vec::new();
	while let Some(Some(request)) = futures::FutureExt::now_or_never(queue.pop()) {
		order.push(request.request.version);
	}
	order
}

#[test]
fn more_stake_goes_first_and_equals_in_order() {
	let queue = Queue::new(8, AGEING);
	let now = Instant::now();
	let mut waiting = Vec::new();
	for (name, stake_rao) in [(1, 10), (2, 1_000), (3, 10), (4, 0), (5, u64::MAX)] {
		let (request, receiver) = request(name, stake_rao);
		waiting.push(receiver);
		queue.push(request, now, &BUSY).unwrap();
	}
	assert_eq!(drain(&queue), [5, 2, 1, 3, 4]);
}

#[test]
fn waiting_is_worth_as_much_as_stake() {
	let queue = Queue::new(8, AGEING);
	let start = Instant::now();
	let (poor, _poor) = request(1, 0);
	queue.push(poor, start, &BUSY).unwrap();
	// Four binary digits of stake are worth four steps: one that comes later than that does not overtake.
	let (soon, _soon) = request(2, 15);
	queue.push(soon, start + AGEING * 3, &BUSY).unwrap();
	let (late, _late) = request(3, 15);
	queue.push(late, start + AGEING * 5, &BUSY).unwrap();
	assert_eq!(drain(&queue), [2, 1, 3]);
}

#[test]
fn in_a_full_queue_the_lowest_stake_leaves_and_is_told() {
	let queue = Queue::new(2, AGEING);
	let now = Instant::now();
	let (poor, mut told) = request(1, 1);
	let (middle, _middle) = request(2, 100);
	let (rich, _rich) = request(3, 10_000);
	let (beggar, _beggar) = request(4, 0);
	queue.push(poor, now, &BUSY).unwrap();
	queue.push(middle, now, &BUSY).unwrap();
	assert_eq!(queue.push(beggar, now, &BUSY), Err(NotQueued::Full));
	queue.push(rich, now, &BUSY).unwrap();
	assert!(matches!(told.try_recv(), Ok(Command::Refuse(refusal)) if refusal == BUSY));
	assert_eq!(drain(&queue), [3, 2]);
}

#[test]
fn whoever_has_left_takes_no_room_and_no_work() {
	let queue = Queue::new(1, AGEING);
	let now = Instant::now();
	let (gone, receiver) = request(1, u64::MAX);
	queue.push(gone, now, &BUSY).unwrap();
	drop(receiver);
	let (next, _next) = request(2, 0);
	queue.push(next, now, &BUSY).unwrap();
	assert_eq!(drain(&queue), [2]);
}

#[test]
fn an_abandoned_queue_takes_nothing() {
	let queue = Queue::new(4, AGEING);
	let (first, mut told) = request(1, 0);
	queue.push(first, Instant::now(), &BUSY).unwrap();
	queue.abandon();
	assert!(matches!(told.try_recv(), Err(mpsc::error::TryRecvError::Disconnected)));
	let (second, _second) = request(2, 0);
	assert_eq!(queue.push(second, Instant::now(), &BUSY), Err(NotQueued::Abandoned));
}

proptest! {
	#[test]
	fn nobody_is_overtaken_by_more_than_stake_is_worth(
		arrivals in prop::collection::vec((0u64..20_000, any::<u64>()), 2..40),
	) {
		let queue = Queue::new(64, AGEING);
		let start = Instant::now();
		let mut receivers = Vec::new();
		for (name, (at_ms, stake_rao)) in arrivals.iter().enumerate() {
			let (request, receiver) = request(u16::try_from(name).unwrap(), *stake_rao);
			receivers.push(receiver);
			queue.push(request, start + Duration::from_millis(*at_ms), &BUSY).unwrap();
		}
		let order = drain(&queue);
		prop_assert_eq!(order.len(), arrivals.len());
		let most = u64::try_from((AGEING * u64::BITS).as_millis()).unwrap();
		for pair in order.windows(2) {
			let (first, second) = (arrivals[usize::from(pair[0])], arrivals[usize::from(pair[1])]);
			prop_assert!(first.0 <= second.0 + most);
			prop_assert!(first.0 <= second.0 || first.1 > second.1, "{first:?} before {second:?}");
		}
	}
}
