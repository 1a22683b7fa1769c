//! Says where a text nests deeper than a recursive parser may be trusted with.
//!
//! Parsing, walking and dropping a syntax tree take a few frames of the stack for each delimiter,
//! operator, method call, generic argument or `else if` inside another. The tokens tell an upper
//! bound of that depth in one pass without recursion. Real code stays below a few hundred.

use super::lex::{Kind, lex};

/// The deepest nesting that is parsed. The parsing threads' stack (`load::STACK`) is sized for it.
pub const DEEPEST: usize = 1200;

/// One open delimiter.
#[derive(Default)]
struct Frame {
    /// How deep everything in it already is.
    base: usize,
    /// How much deeper the current statement or list element may be by now.
    run: usize,
    /// How many `<` of the current statement have no `>` yet: a comma does not end those.
    angles: usize,
    /// Whether the last token closed a block, after which a new statement may begin.
    closed: bool,
    /// Where the last punctuation ended.
    punct: usize,
}

impl Frame {
    fn restart(&mut self, angles: usize) {
        (self.run, self.angles) = (angles, angles);
    }

    fn punct(&mut self, piece: &str, start: usize) {
        let joint = self.punct == start;
        self.punct = start + piece.len();
        match piece {
            ";" => self.restart(0),
            "," => self.restart(self.angles),
            ":" => {}
            // The second half of `=>`, `->`, `>=`, `==`, `||`, `..`.
            "=" | ">" | "|" | "." if joint => {}
            ">" => self.angles = self.angles.saturating_sub(1),
            _ => {
                self.angles += usize::from(piece == "<");
                self.run += 1;
            }
        }
    }
}

/// The byte at which the text becomes too deep, if it does.
pub fn too_deep(text: &str) -> Option<usize> {
    let mut outer: Vec<Frame> = Vec::new();
    let mut frame = Frame::default();
    for (kind, range) in lex(text) {
        let piece = &text[range.clone()];
        let closed = std::mem::take(&mut frame.closed);
        match kind {
            Kind::LineComment | Kind::BlockComment => frame.closed = closed,
            Kind::Open => {
                let base = frame.base + frame.run + 1;
                outer.push(std::mem::replace(&mut frame, Frame { base, ..Frame::default() }));
            }
            Kind::Close => {
                frame = outer.pop().unwrap_or_default();
                frame.closed = piece == "}";
                frame.run += usize::from(!frame.closed);
            }
            Kind::Punct => {
                // An attribute behind a block is the next item's.
                if closed && piece == "#" {
                    frame.restart(0);
                }
                frame.punct(piece, range.start);
            }
            Kind::Word => match piece {
                "else" | "return" | "break" | "await" => frame.run += 1,
                "as" => {}
                _ if closed => frame.restart(0),
                _ => {}
            },
            Kind::Literal => {}
        }
        if frame.base + frame.run > DEEPEST {
            return Some(range.start);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nests_is_too_deep_and_what_is_only_long_is_not() {
        let many = 10 * DEEPEST;
        for (unit, around) in [
            ("(", "fn f() { #"),
            ("{", "fn f() #"),
            ("-", "fn f() { # 1 }"),
            ("&", "fn f() { #x }"),
            ("1 + ", "fn f() { # 1 }"),
            (".m()", "fn f() { x# }"),
            ("A<B, ", "type T = #;"),
            ("if a {} else ", "fn f() { # {} }"),
            ("|x| ", "fn f() { # 1 }"),
            ("return ", "fn f() { # 1 }"),
            ("(-", "fn f() { #"),
        ] {
            let text = around.replace('#', &unit.repeat(many));
            assert!(too_deep(&text).is_some(), "{unit}");
        }
        for (unit, around) in [
            ("x = -1; ", "fn f() { # }"),
            ("-1, ", "const C: [i8; N] = [#];"),
            ("if a { b } ", "fn f() { # }"),
            ("fn f() {} ", "#"),
            ("A::B => {} ", "fn f() { match a { # } }"),
            ("a.b().c()?; ", "fn f() { # }"),
            ("#[a] struct S<T> { a: Vec<T>, } ", "!"),
        ] {
            let text = around.replace(['#', '!'], &unit.repeat(many));
            assert_eq!(too_deep(&text), None, "{unit}");
        }
    }
}
