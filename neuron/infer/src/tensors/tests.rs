//! Candle's kernels on the processor against this crate's own, which are checked against a plain
//! forward pass in f64. On a GPU only the device is another one.

use std::path::Path;

use serde_json::{Value, json};

use crate::cache::{Block, Sequence};
use crate::compute::LANES;
use crate::decoder::{Decoder, Hidden, Store};
use crate::device::Hardware;
use crate::reference_tests::specs;
use crate::tiny::{TinySpec, write_folder, write_gguf};
use crate::transformer::Slice;
use crate::{InferError, LoadOptions, Model, Precision, QuantType};

/// How far a logit may be from that of the own kernels. The logits have a deviation of about 2; what is found is about
/// 1e-5.
pub(super) const TOLERANCE: f32 = 1e-4;

/// The model of `path` on the own kernels, and on tensors.
pub(super) fn both(path: &Path, precision: Precision) -> (Model, Model) {
	let options = LoadOptions {
		precision,
		..LoadOptions::default()
	};
	let tensors = Hardware::Tensors(candle_core::Device::Cpu);
	(
		Model::load(path, &options).unwrap(),
		Model::load_on(path, &options, &tensors).unwrap(),
	)
}

/// As [`both`], of a tiny model.
pub(super) fn both_tiny(seed: u64, spec: &TinySpec, precision: Precision) -> (Model, Model) {
	let folder = tempfile::tempdir().unwrap();
	let path = folder.path().join("tiny.gguf");
	write_gguf(&path, seed, spec).unwrap();
	both(&path, precision)
}

fn distance(found: &[f32], expected: &[f32]) -> f32 {
	assert_eq!(found.len(), expected.len());
	assert!(found.iter().chain(expected).all(|logit| logit.is_finite()));
	let pairs = found.iter().zip(expected);
	pairs.map(|(one, other)| (one - other).abs()).fold(0.0, f32::max)
}

fn text(count: usize, salt: u32) -> Vec<u32> {
	let token = |index| 3 + (index * index * 5 + index * salt) % 256;
	(0..count as u32).map(token).collect()
}

/// In one piece, in several, and teacher-forced.
fn agree(own: &Model, tensors: &Model, tolerance: f32) {
	let tokens = text(70, 1);
	let expected = own.session().append(&tokens).unwrap();
	let found = tensors.session().append(&tokens).unwrap();
	assert!(
		distance(&found, &expected) < tolerance,
		"{}",
		distance(&found, &expected)
	);
	let mut session = tensors.session();
	for piece in [
		&tokens[..1],
		&tokens[1..17],
		&tokens[17..32],
		&tokens[32..33],
		&tokens[33..],
	] {
		let mut fresh = own.session();
		let logits = session.append(piece).unwrap();
		let expected = fresh.append(&tokens[..session.length()]).unwrap();
		assert!(distance(&logits, &expected) < tolerance, "after {}", session.length());
	}
	let (prompt, answer) = tokens.split_at(20);
	let distance = distance(
		&tensors.score(prompt, answer).unwrap(),
		&own.score(prompt, answer).unwrap(),
	);
	assert!(distance < tolerance, "{distance}");
}

#[test]
fn every_family_gives_the_logits_of_the_own_kernels() {
	for (seed, spec) in (50..).zip(specs()) {
		let (own, tensors) = both_tiny(seed, &spec, Precision::F32);
		agree(&own, &tensors, TOLERANCE);
		// A folder has the other order of rotary pairs.
		let folder = tempfile::tempdir().unwrap();
		write_folder(folder.path(), seed, &spec, 2).unwrap();
		let (own, tensors) = both(folder.path(), Precision::F32);
		agree(&own, &tensors, TOLERANCE);
		assert_eq!(own.descriptor(), tensors.descriptor());
	}
}

#[test]
fn scaled_rotary_positions_are_the_same() {
	let scalings = [
		json!({ "rope_type": "linear", "factor": 4.0 }),
		json!({
			"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
			"original_max_position_embeddings": 64,
		}),
	];
	let tokens = text(60, 2);
	let mut seen: Vec<Vec<f32>> = Vec::new();
	for scaling in scalings {
		let folder = tempfile::tempdir().unwrap();
		write_folder(folder.path(), 60, &TinySpec::default(), 1).unwrap();
		let path = folder.path().join("config.json");
		let mut config: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
		config["rope_scaling"] = scaling;
		std::fs::write(&path, config.to_string()).unwrap();
		let (own, tensors) = both(folder.path(), Precision::F32);
		agree(&own, &tensors, TOLERANCE);
		seen.push(tensors.session().append(&tokens).unwrap());
	}
	assert!(distance(&seen[0], &seen[1]) > 100.0 * TOLERANCE);
}

#[test]
fn quantised_weights_are_the_same_on_both() {
	for (seed, quant) in [(70, QuantType::Q8_0), (71, QuantType::Q4_0)] {
		let (own, tensors) = both_tiny(seed, &TinySpec::default(), Precision::Quantized(quant));
		// Activations are quantised too: their last bits now and then decide over a step of 1/127.
		agree(&own, &tensors, 0.1);
	}
}

/// Gives each sequence its blocks, dealt in turns, so that none has its own in a row.
fn deal(decoder: &Decoder, sequences: &mut [Sequence], lengths: &[usize]) -> usize {
	let mut place = 0;
	let most = lengths.iter().max().unwrap().div_ceil(LANES);
	for round in 0..most {
		for (sequence, length) in sequences.iter_mut().zip(lengths) {
			if round < length.div_ceil(LANES) {
				sequence.push_block(Block::new(decoder.shape(), place));
				place += 1;
			}
		}
	}
	place
}

fn forward(decoder: &Decoder, store: &Store, sequences: &mut [Sequence], tokens: &[&[u32]]) -> Hidden {
	let mut batch: Vec<Slice<'_>> = sequences
		.iter_mut()
		.zip(tokens)
		.map(|(sequence, tokens)| Slice { tokens, sequence })
		.collect();
	decoder.forward(store, &mut batch).unwrap()
}

#[test]
fn a_batch_of_prompts_and_answers_gives_what_each_gives_alone() {
	let (own, tensors) = both_tiny(80, &specs()[0], Precision::F32);
	let lengths = [5, 16, 17, 60, 200, 33];
	let prompts: Vec<Vec<u32>> = lengths
		.iter()
		.zip(7..)
		.map(|(&length, salt)| text(length, salt))
		.collect();
	let decoder = tensors.decoder();
	let mut sequences: Vec<Sequence> = lengths.iter().map(|_| Sequence::default()).collect();
	let blocks = deal(decoder, &mut sequences, &lengths);
	let store = decoder.store(blocks).unwrap();
	// What is left after the first pass: one token of most, many of others.
	let cuts = [4, 15, 16, 59, 100, 10];
	let firsts: Vec<&[u32]> = prompts.iter().zip(cuts).map(|(prompt, cut)| &prompt[..cut]).collect();
	let rests: Vec<&[u32]> = prompts.iter().zip(cuts).map(|(prompt, cut)| &prompt[cut..]).collect();
	for (parts, ends) in [(firsts, cuts), (rests, lengths)] {
		let hidden = forward(decoder, &store, &mut sequences, &parts);
		let mut end = 0;
		let rows: Vec<usize> = parts
			.iter()
			.map(|part| {
				end += part.len();
				end - 1
			})
			.collect();
		let logits = decoder.project(&hidden, &rows).unwrap();
		for (index, end) in ends.into_iter().enumerate() {
			let expected = own.session().append(&prompts[index][..end]).unwrap();
			let distance = distance(logits.row(index), &expected);
			assert!(distance < TOLERANCE, "prompt {index} up to {end}: {distance}");
		}
		assert_eq!(decoder.project(&hidden, &[]).unwrap().count(), 0);
	}
}

#[test]
fn a_pass_that_fails_breaks_its_session_only() {
	let (own, tensors) = both_tiny(81, &TinySpec::default(), Precision::F32);
	let decoder = tensors.decoder();
	// A store without room for the second block.
	let store = decoder.store(1).unwrap();
	let mut sequences = [Sequence::default()];
	deal(decoder, &mut sequences, &[32]);
	let [sequence] = &mut sequences;
	let tokens = text(20, 3);
	let slice = Slice {
		tokens: &tokens,
		sequence,
	};
	let error = decoder.forward(&store, &mut [slice]).unwrap_err();
	assert!(error.to_string().contains("block 1 "), "{error}");
	assert!(matches!(error.again(), InferError::Backend(_)));
	let error = decoder.store(1 << 40).unwrap_err();
	assert!(matches!(error, InferError::OutOfMemory(_)), "{error}");
	let elsewhere = own.decoder().store(1).unwrap();
	let slice = Slice {
		tokens: &tokens,
		sequence: &mut sequences[0],
	};
	let error = decoder.forward(&elsewhere, &mut [slice]).unwrap_err();
	assert!(error.to_string().contains("another device"), "{error}");
	let expected = own.session().append(&tokens).unwrap();
	let found = tensors.session().append(&tokens).unwrap();
	assert!(distance(&found, &expected) < TOLERANCE);
}

#[test]
fn a_session_grows_to_its_context_and_no_further() {
	let spec = TinySpec {
		context_length: 100,
		..TinySpec::default()
	};
	let (own, tensors) = both_tiny(82, &spec, Precision::F32);
	let (mut one, mut other) = (own.session(), tensors.session());
	let tokens = text(100, 4);
	for token in &tokens {
		let expected = one.append(&[*token]).unwrap();
		let found = other.append(&[*token]).unwrap();
		assert!(distance(&found, &expected) < TOLERANCE, "at {}", other.length());
	}
	assert!(matches!(other.append(&[5]), Err(InferError::ContextFull { .. })));
}

/// What rounding makes of a real model, which is what a validator on another device sees. In `subnets/text` a logit may be
/// off by 0.002.
#[test]
fn the_default_model_stays_far_within_what_validators_tolerate() {
	let Some(path) = std::env::var_os("GANGLION_MODEL") else {
		eprintln!("skipped: GANGLION_MODEL does not name a model file");
		return;
	};
	let (own, tensors) = both(Path::new(&path), Precision::F32);
	let prompt = own.encode_chat("Write a story about a lighthouse keeper.").unwrap();
	let answer = own
		.encode("Once upon a time, a keeper found a letter in a bottle. It said: come.")
		.unwrap();
	let (found, expected) = (
		tensors.score(&prompt, &answer).unwrap(),
		own.score(&prompt, &answer).unwrap(),
	);
	let largest = distance(&found, &expected);
	println!("largest difference of {} logits: {largest:e}", found.len());
	assert!(largest < 5e-4, "{largest}");
}
