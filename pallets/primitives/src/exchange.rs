//! The seam between staking and whatever prices alpha in TAO.
//!
//! Staking moves money and keeps the books of stake; how much alpha an amount of TAO buys is the
//! business of a [`StakeExchange`]. The only implementation so far is [`ParityExchange`].

use crate::{AlphaBalance, NetUid, TaoBalance};
use sp_runtime::DispatchError;

/// What an exchange gives for an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote<Amount> {
	/// What the trader receives, after the fee.
	pub out: Amount,
	/// What the exchange keeps, in rao of TAO.
	pub fee: TaoBalance,
}

/// Prices a subnet's alpha in TAO, and takes note of trades.
///
/// The exchange moves no balances: the caller transfers TAO to or from the subnet's account and credits
/// or debits stake, for exactly the amounts that an `execute` call returned.
pub trait StakeExchange {
	/// Sells alpha of `netuid` for `tao` and updates the exchange's reserves.
	fn execute_buy(netuid: NetUid, tao: TaoBalance) -> Result<Quote<AlphaBalance>, DispatchError>;

	/// Buys `alpha` of `netuid` back for TAO and updates the exchange's reserves.
	fn execute_sell(netuid: NetUid, alpha: AlphaBalance) -> Result<Quote<TaoBalance>, DispatchError>;
}

/// One alpha is one TAO, without fee and without reserves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParityExchange;

impl StakeExchange for ParityExchange {
	fn execute_buy(_netuid: NetUid, tao: TaoBalance) -> Result<Quote<AlphaBalance>, DispatchError> {
		Ok(Quote {
			out: AlphaBalance::new(tao.get()),
			fee: TaoBalance::ZERO,
		})
	}

	fn execute_sell(_netuid: NetUid, alpha: AlphaBalance) -> Result<Quote<TaoBalance>, DispatchError> {
		Ok(Quote {
			out: TaoBalance::new(alpha.get()),
			fee: TaoBalance::ZERO,
		})
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn parity_returns_what_it_got() {
		let netuid = NetUid::new(1);
		let bought = ParityExchange::execute_buy(netuid, TaoBalance::new(42));
		assert_eq!(
			bought,
			Ok(Quote {
				out: AlphaBalance::new(42),
				fee: TaoBalance::ZERO
			})
		);
		let sold = ParityExchange::execute_sell(netuid, AlphaBalance::new(42));
		assert_eq!(
			sold,
			Ok(Quote {
				out: TaoBalance::new(42),
				fee: TaoBalance::ZERO
			})
		);
	}
}
