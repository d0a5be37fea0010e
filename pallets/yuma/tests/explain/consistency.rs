//! Explanations against themselves: every number follows from those before it.

use yuma::{Basis, BondsRule, EpochInput, Explanation, Holding, Share, Verdict};

/// `floor(share · 65535)`, from the units of the share.
pub(crate) fn proportion(share: Share) -> u16 {
	u16::try_from((i128::from(share.bits()) * 65_535) >> 32).unwrap_or(u16::MAX)
}

/// The product, rounded down.
fn times(left: Share, right: Share) -> Share {
	let product = i128::from(left.bits()) * i128::from(right.bits());
	Share::from_bits(i64::try_from(product >> 32).unwrap())
}

/// The quotient, cut; zero where it does not exist.
fn over(left: Share, right: Share) -> Share {
	let shifted = i128::from(left.bits()) << 32;
	Share::from_bits(i64::try_from(shifted.checked_div(right.bits().into()).unwrap_or(0)).unwrap())
}

fn sum(shares: impl Iterator<Item = Share>) -> Share {
	Share::from_bits(shares.map(Share::bits).sum())
}

/// Each number of the miner's side from those before it.
pub(crate) fn check_miner(explanation: &Explanation) {
	let (miner, agreed) = (&explanation.as_miner, &explanation.as_miner.consensus);
	for opinion in &miner.opinions {
		assert_eq!(opinion.clipped, opinion.weight.min(agreed.weight));
		assert_eq!(opinion.contribution, times(opinion.active_stake, opinion.clipped));
		assert!(opinion.verdict == Verdict::Counts || opinion.weight == Share::ZERO);
	}
	assert!(
		miner
			.opinions
			.is_sorted_by(|left, right| left.validator < right.validator)
	);
	let voices = |holds: &dyn Fn(Share) -> bool| {
		let counted = miner
			.opinions
			.iter()
			.filter(|opinion| opinion.verdict == Verdict::Counts);
		let spoken = sum(counted
			.filter(|opinion| holds(opinion.weight))
			.map(|opinion| opinion.voice));
		let silent = if holds(Share::ZERO) { agreed.silent } else { Share::ZERO };
		Share::from_bits(spoken.bits() + silent.bits())
	};
	assert_eq!(agreed.voices, voices(&|_| true));
	assert_eq!(agreed.at_or_below, voices(&|weight| weight <= agreed.weight));
	assert_eq!(agreed.at_or_above, voices(&|weight| weight >= agreed.weight));
	assert_eq!(agreed.minority.bits(), agreed.voices.bits() - agreed.kappa.bits());
	assert!(agreed.at_or_above >= agreed.kappa.min(agreed.voices), "support");
	let less = voices(&|weight| weight < agreed.weight);
	assert!(
		less == Share::ZERO || less <= agreed.minority,
		"a smaller weight would do"
	);
	assert_eq!(agreed.weight_u16, proportion(agreed.weight));

	assert_eq!(
		miner.rank,
		sum(miner.opinions.iter().map(|opinion| opinion.contribution))
	);
	assert_eq!(miner.incentive, over(miner.rank, miner.sum_of_ranks));
	assert_eq!(miner.incentive_u16, proportion(miner.incentive));
}

fn check_holding(holding: &Holding, rule: BondsRule, penalty: Share, raw_sum: u64) {
	let raw = i64::from(holding.raw_weight.unwrap_or(0));
	if holding.verdict == Verdict::Counts {
		let raw_sum = Share::from_bits(i64::try_from(raw_sum).unwrap());
		assert_eq!(holding.weight, over(Share::from_bits(raw), raw_sum));
	}
	assert!(holding.clipped <= holding.weight);
	let change = Share::from_bits(holding.clipped.bits() - holding.weight.bits());
	let between = holding.weight.bits() + times(penalty, change).bits();
	assert_eq!(holding.weight_for_bonds.bits(), between.max(0));
	if rule != BondsRule::Yuma2 {
		assert_eq!(holding.target, holding.weight_for_bonds);
	}
	let kept = times(
		Share::from_bits(Share::ONE.bits() - holding.alpha.bits()),
		holding.old_bond,
	);
	let bond = times(holding.alpha, holding.target).bits() + kept.bits();
	assert_eq!(holding.bond.bits(), bond);
	assert_eq!(holding.share, over(holding.bond, holding.column));
	assert_eq!(holding.contribution, times(holding.share, holding.incentive));
	assert!(holding.alpha >= Share::ZERO && holding.alpha <= Share::ONE);
}

/// Each number of the validator's side, and of the payout, from those before it.
pub(crate) fn check_validator(explanation: &Explanation, input: &EpochInput<'_>) {
	let validator = &explanation.as_validator;
	let penalty = over(
		Share::from_bits(input.parameters.bonds_penalty.into()),
		Share::from_bits(65_535),
	);
	for holding in &validator.holdings {
		check_holding(holding, explanation.rule, penalty, validator.sum_of_raw_weights);
		let is_stored = holding.stored.is_some();
		let may_be = explanation.standing.has_next_permit && holding.bond > Share::ZERO;
		assert_eq!(is_stored, may_be);
	}
	let holdings = || validator.holdings.iter();
	assert!(validator.holdings.is_sorted_by(|left, right| left.miner < right.miner));
	assert_eq!(validator.trust, sum(holdings().map(|holding| holding.clipped)));
	assert_eq!(validator.trust_u16, proportion(validator.trust));
	assert_eq!(validator.earned, sum(holdings().map(|holding| holding.contribution)));
	let scaled = match explanation.rule {
		BondsRule::Yuma2 => validator.earned,
		_ => times(validator.earned, explanation.standing.active_stake),
	};
	assert_eq!(validator.scaled, scaled);
	assert_eq!(validator.dividends, over(validator.scaled, validator.sum_of_scaled));
	assert_eq!(validator.dividends_u16, proportion(validator.dividends));

	let (payout, incentive) = (&explanation.payout, explanation.as_miner.incentive);
	let both = Share::from_bits(incentive.bits() + validator.dividends.bits());
	let shares = match payout.basis {
		Basis::IncentiveAndDividends => [incentive, validator.dividends, both],
		Basis::ActiveStake => [
			Share::ZERO,
			explanation.standing.active_stake,
			explanation.standing.active_stake,
		],
		Basis::AllStake => [
			Share::ZERO,
			explanation.standing.stake_share,
			explanation.standing.stake_share,
		],
	};
	for (amount, share) in [payout.server, payout.validator, payout.combined].iter().zip(shares) {
		assert_eq!(amount.share, over(share, payout.sum));
		let rao = (i128::from(amount.share.bits()) * i128::from(payout.emission)) >> 32;
		assert_eq!(i128::from(amount.rao), rao);
	}
}
