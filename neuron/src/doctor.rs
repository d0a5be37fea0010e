//! `neuron doctor`: what of this neuron is reachable, through what, and why not.
//!
//! Each check is one line with what was found and, where it is not good, what to do. The neuron may be running: then
//! its port is taken, and what only the neuron itself can try out (tests by peers, a place at a relay) is left out and
//! said so.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use neuron_chain::{ChainClient, Keypair, Metagraph, Neuron};
use neuron_net::{
	CallError, Caller, Config, Directory, External, Handle, Identity, Incoming, LocalSigner, Network, Reach, Refusal,
	Request, Target,
};

use crate::{
	directory::{MetagraphDirectory, network_key},
	neuron_options::NeuronOptions,
	registry::{self, MechanismOptions},
	startup::{self, CONNECT_TIMEOUT, HotkeySigner},
};

/// How long a call may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// How long tests by peers, and a place at a relay, are waited for.
const REACH_TIMEOUT: Duration = Duration::from_secs(15);
/// Most peers that are asked for the time.
const MAX_PEERS: usize = 5;

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
	/// As it should be.
	Good,
	/// Not known, or worth a look.
	Unclear,
	/// Peers are kept from reaching this neuron, or it from working.
	Bad,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
	/// What was looked at.
	pub check: &'static str,
	/// How it went.
	pub verdict: Verdict,
	/// What was found.
	pub found: String,
	/// What to do about it; empty where it is good.
	pub remedy: String,
}

/// All checks, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
	/// The checks.
	pub findings: Vec<Finding>,
}

impl Report {
	fn good(&mut self, check: &'static str, found: impl Into<String>) {
		self.add(check, Verdict::Good, found.into(), String::new());
	}

	fn unclear(&mut self, check: &'static str, found: impl Into<String>, remedy: impl Into<String>) {
		self.add(check, Verdict::Unclear, found.into(), remedy.into());
	}

	fn bad(&mut self, check: &'static str, found: impl Into<String>, remedy: impl Into<String>) {
		self.add(check, Verdict::Bad, found.into(), remedy.into());
	}

	fn add(&mut self, check: &'static str, verdict: Verdict, found: String, remedy: String) {
		self.findings.push(Finding {
			check,
			verdict,
			found,
			remedy,
		});
	}

	/// Whether nothing is bad.
	#[must_use]
	pub fn is_healthy(&self) -> bool {
		self.findings.iter().all(|finding| finding.verdict != Verdict::Bad)
	}

	/// One line a check, and an indented line with the remedy where there is one.
	#[must_use]
	pub fn table(&self) -> String {
		let width = self
			.findings
			.iter()
			.map(|finding| finding.check.len())
			.max()
			.unwrap_or(0);
		let mut text = String::new();
		for Finding {
			check,
			verdict,
			found,
			remedy,
		} in &self.findings
		{
			let mark = match verdict {
				Verdict::Good => "ok",
				Verdict::Unclear => "??",
				Verdict::Bad => "NO",
			};
			text.push_str(&format!("{mark}  {check:width$}  {found}\n"));
			if !remedy.is_empty() {
				text.push_str(&format!("    {:width$}  -> {remedy}\n", ""));
			}
		}
		text
	}
}

/// Looks at everything. Publishes nothing and pays nothing; creates no identity.
pub async fn examine(options: &NeuronOptions, mechanism: &MechanismOptions) -> Report {
	let mut report = Report::default();
	examine_model(mechanism, &mut report).await;
	let hotkey = match options.wallet.hotkey() {
		Ok(hotkey) => hotkey,
		Err(error) => {
			report.bad(
				"hotkey",
				error.to_string(),
				"name the wallet and its hotkey, or make one: neuron wallet new",
			);
			return report;
		}
	};
	report.good("hotkey", hotkey.account_id().to_string());
	let Some(metagraph) = examine_chain(options, &mut report).await else {
		return report;
	};
	let own = metagraph.by_hotkey(&hotkey.account_id());
	let Some(own) = own else {
		report.bad(
			"registration",
			format!("not registered on subnet {}", options.netuid),
			format!("neuron register --netuid {}", options.netuid),
		);
		return report;
	};
	report.good("registration", format!("uid {} on subnet {}", own.uid, options.netuid));
	let identity = examine_record(options, &hotkey, own, &mut report);
	examine_dial(own, &mut report).await;
	if let Some(identity) = identity {
		examine_network(options, (hotkey, identity), &metagraph, &mut report).await;
	}
	report
}

async fn examine_model(mechanism: &MechanismOptions, report: &mut Report) {
	if mechanism.model.is_none() {
		return report.unclear(
			"model",
			"no model was named",
			"add --model PATH, as for neuron miner, to check it",
		);
	}
	let options = mechanism.clone();
	match tokio::task::spawn_blocking(move || registry::build(&options).map(drop)).await {
		Ok(Ok(())) if mechanism.model_sha256.is_some() => {
			report.good("model", "loads, and has the hash that was given")
		}
		Ok(Ok(())) => report.unclear(
			"model",
			"loads",
			"add --model-sha256 HEX to be sure that it is the subnet's model",
		),
		Ok(Err(error)) => report.bad(
			"model",
			error.to_string(),
			"get the subnet's model anew and check its hash",
		),
		Err(error) => report.bad(
			"model",
			error.to_string(),
			"report this: loading a model must not panic",
		),
	}
}

async fn examine_chain(options: &NeuronOptions, report: &mut Report) -> Option<Metagraph> {
	let remedy = "check --url, and that the node runs and accepts connections from here";
	let read = async {
		let client = ChainClient::connect(&options.url, CONNECT_TIMEOUT).await?;
		let block = client.block_number().await?;
		Ok::<_, neuron_chain::ChainError>((block, client.metagraph(options.netuid).await?))
	};
	match read.await {
		Ok((block, metagraph)) => {
			report.good("chain", format!("{} at block {block}", options.url));
			Some(metagraph)
		}
		Err(error) => {
			report.bad("chain", error.to_string(), remedy);
			None
		}
	}
}

/// Compares what the chain says with what this neuron would publish; returns its identity.
fn examine_record(options: &NeuronOptions, hotkey: &Keypair, own: &Neuron, report: &mut Report) -> Option<Identity> {
	let publishes = "start the neuron: it publishes its record by itself";
	let identity = match options.resolve_data_dir(&hotkey.account_id().to_string()) {
		Ok(folder) if folder.join("identity").exists() => match Identity::load_or_create(&folder.join("identity")) {
			Ok(identity) => Some(identity),
			Err(error) => {
				report.bad(
					"network key",
					error.to_string(),
					"put the right identity file back, or move this one away",
				);
				None
			}
		},
		Ok(folder) => {
			let path = folder.join("identity");
			report.unclear("network key", format!("none yet at {}", path.display()), publishes);
			None
		}
		Err(error) => {
			report.bad("network key", error.to_string(), "give --data-dir FOLDER");
			None
		}
	};
	if let Some(identity) = &identity {
		if network_key(own) == Some(identity.public_key()) {
			report.good("key on chain", identity.peer_id());
		} else {
			report.bad("key on chain", "another key, or none", publishes);
		}
	}
	let wanted = options.published_addr(options.listen);
	match own.axon.as_ref().map(|axon| SocketAddr::new(axon.ip, axon.port)) {
		Some(addr) if addr == wanted || wanted.port() == 0 => report.good("address on chain", addr.to_string()),
		Some(addr) => report.bad(
			"address on chain",
			format!("{addr}, but the options say {wanted}"),
			publishes,
		),
		None => report.bad("address on chain", "none", publishes),
	}
	identity
}

/// Knows nobody.
struct Nobody;

impl Directory for Nobody {
	fn caller(&self, _: &[u8; 32]) -> Option<Caller> {
		None
	}
}

/// Calls the address on chain as a stranger: a refusal by the right key shows that the neuron is there.
async fn examine_dial(own: &Neuron, report: &mut Report) {
	const CHECK: &str = "dial";
	let (Some(axon), Some(public_key)) = (&own.axon, network_key(own)) else {
		return report.bad(
			CHECK,
			"the chain has no address and key to dial",
			"start the neuron first",
		);
	};
	let addr = SocketAddr::new(axon.ip, axon.port);
	let signer = Arc::new(LocalSigner::from_seed(rand::random()));
	let mut config = Config::new(([0, 0, 0, 0], 0).into(), Identity::generate(), signer);
	config.external = External::Unknown;
	let (network, _incoming) = match Network::start(config, Arc::new(Nobody)).await {
		Ok(started) => started,
		Err(error) => return report.unclear(CHECK, error.to_string(), "free a port and try again"),
	};
	let target = Target {
		hotkey: own.hotkey.into(),
		public_key,
		addr,
	};
	match network.call(target, probe(), CALL_TIMEOUT).await {
		Ok(_) | Err(CallError::Refused(_)) => {
			report.good(
				CHECK,
				format!("{addr} leads to this neuron, which proves its key (tried from this machine)"),
			);
		}
		Err(error @ CallError::WrongPeer { .. }) => report.bad(
			CHECK,
			error.to_string(),
			"another neuron is there: correct --external; or, if it is the relay, see that it runs with --relay and this \
			 neuron runs",
		),
		Err(error @ (CallError::Outdated { .. } | CallError::Unsupported { .. })) => {
			report.bad(CHECK, error.to_string(), "update the software of the older side");
		}
		Err(error) => report.bad(
			CHECK,
			error.to_string(),
			"start the neuron; then open the port in the firewall or pass it on in the router, or use --via-relay IP:PORT",
		),
	}
	network.shutdown().await;
}

/// A request that nobody serves.
fn probe() -> Request {
	Request {
		mechanism: "doctor".into(),
		version: 0,
		nonce: rand::random(),
		deadline_ms: u32::try_from(CALL_TIMEOUT.as_millis()).unwrap_or(u32::MAX),
		body: Vec::new(),
	}
}

/// Takes the neuron's place on the network for a moment, if it is free.
async fn examine_network(
	options: &NeuronOptions,
	(hotkey, identity): (Keypair, Identity),
	metagraph: &Metagraph,
	report: &mut Report,
) {
	let directory = Arc::new(MetagraphDirectory::new());
	directory.update(metagraph);
	let own = hotkey.account_id();
	let mut config = Config::new(options.listen, identity, Arc::new(HotkeySigner(hotkey)));
	config.network = startup::network_id(options.netuid);
	config.external = External::Unknown;
	match startup::relays(options, metagraph) {
		Ok(relays) => config.relays = relays,
		Err(error) => report.bad("relay", error.to_string(), "name a neuron that runs with --relay"),
	}
	let (network, _incoming): (Handle, Incoming) = match Network::start(config, directory).await {
		Ok(started) => {
			report.good(
				"listening",
				format!("{} is free; the neuron is not running", options.listen),
			);
			started
		}
		Err(neuron_net::NetError::PortTaken { .. }) => {
			report.good(
				"listening",
				format!("{} is taken, presumably by the neuron", options.listen),
			);
			let skipped = "the neuron is running, so that its place cannot be taken to try";
			return report.unclear(
				"tests by peers",
				skipped,
				"stop the neuron and run this again to see them",
			);
		}
		Err(error) => return report.bad("listening", error.to_string(), "correct --listen"),
	};
	examine_clock(&network, &own, metagraph, report).await;
	let through_relay = !options.relaying.through.is_empty();
	let mut watched = network.reach();
	let settled = |reach: &Reach| {
		if through_relay {
			!reach.relayed.is_empty()
		} else {
			reach.is_direct() || reach.is_closed()
		}
	};
	let waited = tokio::time::timeout(REACH_TIMEOUT, watched.wait_for(settled)).await;
	let reach = match waited {
		Ok(Ok(reach)) => reach.clone(),
		_ => network.reach().borrow().clone(),
	};
	report_reach(&reach, through_relay, report);
	network.shutdown().await;
}

fn report_reach(reach: &Reach, through_relay: bool, report: &mut Report) {
	const CHECK: &str = "tests by peers";
	let list = |texts: &std::collections::BTreeSet<String>| texts.iter().cloned().collect::<Vec<_>>().join(", ");
	let open = "open the port in the firewall or pass it on in the router, or use --via-relay IP:PORT";
	if reach.is_direct() {
		report.good(CHECK, format!("peers reach {}", list(&reach.confirmed)));
	} else if reach.is_closed() {
		let failed: Vec<String> = reach
			.failed
			.iter()
			.map(|(address, why)| format!("{address}: {why}"))
			.collect();
		if through_relay {
			report.unclear(CHECK, failed.join("; "), "nothing: that is what the relay is for");
		} else {
			report.bad(CHECK, failed.join("; "), open);
		}
	} else {
		report.unclear(
			CHECK,
			format!("no peer has tried; seen at: {}", list(&reach.observed)),
			"try again later",
		);
	}
	if !through_relay {
		return;
	}
	if reach.relayed.is_empty() {
		let refused: Vec<String> = reach
			.refused
			.iter()
			.map(|(relay, why)| format!("{relay}: {why}"))
			.collect();
		report.bad(
			"relay",
			format!("no place at a relay; {}", refused.join("; ")),
			"see that the relay runs with --relay, and that this neuron's key is on chain",
		);
	} else {
		report.good("relay", list(&reach.relayed));
	}
}

/// Asks peers, which refuse what was signed at another time than theirs.
async fn examine_clock(network: &Handle, own: &neuron_chain::AccountId, metagraph: &Metagraph, report: &mut Report) {
	const CHECK: &str = "clock";
	let others = metagraph.neurons.iter().filter(|neuron| neuron.hotkey != *own);
	let targets = others.filter_map(|neuron| {
		let axon = neuron.axon.as_ref()?;
		Some(Target {
			hotkey: neuron.hotkey.into(),
			public_key: network_key(neuron)?,
			addr: (axon.ip, axon.port).into(),
		})
	});
	let mut agreed = 0;
	for target in targets.take(MAX_PEERS) {
		match network.call(target, probe(), CALL_TIMEOUT).await {
			Err(CallError::Refused(refusal @ Refusal::Skewed { .. })) => {
				return report.bad(CHECK, refusal.to_string(), "set the clock, and keep it by NTP");
			}
			// Only what was found to be signed in time gets this far.
			Ok(_) | Err(CallError::Refused(Refusal::UnsupportedMechanism { .. } | Refusal::Failed(_))) => agreed += 1,
			Err(_) => {}
		}
	}
	if agreed > 0 {
		report.good(CHECK, format!("{agreed} peers agree"));
	} else {
		report.unclear(CHECK, "no peer answered", "compare the clock with an NTP server");
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn what_is_bad_has_a_remedy_and_makes_the_report_unhealthy() {
		let mut report = Report::default();
		report.good("chain", "there");
		report.unclear("clock", "nobody answered", "compare");
		assert!(report.is_healthy());
		report.bad("dial", "refused", "open the port");
		assert!(!report.is_healthy());
		let table = report.table();
		let lines: Vec<&str> = table.lines().collect();
		assert_eq!(lines.len(), 5, "{table}");
		assert!(lines[0].starts_with("ok  chain  there") && lines[3].starts_with("NO  dial "));
		assert!(lines[4].ends_with("-> open the port"));
	}

	#[test]
	fn reach_is_told_apart() {
		let verdicts = |reach: &Reach, through_relay| {
			let mut report = Report::default();
			report_reach(reach, through_relay, &mut report);
			report
				.findings
				.iter()
				.map(|finding| finding.verdict)
				.collect::<Vec<_>>()
		};
		let nothing = Reach::default();
		assert_eq!(verdicts(&nothing, false), [Verdict::Unclear]);
		assert_eq!(verdicts(&nothing, true), [Verdict::Unclear, Verdict::Bad]);
		let closed = Reach {
			failed: [("/ip4/192.0.2.1/tcp/1".to_owned(), "timed out".to_owned())].into(),
			..Reach::default()
		};
		assert_eq!(verdicts(&closed, false), [Verdict::Bad]);
		let relayed = Reach {
			relayed: ["/p2p-circuit".to_owned()].into(),
			..closed
		};
		assert_eq!(verdicts(&relayed, true), [Verdict::Unclear, Verdict::Good]);
		let open = Reach {
			confirmed: ["/ip4/192.0.2.1/tcp/1".to_owned()].into(),
			..Reach::default()
		};
		assert_eq!(verdicts(&open, false), [Verdict::Good]);
	}
}
