//! Identifiers and amounts.
//!
//! Amounts offer checked and saturating arithmetic only: an operation that may overflow has to say what
//! happens then, and two kinds of money never meet in one operation.

use codec::{CompactAs, Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::fmt;
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};

/// Rao in one TAO; alpha has the same nine decimals.
pub const RAO_PER_TAO: u64 = 1_000_000_000;

/// Mechanism indices of one mechanism number; see [`MechanismIndex`].
const SUBNETS_PER_MECHANISM: u16 = 4096;

macro_rules! newtype {
	($(#[$doc:meta])* $name:ident($inner:ty)) => {
		$(#[$doc])*
		#[derive(
			Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode,
			DecodeWithMemTracking, CompactAs, MaxEncodedLen, TypeInfo, Serialize, Deserialize,
		)]
		#[serde(transparent)]
		pub struct $name($inner);

		impl $name {
			/// Wraps the bare number.
			pub const fn new(value: $inner) -> Self {
				Self(value)
			}

			/// The bare number.
			pub const fn get(self) -> $inner {
				self.0
			}
		}

		impl From<$inner> for $name {
			fn from(value: $inner) -> Self {
				Self(value)
			}
		}

		impl From<$name> for $inner {
			fn from(value: $name) -> Self {
				value.0
			}
		}

		impl fmt::Display for $name {
			fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
				self.0.fmt(formatter)
			}
		}
	};
}

macro_rules! amount {
	($(#[$doc:meta])* $name:ident) => {
		newtype! { $(#[$doc])* $name(u64) }

		impl $name {
			/// Nothing.
			pub const ZERO: Self = Self(0);
			/// The largest amount that the type can hold.
			pub const MAX: Self = Self(u64::MAX);

			/// Whether the amount is zero.
			pub const fn is_zero(self) -> bool {
				self.0 == 0
			}

			/// The sum, or `None` where it does not fit.
			pub const fn checked_add(self, other: Self) -> Option<Self> {
				match self.0.checked_add(other.0) {
					Some(sum) => Some(Self(sum)),
					None => None,
				}
			}

			/// The difference, or `None` where `other` is the larger one.
			pub const fn checked_sub(self, other: Self) -> Option<Self> {
				match self.0.checked_sub(other.0) {
					Some(difference) => Some(Self(difference)),
					None => None,
				}
			}

			/// The sum, at most [`Self::MAX`].
			pub const fn saturating_add(self, other: Self) -> Self {
				Self(self.0.saturating_add(other.0))
			}

			/// The difference, at least zero.
			pub const fn saturating_sub(self, other: Self) -> Self {
				Self(self.0.saturating_sub(other.0))
			}
		}

		impl core::iter::Sum for $name {
			/// The sum of all amounts, at most [`Self::MAX`].
			fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
				amounts.fold(Self::ZERO, Self::saturating_add)
			}
		}
	};
}

newtype! {
	/// Number of a subnet. Number 0 is the root subnet.
	NetUid(u16)
}

newtype! {
	/// Number of a mechanism (an independent weight matrix) inside a subnet. Number 0 always exists.
	MechId(u8)
}

newtype! {
	/// Key of per-mechanism storage: `mechanism * 4096 + netuid`.
	MechanismIndex(u16)
}

amount! {
	/// An amount of the native token, in rao (1e-9 TAO).
	TaoBalance
}

amount! {
	/// An amount of one subnet's own token, in rao (1e-9 alpha).
	AlphaBalance
}

impl NetUid {
	/// The root subnet.
	pub const ROOT: Self = Self(0);

	/// Whether this is the root subnet.
	pub const fn is_root(self) -> bool {
		self.0 == Self::ROOT.0
	}
}

impl MechId {
	/// The mechanism that every subnet has.
	pub const MAIN: Self = Self(0);
}

impl MechanismIndex {
	/// The key of a mechanism of a subnet; saturates for mechanism and subnet numbers outside the scheme
	/// (16 mechanisms, 4096 subnets).
	pub const fn new_for(netuid: NetUid, mechanism: MechId) -> Self {
		Self(
			(mechanism.0 as u16)
				.saturating_mul(SUBNETS_PER_MECHANISM)
				.saturating_add(netuid.0),
		)
	}

	/// The key of a subnet's mechanism 0.
	pub const fn main(netuid: NetUid) -> Self {
		Self::new_for(netuid, MechId::MAIN)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use codec::Compact;

	#[test]
	fn amounts_encode_as_bare_integers_and_compactly() {
		assert_eq!(TaoBalance::new(7).encode(), 7u64.encode());
		assert_eq!(NetUid::new(258).encode(), vec![2, 1]);
		assert_eq!(Compact(AlphaBalance::new(5)).encode(), Compact(5u64).encode());
		let decoded = Compact::<NetUid>::decode(&mut &Compact(9u16).encode()[..]);
		assert_eq!(decoded.map(|netuid| netuid.0), Ok(NetUid::new(9)));
	}

	#[test]
	fn arithmetic_never_wraps() {
		assert_eq!(TaoBalance::MAX.checked_add(TaoBalance::new(1)), None);
		assert_eq!(TaoBalance::ZERO.checked_sub(TaoBalance::new(1)), None);
		assert_eq!(TaoBalance::MAX.saturating_add(TaoBalance::new(1)), TaoBalance::MAX);
		let amounts = [AlphaBalance::MAX, AlphaBalance::new(1)];
		assert_eq!(amounts.into_iter().sum::<AlphaBalance>(), AlphaBalance::MAX);
	}

	#[test]
	fn mechanism_index_is_mechanism_times_4096_plus_netuid() {
		assert_eq!(MechanismIndex::main(NetUid::new(7)).get(), 7);
		assert_eq!(MechanismIndex::new_for(NetUid::new(7), MechId::new(2)).get(), 8199);
		assert_eq!(
			MechanismIndex::new_for(NetUid::new(7), MechId::new(255)).get(),
			u16::MAX
		);
	}
}
