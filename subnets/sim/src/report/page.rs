//! The page around the plots.

use std::fmt::Write;

use super::Plot;
use super::svg::{escape, number};
use crate::study::{Column, Study, Trial};

const STYLE: &str = "body{font:15px/1.5 'DejaVu Sans',Helvetica,Arial,sans-serif;color:#222;background:#fff;max-width:960px;\
margin:2em auto;padding:0 1em}h1{font-size:1.6em}h2{font-size:1.2em;margin-top:2em}svg{max-width:100%;height:auto}\
table{border-collapse:collapse;font-size:13px}th,td{padding:3px 9px;border-bottom:1px solid #ddd;text-align:right}\
th:first-child,td:first-child{text-align:left}.pays{color:#B34700;font-weight:bold}.note{color:#555;font-size:13px}\
pre{background:#f5f5f5;padding:.8em;overflow:auto;font-size:12px}";

/// Gain from which on a cheat is said to pay: more than what chance between seeds does.
const PAYS: f64 = 1.01;
/// Rows of the sweep that the page lists.
const LISTED: usize = 6;

/// The whole page.
pub(super) fn page(study: &Study, plots: &[Plot]) -> String {
	let scenario = &study.scenario;
	let mut html = format!(
		"<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{name}</title>\
		 <meta name=\"viewport\" content=\"width=device-width\"><style>{STYLE}</style></head><body>\n\
		 <h1>{name}</h1>\n<p>{description}</p>\n<p class=\"note\">{epochs} epochs of {tempo} blocks, seeds {first} to {last}. \
		 Each cheat is tried alone, against the same people doing honest work with the same luck.</p>\n",
		name = escape(&scenario.name),
		description = escape(&scenario.description),
		epochs = scenario.epochs,
		tempo = scenario.hyperparameters.tempo,
		first = scenario.seed,
		last = scenario.seed.wrapping_add(u64::from(scenario.seeds) - 1),
	);
	html.push_str(&answers(study));
	section(
		&mut html,
		plots,
		"gains",
		"What does each cheat earn against honest work?",
		"",
	);
	html.push_str(&trials(study));
	let words = "A column changes one rule of the scenario. Below 1, white to blue, honest work pays more.";
	section(&mut html, plots, "rules", "Under which rules?", words);
	section(&mut html, plots, "time", "Over how many epochs?", "");
	section(&mut html, plots, "sweep", "Which rules should the subnet have?", "");
	html.push_str(&sweep(study));
	let words = "All cheats at once, as the scenario says.";
	section(
		&mut html,
		plots,
		"payout",
		"Who gets what, when all cheat at once?",
		words,
	);
	section(&mut html, plots, "stake", "Who ends up with the stake?", "");
	section(
		&mut html,
		plots,
		"gini",
		"How concentrated is the stake?",
		&concentration(study),
	);
	let words = "How much honest work an honest part of the stake needs so that it does not shrink, in the network's own \
	             construction of 512 neurons, with κ and the bonds penalty of this scenario. Lower is safer; a curve at 1 \
	             says that nothing helps.";
	section(&mut html, plots, "retention", "How large a cabal is too large?", words);
	html.push_str("<h2>The scenario</h2>\n");
	let text = toml::to_string(scenario).unwrap_or_default();
	let _ = writeln!(html, "<pre>{}</pre>\n</body></html>", escape(&text));
	html
}

fn section(html: &mut String, plots: &[Plot], file: &str, title: &str, words: &str) {
	let _ = writeln!(html, "<h2>{}</h2>", escape(title));
	if !words.is_empty() {
		let _ = writeln!(html, "<p class=\"note\">{}</p>", escape(words));
	}
	if let Some(plot) = plots.iter().find(|plot| plot.file == file) {
		html.push_str(&plot.svg);
	}
}

/// The short answers at the top.
fn answers(study: &Study) -> String {
	let mut html = String::from("<ul>\n");
	if let Some(given) = study.as_given() {
		let pays: Vec<&Trial> = given.trials.iter().filter(|trial| trial.gain() > PAYS).collect();
		let list: Vec<String> = pays
			.iter()
			.map(|trial| format!("{} ({:.2})", trial.team, trial.gain()))
			.collect();
		let words = match list.len() {
			0 => "No cheat pays under the rules as given.".to_owned(),
			_ => format!("Under the rules as given these cheats pay: {}.", list.join(", ")),
		};
		let _ = writeln!(html, "<li>{}</li>", escape(&words));
	}
	if let (Some(best), Some(given)) = (study.recommended(), study.as_given()) {
		let left = best.trials.iter().filter(|trial| trial.gain() > PAYS);
		let left: Vec<String> = left
			.map(|trial| format!("{} ({:.2})", trial.team, trial.gain()))
			.collect();
		let still = match left.len() {
			0 => "Under them no cheat pays.".to_owned(),
			_ => format!(
				"These still pay, and need better scoring rather than other rules: {}.",
				left.join(", ")
			),
		};
		let words = format!(
			"Recommended: {}. Cheats gain {} in all above honest work, against {} as given. {still}",
			best.variant.name,
			number(best.temptation()),
			number(given.temptation()),
		);
		let _ = writeln!(html, "<li>{}</li>", escape(&words));
	}
	html.push_str("</ul>\n");
	html
}

fn trials(study: &Study) -> String {
	let mut html = String::from(
		"<table><tr><th>cheat, alpha in an epoch</th><th>earns</th><th>honestly</th><th>after costs</th><th>honestly</th>\
		 <th>gain</th><th>±</th><th>others get, %</th></tr>\n",
	);
	for trial in study.as_given().map_or(&[][..], |column| &column.trials) {
		let class = if trial.gain() > PAYS { " class=\"pays\"" } else { "" };
		let _ = writeln!(
			html,
			"<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td{class}>{:.3}</td><td>{:.3}</td><td>{:.1}</td></tr>",
			escape(&trial.team),
			number(trial.earned),
			number(trial.honest_earned),
			number(trial.profit),
			number(trial.honest_profit),
			trial.gain(),
			trial.deviation(),
			100.0 * trial.others,
		);
	}
	html.push_str("</table>\n");
	html
}

fn sweep(study: &Study) -> String {
	let mut html = String::from(
		"<table><tr><th>rules, best first</th><th>temptation</th><th>best cheat</th><th>its gain</th>\
		 <th>incentive follows quality</th></tr>\n",
	);
	let row = |html: &mut String, column: &Column| {
		let (name, gain) = column
			.best_cheat()
			.map_or(("none", 0.0), |trial| (trial.team.as_str(), trial.gain()));
		let _ = writeln!(
			html,
			"<tr><td>{}</td><td>{:.3}</td><td>{}</td><td>{gain:.3}</td><td>{:.3}</td></tr>",
			escape(&column.variant.name),
			column.temptation(),
			escape(name),
			column.fidelity,
		);
	};
	for column in study.sweep.iter().take(LISTED) {
		row(&mut html, column);
	}
	if let Some(given) = study.as_given() {
		row(&mut html, given);
	}
	html.push_str(
		"</table>\n<p class=\"note\">Temptation is the sum over all cheats of what they gain above honest work. The last \
		 column is the correlation of miners' incentive with the true quality of their work when nobody cheats.</p>\n",
	);
	html
}

fn concentration(study: &Study) -> String {
	let last = study.together.runs.iter().filter_map(|run| run.points.last());
	let list: Vec<String> = last.map(|point| point.half_of_stake.to_string()).collect();
	format!(
		"Validators that together have more than half of the stake at the end, for each seed: {}.",
		list.join(", ")
	)
}

#[cfg(test)]
mod tests {
	use super::super::write;
	use crate::{Scenario, Study};

	#[test]
	fn a_report_is_one_page_that_answers_and_needs_nothing_else() {
		let text = include_str!("../../scenarios/weight-copier.toml");
		let mut scenario = Scenario::from_toml(text).unwrap();
		(scenario.epochs, scenario.seeds) = (12, 1);
		scenario.name = "a <b> & c".into();
		let folder = tempfile::tempdir().unwrap();
		let page = std::fs::read_to_string(write(&Study::of(&scenario), folder.path()).unwrap()).unwrap();
		assert!(page.contains("<title>a &lt;b&gt; &amp; c</title>") && page.contains("Recommended: "));
		for outside in ["src=", "href=", "url(", "<script", "@import", "NaN"] {
			assert!(!page.contains(outside), "{outside}");
		}
		assert_eq!(page.matches("<svg").count(), 8);
		let files = std::fs::read_dir(folder.path()).unwrap().count();
		// The page, and an SVG and a PNG file for each plot.
		assert_eq!(files, 1 + 2 * 8);
	}
}
