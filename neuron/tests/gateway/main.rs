//! The gateway over HTTP: OpenAI's own shapes, through a client of theirs, against scripted and real miners.

mod audit;
mod errors;
mod loopback;
mod openai;
mod routing;
mod support;
