//! The time that the runtime's benchmarks see.
//!
//! The stock host function reads the wall's clock, in which everything else that the machine does counts. Ours, of the
//! same name, reads how long this thread has used a processor.

#![expect(
	unexpected_cfgs,
	unreachable_pub,
	dead_code,
	reason = "what the macro makes: the runtime's side of the interface too, which nobody here calls"
)]

use rustix::time::{ClockId, clock_gettime};
use sp_runtime_interface::pass_by::AllocateAndReturnPointer;
use sp_runtime_interface::runtime_interface;

/// Takes the place of the stock interface of the same name.
#[runtime_interface]
pub(crate) trait Benchmarking {
	/// Nanoseconds of processor time that this thread has used, as a little-endian `u128`.
	fn current_time() -> AllocateAndReturnPointer<[u8; 16], 16> {
		let time = clock_gettime(ClockId::ThreadCPUTime);
		let nanoseconds = i128::from(time.tv_sec) * 1_000_000_000 + i128::from(time.tv_nsec);
		nanoseconds.to_le_bytes()
	}
}
