//! Has `main` open a client's connection with one cheap call that only reads.

use super::{each, main_of, stmt_bytes, text::Text};
use crate::{
    check::Change,
    facts::{
        code::ir::{Bytes, Kind, Pat, Stmt},
        functions_code::FunctionCode,
    },
};
use serde::Deserialize;

/// A cheap call that only reads, for the clients of one service.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Prime {
    /// The service, as the SDK's crate names it.
    pub service: String,
    /// The call, without `send`.
    pub call: String,
    /// Where it is described.
    pub source: String,
}

/// The change that opens the connection of the client made at `at` in `main`. Waits at most a
/// second, and takes a refusal for an answer.
pub fn prime(code: FunctionCode<'_>, at: Bytes, prime: &Prime, ty: &str) -> Option<Change> {
    let world = &code.facts.world;
    let main = main_of(code)?;
    let body = main.def.function.body.as_ref()?;
    let file = &world.files[main.def.file];
    let text = Text { file: &file.path, text: &file.text };
    let stmt = body.stmts.iter().find(|stmt| {
        let bytes = stmt_bytes(stmt);
        bytes.start <= at.start && at.end <= bytes.end
    })?;
    let Stmt::Let(one) = stmt else { return None };
    let init = one.init.as_ref()?;
    let function = "prime";
    if world.modules[main.def.scope.index()]
        .names
        .contains_key(&crate::facts::code::sym::Sym::new(function))
    {
        return None;
    }
    let newline = text.newline();
    let indent = text.indent(one.bytes.start as usize);
    let mut edits = Vec::new();
    let whole = init.bytes.start == at.start && init.bytes.end == at.end;
    match &one.pat {
        Pat::Name(name) if whole => {
            let end = text.line_end(one.bytes.end as usize);
            edits.push(
                text.replace(end..end, format!("{indent}{function}(&{name}).await;{newline}")),
            );
        }
        // Made as an argument: it gets a name first.
        _ => {
            let taken = body.stmts.iter().any(|stmt| {
                matches!(stmt, Stmt::Let(one) if matches!(&one.pat, Pat::Name(name) if &**name == "client"))
            });
            let mut argument = false;
            each(init, &mut |expr| {
                if let Kind::Call(_, args) = &expr.kind {
                    argument |= args.iter().any(|arg| arg.bytes == at);
                }
            });
            if taken || !argument {
                return None;
            }
            let line = text.lines_of(one.bytes)?.start;
            let made = text.at(at);
            edits.push(text.replace(
                line..line,
                format!(
                    "{indent}let client = {made};{newline}{indent}{function}(&client).await;{newline}"
                ),
            ));
            edits.push(text.replace(at.start as usize..at.end as usize, "client"));
        }
    }
    let end = text.line_end(main.def.function.bytes.end as usize);
    let call = &prime.call;
    edits.push(text.replace(
        end..end,
        format!(
            "{newline}/// Opens the connection while init still has the whole CPU; any answer will \
             do, even a refusal.{newline}async fn {function}(client: &{ty}) {{{newline}    let call \
             = client.{call}.send();{newline}    let _ = \
             tokio::time::timeout(std::time::Duration::from_secs(1), call).await;{newline}}}{newline}"
        ),
    ));
    Change::by(edits)
}
