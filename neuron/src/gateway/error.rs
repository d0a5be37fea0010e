//! Errors as OpenAI's clients expect them: a status, and an object that says what, where and of which kind.

use std::time::Duration;

use axum::{
	Json,
	http::{HeaderValue, StatusCode, header},
	response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::upstream::UpstreamError;

/// An error on its way to an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
	/// The HTTP status.
	pub status: StatusCode,
	/// OpenAI's kind of error.
	pub kind: &'static str,
	/// A word for programs, where there is one.
	pub code: Option<&'static str>,
	/// The field of the request that is wrong, where it is one.
	pub field: Option<&'static str>,
	/// What is wrong and what to do, for people.
	pub message: String,
	/// When to try again.
	pub retry_after: Option<Duration>,
}

impl ApiError {
	/// Any error, of a request that cannot be served as it is.
	pub fn new(status: StatusCode, kind: &'static str, code: Option<&'static str>, message: impl Into<String>) -> Self {
		Self {
			status,
			kind,
			code,
			field: None,
			message: message.into(),
			retry_after: None,
		}
	}

	/// A field of the request is wrong.
	pub fn invalid(field: &'static str, message: impl Into<String>) -> Self {
		Self {
			field: Some(field),
			..Self::new(StatusCode::BAD_REQUEST, "invalid_request_error", None, message)
		}
	}

	/// A field asks for what is not offered.
	pub fn unsupported(field: &'static str, message: impl Into<String>) -> Self {
		Self {
			code: Some("unsupported_parameter"),
			..Self::invalid(field, message)
		}
	}

	/// Too much, for now.
	pub fn too_many(code: &'static str, message: impl Into<String>, retry_after: Duration) -> Self {
		Self {
			retry_after: Some(retry_after),
			..Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limit_error", Some(code), message)
		}
	}

	/// The error object.
	///
	/// ```
	/// let error = neuron::gateway::error::ApiError::invalid("top_p", "top_p is 3; expected 0 to 1");
	/// assert_eq!(error.object()["error"]["param"], "top_p");
	/// ```
	pub fn object(&self) -> Value {
		json!({"error": {
			"message": self.message,
			"type": self.kind,
			"param": self.field,
			"code": self.code,
		}})
	}
}

impl From<UpstreamError> for ApiError {
	fn from(error: UpstreamError) -> Self {
		let message = error.to_string();
		match error {
			UpstreamError::Invalid(_) => Self::new(StatusCode::BAD_REQUEST, "invalid_request_error", None, message),
			UpstreamError::Unsupported(_) => Self::new(
				StatusCode::NOT_IMPLEMENTED,
				"not_implemented_error",
				Some("not_implemented"),
				message,
			),
			UpstreamError::Unavailable { retry_after, .. } => Self {
				retry_after: Some(retry_after),
				..Self::new(
					StatusCode::SERVICE_UNAVAILABLE,
					"server_error",
					Some("no_miner"),
					message,
				)
			},
			UpstreamError::TooLate(_) => {
				Self::new(StatusCode::GATEWAY_TIMEOUT, "server_error", Some("timeout"), message)
			}
			UpstreamError::Failed(_) => {
				Self::new(StatusCode::BAD_GATEWAY, "server_error", Some("miner_failed"), message)
			}
		}
	}
}

impl IntoResponse for ApiError {
	fn into_response(self) -> Response {
		let mut response = (self.status, Json(self.object())).into_response();
		if let Some(after) = self.retry_after {
			let seconds = after.as_secs().max(1);
			response
				.headers_mut()
				.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
		}
		response
	}
}
