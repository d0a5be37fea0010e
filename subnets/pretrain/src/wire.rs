//! What travels: the task, and a model in pieces. Changing anything here raises the mechanism's version.

use blake2::digest::consts::U32;
use blake2::{Blake2b, Digest};
use codec::{Decode, Encode};
use subnet_sdk::{ChallengeContext, Epoch};

use crate::weights::WeightsId;

/// Bytes of every piece of a file but the last, which has what is left.
pub const PIECE_BYTES: usize = 60 * 1024;
/// Domain of the manifest's binding; the hash of the manifest follows.
const BINDING_DOMAIN: &[u8] = b"pretrain/1/binding";

/// The best model of a validator.
#[derive(Copy, Clone, Debug, PartialEq, Encode, Decode)]
pub struct Best {
	/// Which it is.
	pub weights: WeightsId,
	/// Its mean loss when it was measured, in nats a byte.
	pub loss: f64,
}

/// What a miner has earned by an improvement, before decay.
#[derive(Copy, Clone, Debug, PartialEq, Encode, Decode)]
pub struct Award {
	/// The model that earned it.
	pub weights: WeightsId,
	/// The score at the block where it was earned, above 0 and at most 1.
	pub value: f64,
	/// That block.
	pub block: u64,
}

/// What a validator asks: your model, and it says which one has to be beaten.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Task {
	/// Public randomness of the time of asking, and that time.
	pub epoch: Epoch,
	/// The best model that the validator has seen before `epoch`; none while nothing beats the untrained one.
	pub best: Option<Best>,
	/// What the miner that is asked has earned before `epoch`. Whoever has nothing newer answers with a manifest alone.
	pub award: Option<Award>,
	/// A seed of the challenge: no two tasks are the same.
	pub salt: [u8; 32],
}

/// What a file is, before it comes.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Manifest {
	/// The weights that are in the file.
	pub weights: WeightsId,
	/// Bytes of the file.
	pub bytes: u32,
	/// `blake2b-256` of every piece, in order.
	pub pieces: Vec<[u8; 32]>,
}

/// A piece of an answer: [`Chunk::Manifest`] first, then every [`Chunk::Piece`], or none where the task says that the
/// validator has paid for this model before.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Chunk {
	/// First and only once.
	Manifest {
		/// What comes.
		manifest: Manifest,
		/// [`Manifest::binding`]: whom it is for and from.
		binding: [u8; 32],
	},
	/// The next [`PIECE_BYTES`] of the file.
	Piece(Vec<u8>),
}

impl Manifest {
	/// The manifest of a file with these weights.
	pub fn of(weights: WeightsId, file: &[u8]) -> Self {
		Self {
			weights,
			bytes: u32::try_from(file.len()).unwrap_or(u32::MAX),
			pieces: file.chunks(PIECE_BYTES).map(hash).collect(),
		}
	}

	/// `blake2b-256` of the encoded manifest: the address of the file's content.
	pub fn root(&self) -> [u8; 32] {
		hash(&self.encode())
	}

	/// What binds the manifest to one challenge: a hash of its root, the nonce and both hotkeys.
	pub fn binding(&self, context: &ChallengeContext) -> [u8; 32] {
		context.seed(&[BINDING_DOMAIN, &self.root()].concat())
	}
}

pub(crate) fn hash(bytes: &[u8]) -> [u8; 32] {
	Blake2b::<U32>::digest(bytes).into()
}
