//! Where weights come from: one file or many, by name, checked, as F32.

use std::collections::BTreeSet;

use crate::compute::Matrix;
use crate::error::Fault;

/// The tensors of a model, each read once.
pub(crate) trait TensorSource {
	/// The numbers of the tensor `name` in F32, row after row; its dimensions (slowest first) must
	/// be `expected`.
	fn numbers(&self, name: &str, expected: &[usize]) -> Result<Vec<f32>, Fault>;

	/// Whether there is a tensor of that name.
	fn has(&self, name: &str) -> bool;

	/// All names.
	fn names(&self) -> Vec<&str>;
}

/// Takes tensors out of a source and remembers which were taken.
pub(crate) struct Loader<'a> {
	source: &'a dyn TensorSource,
	taken: BTreeSet<String>,
	parameters: u64,
}

impl<'a> Loader<'a> {
	pub(crate) fn new(source: &'a dyn TensorSource) -> Self {
		Self {
			source,
			taken: BTreeSet::new(),
			parameters: 0,
		}
	}

	pub(crate) fn has(&self, name: &str) -> bool {
		self.source.has(name)
	}

	fn take(&mut self, name: &str, numbers: usize) {
		self.taken.insert(name.to_owned());
		self.parameters += numbers as u64;
	}

	/// Numbers taken so far.
	pub(crate) fn parameters(&self) -> u64 {
		self.parameters
	}

	/// One row of numbers.
	pub(crate) fn vector(&mut self, name: &str, length: usize) -> Result<Vec<f32>, Fault> {
		let numbers = self.source.numbers(name, &[length])?;
		self.take(name, numbers.len());
		Ok(numbers)
	}

	/// As [`Self::vector`], if there is one.
	pub(crate) fn optional_vector(&mut self, name: &str, length: usize) -> Result<Option<Vec<f32>>, Fault> {
		self.has(name).then(|| self.vector(name, length)).transpose()
	}

	pub(crate) fn matrix(&mut self, name: &str, outputs: usize, inputs: usize) -> Result<Matrix, Fault> {
		self.stacked(&[(name.to_owned(), outputs)], inputs)
	}

	/// Several matrices of the same width below each other, as one.
	pub(crate) fn stacked(&mut self, parts: &[(String, usize)], inputs: usize) -> Result<Matrix, Fault> {
		let mut matrix: Option<Matrix> = None;
		let mut first = 0;
		for (name, outputs) in parts {
			let numbers = self.source.numbers(name, &[*outputs, inputs])?;
			// Only now it is known that the sizes are those of a tensor that exists.
			let matrix =
				matrix.get_or_insert_with(|| Matrix::zeros(parts.iter().map(|(_, outputs)| outputs).sum(), inputs));
			matrix.fill(first, &numbers);
			first += outputs;
			self.take(name, numbers.len());
		}
		matrix.ok_or_else(|| Fault::malformed("a weight of no parts was asked for"))
	}

	/// Leaves a tensor unused, on purpose.
	pub(crate) fn ignore(&mut self, name: &str) {
		self.taken.insert(name.to_owned());
	}

	/// A tensor that the forward pass does not use (a bias, an adapter) would make its numbers
	/// wrong without a word.
	pub(crate) fn refuse_leftovers(&self, family: &str) -> Result<(), Fault> {
		match self.source.names().iter().find(|name| !self.taken.contains(**name)) {
			None => Ok(()),
			Some(name) => Err(Fault::unsupported(format!(
				"it has the tensor {:?}, which a plain {family} does not have",
				name.chars().take(64).collect::<String>()
			))),
		}
	}
}
