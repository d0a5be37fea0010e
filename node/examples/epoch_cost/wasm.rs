//! Calls into the compiled runtime, and their times.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::time::{Duration, Instant};

use codec::{Decode, Encode};
use ganglion_runtime::Header;
use pallet_subtensor::{PendingEpochAt, SubnetEpochIndex};
use sc_executor::WasmExecutor;
use sp_core::{
	Blake2Hasher,
	storage::StateVersion,
	traits::{CallContext, CodeExecutor, RuntimeCode, WrappedRuntimeCode},
};
use sp_io::SubstrateHostFunctions;
use sp_state_machine::{Backend, Ext, OverlayedChanges, TrieBackend, TrieBackendBuilder};
use sp_trie::{
	PrefixedMemoryDB,
	cache::{CacheSize, LocalTrieCache, SharedTrieCache},
	recorder::Recorder,
};
use yuma::{EpochOutput, OwnedEpochInput, Workspace};

use crate::subnet::{NETUID, Subnet};

/// The node's own default.
const TRIE_CACHE_BYTES: usize = 1 << 30;

type State<'a> = TrieBackend<&'a PrefixedMemoryDB<Blake2Hasher>, Blake2Hasher, LocalTrieCache<Blake2Hasher>>;
/// What a block has changed so far.
pub(crate) type Changes = OverlayedChanges<Blake2Hasher>;

/// A time in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Time {
	pub(crate) median: f64,
	pub(crate) least: f64,
}

impl Time {
	pub(crate) fn of(mut times: Vec<Duration>) -> Self {
		times.sort_unstable();
		let at = |index: usize| times.get(index).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3);
		Self {
			median: at(times.len() / 2),
			least: at(0),
		}
	}

	fn minus(self, other: Self) -> Self {
		Self {
			median: self.median - other.median,
			least: self.least - other.least,
		}
	}
}

impl fmt::Display for Time {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(formatter, "{:.2} ({:.2})", self.median, self.least)
	}
}

/// What one epoch costs. The times are those of a block with the epoch less those of the same block without it.
pub(crate) struct Cost {
	/// Weights and bonds that are stored before the epoch.
	pub(crate) entries: u64,
	/// `Core_initialize_block`, with the trie's nodes in the node's cache and its values not.
	pub(crate) epoch: Time,
	/// The storage root over the block's changes.
	pub(crate) root: Time,
	/// `epoch` without any trie cache: each look-up decodes every node on its way.
	pub(crate) cold: Time,
	/// Consensus alone, in Wasm.
	pub(crate) arithmetic: Time,
	/// Decoding the same numbers, as a runtime API gets them, in Wasm.
	pub(crate) decoding: Time,
	/// Consensus alone, natively.
	pub(crate) native: Time,
	/// Storage items read from the state.
	pub(crate) reads: usize,
	/// Storage items written.
	pub(crate) writes: usize,
	/// What the epoch adds to the proof of the block's storage accesses.
	pub(crate) proof_bytes: usize,
}

/// The compiled runtime in the node's executor.
pub(crate) struct Runtime {
	executor: WasmExecutor<SubstrateHostFunctions>,
	blob: WrappedRuntimeCode<'static>,
}

impl Runtime {
	pub(crate) fn new() -> Result<Self, Box<dyn Error>> {
		let blob = ganglion_runtime::WASM_BINARY
			.ok_or("ganglion-runtime was built without its Wasm blob: unset SKIP_WASM_BUILD and build it again")?;
		Ok(Self {
			executor: WasmExecutor::builder().build(),
			blob: WrappedRuntimeCode(Cow::Borrowed(blob)),
		})
	}

	/// Calls the runtime and takes the time.
	pub(crate) fn call<B: Backend<Blake2Hasher>>(
		&self,
		state: &B,
		changes: &mut Changes,
		method: &str,
		argument: &[u8],
	) -> Result<(Vec<u8>, Duration), Box<dyn Error>> {
		let code = RuntimeCode {
			code_fetcher: &self.blob,
			heap_pages: None,
			hash: b"the one runtime of this program".to_vec(),
		};
		let mut externalities = Ext::new(changes, state, None);
		let context = CallContext::Onchain { import: false };
		let start = Instant::now();
		let (answer, _) = self.executor.call(&mut externalities, &code, method, argument, context);
		let time = start.elapsed();
		Ok((answer?, time))
	}

	/// Measures the epoch for which the subnet waits.
	pub(crate) fn epoch_cost(&self, subnet: &mut Subnet, repetitions: usize) -> Result<Cost, Box<dyn Error>> {
		let input = subnet.epoch_input()?;
		let entries = input
			.mechanisms
			.iter()
			.flat_map(|mechanism| mechanism.weights.iter().chain(&mechanism.bonds));
		let entries = entries.map(|row| row.len() as u64).sum();
		let (epoch, root) = self.block_time(subnet, Cache::Nodes, repetitions)?;
		let (cold, _) = self.block_time(subnet, Cache::Nothing, repetitions.div_ceil(3))?;
		let idle_access = self.accesses(subnet, false)?;
		let due_access = self.accesses(subnet, true)?;
		let (arithmetic, decoding) = self.arithmetic_time(subnet, &input, repetitions)?;
		Ok(Cost {
			entries,
			epoch,
			root,
			cold,
			arithmetic,
			decoding,
			native: native_time(&input, repetitions),
			reads: due_access.reads.saturating_sub(idle_access.reads),
			writes: due_access.writes.saturating_sub(idle_access.writes),
			proof_bytes: due_access.proof_bytes.saturating_sub(idle_access.proof_bytes),
		})
	}

	/// What the epoch adds to the times of `Core_initialize_block` and of the storage root after it.
	///
	/// Blocks with and without the epoch take turns, so that whatever else the machine does meets both.
	fn block_time(&self, subnet: &Subnet, cache: Cache, repetitions: usize) -> Result<(Time, Time), Box<dyn Error>> {
		let header = subnet.header();
		let shared = SharedTrieCache::new(CacheSize::new(TRIE_CACHE_BYTES), None);
		let mut times: [Vec<Duration>; 4] = Default::default();
		// The first blocks are not counted: they fill the cache, and the very first compiles the runtime.
		for repetition in 0..=repetitions {
			for due in [false, true] {
				// The node looks values up under the state's root, which every block changes. Nodes go by their own hash.
				shared.reset_value_cache();
				let cache = (cache == Cache::Nodes).then(|| shared.local_cache_trusted());
				let state = state(subnet, cache);
				let mut changes = Changes::default();
				let call = self.begin_block(&state, &mut changes, &header, due)?;
				let start = Instant::now();
				changes.storage_root(&state, StateVersion::V1);
				let root = start.elapsed();
				if repetition > 0 {
					times[usize::from(due)].push(call);
					times[2 + usize::from(due)].push(root);
				}
			}
		}
		let [idle, due, idle_root, due_root] = times.map(Time::of);
		Ok((due.minus(idle), due_root.minus(idle_root)))
	}

	/// Begins the block for which the epoch was asked, or the same without having asked, and makes sure that it does what
	/// is expected.
	pub(crate) fn begin_block<B: Backend<Blake2Hasher>>(
		&self,
		state: &B,
		changes: &mut Changes,
		header: &Header,
		due: bool,
	) -> Result<Duration, Box<dyn Error>> {
		if !due {
			let asked_for = PendingEpochAt::<ganglion_runtime::Runtime>::hashed_key_for(NETUID);
			changes.set_storage(asked_for, None);
		}
		let (_, time) = self.call(state, changes, "Core_initialize_block", &header.encode())?;
		let key = SubnetEpochIndex::<ganglion_runtime::Runtime>::hashed_key_for(NETUID);
		let ran = changes.storage(&key).is_some();
		if ran == due {
			return Ok(time);
		}
		let (expected, came) = if due { ("an", "none") } else { ("no", "one") };
		Err(format!("{expected} epoch was due in block {}, {came} ran", header.number).into())
	}

	fn accesses(&self, subnet: &Subnet, due: bool) -> Result<Accesses, Box<dyn Error>> {
		let recorder = Recorder::default();
		let state: State<'_> = TrieBackendBuilder::wrap(&subnet.externalities.backend)
			.with_optional_cache(None)
			.with_recorder(recorder.clone())
			.build();
		let mut changes = Changes::default();
		self.begin_block(&state, &mut changes, &subnet.header(), due)?;
		Ok(Accesses {
			reads: recorder.recorded_keys().values().map(|keys| keys.len()).sum(),
			writes: changes.changes().count(),
			proof_bytes: recorder.to_storage_proof().encoded_size(),
		})
	}

	/// The times of consensus alone and of decoding its input.
	fn arithmetic_time(
		&self,
		subnet: &Subnet,
		input: &OwnedEpochInput,
		repetitions: usize,
	) -> Result<(Time, Time), Box<dyn Error>> {
		// What goes beyond `n` is decoded and then ignored.
		let decoded_only = OwnedEpochInput { n: 0, ..input.clone() };
		let whole = self.api_time(subnet, input, repetitions)?;
		let decoding = self.api_time(subnet, &decoded_only, repetitions)?;
		Ok((whole.minus(decoding), decoding))
	}

	fn api_time(&self, subnet: &Subnet, input: &OwnedEpochInput, repetitions: usize) -> Result<Time, Box<dyn Error>> {
		let argument = input.encode();
		let state = state(subnet, None);
		let mut times = Vec::new();
		for _ in 0..repetitions {
			let mut changes = Changes::default();
			let (answer, time) = self.call(&state, &mut changes, "YumaApi_run_epoch", &argument)?;
			EpochOutput::decode(&mut &answer[..])?;
			times.push(time);
		}
		Ok(Time::of(times))
	}
}

/// What of the state is in the node's cache.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cache {
	Nodes,
	Nothing,
}

/// What a block touches.
struct Accesses {
	reads: usize,
	writes: usize,
	proof_bytes: usize,
}

/// The subnet's state as a block finds it.
pub(crate) fn state(subnet: &Subnet, cache: Option<LocalTrieCache<Blake2Hasher>>) -> State<'_> {
	TrieBackendBuilder::wrap(&subnet.externalities.backend)
		.with_optional_cache(cache)
		.build()
}

fn native_time(input: &OwnedEpochInput, repetitions: usize) -> Time {
	let (mut workspace, mut output) = (Workspace::default(), EpochOutput::default());
	let mut times = Vec::new();
	input.with_borrowed(|input| {
		for _ in 0..repetitions {
			let start = Instant::now();
			yuma::run_epoch(input, &mut workspace, &mut output);
			times.push(start.elapsed());
		}
	});
	Time::of(times)
}
