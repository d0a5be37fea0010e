//! Pools of TAO and alpha that price one in the other: the arithmetic, without storage and without FRAME.
//!
//! # The pool
//!
//! A pool holds `T` of TAO and `A` of alpha and has the weights `w_T` and `w_A`, with `w_T + w_A = 1`, one half each at
//! the start. Trades keep its value function from falling:
//!
//! ```text
//! k = T^w_T · A^w_A                                          value function
//! p = (T / w_T) / (A / w_A)                                  spot price, in TAO for one alpha
//! a = A · (1 - (T / (T + t))^(w_T / w_A))                    alpha for t of TAO, the fee already taken off
//! t = T · (1 - (A / (A + a))^(w_A / w_T))                    TAO for a of alpha, the fee already taken off
//! ```
//!
//! These are equations 1, 2 and 15 of F. Martinelli and N. Mushegian, "A non-custodial portfolio manager, liquidity
//! provider, and price sensor" (the Balancer whitepaper, 2019). With equal weights they are those of a constant product:
//! `a = A·t / (T + t)`.
//!
//! Three things change a pool:
//!
//! - [`Pool::quote`] and [`Pool::after`]: a trade of an exact amount, fee included, perhaps with a limit on the price at
//!   which it ends. The fee is a part of what is offered; it joins the pool's reserve.
//! - [`Pool::inject`]: liquidity of any proportion. Not the price but the weights change:
//!   `w_T' = T'·A·w_T / (T'·A·w_T + A'·T·w_A)`, which is `p' = p` solved for `w_T'`. Where that is out of
//!   [`TaoWeight::MIN`] to [`TaoWeight::MAX`], as much is added as the bound allows, and the rest is handed back.
//!
//! # Rounding
//!
//! Never in a trader's favour: fees are rounded up, what a trader receives is rounded down. With equal weights the
//! arithmetic is exact up to that. With others the power is bounded from above by fixed-point numbers with 120
//! fractional bits (module `fixed`) whose error is below 2^-100, so that a trader gets at most one rao less than the
//! exact amount rounded down. Hence `k` never falls, and no sequence of trades earns a trader what nobody else lost. A buy
//! always raises the price, a sale lowers it.
//!
//! A weight has 127 fractional bits and is rounded to the nearest one: liquidity moves the price by less than one part in
//! 2^118.
//!
//! ```
//! use swap_math::{Direction, Limit, Pool};
//!
//! // 1,000 TAO and 4,000 alpha: one alpha costs a quarter of a TAO.
//! let pool = Pool::new(1_000_000_000_000, 4_000_000_000_000).unwrap();
//! assert_eq!(pool.price_rao(), 250_000_000);
//!
//! // 10 TAO, of which a fee of 33/65535 stays in the pool.
//! let fill = pool.quote(Direction::Buy, 10_000_000_000, 33, None).unwrap();
//! assert_eq!((fill.fee, fill.given), (5_035_478, 39_584_215_260));
//! let pool = pool.after(Direction::Buy, &fill).unwrap();
//!
//! // TAO alone makes the pool deeper and leaves the price where it is.
//! let injection = pool.inject(500_000_000_000, 0).unwrap();
//! assert_eq!(injection.pool.price_rao(), pool.price_rao());
//! assert_eq!((injection.excess_tao, injection.excess_alpha), (0, 0));
//!
//! // A sale that stops where one alpha costs 0.25 TAO.
//! let limit = Limit { price: 250_000_000, allow_partial: true };
//! let fill = injection.pool.quote(Direction::Sell, u64::MAX / 2, 33, Some(limit)).unwrap();
//! assert_eq!(injection.pool.after(Direction::Sell, &fill).unwrap().price_rao(), 250_000_000);
//! ```

#![cfg_attr(not(test), no_std)]
#![cfg_attr(
	not(test),
	deny(
		clippy::arithmetic_side_effects,
		clippy::indexing_slicing,
		clippy::unwrap_used,
		clippy::expect_used,
		clippy::panic,
		clippy::float_arithmetic
	)
)]

mod fixed;
mod injection;
mod pool;
mod trade;
mod weight;

#[cfg(test)]
mod tests;

pub use injection::Injection;
pub use pool::Pool;
pub use trade::{Direction, FEE_RATE_ONE, Fill, Limit, Refusal};
pub use weight::TaoWeight;
