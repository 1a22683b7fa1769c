//! Names, each kept once for as long as the process lives.
//!
//! A workspace of a million lines holds millions of names and a few ten thousand distinct ones.
//! A `Sym` is one pointer: copied for nothing, compared and hashed by address. What is interned is
//! never freed, as in the compiler's own interner; one run looks at one workspace and ends.

use rustc_hash::FxHashSet as HashSet;
use std::{
    cell::RefCell,
    fmt::{self, Write as _},
    hash::{Hash, Hasher},
    ops::Deref,
    sync::{Mutex, OnceLock, PoisonError},
};

/// An interned name or path.
#[derive(Clone, Copy)]
pub struct Sym(&'static &'static str);

/// The entry of the table a `Sym` points to, found by its text.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Entry(&'static &'static str);

impl Hash for Entry {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self.0).hash(state);
    }
}

impl std::borrow::Borrow<str> for Entry {
    fn borrow(&self) -> &str {
        self.0
    }
}

static TABLE: OnceLock<Mutex<HashSet<Entry>>> = OnceLock::new();

thread_local! {
    /// What this thread has seen of the table, so that most look-ups take no lock.
    static SEEN: RefCell<HashSet<Entry>> = RefCell::default();

    /// Where a text is put together before it is looked up.
    static TEXT: RefCell<String> = const { RefCell::new(String::new()) };
}

impl Sym {
    /// The one symbol of this text.
    pub fn new(text: &str) -> Sym {
        SEEN.with_borrow_mut(|seen| {
            if let Some(entry) = seen.get(text) {
                return Sym(entry.0);
            }
            let table = TABLE.get_or_init(Mutex::default);
            let mut table = table.lock().unwrap_or_else(PoisonError::into_inner);
            let entry = match table.get(text) {
                Some(entry) => *entry,
                None => {
                    let text: &'static str = Box::leak(text.into());
                    let entry = Entry(Box::leak(Box::new(text)));
                    table.insert(entry);
                    entry
                }
            };
            drop(table);
            seen.insert(entry);
            Sym(entry.0)
        })
    }

    /// The symbol of what is shown as this text: `Sym::shown(format_args!("{of}.{name}"))`.
    /// Nothing is allocated where it is known, as nearly all are.
    pub fn shown(what: impl fmt::Display) -> Sym {
        TEXT.with_borrow_mut(|text| {
            text.clear();
            write!(text, "{what}").expect("writing to a string");
            Sym::new(text)
        })
    }

    /// The text, which lives as long as the process.
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

impl Deref for Sym {
    type Target = str;

    fn deref(&self) -> &str {
        self.0
    }
}

impl PartialEq for Sym {
    fn eq(&self, other: &Sym) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl Eq for Sym {}

impl Hash for Sym {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.0 as *const &str as usize).hash(state);
    }
}

impl Ord for Sym {
    fn cmp(&self, other: &Sym) -> std::cmp::Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl PartialOrd for Sym {
    fn partial_cmp(&self, other: &Sym) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Debug for Sym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Sym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_text_is_the_same_symbol_in_every_thread() {
        let here = Sym::new("aws_config");
        let there = std::thread::spawn(|| Sym::new("aws_config"));
        assert_eq!(here, there.join().expect("the thread interns"));
        assert_ne!(here, Sym::new("aws_sdk_s3"));
    }
}
