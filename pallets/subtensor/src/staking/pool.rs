//! The arithmetic of one share pool: the alpha on a hotkey, split between those who staked there.
//!
//! A dividend is one addition to the pool's alpha; every position grows with it. Rounding never favours
//! the one who deposits or withdraws: a deposit gets its shares rounded down, a withdrawal burns shares rounded up,
//! and what that leaves belongs to the shares that remain. Shares have 64 fractional bits and start at one share
//! per rao, so that the price of the smallest share bit is far below one rao, unless somebody drives it up by
//! withdrawing nearly everything between dividends. That is what [`crate::MIN_STAKE`] makes expensive, and what
//! [`SharePool::deposit_exactly`] and [`SharePool::withdraw`] refuse: a deposit or a partial withdrawal that would lose
//! more than one rao.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use ganglion_primitives::{AlphaBalance, U64F64, mul_div_ceil, mul_div_floor};
use scale_info::TypeInfo;

/// Largest loss of a deposit or a partial withdrawal to rounding, in rao.
const MAX_LOSS: u64 = 1;

/// The shares of a pool, as they are stored. The owner's lie here because an epoch pays a hotkey's owner: the pool and
/// its largest position are one item to read and one to write.
#[derive(
	Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct PoolShares {
	/// All shares.
	pub total: U64F64,
	/// Those of the hotkey's owner.
	pub owner: U64F64,
}

/// The alpha and the shares of a pool; either both are zero or neither is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SharePool {
	pub(crate) alpha: AlphaBalance,
	pub(crate) shares: U64F64,
}

/// Why a pool refuses an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PoolError {
	/// A number does not fit.
	Overflow,
	/// The share bits are too coarse: a deposit or a partial withdrawal would lose more than one rao, or a partial
	/// withdrawal would burn all shares.
	Coarse,
	/// The position is worth less than the withdrawal.
	Insufficient,
}

impl SharePool {
	/// What a position would pay if all of it were withdrawn, rounded down.
	pub(crate) fn value_of(&self, position: U64F64) -> AlphaBalance {
		let value = mul_div_floor(position.bits, u128::from(self.alpha.get()), self.shares.bits);
		// A position is at most the whole pool, so the quotient fits.
		AlphaBalance::new(value.and_then(|value| u64::try_from(value).ok()).unwrap_or_default())
	}

	/// Adds alpha and returns the shares that it buys, rounded down. The pool's alpha grows by all of it.
	pub(crate) fn deposit(&mut self, alpha: AlphaBalance) -> Result<U64F64, PoolError> {
		let total = self.alpha.checked_add(alpha).ok_or(PoolError::Overflow)?;
		let bought = if self.shares.is_zero() {
			U64F64::from_integer(total.get())
		} else {
			let bits = mul_div_floor(self.shares.bits, u128::from(alpha.get()), u128::from(self.alpha.get()));
			U64F64::from_bits(bits.ok_or(PoolError::Overflow)?)
		};
		self.shares = self.shares.checked_add(bought).ok_or(PoolError::Overflow)?;
		self.alpha = total;
		Ok(bought)
	}

	/// Like [`SharePool::deposit`], but refuses a loss above [`MAX_LOSS`].
	pub(crate) fn deposit_exactly(&mut self, alpha: AlphaBalance) -> Result<U64F64, PoolError> {
		let mut next = *self;
		let bought = next.deposit(alpha)?;
		let loss = alpha.saturating_sub(next.value_of(bought));
		if loss.get() > MAX_LOSS {
			return Err(PoolError::Coarse);
		}
		*self = next;
		Ok(bought)
	}

	/// Takes alpha out of a position and returns the shares that are left of it. Refuses a loss above [`MAX_LOSS`].
	pub(crate) fn withdraw(&mut self, position: U64F64, alpha: AlphaBalance) -> Result<U64F64, PoolError> {
		let owed = self
			.value_of(position)
			.checked_sub(alpha)
			.ok_or(PoolError::Insufficient)?;
		if alpha.is_zero() {
			return Ok(position);
		}
		let bits = mul_div_ceil(self.shares.bits, u128::from(alpha.get()), u128::from(self.alpha.get()));
		// The value, rounded down, covers the alpha; so the position covers these shares.
		let burned = U64F64::from_bits(bits.ok_or(PoolError::Overflow)?);
		let left = position.checked_sub(burned).ok_or(PoolError::Insufficient)?;
		let shares = self.shares.checked_sub(burned).ok_or(PoolError::Insufficient)?;
		let rest = self.alpha.checked_sub(alpha).ok_or(PoolError::Insufficient)?;
		if shares.is_zero() != rest.is_zero() {
			return Err(PoolError::Coarse);
		}
		let next = Self { alpha: rest, shares };
		let lost = owed.saturating_sub(next.value_of(left));
		if lost.get() > MAX_LOSS {
			return Err(PoolError::Coarse);
		}
		*self = next;
		Ok(left)
	}

	/// Takes a whole position out and returns what it pays.
	pub(crate) fn withdraw_all(&mut self, position: U64F64) -> Result<AlphaBalance, PoolError> {
		let alpha = self.value_of(position);
		self.shares = self.shares.checked_sub(position).ok_or(PoolError::Insufficient)?;
		self.alpha = self.alpha.checked_sub(alpha).ok_or(PoolError::Insufficient)?;
		Ok(alpha)
	}

	/// Adds a dividend for all shares; refused where there are none.
	pub(crate) fn reward(&mut self, alpha: AlphaBalance) -> Result<(), PoolError> {
		if self.shares.is_zero() {
			return Err(PoolError::Insufficient);
		}
		self.alpha = self.alpha.checked_add(alpha).ok_or(PoolError::Overflow)?;
		Ok(())
	}
}
