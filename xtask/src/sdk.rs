//! The Bittensor SDK against our node: its Python packages in a virtual environment of their own, and the scripts
//! that drive a development node with them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use crate::process;
use crate::workspace::Workspace;

/// Where the scripts and the list of what they run on are, in the checkout.
const FOLDER: &str = "runtime/tests/sdk";
/// The list of packages, in [`FOLDER`].
const REQUIREMENTS: &str = "requirements.txt";
/// The file in the virtual environment that names the list it was filled from.
const FILLED_FROM: &str = "filled-from";
/// How long making the virtual environment may take.
const VENV_LIMIT: Duration = Duration::from_secs(120);
/// How long fetching the packages may take.
const FETCH_LIMIT: Duration = Duration::from_secs(600);
/// What the SDK runs on.
const PYTHON: &str = "python3 of version 3.10 or newer";

/// What `cargo xtask sdk` is told.
#[derive(clap::Args)]
pub(crate) struct Options {
	/// More arguments for the scripts, after `--`: `transactions`, `--only stake`, …
	#[arg(last = true, value_name = "ARGUMENTS")]
	more: Vec<String>,
}

/// Runs the scripts against the node as it was built last.
///
/// # Errors
/// There is no built node, or no virtual environment and no way to make one.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
	let mut command = scripts(workspace)?;
	command.args(&options.more);
	Ok(if process::visible(&mut command)? {
		ExitCode::SUCCESS
	} else {
		ExitCode::FAILURE
	})
}

/// The scripts' process, with everything that it needs in place.
///
/// # Errors
/// There is no built node, or no virtual environment and no way to make one.
pub(crate) fn scripts(workspace: &Workspace) -> Result<Command> {
	let node = workspace.binary("ganglion-node");
	if !node.is_file() {
		bail!(
			"there is no node at {}; build it with: cargo build -p ganglion-node",
			node.display()
		);
	}
	let interpreter = interpreter(workspace)?;
	let mut command = workspace.program(interpreter.to_str().context("the interpreter's path is not UTF-8")?);
	// No compiled files in the checkout, and what is printed comes when it is printed.
	command.args(["-B", "-u"]);
	command
		.arg(workspace.root().join(FOLDER).join("run.py"))
		.arg("--node")
		.arg(node);
	Ok(command)
}

/// The interpreter of the virtual environment, made and filled where the list of packages asks for it.
fn interpreter(workspace: &Workspace) -> Result<PathBuf> {
	let list = workspace.root().join(FOLDER).join(REQUIREMENTS);
	let wanted = std::fs::read(&list).with_context(|| format!("{} cannot be read", list.display()))?;
	let venv = workspace.cache().join("sdk-venv");
	let interpreter = venv.join("bin").join("python");
	let alive = process::probe(workspace.program(path(&interpreter)?).arg("--version"));
	let note = venv.join(FILLED_FROM);
	if let Some(version) = &alive
		&& is_filled(&note, &filled_from(&wanted, version))
	{
		return Ok(interpreter);
	}
	if alive.is_none() {
		make(workspace, &venv)?;
	}
	let mut fetch = workspace.program(path(&interpreter)?);
	fetch.args([
		"-m",
		"pip",
		"install",
		"--quiet",
		"--disable-pip-version-check",
		"--requirement",
	]);
	fetch.arg(&list);
	process::quiet("the SDK's packages", &mut fetch, FETCH_LIMIT).with_context(|| {
		format!(
			"pip cannot fetch what {} names; see that pip reaches its package index (`pip config list`), then try again",
			list.display()
		)
	})?;
	let version = process::probe(workspace.program(path(&interpreter)?).arg("--version"))
		.context("the new virtual environment's interpreter does not start")?;
	std::fs::write(&note, filled_from(&wanted, &version))
		.with_context(|| format!("{} cannot be written", note.display()))?;
	Ok(interpreter)
}

/// Makes an empty virtual environment in `venv`, in place of one whose interpreter is gone.
fn make(workspace: &Workspace, venv: &Path) -> Result<()> {
	if process::probe(workspace.program("python3").arg("--version")).is_none() {
		bail!(
			"the SDK needs {PYTHON}, and there is no python3 in PATH; on Debian and Ubuntu: apt-get install python3-venv"
		);
	}
	let mut command = workspace.program("python3");
	command.args(["-m", "venv", "--clear"]).arg(venv);
	process::quiet("a virtual environment for the SDK", &mut command, VENV_LIMIT).with_context(|| {
		format!(
			"the SDK needs {PYTHON} with its modules venv and pip; on Debian and Ubuntu: apt-get install python3-venv; \
			elsewhere make it by hand: python3 -m venv {}",
			venv.display()
		)
	})
}

/// What identifies the contents of a virtual environment: the list that it was filled from and its interpreter.
fn filled_from(list: &[u8], version: &str) -> String {
	let mut text = String::new();
	for byte in Sha256::digest(list) {
		// Writing to a string does not fail.
		write!(text, "{byte:02x}").ok();
	}
	format!("{text} {version}\n")
}

fn is_filled(note: &Path, wanted: &str) -> bool {
	std::fs::read_to_string(note).is_ok_and(|found| found == wanted)
}

fn path(path: &Path) -> Result<&str> {
	path.to_str()
		.with_context(|| format!("the path {} is not UTF-8", path.display()))
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn another_list_or_interpreter_is_another_environment() {
		let first = filled_from(b"a==1\n", "Python 3.11.7");
		assert_eq!(first.split_whitespace().next().map(str::len), Some(64));
		assert_eq!(first, filled_from(b"a==1\n", "Python 3.11.7"));
		assert_ne!(first, filled_from(b"a==2\n", "Python 3.11.7"));
		assert_ne!(first, filled_from(b"a==1\n", "Python 3.12.0"));
	}

	#[test]
	fn only_the_note_of_the_same_list_counts() {
		let folder = tempfile::tempdir().unwrap();
		let note = folder.path().join(FILLED_FROM);
		assert!(!is_filled(&note, "wanted"));
		std::fs::write(&note, "wanted").unwrap();
		assert!(is_filled(&note, "wanted"));
		assert!(!is_filled(&note, "something else"));
	}

	#[test]
	fn the_list_pins_every_package_and_names_no_host() {
		let list = Path::new(env!("CARGO_MANIFEST_DIR"))
			.join("..")
			.join(FOLDER)
			.join(REQUIREMENTS);
		let text = std::fs::read_to_string(list).unwrap();
		let packages: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
		assert!(packages.contains(&"bittensor==11.3.0"), "{packages:?}");
		for line in packages {
			assert!(
				line.contains("==") && !line.contains("://") && !line.starts_with('-'),
				"{line}"
			);
		}
	}
}
