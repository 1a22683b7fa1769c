//! The size of one built function as the public JSON holds it, and what changed between two.
//!
//! The same values feed every format and the baseline file, so a baseline read back compares
//! with a fresh report field by field. Nothing is measured here; a file that is no baseline of
//! this schema is refused, never half understood.

mod human;
mod markdown;

pub use human::human;
pub use markdown::markdown;

use crate::{
    artefact::Age,
    facts::{
        binary::{Binary, Runtime},
        package::{UNZIPPED_LIMIT, ZIP_LIMIT, ZipSize},
    },
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The schema of the JSON below. A change that breaks a reader gives it another number.
pub const SCHEMA: u32 = 1;

const REASON: &str = "size";

/// What one built function weighs and needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SizeReport {
    /// Always `size`: how a reader of mixed lines knows this one.
    pub reason: String,
    /// Always [`SCHEMA`].
    pub schema: u32,
    /// The file that was read, as it was named or found.
    pub path: String,
    /// The package it was built from, where it was found through one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub package: Option<String>,
    /// The binary target, where it was found through one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bin: Option<String>,
    /// `x86_64`, `aarch64`, or one that Lambda lacks.
    pub architecture: String,
    /// Bytes of the program.
    pub file_size: u64,
    /// Bytes of memory its loaded segments take.
    pub loaded_size: u64,
    /// The zip.
    pub zip: ZipSize,
    /// Whether neither symbols nor debug information are left.
    pub stripped: bool,
    /// Symbols that nothing needs at run time.
    pub symbols: Symbols,
    /// Bytes of debug information.
    pub debug_size: u64,
    /// Every section, largest in the file first.
    pub sections: Vec<SectionSize>,
    /// The shared libraries it needs.
    pub needed: Vec<String>,
    /// The dynamic loader it asks for.
    pub interpreter: Option<String>,
    /// What it needs of glibc, and where it therefore starts.
    pub glibc: Glibc,
    /// How far it is from what Lambda takes.
    pub limits: Limits,
    /// Whether it is older than what it was built from.
    pub age: Age,
}

/// The symbol table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Symbols {
    /// How many there are.
    pub count: u64,
    /// Bytes of the table and its names.
    pub size: u64,
}

/// One section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SectionSize {
    /// Its name.
    pub name: String,
    /// Bytes in the file.
    pub file_size: u64,
    /// Bytes in memory.
    pub memory_size: u64,
}

/// What it needs of glibc.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Glibc {
    /// The highest version; absent when it needs none.
    pub highest: Option<String>,
    /// The symbols that ask for it.
    pub asked_by: Vec<String>,
    /// Needs without a version.
    pub unversioned: Vec<String>,
    /// For each runtime, whether the program finds its versions there.
    pub starts_on: BTreeMap<String, bool>,
}

/// The distance to what Lambda takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// The zip against the limit of a direct upload.
    pub zip: Limit,
    /// The content against the limit of a function with its layers.
    pub unzipped: Limit,
}

/// One limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// Bytes that Lambda takes.
    pub limit: u64,
    /// Bytes that are left of it; negative when it is exceeded.
    pub left: i64,
}

impl Limit {
    fn of(limit: u64, size: u64) -> Self {
        // Both are far below the largest `i64`.
        Limit { limit, left: limit.saturating_sub(size) as i64 - size.saturating_sub(limit) as i64 }
    }
}

/// Where a program comes from and what only its surroundings tell.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The file, as it was named or found.
    pub path: String,
    /// The package, where it was found through one.
    pub package: Option<String>,
    /// The binary target, where it was found through one.
    pub bin: Option<String>,
    /// The zip it came in, or would go in.
    pub zip: ZipSize,
    /// Its age.
    pub age: Age,
    /// The runtimes to judge its glibc by.
    pub runtimes: Vec<Runtime>,
}

impl SizeReport {
    /// Joins what the file says with where it comes from.
    pub fn new(binary: &Binary, origin: Origin) -> Self {
        let section = |section: &crate::facts::binary::Section| SectionSize {
            name: section.name.clone(),
            file_size: section.file_size,
            memory_size: section.memory_size,
        };
        SizeReport {
            reason: REASON.to_owned(),
            schema: SCHEMA,
            path: origin.path,
            package: origin.package,
            bin: origin.bin,
            architecture: binary.machine.to_string(),
            file_size: binary.file_size,
            loaded_size: binary.loaded_size,
            stripped: binary.is_stripped(),
            symbols: Symbols {
                count: binary.symbols.map_or(0, |symbols| symbols.count),
                size: binary.symbols.map_or(0, |symbols| symbols.size),
            },
            debug_size: binary.debug_size,
            sections: binary.sections.iter().map(section).collect(),
            needed: binary.needed.clone(),
            interpreter: binary.interpreter.clone(),
            glibc: Glibc {
                highest: binary.glibc.highest.map(|version| version.to_string()),
                asked_by: binary.glibc.asked_by.clone(),
                unversioned: binary.glibc.unversioned.clone(),
                starts_on: origin
                    .runtimes
                    .iter()
                    .map(|runtime| (runtime.to_string(), runtime.starts(&binary.glibc)))
                    .collect(),
            },
            limits: Limits {
                zip: Limit::of(ZIP_LIMIT, origin.zip.size),
                unzipped: Limit::of(UNZIPPED_LIMIT, origin.zip.unzipped_size),
            },
            zip: origin.zip,
            age: origin.age,
        }
    }

    /// Reads a baseline. The error reads on after "it ".
    pub fn from_baseline(text: &str) -> Result<Self, String> {
        const SAVE: &str = "write a new one with `cargo lambda-lean size --save FILE`";
        #[derive(Deserialize)]
        struct Header {
            reason: Option<String>,
            schema: Option<u64>,
        }
        let broken = |error: serde_json::Error| {
            format!("is no baseline this program can read ({error}); {SAVE}")
        };
        let header: Header = serde_json::from_str(text).map_err(broken)?;
        match header {
            Header { reason: Some(reason), schema: Some(schema) } if reason == REASON => {
                if schema == u64::from(SCHEMA) {
                    return serde_json::from_str(text).map_err(broken);
                }
                Err(format!("is a baseline of schema {schema}, not {SCHEMA}; {SAVE}"))
            }
            _ => Err(format!("is JSON, but not written by `size --save`; {SAVE}")),
        }
    }

    /// Bytes of the file that belong to no section: headers and padding.
    fn outside_sections(&self) -> u64 {
        let inside: u64 = self.sections.iter().map(|section| section.file_size).sum();
        self.file_size.saturating_sub(inside)
    }
}

/// What changed from one build to another.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// The file that was compared with.
    pub path: String,
    /// The program.
    pub file_size: Change,
    /// The zip.
    pub zip_size: Change,
    /// The loaded segments.
    pub loaded_size: Change,
    /// Every section of either, largest change first.
    pub sections: Vec<SectionChange>,
}

/// One number, before and after.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Change {
    /// Bytes in the build that was compared with.
    pub before: u64,
    /// Bytes now.
    pub after: u64,
    /// Bytes more; negative for fewer.
    pub difference: i64,
    /// Now divided by before; absent where there was nothing.
    pub ratio: Option<f64>,
}

/// One section, before and after.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SectionChange {
    /// Its name.
    pub name: String,
    /// Its bytes in the file.
    #[serde(flatten)]
    pub change: Change,
}

impl Comparison {
    /// Compares a build with an earlier one.
    pub fn new(before: &SizeReport, after: &SizeReport) -> Self {
        // Several sections may share a name: they are compared as one.
        let mut sizes: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
        for section in &before.sections {
            sizes.entry(&section.name).or_default().0 += section.file_size;
        }
        for section in &after.sections {
            sizes.entry(&section.name).or_default().1 += section.file_size;
        }
        let mut sections: Vec<SectionChange> = sizes
            .into_iter()
            .map(|(name, (before, after))| SectionChange {
                name: name.to_owned(),
                change: Change::new(before, after),
            })
            .collect();
        sections.sort_by_key(|section| std::cmp::Reverse(section.change.difference.abs()));
        Comparison {
            path: before.path.clone(),
            file_size: Change::new(before.file_size, after.file_size),
            zip_size: Change::new(before.zip.size, after.zip.size),
            loaded_size: Change::new(before.loaded_size, after.loaded_size),
            sections,
        }
    }
}

impl Change {
    fn new(before: u64, after: u64) -> Self {
        Change {
            before,
            after,
            difference: after as i64 - before as i64,
            ratio: (before > 0).then(|| after as f64 / before as f64),
        }
    }
}

/// One line of JSON, with the comparison under `against`.
pub fn json(report: &SizeReport, comparison: Option<&Comparison>) -> serde_json::Result<String> {
    #[derive(Serialize)]
    struct Line<'a> {
        #[serde(flatten)]
        report: &'a SizeReport,
        #[serde(skip_serializing_if = "Option::is_none")]
        against: Option<&'a Comparison>,
    }
    serde_json::to_string(&Line { report, against: comparison })
}
