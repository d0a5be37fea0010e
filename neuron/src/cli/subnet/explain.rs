//! `neuron subnet explain`: why this payout, and what this error means.

use std::fmt::Write as _;

use anyhow::{Context as _, Result, bail};
use neuron_chain::{ChainClient, EpochInputs, EpochResults, KnownError, refusal_name};
use yuma::{Entry, EpochInput, Explanation, LiquidAlpha, MechanismInput, Parameters};

use super::advice::advice;
use crate::{
	cli::{
		chain_commands::{check_subnet, connect},
		print,
	},
	neuron_options::WalletLocation,
	units::format_tao,
};

/// Longest text of an error that is looked at.
const MAX_ERROR_BYTES: usize = 4096;

pub(super) async fn payout(url: &str, wallet: &WalletLocation, netuid: u16, uid: Option<u16>, now: bool) -> Result<()> {
	let client = connect(url).await?;
	check_subnet(&client, netuid).await?;
	let uid = match uid {
		Some(uid) => uid,
		None => {
			let hotkey = wallet.hotkey()?.account_id();
			let uid = client.uid(netuid, &hotkey).await?;
			uid.with_context(|| format!("hotkey {hotkey} has no uid on subnet {netuid}: give --uid N"))?
		}
	};
	let last = client.last_epoch_block(netuid).await?;
	let text = if now || last == 0 {
		let inputs = client.epoch_inputs(netuid, None).await?;
		format!(
			"What an epoch after block {} would pay; payouts so far are of block {last}.\n\n{}",
			inputs.block,
			explained(&inputs, inputs.block, None, uid)?
		)
	} else {
		past(&client, netuid, last, uid).await?
	};
	print(&format!("{text}\n{}", next_epoch(&client, netuid).await?))
}

/// The last epoch, from the state that the block before it left.
async fn past(client: &ChainClient, netuid: u16, last: u64, uid: u16) -> Result<String> {
	let before = client.epoch_inputs(netuid, Some(last.saturating_sub(1))).await;
	let inputs = before.with_context(|| {
		format!("the node cannot say what the epoch of block {last} read; with --now you see what one would pay now")
	})?;
	let results = client.epoch_results(netuid, Some(last)).await?;
	let text = explained(&inputs, last, Some(&results), uid)?;
	Ok(format!("What the epoch of block {last} has paid.\n\n{text}"))
}

async fn next_epoch(client: &ChainClient, netuid: u16) -> Result<String> {
	let (block, next) = (
		client.block_number().await?,
		client.next_epoch_start_block(netuid).await?,
	);
	Ok(match next {
		Some(next) => format!(
			"next epoch: block {next}, {} blocks after {block}\n",
			next.saturating_sub(block)
		),
		None => format!("next epoch: none, since subnet {netuid} has no epochs\n"),
	})
}

/// One uid's numbers in the epoch of `block`, beside what the chain has written, where it has.
fn explained(inputs: &EpochInputs, block: u64, results: Option<&EpochResults>, uid: u16) -> Result<String> {
	let Some(hotkey) = inputs.hotkeys.get(usize::from(uid)) else {
		bail!(
			"there was no uid {uid} at block {}: the subnet had {} neurons",
			inputs.block,
			inputs.hotkeys.len()
		);
	};
	let emission_rao = results.map_or(inputs.pending_rao, |results| results.emission_rao.iter().sum());
	let explanation =
		explain(inputs, block, emission_rao, uid).with_context(|| format!("the consensus has no uid {uid}"))?;
	let mut text = format!(
		"hotkey {hotkey}, registered at block {}\n{explanation}",
		registered(inputs, uid)
	);
	if let Some(results) = results {
		let (as_miner, as_validator) = (&explanation.as_miner, &explanation.as_validator);
		let agrees = results.incentive.get(usize::from(uid)) == Some(&as_miner.incentive_u16)
			&& results.dividends.get(usize::from(uid)) == Some(&as_validator.dividends_u16);
		let at = |list: &[u16]| list.get(usize::from(uid)).copied().unwrap_or(0);
		let paid = results.emission_rao.get(usize::from(uid)).copied().unwrap_or(0);
		writeln!(
			text,
			"\non chain: incentive {}, dividends {} of 65535, {} alpha: {}",
			at(&results.incentive),
			at(&results.dividends),
			format_tao(paid),
			if agrees {
				"as explained"
			} else {
				"not as explained, because stake or weights still changed in the block of the epoch itself"
			}
		)?;
	}
	Ok(text)
}

fn registered(inputs: &EpochInputs, uid: u16) -> u64 {
	inputs.registered_at.get(usize::from(uid)).copied().unwrap_or(0)
}

/// Runs the chain's arithmetic on what the chain has stored.
fn explain(inputs: &EpochInputs, block: u64, emission_rao: u64, uid: u16) -> Option<Explanation> {
	let n = u16::try_from(inputs.hotkeys.len()).ok()?;
	let weights: Vec<&[Entry]> = (0..n)
		.map(|uid| inputs.weights.get(&uid).map_or(&[][..], Vec::as_slice))
		.collect();
	let bonds: Vec<&[Entry]> = (0..n)
		.map(|uid| inputs.bonds.get(&uid).map_or(&[][..], Vec::as_slice))
		.collect();
	let mechanisms = [MechanismInput {
		last_update: &inputs.last_update,
		weights: &weights,
		bonds: &bonds,
		..MechanismInput::default()
	}];
	let input = EpochInput {
		n,
		block,
		last_mechanism_step_block: inputs.last_step_block,
		owner_uid: inputs.owner_uid,
		emission: emission_rao,
		block_at_registration: &inputs.registered_at,
		stake: &inputs.stake_rao,
		validator_permits: &inputs.permits,
		mechanisms: &mechanisms,
		parameters: parameters(inputs),
	};
	yuma::explain(&input, 0, uid)
}

fn parameters(inputs: &EpochInputs) -> Parameters {
	let (alpha_low, alpha_high) = inputs.alpha_values;
	let liquid_alpha = LiquidAlpha {
		alpha_low,
		alpha_high,
		sigmoid_steepness: inputs.alpha_sigmoid_steepness,
	};
	Parameters {
		kappa: inputs.kappa,
		bonds_penalty: inputs.bonds_penalty,
		bonds_moving_average: inputs.bonds_moving_average,
		yuma3: inputs.yuma3,
		liquid_alpha: (inputs.yuma3 && inputs.liquid_alpha).then_some(liquid_alpha),
		max_allowed_validators: inputs.max_allowed_validators,
		activity_cutoff: u64::from(inputs.activity_cutoff_factor_milli).saturating_mul(inputs.tempo.into()) / 1_000,
		stake_threshold: inputs.stake_threshold_rao,
		tempo: inputs.tempo.into(),
	}
}

/// What an error means; a node at hand knows those of its pallets too.
pub(super) async fn error(url: &str, text: &str) -> Result<()> {
	let Some(name) = error_name(text) else {
		bail!("`{text:.100}` names no error: expected `Custom error: 6`, `6` or a name such as `RateLimitExceeded`");
	};
	let (known, node) = match connect(url).await {
		Ok(client) => (client.errors_named(&name).await.unwrap_or_default(), true),
		Err(_) => (Vec::new(), false),
	};
	match meaning(&name, &known) {
		Some(meaning) => print(&meaning),
		None if node => bail!("neither the chain nor this program knows an error `{name}`"),
		None => bail!("this program does not know an error `{name}`; start a node, or give --url: its pallets may"),
	}
}

fn meaning(name: &str, known: &[KnownError]) -> Option<String> {
	let advice = advice(name);
	if advice.is_none() && known.is_empty() {
		return None;
	}
	let mut text = known.first().map_or(name, |known| &known.name).to_owned();
	for known in known.iter().filter(|known| !known.docs.is_empty()) {
		text.push_str(&format!("\n  {}: {}", known.pallet, known.docs));
	}
	if let Some(advice) = advice {
		text.push_str(&format!("\n  what to do: {advice}"));
	}
	text.push('\n');
	Some(text)
}

/// The name in what was copied from a log: a number, `Custom error: 6`, `Custom(6)`, a name, or a line with a pallet's error
/// such as `SubtensorModule.RateLimitExceeded (…)`.
fn error_name(text: &str) -> Option<String> {
	if text.len() > MAX_ERROR_BYTES {
		return None;
	}
	let number = |digits: &str| digits.trim().parse::<u8>().ok().and_then(refusal_name);
	if let Some(name) = number(text) {
		return Some(name.to_owned());
	}
	if let Some((_, rest)) = text.split_once("Custom") {
		let digits: String = rest
			.chars()
			.skip_while(|c| !c.is_ascii_digit())
			.take_while(char::is_ascii_digit)
			.collect();
		return number(&digits).map(str::to_owned);
	}
	let words = || {
		text.split(|c: char| !c.is_ascii_alphanumeric())
			.filter(|word| is_name(word))
	};
	let known = words().find(|word| advice(word).is_some());
	// In `SubtensorModule.X` the error is the last name.
	known.or_else(|| words().next_back()).map(str::to_owned)
}

/// In the form of an error's name: words in capitals, run together.
fn is_name(word: &str) -> bool {
	word.starts_with(|c: char| c.is_ascii_uppercase()) && word.chars().filter(char::is_ascii_uppercase).count() > 1
}

#[cfg(test)]
mod tests {
	use neuron_chain::AccountId;

	use super::*;

	#[test]
	fn errors_are_found_in_what_people_copy() {
		for text in [
			"6",
			"Custom error: 6",
			"Invalid Transaction: Custom(6)",
			"RateLimitExceeded",
			"add_stake was refused: SubtensorModule.RateLimitExceeded (too soon)",
		] {
			assert_eq!(error_name(text).as_deref(), Some("RateLimitExceeded"), "{text}");
		}
		assert_eq!(
			error_name("SubtensorModule.NoSuchError").as_deref(),
			Some("NoSuchError")
		);
		for text in ["", "what", "Custom error: 200", "300"] {
			assert_eq!(error_name(text), None, "{text}");
		}
		assert_eq!(error_name(&"A".repeat(MAX_ERROR_BYTES + 1)), None);
	}

	#[test]
	fn a_meaning_has_the_chains_words_and_ours() {
		let known = KnownError {
			pallet: "SubtensorModule".into(),
			name: "NotSubnetOwner".into(),
			docs: "The caller does not own the subnet.".into(),
		};
		let text = meaning("notsubnetowner", &[known]).unwrap();
		assert!(
			text.starts_with("NotSubnetOwner\n  SubtensorModule: The caller"),
			"{text}"
		);
		assert!(text.contains("what to do: sign with the coldkey"), "{text}");
		assert_eq!(meaning("NoSuchThing", &[]), None);
	}

	/// One validator with a permit, two miners: 3 : 1.
	fn inputs() -> EpochInputs {
		EpochInputs {
			block: 99,
			pending_rao: 1_000_000,
			hotkeys: (0..3).map(|index| AccountId::from([index; 32])).collect(),
			stake_rao: vec![1_000, 0, 0],
			registered_at: vec![1; 3],
			permits: vec![true, false, false],
			last_update: vec![90, 0, 0],
			weights: [(0, vec![(1, 3), (2, 1)])].into(),
			kappa: 32_767,
			bonds_penalty: 65_535,
			bonds_moving_average: 900_000,
			max_allowed_validators: 4,
			activity_cutoff_factor_milli: 13_889,
			tempo: 10,
			..EpochInputs::default()
		}
	}

	#[test]
	fn a_payout_is_explained_by_the_chains_own_arithmetic() {
		let explanation = explain(&inputs(), 100, 1_000_000, 1).unwrap();
		assert_eq!(explanation.as_miner.incentive_u16, 49_151);
		assert_eq!(explanation.as_miner.opinions.len(), 1);
		let text = explained(&inputs(), 99, None, 1).unwrap();
		assert!(
			text.contains("rank") && text.contains("payout of 1000000 rao"),
			"{text}"
		);
		let error = explained(&inputs(), 99, None, 3).unwrap_err();
		assert!(error.to_string().contains("had 3 neurons"), "{error}");
	}

	#[test]
	fn it_says_whether_the_chain_agrees() {
		let right = EpochResults {
			incentive: vec![0, 49_151, 16_383],
			dividends: vec![65_535, 0, 0],
			emission_rao: vec![500_000, 375_000, 125_000],
		};
		let text = explained(&inputs(), 100, Some(&right), 1).unwrap();
		assert!(
			text.contains("incentive 49151") && text.ends_with("as explained\n"),
			"{text}"
		);
		let wrong = EpochResults {
			incentive: vec![0, 1, 1],
			..right
		};
		let text = explained(&inputs(), 100, Some(&wrong), 1).unwrap();
		assert!(text.contains("not as explained"), "{text}");
	}
}
