//! The reader of built functions: right about sound files, and never confused by damaged ones.

use crate::elf::{Program, built, real};
use cargo_lambda_lean::facts::binary::{Binary, Machine, Runtime, Unreadable, Version};
use object::{Endianness, elf};
use proptest::prelude::*;

fn read(program: &Program) -> Binary {
    Binary::read(&program.write()).expect("a sound program")
}

#[test]
fn a_real_program_is_read_as_it_was_built() {
    let full = Binary::read(&built("full", &["-O", "-g"]).1).unwrap();
    let symbols = Binary::read(real()).unwrap();
    let stripped = built("stripped", &["-O", "-Cstrip=symbols"]).1;
    let stripped = Binary::read(&stripped).unwrap();

    assert!(full.debug_size > 1_000 && full.symbols.is_some() && !full.is_stripped());
    assert!(symbols.symbols.is_some_and(|table| table.count > 10) && !symbols.is_stripped());
    assert!(stripped.is_stripped());
    assert!(stripped.file_size < symbols.file_size && symbols.file_size < full.file_size);
    let in_sections: u64 = stripped.sections.iter().map(|s| s.file_size).sum();
    assert!(in_sections < stripped.file_size, "headers take space too");
    for binary in [&full, &symbols, &stripped] {
        assert_eq!(binary.machine.to_string(), std::env::consts::ARCH);
        assert!(binary.needed.iter().any(|library| library == "libc.so.6"), "{binary:?}");
        assert!(binary.interpreter.as_ref().is_some_and(|path| path.contains("ld-linux")));
        assert!(binary.glibc.highest >= Some(Version::new(2, 17)), "{:?}", binary.glibc);
        assert!(!binary.glibc.asked_by.is_empty());
        assert!(binary.loaded_size >= binary.sections.iter().map(|s| s.memory_size).sum());
        assert!(binary.sections.iter().any(|section| section.name == ".text"));
        let sizes: Vec<u64> = binary.sections.iter().map(|section| section.file_size).collect();
        assert!(sizes.is_sorted_by(|a, b| a >= b));
    }
    assert_eq!(stripped.loaded_size, symbols.loaded_size, "symbols are never loaded");
}

#[test]
fn made_up_programs_show_each_property_and_its_absence() {
    let plain = read(&Program::default());
    assert_eq!(plain.machine, Machine::X86_64);
    assert!(plain.is_stripped() && !plain.is_static());
    assert_eq!(plain.needed, ["libc.so.6"]);
    assert_eq!(plain.interpreter.as_deref(), Some("/lib64/ld-linux-x86-64.so.2"));
    let bss = plain.sections.iter().find(|section| section.name == ".bss").unwrap();
    assert_eq!((bss.file_size, bss.memory_size), (0, 0x100));

    let with = read(&Program { symbols: true, ..Program::default() });
    assert_eq!(with.symbols.map(|table| table.count), Some(1));
    assert!(!with.is_stripped() && with.debug_size == 0);
    let with = read(&Program { debug: true, ..Program::default() });
    assert_eq!(with.debug_size, 500);
    assert!(!with.is_stripped() && with.symbols.is_none());

    let is_static = read(&Program { interpreter: None, ..Program::default() });
    assert!(is_static.is_static() && is_static.glibc.highest.is_none());
}

#[test]
fn architectures_are_told_apart_whatever_their_word_size_and_byte_order() {
    let machine = |machine, is_64, endian| {
        read(&Program { machine, is_64, endian, ..Program::default() }).machine
    };
    let little = Endianness::Little;
    assert_eq!(machine(elf::EM_X86_64, true, little), Machine::X86_64);
    assert_eq!(machine(elf::EM_AARCH64, true, little), Machine::Aarch64);
    assert_eq!(machine(elf::EM_386, false, little).to_string(), "i386");
    assert_eq!(machine(elf::EM_ARM, false, little).to_string(), "arm");
    assert_eq!(machine(elf::EM_RISCV, true, little).to_string(), "riscv");
    assert_eq!(machine(elf::EM_S390, true, Endianness::Big).to_string(), "machine 22");
    // x86_64 with 32-bit pointers, and big-endian Arm: neither starts on Lambda.
    assert!(matches!(machine(elf::EM_X86_64, false, little), Machine::Other(_)));
    assert!(matches!(machine(elf::EM_AARCH64, true, Endianness::Big), Machine::Other(_)));
}

#[test]
fn the_highest_glibc_is_by_number_and_names_who_asks() {
    for (version, al2, al2023) in [
        ("2.2.5", true, true),
        ("2.26", true, true),
        ("2.27", false, true),
        ("2.34", false, true),
        ("2.35", false, false),
    ] {
        let needs = read(&Program::needing(&format!("GLIBC_{version}"))).glibc;
        assert_eq!(needs.highest.unwrap().to_string(), version);
        assert_eq!(Runtime::Al2.starts(&needs), al2, "{version}");
        assert_eq!(Runtime::Al2023.starts(&needs), al2023, "{version}");
        assert!(needs.asked_by.contains(&"needed_here".to_owned()), "{needs:?}");
    }
    let mut program = Program::needing("GLIBC_2.17");
    program.glibc.push(("newer", "GLIBC_2.39".to_owned(), true));
    program.glibc.push(("private", "GLIBC_PRIVATE".to_owned(), false));
    let needs = read(&program).glibc;
    assert_eq!(needs.highest, Some(Version::new(2, 17)), "a weak need never stops a start");
    assert_eq!(needs.unversioned, ["GLIBC_PRIVATE"]);
    assert_eq!(needs.asked_by, ["needed_here"]);

    let needs = read(&Program::needing("GLIBC_ABI_DT_RELR")).glibc;
    assert_eq!(needs.highest, Some(Version::new(2, 36)));
    assert!(needs.asked_by.contains(&"GLIBC_ABI_DT_RELR".to_owned()));
}

#[test]
fn what_is_no_program_is_named() {
    let foreign = |bytes: &[u8]| match Binary::read(bytes) {
        Err(error) => error.to_string(),
        Ok(binary) => panic!("{binary:?}"),
    };
    for (bytes, said) in [
        (&b""[..], "is empty"),
        (b"\xcf\xfa\xed\xfe\x0c\0\0\x01", "Mach-O"),
        (b"MZ\x90\0", "PE (Windows)"),
        (b"\0asm\x01", "WebAssembly"),
        (b"#!/bin/sh\n", "a script"),
        (b"fn main() {}\n", "a text file"),
        (b"\xff\xfe\x00\x01", "unknown format"),
        (b"\x7fELF", "truncated or corrupt"),
    ] {
        assert!(foreign(bytes).contains(said), "{bytes:?}: {}", foreign(bytes));
    }
    let mut object_file = real().to_vec();
    object_file[16] = 1;
    assert!(foreign(&object_file).contains("an object file"));
}

#[test]
fn a_program_cut_anywhere_is_refused() {
    let whole = real();
    let mut cuts = 0;
    for part in 0..64 {
        let cut = &whole[..whole.len() * part / 64];
        assert!(matches!(Binary::read(cut), Err(Unreadable::Corrupt(_) | Unreadable::Empty)));
        cuts += 1;
    }
    assert_eq!(cuts, 64);
    assert!(Binary::read(&whole[..whole.len() - 1]).is_err(), "even by one byte");
}

#[test]
fn absurd_sizes_are_refused_and_never_allocated() {
    // The header table of sections is where the file header says; each entry's size is at 32.
    let sound = Program::default().write();
    let table = u64::from_le_bytes(sound[40..48].try_into().unwrap()) as usize;
    let count = usize::from(u16::from_le_bytes(sound[60..62].try_into().unwrap()));
    assert!(count > 5);
    let mut refused = 0;
    for absurd in [u64::MAX, 1 << 62, 1 << 48, sound.len() as u64 + 1] {
        for section in 1..count {
            let mut crafted = sound.clone();
            let at = table + section * 64 + 32;
            crafted[at..at + 8].copy_from_slice(&absurd.to_le_bytes());
            assert!(Binary::read(&crafted).is_err(), "section {section} with {absurd} bytes");
            refused += 1;
        }
    }
    assert_eq!(refused, 4 * (count - 1));
    // And each segment's size in memory, at 40.
    let mut crafted = sound.clone();
    crafted[64 + 40..64 + 48].copy_from_slice(&(u64::MAX - 5).to_le_bytes());
    assert!(Binary::read(&crafted).unwrap_err().to_string().contains("larger than any memory"));
}

#[test]
fn overlapping_sections_cannot_add_up_to_more_than_the_file() {
    let sound = Program { content: vec![1; 4096], ..Program::default() }.write();
    let table = u64::from_le_bytes(sound[40..48].try_into().unwrap()) as usize;
    let mut crafted = sound.clone();
    // Three sections that each claim nearly the whole file.
    for section in 1..4 {
        let at = table + section * 64;
        crafted[at + 24..at + 32].copy_from_slice(&0u64.to_le_bytes());
        crafted[at + 32..at + 40].copy_from_slice(&4000u64.to_le_bytes());
    }
    assert!(Binary::read(&crafted).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    /// Nothing in a made-up file can make the reader panic, loop or allocate without bound.
    #[test]
    fn flipped_bytes_never_panic(
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..24),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = Program { symbols: true, debug: true, ..Program::needing("GLIBC_2.34") }.write();
        for (index, value) in flips {
            let at = index.index(bytes.len());
            bytes[at] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Ok(binary) = Binary::read(&bytes) {
            prop_assert!(binary.sections.iter().map(|s| s.file_size).sum::<u64>() <= binary.file_size);
            prop_assert!(binary.debug_size <= binary.file_size);
        }
    }

    /// The same where it hurts most: in the headers of a real program.
    #[test]
    fn a_real_program_with_broken_headers_never_panics(
        flips in prop::collection::vec((0usize..1024, any::<u8>()), 1..8),
        from_end in any::<bool>(),
    ) {
        let mut bytes = real().to_vec();
        let length = bytes.len();
        for (at, value) in flips {
            bytes[if from_end { length - 1 - at } else { at }] = value;
        }
        let _ = Binary::read(&bytes);
    }

    #[test]
    fn any_bytes_never_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..600), is_elf: bool) {
        if is_elf && bytes.len() > 8 {
            bytes[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
        }
        let _ = Binary::read(&bytes);
        let _ = cargo_lambda_lean::facts::package::unpack(&bytes);
    }
}
