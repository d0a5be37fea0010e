//! `neuron subnet new`: a folder that compiles, passes the suite, runs in the simulator and mines.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Longest name of a mechanism, in bytes.
const MAX_NAME_BYTES: usize = 32;
/// What tells a checkout of this workspace.
const SDK_MANIFEST: &str = "subnets/sdk/Cargo.toml";
/// Files of a checkout that a mechanism compiled against it takes over: the same compiler, the same releases of everything.
const TAKEN_OVER: [&str; 2] = ["rust-toolchain.toml", "Cargo.lock"];
/// The module that mechanisms in Python are written with, and the example that a new one begins as.
const PYTHON_MODULE: &str = include_str!("../../../../subnets/process/python/ganglion_mechanism.py");
const PYTHON_EXAMPLE: &str = include_str!("../../../../subnets/process/python/proof_of_work.py");
const SCENARIO: (&str, &str) = ("scenario.toml", include_str!("template/scenario.toml.template"));
/// The files of a mechanism in Python, and their templates. There is nothing to compile, so nothing of a checkout is needed.
const PYTHON_FILES: [(&str, &str); 5] = [
	("mechanism.py", PYTHON_EXAMPLE),
	("ganglion_mechanism.py", PYTHON_MODULE),
	("README.md", include_str!("template/python.md.template")),
	(".gitignore", "/report\n__pycache__\n"),
	SCENARIO,
];
/// The files of a mechanism in Rust, and their templates.
const FILES: [(&str, &str); 8] = [
	("Cargo.toml", include_str!("template/Cargo.toml.template")),
	("README.md", include_str!("template/README.md.template")),
	(".gitignore", "/target\n/report\n"),
	("src/lib.rs", include_str!("template/lib.rs.template")),
	("tests/conformance.rs", include_str!("template/conformance.rs.template")),
	SCENARIO,
	("neuron/Cargo.toml", include_str!("template/neuron.toml.template")),
	("neuron/src/main.rs", include_str!("template/main.rs.template")),
];

/// What the new crate is compiled against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sdk {
	/// The checkout that the current folder is in.
	Around,
	/// A checkout.
	Path(PathBuf),
	/// A git repository.
	Git(String),
	/// Nothing: the mechanism is in Python.
	Python,
}

/// Where [`Sdk`] was found.
enum Source<'a> {
	Checkout(PathBuf),
	Git(&'a str),
	Python,
}

/// A mechanism to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scaffold {
	/// Its name: lower-case letters, digits and -.
	pub name: String,
	/// The folder, which must not be there.
	pub folder: PathBuf,
	/// What it is compiled against.
	pub sdk: Sdk,
}

/// Why no mechanism was made.
#[derive(Debug, thiserror::Error)]
pub enum ScaffoldError {
	/// Not a name.
	#[error(
		"`{0}` cannot name a mechanism: expected 1 to {MAX_NAME_BYTES} lower-case letters, digits and -, beginning with a \
		 letter, and no word of Rust"
	)]
	Name(String),
	/// A name that the generated program has in use.
	#[error(
		"`{0}` cannot name a mechanism: its program would have that name twice, as it uses one like it for something else; take a \
		 name of the work, such as `my-{0}`"
	)]
	InUse(String),
	/// There is something already.
	#[error("{0} is there already: choose another name, or another place with --folder")]
	Exists(PathBuf),
	/// No checkout.
	#[error(
		"there is no {SDK_MANIFEST} in {0} or above it: give --sdk-path (a checkout of Ganglion) or --sdk-git (its repository)"
	)]
	NoSdk(PathBuf),
	/// The system said no.
	#[error("cannot write {path}: {source}")]
	Write {
		/// What was written.
		path: PathBuf,
		/// What the system said.
		source: io::Error,
	},
}

impl Scaffold {
	/// Writes the folder and returns what to do next.
	///
	/// # Errors
	/// [`ScaffoldError`]; nothing is written over.
	pub fn write(&self) -> Result<String, ScaffoldError> {
		self.check_name()?;
		if self.folder.symlink_metadata().is_ok() {
			return Err(ScaffoldError::Exists(self.folder.clone()));
		}
		let source = self.source()?;
		let values = self.values(&source);
		let files = match source {
			Source::Python => &PYTHON_FILES[..],
			Source::Checkout(_) | Source::Git(_) => &FILES,
		};
		for (file, template) in files {
			write(&self.folder.join(file), fill(template, &values).as_bytes())?;
		}
		if let Source::Checkout(checkout) = &source {
			for file in TAKEN_OVER {
				// One that is not there is no loss: cargo then chooses by itself.
				if let Ok(content) = fs::read(checkout.join(file)) {
					write(&self.folder.join(file), &content)?;
				}
			}
		}
		Ok(self.next_steps())
	}

	fn check_name(&self) -> Result<(), ScaffoldError> {
		let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
		let is_name = self.name.len() <= MAX_NAME_BYTES
			&& self.name.starts_with(|c: char| c.is_ascii_lowercase())
			&& !self.name.ends_with('-')
			&& !self.name.contains("--")
			&& self.name.chars().all(fits)
			&& !is_rust_word(&self.name);
		if !is_name {
			return Err(ScaffoldError::Name(self.name.clone()));
		}
		if is_in_use(&self.name) {
			return Err(ScaffoldError::InUse(self.name.clone()));
		}
		Ok(())
	}

	fn source(&self) -> Result<Source<'_>, ScaffoldError> {
		let here = || std::env::current_dir().unwrap_or_default();
		let (start, levels) = match &self.sdk {
			Sdk::Git(url) => return Ok(Source::Git(url)),
			Sdk::Python => return Ok(Source::Python),
			Sdk::Path(path) => (path.clone(), 1),
			Sdk::Around => (here(), usize::MAX),
		};
		let start = fs::canonicalize(&start).unwrap_or(start);
		let found = start
			.ancestors()
			.take(levels)
			.find(|folder| folder.join(SDK_MANIFEST).is_file());
		match found {
			Some(checkout) => Ok(Source::Checkout(checkout.to_owned())),
			None => Err(ScaffoldError::NoSdk(start)),
		}
	}

	/// What the templates' placeholders stand for.
	fn values(&self, source: &Source<'_>) -> [(&'static str, String); 9] {
		let dependency = |package: &str, folder: &str| match source {
			Source::Checkout(checkout) => {
				let path = checkout.join(folder).display().to_string();
				format!("{package} = {{ path = {} }}", toml::Value::from(path))
			}
			Source::Git(url) => format!("{package} = {{ git = {} }}", toml::Value::from(*url)),
			Source::Python => String::new(),
		};
		let words = self.name.split('-').filter(|word| !word.is_empty());
		let title = words.fold(String::new(), |mut title, word| {
			let (first, rest) = word.split_at(1);
			title.push_str(&first.to_ascii_uppercase());
			title.push_str(rest);
			title
		});
		[
			// The example's own name; before the others, whose values may hold it.
			("proof-of-work", self.name.clone()),
			("ProofOfWork", title.clone()),
			("{{name}}", self.name.clone()),
			("{{crate}}", self.name.replace('-', "_")),
			("{{Type}}", title),
			("{{version}}", env!("CARGO_PKG_VERSION").to_owned()),
			("{{sdk}}", dependency("subnet-sdk", "subnets/sdk")),
			("{{neuron}}", dependency("neuron", "neuron")),
			("{{toolchain}}", env!("CARGO_PKG_RUST_VERSION").to_owned()),
		]
	}

	fn next_steps(&self) -> String {
		let mut text = format!("{} made. Next:\n\n", self.folder.display());
		let simulate = ("what do cheats earn?", "neuron sim run scenario.toml".to_owned());
		let command = "--mechanism-command \"python3 mechanism.py\"";
		let steps = match self.sdk {
			Sdk::Python => vec![
				("the mechanism; change it", "$EDITOR mechanism.py".to_owned()),
				("is it sound?", format!("neuron subnet check {command}")),
				simulate,
				("it works", format!("neuron miner {command} …")),
			],
			_ => vec![
				("the mechanism; change it", "$EDITOR src/lib.rs".to_owned()),
				("is it sound?", "cargo test".to_owned()),
				simulate,
				("a neuron that has it", format!("cargo build -p {}-neuron", self.name)),
			],
		};
		// Text for people, which has no way to fail.
		let _ = writeln!(text, "  cd {}", self.folder.display());
		for (why, command) in steps {
			let _ = writeln!(text, "  {command:64}# {why}");
		}
		text
	}
}

fn fill(template: &str, values: &[(&'static str, String)]) -> String {
	values.iter().fold(template.to_owned(), |text, (placeholder, value)| {
		text.replace(placeholder, value)
	})
}

fn write(path: &Path, content: &[u8]) -> Result<(), ScaffoldError> {
	let folder = path.parent().unwrap_or(Path::new("."));
	let written = fs::create_dir_all(folder).and_then(|()| fs::write(path, content));
	written.map_err(|source| ScaffoldError::Write {
		path: path.to_owned(),
		source,
	})
}

/// Words that cannot name a crate, and crates that everything has.
fn is_rust_word(name: &str) -> bool {
	const WORDS: [&str; 54] = [
		"abstract", "alloc", "as", "async", "await", "become", "box", "break", "const", "continue", "core", "crate",
		"do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop",
		"macro", "match", "mod", "move", "mut", "neuron", "override", "priv", "pub", "ref", "return", "self", "static",
		"std", "struct", "super", "test", "trait", "true", "try", "type", "typeof", "unsafe", "use", "virtual",
		"where", "while",
	];
	WORDS.contains(&name)
}

/// Names that would stand twice in the program that the templates make: as a type, a crate or a module.
fn is_in_use(name: &str) -> bool {
	const TYPES: [&str; 41] = [
		"answer",
		"arc",
		"box",
		"challenge-context",
		"clone",
		"context",
		"copy",
		"debug",
		"decode",
		"default",
		"descriptor",
		"drop",
		"duration",
		"encode",
		"eq",
		"epoch",
		"err",
		"exit-code",
		"fn-once",
		"found",
		"from",
		"into",
		"invalid-task",
		"iterator",
		"mechanism",
		"mechanism-error",
		"none",
		"ok",
		"option",
		"own",
		"own-fault",
		"partial-eq",
		"result",
		"run",
		"score",
		"sink-closed",
		"some",
		"string",
		"task",
		"transcript",
		"vec",
	];
	const CRATES: [&str; 6] = [
		"codec",
		"ganglion-mechanism",
		"hashlib",
		"parity-scale-codec",
		"proc-macro",
		"subnet-sdk",
	];
	const METHODS: [&str; 3] = ["conformance", "deadline", "solve"];
	TYPES.contains(&name) || CRATES.contains(&name) || METHODS.contains(&name)
}

#[cfg(test)]
mod tests {
	use super::*;

	fn scaffold(name: &str, folder: &Path) -> Scaffold {
		Scaffold {
			name: name.into(),
			folder: folder.join(name),
			sdk: Sdk::Path(Path::new(env!("CARGO_MANIFEST_DIR")).join("..")),
		}
	}

	#[test]
	fn the_folder_is_whole_and_its_scenario_runs() {
		let folder = tempfile::tempdir().unwrap();
		let scaffold = scaffold("word-count2", folder.path());
		let next = scaffold.write().unwrap();
		assert!(next.contains("cargo test"), "{next}");
		for (file, _) in FILES {
			let text = fs::read_to_string(scaffold.folder.join(file)).unwrap();
			assert!(
				!text.contains("{{") && !text.contains("}}") || file.ends_with(".rs"),
				"{file}: {text}"
			);
			assert!(
				!text.contains("{{name}}") && !text.contains("{{crate}}") && !text.contains("{{Type}}"),
				"{file}"
			);
		}
		let read = |file: &str| fs::read_to_string(scaffold.folder.join(file)).unwrap();
		let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
		assert_eq!(manifest["package"]["name"].as_str(), Some("word-count2"));
		let sdk = Path::new(
			manifest["workspace"]["dependencies"]["subnet-sdk"]["path"]
				.as_str()
				.unwrap(),
		);
		assert!(
			sdk.is_absolute() && sdk.join("Cargo.toml").is_file(),
			"{}",
			sdk.display()
		);
		assert!(read("neuron/Cargo.toml").parse::<toml::Table>().is_ok());
		assert!(read("src/lib.rs").contains("pub struct WordCount2;"));
		assert!(scaffold.folder.join("Cargo.lock").is_file());
		let scenario = subnet_sim::Scenario::from_file(&scaffold.folder.join("scenario.toml")).unwrap();
		let outcome = subnet_sim::run(&subnet_sim::Scenario {
			epochs: 20,
			..scenario.clone()
		});
		let mined = |name: &str| {
			outcome
				.mean(outcome.groups.iter().position(|group| group == name).unwrap())
				.mined
		};
		assert!(mined("honest miners") > 0.0 && mined("relaying miner") < mined("honest miners"));
	}

	#[test]
	fn nothing_is_written_over() {
		let folder = tempfile::tempdir().unwrap();
		let scaffold = scaffold("mine", folder.path());
		fs::create_dir(folder.path().join("mine")).unwrap();
		assert!(matches!(scaffold.write(), Err(ScaffoldError::Exists(_))));
	}

	#[test]
	fn names_and_places_that_cannot_be_are_refused() {
		let folder = tempfile::tempdir().unwrap();
		for name in [
			"",
			"Word",
			"1word",
			"word_count",
			"a--b",
			"a-",
			"fn",
			"neuron",
			"../x",
			&"a".repeat(33),
		] {
			let refused = scaffold(name, folder.path()).write();
			assert!(matches!(refused, Err(ScaffoldError::Name(_))), "{name}: {refused:?}");
		}
		for name in [
			"score",
			"task",
			"context",
			"answer",
			"mechanism",
			"epoch",
			"solve",
			"sink-closed",
			"codec",
		] {
			let refused = scaffold(name, folder.path()).write();
			assert!(matches!(refused, Err(ScaffoldError::InUse(_))), "{name}: {refused:?}");
		}
		let nowhere = Scaffold {
			sdk: Sdk::Path(folder.path().into()),
			..scaffold("mine", folder.path())
		};
		let error = nowhere.write().unwrap_err();
		assert!(
			matches!(error, ScaffoldError::NoSdk(_)) && error.to_string().contains("--sdk-git"),
			"{error}"
		);
		assert!(!nowhere.folder.exists());
	}

	#[test]
	fn python_needs_no_checkout() {
		let folder = tempfile::tempdir().unwrap();
		let scaffold = Scaffold {
			sdk: Sdk::Python,
			..scaffold("word-count", folder.path())
		};
		let next = scaffold.write().unwrap();
		assert!(
			next.contains("neuron subnet check --mechanism-command \"python3 mechanism.py\""),
			"{next}"
		);
		let program = fs::read_to_string(scaffold.folder.join("mechanism.py")).unwrap();
		assert!(
			program.contains("class WordCount(Mechanism):") && program.contains("name = \"word-count\""),
			"{program}"
		);
		assert!(!program.contains("proof-of-work"));
		let module = fs::read_to_string(scaffold.folder.join("ganglion_mechanism.py")).unwrap();
		assert!(!module.contains("proof_of_work") && module.contains("python3 mechanism.py"));
		assert!(
			scaffold.folder.join("ganglion_mechanism.py").is_file() && !scaffold.folder.join("Cargo.toml").exists()
		);
	}

	#[test]
	fn a_git_repository_will_do() {
		let folder = tempfile::tempdir().unwrap();
		let scaffold = Scaffold {
			sdk: Sdk::Git("https://example.org/ganglion".into()),
			..scaffold("mine", folder.path())
		};
		scaffold.write().unwrap();
		let manifest: toml::Table = fs::read_to_string(scaffold.folder.join("Cargo.toml"))
			.unwrap()
			.parse()
			.unwrap();
		let sdk = &manifest["workspace"]["dependencies"]["subnet-sdk"];
		assert_eq!(sdk["git"].as_str(), Some("https://example.org/ganglion"));
	}
}
