//! The ELF side of [`Binary`]: headers in, facts out, for both word sizes and byte orders.
//!
//! A program for another processor must be readable too, or nothing could say that it is for
//! another processor. Section and segment ranges that leave the file, and memory sizes that no
//! address space holds, are refused as corrupt.

use super::{Binary, GlibcNeeds, Machine, Section, SymbolTable, Unreadable, foreign, glibc};
use object::{
    Endianness, SymbolIndex, elf,
    read::elf::{Dyn, FileHeader, ProgramHeader, SectionHeader, SectionTable},
};
use std::collections::BTreeSet;

/// The user half of a 48-bit address space: no segment or section of a program is larger.
const ADDRESS_SPACE: u64 = 1 << 47;

/// More libraries or versions than this are no program's, but a crafted file's.
const MANY: usize = 10_000;

/// The sections that hold debug information, compressed the old way or not.
const DEBUG_PREFIXES: [&str; 3] = [".debug_", ".zdebug_", ".gdb_index"];

type Result<T> = std::result::Result<T, Unreadable>;

/// Reads the program in `bytes`.
pub(super) fn read(bytes: &[u8]) -> Result<Binary> {
    match bytes {
        [] => Err(Unreadable::Empty),
        [0x7f, b'E', b'L', b'F', 1, ..] => {
            Elf::<elf::FileHeader32<Endianness>>::open(bytes)?.read()
        }
        [0x7f, b'E', b'L', b'F', ..] => Elf::<elf::FileHeader64<Endianness>>::open(bytes)?.read(),
        _ => Err(Unreadable::Foreign(foreign(bytes))),
    }
}

fn corrupt(what: impl Into<String>) -> Unreadable {
    Unreadable::Corrupt(what.into())
}

impl From<object::Error> for Unreadable {
    fn from(error: object::Error) -> Self {
        corrupt(error.to_string())
    }
}

/// The headers of a file, found where the file header says they are.
struct Elf<'data, H: FileHeader> {
    bytes: &'data [u8],
    header: &'data H,
    endian: H::Endian,
    segments: &'data [H::ProgramHeader],
    sections: SectionTable<'data, H>,
}

impl<'data, H: FileHeader> Elf<'data, H> {
    fn open(bytes: &'data [u8]) -> Result<Self> {
        let header = H::parse(bytes)?;
        let endian = header.endian()?;
        match header.e_type(endian) {
            elf::ET_REL => return Err(Unreadable::NotAProgram("an object file")),
            elf::ET_CORE => return Err(Unreadable::NotAProgram("a core dump")),
            _ => {}
        }
        let segments = header.program_headers(endian, bytes)?;
        let sections = header.sections(endian, bytes)?;
        Ok(Elf { bytes, header, endian, segments, sections })
    }

    fn read(&self) -> Result<Binary> {
        let loaded_size = self.loaded_size()?;
        let mut sections = self.sections(loaded_size)?;
        let debug_size = sections
            .iter()
            .filter(|section| DEBUG_PREFIXES.iter().any(|prefix| section.name.starts_with(prefix)))
            .map(|section| section.file_size)
            .sum();
        sections.sort_by(|a, b| {
            (b.file_size, b.memory_size, &a.name).cmp(&(a.file_size, a.memory_size, &b.name))
        });
        Ok(Binary {
            machine: self.machine(),
            file_size: self.bytes.len() as u64,
            loaded_size,
            sections,
            symbols: self.symbols()?,
            debug_size,
            needed: self.needed()?,
            interpreter: self.interpreter()?,
            glibc: self.glibc()?,
        })
    }

    fn machine(&self) -> Machine {
        match self.header.e_machine(self.endian) {
            elf::EM_X86_64 if self.header.is_type_64() => Machine::X86_64,
            elf::EM_AARCH64 if self.header.is_type_64() && self.header.is_little_endian() => {
                Machine::Aarch64
            }
            other => Machine::Other(other.0),
        }
    }

    fn loaded_size(&self) -> Result<u64> {
        let mut total: u64 = 0;
        for segment in self.segments {
            let (offset, size) = segment.file_range(self.endian);
            self.inside("a segment", offset, size)?;
            if segment.p_type(self.endian) == elf::PT_LOAD {
                total = total
                    .checked_add(segment.p_memsz(self.endian).into())
                    .filter(|&total| total <= ADDRESS_SPACE)
                    .ok_or_else(|| corrupt("its segments are larger than any memory"))?;
            }
        }
        if self.segments.is_empty() {
            return Err(corrupt("it has no segment to load"));
        }
        Ok(total)
    }

    fn sections(&self, loaded_size: u64) -> Result<Vec<Section>> {
        let mut sections = Vec::new();
        let mut in_file: u64 = 0;
        for (_, section) in self.sections.enumerate() {
            if section.sh_type(self.endian) == elf::SHT_NULL {
                continue;
            }
            let name = text(self.sections.section_name(self.endian, section)?);
            let size: u64 = section.sh_size(self.endian).into();
            let file_size = match section.file_range(self.endian) {
                Some((offset, size)) => {
                    self.inside(&format!("section {name}"), offset, size)?;
                    size
                }
                None => 0,
            };
            let flags = section.sh_flags(self.endian);
            let loaded = flags.contains(elf::SHF_ALLOC);
            // `.tbss` is a size per thread: it is in no loaded segment.
            let per_thread = flags.contains(elf::SHF_TLS) && file_size == 0;
            if loaded && size > if per_thread { ADDRESS_SPACE } else { loaded_size } {
                return Err(corrupt(format!("section {name} is larger than what is loaded")));
            }
            // Sections of a sound file do not overlap, so together they fit into it.
            in_file = in_file.saturating_add(file_size);
            if in_file > self.bytes.len() as u64 {
                return Err(corrupt("its sections together are larger than the file"));
            }
            let memory_size = if loaded && !per_thread { size } else { 0 };
            sections.push(Section { name, file_size, memory_size });
        }
        Ok(sections)
    }

    fn symbols(&self) -> Result<Option<SymbolTable>> {
        let is_table = |s: &&H::SectionHeader| s.sh_type(self.endian) == elf::SHT_SYMTAB;
        let Some(table) = self.sections.iter().find(is_table) else { return Ok(None) };
        let size: u64 = table.sh_size(self.endian).into();
        let entry = table.sh_entsize(self.endian).into();
        let count = size.checked_div(entry).ok_or_else(|| corrupt("its symbols have no size"))?;
        let names = self.sections.section(table.link(self.endian))?.sh_size(self.endian).into();
        // The first entry is always there and names nothing.
        Ok(Some(SymbolTable { count: count.saturating_sub(1), size: size.saturating_add(names) }))
    }

    fn needed(&self) -> Result<Vec<String>> {
        let Some((entries, link)) = self.sections.dynamic(self.endian, self.bytes)? else {
            return Ok(Vec::new());
        };
        let strings = self.sections.strings(self.endian, self.bytes, link)?;
        entries
            .iter()
            .take_while(|entry| entry.tag(self.endian) != elf::DT_NULL)
            .filter(|entry| entry.tag(self.endian) == elf::DT_NEEDED)
            .take(MANY)
            .map(|entry| Ok(text(entry.string(self.endian, strings)?)))
            .collect()
    }

    fn interpreter(&self) -> Result<Option<String>> {
        for segment in self.segments {
            if let Some(path) = segment.interpreter(self.endian, self.bytes)? {
                return Ok(Some(text(path)));
            }
        }
        Ok(None)
    }

    fn glibc(&self) -> Result<GlibcNeeds> {
        let mut needs = GlibcNeeds::default();
        let Some((mut files, link)) = self.sections.gnu_verneed(self.endian, self.bytes)? else {
            return Ok(needs);
        };
        let strings = self.sections.strings(self.endian, self.bytes, link)?;
        let mut unversioned = BTreeSet::new();
        // The indices by which symbols refer to the highest version.
        let mut indices = BTreeSet::new();
        let mut asked_by = BTreeSet::new();
        let mut seen = 0;
        while let Some((_, mut versions)) = files.next()? {
            while let Some(version) = versions.next()? {
                seen += 1;
                if seen > MANY {
                    return Err(corrupt("it needs more versions than any program"));
                }
                if version.vna_flags.get(self.endian).contains(elf::VER_FLG_WEAK) {
                    continue;
                }
                let name = text(version.name(self.endian, strings)?);
                match glibc::need(&name) {
                    glibc::Need::NotGlibc => {}
                    glibc::Need::Unversioned => _ = unversioned.insert(name),
                    glibc::Need::Version(found) => {
                        if needs.highest < Some(found) {
                            needs.highest = Some(found);
                            indices.clear();
                            asked_by.clear();
                        }
                        if needs.highest == Some(found) {
                            indices.insert(version.vna_other(self.endian).index().0);
                            if name.starts_with("GLIBC_ABI_") {
                                asked_by.insert(name);
                            }
                        }
                    }
                }
            }
        }
        asked_by.extend(self.symbols_of_versions(&indices)?);
        needs.asked_by = asked_by.into_iter().collect();
        needs.unversioned = unversioned.into_iter().collect();
        Ok(needs)
    }

    /// The dynamic symbols that carry one of these version indices.
    fn symbols_of_versions(&self, indices: &BTreeSet<u16>) -> Result<Vec<String>> {
        let Some((versions, link)) = self.sections.gnu_versym(self.endian, self.bytes)? else {
            return Ok(Vec::new());
        };
        let symbols = self.sections.symbol_table_by_index(self.endian, self.bytes, link)?;
        let mut names = Vec::new();
        for (at, version) in versions.iter().enumerate() {
            let index = version.0.get(self.endian).index().0;
            if indices.contains(&index) && names.len() < MANY {
                let symbol = symbols.symbol(SymbolIndex(at))?;
                names.push(text(symbols.symbol_name(self.endian, symbol)?));
            }
        }
        Ok(names)
    }

    fn inside(&self, what: &str, offset: u64, size: u64) -> Result<()> {
        let end = offset.checked_add(size);
        match end.is_some_and(|end| end <= self.bytes.len() as u64) {
            true => Ok(()),
            false => Err(corrupt(format!("{what} ends after the file"))),
        }
    }
}

/// A name of the file, made printable.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).escape_debug().to_string()
}
