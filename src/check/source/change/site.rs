//! Where a change is made: a function that stands in a file as it is known, and the `main` that
//! hands events over.

use super::{stmt_bytes, text::Text};
use crate::{
    facts::{
        code::{
            eval::{Code, Link},
            ir::{Block, Bytes, Kind, Stmt},
            lex::{self, lex},
            load::Extern,
            sym::Sym,
            value::NodeId,
            walk::each_stmt,
            world::{Def, FnDef, FnId, ModId, Owner, World},
        },
        functions_code::FunctionCode,
    },
    finding::Edit,
};

/// A function at the left margin of a file.
pub struct Site<'a> {
    pub world: &'a World,
    pub id: FnId,
    pub def: &'a FnDef,
    pub text: Text<'a>,
    pub body: &'a Block,
    /// The module around it, where its items are declared.
    pub module: ModId,
}

impl<'a> Site<'a> {
    /// The function of a node. Not one that a macro made, nor one inside something else.
    pub fn of(code: FunctionCode<'a>, node: NodeId) -> Option<Self> {
        let Code::Fn(id) = code.node(node).code else { return None };
        Site::of_fn(&code.facts.world, id)
    }

    /// The same, or the method of an `impl` at the left margin.
    pub fn of_method(code: FunctionCode<'a>, node: NodeId) -> Option<Self> {
        let Code::Fn(id) = code.node(node).code else { return None };
        let site = Site::written(&code.facts.world, id)?;
        let method = matches!(site.def.owner, Some(Owner::Impl(_)));
        (site.is_plain() || method && site.text.impl_around(site.start()).is_some()).then_some(site)
    }

    fn of_fn(world: &'a World, id: FnId) -> Option<Self> {
        Site::written(world, id).filter(Site::is_plain)
    }

    /// A function that stands in its file as it is known.
    fn written(world: &'a World, id: FnId) -> Option<Self> {
        let def = &world.functions[id.index()];
        let file = &world.files[def.file];
        let text = Text { file: &file.path, text: &file.text };
        let body = def.function.body.as_ref()?;
        let written = text.at(def.function.name_bytes) == def.function.name.as_str();
        let module = module_of(world, def.scope);
        written.then_some(Site { world, id, def, text, body, module })
    }

    fn is_plain(&self) -> bool {
        let margin = self.text.indent(self.start()).is_empty();
        margin && self.def.owner.is_none() && !self.def.function.receiver
    }

    /// Where the function starts, or the first of its attributes.
    pub fn start(&self) -> usize {
        let function = &self.def.function;
        let lowest = function.attr_bytes.iter().map(|bytes| bytes.start).min();
        lowest.unwrap_or(function.bytes.start).min(function.bytes.start) as usize
    }

    /// The innermost block that makes what stands at some bytes by a `let` of its own, else the
    /// whole body.
    pub fn block_of(&self, at: Bytes) -> &'a Block {
        let lets = |block: &Block| {
            block.stmts.iter().any(|stmt| match stmt {
                Stmt::Let(one) => one.init.as_ref().is_some_and(|init| init.bytes.holds(at)),
                Stmt::Expr(..) => false,
            })
        };
        let mut found = self.body;
        each_stmt(&self.body.stmts, &mut |expr| {
            let block = match &expr.kind {
                Kind::Block(block) | Kind::Async(block) => block,
                Kind::If(one) => &one.then,
                Kind::Loop(one) => &one.body,
                _ => return,
            };
            if found.bytes.holds(block.bytes) && lets(block) {
                found = block;
            }
        });
        found
    }

    /// Whether a block is that of a closure or `async` block, or inside one.
    pub fn is_inside_a_task(&self, block: &Block) -> bool {
        let mut inside = false;
        each_stmt(&self.body.stmts, &mut |expr| {
            let task = matches!(expr.kind, Kind::Closure(_) | Kind::Async(_));
            inside |= task && expr.bytes.holds(block.bytes);
        });
        inside
    }

    /// Whether the crate can name another one.
    pub fn knows(&self, other: &str) -> bool {
        let own = self.world.modules[self.module.index()].crate_index;
        self.world.crates[own].externs.contains_key(&Sym::new(other))
    }

    /// The other functions of the same module.
    pub fn beside(&self) -> impl Iterator<Item = Site<'a>> + use<'a> {
        let (world, module, own) = (self.world, self.module, self.id);
        let all = (0..world.functions.len()).map(|index| FnId(index as u32));
        all.filter(move |id| {
            let scope = world.functions[id.index()].scope;
            *id != own && module_of(world, scope) == module
        })
        .filter_map(move |id| Site::of_fn(world, id))
    }
}

/// `main` with the statement that hands events over.
pub struct Main<'a> {
    pub site: Site<'a>,
    /// The statement of its body in which a handler or router is handed over, or is run.
    pub serves: Bytes,
}

/// Finds `main`, when it is an ordinary function.
pub fn main_of(code: FunctionCode<'_>) -> Option<Main<'_>> {
    let start = code.reach.states.first()?.node;
    let site = Site::of(code, start)?;
    let node = code.node(start);
    let handed = node.edges.iter().find(|edge| matches!(edge.link, Link::PerEvent(_)));
    let run = || {
        node.calls.iter().find(|call| {
            let name = call.path.as_str().rsplit(['.', ':']).next().unwrap_or_default();
            name.starts_with("run") || name == "serve"
        })
    };
    // Where something else hands them over, the call by which `main` comes to it.
    let leads = || {
        let (to, ..) = *code.reach.entries.first()?;
        let state = code.reach.states.iter().find(|state| state.node == to)?;
        let (from, edge) = *code.reach.way(*state).first()?;
        (from.node == start).then(|| node.edges[edge].bytes)
    };
    let at = handed.map(|edge| edge.bytes).or_else(|| run().map(|call| call.bytes));
    let at = at.or_else(leads)?;
    let serves = site.body.stmts.iter().map(stmt_bytes);
    let serves = serves.into_iter().find(|bytes| bytes.holds(at))?;
    // A line in front of it must not come to stand outside of the body.
    let line = &site.text.text[site.text.line_start(serves.start as usize)..serves.start as usize];
    line.trim().is_empty().then_some(Main { site, serves })
}

impl Main<'_> {
    /// Adds a line in front of the statement with which `main` serves.
    pub fn adds(&self, line: &str) -> Edit {
        let text = &self.site.text;
        let indent = text.indent(self.serves.start as usize);
        let line = format!("{indent}{line}{}", text.newline());
        text.add_before(self.serves, self.site.body.bytes, &line)
    }

    /// How `main` names something that is declared in a module of its own crate or of a library,
    /// and what the declaration has to start with for that. `None` where a module on the way is
    /// private.
    pub fn path_to(&self, module: ModId, name: &str) -> Option<(String, &'static str)> {
        let world = self.site.world;
        let modules = &world.modules;
        let crate_of = |module: ModId| modules[module.index()].crate_index;
        let (own, other) = (crate_of(self.site.module), crate_of(module));
        let (end, visible) = match own == other {
            true => (self.site.module, "pub(crate) "),
            false => (world.crates[other].root?, "pub "),
        };
        let mut names = vec![name.to_owned()];
        let mut at = module;
        while at != end {
            let parent = modules[at.index()].parent.filter(|_| !modules[at.index()].is_body)?;
            let own_name = modules[parent.index()].names.iter().find_map(|(name, defs)| {
                defs.iter().any(|def| matches!(def, Def::Mod(id) if *id == at)).then_some(*name)
            })?;
            // `main` sees the modules beside it, but only public ones in those.
            if parent != self.site.module && !self.is_public(parent, own_name, visible) {
                return None;
            }
            names.push(own_name.as_str().to_owned());
            at = parent;
        }
        if own != other {
            let mut externs = world.crates[own].externs.iter();
            let of = |one: &Extern| matches!(one, Extern::Local(index) if *index == other);
            names.push(externs.find(|(_, one)| of(one))?.0.as_str().to_owned());
        }
        names.reverse();
        Some((names.join("::"), if module == self.site.module { "" } else { visible }))
    }

    /// Whether a module is declared with a visibility.
    fn is_public(&self, parent: ModId, name: Sym, visible: &str) -> bool {
        let world = self.site.world;
        let text = &world.files[world.modules[parent.index()].file].text;
        let words: Vec<&str> = lex(text)
            .filter(|(kind, _)| !matches!(kind, lex::Kind::LineComment | lex::Kind::BlockComment))
            .map(|(_, range)| &text[range])
            .collect();
        (1..words.len().saturating_sub(1)).any(|at| {
            let before = &words[..at];
            let in_crate = before.ends_with(&["pub", "(", "crate", ")"]);
            let public = before.ends_with(&["pub"]) || in_crate && visible != "pub ";
            words[at] == "mod" && words[at + 1] == name.as_str() && public
        })
    }
}

/// The module around a body.
pub fn module_of(world: &World, mut scope: ModId) -> ModId {
    while let Some(parent) = world.modules[scope.index()].parent {
        if !world.modules[scope.index()].is_body {
            break;
        }
        scope = parent;
    }
    scope
}
