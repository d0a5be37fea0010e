//! Stake moved to another hotkey, subnet or coldkey.

use super::{
	staking::{nominator, root_nominator},
	world::*,
};
use crate::{MAX_SUBNETS, Pallet as Subtensor, pallet::*};
use frame_benchmarking::v2::*;
use ganglion_primitives::{AccountId32, AlphaBalance, NetUid, RAO_PER_TAO, TaoBalance, benchmarking::Measured};

/// The benchmarks of this module.
pub struct Pallet<T: Config>(crate::Pallet<T>);

/// What is staked and moved, in rao.
const AMOUNT: u64 = 10 * RAO_PER_TAO;
/// The subnet where to, and the hotkey where to.
const THERE: NetUid = NetUid::new(2);
/// An exchange rate that a move of the whole amount passes, in rao for a unit.
const NEAR: TaoBalance = TaoBalance::new(RAO_PER_TAO - RAO_PER_TAO / 30);

/// A nominator with stake on subnet 1, a second hotkey, and a second subnet.
fn mover<T: Config>() -> (AccountId32, AccountId32) {
	let (coldkey, hotkey) = nominator::<T>(AMOUNT);
	subnet::<T>();
	give_alpha::<T>(&self::hotkey(2), &self::coldkey(2), THERE, AMOUNT);
	(coldkey, hotkey)
}

/// Whoever is given stake, on as many hotkeys as others may give it.
fn recipient<T: Config>() -> AccountId32 {
	let coldkey = stranger(2);
	fill_staking_hotkeys::<T>(&coldkey);
	StakingHotkeys::<T>::mutate(&coldkey, |hotkeys| hotkeys.truncate(crate::MAX_HOTKEYS_FROM_OTHERS - 1));
	coldkey
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn move_stake() -> Result<(), BenchmarkError> {
		let (coldkey, origin_hotkey) = mover::<T>();
		let call = Measured::new(&Call::<T>::move_stake {
			origin_hotkey,
			destination_hotkey: hotkey(2),
			origin_netuid: NETUID,
			destination_netuid: THERE,
			alpha_amount: AlphaBalance::MAX,
		});
		let done;
		#[block]
		{
			done = call.dispatch(signed::<T>(&coldkey));
		}
		done?;
		assert!(!Subtensor::<T>::stake_of(&hotkey(2), &coldkey, THERE).is_zero());
		Ok(())
	}

	/// Both hotkeys have dividends from every subnet.
	#[benchmark]
	fn move_stake_on_root() -> Result<(), BenchmarkError> {
		chain::<T>();
		root_nominator::<T>(2);
		let (coldkey, origin_hotkey) = root_nominator::<T>(1);
		let call = Measured::new(&Call::<T>::move_stake {
			origin_hotkey,
			destination_hotkey: hotkey(2),
			origin_netuid: NetUid::ROOT,
			destination_netuid: NetUid::ROOT,
			alpha_amount: AlphaBalance::MAX,
		});
		let done;
		#[block]
		{
			done = call.dispatch(signed::<T>(&coldkey));
		}
		done?;
		assert!(Subtensor::<T>::stake_of(&hotkey(1), &coldkey, NetUid::ROOT).is_zero());
		assert_eq!(
			RootClaims::<T>::get(hotkey(2), &coldkey).len(),
			usize::from(MAX_SUBNETS)
		);
		Ok(())
	}

	#[benchmark]
	fn move_stake_limit() -> Result<(), BenchmarkError> {
		let (coldkey, origin_hotkey) = mover::<T>();
		let call = Measured::new(&Call::<T>::move_stake_limit {
			origin_hotkey,
			destination_hotkey: hotkey(2),
			origin_netuid: NETUID,
			destination_netuid: THERE,
			alpha_amount: AlphaBalance::MAX,
			limit_price: NEAR,
			allow_partial: true,
		});
		let done;
		#[block]
		{
			done = call.dispatch(signed::<T>(&coldkey));
		}
		done?;
		assert!(!Subtensor::<T>::stake_of(&hotkey(1), &coldkey, NETUID).is_zero());
		assert!(!Subtensor::<T>::stake_of(&hotkey(2), &coldkey, THERE).is_zero());
		Ok(())
	}

	#[benchmark]
	fn swap_stake() -> Result<(), BenchmarkError> {
		let (coldkey, hotkey) = mover::<T>();
		let call = Measured::new(&Call::<T>::swap_stake {
			hotkey: hotkey.clone(),
			origin_netuid: NETUID,
			destination_netuid: THERE,
			alpha_amount: AlphaBalance::MAX,
		});
		let done;
		#[block]
		{
			done = call.dispatch(signed::<T>(&coldkey));
		}
		done?;
		assert!(!Subtensor::<T>::stake_of(&hotkey, &coldkey, THERE).is_zero());
		Ok(())
	}

	#[benchmark]
	fn swap_stake_limit() -> Result<(), BenchmarkError> {
		let (coldkey, hotkey) = mover::<T>();
		let call = Measured::new(&Call::<T>::swap_stake_limit {
			hotkey: hotkey.clone(),
			origin_netuid: NETUID,
			destination_netuid: THERE,
			alpha_amount: AlphaBalance::MAX,
			limit_price: NEAR,
			allow_partial: true,
		});
		let done;
		#[block]
		{
			done = call.dispatch(signed::<T>(&coldkey));
		}
		done?;
		assert!(!Subtensor::<T>::stake_of(&hotkey, &coldkey, NETUID).is_zero());
		assert!(!Subtensor::<T>::stake_of(&hotkey, &coldkey, THERE).is_zero());
		Ok(())
	}

	#[benchmark]
	fn transfer_stake() -> Result<(), BenchmarkError> {
		let (coldkey, hotkey) = mover::<T>();
		let destination_coldkey = recipient::<T>();
		let call = Measured::new(&Call::<T>::transfer_stake {
			destination_coldkey: destination_coldkey.clone(),
			hotkey: hotkey.clone(),
			origin_netuid: NETUID,
			destination_netuid: THERE,
			alpha_amount: AlphaBalance::MAX,
		});
		let done;
		#[block]
		{
			done = call.dispatch(signed::<T>(&coldkey));
		}
		done?;
		assert!(!Subtensor::<T>::stake_of(&hotkey, &destination_coldkey, THERE).is_zero());
		Ok(())
	}

	#[benchmark]
	fn transfer_stake_and_hotkey() -> Result<(), BenchmarkError> {
		let (coldkey, origin_hotkey) = mover::<T>();
		let destination_coldkey = recipient::<T>();
		let call = Measured::new(&Call::<T>::transfer_stake_and_hotkey {
			destination_coldkey: destination_coldkey.clone(),
			origin_hotkey,
			destination_hotkey: hotkey(2),
			origin_netuid: NETUID,
			destination_netuid: THERE,
			alpha_amount: AlphaBalance::MAX,
		});
		let done;
		#[block]
		{
			done = call.dispatch(signed::<T>(&coldkey));
		}
		done?;
		assert!(!Subtensor::<T>::stake_of(&hotkey(2), &destination_coldkey, THERE).is_zero());
		Ok(())
	}

	/// From root to root, to another coldkey on another hotkey.
	#[benchmark]
	fn transfer_stake_and_hotkey_on_root() -> Result<(), BenchmarkError> {
		chain::<T>();
		root_nominator::<T>(2);
		let (coldkey, origin_hotkey) = root_nominator::<T>(1);
		let destination_coldkey = recipient::<T>();
		let call = Measured::new(&Call::<T>::transfer_stake_and_hotkey {
			destination_coldkey: destination_coldkey.clone(),
			origin_hotkey,
			destination_hotkey: hotkey(2),
			origin_netuid: NetUid::ROOT,
			destination_netuid: NetUid::ROOT,
			alpha_amount: AlphaBalance::MAX,
		});
		let done;
		#[block]
		{
			done = call.dispatch(signed::<T>(&coldkey));
		}
		done?;
		assert!(!Subtensor::<T>::stake_of(&hotkey(2), &destination_coldkey, NetUid::ROOT).is_zero());
		Ok(())
	}

	impl_benchmark_test_suite!(Pallet, crate::benchmarking::new_test_ext(), crate::mock::Test);
}
