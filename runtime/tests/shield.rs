//! Shielded transactions in the runtime: announcements are inherents, carriers are ordinary paid transactions.

mod common;

use codec::Encode;
use frame_support::traits::fungible::Inspect;
use ganglion_runtime::{
	Balances, Executive, Header, MevShield, Runtime, RuntimeCall, RuntimeOrigin, SafeMode, System, Timestamp,
	UncheckedExtrinsic, configs::SLOT_DURATION_MS, extension,
};
use pallet_mev_shield::{AuthorKeys, Call, Error, NextKey, envelope::*};
use sp_consensus_aura::{AURA_ENGINE_ID, Slot};
use sp_inherents::InherentData;
use sp_keyring::Sr25519Keyring;
use sp_runtime::{
	ApplyExtrinsicResult, Digest, DigestItem,
	generic::SignedPayload,
	traits::Header as _,
	transaction_validity::{InvalidTransaction, TransactionSource, TransactionValidityError},
};

/// A preset's chain before its first block.
fn chain(preset: &str) -> sp_io::TestExternalities {
	common::storage(preset).into()
}

/// Makes the block of this number in the slot of the same number.
fn block(number: u32, content: impl FnOnce()) {
	let digest = Digest {
		logs: vec![DigestItem::PreRuntime(
			AURA_ENGINE_ID,
			Slot::from(u64::from(number)).encode(),
		)],
	};
	let parent = System::block_hash(number.saturating_sub(1));
	let header = Header::new(number, Default::default(), Default::default(), parent, digest);
	Executive::initialize_block(&header);
	Timestamp::set(RuntimeOrigin::none(), SLOT_DURATION_MS * u64::from(number)).unwrap();
	content();
	Executive::finalize_block();
}

fn key(number: u8) -> Vec<u8> {
	let mut key = vec![0; ENCAPSULATION_KEY_BYTES];
	key[ENCAPSULATION_KEY_BYTES - 1] = number;
	key
}

fn announcement(number: u8) -> UncheckedExtrinsic {
	UncheckedExtrinsic::new_bare(RuntimeCall::MevShield(Call::announce_next_key {
		enc_key: key(number).try_into().unwrap(),
	}))
}

/// Sends a ciphertext of the right shape to a key, as Alice.
fn submit(key: &[u8]) -> ApplyExtrinsicResult {
	let mut ciphertext = key_hash(key).to_vec();
	ciphertext.extend((KEM_CIPHERTEXT_BYTES as u16).to_le_bytes());
	ciphertext.extend([2; KEM_CIPHERTEXT_BYTES + NONCE_BYTES + TAG_BYTES + 100]);
	let call = RuntimeCall::MevShield(Call::submit_encrypted {
		ciphertext: ciphertext.try_into().unwrap(),
	});
	let signer = Sr25519Keyring::Alice;
	let extension = extension(System::account_nonce(signer.to_account_id()), 0);
	let payload = SignedPayload::new(call.clone(), extension.clone()).unwrap();
	let signature = payload.using_encoded(|bytes| signer.sign(bytes));
	Executive::apply_extrinsic(UncheckedExtrinsic::new_signed(
		call,
		signer.to_account_id().into(),
		signature.into(),
		extension,
	))
}

#[test]
fn the_development_chain_is_shielded_after_its_first_block() {
	chain("development").execute_with(|| {
		block(1, || Executive::apply_extrinsic(announcement(1)).unwrap().unwrap());
		assert_eq!(NextKey::<Runtime>::get().unwrap().into_inner(), key(1));
		block(2, || ());
		assert_eq!(NextKey::<Runtime>::get(), None, "its author announced nothing");
	});
}

#[test]
fn three_authorities_take_turns() {
	chain(sp_genesis_builder::LOCAL_TESTNET_RUNTIME_PRESET).execute_with(|| {
		let charlie = Sr25519Keyring::Charlie.public();
		for number in 1..=9_u8 {
			block(number.into(), || {
				Executive::apply_extrinsic(announcement(number)).unwrap().unwrap();
			});
			let next = NextKey::<Runtime>::get().map(|next| next.into_inner());
			assert_eq!(next, number.checked_sub(2).filter(|turn| *turn > 0).map(key));
		}
		// Charlie is the third, whose last slot was the eighth.
		assert_eq!(
			AuthorKeys::<Runtime>::get(sp_consensus_aura::sr25519::AuthorityId::from(charlie))
				.unwrap()
				.into_inner(),
			key(8)
		);
	});
}

#[test]
fn the_sender_of_a_carrier_pays_for_its_weight_and_length() {
	let alice = Sr25519Keyring::Alice.to_account_id();
	chain("development").execute_with(|| {
		block(1, || Executive::apply_extrinsic(announcement(1)).unwrap().unwrap());
		block(2, || {
			let before = Balances::balance(&alice);
			submit(&key(1)).unwrap().unwrap();
			let fee = before - Balances::balance(&alice);
			// A hundred rao a byte, and the weight.
			assert!(fee > 120_000, "{fee}");
			assert_eq!(System::account_nonce(&alice), 1);

			let refused = submit(&key(9)).unwrap().unwrap_err();
			assert_eq!(refused, Error::<Runtime>::UnknownKey.into());
			assert_eq!(System::account_nonce(&alice), 2, "what is refused is paid for too");
		});
	});
}

#[test]
fn announcements_come_from_authors_only() {
	chain("development").execute_with(|| {
		block(1, || {
			let validity =
				Executive::validate_transaction(TransactionSource::External, announcement(1), System::block_hash(0));
			assert_eq!(
				validity.unwrap_err(),
				TransactionValidityError::Invalid(InvalidTransaction::MandatoryValidation)
			);
			Executive::apply_extrinsic(announcement(1)).unwrap().unwrap();
			// A second one makes the block invalid.
			assert_eq!(
				Executive::apply_extrinsic(announcement(2)).unwrap_err(),
				TransactionValidityError::Invalid(InvalidTransaction::BadMandatory)
			);
		});
	});
}

#[test]
fn authors_make_blocks_in_safe_mode_and_users_wait() {
	chain("development").execute_with(|| {
		block(1, || SafeMode::force_enter(RuntimeOrigin::root()).unwrap());
		block(2, || {
			Executive::apply_extrinsic(announcement(1)).unwrap().unwrap();
			let refused = submit(&key(1)).unwrap().unwrap_err();
			assert_eq!(refused, frame_system::Error::<Runtime>::CallFiltered.into());
		});
		block(3, || SafeMode::force_exit(RuntimeOrigin::root()).unwrap());
		block(4, || {
			let refused = submit(&key(9)).unwrap().unwrap_err();
			assert_eq!(refused, Error::<Runtime>::UnknownKey.into(), "the call is made again");
		});
	});
}

#[test]
fn a_block_is_complete_without_an_announcement() {
	use frame_support::inherent::ProvideInherent;
	chain("development").execute_with(|| {
		assert_eq!(MevShield::create_inherent(&InherentData::new()), None);
		assert!(matches!(
			MevShield::is_inherent_required(&InherentData::new()),
			Ok(None)
		));
	});
}
