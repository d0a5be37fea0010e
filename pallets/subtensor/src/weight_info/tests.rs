//! Tests of the weights, and that the accesses they charge for are those that happen.

use super::*;
use crate::{counter, mock::*, *};
use frame_support::assert_ok;
use ganglion_primitives::{AlphaBalance, NetUid, TaoBalance};
use yuma::{EpochOutput, Workspace};

const MICROSECOND: u64 = 1_000_000;

#[test]
fn a_full_row_of_256_weighs_less_than_a_millisecond() {
	let weight = <() as WeightInfo>::set_weights(256);
	assert!(weight.ref_time() < 1_000 * MICROSECOND, "{weight:?}");
	assert!(weight.ref_time() > 100 * MICROSECOND, "{weight:?}");
}

#[test]
fn each_component_of_an_epoch_counts() {
	type Info = PalletWeight<Test>;
	let base = Info::epoch(0, 0, 0);
	for (neurons, validators, entries) in [(1, 0, 0), (0, 1, 0), (0, 0, 1)] {
		let more = Info::epoch(neurons, validators, entries);
		assert!(more.ref_time() > base.ref_time() && more.proof_size() > base.proof_size());
	}
	let database = <Test as frame_system::Config>::DbWeight::get();
	let neuron = Info::epoch(1, 0, 0).ref_time() - base.ref_time();
	// Its stake, here and on root; and the first neuron needs a page.
	assert_eq!(
		neuron,
		computation::EPOCH_NEURON_PS + 2 * database.read + database.write
	);
	assert_eq!(Info::epoch(3, 2, 7), <() as WeightInfo>::epoch(3, 2, 7));
	let payment = Info::payout(1).ref_time() - Info::payout(0).ref_time();
	let storage = 2 * database.read + 2 * database.write;
	assert_eq!(payment, computation::PAYOUT_PAYMENT_PS + storage);
	assert!(Info::payout(1).proof_size() > Info::payout(0).proof_size());
}

#[test]
fn numbers_out_of_range_do_not_wrap() {
	let weight = <() as WeightInfo>::epoch(u32::MAX, u32::MAX, u32::MAX);
	assert!(weight.all_gte(<() as WeightInfo>::epoch(u32::MAX, 0, 0)));
	let weight = <() as WeightInfo>::payout(u32::MAX);
	assert!(weight.all_gte(<() as WeightInfo>::payout(4_096)));
	let weight = <() as WeightInfo>::burned_register(u32::MAX);
	assert!(weight.all_gte(<() as WeightInfo>::burned_register(4_096)));
}

/// Accesses that are always charged for and need not happen in a test: options that are off, and rounding.
const SPARE: u64 = 8;

/// Checks that all accesses are charged for, and not many more.
fn assert_charged(counted: counter::Accesses, reads: u64, writes: u64) {
	assert!(
		counted.reads <= reads && counted.reads + SPARE >= reads,
		"{counted:?}, charged for {reads} reads"
	);
	assert!(
		counted.writes <= writes && counted.writes + SPARE >= writes,
		"{counted:?}, charged for {writes} writes"
	);
}

#[test]
fn a_full_row_of_256_reads_fifteen_items_and_writes_two() {
	let mut storage = storage_with(crowded(257, 3));
	storage.execute_with(|| crowded_subnet(257, 2));
	let counted = counter::count(&mut storage, || {
		assert_ok!(set_all_weights(1));
	});
	assert!(counted.reads <= accesses::SET_WEIGHTS_READS, "{counted:?}");
	assert!(counted.writes <= accesses::SET_WEIGHTS_WRITES, "{counted:?}");
	assert!(counted.reads >= 10 && counted.writes == 2, "{counted:?}");
}

#[test]
fn what_set_weights_reads_does_not_grow_with_the_subnet() {
	let counted = [5, 600].map(|neurons| {
		let mut storage = storage_with(crowded(neurons, 3));
		storage.execute_with(|| crowded_subnet(neurons, 2));
		let counted = counter::count(&mut storage, || {
			assert_ok!(set_all_weights(1));
		});
		(counted.reads, counted.writes)
	});
	assert_eq!(counted[0], counted[1]);
}

/// A subnet that has had an epoch with weights, and is paid out.
fn busy_storage(neurons: u16, validators: u16, yuma3_on: bool) -> sp_io::TestExternalities {
	let parameters = Hyperparameters {
		yuma3_on,
		liquid_alpha_on: yuma3_on,
		..crowded(neurons, validators)
	};
	let mut storage = storage_with(parameters);
	storage.execute_with(|| {
		crowded_subnet(neurons, validators);
		give_root(&cold(9), &hot(1), TAO);
		for uid in 1..=validators {
			give_root(&cold(9), &crowd(uid), 100 * TAO);
			assert_ok!(set_all_weights(uid));
		}
		next_epoch(NETUID);
		for uid in 1..=validators {
			assert_ok!(set_all_weights(uid));
		}
		next_blocks(3);
		SubtensorModule::pay_rest(NETUID, |_| true);
	});
	storage
}

fn run_epoch() {
	SubtensorModule::run_epoch(NETUID, &mut Workspace::default(), &mut EpochOutput::default());
}

/// Number of neurons to which the last epoch gave anything.
fn earners() -> u64 {
	let emission = Emission::<Test>::get(NETUID);
	emission.iter().filter(|amount| !amount.is_zero()).count() as u64
}

#[test]
fn an_epoch_is_charged_for_what_it_touches() {
	for (neurons, validators, yuma3_on) in [(16, 3, false), (80, 3, false), (80, 40, true), (300, 3, false)] {
		let mut storage = busy_storage(neurons, validators, yuma3_on);
		let counted = counter::count(&mut storage, || {
			run_epoch();
			assert_eq!(earners(), u64::from(neurons));
		});
		println!("{neurons} neurons, {validators} validators: {counted:?}");
		// The owner validates, too.
		let (n, v) = (u64::from(neurons), u64::from(validators) + 1);
		let paid = n.min(u64::from(PAYMENTS_PER_BLOCK));
		// The alpha of those who are paid was read before.
		let payout = accesses::PAYOUT_READS + paid * (accesses::PAYOUT_PAYMENT_READS - 1);
		let reads =
			accesses::EPOCH_READS + n * accesses::EPOCH_NEURON_READS + v * accesses::EPOCH_VALIDATOR_READS + payout;
		let pages = n.div_ceil(u64::from(PAYMENTS_PER_BLOCK));
		let payout = accesses::PAYOUT_WRITES + paid * accesses::PAYOUT_PAYMENT_WRITES + pages;
		let mut writes = accesses::EPOCH_WRITES + v * accesses::EPOCH_VALIDATOR_WRITES + payout;
		if paid == n {
			// Nothing is put aside: two pages, the payout and the queue stay as they are.
			writes -= 4;
		}
		assert_charged(counted, reads, writes);
	}
}

#[test]
fn a_page_of_payments_is_charged_for_what_it_touches() {
	// A page that is not the last; the last, which is not full; and the last, full.
	for (neurons, pages, payments) in [(200, 0, 64), (200, 2, 8), (128, 0, 64)] {
		let mut storage = busy_storage(neurons, 3, false);
		storage.execute_with(|| {
			run_epoch();
			for _ in 0..pages {
				SubtensorModule::pay_page(NETUID);
			}
		});
		let counted = counter::count(&mut storage, || {
			let weight = SubtensorModule::pay_page(NETUID);
			assert_eq!(weight, PalletWeight::<Test>::payout(payments));
		});
		println!("{payments} of {neurons}: {counted:?}");
		let payments = u64::from(payments);
		let reads = accesses::PAYOUT_READS + payments * accesses::PAYOUT_PAYMENT_READS;
		let writes = accesses::PAYOUT_WRITES + payments * accesses::PAYOUT_PAYMENT_WRITES;
		assert_charged(counted, reads, writes);
	}
}

#[test]
fn the_start_of_a_block_is_charged_for_what_it_touches() {
	for subnets in 0..=3_u64 {
		let mut storage = storage_with(parameters());
		storage.execute_with(|| {
			for _ in 0..subnets {
				let netuid = subnet();
				assert_ok!(try_register(2, netuid, hot(2)));
				// So that there is an excess, and a flow.
				give_alpha(&cold(9), &hot(1), netuid, 2 * LOCK_COST);
				let alpha = AlphaBalance::new(LOCK_COST);
				assert_ok!(SubtensorModule::remove_stake(signed(cold(9)), hot(1), netuid, alpha));
				give_root(&cold(9), &hot(1), TAO);
			}
		});
		let counted = counter::count(&mut storage, || next_blocks(1));
		let reads = accesses::BLOCK_READS + subnets * accesses::BLOCK_SUBNET_READS;
		let writes = accesses::BLOCK_WRITES + subnets * accesses::BLOCK_SUBNET_WRITES;
		assert!(counted.reads <= reads, "{counted:?} of {reads} with {subnets} subnets");
		assert!(
			counted.writes <= writes,
			"{counted:?} of {writes} with {subnets} subnets"
		);
	}
}

#[test]
fn a_registration_on_a_full_subnet_is_charged_for_what_it_touches() {
	let (neurons, validators) = (40, 6);
	let mut storage = storage_with(crowded(neurons, validators));
	storage.execute_with(|| {
		crowded_subnet(neurons, validators);
		for uid in 1..=validators {
			assert_ok!(set_all_weights(uid));
		}
		next_epoch(NETUID);
		next_blocks(u64::from(IMMUNITY));
	});
	let counted = counter::count(&mut storage, || {
		assert_ok!(try_register(7, NETUID, hot(7)));
	});
	// Here every row that exists names the neuron, but only the validators have rows.
	let rows = 2 * u64::from(validators);
	let reads = accesses::REGISTER_READS + rows * accesses::REPLACED_ROW_READS;
	assert!(counted.reads <= reads, "{counted:?} of {reads}");
	let writes = accesses::REGISTER_WRITES + rows;
	assert!(counted.writes <= writes, "{counted:?} of {writes}");
	assert!(
		counted.writes >= rows,
		"{counted:?}: the rows of {validators} validators change"
	);
}

#[test]
fn a_claim_is_charged_for_what_it_touches() {
	let mut storage = storage_with(parameters());
	storage.execute_with(|| {
		working_subnet();
		for (coldkey, hotkey) in [(8, 2), (8, 3), (9, 2)] {
			give_root(&cold(coldkey), &hot(hotkey), 500 * TAO);
		}
		assert_ok!(set_weights(2, &[(3, 1)]));
		assert_ok!(set_weights(3, &[(3, 1)]));
		next_epoch(NETUID);
	});
	let counted = counter::count(&mut storage, || {
		let call = SubtensorModule::claim_root(signed(cold(8)), Default::default());
		let weight = call.map(|info| info.actual_weight);
		assert_eq!(weight, Ok(Some(PalletWeight::<Test>::claim_root(2, 2))));
	});
	println!("claim_root: {counted:?}");
	let reads = accesses::CLAIM_READS + 2 * accesses::CLAIM_HOTKEY_READS + 2 * accesses::CLAIM_ROW_READS;
	let writes = accesses::CLAIM_WRITES + 2 * accesses::CLAIM_HOTKEY_WRITES + 2 * accesses::CLAIM_ROW_WRITES;
	assert!(
		counted.reads <= reads && 2 * counted.reads > reads,
		"{counted:?} of {reads} reads"
	);
	assert!(
		counted.writes <= writes && 2 * counted.writes > writes,
		"{counted:?} of {writes} writes"
	);
	let weight = <() as WeightInfo>::claim_root(u32::MAX, u32::MAX);
	assert!(weight.all_gte(<() as WeightInfo>::claim_root(
		MAX_HOTKEYS_PER_COLDKEY,
		MAX_ROOT_CLAIM_ROWS
	)));
}

#[test]
fn calls_are_charged_for_what_they_touch() {
	type Call = (&'static str, u64, u64, fn() -> bool);
	let calls: [Call; 11] = [
		("add_stake", accesses::STAKE_READS, accesses::STAKE_WRITES, || {
			let amount = TaoBalance::new(TAO);
			SubtensorModule::add_stake(signed(cold(9)), hot(2), NETUID, amount).is_ok()
		}),
		("remove_stake", accesses::STAKE_READS, accesses::STAKE_WRITES, || {
			SubtensorModule::remove_stake(signed(cold(8)), hot(2), NETUID, AlphaBalance::MAX).is_ok()
		}),
		(
			"remove_stake_limit",
			accesses::STAKE_READS,
			accesses::STAKE_WRITES,
			|| {
				let (all, limit) = (AlphaBalance::MAX, TaoBalance::new(1));
				SubtensorModule::remove_stake_limit(signed(cold(8)), hot(2), NETUID, all, limit, true).is_ok()
			},
		),
		("add_stake_burn", accesses::STAKE_READS, accesses::STAKE_WRITES, || {
			let (amount, limit) = (TaoBalance::new(TAO), Some(TaoBalance::new(u64::MAX)));
			SubtensorModule::add_stake_burn(signed(cold(9)), hot(2), NETUID, amount, limit).is_ok()
		}),
		("burn_alpha", accesses::STAKE_READS, accesses::STAKE_WRITES, || {
			SubtensorModule::burn_alpha(signed(cold(8)), hot(2), AlphaBalance::MAX, NETUID).is_ok()
		}),
		(
			"transfer_stake_and_hotkey",
			accesses::MOVE_READS,
			accesses::MOVE_WRITES,
			|| {
				let (origin, to, all) = (signed(cold(8)), cold(9), AlphaBalance::MAX);
				let root = NetUid::ROOT;
				SubtensorModule::transfer_stake_and_hotkey(origin, to, hot(2), hot(3), NETUID, root, all).is_ok()
			},
		),
		("move_stake_limit", accesses::MOVE_READS, accesses::MOVE_WRITES, || {
			let (origin, all, limit) = (signed(cold(8)), AlphaBalance::MAX, TaoBalance::new(TAO / 100 * 95));
			let other = NetUid::new(2);
			SubtensorModule::move_stake_limit(origin, hot(2), hot(3), NETUID, other, all, limit, true).is_ok()
		}),
		(
			"try_associate_hotkey",
			accesses::ASSOCIATE_READS,
			accesses::ASSOCIATE_WRITES,
			|| SubtensorModule::try_associate_hotkey(signed(cold(9)), hot(99)).is_ok(),
		),
		("serve_axon_tls", accesses::SERVE_READS, accesses::SERVE_WRITES, || {
			let (ip, port, key) = (0x7f00_0001, 9_000, vec![1, 2]);
			SubtensorModule::serve_axon_tls(signed(hot(2)), NETUID, 0, ip, port, 4, 4, 0, 0, key).is_ok()
		}),
		(
			"burned_register",
			accesses::REGISTER_READS,
			accesses::REGISTER_WRITES,
			|| try_register(7, NETUID, hot(7)).is_ok(),
		),
		(
			"register_network",
			accesses::NETWORK_READS + 2 * accesses::NETWORK_SUBNET_READS,
			accesses::NETWORK_WRITES,
			|| SubtensorModule::register_network(signed(cold(7)), hot(7)).is_ok(),
		),
	];
	for (name, reads, writes, call) in calls {
		let mut storage = storage_with(parameters());
		storage.execute_with(|| {
			working_subnet();
			subnet();
			stake(8, 2, TAO);
			assert_ok!(SubtensorModule::set_nominator_min_required_stake(1_000));
		});
		let counted = counter::count(&mut storage, || assert!(call(), "{name} is refused"));
		println!("{name}: {counted:?}");
		assert!(counted.reads <= reads, "{name}: {counted:?} of {reads} reads");
		assert!(counted.writes <= writes, "{name}: {counted:?} of {writes} writes");
	}
}

/// A subnet that works, and all that can be said about it.
fn lively_storage() -> sp_io::TestExternalities {
	let mut storage = storage_with(parameters());
	storage.execute_with(|| {
		working_subnet();
		assert_ok!(set_weights(2, &[(3, 3), (4, 1)]));
		stake(8, 2, TAO);
		stake(9, 3, TAO);
		give_root(&cold(8), &hot(2), TAO);
		next_epoch(NETUID);
		next_blocks(3);
	});
	storage
}

#[test]
fn calls_about_subnets_are_charged_for_what_they_touch() {
	type Call = (&'static str, u64, u64, fn() -> bool);
	let calls: [Call; 5] = [
		(
			"dissolve_network",
			accesses::DISSOLVE_READS,
			accesses::DISSOLVE_WRITES,
			|| SubtensorModule::dissolve_network(signed(cold(1)), cold(1), NETUID).is_ok(),
		),
		("start_call", accesses::START_READS, accesses::START_WRITES, || {
			SubtensorModule::start_call(signed(cold(7)), NetUid::new(2)).is_ok()
		}),
		(
			"set_identity",
			accesses::IDENTITY_READS + accesses::IDENTITY_HOTKEY_READS,
			1,
			|| {
				let nothing = Vec::new;
				let name = b"two".to_vec();
				let origin = signed(cold(2));
				SubtensorModule::set_identity(
					origin,
					name,
					nothing(),
					nothing(),
					nothing(),
					nothing(),
					nothing(),
					nothing(),
				)
				.is_ok()
			},
		),
		("set_subnet_identity", accesses::SUBNET_IDENTITY_READS, 1, || {
			let identity = TypedSubnetIdentity {
				subnet_name: b"echo".to_vec(),
				..Default::default()
			};
			SubtensorModule::do_set_subnet_identity(NETUID, identity).is_ok()
		}),
		("update_symbol", accesses::SYMBOL_READS + 3 * 2, 1, || {
			SubtensorModule::update_symbol(signed(cold(1)), NETUID, "ω".as_bytes().to_vec()).is_ok()
		}),
	];
	for (name, reads, writes, call) in calls {
		let mut storage = lively_storage();
		storage.execute_with(|| {
			assert_ok!(SubtensorModule::register_network(signed(cold(7)), hot(7)));
		});
		let counted = counter::count(&mut storage, || assert!(call(), "{name} is refused"));
		println!("{name}: {counted:?}");
		assert!(counted.reads <= reads, "{name}: {counted:?} of {reads} reads");
		assert!(counted.writes <= writes, "{name}: {counted:?} of {writes} writes");
	}
}

#[test]
fn a_clean_up_and_a_registration_that_waited_are_charged_for_what_they_touch() {
	let database = <Test as frame_system::Config>::DbWeight::get();
	for length in [4_000_000_000_000_u64, 200_000_000_000] {
		let mut storage = lively_storage();
		storage.execute_with(|| {
			block_length(length);
			SubnetLimit::<Test>::put(1);
			NetworkImmunityPeriod::<Test>::put(0);
			assert_ok!(SubtensorModule::register_network(signed(cold(7)), hot(7)));
		});
		let mut blocks = 0;
		while !storage.execute_with(|| DissolveCleanupQueue::<Test>::get().is_empty()) {
			let mut charged = Weight::zero();
			let counted = counter::count(&mut storage, || charged = SubtensorModule::renew_subnets());
			println!("{counted:?}, charged {charged:?}");
			let touched = database.reads_writes(counted.reads, counted.writes);
			assert!(
				charged.ref_time() >= touched.ref_time(),
				"{counted:?}, charged {charged:?}"
			);
			storage.execute_with(SubtensorModule::renew_subnets);
			blocks += 1;
		}
		assert!(blocks >= 1);
		storage.execute_with(|| assert_eq!(SubnetOwner::<Test>::get(NETUID), cold(7)));
	}
}

#[test]
fn a_block_without_clean_up_is_charged_for_looking() {
	let mut storage = lively_storage();
	let counted = counter::count(&mut storage, || {
		SubtensorModule::renew_subnets();
	});
	assert!(counted.reads <= accesses::RENEWAL_READS, "{counted:?}");
	assert_eq!(counted.writes, 0);
}

#[test]
fn leaving_a_hotkey_is_charged_for_what_it_touches() {
	let mut storage = storage_with(parameters());
	storage.execute_with(|| {
		for _ in 0..3 {
			let netuid = subnet();
			give_alpha(&cold(8), &hot(1), netuid, 2 * TAO);
		}
		assert_ok!(SubtensorModule::set_nominator_min_required_stake(1_000));
	});
	let legs = 4;
	for (name, leaves) in [
		("unstake_all", SubtensorModule::unstake_all as fn(_, _) -> _),
		("unstake_all_alpha", SubtensorModule::unstake_all_alpha),
	] {
		let counted = counter::count(&mut storage, || {
			assert!(leaves(signed(cold(8)), hot(1)).is_ok(), "{name} is refused");
		});
		println!("{name}: {counted:?}");
		// Stake on root is the fourth.
		let reads = legs * accesses::STAKE_READS + u64::from(MAX_SUBNETS) + 1;
		assert!(counted.reads <= reads, "{name}: {counted:?} of {reads} reads");
		let writes = legs * accesses::STAKE_WRITES;
		assert!(counted.writes <= writes, "{name}: {counted:?} of {writes} writes");
	}
}
