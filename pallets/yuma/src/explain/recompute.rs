//! The epoch of one mechanism, once more: slow, with plain rows, and nothing thrown away.

use alloc::vec;
use alloc::vec::Vec;

use super::rows::{Bond, Bonds, Weight, aim, is_permitted, read_bonds, read_weights};
use super::{BondsRule, Verdict};
use crate::fixed::{Fixed, normalise, total};
use crate::liquid_alpha::Pace;
use crate::stake::entry_or_default;
use crate::types::{EpochInput, MechanismInput};

/// What `bonds_moving_average` is a share of.
const MOVING_AVERAGE_SCALE: u64 = 1_000_000;

/// All that an epoch comes to. Vectors are indexed by uid.
pub(super) struct Epoch<'a> {
	pub(super) input: &'a EpochInput<'a>,
	pub(super) emission: u64,
	pub(super) rule: BondsRule,
	pub(super) stake: Vec<u64>,
	pub(super) stake_shares: Vec<Fixed>,
	pub(super) active: Vec<bool>,
	pub(super) active_stake: Vec<Fixed>,
	pub(super) voices: Vec<Fixed>,
	pub(super) weights: Vec<Vec<Weight>>,
	pub(super) consensus: Vec<Fixed>,
	pub(super) trust: Vec<Fixed>,
	pub(super) ranks: Vec<Fixed>,
	pub(super) incentive: Vec<Fixed>,
	pub(super) bonds: Vec<Bonds>,
	/// The sum of the new bonds on each miner.
	pub(super) bond_sums: Vec<Fixed>,
	pub(super) earned: Vec<Fixed>,
	pub(super) scaled: Vec<Fixed>,
	pub(super) dividends: Vec<Fixed>,
}

impl<'a> Epoch<'a> {
	/// Computes the epoch of the mechanism at this place, if there is one.
	pub(super) fn of(input: &'a EpochInput<'a>, place: usize) -> Option<Self> {
		let mechanism = match input.mechanisms {
			[] if place == 0 => MechanismInput::default(),
			several => *several.get(place)?,
		};
		let stake: Vec<u64> = (0..input.n).map(|uid| counted_stake(input, uid)).collect();
		let all_stake = stake
			.iter()
			.fold(0_u128, |sum, stake| sum.saturating_add(u128::from(*stake)));
		let stake_shares: Vec<Fixed> = stake.iter().map(|stake| Fixed::ratio(*stake, all_stake)).collect();
		let last_active = |uid| {
			let updated = entry_or_default(mechanism.last_update, uid);
			updated.saturating_add(input.parameters.activity_cutoff)
		};
		let active: Vec<bool> = (0..input.n).map(|uid| last_active(uid) >= input.block).collect();
		let counts = |uid| entry_or_default(&active, uid) && is_permitted(input, uid);
		let counted = |uid| {
			if counts(uid) {
				entry_or_default(&stake_shares, uid)
			} else {
				Fixed::ZERO
			}
		};
		let mut active_stake: Vec<Fixed> = (0..input.n).map(counted).collect();
		normalise(&mut active_stake);
		let mut voices = active_stake.clone();
		normalise(&mut voices);

		let mut epoch = Self {
			input,
			emission: emission_of(input, place),
			rule: BondsRule::Yuma2,
			stake,
			stake_shares,
			active,
			active_stake,
			voices,
			weights: (0..input.n).map(|row| read_weights(input, &mechanism, row)).collect(),
			consensus: vec![],
			trust: vec![],
			ranks: vec![],
			incentive: vec![],
			bonds: (0..input.n).map(|row| read_bonds(input, &mechanism, row)).collect(),
			bond_sums: vec![],
			earned: vec![],
			scaled: vec![],
			dividends: vec![],
		};
		epoch.reach_consensus();
		epoch.rank();
		epoch.follow_weights();
		epoch.update_bonds();
		epoch.earn();
		Some(epoch)
	}

	/// `C_j`, the median of each column of the weights.
	fn reach_consensus(&mut self) {
		let mut columns: Vec<Vec<(Fixed, Fixed)>> = vec![vec![]; usize::from(self.input.n)];
		for (row, voice) in self.weights.iter().zip(&self.voices) {
			for weight in row.iter().filter(|weight| weight.verdict == Verdict::Counts) {
				if let Some(column) = columns.get_mut(usize::from(weight.miner)) {
					column.push((weight.normalised, *voice));
				}
			}
		}
		let voices = total(&self.voices);
		let minority = voices.minus(self.kappa());
		self.consensus = columns
			.into_iter()
			.map(|column| median(column, voices, minority))
			.collect();
	}

	/// `W̄`, then `R_j = Σ_i S_i · W̄_ij`.
	fn rank(&mut self) {
		self.ranks = vec![Fixed::ZERO; usize::from(self.input.n)];
		for (row, stake) in self.weights.iter_mut().zip(&self.active_stake) {
			let mut trust = Fixed::ZERO;
			for weight in row {
				weight.clipped = weight.normalised.min(entry_or_default(&self.consensus, weight.miner));
				trust = trust.plus(weight.clipped);
				add_to(&mut self.ranks, weight.miner, weight.clipped.times(*stake));
			}
			self.trust.push(trust);
		}
		self.incentive = self.ranks.clone();
		normalise(&mut self.incentive);
	}

	/// `W̃`, and which miners remain listed in it.
	fn follow_weights(&mut self) {
		let penalty = self.input.parameters.bonds_penalty;
		for weight in self.weights.iter_mut().flatten() {
			let (normalised, clipped) = (weight.normalised, weight.clipped);
			let between = || normalised.plus(Fixed::proportion(penalty).times(clipped.minus(normalised)));
			let for_bonds = match penalty {
				0 => Some(normalised),
				u16::MAX => Some(clipped).filter(|_| clipped > Fixed::ZERO || normalised == Fixed::ZERO),
				_ => Some(between()).filter(|value| *value > Fixed::ZERO),
			};
			weight.for_bonds = for_bonds.filter(|_| weight.verdict == Verdict::Counts);
		}
	}

	/// `B = α · target + (1 - α) · B`.
	fn update_bonds(&mut self) {
		let parameters = self.input.parameters;
		let has_consensus = self.consensus.iter().any(|consensus| *consensus != Fixed::ZERO);
		let liquid_alpha = parameters.liquid_alpha.filter(|_| parameters.yuma3 && has_consensus);
		self.rule = match (parameters.yuma3, liquid_alpha) {
			(false, _) => BondsRule::Yuma2,
			(true, None) => BondsRule::Yuma3,
			(true, Some(_)) => BondsRule::Yuma3LiquidAlpha,
		};
		let is_sorted = !matches!(parameters.bonds_penalty, 0 | u16::MAX);
		for ((bonds, row), stake) in self.bonds.iter_mut().zip(&self.weights).zip(&self.active_stake) {
			aim(bonds, row, is_sorted);
			if self.rule == BondsRule::Yuma2 {
				bonds
					.values_mut()
					.for_each(|bond| bond.target = bond.target.times(*stake));
			}
		}
		if self.rule == BondsRule::Yuma2 {
			divide_by_column_sums(&mut self.bonds, self.input.n, |bond| &mut bond.old);
			divide_by_column_sums(&mut self.bonds, self.input.n, |bond| &mut bond.target);
		}

		let kept = parameters.bonds_moving_average.min(MOVING_AVERAGE_SCALE);
		let kept = Fixed::ratio(kept, u128::from(MOVING_AVERAGE_SCALE));
		let pace = liquid_alpha.map(Pace::new);
		for (miner, bond) in self.bonds.iter_mut().flatten() {
			let consensus = entry_or_default(&self.consensus, *miner);
			bond.alpha = match pace {
				None => Fixed::ONE.minus(kept),
				Some(pace) if bond.is_listed => pace.alpha(bond.seen_weight, bond.seen_old, consensus),
				Some(_) => Fixed::ONE,
			};
			let moved = bond.alpha.times(bond.target);
			bond.new = moved.plus(Fixed::ONE.minus(bond.alpha).times(bond.old));
			bond.share = bond.new;
		}
		self.bond_sums = divide_by_column_sums(&mut self.bonds, self.input.n, |bond| &mut bond.share);
	}

	/// Dividends: what each validator's shares of the miners earn.
	fn earn(&mut self) {
		let earned = |bonds: &Bonds| {
			let part = |(miner, bond): (&u16, &Bond)| bond.share.times(entry_or_default(&self.incentive, *miner));
			bonds.iter().map(part).fold(Fixed::ZERO, Fixed::plus)
		};
		self.earned = self.bonds.iter().map(earned).collect();
		let pairs = self.earned.iter().zip(&self.active_stake);
		self.scaled = match self.rule {
			BondsRule::Yuma2 => self.earned.clone(),
			_ => pairs.map(|(earned, stake)| earned.times(*stake)).collect(),
		};
		self.dividends = self.scaled.clone();
		normalise(&mut self.dividends);
	}

	pub(super) fn kappa(&self) -> Fixed {
		Fixed::proportion(self.input.parameters.kappa)
	}

	/// Whether the uid holds a permit from now on: as the owner, or with few enough uids ahead of it.
	pub(super) fn has_next_permit(&self, uid: u16) -> bool {
		let own = (entry_or_default(&self.stake_shares, uid), uid);
		let ahead = self
			.stake_shares
			.iter()
			.copied()
			.zip(0_u16..)
			.filter(|other| *other > own);
		let allowed = usize::from(self.input.parameters.max_allowed_validators);
		self.input.owner_uid == Some(uid) || (own.0 > Fixed::ZERO && ahead.count() < allowed)
	}

	/// What the next epoch will read of a bond, if the validator has a permit.
	pub(super) fn stored(&self, miner: u16, bond: &Bond) -> u16 {
		if self.rule != BondsRule::Yuma2 {
			return bond.new.to_proportion();
		}
		let column = self.bonds.iter().filter_map(|bonds| bonds.get(&miner));
		let highest = column.map(|bond| bond.share).max().unwrap_or_default();
		let scaled_up = if highest == Fixed::ZERO {
			bond.share
		} else {
			bond.share.over(highest)
		};
		scaled_up.to_proportion()
	}
}

/// Stake that counts: it reaches the threshold, or is the owner's.
fn counted_stake(input: &EpochInput<'_>, uid: u16) -> u64 {
	let stake = entry_or_default(input.stake, uid);
	if stake >= input.parameters.stake_threshold || input.owner_uid == Some(uid) {
		stake
	} else {
		0
	}
}

/// The mechanism's part of the emission, cut; the first mechanism has what the others leave.
fn emission_of(input: &EpochInput<'_>, place: usize) -> u64 {
	let shares = || {
		input
			.mechanisms
			.iter()
			.map(|mechanism| u128::from(mechanism.emission_share))
	};
	let are_even = shares().all(|share| share == 0);
	let parts: Vec<u128> = shares().map(|share| if are_even { 1 } else { share }).collect();
	let all = parts.iter().copied().fold(0_u128, u128::saturating_add);
	let amount = |part: &u128| {
		let product = u128::from(input.emission).saturating_mul(*part);
		u64::try_from(product.checked_div(all).unwrap_or(0)).unwrap_or(u64::MAX)
	};
	if place == 0 {
		let others = parts.iter().skip(1).map(amount).fold(0_u64, u64::saturating_add);
		input.emission.saturating_sub(others)
	} else {
		parts.get(place).map_or(0, amount)
	}
}

/// The smallest weight that voices of more than `minority` do not exceed; the largest if there is none.
fn median(mut opinions: Vec<(Fixed, Fixed)>, voices: Fixed, minority: Fixed) -> Fixed {
	opinions.retain(|(_, voice)| *voice > Fixed::ZERO);
	let silent = voices.minus(total(opinions.iter().map(|(_, voice)| voice)));
	if silent > Fixed::ZERO {
		opinions.push((Fixed::ZERO, silent));
	}
	opinions.sort_unstable();
	let mut at_or_below = Fixed::ZERO;
	for (weight, voice) in &opinions {
		at_or_below = at_or_below.plus(*voice);
		if at_or_below > minority {
			return *weight;
		}
	}
	opinions.last().map_or(Fixed::ZERO, |(weight, _)| *weight)
}

/// Divides a part of each bond by the sum of that part over the miner's column, unless that is zero. The sums.
fn divide_by_column_sums(rows: &mut [Bonds], n: u16, part: impl Fn(&mut Bond) -> &mut Fixed) -> Vec<Fixed> {
	let mut sums = vec![Fixed::ZERO; usize::from(n)];
	for (miner, bond) in rows.iter_mut().flatten() {
		add_to(&mut sums, *miner, *part(bond));
	}
	for (miner, bond) in rows.iter_mut().flatten() {
		let part = part(bond);
		*part = part.over(entry_or_default(&sums, *miner));
	}
	sums
}

fn add_to(values: &mut [Fixed], uid: u16, value: Fixed) {
	if let Some(sum) = values.get_mut(usize::from(uid)) {
		*sum = sum.plus(value);
	}
}
