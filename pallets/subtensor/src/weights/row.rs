//! Checks and scaling of one weight row; pure.

use alloc::vec::Vec;

/// Why a row is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RowError {
	/// There are not as many weights as destinations.
	LengthsDiffer,
	/// There are more destinations than neurons.
	TooLong,
	/// A destination appears twice.
	Duplicate,
	/// A destination is not a uid.
	Unknown,
	/// Every weight is zero.
	AllZero,
}

/// Checks that the destinations are distinct uids below `n`, with one weight each.
pub(crate) fn check(destinations: &[u16], weights: &[u16], n: u16) -> Result<(), RowError> {
	if destinations.len() != weights.len() {
		return Err(RowError::LengthsDiffer);
	}
	if destinations.len() > usize::from(n) {
		return Err(RowError::TooLong);
	}
	if destinations.iter().any(|uid| *uid >= n) {
		return Err(RowError::Unknown);
	}
	let mut sorted = destinations.to_vec();
	sorted.sort_unstable();
	if sorted.windows(2).any(|pair| pair.first() == pair.last()) {
		return Err(RowError::Duplicate);
	}
	Ok(())
}

/// Drops zeros, scales the row so that its largest weight is 65535, and sorts it by destination, as consensus reads rows
/// the fastest. Weights that are above zero stay above zero.
pub(crate) fn scale(destinations: &[u16], weights: &[u16]) -> Result<Vec<(u16, u16)>, RowError> {
	let largest = weights.iter().copied().max().filter(|largest| *largest > 0);
	let largest = u32::from(largest.ok_or(RowError::AllZero)?);
	let up = |weight: u16| {
		// At most 65535 squared, and the quotient is at least the weight and at most 65535.
		let product = u32::from(weight).saturating_mul(u32::from(u16::MAX));
		product
			.checked_div(largest)
			.and_then(|scaled| u16::try_from(scaled).ok())
	};
	let mut row: Vec<(u16, u16)> = destinations
		.iter()
		.zip(weights)
		.filter(|(_, weight)| **weight > 0)
		.filter_map(|(uid, weight)| Some((*uid, up(*weight)?)))
		.collect();
	row.sort_unstable();
	Ok(row)
}

/// Whether no weight has a larger share of the row than `limit` / 65535.
pub(crate) fn within_limit(row: &[(u16, u16)], limit: u16) -> bool {
	let sum = row
		.iter()
		.fold(0_u64, |sum, (_, weight)| sum.saturating_add(u64::from(*weight)));
	let allowed = sum.saturating_mul(u64::from(limit));
	limit == u16::MAX
		|| row
			.iter()
			.all(|(_, weight)| u64::from(*weight).saturating_mul(u64::from(u16::MAX)) <= allowed)
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	#[test]
	fn limit_is_a_share_of_the_row() {
		assert!(within_limit(&[(0, 10), (1, 10)], 32_768));
		assert!(!within_limit(&[(0, 10), (1, 10)], 32_767));
		assert!(within_limit(&[(0, 10)], u16::MAX));
		assert!(!within_limit(&[(0, 10)], 65_534));
	}

	proptest! {
		#[test]
		fn scaling_keeps_the_support_and_sorts_it(
			weights in proptest::collection::vec(any::<u16>(), 0..40),
			backwards: bool,
		) {
			let mut weights = weights;
			let uids: Vec<u16> = (0..weights.len() as u16).collect();
			let support: Vec<u16> =
				uids.iter().copied().filter(|uid| weights[usize::from(*uid)] > 0).collect();
			let mut order = uids.clone();
			if backwards {
				order.reverse();
				weights.reverse();
			}
			let scaled = scale(&order, &weights);
			if backwards {
				weights.reverse();
			}
			match scaled {
				Err(error) => {
					prop_assert_eq!(error, RowError::AllZero);
					prop_assert!(support.is_empty());
				}
				Ok(row) => {
					prop_assert_eq!(row.iter().map(|(uid, _)| *uid).collect::<Vec<_>>(), support);
					prop_assert_eq!(row.iter().map(|(_, weight)| *weight).max(), Some(u16::MAX));
					for (uid, weight) in row {
						prop_assert!(weight >= weights[usize::from(uid)]);
					}
				}
			}
		}
	}
}
