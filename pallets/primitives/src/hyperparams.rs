//! Hyperparameters as a list of names and values, which clients read without knowing them all.

use crate::{I32F32, PerU16, TaoBalance, U64F64};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// A hyperparameter: its name and its value.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct HyperparamEntry {
	/// The name, in ASCII.
	pub name: Vec<u8>,
	/// The value.
	pub value: HyperparamValue,
}

impl HyperparamEntry {
	/// An entry of the list.
	pub fn new(name: &str, value: impl Into<HyperparamValue>) -> Self {
		Self {
			name: name.as_bytes().to_vec(),
			value: value.into(),
		}
	}
}

/// The value of a hyperparameter; each variant has one field, and is named after its type.
///
/// ```
/// use ganglion_primitives::{HyperparamValue, I32F32};
///
/// assert_eq!(HyperparamValue::from(7_u16), HyperparamValue::U16(7));
/// // Clients shift this one right by 32 bits.
/// assert_eq!(HyperparamValue::from(-2_i16), HyperparamValue::I32F32(I32F32 { bits: -2 << 32 }));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum HyperparamValue {
	/// A switch.
	Bool(bool),
	/// A small number, or one of a few choices.
	U8(u8),
	/// A number, or a share of 65535.
	U16(u16),
	/// A number.
	U32(u32),
	/// A number.
	U64(u64),
	/// An amount, in rao.
	TaoBalance(TaoBalance),
	/// A signed whole number in fixed-point form.
	I32F32(I32F32),
	/// A fixed-point number.
	U64F64(U64F64),
	/// A lower and an upper bound.
	U16Pair((u16, u16)),
}

macro_rules! from {
	($($type:ty => $variant:ident),* $(,)?) => {
		$(
			impl From<$type> for HyperparamValue {
				fn from(value: $type) -> Self {
					Self::$variant(value)
				}
			}
		)*
	};
}

from! {
	bool => Bool,
	u8 => U8,
	u16 => U16,
	u32 => U32,
	u64 => U64,
	TaoBalance => TaoBalance,
	U64F64 => U64F64,
	(u16, u16) => U16Pair,
}

impl From<i16> for HyperparamValue {
	fn from(value: i16) -> Self {
		Self::I32F32(I32F32::from_integer(value))
	}
}

impl From<PerU16> for HyperparamValue {
	fn from(value: PerU16) -> Self {
		Self::U16(value.deconstruct())
	}
}
