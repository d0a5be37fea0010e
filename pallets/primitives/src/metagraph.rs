//! The record of a subnet with all its neurons. Field names, their order and their types are those that clients of the
//! network decode.

use crate::{AlphaBalance, AxonInfo, ChainIdentityV2, I96F32, NetUid, SubnetIdentityV3, TaoBalance};
use alloc::vec::Vec;
use codec::{Compact, Decode, DecodeWithMemTracking, Encode};
use scale_info::TypeInfo;
use sp_runtime::AccountId32;

/// A subnet and its neurons, column by column.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct Metagraph {
	/// Subnet.
	pub netuid: Compact<NetUid>,
	/// Name (UTF-8 bytes); the symbol where there is no identity.
	pub name: Vec<Compact<u8>>,
	/// Token symbol (UTF-8 bytes).
	pub symbol: Vec<Compact<u8>>,
	/// What the owner says about the subnet.
	pub identity: Option<SubnetIdentityV3>,
	/// Block of the registration.
	pub network_registered_at: Compact<u64>,
	/// The owner's hotkey.
	pub owner_hotkey: AccountId32,
	/// The owner's coldkey.
	pub owner_coldkey: AccountId32,
	/// Block that this record describes.
	pub block: Compact<u64>,
	/// Blocks between epochs; 0 = no epochs.
	pub tempo: Compact<u16>,
	/// Block of the last epoch.
	pub last_step: Compact<u64>,
	/// Blocks since the last epoch.
	pub blocks_since_last_step: Compact<u64>,
	/// TAO emitted for the subnet in the last block, in rao.
	pub subnet_emission: Compact<u64>,
	/// Alpha in the pool; zero while there is no pool.
	pub alpha_in: Compact<AlphaBalance>,
	/// Alpha staked or pending.
	pub alpha_out: Compact<AlphaBalance>,
	/// TAO in the subnet's account.
	pub tao_in: Compact<TaoBalance>,
	/// Alpha emitted per block.
	pub alpha_out_emission: Compact<AlphaBalance>,
	/// Alpha that goes to the pool per block.
	pub alpha_in_emission: Compact<AlphaBalance>,
	/// TAO that goes to the subnet per block.
	pub tao_in_emission: Compact<TaoBalance>,
	/// Alpha waiting for the next epoch, owner cut excluded.
	pub pending_alpha_emission: Compact<AlphaBalance>,
	/// TAO waiting for root stakers.
	pub pending_root_emission: Compact<TaoBalance>,
	/// Traded volume; zero while there is no pool.
	pub subnet_volume: Compact<u128>,
	/// Moving price of alpha in TAO.
	pub moving_price: I96F32,
	/// Hyperparameter.
	pub rho: Compact<u16>,
	/// Majority ratio, of 65535.
	pub kappa: Compact<u16>,
	/// Fewest destinations of a weight vector.
	pub min_allowed_weights: Compact<u16>,
	/// Largest share of one weight, of 65535.
	pub max_weights_limit: Compact<u16>,
	/// Version key that weight vectors must carry at least.
	pub weights_version: Compact<u64>,
	/// Blocks between two weight vectors of one validator.
	pub weights_rate_limit: Compact<u64>,
	/// Blocks after which a silent validator counts as inactive.
	pub activity_cutoff: Compact<u64>,
	/// Number of validator permits.
	pub max_validators: Compact<u16>,
	/// Number of neurons.
	pub num_uids: Compact<u16>,
	/// Largest number of neurons.
	pub max_uids: Compact<u16>,
	/// Cost of a registration.
	pub burn: Compact<TaoBalance>,
	/// Proof-of-work difficulty; zero, as there is no such registration.
	pub difficulty: Compact<u64>,
	/// Whether neurons may register.
	pub registration_allowed: bool,
	/// Whether neurons may register by proof of work.
	pub pow_registration_allowed: bool,
	/// Blocks during which a new neuron is not replaced.
	pub immunity_period: Compact<u16>,
	/// See `difficulty`.
	pub min_difficulty: Compact<u64>,
	/// See `difficulty`.
	pub max_difficulty: Compact<u64>,
	/// Smallest cost of a registration.
	pub min_burn: Compact<TaoBalance>,
	/// Largest cost of a registration.
	pub max_burn: Compact<TaoBalance>,
	/// Not used; zero.
	pub adjustment_alpha: Compact<u64>,
	/// Not used; zero.
	pub adjustment_interval: Compact<u16>,
	/// Not used; zero.
	pub target_regs_per_interval: Compact<u16>,
	/// Registrations per block.
	pub max_regs_per_block: Compact<u16>,
	/// Blocks between two publications of an axon.
	pub serving_rate_limit: Compact<u64>,
	/// Whether weights have to be committed first.
	pub commit_reveal_weights_enabled: bool,
	/// Epochs between commit and reveal.
	pub commit_reveal_period: Compact<u64>,
	/// Whether bonds follow liquid alpha.
	pub liquid_alpha_enabled: bool,
	/// Liquid alpha, upper bound, of 65535.
	pub alpha_high: Compact<u16>,
	/// Liquid alpha, lower bound, of 65535.
	pub alpha_low: Compact<u16>,
	/// Share of the old bond that is kept, per million.
	pub bonds_moving_avg: Compact<u64>,
	/// Hotkeys by uid.
	pub hotkeys: Vec<AccountId32>,
	/// Owners by uid.
	pub coldkeys: Vec<AccountId32>,
	/// Identities by uid.
	pub identities: Vec<Option<ChainIdentityV2>>,
	/// Axons by uid.
	pub axons: Vec<AxonInfo>,
	/// Activity by uid.
	pub active: Vec<bool>,
	/// Permits by uid.
	pub validator_permit: Vec<bool>,
	/// Pruning scores by uid.
	pub pruning_score: Vec<Compact<u16>>,
	/// Blocks of the last weights by uid.
	pub last_update: Vec<Compact<u64>>,
	/// Alpha of the last epoch by uid.
	pub emission: Vec<Compact<AlphaBalance>>,
	/// Dividends by uid, of 65535.
	pub dividends: Vec<Compact<u16>>,
	/// Incentives by uid, of 65535.
	pub incentives: Vec<Compact<u16>>,
	/// Consensus by uid, of 65535.
	pub consensus: Vec<Compact<u16>>,
	/// Validator trust by uid, of 65535.
	pub trust: Vec<Compact<u16>>,
	/// Not computed any more; zeros.
	pub rank: Vec<Compact<u16>>,
	/// Blocks of registration by uid.
	pub block_at_registration: Vec<Compact<u64>>,
	/// Stake on the hotkey by uid.
	pub alpha_stake: Vec<Compact<AlphaBalance>>,
	/// Root stake on the hotkey by uid.
	pub tao_stake: Vec<Compact<TaoBalance>>,
	/// Stake by uid as consensus weighs it.
	pub total_stake: Vec<Compact<TaoBalance>>,
	/// Root dividends of the last epoch; empty.
	pub tao_dividends_per_hotkey: Vec<(AccountId32, Compact<TaoBalance>)>,
	/// Dividends of the last epoch by hotkey; empty: `emission` has them by uid.
	pub alpha_dividends_per_hotkey: Vec<(AccountId32, Compact<AlphaBalance>)>,
	/// Collateral by uid; zeros.
	pub collateral_locked: Vec<Compact<AlphaBalance>>,
	/// Collateral by uid; zeros.
	pub collateral_min: Vec<Compact<AlphaBalance>>,
	/// Collateral by uid; zeros.
	pub collateral_earned: Vec<Compact<AlphaBalance>>,
}
