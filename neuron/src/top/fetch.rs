//! One page over HTTP.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context as _, Result, bail};
use axum::{
	body::Body,
	http::{Request, header},
};
use http_body_util::{BodyExt as _, Limited};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// The largest page that is read.
pub const MAX_PAGE_BYTES: usize = 16 << 20;
/// How long the neuron gets to answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Reads `/metrics` at an address.
///
/// # Errors
/// Nobody there, no answer in time, another status than 200, or too long a page.
pub async fn fetch(address: SocketAddr) -> Result<String> {
	let page = tokio::time::timeout(TIMEOUT, page(address)).await;
	page.with_context(|| format!("{address} did not answer within {} s", TIMEOUT.as_secs()))?
}

async fn page(address: SocketAddr) -> Result<String> {
	let stream = TcpStream::connect(address)
		.await
		.with_context(|| format!("nobody listens at {address}"))?;
	let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
	let driver = tokio::spawn(connection);
	let request = Request::get("/metrics")
		.header(header::HOST, address.to_string())
		.body(Body::empty())?;
	let response = sender.send_request(request).await?;
	if !response.status().is_success() {
		bail!(
			"{address} answered {}: is it a neuron's address for metrics?",
			response.status()
		);
	}
	let body = Limited::new(response.into_body(), MAX_PAGE_BYTES).collect().await;
	let body = body.map_err(|error| anyhow::anyhow!("the page of {address} cannot be read: {error}"))?;
	driver.abort();
	Ok(String::from_utf8_lossy(&body.to_bytes()).into_owned())
}
