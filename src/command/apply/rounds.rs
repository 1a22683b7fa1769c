//! Applies fixes to a scratch copy in rounds until nothing is left to apply.
//!
//! Each round applies every agreed fix that touches no other, looks at the copy again, and keeps
//! the round only when every finding it was meant to remove is gone. When a round fails, its
//! fixes are tried one by one, so that one bad fix costs only itself.

use super::{
    Apply, Done, Outcome,
    consent::{self, Answer},
    trial::{Key, Trial, key},
};
use crate::{
    command::Streams,
    finding::{Finding, Fix, Level},
    fix,
    gather::Project,
    lint,
    shadow::Shadow,
};
use anyhow::Result;
use std::collections::{HashMap, HashSet};

/// More rounds than any project needs: each applies at least one fix of a finite list.
const MOST_ROUNDS: usize = 200;

/// Runs the rounds.
pub fn run(
    apply: &Apply,
    project: &Project,
    shadow: &mut Shadow,
    streams: &mut Streams<'_>,
) -> Result<Outcome> {
    apply.consent.check()?;
    let mut trial = Trial::of(apply, project, shadow);
    let mut resolution = project.facts.resolution.clone();
    let mut found = lint::run(&project.facts, &apply.levels)?.findings;
    let mut outcome = Outcome { applied: Vec::new(), undone: Vec::new(), remaining: Vec::new() };
    let mut answers: HashMap<Key, bool> = HashMap::new();
    let mut refused: HashSet<Key> = HashSet::new();
    let mut one_by_one = false;
    for _ in 0..MOST_ROUNDS {
        ask(apply, &found, &refused, &mut answers, streams)?;
        let agreed: Vec<&Finding> = found
            .iter()
            .filter(|finding| !refused.contains(&key(finding)))
            .filter(|finding| {
                let asked = || answers.get(&key(finding)).copied().unwrap_or(false);
                apply.consent.to(finding).unwrap_or_else(asked)
            })
            .collect();
        let fixes: Vec<&Fix> = agreed.iter().filter_map(|finding| finding.fix.as_ref()).collect();
        let batch = if one_by_one { &fixes[..fixes.len().min(1)] } else { &fixes[..] };
        let applied = fix::apply(batch, &|file| shadow.text(file));
        let meant: Vec<&Finding> = applied.fixes.iter().map(|&index| agreed[index]).collect();
        if meant.is_empty() {
            // A fix that cannot even be applied alone must not end the run for the others.
            match agreed.first() {
                Some(first) if one_by_one || agreed.len() == 1 => {
                    refused.insert(key(first));
                    continue;
                }
                Some(_) => {
                    one_by_one = true;
                    continue;
                }
                None => break,
            }
        }
        let before = shadow.write(&applied.texts)?;
        match trial.prove(shadow, (&found, &resolution), &meant, &before) {
            Ok((now, resolved)) => {
                resolution = resolved;
                outcome.applied.extend(meant.iter().map(|finding| done(finding)));
                found = now;
            }
            Err(refusal) => {
                shadow.restore(&before)?;
                let why = trial.blame(shadow, refusal);
                if let [only] = meant.as_slice() {
                    refused.insert(key(only));
                    outcome.undone.push((done(only), why));
                } else {
                    one_by_one = true;
                }
            }
        }
    }
    outcome.remaining = found.into_iter().filter(|finding| finding.level > Level::Allow).collect();
    Ok(outcome)
}

fn done(finding: &Finding) -> Done {
    let fix = finding.fix.as_ref();
    Done {
        rule: finding.rule,
        title: fix.map_or_else(String::new, |fix| fix.title.clone()),
        files: fix.into_iter().flat_map(|f| &f.edits).map(|edit| edit.file.to_string()).collect(),
    }
}

fn ask(
    apply: &Apply,
    found: &[Finding],
    refused: &HashSet<Key>,
    answers: &mut HashMap<Key, bool>,
    streams: &mut Streams<'_>,
) -> Result<()> {
    let mut quit = false;
    for finding in found {
        let key = key(finding);
        let open = apply.consent.to(finding).is_none();
        if !open || refused.contains(&key) || answers.contains_key(&key) {
            continue;
        }
        let Some(fix) = &finding.fix else { continue };
        let answer = if quit { Answer::Quit } else { consent::prompt(finding, fix, streams)? };
        quit = answer == Answer::Quit;
        answers.insert(key, answer == Answer::Yes);
    }
    Ok(())
}
