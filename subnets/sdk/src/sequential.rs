//! A test that may stop at any time: does a miner fail more often than an honest one can?

/// What one answer says about honesty: checks that an honest miner fails with a small, known probability.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
	/// Checks made, one a token or however the mechanism counts.
	pub trials: u32,
	/// How many of them failed.
	pub failures: u32,
}

/// The rate of failures that an honest miner may have, and how sure a verdict must be.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct TestParameters {
	/// Upper bound on the probability that one check of an honest miner fails, whatever came before it: from a calibration.
	pub honest_failure_rate: f64,
	/// Failure rates of cheats, to bet on with equal stakes; each above `honest_failure_rate` and below 1.
	pub cheat_failure_rates: [f64; 3],
	/// Upper bound on the probability that an honest miner is ever condemned.
	pub false_alarm: f64,
}

impl TestParameters {
	/// What mechanisms use unless their calibration says otherwise: an honest check fails once in a thousand at the most,
	/// cheats fail at 1%, 10% or 90% of them, and one honest answer in a thousand may be condemned.
	pub const STANDARD: Self = Self {
		honest_failure_rate: 1e-3,
		cheat_failure_rates: [0.01, 0.1, 0.9],
		false_alarm: 1e-3,
	};

	/// Whether the rates lie between 0 and 1, in the order that the test needs.
	pub fn is_sound(&self) -> bool {
		let within = |rate: f64| rate > 0.0 && rate < 1.0;
		within(self.honest_failure_rate)
			&& within(self.false_alarm)
			&& self
				.cheat_failure_rates
				.iter()
				.all(|rate| within(*rate) && *rate > self.honest_failure_rate)
	}
}

/// An e-process over checks that hold or fail.
///
/// Against each alternative rate `p` it keeps the likelihood ratio of Wald's sequential probability ratio test (A. Wald,
/// *Sequential Tests of Statistical Hypotheses*, 1945), `p / p₀` for a failure and `(1 - p) / (1 - p₀)` for a check that
/// held, where `p₀` is [`TestParameters::honest_failure_rate`], and averages the ratios. For a miner that fails with
/// probability at most `p₀` at each check, whatever came before, the average is a supermartingale that starts at 1, so that
/// it ever reaches `1 / false_alarm` with probability at most `false_alarm` (J. Ville, *Étude critique de la notion de
/// collectif*, 1939; A. Ramdas, P. Grünwald, V. Vovk, G. Shafer, *Game-Theoretic Statistics and Safe Anytime-Valid
/// Inference*, 2023). That holds wherever one stops, so a validator may look after every token.
///
/// ```
/// use subnet_sdk::{SequentialTest, TestParameters};
/// let mut test = SequentialTest::new(TestParameters::STANDARD);
/// test.observe(true);
/// assert!(!test.condemned(), "one failure is bad luck");
/// test.observe(true);
/// assert!(test.condemned(), "two in a row are not");
/// ```
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct SequentialTest {
	parameters: TestParameters,
	/// Natural logarithms of the ratios.
	log_ratios: [f64; 3],
	peak: f64,
}

impl SequentialTest {
	/// A test that has seen nothing. With parameters that are not [sound](TestParameters::is_sound) it means nothing.
	pub fn new(parameters: TestParameters) -> Self {
		Self {
			parameters,
			log_ratios: [0.0; 3],
			peak: 0.0,
		}
	}

	/// What it takes to go on later: the logarithms of the ratios, and the most evidence that there ever was.
	pub(crate) fn state(&self) -> ([f64; 3], f64) {
		(self.log_ratios, self.peak)
	}

	/// Goes on from a [`SequentialTest::state`]; `None` for one that no test has.
	pub(crate) fn resume(parameters: TestParameters, (log_ratios, peak): ([f64; 3], f64)) -> Option<Self> {
		let sound = log_ratios.iter().chain([&peak]).all(|number| number.is_finite());
		sound.then_some(Self {
			parameters,
			log_ratios,
			peak,
		})
	}

	/// Takes in one check.
	pub fn observe(&mut self, failed: bool) {
		self.observe_many(Evidence {
			trials: 1,
			failures: u32::from(failed),
		});
	}

	/// Takes in checks whose order does not matter any more: only the state after the last of them is looked at.
	pub fn observe_many(&mut self, evidence: Evidence) {
		let failures = f64::from(evidence.failures.min(evidence.trials));
		let held = f64::from(evidence.trials) - failures;
		let honest = self.parameters.honest_failure_rate;
		for (log_ratio, rate) in self.log_ratios.iter_mut().zip(self.parameters.cheat_failure_rates) {
			*log_ratio += failures * (rate / honest).ln() + held * ((1.0 - rate) / (1.0 - honest)).ln();
		}
		self.peak = self.peak.max(self.log_evidence());
	}

	/// The natural logarithm of the evidence against the miner now: 0 at the start, below it for a clean record.
	pub fn log_evidence(&self) -> f64 {
		let largest = self.log_ratios.iter().copied().fold(f64::NEG_INFINITY, f64::max);
		// Scaled by the largest, so that nothing overflows.
		let sum: f64 = self.log_ratios.iter().map(|log| (log - largest).exp()).sum();
		largest + (sum / self.log_ratios.len() as f64).ln()
	}

	/// Whether the evidence has ever been too much for an honest miner.
	pub fn condemned(&self) -> bool {
		self.peak >= -self.parameters.false_alarm.ln()
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	const PARAMETERS: TestParameters = TestParameters::STANDARD;

	/// A fixed stream of uniform numbers in 0..1 (Steele, Lea and Flood's SplitMix64).
	struct Uniform(u64);

	impl Uniform {
		fn next(&mut self) -> f64 {
			self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
			let mut z = self.0;
			z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
			z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
			((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
		}
	}

	/// The share of `runs` miners that fail with probability `rate` at each of `checks` checks and are condemned.
	fn condemned(rate: f64, checks: u32, runs: u32) -> f64 {
		let mut uniform = Uniform(7);
		let mut count = 0;
		for _ in 0..runs {
			let mut test = SequentialTest::new(PARAMETERS);
			(0..checks).for_each(|_| test.observe(uniform.next() < rate));
			count += u32::from(test.condemned());
		}
		f64::from(count) / f64::from(runs)
	}

	#[test]
	fn honest_miners_at_the_bound_are_seldom_condemned_and_cheats_always() {
		// 20,000 miners at the worst honest rate: 1e-3 of them is 20, with a deviation of 4.5.
		let alarms = condemned(1e-3, 500, 20_000);
		assert!(alarms <= 1e-3 + 4.0 * 2.3e-4, "false alarms: {alarms}");
		for (rate, checks) in [(0.02, 2_000), (0.15, 200), (0.9, 8)] {
			let caught = condemned(rate, checks, 500);
			assert!(caught > 0.99, "rate {rate}: {caught} within {checks}");
		}
	}

	#[test]
	fn evidence_is_the_same_at_once_or_one_by_one() {
		let mut one_by_one = SequentialTest::new(PARAMETERS);
		(0..50).for_each(|index| one_by_one.observe(index % 25 == 0));
		let mut at_once = SequentialTest::new(PARAMETERS);
		at_once.observe_many(Evidence {
			trials: 50,
			failures: 2,
		});
		assert!((one_by_one.log_evidence() - at_once.log_evidence()).abs() < 1e-9);
		assert!(at_once.log_evidence().is_finite());
	}

	#[test]
	fn nothing_overflows() {
		let mut test = SequentialTest::new(PARAMETERS);
		test.observe_many(Evidence {
			trials: u32::MAX,
			failures: u32::MAX,
		});
		assert!(test.log_evidence().is_finite() && test.condemned());
		let mut clean = SequentialTest::new(PARAMETERS);
		clean.observe_many(Evidence {
			trials: u32::MAX,
			failures: 0,
		});
		assert!(clean.log_evidence().is_finite() && !clean.condemned());
	}

	#[test]
	fn senseless_parameters_are_seen() {
		assert!(PARAMETERS.is_sound());
		for honest_failure_rate in [0.0, 0.5, 1.0, f64::NAN] {
			assert!(
				!TestParameters {
					honest_failure_rate,
					..PARAMETERS
				}
				.is_sound()
			);
		}
	}
}
