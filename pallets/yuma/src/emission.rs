//! Emission: rao to miners by incentive and to validators by dividends.

use alloc::vec::Vec;

use crate::divisor::Divisor;
use crate::fixed::{Fixed, total};
use crate::types::EpochOutput;

/// Splits `emission` by incentive and dividends over the sum of both.
///
/// If that sum is zero, because no weight counts, validators get everything by active stake, or by `shares` of all stake
/// where none is active.
pub(crate) fn distribute(
	emission: u64,
	incentive: &[Fixed],
	dividends: &[Fixed],
	active_stake: &[Fixed],
	shares: &[Fixed],
	output: &mut EpochOutput,
) {
	let EpochOutput {
		server_emission,
		validator_emission,
		combined_emission,
		..
	} = output;
	let sum = total(incentive.iter().chain(dividends));
	if sum == Fixed::ZERO {
		let has_active = active_stake.iter().any(|stake| *stake != Fixed::ZERO);
		let stake = if has_active { active_stake } else { shares };
		server_emission.clear();
		server_emission.resize(stake.len(), 0);
		fill(validator_emission, emission, stake.iter().copied());
		fill(combined_emission, emission, stake.iter().copied());
		return;
	}
	let both = incentive
		.iter()
		.zip(dividends)
		.map(|(incentive, dividend)| incentive.plus(*dividend));
	let divisor = Divisor::new(sum);
	let part = |share: Fixed| divisor.divide(share);
	fill(server_emission, emission, incentive.iter().copied().map(part));
	fill(validator_emission, emission, dividends.iter().copied().map(part));
	fill(combined_emission, emission, both.map(part));
}

fn fill(amounts: &mut Vec<u64>, emission: u64, shares: impl Iterator<Item = Fixed>) {
	amounts.clear();
	amounts.extend(shares.map(|share| share.share_of(emission)));
}

#[cfg(test)]
mod tests {
	use alloc::vec;

	use super::*;

	const NOBODY: [Fixed; 2] = [Fixed::ZERO; 2];

	#[test]
	fn miners_and_validators_share_half_and_half() {
		let mut output = EpochOutput::default();
		let miner = [Fixed::ZERO, Fixed::ONE];
		let validator = [Fixed::ONE, Fixed::ZERO];
		distribute(1001, &miner, &validator, &validator, &validator, &mut output);
		assert_eq!(output.server_emission, vec![0, 500]);
		assert_eq!(output.validator_emission, vec![500, 0]);
		assert_eq!(output.combined_emission, vec![500, 500]);
	}

	#[test]
	fn without_weights_stake_is_paid() {
		let mut output = EpochOutput::default();
		let (active, all) = ([Fixed::ONE, Fixed::ZERO], [Fixed::HALF, Fixed::HALF]);
		distribute(u64::MAX, &NOBODY, &NOBODY, &active, &all, &mut output);
		assert_eq!(output.validator_emission, vec![u64::MAX, 0]);
		distribute(9, &NOBODY, &NOBODY, &NOBODY, &all, &mut output);
		assert_eq!(output.server_emission, vec![0, 0]);
		assert_eq!(output.validator_emission, vec![4, 4]);
		assert_eq!(output.combined_emission, vec![4, 4]);
	}
}
