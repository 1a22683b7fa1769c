//! The `cargo lambda-lean` program.

fn main() {}
