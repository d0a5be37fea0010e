//! Benchmarks of the calls and of what a block does, each at the worst case that the bounds permit.
//!
//! A benchmark declares what its work is charged ([`ganglion_primitives::benchmarking`]), so that whoever runs it can
//! compare. The macro derives one list of benchmarks from a type, so that each domain has a type of its own.
//!
//! | module | what |
//! | --- | --- |
//! | `world` | a chain, subnets, neurons, stake |
//! | [`weights`] | weights set, committed to and revealed |
//! | [`sealed`] | weights that are sealed until a round: committed to, and opened by a block |
//! | [`staking`] | stake added, removed and burned |
//! | [`moves`] | stake moved |
//! | [`registration`] | neurons registered, and where they serve |
//! | [`subnets`] | subnets registered, started, dissolved and described |
//! | [`root`] | dividends claimed, takes |
//! | [`blocks`] | the start of a block, epochs, payouts |
//! | [`cleanup`] | what a block does for a subnet that is dissolved |

#![allow(
	clippy::arithmetic_side_effects,
	clippy::indexing_slicing,
	clippy::unwrap_used,
	clippy::expect_used,
	reason = "what benchmarks set up never runs on a chain"
)]

pub mod blocks;
pub mod cleanup;
pub mod moves;
pub mod registration;
pub mod root;
pub mod sealed;
pub mod staking;
pub mod subnets;
pub mod weights;
mod world;

use crate::{MAX_VALIDATORS_PER_SUBNET, pallet::Config};
use ganglion_primitives::{AccountId32, NetUid};

/// A neuron of the largest subnet, to which every validator has a bond: what the benchmarks of other pallets need.
pub fn neuron_with_bonds<T: Config>() -> (NetUid, AccountId32) {
	world::chain::<T>();
	let netuid = world::largest_subnet::<T>();
	world::bond_rows::<T>(netuid, MAX_VALIDATORS_PER_SUBNET, world::MOST_UIDS);
	(netuid, world::hotkey(1))
}

/// A subnet and its owner, who changes of its rules are limited for.
pub fn owned_subnet<T: Config>() -> (NetUid, AccountId32) {
	world::chain::<T>();
	let netuid = world::subnet::<T>();
	(netuid, world::owner(netuid))
}

#[cfg(test)]
use crate::mock::{parameters, storage_with};

/// The chain that the benchmarks' tests run on.
#[cfg(test)]
fn new_test_ext() -> sp_io::TestExternalities {
	storage_with(parameters())
}
