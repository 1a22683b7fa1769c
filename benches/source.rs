//! How long the source analysis takes over a million lines in 200 crates that one function
//! reaches, and half of that: `cargo bench --bench source`.
//!
//! The code is generated in memory, so that the disk is not measured. Fails when the time or the
//! memory is above what is promised, or when twice the code takes much more than twice the time.

#![allow(clippy::print_stdout, reason = "a benchmark says what it measured")]

use cargo_lambda_lean::{
    facts::code::{
        self,
        load::{CrateInput, Extern},
        lower::Conditions,
        vocabulary::Vocabulary,
    },
    source::RelPath,
};
use std::{
    collections::{BTreeMap, HashMap},
    fmt::Write,
    fs,
    sync::Arc,
    time::Instant,
};

/// The longest a million lines may take, in seconds on two cores.
const LONGEST: f64 = 4.0;

/// The most memory, in megabytes.
const MOST: u64 = 1500;

fn main() {
    let half = measure(100);
    let whole = measure(200);
    let peak = peak_megabytes();
    println!("100 crates: {half:.2} s; 200 crates: {whole:.2} s; peak {peak} MB");
    assert!(whole <= LONGEST, "slower than {LONGEST} s");
    assert!(peak <= MOST, "more than {MOST} MB");
    assert!(whole <= half * 2.6, "grows faster than the code");
}

/// Analyses a workspace of so many crates of 5,000 lines each.
fn measure(crates: usize) -> f64 {
    let mut inputs = Vec::new();
    let mut files: HashMap<String, Arc<str>> = HashMap::new();
    let mut lines = 0;
    for number in 0..crates {
        let mut root = String::new();
        for module in 0..10 {
            writeln!(root, "pub mod m{module};").expect("writing to a string");
            let text = module_text(number, module);
            lines += text.lines().count();
            files.insert(format!("c{number}/src/m{module}.rs"), text.into());
        }
        files.insert(format!("c{number}/src/lib.rs"), root.into());
        let next = (number + 1 < crates).then(|| (format!("c{}", number + 1), number + 1));
        inputs.push(input(&format!("c{number}"), false, next));
    }
    files.insert("f/src/main.rs".to_owned(), MAIN.into());
    inputs.push(input("f", true, Some(("c0".to_owned(), 0))));
    assert!(lines >= crates * 5000, "{lines} lines");

    let vocabulary = Vocabulary::embedded();
    let read = |file: &RelPath| files.get(file.as_str()).cloned().ok_or("missing".to_owned());
    let start = Instant::now();
    let facts = code::analyse(inputs, &vocabulary, &read);
    let seconds = start.elapsed().as_secs_f64();
    assert_eq!(facts.world.unread, []);
    let clients = facts.calls(crates).filter(|(_, call)| call.path.contains("Client::new")).count();
    assert_eq!(clients, crates * 10, "every module is reached");
    seconds
}

const MAIN: &str = "
use lambda_runtime::{run, service_fn, Error, LambdaEvent};

#[tokio::main]
async fn main() -> Result<(), Error> {
    run(service_fn(handler)).await
}

async fn handler(event: LambdaEvent<String>) -> Result<u64, Error> {
    Ok(c0::m0::work_0(&event.payload, 1).await?)
}
";

fn input(name: &str, is_bin: bool, local: Option<(String, usize)>) -> CrateInput {
    let foreign = ["lambda_runtime", "aws_sdk_dynamodb", "aws_config", "serde", "tokio", "tracing"];
    let mut externs: BTreeMap<String, Extern> =
        foreign.iter().map(|n| ((*n).to_owned(), Extern::Foreign((*n).to_owned()))).collect();
    externs.extend(local.map(|(name, index)| (name, Extern::Local(index))));
    let file = if is_bin { "main" } else { "lib" };
    CrateInput {
        name: name.to_owned(),
        is_bin,
        root: RelPath::new(format!("{name}/src/{file}.rs")),
        externs,
        conditions: Conditions::default(),
    }
}

/// A module of 500 lines: types, methods, matches, chains and macros as services have them. Each
/// function calls the next, the last one the next module, the last module the next crate.
fn module_text(crate_number: usize, module: usize) -> String {
    let mut text = String::from(
        "//! Generated.\n\nuse aws_sdk_dynamodb::Client;\nuse serde::{Deserialize, Serialize};\n\
         use std::collections::HashMap;\n\n\
         #[derive(Clone, Debug, Deserialize, Serialize)]\npub struct Order {\n    pub id: String,\n    \
         pub lines: Vec<Line>,\n}\n\n#[derive(Clone, Debug, Deserialize, Serialize)]\npub struct Line {\n    \
         pub article: String,\n    pub quantity: u64,\n}\n\nimpl Order {\n    \
         pub fn pieces(&self) -> u64 {\n        self.lines.iter().map(|line| line.quantity).sum()\n    }\n}\n",
    );
    let functions = 20;
    for number in 0..functions {
        let next = if number + 1 < functions {
            format!("work_{}(key, depth + 1).await?", number + 1)
        } else if module < 9 {
            format!("crate::m{}::work_0(key, depth + 1).await?", module + 1)
        } else if crate_number < 199 {
            format!("c{}::m0::work_0(key, depth + 1).await.unwrap_or(0)", crate_number + 1)
        } else {
            "0".to_owned()
        };
        let client = match number {
            0 => "let client = Client::new(&aws_config::load_from_env().await);",
            _ => "let client = known(key);",
        };
        write!(
            text,
            r#"
/// Does step {number} of the work for a key.
#[tracing::instrument(skip(depth))]
pub async fn work_{number}(key: &str, depth: u64) -> Result<u64, Box<dyn std::error::Error>> {{
    {client}
    let mut counts: HashMap<String, u64> = HashMap::new();
    for part in key.split('/').filter(|part| !part.is_empty()) {{
        *counts.entry(part.to_owned()).or_insert(0) += depth;
    }}
    let order = Order {{
        id: format!("{{key}}-{number}"),
        lines: vec![Line {{ article: key.to_owned(), quantity: depth + {number} }}],
    }};
    let found = match counts.get(&order.id) {{
        Some(count) if *count > 3 => *count,
        Some(count) => count + order.pieces(),
        None => 0,
    }};
    if found == 0 && depth % 7 == {number} {{
        tracing::info!(key, found, "nothing found");
        return Ok(order.pieces());
    }}
    let later = {next};
    Ok(later + found + order.pieces())
}}
"#
        )
        .expect("writing to a string");
    }
    text.push_str("\nfn known(key: &str) -> usize {\n    key.len()\n}\n");
    text
}

/// The most memory this process ever had in use.
fn peak_megabytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) / 1024
}
