//! The pools of the subnets.

use crate::{Runtime, RuntimeOrigin, SubtensorModule};
use frame_support::pallet_prelude::DispatchResult;
use ganglion_primitives::NetUid;
use pallet_swap::FeeAuthority;

/// The coldkey that owns a subnet, under the limits that its changes of hyperparameters have, or root. Root's own subnet has
/// no owner.
pub struct SubnetOwnerOrRoot;

impl FeeAuthority<RuntimeOrigin> for SubnetOwnerOrRoot {
	fn admit(origin: RuntimeOrigin, netuid: NetUid) -> DispatchResult {
		SubtensorModule::admit_fee_change(origin, netuid)
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn prepare_for_benchmark(_netuid: NetUid) -> Result<(RuntimeOrigin, NetUid), sp_runtime::DispatchError> {
		let (netuid, owner) = pallet_subtensor::benchmarking::owned_subnet::<Runtime>();
		Ok((RuntimeOrigin::signed(owner), netuid))
	}
}

impl pallet_swap::Config for Runtime {
	type FeeOrigin = SubnetOwnerOrRoot;
	type WeightInfo = pallet_swap::PalletWeight<Runtime>;
}
