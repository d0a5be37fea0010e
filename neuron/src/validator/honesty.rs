//! What the answers of one miner, and of all miners of one owner, say together.
//!
//! Scores judge one answer. Here evidence is added up over many, so that who cheats a little every time is caught
//! ([`Watch`]), and rates are compared between rounds in which miners are asked one by one and rounds in which all of an
//! owner's are asked at one instant, so that one machine cannot pose as ten ([`owners`]). Evidence is kept on disk, rates are in
//! memory: a validator that starts anew measures them anew. Who was caught by the gateway beside the validator
//! ([`condemned`]) is worth nothing here either.

use std::{
	collections::{BTreeMap, BTreeSet},
	num::NonZeroU64,
	path::{Path, PathBuf},
	sync::{Mutex, PoisonError},
};

use neuron_chain::{AccountId, Metagraph, Neuron};
use subnet_sdk::{
	Hotkey, Score, TestParameters, Watch,
	owners::{self, Conclusion, Owned, Rates},
};

use super::challenge::Verdict;
use crate::{
	condemned::{self, Condemned},
	state::{StateError, watched::WatchStore},
};

/// The file with the evidence, in the data folder.
pub const FILE_NAME: &str = "validator-watch.redb";

/// One miner of a round.
pub type Candidate = (u16, AccountId);

/// Evidence over many answers.
#[derive(Debug)]
pub struct Honesty {
	watch: Mutex<Watch>,
	/// By coldkey.
	rates: Mutex<BTreeMap<[u8; 32], Rates>>,
	same_instant_every: Option<NonZeroU64>,
	/// Where evidence is kept, and the folder in which a gateway tells who was caught.
	kept: Option<(WatchStore, PathBuf)>,
	/// Those that the gateway caught, as it said when this round began.
	condemned: Mutex<Vec<Condemned>>,
}

impl Honesty {
	/// No evidence yet. In every `same_instant_every`-th round all miners of an owner are asked at one instant; never where
	/// it is absent, which is right where miners share this machine, and for mechanisms whose answers have no tokens.
	pub fn new(same_instant_every: Option<NonZeroU64>) -> Self {
		Self {
			watch: Mutex::new(Watch::new(TestParameters::STANDARD)),
			rates: Mutex::default(),
			same_instant_every,
			kept: None,
			condemned: Mutex::default(),
		}
	}

	/// Goes on from the evidence in a data folder.
	///
	/// # Errors
	/// A file that cannot be read.
	pub fn open(folder: &Path, same_instant_every: Option<NonZeroU64>) -> Result<Self, StateError> {
		let store = WatchStore::open(folder, FILE_NAME)?;
		let mut watch = Watch::new(TestParameters::STANDARD);
		store.load()?.into_iter().for_each(|record| watch.restore(record));
		Ok(Self {
			watch: Mutex::new(watch),
			kept: Some((store, folder.into())),
			..Self::new(same_instant_every)
		})
	}

	/// Looks at whom the gateway has caught.
	pub fn heed_gateway(&self) {
		let Some((_, folder)) = &self.kept else { return };
		match condemned::read(folder) {
			Ok(list) => *self.condemned.lock().unwrap_or_else(PoisonError::into_inner) = list,
			Err(error) => {
				tracing::warn!(%error, file = condemned::FILE_NAME, "what the gateway tells cannot be read");
			}
		}
	}

	/// What the gateway's checks say about a miner that it has caught.
	fn caught_by_gateway(&self, neuron: &Neuron) -> Option<Condemned> {
		let condemned = self.condemned.lock().unwrap_or_else(PoisonError::into_inner);
		let found = condemned
			.iter()
			.find(|caught| caught.uid == neuron.uid && caught.hotkey == neuron.hotkey);
		found.cloned()
	}

	/// The candidates of a round in groups: those of one group are asked at one instant.
	pub fn groups(&self, round: u64, candidates: Vec<Candidate>, metagraph: &Metagraph) -> Vec<Vec<Candidate>> {
		if !self
			.same_instant_every
			.is_some_and(|every| round.is_multiple_of(every.get()))
		{
			return candidates.into_iter().map(|candidate| vec![candidate]).collect();
		}
		let coldkeys: BTreeMap<u16, [u8; 32]> = metagraph
			.neurons
			.iter()
			.map(|neuron| (neuron.uid, neuron.coldkey.into()))
			.collect();
		let owned: Vec<Owned> = candidates
			.iter()
			.map(|(uid, hotkey)| Owned {
				uid: *uid,
				hotkey: Hotkey((*hotkey).into()),
				coldkey: coldkeys.get(uid).copied().unwrap_or_default(),
			})
			.collect();
		let back = |neuron: &Owned| (neuron.uid, AccountId::from(neuron.hotkey.0));
		owners::groups(&owned)
			.iter()
			.map(|group| group.iter().map(back).collect())
			.collect()
	}

	/// The score of an answer in the light of all the others. `asked_at_once` is the size of the group.
	pub fn judge(&self, neuron: &Neuron, asked_at_once: usize, verdict: &Verdict) -> Score {
		let score = verdict.score.clone();
		let seen = self.watch.lock().unwrap_or_else(PoisonError::into_inner).record(
			neuron.uid,
			Hotkey(neuron.hotkey.into()),
			score.evidence(),
		);
		if let Some(seen) = seen {
			return Score::zero(format!(
				"{} of {} checks over many answers failed, too many for an honest miner; this answer: {}",
				seen.failures, seen.trials, score.reason
			));
		}
		if let Some(caught) = self.caught_by_gateway(neuron) {
			return Score::zero(format!(
				"{} of {} checks of answers to applications failed, too many for an honest miner; this answer: {}",
				caught.failures, caught.trials, score.reason
			));
		}
		let mut rates = self.rates.lock().unwrap_or_else(PoisonError::into_inner);
		let rates = rates.entry(neuron.coldkey.into()).or_default();
		if let Some(rate) = verdict.tokens_per_second()
			&& score.value() > 0.0
		{
			rates.observe(rate, asked_at_once);
		}
		let conclusion = owners::conclude(rates);
		let Conclusion::Shared { uids_a_machine } = conclusion else {
			return score;
		};
		let reason = format!(
			"worth a {uids_a_machine:.1}th: asked at once, this owner's miners are that much slower than alone; {}",
			score.reason
		);
		Score::new(score.value() * owners::share(conclusion), reason).unwrap_or(score)
	}

	/// Forgets miners and owners that are gone, and puts the evidence about the others on disk.
	pub fn retain(&self, metagraph: &Metagraph) {
		let present: Vec<_> = metagraph
			.neurons
			.iter()
			.map(|neuron| (neuron.uid, Hotkey(neuron.hotkey.into())))
			.collect();
		let records = {
			let mut watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
			watch.retain(&present);
			watch.records()
		};
		if let Some((store, _)) = &self.kept
			&& let Err(error) = store.save(&records)
		{
			tracing::error!(%error, "evidence not kept");
		}
		let coldkeys: BTreeSet<[u8; 32]> = metagraph.neurons.iter().map(|neuron| neuron.coldkey.into()).collect();
		self.rates
			.lock()
			.unwrap_or_else(PoisonError::into_inner)
			.retain(|coldkey, _| coldkeys.contains(coldkey));
	}
}

impl Default for Honesty {
	/// Adds up evidence; asks nobody at one instant.
	fn default() -> Self {
		Self::new(None)
	}
}

#[cfg(test)]
mod tests {
	use subnet_sdk::Evidence;

	use super::*;

	/// A neuron of one of three owners.
	fn neuron(uid: u16, owner: u8) -> Neuron {
		Neuron {
			uid,
			hotkey: AccountId::new([uid as u8; 32]),
			coldkey: AccountId::new([owner; 32]),
			stake_rao: 0,
			trust: 0,
			consensus: 0,
			incentive: 0,
			dividends: 0,
			emission_rao: 0,
			active: true,
			validator_permit: false,
			last_update: 0,
			registered_at: 0,
			axon: None,
			certificate: None,
		}
	}

	fn metagraph() -> Metagraph {
		Metagraph {
			netuid: 1,
			block: 1,
			block_hash: [0; 32],
			neurons: vec![neuron(0, 1), neuron(1, 2), neuron(2, 1), neuron(3, 3)],
		}
	}

	/// An answer of 32 tokens in that many milliseconds.
	fn verdict(elapsed_ms: u64, failures: u32) -> Verdict {
		let evidence = Evidence { trials: 32, failures };
		Verdict {
			score: Score::full("fine").with_evidence(evidence),
			chunks: 33,
			tokens: Some(32),
			elapsed_us: elapsed_ms * 1_000,
		}
	}

	#[test]
	fn owners_are_asked_at_one_instant_in_the_rounds_for_it_only() {
		let metagraph = metagraph();
		let candidates: Vec<Candidate> = metagraph
			.neurons
			.iter()
			.map(|neuron| (neuron.uid, neuron.hotkey))
			.collect();
		let sizes = |honesty: &Honesty, round| -> Vec<usize> {
			let groups = honesty.groups(round, candidates.clone(), &metagraph);
			groups.iter().map(Vec::len).collect()
		};
		let honesty = Honesty::new(NonZeroU64::new(3));
		assert_eq!(sizes(&honesty, 2), [1; 4]);
		assert_eq!(sizes(&honesty, 3), [2, 1, 1]);
		assert_eq!(sizes(&Honesty::default(), 3), [1; 4]);
	}

	#[test]
	fn who_cheats_a_little_every_time_earns_nothing_in_the_end() {
		let (honesty, cheat, honest) = (Honesty::default(), neuron(0, 1), neuron(1, 2));
		let mut last = (1.0, 1.0);
		for index in 0..60 {
			last.0 = honesty.judge(&cheat, 1, &verdict(1_000, index % 2)).value();
			last.1 = honesty.judge(&honest, 1, &verdict(1_000, 0)).value();
		}
		assert_eq!(last, (0.0, 1.0));
		// Whoever takes over the uid begins anew.
		let newcomer = Neuron {
			hotkey: AccountId::new([77; 32]),
			..cheat
		};
		assert_eq!(honesty.judge(&newcomer, 1, &verdict(1_000, 0)).value(), 1.0);
	}

	#[test]
	fn evidence_outlives_the_validator_and_the_gateway_s_counts_too() {
		let folder = tempfile::tempdir().unwrap();
		let (cheat, served_badly, honest) = (neuron(0, 1), neuron(2, 1), neuron(1, 2));
		let honesty = Honesty::open(folder.path(), None).unwrap();
		for index in 0..60 {
			honesty.judge(&cheat, 1, &verdict(1_000, index % 2));
		}
		honesty.retain(&metagraph());
		drop(honesty);
		let honesty = Honesty::open(folder.path(), None).unwrap();
		assert_eq!(honesty.judge(&cheat, 1, &verdict(1_000, 0)).value(), 0.0);
		assert_eq!(honesty.judge(&served_badly, 1, &verdict(1_000, 0)).value(), 1.0);
		let caught = Condemned {
			uid: 2,
			hotkey: served_badly.hotkey,
			trials: 64,
			failures: 9,
		};
		condemned::write(folder.path(), &[caught]).unwrap();
		honesty.heed_gateway();
		let judged = honesty.judge(&served_badly, 1, &verdict(1_000, 0));
		assert!(
			judged.value() == 0.0 && judged.reason.contains("applications"),
			"{judged}"
		);
		assert_eq!(honesty.judge(&honest, 1, &verdict(1_000, 0)).value(), 1.0);
		let newcomer = Neuron {
			hotkey: AccountId::new([77; 32]),
			..served_badly
		};
		assert_eq!(honesty.judge(&newcomer, 1, &verdict(1_000, 0)).value(), 1.0);
	}

	#[test]
	fn two_uids_on_one_machine_earn_what_one_is_worth() {
		let honesty = Honesty::new(NonZeroU64::new(2));
		let mut last = Score::zero("");
		for _ in 0..20 {
			for uid in [0, 2] {
				honesty.judge(&neuron(uid, 1), 1, &verdict(1_000, 0));
				last = honesty.judge(&neuron(uid, 1), 2, &verdict(2_000, 0));
			}
		}
		assert!((last.value() - 0.5).abs() < 0.01, "{last}");
		let gone = Metagraph {
			neurons: vec![neuron(1, 2)],
			..metagraph()
		};
		honesty.retain(&gone);
		assert_eq!(honesty.judge(&neuron(0, 1), 2, &verdict(2_000, 0)).value(), 1.0);
	}
}
