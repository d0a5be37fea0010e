//! Which miner gets a request: the better and the quicker, the likelier; another one where it fails.
//!
//! Quick is who begins soon and goes on quickly: both are measured at every answer, the second as the time that the gateway
//! has to wait for a token, so that an application that reads slowly makes no miner slow.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures::{StreamExt, future::BoxFuture, stream, stream::BoxStream, stream::FuturesUnordered};
use tokio::time::Instant;

use super::{
	GatewayOptions,
	records::{Records, Running},
	upstream::{Answerer, Generate, Generation, Model, Piece, Upstream, UpstreamError},
};
use crate::metrics::Metrics;

/// When an application may try again where no miner could answer.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// A request may have waited long for its turn in the gateway: for the little time that is left nobody is to blame.
const LATE_AFTER: Duration = Duration::from_secs(5);

/// A miner that could be asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
	/// Who it is.
	pub answerer: Answerer,
	/// How good its work is, 0 to 1, as scores say.
	pub quality: f64,
}

/// Why a miner gave no answer, or no more of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
	/// It has too much to do.
	Busy(String),
	/// It cannot be reached.
	Unreachable(String),
	/// It is too slow.
	Late,
	/// It broke off, or sent what makes no sense.
	Failed(String),
	/// Not its fault: the request cannot be answered by anybody.
	Request(UpstreamError),
}

impl Fault {
	fn word(&self) -> &'static str {
		match self {
			Self::Busy(_) => "busy",
			Self::Unreachable(_) => "unreachable",
			Self::Late => "late",
			Self::Failed(_) => "failed",
			Self::Request(_) => "invalid",
		}
	}
}

impl fmt::Display for Fault {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		match self {
			Self::Busy(reason) | Self::Unreachable(reason) | Self::Failed(reason) => formatter.write_str(reason),
			Self::Late => formatter.write_str("no complete answer in time"),
			Self::Request(error) => error.fmt(formatter),
		}
	}
}

/// Parts of one miner's answer.
pub type Pieces = BoxStream<'static, Result<Piece, Fault>>;

/// Reaches miners, one at a time.
#[async_trait]
pub trait Miners: Send + Sync + 'static {
	/// Hexadecimal sha256 of the model that they serve.
	fn model_hash(&self) -> String;
	/// Those that are there now.
	fn candidates(&self) -> Vec<Candidate>;
	/// Asks one. Dropping the future or the parts takes the question back.
	async fn ask(&self, miner: &Answerer, request: &Generate, deadline: Duration) -> Result<Pieces, Fault>;
}

/// How requests are routed.
#[derive(Clone)]
pub struct RoutingOptions {
	/// Name of the model.
	pub model_name: String,
	/// Miners that are tried before the first part, at least 1.
	pub attempts: usize,
	/// Time without a first part after which a second miner is asked too.
	pub hedge_after: Option<Duration>,
	/// A miner is late at the earliest when it has not begun after so long.
	pub late_after: Duration,
	/// Random numbers from 0 up to 1.
	pub dice: Arc<dyn Fn() -> f64 + Send + Sync>,
}

impl From<&GatewayOptions> for RoutingOptions {
	fn from(options: &GatewayOptions) -> Self {
		Self {
			model_name: options.model_name.clone(),
			attempts: options.attempts,
			hedge_after: options.hedge_after,
			late_after: LATE_AFTER,
			dice: Arc::new(rand::random::<f64>),
		}
	}
}

/// An answer that has begun.
struct Begun {
	first: Piece,
	rest: Pieces,
	running: Running,
}

type Attempt = BoxFuture<'static, (Answerer, Result<Begun, Fault>)>;

/// Routes requests to miners.
pub struct Routed<M> {
	miners: Arc<M>,
	options: RoutingOptions,
	metrics: Arc<Metrics>,
	records: Records,
}

impl<M: Miners> Routed<M> {
	/// Routes to these miners.
	pub fn new(miners: Arc<M>, options: RoutingOptions, metrics: Arc<Metrics>) -> Self {
		Self {
			miners,
			options,
			metrics,
			records: Records::default(),
		}
	}

	/// How long a miner's answers keep the gateway waiting for a token after their first part, on average; `None` until one
	/// has told.
	pub fn token_time(&self, hotkey: &str) -> Option<Duration> {
		self.records.token_time(hotkey)
	}

	/// Asks one miner, for which there is so much time; `share` of it is fair for a miner to begin in.
	fn attempt(&self, miner: Answerer, request: Arc<Generate>, deadline: Duration, share: Duration) -> Attempt {
		let miners = self.miners.clone();
		let waiting = Waiting {
			records: self.records.clone(),
			metrics: self.metrics.clone(),
			hotkey: miner.hotkey.clone(),
			asked: Instant::now(),
			share,
			is_over: false,
		};
		Box::pin(async move {
			let begun = begin(&*miners, &waiting.records, &miner, &request, deadline).await;
			waiting.end();
			(miner, begun)
		})
	}

	/// Asks one miner after the other until one begins an answer; two at once where hedging is on and the first is slow.
	async fn first_to_begin(
		&self,
		order: Vec<Answerer>,
		request: &Arc<Generate>,
		deadline: Duration,
	) -> Result<(Answerer, Begun, u32), UpstreamError> {
		let until = Instant::now() + deadline;
		let left = || until.saturating_duration_since(Instant::now());
		// Who is asked last, in what is left of the time, is not to blame for it. One part more than attempts, so that the only
		// one is late before the time is over.
		let parts = u32::try_from(self.options.attempts)
			.unwrap_or(u32::MAX)
			.saturating_add(1);
		let share = (deadline / parts).max(self.options.late_after);
		let mut order = order.into_iter();
		let mut running: FuturesUnordered<Attempt> = FuturesUnordered::new();
		let mut attempts = 0_u32;
		let mut hedge = self
			.options
			.hedge_after
			.map(|after| Box::pin(tokio::time::sleep(after)));
		let mut last = None;
		loop {
			if left().is_zero() {
				return Err(UpstreamError::TooLate(deadline));
			}
			if running.is_empty() {
				let Some(miner) = order.next() else {
					return Err(exhausted(last, attempts));
				};
				attempts += 1;
				running.push(self.attempt(miner, request.clone(), left(), share));
			}
			let slow = async {
				match &mut hedge {
					Some(sleep) => sleep.await,
					None => std::future::pending().await,
				}
			};
			tokio::select! {
				Some((miner, begun)) = running.next() => match begun {
					Ok(begun) => return Ok((miner, begun, attempts)),
					Err(Fault::Request(error)) => return Err(error),
					Err(fault) => {
						self.metrics.gateway.attempt(fault.word());
						self.records.note(&miner.hotkey, Some(&fault));
						tracing::info!(uid = miner.uid, reason = %fault, "a miner did not begin an answer");
						last = Some(fault);
					}
				},
				() = slow => {
					hedge = None;
					if let Some(miner) = order.next() {
						self.metrics.gateway.hedged();
						attempts += 1;
						running.push(self.attempt(miner, request.clone(), left(), share));
					}
				}
				() = tokio::time::sleep_until(until) => return Err(UpstreamError::TooLate(deadline)),
			}
		}
	}
}

/// Notes a miner that is asked and not waited for any more: another one was quicker, the time is over, or the application
/// has gone. Without it who never begins would have no record.
struct Waiting {
	records: Records,
	metrics: Arc<Metrics>,
	hotkey: String,
	asked: Instant,
	/// After so long without a first part it is late, whoever gives up.
	share: Duration,
	is_over: bool,
}

impl Waiting {
	/// It has begun, or said why it does not.
	fn end(mut self) {
		self.is_over = true;
	}
}

impl Drop for Waiting {
	fn drop(&mut self) {
		if self.is_over {
			return;
		}
		let waited = self.asked.elapsed();
		if waited >= self.share {
			self.metrics.gateway.attempt(Fault::Late.word());
			self.records.note(&self.hotkey, Some(&Fault::Late));
		} else {
			self.metrics.gateway.attempt("left");
			self.records.note_wait(&self.hotkey, waited);
		}
	}
}

/// Asks one miner and waits for the first part of its answer.
async fn begin(
	miners: &impl Miners,
	records: &Records,
	miner: &Answerer,
	request: &Generate,
	deadline: Duration,
) -> Result<Begun, Fault> {
	let running = Running::new(records, &miner.hotkey);
	let asked = Instant::now();
	let mut rest = miners.ask(miner, request, deadline).await?;
	let first = match rest.next().await {
		Some(first) => first?,
		None => return Err(Fault::Failed("the answer ended before it began".into())),
	};
	records.note_latency(&miner.hotkey, asked.elapsed());
	Ok(Begun { first, rest, running })
}

fn exhausted(last: Option<Fault>, attempts: u32) -> UpstreamError {
	match last {
		None => UpstreamError::Unavailable {
			reason: "no miner of the subnet can be called now".into(),
			retry_after: RETRY_AFTER,
		},
		Some(Fault::Busy(_)) => UpstreamError::Unavailable {
			reason: format!("the {attempts} miners asked are busy"),
			retry_after: RETRY_AFTER,
		},
		Some(fault) => UpstreamError::Failed(format!(
			"{attempts} miners were asked and none began an answer; the last: {fault}"
		)),
	}
}

/// Notes how an answer that has begun goes on.
struct Watch {
	records: Records,
	metrics: Arc<Metrics>,
	hotkey: String,
	ended: bool,
	/// Tokens after the first part.
	tokens: u32,
	/// How long they were waited for.
	waited: Duration,
	/// Since when the next part is waited for.
	waiting: Option<Instant>,
	_running: Running,
}

impl Watch {
	/// Notes the next part, or that there is none.
	fn take(&mut self, piece: Option<&Result<Piece, Fault>>) {
		self.waited += self.waiting.take().map_or(Duration::ZERO, |since| since.elapsed());
		match piece {
			Some(Ok(Piece::Text { tokens, .. })) => {
				let count = u32::try_from(tokens.len()).unwrap_or(u32::MAX);
				self.tokens = self.tokens.saturating_add(count);
			}
			Some(Ok(Piece::End { .. })) => self.end(None),
			Some(Err(fault)) => self.end(Some(fault)),
			None => {}
		}
	}

	fn end(&mut self, fault: Option<&Fault>) {
		if !std::mem::replace(&mut self.ended, true) {
			self.metrics.gateway.attempt(fault.map_or("answered", Fault::word));
			self.records.note(&self.hotkey, fault);
		}
	}
}

impl Drop for Watch {
	fn drop(&mut self) {
		// A miner that is waited for when the application gives up is slow too.
		self.take(None);
		self.records.note_token_time(&self.hotkey, self.tokens, self.waited);
		if !self.ended {
			self.metrics.gateway.attempt("left");
		}
	}
}

#[async_trait]
impl<M: Miners> Upstream for Routed<M> {
	fn models(&self) -> Vec<Model> {
		vec![Model {
			name: self.options.model_name.clone(),
			hash: self.miners.model_hash(),
		}]
	}

	async fn generate(&self, request: Arc<Generate>, deadline: Duration) -> Result<Generation, UpstreamError> {
		let order = self.records.order(
			self.miners.candidates(),
			&*self.options.dice,
			self.options.attempts.max(1),
		);
		let (answerer, begun, attempts) = self.first_to_begin(order, &request, deadline).await?;
		let mut watch = Watch {
			records: self.records.clone(),
			metrics: self.metrics.clone(),
			hotkey: answerer.hotkey.clone(),
			ended: false,
			tokens: 0,
			waited: Duration::ZERO,
			waiting: None,
			_running: begun.running,
		};
		if let Piece::End { .. } = begun.first {
			watch.end(None);
		}
		let rest = stream::unfold((watch, begun.rest), |(mut watch, mut rest)| async move {
			watch.waiting = Some(Instant::now());
			let piece = rest.next().await;
			watch.take(piece.as_ref());
			Some((piece?, (watch, rest)))
		});
		let pieces = stream::once(async { Ok(begun.first) }).chain(rest).map(move |piece| {
			piece.map_err(|fault| match fault {
				Fault::Late => UpstreamError::TooLate(deadline),
				Fault::Request(error) => error,
				fault => UpstreamError::Failed(format!("the miner broke off: {fault}")),
			})
		});
		Ok(Generation {
			answerer,
			attempts,
			pieces: pieces.boxed(),
		})
	}
}
