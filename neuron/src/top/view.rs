//! What is shown, and how.

use std::{collections::VecDeque, net::SocketAddr};

use ratatui::{
	Frame,
	layout::{Constraint, Layout, Rect},
	style::{Style, Stylize},
	text::Line,
	widgets::{Block, Gauge, Paragraph, Row, Sparkline, Table},
};

use super::sample::Sample;

/// How many looks the history holds.
const HISTORY: usize = 240;
/// Miners whose score is shown, the best first.
const MAX_ROWS: usize = 64;

/// What `neuron top` knows.
#[derive(Debug)]
pub struct View {
	address: SocketAddr,
	now: Sample,
	problem: Option<String>,
	/// Requests per second, newest last.
	rates: VecDeque<u64>,
	rate: f64,
}

impl View {
	/// Nothing yet, of the neuron whose metrics are at this address.
	pub fn new(address: SocketAddr) -> Self {
		Self {
			address,
			now: Sample::default(),
			problem: None,
			rates: VecDeque::new(),
			rate: 0.0,
		}
	}

	/// Where the metrics are.
	pub fn address(&self) -> SocketAddr {
		self.address
	}

	/// Takes a look that was made `elapsed_seconds` after the one before, or why there is none.
	pub fn update(&mut self, sample: Result<Sample, String>, elapsed_seconds: f64) {
		let sample = match sample {
			Ok(sample) => sample,
			Err(problem) => {
				self.problem = Some(problem);
				return;
			}
		};
		self.problem = None;
		let work = |sample: &Sample| {
			let counters = [
				"ganglion_miner_requests_total",
				"ganglion_validator_challenges_total",
				"ganglion_gateway_attempts_total",
			];
			counters.iter().filter_map(|name| sample.sum(name)).sum::<f64>()
		};
		// A neuron that was started anew counts from 0.
		let done = (work(&sample) - work(&self.now)).max(0.0);
		self.rate = if elapsed_seconds > 0.0 {
			done / elapsed_seconds
		} else {
			0.0
		};
		if self.rates.len() == HISTORY {
			self.rates.pop_front();
		}
		self.rates.push_back((self.rate * 100.0) as u64);
		self.now = sample;
	}

	fn number(&self, name: &str) -> String {
		self.now.number(&format!("ganglion_{name}")).map_or("-".into(), plain)
	}

	fn sum(&self, name: &str) -> String {
		self.now.sum(&format!("ganglion_{name}")).map_or("-".into(), plain)
	}

	fn seconds(&self, histogram: &str, share: f64) -> String {
		match self.now.quantile(&format!("ganglion_{histogram}"), share) {
			Some(bound) if bound.is_finite() => format!("≤{bound} s"),
			Some(_) => ">120 s".into(),
			None => "-".into(),
		}
	}

	fn labels(&self, name: &str) -> String {
		let all: Vec<_> = self
			.now
			.labelled(&format!("ganglion_{name}"))
			.map(|(label, value)| format!("{label} {}", plain(value)))
			.collect();
		if all.is_empty() { "none".into() } else { all.join(", ") }
	}
}

fn plain(value: f64) -> String {
	if value.fract() == 0.0 {
		format!("{value:.0}")
	} else {
		format!("{value:.4}")
	}
}

/// Draws it all.
pub fn draw(frame: &mut Frame<'_>, view: &View) {
	let [head, body, history, foot] = Layout::vertical([
		Constraint::Length(4),
		Constraint::Min(8),
		Constraint::Length(5),
		Constraint::Length(1),
	])
	.areas(frame.area());
	let [left, right] = Layout::horizontal([Constraint::Percentage(50), Constraint::Percentage(50)]).areas(body);
	let [work, earnings] = Layout::vertical([Constraint::Min(7), Constraint::Length(7)]).areas(left);
	draw_chain(frame, head, view);
	draw_work(frame, work, view);
	draw_earnings(frame, earnings, view);
	draw_scores(frame, right, view);
	let rates: Vec<u64> = view.rates.iter().copied().collect();
	let title = format!("requests and challenges: {:.2} a second", view.rate);
	frame.render_widget(
		Sparkline::default().data(&rates).block(Block::bordered().title(title)),
		history,
	);
	let keys = Line::from(format!("{}   q quits", view.address));
	frame.render_widget(keys, foot);
}

fn draw_chain(frame: &mut Frame<'_>, area: Rect, view: &View) {
	let line = match &view.problem {
		Some(problem) => Line::from(format!("no answer, the numbers are old: {problem}")).red(),
		None => Line::from(format!(
			"block {}   neurons {}   peers with an address {}   permit {}",
			view.number("chain_height"),
			view.number("chain_neurons"),
			view.number("chain_axons"),
			view.number("chain_validator_permit"),
		)),
	};
	let weights = format!(
		"weights on chain {} (block {}), refused {}",
		view.number("validator_weights_set_total"),
		view.number("validator_weights_block"),
		view.number("validator_weights_refused_total"),
	);
	let text = Paragraph::new(vec![line, Line::from(weights)]);
	frame.render_widget(text.block(Block::bordered().title("chain")), area);
}

fn draw_work(frame: &mut Frame<'_>, area: Rect, view: &View) {
	let block = Block::bordered().title("work");
	let inner = block.inner(area);
	frame.render_widget(block, area);
	let [gauge, lines] = Layout::vertical([Constraint::Length(1), Constraint::Min(1)]).areas(inner);
	let number = |name| view.now.number(name).unwrap_or(0.0);
	let (waiting, running) = (number("ganglion_miner_queue"), number("ganglion_miner_running"));
	let all = waiting + running;
	let share = if all > 0.0 { waiting / all } else { 0.0 };
	let label = format!("queue {waiting:.0}, running {running:.0}");
	frame.render_widget(Gauge::default().ratio(share.clamp(0.0, 1.0)).label(label), gauge);
	let text = vec![
		Line::from(format!("requests  {}", view.labels("miner_requests_total"))),
		Line::from(format!("refused   {}", view.labels("miner_refusals_total"))),
		Line::from(format!(
			"latency   p50 {}  p99 {}",
			view.seconds("miner_request_seconds", 0.5),
			view.seconds("miner_request_seconds", 0.99)
		)),
		Line::from(format!("tokens    {}", view.number("miner_tokens_total"))),
		Line::from(format!("challenges {}", view.labels("validator_challenges_total"))),
		Line::from(format!("gateway   {} answers", view.sum("gateway_attempts_total"))),
	];
	frame.render_widget(Paragraph::new(text), lines);
}

fn draw_earnings(frame: &mut Frame<'_>, area: Rect, view: &View) {
	let text = vec![
		Line::from(format!(
			"emission in the last epoch  {} alpha",
			view.number("chain_emission_alpha")
		)),
		Line::from(format!(
			"stake                       {} alpha",
			view.number("chain_stake_alpha")
		)),
		Line::from(format!(
			"incentive                   {}",
			view.number("chain_incentive_share")
		)),
		Line::from(format!(
			"dividends                   {}",
			view.number("chain_dividends_share")
		)),
	];
	frame.render_widget(Paragraph::new(text).block(Block::bordered().title("earnings")), area);
}

fn draw_scores(frame: &mut Frame<'_>, area: Rect, view: &View) {
	let mut scores: Vec<_> = view.now.labelled("ganglion_validator_score").collect();
	scores.sort_by(|one, other| other.1.total_cmp(&one.1));
	let rows = scores.iter().take(MAX_ROWS).map(|(uid, score)| {
		let bar = "█".repeat((score.clamp(0.0, 1.0) * 20.0).round() as usize);
		Row::new([(*uid).to_owned(), format!("{score:.4}"), bar])
	});
	let widths = [Constraint::Length(6), Constraint::Length(7), Constraint::Min(10)];
	let table = Table::new(rows, widths)
		.header(Row::new(["uid", "score", ""]).style(Style::new().bold()))
		.block(Block::bordered().title(format!("scores of {} miners", scores.len())));
	frame.render_widget(table, area);
}
