//! Calls to miners, as the round sees them.

use std::time::Duration;

use async_trait::async_trait;
use neuron_net::{Answer, CallError, Handle, Request, Target};

/// Sends requests to miners. The network does; so does a test's fake.
#[async_trait]
pub trait PeerCaller: Send + Sync + 'static {
	/// Opens a call; the answer streams in later.
	///
	/// # Errors
	/// [`PeerError`] where the miner cannot be reached, says no or is late.
	async fn call(
		&self,
		target: Target,
		request: Request,
		deadline: Duration,
	) -> Result<Box<dyn AnswerStream>, PeerError>;
}

/// An answer that streams in. Dropping it cancels the call.
#[async_trait]
pub trait AnswerStream: Send {
	/// The next chunk, an error that ends the answer, or nothing once it is whole.
	async fn next(&mut self) -> Option<Result<Vec<u8>, PeerError>>;
}

/// Why there is no answer, or no more of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeerError {
	/// The deadline passed.
	#[error("no complete answer in time")]
	TimedOut,
	/// The miner refused, broke off, or broke the protocol.
	#[error("{0}")]
	Peer(String),
	/// This side could not even ask: that says nothing about the miner.
	#[error("{0}")]
	OwnFault(String),
}

impl From<CallError> for PeerError {
	fn from(error: CallError) -> Self {
		match error {
			CallError::DeadlinePassed { .. } => Self::TimedOut,
			CallError::InvalidRequest(_) | CallError::Overloaded | CallError::ShutDown => {
				Self::OwnFault(error.to_string())
			}
			_ => Self::Peer(error.to_string()),
		}
	}
}

#[async_trait]
impl PeerCaller for Handle {
	async fn call(
		&self,
		target: Target,
		request: Request,
		deadline: Duration,
	) -> Result<Box<dyn AnswerStream>, PeerError> {
		Ok(Box::new(Handle::call(self, target, request, deadline).await?))
	}
}

#[async_trait]
impl AnswerStream for Answer {
	async fn next(&mut self) -> Option<Result<Vec<u8>, PeerError>> {
		Answer::next(self).await.map(|chunk| chunk.map_err(PeerError::from))
	}
}
