//! The items of all crates, each with a number, and the modules that name them.
//!
//! Built once from what was loaded; nothing is resolved here. A function that declares items in
//! its body gets a module of its own for them, below the module it stands in.

use super::{
    expand::expand,
    ir::{self, Bytes, Item},
    load::{CrateInput, Extern, File, Loaded, Parsed, Unread},
    lower,
    names::{Found, HOME, Res, Space},
    pattern::Patterns,
    sym::Sym,
    vocabulary::Vocabulary,
};
use crate::source::Place;
use rustc_hash::FxHashMap as HashMap;
use std::cell::RefCell;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u32);

        impl $name {
            fn next(len: usize) -> Self {
                $name(u32::try_from(len).expect("fewer than 2^32 items"))
            }

            /// The index behind the number.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

ids! {
    /// A module.
    ModId;
    /// A function, associated ones included.
    FnId;
    /// A struct, enum or union.
    DataId;
    /// A trait.
    TraitId;
    /// An `impl`.
    ImplId;
    /// A type alias.
    AliasId;
    /// A static or const.
    GlobalId;
    /// A `macro_rules!`.
    MacroId;
}

/// How many calls of the crates' own macros are expanded where items stand: a macro may call
/// itself for ever.
const MOST_EXPANSIONS: usize = 2000;

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Def {
    /// A module.
    Mod(ModId),
    /// A function.
    Fn(FnId),
    /// A type.
    Data(DataId),
    /// A variant of an enum.
    Variant(DataId, Sym),
    /// A trait.
    Trait(TraitId),
    /// An alias.
    Alias(AliasId),
    /// A static or const.
    Global(GlobalId),
    /// A macro.
    Macro(MacroId),
    /// Something of a crate that is not looked at, by its whole path.
    Foreign(Sym),
}

/// A module.
#[derive(Debug)]
pub struct Module {
    /// The crate it belongs to.
    pub crate_index: usize,
    /// The module around it.
    pub parent: Option<ModId>,
    /// Whether it holds the items of a function body: names not found in it are looked for around.
    pub is_body: bool,
    /// The file it stands in.
    pub file: usize,
    /// What it declares.
    pub names: HashMap<Sym, Vec<Def>>,
    /// What it imports by name.
    pub uses: HashMap<Sym, Vec<ir::Path>>,
    /// What it imports by glob.
    pub globs: Vec<Glob>,
    /// Macros called between its items.
    pub macro_calls: Vec<ir::MacroCall>,
}

/// `use …::*`.
#[derive(Debug)]
pub struct Glob {
    /// What everything is imported from.
    pub path: ir::Path,
    /// Whether other crates see what it brings in.
    pub public: bool,
}

/// A function.
#[derive(Debug)]
pub struct FnDef {
    /// As written.
    pub function: ir::Function,
    /// Where its names are looked up: its own module when it has one.
    pub scope: ModId,
    /// The file it stands in.
    pub file: usize,
    /// The `impl` or trait it belongs to.
    pub owner: Option<Owner>,
}

/// What an associated function belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Owner {
    /// An `impl`.
    Impl(ImplId),
    /// A trait's own.
    Trait(TraitId),
}

/// A type, trait, alias, `impl`, global or macro with where it stands.
#[derive(Debug)]
pub struct Placed<T> {
    /// As written.
    pub item: T,
    /// Where its names are looked up.
    pub scope: ModId,
    /// The file it stands in.
    pub file: usize,
}

/// A trait with its functions.
#[derive(Debug)]
pub struct TraitDef {
    /// Its name.
    pub name: Sym,
    /// The traits it requires.
    pub supers: Vec<ir::Path>,
    /// Its functions.
    pub functions: HashMap<Sym, FnId>,
}

/// An `impl` with its functions.
#[derive(Debug)]
pub struct ImplDef {
    /// As written, its functions moved out.
    pub head: ir::Impl,
    /// Its functions.
    pub functions: HashMap<Sym, FnId>,
}

/// A crate.
#[derive(Debug)]
pub struct CrateDef {
    /// As given.
    pub input: CrateInput,
    /// Its root module.
    pub root: Option<ModId>,
    /// The crates it can name.
    pub externs: HashMap<Sym, Extern>,
    /// Its `macro_rules!`, by name.
    pub macros: HashMap<Sym, MacroId>,
}

/// Everything there is.
#[derive(Debug, Default)]
pub struct World {
    /// The files that were read.
    pub files: Vec<File>,
    /// What could not be looked at.
    pub unread: Vec<Unread>,
    /// The crates, in the order they were given.
    pub crates: Vec<CrateDef>,
    /// The modules.
    pub modules: Vec<Module>,
    /// The functions.
    pub functions: Vec<FnDef>,
    /// The types.
    pub data: Vec<Placed<ir::Data>>,
    /// The traits.
    pub traits: Vec<Placed<TraitDef>>,
    /// The `impl`s.
    pub impls: Vec<Placed<ImplDef>>,
    /// The aliases, with their type parameters.
    pub aliases: Vec<Placed<(Vec<Sym>, ir::Type)>>,
    /// Statics and consts.
    pub globals: Vec<Placed<ir::Global>>,
    /// Macros, by the bytes of their rules.
    pub macros: Vec<Placed<Bytes>>,
    /// What `names` found before.
    pub found: RefCell<Found>,
    /// The foreign paths that were put together before.
    pub joined: RefCell<HashMap<(Sym, Sym), Sym>>,
    /// The crates that go by their own name wherever another one hands them on.
    pub handed_on: Patterns,
    /// The names that say by which of several globs they came.
    pub globbed: Patterns,
}

impl World {
    /// Numbers everything that was loaded.
    pub fn build(inputs: Vec<CrateInput>, loaded: Loaded, vocabulary: &Vocabulary) -> World {
        let (handed_on, globbed) = (vocabulary.handed_on.clone(), vocabulary.globbed.clone());
        let Loaded { files, unread, roots } = loaded;
        let mut world = World { files, unread, handed_on, globbed, ..World::default() };
        for input in inputs {
            let externs = input.externs.iter();
            let externs = externs.map(|(name, one)| (Sym::new(name), one.clone())).collect();
            world.crates.push(CrateDef { input, root: None, externs, macros: HashMap::default() });
        }
        for (crate_index, root) in roots.into_iter().enumerate() {
            let Some(root) = root else { continue };
            let id = world.module(crate_index, None, root.file, false);
            world.crates[crate_index].root = Some(id);
            world.fill(id, root);
        }
        world.expand_items();
        world.declare_types();
        world
    }

    /// Declares the types that have an `impl` and that nobody is seen to declare: a foreign macro
    /// makes them. What else it makes of them is not known.
    fn declare_types(&mut self) {
        for index in 0..self.impls.len() {
            let Placed { item, scope, file } = &self.impls[index];
            let (scope, file) = (*scope, *file);
            let ir::Type::Path(path) = &item.head.target else { continue };
            let [name] = &*path.segments else { continue };
            let name = *name;
            let imported = self.modules[scope.index()].uses.contains_key(&name);
            let parameter = item.head.generics.iter().any(|one| one.name == name);
            if imported || parameter || self.resolve(scope, path, Space::Type).is_some() {
                continue;
            }
            let bytes = path.bytes;
            let data = ir::Data {
                name,
                name_bytes: bytes,
                generics: Vec::new(),
                fields: Vec::new(),
                variants: Vec::new(),
                attrs: Vec::new(),
            };
            let id = DataId::next(self.data.len());
            self.data.push(Placed { item: data, scope, file });
            self.name(scope, name, Def::Data(id));
            *self.found.borrow_mut() = Found::default();
        }
    }

    /// Adds what the crates' own macros make where items stand.
    fn expand_items(&mut self) {
        let mut at = 0;
        let mut left = MOST_EXPANSIONS;
        while at < self.modules.len() {
            let id = ModId::next(at);
            at += 1;
            for call in std::mem::take(&mut self.modules[id.index()].macro_calls) {
                let made = (left > 0).then(|| self.made_by(id, &call)).flatten();
                match made {
                    Some(items) => {
                        left -= 1;
                        self.items(id, items);
                        // What a macro makes may call macros again.
                        if !self.modules[id.index()].macro_calls.is_empty() {
                            at = id.index();
                        }
                    }
                    None => self.modules[id.index()].macro_calls.push(call),
                }
            }
        }
    }

    fn made_by(&self, module: ModId, call: &ir::MacroCall) -> Option<Vec<Item>> {
        let module_def = &self.modules[module.index()];
        let (tokens, offset) = self.expansion(module, module_def.file, call)?;
        let conditions = &self.crates[module_def.crate_index].input.conditions;
        lower::expanded_items(tokens, conditions, offset)
    }

    /// What a call of one of the crates' own macros expands to, and where its input starts.
    pub fn expansion(
        &self,
        scope: ModId,
        file: usize,
        call: &ir::MacroCall,
    ) -> Option<(proc_macro2::TokenStream, u32)> {
        let Some(Res::Def(Def::Macro(id))) = self.resolve(scope, &call.path, Space::Macro) else {
            return None;
        };
        let placed = &self.macros[id.index()];
        let text = |file: usize, bytes: Bytes| {
            self.files[file].text.get(bytes.start as usize..bytes.end as usize)
        };
        let home = format!("{HOME}{}", self.modules[placed.scope.index()].crate_index);
        let input = match &call.text {
            Some(text) => text,
            None => text(file, call.input)?,
        };
        let tokens = expand(text(placed.file, placed.item)?, input, &home)?;
        Some((tokens, call.input.start))
    }

    /// A place in one of the files.
    pub fn place(&self, file: usize, bytes: Bytes) -> Place {
        Place::new(&self.files[file].path, bytes.start as usize..bytes.end as usize)
    }

    fn module(
        &mut self,
        crate_index: usize,
        parent: Option<ModId>,
        file: usize,
        is_body: bool,
    ) -> ModId {
        let id = ModId::next(self.modules.len());
        self.modules.push(Module {
            crate_index,
            parent,
            is_body,
            file,
            names: HashMap::default(),
            uses: HashMap::default(),
            globs: Vec::new(),
            macro_calls: Vec::new(),
        });
        id
    }

    fn fill(&mut self, id: ModId, parsed: Parsed) {
        self.items(id, parsed.items);
        for (names, child) in parsed.children {
            let mut at = id;
            for name in names {
                let known = self.modules[at.index()].names.get(&name).and_then(|defs| {
                    defs.iter().find_map(|def| match def {
                        Def::Mod(id) => Some(*id),
                        _ => None,
                    })
                });
                let Some(found) = known else { break };
                at = found;
            }
            self.modules[at.index()].file = child.file;
            self.fill(at, child);
        }
    }

    fn name(&mut self, module: ModId, name: Sym, def: Def) {
        self.modules[module.index()].names.entry(name).or_default().push(def);
    }

    /// Adds items to a module: those of its file, of a function body, or made by a macro.
    pub fn items(&mut self, module: ModId, items: Vec<Item>) {
        *self.found.borrow_mut() = Found::default();
        let (crate_index, file) = {
            let module = &self.modules[module.index()];
            (module.crate_index, module.file)
        };
        for item in items {
            match item {
                Item::Use(item) => {
                    let module = &mut self.modules[module.index()];
                    match item.name {
                        Some(name) => module.uses.entry(name).or_default().push(item.path),
                        None => {
                            module.globs.push(Glob { path: item.path, public: item.public });
                        }
                    }
                }
                Item::ExternCrate { name, alias } => {
                    if name != alias
                        && let Some(found) = self.crates[crate_index].externs.get(&name).cloned()
                    {
                        self.crates[crate_index].externs.insert(alias, found);
                    }
                }
                Item::Mod { name, inline, .. } => {
                    let id = self.module(crate_index, Some(module), file, false);
                    self.name(module, name, Def::Mod(id));
                    self.items(id, inline.unwrap_or_default());
                }
                Item::Fn(function) => {
                    let name = function.name;
                    let id = self.function(module, function, None);
                    self.name(module, name, Def::Fn(id));
                }
                Item::Data(data) => {
                    let id = DataId::next(self.data.len());
                    self.name(module, data.name, Def::Data(id));
                    self.data.push(Placed { item: data, scope: module, file });
                }
                Item::Trait(item) => {
                    let id = TraitId::next(self.traits.len());
                    self.name(module, item.name, Def::Trait(id));
                    let def = TraitDef {
                        name: item.name,
                        supers: item.supers,
                        functions: HashMap::default(),
                    };
                    self.traits.push(Placed { item: def, scope: module, file });
                    let functions = self.owned(module, item.functions, Owner::Trait(id));
                    self.traits[id.index()].item.functions = functions;
                }
                Item::Impl(mut item) => {
                    let id = ImplId::next(self.impls.len());
                    let functions = std::mem::take(&mut item.functions);
                    let def = ImplDef { head: item, functions: HashMap::default() };
                    self.impls.push(Placed { item: def, scope: module, file });
                    let functions = self.owned(module, functions, Owner::Impl(id));
                    self.impls[id.index()].item.functions = functions;
                }
                Item::Alias { name, generics, ty } => {
                    let id = AliasId::next(self.aliases.len());
                    self.name(module, name, Def::Alias(id));
                    self.aliases.push(Placed { item: (generics, ty), scope: module, file });
                }
                Item::Global(global) => {
                    let id = GlobalId::next(self.globals.len());
                    self.name(module, global.name, Def::Global(id));
                    self.globals.push(Placed { item: global, scope: module, file });
                }
                Item::MacroRules { name, rules } => {
                    let id = MacroId::next(self.macros.len());
                    self.name(module, name, Def::Macro(id));
                    self.crates[crate_index].macros.insert(name, id);
                    self.macros.push(Placed { item: rules, scope: module, file });
                }
                Item::MacroCall(call) => self.modules[module.index()].macro_calls.push(call),
            }
        }
    }

    fn owned(
        &mut self,
        module: ModId,
        functions: Vec<ir::Function>,
        owner: Owner,
    ) -> HashMap<Sym, FnId> {
        let add =
            |function: ir::Function| (function.name, self.function(module, function, Some(owner)));
        functions.into_iter().map(add).collect()
    }

    fn function(
        &mut self,
        module: ModId,
        mut function: ir::Function,
        owner: Option<Owner>,
    ) -> FnId {
        let Module { crate_index, file, .. } = self.modules[module.index()];
        let inner = std::mem::take(&mut function.inner);
        let mut scope = module;
        if !inner.is_empty() {
            scope = self.module(crate_index, Some(module), file, true);
            self.items(scope, inner);
        }
        let id = FnId::next(self.functions.len());
        self.functions.push(FnDef { function, scope, file, owner });
        id
    }
}
