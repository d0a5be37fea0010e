//! What a weight copier gains, and what commit-reveal leaves of it.
//!
//! The construction is that of *Weight Copying in Bittensor* and the code published with it, in its synthetic form (the other
//! one replays weights of the network, which are not here). Miners have one of three qualities, validators see them with a
//! deviation of 0.06. From epoch to epoch about half of the miners get better in everybody's eyes: each validator's weight
//! on them grows by the absolute value of a draw from a normal distribution whose deviation is a part (`scale`) of the
//! weight. The copier first gives everybody the same weight. Then it sets the consensus of `period` epochs ago, which is
//! what commit-reveal leaves it; a period of 0 stands for no commit-reveal. Bonds are those of Yuma 2 with a pace of 0.1 and
//! the full penalty, κ is one half. Its relative gain is its dividends by stake over the median of those of the others.

use rand::Rng;
use yuma::{Entry, EpochInput, EpochOutput, MechanismInput, Parameters, Workspace};

use crate::random::{Purpose, normal, share, stream};

/// The periods of the table, in epochs.
pub(super) const PERIODS: [usize; 6] = [0, 1, 3, 7, 15, 23];
/// How exactly validators see qualities.
const DEVIATION: f64 = 0.06;
/// Qualities, and up to which draw a miner gets them.
const TIERS: [(f64, f64); 3] = [(0.4, 0.2), (0.7, 0.7), (1.0, 0.85)];
/// All stake, in rao.
const ALL_STAKE: f64 = 1e15;

/// The size of the construction, and how fast weights change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CopierStudy {
	/// Validators that do not copy.
	pub validators: u16,
	/// Miners.
	pub miners: u16,
	/// The copier's share of the stake.
	pub copier_stake: f64,
	/// Epochs in which the copier gives everybody the same weight.
	pub warm_up_epochs: usize,
	/// Epochs in which it copies.
	pub epochs: usize,
	/// The deviation of a weight's growth in an epoch, of the weight.
	pub scale: f64,
}

impl Default for CopierStudy {
	fn default() -> Self {
		Self {
			validators: 19,
			miners: 64,
			copier_stake: 0.05,
			warm_up_epochs: 30,
			epochs: 30,
			scale: 20.0,
		}
	}
}

/// What a copier earns by stake, over the median of the others.
pub type Gain = f64;

type Weights = Vec<Vec<f64>>;

impl CopierStudy {
	/// The relative gain with this period, the mean over the epochs in which the copier copies.
	pub fn relative_gain(&self, period: usize, seed: u64) -> Gain {
		let mut rng = stream(seed, Purpose::Published, 1, 0);
		let mut weights = self.first_weights(&mut rng);
		let stake = self.stake();
		let mut chain = Chain::default();
		let mut consensus: Vec<Vec<f64>> = Vec::new();
		let mut gains = Vec::with_capacity(self.epochs);
		let uniform = vec![1.0 / f64::from(self.miners); usize::from(self.miners)];
		for epoch in 0..self.warm_up_epochs + self.epochs {
			// What everybody thinks of this epoch, without the copier's having copied it.
			consensus.push(chain.preview(&weights, &uniform, &stake));
			let copied = epoch.checked_sub(period).and_then(|then| consensus.get(then));
			let row = copied
				.filter(|_| epoch >= self.warm_up_epochs)
				.unwrap_or(&uniform)
				.clone();
			let dividends = chain.epoch(&weights, &row, &stake);
			if epoch >= self.warm_up_epochs {
				gains.push(relative(&dividends, &stake));
			}
			self.change(&mut weights, &mut rng);
		}
		gains.iter().sum::<f64>() / gains.len().max(1) as f64
	}

	fn stake(&self) -> Vec<u64> {
		let each = (1.0 - self.copier_stake) / f64::from(self.validators);
		let honest = std::iter::repeat_n((each * ALL_STAKE) as u64, usize::from(self.validators));
		honest.chain([(self.copier_stake * ALL_STAKE) as u64]).collect()
	}

	fn first_weights(&self, rng: &mut impl Rng) -> Weights {
		let mut weights = vec![vec![0.0; usize::from(self.miners)]; usize::from(self.validators)];
		for miner in 0..usize::from(self.miners) {
			let draw = share(rng);
			let quality = TIERS
				.iter()
				.find(|(below, _)| draw < *below)
				.map_or(0.0, |(_, quality)| *quality);
			for row in &mut weights {
				row[miner] = (quality + DEVIATION * normal(rng)).clamp(0.0, 1.0);
			}
		}
		weights.iter_mut().for_each(|row| normalise(row));
		weights
	}

	fn change(&self, weights: &mut Weights, rng: &mut impl Rng) {
		for miner in 0..usize::from(self.miners) {
			let grows = share(rng) > 0.5;
			for row in weights.iter_mut() {
				let step = (row[miner] * self.scale * normal(rng)).abs();
				if grows {
					row[miner] += step;
				}
			}
		}
		weights.iter_mut().for_each(|row| normalise(row));
	}
}

fn normalise(row: &mut [f64]) {
	let sum: f64 = row.iter().sum();
	row.iter_mut().for_each(|weight| *weight /= sum.max(f64::MIN_POSITIVE));
}

/// The last one's dividends by stake, over the median of the others'.
fn relative(dividends: &[f64], stake: &[u64]) -> f64 {
	let mut rates: Vec<f64> = dividends
		.iter()
		.zip(stake)
		.map(|(earned, stake)| earned / *stake as f64)
		.collect();
	let copier = rates.pop().unwrap_or(0.0);
	rates.sort_unstable_by(f64::total_cmp);
	let middle = rates.len() / 2;
	let median = if rates.len() % 2 == 1 {
		rates[middle]
	} else {
		(rates[middle - 1] + rates[middle]) / 2.0
	};
	copier / median.max(f64::MIN_POSITIVE)
}

/// The epochs: validators first, the copier behind them, then the miners.
#[derive(Default)]
struct Chain {
	workspace: Workspace,
	output: EpochOutput,
	bonds: Vec<Vec<Entry>>,
}

impl Chain {
	/// The consensus about each miner, as shares; changes nothing.
	fn preview(&mut self, weights: &Weights, copier: &[f64], stake: &[u64]) -> Vec<f64> {
		self.run(weights, copier, stake);
		let mut consensus: Vec<f64> = self.output.consensus[stake.len()..]
			.iter()
			.map(|share| f64::from(*share))
			.collect();
		normalise(&mut consensus);
		consensus
	}

	/// Everybody's dividends; keeps the bonds.
	fn epoch(&mut self, weights: &Weights, copier: &[f64], stake: &[u64]) -> Vec<f64> {
		self.run(weights, copier, stake);
		self.bonds = self.output.mechanisms[0].bonds.iter().map(<[Entry]>::to_vec).collect();
		// Emission has more digits than the shares have.
		self.output.validator_emission[..stake.len()]
			.iter()
			.map(|rao| *rao as f64)
			.collect()
	}

	fn run(&mut self, weights: &Weights, copier: &[f64], stake: &[u64]) {
		let validators = stake.len();
		let n = validators + copier.len();
		let row = |shares: &[f64]| -> Vec<Entry> {
			let highest = shares.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
			let scaled = shares
				.iter()
				.map(|share| (share / highest * f64::from(u16::MAX)).round() as u16);
			(validators as u16..)
				.zip(scaled)
				.filter(|(_, weight)| *weight > 0)
				.collect()
		};
		let rows: Vec<Vec<Entry>> = weights.iter().map(|shares| row(shares)).chain([row(copier)]).collect();
		let weights: Vec<&[Entry]> = rows.iter().map(Vec::as_slice).collect();
		let bonds: Vec<&[Entry]> = self.bonds.iter().map(Vec::as_slice).collect();
		let input = EpochInput {
			n: n as u16,
			block: 1_000,
			last_mechanism_step_block: 900,
			owner_uid: None,
			emission: 1_000_000_000_000,
			block_at_registration: &vec![1; n],
			stake,
			validator_permits: &vec![true; validators],
			mechanisms: &[MechanismInput {
				last_update: &vec![990; n],
				weights: &weights,
				bonds: &bonds,
				..MechanismInput::default()
			}],
			parameters: Parameters {
				kappa: 32_767,
				bonds_penalty: u16::MAX,
				bonds_moving_average: 900_000,
				yuma3: false,
				liquid_alpha: None,
				max_allowed_validators: validators as u16,
				activity_cutoff: 5_000,
				stake_threshold: 0,
				tempo: 100,
			},
		};
		yuma::run_epoch(&input, &mut self.workspace, &mut self.output);
	}
}
