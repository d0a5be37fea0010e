//! Who counts: stake shares, activity and validator permits.

use alloc::vec::Vec;

use crate::fixed::{Fixed, normalise};
use crate::types::{EpochInput, MechanismInput};

/// The entry of a vector that may be too short.
pub(crate) fn entry_or_default<T: Copy + Default>(values: &[T], uid: u16) -> T {
	values.get(usize::from(uid)).copied().unwrap_or_default()
}

/// Share of each uid in all stake that reaches the threshold. The owner need not reach it.
pub(crate) fn stake_shares(input: &EpochInput<'_>, shares: &mut Vec<Fixed>) {
	let counted = |uid: u16| {
		let stake = entry_or_default(input.stake, uid);
		let counts = stake >= input.parameters.stake_threshold || input.owner_uid == Some(uid);
		if counts { stake } else { 0 }
	};
	let sum = (0..input.n).fold(0_u128, |sum, uid| sum.saturating_add(u128::from(counted(uid))));
	shares.clear();
	shares.extend((0..input.n).map(|uid| Fixed::ratio(counted(uid), sum)));
}

/// Who set weights within the activity cutoff.
pub(crate) fn active(input: &EpochInput<'_>, mechanism: &MechanismInput<'_>, active: &mut Vec<bool>) {
	let cutoff = input.parameters.activity_cutoff;
	active.clear();
	active.extend(
		(0..input.n).map(|uid| entry_or_default(mechanism.last_update, uid).saturating_add(cutoff) >= input.block),
	);
}

/// Whether the uid may validate in this epoch: it holds a permit or is the owner.
pub(crate) fn is_permitted(input: &EpochInput<'_>, uid: u16) -> bool {
	input.owner_uid == Some(uid) || entry_or_default(input.validator_permits, uid)
}

/// Whether somebody registered for the uid since the last epoch.
pub(crate) fn has_changed_hands(input: &EpochInput<'_>, uid: u16) -> bool {
	let last_epoch = match input.last_mechanism_step_block {
		0 => input.block.saturating_sub(input.parameters.tempo),
		step => step.saturating_add(1),
	};
	entry_or_default(input.block_at_registration, uid) >= last_epoch
}

/// Shares of those who are active and permitted, normalised again.
pub(crate) fn active_stake(input: &EpochInput<'_>, shares: &[Fixed], active: &[bool], active_stake: &mut Vec<Fixed>) {
	active_stake.clear();
	active_stake.extend((0..input.n).zip(shares).zip(active).map(|((uid, share), active)| {
		if *active && is_permitted(input, uid) {
			*share
		} else {
			Fixed::ZERO
		}
	}));
	normalise(active_stake);
}

/// Permits for the uids with the highest shares, ties to the higher uid and never without stake; and for the owner.
pub(crate) fn new_permits(
	input: &EpochInput<'_>,
	shares: &[Fixed],
	candidates: &mut Vec<(Fixed, u16)>,
	permits: &mut Vec<bool>,
) {
	permits.clear();
	permits.resize(usize::from(input.n), false);
	candidates.clear();
	candidates.extend(
		shares
			.iter()
			.copied()
			.zip(0..input.n)
			.filter(|(share, _)| *share > Fixed::ZERO),
	);

	let allowed = usize::from(input.parameters.max_allowed_validators);
	if let Some(refused) = candidates.len().checked_sub(allowed)
		&& refused < candidates.len()
	{
		candidates.select_nth_unstable(refused);
	}
	let winners = candidates.iter().rev().take(allowed).map(|(_, uid)| *uid);
	for uid in winners.chain(input.owner_uid) {
		if let Some(permit) = permits.get_mut(usize::from(uid)) {
			*permit = true;
		}
	}
}

#[cfg(test)]
mod tests {
	use alloc::vec;

	use super::*;
	use crate::test_support::input;

	fn permits(stake: &[u64], allowed: u16, owner_uid: Option<u16>) -> Vec<bool> {
		let mut input = input(u16::try_from(stake.len()).unwrap());
		input.stake = stake;
		input.owner_uid = owner_uid;
		input.parameters.max_allowed_validators = allowed;
		let (mut shares, mut permits) = (Vec::new(), Vec::new());
		stake_shares(&input, &mut shares);
		new_permits(&input, &shares, &mut Vec::new(), &mut permits);
		permits
	}

	#[test]
	fn permits_go_to_the_highest_stake_and_ties_to_the_higher_uid() {
		assert_eq!(permits(&[5, 9, 5, 5], 2, None), vec![false, true, false, true]);
		assert_eq!(permits(&[5, 0, 5], 3, None), vec![true, false, true]);
		assert_eq!(permits(&[5, 1], 0, None), vec![false, false]);
		assert_eq!(permits(&[5, 1], u16::MAX, None), vec![true, true]);
	}

	#[test]
	fn the_owner_always_has_a_permit() {
		assert_eq!(permits(&[5, 0, 3], 1, Some(1)), vec![true, true, false]);
		assert_eq!(permits(&[5, 0, 3], 1, Some(7)), vec![true, false, false]);
	}

	#[test]
	fn stake_below_the_threshold_counts_as_none_but_the_owners() {
		let mut input = input(3);
		input.stake = &[10, 30, 9];
		input.parameters.stake_threshold = 11;
		input.owner_uid = Some(0);
		let mut shares = Vec::new();
		stake_shares(&input, &mut shares);
		assert_eq!(
			shares,
			vec![Fixed::from_bits(1 << 30), Fixed::from_bits(3 << 30), Fixed::ZERO]
		);
	}

	#[test]
	fn stake_may_add_up_to_more_than_a_word() {
		let mut input = input(2);
		input.stake = &[u64::MAX, u64::MAX];
		let mut shares = Vec::new();
		stake_shares(&input, &mut shares);
		assert_eq!(shares, vec![Fixed::HALF; 2]);
	}

	#[test]
	fn activity_ends_after_the_cutoff_and_blocks_saturate() {
		let mut input = input(3);
		input.block = 100;
		input.parameters.activity_cutoff = 10;
		let mechanism = MechanismInput {
			last_update: &[90, 89],
			..MechanismInput::default()
		};
		let mut result = Vec::new();
		active(&input, &mechanism, &mut result);
		assert_eq!(result, vec![true, false, false]);
		input.block = u64::MAX;
		input.parameters.activity_cutoff = u64::MAX;
		active(&input, &mechanism, &mut result);
		assert_eq!(result, vec![true; 3]);
	}

	#[test]
	fn active_stake_is_reduced_to_the_permitted_and_normalised() {
		let mut input = input(3);
		input.validator_permits = &[true, false, true];
		let shares = [Fixed::HALF, Fixed::HALF, Fixed::HALF];
		let mut result = Vec::new();
		active_stake(&input, &shares, &[true, true, false], &mut result);
		assert_eq!(result, vec![Fixed::ONE, Fixed::ZERO, Fixed::ZERO]);
	}
}
