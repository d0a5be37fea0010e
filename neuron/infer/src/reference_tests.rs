//! Every family against a slow, plain forward pass in f64 that shares no code with the fast one.

use std::collections::HashMap;

use crate::tiny::{Plain, TinySpec, plain_tensors, write_embedder, write_folder, write_gguf};
use crate::tiny_folder::embedder_tensors;
use crate::{Embedder, Family, InferError, LoadOptions, Model};

type Tensors = HashMap<String, Vec<f64>>;

fn tensors(plain: Vec<Plain>) -> Tensors {
	let widened = |(name, _, numbers): Plain| (name, numbers.into_iter().map(f64::from).collect());
	plain.into_iter().map(widened).collect()
}

fn apply(weight: &[f64], input: &[f64]) -> Vec<f64> {
	weight.chunks(input.len()).map(|row| dot(row, input)).collect()
}

fn dot(left: &[f64], right: &[f64]) -> f64 {
	left.iter().zip(right).map(|(x, y)| x * y).sum()
}

fn plus(left: &[f64], right: &[f64]) -> Vec<f64> {
	left.iter().zip(right).map(|(x, y)| x + y).collect()
}

fn rms(input: &[f64], weight: &[f64]) -> Vec<f64> {
	let scale = (dot(input, input) / input.len() as f64 + f64::from(1e-5f32)).sqrt();
	input.iter().zip(weight).map(|(x, weight)| x / scale * weight).collect()
}

fn softmax(scores: &[f64]) -> Vec<f64> {
	let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
	let weights: Vec<f64> = scores.iter().map(|score| (score - largest).exp()).collect();
	let sum: f64 = weights.iter().sum();
	weights.into_iter().map(|weight| weight / sum).collect()
}

/// Turns a head by its position: pairs of neighbours, or of the two halves.
fn turn(head: &[f64], position: usize, neighbours: bool) -> Vec<f64> {
	let half = head.len() / 2;
	let mut turned = head.to_vec();
	for pair in 0..half {
		let angle = position as f64 / 10_000f64.powf(2.0 * pair as f64 / head.len() as f64);
		let (first, second) = if neighbours {
			(2 * pair, 2 * pair + 1)
		} else {
			(pair, pair + half)
		};
		turned[first] = head[first] * angle.cos() - head[second] * angle.sin();
		turned[second] = head[first] * angle.sin() + head[second] * angle.cos();
	}
	turned
}

/// Weighted values for one query head over all keys.
fn look(query: &[f64], keys: &[Vec<f64>], values: &[Vec<f64>]) -> Vec<f64> {
	let scale = (query.len() as f64).sqrt();
	let scores: Vec<f64> = keys.iter().map(|key| dot(query, key) / scale).collect();
	let mut mixed = vec![0.0; query.len()];
	for (weight, value) in softmax(&scores).iter().zip(values) {
		mixed = plus(&mixed, &value.iter().map(|x| x * weight).collect::<Vec<_>>());
	}
	mixed
}

/// Logits after the last token.
fn decoder(weights: &Tensors, spec: &TinySpec, tokens: &[u32]) -> Vec<f64> {
	let (width, size) = (spec.embedding, spec.embedding / spec.heads);
	let embedding = &weights["token_embd.weight"];
	let mut hidden: Vec<Vec<f64>> = tokens
		.iter()
		.map(|&token| embedding[token as usize * width..][..width].to_vec())
		.collect();
	for layer in 0..spec.layers {
		let get = |part: &str| weights.get(&format!("blk.{layer}.{part}"));
		let need = |part: &str| get(&format!("{part}.weight")).unwrap();
		let heads = |part: &str, position: usize, normed: &[f64]| -> Vec<Vec<f64>> {
			let mut flat = apply(need(part), normed);
			if let Some(bias) = get(&format!("{part}.bias")) {
				flat = plus(&flat, bias);
			}
			let head = |head: &[f64]| {
				if part == "attn_v" {
					return head.to_vec();
				}
				let norm = get(&format!("{part}_norm.weight"));
				let head = norm.map_or_else(|| head.to_vec(), |norm| rms(head, norm));
				turn(&head, position, spec.family == Family::Llama)
			};
			flat.chunks(size).map(head).collect()
		};
		let (mut keys, mut values) = (Vec::new(), Vec::new());
		for (position, hidden) in hidden.iter_mut().enumerate() {
			let normed = rms(hidden, need("attn_norm"));
			keys.push(heads("attn_k", position, &normed));
			values.push(heads("attn_v", position, &normed));
			let mut mixed = Vec::new();
			for (index, query) in heads("attn_q", position, &normed).iter().enumerate() {
				let shared = index * spec.kv_heads / spec.heads;
				let of = |all: &[Vec<Vec<f64>>]| -> Vec<Vec<f64>> {
					all.iter().map(|heads| heads[shared].clone()).collect()
				};
				mixed.extend(look(query, &of(&keys), &of(&values)));
			}
			*hidden = plus(hidden, &apply(need("attn_output"), &mixed));
			let normed = rms(hidden, need("ffn_norm"));
			let (gate, up) = (apply(need("ffn_gate"), &normed), apply(need("ffn_up"), &normed));
			let gated: Vec<f64> = gate
				.iter()
				.zip(up)
				.map(|(gate, up)| gate / (1.0 + (-gate).exp()) * up)
				.collect();
			*hidden = plus(hidden, &apply(need("ffn_down"), &gated));
		}
	}
	let normed = rms(hidden.last().unwrap(), &weights["output_norm.weight"]);
	apply(weights.get("output.weight").unwrap_or(embedding), &normed)
}

fn distance(found: &[f32], expected: &[f64]) -> f64 {
	assert_eq!(found.len(), expected.len());
	let pairs = found.iter().zip(expected);
	pairs
		.map(|(found, expected)| (f64::from(*found) - expected).abs())
		.fold(0.0, f64::max)
}

/// A spec of each family, with tied heads and without, and with one to four queries for a key.
pub(crate) fn specs() -> Vec<TinySpec> {
	let spec = |family, tied, heads, kv_heads| TinySpec {
		family,
		tied,
		heads,
		kv_heads,
		..TinySpec::default()
	};
	vec![
		spec(Family::Llama, true, 4, 2),
		spec(Family::Llama, false, 8, 8),
		spec(Family::Qwen2, true, 4, 1),
		spec(Family::Qwen3, false, 2, 2),
	]
}

#[test]
fn every_family_gives_the_logits_of_the_plain_forward_pass() {
	let tokens: Vec<u32> = (0..40).map(|index| 3 + (index * index * 5) % 256).collect();
	for (seed, spec) in (30..).zip(specs()) {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("tiny.gguf");
		write_gguf(&path, seed, &spec).unwrap();
		let expected = decoder(&tensors(plain_tensors(seed, &spec)), &spec, &tokens);
		let model = Model::load(&path, &LoadOptions::default()).unwrap();
		let found = model.session().append(&tokens).unwrap();
		assert!(
			distance(&found, &expected) < 1e-4,
			"{spec:?}: {}",
			distance(&found, &expected)
		);

		// As a folder of one file and of three.
		for shards in [1, 3] {
			let folder = tempfile::tempdir().unwrap();
			write_folder(folder.path(), seed, &spec, shards).unwrap();
			let same = Model::load(folder.path(), &LoadOptions::default()).unwrap();
			let found = same.session().append(&tokens).unwrap();
			assert!(
				distance(&found, &expected) < 1e-4,
				"{spec:?}: {}",
				distance(&found, &expected)
			);
			assert_eq!(
				same.encode_chat("the cat 12").unwrap(),
				model.encode_chat("the cat 12").unwrap()
			);
			let (one, other) = (same.descriptor(), model.descriptor());
			assert_eq!((one.parameters, one.family), (other.parameters, spec.family));
			assert!(one.to_string().contains(spec.family.name()), "{one}");
		}
	}
}

fn layer_norm(input: &[f64], weights: &Tensors, name: &str) -> Vec<f64> {
	let mean = input.iter().sum::<f64>() / input.len() as f64;
	let centred: Vec<f64> = input.iter().map(|x| x - mean).collect();
	let scale = (dot(&centred, &centred) / input.len() as f64 + 1e-12).sqrt();
	let (weight, bias) = (
		&weights[&format!("{name}.LayerNorm.weight")],
		&weights[&format!("{name}.LayerNorm.bias")],
	);
	let scaled: Vec<f64> = centred
		.iter()
		.zip(weight)
		.map(|(x, weight)| x / scale * weight)
		.collect();
	plus(&scaled, bias)
}

/// The integral of the normal density from far left, by Simpson's rule.
fn normal_distribution(x: f64) -> f64 {
	let (steps, start) = (2_000, -12.0f64);
	let width = (x - start) / f64::from(steps);
	let sum: f64 = (0..=steps)
		.map(|step| {
			let place = start + f64::from(step) * width;
			let weight = if step == 0 || step == steps {
				1.0
			} else if step % 2 == 1 {
				4.0
			} else {
				2.0
			};
			weight * (-place * place / 2.0).exp()
		})
		.sum();
	sum * width / 3.0 / (2.0 * std::f64::consts::PI).sqrt()
}

fn encoder(weights: &Tensors, tokens: &[u32]) -> Vec<f64> {
	let row = |table: &str, index: usize| {
		weights[&format!("embeddings.{table}_embeddings.weight")][index * 32..][..32].to_vec()
	};
	let start = |(place, &token): (usize, &u32)| {
		let sum = plus(
			&plus(&row("word", token as usize), &row("position", place)),
			&row("token_type", 0),
		);
		layer_norm(&sum, weights, "embeddings")
	};
	let mut hidden: Vec<Vec<f64>> = tokens.iter().enumerate().map(start).collect();
	for layer in 0..2 {
		let prefix = format!("encoder.layer.{layer}");
		let dense = |part: &str, input: &[f64]| {
			let name = format!("{prefix}.{part}");
			plus(
				&apply(&weights[&format!("{name}.weight")], input),
				&weights[&format!("{name}.bias")],
			)
		};
		let all = |part: &str| -> Vec<Vec<f64>> {
			hidden
				.iter()
				.map(|x| dense(&format!("attention.self.{part}"), x))
				.collect()
		};
		let (queries, keys, values) = (all("query"), all("key"), all("value"));
		let after = |(x, query): (&Vec<f64>, &Vec<f64>)| {
			let head = |head: usize| {
				let part = |rows: &[Vec<f64>]| -> Vec<Vec<f64>> {
					rows.iter().map(|row| row[head * 8..][..8].to_vec()).collect()
				};
				look(&query[head * 8..][..8], &part(&keys), &part(&values))
			};
			let mixed: Vec<f64> = (0..4).flat_map(head).collect();
			let attended = plus(x, &dense("attention.output.dense", &mixed));
			let attended = layer_norm(&attended, weights, &format!("{prefix}.attention.output"));
			let inner = dense("intermediate.dense", &attended);
			let inner: Vec<f64> = inner.iter().map(|x| x * normal_distribution(*x)).collect();
			let sum = plus(&attended, &dense("output.dense", &inner));
			layer_norm(&sum, weights, &format!("{prefix}.output"))
		};
		hidden = hidden.iter().zip(&queries).map(after).collect();
	}
	let sum = hidden.iter().fold(vec![0.0; 32], |sum, row| plus(&sum, row));
	let length = dot(&sum, &sum).sqrt();
	sum.iter().map(|x| x / length).collect()
}

#[test]
fn an_embedder_gives_the_vector_of_the_plain_forward_pass() {
	let folder = tempfile::tempdir().unwrap();
	write_embedder(folder.path(), 40).unwrap();
	let embedder = Embedder::load(folder.path(), &LoadOptions::default()).unwrap();
	let weights = tensors(embedder_tensors(40));
	// Longer than what its file would cut to, and shorter than what it would pad to.
	for text in [
		"The cat",
		"the dogs sat a cat ran the dog sat b b b a a unknown the cat",
	] {
		let tokens = embedder.encode(text).unwrap();
		let words = text.split(' ').count() + usize::from(text.contains("dogs"));
		assert_eq!((tokens.len(), tokens[0], tokens[tokens.len() - 1]), (words + 2, 2, 3));
		let found = embedder.embed(text).unwrap();
		assert!(distance(&found, &encoder(&weights, &tokens)) < 1e-5);
		assert_eq!(found, embedder.embed(text).unwrap());
		assert_eq!(found.len(), embedder.dimensions());
	}
	let long = embedder.embed(&"cat ".repeat(511));
	assert!(matches!(
		long,
		Err(InferError::ContextFull {
			limit: 512,
			asked: 513,
			..
		})
	));
}
