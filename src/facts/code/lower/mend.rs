//! Takes out of a broken file what does not parse, so that the rest of it does.
//!
//! The text must still cut into tokens. An item that does not parse goes; of a module, trait or
//! impl only those in it go, where that is enough. Tokens keep the places they have in the file.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::{
    Attribute, ImplItem, Item, Result, TraitItem,
    parse::{Parse, ParseStream, Parser},
};

/// Words that begin an item, those before its kind included.
const BEGINNINGS: [&str; 19] = [
    "async",
    "auto",
    "const",
    "default",
    "enum",
    "extern",
    "fn",
    "impl",
    "macro_rules",
    "mod",
    "pub",
    "safe",
    "static",
    "struct",
    "trait",
    "type",
    "union",
    "unsafe",
    "use",
];

/// Parses the items of a file, without those that are broken. The errors say why each of them is.
pub fn file(text: &str) -> Result<(syn::File, Vec<syn::Error>)> {
    // The parser takes a first line for the shell away, but leaves its end.
    let script = text.starts_with("#!") && !text[2..].trim_start().starts_with('[');
    let text = if script { &text[text.find('\n').unwrap_or(text.len())..] } else { text };
    let mut errors = Vec::new();
    let tokens = sound::<Item>(text.parse()?, &mut errors)?;
    Ok((syn::parse2(tokens)?, errors))
}

/// The tokens of the items that parse.
fn sound<T: Parse>(tokens: TokenStream, errors: &mut Vec<syn::Error>) -> Result<TokenStream> {
    let parser = |input: ParseStream<'_>| {
        let mut kept = TokenStream::new();
        let ahead = input.fork();
        if ahead.call(Attribute::parse_inner).is_ok() {
            kept.extend(up_to(&ahead, input)?);
        }
        while !input.is_empty() {
            let ahead = input.fork();
            match ahead.parse::<T>() {
                Ok(_) => kept.extend(up_to(&ahead, input)?),
                Err(error) => kept.extend(mended(broken(input)?, error, errors)),
            }
        }
        Ok(kept)
    };
    parser.parse2(tokens)
}

/// Takes the tokens that another reader of the same input is ahead.
fn up_to(ahead: ParseStream<'_>, input: ParseStream<'_>) -> Result<Vec<TokenTree>> {
    let mut taken = Vec::new();
    while input.cursor() != ahead.cursor() {
        taken.push(input.parse()?);
    }
    Ok(taken)
}

/// Takes the tokens of an item that does not parse: to its semicolon, to a body behind which an
/// item begins, or to a line that begins with one and stands no further right.
fn broken(input: ParseStream<'_>) -> Result<Vec<TokenTree>> {
    let first = input.cursor().span().start();
    let mut taken: Vec<TokenTree> = Vec::new();
    let mut is_attribute = input.peek(syn::Token![#]);
    while !input.is_empty() {
        let tree: TokenTree = input.parse()?;
        let line = tree.span().end().line;
        let closes = |of| matches!(&tree, TokenTree::Group(group) if group.delimiter() == of);
        let (body, bracket) = (closes(Delimiter::Brace), closes(Delimiter::Bracket));
        let semicolon = matches!(&tree, TokenTree::Punct(punct) if punct.as_char() == ';');
        taken.push(tree);
        // What an attribute stands at belongs to it.
        if is_attribute {
            is_attribute = !bracket || input.peek(syn::Token![#]);
            continue;
        }
        let next = input.cursor().span().start();
        let outdented = next.line > line && next.column <= first.column;
        if semicolon || (body || outdented) && begins(input) {
            break;
        }
    }
    Ok(taken)
}

/// Whether an item may begin here.
fn begins(input: ParseStream<'_>) -> bool {
    let word = input.cursor().ident().map(|(word, _)| word.to_string());
    let is_call = word.is_some() && input.peek2(syn::Token![!]);
    input.peek(syn::Token![#])
        || is_call
        || word.is_some_and(|word| BEGINNINGS.contains(&word.as_str()))
}

/// A broken module, trait or impl without the items in it that do not parse; nothing where those are
/// not what is wrong with it.
fn mended(
    mut tokens: Vec<TokenTree>,
    error: syn::Error,
    errors: &mut Vec<syn::Error>,
) -> TokenStream {
    let mut inner = Vec::new();
    let whole = tokens.pop().and_then(|last| match last {
        TokenTree::Group(body) if body.delimiter() == Delimiter::Brace => {
            let of = contents(&tokens)?;
            let mut kept = Group::new(Delimiter::Brace, of(body.stream(), &mut inner).ok()?);
            kept.set_span(body.span());
            tokens.push(kept.into());
            let tokens: TokenStream = tokens.into_iter().collect();
            syn::parse2::<Item>(tokens.clone()).ok().map(|_| tokens)
        }
        _ => None,
    });
    match whole {
        Some(_) => errors.extend(inner),
        None => errors.push(error),
    }
    whole.unwrap_or_default()
}

type Sound = fn(TokenStream, &mut Vec<syn::Error>) -> Result<TokenStream>;

/// What takes out the broken of the things that an item with this head holds.
fn contents(head: &[TokenTree]) -> Option<Sound> {
    head.iter().find_map(|tree| match tree {
        TokenTree::Ident(word) => match word.to_string().as_str() {
            "mod" => Some(Some(sound::<Item> as Sound)),
            "impl" => Some(Some(sound::<ImplItem>)),
            "trait" => Some(Some(sound::<TraitItem>)),
            "pub" | "unsafe" | "default" | "auto" => None,
            _ => Some(None),
        },
        _ => None,
    })?
}

#[cfg(test)]
mod tests {
    /// The names of the functions that are left, and the lines of what is lost.
    fn left(text: &str) -> (Vec<String>, Vec<usize>) {
        struct Names(Vec<String>);
        impl<'ast> syn::visit::Visit<'ast> for Names {
            fn visit_signature(&mut self, signature: &'ast syn::Signature) {
                self.0.push(signature.ident.to_string());
            }
        }
        let (file, errors) = super::file(text).expect("a text that cuts into tokens");
        let mut names = Names(Vec::new());
        syn::visit::visit_file(&mut names, &file);
        (names.0, errors.iter().map(|error| error.span().start().line).collect())
    }

    #[test]
    fn only_what_is_broken_goes() {
        for (text, names, lines) in [
            ("fn a() {}\nfn b() { let = ; }\nfn c() {}", "a c", &[2][..]),
            ("#![allow(x)]\n#[x]\nfn b() -> { }\nfn c() {}", "c", &[3]),
            ("#[x]\n#[y]\npub async fn b() { a b }\n#[z]\nfn c() {}", "c", &[3]),
            ("use a::b\nfn c() {}\nfn d() {}", "c d", &[2]),
            ("use a::{b c};\nfn c() {}", "c", &[1]),
            ("const A: B = B { c: d e };\nfn c() {}", "c", &[1]),
            ("struct A { b c }\nimpl A { fn c() {} }", "c", &[1]),
            ("fn a() -> \n\nfn c() {}", "c", &[3]),
            (
                "<<<<<<< HEAD\nfn a() {}\n=======\nfn b() {}\n>>>>>>> x\nfn c() {}",
                "a b c",
                &[1, 3, 5],
            ),
            ("use {{name}}::x;\nfn c() {}\nm! { }\nfn d() {}", "c d", &[1]),
            ("fn a() { 1 2 }\nm! { }\nfn d() {}", "d", &[1]),
            ("impl A {\n    fn a() {}\n    fn b() { . }\n    fn c() {}\n}", "a c", &[3]),
            ("impl A for B where C: D {\n    type E = ;\n    fn c() {}\n}", "c", &[2]),
            (
                "pub(crate) mod a {\n    #![x]\n    mod b {\n fn a() { a b }\n fn c() {}\n}\n}",
                "c",
                &[4],
            ),
            ("trait T { fn a(); fn b() { 1 + } fn c() {} }", "a c", &[1]),
            ("fn a() -> impl T { fn b() {} 1 2 }\nfn c() {}", "c", &[1]),
            ("impl a b { fn b() {} }\nfn c() {}", "c", &[1]),
        ] {
            let (found, at) = left(text);
            assert_eq!((found.join(" ").as_str(), at.as_slice()), (names, lines), "{text}");
        }
    }

    #[test]
    fn what_is_sound_stays_whole() {
        let text = "#!/bin/x\n#![a]\nuse a::{b, c};\nmod d { #![e] fn f() {} }\nm!(x);\nfn g() {}";
        assert_eq!(left(text), (vec!["f".to_owned(), "g".to_owned()], vec![]));
        assert!(super::file("fn a() { ) }").is_err());
    }
}
