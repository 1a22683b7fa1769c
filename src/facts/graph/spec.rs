//! Crates as rule files name them: `hyper`, `hyper@<1`, `aws-sdk-*@>=1.8, <2`.

use semver::{Version, VersionReq};
use serde::{Deserialize, Deserializer, de::Error};

/// Some versions of some crates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrateSpec {
    /// The name; a `*` at its end stands for anything.
    pub name: String,
    /// The versions.
    pub versions: VersionReq,
}

impl CrateSpec {
    /// Reads `name` or `name@requirement`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (name, versions) = text.split_once('@').unwrap_or((text, "*"));
        let versions = VersionReq::parse(versions).map_err(|error| format!("`{text}`: {error}"))?;
        Ok(CrateSpec { name: name.to_owned(), versions })
    }

    /// Whether a crate is meant, by its name alone.
    pub fn names(&self, name: &str) -> bool {
        match self.name.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => name == self.name,
        }
    }

    /// Whether a version of a crate is meant.
    pub fn matches(&self, name: &str, version: &Version) -> bool {
        // A pre-release counts as the release it leads to: `<1` does not mean 1.0.0-rc.1.
        let release = || Version::new(version.major, version.minor, version.patch);
        self.names(name) && self.versions.matches(&release())
    }
}

impl<'de> Deserialize<'de> for CrateSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        CrateSpec::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}
