//! Bounds of what the chain stores and of what it does in a block.

/// Largest number of neurons of a subnet.
pub const MAX_UIDS_PER_SUBNET: u32 = 1_024;
/// Largest number of subnets, root excluded.
pub const MAX_SUBNETS: u16 = 128;
/// Most hotkeys that a coldkey may own, and most that it may have stake on.
pub const MAX_HOTKEYS_PER_COLDKEY: u32 = 256;
/// Longest symbol of a subnet's token, in bytes.
pub const MAX_SYMBOL_BYTES: u32 = 16;
/// Most epochs in one block; further ones that are due wait for the next block.
pub const MAX_EPOCHS_PER_BLOCK: usize = 2;
/// A second epoch starts only while the first has used less than this part of a block's time.
pub const EPOCH_BUDGET_DIVISOR: u64 = 4;
/// Smallest amount that can be staked, and smallest stake that a withdrawal leaves behind (less is paid
/// out with it), in rao. Keeps the share pools' rounding harmless.
pub const MIN_STAKE: u64 = 500_000;
