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

		/// Like `add_stake`, but pays at most `limit_price` rao of TAO for one alpha: buys what that allows if
		/// `allow_partial`, else all or nothing.
		#[pallet::call_index(88)]
		#[pallet::weight(T::WeightInfo::limit_order())]
		pub fn add_stake_limit(
			origin: OriginFor<T>,
			hotkey: AccountId32,
			netuid: NetUid,
			amount_staked: TaoBalance,
			limit_price: TaoBalance,
			allow_partial: bool,
		) -> DispatchResult {
			let coldkey = ensure_signed(origin)?;
			let limit = PriceLimit::new(limit_price, allow_partial);
			Self::do_add_stake(&coldkey, &hotkey, netuid, amount_staked, Some(limit))
		}

		/// Like `remove_stake`, but sells for at least `limit_price` rao of TAO for one alpha: what that allows if
		/// `allow_partial`, else all or nothing.
		#[pallet::call_index(89)]
		#[pallet::weight(T::WeightInfo::limit_order())]
		pub fn remove_stake_limit(
			origin: OriginFor<T>,
			hotkey: AccountId32,
			netuid: NetUid,
			amount_unstaked: AlphaBalance,
			limit_price: TaoBalance,
			allow_partial: bool,
		) -> DispatchResult {
			let coldkey = ensure_signed(origin)?;
			let limit = PriceLimit::new(limit_price, allow_partial);
			Self::do_remove_stake(&coldkey, &hotkey, netuid, amount_unstaked, Some(limit))
		}

		/// Takes all stake of the calling coldkey off a hotkey, all or nothing: for at least `limit_price` rao of TAO for one
		/// alpha, or at any price without one.
		#[pallet::call_index(103)]
		#[pallet::weight(T::WeightInfo::remove_stake())]
		pub fn remove_stake_full_limit(
			origin: OriginFor<T>,
			hotkey: AccountId32,
			netuid: NetUid,
			limit_price: Option<TaoBalance>,
		) -> DispatchResult {
			let coldkey = ensure_signed(origin)?;
			let limit = limit_price.map(|price| PriceLimit::new(price, false));
			Self::do_remove_stake(&coldkey, &hotkey, netuid, AlphaBalance::MAX, limit)
		}

		/// Sells all that the calling coldkey has on a hotkey, on at most [`MAX_UNSTAKE_ALL_LEGS`] subnets; call it again for
		/// the others.
		#[pallet::call_index(83)]
		#[pallet::weight(T::WeightInfo::unstake_all(MAX_UNSTAKE_ALL_LEGS as u32))]
		pub fn unstake_all(origin: OriginFor<T>, hotkey: AccountId32) -> DispatchResultWithPostInfo {
			let coldkey = ensure_signed(origin)?;
			let legs = Self::do_unstake_all(&coldkey, &hotkey)?;
			Ok(Some(T::WeightInfo::unstake_all(legs)).into())
		}

		/// Sells all alpha that the calling coldkey has on a hotkey, on at most [`MAX_UNSTAKE_ALL_LEGS`] subnets, and stakes
		/// the TAO on the hotkey on root; call it again for the others.
		#[pallet::call_index(84)]
		#[pallet::weight(T::WeightInfo::unstake_all(MAX_UNSTAKE_ALL_LEGS as u32))]
		pub fn unstake_all_alpha(origin: OriginFor<T>, hotkey: AccountId32) -> DispatchResultWithPostInfo {
			let coldkey = ensure_signed(origin)?;
			let legs = Self::do_unstake_all_alpha(&coldkey, &hotkey)?;
			Ok(Some(T::WeightInfo::unstake_all(legs)).into())
		}

		/// Moves stake of the calling coldkey to another hotkey, and to another subnet where these differ; `u64::MAX` moves
		/// all.
		#[pallet::call_index(85)]
		#[pallet::weight(T::WeightInfo::move_stake(false))]
		pub fn move_stake(
			origin: OriginFor<T>,
			origin_hotkey: AccountId32,
			destination_hotkey: AccountId32,
			origin_netuid: NetUid,
			destination_netuid: NetUid,
			alpha_amount: AlphaBalance,
		) -> DispatchResult {
			let coldkey = ensure_signed(origin)?;
			let from = Place::new(&origin_hotkey, &coldkey, origin_netuid);
			let to = Place::new(&destination_hotkey, &coldkey, destination_netuid);
			Self::do_move_stake(from, to, alpha_amount, None)
		}

		/// Like `move_stake`, but the ratio of the subnets' prices, origin's to destination's, times 1e9, may not fall below
		/// `limit_price`: moves what that allows if `allow_partial`, else all or nothing. Within a subnet there is no limit.
		#[pallet::call_index(150)]
		#[pallet::weight(T::WeightInfo::move_stake(*allow_partial))]
		pub fn move_stake_limit(
			origin: OriginFor<T>,
			origin_hotkey: AccountId32,
			destination_hotkey: AccountId32,
			origin_netuid: NetUid,
			destination_netuid: NetUid,
			alpha_amount: AlphaBalance,
			limit_price: TaoBalance,
			allow_partial: bool,
		) -> DispatchResult {
			let coldkey = ensure_signed(origin)?;
			let from = Place::new(&origin_hotkey, &coldkey, origin_netuid);
			let to = Place::new(&destination_hotkey, &coldkey, destination_netuid);
			let limit = PriceLimit::new(limit_price, allow_partial);
			Self::do_move_stake(from, to, alpha_amount, Some(limit))
		}

		/// Moves stake of the calling coldkey to another subnet, on the same hotkey; `u64::MAX` moves all.
		#[pallet::call_index(87)]
		#[pallet::weight(T::WeightInfo::move_stake(false))]
		pub fn swap_stake(
			origin: OriginFor<T>,
			hotkey: AccountId32,
			origin_netuid: NetUid,
			destination_netuid: NetUid,
			alpha_amount: AlphaBalance,
		) -> DispatchResult {
			let coldkey = ensure_signed(origin)?;
			let from = Place::new(&hotkey, &coldkey, origin_netuid);
			Self::do_swap_stake(from, destination_netuid, alpha_amount, None)
		}

		/// Like `swap_stake`, with the limit of `move_stake_limit`.
		#[pallet::call_index(90)]
		#[pallet::weight(T::WeightInfo::move_stake(*allow_partial))]
		pub fn swap_stake_limit(
			origin: OriginFor<T>,
			hotkey: AccountId32,
			origin_netuid: NetUid,
			destination_netuid: NetUid,
			alpha_amount: AlphaBalance,
			limit_price: TaoBalance,
			allow_partial: bool,
		) -> DispatchResult {
			let coldkey = ensure_signed(origin)?;
			let from = Place::new(&hotkey, &coldkey, origin_netuid);
			let limit = PriceLimit::new(limit_price, allow_partial);
			Self::do_swap_stake(from, destination_netuid, alpha_amount, Some(limit))
		}

		/// Gives stake of the calling coldkey to another coldkey, on the same hotkey, and on another subnet where these
		/// differ; `u64::MAX` gives all.
		#[pallet::call_index(86)]
		#[pallet::weight(T::WeightInfo::move_stake(false))]
		pub fn transfer_stake(
			origin: OriginFor<T>,
			destination_coldkey: AccountId32,
			hotkey: AccountId32,
			origin_netuid: NetUid,
			destination_netuid: NetUid,
			alpha_amount: AlphaBalance,
		) -> DispatchResult {
			let coldkey = ensure_signed(origin)?;
			let from = Place::new(&hotkey, &coldkey, origin_netuid);
			let to = Place::new(&hotkey, &destination_coldkey, destination_netuid);
			Self::do_transfer_stake(from, to, alpha_amount)
		}

		/// Like `transfer_stake`, but the stake lands on another hotkey.
		#[pallet::call_index(151)]
		#[pallet::weight(T::WeightInfo::move_stake(false))]
		pub fn transfer_stake_and_hotkey(
			origin: OriginFor<T>,
			destination_coldkey: AccountId32,
			origin_hotkey: AccountId32,
			destination_hotkey: AccountId32,
			origin_netuid: NetUid,
			destination_netuid: NetUid,
			alpha_amount: AlphaBalance,
		) -> DispatchResult {
			let coldkey = ensure_signed(origin)?;
			let from = Place::new(&origin_hotkey, &coldkey, origin_netuid);
			let to = Place::new(&destination_hotkey, &destination_coldkey, destination_netuid);
			Self::do_transfer_stake_and_hotkey(from, to, alpha_amount)
		}

		/// Destroys alpha of the calling coldkey, which may be emitted again; `u64::MAX` destroys all. A rest below
		/// [`MIN_STAKE`] goes too.
		#[pallet::call_index(101)]
		#[pallet::weight(T::WeightInfo::remove_stake())]
		pub fn recycle_alpha(
			origin: OriginFor<T>,
			hotkey: AccountId32,
			amount: AlphaBalance,
			netuid: NetUid,
		) -> DispatchResult {
			let coldkey = ensure_signed(origin)?;
			Self::do_recycle_alpha(&coldkey, &hotkey, netuid, amount)
		}

		/// Destroys alpha of the calling coldkey, which is never emitted again; `u64::MAX` destroys all. A rest below
		/// [`MIN_STAKE`] goes too.
		#[pallet::call_index(102)]
		#[pallet::weight(T::WeightInfo::remove_stake())]
		pub fn burn_alpha(
			origin: OriginFor<T>,
			hotkey: AccountId32,
			amount: AlphaBalance,
			netuid: NetUid,
		) -> DispatchResult {
			let coldkey = ensure_signed(origin)?;
			Self::do_burn_alpha(&coldkey, &hotkey, netuid, amount)
		}

		/// Buys alpha for TAO of the calling coldkey and burns it, all or nothing: for at most `limit` rao of TAO for one
		/// alpha, or at any price without one.
		#[pallet::call_index(132)]
		#[pallet::weight(T::WeightInfo::add_stake())]
		pub fn add_stake_burn(
			origin: OriginFor<T>,
			hotkey: AccountId32,
			netuid: NetUid,
			amount: TaoBalance,
			limit: Option<TaoBalance>,
		) -> DispatchResult {
			let coldkey = ensure_signed(origin)?;
			let limit = limit.map(|price| PriceLimit::new(price, false));
			Self::do_add_stake_burn(&coldkey, &hotkey, netuid, amount, limit)
		}

		/// Makes the calling coldkey the owner of a hotkey that nobody owns yet.
		#[pallet::call_index(91)]
		#[pallet::weight(T::WeightInfo::associate_hotkey())]
		pub fn try_associate_hotkey(origin: OriginFor<T>, hotkey: AccountId32) -> DispatchResult {
			let coldkey = ensure_signed(origin)?;
			Self::ensure_may_own(&coldkey, &hotkey)?;
			Self::associate_hotkey(&coldkey, &hotkey)
		}

		/// Sets weights of the calling hotkey on mechanism 0 of several subnets. An item that is refused leaves an event; the
		/// others count.
		#[pallet::call_index(80)]
		#[pallet::weight(T::WeightInfo::batch_set_weights(MAX_BATCH.min(netuids.len() as u32), weights::total_length(weights)))]
		pub fn batch_set_weights(
			origin: OriginFor<T>,
			netuids: Vec<codec::Compact<NetUid>>,
			weights: Vec<weights::BatchedRow>,
			version_keys: Vec<codec::Compact<u64>>,
		) -> DispatchResult {
			let hotkey = ensure_signed(origin)?;
			Self::do_batch_set_weights(&hotkey, netuids, weights, version_keys)
		}

		/// Commits the calling hotkey to weights on a subnet by their hash: BLAKE2b-256 of the SCALE encoding of `(hotkey,
		/// mechanism index, uids, values, salt, version key)`.
		#[pallet::call_index(96)]
		#[pallet::weight(T::WeightInfo::commit_weights())]
		pub fn commit_weights(origin: OriginFor<T>, netuid: NetUid, commit_hash: sp_core::H256) -> DispatchResult {
			let hotkey = ensure_signed(origin)?;
			Self::do_commit_weights(&hotkey, netuid, MechId::MAIN, commit_hash)
		}

		/// Like `commit_weights`, for a mechanism of a subnet.
		#[pallet::call_index(115)]
		#[pallet::weight(T::WeightInfo::commit_weights())]
		pub fn commit_mechanism_weights(
			origin: OriginFor<T>,
			netuid: NetUid,
			mecid: MechId,
			commit_hash: sp_core::H256,
		) -> DispatchResult {
			let hotkey = ensure_signed(origin)?;
			Self::do_commit_weights(&hotkey, netuid, mecid, commit_hash)
		}

		/// Like `commit_weights`, for several subnets. An item that is refused leaves an event; the others count.
		#[pallet::call_index(100)]
		#[pallet::weight(T::WeightInfo::commit_weights().saturating_mul(u64::from(MAX_BATCH.min(netuids.len() as u32))))]
		pub fn batch_commit_weights(
			origin: OriginFor<T>,
			netuids: Vec<codec::Compact<NetUid>>,
			commit_hashes: Vec<sp_core::H256>,
		) -> DispatchResult {
			let hotkey = ensure_signed(origin)?;
			Self::do_batch_commit_weights(&hotkey, netuids, commit_hashes)
		}

		/// Reveals weights that the calling hotkey committed to, [`RevealPeriodEpochs`] epochs after the commit.
		#[pallet::call_index(97)]
		#[pallet::weight(T::WeightInfo::reveal_weights(uids.len() as u32))]
		pub fn reveal_weights(
			origin: OriginFor<T>,
			netuid: NetUid,
			uids: Vec<u16>,
			values: Vec<u16>,
			salt: Vec<u16>,
			version_key: u64,
		) -> DispatchResult {
			let hotkey = ensure_signed(origin)?;
			let row = weights::Row {
				destinations: uids,
				weights: values,
				version_key,
			};
			Self::do_reveal_weights(&hotkey, netuid, MechId::MAIN, row, salt)
		}

		/// Like `reveal_weights`, for a mechanism of a subnet.
		#[pallet::call_index(116)]
		#[pallet::weight(T::WeightInfo::reveal_weights(uids.len() as u32))]
		pub fn reveal_mechanism_weights(
			origin: OriginFor<T>,
			netuid: NetUid,
			mecid: MechId,
			uids: Vec<u16>,
			values: Vec<u16>,
			salt: Vec<u16>,
			version_key: u64,
		) -> DispatchResult {
			let hotkey = ensure_signed(origin)?;
			let row = weights::Row {
				destinations: uids,
				weights: values,
				version_key,
			};
			Self::do_reveal_weights(&hotkey, netuid, mecid, row, salt)
		}

		/// Like `reveal_weights`, for several commits; all or none.
		#[pallet::call_index(98)]
		#[pallet::weight(T::WeightInfo::batch_reveal_weights(MAX_BATCH.min(uids_list.len() as u32), weights::total_length(uids_list)))]
		pub fn batch_reveal_weights(
			origin: OriginFor<T>,
			netuid: NetUid,
			uids_list: Vec<Vec<u16>>,
			values_list: Vec<Vec<u16>>,
			salts_list: Vec<Vec<u16>>,
			version_keys: Vec<u64>,
		) -> DispatchResult {
			let hotkey = ensure_signed(origin)?;
			Self::do_batch_reveal_weights(&hotkey, netuid, uids_list, values_list, salts_list, version_keys)
		}

		/// Commits the calling hotkey to weights that are sealed until a round of the beacon, which the chain opens and sets
		/// when it has come.
		#[pallet::call_index(113)]
		#[pallet::weight(T::WeightInfo::commit_sealed_weights())]
		pub fn commit_timelocked_weights(
			origin: OriginFor<T>,
			netuid: NetUid,
			commit: BoundedVec<u8, ConstU32<MAX_SEALED_COMMIT_BYTES>>,
			reveal_round: u64,
			commit_reveal_version: u16,
		) -> DispatchResult {
			let hotkey = ensure_signed(origin)?;
			let (mechanism, version) = (MechId::MAIN, commit_reveal_version);
			Self::do_commit_sealed_weights(&hotkey, netuid, mechanism, commit, reveal_round, version)
		}

		/// Like `commit_timelocked_weights`, for a mechanism of a subnet.
		#[pallet::call_index(118)]
		#[pallet::weight(T::WeightInfo::commit_sealed_weights())]
		pub fn commit_timelocked_mechanism_weights(
			origin: OriginFor<T>,
			netuid: NetUid,
			mecid: MechId,
			commit: BoundedVec<u8, ConstU32<MAX_SEALED_COMMIT_BYTES>>,
			reveal_round: u64,
			commit_reveal_version: u16,
		) -> DispatchResult {
			let hotkey = ensure_signed(origin)?;
			Self::do_commit_sealed_weights(&hotkey, netuid, mecid, commit, reveal_round, commit_reveal_version)
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
			let registered = Self::do_burned_register(&coldkey, &hotkey, netuid, None);
			Self::pay_for_search(netuid, registered)
		}

		/// Like `burned_register`, if the registration costs at most `limit_price` rao.
		#[pallet::call_index(134)]
		#[pallet::weight(T::WeightInfo::burned_register(MAX_UIDS_PER_SUBNET))]
		pub fn register_limit(
			origin: OriginFor<T>,
			netuid: NetUid,
			hotkey: AccountId32,
			limit_price: u64,
		) -> DispatchResultWithPostInfo {
			let coldkey = ensure_signed(origin)?;
			let limit = TaoBalance::new(limit_price);
			let registered = Self::do_burned_register(&coldkey, &hotkey, netuid, Some(limit));
			Self::pay_for_search(netuid, registered)
		}

		/// Registers a hotkey on a subnet whose owner allows it, for work instead of TAO, and without a fee: `work` is
		/// `keccak256(sha256("subtensor-pow-register-v1" ++ netuid ++ hash of work_block ++ hotkey ++ coldkey ++ nonce))`
		/// (little-endian numbers), which as a little-endian number may be at most `(2^256 - 1) / difficulty`. The block is
		/// at most [`registration::MAX_WORK_AGE_BLOCKS`] old.
		#[pallet::call_index(6)]
		#[pallet::weight((T::WeightInfo::burned_register(MAX_UIDS_PER_SUBNET), Pays::No))]
		pub fn pow_register(
			origin: OriginFor<T>,
			netuid: NetUid,
			work_block: u64,
			nonce: u64,
			work: Vec<u8>,
			hotkey: AccountId32,
		) -> DispatchResultWithPostInfo {
			let coldkey = ensure_signed(origin)?;
			let registered = Self::do_pow_register(&coldkey, &hotkey, netuid, work_block, nonce, work);
			Self::pay_for_search(netuid, registered)
		}

		/// Registers a hotkey as a root validator; burns root's registration cost. Where root is full, it takes the place of
		/// the validator with the smallest stake that is not immune.
		#[pallet::call_index(62)]
		#[pallet::weight(T::WeightInfo::burned_register(MAX_UIDS_PER_SUBNET))]
		pub fn root_register(origin: OriginFor<T>, hotkey: AccountId32) -> DispatchResultWithPostInfo {
			let coldkey = ensure_signed(origin)?;
			let registered = Self::do_root_register(&coldkey, &hotkey);
			Self::pay_for_search(NetUid::ROOT, registered)
		}

		/// Publishes where the calling hotkey serves metrics.
		#[pallet::call_index(5)]
		#[pallet::weight(T::WeightInfo::serve_axon())]
		pub fn serve_prometheus(
			origin: OriginFor<T>,
			netuid: NetUid,
			version: u32,
			ip: u128,
			port: u16,
			ip_type: u8,
		) -> DispatchResult {
			let hotkey = ensure_signed(origin)?;
			Self::do_serve_prometheus(&hotkey, netuid, version, ip, port, ip_type)
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
			let authority = Self::subnet_authority(origin, netuid)?;
			Self::do_set_tempo(authority, netuid, tempo)
		}

		/// Asks for an epoch in the next block; for the subnet's owner and root. Refused until
		/// [`hyperparameters::MIN_TEMPO`] blocks after the last epoch.
		#[pallet::call_index(141)]
		#[pallet::weight(T::WeightInfo::set_tempo())]
		pub fn trigger_epoch(origin: OriginFor<T>, netuid: NetUid) -> DispatchResult {
			let authority = Self::subnet_authority(origin, netuid)?;
			Self::do_trigger_epoch(authority, netuid)
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
		#[pallet::call_index(181)]
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
