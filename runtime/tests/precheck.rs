//! What the pool refuses before it is in a block, and what it does not.

mod common;

use codec::Encode;
use ganglion_primitives::{NetUid, TaoBalance};
use ganglion_runtime::{
	AccountId, Executive, Runtime, RuntimeCall, RuntimeOrigin, SubtensorModule, System, UncheckedExtrinsic, extension,
};
use pallet_subtensor::{Call, TotalHotkeyAlpha};
use sp_keyring::Sr25519Keyring::{self, Alice, Bob};
use sp_runtime::{
	generic::SignedPayload,
	transaction_validity::{
		InvalidTransaction, TransactionSource, TransactionValidity, TransactionValidityError, ValidTransaction,
	},
};

const NOWHERE: NetUid = NetUid::new(77);

fn account(key: Sr25519Keyring) -> AccountId {
	key.to_account_id()
}

/// Runs a test on a development chain on which Alice owns Bob as a hotkey.
fn run(test: impl FnOnce()) {
	sp_io::TestExternalities::new(common::storage("development")).execute_with(|| {
		SubtensorModule::try_associate_hotkey(RuntimeOrigin::signed(account(Alice)), account(Bob)).unwrap();
		test();
	});
}

fn validity(signer: Sr25519Keyring, call: Call<Runtime>, source: TransactionSource) -> TransactionValidity {
	let call = RuntimeCall::SubtensorModule(call);
	let payload = SignedPayload::new(call, extension(System::account_nonce(account(signer)), 0)).unwrap();
	let signature = payload.using_encoded(|bytes| signer.sign(bytes));
	let (call, extension, _) = payload.deconstruct();
	let transaction = UncheckedExtrinsic::new_signed(call, account(signer).into(), signature.into(), extension);
	Executive::validate_transaction(source, transaction, System::block_hash(0))
}

fn from_outside(signer: Sr25519Keyring, call: Call<Runtime>) -> Result<ValidTransaction, InvalidTransaction> {
	validity(signer, call, TransactionSource::External).map_err(|error| match error {
		TransactionValidityError::Invalid(invalid) => invalid,
		TransactionValidityError::Unknown(unknown) => panic!("{unknown:?}"),
	})
}

fn add_stake(netuid: NetUid, rao: u64) -> Call<Runtime> {
	Call::add_stake {
		hotkey: account(Bob),
		netuid,
		amount_staked: TaoBalance::new(rao),
	}
}

fn pow_register(netuid: NetUid) -> Call<Runtime> {
	Call::pow_register {
		netuid,
		work_block: 0,
		nonce: 0,
		work: vec![0; 32],
		hotkey: account(Bob),
	}
}

#[test]
fn a_reason_with_a_number_comes_back_at_once() {
	run(|| {
		let refused = |call| from_outside(Alice, call).unwrap_err();
		assert_eq!(
			refused(add_stake(NOWHERE, 1_000_000_000)),
			InvalidTransaction::Custom(3)
		);
		assert_eq!(refused(add_stake(NetUid::ROOT, 1)), InvalidTransaction::Custom(1));
		assert_eq!(
			refused(add_stake(NetUid::ROOT, u64::MAX)),
			InvalidTransaction::Custom(2)
		);
	});
}

#[test]
fn a_reason_without_a_number_refuses_only_what_is_free() {
	run(|| {
		// Weights cannot be set on root: the sender pays to be told why.
		let weights = Call::set_weights {
			netuid: NetUid::ROOT,
			dests: vec![0],
			weights: vec![1],
			version_key: 0,
		};
		assert!(from_outside(Alice, weights).is_ok());
		let free = from_outside(Alice, pow_register(NetUid::ROOT));
		assert_eq!(free.unwrap_err(), InvalidTransaction::Custom(255));
	});
}

#[test]
fn what_is_tried_is_taken_back() {
	run(|| {
		let valid = from_outside(Alice, add_stake(NetUid::ROOT, 1_000_000_000));
		assert!(valid.is_ok(), "{valid:?}");
		assert!(TotalHotkeyAlpha::<Runtime>::get(account(Bob), NetUid::ROOT).is_zero());
	});
}

#[test]
fn nothing_is_tried_in_a_block_nor_for_who_cannot_pay() {
	run(|| {
		let call = || add_stake(NOWHERE, 1_000_000_000);
		assert!(validity(Alice, call(), TransactionSource::InBlock).is_ok());
		let poor = Sr25519Keyring::Charlie;
		let all = RuntimeOrigin::signed(account(poor));
		ganglion_runtime::Balances::transfer_all(all, account(Alice).into(), false).unwrap();
		assert_eq!(from_outside(poor, call()).unwrap_err(), InvalidTransaction::Payment);
	});
}
