//! Has the code of the functions analysed: gives the engine its crates and the texts it asks for.

use super::files::Root;
use crate::{
    facts::{
        code::{self, inputs, vocabulary::Vocabulary},
        functions_code::FunctionsCode,
        workspace::{Function, Workspace},
    },
    source::{RelPath, Sources},
};
use std::{rc::Rc, sync::Arc};

/// Analyses the functions. What is read beside `sources` is added to them, so that it can be shown.
pub fn read(
    root: &Root,
    workspace: &Workspace,
    functions: &[Function],
    sources: &mut Sources,
) -> FunctionsCode {
    let (crates, binaries) = inputs::crates(workspace, functions, Vocabulary::shared());
    let known = &*sources;
    let text = |file: &RelPath| match known.text(file) {
        Some(text) => Ok(Arc::clone(text)),
        None => root.read(file).map_err(|error| error.message.replacen("failed to ", "", 1)),
    };
    let facts = code::analyse(crates, Vocabulary::shared(), &text);
    for file in &facts.world.files {
        if sources.text(&file.path).is_none() {
            sources.insert(file.path.clone(), Arc::clone(&file.text));
        }
    }
    FunctionsCode { facts: Rc::new(facts), binaries }
}
