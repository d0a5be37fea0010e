//! The source of all chance: a seeded ChaCha stream, so that a seed names a run.

use rand_chacha::{
	ChaCha8Rng,
	rand_core::{RngCore, SeedableRng},
};

/// Chance that a seed determines.
pub(crate) struct Random(ChaCha8Rng);

impl Random {
	/// The stream of a seed.
	pub(crate) fn new(seed: u64) -> Self {
		Self(ChaCha8Rng::seed_from_u64(seed))
	}

	/// Any number.
	pub(crate) fn number(&mut self) -> u64 {
		self.0.next_u64()
	}

	/// A number below `bound`, which is not 0.
	pub(crate) fn below(&mut self, bound: u64) -> u64 {
		self.number() % bound
	}

	/// True in so many of a hundred cases.
	pub(crate) fn chance(&mut self, percent: u64) -> bool {
		self.below(100) < percent
	}

	/// One of these; there is at least one.
	pub(crate) fn pick<'a, Item>(&mut self, items: &'a [Item]) -> &'a Item {
		&items[self.below(items.len() as u64) as usize]
	}

	/// A number up to `most` whose length in bits is as likely to be one as another.
	pub(crate) fn any_size(&mut self, most: u64) -> u64 {
		let bits = self.below(u64::from(most.max(1).ilog2()) + 1) as u32;
		(self.number() >> (63 - bits)).min(most)
	}

	/// So many bytes.
	pub(crate) fn bytes(&mut self, length: usize) -> Vec<u8> {
		let mut bytes = vec![0; length];
		self.0.fill_bytes(&mut bytes);
		bytes
	}
}
