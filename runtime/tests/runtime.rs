//! The runtime as a node sees it: presets that build, transactions that apply, fees that the right account pays.

mod common;

use codec::Encode;
use frame_support::traits::fungible::Inspect;
use ganglion_primitives::NetUid;
use ganglion_runtime::{
	AccountId, Balance, Balances, Executive, Header, Runtime, RuntimeCall, RuntimeOrigin, SubtensorModule, System,
	Timestamp, UncheckedExtrinsic, configs::SLOT_DURATION_MS, extension, genesis,
};
use sp_consensus_aura::{AURA_ENGINE_ID, Slot};
use sp_keyring::Sr25519Keyring;
use sp_runtime::{ApplyExtrinsicResult, Digest, DigestItem, generic::SignedPayload, traits::Header as _};

const NETUID: NetUid = NetUid::new(1);

/// Runs `test` inside block 1 of a development chain.
fn in_block(test: impl FnOnce()) {
	let mut externalities = sp_io::TestExternalities::new(common::storage("development"));
	externalities.execute_with(|| {
		let slot = Slot::from(1);
		let digest = Digest {
			logs: vec![DigestItem::PreRuntime(AURA_ENGINE_ID, slot.encode())],
		};
		Executive::initialize_block(&Header::new(
			1,
			Default::default(),
			Default::default(),
			System::block_hash(0),
			digest,
		));
		Timestamp::set(RuntimeOrigin::none(), SLOT_DURATION_MS).unwrap();
		test();
	});
}

/// Signs and applies a call without a tip.
fn apply(signer: Sr25519Keyring, call: RuntimeCall) -> ApplyExtrinsicResult {
	apply_with_tip(signer, call, 0)
}

/// Signs and applies a call.
fn apply_with_tip(signer: Sr25519Keyring, call: RuntimeCall, tip: Balance) -> ApplyExtrinsicResult {
	let extension = extension(System::account_nonce(signer.to_account_id()), tip);
	let payload = SignedPayload::new(call, extension).unwrap();
	let signature = payload.using_encoded(|bytes| signer.sign(bytes));
	let (call, extension, _) = payload.deconstruct();
	Executive::apply_extrinsic(UncheckedExtrinsic::new_signed(
		call,
		signer.to_account_id().into(),
		signature.into(),
		extension,
	))
}

fn serve_axon() -> RuntimeCall {
	RuntimeCall::SubtensorModule(pallet_subtensor::Call::serve_axon {
		netuid: NETUID,
		version: 1,
		ip: 0x7f00_0001,
		port: 9091,
		ip_type: 4,
		protocol: 4,
		placeholder1: 0,
		placeholder2: 0,
	})
}

/// A subnet whose owner's hotkey has no TAO.
fn register_subnet(coldkey: &AccountId, hotkey: &AccountId) {
	SubtensorModule::register_network(RuntimeOrigin::signed(coldkey.clone()), hotkey.clone()).unwrap();
}

#[test]
fn both_presets_build_a_valid_state() {
	for preset in genesis::preset_names() {
		let mut externalities = sp_io::TestExternalities::new(common::storage(preset.as_ref()));
		externalities.execute_with(|| {
			assert!(Balances::total_issuance() > 0, "{preset}");
			assert!(pallet_sudo::Key::<Runtime>::get().is_some(), "{preset}");
		});
	}
	assert!(genesis::preset(&"no-such-preset".into()).is_none());
}

#[test]
fn a_hotkey_without_tao_signs_and_its_coldkey_pays() {
	let (coldkey, hotkey) = (
		Sr25519Keyring::Alice.to_account_id(),
		Sr25519Keyring::One.to_account_id(),
	);
	in_block(|| {
		register_subnet(&coldkey, &hotkey);
		assert_eq!(Balances::balance(&hotkey), 0);
		let before = Balances::balance(&coldkey);
		apply(Sr25519Keyring::One, serve_axon()).unwrap().unwrap();
		let fee = before - Balances::balance(&coldkey);
		assert!(fee > 0);
		assert_eq!(Balances::balance(&hotkey), 0);
		assert_eq!(System::account_nonce(&hotkey), 1);
	});
}

#[test]
fn other_calls_are_paid_by_their_signer() {
	let (coldkey, hotkey) = (
		Sr25519Keyring::Alice.to_account_id(),
		Sr25519Keyring::One.to_account_id(),
	);
	in_block(|| {
		register_subnet(&coldkey, &hotkey);
		let before = Balances::balance(&coldkey);
		let remark = RuntimeCall::System(frame_system::Call::remark { remark: vec![1] });
		assert!(apply(Sr25519Keyring::One, remark.clone()).is_err());
		assert_eq!(Balances::balance(&coldkey), before);
		apply(Sr25519Keyring::Alice, remark).unwrap().unwrap();
		assert!(Balances::balance(&coldkey) < before);
	});
}

#[test]
fn a_stranger_without_tao_cannot_make_anybody_pay() {
	in_block(|| {
		assert!(apply(Sr25519Keyring::Two, serve_axon()).is_err());
	});
}

#[test]
fn a_hotkey_cannot_spend_its_coldkeys_tao_on_tips() {
	let (coldkey, hotkey) = (
		Sr25519Keyring::Alice.to_account_id(),
		Sr25519Keyring::One.to_account_id(),
	);
	in_block(|| {
		register_subnet(&coldkey, &hotkey);
		let before = Balances::balance(&coldkey);
		assert!(apply_with_tip(Sr25519Keyring::One, serve_axon(), 1).is_err());
		assert_eq!(Balances::balance(&coldkey), before);
	});
}
