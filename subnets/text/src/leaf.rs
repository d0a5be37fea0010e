//! Commitments to what the model computed, which only somebody who computes the same can check or use.

use blake2::digest::consts::U32;
use blake2::{Blake2b, Digest};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use crate::wire::{LEAF_BYTES, Leaf};

/// Logits that one leaf commits to.
pub const LEAF_LOGITS: usize = 32;
/// Width of the cells that logits are rounded to. Miners need it, so it is part of the mechanism's version.
pub const LEAF_STEP: f64 = 1.0 / 32.0;
/// Most logits of one leaf for which a verifier tries both neighbouring cells.
const MAX_UNSURE: u32 = 12;

/// Stream of the key stream that picks logits; the positions' noise has streams of 32 bits.
const PICK_STREAM: u64 = 1 << 32;

/// Makes and checks the leaves of one answer.
///
/// The leaf of position `t` is
///
/// ```text
/// first 8 bytes of blake2b-256(salt ‖ u32 t ‖ i32 c₁ ‖ … ‖ i32 c₃₂),   cᵢ = round(logit[vᵢ] / step)
/// ```
///
/// (integers little-endian) for 32 tokens `vᵢ` that the salt and the position pick. The salt is a seed of the challenge,
/// so it has both hotkeys, the nonce and the whole task in it: a leaf fits one miner's answer to one request. Who sees it
/// cannot get at the logits without guessing all 32 cells at once, and without them cannot make the leaf for another hotkey.
///
/// The verifier has the same logits up to rounding errors. Where one of its own is within its tolerance of the border of
/// two cells it tries both, so that the commitment is exact and the comparison still tolerant.
#[derive(Clone, Debug)]
pub struct Leaves {
	salt: [u8; 32],
}

impl Leaves {
	/// The leaves of one answer; give them a seed of their own.
	pub fn new(salt: [u8; 32]) -> Self {
		Self { salt }
	}

	/// The leaf of a position, given all its logits. Logits that are no numbers get a leaf too; it fits nothing.
	pub fn leaf(&self, position: u32, logits: &[f32]) -> Leaf {
		let cells: Vec<i32> = self
			.picked(position, logits)
			.map(|logit| cell(f64::from(logit)))
			.collect();
		self.hash(position, &cells)
	}

	/// Whether `leaf` commits to logits that are all within `tolerance` of these. Beyond [`LEAF_STEP`] / 2 the tolerance is
	/// cut there.
	pub fn matches(&self, position: u32, leaf: Leaf, logits: &[f32], tolerance: f64) -> bool {
		let picked: Vec<f64> = self.picked(position, logits).map(f64::from).collect();
		let mut cells: Vec<i32> = picked.iter().map(|logit| cell(*logit)).collect();
		// The borders nearest to a logit, with the cell on the other side.
		let mut unsure: Vec<(f64, usize, i32)> = picked
			.iter()
			.zip(&cells)
			.enumerate()
			.filter_map(|(index, (logit, cell))| {
				let within = logit / LEAF_STEP - f64::from(*cell);
				let distance = (0.5 - within.abs()) * LEAF_STEP;
				let other = if within > 0.0 { 1 } else { -1 };
				(distance <= tolerance).then_some((distance, index, cell.saturating_add(other)))
			})
			.collect();
		unsure.sort_by(|left, right| left.0.total_cmp(&right.0));
		unsure.truncate(MAX_UNSURE as usize);
		let own = cells.clone();
		// Bit i of the choice: the other side for the i-th nearest border.
		(0..1_u32 << unsure.len()).any(|choice| {
			for (bit, (_, index, other)) in unsure.iter().enumerate() {
				let chosen = if choice >> bit & 1 == 1 {
					Some(other)
				} else {
					own.get(*index)
				};
				if let (Some(cell), Some(chosen)) = (cells.get_mut(*index), chosen) {
					*cell = *chosen;
				}
			}
			self.hash(position, &cells) == leaf
		})
	}

	/// The logits of the tokens that this position's leaf is about; fewer than 32 only without logits.
	fn picked<'a>(&self, position: u32, logits: &'a [f32]) -> impl Iterator<Item = f32> + 'a {
		let mut words = ChaCha8Rng::from_seed(self.salt);
		words.set_stream(PICK_STREAM | u64::from(position));
		let count = logits.len() as u64;
		(0..LEAF_LOGITS).filter_map(move |_| {
			let draw = u64::from(words.next_u32());
			// A multiplication instead of a remainder: the upper half of a 64-bit product.
			logits.get(((draw * count) >> 32) as usize).copied()
		})
	}

	fn hash(&self, position: u32, cells: &[i32]) -> Leaf {
		let mut hasher = Blake2b::<U32>::new();
		hasher.update(self.salt);
		hasher.update(position.to_le_bytes());
		cells.iter().for_each(|cell| hasher.update(cell.to_le_bytes()));
		let digest: [u8; 32] = hasher.finalize().into();
		let mut leaf = [0; LEAF_BYTES];
		leaf.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
		Leaf(leaf)
	}
}

/// The cell of a logit; casting brings what is out of range to the ends, and what is no number to 0.
fn cell(logit: f64) -> i32 {
	(logit / LEAF_STEP).round() as i32
}

#[cfg(test)]
mod tests {
	use super::*;

	/// 1,000 logits between -8 and 8.
	fn logits() -> Vec<f32> {
		(0..1_000)
			.map(|token| ((token * 7_919) as f32 * 0.618).sin() * 8.0)
			.collect()
	}

	fn shifted(by: f32) -> Vec<f32> {
		let sign = |token: usize| if token.is_multiple_of(3) { by } else { -by };
		logits()
			.iter()
			.enumerate()
			.map(|(token, logit)| logit + sign(token))
			.collect()
	}

	#[test]
	fn rounding_passes_and_another_model_does_not() {
		let leaves = Leaves::new([1; 32]);
		let count = |by: f32| {
			(0..200)
				.filter(|position| {
					let leaf = leaves.leaf(*position, &shifted(by));
					leaves.matches(*position, leaf, &logits(), 0.002)
				})
				.count()
		};
		assert_eq!((count(0.0), count(1e-4), count(0.0019)), (200, 200, 200));
		assert!(count(0.02) < 3, "{} of 200 passed with errors of 0.02", count(0.02));
	}

	#[test]
	fn a_leaf_fits_one_salt_and_one_position() {
		let leaves = Leaves::new([1; 32]);
		let leaf = leaves.leaf(5, &logits());
		assert!(leaves.matches(5, leaf, &logits(), 0.002));
		assert!(!leaves.matches(6, leaf, &logits(), 0.002));
		assert!(!Leaves::new([2; 32]).matches(5, leaf, &logits(), 0.002));
		assert!(!leaves.matches(5, Leaf::default(), &logits(), 0.002));
	}

	#[test]
	fn senseless_logits_match_nothing_and_do_not_panic() {
		let leaves = Leaves::new([1; 32]);
		for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX] {
			let leaf = leaves.leaf(0, &[bad; 10]);
			assert!(!leaves.matches(0, leaf, &logits(), 0.002));
			// A validator with such logits has a broken model, which the sampler reports; here nothing must panic.
			let _ = leaves.matches(0, leaf, &[bad; 10], 1.0);
		}
		assert_eq!(leaves.leaf(0, &[]), leaves.leaf(0, &[]));
		assert!(!leaves.matches(0, leaves.leaf(0, &logits()), &[], f64::NAN));
	}

	/// Many logits on a border: the number of hashes stays bounded.
	#[test]
	fn borders_are_tried_only_so_often() {
		let leaves = Leaves::new([1; 32]);
		let border = vec![(LEAF_STEP * 1.5) as f32; 100];
		let below = vec![(LEAF_STEP * 1.49) as f32; 100];
		assert!(leaves.matches(0, leaves.leaf(0, &border), &border, 0.002));
		assert!(!leaves.matches(0, leaves.leaf(0, &below), &border, 0.002));
	}
}
