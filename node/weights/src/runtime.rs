//! The compiled runtime on a chain in memory.

use std::borrow::Cow;
use std::error::Error;

use codec::{Decode, Encode};
use frame_benchmarking::{BenchmarkBatch, BenchmarkConfig, BenchmarkList, BenchmarkResult};
use ganglion_runtime::RuntimeGenesisConfig;
use sc_client_db::BenchmarkingState;
use sc_executor::{HeapAllocStrategy, WasmExecutor};
use sp_core::traits::{CallContext, CodeExecutor, RuntimeCode, WrappedRuntimeCode};
use sp_runtime::{BuildStorage, Storage, traits::BlakeTwo256};
use sp_state_machine::{Ext, OverlayedChanges};
use sp_wasm_interface::ExtendedHostFunctions;
use sp_weights::Weight;

use crate::clock;
use crate::points::{Component, Point};

/// What the benchmarks call, with our clock in place of the stock one.
type HostFunctions = ExtendedHostFunctions<
	(
		sp_io::SubstrateHostFunctions,
		frame_benchmarking::benchmarking::HostFunctions,
	),
	clock::benchmarking::HostFunctions,
>;

/// A benchmark of the runtime.
pub(crate) struct Benchmark {
	pallet: Vec<u8>,
	instance: Vec<u8>,
	benchmark: Vec<u8>,
	pub(crate) components: Vec<Component>,
}

impl Benchmark {
	/// `pallet::benchmark`.
	pub(crate) fn name(&self) -> String {
		let text = String::from_utf8_lossy;
		format!("{}::{}", text(&self.pallet), text(&self.benchmark))
	}

	/// Whether it is one of this project's, which tell what they are charged.
	pub(crate) fn is_ours(&self) -> bool {
		const OURS: [&[u8]; 6] = [
			b"subtensor_",
			b"pallet_admin_utils",
			b"pallet_commitments",
			b"pallet_drand",
			b"pallet_swap",
			b"pallet_mev_shield",
		];
		OURS.iter().any(|prefix| self.pallet.starts_with(prefix))
	}
}

/// What a benchmark took, and what it is charged.
pub(crate) struct Cost {
	/// Least processor time, in picoseconds.
	pub(crate) time_ps: u64,
	/// Storage items read.
	pub(crate) reads: u64,
	/// Storage items written.
	pub(crate) writes: u64,
	/// What the items cost at the runtime's prices, in picoseconds.
	pub(crate) items_ps: u64,
	/// What is charged, in picoseconds; nothing for what nobody is charged for.
	pub(crate) declared_ps: Option<u64>,
}

impl Cost {
	/// Time and items together, in picoseconds.
	pub(crate) fn total_ps(&self) -> u64 {
		self.time_ps.saturating_add(self.items_ps)
	}
}

/// The compiled runtime.
pub(crate) struct Runtime {
	executor: WasmExecutor<HostFunctions>,
	code: WrappedRuntimeCode<'static>,
	genesis: Storage,
}

impl Runtime {
	/// The runtime that this program was built with, at the genesis of a chain without anything.
	///
	/// # Errors
	/// The program was built without the runtime's Wasm.
	pub(crate) fn new() -> Result<Self, Box<dyn Error>> {
		let blob = ganglion_runtime::WASM_BINARY
			.ok_or("ganglion-runtime was built without its Wasm blob: unset SKIP_WASM_BUILD and build it again")?;
		let heap = HeapAllocStrategy::Dynamic { maximum_pages: None };
		let executor = WasmExecutor::builder()
			.with_onchain_heap_alloc_strategy(heap)
			.with_offchain_heap_alloc_strategy(heap)
			.build();
		Ok(Self {
			executor,
			code: WrappedRuntimeCode(Cow::Borrowed(blob)),
			genesis: RuntimeGenesisConfig::default().build_storage()?,
		})
	}

	/// All benchmarks, those that no weight is made from, too.
	///
	/// # Errors
	/// The runtime does not answer.
	pub(crate) fn benchmarks(&self) -> Result<Vec<Benchmark>, Box<dyn Error>> {
		let answer = self.call("Benchmark_benchmark_metadata", &true.encode(), false)?;
		// What follows the list tells about storage items.
		let lists = Vec::<BenchmarkList>::decode(&mut &answer[..])?;
		let benchmarks = lists.into_iter().flat_map(|list| {
			let BenchmarkList {
				pallet,
				instance,
				benchmarks,
			} = list;
			benchmarks.into_iter().map(move |metadata| Benchmark {
				pallet: pallet.clone(),
				instance: instance.clone(),
				benchmark: metadata.name,
				components: metadata.components,
			})
		});
		Ok(benchmarks.collect())
	}

	/// Runs a benchmark at these values of its components: once with its verification and with counting, and then so many
	/// times for the time.
	///
	/// # Errors
	/// The benchmark fails.
	pub(crate) fn measure(&self, benchmark: &Benchmark, point: &Point, repeats: u32) -> Result<Cost, Box<dyn Error>> {
		let (counted, declared) = self.run(benchmark, point, true, 1)?;
		let (timed, _) = self.run(benchmark, point, false, repeats)?;
		let counts = counted.first().ok_or("the benchmark has no result")?;
		let nanoseconds = timed.iter().map(|result| result.extrinsic_time).min();
		let nanoseconds = nanoseconds.ok_or("the benchmark has no result")?;
		let (reads, writes) = (u64::from(counts.reads), u64::from(counts.writes));
		let prices = <ganglion_runtime::Runtime as frame_system::Config>::DbWeight::get();
		Ok(Cost {
			time_ps: u64::try_from(nanoseconds * 1_000)?,
			reads,
			writes,
			items_ps: prices.reads_writes(reads, writes).ref_time(),
			declared_ps: declared.map(|weight| weight.ref_time()),
		})
	}

	fn run(
		&self,
		benchmark: &Benchmark,
		point: &Point,
		counts: bool,
		repeats: u32,
	) -> Result<(Vec<BenchmarkResult>, Option<Weight>), Box<dyn Error>> {
		let config = BenchmarkConfig {
			pallet: benchmark.pallet.clone(),
			instance: benchmark.instance.clone(),
			benchmark: benchmark.benchmark.clone(),
			selected_components: point.clone(),
			verify: counts,
			internal_repeats: repeats,
		};
		let answer = self.call("MeasuredWeights_measure", &config.encode(), counts)?;
		let answer = Result::<(Vec<BenchmarkBatch>, Option<Weight>), String>::decode(&mut &answer[..])?;
		let (batches, declared) = answer?;
		let results = batches.into_iter().flat_map(|batch| batch.results).collect();
		Ok((results, declared))
	}

	/// Calls the runtime on the genesis state.
	fn call(&self, method: &str, argument: &[u8], counts: bool) -> Result<Vec<u8>, Box<dyn Error>> {
		let state = BenchmarkingState::<BlakeTwo256>::new(self.genesis.clone(), None, false, counts)?;
		let code = RuntimeCode {
			code_fetcher: &self.code,
			heap_pages: None,
			hash: b"the one runtime of this program".to_vec(),
		};
		let mut changes = OverlayedChanges::default();
		let mut externalities = Ext::new(&mut changes, &state, None);
		let context = CallContext::Offchain;
		let (answer, _) = self.executor.call(&mut externalities, &code, method, argument, context);
		Ok(answer?)
	}
}
