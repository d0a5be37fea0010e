//! The commands that ask the chain for one thing and end.

use anyhow::{Context as _, Result};
use neuron_chain::{AccountId, ChainClient};

use super::print;
use crate::{
	neuron_options::WalletLocation,
	startup::{self, CONNECT_TIMEOUT},
	table,
	units::format_tao,
};

pub(super) async fn connect(url: &str) -> Result<ChainClient> {
	Ok(ChainClient::connect(url, CONNECT_TIMEOUT).await?)
}

/// A subnet that is not there is a clear error before anything is paid.
pub(super) async fn check_subnet(client: &ChainClient, netuid: u16) -> Result<()> {
	anyhow::ensure!(
		client.subnet_exists(netuid).await?,
		"there is no subnet {netuid} on this chain: check --netuid, or make one with `neuron subnet create`"
	);
	Ok(())
}

pub(super) async fn register(url: &str, wallet: &WalletLocation, netuid: u16) -> Result<()> {
	let (hotkey, coldkey) = (wallet.hotkey()?.account_id(), wallet.coldkey()?);
	let client = connect(url).await?;
	check_subnet(&client, netuid).await?;
	if let Some(uid) = client.uid(netuid, &hotkey).await? {
		return print(&format!("hotkey {hotkey} has uid {uid} on subnet {netuid} already\n"));
	}
	let uid = startup::register(&client, &coldkey, netuid, hotkey).await?;
	print(&format!("hotkey {hotkey} has uid {uid} on subnet {netuid}\n"))
}

pub(super) async fn start_subnet(url: &str, wallet: &WalletLocation, netuid: u16) -> Result<()> {
	let coldkey = wallet.coldkey()?;
	let client = connect(url).await?;
	check_subnet(&client, netuid).await?;
	client.start_subnet(&coldkey, netuid).await?;
	print(&format!("subnet {netuid} started\n"))
}

pub(super) async fn add_stake(url: &str, wallet: &WalletLocation, netuid: u16, amount_rao: u64) -> Result<()> {
	let (hotkey, coldkey) = (wallet.hotkey()?.account_id(), wallet.coldkey()?);
	let client = connect(url).await?;
	check_subnet(&client, netuid).await?;
	client.add_stake(&coldkey, &hotkey, netuid, amount_rao).await?;
	print(&format!(
		"staked {} TAO on {hotkey} in subnet {netuid}\n",
		format_tao(amount_rao)
	))
}

pub(super) async fn remove_stake(url: &str, wallet: &WalletLocation, netuid: u16, amount_rao: u64) -> Result<()> {
	let (hotkey, coldkey) = (wallet.hotkey()?.account_id(), wallet.coldkey()?);
	let client = connect(url).await?;
	check_subnet(&client, netuid).await?;
	client.remove_stake(&coldkey, &hotkey, netuid, amount_rao).await?;
	print(&format!(
		"took {} alpha from {hotkey} in subnet {netuid}\n",
		format_tao(amount_rao)
	))
}

pub(super) async fn balance(url: &str, wallet: &WalletLocation, account: Option<&str>) -> Result<()> {
	let account: AccountId = match account {
		Some(address) => address.parse()?,
		None => wallet.open()?.coldkey_account()?,
	};
	let client = connect(url).await?;
	print(&format!(
		"{account} {} TAO\n",
		format_tao(client.balance(&account).await?)
	))
}

pub(super) async fn metagraph(url: &str, netuid: u16, json: bool) -> Result<()> {
	let client = connect(url).await?;
	check_subnet(&client, netuid).await?;
	let metagraph = client.metagraph(netuid).await?;
	if json {
		let text = serde_json::to_string_pretty(&metagraph).context("cannot write JSON")?;
		return print(&format!("{text}\n"));
	}
	print(&table::metagraph(&metagraph))
}
