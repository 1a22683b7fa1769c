//! The zip that Lambda is given: its size for a program, or the program in it.
//!
//! A zip is trusted in nothing: declared sizes are checked while reading, so a small file cannot
//! fill the memory, and whatever is no plain deflated `bootstrap` at the top is refused with what
//! was found instead.

use flate2::{Compression, bufread::DeflateDecoder, write::DeflateEncoder};
use rawzip::{CompressionMethod, ZipArchive, ZipArchiveWriter};
use serde::{Deserialize, Serialize};
use std::{
    fmt,
    io::{Read, Write},
};

/// The name Lambda starts in a custom runtime.
pub const PROGRAM: &str = "bootstrap";

/// Bytes of a zip that Lambda takes directly. A larger one has to go through S3.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
pub const ZIP_LIMIT: u64 = 50_000_000;

/// Bytes that a function and its layers may unpack to. Source as above.
pub const UNZIPPED_LIMIT: u64 = 250_000_000;

/// No program is unpacked beyond this: four times what Lambda takes, so that the report can
/// still say by how much one is too large.
pub const LARGEST_PROGRAM: u64 = 1_000_000_000;

/// The size of the zip.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZipSize {
    /// Bytes of the zip.
    pub size: u64,
    /// Bytes of what is in it.
    pub unzipped_size: u64,
    /// Whether the zip itself was read; else the program was deflated to learn its size.
    pub is_file: bool,
}

impl ZipSize {
    /// Deflates a program to learn the size of its zip.
    pub fn of(program: &[u8]) -> Self {
        ZipSize {
            size: pack(program).len() as u64,
            unzipped_size: program.len() as u64,
            is_file: false,
        }
    }
}

/// A zip with a function in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Bytes of the zip.
    pub zip_size: u64,
    /// Bytes of everything in it, unpacked.
    pub unzipped_size: u64,
    /// The program.
    pub program: Vec<u8>,
}

/// Why a zip holds no function. Reads on after "it ".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadZip {
    /// It is no sound zip, or one packed in a way Lambda does not read.
    Corrupt(String),
    /// It is sound, but has no `bootstrap` at its top; the names of what it has.
    NoProgram(Vec<String>),
    /// Its program is larger than any function.
    TooLarge,
}

impl fmt::Display for BadZip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadZip::Corrupt(what) => {
                write!(f, "is a truncated or corrupt zip ({what}); pack it again")
            }
            BadZip::NoProgram(names) => {
                write!(f, "is a zip without `{PROGRAM}` at its top ")?;
                match names.as_slice() {
                    [] => f.write_str("(it is empty)")?,
                    names => write!(f, "(it holds {})", names.join(", "))?,
                }
                f.write_str("; pack it with `cargo lambda build --release --output-format zip`")
            }
            BadZip::TooLarge => write!(
                f,
                "unpacks to more than {}, while Lambda takes 250 MB; pack only the function",
                crate::units::bytes(LARGEST_PROGRAM)
            ),
        }
    }
}

impl std::error::Error for BadZip {}

/// Whether these bytes claim to be a zip.
pub fn is_zip(bytes: &[u8]) -> bool {
    // The first entry, or the end record of an empty archive.
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06")
}

/// Takes the program out of a zip.
pub fn unpack(bytes: &[u8]) -> Result<Package, BadZip> {
    let archive = ZipArchive::from_slice(bytes).map_err(corrupt)?;
    let mut unzipped_size: u64 = 0;
    let mut program = None;
    let mut others = Vec::new();
    let mut entries = archive.entries();
    while let Some(entry) = entries.next_entry().map_err(corrupt)? {
        unzipped_size = unzipped_size.saturating_add(entry.uncompressed_size_hint());
        if entry.file_path().as_ref() == PROGRAM.as_bytes() {
            let declared = entry.uncompressed_size_hint();
            program = Some((entry.wayfinder(), entry.compression_method(), declared));
        } else if others.len() < 5 {
            let name = String::from_utf8_lossy(entry.file_path().as_ref()).into_owned();
            others.push(name.escape_debug().to_string());
        }
    }
    let Some((position, method, declared)) = program else {
        return Err(BadZip::NoProgram(others));
    };
    if declared > LARGEST_PROGRAM {
        return Err(BadZip::TooLarge);
    }
    let entry = archive.get_entry(position).map_err(corrupt)?;
    let packed: Box<dyn Read> = match method {
        CompressionMethod::STORE => Box::new(entry.data()),
        CompressionMethod::DEFLATE => Box::new(DeflateDecoder::new(entry.data())),
        _ => return Err(corrupt(format!("`{PROGRAM}` is packed by a method Lambda lacks"))),
    };
    // One byte more than declared is enough for the verifying reader to notice a lie.
    let mut unpacked = entry.verifying_reader(packed.take(declared + 1));
    let mut program = Vec::new();
    unpacked.read_to_end(&mut program).map_err(corrupt)?;
    Ok(Package { zip_size: bytes.len() as u64, unzipped_size, program })
}

/// The bytes of the zip that holds just this program, as `cargo lambda build --output-format zip`
/// packs it: deflate at its usual level. No time is written, so the result is always the same.
pub fn pack(program: &[u8]) -> Vec<u8> {
    packed(program).expect("writing a zip to memory does not fail")
}

fn packed(program: &[u8]) -> Result<Vec<u8>, rawzip::Error> {
    let mut archive = ZipArchiveWriter::new(Vec::new());
    let (mut entry, config) = archive
        .new_file(PROGRAM)
        .compression_method(CompressionMethod::DEFLATE)
        .unix_permissions(0o755)
        .start()?;
    let mut writer = config.wrap(DeflateEncoder::new(&mut entry, Compression::default()));
    writer.write_all(program)?;
    let (encoder, descriptor) = writer.finish()?;
    encoder.finish()?;
    entry.finish(descriptor)?;
    archive.finish()
}

fn corrupt(error: impl fmt::Display) -> BadZip {
    BadZip::Corrupt(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    #[test]
    fn a_packed_program_comes_out_as_it_went_in() {
        let program = b"not an ELF file, which is none of the zip's business".repeat(100);
        let zip = pack(&program);
        let package = unpack(&zip).unwrap();
        assert_eq!(package.program, program);
        assert_eq!(package.unzipped_size, program.len() as u64);
        assert_eq!(package.zip_size, zip.len() as u64);
        assert!(zip.len() < program.len() / 10, "it is really deflated");
        assert_eq!(zip, pack(&program), "and the same every time");

        let mut archive = zip::ZipArchive::new(io::Cursor::new(&zip)).unwrap();
        let mut entry = archive.by_name(PROGRAM).unwrap();
        assert_eq!(entry.unix_mode().unwrap() & 0o777, 0o755);
        let mut other = Vec::new();
        entry.read_to_end(&mut other).unwrap();
        assert_eq!(other, program, "another zip reader agrees");
    }

    #[test]
    fn a_zip_without_a_program_names_what_it_holds() {
        let mut archive = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
        archive.start_file("dist/bootstrap", zip::write::SimpleFileOptions::default()).unwrap();
        let zip = archive.finish().unwrap().into_inner();
        let error = unpack(&zip).unwrap_err();
        assert!(error.to_string().contains("it holds dist/bootstrap"), "{error}");
    }

    #[test]
    fn a_damaged_zip_is_refused_wherever_it_is_damaged() {
        let program: Vec<u8> =
            (0..20_000u32).flat_map(|n| n.wrapping_mul(n).to_le_bytes()).collect();
        let zip = pack(&program);
        for cut in (0..zip.len()).step_by(zip.len() / 64) {
            assert!(unpack(&zip[..cut]).is_err(), "cut at {cut}");
        }
        let mut flipped = zip.clone();
        flipped[zip.len() / 2] ^= 0x10;
        assert!(matches!(unpack(&flipped), Err(BadZip::Corrupt(_))), "the checksum is checked");
    }
}
