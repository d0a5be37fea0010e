//! Weights on a device.

use candle_core::quantized::QMatMul;
use candle_core::{Device, Module, Tensor};

use super::slabs::MAX_NUMBERS;
use crate::compute::Matrix;
use crate::error::Fault;
use crate::linear::quantize;
use crate::precision::Precision;
use crate::weights::Keep;

/// On a device, for candle's kernels.
#[derive(Debug)]
pub(crate) struct OnDevice(pub(crate) Device);

/// A matrix of `outputs` rows that is applied to each row of its input.
#[derive(Debug)]
pub(crate) enum Linear {
	/// (outputs, inputs).
	Exact(Tensor),
	Quantized(QMatMul),
}

impl Linear {
	/// (rows, inputs) to (rows, outputs).
	pub(super) fn apply(&self, input: &Tensor) -> Result<Tensor, candle_core::Error> {
		match self {
			Self::Exact(weight) => input.matmul(&weight.t()?),
			Self::Quantized(weight) => weight.forward(input),
		}
	}
}

impl OnDevice {
	fn matrix(&self, weight: &Matrix) -> Result<Tensor, Fault> {
		let shape = (weight.count(), weight.columns());
		Ok(Tensor::from_vec(weight.flat(), shape, &self.0)?)
	}
}

impl Keep for OnDevice {
	/// (tokens, embedding).
	type Table = Tensor;
	type Linear = Linear;
	type Vector = Tensor;

	fn table(&self, weight: Matrix) -> Result<Tensor, Fault> {
		let numbers = weight.count().saturating_mul(weight.columns());
		if numbers > MAX_NUMBERS {
			return Err(Fault::unsupported(format!(
				"its embedding has {numbers} numbers, a device can look up in {MAX_NUMBERS}; run it on the processor"
			)));
		}
		self.matrix(&weight)
	}

	fn linear(&self, weight: Matrix, precision: Precision) -> Result<Linear, Fault> {
		match precision {
			Precision::F32 => self.matrix(&weight).map(Linear::Exact),
			Precision::Quantized(quant) => quantize(&weight, quant, &self.0).map(Linear::Quantized),
		}
	}

	fn vector(&self, numbers: Vec<f32>) -> Result<Tensor, Fault> {
		let length = numbers.len();
		Ok(Tensor::from_vec(numbers, length, &self.0)?)
	}
}
