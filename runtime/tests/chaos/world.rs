//! A development chain, those who act on it, and its blocks.

use crate::{common, random::Random};
use codec::Encode;
use frame_support::traits::fungible::Mutate;
use ganglion_primitives::{NetUid, PerU16, RAO_PER_TAO, TaoBalance};
use ganglion_runtime::{
	AccountId, AdminUtils, Balances, Executive, Header, MevShield, Runtime, RuntimeCall, RuntimeOrigin,
	SubtensorModule, System, Timestamp, configs::SLOT_DURATION_MS,
};
use pallet_mev_shield::envelope::ENCAPSULATION_KEY_BYTES;
use sp_consensus_aura::{AURA_ENGINE_ID, Slot};
use sp_keyring::Sr25519Keyring;
use sp_runtime::{
	Digest, DigestItem,
	traits::{Dispatchable, Header as _},
};

/// Coldkeys that act.
pub(crate) const COLDKEYS: u16 = 20;
/// Hotkeys of each of them.
const HOTKEYS_EACH: u16 = 4;
/// What a coldkey has at the start.
const FUNDS: u64 = 50_000 * RAO_PER_TAO;
/// Subnets from which on a new one takes the place of another.
const SUBNETS: u16 = 10;

/// Alice, who is sudo.
pub(crate) fn sudo() -> AccountId {
	Sr25519Keyring::Alice.to_account_id()
}

/// The coldkey of this number; number 0 is sudo.
pub(crate) fn coldkey(number: u64) -> AccountId {
	let number = number as u16 % COLDKEYS;
	if number == 0 { sudo() } else { account(b'c', number) }
}

/// The hotkey of this number.
pub(crate) fn hotkey(number: u64) -> AccountId {
	account(b'h', number as u16 % (COLDKEYS * HOTKEYS_EACH))
}

fn account(kind: u8, number: u16) -> AccountId {
	let mut bytes = [kind; 32];
	bytes[..2].copy_from_slice(&number.to_be_bytes());
	AccountId::new(bytes)
}

/// A development chain before its first block, on which the coldkeys have TAO.
pub(crate) fn chain() -> sp_io::TestExternalities {
	let mut externalities = sp_io::TestExternalities::new(common::storage("development"));
	externalities.execute_with(|| {
		for number in 0..COLDKEYS {
			Balances::mint_into(&coldkey(number.into()), FUNDS).unwrap();
		}
	});
	externalities.commit_all().unwrap();
	externalities
}

/// Begins the block of this number, in the slot of the same number, on a parent.
pub(crate) fn begin_block(number: u32, parent: sp_core::H256, random: &mut Random) {
	let slot = Slot::from(u64::from(number));
	let digest = Digest {
		logs: vec![DigestItem::PreRuntime(AURA_ENGINE_ID, slot.encode())],
	};
	Executive::initialize_block(&Header::new(
		number,
		Default::default(),
		Default::default(),
		parent,
		digest,
	));
	Timestamp::set(RuntimeOrigin::none(), SLOT_DURATION_MS * u64::from(number)).unwrap();
	System::note_finished_initialize();
	if random.chance(50) {
		let mut key = vec![0; ENCAPSULATION_KEY_BYTES];
		key[ENCAPSULATION_KEY_BYTES - 1] = number as u8;
		MevShield::announce_next_key(RuntimeOrigin::none(), key.try_into().unwrap()).unwrap();
	}
}

/// Ends a block and returns its hash.
pub(crate) fn end_block() -> sp_core::H256 {
	System::note_finished_extrinsics();
	Executive::finalize_block().hash()
}

/// Takes back what would stop all life: limits that nobody meets, subnets that nobody can use, empty purses.
pub(crate) fn tend(random: &mut Random) {
	let root = RuntimeOrigin::root;
	let least_cost = TaoBalance::new(100 * RAO_PER_TAO);
	AdminUtils::sudo_set_stake_threshold(root(), 0).unwrap();
	AdminUtils::sudo_set_tx_rate_limit(root(), 0).unwrap();
	AdminUtils::sudo_set_tx_delegate_take_rate_limit(root(), 0).unwrap();
	AdminUtils::sudo_set_network_min_lock_cost(root(), least_cost).unwrap();
	AdminUtils::sudo_set_lock_reduction_interval(root(), 0).unwrap();
	AdminUtils::sudo_set_network_rate_limit(root(), 0).unwrap();
	AdminUtils::sudo_set_network_immunity_period(root(), 200).unwrap();
	AdminUtils::sudo_set_start_call_delay(root(), 0).unwrap();
	AdminUtils::sudo_set_subnet_limit(root(), SUBNETS).unwrap();
	AdminUtils::sudo_set_admin_freeze_window(root(), 0).unwrap();
	AdminUtils::sudo_set_owner_hparam_rate_limit(root(), 0).unwrap();
	AdminUtils::sudo_set_min_delegate_take(root(), PerU16::from_parts(0)).unwrap();
	AdminUtils::sudo_set_default_take(root(), PerU16::from_parts(11_796)).unwrap();
	AdminUtils::sudo_set_nominator_min_required_stake(root(), 0).unwrap();
	SubtensorModule::sudo_set_root_claim_threshold(root(), NetUid::ROOT, 0).unwrap();
	pallet_commitments::MaxSpace::<Runtime>::put(3_100);
	for netuid in SubtensorModule::subnets() {
		if random.chance(50) {
			tend_subnet(netuid, random);
		}
	}
	for number in 0..COLDKEYS {
		let poor = Balances::usable_balance(coldkey(number.into())) < 1_000 * RAO_PER_TAO;
		if poor {
			Balances::mint_into(&coldkey(number.into()), 2_000 * RAO_PER_TAO).unwrap();
		}
	}
}

/// Makes a subnet usable again. What is refused (a smallest cost above the largest, say) stays as it is.
fn tend_subnet(netuid: NetUid, random: &mut Random) {
	use pallet_admin_utils::Call;
	let tempo = 5 + random.below(15) as u16;
	let calls: Vec<Call<Runtime>> = vec![
		Call::sudo_set_tempo { netuid, tempo },
		Call::sudo_set_weights_set_rate_limit {
			netuid,
			weights_set_rate_limit: 0,
		},
		Call::sudo_set_commit_reveal_weights_enabled {
			netuid,
			enabled: random.chance(50),
		},
		Call::sudo_set_commit_reveal_weights_interval { netuid, interval: 1 },
		Call::sudo_set_weights_version_key {
			netuid,
			weights_version_key: 0,
		},
		Call::sudo_set_min_allowed_weights {
			netuid,
			min_allowed_weights: 1,
		},
		Call::sudo_set_max_weights_limit {
			netuid,
			max_weights_limit: u16::MAX,
		},
		Call::sudo_set_serving_rate_limit {
			netuid,
			serving_rate_limit: 0,
		},
		Call::sudo_set_network_registration_allowed {
			netuid,
			registration_allowed: true,
		},
		Call::sudo_set_network_pow_registration_allowed {
			netuid,
			registration_allowed: true,
		},
		Call::sudo_set_min_difficulty {
			netuid,
			min_difficulty: 1,
		},
		Call::sudo_set_max_difficulty {
			netuid,
			max_difficulty: 1_000,
		},
		Call::sudo_set_difficulty { netuid, difficulty: 1 },
		Call::sudo_set_max_registrations_per_block {
			netuid,
			max_registrations_per_block: 16,
		},
		Call::sudo_set_max_allowed_uids {
			netuid,
			max_allowed_uids: 12,
		},
		Call::sudo_set_immunity_period {
			netuid,
			immunity_period: 20,
		},
		Call::sudo_set_min_burn {
			netuid,
			min_burn: TaoBalance::new(500_000),
		},
		Call::sudo_set_max_burn {
			netuid,
			max_burn: TaoBalance::new(10 * RAO_PER_TAO),
		},
		Call::sudo_set_toggle_transfer { netuid, toggle: true },
		Call::sudo_set_subtoken_enabled {
			netuid,
			subtoken_enabled: true,
		},
		Call::sudo_set_subnet_emission_enabled { netuid, enabled: true },
	];
	for call in calls {
		RuntimeCall::AdminUtils(call).dispatch(RuntimeOrigin::root()).ok();
	}
}
