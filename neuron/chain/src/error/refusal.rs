//! How the node and the runtime say no.

use subxt::error::DispatchError;
use subxt::rpcs::UserError;

use super::ChainError;

/// JSON-RPC: there is no such method.
const METHOD_NOT_FOUND: i32 = -32601;
/// The node's transaction pool: the runtime finds the transaction invalid.
const POOL_INVALID: i32 = 1010;
/// The runtime cannot tell.
const POOL_UNKNOWN_VALIDITY: i32 = 1011;
/// The same transaction was found invalid a moment ago.
const POOL_BANNED: i32 = 1012;
/// The pool has this very transaction.
const POOL_ALREADY_IMPORTED: i32 = 1013;
/// The pool has a transaction with this nonce and at least this priority.
const POOL_TOO_LOW_PRIORITY: i32 = 1014;
/// The pool is full of transactions with a higher priority.
const POOL_FULL: i32 = 1016;

/// What is said of a transaction that the pool had a moment ago: a block took it, or it was invalid.
const RECENTLY_SEEN: &str = "the node had this transaction a moment ago";
/// What is said of a transaction that the pool has.
const ALREADY_KNOWN: &str = "the node has this transaction already";

/// Names of the numbers that the chain's transaction checks give, 0 first.
const CUSTOM_REFUSALS: [&str; 28] = [
	"ColdkeySwapAnnounced",
	"StakeAmountTooLow",
	"NotEnoughBalanceToStake",
	"SubnetNotExists",
	"HotKeyAccountNotExists",
	"NotEnoughStakeToWithdraw",
	"RateLimitExceeded",
	"InsufficientLiquidity",
	"SlippageTooHigh",
	"TransferDisallowed",
	"HotKeyNotRegisteredInNetwork",
	"InvalidIpAddress",
	"ServingRateLimitExceeded",
	"InvalidPort",
	"ZeroMaxAmount",
	"InvalidRevealRound",
	"NoWeightsCommitFound",
	"RevealTooEarly",
	"InputLengthsUnequal",
	"HotKeyNotRegisteredInSubNet",
	"EvmKeyAssociateRateLimitExceeded",
	"ColdkeySwapDisputed",
	"InvalidRealAccount",
	"FailedShieldedTxParsing",
	"InvalidShieldedTxPubKeyHash",
	"NonAssociatedColdKey",
	"DelegateTakeTooLow",
	"DelegateTakeTooHigh",
];

/// The name behind the number of a `Custom error`, with which the chain refuses a transaction before it is in a block.
///
/// ```
/// assert_eq!(neuron_chain::refusal_name(6), Some("RateLimitExceeded"));
/// assert_eq!(neuron_chain::refusal_name(200), None);
/// ```
#[must_use]
pub fn refusal_name(number: u8) -> Option<&'static str> {
	CUSTOM_REFUSALS.get(usize::from(number)).copied()
}

/// An error that the node answered a request with; `item` is what was asked or sent.
pub(super) fn from_rpc(error: &UserError, item: &str) -> ChainError {
	let detail = error
		.data
		.as_ref()
		.map(|data| serde_json::from_str(data.get()).unwrap_or_else(|_| data.get().to_owned()))
		.unwrap_or_default();
	let invalid = |reason: String, remedy| ChainError::InvalidTransaction {
		transaction: item.to_owned(),
		reason,
		remedy,
	};
	match error.code {
		METHOD_NOT_FOUND => ChainError::MetadataMismatch {
			item: item.to_owned(),
			reason: format!("the node has no such RPC method: {}", error.message),
		},
		POOL_INVALID => {
			let (reason, remedy) = invalid_transaction(&detail, &error.message);
			invalid(reason, remedy)
		}
		POOL_TOO_LOW_PRIORITY => invalid(
			"a transaction of this key with the same nonce is waiting".to_owned(),
			"wait for it, then send this one again",
		),
		POOL_BANNED => invalid(
			RECENTLY_SEEN.to_owned(),
			"look at the chain: it may be in a block already",
		),
		POOL_ALREADY_IMPORTED => invalid(ALREADY_KNOWN.to_owned(), "wait for a block to take it"),
		POOL_FULL => invalid(error.message.clone(), "the node is busy: send it again later"),
		POOL_UNKNOWN_VALIDITY => invalid(
			format!("{} {detail}", error.message),
			"the node may still be synchronising: send it again later",
		),
		code => ChainError::Node {
			action: item.to_owned(),
			code,
			message: if detail.is_empty() {
				error.message.clone()
			} else {
				format!("{}: {detail}", error.message)
			},
		},
	}
}

/// Whether the node refused the transaction because of its nonce alone, so that the same call with a fresh
/// nonce is safe to send.
pub(crate) fn is_nonce_refusal(error: &ChainError) -> bool {
	matches!(error, ChainError::InvalidTransaction { reason, .. }
		if reason.contains("outdated") || reason.contains("same nonce"))
}

/// Whether the node refused the transaction because its pool has it, or had it a moment ago.
pub(super) fn is_known_transaction(error: &ChainError) -> bool {
	matches!(error, ChainError::InvalidTransaction { reason, .. } if reason == ALREADY_KNOWN || reason == RECENTLY_SEEN)
}

fn invalid_transaction(detail: &str, message: &str) -> (String, &'static str) {
	if let Some(number) = detail.strip_prefix("Custom error: ") {
		let name = number
			.parse()
			.ok()
			.and_then(|number: usize| CUSTOM_REFUSALS.get(number));
		let reason = name.map_or_else(|| detail.to_owned(), |name| (*name).to_owned());
		return (reason, "change what the name says and send it again");
	}
	let reason = if detail.is_empty() { message } else { detail };
	let remedy = if reason.contains("pay some fees") {
		"send some TAO to the account that signs"
	} else if reason.contains("bad signature") {
		"the node may run another release or be another chain than when this program connected: connect again"
	} else if reason.contains("disabled") {
		"sign with another account"
	} else if reason.contains("exhaust") {
		"send it again in a later block"
	} else {
		"send it again"
	};
	(reason.to_owned(), remedy)
}

/// An error of the call itself, from the events of the block that included it.
pub(crate) fn from_dispatch(error: &DispatchError, transaction: &str) -> ChainError {
	let transaction = transaction.to_owned();
	if let DispatchError::Module(module) = error
		&& let Ok(details) = module.details()
	{
		return ChainError::Module {
			transaction,
			pallet: details.pallet.name().to_owned(),
			name: details.variant.name.clone(),
			docs: details.variant.docs.join(" ").trim().to_owned(),
		};
	}
	let reason = match error {
		DispatchError::BadOrigin => {
			"the signing key may not do this (bad origin): sign with the key that owns the subnet, or with the sudo key"
				.to_owned()
		}
		other => other.to_string(),
	};
	ChainError::Dispatch { transaction, reason }
}

#[cfg(test)]
mod tests {
	use super::*;

	fn answer(code: i32, data: Option<&str>) -> ChainError {
		let data = data.map(|data| format!(",\"data\":\"{data}\"")).unwrap_or_default();
		let json = format!("{{\"code\":{code},\"message\":\"Invalid Transaction\"{data}}}");
		from_rpc(&serde_json::from_str(&json).unwrap(), "Balances.transfer_keep_alive")
	}

	#[test]
	fn refusals_of_the_pool_say_what_to_do() {
		let cases = [
			(
				answer(1010, Some("Inability to pay some fees (e.g. account balance too low)")),
				"send some TAO",
			),
			(answer(1010, Some("Custom error: 6")), "RateLimitExceeded"),
			(answer(1010, Some("Custom error: 99")), "Custom error: 99"),
			(answer(1010, Some("Transaction has a bad signature")), "connect again"),
			(answer(1010, None), "Invalid Transaction"),
			(answer(1014, None), "same nonce"),
			(answer(1016, None), "send it again later"),
		];
		for (error, expected) in cases {
			let text = error.to_string();
			assert!(matches!(error, ChainError::InvalidTransaction { .. }), "{error:?}");
			assert!(
				text.contains(expected) && text.contains("Balances.transfer_keep_alive"),
				"{text}"
			);
		}
	}

	#[test]
	fn only_nonces_are_worth_another_attempt() {
		assert!(is_nonce_refusal(&answer(1010, Some("Transaction is outdated"))));
		assert!(is_nonce_refusal(&answer(1014, None)));
		assert!(!is_nonce_refusal(&answer(1010, Some("Custom error: 6"))));
		assert!(!is_nonce_refusal(&answer(1013, None)));
		assert!(!is_nonce_refusal(&answer(-32000, Some("outdated"))));
	}

	#[test]
	fn a_transaction_that_is_there_already_is_told_apart() {
		assert!(is_known_transaction(&answer(1013, None)) && is_known_transaction(&answer(1012, None)));
		assert!(!is_known_transaction(&answer(1014, None)) && !is_known_transaction(&answer(1010, None)));
	}

	#[test]
	fn other_answers_keep_their_code() {
		assert!(matches!(answer(-32601, None), ChainError::MetadataMismatch { .. }));
		let error = answer(-32000, Some("state already discarded"));
		assert!(matches!(error, ChainError::Node { code: -32000, .. }));
		assert!(error.to_string().contains("state already discarded"));
	}

	#[test]
	fn dispatch_errors_without_a_pallet_are_explained() {
		let error = from_dispatch(&DispatchError::BadOrigin, "AdminUtils.sudo_set_tempo");
		assert!(error.to_string().contains("bad origin"));
		let error = from_dispatch(&DispatchError::Exhausted, "AdminUtils.sudo_set_tempo");
		assert!(error.to_string().contains("AdminUtils.sudo_set_tempo"));
		assert!(!error.is_connection());
	}
}
