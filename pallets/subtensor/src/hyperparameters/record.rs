//! The record of all hyperparameters of a subnet, derived from the table.

use super::{EpochConsensus, table::hyperparameter_table};
use crate::pallet::*;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use ganglion_primitives::{NetUid, PerU16, RAO_PER_TAO, TaoBalance, U64F64};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};

/// 1.26.
const BURN_INCREASE_MULT: U64F64 = U64F64::from_bits(126_u128.saturating_mul(1 << 64) / 100);

macro_rules! record {
	(
		single { $(
			$(#[$($doc:tt)*])*
			$field:ident: $type:ident = $default:expr, $item:ident: $hasher:ident $(, $name:literal)?;
		)* }
		pair { $(
			$(#[$($_pair_doc:tt)*])*
			$pair:ident: $_pair_hasher:ident {
				$(#[$($first_doc:tt)*])*
				$first:ident: $first_type:ident = $first_default:expr, $_first_name:literal;
				$(#[$($second_doc:tt)*])*
				$second:ident: $second_type:ident = $second_default:expr, $_second_name:literal;
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
					$( $first: $first_default, $second: $second_default, )*
				}
			}
		}

		impl Hyperparameters {
			/// Reads the record of a subnet.
			pub fn load<T: Config>(netuid: NetUid) -> Self {
				$( let ($first, $second) = $pair::<T>::get(netuid); )*
				Self {
					$( $field: $item::<T>::get(netuid), )*
					$( $first, $second, )*
				}
			}

			/// Writes the record of a subnet.
			pub(crate) fn store<T: Config>(&self, netuid: NetUid) {
				$( $item::<T>::insert(netuid, self.$field); )*
				$( $pair::<T>::insert(netuid, (self.$first, self.$second)); )*
			}

			/// Removes the record of a subnet.
			pub(crate) fn forget<T: Config>(netuid: NetUid) {
				$( $item::<T>::remove(netuid); )*
				$( $pair::<T>::remove(netuid); )*
			}

			/// Writes the fields in which the record of a subnet differs from another, which is what storage holds.
			pub(crate) fn store_changes<T: Config>(&self, netuid: NetUid, stored: &Self) {
				$( if self.$field != stored.$field {
					$item::<T>::insert(netuid, self.$field);
				} )*
				$( if (self.$first, self.$second) != (stored.$first, stored.$second) {
					$pair::<T>::insert(netuid, (self.$first, self.$second));
				} )*
			}
		}
	};
}

hyperparameter_table!(record);
