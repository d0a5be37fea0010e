//! Where the arithmetic runs.

use std::fmt;
use std::num::NonZero;
use std::str::FromStr;

use crate::InferError;
use crate::compute::MAX_THREADS;

/// A device, as an option names it: `cpu`, `cpu:4` (threads), `cuda`, `cuda:1`, `metal`.
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
	/// The threads to compute on, if this build can compute there at all.
	pub(crate) fn threads(self) -> Result<Option<NonZero<usize>>, InferError> {
		match self {
			Self::Cpu { threads } => Ok(threads),
			Self::Cuda(_) | Self::Metal(_) => Err(InferError::NoDevice(self)),
		}
	}
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
		let error = Device::Cuda(1).threads().unwrap_err().to_string();
		assert!(error.contains("cuda:1") && error.contains("cpu"), "{error}");
	}
}
