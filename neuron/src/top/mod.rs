//! `neuron top`: a running neuron live in the terminal, from its metrics.
//!
//! The neuron follows the chain and tells in its metrics what the chain says about it; so one address has everything: the
//! queue, the peers, the scores, the earnings.

mod fetch;
mod sample;
mod view;

use std::{
	io::{self, IsTerminal},
	net::SocketAddr,
	time::Duration,
};

use anyhow::{Context as _, Result, bail};
pub use fetch::{MAX_PAGE_BYTES, fetch};
use ratatui::crossterm::event::{self, Event, KeyCode, KeyModifiers};
pub use sample::{MAX_SERIES, Sample};
pub use view::{View, draw};

use crate::cli::{MINER_METRICS_PORT, VALIDATOR_METRICS_PORT};

/// How often the keyboard is looked at.
const KEY_INTERVAL: Duration = Duration::from_millis(100);

/// Shows a neuron until `q`, Escape or Ctrl-C.
///
/// # Errors
/// Where there is no terminal, or no neuron answers.
pub async fn run(metrics: Option<SocketAddr>, interval: Duration) -> Result<()> {
	if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
		bail!("`neuron top` needs a terminal; for programs there is /metrics at the address given by --metrics");
	}
	let (address, first) = connect(metrics).await?;
	let mut view = View::new(address);
	view.update(Ok(first), 0.0);
	let mut terminal = ratatui::try_init().context("the terminal cannot be used")?;
	let shown = show(&mut terminal, &mut view, interval).await;
	ratatui::restore();
	shown
}

/// The address that was asked for, or the first default one that answers.
async fn connect(metrics: Option<SocketAddr>) -> Result<(SocketAddr, Sample)> {
	let default = [VALIDATOR_METRICS_PORT, MINER_METRICS_PORT].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
	let addresses = metrics.map_or(default.to_vec(), |address| vec![address]);
	let mut problem = String::new();
	for address in addresses {
		match fetch(address).await {
			Ok(text) => return Ok((address, Sample::parse(&text))),
			Err(error) => problem = format!("{error:#}"),
		}
	}
	bail!("no neuron answers: {problem}; start one, or give the address of its metrics with --metrics")
}

async fn show(terminal: &mut ratatui::DefaultTerminal, view: &mut View, interval: Duration) -> Result<()> {
	let mut due = tokio::time::Instant::now() + interval;
	loop {
		terminal.draw(|frame| draw(frame, view))?;
		let pressed = tokio::task::spawn_blocking(key)
			.await
			.context("the keyboard cannot be read")??;
		if pressed {
			return Ok(());
		}
		if tokio::time::Instant::now() >= due {
			let sample = fetch(view.address()).await.map(|text| Sample::parse(&text));
			view.update(sample.map_err(|error| format!("{error:#}")), interval.as_secs_f64());
			due = tokio::time::Instant::now() + interval;
		}
	}
}

/// Whether a key that ends the show was pressed within [`KEY_INTERVAL`].
fn key() -> io::Result<bool> {
	if !event::poll(KEY_INTERVAL)? {
		return Ok(false);
	}
	Ok(match event::read()? {
		Event::Key(key) => match key.code {
			KeyCode::Char('q') | KeyCode::Esc => true,
			KeyCode::Char('c') => key.modifiers.contains(KeyModifiers::CONTROL),
			_ => false,
		},
		_ => false,
	})
}
