//! Measures a model: load time, memory, speed, and how far another device or re-quantised weights stray from F32 on the
//! processor.
//!
//! `cargo run -p neuron-infer --example measure -- MODEL.gguf [--device DEVICE] [TOKENS [PRECISION...]]`

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use neuron_infer::{Device, LoadOptions, Model, Precision, QuantType};
use sha2::{Digest, Sha256};

const PROMPT: &str = "Write a short story about a lighthouse keeper who finds a letter in a bottle.";
const SCORED_TOKENS: usize = 512;

fn main() -> Result<(), Box<dyn Error>> {
	let mut arguments = std::env::args().skip(1).peekable();
	let path = arguments
		.next()
		.ok_or("usage: measure MODEL.gguf [--device DEVICE] [TOKENS [PRECISION...]]")?;
	let mut device = Device::default();
	if arguments.next_if(|argument| argument == "--device").is_some() {
		device = arguments.next().ok_or("--device needs a name")?.parse()?;
	}
	let count: usize = arguments.next().map_or(Ok(100), |text| text.parse())?;
	if count == 0 {
		return Err("TOKENS must be at least 1".into());
	}
	let path = Path::new(&path);

	let started = Instant::now();
	let exact = Model::load(path, &LoadOptions::default())?;
	println!("f32: loaded in {:.2} s, {}", started.elapsed().as_secs_f64(), memory());
	let prompt = exact.encode_chat(PROMPT)?;
	let tokens = generate("f32", &exact, &prompt, count)?;
	println!("{:?}", exact.decode(&tokens)?);

	let long: Vec<u32> = tokens.iter().copied().cycle().take(SCORED_TOKENS).collect();
	let started = Instant::now();
	exact.score_rows(&prompt, &long, |_, _| ())?;
	let elapsed = started.elapsed().as_secs_f64();
	println!("f32: {SCORED_TOKENS} tokens scored in {elapsed:.2} s, {}", memory());
	compare(
		"f32 incremental",
		&tokens,
		&incremental(&exact, &prompt, &tokens)?,
		&exact,
		&prompt,
	)?;

	let named: Vec<Precision> = arguments.map(|name| name.parse()).collect::<Result<_, _>>()?;
	let all = [QuantType::Q8_0, QuantType::Q5_0, QuantType::Q4_1, QuantType::Q4_0];
	let mut precisions = if named.is_empty() {
		all.map(Precision::Quantized).to_vec()
	} else {
		named
	};
	// The same weights elsewhere stray too, if only by their rounding.
	if device != Device::default() && !precisions.contains(&Precision::F32) {
		precisions.insert(0, Precision::F32);
	}
	for precision in precisions {
		let name = format!("{precision} on {device}");
		let options = LoadOptions {
			precision,
			device,
			..LoadOptions::default()
		};
		let started = Instant::now();
		let model = Model::load(path, &options)?;
		println!("{name}: loaded in {:.2} s", started.elapsed().as_secs_f64());
		let own = generate(&name, &model, &prompt, count)?;
		compare(&name, &tokens, &incremental(&model, &prompt, &tokens)?, &exact, &prompt)?;
		// What a validator sees: the cheat's own answer, re-scored in F32.
		let rows = exact.score(&prompt, &own)?;
		let rows = rows.chunks(exact.vocabulary_size());
		let same = rows.zip(&own).enumerate();
		let same = same
			.filter(|(place, (row, token))| pick(row, *place).0 == **token)
			.count();
		println!("{name}: {same} of {} tokens of its own answer pass F32", own.len());
	}
	Ok(())
}

/// `count` tokens under Gumbel noise that depends on the place and the token only.
fn generate(name: &str, model: &Model, prompt: &[u32], count: usize) -> Result<Vec<u32>, Box<dyn Error>> {
	let mut session = model.session();
	let started = Instant::now();
	let mut logits = session.append(prompt)?;
	let first = started.elapsed().as_secs_f64();
	let mut tokens = Vec::new();
	let mut spent = 0.0;
	for place in 0..count {
		let token = pick(&logits, place).0;
		tokens.push(token);
		let started = Instant::now();
		logits = session.append(&[token])?;
		spent += started.elapsed().as_secs_f64();
	}
	println!(
		"{name}: prompt of {} in {first:.2} s, {:.1} tokens/s",
		prompt.len(),
		count as f64 / spent
	);
	Ok(tokens)
}

/// Logits before each token, one token at a time.
fn incremental(model: &Model, prompt: &[u32], tokens: &[u32]) -> Result<Vec<f32>, Box<dyn Error>> {
	let mut session = model.session();
	let mut rows = session.append(prompt)?;
	for &token in &tokens[..tokens.len() - 1] {
		rows.extend(session.append(&[token])?);
	}
	Ok(rows)
}

/// How often `rows` pick another token than F32 picks on the same text, and how far they stray.
fn compare(name: &str, tokens: &[u32], rows: &[f32], exact: &Model, prompt: &[u32]) -> Result<(), Box<dyn Error>> {
	let size = exact.vocabulary_size();
	let expected = exact.score(prompt, tokens)?;
	let (mut other, mut largest, mut shortfalls) = (0, 0f32, Vec::new());
	for (place, (row, exact_row)) in rows.chunks(size).zip(expected.chunks(size)).enumerate() {
		let (picked, _) = pick(row, place);
		let (right, best) = pick(exact_row, place);
		if picked != right {
			other += 1;
			let noisy = exact_row[picked as usize] + gumbel(place, picked as usize);
			shortfalls.push(best - noisy);
		}
		let difference = row.iter().zip(exact_row).map(|(one, two)| (one - two).abs());
		largest = largest.max(difference.fold(0.0, f32::max));
	}
	shortfalls.sort_by(f32::total_cmp);
	println!(
		"{name}: {other} of {} picks differ from F32, logits by up to {largest:.2e}, shortfalls {shortfalls:.2?}",
		tokens.len()
	);
	Ok(())
}

/// The token with the largest noisy logit, and that logit.
fn pick(logits: &[f32], place: usize) -> (u32, f32) {
	let noisy = logits
		.iter()
		.enumerate()
		.map(|(token, logit)| (token as u32, logit + gumbel(place, token)));
	noisy
		.max_by(|left, right| left.1.total_cmp(&right.1))
		.unwrap_or((0, 0.0))
}

/// Standard Gumbel noise from a counter.
fn gumbel(place: usize, token: usize) -> f32 {
	let mut input = [0; 16];
	input[..8].copy_from_slice(&(place as u64).to_le_bytes());
	input[8..].copy_from_slice(&(token as u64).to_le_bytes());
	let digest = Sha256::digest(input);
	let bits = u32::from_le_bytes([digest[0], digest[1], digest[2], digest[3]]);
	let uniform = (f64::from(bits) + 0.5) / 4_294_967_296.0;
	-(-uniform.ln()).ln() as f32
}

/// Resident memory now and at its peak, where the system tells.
fn memory() -> String {
	let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
	let lines = status
		.lines()
		.filter(|line| line.starts_with("VmRSS") || line.starts_with("VmHWM"));
	lines
		.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
		.collect::<Vec<_>>()
		.join(", ")
}
