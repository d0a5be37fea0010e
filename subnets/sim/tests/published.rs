//! Published results, on this consensus. Utilities may be off by 0.02.

use subnet_sim::published::table;

/// Networks that each value is the mean of.
const SEEDS: u32 = 2;

#[test]
fn published_results_come_out_here() {
	let rows = table(SEEDS);
	assert_eq!(rows.len(), 7 + 3 + 6);
	for row in &rows {
		assert!(row.agrees(), "seeds 1 to {SEEDS}: {row:?}, off by {}", row.off_by());
	}
	// More deviation, less penalty and less for validators each ask for more honest work.
	let utility = |index: usize| rows[index].measured;
	assert!(utility(0) < utility(1) && utility(1) < utility(2), "{rows:?}");
	assert!(utility(3) > utility(4) && utility(4) > utility(2), "{rows:?}");
	assert!(utility(5) > utility(6) && utility(6) > utility(2), "{rows:?}");
	// Almost all honest work does not help a stake below κ.
	assert!(rows[7..10].iter().all(|row| row.measured < -0.1), "{rows:?}");
	// The longer weights are hidden, the less a copier has of them.
	let gains: Vec<f64> = rows.iter().skip(10).map(|row| row.measured).collect();
	assert!(gains.windows(2).all(|pair| pair[0] > pair[1]), "{gains:?}");
}
