//! Weights of the calls and of the per-block work: the storage items that they touch at the price of the runtime's
//! database, and an estimate of their computation, meant to be too high.

use core::marker::PhantomData;
use frame_support::weights::{RuntimeDbWeight, Weight, constants::ParityDbWeight};
use sp_runtime::traits::Get;

/// Computation of `submit_encrypted`, in picoseconds. Half of it is not the chain's: the author of a block opens the
/// ciphertext before it executes the call.
const SUBMIT_PS: u64 = 400_000_000;
/// Computation of `announce_next_key`, which looks at each coefficient of the key, in picoseconds.
const ANNOUNCE_PS: u64 = 100_000_000;
/// Computation of the start and of the end of a block, in picoseconds.
const BLOCK_PS: u64 = 100_000_000;
/// What each turn that has passed adds to the start of a block, in picoseconds.
const TURN_PS: u64 = 10_000_000;
/// Bytes that a storage item adds to the proof of a block, key path and value included.
const ITEM_PROOF_BYTES: u64 = 4_000;

/// Weights of the pallet's work, at the prices of a database.
pub trait WeightInfo {
	/// What the database charges for a read and for a write.
	fn database() -> RuntimeDbWeight;

	/// `submit_encrypted`: the hashes of the recent keys are read.
	fn submit_encrypted() -> Weight {
		weigh(Self::database(), SUBMIT_PS, 1, 0)
	}

	/// `announce_next_key`: whether one was announced, the slot, the authorities, and the author's key.
	fn announce_next_key() -> Weight {
		weigh(Self::database(), ANNOUNCE_PS, 4, 2)
	}

	/// The start and the end of a block before which this many turns passed, its author's among them: the slot, the last
	/// slot, the authorities, the key of the next author, the next key, the recent keys and whether a key was announced;
	/// and the keys of those whose turn it was.
	fn block(turns: u32) -> Weight {
		let turns = u64::from(turns);
		let time = BLOCK_PS.saturating_add(turns.saturating_mul(TURN_PS));
		weigh(Self::database(), time, 7, turns.saturating_add(4))
	}
}

/// The weight of computation, of reads and of writes.
fn weigh(database: RuntimeDbWeight, time_ps: u64, reads: u64, writes: u64) -> Weight {
	let proof = reads.saturating_add(writes).saturating_mul(ITEM_PROOF_BYTES);
	let storage = database.reads(reads).saturating_add(database.writes(writes));
	storage.saturating_add(Weight::from_parts(time_ps, proof))
}

/// Weights at the prices of the runtime's own database.
pub struct PalletWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for PalletWeight<T> {
	fn database() -> RuntimeDbWeight {
		T::DbWeight::get()
	}
}

/// Weights at the prices of ParityDB.
impl WeightInfo for () {
	fn database() -> RuntimeDbWeight {
		ParityDbWeight::get()
	}
}
