//! The record of all hyperparameters of a subnet, and the names of their storage items, derived from the table.

use super::{EpochConsensus, RateLimitKey};
use crate::pallet::*;
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use ganglion_primitives::{HyperparamEntry, NetUid, PerU16, RAO_PER_TAO, TaoBalance, U64F64};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};

/// 1.26.
const BURN_INCREASE_MULT: U64F64 = U64F64::from_bits(126_u128.saturating_mul(1 << 64) / 100);

macro_rules! record {
	(
		single { $(
			$(#[$($doc:tt)*])*
			$field:ident: $type:ident = $default:expr, $item:ident: $_hasher:ident, $name:literal
				=> $_right:ident $_index:literal $_call:ident($_argument:ident);
		)* }
		state { $(
			$(#[$($state_doc:tt)*])*
			$state:ident: $state_type:ident = $state_default:expr, $state_item:ident: $_state_hasher:ident;
		)* }
		pair { $(
			$(#[$($_pair_doc:tt)*])*
			$pair:ident: $_pair_hasher:ident => $_pair_right:ident $_pair_index:literal $_pair_call:ident {
				$(#[$($first_doc:tt)*])*
				$first:ident: $first_type:ident = $first_default:expr, $first_name:literal;
				$(#[$($second_doc:tt)*])*
				$second:ident: $second_type:ident = $second_default:expr, $second_name:literal;
			}
		)* }
	) => {
		/// All hyperparameters of a subnet.
		///
		/// [`Hyperparameters::validate`] holds for every record in storage.
		#[derive(
			Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo, Serialize,
			Deserialize,
		)]
		#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
		pub struct Hyperparameters {
			$( $(#[$($doc)*])* pub $field: $type, )*
			$( $(#[$($state_doc)*])* pub $state: $state_type, )*
			$(
				$(#[$($first_doc)*])* pub $first: $first_type,
				$(#[$($second_doc)*])* pub $second: $second_type,
			)*
		}

		impl Default for Hyperparameters {
			/// What a subnet of the public network starts with.
			fn default() -> Self {
				Self {
					$( $field: $default, )*
					$( $state: $state_default, )*
					$( $first: $first_default, $second: $second_default, )*
				}
			}
		}

		impl Hyperparameters {
			/// Number of storage items that hold a record.
			pub const ITEMS: usize =
				[$( stringify!($item), )* $( stringify!($state_item), )* $( stringify!($pair), )*].len();

			/// Reads the record of a subnet.
			pub fn load<T: Config>(netuid: NetUid) -> Self {
				$( let ($first, $second) = $pair::<T>::get(netuid); )*
				Self {
					$( $field: $item::<T>::get(netuid), )*
					$( $state: $state_item::<T>::get(netuid), )*
					$( $first, $second, )*
				}
			}

			/// Writes the record of a subnet.
			pub(crate) fn store<T: Config>(&self, netuid: NetUid) {
				$( $item::<T>::insert(netuid, self.$field); )*
				$( $state_item::<T>::insert(netuid, self.$state); )*
				$( $pair::<T>::insert(netuid, (self.$first, self.$second)); )*
			}

			/// Writes the fields in which the record of a subnet differs from another, which is what storage holds.
			pub(crate) fn store_changes<T: Config>(&self, netuid: NetUid, stored: &Self) {
				$( if self.$field != stored.$field {
					$item::<T>::insert(netuid, self.$field);
				} )*
				$( if self.$state != stored.$state {
					$state_item::<T>::insert(netuid, self.$state);
				} )*
				$( if (self.$first, self.$second) != (stored.$first, stored.$second) {
					$pair::<T>::insert(netuid, (self.$first, self.$second));
				} )*
			}

			/// Removes the record of a subnet that ceases to exist, and what its rate limits count from.
			pub fn forget<T: Config>(netuid: NetUid) {
				$( $item::<T>::remove(netuid); )*
				$( $state_item::<T>::remove(netuid); )*
				$( $pair::<T>::remove(netuid); )*
				LastRateLimitedBlock::<T>::remove(RateLimitKey::OwnerFeeRateUpdate(netuid));
				for hyperparameter in Hyperparameter::ALL {
					LastRateLimitedBlock::<T>::remove(RateLimitKey::OwnerHyperparamUpdate(netuid, *hyperparameter));
				}
			}

			/// The fields under the names that clients know.
			pub(crate) fn entries(&self) -> Vec<HyperparamEntry> {
				[
					$( HyperparamEntry::new($name, self.$field), )*
					$(
						HyperparamEntry::new($first_name, self.$first),
						HyperparamEntry::new($second_name, self.$second),
					)*
				]
				.into()
			}
		}

		/// What a call can set, by the name of the storage item that holds it.
		#[derive(
			Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
		)]
		pub enum Hyperparameter {
			$( $(#[$($doc)*])* $item, )*
			$( $(#[$($_pair_doc)*])* $pair, )*
		}

		impl Hyperparameter {
			/// All of them.
			pub(crate) const ALL: &[Self] = &[$( Self::$item, )* $( Self::$pair, )*];
		}
	};
}

hyperparameter_table!(record);
