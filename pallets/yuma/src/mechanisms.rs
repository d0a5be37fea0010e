//! Several incentive mechanisms of one subnet: each has its epoch, and what they arrive at is added up.

use crate::epoch::{Workspace, run_mechanism};
use crate::types::{EpochInput, EpochOutput, MechanismInput, MechanismOutput};

/// What the mechanisms so far have given a uid. Shares are multiplied by the mechanisms' parts of the emission.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sum {
	active: bool,
	consensus: u64,
	incentive: u64,
	dividends: u64,
	validator_trust: u64,
	server_emission: u64,
	validator_emission: u64,
	combined_emission: u64,
}

/// Runs each mechanism on its part of the emission and leaves sums and means in `output`.
pub(crate) fn run_several(
	input: &EpochInput<'_>,
	mechanisms: &[MechanismInput<'_>],
	work: &mut Workspace,
	output: &mut EpochOutput,
) {
	let are_even = mechanisms.iter().all(|mechanism| mechanism.emission_share == 0);
	let part = |mechanism: &MechanismInput<'_>| {
		if are_even {
			1
		} else {
			u64::from(mechanism.emission_share)
		}
	};
	let parts = mechanisms.iter().map(part).fold(0_u64, u64::saturating_add);
	let share = |part: u64| {
		let product = u128::from(input.emission).saturating_mul(part.into());
		let share = product.checked_div(parts.into()).unwrap_or(0);
		u64::try_from(share).unwrap_or(input.emission)
	};
	let of_others = mechanisms
		.iter()
		.skip(1)
		.map(part)
		.map(share)
		.fold(0, u64::saturating_add);

	output
		.mechanisms
		.resize_with(mechanisms.len(), MechanismOutput::default);
	work.sums.clear();
	work.sums.resize(usize::from(input.n), Sum::default());
	for (place, mechanism) in mechanisms.iter().enumerate() {
		let part = part(mechanism);
		let emission = if place == 0 {
			input.emission.saturating_sub(of_others)
		} else {
			share(part)
		};
		run_mechanism(input, mechanism, emission, work, output, place);
		add(&mut work.sums, output, part);
	}
	write_back(&work.sums, parts, output);
}

/// Adds what a mechanism that has `part` of the emission arrived at.
fn add(sums: &mut [Sum], output: &EpochOutput, part: u64) {
	let shares = output
		.consensus
		.iter()
		.zip(&output.incentive)
		.zip(&output.dividends)
		.zip(&output.validator_trust);
	let amounts = output
		.server_emission
		.iter()
		.zip(&output.validator_emission)
		.zip(&output.combined_emission);
	let uids = sums.iter_mut().zip(&output.active).zip(shares).zip(amounts);
	for (((sum, active), (((consensus, incentive), dividends), trust)), ((server, validator), combined)) in uids {
		let add_share = |sum: &mut u64, share: u16| *sum = sum.saturating_add(part.saturating_mul(share.into()));
		sum.active |= *active;
		add_share(&mut sum.consensus, *consensus);
		add_share(&mut sum.incentive, *incentive);
		add_share(&mut sum.dividends, *dividends);
		add_share(&mut sum.validator_trust, *trust);
		sum.server_emission = sum.server_emission.saturating_add(*server);
		sum.validator_emission = sum.validator_emission.saturating_add(*validator);
		sum.combined_emission = sum.combined_emission.saturating_add(*combined);
	}
}

/// Replaces what the last mechanism left in `output` by the sums, and by the means over all `parts`.
fn write_back(sums: &[Sum], parts: u64, output: &mut EpochOutput) {
	fn refill<T>(column: &mut alloc::vec::Vec<T>, sums: &[Sum], value: impl Fn(&Sum) -> T) {
		column.clear();
		column.extend(sums.iter().map(value));
	}
	let mean = |sum: u64| u16::try_from(sum.checked_div(parts).unwrap_or(0)).unwrap_or(u16::MAX);
	refill(&mut output.active, sums, |sum| sum.active);
	refill(&mut output.consensus, sums, |sum| mean(sum.consensus));
	refill(&mut output.incentive, sums, |sum| mean(sum.incentive));
	refill(&mut output.dividends, sums, |sum| mean(sum.dividends));
	refill(&mut output.validator_trust, sums, |sum| mean(sum.validator_trust));
	refill(&mut output.server_emission, sums, |sum| sum.server_emission);
	refill(&mut output.validator_emission, sums, |sum| sum.validator_emission);
	refill(&mut output.combined_emission, sums, |sum| sum.combined_emission);
}

#[cfg(test)]
mod tests {
	use alloc::vec;

	use super::*;
	use crate::epoch::run_epoch;
	use crate::test_support::input;

	#[test]
	fn mechanisms_share_the_emission_and_nothing_of_it_is_lost() {
		let mut input = input(3);
		input.stake = &[5, 0, 0];
		input.validator_permits = &[true];
		input.emission = 1_001;
		let mechanism = |emission_share, weights| MechanismInput {
			emission_share,
			last_update: &[1],
			weights,
			..MechanismInput::default()
		};
		let mechanisms = [mechanism(3, &[&[(1, 1)]]), mechanism(1, &[&[(2, 1)]])];
		input.mechanisms = &mechanisms;
		let mut output = EpochOutput::default();
		run_epoch(&input, &mut Workspace::default(), &mut output);
		// A quarter of 1001 is 250, and the first mechanism gets the rest, 751. Half of each goes to miners.
		assert_eq!(output.server_emission, vec![0, 375, 125]);
		assert_eq!(output.validator_emission, vec![500, 0, 0]);
		assert_eq!(output.combined_emission, vec![500, 375, 125]);
		assert_eq!(output.incentive, vec![0, 49_151, 16_383]);
		assert_eq!(output.mechanisms[1].incentive, vec![0, 0, 65_535]);
		assert_eq!(output.mechanisms[0].bonds.row(0), [(1, 65_535)]);
		assert_eq!(output.mechanisms[1].bonds.row(0), [(2, 65_535)]);
		assert_eq!(output.active, vec![true, true, true]);
	}

	#[test]
	fn without_parts_mechanisms_count_the_same() {
		let mut input = input(2);
		input.stake = &[5, 0];
		input.emission = 10;
		input.mechanisms = &[MechanismInput {
			emission_share: 0,
			..MECHANISM
		}; 3];
		let mut output = EpochOutput::default();
		run_epoch(&input, &mut Workspace::default(), &mut output);
		assert_eq!(output.combined_emission, vec![10, 0]);
		assert_eq!(output.mechanisms.len(), 3);
	}

	const MECHANISM: MechanismInput<'_> = MechanismInput {
		emission_share: 0,
		last_update: &[],
		commit_block: &[],
		weights: &[],
		bonds: &[],
	};
}
