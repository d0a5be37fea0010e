//! Compiles the runtime to Wasm, which the node embeds in its chain specifications.

fn main() {
	#[cfg(feature = "std")]
	substrate_wasm_builder::WasmBuilder::build_using_defaults();
}
