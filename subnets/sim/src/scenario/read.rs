//! Reading a scenario file, with errors that help.

use std::path::Path;

use super::Scenario;

/// Largest scenario file.
pub const MAX_SCENARIO_BYTES: usize = 256 * 1024;
/// How alike two keys have to be, of 1, for the one to be proposed for the other.
const ALIKE: f64 = 0.6;

/// Why a scenario is refused.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
	/// The file cannot be read.
	#[error("cannot read the scenario {path}: {source}; give the path of a TOML file")]
	Read {
		/// Which file.
		path: String,
		/// What the system says.
		source: std::io::Error,
	},
	/// The file is too large.
	#[error("the scenario has {bytes} bytes, at most {MAX_SCENARIO_BYTES} are read: use groups with a `count`")]
	TooLarge {
		/// Its size.
		bytes: usize,
	},
	/// A key or a kind that does not exist.
	#[error("unknown key or kind `{key}`{}\n{context}", .nearest.as_ref().map_or(String::new(), |near| format!(": did you mean `{near}`?")))]
	Unknown {
		/// What the file says.
		key: String,
		/// The known one that comes nearest.
		nearest: Option<String>,
		/// Where it is, and what is known.
		context: String,
	},
	/// The file is no TOML, or a value has another type.
	#[error("the scenario cannot be read as TOML:\n{0}")]
	Syntax(String),
	/// A value is out of its bounds.
	#[error("`{key}` is {found}, but has to be {expected}")]
	OutOfBounds {
		/// Which value.
		key: String,
		/// What the file says.
		found: String,
		/// What may stand there.
		expected: String,
	},
}

impl Scenario {
	/// Reads and checks a scenario.
	///
	/// # Errors
	///
	/// [`ScenarioError`], which names the key.
	///
	/// ```
	/// let error = subnet_sim::Scenario::from_toml("name = 'a'\nepohcs = 3\nvalidators = []\nminers = []").unwrap_err();
	/// assert!(error.to_string().contains("did you mean `epochs`?"));
	/// ```
	pub fn from_toml(text: &str) -> Result<Self, ScenarioError> {
		if text.len() > MAX_SCENARIO_BYTES {
			return Err(ScenarioError::TooLarge { bytes: text.len() });
		}
		let scenario: Self = toml::from_str(text).map_err(|error| explain(error.message(), &error.to_string()))?;
		scenario.check()?;
		Ok(scenario)
	}

	/// Reads and checks a scenario file.
	///
	/// # Errors
	///
	/// As [`Scenario::from_toml`], and where the file cannot be read.
	pub fn from_file(path: &Path) -> Result<Self, ScenarioError> {
		let read = |source| ScenarioError::Read {
			path: path.display().to_string(),
			source,
		};
		let bytes = std::fs::metadata(path).map_err(read)?.len();
		let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
		if bytes > MAX_SCENARIO_BYTES {
			return Err(ScenarioError::TooLarge { bytes });
		}
		Self::from_toml(&std::fs::read_to_string(path).map_err(read)?)
	}
}

/// Turns serde's list of what it expected into a proposal. Its messages have the form "unknown field `a`, expected one of
/// `b`, `c`"; one of another form is passed on as it is.
fn explain(message: &str, whole: &str) -> ScenarioError {
	let is_unknown = message.starts_with("unknown field") || message.starts_with("unknown variant");
	let mut quoted = message.split('`').skip(1).step_by(2);
	match quoted.next().filter(|_| is_unknown) {
		None => ScenarioError::Syntax(whole.to_owned()),
		Some(key) => ScenarioError::Unknown {
			key: key.to_owned(),
			nearest: nearest(key, quoted).map(str::to_owned),
			context: whole.trim_end().to_owned(),
		},
	}
}

fn nearest<'a>(key: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
	let rated = known.map(|candidate| (strsim::normalized_damerau_levenshtein(key, candidate), candidate));
	let best = rated.max_by(|a, b| a.0.total_cmp(&b.0));
	best.filter(|(likeness, _)| *likeness >= ALIKE)
		.map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
	use super::*;

	const SMALL: &str = include_str!("../../scenarios/weight-copier.toml");

	fn error(from: &str, to: &str) -> String {
		assert!(SMALL.contains(from), "{from}");
		Scenario::from_toml(&SMALL.replacen(from, to, 1))
			.unwrap_err()
			.to_string()
	}

	#[test]
	fn an_unknown_key_is_named_with_the_nearest_known_one() {
		let text = error("kappa =", "kapa =");
		assert!(text.contains("`kapa`: did you mean `kappa`?"), "{text}");
		assert!(text.contains("line "), "{text}");
		let text = error("stake_alpha =", "stake_aplha =");
		assert!(text.contains("did you mean `stake_alpha`?"), "{text}");
		let text = error("kind = \"copier\"", "kind = \"copyer\"");
		assert!(text.contains("`copyer`: did you mean `copier`?"), "{text}");
		let text = error("lag_epochs =", "lag_epoch =");
		assert!(text.contains("did you mean `lag_epochs`?"), "{text}");
	}

	#[test]
	fn a_key_that_resembles_nothing_is_named_alone() {
		let text = error("kappa =", "zzz =");
		assert!(text.contains("`zzz`") && !text.contains("did you mean"), "{text}");
	}

	#[test]
	fn values_out_of_bounds_are_named() {
		let text = error("kappa = 0.5", "kappa = 1.5");
		assert!(text.contains("`hyperparameters.kappa` is 1.5"), "{text}");
		let text = error("kappa = 0.5", "kappa = nan");
		assert!(text.contains("`hyperparameters.kappa` is NaN"), "{text}");
	}

	#[test]
	fn what_is_too_large_or_no_toml_is_refused() {
		let large = " ".repeat(MAX_SCENARIO_BYTES + 1);
		assert!(matches!(
			Scenario::from_toml(&large),
			Err(ScenarioError::TooLarge { .. })
		));
		assert!(matches!(Scenario::from_toml("name = ["), Err(ScenarioError::Syntax(_))));
		let missing = Scenario::from_file(Path::new("/nowhere.toml")).unwrap_err();
		assert!(missing.to_string().contains("/nowhere.toml"));
	}
}
