//! `check`: says what weighs on the start and size of a function. Writes nothing.

use super::{Exit, MessageFormat, Streams};
use crate::{gather, lint, report, rule};
use anyhow::Result;
use std::time::Instant;

/// Runs the verb.
pub fn run(
    options: &gather::Options,
    levels: &lint::CommandLineLevels,
    format: MessageFormat,
    exit_zero: bool,
    streams: &mut Streams<'_>,
) -> Result<Exit> {
    let started = Instant::now();
    // Reading the rules takes as long as asking them.
    let project = gather::gather_while(options, || {
        rule::all();
    })?;
    streams.notes(&project)?;
    let found = lint::run(&project.facts, levels)?;
    match format {
        MessageFormat::Human => report::human::write(streams.out, &found, &project.facts)?,
        MessageFormat::Short => report::short::write(streams.out, &found, &project.facts)?,
        MessageFormat::Json => {
            let root = &project.root.0;
            report::json::write(streams.out, &found, &project.facts, root, started.elapsed())?;
        }
    }
    if let Some(error) = found.errors.first() {
        return Err(error.clone().into());
    }
    Ok(match found.findings.iter().any(|finding| finding.level == crate::finding::Level::Deny) {
        true if !exit_zero => Exit::Findings,
        _ => Exit::Clean,
    })
}
