//! Evaluates what `collect` wrote: the page `subnets/text/DETECTION.md`.

use std::collections::BTreeMap;
use std::path::Path;

use subnet_sdk::SequentialTest;
use subnet_text::TextParameters;

use crate::statistics::{Uniform, clopper_pearson, quantile};

/// Tokens of a typical answer to a challenge.
const ANSWER_TOKENS: usize = 32;
/// Tokens within which a cheat is to be detected.
const BAR_TOKENS: usize = 1_000;
/// Streams drawn to estimate what the test does at a given rate of failures.
const STREAMS: u32 = 20_000;

/// Cells in the order of the page: file, and what the miner does.
const CELLS: [(&str, &str); 15] = [
	(
		"honest",
		"honest: a token at a time, checked in one pass (not batched against batched)",
	),
	("honest-batched", "honest: an engine with 4 requests in its batch"),
	("honest-other-threads", "honest: 1 thread, checked with all threads"),
	("q8_0", "8-bit weights (Q8_0), reports its own numbers"),
	("q4_1", "4-bit weights (Q4_1)"),
	("q4_0", "4-bit weights (Q4_0)"),
	("layers-29-of-30", "the last of 30 layers left out"),
	(
		"gains-1-percent",
		"another fine-tune: gains of the norms moved by up to 1%",
	),
	("prefill-q8_0", "pre-fill: Q8_0 writes, the true model proves"),
	("prefill-q4_1", "pre-fill: Q4_1 writes, the true model proves"),
	("prefill-q4_0", "pre-fill: Q4_0 writes, the true model proves"),
	(
		"prefill-layers-29-of-30",
		"pre-fill: 29 layers write, the true model proves",
	),
	(
		"prefill-gains-1-percent",
		"pre-fill: the fine-tune writes, the true model proves",
	),
	(
		"relay",
		"relay: another miner's answer (replay of an old one: the same)",
	),
	(
		"relay-proved",
		"wrong seed: the true model under another seed, own leaves",
	),
];

/// One checked token.
struct Line {
	trajectory: u32,
	margin: f64,
	logprob_error: f64,
	leaf: bool,
}

type Lines = BTreeMap<String, Vec<Line>>;

fn read(folder: &Path, cell: &str) -> Result<Option<Lines>, String> {
	let path = folder.join(format!("{cell}.csv"));
	let Ok(text) = std::fs::read_to_string(&path) else {
		return Ok(None);
	};
	let mut lines: Lines = BTreeMap::new();
	// A run that was cut off may have left half a line.
	let whole = text.rfind('\n').and_then(|end| text.get(..end)).unwrap_or_default();
	for line in whole.lines().skip(1) {
		let fields: Vec<&str> = line.split(',').collect();
		let [trajectory, _, setting, _, margin, error, leaf] = fields[..] else {
			return Err(format!("{}: expected 7 fields: {line}", path.display()));
		};
		let number = |field: &str| {
			field
				.parse::<f64>()
				.map_err(|error| format!("{}: {field}: {error}", path.display()))
		};
		lines.entry(setting.to_owned()).or_default().push(Line {
			trajectory: number(trajectory)? as u32,
			margin: number(margin)?,
			logprob_error: number(error)?,
			leaf: leaf == "1",
		});
	}
	Ok(Some(lines))
}

fn fails(line: &Line, parameters: &TextParameters) -> bool {
	let tolerance = f64::from(parameters.margin_tolerance);
	line.margin > tolerance || line.logprob_error > tolerance || !line.leaf
}

/// The share of streams of `tokens` checks, each failing with probability `rate`, that the test condemns.
fn condemned(rate: f64, tokens: usize, parameters: &TextParameters) -> f64 {
	let mut uniform = Uniform(1);
	let mut count = 0;
	for _ in 0..STREAMS {
		let mut test = SequentialTest::new(parameters.test);
		for _ in 0..tokens {
			test.observe(uniform.next() < rate);
			if test.condemned() {
				count += 1;
				break;
			}
		}
	}
	f64::from(count) / f64::from(STREAMS)
}

/// Of the recorded tokens in pieces of [`ANSWER_TOKENS`], how many are condemned by themselves.
fn answers_condemned(lines: &[Line], parameters: &TextParameters) -> (u64, u64) {
	let (mut condemned, mut all) = (0, 0);
	for answer in lines.chunk_by(|left, right| left.trajectory == right.trajectory) {
		for piece in answer.chunks_exact(ANSWER_TOKENS) {
			let mut test = SequentialTest::new(parameters.test);
			piece.iter().for_each(|line| test.observe(fails(line, parameters)));
			condemned += u64::from(test.condemned());
			all += 1;
		}
	}
	(condemned, all)
}

/// Tokens until the test over all recorded tokens condemns, counted anew after each time; the median, if it ever does.
fn tokens_needed(lines: &[Line], parameters: &TextParameters) -> Option<usize> {
	let mut needed = Vec::new();
	let (mut test, mut since) = (SequentialTest::new(parameters.test), 0);
	for line in lines {
		test.observe(fails(line, parameters));
		since += 1;
		if test.condemned() {
			needed.push(since);
			(test, since) = (SequentialTest::new(parameters.test), 0);
		}
	}
	needed.sort_unstable();
	needed.get(needed.len() / 2).copied()
}

fn percent(share: f64) -> String {
	match share {
		share if share >= 0.9995 => format!("{:.2}%", (share * 10_000.0).floor() / 100.0),
		share if share < 0.001 => format!("{:.3}%", share * 100.0),
		share => format!("{:.1}%", share * 100.0),
	}
}

fn row(what: &str, setting: &str, lines: &[Line], parameters: &TextParameters) -> String {
	let tokens = lines.len() as u64;
	let failures = lines.iter().filter(|line| fails(line, parameters)).count() as u64;
	let (low, high) = clopper_pearson(failures, tokens);
	let (alone, answers) = answers_condemned(lines, parameters);
	let needed = tokens_needed(lines, parameters).map_or("never".into(), |tokens| tokens.to_string());
	let rate = failures as f64 / tokens.max(1) as f64;
	let within = condemned(low, BAR_TOKENS, parameters);
	format!(
		"| {what} | {setting} | {tokens} | {failures} ({}; {} to {}) | {alone} of {answers} | {needed} | {} |\n",
		percent(rate),
		percent(low),
		percent(high),
		percent(within)
	)
}

fn noise(folder: &Path, parameters: &TextParameters) -> Result<String, String> {
	let mut text = String::from(
		"| cell | sampling | tokens | margin above 0 | margin, largest | log-probability error, median | 99% | largest | leaves that do not match |\n\
		 | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
	);
	for (cell, _) in CELLS.iter().take(8) {
		for (setting, lines) in read(folder, cell)?.unwrap_or_default() {
			let sorted = |value: fn(&Line) -> f64| {
				let mut values: Vec<f64> = lines.iter().map(value).collect();
				values.sort_by(f64::total_cmp);
				values
			};
			let margins = sorted(|line| line.margin);
			let errors = sorted(|line| line.logprob_error);
			let above = margins.iter().filter(|margin| **margin > 0.0).count();
			let unmatched = lines.iter().filter(|line| !line.leaf).count();
			text.push_str(&format!(
				"| {cell} | {setting} | {} | {above} | {:.1e} | {:.1e} | {:.1e} | {:.1e} | {unmatched} |\n",
				lines.len(),
				quantile(&margins, 1.0),
				quantile(&errors, 0.5),
				quantile(&errors, 0.99),
				quantile(&errors, 1.0),
			));
		}
	}
	let tolerance = parameters.margin_tolerance;
	text.push_str(&format!(
		"\nThe tolerance is {tolerance} for margins and log-probabilities and {} for each of the 32 logits of a leaf.\n",
		parameters.leaf_tolerance
	));
	Ok(text)
}

fn early_stop(folder: &Path, parameters: &TextParameters) -> Result<String, String> {
	let mut text =
		String::from("| sampling | forged ends | within tolerance (95% confidence) |\n| --- | ---: | ---: |\n");
	for (setting, lines) in read(folder, "early-stop")?.unwrap_or_default() {
		let passed = lines.iter().filter(|line| !fails(line, parameters)).count() as u64;
		let (low, high) = clopper_pearson(passed, lines.len() as u64);
		let (low, high) = (percent(low), percent(high));
		text.push_str(&format!(
			"| {setting} | {} | {passed} ({low} to {high}) |\n",
			lines.len()
		));
	}
	Ok(text)
}

/// Writes the page to standard output.
pub(crate) fn run(folder: &Path) -> Result<(), String> {
	let parameters = TextParameters::default();
	let mut matrix = String::from(
		"| what the miner does | sampling | tokens | tokens that fail (share; 95% confidence) | answers of 32 condemned alone | tokens to condemn, median | condemned within 1,000 tokens, at the least |\n\
		 | --- | --- | ---: | ---: | ---: | ---: | ---: |\n",
	);
	let mut trajectories = 0;
	for (cell, what) in CELLS {
		for (setting, lines) in read(folder, cell)?.unwrap_or_default() {
			if cell == "honest" {
				trajectories = trajectories.max(lines.chunk_by(|a, b| a.trajectory == b.trajectory).count());
			}
			matrix.push_str(&row(what, &setting, &lines, &parameters));
		}
	}
	let mut honest: Vec<Line> = Vec::new();
	for cell in ["honest", "honest-batched"] {
		honest.extend(read(folder, cell)?.unwrap_or_default().into_values().flatten());
	}
	let failures = honest.iter().filter(|line| fails(line, &parameters)).count() as u64;
	let (_, bound) = clopper_pearson(failures, honest.len() as u64);
	let page = include_str!("page.md")
		.replace("{matrix}", &matrix)
		.replace("{noise}", &noise(folder, &parameters)?)
		.replace("{early_stop}", &early_stop(folder, &parameters)?)
		.replace("{trajectories}", &trajectories.to_string())
		.replace("{honest_tokens}", &honest.len().to_string())
		.replace("{honest_failures}", &failures.to_string())
		.replace("{honest_bound}", &format!("{bound:.1e}"))
		.replace("{assumed}", &format!("{:.0e}", parameters.test.honest_failure_rate))
		.replace("{alarm}", &format!("{:.0e}", parameters.test.false_alarm))
		.replace(
			"{simulated_alarm}",
			&format!(
				"{:.1e}",
				condemned(parameters.test.honest_failure_rate, ANSWER_TOKENS, &parameters)
			),
		);
	print!("{page}");
	Ok(())
}
