//! The invariants of the pallet's storage, numbered. Every test checks them at its end.
//!
//! For each subnet except root (5 and 6 for root, too):
//!
//!  1. The TAO of the subnet's account covers the TAO in the subnet's pool and the existential deposit. (More is fine:
//!     anybody may send TAO there.)
//!  2. The alpha outside the pool is the alpha staked, pending, claimable by those who stake on root, burned, and the
//!     protocol's.
//!  3. The alpha emitted to those who work for the subnet is the alpha paid plus the alpha pending.
//!  4. The alpha staked is the sum over the hotkeys' share pools.
//!  5. [`Uids`] and [`Keys`] are inverse to each other, and hold exactly the uids below the subnet's size; [`Hotkeys`]
//!     and [`IsNetworkMember`] agree with them.
//!  6. Every column has one value per uid.
//!  7. At most [`crate::MAX_VALIDATORS_PER_SUBNET`] uids, and the owner's, hold a permit. (`max_allowed_validators`, which
//!     is no more than that, counts from the next epoch on.)
//!  8. Weight and bond rows belong to uids, are not empty, name uids and name none twice. Weights are above zero and in
//!     the order of the uids; bonds belong to uids with a permit.
//!  9. Axons, certificates and addresses of metrics belong to hotkeys that hold a uid.
//! 10. The owner's hotkey holds a uid and belongs to the subnet's owner.
//! 11. The hyperparameters are valid.
//!
//! For the chain:
//!
//! 12. A share pool has shares where and only where it has alpha, and its shares are the sum of its owner's and its other
//!     stakers' shares.
//! 13. A hotkey that holds a uid, or on which there is stake, has an owner.
//! 14. [`OwnedHotkeys`] is the inverse of [`Owner`]; owned hotkeys, and those with stake, are in [`StakingHotkeys`].
//! 15. There are as many subnets as [`TotalNetworks`] says, and no more than [`crate::MAX_SUBNETS`] beside root.
//! 16. The issuance is at most the cap.
//! 17. [`OpenPayouts`] has each subnet with an unpaid rest once, and no other. The pages of a payout that are not paid are
//!     those that exist, and none is empty; what they promise to miners and to validators is pending for them, and no
//!     more than the epoch distributed and has not paid.
//! 18. Each subnet except root has a pool, and no other number has one.
//! 19. The TAO of root's account covers the stake on root and the existential deposit, and root's total is that stake; a share of
//!     root's share pools is a rao.
//! 20. A pot of root dividends has, to the last bit, what its stakers are owed and the remainder. The claimable alpha of a
//!     subnet is the sum of its pots. Hotkeys on which a coldkey has something to claim are in its [`StakingHotkeys`].
//! 21. What a rate limit counts from ([`LastRateLimitedBlock`]) is not in the future, and its subnet exists or is being cleaned up.
//! 30. The subnets in [`DissolveCleanupQueue`] do not exist, and each is there once; the first of them is cleaned up.
//! 31. What a clean-up has not paid is in the subnet's account, and covers what it has still to pay. (Of such a subnet the
//!     share pools are exempt from invariant 12.)
//! 32. A subnet that exists has a symbol of its own; of one that neither exists nor is cleaned up nothing is stored.
//! 33. The escrow holds what the registrations that wait have cost.

mod chain;
mod lifecycle;
mod limits;
mod payouts;
mod pools;
mod root;
mod subnet;

#[cfg(test)]
mod tests;

use crate::{MAX_SUBNETS, emission::ISSUANCE_CAP, pallet::*};
use frame_support::{ensure, traits::fungible::Inspect};
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
	/// Checks all invariants and names the first that does not hold.
	pub fn do_try_state() -> Result<(), TryRuntimeError> {
		let netuids = Self::subnets();
		for netuid in &netuids {
			subnet::check::<T>(*netuid)?;
		}
		subnet::check_root::<T>()?;
		chain::check_pools::<T>()?;
		chain::check_owners::<T>()?;
		payouts::check::<T>()?;
		pools::check::<T>()?;
		root::check::<T>()?;
		pools::check_root::<T>()?;
		limits::check::<T>()?;
		lifecycle::check::<T>()?;
		ensure!(
			NetworksAdded::<T>::get(ganglion_primitives::NetUid::ROOT),
			"15: root does not exist"
		);
		ensure!(
			usize::from(TotalNetworks::<T>::get()) == netuids.len().saturating_add(1),
			"15: TotalNetworks is not the number of subnets"
		);
		ensure!(netuids.len() <= usize::from(MAX_SUBNETS), "15: too many subnets");
		ensure!(
			T::Currency::total_issuance() <= ISSUANCE_CAP,
			"16: the issuance is above the cap"
		);
		Ok(())
	}
}
