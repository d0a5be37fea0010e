//! Explanations as text for people.

use core::fmt;

use super::{
	Basis, BondsRule, Consensus, Explanation, Holding, MinerChain, Opinion, Share, Standing, ValidatorChain, Verdict,
};

impl fmt::Display for Explanation {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		let Self {
			uid,
			mechanism,
			rule,
			standing,
			as_miner,
			as_validator,
			payout,
		} = self;
		writeln!(formatter, "uid {uid}, mechanism {mechanism}, {rule}\n")?;
		writeln!(formatter, "{standing}\n")?;
		writeln!(formatter, "{as_miner}\n")?;
		as_validator.write(formatter, *rule)?;

		writeln!(formatter, "\npayout of {} rao {}", payout.emission, payout.basis)?;
		if payout.basis == Basis::IncentiveAndDividends {
			writeln!(formatter, "  sum of both of all uids: {:.6}", payout.sum)?;
		}
		let amounts = [
			("miner", payout.server),
			("validator", payout.validator),
			("both", payout.combined),
		];
		for (role, amount) in amounts {
			writeln!(formatter, "  {role:<9}  {:.6}  {:>20} rao", amount.share, amount.rao)?;
		}
		Ok(())
	}
}

impl fmt::Display for BondsRule {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		formatter.write_str(match self {
			Self::Yuma2 => "Yuma 2",
			Self::Yuma3 => "Yuma 3",
			Self::Yuma3LiquidAlpha => "Yuma 3 with liquid alpha",
		})
	}
}

impl fmt::Display for Basis {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		formatter.write_str(match self {
			Self::IncentiveAndDividends => "by incentive and dividends",
			Self::ActiveStake => "by active stake, as no weight counts",
			Self::AllStake => "by stake, as no weight counts and nobody is active",
		})
	}
}

impl fmt::Display for Verdict {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		formatter.write_str(match self {
			Self::Counts => "counts",
			Self::NotPermitted => "void: the validator has no permit",
			Self::OnItself => "void: on oneself",
			Self::OlderThanMiner => "void: set before the miner registered",
			Self::CommittedBeforeMiner => "void: committed before the miner registered",
		})
	}
}

/// The remark behind a line about a weight; nothing where it counts.
fn remark(verdict: Verdict) -> impl fmt::Display {
	fmt::from_fn(move |formatter| match verdict {
		Verdict::Counts => Ok(()),
		_ => write!(formatter, "  {verdict}"),
	})
}

fn yes_or_no(value: bool) -> &'static str {
	if value { "yes" } else { "no" }
}

impl fmt::Display for Standing {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		writeln!(formatter, "stake")?;
		writeln!(
			formatter,
			"  {} rao count, {:.6} of all stake",
			self.stake, self.stake_share
		)?;
		write!(
			formatter,
			"  active: {}; permit: {}; permit from now on: {}; active stake {:.6}",
			yes_or_no(self.is_active),
			yes_or_no(self.is_permitted),
			yes_or_no(self.has_next_permit),
			self.active_stake,
		)
	}
}

impl fmt::Display for MinerChain {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		writeln!(formatter, "as a miner")?;
		if self.opinions.is_empty() {
			write!(formatter, "  no validator lists the uid")?;
			return Ok(());
		}
		writeln!(
			formatter,
			"  validator  active stake    raw    weight   clipped  adds to rank"
		)?;
		for opinion in &self.opinions {
			writeln!(formatter, "{opinion}")?;
		}
		writeln!(formatter, "{}", self.consensus)?;
		writeln!(
			formatter,
			"  rank       {:.6}, of {:.6} of all miners",
			self.rank, self.sum_of_ranks
		)?;
		write!(
			formatter,
			"  incentive  {:.6}, {} of 65535",
			self.incentive, self.incentive_u16
		)
	}
}

impl fmt::Display for Opinion {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(
			formatter,
			"  {:>9}  {:>12.6}  {:>5}  {:>8.6}  {:>8.6}  {:>12.6}{}",
			self.validator,
			self.active_stake,
			self.raw_weight,
			self.weight,
			self.clipped,
			self.contribution,
			remark(self.verdict),
		)
	}
}

impl fmt::Display for Consensus {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(
			formatter,
			"  consensus  {:.6}: {:.6} of active stake holds this weight or more, and κ is {:.6}",
			self.weight, self.at_or_above, self.kappa
		)
	}
}

impl ValidatorChain {
	/// How dividends come out of what was earned depends on the rule.
	fn write(&self, formatter: &mut fmt::Formatter<'_>, rule: BondsRule) -> fmt::Result {
		writeln!(formatter, "as a validator")?;
		if self.holdings.is_empty() {
			return writeln!(formatter, "  rates no miner and holds no bonds");
		}
		writeln!(
			formatter,
			"  miner    raw    weight   clipped  for bonds  old bond    target     alpha      bond"
		)?;
		for holding in &self.holdings {
			holding.write_bond(formatter)?;
		}
		writeln!(formatter, "  trust      {:.6}, {} of 65535", self.trust, self.trust_u16)?;
		writeln!(
			formatter,
			"  miner      bond    column     share  incentive      adds  stored"
		)?;
		for holding in self.holdings.iter().filter(|holding| holding.bond > Share::ZERO) {
			holding.write_dividend(formatter)?;
		}
		write!(formatter, "  earned     {:.6}", self.earned)?;
		if rule != BondsRule::Yuma2 {
			write!(formatter, ", times active stake is {:.6}", self.scaled)?;
		}
		writeln!(formatter, ", of {:.6} of all validators", self.sum_of_scaled)?;
		writeln!(
			formatter,
			"  dividends  {:.6}, {} of 65535",
			self.dividends, self.dividends_u16
		)
	}
}

impl Holding {
	/// From the weight to the new bond.
	fn write_bond(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(formatter, "  {:>5}  ", self.miner)?;
		match self.raw_weight {
			Some(weight) => write!(formatter, "{weight:>5}")?,
			None => write!(formatter, "{:>5}", "-")?,
		}
		write!(
			formatter,
			"  {:>8.6}  {:>8.6}  {:>9.6}",
			self.weight, self.clipped, self.weight_for_bonds
		)?;
		write!(
			formatter,
			"  {:>8.6}  {:>8.6}  {:>8.6}  {:>8.6}",
			self.old_bond, self.target, self.alpha, self.bond
		)?;
		let void_bond = if self.is_old_bond_void {
			"  old bond void: the miner registered since"
		} else {
			""
		};
		writeln!(formatter, "{}{void_bond}", remark(self.verdict))
	}

	/// From the new bond to what it earns.
	fn write_dividend(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(
			formatter,
			"  {:>5}  {:>8.6}  {:>8.6}  {:>8.6}  {:>9.6}  {:>8.6}",
			self.miner, self.bond, self.column, self.share, self.incentive, self.contribution
		)?;
		match self.stored {
			Some(stored) => writeln!(formatter, "  {stored:>6}"),
			None => writeln!(formatter, "  {:>6}", "-"),
		}
	}
}
