//! Which binaries of a package count as functions where features choose between them.

use crate::project::Project;

fn manifest(default: &str, more: &str) -> String {
    format!(
        "[package]\nname = \"function\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
         [features]\ndefault = [{default}]\nall = [\"lambda\"]\nlambda = []\nserver = []\n\n\
         [[bin]]\nname = \"lambda\"\npath = \"lambda.rs\"\nrequired-features = [\"lambda\"]\n\n\
         [[bin]]\nname = \"server\"\npath = \"server.rs\"\n{more}\n\n\
         [dependencies]\nlambda_runtime = \"1\"\n"
    )
}

/// The binaries of which something is found.
fn looked_at(manifest: &str, arguments: &[&str]) -> Vec<String> {
    let main = "use lambda_runtime::*; fn main() { run(service_fn(h)); }
        async fn h(e: LambdaEvent<String>) { aws_sdk_s3::Client::new(&c()); }";
    let files = [("Cargo.toml", manifest), ("lambda.rs", main), ("server.rs", main)];
    let run =
        Project::with(&files).run(&[&["check", "--message-format", "json"], arguments].concat());
    let found = run.json("finding");
    let of = |one: &serde_json::Value| one["bin"].as_str().unwrap_or_default().to_owned();
    let mut bins: Vec<String> =
        found.iter().filter(|one| one["rule"] == "client-per-invocation").map(of).collect();
    bins.sort();
    bins
}

#[test]
fn features_choose_the_binary_that_a_build_makes() {
    let server = "required-features = [\"server\"]";
    let both = ["lambda", "server"].map(str::to_owned);
    for default in ["\"lambda\"", "\"all\""] {
        assert_eq!(looked_at(&manifest(default, server), &[]), both[..1], "{default}");
    }
    assert_eq!(looked_at(&manifest("\"lambda\"", server), &["--bin", "server"]), both[1..]);
    // Nothing is chosen where neither is built without being asked for, nor by a binary that is
    // always built.
    assert_eq!(looked_at(&manifest("", server), &[]), both);
    assert_eq!(looked_at(&manifest("", ""), &[]), both);
}
