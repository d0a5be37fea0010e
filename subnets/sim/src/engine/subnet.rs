//! The subnet's neurons: columns by uid, registration, replacement.

use std::collections::VecDeque;

use yuma::Entry;

use crate::scenario::Hyperparameters;

/// Which group a neuron belongs to: validators come first, then miners, then strangers.
pub(crate) type GroupIndex = usize;

/// Whoever holds a uid.
#[derive(Clone, Debug)]
pub(crate) struct Holder {
	pub(crate) group: GroupIndex,
	/// A number that nobody else ever has: decides the holder's luck.
	pub(crate) serial: u32,
	pub(crate) is_validator: bool,
	/// Alpha staked on it, in rao.
	pub(crate) alpha: u64,
	/// The part of `alpha` that is its own, in rao; others have staked the rest.
	pub(crate) own: u64,
	/// TAO on root staked on it, in rao.
	pub(crate) root_tao: u64,
	/// Alpha bought from the pool that a whale will sell again, in rao.
	pub(crate) bought: u64,
	/// What its work was worth at the start.
	pub(crate) base_quality: f64,
	/// What its work is worth when it does it.
	pub(crate) quality: f64,
	/// What its work is worth in this epoch.
	pub(crate) utility: f64,
	/// How likely a measurement finds it out in this epoch.
	pub(crate) detection: f64,
	/// A validator's rows that are committed and not revealed: epoch and block of the commit, row.
	pub(crate) commits: VecDeque<(u32, u64, Vec<Entry>)>,
	/// A lazy validator's last row, and the epoch of its measurement.
	pub(crate) kept: Option<(u32, Vec<Entry>)>,
	/// The epoch in which a validator last set weights.
	pub(crate) last_set: Option<u32>,
}

impl Holder {
	/// Somebody without stake and history.
	pub(crate) fn new(group: GroupIndex, serial: u32, is_validator: bool, quality: f64) -> Self {
		Self {
			group,
			serial,
			is_validator,
			alpha: 0,
			own: 0,
			root_tao: 0,
			bought: 0,
			base_quality: quality,
			quality,
			utility: 0.0,
			detection: 0.0,
			commits: VecDeque::new(),
			kept: None,
			last_set: None,
		}
	}
}

/// All neurons of the subnet. Vectors are by uid.
#[derive(Clone, Debug, Default)]
pub(crate) struct Subnet {
	pub(crate) holders: Vec<Holder>,
	pub(crate) registered_at: Vec<u64>,
	pub(crate) last_update: Vec<u64>,
	pub(crate) permits: Vec<bool>,
	/// Rows in force.
	pub(crate) rows: Vec<Vec<Entry>>,
	/// Bond rows.
	pub(crate) bonds: Vec<Vec<Entry>>,
	/// What each uid earned in the last epoch, in rao.
	pub(crate) emission: Vec<u64>,
}

impl Subnet {
	/// Number of neurons; the scenario's bound keeps it below 65,536.
	pub(crate) fn n(&self) -> u16 {
		u16::try_from(self.holders.len()).unwrap_or(u16::MAX)
	}

	/// Registers somebody: on a new uid, or on that of the neuron with the lowest emission (then the oldest, then the lowest
	/// uid) that is not immune. `None` where all are immune; else the uid and who was replaced.
	pub(crate) fn register(
		&mut self,
		holder: Holder,
		block: u64,
		rules: &Hyperparameters,
	) -> Option<(usize, Option<Holder>)> {
		if self.n() < rules.max_uids {
			self.holders.push(holder);
			self.registered_at.push(block);
			self.last_update.push(block);
			self.permits.push(false);
			self.rows.push(Vec::new());
			self.bonds.push(Vec::new());
			self.emission.push(0);
			return Some((self.holders.len() - 1, None));
		}
		let uid = self.to_prune(block, rules)?;
		let replaced = std::mem::replace(&mut self.holders[uid], holder);
		self.registered_at[uid] = block;
		self.last_update[uid] = block;
		self.permits[uid] = false;
		self.emission[uid] = 0;
		self.rows[uid].clear();
		self.bonds[uid].clear();
		// The chain also forgets what others think of, and hold in, the previous holder.
		for rows in [&mut self.rows, &mut self.bonds] {
			for row in rows {
				row.retain(|(destination, _)| usize::from(*destination) != uid);
			}
		}
		Some((uid, Some(replaced)))
	}

	/// Whom the next registration replaces.
	fn to_prune(&self, block: u64, rules: &Hyperparameters) -> Option<usize> {
		let candidates = (0..self.holders.len())
			.filter(|uid| block.saturating_sub(self.registered_at[*uid]) >= rules.immunity_period_blocks);
		candidates.min_by_key(|uid| (self.emission[*uid], self.registered_at[*uid], *uid))
	}

	/// Replaces bond rows by those of an epoch.
	pub(crate) fn store_bonds(&mut self, rows: &yuma::Rows) {
		for (kept, new) in self.bonds.iter_mut().zip(rows.iter()) {
			if !(kept.is_empty() && new.is_empty()) {
				kept.clear();
				kept.extend_from_slice(new);
			}
		}
	}

	/// A validator's row enters into force. With the mask, destinations that have a new holder since the commit are left out.
	pub(crate) fn reveal(&mut self, uid: usize, committed_at: u64, row: Vec<Entry>, mask: bool) {
		let registered_at = &self.registered_at;
		if mask && registered_at[uid] >= committed_at {
			return;
		}
		let is_same = |entry: &Entry| registered_at[usize::from(entry.0)] < committed_at;
		self.rows[uid] = if mask {
			row.into_iter().filter(is_same).collect()
		} else {
			row
		};
	}

	/// Alpha staked on all neurons, in rao.
	pub(crate) fn staked(&self) -> u64 {
		self.holders.iter().map(|holder| holder.alpha).sum()
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn rules() -> Hyperparameters {
		Hyperparameters {
			max_uids: 3,
			immunity_period_blocks: 100,
			..Hyperparameters::default()
		}
	}

	fn full() -> Subnet {
		let mut subnet = Subnet::default();
		for serial in 0..3 {
			let (uid, replaced) = subnet
				.register(Holder::new(0, serial, false, 1.0), 10, &rules())
				.unwrap();
			assert_eq!((uid, replaced.is_none()), (serial as usize, true));
		}
		subnet
	}

	#[test]
	fn a_full_subnet_replaces_the_lowest_that_is_not_immune() {
		let mut subnet = full();
		subnet.emission = vec![5, 3, 4];
		subnet.rows[0] = vec![(1, 7), (2, 8)];
		subnet.bonds[2] = vec![(1, 9)];
		assert!(subnet.register(Holder::new(1, 9, false, 1.0), 109, &rules()).is_none());
		let (uid, replaced) = subnet.register(Holder::new(1, 9, false, 1.0), 110, &rules()).unwrap();
		assert_eq!((uid, replaced.unwrap().serial), (1, 1));
		assert_eq!(
			(subnet.rows[0].as_slice(), subnet.bonds[2].as_slice()),
			(&[(2, 8)][..], &[][..])
		);
		let (uid, _) = subnet.register(Holder::new(1, 10, false, 1.0), 111, &rules()).unwrap();
		assert_eq!(uid, 2);
	}

	#[test]
	fn equal_emissions_replace_the_oldest() {
		let mut subnet = full();
		subnet.registered_at = vec![12, 11, 13];
		assert_eq!(subnet.to_prune(200, &rules()), Some(1));
	}

	#[test]
	fn a_row_that_was_meant_for_somebody_else_is_masked() {
		let mut subnet = full();
		subnet.registered_at[2] = 50;
		subnet.reveal(0, 50, vec![(1, 7), (2, 8)], true);
		assert_eq!(subnet.rows[0], [(1, 7)]);
		subnet.reveal(0, 50, vec![(1, 7), (2, 8)], false);
		assert_eq!(subnet.rows[0], [(1, 7), (2, 8)]);
		subnet.reveal(2, 50, vec![(1, 7)], true);
		assert!(subnet.rows[2].is_empty());
	}
}
