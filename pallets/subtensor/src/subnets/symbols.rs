//! Symbols of the subnets' tokens: one letter each, from a catalog that everybody can know.

use crate::{MAX_SYMBOL_BYTES, pallet::*};
use alloc::{collections::BTreeSet, string::String, vec::Vec};
use core::ops::RangeInclusive;
use frame_support::{BoundedVec, ensure, pallet_prelude::DispatchResult, traits::ConstU32};
use ganglion_primitives::NetUid;

/// A symbol, UTF-8.
pub(crate) type Symbol = BoundedVec<u8, ConstU32<MAX_SYMBOL_BYTES>>;

/// Root's symbol: a capital tau.
const ROOT: char = 'Τ';

/// The catalog: alphabets whose letters stand by themselves and do not look like one another's in a row.
const CATALOG: [RangeInclusive<char>; 10] = [
	// Greek, up to rho; the other form of sigma that follows is left out.
	'α'..='ρ',
	'σ'..='ω',
	// Hebrew.
	'א'..='ת',
	// Cyrillic.
	'а'..='я',
	// Armenian.
	'ա'..='ֆ',
	// Georgian.
	'ა'..='ჰ',
	// Runes.
	'ᚠ'..='ᛪ',
	// Ogham.
	'ᚁ'..='ᚚ',
	// Glagolitic.
	'ⰰ'..='ⱞ',
	// Tifinagh.
	'ⴰ'..='ⵥ',
];

fn catalog() -> impl Iterator<Item = char> {
	CATALOG.into_iter().flatten()
}

fn is_in_catalog(symbol: &str) -> bool {
	let mut letters = symbol.chars();
	let (Some(letter), None) = (letters.next(), letters.next()) else {
		return false;
	};
	letter == ROOT || CATALOG.iter().any(|range| range.contains(&letter))
}

fn bytes(letter: char) -> Symbol {
	// A letter has at most four bytes.
	Symbol::truncate_from(String::from(letter).into_bytes())
}

/// The symbol of the root subnet.
pub(crate) fn of_root() -> Symbol {
	bytes(ROOT)
}

impl<T: Config> Pallet<T> {
	/// A symbol for a new subnet: the letter of its number, or the first behind it that is free.
	pub(super) fn free_symbol(netuid: NetUid) -> Symbol {
		let taken: BTreeSet<Symbol> = TokenSymbol::<T>::iter_values().collect();
		let skipped = usize::from(netuid.get().saturating_sub(1));
		let free = |letter: &char| !taken.contains(&bytes(*letter));
		// There are more letters than there may be subnets, so that one is free.
		let letter = catalog().skip(skipped).chain(catalog()).find(free);
		letter.map(bytes).unwrap_or_default()
	}

	/// Gives an existing subnet another symbol of the catalog.
	pub(crate) fn do_update_symbol(netuid: NetUid, symbol: Vec<u8>) -> DispatchResult {
		let known = core::str::from_utf8(&symbol).is_ok_and(is_in_catalog);
		ensure!(known, Error::<T>::SymbolDoesNotExist);
		let symbol = Symbol::truncate_from(symbol);
		let taken = TokenSymbol::<T>::iter().any(|(other, used)| other != netuid && used == symbol);
		ensure!(!taken, Error::<T>::SymbolAlreadyInUse);
		TokenSymbol::<T>::insert(netuid, &symbol);
		Self::deposit_event(Event::SymbolUpdated {
			netuid,
			symbol: symbol.into_inner(),
		});
		Ok(())
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{MAX_SUBNETS, mock::*};
	use frame_support::{assert_noop, assert_ok};

	#[test]
	fn the_letters_are_distinct_and_more_than_subnets() {
		let letters: BTreeSet<char> = catalog().chain([ROOT]).collect();
		assert_eq!(letters.len(), catalog().count() + 1);
		assert!(letters.len() > usize::from(MAX_SUBNETS) * 2, "{}", letters.len());
		assert!(letters.iter().all(|letter| is_in_catalog(&letter.to_string())));
		assert!(letters.iter().all(|letter| letter.is_alphabetic()));
		for wrong in ["", "αβ", "a", "SN1", "ς", " "] {
			assert!(!is_in_catalog(wrong), "{wrong}");
		}
	}

	fn update(netuid: NetUid, symbol: &str) -> DispatchResult {
		SubtensorModule::update_symbol(signed(cold(1)), netuid, symbol.as_bytes().to_vec())
	}

	fn symbol_of(netuid: NetUid) -> String {
		String::from_utf8(TokenSymbol::<Test>::get(netuid).into_inner()).unwrap()
	}

	#[test]
	fn an_owner_takes_a_free_symbol_and_new_subnets_avoid_it() {
		run(|| {
			let first = subnet();
			assert_eq!(symbol_of(first), "α");
			assert_ok!(update(first, "β"));
			assert_eq!(symbol_of(first), "β");
			let symbol = "β".as_bytes().to_vec();
			assert!(events().contains(&Event::SymbolUpdated { netuid: first, symbol }));
			let second = subnet();
			assert_eq!(symbol_of(second), "γ");
			assert_eq!(symbol_of(subnet()), "δ");
			// Its own symbol is not taken by somebody else.
			assert_ok!(update(first, "β"));
			assert_ok!(update(first, "ᛟ"));
			assert_ok!(update(second, "β"));
		});
	}

	#[test]
	fn symbols_that_are_taken_or_unknown_are_refused() {
		run(|| {
			let (first, second) = (subnet(), subnet());
			assert_noop!(update(first, "β"), Error::<Test>::SymbolAlreadyInUse);
			assert_noop!(update(first, "Τ"), Error::<Test>::SymbolAlreadyInUse);
			for wrong in ["", "x", "αα", "a very long symbol that is not in the catalog"] {
				assert_noop!(update(first, wrong), Error::<Test>::SymbolDoesNotExist);
			}
			let bytes = SubtensorModule::update_symbol(signed(cold(1)), first, vec![0xff, 0xfe]);
			assert_noop!(bytes, Error::<Test>::SymbolDoesNotExist);
			let stranger = SubtensorModule::update_symbol(signed(cold(2)), second, "ω".as_bytes().to_vec());
			assert_noop!(stranger, Error::<Test>::NotSubnetOwner);
			assert_noop!(update(NetUid::new(9), "ω"), Error::<Test>::SubnetNotExists);
		});
	}
}
