//! Explanations: for one uid, every number between the weights and the payout.
//!
//! [`explain`] computes a mechanism's epoch once more, by another way than [`run_epoch`](crate::run_epoch): slowly, with
//! one small step behind the other, and keeping what each step arrives at. Both ways end in the same integers, which
//! makes an explanation a check of the engine as well.

mod chain;
mod recompute;
mod rows;
mod share;
mod text;

use alloc::vec::Vec;

pub use share::Share;

use crate::types::EpochInput;

/// How one uid came to what an epoch of one mechanism gives it.
///
/// Its `Display` prints all of it as a table for people.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Explanation {
	/// Whose numbers these are.
	pub uid: u16,
	/// The place of the mechanism in the input.
	pub mechanism: usize,
	/// How the bonds were brought up to date.
	pub rule: BondsRule,
	/// The stake that counts, and what the uid may do with it.
	pub standing: Standing,
	/// From the weights on the uid to its incentive.
	pub as_miner: MinerChain,
	/// From the weights and bonds of the uid to its dividends.
	pub as_validator: ValidatorChain,
	/// From incentive and dividends to rao.
	pub payout: Payout,
}

/// How bonds are brought up to date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum BondsRule {
	/// Stake buys shares of a column: `ΔB = S ∘ W̃`.
	Yuma2,
	/// Bonds follow the weights, all at one pace. Liquid alpha that is switched on while there is no consensus at all
	/// comes to this, too.
	Yuma3,
	/// Bonds follow the weights, each at its own pace.
	Yuma3LiquidAlpha,
}

/// Stake and permits of a uid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Standing {
	/// Stake in rao; zero where it does not reach the threshold and the uid is not the owner's.
	pub stake: u64,
	/// `stake / Σ stake`.
	pub stake_share: Share,
	/// Whether weights were set within the activity cutoff: `last_update + activity_cutoff ≥ block`.
	pub is_active: bool,
	/// Whether the uid may validate in this epoch: it holds a permit or is the owner's.
	pub is_permitted: bool,
	/// `S_i`: the stake share divided by the sum of the shares of all active and permitted uids; zero for the others.
	pub active_stake: Share,
	/// `active_stake` divided by its sum over all uids, which the cuts have left a little below one. The median counts
	/// in this.
	pub voice: Share,
	/// Whether the uid holds a permit from now on. Only then its bonds are stored.
	pub has_next_permit: bool,
}

/// Whether a weight counts, and if it does not, why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum Verdict {
	/// Nothing speaks against it.
	#[default]
	Counts,
	/// The validator has no permit.
	NotPermitted,
	/// The uid rates itself without being the owner's.
	OnItself,
	/// It was set no later than the miner registered, and so was meant for the uid's previous holder.
	OlderThanMiner,
	/// The validator committed weights that are not revealed yet, before the miner registered.
	CommittedBeforeMiner,
}

/// From the weights on a miner to its incentive.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct MinerChain {
	/// What each validator that lists the miner says about it, by ascending uid.
	pub opinions: Vec<Opinion>,
	/// How the consensus came out.
	pub consensus: Consensus,
	/// `R_j = Σ_i S_i · W̄_ij`, the sum of the opinions' contributions.
	pub rank: Share,
	/// The ranks of all miners together.
	pub sum_of_ranks: Share,
	/// `rank / sum_of_ranks`; zero where that sum is zero.
	pub incentive: Share,
	/// `floor(incentive · 65535)`.
	pub incentive_u16: u16,
}

/// What one validator says about a miner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Opinion {
	/// Who says so.
	pub validator: u16,
	/// `S_i`.
	pub active_stake: Share,
	/// `S_i` as the median counts it, see [`Standing::voice`].
	pub voice: Share,
	/// The weight as it was set.
	pub raw_weight: u16,
	/// Whether the weight counts.
	pub verdict: Verdict,
	/// `W_ij`: the raw weight over the sum of the validator's raw weights that count.
	pub weight: Share,
	/// `W̄_ij = min(W_ij, C_j)`.
	pub clipped: Share,
	/// `S_i · W̄_ij`.
	pub contribution: Share,
}

/// How the consensus about a miner came out.
///
/// `C_j` is the smallest weight that someone with a voice holds such that the voices of those who hold it or less exceed
/// `minority`; the largest weight if there is none. Who does not list the miner holds zero. In other words it is the
/// highest weight that voices of at least κ support.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Consensus {
	/// `C_j`.
	pub weight: Share,
	/// `floor(weight · 65535)`.
	pub weight_u16: u16,
	/// κ.
	pub kappa: Share,
	/// The sum of all voices: one, less what cuts have taken, or zero where there is no active stake.
	pub voices: Share,
	/// `voices - κ`.
	pub minority: Share,
	/// The voices of those who do not list the miner.
	pub silent: Share,
	/// The voices of those who hold `C_j` or less.
	pub at_or_below: Share,
	/// The voices of those who hold `C_j` or more: the support.
	pub at_or_above: Share,
}

/// From the weights and bonds of a validator to its dividends.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ValidatorChain {
	/// The miners that the validator rates or holds old bonds on, by ascending uid.
	pub holdings: Vec<Holding>,
	/// The sum of the raw weights that count.
	pub sum_of_raw_weights: u64,
	/// `Σ_j W̄_ij`: how much of the weights the consensus has left.
	pub trust: Share,
	/// `floor(trust · 65535)`, at most 65535.
	pub trust_u16: u16,
	/// The sum of the holdings' contributions.
	pub earned: Share,
	/// Yuma 2: `earned`. Yuma 3: `S_i · earned`.
	pub scaled: Share,
	/// `scaled` of all validators together.
	pub sum_of_scaled: Share,
	/// `scaled / sum_of_scaled`; zero where that sum is zero.
	pub dividends: Share,
	/// `floor(dividends · 65535)`.
	pub dividends_u16: u16,
}

/// What a validator says about a miner and holds in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Holding {
	/// Whom it is about.
	pub miner: u16,
	/// The weight as it was set; `None` where the validator does not list the miner.
	pub raw_weight: Option<u16>,
	/// Whether the weight counts.
	pub verdict: Verdict,
	/// `W_ij`.
	pub weight: Share,
	/// `W̄_ij = min(W_ij, C_j)`.
	pub clipped: Share,
	/// `W̃_ij = W_ij + β · (W̄_ij - W_ij)`.
	pub weight_for_bonds: Share,
	/// The bond as the previous epoch stored it.
	pub stored_before: u16,
	/// Whether that bond is void because the miner registered after the previous epoch.
	pub is_old_bond_void: bool,
	/// The old bond. Yuma 2: its share of the column. Yuma 3: `stored_before / 65535`.
	pub old_bond: Share,
	/// What the bond moves towards. Yuma 2: the share of `S_i · W̃_ij` in its column. Yuma 3: `W̃_ij`.
	pub target: Share,
	/// `α`, the pace: the share of the target in the new bond. Liquid alpha drops an old bond whose miner is not among
	/// the weights for bonds; such a bond has a pace of one.
	pub alpha: Share,
	/// `W̃_ij` as liquid alpha sees it: zero where a higher uid stands before the miner in the row.
	pub seen_weight: Share,
	/// The old bond as liquid alpha sees it: zero where a higher uid stands before the miner in the row.
	pub seen_bond: Share,
	/// `B_ij = α · target + (1 - α) · old_bond`, each product cut.
	pub bond: Share,
	/// `Σ_i B_ij` over all validators.
	pub column: Share,
	/// `B_ij / column`.
	pub share: Share,
	/// The miner's incentive.
	pub incentive: Share,
	/// `share · incentive`.
	pub contribution: Share,
	/// What is stored for the next epoch. Yuma 2: `share` over the highest share of the column. Yuma 3: the bond itself.
	/// `None` where nothing is, for want of a bond above zero or of a permit.
	pub stored: Option<u16>,
}

/// From incentive and dividends to rao.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Payout {
	/// The mechanism's part of the epoch's emission, in rao.
	pub emission: u64,
	/// What is paid by.
	pub basis: Basis,
	/// What the shares are divided by: incentive and dividends of all uids together. One where stake is paid.
	pub sum: Share,
	/// Earned as a miner: by `incentive / sum`.
	pub server: Amount,
	/// Earned as a validator: by `dividends / sum`.
	pub validator: Amount,
	/// Earned in both roles: by `(incentive + dividends) / sum`; rounding may lead away from the sum of the two.
	pub combined: Amount,
}

/// What an emission is distributed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum Basis {
	/// By incentive and dividends, as long as there are any.
	IncentiveAndDividends,
	/// By active stake to validators, because no weight counts.
	ActiveStake,
	/// By all stake to validators, because no weight counts and nobody is active.
	AllStake,
}

/// A share of the emission and what it comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Amount {
	/// Share of the mechanism's emission.
	pub share: Share,
	/// `floor(share · emission)`.
	pub rao: u64,
}

/// Explains what the epoch of `input` gives to `uid` in one of its mechanisms, counted from zero.
///
/// `None` where the uid is not below `n` or there is no such mechanism. An input without mechanisms has one, the empty
/// one. The cost is that of some slow epochs: the number of listed weights and bonds, times a logarithm.
pub fn explain(input: &EpochInput<'_>, mechanism: usize, uid: u16) -> Option<Explanation> {
	if uid >= input.n {
		return None;
	}
	let epoch = recompute::Epoch::of(input, mechanism)?;
	Some(chain::explanation(&epoch, mechanism, uid))
}
