//! Finds the expressions in a macro's input without knowing the macro.
//!
//! Most macros take expressions between commas; others statements; the rest (`json!`, `select!`,
//! the fields of `info!`) mix them with their own signs. What does not parse as a whole is cut at
//! those signs and tried piece by piece, groups inside the pieces too. What still does not parse
//! is left out.

use super::Lower;
use crate::facts::code::ir::{Block, Bytes, Expr, Global, Item, Kind, LazyMacro, MacroCall, Stmt};
use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use syn::{
    Token,
    parse::{ParseStream, Parser},
    punctuated::Punctuated,
};

impl Lower<'_> {
    /// A macro call with the expressions in it.
    pub fn macro_call(&self, mac: &syn::Macro) -> MacroCall {
        let delimiter = mac.delimiter.span();
        let input = self.bytes(delimiter.open()).end..self.bytes(delimiter.close()).start;
        MacroCall {
            path: self.path(&mac.path),
            input: Bytes { start: input.start, end: input.end },
            text: self.lines.is_none().then(|| mac.tokens.to_string().into()),
            args: self.macro_args(&mac.tokens).into(),
        }
    }

    fn macro_args(&self, tokens: &TokenStream) -> Vec<Expr> {
        if tokens.is_empty() {
            return Vec::new();
        }
        let list = Punctuated::<syn::Expr, Token![,]>::parse_terminated;
        if let Ok(args) = list.parse2(tokens.clone()) {
            return args.iter().map(|arg| self.expr(arg)).collect();
        }
        if let Ok(stmts) = syn::Block::parse_within.parse2(tokens.clone()) {
            let stmts: Vec<Stmt> = stmts.iter().flat_map(|stmt| self.stmt(stmt)).collect();
            let block = Block { stmts, ..Block::default() };
            return vec![Expr { kind: Kind::Block(Box::new(block)), bytes: Default::default() }];
        }
        let mut found = Vec::new();
        self.scavenge(tokens.clone(), &mut found);
        found
    }

    fn scavenge(&self, tokens: TokenStream, found: &mut Vec<Expr>) {
        let mut piece: Vec<TokenTree> = Vec::new();
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            let TokenTree::Punct(punct) = &token else {
                piece.push(token);
                continue;
            };
            let joint = punct.spacing() == Spacing::Joint;
            let next = tokens.peek().and_then(|next| match next {
                TokenTree::Punct(next) if joint => Some(next.as_char()),
                _ => None,
            });
            match (punct.as_char(), next) {
                (',' | ';', _) => self.piece(&mut piece, found),
                ('=', Some('>')) => {
                    tokens.next();
                    self.piece(&mut piece, found);
                }
                (':', Some(':'))
                | ('=' | '!' | '<' | '>' | '+' | '-' | '*' | '/' | '|' | '&' | '^', Some('=')) => {
                    piece.push(token);
                    piece.extend(tokens.next());
                }
                ('=' | ':', _) => self.piece(&mut piece, found),
                ('%' | '?' | '#' | '$', _) if piece.is_empty() => {}
                _ => piece.push(token),
            }
        }
        self.piece(&mut piece, found);
    }

    fn piece(&self, piece: &mut Vec<TokenTree>, found: &mut Vec<Expr>) {
        let tokens: TokenStream = std::mem::take(piece).into_iter().collect();
        if tokens.is_empty() {
            return;
        }
        match syn::parse2::<syn::Expr>(tokens.clone()) {
            Ok(expr) => found.push(self.expr(&expr)),
            Err(_) => {
                for token in tokens {
                    if let TokenTree::Group(group) = token {
                        let braced = group.delimiter() == Delimiter::Brace;
                        match syn::Block::parse_within.parse2(group.stream()) {
                            Ok(stmts) if braced => {
                                let stmts = stmts.iter().flat_map(|stmt| self.stmt(stmt));
                                let block = Block { stmts: stmts.collect(), ..Block::default() };
                                let kind = Kind::Block(Box::new(block));
                                found.push(Expr { kind, bytes: Default::default() });
                            }
                            _ => self.scavenge(group.stream(), found),
                        }
                    }
                }
            }
        }
    }

    /// The globals that `lazy_static!` and `thread_local!` declare; none for another macro.
    pub fn lazy_globals(&self, mac: &syn::Macro) -> Option<Vec<Item>> {
        let lazy = match mac.path.segments.last()?.ident.to_string().as_str() {
            "lazy_static" => LazyMacro::LazyStatic,
            "thread_local" => LazyMacro::ThreadLocal,
            _ => return None,
        };
        let parse = |input: ParseStream<'_>| {
            let mut globals = Vec::new();
            while !input.is_empty() {
                input.call(syn::Attribute::parse_outer)?;
                input.parse::<syn::Visibility>()?;
                input.parse::<Token![static]>()?;
                input.parse::<Option<Token![ref]>>()?;
                let ident: syn::Ident = input.parse()?;
                input.parse::<Token![:]>()?;
                let ty: syn::Type = input.parse()?;
                input.parse::<Token![=]>()?;
                let init: syn::Expr = input.parse()?;
                input.parse::<Option<Token![;]>>()?;
                globals.push((ident, ty, init));
            }
            Ok(globals)
        };
        let globals = parse.parse2(mac.tokens.clone()).ok()?;
        let global = |(ident, ty, init): (syn::Ident, syn::Type, syn::Expr)| {
            Item::Global(Global {
                name: super::ty::name(&ident),
                bytes: self.bytes(ident.span()),
                ty: self.ty(&ty),
                init: Some(self.expr(&init)),
                lazy: Some(lazy),
                constant: false,
            })
        };
        Some(globals.into_iter().map(global).collect())
    }
}
