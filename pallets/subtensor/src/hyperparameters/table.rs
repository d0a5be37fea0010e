//! The table of hyperparameters: each is described once, here. The record, its defaults, the storage items, reading and
//! writing, the JSON of a genesis configuration and the list that clients ask for are derived from it.

/// Hands the table to the macro of this name.
///
/// - A row of `single` is `field: Type = default, Item: Hasher, "name for clients" => right index call(argument);`: the
///   field of the record, its storage item, and the call of the pallet `AdminUtils` that sets it. The right to call it is
///   the owner's (and root's) or root's only.
/// - A row of `state` has neither a name nor a call, because the chain itself moves it.
/// - A row of `pair` is one storage item that holds two fields, which one call sets.
///
/// The documentation is that of the field, of the storage item and of the call, so that it is in the metadata, too.
#[macro_export]
macro_rules! hyperparameter_table {
	($callback:ident) => {
		$callback! {
			single {
				/// Blocks between epochs, 5 to 50400. Root has none.
				tempo: u16 = 360, Tempo: Identity, "tempo"
					=> owner 0 sudo_set_tempo(tempo);
				/// Number of neurons from which on a registration replaces one, 1 to 4096.
				max_allowed_uids: u16 = 256, MaxAllowedUids: Identity, "max_allowed_uids"
					=> owner 1 sudo_set_max_allowed_uids(max_allowed_uids);
				/// Number of validator permits, 1 to 256; the owner's may come on top.
				max_allowed_validators: u16 = 64, MaxAllowedValidators: Identity, "max_validators"
					=> root 2 sudo_set_max_allowed_validators(max_allowed_validators);
				/// Blocks during which a new neuron is not replaced.
				immunity_period: u16 = 4_096, ImmunityPeriod: Identity, "immunity_period"
					=> owner 3 sudo_set_immunity_period(immunity_period);
				/// Blocks between two weight vectors of one validator; 0 = no limit.
				weights_set_rate_limit: u64 = 100, WeightsSetRateLimit: Identity, "weights_rate_limit"
					=> root 4 sudo_set_weights_set_rate_limit(weights_set_rate_limit);
				/// Fewest destinations (with a weight above zero) of a weight vector. A subnet with fewer possible
				/// destinations asks for all of them.
				min_allowed_weights: u16 = 1, MinAllowedWeights: Identity, "min_allowed_weights"
					=> owner 5 sudo_set_min_allowed_weights(min_allowed_weights);
				/// Largest share of one destination in a weight vector, of 65535; 65535 = no limit.
				max_weights_limit: u16 = u16::MAX, MaxWeightsLimit: Identity, "max_weights_limit"
					=> root 6 sudo_set_max_weights_limit(max_weights_limit);
				/// Smallest version key that a weight vector may carry; 0 = any.
				weights_version_key: u64 = 0, WeightsVersionKey: Identity, "weights_version"
					=> owner 7 sudo_set_weights_version_key(weights_version_key);
				/// Whether weights have to be committed before they are revealed. While it is set, plain weights are
				/// refused.
				commit_reveal_weights_enabled: bool = false, CommitRevealWeightsEnabled: Identity,
					"commit_reveal_weights_enabled"
					=> owner 8 sudo_set_commit_reveal_weights_enabled(enabled);
				/// Epochs between the commit of weights and their reveal, 1 to 100.
				reveal_period_epochs: u64 = 1, RevealPeriodEpochs: Twox64Concat, "commit_reveal_period"
					=> owner 9 sudo_set_commit_reveal_weights_interval(interval);
				/// Which algorithm turns weights into payouts; Yuma is the only one offered.
				epoch_consensus: EpochConsensus = EpochConsensus::Yuma, SubnetEpochConsensus: Identity,
					"epoch_consensus"
					=> owner 10 sudo_set_epoch_consensus(mode);
				/// Majority ratio of consensus, of 65535.
				kappa: u16 = 32_767, Kappa: Identity, "kappa"
					=> root 11 sudo_set_kappa(kappa);
				/// Steepness of the trust sigmoid of earlier consensus versions. Kept for clients; nothing computes
				/// with it.
				rho: u16 = 10, Rho: Identity, "rho"
					=> owner 12 sudo_set_rho(rho);
				/// Share of the old bond that is kept in an epoch, per million.
				bonds_moving_average: u64 = 900_000, BondsMovingAverage: Identity, "bonds_moving_avg"
					=> owner 13 sudo_set_bonds_moving_average(bonds_moving_average);
				/// How far bonds follow the clipped weights (65535) rather than the raw ones (0).
				bonds_penalty: u16 = u16::MAX, BondsPenalty: Identity, "bonds_penalty"
					=> owner 14 sudo_set_bonds_penalty(bonds_penalty);
				/// Whether a miner that publishes a commitment asking for it loses the bonds that validators hold in it.
				bonds_reset_on: bool = false, BondsResetOn: Identity, "bonds_reset_enabled"
					=> owner 15 sudo_set_bonds_reset_enabled(enabled);
				/// Activity cutoff in thousandths of a tempo, 1000 to 50000: a validator whose weights are older counts
				/// as inactive.
				activity_cutoff_factor_milli: u32 = 13_889, ActivityCutoffFactorMilli: Identity,
					"activity_cutoff_factor"
					=> owner 16 sudo_set_activity_cutoff_factor(factor_milli);
				/// Yuma 3 bonds.
				yuma3_on: bool = false, Yuma3On: Blake2_128Concat, "yuma3_enabled"
					=> owner 17 sudo_set_yuma3_enabled(enabled);
				/// Liquid alpha; has an effect with Yuma 3 only.
				liquid_alpha_on: bool = false, LiquidAlphaOn: Blake2_128Concat, "liquid_alpha_enabled"
					=> owner 18 sudo_set_liquid_alpha_enabled(enabled);
				/// Liquid alpha, steepness of the sigmoid in hundredths.
				alpha_sigmoid_steepness: i16 = 1_000, AlphaSigmoidSteepness: Identity, "alpha_sigmoid_steepness"
					=> owner 19 sudo_set_alpha_sigmoid_steepness(steepness);
				/// Whether neurons may register by paying.
				registration_allowed: bool = true, NetworkRegistrationAllowed: Identity, "registration_allowed"
					=> owner 20 sudo_set_network_registration_allowed(registration_allowed);
				/// Most registrations per block, 1 to 16.
				max_registrations_per_block: u16 = 1, MaxRegistrationsPerBlock: Identity, "max_regs_per_block"
					=> root 21 sudo_set_max_registrations_per_block(max_registrations_per_block);
				/// Smallest cost of a registration.
				min_burn: TaoBalance = TaoBalance::new(500_000), MinBurn: Identity, "min_burn"
					=> owner 22 sudo_set_min_burn(min_burn);
				/// Largest cost of a registration.
				max_burn: TaoBalance = TaoBalance::new(100_u64.saturating_mul(RAO_PER_TAO)), MaxBurn: Identity,
					"max_burn"
					=> owner 23 sudo_set_max_burn(max_burn);
				/// Blocks in which the cost of a registration above its floor halves, and likewise the difficulty; at
				/// least 1.
				burn_half_life: u16 = 360, BurnHalfLife: Identity, "burn_half_life"
					=> owner 24 sudo_set_burn_half_life(burn_half_life);
				/// What a registration multiplies the cost of the next one by, and one by work the difficulty: 1 to 3.
				burn_increase_mult: U64F64 = BURN_INCREASE_MULT, BurnIncreaseMult: Identity, "burn_increase_mult"
					=> owner 25 sudo_set_burn_increase_mult(burn_increase_mult);
				/// Whether neurons may register by proof of work.
				pow_registration_allowed: bool = false, NetworkPowRegistrationAllowed: Identity,
					"network_pow_registration_allowed"
					=> owner 26 sudo_set_network_pow_registration_allowed(registration_allowed);
				/// Expected number of hashes of a registration by proof of work, between the smallest and the largest.
				difficulty: u64 = 10_000_000, Difficulty: Identity, "difficulty"
					=> root 27 sudo_set_difficulty(difficulty);
				/// Smallest difficulty, at least 1.
				min_difficulty: u64 = 10_000_000, MinDifficulty: Identity, "min_difficulty"
					=> root 28 sudo_set_min_difficulty(min_difficulty);
				/// Largest difficulty.
				max_difficulty: u64 = u64::MAX / 4, MaxDifficulty: Identity, "max_difficulty"
					=> owner 29 sudo_set_max_difficulty(max_difficulty);
				/// Smoothing of the registration cost in earlier versions of the network, of 2^64 - 1. Kept for clients;
				/// nothing computes with it.
				adjustment_alpha: u64 = 17_893_341_751_498_265_066, AdjustmentAlpha: Identity, "adjustment_alpha"
					=> owner 30 sudo_set_adjustment_alpha(adjustment_alpha);
				/// Blocks between changes of the registration cost in earlier versions of the network. Kept for clients;
				/// nothing computes with it.
				adjustment_interval: u16 = 360, AdjustmentInterval: Identity, "adjustment_interval"
					=> root 31 sudo_set_adjustment_interval(adjustment_interval);
				/// Registrations that earlier versions of the network aimed at. Kept for clients; nothing computes with
				/// it.
				target_registrations_per_interval: u16 = 1, TargetRegistrationsPerInterval: Identity,
					"target_regs_per_interval"
					=> root 32 sudo_set_target_registrations_per_interval(target_registrations_per_interval);
				/// Most neurons of the owner that are never replaced, 1 to 10.
				immune_owner_uids_limit: u16 = 1, ImmuneOwnerUidsLimit: Identity, "owner_immune_neuron_limit"
					=> owner 33 sudo_set_owner_immune_neuron_limit(immune_neurons);
				/// Blocks between two publications of an axon; 0 = no limit.
				serving_rate_limit: u64 = 50, ServingRateLimit: Identity, "serving_rate_limit"
					=> owner 34 sudo_set_serving_rate_limit(serving_rate_limit);
				/// Share of a registration's cost that is locked as collateral and not burned, of 65535, at most 62258. Kept for
				/// clients; this chain locks none yet.
				collateral_lock_share: u16 = 0, CollateralLockShare: Identity, "collateral_lock_share"
					=> owner 35 sudo_set_collateral_lock_share(lock_share);
				/// Alpha of the collateral that is set free for each alpha earned, above 0 and at most 10. Kept for clients, like
				/// the share.
				collateral_drain_ratio: U64F64 = U64F64::from_integer(1), CollateralDrainRatio: Identity,
					"collateral_drain_ratio"
					=> owner 36 sudo_set_collateral_drain_ratio(drain_ratio);
				/// Smallest take of a child key. Kept for clients; this chain has no child keys yet.
				min_childkey_take: PerU16 = PerU16::from_parts(0), MinChildkeyTakePerSubnet: Identity,
					"min_childkey_take"
					=> owner 37 sudo_set_min_childkey_take_per_subnet(take);
				/// Whether the owner gets the owner cut.
				owner_cut_enabled: bool = true, OwnerCutEnabled: Identity, "owner_cut_enabled"
					=> owner 38 sudo_set_owner_cut_enabled(enabled);
				/// Whether the owner cut is locked when it is paid. Kept for clients; this chain locks no stake yet.
				owner_cut_auto_lock_enabled: bool = false, OwnerCutAutoLockEnabled: Identity,
					"owner_cut_auto_lock_enabled"
					=> owner 39 sudo_set_owner_cut_auto_lock_enabled(enabled);
				/// Whether stake may be transferred to another coldkey.
				transfers_enabled: bool = true, TransferToggle: Identity, "transfers_enabled"
					=> owner 40 sudo_set_toggle_transfer(toggle);
			}
			state {
				/// Cost of a registration, between the smallest and the largest.
				burn: TaoBalance = TaoBalance::new(RAO_PER_TAO), Burn: Identity;
			}
			pair {
				/// Bounds of liquid alpha, of 65535.
				AlphaValues: Identity => owner 41 sudo_set_alpha_values {
					/// Liquid alpha, lower bound, of 65535.
					alpha_low: u16 = 45_875, "alpha_low";
					/// Liquid alpha, upper bound, of 65535; at least the lower one.
					alpha_high: u16 = 58_982, "alpha_high";
				}
			}
		}
	};
}
