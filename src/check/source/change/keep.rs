//! Puts what a function makes anew for each event into a static beside it, which `main` forces.
//!
//! A `LazyLock`, or where making it waits, a cell that an `async` function fills. Functions of one
//! module that make the same share one. Nothing that can fail by `?` is kept: a static cannot.

use super::{
    change,
    declared::{self, item_start},
    made_by,
    moved::{Plan, lent, plans},
    names::{Uses, bound_within},
    site::{Main, Site, main_of},
    written::type_of,
};
use crate::{
    check::{Change, Form},
    facts::{
        code::{
            eval::Code,
            ir::{Bytes, Expr, Generic, Kind, Path, Stmt, Type},
            names::{Res, Space},
            reach::When,
            sym::Sym,
            value::NodeId,
            walk::{bound, each, each_stmt},
            world::Def,
        },
        functions_code::FunctionCode,
    },
    finding::Edit,
};
use std::collections::HashSet;

/// The change that makes the value flagged at `at` a static. `asked` says of a call whether it is
/// one that the rule asks for.
pub fn make_static(
    code: FunctionCode<'_>,
    node: NodeId,
    at: Bytes,
    asked: &dyn Fn(Bytes) -> bool,
) -> Option<Change> {
    let kept = Kept::of(Site::of_method(code, node)?, at, asked)?;
    let mut all = alike(code, &kept);
    all.push(kept);
    all.sort_by_key(|one| one.site.def.function.bytes);
    let first = all.first()?;
    let module = first.site.module;
    let main = main_of(code).filter(|main| !first.waits || main.site.def.function.is_async);

    let (name, function) = first.names(&all, main.as_ref())?;
    let shown = if first.waits { &function } else { &name };
    let path = main.as_ref().and_then(|main| main.path_to(module, shown));
    let public = path.as_ref().map_or("", |(_, public)| public);
    let (lazy, imported) = match first.waits {
        true => ("", None),
        false => lazy_lock(&first.site),
    };
    let item = first.item(public, &name, &function, lazy)?;
    let mut edits: Vec<Edit> = imported.into_iter().collect();
    let text = &first.site.text;
    let start = item_start(&first.site);
    edits.push(text.replace(start..start, format!("{item}{}", text.newline())));
    for one in &all {
        edits.extend(one.emptied(&name, &function)?);
    }
    let Some((main, (path, _))) = main.as_ref().zip(path) else {
        return change(edits).map(|change| change.of_form(Form::LateStatic));
    };
    let line = match first.waits {
        true => format!("{path}().await;"),
        false if main.site.module != module => {
            let (lazy, imported) = lazy_lock(&main.site);
            edits.extend(imported);
            format!("{lazy}::force(&{path});")
        }
        false => format!("{lazy}::force(&{path});"),
    };
    edits.push(main.adds(&line));
    change(edits).map(|change| change.of_form(Form::Static))
}

/// What one function makes that can be kept.
struct Kept<'a> {
    site: Site<'a>,
    plan: Plan<'a>,
    ty: String,
    /// Whether making it waits for something.
    waits: bool,
}

impl<'a> Kept<'a> {
    fn of(site: Site<'a>, at: Bytes, asked: &dyn Fn(Bytes) -> bool) -> Option<Self> {
        let (plan, ty, waits) =
            plans(&site, &HashSet::new(), at, asked).find_map(|plan| Kept::kept_by(&site, plan))?;
        Some(Kept { site, plan, ty, waits })
    }

    /// A plan with the type of what it hands over, and whether making that waits. `None` where a
    /// static cannot keep it.
    fn kept_by(site: &Site<'a>, plan: Plan<'a>) -> Option<(Plan<'a>, String, bool)> {
        let (mut waits, mut fails) = (false, false);
        for one in &plan.moved {
            each(one.init, &mut |expr| {
                waits |= matches!(expr.kind, Kind::Await(_));
                fails |= matches!(expr.kind, Kind::Try(_));
            });
        }
        let types: Option<Vec<String>> = plan
            .handed
            .iter()
            .map(|name| type_of(site, plan.moved.iter().rfind(|one| one.name == *name)?))
            .collect();
        let ty = match &*types? {
            [one] => one.clone(),
            several => format!("({})", several.join(", ")),
        };
        let beside = plan.moved.iter().all(|one| own_items(site, one.init));
        let fits = !fails && beside && (!waits || site.knows("tokio"));
        fits.then_some((plan, ty, waits))
    }

    /// The texts that make it, by which one is known to be like another.
    fn made(&self) -> Vec<&str> {
        self.plan.moved.iter().map(|one| self.site.text.at(one.init.bytes)).collect()
    }

    /// The static's name and that of the function that fills it: the variable's own, with the
    /// function's in front where something else of the module has the same, or a function further
    /// up may come to.
    fn names(&self, all: &[Kept<'_>], main: Option<&Main<'_>>) -> Option<(String, String)> {
        let variable = match &*self.plan.handed {
            [one] => *one,
            _ => Sym::new("shared"),
        };
        let own = self.plan.handed.first()?;
        let above = self.site.beside().any(|site| {
            let first = site.def.function.bytes.start < self.site.def.function.bytes.start;
            first && bound_within(&site.body.stmts).contains(own)
        });
        let module = &self.site.world.modules[self.site.module.index()];
        let free = |name: &String| {
            let name = Sym::new(name);
            !module.names.contains_key(&name) && !module.uses.contains_key(&name)
        };
        // Where the function is called, a variable must not hide it.
        let hidden = |function: &str| {
            let function = Sym::new(function);
            let in_main = main.is_some_and(|main| {
                main.site.module == self.site.module
                    && bound_within(&main.site.body.stmts).contains(&function)
            });
            in_main
                || all.iter().any(|one| {
                    let mut names = HashSet::new();
                    let params = &one.site.def.function.params;
                    params.iter().for_each(|(pat, _)| bound(pat, &mut names));
                    one.plan.rest.iter().for_each(|stmt| match stmt {
                        Stmt::Let(one) => bound(&one.pat, &mut names),
                        Stmt::Expr(..) => {}
                    });
                    names.contains(&function)
                })
        };
        let longer = format!("{}_{variable}", self.site.def.function.name);
        [variable.as_str().to_owned(), longer].into_iter().find_map(|function| {
            let name = function.to_uppercase();
            let plain = function == variable.as_str();
            let fits = free(&name) && free(&function) && !hidden(&function);
            (fits && !(plain && above)).then_some((name, function))
        })
    }

    /// The static, with the function that fills it.
    fn item(&self, public: &str, name: &str, function: &str, lazy: &str) -> Option<String> {
        let (site, ty) = (&self.site, &*self.ty);
        let made = |indent: &str| declared::made(site, &self.plan, indent);
        if !self.waits {
            let head = format!("{public}static {name}");
            return declared::lazy_lock(site, "", (&head, lazy, ty), &made);
        }
        let newline = site.text.newline();
        let what = match &*self.plan.handed {
            [one] => format!("The one `{one}` of all events"),
            _ => "What all events share".to_owned(),
        };
        Some(format!(
            "{}{newline}/// {what}, made by whoever needs it first.{newline}{public}async fn \
             {function}() -> &'static {ty} {{{newline}{}}}{newline}",
            declared::cell(site, "", name, ty),
            declared::filled(site, name, &made)?,
        ))
    }

    /// Takes the statements out of the function, and has it use the static.
    fn emptied(&self, name: &str, function: &str) -> Option<Vec<Edit>> {
        let text = &self.site.text;
        let single = self.plan.handed.len() == 1;
        let mut edits = super::hoist::removed(&self.site, &self.plan)?;
        if single && !self.waits {
            let uses = self.lent(self.plan.handed[0])?;
            let typed = self.typed();
            edits.extend(uses.clones(text, name));
            edits.extend(
                uses.called
                    .iter()
                    .map(|bytes| text.replace(bytes.start as usize..bytes.end as usize, name)),
            );
            // A reference to the static stands for one to its value only where that is asked for.
            edits.extend(uses.borrowed.iter().map(|bytes| {
                let star = if typed.contains(bytes) { "" } else { "*" };
                text.replace(bytes.start as usize + 1..bytes.end as usize, format!("{star}{name}"))
            }));
            return Some(edits);
        }
        for handed in &self.plan.handed {
            let uses = self.lent(*handed)?;
            edits.extend(uses.clones(text, handed));
            for sign in uses.signs {
                edits.push(text.replace(sign.start as usize..sign.end as usize, ""));
            }
        }
        let names: Vec<&str> = self.plan.handed.iter().map(|name| name.as_str()).collect();
        let names = if single { names.concat() } else { format!("({})", names.join(", ")) };
        let value = if self.waits { format!("{function}().await") } else { format!("&*{name}") };
        let last = self.plan.moved.last()?;
        let indent = text.indent(last.bytes.start as usize);
        let line = format!("{indent}let {names} = {value};{}", text.newline());
        // Where the last of the statements stood.
        let edit = edits.iter_mut().rfind(|edit| {
            edit.text.is_empty()
                && edit.span.start <= last.bytes.start as usize
                && last.bytes.end as usize <= edit.span.end
        })?;
        let lines = text.lines_of(last.bytes)?;
        edit.span.end = edit.span.end.min(lines.end);
        edit.text = line;
        Some(edits)
    }

    /// How what stays uses a variable that is kept.
    fn lent(&self, name: Sym) -> Option<Uses> {
        let one = self.plan.moved.iter().rfind(|one| one.name == name)?;
        lent(&self.site, &self.plan.rest, one)
    }

    /// The arguments of functions of the project that name the type they take.
    fn typed(&self) -> HashSet<Bytes> {
        let (world, scope) = (self.site.world, self.site.def.scope);
        let mut typed = HashSet::new();
        each_stmt(&self.site.body.stmts, &mut |expr| {
            let Kind::Call(callee, args) = &expr.kind else { return };
            let Kind::Path(path) = &callee.kind else { return };
            let Some(Res::Def(Def::Fn(id))) = world.resolve(scope, path, Space::Value) else {
                return;
            };
            let function = &world.functions[id.index()].function;
            for (arg, (_, ty)) in args.iter().zip(&function.params) {
                let Type::Ref(inner) = ty else { continue };
                let Type::Path(path) = &**inner else { continue };
                let generic = |one: &Generic| *path.segments == [one.name];
                if !function.generics.iter().any(generic) {
                    typed.insert(arg.bytes);
                }
            }
        });
        typed
    }
}

/// Whether an expression means the same in front of the function as in its body.
fn own_items(site: &Site<'_>, init: &Expr) -> bool {
    use super::written::carried;
    let mut same = true;
    each(init, &mut |expr| {
        let carried = |path: &Path, space| {
            carried(site.world, site.def.scope, site.module, path, space) == Some(None)
        };
        match &expr.kind {
            Kind::Path(path) => same &= carried(path, Space::Value),
            Kind::Struct(one) => same &= carried(&one.0, Space::Type),
            Kind::Macro(call) => same &= carried(&call.path, Space::Macro),
            _ => {}
        }
    });
    same
}

/// Other functions of the module that make the same for each event.
fn alike<'a>(code: FunctionCode<'a>, kept: &Kept<'a>) -> Vec<Kept<'a>> {
    let made = kept.made();
    let Some(last) = made.last() else { return Vec::new() };
    let per_event = |site: &&Site<'_>| {
        let mut states = code.reach.states.iter();
        states.any(|state| {
            state.when == When::Invocation && code.node(state.node).code == Code::Fn(site.id)
        })
    };
    let beside = kept.site.beside().filter(|site| site.def.file == kept.site.def.file);
    beside
        .filter(|site| per_event(&site))
        .filter_map(|site| {
            let mut inits = site.body.stmts.iter().filter_map(|stmt| match stmt {
                Stmt::Let(one) => one.init.as_ref(),
                Stmt::Expr(..) => None,
            });
            let init = inits.find(|init| site.text.at(init.bytes) == *last)?;
            let other = Kept::of(site, made_by(init).0.bytes, &|_| false)?;
            let same = other.made() == made && other.ty == kept.ty;
            (same && other.plan.handed.len() == kept.plan.handed.len()).then_some(other)
        })
        .collect()
}

/// What `LazyLock` is written as beside a function, and the import this takes.
pub fn lazy_lock(site: &Site<'_>) -> (&'static str, Option<Edit>) {
    let path = Path { segments: [Sym::new("LazyLock")].into(), ..Path::default() };
    match site.world.resolve(site.module, &path, Space::Type) {
        Some(Res::Def(Def::Foreign(full))) if full.as_str() == "std::sync::LazyLock" => {
            ("LazyLock", None)
        }
        None => match site.text.import("std::sync::LazyLock") {
            Some(edit) => ("LazyLock", Some(edit)),
            None => ("std::sync::LazyLock", None),
        },
        Some(_) => ("std::sync::LazyLock", None),
    }
}
