//! Tests of the pools, the call, the simulations, the invariants and the weights.

mod fees;
mod pools;
mod random;
mod simulation;
mod try_state;
mod weights;
