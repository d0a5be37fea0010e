//! What the answers of one miner, and of all miners of one owner, say together.
//!
//! Scores judge one answer. Here evidence is added up over many, so that who cheats a little every time is caught
//! ([`Watch`]), and rates are compared between rounds in which miners are asked one by one and rounds in which all of an
//! owner's are asked at one instant, so that one machine cannot pose as ten ([`owners`]). All of it is in memory: a
//! validator that starts anew begins anew.

use std::{
	collections::{BTreeMap, BTreeSet},
	num::NonZeroU64,
	sync::{Mutex, PoisonError},
};

use neuron_chain::{AccountId, Metagraph, Neuron};
use subnet_sdk::{
	Hotkey, Score, TestParameters, Watch,
	owners::{self, Conclusion, Owned, Rates},
};

use super::challenge::Verdict;

/// One miner of a round.
pub type Candidate = (u16, AccountId);

/// Evidence over many answers.
#[derive(Debug)]
pub struct Honesty {
	watch: Mutex<Watch>,
	/// By coldkey.
	rates: Mutex<BTreeMap<[u8; 32], Rates>>,
	same_instant_every: Option<NonZeroU64>,
}

impl Honesty {
	/// No evidence yet. In every `same_instant_every`-th round all miners of an owner are asked at one instant; never where
	/// it is absent, which is right where miners share this machine, and for mechanisms whose answers have no tokens.
	pub fn new(same_instant_every: Option<NonZeroU64>) -> Self {
		Self {
			watch: Mutex::new(Watch::new(TestParameters::STANDARD)),
			rates: Mutex::default(),
			same_instant_every,
		}
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

	/// Forgets miners and owners that are gone.
	pub fn retain(&self, metagraph: &Metagraph) {
		let present: Vec<_> = metagraph
			.neurons
			.iter()
			.map(|neuron| (neuron.uid, Hotkey(neuron.hotkey.into())))
			.collect();
		self.watch
			.lock()
			.unwrap_or_else(PoisonError::into_inner)
			.retain(&present);
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
