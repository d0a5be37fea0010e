//! The calls: each checks its origin and calls `do_*`, in the domain's folder.

use frame_support::pallet_macros::pallet_section;

/// The calls of the pallet.
#[pallet_section]
mod calls {
	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Sets the weights of the calling hotkey on a subnet's mechanism 0.
		#[pallet::call_index(0)]
		#[pallet::weight(T::WeightInfo::set_weights(dests.len() as u32))]
		pub fn set_weights(
			origin: OriginFor<T>,
			netuid: NetUid,
			dests: Vec<u16>,
			weights: Vec<u16>,
			version_key: u64,
		) -> DispatchResult {
			let hotkey = ensure_signed(origin)?;
			Self::do_set_weights(&hotkey, netuid, MechId::MAIN, dests, weights, version_key)
		}

		/// Sets the weights of the calling hotkey on a mechanism of a subnet.
		#[pallet::call_index(119)]
		#[pallet::weight(T::WeightInfo::set_weights(dests.len() as u32))]
		pub fn set_mechanism_weights(
			origin: OriginFor<T>,
			netuid: NetUid,
			mecid: MechId,
			dests: Vec<u16>,
			weights: Vec<u16>,
			version_key: u64,
		) -> DispatchResult {
			let hotkey = ensure_signed(origin)?;
			Self::do_set_weights(&hotkey, netuid, mecid, dests, weights, version_key)
		}

		/// Buys alpha for TAO of the calling coldkey and stakes it on a hotkey.
		#[pallet::call_index(2)]
		#[pallet::weight(T::WeightInfo::add_stake())]
		pub fn add_stake(
			origin: OriginFor<T>,
			hotkey: AccountId32,
			netuid: NetUid,
			amount_staked: TaoBalance,
		) -> DispatchResult {
			let coldkey = ensure_signed(origin)?;
			Self::do_add_stake(&coldkey, &hotkey, netuid, amount_staked, None)
		}

		/// Takes alpha of the calling coldkey off a hotkey and sells it for TAO; `u64::MAX` takes all. A rest
		/// below [`MIN_STAKE`] is sold too.
		#[pallet::call_index(3)]
		#[pallet::weight(T::WeightInfo::remove_stake())]
		pub fn remove_stake(
			origin: OriginFor<T>,
			hotkey: AccountId32,
			netuid: NetUid,
			amount_unstaked: AlphaBalance,
		) -> DispatchResult {
			let coldkey = ensure_signed(origin)?;
			Self::do_remove_stake(&coldkey, &hotkey, netuid, amount_unstaked, None)
		}

		/// Publishes where the calling hotkey serves. Address 0 with port 1 withdraws it.
		#[pallet::call_index(4)]
		#[pallet::weight(T::WeightInfo::serve_axon())]
		pub fn serve_axon(
			origin: OriginFor<T>,
			netuid: NetUid,
			version: u32,
			ip: u128,
			port: u16,
			ip_type: u8,
			protocol: u8,
			placeholder1: u8,
			placeholder2: u8,
		) -> DispatchResult {
			let hotkey = ensure_signed(origin)?;
			let axon = Self::axon(version, ip, port, ip_type, protocol, [placeholder1, placeholder2]);
			Self::do_serve_axon(&hotkey, netuid, axon, None)
		}

		/// Publishes where the calling hotkey serves, and the key that proves its identity there: an algorithm byte
		/// followed by 1 to 64 bytes of public key.
		#[pallet::call_index(40)]
		#[pallet::weight(T::WeightInfo::serve_axon())]
		pub fn serve_axon_tls(
			origin: OriginFor<T>,
			netuid: NetUid,
			version: u32,
			ip: u128,
			port: u16,
			ip_type: u8,
			protocol: u8,
			placeholder1: u8,
			placeholder2: u8,
			certificate: Vec<u8>,
		) -> DispatchResult {
			let hotkey = ensure_signed(origin)?;
			let axon = Self::axon(version, ip, port, ip_type, protocol, [placeholder1, placeholder2]);
			Self::do_serve_axon(&hotkey, netuid, axon, Some(&certificate))
		}

		/// Registers a hotkey on a subnet; burns the subnet's registration cost. A refusal pays for the neurons that were
		/// searched only, as a registration does.
		#[pallet::call_index(7)]
		#[pallet::weight(T::WeightInfo::burned_register(MAX_UIDS_PER_SUBNET))]
		pub fn burned_register(
			origin: OriginFor<T>,
			netuid: NetUid,
			hotkey: AccountId32,
		) -> DispatchResultWithPostInfo {
			let coldkey = ensure_signed(origin)?;
			let registered = Self::do_burned_register(&coldkey, &hotkey, netuid);
			Self::pay_for_search(netuid, registered)
		}

		/// Registers a subnet; its owner is the calling coldkey, and `hotkey` gets uid 0. Its cost goes into the subnet's pool.
		/// Where there are as many subnets as there may be, the one with the lowest price makes room, and the registration
		/// waits for that.
		#[pallet::call_index(59)]
		#[pallet::weight(T::WeightInfo::register_network())]
		pub fn register_network(origin: OriginFor<T>, hotkey: AccountId32) -> DispatchResult {
			let coldkey = ensure_signed(origin)?;
			Self::do_register_network(&coldkey, &hotkey, None)
		}

		/// Like `register_network`, and says what the subnet is.
		#[pallet::call_index(79)]
		#[pallet::weight(T::WeightInfo::register_network())]
		pub fn register_network_with_identity(
			origin: OriginFor<T>,
			hotkey: AccountId32,
			identity: Option<TypedSubnetIdentity>,
		) -> DispatchResult {
			let coldkey = ensure_signed(origin)?;
			Self::do_register_network(&coldkey, &hotkey, identity)
		}

		/// Dissolves a subnet of `coldkey`; for that coldkey and root. What is in the subnet's pool goes to those who hold its
		/// alpha, in the next blocks.
		#[pallet::call_index(61)]
		#[pallet::weight(T::WeightInfo::dissolve_network())]
		pub fn dissolve_network(origin: OriginFor<T>, coldkey: AccountId32, netuid: NetUid) -> DispatchResult {
			if let Some(signer) = frame_system::ensure_signed_or_root(origin)? {
				ensure!(signer == coldkey, Error::<T>::NotSubnetOwner);
			}
			Self::do_dissolve_network_of(&coldkey, netuid)
		}

		/// Dissolves a subnet; for root.
		#[pallet::call_index(120)]
		#[pallet::weight(T::WeightInfo::dissolve_network())]
		pub fn root_dissolve_network(origin: OriginFor<T>, netuid: NetUid) -> DispatchResult {
			ensure_root(origin)?;
			Self::do_dissolve_network(netuid)
		}

		/// Starts a subnet: it takes part in the emission, and its alpha can be traded; for its owner, once, when it is
		/// [`StartCallDelay`] blocks old.
		#[pallet::call_index(92)]
		#[pallet::weight(T::WeightInfo::start_call())]
		pub fn start_call(origin: OriginFor<T>, netuid: NetUid) -> DispatchResult {
			Self::ensure_subnet_owner(origin, netuid)?;
			Self::do_start_call(netuid)
		}

		/// Says who the calling coldkey is; it has to own a neuron. Replaces what it said before, and empty texts take it back.
		#[pallet::call_index(68)]
		#[pallet::weight(T::WeightInfo::set_identity())]
		pub fn set_identity(
			origin: OriginFor<T>,
			name: Vec<u8>,
			url: Vec<u8>,
			github_repo: Vec<u8>,
			image: Vec<u8>,
			discord: Vec<u8>,
			description: Vec<u8>,
			additional: Vec<u8>,
		) -> DispatchResult {
			let coldkey = ensure_signed(origin)?;
			let identity = ChainIdentityV2 {
				name,
				url,
				github_repo,
				image,
				discord,
				description,
				additional,
			};
			Self::do_set_identity(&coldkey, identity)
		}

		/// Says what a subnet is; for its owner and root. Replaces what was said before, and empty texts take it back.
		#[pallet::call_index(78)]
		#[pallet::weight(T::WeightInfo::set_subnet_identity())]
		pub fn set_subnet_identity(
			origin: OriginFor<T>,
			netuid: NetUid,
			subnet_name: Vec<u8>,
			github_repo: Vec<u8>,
			subnet_contact: Vec<u8>,
			subnet_url: Vec<u8>,
			discord: Vec<u8>,
			description: Vec<u8>,
			logo_url: Vec<u8>,
			additional: Vec<u8>,
		) -> DispatchResult {
			Self::ensure_subnet_owner_or_root(origin, netuid)?;
			let identity = SubnetIdentityV3 {
				subnet_name,
				github_repo,
				subnet_contact,
				subnet_url,
				discord,
				description,
				logo_url,
				additional,
			};
			Self::do_set_subnet_identity(netuid, identity)
		}

		/// Gives a subnet's token another symbol of the catalog; for its owner and root.
		#[pallet::call_index(112)]
		#[pallet::weight(T::WeightInfo::update_symbol())]
		pub fn update_symbol(origin: OriginFor<T>, netuid: NetUid, symbol: Vec<u8>) -> DispatchResult {
			Self::ensure_subnet_owner_or_root(origin, netuid)?;
			Self::do_update_symbol(netuid, symbol)
		}

		/// Lowers the take of a hotkey that the calling coldkey owns.
		#[pallet::call_index(65)]
		#[pallet::weight(T::WeightInfo::set_take())]
		pub fn decrease_take(origin: OriginFor<T>, hotkey: AccountId32, take: PerU16) -> DispatchResult {
			let coldkey = ensure_signed(origin)?;
			Self::do_decrease_take(&coldkey, &hotkey, take)
		}

		/// Raises the take of a hotkey that the calling coldkey owns.
		#[pallet::call_index(66)]
		#[pallet::weight(T::WeightInfo::set_take())]
		pub fn increase_take(origin: OriginFor<T>, hotkey: AccountId32, take: PerU16) -> DispatchResult {
			let coldkey = ensure_signed(origin)?;
			Self::do_increase_take(&coldkey, &hotkey, take)
		}

		/// Sets the blocks between epochs; for the subnet's owner and root.
		#[pallet::call_index(140)]
		#[pallet::weight(T::WeightInfo::set_tempo())]
		pub fn set_tempo(origin: OriginFor<T>, netuid: NetUid, tempo: u16) -> DispatchResult {
			Self::ensure_subnet_owner_or_root(origin, netuid)?;
			Self::do_set_tempo(netuid, tempo)
		}

		/// Asks for an epoch in the next block; for the subnet's owner and root. Refused until
		/// [`hyperparameters::MIN_TEMPO`] blocks after the last epoch.
		#[pallet::call_index(141)]
		#[pallet::weight(T::WeightInfo::set_tempo())]
		pub fn trigger_epoch(origin: OriginFor<T>, netuid: NetUid) -> DispatchResult {
			Self::ensure_subnet_owner_or_root(origin, netuid)?;
			Self::do_trigger_epoch(netuid)
		}

		/// Claims what the calling coldkey earned by its stake on root, on all hotkeys: sells it and stakes the TAO on root.
		/// `subnets` names those whose dividends are claimed; none, or root among them, stands for all.
		#[pallet::call_index(121)]
		#[pallet::weight(T::WeightInfo::claim_root(MAX_HOTKEYS_PER_COLDKEY, MAX_ROOT_CLAIM_ROWS))]
		pub fn claim_root(origin: OriginFor<T>, subnets: BTreeSet<NetUid>) -> DispatchResultWithPostInfo {
			let coldkey = ensure_signed(origin)?;
			let (rows, hotkeys) = Self::do_claim_root(&coldkey, &subnets)?;
			Ok(Some(T::WeightInfo::claim_root(hotkeys, rows)).into())
		}

		/// Claims what the calling coldkey earned by its stake on one hotkey on root.
		#[pallet::call_index(151)]
		#[pallet::weight(T::WeightInfo::claim_root(1, MAX_ROOT_CLAIM_ROWS))]
		pub fn claim_root_with_hotkey(origin: OriginFor<T>, hotkey: AccountId32) -> DispatchResultWithPostInfo {
			let coldkey = ensure_signed(origin)?;
			let rows = Self::do_claim_root_with_hotkey(&coldkey, &hotkey)?;
			Ok(Some(T::WeightInfo::claim_root(1, rows)).into())
		}

		/// Sets how much TAO a claim on one hotkey must bring at least, in rao; for root. The number must be root's.
		#[pallet::call_index(124)]
		#[pallet::weight(T::WeightInfo::set_take())]
		pub fn sudo_set_root_claim_threshold(origin: OriginFor<T>, netuid: NetUid, new_value: u64) -> DispatchResult {
			ensure_root(origin)?;
			Self::do_set_root_claim_threshold(netuid, new_value)
		}
	}
}
