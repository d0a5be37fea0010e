//! Damage, full disks, other versions, older programs.

use std::{
	io,
	sync::{
		Arc,
		atomic::{AtomicU64, Ordering},
	},
};

use rand::{Rng, SeedableRng, rngs::StdRng};
use redb::{StorageBackend, backends::FileBackend};

use super::*;

fn owner() -> Owner {
	Owner {
		hotkey: AccountId::new([1; 32]),
		netuid: 1,
		mechanism: "echo".into(),
		mechanism_version: 1,
	}
}

fn scores(count: u16) -> Vec<(u16, Hotkey, f64)> {
	(0..count).map(|uid| (uid, Hotkey([3; 32]), 0.25)).collect()
}

fn filled(folder: &Path, count: u16) -> State {
	let mut state = State::open(folder).unwrap();
	let marks = Marks {
		generation: 5,
		submitted_generation: 4,
		submitted_at: 44,
	};
	state.replace(&owner(), &scores(count), marks).unwrap();
	state
}

#[test]
fn a_file_of_something_else_is_an_error_and_stays() {
	for bytes in [
		&b""[..],
		b"{",
		b"[1,2] and so on, at some length to be longer than a header ...",
		&[0; 5_000],
	] {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join(FILE_NAME);
		fs::write(&path, bytes).unwrap();
		let error = State::open(folder.path()).unwrap_err().to_string();
		assert!(error.contains("move it away"), "{error}");
		assert_eq!(fs::read(&path).unwrap(), bytes);
	}
}

#[test]
fn damage_anywhere_is_an_error_or_harmless_and_never_another_content() {
	let folder = tempfile::tempdir().unwrap();
	let mut state = filled(folder.path(), 300);
	let whole = state.load().unwrap();
	drop(state);
	let path = folder.path().join(FILE_NAME);
	let bytes = fs::read(&path).unwrap();
	let seed: u64 = rand::random();
	println!("seed {seed}");
	let mut random = StdRng::seed_from_u64(seed);
	let mut refused = 0;
	for _ in 0..40 {
		let mut damaged = bytes.clone();
		if random.random_bool(0.2) {
			damaged.truncate(random.random_range(0..bytes.len()));
		} else {
			let at = random.random_range(0..bytes.len());
			let end = (at + random.random_range(1..2_000)).min(bytes.len());
			random.fill(&mut damaged[at..end]);
		}
		fs::write(&path, &damaged).unwrap();
		match State::open(folder.path()).and_then(|mut state| state.load()) {
			Ok(kept) => assert_eq!(kept, whole),
			Err(error) => {
				assert!(error.to_string().contains("move"), "{error}");
				refused += 1;
			}
		}
	}
	assert!(refused > 0);
}

#[test]
fn a_newer_schema_and_a_second_process_are_told_apart() {
	let folder = tempfile::tempdir().unwrap();
	let mut state = filled(folder.path(), 3);
	let error = State::open(folder.path()).unwrap_err().to_string();
	assert!(error.contains("in use"), "{error}");
	state
		.write(|transaction| tables::set_schema(transaction, SCHEMA_VERSION + 1))
		.unwrap();
	drop(state);
	let error = State::open(folder.path()).unwrap_err().to_string();
	assert!(
		error.contains("version 2") && error.contains("knows 1") && error.contains("newer program"),
		"{error}"
	);
}

/// A file on a disk that gets full.
#[derive(Debug)]
struct SmallDisk {
	file: FileBackend,
	limit: Arc<AtomicU64>,
}

impl SmallDisk {
	fn check(&self, end: u64) -> io::Result<()> {
		if end > self.limit.load(Ordering::Relaxed) {
			return Err(io::ErrorKind::StorageFull.into());
		}
		Ok(())
	}
}

impl StorageBackend for SmallDisk {
	fn len(&self) -> io::Result<u64> {
		self.file.len()
	}

	fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
		self.file.read(offset, out)
	}

	fn set_len(&self, len: u64) -> io::Result<()> {
		self.check(len)?;
		self.file.set_len(len)
	}

	fn sync_data(&self) -> io::Result<()> {
		self.file.sync_data()
	}

	fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
		self.check(offset.saturating_add(data.len() as u64))?;
		self.file.write(offset, data)
	}

	fn close(&self) -> io::Result<()> {
		self.file.close()
	}
}

#[test]
fn a_full_disk_is_named_and_costs_nothing_that_was_kept() {
	let folder = tempfile::tempdir().unwrap();
	let mut state = filled(folder.path(), 3);
	let before = state.load().unwrap();
	let limit = Arc::new(AtomicU64::new(u64::MAX));
	state.database = None;
	let file = fs::OpenOptions::new()
		.read(true)
		.write(true)
		.open(state.path())
		.unwrap();
	let disk = SmallDisk {
		file: FileBackend::new(file).unwrap(),
		limit: limit.clone(),
	};
	state.database = Some(Database::builder().create_with_backend(disk).unwrap());
	limit.store(0, Ordering::Relaxed);
	let error = state
		.replace(&owner(), &scores(20_000), Marks::default())
		.unwrap_err()
		.to_string();
	assert!(
		error.contains("disk is full") && error.contains("free some space"),
		"{error}"
	);
	// Space has been made: the file is opened anew, by its path, and is as it was.
	assert_eq!(state.load().unwrap(), before);
	state.put_score(7, Hotkey([9; 32]), 1.0).unwrap();
	assert_eq!(state.load().unwrap().scores.len(), 4);
}

#[test]
fn the_file_stays_small() {
	let folder = tempfile::tempdir().unwrap();
	let mut state = filled(folder.path(), 256);
	for generation in 0..200 {
		let marks = Marks {
			generation,
			..Marks::default()
		};
		state.replace(&owner(), &scores(256), marks).unwrap();
	}
	let bytes = fs::metadata(state.path()).unwrap().len();
	assert!(bytes < 4 << 20, "{bytes} bytes");
	let submission = Submission {
		generation: 1,
		weights: Vec::new(),
		last_update_before: 0,
		transaction: vec![0; MAX_SUBMISSION_BYTES],
		valid_until_block: 1,
	};
	assert!(matches!(
		state.put_submission(&submission),
		Err(StateError::TooLarge { .. })
	));
}

const OLD_FILE: &str = r#"{"version":1,"owner":{"hotkey":"5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY",
	"netuid":1,"mechanism":"echo","mechanism_version":1},
	"scores":[{"uid":3,"hotkey":"5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY","average":0.5}]}"#;

#[test]
fn scores_of_the_older_program_are_taken_over_once() {
	let folder = tempfile::tempdir().unwrap();
	let old = folder.path().join("scores");
	fs::write(&old, OLD_FILE).unwrap();
	let mut state = State::open(folder.path()).unwrap();
	let kept = state.load().unwrap();
	assert_eq!((kept.scores.len(), kept.scores[0].0, kept.scores[0].2), (1, 3, 0.5));
	assert_eq!(kept.owner.map(|owner| owner.netuid), Some(1));
	assert!(!old.exists() && folder.path().join("scores.migrated").exists());
	drop(state);
	// What an older program writes later does not come back.
	fs::write(&old, OLD_FILE.replace("0.5", "0.75")).unwrap();
	let mut state = State::open(folder.path()).unwrap();
	assert_eq!(state.load().unwrap().scores[0].2, 0.5);
}

#[test]
fn an_older_file_that_cannot_be_read_stays_and_nothing_is_made() {
	for text in [
		"",
		"{",
		"[1,2]",
		&OLD_FILE.replace("\"version\":1,\"owner", "\"version\":2,\"owner"),
	] {
		let folder = tempfile::tempdir().unwrap();
		let old = folder.path().join("scores");
		fs::write(&old, text).unwrap();
		let error = State::open(folder.path()).unwrap_err().to_string();
		assert!(error.contains("move it away"), "{error}");
		assert_eq!(fs::read_to_string(&old).unwrap(), text);
		assert!(!folder.path().join(FILE_NAME).exists());
	}
}

#[test]
fn a_draft_that_was_never_finished_is_no_hindrance() {
	let folder = tempfile::tempdir().unwrap();
	fs::write(folder.path().join("state.redb.new"), b"half").unwrap();
	assert_eq!(State::open(folder.path()).unwrap().load().unwrap(), Kept::default());
}
