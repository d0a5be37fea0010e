//! Prometheus' text form, as far as it is needed to show numbers.

use std::collections::BTreeMap;

/// The most series of a page that are kept.
pub const MAX_SERIES: usize = 200_000;

/// The numbers of one page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
	/// By name, then by label value (empty where there is none), which is all that this program's metrics have.
	series: BTreeMap<String, BTreeMap<String, f64>>,
}

impl Sample {
	/// Reads a page; lines that cannot be read are left out.
	///
	/// ```
	/// use neuron::top::Sample;
	/// let sample = Sample::parse("# a comment\nqueue 3\nscore{uid=\"7\"} 0.5\n");
	/// assert_eq!(sample.number("queue"), Some(3.0));
	/// assert_eq!(sample.labelled("score").collect::<Vec<_>>(), [("7", 0.5)]);
	/// ```
	pub fn parse(page: &str) -> Self {
		let mut sample = Self::default();
		let lines = page.lines().filter(|line| !line.starts_with('#'));
		for (name, label, value) in lines.filter_map(parse_line).take(MAX_SERIES) {
			sample
				.series
				.entry(name.to_owned())
				.or_default()
				.insert(label.to_owned(), value);
		}
		sample
	}

	/// The value of a series without labels.
	pub fn number(&self, name: &str) -> Option<f64> {
		self.series.get(name)?.get("").copied()
	}

	/// The sum over all labels.
	pub fn sum(&self, name: &str) -> Option<f64> {
		Some(self.series.get(name)?.values().sum())
	}

	/// (label value, value) of each series of that name.
	pub fn labelled(&self, name: &str) -> impl Iterator<Item = (&str, f64)> {
		let series = self.series.get(name).into_iter().flatten();
		series.map(|(label, value)| (label.as_str(), *value))
	}

	/// The value below which a share of a histogram's observations lies: the bound of its bucket.
	pub fn quantile(&self, histogram: &str, share: f64) -> Option<f64> {
		let buckets = self.series.get(&format!("{histogram}_bucket"))?;
		let mut buckets: Vec<(f64, f64)> = buckets
			.iter()
			.filter_map(|(bound, count)| Some((parse_number(bound)?, *count)))
			.collect();
		buckets.sort_by(|one, other| one.0.total_cmp(&other.0));
		let all = buckets.last()?.1;
		let found = buckets.iter().find(|bucket| all > 0.0 && bucket.1 >= all * share)?;
		Some(found.0)
	}
}

/// Name, first label's value, number.
fn parse_line(line: &str) -> Option<(&str, &str, f64)> {
	let (series, rest) = match line.find('{') {
		Some(open) => {
			let close = open + line[open..].rfind('}')?;
			((&line[..open], &line[open + 1..close]), &line[close + 1..])
		}
		None => {
			let (name, rest) = line.split_once(' ')?;
			((name, ""), rest)
		}
	};
	let value = parse_number(rest.split_whitespace().next()?)?;
	let label = series.1.split('"').nth(1).unwrap_or("");
	Some((series.0, label, value))
}

fn parse_number(text: &str) -> Option<f64> {
	match text {
		"+Inf" => Some(f64::INFINITY),
		text => text.parse().ok(),
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn what_the_neuron_writes_is_read() {
		let metrics = crate::metrics::Metrics::new();
		metrics.chain.block(42);
		metrics.miner.refused("busy");
		metrics.miner.refused("busy");
		for ms in [20, 20, 20, 400] {
			metrics.miner.ended("answered", std::time::Duration::from_millis(ms));
		}
		let sample = Sample::parse(&metrics.text());
		assert_eq!(sample.number("ganglion_chain_height"), Some(42.0));
		assert_eq!(
			sample.labelled("ganglion_miner_refusals_total").collect::<Vec<_>>(),
			[("busy", 2.0)]
		);
		assert_eq!(sample.quantile("ganglion_miner_request_seconds", 0.5), Some(0.025));
		assert_eq!(sample.quantile("ganglion_miner_request_seconds", 0.99), Some(0.5));
		assert_eq!(sample.sum("ganglion_miner_requests_total"), Some(4.0));
	}

	#[test]
	fn garbage_is_left_out() {
		for page in [
			"",
			"{",
			"}{ 1",
			"name",
			"name x",
			"name{a=\"b\" 1",
			"\u{1f9e0} \u{1f9e0}",
			"a{} 1\nb 2\n",
		] {
			let sample = Sample::parse(page);
			assert!(sample.number("name").is_none());
		}
		assert_eq!(Sample::parse("a{} 1\nb 2\n").number("b"), Some(2.0));
	}
}
