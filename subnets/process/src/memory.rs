//! How much memory a mechanism's processes may take.
//!
//! Two bounds. The limit itself is for a process and all that it starts together: every [`INTERVAL`] their memory is added
//! up, and who is over it is ended, with the reason. Between two looks a second bound holds, which the system keeps itself
//! (`RLIMIT_DATA`): no process of the group gets more than [`PEAK_FACTOR`] times the limit of memory to write to; a request
//! for more fails in the program.
//!
//! Memory is what can be written to and is not a file's: pages of a file that is mapped, such as a model's, are the
//! system's to drop. (The second bound counts them too where they are mapped privately and for writing.) Linux only; elsewhere nothing is bounded, and the log says so.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::Duration;

use crate::group::Group;

/// From one look at the memory to the next.
const INTERVAL: Duration = Duration::from_millis(500);
/// What one process may take at its peak between two looks, in limits.
const PEAK_FACTOR: u64 = 2;

/// Keeps all processes of a pool within a limit each.
#[derive(Debug)]
pub(crate) struct MemoryWatch {
	limit_bytes: u64,
	groups: Arc<Mutex<Vec<Weak<Group>>>>,
}

impl MemoryWatch {
	/// A watch that lasts until it is dropped.
	pub(crate) fn start(limit_bytes: u64) -> Self {
		let groups = Arc::new(Mutex::new(Vec::new()));
		if system::IS_BOUNDED {
			let watched = Arc::downgrade(&groups);
			thread::spawn(move || watch(&watched, limit_bytes));
		} else {
			tracing::warn!("memory of the mechanism's processes is not bounded on this system");
		}
		Self { limit_bytes, groups }
	}

	/// Bounds a process that has just been started, before it gets its first line, and all that it will start.
	pub(crate) fn add(&self, group: &Arc<Group>) {
		if let Err(error) = system::bound(group, self.limit_bytes.saturating_mul(PEAK_FACTOR)) {
			tracing::warn!(%error, "the peak memory of a process of the mechanism is not bounded");
		}
		let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
		groups.push(Arc::downgrade(group));
	}
}

/// Looks until nobody holds the watch any more.
fn watch(groups: &Weak<Mutex<Vec<Weak<Group>>>>, limit_bytes: u64) {
	let mut could_look = true;
	loop {
		thread::sleep(INTERVAL);
		let Some(groups) = groups.upgrade() else { return };
		let running: Vec<Arc<Group>> = {
			let mut groups = groups.lock().unwrap_or_else(PoisonError::into_inner);
			// Who has gone is forgotten, so that there are never more than the pool has processes.
			groups.retain(|group| group.strong_count() > 0);
			groups.iter().filter_map(Weak::upgrade).collect()
		};
		match system::used_bytes(&running, limit_bytes) {
			Ok(used) => {
				could_look = true;
				for (group, used_bytes) in running.iter().zip(used) {
					if used_bytes > limit_bytes {
						group.kill_for_memory(used_bytes);
					}
				}
			}
			Err(error) => {
				if std::mem::replace(&mut could_look, false) {
					tracing::warn!(%error, "the memory of the mechanism's processes cannot be looked at: it is not bounded");
				}
			}
		}
	}
}

#[cfg(target_os = "linux")]
mod system {
	use std::fs;
	use std::io;
	use std::sync::Arc;

	use rustix::process::{Resource, Rlimit, prlimit};

	use crate::group::Group;

	pub(super) const IS_BOUNDED: bool = true;

	/// The most that each process of the group may take by itself.
	pub(super) fn bound(group: &Group, bytes: u64) -> io::Result<()> {
		let limit = Rlimit {
			current: Some(bytes),
			maximum: Some(bytes),
		};
		prlimit(group.leader(), Resource::Data, limit)?;
		Ok(())
	}

	/// What each group takes now; what they share within a group counts once where that decides.
	pub(super) fn used_bytes(groups: &[Arc<Group>], limit_bytes: u64) -> io::Result<Vec<u64>> {
		if groups.is_empty() {
			return Ok(Vec::new());
		}
		let number = |group: &Arc<Group>| group.leader().map(|leader| leader.as_raw_nonzero().get());
		let numbers: Vec<Option<i32>> = groups.iter().map(number).collect();
		let mut members = vec![Vec::new(); groups.len()];
		for entry in fs::read_dir("/proc")? {
			let name = entry?.file_name();
			let is_process = |name: &&str| name.bytes().all(|byte| byte.is_ascii_digit());
			let Some(process) = name.to_str().filter(is_process) else {
				continue;
			};
			// Whoever ends meanwhile has no files any more.
			let stat = fs::read_to_string(format!("/proc/{process}/stat"));
			let group = stat.ok().and_then(|text| group_of(&text));
			let of = numbers.iter().position(|number| number.is_some() && *number == group);
			if let Some(index) = of {
				members[index].push(process.to_owned());
			}
		}
		let used = |members: &Vec<String>| {
			let quick = total(members, "status", &["RssAnon:", "RssShmem:"]);
			if quick <= limit_bytes {
				return quick;
			}
			// Takes longer, and old systems do not have it.
			match total(members, "smaps_rollup", &["Pss_Anon:", "Pss_Shmem:"]) {
				0 => quick,
				exact => exact,
			}
		};
		Ok(members.iter().map(used).collect())
	}

	fn total(processes: &[String], file: &str, keys: &[&str]) -> u64 {
		let read = |process: &String| fs::read_to_string(format!("/proc/{process}/{file}"));
		let texts = processes.iter().filter_map(|process| read(process).ok());
		texts
			.map(|text| kibibytes(&text, keys))
			.sum::<u64>()
			.saturating_mul(1024)
	}

	/// The group, from the line of `/proc/…/stat`: the third field after the name, which may hold anything.
	fn group_of(stat: &str) -> Option<i32> {
		let (_, fields) = stat.rsplit_once(')')?;
		fields.split_ascii_whitespace().nth(2)?.parse().ok()
	}

	fn kibibytes(text: &str, keys: &[&str]) -> u64 {
		text.lines()
			.filter_map(|line| {
				let (key, value) = line.split_once(char::is_whitespace)?;
				keys.contains(&key)
					.then(|| value.split_ascii_whitespace().next())??
					.parse::<u64>()
					.ok()
			})
			.sum()
	}

	#[cfg(test)]
	mod tests {
		use super::*;

		#[test]
		fn groups_and_sizes_are_read() {
			assert_eq!(group_of("12 (a) b) c) S 1 77 12 0 -1 4194560"), Some(77));
			assert_eq!(group_of("12 (sh"), None);
			let text = "Rss:      99 kB\nPss_Anon:        12 kB\nPss_Shmem:  3 kB\n";
			assert_eq!(kibibytes(text, &["Pss_Anon:", "Pss_Shmem:"]), 15);
			let own = [std::process::id().to_string()];
			assert!(total(&own, "status", &["RssAnon:", "RssShmem:"]) > 0);
		}
	}
}

#[cfg(not(target_os = "linux"))]
mod system {
	use std::io;
	use std::sync::Arc;

	use crate::group::Group;

	pub(super) const IS_BOUNDED: bool = false;

	pub(super) fn bound(_: &Group, _: u64) -> io::Result<()> {
		Ok(())
	}

	pub(super) fn used_bytes(groups: &[Arc<Group>], _: u64) -> io::Result<Vec<u64>> {
		Ok(vec![0; groups.len()])
	}
}
