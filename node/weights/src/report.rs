//! The table of what was measured, on the screen and as a page.

use std::fmt::Write as _;

use crate::points::Point;
use crate::runtime::Cost;

/// How often what is charged may be what was measured, before the page says that it is much.
const MUCH: f64 = 20.0;

/// A benchmark at some values of its components.
pub(crate) struct Measured {
	pub(crate) name: String,
	pub(crate) point: Point,
	pub(crate) cost: Cost,
}

impl Measured {
	fn values(&self) -> String {
		values(&self.point)
	}

	/// What is charged for each picosecond that was measured; nothing where nobody is charged.
	fn ratio(&self) -> Option<f64> {
		let declared = self.cost.declared_ps?;
		Some(declared as f64 / self.cost.total_ps().max(1) as f64)
	}

	fn is_too_low(&self) -> bool {
		self.ratio().is_some_and(|ratio| ratio < 1.0)
	}

	fn line(&self) -> String {
		let Cost {
			time_ps, reads, writes, ..
		} = self.cost;
		let (declared, ratio) = match (self.cost.declared_ps, self.ratio()) {
			(Some(declared), Some(ratio)) => (microseconds(declared), format!("{ratio:.1}")),
			_ => ("-".into(), "-".into()),
		};
		let mark = if self.is_too_low() { " **too low**" } else { "" };
		format!(
			"| {} | {} | {} | {reads} | {writes} | {} | {declared} | {ratio}{mark} |",
			self.name,
			self.values(),
			microseconds(time_ps),
			microseconds(self.cost.total_ps()),
		)
	}
}

fn values(point: &Point) -> String {
	let values: Vec<String> = point.iter().map(|(name, value)| format!("{name} = {value}")).collect();
	values.join(", ")
}

fn microseconds(picoseconds: u64) -> String {
	format!("{:.1}", picoseconds as f64 / 1e6)
}

/// All that was measured.
pub(crate) struct Report {
	repeats: u32,
	measured: Vec<Measured>,
	failed: Vec<String>,
}

impl Report {
	pub(crate) fn new(repeats: u32) -> Self {
		Self {
			repeats,
			measured: Vec::new(),
			failed: Vec::new(),
		}
	}

	/// Adds a line, and prints it.
	pub(crate) fn add(&mut self, measured: Measured) {
		if self.measured.is_empty() {
			println!("{HEADER}");
		}
		println!("{}", measured.line());
		self.measured.push(measured);
	}

	/// Adds a benchmark that failed.
	pub(crate) fn fail(&mut self, name: String, point: Point, error: &str) {
		let line = format!("{name} at {}: {error}", values(&point));
		println!("FAILED {line}");
		self.failed.push(line);
	}

	/// Whether every benchmark ran, and none is charged less than it takes.
	pub(crate) fn is_good(&self) -> bool {
		self.failed.is_empty() && !self.measured.is_empty() && !self.measured.iter().any(Measured::is_too_low)
	}

	pub(crate) fn print_summary(&self) {
		println!("\n{}", self.summary());
	}

	fn summary(&self) -> String {
		let low: Vec<&Measured> = self.measured.iter().filter(|measured| measured.is_too_low()).collect();
		let mut text = format!(
			"{} measurements, {} with a declared weight below them, {} failed.\n",
			self.measured.len(),
			low.len(),
			self.failed.len()
		);
		for measured in low {
			let ratio = measured.ratio().unwrap_or_default();
			let _ = writeln!(
				text,
				"- too low: {} at {}: {ratio:.2} of what it takes",
				measured.name,
				measured.values()
			);
		}
		for failed in &self.failed {
			let _ = writeln!(text, "- failed: {failed}");
		}
		let much = self
			.largest()
			.filter(|measured| measured.ratio().is_some_and(|ratio| ratio > MUCH));
		let much: Vec<&str> = much.map(|measured| measured.name.as_str()).collect();
		if !much.is_empty() {
			let _ = writeln!(
				text,
				"- charged over {MUCH} times what they take, at their largest: {}",
				much.join(", ")
			);
		}
		text
	}

	/// Each benchmark with its components at their largest: the last of its lines.
	fn largest(&self) -> impl Iterator<Item = &Measured> {
		let next = self.measured.iter().skip(1).map(Some).chain([None]);
		let pairs = self.measured.iter().zip(next);
		pairs
			.filter(|(measured, next)| next.is_none_or(|next| next.name != measured.name))
			.map(|(measured, _)| measured)
	}

	/// The page.
	pub(crate) fn page(&self) -> String {
		let mut page = String::from(INTRODUCTION);
		let _ = writeln!(
			page,
			"\nLeast of {} repetitions. {}\n{HEADER}",
			self.repeats,
			self.summary()
		);
		for measured in &self.measured {
			let _ = writeln!(page, "{}", measured.line());
		}
		page
	}
}

const HEADER: &str = "\
| benchmark | components | time, µs | reads | writes | time and items, µs | charged, µs | charged / taken |
| --- | --- | --- | --- | --- | --- | --- | --- |";

const INTRODUCTION: &str = "\
# Weights: measured and declared

Written by `cargo xtask weights`, which runs every benchmark of this project's pallets in the compiled runtime and fails
where one is charged less than it takes. *Time* is processor time in Wasm, look-ups in a trie in memory included, with a
cold cache; *reads* and *writes* are distinct storage items, at the prices of the runtime's database; *charged* is the
weight that the call or the step of a block declares, or answers after it has run. A dash: nobody is charged for it.
";
