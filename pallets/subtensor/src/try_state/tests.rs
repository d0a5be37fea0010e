//! `try_state` notices each broken invariant.

use crate::{mock::*, *};
use frame_support::{
	BoundedVec, assert_ok,
	traits::fungible::{Inspect, Mutate},
};
use ganglion_primitives::{
	AccountId32, AlphaBalance, AxonInfo, MechanismIndex, NetUid, Reserves, SubnetPools, TaoBalance, U64F64,
};
use sp_runtime::TryRuntimeError;

const INDEX: MechanismIndex = MechanismIndex::main(NETUID);

/// Breaks the state of a working subnet and expects the violation of this number.
fn violates(number: u8, break_it: impl FnOnce()) {
	storage_with(parameters()).execute_with(|| {
		working_subnet();
		assert_ok!(set_weights(2, &[(3, 3), (4, 1)]));
		next_epoch(NETUID);
		next_blocks(3);
		assert_ok!(SubtensorModule::do_try_state());
		break_it();
		match SubtensorModule::do_try_state() {
			Err(TryRuntimeError::Other(message)) => {
				assert!(message.starts_with(&format!("{number}: ")), "{message}");
			}
			other => panic!("expected a violation of invariant {number}, got {other:?}"),
		}
	});
}

fn one_more(amount: &mut AlphaBalance) {
	*amount = amount.saturating_add(AlphaBalance::new(1));
}

#[test]
fn missing_backing() {
	violates(1, || {
		let account = SubtensorModule::subnet_account(NETUID);
		let pooled = Swap::reserves(NETUID).unwrap().tao.get();
		let surplus = Balances::balance(&account) - pooled - EXISTENTIAL_DEPOSIT;
		assert_ok!(Balances::burn_from(
			&account,
			surplus + 1,
			frame_support::traits::tokens::Preservation::Preserve,
			frame_support::traits::tokens::Precision::Exact,
			frame_support::traits::tokens::Fortitude::Polite,
		));
	});
}

#[test]
fn surplus_backing_is_no_violation() {
	run(|| {
		working_subnet();
		assert_ok!(Balances::mint_into(&SubtensorModule::subnet_account(NETUID), 7));
	});
}

#[test]
fn alpha_that_is_neither_staked_nor_pending() {
	violates(2, || {
		SubnetAlphaOut::<Test>::mutate(NETUID, |alpha| {
			*alpha = alpha.saturating_sub(AlphaBalance::new(1));
		});
	});
}

#[test]
fn emission_that_went_nowhere() {
	violates(3, || {
		SubnetEmissionTotals::<Test>::mutate(NETUID, |totals| one_more(&mut totals.paid_miners));
	});
}

#[test]
fn a_pool_that_does_not_count() {
	violates(4, || TotalHotkeyAlpha::<Test>::mutate(hot(2), NETUID, one_more));
}

#[test]
fn keys_and_uids_that_disagree() {
	violates(5, || Keys::<Test>::insert(NETUID, 1, hot(9)));
	violates(5, || Keys::<Test>::insert(NETUID, 5, hot(9)));
	violates(5, || Uids::<Test>::insert(NETUID, hot(9), 5));
	violates(5, || Uids::<Test>::insert(NETUID, hot(2), 3));
	violates(5, || {
		Hotkeys::<Test>::mutate(NETUID, |column| column.as_mut().swap(1, 2))
	});
	violates(5, || Hotkeys::<Test>::mutate(NETUID, |column| column.truncate(3)));
	violates(5, || SubnetworkN::<Test>::insert(NETUID, 4));
	violates(5, || IsNetworkMember::<Test>::insert(hot(9), NETUID, true));
	violates(5, || IsNetworkMember::<Test>::remove(hot(2), NETUID));
}

#[test]
fn columns_of_a_wrong_length() {
	violates(6, || Active::<Test>::mutate(NETUID, |column| column.truncate(1)));
	violates(6, || Consensus::<Test>::mutate(NETUID, |column| column.truncate(1)));
	violates(6, || Incentive::<Test>::mutate(INDEX, |column| column.truncate(1)));
	violates(6, || Dividends::<Test>::mutate(NETUID, |column| column.truncate(1)));
	violates(6, || {
		ValidatorTrust::<Test>::mutate(NETUID, |column| column.truncate(1))
	});
	violates(6, || {
		ValidatorPermit::<Test>::mutate(NETUID, |column| column.truncate(1))
	});
	violates(6, || Emission::<Test>::mutate(NETUID, |column| column.truncate(1)));
	violates(6, || LastUpdate::<Test>::mutate(INDEX, |column| column.truncate(1)));
	violates(6, || {
		BlockAtRegistration::<Test>::mutate(NETUID, |column| column.truncate(1));
	});
}

#[test]
fn too_many_permits() {
	let neurons = MAX_VALIDATORS_PER_SUBNET + 2;
	storage_with(crowded(neurons, 3)).execute_with(|| {
		crowded_subnet(neurons, 2);
		let permits = |count: usize| {
			let mut permits = vec![true; count];
			permits.resize(neurons.into(), false);
			ValidatorPermit::<Test>::insert(NETUID, Column::truncate_from(permits));
			SubtensorModule::do_try_state()
		};
		assert_ok!(permits(usize::from(neurons) - 1));
		assert_eq!(
			permits(neurons.into()),
			Err(TryRuntimeError::Other("7: too many permits"))
		);
	});
}

#[test]
fn rate_limits_of_the_future_and_of_nobody() {
	let key = |netuid| RateLimitKey::OwnerHyperparamUpdate(netuid, Hyperparameter::Rho);
	violates(21, || {
		let tomorrow = SubtensorModule::block_number() + 1;
		LastRateLimitedBlock::<Test>::insert(key(NETUID), tomorrow);
	});
	violates(21, || LastRateLimitedBlock::<Test>::insert(key(NetUid::new(9)), 1));
}

#[test]
fn rows_that_name_nobody() {
	let row = |entries: &[(u16, u16)]| SparseRow::truncate_from(entries.to_vec());
	violates(8, || Weights::<Test>::insert(INDEX, 5, row(&[(1, 1)])));
	violates(8, || Weights::<Test>::insert(INDEX, 1, row(&[(5, 1)])));
	violates(8, || Weights::<Test>::insert(INDEX, 1, row(&[(2, 0)])));
	violates(8, || Bonds::<Test>::insert(INDEX, 1, row(&[(2, 1), (2, 1)])));
	violates(8, || Bonds::<Test>::insert(INDEX, 7, row(&[(2, 1)])));
	violates(8, || Weights::<Test>::insert(INDEX, 1, row(&[])));
	violates(8, || Weights::<Test>::insert(INDEX, 1, row(&[(4, 1), (3, 1)])));
	violates(8, || Bonds::<Test>::insert(INDEX, 3, row(&[(2, 1)])));
	violates(8, || Bonds::<Test>::insert(INDEX, 1, row(&[])));
}

#[test]
fn axons_of_strangers() {
	violates(9, || Axons::<Test>::insert(NETUID, hot(9), AxonInfo::default()));
	violates(9, || {
		let certificate = ganglion_primitives::NeuronCertificate::from_bytes(&[1, 2]).unwrap();
		NeuronCertificates::<Test>::insert(NETUID, hot(9), certificate);
	});
}

#[test]
fn an_owner_without_uid_or_hotkey() {
	violates(10, || SubnetOwnerHotkey::<Test>::insert(NETUID, hot(9)));
	violates(10, || SubnetOwner::<Test>::insert(NETUID, cold(9)));
}

#[test]
fn hyperparameters_out_of_bounds() {
	violates(11, || Tempo::<Test>::insert(NETUID, 1));
}

#[test]
fn shares_that_do_not_add_up() {
	violates(12, || {
		HotkeyShares::<Test>::mutate(hot(2), NETUID, |shares| shares.owner.bits -= 1);
	});
	violates(12, || HotkeyShares::<Test>::remove(hot(2), NETUID));
	violates(12, || Alpha::<Test>::insert((hot(3), cold(3), NETUID), U64F64::ZERO));
	let one = U64F64::from_bits(1);
	violates(12, || {
		stake(4, 2, TAO);
		Alpha::<Test>::mutate((hot(2), cold(4), NETUID), |shares| shares.bits += 1);
	});
	// The sum is right, but it is the owner's.
	violates(12, || {
		HotkeyShares::<Test>::mutate(hot(2), NETUID, |shares| shares.owner.bits -= 1);
		Alpha::<Test>::insert((hot(2), cold(2), NETUID), one);
	});
	violates(12, || {
		stake(4, 2, TAO);
		assert_ok!(SubtensorModule::do_try_state());
		Alpha::<Test>::remove((hot(2), cold(4), NETUID));
	});
}

#[test]
fn neurons_without_owner() {
	violates(13, || Owner::<Test>::remove(hot(4)));
}

#[test]
fn hotkeys_that_are_not_listed() {
	violates(14, || OwnedHotkeys::<Test>::remove(cold(2)));
	violates(14, || StakingHotkeys::<Test>::remove(cold(2)));
	violates(14, || {
		assert_ok!(OwnedHotkeys::<Test>::try_append(cold(9), hot(9)).map_err(|()| "full"));
	});
}

#[test]
fn subnets_that_do_not_count() {
	violates(15, || TotalNetworks::<Test>::put(9));
	violates(15, || NetworksAdded::<Test>::remove(NetUid::ROOT));
}

#[test]
fn issuance_above_the_cap() {
	violates(16, || mint_to_stranger(crate::emission::ISSUANCE_CAP));
}

/// Puts one payment aside, for miners or for validators, without making it part of what is pending.
fn put_aside(payout: &Payout, page: u16, stakers: AlphaBalance, server: AlphaBalance) {
	let payment = Payment {
		hotkey: AccountId32::new([7; 32]),
		stakers,
		take: AlphaBalance::ZERO,
		server,
	};
	OpenPayouts::<Test>::put(BoundedVec::truncate_from(vec![NETUID]));
	UnpaidEmission::<Test>::insert(NETUID, payout);
	UnpaidPayments::<Test>::insert(NETUID, page, BoundedVec::truncate_from(vec![payment]));
}

#[test]
fn pools_without_subnets_and_subnets_without_pools() {
	violates(18, || {
		Swap::close(NETUID);
	});
	let reserves = Reserves {
		tao: TaoBalance::new(TAO),
		alpha: AlphaBalance::new(TAO),
	};
	violates(18, || {
		assert_ok!(Swap::open(NetUid::new(7), reserves).map_err(|_| "refused"));
	});
}

#[test]
fn stake_on_root_that_is_not_there() {
	let root = NetUid::ROOT;
	let stake_on_root = || {
		let amount = TaoBalance::new(TAO);
		assert_ok!(SubtensorModule::add_stake(signed(cold(2)), hot(2), root, amount));
		assert_ok!(SubtensorModule::do_try_state());
	};
	violates(19, || {
		stake_on_root();
		SubnetAlphaOut::<Test>::mutate(root, one_more);
	});
	violates(19, || {
		stake_on_root();
		let account = SubtensorModule::subnet_account(root);
		assert_ok!(Balances::burn_from(
			&account,
			1,
			frame_support::traits::tokens::Preservation::Preserve,
			frame_support::traits::tokens::Precision::Exact,
			frame_support::traits::tokens::Fortitude::Polite,
		));
	});
	violates(4, || {
		stake_on_root();
		TotalAlphaStaked::<Test>::mutate(root, one_more);
	});
}

#[test]
fn payouts_that_do_not_add_up() {
	let payout = Payout {
		epoch: 2,
		emission: AlphaBalance::new(100_000 * TAO),
		paid: Paid::default(),
		next_page: 1,
		pages: 2,
	};
	let (none, some) = (AlphaBalance::ZERO, AlphaBalance::new(1));
	let too_much = AlphaBalance::new(50_000 * TAO);
	storage_with(parameters()).execute_with(|| {
		working_subnet();
		next_blocks(3);
		put_aside(&payout, 1, some, some);
		assert_ok!(SubtensorModule::do_try_state());
	});
	violates(17, || OpenPayouts::<Test>::put(BoundedVec::truncate_from(vec![NETUID])));
	violates(17, || {
		put_aside(&payout, 1, some, some);
		OpenPayouts::<Test>::kill();
	});
	violates(17, || {
		put_aside(&payout, 1, some, some);
		OpenPayouts::<Test>::put(BoundedVec::truncate_from(vec![NETUID, NETUID]));
	});
	violates(17, || {
		put_aside(&payout, 1, some, some);
		UnpaidEmission::<Test>::remove(NETUID);
		OpenPayouts::<Test>::kill();
	});
	violates(17, || put_aside(&payout, 0, some, some));
	violates(17, || put_aside(&payout, 2, some, some));
	violates(17, || {
		put_aside(&payout, 1, some, some);
		UnpaidPayments::<Test>::insert(NETUID, 1, BoundedVec::default());
	});
	let through = Payout {
		next_page: 2,
		..payout.clone()
	};
	violates(17, || {
		put_aside(&through, 1, some, some);
		UnpaidPayments::<Test>::remove(NETUID, 1);
	});
	violates(17, || put_aside(&payout, 1, too_much, none));
	violates(17, || put_aside(&payout, 1, none, too_much));
	let spent = Payout {
		emission: some,
		..payout.clone()
	};
	violates(17, || put_aside(&spent, 1, some, some));
}

#[test]
fn clean_ups_that_cannot_be() {
	let queue = |netuids: Vec<NetUid>| DissolveCleanupQueue::<Test>::put(BoundedVec::truncate_from(netuids));
	violates(30, || queue(vec![NETUID]));
	violates(30, || queue(vec![NetUid::ROOT]));
	violates(30, || queue(vec![NetUid::new(7), NetUid::new(7)]));
	violates(30, || {
		CurrentDissolveCleanupStatus::<Test>::put(DissolveCleanupStatus::default())
	});
}

#[test]
fn clean_ups_that_do_not_add_up() {
	let begun = |change: fn(&mut DissolveCleanupStatus)| {
		violates(31, || {
			block_length(200_000_000_000);
			for number in 0..100 {
				give_alpha(&cold(number % 20 + 1), &hot(number % 4 + 2), NETUID, TAO);
				let hotkey = crowd(u16::from(number));
				assert_ok!(SubtensorModule::associate_hotkey(&cold(9), &hotkey));
				give_alpha(&cold(9), &hotkey, NETUID, TAO);
			}
			assert_ok!(SubtensorModule::root_dissolve_network(RuntimeOrigin::root(), NETUID));
			while CurrentDissolveCleanupStatus::<Test>::get().is_none_or(|status| status.paid.is_zero()) {
				next_blocks(1);
			}
			assert_ok!(SubtensorModule::do_try_state());
			let mut status = CurrentDissolveCleanupStatus::<Test>::get().unwrap();
			change(&mut status);
			CurrentDissolveCleanupStatus::<Test>::put(status);
		});
	};
	begun(|status| status.paid = status.pot.saturating_add(TaoBalance::new(1)));
	begun(|status| status.paid = TaoBalance::ZERO);
	begun(|status| status.alpha = AlphaBalance::new(status.alpha.get() / 3));
}

#[test]
fn symbols_that_are_missing_double_or_nobodys() {
	violates(32, || TokenSymbol::<Test>::remove(NETUID));
	let symbol = || TokenSymbol::<Test>::get(NETUID);
	violates(32, || TokenSymbol::<Test>::insert(NetUid::new(7), symbol()));
	violates(32, || TokenSymbol::<Test>::insert(NetUid::ROOT, symbol()));
}

#[test]
fn an_escrow_that_does_not_hold_what_it_owes() {
	violates(33, || {
		let registration = NetworkRegistrationInfo {
			coldkey: cold(2),
			hotkey: hot(2),
			registration_block: 1,
			lock_amount: TaoBalance::new(1),
			identity: None,
		};
		NetworkRegistrationQueue::<Test>::put(BoundedVec::truncate_from(vec![registration]));
	});
}

/// Gives a working subnet stake on root that has earned something.
fn root_dividends() {
	give_root(&cold(8), &hot(2), 100 * TAO);
	give_root(&cold(2), &hot(2), 100 * TAO);
	next_epoch(NETUID);
	assert_ok!(SubtensorModule::do_try_state());
	assert!(!RootClaimableAlpha::<Test>::get(NETUID).is_zero());
}

fn one_less(amount: &mut AlphaBalance) {
	*amount = amount.saturating_sub(AlphaBalance::new(1));
}

#[test]
fn root_stake_that_does_not_add_up() {
	violates(19, || {
		root_dividends();
		SubnetAlphaOut::<Test>::mutate(NetUid::ROOT, one_more);
	});
	violates(19, || {
		root_dividends();
		let account = SubtensorModule::subnet_account(NetUid::ROOT);
		let all = Balances::balance(&account);
		assert_ok!(Balances::burn_from(
			&account,
			all,
			frame_support::traits::tokens::Preservation::Expendable,
			frame_support::traits::tokens::Precision::Exact,
			frame_support::traits::tokens::Fortitude::Force,
		));
	});
	violates(19, || {
		root_dividends();
		TotalHotkeyAlpha::<Test>::mutate(hot(2), NetUid::ROOT, one_less);
		TotalAlphaStaked::<Test>::mutate(NetUid::ROOT, one_less);
		SubnetAlphaOut::<Test>::mutate(NetUid::ROOT, one_less);
	});
}

#[test]
fn root_dividends_that_do_not_add_up() {
	violates(20, || {
		root_dividends();
		RootPots::<Test>::mutate(hot(2), |pots| {
			if let Some(pot) = pots.get_mut(&NETUID) {
				pot.remainder += 1;
			}
		});
	});
	violates(20, || {
		root_dividends();
		RootClaims::<Test>::mutate(hot(2), cold(8), |claims| {
			assert_eq!(claims.len(), 0, "nothing is settled before the stake changes");
			let claim = RootClaim {
				since: NetworkRegisteredAt::<Test>::get(NETUID),
				per_rao: 0,
				owed: 1,
			};
			assert_eq!(claims.try_insert(NETUID, claim), Ok(None));
		});
	});
	violates(2, || {
		root_dividends();
		RootClaimableAlpha::<Test>::mutate(NETUID, one_more);
	});
	violates(20, || {
		root_dividends();
		RootClaimableAlpha::<Test>::mutate(NETUID, one_more);
		SubnetAlphaOut::<Test>::mutate(NETUID, one_more);
	});
	violates(20, || {
		root_dividends();
		assert_ok!(take_root(&cold(8), &hot(2), 100 * TAO));
		assert_ok!(SubtensorModule::do_try_state());
		StakingHotkeys::<Test>::remove(cold(8));
	});
	violates(2, || SubnetProtocolAlpha::<Test>::mutate(NETUID, one_more));
	violates(3, || {
		SubnetEmissionTotals::<Test>::mutate(NETUID, |totals| one_more(&mut totals.paid_root));
	});
}
