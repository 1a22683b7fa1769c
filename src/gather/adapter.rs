//! Finds web servers that run on Lambda behind the Lambda Web Adapter, which no dependency shows.
//!
//! The adapter is a layer or a line of a Dockerfile, so deployment files are searched for its
//! name. That makes a function of a binary whose package depends on a web server; one that only
//! mentions the adapter in prose is not read.

use super::files::Root;
use crate::{
    facts::workspace::{DependencyKind, Package},
    source::RelPath,
};
use std::{cell::OnceCell, fs, path::Path};

/// How the adapter is named where it is put to use: its layer, and its image.
const MARKS: [&str; 3] = ["LambdaAdapterLayer", "aws-lambda-adapter", "aws-lambda-web-adapter:"];

/// How deep deployment files are searched for below a package and the workspace.
const DEPTH: usize = 3;

/// The largest file that is searched.
const LARGEST: u64 = 1 << 20;

/// What is known of the adapter in one workspace.
pub struct Adapter<'a> {
    root: &'a Root,
    servers: &'a [String],
    in_workspace: OnceCell<bool>,
}

impl<'a> Adapter<'a> {
    /// Starts with nothing known; `servers` are the packages of web servers.
    pub fn new(root: &'a Root, servers: &'a [String]) -> Self {
        Adapter { root, servers, in_workspace: OnceCell::new() }
    }

    /// Whether a package is a web server that is deployed behind the adapter.
    pub fn serves(&self, package: &Package) -> bool {
        let server = package.dependencies.iter().any(|dependency| {
            dependency.kind == DependencyKind::Normal && self.servers.contains(&dependency.package)
        });
        server
            && (self.marked(&package.dir)
                || *self.in_workspace.get_or_init(|| self.marked(&RelPath::new(""))))
    }

    fn marked(&self, folder: &RelPath) -> bool {
        searched(&self.root.absolute(folder), DEPTH)
    }
}

fn searched(folder: &Path, depth: usize) -> bool {
    let Ok(entries) = fs::read_dir(folder) else { return false };
    entries.flatten().any(|entry| {
        let (name, Ok(kind)) = (entry.file_name(), entry.file_type()) else { return false };
        let name = name.to_string_lossy();
        if kind.is_dir() {
            let skipped = ["target", "node_modules", "src", "cdk.out"].contains(&&*name);
            return depth > 1
                && !skipped
                && !name.starts_with('.')
                && searched(&entry.path(), depth - 1);
        }
        kind.is_file() && is_deployment(&name) && has_mark(&entry.path())
    })
}

fn is_deployment(name: &str) -> bool {
    let extension = name.rsplit('.').next().unwrap_or_default();
    let by_extension = ["yaml", "yml", "tf", "ts", "json", "py", "dockerfile"].contains(&extension);
    by_extension || name.contains("Dockerfile") || name == "Containerfile"
}

fn has_mark(path: &Path) -> bool {
    let small = fs::metadata(path).is_ok_and(|meta| meta.len() <= LARGEST);
    let text = if small { fs::read_to_string(path).unwrap_or_default() } else { String::new() };
    MARKS.iter().any(|mark| text.contains(mark))
}
