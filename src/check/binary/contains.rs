//! Does the built function hold certain symbols, or, where those are stripped, certain bytes?
//!
//! Both come from the rule file. Bytes are looked for as they stand in the program, so they must
//! be a constant that no compiler changes, as a table of numbers is.

use super::{hit, of_built, package};
use crate::{
    check::Outcome,
    facts::{Facts, workspace::Function},
};
use memchr::memmem;
use serde::Deserialize;

/// See the module.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct BinaryContains {
    /// Parts of symbol names, each enough by itself.
    symbols: Vec<String>,
    /// Tables of 32-bit numbers, little-endian as both of Lambda's processors are; each enough by
    /// itself.
    tables: Vec<Vec<u32>>,
    /// A variable of the build that should have kept it out, for a note when it is set.
    unless_env: Option<String>,
}

impl BinaryContains {
    /// A hit when the file holds one of them.
    pub fn ask(&self, facts: &Facts, function: &Function) -> Outcome {
        of_built(facts, function, |built| {
            let holds = |needle: &[u8]| memmem::find(&built.program, needle).is_some();
            let symbol = self.symbols.iter().find(|symbol| holds(symbol.as_bytes()));
            let proof = match symbol {
                Some(symbol) => format!("the symbol `{symbol}`"),
                None if self.tables.iter().any(|table| holds(&bytes(table))) => {
                    "a table of its constants".to_owned()
                }
                None => return Vec::new(),
            };
            // The line that sets the variable, if there is one: it came after this build.
            let path = self.unless_env.as_ref().map(|variable| ["env", variable.as_str()]);
            let set = path.and_then(|path| {
                facts
                    .build_inputs
                    .configs
                    .iter()
                    .find(|config| config.get(&path).is_some())
                    .map(|c| c.place(&path))
            });
            let at = set.clone().unwrap_or_else(|| package(facts, function));
            let hit = hit(at, built, function).with("proof", &proof);
            vec![match (set, &self.unless_env) {
                (Some(_), Some(variable)) => hit.note(format!(
                    "`{variable}` is set here, but this file was built without it: build again"
                )),
                _ => hit,
            }]
        })
    }
}

fn bytes(table: &[u32]) -> Vec<u8> {
    table.iter().flat_map(|number| number.to_le_bytes()).collect()
}
