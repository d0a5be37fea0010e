//! Weights of the calls and of the per-block work.
//!
//! A weight is the storage items that the work touches, at the price of the runtime's database, plus computation. The
//! numbers of items ([`accesses`]) are upper bounds that tests compare with what the code really touches. The computation
//! ([`computation`]) is measured. Events and the block number are not counted: every block reads and writes them anyway.

pub mod accesses;

#[cfg(test)]
mod tests;

use crate::{
	MAX_HOTKEYS_PER_COLDKEY, MAX_SEALED_COMMIT_BYTES, MAX_SEALED_COMMITS_PER_EPOCH, MAX_SUBNETS,
	MAX_VALIDATORS_PER_SUBNET, PAYMENTS_PER_BLOCK,
};
use core::marker::PhantomData;
use frame_support::weights::{RuntimeDbWeight, Weight, constants::ParityDbWeight};
use ganglion_primitives::beacon::OPEN_REF_TIME_PS;
use sp_runtime::traits::Get;

/// Computation beside reads and writes, in picoseconds, in compiled Wasm.
///
/// Those of an epoch are the fit of whole epochs with liquid alpha, the slowest rule, in the compiled runtime, raised until
/// no measured time is above it (`cargo run -p ganglion-node --example epoch_cost` measures and fits; without liquid alpha
/// an entry takes less than half). Host calls and look-ups in a trie in memory are part of them, so that what the database
/// charges comes on top. The others are above what `cargo xtask weights` measures of them, each in the compiled runtime at
/// its largest (`runtime/WEIGHTS.md`), with room for a processor that is busy with other things beside.
pub mod computation {
	/// An epoch of an empty subnet.
	pub const EPOCH_BASE_PS: u64 = 600_000_000;
	/// What a neuron adds to an epoch: its columns, and putting aside what it is to be paid.
	pub const EPOCH_NEURON_PS: u64 = 8_000_000;
	/// What a validator adds to an epoch, its entries excluded: its rows are found and stored, and its pots, of which it may
	/// have one for each subnet.
	pub const EPOCH_VALIDATOR_PS: u64 = 60_000_000;
	/// What a weight or a bond adds to an epoch, loading and storing included.
	pub const EPOCH_ENTRY_PS: u64 = 150_000;
	/// Payments to no neuron: what is pending, paid and put aside.
	pub const PAYOUT_BASE_PS: u64 = 250_000_000;
	/// What a neuron that is paid adds to a payout.
	pub const PAYOUT_PAYMENT_PS: u64 = 32_000_000;
	/// `set_weights` without destinations, on the largest subnet: two of its columns are read, one is written.
	pub const SET_WEIGHTS_BASE_PS: u64 = 560_000_000;
	/// What a destination adds to `set_weights`.
	pub const SET_WEIGHTS_DESTINATION_PS: u64 = 50_000;
	/// Appending to the longest list of sealed weights.
	pub const SEALED_APPEND_PS: u64 = 1_700_000_000;
	/// A call that changes a stake; on root dividends are settled.
	pub const STAKE_PS: u64 = 450_000_000;
	/// Appending to the longest queue of subnets to dissolve.
	pub const DISSOLVE_PS: u64 = 200_000_000;
	/// A call that changes a few items.
	pub const CALL_PS: u64 = 100_000_000;
	/// Finding out how much of a move its limit allows: some thirty trades, undone again.
	pub const MOVE_TRIALS_PS: u64 = 3_000_000_000;
	/// A registration: it moves money, searches the columns of a subnet and changes them all.
	pub const REGISTRATION_PS: u64 = 500_000_000;
	/// What a neuron adds that loses its uid to a smaller subnet, and one that takes its place.
	pub const TRIMMED_PS: u64 = 200_000_000;
	/// What a row, of up to as many entries as a subnet has neurons, adds to the removal of what is said about a neuron.
	pub const REPLACED_ROW_PS: u64 = 30_000_000;
	/// Reading and writing the longest list of sealed weights: four megabytes.
	pub const SEALED_LIST_PS: u64 = 20_000_000_000;
	/// A row or a position of a subnet that is cleaned up, or one of another subnet that lies in the way.
	pub const CLEANUP_ROW_PS: u64 = 20_000_000;
	/// A payment to a holder of alpha.
	pub const CLEANUP_PAYMENT_PS: u64 = 120_000_000;
	/// The removal of what is one item a subnet.
	pub const RECORDS_PS: u64 = 600_000_000;
	/// The search for the largest trade within a price limit: up to 66 powers, twice, and half as much again to spare.
	pub const LIMIT_SEARCH_PS: u64 = 5_000_000_000;
	/// What a subnet adds to the start of a block.
	pub const BLOCK_SUBNET_PS: u64 = 150_000_000;
}

/// Bytes that a storage item adds to the proof of a block, key path included.
const ITEM_PROOF_BYTES: u64 = 2_500;
/// Bytes of the longest column.
const COLUMN_PROOF_BYTES: u64 = 33_000;
/// Bytes of a payment that is put aside.
const PAYMENT_PROOF_BYTES: u64 = 56;
/// Bytes of an entry of a row.
const ENTRY_PROOF_BYTES: u64 = 4;

/// Weights of the pallet's work, at the prices of a database.
pub trait WeightInfo {
	/// What the database charges for a read and for a write.
	fn database() -> RuntimeDbWeight;

	/// `set_weights` with this many destinations.
	fn set_weights(destinations: u32) -> Weight {
		let destinations = u64::from(destinations);
		let time = computation::SET_WEIGHTS_BASE_PS
			.saturating_add(destinations.saturating_mul(computation::SET_WEIGHTS_DESTINATION_PS));
		let (reads, writes) = (accesses::SET_WEIGHTS_READS, accesses::SET_WEIGHTS_WRITES);
		let entries = destinations.saturating_mul(ENTRY_PROOF_BYTES);
		weigh(Self::database(), time, reads, writes, 2).saturating_add(Weight::from_parts(0, entries))
	}

	/// `batch_set_weights` of this many rows with this many destinations in all.
	fn batch_set_weights(rows: u32, destinations: u32) -> Weight {
		let each = Self::set_weights(0).saturating_mul(u64::from(rows));
		each.saturating_add(Self::set_weights(destinations))
	}

	/// `commit_weights` and `commit_mechanism_weights`.
	fn commit_weights() -> Weight {
		let (reads, writes) = (accesses::SET_WEIGHTS_READS, accesses::SET_WEIGHTS_WRITES);
		weigh(Self::database(), computation::SET_WEIGHTS_BASE_PS, reads, writes, 2)
	}

	/// `commit_timelocked_weights` and `commit_timelocked_mechanism_weights`: three items beside those of a commit, one of
	/// which is a list that is appended to.
	fn commit_sealed_weights() -> Weight {
		let list = Weight::from_parts(computation::SEALED_APPEND_PS, SEALED_LIST_PROOF_BYTES);
		Self::commit_weights()
			.saturating_add(Self::database().reads_writes(5, 3))
			.saturating_add(list)
	}

	/// `reveal_weights` and `reveal_mechanism_weights` with this many destinations.
	fn reveal_weights(destinations: u32) -> Weight {
		Self::set_weights(destinations).saturating_add(Self::database().reads_writes(7, 3))
	}

	/// `batch_reveal_weights` of this many rows with this many destinations in all.
	fn batch_reveal_weights(rows: u32, destinations: u32) -> Weight {
		let each = Self::reveal_weights(0).saturating_mul(u64::from(rows));
		each.saturating_add(Self::reveal_weights(destinations))
	}

	/// Removing what bond rows say about a neuron: each validator may have one.
	fn reset_bonds() -> Weight {
		let rows = u64::from(MOST_VALIDATORS);
		let time = rows.saturating_mul(computation::REPLACED_ROW_PS);
		let reads = rows.saturating_mul(accesses::REPLACED_ROW_READS).saturating_add(2);
		weigh(Self::database(), time, reads, rows, rows)
	}

	/// Looking whether the rounds have come that this many lists of sealed weights wait for.
	fn look_for_rounds(lists: u32) -> Weight {
		let reads = u64::from(lists).saturating_add(1);
		weigh(Self::database(), computation::CALL_PS, reads, 1, 1)
	}

	/// Opening this many sealed rows of one list, and setting them.
	fn open_sealed_weights(rows: u32) -> Weight {
		let open = Weight::from_parts(OPEN_REF_TIME_PS, 0).saturating_add(Self::reveal_weights(MOST_SEALED_WEIGHTS));
		let list = Weight::from_parts(computation::SEALED_LIST_PS, SEALED_LIST_PROOF_BYTES);
		open.saturating_mul(u64::from(rows)).saturating_add(list)
	}

	/// `add_stake`.
	fn add_stake() -> Weight {
		change_of_stake(Self::database())
	}

	/// `remove_stake`.
	fn remove_stake() -> Weight {
		change_of_stake(Self::database())
	}

	/// `add_stake_limit` and `remove_stake_limit`: the largest amount within a limit is searched for.
	fn limit_order() -> Weight {
		change_of_stake(Self::database()).saturating_add(Weight::from_parts(computation::LIMIT_SEARCH_PS, 0))
	}

	/// `move_stake` and its kin; one that finds out how much it may move tries.
	fn move_stake(tries: bool) -> Weight {
		let (reads, writes) = (accesses::MOVE_READS, accesses::MOVE_WRITES);
		let trials = if tries { computation::MOVE_TRIALS_PS } else { 0 };
		let time = computation::CALL_PS.saturating_mul(2).saturating_add(trials);
		weigh(Self::database(), time, reads, writes, 2)
	}

	/// `unstake_all` and `unstake_all_alpha` that sell on this many subnets.
	fn unstake_all(legs: u32) -> Weight {
		let legs = u64::from(legs);
		// Every position of the hotkey is looked at, and whether its subnet can be traded; the last leg is the stake on root.
		let found = u64::from(MAX_SUBNETS).saturating_add(1).saturating_mul(3);
		let time = computation::CALL_PS.saturating_mul(legs.saturating_add(1));
		let reads = accesses::STAKE_READS
			.saturating_mul(legs.saturating_add(1))
			.saturating_add(found);
		let writes = accesses::STAKE_WRITES.saturating_mul(legs.saturating_add(1));
		weigh(Self::database(), time, reads, writes, 1)
	}

	/// `try_associate_hotkey`.
	fn associate_hotkey() -> Weight {
		let (reads, writes) = (accesses::ASSOCIATE_READS, accesses::ASSOCIATE_WRITES);
		weigh(Self::database(), computation::CALL_PS, reads, writes, 1)
	}

	/// `serve_axon`, `serve_axon_tls` and `serve_prometheus`.
	fn serve_axon() -> Weight {
		let (reads, writes) = (accesses::SERVE_READS, accesses::SERVE_WRITES);
		weigh(Self::database(), computation::CALL_PS, reads, writes, 0)
	}

	/// `burned_register`, `register_limit`, `pow_register` or `root_register` that searches this many neurons for one to replace (0 where the subnet is not full).
	fn burned_register(searched: u32) -> Weight {
		let searched = u64::from(searched);
		// Each neuron may have a weight row, each validator and the owner a bond row; all may name the replaced uid.
		let rows = searched.saturating_add(searched.min(MOST_VALIDATORS as u64));
		let search = if searched > 0 { accesses::SEARCH_READS } else { 0 };
		let reads = accesses::REGISTER_READS
			.saturating_add(search)
			.saturating_add(rows.saturating_mul(accesses::REPLACED_ROW_READS));
		let writes = accesses::REGISTER_WRITES.saturating_add(rows);
		let time = rows.saturating_mul(computation::REPLACED_ROW_PS);
		let time = time.saturating_add(computation::REGISTRATION_PS);
		weigh(Self::database(), time, reads, writes, rows.saturating_add(10))
	}

	/// Taking uids from `trimmed` neurons of a subnet of `n`: all rows may name them, and as many neurons may move.
	fn trim_neurons(n: u32, trimmed: u32) -> Weight {
		let (n, trimmed) = (u64::from(n), u64::from(trimmed));
		let rows = n.saturating_add(n.min(MOST_VALIDATORS as u64));
		let reads = accesses::SEARCH_READS
			.saturating_add(accesses::TRIM_READS)
			.saturating_add(rows.saturating_mul(accesses::REPLACED_ROW_READS))
			.saturating_add(trimmed.saturating_mul(accesses::TRIMMED_READS));
		let writes = accesses::TRIM_WRITES
			.saturating_add(rows)
			.saturating_add(trimmed.saturating_mul(accesses::TRIMMED_WRITES));
		let time = rows.saturating_mul(computation::REPLACED_ROW_PS);
		let time = time.saturating_add(trimmed.saturating_mul(computation::TRIMMED_PS));
		let time = time.saturating_add(computation::REGISTRATION_PS);
		weigh(Self::database(), time, reads, writes, rows.saturating_add(10))
	}

	/// `register_network` and `register_network_with_identity`, and a registration that has waited.
	fn register_network() -> Weight {
		let subnets = (MAX_SUBNETS as u64).saturating_mul(accesses::NETWORK_SUBNET_READS);
		let reads = accesses::NETWORK_READS.saturating_add(subnets);
		let writes = accesses::NETWORK_WRITES;
		let time = computation::REGISTRATION_PS.saturating_mul(2);
		weigh(Self::database(), time, reads, writes, 13)
	}

	/// `dissolve_network` and `root_dissolve_network`; the clean-up is not included.
	fn dissolve_network() -> Weight {
		let (reads, writes) = (accesses::DISSOLVE_READS, accesses::DISSOLVE_WRITES);
		weigh(Self::database(), computation::DISSOLVE_PS, reads, writes, 0)
	}

	/// `start_call`.
	fn start_call() -> Weight {
		let (reads, writes) = (accesses::START_READS, accesses::START_WRITES);
		weigh(Self::database(), computation::CALL_PS, reads, writes, 0)
	}

	/// `set_identity` of a coldkey with as many hotkeys as it may have.
	fn set_identity() -> Weight {
		let hotkeys = u64::from(MAX_HOTKEYS_PER_COLDKEY).saturating_mul(accesses::IDENTITY_HOTKEY_READS);
		let reads = accesses::IDENTITY_READS.saturating_add(hotkeys);
		weigh(Self::database(), computation::REGISTRATION_PS, reads, 1, 1)
	}

	/// `set_subnet_identity`.
	fn set_subnet_identity() -> Weight {
		weigh(
			Self::database(),
			computation::CALL_PS,
			accesses::SUBNET_IDENTITY_READS,
			1,
			1,
		)
	}

	/// `update_symbol`: the symbols of all subnets are looked at.
	fn update_symbol() -> Weight {
		let reads = accesses::SYMBOL_READS.saturating_add((MAX_SUBNETS as u64).saturating_mul(2));
		weigh(Self::database(), computation::CALL_PS, reads, 1, 0)
	}

	/// The start of a block as far as subnets go and come; what is cleaned up, and registered, is not included.
	fn renew_subnets() -> Weight {
		let (reads, writes) = (accesses::RENEWAL_READS, accesses::RENEWAL_WRITES);
		weigh(Self::database(), computation::CALL_PS, reads, writes, 3)
	}

	/// What is divided between the holders of a dissolved subnet's alpha, and between whom, is noted.
	fn cleanup_settlement() -> Weight {
		let (reads, writes) = (accesses::SETTLEMENT_READS, accesses::SETTLEMENT_WRITES);
		weigh(Self::database(), computation::CALL_PS, reads, writes, 0)
	}

	/// A stake position of another subnet is passed.
	fn cleanup_scan() -> Weight {
		weigh(Self::database(), computation::CLEANUP_ROW_PS, 2, 0, 0)
	}

	/// A holder of a dissolved subnet's alpha is paid.
	fn cleanup_payment() -> Weight {
		let (reads, writes) = (accesses::CLEANUP_PAYMENT_READS, accesses::CLEANUP_PAYMENT_WRITES);
		weigh(Self::database(), computation::CLEANUP_PAYMENT_PS, reads, writes, 1)
	}

	/// So many rows of a dissolved subnet are removed.
	fn cleanup_rows(rows: u32) -> Weight {
		let rows = u64::from(rows);
		let time = rows.saturating_mul(computation::CLEANUP_ROW_PS);
		weigh(Self::database(), time, rows.saturating_mul(2), rows, 0)
	}

	/// What is one item of a dissolved subnet is removed.
	fn cleanup_records() -> Weight {
		let (reads, writes) = (accesses::RECORDS_READS, accesses::RECORDS_WRITES);
		weigh(Self::database(), computation::RECORDS_PS, reads, writes, 14)
	}

	/// `claim_root` and `claim_root_with_hotkey` that look at so many dividends on so many hotkeys.
	fn claim_root(hotkeys: u32, rows: u32) -> Weight {
		let (hotkeys, rows) = (u64::from(hotkeys), u64::from(rows));
		let reads = accesses::CLAIM_READS
			.saturating_add(hotkeys.saturating_mul(accesses::CLAIM_HOTKEY_READS))
			.saturating_add(rows.saturating_mul(accesses::CLAIM_ROW_READS));
		let writes = accesses::CLAIM_WRITES
			.saturating_add(hotkeys.saturating_mul(accesses::CLAIM_HOTKEY_WRITES))
			.saturating_add(rows.saturating_mul(accesses::CLAIM_ROW_WRITES));
		let items = hotkeys.saturating_add(rows).saturating_add(1);
		let time = items.saturating_mul(computation::CALL_PS);
		weigh(Self::database(), time, reads, writes, hotkeys.saturating_add(1))
	}

	/// `increase_take` and `decrease_take`.
	fn set_take() -> Weight {
		// Whose hotkey it is, the take, when it was changed last, and the bounds.
		weigh(Self::database(), computation::CALL_PS, 5, 2, 0)
	}

	/// `set_tempo` and `trigger_epoch`.
	fn set_tempo() -> Weight {
		// The subnet, its owner, what the time of an epoch depends on, and what limits the owner.
		weigh(Self::database(), computation::CALL_PS, 10, 2, 0)
	}

	/// The start of a block with this many subnets, epochs excluded.
	fn begin_block(subnets: u32) -> Weight {
		let subnets = u64::from(subnets);
		let time = computation::CALL_PS.saturating_add(subnets.saturating_mul(computation::BLOCK_SUBNET_PS));
		let reads = accesses::BLOCK_READS.saturating_add(subnets.saturating_mul(accesses::BLOCK_SUBNET_READS));
		let writes = accesses::BLOCK_WRITES.saturating_add(subnets.saturating_mul(accesses::BLOCK_SUBNET_WRITES));
		weigh(Self::database(), time, reads, writes, 1)
	}

	/// One epoch of a subnet with this many neurons, this many of which may validate, and this many weights and bonds of
	/// those. Payments are not included ([`WeightInfo::payout`]), but that those to all neurons are put aside.
	fn epoch(neurons: u32, validators: u32, entries: u32) -> Weight {
		let (neurons, validators, entries) = (u64::from(neurons), u64::from(validators), u64::from(entries));
		let time = computation::EPOCH_BASE_PS
			.saturating_add(neurons.saturating_mul(computation::EPOCH_NEURON_PS))
			.saturating_add(validators.saturating_mul(computation::EPOCH_VALIDATOR_PS))
			.saturating_add(entries.saturating_mul(computation::EPOCH_ENTRY_PS));
		let pages = neurons.div_ceil(u64::from(PAYMENTS_PER_BLOCK));
		let reads = accesses::EPOCH_READS
			.saturating_add(neurons.saturating_mul(accesses::EPOCH_NEURON_READS))
			.saturating_add(validators.saturating_mul(accesses::EPOCH_VALIDATOR_READS));
		let writes = accesses::EPOCH_WRITES
			.saturating_add(pages)
			.saturating_add(validators.saturating_mul(accesses::EPOCH_VALIDATOR_WRITES));
		let rows = Weight::from_parts(0, entries.saturating_mul(ENTRY_PROOF_BYTES));
		weigh(Self::database(), time, reads, writes, 10).saturating_add(rows)
	}

	/// Payments to this many neurons of a subnet, at its epoch or of a page that was put aside.
	fn payout(payments: u32) -> Weight {
		let payments = u64::from(payments);
		let time = computation::PAYOUT_BASE_PS.saturating_add(payments.saturating_mul(computation::PAYOUT_PAYMENT_PS));
		let reads = accesses::PAYOUT_READS.saturating_add(payments.saturating_mul(accesses::PAYOUT_PAYMENT_READS));
		let writes = accesses::PAYOUT_WRITES.saturating_add(payments.saturating_mul(accesses::PAYOUT_PAYMENT_WRITES));
		let page = Weight::from_parts(0, payments.saturating_mul(PAYMENT_PROOF_BYTES));
		weigh(Self::database(), time, reads, writes, 0).saturating_add(page)
	}
}

/// Bytes of the longest list of sealed weights.
const SEALED_LIST_PROOF_BYTES: u64 =
	(MAX_SEALED_COMMITS_PER_EPOCH as u64).saturating_mul((MAX_SEALED_COMMIT_BYTES as u64).saturating_add(64));

/// Most weights that fit into a sealed row: two bytes for each uid and for each value.
const MOST_SEALED_WEIGHTS: u32 = MAX_SEALED_COMMIT_BYTES / 4;

/// Most uids of a subnet that may validate: those with a permit, and the owner.
pub(crate) const MOST_VALIDATORS: u32 = (MAX_VALIDATORS_PER_SUBNET as u32).saturating_add(1);

/// The weight of computation, of reads and writes, and of as many whole columns among them.
fn weigh(database: RuntimeDbWeight, time_ps: u64, reads: u64, writes: u64, columns: u64) -> Weight {
	let items = reads.saturating_add(writes);
	let proof = items
		.saturating_mul(ITEM_PROOF_BYTES)
		.saturating_add(columns.saturating_mul(COLUMN_PROOF_BYTES));
	let storage = database.reads(reads).saturating_add(database.writes(writes));
	storage.saturating_add(Weight::from_parts(time_ps, proof))
}

/// The weight of `add_stake` and of `remove_stake`.
fn change_of_stake(database: RuntimeDbWeight) -> Weight {
	let (reads, writes) = (accesses::STAKE_READS, accesses::STAKE_WRITES);
	weigh(database, computation::STAKE_PS, reads, writes, 1)
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
