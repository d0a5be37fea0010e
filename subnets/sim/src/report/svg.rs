//! Plots as SVG text: no fonts, scripts or files beside it.

use std::fmt::Write;

/// Colours that differ for colour-blind eyes, too: the palette of Okabe and Ito, without its yellow, which is faint on white.
pub(super) const COLOURS: [&str; 7] = [
	"#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000",
];
/// Dashes that tell lines apart where the colours repeat.
const DASHES: [&str; 3] = ["", "7 3", "2 3"];
/// Width of a plot, in pixels.
const WIDTH: f64 = 920.0;
const HEIGHT: f64 = 380.0;
const LEFT: f64 = 74.0;
const TOP: f64 = 46.0;
const BOTTOM: f64 = 52.0;
/// Room for the legend.
const LEGEND: f64 = 250.0;
/// Lines of text that a legend has room for.
const LEGEND_LINES: usize = 16;
const TICKS: u32 = 5;

/// A curve.
pub(super) struct Line {
	pub(super) name: String,
	pub(super) points: Vec<(f64, f64)>,
}

/// A plot of curves.
pub(super) struct LinePlot<'a> {
	pub(super) title: &'a str,
	pub(super) x: &'a str,
	pub(super) y: &'a str,
	/// A horizontal line that stands for "as honest work".
	pub(super) reference: Option<f64>,
	pub(super) lines: Vec<Line>,
}

/// Text that may stand between tags and in attributes.
pub(super) fn escape(text: &str) -> String {
	text.replace('&', "&amp;")
		.replace('<', "&lt;")
		.replace('>', "&gt;")
		.replace('"', "&quot;")
}

fn open(height: f64, title: &str) -> String {
	let title = escape(title);
	format!(
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
		 role=\"img\" aria-label=\"{title}\" font-family=\"DejaVu Sans, Helvetica, Arial, sans-serif\" font-size=\"13\" \
		 fill=\"#222\">\n<rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#fff\"/>\n\
		 <text x=\"{LEFT}\" y=\"24\" font-size=\"16\" font-weight=\"bold\">{title}</text>\n"
	)
}

fn text(svg: &mut String, (x, y): (f64, f64), anchor: &str, content: &str) {
	let content = escape(content);
	// A white edge keeps it legible where lines pass below it. Writing to a string cannot fail.
	let _ = writeln!(
		svg,
		"<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" stroke=\"#fff\" stroke-width=\"3\" \
		 paint-order=\"stroke\">{content}</text>"
	);
}

fn rule(svg: &mut String, (x1, y1): (f64, f64), (x2, y2): (f64, f64), style: &str) {
	let _ = writeln!(
		svg,
		"<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" {style}/>"
	);
}

/// A number for an axis or a cell: three digits that count.
pub(super) fn number(value: f64) -> String {
	let size = value.abs();
	match size {
		0.0 => "0".into(),
		_ if size >= 1_000_000.0 => format!("{:.2}M", value / 1e6),
		_ if size >= 10_000.0 => format!("{:.0}k", value / 1e3),
		_ if size >= 100.0 => format!("{value:.0}"),
		_ if size >= 10.0 => format!("{value:.1}"),
		_ if size >= 0.01 => format!("{value:.2}"),
		_ => format!("{value:.1e}"),
	}
}

/// A tick's label: as many digits as its distance to the next one needs.
fn tick_label(value: f64, step: f64) -> String {
	let places = [(0, 1.0), (1, 10.0), (2, 100.0), (3, 1_000.0)];
	let is_whole = |factor: f64| (step * factor - (step * factor).round()).abs() < 1e-6 * step * factor;
	let digits = places
		.into_iter()
		.find(|(_, factor)| is_whole(*factor))
		.map_or(4, |(digits, _)| digits);
	if step >= 10_000.0 {
		number(value)
	} else {
		format!("{value:.digits$}")
	}
}

/// A range with round ends, and the distance of its ticks.
fn round_range(low: f64, high: f64) -> (f64, f64, f64) {
	let span = if high > low { high - low } else { high.abs().max(1.0) };
	let rough = span / f64::from(TICKS);
	let power = 10.0_f64.powf(rough.log10().floor());
	let step = [1.0, 2.0, 2.5, 5.0, 10.0]
		.into_iter()
		.find(|step| step * power >= rough)
		.unwrap_or(10.0)
		* power;
	let (bottom, top) = ((low / step).floor() * step, (high / step).ceil() * step);
	(bottom, if top > bottom { top } else { bottom + step }, step)
}

fn ticks((low, high, step): (f64, f64, f64)) -> impl Iterator<Item = f64> {
	let count = ((high - low) / step).round() as u32;
	(0..=count).map(move |tick| low + step * f64::from(tick))
}

impl LinePlot<'_> {
	/// The plot.
	pub(super) fn draw(&self) -> String {
		let points = || {
			self.lines
				.iter()
				.flat_map(|line| &line.points)
				.filter(|(x, y)| x.is_finite() && y.is_finite())
		};
		let range = |of: &dyn Fn(&(f64, f64)) -> f64, also: Option<f64>| {
			let values = points().map(of).chain(also);
			let (low, high) = values.fold((f64::MAX, f64::MIN), |(low, high), value| {
				(low.min(value), high.max(value))
			});
			if low <= high { (low, high) } else { (0.0, 1.0) }
		};
		let (x_low, x_high) = range(&|point| point.0, None);
		let (y_low, y_high) = range(&|point| point.1, self.reference);
		let (xs, ys) = (round_range(x_low, x_high), round_range(y_low.min(0.0), y_high));
		let right = WIDTH - LEGEND;
		let x_at = |x: f64| LEFT + (x - xs.0) / (xs.1 - xs.0) * (right - LEFT);
		let y_at = |y: f64| HEIGHT - BOTTOM - (y - ys.0) / (ys.1 - ys.0) * (HEIGHT - BOTTOM - TOP);
		let mut svg = open(HEIGHT, self.title);
		for y in ticks(ys) {
			rule(&mut svg, (LEFT, y_at(y)), (right, y_at(y)), "stroke=\"#ddd\"");
			text(&mut svg, (LEFT - 8.0, y_at(y) + 4.0), "end", &tick_label(y, ys.2));
		}
		for x in ticks(xs) {
			rule(
				&mut svg,
				(x_at(x), HEIGHT - BOTTOM),
				(x_at(x), HEIGHT - BOTTOM + 5.0),
				"stroke=\"#555\"",
			);
			text(
				&mut svg,
				(x_at(x), HEIGHT - BOTTOM + 19.0),
				"middle",
				&tick_label(x, xs.2),
			);
		}
		rule(
			&mut svg,
			(LEFT, HEIGHT - BOTTOM),
			(right, HEIGHT - BOTTOM),
			"stroke=\"#555\"",
		);
		text(&mut svg, ((LEFT + right) / 2.0, HEIGHT - 12.0), "middle", self.x);
		let (x, y, label) = (18.0, (TOP + HEIGHT - BOTTOM) / 2.0, escape(self.y));
		let _ = writeln!(
			svg,
			"<text transform=\"translate({x},{y}) rotate(-90)\" text-anchor=\"middle\">{label}</text>"
		);
		if let Some(reference) = self.reference {
			let y = y_at(reference);
			rule(
				&mut svg,
				(LEFT, y),
				(right, y),
				"stroke=\"#555\" stroke-width=\"1.5\" stroke-dasharray=\"1 3\"",
			);
		}
		for (index, line) in self.lines.iter().enumerate() {
			let visible = line.points.iter().filter(|(x, y)| x.is_finite() && y.is_finite());
			let path: Vec<String> = visible
				.map(|(x, y)| format!("{:.1},{:.1}", x_at(*x), y_at(*y)))
				.collect();
			let style = stroke(index);
			let _ = writeln!(svg, "<polyline points=\"{}\" fill=\"none\" {style}/>", path.join(" "));
		}
		self.legend(&mut svg, right + 16.0);
		svg.push_str("</svg>\n");
		svg
	}

	fn legend(&self, svg: &mut String, x: f64) {
		for (index, line) in self.lines.iter().take(LEGEND_LINES).enumerate() {
			let y = TOP + 8.0 + 19.0 * index as f64;
			rule(svg, (x, y), (x + 26.0, y), &stroke(index));
			text(svg, (x + 33.0, y + 4.0), "start", &shortened(&line.name));
		}
	}
}

fn stroke(index: usize) -> String {
	let (colour, dash) = (
		COLOURS[index % COLOURS.len()],
		DASHES[index / COLOURS.len() % DASHES.len()],
	);
	format!("stroke=\"{colour}\" stroke-width=\"2\" stroke-dasharray=\"{dash}\"")
}

/// As much of a name as a legend has room for.
fn shortened(name: &str) -> String {
	const LONGEST: usize = 27;
	if name.chars().count() <= LONGEST {
		return name.to_owned();
	}
	name.chars().take(LONGEST - 1).chain(['…']).collect()
}

/// A row of bars: name, one value for each series, deviation of the first.
pub(super) type Bars = (String, Vec<f64>, f64);

/// Groups of horizontal bars, perhaps with a reference line.
pub(super) fn bars(title: &str, x: &str, series: &[&str], rows: &[Bars], reference: Option<f64>) -> String {
	const THICK: f64 = 14.0;
	let each = THICK * series.len() as f64 + 14.0;
	let height = TOP + 28.0 + each * rows.len() as f64 + BOTTOM;
	let values = rows
		.iter()
		.flat_map(|(_, values, deviation)| values.iter().map(move |value| value + deviation));
	let range = round_range(0.0, values.chain(reference).fold(0.0, f64::max));
	let longest = rows.iter().map(|(name, ..)| name.chars().count()).max().unwrap_or(0);
	// Eight pixels a letter.
	let labels = (8.0 * longest as f64 + 20.0).clamp(120.0, 360.0);
	let right = WIDTH - 90.0;
	let x_at = |x: f64| labels + (x.clamp(0.0, range.1) / range.1) * (right - labels);
	let mut svg = open(height, title);
	for (index, name) in series.iter().enumerate() {
		let place = labels + 190.0 * index as f64;
		let colour = COLOURS[index % COLOURS.len()];
		let _ = writeln!(
			svg,
			"<rect x=\"{place}\" y=\"36\" width=\"14\" height=\"12\" fill=\"{colour}\"/>"
		);
		text(&mut svg, (place + 20.0, 47.0), "start", name);
	}
	let bottom = height - BOTTOM;
	for tick in ticks(range) {
		rule(
			&mut svg,
			(x_at(tick), TOP + 12.0),
			(x_at(tick), bottom),
			"stroke=\"#ddd\"",
		);
		text(
			&mut svg,
			(x_at(tick), bottom + 18.0),
			"middle",
			&tick_label(tick, range.2),
		);
	}
	if let Some(reference) = reference {
		let style = "stroke=\"#222\" stroke-width=\"1.5\" stroke-dasharray=\"5 3\"";
		rule(
			&mut svg,
			(x_at(reference), TOP + 12.0),
			(x_at(reference), bottom),
			style,
		);
	}
	for (index, (name, values, deviation)) in rows.iter().enumerate() {
		let y = TOP + 22.0 + each * index as f64;
		text(&mut svg, (labels - 10.0, y + each / 2.0 - 3.0), "end", name);
		for (place, value) in values.iter().enumerate() {
			let (top, colour) = (y + THICK * place as f64, COLOURS[place % COLOURS.len()]);
			let width = x_at(*value) - labels;
			let thick = THICK - 2.0;
			let _ = writeln!(
				svg,
				"<rect x=\"{labels}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{thick}\" fill=\"{colour}\"/>"
			);
			let spread = if place == 0 { *deviation } else { 0.0 };
			if spread > 0.0 {
				let middle = top + thick / 2.0;
				rule(
					&mut svg,
					(x_at(value - spread), middle),
					(x_at(value + spread), middle),
					"stroke=\"#222\"",
				);
			}
			text(
				&mut svg,
				(x_at(value + spread) + 6.0, top + thick - 2.0),
				"start",
				&number(*value),
			);
		}
	}
	text(&mut svg, ((labels + right) / 2.0, height - 12.0), "middle", x);
	svg.push_str("</svg>\n");
	svg
}

/// A table of values with colours: blue below 1, orange above.
pub(super) fn heat(title: &str, columns: &[String], rows: &[(String, Vec<f64>)]) -> String {
	const LABELS: f64 = 216.0;
	const HEAD: f64 = 150.0;
	const TALL: f64 = 26.0;
	let height = HEAD + TALL * rows.len() as f64 + 20.0;
	let wide = (WIDTH - LABELS - 60.0) / columns.len().max(1) as f64;
	let mut svg = open(height, title);
	for (index, name) in columns.iter().enumerate() {
		let (x, y, name) = (LABELS + wide * (index as f64 + 0.5), HEAD - 8.0, escape(name));
		let _ = writeln!(
			svg,
			"<text transform=\"translate({x:.1},{y}) rotate(-40)\">{name}</text>"
		);
	}
	for (line, (name, values)) in rows.iter().enumerate() {
		let y = HEAD + TALL * line as f64;
		text(&mut svg, (LABELS - 8.0, y + 17.0), "end", &shortened(name));
		for (index, value) in values.iter().enumerate() {
			let (x, colour) = (LABELS + wide * index as f64, shade(*value));
			let (width, tall) = (wide - 1.0, TALL - 1.0);
			let _ = writeln!(
				svg,
				"<rect x=\"{x:.1}\" y=\"{y}\" width=\"{width:.1}\" height=\"{tall}\" fill=\"{colour}\"/>"
			);
			let (middle, base) = (x + wide / 2.0, y + 17.0);
			// No minus before a zero.
			let value = if value.abs() < 0.005 { 0.0 } else { *value };
			let _ = writeln!(
				svg,
				"<text x=\"{middle:.1}\" y=\"{base}\" text-anchor=\"middle\">{value:.2}</text>"
			);
		}
	}
	svg.push_str("</svg>\n");
	svg
}

/// White at 1, towards orange at 1.5 and above, towards blue at 0.5 and below; light enough for black text.
fn shade(value: f64) -> String {
	let far = ((value - 1.0) / 0.5).clamp(-1.0, 1.0);
	let full = if far > 0.0 {
		(240.0, 150.0, 90.0)
	} else {
		(110.0, 180.0, 230.0)
	};
	let mix = |channel: f64| (255.0 + (channel - 255.0) * far.abs()).round() as u8;
	format!("#{:02x}{:02x}{:02x}", mix(full.0), mix(full.1), mix(full.2))
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn ranges_have_round_ends() {
		assert_eq!(round_range(0.0, 0.97), (0.0, 1.0, 0.2));
		assert_eq!(round_range(0.0, 400.0), (0.0, 400.0, 100.0));
		let (low, high, step) = round_range(3.0, 3.0);
		assert!(low <= 3.0 && high > low && step > 0.0);
	}

	#[test]
	fn hostile_names_and_numbers_make_no_broken_plot() {
		let line = Line {
			name: "<script>\"&".repeat(9),
			points: vec![(0.0, f64::NAN), (1.0, f64::INFINITY)],
		};
		let plot = LinePlot {
			title: "a < b",
			x: "x",
			y: "y",
			reference: None,
			lines: vec![line],
		};
		let svg = plot.draw();
		assert!(
			!svg.contains("<script") && !svg.contains("NaN") && !svg.contains("inf"),
			"{svg}"
		);
		let empty = LinePlot {
			title: "",
			x: "",
			y: "",
			reference: Some(1.0),
			lines: vec![],
		};
		assert!(empty.draw().ends_with("</svg>\n"));
		assert!(heat("t", &[], &[]).contains("</svg>"));
		assert_eq!((shade(1.0).as_str(), shade(9.0).as_str()), ("#ffffff", "#f0965a"));
	}
}
