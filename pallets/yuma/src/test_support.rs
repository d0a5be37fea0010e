//! Short ways to inputs for the unit tests.

use crate::types::{EpochInput, Parameters};

/// An input in which nobody has anything, with everyday parameters.
pub(crate) fn input(n: u16) -> EpochInput<'static> {
	EpochInput {
		n,
		block: 0,
		last_mechanism_step_block: 0,
		owner_uid: None,
		emission: 0,
		block_at_registration: &[],
		stake: &[],
		validator_permits: &[],
		mechanisms: &[],
		parameters: Parameters {
			kappa: 32_767,
			bonds_penalty: u16::MAX,
			bonds_moving_average: 900_000,
			yuma3: false,
			liquid_alpha: None,
			max_allowed_validators: 64,
			activity_cutoff: 5_000,
			stake_threshold: 0,
			tempo: 20,
		},
	}
}
