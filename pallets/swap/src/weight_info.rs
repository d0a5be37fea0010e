//! Weights of the call, and what callers of the pools have to charge for.

use core::marker::PhantomData;
use frame_support::weights::{RuntimeDbWeight, Weight, constants::ParityDbWeight};
use sp_runtime::traits::Get;

/// Computation beside reads and writes, in picoseconds, in compiled Wasm: estimates, meant to be too high.
pub mod computation {
	/// A call that changes a few items.
	pub const CALL_PS: u64 = 50_000_000;
	/// A trade without a price limit, or one that must be made whole: three powers at most.
	pub const TRADE_PS: u64 = 60_000_000;
	/// A trade that may be made in part: 66 powers at most.
	pub const PARTIAL_TRADE_PS: u64 = 1_600_000_000;
	/// Adding liquidity: two divisions of 512 bits.
	pub const INJECTION_PS: u64 = 60_000_000;
}

/// Distinct storage items that the work reads and writes, at most.
pub mod accesses {
	/// `set_fee_rate`: the pool.
	pub const SET_FEE_RATE_READS: u64 = 1;
	/// `set_fee_rate`: the rate.
	pub const SET_FEE_RATE_WRITES: u64 = 1;
	/// Whether an origin may set it now: the subnet and its owner, what the time of the next epoch depends on, and what
	/// limits the owner.
	pub const FEE_AUTHORITY_READS: u64 = 9;
	/// What the owner's limit counts from.
	pub const FEE_AUTHORITY_WRITES: u64 = 1;
	/// A trade, or a quote: the pool and its fee rate.
	pub const TRADE_READS: u64 = 2;
	/// A trade: the pool.
	pub const TRADE_WRITES: u64 = 1;
	/// Adding liquidity: the pool and what waits.
	pub const INJECTION_READS: u64 = 3;
	/// Adding liquidity: the pool and what waits.
	pub const INJECTION_WRITES: u64 = 3;
}

/// Bytes that a storage item adds to the proof of a block, key path included.
const ITEM_PROOF_BYTES: u64 = 2_500;

/// Weights of the pallet's work, at the prices of a database.
pub trait WeightInfo {
	/// What the database charges for a read and for a write.
	fn database() -> RuntimeDbWeight;

	/// `set_fee_rate`.
	fn set_fee_rate() -> Weight {
		let reads = accesses::SET_FEE_RATE_READS.saturating_add(accesses::FEE_AUTHORITY_READS);
		let writes = accesses::SET_FEE_RATE_WRITES.saturating_add(accesses::FEE_AUTHORITY_WRITES);
		weigh(Self::database(), computation::CALL_PS, reads, writes)
	}

	/// A purchase or a sale; `partial` where a price limit may stop it on its way.
	fn trade(partial: bool) -> Weight {
		let time = match partial {
			true => computation::PARTIAL_TRADE_PS,
			false => computation::TRADE_PS,
		};
		weigh(Self::database(), time, accesses::TRADE_READS, accesses::TRADE_WRITES)
	}

	/// Adding liquidity to a pool.
	fn inject() -> Weight {
		let (reads, writes) = (accesses::INJECTION_READS, accesses::INJECTION_WRITES);
		weigh(Self::database(), computation::INJECTION_PS, reads, writes)
	}
}

/// The weight of computation and of reads and writes.
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
