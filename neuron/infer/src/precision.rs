//! In which arithmetic the weights are kept.

use std::fmt;
use std::str::FromStr;

use candle_core::quantized::GgmlDType;

/// How the linear weights are kept in memory.
///
/// Only [`Precision::F32`] gives logits that another machine can reproduce closely; the quantised
/// forms are smaller and faster, and their answers fail a verification against F32.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Precision {
	/// Dequantised to 32-bit floats.
	#[default]
	F32,
	/// Dequantised, then all linear weights (the output projection too) quantised to this type.
	Quantized(QuantType),
}

/// Block quantisations of 32 weights each, as GGUF names them.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum QuantType {
	/// 8 bits a weight, one scale a block.
	Q8_0,
	/// 5 bits a weight, one scale a block.
	Q5_0,
	/// 4 bits a weight, one scale a block.
	Q4_0,
	/// 4 bits a weight, scale and minimum a block.
	Q4_1,
}

impl QuantType {
	/// Weights in a block; the row length of each linear weight is a multiple of it.
	pub const BLOCK: usize = 32;

	pub(crate) fn ggml(self) -> GgmlDType {
		match self {
			Self::Q8_0 => GgmlDType::Q8_0,
			Self::Q5_0 => GgmlDType::Q5_0,
			Self::Q4_0 => GgmlDType::Q4_0,
			Self::Q4_1 => GgmlDType::Q4_1,
		}
	}
}

impl fmt::Display for QuantType {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		formatter.write_str(match self {
			Self::Q8_0 => "q8_0",
			Self::Q5_0 => "q5_0",
			Self::Q4_0 => "q4_0",
			Self::Q4_1 => "q4_1",
		})
	}
}

impl fmt::Display for Precision {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		match self {
			Self::F32 => formatter.write_str("f32"),
			Self::Quantized(quant) => quant.fmt(formatter),
		}
	}
}

/// A name that is no [`Precision`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown precision `{0}`; expected one of f32, q8_0, q5_0, q4_0, q4_1")]
pub struct ParsePrecisionError(String);

impl FromStr for Precision {
	type Err = ParsePrecisionError;

	/// Reads the names that `Display` writes, in either case.
	fn from_str(name: &str) -> Result<Self, Self::Err> {
		Ok(match name.to_ascii_lowercase().as_str() {
			"f32" => Self::F32,
			"q8_0" => Self::Quantized(QuantType::Q8_0),
			"q5_0" => Self::Quantized(QuantType::Q5_0),
			"q4_0" => Self::Quantized(QuantType::Q4_0),
			"q4_1" => Self::Quantized(QuantType::Q4_1),
			_ => return Err(ParsePrecisionError(name.to_owned())),
		})
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn names_round_trip_and_others_are_refused() {
		for name in ["f32", "q8_0", "q5_0", "q4_0", "q4_1"] {
			assert_eq!(
				name.parse::<Precision>().map(|precision| precision.to_string()),
				Ok(name.to_owned())
			);
		}
		assert_eq!("Q4_0".parse(), Ok(Precision::Quantized(QuantType::Q4_0)));
		let error = "q3_k".parse::<Precision>().map_err(|error| error.to_string());
		assert_eq!(
			error,
			Err("unknown precision `q3_k`; expected one of f32, q8_0, q5_0, q4_0, q4_1".to_owned())
		);
	}
}
