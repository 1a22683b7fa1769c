//! Patterns of paths, as rule files write them: `aws_sdk_*::Client::{new,from_conf}`.
//!
//! `*` stands for part of one name, `**` for anything, `a::**::b` for `a::b` too, `{a,b}` for either. A method is written
//! behind `.`, a name of a module or type behind `::`. There is no escaping: no path holds these
//! signs.

use super::sym::Sym;
use rustc_hash::FxHashMap as HashMap;
use serde::{Deserialize, Deserializer, de::Error};
use std::sync::{Mutex, PoisonError};

/// Some patterns, with what they were asked before.
#[derive(Debug, Default)]
pub struct Patterns {
    written: Vec<String>,
    alternatives: Vec<Box<str>>,
    asked: Mutex<HashMap<Sym, bool>>,
}

impl Patterns {
    /// Reads patterns; the error says what is wrong with which.
    pub fn new(patterns: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut read = Patterns::default();
        for pattern in patterns {
            expand(&pattern, &mut read.alternatives)
                .map_err(|wrong| format!("the pattern `{pattern}` {wrong}"))?;
            read.written.push(pattern);
        }
        Ok(read)
    }

    /// Whether one of them matches a path.
    pub fn matches(&self, path: Sym) -> bool {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let matches = || self.alternatives.iter().any(|pattern| glob(pattern, &path));
        *asked.entry(path).or_insert_with(matches)
    }

    /// The patterns as written.
    pub fn written(&self) -> &[String] {
        &self.written
    }
}

impl Clone for Patterns {
    fn clone(&self) -> Self {
        let (written, alternatives) = (self.written.clone(), self.alternatives.clone());
        Patterns { written, alternatives, asked: Mutex::default() }
    }
}

impl<'de> Deserialize<'de> for Patterns {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Patterns::new(Vec::<String>::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl PartialEq for Patterns {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

/// Writes out the alternatives in braces.
fn expand(pattern: &str, into: &mut Vec<Box<str>>) -> Result<(), &'static str> {
    let Some(open) = pattern.find('{') else {
        if pattern.contains('}') {
            return Err("closes a brace that is not open");
        }
        into.push(pattern.into());
        return Ok(());
    };
    let mut depth = 0;
    let close = pattern[open..].find(|c| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        depth == 0
    });
    let close = open + close.ok_or("does not close a brace")?;
    let (before, inner, after) =
        (&pattern[..open], &pattern[open + 1..close], &pattern[close + 1..]);
    let mut start = 0;
    let mut depth = 0;
    for (at, c) in inner.char_indices().chain([(inner.len(), ',')]) {
        depth += i32::from(c == '{') - i32::from(c == '}');
        if c == ',' && depth == 0 {
            expand(&format!("{before}{}{after}", &inner[start..at]), into)?;
            start = at + 1;
        }
    }
    Ok(())
}

/// Whether a pattern without braces matches all of a path.
fn glob(pattern: &str, path: &str) -> bool {
    match pattern.find('*') {
        None => pattern == path,
        Some(star) => {
            let Some(rest) = path.strip_prefix(&pattern[..star]) else { return false };
            let any = pattern[star..].starts_with("**");
            // As between the folders of other globs, nothing has to stand between the names.
            if pattern[..star].ends_with("::")
                && pattern[star..].starts_with("**::")
                && glob(&pattern[star + 4..], rest)
            {
                return true;
            }
            let pattern = &pattern[star + 1 + usize::from(any)..];
            let reach = if any { rest.len() } else { rest.find([':', '.']).unwrap_or(rest.len()) };
            (0..=reach).any(|at| rest.is_char_boundary(at) && glob(pattern, &rest[at..]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_braces() {
        let patterns =
            ["aws_sdk_*::Client::{new,from_conf}", "a::**.{b,c{d,e}}", "?::x!", "f::**::g::h"];
        let patterns = Patterns::new(patterns.map(str::to_owned)).unwrap();
        for (path, expected) in [
            ("aws_sdk_s3::Client::new", true),
            ("aws_sdk_s3::Client::from_conf", true),
            ("aws_sdk_s3::Client::builder", false),
            ("aws_sdk_s3::x::Client::new", false),
            ("a::x::y.z.b", true),
            ("a::x.cd", true),
            ("a::x.c", false),
            ("?::x!", true),
            ("f::g::h", true),
            ("f::x::y::g::h", true),
            ("fx::g::h", false),
            ("f::xg::h", false),
        ] {
            assert_eq!(patterns.matches(Sym::new(path)), expected, "{path}");
        }
        for wrong in ["a{b", "a}b"] {
            assert!(Patterns::new([wrong.to_owned()]).is_err(), "{wrong}");
        }
    }
}
