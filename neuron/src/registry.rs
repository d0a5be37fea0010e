//! Mechanisms by name, built from what the command line and the file say.

use std::{
	path::PathBuf,
	sync::{Arc, OnceLock},
};

use codec::DecodeAll;
use neuron_infer::{
	Device, Embedder, InferError, LoadOptions, Model, Precision,
	engine::{EngineError, EngineOptions},
};
use subnet_echo::Echo;
use subnet_process::{DEFAULT_MEMORY_MIB, MAX_PROCESSES, ProcessError, ProcessMechanism, ProcessOptions};
use subnet_sdk::DynMechanism;
use subnet_text::{Chunk, LanguageModel, ParameterError, TextMechanism, TextParameters};

use crate::{
	embedder::{self, CorpusFileError},
	model::GgufModel,
	pretraining::{self, PretrainError, PretrainFiles},
};

/// The names that [`build`] knows.
pub const NAMES: [&str; 5] = ["text", "embedding", "pretrain", "echo", "process"];

/// A mechanism that a program has compiled in beside those of this crate.
#[derive(Clone, Copy, Debug)]
pub struct Own {
	name: &'static str,
	factory: fn() -> anyhow::Result<Arc<dyn DynMechanism>>,
}

impl Own {
	/// Takes the name that `--mechanism` selects it by, and what makes it; that may load a model.
	pub fn new(name: &'static str, factory: fn() -> anyhow::Result<Arc<dyn DynMechanism>>) -> Self {
		Self { name, factory }
	}
}

/// What the program has said before it read its command line: the one thing that all of it shares.
static OWN: OnceLock<Vec<Own>> = OnceLock::new();

/// Makes mechanisms known by their names; the first is the one that is meant where none is named. Only the first call
/// counts: a program says so once, before it reads its command line.
pub fn compile_in(own: Vec<Own>) {
	if OWN.set(own).is_err() {
		tracing::warn!("mechanisms were compiled in already: those of the second call are left out");
	}
}

fn own() -> &'static [Own] {
	OWN.get().map_or(&[], Vec::as_slice)
}

fn find_own(name: &str) -> Option<&'static Own> {
	own().iter().find(|own| own.name == name)
}

/// The mechanism that is meant where none is named.
pub fn default_name() -> &'static str {
	own().first().map_or("text", |own| own.name)
}

fn all_names() -> String {
	let own = own().iter().map(|own| own.name);
	own.chain(NAMES).collect::<Vec<_>>().join(", ")
}

/// What a mechanism is built from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MechanismOptions {
	/// One of [`NAMES`].
	pub name: String,
	/// The model: `text` needs a file or folder, `embedding` a folder; for a miner
	/// of `pretrain` it is what it submits.
	pub model: Option<PathBuf>,
	/// `text`, `embedding`: hexadecimal sha256 that the model file must have.
	pub model_sha256: Option<String>,
	/// `text`, `embedding`: precision that the model runs in; F32 where absent.
	pub precision: Option<String>,
	/// `text`, `embedding`: device that the model runs on, and for `embedding` the processor; the processor where absent.
	pub device: Option<String>,
	/// Ceiling on the tokens generated per second, above 0.
	pub max_tokens_per_second: Option<f64>,
	/// `embedding`, `pretrain`: the text that a validator takes passages from, or measures on; else the bundled one.
	pub validator_text: Option<PathBuf>,
	/// The neuron's own folder, for what a mechanism remembers; none: it remembers until the process ends.
	pub data_dir: Option<PathBuf>,
	/// `text`: tokens asked for in one challenge.
	pub text_tokens: Option<u16>,
	/// `text`: tokens per second that earn the full speed factor, above 0.
	pub text_target_tokens_per_second: Option<f64>,
	/// How a miner serves its model; absent where answers are only read and checked.
	pub serving: Option<Serving>,
	/// `process`: the command that is the mechanism.
	pub command: Option<String>,
	/// `process`: how many of it run at once; one for each worker of a miner where absent, and one of a validator.
	pub processes: Option<usize>,
	/// `process`: memory of each of them with all that it starts, in MiB; 0 for no limit.
	pub memory_mib: Option<u64>,
}

/// Bounds of the engine that serves a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Serving {
	/// Requests computed together, at least 1.
	pub batch: usize,
	/// Memory for keys and values, kept beginnings of prompts included, in MiB.
	pub kv_memory_mib: usize,
}

impl Serving {
	/// Memory for keys and values unless told otherwise, in MiB.
	pub const DEFAULT_KV_MEMORY_MIB: usize = 1_024;

	fn engine_options(self) -> EngineOptions {
		EngineOptions {
			max_batch: self.batch,
			// The miner lets no more requests in than it works on.
			max_waiting: self.batch,
			kv_budget_bytes: self.kv_memory_mib.saturating_mul(1 << 20),
			..EngineOptions::default()
		}
	}
}

/// Why a mechanism was not built.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
	/// There is none of that name.
	#[error("there is no mechanism `{name}`; --mechanism takes one of: {}", all_names())]
	Unknown {
		/// The name given.
		name: String,
	},
	/// The mechanism needs a model and none is given.
	#[error(
		"the mechanism `{name}` needs a model: give --model PATH, for `text` a GGUF file, for `embedding` the folder of an embedder with safetensors"
	)]
	NoModel {
		/// The mechanism.
		name: String,
	},
	/// The mechanism has no use for an option.
	#[error("the mechanism `{name}` takes no {option}: leave it away")]
	NotTaken {
		/// The mechanism.
		name: String,
		/// The option.
		option: &'static str,
	},
	/// The expected hash is none.
	#[error("--model-sha256 is `{given}`; expected 64 hexadecimal digits")]
	Hash {
		/// What was given.
		given: String,
	},
	/// The precision is none.
	#[error("--precision: {0}")]
	Precision(#[from] neuron_infer::ParsePrecisionError),
	/// The device is none.
	#[error("--device: {0}")]
	Device(#[from] neuron_infer::ParseDeviceError),
	/// A parameter of `text` is out of range.
	#[error(transparent)]
	Parameters(#[from] ParameterError),
	/// The model cannot be used.
	#[error(transparent)]
	Model(#[from] InferError),
	/// A file of `pretrain` cannot be used.
	#[error(transparent)]
	Pretrain(#[from] PretrainError),
	/// The text is none that passages can be taken from.
	#[error(transparent)]
	Corpus(#[from] CorpusFileError),
	/// The embedder does not fit the mechanism.
	#[error(transparent)]
	Embedding(#[from] subnet_embedding::SetupError),
	/// `process` needs a command and none is given.
	#[error("the mechanism `process` needs a program: give --mechanism-command, such as \"python3 my_mechanism.py\"")]
	NoCommand,
	/// A mechanism that was compiled in cannot be made.
	#[error("the mechanism `{name}` cannot be made: {source:#}")]
	Own {
		/// The mechanism.
		name: String,
		/// What it said.
		source: anyhow::Error,
	},
	/// The program of `process` cannot be used.
	#[error("--mechanism-command: {0}")]
	Process(#[from] ProcessError),
	/// The model cannot be served.
	#[error("the model cannot be served: {0}; see --workers and --kv-memory-mib")]
	Serving(#[from] EngineError),
}

impl MechanismOptions {
	/// Checks all that can be checked before anything is loaded.
	///
	/// # Errors
	/// [`RegistryError`], except for the model's contents.
	pub fn check(&self) -> Result<(), RegistryError> {
		self.load_options()?;
		let name = self.name.clone();
		if find_own(&name).is_some() {
			return Ok(());
		}
		let is_for_process = self.command.is_some() || self.processes.is_some() || self.memory_mib.is_some();
		if self.name != "process" && is_for_process {
			let option = "--mechanism-command, --mechanism-processes and --mechanism-memory-mib";
			return Err(RegistryError::NotTaken { name, option });
		}
		match self.name.as_str() {
			"text" => match &self.model {
				None => Err(RegistryError::NoModel { name }),
				Some(_) => match self.not_taken() {
					Some(option) => Err(RegistryError::NotTaken { name, option }),
					None => self.text_parameters().map(drop),
				},
			},
			"embedding" if self.model.is_none() => Err(RegistryError::NoModel { name }),
			"embedding" | "pretrain" | "echo" | "process" => match self.not_taken() {
				Some(option) => Err(RegistryError::NotTaken { name, option }),
				None if self.name == "process" => self.process_options().map(drop),
				None => Ok(()),
			},
			_ => Err(RegistryError::Unknown { name }),
		}
	}

	fn not_taken(&self) -> Option<&'static str> {
		const TEXT: &[&str] = &["text"];
		const LOADED: &[&str] = &["text", "embedding"];
		const WITH_MODEL: &[&str] = &["text", "embedding", "pretrain"];
		const WITH_PASSAGES: &[&str] = &["embedding", "pretrain"];
		let options = [
			("--model", self.model.is_some(), WITH_MODEL),
			("--model-sha256", self.model_sha256.is_some(), LOADED),
			("--precision", self.precision.is_some(), LOADED),
			("--device", self.device.is_some(), LOADED),
			("--validator-text", self.validator_text.is_some(), WITH_PASSAGES),
			("--max-tokens-per-second", self.max_tokens_per_second.is_some(), TEXT),
			("--text-tokens", self.text_tokens.is_some(), TEXT),
			(
				"--text-target-tokens-per-second",
				self.text_target_tokens_per_second.is_some(),
				TEXT,
			),
		];
		let idle = options
			.into_iter()
			.find(|(_, given, takers)| *given && !takers.contains(&self.name.as_str()));
		idle.map(|(option, ..)| option)
	}

	fn process_options(&self) -> Result<ProcessOptions, RegistryError> {
		let command = self.command.as_deref().ok_or(RegistryError::NoCommand)?;
		// A miner has one for each request that it works on.
		let at_once = self.serving.map_or(1, |serving| serving.batch.clamp(1, MAX_PROCESSES));
		Ok(ProcessOptions::new(command)?
			.with_processes(self.processes.unwrap_or(at_once))?
			.with_memory_mib(self.memory_mib.unwrap_or(DEFAULT_MEMORY_MIB))?)
	}

	fn load_options(&self) -> Result<LoadOptions, RegistryError> {
		let mut options = LoadOptions::default();
		if let Some(given) = &self.model_sha256 {
			let mut hash = [0; 32];
			hex::decode_to_slice(given, &mut hash).map_err(|_| RegistryError::Hash { given: given.clone() })?;
			options.expected_sha256 = Some(hash);
		}
		if let Some(name) = &self.precision {
			options.precision = name.parse::<Precision>()?;
		}
		if let Some(name) = &self.device {
			options.device = name.parse::<Device>()?;
		}
		Ok(options)
	}

	fn text_parameters(&self) -> Result<TextParameters, RegistryError> {
		let mut parameters = TextParameters::default();
		if let Some(tokens) = self.text_tokens {
			parameters.tokens = tokens;
		}
		if let Some(rate) = self.text_target_tokens_per_second {
			parameters.target_tokens_per_second = rate;
		}
		parameters.validate()?;
		Ok(parameters)
	}
}

/// The mechanism `text` by itself, for one that reads and checks its answers. Takes seconds: call it on a thread that may
/// block.
///
/// # Errors
/// As [`language_model`].
pub fn text_mechanism(options: &MechanismOptions) -> Result<Arc<TextMechanism>, RegistryError> {
	let model = language_model(options)?;
	Ok(Arc::new(TextMechanism::new(model, options.text_parameters()?)?))
}

/// Loads the model alone, for one that reads the answers of the mechanism `text`. Takes seconds: call it on a thread that
/// may block.
///
/// # Errors
/// [`RegistryError`]: another mechanism, no model, or one that cannot be used.
pub fn language_model(options: &MechanismOptions) -> Result<Arc<dyn LanguageModel>, RegistryError> {
	options.check()?;
	match (options.name.as_str(), &options.model) {
		("text", Some(path)) => Ok(Arc::new(GgufModel::new(
			Model::load(path, &options.load_options()?)?,
			None,
		))),
		_ => Err(RegistryError::NotTaken {
			name: options.name.clone(),
			option: "gateway: applications are served by `text`",
		}),
	}
}

/// Counts the tokens in one encoded chunk of an answer.
pub type TokenCounter = fn(&[u8]) -> u64;

/// How the tokens of a mechanism's answers are counted; `None` for one without tokens. For people's eyes only: the score
/// is the mechanism's affair.
pub fn token_counter(mechanism: &str) -> Option<TokenCounter> {
	(mechanism == "text").then_some(|mut chunk| match Chunk::decode_all(&mut chunk) {
		Ok(Chunk::Tokens(tokens)) => u64::try_from(tokens.len()).unwrap_or(u64::MAX),
		_ => 0,
	})
}

/// Builds a mechanism. Loads the model, so it takes seconds: call it on a thread that may block.
///
/// # Errors
/// [`RegistryError`].
///
/// ```
/// use neuron::registry::{MechanismOptions, build};
/// let echo = build(&MechanismOptions { name: "echo".into(), ..Default::default() })?;
/// assert_eq!(echo.descriptor().name, "echo");
/// assert!(build(&MechanismOptions { name: "ecco".into(), ..Default::default() }).is_err());
/// # Ok::<(), neuron::registry::RegistryError>(())
/// ```
pub fn build(options: &MechanismOptions) -> Result<Arc<dyn DynMechanism>, RegistryError> {
	options.check()?;
	if let Some(own) = find_own(&options.name) {
		return (own.factory)().map_err(|source| RegistryError::Own {
			name: options.name.clone(),
			source,
		});
	}
	match (options.name.as_str(), &options.model) {
		("text", Some(path)) => {
			let load = options.load_options()?;
			let model = Model::load(path, &load)?;
			let rate = options.max_tokens_per_second;
			let model = match options.serving {
				Some(serving) => GgufModel::serving(model, serving.engine_options(), rate)?,
				None => GgufModel::new(model, rate),
			};
			Ok(Arc::new(TextMechanism::new(
				Arc::new(model),
				options.text_parameters()?,
			)?))
		}
		("embedding", Some(path)) => {
			let embedder = Embedder::load(path, &options.load_options()?)?;
			let corpus = embedder::corpus(options.validator_text.as_deref())?;
			Ok(Arc::new(embedder::mechanism(embedder, corpus, rand::random())?))
		}
		("pretrain", model) => {
			let files = PretrainFiles {
				model: model.as_deref(),
				text: options.validator_text.as_deref(),
				ledger: options.data_dir.as_deref(),
			};
			Ok(Arc::new(pretraining::mechanism(files, rand::random())?))
		}
		("echo", _) => Ok(Arc::new(Echo)),
		("process", _) => Ok(Arc::new(ProcessMechanism::start(options.process_options()?)?)),
		_ => Err(RegistryError::Unknown {
			name: options.name.clone(),
		}),
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn options_that_a_mechanism_has_no_use_for_are_refused() {
		let none = MechanismOptions::default;
		let model = || MechanismOptions {
			model: Some("m".into()),
			..none()
		};
		let hash = || MechanismOptions {
			model_sha256: Some("ab".repeat(32)),
			..none()
		};
		let precision = || MechanismOptions {
			precision: Some("q8_0".into()),
			..none()
		};
		let device = || MechanismOptions {
			device: Some("cpu:2".into()),
			..none()
		};
		let text = |options| MechanismOptions {
			validator_text: Some("t".into()),
			..options
		};
		let cases = [
			("text", text(model()), "--validator-text"),
			("echo", model(), "--model"),
			("echo", hash(), "--model-sha256"),
			("echo", precision(), "--precision"),
			("echo", device(), "--device"),
			("process", model(), "--model"),
			("process", hash(), "--model-sha256"),
			("process", precision(), "--precision"),
			("process", text(none()), "--validator-text"),
			("pretrain", hash(), "--model-sha256"),
			("pretrain", precision(), "--precision"),
			("pretrain", device(), "--device"),
		];
		for (name, options, expected) in cases {
			let checked = MechanismOptions {
				name: name.into(),
				..options
			}
			.check();
			assert!(
				matches!(&checked, Err(RegistryError::NotTaken { option, .. }) if *option == expected),
				"{name} {expected}: {checked:?}"
			);
		}
		for (name, options) in [
			("text", model()),
			("embedding", text(model())),
			("pretrain", text(model())),
			("echo", none()),
		] {
			let name = name.to_owned();
			assert!(MechanismOptions { name, ..options }.check().is_ok());
		}
	}
}
