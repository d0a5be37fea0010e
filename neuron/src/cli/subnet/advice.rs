//! What to do about the refusals that people meet.

/// The name of a refusal, and what it means for whoever reads it.
const ADVICE: [(&str, &str); 48] = [
	(
		"AdminActionProhibitedDuringWeightsWindow",
		"the owner may not change this shortly before an epoch: try again after it",
	),
	(
		"AmountTooLow",
		"give a larger amount: below the minimum nothing is staked",
	),
	(
		"BadOrigin",
		"sign with the key that owns the subnet, or with the sudo key",
	),
	(
		"CannotAffordLockCost",
		"registering a subnet costs more than the coldkey has: the cost halves with time",
	),
	(
		"ColdkeySwapAnnounced",
		"the coldkey is about to be replaced: sign with the new one when it is",
	),
	(
		"ColdkeySwapDisputed",
		"the replacement of the coldkey is disputed: it may do nothing until that is settled",
	),
	(
		"CommitRevealEnabled",
		"plain weights are refused while commit-reveal is on: commit them",
	),
	("DelegateTakeTooHigh", "choose a take below the chain's ceiling"),
	("DelegateTakeTooLow", "choose a take above the chain's floor"),
	("DuplicateUids", "name each uid once in a weight vector"),
	(
		"EvmKeyAssociateRateLimitExceeded",
		"wait before you associate another key",
	),
	("FailedShieldedTxParsing", "what was encrypted was no transaction"),
	(
		"HotKeyAccountNotExists",
		"the hotkey is not known: register it in a subnet first",
	),
	(
		"HotKeyAlreadyRegisteredInSubNet",
		"the hotkey has a uid in this subnet; use another hotkey, or that uid",
	),
	(
		"HotKeyNotRegisteredInNetwork",
		"register the hotkey: `neuron register --netuid N`",
	),
	(
		"HotKeyNotRegisteredInSubNet",
		"register the hotkey: `neuron register --netuid N`",
	),
	(
		"IncorrectWeightVersionKey",
		"the subnet asks for a newer release of the validator: update it",
	),
	("InputLengthsUnequal", "send as many weights as uids"),
	(
		"InsufficientLiquidity",
		"the pool is too small for this trade: trade less",
	),
	(
		"InvalidIpAddress",
		"publish an address that others can reach: --external",
	),
	("InvalidPort", "publish a port other than 0"),
	(
		"InvalidRealAccount",
		"the account that the proxy signs for is not its own",
	),
	(
		"InvalidRevealRound",
		"commit to a round of the beacon that is still to come",
	),
	(
		"InvalidShieldedTxPubKeyHash",
		"encrypt to the key of the next block's author, as the chain has it now",
	),
	(
		"MaxWeightExceeded",
		"no miner may have so large a part of the weights: see max_weights_limit",
	),
	(
		"NetworkTxRateLimitExceeded",
		"too soon after the last subnet was registered: try again some blocks later",
	),
	(
		"NeuronNoValidatorPermit",
		"stake more: the permits go to the highest stakes at each epoch",
	),
	(
		"NonAssociatedColdKey",
		"the hotkey belongs to another coldkey: sign with that one",
	),
	(
		"NoWeightsCommitFound",
		"commit the weights before you reveal them; a commit that is too old is gone",
	),
	(
		"NotEnoughBalanceToStake",
		"send TAO to the coldkey, or give a smaller amount",
	),
	("NotEnoughStakeToWithdraw", "take out less than is staked"),
	("NotSubnetOwner", "sign with the coldkey that owns the subnet"),
	(
		"RateLimitExceeded",
		"too soon after the last time: try again some blocks later",
	),
	("RevealTooEarly", "wait until the reveal period begins"),
	(
		"ServingRateLimitExceeded",
		"the address was published a moment ago: try again some blocks later",
	),
	(
		"SettingWeightsTooFast",
		"wait for weights_rate_limit blocks after the last weights",
	),
	(
		"SlippageTooHigh",
		"the price would move further than you allow: trade less, or allow more",
	),
	(
		"SubNetRegistrationDisabled",
		"the owner has closed the subnet to new neurons: see registration_allowed",
	),
	(
		"StartCallNotReady",
		"the subnet is too young to be started: wait some blocks",
	),
	(
		"StakeAmountTooLow",
		"give a larger amount: below the minimum nothing is staked",
	),
	(
		"SubnetNotExists",
		"check --netuid: `neuron metagraph --netuid N` shows what is there",
	),
	(
		"SubtokenDisabled",
		"the owner has not started the subnet yet: `neuron subnet start`",
	),
	("TempoOutOfBounds", "give 5 to 50400 blocks"),
	(
		"TooManyRegistrationsThisBlock",
		"others registered in this block: try again in the next one",
	),
	(
		"TransferDisallowed",
		"the owner of the subnet has switched transfers of stake off",
	),
	(
		"TxRateLimitExceeded",
		"too soon after the last time: try again some blocks later",
	),
	(
		"WeightVecLengthIsLow",
		"set weights on more miners: see min_allowed_weights",
	),
	(
		"ZeroMaxAmount",
		"at this price limit nothing can be traded: choose another limit",
	),
];

/// What to do about a refusal of this name.
pub(super) fn advice(name: &str) -> Option<&'static str> {
	ADVICE
		.iter()
		.find(|(known, _)| known.eq_ignore_ascii_case(name))
		.map(|(_, advice)| *advice)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn advice_is_about_names_that_exist() {
		let chain = include_str!("../../../../pallets/subtensor/src/lib.rs");
		for (name, _) in ADVICE {
			let is_numbered = (0..=u8::MAX).any(|number| neuron_chain::refusal_name(number) == Some(name));
			let is_chains = chain.lines().any(|line| line.trim() == format!("{name},"));
			assert!(is_numbered || is_chains || name == "BadOrigin", "{name}");
		}
	}

	#[test]
	fn every_numbered_refusal_has_advice() {
		for number in 0..=u8::MAX {
			if let Some(name) = neuron_chain::refusal_name(number) {
				assert!(advice(name).is_some(), "{name}");
			}
		}
		assert_eq!(advice("ratelimitexceeded"), advice("RateLimitExceeded"));
		assert_eq!(advice("NoSuchThing"), None);
	}
}
