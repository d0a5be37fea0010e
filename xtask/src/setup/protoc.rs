//! The protocol buffers compiler, which build scripts below the node call.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::process;
use crate::workspace::Workspace;

const VARIABLE: &str = "PROTOC";

/// Tells child processes where protoc is: the user's own (`PROTOC`), else the one that a crate carries, else
/// one in the search path.
///
/// The crate's path lies in cargo's registry folder, so it is the same for every clone on a machine and no
/// build script runs again because of it.
pub(super) fn ensure(workspace: &mut Workspace) -> Result<()> {
	let path = find(workspace, std::env::var_os(VARIABLE).map(PathBuf::from))?;
	workspace.export(VARIABLE, &path)
}

fn find(workspace: &Workspace, set: Option<PathBuf>) -> Result<PathBuf> {
	if let Some(path) = set.filter(|path| !path.as_os_str().is_empty()) {
		if answers(workspace, &path) {
			return Ok(path);
		}
		bail!(
			"{VARIABLE} is set to {}, which does not answer `--version`; type: unset {VARIABLE}",
			path.display()
		);
	}
	let vendored = protoc_bin_vendored::protoc_bin_path().ok();
	if let Some(path) = vendored.filter(|path| answers(workspace, path)) {
		return Ok(path);
	}
	let plain = Path::new("protoc");
	if answers(workspace, plain) {
		return Ok(plain.to_path_buf());
	}
	bail!(
		"no protoc for this machine: the crate that carries it has none that runs here, and there is none in \
		the search path; type: apt-get install -y protobuf-compiler (or set {VARIABLE} to one)"
	)
}

fn answers(workspace: &Workspace, path: &Path) -> bool {
	path.to_str().is_some_and(|program| {
		process::probe(workspace.program(program).arg("--version")).is_some_and(|answer| answer.contains("libprotoc"))
	})
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn the_vendored_protoc_runs_and_the_users_own_must() {
		let workspace = Workspace::find().unwrap();
		let vendored = find(&workspace, None).unwrap();
		assert_eq!(find(&workspace, Some(vendored.clone())).unwrap(), vendored);
		let error = find(&workspace, Some("no-such-protoc".into())).unwrap_err().to_string();
		assert!(error.contains("unset PROTOC"), "{error}");
	}
}
