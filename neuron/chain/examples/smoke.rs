//! Tries every read and write against a running development node, and says what each gave.
//!
//! ```text
//! ganglion-node --dev --sealing 500 --rpc-port 19944
//! cargo run -p neuron-chain --example smoke -- ws://127.0.0.1:19944
//! ```
//!
//! The node's development keys must be rich and `//Alice` its sudo key.

use std::time::Duration;

use neuron_chain::{AccountId, Axon, Call, ChainClient, ChainError, Keypair};

type Failure = Box<dyn std::error::Error>;

/// 10 TAO.
const STAKE_RAO: u64 = 10_000_000_000;
const NO_SUCH_NETUID: u16 = 4_000;

#[tokio::main]
async fn main() -> Result<(), Failure> {
	let url = std::env::args()
		.nth(1)
		.unwrap_or_else(|| "ws://127.0.0.1:9944".to_owned());
	let chain = ChainClient::connect(&url, Duration::from_secs(10)).await?;
	let alice = Keypair::from_uri("//Alice")?;
	let bob = Keypair::from_uri("//Bob")?;
	let validator = Keypair::generate();
	let miner = Keypair::generate();

	plain_reads(&chain, &alice.account_id()).await?;
	transfers(&chain, &alice, &[validator.account_id(), miner.account_id()]).await?;
	let netuid = registration(&chain, &alice, &bob, &validator, &miner).await?;
	publication(&chain, netuid, &miner).await?;
	staking(&chain, netuid, &alice, &validator.account_id()).await?;
	tuning(&chain, netuid, &alice).await?;
	weights(&chain, netuid, &validator, &miner).await?;
	errors(&chain, netuid, &bob).await?;
	println!("all done");
	Ok(())
}

async fn plain_reads(chain: &ChainClient, account: &AccountId) -> Result<(), Failure> {
	println!(
		"best {}, finalised {}",
		chain.block_number().await?,
		chain.finalized_block_number().await?
	);
	println!(
		"balance {} rao, nonce {}",
		chain.balance(account).await?,
		chain.next_nonce(account).await?
	);
	println!("subnets {:?}", chain.subnets().await?);
	println!(
		"issuance {:?}",
		chain.stored_number("Balances", "TotalIssuance", &[]).await?
	);
	println!("a new subnet costs {:?}", chain.network_registration_cost().await);
	let mut blocks = chain.subscribe_blocks();
	println!(
		"blocks {}, {}, {}",
		blocks.next().await?,
		blocks.next().await?,
		blocks.next().await?
	);
	assert_eq!(chain.balance(&AccountId::new([77; 32])).await?, 0);
	Ok(())
}

/// Several transactions of one key at once, from two connections.
async fn transfers(chain: &ChainClient, from: &Keypair, to: &[AccountId]) -> Result<(), Failure> {
	let other = ChainClient::connect(chain.url(), Duration::from_secs(10)).await?;
	let before = chain.balance(&to[0]).await?;
	let sends = (0..6).map(|number| {
		let client = if number % 3 == 0 { &other } else { chain };
		client.transfer(from, &to[0], STAKE_RAO)
	});
	for inclusion in futures::future::join_all(sends).await {
		println!("transfer in block {}", inclusion?.block);
	}
	assert_eq!(chain.balance(&to[0]).await?, before + 6 * STAKE_RAO);
	for account in &to[1..] {
		chain.transfer(from, account, STAKE_RAO).await?;
	}
	Ok(())
}

async fn registration(
	chain: &ChainClient,
	owner: &Keypair,
	coldkey: &Keypair,
	validator: &Keypair,
	miner: &Keypair,
) -> Result<u16, Failure> {
	let netuid = chain.register_network(owner, &Keypair::generate().account_id()).await?;
	chain.start_subnet(owner, netuid).await?;
	assert!(chain.subnet_exists(netuid).await? && chain.subnets().await?.contains(&netuid));
	println!("subnet {netuid}: {:?}", chain.hyperparameters(netuid).await?);
	println!("a neuron costs {} rao", chain.burn_cost(netuid).await?);
	for (owner, hotkey) in [(owner, validator), (coldkey, miner)] {
		let uid = chain.burned_register(owner, netuid, &hotkey.account_id()).await?;
		assert_eq!(chain.uid(netuid, &hotkey.account_id()).await?, Some(uid));
		println!("registered {} as {uid}", hotkey.account_id());
	}
	assert_eq!(chain.uid(netuid, &AccountId::new([77; 32])).await?, None);
	println!("next epoch {:?}", chain.next_epoch_start_block(netuid).await);
	Ok(netuid)
}

async fn publication(chain: &ChainClient, netuid: u16, miner: &Keypair) -> Result<(), Failure> {
	let axon = Axon {
		ip: "127.0.0.1".parse()?,
		port: 8091,
		protocol: 4,
		version: 1,
	};
	let mut certificate = vec![1];
	certificate.extend([42; 32]);
	chain.serve_axon_tls(miner, netuid, &axon, &certificate).await?;
	let metagraph = chain.metagraph(netuid).await?;
	println!("metagraph {metagraph:#?}");
	let neuron = metagraph.by_hotkey(&miner.account_id()).ok_or("the miner is missing")?;
	assert_eq!(neuron.axon, Some(axon));
	assert_eq!(neuron.certificate, Some(certificate));
	Ok(())
}

async fn staking(chain: &ChainClient, netuid: u16, owner: &Keypair, hotkey: &AccountId) -> Result<(), Failure> {
	chain.add_stake(owner, hotkey, netuid, STAKE_RAO).await?;
	println!("stakes {:?}", chain.stakes(&owner.account_id()).await);
	chain.remove_stake(owner, hotkey, netuid, STAKE_RAO / 4).await?;
	let metagraph = chain.metagraph(netuid).await?;
	println!(
		"stake {} rao",
		metagraph.by_hotkey(hotkey).ok_or("no such hotkey")?.stake_rao
	);
	Ok(())
}

async fn tuning(chain: &ChainClient, netuid: u16, owner: &Keypair) -> Result<(), Failure> {
	println!("set_tempo {:?}", chain.set_tempo(owner, netuid, 25).await);
	println!("tempo {}", chain.hyperparameters(netuid).await?.tempo);
	let remark = Call::new("System", "remark").with("remark", &b"smoke"[..]);
	println!("sudo {:?}", chain.sudo(owner, remark).await?);
	// Only an unsigned caller may do this: `Sudo` succeeds, the call inside fails.
	let inner = Call::new("Timestamp", "set").with("now", 0u64);
	println!("sudo that fails: {}", chain.sudo(owner, inner).await.unwrap_err());
	Ok(())
}

async fn weights(chain: &ChainClient, netuid: u16, validator: &Keypair, miner: &Keypair) -> Result<(), Failure> {
	let uid = chain
		.uid(netuid, &miner.account_id())
		.await?
		.ok_or("the miner is missing")?;
	let version = chain.hyperparameters(netuid).await?.weights_version_key;
	// The permit comes with the first epoch.
	let mut blocks = chain.subscribe_blocks();
	for _ in 0..60 {
		match chain.set_weights(validator, netuid, &[(uid, u16::MAX)], version).await {
			Ok(inclusion) => {
				println!(
					"weights in block {}: {:?}",
					inclusion.block,
					chain.weights(netuid).await?
				);
				let again = chain.set_weights(validator, netuid, &[(uid, u16::MAX)], version).await;
				println!("weights again at once: {:?}", again.map_err(|error| error.to_string()));
				return Ok(());
			}
			Err(error) => println!("block {}: {error}", blocks.next().await?),
		}
	}
	Err("no weights within 60 blocks".into())
}

async fn errors(chain: &ChainClient, netuid: u16, poor: &Keypair) -> Result<(), Failure> {
	let unknown = chain.metagraph(NO_SUCH_NETUID).await;
	assert!(matches!(
		unknown,
		Err(ChainError::UnknownNetuid { netuid: NO_SUCH_NETUID })
	));
	let nobody = Keypair::generate();
	for error in [
		chain.hyperparameters(NO_SUCH_NETUID).await.unwrap_err(),
		chain
			.burned_register(poor, NO_SUCH_NETUID, &poor.account_id())
			.await
			.unwrap_err(),
		chain.transfer(&nobody, &poor.account_id(), 1).await.unwrap_err(),
		chain.transfer(poor, &nobody.account_id(), u64::MAX).await.unwrap_err(),
		chain.set_weights(poor, netuid, &[(0, 1)], 0).await.unwrap_err(),
		chain
			.sudo(poor, Call::new("System", "remark").with("remark", &b""[..]))
			.await
			.unwrap_err(),
		chain.submit(poor, &Call::new("NoPallet", "no_call")).await.unwrap_err(),
		chain.submit(poor, &Call::new("System", "remark")).await.unwrap_err(),
		chain.stored_number("System", "NoItem", &[]).await.unwrap_err(),
	] {
		println!("error: {error}");
	}
	Ok(())
}
