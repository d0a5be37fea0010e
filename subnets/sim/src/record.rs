//! What a run leaves behind.

use serde::Serialize;

/// Most points of a run's curves.
pub const MAX_POINTS: u32 = 240;

/// What a group got and spent in a run, in alpha unless said otherwise.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Totals {
	/// Earned as miners.
	pub mined: f64,
	/// Earned as validators: dividends of all stake on them, root's part included.
	pub dividends: f64,
	/// The part of the dividends that the validators themselves keep: take, and what their own stake earns.
	pub kept: f64,
	/// What their work cost.
	pub work: f64,
	/// What registrations cost, at the price of alpha at the time.
	pub registrations: f64,
	/// Bribes received.
	pub bribes_received: f64,
	/// Bribes paid.
	pub bribes_paid: f64,
	/// Alpha bought from the pool.
	pub bought: f64,
	/// TAO from sales, less TAO spent on purchases.
	pub tao_from_trades: f64,
	/// Uids held, summed over epochs.
	pub uid_epochs: f64,
	/// Stake, summed over epochs.
	pub stake_epochs: f64,
	/// Times that a member was replaced.
	pub replaced: u32,
}

impl Totals {
	/// Everything earned.
	pub fn earned(&self) -> f64 {
		self.mined + self.dividends + self.bribes_received
	}

	/// Everything earned less what it cost.
	pub fn profit(&self) -> f64 {
		self.earned() - self.work - self.registrations - self.bribes_paid
	}

	/// Adds another group's totals, or another run's.
	pub fn add(&mut self, other: &Self) {
		self.mined += other.mined;
		self.dividends += other.dividends;
		self.kept += other.kept;
		self.work += other.work;
		self.registrations += other.registrations;
		self.bribes_received += other.bribes_received;
		self.bribes_paid += other.bribes_paid;
		self.bought += other.bought;
		self.tao_from_trades += other.tao_from_trades;
		self.uid_epochs += other.uid_epochs;
		self.stake_epochs += other.stake_epochs;
		self.replaced += other.replaced;
	}
}

/// One moment of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Point {
	/// The epoch, from 1.
	pub epoch: u32,
	/// Price of one alpha, in TAO.
	pub price_tao: f64,
	/// Gini coefficient of the validators' stakes: 0 where all are alike, towards 1 where one has everything.
	pub gini: f64,
	/// How many validators together have more than half of the stake.
	pub half_of_stake: u16,
	/// Each group's share of the epoch's payout.
	pub payout: Vec<f64>,
	/// Each group's share of the stake.
	pub stake: Vec<f64>,
}

/// One run of a scenario.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Run {
	/// Its seed.
	pub seed: u64,
	/// What each group got: validators, miners, strangers, in the order of [`Outcome::groups`].
	pub totals: Vec<Totals>,
	/// The curves.
	pub points: Vec<Point>,
	/// Registrations refused because everybody was immune.
	pub refused_registrations: u32,
	/// How far validators agree: their mean trust, by stake, over the epochs.
	pub trust: f64,
	/// How well incentives follow true quality: the correlation of a miner's share of incentive with its utility, over the
	/// epochs. 1 is perfect.
	pub fidelity: f64,
}

/// All runs of a scenario.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
	/// Names of the groups: validators, then miners, then strangers.
	pub groups: Vec<String>,
	/// One run for each seed, in order.
	pub runs: Vec<Run>,
}

impl Outcome {
	/// A group's totals over all runs, divided by their number.
	pub fn mean(&self, group: usize) -> Totals {
		let mut sum = Totals::default();
		for totals in self.runs.iter().filter_map(|run| run.totals.get(group)) {
			sum.add(totals);
		}
		let runs = self.runs.len().max(1) as f64;
		Totals {
			mined: sum.mined / runs,
			dividends: sum.dividends / runs,
			kept: sum.kept / runs,
			work: sum.work / runs,
			registrations: sum.registrations / runs,
			bribes_received: sum.bribes_received / runs,
			bribes_paid: sum.bribes_paid / runs,
			bought: sum.bought / runs,
			tao_from_trades: sum.tao_from_trades / runs,
			uid_epochs: sum.uid_epochs / runs,
			stake_epochs: sum.stake_epochs / runs,
			replaced: (f64::from(sum.replaced) / runs).round() as u32,
		}
	}

	/// The place of a group of this name.
	pub fn group(&self, name: &str) -> Option<usize> {
		self.groups.iter().position(|group| group == name)
	}
}

/// The Gini coefficient of amounts: `Σ (2i - n - 1) x_i / (n Σ x)` over the sorted amounts, i from 1; 0 where there is
/// nothing.
///
/// ```
/// assert_eq!(subnet_sim::gini(&mut [5.0, 5.0]), 0.0);
/// assert_eq!(subnet_sim::gini(&mut [0.0, 0.0, 0.0, 8.0]), 0.75);
/// ```
pub fn gini(amounts: &mut [f64]) -> f64 {
	amounts.sort_unstable_by(f64::total_cmp);
	let sum: f64 = amounts.iter().sum();
	if sum <= 0.0 {
		return 0.0;
	}
	let n = amounts.len() as f64;
	let ranks = amounts.iter().enumerate();
	let weighted: f64 = ranks
		.map(|(index, amount)| (2.0 * (index as f64 + 1.0) - n - 1.0) * amount)
		.sum();
	weighted / (n * sum)
}

/// How many of the largest amounts make up more than half of all.
pub(crate) fn half_of(amounts: &mut [f64]) -> u16 {
	amounts.sort_unstable_by(|a, b| b.total_cmp(a));
	let half = amounts.iter().sum::<f64>() / 2.0;
	let mut sum = 0.0;
	let needed = amounts.iter().position(|amount| {
		sum += amount;
		sum > half
	});
	needed.map_or(0, |index| u16::try_from(index + 1).unwrap_or(u16::MAX))
}

/// Pearson's correlation, gathered pair by pair.
#[derive(Clone, Debug, Default)]
pub(crate) struct Correlation {
	n: f64,
	x: f64,
	y: f64,
	xx: f64,
	yy: f64,
	xy: f64,
}

impl Correlation {
	pub(crate) fn note(&mut self, x: f64, y: f64) {
		self.n += 1.0;
		self.x += x;
		self.y += y;
		self.xx += x * x;
		self.yy += y * y;
		self.xy += x * y;
	}

	/// 0 where one of the two does not vary.
	pub(crate) fn value(&self) -> f64 {
		let covariance = self.n * self.xy - self.x * self.y;
		let variances = (self.n * self.xx - self.x * self.x) * (self.n * self.yy - self.y * self.y);
		if variances > 0.0 {
			covariance / variances.sqrt()
		} else {
			0.0
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn concentration() {
		assert_eq!(half_of(&mut [1.0, 1.0, 1.0]), 2);
		assert_eq!(half_of(&mut [10.0, 1.0, 1.0]), 1);
		assert_eq!((half_of(&mut []), gini(&mut [])), (0, 0.0));
		assert!((gini(&mut [1.0, 3.0]) - 0.25).abs() < 1e-12);
	}

	#[test]
	fn correlation_of_lines() {
		let mut line = Correlation::default();
		for x in [0.0, 1.0, 2.0] {
			line.note(x, 5.0 - x);
		}
		assert!((line.value() + 1.0).abs() < 1e-12);
		assert_eq!(Correlation::default().value(), 0.0);
	}
}
