//! Resolves paths to what they name: an item of a crate that is looked at, or the whole path of
//! something foreign.
//!
//! Follows `use` with renames, globs and re-exports through modules and crates. A name that only a
//! glob of a foreign crate could bring in is taken from it when there is one such glob, and is
//! unknown when there are several. Unknown is `None`; nothing is guessed.

use super::{
    ir,
    load::Extern,
    sym::Sym,
    world::{AliasId, DataId, Def, ModId, Module, TraitId, World},
};
use rustc_hash::FxHashMap as HashMap;

/// Which of the names spelled alike is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Space {
    /// Modules, types, traits.
    Type,
    /// Functions, statics, constructors.
    Value,
    /// Macros.
    Macro,
}

/// What a path resolves to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Res {
    /// An item or foreign path.
    Def(Def),
    /// An associated item: what the name belongs to, and the name.
    Assoc(Of, Sym),
}

/// What an associated item belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// A type.
    Data(DataId),
    /// An alias.
    Alias(AliasId),
    /// A trait.
    Trait(TraitId),
}

/// What `$crate` is written as in an expansion, with the index of the crate behind it.
pub const HOME: &str = "__crate_";

/// What was found before. Imports may form cycles, so a name that is being looked for counts as
/// absent until it is found; only the outermost search may remember that it found nothing.
#[derive(Debug, Default)]
pub struct Found {
    known: HashMap<(ModId, Sym, Space), Option<Def>>,
    /// The searches that found nothing inside the current outermost one.
    missed: Vec<(ModId, Sym, Space)>,
    depth: usize,
    /// The modules whose foreign globs are being looked through.
    guessing: Vec<ModId>,
}

impl Found {
    /// Forgets what was not found only because it was being looked for, once nothing is any more.
    fn forget_missed(&mut self) {
        if self.depth > 0 {
            return;
        }
        for key in std::mem::take(&mut self.missed) {
            if self.known.get(&key) == Some(&None) {
                self.known.remove(&key);
            }
        }
    }
}

impl World {
    /// Resolves the segments of a path as seen from a module.
    pub fn resolve(&self, from: ModId, path: &ir::Path, space: Space) -> Option<Res> {
        self.segments(from, &path.segments, space)
    }

    fn segments(&self, from: ModId, path: &[Sym], space: Space) -> Option<Res> {
        let (first, mut rest) = path.split_first()?;
        let alone = rest.is_empty();
        let space_of = |last: bool| if last { space } else { Space::Type };
        let crate_index = self.modules[from.index()].crate_index;
        let mut at = match &**first {
            "" => {
                let (name, after) = rest.split_first()?;
                rest = after;
                let root = self.crates[crate_index].root;
                let space = space_of(rest.is_empty());
                // Before the 2018 edition a path starts at the crate's own root.
                self.extern_crate(crate_index, *name)
                    .or_else(|| self.member(root?, *name, space))?
            }
            "crate" => Def::Mod(self.crates[crate_index].root?),
            home if home.starts_with(HOME) => {
                let index: usize = home[HOME.len()..].parse().ok()?;
                Def::Mod(self.crates.get(index)?.root?)
            }
            "self" => Def::Mod(self.outside_body(from)),
            "super" => Def::Mod(self.modules[self.outside_body(from).index()].parent?),
            _ if alone => self.visible(from, *first, space)?,
            _ => self.outer(from, *first)?,
        };
        while let Some((name, after)) = rest.split_first() {
            let last = after.is_empty();
            at = match at {
                Def::Mod(module) if &**name == "super" => {
                    Def::Mod(self.modules[module.index()].parent?)
                }
                Def::Mod(module) => self.member(module, *name, space_of(last))?,
                Def::Foreign(path) => Def::Foreign(self.join(path, *name)),
                Def::Data(id) if self.data[id.index()].item.variants.contains(name) => {
                    Def::Variant(id, *name)
                }
                Def::Data(id) => return last.then_some(Res::Assoc(Of::Data(id), *name)),
                Def::Alias(id) => return last.then_some(Res::Assoc(Of::Alias(id), *name)),
                Def::Trait(id) => return last.then_some(Res::Assoc(Of::Trait(id), *name)),
                _ => return None,
            };
            rest = after;
        }
        Some(Res::Def(at))
    }

    fn outside_body(&self, mut module: ModId) -> ModId {
        while let Module { is_body: true, parent: Some(parent), .. } = &self.modules[module.index()]
        {
            module = *parent;
        }
        module
    }

    /// A crate by the name that one crate uses for it; the standard library has one name here.
    fn extern_crate(&self, crate_index: usize, name: Sym) -> Option<Def> {
        if matches!(&*name, "std" | "core" | "alloc") {
            return Some(Def::Foreign(Sym::new("std")));
        }
        match self.crates[crate_index].externs.get(&name)? {
            Extern::Local(index) => self.crates[*index].root.map(Def::Mod),
            Extern::Foreign(lib) => Some(Def::Foreign(Sym::new(lib))),
        }
    }

    /// The first of several segments. After `use dotenv::dotenv;`, which imports a function or
    /// macro as such a name nearly always is one, `dotenv::…` still means the crate.
    fn outer(&self, from: ModId, name: Sym) -> Option<Def> {
        let found = self.visible(from, name, Space::Type)?;
        let crate_index = self.modules[from.index()].crate_index;
        match (found, self.extern_crate(crate_index, name)) {
            (Def::Foreign(path), Some(Def::Foreign(of)))
                if path.strip_prefix(of.as_str()).is_some_and(|rest| rest.starts_with("::")) =>
            {
                Some(Def::Foreign(of))
            }
            _ => Some(found),
        }
    }

    /// A lone name as seen from a module: its own, the body's surroundings, crates, the prelude.
    fn visible(&self, from: ModId, name: Sym, space: Space) -> Option<Def> {
        let mut module = from;
        loop {
            if let Some(found) = self.known(module, name, space) {
                return Some(found);
            }
            match &self.modules[module.index()] {
                Module { is_body: true, parent: Some(parent), .. } => module = *parent,
                _ => break,
            }
        }
        let crate_index = self.modules[from.index()].crate_index;
        if space == Space::Macro {
            let found = self.crates[crate_index].macros.get(&name);
            let found = found.map(|id| Def::Macro(*id)).or_else(|| prelude_macro(name));
            return found.or_else(|| self.only_macro(name));
        }
        if space == Space::Type
            && let Some(found) = self.extern_crate(crate_index, name)
        {
            return Some(found);
        }
        // What a foreign glob may bring in comes after everything that is known.
        let mut module = from;
        loop {
            if let Some(found) = self.guessed(module, name, space) {
                return Some(found);
            }
            match &self.modules[module.index()] {
                Module { is_body: true, parent: Some(parent), .. } => module = *parent,
                _ => break,
            }
        }
        prelude(name).map(|path| Def::Foreign(Sym::new(path)))
    }

    /// The macro of this name where only one crate has one: `#[macro_use] extern crate`, and what
    /// an expansion calls of its own crate.
    fn only_macro(&self, name: Sym) -> Option<Def> {
        let mut found = self.crates.iter().filter_map(|one| one.macros.get(&name));
        match (found.next(), found.next()) {
            (Some(id), None) => Some(Def::Macro(*id)),
            _ => None,
        }
    }

    /// A name inside a module, as others see it and as it sees itself.
    fn member(&self, module: ModId, name: Sym, space: Space) -> Option<Def> {
        self.known(module, name, space).or_else(|| self.guessed(module, name, space))
    }

    /// A name that a module declares or imports, foreign globs left out.
    fn known(&self, module: ModId, name: Sym, space: Space) -> Option<Def> {
        let key = (module, name, space);
        {
            let mut found = self.found.borrow_mut();
            if let Some(known) = found.known.get(&key) {
                return *known;
            }
            found.known.insert(key, None);
            found.depth += 1;
        }
        let result = self.search(module, name, space);
        let mut found = self.found.borrow_mut();
        found.depth -= 1;
        match result {
            Some(_) => {
                found.known.insert(key, result);
            }
            None if found.depth > 0 => found.missed.push(key),
            None => {}
        }
        found.forget_missed();
        result
    }

    fn search(&self, module: ModId, name: Sym, space: Space) -> Option<Def> {
        // An exported macro stands at the root of its crate, wherever it is written.
        let owner = &self.crates[self.modules[module.index()].crate_index];
        if space == Space::Macro
            && owner.root == Some(module)
            && let Some(id) = owner.macros.get(&name)
        {
            return Some(Def::Macro(*id));
        }
        let at = &self.modules[module.index()];
        let fits = |def: &&Def| match space {
            Space::Type => matches!(
                def,
                Def::Mod(_) | Def::Data(_) | Def::Trait(_) | Def::Alias(_) | Def::Foreign(_)
            ),
            Space::Value => !matches!(def, Def::Mod(_) | Def::Trait(_) | Def::Macro(_)),
            Space::Macro => matches!(def, Def::Macro(_) | Def::Foreign(_)),
        };
        if let Some(found) = at.names.get(&name).and_then(|defs| defs.iter().find(fits)) {
            return Some(*found);
        }
        for path in at.uses.get(&name).into_iter().flatten() {
            let found = self.import(module, &path.segments, space);
            if let Some(Res::Def(found)) = found.filter(|res| match res {
                Res::Def(def) => fits(&def),
                Res::Assoc(..) => false,
            }) {
                return Some(found);
            }
        }
        self.through_globs(module, name, space)
    }

    /// The modules that a module imports everything from, as far as the crate that asks sees it.
    fn globbed(&self, module: ModId, asks: usize) -> impl Iterator<Item = Def> + '_ {
        let at = &self.modules[module.index()];
        let seen = at.globs.iter().filter(move |glob| glob.public || at.crate_index == asks);
        seen.filter_map(move |glob| match self.import(module, &glob.path.segments, Space::Type) {
            Some(Res::Def(def)) => Some(def),
            _ => None,
        })
    }

    fn through_globs(&self, module: ModId, name: Sym, space: Space) -> Option<Def> {
        let crate_index = self.modules[module.index()].crate_index;
        self.globbed(module, crate_index).find_map(|def| match def {
            Def::Mod(inner) if inner != module => self.known(inner, name, space),
            Def::Data(id) if self.data[id.index()].item.variants.contains(&name) => {
                Some(Def::Variant(id, name))
            }
            _ => None,
        })
    }

    /// A name that only the one foreign glob of a module can bring in, or of a module that
    /// is globbed there, and that the crate has no other meaning for. Of several globs it is the
    /// one that is known to.
    fn guessed(&self, module: ModId, name: Sym, space: Space) -> Option<Def> {
        let asks = self.modules[module.index()].crate_index;
        let taken = prelude(name).is_some() || self.extern_crate(asks, name).is_some();
        if taken || space == Space::Macro {
            return None;
        }
        {
            let mut found = self.found.borrow_mut();
            // What a glob names may come from a glob of the same module, but not from itself.
            if found.guessing.contains(&module) {
                return None;
            }
            found.guessing.push(module);
            found.depth += 1;
        }
        let guessed = self.guessed_by(asks, module, name, &mut Vec::new());
        let mut found = self.found.borrow_mut();
        found.guessing.pop();
        found.depth -= 1;
        found.forget_missed();
        guessed
    }

    fn guessed_by(
        &self,
        asks: usize,
        module: ModId,
        name: Sym,
        seen: &mut Vec<ModId>,
    ) -> Option<Def> {
        if seen.contains(&module) {
            return None;
        }
        seen.push(module);
        let globbed: Vec<Def> = self.globbed(module, asks).collect();
        let foreign = globbed.iter().filter_map(|def| match def {
            Def::Foreign(path) if !path.contains("prelude") => Some(self.join(*path, name)),
            _ => None,
        });
        let foreign: Vec<Sym> = foreign.collect();
        match foreign[..] {
            [] => globbed.iter().find_map(|def| match def {
                Def::Mod(inner) => self.guessed_by(asks, *inner, name, seen),
                _ => None,
            }),
            [path] => Some(Def::Foreign(path)),
            // Where it may be either of two, these are the same: Rust refuses others.
            _ => foreign.into_iter().find(|path| self.globbed.matches(*path)).map(Def::Foreign),
        }
    }

    /// A foreign path one segment longer. A crate that another one hands on goes by its own name.
    pub fn join(&self, path: Sym, name: Sym) -> Sym {
        if let Some(known) = self.joined.borrow().get(&(path, name)) {
            return *known;
        }
        let joined = Sym::shown(format_args!("{path}::{name}"));
        let joined = if self.handed_on.matches(joined) { name } else { joined };
        self.joined.borrow_mut().insert((path, name), joined);
        joined
    }

    /// The path of a `use`: from this module, else from the crates, else from the crate's root as
    /// the 2015 edition has it.
    fn import(&self, module: ModId, path: &[Sym], space: Space) -> Option<Res> {
        let first = *path.first()?;
        let crate_index = self.modules[module.index()].crate_index;
        // `use regex::Regex` next to `mod regex` is ambiguous in Rust; a `use` of the crate's own
        // name must not find itself.
        let own = self.modules[module.index()].uses.get(&first);
        let itself = own.is_some_and(|paths| paths.iter().any(|own| *own.segments == *path));
        if (itself || path.len() == 1)
            && let Some(found) = self.extern_crate(crate_index, first)
            && path.len() == 1
        {
            return Some(Res::Def(found));
        }
        self.segments(module, path, space).or_else(|| {
            let root = self.crates[crate_index].root?;
            (root != module).then(|| self.segments(root, path, space)).flatten()
        })
    }
}

/// The paths of the names every module sees that rules and types care for.
fn prelude(name: Sym) -> Option<&'static str> {
    Some(match &*name {
        "Option" | "Some" | "None" => "std::option::Option",
        "Result" | "Ok" | "Err" => "std::result::Result",
        "Box" => "std::boxed::Box",
        "String" => "std::string::String",
        "Vec" => "std::vec::Vec",
        "Fn" => "std::ops::Fn",
        "FnMut" => "std::ops::FnMut",
        "FnOnce" => "std::ops::FnOnce",
        "Future" => "std::future::Future",
        "Iterator" => "std::iter::Iterator",
        "IntoIterator" => "std::iter::IntoIterator",
        "Default" => "std::default::Default",
        "From" => "std::convert::From",
        "Into" => "std::convert::Into",
        "drop" => "std::mem::drop",
        "Send" => "std::marker::Send",
        "Sync" => "std::marker::Sync",
        "Clone" => "std::clone::Clone",
        "ToString" => "std::string::ToString",
        "str" => "std::str",
        "bool" | "char" | "u8" | "u16" | "u32" | "u64" | "u128" | "usize" | "i8" | "i16"
        | "i32" | "i64" | "i128" | "isize" | "f32" | "f64" => "std::primitive",
        _ => return None,
    })
}

fn prelude_macro(name: Sym) -> Option<Def> {
    let known = matches!(
        &*name,
        "println"
            | "eprintln"
            | "print"
            | "eprint"
            | "format"
            | "vec"
            | "panic"
            | "write"
            | "writeln"
            | "assert"
            | "assert_eq"
            | "assert_ne"
            | "matches"
            | "include_str"
            | "include_bytes"
            | "env"
            | "option_env"
            | "concat"
            | "todo"
            | "unreachable"
            | "unimplemented"
            | "dbg"
            | "stringify"
            | "debug_assert"
            | "include"
            | "cfg"
    );
    known.then(|| Def::Foreign(Sym::shown(format_args!("std::{name}"))))
}
