//! What a demo is about: the mechanism, the miners' parts, and what everybody is started with.

use super::training;
use neuron::units::RAO_PER_TAO;
use neuron_chain::AccountId;
use std::path::{Path, PathBuf};
use subnet_sdk::Descriptor;

/// What the relaying miner stakes, so that the honest miner takes its calls.
const RELAY_STAKE: u64 = 2 * RAO_PER_TAO;
/// The ceiling of the throttled miner.
const THROTTLED_TOKENS_PER_SECOND: &str = "4";
/// The quantisation that a downgraded language model is served in.
const DOWNGRADED_PRECISION: &str = "q4_0";

/// The mechanism of the demo's subnet.
#[derive(Clone, Debug)]
pub enum Contest {
	/// `text`: an honest miner, a throttled one, one with 4-bit weights and one that sells another's answers.
	Text {
		/// The GGUF file that miners serve and validators verify with.
		model: PathBuf,
	},
	/// `embedding`: two honest miners, one that makes up every other vector and one that sells another's answers.
	Embedding {
		/// The embedder's folder.
		model: PathBuf,
	},
	/// `pretrain`: a miner that trains, one that adds a little to the best model, one that copies it and one that submits
	/// the untrained one.
	Pretrain {
		/// What validators measure on, and nobody trains on; the bundled text where absent, on most of which miners train.
		text: Option<PathBuf>,
	},
}

/// What is expected of a miner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
	/// Earns.
	Honest,
	/// Earns something, but less than the honest.
	Slower,
	/// Works, and may earn: whether it does depends on how good the others are.
	Contender,
	/// Earns next to nothing.
	Cheat,
}

/// What a miner runs.
#[derive(Clone, Debug)]
pub(super) enum Work {
	/// `neuron miner` with these arguments.
	Neuron(Vec<String>),
	/// The cheat that passes challenges on to the first miner.
	Relay,
	/// The cheat that makes up half of the vectors.
	Careless,
}

/// A miner's part.
#[derive(Clone, Debug)]
pub(super) struct Part {
	/// The name of its wallet and its process.
	pub(super) name: &'static str,
	/// The secret URI of its coldkey.
	pub(super) uri: &'static str,
	pub(super) role: Role,
	/// What it stakes on itself.
	pub(super) stake_rao: u64,
	pub(super) work: Work,
}

impl Part {
	fn new(name: &'static str, uri: &'static str, role: Role, work: Work) -> Self {
		let stake_rao = if matches!(work, Work::Relay) { RELAY_STAKE } else { 0 };
		Self {
			name,
			uri,
			role,
			stake_rao,
			work,
		}
	}
}

impl Contest {
	/// What the mechanism is called on the network.
	#[must_use]
	pub const fn descriptor(&self) -> Descriptor {
		match self {
			Self::Text { .. } => subnet_text::DESCRIPTOR,
			Self::Embedding { .. } => subnet_embedding::DESCRIPTOR,
			Self::Pretrain { .. } => subnet_pretrain::DESCRIPTOR,
		}
	}

	/// The miners; data of theirs lies below `folder`.
	pub(super) fn parts(&self, folder: &Path) -> Vec<Part> {
		let own =
			|more: &[&str]| Work::Neuron([self.common(), more.iter().map(|text| text.to_string()).collect()].concat());
		match self {
			Self::Text { .. } => vec![
				Part::new("honest", "//Dave", Role::Honest, own(&[])),
				Part::new(
					"throttled",
					"//Eve",
					Role::Slower,
					own(&["--max-tokens-per-second", THROTTLED_TOKENS_PER_SECOND]),
				),
				Part::new(
					"downgraded",
					"//Ferdie",
					Role::Cheat,
					own(&["--precision", DOWNGRADED_PRECISION]),
				),
				Part::new("relay", "//Alice//stash", Role::Cheat, Work::Relay),
			],
			Self::Embedding { .. } => vec![
				Part::new("honest-1", "//Dave", Role::Honest, own(&[])),
				Part::new("honest-2", "//Eve", Role::Honest, own(&[])),
				Part::new("careless", "//Ferdie", Role::Cheat, Work::Careless),
				Part::new("relay", "//Alice//stash", Role::Cheat, Work::Relay),
			],
			Self::Pretrain { .. } => {
				let part = |name, uri, role| {
					let model = training::model_path(folder, name);
					Part::new(name, uri, role, own(&["--model", &model.to_string_lossy()]))
				};
				vec![
					part(training::TRAINS, "//Dave", Role::Honest),
					part(training::FOLLOWS, "//Eve", Role::Contender),
					part(training::COPIES, "//Ferdie", Role::Cheat),
					part(training::IDLES, "//Alice//stash", Role::Cheat),
				]
			}
		}
	}

	/// What each validator is started with.
	pub(super) fn validator_arguments(&self) -> Vec<String> {
		let mut arguments = self.common();
		if let Self::Pretrain { text: Some(text) } = self {
			arguments.extend(["--validator-text".to_owned(), text.to_string_lossy().into_owned()]);
		}
		arguments
	}

	/// What the cheat of `work` is told besides what every neuron is; nothing for honest work. `victim` is the first miner's
	/// hotkey.
	pub(super) fn cheat_arguments(&self, work: &Work, victim: &AccountId) -> Vec<String> {
		match (work, self) {
			(Work::Relay, _) => {
				let name = self.descriptor().name.to_owned();
				vec![
					"relay".into(),
					"--mechanism".into(),
					name,
					"--victim".into(),
					victim.to_string(),
				]
			}
			(Work::Careless, Self::Embedding { model }) => {
				vec![
					"careless".into(),
					"--model".into(),
					model.to_string_lossy().into_owned(),
				]
			}
			(Work::Neuron(_) | Work::Careless, _) => Vec::new(),
		}
	}

	/// What miners and validators are started with.
	fn common(&self) -> Vec<String> {
		let mut arguments = vec!["--mechanism".to_owned(), self.descriptor().name.to_owned()];
		if let Self::Text { model } | Self::Embedding { model } = self {
			arguments.extend(["--model".to_owned(), model.to_string_lossy().into_owned()]);
		}
		arguments
	}
}
