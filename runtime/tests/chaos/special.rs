//! Calls that chance alone would never get right: reveals of what was committed, proofs of work, signatures of the beacon,
//! second signatures, and calls in another's name.

use crate::{
	draw::{Draw, Focus, Origin},
	world::coldkey,
};
use codec::{Compact, Encode};
use ganglion_primitives::{AlphaBalance, MechId, MechanismIndex, NetUid};
use ganglion_runtime::{AccountId, Runtime, RuntimeCall, SubtensorModule, System};
use pallet_drand::{BeaconConfiguration, LastStoredRound, Pulse, PulsesPayload};
use pallet_mev_shield::envelope::{KEM_CIPHERTEXT_BYTES, NONCE_BYTES, TAG_BYTES, key_hash};
use pallet_subtensor::{SubnetEpochIndex, SubnetworkN, WeightCommits, weights::SealedWeights};
use sp_core::H256;
use sp_io::hashing::{blake2_256, keccak_256, sha2_256};
use std::collections::HashMap;
use timelock::{SecretKey, development};

/// The version of sealed weights that the chain opens.
const SEALED_VERSION: u16 = 4;
/// Nonces that are tried for a proof of work.
const NONCES: u64 = 2_000;

/// A weight row that somebody committed to.
#[derive(Clone)]
struct Row {
	uids: Vec<u16>,
	values: Vec<u16>,
	salt: Vec<u16>,
	version_key: u64,
}

/// A call that a proxy announced.
#[derive(Clone)]
pub(crate) struct Announced {
	pub(crate) delegate: AccountId,
	pub(crate) real: AccountId,
	pub(crate) call: RuntimeCall,
}

/// A call that waits for a second signature.
#[derive(Clone)]
pub(crate) struct Pending {
	pub(crate) first: AccountId,
	pub(crate) second: AccountId,
	pub(crate) call: RuntimeCall,
}

/// An account without a key.
#[derive(Clone)]
pub(crate) struct Pure {
	pub(crate) spawner: AccountId,
	pub(crate) account: AccountId,
	pub(crate) index: u16,
	pub(crate) height: u32,
	pub(crate) ext_index: u32,
}

/// What earlier calls said that later ones need.
#[derive(Default)]
pub(crate) struct Memory {
	rows: HashMap<H256, Row>,
	pub(crate) announced: Vec<Announced>,
	pub(crate) pending: Vec<Pending>,
	pub(crate) pures: Vec<Pure>,
}

/// Who calls what.
pub(crate) type Drawn = Option<(Origin, RuntimeCall)>;

pub(crate) fn signed(account: &AccountId) -> Origin {
	Origin::Signed(account.clone())
}

impl Draw {
	/// The call of this name, well made, if there is a way to make it now.
	pub(crate) fn special(&mut self, name: &(String, String), focus: &Focus, memory: &mut Memory) -> Drawn {
		match (name.0.as_str(), name.1.as_str()) {
			("SubtensorModule", call) => self.subtensor(call, focus, memory),
			("Drand", "write_pulse") => Some(self.pulses(focus)),
			("Drand", "set_beacon_config") => {
				let config_payload = BeaconConfiguration::development();
				let call = pallet_drand::Call::set_beacon_config { config_payload };
				Some((Origin::Root, call.into()))
			}
			("Drand", "set_oldest_stored_round") => {
				let oldest_round = LastStoredRound::<Runtime>::get().saturating_sub(self.random.below(5));
				let call = pallet_drand::Call::set_oldest_stored_round { oldest_round };
				Some((Origin::Root, call.into()))
			}
			("Commitments", "set_max_space") => {
				let new_limit = self.random.below(5_000) as u32;
				Some((
					Origin::Root,
					pallet_commitments::Call::set_max_space { new_limit }.into(),
				))
			}
			("Utility", "with_weight") => {
				let call = Box::new(self.inner(focus, 0));
				let weight = Default::default();
				Some((
					Origin::Root,
					pallet_utility::Call::<Runtime>::with_weight { call, weight }.into(),
				))
			}
			("MevShield", "submit_encrypted") => self.shielded(focus),
			("Multisig", call) => self.multisig(call, focus, memory),
			("Proxy", call) => self.proxy(call, focus, memory),
			_ => None,
		}
	}

	fn subtensor(&mut self, name: &str, focus: &Focus, memory: &mut Memory) -> Drawn {
		use pallet_subtensor::Call;
		let (netuid, mecid) = (focus.netuid, MechId::MAIN);
		let author = signed(&focus.hotkey);
		let call = match name {
			"set_weights" => {
				let row = self.row(netuid);
				Call::set_weights {
					netuid,
					dests: row.uids,
					weights: row.values,
					version_key: row.version_key,
				}
			}
			"set_mechanism_weights" => {
				let row = self.row(netuid);
				Call::set_mechanism_weights {
					netuid,
					mecid,
					dests: row.uids,
					weights: row.values,
					version_key: row.version_key,
				}
			}
			"burn_alpha" | "recycle_alpha" => {
				let stake = SubtensorModule::stake_of(&focus.hotkey, &focus.coldkey, netuid);
				let amount = AlphaBalance::new(self.random.below(stake.get().max(1)));
				let hotkey = focus.hotkey.clone();
				let call = match name {
					"burn_alpha" => Call::burn_alpha { hotkey, amount, netuid },
					_ => Call::recycle_alpha { hotkey, amount, netuid },
				};
				return Some((signed(&focus.coldkey), call.into()));
			}
			"sudo_set_root_claim_threshold" => {
				let new_value = self.random.below(2_000_000_000);
				let call = Call::sudo_set_root_claim_threshold {
					netuid: NetUid::ROOT,
					new_value,
				};
				return Some((Origin::Root, call.into()));
			}
			"commit_weights" => {
				let commit_hash = self.commit(focus, memory);
				Call::commit_weights { netuid, commit_hash }
			}
			"commit_mechanism_weights" => {
				let commit_hash = self.commit(focus, memory);
				Call::commit_mechanism_weights {
					netuid,
					mecid,
					commit_hash,
				}
			}
			"batch_commit_weights" => Call::batch_commit_weights {
				netuids: vec![Compact(netuid), Compact(netuid)],
				commit_hashes: vec![self.commit(focus, memory), self.commit(focus, memory)],
			},
			"reveal_weights" | "reveal_mechanism_weights" | "batch_reveal_weights" => {
				return self.reveal(name, memory);
			}
			"commit_timelocked_weights" => {
				let (commit, reveal_round) = self.sealed(focus)?;
				Call::commit_timelocked_weights {
					netuid,
					commit: commit.try_into().ok()?,
					reveal_round,
					commit_reveal_version: SEALED_VERSION,
				}
			}
			"commit_timelocked_mechanism_weights" => {
				let (commit, reveal_round) = self.sealed(focus)?;
				Call::commit_timelocked_mechanism_weights {
					netuid,
					mecid,
					commit: commit.try_into().ok()?,
					reveal_round,
					commit_reveal_version: SEALED_VERSION,
				}
			}
			"pow_register" => return self.work(focus),
			"update_symbol" => {
				let letter = char::from_u32(u32::from('а') + self.random.below(32) as u32)?;
				let symbol = letter.to_string().into_bytes();
				return Some((Origin::Root, Call::update_symbol { netuid, symbol }.into()));
			}
			"dissolve_network" => {
				let owner = pallet_subtensor::SubnetOwner::<Runtime>::get(netuid);
				let call = Call::dissolve_network {
					coldkey: owner.clone(),
					netuid,
				};
				return Some((Origin::Signed(owner), call.into()));
			}
			_ => return None,
		};
		Some((author, call.into()))
	}

	/// A row about uids of a subnet.
	fn row(&mut self, netuid: NetUid) -> Row {
		let size = SubnetworkN::<Runtime>::get(netuid).max(1);
		let count = self.random.below(4).min(u64::from(size)) as u16;
		let uids: Vec<u16> = (size - count..size).collect();
		let values = uids.iter().map(|_| self.random.number() as u16).collect();
		let salt = vec![self.random.number() as u16; 3];
		Row {
			uids,
			values,
			salt,
			version_key: 0,
		}
	}

	/// The hash of a new row that is remembered.
	fn commit(&mut self, focus: &Focus, memory: &mut Memory) -> H256 {
		let row = self.row(focus.netuid);
		let index = MechanismIndex::main(focus.netuid);
		let content = (&focus.hotkey, index, &row.uids, &row.values, &row.salt, row.version_key);
		let hash = H256(blake2_256(&content.encode()));
		memory.rows.insert(hash, row);
		hash
	}

	/// Reveals a row whose epoch has come.
	fn reveal(&mut self, name: &str, memory: &Memory) -> Drawn {
		use pallet_subtensor::Call;
		let due: Vec<(NetUid, AccountId, Row)> = WeightCommits::<Runtime>::iter()
			.flat_map(|(index, hotkey, commits)| {
				let netuid = NetUid::new(index.get());
				let epoch = SubnetEpochIndex::<Runtime>::get(netuid);
				let open = commits
					.into_iter()
					.filter(move |(.., first, last)| (*first..=*last).contains(&epoch));
				open.map(move |(hash, ..)| (netuid, hotkey.clone(), hash))
			})
			.filter_map(|(netuid, hotkey, hash)| Some((netuid, hotkey, memory.rows.get(&hash)?.clone())))
			.collect();
		if due.is_empty() {
			return None;
		}
		let (netuid, hotkey, row) = self.random.pick(&due).clone();
		let Row {
			uids,
			values,
			salt,
			version_key,
		} = row;
		let call = match name {
			"reveal_weights" => Call::reveal_weights {
				netuid,
				uids,
				values,
				salt,
				version_key,
			},
			"reveal_mechanism_weights" => Call::reveal_mechanism_weights {
				netuid,
				mecid: MechId::MAIN,
				uids,
				values,
				salt,
				version_key,
			},
			_ => Call::batch_reveal_weights {
				netuid,
				uids_list: vec![uids],
				values_list: vec![values],
				salts_list: vec![salt],
				version_keys: vec![version_key],
			},
		};
		Some((Origin::Signed(hotkey), call.into()))
	}

	/// A row sealed until one of the next rounds, or what nobody can open.
	fn sealed(&mut self, focus: &Focus) -> Option<(Vec<u8>, u64)> {
		let round = LastStoredRound::<Runtime>::get() + 1 + self.random.below(3);
		if self.random.chance(20) {
			return Some((self.random.bytes(100), round));
		}
		let row = self.row(focus.netuid);
		let author = if self.random.chance(10) {
			coldkey(1)
		} else {
			focus.hotkey.clone()
		};
		let author: &[u8] = author.as_ref();
		let content = SealedWeights {
			hotkey: author.to_vec(),
			uids: row.uids,
			values: row.values,
			version_key: 0,
		};
		let key = SecretKey::from_seed(development::SEED).public();
		let seed = self.random.bytes(32).try_into().ok()?;
		let sealed = timelock::seal(&key, round, &content.encode(), seed).ok()?;
		Some((sealed, round))
	}

	fn work(&mut self, focus: &Focus) -> Drawn {
		let work_block = SubtensorModule::block_number().checked_sub(1)?;
		let hash = System::block_hash(work_block as u32);
		let (hotkey, coldkey): (&[u8], &[u8]) = (focus.hotkey.as_ref(), focus.coldkey.as_ref());
		let difficulty = pallet_subtensor::Difficulty::<Runtime>::get(focus.netuid);
		let mut found = None;
		for nonce in 0..NONCES {
			let parts: [&[u8]; 6] = [
				b"subtensor-pow-register-v1",
				&focus.netuid.get().to_le_bytes(),
				hash.as_ref(),
				hotkey,
				coldkey,
				&nonce.to_le_bytes(),
			];
			let seal = keccak_256(&sha2_256(&parts.concat()));
			let number = sp_core::U256::from_little_endian(&seal);
			if number.checked_mul(difficulty.into()).is_some() {
				found = Some((nonce, seal.to_vec()));
				break;
			}
		}
		let (nonce, work) = found?;
		let call = pallet_subtensor::Call::pow_register {
			netuid: focus.netuid,
			work_block,
			nonce,
			work,
			hotkey: focus.hotkey.clone(),
		};
		Some((signed(&focus.coldkey), call.into()))
	}

	/// The beacon's next rounds.
	fn pulses(&mut self, focus: &Focus) -> (Origin, RuntimeCall) {
		let secret = SecretKey::from_seed(development::SEED);
		let first = LastStoredRound::<Runtime>::get() + 1;
		let pulses: Vec<Pulse> = (first..=first + self.random.below(3))
			.map(|round| {
				let signature = secret.sign(round).unwrap();
				Pulse {
					round,
					randomness: signature.randomness().unwrap().to_vec().try_into().unwrap(),
					signature: signature.to_bytes().unwrap().to_vec().try_into().unwrap(),
				}
			})
			.collect();
		let pulses_payload = PulsesPayload {
			pulses: pulses.try_into().unwrap(),
		};
		let call = pallet_drand::Call::<Runtime>::write_pulse { pulses_payload };
		(signed(&focus.coldkey), call.into())
	}

	fn shielded(&mut self, focus: &Focus) -> Drawn {
		let key = pallet_mev_shield::NextKey::<Runtime>::get()?;
		let mut ciphertext = key_hash(&key).to_vec();
		ciphertext.extend((KEM_CIPHERTEXT_BYTES as u16).to_le_bytes());
		let sealed = self.random.below(200) as usize;
		ciphertext.extend(vec![2; KEM_CIPHERTEXT_BYTES + NONCE_BYTES + TAG_BYTES + sealed]);
		let ciphertext = ciphertext.try_into().ok()?;
		let call = pallet_mev_shield::Call::<Runtime>::submit_encrypted { ciphertext };
		Some((signed(&focus.coldkey), call.into()))
	}
}
