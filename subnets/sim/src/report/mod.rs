//! The report: one HTML page that needs nothing beside it, and its plots as SVG and PNG files.

mod page;
mod png;
mod svg;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::published::{SplitNetwork, USUAL_RULES};
use crate::record::Point;
use crate::study::Study;
use svg::{Line, LinePlot, bars, heat};

/// A plot, and the name of its file.
pub(crate) struct Plot {
	pub(crate) file: &'static str,
	pub(crate) svg: String,
}

/// Honest shares of the stake that have a retention curve.
const RETAINED: [f64; 5] = [0.55, 0.6, 0.7, 0.8, 0.9];
/// Steps of the cabal's weight on itself in a retention curve.
const CABAL_STEPS: u32 = 10;
/// Steps of a search by halves for a point of a retention curve.
const HALVINGS: u32 = 7;

/// Writes `report.html`, and an SVG and a PNG file for each plot, into a folder, which is made where it is missing. Gives the
/// page's path.
///
/// # Errors
///
/// Where the folder or a file cannot be written.
pub fn write(study: &Study, folder: &Path) -> io::Result<PathBuf> {
	fs::create_dir_all(folder)?;
	let plots = plots(study);
	let fonts = png::fonts();
	plots.par_iter().try_for_each(|plot| {
		fs::write(folder.join(format!("{}.svg", plot.file)), &plot.svg)?;
		let image = png::draw(&plot.svg, &fonts).map_err(io::Error::other)?;
		fs::write(folder.join(format!("{}.png", plot.file)), image)
	})?;
	let path = folder.join("report.html");
	fs::write(&path, page::page(study, &plots))?;
	Ok(path)
}

/// All plots, in the order of the page.
pub(crate) fn plots(study: &Study) -> Vec<Plot> {
	vec![
		Plot {
			file: "gains",
			svg: gains(study),
		},
		Plot {
			file: "rules",
			svg: rules(study),
		},
		Plot {
			file: "time",
			svg: by_time(study),
		},
		Plot {
			file: "sweep",
			svg: sweep(study),
		},
		Plot {
			file: "payout",
			svg: shares(study, "Share of all payouts, everybody at once", &|point| &point.payout),
		},
		Plot {
			file: "stake",
			svg: shares(study, "Share of all stake, everybody at once", &|point| &point.stake),
		},
		Plot {
			file: "gini",
			svg: concentration(study),
		},
		Plot {
			file: "retention",
			svg: retention(study),
		},
	]
}

fn gains(study: &Study) -> String {
	let trials = study.as_given().map_or(&[][..], |column| &column.trials);
	let rows: Vec<_> = trials
		.iter()
		.map(|trial| {
			(
				trial.team.clone(),
				vec![trial.gain(), trial.gain_before_costs()],
				trial.deviation(),
			)
		})
		.collect();
	bars(
		"What each cheat gets, honest work of the same people being 1",
		"times honest work (lines: ± one standard deviation between seeds)",
		&["after costs", "before costs"],
		&rows,
		Some(1.0),
	)
}

fn rules(study: &Study) -> String {
	let columns: Vec<String> = study.columns.iter().map(|column| column.variant.name.clone()).collect();
	let teams = study.scenario.cheating_teams().into_iter().enumerate();
	let rows: Vec<_> = teams
		.map(|(index, team)| {
			let gains = study.columns.iter().filter_map(|column| column.trials.get(index));
			(team, gains.map(|trial| trial.gain()).collect::<Vec<f64>>())
		})
		.collect();
	heat(
		"Gain of each cheat after costs, one rule changed at a time (honest work = 1)",
		&columns,
		&rows,
	)
}

fn by_time(study: &Study) -> String {
	let trials = study.as_given().map_or(&[][..], |column| &column.trials);
	let lines = trials.iter().map(|trial| Line {
		name: trial.team.clone(),
		points: trial
			.by_time
			.iter()
			.map(|(epoch, gain)| (f64::from(*epoch), *gain))
			.collect(),
	});
	LinePlot {
		title: "Earned so far by cheating, over what honest work would have earned",
		x: "epoch",
		y: "times honest work, before costs",
		reference: Some(1.0),
		lines: lines.collect(),
	}
	.draw()
}

fn sweep(study: &Study) -> String {
	let rows: Vec<_> = study
		.sweep
		.iter()
		.map(|column| (column.variant.name.clone(), vec![column.temptation()], 0.0))
		.collect();
	bars(
		"Temptation: what cheats gain above honest work, all cheats added up",
		"gain above honest work, in parts of it (0: no cheat pays)",
		&["sum of max(0, gain − 1)"],
		&rows,
		None,
	)
}

/// Mean over the runs of what each group has at each point.
fn shares(study: &Study, title: &str, of: &dyn Fn(&Point) -> &Vec<f64>) -> String {
	let outcome = &study.together;
	let points = outcome.runs.first().map_or(0, |run| run.points.len());
	let line = |group: usize| {
		let value = |index: usize| {
			let at = outcome.runs.iter().filter_map(|run| run.points.get(index));
			let (sum, count) = at.fold((0.0, 0.0), |(sum, count), point| {
				(sum + of(point).get(group).copied().unwrap_or(0.0), count + 1.0_f64)
			});
			let epoch = outcome
				.runs
				.first()
				.and_then(|run| run.points.get(index))
				.map_or(0, |point| point.epoch);
			(f64::from(epoch), 100.0 * sum / count.max(1.0))
		};
		Line {
			name: outcome.groups[group].clone(),
			points: (0..points).map(value).collect(),
		}
	};
	let lines: Vec<Line> = (0..outcome.groups.len())
		.map(line)
		.filter(|line| line.points.iter().any(|(_, share)| *share > 0.0))
		.collect();
	LinePlot {
		title,
		x: "epoch",
		y: "share, %",
		reference: None,
		lines,
	}
	.draw()
}

fn concentration(study: &Study) -> String {
	let lines = study.together.runs.iter().take(4).map(|run| Line {
		name: format!("seed {}", run.seed),
		points: run
			.points
			.iter()
			.map(|point| (f64::from(point.epoch), point.gini))
			.collect(),
	});
	LinePlot {
		title: "Concentration of validators' stake, everybody at once",
		x: "epoch",
		y: "Gini coefficient (0: equal)",
		reference: None,
		lines: lines.collect(),
	}
	.draw()
}

/// For each share of honest stake, the honest utility that keeps it, by the cabal's weight on itself, under the scenario's
/// rules.
fn retention(study: &Study) -> String {
	let given = &study.scenario.hyperparameters;
	let rules = USUAL_RULES
		.with_kappa(given.kappa)
		.with_bonds_penalty(given.bonds_penalty);
	let lines: Vec<Line> = RETAINED
		.par_iter()
		.map(|stake| {
			let network = SplitNetwork::new(*stake, 0.4, study.scenario.seed);
			let curve = (0..=CABAL_STEPS).map(|step| {
				let weight = f64::from(step) / f64::from(CABAL_STEPS);
				let (mut too_low, mut enough) = (0.0, 1.0);
				for _ in 0..HALVINGS {
					let middle = (too_low + enough) / 2.0;
					if network.honest_payout(middle, weight, &rules) >= *stake {
						enough = middle;
					} else {
						too_low = middle;
					}
				}
				(weight, enough)
			});
			Line {
				name: format!("honest stake {:.0}%", stake * 100.0),
				points: curve.collect(),
			}
		})
		.collect();
	LinePlot {
		title: "Honest utility that keeps the honest share of stake (σ = 0.4, Yuma 2)",
		x: "the cabal's weight on itself",
		y: "required honest utility",
		reference: None,
		lines,
	}
	.draw()
}
