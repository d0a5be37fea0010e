//! Taking uids from the neurons that a subnet has no more room for.

use crate::{MAX_TRIMMED_PER_CALL, WeightInfo, pallet::*, rows::RowsOf};
use alloc::{collections::BTreeMap, vec::Vec};
use frame_support::{
	ensure,
	pallet_prelude::{DispatchError, Weight},
	storage::IterableStorageDoubleMap,
};
use ganglion_primitives::{MechanismIndex, NetUid};
use yuma::Entry;

/// What becomes of the uids that a trim touches.
struct Renumbering {
	/// How many uids are left.
	n: u16,
	/// Whose neurons go.
	removed: Vec<u16>,
	/// `(from, to)`: neurons with uids that are no longer there, and the places of removed ones that they take.
	moved: Vec<(u16, u16)>,
	/// The new uid of each neuron that keeps none or another one; `None` for those that go.
	changes: BTreeMap<u16, Option<u16>>,
}

impl Renumbering {
	/// Plans for a subnet of `n` neurons without the `removed` ones.
	fn plan(n: u16, removed: Vec<u16>) -> Self {
		let left = n.saturating_sub(u16::try_from(removed.len()).unwrap_or(u16::MAX));
		let mut changes: BTreeMap<u16, Option<u16>> = removed.iter().map(|uid| (*uid, None)).collect();
		let movers = (left..n).filter(|uid| !changes.contains_key(uid));
		// As many neurons stand behind the last place as there are holes before it.
		let holes = changes.keys().copied().filter(|uid| *uid < left);
		let moved: Vec<(u16, u16)> = movers.zip(holes).collect();
		changes.extend(moved.iter().map(|(from, to)| (*from, Some(*to))));
		Self {
			n: left,
			removed,
			moved,
			changes,
		}
	}

	/// The new uid of a neuron; `None` if it goes.
	fn of(&self, uid: u16) -> Option<u16> {
		self.changes.get(&uid).copied().unwrap_or(Some(uid))
	}

	/// A row under the new uids, in their order.
	fn row(&self, row: &[Entry]) -> Vec<Entry> {
		let mut kept: Vec<Entry> = row
			.iter()
			.filter_map(|(uid, value)| Some((self.of(*uid)?, *value)))
			.collect();
		kept.sort_unstable_by_key(|(uid, _)| *uid);
		kept
	}

	/// Puts the values of a column where their neurons are now.
	fn column<Value: Copy>(&self, column: &mut Column<Value>) {
		for (from, to) in &self.moved {
			let value = column.get(usize::from(*from)).copied();
			if let (Some(value), Some(place)) = (value, column.get_mut(usize::from(*to))) {
				*place = value;
			}
		}
		column.truncate(usize::from(self.n));
	}

	/// Puts all rows of a mechanism where their neurons are now. Rows that say nothing any more go.
	fn rows<Rows>(&self, index: MechanismIndex)
	where
		Rows: IterableStorageDoubleMap<MechanismIndex, u16, SparseRow>,
	{
		let authors: Vec<u16> = Rows::iter_key_prefix(index).collect();
		let mut stored = RowsOf::<Rows>::new(index);
		let loaded = authors.into_iter().map(|uid| (uid, stored.load(uid)));
		// All are read before the first is written: a row may move to where another was.
		let rows: Vec<(u16, Vec<Entry>)> = loaded.collect();
		for (uid, _) in rows.iter().filter(|(uid, _)| self.of(*uid) != Some(*uid)) {
			stored.remove(*uid);
		}
		for (uid, row) in rows {
			let Some(author) = self.of(uid) else { continue };
			let kept = self.row(&row);
			if kept.is_empty() {
				stored.remove(author);
			} else if author != uid || kept != row {
				stored.store(author, &kept);
			}
		}
	}
}

impl<T: Config> Pallet<T> {
	/// Takes the uids from those neurons of a subnet that would be replaced first, until at most `most` are left; never from
	/// immune ones. Neurons with uids from `most` on take the places that became free, with all that is known about
	/// them. Returns how many uids there were and how many went, so that the caller can charge for them.
	///
	/// # Errors
	/// [`Error::TooManyNeuronsToTrim`] beyond [`MAX_TRIMMED_PER_CALL`], and
	/// [`Error::TrimmingWouldExceedMaxImmunePercentage`] where too many neurons are immune.
	pub fn trim_neurons(netuid: NetUid, most: u16) -> Result<(u32, u32), DispatchError> {
		let n = SubnetworkN::<T>::get(netuid);
		let excess = n.saturating_sub(most);
		if excess == 0 {
			return Ok((0, 0));
		}
		ensure!(excess <= MAX_TRIMMED_PER_CALL, Error::<T>::TooManyNeuronsToTrim);
		let mut candidates = Self::prunable_neurons(netuid);
		let excess = usize::from(excess);
		ensure!(
			candidates.len() >= excess,
			Error::<T>::TrimmingWouldExceedMaxImmunePercentage
		);
		candidates.sort_unstable();
		let removed = candidates.into_iter().take(excess).map(|rank| rank.uid).collect();
		let renumbering = Renumbering::plan(n, removed);
		for uid in &renumbering.removed {
			let hotkey = Keys::<T>::take(netuid, uid).ok_or(Error::<T>::HotKeyNotRegisteredInSubNet)?;
			Self::forget_neuron(netuid, &hotkey);
			Self::deposit_event(Event::NeuronTrimmed(netuid, *uid, hotkey));
		}
		Self::renumber(netuid, &renumbering)?;
		UidsRenumberedAt::<T>::insert(netuid, Self::block_number());
		let removed = u32::try_from(renumbering.removed.len()).unwrap_or(u32::MAX);
		Ok((u32::from(n), removed))
	}

	/// The weight of [`Pallet::trim_neurons`] on a subnet of `n` neurons of which `trimmed` go.
	#[must_use]
	pub fn trim_weight(n: u32, trimmed: u32) -> Weight {
		T::WeightInfo::trim_neurons(n, trimmed)
	}

	fn renumber(netuid: NetUid, renumbering: &Renumbering) -> Result<(), DispatchError> {
		let index = MechanismIndex::main(netuid);
		Hotkeys::<T>::mutate(netuid, |column| {
			for (from, to) in &renumbering.moved {
				column.as_mut().swap(usize::from(*from), usize::from(*to));
			}
			column.truncate(usize::from(renumbering.n));
		});
		Active::<T>::mutate(netuid, |column| renumbering.column(column));
		Consensus::<T>::mutate(netuid, |column| renumbering.column(column));
		Incentive::<T>::mutate(index, |column| renumbering.column(column));
		Dividends::<T>::mutate(netuid, |column| renumbering.column(column));
		ValidatorTrust::<T>::mutate(netuid, |column| renumbering.column(column));
		ValidatorPermit::<T>::mutate(netuid, |column| renumbering.column(column));
		Emission::<T>::mutate(netuid, |column| renumbering.column(column));
		LastUpdate::<T>::mutate(index, |column| renumbering.column(column));
		BlockAtRegistration::<T>::mutate(netuid, |column| renumbering.column(column));
		renumbering.rows::<Weights<T>>(index);
		renumbering.rows::<Bonds<T>>(index);
		for uid in &renumbering.removed {
			RevealedCommitBlock::<T>::remove(index, uid);
		}
		for (from, to) in &renumbering.moved {
			let hotkey = Keys::<T>::take(netuid, from).ok_or(Error::<T>::HotKeyNotRegisteredInSubNet)?;
			Uids::<T>::insert(netuid, &hotkey, to);
			Keys::<T>::insert(netuid, to, &hotkey);
			RevealedCommitBlock::<T>::swap(index, from, index, to);
			Self::deposit_event(Event::NeuronRenumbered(netuid, *from, *to, hotkey));
		}
		SubnetworkN::<T>::insert(netuid, renumbering.n);
		Ok(())
	}
}
