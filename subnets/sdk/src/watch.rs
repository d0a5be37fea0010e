//! Evidence about each miner over many answers: who cheats a little every time.

use std::collections::BTreeMap;

use crate::{Evidence, Hotkey, SequentialTest, TestParameters};

/// How sure one must be before all of a miner's answers count nothing: one honest miner in a million, ever.
pub const WATCH_FALSE_ALARM: f64 = 1e-6;
/// Checks after which a record is begun anew: a miner cannot save up honesty and spend it later, and one that was condemned
/// gets another chance.
pub const MAX_WATCHED_CHECKS: u32 = 20_000;

/// What is known about one miner.
#[derive(Copy, Clone, Debug)]
struct Record {
	hotkey: Hotkey,
	test: SequentialTest,
	seen: Evidence,
}

/// What is known about one miner, as it is kept on disk.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct WatchRecord {
	/// Its uid.
	pub uid: u16,
	/// Its hotkey.
	pub hotkey: Hotkey,
	/// Checks so far.
	pub seen: Evidence,
	/// The state of the test: natural logarithms of its likelihood ratios.
	pub log_ratios: [f64; 3],
	/// The state of the test: the most evidence that there ever was, as a natural logarithm.
	pub peak: f64,
}

/// A sequential test for each miner, over all of its answers.
///
/// A test that has condemned stays so until the uid has another hotkey, or the record is over ([`MAX_WATCHED_CHECKS`]); each
/// new beginning has the small chance of a false alarm again. At most one entry a uid.
#[derive(Clone, Debug)]
pub struct Watch {
	parameters: TestParameters,
	records: BTreeMap<u16, Record>,
}

impl Watch {
	/// Watches with these rates; the probability of a false alarm is [`WATCH_FALSE_ALARM`] whatever they say.
	pub fn new(parameters: TestParameters) -> Self {
		Self {
			parameters: TestParameters {
				false_alarm: WATCH_FALSE_ALARM,
				..parameters
			},
			records: BTreeMap::new(),
		}
	}

	/// Takes in what one answer of `uid` showed and returns what all of them say, once it is too much for an honest miner.
	pub fn record(&mut self, uid: u16, hotkey: Hotkey, evidence: Evidence) -> Option<Evidence> {
		let new = Record {
			hotkey,
			test: SequentialTest::new(self.parameters),
			seen: Evidence::default(),
		};
		let record = self.records.entry(uid).or_insert(new);
		let is_over = record.seen.trials >= MAX_WATCHED_CHECKS;
		if record.hotkey != hotkey || is_over {
			*record = new;
		}
		record.test.observe_many(evidence);
		record.seen.trials = record.seen.trials.saturating_add(evidence.trials);
		record.seen.failures = record.seen.failures.saturating_add(evidence.failures);
		record.test.condemned().then_some(record.seen)
	}

	/// What the checks of a miner say, where it is too much for an honest one.
	pub fn condemned(&self, uid: u16, hotkey: Hotkey) -> Option<Evidence> {
		let record = self.records.get(&uid).filter(|record| record.hotkey == hotkey)?;
		record.test.condemned().then_some(record.seen)
	}

	/// All records, by rising uid: with [`Watch::restore`] another process goes on from them.
	pub fn records(&self) -> Vec<WatchRecord> {
		let record = |(uid, record): (&u16, &Record)| {
			let (log_ratios, peak) = record.test.state();
			WatchRecord {
				uid: *uid,
				hotkey: record.hotkey,
				seen: record.seen,
				log_ratios,
				peak,
			}
		};
		self.records.iter().map(record).collect()
	}

	/// Takes a record back, in place of what is known about its uid; one with numbers that no test has is left out.
	pub fn restore(&mut self, record: WatchRecord) {
		let state = (record.log_ratios, record.peak);
		if let Some(test) = SequentialTest::resume(self.parameters, state) {
			let restored = Record {
				hotkey: record.hotkey,
				test,
				seen: record.seen,
			};
			self.records.insert(record.uid, restored);
		}
	}

	/// Forgets everyone who is not among `neurons`, as they are on chain now.
	pub fn retain(&mut self, neurons: &[(u16, Hotkey)]) {
		let present: BTreeMap<u16, Hotkey> = neurons.iter().copied().collect();
		self.records
			.retain(|uid, record| present.get(uid) == Some(&record.hotkey));
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	const PARAMETERS: TestParameters = TestParameters::STANDARD;
	const KEY: Hotkey = Hotkey([1; 32]);

	fn answer(failures: u32) -> Evidence {
		Evidence { trials: 32, failures }
	}

	#[test]
	fn who_cheats_a_little_every_time_is_caught() {
		let mut watch = Watch::new(PARAMETERS);
		// One bad token in every other answer: far too few for any single answer.
		let caught = (1..=200).find(|index| watch.record(3, KEY, answer(index % 2)).is_some());
		assert!(caught.is_some_and(|answers| answers < 40), "{caught:?}");
		assert!(watch.record(3, KEY, answer(0)).is_some(), "it stays caught");
		let freed = (1..=MAX_WATCHED_CHECKS / 32 + 1).find(|_| watch.record(3, KEY, answer(0)).is_none());
		assert!(freed.is_some_and(|answers| answers > 500), "{freed:?}");
	}

	#[test]
	fn an_unlucky_honest_miner_is_not() {
		let mut watch = Watch::new(PARAMETERS);
		// One bad token in 1,000, as bad as an honest miner may be, for a long time.
		for index in 0..20_000_u32 {
			let failures = u32::from(index.is_multiple_of(31));
			assert_eq!(watch.record(3, KEY, answer(failures)), None, "after {index} answers");
		}
	}

	#[test]
	fn honesty_cannot_be_saved_up() {
		let mut watch = Watch::new(PARAMETERS);
		for _ in 0..10_000 {
			watch.record(3, KEY, answer(0));
		}
		let caught = (1..=100).find(|_| watch.record(3, KEY, answer(2)).is_some());
		assert!(caught.is_some(), "a long clean record shields a cheat");
	}

	#[test]
	fn records_go_on_where_they_were_and_rubbish_is_left_out() {
		let mut watch = Watch::new(PARAMETERS);
		for index in 0..30 {
			watch.record(3, KEY, answer(index % 2));
		}
		let mut again = Watch::new(PARAMETERS);
		watch.records().into_iter().for_each(|record| again.restore(record));
		assert_eq!(again.records(), watch.records());
		assert_eq!(again.condemned(3, KEY), watch.condemned(3, KEY));
		assert_eq!(again.record(3, KEY, answer(3)), watch.record(3, KEY, answer(3)));
		assert_eq!(again.condemned(3, Hotkey([2; 32])), None);
		let rubbish = WatchRecord {
			uid: 9,
			peak: f64::NAN,
			..watch.records()[0]
		};
		again.restore(rubbish);
		assert_eq!(again.records(), watch.records());
	}

	#[test]
	fn a_record_belongs_to_one_hotkey() {
		let mut watch = Watch::new(PARAMETERS);
		assert!(watch.record(3, KEY, answer(32)).is_some());
		assert!(watch.record(4, KEY, answer(0)).is_none());
		assert!(watch.record(3, Hotkey([2; 32]), answer(0)).is_none());
		assert!(watch.record(3, KEY, answer(32)).is_some());
		watch.retain(&[(3, Hotkey([2; 32]))]);
		assert!(watch.record(3, KEY, answer(0)).is_none());
	}
}
