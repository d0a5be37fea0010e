//! The default model itself, when `GANGLION_MODEL` names its file.

use std::path::PathBuf;

use neuron_infer::{LoadOptions, Model};

/// SmolLM2-135M-Instruct, or nothing and a line that says so.
fn model() -> Option<Model> {
	let Some(path) = std::env::var_os("GANGLION_MODEL").map(PathBuf::from) else {
		eprintln!("skipped: GANGLION_MODEL does not name a model file");
		return None;
	};
	assert!(
		path.exists(),
		"GANGLION_MODEL names {}, which does not exist",
		path.display()
	);
	Some(Model::load(&path, &LoadOptions::default()).unwrap())
}

fn argmax(logits: &[f32]) -> u32 {
	let best = logits
		.iter()
		.enumerate()
		.max_by(|left, right| left.1.total_cmp(right.1));
	u32::try_from(best.unwrap().0).unwrap()
}

/// The greedy answer, with the logits that each token came from.
fn answer(model: &Model, prompt: &[u32], limit: usize) -> (Vec<u32>, Vec<f32>) {
	let (mut tokens, mut rows) = (Vec::new(), Vec::new());
	let mut session = model.session();
	let mut logits = session.append(prompt).unwrap();
	while tokens.len() < limit {
		let token = argmax(&logits);
		if Some(token) == model.end_of_turn() {
			break;
		}
		tokens.push(token);
		rows.extend_from_slice(&logits);
		logits = session.append(&[token]).unwrap();
	}
	(tokens, rows)
}

#[test]
fn it_knows_the_capital_of_france_and_scores_as_it_generates() {
	let Some(model) = model() else { return };
	assert_eq!((model.vocabulary_size(), model.context_length()), (49_152, 8_192));
	let prompt = model.encode_chat("What is the capital of France?").unwrap();
	let (tokens, generated) = answer(&model, &prompt, 32);
	let text = model.decode(&tokens).unwrap();
	assert!(text.contains("Paris"), "{text:?}");

	let scored = model.score(&prompt, &tokens).unwrap();
	assert_eq!(scored.len(), generated.len());
	let pairs = scored.iter().zip(&generated);
	let difference = pairs.map(|(one, other)| (one - other).abs()).fold(0.0, f32::max);
	println!("answer {text:?}, largest difference of a logit {difference:e}");
	assert!(difference < 1e-3, "{difference}");
}

/// The template's own system prompt, three turns, and text that comes back as it went in.
#[test]
fn it_tokenises_text_and_applies_its_template() {
	let Some(model) = model() else { return };
	let chat = model.encode_chat("Hi").unwrap();
	assert_eq!(
		model.decode(&chat).unwrap(),
		concat!(
			"system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face\n",
			"user\nHi\nassistant\n"
		)
	);
	assert_eq!(chat.iter().filter(|&&token| token == 1).count(), 3);
	assert_eq!(chat.iter().filter(|&&token| token == 2).count(), 2);
	for text in ["In 1984, 42 cats.", "  naïve\n\n Ω 漢字 🙂", "don't they'll"] {
		assert_eq!(model.decode(&model.encode(text).unwrap()).unwrap(), text);
	}
	assert_eq!(model.encode("1984").unwrap().len(), 4);
}
