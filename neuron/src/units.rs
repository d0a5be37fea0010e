//! TAO as people type and read it, rao as the chain counts it.

/// Rao in one TAO.
pub const RAO_PER_TAO: u64 = 1_000_000_000;

/// Why an amount was not taken.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{typed}` is not an amount of TAO: {reason}; type a number such as 12 or 0.25")]
pub struct AmountError {
	typed: String,
	reason: &'static str,
}

/// Reads an amount in TAO with up to nine decimals into rao, exactly.
///
/// # Errors
/// [`AmountError`] where it is not such a number or does not fit.
///
/// ```
/// assert_eq!(neuron::units::parse_tao("0.25"), Ok(250_000_000));
/// assert!(neuron::units::parse_tao("-1").is_err());
/// ```
pub fn parse_tao(typed: &str) -> Result<u64, AmountError> {
	let error = |reason| AmountError {
		typed: typed.chars().take(40).collect(),
		reason,
	};
	let (whole, fraction) = typed.split_once('.').unwrap_or((typed, ""));
	if whole.is_empty() && fraction.is_empty() {
		return Err(error("there is no digit"));
	}
	if !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
		return Err(error("only digits and one point are allowed"));
	}
	if fraction.len() > 9 {
		return Err(error("there are more than nine decimals"));
	}
	let whole = if whole.is_empty() { "0" } else { whole };
	let rao: u64 = format!("{fraction:0<9}")
		.parse()
		.map_err(|_| error("it is too large"))?;
	whole
		.parse::<u64>()
		.ok()
		.and_then(|tao| tao.checked_mul(RAO_PER_TAO))
		.and_then(|tao_rao| tao_rao.checked_add(rao))
		.ok_or_else(|| error("it is too large"))
}

/// Writes rao as TAO with nine decimals.
///
/// ```
/// assert_eq!(neuron::units::format_tao(1_500_000_000), "1.500000000");
/// ```
pub fn format_tao(rao: u64) -> String {
	format!("{}.{:09}", rao / RAO_PER_TAO, rao % RAO_PER_TAO)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn reads_back_what_it_writes() {
		for rao in [0, 1, 999_999_999, RAO_PER_TAO, 21_000_000 * RAO_PER_TAO, u64::MAX] {
			assert_eq!(parse_tao(&format_tao(rao)), Ok(rao));
		}
	}

	#[test]
	fn refuses_what_is_no_amount() {
		for typed in [
			"",
			".",
			"1e9",
			"1,5",
			"+1",
			"-1",
			"1.0000000001",
			"18446744074",
			"1.2.3",
			"½",
		] {
			assert!(parse_tao(typed).is_err(), "{typed}");
		}
	}
}
