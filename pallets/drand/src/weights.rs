//! Weights of the calls.
//!
//! Computation is measured in compiled Wasm: verifying a pulse took 7.7 ms of processor time and decoding the beacon's key
//! 1.0 ms; the constants have half as much again to spare. The numbers of storage items are upper bounds.

use crate::{MAX_STORED_PULSES, types::MAX_PULSES_PER_CALL};
use core::marker::PhantomData;
use frame_support::weights::{RuntimeDbWeight, Weight, constants::ParityDbWeight};
use sp_runtime::traits::Get;

/// Verifying one pulse, in picoseconds.
pub const VERIFY_PULSE_PS: u64 = 12_000_000_000;
/// Decoding the beacon's key, and what a call takes besides, in picoseconds.
pub const CALL_PS: u64 = 2_000_000_000;
/// Storing or removing a pulse, host calls included, in picoseconds.
pub const STORE_PULSE_PS: u64 = 20_000_000;

/// Bytes that an item adds to the proof of a block, key path included.
const ITEM_PROOF_BYTES: u64 = 2_500;
/// Bytes of the list of stored rounds.
const ROUNDS_PROOF_BYTES: u64 = 8 * MAX_STORED_PULSES as u64;

/// Reads of a call beside the pulses: the beacon, the rounds, their ends.
const READS: u64 = 4;
/// Writes of a call beside the pulses: the beacon, the rounds, their ends.
const WRITES: u64 = 4;

/// Weights of the pallet's calls, at the prices of a database.
pub trait WeightInfo {
	/// What the database charges for a read and for a write.
	fn database() -> RuntimeDbWeight;

	/// Verifying this many pulses.
	fn verify_pulses(pulses: u32) -> Weight {
		let pulses = u64::from(pulses.min(MAX_PULSES_PER_CALL));
		let time = CALL_PS.saturating_add(pulses.saturating_mul(VERIFY_PULSE_PS));
		weigh(Self::database(), time, 2, 0)
	}

	/// Storing this many verified pulses; as many old ones may have to go.
	fn store_pulses(pulses: u32) -> Weight {
		let pulses = u64::from(pulses.min(MAX_PULSES_PER_CALL));
		let changes = pulses.saturating_mul(2);
		let time = CALL_PS.saturating_add(changes.saturating_mul(STORE_PULSE_PS));
		weigh(Self::database(), time, READS, WRITES.saturating_add(changes))
	}

	/// `write_pulse` of this many pulses by a signer.
	fn write_pulse(pulses: u32) -> Weight {
		Self::verify_pulses(pulses).saturating_add(Self::store_pulses(pulses))
	}

	/// `set_beacon_config`: all pulses may have to go.
	fn set_beacon_config() -> Weight {
		remove_all(Self::database())
	}

	/// `set_oldest_stored_round`: all pulses but one may have to go.
	fn set_oldest_stored_round() -> Weight {
		remove_all(Self::database())
	}
}

/// Removing all pulses.
fn remove_all(database: RuntimeDbWeight) -> Weight {
	let pulses = u64::from(MAX_STORED_PULSES);
	let time = CALL_PS.saturating_add(pulses.saturating_mul(STORE_PULSE_PS));
	weigh(database, time, READS, WRITES.saturating_add(pulses))
}

/// The weight of computation, reads and writes.
fn weigh(database: RuntimeDbWeight, time_ps: u64, reads: u64, writes: u64) -> Weight {
	let items = reads.saturating_add(writes);
	let proof = items
		.saturating_mul(ITEM_PROOF_BYTES)
		.saturating_add(ROUNDS_PROOF_BYTES);
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
