//! The few statistics that the report needs.

/// The limits of the 95% confidence interval of a probability after `successes` of `trials` (C. J. Clopper, E. S. Pearson,
/// *The Use of Confidence or Fiducial Limits*, 1934); one-sided where none or all succeeded.
pub(crate) fn clopper_pearson(successes: u64, trials: u64) -> (f64, f64) {
	if trials == 0 {
		return (0.0, 1.0);
	}
	let tail = if successes == 0 || successes == trials {
		0.05
	} else {
		0.025
	};
	let lower = match successes {
		0 => 0.0,
		_ => solve(|p| 1.0 - cumulative(successes - 1, trials, p) - tail),
	};
	let upper = match successes == trials {
		true => 1.0,
		false => solve(|p| tail - cumulative(successes, trials, p)),
	};
	(lower, upper)
}

/// The zero of a rising function on 0..1.
fn solve(rising: impl Fn(f64) -> f64) -> f64 {
	let (mut low, mut high) = (0.0, 1.0);
	for _ in 0..60 {
		let middle = (low + high) / 2.0;
		if rising(middle) < 0.0 {
			low = middle;
		} else {
			high = middle;
		}
	}
	(low + high) / 2.0
}

/// P(at most `count` successes of `trials`).
fn cumulative(count: u64, trials: u64, p: f64) -> f64 {
	if p <= 0.0 {
		return 1.0;
	}
	if p >= 1.0 {
		return if count >= trials { 1.0 } else { 0.0 };
	}
	let mut log_term = trials as f64 * (1.0 - p).ln();
	let mut sum = log_term.exp();
	for k in 0..count {
		log_term += ((trials - k) as f64 / (k + 1) as f64).ln() + (p / (1.0 - p)).ln();
		sum += log_term.exp();
	}
	sum.min(1.0)
}

/// Value at `share` (0 to 1) of the sorted list.
pub(crate) fn quantile(sorted: &[f64], share: f64) -> f64 {
	let index = (share * sorted.len().saturating_sub(1) as f64).round() as usize;
	sorted.get(index).copied().unwrap_or(f64::NAN)
}

/// Steele, Lea and Flood's SplitMix64.
pub(crate) struct Uniform(pub(crate) u64);

impl Uniform {
	/// Between 0 and 1.
	pub(crate) fn next(&mut self) -> f64 {
		self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
		let mut z = self.0;
		z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
		z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
		((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
	}
}
