//! Weights of the calls: the storage items that they touch, at the price of the runtime's database, plus computation.

use core::marker::PhantomData;
use frame_support::weights::{RuntimeDbWeight, Weight, constants::ParityDbWeight};
use pallet_subtensor::Hyperparameters;
use sp_runtime::traits::Get;

/// What a call computes that sets a hyperparameter, in picoseconds; above what is measured (`runtime/WEIGHTS.md`).
const SETTER_PS: u64 = 300_000_000;
/// What a call computes that sets anything else, in picoseconds; above what is measured.
const SETTING_PS: u64 = 100_000_000;
/// Items that a setter reads beside the record: the subnet and its owner, its neurons, what the time of its next epoch
/// depends on, and what limits the owner.
pub const SETTER_READS: u64 = 10;
/// Items that a setter writes: two fields (one moves with a bound), and what the rate limit counts from.
pub const SETTER_WRITES: u64 = 3;
/// Items that a setting of the chain reads.
pub const SETTING_READS: u64 = 5;
/// Items that a setting of the chain writes.
pub const SETTING_WRITES: u64 = 1;
/// Bytes that a storage item adds to the proof of a block, key path included.
const ITEM_PROOF_BYTES: u64 = 2_500;

/// Weights of the calls.
pub trait WeightInfo {
	/// What reads and writes cost.
	fn database() -> RuntimeDbWeight;

	/// A call that sets a hyperparameter: it reads the whole record, to validate it.
	fn set_hyperparameter() -> Weight {
		let record = u64::try_from(Hyperparameters::ITEMS).unwrap_or(u64::MAX);
		let reads = record.saturating_add(SETTER_READS);
		weigh(Self::database(), SETTER_PS, reads, SETTER_WRITES)
	}

	/// A call that sets anything else.
	fn set_setting() -> Weight {
		weigh(Self::database(), SETTING_PS, SETTING_READS, SETTING_WRITES)
	}
}

/// The weight of computation, reads and writes.
fn weigh(database: RuntimeDbWeight, time: u64, reads: u64, writes: u64) -> Weight {
	let proof = reads.saturating_add(writes).saturating_mul(ITEM_PROOF_BYTES);
	let storage = database.reads(reads).saturating_add(database.writes(writes));
	storage.saturating_add(Weight::from_parts(time, proof))
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
