//! Which crate may depend on which. The arrows keep the consensus arithmetic free of frameworks, each large
//! library behind one crate of ours, and the chain's and the neuron's libp2p out of one binary.
//!
//! Development dependencies count too: what a test may name, its crate soon names.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::Finding;
use super::tree::{Manifest, Tree};

/// Crates that a pattern list `of` (less `but`) names never depend on what `never` names (less `save`).
/// A `*` ends a pattern that stands for everything with that beginning; a pattern with a `/` is about folders.
struct Rule {
	of: &'static [&'static str],
	but: &'static [&'static str],
	never: &'static [&'static str],
	save: &'static [&'static str],
	why: &'static str,
}

/// Stands in `never` for every crate of this workspace.
const OUR_CRATES: &str = "<workspace>";

const RULES: &[Rule] = &[
	Rule {
		of: &["yuma", "swap-math", "timelock", "subnet-sdk"],
		but: &[],
		never: &["subxt*", "libp2p*", "candle*", "frame-*", "pallet-*", "sc-*"],
		save: &[],
		why: "the arithmetic, timelock encryption and the mechanism interface run without chain, network and models",
	},
	Rule {
		of: &["yuma", "swap-math"],
		but: &[],
		never: &[OUR_CRATES],
		save: &[],
		why: "the arithmetic of the consensus and of the pools is where the arrows end",
	},
	Rule {
		of: &["*"],
		but: &["neuron-chain"],
		never: &["subxt*"],
		save: &[],
		why: "neuron-chain is the only crate that names subxt",
	},
	Rule {
		of: &["*"],
		but: &["neuron-net"],
		never: &["libp2p*"],
		save: &[],
		why: "neuron-net is the only crate that names libp2p",
	},
	Rule {
		of: &["*"],
		but: &["neuron-infer"],
		never: &["candle*"],
		save: &[],
		why: "neuron-infer is the only crate that names candle",
	},
	Rule {
		of: &["*"],
		but: &["ganglion-node", "ganglion-weights"],
		never: &["sc-*"],
		save: &[],
		why: "only the node, and what measures its runtime, links the client crates, which are under the GPL, and their libp2p",
	},
	Rule {
		of: &["neuron*"],
		but: &[],
		never: &["ganglion-*", "pallet-*", "yuma*"],
		save: &["yuma"],
		why: "the neuron knows the chain by its metadata, never by its code",
	},
	Rule {
		of: &["pallets/"],
		but: &[],
		never: &["ganglion-runtime", "ganglion-node", "neuron*", "subnet-*"],
		save: &[],
		why: "pallets are below the runtime, and the chain knows nothing of the neuron",
	},
	Rule {
		of: &["ganglion-runtime", "ganglion-node"],
		but: &[],
		never: &["neuron*", "subnet-*"],
		save: &[],
		why: "the chain knows nothing of the neuron and of mechanisms",
	},
	Rule {
		of: &["ganglion-runtime"],
		but: &[],
		never: &["ganglion-node"],
		save: &[],
		why: "the runtime is below the node",
	},
	Rule {
		of: &["subnets/"],
		but: &["subnet-sim", "subnets-fuzz"],
		never: &[OUR_CRATES],
		save: &["subnet-sdk"],
		why: "a mechanism is written against the sdk alone",
	},
	Rule {
		of: &["subnet-sim"],
		but: &[],
		never: &[OUR_CRATES, "frame-*"],
		save: &["yuma", "swap-math", "subnet-sdk"],
		why: "the simulator runs the arithmetic itself, without the chain",
	},
	Rule {
		of: &["subnet-sdk", "xtask"],
		but: &[],
		never: &[OUR_CRATES],
		save: &[],
		why: "it stands alone",
	},
];

/// Arrows that go against a rule for a reason: from, to, reason.
const EXCEPTIONS: &[(&str, &str, &str)] = &[(
	"neuron-testkit",
	"candle-core",
	"it writes the tiny GGUF models that tests serve",
)];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
	let mut findings = Vec::new();
	let mut packages = Vec::new();
	for manifest in tree.manifests() {
		match manifest.text.parse::<Table>() {
			Ok(table) => packages.push((manifest, table)),
			Err(error) => findings.push(Finding {
				file: manifest.path.to_owned(),
				line: 0,
				what: format!("this is no TOML: {}", error.message()),
				why: "a manifest that cannot be read cannot be checked",
				remedy: "mend it".into(),
			}),
		}
	}
	let ours: Vec<&str> = packages.iter().filter_map(|(_, table)| name(table)).collect();
	let shared = shared_dependencies(&packages);
	for (manifest, table) in &packages {
		let Some(package) = name(table) else { continue };
		for (key, dependency) in dependencies(table) {
			let line = line_of(manifest.text, key);
			let crate_name = package_name(key, dependency, &shared);
			let finding = |what: String, why: &'static str, remedy: String| Finding {
				file: manifest.path.to_owned(),
				line,
				what,
				why,
				remedy,
			};
			if dependency.get("workspace").and_then(Value::as_bool) != Some(true) {
				findings.push(finding(
					format!("the version of {key} is written here"),
					"one version of each dependency, in one place",
					format!("move it to [workspace.dependencies] and write `{key}.workspace = true`"),
				));
			}
			for rule in RULES {
				if rule.forbids(package, manifest.folder, crate_name, &ours) {
					findings.push(finding(
						format!("{package} depends on {crate_name}"),
						rule.why,
						"move the code to the crate that may; a reasoned exception goes into \
						xtask/src/tidy/arrows.rs"
							.into(),
					));
				}
			}
		}
	}
	findings
}

impl Rule {
	fn forbids(&self, package: &str, folder: &str, dependency: &str, ours: &[&str]) -> bool {
		let concerned = self.of.iter().any(|pattern| {
			if pattern.ends_with('/') {
				folder.starts_with(pattern)
			} else {
				fits(pattern, package)
			}
		});
		let forbidden = self.never.iter().any(|pattern| match *pattern {
			OUR_CRATES => ours.contains(&dependency),
			pattern => fits(pattern, dependency),
		});
		let excepted = EXCEPTIONS
			.iter()
			.any(|(from, to, _)| *from == package && *to == dependency);
		concerned
			&& forbidden
			&& !excepted
			&& !self.but.iter().any(|pattern| fits(pattern, package))
			&& !self.save.iter().any(|pattern| fits(pattern, dependency))
	}
}

fn fits(pattern: &str, name: &str) -> bool {
	pattern
		.strip_suffix('*')
		.map_or(name == pattern, |start| name.starts_with(start))
}

fn name(table: &Table) -> Option<&str> {
	table.get("package")?.get("name")?.as_str()
}

/// `[workspace.dependencies]`.
fn shared_dependencies<'a>(packages: &'a [(Manifest<'_>, Table)]) -> BTreeMap<&'a str, &'a Value> {
	packages
		.iter()
		.filter_map(|(_, table)| table.get("workspace")?.get("dependencies")?.as_table())
		.flatten()
		.map(|(key, value)| (key.as_str(), value))
		.collect()
}

/// All dependencies of a crate: normal, development, build, and those for some targets only.
fn dependencies(table: &Table) -> Vec<(&str, &Value)> {
	let targets = table.get("target").and_then(Value::as_table).into_iter().flatten();
	let tables = targets.filter_map(|(_, value)| value.as_table()).chain([table]);
	let mut dependencies = Vec::new();
	for table in tables {
		for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
			let section = table.get(kind).and_then(Value::as_table).into_iter().flatten();
			dependencies.extend(section.map(|(key, value)| (key.as_str(), value)));
		}
	}
	dependencies
}

/// A dependency's own name: it may be renamed here or in the workspace's table.
fn package_name<'a>(key: &'a str, dependency: &'a Value, shared: &BTreeMap<&'a str, &'a Value>) -> &'a str {
	let renamed = |value: &'a Value| value.get("package").and_then(Value::as_str);
	renamed(dependency).or_else(|| renamed(shared.get(key)?)).unwrap_or(key)
}

fn line_of(text: &str, key: &str) -> usize {
	let is_entry = |line: &str| {
		let rest = line.trim_start().trim_start_matches('"').strip_prefix(key);
		rest.is_some_and(|rest| rest.starts_with(['.', ' ', '=', '"']))
	};
	text.lines().position(is_entry).map_or(0, |index| index + 1)
}

#[cfg(test)]
mod tests {
	use super::*;

	fn manifest(name: &str, section: &str, dependency: &str) -> String {
		format!("[package]\nname = \"{name}\"\n\n[{section}]\n{dependency}.workspace = true\n")
	}

	fn found(path: &str, text: &str) -> Vec<Finding> {
		let others = [
			(
				"neuron/net/Cargo.toml",
				manifest("neuron-net", "dependencies", "libp2p"),
			),
			(
				"subnets/sdk/Cargo.toml",
				manifest("subnet-sdk", "dependencies", "blake2"),
			),
			(
				"Cargo.toml",
				"[workspace.dependencies]\nquick = { package = \"libp2p-quic\" }\n".into(),
			),
		];
		let mut files = vec![(path, text)];
		let beside = others.iter().filter(|(other, _)| *other != path);
		files.extend(beside.map(|(path, text)| (*path, text.as_str())));
		check(&Tree::of(&files))
	}

	#[test]
	fn forbidden_arrows_are_found_with_their_line() {
		for (path, name, dependency) in [
			("pallets/yuma/Cargo.toml", "yuma", "frame-support"),
			("subnets/sdk/Cargo.toml", "subnet-sdk", "candle-core"),
			("subnets/text/Cargo.toml", "subnet-text", "neuron-net"),
			("subnets/text/Cargo.toml", "subnet-text", "candle-nn"),
			("neuron/Cargo.toml", "neuron", "subxt"),
			("neuron/Cargo.toml", "neuron", "libp2p-stream"),
			("neuron/Cargo.toml", "neuron", "ganglion-runtime"),
			("neuron/chain/Cargo.toml", "neuron-chain", "pallet-balances"),
			("neuron/e2e/Cargo.toml", "neuron-e2e", "ganglion-node"),
			("pallets/subtensor/Cargo.toml", "pallet-subtensor", "ganglion-runtime"),
			("runtime/Cargo.toml", "ganglion-runtime", "sc-executor"),
			("runtime/Cargo.toml", "ganglion-runtime", "neuron-net"),
			("xtask/Cargo.toml", "xtask", "neuron-net"),
		] {
			for section in ["dependencies", "dev-dependencies", "target.'cfg(unix)'.dependencies"] {
				let findings = found(path, &manifest(name, section, dependency));
				assert!(!findings.is_empty(), "{name} -> {dependency} in [{section}]");
				let finding = &findings[0];
				assert_eq!(finding.what, format!("{name} depends on {dependency}"));
				assert_eq!((finding.file.as_str(), finding.line), (path, 5));
			}
		}
	}

	#[test]
	fn allowed_arrows_are_not_found() {
		for (path, name, dependency) in [
			("neuron/chain/Cargo.toml", "neuron-chain", "subxt"),
			("neuron/Cargo.toml", "neuron", "neuron-net"),
			("neuron/Cargo.toml", "neuron", "yuma"),
			("neuron/testkit/Cargo.toml", "neuron-testkit", "candle-core"),
			("subnets/text/Cargo.toml", "subnet-text", "subnet-sdk"),
			("node/Cargo.toml", "ganglion-node", "sc-service"),
			("pallets/subtensor/Cargo.toml", "pallet-subtensor", "yuma"),
			("pallets/subtensor/Cargo.toml", "pallet-subtensor", "pallet-balances"),
		] {
			let findings = found(path, &manifest(name, "dependencies", dependency));
			assert!(findings.is_empty(), "{name} -> {dependency}: {findings:?}");
		}
	}

	#[test]
	fn renaming_hides_nothing() {
		let findings = found("neuron/Cargo.toml", &manifest("neuron", "dependencies", "quick"));
		assert_eq!(findings.len(), 1);
		assert_eq!(findings[0].what, "neuron depends on libp2p-quic");
	}

	#[test]
	fn versions_are_in_one_place_and_manifests_are_readable() {
		let findings = found(
			"a/Cargo.toml",
			"[package]\nname = \"a\"\n[dependencies]\nhex = \"0.4\"\n",
		);
		assert_eq!(findings.len(), 1);
		assert!(findings[0].what.contains("version of hex") && findings[0].line == 4);
		assert!(found("a/Cargo.toml", "[package")[0].what.contains("no TOML"));
	}
}
