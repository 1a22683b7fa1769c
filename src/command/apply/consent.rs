//! Which fixes the user agrees to, by flags or at a prompt.

use crate::{
    command::Streams,
    finding::{Finding, Fix, Level, Safety},
};
use anyhow::{Result, bail};
use std::io::{self, BufRead, IsTerminal};

/// What the flags of `apply` permit.
#[derive(Clone, Debug, Default)]
pub struct Consent {
    /// Only these rules; naming one agrees to fixes that ask.
    pub only: Vec<String>,
    /// Never these.
    pub skip: Vec<String>,
    /// Ask for each fix that is not safe.
    pub ask: bool,
    /// Agree to every fix that a machine can make.
    pub all: bool,
}

/// How a fix that was not applied could be.
pub fn how(fix: &Fix) -> &'static str {
    match fix.safety {
        Safety::Show => "by hand",
        Safety::Ask if fix.edits.is_empty() => "choose first",
        Safety::Ask => "`--ask`, `--all` or `--only`",
        Safety::Safe => "safe",
    }
}

impl Consent {
    /// Refuses a prompt that nobody can answer.
    pub fn check(&self) -> Result<()> {
        if self.ask && !io::stdin().is_terminal() {
            bail!(
                "failed to ask: standard input is no terminal; choose with `--only ID` or `--all` \
                 instead of `--ask`"
            );
        }
        Ok(())
    }

    /// Whether the flags agree to a fix; `None` when the user has to be asked.
    pub fn to(&self, finding: &Finding) -> Option<bool> {
        let Some(fix) = finding.fix.as_ref().filter(|fix| !fix.edits.is_empty()) else {
            return Some(false);
        };
        let outside = fix.edits.iter().any(|edit| edit.file.as_str().starts_with("../"));
        let named = self.only.iter().any(|id| id == finding.rule);
        let left_out = self.skip.iter().any(|id| id == finding.rule)
            || (!self.only.is_empty() && !named)
            || finding.accepted;
        if outside || left_out || fix.safety == Safety::Show {
            return Some(false);
        }
        if named || self.all {
            return Some(true);
        }
        // What is not shown is not changed either, unless it is named.
        if finding.level == Level::Allow {
            return Some(false);
        }
        match fix.safety {
            Safety::Safe => Some(true),
            _ if self.ask => None,
            _ => Some(false),
        }
    }
}

/// The answers of a prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Yes,
    No,
    /// No, and no further question.
    Quit,
}

/// Asks whether to apply a fix.
pub fn prompt(finding: &Finding, fix: &Fix, streams: &mut Streams<'_>) -> Result<Answer> {
    writeln!(streams.err, "\n{}: {}", finding.rule, finding.message)?;
    for note in &finding.notes {
        writeln!(streams.err, "  {note}")?;
    }
    if let Some(rule) = crate::rule::find(finding.rule) {
        let cost = rule.drawbacks.split_whitespace().collect::<Vec<_>>().join(" ");
        writeln!(streams.err, "  what it costs: {cost}")?;
    }
    loop {
        write!(streams.err, "{}? [y]es, [n]o, [q]uit: ", fix.title)?;
        streams.err.flush()?;
        let mut line = String::new();
        if io::stdin().lock().read_line(&mut line)? == 0 {
            return Ok(Answer::Quit);
        }
        match line.trim() {
            "y" | "yes" => return Ok(Answer::Yes),
            "n" | "no" | "" => return Ok(Answer::No),
            "q" | "quit" => return Ok(Answer::Quit),
            _ => {}
        }
    }
}
