//! What each key may do per minute and at once.

use std::{
	collections::HashMap,
	sync::{Arc, Mutex, MutexGuard, PoisonError},
	time::Duration,
};

use super::{
	error::ApiError,
	keys::{ApiKey, KeyLimits, MAX_KEYS},
};
use crate::validator::challenge::Clock;

const MINUTE_US: f64 = 60e6;
/// When to try again where too many requests are under way.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// What a key has left.
#[derive(Clone, Copy, Debug)]
struct Allowance {
	requests: f64,
	/// Below 0 where an answer took more than was left.
	tokens: f64,
	running: u32,
	at_us: u64,
}

impl Allowance {
	fn full(limits: KeyLimits, now_us: u64) -> Self {
		Self {
			requests: limits.requests_per_minute.into(),
			tokens: limits.tokens_per_minute.into(),
			running: 0,
			at_us: now_us,
		}
	}

	fn refill(&mut self, limits: KeyLimits, now_us: u64) {
		let minutes = now_us.saturating_sub(self.at_us) as f64 / MINUTE_US;
		self.at_us = now_us;
		let fill = |left: f64, per_minute: u32| (left + minutes * f64::from(per_minute)).min(per_minute.into());
		self.requests = fill(self.requests, limits.requests_per_minute);
		self.tokens = fill(self.tokens, limits.tokens_per_minute);
	}
}

/// The allowances of all keys, by id.
#[derive(Clone)]
pub(super) struct Allowances {
	clock: Arc<dyn Clock>,
	left: Arc<Mutex<HashMap<String, Allowance>>>,
}

impl Allowances {
	pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
		Self {
			clock,
			left: Arc::default(),
		}
	}

	fn lock(&self) -> MutexGuard<'_, HashMap<String, Allowance>> {
		self.left.lock().unwrap_or_else(PoisonError::into_inner)
	}

	/// Takes one request from a key's allowance.
	///
	/// # Errors
	/// What there is too much of, and when to try again.
	pub(super) fn take(&self, key: &ApiKey) -> Result<Admitted, ApiError> {
		let now_us = self.clock.now_us();
		let limits = key.limits;
		let mut left = self.lock();
		if left.len() > 2 * MAX_KEYS {
			// Keys that were revoked; what is full again needs no record.
			left.retain(|_, allowance| allowance.running > 0);
		}
		let allowance = left
			.entry(key.id.clone())
			.or_insert_with(|| Allowance::full(limits, now_us));
		allowance.refill(limits, now_us);
		if allowance.running >= limits.concurrency {
			let message = format!("{} requests of this key are under way already", allowance.running);
			return Err(ApiError::too_many("too_many_concurrent_requests", message, RETRY_AFTER));
		}
		if allowance.requests < 1.0 {
			let wait = wait_for(1.0 - allowance.requests, limits.requests_per_minute);
			let message = format!("this key may make {} requests per minute", limits.requests_per_minute);
			return Err(ApiError::too_many("rate_limit_exceeded", message, wait));
		}
		if allowance.tokens <= 0.0 {
			let wait = wait_for(1.0 - allowance.tokens, limits.tokens_per_minute);
			let message = format!("this key may use {} tokens per minute", limits.tokens_per_minute);
			return Err(ApiError::too_many("tokens_exceeded", message, wait));
		}
		allowance.requests -= 1.0;
		allowance.running += 1;
		Ok(Admitted {
			allowances: self.clone(),
			id: key.id.clone(),
		})
	}
}

fn wait_for(missing: f64, per_minute: u32) -> Duration {
	Duration::from_secs_f64((missing * 60.0 / f64::from(per_minute.max(1))).clamp(1.0, 3_600.0))
}

/// A request under way; dropping it is its end.
pub(super) struct Admitted {
	allowances: Allowances,
	id: String,
}

impl Admitted {
	/// Takes tokens from the key's allowance.
	pub(super) fn charge(&self, tokens: u32) {
		if let Some(allowance) = self.allowances.lock().get_mut(&self.id) {
			allowance.tokens -= f64::from(tokens);
		}
	}
}

impl Drop for Admitted {
	fn drop(&mut self) {
		if let Some(allowance) = self.allowances.lock().get_mut(&self.id) {
			allowance.running = allowance.running.saturating_sub(1);
		}
	}
}
