//! Processes that behave, and processes that do not: each costs one answer, in bounded time.

mod common;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use common::{CONTEXT, LIMITS, shell, start};
use subnet_process::{ProcessMechanism, ProcessOptions};
use subnet_sdk::{
	DynMechanism, Epoch, MAX_CHUNK_BYTES, MAX_TASK_BYTES, MechanismError, Outcome, TimedChunk, Transcript, conformance,
};

/// For what is made to hang.
const SOON: Duration = Duration::from_millis(300);

fn answer(chunk: Vec<u8>) -> Transcript<Vec<u8>> {
	let chunks = vec![TimedChunk { elapsed_us: 1, chunk }];
	let outcome = Outcome::Complete;
	Transcript { chunks, outcome }
}

fn python() -> bool {
	let found = Command::new("python3")
		.arg("--version")
		.output()
		.is_ok_and(|output| output.status.success());
	if !found {
		println!("SKIPPED: there is no python3 on this machine");
	}
	found
}

fn python_example() -> ProcessOptions {
	let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/proof_of_work.py");
	ProcessOptions {
		command: vec!["python3".into(), "-B".into(), script.display().to_string()],
		processes: 1,
		limits: LIMITS,
		memory_limit_bytes: None,
	}
}

#[test]
fn the_python_example_passes_the_suite() {
	if !python() {
		return;
	}
	let mechanism = start(python_example());
	assert_eq!(mechanism.descriptor().to_string(), "proof-of-work/1");
	assert_eq!(conformance::check(&mechanism), Ok(()));
}

#[test]
fn python_prints_go_to_the_log_and_exceptions_are_told() {
	if !python() {
		return;
	}
	let program = r#"
import ganglion_mechanism as g
class Clumsy(g.Mechanism):
    name, deadline_ms = "clumsy", 20_000
    def task(self, context, epoch):
        print("this is no line of the protocol")
        return context.seed(b"test")
    def solve(self, context, task, send):
        if task == b"text": send("text")
        if task == b"none": return
        raise g.ModelError("out of paper")
    def score(self, context, task, answer):
        if task == b"own": raise g.OwnFault("my disk is full")
        return g.Score(answer.chunks[0].chunk["x"], "never")
g.run(Clumsy())
"#;
	let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("python");
	let command = [
		"env",
		&format!("PYTHONPATH={}", folder.display()),
		"python3",
		"-B",
		"-c",
		program,
	];
	let mechanism = start(ProcessOptions {
		command: command.map(String::from).to_vec(),
		processes: 1,
		limits: LIMITS,
		memory_limit_bytes: None,
	});
	// The same seed as the Rust SDK's own test pins, for other bytes of the context.
	let seed = mechanism.task(&CONTEXT, &Epoch::default()).unwrap();
	assert_eq!(seed, CONTEXT.seed(b"test"));
	let solve = |task: &[u8]| mechanism.solve(&CONTEXT, task, &mut |_| Ok(()));
	assert_eq!(solve(b"none"), Ok(()));
	assert!(matches!(solve(b"x"), Err(MechanismError::Model(text)) if !text.contains("paper")));
	assert!(matches!(solve(b"text"), Err(MechanismError::Internal(text)) if !text.contains("send()")));
	let score = mechanism.score(&CONTEXT, b"x", &answer(vec![1])).unwrap();
	assert_eq!(score.value(), 0.0);
	assert!(score.reason.contains("TypeError"), "{score}");
	let fault = mechanism.score(&CONTEXT, b"own", &answer(vec![1])).unwrap_err();
	assert!(fault.to_string().contains("my disk is full"), "{fault}");
}

#[test]
fn a_shell_can_be_a_mechanism_too() {
	let mechanism = start(shell(
		r#"case $line in
		*'"solve"'*) for word in AQ== Ag==; do echo '{"type":"chunk","id":'$id',"chunk":"'$word'"}'; done
			echo '{"type":"done","id":'$id'}';;
		*'"score"'*) echo '{"type":"score","id":'$id',"score":0.25,"reason":"so so","trials":4,"failures":1}';;
		*'"task"'*) echo '{"type":"task","id":'$id',"task":"AAEC"}';;
		esac"#,
	));
	assert_eq!(mechanism.descriptor().to_string(), "shell/3");
	assert_eq!(mechanism.deadline(), Duration::from_secs(20));
	assert_eq!(mechanism.model_hash(), Some([7; 32]));
	for _ in 0..3 {
		assert_eq!(mechanism.task(&CONTEXT, &Epoch::default()), Ok(vec![0, 1, 2]));
		let mut chunks = Vec::new();
		let solved = mechanism.solve(&CONTEXT, &[0], &mut |chunk| {
			chunks.push(chunk);
			Ok(())
		});
		assert_eq!((solved, chunks), (Ok(()), vec![vec![1], vec![2]]));
		let score = mechanism.score(&CONTEXT, &[0], &answer(vec![1])).unwrap();
		assert_eq!((score.value(), score.reason.as_str()), (0.25, "so so"));
		assert_eq!((score.evidence().trials, score.evidence().failures), (4, 1));
	}
}

#[test]
fn a_bad_start_says_what_happened() {
	let hello = |line: &str| format!("read line; echo '{line}'; cat");
	let cases = [
		(
			"echo I have no model >&2; exit 3".to_owned(),
			"exit status: 3; its last line on standard error: I have no model",
		),
		("exec 1>&-; exec sleep 100".to_owned(), "closed its output"),
		(
			"echo Hello; cat".to_owned(),
			"printed `Hello `, which is no line of the protocol",
		),
		("cat /dev/zero".to_owned(), "no end within"),
		("yes".to_owned(), "printed `y `"),
		("exec sleep 100".to_owned(), "did not answer within 300ms"),
		(
			hello(r#"{"type":"hello","protocol":9,"name":"x","version":1,"deadline_ms":1}"#),
			"speaks protocol 9",
		),
		(
			hello(r#"{"type":"hello","protocol":1,"name":"X Y","version":1,"deadline_ms":1}"#),
			"lower-case",
		),
		(
			hello(&format!(
				r#"{{"type":"hello","protocol":1,"name":"{}","version":1,"deadline_ms":1}}"#,
				"x".repeat(5000)
			)),
			"calls itself \"xxx",
		),
		(
			hello(&format!(
				r#"{{"type":"hello","protocol":1,"name":"x","version":1,"deadline_ms":1,"model_hash":"{}"}}"#,
				"0".repeat(5000)
			)),
			"has the model hash \"000",
		),
		(
			hello(r#"{"type":"hello","protocol":1,"name":"x","version":1,"deadline_ms":0}"#),
			"deadline of 0 ms",
		),
		(
			hello(r#"{"type":"hello","protocol":1,"name":"x","version":70000,"deadline_ms":1}"#),
			"no line of the protocol",
		),
		(hello(r#"{"type":"done","id":1}"#), "said `done` before its hello"),
	];
	for (script, expected) in cases {
		let mut options = shell("");
		options.command[2] = script.clone();
		if expected.contains("300ms") {
			options.limits.startup = SOON;
		}
		let error = ProcessMechanism::start(options).err().unwrap().to_string();
		assert!(error.contains(expected), "{script}: {error}");
		assert!(error.len() - script.len() < 600, "{error}");
	}
	let error = ProcessMechanism::start(ProcessOptions::new("/no/such/program").unwrap())
		.err()
		.unwrap();
	assert!(error.to_string().contains("cannot run `/no/such/program`"), "{error}");
}

/// What a process does instead of answering, and what is said about it.
const MISBEHAVIOURS: [(&str, &str); 9] = [
	("exit 7", "exit status: 7"),
	("printf half; exit 8", "exit status: 8"),
	("kill -9 $$", "signal: 9"),
	("exec sleep 100", "did not answer within"),
	("echo rubbish", "printed what is no line of the protocol"),
	("cat /dev/zero", "no end within"),
	(r#"echo '{"type":"chunk","id":'$id',"chunk":"***"}'"#, "no base64"),
	(
		r#"echo '{"type":"done","id":99}'"#,
		"for request 99 while it works on request 1",
	),
	(
		r#"echo '{"type":"hello","protocol":1,"name":"x","version":1,"deadline_ms":1}'"#,
		"for no request",
	),
];

#[test]
fn a_miner_refuses_with_the_reason_and_goes_on() {
	for (work, expected) in MISBEHAVIOURS.into_iter().filter(|(work, _)| !work.contains("sleep")) {
		let mechanism = start(shell(work));
		// Each failure is followed by a new process at once: requests that break one do not stop those of others.
		for _ in 0..3 {
			let error = mechanism.solve(&CONTEXT, &[1], &mut |_| Ok(())).unwrap_err();
			assert!(error.to_string().contains(expected), "{work}: {error}");
		}
	}
}

#[test]
fn what_a_program_writes_stays_on_this_machine() {
	for work in [
		"echo folder/secret >&2; exit 7",
		"echo folder/secret",
		"echo 'folder/secret\": {'",
	] {
		let mechanism = start(shell(work));
		let error = mechanism
			.solve(&CONTEXT, &[1], &mut |_| Ok(()))
			.unwrap_err()
			.to_string();
		assert!(
			error.contains("the mechanism's process") && !error.contains("secret"),
			"{error}"
		);
		let score = mechanism.score(&CONTEXT, &[1], &answer(vec![1])).unwrap();
		assert!(!score.reason.contains("secret"), "{score}");
	}
	// Nor is what it says to its caller repeated: the kind alone.
	for (kind, expected) in [
		(
			"model",
			"the model failed: the mechanism's program could not do the work",
		),
		("invalid_task", "invalid task: the mechanism's program does not take it"),
		("cancelled", "cancelled: the other side no longer listens"),
		("fault", "fault in the mechanism: of its program"),
	] {
		let work = format!(r#"echo '{{"type":"error","id":'$id',"kind":"{kind}","message":"folder/secret"}}'"#);
		let error = start(shell(&work)).solve(&CONTEXT, &[1], &mut |_| Ok(())).unwrap_err();
		assert_eq!(error.to_string(), expected);
	}
}

/// A mechanism that starts once, and whose process ends at its first request; what is in the folder goes with it.
fn starts_once() -> (ProcessMechanism, tempfile::TempDir) {
	let folder = tempfile::tempdir().unwrap();
	let mut options = shell("exit 1");
	let place = folder.path().join("started").display().to_string();
	options.command[2] = format!(
		"test -e {place} && {{ echo secret >&2; exit 2; }}; touch {place}; {}",
		options.command[2]
	);
	(start(options), folder)
}

#[test]
fn failed_starts_are_followed_by_a_pause() {
	let (mechanism, _folder) = starts_once();
	let solve = || {
		let solved = mechanism.solve(&CONTEXT, &[1], &mut |_| Ok(()));
		solved.unwrap_err().to_string()
	};
	assert!(solve().contains("exit status: 1"));
	for _ in 0..2 {
		let error = solve();
		assert!(
			error.contains("could not be started") && !error.contains("secret"),
			"{error}"
		);
	}
	let error = solve();
	assert!(error.contains("it is tried again in"), "{error}");
	let fault = mechanism.score(&CONTEXT, &[1], &answer(vec![1])).unwrap_err();
	assert!(fault.to_string().contains("it is tried again in"), "{fault}");
}

#[test]
fn a_short_pause_is_waited_for() {
	let folder = tempfile::tempdir().unwrap();
	// Starts 2 and 3 fail, and the others succeed.
	let place = folder.path().join("starts").display().to_string();
	let mut options = shell(r#"echo '{"type":"score","id":'$id',"score":1,"reason":"well"}'; exit 1"#);
	options.command[2] = format!(
		"echo >>{place}; case $(grep -c '' {place}) in 2|3) exit 2;; esac; {}",
		options.command[2]
	);
	options.limits.first_pause = SOON;
	let mechanism = start(options);
	let score = || mechanism.score(&CONTEXT, &[1], &answer(vec![1]));
	assert_eq!(score().unwrap().value(), 1.0);
	// The process may not have ended yet when it is asked next, which then is the first of two attempts.
	let mut faults = 0;
	while score().is_err() {
		faults += 1;
	}
	assert_eq!(faults, 2, "one for each start that failed, none for the pause");
}

#[test]
fn a_panic_of_the_caller_costs_no_place() {
	let mechanism = start(shell(
		r#"echo '{"type":"chunk","id":'$id',"chunk":"AA=="}'; echo '{"type":"done","id":'$id'}'"#,
	));
	let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
		mechanism.solve(&CONTEXT, &[1], &mut |_| panic!("on purpose"))
	}));
	assert!(panicked.is_err());
	assert_eq!(mechanism.solve(&CONTEXT, &[1], &mut |_| Ok(())), Ok(()));
}

#[test]
fn a_scorer_that_stumbles_is_worth_nothing_to_the_miner() {
	for kind in ["model", "invalid_task", "cancelled"] {
		let work = format!(r#"echo '{{"type":"error","id":'$id',"kind":"{kind}","message":"stumbled"}}'"#);
		let score = start(shell(&work)).score(&CONTEXT, &[1], &answer(vec![1])).unwrap();
		assert_eq!(score.value(), 0.0, "{kind}");
		assert!(score.reason.contains("failed over this answer"), "{score}");
	}
	let work = r#"echo '{"type":"error","id":'$id',"kind":"fault","message":"no disk"}'"#;
	let fault = start(shell(work)).score(&CONTEXT, &[1], &answer(vec![1])).unwrap_err();
	assert!(fault.to_string().contains("no disk"), "{fault}");
}

#[test]
fn a_validator_scores_zero_what_two_processes_fail_over() {
	for (work, expected) in MISBEHAVIOURS {
		let mut options = shell(work);
		if work.contains("sleep") {
			options.limits.score = SOON;
		}
		let mechanism = start(options);
		let score = mechanism.score(&CONTEXT, &[1], &answer(vec![1])).unwrap();
		// A chunk is out of place here before its bytes are looked at.
		let expected = if work.contains("chunk") {
			"answered `chunk` where `score` was expected"
		} else {
			expected
		};
		assert_eq!(score.value(), 0.0, "{work}");
		if work.contains("sleep") {
			assert!(score.reason.contains("had no score for this answer within"), "{score}");
		} else {
			assert!(
				score.reason.contains("2 processes of the mechanism failed") && score.reason.contains(expected),
				"{work}: {score}"
			);
		}
		// The next such answer is no fault of the validator's either.
		assert_eq!(mechanism.score(&CONTEXT, &[1], &answer(vec![1])).unwrap().value(), 0.0);
	}
}

#[test]
fn scores_that_are_none_are_zero_with_a_reason() {
	for score in ["1.5", "-1", "1e400"] {
		let work = format!(r#"echo '{{"type":"score","id":'$id',"score":{score},"reason":"rich"}}'"#);
		let score = start(shell(&work)).score(&CONTEXT, &[1], &answer(vec![1])).unwrap();
		assert_eq!(score.value(), 0.0);
		assert!(score.reason.contains("failed over this answer"), "{score}");
	}
}

#[test]
fn nobody_listens_any_more() {
	// One that hears of it, and one that does not and is ended.
	let chatter = r#"while :; do echo '{"type":"chunk","id":'$id',"chunk":"AA=="}'; done"#;
	let hears = r#"case $line in
		*solve*) echo '{"type":"chunk","id":'$id',"chunk":"AA=="}';;
		*cancel*) echo '{"type":"error","id":'$id',"kind":"cancelled","message":""}';;
		esac"#;
	for (work, limit, survives) in [(hears, LIMITS.cancel, true), (chatter, SOON, false)] {
		let mut options = shell(work);
		options.limits.cancel = limit;
		let mechanism = start(options);
		for attempt in 0..2 {
			let mut calls = 0;
			let solved = mechanism.solve(&CONTEXT, &[1], &mut |_| {
				calls += 1;
				Err(subnet_sdk::SinkClosed)
			});
			assert_eq!(calls, 1, "attempt {attempt}");
			match survives {
				true => assert_eq!(solved, Err(MechanismError::Cancelled)),
				false => assert!(solved.unwrap_err().to_string().contains("did not answer within")),
			}
		}
	}
}

#[test]
fn a_late_solution_is_cancelled_at_the_deadline() {
	let mut options = shell(r#"case $line in *cancel*) echo '{"type":"done","id":'$id'}';; esac"#);
	options.command[2] = options.command[2].replace("20000", "200");
	let error = start(options).solve(&CONTEXT, &[1], &mut |_| Ok(())).unwrap_err();
	assert!(error.to_string().contains("before the deadline"), "{error}");
}

#[test]
fn sizes_are_bounded_in_both_directions() {
	let mechanism = start(shell("exit 1"));
	let too_large = mechanism.solve(&CONTEXT, &vec![0; MAX_TASK_BYTES + 1], &mut |_| Ok(()));
	assert!(
		matches!(too_large, Err(MechanismError::InvalidTask(_))),
		"{too_large:?}"
	);
	let mut flood = answer(vec![0; MAX_CHUNK_BYTES]);
	flood.chunks = vec![flood.chunks[0].clone(); 200];
	for hostile in [answer(vec![0; MAX_CHUNK_BYTES + 1]), flood] {
		let score = mechanism.score(&CONTEXT, &[1], &hostile).unwrap();
		assert!(score.value() == 0.0 && score.reason.contains("are taken"), "{score}");
	}
	let endless = r#"while echo '{"type":"chunk","id":'$id',"chunk":""}'; do read -t 0 line && break; done; echo '{"type":"done","id":'$id'}'"#;
	let mut options = shell(endless);
	options.command[0] = "bash".into();
	let solved = start(options).solve(&CONTEXT, &[1], &mut |_| Ok(()));
	assert!(matches!(solved, Err(MechanismError::TooLarge { .. })), "{solved:?}");
}

#[test]
fn a_new_process_that_is_another_mechanism_is_refused() {
	let counter = std::env::temp_dir().join(format!("subnet-process-{}", std::process::id()));
	let mut options = shell("exit 1");
	let script = options.command[2].clone();
	let place = counter.display();
	options.command[2] = format!(
		"test -e {place} && name=other || name=shell; touch {place}; {}",
		script.replace("\"shell\"", "\"'$name'\"")
	);
	let mechanism = start(options);
	assert!(mechanism.solve(&CONTEXT, &[1], &mut |_| Ok(())).is_err());
	let error = mechanism.solve(&CONTEXT, &[1], &mut |_| Ok(())).unwrap_err();
	std::fs::remove_file(&counter).unwrap();
	assert!(error.to_string().contains("says that it is other/3"), "{error}");
}

#[test]
fn requests_share_processes_and_wait_for_them() {
	let work = r#"echo '{"type":"chunk","id":'$id',"chunk":"AA=="}'; echo '{"type":"done","id":'$id'}'"#;
	let mechanism = start(shell(work).with_processes(2).unwrap());
	std::thread::scope(|scope| {
		let solvers: Vec<_> = (0..8)
			.map(|_| scope.spawn(|| mechanism.solve(&CONTEXT, &[1], &mut |_| Ok(()))))
			.collect();
		for solver in solvers {
			assert_eq!(solver.join().unwrap(), Ok(()));
		}
	});
}
