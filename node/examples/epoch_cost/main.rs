//! What an epoch costs on chain, measured: `cargo run -p ganglion-node --example epoch_cost -- --help`.
//!
//! For each size of a subnet a chain state is built by the pallet's own calls (registrations, stake, permits, weights,
//! bonds of several epochs), and `Core_initialize_block` of the compiled runtime is timed in the node's executor on that
//! state, once with the epoch due and once without. The difference is the whole epoch: reading and decoding storage,
//! consensus in Wasm, encoding and writing the results, paying everybody.
//!
//! The state is a trie in memory. What is measured contains host calls, trie look-ups and the overlay of changes, but no
//! database: that comes on top through the runtime's `DbWeight` for the items read and written, which are counted. The
//! storage root is computed once at the end of a block, for all its changes; what the epoch adds to it is a column of its
//! own.
//!
//! `arithmetic` is consensus alone, in Wasm: `YumaApi_run_epoch` on the same numbers less `decoding`, which is the same
//! call with a subnet of no neurons. `natively` is the same arithmetic in this program, with the checks of its build
//! profile. `cold nodes` is `epoch` where the node's trie cache is empty.
//!
//! The fits that are printed last are what the weights of an epoch in `pallet-subtensor` are derived from.
//!
//! | module | what |
//! | --- | --- |
//! | `subnet` | a chain with one subnet of a given size, just before an epoch |
//! | `wasm` | calls into the compiled runtime, and their times |
//! | `weights_call` | the time of `set_weights` |
//! | `fit` | time as a sum over neurons, validators and entries |

mod fit;
mod subnet;
mod wasm;
mod weights_call;

use std::error::Error;

use clap::Parser;
use subnet::{Algorithm, Size, Subnet};
use wasm::{Cost, Runtime};

/// The sizes that are to fit into a number of milliseconds. A dense row names everybody but the validator itself.
const BARS: [(Size, u32); 4] = [
	(Size::same(256, 64, 255), 3),
	(Size::same(1_024, 128, 1_023), 25),
	(Size::same(4_096, 256, 1_024), 80),
	(Size::everybody(4_096, 256, 1_024), 80),
];

/// Sizes that vary one thing at a time, for the fit.
const GRID: [Size; 16] = [
	Size::everybody(64, 4, 16),
	Size::everybody(64, 16, 63),
	Size::everybody(64, 64, 63),
	Size::everybody(256, 16, 64),
	Size::everybody(256, 64, 16),
	Size::everybody(256, 64, 64),
	Size::everybody(256, 128, 255),
	Size::everybody(1_024, 16, 64),
	Size::everybody(1_024, 64, 64),
	Size::everybody(1_024, 64, 1_023),
	Size::everybody(1_024, 256, 64),
	Size::everybody(1_024, 256, 512),
	Size::everybody(4_096, 16, 256),
	Size::everybody(4_096, 64, 256),
	Size::everybody(4_096, 256, 64),
	Size::everybody(4_096, 256, 256),
];

/// Measures what an epoch costs on chain.
#[derive(Parser)]
struct Options {
	/// Blocks of either kind to execute for each state; the median counts.
	#[arg(long, default_value_t = 15)]
	repetitions: usize,
	/// Only the sizes that have a bar, without the grid and the fit.
	#[arg(long)]
	bars_only: bool,
	/// Only the plain algorithm, Yuma 2, instead of all.
	#[arg(long)]
	plain_only: bool,
	/// Leave out subnets with more neurons than this.
	#[arg(long, default_value_t = 4_096)]
	max_neurons: u16,
}

/// One line of the table.
struct Measured {
	size: Size,
	algorithm: Algorithm,
	cost: Cost,
}

fn main() -> Result<(), Box<dyn Error>> {
	let options = Options::parse();
	let runtime = Runtime::new()?;
	let largest = options
		.max_neurons
		.min(u16::try_from(pallet_subtensor::MAX_UIDS_PER_SUBNET).unwrap_or(u16::MAX));
	let bars = BARS.into_iter().map(|(size, bar)| (size, Some(bar)));
	let grid = GRID.into_iter().map(|size| (size, None));
	let grid = grid.filter(|_| !options.bars_only);
	let mut costs = Vec::new();
	println!(
		"Times in ms: median (minimum) of {} blocks of either kind.\n",
		options.repetitions
	);
	print_header();
	for (size, bar) in bars.chain(grid) {
		if size.neurons > largest {
			println!("| {size} | left out: more than {largest} neurons |");
			continue;
		}
		let mut subnet = Subnet::build(size)?;
		for algorithm in Algorithm::ALL {
			if options.plain_only && algorithm != Algorithm::Yuma2 {
				continue;
			}
			subnet.settle(algorithm)?;
			let cost = runtime.epoch_cost(&mut subnet, options.repetitions)?;
			print_row(size, algorithm, bar, &cost);
			costs.push(Measured { size, algorithm, cost });
		}
	}
	if !options.bars_only {
		fit::print(&costs);
	}
	weights_call::print(&runtime, options.repetitions)
}

fn print_header() {
	println!(
		"| uids / validators / row | algorithm | entries | epoch | bar | ns per weight | storage root | cold nodes \
		| arithmetic | decoding | natively | reads | writes | proof KiB |"
	);
	println!("|{}", " --- |".repeat(14));
}

fn print_row(size: Size, algorithm: Algorithm, bar: Option<u32>, cost: &Cost) {
	let weights = f64::from(size.validators) * f64::from(size.row);
	let bar = bar.map_or(String::new(), |bar| bar.to_string());
	println!(
		"| {size} | {} | {} | {} | {bar} | {:.0} | {} | {} | {} | {} | {} | {} | {} | {} |",
		algorithm.name(),
		cost.entries,
		cost.epoch,
		cost.epoch.median * 1e6 / weights,
		cost.root,
		cost.cold,
		cost.arithmetic,
		cost.decoding,
		cost.native,
		cost.reads,
		cost.writes,
		cost.proof_bytes / 1_024,
	);
}
