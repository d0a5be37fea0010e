//! Whatever comes over the wire: a score of zero with a reason; never a panic, nor more memory than the limit.

mod common;

use common::{TINY, answer, context, epoch, file, task, trained, transcript, validator};
use proptest::prelude::*;
use safetensors::tensor::{Dtype, TensorView};
use subnet_pretrain::{
	Chunk, FileReceiver, MAX_HEADER_BYTES, Manifest, PIECE_BYTES, TransferError, Weights, WeightsId,
};
use subnet_sdk::{DynMechanism, Mechanism, Outcome, Score, TimedChunk, Transcript};

/// The score of a file that is sent in good form, in the name of `weights`.
fn submit(file: &[u8], weights: WeightsId) -> Score {
	let validator = validator();
	let task = task(&validator, 1, 10);
	let manifest = Manifest::of(weights, file);
	let binding = manifest.binding(&context(1, 1));
	let pieces = file.chunks(PIECE_BYTES).map(|piece| Chunk::Piece(piece.to_vec()));
	let chunks = [Chunk::Manifest { manifest, binding }]
		.into_iter()
		.chain(pieces)
		.collect();
	Mechanism::score(&validator, &context(1, 1), &task, &transcript(chunks)).expect("a score, whatever comes")
}

/// A file with a header of this JSON and the data of a good one.
fn with_header(json: &str) -> Vec<u8> {
	let good = file(&trained(0));
	let length = u64::from_le_bytes(good[..8].try_into().unwrap()) as usize;
	let mut bytes = (json.len() as u64).to_le_bytes().to_vec();
	bytes.extend_from_slice(json.as_bytes());
	bytes.extend_from_slice(&good[8 + length..]);
	bytes
}

fn header() -> String {
	let good = file(&trained(0));
	let length = u64::from_le_bytes(good[..8].try_into().unwrap()) as usize;
	String::from_utf8(good[8..8 + length].to_vec()).unwrap()
}

/// The good model with its tensors changed by `edit`: name, kind, shape, data.
fn edited(edit: impl Fn(&mut Vec<(String, Dtype, Vec<usize>, Vec<u8>)>)) -> Vec<u8> {
	let weights = trained(0);
	let numbers = weights.numbers();
	let mut tensors: Vec<(String, Dtype, Vec<usize>, Vec<u8>)> = TINY
		.tensors()
		.into_iter()
		.map(|tensor| {
			let data = numbers[tensor.range]
				.iter()
				.flat_map(|number| number.to_le_bytes())
				.collect();
			(tensor.name, Dtype::F32, tensor.shape, data)
		})
		.collect();
	edit(&mut tensors);
	let views = tensors
		.iter()
		.map(|(name, dtype, shape, data)| (name, TensorView::new(*dtype, shape.clone(), data).unwrap()));
	safetensors::serialize(views, None).unwrap()
}

/// Every file scores zero with a reason that has these words.
fn check_files(cases: Vec<(&str, Vec<u8>, &str)>) {
	for (what, bytes, expected) in cases {
		let score = submit(&bytes, trained(0).id());
		assert_eq!(score.value(), 0.0, "{what}: {score}");
		assert!(score.reason.contains(expected), "{what}: {score}");
	}
}

#[test]
fn files_that_are_cut_or_lie_about_their_header_score_zero() {
	let good = file(&trained(0));
	let lying = |claimed: u64| {
		let mut bytes = good.clone();
		bytes[..8].copy_from_slice(&claimed.to_le_bytes());
		bytes
	};
	let long = with_header(&" ".repeat(MAX_HEADER_BYTES + 1))[..MAX_HEADER_BYTES + 100].to_vec();
	check_files(vec![
		("rubbish", vec![0xaa; 500], "header claims"),
		("seven bytes", vec![1; 7], "no file"),
		("cut in two", good[..good.len() / 2].to_vec(), "safetensors"),
		("a byte more", [good.as_slice(), b"x"].concat(), "safetensors"),
		("header beyond the file", lying(good.len() as u64), "header claims"),
		("header beyond all files", lying(u64::MAX), "header claims"),
		("header too short", lying(40), "safetensors"),
		("header of nothing", lying(0), "safetensors"),
		("header too long", long, "header claims"),
		("too large", vec![0; Weights::max_file_bytes(&TINY) + 1], "bytes, 1 to"),
	]);
	assert_eq!(submit(&good, trained(0).id()).value(), 1.0, "the good one is good");
	let renamed = submit(&good, WeightsId([3; 32]));
	assert!(
		renamed.value() == 0.0 && renamed.reason.contains("the manifest says"),
		"{renamed}"
	);
}

#[test]
fn headers_that_make_no_sense_score_zero() {
	let twice = format!(
		"{{\"norm\":{{\"dtype\":\"F32\",\"shape\":[16],\"data_offsets\":[0,64]}},{}",
		&header()[1..]
	);
	let replaced = |from: &str, to: &str| with_header(&header().replacen(from, to, 1));
	check_files(vec![
		("nested deeply", with_header(&"[".repeat(20_000)), "safetensors"),
		("a list", with_header("[1,2]"), "safetensors"),
		("a tensor twice", with_header(&twice), "there twice"),
		("offsets that overlap", replaced("[0,", "[4,"), "safetensors"),
		(
			"offsets beyond the file",
			replaced("\"data_offsets\":[0,", "\"data_offsets\":[99999999,"),
			"safetensors",
		),
		(
			"a shape that overflows",
			replaced("[256,16]", "[18446744073709551615,16]"),
			"safetensors",
		),
	]);
}

#[test]
fn tensors_that_do_not_fit_score_zero() {
	let first = |value: f32| edited(|tensors| tensors[0].3[..4].copy_from_slice(&value.to_le_bytes()));
	let halved = edited(|tensors| {
		tensors[0].1 = Dtype::F16;
		let half = tensors[0].3.len() / 2;
		tensors[0].3.truncate(half);
	});
	let extra = edited(|tensors| tensors.push(("extra".into(), Dtype::F32, vec![1], vec![0; 4])));
	let larger = subnet_pretrain::Architecture { layers: 2, ..TINY };
	let larger = Weights::initial(larger, [0; 32]).unwrap().to_file().unwrap();
	check_files(vec![
		("NaN", first(f32::NAN), "weight 0 is NaN"),
		("infinity", first(f32::NEG_INFINITY), "weight 0 is -inf"),
		("huge weights", first(1e30), "weight 0 is"),
		("another kind", halved, "F16"),
		(
			"turned shape",
			edited(|tensors| tensors[0].2.reverse()),
			"[16, 256], expected F32 [256, 16]",
		),
		("a tensor less", edited(|tensors| drop(tensors.pop())), "missing"),
		("a tensor more", extra, "does not belong"),
		("another model's sizes", larger, "does not belong"),
	]);
}

/// Other metadata make another file, but not another model.
#[test]
fn a_file_written_otherwise_is_the_same_model() {
	let json = header().replacen('{', "{\"__metadata__\":{\"format\":\"pt\"},", 1);
	let other = with_header(&json);
	let weights = Weights::from_file(TINY, &other).unwrap();
	assert_ne!(other, file(&trained(0)));
	assert_eq!(weights.id(), trained(0).id());
}

/// What the first miner sends, changed by `edit`, scores zero with a reason that has these words.
fn check_transfer(what: &str, expected: &str, edit: impl Fn(&mut Vec<Chunk>)) {
	let validator = validator();
	let task = task(&validator, 1, 10);
	let mut chunks = answer(1, &trained(0), &task);
	edit(&mut chunks);
	let score = Mechanism::score(&validator, &context(1, 1), &task, &transcript(chunks)).unwrap();
	assert_eq!(score.value(), 0.0, "{what}: {score}");
	assert!(score.reason.contains(expected), "{what}: {score}");
}

#[test]
fn transfers_that_go_wrong_score_zero_and_say_why() {
	let piece = |chunk: &mut Chunk, change: &dyn Fn(&mut Vec<u8>)| match chunk {
		Chunk::Piece(bytes) => change(bytes),
		Chunk::Manifest { .. } => panic!("no piece"),
	};
	check_transfer("nothing", "empty", Vec::clear);
	check_transfer("no manifest", "does not begin", |chunks| drop(chunks.remove(0)));
	check_transfer("two manifests", "second manifest", |chunks| {
		chunks.insert(1, chunks[0].clone())
	});
	check_transfer("a piece changed", "piece 0 is not", |chunks| {
		piece(&mut chunks[1], &|bytes| bytes[5] ^= 1)
	});
	check_transfer("a piece cut", "piece 0 has", |chunks| {
		piece(&mut chunks[1], &|bytes| bytes.truncate(bytes.len() - 1))
	});
	check_transfer("a piece twice", "more than", |chunks| chunks.push(chunks[1].clone()));
	let other = task(&validator(), 1, 10);
	check_transfer("for another miner", "another miner", |chunks| {
		*chunks = answer(2, &trained(0), &other)
	});
}

#[test]
fn manifests_that_lie_score_zero_and_say_why() {
	let lie = |what, expected, change: &dyn Fn(&mut Manifest)| {
		check_transfer(what, expected, |chunks| {
			if let Chunk::Manifest { manifest, binding } = &mut chunks[0] {
				change(manifest);
				*binding = manifest.binding(&context(1, 1));
			}
		});
	};
	lie("no bytes", "claims 0 bytes", &|manifest| manifest.bytes = 0);
	lie("four billion bytes", "claims 4294967295", &|manifest| {
		manifest.bytes = u32::MAX
	});
	lie("too many hashes", "hashes", &|manifest| manifest.pieces.push([0; 32]));
	lie("another hash", "piece 0 is not", &|manifest| {
		manifest.pieces[0] = [0; 32]
	});
}

#[test]
fn a_receiver_holds_what_was_announced_and_not_more() {
	let manifest = Manifest::of(WeightsId([0; 32]), &[1; 100]);
	assert!(FileReceiver::new(manifest.clone(), 99).is_err());
	let mut receiver = FileReceiver::new(manifest, 100).unwrap();
	assert_eq!(
		receiver.clone().finish(),
		Err(TransferError::TooFew { actual: 0, expected: 1 })
	);
	receiver.push(&[1; 100]).unwrap();
	assert_eq!(receiver.push(&[]), Err(TransferError::TooMany(1)));
	assert_eq!(receiver.finish(), Ok(vec![1; 100]));
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(300))]

	#[test]
	fn random_chunks_never_earn_or_panic(chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..10)) {
		let validator = validator();
		let context = context(1, 1);
		let task = DynMechanism::task(&validator, &context, &epoch(10)).unwrap();
		let chunks = chunks.into_iter().map(|chunk| TimedChunk { elapsed_us: 1, chunk }).collect();
		let answer = Transcript { chunks, outcome: Outcome::Complete };
		let score = DynMechanism::score(&validator, &context, &task, &answer).unwrap();
		prop_assert!(score.value() == 0.0 && !score.reason.is_empty());
	}

	/// A few bytes of a good file changed, most of all in its header: it is read as some model or refused.
	#[test]
	fn damaged_files_never_panic(places in prop::collection::vec((0..1_200_usize, any::<u8>()), 1..6), cut in 0..2_000_usize) {
		let mut bytes = file(&trained(0));
		for (place, value) in places {
			bytes[place] = value;
		}
		if cut < 1_000 {
			bytes.truncate(bytes.len() - cut);
		}
		match Weights::from_file(TINY, &bytes) {
			Ok(weights) => prop_assert!(weights.numbers().iter().all(|number| number.is_finite())),
			Err(error) => prop_assert!(!error.to_string().is_empty()),
		}
	}
}
