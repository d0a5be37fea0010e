//! Miners that serve the mechanism `text`, over the network.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use codec::{DecodeAll, Encode};
use futures::{StreamExt, stream};
use neuron_chain::AccountId;
use neuron_net::{CallError, Handle, Refusal, Request, Target};
use subnet_sdk::Epoch;
use subnet_text::{AnswerError, AnswerReader, Chunk, DESCRIPTOR, LanguageModel, Sampling, Task, encode_prompt};
use tokio::sync::watch;

use super::{
	routing::{Candidate, Fault, Miners, Pieces},
	upstream::{Answerer, Finish, Generate, Piece, TokenLogprob, UpstreamError},
};
use crate::{directory::network_key, events::foreign_text, follower::Snapshot};

/// The subnet's miners.
pub struct TextMiners {
	handle: Handle,
	own: AccountId,
	newest: watch::Receiver<Arc<Snapshot>>,
	model: Arc<dyn LanguageModel>,
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
		}
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
		let snapshot = self.newest.borrow().clone();
		Task {
			model_hash: self.model.model_hash(),
			epoch: Epoch {
				block: snapshot.metagraph.block,
				hash: snapshot.metagraph.block_hash,
			},
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
		// Incentive is what all validators together make of a miner; its largest share counts as 1.
		let best = neurons.iter().map(|neuron| neuron.incentive).max().unwrap_or(0).max(1);
		let callable = |neuron: &&neuron_chain::Neuron| {
			neuron.hotkey != self.own && neuron.axon.is_some() && network_key(neuron).is_some()
		};
		neurons
			.iter()
			.filter(callable)
			// Validators serve nothing; one that mines too has an incentive.
			.filter(|neuron| !neuron.validator_permit || neuron.incentive > 0 || neuron.dividends == 0)
			.map(|neuron| Candidate {
				answerer: Answerer {
					uid: neuron.uid,
					hotkey: neuron.hotkey.to_string(),
				},
				quality: f64::from(neuron.incentive) / f64::from(best),
			})
			.collect()
	}

	async fn ask(&self, miner: &Answerer, request: &Generate, deadline: Duration) -> Result<Pieces, Fault> {
		let invalid = |error: String| Fault::Request(UpstreamError::Invalid(error));
		let target = self.target(miner)?;
		let task = self.task(request);
		task.validate().map_err(|error| invalid(error.to_string()))?;
		let prompt_tokens = encode_prompt(&*self.model, &task)
			.map_err(|error| invalid(error.to_string()))?
			.len();
		let call = Request {
			mechanism: DESCRIPTOR.name.into(),
			version: DESCRIPTOR.version,
			nonce: rand::random(),
			deadline_ms: u32::try_from(deadline.as_millis()).unwrap_or(u32::MAX).max(1),
			body: task.encode(),
		};
		let answer = self.handle.call(target, call, deadline).await.map_err(fault)?;
		let reading = Reading {
			answer,
			reader: AnswerReader::new(self.model.clone(), task),
			model: self.model.clone(),
			prompt_tokens: u32::try_from(prompt_tokens).unwrap_or(u32::MAX),
			over: false,
		};
		Ok(stream::unfold(reading, Reading::step).boxed())
	}
}

/// An answer that is being read.
struct Reading {
	answer: neuron_net::Answer,
	reader: AnswerReader,
	model: Arc<dyn LanguageModel>,
	prompt_tokens: u32,
	over: bool,
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
			let text = self.reader.push(&chunk).map_err(reading_fault)?;
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

	fn end(&self) -> Result<Piece, Fault> {
		match self.reader.finish() {
			None => Err(Fault::Failed("the answer ended without cause".into())),
			Some(finish) => Ok(Piece::End {
				finish: match finish {
					subnet_text::Finish::Length => Finish::Length,
					subnet_text::Finish::EndOfTurn | subnet_text::Finish::StopSequence => Finish::Stop,
				},
				prompt_tokens: self.prompt_tokens,
			}),
		}
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
