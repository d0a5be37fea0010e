//! The invariants of payouts that are not through; [`super`] lists them.

use crate::pallet::*;
use alloc::{collections::BTreeSet, vec::Vec};
use frame_support::ensure;
use ganglion_primitives::{AlphaBalance, NetUid};
use sp_runtime::TryRuntimeError;

/// Checks invariant 17.
pub(super) fn check<T: Config>() -> Result<(), TryRuntimeError> {
	let queue = OpenPayouts::<T>::get();
	let queued: BTreeSet<NetUid> = queue.iter().copied().collect();
	ensure!(queued.len() == queue.len(), "17: a payout is queued twice");
	let open: BTreeSet<NetUid> = UnpaidEmission::<T>::iter_keys().collect();
	ensure!(queued == open, "17: OpenPayouts does not list the open payouts");
	ensure!(
		UnpaidPayments::<T>::iter_keys().all(|(netuid, _)| open.contains(&netuid)),
		"17: payments are put aside without a payout"
	);
	for (netuid, payout) in UnpaidEmission::<T>::iter() {
		ensure!(payout.rest() > 0, "17: an open payout is through");
		check_pages::<T>(netuid, &payout)?;
	}
	Ok(())
}

fn check_pages<T: Config>(netuid: NetUid, payout: &crate::Payout) -> Result<(), TryRuntimeError> {
	let mut pages: Vec<u16> = UnpaidPayments::<T>::iter_key_prefix(netuid).collect();
	pages.sort_unstable();
	ensure!(
		pages.iter().copied().eq(payout.next_page..payout.pages),
		"17: a payout has other pages than it says"
	);
	let mut miners = AlphaBalance::ZERO;
	let mut validators = AlphaBalance::ZERO;
	for page in pages {
		let page = UnpaidPayments::<T>::get(netuid, page);
		ensure!(!page.is_empty(), "17: a page without payments is stored");
		for payment in page {
			miners = miners.saturating_add(payment.server);
			validators = validators.saturating_add(payment.of_validator());
		}
	}
	ensure!(
		miners.saturating_add(validators) <= payout.unpaid(),
		"17: more is put aside than the epoch left unpaid"
	);
	ensure!(
		miners <= PendingServerEmission::<T>::get(netuid),
		"17: what is put aside for miners is not pending"
	);
	ensure!(
		validators <= PendingValidatorEmission::<T>::get(netuid),
		"17: what is put aside for validators is not pending"
	);
	Ok(())
}
