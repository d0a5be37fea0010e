//! Runtime APIs that clients of the network call by name.

use crate::{
	AlphaBalance, BasketClaimPreview, DelegateInfo, DelegatedStake, HyperparamEntry, LockState, Metagraph, NetUid,
	NeuronInfo, NeuronInfoLite, SimSwapResult, StakeAvailability, StakeInfo, SubnetPrice, TaoBalance, U64F64,
};
use alloc::{collections::BTreeMap, vec::Vec};
use sp_runtime::AccountId32;
use yuma::{EpochOutput, OwnedEpochInput};

sp_api::decl_runtime_apis! {
	/// The neurons of a subnet.
	pub trait NeuronInfoRuntimeApi {
		/// All neurons of a subnet in the order of their uids, with weights and bonds; none where the subnet does not exist.
		fn get_neurons(netuid: NetUid) -> Vec<NeuronInfo>;
		/// One neuron, with weights and bonds.
		fn get_neuron(netuid: NetUid, uid: u16) -> Option<NeuronInfo>;
		/// All neurons of a subnet in the order of their uids; none where the subnet does not exist.
		fn get_neurons_lite(netuid: NetUid) -> Vec<NeuronInfoLite>;
		/// One neuron.
		fn get_neuron_lite(netuid: NetUid, uid: u16) -> Option<NeuronInfoLite>;
	}

	/// The state of a subnet.
	pub trait SubnetInfoRuntimeApi {
		/// Everything about a subnet and its neurons, column by column; `None` where the subnet does not exist.
		fn get_metagraph(netuid: NetUid) -> Option<Metagraph>;
		/// The block at which the next epoch is due; `None` where the subnet has no epochs.
		fn get_next_epoch_start_block(netuid: NetUid) -> Option<u64>;
		/// The subnet that would be dissolved for a new one if there were as many as there may be; `None` where all are
		/// immune.
		fn get_subnet_to_prune() -> Option<NetUid>;
		/// The hyperparameters of a subnet, and what follows from them, by name; `None` where the subnet does not exist.
		fn get_subnet_hyperparams_v3(netuid: NetUid) -> Option<Vec<HyperparamEntry>>;
	}

	/// What a new subnet costs.
	pub trait SubnetRegistrationRuntimeApi {
		/// The cost of registering a subnet now, in rao.
		fn get_network_registration_cost() -> TaoBalance;
	}

	/// Who has staked what.
	pub trait StakeInfoRuntimeApi {
		/// All stake positions of a coldkey.
		fn get_stake_info_for_coldkey(coldkey_account: AccountId32) -> Vec<StakeInfo>;
		/// All stake positions of several coldkeys.
		fn get_stake_info_for_coldkeys(coldkey_accounts: Vec<AccountId32>) -> Vec<(AccountId32, Vec<StakeInfo>)>;
		/// One stake position; `None` where there is no stake.
		fn get_stake_info_for_hotkey_coldkey_netuid(
			hotkey_account: AccountId32,
			coldkey_account: AccountId32,
			netuid: NetUid,
		) -> Option<StakeInfo>;
		/// How much of the stakes of several coldkeys can be taken off, by subnet: those asked for, or else those on which
		/// there is stake. Answers for 256 coldkeys and 129 subnets at most.
		fn get_stake_availability_for_coldkeys(
			coldkey_accounts: Vec<AccountId32>,
			netuids: Option<Vec<NetUid>>,
		) -> BTreeMap<AccountId32, BTreeMap<NetUid, StakeAvailability>>;
		/// What a coldkey has locked on a subnet now. `None`: this chain has no locks yet.
		fn get_coldkey_lock(coldkey: AccountId32, netuid: NetUid) -> Option<LockState>;
		/// What the locks for a hotkey count on a subnet. Zero: this chain has no locks yet.
		fn get_hotkey_conviction(hotkey: AccountId32, netuid: NetUid) -> U64F64;
		/// The hotkey for which the locks of a subnet count most. `None`: this chain has no locks yet.
		fn get_most_convicted_hotkey_on_subnet(netuid: NetUid) -> Option<AccountId32>;
	}

	/// The hotkeys that take stake, and who stakes on them.
	pub trait DelegateInfoRuntimeApi {
		/// The hotkeys with a validator permit or with a take of their own; 1024 at most.
		fn get_delegates() -> Vec<DelegateInfo>;
		/// One such hotkey.
		fn get_delegate(delegate_account: AccountId32) -> Option<DelegateInfo>;
		/// The stakes of a coldkey on the hotkeys of others, with what is known of these: subnet and alpha.
		fn get_delegated(delegatee_account: AccountId32) -> Vec<DelegatedStake>;
	}

	/// What alpha costs, and what a trade would bring.
	pub trait SwapRuntimeApi {
		/// Rao of TAO for one alpha: 1e9 on root, 0 where there is no pool.
		fn current_alpha_price(netuid: NetUid) -> u64;
		/// The price of every subnet's alpha, root's included, in the order of the subnets.
		fn current_alpha_price_all() -> Vec<SubnetPrice>;
		/// What buying alpha for an amount of TAO would do now, without a price limit.
		fn sim_swap_tao_for_alpha(netuid: NetUid, tao: TaoBalance) -> SimSwapResult;
		/// What selling an amount of alpha for TAO would do now, without a price limit.
		fn sim_swap_alpha_for_tao(netuid: NetUid, alpha: AlphaBalance) -> SimSwapResult;
	}

	/// Root dividends. The network keeps them in a fund of each validator, its basket; this chain in pots of alpha, one for
	/// each hotkey and subnet.
	pub trait BetaBasketRuntimeApi {
		/// Rao that a coldkey would get if it claimed all its root dividends now.
		fn get_root_basket_owed(coldkey: AccountId32) -> u64;
		/// Root dividends of a coldkey by hotkey: the hotkey, what their alpha is worth at the present prices, and what
		/// selling it would bring, both in rao of TAO.
		fn get_root_basket_positions(coldkey: AccountId32) -> Vec<(AccountId32, u64, u64)>;
		/// Rao that a coldkey would get if it claimed its root dividends on one hotkey now.
		fn get_basket_payout(hotkey: AccountId32, coldkey: AccountId32) -> u64;
		/// Root dividends on a hotkey that nobody has claimed yet: the subnet, the alpha, and its worth at the present price
		/// in rao of TAO.
		fn get_validator_basket(hotkey: AccountId32) -> Vec<(NetUid, u64, u64)>;
		/// What claiming on one hotkey would do; `None` where there is nothing to claim.
		fn get_basket_claim_preview(hotkey: AccountId32, coldkey: AccountId32) -> Option<BasketClaimPreview>;
		/// What claiming on each hotkey would do.
		fn get_root_basket_claim_previews(coldkey: AccountId32) -> Vec<BasketClaimPreview>;
	}

	/// The chain's own consensus arithmetic, on numbers of the caller's choice.
	///
	/// It reads and writes no storage and runs off chain only: for whoever wants to check a payout, or to know what
	/// other weights would have earned, with the very code that the chain executes.
	pub trait YumaApi {
		/// Computes one epoch.
		///
		/// Every input that decodes is acceptable. Memory grows with the input and with `n` times the number of
		/// mechanisms; the executor bounds it, and a call that asks for more fails without an effect on the chain.
		fn run_epoch(input: OwnedEpochInput) -> EpochOutput;
	}
}
