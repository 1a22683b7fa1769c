//! The built function: bytes of an ELF file in, what matters on Lambda out.
//!
//! Everything is read from headers, with every offset and size checked against the file, so a
//! truncated or hostile file gives an [`Unreadable`] and never a panic or a large allocation.
//! It does not decode instructions or debug information, and it judges nothing: whether a size
//! or a version is too much is asked elsewhere.

mod elf;
mod glibc;

pub use glibc::{GlibcNeeds, Runtime, Version};

use std::fmt;

/// What one ELF program is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binary {
    /// The processor it runs on.
    pub machine: Machine,
    /// Bytes of the file.
    pub file_size: u64,
    /// Bytes of memory its loaded segments take: the sum of `p_memsz` over `PT_LOAD`.
    pub loaded_size: u64,
    /// Its sections, largest in the file first.
    pub sections: Vec<Section>,
    /// The symbol table a debugger reads, which nothing needs at run time.
    pub symbols: Option<SymbolTable>,
    /// Bytes of debug information.
    pub debug_size: u64,
    /// The shared libraries the loader must find (`DT_NEEDED`).
    pub needed: Vec<String>,
    /// The dynamic loader it asks for; absent in a static program.
    pub interpreter: Option<String>,
    /// What it needs of glibc.
    pub glibc: GlibcNeeds,
}

impl Binary {
    /// Reads an ELF program.
    pub fn read(bytes: &[u8]) -> Result<Binary, Unreadable> {
        elf::read(bytes)
    }

    /// Whether nothing is left that `strip` would remove.
    pub fn is_stripped(&self) -> bool {
        self.symbols.is_none() && self.debug_size == 0
    }

    /// Whether it starts without a dynamic loader.
    pub fn is_static(&self) -> bool {
        self.interpreter.is_none() && self.needed.is_empty()
    }
}

/// A stretch of the file with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Its name, as `.text`.
    pub name: String,
    /// Bytes it takes in the file: none for `.bss`.
    pub file_size: u64,
    /// Bytes it takes in memory: none for debug information.
    pub memory_size: u64,
}

/// The table of symbols and their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SymbolTable {
    /// How many symbols it lists.
    pub count: u64,
    /// Bytes of the table and its names.
    pub size: u64,
}

/// The processor an ELF file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Machine {
    /// 64-bit Intel and AMD: Lambda's `x86_64`.
    X86_64,
    /// 64-bit Arm, little-endian: Lambda's `arm64`.
    Aarch64,
    /// One that Lambda does not have, by its number in the ELF registry.
    Other(u16),
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Machine::X86_64 => f.write_str("x86_64"),
            Machine::Aarch64 => f.write_str("aarch64"),
            Machine::Other(3) => f.write_str("i386"),
            Machine::Other(40) => f.write_str("arm"),
            Machine::Other(243) => f.write_str("riscv"),
            Machine::Other(number) => write!(f, "machine {number}"),
        }
    }
}

/// Why bytes are not a program of Linux. Reads on after "it ".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// There are no bytes.
    Empty,
    /// Another format, by its name.
    Foreign(&'static str),
    /// ELF, but not a program: an object file or a core dump.
    NotAProgram(&'static str),
    /// ELF that contradicts itself or ends early.
    Corrupt(String),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const BUILD: &str = "build it with `cargo lambda build --release` and name that file";
        match self {
            Unreadable::Empty => write!(f, "is empty; {BUILD}"),
            Unreadable::Foreign(format) => {
                write!(f, "is {format}, not an ELF program, which is what Lambda runs; {BUILD}")
            }
            Unreadable::NotAProgram(kind) => write!(f, "is {kind}, not a program; {BUILD}"),
            Unreadable::Corrupt(what) => {
                write!(f, "is a truncated or corrupt ELF file ({what}); build or copy it again")
            }
        }
    }
}

impl std::error::Error for Unreadable {}

/// Names the format of bytes that are not ELF, by the signatures people meet by mistake.
fn foreign(bytes: &[u8]) -> &'static str {
    const SIGNATURES: &[(&[u8], &str)] = &[
        (b"\xcf\xfa\xed\xfe", "a Mach-O (macOS) binary"),
        (b"\xce\xfa\xed\xfe", "a Mach-O (macOS) binary"),
        (b"\xfe\xed\xfa\xcf", "a Mach-O (macOS) binary"),
        (b"\xca\xfe\xba\xbe", "a universal Mach-O (macOS) binary"),
        (b"MZ", "a PE (Windows) binary"),
        (b"\0asm", "a WebAssembly module"),
        (b"!<arch>\n", "a static library"),
        (b"\x1f\x8b", "a gzip archive"),
        (b"PK", "a zip archive"),
        (b"#!", "a script"),
    ];
    let known = SIGNATURES.iter().find(|(signature, _)| bytes.starts_with(signature));
    match known {
        Some((_, name)) => name,
        None if std::str::from_utf8(bytes).is_ok() => "a text file",
        None => "a file of an unknown format",
    }
}
