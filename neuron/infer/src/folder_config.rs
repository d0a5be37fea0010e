//! `config.json` and `tokenizer.json` of a model folder, checked.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::config::{
	Config, DEFAULT_ROPE_BASE, Family, MAX_CONTEXT, MAX_EMBEDDING, MAX_FEED_FORWARD, MAX_HEADS, MAX_LAYERS,
	MAX_VOCABULARY,
};
use crate::error::Fault;
use crate::folder::Folder;
use crate::rotary::{RotaryPairs, RotaryScaling};
use crate::tokenizer::{MAX_SPECIALS, Parts, Special, TextTokenizer, too_many_specials};
use crate::tokenizer_parts;

/// Reads `config.json` of a decoder.
pub(crate) fn decoder_config(json: &Value) -> Result<Config, Fault> {
	let family = Family::read(json["model_type"].as_str().unwrap_or_default())?;
	refuse_variants(json)?;
	let embedding = size(json, "hidden_size", MAX_EMBEDDING)?;
	let heads = size(json, "num_attention_heads", MAX_HEADS)?;
	let explicit = !json["head_dim"].is_null();
	Config {
		family,
		layers: size(json, "num_hidden_layers", MAX_LAYERS)?,
		embedding,
		feed_forward: size(json, "intermediate_size", MAX_FEED_FORWARD)?,
		heads,
		kv_heads: if json["num_key_value_heads"].is_null() {
			heads
		} else {
			size(json, "num_key_value_heads", MAX_HEADS)?
		},
		head_size: if explicit {
			size(json, "head_dim", MAX_EMBEDDING)?
		} else {
			(embedding / heads).max(1)
		},
		context_length: size(json, "max_position_embeddings", MAX_CONTEXT)?,
		vocabulary: size(json, "vocab_size", MAX_VOCABULARY)?,
		norm_epsilon: positive(&json["rms_norm_eps"], "rms_norm_eps", Some(1e-6))? as f32,
		rope_base: match &json["rope_parameters"]["rope_theta"] {
			Value::Null => positive(&json["rope_theta"], "rope_theta", Some(DEFAULT_ROPE_BASE))?,
			theta => positive(theta, "rope_parameters.rope_theta", None)?,
		},
		rotary_pairs: RotaryPairs::Halves,
		rotary_scaling: rotary_scaling(json)?,
		tied: Some(json["tie_word_embeddings"].as_bool().unwrap_or(false)),
	}
	.checked(explicit)
}

/// An integer from 1 to `most`.
pub(crate) fn size(json: &Value, key: &str, most: usize) -> Result<usize, Fault> {
	let found = json[key].as_u64().and_then(|found| usize::try_from(found).ok());
	match found {
		Some(found) if (1..=most).contains(&found) => Ok(found),
		_ => Err(Fault::malformed(format!(
			"{key} of config.json is {}, expected 1 to {most}",
			json[key]
		))),
	}
}

/// A finite number above 0.
pub(crate) fn positive(value: &Value, key: &str, default: Option<f64>) -> Result<f64, Fault> {
	match (value.as_f64(), default) {
		(None, Some(default)) if value.is_null() => Ok(default),
		(Some(number), _) if number.is_finite() && number > 0.0 => Ok(number),
		_ => Err(Fault::malformed(format!(
			"{key} of config.json is {value}, expected a positive number"
		))),
	}
}

/// What would need another forward pass.
fn refuse_variants(json: &Value) -> Result<(), Fault> {
	let expected = [("hidden_act", "silu")];
	for (key, expected) in expected {
		if let Some(found) = json[key].as_str().filter(|found| *found != expected) {
			return Err(Fault::unsupported(format!(
				"{key} is {found:?}; supported is {expected:?}"
			)));
		}
	}
	for key in ["use_sliding_window", "mlp_bias"] {
		if json[key].as_bool() == Some(true) {
			return Err(Fault::unsupported(format!(
				"{key} is set; supported are models without it"
			)));
		}
	}
	if !json["quantization_config"].is_null() {
		return Err(Fault::unsupported(
			"its weights are quantised; supported are F32, F16 and BF16",
		));
	}
	Ok(())
}

/// What a model does with long texts; newer files say so among `rope_parameters`.
fn rotary_scaling(json: &Value) -> Result<RotaryScaling, Fault> {
	let named = ["rope_scaling", "rope_parameters"].map(|key| (key, &json[key]));
	let Some((key, scaling)) = named.into_iter().find(|(_, scaling)| !scaling.is_null()) else {
		return Ok(RotaryScaling::Plain);
	};
	let number = |name: &str| positive(&scaling[name], &format!("{key}.{name}"), None);
	match scaling["rope_type"].as_str().or(scaling["type"].as_str()) {
		None | Some("default") => Ok(RotaryScaling::Plain),
		Some("linear") => Ok(RotaryScaling::Linear {
			factor: number("factor")?,
		}),
		Some("llama3") => {
			let (seldom, often) = (number("low_freq_factor")?, number("high_freq_factor")?);
			if often <= seldom {
				return Err(Fault::malformed(format!(
					"{key}.high_freq_factor of config.json is {often}, expected more than low_freq_factor, {seldom}"
				)));
			}
			Ok(RotaryScaling::Llama3 {
				factor: number("factor")?,
				seldom,
				often,
				trained: number("original_max_position_embeddings")?,
			})
		}
		kind => Err(Fault::unsupported(format!(
			"{key} is of type {kind:?}; supported are \"default\", \"linear\" and \"llama3\""
		))),
	}
}

/// Reads `tokenizer.json`, and what the files beside it say about its special tokens.
pub(crate) fn tokenizer(folder: &Folder, vocabulary_size: usize) -> Result<TextTokenizer, Fault> {
	let mut json = folder.tokenizer()?;
	let specials = added_tokens(&json)?;
	let begins = template_beginning(&json["post_processor"], &specials);
	let model = &json["model"];
	let byte_level = [&json["decoder"], &json["pre_tokenizer"]]
		.iter()
		.any(|part| part.to_string().contains("\"ByteLevel\""));
	if model["type"].as_str() != Some("BPE") || !byte_level {
		return Err(Fault::unsupported(format!(
			"its tokenizer.json is of type {}; supported is byte-level BPE",
			model["type"]
		)));
	}
	tokenizer_parts::check_preparation(&json)?;
	tokenizer_parts::check_byte_pairs(model)?;
	let mut vocabulary = vec![None; vocabulary_size];
	let known = model["vocab"].as_object().into_iter().flatten();
	let ids = known.map(|(text, id)| (text.clone(), id.as_u64()));
	let added = specials
		.iter()
		.map(|special| (special.text.clone(), Some(u64::from(special.id))));
	for (text, id) in ids.chain(added) {
		let place = id.and_then(|id| vocabulary.get_mut(usize::try_from(id).ok()?));
		let Some(place) = place else {
			return Err(Fault::malformed(format!(
				"tokenizer.json gives {text:?} the id {id:?}, but the model has {vocabulary_size} tokens: they do not belong together"
			)));
		};
		*place = Some(text);
	}
	// Special tokens are found apart from the rest; length is not the tokenizer's to change.
	for key in ["added_tokens", "post_processor", "decoder", "truncation", "padding"] {
		json[key] = if key == "added_tokens" {
			Value::Array(Vec::new())
		} else {
			Value::Null
		};
	}
	let bpe = tokenizers::Tokenizer::from_bytes(json.to_string())
		.map_err(|error| Fault::malformed(format!("tokenizer.json cannot be used: {error}")))?;
	let config = folder.optional("tokenizer_config.json")?;
	let named = |key: &str| {
		let text = config[key].as_str().or(config[key]["content"].as_str())?;
		specials
			.iter()
			.find(|special| special.text == text)
			.map(|special| special.id)
	};
	let beginning = match config["add_bos_token"].as_bool() {
		Some(true) => named("bos_token"),
		Some(false) => None,
		None => begins,
	};
	Ok(TextTokenizer::new(Parts {
		bpe,
		vocabulary,
		ends: ends(folder, named("eos_token"), vocabulary_size)?,
		beginning,
		specials,
	}))
}

/// The tokens that are matched whole.
fn added_tokens(json: &Value) -> Result<Vec<Special>, Fault> {
	let entries = json["added_tokens"].as_array().map_or(&[][..], Vec::as_slice);
	if entries.len() > MAX_SPECIALS {
		return Err(too_many_specials(entries.len()));
	}
	entries
		.iter()
		.map(|entry| {
			let id = entry["id"].as_u64().and_then(|id| u32::try_from(id).ok());
			match (entry["content"].as_str(), id) {
				(Some(text), Some(id)) => Ok(Special {
					text: text.to_owned(),
					id,
					control: entry["special"].as_bool() == Some(true),
				}),
				_ => Err(Fault::malformed(format!(
					"tokenizer.json has the added token {entry}, expected content and id"
				))),
			}
		})
		.collect()
}

/// The special token that a template puts before every text.
fn template_beginning(processor: &Value, specials: &[Special]) -> Option<u32> {
	let mut processors = processor["processors"]
		.as_array()
		.into_iter()
		.flatten()
		.chain([processor]);
	let single = processors.find_map(|processor| processor["single"].as_array())?;
	let text = single.first()?["SpecialToken"]["id"].as_str()?;
	specials
		.iter()
		.find(|special| special.text == text)
		.map(|special| special.id)
}

/// Tokens that end an answer: the tokenizer's own, then those of the other two files.
fn ends(folder: &Folder, own: Option<u32>, vocabulary_size: usize) -> Result<Vec<u32>, Fault> {
	let mut ends: BTreeMap<u32, ()> = BTreeMap::new();
	for json in [folder.optional("generation_config.json")?, folder.config()?] {
		let ids = match &json["eos_token_id"] {
			Value::Array(ids) => ids.clone(),
			Value::Null => Vec::new(),
			id => vec![id.clone()],
		};
		for id in ids {
			match id.as_u64().and_then(|id| u32::try_from(id).ok()) {
				Some(id) if (id as usize) < vocabulary_size => ends.insert(id, ()),
				_ => {
					return Err(Fault::malformed(format!(
						"eos_token_id is {id}, expected less than {vocabulary_size}"
					)));
				}
			};
		}
	}
	let others = ends.into_keys().filter(|id| Some(*id) != own);
	Ok(own.into_iter().chain(others).collect())
}

#[cfg(test)]
mod tests {
	use serde_json::json;

	use super::*;

	fn message(result: Result<RotaryScaling, Fault>) -> String {
		format!("{:?}", result.unwrap_err())
	}

	#[test]
	fn ways_of_reading_long_texts_are_known_or_refused_by_name() {
		let read = |json: Value| rotary_scaling(&json);
		assert_eq!(read(json!({})).unwrap(), RotaryScaling::Plain);
		assert_eq!(
			read(json!({ "rope_parameters": { "rope_type": "default", "rope_theta": 1e6 } })).unwrap(),
			RotaryScaling::Plain
		);
		assert_eq!(
			read(json!({ "rope_scaling": { "type": "linear", "factor": 4.0 } })).unwrap(),
			RotaryScaling::Linear { factor: 4.0 }
		);
		let mut llama = json!({ "rope_scaling": {
			"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
			"original_max_position_embeddings": 8192,
		} });
		let expected = RotaryScaling::Llama3 {
			factor: 8.0,
			seldom: 1.0,
			often: 4.0,
			trained: 8192.0,
		};
		assert_eq!(read(llama.clone()).unwrap(), expected);
		llama["rope_scaling"]["high_freq_factor"] = json!(1.0);
		assert!(message(read(llama.clone())).contains("high_freq_factor"));
		llama["rope_scaling"]["factor"] = json!(-8);
		llama["rope_scaling"]["high_freq_factor"] = json!(4.0);
		assert!(message(read(llama)).contains("rope_scaling.factor"));
		let yarn = read(json!({ "rope_scaling": { "rope_type": "yarn", "factor": 4.0 } }));
		assert!(message(yarn).contains("yarn"));
	}
}
