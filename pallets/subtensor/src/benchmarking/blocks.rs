//! The start of a block: emission, epochs, payouts. And, beside the weights, what a client's largest question takes.

use super::world::*;
use crate::{
	MAX_SUBNETS, MAX_VALIDATORS_PER_SUBNET, PAYMENTS_PER_BLOCK, Paid, Pallet as Subtensor, Payment, Payout, pallet::*,
};
use alloc::vec::Vec;
use codec::Encode;
use frame_benchmarking::v2::*;
use frame_support::BoundedVec;
use ganglion_primitives::{AlphaBalance, NetUid, RAO_PER_TAO, benchmarking::declare};
use yuma::{EpochOutput, Workspace};

/// The benchmarks of this module.
pub struct Pallet<T: Config>(crate::Pallet<T>);

/// A subnet of so many neurons, so many of which validate, with weight rows and bond rows of so many entries; all of it is
/// pending what a tempo brings. Each validator has stake on root and pots of every other subnet.
fn before_epoch<T: Config>(neurons: u16, validators: u16, row: u16) -> NetUid {
	chain::<T>();
	let netuids = subnets::<T>(u32::from(MAX_SUBNETS));
	let netuid = netuids[0];
	self::neurons::<T>(netuid, neurons);
	let validators = validators.min(neurons - 1);
	self::validators::<T>(netuid, validators);
	for number in 1..=u32::from(validators) {
		give_root::<T>(&hotkey(number), &coldkey(number), RAO_PER_TAO + u64::from(number));
		pots::<T>(
			&hotkey(number),
			&netuids,
			ganglion_primitives::U64F64::from_bits(1 << 60),
		);
	}
	weight_rows::<T>(netuid, 0..validators + 1, row);
	bond_rows::<T>(netuid, validators, row);
	let pending = AlphaBalance::new(400 * RAO_PER_TAO);
	PendingServerEmission::<T>::insert(netuid, pending);
	PendingValidatorEmission::<T>::insert(netuid, pending);
	PendingRootAlphaDivs::<T>::insert(netuid, pending);
	PendingOwnerCut::<T>::insert(netuid, pending);
	SubnetAlphaOut::<T>::mutate(netuid, |total| {
		*total = total.saturating_add(AlphaBalance::new(1_600 * RAO_PER_TAO))
	});
	netuid
}

#[benchmarks]
mod benchmarks {
	use super::*;

	/// The start of a block with `s` subnets, none of which has an epoch.
	#[benchmark]
	fn begin_block(s: Linear<0, { MAX_SUBNETS as u32 }>) {
		chain::<T>();
		let netuids = subnets::<T>(s);
		for netuid in &netuids {
			SubnetTaoFlow::<T>::insert(netuid, 1_000_000_000_i64);
			RegistrationsThisBlock::<T>::insert(netuid, 1);
		}
		give_root_stake::<T>();
		let weight;
		#[block]
		{
			weight = Subtensor::<T>::begin_block();
		}
		declare(weight);
		assert!(
			netuids
				.iter()
				.all(|netuid| !PendingServerEmission::<T>::get(netuid).is_zero())
		);
	}

	/// An epoch of `n` neurons and `v` validators, with rows of `r` weights and bonds.
	#[benchmark]
	fn epoch(n: Linear<16, 4_096>, v: Linear<1, { MAX_VALIDATORS_PER_SUBNET as u32 }>, r: Linear<1, 4_096>) {
		let netuid = before_epoch::<T>(n as u16, v as u16, r as u16);
		let weight;
		#[block]
		{
			weight = Subtensor::<T>::run_epoch(netuid, &mut Workspace::default(), &mut EpochOutput::default());
		}
		declare(weight);
		assert_eq!(SubnetEpochIndex::<T>::get(netuid), 1);
		let earns = Emission::<T>::get(netuid).iter().any(|emission| !emission.is_zero());
		// A row of one entry is a validator's opinion of itself.
		assert!(earns || r == 1);
	}

	/// A page of `p` payments that was put aside.
	#[benchmark]
	fn payout(p: Linear<1, PAYMENTS_PER_BLOCK>) {
		chain::<T>();
		let netuid = subnet::<T>();
		neurons::<T>(netuid, MOST_UIDS);
		let each = AlphaBalance::new(RAO_PER_TAO);
		let payments: Vec<Payment> = (1..=p)
			.map(|number| {
				give_alpha::<T>(&hotkey(number), &coldkey(number), netuid, RAO_PER_TAO);
				Payment {
					hotkey: hotkey(number),
					stakers: each,
					take: each,
					server: each,
				}
			})
			.collect();
		UnpaidPayments::<T>::insert(netuid, 3, BoundedVec::truncate_from(payments));
		let all = AlphaBalance::new(10_000 * RAO_PER_TAO);
		PendingServerEmission::<T>::insert(netuid, all);
		SubnetAlphaOut::<T>::mutate(netuid, |total| *total = total.saturating_add(all));
		UnpaidEmission::<T>::insert(
			netuid,
			Payout {
				epoch: 1,
				emission: all,
				paid: Paid::default(),
				next_page: 3,
				pages: 4,
			},
		);
		let others = (1..=MAX_SUBNETS).rev().map(NetUid::new).collect();
		OpenPayouts::<T>::put(BoundedVec::truncate_from(others));
		let weight;
		#[block]
		{
			weight = Subtensor::<T>::pay_page(netuid);
		}
		declare(weight);
		assert!(!UnpaidEmission::<T>::contains_key(netuid));
		assert_eq!(TotalHotkeyAlpha::<T>::get(hotkey(p), netuid).get(), 4 * RAO_PER_TAO);
	}

	/// What the runtime API answers about a subnet of `n` neurons. Nobody is charged for it.
	#[benchmark(extra)]
	fn get_metagraph(n: Linear<16, 4_096>) {
		let netuid = before_epoch::<T>(n as u16, 64, 64);
		let bytes;
		#[block]
		{
			bytes = Subtensor::<T>::get_metagraph(netuid).encode();
		}
		assert!(bytes.len() > 64 * n as usize);
	}

	impl_benchmark_test_suite!(Pallet, crate::benchmarking::new_test_ext(), crate::mock::Test);
}

/// Stake on root, so that it takes part in the emission.
fn give_root_stake<T: Config>() {
	Subtensor::<T>::associate_hotkey(&coldkey(1), &hotkey(1)).expect("the hotkey is free");
	give_root::<T>(&hotkey(1), &coldkey(1), 1_000 * RAO_PER_TAO);
}
