//! Fixed-point numbers and exact products divided by a third number.
//!
//! Both number types are composites with one field *named* `bits`: that is the form in which clients of
//! the network read and write fixed-point values.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_core::U256;

/// `a · b / c`, rounded down; `None` where `c` is zero or the quotient does not fit.
pub fn mul_div_floor(a: u128, b: u128, c: u128) -> Option<u128> {
	let product = U256::from(a).checked_mul(U256::from(b))?;
	u128::try_from(product.checked_div(U256::from(c))?).ok()
}

/// `a · b / c`, rounded up; `None` where `c` is zero or the quotient does not fit.
pub fn mul_div_ceil(a: u128, b: u128, c: u128) -> Option<u128> {
	let product = U256::from(a).checked_mul(U256::from(b))?;
	let divisor = U256::from(c);
	let quotient = product.checked_div(divisor)?;
	let exact = quotient.checked_mul(divisor)? == product;
	let rounded = if exact {
		quotient
	} else {
		quotient.checked_add(U256::one())?
	};
	u128::try_from(rounded).ok()
}

/// An unsigned number with 64 integer and 64 fractional bits: the shares of a stake pool.
#[derive(
	Clone,
	Copy,
	Debug,
	Default,
	PartialEq,
	Eq,
	PartialOrd,
	Ord,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
	Serialize,
	Deserialize,
)]
pub struct U64F64 {
	/// The number times 2^64; in JSON a decimal text, since JSON's numbers are too small for it.
	#[serde(with = "decimal_text")]
	pub bits: u128,
}

/// Bits as the text of a decimal number.
mod decimal_text {
	use alloc::string::{String, ToString};
	use serde::{Deserialize, Deserializer, Serializer, de::Error};

	pub(super) fn serialize<S: Serializer>(bits: &u128, serializer: S) -> Result<S::Ok, S::Error> {
		serializer.serialize_str(&bits.to_string())
	}

	pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u128, D::Error> {
		let text = String::deserialize(deserializer)?;
		text.parse()
			.map_err(|_| Error::custom("bits must be the text of an integer from 0 to 2^128 - 1"))
	}
}

impl U64F64 {
	/// Zero.
	pub const ZERO: Self = Self { bits: 0 };

	/// The number with these bits.
	pub const fn from_bits(bits: u128) -> Self {
		Self { bits }
	}

	/// A whole number.
	pub const fn from_integer(integer: u64) -> Self {
		Self {
			bits: (integer as u128) << 64,
		}
	}

	/// Whether the number is zero.
	pub const fn is_zero(self) -> bool {
		self.bits == 0
	}

	/// The sum, or `None` where it does not fit.
	pub const fn checked_add(self, other: Self) -> Option<Self> {
		match self.bits.checked_add(other.bits) {
			Some(bits) => Some(Self { bits }),
			None => None,
		}
	}

	/// The difference, or `None` where `other` is the larger one.
	pub const fn checked_sub(self, other: Self) -> Option<Self> {
		match self.bits.checked_sub(other.bits) {
			Some(bits) => Some(Self { bits }),
			None => None,
		}
	}
}

/// A signed number with 96 integer and 32 fractional bits: the moving price of alpha in TAO.
#[derive(
	Clone,
	Copy,
	Debug,
	Default,
	PartialEq,
	Eq,
	PartialOrd,
	Ord,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
	Serialize,
	Deserialize,
)]
pub struct I96F32 {
	/// The number times 2^32.
	pub bits: i128,
}

impl I96F32 {
	/// A whole number.
	pub const fn from_integer(integer: i64) -> Self {
		Self {
			bits: (integer as i128) << 32,
		}
	}
}

/// A signed number with 32 integer and 32 fractional bits: a hyperparameter that clients read as a fixed-point number.
#[derive(
	Clone,
	Copy,
	Debug,
	Default,
	PartialEq,
	Eq,
	PartialOrd,
	Ord,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
	Serialize,
	Deserialize,
)]
pub struct I32F32 {
	/// The number times 2^32.
	pub bits: i64,
}

impl I32F32 {
	/// A whole number.
	pub const fn from_integer(integer: i16) -> Self {
		Self {
			bits: (integer as i64) << 32,
		}
	}
}

/// A signed number with 64 integer and 64 fractional bits: the moving average of a TAO flow.
#[derive(
	Clone,
	Copy,
	Debug,
	Default,
	PartialEq,
	Eq,
	PartialOrd,
	Ord,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct I64F64 {
	/// The number times 2^64.
	pub bits: i128,
}

impl I64F64 {
	/// A whole number.
	pub const fn from_integer(integer: i64) -> Self {
		Self {
			bits: (integer as i128) << 64,
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	#[test]
	fn division_by_zero_and_overflow_are_none() {
		assert_eq!(mul_div_floor(1, 1, 0), None);
		assert_eq!(mul_div_ceil(1, 1, 0), None);
		assert_eq!(mul_div_floor(u128::MAX, u128::MAX, 1), None);
		assert_eq!(mul_div_floor(u128::MAX, u128::MAX, u128::MAX), Some(u128::MAX));
		assert_eq!(mul_div_ceil(7, 3, 2), Some(11));
	}

	#[test]
	fn numbers_are_named_composites() {
		let fields = |info: scale_info::Type| match info.type_def {
			scale_info::TypeDef::Composite(composite) => {
				composite.fields.iter().map(|field| field.name).collect::<Vec<_>>()
			}
			_ => Vec::new(),
		};
		assert_eq!(fields(U64F64::type_info()), vec![Some("bits")]);
		assert_eq!(fields(I96F32::type_info()), vec![Some("bits")]);
		assert_eq!(fields(I64F64::type_info()), vec![Some("bits")]);
		assert_eq!(fields(I32F32::type_info()), vec![Some("bits")]);
		assert_eq!(I32F32::from_integer(-3).bits, -3 * (1 << 32));
	}

	proptest! {
		#[test]
		fn floor_and_ceil_enclose_the_exact_quotient(a: u64, b: u64, c in 1u64..) {
			let (a, b, c) = (u128::from(a), u128::from(b), u128::from(c));
			let (floor, ceil) = (mul_div_floor(a, b, c).unwrap(), mul_div_ceil(a, b, c).unwrap());
			prop_assert_eq!(floor, a * b / c);
			prop_assert_eq!(ceil, (a * b).div_ceil(c));
		}
	}
}
