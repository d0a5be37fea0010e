//! What C and C++ dependencies need: compilers (the runtime's wasm optimiser is C++), pkg-config and OpenSSL's
//! headers (the node's WebRTC transport is compiled against them).

use anyhow::{Result, bail};

use super::debian;
use crate::process;
use crate::workspace::Workspace;

/// Debian's names of what can be missing.
const COMPILER: &[&str] = &["gcc", "libc6-dev"];
const COMPILER_CXX: &[&str] = &["g++"];
const PKG_CONFIG: &[&str] = &["pkg-config"];
const OPENSSL: &[&str] = &["libssl-dev"];

/// Sees to it that C and C++ code compiles and finds OpenSSL.
///
/// # Errors
/// Something is missing and cannot be installed; the error has the line to type.
pub(super) fn ensure(workspace: &Workspace) -> Result<()> {
	let missing = missing(workspace);
	if missing.is_empty() {
		return Ok(());
	}
	let purpose = format!(
		"to compile C and C++ dependencies this machine lacks {}",
		missing.join(", ")
	);
	debian::install(workspace, &missing, &purpose)?;
	let still = self::missing(workspace);
	if still.is_empty() {
		return Ok(());
	}
	bail!(
		"{} was installed and is still not found; look at the output of `cc --version`, of `c++ --version` and of \
		`pkg-config --modversion openssl`",
		still.join(", ")
	)
}

/// The Debian packages whose work nothing on this machine does.
fn missing(workspace: &Workspace) -> Vec<&'static str> {
	let mut missing = Vec::new();
	for (variable, usual, packages) in [("CC", "cc", COMPILER), ("CXX", "c++", COMPILER_CXX)] {
		let compiler = std::env::var(variable).unwrap_or_else(|_| usual.to_owned());
		if !succeeds(workspace, &compiler, &["--version"]) {
			missing.extend(packages);
		}
	}
	// On macOS and Windows openssl-sys looks in the places usual there, without pkg-config.
	let told = ["OPENSSL_DIR", "OPENSSL_LIB_DIR"]
		.iter()
		.any(|name| std::env::var_os(name).is_some());
	if told || !cfg!(target_os = "linux") {
		return missing;
	}
	if !succeeds(workspace, "pkg-config", &["--version"]) {
		// Without pkg-config there is no telling whether the headers are there: ask for both.
		missing.extend(PKG_CONFIG.iter().chain(OPENSSL));
	} else if !succeeds(workspace, "pkg-config", &["--exists", "openssl"]) {
		missing.extend(OPENSSL);
	}
	missing
}

fn succeeds(workspace: &Workspace, program: &str, arguments: &[&str]) -> bool {
	// `CC` may carry arguments or a wrapper: `ccache gcc`.
	let mut words = program.split_whitespace();
	let Some(program) = words.next() else { return false };
	process::probe(workspace.program(program).args(words).args(arguments)).is_some()
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn programs_may_carry_arguments() {
		let workspace = Workspace::find().unwrap();
		assert!(succeeds(&workspace, "env true", &[]));
		assert!(!succeeds(&workspace, "env false", &[]));
		assert!(!succeeds(&workspace, "no-such-program-here", &["--version"]));
		assert!(!succeeds(&workspace, "", &[]));
	}
}
