//! A pool and its price.

use crate::{Direction, Fill, TaoWeight};
use primitive_types::U256;

/// Rao of alpha in one alpha: prices are for one alpha.
const RAO_PER_ALPHA: u64 = 1_000_000_000;

/// The two reserves of a pool, in rao and above zero, and their weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
	tao: u64,
	alpha: u64,
	weight: TaoWeight,
}

impl Pool {
	/// A pool with equal weights; `None` where a reserve is zero.
	pub const fn new(tao: u64, alpha: u64) -> Option<Self> {
		Self::with_weight(tao, alpha, TaoWeight::HALF)
	}

	/// A pool; `None` where a reserve is zero.
	pub const fn with_weight(tao: u64, alpha: u64, weight: TaoWeight) -> Option<Self> {
		if tao == 0 || alpha == 0 {
			return None;
		}
		Some(Self { tao, alpha, weight })
	}

	/// The TAO in the pool, in rao.
	pub const fn tao(&self) -> u64 {
		self.tao
	}

	/// The alpha in the pool, in rao.
	pub const fn alpha(&self) -> u64 {
		self.alpha
	}

	/// The weight of TAO.
	pub const fn weight(&self) -> TaoWeight {
		self.weight
	}

	/// The spot price in TAO for one alpha, with 64 fractional bits, rounded to the nearest and at most `u128::MAX`.
	pub fn price_bits(&self) -> u128 {
		self.price_scaled(1 << 64).unwrap_or(u128::MAX)
	}

	/// The spot price in rao for one alpha, rounded to the nearest and at most `u64::MAX`.
	pub fn price_rao(&self) -> u64 {
		let price = self.price_scaled(u128::from(RAO_PER_ALPHA));
		price.and_then(|price| u64::try_from(price).ok()).unwrap_or(u64::MAX)
	}

	/// What an amount is worth at the spot price, without a fee, rounded down: alpha for TAO that is offered in a
	/// [`Direction::Buy`], TAO for alpha in a [`Direction::Sell`]. At most `u64::MAX`.
	pub fn worth(&self, direction: Direction, offered: u64) -> u64 {
		let (tao, alpha) = (self.weighted_tao(), self.weighted_alpha());
		let (numerator, denominator) = match direction {
			Direction::Buy => (alpha, tao),
			Direction::Sell => (tao, alpha),
		};
		let worth = numerator
			.checked_mul(U256::from(offered))
			.and_then(|product| product.checked_div(denominator));
		worth.and_then(|worth| u64::try_from(worth).ok()).unwrap_or(u64::MAX)
	}

	/// The pool after a trade that it quoted; `None` where the trade does not fit it.
	pub fn after(&self, direction: Direction, fill: &Fill) -> Option<Self> {
		let (tao, alpha) = match direction {
			Direction::Buy => (self.tao.checked_add(fill.taken)?, self.alpha.checked_sub(fill.given)?),
			Direction::Sell => (self.tao.checked_sub(fill.given)?, self.alpha.checked_add(fill.taken)?),
		};
		Self::with_weight(tao, alpha, self.weight)
	}

	/// Whether the price is within a limit, in rao for one alpha: at most that for a buy, at least that for a sale.
	pub fn is_within(&self, direction: Direction, limit: u64) -> bool {
		// At most 64 + 127 + 64 bits.
		let price = self.weighted_tao().checked_mul(U256::from(RAO_PER_ALPHA));
		let limit = self.weighted_alpha().checked_mul(U256::from(limit));
		match (price, limit, direction) {
			(Some(price), Some(limit), Direction::Buy) => price <= limit,
			(Some(price), Some(limit), Direction::Sell) => price >= limit,
			_ => false,
		}
	}

	/// `T · w_A`, the numerator of the price; at most 191 bits.
	pub(crate) fn weighted_tao(&self) -> U256 {
		product(self.tao, self.weight.alpha_bits())
	}

	/// `A · w_T`, the denominator of the price; at most 191 bits.
	pub(crate) fn weighted_alpha(&self) -> U256 {
		product(self.alpha, self.weight.bits())
	}

	/// The price times a scale of at most 64 bits, rounded to the nearest; `None` where it does not fit.
	fn price_scaled(&self, scale: u128) -> Option<u128> {
		let denominator = self.weighted_alpha();
		let half = denominator.checked_div(U256::from(2))?;
		let numerator = self.weighted_tao().checked_mul(U256::from(scale))?.checked_add(half)?;
		u128::try_from(numerator.checked_div(denominator)?).ok()
	}
}

/// A product of an amount and a weight.
fn product(amount: u64, weight: u128) -> U256 {
	U256::from(amount).saturating_mul(U256::from(weight))
}
