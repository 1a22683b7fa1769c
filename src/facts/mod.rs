//! What is known of a project, each value with the place it is written.
//!
//! Nothing here reads a file or runs a program: texts come in, facts go out, and broken input is
//! a value too. `gather` does the reading.

pub mod document;

pub mod toml_edits;
