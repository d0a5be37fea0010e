//! How long 1,000 epochs of a subnet with 256 uids and 64 validators take on one core: `cargo bench -p subnet-sim`.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use subnet_sim::{Scenario, Simulation};

const LARGE: &str = include_str!("../scenarios/large.toml");
/// Epochs of a measurement.
const EPOCHS: u32 = 1_000;

fn thousand_epochs(criterion: &mut Criterion) {
	let mut group = criterion.benchmark_group("1000 epochs of 256 uids, 64 validators");
	group
		.sample_size(10)
		.warm_up_time(Duration::from_secs(1))
		.measurement_time(Duration::from_secs(20))
		.throughput(Throughput::Elements(u64::from(EPOCHS)));
	let scenario = match Scenario::from_toml(LARGE) {
		Ok(scenario) => scenario,
		Err(error) => panic!("the shipped scenario is refused: {error}"),
	};
	for (name, yuma3, liquid_alpha) in [
		("Yuma 2", false, false),
		("Yuma 3", true, false),
		("Yuma 3, liquid alpha", true, true),
	] {
		let mut scenario = scenario.clone();
		scenario.epochs = EPOCHS;
		scenario.hyperparameters.yuma3 = yuma3;
		scenario.hyperparameters.liquid_alpha = liquid_alpha;
		group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
			bencher.iter(|| Simulation::new(black_box(&scenario), 1).run());
		});
	}
	group.finish();
}

criterion_group!(epochs, thousand_epochs);
criterion_main!(epochs);
