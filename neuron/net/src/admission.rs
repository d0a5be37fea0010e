//! Admission: what a peer may ask, decided before any work is spent on it.

use std::{
	collections::HashMap,
	sync::{Arc, Mutex, MutexGuard, PoisonError},
	time::Duration,
};

use tokio::time::Instant;

use crate::{
	config::{MAX_WAIT, milliseconds},
	message::Refusal,
	network::NetError,
};

/// As [`AdmissionPolicy::min_stake_rao`]: no stake stands in for a validator permit.
pub const PERMIT_ONLY: u64 = u64::MAX;
/// Most hotkeys whose quota is remembered at a time.
const MAX_TRACKED_HOTKEYS: usize = 4096;
/// Most unknown peers whose refusals are counted at a time.
const MAX_TRACKED_STRANGERS: usize = 1024;
/// One part in so many of the requests in flight is kept for callers with a validator permit.
const PERMIT_RESERVE: u32 = 4;
/// Refusals after which an unknown peer's connection is closed.
pub const MAX_STRANGER_REFUSALS: u32 = 3;

/// A hotkey of the subnet as the chain knows it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Caller {
	/// The account that signed the registration.
	pub hotkey: [u8; 32],
	/// Its uid on the subnet.
	pub uid: u16,
	/// Its stake.
	pub stake_rao: u64,
	/// Whether it holds a validator permit.
	pub validator_permit: bool,
}

/// Maps the key that a peer has proven to the hotkey that published it.
pub trait Directory: Send + Sync + 'static {
	/// The hotkey behind an ed25519 public key; `None` where the chain knows none.
	///
	/// Called for every connection and every request, from async tasks: answer from memory.
	fn caller(&self, public_key: &[u8; 32]) -> Option<Caller>;
}

/// Requests that a hotkey may make: a token bucket.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RateLimit {
	/// Requests that may come at once.
	pub burst: u32,
	/// Time after which one more is allowed.
	pub refill: Duration,
}

/// Who is served, and how much of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AdmissionPolicy {
	/// Stake that stands in for a validator permit; [`PERMIT_ONLY`] for none, 0 to serve every known hotkey.
	pub min_stake_rao: u64,
	/// Requests of one hotkey over time.
	pub rate: RateLimit,
	/// Requests of one hotkey at a time.
	pub max_concurrent_per_hotkey: u32,
	/// Requests of all hotkeys at a time.
	pub max_in_flight: u32,
	/// What a caller is told to wait where the answer is "busy".
	pub busy_retry: Duration,
	/// How long a waiting request has to have waited to overtake one of twice its caller's stake. The whole range of
	/// stakes is worth 64 times this, which is the most that anybody is overtaken by.
	pub ageing: Duration,
}

impl Default for AdmissionPolicy {
	fn default() -> Self {
		Self {
			min_stake_rao: PERMIT_ONLY,
			rate: RateLimit {
				burst: 32,
				refill: Duration::from_millis(250),
			},
			max_concurrent_per_hotkey: 4,
			max_in_flight: 128,
			busy_retry: Duration::from_secs(1),
			ageing: Duration::from_millis(250),
		}
	}
}

impl AdmissionPolicy {
	/// Checks that the policy lets anything through at all and that its times can be added up.
	///
	/// # Errors
	/// Names the first value that is not usable, and its range.
	pub fn validate(&self) -> Result<(), NetError> {
		let counts = [
			("rate.burst", self.rate.burst),
			("max_concurrent_per_hotkey", self.max_concurrent_per_hotkey),
			("max_in_flight", self.max_in_flight),
		];
		if let Some((name, _)) = counts.into_iter().find(|(_, value)| *value == 0) {
			return Err(NetError::Limit {
				name,
				value: "0".into(),
				range: "at least 1".into(),
			});
		}
		let times = [
			("rate.refill", self.rate.refill),
			("busy_retry", self.busy_retry),
			("ageing", self.ageing),
		];
		match times.into_iter().find(|(_, value)| *value > MAX_WAIT) {
			Some((name, value)) => {
				let range = format!("at most {} s", MAX_WAIT.as_secs());
				Err(NetError::Limit {
					name,
					value: format!("{value:?}"),
					range,
				})
			}
			None => Ok(()),
		}
	}
}

/// What is remembered of one hotkey.
struct Account {
	/// Requests it may make at `counted_at`.
	tokens: u32,
	counted_at: Instant,
	in_flight: u32,
}

impl Account {
	/// Adds the tokens that time has brought.
	fn refill(&mut self, rate: &RateLimit, now: Instant) {
		let elapsed = now.saturating_duration_since(self.counted_at);
		let gained = elapsed
			.as_nanos()
			.checked_div(rate.refill.as_nanos())
			.unwrap_or(u128::MAX);
		let gained = u32::try_from(gained).unwrap_or(u32::MAX);
		if gained >= rate.burst.saturating_sub(self.tokens) {
			self.tokens = rate.burst;
			self.counted_at = now;
		} else {
			self.tokens += gained;
			self.counted_at += rate.refill * gained;
		}
	}

	/// Whether forgetting it changes nothing.
	fn is_fresh(&self, rate: &RateLimit) -> bool {
		self.in_flight == 0 && self.tokens >= rate.burst
	}
}

#[derive(Default)]
struct Ledger {
	hotkeys: HashMap<[u8; 32], Account>,
	in_flight: u32,
	strangers: HashMap<[u8; 32], u32>,
}

/// The policy and what it remembers.
pub(crate) struct Admission {
	policy: AdmissionPolicy,
	ledger: Mutex<Ledger>,
}

/// The right to one request in flight; gives it back when dropped.
pub(crate) struct Permit {
	admission: Arc<Admission>,
	hotkey: [u8; 32],
}

impl Drop for Permit {
	fn drop(&mut self) {
		let mut ledger = self.admission.ledger();
		ledger.in_flight = ledger.in_flight.saturating_sub(1);
		if let Some(account) = ledger.hotkeys.get_mut(&self.hotkey) {
			account.in_flight = account.in_flight.saturating_sub(1);
		}
	}
}

impl Admission {
	pub(crate) fn new(policy: AdmissionPolicy) -> Self {
		Self {
			policy,
			ledger: Mutex::default(),
		}
	}

	fn ledger(&self) -> MutexGuard<'_, Ledger> {
		// Every change of the ledger is complete before anything that could panic.
		self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
	}

	/// Says yes or no to a request of a known hotkey; a yes counts until the permit is dropped.
	pub(crate) fn admit(self: &Arc<Self>, caller: &Caller, now: Instant) -> Result<Permit, Refusal> {
		let policy = &self.policy;
		if !caller.validator_permit && (policy.min_stake_rao == PERMIT_ONLY || caller.stake_rao < policy.min_stake_rao)
		{
			return Err(Refusal::NotPermitted {
				stake_rao: caller.stake_rao,
				min_stake_rao: policy.min_stake_rao,
			});
		}
		let mut ledger = self.ledger();
		let Ledger { hotkeys, in_flight, .. } = &mut *ledger;
		if !hotkeys.contains_key(&caller.hotkey) && hotkeys.len() >= MAX_TRACKED_HOTKEYS {
			hotkeys.retain(|_, account| {
				account.refill(&policy.rate, now);
				!account.is_fresh(&policy.rate)
			});
		}
		let room = if caller.validator_permit {
			policy.max_in_flight
		} else {
			policy.max_in_flight - policy.max_in_flight / PERMIT_RESERVE
		};
		if *in_flight >= room || hotkeys.len() >= MAX_TRACKED_HOTKEYS {
			return Err(self.busy());
		}
		let account = hotkeys.entry(caller.hotkey).or_insert(Account {
			tokens: policy.rate.burst,
			counted_at: now,
			in_flight: 0,
		});
		if account.in_flight >= policy.max_concurrent_per_hotkey {
			return Err(self.busy());
		}
		account.refill(&policy.rate, now);
		let Some(tokens) = account.tokens.checked_sub(1) else {
			let wait = (account.counted_at + policy.rate.refill).saturating_duration_since(now);
			return Err(Refusal::RateLimited {
				retry_after_ms: milliseconds(wait).max(1),
			});
		};
		account.tokens = tokens;
		account.in_flight += 1;
		*in_flight += 1;
		Ok(Permit {
			admission: Arc::clone(self),
			hotkey: caller.hotkey,
		})
	}

	/// The refusal for a node that has no room left.
	pub(crate) fn busy(&self) -> Refusal {
		Refusal::Busy {
			retry_after_ms: milliseconds(self.policy.busy_retry),
		}
	}

	/// Counts a refusal of an unknown peer; true where its connection should be closed.
	pub(crate) fn strike(&self, public_key: &[u8; 32]) -> bool {
		let mut ledger = self.ledger();
		let strangers = &mut ledger.strangers;
		if !strangers.contains_key(public_key) && strangers.len() >= MAX_TRACKED_STRANGERS {
			// Keys cost a stranger nothing, so that the count is a courtesy to honest ones: forgetting is cheap.
			strangers.clear();
		}
		let count = strangers.entry(*public_key).or_insert(0);
		*count += 1;
		let closing = *count >= MAX_STRANGER_REFUSALS;
		if closing {
			strangers.remove(public_key);
		}
		closing
	}
}

#[cfg(test)]
#[path = "admission_tests.rs"]
mod tests;
