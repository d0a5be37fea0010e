//! What files and folders are taken, and what is refused.

use neuron_infer::tiny::{TinySpec, write_folder};
use neuron_infer::{InferError, LoadOptions, Model, Precision};

use crate::{error, load, written};

#[test]
fn a_wrong_hash_names_both_and_the_remedy() {
	let fixture = written(10, &TinySpec::default());
	let found = load(&fixture, Precision::F32).sha256();
	let right = LoadOptions {
		expected_sha256: Some(found),
		..LoadOptions::default()
	};
	assert!(Model::load(&fixture.path, &right).is_ok());
	let wrong = LoadOptions {
		expected_sha256: Some([0xab; 32]),
		..LoadOptions::default()
	};
	let message = error(&fixture.path, &wrong).to_string();
	let hexadecimal: String = found.iter().map(|byte| format!("{byte:02x}")).collect();
	for part in [hexadecimal.as_str(), &"ab".repeat(32), "fetch it again"] {
		assert!(message.contains(part), "{message}");
	}
}

#[test]
fn files_that_are_no_models_are_refused() {
	let fixture = written(11, &TinySpec::default());
	let bytes = std::fs::read(&fixture.path).unwrap();
	let options = LoadOptions::default();
	let refused = |bytes: &[u8]| {
		std::fs::write(&fixture.path, bytes).unwrap();
		error(&fixture.path, &options).to_string()
	};
	assert!(refused(&bytes[..bytes.len() / 2]).contains("cut off"));
	assert!(refused(b"<html>404</html>").contains("expected the magic bytes"));
	assert!(refused(b"").contains("expected the magic bytes"));
	let replaced = |from: &str, to: &str| {
		assert_eq!(from.len(), to.len());
		let mut changed = bytes.clone();
		let places: Vec<usize> = (0..bytes.len() - from.len())
			.filter(|&place| bytes[place..].starts_with(from.as_bytes()))
			.collect();
		for place in places {
			changed[place..place + from.len()].copy_from_slice(to.as_bytes());
		}
		refused(&changed)
	};
	assert!(replaced("smollm", "qwen99").contains("supported are \"smollm\", \"gpt-2\""));
	assert!(replaced("llama", "gemma").contains("supported are \"llama\""));
	assert!(replaced("gpt2", "bert").contains("supported are \"gpt2\""));
	assert!(replaced("blk.1.ffn_up", "blk.1.adaptr").contains("missing"));
	assert!(replaced("t h", "q h").contains("merges do not fit"));

	let missing = error(&fixture.path.with_file_name("absent.gguf"), &options);
	assert!(missing.to_string().contains("absent.gguf"), "{missing}");
	let folder = error(fixture.path.parent().unwrap(), &options);
	assert!(folder.to_string().contains("config.json"), "{folder}");
}

#[test]
fn absurd_sizes_are_refused() {
	let refused = |spec: TinySpec| error(&written(12, &spec).path, &LoadOptions::default()).to_string();
	let context = refused(TinySpec {
		context_length: 1 << 31,
		..TinySpec::default()
	});
	assert!(context.contains("llama.context_length is 2147483648"), "{context}");
	let nothing = refused(TinySpec {
		context_length: 0,
		..TinySpec::default()
	});
	assert!(nothing.contains("expected 1 to"), "{nothing}");
	let heads = refused(TinySpec {
		heads: 4,
		kv_heads: 3,
		..TinySpec::default()
	});
	assert!(heads.contains("do not fit"), "{heads}");
}

/// Whatever one damaged byte of the header makes of a model, loading it and using it is an error
/// or an answer, never a panic.
#[test]
fn a_damaged_header_never_panics() {
	let spec = TinySpec {
		layers: 1,
		embedding: 32,
		feed_forward: 32,
		..TinySpec::default()
	};
	let fixture = written(14, &spec);
	let bytes = std::fs::read(&fixture.path).unwrap();
	let name = b"output_norm.weight";
	let header = bytes.windows(name.len()).position(|window| window == name).unwrap();
	let (mut loaded, mut refused) = (0, 0);
	for position in (0..header).step_by(3) {
		let mut damaged = bytes.clone();
		damaged[position] = damaged[position].wrapping_add(1 + (position % 255) as u8);
		std::fs::write(&fixture.path, &damaged).unwrap();
		let Ok(model) = Model::load(&fixture.path, &LoadOptions::default()) else {
			refused += 1;
			continue;
		};
		loaded += 1;
		if let Ok(prompt) = model.encode_chat("Hi 42")
			&& let Ok(logits) = model.session().append(&prompt)
		{
			assert_eq!(logits.len(), model.vocabulary_size());
		}
	}
	assert!(loaded > 0 && refused > 0, "{loaded} loaded, {refused} refused");
}

#[test]
fn a_folder_s_way_of_reading_long_texts_counts() {
	let folder = tempfile::tempdir().unwrap();
	let path = folder.path();
	write_folder(path, 19, &TinySpec::default(), 1).unwrap();
	let tokens: Vec<u32> = (0..40).map(|index| 3 + (index * 7) % 250).collect();
	let logits = || {
		let model = Model::load(path, &LoadOptions::default()).unwrap();
		model.session().append(&tokens).unwrap()
	};
	let plain = logits();
	let config = std::fs::read_to_string(path.join("config.json")).unwrap();
	let with = |scaling: &str| {
		let changed = config.replacen('{', &format!("{{\"rope_scaling\":{scaling},"), 1);
		std::fs::write(path.join("config.json"), changed).unwrap();
		logits()
	};
	let llama3 = |factor: f64| {
		with(&format!(
			"{{\"rope_type\":\"llama3\",\"factor\":{factor},\"low_freq_factor\":1.0,\"high_freq_factor\":4.0,\"original_max_position_embeddings\":64}}"
		))
	};
	assert_eq!(llama3(1.0), plain, "a factor of one changes nothing");
	assert_ne!(llama3(8.0), plain);
	assert_ne!(with("{\"type\":\"linear\",\"factor\":2.0}"), plain);
}

/// Damaged, foreign and incomplete folders are refused by name; the hash is over all files.
#[test]
fn folders_are_checked() {
	let folder = tempfile::tempdir().unwrap();
	let path = folder.path();
	let spec = TinySpec::default();
	write_folder(path, 17, &spec, 2).unwrap();
	let options = LoadOptions::default();
	let sha256 = Model::load(path, &options).unwrap().sha256();
	let pinned = LoadOptions {
		expected_sha256: Some(sha256),
		..LoadOptions::default()
	};
	assert!(Model::load(path, &pinned).is_ok());
	let settings = std::fs::read_to_string(path.join("tokenizer_config.json")).unwrap();
	std::fs::write(path.join("tokenizer_config.json"), settings.replace("tiny", "huge")).unwrap();
	assert!(matches!(
		Model::load(path, &pinned),
		Err(InferError::HashMismatch { .. })
	));

	let refused = |name: &str, from: &str, to: &str| {
		let original = std::fs::read_to_string(path.join(name)).unwrap();
		assert!(original.contains(from), "{name} has no {from}");
		std::fs::write(path.join(name), original.replace(from, to)).unwrap();
		let message = error(path, &options).to_string();
		std::fs::write(path.join(name), original).unwrap();
		message
	};
	for (from, to, expected) in [
		("\"llama\"", "\"gemma\"", "supported are \"llama\""),
		("\"hidden_size\":64", "\"hidden_size\":96", "dimensions"),
		("\"num_hidden_layers\":2", "\"num_hidden_layers\":0", "expected 1 to"),
		(
			"\"num_hidden_layers\":2",
			"\"num_hidden_layers\":1",
			"which a plain llama does not have",
		),
		("\"vocab_size\":261", "\"vocab_size\":200", "do not belong together"),
		("\"silu\"", "\"gelu\"", "hidden_act"),
		(
			"\"hidden_size\"",
			"\"quantization_config\":{},\"hidden_size\"",
			"quantised",
		),
		("{", "", "no JSON"),
	] {
		let message = refused("config.json", from, to);
		assert!(message.contains(expected), "{message}");
	}
	let index = "model.safetensors.index.json";
	assert!(refused(index, "model-00001", "../model-00001").contains("beside it"));
	assert!(refused(index, "model-00001", "model-00007").contains("model-00007"));
	assert!(refused("tokenizer.json", "\"BPE\"", "\"Unigram\"").contains("byte-level BPE"));
	std::fs::write(path.join("model-00002-of-00002.safetensors"), b"short").unwrap();
	assert!(error(path, &options).to_string().contains("no safetensors file"));
}
