//! Tests of payouts that take more than one block.

use crate::{emission::EmissionTotals, mock::*, *};
use frame_support::{assert_ok, pallet_prelude::Weight};
use ganglion_primitives::{AccountId32, AlphaBalance, NetUid, TaoBalance};

type Info = PalletWeight<Test>;

/// Neurons of a block.
const BATCH: u16 = PAYMENTS_PER_BLOCK as u16;

fn hotkeys(netuid: NetUid) -> Vec<AccountId32> {
	Hotkeys::<Test>::get(netuid).into_inner()
}

/// Stake by uid.
fn stakes(netuid: NetUid) -> Vec<u64> {
	let hotkeys = hotkeys(netuid);
	let stakes = hotkeys
		.iter()
		.map(|key| TotalHotkeyAlpha::<Test>::get(key, netuid).get());
	stakes.collect()
}

/// What the last epoch gave, by uid.
fn emission(netuid: NetUid) -> Vec<u64> {
	Emission::<Test>::get(netuid)
		.iter()
		.map(|amount| amount.get())
		.collect()
}

fn plus(left: &[u64], right: &[u64]) -> Vec<u64> {
	assert_eq!(left.len(), right.len());
	left.iter().zip(right).map(|(left, right)| left + right).collect()
}

/// A subnet all of whose neurons the next epoch pays.
fn busy_subnet(neurons: u16) {
	crowded_subnet(neurons, 3);
	for uid in 1..=3 {
		assert_ok!(set_all_weights(uid));
	}
}

/// Begins blocks up to the one before the next epoch. The epoch before it is paid out by then.
fn wait_for_epoch() {
	let next = SubtensorModule::next_epoch_block(NETUID).unwrap();
	next_blocks(next - SubtensorModule::block_number() - 1);
	assert!(OpenPayouts::<Test>::get().is_empty());
}

/// Begins a block and checks the invariants, that no rao is lost among them.
fn next_block() {
	next_blocks(1);
	assert_ok!(SubtensorModule::do_try_state());
	let totals = SubnetEmissionTotals::<Test>::get(NETUID);
	let paid = totals.paid_miners.get() + totals.paid_validators.get() + totals.paid_owner.get();
	assert_eq!(totals.emitted.get(), paid + pending(NETUID));
}

/// Epochs of which this block told that they are paid out, with the amount that was for miners and validators.
fn completed() -> Vec<(u64, u64)> {
	let amounts = events().into_iter().filter_map(|event| match event {
		Event::EpochCompleted {
			epoch,
			emission,
			miners,
			takes,
			nominators,
			carried,
			..
		} => {
			let accounted: AlphaBalance = [miners, takes, nominators, carried].into_iter().sum();
			assert_eq!(accounted, emission);
			Some((epoch, emission.get() - carried.get()))
		}
		_ => None,
	});
	amounts.collect()
}

/// Blocks so long that epochs and payouts may use this much of one.
fn set_budget(budget: Weight) {
	let percent = u64::from(EPOCH_SHARE * 100_u32);
	block_length((budget.ref_time() * 100).div_ceil(percent));
	assert_eq!(SubtensorModule::epoch_budget().ref_time(), budget.ref_time());
}

#[test]
fn as_many_neurons_as_a_block_pays_are_paid_at_once() {
	run_with(crowded(BATCH, 3), || {
		busy_subnet(BATCH);
		wait_for_epoch();
		let (before, cut) = (stakes(NETUID), PendingOwnerCut::<Test>::get(NETUID).get());
		next_block();
		let given = emission(NETUID);
		let (expected, after) = (plus(&before, &given), stakes(NETUID));
		assert!(given.iter().all(|amount| *amount > 0));
		assert_eq!(after[1..], expected[1..]);
		// The owner's neuron gets the owner's cut, too: that of all blocks, this one included.
		assert!(after[0] - expected[0] > cut);
		assert_eq!(completed(), vec![(2, given.iter().sum())]);
		assert!(PendingServerEmission::<Test>::get(NETUID).get() < 100);
		assert!(!PendingValidatorEmission::<Test>::contains_key(NETUID));
		assert_eq!(UnpaidEmission::<Test>::iter().count(), 0);
		assert_eq!(UnpaidPayments::<Test>::iter().count(), 0);
		assert!(OpenPayouts::<Test>::get().is_empty());
	});
}

#[test]
fn more_neurons_are_paid_in_the_next_blocks_by_uid() {
	let neurons = 2 * BATCH + 22;
	run_with(crowded(neurons, 3), || {
		busy_subnet(neurons);
		wait_for_epoch();
		let before = stakes(NETUID);
		next_block();
		let given = emission(NETUID);
		assert!(given.iter().all(|amount| *amount > 0));
		let owner = SubnetEmissionTotals::<Test>::get(NETUID).paid_owner.get();
		assert!(owner > 0);
		let after = plus(&before, &given);
		let paid = |stakes: &[u64]| (1..stakes.len()).filter(|uid| stakes[*uid] == after[*uid]).count() + 1;
		for (count, told) in [(BATCH, false), (2 * BATCH, false), (neurons, true)] {
			let (count, stakes) = (usize::from(count), stakes(NETUID));
			assert_eq!(paid(&stakes), count);
			assert_eq!(stakes[1..count], after[1..count]);
			assert_eq!(stakes[count..], before[count..], "paid too early");
			assert_eq!(SubnetEmissionTotals::<Test>::get(NETUID).paid_owner.get(), owner);
			let all = if told { vec![(2, given.iter().sum())] } else { vec![] };
			assert_eq!(completed(), all);
			assert_eq!(OpenPayouts::<Test>::get().is_empty(), told);
			if !told {
				System::set_block_number(System::block_number() + 1);
				System::reset_events();
				let payments = u32::from(neurons) - count as u32;
				let page = Info::payout(payments.min(PAYMENTS_PER_BLOCK));
				assert_eq!(
					SubtensorModule::begin_block(),
					Info::begin_block(1)
						.saturating_add(Info::look_for_rounds(0))
						.saturating_add(page)
				);
				assert_ok!(SubtensorModule::do_try_state());
			}
		}
		assert_eq!(UnpaidEmission::<Test>::iter().count(), 0);
		assert_eq!(UnpaidPayments::<Test>::iter().count(), 0);
	});
}

/// The pools of a subnet three blocks after an epoch that has three blocks' payments to make, and what is paid.
fn after_three_blocks(at_once: bool) -> (Vec<(AlphaBalance, PoolShares)>, EmissionTotals, AlphaBalance) {
	let neurons = 2 * BATCH + 22;
	let mut storage = storage_with(crowded(neurons, 3));
	storage.execute_with(|| {
		busy_subnet(neurons);
		wait_for_epoch();
		next_block();
		if at_once {
			SubtensorModule::pay_rest(NETUID, |_| true);
		}
		assert_eq!(OpenPayouts::<Test>::get().is_empty(), at_once);
		next_block();
		next_block();
		assert!(OpenPayouts::<Test>::get().is_empty());
		let pools = hotkeys(NETUID).into_iter().map(|hotkey| {
			let alpha = TotalHotkeyAlpha::<Test>::get(&hotkey, NETUID);
			(alpha, HotkeyShares::<Test>::get(&hotkey, NETUID))
		});
		let totals = SubnetEmissionTotals::<Test>::get(NETUID);
		(pools.collect(), totals, TotalAlphaStaked::<Test>::get(NETUID))
	})
}

#[test]
fn a_payout_over_several_blocks_ends_where_one_at_once_does() {
	assert_eq!(after_three_blocks(false), after_three_blocks(true));
}

#[test]
fn the_largest_subnet_is_paid_out_block_by_block() {
	let neurons = u16::try_from(MAX_UIDS_PER_SUBNET).unwrap();
	run_with(crowded(neurons, 3), || {
		busy_subnet(neurons);
		Tempo::<Test>::insert(NETUID, 100);
		wait_for_epoch();
		let mut before = stakes(NETUID);
		next_blocks(1);
		let all = plus(&before, &emission(NETUID));
		let blocks = neurons.div_ceil(BATCH);
		for block in 0..blocks {
			let now = stakes(NETUID);
			let paid = now.iter().zip(&before).filter(|(now, before)| now != before).count();
			assert_eq!(paid, usize::from(BATCH), "in block {block}");
			before = now;
			assert_eq!(completed().len(), usize::from(block + 1 == blocks));
			next_blocks(1);
		}
		assert_eq!(before[1..], all[1..]);
	});
}

#[test]
fn who_loses_its_uid_before_it_is_paid_is_paid_all_the_same() {
	let neurons = 2 * BATCH;
	run_with(crowded(neurons, 3), || {
		busy_subnet(neurons);
		next_epoch(NETUID);
		let uid = neurons - 5;
		let (given, old) = (emission(NETUID)[usize::from(uid)], crowd(uid));
		assert!(given > 0);
		assert_eq!(TotalHotkeyAlpha::<Test>::get(&old, NETUID).get(), 0);
		Emission::<Test>::mutate(NETUID, |column| column[usize::from(uid)] = AlphaBalance::ZERO);
		assert_eq!(register(7), uid);
		assert_ok!(SubtensorModule::do_try_state());
		next_block();
		assert_eq!(TotalHotkeyAlpha::<Test>::get(&old, NETUID).get(), given);
		assert_eq!(TotalHotkeyAlpha::<Test>::get(hot(7), NETUID).get(), 0);
		assert_eq!(completed().len(), 1);
		// It is the owner's stake.
		let owner = Owner::<Test>::get(&old);
		assert_eq!(SubtensorModule::stake_of(&old, &owner, NETUID).get(), given);
	});
}

/// Who comes for the dividends of the epoch that just ran comes too late.
#[test]
fn validators_are_paid_in_the_block_of_the_epoch_whatever_their_uid() {
	let neurons = 2 * BATCH;
	run_with(crowded(neurons, 3), || {
		busy_subnet(neurons);
		let late = neurons - 1;
		let coldkey = Owner::<Test>::get(crowd(late));
		give_alpha(&coldkey, &crowd(late), NETUID, 1_200 * TAO);
		next_epoch(NETUID);
		assert_ok!(set_all_weights(late));
		let before = TotalHotkeyAlpha::<Test>::get(crowd(late), NETUID).get();
		next_epoch(NETUID);
		assert!(Dividends::<Test>::get(NETUID)[usize::from(late)] > 0);
		let pages: Vec<Payment> = UnpaidPayments::<Test>::iter_prefix_values(NETUID).flatten().collect();
		assert!(pages.len() > usize::from(neurons) / 3, "miners are left");
		assert!(
			pages
				.iter()
				.all(|payment| payment.of_validator().is_zero() && payment.hotkey != crowd(late))
		);
		let given = emission(NETUID)[usize::from(late)];
		let settled = TotalHotkeyAlpha::<Test>::get(crowd(late), NETUID).get();
		assert!(settled >= before + given);
	});
}

#[test]
fn the_next_epoch_pays_first_what_the_last_one_has_left() {
	let neurons = 8 * BATCH;
	run_with(crowded(neurons, 3), || {
		busy_subnet(neurons);
		wait_for_epoch();
		Tempo::<Test>::insert(NETUID, 5);
		let before = stakes(NETUID);
		next_block();
		let first = plus(&before, &emission(NETUID));
		(0..4).for_each(|_| next_block());
		assert_eq!(UnpaidEmission::<Test>::get(NETUID).unwrap().rest(), 3);
		let last = usize::from(neurons) - 1;
		assert_eq!(stakes(NETUID)[last], before[last]);
		let netuids = [NETUID];
		System::set_block_number(System::block_number() + 1);
		System::reset_events();
		let weighed = SubtensorModule::run_due_epochs(&netuids);
		assert!(weighed.all_gte(Info::payout(PAYMENTS_PER_BLOCK).saturating_mul(4)));
		assert_ok!(SubtensorModule::do_try_state());
		let told: Vec<u64> = completed().into_iter().map(|(epoch, _)| epoch).collect();
		assert_eq!(told, vec![2]);
		assert_eq!(SubnetEpochIndex::<Test>::get(NETUID), 3);
		let second = plus(&first, &emission(NETUID));
		let batch = usize::from(BATCH);
		assert_eq!(stakes(NETUID)[1..batch], second[1..batch]);
		assert_eq!(stakes(NETUID)[batch..], first[batch..]);
		// The payout that began in this block has had its share of it.
		assert_eq!(SubtensorModule::continue_payouts(weighed), Weight::zero());
		assert_eq!(SubtensorModule::continue_payouts(Weight::zero()), Weight::zero());
		let payout = UnpaidEmission::<Test>::get(NETUID).unwrap();
		assert_eq!((payout.epoch, payout.next_page, payout.pages), (3, 0, 7));
	});
}

#[test]
fn an_epoch_waits_for_the_last_payout_where_both_do_not_fit() {
	let neurons = 5 * BATCH;
	run_with(crowded(neurons, 3), || {
		busy_subnet(neurons);
		wait_for_epoch();
		next_block();
		// Only one page a block, and nothing is paid before the next epoch is due.
		set_budget(Info::payout(PAYMENTS_PER_BLOCK));
		LastEpochBlock::<Test>::mutate(NETUID, |block| *block -= u64::from(TEMPO) - 1);
		let due = SubtensorModule::block_number() + 1;
		let epoch = SubnetEpochIndex::<Test>::get(NETUID);
		for rest in (0..4).rev() {
			next_block();
			assert_eq!(
				UnpaidEmission::<Test>::get(NETUID).map_or(0, |payout| payout.rest()),
				rest
			);
			assert_eq!(SubnetEpochIndex::<Test>::get(NETUID), epoch);
			let deferred = Event::EpochDeferred { netuid: NETUID, due };
			assert_eq!(events().contains(&deferred), SubtensorModule::block_number() == due);
		}
		assert_eq!(completed().len(), 1);
		next_block();
		assert_eq!(SubnetEpochIndex::<Test>::get(NETUID), epoch + 1);
	});
}

/// Puts the crowd of subnet 1 on another subnet, with one validator.
fn join(netuid: NetUid, neurons: u16) {
	for uid in 1..neurons {
		assert_ok!(SubtensorModule::append_neuron(netuid, &crowd(uid)));
	}
	let amount = TaoBalance::new(1_000 * TAO);
	assert_ok!(SubtensorModule::add_stake(signed(cold(2)), crowd(1), netuid, amount));
	next_epoch(netuid);
	let others: Vec<u16> = (2..neurons).collect();
	let weights = vec![1; others.len()];
	assert_ok!(SubtensorModule::set_weights(
		signed(crowd(1)),
		netuid,
		others,
		weights,
		0
	));
}

#[test]
fn the_oldest_payout_comes_first_where_the_block_is_short() {
	let neurons = 4 * BATCH;
	run_with(crowded(neurons, 3), || {
		let second = NetUid::new(2);
		busy_subnet(neurons);
		subnet();
		join(second, neurons);
		next_blocks(5);
		// The second subnet's epoch runs first, the first's in the block after.
		let netuids = [NETUID, second];
		Tempo::<Test>::insert(NETUID, 25);
		Tempo::<Test>::insert(second, 25);
		let block = SubtensorModule::block_number();
		LastEpochBlock::<Test>::insert(second, block - 24);
		LastEpochBlock::<Test>::insert(NETUID, block - 23);
		next_blocks(1);
		assert_eq!(OpenPayouts::<Test>::get().into_inner(), vec![second]);
		set_budget(Info::payout(PAYMENTS_PER_BLOCK));
		next_blocks(1);
		assert_eq!(OpenPayouts::<Test>::get().into_inner(), vec![second, NETUID]);
		let rests = || netuids.map(|netuid| UnpaidEmission::<Test>::get(netuid).map_or(0, |payout| payout.rest()));
		// The epoch took all of the block.
		assert_eq!(rests(), [3, 3]);
		next_block();
		assert_eq!(rests(), [3, 2]);
		set_budget(Info::payout(PAYMENTS_PER_BLOCK).saturating_mul(2));
		next_block();
		assert_eq!(rests(), [2, 1]);
		set_budget(Weight::zero());
		next_block();
		assert_eq!(rests(), [2, 0]);
		next_block();
		next_block();
		assert_eq!(rests(), [0, 0]);
		assert!(OpenPayouts::<Test>::get().is_empty());
	});
}

#[test]
fn what_cannot_be_credited_stays_pending() {
	let neurons = 2 * BATCH;
	run_with(crowded(neurons, 3), || {
		busy_subnet(neurons);
		next_epoch(NETUID);
		let (before, waiting) = (stakes(NETUID), pending(NETUID));
		let staked = TotalAlphaStaked::<Test>::get(NETUID);
		TotalAlphaStaked::<Test>::insert(NETUID, AlphaBalance::MAX);
		SubtensorModule::pay_page(NETUID);
		TotalAlphaStaked::<Test>::insert(NETUID, staked);
		assert_eq!(stakes(NETUID), before);
		assert_eq!(pending(NETUID), waiting);
		assert!(OpenPayouts::<Test>::get().is_empty());
		let first: u64 = emission(NETUID)[..usize::from(BATCH)].iter().sum();
		assert_eq!(completed(), vec![(2, first)]);
		// The next epoch has it.
		wait_for_epoch();
		next_block();
		let given: u64 = emission(NETUID).iter().sum();
		assert!(given > waiting + u64::from(TEMPO - 1) * TAO / 2, "{given} of {waiting}");
	});
}
