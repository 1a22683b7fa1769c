//! Integration tests, in one binary because every further one is a link more.

/// Projects in temporary folders.
mod project;

/// Every example of every rule.
mod rules;

/// Every rule against every example and example function, as one table.
mod matrix;

/// What the program prints and exits with.
mod cli;

/// Inputs that nobody wants to get.
mod bad_input;

/// Changes to real files.
mod apply;

/// The order of the layers, and other promises the code makes about itself.
mod house;
