//! Compiled by the tests and used as `RUSTC_WRAPPER`: writes down what rustc is called with and
//! leaves empty outputs, so that a build takes as long as cargo itself.
//!
//! Questions about the compiler (`--print`, `-vV`) go to the real one.

use std::{
    env, fs,
    io::Write,
    path::Path,
    process::{Command, exit},
};

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let value = |flag: &str| {
        let at = arguments.iter().position(|argument| argument == flag);
        at.and_then(|at| arguments.get(at + 1)).cloned()
    };
    let name = value("--crate-name").unwrap_or_default();
    let Some(folder) = value("--out-dir").filter(|_| name != "___") else {
        let status = Command::new(&arguments[0]).args(&arguments[1..]).status();
        exit(status.ok().and_then(|status| status.code()).unwrap_or(1));
    };

    let record = env::var("RECORD").expect("the tests set it");
    let line = format!("{name}\u{1f}{}\n", arguments[1..].join("\u{1f}"));
    let file = fs::OpenOptions::new().create(true).append(true).open(record);
    file.and_then(|mut file| file.write_all(line.as_bytes())).expect("a writable record");

    let extra = arguments.iter().find_map(|argument| argument.strip_prefix("extra-filename="));
    let stem = format!("{name}{}", extra.unwrap_or_default());
    let outputs = match value("--crate-type").as_deref() {
        Some("bin") => vec![stem.clone()],
        _ => vec![format!("lib{stem}.rlib"), format!("lib{stem}.rmeta")],
    };
    for output in outputs {
        fs::write(Path::new(&folder).join(output), "").expect("a writable target folder");
    }
    let depends = Path::new(&folder).join(format!("{stem}.d"));
    fs::write(depends, "").expect("a writable target folder");
}
