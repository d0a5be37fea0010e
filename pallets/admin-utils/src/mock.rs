//! A runtime for the tests, and shorthands for what tests do.

use crate::{self as pallet_admin_utils, Event};
use frame_support::{
	PalletId, assert_ok, derive_impl, parameter_types,
	traits::{AsEnsureOriginWithArg, Hooks},
};
use ganglion_primitives::{AccountId32, NetUid, TaoBalance};
use pallet_subtensor::{GenesisConfig, Hyperparameters};
use sp_runtime::{BuildStorage, traits::IdentityLookup};

type Block = frame_system::mocking::MockBlock<Test>;

frame_support::construct_runtime!(
	pub enum Test {
		System: frame_system,
		Balances: pallet_balances,
		Swap: pallet_swap,
		SubtensorModule: pallet_subtensor,
		AdminUtils: pallet_admin_utils,
	}
);

pub(crate) const NETUID: NetUid = NetUid::new(1);
pub(crate) const TEMPO: u16 = 20;

parameter_types! {
	pub BlockWeights: frame_system::limits::BlockWeights = frame_system::limits::BlockWeights {
		max_block: frame_support::weights::Weight::from_parts(4_000_000_000_000, u64::MAX),
		..Default::default()
	};
	pub const SubtensorPalletId: PalletId = PalletId(*b"gngl/sub");
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type AccountId = AccountId32;
	type Lookup = IdentityLookup<AccountId32>;
	type Block = Block;
	type AccountData = pallet_balances::AccountData<u64>;
	type BlockWeights = BlockWeights;
	type DbWeight = frame_support::weights::constants::ParityDbWeight;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
	type Balance = u64;
	type AccountStore = System;
}

impl pallet_swap::Config for Test {
	type FeeOrigin = AsEnsureOriginWithArg<frame_system::EnsureRoot<AccountId32>>;
	type WeightInfo = ();
}

impl pallet_subtensor::Config for Test {
	type Currency = Balances;
	type Pools = Swap;
	type Beacon = ();
	type NeuronObserver = ();
	type SubnetCleanup = ();
	type InitialStartCallDelay = frame_support::traits::ConstU64<0>;
	type WeightInfo = pallet_subtensor::PalletWeight<Test>;
	type PalletId = SubtensorPalletId;
}

impl crate::Config for Test {
	type WeightInfo = crate::PalletWeight<Test>;
}

/// A coldkey.
pub(crate) fn cold(number: u8) -> AccountId32 {
	AccountId32::new([number; 32])
}

/// A hotkey.
pub(crate) fn hot(number: u8) -> AccountId32 {
	AccountId32::new([0x80 | number; 32])
}

pub(crate) fn signed(number: u8) -> RuntimeOrigin {
	RuntimeOrigin::signed(cold(number))
}

/// A chain at block 0 with the network's usual limits for owners, and rich coldkeys 1 to 9.
pub(crate) fn storage() -> sp_io::TestExternalities {
	let tao = 1_000_000_000;
	let storage = RuntimeGenesisConfig {
		system: Default::default(),
		balances: pallet_balances::GenesisConfig {
			balances: (1..=9).map(|number| (cold(number), 100_000 * tao)).collect(),
			..Default::default()
		},
		subtensor_module: GenesisConfig {
			subnet_defaults: Hyperparameters {
				tempo: TEMPO,
				..Default::default()
			},
			network_min_lock_cost: TaoBalance::new(10 * tao),
			network_rate_limit: 0,
			..Default::default()
		},
	};
	storage.build_storage().unwrap().into()
}

/// Runs a test on a chain whose subnet 1 is coldkey 1's, with the network's usual limits for owners, and checks the
/// invariants at its end.
pub(crate) fn run(test: impl FnOnce()) {
	let mut externalities = storage();
	externalities.execute_with(|| {
		System::set_block_number(1);
		assert_ok!(SubtensorModule::register_network(signed(1), hot(1)));
		test();
		assert_ok!(SubtensorModule::do_try_state());
	});
}

/// Finishes this block and begins as many further ones.
pub(crate) fn next_blocks(count: u64) {
	for _ in 0..count {
		System::set_block_number(System::block_number() + 1);
		System::reset_events();
		SubtensorModule::on_initialize(System::block_number());
	}
}

/// The pallet's events of this block.
pub(crate) fn events() -> Vec<Event<Test>> {
	System::events()
		.into_iter()
		.filter_map(|record| match record.event {
			RuntimeEvent::AdminUtils(event) => Some(event),
			_ => None,
		})
		.collect()
}
