//! Tiny random models, so that tests of the neuron need no download.
//!
//! The writer lives beside the reader in [`neuron_infer::tiny`], because candle is named there
//! and nowhere else; this module is its name for tests.
//!
//! ```
//! use neuron_infer::{LoadOptions, Model};
//! use neuron_testkit::tiny_model::TinyModel;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let file = TinyModel::write(7)?;
//! let model = Model::load(&file.path(), &LoadOptions::default())?;
//! assert_eq!(model.end_of_turn(), Some(2));
//! # Ok(())
//! # }
//! ```

use std::path::{Path, PathBuf};

pub use neuron_infer::tiny::{TinySpec, VOCABULARY_SIZE, write_embedder, write_gguf};

/// A tiny model in a temporary folder of its own, which goes when this does.
#[derive(Debug)]
pub struct TinyModel {
	folder: tempfile::TempDir,
}

impl TinyModel {
	/// Writes the default tiny model of `seed`; the same seed gives the same bytes.
	///
	/// # Errors
	///
	/// If the temporary folder or the file cannot be written.
	pub fn write(seed: u64) -> anyhow::Result<Self> {
		Self::write_spec(seed, &TinySpec::default())
	}

	/// Writes a tiny model of other sizes.
	///
	/// # Errors
	///
	/// As [`Self::write`], and if the sizes do not fit their storage.
	pub fn write_spec(seed: u64, spec: &TinySpec) -> anyhow::Result<Self> {
		let model = Self {
			folder: tempfile::tempdir()?,
		};
		write_gguf(&model.path(), seed, spec)?;
		Ok(model)
	}

	/// Where the GGUF file is.
	pub fn path(&self) -> PathBuf {
		self.folder().join("tiny.gguf")
	}

	/// The folder that goes with this value.
	pub fn folder(&self) -> &Path {
		self.folder.path()
	}
}
