//! Which miner is asked, and what happens where one fails.

use std::{
	collections::HashMap,
	sync::{Arc, Mutex},
	time::Duration,
};

use async_trait::async_trait;
use futures::{StreamExt, stream};
use neuron::{
	gateway::{
		Upstream,
		routing::{Candidate, Fault, Miners, Pieces, Routed, RoutingOptions},
		upstream::{Answerer, Finish, Generate, Piece, UpstreamError},
	},
	metrics::Metrics,
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use subnet_text::Prompt;

use crate::support::word;

/// How a fake miner takes a question.
#[derive(Clone)]
enum Manner {
	Answers,
	Refuses(Fault),
	BreaksOffAtOnce,
	BreaksOffLater,
	Hangs,
	/// Begins at once, and then lets its answer drip.
	Drips,
	/// Takes a while to begin, and is done then.
	Flows,
}

/// Tokens of the answers that drip or flow, after the first.
const TOKENS: usize = 8;

#[derive(Default)]
struct Fakes {
	/// Hotkey, quality, manner.
	miners: Vec<(&'static str, f64, Manner)>,
	asked: Mutex<Vec<String>>,
}

#[async_trait]
impl Miners for Fakes {
	fn model_hash(&self) -> String {
		"00".into()
	}

	fn candidates(&self) -> Vec<Candidate> {
		let miners = self.miners.iter().zip(0..);
		miners
			.map(|((hotkey, quality, _), uid)| Candidate {
				answerer: Answerer {
					uid,
					hotkey: (*hotkey).into(),
				},
				quality: *quality,
			})
			.collect()
	}

	async fn ask(&self, miner: &Answerer, _: &Generate, _: Duration) -> Result<Pieces, Fault> {
		self.asked.lock().unwrap().push(miner.hotkey.clone());
		let end = Piece::End {
			finish: Finish::Stop,
			prompt_tokens: 1,
		};
		let broken = || Fault::Failed("broken".into());
		let pieces = match self.miners[usize::from(miner.uid)].2.clone() {
			Manner::Refuses(fault) => return Err(fault),
			Manner::Hangs => std::future::pending().await,
			Manner::Answers => vec![Ok(word(&miner.hotkey)), Ok(end)],
			Manner::Drips => {
				let drops = stream::repeat(word("drop")).take(TOKENS).then(|drop| async {
					tokio::time::sleep(Duration::from_millis(30)).await;
					Ok(drop)
				});
				let begun = stream::iter([Ok(word("drip"))]).chain(drops);
				return Ok(begun.chain(stream::iter([Ok(end)])).boxed());
			}
			Manner::Flows => {
				tokio::time::sleep(Duration::from_millis(20)).await;
				let mut pieces = vec![Ok(word("flow")); TOKENS + 1];
				pieces.push(Ok(end));
				pieces
			}
			Manner::BreaksOffAtOnce => vec![Err(broken())],
			Manner::BreaksOffLater => vec![Ok(word(&miner.hotkey)), Err(broken())],
		};
		Ok(stream::iter(pieces).boxed())
	}
}

fn routed(
	miners: Vec<(&'static str, f64, Manner)>,
	hedge_after: Option<Duration>,
	dice: impl Fn() -> f64 + Send + Sync + 'static,
) -> (Routed<Fakes>, Arc<Fakes>, Arc<Metrics>) {
	let (fakes, metrics) = (
		Arc::new(Fakes {
			miners,
			..Fakes::default()
		}),
		Metrics::new(),
	);
	let options = RoutingOptions {
		model_name: "ganglion".into(),
		attempts: 3,
		hedge_after,
		late_after: Duration::ZERO,
		dice: Arc::new(dice),
	};
	(Routed::new(fakes.clone(), options, metrics.clone()), fakes, metrics)
}

fn question() -> Arc<Generate> {
	Arc::new(Generate {
		prompt: Prompt::user("?"),
		max_tokens: 1,
		temperature: 0.0,
		top_p: 1.0,
		seed: 0,
		stop: Vec::new(),
	})
}

/// Random numbers, whose seed is printed.
fn dice() -> impl Fn() -> f64 + Send + Sync {
	let seed: u64 = rand::random();
	println!("seed {seed}");
	let random = Mutex::new(StdRng::seed_from_u64(seed));
	move || random.lock().unwrap().random()
}

const LONG: Duration = Duration::from_secs(600);

#[tokio::test]
async fn another_miner_is_asked_until_one_begins() {
	let (routed, fakes, metrics) = routed(
		vec![
			("busy", 1.0, Manner::Refuses(Fault::Busy("queue".into()))),
			// The last one takes the place of the first, which is drawn first.
			("good", 1.0, Manner::Answers),
			("broken", 1.0, Manner::BreaksOffAtOnce),
		],
		None,
		|| 0.0,
	);
	let answer = routed.generate(question(), LONG).await.unwrap();
	assert_eq!((answer.answerer.hotkey.as_str(), answer.attempts), ("good", 3));
	let pieces: Vec<_> = answer.pieces.collect().await;
	assert_eq!(pieces[0], Ok(word("good")));
	assert_eq!(pieces.len(), 2);
	assert_eq!(fakes.asked.lock().unwrap().last().map(String::as_str), Some("good"));
	let text = metrics.text();
	for end in ["busy", "failed", "answered"] {
		assert!(
			text.contains(&format!("attempts_total{{end=\"{end}\"}} 1")),
			"{end}: {text}"
		);
	}
}

#[tokio::test]
async fn where_all_fail_the_last_reason_is_told_and_no_more_than_the_attempts_are_asked() {
	let down = |_| {
		(
			"down",
			1.0,
			Manner::Refuses(Fault::Unreachable("connection refused".into())),
		)
	};
	let (routed, fakes, _) = routed((0..5).map(down).collect(), None, || 0.0);
	let error = routed.generate(question(), LONG).await.err().unwrap();
	assert!(
		matches!(&error, UpstreamError::Failed(text) if text.contains("3 miners") && text.contains("connection refused")),
		"{error}"
	);
	assert_eq!(fakes.asked.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn no_miner_and_busy_miners_can_be_tried_again_later() {
	for miners in [
		vec![],
		vec![("busy", 1.0, Manner::Refuses(Fault::Busy("queue".into())))],
	] {
		let (routed, ..) = routed(miners, None, || 0.0);
		let error = routed.generate(question(), LONG).await.err().unwrap();
		assert!(matches!(error, UpstreamError::Unavailable { .. }), "{error}");
	}
}

#[tokio::test]
async fn a_question_that_nobody_can_answer_is_asked_once() {
	let invalid = Fault::Request(UpstreamError::Invalid("the prompt is too long".into()));
	let (routed, fakes, _) = routed(
		vec![("a", 1.0, Manner::Refuses(invalid)), ("b", 0.0, Manner::Answers)],
		None,
		|| 0.0,
	);
	let error = routed.generate(question(), LONG).await.err().unwrap();
	assert!(matches!(error, UpstreamError::Invalid(_)), "{error}");
	assert_eq!(fakes.asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn after_the_first_token_nobody_else_is_asked() {
	let (routed, fakes, _) = routed(
		vec![("a", 1.0, Manner::BreaksOffLater), ("b", 0.0, Manner::Answers)],
		None,
		|| 0.0,
	);
	let answer = routed.generate(question(), LONG).await.unwrap();
	let pieces: Vec<_> = answer.pieces.collect().await;
	assert!(
		matches!(&pieces[..], [Ok(_), Err(UpstreamError::Failed(_))]),
		"{pieces:?}"
	);
	assert_eq!(*fakes.asked.lock().unwrap(), ["a"]);
}

#[tokio::test]
async fn a_slow_miner_is_hedged_where_that_is_wanted() {
	let miners = || vec![("slow", 1.0, Manner::Hangs), ("good", 0.5, Manner::Answers)];
	let (hedging, fakes, metrics) = routed(miners(), Some(Duration::from_millis(1)), || 0.0);
	let answer = hedging.generate(question(), LONG).await.unwrap();
	assert_eq!((answer.answerer.hotkey.as_str(), answer.attempts), ("good", 2));
	assert_eq!(*fakes.asked.lock().unwrap(), ["slow", "good"]);
	let text = metrics.text();
	assert!(
		text.contains("ganglion_gateway_hedges_total 1") && text.contains("attempts_total{end=\"left\"} 1"),
		"{text}"
	);
	let (patient, fakes, metrics) = routed(miners(), None, || 0.0);
	let error = patient
		.generate(question(), Duration::from_millis(20))
		.await
		.err()
		.unwrap();
	assert!(matches!(error, UpstreamError::TooLate(_)), "{error}");
	assert_eq!(
		*fakes.asked.lock().unwrap(),
		["slow"],
		"the prompt went to a second miner"
	);
	let text = metrics.text();
	assert!(text.contains("attempts_total{end=\"late\"} 1"), "{text}");
}

#[tokio::test]
async fn a_miner_that_never_begins_is_avoided_whoever_gives_up() {
	let miners = vec![("hangs", 1.0, Manner::Hangs), ("good", 1.0, Manner::Answers)];
	let (routed, fakes, _) = routed(miners, None, dice());
	for _ in 0..200 {
		if let Ok(answer) = routed.generate(question(), Duration::from_millis(2)).await {
			let _: Vec<_> = answer.pieces.collect().await;
		}
	}
	let asked = fakes.asked.lock().unwrap().clone();
	let late = asked[100..].iter().filter(|hotkey| *hotkey == "hangs").count();
	assert!(late <= 10, "{late} of the last 100 went to the miner that hangs");
}

#[tokio::test]
async fn good_miners_get_most_and_failing_ones_ever_less() {
	let (routed, fakes, _) = routed(
		vec![
			("good", 1.0, Manner::Answers),
			("poor", 0.3, Manner::Answers),
			("down", 1.0, Manner::Refuses(Fault::Unreachable("gone".into()))),
		],
		None,
		dice(),
	);
	for _ in 0..300 {
		let answer = routed.generate(question(), LONG).await.unwrap();
		let _: Vec<_> = answer.pieces.collect().await;
	}
	let asked = fakes.asked.lock().unwrap().clone();
	let count = |part: &[String]| {
		part.iter().fold(HashMap::<&str, usize>::new(), |mut counts, hotkey| {
			let key = ["good", "poor", "down"]
				.into_iter()
				.find(|known| known == hotkey)
				.unwrap();
			*counts.entry(key).or_default() += 1;
			counts
		})
	};
	let all = count(&asked);
	let late = count(&asked[asked.len() / 2..]);
	assert!(all["good"] > 3 * all["poor"] && all["poor"] > 0, "{all:?}");
	assert!(late.get("down").copied().unwrap_or(0) < late["good"] / 10, "{late:?}");
}

/// The prompter one is quick to begin, and would get nearly all by that.
#[tokio::test]
async fn a_miner_that_begins_quickly_and_then_drips_is_avoided() {
	let miners = vec![("drips", 1.0, Manner::Drips), ("flows", 1.0, Manner::Flows)];
	let (routed, fakes, _) = routed(miners, None, dice());
	let asked_times = |hotkey: &str| {
		fakes
			.asked
			.lock()
			.unwrap()
			.iter()
			.filter(|asked| *asked == hotkey)
			.count()
	};
	// Until both have been measured; every other answer is left before its end, which hides nothing.
	while asked_times("drips") < 3 || asked_times("flows") < 3 {
		let answer = routed.generate(question(), LONG).await.unwrap();
		let wanted = if asked_times("drips").is_multiple_of(2) {
			TOKENS + 2
		} else {
			TOKENS + 1
		};
		let _: Vec<_> = answer.pieces.take(wanted).collect().await;
	}
	let before = asked_times("drips");
	for _ in 0..60 {
		let answer = routed.generate(question(), LONG).await.unwrap();
		let _: Vec<_> = answer.pieces.collect().await;
	}
	let since = asked_times("drips") - before;
	assert!(since <= 6, "{since} of 60 went to the miner that drips");
}

/// It is the miner that is measured, not who reads its answer.
#[tokio::test]
async fn an_application_that_reads_slowly_makes_no_miner_slow() {
	let (routed, ..) = routed(vec![("flows", 1.0, Manner::Flows)], None, || 0.0);
	let reading = Duration::from_secs(2);
	let mut answer = routed.generate(question(), LONG).await.unwrap();
	answer.pieces.next().await.unwrap().unwrap();
	tokio::time::sleep(reading).await;
	while answer.pieces.next().await.is_some() {}
	drop(answer);
	let measured = routed.token_time("flows");
	// All of it would be the pause, were that the miner's.
	assert!(
		measured.is_some_and(|time| time < reading / TOKENS as u32),
		"{measured:?}"
	);
}
