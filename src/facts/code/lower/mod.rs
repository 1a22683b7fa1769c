//! Turns the text of one file into its items, and drops everything in between.
//!
//! The text must have passed `guard`, because the parser recurses. Code that is not compiled for
//! Lambda (`cfg`) is left out here, so nothing behind this has to know of tests.

mod cfg;
mod expr;
mod lines;
mod mac;
mod mend;
mod ty;

pub use cfg::Conditions;

use super::ir::{Block, Bytes, Data, Function, Global, Impl, Item, Path, Trait, Type, Use};
use super::sym::Sym;
use lines::Lines;
use proc_macro2::{Span, TokenStream};
use std::cell::RefCell;
use syn::parse::Parser;
use ty::name;

/// Lowers one file.
pub struct Lower<'a> {
    conditions: &'a Conditions,
    /// Added to every byte: the length of a byte order mark, or where an expanded macro stands.
    offset: u32,
    /// The lines of the file; none for what a macro made, which no file holds.
    lines: Option<Lines<'a>>,
    /// Items met inside the function body that is being lowered.
    inner: RefCell<Vec<Item>>,
}

/// Why something does not parse, and the byte that is to blame.
pub type Broken = (String, usize);

/// Parses and lowers a text that is known to be shallow: the items, and what is wrong with those
/// that are left out. An error where the text does not even cut into tokens.
pub fn file(text: &str, conditions: &Conditions) -> Result<(Vec<Item>, Vec<Broken>), Broken> {
    let bare = text.trim_start_matches('\u{feff}');
    let offset = (text.len() - bare.len()) as u32;
    let lower = Lower { lines: Some(Lines::of(bare)), ..Lower::new(conditions, offset) };
    let broken = |error: syn::Error| {
        let start = lower.bytes(error.span()).start as usize;
        (error.to_string(), start)
    };
    let parsed = syn::parse_file(bare).map(|file| (file, Vec::new()));
    let parsed = parsed.or_else(|_| mend::file(bare)).map_err(broken);
    let lowered = parsed.map(|(file, errors)| {
        let is_compiled = conditions.hold(&file.attrs);
        let items = if is_compiled { lower.items(&file.items) } else { Vec::new() };
        (items, errors.into_iter().map(broken).collect())
    });
    proc_macro2::extra::invalidate_current_thread_spans();
    lowered
}

/// Lowers what a macro expanded to where a statement or expression may stand.
pub fn expanded(tokens: TokenStream, conditions: &Conditions, offset: u32) -> Option<Block> {
    let lower = Lower::new(conditions, offset);
    let stmts = syn::Block::parse_within.parse2(tokens).ok();
    let block = stmts.map(|stmts| {
        let stmts = stmts.iter().flat_map(|stmt| lower.stmt(stmt)).collect();
        Block { stmts, bytes: Bytes { start: offset, end: offset } }
    });
    proc_macro2::extra::invalidate_current_thread_spans();
    block
}

/// Lowers what a macro expanded to where items stand.
pub fn expanded_items(
    tokens: TokenStream,
    conditions: &Conditions,
    offset: u32,
) -> Option<Vec<Item>> {
    let lower = Lower::new(conditions, offset);
    let items = syn::parse2::<syn::File>(tokens).ok().map(|file| lower.items(&file.items));
    proc_macro2::extra::invalidate_current_thread_spans();
    items
}

impl<'a> Lower<'a> {
    /// Starts with what a macro made, and with no items of a body.
    fn new(conditions: &'a Conditions, offset: u32) -> Self {
        Lower { conditions, offset, lines: None, inner: RefCell::default() }
    }

    /// The bytes of a span in the file.
    fn bytes(&self, span: Span) -> Bytes {
        let (start, end) = match &self.lines {
            Some(lines) => (lines.byte(span.start()), lines.byte(span.end())),
            None => {
                let range = span.byte_range();
                (range.start as u32, range.end as u32)
            }
        };
        Bytes { start: start + self.offset, end: end + self.offset }
    }

    /// The items that are compiled.
    pub fn items(&self, items: &[syn::Item]) -> Vec<Item> {
        items.iter().flat_map(|item| self.item(item)).collect()
    }

    fn item(&self, item: &syn::Item) -> Vec<Item> {
        if !self.conditions.hold(attrs(item)) {
            return Vec::new();
        }
        let one = match item {
            syn::Item::Use(item) => return self.use_item(item),
            syn::Item::ExternCrate(item) => Item::ExternCrate {
                name: name(&item.ident),
                alias: name(item.rename.as_ref().map_or(&item.ident, |(_, alias)| alias)),
            },
            syn::Item::Mod(item) => Item::Mod {
                name: name(&item.ident),
                path: path_attribute(&item.attrs),
                inline: item.content.as_ref().map(|(_, items)| self.items(items)),
            },
            syn::Item::Fn(item) => {
                let start = self.bytes(fn_start(item)).start;
                let end = self.bytes(item.block.brace_token.span.close()).end;
                Item::Fn(self.function(&item.attrs, &item.sig, Some(&item.block), start, end))
            }
            syn::Item::Struct(item) => {
                self.data(&item.ident, &item.generics, self.fields(&item.fields, None))
            }
            syn::Item::Union(item) => {
                let fields = syn::Fields::Named(item.fields.clone());
                self.data(&item.ident, &item.generics, self.fields(&fields, None))
            }
            syn::Item::Enum(item) => {
                let fields = item
                    .variants
                    .iter()
                    .flat_map(|variant| self.fields(&variant.fields, Some(&variant.ident)));
                let fields = fields.collect();
                let mut lowered = self.data(&item.ident, &item.generics, fields);
                if let Item::Data(data) = &mut lowered {
                    data.variants = item.variants.iter().map(|v| name(&v.ident)).collect();
                    data.attrs = item.attrs.iter().map(|attr| self.path(attr.path())).collect();
                }
                lowered
            }
            syn::Item::Trait(item) => Item::Trait(Trait {
                name: name(&item.ident),
                generics: self.generics(&item.generics),
                supers: self.bounds(&item.supertraits),
                functions: self.trait_functions(&item.items),
            }),
            syn::Item::Impl(item) => self.impl_item(item),
            syn::Item::Type(item) => Item::Alias {
                name: name(&item.ident),
                generics: self.generics(&item.generics).iter().map(|g| g.name).collect(),
                ty: self.ty(&item.ty),
            },
            syn::Item::Static(item) => self.global(&item.ident, &item.ty, &item.expr, false),
            syn::Item::Const(item) => self.global(&item.ident, &item.ty, &item.expr, true),
            syn::Item::Macro(item) => return self.macro_item(item),
            _ => return Vec::new(),
        };
        vec![one]
    }

    fn data(&self, ident: &syn::Ident, generics: &syn::Generics, fields: Vec<(Sym, Type)>) -> Item {
        Item::Data(Data {
            name: name(ident),
            name_bytes: self.bytes(ident.span()),
            generics: self.generics(generics),
            fields,
            variants: Vec::new(),
            attrs: Vec::new(),
        })
    }

    fn fields(&self, fields: &syn::Fields, variant: Option<&syn::Ident>) -> Vec<(Sym, Type)> {
        fields
            .iter()
            .enumerate()
            .map(|(position, field)| {
                let own = field.ident.as_ref().map_or_else(|| Sym::shown(position), Sym::shown);
                let of = |variant| Sym::shown(format_args!("{variant}.{own}"));
                (variant.map_or(own, of), self.ty(&field.ty))
            })
            .collect()
    }

    fn global(&self, ident: &syn::Ident, ty: &syn::Type, init: &syn::Expr, constant: bool) -> Item {
        Item::Global(Global {
            name: name(ident),
            bytes: self.bytes(ident.span()),
            ty: self.ty(ty),
            init: Some(self.expr(init)),
            lazy: None,
            constant,
        })
    }

    fn impl_item(&self, item: &syn::ItemImpl) -> Item {
        let mut types = Vec::new();
        let mut functions = Vec::new();
        for inner in &item.items {
            match inner {
                syn::ImplItem::Fn(f) if self.conditions.hold(&f.attrs) => {
                    let start = self.bytes(f.sig.fn_token.span).start;
                    let end = self.bytes(f.block.brace_token.span.close()).end;
                    functions.push(self.function(&f.attrs, &f.sig, Some(&f.block), start, end));
                }
                syn::ImplItem::Type(t) => types.push((name(&t.ident), self.ty(&t.ty))),
                _ => {}
            }
        }
        Item::Impl(Impl {
            generics: self.generics(&item.generics),
            of: item.trait_.as_ref().map(|(path, _)| self.path(path)),
            target: self.ty(&item.self_ty),
            attrs: item.attrs.iter().map(|attr| self.path(attr.path())).collect(),
            types,
            functions,
        })
    }

    fn trait_functions(&self, items: &[syn::TraitItem]) -> Vec<Function> {
        items
            .iter()
            .filter_map(|item| match item {
                syn::TraitItem::Fn(f) if self.conditions.hold(&f.attrs) => {
                    let bytes = self.bytes(f.sig.fn_token.span);
                    Some(self.function(
                        &f.attrs,
                        &f.sig,
                        f.default.as_ref(),
                        bytes.start,
                        bytes.end,
                    ))
                }
                _ => None,
            })
            .collect()
    }

    fn function(
        &self,
        attrs: &[syn::Attribute],
        sig: &syn::Signature,
        block: Option<&syn::Block>,
        start: u32,
        end: u32,
    ) -> Function {
        let outer = self.inner.take();
        let body = block.map(|block| self.block(block));
        let inner = self.inner.replace(outer);
        let mut params = Vec::new();
        let mut receiver = false;
        for input in &sig.inputs {
            match input {
                syn::FnArg::Receiver(_) => receiver = true,
                syn::FnArg::Typed(param) => params.push((self.pat(&param.pat), self.ty(&param.ty))),
            }
        }
        Function {
            name: name(&sig.ident),
            name_bytes: self.bytes(sig.ident.span()),
            bytes: Bytes { start, end },
            is_async: sig.asyncness.is_some(),
            receiver,
            generics: self.generics(&sig.generics),
            params,
            parens: {
                let span = sig.paren_token.span;
                let (open, close) = (self.bytes(span.open()), self.bytes(span.close()));
                Bytes { start: open.end, end: close.start }
            },
            output: match &sig.output {
                syn::ReturnType::Type(_, ty) => Some(self.ty(ty)),
                syn::ReturnType::Default => None,
            },
            attrs: attrs.iter().map(|attr| self.path(attr.path())).collect(),
            attr_bytes: attrs
                .iter()
                .map(|attr| {
                    let span = attr.bracket_token.span;
                    let (open, close) = (self.bytes(span.open()), self.bytes(span.close()));
                    Bytes { start: open.end, end: close.start }
                })
                .collect(),
            body,
            inner,
        }
    }

    fn macro_item(&self, item: &syn::ItemMacro) -> Vec<Item> {
        if let Some(ident) = &item.ident {
            let delimiter = item.mac.delimiter.span();
            let rules = Bytes {
                start: self.bytes(delimiter.open()).end,
                end: self.bytes(delimiter.close()).start,
            };
            return vec![Item::MacroRules { name: name(ident), rules }];
        }
        match self.lazy_globals(&item.mac) {
            Some(globals) => globals,
            None => vec![Item::MacroCall(self.macro_call(&item.mac))],
        }
    }

    fn use_item(&self, item: &syn::ItemUse) -> Vec<Item> {
        let mut uses = Vec::new();
        let mut prefix = Vec::new();
        if item.leading_colon.is_some() {
            prefix.push(Sym::new(""));
        }
        let public = !matches!(item.vis, syn::Visibility::Inherited);
        self.use_tree(&item.tree, &mut prefix, public, &mut uses);
        uses
    }

    fn use_tree(
        &self,
        tree: &syn::UseTree,
        prefix: &mut Vec<Sym>,
        public: bool,
        uses: &mut Vec<Item>,
    ) {
        let mut push = |prefix: &[Sym], last: Option<Sym>, name: Option<Sym>, span: Span| {
            let segments: Vec<Sym> = prefix.iter().copied().chain(last).collect();
            let bytes = self.bytes(span);
            let path = Path { segments: segments.into(), bytes, ..Path::default() };
            uses.push(Item::Use(Use { path, name, public }));
        };
        match tree {
            syn::UseTree::Path(path) => {
                prefix.push(name(&path.ident));
                self.use_tree(&path.tree, prefix, public, uses);
                prefix.pop();
            }
            syn::UseTree::Name(item) => {
                let last = name(&item.ident);
                let itself = &*last == "self";
                let known = if itself { prefix.last().copied() } else { Some(last) };
                push(prefix, (!itself).then_some(last), known, item.ident.span());
            }
            syn::UseTree::Rename(item) => {
                let last = name(&item.ident);
                let itself = &*last == "self";
                push(
                    prefix,
                    (!itself).then_some(last),
                    Some(name(&item.rename)),
                    item.ident.span(),
                );
            }
            syn::UseTree::Glob(glob) => push(prefix, None, None, glob.star_token.span),
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.use_tree(tree, prefix, public, uses);
                }
            }
        }
    }
}

/// Where an item function starts, its visibility and attributes left out.
fn fn_start(item: &syn::ItemFn) -> Span {
    item.sig.asyncness.map_or(item.sig.fn_token.span, |token| token.span)
}

fn path_attribute(attrs: &[syn::Attribute]) -> Option<String> {
    attrs.iter().filter(|attr| attr.path().is_ident("path")).find_map(|attr| match &attr.meta {
        syn::Meta::NameValue(pair) => cfg::string(&pair.value),
        _ => None,
    })
}

fn attrs(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Const(item) => &item.attrs,
        syn::Item::Enum(item) => &item.attrs,
        syn::Item::ExternCrate(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Macro(item) => &item.attrs,
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Static(item) => &item.attrs,
        syn::Item::Struct(item) => &item.attrs,
        syn::Item::Trait(item) => &item.attrs,
        syn::Item::Type(item) => &item.attrs,
        syn::Item::Union(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
