//! Opens timelocked fields when their rounds have come. A round that is late delays them; nothing is lost.

use crate::{
	CommitmentOf, Config, Data, Error, Event, MAX_REVEALED, OPENED_PER_BLOCK, Opened, Pallet, RevealedCommitments,
	Rounds, Waiting,
};
use alloc::vec::Vec;
use frame_support::{pallet_prelude::DispatchResult, traits::Get, weights::Weight};
use ganglion_primitives::{
	AccountId32, Beacon, BeaconSignature, NeededRounds, NetUid,
	beacon::{OPEN_REF_TIME_PS, is_out_of_reach},
};

/// Looking whether a round has come, in picoseconds: 1.7 µs were measured, and there is half as much again to spare.
const LOOK_UP_PS: u64 = 2_500_000;

impl<T: Config> Pallet<T> {
	/// Enters a commitment as one that waits for a round.
	pub(crate) fn wait_for(round: u64, netuid: NetUid, hotkey: &AccountId32) -> DispatchResult {
		Waiting::<T>::try_mutate(round, |waiting| {
			let entry = (netuid, hotkey.clone());
			if waiting.contains(&entry) {
				return Ok(());
			}
			waiting
				.try_push(entry)
				.map_err(|_| Error::<T>::TooManyTimelockedCommitments)
		})?;
		Rounds::<T>::try_mutate(|rounds| {
			if let Err(position) = rounds.binary_search(&round) {
				rounds
					.try_insert(position, round)
					.map_err(|_| Error::<T>::TooManyTimelockedCommitments)?;
			}
			Ok(())
		})
	}

	/// Takes a neuron's commitment out of what waits; for when it is replaced or goes.
	pub(crate) fn stop_waiting(netuid: NetUid, hotkey: &AccountId32) {
		let Some(registration) = CommitmentOf::<T>::get(netuid, hotkey) else {
			return;
		};
		for round in registration.info.rounds() {
			let mut waiting = Waiting::<T>::get(round);
			waiting.retain(|entry| *entry != (netuid, hotkey.clone()));
			if waiting.is_empty() {
				Waiting::<T>::remove(round);
				Rounds::<T>::mutate(|rounds| rounds.retain(|other| *other != round));
			} else {
				Waiting::<T>::insert(round, waiting);
			}
		}
	}

	/// Opens commitments whose rounds have come, at most [`OPENED_PER_BLOCK`], the earliest rounds first.
	pub(crate) fn open_due() -> Weight {
		let mut rounds = Rounds::<T>::get();
		let database = T::DbWeight::get();
		let latest = T::Beacon::latest_round();
		let looked_up = u64::try_from(rounds.len()).unwrap_or(u64::MAX).saturating_add(2);
		let mut weight = database.reads(looked_up);
		weight = weight.saturating_add(Weight::from_parts(LOOK_UP_PS.saturating_mul(looked_up), 0));
		let mut room = OPENED_PER_BLOCK;
		let known = rounds.len();
		rounds.retain(|round| {
			if room == 0 {
				return true;
			}
			// What waits for a round of a beacon that the chain does not follow any more goes; the empty key opens nothing.
			let stale = || is_out_of_reach(latest, *round).then(BeaconSignature::new);
			let Some(signature) = T::Beacon::signature(*round).or_else(stale) else {
				return true;
			};
			let mut waiting = Waiting::<T>::get(round);
			let count = usize::try_from(room).unwrap_or(usize::MAX).min(waiting.len());
			for (netuid, hotkey) in waiting.drain(..count) {
				Self::open(netuid, &hotkey, *round, &signature);
				let open = OPEN_REF_TIME_PS.saturating_mul(u64::from(crate::MAX_FIELDS));
				weight = weight
					.saturating_add(Weight::from_parts(open, 64 * 1_024))
					.saturating_add(database.reads_writes(3, 3));
			}
			room = room.saturating_sub(u32::try_from(count).unwrap_or(u32::MAX));
			let left = !waiting.is_empty();
			if left {
				Waiting::<T>::insert(round, waiting);
			} else {
				Waiting::<T>::remove(round);
			}
			left
		});
		if rounds.len() != known {
			Rounds::<T>::put(rounds);
			weight = weight.saturating_add(database.writes(1));
		}
		weight
	}

	/// Opens the fields of a commitment that wait for this round. Where the neuron has published something else since then,
	/// or lost its uid, there is nothing to open.
	fn open(netuid: NetUid, hotkey: &AccountId32, round: u64, signature: &[u8]) {
		let Some(mut registration) = CommitmentOf::<T>::get(netuid, hotkey) else {
			return;
		};
		let block = u64::from(registration.block);
		let mut opened: Vec<Option<Opened>> = Vec::new();
		registration.info.fields.retain(|field| match field {
			Data::TimelockEncrypted {
				encrypted,
				reveal_round,
			} if *reveal_round == round => {
				let plain = T::Beacon::open(encrypted, signature).ok();
				opened.push(plain.and_then(|plain| Opened::try_from(plain).ok()));
				false
			}
			_ => true,
		});
		if opened.is_empty() {
			return;
		}
		if registration.info.fields.is_empty() {
			CommitmentOf::<T>::remove(netuid, hotkey);
		} else {
			CommitmentOf::<T>::insert(netuid, hotkey, registration);
		}
		for plain in opened {
			let who = hotkey.clone();
			let Some(plain) = plain else {
				Self::deposit_event(Event::CommitmentUnreadable { netuid, who });
				continue;
			};
			RevealedCommitments::<T>::mutate(netuid, hotkey, |revealed| {
				let revealed = revealed.get_or_insert_default();
				if revealed.len() >= usize::try_from(MAX_REVEALED).unwrap_or(usize::MAX) {
					revealed.remove(0);
				}
				revealed.force_push((plain, block));
			});
			Self::deposit_event(Event::CommitmentRevealed { netuid, who });
		}
	}

	/// Checks that commitments that wait are found by their rounds, and that no list is empty.
	///
	/// # Errors
	/// Names what does not hold.
	pub fn do_try_state() -> Result<(), &'static str> {
		use frame_support::ensure;
		let rounds = Rounds::<T>::get();
		ensure!(rounds.is_sorted(), "the rounds are not in order");
		let lists: Vec<(u64, usize)> = Waiting::<T>::iter().map(|(round, list)| (round, list.len())).collect();
		ensure!(lists.len() == rounds.len(), "a round has no list, or a list no round");
		for (round, length) in lists {
			ensure!(rounds.contains(&round), "a list has no round");
			ensure!(length > 0, "nobody waits for a round");
		}
		for (netuid, hotkey, registration) in CommitmentOf::<T>::iter() {
			let entry = (netuid, hotkey);
			for round in registration.info.rounds() {
				ensure!(
					Waiting::<T>::get(round).contains(&entry),
					"a timelocked commitment does not wait for its round"
				);
			}
		}
		Ok(())
	}
}

/// The rounds that commitments wait for.
impl<T: Config> NeededRounds for Pallet<T> {
	fn rounds(limit: u32) -> Vec<u64> {
		let limit = usize::try_from(limit).unwrap_or(usize::MAX);
		Rounds::<T>::get().into_iter().take(limit).collect()
	}
}
