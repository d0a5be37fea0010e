//! The scenarios that are shipped.

use std::path::Path;

use subnet_sim::{Scenario, Simulation};

#[test]
fn every_shipped_scenario_is_read_and_runs() {
	let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
	let mut count = 0;
	for entry in std::fs::read_dir(folder).unwrap() {
		let path = entry.unwrap().path();
		let mut scenario = Scenario::from_file(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
		scenario.epochs = 30;
		let run = Simulation::new(&scenario, scenario.seed).run();
		let paid: f64 = run.totals.iter().map(|totals| totals.mined + totals.dividends).sum();
		// 82% of 360 alpha an epoch.
		assert!((paid / 30.0 - 295.2).abs() < 1.0, "{}: {paid}", path.display());
		count += 1;
	}
	assert_eq!(count, 8);
}

#[test]
fn the_default_scenario_has_every_actor() {
	let scenario = Scenario::from_toml(include_str!("../scenarios/default.toml")).unwrap();
	let validators = scenario.validators.iter().map(|group| group.behaviour.words());
	let mut words: Vec<&str> = validators
		.chain(scenario.miners.iter().map(|group| group.behaviour.words()))
		.collect();
	words.sort_unstable();
	words.dedup();
	assert_eq!(words.len(), 5 + 6, "{words:?}");
	assert_eq!(scenario.cheating_teams().len(), 10);
	let honest = scenario.with_only(None);
	assert!(honest.cheating_teams().is_empty());
	let one = scenario.with_only(Some("cabal"));
	assert_eq!(one.cheating_teams(), ["cabal"]);
}
