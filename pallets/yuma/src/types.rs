//! What an epoch reads and what it gives back.

use alloc::vec::Vec;
use core::ops::Range;

/// One entry of a sparse row: the uid it is about, and a value as a share of 65535.
pub type Entry = (u16, u16);

/// Parameters of liquid alpha, which lets bonds move the faster the further a weight stands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
	feature = "codec",
	derive(codec::Encode, codec::Decode, codec::DecodeWithMemTracking, scale_info::TypeInfo)
)]
pub struct LiquidAlpha {
	/// The slowest pace of a bond: the share of the new value, as a share of 65535.
	pub alpha_low: u16,
	/// The fastest pace of a bond, as a share of 65535. Below `alpha_low` the two swap their roles.
	pub alpha_high: u16,
	/// Steepness of the sigmoid between the two, in hundredths; may be negative.
	pub sigmoid_steepness: i16,
}

/// The hyperparameters of a subnet that an epoch depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
	feature = "codec",
	derive(codec::Encode, codec::Decode, codec::DecodeWithMemTracking, scale_info::TypeInfo)
)]
pub struct Parameters {
	/// Share of active stake that has to support a weight for it to become consensus, as a share of 65535.
	pub kappa: u16,
	/// How far bonds follow clipped (65535) instead of raw (0) weights, as a share of 65535.
	pub bonds_penalty: u16,
	/// Share of the old bond that is kept, in millionths; more than a million counts as a million.
	pub bonds_moving_average: u64,
	/// Yuma 3 bonds instead of the original ones.
	pub yuma3: bool,
	/// Liquid alpha; it only has an effect together with `yuma3`.
	pub liquid_alpha: Option<LiquidAlpha>,
	/// How many permits are given out; the owner's may come on top.
	pub max_allowed_validators: u16,
	/// For how many blocks after it set weights a validator counts as active.
	pub activity_cutoff: u64,
	/// Stake in rao below which stake counts as none; the owner is exempt.
	pub stake_threshold: u64,
	/// Blocks between epochs.
	pub tempo: u64,
}

/// Everything an epoch depends on. All vectors are indexed by uid.
///
/// Every value is acceptable. A vector that is too short is continued with zeros (or `false`, `None`, or empty rows), what
/// goes beyond `n` is ignored, and of several entries of a row about the same uid the first one counts. No mechanism at all
/// stands for one in which nobody has set anything.
#[derive(Clone, Copy, Debug)]
pub struct EpochInput<'a> {
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
	pub block_at_registration: &'a [u64],
	/// Stake weight in rao.
	pub stake: &'a [u64],
	/// Who holds a validator permit now.
	pub validator_permits: &'a [bool],
	/// The incentive mechanisms of the subnet, which share its neurons, its stake and its emission.
	pub mechanisms: &'a [MechanismInput<'a>],
	/// The subnet's hyperparameters.
	pub parameters: Parameters,
}

/// What was set in one incentive mechanism. All vectors are indexed by uid.
#[derive(Clone, Copy, Debug, Default)]
pub struct MechanismInput<'a> {
	/// The mechanism's part of the emission, in proportion to the parts of the others. Where all parts are zero, all
	/// mechanisms count the same. What rounding leaves goes to the first.
	pub emission_share: u16,
	/// The block at which each uid set weights.
	pub last_update: &'a [u64],
	/// The block of the oldest weights that each uid has committed and not yet revealed. Weights on destinations that
	/// registered after it are void: the validator could not have known them.
	pub commit_block: &'a [Option<u64>],
	/// The weights each uid set, in any order and scale.
	pub weights: &'a [&'a [Entry]],
	/// The bonds that the previous epoch put out.
	pub bonds: &'a [&'a [Entry]],
}

/// What an epoch arrives at. All vectors are indexed by uid and have `n` entries; a share of one is 65535.
///
/// With several mechanisms, emissions are sums over them, `active` says whether a uid is active in any of them, and
/// shares are means over them, weighted by their parts of the emission and cut.
///
/// The default is empty. An output may be used again: its content is replaced and its memory kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
	feature = "codec",
	derive(codec::Encode, codec::Decode, codec::DecodeWithMemTracking, scale_info::TypeInfo)
)]
pub struct EpochOutput {
	/// Who set weights within the activity cutoff.
	pub active: Vec<bool>,
	/// Share of all stake that reaches the threshold.
	pub stake_weight: Vec<u16>,
	/// The weight that enough active stake supports.
	pub consensus: Vec<u16>,
	/// Share of the miners' part.
	pub incentive: Vec<u16>,
	/// Share of the validators' part.
	pub dividends: Vec<u16>,
	/// How much of its weights the consensus left to each validator.
	pub validator_trust: Vec<u16>,
	/// Who holds a validator permit from now on.
	pub new_validator_permits: Vec<bool>,
	/// Rao earned as a miner.
	pub server_emission: Vec<u64>,
	/// Rao earned as a validator.
	pub validator_emission: Vec<u64>,
	/// Rao earned in both roles; computed by itself, it may differ from the sum of the two by rounding.
	pub combined_emission: Vec<u64>,
	/// What belongs to each mechanism alone; one more than none where the input lists no mechanism.
	pub mechanisms: Vec<MechanismOutput>,
}

/// What an epoch arrives at in one mechanism.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
	feature = "codec",
	derive(codec::Encode, codec::Decode, codec::DecodeWithMemTracking, scale_info::TypeInfo)
)]
pub struct MechanismOutput {
	/// Share of the miners' part of this mechanism's emission, by uid.
	pub incentive: Vec<u16>,
	/// The bonds to pass to the next epoch; empty for a uid without a new permit.
	pub bonds: Rows,
}

/// Sparse rows behind one another in one piece of memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
	feature = "codec",
	derive(codec::Encode, codec::Decode, codec::DecodeWithMemTracking, scale_info::TypeInfo)
)]
pub struct Rows {
	/// Where each row ends in `entries`.
	pub(crate) ends: Vec<u32>,
	pub(crate) entries: Vec<Entry>,
}

impl Rows {
	/// Number of rows.
	pub fn len(&self) -> usize {
		self.ends.len()
	}

	/// Whether there is no row.
	pub fn is_empty(&self) -> bool {
		self.ends.is_empty()
	}

	/// The row of a uid; empty where there is none.
	pub fn row(&self, uid: u16) -> &[Entry] {
		self.entries.get(self.range(uid)).unwrap_or_default()
	}

	/// Where the row of a uid is.
	pub(crate) fn range(&self, uid: u16) -> Range<usize> {
		let uid = usize::from(uid);
		let start = uid
			.checked_sub(1)
			.and_then(|before| self.ends.get(before))
			.copied()
			.unwrap_or(0);
		let end = self.ends.get(uid).copied().unwrap_or(start);
		start as usize..end as usize
	}

	/// All rows, first to last.
	pub fn iter(&self) -> impl Iterator<Item = &[Entry]> {
		let starts = core::iter::once(&0).chain(&self.ends);
		starts
			.zip(&self.ends)
			.map(|(start, end)| self.entries.get(*start as usize..*end as usize).unwrap_or_default())
	}
}
