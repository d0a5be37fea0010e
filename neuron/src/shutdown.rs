//! SIGINT and SIGTERM: the first asks to stop, the second stops.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// The exit code after a second signal, as shells have it for SIGINT.
const EXIT_INTERRUPTED: i32 = 130;

/// A token that is cancelled by the first SIGINT or SIGTERM; the second one ends the process at once.
///
/// # Errors
/// Where the system does not let the process handle these signals.
pub fn on_signals() -> std::io::Result<CancellationToken> {
	let mut interrupt = signal(SignalKind::interrupt())?;
	let mut terminate = signal(SignalKind::terminate())?;
	let stop = CancellationToken::new();
	let token = stop.clone();
	tokio::spawn(async move {
		for first in [true, false] {
			tokio::select! {
				_ = interrupt.recv() => {},
				_ = terminate.recv() => {},
			}
			if first {
				tracing::info!("stopping; a second signal stops at once");
				token.cancel();
			}
		}
		std::process::exit(EXIT_INTERRUPTED);
	});
	Ok(stop)
}
