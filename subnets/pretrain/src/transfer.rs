//! A file that comes in pieces, each of which is checked before it is kept.

use crate::wire::{Manifest, PIECE_BYTES, hash};

/// Takes the pieces of a file as they come. Holds no more than the manifest's bytes, which are within the limit that it was
/// made with.
///
/// ```
/// use subnet_pretrain::{FileReceiver, Manifest, PIECE_BYTES, WeightsId};
///
/// let file = vec![7; PIECE_BYTES + 10];
/// let manifest = Manifest::of(WeightsId([0; 32]), &file);
/// let mut receiver = FileReceiver::new(manifest, 100_000).unwrap();
/// receiver.push(&file[..PIECE_BYTES]).unwrap();
/// assert!(receiver.push(b"rubbish").is_err()); // and the transfer is over
/// receiver.push(&file[PIECE_BYTES..]).unwrap();
/// assert_eq!(receiver.finish().unwrap(), file);
/// ```
#[derive(Clone, Debug)]
pub struct FileReceiver {
	manifest: Manifest,
	file: Vec<u8>,
	taken: usize,
}

/// What is wrong with a manifest or a piece.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransferError {
	/// The file would be too large, or empty.
	#[error("the manifest claims {claimed} bytes, 1 to {limit} are taken")]
	Size {
		/// What the manifest says.
		claimed: u32,
		/// The most that is taken.
		limit: usize,
	},
	/// The number of hashes does not fit the size.
	#[error("the manifest has {actual} hashes, its bytes make {expected} pieces")]
	Hashes {
		/// How many there are.
		actual: usize,
		/// How many there should be.
		expected: usize,
	},
	/// A piece of another length.
	#[error("piece {index} has {actual} bytes, expected {expected}")]
	Length {
		/// Which piece.
		index: usize,
		/// Its length.
		actual: usize,
		/// What it should be.
		expected: usize,
	},
	/// A piece that is not the one announced.
	#[error("piece {0} is not what the manifest announced")]
	Hash(usize),
	/// More pieces than announced.
	#[error("more than the {0} pieces of the manifest came")]
	TooMany(usize),
	/// Fewer pieces than announced.
	#[error("{actual} of {expected} pieces came")]
	TooFew {
		/// How many came.
		actual: usize,
		/// How many were announced.
		expected: usize,
	},
}

impl FileReceiver {
	/// A transfer of the file that `manifest` describes.
	///
	/// # Errors
	///
	/// [`TransferError::Size`], [`TransferError::Hashes`].
	pub fn new(manifest: Manifest, limit_bytes: usize) -> Result<Self, TransferError> {
		let bytes = manifest.bytes as usize;
		if bytes == 0 || bytes > limit_bytes {
			return Err(TransferError::Size {
				claimed: manifest.bytes,
				limit: limit_bytes,
			});
		}
		let (actual, expected) = (manifest.pieces.len(), bytes.div_ceil(PIECE_BYTES));
		if actual != expected {
			return Err(TransferError::Hashes { actual, expected });
		}
		Ok(Self {
			manifest,
			file: Vec::new(),
			taken: 0,
		})
	}

	/// Takes the next piece.
	///
	/// # Errors
	///
	/// Where it is not the one that comes next: stop the transfer.
	pub fn push(&mut self, piece: &[u8]) -> Result<(), TransferError> {
		let index = self.taken;
		let Some(announced) = self.manifest.pieces.get(index) else {
			return Err(TransferError::TooMany(self.manifest.pieces.len()));
		};
		let expected = (self.manifest.bytes as usize - self.file.len()).min(PIECE_BYTES);
		if piece.len() != expected {
			return Err(TransferError::Length {
				index,
				actual: piece.len(),
				expected,
			});
		}
		if hash(piece) != *announced {
			return Err(TransferError::Hash(index));
		}
		self.file.extend_from_slice(piece);
		self.taken += 1;
		Ok(())
	}

	/// The whole file.
	///
	/// # Errors
	///
	/// [`TransferError::TooFew`].
	pub fn finish(self) -> Result<Vec<u8>, TransferError> {
		let (actual, expected) = (self.taken, self.manifest.pieces.len());
		if actual == expected {
			Ok(self.file)
		} else {
			Err(TransferError::TooFew { actual, expected })
		}
	}
}
