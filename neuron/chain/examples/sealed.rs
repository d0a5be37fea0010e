//! Commits to sealed weights on a running development node, and waits until the chain has opened them.
//!
//! ```text
//! ganglion-beacon --listen 127.0.0.1:8890 --period 1 --seed example
//! ganglion-beacon --period 1 --seed example --genesis-patch > patch.json    # and "pace": {"slotDurationMs": 1000}
//! ganglion-node --dev --sealing 1000 --rpc-port 19944 --genesis-patch patch.json --beacon http://127.0.0.1:8890
//! cargo run -p neuron-chain --example sealed -- ws://127.0.0.1:19944
//! ```
//!
//! `//Alice` must be the node's sudo key. Blocks have to come at the pace that the genesis names, since the beacon's rounds
//! come by the clock on the wall.

use std::time::Duration;

use neuron_chain::{Argument, Call, ChainClient, Keypair};

type Failure = Box<dyn std::error::Error>;

/// Blocks from epoch to epoch: the shortest that the chain takes.
const TEMPO: u16 = 10;
/// Blocks that the weights may take to be opened, and to be accepted.
const PATIENCE_BLOCKS: usize = 90;

#[tokio::main]
async fn main() -> Result<(), Failure> {
	let url = std::env::args()
		.nth(1)
		.unwrap_or_else(|| "ws://127.0.0.1:9944".to_owned());
	let chain = ChainClient::connect(&url, Duration::from_secs(10)).await?;
	let alice = Keypair::from_uri("//Alice")?;
	let (validator, miner) = (Keypair::generate(), Keypair::generate());
	let netuid = chain.register_network(&alice, &validator.account_id()).await?;
	chain.start_subnet(&alice, netuid).await?;
	let uid = chain.burned_register(&alice, netuid, &miner.account_id()).await?;
	assert_eq!(chain.sealing(netuid).await?, None, "a new subnet takes open weights");
	let settings: [(&str, &str, Argument); 3] = [
		("sudo_set_tempo", "tempo", TEMPO.into()),
		("sudo_set_commit_reveal_weights_enabled", "enabled", true.into()),
		(
			"sudo_set_weights_set_rate_limit",
			"weights_set_rate_limit",
			0_u64.into(),
		),
	];
	for (call, argument, value) in settings {
		let call = Call::new("AdminUtils", call)
			.with("netuid", netuid)
			.with(argument, value);
		chain.sudo(&alice, call).await?;
	}
	let refused = chain.set_weights(&validator, netuid, &[(uid, u16::MAX)], 0).await;
	println!("open weights: {}", refused.expect_err("they are refused"));

	let version = chain.hyperparameters(netuid).await?.weights_version_key;
	let mut blocks = chain.subscribe_blocks();
	let committed = 'commit: {
		for _ in 0..PATIENCE_BLOCKS {
			let sealing = chain.sealing(netuid).await?.ok_or("the subnet takes open weights")?;
			let round = sealing.reveal_round();
			let weights = [(uid, u16::MAX)];
			let call = sealing.commit(netuid, &validator.account_id(), &weights, version, [7; 32])?;
			let signed = chain.sign(&validator, &call).await?;
			match chain.submit_signed(&signed).await {
				Ok(inclusion) => {
					println!("committed in block {} to round {round}", inclusion.block);
					break 'commit inclusion.block;
				}
				Err(error) => println!("block {}: {error}", blocks.next().await?),
			}
		}
		return Err("no commit was taken".into());
	};
	let own = chain.uid(netuid, &validator.account_id()).await?.ok_or("no uid")?;
	let last_update = chain.metagraph(netuid).await?.neurons[usize::from(own)].last_update;
	assert_eq!(last_update, committed, "the commit counts as an update");
	for _ in 0..PATIENCE_BLOCKS {
		let block = blocks.next().await?;
		if let Some(row) = chain.weights(netuid).await?.get(&own).filter(|row| !row.is_empty()) {
			println!("opened by block {block}: {row:?}");
			assert_eq!(row, &[(uid, u16::MAX)]);
			return Ok(());
		}
	}
	Err("the chain did not open the weights".into())
}
