//! How much honest work an honest majority needs to keep its share of the stake.
//!
//! The construction is that of the network's own Monte Carlo study (*Yuma Consensus*, "Consensus guarantees"): 512 neurons, of
//! which 64 validate. A part of the validators and as large a part of the miners, as large as their stake, is honest, the
//! rest is one cabal. Honest validators give the share `W_H` of their weights to honest miners, which is true, and cabal
//! validators the share `W_C` to their own, which is not. A weight is normally distributed around its mean with a deviation
//! of σ times the mean, a stake with a deviation of 0.3 times the mean. One epoch without old bonds gives the payouts; the
//! honest side keeps its stake where its share of the payout is at least its share of the stake.

use yuma::{Entry, EpochInput, EpochOutput, MechanismInput, Parameters, Workspace};

use crate::random::{Purpose, normal, stream};

/// Neurons of the construction.
const NEURONS: usize = 512;
/// Validators among them.
const VALIDATORS: usize = 64;
/// Deviation of stakes, of their mean.
const STAKE_DEVIATION: f64 = 0.3;
/// All stake, in rao.
const ALL_STAKE: f64 = 21e15;
/// Steps of the cabal's weight on itself, from 0 to 1.
const CABAL_STEPS: u32 = 25;
/// Halvings in the search of the required utility: to less than a two-hundredth.
const HALVINGS: u32 = 8;

/// The rules that the study varies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules {
	/// Stake that has to support a consensus.
	pub kappa: f64,
	/// How far bonds follow clipped weights.
	pub bonds_penalty: f64,
	/// The validators' share of the payout.
	pub emission_ratio: f64,
}

/// κ of one half, the full bonds penalty, half of the payout for validators.
pub const USUAL_RULES: Rules = Rules {
	kappa: 0.5,
	bonds_penalty: 1.0,
	emission_ratio: 0.5,
};

impl Rules {
	/// With another κ.
	#[must_use]
	pub const fn with_kappa(self, kappa: f64) -> Self {
		Self { kappa, ..self }
	}

	/// With another bonds penalty.
	#[must_use]
	pub const fn with_bonds_penalty(self, bonds_penalty: f64) -> Self {
		Self { bonds_penalty, ..self }
	}

	/// With another share for validators.
	#[must_use]
	pub const fn with_emission_ratio(self, emission_ratio: f64) -> Self {
		Self { emission_ratio, ..self }
	}
}

/// One random network that is split into an honest side and a cabal.
#[derive(Clone, Debug)]
pub struct SplitNetwork {
	honest_stake: f64,
	honest_validators: usize,
	honest_miners: usize,
	stake: Vec<u64>,
	/// For each validator, each miner's part of what its side gets.
	parts: Vec<Vec<f64>>,
}

impl SplitNetwork {
	/// A network in which the honest side has this share of the stake, and weights deviate by `sigma`.
	pub fn new(honest_stake: f64, sigma: f64, seed: u64) -> Self {
		let miners = NEURONS - VALIDATORS;
		let side = |of: usize| ((honest_stake * of as f64) as usize).clamp(1, of - 1);
		let (honest_validators, honest_miners) = (side(VALIDATORS), side(miners));
		let mut rng = stream(seed, Purpose::Published, 0, 0);
		let mut sample = |count: usize, deviation: f64| -> Vec<f64> {
			let values: Vec<f64> = (0..count)
				.map(|_| (1.0 + deviation * normal(&mut rng)).max(0.0))
				.collect();
			let sum: f64 = values.iter().sum();
			values.iter().map(|value| value / sum.max(f64::MIN_POSITIVE)).collect()
		};
		let mut stake = Vec::with_capacity(VALIDATORS);
		for (share, count) in [
			(honest_stake, honest_validators),
			(1.0 - honest_stake, VALIDATORS - honest_validators),
		] {
			let parts = sample(count, STAKE_DEVIATION);
			stake.extend(parts.iter().map(|part| (share * part * ALL_STAKE) as u64));
		}
		let parts = (0..VALIDATORS)
			.map(|_| {
				let mut row = sample(honest_miners, sigma);
				row.extend(sample(miners - honest_miners, sigma));
				row
			})
			.collect();
		Self {
			honest_stake,
			honest_validators,
			honest_miners,
			stake,
			parts,
		}
	}

	/// The honest side's share of the payout, with this honest utility and this weight of the cabal on itself.
	pub fn honest_payout(&self, utility: f64, cabal_weight: f64, rules: &Rules) -> f64 {
		let rows = self.rows(utility, cabal_weight);
		let borrowed: Vec<&[Entry]> = rows.iter().map(Vec::as_slice).collect();
		let input = EpochInput {
			n: NEURONS as u16,
			block: 2,
			last_mechanism_step_block: 0,
			owner_uid: None,
			emission: 1_000_000_000,
			block_at_registration: &[0; NEURONS],
			stake: &self.stake,
			validator_permits: &[true; VALIDATORS],
			mechanisms: &[MechanismInput {
				last_update: &[1; NEURONS],
				weights: &borrowed,
				..MechanismInput::default()
			}],
			parameters: Parameters {
				kappa: (rules.kappa * f64::from(u16::MAX)) as u16,
				bonds_penalty: (rules.bonds_penalty * f64::from(u16::MAX)).round() as u16,
				bonds_moving_average: 900_000,
				yuma3: false,
				liquid_alpha: None,
				max_allowed_validators: VALIDATORS as u16,
				activity_cutoff: 5_000,
				stake_threshold: 0,
				tempo: 360,
			},
		};
		let mut output = EpochOutput::default();
		yuma::run_epoch(&input, &mut Workspace::default(), &mut output);
		let side = |shares: &[u16], is_honest: &dyn Fn(usize) -> bool| {
			let of = |(uid, share): (usize, &u16)| if is_honest(uid) { f64::from(*share) } else { 0.0 };
			let all: f64 = shares.iter().map(|share| f64::from(*share)).sum();
			shares.iter().enumerate().map(of).sum::<f64>() / all.max(1.0)
		};
		if output
			.incentive
			.iter()
			.chain(&output.dividends)
			.all(|share| *share == 0)
		{
			// There is no consensus about anybody, and stake is paid.
			return self.honest_stake;
		}
		let miners = VALIDATORS..VALIDATORS + self.honest_miners;
		let incentive = side(&output.incentive, &|uid| miners.contains(&uid));
		let dividends = side(&output.dividends, &|uid| uid < self.honest_validators);
		rules.emission_ratio * dividends + (1.0 - rules.emission_ratio) * incentive
	}

	fn rows(&self, utility: f64, cabal_weight: f64) -> Vec<Vec<Entry>> {
		let row = |(validator, parts): (usize, &Vec<f64>)| {
			let is_honest = validator < self.honest_validators;
			let (first, second) = if is_honest {
				(utility, 1.0 - utility)
			} else {
				(1.0 - cabal_weight, cabal_weight)
			};
			let weight = |place: usize| if place < self.honest_miners { first } else { second };
			let shares: Vec<f64> = parts
				.iter()
				.enumerate()
				// What a client does with a share before it signs it.
				.map(|(place, part)| (weight(place) * part * f64::from(u16::MAX)).floor())
				.collect();
			let highest = shares.iter().copied().fold(1.0, f64::max);
			(VALIDATORS as u16..)
				.zip(shares)
				.filter(|(_, share)| *share > 0.0)
				.map(|(uid, share)| (uid, (share * f64::from(u16::MAX) / highest) as u16))
				.collect()
		};
		self.parts.iter().enumerate().map(row).collect()
	}

	/// The lowest payout of the honest side, whatever weight the cabal has on itself.
	pub fn worst_payout(&self, utility: f64, rules: &Rules) -> f64 {
		let weights = (0..=CABAL_STEPS).map(|step| f64::from(step) / f64::from(CABAL_STEPS));
		let payouts = weights.map(|weight| self.honest_payout(utility, weight, rules));
		payouts.fold(1.0, f64::min)
	}

	/// Whether the honest side gets at least its share of the stake, whatever weight the cabal has on itself. High weights do
	/// the most harm, and come first.
	fn keeps_its_stake(&self, utility: f64, rules: &Rules) -> bool {
		let mut weights = (0..=CABAL_STEPS)
			.rev()
			.map(|step| f64::from(step) / f64::from(CABAL_STEPS));
		weights.all(|weight| self.honest_payout(utility, weight, rules) >= self.honest_stake)
	}

	/// The lowest honest utility with which the honest side keeps its share of the stake, whatever weight the cabal has on
	/// itself; 1 where none is enough. A search by halves, as more utility never pays less.
	pub fn required_utility(&self, rules: &Rules) -> f64 {
		let (mut too_low, mut enough) = (0.0, 1.0);
		for _ in 0..HALVINGS {
			let middle = (too_low + enough) / 2.0;
			if self.keeps_its_stake(middle, rules) {
				enough = middle;
			} else {
				too_low = middle;
			}
		}
		enough
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn without_deviation_utility_pays_miners_and_stake_pays_validators() {
		let network = SplitNetwork::new(0.6, 0.0, 1);
		let payout = network.honest_payout(0.7, 0.3, &USUAL_RULES);
		assert!((payout - 0.65).abs() < 0.01, "{payout}");
		// A cabal that praises itself is clipped, and loses bonds.
		let attacked = network.honest_payout(0.7, 1.0, &USUAL_RULES);
		assert!(attacked > payout, "{attacked}");
	}

	#[test]
	fn networks_repeat() {
		let payout = |seed| SplitNetwork::new(0.6, 0.4, seed).honest_payout(0.7, 0.8, &USUAL_RULES);
		assert_eq!(payout(3), payout(3));
		assert_ne!(payout(3), payout(4));
	}
}
