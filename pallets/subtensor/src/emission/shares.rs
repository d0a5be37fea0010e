//! How the block emission is shared between subnets; pure.
//!
//! Two rules, of which the chain picks one each block ([`rule`]):
//!
//! - **Price**: in proportion to the moving prices of the subnets' alpha ([`super::price`]).
//! - **Flow**: in proportion to the moving average of the TAO that stakers bring ([`super::flow`]). With the averages `S`
//!   and a cutoff `A`, the floor is `L = max(A, min(0, min S))`, and a subnet's weight is `max(S - L, 0)`. That is the
//!   network's published rule, with its normalisation exponent at 1.
//!
//! The flow rule needs something to compare: it applies once two of the subnets that take part have had a flow, and while
//! any weight is above zero. The price rule applies else; where no subnet has a moving price yet, all get the same.

use alloc::vec::Vec;
use ganglion_primitives::{I64F64, I96F32, mul_div_floor};

/// Subnets with a flow from which on flows decide.
const FEWEST_FLOWS: usize = 2;

/// What decides how much a subnet gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Standing {
	/// The moving price of its alpha.
	pub(crate) price: I96F32,
	/// The moving average of its TAO flow; `None` before the first trade.
	pub(crate) flow: Option<I64F64>,
}

/// The weights of the subnets by the rule that applies: not all zero, or no subnet has any standing.
pub(crate) fn weights(standings: &[Standing], flow_enabled: bool, cutoff: I64F64) -> Vec<u128> {
	let flows = standings.iter().filter(|standing| standing.flow.is_some()).count();
	if flow_enabled && flows >= FEWEST_FLOWS {
		let weights = by_flow(standings, cutoff);
		if weights.iter().any(|weight| *weight != 0) {
			return weights;
		}
	}
	let prices = standings.iter().map(|standing| standing.price.bits);
	prices.map(|bits| u128::try_from(bits).unwrap_or_default()).collect()
}

fn by_flow(standings: &[Standing], cutoff: I64F64) -> Vec<u128> {
	let flow = |standing: &Standing| standing.flow.unwrap_or_default().bits;
	let least = standings.iter().map(flow).min().unwrap_or_default();
	let floor = cutoff.bits.max(least.min(0));
	standings
		.iter()
		.map(|standing| {
			let above = flow(standing).saturating_sub(floor).max(0);
			// Half of the fractional bits are enough, and leave room for the sum.
			above.unsigned_abs() >> 32
		})
		.collect()
}

/// Divides an amount in proportion to weights, or equally where all are zero. Shares are rounded down; the rao that this
/// leaves go, one each, to shares with a weight, of which the first moves on with the block number. The shares add up to
/// the amount.
pub(crate) fn divide(amount: u64, weights: &[u128], block: u64) -> Vec<u64> {
	let total = weights.iter().fold(0_u128, |sum, weight| sum.saturating_add(*weight));
	if total == 0 {
		let equal: Vec<u128> = weights.iter().map(|_| 1).collect();
		return if equal.is_empty() {
			Vec::new()
		} else {
			divide(amount, &equal, block)
		};
	}
	let mut rest = amount;
	let mut shares: Vec<u64> = weights
		.iter()
		.map(|weight| {
			let share = mul_div_floor(u128::from(amount), *weight, total).unwrap_or_default();
			// Never more than there is, even where the sum of the weights does not fit.
			let share = u64::try_from(share).unwrap_or(rest).min(rest);
			rest = rest.saturating_sub(share);
			share
		})
		.collect();
	let takers: Vec<usize> = (0..weights.len())
		.filter(|position| weights.get(*position).is_some_and(|weight| *weight != 0))
		.collect();
	let count = u64::try_from(takers.len()).unwrap_or(u64::MAX);
	let first = usize::try_from(block.checked_rem(count).unwrap_or_default()).unwrap_or_default();
	// What is left is less than a rao for each of those who have a weight: one round is enough.
	for position in takers.iter().cycle().skip(first).take(takers.len()) {
		if let Some(share) = shares.get_mut(*position) {
			*share = share.saturating_add(rest.min(1));
			rest = rest.saturating_sub(1);
		}
	}
	shares
}

#[cfg(test)]
mod tests {
	use super::*;
	use ganglion_primitives::RAO_PER_TAO;
	use proptest::prelude::*;

	fn standing(price: i128, flow: Option<i64>) -> Standing {
		Standing {
			price: I96F32 { bits: price },
			flow: flow.map(I64F64::from_integer),
		}
	}

	fn flow(rao: i64) -> u128 {
		I64F64::from_integer(rao).bits.unsigned_abs() >> 32
	}

	const NO_CUTOFF: I64F64 = I64F64::from_integer(0);

	#[test]
	fn flows_decide_once_two_subnets_have_one() {
		let one = [standing(3, Some(7)), standing(1, None)];
		assert_eq!(weights(&one, true, NO_CUTOFF), [3, 1]);
		let two = [standing(3, Some(7)), standing(1, Some(9)), standing(5, None)];
		assert_eq!(weights(&two, true, NO_CUTOFF), [flow(7), flow(9), 0]);
		assert_eq!(weights(&two, false, NO_CUTOFF), [3, 1, 5]);
	}

	#[test]
	fn flows_at_or_below_the_floor_count_nothing() {
		let subnets = [standing(1, Some(-4)), standing(2, Some(6)), standing(3, Some(2))];
		assert_eq!(weights(&subnets, true, NO_CUTOFF), [0, flow(6), flow(2)]);
		let cutoff = I64F64::from_integer(2);
		assert_eq!(weights(&subnets, true, cutoff), [0, flow(4), 0]);
		// A floor below zero lifts all, the lowest to zero.
		let cutoff = I64F64::from_integer(-10);
		assert_eq!(weights(&subnets, true, cutoff), [0, flow(10), flow(6)]);
	}

	#[test]
	fn without_a_flow_above_the_floor_prices_decide() {
		let subnets = [standing(3, Some(-4)), standing(1, Some(-6))];
		assert_eq!(weights(&subnets, true, NO_CUTOFF), [3, 1]);
		assert_eq!(weights(&[standing(-3, None)], true, NO_CUTOFF), [0]);
	}

	#[test]
	fn extreme_flows_do_not_overflow() {
		let subnets = [standing(1, Some(i64::MIN)), standing(1, Some(i64::MAX))];
		let weights = weights(&subnets, true, I64F64 { bits: i128::MIN });
		assert_eq!(weights[0], 0);
		assert_eq!(divide(RAO_PER_TAO, &weights, 0), [0, RAO_PER_TAO]);
	}

	#[test]
	fn nothing_to_divide_by() {
		assert_eq!(divide(7, &[], 3), [0_u64; 0]);
		assert_eq!(divide(7, &[0, 0], 0), [4, 3]);
		assert_eq!(divide(7, &[0, 0], 1), [3, 4]);
		assert_eq!(divide(7, &[0, u128::MAX, u128::MAX], 0).iter().sum::<u64>(), 7);
	}

	proptest! {
		#[test]
		fn shares_add_up_and_are_proportional(
			amount in 0..RAO_PER_TAO,
			weights in prop::collection::vec(0..u128::from(u64::MAX), 1..20),
			block: u64,
		) {
			let shares = divide(amount, &weights, block);
			prop_assert_eq!(shares.iter().sum::<u64>(), amount);
			let total: u128 = weights.iter().sum();
			for (share, weight) in shares.iter().zip(&weights) {
				let Some(exact) = (u128::from(amount) * weight).checked_div(total) else {
					continue;
				};
				prop_assert!(u128::from(*share) == exact || u128::from(*share) == exact + 1);
				prop_assert!(*weight != 0 || *share == 0);
			}
		}

		#[test]
		fn equal_weights_get_the_same_over_a_round(amount in 0..RAO_PER_TAO, count in 1_usize..20) {
			let mut sums = vec![0; count];
			for block in 0..count as u64 {
				for (sum, share) in sums.iter_mut().zip(divide(amount, &vec![1; count], block)) {
					*sum += share;
				}
			}
			prop_assert!(sums.iter().all(|sum| *sum == amount));
		}

		#[test]
		fn more_flow_is_never_worth_less(flows in prop::collection::vec(-1_000_i64..1_000, 2..8), cutoff in -500_i64..500) {
			let standings: Vec<Standing> = flows.iter().map(|flow| standing(1, Some(*flow))).collect();
			let weights = by_flow(&standings, I64F64::from_integer(cutoff));
			for (one, first) in flows.iter().zip(&weights) {
				for (other, second) in flows.iter().zip(&weights) {
					prop_assert!(one < other || first >= second);
				}
			}
		}
	}
}
