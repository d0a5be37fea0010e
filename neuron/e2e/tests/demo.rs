//! The demos of the mechanisms besides `text`, whose own loop has a test: everybody plays its part and is paid for it.

use anyhow::Result;
use neuron_e2e::{
	demo::{self, Contest, Options, Pace},
	world::Programs,
};
use neuron_testkit::tiny_model::write_embedder;
use std::{path::Path, time::Duration};

/// Long enough for a busy machine; only a hang takes it.
const LIMIT: Duration = Duration::from_secs(400);

fn options(folder: &Path, contest: Contest) -> Result<Options> {
	Ok(Options {
		programs: Programs::find()?,
		contest,
		pace: Pace {
			sealing_ms: 200,
			tempo: 40,
		},
		epochs: 3,
		folder: folder.to_owned(),
		limit: LIMIT,
	})
}

#[tokio::test(flavor = "multi_thread")]
async fn honest_embedders_are_paid_and_cheats_are_not() -> Result<()> {
	let folder = tempfile::tempdir()?;
	let model = folder.path().join("embedder");
	std::fs::create_dir(&model)?;
	write_embedder(&model, 7)?;
	demo::run(options(folder.path(), Contest::Embedding { model })?).await
}

#[tokio::test(flavor = "multi_thread")]
async fn training_is_paid_and_copying_is_not() -> Result<()> {
	let folder = tempfile::tempdir()?;
	demo::run(options(folder.path(), Contest::Pretrain { text: None })?).await
}
