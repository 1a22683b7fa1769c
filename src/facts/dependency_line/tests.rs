//! Every shape a dependency line can have keeps its bytes.

use super::*;
use crate::source::RelPath;

fn trimmed(text: &str, features: &[&str]) -> String {
    let manifest = Document::parse(&RelPath::new("Cargo.toml"), text).expect("valid TOML");
    let declared = Declared {
        document: &manifest,
        path: vec!["dependencies".into(), "x".into()],
        own: (&manifest, Vec::new()),
        place: manifest.place(&["dependencies", "x"]),
        inherited_at: None,
    };
    let features: Vec<String> = features.iter().map(|name| (*name).to_owned()).collect();
    let edits = declared.without_defaults(&features).expect("a shape with an edit");
    applied(text, edits)
}

fn applied(text: &str, mut edits: Vec<Edit>) -> String {
    let mut text = text.to_owned();
    edits.sort_by_key(|edit| edit.span);
    for edit in edits.iter().rev() {
        text.replace_range(edit.span.range(), &edit.text);
    }
    text
}

#[test]
fn a_version_becomes_a_table() {
    assert_eq!(
        trimmed("\u{feff}[dependencies]\r\nx = \"1\" # why\r\n", &["a", "b"]),
        "\u{feff}[dependencies]\r\nx = { version = \"1\", default-features = false, features = \
         [\"a\", \"b\"] } # why\r\n"
    );
    assert_eq!(
        trimmed("dependencies.x = '1'", &[]),
        "dependencies.x = { version = '1', default-features = false }"
    );
}

#[test]
fn an_inline_table_keeps_what_it_has() {
    assert_eq!(
        trimmed("[dependencies]\nx = { version = \"1\", features = [\"a\"] }\n", &["a", "b"]),
        "[dependencies]\nx = { version = \"1\", features = [\"a\", \"b\"], default-features = \
         false }\n"
    );
    assert_eq!(
        trimmed("[dependencies]\nx = { version = \"1\", default-features = true }\n", &["b"]),
        "[dependencies]\nx = { version = \"1\", default-features = false, features = [\"b\"] }\n"
    );
    assert_eq!(
        trimmed("[dependencies]\nx = { path = \"x\" }\n", &["b"]),
        "[dependencies]\nx = { path = \"x\", default-features = false, features = [\"b\"] }\n"
    );
}

#[test]
fn a_table_gets_lines_in_its_own_layout() {
    assert_eq!(
        trimmed(
            "[dependencies.x]\r\nversion = \"1\"\r\nfeatures = [\r\n    \"a\", # kept\r\n]\r\n\r\n[features]\r\n",
            &["b", "c"]
        ),
        "[dependencies.x]\r\nversion = \"1\"\r\nfeatures = [\r\n    \"a\",\r\n    \"b\",\r\n    \
         \"c\", # kept\r\n]\r\ndefault-features = false\r\n\r\n[features]\r\n"
    );
    assert_eq!(
        trimmed("[dependencies]\nx.version = \"1\"\ny = \"2\"\n", &["b"]),
        "[dependencies]\nx.version = \"1\"\nx.default-features = false\nx.features = \
         [\"b\"]\ny = \"2\"\n"
    );
    assert_eq!(
        trimmed("[dependencies.x]\nversion = \"1\"\n", &["b"]),
        "[dependencies.x]\nversion = \"1\"\ndefault-features = false\nfeatures = [\"b\"]\n"
    );
}

#[test]
fn a_feature_leaves_a_list_without_a_trace() {
    let without = |text: &str| {
        let manifest = Document::parse(&RelPath::new("Cargo.toml"), text).expect("valid TOML");
        let declared = Declared {
            document: &manifest,
            path: vec!["x".into()],
            own: (&manifest, Vec::new()),
            place: manifest.place(&["x"]),
            inherited_at: None,
        };
        applied(text, declared.without_feature("t").into_iter().collect())
    };
    assert_eq!(without("x.features = [\"a\", \"t\"]\n"), "x.features = [\"a\"]\n");
    assert_eq!(without("x.features = [\"t\", \"a\"]\n"), "x.features = [\"a\"]\n");
    assert_eq!(without("x.features = [\"t\"]\n"), "x.features = []\n");
    assert_eq!(
        without("[x]\nfeatures = [\n  \"a\",\n  \"t\",\n]\n"),
        "[x]\nfeatures = [\n  \"a\",\n]\n"
    );
}
