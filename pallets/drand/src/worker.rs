//! What a node does after each block: it fetches the rounds that the chain waits for, and hands them in.
//!
//! The source is a server with drand's HTTP interface. A node has it from its operator, in its own off-chain storage under
//! [`SOURCE_KEY`]; without it, a chain that follows quicknet asks [`QUICKNET_SOURCE`], and any other chain nobody.
//!
//! Fetched are, at most [`MAX_PULSES_PER_CALL`] at a time: needed rounds that have come and are not stored, oldest first;
//! and the latest round once [`LATEST_EVERY_ROUNDS`] have passed since the last stored one. What a transaction on its way
//! carries is not fetched again for [`RESUBMIT_AFTER_BLOCKS`]. What fails is tried again after the next block.

use crate::{
	BeaconConfig, BeaconConfiguration, Call, Config, LastStoredRound, MAX_PULSES_PER_CALL, Pallet, Pulse, Pulses,
	PulsesPayload,
};
use alloc::{format, string::String, vec::Vec};
use codec::{Decode, Encode};
use core::fmt::Write;
use frame_support::traits::Get;
use frame_system::{
	offchain::{CreateAuthorizedTransaction, SubmitTransaction},
	pallet_prelude::BlockNumberFor,
};
use ganglion_primitives::NeededRounds;
use serde::Deserialize;
use sp_core::offchain::{Duration, Timestamp};
use sp_runtime::{
	BoundedVec,
	offchain::{
		http::{PendingRequest, Request},
		storage::StorageValueRef,
		storage_lock::{StorageLock, Time},
	},
	traits::UniqueSaturatedInto,
};
use timelock::{PublicKey, quicknet};

/// Where a node's off-chain storage has the address of the beacon's server: a SCALE-encoded vector of UTF-8 bytes.
pub const SOURCE_KEY: &[u8] = b"drand/source";
/// The public server of quicknet.
pub const QUICKNET_SOURCE: &str = "https://api.drand.sh";
/// Rounds after which the latest round is stored even if nobody waits for it: a minute of quicknet's.
pub const LATEST_EVERY_ROUNDS: u64 = 20;
/// Blocks for which rounds that were handed in are not fetched again.
pub const RESUBMIT_AFTER_BLOCKS: u64 = 4;

/// Guards against two workers that fetch the same.
const LOCK_KEY: &[u8] = b"drand/lock";
/// Which rounds were handed in, and at which block.
const SUBMITTED_KEY: &[u8] = b"drand/submitted";
/// Milliseconds that a worker may take beside the time it waits for the beacon.
const LOCK_EXTRA_MS: u64 = 5_000;
/// The longest answer of a server, in bytes.
const MAX_ANSWER_BYTES: usize = 4_096;
/// How the log names this pallet.
const LOG: &str = "drand";

/// Rounds that were handed in.
#[derive(Default, Encode, Decode)]
struct Submitted {
	/// After which block.
	block: u64,
	/// The rounds.
	rounds: Vec<u64>,
}

/// A round as drand's HTTP interface gives it; other fields are ignored.
#[derive(Deserialize)]
struct Answer {
	round: u64,
	randomness: String,
	signature: String,
}

impl<T: Config> Pallet<T> {
	/// Fetches what is missing, and submits it.
	pub(crate) fn run_worker(block: BlockNumberFor<T>) {
		let beacon = BeaconConfig::<T>::get();
		let Some(source) = source(&beacon) else {
			return;
		};
		let timeout = T::HttpFetchTimeout::get();
		let longest = Duration::from_millis(timeout.saturating_add(LOCK_EXTRA_MS));
		let mut lock = StorageLock::<Time>::with_deadline(LOCK_KEY, longest);
		let Ok(_guard) = lock.try_lock() else {
			return;
		};
		let block = UniqueSaturatedInto::<u64>::unique_saturated_into(block);
		let wanted = Self::wanted_rounds(&beacon, block);
		if wanted.is_empty() {
			return;
		}
		let pulses = Self::genuine(&beacon, fetch(&source, &beacon, &wanted, timeout));
		if !pulses.is_empty() {
			Self::submit(block, pulses);
		}
	}

	/// What to ask for: `Some` round, or `None` for the latest.
	fn wanted_rounds(beacon: &BeaconConfiguration, block: u64) -> Vec<Option<u64>> {
		let now = sp_io::offchain::timestamp()
			.unix_millis()
			.checked_div(1_000)
			.unwrap_or_default();
		let due = beacon.schedule().round_at(now);
		let submitted = StorageValueRef::persistent(SUBMITTED_KEY)
			.get::<Submitted>()
			.ok()
			.flatten()
			.filter(|submitted| {
				let age = block.checked_sub(submitted.block);
				age.is_some_and(|age| age < RESUBMIT_AFTER_BLOCKS)
			})
			.unwrap_or_default()
			.rounds;
		let last = submitted.iter().copied().fold(LastStoredRound::<T>::get(), u64::max);
		let latest = (due >= last.saturating_add(LATEST_EVERY_ROUNDS)).then_some(None);
		// One place is kept for the latest.
		let places = (MAX_PULSES_PER_CALL as usize).saturating_sub(1);
		// Those that are stored or on their way may fill the list of the needed: ask for more than there are places.
		let needed = T::NeededRounds::rounds(MAX_PULSES_PER_CALL.saturating_mul(8));
		let missing = needed.into_iter().filter(|round| {
			(1..=due).contains(round) && !submitted.contains(round) && !Pulses::<T>::contains_key(round)
		});
		missing.take(places).map(Some).chain(latest).collect()
	}

	/// Those of the pulses that the chain will accept, by ascending round, each once.
	fn genuine(beacon: &BeaconConfiguration, mut pulses: Vec<Pulse>) -> Vec<Pulse> {
		let Ok(key) = PublicKey::from_bytes(&beacon.public_key) else {
			return Vec::new();
		};
		pulses.retain(|pulse| {
			let verified = Self::verify_pulse(&key, pulse);
			if let Err(error) = &verified {
				log::warn!(target: LOG, "the beacon's round {} is refused: {error:?}", pulse.round);
			}
			verified.is_ok() && !Pulses::<T>::contains_key(pulse.round)
		});
		pulses.sort_by_key(|pulse| pulse.round);
		pulses.dedup_by_key(|pulse| pulse.round);
		pulses
	}

	/// Hands pulses to this node's transaction pool.
	fn submit(block: u64, pulses: Vec<Pulse>) {
		let rounds: Vec<u64> = pulses.iter().map(|pulse| pulse.round).collect();
		let call = Call::<T>::write_pulse {
			pulses_payload: PulsesPayload {
				pulses: BoundedVec::truncate_from(pulses),
			},
		};
		let transaction = <T as CreateAuthorizedTransaction<Call<T>>>::create_authorized_transaction(call.into());
		match SubmitTransaction::<T, Call<T>>::submit_transaction(transaction) {
			Ok(()) => {
				log::debug!(target: LOG, "handed in the rounds {rounds:?}");
				StorageValueRef::persistent(SUBMITTED_KEY).set(&Submitted { block, rounds });
			}
			Err(()) => log::debug!(target: LOG, "the pool did not take the rounds {rounds:?}"),
		}
	}
}

/// The address of the beacon's server, without a slash at its end.
fn source(beacon: &BeaconConfiguration) -> Option<String> {
	let told = StorageValueRef::persistent(SOURCE_KEY).get::<Vec<u8>>().ok().flatten();
	let source = match told {
		Some(bytes) => String::from_utf8(bytes).ok()?,
		None if beacon.hash.as_slice() == quicknet::CHAIN_HASH => QUICKNET_SOURCE.into(),
		None => return None,
	};
	Some(source.trim_end_matches('/').into())
}

/// Asks for all these rounds at once, and waits for the answers.
fn fetch(source: &str, beacon: &BeaconConfiguration, wanted: &[Option<u64>], timeout_ms: u64) -> Vec<Pulse> {
	let deadline = sp_io::offchain::timestamp().add(Duration::from_millis(timeout_ms));
	let mut hash = String::new();
	for byte in &beacon.hash {
		if write!(hash, "{byte:02x}").is_err() {
			return Vec::new();
		}
	}
	let requests = wanted.iter().filter_map(|round| {
		let url = match round {
			Some(round) => format!("{source}/{hash}/public/{round}"),
			None => format!("{source}/{hash}/public/latest"),
		};
		let sent = Request::get(&url).deadline(deadline).send();
		if let Err(error) = &sent {
			log::warn!(target: LOG, "the beacon cannot be asked for {url}: {error:?}");
		}
		Some((*round, sent.ok()?))
	});
	// All are on their way before the first answer is awaited.
	let requests: Vec<_> = requests.collect();
	let answers = requests.into_iter().filter_map(|(round, request)| {
		let pulse = answer(request, deadline);
		if let Err(what) = &pulse {
			log::debug!(target: LOG, "no answer for round {round:?} from {source}: {what}");
		}
		let pulse = pulse.ok()?;
		// A server that answers another question is not asked to explain itself.
		round.is_none_or(|round| round == pulse.round).then_some(pulse)
	});
	answers.collect()
}

/// Waits for an answer and reads it.
fn answer(request: PendingRequest, deadline: Timestamp) -> Result<Pulse, &'static str> {
	let response = request
		.try_wait(deadline)
		.map_err(|_| "it did not come in time")?
		.map_err(|_| "the connection failed")?;
	if response.code != 200 {
		return Err("the server has no such round");
	}
	let body: Vec<u8> = response.body().take(MAX_ANSWER_BYTES.saturating_add(1)).collect();
	if body.len() > MAX_ANSWER_BYTES {
		return Err("it is too long");
	}
	parse(&body).ok_or("it is no pulse")
}

/// Reads the JSON of a round.
pub(crate) fn parse(body: &[u8]) -> Option<Pulse> {
	let answer: Answer = serde_json::from_slice(body).ok()?;
	Some(Pulse {
		round: answer.round,
		randomness: sp_core::bytes::from_hex(&answer.randomness).ok()?.try_into().ok()?,
		signature: sp_core::bytes::from_hex(&answer.signature).ok()?.try_into().ok()?,
	})
}
