//! The size of a function as Markdown, for a pull request or the summary page of a CI job.
//!
//! Tables only; names from the file are escaped, so that no section can end a table.

use super::{
    Comparison, SizeReport,
    human::{glibc, headline, limits, linked, name, percent, ratio, removable},
    human::{shown_changes, shown_sections, span, zip},
};
use crate::{
    artefact::Age,
    units::{bytes, difference},
};
use std::fmt::{self, Write};

/// Renders a report, and the comparison above the sections, since it is what a reviewer wants.
pub fn markdown(report: &SizeReport, comparison: Option<&Comparison>) -> String {
    let mut text = String::new();
    write(&mut text, report, comparison).expect("writing to a string");
    text
}

fn write(to: &mut String, report: &SizeReport, comparison: Option<&Comparison>) -> fmt::Result {
    writeln!(to, "### Size of `{}`\n\n{}\n", cell(name(report)), cell(&headline(report)))?;
    if let Age::Stale { newest, newer_by } = &report.age {
        writeln!(
            to,
            "> **Stale**: `{}` is {} newer than the file.\n",
            cell(newest),
            span(*newer_by)
        )?;
    }
    if let Some(comparison) = comparison {
        compared(to, comparison)?;
    }
    writeln!(to, "| | |\n|---|---|")?;
    let mut row = |label: &str, text: &str| writeln!(to, "| {label} | {} |", cell(text));
    row("file", &report.path)?;
    row("loaded", &bytes(report.loaded_size))?;
    row("zip", &zip(report))?;
    row("limits", &limits(report))?;
    if !report.stripped {
        row("removable", &removable(report))?;
    }
    if report.glibc.highest.is_some() {
        row("glibc", &glibc(report))?;
    }
    row("linked", &linked(report))?;
    if let Age::Unknown { why } = &report.age {
        row("age", &format!("not checked: {why}"))?;
    }
    writeln!(to, "\n| section | file | share | memory |\n|---|--:|--:|--:|")?;
    for (name, file, memory) in shown_sections(report) {
        let share = percent(file, report.file_size);
        writeln!(to, "| {} | {} | {share} | {} |", cell(&name), bytes(file), bytes(memory))?;
    }
    Ok(())
}

fn compared(to: &mut String, comparison: &Comparison) -> fmt::Result {
    writeln!(to, "Against `{}`:\n", cell(&comparison.path))?;
    writeln!(to, "| | before | now | change | ratio |\n|---|--:|--:|--:|--:|")?;
    let totals = [
        ("file", &comparison.file_size),
        ("zip", &comparison.zip_size),
        ("loaded", &comparison.loaded_size),
    ];
    let sections = shown_changes(comparison);
    let sections = sections.iter().map(|section| (section.name.as_str(), &section.change));
    for (name, change) in totals.into_iter().chain(sections) {
        writeln!(
            to,
            "| {} | {} | {} | {} | {} |",
            cell(name),
            bytes(change.before),
            bytes(change.after),
            difference(change.before, change.after),
            ratio(change)
        )?;
    }
    writeln!(to)
}

/// Keeps text from ending a cell or a code span.
fn cell(text: &str) -> String {
    text.replace('\\', "\\\\").replace('|', "\\|").replace('`', "'").replace(['\n', '\r'], " ")
}
