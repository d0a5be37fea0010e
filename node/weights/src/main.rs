//! Runs the benchmarks of the runtime in Wasm, and compares what each takes with what it is charged:
//! `cargo xtask weights`, which is `cargo run -p ganglion-weights --features runtime-benchmarks`.
//!
//! A benchmark sets up its worst case for some values of its components, and does its work, many times. What counts is the
//! least processor time of those, so that whatever else the machine does counts little. The state is a trie in memory with
//! a cold cache; the storage items that are read and written are counted in a run of their own, and cost what the
//! runtime's `DbWeight` says. Time and items together are compared with the weight that the benchmark declares: what the
//! call's `GetDispatchInfo` or its post-dispatch information says, or what the step of a block answers.
//!
//! | module | what |
//! | --- | --- |
//! | `clock` | the time of the runtime's benchmarks: the processor's, not the wall's |
//! | `runtime` | the compiled runtime on a chain in memory |
//! | `points` | which values of the components are tried |
//! | `report` | the table, on the screen and as a page |

mod clock;
mod points;
mod report;
mod runtime;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use report::{Measured, Report};
use runtime::{Benchmark, Runtime};

/// Measures the weights of the runtime.
#[derive(Parser)]
struct Options {
	/// Values of each component.
	#[arg(long, default_value_t = 3)]
	steps: u32,
	/// How often the work of a benchmark is timed; the least counts.
	#[arg(long, default_value_t = 3)]
	repeats: u32,
	/// Only benchmarks with this in their names (`pallet::benchmark`).
	#[arg(long, default_value = "")]
	only: String,
	/// The benchmarks of the stock pallets, too. Nobody compares those: their weights are the pallets' own.
	#[arg(long)]
	stock: bool,
	/// The page to write.
	#[arg(long)]
	page: Option<PathBuf>,
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
	let options = Options::parse();
	let runtime = Runtime::new()?;
	let mut report = Report::new(options.repeats);
	for benchmark in runtime.benchmarks()? {
		let wanted = benchmark.name().contains(&options.only) && (options.stock || benchmark.is_ours());
		if wanted {
			measure(&runtime, &benchmark, &options, &mut report);
		}
	}
	report.print_summary();
	if let Some(path) = &options.page {
		std::fs::write(path, report.page())?;
		println!("Written to {}.", path.display());
	}
	Ok(if report.is_good() {
		ExitCode::SUCCESS
	} else {
		ExitCode::FAILURE
	})
}

/// Measures a benchmark at some values of its components, and reports each.
fn measure(runtime: &Runtime, benchmark: &Benchmark, options: &Options, report: &mut Report) {
	for point in points::of(&benchmark.components, options.steps) {
		match runtime.measure(benchmark, &point, options.repeats) {
			Ok(cost) => report.add(Measured {
				name: benchmark.name(),
				point,
				cost,
			}),
			Err(error) => report.fail(benchmark.name(), point, &error.to_string()),
		}
	}
}
