//! How subnets begin: a cost, a free number or the number of a subnet that has to go, and the call that starts them.

use super::queue::NetworkRegistrationInfo;
use crate::{Hyperparameters, MAX_SUBNETS, identity::TypedSubnetIdentity, pallet::*};
use frame_support::{
	ensure,
	pallet_prelude::{DispatchError, DispatchResult},
	traits::{
		fungible::{Inspect, Mutate},
		tokens::{Fortitude, Preservation},
	},
};
use ganglion_primitives::{AccountId32, AlphaBalance, MechanismIndex, NetUid, Reserves, SubnetPools, TaoBalance};

/// Where a new subnet finds room.
enum Room {
	/// This number is free.
	At(NetUid),
	/// A subnet that is being cleaned up leaves it.
	AfterCleanup,
	/// This subnet has to go.
	InsteadOf(NetUid),
}

impl<T: Config> Pallet<T> {
	/// Registers a subnet with the default hyperparameters, and takes its cost. Where there are as many subnets as there may
	/// be, one of them is dissolved and the registration waits for that.
	pub(crate) fn do_register_network(
		coldkey: &AccountId32,
		hotkey: &AccountId32,
		identity: Option<TypedSubnetIdentity>,
	) -> DispatchResult {
		let identity = identity.map(Self::subnet_identity).transpose()?;
		Self::ensure_may_own(coldkey, hotkey)?;
		Self::ensure_network_rate_limit()?;
		let room = Self::room_for_network()?;
		let cost = Self::network_registration_cost();
		let available = T::Currency::reducible_balance(coldkey, Preservation::Preserve, Fortitude::Polite);
		ensure!(available >= cost.get(), Error::<T>::CannotAffordLockCost);
		Self::note_registration(cost);
		Self::associate_hotkey(coldkey, hotkey)?;
		let registration = NetworkRegistrationInfo {
			coldkey: coldkey.clone(),
			hotkey: hotkey.clone(),
			registration_block: Self::block_number(),
			lock_amount: cost,
			identity,
		};
		match room {
			Room::At(netuid) => Self::found_network(netuid, coldkey, Preservation::Preserve, registration),
			Room::AfterCleanup => Self::queue_registration(registration),
			Room::InsteadOf(netuid) => {
				Self::do_dissolve_network(netuid)?;
				Self::queue_registration(registration)
			}
		}
	}

	/// Fails where the last registration of a subnet is too recent.
	fn ensure_network_rate_limit() -> DispatchResult {
		let last = NetworkLastRegistered::<T>::get();
		let elapsed = Self::block_number().saturating_sub(last);
		let open = last == 0 || elapsed >= NetworkRateLimit::<T>::get();
		ensure!(open, Error::<T>::NetworkTxRateLimitExceeded);
		Ok(())
	}

	/// Where one more subnet would find room, behind the registrations that wait.
	fn room_for_network() -> Result<Room, DispatchError> {
		let limit = usize::from(Self::subnet_limit());
		let existing = Self::subnets().len();
		let leaving = DissolveCleanupQueue::<T>::get().len();
		let waiting = NetworkRegistrationQueue::<T>::decode_len().unwrap_or_default();
		if existing.saturating_add(leaving.max(waiting)) < limit {
			let free = Self::free_netuid().ok_or(Error::<T>::SubnetLimitReached)?;
			return Ok(Room::At(free));
		}
		if existing.saturating_add(waiting) < limit {
			return Ok(Room::AfterCleanup);
		}
		ensure!(
			existing.saturating_add(waiting) == limit,
			Error::<T>::SubnetLimitReached
		);
		let pruned = Self::subnet_to_prune().ok_or(Error::<T>::SubnetLimitReached)?;
		Ok(Room::InsteadOf(pruned))
	}

	/// Most subnets that there may be now, root excluded.
	pub(super) fn subnet_limit() -> u16 {
		SubnetLimit::<T>::get().min(MAX_SUBNETS)
	}

	/// The smallest number that no subnet has; none of those that are still being cleaned up.
	pub(crate) fn free_netuid() -> Option<NetUid> {
		let leaving = DissolveCleanupQueue::<T>::get();
		(1..=Self::subnet_limit())
			.map(NetUid::new)
			.find(|netuid| !NetworksAdded::<T>::get(netuid) && !leaving.contains(netuid))
	}

	/// The subnet that would have to go for a new one: of those beyond their immunity the one with the lowest moving price of
	/// alpha, then the oldest, then the one with the lowest number.
	pub fn subnet_to_prune() -> Option<NetUid> {
		let block = Self::block_number();
		let immunity = NetworkImmunityPeriod::<T>::get();
		Self::subnets()
			.into_iter()
			.map(|netuid| (netuid, NetworkRegisteredAt::<T>::get(netuid)))
			.filter(|(_, registered_at)| block.saturating_sub(*registered_at) >= immunity)
			.map(|(netuid, registered_at)| (SubnetMovingPrice::<T>::get(netuid).bits, registered_at, netuid))
			.min()
			.map(|(_, _, netuid)| netuid)
	}

	/// Moves the cost of a subnet into its account and makes the subnet.
	pub(super) fn found_network(
		netuid: NetUid,
		payer: &AccountId32,
		preservation: Preservation,
		registration: NetworkRegistrationInfo,
	) -> DispatchResult {
		let NetworkRegistrationInfo {
			coldkey,
			hotkey,
			lock_amount,
			identity,
			..
		} = registration;
		Self::ensure_may_own(&coldkey, &hotkey)?;
		Self::open_pool(netuid, payer, preservation, lock_amount)?;
		Self::create_network(netuid, &coldkey, &hotkey)?;
		Self::append_neuron(netuid, &hotkey)?;
		if let Some(identity) = identity {
			Self::store_subnet_identity(netuid, identity);
		}
		Self::deposit_event(Event::NetworkAdded(netuid, 0));
		Ok(())
	}

	/// Moves the cost of a subnet into the subnet's account, and opens the subnet's pool with what of it is above the
	/// existential deposit, at a price of one TAO for one alpha.
	fn open_pool(netuid: NetUid, payer: &AccountId32, preservation: Preservation, cost: TaoBalance) -> DispatchResult {
		let seed = T::Currency::minimum_balance();
		let pooled = cost.get().checked_sub(seed).ok_or(Error::<T>::CannotAffordLockCost)?;
		T::Currency::transfer(payer, &Self::subnet_account(netuid), cost.get(), preservation)?;
		let reserves = Reserves {
			tao: TaoBalance::new(pooled),
			alpha: AlphaBalance::new(pooled),
		};
		T::Pools::open(netuid, reserves).map_err(Error::<T>::from)?;
		SubnetLocked::<T>::insert(netuid, cost);
		Ok(())
	}

	/// Writes the storage of a new subnet without neurons.
	fn create_network(netuid: NetUid, coldkey: &AccountId32, hotkey: &AccountId32) -> DispatchResult {
		let block = Self::block_number();
		NetworksAdded::<T>::insert(netuid, true);
		let total = TotalNetworks::<T>::get().checked_add(1).ok_or(Error::<T>::Overflow)?;
		TotalNetworks::<T>::put(total);
		SubnetOwner::<T>::insert(netuid, coldkey);
		SubnetOwnerHotkey::<T>::insert(netuid, hotkey);
		NetworkRegisteredAt::<T>::insert(netuid, block);
		TokenSymbol::<T>::insert(netuid, Self::free_symbol(netuid));
		let defaults: Hyperparameters = SubnetDefaults::<T>::get();
		defaults.store::<T>(netuid);
		SubnetEmissionEnabled::<T>::insert(netuid, true);
		SubnetworkN::<T>::insert(netuid, 0);
		LastEpochBlock::<T>::insert(netuid, block);
		LastUpdate::<T>::insert(MechanismIndex::main(netuid), Column::<u64>::new());
		Ok(())
	}
}
