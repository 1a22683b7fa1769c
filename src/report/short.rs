//! One line per finding: `file:line:column: level[rule]: message`.

use crate::{
    facts::Facts,
    finding::{Level, Report},
};
use std::io::{self, Write};

/// Writes the findings that are shown, and a line per rule that could not look.
pub fn write(out: &mut dyn Write, report: &Report, facts: &Facts) -> io::Result<()> {
    for finding in report.findings.iter().filter(|finding| finding.level > Level::Allow) {
        let at = facts.sources.position(&finding.at.file, finding.at.span.start);
        let word = super::human::word(finding.level);
        let (file, rule, message) = (&finding.at.file, finding.rule, &finding.message);
        writeln!(out, "{file}:{}:{}: {word}[{rule}]: {message}", at.line, at.column)?;
    }
    for skipped in &report.skipped {
        writeln!(out, "{}: not looked at[{}]: {}", skipped.package, skipped.rule, skipped.why)?;
    }
    Ok(())
}
