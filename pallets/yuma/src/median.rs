//! Consensus: the stake-weighted median, at κ, of each column of the weights.

use alloc::vec::Vec;

use crate::fixed::{Fixed, normalise, total};
use crate::pair::{Ordinal, Pair};
use crate::share::ONE;

/// How many weights of a column are looked at first.
const SAMPLE: usize = 8;
/// How many weights are compared with the ends of the range at a time.
const CHUNK: usize = 8;
/// How often the range between two of them is halved before the weights in it are looked at by themselves, where each look at
/// all weights costs much.
const HALVINGS: u32 = 2;
/// Where it costs little, the range is halved until about so many weights would be left in it if they were spread evenly.
const FEW: usize = 8;
/// Whether the processor compares several weights at a time, so that another look at all costs little.
const COMPARES_SEVERAL: bool = !cfg!(target_family = "wasm");

/// What the medians of all columns have in common, and scratch memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Median {
	/// Active stake by uid, normalised once more over those who have any.
	pub(crate) votes_by_uid: Vec<Fixed>,
	/// The sum of the votes.
	all: u64,
	/// The sum of the votes of all in the list of validators.
	listed: u64,
	/// What has to be exceeded: the sum less κ. Negative where κ is more than the sum.
	minority: i64,
	is_maximum: bool,
	/// The weights of a column, and the votes behind them.
	weights: Vec<Ordinal>,
	votes_behind: Vec<u32>,
	/// The weights that are left when the range is small.
	candidates: Vec<(Ordinal, u32)>,
}

impl Median {
	/// Takes note of the votes of all validators in the list.
	pub(crate) fn listen(&mut self, votes: &[u32]) {
		self.listed = sum(votes);
		// All at once, so that no column needs more later.
		self.weights.clear();
		self.weights.reserve_exact(votes.len());
		self.votes_behind.clear();
		self.votes_behind.reserve_exact(votes.len());
		self.candidates.clear();
		self.candidates.resize(votes.len(), (Ordinal::ZERO, 0));
	}

	/// Starts an epoch.
	pub(crate) fn start(&mut self, active_stake: &[Fixed], kappa: Fixed) {
		self.votes_by_uid.clear();
		self.votes_by_uid.extend_from_slice(active_stake);
		normalise(&mut self.votes_by_uid);
		self.minority = total(&self.votes_by_uid).minus(kappa).to_bits();
		self.all = self
			.votes_by_uid
			.iter()
			.fold(0, |all, vote| all.wrapping_add(u64::from(to_vote(*vote))));
		self.is_maximum = kappa == Fixed::ZERO;
	}

	/// The smallest weight such that the votes at or below it are strictly more than the sum of votes less κ.
	///
	/// Only validators with stake have a vote; who has no pair in the column says zero. Support of exactly κ is enough;
	/// a κ of zero gives the maximum. `votes` are by validator; `is_full` promises a pair for each.
	pub(crate) fn of(&mut self, is_full: bool, column: &[Pair], votes: &[u32]) -> u64 {
		let vote_of = |pair: &Pair| votes.get(pair.validator()).copied().unwrap_or(0);
		let votes = if is_full {
			votes
		} else {
			self.votes_behind.clear();
			self.votes_behind.extend(column.iter().map(vote_of));
			&self.votes_behind
		};
		self.weights.clear();
		self.weights.extend(column.iter().map(|pair| pair.ordinal()));
		// Without a vote nobody is heard.
		let heard = || self.weights.iter().zip(votes).filter(|(_, vote)| **vote > 0);
		let highest = || heard().map(|(weight, _)| *weight).max().unwrap_or(Ordinal::ZERO);
		let spoken = if is_full { self.listed } else { sum(votes) };
		let silent = self.all.wrapping_sub(spoken);
		if self.is_maximum {
			return highest().weight();
		}
		match u64::try_from(self.minority) {
			Ok(minority) if silent > minority => 0,
			Ok(minority) => {
				// All votes may sum up to one, which wraps to nothing: the largest weight has to be known then.
				let highest = if spoken < ONE { Ordinal::MAX } else { highest() };
				let minority = minority.wrapping_sub(silent) as u32;
				select(&self.weights, votes, minority, highest, &mut self.candidates).weight()
			}
			Err(_) if silent > 0 => 0,
			Err(_) => {
				let lowest = heard().map(|(weight, _)| *weight).min();
				lowest.unwrap_or(Ordinal::ZERO).weight()
			}
		}
	}
}

fn sum(votes: &[u32]) -> u64 {
	votes.iter().fold(0, |sum, vote| sum.wrapping_add(u64::from(*vote)))
}

/// A share of the votes in 32 bits. Only that of a single voter is one, which is as good as just less than one.
pub(crate) fn to_vote(share: Fixed) -> u32 {
	u32::try_from(share.to_bits().max(0)).unwrap_or(u32::MAX)
}

/// The smallest weight up to which there are more than `minority` votes. All votes together have to be more.
///
/// Nothing is moved or sorted at first: each step adds up the votes up to some weight, which takes a fraction of the time
/// of anything that depends on the order of two weights. A small sample cuts the range of what it can be, and halvings cut
/// it further, until few are left to be sorted, unless many are alike.
/// `highest` is the largest weight with a vote, where all votes may sum up to one.
#[inline(never)]
fn select(
	weights: &[Ordinal],
	votes: &[u32],
	minority: u32,
	highest: Ordinal,
	candidates: &mut [(Ordinal, u32)],
) -> Ordinal {
	let sample = sample(weights);
	let [.., upper_half, _, _, _] = sample;
	// Where many say zero it is worth to look at that first.
	let is_zero = || votes_up_to(weights, votes, Ordinal::ZERO) > minority;
	if highest == Ordinal::ZERO || (upper_half == Ordinal::ZERO && is_zero()) {
		return Ordinal::ZERO;
	}
	let mut range = Range {
		low: Ordinal::ZERO,
		below: 0,
		high: highest,
	};
	let narrow = |range: &mut Range, middle: Ordinal| {
		let votes = votes_up_to(weights, votes, middle);
		// Without branches: which half it is cannot be predicted.
		let is_enough = (middle >= highest) | (votes > minority);
		*range = Range {
			low: if is_enough { range.low } else { middle },
			below: if is_enough { range.below } else { votes },
			high: if is_enough { middle } else { range.high },
		};
	};
	let mut rest = sample.as_slice();
	while let Some((lower, [middle, upper @ ..])) = rest.split_at_checked(rest.len() >> 1) {
		if *middle > range.low && *middle < range.high {
			narrow(&mut range, *middle);
		}
		rest = if range.high <= *middle { lower } else { upper };
	}
	let halvings = if COMPARES_SEVERAL {
		(weights.len() / FEW).checked_ilog2().unwrap_or(0)
	} else {
		HALVINGS
	};
	for _ in 0..halvings {
		let middle = range.low.middle(range.high);
		narrow(&mut range, middle);
	}
	if range.low == Ordinal::ZERO {
		range.below = votes_up_to(weights, votes, Ordinal::ZERO);
		if range.below > minority {
			return Ordinal::ZERO;
		}
	}
	walk(weights, votes, range, minority, candidates)
}

/// What the median can still be.
#[derive(Clone, Copy, Debug)]
struct Range {
	/// A weight that is too small.
	low: Ordinal,
	/// The votes up to `low`.
	below: u32,
	/// A weight that is large enough.
	high: Ordinal,
}

/// Some weights, sorted.
fn sample(weights: &[Ordinal]) -> [Ordinal; SAMPLE] {
	let step = (weights.len() / SAMPLE).max(1);
	let mut sample = [Ordinal::MAX; SAMPLE];
	for (drawn, weight) in sample.iter_mut().zip(weights.iter().step_by(step)) {
		*drawn = *weight;
	}
	sorted(sample)
}

/// Sorts by Batcher's network, without branches: how eight weights lie to one another cannot be predicted.
#[inline(always)]
fn sorted([mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h]: [Ordinal; SAMPLE]) -> [Ordinal; SAMPLE] {
	macro_rules! order {
		($($left:ident $right:ident,)*) => {
			$(($left, $right) = ($left.min($right), $left.max($right));)*
		};
	}
	order!(a b, c d, e f, g h, a c, b d, e g, f h, b c, f g,);
	order!(a e, b f, c g, d h, c e, d f, b c, d e, f g,);
	[a, b, c, d, e, f, g, h]
}

/// The sum of the votes behind the weights up to `most`. It is less than one, unless `most` is the largest weight.
fn votes_up_to(weights: &[Ordinal], votes: &[u32], most: Ordinal) -> u32 {
	let counted = weights
		.iter()
		.zip(votes)
		.map(|(weight, vote)| if weight.0 <= most.0 { *vote } else { 0 });
	counted.fold(0, u32::wrapping_add)
}

/// Goes up through the weights of a range until there are more than `minority` votes.
#[inline(never)]
fn walk(weights: &[Ordinal], votes: &[u32], range: Range, minority: u32, candidates: &mut [(Ordinal, u32)]) -> Ordinal {
	// Both ends in one comparison: what is not above the lower end wraps to something large.
	let lowest = range.low.0.wrapping_add(1);
	let width = range.high.0.wrapping_sub(range.low.0) as u32;
	let is_inside = |weight: &Ordinal| (weight.0.wrapping_sub(lowest) as u32) < width;
	let mut inside = 0_usize;
	let mut note = |weights: &[Ordinal], votes: &[u32]| {
		for (weight, vote) in weights.iter().zip(votes) {
			// Overwritten by the next one unless it is inside.
			if let Some(to) = candidates.get_mut(inside) {
				*to = (*weight, *vote);
			}
			inside = inside.wrapping_add(usize::from(is_inside(weight)));
		}
	};
	let (chunks, rest) = weights.as_chunks::<CHUNK>();
	let (votes_of_chunks, votes_of_rest) = votes.as_chunks::<CHUNK>();
	for (weights, votes) in chunks.iter().zip(votes_of_chunks) {
		// Without a way out in the middle several are compared at a time, and most chunks have none.
		if !COMPARES_SEVERAL || weights.iter().any(is_inside) {
			note(weights, votes);
		}
	}
	note(rest, votes_of_rest);
	let candidates = candidates.get_mut(..inside).unwrap_or_default();
	// By weight alone: the order within one weight does not matter, and equal weights count as sorted.
	candidates.sort_unstable_by_key(|(weight, _)| *weight);
	let mut below = range.below;
	for (weight, vote) in candidates.iter() {
		below = below.wrapping_add(*vote);
		if below > minority {
			return *weight;
		}
	}
	// Only a sum that wraps gets here.
	candidates.last().map_or(range.high, |(weight, _)| *weight)
}

#[cfg(test)]
mod tests {
	use alloc::vec;

	use proptest::prelude::*;

	use super::*;

	const UNIT: i64 = 1 << 24;

	/// What sorts all zeros and ones sorts everything.
	#[test]
	fn the_network_sorts() {
		for bits in 0..1_u32 << SAMPLE {
			let mut sample = [0; SAMPLE].map(Ordinal);
			sample
				.iter_mut()
				.zip(0..)
				.for_each(|(weight, bit)| weight.0 = (bits >> bit & 1) as i32);
			assert!(sorted(sample).is_sorted());
			assert_eq!(
				sorted(sample).iter().filter(|weight| weight.0 == 1).count() as u32,
				bits.count_ones()
			);
		}
	}

	/// The consensus about a column of weights and stakes of the validators who have a pair in it, and of one who has none.
	/// Stakes count in units of 1/256.
	fn median(said: &[(u64, i64)], silent: i64, kappa: Fixed, is_full: bool) -> u64 {
		let stakes = said.iter().map(|(_, stake)| *stake).chain([silent]);
		let active_stake: Vec<Fixed> = stakes.map(|stake| Fixed::from_bits(stake * UNIT)).collect();
		let mut median = Median::default();
		median.start(&active_stake, kappa);
		let mut pairs: Vec<Pair> = said
			.iter()
			.zip(0..)
			.map(|((weight, _), place)| Pair::new(*weight, 9, place))
			.collect();
		if is_full {
			pairs.push(Pair::default());
		}
		let votes: Vec<u32> = median.votes_by_uid.iter().map(|vote| to_vote(*vote)).collect();
		median.listen(&votes);
		median.of(is_full, &pairs, &votes)
	}

	fn both_ways(said: &[(u64, i64)], silent: i64, kappa: Fixed) -> u64 {
		let weight = median(said, silent, kappa, false);
		assert_eq!(median(said, silent, kappa, true), weight);
		weight
	}

	#[test]
	fn support_of_exactly_kappa_is_enough() {
		assert_eq!(both_ways(&[(5, 128), (9, 128)], 0, Fixed::HALF), 9);
		assert_eq!(both_ways(&[(5, 129), (9, 127)], 0, Fixed::HALF), 5);
	}

	#[test]
	fn the_silent_say_zero() {
		assert_eq!(both_ways(&[(9, 127)], 129, Fixed::HALF), 0);
		assert_eq!(both_ways(&[(9, 128)], 128, Fixed::HALF), 9);
		assert_eq!(both_ways(&[], 256, Fixed::HALF), 0);
		assert_eq!(both_ways(&[], 0, Fixed::HALF), 0);
	}

	#[test]
	fn kappa_zero_gives_the_maximum_and_more_than_all_stake_the_minimum() {
		assert_eq!(both_ways(&[(7, 100), (9, 100), (8, 50)], 6, Fixed::ZERO), 9);
		// A third each, cut: the sum is less than one.
		assert_eq!(both_ways(&[(7, 10), (9, 10), (8, 10)], 0, Fixed::ONE), 7);
		assert_eq!(both_ways(&[(7, 10), (9, 10)], 10, Fixed::ONE), 0);
	}

	#[test]
	fn only_stake_has_a_vote() {
		for kappa in [Fixed::ZERO, Fixed::HALF, Fixed::ONE] {
			assert_eq!(both_ways(&[(99, 0), (20, 256), (1, 0)], 0, kappa), 20);
		}
	}

	#[test]
	fn votes_that_add_up_to_one_or_are_one_do_not_wrap() {
		assert_eq!(both_ways(&[(0, 128), (0, 128)], 0, Fixed::HALF), 0);
		assert_eq!(both_ways(&[(ONE, 128), (ONE, 128)], 0, Fixed::HALF), ONE);
		assert_eq!(both_ways(&[(0, 256)], 0, Fixed::HALF), 0);
		assert_eq!(both_ways(&[(ONE, 256)], 0, Fixed::ONE), ONE);
	}

	/// The definition, by brute force over all weights that were said. Stakes sum up to 256.
	fn by_definition(said: &[(u64, i64)], silent: i64, kappa: i64) -> u64 {
		let mut said: Vec<_> = said.iter().copied().filter(|(_, stake)| *stake > 0).collect();
		if silent > 0 {
			said.push((0, silent));
		}
		let reaches = |score: &u64| {
			said.iter()
				.filter(|(weight, _)| weight <= score)
				.map(|(_, stake)| stake)
				.sum::<i64>()
				> 256 - kappa
		};
		let scores = || said.iter().map(|(weight, _)| *weight);
		scores().filter(reaches).min().or_else(|| scores().max()).unwrap_or(0)
	}

	fn weights() -> impl Strategy<Value = u64> {
		prop_oneof![0..8_u64, 0..ONE - 1, Just(ONE), 1_000_000..1_000_100_u64]
	}

	proptest! {
		#[test]
		fn selection_agrees_with_the_definition(
			weights in proptest::collection::vec(weights(), 1..120),
			cuts in proptest::collection::vec(0..=256_i64, 120),
			kappa in 0..=256_i64,
		) {
			// Cutting 256 at random places makes stakes that sum up to it, some of them zero.
			let mut cuts: Vec<i64> = cuts[..weights.len()].to_vec();
			cuts.sort_unstable();
			let mut before = 0;
			let said: Vec<(u64, i64)> = weights.iter().zip(&cuts).map(|(weight, cut)| {
				let stake = *cut - before;
				before = *cut;
				(*weight, stake)
			}).collect();
			let silent = 256 - before;
			let kappa_share = Fixed::from_bits(kappa * UNIT);
			prop_assert_eq!(both_ways(&said, silent, kappa_share), by_definition(&said, silent, kappa));
		}
	}

	#[test]
	fn columns_of_one_weight_and_of_many_equal_ones_end() {
		let same = vec![(123_456, 1); 256];
		assert_eq!(both_ways(&same, 0, Fixed::HALF), 123_456);
		let close: Vec<_> = (0..256).map(|place| (1_000_000 + place / 2, 1)).collect();
		assert_eq!(both_ways(&close, 0, Fixed::HALF), 1_000_064);
	}
}
