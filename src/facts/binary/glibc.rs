//! What a program needs of glibc: the version needs of its dynamic symbols in, the highest
//! version and who asks for it out.
//!
//! A need marked weak is left out, because the loader only warns about it. Names that carry no
//! version of their own (`GLIBC_PRIVATE`) are kept apart and never guessed at.

use std::fmt;

/// A version of glibc, as it is spelled in `GLIBC_2.2.5`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// The first number, 2 to this day.
    pub major: u32,
    /// The second number, by which releases differ.
    pub minor: u32,
    /// The third number, 0 where it is not written.
    pub patch: u32,
}

impl Version {
    /// A version without a third number.
    pub const fn new(major: u32, minor: u32) -> Self {
        Version { major, minor, patch: 0 }
    }

    /// Reads "2.34" or "2.2.5".
    pub fn parse(text: &str) -> Option<Version> {
        let mut numbers = text.split('.').map(|part| part.parse().ok());
        let version = Version {
            major: numbers.next()??,
            minor: numbers.next()??,
            patch: numbers.next().unwrap_or(Some(0))?,
        };
        numbers.next().is_none().then_some(version)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)?;
        if self.patch > 0 {
            write!(f, ".{}", self.patch)?;
        }
        Ok(())
    }
}

/// An operating system of Lambda, which decides the glibc a function finds there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Runtime {
    /// `provided.al2`.
    Al2,
    /// `provided.al2023`.
    Al2023,
}

impl Runtime {
    /// Every runtime, oldest first.
    pub const ALL: [Runtime; 2] = [Runtime::Al2, Runtime::Al2023];

    /// The runtime that Lambda calls `provided.al2023`, or with a short name.
    pub fn named(name: &str) -> Option<Runtime> {
        let name = name.strip_prefix("provided.").unwrap_or(name);
        Runtime::ALL.into_iter().find(|runtime| runtime.to_string() == name)
    }

    /// The glibc that runtime has.
    ///
    /// Source: <https://docs.aws.amazon.com/linux/al2023/ug/glibc-gcc-and-binutils.html>
    pub const fn glibc(self) -> Version {
        match self {
            Runtime::Al2 => Version::new(2, 26),
            Runtime::Al2023 => Version::new(2, 34),
        }
    }

    /// Whether a program with these needs starts there.
    pub fn starts(self, needs: &GlibcNeeds) -> bool {
        needs.highest.is_none_or(|highest| highest <= self.glibc())
    }
}

impl fmt::Display for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Runtime::Al2 => "al2",
            Runtime::Al2023 => "al2023",
        })
    }
}

/// What a program needs of glibc. Empty for a static one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GlibcNeeds {
    /// The newest version any of its symbols asks for.
    pub highest: Option<Version>,
    /// The symbols that ask for it, sorted.
    pub asked_by: Vec<String>,
    /// Needs named `GLIBC_…` that carry no version.
    pub unversioned: Vec<String>,
}

/// What one name in the version needs asks for.
pub(super) enum Need {
    Version(Version),
    Unversioned,
    NotGlibc,
}

/// Reads a name such as `GLIBC_2.34`.
pub(super) fn need(name: &str) -> Need {
    let Some(rest) = name.strip_prefix("GLIBC_") else { return Need::NotGlibc };
    match rest {
        // Linkers add this name to programs with packed relative relocations. glibc has it
        // since 2.36: https://sourceware.org/pipermail/libc-alpha/2022-August/141193.html
        "ABI_DT_RELR" => Need::Version(Version::new(2, 36)),
        _ => Version::parse(rest).map_or(Need::Unversioned, Need::Version),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_order_by_number_and_not_by_letter() {
        let parse = |text| Version::parse(text).unwrap();
        assert!(parse("2.4") < parse("2.34"));
        assert!(parse("2.2.5") < parse("2.3"));
        assert!(parse("2.35") > Runtime::Al2023.glibc());
        assert_eq!(parse("2.2.5").to_string(), "2.2.5");
        assert_eq!(parse("2.34").to_string(), "2.34");
        for broken in ["", "2", "2.", "2.x", "2.1.2.3", "-2.1"] {
            assert_eq!(Version::parse(broken), None, "{broken}");
        }
    }

    #[test]
    fn packed_relocations_ask_for_the_version_that_brought_them() {
        assert!(matches!(need("GLIBC_ABI_DT_RELR"), Need::Version(v) if v == Version::new(2, 36)));
        assert!(matches!(need("GLIBC_PRIVATE"), Need::Unversioned));
        assert!(matches!(need("GCC_3.0"), Need::NotGlibc));
    }
}
