//! Live progress: what the validators report and what each epoch paid.

use super::checks::tao;
use anyhow::{Context as _, Result};
use neuron::events::Event;
use neuron_chain::Metagraph;
use std::{
	collections::BTreeMap,
	fs::File,
	io::{ErrorKind, Read, Seek, SeekFrom},
	path::PathBuf,
	time::Instant,
};

/// The most bytes of new events that are read at once.
const MAX_READ_BYTES: u64 = 1 << 20;

/// A validator's events as they are written.
pub(super) struct Events {
	name: String,
	path: PathBuf,
	position: u64,
}

impl Events {
	/// The events that the validator `name` writes to `path`, which need not exist yet.
	pub(super) fn new(name: &str, path: PathBuf) -> Self {
		Self {
			name: name.into(),
			path,
			position: 0,
		}
	}

	/// Prints what has come since the last time, a line an event.
	///
	/// # Errors
	/// The file cannot be read.
	pub(super) fn print_new(&mut self, miners: &BTreeMap<u16, String>, started: Instant) -> Result<()> {
		for event in self.read_new()? {
			if let Some(line) = describe(&event, miners) {
				println!("{:>6.1} s  {}: {line}", started.elapsed().as_secs_f64(), self.name);
			}
		}
		Ok(())
	}

	fn read_new(&mut self) -> Result<Vec<Event>> {
		let mut file = match File::open(&self.path) {
			Ok(file) => file,
			Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
			Err(error) => return Err(error).with_context(|| format!("{}", self.path.display())),
		};
		file.seek(SeekFrom::Start(self.position))?;
		let mut text = String::new();
		file.take(MAX_READ_BYTES).read_to_string(&mut text)?;
		// A line without its end is still being written.
		let whole = text.rfind('\n').map_or(0, |end| end + 1);
		self.position += whole as u64;
		text[..whole]
			.lines()
			.map(|line| Event::from_line(line).with_context(|| format!("an event of {}: {line}", self.name)))
			.collect()
	}
}

/// One line for people, for the events that they want to see; validators that try each other are not among them.
fn describe(event: &Event, miners: &BTreeMap<u16, String>) -> Option<String> {
	let name = |uid: &u16| miners.get(uid).cloned().unwrap_or_else(|| format!("uid {uid}"));
	match event {
		Event::Started { uid, listen, .. } => Some(format!("ready as uid {uid} at {listen}")),
		Event::Score { uid, score, reason, .. } => miners
			.get(uid)
			.map(|name| format!("{name:<10} scored {score:.3}  {reason}")),
		Event::Round { .. } => None,
		Event::WeightsSet { block, weights } => {
			let weights: Vec<_> = weights
				.iter()
				.map(|(uid, weight)| format!("{} {weight}", name(uid)))
				.collect();
			Some(format!("weights on chain at block {block}: {}", weights.join(", ")))
		}
		Event::WeightsRefused { reason, .. } => Some(format!("no weights this time: {reason}")),
	}
}

/// What an epoch did: scores' result, and how stakes grew since the epoch before.
pub(super) fn print_epoch(
	after: &Metagraph,
	before: &Metagraph,
	names: &BTreeMap<u16, String>,
	paid_epochs: u32,
	started: Instant,
) {
	println!(
		"\n{:>6.1} s  epoch at block {} ({paid_epochs} paid miners so far)",
		started.elapsed().as_secs_f64(),
		after.block
	);
	println!(
		"    {:<12} {:>9} {:>9} {:>9} {:>16} {:>14}",
		"", "consensus", "incentive", "dividends", "stake", "earned"
	);
	for neuron in &after.neurons {
		let earlier = before.by_uid(neuron.uid).map_or(0, |neuron| neuron.stake_rao);
		let share = |value: u16| f64::from(value) / f64::from(u16::MAX);
		println!(
			"    {:<12} {:>9.4} {:>9.4} {:>9.4} {:>16} {:>14}",
			names.get(&neuron.uid).map_or("?", String::as_str),
			share(neuron.consensus),
			share(neuron.incentive),
			share(neuron.dividends),
			tao(neuron.stake_rao),
			tao(neuron.stake_rao.saturating_sub(earlier))
		);
	}
	println!();
}

/// How good the best model is, in nats a byte.
pub(super) fn print_loss(best: f64, untrained: f64) {
	println!("    the best model's loss: {best:.3} nats a byte (untrained: {untrained:.3})\n");
}

#[cfg(test)]
mod tests {
	use super::*;
	use std::{fs::OpenOptions, io::Write};

	#[test]
	fn events_are_read_once_and_only_whole() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("events");
		let mut events = Events::new("validator", path.clone());
		assert!(events.read_new().unwrap().is_empty());
		let mut file = OpenOptions::new().create(true).append(true).open(&path).unwrap();
		let line = r#"{"time_ms":1,"event":"round","round":1,"block":2,"miners":3}"#;
		write!(file, "{line}\n{}", &line[..20]).unwrap();
		assert_eq!(
			events.read_new().unwrap(),
			[Event::Round {
				round: 1,
				block: 2,
				miners: 3
			}]
		);
		writeln!(file, "{}", &line[20..]).unwrap();
		assert_eq!(events.read_new().unwrap().len(), 1);
		assert!(events.read_new().unwrap().is_empty());
		writeln!(file, "garbage").unwrap();
		assert!(events.read_new().is_err());
	}

	#[test]
	fn lines_name_the_miner() {
		let names = BTreeMap::from([(3, "honest".to_owned())]);
		let event = Event::WeightsSet {
			block: 7,
			weights: vec![(3, 9), (4, 1)],
		};
		assert_eq!(
			describe(&event, &names).unwrap(),
			"weights on chain at block 7: honest 9, uid 4 1"
		);
	}
}
