//! Who builds the function, how, and which line says so.
//!
//! Reads the texts of build files (scripts, CI workflows, templates) and manifests, and gives the
//! build commands found in them with their places, and the builder they speak for. It searches no
//! folder: the caller picks files by `is_build_file`. A plain `cargo build --release` counts only
//! in a file that also speaks of Lambda, and only where nothing speaks for cargo-lambda.

use super::{BuilderKind, document::Document};
use crate::source::{Place, RelPath, Span};
use std::fmt;

impl BuilderKind {
    /// The builder with this name.
    pub fn named(name: &str) -> Option<Self> {
        [BuilderKind::Cargo, BuilderKind::CargoLambda].into_iter().find(|it| it.name() == name)
    }

    /// Its name, as flags and reports spell it.
    pub fn name(self) -> &'static str {
        match self {
            BuilderKind::Cargo => "cargo",
            BuilderKind::CargoLambda => "cargo-lambda",
        }
    }
}

impl fmt::Display for BuilderKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a builder, a profile or a target was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// A flag says so.
    Flag,
    /// `metadata.lambda-lean` says so, there.
    Metadata(Place),
    /// That line or table says so.
    Detected(Place),
    /// That environment variable says so.
    Environment(String),
    /// Nothing says anything.
    Default,
}

/// A command that builds, as a script or workflow has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The program.
    pub builder: BuilderKind,
    /// The profile: `release` for `--release`, `dev` for none.
    pub profile: String,
    /// `--target`, `--arm64` or `--x86-64`, without a glibc version.
    pub target: Option<String>,
    /// `--package` and `--bin`: what it is limited to.
    pub limited_to: Vec<String>,
    /// Whether it says `--disable-optimizations`.
    pub disables_optimizations: bool,
    /// The command, from its first word.
    pub place: Place,
}

/// What build files and manifests say about the build.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detected {
    /// The builder, and what speaks for it.
    pub builder: Option<(BuilderKind, Place)>,
    /// Every build command found, in order of file and line.
    pub commands: Vec<Command>,
}

impl Detected {
    /// The commands of a builder that build one of `names` (a package or its binaries).
    pub fn commands_for<'a>(
        &'a self,
        builder: BuilderKind,
        names: &'a [&str],
    ) -> impl Iterator<Item = &'a Command> {
        self.commands.iter().filter(move |command| {
            let limited_to = &command.limited_to;
            command.builder == builder
                && (limited_to.is_empty() || limited_to.iter().any(|it| names.contains(&&**it)))
        })
    }
}

/// Whether a file may hold build commands: scripts, CI workflows, container files and templates.
pub fn is_build_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let lower = name.to_ascii_lowercase();
    let stem = lower.split('.').next().unwrap_or_default();
    let is_yaml = lower.ends_with(".yml") || lower.ends_with(".yaml");
    matches!(
        lower.as_str(),
        "makefile"
            | "gnumakefile"
            | "makefile.toml"
            | "justfile"
            | ".justfile"
            | "package.json"
            | "cargolambda.toml"
            | ".gitlab-ci.yml"
    ) || lower.ends_with(".sh")
        || lower.ends_with(".dockerfile")
        || matches!(stem, "dockerfile" | "containerfile")
        || is_yaml && (path.contains(".github/workflows/") || path.contains(".github/actions/"))
        || is_yaml && (is_template(stem) || stem.starts_with("buildspec") || stem == "taskfile")
}

fn is_template(stem: &str) -> bool {
    matches!(stem, "template" | "sam" | "serverless" | "amplify")
}

/// Looks through build files and manifests.
pub fn detect<'a>(
    files: impl IntoIterator<Item = (&'a RelPath, &'a str)>,
    manifests: &[&Document],
) -> Detected {
    let mut commands = Vec::new();
    // The most explicit witness for cargo-lambda counts: its own file, its table, a template, a
    // command line, an installation.
    let mut witnesses: Vec<(u8, Place)> = Vec::new();
    for manifest in manifests {
        for path in [["package", "metadata", "lambda"], ["workspace", "metadata", "lambda"]] {
            if manifest.get(&path).is_some() {
                witnesses.push((1, first_place(manifest, &path)));
            }
        }
    }
    for (file, text) in files {
        if file.as_str().rsplit('/').next() == Some("CargoLambda.toml") {
            witnesses.push((0, Place::new(file, Span::at(0))));
            continue;
        }
        let is_about_lambda = ["lambda", "bootstrap"].iter().any(|it| contains_word(text, it));
        let mut offset = 0;
        for line in text.split_inclusive('\n') {
            let start = offset;
            offset += line.len();
            if is_comment(line) {
                continue;
            }
            if let Some(at) = line.find("rust-cargolambda") {
                witnesses.push((2, Place::new(file, start + at..start + at + 16)));
            } else if let Some(at) = line.find("cargo-lambda").filter(|at| {
                // Installing this tool says nothing about the other.
                !line[at + 12..].starts_with("-lean")
            }) {
                witnesses.push((4, Place::new(file, start + at..start + at + 12)));
            }
            for (at, builder, words) in commands_in(text, start, line.len()) {
                let end = start + line.trim_end().len();
                let place = Place::new(file, at..end.max(at));
                match builder {
                    BuilderKind::CargoLambda => witnesses.push((3, place.clone())),
                    BuilderKind::Cargo if !is_about_lambda => continue,
                    BuilderKind::Cargo => {}
                }
                commands.push(command(builder, &words, place));
            }
        }
    }
    witnesses.sort();
    let cargo_lambda = witnesses.into_iter().next().map(|it| (BuilderKind::CargoLambda, it.1));
    let builder = cargo_lambda.or_else(|| {
        let plain = commands.iter().find(|command| command.profile != "dev");
        plain.map(|command| (command.builder, command.place.clone()))
    });
    Detected { builder, commands }
}

/// The table itself, or the first of its children where only those have headers.
fn first_place(document: &Document, path: &[&str]) -> Place {
    let table = document.get(path).and_then(|entry| entry.item.as_table());
    let child = document.entries(path).first().map(|entry| entry.key);
    match (table, child) {
        (Some(table), Some(child)) if table.is_implicit() => {
            first_place(document, &[path, &[child]].concat())
        }
        _ => document.place(path),
    }
}

fn is_comment(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with('#') || line.starts_with("//")
}

fn contains_word(text: &str, word: &str) -> bool {
    text.to_ascii_lowercase()
        .split(|c: char| !c.is_ascii_alphanumeric())
        .any(|found| found.trim_end_matches('s') == word)
}

/// The build commands that start in the line at `start`, each with its offset and the words
/// behind the verb. A backslash at the end of a line continues it.
fn commands_in(text: &str, start: usize, length: usize) -> Vec<(usize, BuilderKind, Vec<&str>)> {
    let mut found = Vec::new();
    let line = &text[start..start + length];
    for (at, _) in line.match_indices("cargo").chain(line.match_indices("cross ")) {
        let before = line[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.')) {
            continue;
        }
        let mut words = words(&text[start + at..]).into_iter().peekable();
        let program = words.next().unwrap_or_default();
        if words.peek().is_some_and(|word| word.starts_with('+')) {
            words.next();
        }
        let rest: Vec<&str> = words.collect();
        let builder = match (program, rest.as_slice()) {
            ("cargo" | "cargo-lambda", ["lambda", "build", ..]) => BuilderKind::CargoLambda,
            ("cargo-lambda", _) => continue,
            ("cargo" | "cross", ["build" | "b" | "zigbuild", ..]) => BuilderKind::Cargo,
            _ => continue,
        };
        let verb = if builder == BuilderKind::CargoLambda { 2 } else { 1 };
        found.push((start + at, builder, rest[verb..].to_vec()));
    }
    found
}

/// The words of a shell command up to its end, quotes and the brackets of lists taken off.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    for line in text.split('\n') {
        let line = line.trim_end();
        let (line, continues) = match line.strip_suffix('\\') {
            Some(line) => (line, true),
            None => (line, false),
        };
        for word in line.split_whitespace() {
            if matches!(word, "&&" | "||" | ";" | "|" | "&") || word.starts_with('#') {
                return words;
            }
            let ends = word.ends_with(';');
            // The brackets of a variable say that it is one.
            let around = if is_variable(word) { "\"'`,;" } else { "\"'`,;[](){}" };
            let bare = word.trim_matches(|c: char| around.contains(c));
            if !bare.is_empty() {
                words.push(bare);
            }
            if ends {
                return words;
            }
        }
        if !continues {
            break;
        }
    }
    words
}

/// Whether a word stands for what only the shell, make, just or a workflow knows.
fn is_variable(word: &str) -> bool {
    word.contains('$') || word.contains("{{")
}

fn command(builder: BuilderKind, words: &[&str], place: Place) -> Command {
    let mut command = Command {
        builder,
        profile: "dev".to_owned(),
        target: None,
        limited_to: Vec::new(),
        disables_optimizations: false,
        place,
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let (flag, inline) = match word.split_once('=') {
            Some((flag, value)) => (flag, Some(value)),
            None => (*word, None),
        };
        let mut value = || {
            let value = inline.or_else(|| words.next().copied()).unwrap_or_default();
            (!is_variable(value)).then(|| value.to_owned())
        };
        match flag {
            "--release" | "-r" => command.profile = "release".to_owned(),
            "--profile" => command.profile = value().unwrap_or_else(|| "release".to_owned()),
            "--arm64" => command.target = Some("aarch64-unknown-linux-gnu".to_owned()),
            "--x86-64" => command.target = Some("x86_64-unknown-linux-gnu".to_owned()),
            "--target" => {
                let target = value();
                let bare = |target: String| target.split('.').next().map(str::to_owned);
                command.target = target.and_then(bare);
            }
            "--package" | "-p" | "--bin" => command.limited_to.extend(value()),
            "--disable-optimizations" => command.disables_optimizations = true,
            // Behind it are arguments of another program.
            "--" => break,
            _ => {}
        }
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detected(files: &[(&str, &str)]) -> (Detected, Option<String>) {
        let files: Vec<(RelPath, &str)> =
            files.iter().map(|(name, text)| (RelPath::new(*name), *text)).collect();
        for (name, _) in &files {
            assert!(is_build_file(name.as_str()), "{name} is looked at");
        }
        let detected = detect(files.iter().map(|(name, text)| (name, *text)), &[]);
        let witness = detected.builder.as_ref().map(|(builder, place)| {
            let (_, text) = files.iter().find(|(name, _)| *name == place.file).expect("a file");
            format!("{builder}: {}: {}", place.file, &text[place.span.range()])
        });
        (detected, witness)
    }

    #[test]
    fn commands_are_read_with_their_flags() {
        let (found, witness) = detected(&[(
            "scripts/build.sh",
            "# cargo lambda build --profile no\n\
             cargo +stable lambda build --profile=lean \\\n  --arm64 -p one && echo done\n\
             RUSTFLAGS=x cargo lambda build -r --bin two --target x86_64-unknown-linux-gnu.2.26\n",
        )]);
        let witness = witness.expect("cargo-lambda is found");
        assert_eq!(
            witness,
            "cargo-lambda: scripts/build.sh: cargo +stable lambda build --profile=lean \\"
        );
        let of = |command: &Command| {
            (command.profile.clone(), command.target.clone(), command.limited_to.join(","))
        };
        let arm = Some("aarch64-unknown-linux-gnu".to_owned());
        let x86 = Some("x86_64-unknown-linux-gnu".to_owned());
        assert_eq!(found.commands.len(), 2);
        assert_eq!(of(&found.commands[0]), ("lean".to_owned(), arm, "one".to_owned()));
        assert_eq!(of(&found.commands[1]), ("release".to_owned(), x86, "two".to_owned()));
        let for_two: Vec<_> = found.commands_for(BuilderKind::CargoLambda, &["two"]).collect();
        assert_eq!(for_two, [&found.commands[1]]);
    }

    #[test]
    fn what_a_variable_holds_is_not_known() {
        for word in ["$T", "${T}", "\"$(T)\"", "{{t}}", "'{{ t }}'", "${{ inputs.t }}", "x-$T-y"] {
            let text = format!(
                "cargo build -r --target {word} && cargo build -r -p {word}\n\
                 cargo build --target {word} --profile={word}; zip bootstrap\n"
            );
            let (found, _) = detected(&[("build.sh", &text)]);
            let all = found.commands.iter();
            let all: Vec<_> = all
                .map(|it| (it.profile.as_str(), it.target.as_deref(), it.limited_to.len()))
                .collect();
            assert_eq!(all, [("release", None, 0); 3], "{word}");
        }
    }

    #[test]
    fn plain_cargo_counts_only_where_lambda_is_meant() {
        let tests = (".github/workflows/ci.yml", "  - run: cargo build --release\n");
        assert_eq!(detected(&[tests]).1, None);
        let zip = ("Makefile", "build:\n\tcargo build --release\n\tzip l.zip bootstrap\n");
        let witness = Some("cargo: Makefile: cargo build --release".to_owned());
        assert_eq!(detected(&[tests, zip]).1, witness);
        let debug = ("Dockerfile", "RUN cargo build\nCMD bootstrap\n");
        assert_eq!(detected(&[debug]).1, None, "a debug build is not deployed");
        let cross = ("justfile", "lambda:\n  cross build --release --target x\n");
        let witness = Some("cargo: justfile: cross build --release --target x".to_owned());
        assert_eq!(detected(&[cross]).1, witness);
        let sam = ("template.yaml", "Metadata:\n  BuildMethod: rust-cargolambda\n");
        let witness = Some("cargo-lambda: template.yaml: rust-cargolambda".to_owned());
        assert_eq!(detected(&[zip, sam]).1, witness);
    }

    #[test]
    fn the_most_explicit_witness_is_named() {
        let install = ("Dockerfile", "RUN pip install cargo-lambda\n");
        let line = ("package.json", "{\"build\": \"cargo lambda build --release\"}\n");
        let witness = detected(&[install, line]).1.expect("a witness");
        assert!(witness.starts_with("cargo-lambda: package.json: cargo lambda build"), "{witness}");
        assert_eq!(detected(&[install]).1.expect("it").split(": ").nth(1), Some("Dockerfile"));
        let ours = ("a.sh", "cargo install cargo-lambda-lean && cargo lambda-lean check\n");
        assert_eq!(detected(&[ours]).1, None);
        let own = ("CargoLambda.toml", "[build]\n");
        let witness = detected(&[install, line, own]).1;
        assert_eq!(witness.expect("a witness"), "cargo-lambda: CargoLambda.toml: ");
    }
}
