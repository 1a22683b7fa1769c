//! The reference measurements of the example functions: turns `reference.toml` into experiments,
//! their results into `results.json`, and those into tables, between two markers: all of them in
//! the functions' own README, and what it comes to in the project's.
//!
//! It can also tell whether either is stale: the results name a hash of all the functions' files,
//! and the tables are made from the results alone.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};
use comfy_table::presets;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    bench::Progress,
    experiment::{Apply, Experiment, Prepared},
    metric::{Metric, compare},
    report,
    results::Results,
    spec::Spec,
};

/// The file of the results, in the folder of the functions.
pub const RESULTS: &str = "results.json";
const BEGIN: &str = "<!-- bench --reference: begin -->";
const END: &str = "<!-- bench --reference: end -->";

/// `results.json`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Reference {
    /// `reference`.
    pub reason: String,
    /// As of [`Results`].
    pub schema: u32,
    /// SHA-256 of the functions' files.
    pub sources: String,
    /// The results, by the measurement's name.
    pub measurements: BTreeMap<String, Results>,
}

/// A measurement of `reference.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measurement {
    /// Its name in the results.
    pub name: String,
    /// Its title above the tables.
    title: String,
    /// Whether the project's README shows it too.
    #[serde(default, rename = "in-short")]
    in_short: bool,
    memory: Vec<u32>,
    /// What is said first: a variant, and the one it is compared with.
    #[serde(default)]
    headlines: Vec<[String; 2]>,
    #[serde(default)]
    variants: Vec<String>,
    #[serde(default)]
    steps: Option<Steps>,
}

/// A function, and the rules whose fixes are applied to it one after the other.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Steps {
    variant: String,
    panic: String,
    rules: Vec<Vec<String>>,
    /// For steps that no edit can make: the variables that do, by the step's name.
    #[serde(default)]
    env: BTreeMap<String, BTreeMap<String, String>>,
}

/// All of `reference.toml`.
pub fn measurements() -> Vec<Measurement> {
    #[derive(Deserialize)]
    struct File {
        measurement: Vec<Measurement>,
    }
    let file: File =
        toml::from_str(include_str!("reference.toml")).expect("a test reads the measurements");
    file.measurement
}

impl Measurement {
    fn specs(&self, functions: &Path) -> Result<Vec<Spec>> {
        let read = |text: &String| -> Result<Spec> {
            let mut spec: Spec = text.parse()?;
            spec.path = spec.path.map(|path| functions.join(path));
            Ok(spec)
        };
        let mut specs = self.variants.iter().map(read).collect::<Result<Vec<_>>>()?;
        if let Some(steps) = &self.steps {
            let variant = read(&steps.variant)?;
            specs.extend(variant.stepwise(Some(&steps.panic), &steps.rules, &steps.env));
        }
        Ok(specs)
    }
}

/// A measurement whose variants are built.
pub struct Built {
    name: String,
    experiment: Experiment,
    prepared: Prepared,
}

impl Built {
    /// What could not be built, a line each.
    pub fn faults(&self) -> impl Iterator<Item = String> {
        self.prepared.faults()
    }
}

/// Builds the variants of what `names` names, or of all; `common` says how to measure. All of it
/// comes before any measuring, which wants a machine with nothing else to do.
pub fn build(
    functions: &Path,
    names: &[String],
    common: &Experiment,
    apply: Apply<'_>,
    progress: Progress<'_>,
) -> Result<Vec<Built>> {
    let all = measurements();
    if let Some(name) = names.iter().find(|name| all.iter().all(|known| &known.name != *name)) {
        let known: Vec<&str> = all.iter().map(|measurement| measurement.name.as_str()).collect();
        bail!("failed to find the measurement {name}; there are {}", known.join(", "));
    }
    let wanted = |it: &Measurement| names.is_empty() || names.contains(&it.name);
    let build = |measurement: Measurement| {
        let memory = if common.memory.is_empty() { &measurement.memory } else { &common.memory };
        let experiment = Experiment {
            specs: measurement.specs(functions)?,
            memory: memory.clone(),
            // The first one.
            baseline: None,
            stepwise: measurement.steps.is_some(),
            ..common.clone()
        };
        let prepared = experiment.build(apply, progress)?;
        Ok(Built { name: measurement.name, experiment, prepared })
    };
    all.into_iter().filter(wanted).map(build).collect()
}

/// Measures what is built. What is not stays as it was measured.
pub fn measure(functions: &Path, built: Vec<Built>, progress: Progress<'_>) -> Result<Reference> {
    let sources = sources(functions)?;
    let mut results = BTreeMap::new();
    if built.len() < measurements().len() && functions.join(RESULTS).exists() {
        let earlier = read(functions)?;
        // What was measured of other sources is stale, and must not pass for what is measured now.
        if earlier.sources == sources {
            results = earlier.measurements;
        }
    }
    for Built { name, experiment, prepared } in built {
        results.insert(name, experiment.measure(prepared, progress)?);
    }
    Ok(Reference {
        reason: "reference".into(),
        schema: super::results::SCHEMA,
        sources,
        measurements: results,
    })
}

/// Reads `results.json`.
pub fn read(functions: &Path) -> Result<Reference> {
    let path = functions.join(RESULTS);
    let text = fs::read(&path).with_context(|| {
        format!("failed to read {}; `bench --reference` makes it", path.display())
    })?;
    serde_json::from_slice(&text).with_context(|| format!("failed to read {}", path.display()))
}

/// Writes `results.json` and the tables.
pub fn write(reference: &Reference, functions: &Path, readme: &Path) -> Result<()> {
    let path = functions.join(RESULTS);
    let json = serde_json::to_string(reference).context("failed to write the results as JSON")?;
    fs::write(&path, json + "\n").with_context(|| format!("failed to write {}", path.display()))?;
    for (file, tables) in documents(reference, functions, readme) {
        let text = replaced(&file, &tables)?;
        fs::write(&file, text).with_context(|| format!("failed to write {}", file.display()))?;
    }
    Ok(())
}

/// The files with tables, each with its own.
fn documents(reference: &Reference, functions: &Path, readme: &Path) -> [(PathBuf, String); 2] {
    let short = |measurement: &Measurement| measurement.in_short;
    [
        (readme.to_owned(), tables(reference, short)),
        (functions.join("README.md"), tables(reference, |_| true)),
    ]
}

/// Fails, and says why, where the results or the tables are stale.
pub fn check(functions: &Path, readme: &Path) -> Result<()> {
    let reference = read(functions)?;
    ensure!(
        reference.sources == sources(functions)?,
        "the results in {} are stale: the functions have changed since; run `bench --reference`",
        functions.join(RESULTS).display()
    );
    for measurement in measurements() {
        let measured = reference.measurements.get(&measurement.name);
        let names = measured.map(|results| results.variants.iter().map(|v| &v.spec.name));
        let wanted = measurement.specs(functions)?;
        ensure!(
            names.is_some_and(|names| names.eq(wanted.iter().map(|spec| &spec.name))),
            "the results of `{}` are stale: other variants were measured; run `bench --reference`",
            measurement.name
        );
    }
    for (file, tables) in documents(&reference, functions, readme) {
        let text = fs::read_to_string(&file)
            .with_context(|| format!("failed to read {}", file.display()))?;
        ensure!(
            text == replaced(&file, &tables)?,
            "the tables in {} are stale: they are not those of {RESULTS}; run `bench --reference \
             --tables-only`",
            file.display()
        );
    }
    Ok(())
}

fn replaced(file: &Path, tables: &str) -> Result<String> {
    let text =
        fs::read_to_string(file).with_context(|| format!("failed to read {}", file.display()))?;
    let parts = text.split_once(BEGIN).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(END)?;
        Some((before, after))
    });
    let (before, after) = parts.with_context(|| {
        format!("failed to find the lines `{BEGIN}` and `{END}` in {}", file.display())
    })?;
    Ok(format!("{before}{BEGIN}\n{tables}{END}{after}"))
}

/// The tables of the measurements that are wanted.
pub fn tables(reference: &Reference, wanted: impl Fn(&Measurement) -> bool) -> String {
    let mut text = String::new();
    let mut notes = Vec::new();
    for measurement in measurements().into_iter().filter(wanted) {
        let Some(results) = reference.measurements.get(&measurement.name) else { continue };
        text += &format!("\n#### {}\n\n", measurement.title);
        for [variant, baseline] in &measurement.headlines {
            for line in headline(results, variant, baseline) {
                text += &format!("{line}\n");
            }
        }
        text += &report::tables(results);
        if results.settings.stepwise {
            text += &format!("\n{}\n", report::step_table(results, presets::ASCII_MARKDOWN));
        }
        // All are measured alike.
        notes = report::notes(results);
    }
    text += "\n";
    for note in notes {
        text += &format!("- {note}\n");
    }
    text
}

/// What a variant gains over another, at each memory size.
fn headline(results: &Results, name: &str, baseline: &str) -> Vec<String> {
    let comparisons = compare(&results.cells, baseline);
    let of = |memory_mb, metric| {
        let found = comparisons.iter().find(|comparison| {
            comparison.variant == name
                && comparison.memory_mb == memory_mb
                && comparison.metric == metric
        });
        found.map_or_else(|| "–".to_owned(), report::interval)
    };
    let line = |memory_mb| {
        format!(
            "- **{name}** against **{baseline}** at {memory_mb} MB, times less: cold start {}, \
             warm p50 {} and mean {}, back to back p50 {} and mean {}, CPU per warm invocation {}, \
             peak memory {}.",
            of(memory_mb, Metric::Cold),
            of(memory_mb, Metric::Warm),
            of(memory_mb, Metric::WarmMean),
            of(memory_mb, Metric::BackToBack),
            of(memory_mb, Metric::BackToBackMean),
            of(memory_mb, Metric::WarmCpu),
            of(memory_mb, Metric::PeakRss),
        )
    };
    report::memory_sizes(results).into_iter().map(line).collect()
}

/// A hash of all files of the functions that decide on a binary or an event.
fn sources(functions: &Path) -> Result<String> {
    let mut files = Vec::new();
    collect(functions, &mut files)
        .with_context(|| format!("failed to list {}", functions.display()))?;
    files.sort();
    let mut hash = Sha256::new();
    for file in files {
        let text = fs::read(&file).with_context(|| format!("failed to read {}", file.display()))?;
        let name = file.strip_prefix(functions).unwrap_or(&file);
        hash.update(name.to_string_lossy().as_bytes());
        hash.update([0]);
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if name != "target" {
                collect(&path, files)?;
            }
        } else if name != RESULTS && !name.ends_with(".md") {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_measurements_are_well_formed() {
        for measurement in measurements() {
            let specs = measurement.specs(Path::new("/functions")).expect("variants");
            for name in measurement.headlines.iter().flatten() {
                assert!(specs.iter().any(|spec| &spec.name == name), "{name}");
            }
            assert!(specs.iter().all(|spec| spec.path.as_ref().is_some_and(|p| p.is_absolute())));
        }
    }

    #[test]
    fn stale_results_are_told() {
        let root = tempfile::tempdir().expect("a temporary directory");
        let readme = root.path().join("README.md");
        fs::write(root.path().join("main.rs"), "fn main() {}").expect("writable");
        let told = || check(root.path(), &readme).expect_err("stale").to_string();
        assert!(told().contains("`bench --reference` makes it"), "{}", told());

        let mut reference = Reference {
            reason: "reference".into(),
            schema: 1,
            sources: "of another state".into(),
            measurements: BTreeMap::new(),
        };
        let save = |reference: &Reference| {
            let json = serde_json::to_string(reference).expect("plain data");
            fs::write(root.path().join(RESULTS), json).expect("writable");
        };
        save(&reference);
        assert!(told().contains("the functions have changed since"), "{}", told());
        reference.sources = sources(root.path()).expect("a folder");
        save(&reference);
        assert!(told().contains("other variants were measured"), "{}", told());
        // A word on a function changes nothing that is measured; its source does.
        fs::write(root.path().join("README.md"), "words").expect("writable");
        assert_eq!(reference.sources, sources(root.path()).expect("a folder"));
        fs::write(root.path().join("main.rs"), "fn main() { }").expect("writable");
        assert_ne!(reference.sources, sources(root.path()).expect("a folder"));
    }

    #[test]
    fn tables_stand_between_the_markers() {
        let readme = tempfile::NamedTempFile::new().expect("a temporary file");
        fs::write(&readme, format!("a\n{BEGIN}\nold\n{END}\nz\n")).expect("writable");
        let text = replaced(readme.path(), "new\n").expect("markers");
        assert_eq!(text, format!("a\n{BEGIN}\nnew\n{END}\nz\n"));
        fs::write(&readme, "no markers").expect("writable");
        let error = replaced(readme.path(), "new").expect_err("no markers").to_string();
        assert!(error.contains(BEGIN), "{error}");
    }
}
