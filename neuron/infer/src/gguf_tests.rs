use super::*;
use crate::tiny::{TinySpec, write_gguf};

fn tiny_bytes() -> Vec<u8> {
	let folder = tempfile::tempdir().unwrap();
	let path = folder.path().join("tiny.gguf");
	write_gguf(&path, 1, &TinySpec::default()).unwrap();
	std::fs::read(path).unwrap()
}

fn header(version: u32, tensors: u64, entries: u64) -> Vec<u8> {
	let mut bytes = b"GGUF".to_vec();
	bytes.extend(version.to_le_bytes());
	bytes.extend(tensors.to_le_bytes());
	bytes.extend(entries.to_le_bytes());
	bytes
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
	bytes.extend((text.len() as u64).to_le_bytes());
	bytes.extend(text.as_bytes());
}

fn put_tensor(bytes: &mut Vec<u8>, name: &str, dimensions: &[u64], kind: u32, offset: u64) {
	put_text(bytes, name);
	bytes.extend((dimensions.len() as u32).to_le_bytes());
	dimensions
		.iter()
		.for_each(|dimension| bytes.extend(dimension.to_le_bytes()));
	bytes.extend(kind.to_le_bytes());
	bytes.extend(offset.to_le_bytes());
}

fn message(bytes: &[u8]) -> String {
	match Gguf::parse(bytes) {
		Err(Fault::Malformed(detail) | Fault::Unsupported(detail)) => detail,
		other => panic!("the file was not refused: {:?}", other.err()),
	}
}

#[test]
fn every_truncation_of_a_sound_file_is_refused() {
	let bytes = tiny_bytes();
	let file = Gguf::parse(&bytes).unwrap();
	let header_end = usize::try_from(file.data_start).unwrap();
	// Every cut of the header, and some of the data.
	let cuts = (0..header_end).chain((header_end..bytes.len()).step_by(4_093));
	for cut in cuts {
		assert!(Gguf::parse(&bytes[..cut]).is_err(), "cut at {cut}");
	}
}

#[test]
fn damaged_bytes_never_panic() {
	let bytes = tiny_bytes();
	let header_end = usize::try_from(Gguf::parse(&bytes).unwrap().data_start).unwrap();
	let mut refused = 0;
	for position in 0..header_end {
		let mut damaged = bytes.clone();
		damaged[position] ^= 0xff;
		refused += usize::from(Gguf::parse(&damaged).is_err());
	}
	assert!(
		refused > header_end / 4,
		"only {refused} of {header_end} damages were noticed"
	);
}

#[test]
fn absurd_counts_are_refused_before_memory_is_taken() {
	assert!(message(&header(3, u64::MAX, 0)).contains("the limit is 16384"));
	assert!(message(&header(3, 0, u64::MAX)).contains("the limit is 4096"));
	assert!(message(&header(1, 0, 0)).contains("GGUF version 0x1"));
	assert!(message(b"PK\x03\x04").contains("expected the magic bytes"));
	assert!(message(b"").contains("expected the magic bytes"));

	let mut long_key = header(3, 0, 1);
	long_key.extend(u64::MAX.to_le_bytes());
	assert!(message(&long_key).contains("the limit is"));

	let mut long_array = header(3, 0, 1);
	put_text(&mut long_array, "list");
	long_array.extend(9u32.to_le_bytes());
	long_array.extend(8u32.to_le_bytes());
	long_array.extend((MAX_ARRAY_ELEMENTS - 1).to_le_bytes());
	assert!(message(&long_array).contains("only 0 are left"));
}

#[test]
fn a_context_ends_at_the_sliding_window() {
	let context = |window: Option<u32>| {
		let numbers = [
			("block_count", 1),
			("context_length", 32_768),
			("embedding_length", 64),
			("feed_forward_length", 128),
			("attention.head_count", 2),
		];
		let window = window.map(|tokens| ("attention.sliding_window", tokens));
		let numbers: Vec<_> = numbers.into_iter().chain(window).collect();
		let mut bytes = header(3, 0, numbers.len() as u64 + 2);
		put_text(&mut bytes, "general.architecture");
		bytes.extend(8u32.to_le_bytes());
		put_text(&mut bytes, "llama");
		put_text(&mut bytes, "llama.attention.layer_norm_rms_epsilon");
		bytes.extend(6u32.to_le_bytes());
		bytes.extend(1e-5f32.to_le_bytes());
		for (key, number) in numbers {
			put_text(&mut bytes, &format!("llama.{key}"));
			bytes.extend(4u32.to_le_bytes());
			bytes.extend(number.to_le_bytes());
		}
		let file = Gguf::parse(&bytes).unwrap();
		crate::config::Config::read(&file, 32).unwrap().context_length
	};
	let windows = [None, Some(0), Some(4_096), Some(65_536)];
	assert_eq!(windows.map(context), [32_768, 32_768, 4_096, 32_768]);
}

#[test]
fn tensors_must_lie_in_the_file() {
	let table = |dimensions: &[u64], kind, offset| {
		let mut bytes = header(3, 1, 0);
		put_tensor(&mut bytes, "weight", dimensions, kind, offset);
		bytes.resize(bytes.len() + 256, 0);
		bytes
	};
	assert!(Gguf::parse(&table(&[32], 0, 0)).is_ok());
	let huge = u64::from(u32::MAX);
	assert!(message(&table(&[huge; 4], 0, u64::MAX)).contains("the limit is"));
	assert!(message(&table(&[huge, 8], 0, u64::MAX)).contains("cut off"));
	assert!(message(&table(&[u64::MAX], 0, 0)).contains("the limit is"));
	assert!(message(&table(&[32], 0, 1 << 20)).contains("cut off"));
	assert!(message(&table(&[33], 8, 0)).contains("whole blocks of 32"));
	assert!(message(&table(&[0], 0, 0)).contains("none to be 0"));
	assert!(message(&table(&[1; 5], 0, 0)).contains("5 dimensions"));
	assert!(message(&table(&[32], 99, 0)).contains("type number 99"));
}

#[test]
fn tensors_of_other_dimensions_are_refused() {
	let bytes = tiny_bytes();
	let file = Gguf::parse(&bytes).unwrap();
	let expected = [crate::tiny::VOCABULARY_SIZE, 64];
	assert!(file.tensor("token_embd.weight", &expected).is_ok());
	let error = file.tensor("token_embd.weight", &[64, 64]).unwrap_err();
	assert!(matches!(error, Fault::Malformed(detail) if detail.contains("[64, 64]")));
	let error = file.tensor("absent", &[1]).unwrap_err();
	assert!(matches!(error, Fault::Malformed(detail) if detail.contains("missing")));
}
