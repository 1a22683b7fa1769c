//! Does the built function need a newer glibc than the runtime it is deployed on has?
//!
//! The runtime is the one a template or `[package.metadata.lambda.deploy]` names, else the one
//! cargo-lambda deploys to, `provided.al2023`.

use super::{hit, of_built, package};
use crate::{
    check::Outcome,
    facts::{Facts, binary::Runtime, builder::Choice, workspace::Function},
    source::Place,
};
use serde::Deserialize;

/// How many symbols are named.
const NAMED: usize = 3;

/// See the module.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BinaryGlibc {}

impl BinaryGlibc {
    /// A hit when the file does not start there.
    pub fn ask(&self, facts: &Facts, function: &Function) -> Outcome {
        of_built(facts, function, |built| {
            let (runtime, at) = deployed_on(facts, function);
            let needs = &built.binary.glibc;
            let Some(needed) = needs.highest.filter(|_| !runtime.starts(needs)) else {
                return Vec::new();
            };
            let mut symbols = needs.asked_by.iter().take(NAMED).cloned().collect::<Vec<_>>();
            if needs.asked_by.len() > NAMED {
                symbols.push(format!("{} more", needs.asked_by.len() - NAMED));
            }
            let hit = hit(at, built, function)
                .with("needed", needed.to_string())
                .with("runtime", format!("provided.{runtime}"))
                .with("has", runtime.glibc().to_string());
            vec![match symbols.is_empty() {
                true => hit,
                false => hit.note(format!("asked for by {}", symbols.join(", "))),
            }]
        })
    }
}

/// The runtime the function is deployed on, and the line that decides.
fn deployed_on(facts: &Facts, function: &Function) -> (Runtime, Place) {
    if let Some(deployed) = &facts.build_inputs.deployment.runtime {
        return deployed.clone();
    }
    let manifests = [
        (&facts.workspace.package(function).manifest, "package"),
        (&facts.workspace.root, "workspace"),
    ];
    let written = manifests.into_iter().find_map(|(manifest, table)| {
        let path = [table, "metadata", "lambda", "deploy", "runtime"];
        let runtime = Runtime::named(manifest.string(&path)?)?;
        Some((runtime, manifest.place(&path)))
    });
    // Where nothing is written, the target the build asks for is what could hold the version.
    let build = facts.build(function);
    let elsewhere = || match &build.target_choice {
        Choice::Metadata(place) | Choice::Detected(place) => place.clone(),
        _ => package(facts, function),
    };
    written.unwrap_or_else(|| (Runtime::Al2023, elsewhere()))
}
