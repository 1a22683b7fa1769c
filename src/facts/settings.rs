//! `[package.metadata.lambda-lean]` and `[workspace.metadata.lambda-lean]`.
//!
//! Unknown keys are errors with the nearest known one, because a misspelt setting is silence that
//! nobody notices. Rule ids are not known here; `lint` checks them.

use super::document::{Document, Entry};
use crate::{
    finding::{BadInput, Level},
    source::{Place, position},
    units,
};

/// The keys of the table, each with what reads it.
const KEYS: [&str; 6] = ["bench", "budget", "builder", "functions", "levels", "profile"];

/// What a manifest says about this tool.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// What builds the function: "cargo" or "cargo-lambda".
    pub builder: Option<(String, Place)>,
    /// The profile it is deployed with.
    pub profile: Option<(String, Place)>,
    /// Binaries that are functions although no runtime crate shows it.
    pub functions: Vec<String>,
    /// Levels of rules and groups.
    pub levels: Vec<LevelSetting>,
    /// What the built function may weigh.
    pub budget: Budget,
}

/// What a built function may weigh, each in bytes and with the line that says so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// The program.
    pub binary: Option<(u64, Place)>,
    /// The zip it is deployed in.
    pub zip: Option<(u64, Place)>,
}

impl Budget {
    /// This budget, with another's for what it leaves open.
    pub fn or(&self, other: &Budget) -> Budget {
        Budget {
            binary: self.binary.clone().or_else(|| other.binary.clone()),
            zip: self.zip.clone().or_else(|| other.zip.clone()),
        }
    }
}

/// A level that a manifest gives a rule or a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LevelSetting {
    /// A rule's id or a group's name.
    pub name: String,
    /// The level.
    pub level: Level,
    /// Why, for whoever reads the manifest.
    pub reason: Option<String>,
    /// Where it is written.
    pub place: Place,
    /// The keys that lead to it.
    pub path: Vec<String>,
}

/// Reads the settings of a manifest; `scope` is "package" or "workspace".
pub fn read(document: &Document, scope: &str) -> Result<Settings, BadInput> {
    let base = [scope, "metadata", "lambda-lean"];
    let mut settings = Settings::default();
    for entry in document.entries(&base) {
        match entry.key {
            "builder" => {
                let builder = string(&entry)?;
                if !["cargo", "cargo-lambda"].contains(&builder.as_str()) {
                    let hint = "it is `cargo` or `cargo-lambda`";
                    return Err(wrong(&entry, &format!("unknown builder `{builder}`; {hint}")));
                }
                settings.builder = Some((builder, entry.place()));
            }
            "profile" => settings.profile = Some((string(&entry)?, entry.place())),
            "functions" => settings.functions = strings(&entry)?,
            "levels" => {
                if entry.item.as_table_like().is_none() {
                    return Err(wrong(&entry, "`levels` is a table of rule ids and levels"));
                }
                for level in document.entries(&[&base[..], &["levels"]].concat()) {
                    let path = base.iter().copied().chain(["levels", level.key]);
                    let path = path.map(str::to_owned).collect();
                    settings.levels.push(level_setting(&level, path)?);
                }
            }
            "budget" => {
                if entry.item.as_table_like().is_none() {
                    return Err(wrong(&entry, "`budget` is a table of sizes"));
                }
                for size in document.entries(&[&base[..], &["budget"]].concat()) {
                    let budget = match size.key {
                        "binary" => &mut settings.budget.binary,
                        "zip" => &mut settings.budget.zip,
                        key => {
                            let known = ["binary", "zip"];
                            return Err(wrong(&size, &unknown(key, &known, "size in `budget`")));
                        }
                    };
                    *budget = Some((bytes(&size)?, size.place()));
                }
            }
            key if KEYS.contains(&key) => {}
            key => {
                let table = format!("[{}]", base.join("."));
                return Err(wrong(&entry, &unknown(key, &KEYS, &format!("key in `{table}`"))));
            }
        }
    }
    Ok(settings)
}

fn level_setting(entry: &Entry<'_>, path: Vec<String>) -> Result<LevelSetting, BadInput> {
    let (level, reason) = match entry.item.as_table_like() {
        None => (entry.item.as_str(), None),
        Some(table) => {
            if let Some((key, _)) = table.iter().find(|(key, _)| !["level", "reason"].contains(key))
            {
                return Err(wrong(entry, &unknown(key, &["level", "reason"], "key of a level")));
            }
            let text = |key| table.get(key).and_then(|item| item.as_str());
            (text("level"), text("reason").map(str::to_owned))
        }
    };
    let level = match level {
        Some("allow") => Level::Allow,
        Some("warn") => Level::Warn,
        Some("deny") => Level::Deny,
        _ => return Err(wrong(entry, "a level is `\"allow\"`, `\"warn\"` or `\"deny\"`")),
    };
    Ok(LevelSetting { name: entry.key.to_owned(), level, reason, place: entry.place(), path })
}

fn string(entry: &Entry<'_>) -> Result<String, BadInput> {
    let text = entry.item.as_str().map(str::to_owned);
    text.ok_or_else(|| wrong(entry, &format!("`{}` is a string", entry.key)))
}

/// A size such as `"2.5 MB"`, or a number of bytes.
fn bytes(entry: &Entry<'_>) -> Result<u64, BadInput> {
    let number = entry.item.as_integer().and_then(|number| u64::try_from(number).ok());
    let size = number.or_else(|| units::parse_bytes(entry.item.as_str()?));
    size.filter(|size| *size > 0)
        .ok_or_else(|| wrong(entry, &format!("`{}` is a size such as \"2.5 MB\"", entry.key)))
}

fn strings(entry: &Entry<'_>) -> Result<Vec<String>, BadInput> {
    let values = entry.item.as_array().map(|array| {
        array.iter().map(|value| value.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
    });
    let wrong = || wrong(entry, &format!("`{}` is an array of strings", entry.key));
    values.flatten().ok_or_else(wrong)
}

fn wrong(entry: &Entry<'_>, problem: &str) -> BadInput {
    let document = entry.document();
    let line = position(&document.text, entry.place().span.start).line;
    let file = &document.file;
    BadInput {
        file: Some(file.clone()),
        message: format!("failed to read the settings in `{file}` at line {line}: {problem}"),
    }
}

/// "unknown rule `x`, did you mean `y`?", or the list of what is known when nothing is near.
pub fn unknown<'a>(
    name: &str,
    known: impl IntoIterator<Item = &'a &'a str> + Clone,
    what: &str,
) -> String {
    let distance = |candidate: &&&str| strsim::damerau_levenshtein(name, candidate);
    let nearest = known.clone().into_iter().min_by_key(distance);
    match nearest.filter(|nearest| distance(nearest) <= name.len().max(3) / 3 + 1) {
        Some(nearest) => format!("unknown {what}: `{name}`; did you mean `{nearest}`?"),
        None => {
            let known: Vec<String> = known.into_iter().map(|name| format!("`{name}`")).collect();
            format!("unknown {what}: `{name}`; known are {}", known.join(", "))
        }
    }
}
