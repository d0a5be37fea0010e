//! A whole network on this machine: a node, a subnet, and neurons with wallets of their own.

use anyhow::{Context as _, Result};
use neuron_chain::{
	AccountId, ChainClient, Keypair,
	wallet::{Overwrite, Wallet},
};
use neuron_testkit::process::{NodeProcess, Process, binary};
use std::{
	ffi::{OsStr, OsString},
	path::{Path, PathBuf},
	time::Duration,
};

/// How long one request to the node may take; generous, for machines that are busy with models.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
/// How long processes get to end when asked.
const STOP_GRACE: Duration = Duration::from_secs(30);
/// The name of each wallet's only hotkey.
const HOTKEY: &str = "default";
/// candle's threads for quantised products spin while they wait; on a machine that many models share, one is
/// the fastest.
const SHARED_MACHINE: [(&str, &str); 1] = [("CANDLE_NUM_THREADS", "1")];
/// The secret URI of the account that owns the subnet.
const OWNER_URI: &str = "//Alice";

/// The programs that a world is made of.
#[derive(Clone, Debug)]
pub struct Programs {
	/// `ganglion-node`.
	pub node: PathBuf,
	/// `neuron`.
	pub neuron: PathBuf,
}

impl Programs {
	/// Those that the environment (`GANGLION_NODE`, `GANGLION_NEURON`) names, else those built beside the
	/// running program.
	///
	/// # Errors
	/// One of them is missing.
	pub fn find() -> Result<Self> {
		Ok(Self {
			node: binary("GANGLION_NODE", "ganglion-node")?,
			neuron: binary("GANGLION_NEURON", "neuron")?,
		})
	}
}

/// Somebody with a registered neuron.
#[derive(Clone, Debug)]
pub struct Participant {
	/// What we call it: the wallet's name and the process's.
	pub name: String,
	/// Its uid in the subnet.
	pub uid: u16,
	/// Its hotkey.
	pub hotkey: AccountId,
	/// Owns the hotkey and pays.
	pub coldkey: Keypair,
}

/// A running chain with one subnet.
#[derive(Debug)]
pub struct World {
	/// The connection to the node.
	pub chain: ChainClient,
	/// The subnet.
	pub netuid: u16,
	/// The subnet's owner, whose hotkey has uid 0.
	pub owner: Participant,
	folder: PathBuf,
	programs: Programs,
	node: NodeProcess,
}

impl World {
	/// Starts a node below `folder` that seals a block every `sealing_ms` milliseconds, with `genesis_patch`
	/// merged into the development genesis and `node_arguments` besides those that it needs, and registers a subnet.
	///
	/// # Errors
	/// The node does not start, or refuses a transaction.
	pub async fn start(
		programs: Programs,
		folder: &Path,
		sealing_ms: u64,
		genesis_patch: &serde_json::Value,
		node_arguments: &[String],
	) -> Result<Self> {
		let patch = folder.join("genesis-patch.json");
		std::fs::write(&patch, genesis_patch.to_string()).with_context(|| format!("{}", patch.display()))?;
		let node = NodeProcess::start(&programs.node, folder, sealing_ms, Some(&patch), node_arguments)?;
		let chain = ChainClient::connect(node.url(), REQUEST_TIMEOUT).await?;
		let coldkey = Keypair::from_uri(OWNER_URI)?;
		let hotkey = Keypair::from_uri(&format!("{OWNER_URI}//hotkey"))?.account_id();
		let netuid = chain.register_network(&coldkey, &hotkey).await?;
		chain.start_subnet(&coldkey, netuid).await?;
		let owner = Participant {
			name: "owner".into(),
			uid: 0,
			hotkey,
			coldkey,
		};
		Ok(Self {
			chain,
			netuid,
			owner,
			folder: folder.to_owned(),
			programs,
			node,
		})
	}

	/// Registers a neuron for the development account `uri` and writes its wallet.
	///
	/// # Errors
	/// The chain refuses the registration, or the wallet cannot be written.
	pub async fn join(&self, name: &str, uri: &str) -> Result<Participant> {
		let coldkey = Keypair::from_uri(uri)?;
		let hotkey = Keypair::from_uri(&format!("{uri}//hotkey"))?;
		let wallet = Wallet::open(&self.wallets(), name)?;
		wallet.create_coldkey(&coldkey, Overwrite::Never)?;
		wallet.create_hotkey(HOTKEY, &hotkey, Overwrite::Never)?;
		let uid = self
			.chain
			.burned_register(&coldkey, self.netuid, &hotkey.account_id())
			.await
			.with_context(|| format!("registering {name}"))?;
		Ok(Participant {
			name: name.into(),
			uid,
			hotkey: hotkey.account_id(),
			coldkey,
		})
	}

	/// Stakes TAO of `from` on `on`.
	///
	/// # Errors
	/// The chain refuses.
	pub async fn stake(&self, from: &Participant, on: &Participant, amount_rao: u64) -> Result<()> {
		self.chain
			.add_stake(&from.coldkey, &on.hotkey, self.netuid, amount_rao)
			.await
			.with_context(|| format!("staking for {}", on.name))?;
		Ok(())
	}

	/// Starts `neuron <role>` for a participant, with `arguments` besides those that every neuron needs.
	///
	/// # Errors
	/// The process cannot be started.
	pub fn neuron(&self, role: &str, participant: &Participant, arguments: &[impl AsRef<OsStr>]) -> Result<Process> {
		let mut all = vec![OsString::from(role)];
		all.extend(self.neuron_arguments(participant));
		all.extend(arguments.iter().map(OsString::from));
		Ok(Process::start_with(
			&participant.name,
			&self.programs.neuron,
			all,
			&SHARED_MACHINE,
			&self.folder,
		)?)
	}

	/// The arguments that every neuron on this chain needs: node, subnet, wallet, folders, address.
	#[must_use]
	pub fn neuron_arguments(&self, participant: &Participant) -> Vec<OsString> {
		let mut arguments: Vec<OsString> = Vec::new();
		let mut option = |name: &str, value: OsString| arguments.extend([name.into(), value]);
		option("--url", self.node.url().into());
		option("--netuid", self.netuid.to_string().into());
		option("--wallet-path", self.wallets().into());
		option("--wallet", participant.name.clone().into());
		option("--hotkey", HOTKEY.into());
		option("--data-dir", self.data_folder(participant).into());
		option("--listen", "127.0.0.1:0".into());
		arguments
	}

	/// Where a participant's neuron keeps what outlives it.
	#[must_use]
	pub fn data_folder(&self, participant: &Participant) -> PathBuf {
		self.folder.join("data").join(&participant.name)
	}

	/// The folder of logs, wallets and databases.
	#[must_use]
	pub fn folder(&self) -> &Path {
		&self.folder
	}

	/// The node's process.
	pub fn node(&mut self) -> &mut Process {
		self.node.process()
	}

	/// Asks the neurons and then the node to end, and waits for all of them.
	///
	/// # Errors
	/// One of them did not end when asked, or ended with an error.
	pub fn stop(self, neurons: Vec<Process>) -> Result<()> {
		let mut failures = Vec::new();
		for process in neurons {
			let name = process.name().to_owned();
			match process.stop(STOP_GRACE) {
				Ok(status) if status.success() => {}
				Ok(status) => failures.push(format!("{name} ended with {status}")),
				Err(error) => failures.push(error.to_string()),
			}
		}
		match self.node.stop(STOP_GRACE) {
			Ok(status) if status.success() => {}
			Ok(status) => failures.push(format!("the node ended with {status}")),
			Err(error) => failures.push(error.to_string()),
		}
		anyhow::ensure!(
			failures.is_empty(),
			"not all processes ended as asked: {}",
			failures.join("; ")
		);
		Ok(())
	}

	fn wallets(&self) -> PathBuf {
		self.folder.join("wallets")
	}
}
