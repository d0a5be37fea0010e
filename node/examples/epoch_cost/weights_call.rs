//! The time of `set_weights`.

use std::error::Error;

use codec::{Decode, Encode};
use ganglion_runtime::{RuntimeCall, System, UncheckedExtrinsic};
use sp_runtime::{ApplyExtrinsicResult, generic::SignedPayload};

use crate::subnet::{Algorithm, NETUID, Size, Subnet, signer, weight_row};
use crate::wasm::{Changes, Runtime, Time, state};

/// The uid that signs.
const UID: u16 = 1;
/// A full row of a subnet of the usual size.
const SIZE: Size = Size::same(257, 64, 256);

/// Prints the times of a transaction that sets a full row, and of one that does nothing.
pub(crate) fn print(runtime: &Runtime, repetitions: usize) -> Result<(), Box<dyn Error>> {
	let mut subnet = Subnet::build(SIZE)?;
	subnet.settle(Algorithm::Yuma2)?;
	let (dests, weights) = weight_row(UID, SIZE).into_iter().unzip();
	let set_weights = RuntimeCall::SubtensorModule(pallet_subtensor::Call::set_weights {
		netuid: NETUID,
		dests,
		weights,
		version_key: 0,
	});
	// The neuron pays for neither itself, so that both go the same way through the fees.
	let none = RuntimeCall::SubtensorModule(pallet_subtensor::Call::set_weights {
		netuid: NETUID,
		dests: Vec::new(),
		weights: Vec::new(),
		version_key: 0,
	});
	let (full, changed) = apply(runtime, &mut subnet, set_weights, true, repetitions)?;
	let (empty, _) = apply(runtime, &mut subnet, none, false, repetitions)?;
	println!(
		"\nA transaction with a row of {}: {full} ms, signature, fees and all, {changed} storage items written; \
		one with an empty row, which is refused: {empty} ms.",
		SIZE.row
	);
	Ok(())
}

/// The time of a signed transaction in Wasm, and the number of storage items that it writes.
fn apply(
	runtime: &Runtime,
	subnet: &mut Subnet,
	call: RuntimeCall,
	succeeds: bool,
	repetitions: usize,
) -> Result<(Time, usize), Box<dyn Error>> {
	let transaction = subnet.externalities.execute_with(|| sign(call))?.encode();
	let header = subnet.header();
	let state = state(subnet, None);
	let mut times = Vec::new();
	let mut written = 0;
	for _ in 0..repetitions {
		let mut changes = Changes::default();
		runtime.begin_block(&state, &mut changes, &header, false)?;
		let before = changes.changes().count();
		let (answer, time) = runtime.call(&state, &mut changes, "BlockBuilder_apply_extrinsic", &transaction)?;
		written = changes.changes().count() - before;
		let outcome = ApplyExtrinsicResult::decode(&mut &answer[..])?
			.map_err(|error| format!("the transaction is invalid: {error:?}"))?;
		if outcome.is_ok() != succeeds {
			return Err(format!("the transaction ended in {outcome:?}").into());
		}
		times.push(time);
	}
	Ok((Time::of(times), written))
}

fn sign(call: RuntimeCall) -> Result<UncheckedExtrinsic, String> {
	let extension = ganglion_runtime::extension(System::account_nonce(signer().to_account_id()), 0);
	let payload = SignedPayload::new(call, extension).map_err(|error| format!("the payload is invalid: {error:?}"))?;
	let signature = payload.using_encoded(|bytes| signer().sign(bytes));
	let (call, extension, _) = payload.deconstruct();
	let account = signer().to_account_id();
	Ok(UncheckedExtrinsic::new_signed(
		call,
		account.into(),
		signature.into(),
		extension,
	))
}
