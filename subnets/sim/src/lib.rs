//! A simulator that tries to break a subnet before it pays.
//!
//! An owner writes down in a TOML file who validates, who mines, who cheats and which rules hold; the simulator runs
//! thousands of epochs on the chain's own consensus ([`yuma`]) and with the chain's rules of money, and says what each cheat
//! earns against honest work. The same seed gives the same result.
//!
//! ```text
//!  Scenario (TOML) ─▶ run ─▶ Outcome           what each group got, curves
//!        └──────────▶ Study::of                each cheat alone against honest work, under each set of rules, and a sweep
//!                       └─▶ report::write      one HTML page, and its plots as SVG and PNG files
//!  published::table                            published results, computed again
//! ```
//!
//! `neuron sim` does all of this from the command line, and so does the binary `ganglion-sim`, which is compiled in a fraction
//! of the time.
//!
//! ```
//! use subnet_sim::{Scenario, run};
//!
//! let scenario = Scenario::from_toml(
//!     r#"
//!     name = "two of a kind"
//!     epochs = 20
//!     [[validators]]
//!     name = "honest"
//!     count = 3
//!     stake_alpha = 1000
//!     behaviour = { kind = "honest", noise = 0.1 }
//!     [[miners]]
//!     name = "strong"
//!     count = 4
//!     quality = 2
//!     [[miners]]
//!     name = "weak"
//!     count = 4
//!     quality = 1
//!     "#,
//! )?;
//! let outcome = run(&scenario);
//! let (strong, weak) = (outcome.mean(1), outcome.mean(2));
//! assert!(strong.mined > 1.9 * weak.mined && strong.mined < 2.1 * weak.mined);
//! # Ok::<(), subnet_sim::ScenarioError>(())
//! ```
//!
//! # What it leaves out
//!
//! Blocks within an epoch happen all at once, in the order that `engine` says. Child keys, several mechanisms of one subnet,
//! other subnets and the owner's own neuron are not simulated. Results are repeatable on one machine; on another kind of
//! processor the last digit of a random draw may differ.

pub mod command;
mod engine;
mod money;
pub mod published;
mod random;
mod record;
pub mod report;
mod scenario;
mod study;

pub use engine::Simulation;
pub use money::{ISSUANCE_CAP, RAO, block_emission};
pub use record::{MAX_POINTS, Outcome, Point, Run, Totals, gini};
pub use scenario::{
	Buys, Churn, Economy, Hyperparameters, MAX_CHURN_PER_EPOCH, MAX_EPOCHS, MAX_GROUPS, MAX_LAG_EPOCHS, MAX_NAME_BYTES,
	MAX_SCENARIO_BYTES, MAX_SEEDS, MAX_UID_EPOCHS, MAX_UIDS, MAX_VALIDATORS, MinerBehaviour, MinerGroup, Scenario,
	ScenarioError, USUAL_NOISE, ValidatorBehaviour, ValidatorGroup,
};

pub use study::{Column, Study, Trial, Variant};

use rayon::prelude::*;

/// The name of the group of strangers who register.
pub const STRANGERS: &str = "strangers";

/// The names of a scenario's groups: validators, then miners, then strangers.
fn group_names(scenario: &Scenario) -> Vec<String> {
	let validators = scenario.validators.iter().map(|group| group.name.clone());
	let miners = scenario.miners.iter().map(|group| group.name.clone());
	validators.chain(miners).chain([STRANGERS.to_owned()]).collect()
}

/// Runs a scenario with each of its seeds, in parallel. The result does not depend on how many threads there are.
pub fn run(scenario: &Scenario) -> Outcome {
	let seeds: Vec<u64> = scenario.seed_list().collect();
	Outcome {
		groups: group_names(scenario),
		runs: seeds
			.into_par_iter()
			.map(|seed| Simulation::new(scenario, seed).run())
			.collect(),
	}
}
