//! The shield: transactions encrypted to the author of the next block, who is found by Aura's round robin.

use crate::{Aura, Runtime};
use pallet_mev_shield::Turns;
use sp_consensus_aura::{Slot, sr25519::AuthorityId};

/// Aura's authorities take turns in the order of their list, a slot each.
pub struct AuraTurns;

impl Turns<AuthorityId> for AuraTurns {
	fn slot() -> u64 {
		pallet_aura::CurrentSlot::<Runtime>::get().into()
	}

	fn round() -> u32 {
		u32::try_from(Aura::authorities_len()).unwrap_or(u32::MAX)
	}

	fn authority(slot: u64) -> Option<AuthorityId> {
		let index = Aura::slot_author_index(Slot::from(slot))?;
		let authorities = pallet_aura::Authorities::<Runtime>::get();
		authorities.get(usize::try_from(index).ok()?).cloned()
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn prepare_for_benchmark(authorities: u32) {
		use frame_support::{BoundedVec, Hashable};
		use sp_core::sr25519::Public;
		let keys = (0..authorities).map(|number| AuthorityId::from(Public::from_raw(number.blake2_256())));
		pallet_aura::Authorities::<Runtime>::put(BoundedVec::truncate_from(keys.collect()));
		pallet_aura::CurrentSlot::<Runtime>::put(Slot::from(1_000));
	}
}

impl pallet_mev_shield::Config for Runtime {
	type AuthorityId = AuthorityId;
	type Turns = AuraTurns;
	type WeightInfo = pallet_mev_shield::PalletWeight<Runtime>;
}
