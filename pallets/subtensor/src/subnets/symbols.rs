//! Symbols of the subnets' tokens.

use crate::MAX_SYMBOL_BYTES;
use alloc::{format, string::String};
use frame_support::{BoundedVec, traits::ConstU32};
use ganglion_primitives::NetUid;

/// Root's symbol, then one Greek letter a subnet.
const SYMBOLS: [&str; 25] = [
	"Τ", "α", "β", "γ", "δ", "ε", "ζ", "η", "θ", "ι", "κ", "λ", "μ", "ν", "ξ", "ο", "π", "ρ", "σ", "τ", "υ", "φ", "χ",
	"ψ", "ω",
];

/// The symbol of a subnet's token, UTF-8. Subnets beyond the alphabet get `SN` and their number.
pub(crate) fn symbol(netuid: NetUid) -> BoundedVec<u8, ConstU32<MAX_SYMBOL_BYTES>> {
	let text: String = match SYMBOLS.get(usize::from(netuid.get())) {
		Some(letter) => (*letter).into(),
		None => format!("SN{netuid}"),
	};
	BoundedVec::truncate_from(text.into_bytes())
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn symbols_are_distinct_and_whole() {
		let symbols: std::collections::BTreeSet<_> = (0..=u16::MAX)
			.map(|netuid| symbol(NetUid::new(netuid)).into_inner())
			.collect();
		assert_eq!(symbols.len(), 65_536);
		assert!(symbols.iter().all(|symbol| std::str::from_utf8(symbol).is_ok()));
		assert_eq!(symbol(NetUid::ROOT).into_inner(), "Τ".as_bytes());
		assert_eq!(symbol(NetUid::new(25)).into_inner(), b"SN25");
	}
}
