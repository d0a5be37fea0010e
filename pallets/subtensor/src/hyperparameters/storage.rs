//! Storage that the `hyperparameters` domain owns: one item each, as clients read them. The code
//! reads and writes them as one record, [`Hyperparameters`](crate::Hyperparameters).

use frame_support::pallet_macros::pallet_section;

macro_rules! storage_items {
	(
		single { $(
			$(#[$($doc:tt)*])*
			$_field:ident: $type:ident = $_default:expr, $item:ident: $hasher:ident, $_name:literal
				=> $_right:ident $_index:literal $_call:ident($_argument:ident);
		)* }
		state { $(
			$(#[$($state_doc:tt)*])*
			$_state:ident: $state_type:ident = $_state_default:expr, $state_item:ident: $state_hasher:ident;
		)* }
		pair { $(
			$(#[$($pair_doc:tt)*])*
			$pair:ident: $pair_hasher:ident => $_pair_right:ident $_pair_index:literal $_pair_call:ident {
				$(#[$($_first_doc:tt)*])*
				$_first:ident: $first_type:ident = $_first_default:expr, $_first_name:literal;
				$(#[$($_second_doc:tt)*])*
				$_second:ident: $second_type:ident = $_second_default:expr, $_second_name:literal;
			}
		)* }
	) => {
		/// The items of the table.
		#[pallet_section]
		mod hyperparameter_items {
			$(
				$(#[$($doc)*])*
				#[pallet::storage]
				pub type $item<T: Config> = StorageMap<_, $hasher, NetUid, $type, ValueQuery>;
			)*
			$(
				$(#[$($state_doc)*])*
				#[pallet::storage]
				pub type $state_item<T: Config> = StorageMap<_, $state_hasher, NetUid, $state_type, ValueQuery>;
			)*
			$(
				$(#[$($pair_doc)*])*
				#[pallet::storage]
				pub type $pair<T: Config> = StorageMap<_, $pair_hasher, NetUid, ($first_type, $second_type), ValueQuery>;
			)*
		}
	};
}

hyperparameter_table!(storage_items);

/// What is not a field of the record.
#[pallet_section]
mod hyperparameters_storage {
	/// What a new subnet starts with.
	#[pallet::storage]
	pub type SubnetDefaults<T: Config> = StorageValue<_, Hyperparameters, ValueQuery>;

	/// Stake below which a hotkey neither sets weights nor counts in consensus, in rao of alpha; the
	/// owner's uid is exempt.
	#[pallet::storage]
	pub type StakeThreshold<T: Config> = StorageValue<_, u64, ValueQuery>;

	/// Blocks before an epoch in which the owner of a subnet changes no hyperparameters.
	#[pallet::storage]
	pub type AdminFreezeWindow<T: Config> = StorageValue<_, u16, ValueQuery>;

	/// Tempos between two changes of a hyperparameter by the owner of a subnet; 0 = no limit.
	#[pallet::storage]
	pub type OwnerHyperparamRateLimit<T: Config> = StorageValue<_, u16, ValueQuery>;

	/// The block in which something happened that may not happen often; 0 = never.
	#[pallet::storage]
	pub type LastRateLimitedBlock<T: Config> = StorageMap<_, Identity, RateLimitKey, u64, ValueQuery>;
}
