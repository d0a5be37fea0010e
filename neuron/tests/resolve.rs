//! What was typed, the file and the defaults resolve to one set of values.

use std::{path::Path, time::Duration};

use clap::Parser;
use neuron::{
	cli::{HiArgs, HiCommand, LogOptions, LowArgs, UsageError, config_text, effective, log_options},
	config::{FileConfig, LogFormat},
	miner::MinerOptions,
	registry::{MechanismOptions, Serving},
	validator::ValidatorOptions,
};

fn resolve(words: &str, file: &str) -> Result<HiArgs, UsageError> {
	let low = LowArgs::try_parse_from(words.split(' ')).expect("the words are a command");
	let file = FileConfig::parse(file, Path::new("neuron.toml")).expect("the file is one");
	HiArgs::resolve(low, file, Some("/home/me".into()))
}

#[track_caller]
fn miner(words: &str, file: &str) -> (MinerOptions, MechanismOptions) {
	match resolve(words, file).unwrap().command {
		HiCommand::Miner { options, mechanism } => (options, mechanism),
		other => panic!("{other:?}"),
	}
}

#[track_caller]
fn validator(words: &str, file: &str) -> ValidatorOptions {
	match resolve(words, file).unwrap().command {
		HiCommand::Validator { options, .. } => options,
		other => panic!("{other:?}"),
	}
}

const FILE: &str = "
url = 'ws://file:1'
netuid = 4
model = 'file.gguf'
wallet = 'filed'
[text]
tokens = 16
[miner]
listen = '10.0.0.1:1'
workers = 3
grace_seconds = 9
min_stake = '2.5'
[validator]
listen = '10.0.0.2:2'
score_alpha = 0.5
events = '-'
";

#[test]
fn defaults_hold_where_nothing_is_said() {
	let (options, mechanism) = miner("neuron miner --netuid 1 --external 10.1.1.1:80", "");
	assert_eq!(options.neuron.url, "ws://127.0.0.1:9944");
	assert_eq!(options.neuron.wallet.path, Path::new("/home/me/.bittensor/wallets"));
	assert_eq!(
		(
			options.neuron.wallet.name.as_str(),
			options.neuron.wallet.hotkey.as_str()
		),
		("default", "default")
	);
	assert_eq!(options.neuron.listen, "0.0.0.0:9091".parse().unwrap());
	assert_eq!(
		(options.workers, options.queue, options.min_stake_rao),
		(8, 16, 1_000_000_000)
	);
	assert!(!options.neuron.register);
	assert_eq!(mechanism.name, "text");
	let serving = Serving {
		batch: 8,
		kv_memory_mib: 1_024,
	};
	assert_eq!(mechanism.serving, Some(serving));
	let options = validator("neuron validator --netuid 1 --external 10.1.1.1:80", "");
	assert_eq!(options.neuron.listen, "0.0.0.0:9092".parse().unwrap());
	assert_eq!(
		(options.concurrency, options.round_blocks, options.events),
		(1, 5, None)
	);
}

#[test]
fn the_file_goes_before_defaults_and_each_role_reads_its_own_table() {
	let (options, mechanism) = miner("neuron miner", FILE);
	assert_eq!((options.neuron.url.as_str(), options.neuron.netuid), ("ws://file:1", 4));
	assert_eq!(options.neuron.listen, "10.0.0.1:1".parse().unwrap());
	assert_eq!((options.workers, options.grace), (3, Duration::from_secs(9)));
	assert_eq!(options.min_stake_rao, 2_500_000_000);
	assert_eq!(
		(mechanism.model.as_deref(), mechanism.text_tokens),
		(Some(Path::new("file.gguf")), Some(16))
	);
	let options = validator("neuron validator", FILE);
	assert_eq!(options.neuron.listen, "10.0.0.2:2".parse().unwrap());
	assert_eq!((options.score_alpha, options.events.as_deref()), (0.5, Some("-")));
}

#[test]
fn flags_go_before_the_file_wherever_they_stand() {
	let (options, mechanism) = miner(
		"neuron --url ws://flag:1 miner --netuid 9 --wallet typed --workers 7 --model m --listen 127.0.0.1:0 --register",
		FILE,
	);
	assert_eq!((options.neuron.url.as_str(), options.neuron.netuid), ("ws://flag:1", 9));
	assert_eq!((options.neuron.wallet.name.as_str(), options.workers), ("typed", 7));
	assert_eq!(mechanism.model.as_deref(), Some(Path::new("m")));
	assert!(options.neuron.register);
	assert_eq!(
		validator("neuron validator --url ws://last:1 --score-alpha 1", FILE).score_alpha,
		1.0
	);
}

#[test]
fn values_that_make_no_sense_name_their_flag() {
	let cases = [
		("neuron miner --netuid 1", "", "--external"),
		("neuron miner --netuid 1 --external 0.0.0.0:9", "", "--external"),
		("neuron miner --listen 127.0.0.1:0", "", "--netuid"),
		(
			"neuron miner --netuid 1 --listen 127.0.0.1:0 --workers 5000",
			"",
			"--workers",
		),
		(
			"neuron miner --netuid 1 --listen 127.0.0.1:0 --kv-memory-mib 0",
			"",
			"--kv-memory-mib",
		),
		(
			"neuron miner --netuid 1 --listen 127.0.0.1:0 --min-stake lots",
			"",
			"lots",
		),
		(
			"neuron miner --netuid 1 --listen 127.0.0.1:0 --max-tokens-per-second NaN",
			"",
			"--max-tokens-per-second",
		),
		(
			"neuron validator --netuid 1 --listen 127.0.0.1:0 --score-alpha 0",
			"",
			"--score-alpha",
		),
		(
			"neuron validator --netuid 1 --listen 127.0.0.1:0 --round-blocks 0",
			"",
			"--round-blocks",
		),
		(
			"neuron validator --netuid 1 --listen 127.0.0.1:0",
			"[validator]\nconcurrency = 0",
			"--concurrency",
		),
		(
			"neuron validator --netuid 1 --listen 127.0.0.1:0 --refresh-blocks 0",
			"",
			"--refresh-blocks",
		),
		("neuron stake add --netuid 1 --amount 0.0000000001", "", "nine decimals"),
	];
	for (words, file, expected) in cases {
		let error = resolve(words, file).expect_err(words).to_string();
		assert!(error.contains(expected), "{words}: {error}");
	}
}

#[test]
fn without_a_home_the_wallet_path_is_needed() {
	let resolve = |words: &str| {
		let low = LowArgs::try_parse_from(words.split(' ')).unwrap();
		HiArgs::resolve(low, FileConfig::default(), None)
	};
	assert!(matches!(resolve("neuron wallet show"), Err(UsageError::NoHome(_))));
	assert!(resolve("neuron wallet show --wallet-path /w").is_ok());
}

#[test]
fn the_log_filter_comes_from_the_flag_then_rust_log_then_the_file() {
	let file = FileConfig::parse("log = 'filed'\nlog_format = 'json'", Path::new("x")).unwrap();
	let typed = |words: &str| LowArgs::try_parse_from(words.split(' ')).unwrap().global;
	let resolved = |words, rust_log: Option<&str>| log_options(&typed(words), &file, rust_log.map(String::from));
	let filter = |filter: &str| LogOptions {
		filter: filter.into(),
		format: LogFormat::Json,
	};
	assert_eq!(resolved("neuron balance --log typed", Some("rust")), filter("typed"));
	assert_eq!(resolved("neuron balance", Some("rust")), filter("rust"));
	assert_eq!(resolved("neuron balance", Some("")), filter("filed"));
	let defaults = log_options(&typed("neuron balance"), &FileConfig::default(), None);
	assert_eq!(
		defaults,
		LogOptions {
			filter: "info".into(),
			format: LogFormat::Text
		}
	);
}

/// Every flag of a role, with a value that is not its default.
const GLOBAL: &str =
	"--url ws://u:1 --wallet-path /w --wallet a --hotkey b --data-dir /d --log debug --log-format json";
const ROLE: &str = "--netuid 3 --mechanism text --model m.gguf --model-sha256 00 --precision q8_0 --device cpu:2 \
	--text-tokens 9 --text-target-tokens-per-second 2.5 --listen 10.0.0.1:7 --external 10.0.0.2:8 --register --refresh-blocks 4 \
	--metrics 127.0.0.1:77";
const ALL_FLAGS: [(&str, &str); 3] = [
	(
		"miner",
		"--max-tokens-per-second 3.5 --workers 2 --kv-memory-mib 77 --queue 3 --grace-seconds 6 --min-stake 2.000000001",
	),
	(
		"validator",
		"--concurrency 2 --score-alpha 0.7 --round-blocks 8 --same-instant-every 6 --events /e",
	),
	(
		"gateway",
		"--netuid 3 --model m.gguf --model-sha256 00 --http 127.0.0.1:1 --refresh-blocks 4 --keys /k \
		 --model-name a\"b --concurrency 2 --queue 3 --max-body-bytes 4 --max-tokens 5 --timeout-seconds 6 --attempts 7 \
		 --hedge-ms 8 --check-share 0.25 --canary-every 0",
	),
];

fn printed(words: &str, file: &str) -> (HiArgs, String) {
	let typed = LowArgs::try_parse_from(words.split_whitespace()).expect("the words are a command");
	let file = FileConfig::parse(file, Path::new("neuron.toml")).expect("the file is one");
	let log = log_options(&typed.global, &file, None);
	let resolved = HiArgs::resolve(typed, file.clone(), Some("/home/me".into())).unwrap();
	let text = config_text(&effective(&resolved, &log, file)).unwrap();
	(resolved, text)
}

#[test]
fn a_printed_configuration_can_be_given_back() {
	for (role, flags) in ALL_FLAGS {
		let shared = if role == "gateway" { "" } else { ROLE };
		let (typed, text) = printed(&format!("neuron {role} {GLOBAL} {shared} {flags}"), "");
		let (given_back, again) = printed(&format!("neuron {role}"), &text);
		assert_eq!(format!("{typed:#?}"), format!("{given_back:#?}"), "{text}");
		assert_eq!(text, again, "what is printed does not settle");
	}
}

#[test]
fn defaults_are_printed_and_other_roles_keep_what_the_file_says() {
	let (_, text) = printed(
		"neuron miner --netuid 1 --listen 127.0.0.1:0",
		"[validator]\nround_blocks = 9\n",
	);
	for line in [
		"url = \"ws://127.0.0.1:9944\"",
		"workers = 8",
		"min_stake = \"1.000000000\"",
		"metrics = \"127.0.0.1:9101\"",
		"round_blocks = 9",
		"# external =",
		"# hedge_ms =",
		"# Requests worked on at once; mechanism text answers them in one batch [default: 8]",
	] {
		assert!(
			text.lines().any(|printed| printed == line),
			"`{line}` is not in:\n{text}"
		);
	}
}

#[test]
fn the_gateway_reads_its_own_table() {
	let file = "netuid = 4\nmodel = 'file.gguf'\n[gateway]\nhttp = '127.0.0.1:9'\nhedge_ms = 50\n";
	let HiCommand::Gateway { options } = resolve("neuron gateway --queue 0", file).unwrap().command else {
		panic!("not a gateway");
	};
	assert_eq!((options.http, options.queue), ("127.0.0.1:9".parse().unwrap(), 0));
	assert_eq!(options.hedge_after, Some(Duration::from_millis(50)));
	assert_eq!(options.mechanism.model.as_deref(), Some(Path::new("file.gguf")));
	for (words, expected) in [
		("neuron gateway", "--netuid"),
		("neuron gateway --netuid 1 --attempts 0", "--attempts"),
		("neuron gateway --netuid 1 --max-tokens 9999", "--max-tokens"),
		("neuron gateway --netuid 1 --timeout-seconds 0", "--timeout-seconds"),
		("neuron gateway --netuid 1 --check-share 1.5", "--check-share"),
		(
			"neuron validator --netuid 1 --listen 127.0.0.1:0 --same-instant-every 0",
			"--same-instant-every",
		),
	] {
		let error = resolve(words, "").expect_err(words).to_string();
		assert!(error.contains(expected), "{words}: {error}");
	}
}
