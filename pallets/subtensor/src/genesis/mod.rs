//! Fills the storage of a new chain.

#[cfg(test)]
mod tests;

use crate::{
	Hyperparameters, MAX_ROOT_VALIDATORS, MAX_SUBNETS,
	emission::{ISSUANCE_CAP, USUAL_TAO_WEIGHT},
	pallet::*,
	subnets::symbols,
};
use frame_support::traits::fungible::{Inspect, Mutate};
use ganglion_primitives::{NetUid, RAO_PER_TAO, TaoBalance};

/// 18% of 65535.
const DEFAULT_OWNER_CUT: u16 = 11_796;
/// 1,000 TAO.
const DEFAULT_LOCK_COST: TaoBalance = TaoBalance::new(1_000 * RAO_PER_TAO);
/// Two weeks of 12 s blocks.
const DEFAULT_LOCK_REDUCTION_INTERVAL: u64 = 100_800;
/// A day of 12 s blocks.
const DEFAULT_NETWORK_RATE_LIMIT: u64 = 7_200;
/// 180 days of 12 s blocks.
const DEFAULT_NETWORK_IMMUNITY_PERIOD: u64 = 1_296_000;
/// A week of 12 s blocks.
const DEFAULT_START_CALL_DELAY: u64 = 50_400;
/// Blocks.
const DEFAULT_FREEZE_WINDOW: u16 = 10;
/// Tempos.
const DEFAULT_OWNER_RATE_LIMIT: u16 = 2;

impl<T: Config> Default for GenesisConfig<T> {
	fn default() -> Self {
		Self {
			subnet_defaults: Hyperparameters::default(),
			network_min_lock_cost: DEFAULT_LOCK_COST,
			network_lock_reduction_interval: DEFAULT_LOCK_REDUCTION_INTERVAL,
			network_rate_limit: DEFAULT_NETWORK_RATE_LIMIT,
			network_immunity_period: DEFAULT_NETWORK_IMMUNITY_PERIOD,
			start_call_delay: DEFAULT_START_CALL_DELAY,
			subnet_limit: MAX_SUBNETS,
			subnet_owner_cut: DEFAULT_OWNER_CUT,
			stake_threshold: 0,
			admin_freeze_window: DEFAULT_FREEZE_WINDOW,
			owner_hyperparam_rate_limit: DEFAULT_OWNER_RATE_LIMIT,
			tao_weight: USUAL_TAO_WEIGHT,
			tao_flow_enabled: true,
			marker: core::marker::PhantomData,
		}
	}
}

impl<T: Config> GenesisConfig<T> {
	/// Checks the configuration and writes it.
	pub(crate) fn apply(&self) {
		if let Err(error) = self.subnet_defaults.validate() {
			panic!("genesis: subnetDefaults.{} must be {}", error.name, error.expected);
		}
		assert!(
			self.subnet_limit <= MAX_SUBNETS,
			"genesis: subnetLimit is {}, must be at most {MAX_SUBNETS}",
			self.subnet_limit,
		);
		let lowest = Pallet::<T>::lowest_lock_cost();
		assert!(
			self.network_min_lock_cost.get() >= lowest,
			"genesis: networkMinLockCost is {}, must be at least {lowest} rao: the existential deposit and what a pool opens with",
			self.network_min_lock_cost.get(),
		);
		// The runtime lists the balances before this pallet, so that they are built already.
		let root = Pallet::<T>::subnet_account(NetUid::ROOT);
		let deposit = T::Currency::minimum_balance();
		let issuance = T::Currency::total_issuance().saturating_add(deposit);
		assert!(
			issuance <= ISSUANCE_CAP,
			"genesis: the balances and root's deposit add up to {issuance} rao, must be at most {ISSUANCE_CAP} rao",
		);
		// Root's account backs the stake on root; the deposit keeps it alive when nobody stakes there.
		if let Err(error) = T::Currency::mint_into(&root, deposit) {
			panic!("genesis: root's account cannot be created: {error:?}");
		}
		SubtokenEnabled::<T>::insert(NetUid::ROOT, true);
		SubnetDefaults::<T>::put(&self.subnet_defaults);
		NetworkMinLockCost::<T>::put(self.network_min_lock_cost);
		NetworkLockReductionInterval::<T>::put(self.network_lock_reduction_interval);
		NetworkRateLimit::<T>::put(self.network_rate_limit);
		NetworkImmunityPeriod::<T>::put(self.network_immunity_period);
		StartCallDelay::<T>::put(self.start_call_delay);
		SubnetLimit::<T>::put(self.subnet_limit);
		SubnetOwnerCut::<T>::put(self.subnet_owner_cut);
		StakeThreshold::<T>::put(self.stake_threshold);
		AdminFreezeWindow::<T>::put(self.admin_freeze_window);
		OwnerHyperparamRateLimit::<T>::put(self.owner_hyperparam_rate_limit);
		TaoWeight::<T>::put(self.tao_weight);
		TaoFlowEnabled::<T>::put(self.tao_flow_enabled);
		NetworksAdded::<T>::insert(NetUid::ROOT, true);
		TotalNetworks::<T>::put(1);
		TokenSymbol::<T>::insert(NetUid::ROOT, symbols::of_root());
		SubnetworkN::<T>::insert(NetUid::ROOT, 0);
		let root = Hyperparameters {
			tempo: 0,
			max_allowed_uids: MAX_ROOT_VALIDATORS,
			registration_allowed: false,
			..self.subnet_defaults.clone()
		};
		root.store::<T>(NetUid::ROOT);
	}
}
