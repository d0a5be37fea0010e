//! The `neuron` command: see the crate `neuron` for what it does.

use std::process::ExitCode;

fn main() -> ExitCode {
	neuron::cli::main(std::env::args_os())
}
