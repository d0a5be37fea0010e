//! What each type of proxy may do, through real `Proxy.proxy` transactions' calls, and that the lists of names by which the
//! runtime decides name calls that there are.

use frame_support::{
	assert_noop, assert_ok,
	traits::{GetCallMetadata, fungible::Mutate},
};
use ganglion_primitives::{AlphaBalance, NetUid, PerU16, RAO_PER_TAO, TaoBalance};
use ganglion_runtime::{
	AccountId, Balances, Proxy, Runtime, RuntimeCall, RuntimeEvent, RuntimeGenesisConfig, RuntimeOrigin, System,
	configs::{
		fees::COLDKEY_PAYS,
		precheck::TRIED,
		proxy_type::{
			BATCHES, CHILD_KEYS, KEY_SWAPS, OWNER, OWNER_CHANGES, ProxyType, REGISTRATION, ROOT_CLAIM,
			SMALL_TRANSFER_LIMIT, SPENDING, STAKE_TRANSFERS, STAKING, SUBNETS, SWAP_HOTKEY,
		},
	},
};
use sp_keyring::Sr25519Keyring;
use sp_runtime::{BuildStorage, DispatchError, DispatchResult, traits::Dispatchable};

use ProxyType::*;

const NETUID: NetUid = NetUid::new(1);
const TYPES: [ProxyType; 19] = [
	Any,
	Owner,
	NonCritical,
	NonTransfer,
	Senate,
	NonFungible,
	Triumvirate,
	Governance,
	Staking,
	Registration,
	Transfer,
	SmallTransfer,
	RootWeights,
	ChildKeys,
	SudoUncheckedSetCode,
	SwapHotkey,
	SubnetLeaseBeneficiary,
	RootClaim,
	BasketTrading,
];
/// What all types may do that can do much.
const MOST: &[ProxyType] = &[NonCritical, NonTransfer, NonFungible];
/// What types may do that have to do with subnets' owners.
const OWNERS: &[ProxyType] = &[Owner, SubnetLeaseBeneficiary, NonCritical, NonTransfer, NonFungible];

fn real() -> AccountId {
	Sr25519Keyring::Alice.to_account_id()
}

fn bob() -> AccountId {
	Sr25519Keyring::Bob.to_account_id()
}

fn delegate(proxy_type: ProxyType) -> AccountId {
	AccountId::new([100 + proxy_type as u8; 32])
}

/// Runs a test on a chain where Alice, who has TAO, has a proxy of each type.
fn run(test: impl FnOnce()) {
	let storage = RuntimeGenesisConfig::default().build_storage().unwrap();
	sp_io::TestExternalities::new(storage).execute_with(|| {
		System::set_block_number(1);
		Balances::mint_into(&real(), 10_000 * RAO_PER_TAO).unwrap();
		for proxy_type in TYPES {
			let alice = RuntimeOrigin::signed(real());
			assert_ok!(Proxy::add_proxy(alice, delegate(proxy_type).into(), proxy_type, 0));
		}
		test();
	});
}

/// Calls as Alice's proxy and says how the call ended.
fn act(proxy_type: ProxyType, call: RuntimeCall) -> DispatchResult {
	System::reset_events();
	let proxied = RuntimeCall::Proxy(pallet_proxy::Call::proxy {
		real: real().into(),
		force_proxy_type: None,
		call: Box::new(call),
	});
	assert_ok!(proxied.dispatch(RuntimeOrigin::signed(delegate(proxy_type))));
	System::events()
		.into_iter()
		.rev()
		.find_map(|record| match record.event {
			RuntimeEvent::Proxy(pallet_proxy::Event::ProxyExecuted { result }) => Some(result),
			_ => None,
		})
		.unwrap()
}

fn filtered() -> DispatchError {
	frame_system::Error::<Runtime>::CallFiltered.into()
}

fn remark() -> RuntimeCall {
	frame_system::Call::remark { remark: vec![1] }.into()
}

fn transfer(value: u64) -> RuntimeCall {
	pallet_balances::Call::transfer_keep_alive {
		dest: bob().into(),
		value,
	}
	.into()
}

fn add_proxy(proxy_type: ProxyType) -> RuntimeCall {
	pallet_proxy::Call::add_proxy {
		delegate: bob().into(),
		proxy_type,
		delay: 0,
	}
	.into()
}

fn unchecked(call: RuntimeCall) -> RuntimeCall {
	pallet_sudo::Call::sudo_unchecked_weight {
		call: Box::new(call),
		weight: Default::default(),
	}
	.into()
}

/// Calls about stake, and the types beside `Any` that may make them.
fn stake_calls() -> Vec<(RuntimeCall, &'static [ProxyType])> {
	use pallet_subtensor::Call;
	let (hotkey, netuid, alpha_amount) = (bob(), NETUID, AlphaBalance::new(RAO_PER_TAO));
	let staking: &[ProxyType] = &[NonCritical, NonTransfer, Staking];
	let add = Call::add_stake {
		hotkey: hotkey.clone(),
		netuid,
		amount_staked: TaoBalance::new(RAO_PER_TAO),
	};
	let remove = Call::remove_stake {
		hotkey: hotkey.clone(),
		netuid,
		amount_unstaked: alpha_amount,
	};
	let moved = Call::move_stake {
		origin_hotkey: hotkey.clone(),
		destination_hotkey: hotkey.clone(),
		origin_netuid: netuid,
		destination_netuid: NetUid::ROOT,
		alpha_amount,
	};
	let given = Call::transfer_stake {
		destination_coldkey: hotkey.clone(),
		hotkey: hotkey.clone(),
		origin_netuid: netuid,
		destination_netuid: netuid,
		alpha_amount,
	};
	let burned = Call::burn_alpha {
		hotkey: hotkey.clone(),
		amount: alpha_amount,
		netuid,
	};
	let bought = Call::add_stake_burn {
		hotkey: hotkey.clone(),
		netuid,
		amount: TaoBalance::new(RAO_PER_TAO),
		limit: None,
	};
	let claimed = Call::claim_root {
		subnets: [netuid].into(),
	};
	vec![
		(add.into(), staking),
		(remove.into(), staking),
		(moved.into(), staking),
		(Call::unstake_all { hotkey }.into(), staking),
		(given.into(), &[NonCritical, Transfer]),
		(burned.into(), &[NonCritical]),
		(bought.into(), &[NonCritical]),
		(claimed.into(), &[NonCritical, NonTransfer, RootClaim]),
	]
}

/// Calls about subnets and neurons, and the types beside `Any` that may make them.
fn subnet_calls() -> Vec<(RuntimeCall, &'static [ProxyType])> {
	use pallet_subtensor::Call;
	let (hotkey, netuid) = (bob(), NETUID);
	let registration: &[ProxyType] = &[NonTransfer, Registration];
	let register = Call::burned_register {
		netuid,
		hotkey: hotkey.clone(),
	};
	let dissolve = Call::dissolve_network {
		coldkey: real(),
		netuid,
	};
	let weights = Call::set_weights {
		netuid,
		dests: vec![0],
		weights: vec![1],
		version_key: 0,
	};
	let take = Call::increase_take {
		hotkey: hotkey.clone(),
		take: PerU16::from_parts(1),
	};
	let owner_hotkey = pallet_admin_utils::Call::sudo_set_sn_owner_hotkey {
		netuid,
		hotkey: hotkey.clone(),
	};
	let kappa = pallet_admin_utils::Call::sudo_set_kappa { netuid, kappa: 7 };
	vec![
		(register.into(), registration),
		(Call::root_register { hotkey: hotkey.clone() }.into(), registration),
		(Call::register_network { hotkey }.into(), &[NonTransfer]),
		(dissolve.into(), &[NonTransfer]),
		(Call::start_call { netuid }.into(), OWNERS),
		(Call::set_tempo { netuid, tempo: 10 }.into(), OWNERS),
		(kappa.into(), OWNERS),
		(pallet_swap::Call::set_fee_rate { netuid, rate: 7 }.into(), OWNERS),
		(owner_hotkey.into(), MOST),
		(weights.into(), MOST),
		(take.into(), MOST),
	]
}

/// Calls of the other pallets, and the types beside `Any` that may make them.
fn other_calls() -> Vec<(RuntimeCall, &'static [ProxyType])> {
	let all = pallet_balances::Call::transfer_all {
		dest: bob().into(),
		keep_alive: true,
	};
	let burn = pallet_balances::Call::burn {
		value: 1,
		keep_alive: true,
	};
	let code = frame_system::Call::set_code { code: vec![1] };
	let nested = pallet_proxy::Call::proxy {
		real: bob().into(),
		force_proxy_type: None,
		call: Box::new(remark()),
	};
	let multisig = pallet_multisig::Call::as_multi_threshold_1 {
		other_signatories: vec![bob()],
		call: Box::new(remark()),
	};
	let sudo = pallet_sudo::Call::sudo {
		call: Box::new(remark()),
	};
	vec![
		(transfer(SMALL_TRANSFER_LIMIT), &[NonCritical, Transfer, SmallTransfer]),
		(transfer(SMALL_TRANSFER_LIMIT + 1), &[NonCritical, Transfer]),
		(transfer(u64::MAX), &[NonCritical, Transfer]),
		(all.into(), &[NonCritical, Transfer]),
		(burn.into(), &[NonCritical]),
		(remark(), MOST),
		(pallet_proxy::Call::remove_proxies {}.into(), &[]),
		(nested.into(), &[]),
		(multisig.into(), &[]),
		(sudo.into(), &[]),
		(unchecked(remark()), &[]),
		(unchecked(code.into()), &[SudoUncheckedSetCode]),
	]
}

fn table() -> Vec<(RuntimeCall, &'static [ProxyType])> {
	let mut table = stake_calls();
	table.extend(subnet_calls());
	table.extend(other_calls());
	table
}

/// Runs the checks of one call and takes back what the call did.
fn tried<Answer>(check: impl FnOnce() -> Answer) -> Answer {
	use frame_support::storage::{TransactionOutcome, with_transaction};
	with_transaction(|| TransactionOutcome::Rollback(Ok::<_, DispatchError>(check()))).unwrap()
}

#[test]
fn a_type_allows_what_it_says_and_nothing_else() {
	run(|| {
		for (call, allowed) in table() {
			for proxy_type in TYPES {
				let expected = proxy_type == Any || allowed.contains(&proxy_type);
				let result = tried(|| act(proxy_type, call.clone()));
				assert_eq!(
					result != Err(filtered()),
					expected,
					"{proxy_type:?}: {call:?}: {result:?}"
				);
			}
		}
	});
}

#[test]
fn what_a_type_allows_is_done_in_the_name_of_the_account() {
	run(|| {
		let before = Balances::usable_balance(real());
		assert_ok!(act(SmallTransfer, transfer(SMALL_TRANSFER_LIMIT)));
		assert_ok!(act(Transfer, transfer(RAO_PER_TAO)));
		assert_eq!(Balances::usable_balance(bob()), SMALL_TRANSFER_LIMIT + RAO_PER_TAO);
		assert_eq!(
			before - Balances::usable_balance(real()),
			SMALL_TRANSFER_LIMIT + RAO_PER_TAO
		);
	});
}

#[test]
fn nothing_is_smuggled_in_calls_that_hold_calls() {
	use pallet_utility::Call;
	let wrapped = |call: &RuntimeCall| -> Vec<RuntimeCall> {
		let boxed = || Box::new(call.clone());
		let batch: RuntimeCall = Call::batch_all {
			calls: vec![call.clone()],
		}
		.into();
		vec![
			Call::batch_all {
				calls: vec![batch.clone()],
			}
			.into(),
			batch,
			Call::as_derivative {
				index: 0,
				call: boxed(),
			}
			.into(),
			Call::if_else {
				main: boxed(),
				fallback: boxed(),
			}
			.into(),
			Call::with_weight {
				call: boxed(),
				weight: Default::default(),
			}
			.into(),
		]
	};
	run(|| {
		for (call, allowed) in table() {
			for proxy_type in TYPES {
				if proxy_type == Any || allowed.contains(&proxy_type) {
					continue;
				}
				for outer in wrapped(&call) {
					let result = tried(|| act(proxy_type, outer.clone()));
					let refused =
						matches!(result, Err(error) if error == filtered() || error == DispatchError::BadOrigin);
					assert!(refused, "{proxy_type:?}: {outer:?}: {result:?}");
				}
			}
		}
	});
}

#[test]
fn batches_that_go_on_do_nothing_that_is_not_allowed() {
	run(|| {
		let calls = vec![transfer(SMALL_TRANSFER_LIMIT), transfer(SMALL_TRANSFER_LIMIT + 1)];
		let batch = pallet_utility::Call::batch { calls: calls.clone() };
		let forced = pallet_utility::Call::force_batch { calls };
		// Many small transfers are a large one.
		for call in [batch, forced] {
			assert!(act(SmallTransfer, call.into()).is_err());
			assert_eq!(Balances::usable_balance(bob()), 0);
		}
		for proxy_type in [Staking, Registration, ChildKeys, Owner, RootClaim, SwapHotkey] {
			let forced = pallet_utility::Call::force_batch {
				calls: vec![transfer(1)],
			};
			assert_ok!(act(proxy_type, forced.into()));
			assert_eq!(Balances::usable_balance(bob()), 0, "{proxy_type:?}");
		}
	});
}

#[test]
fn a_proxy_appoints_none_that_may_do_more_than_itself() {
	run(|| {
		for holder in TYPES {
			for appointed in TYPES {
				let result = tried(|| act(holder, add_proxy(appointed)));
				let may = holder == Any || (MOST.contains(&holder) && holder == appointed);
				let expected = if may { Ok(()) } else { Err(filtered()) };
				assert_eq!(result, expected, "{holder:?} appoints {appointed:?}");
			}
		}
	});
}

#[test]
fn strangers_and_wrong_types_are_no_proxies() {
	run(|| {
		let call = Box::new(transfer(1));
		let by = |who, force| Proxy::proxy(RuntimeOrigin::signed(who), real().into(), force, call.clone());
		let not_proxy = pallet_proxy::Error::<Runtime>::NotProxy;
		assert_noop!(by(bob(), None), not_proxy);
		let not_proxy = pallet_proxy::Error::<Runtime>::NotProxy;
		assert_noop!(by(delegate(Staking), Some(Transfer)), not_proxy);
	});
}

/// Names of calls that clients know and that this chain does not have yet. A call that the chain gets is taken off.
const NOT_YET: &[&str] = &[
	"swap_hotkey",
	"swap_hotkey_v2",
	"swap_coldkey",
	"swap_coldkey_announced",
	"schedule_swap_coldkey",
	"announce_coldkey_swap",
	"set_activity_cutoff_factor",
	"register_leased_network",
	"set_children",
	"set_childkey_take",
];

fn exists(pallet: &str, call: &str) -> bool {
	RuntimeCall::get_module_names().contains(&pallet) && RuntimeCall::get_call_names(pallet).contains(&call)
}

#[test]
fn the_lists_name_calls_that_there_are() {
	let lists = [
		STAKING,
		STAKE_TRANSFERS,
		SPENDING,
		REGISTRATION,
		KEY_SWAPS,
		OWNER,
		SUBNETS,
		CHILD_KEYS,
		ROOT_CLAIM,
		SWAP_HOTKEY,
		TRIED,
	];
	for name in lists.concat() {
		let (exists, expected) = (exists("SubtensorModule", name), !NOT_YET.contains(&name));
		assert_eq!(exists, expected, "SubtensorModule.{name}: exists, and is expected to");
	}
	for name in BATCHES {
		assert!(exists("Utility", name), "{name}");
	}
	for name in OWNER_CHANGES {
		assert!(exists("AdminUtils", name), "{name}");
	}
	for (pallet, name) in COLDKEY_PAYS {
		assert!(exists(pallet, name), "{pallet}.{name}");
	}
}
