//! The demo: one node, one subnet, two validators and four miners, two of which cheat.

pub mod checks;
mod progress;

use crate::world::{Participant, Programs, World};
use anyhow::{Context as _, Result, bail, ensure};
use checks::Check;
use neuron::units::RAO_PER_TAO;
use neuron_chain::{Ledger, Metagraph};
use neuron_testkit::process::{Process, binary};
use progress::Events;
use serde_json::json;
use std::{
	collections::BTreeMap,
	ffi::OsString,
	path::{Path, PathBuf},
	time::{Duration, Instant},
};

/// Milliseconds between two blocks.
const SEALING_MS: u64 = 500;
/// Blocks of an epoch: long enough for each validator to score every miner at least once on two cores.
const TEMPO: u16 = 60;
/// How often the chain and the validators' events are looked at.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// What the subnet costs, which is what is in its pool at first: so much that the validators' stakes move the price by
/// some percent only.
const SUBNET_COST: u64 = 50_000 * RAO_PER_TAO;
/// What each validator stakes on itself.
const VALIDATOR_STAKE: u64 = 1_000 * RAO_PER_TAO;
/// What the subnet's owner stakes on the first validator, as a nominator.
const NOMINATOR_STAKE: u64 = 500 * RAO_PER_TAO;
/// What the relaying miner stakes, so that the honest miner takes its calls.
const RELAY_STAKE: u64 = 2 * RAO_PER_TAO;
/// The ceiling of the throttled miner.
const THROTTLED_TOKENS_PER_SECOND: &str = "4";
/// The quantisation that the downgraded miner serves.
const DOWNGRADED_PRECISION: &str = "q4_0";

/// What to run, and for how long.
#[derive(Clone, Debug)]
pub struct Options {
	/// The node and the neuron.
	pub programs: Programs,
	/// The GGUF file that miners serve and validators verify with.
	pub model: PathBuf,
	/// Epochs with payouts to miners after which the demo ends.
	pub epochs: u32,
	/// Where logs, wallets and the chain's database go.
	pub folder: PathBuf,
	/// After how long the demo gives up.
	pub limit: Duration,
}

/// Everybody in the demo, by part.
struct Cast {
	validators: Vec<Participant>,
	honest: Participant,
	throttled: Participant,
	downgraded: Participant,
	relay: Participant,
}

impl Cast {
	async fn join(world: &World) -> Result<Self> {
		Ok(Self {
			validators: vec![
				world.join("validator-1", "//Bob").await?,
				world.join("validator-2", "//Charlie").await?,
			],
			honest: world.join("honest", "//Dave").await?,
			throttled: world.join("throttled", "//Eve").await?,
			downgraded: world.join("downgraded", "//Ferdie").await?,
			relay: world.join("relay", "//Alice//stash").await?,
		})
	}

	async fn stake(&self, world: &World) -> Result<()> {
		for validator in &self.validators {
			world.stake(validator, validator, VALIDATOR_STAKE).await?;
		}
		world.stake(&world.owner, &self.validators[0], NOMINATOR_STAKE).await?;
		world.stake(&self.relay, &self.relay, RELAY_STAKE).await
	}

	/// The miners' names by uid.
	fn miners(&self) -> BTreeMap<u16, String> {
		let miners = [&self.honest, &self.throttled, &self.downgraded, &self.relay];
		miners
			.into_iter()
			.map(|miner| (miner.uid, miner.name.clone()))
			.collect()
	}

	/// Everybody's name by uid.
	fn names(&self, world: &World) -> BTreeMap<u16, String> {
		let others = self.validators.iter().chain([&world.owner]);
		let mut names = self.miners();
		names.extend(others.map(|participant| (participant.uid, participant.name.clone())));
		names
	}
}

/// Runs the demo and prints what happens. SIGINT and SIGTERM end it and all that it started.
///
/// # Errors
/// Something did not start, a check failed, the time ran out, or a signal came.
pub async fn run(options: Options) -> Result<()> {
	let stop = neuron::shutdown::on_signals()?;
	tokio::select! {
		done = play(options) => done,
		// What was started dies with its handles, which the unfinished play owns.
		() = stop.cancelled() => bail!("stopped by a signal"),
	}
}

async fn play(options: Options) -> Result<()> {
	let started = Instant::now();
	println!("Ganglion demo: logs and data in {}", options.folder.display());
	let patch = json!({ "subtensorModule": {
		"networkMinLockCost": SUBNET_COST,
		"subnetDefaults": { "tempo": TEMPO },
	} });
	let mut world = World::start(options.programs.clone(), &options.folder, SEALING_MS, &patch, &[]).await?;
	println!(
		"node: a block every {SEALING_MS} ms; subnet {}: an epoch every {TEMPO} blocks",
		world.netuid
	);
	let cast = Cast::join(&world).await?;
	cast.stake(&world).await?;
	println!("registered two validators (1000 TAO each, 500 more from a nominator) and four miners");

	let mut neurons = start_neurons(&world, &cast, &options.model)?;
	let watched = watch(&mut world, &cast, &mut neurons, &options, started).await;
	let memory = peak_memory(&mut world, &neurons);
	let count = neurons.len() + 1;
	let stopped = world.stop(neurons);
	let mut checks = watched?;
	checks.push(Check {
		claim: match &stopped {
			Ok(()) => format!("all {count} processes ended when asked"),
			Err(error) => error.to_string(),
		},
		passed: stopped.is_ok(),
	});

	println!();
	checks.iter().for_each(|check| println!("{check}"));
	println!(
		"\n{:.0} s from start to end; the processes' peak memory adds up to {}",
		started.elapsed().as_secs_f64(),
		memory.map_or_else(
			|| "an unknown amount".into(),
			|bytes| format!("{:.2} GB", bytes as f64 / 1e9)
		)
	);
	ensure!(checks.iter().all(|check| check.passed), "a check failed: see above");
	Ok(())
}

fn start_neurons(world: &World, cast: &Cast, model: &Path) -> Result<Vec<Process>> {
	let model = model.to_str().context("the model's path is not UTF-8")?;
	let miner = ["--model", model];
	let mut neurons = vec![
		world.neuron("miner", &cast.honest, &miner)?,
		world.neuron(
			"miner",
			&cast.throttled,
			&[
				miner.as_slice(),
				&["--max-tokens-per-second", THROTTLED_TOKENS_PER_SECOND],
			]
			.concat(),
		)?,
		world.neuron(
			"miner",
			&cast.downgraded,
			&[miner.as_slice(), &["--precision", DOWNGRADED_PRECISION]].concat(),
		)?,
	];
	let mut arguments = world.neuron_arguments(&cast.relay);
	arguments.extend(["--victim".into(), OsString::from(cast.honest.hotkey.to_string())]);
	let relay = binary("GANGLION_RELAY", "ganglion-relay")?;
	neurons.push(Process::start(&cast.relay.name, &relay, arguments, world.folder())?);
	for validator in &cast.validators {
		let events = events_path(world, validator);
		let events = events.to_str().context("the folder's path is not UTF-8")?;
		let arguments = ["--model", model, "--events", events, "--round-blocks", "1"];
		neurons.push(world.neuron("validator", validator, &arguments)?);
	}
	Ok(neurons)
}

fn events_path(world: &World, validator: &Participant) -> PathBuf {
	world.folder().join(format!("{}.events", validator.name))
}

/// Follows the chain and the validators until enough epochs have paid, and checks the books.
async fn watch(
	world: &mut World,
	cast: &Cast,
	neurons: &mut [Process],
	options: &Options,
	started: Instant,
) -> Result<Vec<Check>> {
	let names = cast.names(world);
	let miners = cast.miners();
	let mut events: Vec<Events> = cast
		.validators
		.iter()
		.map(|validator| Events::new(&validator.name, events_path(world, validator)))
		.collect();
	let start = world.chain.ledger(world.netuid).await?;
	let mut next_epoch = world.chain.next_epoch_start_block(world.netuid).await?;
	let mut before = world.chain.metagraph(world.netuid).await?;
	let mut first_paid = None;
	let mut paid_epochs = 0;
	loop {
		tokio::time::sleep(POLL_INTERVAL).await;
		events
			.iter_mut()
			.try_for_each(|events| events.print_new(&miners, started))?;
		ensure_running(world, neurons)?;
		let due = world.chain.next_epoch_start_block(world.netuid).await?;
		if due != next_epoch {
			next_epoch = due;
			let after = world.chain.metagraph(world.netuid).await?;
			if after.neurons.iter().any(|neuron| neuron.incentive > 0) {
				first_paid.get_or_insert_with(|| before.clone());
				paid_epochs += 1;
			}
			progress::print_epoch(&after, &before, &names, paid_epochs, started);
			before = after;
		}
		if paid_epochs >= options.epochs {
			break;
		}
		if started.elapsed() > options.limit {
			bail!(
				"only {paid_epochs} of {} epochs paid miners within {:?}",
				options.epochs,
				options.limit
			);
		}
	}
	let end = world.chain.ledger(world.netuid).await?;
	let last = world.chain.metagraph(world.netuid).await?;
	println!("\nFinal metagraph of subnet {} at block {}:", world.netuid, last.block);
	println!("{}", neuron::table::metagraph(&last));
	let first = first_paid.context("no epoch paid a miner")?;
	Ok(verdict(cast, &first, &last, &start, &end))
}

/// A neuron or the node that ended by itself ends the demo.
fn ensure_running(world: &mut World, neurons: &mut [Process]) -> Result<()> {
	for process in neurons.iter_mut().chain([world.node()]) {
		if let Some(status) = process.ended()? {
			bail!(
				"{} ended with {status}; the end of its log:\n{}",
				process.name(),
				process.log_tail()
			);
		}
	}
	Ok(())
}

fn verdict(cast: &Cast, first: &Metagraph, last: &Metagraph, start: &Ledger, end: &Ledger) -> Vec<Check> {
	let stake = |metagraph: &Metagraph, participant: &Participant| {
		metagraph.by_uid(participant.uid).map_or(0, |neuron| neuron.stake_rao)
	};
	let earned = |participant| stake(last, participant).saturating_sub(stake(first, participant));
	let (honest, throttled) = (earned(&cast.honest), earned(&cast.throttled));
	vec![
		checks::honest_over_throttled(honest, throttled),
		checks::cheats_share(&[honest, throttled], &[earned(&cast.downgraded), earned(&cast.relay)]),
		checks::emitted_as_scheduled(end),
		checks::nothing_lost(end),
		checks::stakes_hold_payouts(start, end),
	]
}

/// The sum of all processes' peaks, in bytes.
fn peak_memory(world: &mut World, neurons: &[Process]) -> Option<u64> {
	let node = world.node().peak_memory()?;
	neurons
		.iter()
		.try_fold(node, |sum, process| Some(sum + process.peak_memory()?))
}
