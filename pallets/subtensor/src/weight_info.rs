//! Weights of the calls and of the per-block work.
//!
//! There are no benchmarks yet. The figures of `impl WeightInfo for ()` are hand estimates: the storage
//! items that the code touches, counted generously, at the cost of the slower of the usual databases, plus
//! computation. They are meant to be too high rather than too low; a benchmark run replaces them.

use frame_support::weights::Weight;

/// Weights of the pallet's work.
pub trait WeightInfo {
	/// `set_weights` with this many destinations.
	fn set_weights(destinations: u32) -> Weight;
	/// `add_stake`.
	fn add_stake() -> Weight;
	/// `remove_stake`.
	fn remove_stake() -> Weight;
	/// `serve_axon` and `serve_axon_tls`.
	fn serve_axon() -> Weight;
	/// `burned_register` that searches this many neurons for one to replace (0 where the subnet is not full).
	fn burned_register(searched: u32) -> Weight;
	/// `register_network`.
	fn register_network() -> Weight;
	/// `increase_take` and `decrease_take`.
	fn set_take() -> Weight;
	/// `set_tempo` and `trigger_epoch`.
	fn set_tempo() -> Weight;
	/// The start of a block with this many subnets, epochs excluded.
	fn begin_block(subnets: u32) -> Weight;
	/// One epoch of a subnet with this many neurons and this many non-zero weights and bonds.
	fn epoch(neurons: u32, entries: u32) -> Weight;
}

/// Picoseconds of a storage read.
const READ_PS: u64 = 25_000_000;
/// Picoseconds of a storage write.
const WRITE_PS: u64 = 100_000_000;
/// Bytes that a storage item adds to the proof of a block; key path included.
const ITEM_PROOF_BYTES: u64 = 2_500;
/// Bytes of a full column or row in the proof of a block.
const COLUMN_PROOF_BYTES: u64 = 10_000;

/// The weight of work that takes `base_us` microseconds beside its reads and writes.
const fn estimate(base_us: u64, reads: u64, writes: u64, columns: u64) -> Weight {
	let time = base_us
		.saturating_mul(1_000_000)
		.saturating_add(reads.saturating_mul(READ_PS))
		.saturating_add(writes.saturating_mul(WRITE_PS));
	let items = reads.saturating_add(writes);
	let proof = items
		.saturating_mul(ITEM_PROOF_BYTES)
		.saturating_add(columns.saturating_mul(COLUMN_PROOF_BYTES));
	Weight::from_parts(time, proof)
}

impl WeightInfo for () {
	fn set_weights(destinations: u32) -> Weight {
		let destinations = u64::from(destinations);
		estimate(50, 16, 3, 3).saturating_add(Weight::from_parts(
			destinations.saturating_mul(500_000),
			destinations.saturating_mul(4),
		))
	}

	fn add_stake() -> Weight {
		estimate(100, 14, 9, 2)
	}

	fn remove_stake() -> Weight {
		estimate(100, 14, 9, 2)
	}

	fn serve_axon() -> Weight {
		estimate(50, 5, 3, 0)
	}

	fn burned_register(searched: u32) -> Weight {
		// A registration block, a weight row and a bond row of each; the rows may name the replaced uid.
		let searched = u64::from(searched);
		let reads = 30_u64.saturating_add(searched.saturating_mul(3));
		let writes = 30_u64.saturating_add(searched.saturating_mul(2));
		estimate(500, reads, writes, 10)
	}

	fn register_network() -> Weight {
		estimate(500, 30_u64.saturating_add(crate::MAX_SUBNETS as u64), 70, 10)
	}

	fn set_take() -> Weight {
		estimate(30, 4, 1, 0)
	}

	fn set_tempo() -> Weight {
		// `trigger_epoch` reads the more of the two: the subnet, its owner, and what the time of an epoch depends on.
		estimate(30, 8, 1, 0)
	}

	fn begin_block(subnets: u32) -> Weight {
		let subnets = u64::from(subnets);
		estimate(20, subnets.saturating_mul(16), subnets.saturating_mul(10), 0)
	}

	fn epoch(neurons: u32, entries: u32) -> Weight {
		let neurons = u64::from(neurons);
		let entries = u64::from(entries);
		estimate(500, neurons.saturating_mul(12), neurons.saturating_mul(6), 20).saturating_add(Weight::from_parts(
			entries.saturating_mul(2_000_000),
			entries.saturating_mul(4),
		))
	}
}
