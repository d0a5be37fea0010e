//! Refuses transactions that would fail before they get into the pool.
//!
//! A transaction that fails in a block costs its sender the fee, or nobody anything where it is free. Some calls are
//! therefore tried on the state of the best block when they reach a node, and the reason of a refusal comes back at once, as
//! the number that clients of the network know. Nothing is tried again in a block.

use crate::{AccountId, Runtime, RuntimeCall, RuntimeOrigin};
use codec::{Decode, DecodeWithMemTracking, Encode};
use frame_support::{
	dispatch::Pays,
	pallet_prelude::{DispatchError, DispatchResult, TransactionSource, Weight},
	storage::{TransactionOutcome, with_transaction},
	traits::{GetCallMetadata, OriginTrait},
};
use pallet_subtensor::Error;
use scale_info::TypeInfo;
use sp_runtime::{
	impl_tx_ext_default,
	traits::{DispatchInfoOf, Dispatchable, TransactionExtension, ValidateResult},
	transaction_validity::InvalidTransaction,
};

/// Calls of SubtensorModule that are tried before they get into the pool: what is free, what neurons send again and again,
/// and what depends on a price.
pub const TRIED: &[&str] = &[
	"pow_register",
	"set_weights",
	"set_mechanism_weights",
	"commit_weights",
	"commit_mechanism_weights",
	"commit_timelocked_weights",
	"commit_timelocked_mechanism_weights",
	"reveal_weights",
	"reveal_mechanism_weights",
	"serve_axon",
	"serve_axon_tls",
	"serve_prometheus",
	"add_stake",
	"add_stake_limit",
	"remove_stake",
	"remove_stake_limit",
	"remove_stake_full_limit",
	"unstake_all",
	"unstake_all_alpha",
	"move_stake",
	"move_stake_limit",
	"swap_stake",
	"swap_stake_limit",
	"transfer_stake",
	"increase_take",
	"decrease_take",
];

/// Bad request: why a free call is refused for a reason without a number of its own.
const OTHER: u8 = 255;

/// The number under which clients know a reason; `None` for one without a number.
#[must_use]
pub fn code(error: &DispatchError) -> Option<u8> {
	let DispatchError::Module(module) = error else {
		return None;
	};
	let error = Error::<Runtime>::decode(&mut &module.error[..]).ok()?;
	Some(match error {
		Error::AmountTooLow => 1,
		Error::NotEnoughBalanceToStake => 2,
		Error::SubnetNotExists => 3,
		Error::HotKeyAccountNotExists => 4,
		Error::NotEnoughStakeToWithdraw => 5,
		Error::SettingWeightsTooFast | Error::TxRateLimitExceeded => 6,
		Error::InsufficientLiquidity => 7,
		Error::SlippageTooHigh => 8,
		Error::TransferDisallowed => 9,
		Error::HotKeyNotRegisteredInNetwork => 10,
		Error::InvalidIpAddress | Error::InvalidIpType => 11,
		Error::ServingRateLimitExceeded => 12,
		Error::InvalidPort => 13,
		Error::ZeroMaxAmount => 14,
		Error::InvalidRevealRound => 15,
		Error::NoWeightsCommitFound => 16,
		Error::RevealTooEarly => 17,
		Error::InputLengthsUnequal | Error::WeightVecNotEqualSize => 18,
		Error::HotKeyNotRegisteredInSubNet => 19,
		Error::NonAssociatedColdKey => 25,
		Error::DelegateTakeTooLow => 26,
		Error::DelegateTakeTooHigh => 27,
		_ => return None,
	})
}

/// Runs a call and takes back what it did.
fn attempt(signer: AccountId, call: &RuntimeCall) -> DispatchResult {
	with_transaction(|| {
		let result = call.clone().dispatch(RuntimeOrigin::signed(signer));
		TransactionOutcome::Rollback(result.map(|_| ()).map_err(|refusal| refusal.error))
	})
}

/// Tries a call before it gets into the pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct RefuseEarly;

impl TransactionExtension<RuntimeCall> for RefuseEarly {
	const IDENTIFIER: &'static str = "RefuseEarly";
	type Implicit = ();
	type Val = ();
	type Pre = ();

	fn weight(&self, _call: &RuntimeCall) -> Weight {
		// Nothing is done in a block.
		Weight::zero()
	}

	fn validate(
		&self,
		origin: RuntimeOrigin,
		call: &RuntimeCall,
		info: &DispatchInfoOf<RuntimeCall>,
		_len: usize,
		_self_implicit: Self::Implicit,
		_inherited_implication: &impl Encode,
		source: TransactionSource,
	) -> ValidateResult<Self::Val, RuntimeCall> {
		let metadata = call.get_call_metadata();
		let tried = metadata.pallet_name == "SubtensorModule" && TRIED.contains(&metadata.function_name);
		let signer = origin
			.as_signer()
			.filter(|_| tried && source != TransactionSource::InBlock);
		if let Some(Err(error)) = signer.map(|signer| attempt(signer.clone(), call)) {
			// A reason without a number tells more as the error of a dispatch; what is free has to be refused here.
			let refusal = code(&error).or((info.pays_fee == Pays::No).then_some(OTHER));
			refusal.map_or(Ok(()), |number| Err(InvalidTransaction::Custom(number)))?;
		}
		Ok((Default::default(), (), origin))
	}

	impl_tx_ext_default!(RuntimeCall; prepare);
}
