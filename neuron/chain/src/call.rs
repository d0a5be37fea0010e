//! Calls by name: what a transaction asks the runtime to do.

use std::fmt;

use subxt::dynamic::Value;
use subxt::ext::scale_value::Composite;
use subxt::transactions::DynamicPayload;

use crate::AccountId;

/// A call of a pallet with named arguments. Names, not positions, are matched against the chain's metadata,
/// so a call survives a runtime that reorders them and fails clearly where one is missing.
///
/// ```
/// use neuron_chain::Call;
///
/// let call = Call::new("AdminUtils", "sudo_set_tempo").with("netuid", 1u16).with("tempo", 360u16);
/// assert_eq!(call.to_string(), "AdminUtils.sudo_set_tempo");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
	pallet: String,
	name: String,
	arguments: Vec<(String, Argument)>,
}

/// A value that a call or a storage key can hold. Newtypes around a value take the value itself.
#[derive(Clone, Debug, PartialEq)]
pub enum Argument {
	/// True or false.
	Bool(bool),
	/// Any unsigned number.
	Unsigned(u128),
	/// Any signed number.
	Signed(i128),
	/// Bytes, as a vector or an array.
	Bytes(Vec<u8>),
	/// An account where the chain wants the account itself.
	Account(AccountId),
	/// An account where the chain wants an address (`MultiAddress`).
	Address(AccountId),
	/// A vector or a tuple.
	List(Vec<Argument>),
	/// A field-less or one-valued variant of an enum.
	Variant(String, Option<Box<Argument>>),
	/// Another call, as `Sudo` and `Utility` take them.
	Call(Box<Call>),
}

impl Call {
	/// The call `pallet.name`, without arguments so far.
	#[must_use]
	pub fn new(pallet: impl Into<String>, name: impl Into<String>) -> Self {
		Self {
			pallet: pallet.into(),
			name: name.into(),
			arguments: Vec::new(),
		}
	}

	/// The same call with one more argument.
	#[must_use]
	pub fn with(mut self, name: impl Into<String>, value: impl Into<Argument>) -> Self {
		self.arguments.push((name.into(), value.into()));
		self
	}

	/// This call made with the sudo key's power.
	#[must_use]
	pub fn sudo(self) -> Self {
		Self::new("Sudo", "sudo").with("call", self)
	}

	/// The argument of that name.
	#[cfg(test)]
	pub(crate) fn argument(&self, name: &str) -> Option<&Argument> {
		let found = self.arguments.iter().find(|argument| argument.0 == name);
		found.map(|argument| &argument.1)
	}

	pub(crate) fn payload(&self) -> DynamicPayload<Composite<()>> {
		let arguments = self.arguments.iter().map(|(name, value)| (name.clone(), value.value()));
		let arguments = Composite::Named(arguments.collect());
		DynamicPayload::new(self.pallet.clone(), self.name.clone(), arguments)
	}
}

impl fmt::Display for Call {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(formatter, "{}.{}", self.pallet, self.name)?;
		// What a wrapped call does is of more interest than that it is wrapped.
		for (_, argument) in &self.arguments {
			if let Argument::Call(inner) = argument {
				write!(formatter, "({inner})")?;
			}
		}
		Ok(())
	}
}

impl Argument {
	pub(crate) fn value(&self) -> Value {
		match self {
			Self::Bool(value) => Value::bool(*value),
			Self::Unsigned(value) => Value::u128(*value),
			Self::Signed(value) => Value::i128(*value),
			Self::Bytes(bytes) => Value::from_bytes(bytes),
			Self::Account(account) => Value::from_bytes(account.as_bytes()),
			Self::Address(account) => Value::unnamed_variant("Id", [Value::from_bytes(account.as_bytes())]),
			Self::List(values) => Value::unnamed_composite(values.iter().map(Self::value)),
			Self::Variant(name, value) => Value::unnamed_variant(name.clone(), value.iter().map(|value| value.value())),
			Self::Call(call) => call.payload().into_value(),
		}
	}
}

macro_rules! unsigned {
	($($number:ty),*) => { $(
		impl From<$number> for Argument {
			fn from(value: $number) -> Self {
				Self::Unsigned(value.into())
			}
		}
	)* };
}
unsigned!(u8, u16, u32, u64, u128);

impl From<bool> for Argument {
	fn from(value: bool) -> Self {
		Self::Bool(value)
	}
}

impl From<i16> for Argument {
	fn from(value: i16) -> Self {
		Self::Signed(value.into())
	}
}

impl From<&[u8]> for Argument {
	fn from(bytes: &[u8]) -> Self {
		Self::Bytes(bytes.to_vec())
	}
}

impl From<AccountId> for Argument {
	fn from(account: AccountId) -> Self {
		Self::Account(account)
	}
}

impl From<Vec<u16>> for Argument {
	fn from(values: Vec<u16>) -> Self {
		Self::List(values.into_iter().map(Self::from).collect())
	}
}

impl From<Call> for Argument {
	fn from(call: Call) -> Self {
		Self::Call(Box::new(call))
	}
}

#[cfg(test)]
mod tests {
	use codec::{Compact, Encode};
	use scale_info::{MetaType, PortableRegistry, Registry, TypeInfo};
	use subxt::ext::scale_encode::{EncodeAsFields, EncodeAsType};

	use super::*;

	/// Types as a runtime has them: newtypes, compact numbers, bounded vectors, addresses.
	#[derive(Encode, TypeInfo)]
	struct NetUid(u16);
	#[derive(Encode, TypeInfo)]
	struct Balance(u64);
	impl codec::CompactAs for Balance {
		type As = u64;
		fn encode_as(&self) -> &u64 {
			&self.0
		}
		fn decode_from(value: u64) -> Result<Self, codec::Error> {
			Ok(Self(value))
		}
	}
	impl From<Compact<Balance>> for Balance {
		fn from(value: Compact<Balance>) -> Self {
			value.0
		}
	}
	#[derive(Encode, TypeInfo)]
	struct AccountId32([u8; 32]);
	#[derive(Encode, TypeInfo)]
	struct BoundedVec(Vec<u8>);
	#[derive(Encode, TypeInfo)]
	enum MultiAddress {
		Id(AccountId32),
		Index(()),
	}
	#[derive(Encode, TypeInfo)]
	struct Arguments {
		dest: MultiAddress,
		#[codec(compact)]
		value: Balance,
		netuid: NetUid,
		hotkey: AccountId32,
		dests: Vec<u16>,
		certificate: BoundedVec,
		flag: bool,
		steepness: i16,
	}
	/// A runtime's calls, as `Sudo` wraps them.
	#[derive(Encode, TypeInfo)]
	enum RuntimeCall {
		#[codec(index = 7)]
		AdminUtils(AdminCall),
	}
	#[derive(Encode, TypeInfo)]
	#[expect(non_camel_case_types, reason = "calls are named so")]
	enum AdminCall {
		#[codec(index = 3)]
		sudo_set_tempo { netuid: NetUid, tempo: u16 },
	}

	fn registry<T: TypeInfo + 'static>() -> (PortableRegistry, u32) {
		let mut registry = Registry::new();
		let id = registry.register_type(&MetaType::new::<T>()).id;
		(registry.into(), id)
	}

	#[test]
	fn arguments_encode_by_name_into_newtypes() {
		let account = AccountId::new([7; 32]);
		let call = Call::new("Pallet", "call")
			.with("certificate", &[1u8, 2, 3][..])
			.with("dests", vec![1u16, 500])
			.with("hotkey", account)
			.with("netuid", 2u16)
			.with("value", 1_000_000_000_000u64)
			.with("flag", true)
			.with("steepness", -5i16)
			.with("dest", Argument::Address(account));
		let expected = Arguments {
			dest: MultiAddress::Id(AccountId32([7; 32])),
			value: Balance(1_000_000_000_000),
			netuid: NetUid(2),
			hotkey: AccountId32([7; 32]),
			dests: vec![1, 500],
			certificate: BoundedVec(vec![1, 2, 3]),
			flag: true,
			steepness: -5,
		};
		let (types, id) = registry::<Arguments>();
		let value = Value::from(call.payload().call_data().clone());
		assert_eq!(value.encode_as_type(id, &types).unwrap(), expected.encode());
		// The unused variant is part of the type.
		assert_eq!(MultiAddress::Index(()).encode(), [1]);
	}

	#[test]
	fn wrapped_calls_encode_as_the_runtime_s_own() {
		let inner = Call::new("AdminUtils", "sudo_set_tempo")
			.with("tempo", 20u16)
			.with("netuid", 1u16);
		let (types, id) = registry::<RuntimeCall>();
		let encoded = Argument::from(inner.clone())
			.value()
			.encode_as_type(id, &types)
			.unwrap();
		let expected = RuntimeCall::AdminUtils(AdminCall::sudo_set_tempo {
			netuid: NetUid(1),
			tempo: 20,
		});
		assert_eq!(encoded, expected.encode());
		assert_eq!(inner.sudo().to_string(), "Sudo.sudo(AdminUtils.sudo_set_tempo)");
	}

	#[test]
	fn missing_and_oversized_arguments_are_errors() {
		let (types, id) = registry::<Arguments>();
		let call = Call::new("Pallet", "call").with("netuid", 1u16);
		let value = Value::from(call.payload().call_data().clone());
		assert!(value.encode_as_type(id, &types).is_err());
		let (types, id) = registry::<NetUid>();
		assert!(Argument::from(70_000u32).value().encode_as_type(id, &types).is_err());
		let mut out = Vec::new();
		let mut fields = core::iter::empty();
		let none = Call::new("Pallet", "call").payload();
		none.call_data()
			.encode_as_fields_to(&mut fields, &types, &mut out)
			.unwrap();
		assert!(out.is_empty());
	}
}
