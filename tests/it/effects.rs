//! The effects that rules state, against the reference results they are taken from.
//!
//! `LEAN_EFFECTS=write cargo test --features lab effects` writes them into the rule files after a
//! new reference run.

use crate::project::repository;
use cargo_lambda_lean::{
    lab::{
        metric::{Comparison, Metric, compare},
        reference,
        results::Results,
    },
    rule,
};
use std::fs;

const SOURCE: &str = "example-functions/results.json";

/// A step of the reference measurement, compared with the one before it.
struct Step {
    rules: Vec<String>,
    comparisons: Vec<Comparison>,
    bytes: f64,
}

fn steps(results: &Results) -> Vec<Step> {
    let variants = results.variants.windows(2);
    let step = |pair: &[cargo_lambda_lean::lab::results::Variant]| {
        let [before, after] = pair else { unreachable!("windows of two") };
        let comparisons = compare(&results.cells, &before.spec.name).into_iter();
        let bytes = [before, after]
            .map(|it| it.binary.as_ref().expect("every step was built").bytes as f64);
        Step {
            rules: after.spec.name[2..].split(", ").map(str::to_owned).collect(),
            comparisons: comparisons.filter(|it| it.variant == after.spec.name).collect(),
            bytes: bytes[0] / bytes[1],
        }
    };
    variants.map(step).collect()
}

impl Step {
    /// The `[effect]` of one of its rules.
    fn effect(&self) -> String {
        let of = |metric| {
            let found = self.comparisons.iter().find(|it| it.metric == metric);
            found.filter(|it| it.significant).map(|it| it.ratio.ratio)
        };
        let named = [
            ("cold start", of(Metric::Cold)),
            // Not how long it takes: of a function that needs about its quota, a little less CPU is
            // a lot less waiting on one machine, and none on another.
            ("CPU per warm invocation", of(Metric::WarmCpu)),
            ("peak memory", of(Metric::PeakRss)),
            ("binary", Some(self.bytes)),
        ];
        let named: Vec<(&str, f64)> = named
            .into_iter()
            .filter_map(|(name, ratio)| Some((name, ratio?)))
            .filter(|(_, ratio)| !(0.98..1.02).contains(ratio))
            .collect();
        // A function is started to answer: time comes first, bytes only where no time differs.
        let times = ["cold start", "CPU per warm invocation"];
        let time = named.iter().filter(|(name, _)| times.contains(name));
        let time = time.map(|(_, ratio)| *ratio).filter(|ratio| *ratio > 1.0).reduce(f64::max);
        let ratio = time.unwrap_or_else(|| self.bytes.max(1.0));
        let words: Vec<String> =
            named.iter().map(|(name, ratio)| format!("{name} {}", in_words(*ratio))).collect();
        let words = match words.is_empty() {
            true => "no significant difference".to_owned(),
            false => words.join(", "),
        };
        let shared = match self.rules.len() {
            1 => String::new(),
            several => format!(", together with {} other rules about the profile", several - 1),
        };
        // These rules speak of more than what was measured.
        let on = match &*self.rules[0] {
            "client-per-invocation" => "for the AWS SDK's client of",
            "first-connection-in-handler" => "for the connection to DynamoDB of",
            _ => "on",
        };
        format!(
            "[effect]\nmeasured = \"once fixed: {words}, {on} the example writer at 128 MB{shared}\"\n\
             ratio = {ratio:.2}\nsource = \"{SOURCE}\"\n"
        )
    }
}

/// "23× less", with no more digits than mean something.
fn in_words(ratio: f64) -> String {
    match ratio {
        ratio if ratio < 1.0 => format!("{:.2}× more", 1.0 / ratio),
        ratio if ratio < 10.0 => format!("{ratio:.2}× less"),
        ratio => format!("{ratio:.0}× less"),
    }
}

#[test]
fn each_rule_states_the_effect_that_was_measured() {
    let reference = reference::read(&repository().join("example-functions")).expect("results");
    let steps = steps(&reference.measurements["steps"]);
    let write = std::env::var_os("LEAN_EFFECTS").is_some_and(|value| value == "write");
    let mut checked = 0;
    for step in &steps {
        for id in &step.rules {
            let path = repository().join(format!("rules/{id}.toml"));
            let text = fs::read_to_string(&path).expect("a rule file");
            let expected = step.effect();
            if write {
                fs::write(&path, with_effect(&text, &expected)).expect("writable");
            } else {
                assert!(text.contains(&expected), "rules/{id}.toml does not hold\n{expected}");
            }
            checked += 1;
        }
    }
    assert!(checked >= 14, "{checked} rules are steps");
    // And none states an effect that nobody measured.
    let measured: Vec<&String> = steps.iter().flat_map(|step| &step.rules).collect();
    for rule in rule::all() {
        let stated = rule.effect.as_ref().is_some_and(|effect| effect.source == SOURCE);
        assert!(!stated || measured.iter().any(|id| *id == rule.id), "{}", rule.id);
    }
}

/// Puts the effect before the first piece of evidence, instead of an earlier one.
fn with_effect(text: &str, effect: &str) -> String {
    let without = match text.split_once("[effect]\n") {
        Some((before, rest)) => {
            let (_, after) = rest.split_once("\n\n").expect("evidence comes later");
            format!("{before}{after}")
        }
        None => text.to_owned(),
    };
    let (before, after) = without.split_once("[[evidence]]").expect("every rule has evidence");
    format!("{before}{effect}\n[[evidence]]{after}")
}
