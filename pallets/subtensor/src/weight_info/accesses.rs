//! Distinct storage items that the work reads and writes, at most.

/// `set_weights`: who the caller and the owner are, whether the subnet exists, the number of neurons, two columns, the
/// caller's stake here and on root, and seven parameters.
pub const SET_WEIGHTS_READS: u64 = 15;
/// `set_weights`: the row, and when it was set.
pub const SET_WEIGHTS_WRITES: u64 = 2;
/// An epoch: parameters, columns, root's part, and the owner's cut.
pub const EPOCH_READS: u64 = 26;
/// An epoch: columns, when it ran, root's part, and the owner's cut.
pub const EPOCH_WRITES: u64 = 15;
/// Each neuron of an epoch: its pool's alpha, and its TAO on root.
pub const EPOCH_NEURON_READS: u64 = 2;
/// Each validator of an epoch: its weights, its bonds, its take, its pots of root dividends.
pub const EPOCH_VALIDATOR_READS: u64 = 4;
/// Each validator of an epoch: its bonds, its pots of root dividends.
pub const EPOCH_VALIDATOR_WRITES: u64 = 2;
/// Payments: the page, the queue, how far the payout is, what is pending, paid and staked.
pub const PAYOUT_READS: u64 = 7;
/// Payments: the page, the queue, how far the payout is, what is pending, paid and staked.
pub const PAYOUT_WRITES: u64 = 7;
/// Each neuron that is paid: its pool's alpha (which an epoch has read already) and shares.
pub const PAYOUT_PAYMENT_READS: u64 = 2;
/// Each neuron that is paid: its pool's alpha and shares.
pub const PAYOUT_PAYMENT_WRITES: u64 = 2;
/// The start of a block: the issuance, the owner's cut, root's stake, how the emission is shared, what decides whether one
/// more epoch fits, the payouts that are not through, and what registrations on root cost.
pub const BLOCK_READS: u64 = 23;
/// The start of a block: the issuance, and what registrations on root cost.
pub const BLOCK_WRITES: u64 = 5;
/// Each subnet at the start of a block.
pub const BLOCK_SUBNET_READS: u64 = 34;
/// Each subnet at the start of a block.
pub const BLOCK_SUBNET_WRITES: u64 = 24;
/// `burned_register`, the search excluded.
pub const REGISTER_READS: u64 = 40;
/// `burned_register`, the search excluded.
pub const REGISTER_WRITES: u64 = 34;
/// A search: the uids of the owner's hotkeys, and the stakes of root's validators.
pub const SEARCH_READS: u64 = (crate::MAX_HOTKEYS_PER_COLDKEY as u64).saturating_add(crate::MAX_ROOT_VALIDATORS as u64);
/// `add_stake` and `remove_stake`; on root dividends are settled, on other subnets the flow is noted.
pub const STAKE_READS: u64 = 20;
/// `add_stake` and `remove_stake`; on root dividends are settled, on other subnets the flow is noted.
pub const STAKE_WRITES: u64 = 12;
/// `move_stake` and its kin, from one coldkey's hotkey on one subnet to another's on another.
pub const MOVE_READS: u64 = 38;
/// `move_stake` and its kin.
pub const MOVE_WRITES: u64 = 24;
/// `try_associate_hotkey`.
pub const ASSOCIATE_READS: u64 = 5;
/// `try_associate_hotkey`.
pub const ASSOCIATE_WRITES: u64 = 5;
/// `serve_axon` and `serve_axon_tls`.
pub const SERVE_READS: u64 = 5;
/// `serve_axon` and `serve_axon_tls`.
pub const SERVE_WRITES: u64 = 3;
/// `register_network`, on a chain without subnets.
pub const NETWORK_READS: u64 = 40;
/// Each subnet that exists, at `register_network`: whether it does, its symbol, its age and its price.
pub const NETWORK_SUBNET_READS: u64 = 5;
/// `register_network`: the hyperparameters, and what else a subnet consists of.
pub const NETWORK_WRITES: u64 = 57_u64.saturating_add(crate::Hyperparameters::ITEMS as u64);
/// `dissolve_network` and `root_dissolve_network`: the queue, whether the subnet exists, its owner, how many there are, its
/// pool.
pub const DISSOLVE_READS: u64 = 9;
/// `dissolve_network` and `root_dissolve_network`.
pub const DISSOLVE_WRITES: u64 = 8;
/// `start_call`: whether the subnet exists, its owner, its age, and whether it is started.
pub const START_READS: u64 = 6;
/// `start_call`.
pub const START_WRITES: u64 = 3;
/// `set_identity`: what the coldkey owns.
pub const IDENTITY_READS: u64 = 2;
/// `set_identity`, each hotkey: the first membership that is found, and that there is one.
pub const IDENTITY_HOTKEY_READS: u64 = 2;
/// `set_subnet_identity`: whether the subnet exists, and its owner.
pub const SUBNET_IDENTITY_READS: u64 = 3;
/// `update_symbol`, the other subnets' symbols excluded.
pub const SYMBOL_READS: u64 = 4;
/// The start of a block: the clean-up, and the queues before and behind it.
pub const RENEWAL_READS: u64 = 4;
/// The start of a block, where a clean-up goes on: how far it has come, and the queue.
pub const RENEWAL_WRITES: u64 = 2;
/// What is divided, when a clean-up begins: the owner's cut and the books that it changes.
pub const SETTLEMENT_READS: u64 = 12;
/// What is divided, when a clean-up begins.
pub const SETTLEMENT_WRITES: u64 = 8;
/// A holder of alpha: the position, the pool, who owns the hotkey, two accounts, and where else the holder stakes.
pub const CLEANUP_PAYMENT_READS: u64 = 10;
/// A holder of alpha.
pub const CLEANUP_PAYMENT_WRITES: u64 = 6;
/// What is one item a subnet.
pub const RECORDS_READS: u64 = 10;
/// What is one item a subnet: the hyperparameters, each with its rate limit, and what else there is.
pub const RECORDS_WRITES: u64 = 60_u64.saturating_add(2_u64.saturating_mul(crate::Hyperparameters::ITEMS as u64));
/// A claim on root: root's stake and account, the caller's hotkeys, and the threshold.
pub const CLAIM_READS: u64 = 8;
/// A claim on root: root's stake and account, and the caller's hotkeys.
pub const CLAIM_WRITES: u64 = 4;
/// Each hotkey of a claim: its owner, its pots, what is owed, and the caller's stake there on root.
pub const CLAIM_HOTKEY_READS: u64 = 8;
/// Each hotkey of a claim: its pots, what is owed, and the caller's stake there on root.
pub const CLAIM_HOTKEY_WRITES: u64 = 5;
/// Each dividend that is claimed: whether the subnet exists, and since when; its pool, its account, and its alpha.
pub const CLAIM_ROW_READS: u64 = 8;
/// Each dividend that is claimed: the subnet's pool, its account, and its alpha.
pub const CLAIM_ROW_WRITES: u64 = 6;
/// Making a subnet smaller: who is immune, the columns, and when uids changed; neurons and rows excluded.
pub const TRIM_READS: u64 = 24;
/// Making a subnet smaller: the columns, how many are left, and when uids changed.
pub const TRIM_WRITES: u64 = 12;
/// Each neuron that loses its uid, and one that takes its place.
pub const TRIMMED_READS: u64 = 24;
/// Each neuron that loses its uid, and one that takes its place; rows that move are written anew.
pub const TRIMMED_WRITES: u64 = 20;
/// Each row that may name a neuron that is replaced: finding it, and reading it.
pub const REPLACED_ROW_READS: u64 = 2;
