//! How the alpha that a subnet emits in a block is split; pure.

use ganglion_primitives::{AlphaBalance, TaoBalance, mul_div_floor};

/// The cut that stands for all of it.
const FULL_CUT: u128 = u16::MAX as u128;
/// The weight of TAO that stands for one.
const FULL_WEIGHT: u64 = u64::MAX;

/// An amount of TAO staked on root as it counts beside alpha: times the weight of TAO (of [`FULL_WEIGHT`]), rounded down.
pub(crate) fn weighted(root: u64, tao_weight: u64) -> u64 {
	let weighted = mul_div_floor(u128::from(root), u128::from(tao_weight), u128::from(FULL_WEIGHT));
	weighted
		.and_then(|weighted| u64::try_from(weighted).ok())
		.unwrap_or_default()
}

/// What decides how a subnet's alpha is split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Proportions {
	/// The owner's cut, of 65535.
	pub(crate) owner_cut: u16,
	/// The weight of TAO, of [`FULL_WEIGHT`].
	pub(crate) tao_weight: u64,
	/// TAO staked on root.
	pub(crate) root: TaoBalance,
	/// Alpha in the pool and outside.
	pub(crate) issuance: AlphaBalance,
}

/// How a subnet's emission of one block is split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Split {
	pub(crate) owner: AlphaBalance,
	pub(crate) servers: AlphaBalance,
	pub(crate) validators: AlphaBalance,
	pub(crate) root: AlphaBalance,
}

impl Split {
	/// The owner's cut rounded down, half of the rest rounded down to validators, what is left to servers. Of the validators'
	/// half root gets `w / (w + issuance)`, rounded down, with `w` the weighted TAO that is staked there.
	pub(crate) fn of(alpha: AlphaBalance, proportions: Proportions) -> Self {
		let cut = mul_div_floor(u128::from(alpha.get()), u128::from(proportions.owner_cut), FULL_CUT);
		let owner = amount(cut).min(alpha);
		let rest = alpha.saturating_sub(owner);
		let half = AlphaBalance::new(rest.get() / 2);
		let root = weighted(proportions.root.get(), proportions.tao_weight);
		let all = u128::from(root).saturating_add(u128::from(proportions.issuance.get()));
		let root = amount(mul_div_floor(u128::from(half.get()), u128::from(root), all)).min(half);
		Self {
			owner,
			servers: rest.saturating_sub(half),
			validators: half.saturating_sub(root),
			root,
		}
	}
}

fn amount(value: Option<u128>) -> AlphaBalance {
	AlphaBalance::new(value.and_then(|value| u64::try_from(value).ok()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	fn proportions(owner_cut: u16, tao_weight: u64, root: u64, issuance: u64) -> Proportions {
		Proportions {
			owner_cut,
			tao_weight,
			root: TaoBalance::new(root),
			issuance: AlphaBalance::new(issuance),
		}
	}

	#[test]
	fn root_has_a_part_of_the_validators_half() {
		let split = |root| Split::of(AlphaBalance::new(1_000), proportions(0, FULL_WEIGHT / 2, root, 300));
		assert_eq!(split(0).root, AlphaBalance::ZERO);
		// Half of 402, rounded down, beside 300.
		assert_eq!(split(402).root.get(), 500 * 200 / 500);
		assert_eq!(split(402).validators.get(), 300);
		assert_eq!(split(402).servers.get(), 500);
		let nothing = Split::of(AlphaBalance::new(10), proportions(0, 0, u64::MAX, 0));
		assert_eq!((nothing.root.get(), nothing.validators.get()), (0, 5));
	}

	proptest! {
		#[test]
		fn a_split_loses_nothing(alpha: u64, owner_cut: u16, tao_weight: u64, root: u64, issuance: u64) {
			let split = Split::of(AlphaBalance::new(alpha), proportions(owner_cut, tao_weight, root, issuance));
			let parts = [split.owner, split.servers, split.validators, split.root];
			let sum: u128 = parts.iter().map(|part| u128::from(part.get())).sum();
			prop_assert_eq!(sum, u128::from(alpha));
			let validators = split.validators.get() + split.root.get();
			prop_assert!(split.servers.get() - validators <= 1);
			prop_assert_eq!(
				u128::from(split.owner.get()),
				u128::from(alpha) * u128::from(owner_cut) / 65_535
			);
		}
	}
}
