//! Has a function that makes what it returns keep it in a static of its own, and `main` call it
//! first.
//!
//! Only a function that is given nothing and does nothing else, and only of a type whose clones
//! share what is behind them, so that nobody who calls it has to change.

use super::{
    change, declared,
    known::KNOWN,
    moved::only_makes,
    site::{Site, main_of},
    written::{reindented, rendered},
};
use crate::{
    check::{Change, Form},
    facts::{
        code::{
            ir::{Bytes, Kind, Type},
            names::{Res, Space},
            value::NodeId,
            walk::each_stmt,
            world::Def,
        },
        functions_code::FunctionCode,
    },
};

/// The change that has the function `node` keep what it returns, the value flagged at `at` with it.
pub fn keep_returned(
    code: FunctionCode<'_>,
    node: NodeId,
    at: Bytes,
    asked: &dyn Fn(Bytes) -> bool,
) -> Option<Change> {
    let site = Site::of(code, node)?;
    let function = &site.def.function;
    let Some(Type::Path(output)) = &function.output else { return None };
    let shares = match site.world.resolve(site.def.scope, output, Space::Type)? {
        Res::Def(Def::Foreign(name)) => KNOWN.shares.matches(name),
        _ => false,
    };
    let plain = function.generics.is_empty() && site.def.scope == site.module;
    if !shares || !plain || !only_makes(&site, at, asked) {
        return None;
    }
    let mut waits = false;
    each_stmt(&site.body.stmts, &mut |expr| waits |= matches!(expr.kind, Kind::Await(_)));
    if waits && !site.knows("tokio") {
        return None;
    }
    let ty = rendered(&site, site.def.scope, &Type::Path(output.clone()), &[])?;
    let mut edits = vec![site.text.replace(
        site.body.bytes.start as usize..site.body.bytes.end as usize,
        kept(&site, &ty, output.segments.last()?, waits)?,
    )];

    let main = main_of(code).filter(|main| !function.is_async || main.site.def.function.is_async);
    let path = main.as_ref().and_then(|main| {
        let (path, visible) = main.path_to(site.module, &function.name)?;
        let start = function.bytes.start as usize;
        let declared = &site.text.text[site.text.line_start(start)..start];
        let seen = declared.trim_end() == "pub" || declared.starts_with(visible);
        seen.then_some((main, path))
    });
    let Some((main, path)) = path else {
        return change(edits).map(|change| change.of_form(Form::LateStatic));
    };
    let waited = if function.is_async { ".await" } else { "" };
    edits.push(main.adds(&format!("{path}(){waited};")));
    change(edits).map(|change| change.of_form(Form::Static))
}

/// The body that keeps what the body made.
fn kept(site: &Site<'_>, ty: &str, name: &str, waits: bool) -> Option<String> {
    let text = &site.text;
    let (newline, step) = (text.newline(), text.step(site.body.bytes));
    let name = screaming(name);
    let body = text.at(site.body.bytes).strip_prefix('{')?.strip_suffix('}')?;
    let inner = body.strip_prefix(newline)?;
    let made = |indent: &str| reindented(inner, step, indent);
    Some(match waits {
        false => {
            let (head, lazy) = (format!("static {name}"), "std::sync::LazyLock");
            let kept = declared::lazy_lock(site, step, (&head, lazy, ty), &made)?;
            format!("{{{newline}{kept}{newline}{step}{name}.clone(){newline}}}")
        }
        true => {
            let cell = declared::cell(site, step, &name, ty);
            let filled = declared::filled(site, &name, &made)?;
            format!("{{{newline}{cell}{newline}{filled}{step}{step}.clone(){newline}}}")
        }
    })
}

/// `DYNAMO_DB_CLIENT` of `DynamoDbClient`.
fn screaming(name: &str) -> String {
    let mut screaming = String::new();
    for (at, c) in name.char_indices() {
        if at > 0 && c.is_uppercase() {
            screaming.push('_');
        }
        screaming.extend(c.to_uppercase());
    }
    screaming
}
