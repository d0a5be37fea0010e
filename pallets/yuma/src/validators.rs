//! Who has a say: each uid that has set weights or holds bonds, what it brings in, and what it takes out.

use alloc::vec::Vec;

use crate::fixed::Fixed;
use crate::median::to_vote;
use crate::rows::{Copies, FitRows, Reader};
use crate::share::{self, ONE};
use crate::stake::entry_or_default;
use crate::types::{Entry, Rows};

/// Entries in a cache line.
const ENTRIES_PER_LINE: usize = 16;
/// From how many entries on a row may have a little more room than it needs.
const LONG_ROW: usize = 256;

/// A uid with weights or bonds.
#[derive(Clone, Debug)]
pub(crate) struct Validator {
	pub(crate) uid: u16,
	pub(crate) rows: FitRows,
	/// How many destinations have a weight or a bond.
	pub(crate) pairs: usize,
	/// How much of the weights and of the bonds has been read.
	pub(crate) read: (usize, usize),
}

/// What validators bring in, and what consensus leaves of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Standings {
	/// Shares of active stake.
	pub(crate) stakes: Vec<u64>,
	/// Sums of the clipped weights.
	pub(crate) trusts: Vec<u64>,
}

/// What a validator takes out.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Account {
	/// Sum of the bonds' shares in the miners' incentive.
	pub(crate) earned: u64,
	/// Where the next bond is stored; beyond any place if bonds are not.
	pub(crate) place: usize,
}

/// All validators of a mechanism, by uid, with their rows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Validators {
	pub(crate) list: Vec<Validator>,
	pub(crate) copies: Copies,
	pub(crate) standings: Standings,
	pub(crate) accounts: Vec<Account>,
	/// Shares of active stake, normalised once more over those who have any: what counts in the median.
	pub(crate) votes: Vec<u32>,
	/// Whether one of them has all active stake.
	pub(crate) has_whole_stake: bool,
}

impl Validators {
	/// Reads the rows of a mechanism and sets out what the validators start with.
	pub(crate) fn load(&mut self, reader: &Reader<'_>, active_stake: &[Fixed], votes: &[Fixed]) {
		let Self {
			list,
			copies,
			standings,
			..
		} = self;
		list.clear();
		copies.clear();
		for uid in 0..reader.input.n {
			if let Some(rows) = reader.read(uid, copies) {
				list.push(Validator {
					uid,
					rows,
					pairs: 0,
					read: (0, 0),
				});
			}
		}
		let Standings { stakes, trusts } = standings;
		stakes.clear();
		stakes.extend(
			list.iter()
				.map(|validator| share::from_fixed(entry_or_default(active_stake, validator.uid))),
		);
		trusts.clear();
		trusts.resize(list.len(), 0);
		self.votes.clear();
		self.votes.extend(
			list.iter()
				.map(|validator| to_vote(entry_or_default(votes, validator.uid))),
		);
		self.has_whole_stake = stakes.iter().any(|stake| *stake >= ONE);
	}

	/// Gives each validator that may keep bonds a place for all of its pairs.
	pub(crate) fn make_places(&mut self, permits: &[bool], stored: &mut Vec<Entry>) {
		let mut places = 0_usize;
		self.accounts.clear();
		for validator in &self.list {
			let is_stored = entry_or_default(permits, validator.uid);
			let place = if is_stored { places } else { usize::MAX };
			self.accounts.push(Account { earned: 0, place });
			if is_stored {
				places = places.saturating_add(room(validator));
			}
		}
		stored.reserve_exact(places.saturating_sub(stored.len()));
		stored.resize(places, Entry::default());
	}

	/// Moves the stored bonds together where there are fewer of them than places, and writes down where rows end.
	pub(crate) fn close_places(&self, n: u16, stored: &mut Rows) {
		let Rows { ends, entries } = stored;
		ends.clear();
		let (mut start, mut end) = (0_usize, 0_usize);
		for (validator, Account { place, .. }) in self.list.iter().zip(&self.accounts) {
			ends.resize(usize::from(validator.uid), end as u32);
			if *place != usize::MAX {
				if start != end && start <= *place && *place <= entries.len() {
					entries.copy_within(start..*place, end);
				}
				end = end.saturating_add(place.saturating_sub(start));
				start = start.saturating_add(room(validator));
			}
		}
		ends.resize(usize::from(n), end as u32);
		entries.truncate(end);
	}
}

/// How many places a validator gets for its bonds: one more than there can be, as a bond of zero is overwritten only by
/// the next one. Long rows lie an odd number of cache lines apart, like columns.
fn room(validator: &Validator) -> usize {
	let room = validator.pairs.saturating_add(1);
	if room < LONG_ROW {
		room
	} else {
		room.div_ceil(ENTRIES_PER_LINE).wrapping_mul(ENTRIES_PER_LINE) | ENTRIES_PER_LINE
	}
}
