//! `neuron subnet …`: everything between the idea of a mechanism and its payouts.

mod advice;
mod explain;
mod hyperparameters;
mod low;
mod scaffold;

use anyhow::Result;
use neuron_chain::SubnetIdentity;
use subnet_sdk::conformance;

pub use self::{
	low::{CheckLow, CreateLow, ExplainLow, HyperparametersCommandLow, HyperparametersLow, NewLow, SubnetLow},
	scaffold::{Scaffold, ScaffoldError, Sdk},
};
use super::{
	UsageError,
	chain_commands::{connect, start_subnet},
	high::Resolver,
	low::RoleLow,
	print,
};
use crate::{
	neuron_options::WalletLocation,
	registry::{self, MechanismOptions},
	units::format_tao,
};

/// The sub-commands, resolved.
#[derive(Clone, Debug)]
pub enum SubnetCommand {
	/// `subnet new`
	New(Scaffold),
	/// `subnet check`
	Check {
		/// What is checked.
		mechanism: MechanismOptions,
	},
	/// `subnet create`
	Create {
		/// What the subnet says about itself, if anything.
		identity: Option<SubnetIdentity>,
	},
	/// `subnet start`
	Start {
		/// The subnet.
		netuid: u16,
	},
	/// `subnet hyperparameters`
	Hyperparameters {
		/// The subnet.
		netuid: u16,
	},
	/// `subnet hyperparameters set`
	SetHyperparameter {
		/// The subnet.
		netuid: u16,
		/// The name.
		name: String,
		/// The value as typed.
		value: String,
		/// With the power of the sudo key.
		sudo: bool,
	},
	/// `subnet explain`
	Explain {
		/// The subnet.
		netuid: u16,
		/// The uid; the wallet's hotkey's where absent.
		uid: Option<u16>,
		/// What an epoch would pay now.
		now: bool,
	},
	/// `subnet explain --error`
	ExplainError {
		/// What the chain said.
		text: String,
	},
}

impl Resolver {
	pub(super) fn subnet(&self, low: SubnetLow) -> Result<SubnetCommand, UsageError> {
		Ok(match low {
			SubnetLow::New(low) => SubnetCommand::New(Scaffold {
				folder: low.folder.unwrap_or_else(|| low.name.clone().into()),
				name: low.name,
				sdk: match (low.sdk_path, low.sdk_git) {
					_ if low.python => Sdk::Python,
					(Some(path), _) => Sdk::Path(path),
					(None, Some(url)) => Sdk::Git(url),
					(None, None) => Sdk::Around,
				},
			}),
			SubnetLow::Check(low) => SubnetCommand::Check {
				mechanism: self.mechanism(
					&RoleLow {
						mechanism: low.mechanism,
						mechanism_command: low.mechanism_command,
						model: low.model,
						..RoleLow::default()
					},
					None,
				)?,
			},
			SubnetLow::Create(low) => SubnetCommand::Create {
				identity: identity(low),
			},
			SubnetLow::Start(low) => SubnetCommand::Start {
				netuid: self.netuid(low.netuid)?,
			},
			SubnetLow::Hyperparameters(low) => match low.command {
				None => SubnetCommand::Hyperparameters {
					netuid: self.netuid(low.subnet.netuid)?,
				},
				Some(HyperparametersCommandLow::Set {
					name,
					value,
					netuid,
					sudo,
				}) => SubnetCommand::SetHyperparameter {
					netuid: self.netuid(netuid)?,
					name,
					value,
					sudo,
				},
			},
			SubnetLow::Explain(low) => match low.error {
				Some(text) => SubnetCommand::ExplainError { text },
				None => SubnetCommand::Explain {
					netuid: self.netuid(low.subnet.netuid)?,
					uid: low.uid,
					now: low.now,
				},
			},
		})
	}
}

/// `None` where nothing was said.
fn identity(low: CreateLow) -> Option<SubnetIdentity> {
	let identity = SubnetIdentity {
		name: low.name.unwrap_or_default(),
		github_repo: low.github.unwrap_or_default(),
		contact: low.contact.unwrap_or_default(),
		url: low.homepage.unwrap_or_default(),
		discord: low.discord.unwrap_or_default(),
		description: low.description.unwrap_or_default(),
		logo_url: low.logo.unwrap_or_default(),
		additional: low.additional.unwrap_or_default(),
	};
	(identity != SubnetIdentity::default()).then_some(identity)
}

pub(super) async fn run(url: &str, wallet: &WalletLocation, command: SubnetCommand) -> Result<()> {
	match command {
		SubnetCommand::New(scaffold) => print(&scaffold.write()?),
		SubnetCommand::Check { mechanism } => print(&check(mechanism).await?),
		SubnetCommand::Create { identity } => create(url, wallet, identity).await,
		SubnetCommand::Start { netuid } => start_subnet(url, wallet, netuid).await,
		SubnetCommand::Hyperparameters { netuid } => hyperparameters::show(url, netuid).await,
		SubnetCommand::SetHyperparameter {
			netuid,
			name,
			value,
			sudo,
		} => hyperparameters::set(url, wallet, netuid, &name, &value, sudo).await,
		SubnetCommand::Explain { netuid, uid, now } => explain::payout(url, wallet, netuid, uid, now).await,
		SubnetCommand::ExplainError { text } => explain::error(url, &text).await,
	}
}

/// Runs the suite on a blocking thread: it waits for processes, or computes for seconds.
async fn check(mechanism: MechanismOptions) -> Result<String> {
	let checked = tokio::task::spawn_blocking(move || {
		let mechanism = registry::build(&mechanism)?;
		let verdict = conformance::check(&*mechanism);
		anyhow::Ok((mechanism.descriptor(), mechanism.deadline(), verdict))
	});
	let (descriptor, deadline, verdict) = checked.await??;
	match verdict {
		Ok(()) => Ok(format!(
			"{descriptor}, deadline {deadline:?}: sound. Honest work is paid; relayed and hostile answers are not; hostile tasks \
			 and cancellation are survived.\n"
		)),
		Err(reason) => anyhow::bail!("{descriptor} is not sound: {reason}"),
	}
}

async fn create(url: &str, wallet: &WalletLocation, identity: Option<SubnetIdentity>) -> Result<()> {
	let (hotkey, coldkey) = (wallet.hotkey()?.account_id(), wallet.coldkey()?);
	let client = connect(url).await?;
	let cost_rao = client.network_registration_cost().await?;
	tracing::info!(cost_tao = format_tao(cost_rao), "registering a subnet");
	let netuid = match &identity {
		None => client.register_network(&coldkey, &hotkey).await?,
		Some(identity) => {
			client
				.register_network_with_identity(&coldkey, &hotkey, identity)
				.await?
		}
	};
	print(&format!(
		"subnet {netuid} made, owned by {}; `neuron subnet start --netuid {netuid}` begins its emission\n",
		coldkey.account_id()
	))
}
