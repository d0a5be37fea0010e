//! Files for the mechanism `pretrain`: a miner's model, a validator's text and ledger.

use std::{
	path::{Path, PathBuf},
	sync::Arc,
};

use subnet_pretrain::{
	Ledger, LedgerError, MAX_TEXT_BYTES, PretrainMechanism, PretrainParameters, SetupError, SubmissionSource, Text,
	TextError, Weights, WeightsError,
};
use subnet_sdk::ValidatorSecret;

/// A model file that is read anew for each challenge, so that a trainer may replace it meanwhile.
struct ModelFile(PathBuf);

impl SubmissionSource for ModelFile {
	fn file(&self) -> Result<Vec<u8>, String> {
		let limit = Weights::max_file_bytes(&PretrainParameters::default().architecture);
		read(&self.0, limit).map_err(|error| error.to_string())
	}
}

/// A validator has none.
struct NoModel;

impl SubmissionSource for NoModel {
	fn file(&self) -> Result<Vec<u8>, String> {
		Err("this neuron has no model to submit: give --model PATH".into())
	}
}

/// Why the mechanism could not be made from these files.
#[derive(Debug, thiserror::Error)]
pub enum PretrainError {
	/// A file cannot be read.
	#[error("{path}: {source}; check the path")]
	Io {
		/// The file.
		path: PathBuf,
		/// What the system said.
		source: std::io::Error,
	},
	/// A file is larger than anything that is taken.
	#[error("{path} has {bytes} bytes, at most {limit} are taken")]
	TooLarge {
		/// The file.
		path: PathBuf,
		/// Its size.
		bytes: u64,
		/// The largest size.
		limit: usize,
	},
	/// The model file is none of this subnet's.
	#[error("{path} is no model of this subnet: {source}; make one with the example `train` of subnet-pretrain")]
	Model {
		/// The file.
		path: PathBuf,
		/// What is wrong.
		source: WeightsError,
	},
	/// The text is too short or too long.
	#[error("{path}: {source}")]
	Text {
		/// The file.
		path: PathBuf,
		/// What is wrong.
		source: TextError,
	},
	/// The ledger.
	#[error(transparent)]
	Ledger(#[from] LedgerError),
	/// The parameters.
	#[error(transparent)]
	Setup(#[from] SetupError),
}

/// Reads no more than `limit` bytes.
pub(crate) fn read(path: &Path, limit: usize) -> Result<Vec<u8>, PretrainError> {
	let io = |source| PretrainError::Io {
		path: path.into(),
		source,
	};
	let bytes = std::fs::metadata(path).map_err(io)?.len();
	if bytes > limit as u64 {
		return Err(PretrainError::TooLarge {
			path: path.into(),
			bytes,
			limit,
		});
	}
	std::fs::read(path).map_err(io)
}

/// What the mechanism is made from.
#[derive(Clone, Copy, Debug)]
pub struct PretrainFiles<'a> {
	/// The model that a miner submits; a validator needs none.
	pub model: Option<&'a Path>,
	/// The text that a validator measures on; the bundled one where absent.
	pub text: Option<&'a Path>,
	/// The folder of the validator's ledger; in memory where absent.
	pub ledger: Option<&'a Path>,
}

/// The mechanism for either role. `secret` comes from the operating system's entropy.
///
/// # Errors
/// [`PretrainError`], with the file.
pub fn mechanism(files: PretrainFiles<'_>, secret: [u8; 32]) -> Result<PretrainMechanism, PretrainError> {
	let parameters = PretrainParameters::default();
	let submission: Arc<dyn SubmissionSource> = match files.model {
		None => Arc::new(NoModel),
		Some(path) => {
			let limit = Weights::max_file_bytes(&parameters.architecture);
			Weights::from_file(parameters.architecture, &read(path, limit)?).map_err(|source| {
				PretrainError::Model {
					path: path.into(),
					source,
				}
			})?;
			Arc::new(ModelFile(path.into()))
		}
	};
	let text = match files.text {
		None => Text::bundled(),
		Some(path) => Arc::new(
			Text::new(read(path, MAX_TEXT_BYTES)?).map_err(|source| PretrainError::Text {
				path: path.into(),
				source,
			})?,
		),
	};
	let ledger = match files.ledger {
		None => Ledger::in_memory(),
		Some(folder) => Ledger::open(folder, &parameters)?,
	};
	let secret = ValidatorSecret::new(secret);
	Ok(PretrainMechanism::new(
		submission,
		text,
		Arc::new(ledger),
		secret,
		parameters,
	)?)
}

#[cfg(test)]
mod tests {
	use super::*;

	fn built(model: Option<&Path>, text: Option<&Path>, ledger: Option<&Path>) -> Result<(), String> {
		let files = PretrainFiles { model, text, ledger };
		mechanism(files, [1; 32]).map(drop).map_err(|error| error.to_string())
	}

	#[test]
	fn files_that_do_not_fit_are_named() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("file");
		assert!(built(Some(&path), None, None).unwrap_err().contains("check the path"));
		std::fs::write(&path, "rubbish").unwrap();
		assert!(
			built(Some(&path), None, None)
				.unwrap_err()
				.contains("no model of this subnet")
		);
		assert!(built(None, Some(&path), None).unwrap_err().contains("7 bytes"));
		std::fs::File::create(&path).unwrap().set_len(1 << 40).unwrap();
		assert!(built(Some(&path), None, None).unwrap_err().contains("at most"));
		assert!(built(None, Some(&path), None).unwrap_err().contains("at most"));
		assert_eq!(built(None, None, Some(folder.path())), Ok(()));
		std::fs::write(folder.path().join("pretrain-ledger"), "rubbish").unwrap();
		assert!(
			built(None, None, Some(folder.path()))
				.unwrap_err()
				.contains("move it away")
		);
	}
}
