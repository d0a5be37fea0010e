//! What was called: a table of all calls, and the last of them in full for whoever looks into a violation.

use ganglion_runtime::RuntimeCall;
use sp_runtime::DispatchError;
use std::collections::{BTreeMap, VecDeque};

/// Calls that are printed before a violation.
const KEPT: usize = 25;
/// Characters of a call that are printed.
const PRINTED: usize = 1_200;

/// How often a call was accepted and refused, and why.
#[derive(Default)]
pub(crate) struct Row {
	/// Accepted.
	pub(crate) accepted: u32,
	/// Refused.
	pub(crate) refused: u32,
	/// Reasons of the refusals.
	reasons: BTreeMap<String, u32>,
}

/// The record of a run. Prints the last calls where the test panics.
pub(crate) struct Record {
	seed: u64,
	/// By pallet and call.
	pub(crate) rows: BTreeMap<(String, String), Row>,
	recent: VecDeque<String>,
	/// Calls so far.
	pub(crate) calls: u32,
}

impl Record {
	/// Nothing yet of these calls.
	pub(crate) fn new(seed: u64, names: impl Iterator<Item = (String, String)>) -> Self {
		Self {
			seed,
			rows: names.map(|name| (name, Row::default())).collect(),
			recent: VecDeque::new(),
			calls: 0,
		}
	}

	/// A call that is about to be made.
	pub(crate) fn about_to(&mut self, block: u32, origin: &str, call: &RuntimeCall) {
		self.calls += 1;
		if self.recent.len() == KEPT {
			self.recent.pop_front();
		}
		let mut text = format!("{call:?}");
		if let Some((end, _)) = text.char_indices().nth(PRINTED) {
			text.truncate(end);
		}
		self.recent
			.push_back(format!("call {} in block {block} by {origin}: {text}", self.calls));
	}

	/// How the call ended.
	pub(crate) fn ended(&mut self, name: &(String, String), result: Result<(), DispatchError>) {
		let row = self.rows.get_mut(name).unwrap();
		let reason = match result {
			Ok(()) => {
				row.accepted += 1;
				"accepted".to_owned()
			}
			Err(error) => {
				row.refused += 1;
				let reason = match error {
					DispatchError::Module(module) => module.message.unwrap_or("?").to_owned(),
					other => format!("{other:?}"),
				};
				*row.reasons.entry(reason.clone()).or_default() += 1;
				reason
			}
		};
		if let Some(last) = self.recent.back_mut() {
			last.push_str(" -> ");
			last.push_str(&reason);
		}
	}

	/// A call whose bytes are none.
	pub(crate) fn undecodable(&mut self, name: &(String, String)) {
		let row = self.rows.get_mut(name).unwrap();
		row.refused += 1;
		*row.reasons.entry("undecodable".to_owned()).or_default() += 1;
	}

	/// Prints the table.
	pub(crate) fn print(&self) {
		println!(
			"{:<16}{:<42}{:>9}{:>9}  reasons",
			"pallet", "call", "accepted", "refused"
		);
		for ((pallet, call), row) in &self.rows {
			let mut reasons: Vec<(&String, &u32)> = row.reasons.iter().collect();
			reasons.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
			let reasons: Vec<String> = reasons
				.into_iter()
				.take(4)
				.map(|(reason, count)| format!("{reason} {count}"))
				.collect();
			println!(
				"{pallet:<16}{call:<42}{:>9}{:>9}  {}",
				row.accepted,
				row.refused,
				reasons.join(", ")
			);
		}
	}
}

impl Drop for Record {
	fn drop(&mut self) {
		if std::thread::panicking() {
			println!(
				"GANGLION_CHAOS_SEED={} after {} calls; the last:",
				self.seed, self.calls
			);
			for call in &self.recent {
				println!("{call}");
			}
		}
	}
}
