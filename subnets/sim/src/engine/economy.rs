//! Money of the subnet: what blocks emit, how it is split, and the pool. All in rao.

use swap_math::{Direction, Pool};

use crate::money::{RAO, block_emission, of_u16, part, rao};
use crate::scenario::Economy;

/// Pool, issuance and what waits for the epoch.
#[derive(Clone, Debug)]
pub(crate) struct Treasury {
	pub(crate) pool: Pool,
	/// Alpha in existence: in the pool and outside.
	pub(crate) alpha_issuance: u64,
	tao_issuance: u64,
	tao_share: f64,
	owner_cut: u16,
	tao_weight: f64,
	fee_rate: u16,
	/// What the next epoch distributes.
	pub(crate) pending: Pending,
	/// Alpha paid to the subnet's owner.
	pub(crate) owner_alpha: u64,
	/// Alpha given to those who stake on root.
	pub(crate) root_alpha: u64,
	/// Alpha that TAO without alpha beside it has bought: nobody's.
	pub(crate) protocol_alpha: u64,
	/// The present price of a registration.
	pub(crate) burn: u64,
	min_burn: u64,
	max_burn: u64,
	burn_increase: f64,
	/// What is left after an epoch of a price's excess above its floor.
	burn_left: f64,
}

/// Alpha that waits for the epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pending {
	pub(crate) servers: u64,
	pub(crate) validators: u64,
	pub(crate) root: u64,
}

impl Pending {
	pub(crate) fn sum(&self) -> u64 {
		self.servers + self.validators + self.root
	}
}

impl Treasury {
	/// At the start. `staked` is the alpha outside of the pool.
	pub(crate) fn new(economy: &Economy, tempo: u16, staked: u64) -> Self {
		let (tao, alpha) = (rao(economy.pool_tao).max(1), rao(economy.pool_alpha).max(1));
		let Some(pool) = Pool::new(tao, alpha) else {
			unreachable!("a pool refuses nothing but reserves of zero");
		};
		let halvings = f64::from(tempo) / f64::from(economy.burn_half_life_blocks);
		Self {
			pool,
			alpha_issuance: alpha.saturating_add(staked),
			tao_issuance: rao(economy.tao_issuance),
			tao_share: economy.tao_share,
			owner_cut: of_u16(economy.owner_cut),
			tao_weight: economy.tao_weight,
			fee_rate: of_u16(economy.swap_fee),
			pending: Pending::default(),
			owner_alpha: 0,
			root_alpha: 0,
			protocol_alpha: 0,
			burn: rao(economy.min_burn_tao),
			min_burn: rao(economy.min_burn_tao),
			max_burn: rao(economy.max_burn_tao),
			burn_increase: economy.burn_increase,
			burn_left: 0.5_f64.powf(halvings),
		}
	}

	/// TAO on root as it counts beside alpha.
	pub(crate) fn weighted_root(&self, root_tao: u64) -> u64 {
		(root_tao as f64 * self.tao_weight) as u64
	}

	/// The emission of the blocks of an epoch. A block's emission and price are those of the first of them: issuance moves by
	/// less than a thousandth in an epoch. `root_tao` is all TAO on root behind the subnet's validators.
	pub(crate) fn emit(&mut self, blocks: u16, root_tao: u64) {
		let blocks = u64::from(blocks);
		let tao = block_emission(self.tao_issuance) * blocks;
		let alpha = block_emission(self.alpha_issuance) * blocks;
		self.tao_issuance = self.tao_issuance.saturating_add(tao);
		let injected = (tao as f64 * self.tao_share) as u64;
		self.inject(injected, alpha);
		self.alpha_issuance = self.alpha_issuance.saturating_add(alpha);
		self.split(alpha, root_tao);
	}

	/// TAO goes into the pool with as much new alpha as it is worth, at most what the subnet emits; the rest of the TAO buys
	/// alpha.
	fn inject(&mut self, tao: u64, cap: u64) {
		let worth = self.pool.worth(Direction::Buy, tao);
		let alpha = worth.min(cap);
		let with_alpha = if worth > cap { part(tao, cap, worth) } else { tao };
		if let Some(injection) = self.pool.inject(with_alpha, alpha) {
			self.alpha_issuance = self.alpha_issuance.saturating_add(alpha - injection.excess_alpha);
			self.pool = injection.pool;
		}
		let excess = tao - with_alpha;
		let bought = self.trade(Direction::Buy, excess, 0);
		self.protocol_alpha = self.protocol_alpha.saturating_add(bought);
	}

	/// The owner's cut rounded down, half of the rest rounded down to validators, what is left to miners. Of the validators'
	/// half root gets `w / (w + issuance)` with `w` the weighted TAO on root.
	fn split(&mut self, alpha: u64, root_tao: u64) {
		let owner = part(alpha, u64::from(self.owner_cut), u64::from(u16::MAX));
		let half = (alpha - owner) / 2;
		let root = self.weighted_root(root_tao);
		let root = part(half, root, root.saturating_add(self.alpha_issuance));
		self.owner_alpha = self.owner_alpha.saturating_add(owner);
		self.pending.servers += alpha - owner - half;
		self.pending.validators += half - root;
		self.pending.root += root;
	}

	/// A trade with the pool; gives what it paid, or 0 where the pool refuses.
	fn trade(&mut self, direction: Direction, offered: u64, fee_rate: u16) -> u64 {
		let Ok(fill) = self.pool.quote(direction, offered, fee_rate, None) else {
			return 0;
		};
		match self.pool.after(direction, &fill) {
			Some(pool) => {
				self.pool = pool;
				fill.given
			}
			None => 0,
		}
	}

	/// Buys alpha from the pool; 0 where it refuses.
	pub(crate) fn buy(&mut self, tao: u64) -> u64 {
		self.trade(Direction::Buy, tao, self.fee_rate)
	}

	/// Sells alpha to the pool; `None` where it refuses, and the seller keeps it.
	pub(crate) fn sell(&mut self, alpha: u64) -> Option<u64> {
		Some(self.trade(Direction::Sell, alpha, self.fee_rate)).filter(|tao| *tao > 0)
	}

	/// The price of one alpha, in TAO.
	pub(crate) fn price(&self) -> f64 {
		self.pool.price_rao() as f64 / RAO as f64
	}

	/// Takes the price of a registration and raises it for the next one. Gives what was paid.
	pub(crate) fn charge_registration(&mut self) -> u64 {
		let paid = self.burn;
		let raised = (paid as f64 * self.burn_increase).ceil() as u64;
		self.burn = raised.clamp(self.min_burn, self.max_burn);
		self.tao_issuance = self.tao_issuance.saturating_sub(paid);
		paid
	}

	/// An epoch passes: the price of a registration comes down.
	pub(crate) fn cool(&mut self) {
		let excess = self.burn.saturating_sub(self.min_burn);
		self.burn = self.min_burn + (excess as f64 * self.burn_left) as u64;
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn treasury() -> Treasury {
		Treasury::new(&Economy::default(), 360, rao(1_000_000.0))
	}

	#[test]
	fn all_that_is_emitted_is_somewhere() {
		let mut treasury = treasury();
		for _ in 0..100 {
			treasury.emit(360, rao(500_000.0));
		}
		let outside = rao(1_000_000.0) + treasury.owner_alpha + treasury.pending.sum() + treasury.protocol_alpha;
		assert_eq!(treasury.alpha_issuance, treasury.pool.alpha() + outside);
		// 100 epochs of 360 alpha, 18% for the owner.
		assert_eq!(treasury.owner_alpha / RAO, 6_479);
		assert!(treasury.pending.root > 0);
		let validators = treasury.pending.validators + treasury.pending.root;
		assert!(treasury.pending.servers - validators <= 100);
	}

	#[test]
	fn more_tao_than_alpha_buys_from_the_pool() {
		let mut treasury = Treasury::new(
			&Economy {
				tao_share: 1.0,
				..Economy::default()
			},
			360,
			0,
		);
		let before = treasury.price();
		treasury.emit(360, 0);
		assert!(treasury.protocol_alpha > 0 && treasury.price() > before);
	}

	#[test]
	fn a_round_trip_through_the_pool_loses() {
		let mut treasury = treasury();
		let alpha = treasury.buy(rao(100.0));
		let tao = treasury.sell(alpha).unwrap();
		assert!(tao < rao(100.0) && tao > rao(99.0), "{tao}");
		assert_eq!(treasury.sell(0), None);
	}

	#[test]
	fn registrations_get_dearer_and_cheaper_again() {
		let mut treasury = treasury();
		let first = treasury.charge_registration();
		assert!(treasury.burn > first);
		(0..200).for_each(|_| treasury.cool());
		assert!(treasury.burn <= first + 1);
	}
}
