//! Comments that accept a finding: `# lambda-lean: allow(id, …) -- reason`, in Rust with `//`.
//!
//! A comment counts when the words stand at its start, so prose about the syntax does not. It
//! covers its own line when something stands before it there, else the next line that holds
//! something. An id and a reason are required; a malformed one is an error rather than silence.

use super::document::Document;
use crate::{
    finding::BadInput,
    source::{Place, RelPath, Span, position},
};
use toml_parser::{Source, lexer::TokenKind};

const MARK: &str = "lambda-lean:";

/// A comment that accepts findings of some rules on one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// The whole comment.
    pub comment: Place,
    /// The ids, each with its place.
    pub ids: Vec<(String, Place)>,
    /// Why the findings are accepted.
    pub reason: String,
    /// The line whose findings it accepts, from 1.
    pub covers: usize,
}

/// The suppressions among the comments of a TOML file.
pub fn in_toml(document: &Document) -> (Vec<Suppression>, Vec<BadInput>) {
    let body = document.text.trim_start_matches('\u{feff}');
    let offset = document.text.len() - body.len();
    let comments = Source::new(body).lex().filter(|token| token.kind() == TokenKind::Comment);
    let spans = comments.map(|token| Span {
        start: token.span().start() + offset,
        end: token.span().end() + offset,
    });
    collect(&document.file, &document.text, spans)
}

/// The suppressions among comments that a lexer found, given by their spans.
pub fn collect(
    file: &RelPath,
    text: &str,
    comments: impl Iterator<Item = Span>,
) -> (Vec<Suppression>, Vec<BadInput>) {
    let (mut suppressions, mut errors) = (Vec::new(), Vec::new());
    for span in comments {
        match parse(file, text, span) {
            Ok(found) => suppressions.extend(found),
            Err(problem) => {
                let line = position(text, span.start).line;
                errors.push(BadInput {
                    file: Some(file.clone()),
                    message: format!(
                        "failed to read the comment at `{file}` line {line}: {problem}; write \
                         `{MARK} allow(rule-id) -- reason`"
                    ),
                });
            }
        }
    }
    (suppressions, errors)
}

fn parse(file: &RelPath, text: &str, span: Span) -> Result<Option<Suppression>, &'static str> {
    let comment = &text[span.range()];
    let content = comment.trim_start_matches(['#', '/', '*', '!']);
    let Some(rest) = content.trim_start().strip_prefix(MARK) else { return Ok(None) };
    let rest = rest.trim_start().strip_prefix("allow").ok_or("only `allow` is known")?;
    let rest = rest.trim_start().strip_prefix('(').ok_or("`(` is missing")?;
    let (ids, rest) = rest.split_once(')').ok_or("`)` is missing")?;
    let ids_start = span.end - rest.len() - 1 - ids.len();
    let reason = rest.trim_start().strip_prefix("--").ok_or("the reason is missing")?;
    let reason = reason.trim().trim_end_matches("*/").trim();
    if reason.is_empty() {
        return Err("the reason is missing");
    }
    let mut at = ids_start;
    let mut found = Vec::new();
    for part in ids.split(',') {
        let start = at + (part.len() - part.trim_start().len());
        let id = part.trim();
        if id.is_empty() {
            return Err("a rule id is missing");
        }
        found.push((id.to_owned(), Place::new(file, start..start + id.len())));
        at += part.len() + 1;
    }
    Ok(Some(Suppression {
        comment: Place::new(file, span),
        ids: found,
        reason: reason.to_owned(),
        covers: covered_line(text, span),
    }))
}

/// The comment's own line when something stands before it, else the next line that is neither
/// empty nor only a comment.
fn covered_line(text: &str, span: Span) -> usize {
    let own = position(text, span.start).line;
    let line_start = text[..span.start].rfind('\n').map_or(0, |newline| newline + 1);
    if !text[line_start..span.start].trim_matches(['\u{feff}', ' ', '\t']).is_empty() {
        return own;
    }
    let is_comment =
        |line: &str| line.starts_with('#') && !line.starts_with("#[") || line.starts_with("//");
    let following = text.lines().enumerate().skip(own);
    following
        .map(|(index, line)| (index + 1, line.trim()))
        .find(|(_, line)| !line.is_empty() && !is_comment(line))
        .map_or(own, |(line, _)| line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> (Vec<Suppression>, Vec<BadInput>) {
        in_toml(&Document::parse(&RelPath::new("Cargo.toml"), text).expect("valid TOML"))
    }

    #[test]
    fn a_comment_covers_its_own_line_or_the_next() {
        let (found, errors) = of(concat!(
            "# lambda-lean: allow(a, b-c) -- because\n",
            "# more\n\n[x]\n",
            "y = 1 # lambda-lean: allow(d) -- here\n",
        ));
        assert_eq!(errors, []);
        assert_eq!(found.iter().map(|s| s.covers).collect::<Vec<_>>(), [4, 5]);
        let ids: Vec<_> = found.iter().flat_map(|s| &s.ids).map(|(id, _)| id.as_str()).collect();
        assert_eq!(ids, ["a", "b-c", "d"]);
    }

    #[test]
    fn prose_and_strings_are_not_suppressions() {
        let (found, errors) = of(concat!(
            "# write lambda-lean: allow(a) -- like this\n",
            "a = \"# lambda-lean: allow(a) -- b\"\n",
            "b = '''\n# lambda-lean: allow(a) -- b\n'''\n",
        ));
        assert_eq!((found, errors), (vec![], vec![]));
    }

    #[test]
    fn what_is_missing_is_said() {
        for (comment, problem) in [
            ("# lambda-lean: allow(a)", "the reason is missing"),
            ("# lambda-lean: allow(a) --  ", "the reason is missing"),
            ("# lambda-lean: allow() -- b", "a rule id is missing"),
            ("# lambda-lean: allow a -- b", "`(` is missing"),
            ("# lambda-lean: deny(a) -- b", "only `allow` is known"),
        ] {
            let (_, errors) = of(comment);
            assert_eq!(errors.len(), 1, "{comment}");
            assert!(errors[0].message.contains(problem), "{}", errors[0].message);
        }
    }
}
