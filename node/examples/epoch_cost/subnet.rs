//! A chain with one subnet of a given size, just before an epoch.

use std::error::Error;
use std::fmt;

use frame_support::traits::Hooks;
use ganglion_primitives::{AccountId32, NetUid, TaoBalance};
use ganglion_runtime::{Header, Runtime, RuntimeGenesisConfig, RuntimeOrigin, SubtensorModule, System};
use pallet_subtensor::{
	BondsPenalty, Hyperparameters, LiquidAlphaOn, OpenPayouts, SubnetEpochIndex, Yuma3On,
	hyperparameters::{MAX_REGISTRATIONS_PER_BLOCK, MAX_TEMPO, MIN_TEMPO},
};
use sp_io::TestExternalities;
use sp_keyring::Sr25519Keyring;
use sp_runtime::{BuildStorage, DispatchError, traits::Header as _};
use yuma::{LiquidAlpha, OwnedEpochInput, OwnedMechanism, Parameters};

/// The subnet of every chain here.
pub(crate) const NETUID: NetUid = NetUid::new(1);
/// The uid whose hotkey is [`signer`]'s.
const SIGNER_UID: u16 = 1;
const RAO_PER_TAO: u64 = 1_000_000_000;
/// What every coldkey has, in rao.
const BALANCE: u64 = 2_100 * RAO_PER_TAO;
/// Epochs after which bonds hardly move any more.
const SETTLING_EPOCHS: u32 = 4;

/// A coldkey or hotkey that nobody can sign for.
fn account(kind: u8, number: u16) -> AccountId32 {
	// Hashed as real keys are spread, so that the trie gets its usual shape.
	let bytes = [[kind, 0], number.to_le_bytes()].concat();
	AccountId32::new(sp_io::hashing::blake2_256(&bytes))
}

fn coldkey(number: u16) -> AccountId32 {
	account(b'c', number)
}

fn hotkey(uid: u16) -> AccountId32 {
	if uid == SIGNER_UID {
		signer().to_account_id()
	} else {
		account(b'h', uid)
	}
}

/// The validator whose key is known.
pub(crate) fn signer() -> Sr25519Keyring {
	Sr25519Keyring::One
}

/// Measures of a subnet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
	pub(crate) neurons: u16,
	/// How many of the neurons set weights and hold permits.
	pub(crate) validators: u16,
	/// Destinations of each of their weight rows.
	pub(crate) row: u16,
	pub(crate) agreement: Agreement,
}

/// Whom the rows name where they are shorter than the subnet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Agreement {
	/// All validators weigh the same miners. The others are supported by nobody and earn nothing.
	Same,
	/// Each validator weighs others, so that together they name everybody, and κ is 0, so that everybody earns. This is
	/// what an epoch costs at most.
	Everybody,
}

impl Size {
	/// A subnet whose validators weigh the same miners.
	pub(crate) const fn same(neurons: u16, validators: u16, row: u16) -> Self {
		Self {
			neurons,
			validators,
			row,
			agreement: Agreement::Same,
		}
	}

	/// A subnet in which everybody earns.
	pub(crate) const fn everybody(neurons: u16, validators: u16, row: u16) -> Self {
		Self {
			agreement: Agreement::Everybody,
			..Self::same(neurons, validators, row)
		}
	}
}

impl fmt::Display for Size {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		let all = match self.agreement {
			Agreement::Same => "",
			Agreement::Everybody => ", all paid",
		};
		write!(formatter, "{} / {} / {}{all}", self.neurons, self.validators, self.row)
	}
}

/// What an epoch computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
	Yuma2,
	Yuma2HalfPenalty,
	Yuma3,
	LiquidAlpha,
}

impl Algorithm {
	pub(crate) const ALL: [Self; 4] = [Self::Yuma2, Self::Yuma3, Self::LiquidAlpha, Self::Yuma2HalfPenalty];

	pub(crate) const fn name(self) -> &'static str {
		match self {
			Self::Yuma2 => "Yuma 2",
			Self::Yuma2HalfPenalty => "Yuma 2, penalty 1/2",
			Self::Yuma3 => "Yuma 3",
			Self::LiquidAlpha => "Yuma 3 + liquid alpha",
		}
	}
}

/// A chain with one subnet, whose next block is due for an epoch.
pub(crate) struct Subnet {
	pub(crate) externalities: TestExternalities,
	/// The last block's number.
	block: u32,
	pub(crate) size: Size,
}

impl Subnet {
	/// Registers everybody, starts the subnet, stakes, and sets weights.
	pub(crate) fn build(size: Size) -> Result<Self, Box<dyn Error>> {
		let mut subnet = Self {
			externalities: genesis(size).build_storage()?.into(),
			block: 0,
			size,
		};
		subnet.next_blocks(1);
		subnet.register()?;
		subnet.start()?;
		subnet.stake()?;
		subnet.epoch()?;
		subnet.set_weights()?;
		Ok(subnet)
	}

	/// Switches to another algorithm, lets the bonds settle, and stops before the next epoch.
	pub(crate) fn settle(&mut self, algorithm: Algorithm) -> Result<(), Box<dyn Error>> {
		self.externalities.execute_with(|| {
			let yuma3 = matches!(algorithm, Algorithm::Yuma3 | Algorithm::LiquidAlpha);
			let half = algorithm == Algorithm::Yuma2HalfPenalty;
			Yuma3On::<Runtime>::insert(NETUID, yuma3);
			LiquidAlphaOn::<Runtime>::insert(NETUID, algorithm == Algorithm::LiquidAlpha);
			BondsPenalty::<Runtime>::insert(NETUID, if half { u16::MAX / 2 } else { u16::MAX });
		});
		// The epoch that was asked for last has only been measured so far.
		self.next_blocks(1);
		for _ in 0..SETTLING_EPOCHS {
			self.epoch()?;
		}
		self.ask_for_epoch()?;
		self.externalities.execute_with(System::reset_events);
		Ok(self.externalities.commit_all()?)
	}

	/// The header of the next block.
	pub(crate) fn header(&self) -> Header {
		Header::new(
			self.block + 1,
			Default::default(),
			Default::default(),
			Default::default(),
			Default::default(),
		)
	}

	/// What consensus will read, through the runtime's public faces.
	pub(crate) fn epoch_input(&mut self) -> Result<OwnedEpochInput, Box<dyn Error>> {
		let block = u64::from(self.block) + 1;
		let input = self.externalities.execute_with(|| epoch_input(block));
		Ok(input.ok_or("the subnet does not exist")?)
	}

	fn next_blocks(&mut self, count: u16) {
		for _ in 0..count {
			self.block += 1;
			let block = self.block;
			self.externalities.execute_with(|| {
				System::set_block_number(block);
				System::reset_events();
				SubtensorModule::on_initialize(block);
			});
		}
	}

	fn register(&mut self) -> Result<(), Box<dyn Error>> {
		let owner = RuntimeOrigin::signed(coldkey(0));
		self.externalities
			.execute_with(|| SubtensorModule::register_network(owner, hotkey(0)))
			.map_err(refused)?;
		for uid in 1..self.size.neurons {
			if uid % MAX_REGISTRATIONS_PER_BLOCK == 0 {
				self.next_blocks(1);
			}
			let origin = RuntimeOrigin::signed(coldkey(uid));
			self.externalities
				.execute_with(|| SubtensorModule::burned_register(origin, NETUID, hotkey(uid)))
				.map_err(|refusal| refused(refusal.error))?;
		}
		Ok(())
	}

	/// Before that there is no emission, and nobody can stake.
	fn start(&mut self) -> Result<(), Box<dyn Error>> {
		let owner = RuntimeOrigin::signed(coldkey(0));
		self.externalities
			.execute_with(|| SubtensorModule::start_call(owner, NETUID))
			.map_err(refused)
	}

	/// Stakes on all validators, a little less on each than on the one before.
	fn stake(&mut self) -> Result<(), Box<dyn Error>> {
		for uid in 0..self.size.validators {
			let tao = TaoBalance::new((1_000 - u64::from(uid)) * RAO_PER_TAO);
			let origin = RuntimeOrigin::signed(coldkey(uid));
			self.externalities
				.execute_with(|| SubtensorModule::add_stake(origin, hotkey(uid), NETUID, tao))
				.map_err(refused)?;
		}
		Ok(())
	}

	fn set_weights(&mut self) -> Result<(), Box<dyn Error>> {
		self.next_blocks(1);
		for uid in 0..self.size.validators {
			let (uids, weights) = weight_row(uid, self.size).into_iter().unzip();
			let origin = RuntimeOrigin::signed(hotkey(uid));
			self.externalities
				.execute_with(|| SubtensorModule::set_weights(origin, NETUID, uids, weights, 0))
				.map_err(refused)?;
		}
		Ok(())
	}

	fn ask_for_epoch(&mut self) -> Result<(), Box<dyn Error>> {
		// The last payout has to be through: the next epoch would pay what is left of it.
		self.next_blocks(MIN_TEMPO);
		while self
			.externalities
			.execute_with(OpenPayouts::<Runtime>::get)
			.contains(&NETUID)
		{
			self.next_blocks(1);
		}
		self.externalities
			.execute_with(|| SubtensorModule::trigger_epoch(RuntimeOrigin::root(), NETUID))
			.map_err(refused)
	}

	/// Runs an epoch natively.
	fn epoch(&mut self) -> Result<(), Box<dyn Error>> {
		let before = self.epochs();
		self.ask_for_epoch()?;
		self.next_blocks(1);
		match self.epochs() == before + 1 {
			true => Ok(()),
			false => Err(format!(
				"epoch {} did not run in block {}, where it was due",
				before + 1,
				self.block
			)
			.into()),
		}
	}

	fn epochs(&mut self) -> u64 {
		self.externalities
			.execute_with(|| SubnetEpochIndex::<Runtime>::get(NETUID))
	}
}

fn refused(error: DispatchError) -> Box<dyn Error> {
	format!("a call of the pallet was refused: {error:?}").into()
}

fn genesis(size: Size) -> RuntimeGenesisConfig {
	let Hyperparameters { min_burn, kappa, .. } = Hyperparameters::default();
	RuntimeGenesisConfig {
		balances: pallet_balances::GenesisConfig {
			balances: (0..size.neurons).map(|uid| (coldkey(uid), BALANCE)).collect(),
			..Default::default()
		},
		subtensor_module: pallet_subtensor::GenesisConfig {
			start_call_delay: 0,
			subnet_defaults: Hyperparameters {
				tempo: MAX_TEMPO,
				max_allowed_uids: size.neurons,
				max_allowed_validators: size.validators,
				weights_set_rate_limit: 0,
				burn: min_burn,
				kappa: if size.agreement == Agreement::Everybody {
					0
				} else {
					kappa
				},
				max_registrations_per_block: MAX_REGISTRATIONS_PER_BLOCK,
				..Default::default()
			},
			..Default::default()
		},
		..Default::default()
	}
}

/// Ascending destinations, spread over all uids but the validator's own, with weights that validators agree on more or
/// less.
pub(crate) fn weight_row(validator: u16, size: Size) -> Vec<(u16, u16)> {
	let others = usize::from(size.neurons) - 1;
	let length = usize::from(size.row).min(others);
	let turn = match size.agreement {
		Agreement::Same => 0,
		Agreement::Everybody => usize::from(validator),
	};
	let mut places: Vec<usize> = (0..length)
		.map(|index| (index * others / length + turn) % others)
		.collect();
	places.sort_unstable();
	let entry = |place: usize| {
		let place = place as u16;
		let destination = place + u16::from(place >= validator);
		let quality = noise(0, destination) / 2;
		let opinion = noise(u32::from(validator) + 1, destination) / 2;
		(destination, quality + opinion + 1)
	};
	places.into_iter().map(entry).collect()
}

fn noise(salt: u32, destination: u16) -> u16 {
	let mut mixed = (u64::from(salt) << 16 | u64::from(destination)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
	mixed ^= mixed >> 31;
	(mixed.wrapping_mul(0x94d0_49bb_1331_11eb) >> 48) as u16
}

fn epoch_input(block: u64) -> Option<OwnedEpochInput> {
	let metagraph = SubtensorModule::get_metagraph(NETUID)?;
	let neurons = SubtensorModule::get_neurons(NETUID);
	let parameters = Hyperparameters::load::<Runtime>(NETUID);
	let rows = |row: &[(codec::Compact<u16>, codec::Compact<u16>)]| -> Vec<(u16, u16)> {
		row.iter().map(|(uid, value)| (uid.0, value.0)).collect()
	};
	Some(OwnedEpochInput {
		n: u16::try_from(neurons.len()).ok()?,
		block,
		last_mechanism_step_block: metagraph.last_step.0,
		owner_uid: Some(0),
		emission: RAO_PER_TAO * u64::from(MIN_TEMPO),
		block_at_registration: metagraph.block_at_registration.iter().map(|block| block.0).collect(),
		stake: metagraph.alpha_stake.iter().map(|stake| stake.0.get()).collect(),
		validator_permits: metagraph.validator_permit,
		mechanisms: vec![OwnedMechanism {
			last_update: metagraph.last_update.iter().map(|block| block.0).collect(),
			weights: neurons.iter().map(|neuron| rows(&neuron.weights)).collect(),
			bonds: neurons.iter().map(|neuron| rows(&neuron.bonds)).collect(),
			..OwnedMechanism::default()
		}],
		parameters: Parameters {
			kappa: parameters.kappa,
			bonds_penalty: parameters.bonds_penalty,
			bonds_moving_average: parameters.bonds_moving_average,
			yuma3: parameters.yuma3_on,
			liquid_alpha: parameters.liquid_alpha_on.then_some(LiquidAlpha {
				alpha_low: parameters.alpha_low,
				alpha_high: parameters.alpha_high,
				sigmoid_steepness: parameters.alpha_sigmoid_steepness,
			}),
			max_allowed_validators: parameters.max_allowed_validators,
			activity_cutoff: parameters.activity_cutoff(),
			stake_threshold: 0,
			tempo: u64::from(parameters.tempo),
		},
	})
}
