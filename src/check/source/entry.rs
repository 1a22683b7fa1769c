//! Is there a binary in which nothing is handed to a Lambda runtime?

use crate::{
    check::{Hit, Outcome},
    facts::{Facts, workspace::Function},
    source::Place,
};
use serde::Deserialize;

/// Is there a binary in which nothing is handed to a Lambda runtime?
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct NoEntry {}

impl NoEntry {
    /// Silent where another binary of the package has a handler, and where only a library links a
    /// runtime and nothing could hide one: this one is a tool beside them.
    pub fn ask(&self, facts: &Facts, function: &Function) -> Outcome {
        let siblings = facts.functions.iter().filter(|other| other.package == function.package);
        let found = siblings
            .filter_map(|function| facts.code.of(&facts.functions, function))
            .any(|code| code.has_handler());
        if found {
            return Outcome::Hits(Vec::new());
        }
        let mut unread = facts.code.facts.world.unread.iter();
        let dir = facts.workspace.package(function).dir.as_str();
        if let Some(unread) = unread.find(|unread| unread.file.as_str().starts_with(dir)) {
            return Outcome::Skipped(format!("failed to {}", unread.why));
        }
        let Some(code) = facts.code.of(&facts.functions, function) else {
            return Outcome::Skipped(format!("`{}` could not be looked at", function.src_path));
        };
        let main = code.reach.states.first().map(|state| {
            let node = code.node(state.node);
            code.facts.world.place(node.file, node.head)
        });
        let at = main.unwrap_or_else(|| Place::new(&function.src_path, 0..0));
        let opaque: Vec<&str> = code
            .calls()
            .map(|(_, call)| call.path.as_str())
            .filter(|path| path.starts_with("?::") && path.ends_with('!'))
            .map(|path| path.trim_start_matches("?::"))
            .collect();
        if opaque.is_empty() && !function.meant {
            return Outcome::Hits(Vec::new());
        }
        let mut hit = Hit::at(at).with("bin", function.bin.clone());
        if !opaque.is_empty() {
            hit = hit.note(format!("it may hide behind {}", opaque.join(", ")));
        }
        Outcome::Hits(vec![hit])
    }
}
