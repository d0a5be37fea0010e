//! The test vectors of `pallets/yuma/tests/vectors`.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value, json};
use yuma::{Entry, EpochOutput, LiquidAlpha, OwnedEpochInput, OwnedMechanism, Parameters};

/// A case: an input and what has to come out.
#[derive(Deserialize)]
pub(crate) struct Case {
	pub(crate) name: String,
	pub(crate) family: String,
	input: Input,
	output: Map<String, Value>,
}

#[derive(Clone, Deserialize)]
struct Input {
	n: u16,
	block: u64,
	tempo: u64,
	activity_cutoff: u64,
	last_mechanism_step_block: u64,
	last_update: Vec<u64>,
	block_at_registration: Vec<u64>,
	stake: Vec<u64>,
	stake_threshold: u64,
	owner_uid: Option<u16>,
	validator_permits: Vec<bool>,
	max_allowed_validators: u16,
	kappa: u16,
	bonds_penalty: u16,
	bonds_moving_average: u64,
	yuma3_on: bool,
	liquid_alpha_on: bool,
	alpha_low: u16,
	alpha_high: u16,
	alpha_sigmoid_steepness: i16,
	emission: u64,
	weights: Vec<Vec<Entry>>,
	bonds: Vec<Vec<Entry>>,
}

impl Case {
	/// All cases, by name.
	pub(crate) fn all() -> Vec<Self> {
		let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../pallets/yuma/tests/vectors");
		let files = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
		let mut paths: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
		paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
		paths.sort();
		paths.iter().map(|path| Self::read(path)).collect()
	}

	fn read(path: &Path) -> Self {
		let text = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
		serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
	}

	/// The input as the runtime API takes it.
	pub(crate) fn input(&self) -> OwnedEpochInput {
		let input = self.input.clone();
		OwnedEpochInput {
			n: input.n,
			block: input.block,
			last_mechanism_step_block: input.last_mechanism_step_block,
			owner_uid: input.owner_uid,
			emission: input.emission,
			block_at_registration: input.block_at_registration,
			stake: input.stake,
			validator_permits: input.validator_permits,
			mechanisms: vec![OwnedMechanism {
				last_update: input.last_update,
				weights: input.weights,
				bonds: input.bonds,
				..OwnedMechanism::default()
			}],
			parameters: Parameters {
				kappa: input.kappa,
				bonds_penalty: input.bonds_penalty,
				bonds_moving_average: input.bonds_moving_average,
				yuma3: input.yuma3_on,
				liquid_alpha: input.liquid_alpha_on.then_some(LiquidAlpha {
					alpha_low: input.alpha_low,
					alpha_high: input.alpha_high,
					sigmoid_steepness: input.alpha_sigmoid_steepness,
				}),
				max_allowed_validators: input.max_allowed_validators,
				activity_cutoff: input.activity_cutoff,
				stake_threshold: input.stake_threshold,
				tempo: input.tempo,
			},
		}
	}

	/// The fields in which an output is not what the case expects.
	pub(crate) fn differences(&self, output: &EpochOutput) -> Vec<String> {
		let [mechanism] = &output.mechanisms[..] else {
			return vec![format!("{} mechanisms instead of one", output.mechanisms.len())];
		};
		let bonds: Vec<&[Entry]> = mechanism.bonds.iter().collect();
		let came = json!({
			"active": output.active,
			"stake_weight": output.stake_weight,
			"consensus": output.consensus,
			"incentive": mechanism.incentive,
			"dividends": output.dividends,
			"validator_trust": output.validator_trust,
			"new_validator_permits": output.new_validator_permits,
			"server_emission": output.server_emission,
			"validator_emission": output.validator_emission,
			"combined_emission": output.combined_emission,
			"bonds": bonds,
		});
		let fields = self
			.output
			.iter()
			.filter(|(field, expected)| came.get(field) != Some(*expected));
		fields.map(|(field, _)| field.clone()).collect()
	}

	/// How many fields the case expects something of.
	pub(crate) fn fields(&self) -> usize {
		self.output.len()
	}
}
