//! Storage that the `serving` domain owns.

use frame_support::pallet_macros::pallet_section;

/// Where neurons serve.
#[pallet_section]
mod serving_storage {
	/// Where a hotkey serves requests on a subnet.
	#[pallet::storage]
	pub type Axons<T: Config> =
		StorageDoubleMap<_, Identity, NetUid, Blake2_128Concat, AccountId32, AxonInfo, OptionQuery>;

	/// Public key that proves a hotkey's identity on the wire.
	#[pallet::storage]
	pub type NeuronCertificates<T: Config> =
		StorageDoubleMap<_, Identity, NetUid, Blake2_128Concat, AccountId32, NeuronCertificate, OptionQuery>;

	/// Where a hotkey serves metrics on a subnet.
	#[pallet::storage]
	pub type Prometheus<T: Config> =
		StorageDoubleMap<_, Identity, NetUid, Blake2_128Concat, AccountId32, PrometheusInfo, OptionQuery>;
}
