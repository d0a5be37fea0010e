//! Storage that the `hyperparameters` domain owns: one item each, as clients read them. The code
//! reads and writes them as one record, [`Hyperparameters`](crate::Hyperparameters).

use super::table::hyperparameter_table;
use frame_support::pallet_macros::pallet_section;

macro_rules! storage_items {
	(
		single { $(
			$(#[$($doc:tt)*])*
			$field:ident: $type:ident = $default:expr, $item:ident: $hasher:ident $(, $name:literal)?;
		)* }
		pair { $(
			$(#[$($pair_doc:tt)*])*
			$pair:ident: $pair_hasher:ident {
				$(#[$($first_doc:tt)*])*
				$first:ident: $first_type:ident = $first_default:expr, $first_name:literal;
				$(#[$($second_doc:tt)*])*
				$second:ident: $second_type:ident = $second_default:expr, $second_name:literal;
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
}
