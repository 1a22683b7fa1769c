//! How a function is built: by what, with which profile, for which target, and what follows.
//!
//! Joins what the user chose, metadata, build files and the environment into one answer per
//! function, each part with the reason for it. Flags beat metadata, metadata beats what build
//! files show, and cargo-lambda with the profile `release` is taken when nothing speaks.

use super::{
    BuilderKind, Request,
    builder::{Choice, Command, Detected},
    document::Document,
    profile::{
        self, CargoLambda, EffectiveProfile, LambdaBuild, Linked, Origin, PackageName,
        ProfileInput, newest_known,
    },
    settings::Settings,
    template::Deployment,
    workspace::{DependencyKind, Package, Workspace},
};
use crate::{finding::BadInput, source::Place};
use semver::Version;
use std::collections::BTreeMap;

/// Where cargo-lambda puts its artefacts: `target/lambda`.
const OUTPUT_FOLDER: &str = "lambda";

/// What a build reads besides manifests and sources.
#[derive(Clone, Debug)]
pub struct BuildInputs {
    /// Cargo's config files, highest first.
    pub configs: Vec<Document>,
    /// `CargoLambda.toml`.
    pub lambda_toml: Option<Document>,
    /// The environment.
    pub env: BTreeMap<String, String>,
    /// What build files say.
    pub detected: Detected,
    /// What templates say of the deployment.
    pub deployment: Deployment,
    /// The target rustc builds for by itself.
    pub host: String,
    /// The version of the cargo-lambda that is installed.
    pub cargo_lambda: Option<Version>,
}

/// How one function is built.
#[derive(Clone, Debug)]
pub struct Build {
    /// By what.
    pub builder: BuilderKind,
    /// Why by that.
    pub builder_choice: Choice,
    /// The version of cargo-lambda that is assumed, where it builds.
    pub cargo_lambda: Option<Version>,
    /// With which profile.
    pub profile: String,
    /// Why with that.
    pub profile_choice: Choice,
    /// For which target of rustc.
    pub target: String,
    /// Why for that.
    pub target_choice: Choice,
    /// What of the profile reaches rustc.
    pub effective: EffectiveProfile,
}

/// What the manifests of a function say.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The workspace.
    pub workspace: &'a Workspace,
    /// The function's package.
    pub package: &'a Package,
    /// `[package.metadata.lambda-lean]`.
    pub settings: &'a Settings,
    /// `[workspace.metadata.lambda-lean]`.
    pub workspace_settings: &'a Settings,
}

impl Build {
    /// The builder as findings name it: "cargo", or "cargo-lambda 1.9.2".
    pub fn label(&self) -> String {
        match &self.cargo_lambda {
            Some(version) => format!("{} {version}", self.builder),
            None => self.builder.to_string(),
        }
    }

    /// Works out how a function is built.
    pub fn of(
        subject: Subject<'_>,
        request: &Request,
        inputs: &BuildInputs,
    ) -> Result<Self, BadInput> {
        let Subject { workspace, package, .. } = subject;
        let (builder, builder_choice) = builder(subject, request, inputs);
        let bins = package.targets.iter().filter(|target| target.is_bin);
        let names: Vec<&str> =
            bins.map(|target| target.name.as_str()).chain([package.name.as_str()]).collect();
        let commands: Vec<&Command> = inputs.detected.commands_for(builder, &names).collect();

        let by_cargo_lambda = builder == BuilderKind::CargoLambda;
        let lambda = by_cargo_lambda.then(|| {
            let lambda_toml = inputs.lambda_toml.as_ref();
            LambdaBuild::read(&workspace.root, Some(&package.manifest), lambda_toml, &inputs.env)
        });
        let (profile, profile_choice) = profile_name(subject, request, lambda.as_ref(), &commands);
        if profile == OUTPUT_FOLDER {
            let message = format!(
                "failed to use the profile `{profile}`: cargo would write it to \
                 `target/{profile}`, where cargo-lambda puts its artefacts; choose another name"
            );
            return Err(BadInput { file: None, message });
        }
        let commands: Vec<&Command> =
            commands.into_iter().filter(|command| command.profile == profile).collect();
        let (target, target_choice) = target(builder, lambda.as_ref(), &commands, inputs);

        let cargo_lambda = lambda.map(|build| {
            // One command among several is somebody's shortcut; all of them are how it is built.
            let all = !commands.is_empty() && commands.iter().all(|it| it.disables_optimizations);
            let disabled = commands.first().filter(|_| all);
            CargoLambda {
                version: inputs.cargo_lambda.as_ref().unwrap_or(newest_known()).clone(),
                build,
                disabled: disabled.map(|command| Origin::Written(command.place.clone())),
            }
        });
        let effective = profile::effective(&ProfileInput {
            root: &workspace.root,
            configs: &inputs.configs,
            env: &inputs.env,
            cargo_lambda: cargo_lambda.as_ref(),
            profile: &profile,
            package: PackageName {
                name: &package.name,
                version: package.manifest.string(&["package", "version"]),
            },
            dependencies: &linked(workspace, package),
            target: &target,
        })?;
        Ok(Build {
            builder,
            builder_choice,
            cargo_lambda: cargo_lambda.map(|it| it.version),
            profile,
            profile_choice,
            target,
            target_choice,
            effective,
        })
    }
}

fn builder(subject: Subject<'_>, request: &Request, inputs: &BuildInputs) -> (BuilderKind, Choice) {
    if let Some(builder) = request.builder {
        return (builder, Choice::Flag);
    }
    let set = subject.settings.builder.as_ref().or(subject.workspace_settings.builder.as_ref());
    if let Some((builder, place)) =
        set.and_then(|(name, place)| Some((BuilderKind::named(name)?, place)))
    {
        return (builder, Choice::Metadata(place.clone()));
    }
    match &inputs.detected.builder {
        Some((builder, place)) => (*builder, Choice::Detected(place.clone())),
        None => (BuilderKind::CargoLambda, Choice::Default),
    }
}

fn profile_name(
    subject: Subject<'_>,
    request: &Request,
    lambda: Option<&LambdaBuild>,
    commands: &[&Command],
) -> (String, Choice) {
    if let Some(profile) = &request.profile {
        return (profile.clone(), Choice::Flag);
    }
    let set = subject.settings.profile.as_ref().or(subject.workspace_settings.profile.as_ref());
    if let Some((profile, place)) = set {
        return (profile.clone(), Choice::Metadata(place.clone()));
    }
    if let Some((profile, origin)) = lambda.and_then(|lambda| lambda.profile.as_ref()) {
        return (profile.clone(), detected(origin));
    }
    match commands.iter().find(|command| command.profile != "dev") {
        Some(command) => (command.profile.clone(), Choice::Detected(command.place.clone())),
        None => ("release".to_owned(), Choice::Default),
    }
}

fn detected(origin: &Origin) -> Choice {
    match origin {
        Origin::Written(place) => Choice::Detected(place.clone()),
        Origin::Environment(name) => Choice::Environment(name.clone()),
        Origin::Injected | Origin::Default => Choice::Default,
    }
}

fn target(
    builder: BuilderKind,
    lambda: Option<&LambdaBuild>,
    commands: &[&Command],
    inputs: &BuildInputs,
) -> (String, Choice) {
    let bare = |target: &str| target.split('.').next().unwrap_or(target).to_owned();
    if let Some((target, origin)) = lambda.and_then(|lambda| lambda.target.as_ref()) {
        return (bare(target), detected(origin));
    }
    let said = commands.iter().find_map(|command| Some((command.target.as_ref()?, &command.place)));
    if let Some((target, place)) = said {
        return (bare(target), Choice::Detected(place.clone()));
    }
    let supported = ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"];
    match builder {
        // It passes a target of its own, so that of the configuration does not count.
        BuilderKind::CargoLambda if !supported.contains(&inputs.host.as_str()) => {
            (supported[0].to_owned(), Choice::Default)
        }
        BuilderKind::Cargo => {
            configured_target(inputs).unwrap_or((inputs.host.clone(), Choice::Default))
        }
        BuilderKind::CargoLambda => (inputs.host.clone(), Choice::Default),
    }
}

fn configured_target(inputs: &BuildInputs) -> Option<(String, Choice)> {
    let variable = "CARGO_BUILD_TARGET";
    if let Some(target) = inputs.env.get(variable) {
        return Some((target.clone(), Choice::Environment(variable.to_owned())));
    }
    let written = |config: &Document| -> Option<(String, Place)> {
        let entry = config.get(&["build", "target"])?;
        let first = entry.item.as_array().and_then(|targets| targets.get(0)?.as_str());
        Some((entry.item.as_str().or(first)?.to_owned(), entry.place()))
    };
    let (target, place) = inputs.configs.iter().find_map(written)?;
    Some((target, Choice::Detected(place)))
}

/// The direct dependencies that are linked. Which of them are proc macros is not known from
/// manifests; it matters only to a `build-override` with debug info.
fn linked<'a>(workspace: &'a Workspace, package: &'a Package) -> Vec<Linked<'a>> {
    let dependencies = package.dependencies.iter();
    let normal = dependencies.filter(|dependency| dependency.kind == DependencyKind::Normal);
    let linked = normal.map(|dependency| {
        let local = dependency.path.as_ref().and_then(|dir| workspace.package_in(dir));
        Linked {
            package: PackageName { name: &dependency.package, version: None },
            is_member: local.is_some_and(|local| local.is_member),
            is_proc_macro: false,
        }
    });
    linked.collect()
}
