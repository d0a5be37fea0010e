//! Counting tests in what a test runner prints, so that one plain line can say at the end what ran.

use std::ops::AddAssign;

/// How many tests ended in which way.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Tally {
	pub(crate) passed: u64,
	/// Failed, timed out, or could not be started.
	pub(crate) failed: u64,
	pub(crate) skipped: u64,
}

impl AddAssign for Tally {
	fn add_assign(&mut self, other: Self) {
		self.passed += other.passed;
		self.failed += other.failed;
		self.skipped += other.skipped;
	}
}

/// Who prints the summary. A runner repeats what a failed test printed, and with nextest that holds the summary of
/// the harness within: only the runner's own counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Runner {
	/// `Summary [ 1.2s] 9 tests run: 7 passed (1 slow), 1 failed, 1 timed out, 2 skipped`
	Nextest,
	/// `test result: ok. 7 passed; 0 failed; 2 ignored; 0 measured; …`
	Harness,
}

impl Tally {
	/// Adds what a summary line of `runner` says; other lines add nothing.
	pub(crate) fn read(&mut self, runner: Runner, line: &str) {
		let line = without_colours(line);
		let line = line.trim();
		let (start, before_counts) = match runner {
			Runner::Nextest => ("Summary [", " run: "),
			Runner::Harness => ("test result: ", ". "),
		};
		let counts = line
			.strip_prefix(start)
			.and_then(|rest| rest.split_once(before_counts))
			.map(|it| it.1);
		for count in counts.unwrap_or_default().split([',', ';', '(']) {
			let mut words = count.split_whitespace();
			let (Some(Ok(number)), Some(kind)) = (words.next().map(str::parse::<u64>), words.next()) else {
				continue;
			};
			match kind {
				"passed" => self.passed += number,
				"failed" | "timed" | "exec" => self.failed += number,
				"skipped" | "ignored" => self.skipped += number,
				_ => {}
			}
		}
	}
}

impl std::fmt::Display for Tally {
	fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		write!(
			formatter,
			"{} passed, {} failed, {} skipped",
			self.passed, self.failed, self.skipped
		)
	}
}

/// `text` without the escape sequences that colour it on a terminal.
fn without_colours(text: &str) -> String {
	let mut plain = String::with_capacity(text.len());
	let mut characters = text.chars();
	while let Some(character) = characters.next() {
		if character == '\u{1b}' {
			// ESC [ parameters letter
			for skipped in characters.by_ref() {
				if skipped.is_ascii_alphabetic() {
					break;
				}
			}
		} else {
			plain.push(character);
		}
	}
	plain
}

#[cfg(test)]
mod tests {
	use super::*;

	fn tally(passed: u64, failed: u64, skipped: u64) -> Tally {
		Tally {
			passed,
			failed,
			skipped,
		}
	}

	fn read(runner: Runner, lines: &[&str]) -> Tally {
		let mut tally = Tally::default();
		for line in lines {
			tally.read(runner, line);
		}
		tally
	}

	#[test]
	fn nextest_summaries_are_read() {
		let line = "     Summary [   1.204s] 9 tests run: 7 passed (1 slow), 1 failed, 1 timed out, 2 skipped";
		assert_eq!(read(Runner::Nextest, &[line]), tally(7, 2, 2));
		let coloured = "\u{1b}[32;1m     Summary\u{1b}[0m [   0.1s] \u{1b}[1m3\u{1b}[0m tests run: \
						\u{1b}[1m3\u{1b}[0m \u{1b}[32;1mpassed\u{1b}[0m, \u{1b}[1m0\u{1b}[0m skipped";
		assert_eq!(read(Runner::Nextest, &[coloured]), tally(3, 0, 0));
		let stopped = "Summary [ 9s] 4/9 tests run: 3 passed, 1 exec failed, 0 skipped";
		assert_eq!(read(Runner::Nextest, &[stopped]), tally(3, 1, 0));
	}

	#[test]
	fn harness_summaries_add_up() {
		let lines = [
			"running 3 tests",
			"test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s",
			"test result: FAILED. 4 passed; 5 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1s",
		];
		assert_eq!(read(Runner::Harness, &lines), tally(6, 5, 1));
		assert_eq!(
			read(Runner::Nextest, &lines),
			tally(0, 0, 0),
			"output of a test that nextest repeats"
		);
	}

	#[test]
	fn other_lines_count_nothing() {
		let lines = [
			"test a::b ... ok",
			"7 passed",
			"Summary of changes: 3 passed",
			"test result: ",
			"",
		];
		for runner in [Runner::Nextest, Runner::Harness] {
			assert_eq!(read(runner, &lines), tally(0, 0, 0));
		}
	}

	#[test]
	fn the_closing_line_is_plain() {
		assert_eq!(tally(1, 2, 3).to_string(), "1 passed, 2 failed, 3 skipped");
	}
}
