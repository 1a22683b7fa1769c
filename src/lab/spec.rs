//! The command line's `--variant NAME=key=value,…` as a value: which function, how it is built and
//! which variables it gets. Profile keys are spelled as cargo spells them. What is not said is as
//! cargo has it; what is not known is refused.

use std::{collections::BTreeMap, path::PathBuf, str::FromStr};

use anyhow::{Error, Result, anyhow, bail};
use serde::{Deserialize, Serialize};

/// A way to build and run a function.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Spec {
    /// What the reports call it.
    pub name: String,
    /// The function's directory or manifest; None for that of the command.
    #[serde(skip)]
    pub path: Option<PathBuf>,
    /// The package, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub package: Option<String>,
    /// The binary, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bin: Option<String>,
    /// A binary that is already built.
    #[serde(skip)]
    pub binary: Option<PathBuf>,
    /// The rules whose fixes are applied before it is built, in a copy; `all` for each one that
    /// finds something.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub apply: Vec<String>,
    /// The panic strategy to write where `apply` has to choose one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub panic: Option<String>,
    /// What builds it.
    pub builder: Builder,
    /// Values of the release profile, as TOML.
    pub profile: BTreeMap<String, String>,
    /// Features of the package.
    pub features: Vec<String>,
    /// Whether its default features are off.
    pub no_default_features: bool,
    /// Variables of the build.
    pub build_env: BTreeMap<String, String>,
    /// Variables of the function; an empty value removes one.
    pub env: BTreeMap<String, String>,
}

/// What builds a function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Builder {
    /// `cargo build --release`.
    #[default]
    Cargo,
    /// `cargo lambda build --release`, which adds profile values of its own.
    CargoLambda,
}

impl Builder {
    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cargo => "cargo",
            Self::CargoLambda => "cargo-lambda",
        }
    }
}

impl FromStr for Builder {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "cargo" => Ok(Self::Cargo),
            "cargo-lambda" => Ok(Self::CargoLambda),
            _ => bail!("failed to read the builder `{text}`: it is `cargo` or `cargo-lambda`"),
        }
    }
}

const PROFILE: [&str; 9] = [
    "opt-level",
    "lto",
    "codegen-units",
    "panic",
    "strip",
    "debug",
    "overflow-checks",
    "debug-assertions",
    "incremental",
];
const OTHERS: [&str; 8] =
    ["apply", "builder", "features", "no-default-features", "path", "package", "bin", "binary"];

impl FromStr for Spec {
    type Err = Error;

    /// Reads `NAME` or `NAME=key=value,key=value`.
    fn from_str(text: &str) -> Result<Self> {
        let (name, keys) = text.split_once('=').unwrap_or((text, ""));
        let mut spec = Self { name: name.trim().to_owned(), ..Self::default() };
        if spec.name.is_empty() {
            bail!("failed to read the variant `{text}`: it is NAME=key=value,key=value");
        }
        for part in keys.split(',').filter(|part| !part.trim().is_empty()) {
            // In one line: the command line's parser shows no causes.
            spec.set(part.trim())
                .map_err(|error| anyhow!("failed to read the variant {name}: {error:#}"))?;
        }
        if !spec.apply.is_empty() {
            spec.panic = spec.profile.remove("panic").map(|text| text.trim_matches('"').to_owned());
        }
        Ok(spec)
    }
}

impl Spec {
    /// This variant, and after it one for each of some rules, applied on top of those before it.
    /// A rule with variables in `by_env` is not applied: setting them is what it asks for.
    pub fn stepwise(
        self,
        panic: Option<&str>,
        steps: &[Vec<String>],
        by_env: &BTreeMap<String, BTreeMap<String, String>>,
    ) -> Vec<Self> {
        let mut now = Self { panic: panic.map(str::to_owned), ..self.clone() };
        let mut specs = vec![self];
        for step in steps {
            now.name = format!("+ {}", step.join(", "));
            for rule in step {
                match by_env.get(rule) {
                    Some(variables) => now.env.extend(variables.clone()),
                    None => now.apply.push(rule.clone()),
                }
            }
            specs.push(now.clone());
        }
        specs
    }

    fn set(&mut self, part: &str) -> Result<()> {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        let value = value.trim();
        if let Some(variable) = key.strip_prefix("env.") {
            self.env.insert(variable.to_owned(), value.to_owned());
            return Ok(());
        }
        if let Some(variable) = key.strip_prefix("build-env.") {
            self.build_env.insert(variable.to_owned(), value.to_owned());
            return Ok(());
        }
        if PROFILE.contains(&key) {
            self.profile.insert(key.to_owned(), toml_value(value));
            return Ok(());
        }
        match key {
            "builder" => self.builder = value.parse()?,
            "apply" => self.apply = list(value),
            "features" => self.features = list(value),
            "no-default-features" => self.no_default_features = true,
            "path" => self.path = Some(value.into()),
            "package" => self.package = Some(value.to_owned()),
            "bin" => self.bin = Some(value.to_owned()),
            "binary" => self.binary = Some(value.into()),
            _ => {
                let known = PROFILE.iter().chain(&OTHERS).copied();
                let near = known
                    .max_by(|a, b| strsim::jaro(key, a).total_cmp(&strsim::jaro(key, b)))
                    .expect("there are keys");
                bail!("unknown key `{key}`; did you mean `{near}`? (also env.NAME, build-env.NAME)")
            }
        }
        Ok(())
    }
}

/// A comma already ends the value, so these are separated by `+`.
fn list(value: &str) -> Vec<String> {
    value.split([' ', '+']).map(str::to_owned).collect()
}

/// A value as cargo's `--config` wants it: numbers and booleans bare, the rest quoted.
fn toml_value(value: &str) -> String {
    let bare = value.parse::<i64>().is_ok() || value.parse::<bool>().is_ok();
    if bare { value.to_owned() } else { format!("{value:?}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variant_is_read_with_cargos_own_words() {
        let spec: Spec =
            "lean=builder=cargo-lambda,lto=fat,opt-level=3,strip=symbols,features=a+b,apply=x+y,\
                          no-default-features,env.A=1,build-env.B=2=3,path=x/y"
                .parse()
                .expect("a variant");
        assert_eq!((spec.name.as_str(), spec.builder), ("lean", Builder::CargoLambda));
        assert_eq!(spec.profile["lto"], "\"fat\"");
        assert_eq!(spec.profile["opt-level"], "3");
        assert_eq!((spec.features.len(), spec.no_default_features), (2, true));
        assert_eq!(spec.apply, ["x", "y"]);
        assert_eq!((spec.env["A"].as_str(), spec.build_env["B"].as_str()), ("1", "2=3"));
        assert_eq!("plain".parse::<Spec>().expect("a variant").builder, Builder::Cargo);
    }

    #[test]
    fn a_step_comes_on_top_of_those_before_it() {
        let step = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        let now: Spec = "now=builder=cargo-lambda".parse().expect("a variant");
        let steps = [step(&["a", "b"]), step(&["v"]), step(&["c"])];
        let variables: BTreeMap<_, _> = [("V".to_owned(), "1".to_owned())].into();
        let specs = now.stepwise(Some("abort"), &steps, &[("v".to_owned(), variables)].into());
        let names: Vec<&str> = specs.iter().map(|spec| spec.name.as_str()).collect();
        assert_eq!(names, ["now", "+ a, b", "+ v", "+ c"]);
        assert_eq!([specs[1].env.len(), specs[2].env.len(), specs[3].env.len()], [0, 1, 1]);
        assert!(specs[0].apply.is_empty() && specs[0].panic.is_none());
        assert_eq!(specs[3].apply, ["a", "b", "c"]);
        assert!(specs.iter().all(|spec| spec.builder == Builder::CargoLambda));
        // Where fixes are applied, `panic` is what they may write and not an override.
        let lean: Spec = "lean=panic=abort,apply=all".parse().expect("a variant");
        assert_eq!((lean.panic.as_deref(), lean.profile.len()), (Some("abort"), 0));
    }

    #[test]
    fn a_mistake_is_named_with_what_was_meant() {
        let error = format!("{:#}", "x=opt-lvl=z".parse::<Spec>().expect_err("a mistake"));
        assert!(error.contains("did you mean `opt-level`?"), "{error}");
        let error = format!("{:#}", "x=builder=make".parse::<Spec>().expect_err("a mistake"));
        assert!(error.contains("`cargo` or `cargo-lambda`"), "{error}");
    }
}
