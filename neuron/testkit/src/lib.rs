//! Helpers for the tests of the neuron: tiny models, processes that die on drop.

pub mod process;
pub mod tiny_model;
