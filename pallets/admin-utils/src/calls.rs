//! The calls: those of the hyperparameters are derived from the table of `SubtensorModule`, the others follow them.

use frame_support::pallet_macros::pallet_section;
use pallet_subtensor::hyperparameter_table;

/// Checks the origin of a call as the table says.
macro_rules! authority {
	(owner, $origin:ident, $netuid:ident) => {
		Subtensor::<T>::subnet_authority($origin, $netuid)?
	};
	(root, $origin:ident, $netuid:ident) => {{
		ensure_root($origin)?;
		Authority::Root
	}};
}

pub(crate) use authority;

macro_rules! calls {
	(
		single { $(
			$(#[$($doc:tt)*])*
			$field:ident: $type:ident = $_default:expr, $item:ident: $_hasher:ident, $_name:literal
				=> $right:ident $index:literal $call:ident($argument:ident);
		)* }
		state { $($_state:tt)* }
		pair { $(
			$(#[$($pair_doc:tt)*])*
			$pair:ident: $_pair_hasher:ident => $pair_right:ident $pair_index:literal $pair_call:ident {
				$(#[$($_first_doc:tt)*])*
				$first:ident: $first_type:ident = $_first_default:expr, $_first_name:literal;
				$(#[$($_second_doc:tt)*])*
				$second:ident: $second_type:ident = $_second_default:expr, $_second_name:literal;
			}
		)* }
	) => {
		/// The calls of the pallet.
		#[pallet_section]
		mod admin_calls {
			#[pallet::call]
			impl<T: Config> Pallet<T> {
				$(
					/// Sets a hyperparameter of a subnet:
					///
					$(#[$($doc)*])*
					#[pallet::call_index($index)]
					#[pallet::weight(<T as Config>::WeightInfo::set_hyperparameter())]
					pub fn $call(origin: OriginFor<T>, netuid: NetUid, $argument: $type) -> DispatchResult {
						let authority = authority!($right, origin, netuid);
						Self::set(authority, netuid, Hyperparameter::$item, $argument.into(), |record| {
							record.$field = $argument;
						})
					}
				)*

				$(
					/// Sets two hyperparameters of a subnet:
					///
					$(#[$($pair_doc)*])*
					#[pallet::call_index($pair_index)]
					#[pallet::weight(<T as Config>::WeightInfo::set_hyperparameter())]
					pub fn $pair_call(
						origin: OriginFor<T>,
						netuid: NetUid,
						$first: $first_type,
						$second: $second_type,
					) -> DispatchResult {
						let authority = authority!($pair_right, origin, netuid);
						Self::set(authority, netuid, Hyperparameter::$pair, ($first, $second).into(), |record| {
							record.$first = $first;
							record.$second = $second;
						})
					}
				)*

				/// Switches the emission of a subnet; for root.
				#[pallet::call_index(60)]
				#[pallet::weight(<T as Config>::WeightInfo::set_setting())]
				pub fn sudo_set_subnet_emission_enabled(
					origin: OriginFor<T>,
					netuid: NetUid,
					enabled: bool,
				) -> DispatchResult {
					ensure_root(origin)?;
					ensure!(!netuid.is_root(), Error::<T>::NotPermittedOnRootSubnet);
					Subtensor::<T>::set_subnet_emission_enabled(netuid, enabled)?;
					Self::deposit_event(Event::SubnetEmissionSwitched { netuid, enabled });
					Ok(())
				}

				/// Sets the number of mechanisms of a subnet; for its owner and root. Every subnet has one for now, so that
				/// no other number is accepted.
				#[pallet::call_index(61)]
				#[pallet::weight(<T as Config>::WeightInfo::set_setting())]
				pub fn sudo_set_mechanism_count(
					origin: OriginFor<T>,
					netuid: NetUid,
					mechanism_count: MechId,
				) -> DispatchResult {
					Subtensor::<T>::subnet_authority(origin, netuid)?;
					ensure!(mechanism_count == MechId::new(1), Error::<T>::MechanismCountNotOffered);
					Self::deposit_event(Event::MechanismCountSet { netuid, count: mechanism_count });
					Ok(())
				}

				/// Makes another hotkey of the owner the one that the subnet knows as its owner's; for the owner and root.
				/// It has to hold a uid on the subnet.
				#[pallet::call_index(62)]
				#[pallet::weight(<T as Config>::WeightInfo::set_setting())]
				pub fn sudo_set_sn_owner_hotkey(
					origin: OriginFor<T>,
					netuid: NetUid,
					hotkey: AccountId32,
				) -> DispatchResult {
					Subtensor::<T>::subnet_authority(origin, netuid)?;
					Subtensor::<T>::set_subnet_owner_hotkey(netuid, &hotkey)?;
					Self::deposit_event(Event::SubnetOwnerHotkeySet { netuid, hotkey });
					Ok(())
				}

				/// Sets the largest number of subnets, root excluded; for root.
				#[pallet::call_index(63)]
				#[pallet::weight(<T as Config>::WeightInfo::set_setting())]
				pub fn sudo_set_subnet_limit(origin: OriginFor<T>, max_subnets: u16) -> DispatchResult {
					ensure_root(origin)?;
					Subtensor::<T>::set_subnet_limit(max_subnets).map_err(Error::<T>::from)?;
					Self::changed(Setting::SubnetLimit, max_subnets.into())
				}

				/// Sets the least cost of a subnet, at least the existential deposit and what its pool needs; for root.
				#[pallet::call_index(64)]
				#[pallet::weight(<T as Config>::WeightInfo::set_setting())]
				pub fn sudo_set_network_min_lock_cost(origin: OriginFor<T>, lock_cost: TaoBalance) -> DispatchResult {
					ensure_root(origin)?;
					Subtensor::<T>::set_network_min_lock_cost(lock_cost).map_err(Error::<T>::from)?;
					Self::changed(Setting::NetworkMinLockCost, lock_cost.get())
				}

				/// Sets the blocks in which the cost of a subnet falls to the least one; for root.
				#[pallet::call_index(101)]
				#[pallet::weight(<T as Config>::WeightInfo::set_setting())]
				pub fn sudo_set_lock_reduction_interval(origin: OriginFor<T>, interval: u64) -> DispatchResult {
					ensure_root(origin)?;
					Subtensor::<T>::set_network_lock_reduction_interval(interval);
					Self::changed(Setting::NetworkLockReductionInterval, interval)
				}

				/// Sets the blocks between two registrations of subnets; for root.
				#[pallet::call_index(102)]
				#[pallet::weight(<T as Config>::WeightInfo::set_setting())]
				pub fn sudo_set_network_rate_limit(origin: OriginFor<T>, rate_limit: u64) -> DispatchResult {
					ensure_root(origin)?;
					Subtensor::<T>::set_network_rate_limit(rate_limit);
					Self::changed(Setting::NetworkRateLimit, rate_limit)
				}

				/// Sets the blocks in which a new subnet does not make room for another; for root.
				#[pallet::call_index(103)]
				#[pallet::weight(<T as Config>::WeightInfo::set_setting())]
				pub fn sudo_set_network_immunity_period(origin: OriginFor<T>, immunity_period: u64) -> DispatchResult {
					ensure_root(origin)?;
					Subtensor::<T>::set_network_immunity_period(immunity_period);
					Self::changed(Setting::NetworkImmunityPeriod, immunity_period)
				}

				/// Sets the blocks after which a new subnet may be started; for root.
				#[pallet::call_index(104)]
				#[pallet::weight(<T as Config>::WeightInfo::set_setting())]
				pub fn sudo_set_start_call_delay(origin: OriginFor<T>, delay: u64) -> DispatchResult {
					ensure_root(origin)?;
					Subtensor::<T>::set_start_call_delay(delay);
					Self::changed(Setting::StartCallDelay, delay)
				}

				/// Sets the owners' share of the subnets' emission, of 65535; for root.
				#[pallet::call_index(65)]
				#[pallet::weight(<T as Config>::WeightInfo::set_setting())]
				pub fn sudo_set_subnet_owner_cut(origin: OriginFor<T>, subnet_owner_cut: u16) -> DispatchResult {
					ensure_root(origin)?;
					Subtensor::<T>::set_subnet_owner_cut(subnet_owner_cut);
					Self::changed(Setting::SubnetOwnerCut, subnet_owner_cut.into())
				}

				/// Sets the stake below which a hotkey neither sets weights nor counts in consensus, in rao; for root.
				#[pallet::call_index(66)]
				#[pallet::weight(<T as Config>::WeightInfo::set_setting())]
				pub fn sudo_set_stake_threshold(origin: OriginFor<T>, min_stake: u64) -> DispatchResult {
					ensure_root(origin)?;
					Subtensor::<T>::set_stake_threshold(min_stake);
					Self::changed(Setting::StakeThreshold, min_stake)
				}

				/// Sets for how many blocks before an epoch owners change no hyperparameters; for root.
				#[pallet::call_index(67)]
				#[pallet::weight(<T as Config>::WeightInfo::set_setting())]
				pub fn sudo_set_admin_freeze_window(origin: OriginFor<T>, window: u16) -> DispatchResult {
					ensure_root(origin)?;
					Subtensor::<T>::set_admin_freeze_window(window);
					Self::changed(Setting::AdminFreezeWindow, window.into())
				}

				/// Sets how many tempos an owner waits before changing the same hyperparameter again, 0 for none; for root.
				#[pallet::call_index(68)]
				#[pallet::weight(<T as Config>::WeightInfo::set_setting())]
				pub fn sudo_set_owner_hparam_rate_limit(origin: OriginFor<T>, epochs: u16) -> DispatchResult {
					ensure_root(origin)?;
					Subtensor::<T>::set_owner_hyperparam_rate_limit(epochs);
					Self::changed(Setting::OwnerHyperparamRateLimit, epochs.into())
				}

				/// Sets the smallest take of validators, at most the largest; for root.
				#[pallet::call_index(69)]
				#[pallet::weight(<T as Config>::WeightInfo::set_setting())]
				pub fn sudo_set_min_delegate_take(origin: OriginFor<T>, take: PerU16) -> DispatchResult {
					ensure_root(origin)?;
					Subtensor::<T>::set_min_delegate_take(take)
				}

				/// Sets the largest take of validators, which is also that of those who never set one; for root.
				#[pallet::call_index(70)]
				#[pallet::weight(<T as Config>::WeightInfo::set_setting())]
				pub fn sudo_set_default_take(origin: OriginFor<T>, default_take: PerU16) -> DispatchResult {
					ensure_root(origin)?;
					Subtensor::<T>::set_max_delegate_take(default_take)
				}

				/// Sets the blocks between two rises of a take; for root.
				#[pallet::call_index(71)]
				#[pallet::weight(<T as Config>::WeightInfo::set_setting())]
				pub fn sudo_set_tx_delegate_take_rate_limit(origin: OriginFor<T>, tx_rate_limit: u64) -> DispatchResult {
					ensure_root(origin)?;
					Subtensor::<T>::set_tx_delegate_take_rate_limit(tx_rate_limit)
				}

				/// Sets the blocks between two calls that replace a hotkey; for root.
				#[pallet::call_index(72)]
				#[pallet::weight(<T as Config>::WeightInfo::set_setting())]
				pub fn sudo_set_tx_rate_limit(origin: OriginFor<T>, tx_rate_limit: u64) -> DispatchResult {
					ensure_root(origin)?;
					Subtensor::<T>::set_tx_rate_limit(tx_rate_limit)
				}

				/// Sets the least that a stake on somebody else's hotkey may be worth, in rao; for root.
				#[pallet::call_index(73)]
				#[pallet::weight(<T as Config>::WeightInfo::set_setting())]
				pub fn sudo_set_nominator_min_required_stake(origin: OriginFor<T>, min_stake: u64) -> DispatchResult {
					ensure_root(origin)?;
					Subtensor::<T>::set_nominator_min_required_stake(min_stake)
				}

				/// Sets whether stake on a subnet may be traded and moved; for root.
				#[pallet::call_index(74)]
				#[pallet::weight(<T as Config>::WeightInfo::set_setting())]
				pub fn sudo_set_subtoken_enabled(
					origin: OriginFor<T>,
					netuid: NetUid,
					subtoken_enabled: bool,
				) -> DispatchResult {
					ensure_root(origin)?;
					Subtensor::<T>::set_subtoken_enabled(netuid, subtoken_enabled)
				}

				/// Sets the number of uids of a subnet, and takes them from the neurons beyond it: from those that would be
				/// replaced first, never from immune ones, and from at most 256 in one call. Neurons with higher uids take the
				/// places that become free; what was committed to before is void. For the owner, as often as the number of
				/// uids may be changed, and root.
				#[pallet::call_index(78)]
				#[pallet::weight(<T as Config>::WeightInfo::set_hyperparameter().saturating_add(
					Subtensor::<T>::trim_weight(MAX_UIDS_PER_SUBNET, MAX_TRIMMED_PER_CALL.into())
				))]
				pub fn sudo_trim_to_max_allowed_uids(
					origin: OriginFor<T>,
					netuid: NetUid,
					max_n: u16,
				) -> DispatchResultWithPostInfo {
					let authority = Subtensor::<T>::subnet_authority(origin, netuid)?;
					ensure!(max_n > 0, Error::<T>::MaxAllowedUidsOutOfBounds);
					let (searched, trimmed) = Subtensor::<T>::trim_neurons(netuid, max_n)?;
					Self::set(authority, netuid, Hyperparameter::MaxAllowedUids, max_n.into(), |record| {
						record.max_allowed_uids = max_n;
					})?;
					let trim = Subtensor::<T>::trim_weight(searched, trimmed);
					let set = <T as Config>::WeightInfo::set_hyperparameter();
					Ok(Some(set.saturating_add(trim)).into())
				}
			}
		}
	};
}

hyperparameter_table!(calls);
