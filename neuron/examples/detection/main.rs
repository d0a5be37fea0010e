//! How well the mechanism `text` tells cheats from honest miners, measured with a real model.
//!
//! ```text
//! detection collect --model MODEL.gguf --out FOLDER [--minutes 25] [--trajectories 40] [--tokens 160]
//! detection rows    --model MODEL.gguf --out FOLDER              (before `collect` with other RAYON_NUM_THREADS)
//! detection report  --in FOLDER                                  (writes subnets/text/DETECTION.md to standard output)
//! ```
//!
//! `collect` writes what the check of each token gave, one file a cheat, as it goes; `report` evaluates the tests on these
//! files as often as one likes.

mod collect;
mod edit;
mod report;
mod statistics;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// What the command line says.
struct Options {
	model: Option<PathBuf>,
	folder: PathBuf,
	minutes: u64,
	trajectories: u32,
	tokens: u16,
}

fn options(arguments: &[String]) -> Result<Options, String> {
	let mut options = Options {
		model: None,
		folder: PathBuf::from("detection"),
		minutes: 25,
		trajectories: 40,
		tokens: 160,
	};
	for pair in arguments.chunks(2) {
		let [name, value] = pair else {
			return Err(format!("{} needs a value", pair.concat()));
		};
		let number = || value.parse::<u64>().map_err(|error| format!("{name} {value}: {error}"));
		let too_large = |_| format!("{name} {value} is too large");
		match name.as_str() {
			"--model" => options.model = Some(value.into()),
			"--out" | "--in" => options.folder = value.into(),
			"--minutes" => options.minutes = number()?,
			"--trajectories" => options.trajectories = u32::try_from(number()?).map_err(too_large)?,
			"--tokens" => options.tokens = u16::try_from(number()?).map_err(too_large)?,
			_ => return Err(format!("there is no option {name}")),
		}
	}
	Ok(options)
}

fn run() -> Result<(), String> {
	let arguments: Vec<String> = std::env::args().skip(1).collect();
	let Some((command, rest)) = arguments.split_first() else {
		return Err("say `collect`, `rows` or `report`: see the head of this example's main.rs".into());
	};
	let options = options(rest)?;
	let model = options
		.model
		.clone()
		.ok_or("give --model PATH to a GGUF file".to_owned());
	match command.as_str() {
		"collect" => {
			let plan = collect::Plan {
				model: model?,
				folder: options.folder,
				trajectories: options.trajectories,
				tokens: options.tokens,
				limit: Duration::from_secs(options.minutes.saturating_mul(60)),
			};
			collect::run(&plan)
		}
		"rows" => collect::save_rows(&model?, &options.folder, options.tokens),
		"report" => report::run(&options.folder),
		_ => Err(format!(
			"there is no command `{command}`: say `collect`, `rows` or `report`"
		)),
	}
}

fn main() -> ExitCode {
	match run() {
		Ok(()) => ExitCode::SUCCESS,
		Err(error) => {
			eprintln!("detection: {error}");
			ExitCode::FAILURE
		}
	}
}
