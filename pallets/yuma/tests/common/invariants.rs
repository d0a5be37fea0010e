//! What holds for the output of any input, checked by the property tests and by the fuzzer.

use std::fmt::Debug;

use yuma::{Entry, EpochOutput, LiquidAlpha, MechanismOutput, OwnedEpochInput, OwnedMechanism, Workspace};

/// Runs the input and what becomes of it in the next epoch in each variant of Yuma.
///
/// # Errors
///
/// Names the variant and what does not hold.
pub(crate) fn check_every_variant(input: &OwnedEpochInput) -> Result<(), String> {
	let mut workspace = Workspace::default();
	let mut output = EpochOutput::default();
	let given = input.parameters.liquid_alpha;
	let liquid_alpha = given.or(Some(LiquidAlpha {
		alpha_low: 45_875,
		alpha_high: 58_982,
		sigmoid_steepness: 1_000,
	}));
	for (yuma3, liquid_alpha) in [(false, None), (true, None), (true, liquid_alpha)] {
		let mut input = input.clone();
		input.parameters.yuma3 = yuma3;
		input.parameters.liquid_alpha = liquid_alpha;
		let in_variant = |error| format!("Yuma 3: {yuma3}, {liquid_alpha:?}: {error}");
		input.run(&mut workspace, &mut output);
		check(&input, &output).map_err(in_variant)?;
		let mut fresh = EpochOutput::default();
		input.run(&mut Workspace::default(), &mut fresh);
		equal("outputs in used and in fresh memory", &output, &fresh).map_err(in_variant)?;
		let next = next_epoch(input, &output);
		next.run(&mut workspace, &mut output);
		check(&next, &output).map_err(|error| in_variant(format!("the epoch after it: {error}")))?;
	}
	Ok(())
}

/// The input with the permits and bonds of the output, a tempo later.
pub(crate) fn next_epoch(input: OwnedEpochInput, output: &EpochOutput) -> OwnedEpochInput {
	let with_bonds = |(mechanism, own): (OwnedMechanism, &MechanismOutput)| OwnedMechanism {
		bonds: own.bonds.iter().map(<[Entry]>::to_vec).collect(),
		..mechanism
	};
	OwnedEpochInput {
		last_mechanism_step_block: input.block,
		block: input.block.saturating_add(input.parameters.tempo),
		validator_permits: output.new_validator_permits.clone(),
		mechanisms: input
			.mechanisms
			.into_iter()
			.zip(&output.mechanisms)
			.map(with_bonds)
			.collect(),
		..input
	}
}

/// Whether the output may be one of the input.
///
/// # Errors
///
/// Says what does not hold.
pub(crate) fn check(input: &OwnedEpochInput, output: &EpochOutput) -> Result<(), String> {
	let n = usize::from(input.n);
	let lengths = [
		output.active.len(),
		output.stake_weight.len(),
		output.consensus.len(),
		output.incentive.len(),
		output.dividends.len(),
		output.validator_trust.len(),
		output.new_validator_permits.len(),
		output.server_emission.len(),
		output.validator_emission.len(),
		output.combined_emission.len(),
	];
	equal("lengths", &lengths, &[n; 10])?;
	equal(
		"number of mechanisms",
		&output.mechanisms.len(),
		&input.mechanisms.len().max(1),
	)?;
	is_shared_out("stake_weight", &output.stake_weight)?;
	if let [only] = &output.mechanisms[..] {
		equal("incentive", &output.incentive, &only.incentive)?;
		is_shared_out("dividends", &output.dividends)?;
	}
	let permits = output.new_validator_permits.iter().filter(|permit| **permit).count();
	let allowed = usize::from(input.parameters.max_allowed_validators) + usize::from(input.owner_uid.is_some());
	ensure(permits <= allowed, || format!("{permits} permits, allowed {allowed}"))?;
	for own in &output.mechanisms {
		check_mechanism(input, output, own)?;
	}
	check_emission(input, output)
}

fn check_mechanism(input: &OwnedEpochInput, output: &EpochOutput, own: &MechanismOutput) -> Result<(), String> {
	let n = usize::from(input.n);
	equal("length of a mechanism's incentive", &own.incentive.len(), &n)?;
	equal("number of bond rows", &own.bonds.len(), &n)?;
	is_shared_out("a mechanism's incentive", &own.incentive)?;
	for (uid, (row, permit)) in own.bonds.iter().zip(&output.new_validator_permits).enumerate() {
		ensure(*permit || row.is_empty(), || {
			format!("bonds of {uid} without a permit: {row:?}")
		})?;
		let mut destinations: Vec<u16> = row.iter().map(|(destination, _)| *destination).collect();
		destinations.sort_unstable();
		let are_distinct = destinations.is_sorted_by(|lower, higher| lower < higher);
		let are_known = destinations.last().is_none_or(|last| *last < input.n);
		ensure(are_distinct && are_known, || format!("bonds of {uid}: {row:?}"))?;
	}
	Ok(())
}

fn check_emission(input: &OwnedEpochInput, output: &EpochOutput) -> Result<(), String> {
	let (pool, amounts) = (
		u128::from(input.emission),
		usize::from(input.n) * output.mechanisms.len(),
	);
	let combined = sum(&output.combined_emission);
	let both = sum(&output.server_emission) + sum(&output.validator_emission);
	ensure(combined <= pool && both <= pool, || {
		format!("{combined} and {both} rao of {pool}")
	})?;
	let least = |amounts: usize| pool.saturating_sub(lost_at_most(pool, amounts));
	if sum(&output.stake_weight) > 0 {
		ensure(combined >= least(amounts), || format!("only {combined} rao of {pool}"))?;
		ensure(both >= least(2 * amounts), || {
			format!("only {both} rao of {pool} by roles")
		})?;
	} else if output.mechanisms.len() == 1 {
		ensure(combined == 0 || combined >= least(amounts), || {
			format!("neither nothing nor all: {combined} rao of {pool}")
		})?;
	}
	Ok(())
}

/// What rounding may take from a pool: of each amount less than a rao, since amounts are whole, and less than 2⁻³² of the
/// pool, since shares are.
pub(crate) fn lost_at_most(pool: u128, amounts: usize) -> u128 {
	let amounts = amounts as u128;
	amounts + ((pool * amounts) >> 32)
}

/// Shares sum to one less what rounding takes, or nobody has any.
fn is_shared_out(name: &str, shares: &[u16]) -> Result<(), String> {
	let (all, sum) = (u128::from(u16::MAX), sum(shares));
	let least = all.saturating_sub(shares.len() as u128);
	ensure(sum == 0 || (least..=all).contains(&sum), || {
		format!("{name} sums to {sum}: {shares:?}")
	})
}

pub(crate) fn sum<T: Copy + Into<u128>>(values: &[T]) -> u128 {
	values.iter().map(|value| (*value).into()).sum()
}

fn equal<T: PartialEq + Debug>(name: &str, came: &T, expected: &T) -> Result<(), String> {
	ensure(came == expected, || format!("{name}: {came:?}, expected {expected:?}"))
}

fn ensure(holds: bool, message: impl FnOnce() -> String) -> Result<(), String> {
	if holds { Ok(()) } else { Err(message()) }
}
