//! From scores to weights: what a validator remembers of every miner.

use std::collections::BTreeMap;

use crate::{Hotkey, Score};

/// Averages below this count as nothing: a miner that stopped answering long ago must not share in the payout because
/// everyone else stopped too, and a weight is never scaled up from rounding dust.
pub const MINIMUM_SCORE: f64 = 1e-6;

/// Why a [`ScoreBoard`] could not be made.
#[derive(Copy, Clone, Debug, PartialEq, thiserror::Error)]
pub enum BoardError {
	/// The share of the newest score must be above 0 and at most 1.
	#[error("the share of the newest score must be above 0 and at most 1, not {0}: 0.1 to 0.3 suit most subnets")]
	Alpha(f64),
	/// A stored average is not a number from 0 to 1.
	#[error("the stored average of uid {uid} must lie between 0 and 1, not {average}: drop the stored scores")]
	Average {
		/// Whose it is.
		uid: u16,
		/// What was stored.
		average: f64,
	},
}

/// The exponential moving average of each miner's scores, `average ← alpha · score + (1 - alpha) · average`.
///
/// An average belongs to a (uid, hotkey) pair and starts from 0: a newcomer earns its way up, and whoever takes over a
/// uid inherits nothing. It holds at most one entry a uid, so at most 65,536.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreBoard {
	alpha: f64,
	averages: BTreeMap<u16, (Hotkey, f64)>,
}

impl ScoreBoard {
	/// An empty board on which the newest score has the share `alpha`, brought into `MINIMUM_SCORE..=1` (1 when it is not
	/// a number). Use [`ScoreBoard::from_scores`] where a wrong `alpha` should be refused.
	pub fn new(alpha: f64) -> Self {
		let alpha = if alpha.is_nan() {
			1.0
		} else {
			alpha.clamp(MINIMUM_SCORE, 1.0)
		};
		Self {
			alpha,
			averages: BTreeMap::new(),
		}
	}

	/// A board that goes on from stored averages, as [`ScoreBoard::scores`] gave them.
	///
	/// # Errors
	///
	/// [`BoardError`] for an `alpha` outside `0 < alpha <= 1` or an average outside `0..=1`.
	pub fn from_scores(alpha: f64, scores: impl IntoIterator<Item = (u16, Hotkey, f64)>) -> Result<Self, BoardError> {
		if !(alpha > 0.0 && alpha <= 1.0) {
			return Err(BoardError::Alpha(alpha));
		}
		let mut averages = BTreeMap::new();
		for (uid, hotkey, average) in scores {
			if !(0.0..=1.0).contains(&average) {
				return Err(BoardError::Average { uid, average });
			}
			averages.insert(uid, (hotkey, average));
		}
		Ok(Self { alpha, averages })
	}

	/// Takes one score into the average of `uid`, which starts anew if `hotkey` is not the one it had.
	pub fn record(&mut self, uid: u16, hotkey: Hotkey, score: &Score) {
		let entry = self.averages.entry(uid).or_insert((hotkey, 0.0));
		if entry.0 != hotkey {
			*entry = (hotkey, 0.0);
		}
		entry.1 = (self.alpha * score.value() + (1.0 - self.alpha) * entry.1).clamp(0.0, 1.0);
	}

	/// Forgets everyone who is not among `neurons`, as they are on chain now.
	pub fn retain(&mut self, neurons: &[(u16, Hotkey)]) {
		let present: BTreeMap<u16, Hotkey> = neurons.iter().copied().collect();
		self.averages
			.retain(|uid, (hotkey, _)| present.get(uid) == Some(hotkey));
	}

	/// Every average, by rising uid.
	pub fn scores(&self) -> Vec<(u16, Hotkey, f64)> {
		self.averages
			.iter()
			.map(|(uid, (hotkey, average))| (*uid, *hotkey, *average))
			.collect()
	}

	/// The weights to set on chain, by rising uid: in proportion to the averages, the largest 65,535, zeros left out.
	/// Empty when nobody has earned anything.
	pub fn weights(&self) -> Vec<(u16, u16)> {
		let best = self.averages.values().map(|(_, average)| *average).fold(0.0, f64::max);
		if best < MINIMUM_SCORE {
			return Vec::new();
		}
		// Within 0..=65,535 because no average is above `best`.
		let weight = |average: f64| (average / best * f64::from(u16::MAX)).round() as u16;
		self.averages
			.iter()
			.filter(|(_, (_, average))| *average >= MINIMUM_SCORE)
			.map(|(uid, (_, average))| (*uid, weight(*average)))
			.filter(|(_, weight)| *weight > 0)
			.collect()
	}
}
