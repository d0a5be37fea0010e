//! Short ways to inputs for the unit tests.

use crate::fixed::Fixed;
use crate::sparse::{Matrix, Seen};
use crate::types::{Entry, EpochInput, Parameters};

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

/// A matrix of `n` rows and columns whose values count in units of 2⁻³².
pub(crate) fn matrix(rows: &[&[Entry]], n: u16) -> Matrix {
	let mut matrix = Matrix::default();
	matrix.load(rows, n, &mut Seen::default(), |_, _| true, Fixed::unscaled, |_| ());
	matrix
}
