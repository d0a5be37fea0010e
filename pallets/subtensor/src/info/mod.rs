//! Answers to the runtime APIs. They read whole subnets, and are for clients, not for calls.

mod delegates;
mod hyperparameters;
mod metagraph;
mod neurons;
mod root;
mod stakes;

#[cfg(test)]
mod tests;

use ganglion_primitives::AlphaBalance;

/// The value of a column at a uid, or the default where the column is too short.
fn at<Value: Copy + Default>(column: &[Value], uid: u16) -> Value {
	column.get(usize::from(uid)).copied().unwrap_or_default()
}

/// Emissions as shares of the largest one, of 65535: the order in which a full subnet replaces neurons.
fn pruning_score(emission: AlphaBalance, largest: AlphaBalance) -> u16 {
	let scaled = u128::from(emission.get()).saturating_mul(u128::from(u16::MAX));
	let score = scaled.checked_div(u128::from(largest.get())).unwrap_or_default();
	u16::try_from(score).unwrap_or(u16::MAX)
}
