//! What miners do in an epoch, and what a validator measures of it.

use rand::Rng;

use crate::random::{Purpose, normal, share, stream};
use crate::scenario::{MinerBehaviour, MinerGroup};

use super::subnet::{Holder, Subnet};

/// How far a quality may wander from where it started, as a factor.
const WANDERING: f64 = 10.0;

/// Lets every miner's quality wander, and decides what its work of this epoch is worth. `group_of` gives a holder's group
/// of miners; strangers have none and are honest.
pub(crate) fn work<'a>(
	subnet: &mut Subnet,
	seed: u64,
	epoch: u32,
	group_of: impl Fn(&Holder) -> Option<&'a MinerGroup>,
) {
	let mut best = 0.0_f64;
	for holder in subnet.holders.iter_mut().filter(|holder| !holder.is_validator) {
		let group = group_of(holder);
		let mut rng = stream(seed, Purpose::Work, epoch, holder.serial);
		wander(holder, group.map_or(0.0, |group| group.drift), &mut rng);
		let chance = share(&mut rng);
		holder.detection = 0.0;
		holder.utility = match group.map(|group| (&group.behaviour, group.count)) {
			None | Some((MinerBehaviour::Honest {}, _)) => {
				best = best.max(holder.quality);
				holder.quality
			}
			Some((MinerBehaviour::Downgraded { factor, detection }, _)) => {
				holder.detection = *detection;
				holder.quality * factor
			}
			Some((MinerBehaviour::Intermittent { uptime }, _)) if chance >= *uptime => 0.0,
			Some((MinerBehaviour::Intermittent { .. }, _)) => holder.quality,
			Some((MinerBehaviour::Sybil { capacity }, count)) => {
				holder.quality * (capacity / f64::from(count.max(1))).min(1.0)
			}
			Some((MinerBehaviour::UidSwap { .. }, _)) => 0.0,
			// The second pass knows whose answers are worth relaying.
			Some((MinerBehaviour::Relaying { detection }, _)) => {
				holder.detection = *detection;
				0.0
			}
		};
	}
	for holder in subnet.holders.iter_mut().filter(|holder| !holder.is_validator) {
		if let Some(MinerBehaviour::Relaying { .. }) = group_of(holder).map(|group| &group.behaviour) {
			holder.utility = best;
		}
	}
}

fn wander(holder: &mut Holder, drift: f64, rng: &mut impl Rng) {
	if drift > 0.0 {
		let base = holder.base_quality;
		let next = holder.quality * (1.0 + drift * normal(rng));
		holder.quality = next.clamp(base / WANDERING, base * WANDERING);
	}
}

/// What one validator measures of each uid: the utility with noise, 0 for who is found out, is no miner or is the
/// validator itself.
pub(crate) fn measure(subnet: &Subnet, seed: u64, epoch: u32, validator: u32, noise: f64, scores: &mut Vec<f64>) {
	let mut rng = stream(seed, Purpose::Measure, epoch, validator);
	scores.clear();
	for holder in &subnet.holders {
		if holder.is_validator {
			scores.push(0.0);
			continue;
		}
		// Each miner takes the same draws in every run, whatever it does.
		let error = if noise > 0.0 { noise * normal(&mut rng) } else { 0.0 };
		let is_found_out = holder.detection > 0.0 && detected(seed, epoch, validator, holder);
		let score = if is_found_out {
			0.0
		} else {
			holder.utility * (1.0 + error)
		};
		scores.push(score.max(0.0));
	}
}

fn detected(seed: u64, epoch: u32, validator: u32, holder: &Holder) -> bool {
	// Of both, for each validator measures by itself.
	let who = validator.wrapping_mul(4_099).wrapping_add(holder.serial);
	share(&mut stream(seed.rotate_left(32), Purpose::Measure, epoch, who)) < holder.detection
}

#[cfg(test)]
mod tests {
	use super::*;

	fn group(behaviour: MinerBehaviour) -> MinerGroup {
		MinerGroup {
			name: "a".into(),
			team: None,
			count: 4,
			quality: 1.0,
			quality_spread: 0.0,
			drift: 0.0,
			work_cost_alpha: 0.0,
			joins_at_epoch: 0,
			returns: false,
			sells: 1.0,
			behaviour,
		}
	}

	fn utility(behaviour: MinerBehaviour) -> f64 {
		let mut subnet = Subnet {
			holders: vec![Holder::new(0, 1, false, 2.0), Holder::new(1, 2, false, 3.0)],
			..Subnet::default()
		};
		let group = group(behaviour);
		work(&mut subnet, 1, 1, |holder| (holder.group == 0).then_some(&group));
		assert_eq!(subnet.holders[1].utility, 3.0);
		subnet.holders[0].utility
	}

	#[test]
	fn each_behaviour_does_what_it_says() {
		assert_eq!(utility(MinerBehaviour::Honest {}), 2.0);
		assert_eq!(utility(MinerBehaviour::Relaying { detection: 0.5 }), 3.0);
		let factor = MinerBehaviour::Downgraded {
			factor: 0.25,
			detection: 0.0,
		};
		assert_eq!(utility(factor), 0.5);
		assert_eq!(utility(MinerBehaviour::Intermittent { uptime: 0.0 }), 0.0);
		assert_eq!(utility(MinerBehaviour::Intermittent { uptime: 1.0 }), 2.0);
		assert_eq!(utility(MinerBehaviour::Sybil { capacity: 1.0 }), 0.5);
		assert_eq!(utility(MinerBehaviour::UidSwap { every_epochs: 1 }), 0.0);
	}

	#[test]
	fn who_is_surely_found_out_scores_zero_and_others_do_not() {
		let mut subnet = Subnet {
			holders: vec![
				Holder::new(0, 1, true, 0.0),
				Holder::new(1, 2, false, 1.0),
				Holder::new(1, 3, false, 1.0),
			],
			..Subnet::default()
		};
		subnet.holders[1].utility = 1.0;
		subnet.holders[1].detection = 1.0;
		subnet.holders[2].utility = 1.0;
		let mut scores = Vec::new();
		measure(&subnet, 1, 1, 0, 0.0, &mut scores);
		assert_eq!(scores, [0.0, 0.0, 1.0]);
		measure(&subnet, 1, 1, 0, 0.2, &mut scores);
		assert!(scores[2] > 0.0 && scores[2] != 1.0);
	}
}
