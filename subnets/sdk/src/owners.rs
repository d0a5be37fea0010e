//! One machine that poses as many: all uids of an owner are asked the same at the same instant.
//!
//! Ten uids on one machine share what it can do: asked one after another each looks as fast as an honest one, asked at once
//! each is a tenth as fast. So a validator groups the uids by the coldkey that owns them ([`groups`]), sends to all of a
//! group at the same instant, and compares with what each does alone ([`conclude`]).

use std::collections::BTreeMap;

use crate::Hotkey;

/// Most uids of one owner that are asked at once; an owner with more is asked in parts.
pub const MAX_GROUP: usize = 64;
/// Answers below which nothing is concluded about an owner.
pub const MIN_OBSERVATIONS: usize = 8;
/// Observations that are kept of each uid and kind.
pub const MAX_OBSERVATIONS: usize = 64;
/// How much slower than alone the answers of separate machines may be when asked at once, for what they share honestly (a
/// connection, the validator's own).
pub const HONEST_SLOWDOWN: f64 = 1.3;

/// A neuron with its owner's key, as the chain knows it.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Owned {
	/// Its place in the subnet.
	pub uid: u16,
	/// The key that runs it.
	pub hotkey: Hotkey,
	/// The key that owns it.
	pub coldkey: [u8; 32],
}

/// The neurons by owner, each group to be asked at one instant: groups in the order of their first member, members in the
/// order given, at most [`MAX_GROUP`] in each. Whoever has only one uid is alone in its group.
pub fn groups(neurons: &[Owned]) -> Vec<Vec<Owned>> {
	let mut open: BTreeMap<[u8; 32], usize> = BTreeMap::new();
	let mut groups: Vec<Vec<Owned>> = Vec::new();
	for neuron in neurons {
		match open.get(&neuron.coldkey).and_then(|index| groups.get_mut(*index)) {
			Some(group) if group.len() < MAX_GROUP => group.push(*neuron),
			_ => {
				open.insert(neuron.coldkey, groups.len());
				groups.push(vec![*neuron]);
			}
		}
	}
	groups
}

/// What the times of an owner's answers say.
#[derive(Copy, Clone, Debug, PartialEq)]
pub enum Conclusion {
	/// Too few answers to say anything.
	Unknown,
	/// Asked at once, they are about as fast as alone.
	Separate,
	/// They slow each other down: about this many of them do the work of one machine each.
	Shared {
		/// How many times slower they are at once than alone, above [`HONEST_SLOWDOWN`]: the uids that one machine serves.
		uids_a_machine: f64,
	},
}

/// Rates of one owner's answers, in units of work (tokens) per second, alone and at once with the owner's other uids.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rates {
	alone: Vec<f64>,
	together: Vec<f64>,
}

impl Rates {
	/// Takes in one whole answer: its rate, and how many of the owner's uids were asked at that instant. A rate that is not
	/// a positive number is left out; the oldest observation makes room for the newest.
	pub fn observe(&mut self, units_per_second: f64, asked_at_once: usize) {
		if !(units_per_second > 0.0 && units_per_second.is_finite()) {
			return;
		}
		let list = if asked_at_once <= 1 {
			&mut self.alone
		} else {
			&mut self.together
		};
		if list.len() >= MAX_OBSERVATIONS {
			list.remove(0);
		}
		list.push(units_per_second);
	}
}

/// Compares the median rates, so that single slow answers say nothing.
pub fn conclude(rates: &Rates) -> Conclusion {
	if rates.alone.len() < MIN_OBSERVATIONS || rates.together.len() < MIN_OBSERVATIONS {
		return Conclusion::Unknown;
	}
	let slowdown = median(&rates.alone) / median(&rates.together);
	if slowdown <= HONEST_SLOWDOWN {
		Conclusion::Separate
	} else {
		Conclusion::Shared {
			uids_a_machine: slowdown,
		}
	}
}

/// The share of its score that each uid of such an owner is worth: together they earn what their machines would with one
/// uid each.
pub fn share(conclusion: Conclusion) -> f64 {
	match conclusion {
		Conclusion::Unknown | Conclusion::Separate => 1.0,
		Conclusion::Shared { uids_a_machine } => 1.0 / uids_a_machine.max(1.0),
	}
}

fn median(list: &[f64]) -> f64 {
	let mut sorted = list.to_vec();
	sorted.sort_by(f64::total_cmp);
	sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
	use super::*;

	fn owned(uid: u16, owner: u8) -> Owned {
		Owned {
			uid,
			hotkey: Hotkey([uid as u8; 32]),
			coldkey: [owner; 32],
		}
	}

	fn uids(groups: &[Vec<Owned>]) -> Vec<Vec<u16>> {
		let uids_of = |group: &Vec<Owned>| group.iter().map(|neuron| neuron.uid).collect();
		groups.iter().map(uids_of).collect()
	}

	#[test]
	fn uids_are_grouped_by_owner_and_nobody_is_lost() {
		let neurons = [owned(0, 1), owned(1, 2), owned(2, 1), owned(3, 3), owned(4, 1)];
		assert_eq!(uids(&groups(&neurons)), [vec![0, 2, 4], vec![1], vec![3]]);
		assert!(groups(&[]).is_empty());
		let whale: Vec<Owned> = (0..150).map(|uid| owned(uid, 1)).collect();
		let parts = groups(&whale);
		assert_eq!(parts.iter().map(Vec::len).collect::<Vec<_>>(), [64, 64, 22]);
	}

	/// Ten uids on one machine that does 50 units a second, and on ten machines.
	#[test]
	fn one_machine_that_poses_as_ten_is_seen() {
		let (mut one, mut ten) = (Rates::default(), Rates::default());
		for index in 0..20 {
			let jitter = 1.0 + 0.1 * f64::from(index % 3);
			one.observe(50.0 * jitter, 1);
			one.observe(5.0 * jitter, 10);
			ten.observe(50.0 * jitter, 1);
			ten.observe(47.0 * jitter, 10);
		}
		assert_eq!(conclude(&ten), Conclusion::Separate);
		let Conclusion::Shared { uids_a_machine } = conclude(&one) else {
			panic!("not seen");
		};
		assert!((uids_a_machine - 10.0).abs() < 0.1, "{uids_a_machine}");
		// Ten uids earn what one machine is worth.
		assert!((10.0 * share(conclude(&one)) - 1.0).abs() < 0.02);
	}

	#[test]
	fn little_or_senseless_evidence_says_nothing() {
		let mut rates = Rates::default();
		for _ in 0..100 {
			rates.observe(f64::NAN, 1);
			rates.observe(-1.0, 2);
			rates.observe(f64::INFINITY, 2);
		}
		assert_eq!(conclude(&rates), Conclusion::Unknown);
		(0..MIN_OBSERVATIONS).for_each(|_| rates.observe(10.0, 1));
		assert_eq!((conclude(&rates), share(conclude(&rates))), (Conclusion::Unknown, 1.0));
		(0..1_000).for_each(|_| rates.observe(1.0, 3));
		assert!(rates.together.len() <= MAX_OBSERVATIONS);
	}

	/// One outage among many answers does not make an owner a cheat.
	#[test]
	fn single_slow_answers_say_nothing() {
		let mut rates = Rates::default();
		for index in 0..20 {
			rates.observe(50.0, 1);
			rates.observe(if index % 5 == 0 { 2.0 } else { 49.0 }, 4);
		}
		assert_eq!(conclude(&rates), Conclusion::Separate);
	}
}
