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

#[cfg(test)]
use crate::mock::{Test, parameters, storage_with};

/// The chain that the benchmarks' tests run on.
#[cfg(test)]
fn new_test_ext() -> sp_io::TestExternalities {
	storage_with(parameters())
}
