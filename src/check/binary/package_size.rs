//! Is the package larger than Lambda takes, or than the manifest's own budget allows?
//!
//! A program is only deflated when its size leaves the question open.

use super::{hit, of_built, package};
use crate::{
    check::{Hit, Outcome},
    facts::{
        Facts,
        built::Built,
        package::{UNZIPPED_LIMIT, ZIP_LIMIT, ZipSize},
        settings::Budget,
        workspace::Function,
    },
    source::Place,
    units,
};
use serde::Deserialize;

/// See the module.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackageSize {}

impl PackageSize {
    /// A hit for each limit that is exceeded.
    pub fn ask(&self, facts: &Facts, function: &Function) -> Outcome {
        of_built(facts, function, |built| {
            let own = &facts.package_settings[function.package].budget;
            let budget = own.or(&facts.workspace_settings.budget);
            let zip = zip(built, &budget);
            let unzipped = zip.as_ref().map_or(built.binary.file_size, |zip| zip.unzipped_size);
            let zip = zip.map_or(0, |zip| zip.size);
            let at = || package(facts, function);
            let lambda = "that Lambda takes";
            let limits = [
                ("zip", zip, Some((ZIP_LIMIT, at())), "that Lambda takes in an upload"),
                ("unpacked content", unzipped, Some((UNZIPPED_LIMIT, at())), lambda),
                ("zip", zip, budget.zip, "of its budget"),
                ("file", built.binary.file_size, budget.binary, "of its budget"),
            ];
            let exceeded = |(what, size, limit, whose): (_, u64, Option<(u64, Place)>, _)| {
                let (limit, at) = limit.filter(|(limit, _)| size > *limit)?;
                Some(over(hit(at, built, function), what, size, limit, whose))
            };
            limits.into_iter().filter_map(exceeded).collect()
        })
    }
}

/// The zip, where it can matter: deflate makes nothing larger by a hundredth.
fn zip(built: &Built, budget: &Budget) -> Option<ZipSize> {
    let matters = built.zip.is_some() || built.binary.file_size > ZIP_LIMIT / 100 * 99;
    (matters || budget.zip.is_some()).then(|| built.zip_size())
}

fn over(hit: Hit, what: &str, size: u64, limit: u64, whose: &str) -> Hit {
    hit.with("what", what)
        .with("size", units::bytes(size))
        .with("limit", units::bytes(limit))
        .with("over", units::bytes(size - limit))
        .with("whose", whose)
}
