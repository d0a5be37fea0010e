//! Stake added, removed and burned.
//!
//! The caller nominates: its stake is a position of its own. On root the hotkey has a dividend from every subnet, which a
//! change of stake settles.

use super::world::*;
use crate::{MAX_SUBNETS, MAX_UNSTAKE_ALL_LEGS, Pallet as Subtensor, pallet::*};
use frame_benchmarking::v2::*;
use ganglion_primitives::{AccountId32, AlphaBalance, NetUid, RAO_PER_TAO, TaoBalance, U64F64, benchmarking::Measured};

/// The benchmarks of this module.
pub struct Pallet<T: Config>(crate::Pallet<T>);

/// What is staked and taken, in rao.
const AMOUNT: u64 = 10 * RAO_PER_TAO;
/// A price that no trade of these benchmarks reaches, in rao of TAO for an alpha.
const HIGH: TaoBalance = TaoBalance::new(RAO_PER_TAO * 100);
/// One that a purchase of all that the caller has passes, so that it is made in part.
const NEAR: TaoBalance = TaoBalance::new(RAO_PER_TAO + RAO_PER_TAO / 7);
/// One that a sale passes.
const BELOW: TaoBalance = TaoBalance::new(RAO_PER_TAO - RAO_PER_TAO / 70);

/// A nominator with as many hotkeys as there is room for, rich; a validator that it nominates on a subnet.
pub(super) fn nominator<T: Config>(stake: u64) -> (AccountId32, AccountId32) {
	chain::<T>();
	let netuid = subnet::<T>();
	neurons::<T>(netuid, 8);
	let (coldkey, hotkey) = (stranger(1), hotkey(1));
	fund::<T>(&coldkey);
	give_alpha::<T>(&hotkey, &self::coldkey(1), netuid, AMOUNT);
	if stake > 0 {
		give_alpha::<T>(&hotkey, &coldkey, netuid, stake);
	}
	fill_staking_hotkeys::<T>(&coldkey);
	(coldkey, hotkey)
}

/// A nominator of a hotkey on root, that has dividends from all subnets.
pub(super) fn root_nominator<T: Config>(hotkey_number: u32) -> (AccountId32, AccountId32) {
	let netuids = match Subtensor::<T>::subnets() {
		known if known.is_empty() => subnets::<T>(u32::from(MAX_SUBNETS)),
		known => known,
	};
	let (coldkey, hotkey) = (stranger(1), hotkey(hotkey_number));
	let owner = self::coldkey(hotkey_number);
	Subtensor::<T>::associate_hotkey(&owner, &hotkey).expect("the hotkey is free");
	fund::<T>(&coldkey);
	give_root::<T>(&hotkey, &owner, AMOUNT);
	give_root::<T>(&hotkey, &coldkey, AMOUNT);
	let third = U64F64::from_bits((1 << 64) / 3);
	pots::<T>(&hotkey, &netuids, third);
	fill_staking_hotkeys::<T>(&coldkey);
	(coldkey, hotkey)
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn add_stake() -> Result<(), BenchmarkError> {
		let (coldkey, hotkey) = nominator::<T>(0);
		let (netuid, amount_staked) = (NETUID, TaoBalance::new(AMOUNT));
		let call = Measured::new(&Call::<T>::add_stake {
			hotkey: hotkey.clone(),
			netuid,
			amount_staked,
		});
		let done;
		#[block]
		{
			done = call.dispatch(signed::<T>(&coldkey));
		}
		done?;
		assert!(!Subtensor::<T>::stake_of(&hotkey, &coldkey, netuid).is_zero());
		Ok(())
	}

	#[benchmark]
	fn add_stake_on_root() -> Result<(), BenchmarkError> {
		chain::<T>();
		let (coldkey, hotkey) = root_nominator::<T>(1);
		let (netuid, amount_staked) = (NetUid::ROOT, TaoBalance::new(AMOUNT));
		let call = Measured::new(&Call::<T>::add_stake {
			hotkey: hotkey.clone(),
			netuid,
			amount_staked,
		});
		let done;
		#[block]
		{
			done = call.dispatch(signed::<T>(&coldkey));
		}
		done?;
		assert_eq!(RootClaims::<T>::get(&hotkey, &coldkey).len(), usize::from(MAX_SUBNETS));
		Ok(())
	}

	#[benchmark]
	fn remove_stake() -> Result<(), BenchmarkError> {
		let (coldkey, hotkey) = nominator::<T>(AMOUNT);
		let (netuid, amount_unstaked) = (NETUID, AlphaBalance::MAX);
		let call = Measured::new(&Call::<T>::remove_stake {
			hotkey: hotkey.clone(),
			netuid,
			amount_unstaked,
		});
		let done;
		#[block]
		{
			done = call.dispatch(signed::<T>(&coldkey));
		}
		done?;
		assert!(Subtensor::<T>::stake_of(&hotkey, &coldkey, netuid).is_zero());
		Ok(())
	}

	/// All of it: what every subnet owes the one who leaves is noted, and their fractions go back to the pots.
	#[benchmark]
	fn remove_stake_from_root() -> Result<(), BenchmarkError> {
		chain::<T>();
		let (coldkey, hotkey) = root_nominator::<T>(1);
		let (netuid, amount_unstaked) = (NetUid::ROOT, AlphaBalance::MAX);
		let call = Measured::new(&Call::<T>::remove_stake {
			hotkey: hotkey.clone(),
			netuid,
			amount_unstaked,
		});
		let done;
		#[block]
		{
			done = call.dispatch(signed::<T>(&coldkey));
		}
		done?;
		assert!(Subtensor::<T>::stake_of(&hotkey, &coldkey, netuid).is_zero());
		assert_eq!(RootClaims::<T>::get(&hotkey, &coldkey).len(), usize::from(MAX_SUBNETS));
		Ok(())
	}

	#[benchmark]
	fn add_stake_limit() -> Result<(), BenchmarkError> {
		let (coldkey, hotkey) = nominator::<T>(0);
		let call = Measured::new(&Call::<T>::add_stake_limit {
			hotkey: hotkey.clone(),
			netuid: NETUID,
			amount_staked: TaoBalance::new(9_000 * RAO_PER_TAO),
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
		Ok(())
	}

	#[benchmark]
	fn remove_stake_limit() -> Result<(), BenchmarkError> {
		let (coldkey, hotkey) = nominator::<T>(AMOUNT);
		let call = Measured::new(&Call::<T>::remove_stake_limit {
			hotkey: hotkey.clone(),
			netuid: NETUID,
			amount_unstaked: AlphaBalance::MAX,
			limit_price: BELOW,
			allow_partial: true,
		});
		let done;
		#[block]
		{
			done = call.dispatch(signed::<T>(&coldkey));
		}
		done?;
		assert!(Subtensor::<T>::stake_of(&hotkey, &coldkey, NETUID).get() < AMOUNT);
		Ok(())
	}

	#[benchmark]
	fn remove_stake_full_limit() -> Result<(), BenchmarkError> {
		let (coldkey, hotkey) = nominator::<T>(AMOUNT);
		let limit_price = Some(TaoBalance::new(1));
		let call = Measured::new(&Call::<T>::remove_stake_full_limit {
			hotkey: hotkey.clone(),
			netuid: NETUID,
			limit_price,
		});
		let done;
		#[block]
		{
			done = call.dispatch(signed::<T>(&coldkey));
		}
		done?;
		assert!(Subtensor::<T>::stake_of(&hotkey, &coldkey, NETUID).is_zero());
		Ok(())
	}

	/// Stake on `l` subnets is sold.
	#[benchmark]
	fn unstake_all(l: Linear<1, { MAX_UNSTAKE_ALL_LEGS as u32 }>) -> Result<(), BenchmarkError> {
		let (coldkey, hotkey) = nominator::<T>(AMOUNT);
		for netuid in subnets::<T>(l - 1) {
			give_alpha::<T>(&hotkey, &coldkey, netuid, AMOUNT);
		}
		let call = Measured::new(&Call::<T>::unstake_all { hotkey: hotkey.clone() });
		let done;
		#[block]
		{
			done = call.dispatch(signed::<T>(&coldkey));
		}
		done?;
		assert!(Subtensor::<T>::stake_of(&hotkey, &coldkey, NETUID).is_zero());
		Ok(())
	}

	/// Stake on `l` subnets is sold, and staked on root, where the hotkey has dividends.
	#[benchmark]
	fn unstake_all_alpha(l: Linear<1, { MAX_UNSTAKE_ALL_LEGS as u32 }>) -> Result<(), BenchmarkError> {
		chain::<T>();
		let (coldkey, hotkey) = root_nominator::<T>(1);
		for netuid in Subtensor::<T>::subnets().into_iter().take(l as usize) {
			give_alpha::<T>(&hotkey, &coldkey, netuid, AMOUNT);
		}
		let call = Measured::new(&Call::<T>::unstake_all_alpha { hotkey: hotkey.clone() });
		let done;
		#[block]
		{
			done = call.dispatch(signed::<T>(&coldkey));
		}
		done?;
		assert!(Subtensor::<T>::stake_of(&hotkey, &coldkey, NETUID).is_zero());
		assert!(Subtensor::<T>::stake_of(&hotkey, &coldkey, NetUid::ROOT).get() > AMOUNT);
		Ok(())
	}

	#[benchmark]
	fn recycle_alpha() -> Result<(), BenchmarkError> {
		let (coldkey, hotkey) = nominator::<T>(AMOUNT);
		let (netuid, amount) = (NETUID, AlphaBalance::MAX);
		let call = Measured::new(&Call::<T>::recycle_alpha {
			hotkey: hotkey.clone(),
			amount,
			netuid,
		});
		let done;
		#[block]
		{
			done = call.dispatch(signed::<T>(&coldkey));
		}
		done?;
		assert!(Subtensor::<T>::stake_of(&hotkey, &coldkey, netuid).is_zero());
		Ok(())
	}

	#[benchmark]
	fn burn_alpha() -> Result<(), BenchmarkError> {
		let (coldkey, hotkey) = nominator::<T>(AMOUNT);
		let (netuid, amount) = (NETUID, AlphaBalance::MAX);
		let call = Measured::new(&Call::<T>::burn_alpha { hotkey, amount, netuid });
		let done;
		#[block]
		{
			done = call.dispatch(signed::<T>(&coldkey));
		}
		done?;
		assert!(SubnetAlphaBurned::<T>::get(netuid).get() >= AMOUNT - 1);
		Ok(())
	}

	#[benchmark]
	fn add_stake_burn() -> Result<(), BenchmarkError> {
		let (coldkey, hotkey) = nominator::<T>(AMOUNT);
		let (amount, limit) = (TaoBalance::new(AMOUNT), Some(HIGH));
		let call = Measured::new(&Call::<T>::add_stake_burn {
			hotkey,
			netuid: NETUID,
			amount,
			limit,
		});
		let done;
		#[block]
		{
			done = call.dispatch(signed::<T>(&coldkey));
		}
		done?;
		assert!(!SubnetAlphaBurned::<T>::get(NETUID).is_zero());
		Ok(())
	}

	#[benchmark]
	fn try_associate_hotkey() -> Result<(), BenchmarkError> {
		let (coldkey, _) = nominator::<T>(AMOUNT);
		let hotkey = hotkey(5_000);
		let call = Measured::new(&Call::<T>::try_associate_hotkey { hotkey: hotkey.clone() });
		let done;
		#[block]
		{
			done = call.dispatch(signed::<T>(&coldkey));
		}
		done?;
		assert_eq!(Subtensor::<T>::coldkey_of(&hotkey), Some(coldkey));
		Ok(())
	}

	impl_benchmark_test_suite!(Pallet, crate::benchmarking::new_test_ext(), crate::mock::Test);
}
