//! Statements and expressions: what flows where, and in which branch something happens.

use super::{Code, Eval, Link, awaits, keep::leaves, keep::returns, method::converts, pattern};
use crate::facts::code::{
    ir::{Block, Bytes, Closure, Expr, If, Kind, Let, Lit, Pat, Path, Stmt},
    names::{Res, Space},
    sym::Sym,
    value::{Keep, Ty, Val},
    world::{DataId, Def, GlobalId},
};

impl Eval<'_, '_> {
    /// A block; its value is that of its last expression.
    pub fn block(&mut self, block: &Block) -> Val {
        self.block_with(block).0
    }

    /// A block, with the places that decided whether it was left early.
    fn block_with(&mut self, block: &Block) -> (Val, Vec<Keep>) {
        let depth = self.locals.len();
        let outer = self.out.region;
        let found = self.stmts_with(block);
        self.locals.truncate(depth);
        self.leave(outer);
        found
    }

    /// The statements of a block, in the scope around them.
    pub fn stmts(&mut self, block: &Block) -> Val {
        self.stmts_with(block).0
    }

    fn stmts_with(&mut self, block: &Block) -> (Val, Vec<Keep>) {
        let mut guards = Vec::new();
        let mut value = Val::default();
        let mut row = awaits::Row::default();
        for stmt in &block.stmts {
            value = Val::default();
            match stmt {
                Stmt::Let(one) => {
                    self.let_stmt(one);
                    self.in_row(&mut row, one);
                }
                Stmt::Expr(expr, dropped) => {
                    self.between(&mut row, expr);
                    if *dropped {
                        self.out.dropped = Some(expr.bytes);
                    }
                    value = match self.guard(expr) {
                        Some((value, by)) => {
                            self.enter(&by);
                            guards.extend(by);
                            value
                        }
                        None => self.expr(expr),
                    };
                }
            }
        }
        self.end_row(&mut row);
        (value, guards)
    }

    /// `if … { return … }` on something kept: what follows in the block only happens without it.
    fn guard(&mut self, expr: &Expr) -> Option<(Val, Vec<Keep>)> {
        Some(match &expr.kind {
            Kind::Block(inner) => self.block_with(inner),
            Kind::If(one) if returns(&one.then) => {
                let depth = self.locals.len();
                let (_, by) = self.deciding(&one.cond);
                let value = self.branches(one, &by);
                self.locals.truncate(depth);
                (value, by)
            }
            Kind::Match(one) if one.1.iter().any(|arm| leaves(&arm.body)) => {
                self.match_expr(&one.0, &one.1)
            }
            _ => return None,
        })
    }

    fn let_stmt(&mut self, one: &Let) {
        let Some(init) = &one.init else {
            self.bind(&one.pat, Val::default());
            return;
        };
        if matches!(one.pat, Pat::Other) {
            self.out.dropped = Some(init.bytes);
        }
        let (val, by) = match &one.otherwise {
            Some(_) => self.deciding(init),
            None => (self.expr(init), Vec::new()),
        };
        if let Some(otherwise) = &one.otherwise {
            let outer = self.enter(&by);
            self.expr(otherwise);
            self.leave(outer);
        }
        if let Pat::Typed(_, ty) = &one.pat
            && converts(init)
        {
            let to = self.types.ty(self.scope, &self.typing, ty).val;
            self.converted(init, &to);
        }
        self.bind(&one.pat, val);
    }

    /// An expression.
    pub fn expr(&mut self, expr: &Expr) -> Val {
        match &expr.kind {
            Kind::Lit(Lit::Str(text)) if text.contains('/') => {
                Val { address: Some(*text), ..Val::fixed() }
            }
            Kind::Lit(_) => Val::fixed(),
            Kind::Path(path) => self.path(path),
            Kind::Call(callee, args) => self.call(callee, args, expr.bytes),
            Kind::Method(method) => self.method(method, expr.bytes),
            Kind::Macro(call) => self.macro_call(call, expr.bytes),
            Kind::Closure(closure) => self.closure(closure, expr, None),
            Kind::Async(block) => {
                // What the block returns is not what the function returns.
                let outer = std::mem::take(&mut self.out.output);
                let mut value = self.block(block);
                value.join(&std::mem::replace(&mut self.out.output, outer));
                value
            }
            Kind::Block(block) => self.block(block),
            Kind::Await(inner) => {
                self.out.awaited = Some(inner.bytes);
                if self.out.dropped == Some(expr.bytes) {
                    self.out.dropped = None;
                }
                let val = self.expr(inner);
                // What was waited for came from outside. It is nobody else's, unless the wait was
                // for access: `state.lock().await`.
                let access = matches!(&inner.kind, Kind::Method(method)
                    if self.types.vocabulary.transparent.contains(&*method.name));
                let owned = val.owned || val.call.is_some() && !access;
                Val { fixed: false, owned, ..val }
            }
            Kind::Try(inner) => {
                if self.out.dropped == Some(expr.bytes) {
                    self.out.dropped = Some(inner.bytes);
                }
                self.expr(inner)
            }
            Kind::Same(inner) => self.expr(inner),
            Kind::RefMut(inner) => self.lent(inner),
            Kind::Field(base, name) => self.field_expr(base, *name),
            Kind::Index(parts) => {
                let base = self.expr(&parts.0);
                self.expr(&parts.1);
                if let Kind::Lit(lit @ Lit::Str(_)) = &parts.1.kind {
                    self.record_index(&base, expr.bytes, *lit);
                }
                base
            }
            Kind::Assign(sides) => {
                let val = self.expr(&sides.1);
                self.assign(&sides.0, val);
                Val::default()
            }
            Kind::Let(parts) => {
                let val = self.expr(&parts.1);
                self.bind(&parts.0, val);
                Val::default()
            }
            Kind::If(one) => {
                let depth = self.locals.len();
                let (_, by) = self.deciding(&one.cond);
                let value = self.branches(one, &by);
                self.locals.truncate(depth);
                decided(value, &by)
            }
            Kind::Match(one) => {
                let (value, by) = self.match_expr(&one.0, &one.1);
                decided(value, &by)
            }
            Kind::Loop(one) => {
                let depth = self.locals.len();
                let head = one.head.as_ref().map(|head| self.expr(head)).unwrap_or_default();
                if let Some(pat) = &one.pat {
                    self.bind(pat, Val { parts: None, ..head });
                }
                self.out.loops += 1;
                self.block(&one.body);
                self.out.loops -= 1;
                self.locals.truncate(depth);
                Val::default()
            }
            Kind::Struct(one) => self.struct_expr(&one.0, &one.1),
            Kind::Tuple(parts) => {
                let parts: Vec<Val> = parts.iter().map(|part| self.expr(part)).collect();
                if parts.is_empty() { Val::fixed() } else { Val::tuple(parts) }
            }
            Kind::List(items) => {
                let mut all = Val::fixed();
                for item in items {
                    let val = self.expr(item);
                    all = all.or(val);
                }
                all
            }
            Kind::Return(value) => {
                let value = value.as_ref().map(|value| self.expr(value)).unwrap_or_default();
                self.out.output.join(&value);
                Val::default()
            }
            Kind::Break(value) => value.as_ref().map(|value| self.expr(value)).unwrap_or_default(),
            Kind::Parts(parts) => {
                let mut fixed = true;
                let mut event = false;
                for part in parts {
                    let val = self.expr(part);
                    fixed &= val.fixed;
                    event |= val.event;
                }
                Val { fixed, event, ..Val::default() }
            }
        }
    }

    /// `&mut x`: something is written into `x`, so it is no longer what it started as; to the call
    /// that writes it is no input.
    fn lent(&mut self, inner: &Expr) -> Val {
        let val = self.expr(inner);
        if let Some(at) = self.local(inner) {
            self.locals[at].1.fixed = false;
        }
        Val { fixed: true, ..val }
    }

    /// The variable that an expression is, or is a field of.
    pub fn local(&self, expr: &Expr) -> Option<usize> {
        match &expr.kind {
            Kind::Same(inner) | Kind::RefMut(inner) | Kind::Field(inner, _) => self.local(inner),
            Kind::Path(path) => match &*path.segments {
                [name] => self.locals.iter().rposition(|(local, _)| local == name),
                _ => None,
            },
            _ => None,
        }
    }

    fn branches(&mut self, one: &If, by: &[Keep]) -> Val {
        let outer = self.enter(by);
        let mut value = self.block(&one.then);
        self.leave(outer);
        if let Some(otherwise) = &one.otherwise {
            let outer = self.enter(by);
            let other = self.expr(otherwise);
            self.leave(outer);
            value = value.or(other);
        }
        value
    }

    fn match_expr(&mut self, on: &Expr, arms: &[crate::facts::code::ir::Arm]) -> (Val, Vec<Keep>) {
        let (val, by) = self.deciding(on);
        let mut result: Option<Val> = None;
        for arm in arms {
            let depth = self.locals.len();
            self.bind(&arm.pat, val.clone());
            if let Some(guard) = &arm.guard {
                self.expr(guard);
            }
            let outer = self.enter(&by);
            let value = self.expr(&arm.body);
            self.leave(outer);
            self.locals.truncate(depth);
            result = Some(match result {
                Some(result) => result.or(value),
                None => value,
            });
        }
        (result.unwrap_or_default(), by)
    }

    fn assign(&mut self, target: &Expr, val: Val) {
        let mut inner = target;
        let mut behind = false;
        while let Kind::Same(next) = &inner.kind {
            inner = next;
            behind = true;
        }
        if let Kind::Path(path) = &inner.kind
            && let [name] = &*path.segments
            && let Some(at) = self.locals.iter().rposition(|(local, _)| local == name)
        {
            // `*slot = made` stores into what the variable stands for, `slot = made` does not.
            if behind {
                let keep = self.locals[at].1.keep;
                self.store(keep);
                self.stored_into(target);
                self.replaced(keep, target.bytes);
            }
            let known = &mut self.locals[at].1;
            let fixed = known.fixed && val.fixed;
            let fresh = known.tys.is_empty() && known.call.is_none();
            known.join(&val);
            known.fixed = fixed || fresh && val.fixed;
            return;
        }
        self.stored_into(target);
        let bytes = target.bytes;
        let target = self.expr(target);
        self.store(target.keep);
        if let Kind::Method(method) = &inner.kind
            && self.types.vocabulary.transparent.contains(&*method.name)
        {
            self.replaced(target.keep, bytes);
        }
        if let Kind::Field(base, name) = &inner.kind {
            if let Some(at) = self.local(base) {
                self.locals[at].1.fixed = false;
            }
            let base = self.expr(base);
            for ty in base.tys {
                if let Ty::Data(data) = ty {
                    self.put(data, *name, &val);
                }
            }
        }
    }

    /// `*static.lock() = …` throws away what was in it.
    fn replaced(&mut self, keep: Option<Keep>, bytes: Bytes) {
        if let Some(Keep::Global(global)) = keep {
            self.out.kept.push((global, Sym::new("="), bytes));
        }
    }

    fn field_expr(&mut self, base: &Expr, name: Sym) -> Val {
        let base = self.expr(base);
        if base.parts.is_some()
            && let Ok(index) = name.parse::<usize>()
        {
            return pattern::carry(base.part(index), &base);
        }
        let (mut found, mut of): (Option<Val>, _) = (None, None);
        for ty in &base.tys {
            if let Ty::Data(data) = ty
                && let Some(held) = self.field(*data, name, &base)
            {
                of = of.or(Some(*data));
                found = Some(match found {
                    Some(found) => found.or(held),
                    None => held,
                });
            }
        }
        // Fields of wrappers (`event.payload`, `state.0`) reach the value itself.
        let inside = matches!(&*name, "payload" | "0" | "1" | "data" | "body");
        let mut val = match found {
            Some(found) => found,
            None if inside => Val { parts: None, ..base.clone() },
            None => Val { owned: base.owned, ..Val::default() },
        };
        val.owned &= base.owned;
        // A field of something that ends with the event keeps nothing for the next.
        val.keep = base.keep.or((!val.owned).then_some(Keep::Field(of, name)));
        val.event = base.event;
        val.fixed = base.fixed && base.keep.is_none();
        self.out.read.extend(val.keep);
        val
    }

    /// A closure is a node of its own; it sees the variables around it.
    pub fn closure(&mut self, closure: &Closure, expr: &Expr, given: Option<&Val>) -> Val {
        let number = self.closures;
        self.closures += 1;
        let id = self.graph.node(self.types, Code::Closure(self.root, number), expr.bytes);
        self.link(id, Link::Mention, expr.bytes);
        let outer = std::mem::take(&mut self.out);
        let outer_node = std::mem::replace(&mut self.node, id);
        let depth = self.locals.len();
        let per_event = self.graph.per_event.contains(&id);
        let given = match given {
            Some(given) => given.clone(),
            None => Val { event: per_event, owned: per_event, ..Val::default() },
        };
        // What an event's closure captures was there before the event.
        let around = per_event.then(|| self.locals.clone());
        if per_event {
            self.locals.iter_mut().for_each(|(_, val)| val.owned = false);
        }
        for pat in &closure.params {
            self.bind(pat, given.clone());
        }
        let mut value = self.expr(&closure.body);
        self.locals.truncate(depth);
        if let Some(around) = around {
            self.locals = around;
        }
        let out = std::mem::replace(&mut self.out, outer);
        self.node = outer_node;
        value.join(&out.output);
        value.call = None;
        let fixed = value.fixed;
        self.finish(id, out, value);
        Val { fixed, ..Val::of(Ty::Closure(id)) }
    }

    fn struct_expr(&mut self, path: &Path, fields: &[(Sym, Expr)]) -> Val {
        let data = self.constructed(path);
        let mut fixed = true;
        let variant = path.segments.last().copied();
        for (name, value) in fields {
            let value = self.expr(value);
            fixed &= value.fixed;
            if let Some(data) = data {
                self.put(data, *name, &value);
                if let Some(variant) = variant {
                    self.put(data, Sym::shown(format_args!("{variant}.{name}")), &value);
                }
            }
        }
        match data {
            Some(data) => {
                self.made(data, path.bytes);
                Val { fixed, owned: true, ..Val::of(Ty::Data(data)) }
            }
            None => Val { fixed, owned: true, ..Val::default() },
        }
    }

    fn constructed(&self, path: &Path) -> Option<DataId> {
        let this = path.segments.first().is_some_and(|first| &**first == "Self");
        let from_val = |val: &Val| {
            val.tys.iter().find_map(|ty| match ty {
                Ty::Data(id) => Some(*id),
                _ => None,
            })
        };
        if this {
            return from_val(&self.typing.this);
        }
        match self.types.world.resolve(self.scope, path, Space::Type)? {
            Res::Def(Def::Data(id) | Def::Variant(id, _)) => Some(id),
            Res::Def(Def::Alias(id)) => {
                from_val(&self.types.owner(crate::facts::code::names::Of::Alias(id)))
            }
            _ => None,
        }
    }

    /// A static or const: its initialiser belongs to whoever names it.
    pub fn global(&mut self, id: GlobalId, path: &Path) -> Val {
        let world = self.types.world;
        let placed = &world.globals[id.index()];
        let to = self.graph.node(self.types, Code::Global(id), path.bytes);
        let link = if placed.item.lazy.is_some() { Link::Once } else { Link::Call };
        self.link(to, link, path.bytes);
        self.graph.callers.entry(to).or_default().insert(self.root);
        let mut val = self.types.ty(placed.scope, &Default::default(), &placed.item.ty).val;
        let output = self.graph.nodes[to.index()].output.clone();
        super::narrow(&mut val, &output);
        val.keep = (!placed.item.constant).then_some(Keep::Global(id));
        val.fixed = true;
        val.address = placed.item.init.as_ref().and_then(|init| match &init.kind {
            Kind::Lit(Lit::Str(text)) => Some(*text),
            _ => None,
        });
        self.out.read.extend(val.keep);
        val
    }
}

/// A flag that something kept decided over decides as that does: `if let None = kept { true } …`.
fn decided(mut value: Val, by: &[Keep]) -> Val {
    if value.tys.is_empty() {
        value.keep = value.keep.or(by.first().copied());
    }
    value
}
