//! The paths, and what every request passes: its key, its allowance, its turn.

use std::{
	sync::Arc,
	time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::{
	Json, Router,
	body::Bytes,
	extract::{DefaultBodyLimit, Request, State, rejection::BytesRejection},
	http::{HeaderMap, HeaderValue, StatusCode, header},
	middleware::{self, Next},
	response::{IntoResponse, Response},
	routing::{get, post},
};
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::{
	sync::{OwnedSemaphorePermit, Semaphore},
	time::Instant,
};

use super::{
	GatewayOptions, Upstream,
	error::ApiError,
	keys::{ApiKey, KeyRing},
	limits::{Admitted, Allowances},
	openai::{ChatRequest, CompletionRequest, EmbeddingRequest, Form},
	respond::{self, Kind},
	stream,
	upstream::{Generate, UpstreamError},
};
use crate::{
	metrics::{self, Health, Metrics, SentEnd},
	validator::challenge::{Clock, SystemClock},
};

/// The header that names each request, in answers and in the log.
pub(super) const REQUEST_ID_HEADER: &str = "x-request-id";
/// When to try again where the queue is full.
const FULL_RETRY_AFTER: Duration = Duration::from_secs(2);

/// What a server takes from the world around it.
#[derive(Clone)]
pub struct Outside {
	/// Time for allowances.
	pub clock: Arc<dyn Clock>,
	/// Seconds since 1970, for the objects' `created`.
	pub unix_seconds: fn() -> u64,
	/// Fresh bytes, for the objects' ids.
	pub entropy: fn() -> [u8; 12],
}

impl Outside {
	/// The machine's.
	pub fn system() -> Self {
		Self {
			clock: Arc::new(SystemClock::default()),
			unix_seconds: || {
				SystemTime::now()
					.duration_since(UNIX_EPOCH)
					.map_or(0, |since| since.as_secs())
			},
			entropy: rand::random,
		}
	}
}

/// The bounds of a server.
#[derive(Clone, Copy, Debug)]
pub struct ServerOptions {
	/// Requests under way at once, at least 1.
	pub concurrency: usize,
	/// Requests that may wait for their turn.
	pub queue: usize,
	/// Largest body of a request.
	pub max_body_bytes: usize,
	/// Most tokens that one request may ask for.
	pub max_tokens: u32,
	/// How long one request may take, waiting included.
	pub timeout: Duration,
}

impl From<&GatewayOptions> for ServerOptions {
	fn from(options: &GatewayOptions) -> Self {
		Self {
			concurrency: options.concurrency,
			queue: options.queue,
			max_body_bytes: options.max_body_bytes,
			max_tokens: options.max_tokens,
			timeout: options.timeout,
		}
	}
}

/// OpenAI's HTTP interface in front of an [`Upstream`].
#[derive(Clone)]
pub struct Server {
	pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
	upstream: Arc<dyn Upstream>,
	keys: KeyRing,
	allowances: Allowances,
	options: ServerOptions,
	metrics: Arc<Metrics>,
	health: Health,
	outside: Outside,
	/// One place for each request that is under way or waits.
	places: Arc<Semaphore>,
	/// One turn for each request that is under way.
	turns: Arc<Semaphore>,
}

/// A request that has its turn, until it is dropped: then what it used is charged to its key.
pub(super) struct Ticket {
	pub(super) asked: Instant,
	pub(super) metrics: Arc<Metrics>,
	/// Names the request.
	pub(super) id: String,
	pub(super) created: u64,
	/// What is left of the time for it.
	pub(super) left: Duration,
	prompt_tokens: u32,
	completion_tokens: u32,
	admitted: Admitted,
	_running: SentEnd,
	_permits: (OwnedSemaphorePermit, OwnedSemaphorePermit),
}

impl Ticket {
	/// Notes tokens that came.
	pub(super) fn completion(&mut self, tokens: usize) {
		let tokens = u32::try_from(tokens).unwrap_or(u32::MAX);
		self.completion_tokens = self.completion_tokens.saturating_add(tokens);
	}

	/// Notes the length of the prompt, which is known at the end.
	pub(super) fn prompt(&mut self, tokens: u32) {
		self.prompt_tokens = tokens;
	}

	/// (tokens of the prompt, tokens that came).
	pub(super) fn usage(&self) -> (u32, u32) {
		(self.prompt_tokens, self.completion_tokens)
	}
}

impl Drop for Ticket {
	fn drop(&mut self) {
		let (prompt, completion) = self.usage();
		self.admitted.charge(prompt.saturating_add(completion));
		self.metrics.gateway.tokens(prompt, completion);
		// Never what was asked or answered.
		tracing::info!(
			id = self.id,
			prompt_tokens = prompt,
			completion_tokens = completion,
			elapsed_ms = u64::try_from(self.asked.elapsed().as_millis()).unwrap_or(u64::MAX),
			"request over"
		);
	}
}

impl Server {
	/// A server; [`super::serve`] or any other hyper server runs its [`Server::routes`].
	pub fn new(
		upstream: Arc<dyn Upstream>,
		keys: KeyRing,
		options: ServerOptions,
		metrics: Arc<Metrics>,
		health: Health,
		outside: Outside,
	) -> Self {
		let places = options
			.concurrency
			.saturating_add(options.queue)
			.min(Semaphore::MAX_PERMITS);
		Self {
			inner: Arc::new(Inner {
				upstream,
				keys,
				allowances: Allowances::new(outside.clock.clone()),
				places: Arc::new(Semaphore::new(places)),
				turns: Arc::new(Semaphore::new(options.concurrency.min(Semaphore::MAX_PERMITS))),
				options,
				metrics,
				health,
				outside,
			}),
		}
	}

	/// The paths.
	pub fn routes(&self) -> Router {
		let inner = &self.inner;
		Router::new()
			.route("/v1/models", get(models))
			.route("/v1/models/{name}", get(model))
			.route("/v1/chat/completions", post(chat))
			.route("/v1/completions", post(completion))
			.route("/v1/embeddings", post(embeddings))
			.fallback(unknown_path)
			.method_not_allowed_fallback(wrong_method)
			.layer(DefaultBodyLimit::max(inner.options.max_body_bytes))
			.with_state(self.clone())
			.merge(metrics::router(inner.metrics.clone(), inner.health.clone()))
			.layer(middleware::from_fn_with_state(self.clone(), count))
	}
}

/// Counts responses, and names those that no handler named.
async fn count(State(server): State<Server>, request: Request, next: Next) -> Response {
	let response = next.run(request).await;
	server.inner.metrics.gateway.responded(response.status().as_u16());
	response
}

async fn unknown_path() -> ApiError {
	let message = "there is no such path; served are /v1/models, /v1/chat/completions, /v1/completions, /v1/embeddings";
	ApiError::new(
		StatusCode::NOT_FOUND,
		"invalid_request_error",
		Some("unknown_url"),
		message,
	)
}

async fn wrong_method() -> ApiError {
	let message = "this path does not take this method; models are read with GET, all else is asked for with POST";
	ApiError::new(
		StatusCode::METHOD_NOT_ALLOWED,
		"invalid_request_error",
		Some("method_not_allowed"),
		message,
	)
}

impl Inner {
	/// The key of a request.
	fn key(&self, headers: &HeaderMap) -> Result<ApiKey, ApiError> {
		let text = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
		let found = text
			.and_then(|text| text.strip_prefix("Bearer "))
			.map(|text| self.keys.find(text.trim()));
		match found {
			Some(Some(key)) => Ok(key),
			unknown => {
				self.metrics.gateway.refused("key");
				let message = match unknown {
					None => "there is no API key: send it as `Authorization: Bearer sk-ganglion-…`",
					Some(_) => "the API key is unknown or was revoked",
				};
				let code = Some("invalid_api_key");
				Err(ApiError::new(
					StatusCode::UNAUTHORIZED,
					"invalid_request_error",
					code,
					message,
				))
			}
		}
	}

	/// Lets a request in: within its key's allowance, then when its turn comes.
	async fn admit(&self, key: &ApiKey, prefix: &str) -> Result<Ticket, ApiError> {
		let asked = Instant::now();
		let refused = |reason| {
			move |error| {
				self.metrics.gateway.refused(reason);
				error
			}
		};
		let admitted = self.allowances.take(key).map_err(refused("allowance"))?;
		let full = |_| ApiError {
			status: StatusCode::SERVICE_UNAVAILABLE,
			kind: "server_error",
			..ApiError::too_many(
				"overloaded",
				"the gateway has all the requests that it takes",
				FULL_RETRY_AFTER,
			)
		};
		let place = self
			.places
			.clone()
			.try_acquire_owned()
			.map_err(full)
			.map_err(refused("queue"))?;
		let timeout = self.options.timeout;
		let late = || ApiError::from(UpstreamError::TooLate(timeout));
		let turn = tokio::time::timeout(timeout, self.turns.clone().acquire_owned()).await;
		let turn = turn
			.map_err(|_| late())
			.map_err(refused("queue"))?
			.map_err(|_| late())?;
		let id = format!("{prefix}-{}", hex::encode((self.outside.entropy)()));
		tracing::info!(id, key = key.id, name = key.name, "request");
		Ok(Ticket {
			asked,
			metrics: self.metrics.clone(),
			id,
			created: (self.outside.unix_seconds)(),
			left: timeout.saturating_sub(asked.elapsed()),
			prompt_tokens: 0,
			completion_tokens: 0,
			admitted,
			_running: self.metrics.gateway.runs(),
			_permits: (place, turn),
		})
	}

	/// Whether there is a model of that name.
	fn check_model(&self, name: &str) -> Result<(), ApiError> {
		let models = self.upstream.models();
		if models.iter().any(|model| model.name == name) {
			return Ok(());
		}
		let served: Vec<_> = models.into_iter().map(|model| model.name).collect();
		Err(ApiError {
			field: Some("model"),
			..ApiError::new(
				StatusCode::NOT_FOUND,
				"invalid_request_error",
				Some("model_not_found"),
				format!("there is no model of that name here; served: {}", served.join(", ")),
			)
		})
	}

	/// The answer to a request for text, whole or piece by piece.
	async fn generate(
		&self,
		key: &ApiKey,
		kind: Kind,
		model: String,
		(request, form): (Generate, Form),
	) -> Result<Response, ApiError> {
		self.check_model(&model)?;
		let ticket = self.admit(key, kind.prefix()).await?;
		let id = ticket.id.clone();
		let generation = match self.upstream.generate(Arc::new(request), ticket.left).await {
			Ok(generation) => generation,
			Err(error) => {
				tracing::info!(id, reason = %error, "no answer");
				return Err(named(error.into(), &id));
			}
		};
		ticket.metrics.gateway.first_token(ticket.asked.elapsed());
		tracing::info!(
			id,
			uid = generation.answerer.uid,
			attempts = generation.attempts,
			"answer begun"
		);
		let answerer = generation.answerer.clone();
		let mut response = if form.stream {
			stream::response(ticket, kind, model, form, generation)
		} else {
			let body = respond::whole(ticket, kind, &model, form, generation).await;
			Json(body.map_err(|error| named(error.into(), &id))?).into_response()
		};
		respond::name(&mut response, &id, &answerer);
		Ok(response)
	}
}

/// An error of a request that has an id: it is in the text, for people who ask the gateway's operator.
fn named(mut error: ApiError, id: &str) -> ApiError {
	error.message = format!("{} (request {id})", error.message);
	error
}

fn read<T: DeserializeOwned>(body: Result<Bytes, BytesRejection>, most: usize) -> Result<T, ApiError> {
	let invalid = |status, message: String| ApiError::new(status, "invalid_request_error", None, message);
	let body = body.map_err(|error| match error.status() {
		StatusCode::PAYLOAD_TOO_LARGE => invalid(
			StatusCode::PAYLOAD_TOO_LARGE,
			format!("the body is too large; at most {most} bytes are taken"),
		),
		status => invalid(status, error.body_text()),
	})?;
	let bad = |message: String| invalid(StatusCode::BAD_REQUEST, message);
	// By way of a value: where a dependency turns on serde_json's arbitrary precision, flattened fields cannot be read from
	// text directly.
	let value: serde_json::Value = serde_json::from_slice(&body).map_err(|error| {
		bad(format!(
			"the body is not JSON (line {}, column {})",
			error.line(),
			error.column()
		))
	})?;
	serde_json::from_value(value).map_err(|error| match error.to_string() {
		text if text.starts_with("missing field") => bad(text),
		// Other texts quote what was sent, which is nobody's business but the application's.
		_ => bad("a field of the body has the wrong type".into()),
	})
}

type Body = Result<Bytes, BytesRejection>;

async fn chat(State(server): State<Server>, headers: HeaderMap, body: Body) -> Result<Response, ApiError> {
	let inner = &server.inner;
	let key = inner.key(&headers)?;
	let request: ChatRequest = read(body, inner.options.max_body_bytes)?;
	let model = request.model.clone();
	let request = request.resolve(inner.options.max_tokens)?;
	inner.generate(&key, Kind::Chat, model, request).await
}

async fn completion(State(server): State<Server>, headers: HeaderMap, body: Body) -> Result<Response, ApiError> {
	let inner = &server.inner;
	let key = inner.key(&headers)?;
	let request: CompletionRequest = read(body, inner.options.max_body_bytes)?;
	let model = request.model.clone();
	let request = request.resolve(inner.options.max_tokens)?;
	inner.generate(&key, Kind::Completion, model, request).await
}

async fn embeddings(State(server): State<Server>, headers: HeaderMap, body: Body) -> Result<Response, ApiError> {
	let inner = &server.inner;
	let key = inner.key(&headers)?;
	let request: EmbeddingRequest = read(body, inner.options.max_body_bytes)?;
	let model = request.model.clone();
	let texts = request.resolve()?;
	inner.check_model(&model)?;
	let mut ticket = inner.admit(&key, "embd").await?;
	let id = ticket.id.clone();
	let made = inner.upstream.embed(texts, ticket.left).await;
	let made = made.map_err(|error| named(error.into(), &id))?;
	ticket.prompt(made.prompt_tokens);
	let mut response = Json(respond::embeddings(&model, &made)).into_response();
	respond::name(&mut response, &id, &made.answerer);
	Ok(response)
}

async fn models(State(server): State<Server>, headers: HeaderMap) -> Result<Response, ApiError> {
	let inner = &server.inner;
	inner.key(&headers)?;
	let data: Vec<_> = inner.upstream.models().iter().map(respond::model).collect();
	Ok(Json(json!({"object": "list", "data": data})).into_response())
}

async fn model(
	State(server): State<Server>,
	headers: HeaderMap,
	axum::extract::Path(name): axum::extract::Path<String>,
) -> Result<Response, ApiError> {
	let inner = &server.inner;
	inner.key(&headers)?;
	inner.check_model(&name)?;
	let found = inner.upstream.models().into_iter().find(|model| model.name == name);
	Ok(Json(found.as_ref().map(respond::model)).into_response())
}

/// A header's value; what cannot be one is left out.
pub(super) fn put_header(response: &mut Response, name: &'static str, value: &str) {
	if let Ok(value) = HeaderValue::from_str(value) {
		response.headers_mut().insert(name, value);
	}
}
