//! Reads the sources of the packages, for what their code mentions.

use super::files::Root;
use crate::{
    facts::{
        code::load::STACK,
        mention::Mentions,
        workspace::{Package, Workspace},
    },
    source::{RelPath, Sources},
};
use std::{collections::BTreeSet, panic, sync::Arc, thread};

/// What the code of each package mentions, in the order of the workspace's packages. Every file
/// beside or below a library or binary counts, whether a `mod` names it or not: a feature that
/// only such a file needs is kept. What is among `sources` is not read again.
pub fn read(root: &Root, workspace: &Workspace, sources: &Sources) -> Vec<Mentions> {
    let run = || workspace.packages.iter().map(|package| of(root, package, sources)).collect();
    // Parsing recurses as deep as the code nests.
    thread::scope(|scope| match thread::Builder::new().stack_size(STACK).spawn_scoped(scope, run) {
        Ok(worker) => worker.join().unwrap_or_else(|panic| panic::resume_unwind(panic)),
        Err(_) => run(),
    })
}

fn of(root: &Root, package: &Package, sources: &Sources) -> Mentions {
    let mut files: BTreeSet<RelPath> = BTreeSet::new();
    for target in &package.targets {
        let path = root.absolute(&target.src_path);
        files.append(&mut root.sources_below(path.parent().unwrap_or(&path)));
    }
    // A target in the package's own folder stands beside the build script.
    files.remove(&root.relative(&root.absolute(&package.dir).join("build.rs")));
    let text = |file: &RelPath| match sources.text(file) {
        Some(text) => Some(Arc::clone(text)),
        None => root.read(file).ok(),
    };
    let texts: Vec<_> = files.iter().map(|file| (file, text(file))).collect();
    Mentions::of(texts.iter().map(|(file, text)| (*file, text.as_deref())))
}
