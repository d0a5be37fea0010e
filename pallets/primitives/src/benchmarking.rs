//! What the benchmarks of the pallets have in common: a call is dispatched as a block has it, as bytes, and what it is
//! charged is kept beside the time that it takes.
//!
//! Who runs a benchmark measures; what the work is charged only the benchmark knows, because it has the call, or what the
//! step of a block answers. So each benchmark declares it, and [`declared`] tells it after the benchmark has run.

use alloc::vec::Vec;
use codec::{Codec, Encode};
use core::{
	marker::PhantomData,
	sync::atomic::{AtomicU64, Ordering},
};
use frame_support::{
	dispatch::GetDispatchInfo,
	pallet_prelude::{DispatchError, Weight},
	traits::UnfilteredDispatchable,
};

/// Nothing was declared.
const NOTHING: u64 = u64::MAX;

static REF_TIME_PS: AtomicU64 = AtomicU64::new(NOTHING);
static PROOF_BYTES: AtomicU64 = AtomicU64::new(NOTHING);

/// Keeps what the work of this benchmark is charged.
pub fn declare(weight: Weight) {
	REF_TIME_PS.store(weight.ref_time(), Ordering::Relaxed);
	PROOF_BYTES.store(weight.proof_size(), Ordering::Relaxed);
}

/// What was declared last, once.
pub fn declared() -> Option<Weight> {
	let ref_time = REF_TIME_PS.swap(NOTHING, Ordering::Relaxed);
	let proof = PROOF_BYTES.swap(NOTHING, Ordering::Relaxed);
	(ref_time != NOTHING).then(|| Weight::from_parts(ref_time, proof))
}

/// A call as a block has it: bytes that are still to be decoded.
pub struct Measured<Call> {
	bytes: Vec<u8>,
	before: Weight,
	call: PhantomData<Call>,
}

impl<Call: Codec + GetDispatchInfo + UnfilteredDispatchable> Measured<Call> {
	/// Encodes the call.
	pub fn new(call: &Call) -> Self {
		Self {
			bytes: Encode::encode(call),
			before: call.get_dispatch_info().call_weight,
			call: PhantomData,
		}
	}

	/// Decodes the call, dispatches it, and declares what it is charged: what it says after it has run, and else what it
	/// said before.
	///
	/// # Errors
	/// The call's own.
	pub fn dispatch(&self, origin: Call::RuntimeOrigin) -> Result<(), DispatchError> {
		let call = Call::decode(&mut self.bytes.as_slice()).map_err(|_| DispatchError::Corruption)?;
		let done = call.dispatch_bypass_filter(origin).map_err(|refusal| refusal.error)?;
		declare(done.actual_weight.unwrap_or(self.before).min(self.before));
		Ok(())
	}
}
