//! Tests of the genesis configuration.

use crate::{mock::*, *};
use frame_support::assert_noop;
use ganglion_primitives::NetUid;
use sp_runtime::BuildStorage;

#[test]
fn a_new_chain_has_root_only() {
	run(|| {
		assert!(NetworksAdded::<Test>::get(NetUid::ROOT));
		assert_eq!(TotalNetworks::<Test>::get(), 1);
		assert_eq!(TokenSymbol::<Test>::get(NetUid::ROOT).into_inner(), "Τ".as_bytes());
		assert!(SubtensorModule::subnets().is_empty());
		assert_eq!(SubtensorModule::next_epoch_block(NetUid::ROOT), None);
		assert_eq!(SubtensorModule::network_registration_cost().get(), LOCK_COST);
		let call = SubtensorModule::burned_register(signed(cold(1)), NetUid::ROOT, hot(1));
		assert_noop!(call, Error::<Test>::RegistrationNotPermittedOnRootSubnet);
	});
}

#[test]
#[should_panic(expected = "subnetDefaults.tempo must be 5 to 50400 blocks")]
fn invalid_defaults_are_named() {
	storage_with(Hyperparameters {
		tempo: 0,
		..parameters()
	});
}

#[test]
#[should_panic(expected = "subnetLimit is 129, must be at most 128")]
fn too_many_subnets_are_refused() {
	let config = GenesisConfig::<Test> {
		subnet_limit: 129,
		..Default::default()
	};
	config.build_storage().unwrap();
}
