//! A runtime for the tests.

use crate::{self as pallet_swap, *};
use frame_support::{assert_ok, derive_impl, traits::EnsureOriginWithArg};
use frame_system::RawOrigin;
use ganglion_primitives::{AlphaBalance, NetUid, Reserves, SubnetPools, TaoBalance};
use sp_runtime::BuildStorage;

type Block = frame_system::mocking::MockBlock<Test>;

frame_support::construct_runtime!(
	pub enum Test {
		System: frame_system,
		Swap: pallet_swap,
	}
);

pub(crate) const TAO: u64 = 1_000_000_000;
pub(crate) const NETUID: NetUid = NetUid::new(1);
pub(crate) const UNKNOWN: NetUid = NetUid::new(9);
/// The owner of [`NETUID`]: in the tests, the account with a subnet's number owns it.
pub(crate) const OWNER: u64 = 1;

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = Block;
	type DbWeight = frame_support::weights::constants::ParityDbWeight;
}

pub struct OwnerOrRoot;

impl EnsureOriginWithArg<RuntimeOrigin, NetUid> for OwnerOrRoot {
	type Success = ();

	fn try_origin(origin: RuntimeOrigin, netuid: &NetUid) -> Result<(), RuntimeOrigin> {
		match origin.clone().into() {
			Ok(RawOrigin::Root) => Ok(()),
			Ok(RawOrigin::Signed(account)) if account == u64::from(netuid.get()) => Ok(()),
			_ => Err(origin),
		}
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn try_successful_origin(_netuid: &NetUid) -> Result<RuntimeOrigin, ()> {
		Ok(RuntimeOrigin::root())
	}
}

impl Config for Test {
	type FeeOrigin = OwnerOrRoot;
	type WeightInfo = PalletWeight<Test>;
}

pub(crate) fn storage() -> sp_io::TestExternalities {
	let storage = frame_system::GenesisConfig::<Test>::default().build_storage().unwrap();
	let mut externalities = sp_io::TestExternalities::new(storage);
	externalities.execute_with(|| System::set_block_number(1));
	externalities
}

/// Runs a test and checks the invariants at its end.
pub(crate) fn run(test: impl FnOnce()) {
	storage().execute_with(|| {
		test();
		assert_ok!(Swap::do_try_state());
	});
}

pub(crate) fn amounts(tao: u64, alpha: u64) -> Reserves {
	Reserves {
		tao: TaoBalance::new(tao),
		alpha: AlphaBalance::new(alpha),
	}
}

/// Opens the pool of [`NETUID`].
pub(crate) fn open(tao: u64, alpha: u64) {
	Swap::open(NETUID, amounts(tao, alpha)).unwrap();
}
