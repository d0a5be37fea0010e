//! Models as Hugging Face lays them out: a folder of `config.json`, `tokenizer.json` and weights in
//! one or several safetensors files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::InferError;
use crate::error::Fault;
use crate::file::{MAX_MODEL_BYTES, hexadecimal, read_hashed};
use crate::source::TensorSource;

const CONFIG: &str = "config.json";
const TOKENIZER: &str = "tokenizer.json";
const WEIGHTS: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";
/// What may be there besides, and matters to the answers.
const OPTIONAL: [&str; 3] = ["chat_template.jinja", "generation_config.json", "tokenizer_config.json"];

/// The largest file of the folder that holds no weights.
const MAX_TEXT_FILE_BYTES: u64 = 128 << 20;

/// Files of weights.
const MAX_SHARDS: usize = 1_024;

/// The files of a model folder, read once, with the hash over all of them.
#[derive(Debug)]
pub(crate) struct Folder {
	files: BTreeMap<String, Vec<u8>>,
	weights: BTreeSet<String>,
	pub(crate) sha256: [u8; 32],
}

impl Folder {
	/// Reads every file that matters.
	///
	/// The hash is that of the text that `sha256sum` prints for these files in the order of their
	/// names (bytewise): the hash in hexadecimal, two spaces, the name, a line feed.
	pub(crate) fn read(path: &Path) -> Result<Self, InferError> {
		let mut folder = Self {
			files: BTreeMap::new(),
			weights: BTreeSet::new(),
			sha256: [0; 32],
		};
		let mut hashes = BTreeMap::new();
		let mut left = MAX_MODEL_BYTES;
		let mut read = |folder: &mut Self, name: &str| {
			let file = path.join(name);
			let (bytes, sha256) = read_hashed(&file)?;
			let limit = if folder.weights.contains(name) {
				left
			} else {
				MAX_TEXT_FILE_BYTES
			};
			left = left.saturating_sub(bytes.len() as u64);
			if bytes.len() as u64 > limit {
				let detail = format!("{name} has {} bytes, the limit is {limit}", bytes.len());
				return Err(Fault::unsupported(detail).at(path));
			}
			folder.files.insert(name.to_owned(), bytes);
			hashes.insert(name.to_owned(), sha256);
			Ok(())
		};
		read(&mut folder, CONFIG)?;
		read(&mut folder, TOKENIZER)?;
		for name in OPTIONAL.into_iter().chain([INDEX]) {
			if path.join(name).exists() {
				read(&mut folder, name)?;
			}
		}
		folder.weights = folder.named_weights().map_err(|fault| fault.at(path))?;
		for name in folder.weights.clone() {
			read(&mut folder, &name)?;
		}
		let mut hasher = Sha256::new();
		for (name, sha256) in hashes {
			hasher.update(format!("{}  {name}\n", hexadecimal(&sha256)));
		}
		folder.sha256 = hasher.finalize().into();
		Ok(folder)
	}

	/// A folder of files that are in memory, without its hash.
	pub(crate) fn of(files: BTreeMap<String, Vec<u8>>) -> Result<Self, Fault> {
		let mut folder = Self {
			files,
			weights: BTreeSet::new(),
			sha256: [0; 32],
		};
		folder.weights = folder.named_weights()?;
		Ok(folder)
	}

	/// The files of weights that there must be.
	fn named_weights(&self) -> Result<BTreeSet<String>, Fault> {
		if self.files.contains_key(INDEX) {
			shards(self.json(INDEX)?)
		} else {
			Ok(BTreeSet::from([WEIGHTS.to_owned()]))
		}
	}

	/// A file's content as JSON.
	fn json(&self, name: &str) -> Result<Value, Fault> {
		let bytes = self.files.get(name).map_or(&[][..], Vec::as_slice);
		serde_json::from_slice(bytes).map_err(|error| Fault::malformed(format!("{name} is no JSON: {error}")))
	}

	pub(crate) fn config(&self) -> Result<Value, Fault> {
		self.json(CONFIG)
	}

	pub(crate) fn tokenizer(&self) -> Result<Value, Fault> {
		self.json(TOKENIZER)
	}

	/// An optional file; null where it is absent.
	pub(crate) fn optional(&self, name: &str) -> Result<Value, Fault> {
		if self.files.contains_key(name) {
			self.json(name)
		} else {
			Ok(Value::Null)
		}
	}

	/// The chat template: the file of its own, or the entry in the tokenizer's configuration.
	pub(crate) fn chat_template(&self) -> Result<Option<String>, Fault> {
		if let Some(bytes) = self.files.get("chat_template.jinja") {
			let text = String::from_utf8(bytes.clone());
			return text
				.map(Some)
				.map_err(|error| Fault::malformed(format!("chat_template.jinja is no UTF-8: {error}")));
		}
		let config = self.optional("tokenizer_config.json")?;
		Ok(config["chat_template"].as_str().map(str::to_owned))
	}

	/// The tensors of all files of weights.
	pub(crate) fn tensors(&self) -> Result<Tensors<'_>, Fault> {
		let mut tensors = Tensors {
			shards: Vec::new(),
			places: BTreeMap::new(),
		};
		for name in &self.weights {
			let bytes = self.files.get(name).map_or(&[][..], Vec::as_slice);
			let shard = SafeTensors::deserialize(bytes)
				.map_err(|error| Fault::malformed(format!("{name} is no safetensors file: {error}")))?;
			for tensor in shard.names() {
				if tensors.places.insert(tensor.to_owned(), tensors.shards.len()).is_some() {
					return Err(Fault::malformed(format!("the tensor {tensor:?} occurs in two files")));
				}
			}
			tensors.shards.push(shard);
		}
		Ok(tensors)
	}
}

/// The names of the files that the index speaks of.
fn shards(index: Value) -> Result<BTreeSet<String>, Fault> {
	let Some(map) = index["weight_map"].as_object() else {
		return Err(Fault::malformed(format!("{INDEX} has no weight_map")));
	};
	let mut names = BTreeSet::new();
	for name in map.values() {
		let name = name.as_str().unwrap_or_default();
		let path = PathBuf::from(name);
		// The name comes from outside: it stays in the folder.
		if path.file_name() != Some(path.as_os_str()) || !name.ends_with(".safetensors") {
			return Err(Fault::malformed(format!(
				"{INDEX} names the file {:?}; expected a .safetensors file beside it",
				name.chars().take(64).collect::<String>()
			)));
		}
		names.insert(name.to_owned());
	}
	if names.is_empty() || names.len() > MAX_SHARDS {
		return Err(Fault::malformed(format!(
			"{INDEX} names {} files, expected 1 to {MAX_SHARDS}",
			names.len()
		)));
	}
	Ok(names)
}

/// Tensors by name, over all files.
pub(crate) struct Tensors<'a> {
	shards: Vec<SafeTensors<'a>>,
	/// Which file has a tensor.
	places: BTreeMap<String, usize>,
}

impl TensorSource for Tensors<'_> {
	fn numbers(&self, name: &str, expected: &[usize]) -> Result<Vec<f32>, Fault> {
		let missing = || Fault::malformed(format!("the tensor {name:?} of dimensions {expected:?} is missing"));
		let shard = self.places.get(name).ok_or_else(missing)?;
		let view = self.shards[*shard].tensor(name).map_err(|_| missing())?;
		if view.shape() != expected {
			return Err(Fault::malformed(format!(
				"tensor {name:?} has dimensions {:?}, the configuration makes {expected:?} of it",
				view.shape()
			)));
		}
		let kind = match view.dtype() {
			Dtype::F32 => DType::F32,
			Dtype::F16 => DType::F16,
			Dtype::BF16 => DType::BF16,
			other => {
				return Err(Fault::unsupported(format!(
					"tensor {name:?} has the type {other:?}; supported are F32, F16 and BF16"
				)));
			}
		};
		let tensor = Tensor::from_raw_buffer(view.data(), kind, expected, &Device::Cpu)?;
		Ok(tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?)
	}

	fn has(&self, name: &str) -> bool {
		self.places.contains_key(name)
	}

	fn names(&self) -> Vec<&str> {
		self.places.keys().map(String::as_str).collect()
	}
}
