//! Inputs that nobody sends by accident.

use yuma::{Entry, LiquidAlpha, OwnedEpochInput, OwnedMechanism, Parameters};

/// SplitMix64, and what can be drawn from it.
pub(crate) struct Random(pub(crate) u64);

impl Random {
	fn next(&mut self) -> u64 {
		self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
		let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
		let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
		mixed ^ (mixed >> 31)
	}

	fn below(&mut self, bound: u64) -> u64 {
		self.next() % bound
	}

	fn flag(&mut self) -> bool {
		self.below(2) == 0
	}

	/// A number of any magnitude; often the smallest or the largest, or one beside a power of 2³².
	fn number(&mut self) -> u64 {
		match self.below(8) {
			0 => 0,
			1 => u64::MAX - self.below(2),
			2 => u64::from(u32::MAX) - 1 + self.below(3),
			3 => (1 << 63) - 1 + self.below(3),
			_ => self.next() >> self.below(64),
		}
	}

	fn short(&mut self) -> u16 {
		(self.number() & 0xffff) as u16
	}

	/// A list that is too short, too long, or neither.
	fn list<Value>(&mut self, n: u16, value: impl Fn(&mut Self) -> Value) -> Vec<Value> {
		let length = self.below(u64::from(n) * 2 + 1);
		(0..length).map(|_| value(self)).collect()
	}

	/// Unsorted rows with zeros, repeated destinations and destinations out of range.
	fn rows(&mut self, n: u16) -> Vec<Vec<Entry>> {
		self.list(n, |random| {
			random.list(n, |random| {
				let destination = random.below(u64::from(n) + 4) as u16;
				(destination, random.short())
			})
		})
	}

	fn mechanism(&mut self, n: u16) -> OwnedMechanism {
		OwnedMechanism {
			emission_share: self.short(),
			last_update: self.list(n, Self::number),
			commit_block: self.list(n, |random| random.flag().then(|| random.number())),
			weights: self.rows(n),
			bonds: self.rows(n),
		}
	}

	fn parameters(&mut self) -> Parameters {
		Parameters {
			kappa: self.short(),
			bonds_penalty: self.short(),
			bonds_moving_average: self.number(),
			yuma3: self.flag(),
			liquid_alpha: self.flag().then(|| LiquidAlpha {
				alpha_low: self.short(),
				alpha_high: self.short(),
				sigmoid_steepness: self.next() as i16,
			}),
			max_allowed_validators: self.short(),
			activity_cutoff: self.number(),
			stake_threshold: self.number(),
			tempo: self.number(),
		}
	}

	/// An input with all of that.
	pub(crate) fn input(&mut self) -> OwnedEpochInput {
		let n = self.below(24) as u16;
		OwnedEpochInput {
			n,
			block: self.number(),
			last_mechanism_step_block: self.number(),
			owner_uid: self.flag().then(|| self.below(30) as u16),
			emission: self.number(),
			block_at_registration: self.list(n, Self::number),
			stake: self.list(n, Self::number),
			validator_permits: self.list(n, Self::flag),
			mechanisms: (0..self.below(4)).map(|_| self.mechanism(n)).collect(),
			parameters: self.parameters(),
		}
	}
}
