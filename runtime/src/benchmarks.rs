//! The benchmarks of this runtime, and what each of them is charged.
//!
//! Only in builds with the feature `runtime-benchmarks`; `node/weights` runs them in Wasm.

#![allow(unreachable_pub, reason = "the declaration of a runtime API makes public items")]

use crate::{AdminUtils, Commitments, Drand, MevShield, Swap, Timestamp};
use crate::{AllPalletsWithSystem, Balances, Multisig, Preimage, Proxy, Runtime, SafeMode, Scheduler, Sudo, Utility};
use alloc::{string::String, vec::Vec};
use frame_benchmarking::{BenchmarkBatch, BenchmarkConfig, BenchmarkList};
use frame_support::{
	traits::{StorageInfo, StorageInfoTrait, WhitelistedStorageKeys},
	weights::Weight,
};
use frame_system_benchmarking::Pallet as SystemBenchmarks;
use pallet_subtensor::benchmarking as subtensor;

frame_benchmarking::define_benchmarks!(
	[subtensor_weights, subtensor::weights::Pallet::<Runtime>]
	[subtensor_sealed, subtensor::sealed::Pallet::<Runtime>]
	[subtensor_staking, subtensor::staking::Pallet::<Runtime>]
	[subtensor_moves, subtensor::moves::Pallet::<Runtime>]
	[subtensor_registration, subtensor::registration::Pallet::<Runtime>]
	[subtensor_subnets, subtensor::subnets::Pallet::<Runtime>]
	[subtensor_root, subtensor::root::Pallet::<Runtime>]
	[subtensor_blocks, subtensor::blocks::Pallet::<Runtime>]
	[subtensor_cleanup, subtensor::cleanup::Pallet::<Runtime>]
	[pallet_admin_utils, AdminUtils]
	[pallet_commitments, Commitments]
	[pallet_drand, Drand]
	[pallet_swap, Swap]
	[pallet_mev_shield, MevShield]
	[frame_system, SystemBenchmarks::<Runtime>]
	[pallet_timestamp, Timestamp]
	[pallet_balances, Balances]
	[pallet_utility, Utility]
	[pallet_sudo, Sudo]
	[pallet_multisig, Multisig]
	[pallet_preimage, Preimage]
	[pallet_scheduler, Scheduler]
	[pallet_proxy, Proxy]
	[pallet_safe_mode, SafeMode]
);

impl frame_system_benchmarking::Config for Runtime {}

sp_api::decl_runtime_apis! {
	/// Runs benchmarks, and tells what their work is charged.
	pub trait MeasuredWeights {
		/// Runs a benchmark at some values of its components. With what it is charged there, where the benchmark says so:
		/// those of this project do.
		fn measure(config: BenchmarkConfig) -> Result<(Vec<BenchmarkBatch>, Option<Weight>), String>;
	}
}

/// All benchmarks.
pub(crate) fn metadata(extra: bool) -> (Vec<BenchmarkList>, Vec<StorageInfo>) {
	let mut list = Vec::new();
	list_benchmarks!(list, extra);
	(list, AllPalletsWithSystem::storage_info())
}

/// Runs a benchmark.
pub(crate) fn dispatch(config: BenchmarkConfig) -> Result<Vec<BenchmarkBatch>, String> {
	let whitelist = AllPalletsWithSystem::whitelisted_storage_keys();
	let mut batches = Vec::new();
	let parameters = (&config, &whitelist);
	add_benchmarks!(parameters, batches);
	Ok(batches)
}

/// Runs a benchmark, and tells what its work is charged.
pub(crate) fn measure(config: BenchmarkConfig) -> Result<(Vec<BenchmarkBatch>, Option<Weight>), String> {
	// What an earlier one left is none of this one's.
	ganglion_primitives::benchmarking::declared();
	let batches = dispatch(config)?;
	Ok((batches, ganglion_primitives::benchmarking::declared()))
}
