use super::*;

/// Numbers without a pattern, the same each time.
fn noise(seed: u64, count: usize) -> Vec<f32> {
	let mut state = seed;
	let next = |_| {
		state = state
			.wrapping_mul(6_364_136_223_846_793_005)
			.wrapping_add(1_442_695_040_888_963_407);
		(state >> 40) as f32 / (1u32 << 23) as f32 - 1.0
	};
	(0..count).map(next).collect()
}

fn rows(seed: u64, count: usize, columns: usize) -> Rows {
	let mut rows = Rows::zeros(count, columns);
	rows.fill(0, &noise(seed, count * columns));
	rows
}

/// Every width of register gives the same bits.
#[test]
fn registers_of_one_number_and_the_best_ones_agree_to_the_bit() {
	for columns in [1, 15, 16, 100, 576] {
		let (left, right) = (rows(1, 1, columns), rows(2, 1, columns));
		let best = dot_dispatched(Arch::new(), left.padded(0), right.padded(0));
		let single = dot(pulp::Scalar::new(), left.padded(0), right.padded(0));
		assert_eq!(best.to_bits(), single.to_bits(), "{columns} columns");
	}
}

/// Against a plain sum in f64; and a row's product does not depend on its company or the threads.
#[test]
fn products_are_right_and_do_not_depend_on_company_or_threads() {
	let two = Compute::new(std::num::NonZero::new(2)).unwrap();
	let one = Compute::new(std::num::NonZero::new(1)).unwrap();
	for (outputs, inputs, count) in [(1, 1, 1), (7, 33, 3), (100, 64, 1), (131, 96, 9), (40, 50, 130)] {
		let (plain, input) = (rows(3, outputs, inputs), rows(4, count, inputs));
		let mut weights = Matrix::zeros(outputs, inputs);
		weights.fill(0, &plain.flat());
		assert_eq!(weights.flat(), plain.flat());
		let mut output = Rows::zeros(count, outputs);
		multiply(&two, &weights, &input, &mut output);
		for row in 0..count {
			for column in 0..outputs {
				let terms = plain.row(column).iter().zip(input.row(row));
				let exact: f64 = terms.map(|(&w, &x)| f64::from(w) * f64::from(x)).sum();
				assert!((f64::from(output.row(row)[column]) - exact).abs() < 1e-4);
			}
			let mut alone = Rows::zeros(1, inputs);
			alone.fill(0, input.row(row));
			let mut single = Rows::zeros(1, outputs);
			multiply(&one, &weights, &alone, &mut single);
			assert_eq!(single.row(0), output.row(row));
		}
	}
}
