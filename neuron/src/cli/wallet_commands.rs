//! `neuron wallet …`

use anyhow::{Result, bail};
use neuron_chain::{
	Keypair,
	wallet::{Overwrite, WalletError},
};

use super::print;
use crate::neuron_options::WalletLocation;

/// Makes a hotkey, and a coldkey unless there is one.
pub(super) fn new(location: &WalletLocation) -> Result<()> {
	let wallet = location.open()?;
	match wallet.coldkey_account() {
		Ok(account) => print(&format!("coldkey {account} is there already and stays\n"))?,
		Err(WalletError::Missing { .. }) => {
			let key = Keypair::generate();
			wallet.create_coldkey(&key, Overwrite::Never)?;
			print(&format!(
				"coldkey {} in {}\n",
				key.account_id(),
				wallet.coldkey_path().display()
			))?;
		}
		Err(error) => return Err(error.into()),
	}
	let key = Keypair::generate();
	wallet.create_hotkey(&location.hotkey, &key, Overwrite::Never)?;
	let path = wallet.hotkey_path(&location.hotkey)?;
	print(&format!("hotkey {} in {}\n", key.account_id(), path.display()))?;
	print(
		"The files hold the keys and their mnemonics unencrypted: keep a copy of them safe, and let nobody read them.\n",
	)
}

/// Writes keys made from secret URIs. The same keys may be there already; other ones are kept and are an error.
pub(super) fn import_uri(location: &WalletLocation, hotkey_uri: &str, coldkey_uri: &str) -> Result<()> {
	let wallet = location.open()?;
	let (hotkey, coldkey) = (Keypair::from_uri(hotkey_uri)?, Keypair::from_uri(coldkey_uri)?);
	// The public half may be all that is kept here of another coldkey, and writing a coldkey replaces it.
	match wallet.coldkey_account() {
		Ok(account) if account != coldkey.account_id() => bail!(
			"{} is of another coldkey, {account}, and stays: give another --wallet, or move that file away",
			wallet.coldkey_public_path().display()
		),
		Ok(_) | Err(WalletError::Missing { .. }) => {}
		Err(error) => return Err(error.into()),
	}
	match wallet.coldkey() {
		Ok(key) if key.account_id() == coldkey.account_id() => {}
		Ok(_) | Err(WalletError::Missing { .. }) => wallet.create_coldkey(&coldkey, Overwrite::Never)?,
		Err(error) => return Err(error.into()),
	}
	match wallet.hotkey(&location.hotkey) {
		Ok(key) if key.account_id() == hotkey.account_id() => {}
		Ok(_) | Err(WalletError::Missing { .. }) => {
			wallet.create_hotkey(&location.hotkey, &hotkey, Overwrite::Never)?;
		}
		Err(error) => return Err(error.into()),
	}
	print(&format!(
		"coldkey {} in {}\nhotkey {} in {}\n",
		coldkey.account_id(),
		wallet.coldkey_path().display(),
		hotkey.account_id(),
		wallet.hotkey_path(&location.hotkey)?.display()
	))
}

/// Prints the addresses.
pub(super) fn show(location: &WalletLocation, json: bool) -> Result<()> {
	let wallet = location.open()?;
	let coldkey = wallet.coldkey_account()?;
	let mut hotkeys = Vec::new();
	for name in wallet.hotkeys()? {
		// One unreadable hotkey must not hide the others.
		let address = wallet.hotkey(&name).map(|key| key.account_id().to_string());
		hotkeys.push((name, address));
	}
	if json {
		let hotkeys: serde_json::Map<_, _> = hotkeys
			.into_iter()
			.map(|(name, address)| (name, address.ok().into()))
			.collect();
		let object = serde_json::json!({ "wallet": location.name, "coldkey": coldkey, "hotkeys": hotkeys });
		return print(&format!("{object}\n"));
	}
	let mut text = format!("wallet  {}\ncoldkey {coldkey}\n", location.name);
	for (name, address) in hotkeys {
		let address = address.unwrap_or_else(|error| error.to_string());
		text.push_str(&format!("hotkey  {address} ({name})\n"));
	}
	print(&text)
}
