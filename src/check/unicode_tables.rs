//! Is the regex crate linked with its Unicode tables although no pattern needs them?
//!
//! Only when every pattern is a literal that can be read here. Without the tables `\w`, `\d`,
//! `\s`, `\b`, `\p{…}` and `(?i)` are refused when a pattern is compiled, so one of them in any
//! pattern, or one pattern that is not a literal, ends the question.

use super::{Change, Hit, Outcome};
use crate::facts::{
    Facts, dependency_line, graph::CrateSpec, mention::Mentions, workspace::Function,
};
use serde::Deserialize;

/// See the module.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnicodeTables {
    /// The crate.
    dependency: CrateSpec,
    /// The feature that turns the tables on.
    feature: String,
    /// The features that stay.
    keep: Vec<String>,
    /// Paths below the crate that take a pattern as their first argument.
    constructors: Vec<String>,
    /// Further paths that take patterns in another way.
    hiding: Vec<String>,
}

impl UnicodeTables {
    /// Asks about one function.
    pub fn ask(&self, facts: &Facts, function: &Function) -> Outcome {
        let declared = facts.workspace.with_path_dependencies(facts.workspace.package(function));
        let mut lines = declared.iter().flat_map(|package| &package.dependencies);
        if !lines.any(|line| self.dependency.names(&line.package)) {
            return Outcome::Hits(Vec::new());
        }
        let build = match facts.resolved(function) {
            Ok(build) => build,
            Err(why) => return Outcome::Skipped(why.to_owned()),
        };
        let mut hits = Vec::new();
        for line in build.lines() {
            let owner = &build.universe.packages[line.package];
            let dependency = &owner.dependencies[line.dependency];
            let Some(to) = dependency.package else { continue };
            let package = &build.universe.packages[to];
            let meant = self.dependency.matches(&package.name, &package.version);
            let listed = dependency.features.contains(&self.feature);
            if !meant || listed || !dependency.default_features {
                continue;
            }
            match self.patterns(facts, &dependency.name) {
                Err(why) => return Outcome::Skipped(why),
                Ok(patterns) if patterns.is_empty() => continue,
                Ok(patterns) if patterns.iter().any(|pattern| needs_unicode(pattern)) => continue,
                Ok(_) => {}
            }
            let Some(declared) = dependency_line::find(&facts.workspace, &build.universe, line)
            else {
                continue;
            };
            let change =
                super::Change::by(declared.without_defaults(&self.keep).unwrap_or_default());
            let after = build.changed(&[crate::facts::graph::Change {
                package: line.package,
                dependency: line.dependency,
                default_features: false,
                features: self.keep.iter().chain(&dependency.features).cloned().collect(),
                removed: false,
            }]);
            let mut hit = Hit::at(declared.place).with("dependency", &package.name);
            let comes_back = after.has_feature(to, &self.feature);
            if let (true, Some(node)) = (comes_back, after.feature_node(to, &self.feature)) {
                let way = after.explain(node);
                hit = hit.note(format!("`{}` comes back through {way}", self.feature));
            }
            let change = change.filter(|_| !comes_back).unwrap_or_else(Change::by_hand);
            hits.push(hit.change(Some(change)));
        }
        Outcome::Hits(hits)
    }

    /// Every pattern of the workspace; an error when one cannot be read.
    fn patterns(&self, facts: &Facts, dependency: &str) -> Result<Vec<String>, String> {
        let mut patterns = Vec::new();
        for (package, mentions) in facts.workspace.packages.iter().zip(&facts.mentions) {
            for line in package.dependencies.iter().filter(|line| line.package == dependency) {
                let name = line.key.replace('-', "_");
                self.of_crate(facts, mentions, &name, &mut patterns)?;
            }
        }
        Ok(patterns)
    }

    fn of_crate(
        &self,
        facts: &Facts,
        mentions: &Mentions,
        name: &str,
        patterns: &mut Vec<String>,
    ) -> Result<(), String> {
        if let Some(why) = mentions.unknown(name) {
            return Err(format!("it cannot be said which patterns there are: {why}"));
        }
        for path in &self.hiding {
            if let Some(place) = mentions.places(&format!("{name}::{path}")).first() {
                let file = &place.file;
                return Err(format!("`{path}` in `{file}` takes patterns that are not looked at"));
            }
        }
        for path in &self.constructors {
            for place in mentions.places(&format!("{name}::{path}")) {
                let text = facts.sources.text(&place.file).map_or("", |text| text);
                let call = text.get(place.span.end..).unwrap_or_default().trim_start();
                let literal = call.strip_prefix('(').and_then(literal);
                patterns.push(literal.ok_or_else(|| {
                    let line = facts.sources.position(&place.file, place.span.start).line;
                    format!("the pattern at `{}` line {line} is not a literal", place.file)
                })?);
            }
        }
        Ok(())
    }
}

/// The string literal a text starts with.
fn literal(text: &str) -> Option<String> {
    let text = text.trim_start();
    let ends = text.char_indices().filter(|(_, c)| *c == '"').map(|(at, _)| at + 1).skip(1);
    // A raw string ends with the hashes it began with; at most a few candidates are tried.
    for end in ends.take(64) {
        let hashes = text[end..].bytes().take_while(|b| *b == b'#').count();
        if let Ok(literal) = syn::parse_str::<syn::LitStr>(&text[..end + hashes]) {
            return Some(literal.value());
        }
    }
    None
}

/// Whether a pattern means something that the tables are for.
fn needs_unicode(pattern: &str) -> bool {
    if !pattern.is_ascii() {
        return true;
    }
    let mut characters = pattern.chars().peekable();
    while let Some(c) = characters.next() {
        let next = characters.peek().copied();
        match (c, next) {
            ('\\', Some(class)) if "wWdDsSbBpP".contains(class) => return true,
            ('\\', Some(_)) => drop(characters.next()),
            // `(?i)` and `(?x-i:…)` alike: flags are rare enough not to be told apart.
            ('(', Some('?')) => {
                let mut flags = characters.clone().skip(1).skip_while(|c| "imsRUux-".contains(*c));
                let are_flags = matches!(flags.next(), Some(':' | ')'));
                let mut flags = characters.clone().skip(1).take_while(|c| c.is_ascii_alphabetic());
                if are_flags && flags.any(|flag| flag == 'i') {
                    return true;
                }
            }
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_read_as_rust_reads_them() {
        assert_eq!(literal("\"a\\\"b\", x)").as_deref(), Some("a\"b"));
        assert_eq!(literal(" r#\"a\"b\"#)").as_deref(), Some("a\"b"));
        assert_eq!(literal("r\"\\d\")").as_deref(), Some("\\d"));
        assert_eq!(literal("&pattern)"), None);
        assert_eq!(literal("format!(\"a\"))"), None);
    }

    #[test]
    fn classes_and_flags_need_the_tables() {
        for pattern in ["\\d+", "[\\w]", "\\bx", "\\p{L}", "(?i)x", "(?mi:x)", "é"] {
            assert!(needs_unicode(pattern), "{pattern}");
        }
        for pattern in ["[0-9]+", "\\\\d", "(?:id)", "(?m)^x$", "(?P<it>x)", "a.b"] {
            assert!(!needs_unicode(pattern), "{pattern}");
        }
    }
}
