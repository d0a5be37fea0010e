//! The parts of a node and how they are put together.

use crate::{
	authoring::{self, AuraParts, Production},
	offchain::Workers,
	rpc,
	shield::{self, Shield, ShieldedPool},
};
use ganglion_runtime::{Hash, OpaqueBlock as Block, RuntimeApi};
use sc_client_api::BlockBackend;
use sc_consensus_aura::{CheckForEquivocation, CompatibilityMode, ImportQueueParams};
use sc_consensus_grandpa::{GrandpaParams, SharedVoterState, VotingRulesBuilder};
use sc_network::{
	NetworkBackend, NotificationService, ProtocolName, config::FullNetworkConfiguration,
	service::traits::NetworkService,
};
use sc_network_sync::SyncingService;
use sc_service::{
	BuildNetworkParams, Configuration, PartialComponents, Role, SpawnTasksParams, TaskManager, WarpSyncConfig,
	error::Error as ServiceError,
};
use sc_telemetry::{Telemetry, TelemetryHandle, TelemetryWorker};
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use sp_consensus_aura::sr25519::AuthorityPair;
use sp_keystore::KeystorePtr;
use std::{sync::Arc, time::Duration};
use substrate_prometheus_endpoint::Registry;

/// Runs the runtime's Wasm.
type Executor = sc_executor::WasmExecutor<sp_io::SubstrateHostFunctions>;
/// Reads and writes the chain.
pub(crate) type Client = sc_service::TFullClient<Block, RuntimeApi, Executor>;
/// The chain's database.
pub(crate) type Backend = sc_service::TFullBackend<Block>;
/// Chooses the best block: the longest chain.
pub(crate) type SelectChain = sc_consensus::LongestChain<Backend, Block>;
/// Imports blocks with GRANDPA's rules.
pub(crate) type FinalityImport = sc_consensus_grandpa::GrandpaBlockImport<Backend, Block, Client, SelectChain>;
/// Ties the GRANDPA voter to its block import.
type FinalityLink = sc_consensus_grandpa::LinkHalf<Block, Client, SelectChain>;
/// Holds transactions until a block takes them.
pub(crate) type Pool = sc_transaction_pool::TransactionPoolHandle<Block, Client>;
/// What every sub-command that touches the chain starts from.
type Parts = PartialComponents<
	Client,
	Backend,
	SelectChain,
	sc_consensus::DefaultImportQueue<Block>,
	Pool,
	(FinalityImport, FinalityLink, Option<Telemetry>),
>;

/// Blocks between two finality justifications that are kept and passed on.
const JUSTIFICATION_PERIOD: u32 = 512;
/// How long GRANDPA waits before it repeats its gossip.
const GOSSIP_DURATION: Duration = Duration::from_millis(333);
/// Telemetry messages that may wait for their worker.
const TELEMETRY_BUFFER: usize = 16;

/// Opens the database and sets up what does not need the network.
///
/// # Errors
/// The database, the keystore or the genesis state cannot be opened or made.
pub(crate) fn parts(config: &Configuration) -> Result<Parts, ServiceError> {
	let worker = telemetry_worker(config)?;
	let executor: Executor = sc_service::new_wasm_executor(&config.executor);
	let (client, backend, keystore_container, task_manager) = sc_service::new_full_parts::<Block, RuntimeApi, _>(
		config,
		worker.as_ref().map(|(_, telemetry)| telemetry.handle()),
		executor,
		Vec::new(),
	)?;
	let client = Arc::new(client);
	let telemetry = worker.map(|(worker, telemetry)| {
		task_manager.spawn_handle().spawn("telemetry", None, worker.run());
		telemetry
	});

	let select_chain = sc_consensus::LongestChain::new(backend.clone());
	let transaction_pool = Arc::from(
		sc_transaction_pool::Builder::new(
			task_manager.spawn_essential_handle(),
			client.clone(),
			config.role.is_authority().into(),
		)
		.with_options(config.transaction_pool.clone())
		.with_prometheus(config.prometheus_registry())
		.build(),
	);
	let (finality_import, finality_link) = sc_consensus_grandpa::block_import(
		client.clone(),
		JUSTIFICATION_PERIOD,
		&client,
		select_chain.clone(),
		telemetry.as_ref().map(Telemetry::handle),
	)?;
	let clock = client.clone();
	let import_queue = sc_consensus_aura::import_queue::<AuthorityPair, _, _, _, _, _>(ImportQueueParams {
		block_import: finality_import.clone(),
		justification_import: Some(Box::new(finality_import.clone())),
		client: client.clone(),
		create_inherent_data_providers: move |parent, ()| {
			let clock = clock.clone();
			async move {
				let slot_duration = sc_consensus_aura::standalone::slot_duration_at(&*clock, parent)?;
				Ok(authoring::clock_inherents(slot_duration))
			}
		},
		spawner: &task_manager.spawn_essential_handle(),
		registry: config.prometheus_registry(),
		check_for_equivocation: CheckForEquivocation::default(),
		telemetry: telemetry.as_ref().map(Telemetry::handle),
		compatibility_mode: CompatibilityMode::None,
	})?;

	Ok(PartialComponents {
		client,
		backend,
		task_manager,
		import_queue,
		keystore_container,
		select_chain,
		transaction_pool,
		other: (finality_import, finality_link, telemetry),
	})
}

/// The worker that sends telemetry and the handle to it, if there is anywhere to send it.
fn telemetry_worker(config: &Configuration) -> Result<Option<(TelemetryWorker, Telemetry)>, ServiceError> {
	let Some(endpoints) = config
		.telemetry_endpoints
		.clone()
		.filter(|endpoints| !endpoints.is_empty())
	else {
		return Ok(None);
	};
	let worker = TelemetryWorker::new(TELEMETRY_BUFFER)?;
	let telemetry = worker.handle().new_telemetry(endpoints);
	Ok(Some((worker, telemetry)))
}

/// Starts a node: network, JSON-RPC, off-chain workers, and, for an authority, block production and finality.
///
/// # Errors
/// The parts cannot be set up, or an address is taken.
pub(crate) fn start<N: NetworkBackend<Block, Hash>>(
	config: Configuration,
	production: Production,
	beacon: Option<&str>,
) -> Result<TaskManager, ServiceError> {
	require_authority(&config, production)?;
	let PartialComponents {
		client,
		backend,
		mut task_manager,
		import_queue,
		keystore_container,
		select_chain,
		transaction_pool,
		other: (finality_import, finality_link, mut telemetry),
	} = parts(&config)?;

	let metrics = N::register_notification_metrics(config.prometheus_registry());
	let mut net_config =
		FullNetworkConfiguration::<Block, Hash, N>::new(&config.network, config.prometheus_registry().cloned());
	let protocol_name = finality_protocol_name(&client, &config)?;
	let (finality_protocol, finality_notifications) = sc_consensus_grandpa::grandpa_peers_set_config::<_, N>(
		protocol_name.clone(),
		metrics.clone(),
		net_config.peer_store_handle(),
	);
	net_config.add_notification_protocol(finality_protocol);
	let warp_sync = Arc::new(sc_consensus_grandpa::warp_proof::NetworkProvider::new(
		backend.clone(),
		finality_link.shared_authority_set().clone(),
		Vec::new(),
	));
	let (network, system_rpc_tx, tx_handler_controller, sync_service, _) =
		sc_service::build_network(BuildNetworkParams {
			config: &config,
			net_config,
			client: client.clone(),
			transaction_pool: transaction_pool.clone(),
			spawn_handle: task_manager.spawn_handle(),
			spawn_essential_handle: task_manager.spawn_essential_handle(),
			import_queue,
			block_announce_validator_builder: None,
			warp_sync_config: Some(WarpSyncConfig::WithProvider(warp_sync)),
			block_relay: None,
			metrics,
			gap_sync_body_policy: None,
		})?;

	let workers = Workers {
		client: client.clone(),
		backend: &backend,
		pool: transaction_pool.clone(),
		keystore: keystore_container.keystore(),
		network: Arc::new(network.clone()),
		is_authority: config.role.is_authority(),
		beacon,
	};
	workers.spawn(&task_manager, config.offchain_worker.enabled)?;

	let settings = Settings::of(&config, protocol_name);
	let rpc_builder = {
		let client = client.clone();
		let pool = transaction_pool.clone();
		Box::new(move |_| {
			rpc::extensions(client.clone(), pool.clone()).map_err(|error| ServiceError::Other(error.to_string()))
		})
	};
	sc_service::spawn_tasks(SpawnTasksParams {
		config,
		client: client.clone(),
		backend,
		task_manager: &mut task_manager,
		keystore: keystore_container.keystore(),
		transaction_pool: transaction_pool.clone(),
		rpc_builder,
		network: Arc::new(network.clone()),
		system_rpc_tx,
		tx_handler_controller,
		sync_service: sync_service.clone(),
		telemetry: telemetry.as_mut(),
		tracing_execute_block: None,
	})?;

	let node = Node {
		client,
		select_chain,
		pool: transaction_pool,
		sync: sync_service,
		keystore: keystore_container.keystore(),
		telemetry: telemetry.as_ref().map(Telemetry::handle),
		settings,
	};
	if node.settings.role.is_authority() {
		node.spawn_authoring(&task_manager, production, finality_import)?;
	}
	if node.settings.grandpa && production == Production::Aura {
		node.spawn_finality(&task_manager, finality_link, network, finality_notifications)?;
	}
	Ok(task_manager)
}

/// A node that is no authority makes no blocks, whatever it is told.
fn require_authority(config: &Configuration, production: Production) -> Result<(), ServiceError> {
	if production == Production::Aura || config.role.is_authority() {
		return Ok(());
	}
	let remedy =
		"--sealing makes blocks, for which this node has to be an authority: add --dev, --alice or --validator";
	Err(ServiceError::Other(remedy.into()))
}

/// The name of this chain's GRANDPA protocol.
fn finality_protocol_name(client: &Client, config: &Configuration) -> Result<ProtocolName, ServiceError> {
	let genesis_hash = client
		.block_hash(0)?
		.ok_or_else(|| ServiceError::Other("the database has no genesis block".into()))?;
	Ok(sc_consensus_grandpa::protocol_standard_name(
		&genesis_hash,
		&config.chain_spec,
	))
}

/// What of the configuration is needed after the JSON-RPC servers took it.
struct Settings {
	role: Role,
	name: String,
	force_authoring: bool,
	grandpa: bool,
	prometheus: Option<Registry>,
	protocol_name: ProtocolName,
}

impl Settings {
	fn of(config: &Configuration, protocol_name: ProtocolName) -> Self {
		Self {
			role: config.role,
			name: config.network.node_name.clone(),
			force_authoring: config.force_authoring,
			grandpa: !config.disable_grandpa,
			prometheus: config.prometheus_registry().cloned(),
			protocol_name,
		}
	}
}

/// A node whose network runs, before it takes part in consensus.
struct Node {
	client: Arc<Client>,
	select_chain: SelectChain,
	pool: Arc<Pool>,
	sync: Arc<SyncingService<Block>>,
	keystore: KeystorePtr,
	telemetry: Option<TelemetryHandle>,
	settings: Settings,
}

impl Node {
	/// Starts making blocks. The task is essential: if it fails, the node stops.
	fn spawn_authoring(
		&self,
		task_manager: &TaskManager,
		production: Production,
		block_import: FinalityImport,
	) -> Result<(), ServiceError> {
		let shield = Arc::new(Shield::default());
		task_manager.spawn_handle().spawn(
			"shield",
			Some("block-authoring"),
			shield::follow(self.client.clone(), shield.clone()),
		);
		let proposer_factory = sc_basic_authorship::ProposerFactory::new(
			task_manager.spawn_handle(),
			self.client.clone(),
			Arc::new(ShieldedPool::new(self.pool.clone(), shield.clone())),
			self.settings.prometheus.as_ref(),
			self.telemetry.clone(),
		);
		let spawner = task_manager.spawn_essential_handle();
		match production {
			Production::Aura => {
				let task = authoring::aura(AuraParts {
					client: self.client.clone(),
					select_chain: self.select_chain.clone(),
					block_import,
					proposer_factory,
					sync: self.sync.clone(),
					keystore: self.keystore.clone(),
					shield,
					force_authoring: self.settings.force_authoring,
					telemetry: self.telemetry.clone(),
				})?;
				spawner.spawn_blocking("aura", Some("block-authoring"), task);
			}
			Production::Sealing(interval) => {
				let task = authoring::sealing(
					interval,
					self.client.clone(),
					self.select_chain.clone(),
					proposer_factory,
					self.pool.clone(),
					shield,
				);
				spawner.spawn_blocking("sealing", Some("block-authoring"), task);
			}
		}
		Ok(())
	}

	/// Starts voting on (an authority) or following finality. The task is essential too.
	fn spawn_finality(
		self,
		task_manager: &TaskManager,
		link: FinalityLink,
		network: Arc<dyn NetworkService>,
		notification_service: Box<dyn NotificationService>,
	) -> Result<(), ServiceError> {
		let voter = sc_consensus_grandpa::run_grandpa_voter(GrandpaParams {
			config: sc_consensus_grandpa::Config {
				gossip_duration: GOSSIP_DURATION,
				justification_generation_period: JUSTIFICATION_PERIOD,
				name: Some(self.settings.name),
				observer_enabled: false,
				keystore: self.settings.role.is_authority().then_some(self.keystore),
				local_role: self.settings.role,
				telemetry: self.telemetry.clone(),
				protocol_name: self.settings.protocol_name,
			},
			link,
			network,
			sync: Arc::new(self.sync),
			notification_service,
			voting_rule: VotingRulesBuilder::default().build(),
			prometheus_registry: self.settings.prometheus,
			shared_voter_state: SharedVoterState::empty(),
			telemetry: self.telemetry,
			offchain_tx_pool_factory: OffchainTransactionPoolFactory::new(self.pool),
		})?;
		task_manager
			.spawn_essential_handle()
			.spawn_blocking("grandpa-voter", None, voter);
		Ok(())
	}
}
