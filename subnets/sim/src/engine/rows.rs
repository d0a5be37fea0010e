//! Rows of weights: from what validators think to what they put on chain.

use yuma::Entry;

/// A row of scores by uid, scaled so that the highest becomes 65535, as the chain does. Empty where nothing is above zero.
pub(crate) fn row(scores: &[f64]) -> Vec<Entry> {
	let highest = scores.iter().copied().fold(0.0_f64, f64::max);
	if highest <= 0.0 {
		return Vec::new();
	}
	let factor = f64::from(u16::MAX) / highest;
	let entries = (0_u16..).zip(scores).filter_map(|(uid, score)| {
		// Weights that are above zero stay above zero.
		let weight = (score * factor).round() as u16;
		(*score > 0.0).then_some((uid, weight.max(1)))
	});
	entries.collect()
}

/// Scores of which the share `self_weight` belongs to `ours`, evenly, and the rest to the others as measured. Where there is
/// nobody of ours, or nobody else, those who are there have it all.
pub(crate) fn favour(scores: &mut [f64], ours: &[bool], self_weight: f64) {
	let is_ours = |uid: usize| ours.get(uid).copied().unwrap_or(false);
	let count = ours.iter().filter(|ours| **ours).count();
	if count == 0 {
		return;
	}
	let others = scores.iter().enumerate().filter(|(uid, _)| !is_ours(*uid));
	let sum: f64 = others.map(|(_, score)| score).sum();
	let (own, rest) = if sum > 0.0 {
		(self_weight, 1.0 - self_weight)
	} else {
		(1.0, 0.0)
	};
	for (uid, score) in scores.iter_mut().enumerate() {
		*score = if is_ours(uid) {
			own / count as f64
		} else if sum > 0.0 {
			rest * *score / sum
		} else {
			0.0
		};
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	#[test]
	fn self_weight_is_the_share_of_ours() {
		let mut scores = [3.0, 1.0, 4.0, 0.0];
		favour(&mut scores, &[false, false, true, true], 0.8);
		assert!((scores[2] + scores[3] - 0.8).abs() < 1e-12 && scores[2] == scores[3]);
		assert!((scores[0] - 0.15).abs() < 1e-12 && (scores[1] - 0.05).abs() < 1e-12);
		let mut alone = [0.0, 0.0];
		favour(&mut alone, &[false, true], 0.5);
		assert_eq!(alone, [0.0, 1.0]);
		let mut nobody = [1.0, 2.0];
		favour(&mut nobody, &[false, false], 0.5);
		assert_eq!(nobody, [1.0, 2.0]);
	}

	proptest! {
		#[test]
		fn a_row_is_sorted_scaled_and_without_zeros(scores in prop::collection::vec(0.0..5.0_f64, 0..40)) {
			let row = row(&scores);
			prop_assert_eq!(row.len(), scores.iter().filter(|score| **score > 0.0).count());
			prop_assert!(row.windows(2).all(|pair| pair[0].0 < pair[1].0));
			prop_assert!(row.iter().all(|(_, weight)| *weight > 0));
			if !row.is_empty() {
				prop_assert_eq!(row.iter().map(|(_, weight)| *weight).max(), Some(u16::MAX));
			}
		}
	}
}
