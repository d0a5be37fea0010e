//! What can be read from the chain.

use std::collections::HashMap;

use subxt::dynamic::{self, Value};
use subxt::ext::scale_decode::DecodeAsType;
use subxt::storage::StorageKey;
use subxt::utils::AccountId32;

use super::{AtBlock, ChainClient, SUBTENSOR, Session};
use crate::call::Argument;
use crate::error::{ChainError, ToChainError};
use crate::metagraph::{self, NeuronCertificate, NeuronInfoLite, StakeInfo};
use crate::{AccountId, Hyperparameters, Metagraph, Stake};

/// `System.Account`, as far as it is needed.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct AccountInfo {
	data: AccountData,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct AccountData {
	free: u64,
}

impl ChainClient {
	/// The number of the best block.
	///
	/// # Errors
	/// See [`ChainError`].
	pub async fn block_number(&self) -> Result<u64, ChainError> {
		self.request("the best block", |session| async move {
			Ok(session.best().await?.block_number())
		})
		.await
	}

	/// The number of the last finalised block.
	///
	/// # Errors
	/// See [`ChainError`].
	pub async fn finalized_block_number(&self) -> Result<u64, ChainError> {
		self.request("the finalised block", |session| async move {
			Ok(session.finalized().await?.block_number())
		})
		.await
	}

	/// What an account can spend, in rao; 0 for an account that does not exist.
	///
	/// # Errors
	/// See [`ChainError`].
	pub async fn balance(&self, account: &AccountId) -> Result<u64, ChainError> {
		let account: Option<AccountInfo> = self.read("System", "Account", &[(*account).into()]).await?;
		Ok(account.map_or(0, |account| account.data.free))
	}

	/// Whether there is a subnet with this netuid.
	///
	/// # Errors
	/// See [`ChainError`].
	pub async fn subnet_exists(&self, netuid: u16) -> Result<bool, ChainError> {
		Ok(self
			.read(SUBTENSOR, "NetworksAdded", &[netuid.into()])
			.await?
			.unwrap_or(false))
	}

	/// The netuids of all subnets, sorted.
	///
	/// # Errors
	/// See [`ChainError`].
	pub async fn subnets(&self) -> Result<Vec<u16>, ChainError> {
		self.request("SubtensorModule.NetworksAdded", |session| async move {
			let at = session.best().await?;
			let added: HashMap<u16, bool> = entries(&session, &at, "NetworksAdded", &[]).await?;
			let mut netuids: Vec<u16> = added
				.into_iter()
				.filter_map(|(netuid, added)| added.then_some(netuid))
				.collect();
			netuids.sort_unstable();
			Ok(netuids)
		})
		.await
	}

	/// What can be tuned in a subnet.
	///
	/// # Errors
	/// [`ChainError::UnknownNetuid`], and see [`ChainError`].
	pub async fn hyperparameters(&self, netuid: u16) -> Result<Hyperparameters, ChainError> {
		self.request("the hyperparameters", |session| async move {
			let at = session.best().await?;
			require_subnet(&session, &at, netuid).await?;
			Ok(Hyperparameters {
				tempo: parameter(&session, &at, "Tempo", netuid).await?,
				weights_rate_limit: parameter(&session, &at, "WeightsSetRateLimit", netuid).await?,
				weights_version_key: parameter(&session, &at, "WeightsVersionKey", netuid).await?,
				min_allowed_weights: parameter(&session, &at, "MinAllowedWeights", netuid).await?,
				immunity_period: parameter(&session, &at, "ImmunityPeriod", netuid).await?,
				max_allowed_uids: parameter(&session, &at, "MaxAllowedUids", netuid).await?,
				serving_rate_limit: parameter(&session, &at, "ServingRateLimit", netuid).await?,
			})
		})
		.await
	}

	/// What it costs to register a neuron in a subnet now, in rao.
	///
	/// # Errors
	/// [`ChainError::UnknownNetuid`], and see [`ChainError`].
	pub async fn burn_cost(&self, netuid: u16) -> Result<u64, ChainError> {
		self.request("SubtensorModule.Burn", |session| async move {
			let at = session.best().await?;
			require_subnet(&session, &at, netuid).await?;
			parameter(&session, &at, "Burn", netuid).await
		})
		.await
	}

	/// What it costs to register a subnet now, in rao.
	///
	/// # Errors
	/// See [`ChainError`].
	pub async fn network_registration_cost(&self) -> Result<u64, ChainError> {
		self.call_api("SubnetRegistrationRuntimeApi", "get_network_registration_cost", &[])
			.await
	}

	/// The block at which a subnet's next epoch begins; `None` for a subnet that has no epochs.
	///
	/// # Errors
	/// See [`ChainError`].
	pub async fn next_epoch_start_block(&self, netuid: u16) -> Result<Option<u64>, ChainError> {
		self.call_api("SubnetInfoRuntimeApi", "get_next_epoch_start_block", &[netuid.into()])
			.await
	}

	/// The uid of a hotkey in a subnet, if it is registered there.
	///
	/// # Errors
	/// See [`ChainError`].
	pub async fn uid(&self, netuid: u16, hotkey: &AccountId) -> Result<Option<u16>, ChainError> {
		self.read(SUBTENSOR, "Uids", &[netuid.into(), (*hotkey).into()]).await
	}

	/// The stakes of a coldkey, on all hotkeys and in all subnets.
	///
	/// # Errors
	/// See [`ChainError`].
	pub async fn stakes(&self, coldkey: &AccountId) -> Result<Vec<Stake>, ChainError> {
		let arguments = [(*coldkey).into()];
		let infos: Vec<StakeInfo> = self
			.call_api("StakeInfoRuntimeApi", "get_stake_info_for_coldkey", &arguments)
			.await?;
		Ok(infos.into_iter().map(Stake::from).collect())
	}

	/// The weights that the neurons of a subnet have set: by the uid that set them, the uids they are for and
	/// the weights.
	///
	/// # Errors
	/// See [`ChainError`].
	pub async fn weights(&self, netuid: u16) -> Result<HashMap<u16, Vec<(u16, u16)>>, ChainError> {
		self.request("SubtensorModule.Weights", |session| async move {
			let at = session.best().await?;
			entries(&session, &at, "Weights", &[netuid.into()]).await
		})
		.await
	}

	/// All neurons of a subnet, with their certificates.
	///
	/// # Errors
	/// [`ChainError::UnknownNetuid`], and see [`ChainError`].
	pub async fn metagraph(&self, netuid: u16) -> Result<Metagraph, ChainError> {
		self.request("the metagraph", |session| async move {
			let at = session.best().await?;
			require_subnet(&session, &at, netuid).await?;
			let key = [netuid.into()];
			let infos: Vec<NeuronInfoLite> =
				call_api(&session, &at, "NeuronInfoRuntimeApi", "get_neurons_lite", &key).await?;
			let certificates: HashMap<AccountId32Key, NeuronCertificate> =
				entries(&session, &at, "NeuronCertificates", &key).await?;
			let certificates = certificates
				.into_iter()
				.map(|(hotkey, certificate)| (AccountId::from(hotkey.0), certificate.into_bytes()));
			let registered_at: Vec<u64> = parameter(&session, &at, "BlockAtRegistration", netuid).await?;
			let block = (at.block_number(), at.block_hash().0);
			metagraph::assemble(netuid, block, infos, certificates.collect(), &registered_at)
		})
		.await
	}

	/// A number from any storage item, for what has no method of its own: `None` if there is none there.
	///
	/// # Errors
	/// An item that does not exist or is no number, and see [`ChainError`].
	pub async fn stored_number(&self, pallet: &str, item: &str, keys: &[Argument]) -> Result<Option<u128>, ChainError> {
		self.read(pallet, item, keys).await
	}

	async fn read<V: DecodeAsType>(
		&self,
		pallet: &str,
		item: &str,
		keys: &[Argument],
	) -> Result<Option<V>, ChainError> {
		self.request(&format!("{pallet}.{item}"), |session| async move {
			let at = session.best().await?;
			value(&session, &at, pallet, item, keys).await
		})
		.await
	}

	async fn call_api<V: DecodeAsType>(
		&self,
		api: &str,
		method: &str,
		arguments: &[Argument],
	) -> Result<V, ChainError> {
		self.request(&format!("{api}.{method}"), |session| async move {
			let at = session.best().await?;
			call_api(&session, &at, api, method, arguments).await
		})
		.await
	}
}

/// An account as part of a storage key; subxt's own type cannot be hashed.
#[derive(PartialEq, Eq)]
struct AccountId32Key(AccountId32);

impl std::hash::Hash for AccountId32Key {
	fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
		self.0.0.hash(state);
	}
}

/// The last part of a storage key.
pub(super) trait LastKey: Sized + Eq + std::hash::Hash {
	type Stored: DecodeAsType;
	fn from_stored(stored: Self::Stored) -> Self;
}

impl LastKey for u16 {
	type Stored = Self;
	fn from_stored(stored: Self) -> Self {
		stored
	}
}

impl LastKey for AccountId32Key {
	type Stored = AccountId32;
	fn from_stored(stored: AccountId32) -> Self {
		Self(stored)
	}
}

fn values(arguments: &[Argument]) -> Vec<Value> {
	arguments.iter().map(Argument::value).collect()
}

/// One storage value; the item's default where nothing is stored, `None` where it has no default.
pub(super) async fn value<V: DecodeAsType>(
	session: &Session,
	at: &AtBlock,
	pallet: &str,
	item: &str,
	keys: &[Argument],
) -> Result<Option<V>, ChainError> {
	let name = format!("{pallet}.{item}");
	let context = session.context(&name);
	let address = dynamic::storage::<Vec<Value>, V>(pallet, item);
	let stored = at.storage().try_fetch(address, values(keys)).await;
	let stored = stored.map_err(|error| error.to_chain_error(context))?;
	stored
		.map(|stored| stored.decode().map_err(|error| error.to_chain_error(context)))
		.transpose()
}

/// All values of a map of the subnets' pallet below a prefix, by the last part of their keys.
pub(super) async fn entries<K: LastKey, V: DecodeAsType>(
	session: &Session,
	at: &AtBlock,
	item: &str,
	prefix: &[Argument],
) -> Result<HashMap<K, V>, ChainError> {
	let name = format!("{SUBTENSOR}.{item}");
	let context = session.context(&name);
	let address = dynamic::storage::<Vec<Value>, V>(SUBTENSOR, item);
	let mut stored = at
		.storage()
		.iter(address, values(prefix))
		.await
		.map_err(|error| error.to_chain_error(context))?;
	let mut found = HashMap::new();
	while let Some(entry) = futures::StreamExt::next(&mut stored).await {
		let entry = entry.map_err(|error| error.to_chain_error(context))?;
		let key: StorageKey<'_, Vec<Value>> = entry.key().map_err(|error| error.to_chain_error(context))?;
		let last = key.parts().len().checked_sub(1).and_then(|last| key.part(last));
		let last = match last {
			Some(part) => part
				.decode_as::<K::Stored>()
				.map_err(|error| error.to_chain_error(context))?,
			None => None,
		};
		let last = last.ok_or_else(|| ChainError::MetadataMismatch {
			item: name.clone(),
			reason: "its keys cannot be read back".to_owned(),
		})?;
		let value = entry.value().decode().map_err(|error| error.to_chain_error(context))?;
		found.insert(K::from_stored(last), value);
	}
	Ok(found)
}

/// A hyperparameter of a subnet.
pub(super) async fn parameter<V: DecodeAsType>(
	session: &Session,
	at: &AtBlock,
	item: &str,
	netuid: u16,
) -> Result<V, ChainError> {
	let stored = value(session, at, SUBTENSOR, item, &[netuid.into()]).await?;
	stored.ok_or_else(|| ChainError::MetadataMismatch {
		item: format!("{SUBTENSOR}.{item}"),
		reason: format!("subnet {netuid} has none"),
	})
}

pub(super) async fn require_subnet(session: &Session, at: &AtBlock, netuid: u16) -> Result<(), ChainError> {
	let exists: Option<bool> = value(session, at, SUBTENSOR, "NetworksAdded", &[netuid.into()]).await?;
	if exists == Some(true) {
		Ok(())
	} else {
		Err(ChainError::UnknownNetuid { netuid })
	}
}

pub(super) async fn call_api<V: DecodeAsType>(
	session: &Session,
	at: &AtBlock,
	api: &str,
	method: &str,
	arguments: &[Argument],
) -> Result<V, ChainError> {
	let name = format!("{api}.{method}");
	let payload = dynamic::runtime_api_call::<Vec<Value>, V>(api, method, values(arguments));
	let answer = at.runtime_apis().call(payload).await;
	answer.map_err(|error| error.to_chain_error(session.context(&name)))
}
