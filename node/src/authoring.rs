//! Block production: Aura with GRANDPA, or sealing by the clock.

use crate::{
	service::{Client, FinalityImport, SelectChain},
	shield::{KeyAnnouncement, Shield},
};
use async_trait::async_trait;
use futures::{Future, Stream, StreamExt, stream};
use ganglion_runtime::{Hash, OpaqueBlock as Block};
use sc_consensus::JustificationSyncLink;
use sc_consensus_aura::{CompatibilityMode, SlotProportion, StartAuraParams};
use sc_consensus_manual_seal::{
	EngineCommand, ManualSealParams,
	consensus::{aura::AuraConsensusDataProvider, timestamp::SlotTimestampProvider},
	run_manual_seal,
};
use sc_service::error::Error as ServiceError;
use sc_telemetry::TelemetryHandle;
use sc_transaction_pool_api::TransactionPool;
use sp_consensus::{Environment, Proposer, SyncOracle};
use sp_consensus_aura::{
	inherents::InherentDataProvider as SlotProvider,
	sr25519::{AuthorityId, AuthorityPair},
};
use sp_inherents::CreateInherentDataProviders;
use sp_keystore::KeystorePtr;
use sp_timestamp::InherentDataProvider as TimestampProvider;
use std::{error::Error, num::NonZeroU64, sync::Arc, time::Duration};

/// The share of a slot that may be spent on making its block.
const PROPOSAL_SLOT_PORTION: f32 = 2.0 / 3.0;

/// How this node makes blocks, if it is an authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Production {
	/// One slot at a time, in turn with the other authorities; GRANDPA finalises.
	Aura,
	/// Alone, one block at each tick, final at once.
	Sealing(Duration),
}

impl Production {
	/// What `--sealing <ms>` asks for.
	pub(crate) fn from_sealing(interval_ms: Option<NonZeroU64>) -> Self {
		interval_ms.map_or(Self::Aura, |interval| {
			Self::Sealing(Duration::from_millis(interval.get()))
		})
	}
}

/// The time and the slot that a new block claims, from this machine's clock.
pub(crate) fn clock_inherents(slot_duration: sp_consensus_aura::SlotDuration) -> (SlotProvider, TimestampProvider) {
	let timestamp = TimestampProvider::from_system_time();
	(
		SlotProvider::from_timestamp_and_slot_duration(*timestamp, slot_duration),
		timestamp,
	)
}

/// What the Aura task needs of the node.
pub(crate) struct AuraParts<E, O> {
	pub(crate) client: Arc<Client>,
	pub(crate) select_chain: SelectChain,
	pub(crate) block_import: FinalityImport,
	pub(crate) proposer_factory: E,
	pub(crate) sync: O,
	pub(crate) keystore: KeystorePtr,
	pub(crate) shield: Arc<Shield>,
	pub(crate) force_authoring: bool,
	pub(crate) telemetry: Option<TelemetryHandle>,
}

/// The task that makes a block in each of this authority's slots.
///
/// # Errors
/// The slot duration cannot be read from the runtime.
pub(crate) fn aura<E, O>(parts: AuraParts<E, O>) -> Result<impl Future<Output = ()>, ServiceError>
where
	E: Environment<Block, Error = sp_blockchain::Error> + Send + Sync + 'static,
	E::Proposer: Proposer<Block, Error = sp_blockchain::Error>,
	O: SyncOracle + JustificationSyncLink<Block> + Clone + Send + Sync + 'static,
{
	let slot_duration = sc_consensus_aura::slot_duration::<AuthorityId, _, _>(&*parts.client)?;
	let shield = parts.shield;
	let task = sc_consensus_aura::start_aura::<AuthorityPair, _, _, _, _, _, _, _, _, _, _>(StartAuraParams {
		slot_duration,
		client: parts.client,
		select_chain: parts.select_chain,
		block_import: parts.block_import,
		proposer_factory: parts.proposer_factory,
		create_inherent_data_providers: move |_, ()| {
			let announcement = KeyAnnouncement(shield.clone());
			async move {
				let (slot, timestamp) = clock_inherents(slot_duration);
				Ok((slot, timestamp, announcement))
			}
		},
		force_authoring: parts.force_authoring,
		backoff_authoring_blocks: None::<()>,
		keystore: parts.keystore,
		sync_oracle: parts.sync.clone(),
		justification_sync_link: parts.sync,
		block_proposal_slot_portion: SlotProportion::new(PROPOSAL_SLOT_PORTION),
		max_block_proposal_slot_portion: None,
		telemetry: parts.telemetry,
		compatibility_mode: CompatibilityMode::None,
	})?;
	Ok(task)
}

/// The task that makes and finalises a block at each tick of `interval`. Ticks that come while a block
/// is being made are skipped, so that a slow machine falls behind instead of piling up work.
pub(crate) async fn sealing<E, P>(
	interval: Duration,
	client: Arc<Client>,
	select_chain: SelectChain,
	proposer_factory: E,
	pool: Arc<P>,
	shield: Arc<Shield>,
) where
	E: Environment<Block> + 'static,
	E::Proposer: Proposer<Block>,
	P: TransactionPool<Block = Block>,
{
	run_manual_seal(ManualSealParams {
		block_import: client.clone(),
		env: proposer_factory,
		client: client.clone(),
		pool,
		commands_stream: Box::pin(ticks(interval)),
		select_chain,
		consensus_data_provider: Some(Box::new(AuraConsensusDataProvider::new(client.clone()))),
		create_inherent_data_providers: NextSlot { client, shield },
	})
	.await;
}

/// Lets each block claim the slot after its parent's, however little time has passed.
struct NextSlot {
	client: Arc<Client>,
	shield: Arc<Shield>,
}

#[async_trait]
impl CreateInherentDataProviders<Block, ()> for NextSlot {
	type InherentDataProviders = (SlotProvider, SlotTimestampProvider, KeyAnnouncement);

	async fn create_inherent_data_providers(
		&self,
		_parent: Hash,
		(): (),
	) -> Result<Self::InherentDataProviders, Box<dyn Error + Send + Sync>> {
		let timestamp = SlotTimestampProvider::new_aura(self.client.clone())
			.map_err(|error| format!("no time for the next block: {error}"))?;
		let announcement = KeyAnnouncement(self.shield.clone());
		Ok((SlotProvider::new(timestamp.slot()), timestamp, announcement))
	}
}

/// Orders for a new, final block, one at each tick.
fn ticks(interval: Duration) -> impl Stream<Item = EngineCommand<Hash>> {
	let mut timer = tokio::time::interval(interval);
	timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
	stream::unfold(timer, |mut timer| async move {
		timer.tick().await;
		Some(((), timer))
	})
	.map(|()| EngineCommand::SealNewBlock {
		create_empty: true,
		finalize: true,
		parent_hash: None,
		sender: None,
	})
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn sealing_is_chosen_by_its_interval() {
		assert_eq!(Production::from_sealing(None), Production::Aura);
		assert_eq!(
			Production::from_sealing(NonZeroU64::new(250)),
			Production::Sealing(Duration::from_millis(250))
		);
	}

	#[tokio::test]
	async fn every_tick_orders_a_final_block() {
		let orders: Vec<_> = ticks(Duration::from_millis(1)).take(3).collect().await;
		assert_eq!(orders.len(), 3);
		assert!(orders.iter().all(|order| matches!(
			order,
			EngineCommand::SealNewBlock {
				finalize: true,
				create_empty: true,
				..
			}
		)));
	}
}
