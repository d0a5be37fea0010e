//! Registrations of subnets that wait for others to be cleaned up. Their costs lie in an account of their own.

use crate::{WeightInfo, pallet::*};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{
	BoundedVec,
	pallet_prelude::{DispatchResult, Get, Weight},
	storage::with_storage_layer,
	traits::{fungible::Mutate, tokens::Preservation},
};
use ganglion_primitives::{AccountId32, NetUid, SubnetIdentityV3, TaoBalance};
use scale_info::TypeInfo;
use sp_runtime::traits::AccountIdConversion;

/// What tells the queue's account from those of subnets.
const ESCROW: [u8; 8] = *b"escrowed";

/// A registration of a subnet: who asked for it, and what they paid.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct NetworkRegistrationInfo {
	/// The owner.
	pub coldkey: AccountId32,
	/// The owner's hotkey.
	pub hotkey: AccountId32,
	/// Block in which they asked.
	pub registration_block: u64,
	/// What they paid.
	pub lock_amount: TaoBalance,
	/// What they say about the subnet.
	pub identity: Option<SubnetIdentityV3>,
}

impl<T: Config> Pallet<T> {
	/// The account that holds what those paid whose registrations wait.
	pub fn registration_escrow() -> AccountId32 {
		T::PalletId::get().into_sub_account_truncating(ESCROW)
	}

	/// Takes the cost of a subnet and lets its registration wait.
	pub(super) fn queue_registration(registration: NetworkRegistrationInfo) -> DispatchResult {
		let NetworkRegistrationInfo {
			coldkey,
			hotkey,
			registration_block,
			lock_amount,
			..
		} = registration.clone();
		T::Currency::transfer(
			&coldkey,
			&Self::registration_escrow(),
			lock_amount.get(),
			Preservation::Preserve,
		)?;
		NetworkRegistrationQueue::<T>::try_append(registration)
			.map_err(|()| Error::<T>::NetworkRegistrationQueueFull)?;
		Self::deposit_event(Event::NetworkRegistrationQueued {
			coldkey,
			hotkey,
			registration_block,
			lock_amount,
		});
		Ok(())
	}

	/// The work at the start of a block for subnets that go and come: cleans up what is dissolved, and makes the subnet that
	/// has waited longest if there is room. Returns what that weighed.
	pub(crate) fn renew_subnets() -> Weight {
		let cleaned = Self::continue_cleanup();
		let registered = Self::serve_registration_queue();
		T::WeightInfo::renew_subnets()
			.saturating_add(cleaned)
			.saturating_add(registered)
	}

	fn serve_registration_queue() -> Weight {
		let mut waiting = NetworkRegistrationQueue::<T>::get().into_iter();
		let Some(registration) = waiting.next() else {
			return Weight::zero();
		};
		let weight = T::WeightInfo::register_network();
		let free = Self::free_netuid();
		let limit = NetUid::new(Self::subnet_limit());
		// Where no subnet leaves a number within the limit, no place will become free: root has lowered the limit meanwhile.
		if free.is_none() && DissolveCleanupQueue::<T>::get().iter().any(|leaving| *leaving <= limit) {
			return weight;
		}
		NetworkRegistrationQueue::<T>::put(BoundedVec::truncate_from(waiting.collect()));
		let Some(netuid) = free else {
			Self::refund(&registration);
			return weight;
		};
		let escrow = Self::registration_escrow();
		let founded =
			with_storage_layer(|| Self::found_network(netuid, &escrow, Preservation::Expendable, registration.clone()));
		if founded.is_err() {
			Self::refund(&registration);
		}
		weight
	}

	/// Gives back what was paid for a subnet that cannot be made.
	fn refund(registration: &NetworkRegistrationInfo) {
		let (coldkey, amount) = (&registration.coldkey, registration.lock_amount);
		let escrow = Self::registration_escrow();
		if T::Currency::transfer(&escrow, coldkey, amount.get(), Preservation::Expendable).is_err() {
			// The escrow has it, and it is more than any account needs.
			frame_support::defensive!("the cost of a subnet cannot be refunded");
		}
		Self::deposit_event(Event::NetworkRegistrationRefunded {
			coldkey: coldkey.clone(),
			hotkey: registration.hotkey.clone(),
			lock_amount: amount,
		});
	}
}
