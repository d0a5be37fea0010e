//! The transactions that a neuron needs.

use subxt::dynamic::Value;
use subxt::ext::scale_value::{Composite, Primitive, ValueDef};

use super::submit::Executed;
use super::{ChainClient, Inclusion, SUBTENSOR, read};
use crate::call::Argument;
use crate::error::ChainError;
use crate::metagraph::{MAX_CERTIFICATE_BYTES, MIN_CERTIFICATE_BYTES};
use crate::{AccountId, Axon, Call, Keypair};

impl ChainClient {
	/// Sends TAO from the signer to another account, in rao.
	///
	/// # Errors
	/// See [`ChainClient::submit`].
	pub async fn transfer(&self, signer: &Keypair, to: &AccountId, amount_rao: u64) -> Result<Inclusion, ChainError> {
		let call = Call::new("Balances", "transfer_keep_alive")
			.with("dest", Argument::Address(*to))
			.with("value", amount_rao);
		self.submit(signer, &call).await
	}

	/// Registers a new subnet, owned by the signer (a coldkey) with `hotkey` as its first neuron. Returns the
	/// subnet's netuid.
	///
	/// # Errors
	/// See [`ChainClient::submit`].
	pub async fn register_network(&self, signer: &Keypair, hotkey: &AccountId) -> Result<u16, ChainError> {
		let call = Call::new(SUBTENSOR, "register_network").with("hotkey", *hotkey);
		added_netuid(&self.execute(signer, &call).await?)
	}

	/// Starts a subnet that the signer (a coldkey) owns: its emission and the trade in its alpha begin.
	///
	/// # Errors
	/// [`ChainError::UnknownNetuid`], and see [`ChainClient::submit`]: the subnet is too young, or was started already.
	pub async fn start_subnet(&self, signer: &Keypair, netuid: u16) -> Result<Inclusion, ChainError> {
		let call = Call::new(SUBTENSOR, "start_call").with("netuid", netuid);
		self.submit(signer, &call)
			.await
			.map_err(|error| error.with_netuid(netuid))
	}

	/// Registers a hotkey in a subnet for the signer (its coldkey) at the price of
	/// [`ChainClient::burn_cost`]. Returns the hotkey's uid.
	///
	/// # Errors
	/// [`ChainError::UnknownNetuid`], and see [`ChainClient::submit`].
	pub async fn burned_register(&self, signer: &Keypair, netuid: u16, hotkey: &AccountId) -> Result<u16, ChainError> {
		let call = Call::new(SUBTENSOR, "burned_register")
			.with("netuid", netuid)
			.with("hotkey", *hotkey);
		let executed = self
			.execute(signer, &call)
			.await
			.map_err(|error| error.with_netuid(netuid))?;
		let keys = [netuid.into(), (*hotkey).into()];
		let uid = self
			.bounded("SubtensorModule.Uids", async {
				read::value(&executed.session, &executed.at, SUBTENSOR, "Uids", &keys).await
			})
			.await?;
		uid.ok_or(ChainError::NotRegistered {
			netuid,
			hotkey: *hotkey,
		})
	}

	/// Publishes where the signer (a hotkey) can be reached, and the certificate that it will show there: the
	/// algorithm byte, then the key.
	///
	/// # Errors
	/// A port of 0, a certificate that is too short or too long, [`ChainError::UnknownNetuid`], and see
	/// [`ChainClient::submit`].
	pub async fn serve_axon_tls(
		&self,
		signer: &Keypair,
		netuid: u16,
		axon: &Axon,
		certificate: &[u8],
	) -> Result<Inclusion, ChainError> {
		let call = serve_axon_tls(netuid, axon, certificate)?;
		self.submit(signer, &call)
			.await
			.map_err(|error| error.with_netuid(netuid))
	}

	/// Sets the signer's (a hotkey's) weights: pairs of uid and weight, of which the proportions count.
	///
	/// # Errors
	/// A uid that comes twice, [`ChainError::UnknownNetuid`], and see [`ChainClient::submit`]: no permit, too
	/// soon, another version key, too few weights.
	pub async fn set_weights(
		&self,
		signer: &Keypair,
		netuid: u16,
		weights: &[(u16, u16)],
		version_key: u64,
	) -> Result<Inclusion, ChainError> {
		let call = Call::set_weights(netuid, weights, version_key)?;
		self.submit(signer, &call)
			.await
			.map_err(|error| error.with_netuid(netuid))
	}

	/// Stakes the signer's TAO (a coldkey's) on a hotkey in a subnet, in rao.
	///
	/// # Errors
	/// [`ChainError::UnknownNetuid`], and see [`ChainClient::submit`].
	pub async fn add_stake(
		&self,
		signer: &Keypair,
		hotkey: &AccountId,
		netuid: u16,
		amount_rao: u64,
	) -> Result<Inclusion, ChainError> {
		let call = Call::new(SUBTENSOR, "add_stake")
			.with("hotkey", *hotkey)
			.with("netuid", netuid)
			.with("amount_staked", amount_rao);
		self.submit(signer, &call)
			.await
			.map_err(|error| error.with_netuid(netuid))
	}

	/// Takes the signer's (a coldkey's) stake back from a hotkey in a subnet, in rao (of alpha).
	///
	/// # Errors
	/// [`ChainError::UnknownNetuid`], and see [`ChainClient::submit`].
	pub async fn remove_stake(
		&self,
		signer: &Keypair,
		hotkey: &AccountId,
		netuid: u16,
		amount_rao: u64,
	) -> Result<Inclusion, ChainError> {
		let call = Call::new(SUBTENSOR, "remove_stake")
			.with("hotkey", *hotkey)
			.with("netuid", netuid)
			.with("amount_unstaked", amount_rao);
		self.submit(signer, &call)
			.await
			.map_err(|error| error.with_netuid(netuid))
	}

	/// Sets a subnet's tempo; the signer is the subnet's owner.
	///
	/// # Errors
	/// [`ChainError::UnknownNetuid`], and see [`ChainClient::submit`].
	pub async fn set_tempo(&self, signer: &Keypair, netuid: u16, tempo: u16) -> Result<Inclusion, ChainError> {
		let call = Call::new(SUBTENSOR, "set_tempo")
			.with("netuid", netuid)
			.with("tempo", tempo);
		self.submit(signer, &call)
			.await
			.map_err(|error| error.with_netuid(netuid))
	}

	/// Makes a call with the sudo key's power; the signer is the sudo key.
	///
	/// # Errors
	/// See [`ChainClient::submit`]; a call that failed inside `Sudo` is an error, too.
	pub async fn sudo(&self, signer: &Keypair, call: Call) -> Result<Inclusion, ChainError> {
		self.submit(signer, &call.sudo()).await
	}
}

fn serve_axon_tls(netuid: u16, axon: &Axon, certificate: &[u8]) -> Result<Call, ChainError> {
	if axon.port == 0 {
		return Err(ChainError::InvalidArgument {
			argument: "port",
			expected: "1 to 65535".to_owned(),
			found: "0".to_owned(),
		});
	}
	if !(MIN_CERTIFICATE_BYTES..=MAX_CERTIFICATE_BYTES).contains(&certificate.len()) {
		return Err(ChainError::InvalidArgument {
			argument: "certificate",
			expected: format!("an algorithm byte and a key, {MIN_CERTIFICATE_BYTES} to {MAX_CERTIFICATE_BYTES} bytes"),
			found: format!("{} bytes", certificate.len()),
		});
	}
	let (ip, ip_type) = axon.ip_number();
	Ok(Call::new(SUBTENSOR, "serve_axon_tls")
		.with("netuid", netuid)
		.with("version", axon.version)
		.with("ip", ip)
		.with("port", axon.port)
		.with("ip_type", ip_type)
		.with("protocol", axon.protocol)
		.with("placeholder1", 0u8)
		.with("placeholder2", 0u8)
		.with("certificate", certificate))
}

impl Call {
	/// The call that sets the signer's (a hotkey's) weights: pairs of uid and weight, of which the proportions count.
	///
	/// # Errors
	/// A uid that comes twice.
	pub fn set_weights(netuid: u16, weights: &[(u16, u16)], version_key: u64) -> Result<Self, ChainError> {
		set_weights(netuid, weights, version_key)
	}
}

fn set_weights(netuid: u16, weights: &[(u16, u16)], version_key: u64) -> Result<Call, ChainError> {
	check_uids(weights)?;
	let (dests, weights): (Vec<u16>, Vec<u16>) = weights.iter().copied().unzip();
	Ok(Call::new(SUBTENSOR, "set_weights")
		.with("netuid", netuid)
		.with("dests", dests)
		.with("weights", weights)
		.with("version_key", version_key))
}

/// An error for a uid that comes twice.
pub(crate) fn check_uids(weights: &[(u16, u16)]) -> Result<(), ChainError> {
	let mut uids: Vec<u16> = weights.iter().map(|(uid, _)| *uid).collect();
	uids.sort_unstable();
	match uids.windows(2).find(|pair| pair[0] == pair[1]) {
		None => Ok(()),
		Some(twice) => Err(ChainError::InvalidArgument {
			argument: "weights",
			expected: "each uid once".to_owned(),
			found: format!("uid {} twice", twice[0]),
		}),
	}
}

/// The netuid in the event that tells of a new subnet.
pub(super) fn added_netuid(executed: &Executed) -> Result<u16, ChainError> {
	let mismatch = |reason: String| ChainError::MetadataMismatch {
		item: "SubtensorModule.NetworkAdded".to_owned(),
		reason,
	};
	for event in executed.events.iter() {
		let event = event.map_err(|error| mismatch(error.to_string()))?;
		if event.pallet_name() == SUBTENSOR && event.event_name() == "NetworkAdded" {
			let fields = event.decode_fields_unchecked_as::<Composite<()>>();
			let fields = fields.map_err(|error| mismatch(error.to_string()))?;
			return netuid_field(&fields).ok_or_else(|| mismatch(format!("its fields are {fields:?}")));
		}
	}
	Err(mismatch("the registration left no such event; on a chain with as many subnets as it may have, a registration waits for one of \
		 them to be dissolved"
			.to_owned()))
}

/// The field named netuid, or the first one; through any newtype.
fn netuid_field(fields: &Composite<()>) -> Option<u16> {
	let field: &Value = match fields {
		Composite::Named(fields) => &fields.iter().find(|(name, _)| name == "netuid")?.1,
		Composite::Unnamed(fields) => fields.first()?,
	};
	match &field.value {
		ValueDef::Primitive(Primitive::U128(number)) => u16::try_from(*number).ok(),
		ValueDef::Composite(inner) if inner.len() == 1 => netuid_field(inner),
		_ => None,
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn axon(ip: &str, port: u16) -> Axon {
		Axon {
			ip: ip.parse().unwrap(),
			port,
			protocol: 4,
			version: 7,
		}
	}

	#[test]
	fn axons_are_published_as_the_chain_reads_them() {
		let call = serve_axon_tls(1, &axon("127.0.0.1", 8091), &[1, 2]).unwrap();
		let expected = Call::new(SUBTENSOR, "serve_axon_tls")
			.with("netuid", 1u16)
			.with("version", 7u32)
			.with("ip", 0x7f00_0001u128)
			.with("port", 8091u16)
			.with("ip_type", 4u8)
			.with("protocol", 4u8)
			.with("placeholder1", 0u8)
			.with("placeholder2", 0u8)
			.with("certificate", &[1u8, 2][..]);
		assert_eq!(call, expected);
	}

	#[test]
	fn axons_that_nobody_could_use_are_refused() {
		assert!(serve_axon_tls(1, &axon("1.2.3.4", 0), &[1, 2]).is_err());
		assert!(serve_axon_tls(1, &axon("1.2.3.4", 1), &[]).is_err());
		assert!(serve_axon_tls(1, &axon("1.2.3.4", 1), &[1]).is_err());
		assert!(serve_axon_tls(1, &axon("1.2.3.4", 1), &[0; MAX_CERTIFICATE_BYTES + 1]).is_err());
		assert!(serve_axon_tls(1, &axon("1.2.3.4", 1), &[0; MAX_CERTIFICATE_BYTES]).is_ok());
	}

	#[test]
	fn weights_keep_their_order_and_name_each_uid_once() {
		let call = set_weights(2, &[(5, 100), (1, 7)], 3).unwrap();
		let expected = Call::new(SUBTENSOR, "set_weights")
			.with("netuid", 2u16)
			.with("dests", vec![5u16, 1])
			.with("weights", vec![100u16, 7])
			.with("version_key", 3u64);
		assert_eq!(call, expected);
		let error = set_weights(2, &[(5, 1), (1, 7), (5, 2)], 0).unwrap_err();
		assert!(error.to_string().contains("uid 5 twice"), "{error}");
	}

	#[test]
	fn a_new_netuid_is_found_in_either_form_of_the_event() {
		let newtype = || Value::unnamed_composite([Value::u128(7)]);
		assert_eq!(
			netuid_field(&Composite::Unnamed(vec![newtype(), Value::u128(1)])),
			Some(7)
		);
		let named = vec![
			("modality".to_owned(), Value::u128(1)),
			("netuid".to_owned(), newtype()),
		];
		assert_eq!(netuid_field(&Composite::Named(named)), Some(7));
		assert_eq!(netuid_field(&Composite::Unnamed(vec![Value::u128(70_000)])), None);
		assert_eq!(netuid_field(&Composite::Unnamed(Vec::new())), None);
		assert_eq!(netuid_field(&Composite::Unnamed(vec![Value::bool(true)])), None);
	}
}
