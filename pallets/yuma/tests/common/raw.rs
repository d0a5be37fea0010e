//! Inputs as bytes, for the fuzzer: every string of bytes is an input, and every small input has a string.
//!
//! Where a string ends, zeros go on: vectors of `n` zeros, and rows without entries. So memory is proportional to the
//! string, apart from a constant.

use yuma::{Entry, LiquidAlpha, OwnedEpochInput, OwnedMechanism, Parameters};

/// Larger subnets are only reached by [`WIDE`].
const MOST_NEURONS: u8 = 64;
/// Sizes that the two highest values of the first byte stand for.
const WIDE: [u16; 2] = [300, 1_000];
const MOST_MECHANISMS: u8 = 3;
/// The longest vector or row whose length is not `n`.
const LONGEST: u8 = 80;

/// First bytes of a word that are not its value. What is not small takes all eight bytes, because that is how libFuzzer
/// finds and replaces what the engine compares.
const EIGHT_BYTES: u8 = 251;
const BELOW_MAXIMUM: u8 = 252;
const POWER_OF_TWO: u8 = 253;
/// From here on, the first byte of a uid that does not fit into it.
const WIDE_UID: u8 = 251;
/// From here on, a first byte of a word or a uid is the highest value.
const MAXIMUM: u8 = 254;

/// The input that the bytes stand for.
pub(crate) fn decode(bytes: &[u8]) -> OwnedEpochInput {
	let mut reader = Reader(bytes);
	let n = reader.neurons();
	let flags = reader.byte();
	let liquid_alpha = flags & 2 != 0;
	OwnedEpochInput {
		n,
		block: reader.word(),
		last_mechanism_step_block: reader.word(),
		owner_uid: (flags & 4 != 0).then(|| reader.uid()),
		emission: reader.word(),
		parameters: Parameters {
			kappa: reader.proportion(),
			bonds_penalty: reader.proportion(),
			bonds_moving_average: reader.word(),
			yuma3: flags & 1 != 0,
			liquid_alpha: liquid_alpha.then(|| reader.liquid_alpha()),
			max_allowed_validators: reader.uid(),
			activity_cutoff: reader.word(),
			stake_threshold: reader.word(),
			tempo: reader.word(),
		},
		block_at_registration: reader.vector(n, Reader::word),
		stake: reader.vector(n, Reader::word),
		validator_permits: reader.vector(n, |reader| reader.byte() & 1 != 0),
		mechanisms: (0..reader.byte() % (MOST_MECHANISMS + 1))
			.map(|_| reader.mechanism(n))
			.collect(),
	}
}

/// A string that [`decode`] makes the input of, if there is one.
pub(crate) fn encode(input: &OwnedEpochInput) -> Option<Vec<u8>> {
	let mut writer = Writer(Vec::new());
	let (n, parameters) = (input.n, &input.parameters);
	let wide = WIDE.iter().position(|wide| *wide == n).map(|place| 254 + place as u8);
	let narrow = u8::try_from(n).ok().filter(|n| *n <= MOST_NEURONS);
	writer.0.push(wide.or(narrow)?);
	let liquid_alpha = u8::from(parameters.liquid_alpha.is_some()) * 2;
	let owner = u8::from(input.owner_uid.is_some()) * 4;
	writer.0.push(u8::from(parameters.yuma3) + liquid_alpha + owner);
	writer.word(input.block);
	writer.word(input.last_mechanism_step_block);
	input.owner_uid.into_iter().for_each(|uid| writer.uid(uid));
	writer.word(input.emission);
	writer.proportion(parameters.kappa);
	writer.proportion(parameters.bonds_penalty);
	writer.word(parameters.bonds_moving_average);
	if let Some(liquid_alpha) = parameters.liquid_alpha {
		writer.proportion(liquid_alpha.alpha_low);
		writer.proportion(liquid_alpha.alpha_high);
		writer.0.extend(liquid_alpha.sigmoid_steepness.to_le_bytes());
	}
	writer.uid(parameters.max_allowed_validators);
	writer.word(parameters.activity_cutoff);
	writer.word(parameters.stake_threshold);
	writer.word(parameters.tempo);
	writer.vector(n, &input.block_at_registration, Writer::block)?;
	writer.vector(n, &input.stake, Writer::block)?;
	writer.vector(n, &input.validator_permits, |writer, permit| {
		writer.0.push(u8::from(*permit))
	})?;
	let mechanisms = u8::try_from(input.mechanisms.len()).ok();
	writer.0.push(mechanisms.filter(|count| *count <= MOST_MECHANISMS)?);
	for mechanism in &input.mechanisms {
		writer.proportion(mechanism.emission_share);
		writer.vector(n, &mechanism.last_update, Writer::block)?;
		writer.vector(n, &mechanism.commit_block, Writer::commit)?;
		writer.rows(n, &mechanism.weights)?;
		writer.rows(n, &mechanism.bonds)?;
	}
	Some(writer.0)
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
	fn byte(&mut self) -> u8 {
		let Some((first, rest)) = self.0.split_first() else {
			return 0;
		};
		self.0 = rest;
		*first
	}

	fn bytes<const N: usize>(&mut self) -> [u8; N] {
		std::array::from_fn(|_| self.byte())
	}

	fn neurons(&mut self) -> u16 {
		match self.byte() {
			254 => WIDE[0],
			255 => WIDE[1],
			byte => u16::from(byte % (MOST_NEURONS + 1)),
		}
	}

	/// A block or an amount; small ones in one byte, so that the fuzzer finds relations between them.
	fn word(&mut self) -> u64 {
		match self.byte() {
			EIGHT_BYTES => u64::from_le_bytes(self.bytes()),
			BELOW_MAXIMUM => u64::MAX - u64::from(self.byte()),
			POWER_OF_TWO => 1 << (self.byte() % 64),
			MAXIMUM.. => u64::MAX,
			small => small.into(),
		}
	}

	fn proportion(&mut self) -> u16 {
		u16::from_le_bytes(self.bytes())
	}

	fn uid(&mut self) -> u16 {
		match self.byte() {
			WIDE_UID..MAXIMUM => self.proportion(),
			MAXIMUM.. => u16::MAX,
			small => small.into(),
		}
	}

	fn liquid_alpha(&mut self) -> LiquidAlpha {
		LiquidAlpha {
			alpha_low: self.proportion(),
			alpha_high: self.proportion(),
			sigmoid_steepness: i16::from_le_bytes(self.bytes()),
		}
	}

	fn commit(&mut self) -> Option<u64> {
		(self.byte() != 0).then(|| self.word())
	}

	fn vector<T>(&mut self, n: u16, item: impl Fn(&mut Self) -> T) -> Vec<T> {
		let length = match self.byte() {
			0 => usize::from(n),
			length => usize::from((length - 1) % (LONGEST + 1)),
		};
		(0..length).map(|_| item(self)).collect()
	}

	fn row(&mut self) -> Vec<Entry> {
		let length = self.byte() % (LONGEST + 1);
		(0..length).map(|_| (self.uid(), self.proportion())).collect()
	}

	fn mechanism(&mut self, n: u16) -> OwnedMechanism {
		OwnedMechanism {
			emission_share: self.proportion(),
			last_update: self.vector(n, Self::word),
			commit_block: self.vector(n, Self::commit),
			weights: self.vector(n, Self::row),
			bonds: self.vector(n, Self::row),
		}
	}
}

struct Writer(Vec<u8>);

impl Writer {
	fn word(&mut self, word: u64) {
		if word == u64::MAX {
			self.0.push(MAXIMUM);
		} else if word < u64::from(EIGHT_BYTES) {
			self.0.push(word as u8);
		} else {
			self.0.push(EIGHT_BYTES);
			self.0.extend(word.to_le_bytes());
		}
	}

	fn block(&mut self, block: &u64) {
		self.word(*block);
	}

	fn proportion(&mut self, proportion: u16) {
		self.0.extend(proportion.to_le_bytes());
	}

	fn uid(&mut self, uid: u16) {
		match u8::try_from(uid).ok().filter(|uid| *uid < WIDE_UID) {
			Some(small) => self.0.push(small),
			None if uid == u16::MAX => self.0.push(MAXIMUM),
			None => {
				self.0.push(WIDE_UID);
				self.proportion(uid);
			}
		}
	}

	fn commit(&mut self, commit: &Option<u64>) {
		self.0.push(u8::from(commit.is_some()));
		commit.iter().for_each(|block| self.word(*block));
	}

	fn vector<T>(&mut self, n: u16, values: &[T], item: impl Fn(&mut Self, &T)) -> Option<()> {
		let length = u8::try_from(values.len()).ok().filter(|length| *length <= LONGEST);
		match length {
			_ if values.len() == usize::from(n) => self.0.push(0),
			length => self.0.push(length? + 1),
		}
		values.iter().for_each(|value| item(self, value));
		Some(())
	}

	fn rows(&mut self, n: u16, rows: &[Vec<Entry>]) -> Option<()> {
		if rows.iter().any(|row| row.len() > usize::from(LONGEST)) {
			return None;
		}
		self.vector(n, rows, |writer, row| {
			writer.0.push(row.len() as u8);
			for (destination, value) in row {
				writer.uid(*destination);
				writer.proportion(*value);
			}
		})
	}
}
