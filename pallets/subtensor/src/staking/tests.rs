//! Tests of stake and of the share pools.

mod exits;
mod moves;
mod orders;
mod values;

use super::{
	credits::Credits,
	pool::{PoolError, SharePool},
};
use crate::{mock::*, *};
use frame_support::{assert_noop, assert_ok, traits::fungible::Inspect};
use ganglion_primitives::{AlphaBalance, PerU16, SubnetPools, TaoBalance, U64F64};
use proptest::prelude::*;
use sp_runtime::DispatchResult;

fn add(from: u8, on: u8, amount: u64) -> DispatchResult {
	SubtensorModule::add_stake(signed(cold(from)), hot(on), NETUID, TaoBalance::new(amount))
}

fn remove(from: u8, on: u8, amount: u64) -> DispatchResult {
	let amount = AlphaBalance::new(amount);
	SubtensorModule::remove_stake(signed(cold(from)), hot(on), NETUID, amount)
}

fn backing() -> u64 {
	Balances::balance(&SubtensorModule::subnet_account(NETUID))
}

/// What buying for so much TAO gives.
fn bought(tao: u64) -> u64 {
	let trade = Swap::quote_buy(NETUID, TaoBalance::new(tao), None).unwrap();
	assert_eq!(trade.taken.get(), tao);
	trade.given.get()
}

/// What selling so much alpha gives.
fn sold(alpha: u64) -> u64 {
	let trade = Swap::quote_sell(NETUID, AlphaBalance::new(alpha), None).unwrap();
	assert_eq!(trade.taken.get(), alpha);
	trade.given.get()
}

#[test]
fn staking_buys_alpha_and_unstaking_sells_it() {
	run(|| {
		subnet();
		let free = Balances::balance(&cold(2));
		let alpha = bought(5 * TAO);
		assert!(0 < alpha && alpha < 5 * TAO);
		assert_ok!(add(2, 1, 5 * TAO));
		assert_eq!(Balances::balance(&cold(2)), free - 5 * TAO);
		assert_eq!(backing(), LOCK_COST + 5 * TAO);
		assert_eq!(stake_of(2, 1), alpha);
		assert_eq!(SubnetAlphaOut::<Test>::get(NETUID).get(), alpha);
		let events = events();
		let is_added = |event: &Event<Test>| match event {
			Event::StakeAdded(coldkey, hotkey, tao, given, NETUID, _) => {
				(coldkey, hotkey) == (&cold(2), &hot(1)) && (tao.get(), given.get()) == (5 * TAO, alpha)
			}
			_ => false,
		};
		assert!(events.iter().any(is_added), "{events:?}");

		let tao = sold(2 * TAO);
		assert_ok!(remove(2, 1, 2 * TAO));
		assert_eq!(stake_of(2, 1), alpha - 2 * TAO);
		assert_eq!(Balances::balance(&cold(2)), free - 5 * TAO + tao);
		assert_ok!(remove(2, 1, alpha - 2 * TAO));
		assert_eq!(stake_of(2, 1), 0);
		let back = Balances::balance(&cold(2));
		assert!(back <= free, "trading to and fro costs");
		assert_eq!(backing(), LOCK_COST + free - back);
		assert!(!StakingHotkeys::<Test>::contains_key(cold(2)));
		assert!(!TotalHotkeyAlpha::<Test>::contains_key(hot(1), NETUID));
		assert_eq!(SubnetAlphaOut::<Test>::get(NETUID).get(), 0);
	});
}

#[test]
fn the_largest_amount_means_all_and_a_small_rest_goes_too() {
	run(|| {
		subnet();
		for all in [u64::MAX, 5 * TAO, 5 * TAO - MIN_STAKE + 1] {
			stake(2, 1, 5 * TAO);
			let (free, tao) = (Balances::balance(&cold(2)), sold(5 * TAO));
			assert_ok!(remove(2, 1, all));
			assert_eq!(stake_of(2, 1), 0);
			assert_eq!(Balances::balance(&cold(2)), free + tao);
		}
		stake(2, 1, 5 * TAO);
		assert_ok!(remove(2, 1, 5 * TAO - MIN_STAKE));
		assert_eq!(stake_of(2, 1), MIN_STAKE);
	});
}

#[test]
fn refusals_of_add_stake() {
	run(|| {
		assert_noop!(add(2, 1, TAO), Error::<Test>::SubnetNotExists);
		subnet();
		assert_noop!(add(2, 9, TAO), Error::<Test>::HotKeyAccountNotExists);
		assert_noop!(add(2, 1, MIN_STAKE - 1), Error::<Test>::AmountTooLow);
		assert_noop!(add(2, 1, 100_001 * TAO), Error::<Test>::NotEnoughBalanceToStake);
		assert_noop!(add(2, 1, 100_000 * TAO), Error::<Test>::NotEnoughBalanceToStake);
		assert_noop!(add(2, 1, u64::MAX), Error::<Test>::NotEnoughBalanceToStake);
		assert_noop!(add(99, 1, TAO), Error::<Test>::NotEnoughBalanceToStake);
		SubtokenEnabled::<Test>::remove(NETUID);
		assert_noop!(add(2, 1, TAO), Error::<Test>::SubtokenDisabled);
		SubtokenEnabled::<Test>::insert(NETUID, true);
		assert_ok!(add(2, 1, 100_000 * TAO - EXISTENTIAL_DEPOSIT));
	});
}

#[test]
fn refusals_of_remove_stake() {
	run(|| {
		assert_noop!(remove(2, 1, TAO), Error::<Test>::SubnetNotExists);
		subnet();
		assert_noop!(remove(2, 9, TAO), Error::<Test>::HotKeyAccountNotExists);
		assert_noop!(remove(2, 1, TAO), Error::<Test>::NotEnoughStakeToWithdraw);
		assert_noop!(remove(2, 1, u64::MAX), Error::<Test>::NotEnoughStakeToWithdraw);
		stake(2, 1, TAO);
		assert_noop!(remove(2, 1, 0), Error::<Test>::AmountTooLow);
		assert_noop!(remove(2, 1, TAO + 1), Error::<Test>::NotEnoughStakeToWithdraw);
		assert_noop!(remove(3, 1, TAO), Error::<Test>::NotEnoughStakeToWithdraw);
	});
}

#[test]
fn a_coldkey_stakes_on_a_limited_number_of_hotkeys() {
	run(|| {
		subnet();
		for number in 0..MAX_HOTKEYS_PER_COLDKEY {
			let mut bytes = [7; 32];
			bytes[..4].copy_from_slice(&number.to_le_bytes());
			let owner = cold(if number % 2 == 0 { 5 } else { 6 });
			assert_ok!(SubtensorModule::associate_hotkey(&owner, &bytes.into()));
			let amount = TaoBalance::new(MIN_STAKE);
			let call = SubtensorModule::add_stake(signed(cold(2)), bytes.into(), NETUID, amount);
			assert_ok!(call);
		}
		assert_noop!(add(2, 1, TAO), Error::<Test>::TooManyStakingHotkeys);
	});
}

#[test]
fn dividends_grow_every_position_pro_rata() {
	run(|| {
		subnet();
		stake(2, 1, TAO);
		stake(3, 1, 3 * TAO);
		let mut pool = SharePool {
			alpha: TotalHotkeyAlpha::<Test>::get(hot(1), NETUID),
			shares: HotkeyShares::<Test>::get(hot(1), NETUID).total,
		};
		assert_ok!(pool.reward(AlphaBalance::new(2 * TAO)).map_err(|_| "refused"));
		let value = |number: u8| pool.value_of(Alpha::<Test>::get((hot(1), cold(number), NETUID)));
		assert_eq!(value(2).get(), TAO + TAO / 2);
		assert_eq!(value(3).get(), 3 * TAO + 3 * (TAO / 2));
	});
}

#[test]
fn takes_move_within_their_bounds() {
	run(|| {
		subnet();
		let take = PerU16::from_percent;
		let lower = |number: u8, take| SubtensorModule::decrease_take(signed(cold(number)), hot(1), take);
		let raise = |number: u8, take| SubtensorModule::increase_take(signed(cold(number)), hot(1), take);
		assert_noop!(lower(2, take(1)), Error::<Test>::NonAssociatedColdKey);
		assert_noop!(lower(1, take(19)), Error::<Test>::DelegateTakeTooHigh);
		assert_ok!(lower(1, take(9)));
		assert_eq!(Delegates::<Test>::get(hot(1)), take(9));
		assert_noop!(raise(1, take(9)), Error::<Test>::DelegateTakeTooLow);
		assert_noop!(raise(1, take(19)), Error::<Test>::DelegateTakeTooHigh);
		assert_noop!(raise(2, take(10)), Error::<Test>::NonAssociatedColdKey);
		assert_ok!(raise(1, take(10)));
		assert_eq!(Delegates::<Test>::get(hot(1)), take(10));
		assert_eq!(LastTxBlockDelegateTake::<Test>::get(hot(1)), 1);
		assert_ok!(SubtensorModule::set_tx_delegate_take_rate_limit(3));
		next_blocks(3);
		assert_noop!(raise(1, take(11)), Error::<Test>::DelegateTxRateLimitExceeded);
		assert_ok!(lower(1, take(8)));
		next_blocks(1);
		assert_ok!(raise(1, take(11)));
		assert_ok!(SubtensorModule::set_tx_delegate_take_rate_limit(0));
		assert_noop!(raise(1, take(12)), Error::<Test>::DelegateTxRateLimitExceeded);
		next_blocks(1);
		assert_ok!(raise(1, take(12)));
		let too_high = SubtensorModule::set_min_delegate_take(take(19));
		assert_noop!(too_high, Error::<Test>::DelegateTakeTooHigh);
		assert_ok!(SubtensorModule::set_min_delegate_take(take(5)));
		let too_low = SubtensorModule::set_max_delegate_take(take(4));
		assert_noop!(too_low, Error::<Test>::DelegateTakeTooLow);
		assert_ok!(SubtensorModule::set_max_delegate_take(take(50)));
		next_blocks(1);
		assert_ok!(raise(1, take(50)));
		assert_noop!(lower(1, take(4)), Error::<Test>::DelegateTakeTooLow);
		let call = SubtensorModule::increase_take(signed(cold(1)), hot(9), take(10));
		assert_noop!(call, Error::<Test>::HotKeyAccountNotExists);
	});
}

/// The attack on share pools: a tiny first position, a dividend that makes its shares dear, a victim whose deposit then
/// rounds to no shares.
#[test]
fn a_tiny_first_position_cannot_take_a_later_deposit() {
	let mut pool = SharePool::default();
	let attacker = pool.deposit(AlphaBalance::new(1)).unwrap();
	pool.reward(AlphaBalance::new(1_000_000 * TAO)).unwrap();
	let before = pool.value_of(attacker);
	let victim = pool.deposit_exactly(AlphaBalance::new(10 * TAO)).unwrap();
	assert!(pool.value_of(victim).get() >= 10 * TAO - 1);
	assert!(pool.value_of(attacker).get() <= before.get() + 1);
}

/// Where shares have become so dear that a deposit would lose, it is refused instead.
#[test]
fn a_deposit_that_would_lose_more_than_a_rao_is_refused() {
	let mut pool = SharePool {
		alpha: AlphaBalance::new(1_000 * TAO),
		shares: U64F64::from_bits(10),
	};
	let before = pool;
	assert_eq!(pool.deposit_exactly(AlphaBalance::new(TAO)), Err(PoolError::Coarse));
	assert_eq!(
		pool.deposit_exactly(AlphaBalance::new(150 * TAO)),
		Err(PoolError::Coarse)
	);
	assert_eq!(pool, before);
	assert_eq!(
		pool.deposit_exactly(AlphaBalance::new(200 * TAO)),
		Ok(U64F64::from_bits(2))
	);
	let all = U64F64::from_bits(12);
	assert_eq!(
		pool.withdraw(all, AlphaBalance::new(1_200 * TAO - 1)),
		Err(PoolError::Coarse)
	);
	assert_eq!(pool.withdraw_all(all), Ok(AlphaBalance::new(1_200 * TAO)));
	assert_eq!(pool, SharePool::default());
}

/// Burning a whole share bit for less than it is worth would give the rest of it to the others in the pool.
#[test]
fn a_partial_withdrawal_that_would_lose_more_than_a_rao_is_refused() {
	let mut pool = SharePool {
		alpha: AlphaBalance::new(4 * TAO),
		shares: U64F64::from_bits(4),
	};
	let before = pool;
	let position = U64F64::from_bits(2);
	let half = AlphaBalance::new(TAO / 2);
	assert_eq!(pool.withdraw(position, half), Err(PoolError::Coarse));
	assert_eq!(pool, before);
	let too_much = AlphaBalance::new(2 * TAO + 1);
	assert_eq!(pool.withdraw(position, too_much), Err(PoolError::Insufficient));
	let almost_a_bit = AlphaBalance::new(TAO - 1);
	assert_eq!(pool.withdraw(position, almost_a_bit), Ok(U64F64::from_bits(1)));
	assert_eq!(pool.withdraw_all(U64F64::from_bits(1)), Ok(AlphaBalance::new(TAO)));
}

#[test]
fn stake_in_a_coarse_pool_is_withdrawn_as_a_whole() {
	run(|| {
		subnet();
		stake(2, 1, 2 * TAO);
		stake(3, 1, 2 * TAO);
		for number in [2, 3] {
			Alpha::<Test>::insert((hot(1), cold(number), NETUID), U64F64::from_bits(2));
		}
		HotkeyShares::<Test>::mutate(hot(1), NETUID, |shares| shares.total = U64F64::from_bits(4));
		assert_noop!(remove(2, 1, TAO / 2), Error::<Test>::StakeUnavailable);
		let tao = sold(2 * TAO);
		assert_ok!(remove(2, 1, u64::MAX));
		assert_eq!(stake_of(3, 1), 2 * TAO);
		assert_eq!(Balances::balance(&cold(2)), 100_000 * TAO + tao);
	});
}

#[derive(Clone, Copy, Debug)]
enum Step {
	Deposit { who: usize, amount: u64 },
	Withdraw { who: usize, percent: u64 },
	WithdrawAll { who: usize },
	Reward { amount: u64 },
}

fn step() -> impl Strategy<Value = Step> {
	let amount = prop_oneof![1..1_000_u64, 500_000..10_000 * TAO];
	prop_oneof![
		(0..4_usize, amount.clone()).prop_map(|(who, amount)| Step::Deposit { who, amount }),
		(0..4_usize, 1..100_u64).prop_map(|(who, percent)| Step::Withdraw { who, percent }),
		(0..4_usize).prop_map(|who| Step::WithdrawAll { who }),
		amount.prop_map(|amount| Step::Reward { amount }),
	]
}

/// Whether a refusal is right: a share bit must be worth more than a rao. Only pools that were emptied to a few rao
/// again and again between large dividends get there; [`MIN_STAKE`] keeps real ones away from it.
fn is_coarse(pool: &SharePool, error: PoolError) -> bool {
	error == PoolError::Coarse && u128::from(pool.alpha.get()) > pool.shares.bits
}

/// What a position is worth in the pool, as an exact fraction: numerator and denominator.
fn exact(pool: &SharePool, position: U64F64) -> (sp_core::U512, sp_core::U512) {
	let numerator = sp_core::U512::from(position.bits) * sp_core::U512::from(pool.alpha.get());
	(numerator, sp_core::U512::from(pool.shares.bits.max(1)))
}

proptest! {
	/// Against exact fractions: nobody's exact worth falls through what another one does, nobody gains by his own
	/// deposit or withdrawal, and the pool pays out all that it got.
	#[test]
	fn rounding_is_never_in_favour_of_the_one_who_acts(steps in prop::collection::vec(step(), 1..40)) {
		let mut pool = SharePool::default();
		let mut positions = [U64F64::ZERO; 4];
		let (mut paid_in, mut paid_out) = (0_u128, 0_u128);
		for step in steps {
			let before = pool;
			let old = positions;
			let (actor, gain) = match step {
				Step::Deposit { who, amount } => {
					let alpha = AlphaBalance::new(amount);
					match pool.deposit_exactly(alpha) {
						Ok(bought) => {
							positions[who] = positions[who].checked_add(bought).unwrap();
							paid_in += u128::from(amount);
							(Some(who), i128::from(amount))
						}
						Err(error) => {
							prop_assert!(is_coarse(&before, error));
							(None, 0)
						}
					}
				}
				Step::Withdraw { who, percent } => {
					let value = pool.value_of(positions[who]).get();
					let alpha = AlphaBalance::new(value / 100 * percent);
					match pool.withdraw(positions[who], alpha) {
						Ok(left) => {
							positions[who] = left;
							paid_out += u128::from(alpha.get());
							(Some(who), -i128::from(alpha.get()))
						}
						Err(error) => {
							prop_assert!(is_coarse(&before, error));
							(None, 0)
						}
					}
				}
				Step::WithdrawAll { who } => {
					let alpha = pool.withdraw_all(positions[who]).unwrap();
					positions[who] = U64F64::ZERO;
					paid_out += u128::from(alpha.get());
					(Some(who), -i128::from(alpha.get()))
				}
				Step::Reward { amount } => {
					if pool.reward(AlphaBalance::new(amount)).is_ok() {
						paid_in += u128::from(amount);
					}
					(None, 0)
				}
			};
			let sum = positions.iter().try_fold(U64F64::ZERO, |sum, p| sum.checked_add(*p));
			prop_assert_eq!(sum, Some(pool.shares));
			prop_assert_eq!(u128::from(pool.alpha.get()), paid_in - paid_out);
			prop_assert_eq!(pool.alpha.is_zero(), pool.shares.is_zero());
			for who in 0..4 {
				let (old_top, old_bottom) = exact(&before, old[who]);
				let (new_top, new_bottom) = exact(&pool, positions[who]);
				// worth = top / bottom; compare crosswise, with the actor's own amount on the old side.
				let moved = sp_core::U512::from(gain.unsigned_abs()) * old_bottom;
				if Some(who) != actor {
					prop_assert!(new_top * old_bottom >= old_top * new_bottom, "another one lost");
				} else if gain >= 0 {
					prop_assert!(new_top * old_bottom <= (old_top + moved) * new_bottom, "deposit gained");
				} else {
					prop_assert!(new_top * old_bottom + moved * new_bottom <= old_top * new_bottom, "withdrawal gained");
				}
			}
		}
		for position in &mut positions {
			paid_out += u128::from(pool.withdraw_all(*position).unwrap().get());
		}
		prop_assert_eq!(paid_in, paid_out);
		prop_assert_eq!(pool, SharePool::default());
	}
}

/// Credits alpha out of nothing, which no invariant allows; so these tests check none.
fn credited(credit: impl FnOnce(&mut Credits<Test>) -> sp_runtime::DispatchResult) -> sp_runtime::DispatchResult {
	let mut credits = Credits::<Test>::open(NETUID);
	let result = credit(&mut credits);
	credits.close();
	result
}

#[test]
fn a_credit_reaches_all_who_stake_and_then_the_owner() {
	storage_with(parameters()).execute_with(|| {
		subnet();
		stake(1, 1, 100 * TAO);
		stake(2, 1, 300 * TAO);
		let (stakers, owner) = (AlphaBalance::new(40 * TAO), AlphaBalance::new(5 * TAO));
		assert_ok!(credited(|credits| credits.credit(&hot(1), stakers, owner)));
		assert!(stake_of(1, 1).abs_diff(115 * TAO) <= 1);
		assert!(stake_of(2, 1).abs_diff(330 * TAO) <= 1);
		assert_eq!(TotalAlphaStaked::<Test>::get(NETUID).get(), 445 * TAO);
		assert_eq!(TotalHotkeyAlpha::<Test>::get(hot(1), NETUID).get(), 445 * TAO);
	});
}

#[test]
fn several_credits_add_up() {
	storage_with(parameters()).execute_with(|| {
		subnet();
		register(2);
		stake(2, 2, TAO);
		let amount = AlphaBalance::new(TAO);
		assert_ok!(credited(|credits| {
			credits.credit(&hot(2), amount, amount)?;
			credits.credit(&hot(1), amount, amount)?;
			credits.credit(&hot(2), AlphaBalance::ZERO, amount)
		}));
		// Nobody staked on hotkey 1, so that its owner got it all.
		assert_eq!((stake_of(1, 1), stake_of(2, 2)), (2 * TAO, 4 * TAO));
		assert_eq!(TotalAlphaStaked::<Test>::get(NETUID).get(), 6 * TAO);
	});
}

#[test]
fn a_credit_that_overflows_changes_nothing() {
	storage_with(parameters()).execute_with(|| {
		subnet();
		stake(1, 1, TAO);
		TotalAlphaStaked::<Test>::insert(NETUID, AlphaBalance::new(u64::MAX - 3));
		let credit = |stakers, owner| {
			let (stakers, owner) = (AlphaBalance::new(stakers), AlphaBalance::new(owner));
			credited(|credits| credits.credit(&hot(1), stakers, owner))
		};
		assert_noop!(credit(2, 2), Error::<Test>::Overflow);
		assert_noop!(credit(u64::MAX, 0), Error::<Test>::Overflow);
		assert_noop!(credit(0, u64::MAX), Error::<Test>::Overflow);
		assert_ok!(credit(1, 2));
		assert_eq!(TotalAlphaStaked::<Test>::get(NETUID), AlphaBalance::MAX);
	});
}

#[test]
fn an_owner_and_a_nominator_are_told_apart() {
	run(|| {
		subnet();
		stake(1, 1, TAO);
		stake(2, 1, 3 * TAO);
		let shares = HotkeyShares::<Test>::get(hot(1), NETUID);
		assert_eq!(shares.owner, U64F64::from_integer(TAO));
		assert_eq!(shares.total, U64F64::from_integer(4 * TAO));
		assert!(!Alpha::<Test>::contains_key((hot(1), cold(1), NETUID)));
		assert_ok!(remove(1, 1, u64::MAX));
		assert_eq!((stake_of(1, 1), stake_of(2, 1)), (0, 3 * TAO));
		assert_eq!(HotkeyShares::<Test>::get(hot(1), NETUID).owner, U64F64::ZERO);
		assert!(SubtensorModule::get_stake_info_for_coldkey(&cold(1)).is_empty());
		assert_ok!(remove(2, 1, u64::MAX));
		assert!(!HotkeyShares::<Test>::contains_key(hot(1), NETUID));
	});
}
