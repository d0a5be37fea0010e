//! The client against nodes that are not there, and against a fake one.

use codec::Encode;
use tokio::net::TcpListener;

use super::*;
use crate::fake::types::*;
use crate::fake::{BLOCK, FakeNode, Outcome};
use crate::{AccountId, Argument, Call, Keypair};

const TIMEOUT: Duration = Duration::from_millis(300);

#[tokio::test]
async fn addresses_that_are_none_are_refused() {
	for url in ["", "127.0.0.1:9944", "http://127.0.0.1:9944"] {
		let error = ChainClient::connect(url, TIMEOUT).await.unwrap_err();
		assert!(matches!(error, ChainError::InvalidUrl { .. }), "{error}");
		assert!(error.to_string().contains("ws://host:port"));
	}
}

#[tokio::test]
async fn a_closed_port_is_unreachable() {
	let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
	let url = format!("ws://{}", listener.local_addr().unwrap());
	drop(listener);
	let error = ChainClient::connect(&url, TIMEOUT).await.unwrap_err();
	assert!(matches!(error, ChainError::Unreachable { .. }), "{error:?}");
	assert!(error.is_connection() && error.to_string().contains(&url), "{error}");
}

#[tokio::test]
async fn a_port_that_never_answers_times_out() {
	let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
	let url = format!("ws://{}", listener.local_addr().unwrap());
	let error = ChainClient::connect(&url, TIMEOUT).await.unwrap_err();
	assert!(matches!(error, ChainError::Timeout { .. }), "{error:?}");
	assert!(error.to_string().contains("300 ms"), "{error}");
}

#[tokio::test]
async fn a_port_that_speaks_another_protocol_is_unreachable() {
	use tokio::io::AsyncWriteExt;

	let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
	let url = format!("ws://{}", listener.local_addr().unwrap());
	let server = tokio::spawn(async move {
		while let Ok((mut stream, _)) = listener.accept().await {
			if stream.write_all(b"SSH-2.0-other\r\n\r\n").await.is_err() {
				break;
			}
		}
	});
	let error = ChainClient::connect(&url, TIMEOUT).await.unwrap_err();
	assert!(error.is_connection(), "{error:?}");
	server.abort();
}

/// Tasks of the neuron move between threads.
#[test]
fn operations_can_be_spawned() {
	fn spawnable<T: Send>(_: impl FnOnce(ChainClient) -> T) {}
	spawnable(|client| async move { client.metagraph(1).await });
	spawnable(|client| async move { client.register_network(&Keypair::generate(), &[0; 32].into()).await });
	spawnable(|client| async move { client.burned_register(&Keypair::generate(), 1, &[0; 32].into()).await });
	spawnable(|client| async move { client.subscribe_blocks().next().await });
}

/// A client whose connection is the fake node; a new connection would go to a port where nothing is.
async fn fake() -> (FakeNode, ChainClient) {
	let node = FakeNode::default();
	let url = "ws://127.0.0.1:1";
	let session = Session::over(url, RpcClient::new(node.clone())).await.unwrap();
	let inner = Inner {
		url: url.to_owned(),
		timeout: Duration::from_secs(10),
		inclusion_timeout: TIMEOUT,
		session: Mutex::new(Some(Arc::new(session))),
		signers: core::array::from_fn(|_| Mutex::new(())),
	};
	(node, ChainClient { inner: Arc::new(inner) })
}

/// Stores a value under the key that the chain would use.
async fn store(node: &FakeNode, client: &ChainClient, pallet: &str, item: &str, keys: &[Argument], value: Vec<u8>) {
	let at = client.session().await.unwrap().best().await.unwrap();
	let address = subxt::dynamic::storage::<Vec<subxt::dynamic::Value>, u8>(pallet, item);
	let keys = keys.iter().map(Argument::value).collect();
	let key = at.storage().entry(address).unwrap().fetch_key(keys).unwrap();
	node.state().storage.insert(format!("0x{}", hex::encode(key)), value);
}

async fn with_subnet(node: &FakeNode, client: &ChainClient, netuid: u16) {
	store(node, client, SUBTENSOR, "NetworksAdded", &[netuid.into()], vec![1]).await;
}

#[tokio::test]
async fn plain_values_and_defaults_are_read() {
	let (node, client) = fake().await;
	let alice = Keypair::from_uri("//Alice").unwrap().account_id();
	assert_eq!(client.block_number().await.unwrap(), BLOCK);
	assert_eq!(client.finalized_block_number().await.unwrap(), BLOCK);
	assert_eq!(client.balance(&alice).await.unwrap(), 0);
	let account = AccountInfo {
		nonce: 3,
		data: AccountData {
			free: TaoBalance(9),
			reserved: TaoBalance(1),
		},
	};
	store(&node, &client, "System", "Account", &[alice.into()], account.encode()).await;
	assert_eq!(client.balance(&alice).await.unwrap(), 9);

	assert!(matches!(
		client.burn_cost(4).await,
		Err(ChainError::UnknownNetuid { netuid: 4 })
	));
	with_subnet(&node, &client, 4).await;
	with_subnet(&node, &client, 1).await;
	assert_eq!(client.burn_cost(4).await.unwrap(), 5);
	assert_eq!(client.subnets().await.unwrap(), [1, 4]);
	assert!(!client.subnet_exists(2).await.unwrap());

	assert_eq!(client.uid(4, &alice).await.unwrap(), None);
	store(
		&node,
		&client,
		SUBTENSOR,
		"Uids",
		&[4u16.into(), alice.into()],
		6u16.encode(),
	)
	.await;
	assert_eq!(client.uid(4, &alice).await.unwrap(), Some(6));
	assert_eq!(client.uid(1, &alice).await.unwrap(), None);
}

#[tokio::test]
async fn a_metagraph_is_put_together_from_all_its_parts() {
	let (node, client) = fake().await;
	assert!(matches!(
		client.metagraph(3).await,
		Err(ChainError::UnknownNetuid { netuid: 3 })
	));
	with_subnet(&node, &client, 3).await;
	let neurons = vec![RuntimeNeuron::sample(0), RuntimeNeuron::sample(1)];
	node.state()
		.api_answers
		.insert("NeuronInfoRuntimeApi_get_neurons_lite".to_owned(), neurons.encode());
	let registered_at = vec![50u64, 51].encode();
	store(
		&node,
		&client,
		SUBTENSOR,
		"BlockAtRegistration",
		&[3u16.into()],
		registered_at,
	)
	.await;
	let hotkey = AccountId::new(neurons[1].hotkey.0);
	let certificate = RuntimeCertificate {
		public_key: BoundedVec(vec![9; 32]),
		algorithm: 1,
	};
	let keys = [3u16.into(), hotkey.into()];
	store(
		&node,
		&client,
		SUBTENSOR,
		"NeuronCertificates",
		&keys,
		certificate.encode(),
	)
	.await;
	// Another subnet's certificate must not be mistaken for this one's.
	let keys = [2u16.into(), AccountId::new(neurons[0].hotkey.0).into()];
	store(
		&node,
		&client,
		SUBTENSOR,
		"NeuronCertificates",
		&keys,
		certificate.encode(),
	)
	.await;

	let metagraph = client.metagraph(3).await.unwrap();
	assert_eq!(
		(metagraph.netuid, metagraph.block, metagraph.neurons.len()),
		(3, BLOCK, 2)
	);
	let neuron = metagraph.by_hotkey(&hotkey).unwrap();
	assert_eq!((neuron.uid, neuron.registered_at), (1, 51));
	assert_eq!(
		neuron
			.certificate
			.as_deref()
			.map(|bytes| (bytes.len(), bytes[0], bytes[1])),
		Some((33, 1, 9))
	);
	assert_eq!(metagraph.neurons[0].certificate, None);
}

#[tokio::test]
async fn what_the_chain_lacks_is_named() {
	let (node, client) = fake().await;
	with_subnet(&node, &client, 1).await;
	for (error, item) in [
		(
			client.hyperparameters(1).await.unwrap_err(),
			"SubtensorModule.WeightsSetRateLimit",
		),
		(client.weights(1).await.unwrap_err(), "SubtensorModule.Weights"),
		(
			client.network_registration_cost().await.unwrap_err(),
			"SubnetRegistrationRuntimeApi",
		),
		(
			client.stored_number("System", "Nothing", &[]).await.unwrap_err(),
			"System.Nothing",
		),
		(
			client
				.submit(&Keypair::generate(), &Call::new("No", "call"))
				.await
				.unwrap_err(),
			"No.call",
		),
	] {
		assert!(matches!(error, ChainError::MetadataMismatch { .. }), "{error:?}");
		assert!(error.to_string().contains(item), "{error}");
	}
}

#[tokio::test]
async fn a_broken_connection_is_replaced() {
	let (node, client) = fake().await;
	assert!(client.block_number().await.is_ok());
	node.state().disconnected = true;
	// The read is tried again over a new connection, of which there is none.
	assert!(matches!(
		client.block_number().await,
		Err(ChainError::Unreachable { .. })
	));
	assert!(client.inner.session.lock().await.is_none());
}

fn failed(error: u8) -> RuntimeEvent {
	RuntimeEvent::System(SystemEvent::ExtrinsicFailed(module(error)))
}

fn module(error: u8) -> DispatchError {
	DispatchError::Module {
		index: 7,
		error: [error, 0, 0, 0],
	}
}

async fn outcome(outcomes: Vec<Outcome>) -> (FakeNode, Result<u16, ChainError>) {
	let (node, client) = fake().await;
	node.state().outcomes.extend(outcomes);
	let key = Keypair::from_uri("//Alice").unwrap();
	let result = client.register_network(&key, &key.account_id()).await;
	(node, result)
}

#[tokio::test]
async fn a_transaction_in_a_block_has_its_events_read() {
	let added = RuntimeEvent::SubtensorModule(SubtensorEvent::NetworkAdded(NetUid(12), 0));
	let success = RuntimeEvent::System(SystemEvent::ExtrinsicSuccess);
	let (node, netuid) = outcome(vec![Outcome::Included(vec![added, success])]).await;
	assert_eq!(netuid.unwrap(), 12);
	let alice = Keypair::from_uri("//Alice").unwrap().account_id();
	let sent = node.state().submitted.remove(0);
	// A signed transaction of version 4 from Alice, whose call comes last.
	let body = sent
		.strip_prefix(&codec::Compact(sent.len() as u32 - 2).encode()[..])
		.unwrap();
	assert_eq!(body[..2], [0x84, 0]);
	assert_eq!(&body[2..34], alice.as_bytes());
	let mut call = vec![7, 0];
	call.extend(alice.as_bytes());
	assert!(body.ends_with(&call));
	// Era (two bytes), nonce 1 and no tip stand before it.
	assert_eq!(body[body.len() - call.len() - 2..][..2], [4, 0]);
}

#[tokio::test]
async fn failures_in_the_block_are_named() {
	let (_, error) = outcome(vec![Outcome::Included(vec![failed(1)])]).await;
	let error = error.unwrap_err();
	assert!(error.is_module("SettingWeightsTooFast"), "{error:?}");
	assert!(
		error
			.to_string()
			.contains("SubtensorModule.SettingWeightsTooFast (Weights come too fast.)"),
		"{error}"
	);

	let bad_origin = RuntimeEvent::System(SystemEvent::ExtrinsicFailed(DispatchError::BadOrigin));
	let (_, error) = outcome(vec![Outcome::Included(vec![bad_origin])]).await;
	assert!(matches!(error, Err(ChainError::Dispatch { .. })));

	let (_, error) = outcome(vec![Outcome::Included(vec![])]).await;
	assert!(
		matches!(error, Err(ChainError::MetadataMismatch { .. })),
		"no event of a new subnet"
	);
}

#[tokio::test]
async fn failures_inside_sudo_are_failures() {
	let (node, client) = fake().await;
	let key = Keypair::from_uri("//Alice").unwrap();
	let call = || {
		Call::new(SUBTENSOR, "burned_register")
			.with("netuid", 1u16)
			.with("hotkey", key.account_id())
	};
	let sudid = |sudo_result| Outcome::Included(vec![RuntimeEvent::Sudo(SudoEvent::Sudid { sudo_result })]);
	node.state().outcomes.extend([sudid(Err(module(0))), sudid(Ok(()))]);
	let error = client.sudo(&key, call()).await.unwrap_err();
	assert!(error.is_module("SubnetNotExists"), "{error:?}");
	let inclusion = client.sudo(&key, call()).await.unwrap();
	assert_eq!((inclusion.block, inclusion.block_hash), (BLOCK, [7; 32]));
	assert_eq!(client.next_nonce(&key.account_id()).await.unwrap(), 3);
}

#[tokio::test]
async fn a_pallet_s_unknown_subnet_is_ours() {
	let (node, client) = fake().await;
	let key = Keypair::from_uri("//Alice").unwrap();
	node.state().outcomes.push_back(Outcome::Included(vec![failed(0)]));
	let error = client.set_weights(&key, 9, &[(1, 2)], 0).await;
	assert!(matches!(error, Err(ChainError::UnknownNetuid { netuid: 9 })));
}

#[tokio::test]
async fn only_a_taken_nonce_is_tried_again() {
	let outdated = || Outcome::Refused(1010, "Transaction is outdated");
	let added = RuntimeEvent::SubtensorModule(SubtensorEvent::NetworkAdded(NetUid(1), 0));
	let taken = Outcome::Refused(1014, "");
	let (node, result) = outcome(vec![outdated(), taken, Outcome::Included(vec![added])]).await;
	assert_eq!(result.unwrap(), 1);
	assert_eq!(node.state().submitted.len(), 3);

	let (node, result) = outcome(vec![outdated(), outdated(), outdated(), outdated()]).await;
	assert!(matches!(result, Err(ChainError::InvalidTransaction { .. })));
	assert_eq!(node.state().submitted.len(), 4);

	let (node, result) = outcome(vec![Outcome::Refused(1010, "Custom error: 6")]).await;
	assert!(result.unwrap_err().to_string().contains("RateLimitExceeded"));
	assert_eq!(node.state().submitted.len(), 1);
}

#[tokio::test]
async fn transactions_are_born_in_a_block_that_the_pool_knows() {
	let (_node, client) = fake().await;
	let key = Keypair::from_uri("//Alice").unwrap();
	let call = Call::new(SUBTENSOR, "burned_register")
		.with("netuid", 1u16)
		.with("hotkey", key.account_id());
	let signed = client.sign(&key, &call).await.unwrap();
	// The newest block is the 7th, and eight before it there is only the first of the chain.
	assert_eq!((BLOCK, signed.valid_until_block), (7, 128));
}

#[tokio::test]
async fn a_transaction_whose_fate_is_unknown_is_not_sent_again() {
	for (fate, reason) in [
		(Outcome::Pending, "no block took it"),
		(Outcome::Silence, "stopped reporting"),
		(Outcome::Disconnect, "broken while sending"),
	] {
		let (node, result) = outcome(vec![fate]).await;
		let error = result.unwrap_err();
		assert!(matches!(error, ChainError::OutcomeUnknown { .. }), "{error:?}");
		assert!(error.to_string().contains(reason), "{error}");
		assert_eq!(node.state().submitted.len(), 1);
	}
}

/// A chain whose subnet 3 wants its weights sealed to this beacon, at second 500,000, with its next epoch at block 50.
async fn sealing(beacon: &BeaconConfiguration) -> (FakeNode, ChainClient) {
	let (node, client) = fake().await;
	with_subnet(&node, &client, 3).await;
	store(
		&node,
		&client,
		SUBTENSOR,
		"CommitRevealWeightsEnabled",
		&[3u16.into()],
		vec![1],
	)
	.await;
	store(&node, &client, "Drand", "BeaconConfig", &[], beacon.encode()).await;
	store(&node, &client, "Timestamp", "Now", &[], 500_000_000u64.encode()).await;
	node.state().api_answers.insert(
		"SubnetInfoRuntimeApi_get_next_epoch_start_block".to_owned(),
		Some(50u64).encode(),
	);
	(node, client)
}

#[tokio::test]
async fn weights_are_sealed_to_the_beacon_that_the_chain_follows() {
	let beacon = timelock::SecretKey::from_seed(b"a beacon of this test");
	let key = beacon.public().to_bytes().unwrap().to_vec();
	let (_, client) = sealing(&BeaconConfiguration::with_key(key)).await;
	let sealing = client.sealing(3).await.unwrap().unwrap();
	let alice = Keypair::from_uri("//Alice").unwrap();
	let call = sealing
		.commit(3, &alice.account_id(), &[(1, 65_535)], 9, [7; 32])
		.unwrap();
	let round = sealing.reveal_round();
	// Three blocks of 12 s after the one of the epoch.
	assert_eq!(round, (500_000 - 1_000 + (50 + 3 - BLOCK) * 12) / 3 + 1);
	let signed = client.sign(&alice, &call).await.unwrap();
	let Some(Argument::Bytes(sealed)) = call.argument("commit") else {
		panic!("{call:?}")
	};
	// The call is the runtime's own: index of the pallet, of the call, and its arguments, at the end of the transaction.
	let arguments = (3u16, sealed, round, crate::COMMIT_REVEAL_VERSION);
	assert!(signed.bytes.ends_with(&(7u8, 3u8, arguments).encode()));
	let row = timelock::open(sealed, &beacon.sign(round).unwrap()).unwrap();
	let expected = (
		alice.account_id().as_bytes().to_vec(),
		vec![1u16],
		vec![65_535u16],
		9u64,
	);
	assert_eq!(row, expected.encode());
	assert_eq!(signed.name, "SubtensorModule.commit_timelocked_weights");
}

#[tokio::test]
async fn without_a_beacon_nothing_is_sealed_and_the_remedy_is_named() {
	let other = BeaconConfiguration {
		scheme_id: BoundedVec(b"pedersen-bls-chained".to_vec()),
		..BeaconConfiguration::with_key(vec![1; 96])
	};
	let cases = [
		(BeaconConfiguration::with_key(Vec::new()), "follows none"),
		(BeaconConfiguration::with_key(vec![1; 96]), "public key"),
		(other, "pedersen-bls-chained"),
	];
	for (beacon, reason) in cases {
		let (_, client) = sealing(&beacon).await;
		let error = client.sealing(3).await.unwrap_err();
		assert!(matches!(error, ChainError::Beacon { .. }), "{error:?}");
		let text = error.to_string();
		assert!(text.contains(reason) && text.contains("set_beacon_config"), "{text}");
	}
	let (node, client) = fake().await;
	with_subnet(&node, &client, 4).await;
	assert_eq!(client.sealing(4).await.unwrap(), None, "an open subnet needs no beacon");
	assert!(matches!(
		client.sealing(5).await,
		Err(ChainError::UnknownNetuid { netuid: 5 })
	));
}
