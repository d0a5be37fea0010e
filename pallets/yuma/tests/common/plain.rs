//! An epoch as one writes it down: a matrix for each formula, a pass for each matrix, 128 bits for each product and
//! quotient.
//!
//! It checks the engine on subnets that are too large for exact rationals. The rounding is the protocol's, so that both
//! agree in every bit. Rows have to be sorted and without repetitions; there is one mechanism, and no liquid alpha.

use yuma::{Entry, OwnedEpochInput};

/// A share in units of 2⁻³².
type Share = i64;
/// The destinations that a validator lists.
type Row = Vec<(u16, Share)>;
/// A row for each uid.
type Matrix = Vec<Row>;

const ONE: Share = 1 << 32;

/// What comes of an epoch, as `EpochOutput` has it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Plain {
	pub(crate) consensus: Vec<u16>,
	pub(crate) trust: Vec<u16>,
	pub(crate) incentive: Vec<u16>,
	pub(crate) dividends: Vec<u16>,
	pub(crate) emission: Vec<u64>,
	pub(crate) bonds: Vec<Vec<Entry>>,
}

pub(crate) fn plain(input: &OwnedEpochInput, new_permits: &[bool]) -> Plain {
	let (mechanism, parameters) = (&input.mechanisms[0], &input.parameters);
	let n = usize::from(input.n);
	let stake = active_stake(input);
	let weights = weights(input);
	let consensus = consensus(&weights, &stake, proportion(parameters.kappa));
	let clipped = map(&weights, |_, j, weight| weight.min(consensus[j]));
	let trust = clipped
		.iter()
		.map(|row| row.iter().map(|(_, weight)| weight).sum())
		.collect();
	let incentive = normalised(column_sums(&map(&clipped, |i, _, weight| product(stake[i], weight)), n));

	let followed = penalised(&weights, &clipped, parameters.bonds_penalty);
	let last_epoch = input.last_mechanism_step_block + 1;
	let is_void = |j: usize| input.block_at_registration[j] >= last_epoch;
	let old = read(&mechanism.bonds, n, |_, j| !is_void(j));
	let kept = quotient(parameters.bonds_moving_average.min(1_000_000) as i64, 1_000_000);

	let (bonds, shares) = if parameters.yuma3 {
		let old = map(&old, |_, _, bond| proportion(bond as u16));
		let bonds = average(&followed, &old, kept);
		let shares = over_columns(&bonds, &column_sums(&bonds, n));
		(bonds, shares)
	} else {
		let bought = map(&followed, |i, _, weight| product(stake[i], weight));
		let bought = over_columns(&bought, &column_sums(&bought, n));
		let bonds = average(&bought, &over_columns(&old, &column_sums(&old, n)), kept);
		let shares = over_columns(&bonds, &column_sums(&bonds, n));
		(over_columns(&shares, &column_maxima(&shares, n)), shares)
	};
	let earned = map(&shares, |_, j, share| product(share, incentive[j]));
	let earned = earned.iter().map(|row| row.iter().map(|(_, paid)| paid).sum());
	let scaled = |(earned, stake): (Share, &Share)| {
		if parameters.yuma3 {
			product(earned, *stake)
		} else {
			earned
		}
	};
	let dividends = normalised(earned.zip(&stake).map(scaled).collect());
	Plain {
		emission: emission(input.emission, &incentive, &dividends, &stake),
		consensus: to_proportions(consensus),
		trust: to_proportions(trust),
		incentive: to_proportions(incentive),
		dividends: to_proportions(dividends),
		bonds: stored(&bonds, new_permits),
	}
}

fn product(left: Share, right: Share) -> Share {
	((i128::from(left) * i128::from(right)) >> 32) as Share
}

fn quotient(part: i64, whole: i64) -> Share {
	if whole == 0 {
		return 0;
	}
	((i128::from(part) << 32) / i128::from(whole)) as Share
}

fn proportion(value: u16) -> Share {
	quotient(value.into(), u16::MAX.into())
}

fn to_proportion(share: Share) -> u16 {
	((i128::from(share) * i128::from(u16::MAX)) >> 32) as u16
}

fn to_proportions(shares: Vec<Share>) -> Vec<u16> {
	shares.into_iter().map(to_proportion).collect()
}

fn normalised(values: Vec<Share>) -> Vec<Share> {
	let sum: Share = values.iter().sum();
	if sum == 0 {
		return values;
	}
	values.into_iter().map(|value| quotient(value, sum)).collect()
}

fn map(matrix: &Matrix, cell: impl Fn(usize, usize, Share) -> Share) -> Matrix {
	let entry = |i: usize, (j, value): &(u16, Share)| (*j, cell(i, usize::from(*j), *value));
	let rows = matrix.iter().enumerate();
	rows.map(|(i, row)| row.iter().map(|listed| entry(i, listed)).collect())
		.collect()
}

/// The entries that are kept, as integers.
fn read(rows: &[Vec<Entry>], n: usize, keep: impl Fn(usize, usize) -> bool) -> Matrix {
	let mut matrix = vec![Vec::new(); n];
	for (i, (row, from)) in matrix.iter_mut().zip(rows).enumerate() {
		let kept = from.iter().filter(|(j, _)| keep(i, usize::from(*j)));
		row.extend(kept.map(|(j, value)| (*j, Share::from(*value))));
	}
	matrix
}

fn is_permitted(input: &OwnedEpochInput, uid: usize) -> bool {
	input.validator_permits[uid] || input.owner_uid.map(usize::from) == Some(uid)
}

fn active_stake(input: &OwnedEpochInput) -> Vec<Share> {
	let (updates, parameters) = (&input.mechanisms[0].last_update, &input.parameters);
	let owner = input.owner_uid.map(usize::from);
	let counted = |(uid, stake): (usize, &u64)| {
		if *stake >= parameters.stake_threshold || owner == Some(uid) {
			*stake
		} else {
			0
		}
	};
	let stake: Vec<u64> = input.stake.iter().enumerate().map(counted).collect();
	let sum: u128 = stake.iter().copied().map(u128::from).sum();
	let share = |stake: u64| (u128::from(stake) << 32).checked_div(sum).unwrap_or(0) as Share;
	let active = stake.iter().enumerate().map(|(uid, stake)| {
		let is_active = updates[uid] + parameters.activity_cutoff >= input.block;
		if is_active && is_permitted(input, uid) {
			share(*stake)
		} else {
			0
		}
	});
	normalised(active.collect())
}

fn weights(input: &OwnedEpochInput) -> Matrix {
	let mechanism = &input.mechanisms[0];
	let owner = input.owner_uid.map(usize::from);
	let counts = |i: usize, j: usize| {
		let is_young = mechanism.last_update[i] > input.block_at_registration[j];
		is_young && is_permitted(input, i) && (i != j || owner == Some(i))
	};
	let raw = read(&mechanism.weights, usize::from(input.n), counts);
	let sums: Vec<Share> = raw
		.iter()
		.map(|row| row.iter().map(|(_, weight)| weight).sum())
		.collect();
	map(&raw, |i, _, weight| quotient(weight, sums[i]))
}

/// The smallest weight up to which there are more votes than all less κ.
fn consensus(weights: &Matrix, stake: &[Share], kappa: Share) -> Vec<Share> {
	let votes = normalised(stake.to_vec());
	let all: Share = votes.iter().sum();
	let mut columns: Vec<Vec<(Share, Share)>> = vec![Vec::new(); stake.len()];
	for (row, vote) in weights.iter().zip(&votes).filter(|(_, vote)| **vote > 0) {
		for (j, weight) in row {
			columns[usize::from(*j)].push((*weight, *vote));
		}
	}
	let median = |mut said: Vec<(Share, Share)>| {
		let silent = all - said.iter().map(|(_, vote)| vote).sum::<Share>();
		if silent > 0 {
			said.push((0, silent));
		}
		said.sort_unstable_by_key(|(weight, _)| *weight);
		let mut below = 0;
		let enough = said.iter().find(|(_, vote)| {
			below += vote;
			below > all - kappa
		});
		enough.or(said.last()).map_or(0, |(weight, _)| *weight)
	};
	columns.into_iter().map(median).collect()
}

fn penalised(weights: &Matrix, clipped: &Matrix, penalty: u16) -> Matrix {
	match penalty {
		0 => weights.clone(),
		u16::MAX => clipped.clone(),
		part => {
			let part = proportion(part);
			let follow = |((j, weight), (_, clipped)): (&(u16, Share), &(u16, Share))| {
				(*j, weight + product(part, clipped - weight))
			};
			let rows = weights.iter().zip(clipped);
			rows.map(|(weights, clipped)| weights.iter().zip(clipped).map(follow).collect())
				.collect()
		}
	}
}

fn column_sums(matrix: &Matrix, n: usize) -> Vec<Share> {
	let mut sums = vec![0; n];
	for (j, value) in matrix.iter().flatten() {
		sums[usize::from(*j)] += value;
	}
	sums
}

fn column_maxima(matrix: &Matrix, n: usize) -> Vec<Share> {
	let mut maxima = vec![0; n];
	for (j, value) in matrix.iter().flatten() {
		let most: &mut Share = &mut maxima[usize::from(*j)];
		*most = (*most).max(*value);
	}
	maxima
}

/// Each entry divided by its column's number.
fn over_columns(matrix: &Matrix, wholes: &[Share]) -> Matrix {
	map(matrix, |_, j, value| quotient(value, wholes[j]))
}

/// `(1 - kept) · new + kept · old`, of all that either lists.
fn average(new: &Matrix, old: &Matrix, kept: Share) -> Matrix {
	let of_row = |(new, old): (&Row, &Row)| {
		let (mut new, mut old) = (new.iter().peekable(), old.iter().peekable());
		let mut row = Vec::with_capacity(new.len().max(old.len()));
		while let Some(j) = [new.peek(), old.peek()].into_iter().flatten().map(|(j, _)| *j).min() {
			let next = |side: &mut std::iter::Peekable<std::slice::Iter<'_, (u16, Share)>>| {
				side.next_if(|(listed, _)| *listed == j).map_or(0, |(_, value)| *value)
			};
			let value = product(ONE - kept, next(&mut new)) + product(kept, next(&mut old));
			row.push((j, value));
		}
		row
	};
	new.iter().zip(old).map(of_row).collect()
}

/// By incentive and dividends; by active stake where nobody has any of them.
fn emission(emission: u64, incentive: &[Share], dividends: &[Share], stake: &[Share]) -> Vec<u64> {
	let both: Vec<Share> = incentive
		.iter()
		.zip(dividends)
		.map(|(one, other)| one + other)
		.collect();
	let shares = if both.iter().any(|share| *share > 0) {
		normalised(both)
	} else {
		stake.to_vec()
	};
	let paid = |share: Share| ((share as u128 * u128::from(emission)) >> 32) as u64;
	shares.into_iter().map(paid).collect()
}

fn stored(bonds: &Matrix, permits: &[bool]) -> Vec<Vec<Entry>> {
	let of_row = |(row, permit): (&Row, &bool)| {
		let held = row.iter().filter(|(_, bond)| *permit && *bond > 0);
		held.map(|(j, bond)| (*j, to_proportion(*bond))).collect()
	};
	bonds.iter().zip(permits).map(of_row).collect()
}
