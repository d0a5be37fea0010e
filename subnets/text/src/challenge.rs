//! What a validator asks when nobody has asked it: tasks that look like those of applications.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use subnet_sdk::Epoch;

use crate::corpus::passage;
use crate::parameters::TextParameters;
use crate::wire::{Message, Prompt, Role, Sampling, Task};

/// Rules that applications like to set.
const SYSTEM_PROMPTS: [&str; 6] = [
	"You are a helpful assistant.",
	"You are a careful editor. Answer in plain English.",
	"Answer briefly.",
	"You are a teacher who explains things to children.",
	"You are an assistant inside a reading app. Be friendly and precise.",
	"Think before you answer, then answer in complete sentences.",
];

/// What is asked about a passage, which follows.
const REQUESTS: [&str; 12] = [
	"Continue this passage: ",
	"Summarise the following text in one sentence: ",
	"Rewrite this in modern English: ",
	"What is the following passage about? ",
	"Translate into French: ",
	"List the important words in this text: ",
	"Explain this to a ten-year-old: ",
	"Write a short poem inspired by: ",
	"What happens next? ",
	"Who is speaking here, and to whom? ",
	"Give the text below a title. ",
	"Ask three questions about this: ",
];

/// What follows a first answer.
const FOLLOW_UPS: [&str; 4] = [
	"Can you make that longer?",
	"Why?",
	"Say it differently.",
	"Please go on.",
];

/// Temperatures besides the parameters' own.
const TEMPERATURES: [f32; 5] = [0.0, 0.3, 0.7, 0.8, 1.2];
/// Nuclei besides everything.
const TOP_PS: [f32; 3] = [0.95, 0.9, 0.8];

/// Picks one thing after another from a seed.
struct Draws(ChaCha8Rng);

impl Draws {
	/// A number below `count`, which is above 0; every one is equally likely, to within 1 in 2³².
	fn below(&mut self, count: usize) -> usize {
		((u64::from(self.0.next_u32()) * count as u64) >> 32) as usize
	}

	fn one_in(&mut self, count: usize) -> bool {
		self.below(count) == 0
	}

	fn of<T: Copy>(&mut self, list: &[T], otherwise: T) -> T {
		let index = self.below(list.len().max(1));
		list.get(index).copied().unwrap_or(otherwise)
	}

	fn passage(&mut self) -> &'static str {
		let mut seed = [0; 32];
		self.0.fill_bytes(&mut seed);
		passage(&seed)
	}
}

/// The task that `seed` draws.
pub(crate) fn draw(seed: [u8; 32], epoch: &Epoch, model_hash: [u8; 32], parameters: &TextParameters) -> Task {
	let mut draws = Draws(ChaCha8Rng::from_seed(seed));
	let prompt = if draws.one_in(6) {
		Prompt::Text(draws.passage().to_owned())
	} else {
		Prompt::Chat(chat(&mut draws))
	};
	let sampling = Sampling {
		// Half of them at the temperature at which the noise shows most.
		temperature: if draws.one_in(2) {
			parameters.temperature
		} else {
			draws.of(&TEMPERATURES, parameters.temperature)
		},
		top_p: if draws.one_in(3) { draws.of(&TOP_PS, 1.0) } else { 1.0 },
		seed: if draws.one_in(4) {
			u64::from(draws.0.next_u32() >> 16)
		} else {
			0
		},
	};
	let stop = if draws.one_in(8) {
		vec!["\n\n".to_owned()]
	} else {
		Vec::new()
	};
	// The last quarter varies: enough that lengths say nothing, not so much that the pay for speed does.
	let shortest = parameters.tokens - parameters.tokens / 4;
	let spread = usize::from(parameters.tokens / 4) + 1;
	Task {
		model_hash,
		epoch: *epoch,
		prompt,
		max_tokens: shortest + u16::try_from(draws.below(spread)).unwrap_or(0),
		sampling,
		stop,
	}
}

fn chat(draws: &mut Draws) -> Vec<Message> {
	let message = |role, content: String| Message { role, content };
	let mut messages = Vec::new();
	if draws.one_in(3) {
		let rules = draws.of(&SYSTEM_PROMPTS, "Answer briefly.");
		messages.push(message(Role::System, rules.to_owned()));
	}
	let request = draws.of(&REQUESTS, "Continue this passage: ");
	messages.push(message(Role::User, format!("{request}{}", draws.passage())));
	if draws.one_in(5) {
		messages.push(message(Role::Assistant, draws.passage().to_owned()));
		messages.push(message(Role::User, draws.of(&FOLLOW_UPS, "Why?").to_owned()));
	}
	messages
}
