//! What an epoch takes from the heap. The only test of its binary, since it counts what the whole process allocates.

mod common;

use common::generator::{Kind, Size, Variant, size_in_bytes, subnet};
use dhat::HeapStats;
use yuma::{EpochInput, EpochOutput, OwnedEpochInput, Workspace, run_epoch};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

const SIZE: Size = Size {
	uids: 1_024,
	validators: 128,
	listed: 1_024,
};
const SMALLER: Size = Size {
	uids: 900,
	validators: 100,
	listed: 500,
};
/// How many times the size of the input workspace and output may take.
const MOST_MEMORY: usize = 3;

/// Whatever is wrong with the memory that the epochs take.
fn complaints(input: &EpochInput<'_>, smaller: &EpochInput<'_>, size_in_bytes: usize) -> Vec<String> {
	let profiler = dhat::Profiler::builder().testing().build();
	let (mut workspace, mut output) = (Workspace::default(), EpochOutput::default());
	run_epoch(input, &mut workspace, &mut output);
	let cold = HeapStats::get();
	for _ in 0..2 {
		run_epoch(input, &mut workspace, &mut output);
	}
	let warm = HeapStats::get();
	run_epoch(smaller, &mut workspace, &mut output);
	run_epoch(input, &mut workspace, &mut output);
	let last = HeapStats::get();
	drop(profiler);

	let mut complaints = Vec::new();
	let mut expect = |holds: bool, complaint: String| {
		if !holds {
			complaints.push(complaint);
		}
	};
	let most = MOST_MEMORY * size_in_bytes;
	expect(cold.total_blocks > 0, "nothing was counted".into());
	expect(
		last.max_bytes <= most,
		format!("{} bytes at most, expected up to {most}", last.max_bytes),
	);
	let of_warm = warm.total_blocks - cold.total_blocks;
	expect(of_warm == 0, format!("{of_warm} allocations in two warm epochs"));
	let of_smaller = last.total_blocks - warm.total_blocks;
	expect(
		of_smaller == 0,
		format!("{of_smaller} allocations around a smaller epoch"),
	);
	complaints
}

#[test]
fn warm_epochs_allocate_nothing_and_memory_is_in_proportion_to_the_input() {
	let mut all = Vec::new();
	for variant in Variant::ALL {
		for kind in [Kind::RandomBonds, Kind::SettledBonds] {
			let of = |size| -> OwnedEpochInput { subnet(1, size, variant, kind) };
			let (input, smaller) = (of(SIZE), of(SMALLER));
			let size_in_bytes = size_in_bytes(&input);
			let complaints =
				input.with_borrowed(|input| smaller.with_borrowed(|smaller| complaints(input, smaller, size_in_bytes)));
			all.extend(
				complaints
					.iter()
					.map(|complaint| format!("{}, {kind:?}: {complaint}", variant.name())),
			);
		}
	}
	assert!(all.is_empty(), "{}", all.join("\n"));
}
