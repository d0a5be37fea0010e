//! The randomness beacon, and how its off-chain worker makes transactions.

use crate::{Runtime, RuntimeCall, TxExtension, UncheckedExtrinsic};
use frame_support::traits::ConstU64;
use frame_system::offchain::{CreateAuthorizedTransaction, CreateTransaction, CreateTransactionBase};
use sp_runtime::transaction_validity::TransactionPriority;

/// How far a beacon's pulses go before transactions with a tip: commits wait for them.
const PULSE_PRIORITY: TransactionPriority = TransactionPriority::MAX / 2;
/// How long a node waits for the beacon, in milliseconds.
const BEACON_TIMEOUT_MS: u64 = 5_000;

impl pallet_drand::Config for Runtime {
	type NeededRounds = super::commitments::AllRounds;
	type WeightInfo = pallet_drand::PalletWeight<Runtime>;
	type UnsignedPriority = ConstU64<PULSE_PRIORITY>;
	type HttpFetchTimeout = ConstU64<BEACON_TIMEOUT_MS>;
}

impl<LocalCall> CreateTransactionBase<LocalCall> for Runtime
where
	RuntimeCall: From<LocalCall>,
{
	type Extrinsic = UncheckedExtrinsic;
	type RuntimeCall = RuntimeCall;
}

impl<LocalCall> CreateTransaction<LocalCall> for Runtime
where
	RuntimeCall: From<LocalCall>,
{
	type Extension = TxExtension;

	fn create_transaction(call: RuntimeCall, extension: TxExtension) -> UncheckedExtrinsic {
		UncheckedExtrinsic::new_transaction(call, extension)
	}
}

impl<LocalCall> CreateAuthorizedTransaction<LocalCall> for Runtime
where
	RuntimeCall: From<LocalCall>,
{
	fn create_extension() -> TxExtension {
		crate::extension(0, 0)
	}
}
