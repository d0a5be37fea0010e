//! The miner's dispatcher against a fake caller and a mechanism that can be steered.

use std::{
	sync::{
		Arc,
		atomic::{AtomicUsize, Ordering},
	},
	time::Duration,
};

use async_trait::async_trait;
use neuron::miner::{CHUNK_BUFFER, CallerGone, Dispatcher, Job, Reply};
use neuron_net::{Caller, Refusal, Request};
use subnet_sdk::{
	ChallengeContext, Descriptor, Epoch, Hotkey, Mechanism, MechanismError, Score, SinkClosed, Transcript,
};
use tokio::sync::{mpsc, watch};

const MINER: Hotkey = Hotkey([5; 32]);
const LONG: Duration = Duration::from_secs(3_600);

/// Sends the numbers below the task's, and counts how far it came; 1000 is a failure, 1001 a panic.
#[derive(Default)]
struct Counting {
	sent: Arc<AtomicUsize>,
	started: Arc<AtomicUsize>,
}

impl Mechanism for Counting {
	type Task = u32;
	type Chunk = (u32, [u8; 32]);

	fn descriptor(&self) -> Descriptor {
		Descriptor {
			name: "counting",
			version: 3,
		}
	}

	fn deadline(&self) -> Duration {
		LONG
	}

	fn task(&self, _: &ChallengeContext, _: &Epoch) -> Result<u32, MechanismError> {
		Ok(3)
	}

	fn solve(
		&self,
		context: &ChallengeContext,
		task: u32,
		sink: &mut dyn FnMut(Self::Chunk) -> Result<(), SinkClosed>,
	) -> Result<(), MechanismError> {
		self.started.fetch_add(1, Ordering::SeqCst);
		match task {
			1000 => return Err(MechanismError::Model("out of\nluck".into())),
			1001 => panic!("on purpose, by a test"),
			_ => {}
		}
		for number in 0..task {
			sink((number, context.miner.0))?;
			self.sent.fetch_add(1, Ordering::SeqCst);
		}
		Ok(())
	}

	fn score(&self, _: &ChallengeContext, _: &u32, _: &Transcript<Self::Chunk>) -> Result<Score, MechanismError> {
		Ok(Score::zero("not of interest here"))
	}
}

#[derive(Debug, PartialEq)]
enum Frame {
	Accepted,
	Chunk(Vec<u8>),
	Done,
	Refused(Refusal),
}

/// The miner's end of a fake call.
struct FakeReply {
	frames: mpsc::Sender<Frame>,
	gone: watch::Receiver<bool>,
}

#[async_trait]
impl Reply for FakeReply {
	async fn accept(&mut self) -> Result<(), CallerGone> {
		self.frames.send(Frame::Accepted).await.map_err(|_| CallerGone)
	}

	async fn send(&mut self, chunk: Vec<u8>) -> Result<(), CallerGone> {
		self.frames.send(Frame::Chunk(chunk)).await.map_err(|_| CallerGone)
	}

	async fn finish(self: Box<Self>) {
		let _ = self.frames.send(Frame::Done).await;
	}

	async fn refuse(self: Box<Self>, refusal: Refusal) {
		let _ = self.frames.send(Frame::Refused(refusal)).await;
	}

	async fn closed(&self) {
		let mut gone = self.gone.clone();
		// An error means that the caller's end is dropped: gone, too.
		let _ = gone.wait_for(|gone| *gone).await;
	}
}

/// The caller's end of a fake call.
struct Call {
	frames: mpsc::Receiver<Frame>,
	_gone: watch::Sender<bool>,
}

impl Call {
	async fn rest(mut self) -> Vec<Frame> {
		let mut frames = Vec::new();
		while let Some(frame) = self.frames.recv().await {
			frames.push(frame);
		}
		frames
	}
}

/// A job with this body; the caller's window holds `window` frames.
fn job(body: Vec<u8>, window: usize) -> (Job, Call) {
	let (sender, frames) = mpsc::channel(window);
	let (gone_sender, gone) = watch::channel(false);
	let request = Request {
		mechanism: "counting".into(),
		version: 3,
		nonce: [1; 32],
		deadline_ms: u32::MAX,
		body,
	};
	let caller = Caller {
		hotkey: [8; 32],
		uid: 4,
		stake_rao: 1,
		validator_permit: true,
	};
	let reply = Box::new(FakeReply { frames: sender, gone });
	(
		Job { caller, request, reply },
		Call {
			frames,
			_gone: gone_sender,
		},
	)
}

fn body(task: u32) -> Vec<u8> {
	task.to_le_bytes().to_vec()
}

fn dispatcher(workers: usize, queue: usize) -> (Dispatcher, Arc<AtomicUsize>, Arc<AtomicUsize>) {
	let mechanism = Counting::default();
	let (sent, started) = (mechanism.sent.clone(), mechanism.started.clone());
	(
		Dispatcher::new(Arc::new(mechanism), MINER, workers, queue),
		sent,
		started,
	)
}

/// Waits for something that another thread is bound to do.
async fn eventually(condition: impl Fn() -> bool) {
	while !condition() {
		tokio::time::sleep(Duration::from_millis(1)).await;
	}
}

#[tokio::test]
async fn an_answer_is_streamed_whole_under_the_miners_own_hotkey() {
	let (dispatcher, ..) = dispatcher(1, 0);
	let (job, call) = job(body(2), 16);
	dispatcher.dispatch(job);
	let chunk = |number: u32| [&number.to_le_bytes()[..], &MINER.0].concat();
	assert_eq!(
		call.rest().await,
		[
			Frame::Accepted,
			Frame::Chunk(chunk(0)),
			Frame::Chunk(chunk(1)),
			Frame::Done
		]
	);
	assert_eq!(dispatcher.counters().answered.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn another_mechanism_or_version_costs_no_work() {
	let (dispatcher, _, started) = dispatcher(1, 0);
	for (name, version) in [("text", 3), ("counting", 4)] {
		let (mut job, call) = job(body(2), 16);
		(job.request.mechanism, job.request.version) = (name.into(), version);
		dispatcher.dispatch(job);
		let frames = call.rest().await;
		let refused = matches!(&frames[..], [Frame::Refused(Refusal::UnsupportedMechanism { served, .. })] if served == "counting/3");
		assert!(refused, "{frames:?}");
	}
	assert_eq!(started.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn garbage_failure_and_panic_are_told_and_leave_the_miner_working() {
	let (dispatcher, ..) = dispatcher(1, 0);
	for task in [vec![], vec![1, 2, 3], vec![0; 5], body(1000), body(1001)] {
		let (job, call) = job(task.clone(), 16);
		dispatcher.dispatch(job);
		let frames = call.rest().await;
		assert!(
			matches!(frames.last(), Some(Frame::Refused(Refusal::Failed(_)))),
			"{task:?}: {frames:?}"
		);
	}
	let (job, call) = job(body(1), 16);
	dispatcher.dispatch(job);
	assert_eq!(call.rest().await.last(), Some(&Frame::Done));
	assert_eq!(dispatcher.counters().failed.load(Ordering::SeqCst), 5);
}

#[tokio::test]
async fn a_caller_that_does_not_read_holds_the_solver_and_a_full_queue_says_busy() {
	let (dispatcher, sent, started) = dispatcher(1, 1);
	let (first, first_call) = job(body(100), 1);
	dispatcher.dispatch(first);
	eventually(|| started.load(Ordering::SeqCst) == 1).await;
	let (second, second_call) = job(body(1), 16);
	dispatcher.dispatch(second);
	let (third, third_call) = job(body(1), 16);
	dispatcher.dispatch(third);
	assert!(matches!(
		third_call.rest().await[..],
		[Frame::Refused(Refusal::Busy { .. })]
	));
	// The caller's window, the buffer, and the one being sent: no more than that was generated.
	assert!(sent.load(Ordering::SeqCst) <= CHUNK_BUFFER + 2);
	assert_eq!(started.load(Ordering::SeqCst), 1, "the second one has to wait");
	assert_eq!(first_call.rest().await.len(), 102);
	assert_eq!(second_call.rest().await.last(), Some(&Frame::Done));
}

#[tokio::test]
async fn a_caller_that_leaves_stops_the_solver_and_frees_the_worker() {
	let (dispatcher, sent, started) = dispatcher(1, 1);
	let (first, first_call) = job(body(1_000_000), 1);
	dispatcher.dispatch(first);
	eventually(|| started.load(Ordering::SeqCst) == 1).await;
	drop(first_call);
	let (second, second_call) = job(body(1), 16);
	dispatcher.dispatch(second);
	assert_eq!(second_call.rest().await.last(), Some(&Frame::Done));
	assert!(sent.load(Ordering::SeqCst) < 1_000_000);
	assert_eq!(dispatcher.counters().cancelled.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_deadline_of_nothing_is_missed() {
	let (dispatcher, ..) = dispatcher(1, 0);
	let (mut job, call) = job(body(1_000_000), 1);
	job.request.deadline_ms = 0;
	dispatcher.dispatch(job);
	let frames = call.rest().await;
	assert!(matches!(frames.last(), Some(Frame::Refused(Refusal::Failed(reason))) if reason.contains("deadline")));
}

#[tokio::test]
async fn shutdown_lets_answers_finish_within_the_grace() {
	let (dispatcher, ..) = dispatcher(1, 0);
	let (job, call) = job(body(50), 1);
	dispatcher.dispatch(job);
	let (finished, frames) = tokio::join!(dispatcher.shutdown(LONG), call.rest());
	assert!(finished && frames.last() == Some(&Frame::Done));
}

#[tokio::test]
async fn shutdown_cancels_what_takes_longer_and_takes_nothing_new() {
	let (dispatcher, sent, started) = dispatcher(1, 4);
	let (stuck, mut stuck_call) = job(body(1_000_000), 1);
	dispatcher.dispatch(stuck);
	eventually(|| started.load(Ordering::SeqCst) == 1).await;
	assert!(!dispatcher.shutdown(Duration::ZERO).await);
	assert!(sent.load(Ordering::SeqCst) < 1_000_000);
	assert_eq!(stuck_call.frames.recv().await, Some(Frame::Accepted));
	let (late, late_call) = job(body(1), 16);
	dispatcher.dispatch(late);
	assert!(matches!(
		late_call.rest().await[..],
		[Frame::Refused(Refusal::Failed(_))]
	));
}
