//! Networks that talk over loopback TCP. No test asserts on time: times are guards against hanging.

mod admission;
mod calls;
mod hostile;
mod lifecycle;
mod reach;
mod support;
