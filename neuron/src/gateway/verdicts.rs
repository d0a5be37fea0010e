//! What checks of answers to applications have shown about each miner. Verdicts only: no prompt and no answer is kept.

use std::{
	collections::{BTreeMap, BTreeSet},
	path::PathBuf,
	sync::{Mutex, MutexGuard, PoisonError},
};

use neuron_chain::AccountId;
use subnet_sdk::{Evidence, Hotkey, Score, TestParameters, Watch};

use crate::{
	condemned::{self, Condemned},
	state::{StateError, watched::WatchStore},
};

/// The file with the evidence, in the data folder.
pub const FILE_NAME: &str = "gateway-watch.redb";
/// Weight of the newest score in a miner's average.
const NEWEST_SHARE: f64 = 0.3;

/// What is known about a miner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Standing {
	/// Nothing yet.
	Unknown,
	/// The average of its scores, 0 to 1.
	Measured(f64),
	/// Its answers failed more checks than an honest miner's can: it gets no requests.
	Banned(Evidence),
}

/// The verdicts on all miners.
#[derive(Debug)]
pub struct Verdicts {
	known: Mutex<Known>,
	/// Where evidence is kept, and the folder of the list for the validator; absent in tests.
	kept: Option<(WatchStore, PathBuf)>,
}

#[derive(Debug)]
struct Known {
	watch: Watch,
	/// By uid, at most as many as the subnet has.
	quality: BTreeMap<u16, (Hotkey, f64)>,
	/// The list that the validator was given; absent until one was written.
	told: Option<Vec<Condemned>>,
}

impl Default for Verdicts {
	/// Nothing is known, and nothing is kept.
	fn default() -> Self {
		Self {
			known: Mutex::new(Known {
				watch: Watch::new(TestParameters::STANDARD),
				quality: BTreeMap::new(),
				told: None,
			}),
			kept: None,
		}
	}
}

impl Verdicts {
	/// Goes on from the evidence in a data folder, and tells the validator of that folder who is condemned.
	///
	/// # Errors
	/// A file that cannot be read, or is open in another gateway.
	pub fn open(folder: PathBuf) -> Result<Self, StateError> {
		let store = WatchStore::open(&folder, FILE_NAME)?;
		let records = store.load()?;
		let verdicts = Self {
			kept: Some((store, folder)),
			..Self::default()
		};
		{
			let mut known = verdicts.known();
			records.into_iter().for_each(|record| known.watch.restore(record));
		}
		verdicts.keep();
		Ok(verdicts)
	}

	/// Takes in what a check of one answer showed; whether the miner is condemned from now on.
	pub fn record(&self, uid: u16, hotkey: Hotkey, score: &Score) -> bool {
		let condemned = {
			let mut known = self.known();
			let average = match known.quality.get(&uid) {
				Some((of, average)) if *of == hotkey => average + NEWEST_SHARE * (score.value() - average),
				_ => score.value(),
			};
			known.quality.insert(uid, (hotkey, average));
			known.watch.record(uid, hotkey, score.evidence()).is_some()
		};
		self.keep();
		condemned
	}

	/// What is known about a miner.
	pub fn standing(&self, uid: u16, hotkey: Hotkey) -> Standing {
		let known = self.known();
		if let Some(evidence) = known.watch.condemned(uid, hotkey) {
			return Standing::Banned(evidence);
		}
		match known.quality.get(&uid) {
			Some((of, average)) if *of == hotkey => Standing::Measured(*average),
			_ => Standing::Unknown,
		}
	}

	/// Forgets miners that are gone.
	pub fn retain(&self, present: &[(u16, Hotkey)]) {
		let mut known = self.known();
		known.watch.retain(present);
		let present: BTreeSet<(u16, Hotkey)> = present.iter().copied().collect();
		known
			.quality
			.retain(|uid, (hotkey, _)| present.contains(&(*uid, *hotkey)));
	}

	/// Puts everything on disk; a failure is logged, and made good by the next verdict.
	fn keep(&self) {
		let Some((store, folder)) = &self.kept else { return };
		let records = self.known().watch.records();
		if let Err(error) = store.save(&records) {
			tracing::error!(%error, "verdicts not kept");
		}
		let (condemned, told): (Vec<_>, _) = {
			let known = self.known();
			let caught = |record: &subnet_sdk::WatchRecord| {
				let evidence = known.watch.condemned(record.uid, record.hotkey)?;
				Some(Condemned {
					uid: record.uid,
					hotkey: AccountId::new(record.hotkey.0),
					trials: evidence.trials,
					failures: evidence.failures,
				})
			};
			(records.iter().filter_map(caught).collect(), known.told.clone())
		};
		if told.as_ref() == Some(&condemned) {
			return;
		}
		match condemned::write(folder, &condemned) {
			Ok(()) => self.known().told = Some(condemned),
			Err(error) => {
				tracing::error!(%error, file = condemned::FILE_NAME, "the validator is not told who is condemned");
			}
		}
	}

	fn known(&self) -> MutexGuard<'_, Known> {
		self.known.lock().unwrap_or_else(PoisonError::into_inner)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	const CHEAT: Hotkey = Hotkey([1; 32]);

	fn score(value: f64, failures: u32) -> Score {
		let evidence = Evidence { trials: 32, failures };
		Score::new(value, "").unwrap().with_evidence(evidence)
	}

	#[test]
	fn a_cheat_is_banned_for_good_and_the_validator_is_told() {
		let folder = tempfile::tempdir().unwrap();
		let verdicts = Verdicts::open(folder.path().into()).unwrap();
		assert_eq!(verdicts.standing(3, CHEAT), Standing::Unknown);
		assert!(!verdicts.record(3, CHEAT, &score(1.0, 0)));
		assert_eq!(verdicts.standing(3, CHEAT), Standing::Measured(1.0));
		while !verdicts.record(3, CHEAT, &score(0.0, 4)) {}
		assert!(!verdicts.record(4, Hotkey([2; 32]), &score(0.5, 0)));
		drop(verdicts);
		let told = condemned::read(folder.path()).unwrap();
		assert_eq!(
			(told.len(), told[0].uid, told[0].hotkey),
			(1, 3, AccountId::new([1; 32]))
		);
		let verdicts = Verdicts::open(folder.path().into()).unwrap();
		assert!(matches!(verdicts.standing(3, CHEAT), Standing::Banned(evidence) if evidence.failures >= 4));
		// Averages begin anew; another hotkey at that uid is another miner.
		assert_eq!(verdicts.standing(4, Hotkey([2; 32])), Standing::Unknown);
		assert_eq!(verdicts.standing(3, Hotkey([9; 32])), Standing::Unknown);
		verdicts.retain(&[]);
		assert_eq!(verdicts.standing(3, CHEAT), Standing::Unknown);
	}

	#[test]
	fn the_list_is_written_when_it_changes_and_only_then() {
		let folder = tempfile::tempdir().unwrap();
		let verdicts = Verdicts::open(folder.path().into()).unwrap();
		let list = folder.path().join(condemned::FILE_NAME);
		std::fs::remove_file(&list).unwrap();
		verdicts.record(3, CHEAT, &score(1.0, 0));
		assert!(!list.exists(), "nobody new was condemned");
		while !verdicts.record(3, CHEAT, &score(0.0, 4)) {}
		assert_eq!(condemned::read(folder.path()).unwrap().len(), 1);
	}

	#[test]
	fn quality_follows_the_newest_answers() {
		let verdicts = Verdicts::default();
		for _ in 0..20 {
			verdicts.record(1, CHEAT, &score(0.25, 0));
		}
		let Standing::Measured(average) = verdicts.standing(1, CHEAT) else {
			panic!("it was measured")
		};
		assert!((average - 0.25).abs() < 1e-9);
		verdicts.record(1, CHEAT, &score(1.0, 0));
		assert!(matches!(verdicts.standing(1, CHEAT), Standing::Measured(now) if now > average));
	}
}
