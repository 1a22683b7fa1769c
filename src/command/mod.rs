//! One file per verb: gathers, calls the layers above, and prints through a renderer.

pub mod apply;

#[cfg(feature = "lab")]
pub mod bench;

pub mod check;

pub mod profile;

pub mod rules;

pub mod size;

use crate::gather::Project;
use clap::ValueEnum;
use std::io::{self, Write};

/// What the program ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Nothing to complain about: 0.
    Clean,
    /// Findings at level deny, or something to do: 1.
    Findings,
    /// Could not run: 2.
    Failed,
}

/// Where a verb writes to.
pub struct Streams<'a> {
    /// Findings and data.
    pub out: &'a mut dyn Write,
    /// Progress and notes.
    pub err: &'a mut dyn Write,
}

impl Streams<'_> {
    /// Says how a project was read, where there is something to know of it.
    fn notes(&mut self, project: &Project) -> io::Result<()> {
        project.notes.iter().try_for_each(|note| writeln!(self.err, "warning: {note}"))
    }
}

/// How findings are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum MessageFormat {
    /// As rustc prints them.
    #[default]
    Human,
    /// One line each.
    Short,
    /// One JSON object a line.
    Json,
}
