//! Wallet files: written, read back, read as the SDK writes them, and refused when broken.

use super::*;

/// Written by `bittensor_wallet` 4.1.1 (`create_new_coldkey(use_password=False)`).
const SDK_COLDKEY: &str = r#"{"cryptoType":1,"secretSeed":"0xab2eb99ad91fcce8bd56eaf3949be3c2a49b826a7639f7e049b6eaf3228744fd","privateKey":"0x1842da337ff4473252009e89f120ef95f6b536ca229995a1108b131dd6cf3b0d84c633e7afd7b6f85026b27cc80223723d0293af97515050a6d5ba5b89285095","secretPhrase":"six cannon mistake admit please save few monkey fat elevator seminar obscure","ss58Address":"5H6a2iehmVJFqVEDzw8icBZdbRFEW1fuLp1a2Tjg593oYJA5","accountId":"0xde994f9c79f74f3d6a768007fb74b31a748f85c427ce90e1c21b4f410cf8996d","publicKey":"0xde994f9c79f74f3d6a768007fb74b31a748f85c427ce90e1c21b4f410cf8996d"}"#;
/// Written by `bittensor_wallet` 4.1.1 (`create_hotkey_from_uri("//Alice")`): a private key alone.
const SDK_ALICE: &str = r#"{"accountId":"0xd43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d","cryptoType":1,"privateKey":"0x33a6f3093f158a7109f679410bef1a0c54168145e0cecb4df006c1c2fffb1f09925a225d97aa00682d6a59b95b18780c10d7032336e88f3442b42361f4a66011","publicKey":"0xd43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d","ss58Address":"5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"}"#;
const SDK_COLDKEY_PUBLIC: &str = r#"{"publicKey":"0xde994f9c79f74f3d6a768007fb74b31a748f85c427ce90e1c21b4f410cf8996d","ss58Address":"5H6a2iehmVJFqVEDzw8icBZdbRFEW1fuLp1a2Tjg593oYJA5","accountId":"0xde994f9c79f74f3d6a768007fb74b31a748f85c427ce90e1c21b4f410cf8996d","cryptoType":1}"#;

fn wallet() -> (tempfile::TempDir, Wallet) {
	let directory = tempfile::tempdir().unwrap();
	let wallet = Wallet::open(directory.path(), "test").unwrap();
	(directory, wallet)
}

/// Reads `content` as a key file.
fn load(content: &str) -> Result<Keypair, WalletError> {
	let directory = tempfile::tempdir().unwrap();
	let path = directory.path().join("key");
	fs::write(&path, content).unwrap();
	Keypair::load_hotkey(&path)
}

#[test]
fn written_keys_are_read_back() {
	let (_directory, wallet) = wallet();
	let coldkey = Keypair::generate();
	wallet.create_coldkey(&coldkey, Overwrite::Never).unwrap();
	for (name, uri) in [
		("miner", "//Bob"),
		("default", "//Alice//soft/x"),
		("a.b", "0x".to_owned().as_str()),
	] {
		let key = Keypair::from_uri(uri).unwrap_or_else(|_| Keypair::generate());
		wallet.create_hotkey(name, &key, Overwrite::Never).unwrap();
		assert_eq!(wallet.hotkey(name).unwrap().account_id(), key.account_id());
	}
	assert_eq!(wallet.coldkey().unwrap().phrase(), coldkey.phrase());
	assert_eq!(wallet.coldkey_account().unwrap(), coldkey.account_id());
	assert_eq!(wallet.hotkeys().unwrap(), ["a.b", "default", "miner"]);
}

#[test]
fn files_of_the_sdk_are_read() {
	let coldkey = load(SDK_COLDKEY).unwrap();
	assert_eq!(
		coldkey.account_id().to_string(),
		"5H6a2iehmVJFqVEDzw8icBZdbRFEW1fuLp1a2Tjg593oYJA5"
	);
	assert!(coldkey.phrase().unwrap().starts_with("six cannon"));
	// What we would write for the same key says the same.
	let ours: serde_json::Value = serde_json::from_str(&KeyFile::of(&coldkey).to_json()).unwrap();
	assert_eq!(ours, serde_json::from_str::<serde_json::Value>(SDK_COLDKEY).unwrap());

	let alice = load(SDK_ALICE).unwrap();
	assert_eq!(alice.account_id(), Keypair::from_uri("//Alice").unwrap().account_id());

	let (_directory, wallet) = wallet();
	fs::create_dir_all(wallet.directory()).unwrap();
	fs::write(wallet.coldkey_public_path(), SDK_COLDKEY_PUBLIC).unwrap();
	assert_eq!(wallet.coldkey_account().unwrap(), coldkey.account_id());
}

#[test]
fn older_files_without_some_parts_are_read() {
	let seed_only = r#"{"accountId":"0xd43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d","secretPhrase":null,"secretSeed":"0xe5be9a5092b81bca64be81d212e7f2f9eba183bb7a90954f7b76361f6edb5c0a"}"#;
	assert_eq!(
		load(seed_only).unwrap().account_id(),
		Keypair::from_uri("//Alice").unwrap().account_id()
	);
}

#[cfg(unix)]
#[test]
fn secrets_are_readable_by_their_owner_only() {
	use std::os::unix::fs::PermissionsExt;

	let (_directory, wallet) = wallet();
	let key = Keypair::generate();
	wallet.create_coldkey(&key, Overwrite::Never).unwrap();
	wallet.create_hotkey("h", &key, Overwrite::Never).unwrap();
	for path in [wallet.coldkey_path(), wallet.hotkey_path("h").unwrap()] {
		assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
	}
	assert_eq!(
		fs::metadata(wallet.directory()).unwrap().permissions().mode() & 0o777,
		0o700
	);
}

#[test]
fn keys_are_replaced_only_by_force() {
	let (_directory, wallet) = wallet();
	let first = Keypair::generate();
	let second = Keypair::generate();
	wallet.create_hotkey("h", &first, Overwrite::Never).unwrap();
	assert!(matches!(
		wallet.create_hotkey("h", &second, Overwrite::Never),
		Err(WalletError::Exists { .. })
	));
	assert_eq!(wallet.hotkey("h").unwrap().account_id(), first.account_id());
	wallet.create_hotkey("h", &second, Overwrite::Force).unwrap();
	assert_eq!(wallet.hotkey("h").unwrap().account_id(), second.account_id());
	// No temporary file is left behind.
	assert_eq!(wallet.hotkeys().unwrap(), ["h"]);

	wallet.create_coldkey(&first, Overwrite::Never).unwrap();
	assert!(matches!(
		wallet.create_coldkey(&second, Overwrite::Never),
		Err(WalletError::Exists { .. })
	));
	assert_eq!(wallet.coldkey_account().unwrap(), first.account_id());
}

#[test]
fn encrypted_files_say_so() {
	for content in ["$NACL4\u{1}\u{2}", "$ANSIBLE_VAULT;1.1", "gAAAAABabc"] {
		let error = load(content).unwrap_err();
		assert!(matches!(error, WalletError::Encrypted { .. }), "{error}");
		assert!(error.to_string().contains("not supported yet"));
	}
}

#[test]
fn contradicting_files_are_refused() {
	let other = "0x8eaf04151687736326c9fea17e25fc5287613693c912909cb226aa4794f26a48";
	let address = "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty";
	let edits = [
		("publicKey", other),
		("accountId", other),
		("ss58Address", address),
		("secretSeed", other),
		("privateKey", &KeyFile::of(&Keypair::generate()).private_key.unwrap()),
	];
	for (field, value) in edits {
		let mut file: serde_json::Value = serde_json::from_str(SDK_COLDKEY).unwrap();
		file[field] = value.into();
		match load(&file.to_string()) {
			Err(WalletError::Mismatch { field: found, .. }) => assert_eq!(found, field),
			other => panic!("{field}: {other:?}"),
		}
	}
}

#[test]
fn broken_files_are_refused_without_repeating_their_secrets() {
	let secret = "six cannon mistake admit please save few monkey fat elevator seminar obscure";
	let cases = [
		String::new(),
		"{}".to_owned(),
		"[]".to_owned(),
		"\u{0}\u{1}".to_owned(),
		secret.to_owned(),
		SDK_COLDKEY[..200].to_owned(),
		SDK_COLDKEY_PUBLIC.to_owned(),
		SDK_COLDKEY.replace("\"cryptoType\":1", "\"cryptoType\":0"),
		SDK_COLDKEY.replace("six cannon", "cannon six"),
		SDK_COLDKEY.replace("0xab2e", "0xzz2e"),
		SDK_COLDKEY.replace("0x1842", "0x18"),
		format!("{{\"secretPhrase\":\"{secret}\",\"secretSeed\":7}}"),
		format!("{SDK_COLDKEY}{}", " ".repeat(MAX_KEY_FILE_BYTES as usize)),
	];
	for content in cases {
		let error = load(&content).unwrap_err();
		assert!(
			matches!(error, WalletError::Malformed { .. } | WalletError::Secret { .. }),
			"{content}: {error:?}"
		);
		assert!(!error.to_string().contains("elevator"), "{error}");
	}
}

#[test]
fn missing_keys_and_bad_names_are_named() {
	let (directory, wallet) = wallet();
	assert!(matches!(wallet.coldkey(), Err(WalletError::Missing { .. })));
	assert!(matches!(wallet.hotkey("none"), Err(WalletError::Missing { .. })));
	assert!(wallet.hotkeys().unwrap().is_empty());
	for name in ["", "..", ".hidden", "a/b", "a\\b", "a\nb", &"x".repeat(129)] {
		assert!(
			matches!(Wallet::open(directory.path(), name), Err(WalletError::BadName { .. })),
			"{name:?}"
		);
		assert!(matches!(wallet.hotkey(name), Err(WalletError::BadName { .. })));
	}
	let home = Wallet::open(Path::new("~/wallets"), "w").unwrap();
	assert!(home.directory().is_absolute());
}
