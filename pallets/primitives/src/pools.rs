//! The seam between staking and emission on one side and the pools that price alpha in TAO on the other.
//!
//! A pool keeps the books of its two reserves; it moves no balances. Whoever trades transfers TAO to or from the subnet's
//! account and credits or debits stake, for exactly the amounts that a [`Trade`] states. The TAO in a pool, and
//! what is set aside for it, is always in the account of its subnet. Root has no pool: its stake is TAO, one to one.

use crate::{AlphaBalance, NetUid, TaoBalance, U64F64};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// What is in a pool.
#[derive(
	Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Reserves {
	/// TAO in the pool.
	pub tao: TaoBalance,
	/// Alpha in the pool.
	pub alpha: AlphaBalance,
}

/// What a trade takes from the trader and gives to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trade<Taken, Given> {
	/// What the pool takes, fee included; at most what was offered, less where a price limit stops a partial trade.
	pub taken: Taken,
	/// What the pool gives.
	pub given: Given,
	/// The part of `taken` that is the fee; it stays in the pool.
	pub fee: Taken,
}

/// A bound on the price at which a trade ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PriceLimit {
	/// Rao of TAO for one alpha (1e9 rao of alpha): the most that a buy, the least that a sale may move the price to.
	pub price: TaoBalance,
	/// Whether the part of the trade that the limit allows is made; else a trade that passes the limit is refused.
	pub allow_partial: bool,
}

/// The price of a subnet's alpha.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct SubnetPrice {
	/// The subnet.
	pub netuid: NetUid,
	/// Rao of TAO for one alpha.
	pub price: u64,
}

/// What a trade would move, and what it would cost. All zero where it is not possible.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct SimSwapResult {
	/// TAO that changes hands, in rao.
	pub tao_amount: TaoBalance,
	/// Alpha that changes hands, in rao.
	pub alpha_amount: AlphaBalance,
	/// The fee of a purchase; part of the TAO that is paid.
	pub tao_fee: TaoBalance,
	/// The fee of a sale; part of the alpha that is sold.
	pub alpha_fee: AlphaBalance,
	/// What a sale gives less than its alpha, without the fee, is worth at the price before it.
	pub tao_slippage: TaoBalance,
	/// What a purchase gives less than its TAO, without the fee, is worth at the price before it.
	pub alpha_slippage: AlphaBalance,
}

impl PriceLimit {
	/// A limit.
	pub const fn new(price: TaoBalance, allow_partial: bool) -> Self {
		Self { price, allow_partial }
	}
}

/// Why a pool refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolRefusal {
	/// The subnet has no pool.
	NoPool,
	/// The subnet has a pool already.
	PoolExists,
	/// The pool is too small for the trade, or would be empty after it.
	InsufficientLiquidity,
	/// The trade passes the price limit and may not be made in part.
	PriceLimitPassed,
	/// The price is at or beyond the limit already, so that not even a part of the trade can be made.
	NothingWithinLimit,
	/// A number does not fit.
	Overflow,
}

/// The pools of all subnets.
pub trait SubnetPools {
	/// Opens the pool of a subnet.
	fn open(netuid: NetUid, reserves: Reserves) -> Result<(), PoolRefusal>;

	/// The least of each token that a pool opens with, in rao.
	fn least_reserve() -> u64;

	/// Removes the pool of a subnet and returns what was in it and [set aside](SubnetPools::set_aside); nothing where there
	/// was none.
	fn close(netuid: NetUid) -> Reserves;

	/// What is in a pool; `None` where there is none.
	fn reserves(netuid: NetUid) -> Option<Reserves>;

	/// TAO for one alpha: 1 for root, 0 for a subnet without a pool.
	fn price(netuid: NetUid) -> U64F64;

	/// What was added to a pool and no trade can touch, because the price could not have been kept with it among the
	/// reserves. It becomes part of the reserves with a later [`SubnetPools::inject`] as soon as that can be.
	fn set_aside(_netuid: NetUid) -> Reserves {
		Reserves::default()
	}

	/// Adds emission to a pool; the price stays the same, whatever the proportion. What cannot be added so is
	/// [set aside](SubnetPools::set_aside).
	fn inject(netuid: NetUid, added: Reserves) -> Result<(), PoolRefusal>;

	/// What [`SubnetPools::buy`] would do now.
	fn quote_buy(
		netuid: NetUid,
		tao: TaoBalance,
		limit: Option<PriceLimit>,
	) -> Result<Trade<TaoBalance, AlphaBalance>, PoolRefusal>;

	/// What [`SubnetPools::sell`] would do now.
	fn quote_sell(
		netuid: NetUid,
		alpha: AlphaBalance,
		limit: Option<PriceLimit>,
	) -> Result<Trade<AlphaBalance, TaoBalance>, PoolRefusal>;

	/// Buys alpha from a pool for TAO.
	fn buy(
		netuid: NetUid,
		tao: TaoBalance,
		limit: Option<PriceLimit>,
	) -> Result<Trade<TaoBalance, AlphaBalance>, PoolRefusal>;

	/// Sells alpha to a pool for TAO.
	fn sell(
		netuid: NetUid,
		alpha: AlphaBalance,
		limit: Option<PriceLimit>,
	) -> Result<Trade<AlphaBalance, TaoBalance>, PoolRefusal>;
}
