//! Tests of identities.

use crate::{mock::*, *};
use codec::Encode;
use frame_support::{assert_noop, assert_ok};
use ganglion_primitives::{ChainIdentityV2, NetUid, SubnetIdentityV3};
use sp_runtime::{DispatchError, DispatchResult};

/// Coldkey `number` says its name, a description and nothing else.
fn say(number: u8, name: &[u8], description: &[u8]) -> DispatchResult {
	let (name, description, nothing) = (name.to_vec(), description.to_vec(), Vec::new);
	SubtensorModule::set_identity(
		signed(cold(number)),
		name,
		nothing(),
		nothing(),
		nothing(),
		nothing(),
		description,
		nothing(),
	)
}

fn say_of_subnet(origin: RuntimeOrigin, netuid: NetUid, name: &[u8], logo: &[u8]) -> DispatchResult {
	let (name, logo, nothing) = (name.to_vec(), logo.to_vec(), Vec::new);
	SubtensorModule::set_subnet_identity(
		origin,
		netuid,
		name,
		nothing(),
		nothing(),
		nothing(),
		nothing(),
		nothing(),
		logo,
		nothing(),
	)
}

#[test]
fn the_owner_of_a_neuron_says_who_they_are_and_takes_it_back() {
	run(|| {
		subnet();
		register(2);
		assert_ok!(say(2, b"two", b"a validator"));
		let stored = IdentitiesV2::<Test>::get(cold(2)).unwrap();
		assert_eq!(stored.name.into_inner(), b"two");
		assert_eq!(stored.description.into_inner(), b"a validator");
		assert!(events().contains(&Event::ChainIdentitySet(cold(2))));

		assert_ok!(say(2, b"second", b""));
		let stored = IdentitiesV2::<Test>::get(cold(2)).unwrap();
		assert_eq!(
			(stored.name.into_inner(), stored.description.len()),
			(b"second".to_vec(), 0)
		);
		assert_ok!(say(2, b"", b""));
		assert_eq!(IdentitiesV2::<Test>::get(cold(2)), None);
	});
}

#[test]
fn a_coldkey_without_a_neuron_says_nothing() {
	run(|| {
		subnet();
		assert_noop!(say(2, b"two", b""), Error::<Test>::HotKeyNotRegisteredInNetwork);
		// Not even with stake on a neuron, or with a hotkey that holds no uid.
		assert_ok!(SubtensorModule::associate_hotkey(&cold(2), &hot(2)));
		assert_noop!(say(2, b"two", b""), Error::<Test>::HotKeyNotRegisteredInNetwork);
		let nobody = SubtensorModule::set_identity(
			RuntimeOrigin::root(),
			vec![],
			vec![],
			vec![],
			vec![],
			vec![],
			vec![],
			vec![],
		);
		assert_noop!(nobody, DispatchError::BadOrigin);
	});
}

#[test]
fn texts_have_bounds_and_are_utf8() {
	run(|| {
		subnet();
		assert_ok!(say(1, &[b'n'; 256], &[b'd'; 1_024]));
		for (name, description) in [
			(vec![b'n'; 257], vec![]),
			(vec![], vec![b'd'; 1_025]),
			(vec![0xc3, 0x28], vec![]),
			(vec![b'n'; 1_000_000], vec![b'd'; 1_000_000]),
		] {
			assert_noop!(say(1, &name, &description), Error::<Test>::InvalidIdentity);
			let of_subnet = say_of_subnet(signed(cold(1)), NETUID, &name, &description);
			assert_noop!(of_subnet, Error::<Test>::InvalidIdentity);
		}
	});
}

#[test]
fn the_owner_or_root_says_what_a_subnet_is() {
	run(|| {
		subnet();
		assert_ok!(say_of_subnet(
			signed(cold(1)),
			NETUID,
			"écho".as_bytes(),
			b"https://x/logo"
		));
		let metagraph = SubtensorModule::get_metagraph(NETUID).unwrap();
		let identity = metagraph.identity.unwrap();
		assert_eq!(identity.subnet_name.into_inner(), "écho".as_bytes());
		assert_eq!(identity.logo_url.into_inner(), b"https://x/logo");
		let name: Vec<u8> = metagraph.name.iter().map(|byte| byte.0).collect();
		assert_eq!(name, "écho".as_bytes());
		assert!(events().contains(&Event::SubnetIdentitySet(NETUID)));

		assert_ok!(say_of_subnet(RuntimeOrigin::root(), NETUID, b"", b""));
		assert_eq!(SubnetIdentitiesV3::<Test>::get(NETUID), None);
		assert!(events().contains(&Event::SubnetIdentityRemoved(NETUID)));
		let metagraph = SubtensorModule::get_metagraph(NETUID).unwrap();
		assert_eq!(metagraph.name, metagraph.symbol);
	});
}

#[test]
fn nobody_else_says_what_a_subnet_is() {
	run(|| {
		subnet();
		let call = |origin, netuid| say_of_subnet(origin, netuid, b"mine", b"");
		assert_noop!(call(signed(cold(2)), NETUID), Error::<Test>::NotSubnetOwner);
		assert_noop!(call(signed(hot(1)), NETUID), Error::<Test>::NotSubnetOwner);
		assert_noop!(call(signed(cold(1)), NetUid::new(9)), Error::<Test>::SubnetNotExists);
		assert_noop!(call(RuntimeOrigin::root(), NetUid::ROOT), Error::<Test>::NotSubnetOwner);
		assert_noop!(call(RuntimeOrigin::none(), NETUID), DispatchError::BadOrigin);
	});
}

#[test]
fn the_metagraph_has_the_identities_of_the_neurons_owners() {
	run(|| {
		subnet();
		register(2);
		assert_ok!(say(2, b"two", b""));
		let identities = SubtensorModule::get_metagraph(NETUID).unwrap().identities;
		let names: Vec<Option<Vec<u8>>> = identities
			.into_iter()
			.map(|identity| identity.map(|identity| identity.name.into_inner()))
			.collect();
		assert_eq!(names, vec![None, Some(b"two".to_vec())]);
	});
}

#[test]
fn a_subnet_may_be_registered_with_its_identity() {
	run(|| {
		let register = |number: u8, identity| {
			SubtensorModule::register_network_with_identity(signed(cold(number)), hot(number), identity)
		};
		let identity = SubnetIdentityV3 {
			subnet_name: b"first".to_vec(),
			..Default::default()
		};
		assert_ok!(register(1, Some(identity.clone())));
		let stored = SubnetIdentitiesV3::<Test>::get(NETUID).map(|stored| stored.encode());
		assert_eq!(stored, Some(identity.encode()));
		assert_ok!(register(2, None));
		assert_eq!(SubnetIdentitiesV3::<Test>::get(NetUid::new(2)), None);
		let too_long = SubnetIdentityV3 {
			subnet_name: vec![b'n'; 257],
			..Default::default()
		};
		assert_noop!(register(3, Some(too_long)), Error::<Test>::InvalidIdentity);
		assert_eq!(
			ChainIdentityV2::<Vec<u8>>::default().bounded(),
			Some(ChainIdentityV2::default())
		);
	});
}
