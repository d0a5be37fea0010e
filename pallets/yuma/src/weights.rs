//! Weights: what consensus leaves of them, and which of them bonds follow.

use core::cell::Cell;

use crate::pair::Pair;
use crate::share::{self, product, product_rounded_up};
use crate::validators::Standings;

/// Which weights bonds follow, as the bonds penalty has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Penalty {
	/// The raw weights.
	None,
	/// Something between raw and clipped weights.
	Part(u64),
	/// The clipped weights.
	Full,
}

impl Penalty {
	/// The penalty as a share of 65535.
	pub(crate) fn new(bonds_penalty: u16) -> Self {
		match bonds_penalty {
			0 => Self::None,
			u16::MAX => Self::Full,
			part => Self::Part(share::from_proportion(part)),
		}
	}

	/// The weight that bonds follow: `weight + penalty · (clipped - weight)`, the product rounded down.
	#[inline(always)]
	pub(crate) fn apply(self, weight: u64, clipped: u64) -> u64 {
		match self {
			Self::None => weight,
			Self::Part(penalty) => apply_part(penalty, weight, clipped),
			Self::Full => clipped,
		}
	}
}

/// [`Penalty::apply`] for a penalty that is a part.
#[inline(always)]
pub(crate) fn apply_part(penalty: u64, weight: u64, clipped: u64) -> u64 {
	weight.wrapping_sub(product_rounded_up(weight.wrapping_sub(clipped), penalty))
}

/// Hands each pair of a column with its clipped weight and the validator's stake to `each`, and adds the clipped weights to
/// the validators' trust. Returns the rank of the miner: their sum, by stake.
///
/// Without `ONES` no weight and no stake is one, and `is_full` promises a pair for each validator.
#[inline(always)]
pub(crate) fn clip<const ONES: bool>(
	is_full: bool,
	column: &[Cell<Pair>],
	consensus: u64,
	standings: &mut Standings,
	mut each: impl FnMut(&Cell<Pair>, u64, u64),
) -> u64 {
	clip_beside::<ONES, ()>(
		is_full,
		column,
		consensus,
		standings,
		core::iter::repeat(()),
		|pair, clipped, stake, ()| each(pair, clipped, stake),
	)
}

/// The same with something at the side of each pair.
#[inline(always)]
pub(crate) fn clip_beside<const ONES: bool, T>(
	is_full: bool,
	column: &[Cell<Pair>],
	consensus: u64,
	standings: &mut Standings,
	beside: impl Iterator<Item = T>,
	mut each: impl FnMut(&Cell<Pair>, u64, u64, T),
) -> u64 {
	let Standings { stakes, trusts } = standings;
	let consensus_below_one = u64::from(u32::try_from(consensus).unwrap_or(u32::MAX));
	let mut rank = 0_u64;
	let mut clip = |pair: &Cell<Pair>, stake: u64, trust: &mut u64, beside: T| {
		let clipped = if ONES {
			pair.get().weight().min(consensus)
		} else {
			pair.get().clipped_below_one(consensus_below_one)
		};
		*trust = trust.wrapping_add(clipped);
		rank = rank.wrapping_add(product::<ONES>(clipped, stake));
		each(pair, clipped, stake, beside);
	};
	if is_full {
		for (((pair, stake), trust), beside) in column.iter().zip(stakes.iter()).zip(trusts).zip(beside) {
			clip(pair, *stake, trust, beside);
		}
	} else {
		for (pair, beside) in column.iter().zip(beside) {
			let validator = pair.get().validator();
			if let (Some(stake), Some(trust)) = (stakes.get(validator), trusts.get_mut(validator)) {
				clip(pair, *stake, trust, beside);
			}
		}
	}
	rank
}

#[cfg(test)]
mod tests {
	use alloc::vec;
	use alloc::vec::Vec;

	use super::*;
	use crate::share::ONE;

	#[test]
	fn clipped_weights_make_trust_and_rank() {
		let pairs = [Cell::new(Pair::new(8, 0, 0)), Cell::new(Pair::new(16, 0, 2))];
		let standings = || Standings {
			stakes: vec![ONE / 2, 0, ONE / 4],
			trusts: vec![100, 0, 0],
		};
		let mut looked_up = standings();
		let mut clipped = Vec::new();
		let rank = clip::<false>(false, &pairs, 12, &mut looked_up, |_, weight, stake| {
			clipped.push((weight, stake))
		});
		assert_eq!((rank, clipped), (4 + 3, vec![(8, ONE / 2), (12, ONE / 4)]));
		assert_eq!(looked_up.trusts, [108, 0, 12]);

		let full = [pairs[0].clone(), Cell::new(Pair::default()), pairs[1].clone()];
		let mut in_order = standings();
		assert_eq!(clip::<false>(true, &full, 12, &mut in_order, |_, _, _| ()), rank);
		assert_eq!(in_order.trusts, looked_up.trusts);
	}

	#[test]
	fn ones_are_clipped_and_ranked_whole() {
		let pairs = [Cell::new(Pair::new(ONE, 0, 0))];
		let mut standings = Standings {
			stakes: vec![ONE],
			trusts: vec![0],
		};
		assert_eq!(clip::<true>(true, &pairs, ONE, &mut standings, |_, _, _| ()), ONE);
		assert_eq!(standings.trusts, [ONE]);
	}

	#[test]
	fn the_penalty_moves_from_raw_to_clipped_weights() {
		assert_eq!(Penalty::new(0).apply(100, 80), 100);
		assert_eq!(Penalty::new(u16::MAX).apply(100, 80), 80);
		// A little more than a half, and the product rounds down: -10.0002 becomes -11.
		assert_eq!(Penalty::new(0x8000).apply(100, 80), 89);
		assert_eq!(Penalty::new(0x8000).apply(50, 0), 24);
		assert_eq!(Penalty::new(1).apply(ONE, 0), ONE - 65_537);
	}
}
