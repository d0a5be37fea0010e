//! Full blocks of earlier prompts, found by the tokens that lead up to them.

use std::collections::HashMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::cache::{Block, Pool};
use crate::compute::LANES;

/// Names a block by all tokens up to its end. Collision-resistant, since a collision would answer
/// one user from another's prompt.
type Key = [u8; 32];

#[derive(Debug)]
struct Entry {
	block: Arc<Block>,
	last_used: u64,
	/// Blocks before it: of those last used together, the deepest goes first.
	depth: usize,
}

/// Blocks that no sequence needs any more, or that others may need too. It has no bound of its
/// own: its blocks count against the budget and give way when a request needs the room.
#[derive(Debug, Default)]
pub(super) struct PrefixCache {
	entries: HashMap<Key, Entry>,
	tick: u64,
}

impl PrefixCache {
	/// The longest run of blocks from the start of `tokens` that is known.
	pub(super) fn find(&mut self, tokens: &[u32]) -> Vec<Arc<Block>> {
		self.tick += 1;
		let mut blocks = Vec::new();
		for key in keys(tokens) {
			let Some(entry) = self.entries.get_mut(&key) else { break };
			entry.last_used = self.tick;
			blocks.push(Arc::clone(&entry.block));
		}
		blocks
	}

	/// Remembers the full blocks of a sequence that holds `tokens`.
	pub(super) fn insert(&mut self, tokens: &[u32], blocks: &[Arc<Block>]) {
		self.tick += 1;
		for (depth, (key, block)) in keys(tokens).zip(blocks).enumerate() {
			let entry = self.entries.entry(key).or_insert_with(|| Entry {
				block: Arc::clone(block),
				last_used: 0,
				depth,
			});
			entry.last_used = self.tick;
		}
	}

	/// Blocks that only this cache holds.
	pub(super) fn evictable(&self) -> usize {
		let alone = |entry: &&Entry| Arc::strong_count(&entry.block) == 1;
		self.entries.values().filter(alone).count()
	}

	/// Gives `count` blocks that nobody else holds back to the pool, the longest unused first.
	pub(super) fn evict(&mut self, count: usize, pool: &mut Pool) {
		let alone = self
			.entries
			.iter()
			.filter(|(_, entry)| Arc::strong_count(&entry.block) == 1);
		let mut order: Vec<(u64, std::cmp::Reverse<usize>, Key)> = alone
			.map(|(key, entry)| (entry.last_used, std::cmp::Reverse(entry.depth), *key))
			.collect();
		order.sort_unstable();
		for (_, _, key) in order.into_iter().take(count) {
			if let Some(entry) = self.entries.remove(&key) {
				// Only sound blocks are remembered.
				pool.give_back(entry.block, true);
			}
		}
	}
}

/// The names of the full blocks of `tokens`, each from the one before it.
fn keys(tokens: &[u32]) -> impl Iterator<Item = Key> {
	tokens.chunks_exact(LANES).scan(Key::default(), |key, tokens| {
		let mut hasher = Sha256::new_with_prefix(*key);
		for token in tokens {
			hasher.update(token.to_le_bytes());
		}
		*key = hasher.finalize().into();
		Some(*key)
	})
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::cache::KvShape;

	fn tokens(first: u32, count: usize) -> Vec<u32> {
		(first..).take(count).collect()
	}

	#[test]
	fn the_longest_known_beginning_is_found_and_the_longest_unused_block_goes_first() {
		let shape = KvShape::new(1, 1, 8);
		let mut pool = Pool::new(shape.clone(), 4 * shape.block_bytes());
		let mut cache = PrefixCache::default();
		let mut block = || Arc::new(pool.take().unwrap());
		let (one, two, other) = (block(), block(), block());
		cache.insert(&tokens(0, 40), &[Arc::clone(&one), Arc::clone(&two)]);
		cache.insert(&tokens(500, 16), &[Arc::clone(&other)]);
		assert_eq!(cache.evictable(), 0);
		assert_eq!(cache.find(&tokens(0, 100)).len(), 2);
		assert_eq!(cache.find(&tokens(0, 31)).len(), 1);
		assert!(cache.find(&tokens(1, 100)).is_empty());
		// The same tokens after others are another block.
		assert!(cache.find(&tokens(16, 16)).is_empty());

		for held in [one, two, other] {
			pool.give_back(held, true);
		}
		assert_eq!((cache.evictable(), pool.taken()), (3, 3));
		cache.find(&tokens(500, 16));
		cache.evict(1, &mut pool);
		// Of the longer run the end went: its first block is of use without it.
		assert_eq!(
			(cache.find(&tokens(0, 100)).len(), cache.find(&tokens(500, 16)).len()),
			(1, 1)
		);
		cache.evict(5, &mut pool);
		assert_eq!((cache.evictable(), pool.taken()), (0, 0));
	}
}
