//! The seam through which other pallets learn that a subnet is gone.

use crate::NetUid;

/// A pallet that stores something about subnets.
pub trait SubnetCleanup {
	/// Removes at most `limit` items that are stored about a dissolved subnet, and returns how many it removed. It is called
	/// until it returns less than `limit`: then nothing is left.
	fn remove_some(netuid: NetUid, limit: u32) -> u32;
}

impl SubnetCleanup for () {
	fn remove_some(_netuid: NetUid, _limit: u32) -> u32 {
		0
	}
}

impl<First: SubnetCleanup, Second: SubnetCleanup> SubnetCleanup for (First, Second) {
	fn remove_some(netuid: NetUid, limit: u32) -> u32 {
		let removed = First::remove_some(netuid, limit);
		let left = limit.saturating_sub(removed);
		if left == 0 {
			return removed;
		}
		removed.saturating_add(Second::remove_some(netuid, left))
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use std::cell::Cell;

	std::thread_local! {
		static LEFT: [Cell<u32>; 2] = const { [Cell::new(7), Cell::new(4)] };
	}

	struct Has<const NUMBER: usize>;

	impl<const NUMBER: usize> SubnetCleanup for Has<NUMBER> {
		fn remove_some(_netuid: NetUid, limit: u32) -> u32 {
			LEFT.with(|left| {
				let removed = left[NUMBER].get().min(limit);
				left[NUMBER].set(left[NUMBER].get() - removed);
				removed
			})
		}
	}

	#[test]
	fn two_pallets_are_cleaned_one_after_the_other() {
		type Both = (Has<0>, Has<1>);
		let removed = [0; 4].map(|_: u32| Both::remove_some(NetUid::new(1), 5));
		assert_eq!(removed, [5, 5, 1, 0]);
		assert_eq!(<()>::remove_some(NetUid::new(1), 5), 0);
	}
}
