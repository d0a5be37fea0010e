//! Plots as PNG files, for where an SVG does not go. The font comes along, so that no font of the system is needed.

use std::sync::Arc;

use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg::fontdb::Database;
use resvg::usvg::{Options, Tree};

/// Pixels for each unit of the SVG.
const SCALE: f32 = 2.0;
/// The family that the plots ask for first.
const FAMILY: &str = "DejaVu Sans";

/// The fonts of all plots.
pub(super) fn fonts() -> Arc<Database> {
	let mut fonts = Database::new();
	fonts.load_font_data(dejavu::sans::regular().to_vec());
	fonts.load_font_data(dejavu::sans::bold().to_vec());
	fonts.set_sans_serif_family(FAMILY);
	Arc::new(fonts)
}

/// An SVG as a PNG of twice its size, on white.
pub(super) fn draw(svg: &str, fonts: &Arc<Database>) -> Result<Vec<u8>, String> {
	let options = Options {
		fontdb: Arc::clone(fonts),
		font_family: FAMILY.to_owned(),
		..Options::default()
	};
	let tree = Tree::from_str(svg, &options).map_err(|error| format!("a plot is no SVG: {error}"))?;
	let size = tree.size().to_int_size().scale_by(SCALE);
	let size = size.ok_or("a plot has no size")?;
	let mut pixels = Pixmap::new(size.width(), size.height()).ok_or("a plot has no size")?;
	pixels.fill(Color::WHITE);
	resvg::render(&tree, Transform::from_scale(SCALE, SCALE), &mut pixels.as_mut());
	pixels
		.encode_png()
		.map_err(|error| format!("a plot cannot be written as PNG: {error}"))
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::report::svg::bars;

	/// The number of pixels that are not white.
	fn ink(svg: &str) -> usize {
		let image = Pixmap::decode_png(&draw(svg, &fonts()).unwrap()).unwrap();
		let white = Color::WHITE.premultiply().to_color_u8();
		image.pixels().iter().filter(|pixel| **pixel != white).count()
	}

	#[test]
	fn a_plot_is_drawn_with_its_words() {
		let plot = bars(
			"A title",
			"κ ± 1",
			&["profit"],
			&[("somebody".into(), vec![1.5], 0.1)],
			Some(1.0),
		);
		let without_words: String = plot
			.split("<text")
			.enumerate()
			.map(|(index, part)| match index {
				0 => part,
				_ => part.split_once("</text>").unwrap().1,
			})
			.collect();
		let (with, without) = (ink(&plot), ink(&without_words));
		assert!(
			without > 0 && with > without + 2_000,
			"{with} pixels with words, {without} without"
		);
	}

	#[test]
	fn what_is_no_svg_is_refused() {
		assert!(draw("<svg", &fonts()).unwrap_err().contains("no SVG"));
	}
}
