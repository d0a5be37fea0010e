//! Strategies for subnets.

use proptest::collection::vec;
use proptest::prelude::*;
use yuma::{Entry, OwnedEpochInput, OwnedMechanism};

use super::Input;

/// The largest subnet that the properties are tried on.
pub(crate) const MOST_NEURONS: u16 = 12;
pub(crate) const BLOCK: u64 = 100_000;

/// Amounts and block numbers, with the extremes more often than chance would have them.
fn any_word() -> impl Strategy<Value = u64> {
	prop_oneof![Just(0), Just(u64::MAX), 0..20_u64, any::<u64>()]
}

pub(crate) fn any_proportion() -> impl Strategy<Value = u16> {
	prop_oneof![Just(0), Just(u16::MAX), Just(32_767), any::<u16>()]
}

/// Rows with anything in them: unsorted, repeated and unknown destinations, zeros.
fn any_rows() -> impl Strategy<Value = Vec<Vec<Entry>>> {
	let destination = prop_oneof![8 => 0..MOST_NEURONS + 2, 1 => any::<u16>()];
	vec(vec((destination, any_proportion()), 0..16), 0..14)
}

prop_compose! {
	/// Hyperparameters, in an input without neurons.
	pub(crate) fn any_parameters()(
		kappa in any_proportion(),
		bonds_penalty in any_proportion(),
		bonds_moving_average in prop_oneof![0..=1_000_000_u64, Just(900_000), Just(u64::MAX)],
		yuma3_on: bool,
		liquid_alpha_on: bool,
		alpha_low in any_proportion(),
		alpha_high in any_proportion(),
		alpha_sigmoid_steepness: i16,
		max_allowed_validators in prop_oneof![0..5_u16, Just(64), Just(u16::MAX)],
		emission in any_word(),
	) -> Input {
		Input {
			n: 0,
			block: BLOCK,
			tempo: 100,
			activity_cutoff: 1_000,
			last_mechanism_step_block: 0,
			last_update: Vec::new(),
			block_at_registration: Vec::new(),
			stake: Vec::new(),
			stake_threshold: 0,
			owner_uid: None,
			validator_permits: Vec::new(),
			max_allowed_validators,
			kappa,
			bonds_penalty,
			bonds_moving_average,
			yuma3_on,
			liquid_alpha_on,
			alpha_low,
			alpha_high,
			alpha_sigmoid_steepness,
			emission,
			weights: Vec::new(),
			bonds: Vec::new(),
		}
	}
}

prop_compose! {
	/// Any input at all: vectors of the wrong length, blocks in the wrong order, stake beyond 2⁶⁴ in sum.
	pub(crate) fn any_input()(
		parameters in any_parameters(),
		n in 0..=MOST_NEURONS,
		blocks in (any_word(), any_word(), any_word(), any_word()),
		last_update in vec(any_word(), 0..14),
		block_at_registration in vec(any_word(), 0..14),
		stake in vec(any_word(), 0..14),
		stake_threshold in any_word(),
		owner_uid in proptest::option::of(0..MOST_NEURONS + 2),
		validator_permits in vec(any::<bool>(), 0..14),
		weights in any_rows(),
		bonds in any_rows(),
	) -> Input {
		Input {
			n,
			block: blocks.0,
			tempo: blocks.1,
			activity_cutoff: blocks.2,
			last_mechanism_step_block: blocks.3,
			last_update,
			block_at_registration,
			stake,
			stake_threshold,
			owner_uid,
			validator_permits,
			weights,
			bonds,
			..parameters
		}
	}
}

/// A row without repetitions, sorted.
pub(crate) fn sorted_row(n: u16) -> impl Strategy<Value = Vec<Entry>> {
	proptest::collection::btree_map(0..n, any_proportion(), 0..=usize::from(n)).prop_map(Vec::from_iter)
}

prop_compose! {
	/// A subnet as it might be: rows are sorted, no two stakes are the same, and about half of the uids validate.
	pub(crate) fn subnet()(parameters in any_parameters(), n in 2..=MOST_NEURONS)(
		stake in vec(1_000..1_000_000_u64, usize::from(n)),
		last_update in vec(prop_oneof![4 => BLOCK - 900..BLOCK, 1 => 0..BLOCK], usize::from(n)),
		block_at_registration in vec(prop_oneof![4 => 0..BLOCK - 900, 1 => 0..BLOCK], usize::from(n)),
		validator_permits in vec(any::<bool>(), usize::from(n)),
		owner_uid in proptest::option::of(0..n),
		weights in vec(sorted_row(n), usize::from(n)),
		bonds in vec(sorted_row(n), usize::from(n)),
		parameters in Just(parameters),
		n in Just(n),
	) -> Input {
		let unique = |(uid, stake): (u64, u64)| stake * u64::from(MOST_NEURONS) + uid;
		let stake = (0..).zip(stake).map(unique).collect();
		Input {
			n, stake, last_update, block_at_registration, validator_permits, owner_uid, weights, bonds, ..parameters
		}
	}
}

prop_compose! {
	/// A subnet in which everybody is active, old enough and permitted.
	pub(crate) fn subnet_of_validators()(input in subnet()) -> Input {
		let n = usize::from(input.n);
		Input {
			last_update: vec![BLOCK - 1; n],
			block_at_registration: vec![1; n],
			validator_permits: vec![true; n],
			..input
		}
	}
}

prop_compose! {
	/// Any input at all, with any mechanisms.
	pub(crate) fn any_owned_input()(
		input in any_input(),
		mechanisms in vec((any_input(), any_proportion(), any_commits()), 0..4),
	) -> OwnedEpochInput {
		let own = |(input, emission_share, commit_block): (Input, u16, Vec<Option<u64>>)| OwnedMechanism {
			emission_share,
			commit_block,
			..input.mechanism()
		};
		OwnedEpochInput { mechanisms: mechanisms.into_iter().map(own).collect(), ..input.owned() }
	}
}

fn any_commits() -> impl Strategy<Value = Vec<Option<u64>>> {
	vec(proptest::option::of(any_word()), 0..14)
}
