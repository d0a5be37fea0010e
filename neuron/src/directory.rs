//! Who is behind a network key: the metagraph as the network layer needs it.

use std::{
	collections::HashMap,
	sync::{PoisonError, RwLock},
};

use neuron_chain::{Metagraph, Neuron};
use neuron_net::{Caller, Directory};

/// The neurons of one subnet by the network key that each has published.
///
/// A key that several neurons publish counts for the one with a permit, else the one with more stake, else the one
/// registered first: publishing another neuron's key gains nothing, and takes nothing from a better-staked neuron.
#[derive(Debug, Default)]
pub struct MetagraphDirectory {
	callers: RwLock<HashMap<[u8; 32], Caller>>,
}

impl MetagraphDirectory {
	/// An empty directory, which knows nobody.
	pub fn new() -> Self {
		Self::default()
	}

	/// Replaces the contents by a newer metagraph; returns how many neurons can be told by their key.
	pub fn update(&self, metagraph: &Metagraph) -> usize {
		let mut best: HashMap<[u8; 32], &Neuron> = HashMap::new();
		for neuron in &metagraph.neurons {
			let Some(key) = network_key(neuron) else { continue };
			best.entry(key)
				.and_modify(|known| {
					if precedence(neuron) > precedence(known) {
						*known = neuron;
					}
				})
				.or_insert(neuron);
		}
		let callers: HashMap<_, _> = best.into_iter().map(|(key, neuron)| (key, caller(neuron))).collect();
		let known = callers.len();
		*self.callers.write().unwrap_or_else(PoisonError::into_inner) = callers;
		known
	}
}

impl Directory for MetagraphDirectory {
	fn caller(&self, public_key: &[u8; 32]) -> Option<Caller> {
		self.callers
			.read()
			.unwrap_or_else(PoisonError::into_inner)
			.get(public_key)
			.cloned()
	}
}

/// The network key that a neuron has published, if it has published a valid one.
pub fn network_key(neuron: &Neuron) -> Option<[u8; 32]> {
	neuron_net::parse_certificate(neuron.certificate.as_deref()?).ok()
}

fn precedence(neuron: &Neuron) -> impl Ord + use<> {
	(
		neuron.validator_permit,
		neuron.stake_rao,
		std::cmp::Reverse((neuron.registered_at, neuron.uid)),
	)
}

fn caller(neuron: &Neuron) -> Caller {
	Caller {
		hotkey: neuron.hotkey.into(),
		uid: neuron.uid,
		stake_rao: neuron.stake_rao,
		validator_permit: neuron.validator_permit,
	}
}

#[cfg(test)]
mod tests {
	use neuron_chain::AccountId;
	use neuron_net::Identity;

	use super::*;

	fn neuron(uid: u16, stake_rao: u64, validator_permit: bool, certificate: Option<Vec<u8>>) -> Neuron {
		Neuron {
			uid,
			hotkey: AccountId::new([u8::try_from(uid).unwrap(); 32]),
			coldkey: AccountId::new([0; 32]),
			stake_rao,
			trust: 0,
			consensus: 0,
			incentive: 0,
			dividends: 0,
			emission_rao: 0,
			active: true,
			validator_permit,
			last_update: 0,
			registered_at: u64::from(100 - uid),
			axon: None,
			certificate,
		}
	}

	fn uid_of(neurons: Vec<Neuron>, key: &[u8; 32]) -> Option<u16> {
		let directory = MetagraphDirectory::new();
		directory.update(&Metagraph {
			netuid: 1,
			block: 1,
			block_hash: [0; 32],
			neurons,
		});
		directory.caller(key).map(|caller| caller.uid)
	}

	#[test]
	fn a_key_leads_to_its_neuron_until_it_is_replaced() {
		let (old, new) = (Identity::generate(), Identity::generate());
		let directory = MetagraphDirectory::new();
		let metagraph = |identity: &Identity| Metagraph {
			netuid: 1,
			block: 1,
			block_hash: [0; 32],
			neurons: vec![
				neuron(3, 7, true, Some(identity.certificate())),
				neuron(4, 9, true, None),
			],
		};
		assert_eq!(directory.update(&metagraph(&old)), 1);
		let caller = directory.caller(&old.public_key()).unwrap();
		assert_eq!((caller.uid, caller.stake_rao, caller.validator_permit), (3, 7, true));
		directory.update(&metagraph(&new));
		assert!(directory.caller(&old.public_key()).is_none());
		assert!(directory.caller(&new.public_key()).is_some());
	}

	#[test]
	fn a_stolen_key_takes_nothing_from_the_better_neuron() {
		let identity = Identity::generate();
		let (key, certificate) = (identity.public_key(), Some(identity.certificate()));
		let pairs = [
			(
				neuron(1, 5, true, certificate.clone()),
				neuron(2, 900, false, certificate.clone()),
			),
			(
				neuron(1, 5, false, certificate.clone()),
				neuron(2, 4, false, certificate.clone()),
			),
			(
				neuron(3, 5, false, certificate.clone()),
				neuron(2, 5, false, certificate.clone()),
			),
		];
		for (owner, thief) in pairs {
			let expected = Some(owner.uid);
			assert_eq!(uid_of(vec![owner.clone(), thief.clone()], &key), expected);
			assert_eq!(uid_of(vec![thief, owner], &key), expected);
		}
	}

	#[test]
	fn a_certificate_that_is_none_is_nobody() {
		for bytes in [vec![], vec![1], vec![0; 33], vec![1; 34]] {
			let directory = MetagraphDirectory::new();
			let neurons = vec![neuron(1, 5, true, Some(bytes))];
			assert_eq!(
				directory.update(&Metagraph {
					netuid: 1,
					block: 1,
					block_hash: [0; 32],
					neurons
				}),
				0
			);
		}
	}
}
