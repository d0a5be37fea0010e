//! Bonds: what each validator's faith in a miner has grown to, and the dividends it earns by it.
//!
//! Column by column, new bonds take the places of the pairs that they come from: first the average of old and new, as
//! soon as the consensus about the miner is known, later the shares in the column that the miner's incentive is paid by.

use core::cell::Cell;
use core::hint::cold_path;

use crate::fixed::Fixed;
use crate::liquid_alpha::{Pace, Scratch};
use crate::pair::Pair;
use crate::share::{self, ONE, Total, Whole, product, product_below_one, product_with_proportion};
use crate::types::{Entry, Parameters};
use crate::validators::{Account, Standings};
use crate::weights::{Penalty, apply_part, clip, clip_beside};

/// What `bonds_moving_average` is a share of.
const MOVING_AVERAGE_SCALE: u64 = 1_000_000;

/// How the bonds of an epoch are computed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
	pub(crate) penalty: Penalty,
	/// The share of the old bond in the average.
	kept: u64,
	/// The share of what is new.
	new: u64,
	is_yuma3: bool,
	/// Liquid alpha, which only ever has an effect in Yuma 3.
	pub(crate) pace: Option<Pace>,
	/// Whether any share of stake or either share in the average is one.
	has_ones: bool,
}

impl Rules {
	pub(crate) fn new(parameters: &Parameters, has_whole_stake: bool) -> Self {
		let kept = parameters.bonds_moving_average.min(MOVING_AVERAGE_SCALE);
		let kept = share::from_fixed(Fixed::ratio(kept, u128::from(MOVING_AVERAGE_SCALE)));
		Self {
			penalty: Penalty::new(parameters.bonds_penalty),
			kept,
			new: ONE.wrapping_sub(kept),
			is_yuma3: parameters.yuma3,
			pace: parameters.liquid_alpha.filter(|_| parameters.yuma3).map(Pace::new),
			has_ones: has_whole_stake || kept == 0 || kept == ONE,
		}
	}

	/// `new · value + kept · bond`, each product cut. Without `ONES` neither share is one.
	#[inline(always)]
	fn average<const ONES: bool>(&self, value: u64, bond: u64) -> u64 {
		if ONES {
			product::<true>(self.new, value).wrapping_add(product::<true>(self.kept, bond))
		} else {
			product_below_one(value, self.new).wrapping_add(product_below_one(bond, self.kept))
		}
	}
}

/// The new bonds in one miner: their sum, and in Yuma 2 the largest.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct NewBonds {
	sum: u64,
	most: u64,
}

impl NewBonds {
	/// Puts a new bond in the place of its pair.
	#[inline(always)]
	fn put(&mut self, pair: &Cell<Pair>, bond: u64) {
		pair.set(pair.get().with_new_bond(bond));
		self.sum = self.sum.wrapping_add(bond);
	}
}

/// A column of pairs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column<'a> {
	pub(crate) pairs: &'a [Cell<Pair>],
	/// Whether there is a pair for each validator.
	pub(crate) is_full: bool,
	/// Whether any weight may be one.
	pub(crate) has_one: bool,
	/// Whether bonds in the miner are void, because its uid has changed hands.
	pub(crate) is_void: bool,
	pub(crate) consensus: u64,
}

impl Column<'_> {
	/// The bonds of a column whose uid has changed hands are masked out.
	const fn bond_mask(&self) -> u16 {
		if self.is_void { 0 } else { u16::MAX }
	}
}

/// Clips the weights of a column, and brings its bonds up to date where liquid alpha does not have to wait for the consensus
/// about everybody. Returns the rank of the miner, and the bonds.
pub(crate) fn begin(
	rules: &Rules,
	column: Column<'_>,
	standings: &mut Standings,
	scratch: &mut Scratch,
) -> (u64, NewBonds) {
	if column.pairs.is_empty() {
		return (0, NewBonds::default());
	}
	if rules.has_ones || column.has_one {
		begin_among::<true>(rules, column, standings, scratch)
	} else {
		begin_among::<false>(rules, column, standings, scratch)
	}
}

#[inline(never)]
fn begin_among<const ONES: bool>(
	rules: &Rules,
	column: Column<'_>,
	standings: &mut Standings,
	scratch: &mut Scratch,
) -> (u64, NewBonds) {
	let Column {
		pairs,
		is_full,
		consensus,
		..
	} = column;
	if rules.pace.is_some() {
		let rank = clip::<ONES>(is_full, pairs, consensus, standings, |_, _, _| ());
		return (rank, NewBonds::default());
	}
	// A loop for each penalty: the choice must not be made for each pair.
	match rules.penalty {
		Penalty::None => average::<ONES>(rules, column, standings, scratch, |weight, _| weight),
		Penalty::Full => average::<ONES>(rules, column, standings, scratch, |_, clipped| clipped),
		Penalty::Part(penalty) => average::<ONES>(rules, column, standings, scratch, |weight, clipped| {
			apply_part(penalty, weight, clipped)
		}),
	}
}

#[inline(always)]
fn average<const ONES: bool>(
	rules: &Rules,
	column: Column<'_>,
	standings: &mut Standings,
	scratch: &mut Scratch,
	follow: impl Fn(u64, u64) -> u64,
) -> (u64, NewBonds) {
	if rules.is_yuma3 {
		average_weights::<ONES>(rules, column, standings, follow)
	} else {
		average_shares::<ONES>(rules, column, standings, scratch, follow)
	}
}

/// Yuma 3: bonds follow the weights themselves; stake comes in where the dividends are paid.
#[inline(always)]
fn average_weights<const ONES: bool>(
	rules: &Rules,
	column: Column<'_>,
	standings: &mut Standings,
	follow: impl Fn(u64, u64) -> u64,
) -> (u64, NewBonds) {
	let mut bonds = NewBonds::default();
	let mask = column.bond_mask();
	let rank = clip::<ONES>(
		column.is_full,
		column.pairs,
		column.consensus,
		standings,
		|cell, clipped, _| {
			let pair = cell.get();
			let followed = follow(pair.weight_among::<ONES>(), clipped);
			let new = product::<ONES>(rules.new, followed);
			let kept = product_with_proportion::<ONES>(rules.kept, pair.bond_twice(mask));
			bonds.put(cell, new.wrapping_add(kept));
		},
	);
	(rank, bonds)
}

/// Yuma 2: bonds are shares of a column that stake buys.
#[inline(always)]
fn average_shares<const ONES: bool>(
	rules: &Rules,
	column: Column<'_>,
	standings: &mut Standings,
	scratch: &mut Scratch,
	follow: impl Fn(u64, u64) -> u64,
) -> (u64, NewBonds) {
	let (mut bought, mut held) = (0_u64, 0_u64);
	let mask = column.bond_mask();
	let pairs = column.pairs;
	let values = &mut scratch.values;
	values.resize(pairs.len(), 0);
	let rank = clip_beside::<ONES, _>(
		column.is_full,
		pairs,
		column.consensus,
		standings,
		values.iter_mut(),
		|cell, clipped, stake, value| {
			let pair = cell.get();
			*value = product::<ONES>(follow(pair.weight_among::<ONES>(), clipped), stake);
			bought = bought.wrapping_add(*value);
			held = held.wrapping_add(pair.bond_within(mask));
		},
	);
	// Void bonds are shares of nothing.
	let all_held = if column.is_void { Total::VOID } else { Total::new(held) };
	let bonds = average_with_shares::<ONES>(rules, pairs, values, Whole::new(bought), all_held);
	(rank, bonds)
}

/// The averages of the shares that are bought, by value, and those that are held, by old bond.
///
/// By itself, so that all that the loop needs has a place in the processor.
#[inline(never)]
fn average_with_shares<const ONES: bool>(
	rules: &Rules,
	pairs: &[Cell<Pair>],
	values: &[u64],
	all_bought: Whole,
	all_held: Total,
) -> NewBonds {
	let mut bonds = NewBonds::default();
	for (pair, value) in pairs.iter().zip(values.iter()) {
		let held = all_held.share(pair.get().bond());
		let bond = rules.average::<ONES>(all_bought.share_of_little(*value), held);
		bonds.put(pair, bond);
		bonds.most = bonds.most.max(bond);
	}
	bonds
}

/// Yuma 3 with liquid alpha, once the consensus about everybody is known: each pair has its own pace. `marks` is what
/// liquid alpha has to know of the pairs, empty where nothing is special about any of them.
///
/// Where no consensus is above zero the pace is that of all bonds.
pub(crate) fn follow(
	rules: &Rules,
	pace: Option<Pace>,
	column: Column<'_>,
	marks: &[u8],
	scratch: &mut Scratch,
) -> NewBonds {
	let mask = column.bond_mask();
	let mut bonds = NewBonds::default();
	if let Some(pace) = pace {
		pace.average(rules.penalty, column.pairs, marks, column.consensus, mask, scratch);
		for (pair, value) in column.pairs.iter().zip(&scratch.values) {
			bonds.put(pair, *value);
		}
	} else {
		for cell in column.pairs {
			let pair = cell.get();
			let followed = rules.penalty.apply(pair.weight(), pair.weight().min(column.consensus));
			let bond = share::from_proportion(pair.bond() & mask);
			bonds.put(cell, rules.average::<true>(followed, bond));
		}
	}
	bonds
}

/// Pays the incentive of the miner with this uid by the bonds' shares in the column, and stores the bonds of the
/// validators that have places for them.
pub(crate) fn settle(
	rules: &Rules,
	uid: u16,
	column: Column<'_>,
	bonds: NewBonds,
	incentive: u64,
	accounts: &mut [Account],
	stored: &mut [Entry],
) {
	if bonds.sum == 0 {
		// Nothing to pay by, and bonds of zero are not stored.
		return;
	}
	let all = Whole::new(bonds.sum);
	// In Yuma 2 bonds are scaled up to a maximum of one before they are stored.
	let most = Whole::new(all.share(bonds.most));
	if incentive >= ONE {
		// Nobody else has any.
		pay_and_store(uid, column, accounts, stored, |bond| {
			let share = all.share(bond);
			(share, if rules.is_yuma3 { bond } else { most.share(share) })
		});
	} else if rules.is_yuma3 {
		pay_and_store(uid, column, accounts, stored, |bond| {
			(all.share_times(bond, incentive), bond)
		});
	} else {
		pay_and_store(uid, column, accounts, stored, |bond| {
			let share = all.share_of_little(bond);
			(product_below_one(share, incentive), most.share_of_little(share))
		});
	}
}

/// Adds to what each validator earns in a column, and stores the bonds. `pay` tells both by the new bond.
///
/// By itself, so that all that the loop needs has a place in the processor.
#[inline(never)]
fn pay_and_store(
	uid: u16,
	column: Column<'_>,
	accounts: &mut [Account],
	stored: &mut [Entry],
	pay: impl Fn(u64) -> (u64, u64),
) {
	let mut pay_one = |pair: &Cell<Pair>, account: &mut Account| {
		let bond = pair.get().new_bond();
		let (payment, share) = pay(bond);
		account.earned = account.earned.wrapping_add(payment);
		if let Some(entry) = stored.get_mut(account.place) {
			// A bond of zero is overwritten by the next one.
			*entry = (uid, share::to_proportion(share));
			account.place = account.place.wrapping_add(usize::from(bond > 0));
		} else {
			// Few have lost their permit.
			cold_path();
		}
	};
	if column.is_full {
		// Two at a time: the loop is so short that going round it counts.
		let (twos, last) = column.pairs.as_chunks::<2>();
		let (accounts_of_twos, last_account) = accounts.as_chunks_mut::<2>();
		for ([one, other], [account, other_account]) in twos.iter().zip(accounts_of_twos) {
			pay_one(one, account);
			pay_one(other, other_account);
		}
		for (pair, account) in last.iter().zip(last_account) {
			pay_one(pair, account);
		}
	} else {
		for pair in column.pairs {
			if let Some(account) = accounts.get_mut(pair.get().validator()) {
				pay_one(pair, account);
			}
		}
	}
}

#[cfg(test)]
mod tests {
	use alloc::vec;
	use alloc::vec::Vec;

	use super::*;

	fn rules(yuma3: bool, bonds_moving_average: u64) -> Rules {
		let mut parameters = crate::test_support::input(0).parameters;
		parameters.yuma3 = yuma3;
		parameters.bonds_moving_average = bonds_moving_average;
		Rules::new(&parameters, false)
	}

	/// The new bonds in a miner by validators with these shares of stake, weights and old bonds.
	fn bonds(rules: &Rules, rows: &[(u64, u64, u16)], is_void: bool) -> Vec<u64> {
		let pairs: Vec<Cell<Pair>> = rows
			.iter()
			.zip(0..)
			.map(|((_, weight, bond), place)| Cell::new(Pair::new(*weight, *bond, place)))
			.collect();
		let column = Column {
			pairs: &pairs,
			is_full: true,
			has_one: false,
			is_void,
			consensus: ONE,
		};
		let stakes = rows.iter().map(|(stake, ..)| *stake).collect();
		let mut standings = Standings {
			stakes,
			trusts: vec![0; rows.len()],
		};
		begin(rules, column, &mut standings, &mut Scratch::default());
		pairs.iter().map(|pair| pair.get().new_bond()).collect()
	}

	#[test]
	fn weights_and_bonds_are_averaged_each_product_cut() {
		let half = share::from_proportion(32_768);
		let rows = [(0, 101, 0), (0, 0, 32_768), (0, 101, 32_768), (0, 0, u16::MAX)];
		assert_eq!(
			bonds(&rules(true, 500_000), &rows, false),
			[50, half / 2, 50 + half / 2, ONE / 2]
		);
		assert_eq!(bonds(&rules(true, 0), &rows, false), [101, 0, 101, 0]);
		assert_eq!(bonds(&rules(true, u64::MAX), &rows, false), [0, half, half, ONE]);
	}

	#[test]
	fn shares_of_a_column_are_bought_by_stake() {
		let rows = [(ONE / 2, ONE / 4, 100), (ONE / 4, ONE / 2, 300), (ONE / 4, 0, 0)];
		assert_eq!(bonds(&rules(false, 0), &rows, false), [ONE / 2, ONE / 2, 0]);
		assert_eq!(bonds(&rules(false, 1_000_000), &rows, false), [ONE / 4, ONE / 4 * 3, 0]);
		assert_eq!(
			bonds(&rules(false, 500_000), &rows, false),
			[ONE / 8 * 3, ONE / 8 * 5, 0]
		);
	}

	#[test]
	fn bonds_in_a_newcomer_are_void() {
		for yuma3 in [false, true] {
			let rows = [(ONE / 2, ONE / 2, 7), (ONE / 2, 0, 50_000)];
			let rules = rules(yuma3, 500_000);
			let without: Vec<_> = rows.iter().map(|(stake, weight, _)| (*stake, *weight, 0)).collect();
			assert_eq!(bonds(&rules, &rows, true), bonds(&rules, &without, false));
			assert_ne!(bonds(&rules, &rows, true), bonds(&rules, &rows, false));
		}
	}

	#[test]
	fn incentive_is_paid_by_the_column_and_bonds_are_stored_where_there_is_a_place() {
		let pairs: Vec<Cell<Pair>> = [(0, ONE / 2), (1, 0), (2, ONE / 4)]
			.map(|(place, bond)| Cell::new(Pair::new(0, 0, place).with_new_bond(bond)))
			.into();
		let mut sums = NewBonds::default();
		pairs.iter().for_each(|pair| sums.put(pair, pair.get().new_bond()));
		sums.most = ONE / 2;
		for is_full in [false, true] {
			let column = Column {
				pairs: &pairs,
				is_full,
				has_one: false,
				is_void: false,
				consensus: 0,
			};
			let mut accounts = [0, 2, usize::MAX].map(|place| Account { earned: 5, place });
			let mut stored = vec![(0, 0); 4];
			settle(&rules(true, 0), 7, column, sums, ONE / 2, &mut accounts, &mut stored);
			assert_eq!(accounts.map(|account| account.earned), [5 + ONE / 3, 5, 5 + ONE / 6]);
			assert_eq!(accounts.map(|account| account.place), [1, 2, usize::MAX]);
			assert_eq!(stored[0], (7, 32_767));
			settle(&rules(false, 0), 8, column, sums, ONE / 2, &mut accounts, &mut stored);
			assert_eq!(stored[1], (8, u16::MAX));
		}
	}
}
