//! Completions and manual pages, made from the command line's own description.

use std::path::Path;

use anyhow::{Context as _, Result};
use clap::CommandFactory as _;

use super::LowArgs;

/// The completions of a shell.
pub(super) fn completions(shell: clap_complete::Shell) -> Vec<u8> {
	let mut command = LowArgs::command();
	let name = command.get_name().to_owned();
	let mut script = Vec::new();
	clap_complete::generate(shell, &mut command, name, &mut script);
	script
}

/// The main manual page; with a folder, every command's page as a file there.
pub(super) fn man(folder: Option<&Path>) -> Result<Vec<u8>> {
	let mut page = Vec::new();
	match folder {
		None => clap_mangen::Man::new(LowArgs::command()).render(&mut page)?,
		Some(folder) => {
			let made =
				std::fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(LowArgs::command(), folder));
			made.with_context(|| format!("cannot write the manual pages to {}", folder.display()))?;
		}
	}
	Ok(page)
}
