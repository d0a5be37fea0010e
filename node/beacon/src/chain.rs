//! What the beacon answers.

use serde_json::{Value, json};
use timelock::{Error, Schedule, SecretKey, development, quicknet};

/// What a path gets.
#[derive(Debug, PartialEq)]
pub(crate) enum Reply {
	/// This.
	Found(Value),
	/// There is no such page, or the round has not come.
	Missing(&'static str),
}

/// A beacon: its key and when its rounds come.
pub(crate) struct Chain {
	secret: SecretKey,
	schedule: Schedule,
	public_key: [u8; timelock::PUBLIC_KEY_LEN],
	hash: String,
}

impl Chain {
	/// A beacon with this key and schedule.
	///
	/// # Errors
	/// The key cannot be encoded.
	pub(crate) fn new(secret: SecretKey, schedule: Schedule) -> Result<Self, Error> {
		let public_key = secret.public().to_bytes()?;
		let hash = schedule.chain_hash(&public_key, &development::GROUP_HASH, development::BEACON_ID);
		Ok(Self {
			secret,
			schedule,
			public_key,
			hash: hex::encode(hash),
		})
	}

	/// What names the beacon, in hexadecimal.
	pub(crate) fn hash(&self) -> &str {
		&self.hash
	}

	/// The beacon as `--genesis-patch` of a node takes it.
	pub(crate) fn genesis_patch(&self) -> Value {
		let hexadecimal = |bytes: &[u8]| format!("0x{}", hex::encode(bytes));
		json!({ "drand": { "beacon": {
			"publicKey": hexadecimal(&self.public_key),
			"period": self.schedule.period,
			"genesisTime": self.schedule.genesis_time,
			"hash": format!("0x{}", self.hash),
			"groupHash": hexadecimal(&development::GROUP_HASH),
			"schemeId": quicknet::SCHEME_ID,
			"beaconId": development::BEACON_ID,
		} } })
	}

	/// What `path` gets at `now`, in seconds since 1970.
	pub(crate) fn reply(&self, path: &str, now: u64) -> Reply {
		let path = path.split('?').next().unwrap_or_default();
		let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
		let page = match parts.split_first() {
			Some((first, rest)) if *first == self.hash => rest,
			_ => &parts[..],
		};
		match page {
			["chains"] => Reply::Found(json!([self.hash])),
			["info"] => Reply::Found(self.info()),
			["public", "latest"] => self.round(self.schedule.round_at(now), now),
			["public", round] => match round.parse() {
				Ok(round) => self.round(round, now),
				Err(_) => Reply::Missing("a round is a number"),
			},
			_ => Reply::Missing("no such page or beacon"),
		}
	}

	/// Key, schedule and names, as drand gives them.
	fn info(&self) -> Value {
		json!({
			"public_key": hex::encode(self.public_key),
			"period": self.schedule.period,
			"genesis_time": self.schedule.genesis_time,
			"hash": self.hash,
			"groupHash": hex::encode(development::GROUP_HASH),
			"schemeID": quicknet::SCHEME_ID,
			"metadata": { "beaconID": development::BEACON_ID },
		})
	}

	/// A round, if it has come.
	fn round(&self, round: u64, now: u64) -> Reply {
		if round == 0 || round > self.schedule.round_at(now) {
			return Reply::Missing("the round has not come");
		}
		let signed = self
			.secret
			.sign(round)
			.and_then(|signature| Ok((signature.randomness()?, signature.to_bytes()?)));
		match signed {
			Ok((randomness, signature)) => Reply::Found(json!({
				"round": round,
				"randomness": hex::encode(randomness),
				"signature": hex::encode(signature),
			})),
			Err(_) => Reply::Missing("the round cannot be signed"),
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use timelock::{PublicKey, Signature};

	const SCHEDULE: Schedule = Schedule {
		genesis_time: 1_000,
		period: 10,
	};

	fn chain() -> Chain {
		Chain::new(SecretKey::from_seed(b"test"), SCHEDULE).unwrap()
	}

	fn found(path: &str, now: u64) -> Value {
		match chain().reply(path, now) {
			Reply::Found(value) => value,
			Reply::Missing(why) => panic!("{path}: {why}"),
		}
	}

	#[test]
	fn rounds_verify_with_the_key_of_the_info_page() {
		let hash = chain().hash().to_owned();
		let info = found(&format!("/{hash}/info"), 0);
		let key = PublicKey::from_bytes(&hex::decode(info["public_key"].as_str().unwrap()).unwrap()).unwrap();
		let round = found(&format!("/{hash}/public/3"), 1_020);
		let signature = Signature::from_bytes(&hex::decode(round["signature"].as_str().unwrap()).unwrap()).unwrap();
		assert_eq!(round["round"], 3);
		assert_eq!(key.verify(3, &signature), Ok(()));
		assert_eq!(round["randomness"], hex::encode(signature.randomness().unwrap()));
	}

	#[test]
	fn a_round_comes_at_its_time() {
		assert_eq!(found("/public/latest", 1_029)["round"], 3);
		assert_eq!(found("/public/latest?cache=no", 1_030)["round"], 4);
		for (path, now) in [
			("/public/latest", 999),
			("/public/4", 1_029),
			("/public/0", 5_000),
			("/public/18446744073709551615", 5_000),
			("/public/18446744073709551616", 5_000),
			("/public/-1", 5_000),
			("/public", 5_000),
			("/", 5_000),
			("", 5_000),
			("/abcdef/public/1", 5_000),
		] {
			assert!(matches!(chain().reply(path, now), Reply::Missing(_)), "{path} at {now}");
		}
	}

	#[test]
	fn without_options_it_is_the_development_beacon() {
		let chain = Chain::new(SecretKey::from_seed(development::SEED), development::SCHEDULE).unwrap();
		let patch = chain.genesis_patch();
		assert_eq!(patch["drand"]["beacon"]["period"], 3);
		assert_eq!(patch["drand"]["beacon"]["beaconId"], "development");
		assert_eq!(chain.reply("/chains", 0), Reply::Found(json!([chain.hash()])));
	}
}
