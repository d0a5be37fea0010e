//! Several mechanisms of one subnet, and weights that are committed but not yet revealed.

mod common;

use common::invariants::{check, lost_at_most, sum};
use common::subnets::{any_owned_input, any_proportion, subnet};
use common::{Input, generator::SplitMix64};
use proptest::prelude::*;
use yuma::{EpochOutput, OwnedEpochInput, OwnedMechanism, Workspace};

fn output_of(input: &OwnedEpochInput) -> EpochOutput {
	let mut output = EpochOutput::default();
	input.run(&mut Workspace::default(), &mut output);
	output
}

fn with_mechanisms(input: &OwnedEpochInput, mechanisms: Vec<OwnedMechanism>) -> OwnedEpochInput {
	OwnedEpochInput {
		mechanisms,
		..input.clone()
	}
}

/// The subnet with a block for each uid before which its oldest open commit was made, around the registrations.
fn with_commits() -> impl Strategy<Value = (Input, Vec<Option<u64>>)> {
	(subnet(), any::<u64>()).prop_map(|(input, seed)| {
		let mut random = SplitMix64(seed);
		let registrations = input.block_at_registration.clone();
		let commit = |_| {
			let pick = random.between(0, 3 * registrations.len() as u64) as usize;
			let (uid, offset) = (pick / 3, pick % 3);
			registrations
				.get(uid)
				.map(|block| (block + offset as u64).saturating_sub(1))
		};
		let commits = (0..input.n).map(commit).collect();
		(input, commits)
	})
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(256))]

	/// Through the sums and means that several mechanisms take.
	#[test]
	fn a_mechanism_with_all_the_emission_is_as_if_alone(input in subnet(), other in subnet(), is_first in any::<bool>()) {
		let input = input.owned();
		let paid = input.mechanisms[0].clone();
		let unpaid = OwnedMechanism {
			emission_share: 0,
			last_update: paid.last_update.clone(),
			..other.mechanism()
		};
		let both = if is_first { vec![paid, unpaid] } else { vec![unpaid, paid] };
		let place = usize::from(!is_first);
		let (alone, mut together) = (output_of(&input), output_of(&with_mechanisms(&input, both)));
		prop_assert_eq!(together.mechanisms.len(), 2);
		together.mechanisms.swap(0, place);
		together.mechanisms.truncate(1);
		prop_assert_eq!(together, alone);
	}

	#[test]
	fn copies_of_a_mechanism_have_its_shares_and_its_emission(input in subnet(), copies in 2..5_usize) {
		let single = input.owned();
		let (alone, together) = (
			output_of(&single),
			output_of(&with_mechanisms(&single, vec![single.mechanisms[0].clone(); copies])),
		);
		let shares = |output: &EpochOutput| {
			let EpochOutput { consensus, incentive, dividends, validator_trust, .. } = output.clone();
			[consensus, incentive, dividends, validator_trust]
		};
		prop_assert_eq!(shares(&together), shares(&alone));
		prop_assert!(together.mechanisms.iter().all(|own| *own == alone.mechanisms[0]));
		// Each copy cuts each amount once, and so does the epoch of one mechanism.
		let most = lost_at_most(input.emission.into(), 1) * 2 + copies as u128;
		for (sum, amount) in together.combined_emission.iter().zip(&alone.combined_emission) {
			prop_assert!(u128::from(sum.abs_diff(*amount)) <= most, "{} and {}", sum, amount);
		}
	}

	/// Each mechanism has its part, and what rounding leaves goes to the first.
	#[test]
	fn emissions_of_mechanisms_add_up_to_the_pool(
		input in subnet(),
		others in proptest::collection::vec((subnet(), any_proportion()), 1..4),
		share in any_proportion(),
	) {
		let mut input = input.owned();
		input.mechanisms[0].emission_share = share;
		let other = |(other, emission_share): &(Input, u16)| OwnedMechanism { emission_share: *emission_share, ..other.mechanism() };
		input.mechanisms.extend(others.iter().map(other));
		let output = output_of(&input);
		check(&input, &output).map_err(TestCaseError::fail)?;
		let (pool, paid) = (u128::from(input.emission), sum(&output.combined_emission));
		let amounts = usize::from(input.n) * input.mechanisms.len();
		prop_assert!(paid <= pool && paid + lost_at_most(pool, amounts) >= pool, "{} of {}", paid, pool);
	}

	/// A mechanism of its own is the same in any place, but for the rounding that goes to the first.
	#[test]
	fn mechanisms_do_not_see_each_other(input in any_owned_input()) {
		let together = output_of(&input);
		for (own, mechanism) in together.mechanisms.iter().zip(&input.mechanisms) {
			let alone = output_of(&with_mechanisms(&input, vec![mechanism.clone()]));
			prop_assert_eq!(own, &alone.mechanisms[0]);
		}
	}

	#[test]
	fn weights_on_who_registered_after_the_commit_are_as_if_not_listed((input, commits) in with_commits()) {
		let mut masked = input.owned();
		masked.mechanisms[0].commit_block.clone_from(&commits);
		let mut unlisted = input.owned();
		for (row, commit) in unlisted.mechanisms[0].weights.iter_mut().zip(commits) {
			let registered = |uid: u16| input.block_at_registration[usize::from(uid)];
			row.retain(|(destination, _)| commit.is_none_or(|commit| registered(*destination) <= commit));
		}
		prop_assert_eq!(output_of(&masked), output_of(&unlisted));
	}

	#[test]
	fn a_commit_after_everybody_registered_changes_nothing(input in any_owned_input(), is_last in any::<bool>()) {
		let mut open = input.clone();
		let mut revealed = input;
		for (open, revealed) in open.mechanisms.iter_mut().zip(&mut revealed.mechanisms) {
			open.commit_block = vec![is_last.then_some(u64::MAX); usize::from(u8::MAX)];
			revealed.commit_block.clear();
		}
		prop_assert_eq!(output_of(&open), output_of(&revealed));
	}
}

/// A mask has to be able to make a difference, or the tests above say nothing.
#[test]
fn a_commit_before_a_registration_voids_the_weight_on_it() {
	let mut input = OwnedEpochInput {
		n: 3,
		block: 100,
		last_mechanism_step_block: 90,
		owner_uid: None,
		emission: 1_000,
		block_at_registration: vec![1, 20, 30],
		stake: vec![5],
		validator_permits: vec![true],
		mechanisms: vec![OwnedMechanism {
			last_update: vec![99],
			weights: vec![vec![(1, 1), (2, 1)]],
			..OwnedMechanism::default()
		}],
		parameters: yuma::Parameters {
			kappa: 32_767,
			bonds_penalty: u16::MAX,
			bonds_moving_average: 0,
			yuma3: true,
			liquid_alpha: None,
			max_allowed_validators: 1,
			activity_cutoff: 50,
			stake_threshold: 0,
			tempo: 10,
		},
	};
	for (commit, incentive) in [
		(None, [0, 32_767, 32_767]),
		(Some(30), [0, 32_767, 32_767]),
		(Some(29), [0, 65_535, 0]),
		(Some(0), [0, 0, 0]),
	] {
		input.mechanisms[0].commit_block = vec![commit];
		assert_eq!(output_of(&input).incentive, incentive, "{commit:?}");
	}
}
