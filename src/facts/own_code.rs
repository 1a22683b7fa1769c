//! What the text of a package's own sources mentions, tests left out.
//!
//! Looks at tokens and resolves nothing: a name counts wherever it stands, which is what a question
//! wants that must not miss a user. Questions about what runs when are `code`'s.

use super::code::{
    guard,
    lex::{Kind, lex},
};
use crate::{
    finding::BadInput,
    source::{Place, RelPath, position},
};
use std::{collections::BTreeMap, sync::Arc};

/// The sources of the packages a function is made of, by the folder of their manifest.
#[derive(Clone, Debug, Default)]
pub struct OwnCode {
    packages: BTreeMap<RelPath, Vec<(RelPath, Arc<str>)>>,
    /// Files that could not be read.
    unread: BTreeMap<RelPath, Vec<String>>,
}

impl OwnCode {
    /// Adds the sources of a package. Returns those that nest too deeply to be looked at.
    pub fn add(
        &mut self,
        package: &RelPath,
        files: Vec<(RelPath, Result<Arc<str>, BadInput>)>,
    ) -> Vec<BadInput> {
        let mut errors = Vec::new();
        let texts = self.packages.entry(package.clone()).or_default();
        let unread = self.unread.entry(package.clone()).or_default();
        for (file, text) in files {
            match text {
                Ok(text) => match guard::too_deep(&text) {
                    None => texts.push((file, text)),
                    Some(byte) => {
                        let at = position(&text, byte);
                        unread.push(format!("`{file}` nests too deeply"));
                        errors.push(BadInput {
                            message: format!(
                                "failed to look at `{file}`: at line {}, column {} it nests deeper \
                                 than {} levels; split it up there",
                                at.line,
                                at.column,
                                guard::DEEPEST
                            ),
                            file: Some(file),
                        });
                    }
                },
                Err(error) => unread.push(error.message),
            }
        }
        errors
    }

    /// The places in a package where one of the names stands, outside tests.
    pub fn mentions(&self, package: &RelPath, names: &[String]) -> Vec<(String, Place)> {
        let files = self.packages.get(package).into_iter().flatten();
        files.flat_map(|(file, text)| mentions_in(file, text, names)).collect()
    }

    /// Why something of a package could not be looked at.
    pub fn unread(&self, package: &RelPath) -> Option<&str> {
        self.unread.get(package)?.first().map(String::as_str)
    }
}

fn mentions_in(file: &RelPath, text: &str, names: &[String]) -> Vec<(String, Place)> {
    if !names.iter().any(|name| text.contains(name.as_str())) {
        return Vec::new();
    }
    let is_comment = |kind| matches!(kind, Kind::LineComment | Kind::BlockComment);
    let tokens: Vec<_> = lex(text).filter(|(kind, _)| !is_comment(*kind)).collect();
    let word = |index: usize| tokens.get(index).map_or("", |(_, range)| &text[range.clone()]);
    let mut found = Vec::new();
    let mut index = 0;
    while index < tokens.len() {
        let is_test = ["#", "[", "cfg", "(", "test", ")", "]"]
            .iter()
            .enumerate()
            .all(|(ahead, expected)| word(index + ahead) == *expected);
        if is_test {
            index = end_of_item(&word, index + 7, tokens.len());
            continue;
        }
        let (kind, range) = &tokens[index];
        if *kind == Kind::Word && names.iter().any(|name| name == word(index)) {
            found.push((word(index).to_owned(), Place::new(file, range.clone())));
        }
        index += 1;
    }
    found
}

/// The token behind the item that starts here: behind its body, or behind its semicolon.
fn end_of_item<'a>(word: &dyn Fn(usize) -> &'a str, mut index: usize, end: usize) -> usize {
    let mut depth = 0_usize;
    while index < end {
        match word(index) {
            "{" | "(" | "[" => depth += 1,
            ")" | "]" => depth = depth.saturating_sub(1),
            "}" if depth <= 1 => return index + 1,
            "}" => depth -= 1,
            ";" if depth == 0 => return index + 1,
            _ => {}
        }
        index += 1;
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_count_in_code_but_not_in_tests_comments_and_strings() {
        let text = concat!(
            "use std::panic::catch_unwind; // catch_unwind\n",
            "const A: &str = \"catch_unwind\";\n",
            "#[cfg(test)]\nmod tests { fn a() { catch_unwind(|| ()); } }\n",
            "fn b() { catch_unwind(|| ()); }\n",
        );
        let found = mentions_in(&RelPath::new("a.rs"), text, &["catch_unwind".to_owned()]);
        let lines: Vec<usize> =
            found.iter().map(|(_, place)| position(text, place.span.start).line).collect();
        assert_eq!(lines, [1, 5]);
    }
}
