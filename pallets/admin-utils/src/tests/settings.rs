//! Settings of the chain, and what is not a hyperparameter.

use super::*;
use crate::{Call, Setting};

type AdminError = crate::Error<Test>;
use pallet_subtensor::{
	AdminFreezeWindow, ImmunityPeriod, MaxAllowedUids, MaxDelegateTake, MaxRegistrationsPerBlock, MinDelegateTake,
	NetworkImmunityPeriod, NetworkLockReductionInterval, NetworkMinLockCost, NetworkRateLimit,
	NominatorMinRequiredStake, OwnerHyperparamRateLimit, StakeThreshold, StartCallDelay, SubnetEmissionEnabled,
	SubnetLimit, SubnetOwnerCut, SubnetOwnerHotkey, SubnetworkN, SubtokenEnabled, TxDelegateTakeRateLimit, TxRateLimit,
};

fn dispatch(origin: RuntimeOrigin, call: &Call<Test>) -> DispatchResult {
	let call = RuntimeCall::from(call.clone());
	call.dispatch_bypass_filter(origin)
		.map(|_| ())
		.map_err(|error| error.error)
}

#[test]
fn root_changes_the_settings_of_the_chain_and_nobody_else_does() {
	type Stored = fn() -> u64;
	let lock_cost = TaoBalance::new(7_000_000);
	let cases: [(Call<Test>, Setting, u64, Stored); 10] = [
		(
			Call::sudo_set_subnet_limit { max_subnets: 5 },
			Setting::SubnetLimit,
			5,
			|| SubnetLimit::<Test>::get().into(),
		),
		(
			Call::sudo_set_network_min_lock_cost { lock_cost },
			Setting::NetworkMinLockCost,
			7_000_000,
			|| NetworkMinLockCost::<Test>::get().get(),
		),
		(
			Call::sudo_set_lock_reduction_interval { interval: 11 },
			Setting::NetworkLockReductionInterval,
			11,
			NetworkLockReductionInterval::<Test>::get,
		),
		(
			Call::sudo_set_network_rate_limit { rate_limit: 12 },
			Setting::NetworkRateLimit,
			12,
			NetworkRateLimit::<Test>::get,
		),
		(
			Call::sudo_set_network_immunity_period { immunity_period: 13 },
			Setting::NetworkImmunityPeriod,
			13,
			NetworkImmunityPeriod::<Test>::get,
		),
		(
			Call::sudo_set_start_call_delay { delay: 14 },
			Setting::StartCallDelay,
			14,
			StartCallDelay::<Test>::get,
		),
		(
			Call::sudo_set_subnet_owner_cut { subnet_owner_cut: 6 },
			Setting::SubnetOwnerCut,
			6,
			|| SubnetOwnerCut::<Test>::get().into(),
		),
		(
			Call::sudo_set_stake_threshold { min_stake: u64::MAX },
			Setting::StakeThreshold,
			u64::MAX,
			StakeThreshold::<Test>::get,
		),
		(
			Call::sudo_set_admin_freeze_window { window: 8 },
			Setting::AdminFreezeWindow,
			8,
			|| AdminFreezeWindow::<Test>::get().into(),
		),
		(
			Call::sudo_set_owner_hparam_rate_limit { epochs: 9 },
			Setting::OwnerHyperparamRateLimit,
			9,
			|| OwnerHyperparamRateLimit::<Test>::get().into(),
		),
	];
	run(|| {
		for (call, setting, value, stored) in cases {
			assert_noop!(dispatch(signed(1), &call), DispatchError::BadOrigin);
			assert_noop!(dispatch(RuntimeOrigin::none(), &call), DispatchError::BadOrigin);
			assert_ok!(dispatch(RuntimeOrigin::root(), &call));
			assert_eq!(stored(), value, "{call:?}");
			assert_eq!(events().last(), Some(&Event::SettingChanged { setting, value }));
		}
	});
}

#[test]
fn root_changes_settings_of_stake_and_nobody_else_does() {
	type Reads = fn() -> bool;
	let (take, netuid) = (PerU16::from_parts(7), NETUID);
	let cases: [(Call<Test>, Reads); 6] = [
		(Call::sudo_set_min_delegate_take { take }, || {
			MinDelegateTake::<Test>::get() == PerU16::from_parts(7)
		}),
		(Call::sudo_set_default_take { default_take: take }, || {
			MaxDelegateTake::<Test>::get() == PerU16::from_parts(7)
		}),
		(Call::sudo_set_tx_delegate_take_rate_limit { tx_rate_limit: 8 }, || {
			TxDelegateTakeRateLimit::<Test>::get() == 8
		}),
		(Call::sudo_set_tx_rate_limit { tx_rate_limit: 9 }, || {
			TxRateLimit::<Test>::get() == 9
		}),
		(Call::sudo_set_nominator_min_required_stake { min_stake: 10 }, || {
			NominatorMinRequiredStake::<Test>::get() == 10
		}),
		(
			Call::sudo_set_subtoken_enabled {
				netuid,
				subtoken_enabled: true,
			},
			|| SubtokenEnabled::<Test>::get(NETUID),
		),
	];
	run(|| {
		for (call, is_set) in cases {
			assert!(!is_set(), "{call:?}");
			assert_noop!(dispatch(signed(1), &call), DispatchError::BadOrigin);
			assert_noop!(dispatch(RuntimeOrigin::none(), &call), DispatchError::BadOrigin);
			assert_ok!(dispatch(RuntimeOrigin::root(), &call));
			assert!(is_set(), "{call:?}");
		}
		let take = PerU16::from_parts(8);
		let above = Call::sudo_set_min_delegate_take { take };
		assert_noop!(
			dispatch(RuntimeOrigin::root(), &above),
			Error::<Test>::DelegateTakeTooHigh
		);
		let missing = Call::sudo_set_subtoken_enabled {
			netuid: NetUid::new(9),
			subtoken_enabled: true,
		};
		assert_noop!(
			dispatch(RuntimeOrigin::root(), &missing),
			Error::<Test>::SubnetNotExists
		);
	});
}

#[test]
fn settings_out_of_bounds_are_refused() {
	run(|| {
		let limit = Call::sudo_set_subnet_limit { max_subnets: 129 };
		assert_noop!(dispatch(RuntimeOrigin::root(), &limit), AdminError::SubnetLimitTooHigh);
		for lock_cost in [0, 1, 1_000_000].map(TaoBalance::new) {
			let cost = Call::sudo_set_network_min_lock_cost { lock_cost };
			assert_noop!(
				dispatch(RuntimeOrigin::root(), &cost),
				AdminError::NetworkMinLockCostTooLow
			);
		}
	});
}

#[test]
fn root_switches_the_emission_of_a_subnet() {
	run(|| {
		let switch = |origin, netuid, enabled| AdminUtils::sudo_set_subnet_emission_enabled(origin, netuid, enabled);
		assert_ok!(switch(RuntimeOrigin::root(), NETUID, false));
		assert!(!SubnetEmissionEnabled::<Test>::get(NETUID));
		let event = Event::SubnetEmissionSwitched {
			netuid: NETUID,
			enabled: false,
		};
		assert_eq!(events(), vec![event]);
		assert_noop!(switch(signed(1), NETUID, true), DispatchError::BadOrigin);
		let missing = NetUid::new(9);
		assert_noop!(
			switch(RuntimeOrigin::root(), missing, true),
			Error::<Test>::SubnetNotExists
		);
		assert_noop!(
			switch(RuntimeOrigin::root(), NetUid::ROOT, true),
			AdminError::NotPermittedOnRootSubnet
		);
	});
}

#[test]
fn a_subnet_has_one_mechanism() {
	run(|| {
		let set = |origin, netuid| AdminUtils::sudo_set_mechanism_count(origin, netuid, 1.into());
		assert_ok!(set(signed(1), NETUID));
		assert_ok!(set(RuntimeOrigin::root(), NETUID));
		assert_noop!(set(signed(2), NETUID), Error::<Test>::NotSubnetOwner);
		assert_noop!(set(signed(1), NetUid::new(9)), Error::<Test>::SubnetNotExists);
	});
}

#[test]
fn an_owner_makes_another_of_its_hotkeys_the_owners() {
	run(|| {
		let set = |origin, hotkey| AdminUtils::sudo_set_sn_owner_hotkey(origin, NETUID, hot(hotkey));
		assert_noop!(set(signed(1), 2), Error::<Test>::HotKeyNotRegisteredInSubNet);
		assert_ok!(SubtensorModule::burned_register(signed(2), NETUID, hot(2)));
		assert_noop!(set(signed(1), 2), Error::<Test>::NonAssociatedColdKey);
		assert_noop!(set(RuntimeOrigin::root(), 2), Error::<Test>::NonAssociatedColdKey);
		assert_noop!(set(signed(2), 2), Error::<Test>::NotSubnetOwner);
		next_blocks(1);
		assert_ok!(SubtensorModule::burned_register(signed(1), NETUID, hot(3)));
		assert_ok!(set(signed(1), 3));
		assert_eq!(SubnetOwnerHotkey::<Test>::get(NETUID), hot(3));
	});
}

#[test]
fn an_owner_makes_a_subnet_smaller_as_often_as_it_may_change_the_number_of_uids() {
	run(|| {
		let trim = |origin, netuid, max_n| dispatch(origin, &Call::sudo_trim_to_max_allowed_uids { netuid, max_n });
		let neurons = || SubnetworkN::<Test>::get(NETUID);
		ImmunityPeriod::<Test>::insert(NETUID, 0);
		MaxRegistrationsPerBlock::<Test>::insert(NETUID, 9);
		for number in 2..=5 {
			assert_ok!(SubtensorModule::burned_register(signed(number), NETUID, hot(number)));
		}
		assert_noop!(trim(signed(2), NETUID, 1), Error::<Test>::NotSubnetOwner);
		assert_noop!(trim(RuntimeOrigin::none(), NETUID, 1), DispatchError::BadOrigin);
		let root = RuntimeOrigin::root;
		assert_noop!(trim(root(), NetUid::ROOT, 1), Error::<Test>::NotSubnetOwner);
		assert_noop!(trim(root(), NetUid::new(9), 1), Error::<Test>::SubnetNotExists);
		assert_noop!(trim(root(), NETUID, 0), AdminError::MaxAllowedUidsOutOfBounds);
		assert_noop!(trim(root(), NETUID, u16::MAX), AdminError::MaxAllowedUidsOutOfBounds);
		let before = neurons();
		assert_ok!(trim(signed(1), NETUID, before - 1));
		assert_eq!(neurons(), before - 1);
		assert_eq!(MaxAllowedUids::<Test>::get(NETUID), before - 1);
		assert_noop!(trim(signed(1), NETUID, before - 2), Error::<Test>::TxRateLimitExceeded);
		assert_ok!(trim(root(), NETUID, 1));
		assert_eq!(neurons(), 1);
	});
}
