//! What processes may take from others: memory, time, and other groups' numbers.

mod common;

use std::path::Path;
use std::time::Duration;

use common::{CONTEXT, shell, start};
use subnet_sdk::{
	ChallengeContext, DynMechanism, Epoch, Hotkey, Listener, MechanismError, Outcome, TimedChunk, Transcript,
};

fn is_linux() -> bool {
	if !cfg!(target_os = "linux") {
		println!("SKIPPED: only Linux bounds a process's memory and shows processes under /proc");
	}
	cfg!(target_os = "linux")
}

#[test]
fn memory_of_a_process_and_all_that_it_starts_is_bounded() {
	if !is_linux() {
		return;
	}
	// Two programs that hold 40 MB of zeros each, as lines without end, for as long as they are let.
	let hold = "{ head -c 40000000 /dev/zero; sleep 1000; } | tail -n 1";
	let work = format!("{hold} & {hold}");
	let options = shell(&work).with_memory_mib(64).unwrap();
	let mechanism = start(options);
	let error = mechanism
		.solve(&CONTEXT, &[1], &mut |_| Ok(()))
		.unwrap_err()
		.to_string();
	assert!(error.contains("MiB of memory together with what it started"), "{error}");
	let score = mechanism.score(&CONTEXT, &[1], &answer()).unwrap();
	assert_eq!(score.value(), 0.0);
	assert!(score.reason.contains("MiB of memory"), "{score}");
	// One of them alone is within the bound.
	let work = format!(r#"{hold} & sleep 2; echo '{{"type":"done","id":'$id'}}'"#);
	let mechanism = start(shell(&work).with_memory_mib(64).unwrap());
	assert_eq!(mechanism.solve(&CONTEXT, &[1], &mut |_| Ok(())), Ok(()));
}

#[test]
fn the_system_itself_bounds_what_one_process_takes_at_once() {
	if !is_linux() {
		return;
	}
	// 2 x 64 MiB, in KiB; the program that it starts has the same bound.
	let work = r#"sh -c 'test $(ulimit -d) = 131072' && echo '{"type":"done","id":'$id'}'"#;
	let mechanism = start(shell(work).with_memory_mib(64).unwrap());
	assert_eq!(mechanism.solve(&CONTEXT, &[1], &mut |_| Ok(())), Ok(()));
	for out_of_range in [1, u64::MAX] {
		let error = shell("").with_memory_mib(out_of_range).unwrap_err().to_string();
		assert!(error.contains("MiB of memory: expected 32 to"), "{error}");
	}
	assert_eq!(shell("").with_memory_mib(0).unwrap().memory_limit_bytes, None);
}

fn answer() -> Transcript<Vec<u8>> {
	let chunks = vec![TimedChunk {
		elapsed_us: 1,
		chunk: vec![1],
	}];
	let outcome = Outcome::Complete;
	Transcript { chunks, outcome }
}

#[test]
fn answers_that_hang_the_scorer_cost_others_neither_score_nor_challenge() {
	// Task 1 (AQ==) hangs it, and any other is scored; a task is drawn.
	let mut options = shell(
		r#"case $line in
		*'"task":"AQ=="'*) exec sleep 1000;;
		*'"score"'*) echo '{"type":"score","id":'$id',"score":1,"reason":"well"}';;
		*'"task"'*) echo '{"type":"task","id":'$id',"task":"AA=="}';;
		esac"#,
	);
	options.limits.score = Duration::from_secs(2);
	let mechanism = start(options);
	let hanging = |miner: u8| ChallengeContext {
		miner: Hotkey([miner; 32]),
		..CONTEXT
	};
	std::thread::scope(|scope| {
		let cheats: Vec<_> = (10..13)
			.map(|miner| {
				let mechanism = &mechanism;
				scope.spawn(move || mechanism.score(&hanging(miner), &[1], &answer()))
			})
			.collect();
		let honest: Vec<_> = (0..4)
			.map(|_| scope.spawn(|| mechanism.score(&CONTEXT, &[2], &answer())))
			.collect();
		let tasks: Vec<_> = (0..2)
			.map(|_| scope.spawn(|| mechanism.task(&CONTEXT, &Epoch::default())))
			.collect();
		for cheat in cheats {
			let score = cheat.join().unwrap().unwrap();
			assert_eq!(score.value(), 0.0);
			assert!(
				score.reason.contains("had no score for this answer within 2s"),
				"{score}"
			);
		}
		// All of them came after answers that took all the time there is.
		for honest in honest {
			assert_eq!(honest.join().unwrap().unwrap().value(), 1.0);
		}
		for task in tasks {
			assert_eq!(task.join().unwrap(), Ok(vec![0]));
		}
	});
	// Who has done it has less time to do it again.
	let again = mechanism.score(&hanging(10), &[1], &answer()).unwrap();
	assert!(again.reason.contains("within 1s"), "{again}");
}

#[test]
fn all_processes_are_asked_to_end_at_once() {
	let folder = tempfile::tempdir().unwrap();
	let place = folder.path().display();
	// Each ends by itself only when all three have been asked to: one after another they would have to be killed.
	let last = format!(
		"echo >{place}/asked-$$; until [ $(ls {place} | grep -c asked) = 3 ]; do sleep 0.05; done; echo >{place}/ended-$$"
	);
	let work = format!(
		r#"echo >{place}/busy-$$; until [ $(ls {place} | grep -c busy) = 3 ]; do sleep 0.05; done; echo '{{"type":"done","id":'$id'}}'"#
	);
	let mut options = shell(&work).with_processes(3).unwrap();
	options.command[2].push_str(&format!("; {last}"));
	options.limits.farewell = Duration::from_secs(30);
	let mechanism = start(options);
	std::thread::scope(|scope| {
		for _ in 0..3 {
			scope.spawn(|| assert_eq!(mechanism.solve(&CONTEXT, &[1], &mut |_| Ok(())), Ok(())));
		}
	});
	drop(mechanism);
	let ended = std::fs::read_dir(folder.path()).unwrap().filter(|entry| {
		let name = entry.as_ref().unwrap().file_name();
		name.to_string_lossy().starts_with("ended")
	});
	assert_eq!(ended.count(), 3);
}

#[test]
fn a_caller_that_goes_before_the_first_chunk_is_told_to_the_process() {
	let folder = tempfile::tempdir().unwrap();
	let place = folder.path().join("begun");
	let work = format!(
		r#"case $line in
		*solve*) echo >{};;
		*cancel*) echo '{{"type":"error","id":'$id',"kind":"cancelled","message":""}}';;
		esac"#,
		place.display()
	);
	let mechanism = start(shell(&work));
	let listener = Listener::default();
	std::thread::scope(|scope| {
		let solving = scope.spawn(|| mechanism.solve_for(&listener, &CONTEXT, &[1], &mut |_| Ok(())));
		while !place.exists() {
			std::thread::sleep(Duration::from_millis(5));
		}
		listener.leave();
		assert_eq!(solving.join().unwrap(), Err(MechanismError::Cancelled));
	});
}

#[test]
fn a_caller_that_goes_while_it_waits_for_a_process_waits_no_longer() {
	let folder = tempfile::tempdir().unwrap();
	let (begun, over) = (folder.path().join("begun"), folder.path().join("over"));
	let work = format!(
		r#"echo >{}; until [ -e {} ]; do sleep 0.05; done; echo '{{"type":"done","id":'$id'}}'"#,
		begun.display(),
		over.display()
	);
	let mechanism = start(shell(&work));
	let listener = Listener::default();
	std::thread::scope(|scope| {
		let first = scope.spawn(|| mechanism.solve(&CONTEXT, &[1], &mut |_| Ok(())));
		while !begun.exists() {
			std::thread::sleep(Duration::from_millis(5));
		}
		let second = scope.spawn(|| mechanism.solve_for(&listener, &CONTEXT, &[1], &mut |_| Ok(())));
		listener.leave();
		// The only process is the first caller's until the file is there.
		assert_eq!(second.join().unwrap(), Err(MechanismError::Cancelled));
		std::fs::write(&over, "").unwrap();
		assert_eq!(first.join().unwrap(), Ok(()));
	});
}

/// The state of a process under `/proc`; none where it is gone.
fn state(process: &str) -> Option<char> {
	let stat = std::fs::read_to_string(Path::new("/proc").join(process).join("stat")).ok()?;
	stat.rsplit_once(')')?.1.trim_start().chars().next()
}

#[test]
fn what_a_process_leaves_behind_is_ended_with_it() {
	if !is_linux() {
		return;
	}
	let folder = tempfile::tempdir().unwrap();
	let place = folder.path().join("left");
	// It has ended, and would be waited for, while the one that it started still runs.
	let work = format!("sleep 1000 >&- 2>&- & echo $! >{}; exit 3", place.display());
	let error = start(shell(&work)).solve(&CONTEXT, &[1], &mut |_| Ok(())).unwrap_err();
	assert!(error.to_string().contains("exit status: 3"), "{error}");
	let left = std::fs::read_to_string(&place).unwrap();
	// Killed before the leader was waited for; whoever inherits it may not have buried it yet.
	while state(left.trim()).is_some_and(|state| state != 'Z') {
		std::thread::sleep(Duration::from_millis(20));
	}
}
