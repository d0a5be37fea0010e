//! How long an epoch takes, in warm memory: `cargo bench -p yuma`.
//!
//! Throughput is counted in listed weights. `cargo run --release -p yuma --example table` prints the same as a table.

#[path = "../tests/common/mod.rs"]
mod common;

use std::hint::black_box;
use std::time::Duration;

use common::generator::{Kind, SCALES, SIZES, Size, Variant, subnet, unsorted};
use common::stream::stream;
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use yuma::{EpochOutput, OwnedEpochInput, Workspace, run_epoch};

const SEED: u64 = 1;

fn group<'a>(criterion: &'a mut Criterion, name: &str) -> BenchmarkGroup<'a, WallTime> {
	let mut group = criterion.benchmark_group(name);
	group
		.sample_size(20)
		.warm_up_time(Duration::from_millis(300))
		.measurement_time(Duration::from_secs(2));
	group
}

fn measure(group: &mut BenchmarkGroup<'_, WallTime>, size: Size, variant: Variant, input: &OwnedEpochInput) {
	let (mut workspace, mut output) = (Workspace::default(), EpochOutput::default());
	group.throughput(Throughput::Elements(size.weights()));
	group.bench_function(BenchmarkId::new(variant.name(), size.name()), |bencher| {
		input.with_borrowed(|input| bencher.iter(|| run_epoch(black_box(input), &mut workspace, &mut output)));
	});
}

/// The cells of the benchmark table: old bonds are random, on the destinations of the weights.
fn table(criterion: &mut Criterion) {
	let mut group = group(criterion, "epoch");
	for size in SIZES {
		for variant in Variant::ALL {
			measure(
				&mut group,
				size,
				variant,
				&subnet(SEED, size, variant, Kind::RandomBonds),
			);
		}
	}
	group.finish();
}

fn other_kinds(criterion: &mut Criterion) {
	let kinds = [
		("settled bonds", Kind::SettledBonds),
		("bonds elsewhere", Kind::BondsElsewhere),
		("scattered", Kind::Scattered),
	];
	for (name, kind) in kinds {
		let mut group = group(criterion, name);
		for variant in Variant::ALL {
			measure(&mut group, SIZES[2], variant, &subnet(SEED, SIZES[2], variant, kind));
		}
		group.finish();
	}
}

fn unsorted_rows(criterion: &mut Criterion) {
	let mut group = group(criterion, "unsorted rows");
	for variant in Variant::ALL {
		let input = unsorted(subnet(SEED, SIZES[2], variant, Kind::RandomBonds), SEED);
		measure(&mut group, SIZES[2], variant, &input);
	}
	group.finish();
}

/// One, ten and a hundred times the weights in a subnet of the same size.
fn scaling(criterion: &mut Criterion) {
	let mut group = group(criterion, "scaling");
	for variant in [Variant::Yuma2, Variant::Yuma3, Variant::LiquidAlpha] {
		for size in SCALES {
			measure(
				&mut group,
				size,
				variant,
				&subnet(SEED, size, variant, Kind::RandomBonds),
			);
		}
	}
	group.finish();
}

/// The floor: reading all weights and bonds once.
fn streaming(criterion: &mut Criterion) {
	let mut group = group(criterion, "streaming");
	for size in SIZES {
		let input = subnet(SEED, size, Variant::Yuma3, Kind::RandomBonds);
		group.throughput(Throughput::Elements(size.weights()));
		group.bench_function(size.name(), |bencher| {
			input.with_borrowed(|input| bencher.iter(|| stream(black_box(input))));
		});
	}
	group.finish();
}

criterion_group!(epoch, table, other_kinds, unsorted_rows, scaling, streaming);
criterion_main!(epoch);
