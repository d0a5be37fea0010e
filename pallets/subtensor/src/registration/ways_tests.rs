//! Tests of what a registration costs, and of the other ways to one: a price limit, work, root.

use super::work::tests::mine;
use crate::{mock::*, *};
use frame_support::{assert_noop, assert_ok};
use ganglion_primitives::{AlphaBalance, NetUid, TaoBalance, U64F64};
use sp_core::H256;

/// Every few hundredth hash meets it.
const DIFFICULTY: u64 = 300;

fn dynamic() -> Hyperparameters {
	Hyperparameters {
		burn: TaoBalance::new(TAO),
		min_burn: TaoBalance::new(TAO / 2),
		max_burn: TaoBalance::new(3 * TAO),
		burn_increase_mult: U64F64::from_integer(2),
		burn_half_life: 10,
		pow_registration_allowed: true,
		difficulty: DIFFICULTY,
		min_difficulty: 2,
		max_difficulty: 1_000,
		..parameters()
	}
}

#[test]
fn the_cost_rises_with_each_registration_and_halves_above_its_floor() {
	run_with(dynamic(), || {
		subnet();
		assert_ok!(try_register(2, NETUID, hot(2)));
		assert_eq!(Burn::<Test>::get(NETUID), TaoBalance::new(2 * TAO));
		assert_ok!(try_register(3, NETUID, hot(3)));
		assert_eq!(
			Burn::<Test>::get(NETUID),
			TaoBalance::new(3 * TAO),
			"not above the largest"
		);
		next_blocks(10);
		let expected = TAO / 2 + (3 * TAO - TAO / 2) / 2;
		let cost = Burn::<Test>::get(NETUID).get();
		assert!(cost <= expected + 1 && cost + 11 >= expected, "{cost}");
		next_blocks(400);
		assert_eq!(
			Burn::<Test>::get(NETUID),
			TaoBalance::new(TAO / 2),
			"not below the smallest"
		);
	});
}

#[test]
fn a_limit_bounds_the_cost() {
	run_with(dynamic(), || {
		subnet();
		let register = |netuid, limit| {
			let call = SubtensorModule::register_limit(signed(cold(2)), netuid, hot(2), limit);
			call.map(|_| ()).map_err(|refusal| refusal.error)
		};
		assert_noop!(register(NETUID, 0), Error::<Test>::RegistrationPriceLimitExceeded);
		assert_noop!(register(NETUID, TAO - 1), Error::<Test>::RegistrationPriceLimitExceeded);
		assert_ok!(register(NETUID, TAO));
		assert_eq!(Uids::<Test>::get(NETUID, hot(2)), Some(1));
		assert_noop!(register(NetUid::new(9), u64::MAX), Error::<Test>::SubnetNotExists);
	});
}

/// A proof that coldkey 2 may register hotkey 2 with, from the block before this one.
fn proof() -> (u64, u64, Vec<u8>) {
	let block = System::block_number() - 1;
	let hash = H256::repeat_byte(7);
	frame_system::BlockHash::<Test>::insert(block, hash);
	let difficulty = Difficulty::<Test>::get(NETUID);
	let (nonce, work) = mine(NETUID, hash.as_bytes(), &hot(2), &cold(2), difficulty);
	(block, nonce, work)
}

fn pow_register(coldkey: u8, proof: (u64, u64, Vec<u8>)) -> sp_runtime::DispatchResult {
	let (block, nonce, work) = proof;
	let call = SubtensorModule::pow_register(signed(cold(coldkey)), NETUID, block, nonce, work, hot(2));
	call.map(|_| ()).map_err(|refusal| refusal.error)
}

#[test]
fn work_registers_without_tao_and_makes_the_next_work_harder() {
	run_with(dynamic(), || {
		subnet();
		next_blocks(3);
		let before = Balances::free_balance(cold(2));
		let difficulty = Difficulty::<Test>::get(NETUID);
		assert_ok!(pow_register(2, proof()));
		assert_eq!(Uids::<Test>::get(NETUID, hot(2)), Some(1));
		assert_eq!(Balances::free_balance(cold(2)), before);
		assert_eq!(Difficulty::<Test>::get(NETUID), (2 * difficulty).min(1_000));
		assert_eq!(
			LastPowRegistrationBlock::<Test>::get(hot(2)),
			Some(System::block_number())
		);
	});
}

#[test]
fn work_is_refused_where_it_is_not_allowed_or_not_what_was_asked_for() {
	run_with(dynamic(), || {
		subnet();
		next_blocks(3);
		let good = proof();
		let (block, nonce, work) = good.clone();
		let mut other = work.clone();
		other[0] ^= 1;
		assert_noop!(pow_register(2, (block, nonce, other)), Error::<Test>::InvalidSeal);
		assert_noop!(pow_register(2, (block, nonce, vec![0; 31])), Error::<Test>::InvalidSeal);
		assert_noop!(pow_register(2, (block, nonce, vec![])), Error::<Test>::InvalidSeal);
		assert_noop!(
			pow_register(2, (block, nonce.wrapping_add(1), work.clone())),
			Error::<Test>::InvalidSeal
		);
		// Nobody else can use it.
		assert_noop!(pow_register(3, good.clone()), Error::<Test>::InvalidSeal);
		for wrong in [block + 1, u64::MAX] {
			assert_noop!(
				pow_register(2, (wrong, nonce, work.clone())),
				Error::<Test>::InvalidWorkBlock
			);
		}
		next_blocks(registration::MAX_WORK_AGE_BLOCKS);
		assert_noop!(pow_register(2, good), Error::<Test>::InvalidWorkBlock);
		let fresh = proof();
		let seal = sp_core::U256::from_little_endian(&fresh.2);
		let harder = (sp_core::U256::MAX / seal).low_u64().saturating_add(1);
		Difficulty::<Test>::insert(NETUID, harder);
		assert_noop!(pow_register(2, fresh.clone()), Error::<Test>::InvalidDifficulty);
		Difficulty::<Test>::insert(NETUID, 2);
		NetworkPowRegistrationAllowed::<Test>::insert(NETUID, false);
		assert_noop!(pow_register(2, fresh), Error::<Test>::SubNetRegistrationDisabled);
	});
}

#[test]
fn a_proof_is_good_for_one_registration() {
	run_with(dynamic(), || {
		subnet();
		next_blocks(3);
		let used = proof();
		LastPowRegistrationBlock::<Test>::insert(hot(2), used.0);
		assert_noop!(pow_register(2, used), Error::<Test>::InvalidWorkBlock);
		next_blocks(1);
		assert_ok!(pow_register(2, proof()));
	});
}

fn root_register(number: u8) -> sp_runtime::DispatchResult {
	let call = SubtensorModule::root_register(signed(cold(number)), hot(number));
	call.map(|_| ()).map_err(|refusal| refusal.error)
}

#[test]
fn root_takes_validators_for_its_burn() {
	run_with(dynamic(), || {
		subnet();
		let before = Balances::free_balance(cold(2));
		assert_ok!(root_register(2));
		assert_eq!(Balances::free_balance(cold(2)), before - TAO);
		assert_eq!(Uids::<Test>::get(NetUid::ROOT, hot(2)), Some(0));
		assert_noop!(root_register(2), Error::<Test>::HotKeyAlreadyRegisteredInSubNet);
		assert_noop!(root_register(99), Error::<Test>::NotEnoughBalanceToStake);
	});
}

#[test]
fn a_full_root_replaces_the_smallest_stake_that_is_not_immune() {
	run(|| {
		subnet();
		MaxAllowedUids::<Test>::insert(NetUid::ROOT, 3);
		for number in 2..=4 {
			assert_ok!(root_register(number));
		}
		assert_noop!(root_register(5), Error::<Test>::NoNeuronIdAvailable);
		next_blocks(u64::from(IMMUNITY));
		for (number, stake) in [(2, 30), (3, 10), (4, 20)] {
			TotalHotkeyAlpha::<Test>::insert(hot(number), NetUid::ROOT, AlphaBalance::new(stake));
		}
		assert_ok!(root_register(5));
		assert_eq!(Uids::<Test>::get(NetUid::ROOT, hot(3)), None);
		assert_eq!(Uids::<Test>::get(NetUid::ROOT, hot(5)), Some(1));
		for number in 2..=4 {
			TotalHotkeyAlpha::<Test>::remove(hot(number), NetUid::ROOT);
		}
	});
}

#[test]
fn as_many_of_the_owners_neurons_as_the_subnet_says_are_never_replaced() {
	let parameters = Hyperparameters {
		immune_owner_uids_limit: 2,
		max_allowed_uids: 4,
		..parameters()
	};
	run_with(parameters, || {
		subnet();
		for number in [11, 12] {
			assert_ok!(try_register(1, NETUID, hot(number)));
		}
		assert_ok!(try_register(4, NETUID, hot(4)));
		next_blocks(u64::from(IMMUNITY));
		Emission::<Test>::mutate(NETUID, |column| {
			for (uid, emission) in [0, 1, 2, 3].into_iter().enumerate() {
				column[uid] = AlphaBalance::new(emission);
			}
		});
		// Uid 0 is the owner's hotkey, uid 1 the owner's oldest other; uid 2 is one too many.
		assert_ok!(try_register(5, NETUID, hot(5)));
		assert_eq!(Uids::<Test>::get(NETUID, hot(12)), None);
		assert_eq!(Uids::<Test>::get(NETUID, hot(5)), Some(2));
	});
}
