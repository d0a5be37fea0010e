//! Scenarios, by what they are about.

mod beacon;
mod invariants;
mod worker;
mod writing;
