//! The pools of the subnets.

use crate::{AccountId, Runtime, RuntimeOrigin};
use frame_support::traits::EnsureOriginWithArg;
use frame_system::RawOrigin;
use ganglion_primitives::NetUid;
use pallet_subtensor::{NetworksAdded, SubnetOwner};

/// The coldkey that owns a subnet, or root. Root's own subnet has no owner.
pub struct SubnetOwnerOrRoot;

impl SubnetOwnerOrRoot {
	fn owns(account: &AccountId, netuid: NetUid) -> bool {
		let is_owned = !netuid.is_root() && NetworksAdded::<Runtime>::get(netuid);
		is_owned && SubnetOwner::<Runtime>::get(netuid) == *account
	}
}

impl EnsureOriginWithArg<RuntimeOrigin, NetUid> for SubnetOwnerOrRoot {
	type Success = ();

	fn try_origin(origin: RuntimeOrigin, netuid: &NetUid) -> Result<(), RuntimeOrigin> {
		match origin.clone().into() {
			Ok(RawOrigin::Root) => Ok(()),
			Ok(RawOrigin::Signed(account)) if Self::owns(&account, *netuid) => Ok(()),
			_ => Err(origin),
		}
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn try_successful_origin(_netuid: &NetUid) -> Result<RuntimeOrigin, ()> {
		Ok(RuntimeOrigin::root())
	}
}

impl pallet_swap::Config for Runtime {
	type FeeOrigin = SubnetOwnerOrRoot;
	type WeightInfo = pallet_swap::PalletWeight<Runtime>;
}
