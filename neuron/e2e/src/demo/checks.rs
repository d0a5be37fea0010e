//! What the demo must show, as functions of what was measured.

use neuron::units::RAO_PER_TAO;
use neuron_chain::Ledger;
use std::fmt;

/// The most that the cheats may earn together, in hundredths of all miners' earnings.
const MAX_CHEATS_PERCENT: u128 = 5;
/// How far the loss must fall, in hundredths of the untrained model's.
const MIN_LOSS_FALL_PERCENT: f64 = 10.0;
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

/// Every honest miner earned something, and more than each that is slower, which earned something too.
#[must_use]
pub fn honest_earn(honest: &[(&str, u64)], slower: &[(&str, u64)]) -> Check {
	let list = |miners: &[(&str, u64)]| {
		let amounts = miners.iter().map(|(name, amount)| format!("{name} {}", tao(*amount)));
		amounts.collect::<Vec<_>>().join(", ")
	};
	let mut claim = format!("honest work earned: {}", list(honest));
	if !slower.is_empty() {
		claim = format!("{claim}; slower work less, but something: {}", list(slower));
	}
	let least = honest.iter().map(|(_, amount)| *amount).min();
	Check {
		claim,
		passed: least.is_some_and(|least| least > 0 && slower.iter().all(|(_, amount)| (1..least).contains(amount))),
	}
}

/// The best model that the contest has found is clearly better than the untrained one. Losses in nats a byte.
#[must_use]
pub fn loss_fell(untrained: f64, best: f64) -> Check {
	let percent = 100.0 * (untrained - best) / untrained;
	Check {
		claim: format!(
			"the best model's loss is {best:.3} nats a byte, {percent:.1}% below the untrained one's {untrained:.3} \
			(at least {MIN_LOSS_FALL_PERCENT}%)"
		),
		passed: percent >= MIN_LOSS_FALL_PERCENT,
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
		assert!(honest_earn(&[("a", 3), ("b", 2)], &[("c", 1)]).passed);
		assert!(honest_earn(&[("a", 3)], &[]).passed);
		assert!(loss_fell(5.5, 3.1).passed);
		assert!(cheats_share(&[90, 6], &[2, 2]).passed);
		assert!(emitted_as_scheduled(&END).passed);
		assert!(nothing_lost(&END).passed);
		assert!(stakes_hold_payouts(&START, &END).passed);
	}

	#[test]
	fn false_claims_fail() {
		assert!(!honest_earn(&[("a", 1)], &[("b", 1)]).passed);
		assert!(!honest_earn(&[("a", 3)], &[("b", 0)]).passed);
		assert!(!honest_earn(&[("a", 3), ("b", 0)], &[]).passed);
		assert!(!honest_earn(&[], &[]).passed);
		assert!(!loss_fell(5.5, 5.4).passed);
		assert!(!loss_fell(5.5, f64::NAN).passed);
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
