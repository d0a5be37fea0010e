//! Consensus: the stake-weighted median, at κ, of each column of the weights.

use alloc::vec::Vec;

use crate::fixed::{Fixed, normalise, total};
use crate::sparse::{Matrix, refill};

/// What one validator says about a column: the weight, and the stake behind it.
type Opinion = (Fixed, Fixed);

/// Scratch memory for the medians of all columns.
#[derive(Clone, Debug, Default)]
pub(crate) struct MedianWorkspace {
	/// Active stake, normalised once more over those who have any.
	stake: Vec<Fixed>,
	/// Where the next opinion about each column goes; in the end, where the column's opinions end.
	ends: Vec<usize>,
	/// All opinions, column by column.
	opinions: Vec<Opinion>,
}

/// For each column the smallest weight such that the stake at or below it is strictly more than the stake sum less `kappa`.
///
/// Only validators with positive `active_stake` have an opinion; who does not list a column says zero. Support of
/// exactly `kappa` is enough; a `kappa` of zero gives the maximum.
pub(crate) fn consensus(
	weights: &Matrix,
	active_stake: &[Fixed],
	kappa: Fixed,
	n: u16,
	workspace: &mut MedianWorkspace,
	consensus: &mut Vec<Fixed>,
) {
	refill(consensus, n);
	workspace.stake.clear();
	workspace.stake.extend_from_slice(active_stake);
	normalise(&mut workspace.stake);
	let stake_sum = total(&workspace.stake);
	workspace.transpose(weights, n);

	let minority = stake_sum.minus(kappa);
	let mut rest = workspace.opinions.as_mut_slice();
	let mut start = 0_usize;
	for (result, end) in consensus.iter_mut().zip(&workspace.ends) {
		let Some((opinions, behind)) = rest.split_at_mut_checked(end.saturating_sub(start)) else {
			return;
		};
		let spoken = total(opinions.iter().map(|(_, stake)| stake));
		*result = weighted_median(opinions, stake_sum.minus(spoken), minority);
		rest = behind;
		start = *end;
	}
}

impl MedianWorkspace {
	/// Sorts the opinions of all validators with stake by column: counts first, then places.
	fn transpose(&mut self, weights: &Matrix, n: u16) {
		let Self { stake, ends, opinions } = self;
		ends.clear();
		ends.resize(usize::from(n), 0);
		let mut count = 0_usize;
		for (row, stake) in weights.rows().zip(stake.iter()) {
			if *stake > Fixed::ZERO {
				for (column, _) in row {
					if let Some(length) = ends.get_mut(usize::from(*column)) {
						*length = length.saturating_add(1);
						count = count.saturating_add(1);
					}
				}
			}
		}
		let mut start = 0_usize;
		for end in ends.iter_mut() {
			let length = *end;
			*end = start;
			start = start.saturating_add(length);
		}
		opinions.clear();
		opinions.resize(count, (Fixed::ZERO, Fixed::ZERO));
		for (row, stake) in weights.rows().zip(stake.iter()) {
			if *stake > Fixed::ZERO {
				for (column, weight) in row {
					if let Some(place) = ends.get_mut(usize::from(*column))
						&& let Some(opinion) = opinions.get_mut(*place)
					{
						*opinion = (*weight, *stake);
						*place = place.saturating_add(1);
					}
				}
			}
		}
	}
}

/// The smallest weight whose cumulated stake exceeds `minority`; the largest weight if none does.
///
/// `silent` is the stake of those who say zero by not listing the column. Each round halves the opinions at their
/// median and goes on with one half, so that the cost is linear and no full sort is needed.
fn weighted_median(opinions: &mut [Opinion], silent: Fixed, minority: Fixed) -> Fixed {
	if silent > Fixed::ZERO && silent > minority {
		return Fixed::ZERO;
	}
	let mut below = silent;
	let mut highest = Fixed::ZERO;
	let mut rest = opinions;
	while !rest.is_empty() {
		let middle = rest.len() >> 1;
		let (lower, pivot, upper) = rest.select_nth_unstable_by_key(middle, |(weight, _)| *weight);
		let below_pivot = below.plus(total(lower.iter().map(|(_, stake)| stake)));
		if !lower.is_empty() && below_pivot > minority {
			rest = lower;
			continue;
		}
		let (weight, stake) = *pivot;
		below = below_pivot.plus(stake);
		if below > minority {
			return weight;
		}
		highest = weight;
		rest = upper;
	}
	highest
}

#[cfg(test)]
mod tests {
	use alloc::vec;

	use proptest::prelude::*;

	use super::*;
	use crate::sparse::Seen;

	fn bits(value: i64) -> Fixed {
		Fixed::from_bits(value)
	}

	fn median(opinions: &[(i64, i64)], silent: i64, minority: i64) -> Fixed {
		let mut opinions: Vec<_> = opinions
			.iter()
			.map(|(weight, stake)| (bits(*weight), bits(*stake)))
			.collect();
		weighted_median(&mut opinions, bits(silent), bits(minority))
	}

	#[test]
	fn support_of_exactly_kappa_is_enough() {
		// Stake 4, kappa 2: minority is 2, and the stake at or below 5 is exactly 2.
		assert_eq!(median(&[(5, 2), (9, 2)], 0, 2), bits(9));
		assert_eq!(median(&[(5, 3), (9, 1)], 0, 2), bits(5));
	}

	#[test]
	fn the_silent_say_zero() {
		assert_eq!(median(&[(9, 1)], 3, 2), bits(0));
		assert_eq!(median(&[(9, 2)], 2, 2), bits(9));
		assert_eq!(median(&[], 4, 2), bits(0));
		assert_eq!(median(&[], 0, 0), bits(0));
	}

	#[test]
	fn kappa_zero_gives_the_maximum_and_more_than_all_stake_the_minimum() {
		assert_eq!(median(&[(7, 1), (9, 1), (8, 1)], 1, 4), bits(9));
		assert_eq!(median(&[(7, 1), (9, 1), (8, 1)], 0, -1), bits(7));
	}

	#[test]
	fn only_stake_has_an_opinion() {
		let rows: [&[(u16, u16)]; 3] = [&[(1, 10)], &[(1, 20)], &[(1, 30)]];
		let mut weights = Matrix::default();
		weights.load(&rows, 3, &mut Seen::default(), |_, _| true, Fixed::unscaled, |_| ());
		let mut result = vec![bits(77); 9];
		let stake = [bits(1 << 31), bits(1 << 31), Fixed::ZERO];
		consensus(
			&weights,
			&stake,
			Fixed::HALF,
			3,
			&mut MedianWorkspace::default(),
			&mut result,
		);
		assert_eq!(result, vec![bits(0), bits(20), bits(0)]);
	}

	/// The definition, by brute force over all weights that were said.
	fn by_definition(opinions: &[(i64, i64)], silent: i64, minority: i64) -> i64 {
		let mut said: Vec<(i64, i64)> = opinions.to_vec();
		if silent > 0 {
			said.push((0, silent));
		}
		let enough = |score: &i64| {
			said.iter()
				.filter(|(weight, _)| weight <= score)
				.map(|(_, stake)| stake)
				.sum::<i64>()
				> minority
		};
		let scores = || said.iter().map(|(weight, _)| *weight);
		scores().filter(enough).min().or_else(|| scores().max()).unwrap_or(0)
	}

	proptest! {
		#[test]
		fn selection_agrees_with_the_definition(
			opinions in proptest::collection::vec((0_i64..8, 1_i64..5), 0..20),
			silent in 0_i64..5,
			minority in -3_i64..60,
		) {
			prop_assert_eq!(median(&opinions, silent, minority), bits(by_definition(&opinions, silent, minority)));
		}
	}
}
