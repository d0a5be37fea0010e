//! The binary's manners: exit codes, one clear line per failure, precedence of values.

use std::{
	net::TcpListener,
	path::Path,
	process::{Command, Output},
};

fn neuron(home: &Path) -> Command {
	let mut command = Command::new(env!("CARGO_BIN_EXE_neuron"));
	command.env_clear().env("HOME", home);
	command
}

fn run(command: &mut Command) -> (i32, String, String) {
	let Output { status, stdout, stderr } = command.output().expect("the binary runs");
	let text = |bytes| String::from_utf8(bytes).expect("output is text");
	(status.code().expect("no signal ended it"), text(stdout), text(stderr))
}

/// The failure is one line that has all of these words, and no backtrace.
#[track_caller]
fn check_failure((code, _, stderr): (i32, String, String), expected_code: i32, words: &[&str]) {
	assert_eq!(code, expected_code, "{stderr}");
	let errors: Vec<_> = stderr
		.lines()
		.filter(|line| line.starts_with("neuron: error: "))
		.collect();
	assert_eq!(errors.len(), 1, "{stderr}");
	for word in words {
		assert!(errors[0].contains(word), "`{word}` is not in: {stderr}");
	}
	assert!(
		!stderr.contains("panicked") && !stderr.contains("backtrace"),
		"{stderr}"
	);
}

#[test]
fn words_that_make_no_command_exit_with_2() {
	let home = tempfile::tempdir().unwrap();
	for words in [
		&["mine"][..],
		&["miner", "--netuid", "many"],
		&["metagraph", "--netuid"],
		&[],
	] {
		let (code, _, stderr) = run(neuron(home.path()).args(words));
		assert_eq!(code, 2, "{words:?}: {stderr}");
	}
	check_failure(run(neuron(home.path()).arg("metagraph")), 2, &["--netuid", "`netuid`"]);
	check_failure(
		run(neuron(home.path()).args(["miner", "--netuid", "1"])),
		2,
		&["--external"],
	);
	check_failure(
		run(neuron(home.path()).args(["stake", "add", "--netuid", "1", "--amount", "1e9"])),
		2,
		&["1e9"],
	);
	let (code, stdout, _) = run(neuron(home.path()).arg("--help"));
	assert!(code == 0 && stdout.contains("validator"), "{stdout}");
}

#[test]
fn an_unknown_key_in_the_file_is_named() {
	let home = tempfile::tempdir().unwrap();
	let file = home.path().join("neuron.toml");
	std::fs::write(&file, "netuid = 1\n[miner]\nworker = 2\n").unwrap();
	let ran = run(neuron(home.path()).arg("--config").arg(&file).arg("metagraph"));
	check_failure(ran, 2, &["worker", "line 3", "neuron.toml"]);
	let ran = run(neuron(home.path()).args(["metagraph", "--config", "/nonexistent.toml"]));
	check_failure(ran, 2, &["/nonexistent.toml"]);
}

#[test]
fn a_log_filter_that_cannot_be_read_is_named() {
	let home = tempfile::tempdir().unwrap();
	let ran = run(neuron(home.path()).args(["wallet", "show", "--log", "neuron=loud"]));
	check_failure(ran, 2, &["neuron=loud"]);
}

#[test]
fn wallets_are_made_shown_and_never_replaced() {
	let home = tempfile::tempdir().unwrap();
	check_failure(
		run(neuron(home.path()).args(["wallet", "show"])),
		1,
		&["coldkeypub.txt"],
	);
	let (code, stdout, stderr) = run(neuron(home.path()).args(["wallet", "new", "--wallet", "w", "--hotkey", "h"]));
	assert_eq!(code, 0, "{stderr}");
	assert!(stdout.contains("unencrypted"), "{stdout}");
	let folder = home.path().join(".bittensor/wallets/w");
	for file in ["coldkey", "coldkeypub.txt", "hotkeys/h"] {
		assert!(folder.join(file).is_file(), "{file}");
	}
	let hotkey = std::fs::read(folder.join("hotkeys/h")).unwrap();
	let again = run(neuron(home.path()).args(["wallet", "new", "--wallet", "w", "--hotkey", "h"]));
	check_failure(again, 1, &["already"]);
	assert_eq!(std::fs::read(folder.join("hotkeys/h")).unwrap(), hotkey);
}

#[test]
fn development_keys_import_twice_but_do_not_replace_others() {
	let home = tempfile::tempdir().unwrap();
	let import = |uri| run(neuron(home.path()).args(["wallet", "import-uri", uri, "--coldkey-uri", "//Alice"]));
	for _ in 0..2 {
		let (code, _, stderr) = import("//Alice");
		assert_eq!(code, 0, "{stderr}");
	}
	check_failure(import("//Bob"), 1, &["already"]);
	let (_, stdout, _) = run(neuron(home.path()).args(["wallet", "show", "--json"]));
	let object: serde_json::Value = serde_json::from_str(&stdout).unwrap();
	assert_eq!(object["coldkey"], "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY");
	assert_eq!(object["hotkeys"]["default"], object["coldkey"]);
	check_failure(
		run(neuron(home.path()).args(["wallet", "import-uri", "no such words"])),
		1,
		&[],
	);
}

#[test]
fn an_import_goes_by_the_public_half_of_a_coldkey_that_is_not_there() {
	let home = tempfile::tempdir().unwrap();
	let folder = home.path().join(".bittensor/wallets/default");
	let read = |file: &str| std::fs::read(folder.join(file)).unwrap();
	let import = |uri| run(neuron(home.path()).args(["wallet", "import-uri", uri]));
	let (code, _, stderr) = import("//Alice");
	assert_eq!(code, 0, "{stderr}");
	let (secret, public) = (read("coldkey"), read("coldkeypub.txt"));

	std::fs::remove_file(folder.join("coldkey")).unwrap();
	let (code, _, stderr) = import("//Alice");
	assert_eq!(code, 0, "{stderr}");
	assert_eq!((read("coldkey"), read("coldkeypub.txt")), (secret, public.clone()));

	std::fs::remove_file(folder.join("coldkey")).unwrap();
	std::fs::remove_dir_all(folder.join("hotkeys")).unwrap();
	check_failure(
		import("//Bob"),
		1,
		&["coldkeypub.txt", "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"],
	);
	assert_eq!(read("coldkeypub.txt"), public);
	assert!(!folder.join("coldkey").exists() && !folder.join("hotkeys").exists());
}

#[test]
fn a_wrong_key_file_is_named() {
	let home = tempfile::tempdir().unwrap();
	let hotkeys = home.path().join(".bittensor/wallets/default/hotkeys");
	std::fs::create_dir_all(&hotkeys).unwrap();
	let miner = || {
		let words = [
			"miner",
			"--netuid",
			"1",
			"--mechanism",
			"echo",
			"--listen",
			"127.0.0.1:0",
			"--url",
			"ws://127.0.0.1:1",
		];
		run(neuron(home.path()).args(words))
	};
	check_failure(miner(), 1, &["hotkeys/default"]);
	std::fs::write(hotkeys.join("default"), "{}").unwrap();
	check_failure(miner(), 1, &["hotkeys/default"]);
	std::fs::write(hotkeys.join("default"), "$NACL12345").unwrap();
	check_failure(miner(), 1, &["hotkeys/default", "encrypted"]);
}

#[test]
fn a_node_that_cannot_be_reached_is_named_with_its_address() {
	let home = tempfile::tempdir().unwrap();
	// Bound and dropped: nobody listens there.
	let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
	let url = format!("ws://127.0.0.1:{port}");
	let words = ["metagraph", "--netuid", "1", "--url", &url];
	check_failure(run(neuron(home.path()).args(words)), 1, &[&url, "start the node"]);
	// The environment goes before the file, a flag before both.
	let file = home.path().join("neuron.toml");
	std::fs::write(&file, "netuid = 1\nurl = 'ws://127.0.0.1:2'\n").unwrap();
	let mut command = neuron(home.path());
	command
		.env("NEURON_URL", &url)
		.env("NEURON_CONFIG", &file)
		.arg("metagraph");
	check_failure(run(&mut command), 1, &[&url]);
	check_failure(
		run(command.args(["--url", "ws://127.0.0.1:3"])),
		1,
		&["ws://127.0.0.1:3"],
	);
	check_failure(
		run(neuron(home.path()).args(["metagraph", "--netuid", "1", "--url", "here"])),
		1,
		&["here"],
	);
}

#[test]
fn what_a_mechanism_needs_is_checked_before_anything_is_started() {
	let home = tempfile::tempdir().unwrap();
	let miner = |more: &[&str]| {
		run(neuron(home.path())
			.args(["miner", "--netuid", "1", "--listen", "127.0.0.1:0"])
			.args(more))
	};
	check_failure(miner(&[]), 1, &["--model"]);
	check_failure(
		miner(&["--mechanism", "ecco"]),
		1,
		&["ecco", "text, embedding, pretrain, echo"],
	);
	check_failure(miner(&["--model", "m", "--model-sha256", "12"]), 1, &["64 hexadecimal"]);
	check_failure(miner(&["--model", "m", "--precision", "q3"]), 1, &["q3", "f32"]);
	check_failure(
		miner(&["--model", "m", "--device", "gpu"]),
		1,
		&["--device", "gpu", "cuda"],
	);
	check_failure(miner(&["--model", "m", "--text-tokens", "0"]), 1, &["tokens"]);
	check_failure(
		miner(&["--mechanism", "echo", "--max-tokens-per-second", "5"]),
		1,
		&["echo"],
	);
	check_failure(
		miner(&["--model", "m", "--max-tokens-per-second", "-5"]),
		2,
		&["--max-tokens-per-second"],
	);
	check_failure(miner(&["--model", "m", "--workers", "0"]), 2, &["--workers"]);
}

#[test]
fn the_configuration_is_printed_and_taken_back() {
	let home = tempfile::tempdir().unwrap();
	let words = [
		"validator",
		"--netuid",
		"7",
		"--listen",
		"127.0.0.1:0",
		"--print-config",
	];
	let (code, printed, stderr) = run(neuron(home.path()).args(words).env("NEURON_ROUND_BLOCKS", "9"));
	assert_eq!(code, 0, "{stderr}");
	assert!(
		printed.contains("netuid = 7\n") && printed.contains("round_blocks = 9\n"),
		"{printed}"
	);
	let file = home.path().join("neuron.toml");
	std::fs::write(&file, &printed).unwrap();
	let (code, again, stderr) = run(neuron(home.path())
		.args(["validator", "--print-config", "--config"])
		.arg(&file));
	assert_eq!((code, again), (0, printed), "{stderr}");
	check_failure(
		run(neuron(home.path()).args(["miner", "--print-config"])),
		2,
		&["--external"],
	);
}

#[test]
fn completions_and_manual_pages_name_every_command() {
	let home = tempfile::tempdir().unwrap();
	for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
		let (code, script, _) = run(neuron(home.path()).args(["completions", shell]));
		assert!(
			code == 0 && script.contains("metagraph") && script.contains("print-config"),
			"{shell}: {script}"
		);
	}
	let (code, page, _) = run(neuron(home.path()).arg("man"));
	assert!(
		code == 0 && page.contains(".TH neuron") && page.contains("gateway"),
		"{page}"
	);
	let folder = home.path().join("man");
	let (code, _, stderr) = run(neuron(home.path()).arg("man").arg("--folder").arg(&folder));
	assert_eq!(code, 0, "{stderr}");
	for page in ["neuron.1", "neuron-miner.1", "neuron-gateway-key-add.1"] {
		assert!(folder.join(page).is_file(), "{page}");
	}
}

#[test]
fn top_says_that_it_needs_a_terminal() {
	let home = tempfile::tempdir().unwrap();
	check_failure(run(neuron(home.path()).arg("top")), 1, &["terminal", "/metrics"]);
}

#[test]
fn gateway_keys_are_made_listed_and_revoked() {
	let home = tempfile::tempdir().unwrap();
	let file = home.path().join("keys.json");
	let key = |words: &[&str]| {
		run(neuron(home.path())
			.args(["gateway", "key"])
			.args(words)
			.arg("--keys")
			.arg(&file))
	};
	let (code, made, stderr) = key(&["add", "my app", "--requests-per-minute", "7"]);
	assert_eq!(code, 0, "{stderr}");
	let secret = made.lines().next().unwrap();
	let id = secret.split('-').nth(2).unwrap();
	let (_, list, _) = key(&["list"]);
	assert!(
		list.contains(id) && list.contains("my app") && !list.contains(secret),
		"{list}"
	);
	assert_eq!(key(&["revoke", id]).0, 0);
	check_failure(key(&["revoke", id]), 1, &[id, "key list"]);
	check_failure(key(&["add", ""]), 1, &["1 to 64"]);
	// Without a file's path the hotkey says where it is.
	check_failure(
		run(neuron(home.path()).args(["gateway", "key", "list"])),
		1,
		&["hotkeys/default"],
	);
}
