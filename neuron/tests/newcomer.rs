//! The commands of a newcomer that need no chain: make, check and simulate a mechanism.

use std::{
	path::Path,
	process::{Command, Output},
};

fn neuron(folder: &Path, words: &[&str]) -> (i32, String, String) {
	let mut command = Command::new(env!("CARGO_BIN_EXE_neuron"));
	command
		.env_remove("NEURON_MECHANISM_COMMAND")
		.env_remove("NEURON_MECHANISM");
	let ran = command.env("HOME", folder).current_dir(folder).args(words).output();
	let Output { status, stdout, stderr } = ran.expect("the binary runs");
	let text = |bytes| String::from_utf8(bytes).expect("output is text");
	(status.code().expect("no signal ended it"), text(stdout), text(stderr))
}

fn has_python() -> bool {
	let found = Command::new("python3")
		.arg("--version")
		.output()
		.is_ok_and(|output| output.status.success());
	if !found {
		println!("SKIPPED: there is no python3 on this machine");
	}
	found
}

#[test]
fn a_new_mechanism_in_python_is_sound_and_can_be_simulated() {
	let folder = tempfile::tempdir().unwrap();
	let (code, stdout, stderr) = neuron(folder.path(), &["subnet", "new", "my-work", "--python"]);
	assert_eq!(code, 0, "{stderr}");
	assert!(stdout.contains("my-work made"), "{stdout}");
	let made = folder.path().join("my-work");
	if has_python() {
		let (code, stdout, stderr) = neuron(&made, &["subnet", "check", "--command", "python3 mechanism.py"]);
		assert_eq!(code, 0, "{stderr}");
		assert!(stdout.starts_with("my-work/1, deadline 10s: sound"), "{stdout}");
	}
	let (code, stdout, stderr) = neuron(&made, &["sim", "run", "scenario.toml"]);
	assert_eq!(code, 0, "{stderr}");
	assert!(
		stdout.contains("weight copier") && stdout.contains("relaying miner"),
		"{stdout}"
	);
	let (code, _, stderr) = neuron(folder.path(), &["subnet", "new", "my-work", "--python"]);
	assert!(code == 1 && stderr.contains("is there already"), "{stderr}");
}

#[test]
fn a_mechanism_that_is_not_sound_is_told_so() {
	let folder = tempfile::tempdir().unwrap();
	let hello = r#"{"type":"hello","protocol":1,"name":"lazy","version":1,"deadline_ms":1000}"#;
	let script = format!(
		"read line; echo '{hello}'; while read line; do id=${{line#*\\\"id\\\":}}; id=${{id%%,*}}; \
		 echo '{{\"type\":\"task\",\"id\":'$id',\"task\":\"AA==\"}}'; done"
	);
	std::fs::write(folder.path().join("lazy.sh"), script).unwrap();
	let (code, _, stderr) = neuron(folder.path(), &["subnet", "check", "--command", "sh lazy.sh"]);
	assert_eq!(code, 1, "{stderr}");
	assert!(
		stderr.contains("lazy/1 is not sound: the task does not depend on the nonce"),
		"{stderr}"
	);
	let (code, stdout, _) = neuron(folder.path(), &["subnet", "check", "--mechanism", "echo"]);
	assert!(code == 0 && stdout.starts_with("echo/2"), "{stdout}");
}

#[test]
fn what_cannot_be_is_one_line_that_says_what_to_do() {
	let folder = tempfile::tempdir().unwrap();
	std::fs::write(folder.path().join("typo.toml"), "name = 'a'\nepohcs = 3\n").unwrap();
	let miner = ["miner", "--netuid", "1", "--listen", "127.0.0.1:9", "--mechanism"];
	let cases: [(&[&str], &str); 8] = [
		(&["sim", "run", "typo.toml"], "did you mean `epochs`?"),
		(&["sim", "run", "nowhere.toml"], "nowhere.toml"),
		(&["subnet", "new", "Bad Name"], "cannot name a mechanism"),
		(&["subnet", "new", "my-work"], "--sdk-path"),
		(&["subnet", "check", "--mechanism", "process"], "--mechanism-command"),
		(&["subnet", "check", "--command", "sh -c 'exit 4'"], "exit status: 4"),
		(&["subnet", "explain", "--error", "what"], "names no error"),
		(
			&["subnet", "hyperparameters", "set", "kapa", "1", "--netuid", "1"],
			"no hyperparameter `kapa`",
		),
	];
	for (words, expected) in cases {
		let (code, _, stderr) = neuron(folder.path(), words);
		assert!(code == 1 && stderr.contains(expected), "{words:?}: {stderr}");
		assert_eq!(
			stderr
				.lines()
				.filter(|line| line.starts_with("neuron: error: "))
				.count(),
			1,
			"{stderr}"
		);
	}
	for (rest, expected) in [
		(&["process"][..], "--mechanism-command"),
		(
			&["echo", "--mechanism-command", "python3 x.py"],
			"takes no --mechanism-command",
		),
		(&["process", "--mechanism-command", "python3 'x"], "is no command"),
		(
			&["process", "--mechanism-command", "x", "--mechanism-processes", "0"],
			"expected 1 to",
		),
	] {
		let (code, _, stderr) = neuron(folder.path(), &[&miner[..], rest].concat());
		assert!(code == 1 && stderr.contains(expected), "{rest:?}: {stderr}");
	}
}

#[test]
fn an_error_is_explained_without_a_node() {
	let folder = tempfile::tempdir().unwrap();
	let words = [
		"subnet",
		"explain",
		"--error",
		"Custom error: 6",
		"--url",
		"ws://127.0.0.1:1",
	];
	let (code, stdout, stderr) = neuron(folder.path(), &words);
	assert_eq!(code, 0, "{stderr}");
	assert!(
		stdout.starts_with("RateLimitExceeded\n") && stdout.contains("what to do: "),
		"{stdout}"
	);
}
