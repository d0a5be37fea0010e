//! A runtime for the tests: authorities that take turns, and blocks with and without announcements.

use crate::{self as pallet_mev_shield, envelope::*, *};
use frame_support::{assert_ok, derive_impl, parameter_types, traits::Hooks};
use sp_runtime::{BuildStorage, traits::IdentityLookup};

type Block = frame_system::mocking::MockBlock<Test>;

frame_support::construct_runtime!(
	pub enum Test {
		System: frame_system,
		MevShield: pallet_mev_shield,
	}
);

parameter_types! {
	/// The slot of this block.
	pub storage Slot: u64 = 0;
	/// The number of authorities; they are called 0, 1, 2 and so on.
	pub storage Authorities: u32 = 3;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type AccountId = u64;
	type Lookup = IdentityLookup<u64>;
	type Block = Block;
}

/// Authorities take turns by their number.
pub struct RoundRobin;

impl Turns<u32> for RoundRobin {
	fn slot() -> u64 {
		Slot::get()
	}

	fn round() -> u32 {
		Authorities::get()
	}

	fn authority(slot: u64) -> Option<u32> {
		slot.checked_rem(Authorities::get().into()).map(|number| number as u32)
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn prepare_for_benchmark(authorities: u32) {
		Authorities::set(&authorities);
		Slot::set(&1_000);
	}
}

impl Config for Test {
	type AuthorityId = u32;
	type Turns = RoundRobin;
	type WeightInfo = PalletWeight<Test>;
}

/// A key that is as good as any: its seed says whose it is.
pub(crate) fn key(number: u8) -> EncapsulationKey {
	let mut key = vec![0; ENCAPSULATION_KEY_BYTES];
	key[ENCAPSULATION_KEY_BYTES - 1] = number;
	key.try_into().unwrap()
}

/// A ciphertext of the right shape to this key.
pub(crate) fn ciphertext(key: &EncapsulationKey) -> Vec<u8> {
	let mut bytes = key_hash(key).to_vec();
	bytes.extend((KEM_CIPHERTEXT_BYTES as u16).to_le_bytes());
	bytes.extend([2; KEM_CIPHERTEXT_BYTES + NONCE_BYTES + TAG_BYTES + 100]);
	bytes
}

/// Sends a ciphertext as account 1.
pub(crate) fn submit(ciphertext: Vec<u8>) -> sp_runtime::DispatchResult {
	MevShield::submit_encrypted(RuntimeOrigin::signed(1), ciphertext.try_into().unwrap())
}

/// Announces a key as the author of this block.
pub(crate) fn announce(key: EncapsulationKey) -> sp_runtime::DispatchResult {
	MevShield::announce_next_key(RuntimeOrigin::none(), key)
}

/// Begins the next block in the slot that comes `slots` after the last, runs what is in it, ends it, and checks the
/// invariants.
pub(crate) fn block_after(slots: u64, content: impl FnOnce()) {
	System::set_block_number(System::block_number() + 1);
	System::reset_events();
	Slot::set(&(Slot::get() + slots));
	MevShield::on_initialize(System::block_number());
	content();
	MevShield::on_finalize(System::block_number());
	assert_ok!(MevShield::do_try_state());
}

/// The next block, in the next slot, whose author announces this key.
pub(crate) fn block_announcing(number: u8) {
	block_after(1, || {
		assert_ok!(announce(key(number)));
	});
}

/// An empty chain.
pub(crate) fn storage() -> sp_io::TestExternalities {
	RuntimeGenesisConfig::default().build_storage().unwrap().into()
}

/// A chain before its first block.
pub(crate) fn run(test: impl FnOnce()) {
	storage().execute_with(test);
}
