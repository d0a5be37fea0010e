//! Trades: what a pool takes and gives, and where a price limit stops it.

use crate::{
	Pool, TaoWeight,
	fixed::{exp_neg_ceil, ln_ratio_floor, mul_ceil, mul_floor, ratio_floor},
};

/// The fee rate that takes everything: rates are parts of this.
pub const FEE_RATE_ONE: u16 = u16::MAX;

/// What is offered to a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
	/// TAO, for alpha.
	Buy,
	/// Alpha, for TAO.
	Sell,
}

/// A bound on the price at which a trade ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
	/// In rao for one alpha: the most that a buy, the least that a sale may move the price to.
	pub price: u64,
	/// Whether the part of the trade that the limit allows is made; else a trade that passes the limit is refused.
	pub allow_partial: bool,
}

/// What a trade moves, in rao.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fill {
	/// What the pool takes, fee included.
	pub taken: u64,
	/// What the pool gives.
	pub given: u64,
	/// The part of `taken` that is the fee.
	pub fee: u64,
}

/// Why a pool refuses a trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
	/// What is offered is worth less than a rao after the fee.
	NothingGiven,
	/// The trade passes the price limit and may not be made in part.
	PriceLimitPassed,
	/// Not even the smallest part of the trade is within the price limit.
	NothingWithinLimit,
	/// The reserve would not fit into 64 bits.
	Overflow,
}

impl Pool {
	/// What a trade of `offered`, of which `fee_rate / 65535` is the fee, would move now.
	///
	/// A trade of nothing moves nothing. A trade that would give nothing is refused.
	pub fn quote(
		&self,
		direction: Direction,
		offered: u64,
		fee_rate: u16,
		limit: Option<Limit>,
	) -> Result<Fill, Refusal> {
		if offered == 0 {
			return Ok(Fill::default());
		}
		let curve = Curve::new(self, direction, fee_rate).ok_or(Refusal::Overflow)?;
		let fill = match limit {
			None => curve.fill(offered).ok_or(Refusal::Overflow)?,
			Some(limit) => curve.fill_within(offered, limit)?,
		};
		match (fill.given, limit) {
			(0, Some(limit)) if limit.allow_partial && fill.taken < offered => Err(Refusal::NothingWithinLimit),
			(0, _) => Err(Refusal::NothingGiven),
			_ => Ok(fill),
		}
	}

	/// The largest amount, fee included and at most `offered`, that a trade may take without moving the price past a limit
	/// in rao for one alpha; zero where the price is there already.
	pub fn amount_within(&self, direction: Direction, offered: u64, fee_rate: u16, price: u64) -> u64 {
		match Curve::new(self, direction, fee_rate) {
			Some(curve) => curve.amount_within(offered.min(curve.room()), price),
			None => 0,
		}
	}
}

/// One direction of a pool's trades.
struct Curve<'a> {
	pool: &'a Pool,
	direction: Direction,
	fee_rate: u16,
	/// Reserve of what is offered.
	taking: u64,
	/// Reserve of what is given.
	giving: u64,
	/// Weight of what is offered by weight of what is given, rounded down; `None` for equal weights.
	exponent: Option<u128>,
}

impl<'a> Curve<'a> {
	fn new(pool: &'a Pool, direction: Direction, fee_rate: u16) -> Option<Self> {
		let weight = pool.weight();
		let (tao, alpha) = (weight.bits(), weight.alpha_bits());
		let (taking, giving, numerator, denominator) = match direction {
			Direction::Buy => (pool.tao(), pool.alpha(), tao, alpha),
			Direction::Sell => (pool.alpha(), pool.tao(), alpha, tao),
		};
		let exponent = if weight == TaoWeight::HALF {
			None
		} else {
			Some(ratio_floor(numerator, denominator)?)
		};
		Some(Self {
			pool,
			direction,
			fee_rate,
			taking,
			giving,
			exponent,
		})
	}

	/// The most that fits into the reserve.
	fn room(&self) -> u64 {
		u64::MAX.saturating_sub(self.taking)
	}

	/// What a trade that takes this amount moves; `None` where it does not fit.
	fn fill(&self, taken: u64) -> Option<Fill> {
		let fee = u128::from(taken)
			.checked_mul(u128::from(self.fee_rate))?
			.div_ceil(u128::from(FEE_RATE_ONE));
		let fee = u64::try_from(fee).ok()?;
		self.taking.checked_add(taken)?;
		let given = self.given(taken.checked_sub(fee)?)?;
		Some(Fill { taken, given, fee })
	}

	/// What the pool gives for an amount without fee, rounded down; less than its reserve.
	fn given(&self, offered: u64) -> Option<u64> {
		let reserve = self.taking.checked_add(offered)?;
		let Some(exponent) = self.exponent else {
			let product = u128::from(self.giving).checked_mul(u128::from(offered))?;
			return u64::try_from(product.checked_div(u128::from(reserve))?).ok();
		};
		let logarithm = ln_ratio_floor(reserve, self.taking)?;
		// What does not fit is above 255, and e^-255 is far below the smallest number.
		let power = mul_floor(logarithm, exponent).unwrap_or(u128::MAX);
		let kept = mul_ceil(u128::from(self.giving), exp_neg_ceil(power)?)?;
		u64::try_from(u128::from(self.giving).checked_sub(kept)?).ok()
	}

	/// The trade as far as a limit allows it.
	fn fill_within(&self, offered: u64, limit: Limit) -> Result<Fill, Refusal> {
		if !self.is_within(1, limit.price) {
			return Err(Refusal::NothingWithinLimit);
		}
		let most = offered.min(self.room());
		if self.is_within(most, limit.price) {
			return self.fill(offered).ok_or(Refusal::Overflow);
		}
		if !limit.allow_partial {
			return Err(Refusal::PriceLimitPassed);
		}
		let taken = self.amount_within(most, limit.price);
		self.fill(taken).ok_or(Refusal::Overflow)
	}

	/// Whether a trade that takes this amount ends at a price within a limit.
	fn is_within(&self, taken: u64, price: u64) -> bool {
		let after = self.fill(taken).and_then(|fill| self.pool.after(self.direction, &fill));
		after.is_some_and(|pool| pool.is_within(self.direction, price))
	}

	/// The largest amount, at most `most`, that ends within a limit.
	///
	/// A search by halves, in at most 64 steps: the fee stays in the pool, which leaves no closed form, and each amount that
	/// is accepted has been tried.
	fn amount_within(&self, most: u64, price: u64) -> u64 {
		if self.is_within(most, price) {
			return most;
		}
		let (mut within, mut beyond) = (0, most);
		while beyond.saturating_sub(within) > 1 {
			let middle = within.midpoint(beyond);
			if self.is_within(middle, price) {
				within = middle;
			} else {
				beyond = middle;
			}
		}
		within
	}
}
