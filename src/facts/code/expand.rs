//! Expands a `macro_rules!` macro that the looked-at crates define themselves.
//!
//! So that an expression which a macro repeats inside a closure counts where it runs, and a `main`
//! that a macro makes is a `main`. What is not understood expands to nothing, and the caller falls
//! back to the expressions in the macro's input. Hygiene is ignored.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use std::{collections::HashMap, str::FromStr};
use syn::{
    buffer::Cursor,
    ext::IdentExt,
    parse::{ParseStream, Parser, discouraged::Speculative},
};

/// The largest expansion, in tokens: a macro may double what it is given at each step.
const LARGEST: usize = 20_000;

/// What a variable of a macro stands for.
#[derive(Clone)]
enum Bound {
    One(TokenStream),
    Many(Vec<Bindings>),
}

type Bindings = HashMap<String, Bound>;

/// A part of a matcher.
enum Part {
    Token(TokenTree),
    Group(Delimiter, Vec<Part>),
    Variable(String, String),
    Repeat { parts: Vec<Part>, separator: Option<char>, at_least: usize, at_most: usize },
}

/// Expands a call; `home` is what `$crate` becomes. The rules and the input are the texts between their delimiters; tokens of the
/// input keep their places in it, tokens of the rules have none.
pub fn expand(rules: &str, input: &str, home: &str) -> Option<TokenStream> {
    let mut rules = TokenStream::from_str(rules).ok()?.into_iter();
    let input = TokenStream::from_str(input).ok()?;
    while let Some(TokenTree::Group(matcher)) = rules.next() {
        // `=>`, the template, and `;`, which the last rule may leave out.
        rules.next()?;
        rules.next()?;
        let TokenTree::Group(template) = rules.next()? else { return None };
        rules.next();
        let parts = parts(matcher.stream())?;
        let matched = |stream: ParseStream<'_>| {
            let mut bindings = Bindings::new();
            matches(&parts, stream, &mut bindings)?;
            if stream.is_empty() { Ok(bindings) } else { Err(stream.error("more than expected")) }
        };
        if let Ok(bindings) = matched.parse2(input.clone()) {
            let mut left = LARGEST;
            return transcribe(template.stream(), &bindings, home, &mut left);
        }
    }
    None
}

fn parts(stream: TokenStream) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut tokens = stream.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == '$' => match tokens.next()? {
                TokenTree::Ident(name) => {
                    tokens.next()?;
                    let TokenTree::Ident(kind) = tokens.next()? else { return None };
                    parts.push(Part::Variable(name.to_string(), kind.to_string()));
                }
                TokenTree::Group(group) => {
                    let (separator, (at_least, at_most)) = repetition(&mut tokens)?;
                    let inner = self::parts(group.stream())?;
                    parts.push(Part::Repeat { parts: inner, separator, at_least, at_most });
                }
                _ => return None,
            },
            TokenTree::Group(group) => {
                parts.push(Part::Group(group.delimiter(), self::parts(group.stream())?));
            }
            token => parts.push(Part::Token(token)),
        }
    }
    Some(parts)
}

/// What stands behind `$(…)`: a separator, and how often.
fn repetition(
    tokens: &mut std::iter::Peekable<proc_macro2::token_stream::IntoIter>,
) -> Option<(Option<char>, (usize, usize))> {
    let often = |token: &TokenTree| match token {
        TokenTree::Punct(punct) => match punct.as_char() {
            '*' => Some((0, usize::MAX)),
            '+' => Some((1, usize::MAX)),
            '?' => Some((0, 1)),
            _ => None,
        },
        _ => None,
    };
    let first = tokens.next()?;
    if let Some(often) = often(&first) {
        return Some((None, often));
    }
    let TokenTree::Punct(mut separator) = first else { return None };
    // `=>` as a separator is known by its last sign.
    let mut next = tokens.next()?;
    while often(&next).is_none() {
        let TokenTree::Punct(punct) = next else { return None };
        separator = punct;
        next = tokens.next()?;
    }
    Some((Some(separator.as_char()), often(&next)?))
}

fn matches(parts: &[Part], stream: ParseStream<'_>, found: &mut Bindings) -> syn::Result<()> {
    for part in parts {
        match part {
            Part::Token(expected) => {
                let token: TokenTree = stream.parse()?;
                if token.to_string() != expected.to_string() {
                    return Err(stream.error("another token"));
                }
            }
            Part::Group(delimiter, parts) => {
                let TokenTree::Group(group) = stream.parse()? else {
                    return Err(stream.error("no group"));
                };
                if group.delimiter() != *delimiter {
                    return Err(stream.error("another delimiter"));
                }
                let inner = |inner: ParseStream<'_>| {
                    let mut bindings = Bindings::new();
                    matches(parts, inner, &mut bindings)?;
                    if inner.is_empty() { Ok(bindings) } else { Err(inner.error("more")) }
                };
                found.extend(inner.parse2(group.stream())?);
            }
            Part::Variable(name, kind) => {
                let tokens = fragment(kind, stream)?;
                found.insert(name.clone(), Bound::One(tokens));
            }
            Part::Repeat { parts, separator, at_least, at_most } => {
                repeated(parts, *separator, (*at_least, *at_most), stream, found)?;
            }
        }
    }
    Ok(())
}

fn repeated(
    parts: &[Part],
    separator: Option<char>,
    (at_least, at_most): (usize, usize),
    stream: ParseStream<'_>,
    found: &mut Bindings,
) -> syn::Result<()> {
    let mut rounds = Vec::new();
    while rounds.len() < at_most && !stream.is_empty() {
        let ahead = stream.fork();
        if let (Some(separator), false) = (separator, rounds.is_empty()) {
            loop {
                let TokenTree::Punct(punct) = ahead.parse()? else { break };
                if punct.as_char() == separator {
                    break;
                }
            }
        }
        let mut bindings = Bindings::new();
        if matches(parts, &ahead, &mut bindings).is_err() {
            break;
        }
        stream.advance_to(&ahead);
        rounds.push(bindings);
    }
    if rounds.len() < at_least {
        return Err(stream.error("too few"));
    }
    let mut names = Vec::new();
    variables(parts, &mut names);
    for name in names {
        found.insert(name, Bound::Many(rounds.clone()));
    }
    Ok(())
}

fn variables(parts: &[Part], into: &mut Vec<String>) {
    for part in parts {
        match part {
            Part::Variable(name, _) => into.push(name.clone()),
            Part::Group(_, parts) | Part::Repeat { parts, .. } => variables(parts, into),
            Part::Token(_) => {}
        }
    }
}

/// The tokens of one fragment; an expression stays one behind operators.
fn fragment(kind: &str, stream: ParseStream<'_>) -> syn::Result<TokenStream> {
    let start = stream.cursor();
    match kind {
        "expr" | "expr_2021" => drop(stream.parse::<syn::Expr>()?),
        "ident" => drop(stream.call(Ident::parse_any)?),
        "ty" => drop(stream.parse::<syn::Type>()?),
        "path" => drop(stream.parse::<syn::Path>()?),
        "pat" | "pat_param" => drop(stream.call(syn::Pat::parse_multi_with_leading_vert)?),
        "block" => drop(stream.parse::<syn::Block>()?),
        "literal" => drop(stream.parse::<syn::Lit>()?),
        "lifetime" => drop(stream.parse::<syn::Lifetime>()?),
        "vis" => drop(stream.parse::<syn::Visibility>()?),
        "item" => drop(stream.parse::<syn::Item>()?),
        "meta" => drop(stream.parse::<syn::Meta>()?),
        "stmt" => statement(stream)?,
        "tt" => drop(stream.parse::<TokenTree>()?),
        _ => return Err(stream.error("an unknown fragment")),
    }
    let tokens = between(start, stream.cursor());
    Ok(match kind {
        "expr" | "expr_2021" => TokenTree::Group(Group::new(Delimiter::None, tokens)).into(),
        _ => tokens,
    })
}

/// A statement without the semicolon behind it, which belongs to no fragment.
fn statement(stream: ParseStream<'_>) -> syn::Result<()> {
    let lets = stream.peek(syn::Token![let]);
    if !lets && stream.fork().parse::<syn::Expr>().is_ok() {
        return stream.parse::<syn::Expr>().map(drop);
    }
    if !lets {
        return stream.parse::<syn::Item>().map(drop);
    }
    stream.parse::<syn::Token![let]>()?;
    stream.call(syn::Pat::parse_multi_with_leading_vert)?;
    if stream.parse::<Option<syn::Token![:]>>()?.is_some() {
        stream.parse::<syn::Type>()?;
    }
    if stream.parse::<Option<syn::Token![=]>>()?.is_some() {
        stream.parse::<syn::Expr>()?;
    }
    if stream.parse::<Option<syn::Token![else]>>()?.is_some() {
        stream.parse::<syn::Block>()?;
    }
    Ok(())
}

fn between(mut at: Cursor<'_>, end: Cursor<'_>) -> TokenStream {
    let mut tokens = TokenStream::new();
    while at != end {
        let Some((token, next)) = at.token_tree() else { break };
        tokens.extend([token]);
        at = next;
    }
    tokens
}

fn transcribe(
    template: TokenStream,
    bound: &Bindings,
    home: &str,
    left: &mut usize,
) -> Option<TokenStream> {
    let mut out = TokenStream::new();
    let mut tokens = template.into_iter().peekable();
    while let Some(token) = tokens.next() {
        *left = left.checked_sub(1)?;
        match token {
            TokenTree::Punct(punct) if punct.as_char() == '$' => match tokens.next()? {
                TokenTree::Ident(name) if name == "crate" => {
                    out.extend([TokenTree::Ident(Ident::new(home, Span::call_site()))]);
                }
                TokenTree::Ident(name) => match bound.get(&name.to_string())? {
                    Bound::One(tokens) => {
                        *left = left.checked_sub(tokens.clone().into_iter().count())?;
                        out.extend(tokens.clone());
                    }
                    Bound::Many(_) => return None,
                },
                TokenTree::Group(group) => {
                    let (separator, _) = repetition(&mut tokens)?;
                    let rounds = rounds(&group.stream(), bound)?;
                    for (index, round) in rounds.iter().enumerate() {
                        if let (Some(separator), true) = (separator, index > 0) {
                            let spacing = proc_macro2::Spacing::Alone;
                            let punct = proc_macro2::Punct::new(separator, spacing);
                            out.extend([TokenTree::Punct(punct)]);
                        }
                        let mut inner = bound.clone();
                        inner.extend(round.clone());
                        out.extend(transcribe(group.stream(), &inner, home, left)?);
                    }
                }
                _ => return None,
            },
            TokenTree::Group(group) => {
                let inner = transcribe(group.stream(), bound, home, left)?;
                let mut group = Group::new(group.delimiter(), inner);
                group.set_span(Span::call_site());
                out.extend([TokenTree::Group(group)]);
            }
            mut token => {
                token.set_span(Span::call_site());
                out.extend([token]);
            }
        }
    }
    Some(out)
}

/// The rounds of the first repeated variable that a repeated template names.
fn rounds(template: &TokenStream, bound: &Bindings) -> Option<Vec<Bindings>> {
    let mut tokens = template.clone().into_iter();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == '$' => match tokens.next()? {
                TokenTree::Ident(name) => {
                    if let Some(Bound::Many(rounds)) = bound.get(&name.to_string()) {
                        return Some(rounds.clone());
                    }
                }
                TokenTree::Group(group) => {
                    if let Some(rounds) = rounds(&group.stream(), bound) {
                        return Some(rounds);
                    }
                }
                _ => {}
            },
            TokenTree::Group(group) => {
                if let Some(rounds) = rounds(&group.stream(), bound) {
                    return Some(rounds);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_tried_in_order_and_repetitions_repeat() {
        let rules = "() => { none }; ($a:ident = $b:expr) => { let $a = $b; };
            ($($k:expr => $v:expr),* $(,)?) => { [$(($k, $v)),*] }";
        for (input, output) in [
            ("", "none"),
            ("x = 1 + f(2)", "let x = 1 + f (2) ;"),
            ("1 => 2, 3 => 4,", "[(1 , 2) , (3 , 4)]"),
        ] {
            let expanded = expand(rules, input, "crate").expect("one of the rules fits");
            let plain = |text: String| text.replace(['\u{200b}', ' '], "");
            assert_eq!(plain(expanded.to_string()), plain(output.to_owned()), "{input}");
        }
        assert!(expand(rules, "???", "crate").is_none());
    }

    #[test]
    fn a_statement_ends_before_its_semicolon() {
        let rules = "($a:stmt) => { { $a; } }; ($($a:stmt;)*) => { { $($a;)* } }";
        for (input, output) in [
            ("f(1)?", "{f(1)?;}"),
            ("let x: u8 = 1", "{letx:u8=1;}"),
            ("print!(\"x\")", "{print!(\"x\");}"),
            ("use a::b;", "{usea::b;;}"),
            ("let Some(x) = y else { return }; x.f();", "{letSome(x)=yelse{return};x.f();}"),
        ] {
            let expanded = expand(rules, input, "crate").expect("one of the rules fits");
            let plain = expanded.to_string().replace(['\u{200b}', ' '], "");
            assert_eq!(plain, output, "{input}");
        }
    }

    #[test]
    fn a_large_expansion_is_given_up() {
        let rules = format!("($a:tt) => {{ {} }}", "$a ".repeat(2 * LARGEST));
        assert!(expand(&rules, "x", "crate").is_none());
    }
}
