//! Runs the models and writes one line for each checked token.

use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use neuron::model::GgufModel;
use neuron_infer::engine::{Request, Sampler as EngineSampler, Sampling as EngineSampling};
use neuron_infer::{Engine, EngineOptions, LoadOptions, Model, Precision, QuantType};
use subnet_sdk::{ChallengeContext, Epoch, Hotkey, Nonce};
use subnet_text::{
	LanguageModel, Prompt, Sampling, Task, TextParameters, answer_leaves, answer_sampler, encode_prompt, logprob,
	passage,
};

use crate::edit::{self, Edit};

/// How much to measure.
pub(crate) struct Plan {
	pub(crate) model: PathBuf,
	pub(crate) folder: PathBuf,
	pub(crate) trajectories: u32,
	pub(crate) tokens: u16,
	pub(crate) limit: Duration,
}

/// Ways of sampling, by name.
const SETTINGS: [(&str, Sampling); 3] = [
	("plain", Sampling::PLAIN),
	(
		"t0.7-p0.9",
		Sampling {
			temperature: 0.7,
			top_p: 0.9,
			seed: 0,
		},
	),
	(
		"greedy",
		Sampling {
			temperature: 0.0,
			..Sampling::PLAIN
		},
	),
];
/// Hotkeys under which each position is sampled: as many sets of noise.
const MINERS: u8 = 2;
/// Requests that share an engine's batch.
const BATCH: usize = 4;
/// Who a relay asks.
const OTHER_MINER: u8 = 99;
/// The question whose rows are saved; no run has as many others.
const ROWS_QUESTION: u32 = 1_000_000;
/// File of the rows that another number of threads computed.
const ROWS_FILE: &str = "rows.bin";

type Rows = Vec<Vec<f32>>;

fn words<E: core::fmt::Display>(error: E) -> String {
	error.to_string()
}

fn load(path: &Path, precision: Precision) -> Result<Model, String> {
	let options = LoadOptions {
		precision,
		..LoadOptions::default()
	};
	Model::load(path, &options).map_err(words)
}

/// The `index`-th question: a passage of the corpus behind a request.
fn task(model: &dyn LanguageModel, index: u32, tokens: u16, sampling: Sampling) -> Task {
	let mut seed = [0; 32];
	seed[..4].copy_from_slice(&index.wrapping_mul(2_654_435_761).to_le_bytes());
	let requests = [
		"Continue this passage: ",
		"Explain in detail: ",
		"What happens next? ",
		"Write a story from: ",
	];
	let request = requests[index as usize % requests.len()];
	Task {
		model_hash: model.model_hash(),
		epoch: Epoch::default(),
		prompt: Prompt::user(format!("{request}{}", passage(&seed))),
		max_tokens: tokens,
		sampling,
		stop: Vec::new(),
	}
}

fn context(index: u32, miner: u8) -> ChallengeContext {
	let mut nonce = [0; 32];
	nonce[..4].copy_from_slice(&index.to_le_bytes());
	ChallengeContext {
		nonce: Nonce(nonce),
		validator: Hotkey([7; 32]),
		miner: Hotkey([miner; 32]),
	}
}

/// One question, the honest answer to it, and the true model's logits computed in two ways.
struct Trajectory {
	index: u32,
	prompt: Vec<u32>,
	tokens: Vec<u32>,
	/// Computed a token at a time, as a miner does.
	stepwise: Rows,
	/// Computed in one pass, as a validator does.
	at_once: Rows,
}

fn pass(model: &Model, prompt: &[u32], tokens: &[u32]) -> Result<Rows, String> {
	let mut rows = Vec::with_capacity(tokens.len());
	model
		.score_rows(prompt, tokens, |_, row| rows.push(row.to_vec()))
		.map_err(words)?;
	Ok(rows)
}

fn trajectory(model: &Model, face: &GgufModel, index: u32, limit: u16) -> Result<Trajectory, String> {
	let task = task(face, index, limit, Sampling::PLAIN);
	let prompt = encode_prompt(face, &task).map_err(words)?;
	let sampler = answer_sampler(&context(index, 0), &task).map_err(words)?;
	let mut session = model.session();
	let (mut tokens, mut stepwise) = (Vec::new(), Vec::new());
	let mut logits = session.append(&prompt).map_err(words)?;
	for position in 0..u32::from(limit) {
		let token = sampler.pick(position, &logits).map_err(words)?.token;
		tokens.push(token);
		stepwise.push(logits);
		if Some(token) == model.end_of_turn() {
			break;
		}
		logits = session.append(&[token]).map_err(words)?;
	}
	let at_once = pass(model, &prompt, &tokens)?;
	Ok(Trajectory {
		index,
		prompt,
		tokens,
		stepwise,
		at_once,
	})
}

/// Repeats an answer and keeps the logits that the engine had at each token.
struct Recorder {
	tokens: Vec<u32>,
	rows: Arc<Mutex<Rows>>,
}

impl EngineSampler for Recorder {
	fn sample(&mut self, logits: &[f32], place: usize) -> Result<u32, String> {
		self.rows.lock().map_err(words)?.push(logits.to_vec());
		self.tokens
			.get(place)
			.copied()
			.ok_or("more tokens than the answer has".to_owned())
	}
}

/// The logits of an answer that an engine computes in one batch with [`BATCH`] - 1 other requests.
fn batched(model: &Model, from: &Trajectory) -> Result<Rows, String> {
	// The answers are read one after the other, on machines that may be busy.
	let patient = EngineOptions {
		stall_limit: Duration::from_secs(3_600),
		..EngineOptions::default()
	};
	let engine = Engine::start(model.clone(), patient).map_err(words)?;
	let rows = Arc::new(Mutex::new(Rows::new()));
	let mut generations = Vec::new();
	for index in 0..BATCH {
		let recorder = Recorder {
			tokens: from.tokens.clone(),
			rows: if index == 0 { rows.clone() } else { Arc::default() },
		};
		// The others are at other places of their answers, as in a running engine.
		let prompt = from
			.prompt
			.get(..from.prompt.len().saturating_sub(index))
			.unwrap_or_default();
		let request = Request {
			sampling: EngineSampling::Custom(Box::new(recorder)),
			..Request::new(prompt.to_vec(), from.tokens.len())
		};
		generations.push(engine.submit(request).map_err(words)?);
	}
	for generation in generations {
		generation.blocking_complete().map_err(words)?;
	}
	let rows = std::mem::take(&mut *rows.lock().map_err(words)?);
	Ok(rows)
}

/// The lines of one cell.
struct Cell {
	file: BufWriter<File>,
}

impl Cell {
	fn create(folder: &Path, name: &str) -> Result<Self, String> {
		let path = folder.join(format!("{name}.csv"));
		let file = File::create(&path).map_err(|error| format!("{}: {error}", path.display()))?;
		let mut file = BufWriter::new(file);
		writeln!(file, "trajectory,miner,setting,position,margin,logprob_error,leaf").map_err(words)?;
		Ok(Self { file })
	}
}

/// Whose numbers and whose seed go with the tokens.
#[derive(Copy, Clone)]
struct Cheat {
	/// The logits that are reported (log-probability and leaf) are the true ones, whatever wrote the tokens.
	proved: bool,
	/// Tokens are picked under another hotkey's seed.
	other_seed: bool,
	/// Leaves are salted with another hotkey.
	other_salt: bool,
}

const OWN: Cheat = Cheat {
	proved: false,
	other_seed: false,
	other_salt: false,
};

/// Checks what a miner with logits `theirs` would send at each position, and writes it down.
fn check(
	cell: &mut Cell,
	model: &GgufModel,
	from: &Trajectory,
	theirs: &Rows,
	cheat: Cheat,
	tokens: u16,
) -> Result<(), String> {
	let tolerance = f64::from(TextParameters::default().leaf_tolerance);
	for (setting, sampling) in SETTINGS {
		// Without noise all miners pick the same.
		let miners = if sampling.temperature == 0.0 { 1 } else { MINERS };
		for miner in 1..=miners {
			let own = context(from.index, miner);
			let other = context(from.index, OTHER_MINER);
			let task = task(model, from.index, tokens, sampling);
			let sampler = answer_sampler(&own, &task).map_err(words)?;
			let picker = answer_sampler(if cheat.other_seed { &other } else { &own }, &task).map_err(words)?;
			let leaves = answer_leaves(&own, &task);
			let salted = answer_leaves(if cheat.other_salt { &other } else { &own }, &task);
			for ((position, truth), theirs) in (0_u32..).zip(&from.at_once).zip(theirs) {
				let token = picker.pick(position, theirs).map_err(words)?.token;
				let reported = if cheat.proved { truth } else { theirs };
				let value = |logits: &[f32]| {
					let value = logprob(token, logits).map_err(words)?;
					value.ok_or("a token without a logit".to_owned())
				};
				// As it travels.
				let error = (f64::from(value(reported)? as f32) - value(truth)?).abs();
				let margin = sampler
					.margin(position, token, truth)
					.map_err(words)?
					.unwrap_or(f64::INFINITY);
				let leaf = salted.leaf(position, reported);
				let matches = u8::from(leaves.matches(position, leaf, truth, tolerance));
				let trajectory = from.index;
				writeln!(
					cell.file,
					"{trajectory},{miner},{setting},{position},{margin:.3e},{error:.3e},{matches}"
				)
				.map_err(words)?;
			}
		}
	}
	cell.file.flush().map_err(words)
}

/// Checks an end of turn that the miner made up, at each position.
fn check_forged_ends(cell: &mut Cell, model: &GgufModel, from: &Trajectory, tokens: u16) -> Result<(), String> {
	let end = model.end_of_turn().ok_or("the model has no end of turn")?;
	for (setting, sampling) in SETTINGS {
		let task = task(model, from.index, tokens, sampling);
		let sampler = answer_sampler(&context(from.index, 1), &task).map_err(words)?;
		let trajectory = from.index;
		for (position, truth) in (0_u32..).zip(&from.at_once) {
			if sampler.pick(position, truth).map_err(words)?.token == end {
				continue;
			}
			let margin = sampler
				.margin(position, end, truth)
				.map_err(words)?
				.unwrap_or(f64::INFINITY);
			writeln!(cell.file, "{trajectory},1,{setting},{position},{margin:.3e},0e0,1").map_err(words)?;
		}
	}
	cell.file.flush().map_err(words)
}

/// Other models, by name.
fn cheap_models(plan: &Plan) -> Result<Vec<(&'static str, Model)>, String> {
	let mut models = Vec::new();
	for (name, quant) in [
		("q8_0", QuantType::Q8_0),
		("q4_1", QuantType::Q4_1),
		("q4_0", QuantType::Q4_0),
	] {
		models.push((name, load(&plan.model, Precision::Quantized(quant))?));
	}
	for (name, edit) in [
		("layers-29-of-30", Edit::CutLayer),
		("gains-1-percent", Edit::ScaleGains(0.01)),
	] {
		let path = plan.folder.join(format!("{name}.gguf"));
		edit::write(&plan.model, &path, edit)?;
		models.push((name, load(&path, Precision::F32)?));
		std::fs::remove_file(&path).map_err(words)?;
	}
	Ok(models)
}

/// Collects, one trajectory after another, until all are done or time is up.
pub(crate) fn run(plan: &Plan) -> Result<(), String> {
	let started = Instant::now();
	std::fs::create_dir_all(&plan.folder).map_err(words)?;
	let truth = load(&plan.model, Precision::F32)?;
	let face = GgufModel::new(truth.clone(), None);
	let cheap = cheap_models(plan)?;
	let cell = |name: &str| Cell::create(&plan.folder, name);
	let mut honest = cell("honest")?;
	let mut honest_batched = cell("honest-batched")?;
	let mut relay = cell("relay")?;
	let mut relay_proved = cell("relay-proved")?;
	let mut ends = cell("early-stop")?;
	let mut cells = Vec::new();
	for (name, _) in &cheap {
		cells.push((cell(name)?, cell(&format!("prefill-{name}"))?));
	}
	other_threads(plan, &truth, &face)?;
	for index in 0..plan.trajectories {
		if started.elapsed() > plan.limit {
			eprintln!("time is up after {index} trajectories");
			break;
		}
		let from = trajectory(&truth, &face, index, plan.tokens)?;
		check(&mut honest, &face, &from, &from.stepwise, OWN, plan.tokens)?;
		let together = batched(&truth, &from)?;
		check(&mut honest_batched, &face, &from, &together, OWN, plan.tokens)?;
		let proved = Cheat { proved: true, ..OWN };
		let relayed = Cheat {
			other_seed: true,
			other_salt: true,
			..OWN
		};
		check(&mut relay, &face, &from, &from.stepwise, relayed, plan.tokens)?;
		let relayed_proved = Cheat {
			other_seed: true,
			..proved
		};
		check(
			&mut relay_proved,
			&face,
			&from,
			&from.stepwise,
			relayed_proved,
			plan.tokens,
		)?;
		check_forged_ends(&mut ends, &face, &from, plan.tokens)?;
		for ((_, model), (plain, prefill)) in cheap.iter().zip(&mut cells) {
			let theirs = pass(model, &from.prompt, &from.tokens)?;
			check(plain, &face, &from, &theirs, OWN, plan.tokens)?;
			check(prefill, &face, &from, &theirs, proved, plan.tokens)?;
		}
		let seconds = started.elapsed().as_secs();
		eprintln!("trajectory {index}: {} tokens, {seconds} s in all", from.tokens.len());
	}
	Ok(())
}

/// Compares with rows that a process with another number of threads saved, if there are any.
fn other_threads(plan: &Plan, truth: &Model, face: &GgufModel) -> Result<(), String> {
	let Ok(mut file) = File::open(plan.folder.join(ROWS_FILE)) else {
		return Ok(());
	};
	let mut bytes = Vec::new();
	file.read_to_end(&mut bytes).map_err(words)?;
	let width = truth.vocabulary_size();
	let numbers: Vec<f32> = bytes
		.chunks_exact(4)
		.map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]]))
		.collect();
	let rows: Rows = numbers.chunks_exact(width).map(<[f32]>::to_vec).collect();
	let from = trajectory(truth, face, ROWS_QUESTION, plan.tokens)?;
	let mut cell = Cell::create(&plan.folder, "honest-other-threads")?;
	check(&mut cell, face, &from, &rows, OWN, plan.tokens)
}

/// Saves what this process computes, a token at a time, for the question after the last one.
pub(crate) fn save_rows(model: &Path, folder: &Path, tokens: u16) -> Result<(), String> {
	std::fs::create_dir_all(folder).map_err(words)?;
	let truth = load(model, Precision::F32)?;
	let face = GgufModel::new(truth.clone(), None);
	let from = trajectory(&truth, &face, ROWS_QUESTION, tokens)?;
	let mut file = BufWriter::new(File::create(folder.join(ROWS_FILE)).map_err(words)?);
	for number in from.stepwise.iter().flatten() {
		file.write_all(&number.to_le_bytes()).map_err(words)?;
	}
	file.flush().map_err(words)
}
