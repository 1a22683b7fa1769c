//! Lowers bodies: statements and expressions.

use super::Lower;
use super::ty::{member, name};
use crate::facts::code::ir::{
    Arm, Block, Bytes, Closure, Expr, If, Kind, Let, Lit, Loop, MacroCall, Method, Stmt,
};
use crate::facts::code::sym::Sym;
use proc_macro2::Span;

impl Lower<'_> {
    /// A block. Items in it go to the function's inner items.
    pub fn block(&self, block: &syn::Block) -> Block {
        let span = block.brace_token.span;
        let bytes = self.bytes(span.open()).to(self.bytes(span.close()));
        let stmts = block.stmts.iter().flat_map(|stmt| self.stmt(stmt)).collect();
        Block { stmts, bytes }
    }

    /// A statement, or none for an item or for code that is not compiled.
    pub fn stmt(&self, stmt: &syn::Stmt) -> Option<Stmt> {
        match stmt {
            syn::Stmt::Local(local) if self.conditions.hold(&local.attrs) => {
                let start = self.bytes(local.let_token.span);
                let diverge = local.init.as_ref().and_then(|init| init.diverge.as_ref());
                Some(Stmt::Let(Box::new(Let {
                    pat: self.pat(&local.pat),
                    init: local.init.as_ref().map(|init| self.expr(&init.expr)),
                    otherwise: diverge.map(|(_, diverge)| self.expr(diverge)),
                    bytes: start.to(self.bytes(local.semi_token.span)),
                })))
            }
            syn::Stmt::Item(item) => {
                let items = self.item(item);
                self.inner.borrow_mut().extend(items);
                None
            }
            syn::Stmt::Expr(expr, semi) if self.conditions.hold(attrs(expr)) => {
                Some(Stmt::Expr(self.expr(expr), semi.is_some()))
            }
            syn::Stmt::Macro(stmt) if self.conditions.hold(&stmt.attrs) => {
                if let Some(globals) = self.lazy_globals(&stmt.mac) {
                    self.inner.borrow_mut().extend(globals);
                    return None;
                }
                let expr = self.macro_expr(&stmt.mac);
                Some(Stmt::Expr(expr, stmt.semi_token.is_some()))
            }
            _ => None,
        }
    }

    fn macro_expr(&self, mac: &syn::Macro) -> Expr {
        let call: MacroCall = self.macro_call(mac);
        let end = self.bytes(mac.delimiter.span().close());
        let bytes = call.path.bytes.to(end);
        Expr { kind: Kind::Macro(Box::new(call)), bytes }
    }

    fn boxed(&self, expr: &syn::Expr) -> Box<Expr> {
        Box::new(self.expr(expr))
    }

    fn list<'e>(&self, exprs: impl IntoIterator<Item = &'e syn::Expr>) -> Box<[Expr]> {
        exprs.into_iter().map(|expr| self.expr(expr)).collect()
    }

    /// An expression.
    pub fn expr(&self, expr: &syn::Expr) -> Expr {
        use syn::Expr as E;
        let (kind, bytes) = match expr {
            E::Lit(e) => (Kind::Lit(literal(&e.lit)), self.bytes(e.lit.span())),
            E::Path(e) => {
                let path = self.qualified(e.qself.as_ref(), &e.path);
                let bytes = path.bytes;
                (Kind::Path(Box::new(path)), bytes)
            }
            E::Call(e) => {
                let callee = self.boxed(&e.func);
                let bytes = callee.bytes.to(self.bytes(e.paren_token.span.close()));
                (Kind::Call(callee, self.list(&e.args)), bytes)
            }
            E::MethodCall(e) => self.method(e),
            E::Macro(e) => return self.macro_expr(&e.mac),
            E::Closure(e) => {
                let start = self.bytes(e.inputs_begin.span);
                let start = e.asyncness.map_or(start, |token| self.bytes(token.span));
                let body = self.expr(&e.body);
                let bytes = start.to(body.bytes);
                let params = e.inputs.iter().map(|pat| self.pat(pat)).collect();
                (Kind::Closure(Box::new(Closure { params, body })), bytes)
            }
            E::Async(e) => {
                let block = self.block(&e.block);
                let bytes = self.bytes(e.async_token.span).to(block.bytes);
                (Kind::Async(Box::new(block)), bytes)
            }
            E::Block(e) => self.block_kind(&e.block),
            E::Unsafe(e) => self.block_kind(&e.block),
            E::Const(e) => self.block_kind(&e.block),
            E::TryBlock(e) => self.block_kind(&e.block),
            E::Await(e) => self.postfix(&e.base, e.await_token.span, Kind::Await),
            E::Try(e) => self.postfix(&e.expr, e.question_token.span, Kind::Try),
            E::Reference(e) if e.mutability.is_some() => {
                let inner = self.boxed(&e.expr);
                let bytes = self.bytes(e.and_token.span).to(inner.bytes);
                (Kind::RefMut(inner), bytes)
            }
            E::Reference(e) => self.prefix(e.and_token.span, &e.expr),
            E::RawAddr(e) => self.prefix(e.and_token.span, &e.expr),
            E::Unary(e) => match e.op {
                syn::UnOp::Deref(star) => self.prefix(star.span, &e.expr),
                _ => self.parts([&*e.expr]),
            },
            E::Paren(e) => {
                let inner = self.expr(&e.expr);
                let span = e.paren_token.span;
                (Kind::Same(Box::new(inner)), self.bytes(span.open()).to(self.bytes(span.close())))
            }
            E::Group(e) => return self.expr(&e.expr),
            E::Cast(e) => {
                let inner = self.boxed(&e.expr);
                let bytes = inner.bytes;
                (Kind::Same(inner), bytes)
            }
            E::Field(e) => {
                let base = self.boxed(&e.base);
                let span = match &e.member {
                    syn::Member::Named(ident) => ident.span(),
                    syn::Member::Unnamed(index) => index.span,
                };
                let bytes = base.bytes.to(self.bytes(span));
                (Kind::Field(base, member(&e.member)), bytes)
            }
            E::Index(e) => {
                let (base, index) = (self.expr(&e.expr), self.expr(&e.index));
                let bytes = base.bytes.to(self.bytes(e.bracket_token.span.close()));
                (Kind::Index(Box::new((base, index))), bytes)
            }
            E::Assign(e) => {
                let (left, right) = (self.expr(&e.left), self.expr(&e.right));
                let bytes = left.bytes.to(right.bytes);
                (Kind::Assign(Box::new((left, right))), bytes)
            }
            E::Let(e) => {
                let value = self.expr(&e.expr);
                let bytes = self.bytes(e.let_token.span).to(value.bytes);
                (Kind::Let(Box::new((self.pat(&e.pat), value))), bytes)
            }
            E::If(e) => {
                let cond = self.expr(&e.cond);
                let then = self.block(&e.then_branch);
                let otherwise = e.else_branch.as_ref().map(|(_, expr)| self.expr(expr));
                let end = otherwise.as_ref().map_or(then.bytes, |expr| expr.bytes);
                let bytes = self.bytes(e.if_token.span).to(end);
                (Kind::If(Box::new(If { cond, then, otherwise })), bytes)
            }
            E::Match(e) => {
                let arms = e.arms.iter().filter(|arm| self.conditions.hold(&arm.attrs));
                let arms = arms.map(|arm| self.arm(arm)).collect();
                let end = self.bytes(e.brace_token.span.close());
                let bytes = self.bytes(e.match_token.span).to(end);
                (Kind::Match(Box::new((self.expr(&e.expr), arms))), bytes)
            }
            E::ForLoop(e) => {
                let pat = Some(self.pat(&e.pat));
                self.repeat(pat, Some(&e.expr), &e.body, e.for_token.span)
            }
            E::While(e) => self.repeat(None, Some(&e.cond), &e.body, e.while_token.span),
            E::Loop(e) => self.repeat(None, None, &e.body, e.loop_token.span),
            E::Struct(e) => {
                let path = self.qualified(e.qself.as_ref(), &e.path);
                let mut fields: Vec<(Sym, Expr)> =
                    e.fields.iter().map(|f| (member(&f.member), self.expr(&f.expr))).collect();
                if let Some(rest) = &e.rest {
                    fields.push((Sym::new(".."), self.expr(rest)));
                }
                let bytes = path.bytes.to(self.bytes(e.brace_token.span.close()));
                (Kind::Struct(Box::new((path, fields))), bytes)
            }
            E::Tuple(e) => {
                (Kind::Tuple(self.list(&e.elems)), self.bytes(e.paren_token.span.open()))
            }
            E::Array(e) => {
                (Kind::List(self.list(&e.elems)), self.bytes(e.bracket_token.span.open()))
            }
            E::Repeat(e) => self.parts([&*e.expr, &*e.len]),
            E::Return(e) => {
                let value = e.expr.as_ref().map(|expr| self.boxed(expr));
                (Kind::Return(value), self.bytes(e.return_token.span))
            }
            E::Break(e) => {
                let value = e.expr.as_ref().map(|expr| self.boxed(expr));
                (Kind::Break(value), self.bytes(e.break_token.span))
            }
            E::Continue(e) => (Kind::Break(None), self.bytes(e.continue_token.span)),
            E::Binary(e) => self.parts([&*e.left, &*e.right]),
            E::Range(e) => self.parts(e.start.iter().chain(&e.end).map(|expr| &**expr)),
            E::Yield(e) => self.parts(e.expr.iter().map(|expr| &**expr)),
            _ => (Kind::Lit(Lit::Other), Bytes::default()),
        };
        Expr { kind, bytes }
    }

    fn parts<'e>(&self, exprs: impl IntoIterator<Item = &'e syn::Expr>) -> (Kind, Bytes) {
        let parts = self.list(exprs);
        let bytes = match (parts.first(), parts.last()) {
            (Some(first), Some(last)) => first.bytes.to(last.bytes),
            _ => Bytes::default(),
        };
        (Kind::Parts(parts), bytes)
    }

    fn block_kind(&self, block: &syn::Block) -> (Kind, Bytes) {
        let block = self.block(block);
        let bytes = block.bytes;
        (Kind::Block(Box::new(block)), bytes)
    }

    fn postfix(&self, of: &syn::Expr, end: Span, kind: fn(Box<Expr>) -> Kind) -> (Kind, Bytes) {
        let base = self.boxed(of);
        let bytes = base.bytes.to(self.bytes(end));
        (kind(base), bytes)
    }

    fn prefix(&self, start: Span, of: &syn::Expr) -> (Kind, Bytes) {
        let inner = self.boxed(of);
        let bytes = self.bytes(start).to(inner.bytes);
        (Kind::Same(inner), bytes)
    }

    fn method(&self, e: &syn::ExprMethodCall) -> (Kind, Bytes) {
        let receiver = self.expr(&e.receiver);
        let bytes = receiver.bytes.to(self.bytes(e.paren_token.span.close()));
        let generics = e.turbofish.as_ref().map(|args| self.generic_args(args));
        let method = Method {
            receiver,
            name: name(&e.method),
            name_bytes: self.bytes(e.method.span()),
            generics: generics.unwrap_or_default(),
            args: self.list(&e.args),
        };
        (Kind::Method(Box::new(method)), bytes)
    }

    fn arm(&self, arm: &syn::Arm) -> Arm {
        let guard = match &arm.pat {
            syn::Pat::Guard(guard) => Some(self.expr(&guard.guard)),
            _ => None,
        };
        Arm { pat: self.pat(&arm.pat), guard, body: self.expr(&arm.body) }
    }

    fn repeat(
        &self,
        pat: Option<crate::facts::code::ir::Pat>,
        head: Option<&syn::Expr>,
        body: &syn::Block,
        start: Span,
    ) -> (Kind, Bytes) {
        let head = head.map(|head| self.expr(head));
        let body = self.block(body);
        let bytes = self.bytes(start).to(body.bytes);
        (Kind::Loop(Box::new(Loop { pat, head, body })), bytes)
    }
}

fn literal(lit: &syn::Lit) -> Lit {
    match lit {
        syn::Lit::Str(text) => Lit::Str(Sym::new(&text.value())),
        syn::Lit::Bool(value) => Lit::Bool(value.value),
        syn::Lit::Int(value) => value.base10_parse().map_or(Lit::Other, Lit::Int),
        _ => Lit::Other,
    }
}

fn attrs(expr: &syn::Expr) -> &[syn::Attribute] {
    match expr {
        syn::Expr::Block(e) => &e.attrs,
        syn::Expr::Call(e) => &e.attrs,
        syn::Expr::MethodCall(e) => &e.attrs,
        syn::Expr::Await(e) => &e.attrs,
        syn::Expr::Try(e) => &e.attrs,
        syn::Expr::If(e) => &e.attrs,
        syn::Expr::Match(e) => &e.attrs,
        syn::Expr::Macro(e) => &e.attrs,
        syn::Expr::Return(e) => &e.attrs,
        syn::Expr::Assign(e) => &e.attrs,
        syn::Expr::Unsafe(e) => &e.attrs,
        _ => &[],
    }
}
