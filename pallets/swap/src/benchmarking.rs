//! Benchmarks of the call, and of what staking and emission ask of a pool.

use crate::{FeeAuthority, MAX_FEE_RATE, pallet::*, weight_info::WeightInfo};
use frame_benchmarking::v2::*;
use ganglion_primitives::{
	AlphaBalance, NetUid, PriceLimit, RAO_PER_TAO, Reserves, SubnetPools, TaoBalance,
	benchmarking::{Measured, declare},
};

/// The subnet whose pool is traded with. Its number is one that no genesis uses.
const NETUID: NetUid = NetUid::new(100);
/// What is in the pool, and what is traded, in rao.
const RESERVE: u64 = 100_000 * RAO_PER_TAO;
const AMOUNT: u64 = 90_000 * RAO_PER_TAO;

/// A pool whose weights have moved away from one half, so that a trade needs powers.
fn pool<T: Config>() {
	let (tao, alpha) = (TaoBalance::new(RESERVE), AlphaBalance::new(RESERVE));
	Pallet::<T>::open(NETUID, Reserves { tao, alpha }).expect("there is no pool yet");
	let added = Reserves {
		tao: TaoBalance::new(RESERVE / 3),
		alpha: AlphaBalance::ZERO,
	};
	Pallet::<T>::inject(NETUID, added).expect("the pool takes it");
	FeeRate::<T>::insert(NETUID, MAX_FEE_RATE);
}

fn limit(hundredths: u64) -> Option<PriceLimit> {
	Some(PriceLimit::new(TaoBalance::new(RAO_PER_TAO / 100 * hundredths), true))
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn set_fee_rate() -> Result<(), BenchmarkError> {
		let (origin, netuid) = T::FeeOrigin::prepare_for_benchmark(NETUID)?;
		if !Pools::<T>::contains_key(netuid) {
			pool::<T>();
		}
		let rate = 7;
		let call = Measured::new(&Call::<T>::set_fee_rate { netuid, rate });
		let done;
		#[block]
		{
			done = call.dispatch(origin);
		}
		done?;
		assert_eq!(FeeRate::<T>::get(netuid), rate);
		Ok(())
	}

	#[benchmark]
	fn buy() {
		pool::<T>();
		let trade;
		#[block]
		{
			trade = Pallet::<T>::buy(NETUID, TaoBalance::new(AMOUNT), None);
		}
		declare(T::WeightInfo::trade(false));
		assert_eq!(trade.map(|trade| trade.taken), Ok(TaoBalance::new(AMOUNT)));
	}

	#[benchmark]
	fn buy_in_part() {
		pool::<T>();
		let trade;
		#[block]
		{
			trade = Pallet::<T>::buy(NETUID, TaoBalance::new(AMOUNT), limit(110));
		}
		declare(T::WeightInfo::trade(true));
		assert!(trade.is_ok_and(|trade| trade.taken < TaoBalance::new(AMOUNT)));
	}

	#[benchmark]
	fn sell() {
		pool::<T>();
		let trade;
		#[block]
		{
			trade = Pallet::<T>::sell(NETUID, AlphaBalance::new(AMOUNT), None);
		}
		declare(T::WeightInfo::trade(false));
		assert_eq!(trade.map(|trade| trade.taken), Ok(AlphaBalance::new(AMOUNT)));
	}

	#[benchmark]
	fn sell_in_part() {
		pool::<T>();
		let trade;
		#[block]
		{
			trade = Pallet::<T>::sell(NETUID, AlphaBalance::new(AMOUNT), limit(90));
		}
		declare(T::WeightInfo::trade(true));
		assert!(trade.is_ok_and(|trade| trade.taken < AlphaBalance::new(AMOUNT)));
	}

	#[benchmark]
	fn inject() {
		pool::<T>();
		let added = Reserves {
			tao: TaoBalance::new(RAO_PER_TAO),
			alpha: AlphaBalance::new(RAO_PER_TAO / 3),
		};
		BalancerTaoReservoir::<T>::insert(NETUID, TaoBalance::new(RAO_PER_TAO));
		BalancerAlphaReservoir::<T>::insert(NETUID, AlphaBalance::new(RAO_PER_TAO));
		let done;
		#[block]
		{
			done = Pallet::<T>::inject(NETUID, added);
		}
		declare(T::WeightInfo::inject());
		assert_eq!(done, Ok(()));
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::storage(), crate::mock::Test);
}
