//! A runtime for the tests, a beacon with a known key, and a server that does not exist.

use crate::{self as pallet_drand, *};
use alloc::{format, string::String, sync::Arc, vec::Vec};
use frame_support::{assert_ok, derive_impl, parameter_types, traits::ConstU64};
use frame_system::{
	AuthorizeCall,
	offchain::{CreateAuthorizedTransaction, CreateTransaction, CreateTransactionBase},
};
use ganglion_primitives::NeededRounds;
use parking_lot::RwLock;
use sp_core::offchain::{
	OffchainDbExt, OffchainWorkerExt, TransactionPoolExt,
	testing::{OffchainState, PendingRequest, PoolState, TestOffchainExt, TestTransactionPoolExt},
};
use sp_runtime::{BuildStorage, generic, testing::UintAuthorityId, traits::IdentityLookup};
use timelock::{SecretKey, development};

pub(crate) type Extrinsic = generic::UncheckedExtrinsic<u64, RuntimeCall, UintAuthorityId, AuthorizeCall<Test>>;
type Block = generic::Block<generic::Header<u64, sp_runtime::traits::BlakeTwo256>, Extrinsic>;

frame_support::construct_runtime!(
	pub enum Test {
		System: frame_system,
		Drand: pallet_drand,
	}
);

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Lookup = IdentityLookup<u64>;
	type Block = Block;
	type DbWeight = frame_support::weights::constants::ParityDbWeight;
}

parameter_types! {
	/// What the chain waits for.
	pub storage Needed: Vec<u64> = Vec::new();
}

/// The first of [`Needed`].
pub struct FirstNeeded;

impl NeededRounds for FirstNeeded {
	fn rounds(limit: u32) -> Vec<u64> {
		Needed::get().into_iter().take(limit as usize).collect()
	}
}

impl Config for Test {
	type NeededRounds = FirstNeeded;
	type WeightInfo = PalletWeight<Test>;
	type UnsignedPriority = ConstU64<1_000>;
	type HttpFetchTimeout = ConstU64<5_000>;
}

impl CreateTransactionBase<Call<Test>> for Test {
	type Extrinsic = Extrinsic;
	type RuntimeCall = RuntimeCall;
}

impl CreateTransaction<Call<Test>> for Test {
	type Extension = AuthorizeCall<Test>;

	fn create_transaction(call: RuntimeCall, extension: AuthorizeCall<Test>) -> Extrinsic {
		Extrinsic::new_transaction(call, extension)
	}
}

impl CreateAuthorizedTransaction<Call<Test>> for Test {
	fn create_extension() -> AuthorizeCall<Test> {
		AuthorizeCall::new()
	}
}

/// The server of the tests.
pub(crate) const SERVER: &str = "http://beacon.test";

/// The key of the tests' beacon.
pub(crate) fn secret() -> SecretKey {
	SecretKey::from_seed(development::SEED)
}

/// The genuine pulse of a round.
pub(crate) fn pulse(round: u64) -> Pulse {
	let signature = secret().sign(round).unwrap();
	Pulse {
		round,
		randomness: signature.randomness().unwrap().to_vec().try_into().unwrap(),
		signature: signature.to_bytes().unwrap().to_vec().try_into().unwrap(),
	}
}

/// Pulses as a call takes them.
pub(crate) fn payload(pulses: impl IntoIterator<Item = Pulse>) -> PulsesPayload {
	let pulses: Vec<Pulse> = pulses.into_iter().collect();
	PulsesPayload {
		pulses: pulses.try_into().unwrap(),
	}
}

/// The genuine pulses of these rounds.
pub(crate) fn rounds(rounds: impl IntoIterator<Item = u64>) -> PulsesPayload {
	payload(rounds.into_iter().map(pulse))
}

/// A chain at block 1 that follows the development beacon.
pub(crate) fn externalities() -> sp_io::TestExternalities {
	let storage = RuntimeGenesisConfig {
		system: Default::default(),
		drand: GenesisConfig {
			beacon: BeaconConfiguration::development().into(),
			..Default::default()
		},
	};
	let mut externalities = sp_io::TestExternalities::new(storage.build_storage().unwrap());
	externalities.execute_with(|| System::set_block_number(1));
	externalities
}

/// Runs a test on such a chain and checks the invariants at its end.
pub(crate) fn run(test: impl FnOnce()) {
	externalities().execute_with(|| {
		test();
		assert_ok!(Drand::do_try_state());
	});
}

/// What a node is to its worker.
pub(crate) struct Node {
	/// The network and the clock.
	pub(crate) offchain: Arc<RwLock<OffchainState>>,
	/// The transactions.
	pub(crate) pool: Arc<RwLock<PoolState>>,
}

impl Node {
	/// The beacon's server will be asked for this round (or `latest`), and answer so.
	pub(crate) fn expect(&self, what: &str, answer: String) {
		let hash = hex::encode(BeaconConfiguration::development().hash);
		self.expect_at(&format!("{SERVER}/{hash}/public/{what}"), answer);
	}

	/// The address will be asked for, and answer so.
	pub(crate) fn expect_at(&self, uri: &str, answer: String) {
		self.offchain.write().expect_request(PendingRequest {
			method: "GET".into(),
			uri: uri.into(),
			response: Some(answer.into_bytes()),
			sent: true,
			..Default::default()
		});
	}

	/// Takes the pulses of the transactions in the pool.
	pub(crate) fn submitted(&self) -> Vec<PulsesPayload> {
		use codec::Decode;
		let transactions = core::mem::take(&mut self.pool.write().transactions);
		let payloads = transactions.into_iter().map(|bytes| {
			let transaction = Extrinsic::decode(&mut &bytes[..]).unwrap();
			match transaction.function {
				RuntimeCall::Drand(Call::write_pulse { pulses_payload }) => pulses_payload,
				other => panic!("an unexpected call: {other:?}"),
			}
		});
		payloads.collect()
	}
}

/// Runs a test of the worker, at a time at which `due` rounds of the beacon have come.
pub(crate) fn run_at(due: u64, test: impl FnOnce(&Node)) {
	let (offchain, state) = TestOffchainExt::new();
	let (pool, transactions) = TestTransactionPoolExt::new();
	let mut externalities = externalities();
	externalities.register_extension(OffchainDbExt::new(offchain.clone()));
	externalities.register_extension(OffchainWorkerExt::new(offchain));
	externalities.register_extension(TransactionPoolExt::new(pool));
	let time_ms = BeaconConfiguration::development().schedule().time_of(due) * 1_000;
	state.write().timestamp = sp_core::offchain::Timestamp::from_unix_millis(time_ms);
	let node = Node {
		offchain: state,
		pool: transactions,
	};
	externalities.execute_with(|| {
		test(&node);
		assert_ok!(Drand::do_try_state());
	});
}

/// A round in the JSON of drand's HTTP interface.
pub(crate) fn json(pulse: &Pulse) -> String {
	let (randomness, signature) = (hex::encode(&pulse.randomness), hex::encode(&pulse.signature));
	format!(
		r#"{{"round":{},"randomness":"{randomness}","signature":"{signature}"}}"#,
		pulse.round
	)
}
