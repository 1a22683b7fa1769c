//! Values to text, one file per format.
//!
//! A renderer decides how a finding looks and nothing else: places, levels and messages are
//! computed before it is called.

pub mod explain;

pub mod human;

pub mod json;

pub mod profile;

pub mod short;

pub mod size;

/// "1 finding", "2 findings".
pub fn count(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}
