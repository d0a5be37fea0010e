//! A linear weight, exact or quantised.

use candle_core::quantized::{QMatMul, QTensor};
use candle_core::{Device, Module, Tensor};

use crate::InferError;
use crate::compute::{Compute, Matrix, Rows, multiply};
use crate::error::Fault;
use crate::precision::{Precision, QuantType};

/// A matrix of `outputs` rows that is applied to each row of its input.
#[derive(Debug)]
pub(crate) enum Linear {
	Exact(Matrix),
	Quantized(QMatMul),
}

impl Linear {
	pub(crate) fn new(weight: Matrix, precision: Precision) -> Result<Self, Fault> {
		let Precision::Quantized(quant) = precision else {
			return Ok(Self::Exact(weight));
		};
		Ok(Self::Quantized(quantize(&weight, quant, &Device::Cpu)?))
	}

	/// Rows of inputs to rows of outputs.
	pub(crate) fn apply(&self, compute: &Compute, input: &Rows, output: &mut Rows) -> Result<(), InferError> {
		match self {
			Self::Exact(weight) => multiply(compute, weight, input, output),
			Self::Quantized(weight) => {
				let tensor = Tensor::from_vec(input.flat(), (input.count(), input.columns()), &Device::Cpu)?;
				output.fill(0, &weight.forward(&tensor)?.flatten_all()?.to_vec1::<f32>()?);
			}
		}
		Ok(())
	}
}

/// The weight, quantised and on `device`.
pub(crate) fn quantize(weight: &Matrix, quant: QuantType, device: &Device) -> Result<QMatMul, Fault> {
	let (outputs, columns) = (weight.count(), weight.columns());
	if columns % QuantType::BLOCK != 0 {
		return Err(Fault::unsupported(format!(
			"a weight has rows of {columns}, which {quant} cannot hold (blocks of {}); load it as f32",
			QuantType::BLOCK
		)));
	}
	let tensor = Tensor::from_vec(weight.flat(), (outputs, columns), &Device::Cpu)?;
	Ok(QMatMul::from_qtensor(QTensor::quantize_onto(
		&tensor,
		quant.ggml(),
		device,
	)?)?)
}
