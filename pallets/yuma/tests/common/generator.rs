//! Subnets of a given size from a seed, for the benchmarks.
//!
//! Validators are spread over the uids, hold the permits and have very different stakes; nobody else has stake. Miners
//! have a quality, and each validator's score of a miner is the quality times noise of up to a quarter. Nobody registered
//! lately, so that no weight and no bond is void: this is the most work that a subnet of the size can be. (The only
//! exception is a validator's weight on itself, which a row may list and no epoch counts.)

use yuma::{Entry, EpochOutput, LiquidAlpha, OwnedEpochInput, OwnedMechanism, Parameters, Workspace};

use super::invariants::next_epoch;

const BLOCK: u64 = 5_000_000;
const TEMPO: u64 = 360;
/// How many epochs bonds get to settle.
const EPOCHS_TO_SETTLE: u64 = 8;

/// The size of a subnet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
	pub(crate) uids: u16,
	pub(crate) validators: u16,
	/// Destinations in each validator's row.
	pub(crate) listed: u16,
}

impl Size {
	pub(crate) fn weights(self) -> u64 {
		u64::from(self.validators) * u64::from(self.listed)
	}

	pub(crate) fn name(self) -> String {
		format!("{}/{}/{}", self.uids, self.validators, self.listed)
	}
}

/// The sizes of the benchmark table.
pub(crate) const SIZES: [Size; 4] = [
	Size {
		uids: 256,
		validators: 64,
		listed: 192,
	},
	Size {
		uids: 1_024,
		validators: 128,
		listed: 1_024,
	},
	Size {
		uids: 4_096,
		validators: 256,
		listed: 1_024,
	},
	Size {
		uids: 4_096,
		validators: 256,
		listed: 4_096,
	},
];

/// The same subnet with one, ten and a hundred times the weights.
pub(crate) const SCALES: [Size; 3] = [
	Size {
		uids: 4_096,
		validators: 256,
		listed: 40,
	},
	Size {
		uids: 4_096,
		validators: 256,
		listed: 400,
	},
	Size {
		uids: 4_096,
		validators: 256,
		listed: 4_000,
	},
];

/// Which rules an epoch follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Variant {
	Yuma2,
	Yuma3,
	LiquidAlpha,
	Yuma2HalfPenalty,
}

impl Variant {
	pub(crate) const ALL: [Self; 4] = [Self::Yuma2, Self::Yuma3, Self::LiquidAlpha, Self::Yuma2HalfPenalty];

	pub(crate) fn name(self) -> &'static str {
		match self {
			Self::Yuma2 => "Yuma 2",
			Self::Yuma3 => "Yuma 3",
			Self::LiquidAlpha => "Yuma 3 + liquid alpha",
			Self::Yuma2HalfPenalty => "Yuma 2, penalty 1/2",
		}
	}

	fn parameters(self, size: Size) -> Parameters {
		let liquid_alpha = LiquidAlpha {
			alpha_low: 45_875,
			alpha_high: 58_982,
			sigmoid_steepness: 1_000,
		};
		Parameters {
			kappa: 32_767,
			bonds_penalty: if self == Self::Yuma2HalfPenalty {
				32_768
			} else {
				u16::MAX
			},
			bonds_moving_average: 900_000,
			yuma3: matches!(self, Self::Yuma3 | Self::LiquidAlpha),
			liquid_alpha: (self == Self::LiquidAlpha).then_some(liquid_alpha),
			max_allowed_validators: size.validators,
			activity_cutoff: 5_000,
			stake_threshold: 1_000_000_000_000,
			tempo: TEMPO,
		}
	}
}

/// What a subnet is like.
///
/// Except in a [`Kind::Scattered`] one, validators list miners of a common choice, a third larger than a row, so that
/// nearly every miner has a consensus above zero and nearly every weight leads to a bond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
	/// Old bonds are anything, on the same destinations as the weights. Under liquid alpha no two pairs are alike then.
	RandomBonds,
	/// Old bonds are what the engine arrives at after some epochs with the same qualities and ever new noise.
	SettledBonds,
	/// Old bonds are anything, on other destinations than the weights, as far as there are any.
	BondsElsewhere,
	/// Old bonds are random, and validators list whomever. Where rows are short, miners that too few list for a
	/// consensus have neither incentive nor bonds, which is less work.
	Scattered,
}

/// The generator "SplitMix64" of Steele, Lea and Flood, 2014.
pub(crate) struct SplitMix64(pub(crate) u64);

impl SplitMix64 {
	pub(crate) fn word(&mut self) -> u64 {
		self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
		let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
		let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
		mixed ^ (mixed >> 31)
	}

	/// A number from `low` to `high`, both included.
	pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
		let width = u128::from(high - low) + 1;
		low + ((u128::from(self.word()) * width) >> 64) as u64
	}

	/// A few of the candidates, each as likely as the others, in their order (Knuth's algorithm S).
	fn choose(&mut self, candidates: &[u16], count: u16) -> Vec<u16> {
		let (mut needed, mut left) = (u64::from(count), candidates.len() as u64);
		let mut is_chosen = |_: &&u16| {
			let chosen = self.between(1, left) <= needed;
			left -= 1;
			needed -= u64::from(chosen);
			chosen
		};
		candidates.iter().filter(|uid| is_chosen(uid)).copied().collect()
	}

	fn shuffle<T>(&mut self, values: &mut [T]) {
		for last in (1..values.len()).rev() {
			values.swap(last, self.between(0, last as u64) as usize);
		}
	}
}

/// A subnet of the size; the same for the same seed.
pub(crate) fn subnet(seed: u64, size: Size, variant: Variant, kind: Kind) -> OwnedEpochInput {
	let mut random = SplitMix64(seed);
	let uids: Vec<u16> = (0..size.uids).collect();
	let validators = random.choose(&uids, size.validators);
	let chosen = match kind {
		Kind::Scattered => size.uids,
		_ => size.uids.min(size.listed.saturating_mul(4).div_ceil(3)),
	};
	let chosen = random.choose(&uids, chosen);
	let destinations: Vec<Vec<u16>> = validators.iter().map(|_| random.choose(&chosen, size.listed)).collect();
	let quality: Vec<u64> = uids.iter().map(|_| random.between(500, 50_000)).collect();
	let weights = noisy_rows(&mut random, &destinations, &quality);
	let old_bonds = match kind {
		Kind::RandomBonds | Kind::Scattered => random_rows(&mut random, &destinations),
		Kind::SettledBonds => Vec::new(),
		Kind::BondsElsewhere => {
			let elsewhere: Vec<Vec<u16>> = destinations
				.iter()
				.map(|listed| others(&mut random, &uids, listed))
				.collect();
			random_rows(&mut random, &elsewhere)
		}
	};
	let of_validators = |rows| spread(size.uids, &validators, rows);
	let mut stake = vec![0; uids.len()];
	let mut last_update = vec![0; uids.len()];
	for uid in validators.iter().copied().map(usize::from) {
		// From a thousand to ten million alpha, most of them at the lower end.
		stake[uid] = random.between(1_000, 100_000).pow(2) * 1_000_000;
		last_update[uid] = random.between(BLOCK - TEMPO, BLOCK - 1);
	}
	let mut input = OwnedEpochInput {
		n: size.uids,
		block: BLOCK,
		last_mechanism_step_block: BLOCK - TEMPO,
		owner_uid: Some(validators[0]),
		emission: 147_600_000_000,
		block_at_registration: uids.iter().map(|_| random.between(1, BLOCK / 2)).collect(),
		validator_permits: uids.iter().map(|uid| validators.binary_search(uid).is_ok()).collect(),
		stake,
		mechanisms: vec![OwnedMechanism {
			emission_share: u16::MAX,
			last_update,
			weights: of_validators(weights),
			bonds: of_validators(old_bonds),
			..OwnedMechanism::default()
		}],
		parameters: variant.parameters(size),
	};
	if kind == Kind::SettledBonds {
		settle(
			&mut input,
			|random| of_validators(noisy_rows(random, &destinations, &quality)),
			&mut random,
		);
	}
	input
}

/// Shuffles every row.
pub(crate) fn unsorted(mut input: OwnedEpochInput, seed: u64) -> OwnedEpochInput {
	let mut random = SplitMix64(seed);
	for mechanism in &mut input.mechanisms {
		for row in mechanism.weights.iter_mut().chain(&mut mechanism.bonds) {
			random.shuffle(row);
		}
	}
	input
}

/// Bytes of the input: 4 for each weight and bond, and what the vectors hold for each uid.
pub(crate) fn size_in_bytes(input: &OwnedEpochInput) -> usize {
	let entries = |rows: &[Vec<Entry>]| rows.iter().map(Vec::len).sum::<usize>() * size_of::<Entry>();
	let of_mechanism = |mechanism: &OwnedMechanism| {
		entries(&mechanism.weights)
			+ entries(&mechanism.bonds)
			+ size_of_val(&mechanism.last_update[..])
			+ size_of_val(&mechanism.commit_block[..])
	};
	let of_uids = size_of_val(&input.stake[..])
		+ size_of_val(&input.block_at_registration[..])
		+ size_of_val(&input.validator_permits[..]);
	of_uids + input.mechanisms.iter().map(of_mechanism).sum::<usize>()
}

fn noisy_rows(random: &mut SplitMix64, destinations: &[Vec<u16>], quality: &[u64]) -> Vec<Vec<Entry>> {
	let score = |random: &mut SplitMix64, uid: &u16| {
		let noisy = quality[usize::from(*uid)] * random.between(750, 1_250) / 1_000;
		(*uid, u16::try_from(noisy).unwrap_or(u16::MAX))
	};
	destinations
		.iter()
		.map(|listed| listed.iter().map(|uid| score(random, uid)).collect())
		.collect()
}

fn random_rows(random: &mut SplitMix64, destinations: &[Vec<u16>]) -> Vec<Vec<Entry>> {
	destinations
		.iter()
		.map(|listed| listed.iter().map(|uid| (*uid, random.word() as u16)).collect())
		.collect()
}

/// As many uids as are listed, but others, as far as there are any.
fn others(random: &mut SplitMix64, uids: &[u16], listed: &[u16]) -> Vec<u16> {
	let unlisted: Vec<u16> = uids
		.iter()
		.filter(|uid| listed.binary_search(uid).is_err())
		.copied()
		.collect();
	let count = listed.len().min(unlisted.len());
	random.choose(&unlisted, count as u16)
}

/// A row for each uid: those of the validators, and empty ones.
fn spread(uids: u16, validators: &[u16], rows: Vec<Vec<Entry>>) -> Vec<Vec<Entry>> {
	let mut spread = vec![Vec::new(); usize::from(uids)];
	for (uid, row) in validators.iter().zip(rows) {
		spread[usize::from(*uid)] = row;
	}
	spread
}

/// Runs some epochs, each with its own noise, and leaves the input of the next one.
fn settle(
	input: &mut OwnedEpochInput,
	noisy_weights: impl Fn(&mut SplitMix64) -> Vec<Vec<Entry>>,
	random: &mut SplitMix64,
) {
	let (mut workspace, mut output) = (Workspace::default(), EpochOutput::default());
	let before = EPOCHS_TO_SETTLE * TEMPO;
	input.block -= before;
	input.last_mechanism_step_block -= before;
	for _ in 0..EPOCHS_TO_SETTLE {
		input.run(&mut workspace, &mut output);
		*input = next_epoch(input.clone(), &output);
		input.mechanisms[0].weights = noisy_weights(random);
	}
}
