//! Opening, recognising and waiting, with what the SDK makes and with what an attacker may.

use super::{
	Shield,
	carrier::{self, NotCarried},
	keys::{KEPT_KEYS, KeyRing},
	missed::{MAX_WAIT, MAX_WAITING, MAX_WAITING_OF_SENDER},
	pool::{Candidate, Opening},
};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce, aead::Aead};
use codec::{Compact, Encode};
use ganglion_runtime::{AccountId, Hash, RuntimeCall, Signature, UncheckedExtrinsic};
use ml_kem::ml_kem_768::DecapsulationKey;
use pallet_mev_shield::{
	Call,
	envelope::{ENCAPSULATION_KEY_BYTES, KEM_CIPHERTEXT_BYTES, NONCE_BYTES, is_encapsulation_key, key_hash},
};
use sc_transaction_pool_api::{InPoolTransaction, ReadyTransactions};
use sp_keyring::Sr25519Keyring;
use sp_runtime::{
	OpaqueExtrinsic,
	transaction_validity::{TransactionLongevity, TransactionPriority, TransactionTag},
};
use std::sync::Arc;

/// What bittensor 11.3.0's `encrypt_mlkem768(key, b"an inner extrinsic", include_key_hash=True)` made for the key of
/// [`sdk_seed`].
const SDK_CIPHERTEXT: &str = include_str!("sdk_ciphertext.hex");

/// The bytes 0 to 63.
fn sdk_seed() -> [u8; 64] {
	std::array::from_fn(|index| index as u8)
}

fn sdk_ciphertext() -> Vec<u8> {
	sp_core::bytes::from_hex(SDK_CIPHERTEXT.trim()).unwrap()
}

/// A key ring with the key that the SDK encrypted to.
fn sdk_ring() -> KeyRing {
	let mut ring = KeyRing::default();
	ring.add(sdk_seed());
	ring
}

/// A shield with the key of this seed, as after an announcement.
fn shield(seed: u8) -> Arc<Shield> {
	let shield = Shield::default();
	super::lock(&shield.keys).add([seed; 64]);
	Arc::new(shield)
}

/// Encrypts as the SDK does, to the key of a seed.
fn encrypt(seed: u8, plaintext: &[u8]) -> Vec<u8> {
	let secret = DecapsulationKey::from_seed([seed; 64].into());
	let public = secret.encapsulation_key();
	let (kem, shared) = public.encapsulate_deterministic(&[7; 32].into());
	let nonce = [9; NONCE_BYTES];
	let cipher = XChaCha20Poly1305::new_from_slice(&shared).unwrap();
	let mut bytes = key_hash(&ml_kem::KeyExport::to_bytes(public)).to_vec();
	bytes.extend((KEM_CIPHERTEXT_BYTES as u16).to_le_bytes());
	bytes.extend_from_slice(&kem);
	bytes.extend(nonce);
	bytes.extend(cipher.encrypt(XNonce::from_slice(&nonce), plaintext).unwrap());
	bytes
}

/// A transaction that looks signed; whether it is, is the runtime's business.
fn signed(nonce: u32, call: RuntimeCall) -> OpaqueExtrinsic {
	signed_by(Sr25519Keyring::Alice.to_account_id(), nonce, call)
}

fn signed_by(signer: AccountId, nonce: u32, call: RuntimeCall) -> OpaqueExtrinsic {
	let extension = ganglion_runtime::extension(nonce, 0);
	let signature = Signature::Sr25519(sp_core::sr25519::Signature::from_raw([1; 64]));
	opaque(UncheckedExtrinsic::new_signed(
		call,
		signer.into(),
		signature,
		extension,
	))
}

fn opaque(extrinsic: UncheckedExtrinsic) -> OpaqueExtrinsic {
	OpaqueExtrinsic::try_from_encoded_extrinsic(&extrinsic.encode()).unwrap()
}

fn remark(bytes: Vec<u8>) -> RuntimeCall {
	RuntimeCall::System(frame_system::Call::remark { remark: bytes })
}

fn submit(ciphertext: Vec<u8>) -> RuntimeCall {
	RuntimeCall::MevShield(Call::submit_encrypted {
		ciphertext: ciphertext.try_into().unwrap(),
	})
}

fn batch(calls: Vec<RuntimeCall>) -> RuntimeCall {
	RuntimeCall::Utility(pallet_utility::Call::batch { calls })
}

/// A carrier of this transaction to the key of a seed.
fn carry(seed: u8, nonce: u32, inner: &OpaqueExtrinsic) -> OpaqueExtrinsic {
	signed(nonce, submit(encrypt(seed, &inner.encode())))
}

#[test]
fn what_the_sdk_encrypts_is_opened() {
	let opened = sdk_ring().open(&sdk_ciphertext()).unwrap().unwrap();
	assert_eq!(opened, b"an inner extrinsic");
}

#[test]
fn a_changed_ciphertext_is_refused_wherever_it_is_changed() {
	let ring = sdk_ring();
	let whole = sdk_ciphertext();
	for index in (0..whole.len()).step_by(7).chain(0..20).chain([whole.len() - 1]) {
		let mut changed = whole.clone();
		changed[index] ^= 1;
		match ring.open(&changed) {
			None => assert!(index < 18, "byte {index} names no key and no length"),
			Some(opened) => assert!(opened.is_err(), "byte {index} is not protected"),
		}
	}
	for length in (0..whole.len()).step_by(13) {
		assert!(!matches!(ring.open(&whole[..length]), Some(Ok(_))), "{length} bytes");
	}
}

#[test]
fn generated_keys_are_what_the_chain_accepts_and_all_different() {
	let mut ring = KeyRing::default();
	let (first, second) = (ring.generate().unwrap(), ring.generate().unwrap());
	assert_eq!(first.len(), ENCAPSULATION_KEY_BYTES);
	assert!(is_encapsulation_key(&first) && is_encapsulation_key(&second));
	assert_ne!(first, second);
}

#[test]
fn old_keys_are_forgotten_but_not_too_early() {
	let mut ring = sdk_ring();
	for seed in 1..KEPT_KEYS {
		ring.add([seed as u8; 64]);
		assert!(ring.open(&sdk_ciphertext()).is_some(), "after {seed} further keys");
	}
	ring.add([0; 64]);
	assert!(ring.open(&sdk_ciphertext()).is_none());
}

#[test]
fn carriers_are_recognised_and_nothing_else() {
	let ciphertext = encrypt(1, b"anything");
	assert_eq!(
		carrier::ciphertext(&signed(0, submit(ciphertext.clone()))).map(|(_, carried)| carried),
		Some(ciphertext.clone())
	);
	let bare = opaque(UncheckedExtrinsic::new_bare(submit(ciphertext.clone())));
	assert_eq!(carrier::ciphertext(&bare), None);
	assert_eq!(carrier::ciphertext(&signed(0, batch(vec![submit(ciphertext)]))), None);
	assert_eq!(carrier::ciphertext(&signed(0, remark(vec![0; 2000]))), None);
	for bytes in [vec![], vec![0; 2000], vec![0xff; 2000], vec![0x84; 100_000]] {
		assert_eq!(carrier::ciphertext(&OpaqueExtrinsic::from_blob(bytes)), None);
	}
}

#[test]
fn only_signed_transactions_are_carried() {
	let inner = signed(1, remark(vec![1]));
	assert_eq!(carrier::inner(&inner.encode()), Ok(inner.clone()));
	let bare = UncheckedExtrinsic::new_bare(remark(vec![1]));
	assert_eq!(carrier::inner(&bare.encode()), Err(NotCarried::Unsigned));
	let announcement = UncheckedExtrinsic::new_bare(RuntimeCall::MevShield(Call::announce_next_key {
		enc_key: Default::default(),
	}));
	assert_eq!(carrier::inner(&announcement.encode()), Err(NotCarried::Unsigned));
	let second = carry(1, 1, &inner);
	assert_eq!(carrier::inner(&second.encode()), Err(NotCarried::Carrier));
}

#[test]
fn plaintexts_that_are_no_transactions_are_refused() {
	let inner = signed(1, remark(vec![1])).encode();
	let mut longer = inner.clone();
	longer.push(0);
	let mut lying = Compact(u32::MAX).encode();
	lying.extend(&inner);
	for plaintext in [vec![], vec![0], b"an inner extrinsic".to_vec(), longer, lying] {
		assert_eq!(
			carrier::inner(&plaintext),
			Err(NotCarried::Undecodable),
			"{plaintext:?}"
		);
	}
	for length in 0..inner.len() {
		assert_eq!(
			carrier::inner(&inner[..length]),
			Err(NotCarried::Undecodable),
			"{length} bytes"
		);
	}
}

#[test]
fn calls_nested_without_end_do_not_exhaust_the_stack() {
	let template = signed(1, remark(vec![]));
	let head = &template.inner()[..template.inner().len() - remark(vec![]).encode().len()];
	// Each of them is a batch of one call, which is three bytes before the call.
	let one = batch(vec![]).encode();
	let mut body = head.to_vec();
	for _ in 0..2_300 {
		body.extend(&one[..2]);
		body.extend(Compact(1_u32).encode());
	}
	body.extend(remark(vec![]).encode());
	assert_eq!(
		carrier::inner(&OpaqueExtrinsic::from_blob(body).encode()),
		Err(NotCarried::Undecodable)
	);
	let shallow = signed(1, batch(vec![batch(vec![batch(vec![remark(vec![1])])])]));
	assert_eq!(carrier::inner(&shallow.encode()), Ok(shallow));
}

/// A transaction of a pool.
struct Pooled {
	data: Arc<OpaqueExtrinsic>,
	hash: Hash,
}

impl InPoolTransaction for Pooled {
	type Transaction = Arc<OpaqueExtrinsic>;
	type Hash = Hash;

	fn data(&self) -> &Self::Transaction {
		&self.data
	}

	fn hash(&self) -> &Hash {
		&self.hash
	}

	fn priority(&self) -> &TransactionPriority {
		&0
	}

	fn longevity(&self) -> &TransactionLongevity {
		&0
	}

	fn requires(&self) -> &[TransactionTag] {
		&[]
	}

	fn provides(&self) -> &[TransactionTag] {
		&[]
	}

	fn is_propagable(&self) -> bool {
		true
	}
}

/// The ready transactions of a pool, which skips none.
struct Ready(std::vec::IntoIter<Arc<Pooled>>);

impl Iterator for Ready {
	type Item = Arc<Pooled>;

	fn next(&mut self) -> Option<Self::Item> {
		self.0.next()
	}
}

impl ReadyTransactions for Ready {
	fn report_invalid(&mut self, _: &Self::Item) {}
}

/// What block production sees of a pool with these transactions.
fn opening(shield: &Arc<Shield>, pool: &[OpaqueExtrinsic]) -> Opening<Pooled> {
	let pooled: Vec<_> = pool
		.iter()
		.map(|extrinsic| {
			Arc::new(Pooled {
				data: Arc::new(extrinsic.clone()),
				hash: carrier::hash(extrinsic),
			})
		})
		.collect();
	Opening::new(Box::new(Ready(pooled.into_iter())), shield.clone())
}

/// The transactions in the order in which they would be put into a block.
fn proposed(shield: &Arc<Shield>, pool: &[OpaqueExtrinsic]) -> Vec<OpaqueExtrinsic> {
	opening(shield, pool)
		.map(|candidate| (**candidate.data()).clone())
		.collect()
}

#[test]
fn what_is_carried_comes_right_behind_its_carrier() {
	let shield = shield(1);
	let (first, second) = (signed(1, remark(vec![1])), signed(3, remark(vec![2])));
	let other = signed(9, remark(vec![3]));
	let pool = [carry(1, 0, &first), other.clone(), carry(1, 2, &second)];
	let expected = [pool[0].clone(), first, other, pool[2].clone(), second];
	assert_eq!(proposed(&shield, &pool), expected);
}

#[test]
fn somebody_elses_carriers_stay_closed() {
	let inner = signed(1, remark(vec![1]));
	let pool = [carry(2, 0, &inner)];
	assert_eq!(proposed(&shield(1), &pool), pool);
}

#[test]
fn a_carrier_that_stays_outside_keeps_what_it_carries() {
	let shield = shield(1);
	let inner = signed(1, remark(vec![1]));
	let mut opening = opening(&shield, &[carry(1, 0, &inner)]);
	let carrier = opening.next().unwrap();
	opening.report_invalid(&carrier);
	assert!(opening.next().is_none());
}

#[test]
fn opened_transactions_are_not_for_the_network() {
	let shield = shield(1);
	let inner = signed(1, remark(vec![1]));
	let mut opening = opening(&shield, &[carry(1, 0, &inner)]);
	assert!(opening.next().unwrap().is_propagable());
	let opened = opening.next().unwrap();
	assert!(matches!(*opened, Candidate::Opened(..)));
	assert!(!opened.is_propagable());
	assert_eq!(*opened.hash(), carrier::hash(&inner));
}

#[test]
fn what_missed_its_block_is_in_this_nodes_next_one() {
	let shield = shield(1);
	let inner = signed(1, remark(vec![1]));
	let carrier = carry(1, 0, &inner);
	shield.imported(5, std::slice::from_ref(&carrier));
	// Another import of the same block changes nothing.
	shield.imported(5, &[carrier]);
	let other = signed(0, remark(vec![2]));
	assert_eq!(proposed(&shield, std::slice::from_ref(&other)), [inner.clone(), other]);
	shield.imported(6, &[inner]);
	assert!(shield.waiting().is_empty());
}

#[test]
fn what_is_in_the_carriers_block_does_not_wait() {
	let shield = shield(1);
	let inner = signed(1, remark(vec![1]));
	shield.imported(5, &[carry(1, 0, &inner), inner]);
	assert!(shield.waiting().is_empty());
}

#[test]
fn nothing_waits_for_ever() {
	let shield = shield(1);
	let inner = signed(1, remark(vec![1]));
	shield.imported(5, &[carry(1, 0, &inner)]);
	shield.imported(5 + MAX_WAIT - 1, &[]);
	assert_eq!(shield.waiting(), std::slice::from_ref(&inner));
	shield.imported(5 + MAX_WAIT, &[]);
	assert!(shield.waiting().is_empty());

	shield.imported(50, &[carry(1, 0, &inner)]);
	shield.refuse([carrier::hash(&inner)].iter());
	assert!(shield.waiting().is_empty());
	// Its carrier's block does not bring it back.
	shield.imported(50, &[carry(1, 0, &inner)]);
	assert!(shield.waiting().is_empty());
}

#[test]
fn only_so_many_wait() {
	let shield = shield(1);
	let carriers = |sender: u8| {
		(0..10).map(move |number| {
			let inner = signed(1_000 * u32::from(sender) + number, remark(vec![1]));
			signed_by(AccountId::new([sender; 32]), 0, submit(encrypt(1, &inner.encode())))
		})
	};
	let of_one: Vec<_> = carriers(0).collect();
	shield.imported(5, &of_one);
	assert_eq!(shield.waiting().len(), MAX_WAITING_OF_SENDER);
	let of_many: Vec<_> = (1..=40).flat_map(carriers).collect();
	shield.imported(5, &of_many);
	assert_eq!(shield.waiting().len(), MAX_WAITING);
}
