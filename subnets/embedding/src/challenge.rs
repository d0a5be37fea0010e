//! What a validator asks: passages in pairs of neighbours, shuffled, drawn so that the miner cannot know the pairs.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use crate::corpus::Corpus;

/// Fewest and most words of a passage: some 20 to 45 tokens, which every embedder takes whole.
pub(crate) const WORDS: core::ops::RangeInclusive<usize> = 16..=32;

/// Picks one thing after another from a seed.
pub(crate) struct Draws(ChaCha8Rng);

impl Draws {
	pub(crate) fn new(seed: [u8; 32]) -> Self {
		Self(ChaCha8Rng::from_seed(seed))
	}

	/// A number below `count`, which is above 0; every one is equally likely, to within 1 in 2³².
	pub(crate) fn below(&mut self, count: usize) -> usize {
		((u64::from(self.0.next_u32()) * count as u64) >> 32) as usize
	}

	/// `count` different numbers below `total`, in no order; all of them where `count` is larger.
	pub(crate) fn sample(&mut self, total: usize, count: usize) -> Vec<usize> {
		let mut all: Vec<usize> = (0..total).collect();
		self.shuffle(&mut all);
		all.truncate(count);
		all
	}

	fn shuffle<T>(&mut self, list: &mut [T]) {
		for end in (1..list.len()).rev() {
			let other = self.below(end + 1);
			list.swap(end, other);
		}
	}
}

/// Passages, and who belongs to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Challenge {
	/// In the order of the task.
	pub(crate) passages: Vec<String>,
	/// For each passage the index of its neighbour.
	pub(crate) neighbours: Vec<usize>,
}

/// The challenge that `seed` draws: `pairs` pairs of passages, each pair cut from one place of the corpus where the second
/// goes on where the first ends, all in random order.
///
/// Where a passage begins and how long it is are random, so that nobody has its vector lying ready: a text of 190,000
/// words has some three million passages.
pub(crate) fn draw(seed: [u8; 32], corpus: &Corpus, pairs: usize) -> Challenge {
	let mut draws = Draws::new(seed);
	let mut texts = Vec::with_capacity(2 * pairs);
	let sections = corpus.sections();
	for _ in 0..pairs {
		let words = &sections[draws.below(sections.len())];
		let spread = WORDS.end() - WORDS.start() + 1;
		let (first, second) = (WORDS.start() + draws.below(spread), WORDS.start() + draws.below(spread));
		let start = draws.below(words.len() - first - second + 1);
		let (middle, end) = (start + first, start + first + second);
		texts.push(words[start..middle].join(" "));
		texts.push(words[middle..end].join(" "));
	}
	let mut order: Vec<usize> = (0..texts.len()).collect();
	draws.shuffle(&mut order);
	let mut place = vec![0; order.len()];
	for (index, &text) in order.iter().enumerate() {
		place[text] = index;
	}
	Challenge {
		passages: order.iter().map(|&text| texts[text].clone()).collect(),
		// Texts 2i and 2i + 1 are a pair.
		neighbours: order.iter().map(|&text| place[text ^ 1]).collect(),
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn neighbours_are_mutual_and_go_on_where_the_other_ends() {
		let corpus = Corpus::bundled();
		let whole: Vec<String> = corpus.sections().iter().map(|words| words.join(" ")).collect();
		for seed in 0..20_u8 {
			let challenge = draw([seed; 32], &corpus, 16);
			assert_eq!((challenge.passages.len(), challenge.neighbours.len()), (32, 32));
			for (index, &other) in challenge.neighbours.iter().enumerate() {
				assert!(challenge.neighbours[other] == index && other != index);
				let (one, two) = (&challenge.passages[index], &challenge.passages[other]);
				let joined = [format!("{one} {two}"), format!("{two} {one}")];
				assert!(
					whole
						.iter()
						.any(|text| text.contains(&joined[0]) || text.contains(&joined[1])),
					"seed {seed}: {joined:?}"
				);
			}
		}
		assert_eq!(draw([1; 32], &corpus, 4), draw([1; 32], &corpus, 4));
	}

	#[test]
	fn samples_are_different_and_reach_everything() {
		let mut draws = Draws::new([3; 32]);
		let mut seen = [0_u32; 32];
		for _ in 0..400 {
			let mut sample = draws.sample(32, 8);
			sample.iter().for_each(|&index| seen[index] += 1);
			sample.sort_unstable();
			sample.dedup();
			assert_eq!(sample.len(), 8);
		}
		// 100 times each is expected, with a deviation of 9.
		assert!(seen.iter().all(|&times| (55..145).contains(&times)), "{seen:?}");
		assert_eq!(draws.sample(3, 8).len(), 3);
	}
}
