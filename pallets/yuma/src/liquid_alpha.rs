//! Liquid alpha: each bond moves at its own pace, the faster the further the weight stands out from consensus.
//!
//! Some of what happens here follows from how the network computes rather than from the idea; it is kept because payouts
//! depend on it. The pace looks weights and bonds up by one walk forward over the row, so that in an unsorted row an
//! entry behind a higher destination reads as zero. Only destinations listed among the weights keep a bond. And the
//! exponential is a Taylor series, too small at the far end.

use alloc::vec::Vec;

use crate::fixed::Fixed;
use crate::sparse::{Cell, Matrix};
use crate::stake::entry_or_default;
use crate::types::LiquidAlpha;

/// `sigmoid_steepness` comes in hundredths; the sigmoid's exponent has the opposite sign.
const STEEPNESS_DIVISOR: i64 = -100;
/// The exponent of the sigmoid stays within plus and minus this.
const LARGEST_EXPONENT: Fixed = Fixed::from_bits(20 << 32);
/// The highest power of the exponential's Taylor series.
const TAYLOR_POWERS: i64 = 31;
/// e, cut to 23 fractional bits.
const E: Fixed = Fixed::from_bits(0x15B_F0A8 << 9);

/// How fast bonds move: the parameters of liquid alpha as numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
	low: Fixed,
	high: Fixed,
	/// The steepness with its sign turned.
	slope: Fixed,
}

impl Pace {
	pub(crate) fn new(parameters: LiquidAlpha) -> Self {
		let steepness = Fixed::ONE.times_integer(parameters.sigmoid_steepness);
		Self {
			low: Fixed::proportion(parameters.alpha_low),
			high: Fixed::proportion(parameters.alpha_high),
			slope: steepness.over_integer(STEEPNESS_DIVISOR),
		}
	}

	/// Share of the new value in the bond, by how far the weight is above consensus (the validator buys) or below the
	/// bond (it sells).
	pub(crate) fn alpha(self, weight: Fixed, bond: Fixed, consensus: Fixed) -> Fixed {
		let distance = if weight >= bond {
			weight.minus(consensus)
		} else {
			bond.minus(weight)
		};
		let distance = distance.clamp(Fixed::ZERO, Fixed::ONE);
		let exponent = self.slope.times(distance.minus(Fixed::HALF));
		let exponent = exponent.clamp(Fixed::ZERO.minus(LARGEST_EXPONENT), LARGEST_EXPONENT);
		let sigmoid = Fixed::ONE.over(Fixed::ONE.plus(exponential(exponent)));
		let alpha = self.low.plus(sigmoid.times(self.high.minus(self.low)));
		alpha.clamp(self.low.min(self.high), self.low.max(self.high))
	}
}

/// e to the power of `exponent`, which lies between -20 and 20, by the Taylor series with each term cut.
fn exponential(exponent: Fixed) -> Fixed {
	if exponent == Fixed::ONE {
		return E;
	}
	if exponent < Fixed::ZERO {
		return Fixed::ONE.over(taylor(Fixed::ZERO.minus(exponent)));
	}
	taylor(exponent)
}

fn taylor(exponent: Fixed) -> Fixed {
	let mut term = exponent;
	let mut sum = Fixed::ONE.plus(exponent);
	for power in 2..=TAYLOR_POWERS {
		term = term.times(exponent).over_integer(power);
		sum = sum.plus(term);
	}
	sum
}

/// One row of old bonds, spread out by destination. All zeros between rows.
#[derive(Clone, Debug, Default)]
pub(crate) struct RowLookup {
	bonds: Vec<OldBond>,
}

/// An old bond as it is, and as a walk forward over its row sees it.
#[derive(Clone, Copy, Debug, Default)]
struct OldBond {
	value: Fixed,
	seen: Fixed,
}

impl RowLookup {
	/// Spreads out a row of a matrix with `n` columns.
	fn fill(&mut self, row: &[Cell], n: usize) {
		self.bonds.resize(n, OldBond::default());
		for (column, value, seen) in walk_forward(row) {
			if let Some(bond) = self.bonds.get_mut(usize::from(column)) {
				*bond = OldBond { value, seen };
			}
		}
	}

	/// Takes the row out again.
	fn clear(&mut self, row: &[Cell]) {
		for (column, _) in row {
			if let Some(bond) = self.bonds.get_mut(usize::from(*column)) {
				*bond = OldBond::default();
			}
		}
	}
}

/// The cells of a row with, after the true value, the one that a walk forward by destination sees: zero for a cell that
/// stands behind a higher destination.
fn walk_forward(row: &[Cell]) -> impl Iterator<Item = (u16, Fixed, Fixed)> {
	let mut highest = None;
	row.iter().map(move |(column, value)| {
		let is_seen = highest.is_none_or(|highest| *column > highest);
		if is_seen {
			highest = Some(*column);
		}
		(*column, *value, if is_seen { *value } else { Fixed::ZERO })
	})
}

/// `result = alpha · weight + (1 - alpha) · bond` for each listed weight, each product cut, values above zero
/// only, in the order of the weights.
pub(crate) fn moving_average(
	weights: &Matrix,
	old: &Matrix,
	consensus: &[Fixed],
	pace: Pace,
	lookup: &mut RowLookup,
	result: &mut Matrix,
) {
	result.clear();
	for (weights_row, old_row) in weights.rows().zip(old.rows()) {
		lookup.fill(old_row, consensus.len());
		for (column, weight, seen_weight) in walk_forward(weights_row) {
			let bond = entry_or_default(&lookup.bonds, column);
			let alpha = pace.alpha(seen_weight, bond.seen, entry_or_default(consensus, column));
			let kept = Fixed::ONE.minus(alpha).times(bond.value);
			let value = kept.plus(alpha.times(weight)).min(Fixed::ONE);
			if value > Fixed::ZERO {
				result.push(column, value);
			}
		}
		result.close_row();
		lookup.clear(old_row);
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::test_support::matrix;

	fn pace(steepness: i16) -> Pace {
		Pace::new(LiquidAlpha {
			alpha_low: 6_553,
			alpha_high: 58_982,
			sigmoid_steepness: steepness,
		})
	}

	fn integer(value: i64) -> Fixed {
		Fixed::from_bits(value << 32)
	}

	#[test]
	fn the_exponential_is_close_where_it_is_meant_to_be() {
		assert_eq!(exponential(Fixed::ZERO), Fixed::ONE);
		assert_eq!(exponential(Fixed::ONE), Fixed::from_bits(0x2_B7E1_5000));
		// 2^32 / e = 1580030168.7
		let inverse = exponential(integer(-1));
		assert!(inverse >= Fixed::from_bits(1_580_030_158) && inverse <= Fixed::from_bits(1_580_030_178));
		assert!(exponential(integer(-20)) > Fixed::ZERO);
		assert!(exponential(integer(20)) < integer(485_165_195));
		assert!(exponential(integer(20)) > integer(480_000_000));
	}

	#[test]
	fn no_steepness_gives_the_middle() {
		let alpha = pace(0).alpha(Fixed::ONE, Fixed::ZERO, Fixed::ZERO);
		let (low, high) = (Fixed::proportion(6_553), Fixed::proportion(58_982));
		assert_eq!(alpha, low.plus(Fixed::HALF.times(high.minus(low))));
	}

	#[test]
	fn standing_out_speeds_up_and_a_negative_steepness_slows_down() {
		let alpha = |steepness, weight| pace(steepness).alpha(weight, Fixed::ZERO, Fixed::ZERO);
		assert!(alpha(1000, Fixed::ONE) > alpha(1000, Fixed::ZERO));
		assert!(alpha(-1000, Fixed::ONE) < alpha(-1000, Fixed::ZERO));
	}

	#[test]
	fn alpha_stays_between_its_bounds_even_if_they_are_swapped() {
		let (low, high) = (Fixed::proportion(100), Fixed::proportion(200));
		for steepness in [i16::MIN, -1, 0, 1, i16::MAX] {
			for (alpha_low, alpha_high) in [(100, 200), (200, 100)] {
				let pace = Pace::new(LiquidAlpha {
					alpha_low,
					alpha_high,
					sigmoid_steepness: steepness,
				});
				for weight in [Fixed::ZERO, Fixed::HALF, Fixed::ONE] {
					let alpha = pace.alpha(weight, Fixed::HALF, Fixed::HALF);
					assert!(alpha >= low && alpha <= high);
				}
			}
		}
	}

	#[test]
	fn a_walk_forward_misses_what_is_behind_a_higher_destination() {
		let row = matrix(&[&[(2, 5), (1, 6), (2, 9), (3, 7)]], 4);
		let seen: Vec<_> = walk_forward(row.cells())
			.map(|(column, _, seen)| (column, seen))
			.collect();
		let expected = [(2, Fixed::from_bits(5)), (1, Fixed::ZERO), (3, Fixed::from_bits(7))];
		assert_eq!(seen, expected);
	}

	#[test]
	fn bonds_without_a_listed_weight_vanish_and_listed_zeros_let_them_decay() {
		let weights = matrix(&[&[(1, 0)], &[(1, 0)]], 3);
		let old = matrix(&[&[(0, 100), (1, 100)], &[]], 3);
		let mut result = Matrix::default();
		let mut lookup = RowLookup::default();
		let consensus = [Fixed::ONE; 3];
		moving_average(&weights, &old, &consensus, pace(0), &mut lookup, &mut result);
		assert_eq!(result.cells(), [(1, Fixed::from_bits(50))]);
		assert!(lookup.bonds.iter().all(|bond| bond.value == Fixed::ZERO));
	}
}
