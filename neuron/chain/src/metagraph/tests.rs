//! Decoding from bytes as a runtime encodes them, with its newtypes, compact numbers and further fields.

use codec::{Compact, Encode};
use scale_info::{MetaType, PortableRegistry, Registry, TypeInfo};

use super::*;
use crate::fake::types::{AlphaBalance, BoundedVec, RuntimeAccount, RuntimeAxon, RuntimeCertificate, RuntimeNeuron};

fn neuron(uid: u16, axon_info: RuntimeAxon) -> RuntimeNeuron {
	RuntimeNeuron {
		axon_info,
		..RuntimeNeuron::sample(uid)
	}
}

fn axon(ip: u128, ip_type: u8, port: u16) -> RuntimeAxon {
	RuntimeAxon {
		block: 5,
		version: 2,
		ip,
		port,
		ip_type,
		protocol: 4,
		placeholder1: 0,
		placeholder2: 0,
	}
}

fn decode<T: TypeInfo + Encode + 'static, D: DecodeAsType>(value: &T) -> Result<D, scale_decode::Error> {
	let mut registry = Registry::new();
	let id = registry.register_type(&MetaType::new::<T>()).id;
	let types: PortableRegistry = registry.into();
	D::decode_as_type(&mut &*value.encode(), id, &types)
}

#[test]
fn neurons_decode_by_name_whatever_else_they_carry() {
	let infos = vec![neuron(1, axon(0x7f00_0001, 4, 8091)), neuron(0, axon(0, 0, 0))];
	let infos: Vec<NeuronInfoLite> = decode(&infos).unwrap();
	let certificate: NeuronCertificate = decode(&RuntimeCertificate {
		public_key: BoundedVec(vec![9; 32]),
		algorithm: 1,
	})
	.unwrap();
	let certificates = HashMap::from([(AccountId::new([101; 32]), certificate.into_bytes())]);
	let metagraph = assemble(3, (77, [7; 32]), infos, certificates, &[10, 11]).unwrap();

	assert_eq!(
		(metagraph.netuid, metagraph.block, metagraph.block_hash),
		(3, 77, [7; 32])
	);
	assert_eq!(
		metagraph.neurons.iter().map(|neuron| neuron.uid).collect::<Vec<_>>(),
		[0, 1]
	);
	let mut expected_certificate = vec![1];
	expected_certificate.extend([9; 32]);
	assert_eq!(
		metagraph.neurons[1],
		Neuron {
			uid: 1,
			hotkey: AccountId::new([101; 32]),
			coldkey: AccountId::new([200; 32]),
			stake_rao: 5_000_000_007,
			trust: 65_535,
			consensus: 40_000,
			incentive: 20_000,
			dividends: 30_000,
			emission_rao: 123_456_789_000,
			active: true,
			validator_permit: true,
			last_update: 1_000,
			registered_at: 11,
			axon: Some(Axon {
				ip: IpAddr::from([127, 0, 0, 1]),
				port: 8091,
				protocol: 4,
				version: 2
			}),
			certificate: Some(expected_certificate),
		}
	);
	assert_eq!(metagraph.neurons[0].axon, None);
	assert_eq!(metagraph.neurons[0].certificate, None);
	assert_eq!(metagraph.by_hotkey(&AccountId::new([100; 32])).unwrap().uid, 0);
	assert_eq!(metagraph.by_uid(1).unwrap().registered_at, 11);
	assert!(metagraph.by_uid(2).is_none());
}

#[test]
fn addresses_survive_the_way_to_the_chain_and_back() {
	for ip in ["1.2.3.4", "255.255.255.255", "::1", "2001:db8::5", "ffff::"] {
		let published = Axon {
			ip: ip.parse().unwrap(),
			port: 1,
			protocol: 4,
			version: 2,
		};
		let (number, ip_type) = published.ip_number();
		let read: AxonInfo = decode(&axon(number, ip_type, 1)).unwrap();
		assert_eq!(read.axon(), Some(published));
	}
}

#[test]
fn what_is_no_address_is_no_axon() {
	// Never published; taken back; IPv4 that is too large; an unknown type; no port.
	for info in [
		axon(0, 0, 0),
		axon(0, 4, 1),
		axon(1 << 32, 4, 80),
		axon(1, 5, 80),
		axon(1, 4, 0),
	] {
		assert_eq!(decode::<_, AxonInfo>(&info).unwrap().axon(), None);
	}
}

#[test]
fn a_runtime_of_another_shape_is_an_error() {
	#[derive(Encode, TypeInfo)]
	struct Other {
		hotkey: RuntimeAccount,
	}
	let error = decode::<_, NeuronInfoLite>(&Other {
		hotkey: RuntimeAccount([0; 32]),
	})
	.unwrap_err();
	assert!(error.to_string().contains("coldkey"), "{error}");
}

#[test]
fn neurons_without_a_registration_are_refused() {
	let infos: Vec<NeuronInfoLite> = decode(&vec![neuron(4, axon(0, 0, 0))]).unwrap();
	let error = assemble(3, (77, [7; 32]), infos, HashMap::new(), &[]).unwrap_err();
	assert!(error.to_string().contains("BlockAtRegistration"), "{error}");
}

#[test]
fn stakes_are_summed_without_overflow() {
	let mut info = neuron(0, axon(0, 0, 0));
	info.stake = vec![(RuntimeAccount([1; 32]), Compact(AlphaBalance(u64::MAX))); 2];
	let infos: Vec<NeuronInfoLite> = decode(&vec![info]).unwrap();
	let metagraph = assemble(3, (7, [7; 32]), infos, HashMap::new(), &[1]).unwrap();
	assert_eq!(metagraph.neurons[0].stake_rao, u64::MAX);
}
