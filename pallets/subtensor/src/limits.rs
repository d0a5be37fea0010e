//! Bounds of what the chain stores and of what it does in a block.

use sp_runtime::Perbill;

/// Largest number of neurons of a subnet.
pub const MAX_UIDS_PER_SUBNET: u32 = 4_096;
/// Most validator permits that a subnet gives by stake; the owner's may come on top.
pub const MAX_VALIDATORS_PER_SUBNET: u16 = 256;
/// Largest number of subnets, root excluded.
pub const MAX_SUBNETS: u16 = 128;
/// Most validators of root.
pub const MAX_ROOT_VALIDATORS: u16 = 64;
/// Most hotkeys that a coldkey may own, and most that it may have stake on.
pub const MAX_HOTKEYS_PER_COLDKEY: u32 = 256;
/// Number of hotkeys on which a coldkey has stake from which on it cannot be given stake on further ones, so that others
/// cannot use up the room for those of its own choice.
pub const MAX_HOTKEYS_FROM_OTHERS: usize = 128;
/// Most neurons that one call takes uids from, to make a subnet smaller.
pub const MAX_TRIMMED_PER_CALL: u16 = 256;
/// Most positions that one call sells.
pub const MAX_UNSTAKE_ALL_LEGS: usize = 32;
/// Most hotkeys that a runtime API lists.
pub const MAX_DELEGATES: usize = 1_024;
/// Most stakers of a hotkey that a runtime API lists.
pub const MAX_NOMINATORS: usize = 1_024;
/// Most coldkeys that a runtime API answers for at once.
pub const MAX_COLDKEYS_PER_QUERY: usize = 256;
/// Longest symbol of a subnet's token, in bytes.
pub const MAX_SYMBOL_BYTES: u32 = 16;
/// The part of a block's weight that epochs may use. The epoch of the largest subnet fits (the pallet's integrity test
/// checks that), so that no subnet can grow too large for its epochs to run.
pub const EPOCH_SHARE: Perbill = Perbill::from_percent(25);
/// Most miners of a subnet that a block pays; the others that an epoch pays follow in the next blocks. (Validators are all
/// paid in the epoch's block, and an epoch that finds the last one not paid out yet pays what is left of it.)
pub const PAYMENTS_PER_BLOCK: u32 = 64;
/// Most dividends of subnets that one call claims from root.
pub const MAX_ROOT_CLAIM_ROWS: u32 = 128;
/// The most that may be asked of a claim on root, in rao of TAO: more would lock dividends up.
pub const MAX_ROOT_CLAIM_THRESHOLD: u64 = 1_000_000_000;
/// Smallest amount that can be staked, and smallest stake that a withdrawal leaves behind (less is paid
/// out with it), in rao. Keeps the share pools' rounding harmless.
pub const MIN_STAKE: u64 = 500_000;
/// Most weight rows of a hotkey on a subnet that are committed by their hash and not revealed, and most that are sealed.
pub const MAX_UNREVEALED_COMMITS: u32 = 10;
/// Longest sealed weight row, in bytes: some 2,000 weights.
pub const MAX_SEALED_COMMIT_BYTES: u32 = 8_192;
/// Most sealed weight rows of a subnet and an epoch.
pub const MAX_SEALED_COMMITS_PER_EPOCH: u32 = 512;
/// Most epochs of a subnet that have sealed weight rows at once.
pub const MAX_SEALED_EPOCHS_PER_SUBNET: u32 = 8;
/// Most subnets and epochs that have sealed weight rows at once.
pub const MAX_SEALED_EPOCHS: u32 = MAX_SEALED_EPOCHS_PER_SUBNET.saturating_mul(MAX_SUBNETS as u32);
/// Lists of sealed weight rows whose rounds a node looks up, the earliest first; of others it knows the earliest round.
pub const MAX_LISTS_LOOKED_UP: usize = 8;
/// Most sealed weight rows that a block opens; the others follow in the next blocks.
pub const OPENED_PER_BLOCK: u32 = 16;
/// Most subnets of a batch of weights, and most reveals of a batch.
pub const MAX_BATCH: u32 = 64;
/// The part of a block's weight that cleaning up dissolved subnets may use (the pallet's integrity test checks that each
/// step fits).
pub const CLEANUP_SHARE: Perbill = Perbill::from_percent(5);
/// Most registrations of subnets that wait for a dissolved one to be cleaned up.
pub const MAX_QUEUED_REGISTRATIONS: u32 = 16;
