//! One JSON object a line, as other tools read them.
//!
//! The structs here are the contract; the model may change beneath them. Optional keys are absent
//! where they mean nothing.

use crate::{
    facts::Facts,
    finding::{BadInput, Edit, Effect, Finding, Fix, Label, Level, Report},
    source::Place,
};
use serde::Serialize;
use serde_json::{Value, json};
use std::{
    io::{self, Write},
    path::Path,
    time::Duration,
};

/// The version of the contract.
pub const SCHEMA: u32 = 1;

/// Writes the findings that are shown, what was skipped, and the summary.
pub fn write(
    out: &mut dyn Write,
    report: &Report,
    facts: &Facts,
    root: &Path,
    elapsed: Duration,
) -> io::Result<()> {
    for finding in report.findings.iter().filter(|finding| finding.level > Level::Allow) {
        line(out, &finding_json(finding, facts))?;
    }
    for skipped in &report.skipped {
        line(
            out,
            &json!({
                "reason": "skipped", "schema": SCHEMA, "rule": skipped.rule,
                "package": skipped.package, "why": skipped.why,
            }),
        )?;
    }
    let at = |level| report.findings.iter().filter(|finding| finding.level == level).count();
    line(
        out,
        &json!({
            "reason": "summary", "schema": SCHEMA, "workspace_root": root,
            "packages": report.packages, "functions": report.functions,
            "findings": {
                "deny": at(Level::Deny), "warn": at(Level::Warn), "allow": at(Level::Allow),
            },
            "skipped": report.skipped.len(),
            "elapsed_ms": u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
        }),
    )
}

/// Writes an error.
pub fn error(out: &mut dyn Write, error: &BadInput) -> io::Result<()> {
    let mut value = json!({ "reason": "error", "schema": SCHEMA });
    if let Some(file) = &error.file {
        value["file"] = json!(file.as_str());
    }
    value["message"] = json!(error.message);
    line(out, &value)
}

fn line(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

#[derive(Serialize)]
struct FindingJson<'a> {
    reason: &'static str,
    schema: u32,
    rule: &'a str,
    group: String,
    level: Level,
    package: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    bin: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    builder: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phase: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    effect: Option<Value>,
    message: &'a str,
    file: &'a str,
    span: Value,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    labels: Vec<Value>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    notes: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<Value>,
}

fn finding_json<'a>(finding: &'a Finding, facts: &Facts) -> FindingJson<'a> {
    FindingJson {
        reason: "finding",
        schema: SCHEMA,
        rule: finding.rule,
        group: finding.group.to_string(),
        level: finding.level,
        package: &finding.package,
        bin: finding.bin.as_deref(),
        builder: finding.builder.as_deref(),
        phase: finding.phase.map(|phase| phase.to_string()),
        effect: finding.effect.map(effect),
        message: &finding.message,
        file: finding.at.file.as_str(),
        span: span(&finding.at, facts),
        labels: finding.labels.iter().map(|label| label_json(label, facts)).collect(),
        notes: &finding.notes,
        fix: finding.fix.as_ref().map(fix),
    }
}

fn effect(effect: &Effect) -> Value {
    json!({ "measured": effect.measured, "source": effect.source })
}

fn span(place: &Place, facts: &Facts) -> Value {
    let end = |byte: usize| {
        let at = facts.sources.position(&place.file, byte);
        json!({ "line": at.line, "column": at.column, "byte": byte })
    };
    json!({ "start": end(place.span.start), "end": end(place.span.end) })
}

fn label_json(label: &Label, facts: &Facts) -> Value {
    let file = &label.place.file;
    let at = facts.sources.position(file, label.place.span.start);
    json!({
        "file": file.as_str(), "line": at.line, "column": at.column, "message": label.message,
    })
}

fn fix(fix: &Fix) -> Value {
    let edits: Vec<Value> = fix.edits.iter().map(edit).collect();
    json!({ "title": fix.title, "safety": fix.safety, "edits": edits })
}

fn edit(edit: &Edit) -> Value {
    json!({
        "file": edit.file.as_str(), "start": edit.span.start, "end": edit.span.end,
        "text": edit.text,
    })
}
