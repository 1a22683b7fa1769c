//! What templates say of the deployment: SAM's and the Serverless Framework's architecture and
//! runtime, with their places.
//!
//! The lines are searched, not parsed: CloudFormation's YAML has tags that no parser here knows.
//! Where the functions of a project differ, nothing is said, rather than something wrong.

use super::binary::{Machine, Runtime};
use crate::source::{Place, RelPath};

/// What the templates agree on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deployment {
    /// The processor the functions are deployed to.
    pub machine: Option<(Machine, Place)>,
    /// The runtime they are deployed on.
    pub runtime: Option<(Runtime, Place)>,
}

impl Deployment {
    /// Searches the templates among build files.
    pub fn read<'a>(files: impl IntoIterator<Item = (&'a RelPath, &'a str)>) -> Self {
        let (mut machines, mut runtimes) = (Vec::new(), Vec::new());
        for (file, text) in files.into_iter().filter(|(file, _)| is_template(file)) {
            search(file, text, &mut machines, &mut runtimes);
        }
        Deployment { machine: agreed(machines), runtime: agreed(runtimes) }
    }
}

fn is_template(file: &RelPath) -> bool {
    let file = file.as_str();
    // A workflow's `architecture` is that of the machine it runs on.
    (file.ends_with(".yaml") || file.ends_with(".yml")) && !file.contains(".github/")
}

fn search(
    file: &RelPath,
    text: &str,
    machines: &mut Vec<(Machine, Place)>,
    runtimes: &mut Vec<(Runtime, Place)>,
) {
    let mut offset = 0;
    // Whether the items that follow are architectures.
    let mut in_list = false;
    for line in text.split_inclusive('\n') {
        let start = offset + (line.len() - line.trim_start().len());
        offset += line.len();
        let line = line.trim();
        let place = || Place::new(file, start..start + line.len());
        let (key, value) = match line.split_once(':') {
            _ if line.starts_with('#') => continue,
            Some((key, value)) => (key.trim(), bare(value)),
            None => {
                let item = line.strip_prefix('-').map(bare);
                in_list &= item.is_some() || line.is_empty();
                if let Some(machine) = item.filter(|_| in_list).and_then(machine) {
                    machines.push((machine, place()));
                }
                continue;
            }
        };
        in_list = key == "Architectures" && value.is_empty();
        if matches!(key, "Architectures" | "architecture")
            && let Some(machine) = machine(value)
        {
            machines.push((machine, place()));
        }
        if matches!(key, "Runtime" | "runtime")
            && let Some(runtime) = Runtime::named(value)
        {
            runtimes.push((runtime, place()));
        }
    }
}

/// A value without comment, quotes and brackets.
fn bare(value: &str) -> &str {
    let value = value.split(" #").next().unwrap_or_default();
    value.trim_matches(|c: char| c.is_whitespace() || "\"'[],-".contains(c))
}

/// A processor as Lambda names it.
fn machine(name: &str) -> Option<Machine> {
    match name {
        "arm64" => Some(Machine::Aarch64),
        "x86_64" => Some(Machine::X86_64),
        _ => None,
    }
}

/// The first of the values, if all are the same.
fn agreed<T: Copy + PartialEq>(found: Vec<(T, Place)>) -> Option<(T, Place)> {
    let first = found.first()?.0;
    found.iter().all(|(value, _)| *value == first).then(|| found.into_iter().next()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    type Found<T> = Option<(T, String)>;

    fn read(text: &str) -> (Found<Machine>, Found<Runtime>) {
        let found = Deployment::read([(&RelPath::new("template.yaml"), text)]);
        let shown = |place: Place| text[place.span.range()].to_owned();
        (
            found.machine.map(|(machine, place)| (machine, shown(place))),
            found.runtime.map(|(runtime, place)| (runtime, shown(place))),
        )
    }

    #[test]
    fn both_spellings_of_a_list_and_the_runtime_are_found() {
        let sam = "Resources:\n  F:\n    Properties:\n      Runtime: provided.al2\n      \
                   Architectures:\n        - arm64 # cheaper\n      MemorySize: 128\n";
        let (machine, runtime) = read(sam);
        assert_eq!(machine, Some((Machine::Aarch64, "- arm64 # cheaper".to_owned())));
        assert_eq!(runtime, Some((Runtime::Al2, "Runtime: provided.al2".to_owned())));
        let inline = read("Architectures: [\"x86_64\"]\nRuntime: 'provided.al2023'\n");
        assert_eq!(inline.0.map(|found| found.0), Some(Machine::X86_64));
        assert_eq!(inline.1.map(|found| found.0), Some(Runtime::Al2023));
        assert_eq!(
            read("provider:\n  architecture: arm64\n").0.map(|found| found.0),
            Some(Machine::Aarch64)
        );
    }

    #[test]
    fn what_differs_or_is_meant_otherwise_says_nothing() {
        let two = "Architectures: [arm64]\nRuntime: provided.al2\n\
                   Architectures: [x86_64]\nRuntime: provided.al2023\n";
        assert_eq!(read(two), (None, None));
        for text in [
            "# Architectures: [arm64]\n",
            "Architectures: !Ref Arch\n",
            "Types:\n  - arm64\n",
            "Architectures:\nOther:\n  - arm64\n",
            "Runtime: python3.12\n",
        ] {
            assert_eq!(read(text), (None, None), "{text}");
        }
    }
}
