//! Weights that nobody can read before a round of the chain's beacon has come.
//!
//! A subnet may ask its validators to commit to their weights first, so that nobody can copy them. What is committed to is
//! encrypted to a future round of the beacon that the chain follows; once the round is there the chain opens the weights
//! itself, and their author need not come back. The bytes are those that Bittensor's SDK sends (version 4).

use std::fmt;

use codec::Encode as _;
use timelock::{PublicKey, Schedule};

use crate::{
	AccountId, Call,
	client::{SUBTENSOR, check_uids},
	error::ChainError,
};

/// The version of what is sealed that the chain opens.
pub const COMMIT_REVEAL_VERSION: u16 = 4;
/// The longest sealed row that the chain takes; it fits some 1,900 weights.
pub const MAX_SEALED_BYTES: usize = 8_192;

/// Blocks between the first one of the epoch in which weights are to be read and the round that opens them, as the SDK has
/// it: the epoch before must not see them, even where blocks come a little early.
const REVEAL_DELAY_BLOCKS: u64 = 3;
/// Rounds that lie between now and the round sealed to at least, so that the transaction gets into a block before it.
const LEAST_ROUNDS_AHEAD: u64 = 2;

/// What the chain says about the sealing of a subnet's weights, all at one block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealing {
	/// The key of the beacon that the chain follows.
	pub(crate) beacon: PublicKey,
	/// When its rounds come.
	pub(crate) schedule: Schedule,
	/// The newest round that the chain has.
	pub(crate) latest_round: u64,
	/// The block.
	pub(crate) block: u64,
	/// Its time, in milliseconds since 1970.
	pub(crate) time_ms: u64,
	/// Time from block to block.
	pub(crate) block_ms: u64,
	/// The block in which the subnet's next epoch runs.
	pub(crate) next_epoch_block: u64,
	/// Blocks from epoch to epoch.
	pub(crate) tempo: u16,
	/// Epochs after which the weights are to be read.
	pub(crate) reveal_period_epochs: u64,
}

impl Sealing {
	/// The round that opens weights which get into the next block.
	///
	/// Time is the chain's: a wrong clock on this machine changes nothing.
	#[must_use]
	pub fn reveal_round(&self) -> u64 {
		let tempo = u64::from(self.tempo);
		// An epoch runs before the transactions of its block: one that is due then is not theirs any more.
		let next = if self.next_epoch_block <= self.block.saturating_add(1) {
			self.next_epoch_block.saturating_add(tempo)
		} else {
			self.next_epoch_block
		};
		let later = self.reveal_period_epochs.saturating_sub(1).saturating_mul(tempo);
		let at_block = next.saturating_add(later).saturating_add(REVEAL_DELAY_BLOCKS);
		let wait_ms = at_block.saturating_sub(self.block).saturating_mul(self.block_ms);
		let round = self.schedule.round_at(self.time_ms.saturating_add(wait_ms) / 1_000);
		let newest = self.schedule.round_at(self.time_ms / 1_000).max(self.latest_round);
		round.max(newest.saturating_add(LEAST_ROUNDS_AHEAD))
	}

	/// The call by which the signer with this hotkey commits to its weights, pairs of uid and weight.
	///
	/// `seed` is fresh entropy: who knows it can read the weights at once.
	///
	/// # Errors
	/// A uid that comes twice, more weights than a sealed row holds.
	pub fn commit(
		&self,
		netuid: u16,
		hotkey: &AccountId,
		weights: &[(u16, u16)],
		version_key: u64,
		seed: [u8; 32],
	) -> Result<Call, ChainError> {
		check_uids(weights)?;
		let (uids, values): (Vec<u16>, Vec<u16>) = weights.iter().copied().unzip();
		// In the order in which the chain decodes it: whose they are, uids, weights, version key.
		let row = (hotkey.as_bytes().to_vec(), uids, values, version_key).encode();
		let round = self.reveal_round();
		let sealed = timelock::seal(&self.beacon, round, &row, seed).map_err(|error| too_long(weights.len(), error))?;
		if sealed.len() > MAX_SEALED_BYTES {
			let reason = format!(
				"sealed they have {} bytes, the chain takes {MAX_SEALED_BYTES}",
				sealed.len()
			);
			return Err(too_long(weights.len(), reason));
		}
		Ok(Call::new(SUBTENSOR, "commit_timelocked_weights")
			.with("netuid", netuid)
			.with("commit", &sealed[..])
			.with("reveal_round", round)
			.with("commit_reveal_version", COMMIT_REVEAL_VERSION))
	}
}

fn too_long(weights: usize, reason: impl fmt::Display) -> ChainError {
	ChainError::InvalidArgument {
		argument: "weights",
		expected: "as many as fit a sealed row; leave the smallest out".to_owned(),
		found: format!("{weights}: {reason}"),
	}
}

#[cfg(test)]
mod tests {
	use codec::DecodeAll;
	use timelock::{SecretKey, open};

	use super::*;
	use crate::Argument;

	/// Round 1,000 comes at second 2,997 after the beacon's start.
	fn sealing() -> Sealing {
		Sealing {
			beacon: beacon().public(),
			schedule: Schedule {
				genesis_time: 1_000,
				period: 3,
			},
			latest_round: 0,
			block: 1_020,
			time_ms: 500_000_000,
			block_ms: 12_000,
			next_epoch_block: 1_100,
			tempo: 100,
			reveal_period_epochs: 1,
		}
	}

	fn beacon() -> SecretKey {
		SecretKey::from_seed(b"a beacon of this test")
	}

	/// Blocks from `sealing`'s block to the round that it seals to.
	fn blocks_ahead(sealing: &Sealing) -> f64 {
		let wait_ms = sealing.schedule.time_of(sealing.reveal_round()) * 1_000 - sealing.time_ms;
		wait_ms as f64 / sealing.block_ms as f64
	}

	#[test]
	fn weights_open_a_little_after_the_epoch_that_they_are_for() {
		let base = sealing();
		// Blocks to go, as the SDK's own function counts them for the same subnet, within two rounds (half a block).
		let cases = [
			(base.clone(), 82.56),
			(
				Sealing {
					reveal_period_epochs: 3,
					..base.clone()
				},
				282.56,
			),
			(
				Sealing {
					block: 1_098,
					..base.clone()
				},
				4.56,
			),
			// The next block runs the epoch first.
			(
				Sealing {
					block: 1_099,
					..base.clone()
				},
				103.56,
			),
			// An epoch that was asked for.
			(
				Sealing {
					next_epoch_block: 1_050,
					..base
				},
				32.56,
			),
		];
		for (sealing, expected) in cases {
			let ahead = blocks_ahead(&sealing);
			assert!(
				(ahead - expected).abs() <= 0.5,
				"{ahead} blocks, {expected} expected: {sealing:?}"
			);
		}
	}

	#[test]
	fn the_round_is_always_to_come() {
		let base = sealing();
		let fast = Sealing {
			block_ms: 1,
			next_epoch_block: 1_021,
			tempo: 1,
			..base.clone()
		};
		let now = base.schedule.round_at(base.time_ms / 1_000);
		assert_eq!(fast.reveal_round(), now + LEAST_ROUNDS_AHEAD);
		let ahead_of_its_clock = Sealing {
			latest_round: now + 1_000_000,
			..base.clone()
		};
		assert_eq!(ahead_of_its_clock.reveal_round(), now + 1_000_000 + LEAST_ROUNDS_AHEAD);
		let extreme = Sealing {
			time_ms: u64::MAX,
			block: u64::MAX,
			next_epoch_block: u64::MAX,
			reveal_period_epochs: u64::MAX,
			..base
		};
		assert!(extreme.reveal_round() > 0);
	}

	fn argument<'a>(call: &'a Call, name: &str) -> &'a Argument {
		call.argument(name).unwrap_or_else(|| panic!("{call} has no {name}"))
	}

	#[test]
	fn the_beacon_s_signature_opens_exactly_what_the_chain_reads() {
		let sealing = sealing();
		let hotkey = AccountId::new([9; 32]);
		let weights = [(3, 65_535), (1, 7)];
		let call = sealing.commit(5, &hotkey, &weights, 11, [4; 32]).unwrap();
		assert_eq!(call.to_string(), "SubtensorModule.commit_timelocked_weights");
		assert_eq!(argument(&call, "netuid"), &5_u16.into());
		assert_eq!(argument(&call, "commit_reveal_version"), &4_u16.into());
		let round = sealing.reveal_round();
		assert_eq!(argument(&call, "reveal_round"), &round.into());
		let Argument::Bytes(sealed) = argument(&call, "commit") else {
			panic!("{call:?}")
		};
		// As many bytes as the SDK's commit of two weights, one of which its hotkey makes.
		assert_eq!(sealed.len(), 295);
		let opened = open(sealed, &beacon().sign(round).unwrap()).unwrap();
		type Row = (Vec<u8>, Vec<u16>, Vec<u16>, u64);
		let row = Row::decode_all(&mut &opened[..]).unwrap();
		assert_eq!(row, (vec![9; 32], vec![3, 1], vec![65_535, 7], 11));
		assert!(open(sealed, &beacon().sign(round + 1).unwrap()).is_err());
	}

	#[test]
	fn rows_that_the_chain_would_not_take_are_refused() {
		let hotkey = AccountId::new([9; 32]);
		let row = |count: u16| (0..count).map(|uid| (uid, 1)).collect::<Vec<_>>();
		let commit = |weights: &[(u16, u16)]| sealing().commit(5, &hotkey, weights, 0, [4; 32]);
		assert!(commit(&row(1_900)).is_ok());
		let error = commit(&row(2_000)).unwrap_err().to_string();
		assert!(error.contains("2000") && error.contains("8192"), "{error}");
		assert!(commit(&row(20_000)).is_err());
		assert!(
			commit(&[(1, 1), (1, 2)])
				.unwrap_err()
				.to_string()
				.contains("uid 1 twice")
		);
	}
}
