//! What one answer was worth, and why.

use core::fmt;

use crate::Evidence;

/// Longest reason kept, in bytes. A reason may quote what a miner sent, and scores are logged and stored.
pub const MAX_REASON_BYTES: usize = 256;

/// The worth of one answer, 0 to 1, with a sentence for the person who asks why.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
	value: f64,
	evidence: Evidence,
	/// Why: one line, at most [`MAX_REASON_BYTES`] when it comes from a constructor.
	pub reason: String,
}

/// A score must be a number from 0 to 1; this one was not.
#[derive(Copy, Clone, Debug, PartialEq, thiserror::Error)]
#[error("a score must lie between 0 and 1, not {0}: divide by the best possible result before making a Score")]
pub struct InvalidScore(pub f64);

impl Score {
	/// A score of `value` (0 to 1).
	///
	/// # Errors
	///
	/// [`InvalidScore`] when `value` is outside that range or not a number.
	pub fn new(value: f64, reason: impl Into<String>) -> Result<Self, InvalidScore> {
		if (0.0..=1.0).contains(&value) {
			Ok(Self {
				value,
				evidence: Evidence::default(),
				reason: shorten(reason.into()),
			})
		} else {
			Err(InvalidScore(value))
		}
	}

	/// Worth nothing.
	pub fn zero(reason: impl Into<String>) -> Self {
		Self {
			value: 0.0,
			evidence: Evidence::default(),
			reason: shorten(reason.into()),
		}
	}

	/// Worth everything.
	pub fn full(reason: impl Into<String>) -> Self {
		Self {
			value: 1.0,
			evidence: Evidence::default(),
			reason: shorten(reason.into()),
		}
	}

	/// The same score with what the answer says about the miner's honesty, to be added up over its answers.
	#[must_use]
	pub fn with_evidence(self, evidence: Evidence) -> Self {
		Self { evidence, ..self }
	}

	/// What the answer says about the miner's honesty; nothing unless the mechanism says so.
	pub fn evidence(&self) -> Evidence {
		self.evidence
	}

	/// The worth, 0 to 1.
	pub fn value(&self) -> f64 {
		self.value
	}
}

impl fmt::Display for Score {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(formatter, "{:.3} ({})", self.value, self.reason)
	}
}

/// Cuts at a character border and keeps the reason on one line, so that a miner cannot forge lines of a log.
fn shorten(reason: String) -> String {
	let mut line: String = reason.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
	if line.len() > MAX_REASON_BYTES {
		let mut end = MAX_REASON_BYTES;
		while !line.is_char_boundary(end) {
			end -= 1;
		}
		line.truncate(end);
	}
	line
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn only_zero_to_one_is_a_score() {
		for good in [0.0, 0.5, 1.0] {
			assert_eq!(Score::new(good, "").map(|score| score.value()), Ok(good));
		}
		for bad in [-0.001, 1.001, f64::NAN, f64::INFINITY] {
			assert!(Score::new(bad, "").is_err(), "{bad} was taken");
		}
	}

	#[test]
	fn reasons_are_one_short_line() {
		let score = Score::zero(format!("a\nb{}", "é".repeat(MAX_REASON_BYTES)));
		assert!(score.reason.len() <= MAX_REASON_BYTES && score.reason.starts_with("a bé"));
	}
}
