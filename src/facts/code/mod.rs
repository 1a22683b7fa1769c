//! Which code runs when.

pub mod guard;

pub mod lex;
