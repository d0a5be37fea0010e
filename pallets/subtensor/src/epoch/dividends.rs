//! Divides what validators earned between those who stake alpha and those who stake TAO on root; pure.

use alloc::vec::Vec;
use ganglion_primitives::mul_div_floor;

/// What each uid earned as a validator, in rao of alpha.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct DividendSplit {
	/// For those who stake alpha.
	pub(crate) alpha: Vec<u64>,
	/// For those who stake TAO on root.
	pub(crate) root: Vec<u64>,
}

impl DividendSplit {
	/// Divides `earned` (by uid). Root gets as much of the sum as its part of what was pending for validators and root says;
	/// a validator's dividend counts for root by the part that root has in its stake, and for alpha by the rest. Where
	/// nothing counts for one of the two, all is the other's. Root never gets more than what counts for it. `root` has the weighted TAO in each `stake`. All is rounded
	/// down.
	pub(crate) fn of(earned: &[u64], stake: &[u64], root: &[u64], pending: (u64, u64)) -> Self {
		let (pending_alpha, pending_root) = pending;
		let by_root: Vec<u64> = earned
			.iter()
			.zip(stake.iter().zip(root))
			.map(|(earned, (stake, root))| share(*earned, u128::from(*root), u128::from(*stake)))
			.collect();
		let by_alpha = || {
			earned
				.iter()
				.zip(&by_root)
				.map(|(earned, root)| earned.saturating_sub(*root))
		};
		let (sum_root, sum_alpha) = (total(by_root.iter().copied()), total(by_alpha()));
		let all = sum_root.saturating_add(sum_alpha);
		let root_pot = match (sum_root, sum_alpha) {
			(0, _) => 0,
			(_, 0) => all,
			_ => {
				let pending = u128::from(pending_alpha).saturating_add(u128::from(pending_root));
				let pot = mul_div_floor(all, u128::from(pending_root), pending).unwrap_or_default();
				// A little stake on root may not take what validators earned by alpha.
				pot.min(sum_root)
			}
		};
		let alpha_pot = all.saturating_sub(root_pot);
		let divide = |pot: u128, part: u64, sum: u128| {
			let amount = mul_div_floor(pot, u128::from(part), sum).unwrap_or_default();
			u64::try_from(amount).unwrap_or_default()
		};
		Self {
			alpha: by_alpha().map(|part| divide(alpha_pot, part, sum_alpha)).collect(),
			root: by_root.iter().map(|part| divide(root_pot, *part, sum_root)).collect(),
		}
	}
}

fn share(amount: u64, part: u128, whole: u128) -> u64 {
	let share = mul_div_floor(u128::from(amount), part.min(whole), whole).unwrap_or_default();
	u64::try_from(share).unwrap_or_default()
}

fn total(amounts: impl Iterator<Item = u64>) -> u128 {
	amounts.fold(0, |sum, amount| sum.saturating_add(u128::from(amount)))
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	#[test]
	fn without_root_all_stays_as_earned() {
		let dividends = DividendSplit::of(&[0, 70, 30], &[5, 7, 3], &[0, 0, 0], (60, 40));
		assert_eq!(dividends.alpha, [0, 70, 30]);
		assert_eq!(dividends.root, [0, 0, 0]);
	}

	#[test]
	fn with_nothing_but_root_all_is_roots() {
		let dividends = DividendSplit::of(&[70, 30], &[7, 3], &[7, 3], (100, 0));
		assert_eq!(dividends.alpha, [0, 0]);
		assert_eq!(dividends.root, [70, 30]);
	}

	#[test]
	fn roots_part_goes_to_validators_by_dividend_and_root_stake() {
		// Of 1000, 200 are for root. The first has no root stake, the second as much as alpha, the third nothing else.
		let dividends = DividendSplit::of(&[400, 400, 200], &[10, 10, 10], &[0, 5, 10], (800, 200));
		assert_eq!(dividends.root, [0, 100, 100]);
		assert_eq!(dividends.alpha, [800 * 400 / 600, 800 * 200 / 600, 0]);
	}

	#[test]
	fn stake_that_is_missing_counts_nothing() {
		let dividends = DividendSplit::of(&[10], &[0], &[3], (1, 1));
		assert_eq!((dividends.alpha, dividends.root), (vec![10], vec![0]));
	}

	proptest! {
		#[test]
		fn nothing_is_made_and_little_is_left(
			validators in prop::collection::vec((0..1_u64 << 40, 0..1_u64 << 50, 0..1_u64 << 50), 1..20),
			pending in (0..1_u64 << 40, 0..1_u64 << 40),
		) {
			let earned: Vec<u64> = validators.iter().map(|(earned, ..)| *earned).collect();
			let stake: Vec<u64> = validators.iter().map(|(_, alpha, root)| alpha + root).collect();
			let root: Vec<u64> = validators.iter().map(|(.., root)| *root).collect();
			let dividends = DividendSplit::of(&earned, &stake, &root, pending);
			let given: u64 = dividends.alpha.iter().chain(&dividends.root).sum();
			let all: u64 = earned.iter().sum();
			prop_assert!(given <= all);
			prop_assert!(all - given <= 2 * validators.len() as u64);
			for (uid, (earned, _, root)) in validators.iter().enumerate() {
				prop_assert!(*root != 0 || dividends.root[uid] == 0);
				prop_assert!(*earned != 0 || dividends.root[uid] + dividends.alpha[uid] == 0);
			}
		}
	}
}
