//! Where neurons serve, and the keys that prove who they are there.

mod forget;
pub mod storage;

#[cfg(test)]
mod tests;

use crate::pallet::*;
use core::net::{Ipv4Addr, Ipv6Addr};
use frame_support::{ensure, pallet_prelude::DispatchResult};
use ganglion_primitives::{AccountId32, AxonInfo, NetUid, NeuronCertificate, PrometheusInfo};

/// `ip_type` of an IPv4 address.
const IPV4: u8 = 4;
/// `ip_type` of an IPv6 address.
const IPV6: u8 = 6;
/// Port that, with address 0, withdraws an axon.
const RESET_PORT: u16 = 1;

/// Whether a neuron can serve on the address. Loopback and private addresses are fine: a network may live
/// on one machine.
fn is_servable(ip: u128, ip_type: u8) -> bool {
	if ip_type == IPV6 {
		let address = Ipv6Addr::from(ip);
		return !address.is_unspecified() && !address.is_multicast();
	}
	u32::try_from(ip).is_ok_and(|bits| {
		let address = Ipv4Addr::from(bits);
		!address.is_unspecified() && !address.is_multicast() && !address.is_broadcast()
	})
}

impl<T: Config> Pallet<T> {
	/// What a call says of an axon, as of this block.
	pub(crate) fn axon(
		version: u32,
		ip: u128,
		port: u16,
		ip_type: u8,
		protocol: u8,
		[placeholder1, placeholder2]: [u8; 2],
	) -> AxonInfo {
		AxonInfo {
			block: Self::block_number(),
			version,
			ip,
			port,
			ip_type,
			protocol,
			placeholder1,
			placeholder2,
		}
	}

	/// Publishes, or withdraws, where a hotkey serves. Without a certificate the one published before stays.
	pub(crate) fn do_serve_axon(
		hotkey: &AccountId32,
		netuid: NetUid,
		axon: AxonInfo,
		certificate: Option<&[u8]>,
	) -> DispatchResult {
		Self::ensure_subnet_exists(netuid)?;
		ensure!(
			Uids::<T>::contains_key(netuid, hotkey),
			Error::<T>::HotKeyNotRegisteredInNetwork
		);
		ensure!(matches!(axon.ip_type, IPV4 | IPV6), Error::<T>::InvalidIpType);
		ensure!(axon.port != 0, Error::<T>::InvalidPort);
		let withdraw = axon.ip == 0 && axon.port == RESET_PORT;
		ensure!(
			withdraw || is_servable(axon.ip, axon.ip_type),
			Error::<T>::InvalidIpAddress
		);
		let certificate = match certificate {
			Some(bytes) => Some(NeuronCertificate::from_bytes(bytes).ok_or(Error::<T>::InvalidCertificate)?),
			None => None,
		};
		if let Some(previous) = Axons::<T>::get(netuid, hotkey) {
			let elapsed = axon.block.saturating_sub(previous.block);
			let limit = ServingRateLimit::<T>::get(netuid);
			ensure!(elapsed >= limit, Error::<T>::ServingRateLimitExceeded);
		}
		if withdraw {
			// The withdrawn axon keeps its place, so that its block still counts for the rate limit.
			let blank = AxonInfo {
				block: axon.block,
				..Default::default()
			};
			Axons::<T>::insert(netuid, hotkey, blank);
			NeuronCertificates::<T>::remove(netuid, hotkey);
		} else {
			Axons::<T>::insert(netuid, hotkey, axon);
			if let Some(certificate) = certificate {
				NeuronCertificates::<T>::insert(netuid, hotkey, certificate);
			}
		}
		Self::deposit_event(Event::AxonServed(netuid, hotkey.clone()));
		Ok(())
	}

	/// Publishes where a hotkey serves metrics.
	pub(crate) fn do_serve_prometheus(
		hotkey: &AccountId32,
		netuid: NetUid,
		version: u32,
		ip: u128,
		port: u16,
		ip_type: u8,
	) -> DispatchResult {
		Self::ensure_subnet_exists(netuid)?;
		ensure!(
			Uids::<T>::contains_key(netuid, hotkey),
			Error::<T>::HotKeyNotRegisteredInNetwork
		);
		ensure!(matches!(ip_type, IPV4 | IPV6), Error::<T>::InvalidIpType);
		ensure!(port != 0, Error::<T>::InvalidPort);
		ensure!(is_servable(ip, ip_type), Error::<T>::InvalidIpAddress);
		let block = Self::block_number();
		if let Some(previous) = Prometheus::<T>::get(netuid, hotkey) {
			let elapsed = block.saturating_sub(previous.block);
			let limit = ServingRateLimit::<T>::get(netuid);
			ensure!(elapsed >= limit, Error::<T>::ServingRateLimitExceeded);
		}
		let info = PrometheusInfo {
			block,
			version,
			ip,
			port,
			ip_type,
		};
		Prometheus::<T>::insert(netuid, hotkey, info);
		Self::deposit_event(Event::PrometheusServed(netuid, hotkey.clone()));
		Ok(())
	}
}
