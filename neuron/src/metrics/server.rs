//! `/metrics` and `/healthz` over HTTP.

use std::{
	future::Future,
	net::SocketAddr,
	sync::{Arc, Mutex, PoisonError},
	time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use axum::{
	Router,
	extract::State,
	http::{StatusCode, header},
	response::{IntoResponse, Response},
	routing::get,
};
use tokio::net::TcpListener;

use super::Metrics;
use crate::{bounded_listener::BoundedListener, follower::BLOCK_TIMEOUT, neuron_options::MetricsPlace};

/// Connections of scrapers at once; more wait.
pub const MAX_CONNECTIONS: usize = 16;
/// A connection on which nothing moves for so long is closed.
const IDLE_LIMIT: Duration = Duration::from_secs(90);
/// How much longer than the follower's patience a chain may be silent before the neuron counts as unhealthy.
const SILENCE_LIMIT: Duration = BLOCK_TIMEOUT;

/// Whether the neuron does its work: it hears from the chain.
#[derive(Clone, Debug, Default)]
pub struct Health(Arc<Mutex<Option<Instant>>>);

impl Health {
	/// Notes that a block came just now.
	pub fn block_came(&self) {
		*self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
	}

	/// What is wrong, if anything is.
	pub fn problem(&self) -> Option<String> {
		match *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
			None => Some("starting: no block of the chain yet".into()),
			Some(last) if last.elapsed() > SILENCE_LIMIT => Some(format!(
				"no block of the chain for {} s: is the node at --url up and synchronised?",
				last.elapsed().as_secs()
			)),
			Some(_) => None,
		}
	}
}

/// Opens the address and answers on a task of its own until `stop` resolves; returns the address, with its real port.
///
/// # Errors
/// An address that somebody asked for and that cannot be had.
pub async fn serve(
	place: MetricsPlace,
	metrics: Arc<Metrics>,
	health: Health,
	stop: impl Future<Output = ()> + Send + 'static,
) -> Result<Option<SocketAddr>> {
	let (address, asked) = match place {
		MetricsPlace::Off => return Ok(None),
		MetricsPlace::IfFree(address) => (address, false),
		MetricsPlace::At(address) => (address, true),
	};
	let listener = match TcpListener::bind(address).await {
		Ok(listener) => listener,
		Err(error) if !asked => {
			tracing::warn!(%address, %error, "no metrics: the address is taken; choose another with --metrics, or off");
			return Ok(None);
		}
		Err(error) => {
			return Err(error).with_context(|| format!("cannot serve metrics at {address}; check --metrics"));
		}
	};
	let address = listener.local_addr()?;
	tracing::info!(%address, "metrics at /metrics, health at /healthz");
	let routes = router(metrics, health);
	tokio::spawn(async move {
		let listener = BoundedListener::new(listener, MAX_CONNECTIONS, IDLE_LIMIT);
		if let Err(error) = axum::serve(listener, routes).with_graceful_shutdown(stop).await {
			tracing::error!(%error, "metrics are no longer served");
		}
	});
	Ok(Some(address))
}

/// The two paths, for a server that has more of them.
pub(crate) fn router(metrics: Arc<Metrics>, health: Health) -> Router {
	let metrics = Router::new().route("/metrics", get(text)).with_state(metrics);
	Router::new()
		.route("/healthz", get(healthz))
		.with_state(health)
		.merge(metrics)
}

async fn text(State(metrics): State<Arc<Metrics>>) -> Response {
	let form = "application/openmetrics-text; version=1.0.0; charset=utf-8";
	([(header::CONTENT_TYPE, form)], metrics.text()).into_response()
}

async fn healthz(State(health): State<Health>) -> Response {
	match health.problem() {
		None => "ok\n".into_response(),
		Some(problem) => (StatusCode::SERVICE_UNAVAILABLE, format!("{problem}\n")).into_response(),
	}
}
