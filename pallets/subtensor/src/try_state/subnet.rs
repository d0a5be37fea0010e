//! The invariants of one subnet; [`super`] lists them.

use crate::{Hyperparameters, MAX_VALIDATORS_PER_SUBNET, pallet::*};
use alloc::{collections::BTreeSet, vec::Vec};
use frame_support::{ensure, traits::fungible::Inspect};
use ganglion_primitives::{AlphaBalance, MechanismIndex, NetUid, SubnetPools};
use sp_runtime::TryRuntimeError;

type Check = Result<(), TryRuntimeError>;

/// Checks invariants 1 to 11.
pub(super) fn check<T: Config>(netuid: NetUid) -> Check {
	money::<T>(netuid)?;
	neurons::<T>(netuid)?;
	columns::<T>(netuid)?;
	rows::<T>(netuid)?;
	serving::<T>(netuid)?;
	let hotkey = SubnetOwnerHotkey::<T>::get(netuid);
	ensure!(
		Pallet::<T>::owner_uid(netuid).is_some(),
		"10: the owner's hotkey holds no uid"
	);
	ensure!(
		Owner::<T>::get(hotkey) == SubnetOwner::<T>::get(netuid),
		"10: the owner's hotkey belongs to somebody else"
	);
	ensure!(
		Hyperparameters::load::<T>(netuid).validate().is_ok(),
		"11: a hyperparameter is out of bounds"
	);
	Ok(())
}

/// Checks invariants 5 and 6 for root.
pub(super) fn check_root<T: Config>() -> Check {
	neurons::<T>(NetUid::ROOT)?;
	columns::<T>(NetUid::ROOT)
}

fn money<T: Config>(netuid: NetUid) -> Check {
	let pending: AlphaBalance = [
		PendingServerEmission::<T>::get(netuid),
		PendingValidatorEmission::<T>::get(netuid),
		PendingRootAlphaDivs::<T>::get(netuid),
		PendingOwnerCut::<T>::get(netuid),
	]
	.into_iter()
	.sum();
	let alpha_out = SubnetAlphaOut::<T>::get(netuid);
	let staked = TotalAlphaStaked::<T>::get(netuid);
	let balance = T::Currency::balance(&Pallet::<T>::subnet_account(netuid));
	let aside = T::Pools::set_aside(netuid).tao;
	let pooled = T::Pools::reserves(netuid).unwrap_or_default().tao.saturating_add(aside);
	let owed = pooled.get().saturating_add(T::Currency::minimum_balance());
	ensure!(
		balance >= owed,
		"1: the subnet's account does not hold the TAO of its pool"
	);
	let held: AlphaBalance = [
		staked,
		pending,
		RootClaimableAlpha::<T>::get(netuid),
		SubnetAlphaBurned::<T>::get(netuid),
		SubnetProtocolAlpha::<T>::get(netuid),
	]
	.into_iter()
	.sum();
	ensure!(
		alpha_out == held,
		"2: alpha outside the pool is not staked, pending, claimable, burned or the protocol's"
	);
	let totals = SubnetEmissionTotals::<T>::get(netuid);
	let paid = [
		totals.paid_miners,
		totals.paid_validators,
		totals.paid_owner,
		totals.paid_root,
	];
	let accounted: AlphaBalance = paid.into_iter().sum();
	let accounted = accounted.saturating_add(pending);
	ensure!(totals.emitted == accounted, "3: alpha emitted is not paid plus pending");
	share_pools::<T>(netuid)
}

/// Checks invariant 4.
pub(super) fn share_pools<T: Config>(netuid: NetUid) -> Check {
	let pools: AlphaBalance = TotalHotkeyAlpha::<T>::iter()
		.filter(|(_, subnet, _)| *subnet == netuid)
		.map(|(.., alpha)| alpha)
		.sum();
	ensure!(
		TotalAlphaStaked::<T>::get(netuid) == pools,
		"4: alpha staked is not the sum of the share pools"
	);
	Ok(())
}

fn neurons<T: Config>(netuid: NetUid) -> Check {
	let n = usize::from(SubnetworkN::<T>::get(netuid));
	let keys: Vec<_> = Keys::<T>::iter_prefix(netuid).collect();
	ensure!(keys.len() == n, "5: Keys does not have one hotkey per uid");
	ensure!(
		Uids::<T>::iter_prefix(netuid).count() == n,
		"5: Uids does not have one entry per uid"
	);
	let column = Hotkeys::<T>::get(netuid);
	ensure!(column.len() == n, "5: Hotkeys does not have one hotkey per uid");
	for (uid, hotkey) in keys {
		ensure!(
			column.get(usize::from(uid)) == Some(&hotkey),
			"5: Hotkeys has another hotkey than Keys"
		);
		ensure!(usize::from(uid) < n, "5: Keys has a uid beyond the subnet's size");
		ensure!(
			Uids::<T>::get(netuid, &hotkey) == Some(uid),
			"5: Uids is not the inverse of Keys"
		);
		ensure!(
			IsNetworkMember::<T>::get(&hotkey, netuid),
			"5: a neuron is no network member"
		);
		ensure!(Owner::<T>::contains_key(&hotkey), "13: a neuron has no owner");
	}
	let members = IsNetworkMember::<T>::iter()
		.filter(|(_, subnet, member)| *subnet == netuid && *member)
		.count();
	ensure!(members == n, "5: a network member holds no uid");
	Ok(())
}

fn columns<T: Config>(netuid: NetUid) -> Check {
	let n = usize::from(SubnetworkN::<T>::get(netuid));
	let index = MechanismIndex::main(netuid);
	let permits = ValidatorPermit::<T>::get(netuid);
	let lengths = [
		Active::<T>::get(netuid).len(),
		Consensus::<T>::get(netuid).len(),
		Incentive::<T>::get(index).len(),
		Dividends::<T>::get(netuid).len(),
		ValidatorTrust::<T>::get(netuid).len(),
		permits.len(),
		Emission::<T>::get(netuid).len(),
		LastUpdate::<T>::get(index).len(),
		BlockAtRegistration::<T>::get(netuid).len(),
	];
	ensure!(
		lengths.iter().all(|length| *length == n),
		"6: a column does not have one value per uid"
	);
	let given = permits.iter().filter(|permit| **permit).count();
	let allowed = usize::from(MAX_VALIDATORS_PER_SUBNET).saturating_add(1);
	ensure!(given <= allowed, "7: too many permits");
	Ok(())
}

fn rows<T: Config>(netuid: NetUid) -> Check {
	let n = SubnetworkN::<T>::get(netuid);
	let index = MechanismIndex::main(netuid);
	for (uid, row) in Weights::<T>::iter_prefix(index) {
		check_row(uid, &row, n)?;
		ensure!(row.iter().all(|(_, weight)| *weight > 0), "8: a weight is zero");
		ensure!(row.is_sorted(), "8: weights are not in the order of the uids");
	}
	let permits = ValidatorPermit::<T>::get(netuid);
	for (uid, row) in Bonds::<T>::iter_prefix(index) {
		check_row(uid, &row, n)?;
		ensure!(
			permits.get(usize::from(uid)) == Some(&true),
			"8: bonds belong to a uid without a permit"
		);
	}
	Ok(())
}

fn check_row(uid: u16, row: &[(u16, u16)], n: u16) -> Check {
	ensure!(uid < n, "8: a row belongs to no uid");
	ensure!(!row.is_empty(), "8: an empty row is stored");
	ensure!(
		row.iter().all(|(destination, _)| *destination < n),
		"8: a row names no uid"
	);
	let distinct: BTreeSet<u16> = row.iter().map(|(destination, _)| *destination).collect();
	ensure!(distinct.len() == row.len(), "8: a row names a uid twice");
	Ok(())
}

fn serving<T: Config>(netuid: NetUid) -> Check {
	let mut serving = Axons::<T>::iter_key_prefix(netuid)
		.chain(NeuronCertificates::<T>::iter_key_prefix(netuid))
		.chain(Prometheus::<T>::iter_key_prefix(netuid));
	ensure!(
		serving.all(|hotkey| Uids::<T>::contains_key(netuid, hotkey)),
		"9: an axon, a certificate or a metrics address belongs to a hotkey without a uid"
	);
	Ok(())
}
