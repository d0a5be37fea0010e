//! Time as a sum over neurons, validators and entries.

use crate::Measured;
use crate::subnet::{Agreement, Algorithm, Size};
use crate::wasm::Cost;

const NAMES: [&str; 4] = ["base", "per neuron", "per validator", "per entry (weight or bond)"];
const TERMS: usize = NAMES.len();
const PICOSECONDS_PER_MILLISECOND: f64 = 1e9;

type Row = [f64; TERMS];

/// Prints a fit for the algorithms without liquid alpha and one for liquid alpha, over the sizes in which everybody is
/// paid. The minima count: what else the machine does can only add to a time.
pub(crate) fn print(costs: &[Measured]) {
	let everybody = |measured: &&Measured| measured.size.agreement == Agreement::Everybody;
	for (title, liquid) in [("Without liquid alpha", false), ("With liquid alpha", true)] {
		let is_liquid = |measured: &&Measured| (measured.algorithm == Algorithm::LiquidAlpha) == liquid;
		let chosen: Vec<&Measured> = costs.iter().filter(everybody).filter(is_liquid).collect();
		print_one(title, &chosen);
	}
}

fn print_one(title: &str, measured: &[&Measured]) {
	let rows: Vec<(Row, f64)> = measured
		.iter()
		.map(|one| (row(one.size, &one.cost), one.cost.epoch.least))
		.collect();
	let Some(terms) = fit(&rows) else {
		println!("\n{title}: too few sizes for a fit.");
		return;
	};
	println!("\n{title}: least squares of relative errors, no term below zero.\n");
	println!("| term | picoseconds |\n| --- | --- |");
	for (name, term) in NAMES.iter().zip(terms) {
		println!("| {name} | {:.0} |", term * PICOSECONDS_PER_MILLISECOND);
	}
	let ratios: Vec<f64> = rows.iter().map(|(row, time)| time / sum(&terms, row)).collect();
	let largest = ratios.iter().copied().fold(f64::MIN, f64::max);
	println!("\nThe terms times {largest:.2} are above every measured time. Measured to fitted:\n");
	println!("| uids / validators / row | algorithm | entries | measured, ms | fitted, ms | ratio |");
	println!("|{}", " --- |".repeat(6));
	for ((one, (row, time)), ratio) in measured.iter().zip(&rows).zip(&ratios) {
		let (size, algorithm, entries) = (one.size, one.algorithm.name(), one.cost.entries);
		let fitted = sum(&terms, row);
		println!("| {size} | {algorithm} | {entries} | {time:.2} | {fitted:.2} | {ratio:.2} |");
	}
}

fn row(size: Size, cost: &Cost) -> Row {
	[
		1.0,
		f64::from(size.neurons),
		f64::from(size.validators),
		cost.entries as f64,
	]
}

fn sum(terms: &Row, row: &Row) -> f64 {
	terms.iter().zip(row).map(|(term, value)| term * value).sum()
}

/// The terms with the least sum of squared relative errors; those that would be negative are left out, the most
/// negative first.
fn fit(measured: &[(Row, f64)]) -> Option<Row> {
	let mut used = [true; TERMS];
	loop {
		if measured.len() < used.iter().filter(|used| **used).count() {
			return None;
		}
		let terms = solve(normal_equations(measured, &used))?;
		let worst = (0..TERMS).min_by(|a, b| terms[*a].total_cmp(&terms[*b]))?;
		if terms[worst] >= 0.0 {
			return Some(terms);
		}
		used[worst] = false;
	}
}

/// `Aᵀ A x = Aᵀ b`, each measurement divided by its time; a term that is not used is zero.
fn normal_equations(measured: &[(Row, f64)], used: &[bool; TERMS]) -> [[f64; TERMS + 1]; TERMS] {
	let mut equations = [[0.0; TERMS + 1]; TERMS];
	for (term, equation) in equations.iter_mut().enumerate() {
		if !used[term] {
			equation[term] = 1.0;
			continue;
		}
		for (row, time) in measured {
			for other in (0..TERMS).filter(|other| used[*other]) {
				equation[other] += row[term] * row[other] / (time * time);
			}
			equation[TERMS] += row[term] / time;
		}
	}
	equations
}

/// Gaussian elimination; `None` where the equations do not decide.
fn solve(mut equations: [[f64; TERMS + 1]; TERMS]) -> Option<Row> {
	for step in 0..TERMS {
		let pivot = (step..TERMS).max_by(|a, b| equations[*a][step].abs().total_cmp(&equations[*b][step].abs()))?;
		equations.swap(step, pivot);
		let chosen = equations[step];
		if chosen[step].abs() < f64::MIN_POSITIVE {
			return None;
		}
		for equation in equations.iter_mut().skip(step + 1) {
			let factor = equation[step] / chosen[step];
			for (value, above) in equation.iter_mut().zip(chosen) {
				*value -= factor * above;
			}
		}
	}
	let mut terms = [0.0; TERMS];
	for step in (0..TERMS).rev() {
		let known: f64 = (step + 1..TERMS)
			.map(|other| equations[step][other] * terms[other])
			.sum();
		terms[step] = (equations[step][TERMS] - known) / equations[step][step];
	}
	Some(terms)
}
