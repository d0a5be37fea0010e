//! The runtime APIs that nodes and clients call.

use crate::{
	AccountId, Aura, Balance, Block, Executive, Grandpa, InherentDataExt, Nonce, Runtime, RuntimeCall,
	RuntimeGenesisConfig, SessionKeys, SubtensorModule, Swap, System, TransactionPayment, VERSION, genesis,
};
use alloc::{collections::BTreeMap, vec::Vec};
use frame_support::{
	genesis_builder_helper::{build_state, get_preset},
	weights::Weight,
};
use ganglion_primitives::{
	AlphaBalance, BasketClaimPreview, DelegateInfo, DelegatedStake, HyperparamEntry, LockState, Metagraph, NetUid,
	NeuronInfo, NeuronInfoLite, SimSwapResult, StakeAvailability, StakeInfo, SubnetPrice, TaoBalance, U64F64, apis,
};
use pallet_transaction_payment::{FeeDetails, RuntimeDispatchInfo};
use sp_api::impl_runtime_apis;
use sp_consensus_aura::sr25519::AuthorityId as AuraId;
use sp_consensus_grandpa::AuthorityId as GrandpaId;
use sp_core::{OpaqueMetadata, crypto::KeyTypeId};
use sp_runtime::{
	ApplyExtrinsicResult, ExtrinsicInclusionMode,
	traits::{Block as BlockT, NumberFor},
	transaction_validity::{TransactionSource, TransactionValidity},
};
use sp_session::OpaqueGeneratedSessionKeys;
use sp_version::RuntimeVersion;
use yuma::{EpochOutput, OwnedEpochInput, Workspace};

impl_runtime_apis! {
	impl sp_api::Core<Block> for Runtime {
		fn version() -> RuntimeVersion {
			VERSION
		}

		fn execute_block(block: <Block as BlockT>::LazyBlock) {
			Executive::execute_block(block);
		}

		fn initialize_block(header: &<Block as BlockT>::Header) -> ExtrinsicInclusionMode {
			Executive::initialize_block(header)
		}
	}

	impl sp_api::Metadata<Block> for Runtime {
		fn metadata() -> OpaqueMetadata {
			OpaqueMetadata::new(Runtime::metadata().into())
		}

		fn metadata_at_version(version: u32) -> Option<OpaqueMetadata> {
			Runtime::metadata_at_version(version)
		}

		fn metadata_versions() -> Vec<u32> {
			Runtime::metadata_versions()
		}
	}

	impl sp_block_builder::BlockBuilder<Block> for Runtime {
		fn apply_extrinsic(extrinsic: <Block as BlockT>::Extrinsic) -> ApplyExtrinsicResult {
			Executive::apply_extrinsic(extrinsic)
		}

		fn finalize_block() -> <Block as BlockT>::Header {
			Executive::finalize_block()
		}

		fn inherent_extrinsics(
			data: sp_inherents::InherentData,
		) -> Vec<<Block as BlockT>::Extrinsic> {
			data.create_extrinsics()
		}

		fn check_inherents(
			block: <Block as BlockT>::LazyBlock,
			data: sp_inherents::InherentData,
		) -> sp_inherents::CheckInherentsResult {
			data.check_extrinsics(&block)
		}
	}

	impl sp_transaction_pool::runtime_api::TaggedTransactionQueue<Block> for Runtime {
		fn validate_transaction(
			source: TransactionSource,
			transaction: <Block as BlockT>::Extrinsic,
			block_hash: <Block as BlockT>::Hash,
		) -> TransactionValidity {
			Executive::validate_transaction(source, transaction, block_hash)
		}
	}

	impl sp_offchain::OffchainWorkerApi<Block> for Runtime {
		fn offchain_worker(header: &<Block as BlockT>::Header) {
			Executive::offchain_worker(header)
		}
	}

	impl sp_consensus_aura::AuraApi<Block, AuraId> for Runtime {
		fn slot_duration() -> sp_consensus_aura::SlotDuration {
			sp_consensus_aura::SlotDuration::from_millis(Aura::slot_duration())
		}

		fn authorities() -> Vec<AuraId> {
			pallet_aura::Authorities::<Runtime>::get().into_inner()
		}
	}

	impl sp_session::SessionKeys<Block> for Runtime {
		fn generate_session_keys(
			owner: Vec<u8>,
			seed: Option<Vec<u8>>,
		) -> OpaqueGeneratedSessionKeys {
			SessionKeys::generate(&owner, seed).into()
		}

		fn decode_session_keys(encoded: Vec<u8>) -> Option<Vec<(Vec<u8>, KeyTypeId)>> {
			SessionKeys::decode_into_raw_public_keys(&encoded)
		}
	}

	impl sp_consensus_grandpa::GrandpaApi<Block> for Runtime {
		fn grandpa_authorities() -> sp_consensus_grandpa::AuthorityList {
			Grandpa::grandpa_authorities()
		}

		fn current_set_id() -> sp_consensus_grandpa::SetId {
			Grandpa::current_set_id()
		}

		// The authorities are fixed at genesis and nothing is at stake: there is nobody to slash.
		fn submit_report_equivocation_unsigned_extrinsic(
			_equivocation_proof: sp_consensus_grandpa::EquivocationProof<
				<Block as BlockT>::Hash,
				NumberFor<Block>,
			>,
			_key_owner_proof: sp_consensus_grandpa::OpaqueKeyOwnershipProof,
		) -> Option<()> {
			None
		}

		fn generate_key_ownership_proof(
			_set_id: sp_consensus_grandpa::SetId,
			_authority_id: GrandpaId,
		) -> Option<sp_consensus_grandpa::OpaqueKeyOwnershipProof> {
			None
		}
	}

	impl frame_system_rpc_runtime_api::AccountNonceApi<Block, AccountId, Nonce> for Runtime {
		fn account_nonce(account: AccountId) -> Nonce {
			System::account_nonce(account)
		}
	}

	impl pallet_transaction_payment_rpc_runtime_api::TransactionPaymentApi<Block, Balance>
		for Runtime
	{
		fn query_info(
			uxt: <Block as BlockT>::Extrinsic,
			len: u32,
		) -> RuntimeDispatchInfo<Balance> {
			TransactionPayment::query_info(uxt, len)
		}

		fn query_fee_details(uxt: <Block as BlockT>::Extrinsic, len: u32) -> FeeDetails<Balance> {
			TransactionPayment::query_fee_details(uxt, len)
		}

		fn query_weight_to_fee(weight: Weight) -> Balance {
			TransactionPayment::weight_to_fee(weight)
		}

		fn query_length_to_fee(length: u32) -> Balance {
			TransactionPayment::length_to_fee(length)
		}
	}

	impl pallet_transaction_payment_rpc_runtime_api::TransactionPaymentCallApi<
		Block, Balance, RuntimeCall,
	> for Runtime
	{
		fn query_call_info(call: RuntimeCall, len: u32) -> RuntimeDispatchInfo<Balance> {
			TransactionPayment::query_call_info(call, len)
		}

		fn query_call_fee_details(call: RuntimeCall, len: u32) -> FeeDetails<Balance> {
			TransactionPayment::query_call_fee_details(call, len)
		}

		fn query_weight_to_fee(weight: Weight) -> Balance {
			TransactionPayment::weight_to_fee(weight)
		}

		fn query_length_to_fee(length: u32) -> Balance {
			TransactionPayment::length_to_fee(length)
		}
	}

	impl apis::NeuronInfoRuntimeApi<Block> for Runtime {
		fn get_neurons(netuid: NetUid) -> Vec<NeuronInfo> {
			SubtensorModule::get_neurons(netuid)
		}

		fn get_neuron(netuid: NetUid, uid: u16) -> Option<NeuronInfo> {
			SubtensorModule::get_neuron(netuid, uid)
		}

		fn get_neurons_lite(netuid: NetUid) -> Vec<NeuronInfoLite> {
			SubtensorModule::get_neurons_lite(netuid)
		}

		fn get_neuron_lite(netuid: NetUid, uid: u16) -> Option<NeuronInfoLite> {
			SubtensorModule::get_neuron_lite(netuid, uid)
		}
	}

	impl apis::SubnetInfoRuntimeApi<Block> for Runtime {
		fn get_metagraph(netuid: NetUid) -> Option<Metagraph> {
			SubtensorModule::get_metagraph(netuid)
		}

		fn get_next_epoch_start_block(netuid: NetUid) -> Option<u64> {
			SubtensorModule::next_epoch_block(netuid)
		}

		fn get_subnet_to_prune() -> Option<NetUid> {
			SubtensorModule::subnet_to_prune()
		}

		fn get_subnet_hyperparams_v3(netuid: NetUid) -> Option<Vec<HyperparamEntry>> {
			SubtensorModule::get_subnet_hyperparams_v3(netuid)
		}
	}

	impl apis::SubnetRegistrationRuntimeApi<Block> for Runtime {
		fn get_network_registration_cost() -> TaoBalance {
			SubtensorModule::network_registration_cost()
		}
	}

	impl apis::StakeInfoRuntimeApi<Block> for Runtime {
		fn get_stake_info_for_coldkey(coldkey_account: AccountId) -> Vec<StakeInfo> {
			SubtensorModule::get_stake_info_for_coldkey(&coldkey_account)
		}

		fn get_stake_info_for_coldkeys(coldkey_accounts: Vec<AccountId>) -> Vec<(AccountId, Vec<StakeInfo>)> {
			SubtensorModule::get_stake_info_for_coldkeys(coldkey_accounts)
		}

		fn get_stake_info_for_hotkey_coldkey_netuid(
			hotkey_account: AccountId,
			coldkey_account: AccountId,
			netuid: NetUid,
		) -> Option<StakeInfo> {
			SubtensorModule::get_stake_info(&hotkey_account, &coldkey_account, netuid)
		}

		fn get_stake_availability_for_coldkeys(
			coldkey_accounts: Vec<AccountId>,
			netuids: Option<Vec<NetUid>>,
		) -> BTreeMap<AccountId, BTreeMap<NetUid, StakeAvailability>> {
			SubtensorModule::get_stake_availability_for_coldkeys(coldkey_accounts, netuids)
		}

		fn get_coldkey_lock(coldkey: AccountId, netuid: NetUid) -> Option<LockState> {
			SubtensorModule::get_coldkey_lock(&coldkey, netuid)
		}

		fn get_hotkey_conviction(hotkey: AccountId, netuid: NetUid) -> U64F64 {
			SubtensorModule::get_hotkey_conviction(&hotkey, netuid)
		}

		fn get_most_convicted_hotkey_on_subnet(netuid: NetUid) -> Option<AccountId> {
			SubtensorModule::get_most_convicted_hotkey_on_subnet(netuid)
		}
	}

	impl apis::DelegateInfoRuntimeApi<Block> for Runtime {
		fn get_delegates() -> Vec<DelegateInfo> {
			SubtensorModule::get_delegates()
		}

		fn get_delegate(delegate_account: AccountId) -> Option<DelegateInfo> {
			SubtensorModule::get_delegate(&delegate_account)
		}

		fn get_delegated(delegatee_account: AccountId) -> Vec<DelegatedStake> {
			SubtensorModule::get_delegated(&delegatee_account)
		}
	}

	impl apis::SwapRuntimeApi<Block> for Runtime {
		fn current_alpha_price(netuid: NetUid) -> u64 {
			Swap::current_alpha_price(netuid)
		}

		fn current_alpha_price_all() -> Vec<SubnetPrice> {
			Swap::alpha_prices(core::iter::once(NetUid::ROOT).chain(SubtensorModule::subnets()))
		}

		fn sim_swap_tao_for_alpha(netuid: NetUid, tao: TaoBalance) -> SimSwapResult {
			Swap::sim_swap_tao_for_alpha(netuid, tao)
		}

		fn sim_swap_alpha_for_tao(netuid: NetUid, alpha: AlphaBalance) -> SimSwapResult {
			Swap::sim_swap_alpha_for_tao(netuid, alpha)
		}
	}

	impl apis::BetaBasketRuntimeApi<Block> for Runtime {
		fn get_root_basket_owed(coldkey: AccountId) -> u64 {
			SubtensorModule::get_root_basket_owed(&coldkey)
		}

		fn get_root_basket_positions(coldkey: AccountId) -> Vec<(AccountId, u64, u64)> {
			SubtensorModule::get_root_basket_positions(&coldkey)
		}

		fn get_basket_payout(hotkey: AccountId, coldkey: AccountId) -> u64 {
			SubtensorModule::get_basket_payout(&hotkey, &coldkey)
		}

		fn get_validator_basket(hotkey: AccountId) -> Vec<(NetUid, u64, u64)> {
			SubtensorModule::get_validator_basket(&hotkey)
		}

		fn get_basket_claim_preview(hotkey: AccountId, coldkey: AccountId) -> Option<BasketClaimPreview> {
			SubtensorModule::get_basket_claim_preview(&hotkey, &coldkey)
		}

		fn get_root_basket_claim_previews(coldkey: AccountId) -> Vec<BasketClaimPreview> {
			SubtensorModule::get_root_basket_claim_previews(&coldkey)
		}
	}

	impl apis::YumaApi<Block> for Runtime {
		fn run_epoch(input: OwnedEpochInput) -> EpochOutput {
			let mut output = EpochOutput::default();
			input.run(&mut Workspace::default(), &mut output);
			output
		}
	}

	#[cfg(feature = "runtime-benchmarks")]
	impl frame_benchmarking::Benchmark<Block> for Runtime {
		fn benchmark_metadata(
			extra: bool,
		) -> (Vec<frame_benchmarking::BenchmarkList>, Vec<frame_support::traits::StorageInfo>) {
			crate::benchmarks::metadata(extra)
		}

		fn dispatch_benchmark(
			config: frame_benchmarking::BenchmarkConfig,
		) -> Result<Vec<frame_benchmarking::BenchmarkBatch>, alloc::string::String> {
			crate::benchmarks::dispatch(config)
		}
	}

	#[cfg(feature = "runtime-benchmarks")]
	impl crate::benchmarks::MeasuredWeights<Block> for Runtime {
		fn measure(
			config: frame_benchmarking::BenchmarkConfig,
		) -> Result<(Vec<frame_benchmarking::BenchmarkBatch>, Option<Weight>), alloc::string::String> {
			crate::benchmarks::measure(config)
		}
	}

	impl sp_genesis_builder::GenesisBuilder<Block> for Runtime {
		fn build_state(config: Vec<u8>) -> sp_genesis_builder::Result {
			build_state::<RuntimeGenesisConfig>(config)
		}

		fn get_preset(id: &Option<sp_genesis_builder::PresetId>) -> Option<Vec<u8>> {
			get_preset::<RuntimeGenesisConfig>(id, genesis::preset)
		}

		fn preset_names() -> Vec<sp_genesis_builder::PresetId> {
			genesis::preset_names()
		}
	}
}
