//! Turns what `cargo metadata` prints into a universe.
//!
//! Keeps only what the simulation needs. The answer is megabytes of which that is a tenth, and it is
//! the last thing a check waits for: so the rest is skipped rather than read, and a version
//! requirement is only parsed where two versions could be meant.

use super::universe::{Dependency, Feature, Kind, Package, Universe, Value};
use crate::source::RelPath;
use cargo_platform::{Cfg, Platform};
use rustc_hash::FxHashMap;
use semver::{Version, VersionReq};
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, Visitor},
};
use std::{borrow::Cow, collections::BTreeMap, fmt, mem, path::Path, str::FromStr};

/// Identifiers are addresses, in which nothing is escaped, so they can be borrowed.
#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    packages: Vec<Listed<'a>>,
    resolve: Option<Graph<'a>>,
}

#[derive(Deserialize)]
struct Listed<'a> {
    id: &'a str,
    name: String,
    version: Version,
    #[serde(borrow)]
    manifest_path: Cow<'a, str>,
    source: Option<IgnoredAny>,
    targets: Vec<Target<'a>>,
    features: BTreeMap<String, Vec<Value>>,
    dependencies: Vec<Declared<'a>>,
}

#[derive(Deserialize)]
struct Target<'a> {
    kind: Vec<TargetKind>,
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(default, rename = "required-features")]
    required_features: Vec<String>,
}

#[derive(PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum TargetKind {
    Bin,
    ProcMacro,
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Declared<'a> {
    name: String,
    req: &'a str,
    kind: Option<Kind>,
    rename: Option<String>,
    optional: bool,
    uses_default_features: bool,
    features: Vec<String>,
    target: Option<String>,
}

#[derive(Deserialize)]
struct Graph<'a> {
    #[serde(borrow)]
    nodes: Vec<Resolved<'a>>,
}

#[derive(Deserialize)]
struct Resolved<'a> {
    id: &'a str,
    #[serde(borrow)]
    deps: Vec<Edge<'a>>,
}

#[derive(Deserialize)]
struct Edge<'a> {
    name: &'a str,
    pkg: &'a str,
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Value;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("what a feature turns on")
            }

            fn visit_str<E>(self, text: &str) -> Result<Value, E> {
                Ok(Value::parse(text))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

impl Universe {
    /// Reads the answer of `cargo metadata --format-version 1 --filter-platform <target>`;
    /// `relative` spells a path as the rest of the facts do.
    pub fn read(
        json: &str,
        target: &str,
        relative: impl Fn(&Path) -> RelPath,
    ) -> serde_json::Result<Self> {
        let Answer { packages: mut listed, resolve } = serde_json::from_str(json)?;
        let cfgs = cfgs_of(target);
        let by_id: FxHashMap<&str, usize> =
            listed.iter().enumerate().map(|(ix, package)| (package.id, ix)).collect();
        let mut edges: Vec<Vec<(&str, usize)>> = vec![Vec::new(); listed.len()];
        for node in resolve.iter().flat_map(|resolve| &resolve.nodes) {
            let Some(&from) = by_id.get(node.id) else { continue };
            let to = node.deps.iter();
            edges[from] = to.filter_map(|to| Some((to.name, *by_id.get(to.pkg)?))).collect();
        }
        let on_target = |platform: &str| {
            Platform::from_str(platform).is_ok_and(|platform| platform.matches(target, &cfgs))
        };
        let mut dependencies: Vec<Vec<Dependency>> = Vec::with_capacity(listed.len());
        for (ix, edges) in edges.iter().enumerate() {
            let declared = mem::take(&mut listed[ix].dependencies).into_iter();
            let declared = declared.map(|declared| Dependency {
                package: satisfying(&listed, edges, &declared),
                on_target: declared.target.as_deref().is_none_or(on_target),
                platform: declared.target,
                key: declared.rename.unwrap_or_else(|| declared.name.clone()),
                name: declared.name,
                kind: declared.kind.unwrap_or(Kind::Normal),
                optional: declared.optional,
                default_features: declared.uses_default_features,
                features: declared.features,
            });
            dependencies.push(declared.collect());
        }
        let packages = listed.into_iter().zip(dependencies).map(|(package, dependencies)| {
            let is_macro = |target: &Target<'_>| target.kind.contains(&TargetKind::ProcMacro);
            let features = package.features.into_iter();
            let targets = package.targets.into_iter();
            Package {
                manifest: relative(Path::new(&*package.manifest_path)),
                local: package.source.is_none(),
                proc_macro: targets.as_slice().iter().any(is_macro),
                name: package.name,
                version: package.version,
                features: features.map(|(name, values)| Feature { name, values }).collect(),
                dependencies,
                bins: targets
                    .filter(|target| target.kind.contains(&TargetKind::Bin))
                    .map(|bin| (bin.name.into_owned(), bin.required_features))
                    .collect(),
            }
        });
        Ok(Universe { packages: packages.collect(), target: target.to_owned() })
    }
}

/// The package that satisfies a declared dependency. A package can depend on two versions of one
/// crate under two names; then the requirement decides, and the rename where both satisfy it.
fn satisfying(
    listed: &[Listed<'_>],
    edges: &[(&str, usize)],
    declared: &Declared<'_>,
) -> Option<usize> {
    let mut named: Vec<_> =
        edges.iter().filter(|(_, ix)| listed[*ix].name == declared.name).collect();
    if let (Some(&&(_, first)), true) = (named.first(), named.len() > 1) {
        // `*`, which stands for a path or git dependency, does not match a pre-release.
        let requirement = VersionReq::parse(declared.req).unwrap_or(VersionReq::STAR);
        let fits = |version| requirement == VersionReq::STAR || requirement.matches(version);
        named.retain(|(_, ix)| fits(&listed[*ix].version));
        if let (Some(rename), true) = (&declared.rename, named.len() > 1) {
            named.retain(|(extern_name, _)| *extern_name == rename.replace('-', "_"));
        }
        return named.first().map(|(_, ix)| *ix).or(Some(first));
    }
    named.first().map(|(_, ix)| *ix)
}

/// What `rustc --print cfg` says of a triple, as far as manifests ask for it. Lambda has four
/// triples, all Linux on 64 bits; running rustc for them would cost more than the resolution.
fn cfgs_of(target: &str) -> Vec<Cfg> {
    let arch = target.split('-').next().unwrap_or_default();
    let env = if target.contains("musl") { "musl" } else { "gnu" };
    let text = [
        "unix".to_owned(),
        "panic=\"unwind\"".to_owned(),
        format!("target_arch=\"{arch}\""),
        "target_endian=\"little\"".to_owned(),
        format!("target_env=\"{env}\""),
        "target_family=\"unix\"".to_owned(),
        "target_has_atomic".to_owned(),
        "target_has_atomic=\"8\"".to_owned(),
        "target_has_atomic=\"16\"".to_owned(),
        "target_has_atomic=\"32\"".to_owned(),
        "target_has_atomic=\"64\"".to_owned(),
        "target_has_atomic=\"ptr\"".to_owned(),
        "target_os=\"linux\"".to_owned(),
        "target_pointer_width=\"64\"".to_owned(),
        "target_vendor=\"unknown\"".to_owned(),
    ];
    text.iter().filter_map(|cfg| Cfg::from_str(cfg).ok()).collect()
}
