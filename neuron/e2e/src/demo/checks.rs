//! What the demo must show, as functions of what was measured.

use neuron::units::RAO_PER_TAO;
use neuron_chain::Ledger;
use std::fmt;

/// The most that the cheats may earn together, in hundredths of all miners' earnings.
const MAX_CHEATS_PERCENT: u128 = 5;
/// Alpha that a subnet emits to those who work for it in each block before its first halving, in rao.
const BLOCK_EMISSION: u64 = RAO_PER_TAO;

/// A claim, and whether it held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
	/// The claim with its figures.
	pub claim: String,
	/// Whether it held.
	pub passed: bool,
}

impl fmt::Display for Check {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(
			formatter,
			"[{}] {}",
			if self.passed { "ok" } else { "FAILED" },
			self.claim
		)
	}
}

/// The honest miner earned more than its throttled twin, and that one something.
#[must_use]
pub fn honest_over_throttled(honest: u64, throttled: u64) -> Check {
	Check {
		claim: format!(
			"honest ({}) earned more than throttled ({}), which earned something",
			tao(honest),
			tao(throttled)
		),
		passed: honest > throttled && throttled > 0,
	}
}

/// The cheats earned together less than 5% of what all miners earned.
#[must_use]
pub fn cheats_share(honest: &[u64], cheats: &[u64]) -> Check {
	let sum = |amounts: &[u64]| amounts.iter().map(|amount| u128::from(*amount)).sum::<u128>();
	let (cheated, all) = (sum(cheats), sum(honest) + sum(cheats));
	let percent = if all == 0 {
		0.0
	} else {
		cheated as f64 / all as f64 * 100.0
	};
	Check {
		claim: format!("the cheats earned {percent:.2}% of what all miners earned (less than {MAX_CHEATS_PERCENT}%)"),
		passed: all > 0 && cheated * 100 < all * MAX_CHEATS_PERCENT,
	}
}

/// What the chain emitted for the subnet is what its schedule says for the blocks that passed.
#[must_use]
pub fn emitted_as_scheduled(end: &Ledger) -> Check {
	let blocks = end.emitting_blocks();
	let expected = blocks.checked_mul(BLOCK_EMISSION);
	Check {
		claim: format!("{} blocks emitted {} rao, one alpha each", blocks, end.emitted),
		passed: expected == Some(end.emitted),
	}
}

/// All that was emitted was paid or waits for the next epoch, to the rao.
#[must_use]
pub fn nothing_lost(end: &Ledger) -> Check {
	Check {
		claim: format!(
			"paid {} (miners {}, validators and nominators {}, owner {}, root {}) + pending {} = emitted {} rao",
			end.paid(),
			end.paid_miners,
			end.paid_validators,
			end.paid_owner,
			end.paid_root,
			end.pending,
			end.emitted
		),
		passed: end.paid().checked_add(end.pending) == Some(end.emitted),
	}
}

/// What was paid between two moments, but to root, is what the stakes grew by, to the rao; nobody staked meanwhile.
#[must_use]
pub fn stakes_hold_payouts(start: &Ledger, end: &Ledger) -> Check {
	let grown = end.staked.checked_sub(start.staked);
	let paid = end.paid_as_stake().checked_sub(start.paid_as_stake());
	Check {
		claim: format!(
			"stakes grew by {} rao, payouts were {} rao",
			grown.map_or_else(|| "less than nothing".into(), |rao| rao.to_string()),
			paid.map_or_else(|| "less than nothing".into(), |rao| rao.to_string())
		),
		passed: grown.is_some() && grown == paid,
	}
}

/// An amount for people.
pub(crate) fn tao(rao: u64) -> String {
	format!("{:.3} TAO", rao as f64 / RAO_PER_TAO as f64)
}

#[cfg(test)]
mod tests {
	use super::*;

	const END: Ledger = Ledger {
		block: 110,
		registered_at: 9,
		first_emission: Some(11),
		emitted: 100 * RAO_PER_TAO,
		paid_miners: 30 * RAO_PER_TAO,
		paid_validators: 40 * RAO_PER_TAO,
		paid_owner: 18 * RAO_PER_TAO,
		paid_root: 2 * RAO_PER_TAO,
		pending: 10 * RAO_PER_TAO,
		staked: 93 * RAO_PER_TAO,
	};
	const START: Ledger = Ledger {
		block: 20,
		registered_at: 9,
		first_emission: Some(11),
		emitted: 10 * RAO_PER_TAO,
		paid_miners: 0,
		paid_validators: 0,
		paid_owner: 0,
		paid_root: 0,
		pending: 10 * RAO_PER_TAO,
		staked: 5 * RAO_PER_TAO,
	};

	#[test]
	fn true_claims_pass() {
		assert!(honest_over_throttled(3, 1).passed);
		assert!(cheats_share(&[90, 6], &[2, 2]).passed);
		assert!(emitted_as_scheduled(&END).passed);
		assert!(nothing_lost(&END).passed);
		assert!(stakes_hold_payouts(&START, &END).passed);
	}

	#[test]
	fn false_claims_fail() {
		assert!(!honest_over_throttled(1, 1).passed);
		assert!(!honest_over_throttled(3, 0).passed);
		assert!(!cheats_share(&[95], &[5]).passed);
		assert!(!cheats_share(&[0], &[0]).passed);
		assert!(
			!emitted_as_scheduled(&Ledger {
				emitted: END.emitted - 1,
				..END
			})
			.passed
		);
		assert!(
			!emitted_as_scheduled(&Ledger {
				first_emission: None,
				..END
			})
			.passed
		);
		assert!(
			!nothing_lost(&Ledger {
				pending: END.pending + 1,
				..END
			})
			.passed
		);
		assert!(
			!stakes_hold_payouts(
				&START,
				&Ledger {
					staked: END.staked + 1,
					..END
				}
			)
			.passed
		);
		assert!(!stakes_hold_payouts(&END, &START).passed);
	}
}
