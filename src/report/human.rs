//! Findings in the style of rustc, with the source and the suggested change.

use super::count;
use crate::{
    facts::Facts,
    finding::{Edit, Finding, Fix, Level, Report, Safety},
    source::{Place, RelPath},
};
use annotate_snippets::{
    AnnotationKind, Group, Level as Title, Patch, Renderer, Snippet, renderer::DecorStyle,
};
use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
    io::{self, Write},
    ops::Range,
};

/// Writes the findings that are shown, what could not be looked at, the count, and what to run
/// next. The text is coloured; the stream it goes to takes the colour out where it does not fit.
pub fn write(out: &mut dyn Write, report: &Report, facts: &Facts) -> io::Result<()> {
    let renderer = Renderer::styled().decor_style(DecorStyle::Ascii);
    let mut explained = BTreeSet::new();
    for finding in report.findings.iter().filter(|finding| finding.level > Level::Allow) {
        let first = explained.insert(finding.rule);
        writeln!(out, "{}\n", renderer.render(&groups(finding, facts, first)))?;
    }
    not_looked_at(out, report)?;
    summary(out, report)
}

/// What rustc calls a level.
pub fn word(level: Level) -> &'static str {
    match level {
        Level::Deny => "error",
        Level::Warn | Level::Allow => "warning",
    }
}

fn groups<'a>(finding: &'a Finding, facts: &'a Facts, first: bool) -> Vec<Group<'a>> {
    let title = match finding.level {
        Level::Deny => Title::ERROR,
        Level::Warn | Level::Allow => Title::WARNING,
    };
    let mut main = title.primary_title(finding.message.as_str()).id(finding.rule).elements(
        places(finding, facts).into_iter().map(|(file, annotations)| {
            let mut snippet = Snippet::source(text(facts, file)).path(file.as_str());
            for (kind, span, label) in annotations {
                let annotation = kind.span(span);
                snippet = snippet.annotation(match label {
                    Some(label) => annotation.label(label),
                    None => annotation,
                });
            }
            snippet
        }),
    );
    if let Some(effect) = finding.effect {
        let note = format!("measured: {} ({})", effect.measured, effect.source);
        main = main.element(Title::NOTE.message(note));
    }
    for note in &finding.notes {
        main = main.element(Title::NOTE.message(note.as_str()));
    }
    if first {
        let page = format!("`cargo lambda-lean explain {}` says why", finding.rule);
        main = main.element(Title::NOTE.message(page));
    }
    let mut groups = vec![main];
    groups.extend(finding.fix.as_ref().map(|fix| help(finding, fix, facts)));
    groups
}

type Annotation<'a> = (AnnotationKind, Range<usize>, Option<&'a str>);

/// The finding's own place and its labels, gathered by file, the finding's file first.
fn places<'a>(finding: &'a Finding, facts: &Facts) -> Vec<(&'a RelPath, Vec<Annotation<'a>>)> {
    let own = (AnnotationKind::Primary, shown(&finding.at, facts), None);
    let mut files = vec![(&finding.at.file, vec![own])];
    for label in &finding.labels {
        let annotation =
            (AnnotationKind::Context, shown(&label.place, facts), Some(label.message.as_str()));
        match files.iter_mut().find(|(file, _)| *file == &label.place.file) {
            Some((_, annotations)) => annotations.push(annotation),
            None => files.push((&label.place.file, vec![annotation])),
        }
    }
    files
}

/// The span, kept within the text and to its first line, so that a long body is not printed.
fn shown(place: &Place, facts: &Facts) -> Range<usize> {
    let text = text(facts, &place.file);
    let start = place.span.start.min(text.len());
    let end = place.span.end.clamp(start, text.len());
    let first_line = text[start..end].find('\n').map_or(end, |newline| start + newline);
    start..first_line
}

fn help<'a>(finding: &'a Finding, fix: &'a Fix, facts: &'a Facts) -> Group<'a> {
    let consent = match fix.safety {
        Safety::Safe => "safe",
        Safety::Ask => "asks first",
        Safety::Show => "by hand",
    };
    // The finding's own file comes first: it is the one whose name is not repeated.
    let mut files: BTreeMap<(bool, &RelPath), Vec<&Edit>> = BTreeMap::new();
    let mut created = Vec::new();
    for edit in &fix.edits {
        if facts.sources.text(&edit.file).is_some() {
            let other = edit.file != finding.at.file;
            files.entry((other, &edit.file)).or_default().push(edit);
        } else {
            created.push(format!("new file `{}`:\n{}", edit.file, edit.text.trim_end()));
        }
    }
    let title = Title::HELP.secondary_title(format!("{} ({consent})", fix.title));
    let group = title.elements(files.into_iter().map(|((_, file), edits)| {
        let text = text(facts, file);
        let edits: Vec<_> = edits.into_iter().map(|edit| shown_edit(text, edit)).collect();
        // A new last line is shown as one only where there is an empty one to take its place.
        let last = edits.iter().map(|(span, _)| span.end).max().unwrap_or_default();
        let more = match last.cmp(&text.len()) {
            Ordering::Greater => "\n\n",
            Ordering::Equal if text.ends_with('\n') => "\n",
            _ => "",
        };
        let source = format!("{text}{more}");
        let patches = edits.into_iter().map(|(span, text)| Patch::new(span, text));
        Snippet::source(source).path(file.as_str()).patches(patches.collect::<Vec<_>>())
    }));
    created.into_iter().fold(group, |group, text| group.element(Title::NOTE.message(text)))
}

/// An edit as it is shown: one that adds lines behind the end of a line is shown as lines before the
/// next one, because otherwise the line it hangs on would look changed. Behind a last line without
/// an end that is behind the end of the text.
fn shown_edit(text: &str, edit: &Edit) -> (Range<usize>, String) {
    let span = edit.span;
    let rest = &text[span.start..];
    let end = match rest {
        "" if !text.ends_with('\n') => Some("\n"),
        _ => ["\r\n", "\n"].into_iter().find(|end| rest.starts_with(end)),
    };
    let lines = edit.text.strip_prefix("\r\n").or_else(|| edit.text.strip_prefix('\n'));
    match (end, lines) {
        (Some(end), Some(lines)) if span.start == span.end => {
            let at = span.start + end.len();
            (at..at, format!("{lines}\n").replace("\r\n", "\n"))
        }
        _ => (span.range(), edit.text.replace("\r\n", "\n")),
    }
}

fn text<'a>(facts: &'a Facts, file: &RelPath) -> &'a str {
    facts.sources.text(file).map_or("", |text| text)
}

/// A line per reason. Many rules and packages share one, so beyond a few they are counted: JSON
/// names them all.
fn not_looked_at(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    const NAMED: usize = 3;
    let mut reasons: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for skipped in &report.skipped {
        reasons.entry((&skipped.package, &skipped.why)).or_default().insert(skipped.rule);
    }
    let mut shared: BTreeMap<(BTreeSet<&str>, &str), Vec<&str>> = BTreeMap::new();
    for ((package, why), rules) in reasons {
        shared.entry((rules, why)).or_default().push(package);
    }
    let listed = |names: Vec<&str>, noun| match names.len() {
        number if number > NAMED => count(number, noun),
        _ => names.join(", "),
    };
    let mut lines: Vec<String> = shared
        .into_iter()
        .map(|((rules, why), packages)| {
            let rules = listed(rules.into_iter().collect(), "rule");
            format!("not looked at in {}: {rules}: {why}", listed(packages, "package"))
        })
        .collect();
    lines.sort();
    lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
    if !lines.is_empty() {
        writeln!(out)?;
    }
    Ok(())
}

fn summary(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    let shown: Vec<&Finding> =
        report.findings.iter().filter(|finding| finding.level > Level::Allow).collect();
    let looked = count(report.functions, "function");
    if shown.is_empty() {
        let unseen = match report.skipped.len() {
            0 => String::new(),
            _ => " among the rules that could look".to_owned(),
        };
        return writeln!(out, "no findings in {looked}{unseen}");
    }
    let fixable = |safety| {
        let fix = |finding: &&&Finding| {
            let fix = finding.fix.as_ref();
            fix.is_some_and(|fix| fix.safety == safety && !fix.edits.is_empty())
        };
        shown.iter().filter(fix).count()
    };
    let (safe, ask) = (fixable(Safety::Safe), fixable(Safety::Ask));
    let quiet = report.findings.len() - shown.len();
    let quiet = if quiet > 0 { format!(", {quiet} more at level allow") } else { String::new() };
    let findings = count(shown.len(), "finding");
    writeln!(out, "{findings} in {looked}: {safe} fixable safely, {ask} after asking{quiet}")?;
    let next = match (safe, ask) {
        (0, 0) => format!("cargo lambda-lean explain {}", shown[0].rule),
        (0, _) => "cargo lambda-lean apply --ask".to_owned(),
        _ => "cargo lambda-lean apply --diff".to_owned(),
    };
    writeln!(out, "next: {next}")
}
