//! Registration by proof of work: a hash below a target, bound to a recent block, the subnet and both keys.

use crate::pallet::*;
use alloc::vec::Vec;
use frame_support::{
	ensure,
	pallet_prelude::{DispatchError, DispatchResult},
};
use ganglion_primitives::{AccountId32, NetUid};
use sp_core::U256;
use sp_runtime::traits::UniqueSaturatedInto;

/// First bytes of what is hashed, so that the work is good for nothing else.
const DOMAIN: &[u8] = b"subtensor-pow-register-v1";
/// Oldest block that a proof may name, counted back from the block that includes it.
pub const MAX_WORK_AGE_BLOCKS: u64 = 5;

/// A proof of work as a call carries it.
pub(crate) struct Proof<'a> {
	/// Block whose hash the work starts from.
	pub(crate) block: u64,
	/// What was searched for.
	pub(crate) nonce: u64,
	/// The hash that was found: 32 bytes.
	pub(crate) seal: &'a [u8],
}

/// `keccak256(sha256(domain ++ netuid ++ block hash ++ hotkey ++ coldkey ++ nonce))`, numbers in little-endian bytes.
fn seal(netuid: NetUid, block_hash: &[u8], hotkey: &AccountId32, coldkey: &AccountId32, nonce: u64) -> [u8; 32] {
	let (hotkey, coldkey): (&[u8; 32], &[u8; 32]) = (hotkey.as_ref(), coldkey.as_ref());
	let parts: [&[u8]; 6] = [
		DOMAIN,
		&netuid.get().to_le_bytes(),
		block_hash,
		hotkey,
		coldkey,
		&nonce.to_le_bytes(),
	];
	sp_io::hashing::keccak_256(&sp_io::hashing::sha2_256(&parts.concat()))
}

/// Whether a seal, as a little-endian number, is at most `(2^256 - 1) / difficulty`.
fn meets(seal: &[u8; 32], difficulty: u64) -> bool {
	U256::from_little_endian(seal)
		.checked_mul(U256::from(difficulty))
		.is_some()
}

impl<T: Config> Pallet<T> {
	/// Checks all that decides whether a registration by proof of work is accepted, as cheaply as it can be done.
	pub fn check_work(
		coldkey: &AccountId32,
		hotkey: &AccountId32,
		netuid: NetUid,
		block: u64,
		nonce: u64,
		work: &[u8],
	) -> DispatchResult {
		ensure!(!netuid.is_root(), Error::<T>::RegistrationNotPermittedOnRootSubnet);
		Self::ensure_subnet_exists(netuid)?;
		let allowed = NetworkPowRegistrationAllowed::<T>::get(netuid);
		ensure!(allowed, Error::<T>::SubNetRegistrationDisabled);
		Self::ensure_registrable(coldkey, hotkey, netuid)?;
		let proof = Proof {
			block,
			nonce,
			seal: work,
		};
		Self::check_proof(coldkey, hotkey, netuid, &proof)
	}

	fn check_proof(coldkey: &AccountId32, hotkey: &AccountId32, netuid: NetUid, proof: &Proof) -> DispatchResult {
		let now = Self::block_number();
		let fresh = proof.block < now && now.saturating_sub(proof.block) <= MAX_WORK_AGE_BLOCKS;
		let unused = LastPowRegistrationBlock::<T>::get(hotkey).is_none_or(|last| proof.block > last);
		ensure!(fresh && unused, Error::<T>::InvalidWorkBlock);
		let hash = frame_system::Pallet::<T>::block_hash::<frame_system::pallet_prelude::BlockNumberFor<T>>(
			proof.block.unique_saturated_into(),
		);
		let expected = seal(netuid, hash.as_ref(), hotkey, coldkey, proof.nonce);
		ensure!(proof.seal == expected.as_slice(), Error::<T>::InvalidSeal);
		ensure!(
			meets(&expected, Difficulty::<T>::get(netuid)),
			Error::<T>::InvalidDifficulty
		);
		Ok(())
	}

	/// Registers a hotkey for a proof of work. Returns how many neurons were searched for one to replace.
	pub(crate) fn do_pow_register(
		coldkey: &AccountId32,
		hotkey: &AccountId32,
		netuid: NetUid,
		block: u64,
		nonce: u64,
		work: Vec<u8>,
	) -> Result<u32, DispatchError> {
		Self::check_work(coldkey, hotkey, netuid, block, nonce, &work)?;
		LastPowRegistrationBlock::<T>::insert(hotkey, Self::block_number());
		let searched = Self::register(coldkey, hotkey, netuid)?;
		Self::raise_difficulty(netuid);
		Ok(searched)
	}
}

#[cfg(test)]
pub(super) mod tests {
	use super::*;

	/// The first nonce whose seal meets the difficulty, with its seal.
	pub(in crate::registration) fn mine(
		netuid: NetUid,
		block_hash: &[u8],
		hotkey: &AccountId32,
		coldkey: &AccountId32,
		difficulty: u64,
	) -> (u64, Vec<u8>) {
		(0..)
			.map(|nonce| (nonce, seal(netuid, block_hash, hotkey, coldkey, nonce)))
			.find(|(_, seal)| meets(seal, difficulty))
			.map(|(nonce, seal)| (nonce, seal.to_vec()))
			.unwrap()
	}

	#[test]
	fn the_hash_is_the_one_that_clients_compute() {
		// Computed with the `bittensor` SDK 11.3: `registration_seal(registration_prefix(7, …), 9)`.
		let hotkey = AccountId32::new([2; 32]);
		let coldkey = AccountId32::new([3; 32]);
		let seal = seal(NetUid::new(7), &[1; 32], &hotkey, &coldkey, 9);
		assert_eq!(sp_core::bytes::to_hex(&seal, false), EXPECTED_SEAL);
	}

	const EXPECTED_SEAL: &str = "0xf94fee8730ab2277dba751224c1676243daa5d20fa23b5f038789a8ef2592edb";

	#[test]
	fn a_target_is_the_largest_number_divided_by_the_difficulty() {
		let largest = |divisor: u64| (U256::MAX / U256::from(divisor)).to_little_endian();
		for difficulty in [1, 2, 3, 1_000_003, u64::MAX] {
			assert!(meets(&largest(difficulty), difficulty));
			let above = U256::from_little_endian(&largest(difficulty)).checked_add(U256::one());
			if let Some(above) = above {
				assert!(!meets(&above.to_little_endian(), difficulty));
			}
		}
	}
}
