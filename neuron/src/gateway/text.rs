//! Miners that serve the mechanism `text`, over the network.

use std::{
	sync::{
		Arc,
		atomic::{AtomicU64, Ordering},
	},
	time::Duration,
};

use async_trait::async_trait;
use codec::{DecodeAll, Encode};
use futures::{StreamExt, stream};
use neuron_chain::AccountId;
use neuron_net::{CallError, Handle, Refusal, Request, Target};
use subnet_sdk::{ChallengeContext, Epoch, Hotkey, Nonce, Outcome, TimedChunk, Transcript};
use subnet_text::{
	AnswerError, AnswerReader, Chunk, DESCRIPTOR, Emitted, LanguageModel, Sampling, Task, encode_prompt,
};
use tokio::{sync::watch, time::Instant};

use super::{
	audit::{Auditor, Heard, Served, Shape},
	routing::{Candidate, Fault, Miners, Pieces},
	upstream::{Answerer, Finish, Generate, Piece, TokenLogprob, UpstreamError},
	verdicts::{Standing, Verdicts},
};
use crate::{directory::network_key, events::foreign_text, follower::Snapshot};

/// The quality that a miner is credited with until an answer of it was checked.
const UNKNOWN_QUALITY: f64 = 0.5;

/// The subnet's miners.
pub struct TextMiners {
	handle: Handle,
	own: AccountId,
	newest: watch::Receiver<Arc<Snapshot>>,
	model: Arc<dyn LanguageModel>,
	audit: Option<(Auditor, Arc<Verdicts>)>,
	/// Requests to miners for applications so far: each attempt at one, be it a retry or a hedge.
	requests: AtomicU64,
}

impl TextMiners {
	/// The miners of the subnet that `newest` shows, but for `own`; `model` is the one that they serve.
	pub fn new(
		handle: Handle,
		own: AccountId,
		newest: watch::Receiver<Arc<Snapshot>>,
		model: Arc<dyn LanguageModel>,
	) -> Self {
		Self {
			handle,
			own,
			newest,
			model,
			audit: None,
			requests: AtomicU64::new(0),
		}
	}

	/// Hands answers to this auditor, and goes by these verdicts.
	#[must_use]
	pub fn with_audit(mut self, auditor: Auditor, verdicts: Arc<Verdicts>) -> Self {
		self.audit = Some((auditor, verdicts));
		self
	}

	/// The newest block that is known.
	pub(super) fn epoch(&self) -> Epoch {
		let snapshot = self.newest.borrow();
		Epoch {
			block: snapshot.metagraph.block,
			hash: snapshot.metagraph.block_hash,
		}
	}

	/// The tokens of a miner's answer to a task, and the miner's hotkey. Leaves after `enough` tokens. How an answer goes on
	/// after its last token does not matter: what the miner said, it has said.
	pub(super) async fn answer(
		&self,
		miner: &Answerer,
		task: Task,
		deadline: Duration,
		enough: usize,
	) -> Result<(Hotkey, Vec<Emitted>), Fault> {
		let until = Instant::now() + deadline;
		let late = |_| Err(Fault::Late);
		let begun = tokio::time::timeout_at(until, self.begin(miner, task, deadline, false));
		let mut reading = begun.await.unwrap_or_else(late)?;
		while reading.reader.tokens().len() < enough {
			match tokio::time::timeout_at(until, reading.next()).await {
				Ok(Ok(Piece::Text { .. })) => {}
				Ok(Ok(Piece::End { .. })) => break,
				_ if reading.reader.finish().is_some() => break,
				Ok(Err(fault)) => return Err(fault),
				Err(_) => return Err(Fault::Late),
			}
		}
		Ok((reading.context.miner, reading.reader.tokens().to_vec()))
	}

	/// Asks a miner; `audited` answers are handed in to be checked.
	async fn begin(&self, miner: &Answerer, task: Task, deadline: Duration, audited: bool) -> Result<Reading, Fault> {
		let invalid = |error: String| Fault::Request(UpstreamError::Invalid(error));
		let target = self.target(miner)?;
		task.validate().map_err(|error| invalid(error.to_string()))?;
		let prompt_tokens = encode_prompt(&*self.model, &task)
			.map_err(|error| invalid(error.to_string()))?
			.len();
		let context = ChallengeContext {
			nonce: Nonce(rand::random()),
			validator: Hotkey(self.own.into()),
			miner: Hotkey(target.hotkey),
		};
		let call = Request {
			mechanism: DESCRIPTOR.name.into(),
			version: DESCRIPTOR.version,
			nonce: context.nonce.0,
			deadline_ms: u32::try_from(deadline.as_millis()).unwrap_or(u32::MAX).max(1),
			body: task.encode(),
		};
		let audit = self.audit.as_ref().filter(|_| audited).map(|(auditor, _)| Kept {
			auditor: auditor.clone(),
			uid: miner.uid,
			task: task.clone(),
		});
		let answer = self.handle.call(target, call, deadline).await.map_err(fault)?;
		Ok(Reading {
			answer,
			context,
			reader: AnswerReader::new(self.model.clone(), task),
			model: self.model.clone(),
			prompt_tokens: u32::try_from(prompt_tokens).unwrap_or(u32::MAX),
			audit,
			over: false,
		})
	}

	/// Where a miner is now.
	fn target(&self, miner: &Answerer) -> Result<Target, Fault> {
		let snapshot = self.newest.borrow().clone();
		let neuron = snapshot.metagraph.by_uid(miner.uid);
		let neuron = neuron.filter(|neuron| neuron.hotkey.to_string() == miner.hotkey);
		let place = neuron.and_then(|neuron| Some((neuron.axon.as_ref()?, network_key(neuron)?)));
		let hotkey = neuron.map(|neuron| neuron.hotkey.into()).unwrap_or_default();
		let (axon, public_key) = place.ok_or_else(|| Fault::Unreachable("the miner has left the subnet".into()))?;
		Ok(Target {
			hotkey,
			public_key,
			addr: (axon.ip, axon.port).into(),
		})
	}

	fn task(&self, request: &Generate) -> Task {
		Task {
			model_hash: self.model.model_hash(),
			epoch: self.epoch(),
			prompt: request.prompt.clone(),
			max_tokens: request.max_tokens,
			sampling: Sampling {
				temperature: request.temperature,
				top_p: request.top_p,
				seed: request.seed,
			},
			stop: request.stop.clone(),
		}
	}
}

#[async_trait]
impl Miners for TextMiners {
	fn model_hash(&self) -> String {
		hex::encode(self.model.model_hash())
	}

	fn candidates(&self) -> Vec<Candidate> {
		let snapshot = self.newest.borrow().clone();
		let neurons = &snapshot.metagraph.neurons;
		let callable = |neuron: &&neuron_chain::Neuron| {
			neuron.hotkey != self.own && neuron.axon.is_some() && network_key(neuron).is_some()
		};
		let quality = |neuron: &neuron_chain::Neuron| {
			let standing = self.audit.as_ref().map_or(Standing::Unknown, |(_, verdicts)| {
				verdicts.standing(neuron.uid, Hotkey(neuron.hotkey.into()))
			});
			match standing {
				Standing::Banned(_) => None,
				Standing::Measured(quality) => Some(quality),
				Standing::Unknown => Some(UNKNOWN_QUALITY),
			}
		};
		neurons
			.iter()
			.filter(callable)
			// Validators serve nothing; one that mines too has an incentive.
			.filter(|neuron| !neuron.validator_permit || neuron.incentive > 0 || neuron.dividends == 0)
			.filter_map(|neuron| {
				Some(Candidate {
					answerer: Answerer {
						uid: neuron.uid,
						hotkey: neuron.hotkey.to_string(),
					},
					// What this gateway measured itself; what others make of the miner may be bought.
					quality: quality(neuron)?,
				})
			})
			.collect()
	}

	async fn ask(&self, miner: &Answerer, request: &Generate, deadline: Duration) -> Result<Pieces, Fault> {
		let number = self.requests.fetch_add(1, Ordering::Relaxed).saturating_add(1);
		let shape = Shape {
			deadline,
			max_tokens: request.max_tokens,
		};
		let wants = |(auditor, _): &(Auditor, _)| auditor.wants(number, shape);
		let audited = self.audit.as_ref().is_some_and(wants);
		let reading = self.begin(miner, self.task(request), deadline, audited).await?;
		Ok(stream::unfold(reading, Reading::step).boxed())
	}
}

/// An answer that is being read.
struct Reading {
	answer: neuron_net::Answer,
	context: ChallengeContext,
	reader: AnswerReader,
	model: Arc<dyn LanguageModel>,
	prompt_tokens: u32,
	/// What is needed to check the answer, where it is to be checked.
	audit: Option<Kept>,
	over: bool,
}

/// What goes with an answer that will be checked; the reader has its tokens.
struct Kept {
	auditor: Auditor,
	uid: u16,
	task: Task,
}

impl Reading {
	async fn step(mut self) -> Option<(Result<Piece, Fault>, Self)> {
		if self.over {
			return None;
		}
		let piece = self.next().await;
		self.over = !matches!(piece, Ok(Piece::Text { .. }));
		Some((piece, self))
	}

	async fn next(&mut self) -> Result<Piece, Fault> {
		loop {
			let bytes = match self.answer.next().await {
				Some(chunk) => chunk.map_err(fault)?,
				None => return self.end(),
			};
			let chunk = Chunk::decode_all(&mut &bytes[..])
				.map_err(|error| Fault::Failed(format!("a chunk that cannot be read: {error}")))?;
			let pushed = self.reader.push(&chunk);
			// Now, not at the end of the stream: a miner that goes on, breaks off or just waits after its last token would
			// never be checked, nor would one whose application leaves as soon as it has everything.
			if self.reader.finish().is_some() {
				self.hand_in();
			}
			let text = pushed.map_err(reading_fault)?;
			if let Chunk::Tokens(emitted) = chunk {
				let tokens = emitted.iter().map(|emitted| TokenLogprob {
					// A token that is a part of a character only has no text of its own.
					text: self.model.decode(&[emitted.token]).unwrap_or_default(),
					logprob: emitted.logprob,
				});
				return Ok(Piece::Text {
					text,
					tokens: tokens.collect(),
				});
			}
		}
	}

	fn end(&mut self) -> Result<Piece, Fault> {
		let Some(finish) = self.reader.finish() else {
			return Err(Fault::Failed("the answer ended without cause".into()));
		};
		Ok(Piece::End {
			finish: match finish {
				subnet_text::Finish::Length => Finish::Length,
				subnet_text::Finish::EndOfTurn | subnet_text::Finish::StopSequence => Finish::Stop,
			},
			prompt_tokens: self.prompt_tokens,
		})
	}
}

impl Reading {
	/// Hands the answer in to be checked, once: all of it where it is finished, else what has come.
	fn hand_in(&mut self) {
		let Some(kept) = self.audit.take() else { return };
		let tokens = self.reader.tokens().to_vec();
		let heard = if self.reader.finish().is_some() {
			// All at once: chunks are taken when the application reads, so that their times would say how slow it is.
			let at_once = |chunk| TimedChunk { elapsed_us: 0, chunk };
			let header = Chunk::Header {
				model_hash: kept.task.model_hash,
			};
			Heard::Whole(Transcript {
				chunks: vec![at_once(header), at_once(Chunk::Tokens(tokens))],
				outcome: Outcome::Complete,
			})
		} else if tokens.is_empty() {
			return;
		} else {
			Heard::Beginning(tokens)
		};
		kept.auditor.check(Served {
			uid: kept.uid,
			context: self.context,
			task: kept.task,
			heard,
		});
	}
}

/// Nobody reads it any more: the application has left, or the miner or the deadline has broken it off.
impl Drop for Reading {
	fn drop(&mut self) {
		self.hand_in();
	}
}

fn reading_fault(error: AnswerError) -> Fault {
	match error {
		AnswerError::Malformed(reason) => Fault::Failed(reason),
		AnswerError::Model(error) => Fault::Request(UpstreamError::Failed(format!("the gateway's model: {error}"))),
	}
}

fn fault(error: CallError) -> Fault {
	let text = foreign_text(&error.to_string());
	match error {
		CallError::DeadlinePassed { .. } => Fault::Late,
		CallError::Refused(Refusal::Busy { .. } | Refusal::RateLimited { .. }) => Fault::Busy(text),
		CallError::Unreachable { .. }
		| CallError::WrongPeer { .. }
		| CallError::Unsupported { .. }
		| CallError::Outdated { .. } => Fault::Unreachable(text),
		CallError::InvalidRequest(_) => Fault::Request(UpstreamError::Invalid(text)),
		CallError::ShutDown => Fault::Request(UpstreamError::Failed(text)),
		_ => Fault::Failed(text),
	}
}
