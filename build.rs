//! Lists `rules/*.toml` into one embedded table, sorted by name, so that the directory is the
//! registry of rules: adding a rule is adding a file.

use std::{env, fmt::Write, fs, path::Path};

fn main() {
    println!("cargo::rerun-if-changed=rules");
    let rules = Path::new(&env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("rules");
    let mut ids: Vec<String> = fs::read_dir(&rules)
        .expect("the package holds a `rules` directory")
        .filter_map(|entry| {
            let name = entry.expect("a readable `rules` directory").file_name();
            let name = name.to_str().expect("rule files have UTF-8 names");
            name.strip_suffix(".toml").map(str::to_owned)
        })
        .collect();
    ids.sort();

    let mut table = String::from("[\n");
    for id in ids {
        let file = rules.join(format!("{id}.toml"));
        writeln!(table, "    ({id:?}, include_str!({file:?})),").expect("writing to a string");
    }
    table.push(']');
    let out = Path::new(&env::var("OUT_DIR").expect("cargo sets it")).join("rules.rs");
    fs::write(out, table).expect("a writable OUT_DIR");
}
