//! A strict reader of the GGUF container (versions 2 and 3, little-endian).
//!
//! Layout: magic, version, tensor count, metadata count, metadata, tensor table, padding to the
//! alignment, tensor data. The format is described in ggml's `docs/gguf.md`. The whole file is in
//! memory already; no count in the header is believed before it is checked against a limit and
//! against the bytes that are left.

use std::collections::{BTreeMap, HashMap};
use std::io::Cursor;

use candle_core::quantized::gguf_file::TensorInfo;
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Shape};

use crate::error::Fault;
use crate::source::TensorSource;

const MAX_METADATA_ENTRIES: u64 = 4_096;
const MAX_TENSORS: u64 = 16_384;
const MAX_ARRAY_ELEMENTS: u64 = 4 << 20;
/// Elements of all arrays together: they take more room here than in the file.
const MAX_ALL_ELEMENTS: u64 = 16 << 20;
const MAX_STRING_BYTES: u64 = 16 << 20;
const MAX_DIMENSIONS: u32 = 4;
const MAX_ALIGNMENT: u64 = 1 << 16;
/// Elements of one tensor.
const MAX_ELEMENTS: u64 = 1 << 36;
const DEFAULT_ALIGNMENT: u64 = 32;

/// A metadata value, widened to one type a kind.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
	Integer(i128),
	Float(f64),
	Bool(bool),
	Text(String),
	Texts(Vec<String>),
	Integers(Vec<i128>),
	/// Of 32 bits each.
	Floats(Vec<f32>),
	/// An array of a kind that no model of ours needs.
	Other,
}

/// One tensor's place in the file; `dimensions` with the slowest first.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TensorEntry {
	pub(crate) dimensions: Vec<usize>,
	kind: GgmlDType,
	offset: u64,
}

impl TensorSource for Gguf<'_> {
	fn numbers(&self, name: &str, expected: &[usize]) -> Result<Vec<f32>, Fault> {
		let tensor = self.tensor(name, expected)?.dequantize(&Device::Cpu)?;
		Ok(tensor.flatten_all()?.to_vec1()?)
	}

	fn has(&self, name: &str) -> bool {
		self.tensors.contains_key(name)
	}

	fn names(&self) -> Vec<&str> {
		self.tensors.keys().map(String::as_str).collect()
	}
}

/// A parsed file: metadata, tensor table, and the bytes they point into.
#[derive(Debug)]
pub(crate) struct Gguf<'a> {
	bytes: &'a [u8],
	metadata: HashMap<String, Value>,
	tensors: BTreeMap<String, TensorEntry>,
	data_start: u64,
}

impl<'a> Gguf<'a> {
	/// Parses the header and checks that every tensor lies inside the file.
	pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, Fault> {
		let mut reader = Reader {
			bytes,
			position: 0,
			elements: 0,
		};
		let magic = bytes.get(..4).unwrap_or(bytes);
		if magic != b"GGUF" {
			return Err(Fault::malformed(format!(
				"expected the magic bytes \"GGUF\", found {magic:02x?}"
			)));
		}
		reader.position = 4;
		let version = reader.u32("version")?;
		if !matches!(version, 2 | 3) {
			return Err(Fault::unsupported(format!(
				"GGUF version {version:#x}; supported are 2 and 3, little-endian: convert the model anew"
			)));
		}
		let tensor_count = reader.count("tensors", MAX_TENSORS)?;
		let metadata_count = reader.count("metadata entries", MAX_METADATA_ENTRIES)?;
		let mut metadata = HashMap::new();
		for _ in 0..metadata_count {
			let key = reader.string("metadata key")?;
			let value = reader.value(&key)?;
			if metadata.insert(key.clone(), value).is_some() {
				return Err(Fault::malformed(format!("the metadata key {key:?} occurs twice")));
			}
		}
		let mut tensors = BTreeMap::new();
		for _ in 0..tensor_count {
			let (name, entry) = reader.tensor()?;
			if tensors.insert(name.clone(), entry).is_some() {
				return Err(Fault::malformed(format!("the tensor {name:?} occurs twice")));
			}
		}
		let mut file = Self {
			bytes,
			metadata,
			tensors,
			data_start: 0,
		};
		let alignment = file.integer_or("general.alignment", 1, MAX_ALIGNMENT, DEFAULT_ALIGNMENT)?;
		file.data_start = (reader.position as u64).next_multiple_of(alignment);
		for (name, entry) in &file.tensors {
			file.check_extent(name, entry)?;
		}
		Ok(file)
	}

	fn check_extent(&self, name: &str, entry: &TensorEntry) -> Result<(), Fault> {
		let elements = entry.dimensions.iter().try_fold(1u64, |product, &dimension| {
			product
				.checked_mul(dimension as u64)
				.filter(|product| *product <= MAX_ELEMENTS)
		});
		let Some(elements) = elements else {
			return Err(Fault::malformed(format!(
				"tensor {name:?} has dimensions {:?}, the limit is {MAX_ELEMENTS} elements",
				entry.dimensions
			)));
		};
		let block = entry.kind.block_size();
		let row = entry.dimensions.last().copied().unwrap_or(0);
		if elements == 0 || !row.is_multiple_of(block) {
			return Err(Fault::malformed(format!(
				"tensor {name:?} has dimensions {:?}, expected none to be 0 and rows of whole blocks of {block}",
				entry.dimensions
			)));
		}
		let size = u128::from(elements) / block as u128 * entry.kind.type_size() as u128;
		let end = u128::from(self.data_start) + u128::from(entry.offset) + size;
		if end > self.bytes.len() as u128 {
			return Err(Fault::malformed(format!(
				"tensor {name:?} of dimensions {:?} ends at byte {end}, but the file has {}: it is cut off",
				entry.dimensions,
				self.bytes.len()
			)));
		}
		Ok(())
	}

	/// The tensor as it is stored; its dimensions must be `expected`.
	pub(crate) fn tensor(&self, name: &str, expected: &[usize]) -> Result<QTensor, Fault> {
		let entry = self
			.tensors
			.get(name)
			.ok_or_else(|| Fault::malformed(format!("the tensor {name:?} of dimensions {expected:?} is missing")))?;
		if entry.dimensions != expected {
			return Err(Fault::malformed(format!(
				"tensor {name:?} has dimensions {:?}, the metadata makes {expected:?} of it",
				entry.dimensions
			)));
		}
		let shape = Shape::from(entry.dimensions.clone());
		let info = TensorInfo {
			ggml_dtype: entry.kind,
			shape,
			offset: entry.offset,
		};
		Ok(info.read(&mut Cursor::new(self.bytes), self.data_start, &Device::Cpu)?)
	}

	/// A metadata value.
	pub(crate) fn get(&self, key: &str) -> Option<&Value> {
		self.metadata.get(key)
	}

	/// A required text.
	pub(crate) fn text(&self, key: &str) -> Result<&str, Fault> {
		match self.metadata.get(key) {
			Some(Value::Text(text)) => Ok(text),
			other => Err(wrong_kind(key, "a text", other)),
		}
	}

	/// A required list of texts.
	pub(crate) fn texts(&self, key: &str) -> Result<&[String], Fault> {
		match self.metadata.get(key) {
			Some(Value::Texts(texts)) => Ok(texts),
			other => Err(wrong_kind(key, "a list of texts", other)),
		}
	}

	/// A flag, or `default` when it is absent.
	pub(crate) fn flag_or(&self, key: &str, default: bool) -> Result<bool, Fault> {
		match self.metadata.get(key) {
			None => Ok(default),
			Some(Value::Bool(flag)) => Ok(*flag),
			other => Err(wrong_kind(key, "a flag", other)),
		}
	}

	/// An integer in `least..=most`, if it is there.
	pub(crate) fn integer(&self, key: &str, least: u64, most: u64) -> Result<Option<u64>, Fault> {
		match self.metadata.get(key) {
			None => Ok(None),
			Some(Value::Integer(found)) => match u64::try_from(*found) {
				Ok(number) if (least..=most).contains(&number) => Ok(Some(number)),
				_ => Err(Fault::malformed(format!(
					"{key} is {found}, expected {least} to {most}"
				))),
			},
			other => Err(wrong_kind(key, "an integer", other)),
		}
	}

	/// An integer in `least..=most`, or `default` when it is absent.
	pub(crate) fn integer_or(&self, key: &str, least: u64, most: u64, default: u64) -> Result<u64, Fault> {
		Ok(self.integer(key, least, most)?.unwrap_or(default))
	}

	/// A required size in `1..=most`.
	pub(crate) fn size(&self, key: &str, most: usize) -> Result<usize, Fault> {
		let size = self
			.integer(key, 1, most as u64)?
			.ok_or_else(|| wrong_kind(key, "an integer", None))?;
		// `most` is a usize, so the conversion holds.
		Ok(usize::try_from(size).unwrap_or(most))
	}

	/// A finite, positive number, or `default` when it is absent.
	pub(crate) fn positive_or(&self, key: &str, default: Option<f64>) -> Result<f64, Fault> {
		match (self.metadata.get(key), default) {
			(None, Some(default)) => Ok(default),
			(Some(Value::Float(number)), _) if number.is_finite() && *number > 0.0 => Ok(*number),
			(other, _) => Err(wrong_kind(key, "a positive number", other)),
		}
	}
}

fn wrong_kind(key: &str, expected: &str, found: Option<&Value>) -> Fault {
	let found = match found {
		None => "nothing".to_owned(),
		Some(Value::Texts(texts)) => format!("a list of {} texts", texts.len()),
		Some(Value::Integers(integers)) => format!("a list of {} integers", integers.len()),
		Some(Value::Floats(numbers)) => format!("a list of {} numbers", numbers.len()),
		Some(Value::Text(text)) => format!("the text {:?}", text.chars().take(64).collect::<String>()),
		Some(other) => format!("{other:?}"),
	};
	Fault::malformed(format!(
		"expected {expected} under the metadata key {key}, found {found}"
	))
}

struct Reader<'a> {
	bytes: &'a [u8],
	position: usize,
	/// Array elements so far.
	elements: u64,
}

impl<'a> Reader<'a> {
	fn take(&mut self, count: u64, what: &str) -> Result<&'a [u8], Fault> {
		let rest = self.bytes.get(self.position..).unwrap_or_default();
		match usize::try_from(count).ok().and_then(|count| rest.get(..count)) {
			Some(taken) => {
				self.position += taken.len();
				Ok(taken)
			}
			None => Err(Fault::malformed(format!(
				"{what} needs {count} bytes at byte {}, but only {} are left: it is cut off or damaged",
				self.position,
				rest.len()
			))),
		}
	}

	fn array<const N: usize>(&mut self, what: &str) -> Result<[u8; N], Fault> {
		let mut array = [0; N];
		array.copy_from_slice(self.take(N as u64, what)?);
		Ok(array)
	}

	fn u32(&mut self, what: &str) -> Result<u32, Fault> {
		Ok(u32::from_le_bytes(self.array(what)?))
	}

	fn u64(&mut self, what: &str) -> Result<u64, Fault> {
		Ok(u64::from_le_bytes(self.array(what)?))
	}

	fn count(&mut self, what: &str, limit: u64) -> Result<u64, Fault> {
		let count = self.u64(what)?;
		if count > limit {
			return Err(Fault::malformed(format!(
				"the header announces {count} {what}, the limit is {limit}"
			)));
		}
		Ok(count)
	}

	fn string(&mut self, what: &str) -> Result<String, Fault> {
		let length = self.count(what, MAX_STRING_BYTES)?;
		Ok(String::from_utf8_lossy(self.take(length, what)?).into_owned())
	}

	fn value(&mut self, key: &str) -> Result<Value, Fault> {
		let kind = self.u32(key)?;
		match kind {
			8 => Ok(Value::Text(self.string(key)?)),
			9 => self.list(key),
			_ => self.scalar(kind, key),
		}
	}

	/// A number or flag, by the type numbers of the format.
	fn scalar(&mut self, kind: u32, key: &str) -> Result<Value, Fault> {
		Ok(match kind {
			0 => Value::Integer(u8::from_le_bytes(self.array(key)?).into()),
			1 => Value::Integer(i8::from_le_bytes(self.array(key)?).into()),
			2 => Value::Integer(u16::from_le_bytes(self.array(key)?).into()),
			3 => Value::Integer(i16::from_le_bytes(self.array(key)?).into()),
			4 => Value::Integer(u32::from_le_bytes(self.array(key)?).into()),
			5 => Value::Integer(i32::from_le_bytes(self.array(key)?).into()),
			6 => Value::Float(f32::from_le_bytes(self.array(key)?).into()),
			7 => match self.array(key)? {
				[0] => Value::Bool(false),
				[1] => Value::Bool(true),
				[other] => return Err(Fault::malformed(format!("{key} is {other}, expected a flag of 0 or 1"))),
			},
			10 => Value::Integer(u64::from_le_bytes(self.array(key)?).into()),
			11 => Value::Integer(i64::from_le_bytes(self.array(key)?).into()),
			12 => Value::Float(f64::from_le_bytes(self.array(key)?)),
			_ => return Err(Fault::malformed(format!("{key} has the unknown value type {kind}"))),
		})
	}

	fn list(&mut self, key: &str) -> Result<Value, Fault> {
		let kind = self.u32(key)?;
		let count = self.count("array elements", MAX_ARRAY_ELEMENTS)?;
		self.elements += count;
		if self.elements > MAX_ALL_ELEMENTS {
			return Err(Fault::malformed(format!(
				"its metadata have {} array elements up to {key}, the limit is {MAX_ALL_ELEMENTS}",
				self.elements
			)));
		}
		match kind {
			8 => (0..count)
				.map(|_| self.string(key))
				.collect::<Result<_, _>>()
				.map(Value::Texts),
			0..=5 | 10 | 11 => (0..count)
				.map(|_| match self.scalar(kind, key)? {
					Value::Integer(integer) => Ok(integer),
					other => Err(wrong_kind(key, "an integer", Some(&other))),
				})
				.collect::<Result<_, _>>()
				.map(Value::Integers),
			6 => {
				let numbers = self.take(count * 4, key)?.as_chunks::<4>().0;
				Ok(Value::Floats(numbers.iter().copied().map(f32::from_le_bytes).collect()))
			}
			7 | 12 => {
				let size = if kind == 7 { 1 } else { 8 };
				self.take(count * size, key)?;
				Ok(Value::Other)
			}
			_ => Err(Fault::unsupported(format!(
				"{key} is an array of type {kind}; arrays hold numbers or texts here"
			))),
		}
	}

	fn tensor(&mut self) -> Result<(String, TensorEntry), Fault> {
		let name = self.string("tensor name")?;
		let rank = self.u32("tensor rank")?;
		if !(1..=MAX_DIMENSIONS).contains(&rank) {
			return Err(Fault::malformed(format!(
				"tensor {name:?} has {rank} dimensions, expected 1 to {MAX_DIMENSIONS}"
			)));
		}
		let mut dimensions = Vec::new();
		for _ in 0..rank {
			// Any dimension beyond 32 bits is absurd.
			let dimension = self.count("tensor rows or columns", u32::MAX.into())?;
			dimensions.push(usize::try_from(dimension).unwrap_or(usize::MAX));
		}
		dimensions.reverse();
		let kind = ggml_kind(self.u32("tensor type")?, &name)?;
		let offset = self.u64("tensor offset")?;
		Ok((
			name,
			TensorEntry {
				dimensions,
				kind,
				offset,
			},
		))
	}
}

/// The tensor types of ggml that can be dequantised here, by their number in the file.
fn ggml_kind(number: u32, name: &str) -> Result<GgmlDType, Fault> {
	Ok(match number {
		0 => GgmlDType::F32,
		1 => GgmlDType::F16,
		2 => GgmlDType::Q4_0,
		3 => GgmlDType::Q4_1,
		6 => GgmlDType::Q5_0,
		7 => GgmlDType::Q5_1,
		8 => GgmlDType::Q8_0,
		10 => GgmlDType::Q2K,
		11 => GgmlDType::Q3K,
		12 => GgmlDType::Q4K,
		13 => GgmlDType::Q5K,
		14 => GgmlDType::Q6K,
		30 => GgmlDType::BF16,
		_ => {
			return Err(Fault::unsupported(format!(
				"tensor {name:?} has type number {number}; supported are F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0 and Q2_K to Q6_K"
			)));
		}
	})
}

#[cfg(test)]
#[path = "gguf_tests.rs"]
mod tests;
