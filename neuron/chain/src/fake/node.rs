//! The node's side of the RPC methods that the client uses.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use codec::Encode;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};
use subxt::rpcs::client::{RawRpcFuture, RawRpcSubscription, RpcClientT};
use subxt::rpcs::{Error, UserError};

use super::metadata;
use super::types::RuntimeEvent;

/// The number of the only block.
pub(crate) const BLOCK: u64 = 7;
/// Where the events of a block are stored.
const EVENTS_KEY: &str = "0x26aa394eea5630e07c48ae0c9558cef780d41e5e16056765bc8461851072c9d7";

/// What becomes of a transaction.
pub(crate) enum Outcome {
	/// It gets into the block, with these events.
	Included(Vec<RuntimeEvent>),
	/// The pool refuses it with this code and text.
	Refused(i32, &'static str),
	/// It waits for ever.
	Pending,
	/// The node reports nothing more.
	Silence,
	/// The connection breaks while it is sent.
	Disconnect,
}

#[derive(Default)]
pub(crate) struct State {
	pub(crate) storage: BTreeMap<String, Vec<u8>>,
	pub(crate) api_answers: BTreeMap<String, Vec<u8>>,
	pub(crate) outcomes: VecDeque<Outcome>,
	pub(crate) submitted: Vec<Vec<u8>>,
	pub(crate) nonce: u64,
	pub(crate) disconnected: bool,
}

/// Shared between a test and the client under test.
#[derive(Clone, Default)]
pub(crate) struct FakeNode(Arc<Mutex<State>>);

impl FakeNode {
	pub(crate) fn state(&self) -> MutexGuard<'_, State> {
		self.0.lock().unwrap()
	}

	fn answer(&self, method: &str, params: &Value) -> Result<Value, Error> {
		let mut state = self.state();
		if state.disconnected {
			return Err(Error::Client("the fake connection is broken".into()));
		}
		Ok(match method {
			"chain_getBlockHash" | "chain_getFinalizedHead" => json!(block_hash()),
			"chain_getHeader" => json!({
				"parentHash": block_hash(), "number": format!("0x{BLOCK:x}"), "stateRoot": block_hash(),
				"extrinsicsRoot": block_hash(), "digest": {"logs": []},
			}),
			"chain_getBlock" => {
				let header = json!({
					"parentHash": block_hash(), "number": format!("0x{BLOCK:x}"), "stateRoot": block_hash(),
					"extrinsicsRoot": block_hash(), "digest": {"logs": []},
				});
				let extrinsics: Vec<String> = state.submitted.last().map(|bytes| text(bytes)).into_iter().collect();
				json!({"block": {"header": header, "extrinsics": extrinsics}, "justifications": null})
			}
			"state_call" => json!(text(&call(&state, params[0].as_str().unwrap())?)),
			"state_getStorage" => json!(state.storage.get(params[0].as_str().unwrap()).map(|value| text(value))),
			"state_getKeysPaged" => {
				let prefix = params[0].as_str().unwrap();
				let after = params[2].as_str().unwrap_or("");
				let keys = state
					.storage
					.keys()
					.filter(|key| key.starts_with(prefix) && key.as_str() > after);
				json!(keys.collect::<Vec<_>>())
			}
			"state_queryStorageAt" => {
				let keys = params[0].as_array().unwrap().iter().map(|key| key.as_str().unwrap());
				let changes: Vec<_> = keys
					.map(|key| json!([key, state.storage.get(key).map(|value| text(value))]))
					.collect();
				json!([{"block": block_hash(), "changes": changes}])
			}
			"system_accountNextIndex" => {
				// Somebody else's transactions count, too.
				state.nonce += 1;
				json!(state.nonce)
			}
			other => return Err(refusal(-32601, other)),
		})
	}

	fn submit(&self, params: &Value) -> Result<Vec<Value>, Error> {
		let mut state = self.state();
		state
			.submitted
			.push(hex::decode(&params[0].as_str().unwrap()[2..]).unwrap());
		match state.outcomes.pop_front().unwrap() {
			Outcome::Included(events) => {
				let records: Vec<_> = events
					.into_iter()
					.map(|event| ((0u8, 0u32), event, Vec::<[u8; 32]>::new()))
					.collect();
				state.storage.insert(EVENTS_KEY.to_owned(), records.encode());
				Ok(vec![json!("ready"), json!({"inBlock": block_hash()})])
			}
			Outcome::Refused(code, text) => Err(refusal(code, text)),
			Outcome::Pending => Ok(vec![json!("ready"), json!("pending for ever")]),
			Outcome::Silence => Ok(vec![json!("ready")]),
			Outcome::Disconnect => Err(Error::Client("broken while sending".into())),
		}
	}
}

impl RpcClientT for FakeNode {
	fn request_raw<'a>(&'a self, method: &'a str, params: Option<Box<RawValue>>) -> RawRpcFuture<'a, Box<RawValue>> {
		let answer = self.answer(method, &parse(params));
		Box::pin(async move { Ok(to_raw_value(&answer?).unwrap()) })
	}

	fn subscribe_raw<'a>(
		&'a self,
		_subscribe: &'a str,
		params: Option<Box<RawValue>>,
		_unsubscribe: &'a str,
	) -> RawRpcFuture<'a, RawRpcSubscription> {
		let statuses = self.submit(&parse(params));
		Box::pin(async move {
			let statuses = statuses?;
			let pending = statuses.last() == Some(&json!("pending for ever"));
			let count = statuses.len() - usize::from(pending);
			let items = statuses
				.into_iter()
				.take(count)
				.map(|status| Ok(to_raw_value(&status).unwrap()));
			let items = futures::stream::iter(items.collect::<Vec<_>>());
			let stream: futures::stream::BoxStream<'static, _> = if pending {
				Box::pin(futures::StreamExt::chain(items, futures::stream::pending()))
			} else {
				Box::pin(items)
			};
			Ok(RawRpcSubscription { stream, id: None })
		})
	}
}

fn call(state: &State, function: &str) -> Result<Vec<u8>, Error> {
	Ok(match function {
		"Core_version" => (
			"fake",
			"fake",
			1u32,
			100u32,
			1u32,
			Vec::<([u8; 8], u32)>::new(),
			1u32,
			1u8,
		)
			.encode(),
		"Metadata_metadata_versions" => vec![14u32, 15, u32::MAX].encode(),
		"Metadata_metadata_at_version" => Some(metadata::encoded()).encode(),
		other => state
			.api_answers
			.get(other)
			.cloned()
			.ok_or_else(|| refusal(4003, other))?,
	})
}

fn block_hash() -> String {
	text(&[7; 32])
}

fn text(bytes: &[u8]) -> String {
	format!("0x{}", hex::encode(bytes))
}

fn parse(params: Option<Box<RawValue>>) -> Value {
	params.map_or(Value::Null, |params| serde_json::from_str(params.get()).unwrap())
}

fn refusal(code: i32, text: &str) -> Error {
	let data = Some(to_raw_value(text).unwrap());
	Error::User(UserError {
		code,
		message: "Refused".to_owned(),
		data,
	})
}
