//! How `main` hands the handler over, where the handler may borrow what `main` owns.

use super::{
    known::KNOWN,
    names::used,
    site::{Main, Site},
    text::{ARGUMENTS, CHAIN, WIDTH},
};
use crate::{
    facts::{
        code::{
            eval::{Code, Edge, Link},
            ir::{Bytes, Kind, Stmt},
            sym::Sym,
            value::NodeId,
            walk::{bound, each_stmt},
        },
        functions_code::FunctionCode,
    },
    finding::Edit,
};
use std::collections::{HashMap, HashSet};

/// How `main` calls the handler for each event.
pub struct Call<'a> {
    /// The expression to rewrite: the handler's name, or the arguments of the closure's call.
    bytes: Bytes,
    /// What `main` hands in for each parameter; none for the event.
    given: Vec<Option<&'a str>>,
    /// The arguments as written; none for `service_fn(handler)`.
    written: Option<Vec<&'a str>>,
}

impl<'a> Call<'a> {
    /// Finds the call: `service_fn(handler)`, or a closure given to it that only calls the
    /// handler. `None` for what must own what it uses, as routes of a web framework do.
    pub fn of(
        code: FunctionCode<'_>,
        handler: NodeId,
        main: &Main<'a>,
        site: &Site<'_>,
    ) -> Option<Self> {
        let start = code.reach.states.first()?.node;
        let node = code.node(start);
        let name = site.def.function.name;
        if callers(code, handler) != 1
            || node.calls.iter().any(|call| KNOWN.owns.matches(call.path))
        {
            return None;
        }
        let mut lent = node.edges.iter().filter(|edge| {
            let around = node.calls.iter().filter(|call| call.bytes.holds(edge.bytes));
            let nearest = around.min_by_key(|call| call.bytes.end - call.bytes.start);
            matches!(edge.link, Link::PerEvent(_))
                && nearest.is_some_and(|call| KNOWN.lends.matches(call.path))
        });
        let text = &main.site.text;
        // Not with a turbofish behind it.
        let named = |edge: &&Edge| {
            let generic = text.text[edge.bytes.end as usize..].starts_with("::");
            !generic && text.at(edge.bytes).rsplit("::").next() == Some(&*name)
        };
        let closure = |edge: &Edge| match code.node(edge.to).code {
            Code::Closure(parent, _) if parent == start => Some(code.node(edge.to).head),
            _ => None,
        };
        let edge =
            lent.find(|edge| edge.to == handler && named(edge) || closure(edge).is_some())?;
        match closure(edge) {
            Some(head) => Call::in_closure(main, head, name),
            None => {
                let single = site.def.function.params.len() == 1;
                let call = Call { bytes: edge.bytes, given: vec![None], written: None };
                single.then_some(call)
            }
        }
    }

    /// `|event| handler(&client, event)`, also with its `await` in an `async` block.
    fn in_closure(main: &Main<'a>, head: Bytes, name: Sym) -> Option<Self> {
        let text = &main.site.text;
        let mut found = None;
        each_stmt(&main.site.body.stmts, &mut |expr| {
            let Kind::Closure(closure) = &expr.kind else { return };
            let moves =
                |bytes: Bytes| text.at(bytes).split_whitespace().take(2).any(|w| w == "move");
            if expr.bytes.start != head.start || moves(expr.bytes) || moves(closure.body.bytes) {
                return;
            }
            let body = match &closure.body.kind {
                Kind::Async(block) | Kind::Block(block) => match &*block.stmts {
                    [Stmt::Expr(inner, false)] => inner,
                    _ => return,
                },
                _ => &closure.body,
            };
            let body = match &body.kind {
                Kind::Await(inner) => inner,
                _ => body,
            };
            let Kind::Call(callee, args) = &body.kind else { return };
            let Kind::Path(path) = &callee.kind else { return };
            if path.segments.last() == Some(&name) {
                found = Some((&closure.params, callee.bytes, body.bytes, args));
            }
        });
        let (params, callee, whole, args) = found?;
        let mut event = HashSet::new();
        params.iter().for_each(|pat| bound(pat, &mut event));
        let given = args.iter().map(|arg| {
            let mut uses = HashSet::new();
            used(text, arg, &mut uses);
            uses.is_disjoint(&event).then(|| text.at(arg.bytes))
        });
        let given: Vec<Option<&str>> = given.collect();
        let (first, last) = (args.first()?, args.last()?);
        if callee.end > first.bytes.start || last.bytes.end > whole.end {
            return None;
        }
        let bytes = Bytes { start: first.bytes.start, end: last.bytes.end };
        let written = Some(args.iter().map(|arg| text.at(arg.bytes)).collect());
        Some(Call { bytes, given, written })
    }

    /// The parameters for which `main` has a value, with the value.
    pub fn given(&self, site: &Site<'_>) -> HashMap<Sym, &'a str> {
        let params = site.def.function.params.iter().zip(&self.given);
        params.filter_map(|((pat, _), given)| Some((super::plain_name(pat)?, (*given)?))).collect()
    }

    /// The parameters of the handler and the arguments it is called with, when these come first.
    /// What `main` handed in before is left out where `still` says that nothing uses it any more.
    pub fn signature(
        &self,
        site: &Site<'_>,
        new: &[(Sym, String)],
        still: &HashSet<Sym>,
    ) -> Option<(Vec<String>, Vec<String>)> {
        let mut params: Vec<String> =
            new.iter().map(|(name, ty)| format!("{name}: &{ty}")).collect();
        let mut args: Vec<String> = new.iter().map(|(name, _)| format!("&{name}")).collect();
        let written = site.text.list(site.def.function.parens);
        if written.iter().any(|param| param.contains("//") || param.contains("/*")) {
            return None;
        }
        for (index, ((pat, _), param)) in site.def.function.params.iter().zip(&written).enumerate()
        {
            let name = super::plain_name(pat);
            let given = self.given.get(index).copied().flatten();
            if given.is_some() && name.is_some_and(|name| !still.contains(&name)) {
                continue;
            }
            params.push((*param).to_owned());
            args.push(match &self.written {
                Some(written) => (*written.get(index)?).to_owned(),
                None => "event".to_owned(),
            });
        }
        Some((params, args))
    }

    /// The handler where it is handed over, with what it is given now. A line that gets too long
    /// is broken as `rustfmt` breaks it.
    pub fn rewritten(&self, main: &Site<'_>, args: &[String]) -> Vec<Edit> {
        let text = &main.text;
        let args = args.join(", ");
        let (start, end) = (self.bytes.start as usize, self.bytes.end as usize);
        if self.written.is_some() {
            return vec![text.replace(start..end, args)];
        }
        let (newline, indent) = (text.newline(), text.indent(start));
        let call = format!("{}({args})", text.at(self.bytes));
        let plain = format!("|event| {call}");
        let step = text.step(main.body.bytes);
        let block = format!("|event| {{{newline}{indent}{step}{call}{newline}{indent}}}");

        let before = &text.text[text.line_start(start)..start];
        let behind = text.text[end..text.line_end(end)].trim_end();
        let chain = behind.trim_start_matches(')');
        let closing = behind.len() - chain.len();
        let outermost = before.find('(').map_or(before, |open| &before[open + 1..]);
        let wide = |text: &str| text.chars().count() + plain.len();
        let arguments = wide(outermost) + closing.saturating_sub(1);
        let expression = wide(before.trim_start()) + behind.trim_end_matches(';').len();
        let links: Vec<usize> = chain.match_indices('.').map(|(at, _)| at).collect();

        let simple = chain.starts_with(['.', ';', '?']) && !chain.contains("//");
        let too_wide = arguments > ARGUMENTS || wide(before) + behind.len() > WIDTH;
        let (shown, broken, deeper) = match &*links {
            _ if chain.is_empty() && too_wide => (block, &links[..0], ""),
            _ if !simple => (plain, &links[..0], ""),
            [first, ..] if too_wide && *first == 0 => (block, &links[..1], ""),
            _ if too_wide => (block, &links[..0], ""),
            [_, _, ..] if expression > CHAIN => (plain, &links[..], step),
            _ => (plain, &links[..0], ""),
        };
        let mut edits = vec![text.replace(start..end, shown)];
        edits.extend(broken.iter().map(|link| {
            let at = end + closing + link;
            text.replace(at..at, format!("{newline}{indent}{deeper}"))
        }));
        edits
    }
}

/// At how many places a function is called or handed over, in all binaries.
fn callers(code: FunctionCode<'_>, handler: NodeId) -> usize {
    let of = code.node(handler).code;
    let mut places = HashSet::new();
    for binary in code.facts.binaries.iter().flatten() {
        for node in &binary.graph.nodes {
            let to = |edge: &&Edge| binary.graph.nodes[edge.to.index()].code == of;
            places.extend(node.edges.iter().filter(to).map(|edge| (node.file, edge.bytes)));
        }
    }
    places.len()
}
