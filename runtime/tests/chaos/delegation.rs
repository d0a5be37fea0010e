//! Calls in another's name: second signatures, proxies, announcements and accounts without keys.

use crate::{
	draw::{Draw, Focus, Origin},
	special::{Announced, Drawn, Memory, Pending, Pure, signed},
	world::coldkey,
};
use codec::Encode;
use ganglion_runtime::{Multisig, Proxy, Runtime, RuntimeCall, System};
use sp_core::H256;
use sp_io::hashing::blake2_256;

impl Draw {
	/// Two signatories: the first call opens an operation, a later one ends it.
	pub(crate) fn multisig(&mut self, name: &str, focus: &Focus, memory: &mut Memory) -> Drawn {
		use pallet_multisig::{Call, Multisigs};
		let open = |pending: &Pending| {
			let mut signatories = vec![pending.first.clone(), pending.second.clone()];
			signatories.sort();
			let account = Multisig::multi_account_id(&signatories, 2);
			Multisigs::<Runtime>::get(account, blake2_256(&pending.call.encode()))
		};
		memory.pending.retain(|pending| open(pending).is_some());
		let max_weight = frame_support::weights::Weight::from_parts(u64::MAX, u64::MAX);
		let begins = memory.pending.is_empty() || (name.contains("as_multi") && self.random.chance(40));
		if name == "as_multi_threshold_1" || (begins && !matches!(name, "as_multi" | "approve_as_multi")) {
			return None;
		}
		if begins {
			let (first, second) = (focus.coldkey.clone(), coldkey(self.random.number()));
			let call = self.inner(focus, 1);
			let (threshold, other_signatories) = (2, vec![second.clone()]);
			let made = match name {
				"as_multi" => Call::<Runtime>::as_multi {
					threshold,
					other_signatories,
					maybe_timepoint: None,
					call: Box::new(call.clone()),
					max_weight,
				},
				_ => Call::approve_as_multi {
					threshold,
					other_signatories,
					maybe_timepoint: None,
					call_hash: blake2_256(&call.encode()),
					max_weight,
				},
			};
			let origin = signed(&first);
			memory.pending.push(Pending { first, second, call });
			return Some((origin, made.into()));
		}
		let pending = self.random.pick(&memory.pending).clone();
		let timepoint = open(&pending)?.when;
		let call_hash = blake2_256(&pending.call.encode());
		let (threshold, other_signatories) = (2, vec![pending.first.clone()]);
		let (signer, call) = match name {
			"as_multi" => (
				&pending.second,
				Call::<Runtime>::as_multi {
					threshold,
					other_signatories,
					maybe_timepoint: Some(timepoint),
					call: Box::new(pending.call.clone()),
					max_weight,
				},
			),
			"approve_as_multi" => (
				&pending.second,
				Call::approve_as_multi {
					threshold,
					other_signatories,
					maybe_timepoint: Some(timepoint),
					call_hash,
					max_weight,
				},
			),
			"cancel_as_multi" => (
				&pending.first,
				Call::cancel_as_multi {
					threshold,
					other_signatories: vec![pending.second.clone()],
					timepoint,
					call_hash,
				},
			),
			_ => (
				&pending.first,
				Call::poke_deposit {
					threshold,
					other_signatories: vec![pending.second.clone()],
					call_hash,
				},
			),
		};
		Some((signed(signer), call.into()))
	}

	pub(crate) fn proxy(&mut self, name: &str, focus: &Focus, memory: &mut Memory) -> Drawn {
		use pallet_proxy::{Call, Proxies};
		if name == "create_pure" {
			return Some(self.create_pure(focus, memory));
		}
		if name == "kill_pure" {
			memory
				.pures
				.retain(|pure| Proxies::<Runtime>::contains_key(&pure.account));
			let pure = memory.pures.first()?.clone();
			let call = Call::<Runtime>::kill_pure {
				spawner: pure.spawner.into(),
				proxy_type: Default::default(),
				index: pure.index,
				height: pure.height,
				ext_index: pure.ext_index,
			};
			return Some((Origin::Signed(pure.account), call.into()));
		}
		let hash = |call: &RuntimeCall| H256(blake2_256(&call.encode()));
		if matches!(name, "proxy_announced" | "remove_announcement" | "reject_announcement") {
			if memory.announced.is_empty() {
				return None;
			}
			let index = self.random.below(memory.announced.len() as u64) as usize;
			let Announced { delegate, real, call } = memory.announced.swap_remove(index);
			let call_hash = hash(&call);
			let (signer, call) = match name {
				"proxy_announced" => (
					delegate.clone(),
					Call::<Runtime>::proxy_announced {
						delegate: delegate.into(),
						real: real.into(),
						force_proxy_type: None,
						call: Box::new(call),
					},
				),
				"remove_announcement" => (
					delegate,
					Call::remove_announcement {
						real: real.into(),
						call_hash,
					},
				),
				_ => (
					real,
					Call::reject_announcement {
						delegate: delegate.into(),
						call_hash,
					},
				),
			};
			return Some((Origin::Signed(signer), call.into()));
		}
		let pairs: Vec<_> = Proxies::<Runtime>::iter()
			.flat_map(|(real, (list, _))| list.into_iter().map(move |definition| (real.clone(), definition)))
			.collect();
		if pairs.is_empty() || !matches!(name, "proxy" | "announce" | "remove_proxy") {
			return None;
		}
		let (real, definition) = self.random.pick(&pairs).clone();
		let delegate = definition.delegate;
		let (signer, call) = match name {
			"proxy" => (
				delegate,
				Call::<Runtime>::proxy {
					real: real.into(),
					force_proxy_type: None,
					call: Box::new(self.inner(focus, 0)),
				},
			),
			"announce" => {
				let call = self.inner(focus, 0);
				let call_hash = hash(&call);
				memory.announced.push(Announced {
					delegate: delegate.clone(),
					real: real.clone(),
					call,
				});
				(
					delegate,
					Call::announce {
						real: real.into(),
						call_hash,
					},
				)
			}
			_ => (
				real,
				Call::remove_proxy {
					delegate: delegate.into(),
					proxy_type: definition.proxy_type,
					delay: definition.delay,
				},
			),
		};
		Some((Origin::Signed(signer), call.into()))
	}

	fn create_pure(&mut self, focus: &Focus, memory: &mut Memory) -> (Origin, RuntimeCall) {
		let spawner = focus.coldkey.clone();
		let index = self.random.below(3) as u16;
		let call = pallet_proxy::Call::<Runtime>::create_pure {
			proxy_type: Default::default(),
			delay: 0,
			index,
		};
		memory.pures.push(Pure {
			account: Proxy::pure_account(&spawner, &Default::default(), index, None),
			spawner: spawner.clone(),
			index,
			height: System::block_number(),
			ext_index: System::extrinsic_index().unwrap_or_default(),
		});
		(Origin::Signed(spawner), call.into())
	}
}
