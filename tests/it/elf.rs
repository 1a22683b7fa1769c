//! ELF programs for tests: a real one from rustc, and made-up ones with the properties asked for.
//!
//! The made-up ones are whole and consistent, laid out by the `object` crate's writer, so that a
//! test of a rule needs no cross compiler. They cannot run.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use object::{
    Endianness,
    build::elf::{Builder, Dynamic, SectionData, SectionId, VersionData, VersionNeed},
    elf,
};
use std::{fs, path::PathBuf, process::Command, sync::OnceLock};

/// A made-up program.
#[derive(Clone, Debug)]
pub struct Program {
    pub machine: elf::Machine,
    pub is_64: bool,
    pub endian: Endianness,
    /// The version each symbol needs, and whether it needs it only weakly.
    pub glibc: Vec<(&'static str, String, bool)>,
    pub symbols: bool,
    pub debug: bool,
    pub interpreter: Option<&'static str>,
    /// The name of its symbol.
    pub symbol: String,
    /// What `.rodata` holds.
    pub content: Vec<u8>,
    /// Bytes of `.bss`.
    pub bss: u64,
}

impl Default for Program {
    fn default() -> Self {
        Program {
            machine: elf::EM_X86_64,
            is_64: true,
            endian: Endianness::Little,
            glibc: vec![("read", "GLIBC_2.2.5".to_owned(), false)],
            symbols: false,
            debug: false,
            interpreter: Some("/lib64/ld-linux-x86-64.so.2"),
            symbol: "main".to_owned(),
            content: b"content".to_vec(),
            bss: 0x100,
        }
    }
}

impl Program {
    /// A program that needs this version of glibc and nothing newer.
    pub fn needing(version: &str) -> Self {
        let mut program = Program::default();
        program.glibc.push(("needed_here", version.to_owned(), false));
        program
    }

    /// The program that a rule's example describes.
    pub fn of_example(artefact: &toml::Table) -> Self {
        let mut program = Program::default();
        for (key, value) in artefact {
            let text = || value.as_str().unwrap_or_else(|| panic!("`{key}` is a string"));
            match key.as_str() {
                "path" => {}
                "machine" => program.machine = machine(text()),
                "glibc" => {
                    program.glibc.push(("needed_here", format!("GLIBC_{}", text()), false));
                }
                "weak-glibc" => {
                    program.glibc.push(("wanted_here", format!("GLIBC_{}", text()), true));
                }
                "static" => program.interpreter = None,
                "symbols" => program.symbols = value.as_bool() == Some(true),
                "debug" => program.debug = value.as_bool() == Some(true),
                "symbol" => program.symbol = text().to_owned(),
                "table" => {
                    let numbers = value.as_array().into_iter().flatten();
                    let numbers = numbers.map(|number| number.as_integer().unwrap() as u32);
                    program.content = numbers.flat_map(u32::to_le_bytes).collect();
                }
                "size" => {
                    let size = cargo_lambda_lean::units::parse_bytes(text()).unwrap();
                    program.content = vec![0; size as usize];
                }
                other => panic!("unknown property of an artefact: `{other}`"),
            }
        }
        program
    }

    /// The bytes of the file.
    pub fn write(&self) -> Vec<u8> {
        let mut builder = Builder::new(self.endian, self.is_64);
        builder.header.e_type = elf::ET_DYN;
        builder.header.e_machine = self.machine;
        let headers = if self.is_64 { 64 } else { 52 };
        builder.header.e_phoff = headers;

        let text =
            section(&mut builder, ".text", elf::SHT_PROGBITS, elf::SHF_ALLOC | elf::SHF_EXECINSTR);
        builder.sections.get_mut(text).data = SectionData::Data(vec![0xc3; 64].into());
        let rodata = section(&mut builder, ".rodata", elf::SHT_PROGBITS, elf::SHF_ALLOC);
        builder.sections.get_mut(rodata).data = SectionData::Data(self.content.clone().into());
        let mut loaded = vec![text, rodata];
        let interp = self.interpreter.map(|path| {
            let interp = section(&mut builder, ".interp", elf::SHT_PROGBITS, elf::SHF_ALLOC);
            let path = [path.as_bytes(), b"\0"].concat();
            builder.sections.get_mut(interp).data = SectionData::Data(path.into());
            interp
        });
        loaded.extend(interp);
        let dynamic = self.interpreter.is_some().then(|| self.link(&mut builder, &mut loaded));
        let bss = section(&mut builder, ".bss", elf::SHT_NOBITS, elf::SHF_ALLOC | elf::SHF_WRITE);
        builder.sections.get_mut(bss).data = SectionData::UninitializedData(self.bss);
        self.unneeded(&mut builder, text);
        let names = section(&mut builder, ".shstrtab", elf::SHT_STRTAB, elf::SectionFlags(0));
        builder.sections.get_mut(names).data = SectionData::SectionString;

        builder.set_section_sizes();
        // `.bss` last: nothing of the file may follow memory that is not in it.
        let segment = builder.segments.add_load_segment(elf::PF_R | elf::PF_X, 0x1000);
        // Room for the headers, in front of the first section.
        segment.p_offset = 0x400;
        segment.p_vaddr = 0x400;
        segment.p_paddr = 0x400;
        for id in loaded {
            segment.append_section(builder.sections.get_mut(id));
        }
        segment.append_section(builder.sections.get_mut(bss));
        for (p_type, id) in [(elf::PT_INTERP, interp), (elf::PT_DYNAMIC, dynamic)] {
            let Some(id) = id else { continue };
            let segment = builder.segments.add();
            segment.p_type = p_type;
            segment.p_flags = elf::PF_R;
            segment.append_section(builder.sections.get_mut(id));
        }
        let mut bytes = Vec::new();
        builder.write(&mut bytes).expect("a consistent program");
        bytes
    }

    /// Adds what the dynamic loader reads.
    fn link(&self, builder: &mut Builder<'_>, loaded: &mut Vec<SectionId>) -> SectionId {
        let file = builder.version_files.add("libc.so.6".into());
        for (symbol, version, weak) in self.glibc.clone() {
            let flags = if weak { elf::VER_FLG_WEAK } else { elf::VersionFlags(0) };
            let need = VersionNeed { file, name: version.into_bytes().into(), flags };
            let version = builder.versions.add(VersionData::Need(need));
            let added = builder.dynamic_symbols.add();
            added.name = symbol.as_bytes().into();
            added.version = version;
        }
        let strings = section(builder, ".dynstr", elf::SHT_STRTAB, elf::SHF_ALLOC);
        builder.sections.get_mut(strings).data = SectionData::DynamicString;
        let symbols = section(builder, ".dynsym", elf::SHT_DYNSYM, elf::SHF_ALLOC);
        builder.sections.get_mut(symbols).data = SectionData::DynamicSymbol;
        builder.sections.get_mut(symbols).sh_link_section = Some(strings);
        loaded.extend([strings, symbols]);
        if !self.glibc.is_empty() {
            let versions = section(builder, ".gnu.version", elf::SHT_GNU_VERSYM, elf::SHF_ALLOC);
            builder.sections.get_mut(versions).data = SectionData::GnuVersym;
            builder.sections.get_mut(versions).sh_link_section = Some(symbols);
            let needs = section(builder, ".gnu.version_r", elf::SHT_GNU_VERNEED, elf::SHF_ALLOC);
            builder.sections.get_mut(needs).data = SectionData::GnuVerneed;
            builder.sections.get_mut(needs).sh_link_section = Some(strings);
            loaded.extend([versions, needs]);
        }
        let dynamic = section(builder, ".dynamic", elf::SHT_DYNAMIC, elf::SHF_ALLOC);
        let entries = vec![
            Dynamic::String { tag: elf::DT_NEEDED, val: "libc.so.6".into() },
            Dynamic::Auto { tag: elf::DT_STRTAB },
            Dynamic::Integer { tag: elf::DT_NULL, val: 0 },
        ];
        builder.sections.get_mut(dynamic).data = SectionData::Dynamic(entries);
        builder.sections.get_mut(dynamic).sh_link_section = Some(strings);
        loaded.push(dynamic);
        dynamic
    }

    /// Adds what `strip` removes.
    fn unneeded(&self, builder: &mut Builder<'_>, text: SectionId) {
        if self.debug {
            let debug = section(builder, ".debug_info", elf::SHT_PROGBITS, elf::SectionFlags(0));
            builder.sections.get_mut(debug).data = SectionData::Data(vec![7; 500].into());
        }
        if self.symbols {
            let strings = section(builder, ".strtab", elf::SHT_STRTAB, elf::SectionFlags(0));
            builder.sections.get_mut(strings).data = SectionData::String;
            let symbols = section(builder, ".symtab", elf::SHT_SYMTAB, elf::SectionFlags(0));
            builder.sections.get_mut(symbols).data = SectionData::Symbol;
            builder.sections.get_mut(symbols).sh_link_section = Some(strings);
            let added = builder.symbols.add();
            added.name = self.symbol.clone().into_bytes().into();
            added.section = Some(text);
        }
    }
}

fn section(
    builder: &mut Builder<'_>,
    name: &'static str,
    sh_type: elf::SectionType,
    sh_flags: elf::SectionFlags,
) -> SectionId {
    let section = builder.sections.add();
    section.name = name.into();
    section.sh_type = sh_type;
    section.sh_flags = sh_flags;
    section.sh_addralign = 8;
    section.id()
}

fn machine(name: &str) -> elf::Machine {
    match name {
        "x86_64" => elf::EM_X86_64,
        "aarch64" => elf::EM_AARCH64,
        "riscv" => elf::EM_RISCV,
        other => panic!("unknown machine `{other}`"),
    }
}

/// A zip that holds a program as it is, so that its size is known.
pub fn stored(program: &[u8]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    archive.start_file("bootstrap", stored).unwrap();
    std::io::Write::write_all(&mut archive, program).unwrap();
    archive.finish().unwrap().into_inner()
}

/// Bytes that no compressor makes smaller.
pub fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..length).map(|_| next()).collect()
}

/// A program that rustc built with these options, and its file.
pub fn built(name: &str, options: &[&str]) -> (PathBuf, Vec<u8>) {
    let dir = tempfile::Builder::new().prefix("elf-").tempdir_in(env!("CARGO_TARGET_TMPDIR"));
    let dir = dir.expect("a writable target directory").keep();
    let (source, program) = (dir.join("main.rs"), dir.join(name));
    fs::write(&source, "fn main() { println!(\"{:?}\", std::env::args()); }").unwrap();
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).args(options).arg("-o").arg(&program).arg(&source).output();
    let output = output.expect("rustc runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let bytes = fs::read(&program).unwrap();
    (program, bytes)
}

/// A small real program as a release build leaves it: with symbols.
pub fn real() -> &'static [u8] {
    static REAL: OnceLock<Vec<u8>> = OnceLock::new();
    REAL.get_or_init(|| built("real", &["-O"]).1)
}
