//! A runtime for the tests, and shorthands for what tests do.

use crate::{self as pallet_subtensor, *};
use frame_support::{
	PalletId, assert_ok, derive_impl, parameter_types,
	traits::{AsEnsureOriginWithArg, Hooks, fungible::Mutate},
};
use frame_system::EnsureRoot;
use ganglion_primitives::{
	AccountId32, AlphaBalance, Beacon, NetUid, TaoBalance, TimelockError, U64F64, beacon::BeaconSignature,
};
use sp_runtime::{BuildStorage, traits::IdentityLookup};

type Block = frame_system::mocking::MockBlock<Test>;

frame_support::construct_runtime!(
	pub enum Test {
		System: frame_system,
		Balances: pallet_balances,
		Swap: pallet_swap,
		SubtensorModule: pallet_subtensor,
	}
);

pub(crate) const EXISTENTIAL_DEPOSIT: u64 = 500;
pub(crate) const TAO: u64 = 1_000_000_000;
pub(crate) const LOCK_COST: u64 = 10 * TAO;
pub(crate) const BURN: u64 = TAO / 10;
pub(crate) const TEMPO: u16 = 10;
pub(crate) const IMMUNITY: u16 = 15;
pub(crate) const NETUID: NetUid = NetUid::new(1);

parameter_types! {
	/// Execution time of a block, in picoseconds; that of the runtime unless a test changes it.
	pub storage BlockLength: u64 = 4_000_000_000_000;
	pub BlockWeights: frame_system::limits::BlockWeights = frame_system::limits::BlockWeights {
		max_block: frame_support::weights::Weight::from_parts(BlockLength::get(), u64::MAX),
		..Default::default()
	};
	pub const ExistentialDeposit: u64 = EXISTENTIAL_DEPOSIT;
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
	type ExistentialDeposit = ExistentialDeposit;
	type AccountStore = System;
}

impl pallet_swap::Config for Test {
	type FeeOrigin = AsEnsureOriginWithArg<EnsureRoot<AccountId32>>;
	type WeightInfo = pallet_swap::PalletWeight<Test>;
}

impl Config for Test {
	type Currency = Balances;
	type Pools = Swap;
	type Beacon = TestBeacon;
	type NeuronObserver = ();
	type WeightInfo = PalletWeight<Test>;
	type PalletId = SubtensorPalletId;
	type SubnetCleanup = ();
	type InitialStartCallDelay = StartDelay<Test>;
}

parameter_types! {
	/// The rounds that have come.
	pub storage Rounds: Vec<u64> = Vec::new();
}

/// A beacon that signs a round with its number, and ciphertexts that are the number and the plain bytes.
pub struct TestBeacon;

impl Beacon for TestBeacon {
	fn signature(round: u64) -> Option<BeaconSignature> {
		let bytes = round.to_le_bytes().to_vec();
		Rounds::get()
			.contains(&round)
			.then(|| BeaconSignature::truncate_from(bytes))
	}

	fn latest_round() -> Option<u64> {
		Rounds::get().into_iter().max()
	}

	fn open(commit: &[u8], signature: &[u8]) -> Result<Vec<u8>, TimelockError> {
		let (round, plain) = commit.split_at_checked(8).ok_or(TimelockError::MalformedCommit)?;
		if round == signature {
			Ok(plain.to_vec())
		} else {
			Err(TimelockError::WrongKey)
		}
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn seal_for_benchmark(round: u64, plain: &[u8]) -> Vec<u8> {
		Rounds::set(&[Rounds::get(), vec![round]].concat());
		[&round.to_le_bytes(), plain].concat()
	}
}

/// What subnets of the tests start with.
pub(crate) fn parameters() -> Hyperparameters {
	Hyperparameters {
		tempo: TEMPO,
		max_allowed_uids: 6,
		max_allowed_validators: 3,
		immunity_period: IMMUNITY,
		weights_set_rate_limit: 5,
		activity_cutoff_factor_milli: 50_000,
		burn: TaoBalance::new(BURN),
		min_burn: TaoBalance::new(BURN),
		burn_increase_mult: U64F64::from_integer(1),
		serving_rate_limit: 3,
		max_registrations_per_block: 16,
		..Default::default()
	}
}

/// A coldkey.
pub(crate) fn cold(number: u8) -> AccountId32 {
	AccountId32::new([number; 32])
}

/// A hotkey.
pub(crate) fn hot(number: u8) -> AccountId32 {
	let mut bytes = [number; 32];
	bytes[0] = 0xff;
	AccountId32::new(bytes)
}

/// A chain at block 1 with these parameters, and rich coldkeys 1 to 20.
pub(crate) fn storage_with(subnet_defaults: Hyperparameters) -> sp_io::TestExternalities {
	let balances = (1..=20).map(|number| (cold(number), 100_000 * TAO)).collect();
	let storage = RuntimeGenesisConfig {
		system: Default::default(),
		balances: pallet_balances::GenesisConfig {
			balances,
			..Default::default()
		},
		subtensor_module: GenesisConfig {
			subnet_defaults,
			network_min_lock_cost: TaoBalance::new(LOCK_COST),
			network_lock_reduction_interval: 0,
			network_rate_limit: 0,
			start_call_delay: 0,
			subnet_limit: 3,
			admin_freeze_window: 0,
			owner_hyperparam_rate_limit: 0,
			..Default::default()
		},
	};
	let mut externalities = sp_io::TestExternalities::new(storage.build_storage().unwrap());
	externalities.execute_with(|| System::set_block_number(1));
	externalities
}

/// Runs a test on such a chain and checks the invariants at its end.
pub(crate) fn run_with(subnet_defaults: Hyperparameters, test: impl FnOnce()) {
	storage_with(subnet_defaults).execute_with(|| {
		test();
		assert_ok!(SubtensorModule::do_try_state());
	});
}

/// [`run_with`] the tests' parameters.
pub(crate) fn run(test: impl FnOnce()) {
	run_with(parameters(), test);
}

/// Finishes this block and begins as many further ones.
pub(crate) fn next_blocks(count: u64) {
	for _ in 0..count {
		System::set_block_number(System::block_number() + 1);
		System::reset_events();
		SubtensorModule::on_initialize(System::block_number());
	}
}

/// Begins blocks until an epoch of the subnet has run.
pub(crate) fn next_epoch(netuid: NetUid) {
	let epoch = SubnetEpochIndex::<Test>::get(netuid);
	while SubnetEpochIndex::<Test>::get(netuid) == epoch {
		next_blocks(1);
	}
}

pub(crate) fn signed(account: AccountId32) -> RuntimeOrigin {
	RuntimeOrigin::signed(account)
}

/// Registers a subnet of coldkey 1 with hotkey 1, and starts it.
pub(crate) fn subnet() -> NetUid {
	let netuid = SubtensorModule::free_netuid().unwrap_or_default();
	assert_ok!(SubtensorModule::register_network(signed(cold(1)), hot(1)));
	assert_ok!(SubtensorModule::start_call(signed(cold(1)), netuid));
	netuid
}

/// Registers a hotkey, and tells of a refusal without the weight that it pays.
pub(crate) fn try_register(coldkey: u8, netuid: NetUid, hotkey: AccountId32) -> sp_runtime::DispatchResult {
	let call = SubtensorModule::burned_register(signed(cold(coldkey)), netuid, hotkey);
	call.map(|_| ()).map_err(|refusal| refusal.error)
}

/// Registers hotkey `number` of coldkey `number` on subnet 1.
pub(crate) fn register(number: u8) -> u16 {
	assert_ok!(try_register(number, NETUID, hot(number)));
	Uids::<Test>::get(NETUID, hot(number)).unwrap()
}

/// Gives a coldkey so much alpha on a hotkey, without a trade, so that it is exactly that much.
pub(crate) fn give_alpha(coldkey: &AccountId32, hotkey: &AccountId32, netuid: NetUid, amount: u64) {
	assert_ok!(try_give_alpha(coldkey, hotkey, netuid, amount));
}

/// [`give_alpha`], which the hotkey's share pool may refuse.
pub(crate) fn try_give_alpha(
	coldkey: &AccountId32,
	hotkey: &AccountId32,
	netuid: NetUid,
	amount: u64,
) -> sp_runtime::DispatchResult {
	let alpha = AlphaBalance::new(amount);
	frame_support::storage::with_storage_layer(|| SubtensorModule::put_alpha(hotkey, coldkey, netuid, alpha))?;
	SubnetAlphaOut::<Test>::mutate(netuid, |total| *total = total.saturating_add(alpha));
	Ok(())
}

/// Gives alpha to all who stake on a hotkey.
pub(crate) fn reward(hotkey: &AccountId32, netuid: NetUid, amount: u64) {
	let alpha = AlphaBalance::new(amount);
	let mut credits = staking::credits::Credits::<Test>::open(netuid);
	assert_ok!(credits.credit(hotkey, alpha, AlphaBalance::ZERO));
	credits.close();
	SubnetAlphaOut::<Test>::mutate(netuid, |total| *total = total.saturating_add(alpha));
}

/// Gives a coldkey so much stake on a hotkey on root, with the TAO that backs it.
pub(crate) fn give_root(coldkey: &AccountId32, hotkey: &AccountId32, amount: u64) {
	let account = SubtensorModule::subnet_account(NetUid::ROOT);
	assert_ok!(Balances::mint_into(&account, amount + EXISTENTIAL_DEPOSIT));
	give_alpha(coldkey, hotkey, NetUid::ROOT, amount);
}

/// Takes so much of a coldkey's stake off a hotkey on root.
pub(crate) fn take_root(coldkey: &AccountId32, hotkey: &AccountId32, amount: u64) -> sp_runtime::DispatchResult {
	SubtensorModule::take_alpha(hotkey, coldkey, NetUid::ROOT, AlphaBalance::new(amount))?;
	let trade = SubtensorModule::sell(NetUid::ROOT, AlphaBalance::new(amount))?;
	SubtensorModule::pay(&SubtensorModule::subnet_account(NetUid::ROOT), coldkey, trade.given)
}

/// Gives coldkey `from` so much alpha on hotkey `on` of subnet 1.
pub(crate) fn stake(from: u8, on: u8, amount: u64) {
	give_alpha(&cold(from), &hot(on), NETUID, amount);
}

/// Stake of a coldkey on a hotkey of subnet 1.
pub(crate) fn stake_of(coldkey: u8, hotkey: u8) -> u64 {
	SubtensorModule::stake_of(&hot(hotkey), &cold(coldkey), NETUID).get()
}

/// Hotkey `number` sets weights on subnet 1.
pub(crate) fn set_weights(number: u8, row: &[(u16, u16)]) -> sp_runtime::DispatchResult {
	let (uids, weights) = row.iter().copied().unzip();
	SubtensorModule::set_weights(signed(hot(number)), NETUID, uids, weights, 0)
}

/// The pallet's events of this block.
pub(crate) fn events() -> Vec<Event<Test>> {
	System::events()
		.into_iter()
		.filter_map(|record| match record.event {
			RuntimeEvent::SubtensorModule(event) => Some(event),
			_ => None,
		})
		.collect()
}

/// Sets the execution time of a block, in picoseconds.
pub(crate) fn block_length(picoseconds: u64) {
	BlockLength::set(&picoseconds);
}

/// Moves the issuance without moving money that tests look at.
pub(crate) fn mint_to_stranger(amount: u64) {
	mint_to(&cold(200), amount);
}

/// Gives TAO to an account.
pub(crate) fn mint_to(account: &AccountId32, amount: u64) {
	assert_ok!(Balances::mint_into(account, amount));
}

/// A subnet with validators 2 and 3 (uids 1 and 2, with permits) and miners 4 and 5 (uids 3 and 4).
pub(crate) fn working_subnet() {
	subnet();
	for number in 2..=5 {
		register(number);
	}
	stake(2, 2, 1_000 * TAO);
	stake(3, 3, 500 * TAO);
	next_epoch(NETUID);
}

/// Parameters of a subnet of so many neurons and validators, in which weights may be set at any time.
pub(crate) fn crowded(neurons: u16, validators: u16) -> Hyperparameters {
	Hyperparameters {
		max_allowed_uids: neurons,
		max_allowed_validators: validators,
		weights_set_rate_limit: 0,
		..parameters()
	}
}

/// The hotkey of a uid of [`crowded_subnet`], the owner's excepted.
pub(crate) fn crowd(uid: u16) -> AccountId32 {
	let mut bytes = [0xee; 32];
	bytes[..2].copy_from_slice(&uid.to_le_bytes());
	AccountId32::new(bytes)
}

/// Fills subnet 1 up to so many neurons, whose hotkeys belong to coldkeys 1 to 20 in turn, stakes on uids 1 to
/// `validators`, and lets an epoch give them permits.
pub(crate) fn crowded_subnet(neurons: u16, validators: u16) {
	subnet();
	for uid in 1..neurons {
		let (coldkey, hotkey) = (cold((uid % 20) as u8 + 1), crowd(uid));
		assert_ok!(SubtensorModule::associate_hotkey(&coldkey, &hotkey));
		assert_ok!(SubtensorModule::append_neuron(NETUID, &hotkey));
		if uid <= validators {
			give_alpha(&coldkey, &hotkey, NETUID, (1_000 - u64::from(uid)) * TAO);
		}
	}
	next_epoch(NETUID);
}

/// A validator of [`crowded_subnet`] sets a weight on everybody else.
pub(crate) fn set_all_weights(uid: u16) -> sp_runtime::DispatchResult {
	let others: Vec<u16> = (0..SubnetworkN::<Test>::get(NETUID))
		.filter(|other| *other != uid)
		.collect();
	let weights = others.iter().map(|other| 1_000 + *other).collect();
	SubtensorModule::set_weights(signed(crowd(uid)), NETUID, others, weights, 0)
}

/// What is pending for the next epoch of a subnet, owner's cut included.
pub(crate) fn pending(netuid: NetUid) -> u64 {
	let pending: AlphaBalance = [
		PendingServerEmission::<Test>::get(netuid),
		PendingValidatorEmission::<Test>::get(netuid),
		PendingRootAlphaDivs::<Test>::get(netuid),
		PendingOwnerCut::<Test>::get(netuid),
	]
	.into_iter()
	.sum();
	pending.get()
}
