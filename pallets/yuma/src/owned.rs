//! Inputs that own their vectors, for where an input travels: through a runtime API, a file, or a fuzzer's corpus.

use alloc::vec::Vec;

use crate::epoch::{Workspace, run_epoch};
use crate::types::{Entry, EpochInput, EpochOutput, MechanismInput, Parameters};

/// An [`EpochInput`] that owns its vectors. All vectors are indexed by uid.
///
/// As there, every value is acceptable. The memory of a decoded input is proportional to what was decoded, but an epoch
/// of it takes memory and time for `n` uids in each mechanism even if it lists none of them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
	feature = "codec",
	derive(codec::Encode, codec::Decode, codec::DecodeWithMemTracking, scale_info::TypeInfo)
)]
pub struct OwnedEpochInput {
	/// Number of neurons.
	pub n: u16,
	/// The current block.
	pub block: u64,
	/// Block of the last epoch that ran; zero if there was none.
	pub last_mechanism_step_block: u64,
	/// The uid of the subnet owner's hotkey.
	pub owner_uid: Option<u16>,
	/// Rao to distribute.
	pub emission: u64,
	/// The block at which each uid's holder registered.
	pub block_at_registration: Vec<u64>,
	/// Stake weight in rao.
	pub stake: Vec<u64>,
	/// Who holds a validator permit now.
	pub validator_permits: Vec<bool>,
	/// The incentive mechanisms of the subnet.
	pub mechanisms: Vec<OwnedMechanism>,
	/// The subnet's hyperparameters.
	pub parameters: Parameters,
}

/// A [`MechanismInput`] that owns its vectors. All vectors are indexed by uid.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
	feature = "codec",
	derive(codec::Encode, codec::Decode, codec::DecodeWithMemTracking, scale_info::TypeInfo)
)]
pub struct OwnedMechanism {
	/// The mechanism's part of the emission, in proportion to the parts of the others.
	pub emission_share: u16,
	/// The block at which each uid set weights.
	pub last_update: Vec<u64>,
	/// The block of the oldest weights that each uid has committed and not yet revealed.
	pub commit_block: Vec<Option<u64>>,
	/// The weights each uid set, in any order and scale.
	pub weights: Vec<Vec<Entry>>,
	/// The bonds that the previous epoch put out.
	pub bonds: Vec<Vec<Entry>>,
}

impl OwnedEpochInput {
	/// Lends the input to `visit`. Costs a list of row addresses, not a copy of the rows.
	pub fn with_borrowed<R>(&self, visit: impl FnOnce(&EpochInput<'_>) -> R) -> R {
		let rows: Vec<_> = self.mechanisms.iter().map(OwnedMechanism::row_addresses).collect();
		let mechanisms: Vec<_> = self
			.mechanisms
			.iter()
			.zip(&rows)
			.map(|(mechanism, rows)| mechanism.borrowed(rows))
			.collect();
		visit(&EpochInput {
			n: self.n,
			block: self.block,
			last_mechanism_step_block: self.last_mechanism_step_block,
			owner_uid: self.owner_uid,
			emission: self.emission,
			block_at_registration: &self.block_at_registration,
			stake: &self.stake,
			validator_permits: &self.validator_permits,
			mechanisms: &mechanisms,
			parameters: self.parameters,
		})
	}

	/// Runs one epoch, as [`run_epoch`] does.
	pub fn run(&self, workspace: &mut Workspace, output: &mut EpochOutput) {
		self.with_borrowed(|input| run_epoch(input, workspace, output));
	}
}

/// The addresses of the rows of weights and of bonds.
type RowAddresses<'a> = (Vec<&'a [Entry]>, Vec<&'a [Entry]>);

impl OwnedMechanism {
	fn row_addresses(&self) -> RowAddresses<'_> {
		(
			self.weights.iter().map(Vec::as_slice).collect(),
			self.bonds.iter().map(Vec::as_slice).collect(),
		)
	}

	fn borrowed<'a>(&'a self, (weights, bonds): &'a RowAddresses<'a>) -> MechanismInput<'a> {
		MechanismInput {
			emission_share: self.emission_share,
			last_update: &self.last_update,
			commit_block: &self.commit_block,
			weights,
			bonds,
		}
	}
}

impl From<&EpochInput<'_>> for OwnedEpochInput {
	fn from(input: &EpochInput<'_>) -> Self {
		Self {
			n: input.n,
			block: input.block,
			last_mechanism_step_block: input.last_mechanism_step_block,
			owner_uid: input.owner_uid,
			emission: input.emission,
			block_at_registration: input.block_at_registration.to_vec(),
			stake: input.stake.to_vec(),
			validator_permits: input.validator_permits.to_vec(),
			mechanisms: input.mechanisms.iter().map(OwnedMechanism::from).collect(),
			parameters: input.parameters,
		}
	}
}

impl From<&MechanismInput<'_>> for OwnedMechanism {
	fn from(mechanism: &MechanismInput<'_>) -> Self {
		let own = |rows: &[&[Entry]]| rows.iter().map(|row| row.to_vec()).collect();
		Self {
			emission_share: mechanism.emission_share,
			last_update: mechanism.last_update.to_vec(),
			commit_block: mechanism.commit_block.to_vec(),
			weights: own(mechanism.weights),
			bonds: own(mechanism.bonds),
		}
	}
}

#[cfg(test)]
mod tests {
	use alloc::vec;

	use super::*;

	pub(super) fn owned() -> OwnedEpochInput {
		OwnedEpochInput {
			n: 3,
			block: 200,
			last_mechanism_step_block: 100,
			owner_uid: Some(2),
			emission: 1_000,
			block_at_registration: vec![1, 2, 3],
			stake: vec![60, 40, 0],
			validator_permits: vec![true, true, false],
			mechanisms: vec![
				OwnedMechanism {
					emission_share: 2,
					last_update: vec![190, 191, 192],
					commit_block: vec![None, Some(150), Some(u64::MAX)],
					weights: vec![vec![(2, 3), (1, 1)], vec![(0, 9)]],
					bonds: vec![vec![(2, 65_535)]],
				},
				OwnedMechanism::default(),
			],
			parameters: Parameters {
				kappa: 32_767,
				bonds_penalty: 65_535,
				bonds_moving_average: 900_000,
				yuma3: true,
				liquid_alpha: Some(crate::LiquidAlpha {
					alpha_low: 1,
					alpha_high: 2,
					sigmoid_steepness: -3,
				}),
				max_allowed_validators: 3,
				activity_cutoff: 100,
				stake_threshold: 1,
				tempo: 100,
			},
		}
	}

	#[test]
	fn borrowing_and_owning_are_inverse() {
		let owned = owned();
		let back = owned.with_borrowed(|borrowed| OwnedEpochInput::from(borrowed));
		assert_eq!(back, owned);
	}

	#[test]
	fn an_owned_input_runs_as_the_borrowed_one() {
		let (mut workspace, mut of_owned, mut of_borrowed) =
			(Workspace::default(), EpochOutput::default(), EpochOutput::default());
		owned().run(&mut workspace, &mut of_owned);
		owned().with_borrowed(|input| run_epoch(input, &mut workspace, &mut of_borrowed));
		assert_eq!(of_owned, of_borrowed);
		assert_eq!(of_owned.mechanisms.len(), 2);
		assert!(of_owned.combined_emission.iter().any(|amount| *amount > 0));
	}
}

#[cfg(all(test, feature = "codec"))]
mod codec_tests {
	use alloc::vec;

	use codec::{Decode, Encode};

	use super::*;
	use crate::types::Rows;

	#[test]
	fn input_and_output_survive_the_codec() {
		let owned = super::tests::owned();
		assert_eq!(OwnedEpochInput::decode(&mut &owned.encode()[..]).as_ref(), Ok(&owned));
		let mut output = EpochOutput::default();
		owned.run(&mut Workspace::default(), &mut output);
		assert_eq!(EpochOutput::decode(&mut &output.encode()[..]), Ok(output));
	}

	/// Ends that decrease, that go beyond the entries, and that leave entries over.
	#[test]
	fn decoded_rows_with_wrong_ends_are_empty_where_they_are_wrong() {
		let bytes = (vec![1_u32, 0, u32::MAX, 2], vec![(7_u16, 8_u16), (9, 10), (11, 12)]).encode();
		let rows = Rows::decode(&mut &bytes[..]).unwrap();
		let expected: [&[Entry]; 5] = [&[(7, 8)], &[], &[], &[], &[]];
		assert_eq!([0, 1, 2, 3, u16::MAX].map(|uid| rows.row(uid)), expected);
		assert!(rows.iter().eq(expected[..4].iter().copied()));
		assert_eq!(rows.len(), 4);
	}
}

#[cfg(all(test, feature = "serde"))]
mod serde_tests {
	use super::*;

	#[test]
	fn input_and_output_survive_json() {
		let owned = super::tests::owned();
		let text = serde_json::to_string(&owned).unwrap();
		assert_eq!(serde_json::from_str::<OwnedEpochInput>(&text).unwrap(), owned);
		let mut output = EpochOutput::default();
		owned.run(&mut Workspace::default(), &mut output);
		let text = serde_json::to_string(&output).unwrap();
		assert_eq!(serde_json::from_str::<EpochOutput>(&text).unwrap(), output);
	}
}
