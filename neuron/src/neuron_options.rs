//! What a miner and a validator need alike: the chain, the wallet, the subnet, the addresses.

use std::{
	net::SocketAddr,
	path::{Path, PathBuf},
};

use neuron_chain::{
	Keypair,
	wallet::{Wallet, WalletError},
};

/// Where a wallet's keys are, in Bittensor's layout: `<path>/<name>/{coldkey, hotkeys/<hotkey>}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WalletLocation {
	/// Folder of the wallets.
	pub path: PathBuf,
	/// Name of the wallet.
	pub name: String,
	/// Name of the hotkey.
	pub hotkey: String,
}

impl WalletLocation {
	/// The wallet; touches no file.
	///
	/// # Errors
	/// A name that is no file name.
	pub fn open(&self) -> Result<Wallet, WalletError> {
		Wallet::open(&self.path, &self.name)
	}

	/// Reads the hotkey.
	///
	/// # Errors
	/// A key file that is missing, encrypted or none.
	pub fn hotkey(&self) -> Result<Keypair, WalletError> {
		self.open()?.hotkey(&self.hotkey)
	}

	/// Reads the coldkey.
	///
	/// # Errors
	/// A key file that is missing, encrypted or none.
	pub fn coldkey(&self) -> Result<Keypair, WalletError> {
		self.open()?.coldkey()
	}
}

/// Relays: for others, and for this neuron.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Relaying {
	/// Carry connections of the subnet's neurons that have no open port.
	pub serve: bool,
	/// Be reached through the neurons that publish these addresses; the first is published as this neuron's own.
	pub through: Vec<SocketAddr>,
}

/// Options of both roles.
#[derive(Clone, Debug)]
pub struct NeuronOptions {
	/// The chain node's WebSocket address.
	pub url: String,
	/// Where the keys are.
	pub wallet: WalletLocation,
	/// The subnet.
	pub netuid: u16,
	/// Address to listen on; port 0 lets the system choose.
	pub listen: SocketAddr,
	/// Address to publish; where absent, the address listened on. Port 0 stands for the port listened on.
	pub external: Option<SocketAddr>,
	/// Folder of this neuron's state; where absent, `.ganglion/<hotkey address>` under `home`.
	pub data_dir: Option<PathBuf>,
	/// The home folder, for the default of `data_dir`.
	pub home: Option<PathBuf>,
	/// Register the hotkey with the coldkey where it is not registered.
	pub register: bool,
	/// Blocks between two looks at the metagraph, at least 1.
	pub refresh_blocks: u64,
	/// Relays: for others, and for this neuron.
	pub relaying: Relaying,
	/// Where metrics are served.
	pub metrics: MetricsPlace,
}

/// The folder of the state of the neuron with that hotkey, where none is named.
///
/// # Errors
/// A line that says what to give, where the home folder is not known.
pub fn default_data_dir(home: Option<PathBuf>, hotkey_address: &str) -> anyhow::Result<PathBuf> {
	match home {
		Some(home) => Ok(home.join(Path::new(".ganglion")).join(hotkey_address)),
		None => anyhow::bail!("the environment has no HOME: give --data-dir FOLDER"),
	}
}

/// Where a neuron serves its metrics over HTTP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MetricsPlace {
	/// Nowhere.
	#[default]
	Off,
	/// At an address that nobody asked for: where it is taken, metrics are left out.
	IfFree(SocketAddr),
	/// At this address, and nothing runs without it.
	At(SocketAddr),
}

impl MetricsPlace {
	/// Reads what was typed: an address, or `off`.
	///
	/// ```
	/// use neuron::neuron_options::MetricsPlace;
	/// assert_eq!(MetricsPlace::parse("off"), Some(MetricsPlace::Off));
	/// assert!(matches!(MetricsPlace::parse("127.0.0.1:9101"), Some(MetricsPlace::At(_))));
	/// assert_eq!(MetricsPlace::parse("here"), None);
	/// ```
	pub fn parse(typed: &str) -> Option<Self> {
		match typed {
			"off" => Some(Self::Off),
			address => address.parse().ok().map(Self::At),
		}
	}

	/// As it is typed.
	pub fn typed(self) -> String {
		match self {
			Self::Off => "off".into(),
			Self::IfFree(address) | Self::At(address) => address.to_string(),
		}
	}
}

impl NeuronOptions {
	/// The folder of this neuron's state, for a hotkey with that SS58 address.
	///
	/// # Errors
	/// A line that says what to give, where neither a data folder nor a home folder is known.
	pub fn resolve_data_dir(&self, hotkey_address: &str) -> anyhow::Result<PathBuf> {
		match &self.data_dir {
			Some(folder) => Ok(folder.clone()),
			None => default_data_dir(self.home.clone(), hotkey_address),
		}
	}

	/// The address to publish, once the port listened on is known.
	pub fn published_addr(&self, listening: SocketAddr) -> SocketAddr {
		if let Some(relay) = self.relaying.through.first() {
			return *relay;
		}
		let mut addr = self.external.unwrap_or(SocketAddr::new(self.listen.ip(), 0));
		if addr.port() == 0 {
			addr.set_port(listening.port());
		}
		addr
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn options(listen: &str, external: Option<&str>) -> NeuronOptions {
		NeuronOptions {
			url: String::new(),
			wallet: WalletLocation {
				path: "w".into(),
				name: "a".into(),
				hotkey: "b".into(),
			},
			netuid: 1,
			listen: listen.parse().unwrap(),
			external: external.map(|addr| addr.parse().unwrap()),
			data_dir: None,
			home: Some("/home/someone".into()),
			register: false,
			refresh_blocks: 5,
			relaying: Relaying::default(),
			metrics: MetricsPlace::Off,
		}
	}

	#[test]
	fn published_address_takes_the_port_listened_on() {
		let listening = "127.0.0.1:4000".parse().unwrap();
		let published = |listen, external| options(listen, external).published_addr(listening).to_string();
		assert_eq!(published("127.0.0.1:0", None), "127.0.0.1:4000");
		assert_eq!(published("0.0.0.0:0", Some("10.0.0.1:0")), "10.0.0.1:4000");
		assert_eq!(published("0.0.0.0:4000", Some("10.0.0.1:80")), "10.0.0.1:80");
		let mut behind = options("0.0.0.0:0", None);
		behind.relaying.through = vec!["10.0.0.7:9091".parse().unwrap()];
		assert_eq!(behind.published_addr(listening).to_string(), "10.0.0.7:9091");
	}

	#[test]
	fn data_folder_is_named_after_the_hotkey() {
		let mut options = options("127.0.0.1:0", None);
		assert_eq!(
			options.resolve_data_dir("5F").unwrap(),
			PathBuf::from("/home/someone/.ganglion/5F")
		);
		options.data_dir = Some("/data".into());
		assert_eq!(options.resolve_data_dir("5F").unwrap(), PathBuf::from("/data"));
	}
}
