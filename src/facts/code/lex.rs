//! Cuts Rust text into tokens and comments, each with its bytes, without building anything.
//!
//! Two questions need the text and not the tree: how deep it nests, which has to be known before a
//! recursive parser sees it, and where comments stand, which the parser drops. The lexer accepts
//! every text; what no Rust token is made of becomes a token of one character.

use std::ops::Range;

/// What a piece of text is. White space is no piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A name or keyword, raw ones and lifetimes included.
    Word,
    /// A string, character or number.
    Literal,
    /// `// …` up to the end of the line, doc comments included.
    LineComment,
    /// `/* … */`, nested ones included, or up to the end of the text.
    BlockComment,
    /// One opening delimiter.
    Open,
    /// One closing delimiter.
    Close,
    /// One character of punctuation.
    Punct,
}

/// Walks over the pieces of a text.
pub struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

/// Starts at the first byte.
pub fn lex(text: &str) -> Lexer<'_> {
    let at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    Lexer { text, at }
}

/// The comments of a text, in their order.
pub fn comments(text: &str) -> impl Iterator<Item = Range<usize>> {
    let comment = |kind| matches!(kind, Kind::LineComment | Kind::BlockComment);
    lex(text).filter(move |(kind, _)| comment(*kind)).map(|(_, range)| range)
}

impl Iterator for Lexer<'_> {
    type Item = (Kind, Range<usize>);

    fn next(&mut self) -> Option<Self::Item> {
        self.space();
        let start = self.at;
        let first = match *self.text.as_bytes().get(start)? {
            byte if byte.is_ascii() => char::from(byte),
            _ => self.text[start..].chars().next()?,
        };
        let kind = match first {
            '/' if self.follows("//") => {
                let end = memchr::memchr(b'\n', &self.text.as_bytes()[start..]);
                self.at = end.map_or(self.text.len(), |n| start + n);
                Kind::LineComment
            }
            '/' if self.follows("/*") => {
                self.block_comment();
                Kind::BlockComment
            }
            '"' => {
                self.at += 1;
                self.quoted('"');
                Kind::Literal
            }
            '\'' => self.quote(),
            'r' | 'b' | 'c' if self.prefixed_literal() => Kind::Literal,
            '0'..='9' => {
                self.number();
                Kind::Literal
            }
            '(' | '[' | '{' => self.single(first, Kind::Open),
            ')' | ']' | '}' => self.single(first, Kind::Close),
            _ if is_word(first) => {
                self.word();
                Kind::Word
            }
            _ => self.single(first, Kind::Punct),
        };
        Some((kind, start..self.at))
    }
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

impl Lexer<'_> {
    fn follows(&self, what: &str) -> bool {
        self.text[self.at..].starts_with(what)
    }

    fn single(&mut self, c: char, kind: Kind) -> Kind {
        self.at += c.len_utf8();
        kind
    }

    /// Moves behind white space; nearly all of it is ASCII, which needs no decoding.
    fn space(&mut self) {
        self.skip(|byte| byte.is_ascii_whitespace() || byte == 0x0b);
        if self.text.as_bytes().get(self.at).is_some_and(|byte| !byte.is_ascii()) {
            let rest = &self.text[self.at..];
            self.at += rest.len() - rest.trim_start().len();
        }
    }

    fn word(&mut self) {
        self.skip(|byte| byte == b'_' || byte.is_ascii_alphanumeric());
        if self.text.as_bytes().get(self.at).is_some_and(|byte| !byte.is_ascii()) {
            let rest = &self.text[self.at..];
            self.at += rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        }
    }

    fn skip(&mut self, one: impl Fn(u8) -> bool) {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += rest.iter().position(|byte| !one(*byte)).unwrap_or(rest.len());
    }

    fn block_comment(&mut self) {
        let bytes = self.text.as_bytes();
        let mut depth = 0usize;
        while self.at < bytes.len() {
            if self.at + 1 < bytes.len() && bytes[self.at] == b'/' && bytes[self.at + 1] == b'*' {
                depth += 1;
                self.at += 2;
            } else if bytes[self.at..].starts_with(b"*/") {
                depth -= 1;
                self.at += 2;
                if depth == 0 {
                    return;
                }
            } else {
                self.at += 1;
            }
        }
    }

    /// Moves behind the closing quote; a backslash hides what follows it.
    fn quoted(&mut self, quote: char) {
        let bytes = self.text.as_bytes();
        while self.at < bytes.len() {
            match bytes[self.at] {
                b'\\' => self.at += 2,
                byte if byte == quote as u8 => {
                    self.at += 1;
                    return;
                }
                _ => self.at += 1,
            }
        }
        self.at = bytes.len();
    }

    /// A character or a lifetime: `'a'` and `'\n'` against `'a`.
    fn quote(&mut self) -> Kind {
        self.at += 1;
        let mut rest = self.text[self.at..].chars();
        match (rest.next(), rest.next()) {
            (Some('\\'), _) => self.quoted('\''),
            (Some(c), Some('\'')) => self.at += c.len_utf8() + 1,
            (Some(c), _) if is_word(c) => {
                self.word();
                return Kind::Word;
            }
            _ => {}
        }
        Kind::Literal
    }

    /// `r"…"`, `r#"…"#`, `b"…"`, `b'…'`, `br"…"`, `c"…"`, `cr"…"`. Raw names are words.
    fn prefixed_literal(&mut self) -> bool {
        let rest = &self.text[self.at..];
        let prefix = ["br", "cr", "r", "b", "c"].into_iter().find(|p| rest.starts_with(p));
        let Some(prefix) = prefix else { return false };
        let after = &rest[prefix.len()..];
        let hashes = after.len() - after.trim_start_matches('#').len();
        let raw = prefix.ends_with('r');
        let body = after[hashes..].starts_with('"');
        if body && raw {
            let close = format!("\"{}", "#".repeat(hashes));
            let open = self.at + prefix.len() + hashes + 1;
            let end = self.text[open..].find(&close);
            self.at = end.map_or(self.text.len(), |end| open + end + close.len());
            true
        } else if body && hashes == 0 {
            self.at += prefix.len() + 1;
            self.quoted('"');
            true
        } else if prefix == "b" && after.starts_with('\'') {
            self.at += 2;
            self.quoted('\'');
            true
        } else {
            if raw && prefix == "r" && hashes == 1 {
                self.at += 2;
                self.word();
            }
            false
        }
    }

    /// Digits with their suffix; a dot belongs to it only in front of a digit.
    fn number(&mut self) {
        self.word();
        let mut rest = self.text[self.at..].chars();
        if rest.next() == Some('.') && rest.next().is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
            self.word();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str) -> Vec<(Kind, &str)> {
        lex(text).map(|(kind, range)| (kind, &text[range])).collect()
    }

    #[test]
    fn comments_and_what_only_looks_like_one() {
        use Kind::*;
        assert_eq!(
            pieces("a // b\n\"// c\" /* /* */ */ r#\"/* \" \"# '/' b'\\'' 'x r#fn"),
            [
                (Word, "a"),
                (LineComment, "// b"),
                (Literal, "\"// c\""),
                (BlockComment, "/* /* */ */"),
                (Literal, "r#\"/* \" \"#"),
                (Literal, "'/'"),
                (Literal, "b'\\''"),
                (Word, "'x"),
                (Word, "r#fn"),
            ]
        );
    }

    #[test]
    fn every_text_ends() {
        for text in ["\"\\", "'", "/*", "r#\"", "b'", "'\\", "1.", "ä'ö", "\u{feff}fn"] {
            assert_eq!(lex(text).last().map(|(_, range)| range.end), Some(text.len()), "{text}");
        }
    }
}
