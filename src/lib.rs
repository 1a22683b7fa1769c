//! Finds what makes a Rust Lambda function slow to start, writes the edit that fixes it, and
//! proves it on the built binary.
//!
//! The modules stand in layer order: each uses only those above it. A test holds that line.

pub mod source;

pub mod units;

pub mod finding;

pub mod facts;

pub mod check;

pub mod rule;

pub mod lint;

pub mod fix;

pub mod artefact;

pub mod gather;

pub mod shadow;

pub mod transaction;

pub mod vcs;

pub mod report;

#[cfg(feature = "lab")]
pub mod lab;

pub mod command;

pub mod cli;
