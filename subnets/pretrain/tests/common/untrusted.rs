//! What the fuzz target and the property test give any bytes to.

use std::sync::{Arc, LazyLock};

use subnet_pretrain::{Ledger, PretrainMechanism, PretrainParameters, Text, Weights};
use subnet_sdk::{ValidatorSecret, untrusted};

use super::{TINY, file, parameters};

/// A model that nobody has trained, and that is not the one to be beaten.
static MODEL: LazyLock<Vec<u8>> = LazyLock::new(|| file(&Weights::initial(TINY, [9; 32]).expect("sound sizes")));
/// Looks at a few windows only, so that many models can be measured.
static PARAMETERS: LazyLock<PretrainParameters> = LazyLock::new(|| PretrainParameters {
	windows: subnet_pretrain::MIN_WINDOWS,
	..parameters()
});
/// Makes a file of the bytes, instead of feeding the mechanism.
const FILE: u8 = 0x80;
/// Makes a header of them, before the numbers of a good file.
const HEADER: u8 = 0x40;

/// Both sides of the mechanism, or the reader of files alone.
pub(crate) fn feed(bytes: &[u8]) -> Result<(), &'static str> {
	match bytes.split_first() {
		Some((first, rest)) if first & FILE != 0 && first & HEADER != 0 => read(&with_header(rest)),
		Some((first, rest)) if first & FILE != 0 => read(rest),
		_ => {
			// One that remembers nothing of the bytes before these.
			let (ledger, secret) = (Arc::new(Ledger::in_memory()), ValidatorSecret::new([42; 32]));
			let submission = Arc::new(MODEL.clone());
			let mechanism = PretrainMechanism::new(submission, Text::bundled(), ledger, secret, *PARAMETERS);
			untrusted::feed(&mechanism.map_err(|_| "sound parameters are refused")?, bytes)
		}
	}
}

fn with_header(header: &[u8]) -> Vec<u8> {
	let good = &*MODEL;
	let length = u64::from_le_bytes(good[..8].try_into().expect("eight bytes")) as usize;
	[&(header.len() as u64).to_le_bytes(), header, &good[8 + length..]].concat()
}

/// What is read is a model of numbers, and is the same model when it is written and read again.
fn read(file: &[u8]) -> Result<(), &'static str> {
	let Ok(weights) = Weights::from_file(TINY, file) else {
		return Ok(());
	};
	if !weights.numbers().iter().all(|number| number.is_finite()) {
		return Err("a weight is no number");
	}
	let again = weights.to_file().map_err(|_| "it is read and cannot be written")?;
	match Weights::from_file(TINY, &again) {
		Ok(other) if other.id() == weights.id() => Ok(()),
		_ => Err("it is another model when it is written and read again"),
	}
}
