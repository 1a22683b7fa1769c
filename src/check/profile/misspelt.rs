//! Does a profile hold a key that cargo does not know?

use crate::{
    check::{Change, Hit, Outcome},
    facts::{Facts, document::Document, toml_edits, workspace::Function},
    finding::Safety,
};
use serde::Deserialize;

/// See the module.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct MisspeltProfileKey {
    /// Every key cargo knows, unstable ones included.
    known: Vec<String>,
}

impl MisspeltProfileKey {
    /// A hit for each unknown key in the root manifest and the config files of the workspace.
    pub fn ask(&self, facts: &Facts, _: &Function) -> Outcome {
        let configs =
            facts.build_inputs.configs.iter().filter(|d| !d.file.as_str().starts_with("../"));
        let documents = [&facts.workspace.root].into_iter().chain(configs);
        Outcome::Hits(documents.flat_map(|document| self.in_document(document)).collect())
    }

    fn in_document(&self, document: &Document) -> Vec<Hit> {
        let mut hits = Vec::new();
        for profile in document.entries(&["profile"]) {
            let own = vec!["profile".to_owned(), profile.key.to_owned()];
            let packages: Vec<&str> = vec!["profile", profile.key, "package"];
            let packages = document.entries(&packages).into_iter();
            let packages = packages.map(|package| {
                own.iter().cloned().chain(["package".to_owned(), package.key.to_owned()]).collect()
            });
            let build = own.iter().cloned().chain(["build-override".to_owned()]).collect();
            for table in [own.clone(), build].into_iter().chain(packages) {
                hits.extend(self.in_table(document, &table));
            }
        }
        hits
    }

    fn in_table(&self, document: &Document, table: &[String]) -> Vec<Hit> {
        let path: Vec<&str> = table.iter().map(String::as_str).collect();
        let unknown =
            document.entries(&path).into_iter().filter(|e| !self.known.iter().any(|k| k == e.key));
        let hits = unknown.map(|entry| {
            // `LTO` and `opt_level` are meant as plainly as `opt-levl`.
            let key = entry.key.to_lowercase().replace('_', "-");
            let distance = |known: &&String| strsim::damerau_levenshtein(&key, known);
            let nearest = self.known.iter().min_by_key(distance);
            let nearest = nearest.filter(|known| distance(known) <= 3.min(key.len() / 2));
            let hit = Hit::at(entry.place()).with("key", entry.key).with("table", table.join("."));
            let Some(nearest) = nearest else {
                let by_hand = Change::by_hand().at_most(Safety::Show);
                let title = "remove it, or spell it as cargo does";
                return hit
                    .with("meant", "nothing like it is known")
                    .change(Some(by_hand.titled(title)));
            };
            let beside = |key| [&path[..], &[key]].concat();
            // The right spelling beside the wrong one: which of both is meant?
            let edit = match document.get(&beside(nearest.as_str())) {
                Some(_) => None,
                None => toml_edits::rename(document, &beside(entry.key), nearest),
            };
            let title = format!("write `{nearest}`");
            hit.with("meant", format!("did you mean `{nearest}`?"))
                .change(Change::by(edit).map(|change| change.titled(title)))
        });
        hits.collect()
    }
}
