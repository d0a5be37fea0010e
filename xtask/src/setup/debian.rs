//! Debian packages, where we are root on Debian; elsewhere an error with the line to type.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::workspace::Workspace;

const UPDATE_LIMIT: Duration = Duration::from_secs(10 * 60);
const INSTALL_LIMIT: Duration = Duration::from_secs(20 * 60);

/// Whether this system gets its packages from apt.
pub(super) fn is_debian() -> bool {
	Path::new("/etc/debian_version").is_file()
}

/// Whether all `packages` are installed.
pub(super) fn installed(workspace: &Workspace, packages: &[&str]) -> bool {
	let mut query = workspace.program("dpkg-query");
	query.args(["--show", "--showformat", "${Status}\\n"]).args(packages);
	process::probe(&mut query).is_some_and(|answer| {
		answer.lines().count() == packages.len() && answer.lines().all(|line| line == "install ok installed")
	})
}

/// Installs `packages`, which `purpose` needs. Never removes one.
///
/// # Errors
/// Not root, not Debian, or apt's own refusal; the error has the line to type.
pub(super) fn install(workspace: &Workspace, packages: &[&str], purpose: &str) -> Result<()> {
	let by_hand = by_hand(packages);
	if !is_debian() {
		bail!("{purpose}: install it with this system's packages; on Debian type: {by_hand}");
	}
	if !is_root(workspace) {
		bail!("{purpose}: only root can install it here; type: {by_hand}");
	}
	let advice = || format!("{purpose}: apt-get could not install it; by hand type: {by_hand}");
	let mut update = apt(workspace);
	update.arg("update");
	process::quiet("apt-get update", &mut update, UPDATE_LIMIT).with_context(advice)?;
	let mut install = apt(workspace);
	install
		.args(["install", "--yes", "--no-install-recommends", "--no-remove"])
		.args(packages);
	let what = format!("apt-get install {}", packages.join(" "));
	process::quiet(&what, &mut install, INSTALL_LIMIT).with_context(advice)
}

/// The line that a person types to get `packages`.
pub(super) fn by_hand(packages: &[&str]) -> String {
	let packages = packages.join(" ");
	format!("sudo apt-get update && sudo apt-get install -y --no-install-recommends {packages}")
}

fn apt(workspace: &Workspace) -> Command {
	let mut command = workspace.program("apt-get");
	command.env("DEBIAN_FRONTEND", "noninteractive");
	command
}

fn is_root(workspace: &Workspace) -> bool {
	process::probe(workspace.program("id").arg("-u")).is_some_and(|id| id == "0")
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_package_that_does_not_exist_is_not_installed() {
		let workspace = Workspace::find().unwrap();
		assert!(!installed(&workspace, &["no-such-package-anywhere"]));
	}

	#[test]
	fn the_line_to_type_names_every_package() {
		let line = by_hand(&["one", "two"]);
		assert!(line.ends_with("--no-install-recommends one two"), "{line}");
	}
}
