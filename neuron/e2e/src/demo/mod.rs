//! The demo: one node, one subnet, two validators and four miners, two of which cheat.

pub mod checks;
mod contest;
mod progress;
mod training;

pub use contest::Contest;

use crate::world::{Participant, Programs, World};
use anyhow::{Context as _, Result, bail, ensure};
use checks::Check;
use contest::{Part, Role, Work};
use neuron::units::RAO_PER_TAO;
use neuron_chain::Metagraph;
use neuron_testkit::process::{Process, binary};
use progress::Events;
use serde_json::json;
use std::{
	collections::BTreeMap,
	ffi::OsString,
	path::PathBuf,
	time::{Duration, Instant},
};
use training::{Leader, Workshop};

/// How often the chain and the validators' events are looked at.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// What the subnet costs, which is what is in its pool at first: so much that the validators' stakes move the price by
/// some percent only.
const SUBNET_COST: u64 = 50_000 * RAO_PER_TAO;
/// What each validator stakes on itself.
const VALIDATOR_STAKE: u64 = 1_000 * RAO_PER_TAO;
/// What the subnet's owner stakes on the first validator, as a nominator.
const NOMINATOR_STAKE: u64 = 500 * RAO_PER_TAO;
/// How fast the chain goes.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
	/// Milliseconds between two blocks.
	pub sealing_ms: u64,
	/// Blocks of an epoch: each validator should be able to score every miner at least once in it.
	pub tempo: u16,
}

impl Default for Pace {
	/// Enough time for language models on two cores.
	fn default() -> Self {
		Self {
			sealing_ms: 500,
			tempo: 60,
		}
	}
}

/// What to run, and for how long.
#[derive(Clone, Debug)]
pub struct Options {
	/// The node and the neuron.
	pub programs: Programs,
	/// What the subnet is about.
	pub contest: Contest,
	/// How fast the chain goes.
	pub pace: Pace,
	/// Epochs with payouts to miners after which the demo ends, once all who work were paid.
	pub epochs: u32,
	/// Where logs, wallets and the chain's database go.
	pub folder: PathBuf,
	/// After how long the demo gives up.
	pub limit: Duration,
}

/// Everybody in the demo.
struct Cast {
	validators: Vec<Participant>,
	miners: Vec<(Part, Participant)>,
}

impl Cast {
	async fn join(world: &World, contest: &Contest) -> Result<Self> {
		let mut cast = Self {
			validators: vec![
				world.join("validator-1", "//Bob").await?,
				world.join("validator-2", "//Charlie").await?,
			],
			miners: Vec::new(),
		};
		for part in contest.parts(world.folder()) {
			let miner = world.join(part.name, part.uri).await?;
			cast.miners.push((part, miner));
		}
		Ok(cast)
	}

	async fn stake(&self, world: &World) -> Result<()> {
		for validator in &self.validators {
			world.stake(validator, validator, VALIDATOR_STAKE).await?;
		}
		world.stake(&world.owner, &self.validators[0], NOMINATOR_STAKE).await?;
		for (part, miner) in self.miners.iter().filter(|(part, _)| part.stake_rao > 0) {
			world.stake(miner, miner, part.stake_rao).await?;
		}
		Ok(())
	}

	/// The miners' names by uid.
	fn miners(&self) -> BTreeMap<u16, String> {
		let named = |(_, miner): &(Part, Participant)| (miner.uid, miner.name.clone());
		self.miners.iter().map(named).collect()
	}

	/// Everybody's name by uid.
	fn names(&self, world: &World) -> BTreeMap<u16, String> {
		let others = self.validators.iter().chain([&world.owner]);
		let mut names = self.miners();
		names.extend(others.map(|participant| (participant.uid, participant.name.clone())));
		names
	}
}

/// What miners of `pretrain` do besides serving, and the best model among theirs.
struct Training {
	workshop: Workshop,
	leader: Leader,
	untrained_loss: f64,
}

impl Training {
	fn begin(world: &World, contest: &Contest, validator: &Participant) -> Result<Option<Self>> {
		let Contest::Pretrain { text } = contest else {
			return Ok(None);
		};
		let leader = Leader::new(world.data_folder(validator), text.as_deref())?;
		Ok(Some(Self {
			untrained_loss: leader.loss()?,
			workshop: Workshop::open(world.folder(), leader.clone())?,
			leader,
		}))
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
	let (contest, Pace { sealing_ms, tempo }) = (&options.contest, options.pace);
	println!(
		"Ganglion demo of {}: logs and data in {}",
		contest.descriptor(),
		options.folder.display()
	);
	let patch = json!({ "subtensorModule": {
		"networkMinLockCost": SUBNET_COST,
		"subnetDefaults": { "tempo": tempo },
	} });
	let mut world = World::start(options.programs.clone(), &options.folder, sealing_ms, &patch, &[]).await?;
	println!(
		"node: a block every {sealing_ms} ms; subnet {}: an epoch every {tempo} blocks",
		world.netuid
	);
	let cast = Cast::join(&world, contest).await?;
	cast.stake(&world).await?;
	println!("registered two validators (1000 TAO each, 500 more from a nominator) and four miners");

	let mut training = Training::begin(&world, contest, &cast.validators[0])?;
	let mut neurons = start_neurons(&world, &cast, contest)?;
	let watched = watch(&mut world, &cast, &mut neurons, &mut training, &options, started).await;
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

fn start_neurons(world: &World, cast: &Cast, contest: &Contest) -> Result<Vec<Process>> {
	let mut neurons = Vec::new();
	for (part, miner) in &cast.miners {
		neurons.push(match &part.work {
			Work::Neuron(arguments) => world.neuron("miner", miner, arguments)?,
			cheat @ (Work::Relay | Work::Careless) => {
				let victim = &cast.miners[0].1.hotkey;
				let mut arguments = world.neuron_arguments(miner);
				arguments.extend(contest.cheat_arguments(cheat, victim).into_iter().map(OsString::from));
				let program = binary("GANGLION_CHEAT", "ganglion-cheat")?;
				Process::start(&miner.name, &program, arguments, world.folder())?
			}
		});
	}
	for validator in &cast.validators {
		let mut arguments = contest.validator_arguments();
		let events = events_path(world, validator);
		let events = events.to_str().context("the folder's path is not UTF-8")?;
		arguments.extend(["--events", events, "--round-blocks", "1"].map(str::to_owned));
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
	training: &mut Option<Training>,
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
		ensure_running(world, neurons, training)?;
		let due = world.chain.next_epoch_start_block(world.netuid).await?;
		if due != next_epoch {
			next_epoch = due;
			let after = world.chain.metagraph(world.netuid).await?;
			if after.neurons.iter().any(|neuron| neuron.incentive > 0) {
				first_paid.get_or_insert_with(|| before.clone());
				paid_epochs += 1;
			}
			progress::print_epoch(&after, &before, &names, paid_epochs, started);
			if let Some(training) = training {
				training.workshop.submit();
				progress::print_loss(training.leader.loss()?, training.untrained_loss);
			}
			before = after;
		}
		if paid_epochs >= options.epochs && all_paid(cast, first_paid.as_ref(), &before) {
			break;
		}
		if started.elapsed() > options.limit {
			bail!(
				"within {:?} {paid_epochs} epochs paid miners ({} asked for), or somebody who works never was paid",
				options.limit,
				options.epochs
			);
		}
	}
	let end = world.chain.ledger(world.netuid).await?;
	let last = world.chain.metagraph(world.netuid).await?;
	println!("\nFinal metagraph of subnet {} at block {}:", world.netuid, last.block);
	println!("{}", neuron::table::metagraph(&last));
	let first = first_paid.context("no epoch paid a miner")?;
	let mut checks = verdict(cast, &first, &last);
	if let Some(training) = training {
		checks.push(checks::loss_fell(training.untrained_loss, training.leader.loss()?));
	}
	checks.extend([
		checks::emitted_as_scheduled(&end),
		checks::nothing_lost(&end),
		checks::stakes_hold_payouts(&start, &end),
	]);
	Ok(checks)
}

/// A neuron, the node or the training that ended by itself ends the demo.
fn ensure_running(world: &mut World, neurons: &mut [Process], training: &mut Option<Training>) -> Result<()> {
	if let Some(training) = training {
		training.workshop.ensure_running()?;
	}
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

/// What the miners of a part earned between two moments, in rao, by name.
fn earned(cast: &Cast, role: Role, first: &Metagraph, last: &Metagraph) -> Vec<(&'static str, u64)> {
	let stake =
		|metagraph: &Metagraph, miner: &Participant| metagraph.by_uid(miner.uid).map_or(0, |neuron| neuron.stake_rao);
	let parts = cast.miners.iter().filter(|(part, _)| part.role == role);
	parts
		.map(|(part, miner)| (part.name, stake(last, miner).saturating_sub(stake(first, miner))))
		.collect()
}

/// Whether everybody who works was paid something.
fn all_paid(cast: &Cast, first: Option<&Metagraph>, last: &Metagraph) -> bool {
	first.is_some_and(|first| {
		[Role::Honest, Role::Slower]
			.into_iter()
			.flat_map(|role| earned(cast, role, first, last))
			.all(|(_, amount)| amount > 0)
	})
}

/// Whether everybody earned what is expected of its part.
fn verdict(cast: &Cast, first: &Metagraph, last: &Metagraph) -> Vec<Check> {
	let [honest, slower, contenders, cheats] =
		[Role::Honest, Role::Slower, Role::Contender, Role::Cheat].map(|role| earned(cast, role, first, last));
	let amounts = |miners: &[(&str, u64)]| miners.iter().map(|(_, amount)| *amount).collect::<Vec<_>>();
	let work = [&honest, &slower, &contenders].map(|miners| amounts(miners)).concat();
	vec![
		checks::honest_earn(&honest, &slower),
		checks::cheats_share(&work, &amounts(&cheats)),
	]
}

/// The sum of all processes' peaks, in bytes.
fn peak_memory(world: &mut World, neurons: &[Process]) -> Option<u64> {
	let node = world.node().peak_memory()?;
	neurons
		.iter()
		.try_fold(node, |sum, process| Some(sum + process.peak_memory()?))
}
