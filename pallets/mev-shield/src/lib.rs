//! The pallet named `MevShield`: transactions that nobody can read before they are in a block.
//!
//! # Bird's-eye view
//!
//! 1. The author of each block announces a fresh ML-KEM-768 encapsulation key with an inherent
//!    ([`Call::announce_next_key`]). It holds for the author's next turn.
//! 2. At the end of a block, [`NextKey`] becomes the key of the authority whose turn is next; `None` where that authority
//!    announced none in its last turn, or missed it.
//! 3. A client signs its transaction with its next nonce but one, encrypts it to [`NextKey`] ([`envelope`] has the
//!    layout), and sends the ciphertext in [`Call::submit_encrypted`] with its next nonce.
//! 4. The author decrypts what it takes from its pool, and puts each inner transaction right behind its carrier. That is
//!    the node's part; the chain sees two ordinary transactions, and validates and charges both as such.
//!
//! The pallet checks of a carrier what can be checked without the secret key: its shape, and that it is encrypted to one
//! of the keys that [`NextKey`] held in the last [`KEY_LIFETIME`] blocks.
//!
//! A block without announcement is valid: a node without keys follows the chain, and may make blocks. Its turns are
//! unshielded then.
//!
//! A carrier counts only as a transaction of its own. Inside a batch or behind a proxy nobody opens it; the inner
//! transaction may use both.
//!
//! # Invariants
//!
//! 1. Keys are stored for authorities only, and are ML-KEM-768 encapsulation keys.
//! 2. Between blocks, [`NextKey`] is the key of the authority whose turn is next.
//! 3. [`RecentKeys`] are in the order of their blocks, none older than [`KEY_LIFETIME`]; [`NextKey`] is the last of them.
//! 4. Between blocks, no announcement is marked as made.

#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(
	not(test),
	deny(
		clippy::arithmetic_side_effects,
		clippy::indexing_slicing,
		clippy::unwrap_used,
		clippy::expect_used,
		clippy::float_arithmetic
	)
)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
#[allow(
	clippy::arithmetic_side_effects,
	clippy::indexing_slicing,
	clippy::unwrap_used,
	clippy::expect_used,
	reason = "what benchmarks set up never runs on a chain"
)]
pub mod benchmarking;
pub mod envelope;
pub mod weight_info;

mod try_state;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

pub use pallet::*;
pub use weight_info::{PalletWeight, WeightInfo};

use envelope::{ENCAPSULATION_KEY_BYTES, Envelope, KeyHash, MAX_CIPHERTEXT_BYTES, Malformed};
use sp_inherents::InherentIdentifier;

/// Blocks for which a ciphertext to a key is accepted after the key was in [`NextKey`]. The SDK's shielded transactions
/// live for eight.
pub const KEY_LIFETIME: u32 = 16;

/// Names the author's new encapsulation key, a `Vec<u8>`, among a block's inherent data.
pub const INHERENT_IDENTIFIER: InherentIdentifier = *b"shieldky";

/// The order in which authorities make blocks.
pub trait Turns<AuthorityId> {
	/// The slot of this block.
	fn slot() -> u64;
	/// After how many slots the order repeats itself: the number of authorities.
	fn round() -> u32;
	/// The authority whose turn a slot is; `None` if there are no authorities.
	fn authority(slot: u64) -> Option<AuthorityId>;
	/// Lets so many authorities take turns, in a slot far from the first; for benchmarks.
	#[cfg(feature = "runtime-benchmarks")]
	fn prepare_for_benchmark(authorities: u32);
}

/// The pallet.
#[frame_support::pallet]
#[allow(clippy::expect_used, reason = "FRAME's expansion")]
pub mod pallet {
	use super::*;
	use alloc::vec::Vec;
	use frame_support::pallet_prelude::*;
	use frame_system::pallet_prelude::*;
	use sp_inherents::{InherentData, MakeFatalError};
	use sp_runtime::traits::Hash;

	/// An ML-KEM-768 encapsulation key.
	pub type EncapsulationKey = BoundedVec<u8, ConstU32<{ ENCAPSULATION_KEY_BYTES as u32 }>>;
	/// A shielded transaction.
	pub type Ciphertext = BoundedVec<u8, ConstU32<MAX_CIPHERTEXT_BYTES>>;

	/// The version of this pallet's storage layout.
	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	/// The pallet's storage and calls.
	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// What the pallet needs of the runtime. [`Turns`] has to know this block's slot before this pallet's
	/// `on_initialize`.
	#[pallet::config]
	pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
		/// Names an authority.
		type AuthorityId: Parameter + Member + MaxEncodedLen;

		/// Whose turn it is.
		type Turns: Turns<Self::AuthorityId>;

		/// Weights of the calls and of the per-block work.
		type WeightInfo: WeightInfo;
	}

	/// The encapsulation key of the authority that is to make the next block; `None`: its turn is unshielded.
	#[pallet::storage]
	pub type NextKey<T: Config> = StorageValue<_, EncapsulationKey, OptionQuery>;

	/// What each authority announced in its last turn. At most one for each authority.
	#[pallet::storage]
	pub type AuthorKeys<T: Config> =
		StorageMap<_, Twox64Concat, <T as Config>::AuthorityId, EncapsulationKey, OptionQuery>;

	/// The keys that [`NextKey`] held in the last [`KEY_LIFETIME`] blocks, and the blocks, oldest first.
	#[pallet::storage]
	pub type RecentKeys<T: Config> =
		StorageValue<_, BoundedVec<(KeyHash, BlockNumberFor<T>), ConstU32<KEY_LIFETIME>>, ValueQuery>;

	/// The slot of the last block.
	#[pallet::storage]
	pub type LastSlot<T: Config> = StorageValue<_, u64, ValueQuery>;

	/// Whether this block's author has announced its key.
	#[pallet::storage]
	pub type Announced<T: Config> = StorageValue<_, bool, ValueQuery>;

	/// What happened.
	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A shielded transaction was included. The inner one follows it, if it can be opened and is valid.
		EncryptedSubmitted {
			/// The hash of the ciphertext.
			id: T::Hash,
			/// Who sent it, and paid for its carriage.
			who: T::AccountId,
		},
	}

	/// Why a call was refused. The numbers 1 to 3 mean something else to the SDK.
	#[pallet::error]
	pub enum Error<T> {
		/// The announced key is not 1184 bytes long; announce an ML-KEM-768 encapsulation key.
		#[codec(index = 0)]
		BadEncKeyLen,
		/// A coefficient of the announced key is not below ML-KEM's modulus; announce an ML-KEM-768 encapsulation key.
		#[codec(index = 4)]
		BadEncKey,
		/// A key was announced in this block already; announce one in each block.
		#[codec(index = 5)]
		AlreadyAnnounced,
		/// The block has no author to whom a key could belong.
		#[codec(index = 6)]
		NoAuthor,
		/// The ciphertext ends before the sealed transaction and its tag; send the whole of it.
		#[codec(index = 7)]
		CiphertextTooShort,
		/// The stated length of the ML-KEM ciphertext is not 1088; encrypt with ML-KEM-768.
		#[codec(index = 8)]
		BadKemLen,
		/// The ciphertext is encrypted to a key that was not `NextKey` in the last 16 blocks; read `NextKey` again and
		/// encrypt to it.
		#[codec(index = 9)]
		UnknownKey,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn on_initialize(_: BlockNumberFor<T>) -> Weight {
			T::WeightInfo::block(Self::forget_passed_turns())
		}

		fn on_finalize(now: BlockNumberFor<T>) {
			Announced::<T>::kill();
			Self::set_next_key(now);
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// The author of this block announces the key for its next turn. An inherent, at most one in a block.
		///
		/// # Errors
		/// [`Error::BadEncKeyLen`], [`Error::BadEncKey`], [`Error::AlreadyAnnounced`], [`Error::NoAuthor`].
		#[pallet::call_index(0)]
		#[pallet::weight((T::WeightInfo::announce_next_key(), DispatchClass::Mandatory))]
		pub fn announce_next_key(origin: OriginFor<T>, enc_key: EncapsulationKey) -> DispatchResult {
			ensure_none(origin)?;
			Self::do_announce_next_key(enc_key)
		}

		/// Carries an encrypted transaction into a block.
		///
		/// # Errors
		/// [`Error::CiphertextTooShort`], [`Error::BadKemLen`], [`Error::UnknownKey`].
		#[pallet::call_index(1)]
		#[pallet::weight(T::WeightInfo::submit_encrypted())]
		pub fn submit_encrypted(origin: OriginFor<T>, ciphertext: Ciphertext) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_submit_encrypted(who, &ciphertext)
		}
	}

	#[pallet::inherent]
	impl<T: Config> ProvideInherent for Pallet<T> {
		type Call = Call<T>;
		type Error = MakeFatalError<()>;
		const INHERENT_IDENTIFIER: InherentIdentifier = INHERENT_IDENTIFIER;

		// A key that the call would refuse is left out: a failing inherent would cost the author its block.
		fn create_inherent(data: &InherentData) -> Option<Self::Call> {
			let key: Vec<u8> = data.get_data(&INHERENT_IDENTIFIER).ok().flatten()?;
			if !envelope::is_encapsulation_key(&key) {
				return None;
			}
			let enc_key = EncapsulationKey::try_from(key).ok()?;
			Some(Call::announce_next_key { enc_key })
		}

		fn is_inherent(call: &Self::Call) -> bool {
			matches!(call, Call::announce_next_key { .. })
		}
	}

	impl<T: Config> Pallet<T> {
		/// Removes the keys of those whose turn has passed since the last block, this block's author's among them: a key
		/// holds for one turn, and who missed it may have lost its keys. Returns the number of turns.
		fn forget_passed_turns() -> u32 {
			let slot = T::Turns::slot();
			let passed = slot.saturating_sub(LastSlot::<T>::get());
			// After a whole round everybody had a turn.
			let turns = passed.min(u64::from(T::Turns::round()));
			for back in 0..turns {
				if let Some(authority) = T::Turns::authority(slot.saturating_sub(back)) {
					AuthorKeys::<T>::remove(authority);
				}
			}
			LastSlot::<T>::put(slot);
			u32::try_from(turns).unwrap_or(u32::MAX)
		}

		/// Takes the key that the next author announced as the next one.
		fn set_next_key(now: BlockNumberFor<T>) {
			let next = T::Turns::slot().saturating_add(1);
			let key = T::Turns::authority(next).and_then(AuthorKeys::<T>::get);
			RecentKeys::<T>::mutate(|recent| {
				recent.retain(|(_, block)| Self::is_recent(*block, now));
				if let Some(key) = &key {
					// There is room: one is added in a block, and none stays for longer than there are places.
					recent.force_push((envelope::key_hash(key), now));
				}
			});
			NextKey::<T>::set(key);
		}

		/// Whether a key that was next after `block` is accepted after the block `now`.
		pub(crate) fn is_recent(block: BlockNumberFor<T>, now: BlockNumberFor<T>) -> bool {
			use sp_runtime::traits::Saturating;
			now.saturating_sub(block) < KEY_LIFETIME.into()
		}

		fn do_announce_next_key(key: EncapsulationKey) -> DispatchResult {
			ensure!(!Announced::<T>::get(), Error::<T>::AlreadyAnnounced);
			ensure!(key.len() == ENCAPSULATION_KEY_BYTES, Error::<T>::BadEncKeyLen);
			ensure!(envelope::is_encapsulation_key(&key), Error::<T>::BadEncKey);
			let author = T::Turns::authority(T::Turns::slot()).ok_or(Error::<T>::NoAuthor)?;
			AuthorKeys::<T>::insert(author, key);
			Announced::<T>::put(true);
			Ok(())
		}

		fn do_submit_encrypted(who: T::AccountId, ciphertext: &[u8]) -> DispatchResult {
			let envelope = Envelope::parse(ciphertext).map_err(|malformed| match malformed {
				Malformed::TooShort => Error::<T>::CiphertextTooShort,
				Malformed::KemLength(_) => Error::<T>::BadKemLen,
			})?;
			let known = RecentKeys::<T>::get().iter().any(|(hash, _)| hash == envelope.key_hash);
			ensure!(known, Error::<T>::UnknownKey);
			Self::deposit_event(Event::EncryptedSubmitted {
				id: T::Hashing::hash(ciphertext),
				who,
			});
			Ok(())
		}
	}
}
