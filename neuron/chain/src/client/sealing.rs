//! What has to be read before weights can be sealed.

use subxt::{dynamic, ext::scale_decode::DecodeAsType};
use timelock::{PublicKey, Schedule};

use super::{
	AtBlock, ChainClient, SUBTENSOR, Session,
	read::{call_api, parameter, require_subnet, value},
};
use crate::{
	error::{ChainError, ToChainError},
	sealing::Sealing,
};

/// The pallet that follows the beacon.
const DRAND: &str = "Drand";
/// The signature scheme that sealing is made for.
const SCHEME: &[u8] = b"bls-unchained-g1-rfc9380";

/// `Drand.BeaconConfig`, as far as it is needed.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct BeaconConfig {
	public_key: Vec<u8>,
	period: u32,
	genesis_time: u32,
	scheme_id: Vec<u8>,
}

impl ChainClient {
	/// How weights have to be sealed on a subnet; `None` where it takes them as they are.
	///
	/// # Errors
	/// [`ChainError::UnknownNetuid`], [`ChainError::Beacon`] where the subnet wants them sealed and the chain follows no
	/// beacon that they can be sealed to, and see [`ChainError`].
	pub async fn sealing(&self, netuid: u16) -> Result<Option<Sealing>, ChainError> {
		self.request("the sealing of weights", |session| async move {
			let at = session.best().await?;
			require_subnet(&session, &at, netuid).await?;
			let commit_first: bool = parameter(&session, &at, "CommitRevealWeightsEnabled", netuid).await?;
			if !commit_first {
				return Ok(None);
			}
			let (beacon, schedule) = beacon(&session, &at).await?;
			let next: Option<u64> = call_api(
				&session,
				&at,
				"SubnetInfoRuntimeApi",
				"get_next_epoch_start_block",
				&[netuid.into()],
			)
			.await?;
			Ok(Some(Sealing {
				beacon,
				schedule,
				latest_round: plain(&session, &at, DRAND, "LastStoredRound").await?,
				block: at.block_number(),
				time_ms: plain(&session, &at, "Timestamp", "Now").await?,
				block_ms: slot_duration_ms(&session, &at)?,
				next_epoch_block: next.ok_or_else(|| ChainError::MetadataMismatch {
					item: format!("{SUBTENSOR}.Tempo"),
					reason: format!("subnet {netuid} has no epochs"),
				})?,
				tempo: parameter(&session, &at, "Tempo", netuid).await?,
				reveal_period_epochs: parameter(&session, &at, "RevealPeriodEpochs", netuid).await?,
			}))
		})
		.await
	}
}

/// The beacon that the chain follows.
async fn beacon(session: &Session, at: &AtBlock) -> Result<(PublicKey, Schedule), ChainError> {
	let config: BeaconConfig = plain(session, at, DRAND, "BeaconConfig").await?;
	let unusable = |reason: String| ChainError::Beacon { reason };
	if config.public_key.is_empty() {
		return Err(unusable("the chain follows none".to_owned()));
	}
	if config.scheme_id != SCHEME {
		let (found, expected) = (
			String::from_utf8_lossy(&config.scheme_id),
			String::from_utf8_lossy(SCHEME),
		);
		return Err(unusable(format!("its scheme is `{found}`, expected {expected}")));
	}
	let beacon = PublicKey::from_bytes(&config.public_key).map_err(|error| unusable(error.to_string()))?;
	let schedule = Schedule {
		genesis_time: config.genesis_time.into(),
		period: config.period.into(),
	};
	Ok((beacon, schedule))
}

/// A value that is there once.
async fn plain<V: DecodeAsType>(session: &Session, at: &AtBlock, pallet: &str, item: &str) -> Result<V, ChainError> {
	let stored = value(session, at, pallet, item, &[]).await?;
	stored.ok_or_else(|| ChainError::MetadataMismatch {
		item: format!("{pallet}.{item}"),
		reason: "it has no value".to_owned(),
	})
}

/// The time from block to block, which the chain tells by this constant and by nothing else.
fn slot_duration_ms(session: &Session, at: &AtBlock) -> Result<u64, ChainError> {
	let context = session.context("Aura.SlotDuration");
	let address = dynamic::constant::<u64>("Aura", "SlotDuration");
	at.constants()
		.entry(address)
		.map_err(|error| error.to_chain_error(context))
}
