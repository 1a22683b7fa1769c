//! What a recording compiler cannot show: places, what is beaten, other versions of cargo-lambda
//! and other targets. That the flags are right is proven in `tests/it/profile_proof.rs`.

use super::*;
use crate::source::{RelPath, Sources};
use semver::Version;

/// A profile resolved from a manifest, config files (nearest first) and variables.
struct Setup {
    root: Document,
    configs: Vec<Document>,
    env: BTreeMap<String, String>,
    sources: Sources,
}

impl Setup {
    fn new(manifest: &str, configs: &[&str], env: &[(&str, &str)]) -> Self {
        let mut sources = Sources::default();
        let mut document = |file: String, text: &str| {
            let file = RelPath::new(file);
            sources.insert(file.clone(), text);
            Document::parse(&file, text).expect("valid TOML")
        };
        let root = document("Cargo.toml".to_owned(), manifest);
        let configs = configs.iter().enumerate();
        let configs = configs.map(|(n, text)| document(format!("config-{n}"), text)).collect();
        let env = env.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        Setup { root, configs, env, sources }
    }

    fn resolve(
        &self,
        cargo_lambda: Option<&str>,
        profile: &str,
        target: &str,
    ) -> Result<EffectiveProfile, String> {
        let cargo_lambda = cargo_lambda.map(|version| CargoLambda {
            version: Version::parse(version).expect("a version"),
            build: LambdaBuild::read(&self.root, Some(&self.root), None, &self.env),
            disabled: None,
        });
        let input = ProfileInput {
            root: &self.root,
            configs: &self.configs,
            env: &self.env,
            cargo_lambda: cargo_lambda.as_ref(),
            profile,
            package: PackageName { name: "fun", version: Some("0.1.0") },
            dependencies: &[],
            target,
        };
        effective(&input).map_err(|error| error.message)
    }

    fn at(&self, setting: &Setting) -> String {
        match &setting.origin {
            Origin::Written(place) => {
                let line = self.sources.position(&place.file, place.span.start).line;
                format!("{}={} {}:{line}", setting.table, setting.value, place.file)
            }
            Origin::Environment(name) => format!("{}={} ${name}", setting.table, setting.value),
            Origin::Injected => format!("{}={} injected", setting.table, setting.value),
            Origin::Default => format!("{} default", setting.value),
        }
    }
}

const X86: &str = "x86_64-unknown-linux-gnu";

#[test]
fn everything_that_is_beaten_is_listed_nearest_first() {
    let setup = Setup::new(
        "[profile.release]\nlto = 'off'\n[profile.lean]\ninherits = 'release'\nlto = 'thin'\n",
        &["[profile.lean]\nlto = true", "profile.lean.lto = 'fat'\nprofile.release.lto = 'thin'"],
        &[("CARGO_PROFILE_LEAN_LTO", "false"), ("RUSTFLAGS", "-Clto=fat")],
    );
    let profile = setup.resolve(None, "lean", X86).expect("it resolves");
    let lto = profile.get(Key::Lto);
    assert_eq!(setup.at(&lto.winner), "rustflags=fat $RUSTFLAGS");
    let beaten: Vec<String> = lto.shadowed.iter().map(|setting| setup.at(setting)).collect();
    assert_eq!(
        beaten,
        [
            "profile.lean=thin-local $CARGO_PROFILE_LEAN_LTO",
            "profile.lean=fat config-0:2",
            "profile.lean=fat config-1:1",
            "profile.lean=thin Cargo.toml:5",
            "profile.release=thin config-1:2",
            "profile.release=off Cargo.toml:2",
        ]
    );
    assert_eq!(lto.flags, ["-C", "embed-bitcode=no"], "cargo still passes its own");
    assert_eq!(profile.chain, ["lean", "release"]);
    assert_eq!(setup.at(&profile.get(Key::OptLevel).winner), "3 default");
}

#[test]
fn versions_of_cargo_lambda_differ() {
    let setup = Setup::new(
        "[package.metadata.lambda.build]\nenv = { RUSTFLAGS = '-Ctarget-cpu=a' }\n\
         [profile.release]\ndebug = 1\nlto = 'fat'\n",
        &["[build]\nrustflags = ['-Cb']"],
        &[],
    );
    for (version, expected) in [
        ("0.22.0", "strip=symbols injected; -C target-cpu=haswell"),
        ("1.1.0", "strip=symbols injected; -C target-cpu=haswell"),
        ("1.2.0", "strip=symbols injected; -C target-cpu=haswell"),
        ("1.2.1", "none default; -C target-cpu=haswell"),
        ("1.2.2", "none default; -Cb -C target-cpu=haswell"),
        ("1.8.6", "none default; -Cb -C target-cpu=haswell"),
        ("1.9.2", "none default; -Ctarget-cpu=a"),
        ("7.0.0", "none default; -Ctarget-cpu=a"),
    ] {
        let profile = setup.resolve(Some(version), "release", X86).expect("it resolves");
        let flags: Vec<&str> = profile.rustflags.flags.iter().map(|f| f.text.as_str()).collect();
        let strip = setup.at(&profile.get(Key::Strip).winner);
        let said = format!("{}; {}", strip.replace("profile.release=", "strip="), flags.join(" "));
        assert_eq!(said, expected, "{version}");
        assert_eq!(profile.value(Key::Lto), "fat");
        assert_eq!(profile.injection, Injection::Applied);
    }
}

#[test]
fn the_processor_follows_the_target() {
    let setup = Setup::new("", &[], &[]);
    for (target, cpu) in [
        (X86, "haswell"),
        ("x86_64-unknown-linux-musl", "haswell"),
        ("aarch64-unknown-linux-gnu", "neoverse-n1"),
    ] {
        let profile = setup.resolve(Some("1.9.2"), "release", target).expect("it resolves");
        assert_eq!(profile.rustflags.target_cpu(), Some((cpu, &Origin::Injected)));
        let custom = setup.resolve(Some("1.9.2"), "bench", target).expect("it resolves");
        assert_eq!(custom.rustflags.target_cpu(), None);
        assert_eq!(custom.injection, Injection::OtherProfile);
    }
}

#[test]
fn conditions_on_the_target_are_understood() {
    let config = "[target.'cfg(all(target_arch = \"aarch64\", not(windows)))']\n\
                  rustflags = ['-Ctarget-cpu=a']\n\
                  [target.'cfg(target_env = \"musl\")']\nrustflags = '-C target-cpu=b'\n\
                  [target.aarch64-unknown-linux-gnu]\nrustflags = ['-Cc']\n";
    let setup = Setup::new("", &[config], &[]);
    for (target, expected) in [
        ("aarch64-unknown-linux-gnu", vec!["-Cc", "-Ctarget-cpu=a"]),
        ("x86_64-unknown-linux-musl", vec!["-C", "target-cpu=b"]),
        (X86, vec![]),
        ("aarch64-pc-windows-msvc", vec![]),
    ] {
        let profile = setup.resolve(None, "release", target).expect("it resolves");
        let flags: Vec<&str> = profile.rustflags.flags.iter().map(|f| f.text.as_str()).collect();
        assert_eq!(flags, expected, "{target}");
    }
}

#[test]
fn what_is_dropped_and_what_conflicts_keeps_its_place() {
    let setup = Setup::new(
        "",
        &["[build]\nrustflags = '-Ca'\n[target.x86_64-unknown-linux-gnu]\nrustflags = ['-Cb']"],
        &[],
    );
    let rustflags = setup.resolve(Some("1.9.2"), "release", X86).expect("it resolves").rustflags;
    assert_eq!(rustflags.source, Some(Source::Target));
    let (source, dropped) = &rustflags.dropped[0];
    assert_eq!(
        (*source, dropped.last().map(|f| &f.origin)),
        (Source::Build, Some(&Origin::Injected))
    );
    let conflict = rustflags.conflict.expect("a string meets a list");
    assert_eq!((conflict.key.as_str(), conflict.list), ("build.rustflags", Origin::Injected));
    assert!(matches!(conflict.string, Origin::Written(place) if place.file.as_str() == "config-0"));
}

#[test]
fn what_cargo_refuses_is_refused_with_its_place() {
    for (manifest, env, said) in [
        ("[profile.release]\nlto = 3", "", "`lto` of `profile.release` at Cargo.toml:2:1"),
        ("[profile.release]\nopt-level = '3'", "", "cargo takes no `'3'`"),
        ("", "many", "environment variable `CARGO_PROFILE_RELEASE_CODEGEN_UNITS`"),
    ] {
        let variables = [("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", env)];
        let variables = if env.is_empty() { &[][..] } else { &variables[..] };
        let error = Setup::new(manifest, &[], variables).resolve(None, "release", X86);
        let error = error.expect_err("it is refused");
        assert!(error.contains(said), "{error}");
    }
    let circle = "[profile.a]\ninherits = 'b'\n[profile.b]\ninherits = 'a'";
    let error = Setup::new(circle, &[], &[]).resolve(None, "a", X86).expect_err("a circle");
    assert!(error.contains("`b` inherits `a`"), "{error}");
    let error = Setup::new("", &[], &[]).resolve(None, "lean", X86).expect_err("no such profile");
    assert!(error.contains("`[profile.lean]` with `inherits`"), "{error}");
}

#[test]
fn settings_of_cargo_lambda_have_an_order() {
    let parse = |file: &str, text: &str| Document::parse(&RelPath::new(file), text).expect("TOML");
    let root =
        parse("Cargo.toml", "[workspace.metadata.lambda.build]\ndisable_optimizations = true");
    let member = parse(
        "m/Cargo.toml",
        "[package.metadata.lambda.build]\ndisable_optimizations = false\narm64 = true\nrelease = true",
    );
    let file = parse("CargoLambda.toml", "[build]\ntarget = ['x86_64-unknown-linux-musl']");
    let env = BTreeMap::from([("CARGO_LAMBDA_BUILD.PROFILE".to_owned(), "lean".to_owned())]);
    let build = LambdaBuild::read(&root, Some(&member), Some(&file), &env);
    let off = build.disable_optimizations.expect("on in the workspace");
    assert!(matches!(off, Origin::Written(place) if place.file.as_str() == "Cargo.toml"));
    assert_eq!(build.target.expect("arm64").0, "aarch64-unknown-linux-gnu");
    let variable = Origin::Environment("CARGO_LAMBDA_BUILD.PROFILE".to_owned());
    assert_eq!(build.profile, Some(("lean".to_owned(), variable)));
    let build = LambdaBuild::read(&root, None, Some(&file), &BTreeMap::new());
    assert_eq!(build.target.expect("in the file").0, "x86_64-unknown-linux-musl");
    assert_eq!(build.profile, None);
}
