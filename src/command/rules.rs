//! `rules` and `explain`: what the rules are, and why.

use super::{Exit, MessageFormat, Streams};
use crate::{
    facts::settings::unknown,
    finding::BadInput,
    report::{explain, json::SCHEMA},
    rule,
};
use anyhow::Result;
use serde_json::json;

/// Lists the rules.
pub fn list(format: MessageFormat, streams: &mut Streams<'_>) -> Result<Exit> {
    if format != MessageFormat::Json {
        explain::list(streams.out, rule::all())?;
        return Ok(Exit::Clean);
    }
    for rule in rule::all() {
        let line = json!({
            "reason": "rule", "schema": SCHEMA, "rule": rule.id, "group": rule.group,
            "level": rule.group.default_level(), "summary": rule.summary,
            "safety": rule.fix.as_ref().map(|fix| fix.safety),
            "effect": rule.effect.as_ref().map(|effect| &effect.measured),
        });
        writeln!(streams.out, "{line}")?;
    }
    Ok(Exit::Clean)
}

/// Prints the page of one rule.
pub fn page(id: &str, streams: &mut Streams<'_>) -> Result<Exit> {
    let Some(rule) = rule::find(id) else {
        let ids: Vec<&str> = rule::all().iter().map(|rule| rule.id).collect();
        let message = match unknown(id, &ids, "rule") {
            near if near.contains("did you mean") => near,
            _ => format!("unknown rule: `{id}`; `cargo lambda-lean rules` lists them"),
        };
        return Err(BadInput { file: None, message }.into());
    };
    explain::page(streams.out, rule)?;
    Ok(Exit::Clean)
}
