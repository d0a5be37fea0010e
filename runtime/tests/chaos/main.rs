//! Any calls, in any order, by anybody: the chain's invariants hold all the same.
//!
//! Twenty coldkeys with their hotkeys throw random calls of all pallets at a development chain: most look valid, the others
//! are hostile (nothing, too much, unknown keys, the wrong owner or subnet, duplicates, lists that are too long). Blocks pass
//! in between, so that epochs, payouts, clean-ups and reveals happen. It is checked that
//!
//! - the invariants of our pallets hold (`do_try_state`), every hundred calls, after the block;
//! - the issuance is the sum of all accounts' balances, and below the cap (that is one of the invariants);
//! - a call that is refused leaves the state's root as it was (a sample of them);
//! - no call of our pallets weighs more than it said (a stock pallet's does: `approve_as_multi` by some microseconds);
//! - every call was accepted at least once, in the run that everybody makes, so that it says something.
//!
//! `GANGLION_CHAOS_SEED` names another run, `GANGLION_CHAOS_CALLS` a longer one. What was called last is printed where
//! something does not hold.

#[path = "../common/mod.rs"]
mod common;
mod delegation;
mod draw;
mod random;
mod record;
mod special;
mod world;

use draw::{Draw, Entry, Origin};
use frame_support::dispatch::GetDispatchInfo;
use ganglion_runtime::{
	Balances, Commitments, Drand, MevShield, RuntimeCall, RuntimeOrigin, SubtensorModule, Swap, System,
};
use record::Record;
use sp_runtime::{DispatchError, StateVersion, traits::Dispatchable};
use special::Memory;

/// The run that everybody makes.
const SEED: u64 = 1;
/// Calls of that run.
const CALLS: u32 = 20_000;
/// Most calls of a block; there may be none.
const CALLS_PER_BLOCK: u64 = 9;
/// Calls between two checks of all invariants.
const CHECKED_EVERY: u32 = 100;
/// Blocks between two interventions that keep the chain alive.
const TENDED_EVERY: u32 = 10;
/// One refusal in so many is looked at for what it left behind.
const SAMPLED: u64 = 20;

/// The pallets of this repository.
const OURS: &[&str] = &[
	"SubtensorModule",
	"AdminUtils",
	"Swap",
	"Commitments",
	"Drand",
	"MevShield",
];

fn setting(name: &str, default: u64) -> u64 {
	std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// A run.
struct Chaos {
	draw: Draw,
	memory: Memory,
	record: Record,
}

impl Chaos {
	fn new(seed: u64) -> Self {
		let draw = Draw::new(seed);
		let names: Vec<_> = draw.catalog.iter().map(|entry| entry.name.clone()).collect();
		Self {
			draw,
			memory: Memory::default(),
			record: Record::new(seed, names.into_iter()),
		}
	}

	/// Draws a call, well made or not.
	fn drawn(&mut self) -> Option<(Entry, Origin, RuntimeCall)> {
		let entry = self.draw.entry();
		let focus = self.draw.focus(&entry.name.1);
		if self.draw.random.chance(70)
			&& let Some((origin, call)) = self.draw.special(&entry.name, &focus, &mut self.memory)
		{
			return Some((entry, origin, call));
		}
		let origin = self.draw.origin(&entry.name, &focus);
		match self.draw.call(&entry, &focus, 0) {
			Some(call) => Some((entry, origin, call)),
			None => {
				self.record.undecodable(&entry.name);
				None
			}
		}
	}

	fn step(&mut self, block: u32) {
		let Some((entry, origin, call)) = self.drawn() else {
			self.record.calls += 1;
			return;
		};
		self.record.about_to(block, &format!("{origin:?}"), &call);
		let sampled = self.draw.random.below(SAMPLED) == 0;
		let before = sampled.then(root);
		let declared = call.get_dispatch_info().total_weight();
		let result = call.dispatch(RuntimeOrigin::from(origin));
		let weighed = match &result {
			Ok(info) => info.actual_weight,
			Err(refusal) => refusal.post_info.actual_weight,
		};
		let name = &entry.name;
		if let Some(weighed) = weighed.filter(|_| OURS.contains(&name.0.as_str())) {
			assert!(
				weighed.all_lte(declared),
				"{name:?} weighs {weighed} and not {declared}"
			);
		}
		let result: Result<(), DispatchError> = result.map(|_| ()).map_err(|refusal| refusal.error);
		self.record.ended(name, result);
		if let (Some(before), Err(_)) = (before, result) {
			assert_eq!(root(), before, "{name:?} was refused and changed the state");
		}
	}

	fn run(&mut self, calls: u32) {
		let mut externalities = world::chain();
		let mut parent = externalities.execute_with(|| System::block_hash(0));
		let mut block = 0;
		let mut checked = 0;
		while self.record.calls < calls {
			block += 1;
			parent = externalities.execute_with(|| {
				world::begin_block(block, parent, &mut self.draw.random);
				if block % TENDED_EVERY == 1 {
					world::tend(&mut self.draw.random);
				}
				for _ in 0..self.draw.random.below(CALLS_PER_BLOCK + 1) {
					self.step(block);
				}
				let hash = world::end_block();
				if self.record.calls / CHECKED_EVERY != checked {
					checked = self.record.calls / CHECKED_EVERY;
					check();
				}
				hash
			});
			externalities.commit_all().unwrap();
		}
		println!("{} calls in {block} blocks", self.record.calls);
	}
}

fn root() -> Vec<u8> {
	sp_io::storage::root(StateVersion::V1)
}

/// Checks what holds after every block.
fn check() {
	SubtensorModule::do_try_state().unwrap();
	Swap::do_try_state().unwrap();
	Drand::do_try_state().unwrap();
	MevShield::do_try_state().unwrap();
	Commitments::do_try_state().unwrap();
	let held: u64 = frame_system::Account::<ganglion_runtime::Runtime>::iter_values()
		.map(|account| account.data.free + account.data.reserved)
		.sum();
	assert_eq!(
		held,
		Balances::total_issuance(),
		"the issuance is not what the accounts hold"
	);
}

fn run(calls: u32) {
	let seed = setting("GANGLION_CHAOS_SEED", SEED);
	println!("GANGLION_CHAOS_SEED={seed}");
	let mut chaos = Chaos::new(seed);
	chaos.run(calls);
	chaos.record.print();
	let idle: Vec<_> = chaos
		.record
		.rows
		.iter()
		.filter(|(_, row)| row.accepted == 0)
		.map(|(name, _)| name)
		.collect();
	let covers = seed == SEED && calls >= CALLS;
	assert!(idle.is_empty() || !covers, "never accepted: {idle:?}");
}

#[test]
fn the_invariants_hold_whatever_is_called() {
	run(setting("GANGLION_CHAOS_CALLS", CALLS.into()) as u32);
}

#[test]
#[ignore = "takes minutes"]
fn one_hundred_thousand_calls() {
	run(100_000);
}
