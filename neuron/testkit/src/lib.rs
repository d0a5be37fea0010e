//! Test doubles and helpers for the neuron: tiny models, fakes, processes that die on drop.

pub mod process;
pub mod tiny_model;
