//! Tests of the genesis configuration.

use crate::{emission::ISSUANCE_CAP, mock::*, *};
use frame_support::{assert_noop, traits::fungible::Inspect};
use ganglion_primitives::{NetUid, TaoBalance};
use sp_runtime::BuildStorage;

#[test]
fn a_new_chain_has_root_only() {
	run(|| {
		assert!(NetworksAdded::<Test>::get(NetUid::ROOT));
		assert_eq!(TotalNetworks::<Test>::get(), 1);
		assert_eq!(TokenSymbol::<Test>::get(NetUid::ROOT).into_inner(), "Τ".as_bytes());
		assert!(SubtensorModule::subnets().is_empty());
		let account = SubtensorModule::subnet_account(NetUid::ROOT);
		assert_eq!(Balances::balance(&account), EXISTENTIAL_DEPOSIT);
		assert!(SubtokenEnabled::<Test>::get(NetUid::ROOT));
		assert_eq!(SubtensorModule::next_epoch_block(NetUid::ROOT), None);
		assert_eq!(SubtensorModule::network_registration_cost().get(), LOCK_COST);
		assert_noop!(
			try_register(1, NetUid::ROOT, hot(1)),
			Error::<Test>::RegistrationNotPermittedOnRootSubnet
		);
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

fn lock_cost(rao: u64) -> GenesisConfig<Test> {
	GenesisConfig {
		network_min_lock_cost: TaoBalance::new(rao),
		..Default::default()
	}
}

#[test]
#[should_panic(expected = "networkMinLockCost is 1000499, must be at least 1000500 rao")]
fn a_lock_cost_that_opens_no_pool_is_refused() {
	lock_cost(1_000_000 + EXISTENTIAL_DEPOSIT - 1).build_storage().unwrap();
}

#[test]
fn a_lock_cost_that_opens_a_pool_is_accepted() {
	lock_cost(1_000_000 + EXISTENTIAL_DEPOSIT).build_storage().unwrap();
}

fn chain_with_issuance(rao: u64) -> sp_runtime::Storage {
	let config = RuntimeGenesisConfig {
		balances: pallet_balances::GenesisConfig {
			balances: vec![(cold(1), TAO), (cold(2), rao - TAO)],
			..Default::default()
		},
		..Default::default()
	};
	config.build_storage().unwrap()
}

#[test]
#[should_panic(
	expected = "the balances and root's deposit add up to 21000000000000001 rao, must be at most 21000000000000000 rao"
)]
fn balances_above_the_cap_are_refused() {
	chain_with_issuance(ISSUANCE_CAP - EXISTENTIAL_DEPOSIT + 1);
}

#[test]
fn balances_up_to_the_cap_are_accepted() {
	chain_with_issuance(ISSUANCE_CAP - EXISTENTIAL_DEPOSIT);
}

#[test]
#[should_panic(expected = "subnetDefaults.alphaLow must be at most alphaHigh")]
fn defaults_are_named_as_in_the_json() {
	storage_with(Hyperparameters {
		alpha_low: 2,
		alpha_high: 1,
		..parameters()
	});
}
