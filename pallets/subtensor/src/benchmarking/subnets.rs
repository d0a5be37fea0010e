//! Subnets registered, started, dissolved and described.

use super::world::*;
use crate::{Authority, MAX_HOTKEYS_PER_COLDKEY, MAX_SUBNETS, Pallet as Subtensor, TypedSubnetIdentity, pallet::*};
use alloc::{vec, vec::Vec};
use frame_benchmarking::v2::*;
use frame_support::BoundedVec;
use frame_system::RawOrigin;
use ganglion_primitives::{AccountId32, NetUid, benchmarking::Measured};

/// The benchmarks of this module.
pub struct Pallet<T: Config>(crate::Pallet<T>);

/// A text that fits into any field of an identity.
fn text() -> Vec<u8> {
	vec![b'x'; 256]
}

/// The longest identity of a subnet.
fn identity() -> TypedSubnetIdentity {
	TypedSubnetIdentity {
		subnet_name: text(),
		github_repo: text(),
		subnet_contact: text(),
		subnet_url: text(),
		discord: text(),
		description: vec![b'x'; 1_024],
		logo_url: vec![b'x'; 1_024],
		additional: vec![b'x'; 1_024],
	}
}

/// Somebody rich with a hotkey, on a chain with so many subnets.
fn founder<T: Config>(count: u16) -> (AccountId32, AccountId32) {
	chain::<T>();
	subnets::<T>(u32::from(count));
	let coldkey = stranger(1);
	fund::<T>(&coldkey);
	fill_staking_hotkeys::<T>(&coldkey);
	(coldkey, hotkey(1))
}

#[benchmarks]
mod benchmarks {
	use super::*;

	/// The last subnet that there is room for.
	#[benchmark]
	fn register_network() -> Result<(), BenchmarkError> {
		let (coldkey, hotkey) = founder::<T>(MAX_SUBNETS - 1);
		let call = Measured::new(&Call::<T>::register_network { hotkey: hotkey.clone() });
		let done;
		#[block]
		{
			done = call.dispatch(signed::<T>(&coldkey));
		}
		done?;
		assert_eq!(SubnetOwnerHotkey::<T>::get(NetUid::new(MAX_SUBNETS)), hotkey);
		Ok(())
	}

	/// One more than there is room for: another one has to go.
	#[benchmark]
	fn register_network_instead() -> Result<(), BenchmarkError> {
		let (coldkey, hotkey) = founder::<T>(MAX_SUBNETS);
		let call = Measured::new(&Call::<T>::register_network { hotkey });
		let done;
		#[block]
		{
			done = call.dispatch(signed::<T>(&coldkey));
		}
		done?;
		assert_eq!(NetworkRegistrationQueue::<T>::get().len(), 1);
		assert_eq!(DissolveCleanupQueue::<T>::get().len(), 1);
		Ok(())
	}

	#[benchmark]
	fn register_network_with_identity() -> Result<(), BenchmarkError> {
		let (coldkey, hotkey) = founder::<T>(MAX_SUBNETS - 1);
		let identity = Some(identity());
		let call = Measured::new(&Call::<T>::register_network_with_identity { hotkey, identity });
		let done;
		#[block]
		{
			done = call.dispatch(signed::<T>(&coldkey));
		}
		done?;
		assert!(SubnetIdentitiesV3::<T>::contains_key(NetUid::new(MAX_SUBNETS)));
		Ok(())
	}

	#[benchmark]
	fn dissolve_network() -> Result<(), BenchmarkError> {
		chain::<T>();
		let netuids = subnets::<T>(u32::from(MAX_SUBNETS));
		DissolveCleanupQueue::<T>::put(BoundedVec::truncate_from(vec![
			NetUid::ROOT;
			usize::from(MAX_SUBNETS) - 1
		]));
		let netuid = netuids[7];
		let coldkey = owner(netuid);
		let call = Measured::new(&Call::<T>::dissolve_network {
			coldkey: coldkey.clone(),
			netuid,
		});
		let done;
		#[block]
		{
			done = call.dispatch(signed::<T>(&coldkey));
		}
		done?;
		assert!(!NetworksAdded::<T>::get(netuid));
		Ok(())
	}

	#[benchmark]
	fn root_dissolve_network() -> Result<(), BenchmarkError> {
		chain::<T>();
		let netuids = subnets::<T>(u32::from(MAX_SUBNETS));
		DissolveCleanupQueue::<T>::put(BoundedVec::truncate_from(vec![
			NetUid::ROOT;
			usize::from(MAX_SUBNETS) - 1
		]));
		let netuid = netuids[7];
		let call = Measured::new(&Call::<T>::root_dissolve_network { netuid });
		let done;
		#[block]
		{
			done = call.dispatch(RawOrigin::Root.into());
		}
		done?;
		assert!(!NetworksAdded::<T>::get(netuid));
		Ok(())
	}

	#[benchmark]
	fn start_call() -> Result<(), BenchmarkError> {
		chain::<T>();
		let netuid = unstarted::<T>();
		let call = Measured::new(&Call::<T>::start_call { netuid });
		let done;
		#[block]
		{
			done = call.dispatch(signed::<T>(&owner(netuid)));
		}
		done?;
		assert!(SubtokenEnabled::<T>::get(netuid));
		Ok(())
	}

	/// Of all hotkeys of the coldkey, only the last holds a uid.
	#[benchmark]
	fn set_identity() -> Result<(), BenchmarkError> {
		chain::<T>();
		let netuid = subnet::<T>();
		let coldkey = stranger(1);
		for number in 0..MAX_HOTKEYS_PER_COLDKEY {
			Subtensor::<T>::associate_hotkey(&coldkey, &hotkey(number)).expect("there is room");
		}
		Subtensor::<T>::append_neuron(netuid, &hotkey(MAX_HOTKEYS_PER_COLDKEY - 1)).expect("there is room");
		let call = Measured::new(&Call::<T>::set_identity {
			name: text(),
			url: text(),
			github_repo: text(),
			image: vec![b'x'; 1_024],
			discord: text(),
			description: vec![b'x'; 1_024],
			additional: vec![b'x'; 1_024],
		});
		let done;
		#[block]
		{
			done = call.dispatch(signed::<T>(&coldkey));
		}
		done?;
		assert!(IdentitiesV2::<T>::contains_key(&coldkey));
		Ok(())
	}

	#[benchmark]
	fn set_subnet_identity() -> Result<(), BenchmarkError> {
		chain::<T>();
		let netuid = subnet::<T>();
		let TypedSubnetIdentity {
			subnet_name,
			github_repo,
			subnet_contact,
			subnet_url,
			discord,
			description,
			logo_url,
			additional,
		} = identity();
		let call = Measured::new(&Call::<T>::set_subnet_identity {
			netuid,
			subnet_name,
			github_repo,
			subnet_contact,
			subnet_url,
			discord,
			description,
			logo_url,
			additional,
		});
		let done;
		#[block]
		{
			done = call.dispatch(signed::<T>(&owner(netuid)));
		}
		done?;
		assert!(SubnetIdentitiesV3::<T>::contains_key(netuid));
		Ok(())
	}

	#[benchmark]
	fn update_symbol() -> Result<(), BenchmarkError> {
		chain::<T>();
		let netuid = subnets::<T>(u32::from(MAX_SUBNETS))[0];
		// The last letter of the catalog.
		let symbol = "ⵥ".as_bytes().to_vec();
		let call = Measured::new(&Call::<T>::update_symbol {
			netuid,
			symbol: symbol.clone(),
		});
		let done;
		#[block]
		{
			done = call.dispatch(signed::<T>(&owner(netuid)));
		}
		done?;
		assert_eq!(TokenSymbol::<T>::get(netuid).into_inner(), symbol);
		Ok(())
	}

	#[benchmark]
	fn set_tempo() -> Result<(), BenchmarkError> {
		chain::<T>();
		let netuid = subnet::<T>();
		let tempo = 500;
		let call = Measured::new(&Call::<T>::set_tempo { netuid, tempo });
		let done;
		#[block]
		{
			done = call.dispatch(signed::<T>(&owner(netuid)));
		}
		done?;
		assert_eq!(Tempo::<T>::get(netuid), tempo);
		Ok(())
	}

	#[benchmark]
	fn trigger_epoch() -> Result<(), BenchmarkError> {
		chain::<T>();
		let netuid = subnet::<T>();
		BlocksSinceLastStep::<T>::insert(netuid, 10_000);
		assert_eq!(Subtensor::<T>::ensure_not_frozen(Authority::Owner, netuid), Ok(()));
		let call = Measured::new(&Call::<T>::trigger_epoch { netuid });
		let done;
		#[block]
		{
			done = call.dispatch(signed::<T>(&owner(netuid)));
		}
		done?;
		assert_eq!(PendingEpochAt::<T>::get(netuid), u64::from(BLOCK) + 1);
		Ok(())
	}

	impl_benchmark_test_suite!(Pallet, crate::benchmarking::new_test_ext(), crate::mock::Test);
}
