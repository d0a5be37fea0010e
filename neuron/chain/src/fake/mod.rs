//! A node without a chain, for tests: metadata like the runtime's, storage and answers that a test fills in.

mod metadata;
mod node;
pub(crate) mod types;

pub(crate) use node::{BLOCK, FakeNode, Outcome};
