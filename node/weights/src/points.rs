//! Which values of a benchmark's components are tried.

use frame_benchmarking::BenchmarkParameter;

/// A component: its name, its least and its largest value.
pub(crate) type Component = (BenchmarkParameter, u32, u32);
/// A value for each component.
pub(crate) type Point = Vec<(BenchmarkParameter, u32)>;

/// All components at their least; each at `steps` values from the least to the largest, while the others are at their
/// largest. Every point is there once, the largest last.
pub(crate) fn of(components: &[Component], steps: u32) -> Vec<Point> {
	let least: Point = components.iter().map(|(name, least, _)| (*name, *least)).collect();
	let largest: Point = components.iter().map(|(name, _, largest)| (*name, *largest)).collect();
	let mut points = vec![least];
	for (position, (_, least, most)) in components.iter().enumerate() {
		for step in 0..steps.saturating_sub(1) {
			let part = u64::from(most - least) * u64::from(step) / u64::from(steps - 1);
			let mut point = largest.clone();
			point[position].1 = least + u32::try_from(part).unwrap_or(u32::MAX);
			points.push(point);
		}
	}
	points.push(largest);
	let mut seen = Vec::new();
	points.retain(|point| {
		let new = !seen.contains(point);
		seen.push(point.clone());
		new
	});
	points
}

#[cfg(test)]
mod tests {
	use super::*;
	use BenchmarkParameter::{n, v};

	#[test]
	fn without_components_there_is_one_point() {
		assert_eq!(of(&[], 3), vec![Point::new()]);
	}

	#[test]
	fn each_component_goes_up_while_the_others_are_at_their_largest() {
		let points = of(&[(n, 0, 10), (v, 1, 5)], 3);
		let values: Vec<(u32, u32)> = points.iter().map(|point| (point[0].1, point[1].1)).collect();
		assert_eq!(values, [(0, 1), (0, 5), (5, 5), (10, 1), (10, 3), (10, 5)]);
	}

	#[test]
	fn a_component_alone_has_each_value_once() {
		let points = of(&[(n, 1, 64)], 3);
		assert_eq!(points, [[(n, 1)], [(n, 32)], [(n, 64)]]);
	}
}
