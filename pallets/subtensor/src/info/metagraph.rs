//! A subnet and its neurons, column by column.

use crate::{Hyperparameters, emission, pallet::*};
use alloc::vec::Vec;
use codec::Compact;
use ganglion_primitives::{AlphaBalance, Metagraph, NetUid, SubnetPools, TaoBalance};

/// Text as the record carries it.
fn text(bytes: &[u8]) -> Vec<Compact<u8>> {
	bytes.iter().copied().map(Compact).collect()
}

impl<T: Config> Pallet<T> {
	/// Everything about a subnet; `None` where it does not exist.
	///
	/// `pending_root_emission` is what the pending alpha of root is worth at the present price, `tao_stake` the TAO on root,
	/// of which `total_stake` has as much as the weight of TAO says. What this chain does not have (collateral) is
	/// empty or zero.
	#[allow(clippy::too_many_lines, reason = "one line a field of a record that clients define")]
	pub fn get_metagraph(netuid: NetUid) -> Option<Metagraph> {
		if !NetworksAdded::<T>::get(netuid) {
			return None;
		}
		let neurons = Self::get_neurons_lite(netuid);
		let n = SubnetworkN::<T>::get(netuid);
		let registered_at = BlockAtRegistration::<T>::get(netuid);
		let parameters = Hyperparameters::load::<T>(netuid);
		let symbol = TokenSymbol::<T>::get(netuid);
		let identity = SubnetIdentitiesV3::<T>::get(netuid);
		let name: &[u8] = identity.as_ref().map_or(&[], |identity| &identity.subnet_name);
		let pool = T::Pools::reserves(netuid).unwrap_or_default();
		let tao_in_emission = SubnetTaoInEmission::<T>::get(netuid);
		let [servers, validators, root] = Self::pending_emission(netuid);
		let pending = servers.saturating_add(validators);
		let hotkeys = neurons.iter().map(|neuron| &neuron.hotkey);
		let staked = Self::stakes(hotkeys, [netuid, NetUid::ROOT]);
		let (stakes, roots): (Vec<_>, Vec<_>) =
			staked.map(|[alpha, root]| (alpha, TaoBalance::new(root.get()))).unzip();
		let tao_weight = TaoWeight::<T>::get();
		let no_collateral: Vec<_> = stakes.iter().map(|_| Compact(AlphaBalance::ZERO)).collect();
		Some(Metagraph {
			netuid: Compact(netuid),
			name: text(if name.is_empty() { &symbol } else { name }),
			symbol: text(&symbol),
			identity: identity.clone(),
			network_registered_at: Compact(NetworkRegisteredAt::<T>::get(netuid)),
			owner_hotkey: SubnetOwnerHotkey::<T>::get(netuid),
			owner_coldkey: SubnetOwner::<T>::get(netuid),
			block: Compact(Self::block_number()),
			tempo: Compact(parameters.tempo),
			last_step: Compact(LastMechansimStepBlock::<T>::get(netuid)),
			blocks_since_last_step: Compact(BlocksSinceLastStep::<T>::get(netuid)),
			subnet_emission: Compact(tao_in_emission.get()),
			alpha_in: Compact(pool.alpha),
			alpha_out: Compact(SubnetAlphaOut::<T>::get(netuid)),
			tao_in: Compact(pool.tao),
			alpha_out_emission: Compact(SubnetAlphaOutEmission::<T>::get(netuid)),
			alpha_in_emission: Compact(SubnetAlphaInEmission::<T>::get(netuid)),
			tao_in_emission: Compact(tao_in_emission),
			pending_alpha_emission: Compact(pending),
			pending_root_emission: Compact(Self::worth(netuid, root)),
			subnet_volume: Compact(0),
			moving_price: SubnetMovingPrice::<T>::get(netuid),
			rho: Compact(parameters.rho),
			kappa: Compact(parameters.kappa),
			min_allowed_weights: Compact(parameters.min_allowed_weights),
			max_weights_limit: Compact(parameters.max_weights_limit),
			weights_version: Compact(parameters.weights_version_key),
			weights_rate_limit: Compact(parameters.weights_set_rate_limit),
			activity_cutoff: Compact(parameters.activity_cutoff()),
			max_validators: Compact(parameters.max_allowed_validators),
			num_uids: Compact(n),
			max_uids: Compact(parameters.max_allowed_uids),
			burn: Compact(parameters.burn),
			difficulty: Compact(parameters.difficulty),
			registration_allowed: parameters.registration_allowed,
			pow_registration_allowed: parameters.pow_registration_allowed,
			immunity_period: Compact(parameters.immunity_period),
			min_difficulty: Compact(parameters.min_difficulty),
			max_difficulty: Compact(parameters.max_difficulty),
			min_burn: Compact(parameters.min_burn),
			max_burn: Compact(parameters.max_burn),
			adjustment_alpha: Compact(parameters.adjustment_alpha),
			adjustment_interval: Compact(parameters.adjustment_interval),
			target_regs_per_interval: Compact(parameters.target_registrations_per_interval),
			max_regs_per_block: Compact(parameters.max_registrations_per_block),
			serving_rate_limit: Compact(parameters.serving_rate_limit),
			commit_reveal_weights_enabled: parameters.commit_reveal_weights_enabled,
			commit_reveal_period: Compact(parameters.reveal_period_epochs),
			liquid_alpha_enabled: parameters.liquid_alpha_on,
			alpha_high: Compact(parameters.alpha_high),
			alpha_low: Compact(parameters.alpha_low),
			bonds_moving_avg: Compact(parameters.bonds_moving_average),
			hotkeys: neurons.iter().map(|neuron| neuron.hotkey.clone()).collect(),
			coldkeys: neurons.iter().map(|neuron| neuron.coldkey.clone()).collect(),
			identities: neurons
				.iter()
				.map(|neuron| IdentitiesV2::<T>::get(&neuron.coldkey))
				.collect(),
			axons: neurons.iter().map(|neuron| neuron.axon_info).collect(),
			active: neurons.iter().map(|neuron| neuron.active).collect(),
			validator_permit: neurons.iter().map(|neuron| neuron.validator_permit).collect(),
			pruning_score: neurons.iter().map(|neuron| neuron.pruning_score).collect(),
			last_update: neurons.iter().map(|neuron| neuron.last_update).collect(),
			emission: neurons.iter().map(|neuron| neuron.emission).collect(),
			dividends: neurons.iter().map(|neuron| neuron.dividends).collect(),
			incentives: neurons.iter().map(|neuron| neuron.incentive).collect(),
			consensus: neurons.iter().map(|neuron| neuron.consensus).collect(),
			trust: neurons.iter().map(|neuron| neuron.validator_trust).collect(),
			rank: neurons.iter().map(|neuron| neuron.rank).collect(),
			block_at_registration: registered_at.into_iter().map(Compact).collect(),
			alpha_stake: stakes.iter().copied().map(Compact).collect(),
			tao_stake: roots.iter().copied().map(Compact).collect(),
			total_stake: stakes
				.iter()
				.zip(&roots)
				.map(|(alpha, tao)| alpha.get().saturating_add(emission::weighted(tao.get(), tao_weight)))
				.map(|weight| Compact(TaoBalance::new(weight)))
				.collect(),
			tao_dividends_per_hotkey: Vec::new(),
			alpha_dividends_per_hotkey: Vec::new(),
			collateral_locked: no_collateral.clone(),
			collateral_min: no_collateral.clone(),
			collateral_earned: no_collateral,
		})
	}
}
