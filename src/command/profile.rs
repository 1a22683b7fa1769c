//! `profile`: shows what of a profile reaches rustc, and who set each value.

use super::{Exit, Streams};
use crate::{
    finding::BadInput,
    gather::{self, Options},
    report::profile::Shown,
};
use anyhow::Result;
use clap::ValueEnum;
use std::collections::BTreeSet;

/// How a profile is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A table.
    #[default]
    Human,
    /// One JSON object a line.
    Json,
}

/// Runs the verb: one table per package that holds a function.
pub fn run(options: &Options, format: Format, streams: &mut Streams<'_>) -> Result<Exit> {
    let project = gather::gather(options)?;
    streams.notes(&project)?;
    let facts = project.facts;
    let mut shown_packages = BTreeSet::new();
    for (index, (function, build)) in facts.functions.iter().zip(&facts.builds).enumerate() {
        // Binaries of one package are built alike.
        if !shown_packages.insert(function.package) {
            continue;
        }
        let shown = Shown {
            package: &facts.workspace.package(function).name,
            build,
            is_installed: facts.build_inputs.cargo_lambda.is_some(),
            sources: &facts.sources,
        };
        match format {
            Format::Human if index > 0 => {
                writeln!(streams.out)?;
                shown.human(streams.out)?;
            }
            Format::Human => shown.human(streams.out)?,
            Format::Json => shown.json(streams.out)?,
        }
    }
    if let Some(error) = facts.errors.first() {
        return Err(BadInput::clone(error).into());
    }
    Ok(Exit::Clean)
}
