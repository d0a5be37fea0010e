//! What lies in `deploy/` fits the program: the dashboard's metrics exist, the units' commands too.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use clap::CommandFactory;
use neuron::{
	cli::LowArgs,
	events::{Event, NoEvents},
	metrics::Metrics,
};
use serde_json::Value;

/// The names of all series, once everything has been counted that can be.
fn series() -> BTreeSet<String> {
	let metrics = Metrics::new();
	metrics.miner.ended("answered", Duration::ZERO);
	metrics.miner.refused("busy");
	metrics.gateway.responded(200);
	metrics.gateway.refused("key");
	metrics.gateway.tokens(1, 1);
	metrics.gateway.attempt("answered");
	metrics.gateway.checked("held");
	metrics.miner.not_admitted("unknown", 1);
	let events = metrics.validator.counting(Arc::new(NoEvents));
	events.emit(Event::Score {
		round: 1,
		uid: 1,
		hotkey: String::new(),
		score: 1.0,
		average: 1.0,
		reason: String::new(),
		chunks: 1,
		elapsed_ms: 1,
		tokens_per_second: None,
	});
	let text = metrics.text();
	let lines = text.lines().filter(|line| !line.starts_with('#'));
	lines
		.map(|line| line.split(['{', ' ']).next().unwrap().to_owned())
		.collect()
}

/// Every word of a text that begins like a metric.
fn metrics_in(text: &str) -> impl Iterator<Item = &str> {
	let words = text.split(|symbol: char| !(symbol.is_ascii_alphanumeric() || symbol == '_'));
	words.filter(|word| word.starts_with("ganglion_"))
}

#[test]
fn every_metric_of_the_dashboard_exists_and_every_metric_is_on_it() {
	let dashboard: Value = serde_json::from_str(include_str!("../deploy/grafana-dashboard.json")).unwrap();
	let mut named = BTreeSet::new();
	for panel in dashboard["panels"].as_array().unwrap() {
		for target in panel["targets"].as_array().into_iter().flatten() {
			named.extend(metrics_in(target["expr"].as_str().unwrap()).map(str::to_owned));
		}
	}
	let series = series();
	let missing: Vec<_> = named.difference(&series).collect();
	assert!(
		missing.is_empty(),
		"the dashboard names what is not there: {missing:?}\n{series:?}"
	);
	// Of a histogram the buckets are enough.
	let parts = |name: &str| name.ends_with("_seconds_sum") || name.ends_with("_seconds_count");
	let unseen: Vec<_> = series.difference(&named).filter(|name| !parts(name)).collect();
	assert!(unseen.is_empty(), "the dashboard does not show: {unseen:?}");
}

#[test]
fn the_units_run_commands_that_exist() {
	let units = [
		("miner", include_str!("../deploy/ganglion-miner.service")),
		("validator", include_str!("../deploy/ganglion-validator.service")),
		("gateway", include_str!("../deploy/ganglion-gateway.service")),
	];
	for (role, unit) in units {
		let start = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
		let words: Vec<_> = start.split(' ').collect();
		assert_eq!(words[0], "/usr/local/bin/neuron");
		assert!(words.contains(&role), "{start}");
		LowArgs::command().try_get_matches_from(&words).unwrap();
		for setting in [
			"NoNewPrivileges=yes",
			"ProtectSystem=strict",
			"CapabilityBoundingSet=\n",
			"UMask=0077",
		] {
			assert!(unit.contains(setting), "{role}: {setting}");
		}
	}
}
