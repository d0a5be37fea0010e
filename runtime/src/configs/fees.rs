//! Transaction fees: what they cost and who pays them.
//!
//! Neurons sign with their hotkey, which usually holds no TAO. For the calls that a neuron makes on its
//! own behalf the fee is therefore taken from the coldkey that owns the hotkey, as Bittensor's users
//! expect. Fees are burnt, which lets the emission schedule mint them again.

use crate::{AccountId, Balance, Balances, Runtime, RuntimeCall};
use frame_support::{
	traits::GetCallMetadata,
	weights::{ConstantMultiplier, Weight, WeightToFee},
};
use ganglion_primitives::RAO_PER_TAO;
use pallet_subtensor::Owner;
use pallet_transaction_payment::{FungibleAdapter, OnChargeTransaction, TxCreditHold};
use sp_runtime::{
	traits::{DispatchInfoOf, PostDispatchInfoOf},
	transaction_validity::TransactionValidityError,
};

/// What neurons sign on their own behalf: pallet and call.
pub const COLDKEY_PAYS: &[(&str, &str)] = &[
	("SubtensorModule", "set_weights"),
	("SubtensorModule", "set_mechanism_weights"),
	("SubtensorModule", "batch_set_weights"),
	("SubtensorModule", "commit_weights"),
	("SubtensorModule", "commit_mechanism_weights"),
	("SubtensorModule", "batch_commit_weights"),
	("SubtensorModule", "commit_timelocked_weights"),
	("SubtensorModule", "commit_timelocked_mechanism_weights"),
	("SubtensorModule", "reveal_weights"),
	("SubtensorModule", "reveal_mechanism_weights"),
	("SubtensorModule", "batch_reveal_weights"),
	("SubtensorModule", "serve_axon"),
	("SubtensorModule", "serve_axon_tls"),
	("SubtensorModule", "serve_prometheus"),
	("Commitments", "set_commitment"),
];

/// The largest fee that a hotkey's coldkey pays, in rao: 0.05 TAO, several times that of the largest weight row.
pub const MOST_FOR_COLDKEY: Balance = RAO_PER_TAO / 20;

/// Picoseconds of computation that cost one rao.
const REF_TIME_PER_RAO: u64 = 1_000;

/// One rao for each nanosecond of weight: about 0.0001 TAO for the smallest transaction.
pub struct RefTimeToRao;

impl WeightToFee for RefTimeToRao {
	type Balance = Balance;

	fn weight_to_fee(weight: &Weight) -> Balance {
		weight.ref_time() / REF_TIME_PER_RAO
	}
}

/// A hundred rao for each byte.
pub type LengthToRao = ConstantMultiplier<Balance, frame_support::traits::ConstU64<100>>;

/// Where fees are taken from an account and burnt.
type Charge = FungibleAdapter<Balances, ()>;

/// Charges the owning coldkey for what a hotkey signs as a neuron, and the signer for the rest.
pub struct ColdkeyPays;

impl ColdkeyPays {
	/// The account that pays a fee, tip included, for `call` signed by `signer`.
	///
	/// A tip is the signer's own wish, and a large call may be, too: neither is ever charged to the coldkey, so that a
	/// stolen hotkey burns little of its coldkey's TAO.
	fn payer(signer: &AccountId, call: &RuntimeCall, fee: Balance, tip: Balance) -> AccountId {
		let metadata = call.get_call_metadata();
		let by_hotkey = COLDKEY_PAYS.contains(&(metadata.pallet_name, metadata.function_name));
		if by_hotkey && tip == 0 && fee <= MOST_FOR_COLDKEY {
			Owner::<Runtime>::try_get(signer).unwrap_or_else(|()| signer.clone())
		} else {
			signer.clone()
		}
	}
}

impl TxCreditHold<Runtime> for ColdkeyPays {
	type Credit = <Charge as TxCreditHold<Runtime>>::Credit;
}

impl OnChargeTransaction<Runtime> for ColdkeyPays {
	type Balance = Balance;
	/// Who paid, where a fee was taken, and the tip.
	type LiquidityInfo = (
		Option<AccountId>,
		<Charge as OnChargeTransaction<Runtime>>::LiquidityInfo,
	);

	fn withdraw_fee(
		who: &AccountId,
		call: &RuntimeCall,
		info: &DispatchInfoOf<RuntimeCall>,
		fee_with_tip: Balance,
		tip: Balance,
	) -> Result<Self::LiquidityInfo, TransactionValidityError> {
		let payer = Self::payer(who, call, fee_with_tip, tip);
		let credit = <Charge as OnChargeTransaction<Runtime>>::withdraw_fee(&payer, call, info, fee_with_tip, tip)?;
		Ok((Some(payer), credit))
	}

	fn can_withdraw_fee(
		who: &AccountId,
		call: &RuntimeCall,
		info: &DispatchInfoOf<RuntimeCall>,
		fee_with_tip: Balance,
		tip: Balance,
	) -> Result<(), TransactionValidityError> {
		<Charge as OnChargeTransaction<Runtime>>::can_withdraw_fee(
			&Self::payer(who, call, fee_with_tip, tip),
			call,
			info,
			fee_with_tip,
			tip,
		)
	}

	fn correct_and_deposit_fee(
		who: &AccountId,
		info: &DispatchInfoOf<RuntimeCall>,
		post_info: &PostDispatchInfoOf<RuntimeCall>,
		corrected_fee_with_tip: Balance,
		tip: Balance,
		(payer, credit): Self::LiquidityInfo,
	) -> Result<(), TransactionValidityError> {
		<Charge as OnChargeTransaction<Runtime>>::correct_and_deposit_fee(
			payer.as_ref().unwrap_or(who),
			info,
			post_info,
			corrected_fee_with_tip,
			tip,
			credit,
		)
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn endow_account(who: &AccountId, amount: Balance) {
		<Charge as OnChargeTransaction<Runtime>>::endow_account(who, amount);
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn minimum_balance() -> Balance {
		<Charge as OnChargeTransaction<Runtime>>::minimum_balance()
	}
}

#[cfg(feature = "runtime-benchmarks")]
impl pallet_transaction_payment::BenchmarkConfig for Runtime {}
