//! The built functions of a project, as far as the run was asked to look at them.
//!
//! Holds what was read; where it was found and whether it may be trusted is said by `gather`,
//! which fills it. That nobody asked, and that there is nothing, are kept apart.

use super::{binary::Binary, package::ZipSize, workspace::Function};
use std::collections::BTreeMap;

/// A built function that was read.
#[derive(Clone, Debug)]
pub struct Built {
    /// The file, as it is shown.
    pub path: String,
    /// The program, unpacked where it came in a zip.
    pub program: Vec<u8>,
    /// What it is made of.
    pub binary: Binary,
    /// The zip it came in.
    pub zip: Option<ZipSize>,
    /// The newest file that it is older than.
    pub stale: Option<String>,
}

impl Built {
    /// The size of the zip: of the one it came in, else of one made from the program.
    pub fn zip_size(&self) -> ZipSize {
        self.zip.clone().unwrap_or_else(|| ZipSize::of(&self.program))
    }
}

/// The built functions, by package and binary; `None` when the run was not asked to look.
#[derive(Clone, Debug, Default)]
pub struct BuiltFunctions(pub Option<BTreeMap<(usize, String), Result<Built, String>>>);

impl BuiltFunctions {
    /// What was built of a function, or why that is not known.
    pub fn of(&self, function: &Function) -> Result<&Built, String> {
        let Some(read) = &self.0 else {
            return Err("no built function was looked at; build it, then add `--binary`".to_owned());
        };
        match read.get(&(function.package, function.bin.clone())) {
            Some(Ok(built)) => Ok(built),
            Some(Err(why)) => Err(why.clone()),
            None => Err("it was not looked for".to_owned()),
        }
    }
}
