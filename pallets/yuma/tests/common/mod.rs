//! The schema of a test case, and what tests, examples and benchmarks share.

#![allow(
	dead_code,
	reason = "each of the targets that share this module needs another part of it"
)]

pub(crate) mod generator;
pub(crate) mod invariants;
pub(crate) mod plain;
pub(crate) mod raw;
pub(crate) mod stream;
pub(crate) mod subnets;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use yuma::{Entry, EpochOutput, LiquidAlpha, OwnedEpochInput, OwnedMechanism, Parameters, Workspace};

/// A case: an input and, in a vector, what has to come out.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Case {
	#[serde(default)]
	pub(crate) name: String,
	#[serde(default)]
	pub(crate) family: String,
	pub(crate) sequence: Option<Sequence>,
	pub(crate) input: Input,
	pub(crate) output: Option<Output>,
}

impl Case {
	/// Reads a case, or an input without the case around it.
	///
	/// # Errors
	///
	/// Names the field and what is wrong with it.
	pub(crate) fn parse(text: &[u8]) -> Result<Self, String> {
		#[derive(Deserialize)]
		struct Outermost {
			input: Option<IgnoredAny>,
		}
		let outermost: Outermost = parse(text)?;
		if outermost.input.is_some() {
			return parse(text);
		}
		Ok(Self {
			name: String::new(),
			family: String::new(),
			sequence: None,
			input: parse(text)?,
			output: None,
		})
	}
}

fn parse<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Result<T, String> {
	let mut json = serde_json::Deserializer::from_slice(text);
	let value =
		serde_path_to_error::deserialize(&mut json).map_err(|error| match error.path().to_string().as_str() {
			"." => error.inner().to_string(),
			path => format!("{path}: {}", error.inner()),
		})?;
	json.end().map_err(|error| error.to_string())?;
	Ok(value)
}

/// The place of a case in a sequence of epochs of one subnet.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Sequence {
	pub(crate) id: String,
	pub(crate) epoch: u32,
}

/// An input that owns its vectors.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Input {
	pub(crate) n: u16,
	pub(crate) block: u64,
	pub(crate) tempo: u64,
	pub(crate) activity_cutoff: u64,
	pub(crate) last_mechanism_step_block: u64,
	pub(crate) last_update: Vec<u64>,
	pub(crate) block_at_registration: Vec<u64>,
	pub(crate) stake: Vec<u64>,
	pub(crate) stake_threshold: u64,
	pub(crate) owner_uid: Option<u16>,
	pub(crate) validator_permits: Vec<bool>,
	pub(crate) max_allowed_validators: u16,
	pub(crate) kappa: u16,
	pub(crate) bonds_penalty: u16,
	pub(crate) bonds_moving_average: u64,
	pub(crate) yuma3_on: bool,
	pub(crate) liquid_alpha_on: bool,
	pub(crate) alpha_low: u16,
	pub(crate) alpha_high: u16,
	pub(crate) alpha_sigmoid_steepness: i16,
	pub(crate) emission: u64,
	pub(crate) weights: Vec<Vec<Entry>>,
	pub(crate) bonds: Vec<Vec<Entry>>,
}

/// An output with the field names of the schema.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Output {
	pub(crate) active: Vec<bool>,
	pub(crate) stake_weight: Vec<u16>,
	pub(crate) consensus: Vec<u16>,
	pub(crate) incentive: Vec<u16>,
	pub(crate) dividends: Vec<u16>,
	pub(crate) validator_trust: Vec<u16>,
	pub(crate) new_validator_permits: Vec<bool>,
	pub(crate) server_emission: Vec<u64>,
	pub(crate) validator_emission: Vec<u64>,
	pub(crate) combined_emission: Vec<u64>,
	pub(crate) bonds: Vec<Vec<Entry>>,
}

impl From<EpochOutput> for Output {
	fn from(output: EpochOutput) -> Self {
		let mechanism = output.mechanisms.first().cloned().unwrap_or_default();
		Self {
			active: output.active,
			stake_weight: output.stake_weight,
			consensus: output.consensus,
			incentive: mechanism.incentive,
			dividends: output.dividends,
			validator_trust: output.validator_trust,
			new_validator_permits: output.new_validator_permits,
			server_emission: output.server_emission,
			validator_emission: output.validator_emission,
			combined_emission: output.combined_emission,
			bonds: mechanism.bonds.iter().map(<[Entry]>::to_vec).collect(),
		}
	}
}

impl Output {
	/// The names of the fields in which the two differ.
	pub(crate) fn differences(&self, other: &Self) -> Vec<&'static str> {
		let fields = [
			("active", self.active == other.active),
			("stake_weight", self.stake_weight == other.stake_weight),
			("consensus", self.consensus == other.consensus),
			("incentive", self.incentive == other.incentive),
			("dividends", self.dividends == other.dividends),
			("validator_trust", self.validator_trust == other.validator_trust),
			(
				"new_validator_permits",
				self.new_validator_permits == other.new_validator_permits,
			),
			("server_emission", self.server_emission == other.server_emission),
			(
				"validator_emission",
				self.validator_emission == other.validator_emission,
			),
			("combined_emission", self.combined_emission == other.combined_emission),
			("bonds", self.bonds == other.bonds),
		];
		fields
			.into_iter()
			.filter(|(_, equal)| !equal)
			.map(|(name, _)| name)
			.collect()
	}
}

impl Input {
	/// The input as the engine has it, with one mechanism.
	pub(crate) fn owned(&self) -> OwnedEpochInput {
		OwnedEpochInput {
			n: self.n,
			block: self.block,
			last_mechanism_step_block: self.last_mechanism_step_block,
			owner_uid: self.owner_uid,
			emission: self.emission,
			block_at_registration: self.block_at_registration.clone(),
			stake: self.stake.clone(),
			validator_permits: self.validator_permits.clone(),
			mechanisms: vec![self.mechanism()],
			parameters: self.parameters(),
		}
	}

	pub(crate) fn mechanism(&self) -> OwnedMechanism {
		OwnedMechanism {
			emission_share: u16::MAX,
			last_update: self.last_update.clone(),
			commit_block: Vec::new(),
			weights: self.weights.clone(),
			bonds: self.bonds.clone(),
		}
	}

	/// Runs the epoch, in memory that may have been used before.
	pub(crate) fn run_in(&self, workspace: &mut Workspace) -> Output {
		let mut output = EpochOutput::default();
		self.owned().run(workspace, &mut output);
		output.into()
	}

	/// Runs the epoch in fresh memory.
	pub(crate) fn run(&self) -> Output {
		self.run_in(&mut Workspace::default())
	}

	fn parameters(&self) -> Parameters {
		Parameters {
			kappa: self.kappa,
			bonds_penalty: self.bonds_penalty,
			bonds_moving_average: self.bonds_moving_average,
			yuma3: self.yuma3_on,
			liquid_alpha: self.liquid_alpha_on.then_some(LiquidAlpha {
				alpha_low: self.alpha_low,
				alpha_high: self.alpha_high,
				sigmoid_steepness: self.alpha_sigmoid_steepness,
			}),
			max_allowed_validators: self.max_allowed_validators,
			activity_cutoff: self.activity_cutoff,
			stake_threshold: self.stake_threshold,
			tempo: self.tempo,
		}
	}
}
