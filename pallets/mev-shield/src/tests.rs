//! What the chain makes of announcements and carriers.

use crate::{envelope::*, mock::*, *};
use frame_support::{
	assert_noop, assert_ok,
	inherent::{InherentData, ProvideInherent},
	traits::Get,
};
use sp_runtime::{
	DispatchError,
	traits::{BadOrigin, Hash},
};

fn inherent_data(key: Vec<u8>) -> InherentData {
	let mut data = InherentData::new();
	data.put_data(INHERENT_IDENTIFIER, &key).unwrap();
	data
}

#[test]
fn the_next_key_is_that_of_the_next_author() {
	run(|| {
		block_announcing(1);
		assert_eq!(NextKey::<Test>::get(), None, "authority 2 has not announced yet");
		block_announcing(2);
		assert_eq!(NextKey::<Test>::get(), None, "authority 0 has not announced yet");
		block_announcing(3);
		assert_eq!(NextKey::<Test>::get(), Some(key(1)));
		block_announcing(4);
		assert_eq!(NextKey::<Test>::get(), Some(key(2)));
		block_announcing(5);
		assert_eq!(NextKey::<Test>::get(), Some(key(3)));
		block_announcing(6);
		assert_eq!(NextKey::<Test>::get(), Some(key(4)), "the newer of authority 1's keys");
	});
}

#[test]
fn a_single_authority_is_shielded_from_its_first_block_on() {
	run(|| {
		Authorities::set(&1);
		for number in 1..=40 {
			block_announcing(number);
			assert_eq!(NextKey::<Test>::get(), Some(key(number)));
		}
		assert_eq!(RecentKeys::<Test>::get().len(), KEY_LIFETIME as usize);
	});
}

#[test]
fn the_turn_of_an_author_that_announced_nothing_is_unshielded() {
	run(|| {
		(1..=3).for_each(block_announcing);
		block_after(1, || ());
		block_announcing(5);
		assert_eq!(NextKey::<Test>::get(), Some(key(3)));
		block_announcing(6);
		assert_eq!(NextKey::<Test>::get(), None);
		block_announcing(7);
		block_announcing(8);
		block_announcing(9);
		assert_eq!(NextKey::<Test>::get(), Some(key(7)), "it announced again");
	});
}

#[test]
fn who_missed_its_turn_may_have_lost_its_key() {
	run(|| {
		(1..=3).for_each(block_announcing);
		// Slot 4 of authority 1 passes without a block.
		block_after(2, || {
			assert_ok!(announce(key(5)));
		});
		block_announcing(6);
		assert_eq!(NextKey::<Test>::get(), None);
	});
}

#[test]
fn after_a_long_pause_nobodys_key_is_left() {
	run(|| {
		(1..=3).for_each(block_announcing);
		block_after(1_000_000_000_000, || {
			assert_eq!(AuthorKeys::<Test>::iter().count(), 0);
		});
		assert_eq!(NextKey::<Test>::get(), None);
	});
}

#[test]
fn a_block_without_authorities_is_a_block() {
	run(|| {
		Authorities::set(&0);
		block_after(1, || {
			assert_noop!(announce(key(1)), Error::<Test>::NoAuthor);
		});
		assert_eq!(NextKey::<Test>::get(), None);
	});
}

#[test]
fn a_carrier_is_accepted_for_as_long_as_its_key_is_recent() {
	run(|| {
		Authorities::set(&1);
		block_announcing(1);
		for number in 2..=17 {
			block_after(1, || {
				assert_ok!(submit(ciphertext(&key(1))));
				let id = <Test as frame_system::Config>::Hashing::hash(&ciphertext(&key(1)));
				System::assert_last_event(Event::EncryptedSubmitted { id, who: 1 }.into());
				assert_ok!(announce(key(number)));
			});
		}
		block_after(1, || {
			assert_noop!(submit(ciphertext(&key(1))), Error::<Test>::UnknownKey);
			assert_ok!(submit(ciphertext(&key(2))));
		});
	});
}

#[test]
fn a_key_is_recent_only_once_it_is_next() {
	run(|| {
		(1..=2).for_each(block_announcing);
		block_after(1, || {
			assert_noop!(submit(ciphertext(&key(1))), Error::<Test>::UnknownKey);
		});
		assert_eq!(NextKey::<Test>::get(), Some(key(1)));
		block_after(1, || {
			assert_ok!(submit(ciphertext(&key(1))));
			assert_noop!(submit(ciphertext(&key(2))), Error::<Test>::UnknownKey);
		});
	});
}

#[test]
fn malformed_ciphertexts_are_refused_by_name() {
	run(|| {
		Authorities::set(&1);
		block_announcing(1);
		block_after(1, || {
			let whole = ciphertext(&key(1));
			for length in [0, 1, 15, 16, 17, 18, 1105, 1129, 1130, 1146] {
				assert_noop!(submit(whole[..length].to_vec()), Error::<Test>::CiphertextTooShort);
			}
			assert_ok!(submit(whole[..1147].to_vec()));
			let mut short_kem = whole.clone();
			short_kem[16..18].copy_from_slice(&1087_u16.to_le_bytes());
			assert_noop!(submit(short_kem), Error::<Test>::BadKemLen);
			// What the SDK estimates fees with.
			assert_noop!(submit(vec![0; MAX_CIPHERTEXT_BYTES as usize]), Error::<Test>::BadKemLen);
			let mut stranger = whole;
			stranger[0] ^= 1;
			assert_noop!(submit(stranger), Error::<Test>::UnknownKey);
		});
	});
}

#[test]
fn only_accounts_submit_and_only_inherents_announce() {
	run(|| {
		Authorities::set(&1);
		block_announcing(1);
		block_after(1, || {
			let carried: Ciphertext = ciphertext(&key(1)).try_into().unwrap();
			for origin in [RuntimeOrigin::none(), RuntimeOrigin::root()] {
				assert_noop!(MevShield::submit_encrypted(origin, carried.clone()), BadOrigin);
			}
			for origin in [RuntimeOrigin::signed(1), RuntimeOrigin::root()] {
				assert_noop!(MevShield::announce_next_key(origin, key(2)), BadOrigin);
			}
		});
	});
}

#[test]
fn bad_announcements_are_refused_by_name() {
	run(|| {
		block_after(1, || {
			let short = EncapsulationKey::try_from(vec![0; ENCAPSULATION_KEY_BYTES - 1]).unwrap();
			assert_noop!(announce(short), Error::<Test>::BadEncKeyLen);
			assert_noop!(announce(Default::default()), Error::<Test>::BadEncKeyLen);
			let none = EncapsulationKey::try_from(vec![0xff; ENCAPSULATION_KEY_BYTES]).unwrap();
			assert_noop!(announce(none), Error::<Test>::BadEncKey);
			assert_ok!(announce(key(1)));
			assert_noop!(announce(key(2)), Error::<Test>::AlreadyAnnounced);
		});
		assert_eq!(AuthorKeys::<Test>::get(1), Some(key(1)));
		block_announcing(2);
	});
}

#[test]
fn the_inherent_is_made_of_a_good_key_only() {
	run(|| {
		let enc_key = key(1);
		let made = MevShield::create_inherent(&inherent_data(enc_key.to_vec()));
		assert_eq!(made, Some(Call::announce_next_key { enc_key }));
		assert!(made.as_ref().is_some_and(MevShield::is_inherent));
		assert_eq!(MevShield::create_inherent(&InherentData::new()), None);
		for bad in [vec![], vec![0; 1183], vec![0; 1185], vec![0xff; 1184]] {
			assert_eq!(MevShield::create_inherent(&inherent_data(bad)), None);
		}
		let mut other_type = InherentData::new();
		other_type.put_data(INHERENT_IDENTIFIER, &7_u64).unwrap();
		assert_eq!(MevShield::create_inherent(&other_type), None);
		let carrier = Call::<Test>::submit_encrypted {
			ciphertext: Default::default(),
		};
		assert!(!MevShield::is_inherent(&carrier));
	});
}

#[test]
fn a_block_without_the_inherent_is_complete() {
	assert!(matches!(
		MevShield::is_inherent_required(&InherentData::new()),
		Ok(None)
	));
}

#[test]
fn errors_have_the_numbers_that_the_sdk_expects() {
	let number = |error: Error<Test>| match DispatchError::from(error) {
		DispatchError::Module(module) => module.error[0],
		_ => u8::MAX,
	};
	assert_eq!(number(Error::BadEncKeyLen), 0);
	assert_eq!(number(Error::UnknownKey), 9);
}

#[test]
fn weights_grow_with_the_turns_that_passed() {
	let one = PalletWeight::<Test>::block(1);
	let many = PalletWeight::<Test>::block(32);
	assert!(many.all_gt(one));
	let database: frame_support::weights::RuntimeDbWeight = <Test as frame_system::Config>::DbWeight::get();
	assert!(many.ref_time() > database.writes(32).ref_time());
	run(|| {
		(1..=3).for_each(block_announcing);
		Slot::set(&(Slot::get() + 2));
		use frame_support::traits::Hooks;
		assert_eq!(MevShield::on_initialize(4), PalletWeight::<Test>::block(2));
	});
}

/// Breaks an invariant and expects its number.
#[track_caller]
fn broken(number: &str, change: impl FnOnce()) {
	run(|| {
		(1..=6).for_each(block_announcing);
		assert_ok!(MevShield::do_try_state());
		change();
		let error = MevShield::do_try_state().unwrap_err();
		let DispatchError::Other(message) = error else {
			panic!("{error:?}");
		};
		assert!(message.starts_with(number), "{message}");
	});
}

#[test]
fn broken_invariants_are_detected() {
	broken("1:", || AuthorKeys::<Test>::insert(3, key(9)));
	broken("1:", || AuthorKeys::<Test>::insert(1, EncapsulationKey::default()));
	broken("2:", NextKey::<Test>::kill);
	broken("2:", || NextKey::<Test>::put(key(9)));
	broken("3:", RecentKeys::<Test>::kill);
	broken("3:", || RecentKeys::<Test>::mutate(|recent| recent.as_mut().reverse()));
	broken("3:", || {
		RecentKeys::<Test>::mutate(|recent| {
			recent.pop();
		})
	});
	broken("3:", || {
		RecentKeys::<Test>::mutate(|recent| recent.iter_mut().for_each(|(_, block)| *block += 1))
	});
	broken("3:", || System::set_block_number(30));
	broken("4:", || Announced::<Test>::put(true));
}
