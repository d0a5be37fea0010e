//! Results that others have published, computed again on this consensus.
//!
//! The constructions are those of the sources; `PUBLISHED.md` has the table that [`table`] computes.

mod copier;
mod retention;

pub use copier::{CopierStudy, Gain};
pub use retention::{Rules, SplitNetwork, USUAL_RULES};

use rayon::prelude::*;

/// A published value and what it is here.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
	/// What is measured.
	pub what: String,
	/// What the source says: from, to.
	pub published: (f64, f64),
	/// What comes out here.
	pub measured: f64,
	/// How far outside of the published range it may be.
	pub tolerance: f64,
	/// Where it was published.
	pub source: &'static str,
}

impl Row {
	/// Whether the measured value is within the published range, give or take the tolerance.
	pub fn agrees(&self) -> bool {
		self.off_by() <= self.tolerance + 1e-9
	}

	/// How far the measured value is outside of the published range.
	pub fn off_by(&self) -> f64 {
		let (low, high) = self.published;
		(low - self.measured).max(self.measured - high).max(0.0)
	}
}

/// The highest honest utility below one on the source's grid. At one exactly, and a cabal that praises itself alone, nobody has
/// a consensus, and the chain pays by stake: everybody keeps what they have.
const ALMOST_ALL: f64 = 0.98;
const GUARANTEES: &str = "Yuma Consensus, consensus guarantees";
/// The period, in epochs, from which on copying loses in the synthetic construction.
const LONG_PERIOD: usize = 7;
const COPYING: &str = "Weight Copying in Bittensor";
/// The bar for a required utility.
const UTILITY_TOLERANCE: f64 = 0.02;

/// Honest utilities that keep 60% of the stake, as published.
const UTILITIES: [(&str, f64, Rules, (f64, f64)); 7] = [
	("σ = 0", 0.0, USUAL_RULES, (0.60, 0.60)),
	("σ = 0.2", 0.2, USUAL_RULES, (0.67, 0.67)),
	("σ = 0.4", 0.4, USUAL_RULES, (0.73, 0.74)),
	(
		"σ = 0.4, bonds penalty 0",
		0.4,
		USUAL_RULES.with_bonds_penalty(0.0),
		(0.78, 0.80),
	),
	(
		"σ = 0.4, bonds penalty 0.5",
		0.4,
		USUAL_RULES.with_bonds_penalty(0.5),
		(0.76, 0.78),
	),
	(
		"σ = 0.4, emission ratio 0",
		0.4,
		USUAL_RULES.with_emission_ratio(0.0),
		(0.82, 0.82),
	),
	(
		"σ = 0.4, emission ratio 0.25",
		0.4,
		USUAL_RULES.with_emission_ratio(0.25),
		(0.78, 0.78),
	),
];

/// The table of published and measured values, each the mean over `seeds` networks. The same for the same arguments.
pub fn table(seeds: u32) -> Vec<Row> {
	let mut rows: Vec<Row> = UTILITIES
		.par_iter()
		.map(|(what, sigma, rules, published)| Row {
			what: format!("honest utility that keeps 60% of stake, {what}"),
			published: *published,
			measured: mean(seeds, |seed| {
				SplitNetwork::new(0.6, *sigma, seed).required_utility(rules)
			}),
			tolerance: UTILITY_TOLERANCE,
			source: GUARANTEES,
		})
		.collect();
	rows.extend([0.51, 0.55, 0.59].map(|stake| Row {
		what: format!("κ = 0.6, honest stake {stake}: worst payout at honest utility 0.98, less the stake"),
		published: (-1.0, 0.0),
		measured: mean(seeds, |seed| {
			let network = SplitNetwork::new(stake, 0.4, seed);
			network.worst_payout(ALMOST_ALL, &USUAL_RULES.with_kappa(0.6)) - stake
		}),
		tolerance: 0.0,
		source: GUARANTEES,
	}));
	let study = CopierStudy::default();
	rows.extend(copier::PERIODS.map(|period| {
		let gain = mean(seeds, |seed| study.relative_gain(period, seed));
		let what = match period {
			0 => "weight copier with 5% of stake, no commit-reveal: relative gain".to_owned(),
			period => format!("weight copier with 5% of stake, commit-reveal over {period} epochs: relative gain"),
		};
		let published = match period {
			0 => (1.0, f64::INFINITY),
			// The source looks for the period from which on copying loses, and finds 4 to 24 epochs, by subnet.
			1..LONG_PERIOD => (0.0, f64::INFINITY),
			_ => (0.0, 1.0),
		};
		Row {
			what,
			published,
			measured: gain,
			tolerance: 0.0,
			source: COPYING,
		}
	}));
	rows
}

fn mean(seeds: u32, of: impl Fn(u64) -> f64 + Sync + Send) -> f64 {
	let values: Vec<f64> = (1..=u64::from(seeds.max(1))).into_par_iter().map(of).collect();
	values.iter().sum::<f64>() / values.len() as f64
}

/// The table as Markdown.
pub fn markdown(rows: &[Row], seeds: u32) -> String {
	let mut text = format!(
		"| what | published | measured, mean of {seeds} seeds | off by | agrees | source |\n| --- | --- | ---: | ---: | --- | --- |\n"
	);
	for row in rows {
		let published = match row.published {
			(0.0, f64::INFINITY) => "no claim".to_owned(),
			(low, f64::INFINITY) => format!("above {low}"),
			(low, high) if low <= 0.0 => format!("below {high}"),
			(low, high) if low == high => format!("{low:.2}"),
			(low, high) => format!("{low:.2} to {high:.2}"),
		};
		let agrees = if row.agrees() { "yes" } else { "no" };
		text.push_str(&format!(
			"| {} | {published} | {:.3} | {:.3} | {agrees} | {} |\n",
			row.what,
			row.measured,
			row.off_by(),
			row.source
		));
	}
	text
}
