//! A subnet as the chain sees it: its neurons, their scores and where they can be reached.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::Serialize;
use subxt::ext::scale_decode::{self, DecodeAsType};
use subxt::utils::AccountId32;

use crate::{AccountId, ChainError};

/// The longest certificate that can be published: an algorithm byte and a key of 64 bytes.
pub const MAX_CERTIFICATE_BYTES: usize = 65;

/// The shortest one: an algorithm byte and a byte of key.
pub(crate) const MIN_CERTIFICATE_BYTES: usize = 2;

/// All neurons of a subnet at one block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Metagraph {
	/// The subnet.
	pub netuid: u16,
	/// The block that all of this was read at.
	pub block: u64,
	/// Its hash: public randomness that nobody knew before the block was made. In JSON `0x` and hexadecimal digits.
	#[serde(serialize_with = "hexadecimal")]
	pub block_hash: [u8; 32],
	/// The neurons in the order of their uids.
	pub neurons: Vec<Neuron>,
}

/// One neuron. Shares are u16 fractions of 65,535.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Neuron {
	/// Its place in the subnet.
	pub uid: u16,
	/// The key that runs it.
	pub hotkey: AccountId,
	/// The key that owns the hotkey.
	pub coldkey: AccountId,
	/// What is staked on the hotkey in this subnet, all owners together, in rao (of alpha).
	pub stake_rao: u64,
	/// Validator trust: how much of what it set the consensus kept.
	pub trust: u16,
	/// Consensus on its work.
	pub consensus: u16,
	/// Its share of the miners' reward.
	pub incentive: u16,
	/// Its share of the validators' reward.
	pub dividends: u16,
	/// What it earned in the last epoch, in rao (of alpha).
	pub emission_rao: u64,
	/// Whether it set weights recently enough to count.
	pub active: bool,
	/// Whether it may set weights.
	pub validator_permit: bool,
	/// The block of its last weights, or of its registration.
	pub last_update: u64,
	/// The block of its registration.
	pub registered_at: u64,
	/// Where it can be reached, if it said so.
	pub axon: Option<Axon>,
	/// The certificate it published: the algorithm byte, then the key.
	#[serde(skip)]
	pub certificate: Option<Vec<u8>>,
}

/// Where a neuron can be reached.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Axon {
	/// Its address.
	pub ip: IpAddr,
	/// Its port, never 0.
	pub port: u16,
	/// Which protocol it speaks; a number that the subnet gives a meaning.
	pub protocol: u8,
	/// The version of its software.
	pub version: u32,
}

/// What can be tuned in a subnet, as far as a neuron needs it. Periods are in blocks.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hyperparameters {
	/// Blocks between epochs, less one.
	pub tempo: u16,
	/// The least number of blocks between two settings of weights by one neuron.
	pub weights_rate_limit: u64,
	/// What weights have to name as their version.
	pub weights_version_key: u64,
	/// The least number of weights to set.
	pub min_allowed_weights: u16,
	/// How long a new neuron cannot be replaced.
	pub immunity_period: u16,
	/// How many neurons there can be.
	pub max_allowed_uids: u16,
	/// The least number of blocks between two publications of one neuron's axon.
	pub serving_rate_limit: u64,
}

/// What one coldkey has on one hotkey in one subnet.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stake {
	/// The hotkey it is staked on.
	pub hotkey: AccountId,
	/// The subnet.
	pub netuid: u16,
	/// The stake in rao (of the subnet's alpha).
	pub stake_rao: u64,
}

fn hexadecimal<S: serde::Serializer>(hash: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
	serializer.collect_str(&format_args!("{:?}", subxt::utils::H256(*hash)))
}

impl Metagraph {
	/// The neuron with this hotkey.
	#[must_use]
	pub fn by_hotkey(&self, hotkey: &AccountId) -> Option<&Neuron> {
		self.neurons.iter().find(|neuron| neuron.hotkey == *hotkey)
	}

	/// The neuron with this uid.
	#[must_use]
	pub fn by_uid(&self, uid: u16) -> Option<&Neuron> {
		self.neurons.iter().find(|neuron| neuron.uid == uid)
	}
}

impl Axon {
	/// The address as the chain keeps it: the number, and 4 or 6.
	pub(crate) fn ip_number(&self) -> (u128, u8) {
		match self.ip {
			IpAddr::V4(address) => (u32::from(address).into(), 4),
			IpAddr::V6(address) => (u128::from(address), 6),
		}
	}
}

/// `NeuronInfoLite` of the runtime API, by field name; the fields that are not needed may come or go.
#[derive(Debug, DecodeAsType)]
#[decode_as_type(crate_path = "scale_decode")]
pub(crate) struct NeuronInfoLite {
	hotkey: AccountId32,
	coldkey: AccountId32,
	uid: u16,
	active: bool,
	axon_info: AxonInfo,
	stake: Vec<(AccountId32, u64)>,
	emission: u64,
	incentive: u16,
	consensus: u16,
	validator_trust: u16,
	dividends: u16,
	last_update: u64,
	validator_permit: bool,
}

/// `AxonInfo` of the runtime API.
#[derive(Debug, DecodeAsType)]
#[decode_as_type(crate_path = "scale_decode")]
pub(crate) struct AxonInfo {
	version: u32,
	ip: u128,
	port: u16,
	ip_type: u8,
	protocol: u8,
}

/// A value of the storage map `NeuronCertificates`.
#[derive(Debug, DecodeAsType)]
#[decode_as_type(crate_path = "scale_decode")]
pub(crate) struct NeuronCertificate {
	public_key: Vec<u8>,
	algorithm: u8,
}

/// `StakeInfo` of the runtime API.
#[derive(Debug, DecodeAsType)]
#[decode_as_type(crate_path = "scale_decode")]
pub(crate) struct StakeInfo {
	hotkey: AccountId32,
	netuid: u16,
	stake: u64,
}

impl NeuronCertificate {
	/// As one string of bytes, the way it was published.
	pub(crate) fn into_bytes(self) -> Vec<u8> {
		let mut bytes = Vec::with_capacity(1 + self.public_key.len());
		bytes.push(self.algorithm);
		bytes.extend_from_slice(&self.public_key);
		bytes
	}
}

impl From<StakeInfo> for Stake {
	fn from(info: StakeInfo) -> Self {
		Self {
			hotkey: info.hotkey.into(),
			netuid: info.netuid,
			stake_rao: info.stake,
		}
	}
}

impl AxonInfo {
	/// `None` for a neuron that never published its address, took it back (port 1 and no address), or
	/// published something that is none.
	fn axon(&self) -> Option<Axon> {
		let ip = match self.ip_type {
			4 => IpAddr::V4(Ipv4Addr::from(u32::try_from(self.ip).ok()?)),
			6 => IpAddr::V6(Ipv6Addr::from(self.ip)),
			_ => return None,
		};
		(self.ip != 0 && self.port != 0).then_some(Axon {
			ip,
			port: self.port,
			protocol: self.protocol,
			version: self.version,
		})
	}
}

/// Puts together what was read at one block.
pub(crate) fn assemble(
	netuid: u16,
	(block, block_hash): (u64, [u8; 32]),
	infos: Vec<NeuronInfoLite>,
	mut certificates: HashMap<AccountId, Vec<u8>>,
	registered_at: &[u64],
) -> Result<Metagraph, ChainError> {
	let mut neurons = Vec::with_capacity(infos.len());
	for info in infos {
		let hotkey = AccountId::from(info.hotkey);
		let stake = info
			.stake
			.iter()
			.fold(0u64, |sum, (_, stake)| sum.saturating_add(*stake));
		neurons.push(Neuron {
			uid: info.uid,
			hotkey,
			coldkey: info.coldkey.into(),
			stake_rao: stake,
			trust: info.validator_trust,
			consensus: info.consensus,
			incentive: info.incentive,
			dividends: info.dividends,
			emission_rao: info.emission,
			active: info.active,
			validator_permit: info.validator_permit,
			last_update: info.last_update,
			registered_at: registered_at.get(usize::from(info.uid)).copied().ok_or_else(|| {
				ChainError::MetadataMismatch {
					item: "SubtensorModule.BlockAtRegistration".to_owned(),
					reason: format!("subnet {netuid} has a uid {} that was never registered", info.uid),
				}
			})?,
			axon: info.axon_info.axon(),
			certificate: certificates.remove(&hotkey),
		});
	}
	neurons.sort_by_key(|neuron| neuron.uid);
	Ok(Metagraph {
		netuid,
		block,
		block_hash,
		neurons,
	})
}

#[cfg(test)]
mod tests;
