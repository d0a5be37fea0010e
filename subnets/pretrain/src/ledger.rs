//! What a validator remembers: the best model so far, and who has earned what.
//!
//! Scores are pure functions of context, task and answer, so what came before must be in the task. The ledger is where tasks
//! take it from. It changes between epochs only: what is scored in an epoch is *noted*, and the first task of a later one
//! *settles* it. All tasks of an epoch therefore name the same best model, and no score depends on the order in which answers
//! are scored, on how often, or on whether at once. The award of an epoch goes to its largest improvement; the order decides
//! only between models that are within the margin of each other, of which the first counts.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use codec::{Decode, DecodeAll, Encode};
use subnet_sdk::Hotkey;

use crate::parameters::PretrainParameters;
use crate::weights::{Weights, WeightsError, WeightsId};
use crate::wire::{Award, Best};

/// Awards that are kept at once; the one that is worth least makes room.
pub const MAX_AWARDS: usize = 256;
/// How often a new candidate is measured against one that was noted meanwhile; then it is left out.
const MAX_ROUNDS: usize = 8;
/// An award that has decayed below this is forgotten.
const LEAST_VALUE: f64 = 1e-3;
/// The ledger's file in its folder.
const FILE: &str = "pretrain-ledger";
/// What the file begins with: what it is, and its version.
const MAGIC: [u8; 8] = *b"gnpt\0\0\0\x01";

/// An improvement that was seen in an epoch that is not over.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
	pub(crate) miner: Hotkey,
	pub(crate) weights: Arc<Weights>,
	pub(crate) best: Best,
	pub(crate) value: f64,
	/// The epoch's block.
	pub(crate) block: u64,
	/// The champion that it was measured against; none is the untrained model.
	pub(crate) beaten: Option<WeightsId>,
}

/// What is kept of one champion.
#[derive(Clone, Debug)]
struct Champion {
	best: Best,
	weights: Arc<Weights>,
}

#[derive(Debug, Default)]
struct State {
	champion: Option<Champion>,
	/// The one before it: an answer to a task of the last epoch may come late.
	previous: Option<Champion>,
	candidate: Option<Candidate>,
	awards: BTreeMap<Hotkey, Award>,
	/// Whether the file is behind.
	is_unwritten: bool,
}

/// The ledger. In memory, or in a folder where it outlives the process.
#[derive(Debug)]
pub struct Ledger {
	folder: Option<PathBuf>,
	state: Mutex<State>,
}

/// Why a ledger could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
	/// The file system.
	#[error("{path}: {source}; check that the folder exists and can be written to")]
	Io {
		/// The file.
		path: PathBuf,
		/// What the system said.
		source: std::io::Error,
	},
	/// The contents.
	#[error("{path} is no ledger of this subnet: {reason}; move it away to begin with the untrained model")]
	Contents {
		/// The file.
		path: PathBuf,
		/// What is wrong.
		reason: String,
	},
}

/// What is in the file.
#[derive(Encode, Decode)]
struct Record {
	magic: [u8; 8],
	champion: Option<(Best, Vec<u8>)>,
	awards: Vec<(Hotkey, Award)>,
}

impl Ledger {
	/// A ledger that is gone with the process.
	pub fn in_memory() -> Self {
		Self {
			folder: None,
			state: Mutex::default(),
		}
	}

	/// The ledger in `folder`, empty where there is none yet. `parameters` says which models fit.
	///
	/// # Errors
	///
	/// [`LedgerError`].
	pub fn open(folder: &Path, parameters: &PretrainParameters) -> Result<Self, LedgerError> {
		let path = folder.join(FILE);
		let most = Weights::max_file_bytes(&parameters.architecture) as u64 + 64 * 1024;
		let io = |source| LedgerError::Io {
			path: path.clone(),
			source,
		};
		let contents = |reason: String| LedgerError::Contents {
			path: path.clone(),
			reason,
		};
		let state = match fs::metadata(&path) {
			Err(error) if error.kind() == std::io::ErrorKind::NotFound => State::default(),
			Err(error) => return Err(io(error)),
			Ok(found) if found.len() > most => return Err(contents(format!("it has {} bytes", found.len()))),
			Ok(_) => {
				let bytes = fs::read(&path).map_err(io)?;
				read_state(&bytes, parameters).map_err(contents)?
			}
		};
		Ok(Self {
			folder: Some(folder.to_owned()),
			state: Mutex::new(state),
		})
	}

	/// The best model and its loss when it was measured, as of the last epoch that was settled; none while nothing beats
	/// the untrained one.
	pub fn best(&self) -> Option<(Arc<Weights>, Best)> {
		let state = self.state();
		let champion = state.champion.as_ref()?;
		Some((champion.weights.clone(), champion.best))
	}

	fn state(&self) -> MutexGuard<'_, State> {
		// A panic elsewhere leaves the state whole: it is changed in single assignments.
		self.state.lock().unwrap_or_else(PoisonError::into_inner)
	}

	/// What a task of the epoch of `block` says: the best model, and what `miner` has earned. Settles earlier epochs first.
	pub(crate) fn at(
		&self,
		block: u64,
		miner: &Hotkey,
		parameters: &PretrainParameters,
	) -> Result<(Option<Best>, Option<Award>), LedgerError> {
		let mut state = self.state();
		if state
			.candidate
			.as_ref()
			.is_some_and(|candidate| candidate.block < block)
		{
			state.settle(parameters);
		}
		if state.is_unwritten {
			self.write(&state)?;
			state.is_unwritten = false;
		}
		let best = state.champion.as_ref().map(|champion| champion.best);
		Ok((best, state.awards.get(miner).copied()))
	}

	/// The weights of `id`, if it is the champion or the one before.
	pub(crate) fn weights(&self, id: &WeightsId) -> Option<Arc<Weights>> {
		let state = self.state();
		[&state.champion, &state.previous]
			.into_iter()
			.flatten()
			.find(|champion| champion.best.weights == *id)
			.map(|champion| champion.weights.clone())
	}

	/// Notes an improvement. Of one epoch the best counts: where another was noted before, `beats` says whether this one is
	/// better by more than the margin, so that a copy with a little noise does not take the place of what it was copied from.
	/// One that comes late, and beats a champion of the past only, is left out.
	pub(crate) fn note(&self, candidate: Candidate, beats: impl Fn(&Weights) -> bool) {
		// Measuring takes long, so it is done without the lock; what was noted meanwhile is measured too.
		for _ in 0..MAX_ROUNDS {
			let noted = {
				let state = self.state();
				if state.champion_id() != candidate.beaten {
					return;
				}
				state.candidate.clone()
			};
			let replaces = match &noted {
				Some(other) if other.block == candidate.block => beats(&other.weights),
				Some(other) => candidate.block > other.block,
				None => true,
			};
			if !replaces {
				return;
			}
			let mut state = self.state();
			let id = |candidate: &Option<Candidate>| candidate.as_ref().map(|it| (it.block, it.best.weights));
			if id(&state.candidate) == id(&noted) && state.champion_id() == candidate.beaten {
				state.candidate = Some(candidate);
				return;
			}
		}
	}

	/// Writes beside the file and renames, so that a crash leaves the old or the new one.
	fn write(&self, state: &State) -> Result<(), LedgerError> {
		let Some(folder) = &self.folder else { return Ok(()) };
		let (path, fresh) = (folder.join(FILE), folder.join(format!("{FILE}.new")));
		let file = |champion: &Champion| Ok::<_, WeightsError>((champion.best, champion.weights.to_file()?));
		let record = Record {
			magic: MAGIC,
			champion: state
				.champion
				.as_ref()
				.map(file)
				.transpose()
				.map_err(|error| LedgerError::Contents {
					path: path.clone(),
					reason: error.to_string(),
				})?,
			awards: state.awards.iter().map(|(miner, award)| (*miner, *award)).collect(),
		};
		fs::write(&fresh, record.encode())
			.and_then(|()| fs::File::open(&fresh)?.sync_all())
			.and_then(|()| fs::rename(&fresh, &path))
			.map_err(|source| LedgerError::Io { path, source })
	}
}

impl State {
	fn champion_id(&self) -> Option<WeightsId> {
		self.champion.as_ref().map(|champion| champion.best.weights)
	}

	/// The candidate becomes the champion, and its miner gets the award on top of what is left of its last one.
	fn settle(&mut self, parameters: &PretrainParameters) {
		let Some(candidate) = self.candidate.take() else { return };
		let now = candidate.block;
		let left = |award: &Award| parameters.decayed(award.value, now.saturating_sub(award.block));
		self.awards.retain(|_, award| left(award) >= LEAST_VALUE);
		let before = self.awards.get(&candidate.miner).map_or(0.0, left);
		let award = Award {
			weights: candidate.best.weights,
			value: (before + candidate.value).min(1.0),
			block: now,
		};
		self.awards.insert(candidate.miner, award);
		while self.awards.len() > MAX_AWARDS {
			let least = self
				.awards
				.iter()
				.min_by(|one, other| left(one.1).total_cmp(&left(other.1)));
			let Some(miner) = least.map(|(miner, _)| *miner) else {
				break;
			};
			self.awards.remove(&miner);
		}
		let champion = Champion {
			best: candidate.best,
			weights: candidate.weights,
		};
		self.previous = self.champion.replace(champion);
		self.is_unwritten = true;
	}
}

fn read_state(bytes: &[u8], parameters: &PretrainParameters) -> Result<State, String> {
	let record = Record::decode_all(&mut &bytes[..]).map_err(|error| error.to_string())?;
	if record.magic != MAGIC {
		return Err("it begins otherwise".into());
	}
	if record.awards.len() > MAX_AWARDS
		|| record
			.awards
			.iter()
			.any(|(_, award)| !(0.0..=1.0).contains(&award.value))
	{
		return Err("its awards are out of range".into());
	}
	let champion = match record.champion {
		None => None,
		Some((best, file)) => {
			let weights = Weights::from_file(parameters.architecture, &file).map_err(|error| error.to_string())?;
			if weights.id() != best.weights {
				return Err("its model is another one than it says".into());
			}
			Some(Champion {
				best,
				weights: Arc::new(weights),
			})
		}
	};
	Ok(State {
		champion,
		awards: record.awards.into_iter().collect(),
		..State::default()
	})
}
