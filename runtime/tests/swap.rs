//! The pools as clients of the runtime see them: prices, simulations, and who may set a fee.

use codec::{Decode, Encode};
use frame_support::traits::{InstanceFilter, PalletInfoAccess};
use frame_support::{assert_noop, assert_ok, traits::fungible::Mutate};
use ganglion_primitives::{
	AlphaBalance, NetUid, Reserves, SimSwapResult, SubnetPools, SubnetPrice, TaoBalance,
	apis::runtime_decl_for_swap_runtime_api::SwapRuntimeApiV1,
};
use ganglion_runtime::{
	AccountId, Balances, Block, Runtime, RuntimeCall, RuntimeGenesisConfig, RuntimeOrigin, SubtensorModule, Swap,
	System, configs::proxy_type::ProxyType,
};
use sp_keyring::Sr25519Keyring;
use sp_runtime::{BuildStorage, DispatchError::BadOrigin};

type Error = pallet_subtensor::Error<Runtime>;

const TAO: u64 = 1_000_000_000;
const NETUID: NetUid = NetUid::new(1);
const UNKNOWN: NetUid = NetUid::new(77);

fn account(key: Sr25519Keyring) -> AccountId {
	key.to_account_id()
}

/// Runs a test on a chain with one subnet of Alice's, whose pool has one TAO for four alpha.
fn run(test: impl FnOnce()) {
	let storage = RuntimeGenesisConfig::default().build_storage().unwrap();
	sp_io::TestExternalities::new(storage).execute_with(|| {
		System::set_block_number(1);
		let (alice, hotkey) = (account(Sr25519Keyring::Alice), account(Sr25519Keyring::One));
		Balances::mint_into(&alice, 1_000_000 * TAO).unwrap();
		SubtensorModule::register_network(RuntimeOrigin::signed(alice), hotkey).unwrap();
		Swap::close(NETUID);
		let reserves = Reserves {
			tao: TaoBalance::new(1_000 * TAO),
			alpha: AlphaBalance::new(4_000 * TAO),
		};
		Swap::open(NETUID, reserves).unwrap();
		test();
		Swap::do_try_state().unwrap();
	});
}

fn api_buy(netuid: NetUid, tao: u64) -> SimSwapResult {
	<Runtime as SwapRuntimeApiV1<Block>>::sim_swap_tao_for_alpha(netuid, TaoBalance::new(tao))
}

fn api_sell(netuid: NetUid, alpha: u64) -> SimSwapResult {
	<Runtime as SwapRuntimeApiV1<Block>>::sim_swap_alpha_for_tao(netuid, AlphaBalance::new(alpha))
}

#[test]
fn prices_of_all_subnets_and_of_none() {
	run(|| {
		let price = |netuid| <Runtime as SwapRuntimeApiV1<Block>>::current_alpha_price(netuid);
		assert_eq!((price(NetUid::ROOT), price(NETUID), price(UNKNOWN)), (TAO, TAO / 4, 0));
		let all = <Runtime as SwapRuntimeApiV1<Block>>::current_alpha_price_all();
		let row = |netuid, price| SubnetPrice { netuid, price };
		assert_eq!(all, vec![row(NetUid::ROOT, TAO), row(NETUID, TAO / 4)]);
		assert_eq!(
			Vec::<(u16, u64)>::decode(&mut &all.encode()[..]),
			Ok(vec![(0, TAO), (1, TAO / 4)])
		);
	});
	let mut empty = sp_io::TestExternalities::default();
	empty.execute_with(|| {
		let all = <Runtime as SwapRuntimeApiV1<Block>>::current_alpha_price_all();
		assert_eq!(all.len(), 1);
	});
}

#[test]
fn simulations_answer_for_any_subnet_and_amount() {
	run(|| {
		let bought = api_buy(NETUID, TAO);
		let trade = Swap::quote_buy(NETUID, TaoBalance::new(TAO), None).unwrap();
		assert_eq!((bought.tao_amount, bought.alpha_amount), (trade.taken, trade.given));
		assert_eq!((bought.tao_fee, bought.alpha_fee), (trade.fee, AlphaBalance::ZERO));
		assert!(bought.alpha_slippage > AlphaBalance::ZERO && bought.tao_slippage.is_zero());
		let sold = api_sell(NETUID, TAO);
		assert!(sold.tao_amount < TaoBalance::new(TAO / 4) && sold.alpha_amount == AlphaBalance::new(TAO));
		assert!(sold.tao_slippage > TaoBalance::ZERO && sold.alpha_slippage.is_zero());
		let par = api_sell(NetUid::ROOT, TAO);
		assert_eq!((par.tao_amount.get(), par.alpha_amount.get()), (TAO, TAO));
		for netuid in [UNKNOWN, NetUid::new(u16::MAX)] {
			assert_eq!(api_buy(netuid, TAO), SimSwapResult::default());
			assert_eq!(api_sell(netuid, TAO), SimSwapResult::default());
		}
		for amount in [0, 1, u64::MAX] {
			assert_eq!(api_buy(NETUID, amount), SimSwapResult::default());
			assert_eq!(api_sell(NETUID, amount), SimSwapResult::default());
		}
	});
}

#[test]
fn the_owner_and_root_set_the_fee() {
	run(|| {
		let set = |origin, netuid| Swap::set_fee_rate(origin, netuid, 7);
		let alice = RuntimeOrigin::signed(account(Sr25519Keyring::Alice));
		assert_ok!(set(alice.clone(), NETUID));
		// The fee does not change in front of a trade.
		assert_noop!(set(alice.clone(), NETUID), Error::TxRateLimitExceeded);
		assert_ok!(set(RuntimeOrigin::root(), NETUID));
		let bob = RuntimeOrigin::signed(account(Sr25519Keyring::Bob));
		let hotkey = RuntimeOrigin::signed(account(Sr25519Keyring::One));
		for stranger in [bob, hotkey] {
			assert_noop!(set(stranger, NETUID), Error::NotSubnetOwner);
		}
		assert_noop!(set(RuntimeOrigin::none(), NETUID), BadOrigin);
		assert_noop!(set(alice, UNKNOWN), Error::SubnetNotExists);
		// What a subnet without an owner names as its owner.
		let nobody = || RuntimeOrigin::signed(AccountId::new([0; 32]));
		assert_noop!(set(nobody(), NetUid::ROOT), Error::NotSubnetOwner);
		assert_noop!(set(nobody(), UNKNOWN), Error::SubnetNotExists);
	});
}

#[test]
fn the_pallet_is_where_clients_look_for_it() {
	assert_eq!((Swap::index(), Swap::name()), (28, "Swap"));
	let call = RuntimeCall::Swap(pallet_swap::Call::set_fee_rate {
		netuid: NETUID,
		rate: 7,
	});
	assert!(ProxyType::Owner.filter(&call));
	assert!(!ProxyType::Staking.filter(&call));
}
