//! The size of a function for a terminal: one line that says most, then a compact table.
//!
//! Rows that would say nothing are left out, and sections too small to matter are summed up.

use super::{Change, Comparison, SizeReport};
use crate::{
    artefact::Age,
    units::{bytes, difference},
};
use std::fmt::{self, Write};

/// Sections below this share of the file are summed up.
const SMALL: f64 = 0.01;

/// How many symbols are named as asking for the highest glibc.
const NAMED_SYMBOLS: usize = 3;

/// Renders a report, and the comparison below it.
pub fn human(report: &SizeReport, comparison: Option<&Comparison>) -> String {
    let mut text = String::new();
    write(&mut text, report, comparison).expect("writing to a string");
    text
}

fn write(to: &mut String, report: &SizeReport, comparison: Option<&Comparison>) -> fmt::Result {
    writeln!(to, "{}", headline(report))?;
    row(to, "file", &report.path)?;
    match &report.age {
        Age::Fresh => {}
        Age::Stale { newest, newer_by } => row(
            to,
            "stale",
            &format!("{newest} is {} newer; build again before trusting this", span(*newer_by)),
        )?,
        Age::Unknown { why } => row(to, "age", &format!("not checked: {why}"))?,
    }
    row(to, "loaded", &format!("{} in memory", bytes(report.loaded_size)))?;
    row(to, "zip", &zip(report))?;
    row(to, "limits", &limits(report))?;
    if !report.stripped {
        row(to, "removable", &removable(report))?;
    }
    if report.glibc.starts_on.values().any(|starts| !starts) {
        row(to, "glibc", &glibc(report))?;
    }
    row(to, "linked", &linked(report))?;
    sections(to, report)?;
    comparison.map_or(Ok(()), |comparison| compared(to, comparison))
}

/// The most useful line: `bootstrap  4.62 MB  zip 2.08 MB  x86_64  stripped  glibc 2.28 (…)`.
pub(super) fn headline(report: &SizeReport) -> String {
    let mut parts = vec![
        name(report).to_owned(),
        bytes(report.file_size),
        format!("zip {}", bytes(report.zip.size)),
        report.architecture.clone(),
        state(report).to_owned(),
        libc(report),
    ];
    if matches!(report.age, Age::Stale { .. }) {
        parts.push("STALE".to_owned());
    }
    parts.join("  ")
}

/// The binary's name, else the file's.
pub(super) fn name(report: &SizeReport) -> &str {
    report.bin.as_deref().unwrap_or_else(|| {
        report.path.rsplit(['/', '\\']).next().filter(|name| !name.is_empty()).unwrap_or("function")
    })
}

pub(super) fn state(report: &SizeReport) -> &'static str {
    match (report.stripped, report.debug_size) {
        (true, _) => "stripped",
        (false, 0) => "not stripped",
        (false, _) => "with debug info",
    }
}

pub(super) fn libc(report: &SizeReport) -> String {
    let Some(highest) = &report.glibc.highest else {
        return match &report.interpreter {
            None if report.needed.is_empty() => "static".to_owned(),
            Some(loader) if loader.contains("ld-musl") => "musl, which Lambda lacks".to_owned(),
            _ => "no glibc version".to_owned(),
        };
    };
    // The newest runtime first: it is what a new function uses.
    let verdicts: Vec<String> = report
        .glibc
        .starts_on
        .iter()
        .rev()
        .map(|(runtime, starts)| format!("{runtime} {}", if *starts { "ok" } else { "too old" }))
        .collect();
    format!("glibc {highest} ({})", verdicts.join(", "))
}

pub(super) fn zip(report: &SizeReport) -> String {
    let share = percent(report.zip.size, report.file_size);
    match report.zip.is_file {
        true => format!("{}, as packed", bytes(report.zip.size)),
        false => format!("{} deflated, {share} of the file", bytes(report.zip.size)),
    }
}

pub(super) fn limits(report: &SizeReport) -> String {
    let side = |what: &str, size: u64, limit: u64| match size <= limit {
        true => format!("{what} {} of {} MB", percent(size, limit), limit / 1_000_000),
        false => format!("{what} {} OVER {} MB", bytes(size - limit), limit / 1_000_000),
    };
    format!(
        "{}, {}",
        side("zip", report.zip.size, report.limits.zip.limit),
        side("unzipped", report.zip.unzipped_size, report.limits.unzipped.limit)
    )
}

pub(super) fn removable(report: &SizeReport) -> String {
    let mut parts = Vec::new();
    if report.debug_size > 0 {
        parts.push(format!("{} of debug info", bytes(report.debug_size)));
    }
    if report.symbols.size > 0 {
        let symbols = &report.symbols;
        parts.push(format!("{} of {} symbols", bytes(symbols.size), symbols.count));
    }
    format!("{}, which no function needs to run", parts.join(", "))
}

pub(super) fn glibc(report: &SizeReport) -> String {
    let symbols = &report.glibc.asked_by;
    let mut names = symbols.iter().take(NAMED_SYMBOLS).cloned().collect::<Vec<_>>().join(", ");
    if symbols.len() > NAMED_SYMBOLS {
        names.push_str(&format!(" and {} more", symbols.len() - NAMED_SYMBOLS));
    }
    let highest = report.glibc.highest.as_deref().unwrap_or_default();
    match names.is_empty() {
        true => highest.to_owned(),
        false => format!("{highest} asked for by {names}"),
    }
}

pub(super) fn linked(report: &SizeReport) -> String {
    let mut text = match report.needed.as_slice() {
        [] => "nothing at run time".to_owned(),
        needed => needed.join(", "),
    };
    if let Some(interpreter) = &report.interpreter {
        text.push_str(&format!("; loaded by {interpreter}"));
    }
    text
}

/// The sections worth a line each, and the sum of the others.
pub(super) fn shown_sections(report: &SizeReport) -> Vec<(String, u64, u64)> {
    let is_large = |size: u64| size as f64 >= report.file_size as f64 * SMALL;
    let (mut rows, mut others) = (Vec::new(), (0, 0, 0));
    for section in &report.sections {
        // `.bss` takes memory only, and is worth showing for it.
        if is_large(section.file_size.max(section.memory_size)) {
            rows.push((section.name.clone(), section.file_size, section.memory_size));
        } else {
            others.0 += 1;
            others.1 += section.file_size;
            others.2 += section.memory_size;
        }
    }
    if others.0 > 0 {
        rows.push((format!("{} others", others.0), others.1, others.2));
    }
    if report.outside_sections() > 0 {
        rows.push(("headers, padding".to_owned(), report.outside_sections(), 0));
    }
    rows
}

fn sections(to: &mut String, report: &SizeReport) -> fmt::Result {
    let rows = shown_sections(report);
    let width = rows.iter().map(|row| row.0.len()).max().unwrap_or(0).max("section".len());
    writeln!(to, "\n  {:width$}  {:>10}  {:>6}  {:>10}", "section", "file", "share", "memory")?;
    for (name, file, memory) in rows {
        let (share, file) = (percent(file, report.file_size), bytes(file));
        writeln!(to, "  {name:width$}  {file:>10}  {share:>6}  {:>10}", bytes(memory))?;
    }
    Ok(())
}

fn compared(to: &mut String, comparison: &Comparison) -> fmt::Result {
    let width = comparison.sections.iter().map(|s| s.name.len()).max().unwrap_or(0).max(8);
    writeln!(to, "\nagainst {}", comparison.path)?;
    writeln!(
        to,
        "  {:width$}  {:>10}  {:>10}  {:>10}  {:>6}",
        "", "before", "now", "change", "ratio"
    )?;
    let mut line = |name: &str, change: &Change| {
        writeln!(
            to,
            "  {name:width$}  {:>10}  {:>10}  {:>10}  {:>6}",
            bytes(change.before),
            bytes(change.after),
            difference(change.before, change.after),
            ratio(change)
        )
    };
    line("file", &comparison.file_size)?;
    line("zip", &comparison.zip_size)?;
    line("loaded", &comparison.loaded_size)?;
    for section in shown_changes(comparison) {
        line(&section.name, &section.change)?;
    }
    Ok(())
}

/// The sections that changed by enough to be worth a line.
pub(super) fn shown_changes(comparison: &Comparison) -> Vec<&super::SectionChange> {
    let worth = (comparison.file_size.before as f64 * SMALL / 10.0) as u64;
    let is_large = |section: &&super::SectionChange| {
        section.change.difference != 0 && section.change.difference.unsigned_abs() >= worth
    };
    comparison.sections.iter().filter(is_large).collect()
}

pub(super) fn ratio(change: &Change) -> String {
    change.ratio.map_or_else(|| "new".to_owned(), |ratio| format!("{ratio:.2}x"))
}

pub(super) fn percent(part: u64, whole: u64) -> String {
    format!("{:.1} %", part as f64 * 100.0 / whole.max(1) as f64)
}

/// A stretch of time for the eye.
pub(super) fn span(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

fn row(to: &mut String, label: &str, text: &str) -> fmt::Result {
    writeln!(to, "  {label:9}  {text}")
}
