//! The arithmetic of root dividends: one pot of alpha, shared by those who stake TAO on one hotkey; pure.
//!
//! A dividend is one addition to what a rao of stake has earned since the pot began, however many share in it. A staker's
//! part is settled before the stake changes: the stake times what a rao earned since the last settlement. Both have 64
//! fractional bits and both are exact: what the division of a dividend leaves is carried to the next one, and a settled
//! part keeps its fraction. So at any time the parts of all stakers and the remainder add up to the pot, to the last bit.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use ganglion_primitives::AlphaBalance;
use scale_info::TypeInfo;

/// Fractional bits of what a rao earned, and of what a staker is owed.
const FRACTION_BITS: u32 = 64;
const FRACTION: u128 = (1 << FRACTION_BITS) - 1;

/// A number does not fit, or there is nobody to share a dividend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PotError;

/// The dividends of one subnet to those who stake on root, on one hotkey.
#[derive(
	Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct RootPot {
	/// Block at which the subnet was registered that pays: another subnet of the same number has another pot.
	pub since: u64,
	/// Alpha that a rao of stake earned since the pot began, times 2^64.
	pub per_rao: u128,
	/// Alpha that is in the pot and was not divided, times 2^64.
	pub remainder: u128,
	/// Alpha in the pot, in rao.
	pub claimable: AlphaBalance,
}

/// What one staker is owed from such a pot.
#[derive(
	Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct RootClaim {
	/// [`RootPot::since`] of the pot.
	pub since: u64,
	/// [`RootPot::per_rao`] at the last settlement.
	pub per_rao: u128,
	/// Alpha settled and not claimed, times 2^64.
	pub owed: u128,
}

impl RootPot {
	/// An empty pot of the subnet that was registered at this block.
	pub(crate) fn new(since: u64) -> Self {
		Self {
			since,
			..Self::default()
		}
	}

	/// Divides a dividend by the stake that is on the hotkey. Changes nothing where it fails.
	pub(crate) fn add(&mut self, dividend: AlphaBalance, stake: u64) -> Result<(), PotError> {
		let stake = u128::from(stake);
		let amount = fixed(dividend).checked_add(self.remainder).ok_or(PotError)?;
		let per_rao = amount.checked_div(stake).ok_or(PotError)?;
		let remainder = amount.checked_rem(stake).ok_or(PotError)?;
		let next = Self {
			since: self.since,
			per_rao: self.per_rao.checked_add(per_rao).ok_or(PotError)?,
			remainder,
			claimable: self.claimable.checked_add(dividend).ok_or(PotError)?,
		};
		*self = next;
		Ok(())
	}
}

impl RootClaim {
	/// Brings a claim up to date for a stake that did not change since the last settlement. The claim on another subnet's
	/// pot is void.
	pub(crate) fn settle(&mut self, pot: &RootPot, stake: u64) -> Result<(), PotError> {
		let last = if self.since == pot.since {
			*self
		} else {
			Self::default()
		};
		let earned = pot.per_rao.checked_sub(last.per_rao).ok_or(PotError)?;
		let earned = earned.checked_mul(u128::from(stake)).ok_or(PotError)?;
		*self = Self {
			since: pot.since,
			per_rao: pot.per_rao,
			owed: last.owed.checked_add(earned).ok_or(PotError)?,
		};
		Ok(())
	}

	/// The whole rao that are owed.
	pub(crate) fn whole(&self) -> AlphaBalance {
		AlphaBalance::new(u64::try_from(self.owed >> FRACTION_BITS).unwrap_or(u64::MAX))
	}

	/// Pays whole rao out of the pot; at most [`RootClaim::whole`].
	pub(crate) fn pay(&mut self, pot: &mut RootPot, alpha: AlphaBalance) -> Result<(), PotError> {
		let owed = self.owed.checked_sub(fixed(alpha)).ok_or(PotError)?;
		pot.claimable = pot.claimable.checked_sub(alpha).ok_or(PotError)?;
		self.owed = owed;
		Ok(())
	}

	/// Gives the fraction of a rao that is owed to all who share in the pot.
	pub(crate) fn leave_fraction(&mut self, pot: &mut RootPot) -> Result<(), PotError> {
		let fraction = self.owed & FRACTION;
		pot.remainder = pot.remainder.checked_add(fraction).ok_or(PotError)?;
		self.owed = self.owed.saturating_sub(fraction);
		Ok(())
	}
}

fn fixed(alpha: AlphaBalance) -> u128 {
	u128::from(alpha.get()) << FRACTION_BITS
}

#[cfg(test)]
mod tests {
	use super::*;
	use num_rational::Ratio;
	use proptest::prelude::*;

	/// More than there will ever be of alpha or TAO.
	const MOST: u64 = 21_000_000_000_000_000;

	#[derive(Clone, Copy, Debug)]
	enum Step {
		Dividend(u64),
		Stake(usize, u64),
		Unstake(usize, u64),
		Claim(usize),
		Leave(usize),
	}

	fn step() -> impl Strategy<Value = Step> {
		prop_oneof![
			(0..MOST / 1_000).prop_map(Step::Dividend),
			(0..1_000_u64).prop_map(Step::Dividend),
			(0..4_usize, 1..MOST / 10_000).prop_map(|(who, amount)| Step::Stake(who, amount)),
			(0..4_usize, 1..100_u64).prop_map(|(who, amount)| Step::Stake(who, amount)),
			(0..4_usize, 1..=100_u64).prop_map(|(who, percent)| Step::Unstake(who, percent)),
			(0..4_usize).prop_map(Step::Claim),
			(0..4_usize).prop_map(Step::Leave),
		]
	}

	/// A pot with four stakers, and what each has earned by exact arithmetic.
	#[derive(Default)]
	struct World {
		pot: RootPot,
		claims: [RootClaim; 4],
		stakes: [u64; 4],
		claimed: [u64; 4],
		exact: [Ratio<i128>; 4],
		paid_in: u64,
	}

	impl World {
		fn total(&self) -> u64 {
			self.stakes.iter().sum()
		}

		fn settle(&mut self, who: usize) {
			self.claims[who].settle(&self.pot, self.stakes[who]).unwrap();
		}

		fn step(&mut self, step: Step) {
			match step {
				Step::Dividend(amount) => {
					let total = self.total();
					let paid = self.pot.add(AlphaBalance::new(amount), total);
					assert_eq!(paid.is_ok(), total > 0);
					if total > 0 {
						self.paid_in += amount;
					}
				}
				Step::Stake(who, amount) => {
					self.settle(who);
					self.stakes[who] += amount;
				}
				Step::Unstake(who, percent) => {
					self.settle(who);
					self.stakes[who] -= self.stakes[who] / 100 * percent;
				}
				Step::Claim(who) => {
					self.settle(who);
					let whole = self.claims[who].whole();
					self.claims[who].pay(&mut self.pot, whole).unwrap();
					self.claimed[who] += whole.get();
				}
				Step::Leave(who) => {
					self.settle(who);
					self.stakes[who] = 0;
					self.claims[who].leave_fraction(&mut self.pot).unwrap();
				}
			}
		}

		/// All that is owed, and the remainder, is what is in the pot; and that is what came in less what went out.
		fn check(&self) {
			let mut owed = self.pot.remainder;
			for (claim, stake) in self.claims.iter().zip(&self.stakes) {
				let mut claim = *claim;
				claim.settle(&self.pot, *stake).unwrap();
				owed += claim.owed;
			}
			assert_eq!(owed, fixed(self.pot.claimable));
			assert_eq!(
				self.pot.claimable.get() + self.claimed.iter().sum::<u64>(),
				self.paid_in
			);
		}
	}

	proptest! {
		#[test]
		fn all_parts_add_up_to_the_pot_to_the_last_bit(steps in prop::collection::vec(step(), 1..60)) {
			let mut world = World::default();
			for step in steps {
				world.step(step);
				world.check();
			}
		}

		/// With small numbers, against exact rationals: nobody gets more than their due, nor a rao less.
		#[test]
		fn each_gets_what_exact_arithmetic_says(
			steps in prop::collection::vec((0..4_usize, 0..1_000_u64, 0..20_u64, any::<bool>()), 1..12),
		) {
			let mut world = World::default();
			for (who, dividend, stake, claims) in steps {
				world.settle(who);
				world.stakes[who] = stake;
				let total = world.total();
				if world.pot.add(AlphaBalance::new(dividend), total).is_ok() {
					world.paid_in += dividend;
					for (exact, stake) in world.exact.iter_mut().zip(&world.stakes) {
						*exact += Ratio::new(i128::from(dividend) * i128::from(*stake), i128::from(total));
					}
				}
				if claims {
					world.step(Step::Claim(who));
				}
				world.check();
			}
			for who in 0..4 {
				world.step(Step::Claim(who));
				let exact = world.exact[who];
				let got = Ratio::from_integer(i128::from(world.claimed[who]));
				// The carried remainder may go to another dividend's stakers: far less than a rao.
				prop_assert!(got <= exact + Ratio::new(1, 1 << 40), "{got} of {exact}");
				prop_assert!(got + 1 >= exact - Ratio::new(1, 1 << 40), "{got} of {exact}");
			}
		}
	}

	#[test]
	fn a_pot_of_another_subnet_voids_a_claim() {
		let mut pot = RootPot::new(5);
		let mut claim = RootClaim::default();
		claim.settle(&pot, 10).unwrap();
		pot.add(AlphaBalance::new(100), 10).unwrap();
		claim.settle(&pot, 10).unwrap();
		assert_eq!(claim.whole().get(), 100);
		let mut pot = RootPot::new(9);
		pot.add(AlphaBalance::new(20), 10).unwrap();
		claim.settle(&pot, 10).unwrap();
		assert_eq!((claim.since, claim.whole().get()), (9, 20));
	}

	#[test]
	fn what_does_not_fit_changes_nothing() {
		let mut pot = RootPot::new(1);
		pot.add(AlphaBalance::MAX, 1).unwrap();
		let before = pot;
		assert_eq!(pot.add(AlphaBalance::new(1), 1), Err(PotError));
		assert_eq!(pot.add(AlphaBalance::new(1), 0), Err(PotError));
		assert_eq!(pot, before);
		let mut claim = RootClaim::default();
		assert_eq!(claim.settle(&pot, u64::MAX), Err(PotError));
		claim.settle(&pot, 1).unwrap();
		assert_eq!(claim.whole(), AlphaBalance::MAX);
		assert_eq!(RootClaim::default().pay(&mut pot, AlphaBalance::new(1)), Err(PotError));
		assert_eq!(pot, before);
	}
}
