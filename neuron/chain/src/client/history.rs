//! What an epoch of a subnet reads and has written, at any block whose state the node still has.

use std::collections::HashMap;

use futures::{StreamExt, TryStreamExt};
use subxt::ext::scale_decode::DecodeAsType;
use subxt::utils::AccountId32;

use super::read::{entries, parameter, require_subnet, value};
use super::{AtBlock, ChainClient, SUBTENSOR, Session};
use crate::AccountId;
use crate::error::{ChainError, ToChainError};

/// Reads that are under way at once.
const READS_AT_ONCE: usize = 32;

/// All that an epoch depends on. Vectors are indexed by uid; shares are of 65535 unless the chain says otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EpochInputs {
	/// The block whose state this is.
	pub block: u64,
	/// The block of the epoch before; 0 for none.
	pub last_step_block: u64,
	/// The uid of the owner's hotkey.
	pub owner_uid: Option<u16>,
	/// Alpha that waits for the epoch, in rao.
	pub pending_rao: u64,
	/// Hotkeys.
	pub hotkeys: Vec<AccountId>,
	/// What each hotkey's stake counts, in rao: its alpha, and its TAO on root by the weight of TAO.
	pub stake_rao: Vec<u64>,
	/// Registration blocks.
	pub registered_at: Vec<u64>,
	/// Validator permits.
	pub permits: Vec<bool>,
	/// Blocks of the last weights.
	pub last_update: Vec<u64>,
	/// Weights by the uid that set them.
	pub weights: HashMap<u16, Vec<(u16, u16)>>,
	/// Bonds by the uid that holds them.
	pub bonds: HashMap<u16, Vec<(u16, u16)>>,
	/// `Kappa`.
	pub kappa: u16,
	/// `BondsPenalty`.
	pub bonds_penalty: u16,
	/// `BondsMovingAverage`, per million.
	pub bonds_moving_average: u64,
	/// `Yuma3On`.
	pub yuma3: bool,
	/// `LiquidAlphaOn`.
	pub liquid_alpha: bool,
	/// `AlphaValues`: the lower and the upper bound.
	pub alpha_values: (u16, u16),
	/// `AlphaSigmoidSteepness`, in hundredths.
	pub alpha_sigmoid_steepness: i16,
	/// `MaxAllowedValidators`.
	pub max_allowed_validators: u16,
	/// `ActivityCutoffFactorMilli`, in thousandths of a tempo.
	pub activity_cutoff_factor_milli: u32,
	/// `StakeThreshold`, in rao.
	pub stake_threshold_rao: u64,
	/// `Tempo`, in blocks.
	pub tempo: u16,
}

/// What an epoch has arrived at. Vectors are indexed by uid.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EpochResults {
	/// `Incentive`, of 65535.
	pub incentive: Vec<u16>,
	/// `Dividends`, of 65535.
	pub dividends: Vec<u16>,
	/// `Emission`, in rao.
	pub emission_rao: Vec<u64>,
}

impl ChainClient {
	/// What an epoch at the end of this block, or of the best one, would read.
	///
	/// # Errors
	/// [`ChainError::UnknownNetuid`], a block whose state the node has dropped, and see [`ChainError`].
	pub async fn epoch_inputs(&self, netuid: u16, block: Option<u64>) -> Result<EpochInputs, ChainError> {
		self.request("what an epoch reads", |session| async move {
			let at = at_block(&session, block).await?;
			require_subnet(&session, &at, netuid).await?;
			inputs(&session, &at, netuid).await
		})
		.await
	}

	/// What the last epoch at or before this block, or the best one, has arrived at.
	///
	/// # Errors
	/// As [`Self::epoch_inputs`].
	pub async fn epoch_results(&self, netuid: u16, block: Option<u64>) -> Result<EpochResults, ChainError> {
		self.request("what an epoch has written", |session| async move {
			let at = at_block(&session, block).await?;
			require_subnet(&session, &at, netuid).await?;
			Ok(EpochResults {
				incentive: parameter(&session, &at, "Incentive", netuid).await?,
				dividends: parameter(&session, &at, "Dividends", netuid).await?,
				emission_rao: parameter(&session, &at, "Emission", netuid).await?,
			})
		})
		.await
	}

	/// The block of a subnet's last epoch that computed payouts; 0 for none.
	///
	/// # Errors
	/// [`ChainError::UnknownNetuid`], and see [`ChainError`].
	pub async fn last_epoch_block(&self, netuid: u16) -> Result<u64, ChainError> {
		self.request("SubtensorModule.LastMechansimStepBlock", |session| async move {
			let at = session.best().await?;
			require_subnet(&session, &at, netuid).await?;
			parameter(&session, &at, "LastMechansimStepBlock", netuid).await
		})
		.await
	}
}

/// The chain at a block by its number; at the best one where none is given.
async fn at_block(session: &Session, block: Option<u64>) -> Result<AtBlock, ChainError> {
	let Some(number) = block else {
		return session.best().await;
	};
	let hash = session
		.block_hash(number)
		.await?
		.ok_or_else(|| ChainError::InvalidArgument {
			argument: "block",
			expected: "a block that the chain has".to_owned(),
			found: number.to_string(),
		})?;
	let read = session.api.at_block(hash).await;
	read.map_err(|error| error.to_chain_error(session.context(&format!("block {number}"))))
}

/// A value of the pallet that is not a subnet's.
async fn global<V: DecodeAsType>(session: &Session, at: &AtBlock, item: &str) -> Result<V, ChainError> {
	let stored = value(session, at, SUBTENSOR, item, &[]).await?;
	stored.ok_or_else(|| ChainError::MetadataMismatch {
		item: format!("{SUBTENSOR}.{item}"),
		reason: "the chain has none".to_owned(),
	})
}

async fn inputs(session: &Session, at: &AtBlock, netuid: u16) -> Result<EpochInputs, ChainError> {
	let hotkeys: HashMap<u16, AccountId32> = entries(session, at, "Keys", &[netuid.into()]).await?;
	let neurons: u16 = parameter(session, at, "SubnetworkN", netuid).await?;
	let mut ordered = Vec::with_capacity(usize::from(neurons));
	for uid in 0..neurons {
		let hotkey = hotkeys.get(&uid).ok_or_else(|| ChainError::MetadataMismatch {
			item: format!("{SUBTENSOR}.Keys"),
			reason: format!("uid {uid} of subnet {netuid} has no hotkey"),
		})?;
		ordered.push(AccountId::from(hotkey.0));
	}
	let owner_hotkey: AccountId32 = parameter(session, at, "SubnetOwnerHotkey", netuid).await?;
	let owner_hotkey = AccountId::from(owner_hotkey.0);
	let mut pending_rao = 0_u64;
	for item in [
		"PendingServerEmission",
		"PendingValidatorEmission",
		"PendingRootAlphaDivs",
	] {
		let part: u64 = parameter(session, at, item, netuid).await?;
		pending_rao = pending_rao.saturating_add(part);
	}
	Ok(EpochInputs {
		block: at.block_number(),
		last_step_block: parameter(session, at, "LastMechansimStepBlock", netuid).await?,
		owner_uid: (0..neurons).find(|uid| ordered[usize::from(*uid)] == owner_hotkey),
		pending_rao,
		stake_rao: stakes(session, at, netuid, &ordered).await?,
		hotkeys: ordered,
		registered_at: parameter(session, at, "BlockAtRegistration", netuid).await?,
		permits: parameter(session, at, "ValidatorPermit", netuid).await?,
		last_update: parameter(session, at, "LastUpdate", netuid).await?,
		weights: entries(session, at, "Weights", &[netuid.into()]).await?,
		bonds: entries(session, at, "Bonds", &[netuid.into()]).await?,
		kappa: parameter(session, at, "Kappa", netuid).await?,
		bonds_penalty: parameter(session, at, "BondsPenalty", netuid).await?,
		bonds_moving_average: parameter(session, at, "BondsMovingAverage", netuid).await?,
		yuma3: parameter(session, at, "Yuma3On", netuid).await?,
		liquid_alpha: parameter(session, at, "LiquidAlphaOn", netuid).await?,
		alpha_values: parameter(session, at, "AlphaValues", netuid).await?,
		alpha_sigmoid_steepness: parameter(session, at, "AlphaSigmoidSteepness", netuid).await?,
		max_allowed_validators: parameter(session, at, "MaxAllowedValidators", netuid).await?,
		activity_cutoff_factor_milli: parameter(session, at, "ActivityCutoffFactorMilli", netuid).await?,
		stake_threshold_rao: global(session, at, "StakeThreshold").await?,
		tempo: parameter(session, at, "Tempo", netuid).await?,
	})
}

/// What each hotkey's stake counts: `alpha + floor(root · TaoWeight / (2^64 - 1))`.
async fn stakes(session: &Session, at: &AtBlock, netuid: u16, hotkeys: &[AccountId]) -> Result<Vec<u64>, ChainError> {
	let tao_weight: u64 = global(session, at, "TaoWeight").await?;
	let reads = hotkeys.iter().map(|hotkey| async move {
		let on = |subnet: u16| async move {
			let keys = [(*hotkey).into(), subnet.into()];
			let stored = value::<u64>(session, at, SUBTENSOR, "TotalHotkeyAlpha", &keys).await?;
			Ok::<_, ChainError>(stored.unwrap_or(0))
		};
		let (alpha, root) = (on(netuid).await?, on(0).await?);
		Ok(weighted_stake(alpha, root, tao_weight))
	});
	futures::stream::iter(reads).buffered(READS_AT_ONCE).try_collect().await
}

fn weighted_stake(alpha_rao: u64, root_rao: u64, tao_weight: u64) -> u64 {
	let weighted = u128::from(root_rao) * u128::from(tao_weight) / u128::from(u64::MAX);
	// At most `root_rao`, since the weight is at most one.
	alpha_rao.saturating_add(u64::try_from(weighted).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn tao_on_root_counts_by_its_weight() {
		assert_eq!(weighted_stake(5, 100, 0), 5);
		assert_eq!(weighted_stake(5, 100, u64::MAX), 105);
		assert_eq!(weighted_stake(5, 101, u64::MAX / 2), 55);
		assert_eq!(weighted_stake(u64::MAX, 100, u64::MAX), u64::MAX);
	}
}
