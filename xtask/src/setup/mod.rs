//! Everything a build needs beyond rustup and git, each piece got in the least intrusive way that works:
//! looked for, fetched without root, fetched as root, and otherwise asked for with the line to type.

mod debian;
pub(crate) mod mechanisms;
pub(crate) mod model;
mod native;
mod protoc;
mod wasm;
mod wasm_toolchain;

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Result;

use crate::process;
use crate::workspace::Workspace;

/// Gets every piece and notes what child cargo processes must be told. Returns the default model's path.
///
/// # Errors
/// A piece that is missing and cannot be got; the error has the line to type.
pub(crate) fn run(workspace: &mut Workspace) -> Result<PathBuf> {
	println!("setup: wasm target, protoc, C headers, model");
	let started = Instant::now();
	protoc::ensure(workspace)?;
	native::ensure(workspace)?;
	wasm::ensure(workspace)?;
	let model = model::ensure(workspace)?;
	println!("setup: done in {}", process::duration(started.elapsed()));
	Ok(model)
}

/// Gets what a build of the chain needs, and no model.
///
/// # Errors
/// A piece that is missing and cannot be got; the error has the line to type.
pub(crate) fn for_chain(workspace: &mut Workspace) -> Result<()> {
	protoc::ensure(workspace)?;
	native::ensure(workspace)?;
	wasm::ensure(workspace)
}

/// Notes what child cargo processes must be told, from what is there already. Fetches and prints nothing.
pub(crate) fn environment_only(workspace: &mut Workspace) -> Result<()> {
	protoc::ensure(workspace)?;
	wasm::use_present(workspace)
}
