//! Reads the sources of the packages that functions are made of.

use super::files::Root;
use crate::{
    facts::{
        code::lex,
        own_code::OwnCode,
        suppression::{self, Suppression},
        workspace::{Function, Package, Workspace},
    },
    finding::BadInput,
    source::{RelPath, Sources, Span},
};
use std::collections::BTreeSet;

/// The sources, and what their comments say.
pub struct Read {
    pub own_code: OwnCode,
    pub suppressions: Vec<Suppression>,
    pub errors: Vec<BadInput>,
}

/// Reads the sources of the functions' packages and of their path dependencies.
pub fn read(
    root: &Root,
    workspace: &Workspace,
    functions: &[Function],
    sources: &mut Sources,
) -> Read {
    let mut read =
        Read { own_code: OwnCode::default(), suppressions: Vec::new(), errors: Vec::new() };
    let mut seen = BTreeSet::new();
    for function in functions {
        for package in workspace.with_path_dependencies(workspace.package(function)) {
            if !seen.insert(package.dir.clone()) {
                continue;
            }
            let mut files = Vec::new();
            for file in sources_of(root, package) {
                let text = root.read(&file);
                if let Ok(text) = &text {
                    sources.insert(file.clone(), text.clone());
                    let comments = lex::comments(text).map(Span::from);
                    let (found, errors) = suppression::collect(&file, text, comments);
                    read.suppressions.extend(found);
                    read.errors.extend(errors);
                }
                files.push((file, text));
            }
            read.errors.extend(read.own_code.add(&package.dir, files));
        }
    }
    read
}

/// The Rust files beside and below the roots of a package's targets.
fn sources_of(root: &Root, package: &Package) -> Vec<RelPath> {
    let mut files = BTreeSet::new();
    for target in &package.targets {
        let path = root.absolute(&target.src_path);
        files.insert(target.src_path.clone());
        // A target in the package's own folder has its modules there, but so has everything else.
        if let Some(folder) = path.parent().filter(|folder| *folder != root.absolute(&package.dir))
        {
            files.append(&mut root.sources_below(folder));
        }
    }
    files.into_iter().collect()
}
