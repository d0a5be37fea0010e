//! Prints the times in `BENCHMARKS.md`: `cargo run --release -p yuma --example table`.
//!
//! All are the least of many, of warm memory, on one thread.

#[path = "../tests/common/mod.rs"]
mod common;

use std::hint::black_box;
use std::time::{Duration, Instant};

use common::generator::{Kind, SCALES, SIZES, Size, Variant, subnet, unsorted};
use common::plain::plain;
use common::stream::stream;
use yuma::{EpochOutput, OwnedEpochInput, Workspace, run_epoch};

const SEED: u64 = 1;
const TURNS: usize = 8;
const TURN: Duration = Duration::from_millis(100);

/// Milliseconds per epoch of the network's own sparse implementation on another machine, by size and variant.
const NETWORK_MS: [[f64; 4]; 4] = [
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
}

/// Milliseconds of a run. Where the machine has other work, the least says more than the median.
#[derive(Clone, Copy)]
struct Time {
	median: f64,
	least: f64,
}

fn time(run: impl FnMut()) -> Time {
	times([&mut { run }])[0]
}

/// Times several in turns of some length, so that a machine that is slow for a while is so for all of them. The first run of
/// a turn only warms up.
fn times<const N: usize>(mut all: [&mut dyn FnMut(); N]) -> [Time; N] {
	let mut times = [const { Vec::new() }; N];
	for _ in 0..TURNS {
		for (run, times) in all.iter_mut().zip(&mut times) {
			run();
			let start = Instant::now();
			while times.is_empty() || start.elapsed() < TURN {
				let before = Instant::now();
				run();
				times.push(before.elapsed());
			}
		}
	}
	times.map(|mut times| {
		times.sort_unstable();
		let ms = |time: Duration| time.as_secs_f64() * 1e3;
		Time {
			median: ms(times[times.len() / 2]),
			least: ms(times[0]),
		}
	})
}

fn epoch_time(input: &OwnedEpochInput) -> Time {
	let (mut workspace, mut output) = (Workspace::default(), EpochOutput::default());
	input.with_borrowed(|input| time(|| run_epoch(black_box(input), &mut workspace, &mut output)))
}

/// The times of the engine and, but for liquid alpha, which it leaves out, of the plain epoch.
fn epoch_and_plain_time(input: &OwnedEpochInput) -> (Time, Option<Time>) {
	if input.parameters.liquid_alpha.is_some() {
		return (epoch_time(input), None);
	}
	let (mut workspace, mut output) = (Workspace::default(), EpochOutput::default());
	input.run(&mut workspace, &mut output);
	let permits = output.new_validator_permits.clone();
	input.with_borrowed(|borrowed| {
		let mut engine = || run_epoch(black_box(borrowed), &mut workspace, &mut output);
		let mut plain = || {
			black_box(plain(black_box(input), &permits));
		};
		let [engine, plain] = times([&mut engine, &mut plain]);
		(engine, Some(plain))
	})
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
		"| uids / validators / listed | variant | ms | median ms | plain ms | times as fast | network ms | times as fast | bar | ns per weight | times streaming |"
	);
	println!("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- | ---: | ---: |");
	for (size, of_network) in SIZES.into_iter().zip(NETWORK_MS) {
		for (variant, network) in Variant::ALL.into_iter().zip(of_network) {
			let input = subnet(SEED, size, variant, Kind::RandomBonds);
			let (Time { median, least }, plain) = epoch_and_plain_time(&input);
			let floor = stream_time(&input).least;
			let (plain, speed) = plain.map_or_else(Default::default, |plain| {
				(format!("{:.2}", plain.least), format!("{:.1}", plain.least / least))
			});
			let is_hardest = variant == Variant::LiquidAlpha && size.uids == 4_096;
			let bar = BARS[usize::from(is_hardest)];
			let verdict = if network / least >= bar { "met" } else { "missed" };
			println!(
				"| {} | {} | {least:.3} | {median:.3} | {plain} | {speed} | {network} | {:.1} | {bar}: {verdict} | {:.2} | {:.1} |",
				size.name(),
				variant.name(),
				network / least,
				ns_per_weight(least, size),
				least / floor,
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
			let ms = epoch_time(&subnet(SEED, size, variant, Kind::RandomBonds)).least;
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
			.map(|input| format!("{:.3}", epoch_time(input).least))
			.collect();
		println!("| {} | {} |", variant.name(), cells.join(" | "));
	}
}
