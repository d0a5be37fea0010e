//! The weights of a model, and the file that they travel in.

use core::fmt;

use blake2::digest::consts::U32;
use blake2::{Blake2b, Digest};
use codec::{Decode, Encode};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::Deserializer;
use serde::de::{Error as _, IgnoredAny, MapAccess, Visitor};

use crate::architecture::{Architecture, ArchitectureError};

/// Most bytes of a file's header.
pub const MAX_HEADER_BYTES: usize = 32 * 1024;
/// The bytes that say how long the header is.
const LENGTH_BYTES: usize = 8;
/// Largest weight: beyond it products of a few of them are no numbers in F32.
const MAX_WEIGHT: f32 = 1e4;
/// How far initial weights are from 0 at the most; evenly spread, so the deviation is 0.02.
const INITIAL_RANGE: f32 = 0.034_641;

/// What names a model: a hash of its weights, whatever file they came in.
///
/// `blake2b-256` of all weights as F32, little-endian, in the order of [`Architecture::tensors`]. Metadata, the order of
/// tensors or white space of a header do not make a model another one.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct WeightsId(pub [u8; 32]);

impl fmt::Display for WeightsId {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		self.0
			.iter()
			.take(6)
			.try_for_each(|byte| write!(formatter, "{byte:02x}"))
	}
}

impl fmt::Debug for WeightsId {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(formatter, "WeightsId({self}…)")
	}
}

/// All weights of a model, each a number of at most 10,000 either way.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
	architecture: Architecture,
	numbers: Vec<f32>,
}

/// Why a file is no model of the subnet's architecture.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeightsError {
	/// The architecture itself is none.
	#[error(transparent)]
	Architecture(#[from] ArchitectureError),
	/// The file is larger than any model of this architecture.
	#[error("the file has {actual} bytes, at most {limit} are taken")]
	TooLarge {
		/// Its size.
		actual: usize,
		/// The largest size.
		limit: usize,
	},
	/// The header is longer than it may be, or than the file.
	#[error("the header claims {claimed} bytes, at most {limit} fit")]
	Header {
		/// What the first eight bytes say.
		claimed: u64,
		/// What fits.
		limit: usize,
	},
	/// It is no safetensors file.
	#[error("this is no safetensors file: {0}")]
	Malformed(String),
	/// A tensor that the architecture has not.
	#[error("the tensor `{0}` does not belong to the architecture")]
	Unknown(String),
	/// A tensor that the architecture has.
	#[error("the tensor `{0}` is missing")]
	Missing(String),
	/// A tensor of another kind or shape.
	#[error("the tensor `{name}` is {found}, expected {expected}")]
	Shape {
		/// The tensor.
		name: String,
		/// What came.
		found: String,
		/// What it should be.
		expected: String,
	},
	/// Not as many weights as the architecture has.
	#[error("{actual} weights, expected {expected}")]
	Count {
		/// How many there are.
		actual: usize,
		/// How many there should be.
		expected: usize,
	},
	/// A weight that is no number, or too large.
	#[error("weight {index} is {value}, expected a number of at most {MAX_WEIGHT}")]
	Number {
		/// Its place among all weights.
		index: usize,
		/// What it is, as text.
		value: String,
	},
}

impl Weights {
	/// A model of these weights, in the order of [`Architecture::tensors`].
	///
	/// # Errors
	///
	/// [`WeightsError::Architecture`], [`WeightsError::Count`], [`WeightsError::Number`].
	pub fn new(architecture: Architecture, numbers: Vec<f32>) -> Result<Self, WeightsError> {
		architecture.validate()?;
		let (actual, expected) = (numbers.len(), architecture.weights());
		if actual != expected {
			return Err(WeightsError::Count { actual, expected });
		}
		// Written so that what is no number is found too.
		let bad = |number: &f32| number.is_nan() || number.abs() > MAX_WEIGHT;
		if let Some(index) = numbers.iter().position(bad) {
			let value = numbers[index].to_string();
			return Err(WeightsError::Number { index, value });
		}
		Ok(Self { architecture, numbers })
	}

	/// An untrained model: gains of 1, everything else small and random from `seed`, outputs of layers the smaller the more
	/// layers there are.
	///
	/// # Errors
	///
	/// Where the architecture is none.
	pub fn initial(architecture: Architecture, seed: [u8; 32]) -> Result<Self, WeightsError> {
		architecture.validate()?;
		let mut random = ChaCha8Rng::from_seed(seed);
		let damped = 1.0 / (2.0 * architecture.layers as f32).sqrt();
		let mut numbers = Vec::with_capacity(architecture.weights());
		for tensor in architecture.tensors() {
			let is_output = tensor.name.ends_with("attention_output") || tensor.name.ends_with("down");
			let range = if is_output {
				INITIAL_RANGE * damped
			} else {
				INITIAL_RANGE
			};
			for _ in tensor.range {
				let draw = (random.next_u32() >> 8) as f32 / (1 << 23) as f32 - 1.0;
				numbers.push(if tensor.shape.len() == 1 { 1.0 } else { draw * range });
			}
		}
		Self::new(architecture, numbers)
	}

	/// The sizes.
	pub fn architecture(&self) -> Architecture {
		self.architecture
	}

	/// The weights, in the order of [`Architecture::tensors`].
	pub fn numbers(&self) -> &[f32] {
		&self.numbers
	}

	/// What names the model.
	pub fn id(&self) -> WeightsId {
		let mut hasher = Blake2b::<U32>::new();
		self.numbers
			.iter()
			.for_each(|number| hasher.update(number.to_le_bytes()));
		WeightsId(hasher.finalize().into())
	}

	/// The largest file that is taken for `architecture`.
	pub fn max_file_bytes(architecture: &Architecture) -> usize {
		architecture.weights() * size_of::<f32>() + LENGTH_BYTES + MAX_HEADER_BYTES
	}

	/// The model as a safetensors file.
	///
	/// # Errors
	///
	/// [`WeightsError::Malformed`] should the library refuse it.
	pub fn to_file(&self) -> Result<Vec<u8>, WeightsError> {
		let tensors = self.architecture.tensors();
		let bytes: Vec<u8> = self.numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
		let malformed = |error: safetensors::SafeTensorError| WeightsError::Malformed(error.to_string());
		let views = tensors
			.iter()
			.map(|tensor| {
				let data = &bytes[tensor.range.start * 4..tensor.range.end * 4];
				Ok((&tensor.name, TensorView::new(Dtype::F32, tensor.shape.clone(), data)?))
			})
			.collect::<Result<Vec<_>, _>>()
			.map_err(malformed)?;
		safetensors::serialize(views, None).map_err(malformed)
	}

	/// Reads a file that may come from anywhere. Looks at sizes before it looks at contents; takes time and memory in
	/// proportion to [`Weights::max_file_bytes`] at the most.
	///
	/// # Errors
	///
	/// [`WeightsError`], with what was expected and what came.
	pub fn from_file(architecture: Architecture, file: &[u8]) -> Result<Self, WeightsError> {
		architecture.validate()?;
		let limit = Self::max_file_bytes(&architecture);
		if file.len() > limit {
			return Err(WeightsError::TooLarge {
				actual: file.len(),
				limit,
			});
		}
		check_header(file)?;
		let malformed = |error: safetensors::SafeTensorError| WeightsError::Malformed(error.to_string());
		let tensors = SafeTensors::deserialize(file).map_err(malformed)?;
		let expected = architecture.tensors();
		if let Some(name) = tensors
			.names()
			.into_iter()
			.find(|name| !expected.iter().any(|tensor| tensor.name == **name))
		{
			return Err(WeightsError::Unknown(printable(name)));
		}
		let mut numbers = Vec::with_capacity(architecture.weights());
		for tensor in expected {
			let Ok(view) = tensors.tensor(&tensor.name) else {
				return Err(WeightsError::Missing(tensor.name));
			};
			if view.dtype() != Dtype::F32 || view.shape() != tensor.shape {
				return Err(WeightsError::Shape {
					name: tensor.name,
					found: format!("{:?} {:?}", view.dtype(), view.shape()),
					expected: format!("F32 {:?}", tensor.shape),
				});
			}
			numbers.extend(
				view.data()
					.as_chunks::<4>()
					.0
					.iter()
					.map(|bytes| f32::from_le_bytes(*bytes)),
			);
		}
		Self::new(architecture, numbers)
	}
}

/// A name from elsewhere, short enough to be repeated.
fn printable(name: &str) -> String {
	const LONGEST: usize = 40;
	name.chars().take(LONGEST).collect()
}

/// The header's length is honest and small, and no name is in it twice (of two tensors with one name the library would take
/// the last).
fn check_header(file: &[u8]) -> Result<(), WeightsError> {
	let Some((length, rest)) = file.split_first_chunk::<LENGTH_BYTES>() else {
		return Err(WeightsError::Malformed(format!("{} bytes are no file", file.len())));
	};
	let claimed = u64::from_le_bytes(*length);
	let limit = rest.len().min(MAX_HEADER_BYTES);
	let header = usize::try_from(claimed).ok().filter(|claimed| *claimed <= limit);
	let Some(header) = header.and_then(|length| rest.get(..length)) else {
		return Err(WeightsError::Header { claimed, limit });
	};
	serde_json::Deserializer::from_slice(header)
		.deserialize_map(UniqueNames)
		.map_err(|error| WeightsError::Malformed(error.to_string()))
}

/// Reads an object and refuses a name that comes twice.
struct UniqueNames;

impl<'de> Visitor<'de> for UniqueNames {
	type Value = ();

	fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		formatter.write_str("an object of tensors")
	}

	fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
		let mut names = std::collections::BTreeSet::new();
		while let Some(name) = map.next_key::<String>()? {
			map.next_value::<IgnoredAny>()?;
			if names.contains(&name) {
				let name = printable(&name);
				return Err(A::Error::custom(format!("the tensor `{name}` is there twice")));
			}
			names.insert(name);
		}
		Ok(())
	}
}
