//! The whole loop with real processes and a tiny random model.

use anyhow::{Context as _, Result, ensure};
use neuron::directory::network_key;
use neuron_e2e::world::{Participant, Programs, World};
use neuron_net::{CallError, Caller, Config, Directory, Identity, LocalSigner, Network, Refusal, Request, Target};
use neuron_testkit::{
	process::{Process, binary},
	tiny_model::{TinySpec, write_gguf},
};
use serde_json::json;
use std::{
	path::Path,
	process::Command,
	sync::Arc,
	time::{Duration, Instant},
};

/// Long enough for a busy machine; only a hang takes it.
const PATIENCE: Duration = Duration::from_secs(300);
const POLL_INTERVAL: Duration = Duration::from_millis(200);
const SEALING_MS: u64 = 200;
const STAKE: u64 = 1_000_000_000_000;
/// Alpha that the subnet emits in each block, in rao.
const BLOCK_EMISSION: u64 = 1_000_000_000;

/// Knows nobody: what a stranger needs to know to call.
struct Nobody;

impl Directory for Nobody {
	fn caller(&self, _public_key: &[u8; 32]) -> Option<Caller> {
		None
	}
}

async fn world(folder: &Path) -> Result<World> {
	let patch = json!({ "subtensorModule": { "subnetDefaults": { "tempo": 10 } } });
	World::start(Programs::find()?, folder, SEALING_MS, &patch, &[]).await
}

/// Starts a beacon with a round each second; returns its process, its address, and what the genesis says of it.
fn beacon(folder: &Path) -> Result<(Process, String, serde_json::Value)> {
	let program = binary("GANGLION_BEACON", "ganglion-beacon")?;
	let described = Command::new(&program)
		.args(["--period=1", "--genesis-patch"])
		.output()?;
	let patch = serde_json::from_slice(&described.stdout)?;
	let mut process = Process::start("beacon", &program, ["--period=1", "--listen=127.0.0.1:0"], folder)?;
	let started = Instant::now();
	loop {
		let log = process.log_tail();
		if let Some((url, _)) = log.lines().next().and_then(|line| line.split_once(" serves ")) {
			return Ok((process, url.to_owned(), patch));
		}
		ensure!(
			process.ended()?.is_none() && started.elapsed() < PATIENCE,
			"no beacon: {log}"
		);
		std::thread::sleep(POLL_INTERVAL);
	}
}

fn model(folder: &Path) -> Result<String> {
	let path = folder.join("tiny.gguf");
	write_gguf(&path, 7, &TinySpec::default())?;
	Ok(path.to_str().context("the folder's path is not UTF-8")?.to_owned())
}

/// Waits until `ready` gives something, and fails with the ends of the logs if it never does.
async fn wait_for<T>(
	what: &str,
	processes: &[Process],
	mut ready: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
	let started = Instant::now();
	loop {
		if let Some(value) = ready().await? {
			return Ok(value);
		}
		let logs = || {
			processes
				.iter()
				.map(|process| format!("{}:\n{}\n", process.name(), process.log_tail()))
		};
		ensure!(
			started.elapsed() < PATIENCE,
			"{what} did not happen\n{}",
			logs().collect::<String>()
		);
		tokio::time::sleep(POLL_INTERVAL).await;
	}
}

/// Where a miner can be reached, once it has published that.
async fn target(world: &World, miner: &Participant) -> Result<Option<Target>> {
	let metagraph = world.chain.metagraph(world.netuid).await?;
	let neuron = metagraph
		.by_uid(miner.uid)
		.context("the miner is not in the metagraph")?;
	let address = neuron.axon.as_ref().zip(network_key(neuron));
	Ok(address.map(|(axon, public_key)| Target {
		hotkey: neuron.hotkey.into(),
		public_key,
		addr: (axon.ip, axon.port).into(),
	}))
}

#[tokio::test(flavor = "multi_thread")]
async fn miners_are_paid_for_verified_answers() -> Result<()> {
	let folder = tempfile::tempdir()?;
	let world = world(folder.path()).await?;
	let model = model(folder.path())?;
	let validator = world.join("validator", "//Bob").await?;
	let miners = [
		world.join("miner-1", "//Charlie").await?,
		world.join("miner-2", "//Dave").await?,
	];
	world.stake(&validator, &validator, STAKE).await?;
	let start = world.chain.ledger(world.netuid).await?;

	let options = ["--model", &model, "--text-tokens", "8"];
	let mut processes = vec![world.neuron("validator", &validator, &options)?];
	for miner in &miners {
		processes.push(world.neuron("miner", miner, &options)?);
	}
	let paid = wait_for("a payout to both miners", &processes, async || {
		let metagraph = world.chain.metagraph(world.netuid).await?;
		let paid = miners
			.iter()
			.all(|miner| metagraph.by_uid(miner.uid).is_some_and(|neuron| neuron.stake_rao > 0));
		Ok(paid.then_some(metagraph))
	})
	.await?;
	let end = world.chain.ledger(world.netuid).await?;
	world.stop(processes)?;

	let neuron = |participant: &Participant| paid.by_uid(participant.uid).cloned().unwrap();
	assert!(miners.iter().all(|miner| neuron(miner).incentive > 0), "{paid:?}");
	assert!(
		neuron(&validator).dividends > 0 && neuron(&validator).validator_permit,
		"{paid:?}"
	);
	assert_eq!(end.emitted, end.emitting_blocks() * BLOCK_EMISSION, "{end:?}");
	assert_eq!(end.emitted, end.paid() + end.pending, "{end:?}");
	assert_eq!(
		end.staked - start.staked,
		end.paid_as_stake() - start.paid_as_stake(),
		"{start:?} {end:?}"
	);
	Ok(())
}

/// On such a subnet weights get on chain only through a commit that the chain itself opens, once the beacon's round is there.
#[tokio::test(flavor = "multi_thread")]
async fn weights_that_are_sealed_are_opened_and_pay() -> Result<()> {
	let folder = tempfile::tempdir()?;
	let (beacon, url, mut patch) = beacon(folder.path())?;
	patch["pace"] = json!({ "slotDurationMs": SEALING_MS });
	patch["subtensorModule"] = json!({ "subnetDefaults": { "tempo": 20, "commitRevealWeightsEnabled": true } });
	let node_arguments = [format!("--beacon={url}")];
	let world = World::start(Programs::find()?, folder.path(), SEALING_MS, &patch, &node_arguments).await?;
	let model = model(folder.path())?;
	let validator = world.join("validator", "//Bob").await?;
	let miner = world.join("miner", "//Charlie").await?;
	world.stake(&validator, &validator, STAKE).await?;

	let options = ["--model", &model, "--text-tokens", "8"];
	let processes = vec![
		world.neuron("validator", &validator, &options)?,
		world.neuron("miner", &miner, &options)?,
		beacon,
	];
	let paid = wait_for("a payout", &processes, async || {
		let metagraph = world.chain.metagraph(world.netuid).await?;
		let neuron = metagraph.by_uid(miner.uid).cloned();
		Ok(neuron.filter(|neuron| neuron.stake_rao > 0))
	})
	.await?;
	let sealing = world.chain.sealing(world.netuid).await?;
	// The beacon is no service: it is not asked to end, and its handle kills it.
	let (neurons, _beacon): (Vec<_>, Vec<_>) = processes.into_iter().partition(|process| process.name() != "beacon");
	world.stop(neurons)?;
	assert!(sealing.is_some() && paid.incentive > 0, "{paid:?}");
	Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_is_refused_and_costs_no_inference() -> Result<()> {
	let folder = tempfile::tempdir()?;
	let world = world(folder.path()).await?;
	let model = model(folder.path())?;
	let miner = world.join("miner", "//Bob").await?;
	let processes = vec![world.neuron("miner", &miner, &["--model", &model])?];
	let target = wait_for("the miner's axon", &processes, async || target(&world, &miner).await).await?;

	// Its counters are logged at the end only by a miner that has got as far as serving.
	let log = processes[0].log().to_owned();
	wait_for("serving", &processes, async || {
		Ok(std::fs::read_to_string(&log)?.contains("serving").then_some(()))
	})
	.await?;

	let hotkey = Arc::new(LocalSigner::from_seed([9; 32]));
	let config = Config::new(([127, 0, 0, 1], 0).into(), Identity::generate(), hotkey);
	let (stranger, _incoming) = Network::start(config, Arc::new(Nobody)).await?;
	let request = Request {
		mechanism: subnet_text::DESCRIPTOR.name.into(),
		version: subnet_text::DESCRIPTOR.version,
		nonce: [1; 32],
		deadline_ms: 10_000,
		body: Vec::new(),
	};
	for _ in 0..3 {
		let refused = match stranger.call(target.clone(), request.clone(), PATIENCE).await {
			Err(error) => error,
			Ok(mut answer) => answer
				.next()
				.await
				.context("an empty answer")?
				.err()
				.context("an answer")?,
		};
		assert!(
			matches!(refused, CallError::Refused(Refusal::UnknownPeer)),
			"{refused:?}"
		);
	}
	stranger.shutdown().await;

	world.stop(processes)?;
	let log = std::fs::read_to_string(&log)?;
	let stopped = log
		.lines()
		.find(|line| line.contains("stopped"))
		.context("no line about the end")?;
	for count in ["answered=0", "cancelled=0", "failed=0"] {
		assert!(stopped.contains(count), "{stopped}");
	}
	Ok(())
}
