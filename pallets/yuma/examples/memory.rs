//! Prints the memory in `BENCHMARKS.md`, as a heap profiler counts it: `cargo run --release -p yuma --example memory`.

#[path = "../tests/common/mod.rs"]
mod common;

use common::generator::{Kind, SIZES, Variant, size_in_bytes, subnet};
use dhat::HeapStats;
use yuma::{EpochOutput, OwnedEpochInput, Workspace, run_epoch};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

const SEED: u64 = 1;

fn main() {
	println!(
		"| uids / validators / listed | variant | input KiB | workspace and output KiB | times the input | allocations, warm |"
	);
	println!("| --- | --- | ---: | ---: | ---: | ---: |");
	for size in SIZES {
		for variant in Variant::ALL {
			let input = subnet(SEED, size, variant, Kind::RandomBonds);
			let (of_input, (peak, allocations)) = (size_in_bytes(&input), memory(&input));
			println!(
				"| {} | {} | {} | {} | {:.2} | {allocations} |",
				size.name(),
				variant.name(),
				of_input / 1_024,
				peak / 1_024,
				peak as f64 / of_input as f64,
			);
		}
	}
}

/// Bytes that workspace and output take at most, and how often a warm epoch allocates.
fn memory(input: &OwnedEpochInput) -> (usize, u64) {
	input.with_borrowed(|input| {
		let _profiler = dhat::Profiler::builder().testing().build();
		let (mut workspace, mut output) = (Workspace::default(), EpochOutput::default());
		run_epoch(input, &mut workspace, &mut output);
		let cold = HeapStats::get();
		run_epoch(input, &mut workspace, &mut output);
		let warm = HeapStats::get();
		(warm.max_bytes, warm.total_blocks - cold.total_blocks)
	})
}
