//! The compiler target of the chain's runtime, `wasm32v1-none`: which toolchain has it, and forgetting old
//! wasm builds when that changes.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::wasm_toolchain;
use crate::process;
use crate::workspace::Workspace;

/// The runtime's target.
pub(super) const TARGET: &str = "wasm32v1-none";
/// The toolchain that substrate-wasm-builder uses instead of the one that builds everything else.
const TOOLCHAIN_VARIABLE: &str = "WASM_BUILD_TOOLCHAIN";
/// Where the target directory remembers which sysroot its wasm builds were made with.
const SYSROOT_NOTE: &str = ".wasm-sysroot";
/// A distribution server that does not answer must not hold up the fallback for long.
const RUSTUP_LIMIT: Duration = Duration::from_secs(5 * 60);

/// Sees to it that some toolchain has the target's standard library, and tells child processes which.
///
/// In order: the toolchain that the user names, the pinned one, the fallback if it was made before, the
/// pinned one after `rustup target add`, the fallback made now.
///
/// # Errors
/// None of them can be had; the error has the lines to type.
pub(super) fn ensure(workspace: &mut Workspace) -> Result<()> {
	if !present(workspace)? {
		let mut add = workspace.program("rustup");
		add.args(["target", "add", TARGET]);
		match process::quiet(&format!("rustup target add {TARGET}"), &mut add, RUSTUP_LIMIT) {
			Ok(()) if in_pinned(workspace)?.is_some() => {}
			Ok(()) => bail!(
				"rustup says that {TARGET} is installed, yet the pinned toolchain's sysroot does not have \
				 it; type: rustup target remove {TARGET} && rustup target add {TARGET}"
			),
			Err(refused) => {
				println!("  rustup cannot get it here: making a toolchain from this system's packages");
				wasm_toolchain::make(workspace).with_context(|| {
					format!(
						"{refused:#}\nso the target {TARGET} has to come from this system's packages; where \
						 a distribution server answers, type: rustup target add {TARGET}"
					)
				})?;
			}
		}
	}
	use_present(workspace)?;
	let identity = identity(workspace)?;
	forget_builds_of_another_sysroot(workspace.target(), &identity)
}

/// Tells child processes about the toolchain that has the target, where one has it.
pub(super) fn use_present(workspace: &mut Workspace) -> Result<()> {
	if std::env::var_os(TOOLCHAIN_VARIABLE).is_some() || in_pinned(workspace)?.is_some() {
		return Ok(());
	}
	if wasm_toolchain::is_ready(workspace) {
		workspace.export(TOOLCHAIN_VARIABLE, Path::new(wasm_toolchain::NAME))?;
	}
	Ok(())
}

fn present(workspace: &Workspace) -> Result<bool> {
	Ok(std::env::var_os(TOOLCHAIN_VARIABLE).is_some()
		|| in_pinned(workspace)?.is_some()
		|| wasm_toolchain::is_ready(workspace))
}

/// The pinned toolchain's folder of compiled libraries for the target, where it has one.
fn in_pinned(workspace: &Workspace) -> Result<Option<PathBuf>> {
	let sysroot = process::probe(workspace.program("rustc").args(["--print", "sysroot"])).context(
		"`rustc --print sysroot` fails: the toolchain that rust-toolchain.toml pins is not installed; \
		type: rustup toolchain install",
	)?;
	let folder = target_libraries(Path::new(&sysroot));
	Ok(if has_libraries(&folder) { Some(folder) } else { None })
}

/// Where a toolchain keeps its compiled libraries for the target.
pub(super) fn target_libraries(sysroot: &Path) -> PathBuf {
	sysroot.join("lib/rustlib").join(TARGET).join("lib")
}

/// Whether `folder` has the compiled libraries that a runtime is linked with.
pub(super) fn has_libraries(folder: &Path) -> bool {
	let names = library_names(folder);
	["libcore-", "liballoc-", "libcompiler_builtins-"].iter().all(|start| {
		names
			.iter()
			.any(|name| name.starts_with(start) && name.ends_with(".rlib"))
	})
}

fn library_names(folder: &Path) -> Vec<String> {
	let Ok(entries) = fs::read_dir(folder) else {
		return Vec::new();
	};
	let mut names: Vec<String> = entries
		.filter_map(|entry| entry.ok()?.file_name().into_string().ok())
		.collect();
	names.sort();
	names
}

/// What tells one sysroot from another: the compiler's version and the libraries' names, which end in hashes.
fn identity(workspace: &Workspace) -> Result<String> {
	if let Ok(name) = std::env::var(TOOLCHAIN_VARIABLE) {
		let version = process::probe(workspace.program("rustup").args(["run", &name, "rustc", "-vV"]));
		return Ok(format!("toolchain {name}\n{}\n", version.unwrap_or_default()));
	}
	if let Some(folder) = in_pinned(workspace)? {
		let version = process::probe(workspace.program("rustc").arg("-vV")).unwrap_or_default();
		return Ok(format!("pinned\n{version}\n{}\n", library_names(&folder).join("\n")));
	}
	let libraries = library_names(&target_libraries(&wasm_toolchain::folder(workspace)));
	Ok(format!("fallback\n{}\n", libraries.join("\n")))
}

/// Deletes the wasm builds below `target` when they were made with another sysroot than `identity`: cargo does
/// not look at a sysroot's libraries, so it would mix both.
fn forget_builds_of_another_sysroot(target: &Path, identity: &str) -> Result<()> {
	let note = target.join(SYSROOT_NOTE);
	let noted = fs::read_to_string(&note).ok();
	if noted.as_deref() == Some(identity) {
		return Ok(());
	}
	if noted.is_some() {
		println!("  the wasm sysroot has changed: dropping the runtime's old wasm builds");
		for profile in folders_in(target) {
			remove(&profile.join("wbuild"))?;
			// The runtime's build script must run again: what it left names files of the old build.
			for kept in [profile.join("build"), profile.join(".fingerprint")] {
				for folder in folders_in(&kept) {
					let name = folder.file_name().unwrap_or_default().to_string_lossy();
					if name.starts_with("ganglion-runtime-") {
						remove(&folder)?;
					}
				}
			}
		}
	}
	fs::create_dir_all(target).with_context(|| format!("cannot make {}", target.display()))?;
	fs::write(&note, identity).with_context(|| format!("cannot write {}", note.display()))
}

fn folders_in(folder: &Path) -> Vec<PathBuf> {
	let Ok(entries) = fs::read_dir(folder) else {
		return Vec::new();
	};
	entries
		.filter_map(|entry| Some(entry.ok()?.path()))
		.filter(|path| path.is_dir())
		.collect()
}

fn remove(folder: &Path) -> Result<()> {
	match fs::remove_dir_all(folder) {
		Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
			Err(error).with_context(|| format!("cannot remove {}", folder.display()))
		}
		_ => Ok(()),
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_sysroot_needs_all_three_libraries() {
		let sysroot = tempfile::tempdir().unwrap();
		let folder = target_libraries(sysroot.path());
		assert!(!has_libraries(&folder));
		fs::create_dir_all(&folder).unwrap();
		for name in ["libcore-1.rlib", "liballoc-2.rlib"] {
			fs::write(folder.join(name), b"").unwrap();
		}
		assert!(!has_libraries(&folder));
		fs::write(folder.join("libcompiler_builtins-3.rlib"), b"").unwrap();
		assert!(has_libraries(&folder));
	}

	#[test]
	fn only_a_changed_sysroot_drops_wasm_builds() {
		let target = tempfile::tempdir().unwrap();
		let debug = target.path().join("debug");
		let wasm = debug.join("wbuild/ganglion-runtime");
		let script = debug.join("build/ganglion-runtime-12ab");
		let other = debug.join("build/libc-12ab");
		for folder in [&wasm, &script, &other] {
			fs::create_dir_all(folder).unwrap();
		}
		forget_builds_of_another_sysroot(target.path(), "one").unwrap();
		assert!(wasm.is_dir(), "an unknown sysroot is taken to be the present one");
		forget_builds_of_another_sysroot(target.path(), "one").unwrap();
		assert!(wasm.is_dir() && script.is_dir());
		forget_builds_of_another_sysroot(target.path(), "two").unwrap();
		assert!(!wasm.exists() && !script.exists());
		assert!(other.is_dir());
		fs::create_dir_all(&wasm).unwrap();
		forget_builds_of_another_sysroot(target.path(), "two").unwrap();
		assert!(wasm.is_dir());
	}
}
