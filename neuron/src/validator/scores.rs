//! The score board and where it is kept. Scores are on disk before the weights that come from them are on chain.

use std::path::Path;

use subnet_sdk::{Hotkey, Score, ScoreBoard};

pub use crate::state::Owner;
use crate::state::{Marks, State, StateError, Submission};

/// The score board of one validator, kept in its [`State`].
#[derive(Debug)]
pub struct ScoreStore {
	state: State,
	owner: Owner,
	board: ScoreBoard,
	marks: Marks,
	submission: Option<Submission>,
}

impl ScoreStore {
	/// Goes on from what a data folder keeps; starts from nothing where that is nothing, or another owner's.
	///
	/// # Errors
	/// [`StateError`]; nothing is overwritten then.
	pub fn open(folder: &Path, owner: Owner, alpha: f64) -> Result<Self, StateError> {
		let mut state = State::open(folder)?;
		let mut kept = state.load()?;
		if let Some(was) = kept.owner.take_if(|was| *was != owner) {
			tracing::warn!(?was, now = ?owner, "stored scores are of another owner: starting from none");
			kept = crate::state::Kept::default();
		}
		let board = ScoreBoard::from_scores(alpha, kept.scores).map_err(|error| StateError::Damaged {
			path: state.path().into(),
			reason: error.to_string(),
		})?;
		state.replace(&owner, &board.scores(), kept.marks)?;
		Ok(Self {
			state,
			owner,
			board,
			marks: kept.marks,
			submission: kept.submission,
		})
	}

	/// Takes a score; returns the moving average after it. It is on disk then; where the disk fails that is logged, and
	/// made good by the next [`ScoreStore::save`].
	pub fn record(&mut self, uid: u16, hotkey: Hotkey, score: &Score) -> f64 {
		self.board.record(uid, hotkey, score);
		let scores = self.board.scores();
		let average = scores.iter().find(|entry| entry.0 == uid).map_or(0.0, |entry| entry.2);
		if let Err(error) = self.state.put_score(uid, hotkey, average) {
			tracing::error!(%error, uid, "score not saved");
		}
		average
	}

	/// Whether there is a score of this neuron.
	pub fn knows(&self, uid: u16, hotkey: Hotkey) -> bool {
		self.board
			.scores()
			.iter()
			.any(|entry| entry.0 == uid && entry.1 == hotkey)
	}

	/// Every average, by rising uid.
	pub fn averages(&self) -> Vec<(u16, Hotkey, f64)> {
		self.board.scores()
	}

	/// Forgets neurons that are no longer there.
	pub fn retain(&mut self, neurons: &[(u16, Hotkey)]) {
		self.board.retain(neurons);
	}

	/// Marks the end of a round: there is something new.
	pub fn finish_round(&mut self) {
		self.marks.generation = self.marks.generation.saturating_add(1);
	}

	/// How many rounds have ended.
	pub fn generation(&self) -> u64 {
		self.marks.generation
	}

	/// How far rounds and submissions have come.
	pub fn marks(&self) -> Marks {
		self.marks
	}

	/// The weights that the averages stand for.
	pub fn weights(&self) -> Vec<(u16, u16)> {
		self.board.weights()
	}

	/// Writes the board, whole or not at all.
	///
	/// # Errors
	/// [`StateError`]; what was there before is still there then.
	pub fn save(&mut self) -> Result<(), StateError> {
		self.state.replace(&self.owner, &self.board.scores(), self.marks)
	}

	/// The weights that are on their way.
	pub fn submission(&self) -> Option<&Submission> {
		self.submission.as_ref()
	}

	/// Keeps weights that are about to be sent; to be called before the node gets them.
	///
	/// # Errors
	/// [`StateError`]; they must not be sent then.
	pub fn begin_submission(&mut self, submission: Submission) -> Result<(), StateError> {
		self.state.put_submission(&submission)?;
		self.submission = Some(submission);
		Ok(())
	}

	/// The weights on their way are on chain since `block` or before.
	///
	/// # Errors
	/// [`StateError`]; this process knows, but the next one will have to look at the chain.
	pub fn submitted(&mut self, block: u64) -> Result<(), StateError> {
		if let Some(submission) = self.submission.take() {
			self.marks.submitted_generation = submission.generation;
			self.marks.submitted_at = block;
		}
		self.state.settle(self.marks)
	}

	/// The weights on their way will never be on chain.
	///
	/// # Errors
	/// As [`ScoreStore::submitted`].
	pub fn forget_submission(&mut self) -> Result<(), StateError> {
		self.submission = None;
		self.state.settle(self.marks)
	}
}

#[cfg(test)]
mod tests {
	use neuron_chain::AccountId;

	use super::*;

	fn open(folder: &Path, hotkey: u8) -> ScoreStore {
		let owner = Owner {
			hotkey: AccountId::new([hotkey; 32]),
			netuid: 1,
			mechanism: "echo".into(),
			mechanism_version: 1,
		};
		ScoreStore::open(folder, owner, 0.5).unwrap()
	}

	fn submission(generation: u64) -> Submission {
		Submission {
			generation,
			weights: vec![(3, 65_535)],
			last_update_before: 10,
			transaction: vec![1, 2, 3],
			valid_until_block: 99,
		}
	}

	#[test]
	fn scores_survive_but_only_for_their_owner() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("deep");
		let mut store = open(&path, 1);
		assert_eq!(store.record(3, Hotkey([7; 32]), &Score::full("")), 0.5);
		store.record(4, Hotkey([8; 32]), &Score::new(0.5, "").unwrap());
		store.finish_round();
		store.save().unwrap();
		drop(store);
		let again = open(&path, 1);
		assert_eq!(again.weights(), [(3, 65_535), (4, 32_768)]);
		assert_eq!(again.generation(), 1);
		drop(again);
		let other = open(&path, 2);
		assert!(other.weights().is_empty(), "another hotkey's scores were taken");
		assert_eq!(other.marks(), Marks::default());
	}

	#[test]
	fn a_score_is_on_disk_before_its_round_ends() {
		let folder = tempfile::tempdir().unwrap();
		let mut store = open(folder.path(), 1);
		store.record(3, Hotkey([7; 32]), &Score::full(""));
		drop(store);
		assert_eq!(open(folder.path(), 1).averages(), [(3, Hotkey([7; 32]), 0.5)]);
	}

	#[test]
	fn a_uid_that_changed_hands_starts_from_nothing() {
		let folder = tempfile::tempdir().unwrap();
		let mut store = open(folder.path(), 1);
		store.record(3, Hotkey([7; 32]), &Score::full(""));
		assert!(store.knows(3, Hotkey([7; 32])) && !store.knows(3, Hotkey([9; 32])));
		store.retain(&[(3, Hotkey([9; 32]))]);
		assert!(store.weights().is_empty());
	}

	#[test]
	fn a_submission_is_known_until_it_is_settled() {
		let folder = tempfile::tempdir().unwrap();
		let mut store = open(folder.path(), 1);
		store.finish_round();
		store.begin_submission(submission(1)).unwrap();
		store.finish_round();
		store.save().unwrap();
		drop(store);
		let mut store = open(folder.path(), 1);
		assert_eq!(store.submission(), Some(&submission(1)));
		store.submitted(20).unwrap();
		drop(store);
		let mut store = open(folder.path(), 1);
		let marks = Marks {
			generation: 2,
			submitted_generation: 1,
			submitted_at: 20,
		};
		assert_eq!((store.submission(), store.marks()), (None, marks));
		store.begin_submission(submission(2)).unwrap();
		store.forget_submission().unwrap();
		drop(store);
		let store = open(folder.path(), 1);
		assert_eq!((store.submission(), store.marks()), (None, marks));
		drop(store);
		let mut store = open(folder.path(), 1);
		store.begin_submission(submission(2)).unwrap();
		drop(store);
		assert_eq!(
			open(folder.path(), 2).submission(),
			None,
			"another hotkey's transaction was taken"
		);
	}
}
