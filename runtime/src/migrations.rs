//! What is done to the state of a chain when its runtime is replaced.
//!
//! Each pallet of ours has a storage version. Whoever changes the layout of its storage raises that version, writes a
//! `frame_support::migrations::VersionedMigration` from the version before it beside the pallet's code, and enters it here, in
//! order. An entry stays until every chain that we know of has passed it. `runtime/tests/migrations.rs` holds the state of
//! the first release against this: a layout that changed without a migration fails there.

/// The migrations, oldest first. The layout has not changed since the first release.
pub type Migrations = ();
