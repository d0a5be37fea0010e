//! Properties of pools, checked against exact rationals and, for powers, against logarithms of 320 bits.

mod fixed;
mod injections;
mod limits;
mod oracle;
mod trades;

use crate::{Direction, Pool, TaoWeight};
use proptest::prelude::*;

/// An amount of any magnitude: from 1 rao to 2^63 - 1.
fn amount() -> impl Strategy<Value = u64> {
	(0u32..63, any::<u64>()).prop_map(|(bits, low)| (1 << bits) | (low & ((1 << bits) - 1)))
}

/// A weight: equal ones, both bounds, round ones and any other.
fn weight() -> impl Strategy<Value = TaoWeight> {
	let quarter = TaoWeight::ONE_BITS / 4;
	prop_oneof![
		Just(TaoWeight::HALF),
		Just(TaoWeight::MIN),
		Just(TaoWeight::MAX),
		Just(TaoWeight::from_bits(quarter).unwrap()),
		Just(TaoWeight::from_bits(3 * quarter).unwrap()),
		Just(TaoWeight::from_bits(TaoWeight::HALF.bits() + 1).unwrap()),
		(TaoWeight::MIN.bits()..=TaoWeight::MAX.bits()).prop_map(|bits| TaoWeight::from_bits(bits).unwrap()),
	]
}

/// A pool of any size, dust included.
fn pool() -> impl Strategy<Value = Pool> {
	(amount(), amount(), weight()).prop_map(|(tao, alpha, weight)| Pool::with_weight(tao, alpha, weight).unwrap())
}

fn direction() -> impl Strategy<Value = Direction> {
	prop_oneof![Just(Direction::Buy), Just(Direction::Sell)]
}

fn fee_rate() -> impl Strategy<Value = u16> {
	prop_oneof![Just(0), Just(33), Just(1_000), Just(u16::MAX), any::<u16>()]
}

/// The reserve of what is offered and of what is given, and their weights.
fn sides(pool: &Pool, direction: Direction) -> ((u64, u128), (u64, u128)) {
	let tao = (pool.tao(), pool.weight().bits());
	let alpha = (pool.alpha(), pool.weight().alpha_bits());
	match direction {
		Direction::Buy => (tao, alpha),
		Direction::Sell => (alpha, tao),
	}
}
