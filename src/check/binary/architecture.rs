//! Is the built function for another processor than the one it is deployed to?
//!
//! A template says where it is deployed; failing that, the target that a script or manifest asks
//! for. A target that nobody wrote down is no promise to break.

use super::{hit, of_built, package};
use crate::{
    check::Outcome,
    facts::{Facts, binary::Machine, builder::Choice, workspace::Function},
    source::Place,
};
use serde::Deserialize;

/// See the module.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BinaryArchitecture {}

impl BinaryArchitecture {
    /// A hit when the file is for another processor, or for none that Lambda has.
    pub fn ask(&self, facts: &Facts, function: &Function) -> Outcome {
        of_built(facts, function, |built| {
            let found = built.binary.machine;
            let (at, wanted) = match (found, declared(facts, function)) {
                (Machine::Other(_), declared) => {
                    let at = declared.map(|(_, place)| place);
                    let wanted = "which Lambda does not have".to_owned();
                    (at.unwrap_or_else(|| package(facts, function)), wanted)
                }
                (_, Some((wanted, place))) if wanted != found => {
                    (place, format!("but this asks for {wanted}"))
                }
                _ => return Vec::new(),
            };
            let hit = hit(at, built, function);
            vec![hit.with("machine", found.to_string()).with("wanted", wanted)]
        })
    }
}

/// The processor that is written down, and where.
fn declared(facts: &Facts, function: &Function) -> Option<(Machine, Place)> {
    if let Some(deployed) = &facts.build_inputs.deployment.machine {
        return Some(deployed.clone());
    }
    let build = facts.build(function);
    let (Choice::Metadata(place) | Choice::Detected(place)) = &build.target_choice else {
        return None;
    };
    let wanted = machine(&build.target)?;
    // A workflow that builds for both says nothing about the one that is deployed.
    let commands = &facts.build_inputs.detected.commands;
    let mut targets = commands.iter().filter_map(|command| command.target.as_ref());
    let is_one = targets.all(|target| machine(target) == Some(wanted));
    is_one.then(|| (wanted, place.clone()))
}

fn machine(target: &str) -> Option<Machine> {
    match target.split('-').next() {
        Some("x86_64") => Some(Machine::X86_64),
        Some("aarch64") => Some(Machine::Aarch64),
        _ => None,
    }
}
