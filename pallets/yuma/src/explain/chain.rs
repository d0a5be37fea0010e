//! From the epoch computed once more to the explanation of one uid.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::recompute::Epoch;
use super::rows::{Bond, Weight, is_permitted};
use super::{
	Amount, Basis, Consensus, Explanation, Holding, MinerChain, Opinion, Payout, Share, Standing, ValidatorChain,
	Verdict,
};
use crate::fixed::{Fixed, total};
use crate::stake::entry_or_default;

pub(super) fn explanation(epoch: &Epoch<'_>, mechanism: usize, uid: u16) -> Explanation {
	Explanation {
		uid,
		mechanism,
		rule: epoch.rule,
		standing: standing(epoch, uid),
		as_miner: miner_chain(epoch, uid),
		as_validator: validator_chain(epoch, uid),
		payout: payout(epoch, uid),
	}
}

/// The entry of a uid as a share.
fn share(values: &[Fixed], uid: u16) -> Share {
	entry_or_default(values, uid).into()
}

fn standing(epoch: &Epoch<'_>, uid: u16) -> Standing {
	Standing {
		stake: entry_or_default(&epoch.stake, uid),
		stake_share: share(&epoch.stake_shares, uid),
		is_active: entry_or_default(&epoch.active, uid),
		is_permitted: is_permitted(epoch.input, uid),
		active_stake: share(&epoch.active_stake, uid),
		voice: share(&epoch.voices, uid),
		has_next_permit: epoch.has_next_permit(uid),
	}
}

fn miner_chain(epoch: &Epoch<'_>, uid: u16) -> MinerChain {
	let opinion = |(validator, row): (u16, &Vec<Weight>)| {
		let weight = row.iter().find(|weight| weight.miner == uid)?;
		let active_stake = entry_or_default(&epoch.active_stake, validator);
		Some(Opinion {
			validator,
			active_stake: active_stake.into(),
			voice: share(&epoch.voices, validator),
			raw_weight: weight.raw,
			verdict: weight.verdict,
			weight: weight.normalised.into(),
			clipped: weight.clipped.into(),
			contribution: weight.clipped.times(active_stake).into(),
		})
	};
	MinerChain {
		opinions: (0_u16..).zip(&epoch.weights).filter_map(opinion).collect(),
		consensus: consensus(epoch, uid),
		rank: share(&epoch.ranks, uid),
		sum_of_ranks: total(&epoch.ranks).into(),
		incentive: share(&epoch.incentive, uid),
		incentive_u16: entry_or_default(&epoch.incentive, uid).to_proportion(),
	}
}

/// How the voices stand around the consensus. Weights that are void or not listed are zeros.
fn consensus(epoch: &Epoch<'_>, uid: u16) -> Consensus {
	let agreed = entry_or_default(&epoch.consensus, uid);
	let (mut silent, mut at_or_below, mut at_or_above) = (Fixed::ZERO, Fixed::ZERO, Fixed::ZERO);
	for (row, voice) in epoch.weights.iter().zip(&epoch.voices) {
		let listed = row
			.iter()
			.find(|weight| weight.miner == uid && weight.verdict == Verdict::Counts);
		let weight = listed.map_or(Fixed::ZERO, |weight| weight.normalised);
		let add_if = |sum: &mut Fixed, condition| *sum = if condition { sum.plus(*voice) } else { *sum };
		add_if(&mut silent, listed.is_none());
		add_if(&mut at_or_below, weight <= agreed);
		add_if(&mut at_or_above, weight >= agreed);
	}
	let voices = total(&epoch.voices);
	Consensus {
		weight: agreed.into(),
		weight_u16: agreed.to_proportion(),
		kappa: epoch.kappa().into(),
		voices: voices.into(),
		minority: voices.minus(epoch.kappa()).into(),
		silent: silent.into(),
		at_or_below: at_or_below.into(),
		at_or_above: at_or_above.into(),
	}
}

fn validator_chain(epoch: &Epoch<'_>, uid: u16) -> ValidatorChain {
	let weights = epoch.weights.get(usize::from(uid)).map_or(&[][..], Vec::as_slice);
	let mut holdings: BTreeMap<u16, (Option<Weight>, Bond)> = weights
		.iter()
		.map(|weight| (weight.miner, (Some(*weight), Bond::default())))
		.collect();
	for (miner, bond) in epoch.bonds.get(usize::from(uid)).into_iter().flatten() {
		holdings.entry(*miner).or_default().1 = *bond;
	}
	let is_stored = epoch.has_next_permit(uid);
	let holding = |(miner, (weight, bond)): (u16, (Option<Weight>, Bond))| {
		let stored = (is_stored && bond.new > Fixed::ZERO).then(|| epoch.stored(miner, &bond));
		holding(epoch, miner, weight, bond, stored)
	};
	let counted = weights.iter().filter(|weight| weight.verdict == Verdict::Counts);
	let trust = entry_or_default(&epoch.trust, uid);
	let dividends = entry_or_default(&epoch.dividends, uid);
	ValidatorChain {
		holdings: holdings.into_iter().map(holding).collect(),
		sum_of_raw_weights: counted.fold(0, |sum: u64, weight| sum.saturating_add(weight.raw.into())),
		trust: trust.into(),
		trust_u16: trust.to_proportion(),
		earned: share(&epoch.earned, uid),
		scaled: share(&epoch.scaled, uid),
		sum_of_scaled: total(&epoch.scaled).into(),
		dividends: dividends.into(),
		dividends_u16: dividends.to_proportion(),
	}
}

fn holding(epoch: &Epoch<'_>, miner: u16, weight: Option<Weight>, bond: Bond, stored: Option<u16>) -> Holding {
	let incentive = entry_or_default(&epoch.incentive, miner);
	let of_weight = |part: fn(Weight) -> Fixed| Share::from(weight.map(part).unwrap_or_default());
	Holding {
		miner,
		raw_weight: weight.map(|weight| weight.raw),
		verdict: weight.map(|weight| weight.verdict).unwrap_or_default(),
		weight: of_weight(|weight| weight.normalised),
		clipped: of_weight(|weight| weight.clipped),
		weight_for_bonds: of_weight(|weight| weight.for_bonds.unwrap_or_default()),
		stored_before: bond.stored_before,
		is_old_bond_void: bond.is_old_void,
		old_bond: bond.old.into(),
		target: bond.target.into(),
		alpha: bond.alpha.into(),
		seen_weight: bond.seen_weight.into(),
		seen_bond: bond.seen_old.into(),
		bond: bond.new.into(),
		column: share(&epoch.bond_sums, miner),
		share: bond.share.into(),
		incentive: incentive.into(),
		contribution: bond.share.times(incentive).into(),
		stored,
	}
}

/// By incentive and dividends over the sum of both; by stake where that sum is zero.
fn payout(epoch: &Epoch<'_>, uid: u16) -> Payout {
	let amount = |share: Fixed| Amount {
		share: share.into(),
		rao: share.share_of(epoch.emission),
	};
	let sum = total(epoch.incentive.iter().chain(&epoch.dividends));
	if sum == Fixed::ZERO {
		let is_anyone_active = epoch.active_stake.iter().any(|stake| *stake > Fixed::ZERO);
		let (basis, stake) = if is_anyone_active {
			(Basis::ActiveStake, &epoch.active_stake)
		} else {
			(Basis::AllStake, &epoch.stake_shares)
		};
		let stake = entry_or_default(stake, uid);
		return Payout {
			emission: epoch.emission,
			basis,
			sum: Share::ONE,
			server: amount(Fixed::ZERO),
			validator: amount(stake),
			combined: amount(stake),
		};
	}
	let incentive = entry_or_default(&epoch.incentive, uid);
	let dividends = entry_or_default(&epoch.dividends, uid);
	Payout {
		emission: epoch.emission,
		basis: Basis::IncentiveAndDividends,
		sum: sum.into(),
		server: amount(incentive.over(sum)),
		validator: amount(dividends.over(sum)),
		combined: amount(incentive.plus(dividends).over(sum)),
	}
}
