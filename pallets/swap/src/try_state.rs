//! The invariants of the pallet's storage, numbered.
//!
//!  1. A pool holds at least [`MINIMUM_RESERVE`] of each token.
//!  2. The weight of TAO is within its bounds.
//!  3. Root has no pool.
//!  4. Only subnets with a pool have something put aside, or a fee rate; nothing is never stored as an amount.
//!  5. No fee rate is above [`MAX_FEE_RATE`].
//!  6. What is put aside and what is in the pool fit into one amount.

use crate::{MAX_FEE_RATE, MINIMUM_RESERVE, pallet::*};
use frame_support::ensure;
use ganglion_primitives::{NetUid, SubnetPools};
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
	/// Checks all invariants and names the first that does not hold.
	pub fn do_try_state() -> Result<(), TryRuntimeError> {
		for (netuid, state) in Pools::<T>::iter() {
			let least = state.tao.get().min(state.alpha.get());
			ensure!(least >= MINIMUM_RESERVE, "1: a reserve is below the minimum");
			ensure!(state.to_pool().is_some(), "2: a weight is out of bounds");
			ensure!(!netuid.is_root(), "3: root has a pool");
			let waiting = Self::set_aside(netuid);
			let fits = state.tao.checked_add(waiting.tao).is_some() && state.alpha.checked_add(waiting.alpha).is_some();
			ensure!(fits, "6: what is put aside does not fit");
		}
		let has_pool = |netuid: NetUid| Pools::<T>::contains_key(netuid);
		for (netuid, tao) in BalancerTaoReservoir::<T>::iter() {
			ensure!(has_pool(netuid) && !tao.is_zero(), "4: TAO is put aside for no pool");
		}
		for (netuid, alpha) in BalancerAlphaReservoir::<T>::iter() {
			ensure!(
				has_pool(netuid) && !alpha.is_zero(),
				"4: alpha is put aside for no pool"
			);
		}
		for (netuid, rate) in FeeRate::<T>::iter() {
			ensure!(has_pool(netuid), "4: a fee rate is that of no pool");
			ensure!(rate <= MAX_FEE_RATE, "5: a fee rate is above the highest one");
		}
		Ok(())
	}
}
