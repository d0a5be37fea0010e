//! The engine against a slow oracle: dense matrices of exact rationals, written from the formulae alone.
//!
//! The oracle knows no rounding, so that it agrees within a few units of 1/65535 where no share is tiny. Liquid alpha is
//! left out: its exponential is not rational, and the vectors fix it to the last bit.

mod common;

use common::{Input, Output};
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, ToPrimitive, Zero};
use proptest::collection::vec;
use proptest::prelude::*;
use yuma::Entry;

type Matrix = Vec<Vec<BigRational>>;

const BLOCK: u64 = 100_000;
const MOST_NEURONS: u16 = 7;
/// How far, in units of 1/65535, cut divisions may lead away from the exact result.
const TOLERANCE: i64 = 8;

fn integer(value: u64) -> BigRational {
	BigRational::from_integer(BigInt::from(value))
}

fn proportion(value: u16) -> BigRational {
	integer(value.into()) / integer(u16::MAX.into())
}

fn normalised(values: Vec<BigRational>) -> Vec<BigRational> {
	let sum: BigRational = values.iter().sum();
	if sum.is_zero() {
		values
	} else {
		values.into_iter().map(|value| value / &sum).collect()
	}
}

fn columns_divided(matrix: &Matrix, divisor: impl Fn(&[BigRational]) -> BigRational) -> Matrix {
	let mut result = matrix.clone();
	for j in 0..matrix.len() {
		let column: Vec<BigRational> = matrix.iter().map(|row| row[j].clone()).collect();
		let divisor = divisor(&column);
		if !divisor.is_zero() {
			result.iter_mut().for_each(|row| row[j] /= &divisor);
		}
	}
	result
}

fn columns_normalised(matrix: &Matrix) -> Matrix {
	columns_divided(matrix, |column| column.iter().sum())
}

fn columns_scaled_up(matrix: &Matrix) -> Matrix {
	columns_divided(matrix, |column| {
		column.iter().max().cloned().unwrap_or_else(BigRational::zero)
	})
}

fn combined(left: &Matrix, right: &Matrix, cell: impl Fn(&BigRational, &BigRational) -> BigRational) -> Matrix {
	let row = |(left, right): (&Vec<BigRational>, &Vec<BigRational>)| {
		left.iter().zip(right).map(|(left, right)| cell(left, right)).collect()
	};
	left.iter().zip(right).map(row).collect()
}

fn dense(rows: &[Vec<Entry>], n: usize, keep: impl Fn(usize, usize) -> bool) -> Matrix {
	let mut matrix = vec![vec![BigRational::zero(); n]; n];
	for (i, row) in rows.iter().enumerate() {
		for (j, value) in row {
			if keep(i, usize::from(*j)) {
				matrix[i][usize::from(*j)] = proportion(*value);
			}
		}
	}
	matrix
}

/// The highest weight (or zero) that at least `kappa` of the stake supports; only stake counts.
fn consensus_of(column: &[BigRational], stake: &[BigRational], kappa: &BigRational) -> BigRational {
	let support = |weight: &BigRational| -> BigRational {
		column
			.iter()
			.zip(stake)
			.filter(|(own, _)| *own >= weight)
			.map(|(_, stake)| stake)
			.sum()
	};
	let weights = column
		.iter()
		.zip(stake)
		.filter(|(_, stake)| !stake.is_zero())
		.map(|(weight, _)| weight);
	weights
		.filter(|weight| support(weight) >= *kappa)
		.max()
		.cloned()
		.unwrap_or_else(BigRational::zero)
}

/// What the oracle predicts, in exact shares.
struct Prediction {
	consensus: Vec<BigRational>,
	trust: Vec<BigRational>,
	incentive: Vec<BigRational>,
	dividends: Vec<BigRational>,
	bonds: Matrix,
}

fn predict(input: &Input) -> Prediction {
	let n = usize::from(input.n);
	let is_owner = |uid: usize| input.owner_uid.map(usize::from) == Some(uid);
	let permitted = |uid: usize| input.validator_permits[uid] || is_owner(uid);
	let active = |uid: usize| input.last_update[uid] + input.activity_cutoff >= input.block;
	let stake = |uid: usize| {
		if active(uid) && permitted(uid) {
			input.stake[uid]
		} else {
			0
		}
	};
	let stake = normalised((0..n).map(|uid| integer(stake(uid))).collect());

	let weights = dense(&input.weights, n, |i, j| {
		permitted(i) && (i != j || is_owner(i)) && input.last_update[i] > input.block_at_registration[j]
	});
	let weights: Matrix = weights.into_iter().map(normalised).collect();
	let kappa = proportion(input.kappa);
	let column = |j: usize| -> Vec<BigRational> { weights.iter().map(|row| row[j].clone()).collect() };
	let consensus: Vec<BigRational> = (0..n).map(|j| consensus_of(&column(j), &stake, &kappa)).collect();
	let clip = |row: &Vec<BigRational>| row.iter().zip(&consensus).map(|(w, c)| w.min(c).clone()).collect();
	let clipped: Matrix = weights.iter().map(clip).collect();
	let rank = |j: usize| clipped.iter().zip(&stake).map(|(row, stake)| &row[j] * stake).sum();
	let incentive = normalised((0..n).map(rank).collect());

	let penalty = proportion(input.bonds_penalty);
	let followed = combined(&weights, &clipped, |raw, clipped| raw + &penalty * (clipped - raw));
	let last_epoch = input.block - input.tempo;
	let old = dense(&input.bonds, n, |_, j| input.block_at_registration[j] < last_epoch);
	let kept = integer(input.bonds_moving_average) / integer(1_000_000);
	let alpha = BigRational::one() - &kept;
	let average = |new: &Matrix, old: &Matrix| combined(new, old, |new, old| &alpha * new + &kept * old);
	let earned = |shares: &Matrix, i: usize| -> BigRational {
		shares[i]
			.iter()
			.zip(&incentive)
			.map(|(share, incentive)| share * incentive)
			.sum()
	};

	let (bonds, dividends): (Matrix, Vec<BigRational>) = if input.yuma3_on {
		let bonds = average(&followed, &old);
		let shares = columns_normalised(&bonds);
		(bonds, (0..n).map(|i| earned(&shares, i) * &stake[i]).collect())
	} else {
		let bought = followed
			.iter()
			.zip(&stake)
			.map(|(row, stake)| row.iter().map(|w| w * stake).collect());
		let delta = columns_normalised(&bought.collect());
		let shares = columns_normalised(&average(&delta, &columns_normalised(&old)));
		let dividends = (0..n).map(|i| earned(&shares, i)).collect();
		(columns_scaled_up(&shares), dividends)
	};
	Prediction {
		trust: clipped.iter().map(|row| row.iter().sum()).collect(),
		dividends: normalised(dividends),
		consensus,
		incentive,
		bonds,
	}
}

fn is_close(exact: &BigRational, came: u16) -> bool {
	let scaled = exact * integer(u16::MAX.into());
	let exact = scaled.floor().to_integer().to_i64().unwrap();
	(exact - i64::from(came)).abs() <= TOLERANCE
}

fn check(name: &str, exact: &[BigRational], came: &[u16]) -> Result<(), TestCaseError> {
	let all_close = exact.iter().zip(came).all(|(exact, came)| is_close(exact, *came));
	let exact: Vec<Option<f64>> = exact.iter().map(|share| Some(share.to_f64()? * 65_535.0)).collect();
	prop_assert!(
		exact.len() == came.len() && all_close,
		"{}: exactly {:?}, came {:?}",
		name,
		exact,
		came
	);
	Ok(())
}

fn check_bonds(exact: &Matrix, output: &Output) -> Result<(), TestCaseError> {
	let rows = exact.iter().zip(&output.bonds).zip(&output.new_validator_permits);
	for ((exact, stored), _) in rows.filter(|(_, permit)| **permit) {
		let mut came = vec![0; exact.len()];
		stored
			.iter()
			.for_each(|(destination, bond)| came[usize::from(*destination)] = *bond);
		check("bonds", exact, &came)?;
	}
	Ok(())
}

/// Rows in which no entry is tiny, so that rounding stays in proportion.
fn rows(n: u16) -> impl Strategy<Value = Vec<Vec<Entry>>> {
	let value = prop_oneof![1 => Just(0), 6 => 2_000..=u16::MAX];
	let row = proptest::collection::btree_map(0..n, value, 0..=usize::from(n));
	vec(row.prop_map(Vec::from_iter), usize::from(n))
}

fn recent_or_not() -> impl Strategy<Value = u64> {
	prop_oneof![4 => BLOCK - 500..BLOCK, 1 => 1..BLOCK]
}

fn old_or_not() -> impl Strategy<Value = u64> {
	prop_oneof![4 => 0..BLOCK - 500, 1 => 1..BLOCK]
}

prop_compose! {
	fn input()(n in 1..=MOST_NEURONS)(
		stake in vec(100_000..1_000_000_u64, usize::from(n)),
		last_update in vec(recent_or_not(), usize::from(n)),
		block_at_registration in vec(old_or_not(), usize::from(n)),
		validator_permits in vec(prop_oneof![3 => Just(true), 1 => Just(false)], usize::from(n)),
		owner_uid in proptest::option::of(0..n),
		kappa in prop_oneof![Just(0), Just(u16::MAX), Just(32_767), any::<u16>()],
		bonds_penalty in prop_oneof![Just(0), Just(u16::MAX), any::<u16>()],
		bonds_moving_average in prop_oneof![Just(0), Just(1_000_000), 100_000..900_000_u64],
		yuma3_on in any::<bool>(),
		weights in rows(n),
		bonds in rows(n),
		n in Just(n),
	) -> Input {
		Input {
			n,
			block: BLOCK,
			tempo: 200,
			activity_cutoff: 1_000,
			last_mechanism_step_block: 0,
			last_update,
			block_at_registration,
			stake,
			stake_threshold: 0,
			owner_uid,
			validator_permits,
			max_allowed_validators: u16::MAX,
			kappa,
			bonds_penalty,
			bonds_moving_average,
			yuma3_on,
			liquid_alpha_on: false,
			alpha_low: 0,
			alpha_high: 0,
			alpha_sigmoid_steepness: 0,
			emission: 1_000_000_000,
			weights,
			bonds,
		}
	}
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(512))]

	#[test]
	fn the_engine_agrees_with_exact_dense_arithmetic(input in input()) {
		let (exact, output) = (predict(&input), input.run());
		check("consensus", &exact.consensus, &output.consensus)?;
		check("validator trust", &exact.trust, &output.validator_trust)?;
		check("incentive", &exact.incentive, &output.incentive)?;
		check("dividends", &exact.dividends, &output.dividends)?;
		check_bonds(&exact.bonds, &output)?;
	}
}
