//! Tests of axons and certificates.

use crate::{mock::*, *};
use frame_support::{assert_noop, assert_ok};
use ganglion_primitives::NetUid;
use sp_runtime::DispatchResult;

const LOOPBACK: u128 = 0x7f00_0001;

fn serve(number: u8, ip: u128, port: u16, ip_type: u8) -> DispatchResult {
	SubtensorModule::serve_axon(signed(hot(number)), NETUID, 7, ip, port, ip_type, 4, 1, 2)
}

fn serve_tls(number: u8, certificate: &[u8]) -> DispatchResult {
	let key = certificate.to_vec();
	SubtensorModule::serve_axon_tls(signed(hot(number)), NETUID, 7, LOOPBACK, 9_000, 4, 4, 0, 0, key)
}

#[test]
fn an_axon_is_published() {
	run(|| {
		subnet();
		assert_ok!(serve(1, LOOPBACK, 9_000, 4));
		let axon = Axons::<Test>::get(NETUID, hot(1)).unwrap();
		assert_eq!((axon.ip, axon.port, axon.ip_type, axon.block), (LOOPBACK, 9_000, 4, 1));
		assert_eq!((axon.version, axon.protocol), (7, 4));
		assert_eq!((axon.placeholder1, axon.placeholder2), (1, 2));
		assert!(events().contains(&Event::AxonServed(NETUID, hot(1))));
		assert!(!NeuronCertificates::<Test>::contains_key(NETUID, hot(1)));
	});
}

#[test]
fn a_certificate_is_its_algorithm_and_a_key() {
	run(|| {
		subnet();
		let mut bytes = vec![1];
		bytes.extend([9; 32]);
		assert_ok!(serve_tls(1, &bytes));
		let certificate = NeuronCertificates::<Test>::get(NETUID, hot(1)).unwrap();
		assert_eq!(certificate.algorithm, 1);
		assert_eq!(certificate.public_key.into_inner(), vec![9; 32]);

		next_blocks(3);
		assert_ok!(serve(1, LOOPBACK, 9_001, 4));
		assert!(NeuronCertificates::<Test>::contains_key(NETUID, hot(1)));
	});
}

#[test]
fn bad_certificates_are_refused() {
	run(|| {
		subnet();
		for bytes in [&[][..], &[1], &[1; 66], &[1; 5_000]] {
			assert_noop!(serve_tls(1, bytes), Error::<Test>::InvalidCertificate);
		}
		assert_ok!(serve_tls(1, &[1; 65]));
	});
}

#[test]
fn addresses_are_checked() {
	run(|| {
		subnet();
		for ip_type in [0, 5, 7, 255] {
			assert_noop!(serve(1, LOOPBACK, 1, ip_type), Error::<Test>::InvalidIpType);
		}
		assert_noop!(serve(1, LOOPBACK, 0, 4), Error::<Test>::InvalidPort);
		let ipv4 = [0, 0xffff_ffff, 0xe000_0001, 0x1_0000_0000, u128::MAX];
		for ip in ipv4 {
			assert_noop!(serve(1, ip, 9_000, 4), Error::<Test>::InvalidIpAddress);
		}
		for ip in [0, 0xff02 << 112] {
			assert_noop!(serve(1, ip, 9_000, 6), Error::<Test>::InvalidIpAddress);
		}
		assert_ok!(serve(1, 1, 9_000, 6));
	});
}

#[test]
fn only_neurons_of_the_subnet_serve() {
	run(|| {
		subnet();
		let call = serve(2, LOOPBACK, 9_000, 4);
		assert_noop!(call, Error::<Test>::HotKeyNotRegisteredInNetwork);
		let unknown = NetUid::new(9);
		let call = SubtensorModule::serve_axon(signed(hot(1)), unknown, 0, 1, 1, 4, 0, 0, 0);
		assert_noop!(call, Error::<Test>::SubnetNotExists);
	});
}

#[test]
fn publications_are_rate_limited() {
	run(|| {
		subnet();
		assert_ok!(serve(1, LOOPBACK, 9_000, 4));
		next_blocks(2);
		assert_noop!(serve(1, LOOPBACK, 9_001, 4), Error::<Test>::ServingRateLimitExceeded);
		assert_noop!(serve_tls(1, &[1, 2]), Error::<Test>::ServingRateLimitExceeded);
		next_blocks(1);
		assert_ok!(serve(1, LOOPBACK, 9_001, 4));
	});
}

#[test]
fn address_0_with_port_1_withdraws_the_axon_and_its_certificate() {
	run(|| {
		subnet();
		assert_ok!(serve_tls(1, &[1, 2]));
		next_blocks(3);
		assert_ok!(serve(1, 0, 1, 4));
		let axon = Axons::<Test>::get(NETUID, hot(1)).unwrap();
		assert_eq!((axon.ip, axon.port, axon.block), (0, 0, 4));
		assert!(!NeuronCertificates::<Test>::contains_key(NETUID, hot(1)));
		next_blocks(1);
		assert_noop!(serve(1, LOOPBACK, 9_001, 4), Error::<Test>::ServingRateLimitExceeded);
	});
}
