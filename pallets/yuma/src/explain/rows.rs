//! The rows of weights and bonds as an explanation needs them: with what is void, and why.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use super::Verdict;
use crate::fixed::Fixed;
use crate::stake::entry_or_default;
use crate::types::{Entry, EpochInput, MechanismInput};

/// One listed weight.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weight {
	pub(super) miner: u16,
	pub(super) raw: u16,
	pub(super) verdict: Verdict,
	pub(super) normalised: Fixed,
	pub(super) clipped: Fixed,
	/// The weight for bonds; `None` where it is not listed among them.
	pub(super) for_bonds: Option<Fixed>,
}

/// What one validator holds in one miner.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bond {
	pub(super) stored_before: u16,
	pub(super) is_old_void: bool,
	pub(super) old: Fixed,
	/// Whether the miner is among the validator's weights for bonds.
	pub(super) is_listed: bool,
	pub(super) target: Fixed,
	pub(super) seen_weight: Fixed,
	pub(super) seen_old: Fixed,
	pub(super) alpha: Fixed,
	pub(super) new: Fixed,
	pub(super) share: Fixed,
}

/// The bonds of one validator, by miner.
pub(super) type Bonds = BTreeMap<u16, Bond>;

/// Whether the uid may validate in this epoch.
pub(super) fn is_permitted(input: &EpochInput<'_>, uid: u16) -> bool {
	entry_or_default(input.validator_permits, uid) || input.owner_uid == Some(uid)
}

/// The first entry of a row for each miner that exists, in the order in which they are listed.
fn entries<'a>(rows: &'a [&'a [Entry]], row: u16, n: u16) -> impl Iterator<Item = Entry> + 'a {
	let mut seen = BTreeSet::new();
	let row = rows.get(usize::from(row)).copied().unwrap_or_default().iter();
	row.copied().filter(move |(miner, _)| *miner < n && seen.insert(*miner))
}

/// A validator's weights, normalised over those that count.
pub(super) fn read_weights(input: &EpochInput<'_>, mechanism: &MechanismInput<'_>, row: u16) -> Vec<Weight> {
	let updated = entry_or_default(mechanism.last_update, row);
	let committed = entry_or_default(mechanism.commit_block, row);
	let verdict = |miner: u16| {
		let registered = entry_or_default(input.block_at_registration, miner);
		if !is_permitted(input, row) {
			Verdict::NotPermitted
		} else if miner == row && input.owner_uid != Some(row) {
			Verdict::OnItself
		} else if updated <= registered {
			Verdict::OlderThanMiner
		} else if committed.is_some_and(|block| block < registered) {
			Verdict::CommittedBeforeMiner
		} else {
			Verdict::Counts
		}
	};
	let read = |(miner, raw)| {
		let verdict = verdict(miner);
		let counts = verdict == Verdict::Counts;
		Weight {
			miner,
			raw,
			verdict,
			normalised: if counts { Fixed::unscaled(raw) } else { Fixed::ZERO },
			clipped: Fixed::ZERO,
			for_bonds: None,
		}
	};
	let mut weights: Vec<Weight> = entries(mechanism.weights, row, input.n).map(read).collect();
	let sum = weights
		.iter()
		.fold(Fixed::ZERO, |sum, weight| sum.plus(weight.normalised));
	for weight in &mut weights {
		weight.normalised = weight.normalised.over(sum);
	}
	weights
}

/// A validator's old bonds. Void are those on miners that registered since the previous epoch.
pub(super) fn read_bonds(input: &EpochInput<'_>, mechanism: &MechanismInput<'_>, row: u16) -> Bonds {
	let last_epoch = match input.last_mechanism_step_block {
		0 => input.block.saturating_sub(input.parameters.tempo),
		step => step.saturating_add(1),
	};
	let mut highest = None;
	let read = |(miner, stored_before): Entry| {
		let is_old_void = entry_or_default(input.block_at_registration, miner) >= last_epoch;
		let old = if is_old_void {
			Fixed::ZERO
		} else if input.parameters.yuma3 {
			Fixed::proportion(stored_before)
		} else {
			Fixed::unscaled(stored_before)
		};
		let is_seen = !is_old_void && highest < Some(miner);
		if is_seen {
			highest = Some(miner);
		}
		let bond = Bond {
			stored_before,
			is_old_void,
			old,
			seen_old: if is_seen { old } else { Fixed::ZERO },
			..Bond::default()
		};
		(miner, bond)
	};
	entries(mechanism.bonds, row, input.n).map(read).collect()
}

/// Points the bonds at the weights for bonds, adding those that are new.
///
/// Liquid alpha walks over the row once, forward by miner, and so overlooks a weight behind that of a higher uid, unless
/// the row is sorted.
pub(super) fn aim(bonds: &mut Bonds, row: &[Weight], is_sorted: bool) {
	let mut highest = None;
	for weight in row {
		let Some(target) = weight.for_bonds else {
			continue;
		};
		let is_seen = is_sorted || highest < Some(weight.miner);
		highest = highest.max(Some(weight.miner));
		let bond = bonds.entry(weight.miner).or_default();
		bond.is_listed = true;
		bond.target = target;
		bond.seen_weight = if is_seen { target } else { Fixed::ZERO };
	}
}
