//! The announcement of a fresh key in each block that this node makes.

use super::Shield;
use async_trait::async_trait;
use pallet_mev_shield::INHERENT_IDENTIFIER;
use sp_inherents::{Error, InherentData, InherentDataProvider, InherentIdentifier};
use std::sync::Arc;

/// Puts a fresh key among the data of each block for which it is asked.
pub(crate) struct KeyAnnouncement(pub(crate) Arc<Shield>);

#[async_trait]
impl InherentDataProvider for KeyAnnouncement {
	async fn provide_inherent_data(&self, data: &mut InherentData) -> Result<(), Error> {
		match self.0.fresh_key() {
			Some(key) => data.put_data(INHERENT_IDENTIFIER, &key),
			None => Ok(()),
		}
	}

	async fn try_handle_error(&self, _: &InherentIdentifier, _: &[u8]) -> Option<Result<(), Error>> {
		// The runtime checks no key against what the importing node would have announced.
		None
	}
}
