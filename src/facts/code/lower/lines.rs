//! Turns the parser's lines and columns into bytes of the text.
//!
//! The parser counts characters. Its own step from there to bytes remembers each answer in a tree,
//! which costs as much as parsing does; where a line starts is one look into a table.

use proc_macro2::LineColumn;

/// The lines of a text.
pub struct Lines<'t> {
    text: &'t str,
    /// Where each line starts.
    starts: Vec<u32>,
    /// Whether each character is one byte.
    is_ascii: bool,
}

impl<'t> Lines<'t> {
    /// Finds the lines of a text.
    pub fn of(text: &'t str) -> Self {
        let ends = memchr::memchr_iter(b'\n', text.as_bytes());
        let starts = std::iter::once(0).chain(ends.map(|end| end as u32 + 1)).collect();
        Lines { text, starts, is_ascii: text.is_ascii() }
    }

    /// The byte of a place: its line counts from 1, its column in characters from 0.
    pub fn byte(&self, at: LineColumn) -> u32 {
        let start = self.starts.get(at.line - 1).copied().unwrap_or(self.text.len() as u32);
        if self.is_ascii {
            return start + at.column as u32;
        }
        let line = &self.text[start as usize..];
        let end = line.char_indices().nth(at.column).map_or(line.len(), |(byte, _)| byte);
        start + end as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_those_the_parser_counts_itself() {
        for text in ["fn a() {}\r\n  b(c)", "// ä\n\n\"ö€\" + x /* 𝄞 */ y\n", "x"] {
            let lines = Lines::of(text);
            for token in text.parse::<proc_macro2::TokenStream>().unwrap() {
                let span = token.span();
                let bytes = lines.byte(span.start())..lines.byte(span.end());
                let bytes = bytes.start as usize..bytes.end as usize;
                assert_eq!(bytes, span.byte_range(), "{token} of {text:?}");
            }
        }
    }
}
