//! Where the arithmetic runs.

use std::fmt;
use std::num::NonZero;
use std::str::FromStr;

use candle_core::utils::{cuda_is_available, metal_is_available};

use crate::InferError;
use crate::compute::{Compute, MAX_THREADS};

/// A device, as an option names it: `cpu`, `cpu:4` (threads), `cuda`, `cuda:1`, `metal`.
///
/// GPUs are for builds with the feature of their name; others refuse them with [`InferError::NoDevice`].
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Device {
	/// The processor.
	Cpu {
		/// Threads of the model's own; `None` shares rayon's global pool, which has one a core.
		threads: Option<NonZero<usize>>,
	},
	/// An NVIDIA GPU, by its number.
	Cuda(u16),
	/// An Apple GPU, by its number.
	Metal(u16),
}

impl Default for Device {
	fn default() -> Self {
		Self::Cpu { threads: None }
	}
}

impl Device {
	/// What kind of device it is: the first part of its name, and the feature that it needs.
	pub(crate) fn kind(self) -> &'static str {
		match self {
			Self::Cpu { .. } => "cpu",
			Self::Cuda(_) => "cuda",
			Self::Metal(_) => "metal",
		}
	}

	/// What computes there. Whether this build can is for candle to say, which has stand-ins for what is not compiled in.
	pub(crate) fn open(self) -> Result<Hardware, InferError> {
		let (compiled, opened) = match self {
			Self::Cpu { threads } => return Ok(Hardware::Processor(Compute::new(threads)?)),
			Self::Cuda(number) => (cuda_is_available(), candle_core::Device::new_cuda(number.into())),
			Self::Metal(number) => (metal_is_available(), candle_core::Device::new_metal(number.into())),
		};
		match opened {
			Ok(device) => Ok(Hardware::Tensors(device)),
			Err(_) if !compiled => Err(InferError::NoDevice(self)),
			Err(error) => Err(InferError::DeviceUnusable {
				device: self,
				detail: error.to_string(),
			}),
		}
	}

	/// The processor, for what runs nowhere else.
	pub(crate) fn processor(self) -> Result<Compute, InferError> {
		match self {
			Self::Cpu { threads } => Compute::new(threads),
			Self::Cuda(_) | Self::Metal(_) => Err(InferError::ProcessorOnly(self)),
		}
	}
}

/// What computes a decoder.
#[derive(Clone, Debug)]
pub(crate) enum Hardware {
	/// This crate's own kernels.
	Processor(Compute),
	/// Candle's, on a device: a GPU, or in tests the processor.
	Tensors(candle_core::Device),
}

impl fmt::Display for Device {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		match self {
			Self::Cpu { threads: None } => formatter.write_str("cpu"),
			Self::Cpu { threads: Some(threads) } => write!(formatter, "cpu:{threads}"),
			Self::Cuda(number) => write!(formatter, "cuda:{number}"),
			Self::Metal(number) => write!(formatter, "metal:{number}"),
		}
	}
}

/// A text that is no [`Device`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
	"unknown device `{0}`; expected cpu, cpu:THREADS (1 to {MAX_THREADS}), cuda, cuda:NUMBER, metal or metal:NUMBER"
)]
pub struct ParseDeviceError(String);

impl FromStr for Device {
	type Err = ParseDeviceError;

	/// Reads the names that `Display` writes.
	fn from_str(text: &str) -> Result<Self, Self::Err> {
		let error = || ParseDeviceError(text.to_owned());
		let (name, number) = match text.split_once(':') {
			Some((name, number)) => (name, Some(number)),
			None => (text, None),
		};
		let index = || number.map_or(Ok(0), str::parse).map_err(|_| error());
		match name {
			"cpu" => {
				let threads = number
					.map(str::parse::<NonZero<usize>>)
					.transpose()
					.map_err(|_| error())?;
				if threads.is_some_and(|threads| threads.get() > MAX_THREADS) {
					return Err(error());
				}
				Ok(Self::Cpu { threads })
			}
			"cuda" => Ok(Self::Cuda(index()?)),
			"metal" => Ok(Self::Metal(index()?)),
			_ => Err(error()),
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn names_round_trip_and_others_are_refused() {
		for name in ["cpu", "cpu:2", "cuda:0", "metal:3"] {
			assert_eq!(
				name.parse::<Device>().map(|device| device.to_string()),
				Ok(name.to_owned())
			);
		}
		assert_eq!("cuda".parse(), Ok(Device::Cuda(0)));
		for name in ["", "gpu", "cpu:0", "cpu:x", "cpu:100000", "cuda:-1", "metal:", "CPU"] {
			let error = name.parse::<Device>().unwrap_err().to_string();
			assert!(
				error.contains(&format!("`{name}`")) && error.contains("cpu:THREADS"),
				"{error}"
			);
		}
	}

	#[test]
	fn a_device_that_is_absent_is_named() {
		for (device, compiled) in [
			(Device::Cuda(999), cuda_is_available()),
			(Device::Metal(999), metal_is_available()),
		] {
			let error = device.open().unwrap_err();
			let text = error.to_string();
			assert!(
				text.contains(&device.to_string()) && text.contains("cpu:THREADS"),
				"{text}"
			);
			if compiled {
				assert!(matches!(error, InferError::DeviceUnusable { .. }), "{text}");
			} else {
				assert!(text.contains(&format!("--features {}", device.kind())), "{text}");
			}
			let error = device.processor().unwrap_err();
			assert!(matches!(error, InferError::ProcessorOnly(_)), "{error}");
		}
	}
}
