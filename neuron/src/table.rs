//! The metagraph as the table that people know.

use std::fmt::Write as _;

use neuron_chain::{Metagraph, Neuron};

use crate::units::format_tao;

const HEADINGS: [&str; 12] = [
	"UID",
	"STAKE",
	"TRUST",
	"CONSENSUS",
	"INCENTIVE",
	"DIVIDENDS",
	"EMISSION",
	"VPERMIT",
	"ACTIVE",
	"UPDATED",
	"HOTKEY",
	"AXON",
];
/// Columns from here on are text and align to the left.
const FIRST_TEXT_COLUMN: usize = 10;

/// Lays out a metagraph: one line a neuron, stake and emission in alpha, shares from 0 to 1, UPDATED in blocks ago.
pub fn metagraph(metagraph: &Metagraph) -> String {
	let rows: Vec<[String; 12]> = metagraph
		.neurons
		.iter()
		.map(|neuron| row(neuron, metagraph.block))
		.collect();
	let widths: [usize; 12] = std::array::from_fn(|column| {
		let cells = rows.iter().map(|row| row[column].chars().count());
		cells.chain([HEADINGS[column].len()]).max().unwrap_or(0)
	});
	let mut text = format!(
		"Subnet {}, block {}, {} neurons\n",
		metagraph.netuid,
		metagraph.block,
		rows.len()
	);
	line(&mut text, &HEADINGS.map(str::to_string), &widths);
	rows.iter().for_each(|row| line(&mut text, row, &widths));
	text
}

/// A u16 share as a number from 0 to 1 with five decimals.
pub fn share(value: u16) -> String {
	format!("{:.5}", f64::from(value) / f64::from(u16::MAX))
}

fn row(neuron: &Neuron, block: u64) -> [String; 12] {
	let mark = |set: bool| if set { "*" } else { "-" }.to_string();
	[
		neuron.uid.to_string(),
		format_tao(neuron.stake_rao),
		share(neuron.trust),
		share(neuron.consensus),
		share(neuron.incentive),
		share(neuron.dividends),
		format_tao(neuron.emission_rao),
		mark(neuron.validator_permit),
		mark(neuron.active),
		block.saturating_sub(neuron.last_update).to_string(),
		neuron.hotkey.to_string(),
		neuron.axon.map_or_else(
			|| "-".into(),
			|axon| std::net::SocketAddr::new(axon.ip, axon.port).to_string(),
		),
	]
}

fn line(text: &mut String, cells: &[String; 12], widths: &[usize; 12]) {
	let mut out = String::new();
	for (column, (cell, width)) in cells.iter().zip(widths).enumerate() {
		let separator = if column == 0 { "" } else { "  " };
		// Writing to a string cannot fail.
		let _ = if column >= FIRST_TEXT_COLUMN {
			write!(out, "{separator}{cell:<width$}")
		} else {
			write!(out, "{separator}{cell:>width$}")
		};
	}
	text.push_str(out.trim_end());
	text.push('\n');
}

#[cfg(test)]
mod tests {
	use neuron_chain::{AccountId, Axon};

	use super::*;

	#[test]
	fn columns_line_up_and_values_are_there() {
		let neuron = |uid, stake_rao, axon: Option<&str>| Neuron {
			uid,
			hotkey: AccountId::new([7; 32]),
			coldkey: AccountId::new([8; 32]),
			stake_rao,
			trust: u16::MAX,
			consensus: 0,
			incentive: 32_768,
			dividends: 1,
			emission_rao: 5,
			active: true,
			validator_permit: false,
			last_update: 90,
			registered_at: 10,
			axon: axon.map(|ip| Axon {
				ip: ip.parse().unwrap(),
				port: 9091,
				protocol: 4,
				version: 1,
			}),
			certificate: None,
		};
		let neurons = vec![neuron(0, 1, None), neuron(255, 1_234_000_000_000, Some("10.1.2.3"))];
		let text = metagraph(&Metagraph {
			netuid: 3,
			block: 100,
			block_hash: [0; 32],
			neurons,
		});
		let lines: Vec<_> = text.lines().collect();
		assert_eq!(lines.len(), 4);
		assert_eq!(lines[0], "Subnet 3, block 100, 2 neurons");
		assert!(lines[3].ends_with("10.1.2.3:9091") && lines[2].ends_with('-'), "{text}");
		assert!(
			lines[3].contains("1234.000000000") && lines[3].contains("0.50001"),
			"{text}"
		);
		let hotkey_column = lines[1].find("HOTKEY").unwrap();
		assert!(
			lines[2..].iter().all(|line| line[hotkey_column..].starts_with('5')),
			"{text}"
		);
	}
}
