//! `config.json` of a model folder, checked.

use serde_json::Value;

use crate::config::{
	Config, DEFAULT_ROPE_BASE, Family, MAX_CONTEXT, MAX_EMBEDDING, MAX_FEED_FORWARD, MAX_HEADS, MAX_LAYERS,
	MAX_VOCABULARY,
};
use crate::error::Fault;
use crate::rotary::{RotaryPairs, RotaryScaling};

/// Reads `config.json` of a decoder.
pub(crate) fn decoder_config(json: &Value) -> Result<Config, Fault> {
	let kind = json["model_type"].as_str().unwrap_or_default();
	let family = match kind {
		// A llama that looks back so far and no further: within that much the two are one.
		"mistral" => Family::Llama,
		_ => Family::read(kind)?,
	};
	refuse_variants(json)?;
	let mut context_length = size(json, "max_position_embeddings", MAX_CONTEXT)?;
	if kind == "mistral" && !json["sliding_window"].is_null() {
		context_length = context_length.min(size(json, "sliding_window", MAX_CONTEXT)?);
	}
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
		context_length,
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

#[cfg(test)]
mod tests {
	use serde_json::json;

	use super::*;

	fn message(result: Result<RotaryScaling, Fault>) -> String {
		format!("{:?}", result.unwrap_err())
	}

	#[test]
	fn mistral_is_a_llama_within_its_window() {
		let context = |more: Value| {
			let mut json = json!({
				"model_type": "mistral", "hidden_size": 64, "num_attention_heads": 4, "num_key_value_heads": 2,
				"num_hidden_layers": 1, "intermediate_size": 64, "vocab_size": 300, "max_position_embeddings": 32_768,
			});
			json.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
			decoder_config(&json).map(|config| (config.family, config.context_length))
		};
		assert_eq!(context(json!({})).unwrap(), (Family::Llama, 32_768));
		assert_eq!(context(json!({ "sliding_window": null })).unwrap().1, 32_768);
		assert_eq!(context(json!({ "sliding_window": 4_096 })).unwrap().1, 4_096);
		assert!(context(json!({ "sliding_window": "wide" })).is_err());
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
