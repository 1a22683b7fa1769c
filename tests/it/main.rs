//! Integration tests, in one binary because every further one is a link more.

/// Projects in temporary folders.
mod project;

/// Crates without code, for tests that resolve dependencies.
mod stand_ins;

/// What a function links, against what `cargo tree` says.
mod graph;

/// Findings about dependencies where a mistake would break a function.
mod deeper;
mod dependencies;

/// Every example of every rule.
mod rules;

/// Calls of other crates, by the lists in the rule files.
mod calls;

/// The places a finding names on the way to its code.
mod ways;

/// Rules that few projects give work.
mod seldom;

/// Which code runs when.
mod source;

/// How values and names lead there.
mod source_ways;

/// What can keep a value for the next event.
mod source_keeps;

/// Every rule against every example and example function, as one table.
mod matrix;

/// What the program prints and exits with.
mod chosen;
mod cli;

/// Inputs that nobody wants to get.
mod bad_input;

/// Inputs of which a part can be used.
mod half_broken;
mod handed_over;

/// Changes of source, on functions of many shapes.
mod changes;

/// Functions that changes of source leave alone.
mod unchanged;

/// Changes to real files.
mod apply;

/// The order of the layers, and other promises the code makes about itself.
mod house;

/// Programs in the ELF format, real and made up.
mod elf;

/// The reader of built functions.
mod size_reader;

/// The `size` verb.
mod size;

/// `check --binary`.
mod check_binary;

/// Files that `size` cannot use.
mod size_bad_input;

/// Whole lives of functions that behave or misbehave.
#[cfg(feature = "lab")]
mod lab;

/// The effects that rules state.
#[cfg(feature = "lab")]
mod effects;

/// Programs installed for tests.
mod taken_back;
mod tools;

/// What `profile` prints and chooses.
mod profile;

/// `profile` against a recording compiler.
mod profile_proof;

/// The hooks, run by pre-commit.
mod hooks;

/// Builds of functions, and their invocation.
mod builds;

/// The main job on real functions, with real builds.
mod end_to_end;

/// What `apply --all` makes of the example functions.
mod migration;
