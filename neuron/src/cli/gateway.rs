//! What `neuron gateway` resolves to.

use std::{num::NonZeroU64, time::Duration};

use super::{
	command::HiCommand,
	high::{Resolver, parallel},
	low::{GatewayCommandLow, GatewayKeyLow, GatewayLow, GatewayRunLow},
	usage::{UsageError, at_least_one},
};
use crate::{
	gateway::{
		GatewayOptions,
		audit::AuditOptions,
		keys::{KeyCommand, KeyLimits},
	},
	neuron_options::{MetricsPlace, NeuronOptions, Relaying},
	registry::MechanismOptions,
};

/// The largest body that `--max-body-bytes` may allow: a request to a miner holds no more.
const MAX_BODY_BYTES: usize = 1 << 20;
/// The longest time that `--timeout-seconds` may allow.
const MAX_TIMEOUT_SECONDS: u64 = 3_600;

impl Resolver {
	pub(super) fn gateway(&self, low: GatewayLow) -> Result<HiCommand, UsageError> {
		let (command, keys) = match low.command {
			None => {
				return Ok(HiCommand::Gateway {
					options: self.gateway_options(low.run)?,
				});
			}
			Some(GatewayCommandLow::Key(GatewayKeyLow::Add {
				name,
				requests_per_minute,
				tokens_per_minute,
				concurrency,
				keys,
			})) => {
				let default = KeyLimits::default();
				let limits = KeyLimits {
					requests_per_minute: requests_per_minute.unwrap_or(default.requests_per_minute),
					tokens_per_minute: tokens_per_minute.unwrap_or(default.tokens_per_minute),
					concurrency: concurrency.unwrap_or(default.concurrency),
				};
				(KeyCommand::Add { name, limits }, keys)
			}
			Some(GatewayCommandLow::Key(GatewayKeyLow::List { keys })) => (KeyCommand::List, keys),
			Some(GatewayCommandLow::Key(GatewayKeyLow::Revoke { id, keys })) => (KeyCommand::Revoke { id }, keys),
		};
		Ok(HiCommand::GatewayKey {
			command,
			keys: keys.or_else(|| self.file.gateway.keys.clone()),
			data_dir: self.global.data_dir.clone().or_else(|| self.file.data_dir.clone()),
			home: self.home.clone(),
		})
	}

	fn gateway_options(&self, low: GatewayRunLow) -> Result<GatewayOptions, UsageError> {
		let file = &self.file.gateway;
		let neuron = NeuronOptions {
			url: self.url.clone(),
			wallet: self.wallet.clone(),
			netuid: self.netuid(low.netuid)?,
			// A gateway calls and is not called.
			listen: ([127, 0, 0, 1], 0).into(),
			external: None,
			data_dir: self.global.data_dir.clone().or_else(|| self.file.data_dir.clone()),
			home: self.home.clone(),
			register: false,
			refresh_blocks: at_least_one(
				"--refresh-blocks",
				low.refresh_blocks.or(file.refresh_blocks).unwrap_or(5),
			)?,
			relaying: Relaying::default(),
			metrics: MetricsPlace::Off,
		};
		let mut options = GatewayOptions::new(neuron);
		options.mechanism = MechanismOptions {
			name: self.file.mechanism.clone().unwrap_or_else(|| "text".into()),
			model: low.model.or_else(|| self.file.model.clone()),
			model_sha256: low.model_sha256.or_else(|| self.file.model_sha256.clone()),
			precision: self.file.precision.clone(),
			device: self.file.device.clone(),
			..MechanismOptions::default()
		};
		if let Some(http) = low.http.or(file.http) {
			options.http = http;
		}
		options.keys = low.keys.or_else(|| file.keys.clone());
		if let Some(name) = low.model_name.or_else(|| file.model_name.clone()) {
			options.model_name = name;
		}
		if let Some(concurrency) = low.concurrency.or(file.concurrency) {
			options.concurrency = parallel("--concurrency", concurrency, 1)?;
		}
		if let Some(queue) = low.queue.or(file.queue) {
			options.queue = parallel("--queue", queue, 0)?;
		}
		if let Some(bytes) = low.max_body_bytes.or(file.max_body_bytes) {
			in_range("--max-body-bytes", bytes as u64, MAX_BODY_BYTES as u64, "1 to 1048576")?;
			options.max_body_bytes = bytes;
		}
		if let Some(tokens) = low.max_tokens.or(file.max_tokens) {
			in_range(
				"--max-tokens",
				tokens.into(),
				subnet_text::MAX_TOKENS.into(),
				"1 to 2048",
			)?;
			options.max_tokens = tokens;
		}
		if let Some(seconds) = low.timeout_seconds.or(file.timeout_seconds) {
			in_range("--timeout-seconds", seconds, MAX_TIMEOUT_SECONDS, "1 to 3600")?;
			options.timeout = Duration::from_secs(seconds);
		}
		if let Some(attempts) = low.attempts.or(file.attempts) {
			in_range("--attempts", attempts as u64, 16, "1 to 16")?;
			options.attempts = attempts;
		}
		if let Some(hedge_ms) = low.hedge_ms.or(file.hedge_ms) {
			in_range("--hedge-ms", hedge_ms, MAX_TIMEOUT_SECONDS * 1000, "1 to 3600000")?;
			options.hedge_after = Some(Duration::from_millis(hedge_ms));
		}
		options.audit = self.audit_options(low.check_share, low.canary_every)?;
		Ok(options)
	}

	fn audit_options(&self, check_share: Option<f64>, canary_every: Option<u64>) -> Result<AuditOptions, UsageError> {
		let file = &self.file.gateway;
		let mut options = AuditOptions::default();
		if let Some(share) = check_share.or(file.check_share) {
			if !(0.0..=1.0).contains(&share) {
				return Err(UsageError::OutOfRange {
					flag: "--check-share",
					given: share.to_string(),
					expected: "a number from 0 to 1",
				});
			}
			options.share = share;
		}
		if let Some(every) = canary_every.or(file.canary_every) {
			options.canary_every = NonZeroU64::new(every);
		}
		Ok(options)
	}
}

fn in_range(flag: &'static str, value: u64, most: u64, expected: &'static str) -> Result<(), UsageError> {
	if (1..=most).contains(&value) {
		return Ok(());
	}
	Err(UsageError::OutOfRange {
		flag,
		given: value.to_string(),
		expected,
	})
}
