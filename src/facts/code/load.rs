//! Reads and lowers every file of some crates, following `mod`.
//!
//! Files are parsed once, in parallel, on stacks sized for the depth `guard` lets through. A file
//! that cannot be read or cut into tokens is noted and costs only itself, and so is an item that
//! cannot be parsed. Asking for a file is left to the
//! caller, so that tests give texts and the tool gives the disk.

use super::{
    guard,
    ir::Item,
    lower::{self, Conditions},
    sym::Sym,
};
use crate::source::{RelPath, position};
use std::{
    collections::{BTreeMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// The stack of a parsing thread: 2 MB for each 10 levels `guard` lets through is more than the
/// hungriest of them (parenthesised operators in a debug build) takes. Only touched pages cost.
pub const STACK: usize = 1 << 30;

/// A crate to look at: one target of a package.
#[derive(Clone, Debug)]
pub struct CrateInput {
    /// Its name as written in paths.
    pub name: String,
    /// Whether it is a binary.
    pub is_bin: bool,
    /// The file its module tree starts in.
    pub root: RelPath,
    /// The crates it can name, by the name it uses.
    pub externs: BTreeMap<String, Extern>,
    /// Which code is compiled.
    pub conditions: Conditions,
}

/// A crate that another one can name.
#[derive(Clone, Debug)]
pub enum Extern {
    /// One that is looked at, by its index.
    Local(usize),
    /// One from elsewhere, by the name its own documentation uses in paths.
    Foreign(String),
}

/// Gives the text of a file; the error says why there is none.
pub type Read<'a> = dyn Fn(&RelPath) -> Result<Arc<str>, String> + Sync + 'a;

/// A file that was read.
#[derive(Clone, Debug)]
pub struct File {
    /// Where it is.
    pub path: RelPath,
    /// What it holds.
    pub text: Arc<str>,
}

/// A file that could not be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// The file.
    pub file: RelPath,
    /// The line that is to blame, from 1.
    pub line: Option<usize>,
    /// What is wrong and where, completing "failed to …".
    pub why: String,
    /// Whether it nests too deeply, which is an error; another broken file only costs itself.
    pub too_deep: bool,
}

/// A module as it stands in the tree of files.
#[derive(Debug)]
pub struct Parsed {
    /// Its file, by index.
    pub file: usize,
    /// Its items; `Mod` items without content are in `children`.
    pub items: Vec<Item>,
    /// The modules that are files of their own, by the path of names from here.
    pub children: Vec<(Vec<Sym>, Parsed)>,
}

/// Everything that was read.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The files, in the order they were found.
    pub files: Vec<File>,
    /// What could not be looked at.
    pub unread: Vec<Unread>,
    /// The root module of each crate; none where its file could not be read.
    pub roots: Vec<Option<Parsed>>,
}

/// A file to be read, and where its module hangs.
struct Job {
    crate_index: usize,
    /// The candidates: `a.rs`, then `a/mod.rs`.
    candidates: Vec<RelPath>,
    /// Index of the parent among the results, and the names from there.
    parent: Option<(usize, Vec<Sym>)>,
    is_root: bool,
}

/// What came of a job.
enum Outcome {
    Lowered(RelPath, Arc<str>, Vec<Item>, Vec<Unread>),
    Failed(Unread),
}

/// Reads the crates.
pub fn load(crates: &[CrateInput], read: &Read<'_>) -> Loaded {
    let mut loaded = Loaded::default();
    let mut results: Vec<(Job, usize, Vec<Item>)> = Vec::new();
    let mut seen: HashSet<(usize, RelPath)> = HashSet::new();
    let mut jobs: Vec<Job> = crates
        .iter()
        .enumerate()
        .map(|(crate_index, one)| Job {
            crate_index,
            candidates: vec![one.root.clone()],
            parent: None,
            is_root: true,
        })
        .collect();
    while !jobs.is_empty() {
        let outcomes = run(crates, &jobs, read);
        let mut next = Vec::new();
        for (job, outcome) in jobs.into_iter().zip(outcomes) {
            match outcome {
                Outcome::Failed(unread) => loaded.unread.push(unread),
                Outcome::Lowered(path, text, items, lost) => {
                    if !seen.insert((job.crate_index, path.clone())) {
                        continue;
                    }
                    loaded.unread.extend(lost);
                    let index = results.len();
                    let dirs = Dirs::of(&path, job.is_root);
                    declared(&items, &dirs, &mut Vec::new(), &mut |names, candidates| {
                        next.push(Job {
                            crate_index: job.crate_index,
                            candidates,
                            parent: Some((index, names)),
                            is_root: false,
                        });
                    });
                    loaded.files.push(File { path, text });
                    results.push((job, loaded.files.len() - 1, items));
                }
            }
        }
        jobs = next;
    }
    loaded.roots = assemble(crates.len(), results);
    loaded
}

/// Hangs each module below its parent. Children come after their parents, so from the back each
/// is complete when it is moved.
fn assemble(crates: usize, results: Vec<(Job, usize, Vec<Item>)>) -> Vec<Option<Parsed>> {
    let mut roots: Vec<Option<Parsed>> = (0..crates).map(|_| None).collect();
    let mut jobs = Vec::with_capacity(results.len());
    let mut modules: Vec<Option<Parsed>> = Vec::with_capacity(results.len());
    for (job, file, items) in results {
        jobs.push(job);
        modules.push(Some(Parsed { file, items, children: Vec::new() }));
    }
    for index in (0..jobs.len()).rev() {
        let Some(mut module) = modules[index].take() else { continue };
        module.children.reverse();
        match &jobs[index].parent {
            Some((parent, names)) => {
                if let Some(parent) = &mut modules[*parent] {
                    parent.children.push((names.clone(), module));
                }
            }
            None => roots[jobs[index].crate_index] = Some(module),
        }
    }
    roots
}

/// Does the jobs on as many threads as the machine has, and answers in their order.
fn run(crates: &[CrateInput], jobs: &[Job], read: &Read<'_>) -> Vec<Outcome> {
    let threads = thread::available_parallelism().map_or(1, |n| n.get()).min(jobs.len());
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = jobs.get(index) else { return done };
            done.push((index, one(job, &crates[job.crate_index], read)));
        }
    };
    let mut outcomes: Vec<(usize, Outcome)> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work))
            .collect();
        let joined = workers.into_iter().flatten().map(|worker| worker.join());
        joined.flatten().flatten().collect()
    });
    outcomes.sort_by_key(|(index, _)| *index);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

fn one(job: &Job, of: &CrateInput, read: &Read<'_>) -> Outcome {
    let mut failure = None;
    for path in &job.candidates {
        let text = match read(path) {
            Ok(text) => text,
            Err(why) => {
                let file = path.clone();
                failure.get_or_insert(Unread { file, line: None, why, too_deep: false });
                continue;
            }
        };
        let unread = |what: &str, (why, at): (String, usize), too_deep: bool| {
            let line = position(&text, at).line;
            let why = format!("parse {what}`{path}` at line {line}: {why}");
            Unread { file: path.clone(), line: Some(line), why, too_deep }
        };
        if let Some(at) = guard::too_deep(&text) {
            let why = "it nests too deeply".to_owned();
            return Outcome::Failed(unread("", (why, at), true));
        }
        return match lower::file(&text, &of.conditions) {
            Ok((items, lost)) => {
                let lost = lost.into_iter().map(|broken| unread("an item of ", broken, false));
                let lost = lost.collect();
                Outcome::Lowered(path.clone(), text.clone(), items, lost)
            }
            Err(broken) => Outcome::Failed(unread("", broken, false)),
        };
    }
    Outcome::Failed(failure.unwrap_or_else(|| Unread {
        file: of.root.clone(),
        line: None,
        why: "find it".to_owned(),
        too_deep: false,
    }))
}

/// The folders in which the modules declared in a file are looked for.
struct Dirs {
    /// The folder of the file itself: where `#[path]` starts from.
    own: String,
    /// The folder of `mod name;`.
    children: String,
}

impl Dirs {
    fn of(path: &RelPath, is_root: bool) -> Self {
        let (own, file) = path.as_str().rsplit_once('/').unwrap_or(("", path.as_str()));
        let stem = file.strip_suffix(".rs").unwrap_or(file);
        let children = if is_root || stem == "mod" { own.to_owned() } else { join(own, stem) };
        Dirs { own: own.to_owned(), children }
    }
}

/// Reports each `mod name;` with the names leading to it and the files it may be in.
fn declared(
    items: &[Item],
    dirs: &Dirs,
    names: &mut Vec<Sym>,
    report: &mut dyn FnMut(Vec<Sym>, Vec<RelPath>),
) {
    for item in items {
        let Item::Mod { name, path, inline } = item else { continue };
        names.push(*name);
        match (inline, path) {
            (Some(items), path) => {
                let dir = path.as_deref().unwrap_or(name);
                let inner = join(&dirs.children, dir);
                declared(items, &Dirs { own: inner.clone(), children: inner }, names, report);
            }
            (None, Some(path)) => report(names.clone(), vec![rel(join(&dirs.own, path))]),
            (None, None) => {
                let base = join(&dirs.children, name);
                report(
                    names.clone(),
                    vec![rel(format!("{base}.rs")), rel(format!("{base}/mod.rs"))],
                );
            }
        }
        names.pop();
    }
}

fn rel(path: String) -> RelPath {
    RelPath::new(path)
}

/// Joins two paths by their words, taking `.` and `..` away where that is possible.
fn join(dir: &str, path: &str) -> String {
    let mut parts: Vec<&str> = dir.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let root = if dir.starts_with('/') { "/" } else { "" };
    format!("{root}{}", parts.join("/"))
}
