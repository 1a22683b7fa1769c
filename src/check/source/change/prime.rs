//! Has `main` open a client's connection with one cheap call that only reads.

use super::{
    change,
    names::bound_within,
    plain_name,
    site::{Main, main_of},
    stmt_bytes,
};
use crate::{
    check::Change,
    facts::{
        code::{
            eval::{Call, Code},
            ir::{Bytes, Kind, Path, Stmt, Type},
            names::{Res, Space},
            sym::Sym,
            value::NodeId,
            walk::each,
            world::Def,
        },
        functions_code::FunctionCode,
    },
    finding::Edit,
};
use serde::Deserialize;

/// A cheap call that only reads, for the clients of one service.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Prime {
    /// The service, as the SDK's crate names it.
    pub service: String,
    /// The call, without `send`: one that every version of the crate has.
    pub call: String,
    /// Where it is described.
    pub source: String,
}

impl Prime {
    /// The change that opens the connection of the client made by `call` in the node: one that
    /// `main` makes, or that it has a static make. Waits at most a second, and takes a refusal for
    /// an answer. `alone` says that no client of another service needs the same.
    pub fn change(
        &self,
        code: FunctionCode<'_>,
        node: NodeId,
        call: &Call,
        alone: bool,
    ) -> Option<Change> {
        let main = main_of(code)?;
        if !main.site.def.function.is_async || !main.site.knows("tokio") {
            return None;
        }
        let (of, _) = call.path.as_str().rsplit_once("::")?;
        let (function, declared) = self.function(&main, &client_type(&main, of)?, alone)?;
        let mut edits = match code.reach.states.first()?.node == node {
            true => in_main(&main, call.bytes, &function, &self.service)?,
            false => vec![at_static(code, &main, node, of, &function)?],
        };
        edits.extend(declared);
        change(edits)
    }

    /// The name of the function that opens it, and its declaration where it is not there yet.
    fn function(&self, main: &Main<'_>, ty: &str, alone: bool) -> Option<(String, Option<Edit>)> {
        let site = &main.site;
        let (text, call) = (&site.text, &self.call);
        let (newline, step) = (text.newline(), text.step(site.body.bytes));
        let names = &site.world.modules[site.module.index()].names;
        let service = format!("prime_{}", self.service);
        let wanted = if alone { ["prime", &service] } else { [&service, "prime"] };
        for name in wanted {
            let body = format!(
                "async fn {name}(client: &{ty}) {{{newline}{step}let call = client.{call}.send();\
                 {newline}{step}let _ = tokio::time::timeout(std::time::Duration::from_secs(1), \
                 call).await;{newline}}}"
            );
            let Some(defs) = names.get(&Sym::new(name)) else {
                let end = text.line_end(site.def.function.bytes.end as usize);
                let doc = "Opens the connection while init still has the whole CPU; any answer \
                           will do, even a refusal.";
                let ended = if text.text[..end].ends_with('\n') { "" } else { newline };
                let declared = format!("{ended}{newline}/// {doc}{newline}{body}{newline}");
                return Some((name.to_owned(), Some(text.replace(end..end, declared))));
            };
            let same = |def: &Def| match def {
                Def::Fn(id) => text.at(site.world.functions[id.index()].function.bytes) == body,
                _ => false,
            };
            if defs.iter().any(same) {
                return Some((name.to_owned(), None));
            }
        }
        None
    }
}

/// A type of an SDK as it is written beside `main`: by its last name where that is known there.
fn client_type(main: &Main<'_>, of: &str) -> Option<String> {
    let (world, module) = (main.site.world, main.site.module);
    let named = |segments: &[&str]| {
        let segments = segments.iter().map(|name| Sym::new(name)).collect();
        let path = Path { segments, ..Path::default() };
        world.resolve(module, &path, Space::Type) == Some(Res::Def(Def::Foreign(Sym::new(of))))
    };
    let short = of.rsplit("::").next()?;
    let whole: Vec<&str> = of.split("::").collect();
    let ty = if named(&[short]) { short } else { of };
    (ty == short || named(&whole)).then(|| ty.to_owned())
}

/// For a client that a statement of `main` makes.
fn in_main(main: &Main<'_>, at: Bytes, function: &str, service: &str) -> Option<Vec<Edit>> {
    let (text, body) = (&main.site.text, main.site.body);
    let newline = text.newline();
    let one = body.stmts.iter().find_map(|stmt| match stmt {
        Stmt::Let(one) if one.bytes.holds(at) => Some(one),
        _ => None,
    })?;
    let init = one.init.as_ref()?;
    let indent = text.indent(one.bytes.start as usize);
    if let Some(name) = plain_name(&one.pat).filter(|_| init.bytes == at) {
        let end = text.line_end(one.bytes.end as usize);
        let line = format!("{indent}{function}(&{name}).await;{newline}");
        return Some(vec![text.replace(end..end, line)]);
    }
    // Made as an argument: it gets a name first.
    let (mut argument, mut later) = (false, false);
    each(init, &mut |expr| match &expr.kind {
        Kind::Call(_, args) => argument |= args.iter().any(|arg| arg.bytes == at),
        Kind::Closure(_) | Kind::Async(_) | Kind::If(_) | Kind::Match(_) | Kind::Loop(_) => {
            later |= expr.bytes.holds(at);
        }
        _ => {}
    });
    let taken = bound_within(&body.stmts);
    let name = ["client", service].into_iter().find(|name| !taken.contains(&Sym::new(name)))?;
    if !argument || later {
        return None;
    }
    let line = text.comments_above(text.lines_of(one.bytes)?.start);
    let lines = format!(
        "{indent}let {name} = {};{newline}{indent}{function}(&{name}).await;{newline}",
        text.at(at)
    );
    Some(vec![
        text.replace(line..line, lines),
        text.replace(at.start as usize..at.end as usize, name),
    ])
}

/// For a client that a static keeps and `main` forces: `LazyLock::force(&CLIENT);` or
/// `client().await;`.
fn at_static(
    code: FunctionCode<'_>,
    main: &Main<'_>,
    node: NodeId,
    of: &str,
    function: &str,
) -> Option<Edit> {
    let mut root = node;
    while let Code::Closure(parent, _) = code.node(root).code {
        root = parent;
    }
    let (world, text) = (main.site.world, &main.site.text);
    let keeps_client = |scope, ty: &Type| match ty {
        Type::Path(path) => {
            let client = Some(Res::Def(Def::Foreign(Sym::new(of))));
            world.resolve(scope, path, Space::Type) == client
        }
        _ => false,
    };
    let meant = |path: &Path| world.resolve(main.site.def.scope, path, Space::Value);
    main.site.body.stmts.iter().find_map(|stmt| {
        let Stmt::Expr(expr, true) = stmt else { return None };
        let inner = match &expr.kind {
            Kind::Await(inner) => inner,
            _ => expr,
        };
        let Kind::Call(callee, args) = &inner.kind else { return None };
        let Kind::Path(path) = &callee.kind else { return None };
        let newline = text.newline();
        let indent = text.indent(expr.bytes.start as usize);
        match (meant(path)?, &**args, code.node(root).code) {
            (Res::Def(Def::Fn(id)), [], made) => {
                let def = &world.functions[id.index()];
                // What makes it stands in the function, or in a static in there.
                let own = match made {
                    Code::Global(of) => {
                        let inside = world.modules[def.scope.index()].is_body;
                        inside && world.globals[of.index()].scope == def.scope
                    }
                    made => made == Code::Fn(id),
                };
                let client = text.at(expr.bytes);
                let opened = match def.function.output.as_ref().filter(|_| own)? {
                    Type::Ref(output) => match &**output {
                        Type::Tuple(parts) => {
                            let at = parts.iter().position(|ty| keeps_client(def.scope, ty))?;
                            let end = text.line_end(stmt_bytes(stmt).end as usize);
                            let line =
                                format!("{indent}{function}(&{client}.{at}).await;{newline}");
                            return Some(text.replace(end..end, line));
                        }
                        ty => keeps_client(def.scope, ty).then(|| client.to_owned()),
                    },
                    ty => keeps_client(def.scope, ty).then(|| format!("&{client}")),
                }?;
                let (start, end) = (expr.bytes.start as usize, expr.bytes.end as usize);
                Some(text.replace(start..end, format!("{function}({opened}).await")))
            }
            (Res::Def(Def::Foreign(force)), [arg], Code::Global(of))
                if force.ends_with("force") =>
            {
                let Kind::Same(inner) = &arg.kind else { return None };
                let Kind::Path(path) = &inner.kind else { return None };
                let placed = &world.globals[of.index()];
                let Type::Path(lazy) = &placed.item.ty else { return None };
                let own = meant(path) == Some(Res::Def(Def::Global(of)))
                    && lazy.generics.first().is_some_and(|ty| keeps_client(placed.scope, ty));
                let end = text.line_end(stmt_bytes(stmt).end as usize);
                let line = format!("{indent}{function}({}).await;{newline}", text.at(arg.bytes));
                own.then(|| text.replace(end..end, line))
            }
            _ => None,
        }
    })
}
