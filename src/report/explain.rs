//! A rule as a page: what it finds, why, what it costs to follow, evidence, examples.

use crate::{
    finding::{Group, Level},
    rule::{Example, Rule},
};
use std::{
    collections::BTreeMap,
    io::{self, Write},
};

/// Writes the page of one rule.
pub fn page(out: &mut dyn Write, rule: &Rule) -> io::Result<()> {
    let level = rule.group.default_level();
    writeln!(out, "{}: {}\n", rule.id, rule.summary)?;
    writeln!(out, "  group    {} (level {level} by default)", rule.group)?;
    if let Some(effect) = &rule.effect {
        writeln!(out, "  measured {} ({})", effect.measured, effect.source)?;
    } else {
        writeln!(out, "  measured not yet")?;
    }
    match &rule.fix {
        Some(fix) => writeln!(out, "  fix      {} ({})\n", fix.title, fix.safety)?,
        None => writeln!(out, "  fix      none by machine\n")?,
    }
    section(out, "Why", &rule.why)?;
    section(out, "What it costs to follow", &rule.drawbacks)?;
    section(out, "What it cannot see", &rule.blind_spots)?;
    writeln!(out, "Evidence")?;
    for evidence in &rule.evidence {
        writeln!(out, "  - {}\n    {}", evidence.claim, evidence.source)?;
    }
    for (title, examples) in [("Found", &rule.bad), ("Not found", &rule.good)] {
        for example in examples {
            show(out, title, example)?;
        }
    }
    writeln!(out, "\nTo accept it")?;
    writeln!(out, "  in the line:  # lambda-lean: allow({}) -- reason   (`//` in Rust)", rule.id)?;
    writeln!(out, "  in metadata:  [package.metadata.lambda-lean.levels]")?;
    writeln!(out, "                {} = {{ level = \"allow\", reason = \"…\" }}", rule.id)
}

fn section(out: &mut dyn Write, title: &str, text: &str) -> io::Result<()> {
    writeln!(out, "{title}")?;
    for line in text.trim().lines() {
        writeln!(out, "{}", format!("  {line}").trim_end())?;
    }
    writeln!(out)
}

fn show(out: &mut dyn Write, title: &str, example: &Example) -> io::Result<()> {
    writeln!(out, "\n{title}: {}", example.name)?;
    if !example.options.is_empty() {
        writeln!(out, "  with {}", example.options.join(" "))?;
    }
    for (name, value) in &example.env {
        writeln!(out, "  with {name}={value} in the environment")?;
    }
    files(out, "", &example.files)?;
    files(out, " after the fix", &example.fixed)
}

fn files(out: &mut dyn Write, suffix: &str, files: &BTreeMap<String, String>) -> io::Result<()> {
    for (file, text) in files {
        writeln!(out, "  {file}{suffix}")?;
        for line in text.trim_end().lines() {
            writeln!(out, "{}", format!("    {line}").trim_end())?;
        }
    }
    Ok(())
}

/// Writes a line per rule, by group.
pub fn list(out: &mut dyn Write, rules: &[Rule]) -> io::Result<()> {
    let width = rules.iter().map(|rule| rule.id.len()).max().unwrap_or(0);
    for group in Group::ALL {
        let rules = rules.iter().filter(|rule| rule.group == group);
        for (index, rule) in rules.enumerate() {
            if index == 0 {
                let quiet = group.default_level() == Level::Allow;
                let quiet = if quiet { ", at level allow by default" } else { "" };
                writeln!(out, "{group}{quiet}")?;
            }
            let fix = rule.fix.as_ref().map_or(String::from("-"), |fix| fix.safety.to_string());
            writeln!(out, "  {:width$}  {fix:4}  {}", rule.id, rule.summary)?;
        }
    }
    writeln!(out, "\n{} rules; `cargo lambda-lean explain ID` says why", rules.len())
}
