//! The arithmetic of the forward pass on the CPU: one kernel for a single token and for a batch.
//!
//! Every sum runs over [`LANES`] interleaved partial sums in ascending order, which are then folded
//! by halves. That order depends neither on the instruction set (a register of 8 lanes is used
//! twice, one of 16 once), nor on how many rows are computed together, nor on the number of
//! threads. So a logit has the same bits whether a sequence runs alone, in a batch, token by
//! token or in one pass, and on any processor with fused multiply-add.
//!
//! `pulp` picks the instruction set at run time and keeps the intrinsics behind safe functions.

mod attention;
mod matrix;
mod vector;

use std::num::NonZero;
use std::sync::Arc;

use pulp::Arch;

pub(crate) use attention::{Attend, attend};
pub(crate) use matrix::{Aligned, Matrix, Rows, multiply};
pub(crate) use vector::{add_bias, add_to, gate, gelu, layer_norm, rms_norm, softmax};

use crate::InferError;

/// Partial sums of a dot product, and tokens in a block of the key/value cache.
pub(crate) const LANES: usize = 16;

/// The most threads that a model may be given.
pub(crate) const MAX_THREADS: usize = 1_024;

/// Where and with what the arithmetic runs. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Compute {
	pub(crate) arch: Arch,
	/// None: rayon's global pool.
	pool: Option<Arc<rayon::ThreadPool>>,
}

impl Compute {
	/// On `threads` threads of its own, or on rayon's global pool.
	pub(crate) fn new(threads: Option<NonZero<usize>>) -> Result<Self, InferError> {
		let pool = threads.map(|threads| {
			rayon::ThreadPoolBuilder::new()
				.num_threads(threads.get().min(MAX_THREADS))
				.thread_name(|index| format!("infer-{index}"))
				.build()
				.map(Arc::new)
				.map_err(|error| InferError::Backend(format!("cannot start {threads} threads: {error}")))
		});
		Ok(Self {
			arch: Arch::new(),
			pool: pool.transpose()?,
		})
	}

	/// On rayon's global pool.
	pub(crate) fn shared() -> Self {
		Self {
			arch: Arch::new(),
			pool: None,
		}
	}

	/// Threads that share the work.
	pub(crate) fn threads(&self) -> usize {
		match &self.pool {
			Some(pool) => pool.current_num_threads(),
			None => rayon::current_num_threads(),
		}
	}

	/// Runs `work` on the pool, so that the parallel parts in it start without a hand-over.
	pub(crate) fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
		match &self.pool {
			Some(pool) => pool.install(work),
			// `scope` moves the caller onto a worker of the global pool.
			None => rayon::scope(|_| work()),
		}
	}
}
