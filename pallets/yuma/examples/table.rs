//! Prints the tables of `BENCHMARKS.md`: `cargo run --release -p yuma --example table`.
//!
//! Times are medians in warm memory, on one thread; memory is what a heap profiler counts.

#[path = "../tests/common/mod.rs"]
mod common;

use std::hint::black_box;
use std::time::{Duration, Instant};

use common::generator::{Kind, SCALES, SIZES, Size, Variant, size_in_bytes, subnet, unsorted};
use common::stream::stream;
use dhat::HeapStats;
use yuma::{EpochOutput, OwnedEpochInput, Workspace, run_epoch};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

const SEED: u64 = 1;
const FEWEST_RUNS: usize = 7;
const MOST_RUNS: usize = 301;
const LONGEST: Duration = Duration::from_secs(1);

/// Milliseconds per epoch of the network's own sparse implementation, by size and variant.
const BASELINE_MS: [[f64; 4]; 4] = [
	[1.5, 1.05, 17.0, 1.5],
	[13.8, 11.9, 274.0, 17.9],
	[38.0, 35.0, 4_448.0, 99.0],
	[116.0, 101.0, 4_297.0, 170.0],
];
/// How many times as fast as the baseline an epoch has to be, and how many times under liquid alpha at 4,096 uids.
const BARS: [f64; 2] = [10.0, 100.0];

fn main() {
	if cfg!(debug_assertions) {
		println!("These are figures of a debug build: run with --release.\n");
	}
	print_table();
	print_scaling();
	print_kinds_of_input();
	print_memory();
}

/// Milliseconds of a run. Where the machine has other work, the least says more than the median.
#[derive(Clone, Copy)]
struct Time {
	median: f64,
	least: f64,
}

/// Times runs after two that warm up.
fn time(mut run: impl FnMut()) -> Time {
	run();
	run();
	let start = Instant::now();
	let mut times = Vec::new();
	while times.len() < FEWEST_RUNS || (start.elapsed() < LONGEST && times.len() < MOST_RUNS) {
		let before = Instant::now();
		run();
		times.push(before.elapsed());
	}
	times.sort_unstable();
	let ms = |time: Duration| time.as_secs_f64() * 1e3;
	Time {
		median: ms(times[times.len() / 2]),
		least: ms(times[0]),
	}
}

fn epoch_time(input: &OwnedEpochInput) -> Time {
	let (mut workspace, mut output) = (Workspace::default(), EpochOutput::default());
	input.with_borrowed(|input| time(|| run_epoch(black_box(input), &mut workspace, &mut output)))
}

fn stream_time(input: &OwnedEpochInput) -> Time {
	input.with_borrowed(|input| {
		time(|| {
			black_box(stream(black_box(input)));
		})
	})
}

/// Nanoseconds for each listed weight.
fn ns_per_weight(ms: f64, size: Size) -> f64 {
	ms * 1e6 / size.weights() as f64
}

fn print_table() {
	println!(
		"| uids / validators / listed | variant | ms | least ms | baseline ms | times as fast | bar | ns per weight | times streaming |"
	);
	println!("| --- | --- | ---: | ---: | ---: | ---: | --- | ---: | ---: |");
	for (size, baselines) in SIZES.into_iter().zip(BASELINE_MS) {
		for (variant, baseline) in Variant::ALL.into_iter().zip(baselines) {
			let input = subnet(SEED, size, variant, Kind::RandomBonds);
			let (Time { median: ms, least }, floor) = (epoch_time(&input), stream_time(&input).median);
			let is_hardest = variant == Variant::LiquidAlpha && size.uids == 4_096;
			let bar = BARS[usize::from(is_hardest)];
			let verdict = if baseline / ms >= bar { "met" } else { "missed" };
			println!(
				"| {} | {} | {ms:.3} | {least:.3} | {baseline} | {:.1} | {bar}: {verdict} | {:.2} | {:.1} |",
				size.name(),
				variant.name(),
				baseline / ms,
				ns_per_weight(ms, size),
				ms / floor,
			);
		}
	}
}

fn print_scaling() {
	println!("\n| variant | listed by each validator | weights | ms | ns per weight | ns per further weight |");
	println!("| --- | ---: | ---: | ---: | ---: | ---: |");
	for variant in Variant::ALL {
		let mut before: Option<(f64, u64)> = None;
		for size in SCALES {
			let ms = epoch_time(&subnet(SEED, size, variant, Kind::RandomBonds)).median;
			let slope = before.map_or("".into(), |(before_ms, weights)| {
				format!("{:.2}", (ms - before_ms) * 1e6 / (size.weights() - weights) as f64)
			});
			println!(
				"| {} | {} | {} | {ms:.3} | {:.2} | {slope} |",
				variant.name(),
				size.listed,
				size.weights(),
				ns_per_weight(ms, size),
			);
			before = Some((ms, size.weights()));
		}
	}
}

fn print_kinds_of_input() {
	let size = SIZES[2];
	println!(
		"\n| {}, ms | random bonds | settled bonds | bonds elsewhere | scattered | unsorted rows |",
		size.name()
	);
	println!("| --- | ---: | ---: | ---: | ---: | ---: |");
	for variant in Variant::ALL {
		let kinds = [
			Kind::RandomBonds,
			Kind::SettledBonds,
			Kind::BondsElsewhere,
			Kind::Scattered,
		];
		let mut inputs = kinds.map(|kind| subnet(SEED, size, variant, kind)).to_vec();
		inputs.push(unsorted(inputs[0].clone(), SEED));
		let cells: Vec<String> = inputs
			.iter()
			.map(|input| format!("{:.3}", epoch_time(input).median))
			.collect();
		println!("| {} | {} |", variant.name(), cells.join(" | "));
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

fn print_memory() {
	println!(
		"\n| uids / validators / listed | variant | input KiB | workspace and output KiB | times the input | allocations, warm |"
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
