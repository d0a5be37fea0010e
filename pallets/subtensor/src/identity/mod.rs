//! What coldkeys and subnets say about themselves. Nothing computes with it.

mod forget;
pub mod storage;

#[cfg(test)]
mod tests;

use crate::pallet::*;
use alloc::vec::Vec;
use frame_support::{
	ensure,
	pallet_prelude::{DispatchError, DispatchResult},
};
use ganglion_primitives::{AccountId32, ChainIdentityV2, NetUid, SubnetIdentityV3};

/// An identity as a call carries it.
pub type TypedChainIdentity = ChainIdentityV2<Vec<u8>>;
/// A subnet's identity as a call carries it.
pub type TypedSubnetIdentity = SubnetIdentityV3<Vec<u8>>;

impl<T: Config> Pallet<T> {
	/// Stores what a coldkey says about itself, or removes it where all texts are empty. The coldkey has to own a neuron,
	/// so that an identity costs at least a registration.
	pub(crate) fn do_set_identity(coldkey: &AccountId32, identity: TypedChainIdentity) -> DispatchResult {
		ensure!(Self::owns_a_neuron(coldkey), Error::<T>::HotKeyNotRegisteredInNetwork);
		let identity = identity.bounded().ok_or(Error::<T>::InvalidIdentity)?;
		if identity == ChainIdentityV2::default() {
			IdentitiesV2::<T>::remove(coldkey);
		} else {
			IdentitiesV2::<T>::insert(coldkey, identity);
		}
		Self::deposit_event(Event::ChainIdentitySet(coldkey.clone()));
		Ok(())
	}

	/// Stores what the owner of an existing subnet says about it, or removes it where all texts are empty.
	pub(crate) fn do_set_subnet_identity(netuid: NetUid, identity: TypedSubnetIdentity) -> DispatchResult {
		let identity = Self::subnet_identity(identity)?;
		Self::store_subnet_identity(netuid, identity);
		Ok(())
	}

	/// A subnet's identity as storage takes it.
	pub(crate) fn subnet_identity(identity: TypedSubnetIdentity) -> Result<SubnetIdentityV3, DispatchError> {
		Ok(identity.bounded().ok_or(Error::<T>::InvalidIdentity)?)
	}

	/// Stores a subnet's identity, or removes it where all texts are empty.
	pub(crate) fn store_subnet_identity(netuid: NetUid, identity: SubnetIdentityV3) {
		if identity == SubnetIdentityV3::default() {
			SubnetIdentitiesV3::<T>::remove(netuid);
			Self::deposit_event(Event::SubnetIdentityRemoved(netuid));
		} else {
			SubnetIdentitiesV3::<T>::insert(netuid, identity);
			Self::deposit_event(Event::SubnetIdentitySet(netuid));
		}
	}

	/// Whether one of the coldkey's hotkeys holds a uid anywhere.
	fn owns_a_neuron(coldkey: &AccountId32) -> bool {
		let owned = OwnedHotkeys::<T>::get(coldkey);
		owned
			.iter()
			.any(|hotkey| IsNetworkMember::<T>::iter_prefix(hotkey).any(|(_, member)| member))
	}
}
