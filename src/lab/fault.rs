//! What can go wrong with a function under measurement, as one line that says what happened, when,
//! and what the function wrote last. A fault ends the measuring of that function only.

use std::{fmt, process::ExitStatus, time::Duration};

/// A function that could not be measured.
#[derive(Debug)]
pub struct Fault {
    /// When it happened.
    pub phase: Phase,
    /// What happened.
    pub kind: Kind,
    /// The last lines the function wrote.
    pub last_lines: Vec<String>,
}

/// When a fault happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Before the first `next`.
    Init,
    /// In the invocation of this number, from 1.
    Invocation(usize),
}

/// What happened.
#[derive(Debug)]
pub enum Kind {
    /// The process could not be started or put under its share.
    Start(anyhow::Error),
    /// It ended.
    Exited(ExitStatus),
    /// It said that it could not start.
    InitError(String),
    /// It asked for no event, or did not answer one, in time.
    TimedOut(Duration),
    /// It answered with an error.
    Failed(String),
    /// It answered something else than what it was asked.
    WrongAnswer {
        /// The event it had.
        asked: String,
        /// The event it answered.
        answered: String,
    },
    /// It asked for the next event without answering the one it had.
    NoAnswer,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.kind, self.phase) {
            (Kind::Start(error), _) => write!(f, "{error:#}")?,
            (Kind::Exited(status), phase) => write!(f, "the function ended {phase} with {status}")?,
            (Kind::InitError(error), _) => {
                write!(f, "the function reported that init failed: {error}")?
            }
            (Kind::TimedOut(limit), Phase::Init) => {
                write!(
                    f,
                    "the function never asked for an event in {limit:?} (--init-timeout); is it a Lambda function?"
                )?;
            }
            (Kind::TimedOut(limit), phase) => {
                write!(f, "the function was not done {phase} after {limit:?} (--timeout)")?;
            }
            (Kind::Failed(error), phase) => {
                write!(f, "the function answered with an error {phase}: {error}")?
            }
            (Kind::WrongAnswer { asked, answered }, phase) => {
                write!(
                    f,
                    "the function answered the event {answered} {phase}, but had been given {asked}"
                )?;
            }
            (Kind::NoAnswer, phase) => {
                write!(f, "the function asked for the next event {phase} without having answered")?;
            }
        }
        if !self.last_lines.is_empty() {
            write!(f, "; its last output: {}", self.last_lines.join(" | "))?;
        }
        Ok(())
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Init => f.write_str("in init"),
            Self::Invocation(number) => write!(f, "in invocation {number}"),
        }
    }
}
