//! Draws any call of the catalog from the type information of `RuntimeCall`: what a field may be follows from its type, what
//! it should be from its name, so that most calls look valid and the rest are hostile.

use crate::{
	random::Random,
	world::{COLDKEYS, coldkey, hotkey, sudo},
};
use codec::{Compact, DecodeAll, Encode};
use ganglion_primitives::{NetUid, RAO_PER_TAO};
use ganglion_runtime::{AccountId, Runtime, RuntimeCall, RuntimeOrigin, SubtensorModule, configs::fees::COLDKEY_PAYS};
use pallet_subtensor::{Keys, StakingHotkeys, SubnetOwner, SubnetworkN};
use scale_info::{PortableRegistry, Registry, TypeDef, TypeDefPrimitive, meta_type};

/// Calls in calls go no deeper.
const MAX_DEPTH: u32 = 2;
/// Fields that are as long as one another.
const ROWS: &[&str] = &[
	"dests",
	"weights",
	"uids",
	"values",
	"netuids",
	"version_keys",
	"commit_hashes",
	"uids_list",
	"values_list",
	"salts_list",
];
/// Pallets whose calls are drawn.
const PALLETS: &[&str] = &[
	"SubtensorModule",
	"AdminUtils",
	"Swap",
	"Commitments",
	"Balances",
	"Proxy",
	"Multisig",
	"Utility",
	"MevShield",
	"Drand",
	"Sudo",
];
/// Calls with which root may break anything, and says so: it sets balances, acts as any account, and hands itself over.
const LEFT_OUT: &[(&str, &str)] = &[
	("Balances", "force_transfer"),
	("Balances", "force_unreserve"),
	("Balances", "force_set_balance"),
	("Balances", "force_adjust_total_issuance"),
	("Utility", "dispatch_as"),
	("Utility", "dispatch_as_fallible"),
	("Sudo", "set_key"),
	("Sudo", "remove_key"),
];

/// A call that can be drawn.
#[derive(Clone)]
pub(crate) struct Entry {
	/// Pallet and call.
	pub(crate) name: (String, String),
	pallet_index: u8,
	call_index: u8,
	fields: Vec<(String, u32)>,
}

/// Who signs.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
	/// Root.
	Root,
	/// This account.
	Signed(AccountId),
}

impl From<Origin> for RuntimeOrigin {
	fn from(origin: Origin) -> Self {
		match origin {
			Origin::Root => Self::root(),
			Origin::Signed(account) => Self::signed(account),
		}
	}
}

/// What a call is about, so that its arguments fit one another.
#[derive(Clone)]
pub(crate) struct Focus {
	/// A subnet.
	pub(crate) netuid: NetUid,
	/// Another, or the same.
	pub(crate) destination: NetUid,
	/// A hotkey, of that subnet mostly.
	pub(crate) hotkey: AccountId,
	/// A coldkey: that hotkey's, or one that stakes on it.
	pub(crate) coldkey: AccountId,
	/// How long its lists are.
	pub(crate) length: usize,
}

/// Draws calls.
pub(crate) struct Draw {
	/// Chance.
	pub(crate) random: Random,
	types: PortableRegistry,
	/// All that can be drawn.
	pub(crate) catalog: Vec<Entry>,
	/// What is drawn, as often as it is likely.
	urn: Vec<usize>,
}

impl Draw {
	/// A drawer of all calls.
	pub(crate) fn new(seed: u64) -> Self {
		let mut registry = Registry::new();
		let root = registry.register_type(&meta_type::<RuntimeCall>()).id;
		let types: PortableRegistry = registry.into();
		let catalog = catalog(&types, root);
		let mut urn = Vec::new();
		for (index, entry) in catalog.iter().enumerate() {
			let share = match entry.name.0.as_str() {
				"SubtensorModule" if entry.name.1.contains("dissolve") => 1,
				"SubtensorModule" if entry.name.1.contains("stake") => 8,
				"SubtensorModule" => 6,
				"Drand" => 1,
				_ => 2,
			};
			urn.extend(std::iter::repeat_n(index, share));
		}
		Self {
			random: Random::new(seed),
			types,
			catalog,
			urn,
		}
	}

	/// One of the calls.
	pub(crate) fn entry(&mut self) -> Entry {
		let index = *self.random.pick(&self.urn);
		self.catalog[index].clone()
	}

	/// What the next call is about.
	pub(crate) fn focus(&mut self, call: &str) -> Focus {
		let subnets = SubtensorModule::subnets();
		let netuid = match self.random.below(100) {
			0..10 => NetUid::ROOT,
			10..94 if !subnets.is_empty() => *self.random.pick(&subnets),
			94..97 => NetUid::new(u16::MAX),
			_ => NetUid::new(self.random.below(130) as u16),
		};
		let destination = if subnets.is_empty() || self.random.chance(40) {
			netuid
		} else if self.random.chance(20) {
			NetUid::ROOT
		} else {
			*self.random.pick(&subnets)
		};
		let size = SubnetworkN::<Runtime>::get(netuid);
		let registered = Keys::<Runtime>::get(netuid, self.random.below(u64::from(size.max(1))) as u16);
		let mut hot = registered
			.filter(|_| !call.contains("register") && self.random.chance(70))
			.unwrap_or_else(|| hotkey(self.random.number()));
		let mut cold = SubtensorModule::coldkey_of(&hot)
			.filter(|_| self.random.chance(85))
			.unwrap_or_else(|| coldkey(self.random.number()));
		let mut netuid = netuid;
		let moves = ["stake", "alpha", "claim"].iter().any(|word| call.contains(word));
		if moves
			&& self.random.chance(75)
			&& let Some((staker, staked, on)) = self.position()
		{
			(cold, hot, netuid) = (staker, staked, on);
		}
		Focus {
			netuid,
			destination,
			hotkey: hot,
			coldkey: cold,
			length: self.random.below(4) as usize + 1,
		}
	}

	/// A coldkey, a hotkey and a subnet with stake.
	fn position(&mut self) -> Option<(AccountId, AccountId, NetUid)> {
		let first = self.random.number() % u64::from(COLDKEYS);
		let mut netuids = SubtensorModule::subnets();
		netuids.push(NetUid::ROOT);
		for number in first..first + u64::from(COLDKEYS) {
			let staker = coldkey(number);
			let mut positions = Vec::new();
			for hotkey in StakingHotkeys::<Runtime>::get(&staker) {
				let staked = |netuid: &&NetUid| !SubtensorModule::stake_of(&hotkey, &staker, **netuid).is_zero();
				positions.extend(netuids.iter().filter(staked).map(|netuid| (hotkey.clone(), *netuid)));
			}
			if !positions.is_empty() {
				let (hotkey, netuid) = self.random.pick(&positions).clone();
				return Some((staker, hotkey, netuid));
			}
		}
		None
	}

	/// Who makes a call of this name.
	pub(crate) fn origin(&mut self, name: &(String, String), focus: &Focus) -> Origin {
		let (pallet, call) = (name.0.as_str(), name.1.as_str());
		let by_hotkey = COLDKEY_PAYS.contains(&(pallet, call));
		let governed = pallet == "AdminUtils" || pallet == "Swap" || call.starts_with("set_") || call.contains("root_");
		let owned = ["subnet", "symbol", "start", "tempo", "epoch", "dissolve"]
			.iter()
			.any(|word| call.contains(word));
		let drawn = self.random.below(100);
		match drawn {
			0..3 => Origin::Root,
			3..7 => Origin::Signed(hotkey(self.random.number())),
			7..12 => Origin::Signed(coldkey(self.random.number())),
			_ if by_hotkey => Origin::Signed(focus.hotkey.clone()),
			_ if pallet == "Sudo" => Origin::Signed(sudo()),
			12..50 if governed && call != "set_identity" => Origin::Root,
			12..90 if governed || owned => Origin::Signed(SubnetOwner::<Runtime>::get(focus.netuid)),
			_ => Origin::Signed(focus.coldkey.clone()),
		}
	}

	/// The call of an entry, if its bytes are one.
	pub(crate) fn call(&mut self, entry: &Entry, focus: &Focus, depth: u32) -> Option<RuntimeCall> {
		let mut bytes = vec![entry.pallet_index, entry.call_index];
		for (name, kind) in &entry.fields {
			self.value(*kind, name, focus, depth, &mut bytes);
		}
		RuntimeCall::decode_all(&mut bytes.as_slice()).ok()
	}

	/// A call within a call.
	pub(crate) fn inner(&mut self, focus: &Focus, depth: u32) -> RuntimeCall {
		if depth < MAX_DEPTH {
			let entry = self.entry();
			if let Some(call) = self.call(&entry, focus, depth + 1) {
				return call;
			}
		}
		let remark = self.random.bytes(3);
		RuntimeCall::System(frame_system::Call::remark { remark })
	}

	fn value(&mut self, kind: u32, name: &str, focus: &Focus, depth: u32, out: &mut Vec<u8>) {
		let ty = self.types.resolve(kind).unwrap().clone();
		match ty.path.segments.last().map(String::as_str) {
			Some("AccountId32") => return self.account(name, focus).encode_to(out),
			Some("MultiAddress") if self.random.chance(97) => {
				out.push(0);
				return self.account(name, focus).encode_to(out);
			}
			Some("NetUid") => return self.netuid(name, focus).encode_to(out),
			Some("RuntimeCall") => return self.inner(focus, depth).encode_to(out),
			Some("TaoBalance" | "AlphaBalance") => return self.amount(name, focus).encode_to(out),
			Some("U64F64") if self.random.chance(60) => {
				return (u128::from(self.random.below(3) + 1) << 64).encode_to(out);
			}
			_ => {}
		}
		match ty.type_def {
			TypeDef::Composite(composite) => {
				for field in &composite.fields {
					self.value(field.ty.id, field.name.as_deref().unwrap_or(name), focus, depth, out);
				}
			}
			TypeDef::Variant(variant) => {
				let variant = self.random.pick(&variant.variants).clone();
				out.push(variant.index);
				for field in &variant.fields {
					self.value(field.ty.id, field.name.as_deref().unwrap_or(name), focus, depth, out);
				}
			}
			TypeDef::Sequence(sequence) => self.sequence(sequence.type_param.id, name, focus, depth, out),
			TypeDef::Array(array) => {
				for _ in 0..array.len {
					self.value(array.type_param.id, name, focus, depth, out);
				}
			}
			TypeDef::Tuple(tuple) => {
				for field in &tuple.fields {
					self.value(field.id, name, focus, depth, out);
				}
			}
			TypeDef::Primitive(primitive) => self.primitive(&primitive, name, out),
			TypeDef::Compact(compact) => {
				let mut inner = Vec::new();
				self.value(compact.type_param.id, name, focus, depth, &mut inner);
				inner.resize(16, 0);
				let number = u128::from_le_bytes(inner.try_into().unwrap());
				Compact(number).encode_to(out);
			}
			TypeDef::BitSequence(_) => {}
		}
	}

	fn account(&mut self, name: &str, focus: &Focus) -> AccountId {
		match self.random.below(100) {
			0..3 => AccountId::new([self.random.below(256) as u8; 32]),
			3..6 if name == "dest" => SubtensorModule::subnet_account(focus.netuid),
			_ if name == "destination_hotkey" && self.random.chance(50) => hotkey(self.random.number()),
			_ if name.contains("hotkey") => focus.hotkey.clone(),
			_ if name == "coldkey" => focus.coldkey.clone(),
			6..20 => hotkey(self.random.number()),
			_ => coldkey(self.random.number()),
		}
	}

	fn netuid(&mut self, name: &str, focus: &Focus) -> NetUid {
		match self.random.below(100) {
			0..2 => NetUid::new(self.random.number() as u16),
			_ if name.starts_with("destination") => focus.destination,
			_ => focus.netuid,
		}
	}

	/// An amount: of the stake that the call is about, of everyday size, or none.
	fn amount(&mut self, name: &str, focus: &Focus) -> u64 {
		let stake = SubtensorModule::stake_of(&focus.hotkey, &focus.coldkey, focus.netuid).get();
		if name.contains("limit") {
			return *self.random.pick(&[0, 1, RAO_PER_TAO, u64::MAX, u64::MAX]);
		}
		match self.random.below(20) {
			0 => 0,
			1 => u64::MAX,
			2 => stake.saturating_add(1),
			3..5 => stake,
			5..8 => stake / 2,
			8..12 => self.random.any_size(u64::MAX),
			_ => RAO_PER_TAO / 2 + self.random.below(100 * RAO_PER_TAO),
		}
	}

	fn sequence(&mut self, item: u32, name: &str, focus: &Focus, depth: u32, out: &mut Vec<u8>) {
		let ty = self.types.resolve(item).unwrap();
		if matches!(ty.type_def, TypeDef::Primitive(TypeDefPrimitive::U8)) {
			return self.text(out);
		}
		let is_account = ty.path.segments.last().is_some_and(|last| last == "AccountId32");
		let length = match self.random.below(100) {
			0 => 300,
			1 => 0,
			2..90 if ROWS.contains(&name) => focus.length,
			_ => self.random.below(5) as usize,
		};
		// Flat lists of uids name different ones.
		let first = self.random.below(4) as u16;
		let mut items: Vec<Vec<u8>> = (0..length)
			.map(|position| {
				let mut bytes = Vec::new();
				if matches!(name, "dests" | "uids") {
					(first + position as u16).encode_to(&mut bytes);
				} else {
					self.value(item, name, focus, depth, &mut bytes);
				}
				bytes
			})
			.collect();
		if is_account && self.random.chance(85) {
			items.sort();
			items.dedup();
		}
		Compact(items.len() as u32).encode_to(out);
		items.into_iter().for_each(|item| out.extend(item));
	}

	/// Bytes: a text mostly.
	fn text(&mut self, out: &mut Vec<u8>) {
		let bytes = match self.random.below(20) {
			0 => Vec::new(),
			1 => self.random.bytes(5_000),
			2 => self.random.bytes(3),
			3..6 => self.random.bytes(32),
			6..12 => b"https://example.com/a".to_vec(),
			_ => b"a name".to_vec(),
		};
		bytes.encode_to(out);
	}

	fn primitive(&mut self, primitive: &TypeDefPrimitive, name: &str, out: &mut Vec<u8>) {
		match primitive {
			TypeDefPrimitive::Bool => self.random.chance(60).encode_to(out),
			TypeDefPrimitive::Str => "a name".encode_to(out),
			TypeDefPrimitive::Char => u32::from('a').encode_to(out),
			TypeDefPrimitive::U8 | TypeDefPrimitive::I8 => (self.number(name, 0xff) as u8).encode_to(out),
			TypeDefPrimitive::U16 | TypeDefPrimitive::I16 => (self.number(name, 0xffff) as u16).encode_to(out),
			TypeDefPrimitive::U32 | TypeDefPrimitive::I32 => {
				(self.number(name, u64::from(u32::MAX)) as u32).encode_to(out);
			}
			TypeDefPrimitive::U64 | TypeDefPrimitive::I64 => self.number(name, u64::MAX).encode_to(out),
			TypeDefPrimitive::U128 | TypeDefPrimitive::I128 => {
				u128::from(self.number(name, u64::MAX)).encode_to(out);
			}
			TypeDefPrimitive::U256 | TypeDefPrimitive::I256 => out.extend(self.random.bytes(32)),
		}
	}

	fn number(&mut self, name: &str, most: u64) -> u64 {
		let usual = match name {
			"version_key" | "version_keys" | "mecid" => 0,
			"mechanism_count" => 1,
			"ip" => 0x0808_0808,
			"ip_type" | "protocol" => 4,
			"delay" | "index" => self.random.below(3),
			"take" | "default_take" => self.random.below(12_000),
			"threshold" => 2,
			"factor_milli" => 1_000 + self.random.below(49_000),
			"immune_neurons" => 1 + self.random.below(10),
			"value" | "amount" => self.random.below(1_000 * RAO_PER_TAO),
			"ref_time" | "proof_size" => 4_000_000_000_000,
			_ => return self.any_number(most),
		};
		if self.random.chance(85) {
			usual.min(most)
		} else {
			self.any_number(most)
		}
	}

	fn any_number(&mut self, most: u64) -> u64 {
		match self.random.below(12) {
			0 => 0,
			1 => 1,
			2 => most,
			3..8 => self.random.below(100).min(most),
			8..11 => self.random.any_size(most),
			_ => self.random.number() & most,
		}
	}
}

/// What can be drawn.
fn catalog(types: &PortableRegistry, root: u32) -> Vec<Entry> {
	let mut entries = Vec::new();
	for pallet in variants(types, root) {
		if !PALLETS.contains(&pallet.name.as_str()) {
			continue;
		}
		for call in variants(types, pallet.fields[0].ty.id) {
			let left_out = LEFT_OUT.contains(&(pallet.name.as_str(), call.name.as_str()));
			// Only a block's author may announce a key; the blocks' beginnings do.
			if left_out || call.name == "announce_next_key" {
				continue;
			}
			let fields = call
				.fields
				.iter()
				.map(|field| (field.name.clone().unwrap_or_default(), field.ty.id))
				.collect();
			entries.push(Entry {
				name: (pallet.name.clone(), call.name.clone()),
				pallet_index: pallet.index,
				call_index: call.index,
				fields,
			});
		}
	}
	entries
}

fn variants(types: &PortableRegistry, kind: u32) -> Vec<scale_info::Variant<scale_info::form::PortableForm>> {
	match &types.resolve(kind).unwrap().type_def {
		TypeDef::Variant(variant) => variant.variants.clone(),
		_ => Vec::new(),
	}
}
