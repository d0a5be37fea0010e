//! What the fuzz target and the property test give any bytes to.

use std::sync::LazyLock;

use subnet_embedding::EmbeddingMechanism;
use subnet_sdk::untrusted;

use super::{Toy, mechanism};

static MECHANISM: LazyLock<EmbeddingMechanism> = LazyLock::new(|| mechanism(&[Toy::default()]));

/// Both sides of the mechanism.
pub(crate) fn feed(bytes: &[u8]) -> Result<(), &'static str> {
	untrusted::feed(&*MECHANISM, bytes)
}
