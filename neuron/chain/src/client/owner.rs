//! What the owner of a subnet asks and does.

use subxt::ext::scale_decode::DecodeAsType;

use super::write::added_netuid;
use super::{ChainClient, Inclusion, SUBTENSOR, read};
use crate::call::Argument;
use crate::error::ChainError;
use crate::{AccountId, Call, Keypair};

/// What a subnet says about itself; all of it may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubnetIdentity {
	/// Name.
	pub name: String,
	/// Source repository.
	pub github_repo: String,
	/// Whom to ask.
	pub contact: String,
	/// Home page.
	pub url: String,
	/// Contact on Discord.
	pub discord: String,
	/// Free text.
	pub description: String,
	/// Address of a logo.
	pub logo_url: String,
	/// Free text.
	pub additional: String,
}

impl SubnetIdentity {
	/// As the runtime's record has its fields.
	fn argument(&self) -> Argument {
		let fields = [
			&self.name,
			&self.github_repo,
			&self.contact,
			&self.url,
			&self.discord,
			&self.description,
			&self.logo_url,
			&self.additional,
		];
		let fields = fields.map(|text| Argument::Bytes(text.as_bytes().to_vec()));
		Argument::Variant("Some".to_owned(), Some(Box::new(Argument::List(fields.to_vec()))))
	}
}

/// The value of a hyperparameter, as the chain lists it.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum HyperparameterValue {
	/// A switch.
	Bool(bool),
	/// A number.
	Number(u64),
	/// A whole number that may be below zero.
	Signed(i64),
	/// An amount, in rao.
	Rao(u64),
	/// A number times 2^64.
	Fixed64(u128),
	/// A lower and an upper bound.
	Pair(u16, u16),
}

/// The chain's form of the value.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
enum Listed {
	Bool(bool),
	U8(u8),
	U16(u16),
	U32(u32),
	U64(u64),
	TaoBalance(u64),
	I32F32(Bits<i64>),
	U64F64(Bits<u128>),
	U16Pair((u16, u16)),
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Bits<T> {
	bits: T,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Entry {
	name: Vec<u8>,
	value: Listed,
}

impl From<Listed> for HyperparameterValue {
	fn from(listed: Listed) -> Self {
		match listed {
			Listed::Bool(value) => Self::Bool(value),
			Listed::U8(value) => Self::Number(value.into()),
			Listed::U16(value) => Self::Number(value.into()),
			Listed::U32(value) => Self::Number(value.into()),
			Listed::U64(value) => Self::Number(value),
			Listed::TaoBalance(rao) => Self::Rao(rao),
			Listed::I32F32(fixed) => Self::Signed(fixed.bits >> 32),
			Listed::U64F64(fixed) => Self::Fixed64(fixed.bits),
			Listed::U16Pair((low, high)) => Self::Pair(low, high),
		}
	}
}

/// An error that the chain's metadata knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownError {
	/// The pallet.
	pub pallet: String,
	/// The error's name there.
	pub name: String,
	/// What its documentation says; may be empty.
	pub docs: String,
}

impl ChainClient {
	/// Registers a new subnet, as [`ChainClient::register_network`] does, that says who it is.
	///
	/// # Errors
	/// See [`ChainClient::submit`].
	pub async fn register_network_with_identity(
		&self,
		signer: &Keypair,
		hotkey: &AccountId,
		identity: &SubnetIdentity,
	) -> Result<u16, ChainError> {
		let call = Call::new(SUBTENSOR, "register_network_with_identity")
			.with("hotkey", *hotkey)
			.with("identity", identity.argument());
		added_netuid(&self.execute(signer, &call).await?)
	}

	/// All hyperparameters of a subnet by the names that clients know, and what follows from them.
	///
	/// # Errors
	/// [`ChainError::UnknownNetuid`], and see [`ChainError`].
	pub async fn hyperparameter_list(&self, netuid: u16) -> Result<Vec<(String, HyperparameterValue)>, ChainError> {
		self.request("the hyperparameters", |session| async move {
			let at = session.best().await?;
			let arguments = [netuid.into()];
			let api = "SubnetInfoRuntimeApi";
			let list: Option<Vec<Entry>> =
				read::call_api(&session, &at, api, "get_subnet_hyperparams_v3", &arguments).await?;
			let list = list.ok_or(ChainError::UnknownNetuid { netuid })?;
			let readable = |entry: Entry| (String::from_utf8_lossy(&entry.name).into_owned(), entry.value.into());
			Ok(list.into_iter().map(readable).collect())
		})
		.await
	}

	/// Sets a hyperparameter of a subnet by a call of `AdminUtils` with these arguments behind the netuid; the signer is the
	/// subnet's owner, or the sudo key.
	///
	/// # Errors
	/// [`ChainError::UnknownNetuid`], and see [`ChainClient::submit`]: not the owner, out of bounds, too soon after the last
	/// change, too close to an epoch.
	pub async fn set_hyperparameter(
		&self,
		signer: &Keypair,
		netuid: u16,
		call: &str,
		arguments: &[(&str, Argument)],
		sudo: bool,
	) -> Result<Inclusion, ChainError> {
		let call = arguments.iter().fold(
			Call::new("AdminUtils", call).with("netuid", netuid),
			|call, (name, value)| call.with(*name, value.clone()),
		);
		let call = if sudo { call.sudo() } else { call };
		self.submit(signer, &call)
			.await
			.map_err(|error| error.with_netuid(netuid))
	}

	/// The errors of this name that the chain's pallets have.
	///
	/// # Errors
	/// See [`ChainError`].
	pub async fn errors_named(&self, name: &str) -> Result<Vec<KnownError>, ChainError> {
		self.request("the metadata", |session| async move {
			let at = session.best().await?;
			let mut found = Vec::new();
			for pallet in at.metadata_ref().pallets() {
				for variant in pallet.error_variants().into_iter().flatten() {
					if variant.name.eq_ignore_ascii_case(name) {
						found.push(KnownError {
							pallet: pallet.name().to_owned(),
							name: variant.name.clone(),
							docs: variant.docs.join(" ").trim().to_owned(),
						});
					}
				}
			}
			Ok(found)
		})
		.await
	}
}

#[cfg(test)]
mod tests {
	use codec::Encode;
	use scale_info::{MetaType, PortableRegistry, Registry, TypeInfo};
	use subxt::ext::scale_encode::EncodeAsType;

	use super::*;

	/// The runtime's record: its fields in its order.
	#[derive(Encode, TypeInfo)]
	struct SubnetIdentityV3 {
		subnet_name: Vec<u8>,
		github_repo: Vec<u8>,
		subnet_contact: Vec<u8>,
		subnet_url: Vec<u8>,
		discord: Vec<u8>,
		description: Vec<u8>,
		logo_url: Vec<u8>,
		additional: Vec<u8>,
	}

	#[test]
	fn an_identity_is_the_runtimes_record() {
		let identity = SubnetIdentity {
			name: "name".into(),
			github_repo: "repository".into(),
			contact: "contact".into(),
			url: "url".into(),
			discord: "discord".into(),
			description: "description".into(),
			logo_url: "logo".into(),
			additional: "more".into(),
		};
		let expected = Some(SubnetIdentityV3 {
			subnet_name: b"name".to_vec(),
			github_repo: b"repository".to_vec(),
			subnet_contact: b"contact".to_vec(),
			subnet_url: b"url".to_vec(),
			discord: b"discord".to_vec(),
			description: b"description".to_vec(),
			logo_url: b"logo".to_vec(),
			additional: b"more".to_vec(),
		});
		let mut registry = Registry::new();
		let id = registry.register_type(&MetaType::new::<Option<SubnetIdentityV3>>()).id;
		let types: PortableRegistry = registry.into();
		let encoded = identity.argument().value().encode_as_type(id, &types).unwrap();
		assert_eq!(encoded, expected.encode());
	}

	#[test]
	fn listed_values_become_what_people_read() {
		let cases = [
			(Listed::U8(3), HyperparameterValue::Number(3)),
			(Listed::I32F32(Bits { bits: -7 << 32 }), HyperparameterValue::Signed(-7)),
			(Listed::TaoBalance(5), HyperparameterValue::Rao(5)),
			(Listed::U16Pair((1, 2)), HyperparameterValue::Pair(1, 2)),
		];
		for (listed, expected) in cases {
			assert_eq!(HyperparameterValue::from(listed), expected);
		}
	}
}
