//! Liquidity that is added without moving the price.

use crate::{Pool, TaoWeight};
use primitive_types::{U256, U512};

/// A pool with more liquidity, and what could not be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Injection {
	/// The pool afterwards.
	pub pool: Pool,
	/// TAO, in rao, that would have raised the weight of TAO above its bound.
	pub excess_tao: u64,
	/// Alpha, in rao, that would have raised the weight of alpha above its bound.
	pub excess_alpha: u64,
}

impl Pool {
	/// Adds liquidity of any proportion. The price stays, the weights change.
	///
	/// A weight is at most [`TaoWeight::MAX`] and at least [`TaoWeight::MIN`]: of a token that would get too heavy only as
	/// much is added as the bound allows, and all of the other one. `None` where a reserve would not fit into 64 bits.
	pub fn inject(&self, tao: u64, alpha: u64) -> Option<Injection> {
		let all = (self.tao().checked_add(tao)?, self.alpha().checked_add(alpha)?);
		let weight = self.weight_for(all.0, all.1)?;
		let (tao, alpha) = if weight > TaoWeight::MAX.bits() {
			let (price, reserve) = ((self.weighted_tao(), self.weighted_alpha()), all.1);
			(heavy_reserve(price, reserve, self.tao(), all.0)?, all.1)
		} else if weight < TaoWeight::MIN.bits() {
			let (price, reserve) = ((self.weighted_alpha(), self.weighted_tao()), all.0);
			(all.0, heavy_reserve(price, reserve, self.alpha(), all.1)?)
		} else {
			all
		};
		let weight = self.weight_for(tao, alpha)?;
		let weight = TaoWeight::from_bits(weight.clamp(TaoWeight::MIN.bits(), TaoWeight::MAX.bits()))?;
		Some(Injection {
			pool: Self::with_weight(tao, alpha, weight)?,
			excess_tao: all.0.checked_sub(tao)?,
			excess_alpha: all.1.checked_sub(alpha)?,
		})
	}

	/// The weight of TAO that gives these reserves the price of this pool, rounded to the nearest.
	fn weight_for(&self, tao: u64, alpha: u64) -> Option<u128> {
		// Each at most 255 bits, and so is the sum, as the weights add up to 127.
		let tao = self.weighted_alpha().checked_mul(U256::from(tao))?;
		let alpha = self.weighted_tao().checked_mul(U256::from(alpha))?;
		let sum = tao.checked_add(alpha)?;
		let half = U512::from(sum.checked_div(U256::from(2))?);
		let scaled = tao.full_mul(U256::from(TaoWeight::ONE_BITS)).checked_add(half)?;
		u128::try_from(scaled.checked_div(U512::from(sum))?).ok()
	}
}

/// The largest reserve of a token whose weight is at most the upper bound, at a price of this token for the other one,
/// with this reserve of the other one. From `now`, which its weight allows already, up to `wanted`.
fn heavy_reserve((numerator, denominator): (U256, U256), other: u64, now: u64, wanted: u64) -> Option<u64> {
	let (heavy, light) = (TaoWeight::MAX.bits(), TaoWeight::MIN.bits());
	// 191 + 64 + 127 bits by 191 + 127 bits.
	let scaled = numerator.checked_mul(U256::from(other))?.full_mul(U256::from(heavy));
	let reserve = scaled.checked_div(denominator.full_mul(U256::from(light)))?;
	let reserve = u64::try_from(reserve).unwrap_or(u64::MAX);
	Some(reserve.min(wanted).max(now))
}
