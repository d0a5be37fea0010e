//! The log: structured, on standard error.

use tracing_subscriber::{EnvFilter, filter::ParseError};

use crate::{cli::LogOptions, config::LogFormat};

/// Starts the log of this process.
///
/// # Errors
/// A filter that cannot be read. A process whose log runs already keeps the first one.
pub fn start(options: &LogOptions) -> Result<(), ParseError> {
	let filter = EnvFilter::builder().parse(&options.filter)?;
	let builder = tracing_subscriber::fmt()
		.with_env_filter(filter)
		.with_writer(std::io::stderr);
	let started = match options.format {
		LogFormat::Text => builder
			.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
			.try_init(),
		LogFormat::Json => builder.json().flatten_event(true).try_init(),
	};
	if let Err(error) = started {
		tracing::debug!(%error, "the log runs already");
	}
	Ok(())
}
