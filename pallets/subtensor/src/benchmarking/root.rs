//! Dividends of root claimed; takes.

use super::world::*;
use crate::{MAX_HOTKEYS_PER_COLDKEY, MAX_ROOT_CLAIM_ROWS, MAX_SUBNETS, Pallet as Subtensor, pallet::*};
use alloc::collections::BTreeSet;
use frame_benchmarking::v2::*;
use frame_system::RawOrigin;
use ganglion_primitives::{AccountId32, NetUid, PerU16, RAO_PER_TAO, U64F64, benchmarking::Measured};

/// The benchmarks of this module.
pub struct Pallet<T: Config>(crate::Pallet<T>);

/// What a claimer has on a hotkey on root, in rao.
const STAKE: u64 = 10 * RAO_PER_TAO;
/// An alpha for five rao of stake.
const FIFTH: U64F64 = U64F64::from_bits((1 << 64) / 5);
/// So little that nobody is owed a whole rao of alpha.
const DUST: U64F64 = U64F64::from_bits(1);

/// A coldkey that stakes on so many hotkeys on root; each has a pot of every subnet. The last hotkey's pots owe the
/// coldkey something on `rows` subnets; all others hold dust.
fn claimer<T: Config>(hotkeys: u32, rows: u32) -> (AccountId32, AccountId32) {
	chain::<T>();
	let netuids = subnets::<T>(u32::from(MAX_SUBNETS));
	let coldkey = stranger(1);
	let stake = |number: u32| {
		let (hotkey, owner) = (hotkey(number), self::coldkey(number));
		Subtensor::<T>::associate_hotkey(&owner, &hotkey).expect("the hotkey is free");
		give_root::<T>(&hotkey, &coldkey, STAKE);
		hotkey
	};
	for number in 1..hotkeys {
		pots::<T>(&stake(number), &netuids, DUST);
	}
	let last = stake(hotkeys);
	let (owing, dusty) = netuids.split_at(rows as usize);
	pots::<T>(&last, owing, FIFTH);
	pots::<T>(&last, dusty, DUST);
	(coldkey, last)
}

/// A coldkey that owns a hotkey whose take it may change.
fn taker<T: Config>() -> (AccountId32, AccountId32) {
	chain::<T>();
	let (coldkey, hotkey) = (stranger(1), hotkey(1));
	Subtensor::<T>::associate_hotkey(&coldkey, &hotkey).expect("the hotkey is free");
	Delegates::<T>::insert(&hotkey, PerU16::from_percent(9));
	LastTxBlockDelegateTake::<T>::insert(&hotkey, 1);
	TxDelegateTakeRateLimit::<T>::put(1);
	(coldkey, hotkey)
}

#[benchmarks]
mod benchmarks {
	use super::*;

	/// `h` hotkeys are looked at, and `r` dividends are claimed on the last.
	#[benchmark]
	fn claim_root(
		h: Linear<1, MAX_HOTKEYS_PER_COLDKEY>,
		r: Linear<0, MAX_ROOT_CLAIM_ROWS>,
	) -> Result<(), BenchmarkError> {
		let (coldkey, last) = claimer::<T>(h, r);
		let call = Measured::new(&Call::<T>::claim_root {
			subnets: BTreeSet::new(),
		});
		let done;
		#[block]
		{
			done = call.dispatch(signed::<T>(&coldkey));
		}
		done?;
		let grew = Subtensor::<T>::stake_of(&last, &coldkey, NetUid::ROOT).get() > STAKE;
		assert_eq!(grew, r > 0);
		Ok(())
	}

	#[benchmark]
	fn claim_root_with_hotkey(r: Linear<0, MAX_ROOT_CLAIM_ROWS>) -> Result<(), BenchmarkError> {
		let (coldkey, hotkey) = claimer::<T>(1, r);
		let call = Measured::new(&Call::<T>::claim_root_with_hotkey { hotkey: hotkey.clone() });
		let done;
		#[block]
		{
			done = call.dispatch(signed::<T>(&coldkey));
		}
		done?;
		let grew = Subtensor::<T>::stake_of(&hotkey, &coldkey, NetUid::ROOT).get() > STAKE;
		assert_eq!(grew, r > 0);
		Ok(())
	}

	#[benchmark]
	fn decrease_take() -> Result<(), BenchmarkError> {
		let (coldkey, hotkey) = taker::<T>();
		let take = PerU16::from_percent(8);
		let call = Measured::new(&Call::<T>::decrease_take {
			hotkey: hotkey.clone(),
			take,
		});
		let done;
		#[block]
		{
			done = call.dispatch(signed::<T>(&coldkey));
		}
		done?;
		assert_eq!(Delegates::<T>::get(&hotkey), take);
		Ok(())
	}

	#[benchmark]
	fn increase_take() -> Result<(), BenchmarkError> {
		let (coldkey, hotkey) = taker::<T>();
		let take = PerU16::from_percent(10);
		let call = Measured::new(&Call::<T>::increase_take {
			hotkey: hotkey.clone(),
			take,
		});
		let done;
		#[block]
		{
			done = call.dispatch(signed::<T>(&coldkey));
		}
		done?;
		assert_eq!(Delegates::<T>::get(&hotkey), take);
		Ok(())
	}

	#[benchmark]
	fn sudo_set_root_claim_threshold() -> Result<(), BenchmarkError> {
		chain::<T>();
		let (netuid, new_value) = (NetUid::ROOT, RAO_PER_TAO);
		let call = Measured::new(&Call::<T>::sudo_set_root_claim_threshold { netuid, new_value });
		let done;
		#[block]
		{
			done = call.dispatch(RawOrigin::Root.into());
		}
		done?;
		assert!(RootClaimableThreshold::<T>::contains_key(netuid));
		Ok(())
	}

	impl_benchmark_test_suite!(Pallet, crate::benchmarking::new_test_ext(), crate::mock::Test);
}
