//! The compiled runtime's consensus arithmetic: byte for byte what the same code computes natively.
//!
//! The runtime is the Wasm blob that the node embeds in its chain specifications, and it runs in the node's executor.
//! There a machine word is 32 bits wide and memory is scarce, which is where the two could part.

mod hostile;
mod vector;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use codec::{DecodeAll, Encode};
use hostile::Random;
use sc_executor::WasmExecutor;
use sp_core::traits::{CallContext, CodeExecutor, RuntimeCode, WrappedRuntimeCode};
use sp_io::{SubstrateHostFunctions, TestExternalities};
use vector::Case;
use yuma::{EpochOutput, OwnedEpochInput, Workspace};

/// Hostile inputs to try.
const HOSTILE_INPUTS: u32 = 400;
/// Cases in `pallets/yuma/tests/vectors`, at least.
const VECTORS: usize = 243;
/// Fields of each of their outputs.
const FIELDS: usize = 11;
/// Stakes that take more than the 32 MiB that the runtime's memory has in one piece.
const TOO_MANY_STAKES: usize = 5_000_000;

/// One for all tests: Wasm takes seconds to compile.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(Runtime::new);

/// The compiled runtime in the node's executor.
struct Runtime {
	executor: WasmExecutor<SubstrateHostFunctions>,
	blob: WrappedRuntimeCode<'static>,
}

impl Runtime {
	fn new() -> Self {
		let blob = ganglion_runtime::WASM_BINARY.expect(
			"ganglion-runtime was built without its Wasm blob, so that there is nothing to test: \
			unset SKIP_WASM_BUILD, touch runtime/build.rs and build again",
		);
		Self {
			executor: WasmExecutor::builder().build(),
			blob: WrappedRuntimeCode(Cow::Borrowed(blob)),
		}
	}

	/// What `YumaApi::run_epoch` answers; input and answer are SCALE encoded.
	fn run_epoch(&self, input: &[u8]) -> Result<Vec<u8>, sc_executor::error::Error> {
		let code = RuntimeCode {
			code_fetcher: &self.blob,
			heap_pages: None,
			hash: b"the one runtime of this test".to_vec(),
		};
		let mut externalities = TestExternalities::default();
		let mut externalities = externalities.ext();
		let method = "YumaApi_run_epoch";
		let call = self
			.executor
			.call(&mut externalities, &code, method, input, CallContext::Offchain);
		call.0
	}

	/// The same, where the call has to succeed.
	fn answer(&self, name: &str, input: &OwnedEpochInput) -> Vec<u8> {
		self.run_epoch(&input.encode())
			.unwrap_or_else(|error| panic!("{name}: the runtime call failed: {error}"))
	}
}

fn natively(input: &OwnedEpochInput, workspace: &mut Workspace) -> EpochOutput {
	let mut output = EpochOutput::default();
	input.run(workspace, &mut output);
	output
}

#[test]
fn every_vector_gives_the_same_bytes_in_wasm_as_natively_and_what_is_expected() {
	let runtime = &*RUNTIME;
	let mut workspace = Workspace::default();
	let mut families = BTreeMap::<String, usize>::new();
	let cases = Case::all();
	assert!(cases.len() >= VECTORS, "pallets/yuma/tests/vectors lacks cases");
	for case in cases {
		let input = case.input();
		let bytes = runtime.answer(&case.name, &input);
		let native = natively(&input, &mut workspace);
		assert_eq!(bytes, native.encode(), "{}: Wasm and native differ", case.name);
		let decoded = EpochOutput::decode_all(&mut &bytes[..]).unwrap();
		assert_eq!(case.differences(&decoded), Vec::<String>::new(), "{}", case.name);
		assert_eq!(case.fields(), FIELDS, "{} lacks fields", case.name);
		*families.entry(case.family).or_default() += 1;
	}
	println!("cases of each family that are equal in Wasm, natively and to the expectation: {families:?}");
}

#[test]
fn hostile_inputs_give_the_same_bytes_in_wasm_as_natively() {
	let runtime = &*RUNTIME;
	let mut workspace = Workspace::default();
	let mut random = Random(1);
	let mut paying = 0;
	for number in 0..HOSTILE_INPUTS {
		let input = random.input();
		let native = natively(&input, &mut workspace);
		let bytes = runtime.answer(&format!("input {number}"), &input);
		assert_eq!(
			bytes,
			native.encode(),
			"input {number}: Wasm and native differ: {input:?}"
		);
		paying += u32::from(native.combined_emission.iter().any(|amount| *amount > 0));
	}
	assert!(
		paying > HOSTILE_INPUTS / 4,
		"only {paying} of the inputs get as far as a payout"
	);
}

#[test]
fn the_largest_n_fits_and_what_does_not_fit_or_decode_fails_the_call_only() {
	let runtime = &*RUNTIME;
	let mut random = Random(2);
	let empty = OwnedEpochInput {
		n: u16::MAX,
		stake: (0..u64::from(u16::MAX)).collect(),
		mechanisms: Vec::new(),
		..random.input()
	};
	let native = natively(&empty, &mut Workspace::default());
	assert_eq!(runtime.answer("65535 neurons", &empty), native.encode());

	let too_large = OwnedEpochInput {
		stake: vec![1; TOO_MANY_STAKES],
		..empty.clone()
	};
	let refusal = runtime.run_epoch(&too_large.encode());
	assert!(refusal.is_err(), "{TOO_MANY_STAKES} stakes fit the runtime's memory");
	assert!(runtime.run_epoch(&[0xff; 9]).is_err(), "nine bytes are no input");
	assert_eq!(runtime.answer("65535 neurons again", &empty), native.encode());
}
