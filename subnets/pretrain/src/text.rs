//! The text that models are measured on, and the windows that are cut from it.

use std::sync::{Arc, LazyLock};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// Fewest bytes of a text that models are measured on: so many windows that none is met often.
pub const MIN_TEXT_BYTES: usize = 100_000;
/// Most bytes of it.
pub const MAX_TEXT_BYTES: usize = 256 << 20;

/// Public-domain prose that comes with the mechanisms (see `subnets/text/corpus/README.md` for its licence).
static BUNDLED: LazyLock<Arc<Text>> = LazyLock::new(|| {
	let book = include_str!("../../text/corpus/moby-dick.txt");
	let speeches = include_str!("../../text/corpus/state-of-the-union.txt");
	Arc::new(Text([book, speeches].concat().into_bytes()))
});

/// Bytes to train on or to be measured on.
#[derive(Clone, PartialEq, Eq)]
pub struct Text(Vec<u8>);

impl core::fmt::Debug for Text {
	fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		write!(formatter, "Text({} bytes)", self.0.len())
	}
}

/// A text of the wrong size.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
	"the text has {0} bytes, {MIN_TEXT_BYTES} to {MAX_TEXT_BYTES} are taken: give some books, or a day's worth of news"
)]
pub struct TextError(pub usize);

impl Text {
	/// Half of a novel and thirty speeches, 1.1 MB; a part of the program, so that everybody can train on it.
	pub fn bundled() -> Arc<Self> {
		BUNDLED.clone()
	}

	/// A text of one's own.
	///
	/// # Errors
	///
	/// [`TextError`] for one that is too short or too long.
	pub fn new(bytes: Vec<u8>) -> Result<Self, TextError> {
		if (MIN_TEXT_BYTES..=MAX_TEXT_BYTES).contains(&bytes.len()) {
			Ok(Self(bytes))
		} else {
			Err(TextError(bytes.len()))
		}
	}

	/// The first nine tenths and the last tenth: to train on, and to see what training is worth on text that it has not seen.
	///
	/// # Errors
	///
	/// [`TextError`] where one of them would be too short.
	pub fn split(&self) -> Result<(Self, Self), TextError> {
		let (first, last) = self.0.split_at(self.0.len() / 10 * 9);
		Ok((Self::new(first.to_vec())?, Self::new(last.to_vec())?))
	}

	/// `count` windows of `length` bytes that `seed` draws, each place equally likely.
	pub(crate) fn windows(&self, seed: [u8; 32], count: usize, length: usize) -> Vec<&[u8]> {
		let mut random = ChaCha8Rng::from_seed(seed);
		let length = length.min(self.0.len());
		let places = (self.0.len() - length + 1) as u64;
		(0..count)
			.map(|_| {
				let start = (u128::from(random.next_u64()) * u128::from(places)) >> 64;
				&self.0[start as usize..][..length]
			})
			.collect()
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn windows_come_from_everywhere_and_follow_from_the_seed() {
		let text = Text::new((0..MIN_TEXT_BYTES).map(|index| (index / 1_000) as u8).collect()).unwrap();
		let windows = text.windows([1; 32], 2_000, 10);
		assert!(windows.iter().all(|window| window.len() == 10));
		let mut firsts: Vec<u8> = windows.iter().map(|window| window[0]).collect();
		firsts.sort_unstable();
		firsts.dedup();
		assert_eq!(firsts.len(), 100);
		assert_eq!(windows, text.windows([1; 32], 2_000, 10));
		assert_ne!(windows, text.windows([2; 32], 2_000, 10));
	}

	#[test]
	fn short_texts_are_refused_and_the_bundled_one_is_not() {
		assert_eq!(Text::new(vec![0; 99]), Err(TextError(99)));
		let (train, measure) = Text::bundled().split().unwrap();
		assert!(train.0.len() > 900_000 && measure.0.len() > MIN_TEXT_BYTES);
	}
}
