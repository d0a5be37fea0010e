//! `neuron top` on a terminal in memory.

use neuron::{
	metrics::Metrics,
	top::{Sample, View, draw},
};
use ratatui::{Terminal, backend::TestBackend};

fn screen(view: &View, width: u16, height: u16) -> String {
	let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
	terminal.draw(|frame| draw(frame, view)).unwrap();
	terminal.backend().to_string()
}

#[test]
fn queue_peers_scores_and_earnings_are_shown() {
	let mut view = View::new("127.0.0.1:9102".parse().unwrap());
	view.update(Ok(Sample::default()), 0.0);
	let page = "ganglion_chain_height 4321\nganglion_chain_axons 17\nganglion_chain_emission_alpha 1.25\n\
		ganglion_chain_validator_permit 1\nganglion_miner_queue 3\nganglion_miner_running 1\n\
		ganglion_miner_requests_total{outcome=\"answered\"} 40\nganglion_miner_refusals_total{reason=\"busy\"} 2\n\
		ganglion_validator_score{uid=\"5\"} 0.5\nganglion_validator_score{uid=\"12\"} 0.875\n\
		ganglion_miner_request_seconds_bucket{le=\"0.1\"} 9\nganglion_miner_request_seconds_bucket{le=\"+Inf\"} 10\n";
	view.update(Ok(Sample::parse(page)), 2.0);
	let shown = screen(&view, 120, 32);
	for text in [
		"block 4321",
		"peers with an address 17",
		"queue 3, running 1",
		"answered 40",
		"busy 2",
		"p50 ≤0.1 s  p99 >120 s",
		"emission in the last epoch  1.2500 alpha",
		"scores of 2 miners",
		"20.00 a second",
		"q quits",
	] {
		assert!(shown.contains(text), "`{text}` is not on the screen:\n{shown}");
	}
	let (best, second) = (shown.find("0.8750").unwrap(), shown.find("0.5000").unwrap());
	assert!(best < second, "the best is not first:\n{shown}");
}

#[test]
fn a_neuron_that_does_not_answer_is_said_and_small_screens_do_no_harm() {
	let mut view = View::new("127.0.0.1:9102".parse().unwrap());
	view.update(Ok(Sample::parse(&Metrics::new().text())), 1.0);
	view.update(Err("nobody listens".into()), 1.0);
	assert!(screen(&view, 100, 30).contains("the numbers are old: nobody listens"));
	for (width, height) in [(1, 1), (3, 2), (20, 5), (80, 8)] {
		screen(&view, width, height);
	}
}
