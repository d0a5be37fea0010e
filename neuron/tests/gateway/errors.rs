//! Refusals, limits, what is counted, what is logged.

use std::{
	cell::RefCell,
	io,
	sync::{Arc, Mutex, atomic::Ordering},
	time::Duration,
};

use axum::body::Body;
use neuron::gateway::{
	ServerOptions,
	keys::{KeyCommand, KeyLimits},
	upstream::{Finish, UpstreamError},
};

use crate::support::{CHAT, Script, Scripted, error, gateway, options, scripted, until};

#[tokio::test]
async fn without_a_key_there_is_nothing_but_health() {
	let (gateway, upstream) = scripted(Vec::new()).await;
	for key in [None, Some("sk-wrong"), Some("")] {
		let (status, _, body) = gateway.send("POST", "/v1/chat/completions", key, CHAT).await;
		assert_eq!(
			(status.as_u16(), &error(&body)["code"]),
			(401, &"invalid_api_key".into())
		);
		let (status, ..) = gateway.send("GET", "/v1/models", key, Body::empty()).await;
		assert_eq!(status, 401);
	}
	assert!(upstream.asked.lock().unwrap().is_empty());
	let (status, ..) = gateway.send("GET", "/healthz", None, Body::empty()).await;
	assert_eq!(status, 503, "no block has come yet");
	gateway.health.block_came();
	let (status, _, body) = gateway.send("GET", "/healthz", None, Body::empty()).await;
	assert_eq!((status.as_u16(), body.as_str()), (200, "ok\n"));
	let id = gateway.key.split('-').nth(2).unwrap().to_owned();
	KeyCommand::Revoke { id }.run(&gateway.keys).unwrap();
	assert_eq!(gateway.get("/v1/models").await.0, 401, "a revoked key works");
}

#[tokio::test]
async fn what_cannot_be_served_is_refused_by_name() {
	let (gateway, upstream) = scripted(Vec::new()).await;
	let with = |field: &str| CHAT.replace("{\"model\"", &format!("{{{field},\"model\""));
	let cases = [
		(with("\"n\":2"), 400, "n"),
		(with("\"tools\":[{}]"), 400, "tools"),
		(with("\"temperature\":3"), 400, "temperature"),
		(with("\"temperature\":-0.5"), 400, "temperature"),
		(with("\"top_p\":1.5"), 400, "top_p"),
		(with("\"max_tokens\":101"), 400, "max_tokens"),
		(with("\"max_tokens\":0"), 400, "max_tokens"),
		(with("\"presence_penalty\":0.5"), 400, "presence_penalty"),
		(with("\"logit_bias\":{\"5\":1}"), 400, "logit_bias"),
		(
			with("\"response_format\":{\"type\":\"json_object\"}"),
			400,
			"response_format",
		),
		(with("\"top_logprobs\":3"), 400, "top_logprobs"),
		(with("\"stop\":[\"\"]"), 400, "stop"),
		(with("\"stop\":7"), 400, "stop"),
		(
			CHAT.replace("[{\"role\":\"user\",\"content\":\"hello\"}]", "[]"),
			400,
			"messages",
		),
		(CHAT.replace("\"user\"", "\"tool\""), 400, "messages"),
		(CHAT.replace("\"hello\"", "[{\"type\":\"image_url\"}]"), 400, "messages"),
		(CHAT.replace("ganglion", "gpt-4"), 404, "model"),
	];
	for (body, expected, field) in cases {
		let (status, _, answer) = gateway.post("/v1/chat/completions", body.clone()).await;
		assert_eq!(
			(status.as_u16(), &error(&answer)["param"]),
			(expected, &field.into()),
			"{body}: {answer}"
		);
	}
	let shapes = [
		("{", 400, "not JSON"),
		("[]", 400, "body"),
		("{\"messages\":[]}", 400, "missing field `model`"),
		("{\"model\":\"ganglion\",\"messages\":\"secret\"}", 400, "wrong type"),
		("\u{0}\u{1}", 400, "not JSON"),
	];
	for (body, expected, word) in shapes {
		let (status, _, answer) = gateway.post("/v1/chat/completions", body).await;
		assert_eq!(status, expected);
		assert!(
			error(&answer)["message"].as_str().unwrap().contains(word),
			"{body}: {answer}"
		);
		assert!(!answer.contains("secret"), "{answer}");
	}
	let (status, _, answer) = gateway.post("/v1/chat/completions", vec![b' '; 5_000]).await;
	assert_eq!(status, 413);
	assert!(
		error(&answer)["message"].as_str().unwrap().contains("4096 bytes"),
		"{answer}"
	);
	let (status, _, answer) = gateway.post("/v1/chat/completions", vec![0xff, 0xfe]).await;
	assert_eq!(status, 400, "{answer}");
	let (status, _, answer) = gateway.get("/v1/nothing").await;
	assert_eq!((status.as_u16(), &error(&answer)["code"]), (404, &"unknown_url".into()));
	let (status, _, answer) = gateway.get("/v1/chat/completions").await;
	assert_eq!(
		(status.as_u16(), &error(&answer)["code"]),
		(405, &"method_not_allowed".into())
	);
	assert!(upstream.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_upstream_s_failures_have_their_status() {
	let cases = [
		(UpstreamError::Invalid("too long".into()), 400, None),
		(
			UpstreamError::Unavailable {
				reason: "busy".into(),
				retry_after: Duration::from_secs(5),
			},
			503,
			Some("5"),
		),
		(UpstreamError::TooLate(Duration::from_secs(60)), 504, None),
		(UpstreamError::Failed("all of them".into()), 502, None),
	];
	for (failure, expected, retry_after) in cases {
		let (gateway, _) = scripted(vec![Script::Fails(failure)]).await;
		let (status, head, body) = gateway.post("/v1/chat/completions", CHAT).await;
		assert_eq!(status, expected, "{body}");
		assert_eq!(
			head.get("retry-after").map(|value| value.to_str().unwrap()),
			retry_after
		);
		assert!(
			error(&body)["message"].as_str().unwrap().contains("(request chatcmpl-"),
			"{body}"
		);
	}
}

#[tokio::test]
async fn a_key_has_so_many_requests_and_tokens_a_minute() {
	let says = || Script::Says(vec!["x"; 10], Finish::Stop);
	let upstream = Arc::new(Scripted {
		scripts: Mutex::new((0..8).map(|_| says()).collect()),
		..Scripted::default()
	});
	let limits = KeyLimits {
		requests_per_minute: 3,
		tokens_per_minute: 1_000,
		concurrency: 9,
	};
	let first = gateway(upstream.clone(), options(), limits).await;
	for _ in 0..3 {
		assert_eq!(first.post("/v1/chat/completions", CHAT).await.0, 200);
	}
	let (status, head, body) = first.post("/v1/chat/completions", CHAT).await;
	assert_eq!((status.as_u16(), &head["retry-after"]), (429, &"20".parse().unwrap()));
	assert_eq!(error(&body)["code"], "rate_limit_exceeded");
	first.clock.0.fetch_add(21_000_000, Ordering::SeqCst);
	assert_eq!(first.post("/v1/chat/completions", CHAT).await.0, 200);

	let limits = KeyLimits {
		requests_per_minute: 99,
		tokens_per_minute: 30,
		concurrency: 9,
	};
	let second = gateway(upstream, options(), limits).await;
	// 21 tokens each: the second is let in with 9 left, the third is not.
	for _ in 0..2 {
		assert_eq!(second.post("/v1/chat/completions", CHAT).await.0, 200);
	}
	let (status, _, body) = second.post("/v1/chat/completions", CHAT).await;
	assert_eq!(
		(status.as_u16(), &error(&body)["code"]),
		(429, &"tokens_exceeded".into())
	);
	second.clock.0.fetch_add(60_000_000, Ordering::SeqCst);
	assert_eq!(second.post("/v1/chat/completions", CHAT).await.0, 200);
}

/// Begins a request that is answered for ever, and waits until it is.
async fn begin_one(gateway: &Arc<crate::support::Gateway>, upstream: &Scripted) -> tokio::task::JoinHandle<()> {
	let before = upstream.under_way.load(Ordering::SeqCst);
	let streamed = CHAT.replace("{\"model\"", "{\"stream\":true,\"model\"");
	let asking = gateway.clone();
	let running = tokio::spawn(async move {
		asking.post("/v1/chat/completions", streamed).await;
	});
	until(|| upstream.under_way.load(Ordering::SeqCst) > before).await;
	running
}

#[tokio::test]
async fn one_key_and_all_together_have_so_many_under_way_and_who_leaves_makes_room() {
	for (limits, options, status, code) in [
		(
			KeyLimits {
				concurrency: 1,
				..KeyLimits::default()
			},
			options(),
			429,
			"too_many_concurrent_requests",
		),
		(
			KeyLimits::default(),
			ServerOptions {
				concurrency: 1,
				queue: 0,
				..options()
			},
			503,
			"overloaded",
		),
	] {
		let upstream = Arc::new(Scripted {
			scripts: Mutex::new([Script::Hangs, Script::Says(vec!["x"], Finish::Stop)].into()),
			..Scripted::default()
		});
		let gateway = Arc::new(gateway(upstream.clone(), options, limits).await);
		let running = begin_one(&gateway, &upstream).await;
		let (refused, head, body) = gateway.post("/v1/chat/completions", CHAT).await;
		assert_eq!((refused.as_u16(), &error(&body)["code"]), (status, &code.into()));
		assert!(head.contains_key("retry-after"));
		running.abort();
		until(|| upstream.under_way.load(Ordering::SeqCst) == 0).await;
		// The miner's answer is dropped a moment before the place is free.
		while gateway.post("/v1/chat/completions", CHAT).await.0 != 200 {
			tokio::task::yield_now().await;
			assert!(
				upstream.scripts.lock().unwrap().len() == 1,
				"it was refused after it was asked"
			);
		}
	}
}

#[tokio::test]
async fn work_is_counted() {
	let (gateway, _) = scripted(vec![
		Script::Says(vec!["a", "b"], Finish::Stop),
		Script::Fails(UpstreamError::Failed("no".into())),
	])
	.await;
	gateway.post("/v1/chat/completions", CHAT).await;
	gateway.post("/v1/chat/completions", CHAT).await;
	gateway.send("GET", "/v1/models", None, Body::empty()).await;
	let (status, head, text) = gateway.send("GET", "/metrics", None, Body::empty()).await;
	assert_eq!(status, 200);
	assert!(
		head["content-type"]
			.to_str()
			.unwrap()
			.starts_with("application/openmetrics-text")
	);
	for line in [
		"ganglion_gateway_requests_total{status=\"200\"} 1",
		"ganglion_gateway_requests_total{status=\"502\"} 1",
		"ganglion_gateway_requests_total{status=\"401\"} 1",
		"ganglion_gateway_refusals_total{reason=\"key\"} 1",
		"ganglion_gateway_tokens_total{kind=\"prompt\"} 11",
		"ganglion_gateway_tokens_total{kind=\"completion\"} 2",
		"ganglion_gateway_first_token_seconds_count 1",
		"ganglion_gateway_running 0",
	] {
		assert!(
			text.lines().any(|counted| counted == line),
			"`{line}` is not in:\n{text}"
		);
	}
}

thread_local! {
	/// The log of the test on this thread, if it wants any.
	static WRITTEN: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// Writes to the log of the test on this thread.
struct Written;

impl io::Write for Written {
	fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
		WRITTEN.with_borrow_mut(|log| {
			if let Some(log) = log {
				log.extend_from_slice(bytes);
			}
		});
		Ok(bytes.len())
	}

	fn flush(&mut self) -> io::Result<()> {
		Ok(())
	}
}

#[tokio::test]
async fn nothing_of_a_prompt_or_an_answer_is_logged() {
	// For the whole process: tests on other threads must not decide that nobody listens.
	tracing_subscriber::fmt()
		.with_max_level(tracing::Level::DEBUG)
		.with_writer(|| Written)
		.init();
	WRITTEN.set(Some(Vec::new()));
	let (gateway, _) = scripted(vec![
		Script::Says(vec!["overt", "word"], Finish::Stop),
		Script::Fails(UpstreamError::Failed("no".into())),
	])
	.await;
	let body = CHAT.replace("hello", "confidential");
	gateway.post("/v1/chat/completions", body.clone()).await;
	gateway.post("/v1/chat/completions", body.clone()).await;
	gateway
		.post("/v1/chat/completions", body.replace("[{", "{").replace("}]", "}"))
		.await;
	let log = String::from_utf8(WRITTEN.take().unwrap()).unwrap();
	assert!(log.contains("request over") && log.contains("no answer"), "{log}");
	for word in [
		"confidential",
		"overt",
		&gateway.key,
		gateway.key.rsplit('-').next().unwrap(),
	] {
		assert!(!log.contains(word), "`{word}` is in the log: {log}");
	}
}
