//! Runs of small subnets.

use super::*;
use crate::scenario::Scenario;

fn scenario(rules: &str, people: &str) -> Scenario {
	let text = format!(
		"name = 'test'\nepochs = 60\n[hyperparameters]\nmax_uids = 32\nimmunity_period_blocks = 720\n{rules}\n{people}"
	);
	Scenario::from_toml(&text).unwrap()
}

const HONEST: &str = r#"
[[validators]]
name = "honest"
count = 6
stake_alpha = 1000
nominated = 0.5
root_tao = 500
sells = 0.5
behaviour = { kind = "honest", noise = 0.1 }
[[miners]]
name = "miners"
count = 12
quality = 1
quality_spread = 0.2
drift = 0.05
sells = 0.7
"#;

fn with(rules: &str, people: &str) -> Run {
	Simulation::new(&scenario(rules, &format!("{HONEST}{people}")), 7).run()
}

fn per_uid(run: &Run, group: usize) -> f64 {
	run.totals[group].mined / run.totals[group].uid_epochs
}

#[test]
fn all_alpha_is_somewhere_in_every_epoch() {
	let people = format!(
		"{HONEST}\n[churn]\nregistrations_per_epoch = 1.5\nquality_low = 0.5\nquality_high = 2\n
		[[validators]]\nname = 'whale'\nstake_alpha = 0\nbuys = {{ at_epoch = 3, tao = 900, sell_at_epoch = 40 }}
		behaviour = {{ kind = 'copier', lag_epochs = 1 }}\n"
	);
	let scenario = scenario("commit_reveal = true", &people);
	let mut simulation = Simulation::new(&scenario, 3);
	for _ in 0..60 {
		simulation.step();
		let treasury = &simulation.treasury;
		let outside = [
			simulation.subnet.staked(),
			simulation.departed_alpha,
			simulation.returners.iter().map(|holder| holder.alpha).sum(),
			treasury.owner_alpha,
			treasury.root_alpha,
			treasury.protocol_alpha,
			treasury.pending.sum(),
		];
		let all = treasury.pool.alpha() + outside.iter().sum::<u64>();
		assert_eq!(all, treasury.alpha_issuance, "epoch {}", simulation.epoch);
		assert!(
			simulation
				.subnet
				.holders
				.iter()
				.all(|holder| holder.own <= holder.alpha)
		);
		// Consensus has 32 binary digits: rounding leaves up to some 100 rao for each neuron.
		assert!(treasury.pending.sum() < 10_000, "{:?}", treasury.pending);
	}
	assert!(simulation.totals.last().unwrap().mined > 0.0);
	assert!(simulation.totals[0].tao_from_trades > 0.0);
}

#[test]
fn a_run_repeats_and_seeds_differ() {
	let scenario = scenario("", HONEST);
	let run = |seed| Simulation::new(&scenario, seed).run();
	assert_eq!(run(1), run(1));
	assert_ne!(run(1).totals, run(2).totals);
}

#[test]
fn miners_and_validators_share_by_halves_what_the_owner_and_root_leave() {
	let run = with("", "");
	let (mined, dividends) = (run.totals[1].mined, run.totals[0].dividends);
	// 82% of 60 epochs of 360 alpha.
	assert!((mined + dividends - 0.82 * 21_600.0).abs() < 1.0, "{mined} {dividends}");
	assert!((mined - dividends).abs() < 1.0, "{mined} {dividends}");
	assert!(run.totals[0].kept < dividends && run.totals[0].kept > 0.18 * dividends);
	assert!(run.trust > 0.8 && run.fidelity > 0.8, "{} {}", run.trust, run.fidelity);
}

#[test]
fn who_is_found_out_earns_nothing_and_who_works_less_earns_less() {
	let miners = "
		[[miners]]\nname = 'relay'\ncount = 2\nquality = 1\nbehaviour = { kind = 'relaying', detection = 1.0 }
		[[miners]]\nname = 'down'\ncount = 2\nquality = 1\nbehaviour = { kind = 'downgraded', factor = 0.5, detection = 0 }
		[[miners]]\nname = 'rare'\ncount = 2\nquality = 1\nbehaviour = { kind = 'intermittent', uptime = 0.5 }
		[[miners]]\nname = 'sybil'\ncount = 2\nquality = 1\nbehaviour = { kind = 'sybil', capacity = 1 }";
	let run = with("", miners);
	let honest = per_uid(&run, 1);
	assert_eq!(run.totals[2].mined, 0.0);
	for (group, low, high) in [(3, 0.4, 0.6), (4, 0.3, 0.7), (5, 0.4, 0.6)] {
		let share = per_uid(&run, group) / honest;
		assert!(share > low && share < high, "group {group}: {share}");
	}
}

#[test]
fn a_minority_cabal_loses_dividends_and_gains_little() {
	let cabal = "
		[[validators]]\nname = 'cabal'\nteam = 'cabal'\ncount = 2\nstake_alpha = 1000
		behaviour = { kind = 'cabal', self_weight = 1.0, noise = 0.1 }
		[[miners]]\nname = 'fakes'\nteam = 'cabal'\ncount = 2\nquality = 0.2";
	let run = with("", cabal);
	let rate = |group: usize| run.totals[group].dividends / run.totals[group].stake_epochs;
	assert!(rate(1) < 0.7 * rate(0), "{} {}", rate(1), rate(0));
	assert!(per_uid(&run, 3) < 0.4 * per_uid(&run, 2));
}

#[test]
fn bribes_are_due_where_the_attack_fails_only() {
	let bribed = |count: u16| {
		let people = format!(
			"[[validators]]\nname = 'bribed'\nteam = 'briber'\ncount = {count}\nstake_alpha = 1000
			behaviour = {{ kind = 'bribed', self_weight = 0.9, epsilon = 0.1, noise = 0.1 }}
			[[miners]]\nname = 'fakes'\nteam = 'briber'\ncount = 2\nquality = 0.2"
		);
		let run = with("", &people);
		let mined = run.totals[3].mined / (run.totals[2].mined + run.totals[3].mined);
		(run.totals[1].bribes_received, run.totals[3].bribes_paid, mined)
	};
	let (received, paid, mined) = bribed(2);
	assert!(
		received > 0.0 && (received - paid).abs() < 1e-6 && mined < 0.1,
		"{received} {paid} {mined}"
	);
	let (received, paid, mined) = bribed(8);
	assert!(mined > 0.5, "{mined}");
	assert!(
		received < 0.2 * run_total(8) && (received - paid).abs() < 1e-6,
		"{received}"
	);
}

/// About what so many bribed validators earn in a run.
fn run_total(count: u16) -> f64 {
	0.41 * 21_600.0 * f64::from(count) / f64::from(count + 6)
}

#[test]
fn a_strong_newcomer_replaces_the_weakest_and_earns() {
	let people = "
		[[miners]]\nname = 'weak'\ncount = 14\nquality = 0.3
		[[miners]]\nname = 'new'\nquality = 3\njoins_at_epoch = 20";
	let run = with("", people);
	assert_eq!((run.totals[2].replaced, run.totals[3].uid_epochs), (1, 41.0));
	assert!(per_uid(&run, 3) > 2.0 * per_uid(&run, 1));
	assert!(run.totals[3].registrations > 0.0);
}

#[test]
fn swapping_uids_after_the_commit_earns_nothing_under_the_chains_rule() {
	let people = "
		[[miners]]\nname = 'others'\ncount = 13\nquality = 1
		[[miners]]\nname = 'swap'\nquality = 1\nbehaviour = { kind = 'uid_swap', every_epochs = 2 }";
	let rules = "commit_reveal = true\nreveal_period_epochs = 1\n";
	let mined = |mask: bool| {
		let run = with(&format!("{rules}mask_new_holders = {mask}"), people);
		assert!(run.totals[3].uid_epochs > 0.0 && run.totals[3].registrations > 0.0);
		run.totals[3].mined
	};
	assert_eq!(mined(true), 0.0);
	assert!(mined(false) > 0.0);
}

#[test]
fn lazy_validators_agree_less_when_miners_change() {
	let lazy =
		"[[validators]]\nname = 'lazy'\ncount = 2\nstake_alpha = 1000\nroot_tao = 500\nnominated = 0.5\nsells = 0.5
		behaviour = { kind = 'lazy', noise = 0.1, refresh_epochs = 30 }";
	let run = with("yuma3 = true", lazy);
	let rate = |group: usize| run.totals[group].dividends / run.totals[group].stake_epochs;
	assert!(rate(1) < rate(0), "{} {}", rate(1), rate(0));
}

#[test]
fn a_validator_that_may_not_set_weights_often_waits_and_an_inactive_one_earns_nothing() {
	let people = "[[validators]]\nname = 'slow'\ncount = 2\nstake_alpha = 1000\nweights_every_epochs = 50
		behaviour = { kind = 'honest', noise = 0.1 }";
	let run = with("activity_cutoff_blocks = 720", people);
	let rate = |group: usize| run.totals[group].dividends / run.totals[group].stake_epochs;
	assert!(rate(1) < 0.3 * rate(0), "{} {}", rate(1), rate(0));
	let limited = with("weights_rate_limit_blocks = 3600", "");
	assert!(limited.totals[0].dividends > 0.0);
}
