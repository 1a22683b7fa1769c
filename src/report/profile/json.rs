//! The object that tools read of an effective profile.

use super::{Shown, source_name};
use crate::{
    facts::{
        builder::Choice,
        profile::{Flag, Injection, Origin, Resolved, Setting},
    },
    report::json::SCHEMA,
    source::Place,
};
use serde_json::{Value, json};
use std::io::{self, Write};

impl Shown<'_> {
    /// Writes one object on one line.
    pub fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        let (build, effective) = (self.build, &self.build.effective);
        let keys: Vec<Value> = effective.keys.iter().map(|it| self.key_json(it)).collect();
        let rustflags = &effective.rustflags;
        let dropped: Vec<Value> = rustflags
            .dropped
            .iter()
            .map(|(source, flags)| {
                json!({ "source": source_name(*source), "flags": self.flags_json(flags) })
            })
            .collect();
        let overrides: Vec<Value> = effective
            .overrides
            .iter()
            .map(|table| {
                let settings = table.settings.iter();
                let settings: serde_json::Map<String, Value> = settings
                    .map(|(key, it)| (key.name().to_owned(), self.setting_json(it)))
                    .collect();
                json!({
                    "table": table.table, "own": table.is_own, "settings": settings,
                    "place": self.place_json(&table.place),
                })
            })
            .collect();
        let conflict = rustflags.conflict.as_ref().map(|conflict| {
            json!({
                "key": conflict.key, "string": self.origin_json(&conflict.string),
                "list": self.origin_json(&conflict.list),
            })
        });
        let version = build.cargo_lambda.as_ref();
        let line = json!({
            "reason": "profile", "schema": SCHEMA, "package": self.package,
            "profile": build.profile, "chain": effective.chain,
            "profile_choice": self.choice_json(&build.profile_choice),
            "builder": build.builder.name(),
            "builder_choice": self.choice_json(&build.builder_choice),
            "cargo_lambda": version.map(|version| json!({
                "version": version.to_string(), "installed": self.is_installed,
            })),
            "target": build.target, "target_choice": self.choice_json(&build.target_choice),
            "tuned": effective.injection == Injection::Applied,
            "tuned_why": self.injection(),
            "keys": keys,
            "rustflags": {
                "source": rustflags.source.map(source_name),
                "flags": self.flags_json(&rustflags.flags),
                "dropped": dropped, "conflict": conflict,
            },
            "overrides": overrides,
            "rustc": effective.rustc_flags(),
        });
        writeln!(out, "{line}")
    }

    fn key_json(&self, resolved: &Resolved) -> Value {
        let mut value = self.setting_json(&resolved.winner);
        value["key"] = json!(resolved.key.name());
        value["flags"] = json!(resolved.flags);
        let shadowed = resolved.shadowed.iter().map(|it| self.setting_json(it));
        value["shadowed"] = shadowed.collect();
        if let Some(note) = resolved.note {
            value["note"] = json!(note);
        }
        value
    }

    fn setting_json(&self, setting: &Setting) -> Value {
        let mut value =
            json!({ "value": setting.value, "origin": self.origin_json(&setting.origin) });
        if setting.origin != Origin::Default {
            value["spelling"] = json!(setting.spelling);
            value["table"] = json!(setting.table);
        }
        value
    }

    fn flags_json(&self, flags: &[Flag]) -> Vec<Value> {
        let flags = flags.iter();
        flags
            .map(|flag| json!({ "text": flag.text, "origin": self.origin_json(&flag.origin) }))
            .collect()
    }

    fn origin_json(&self, origin: &Origin) -> Value {
        match origin {
            Origin::Written(place) => {
                let mut value = self.place_json(place);
                value["kind"] = json!("file");
                value
            }
            Origin::Environment(name) => json!({ "kind": "environment", "variable": name }),
            Origin::Injected => json!({ "kind": "injected" }),
            Origin::Default => json!({ "kind": "default" }),
        }
    }

    fn choice_json(&self, choice: &Choice) -> Value {
        let (kind, place) = match choice {
            Choice::Flag => ("flag", None),
            Choice::Metadata(place) => ("metadata", Some(place)),
            Choice::Detected(place) => ("detected", Some(place)),
            Choice::Environment(name) => {
                return json!({ "kind": "environment", "variable": name });
            }
            Choice::Default => ("default", None),
        };
        let mut value = place.map_or_else(|| json!({}), |place| self.place_json(place));
        value["kind"] = json!(kind);
        value
    }

    fn place_json(&self, place: &Place) -> Value {
        let at = self.sources.position(&place.file, place.span.start);
        json!({ "file": place.file.as_str(), "line": at.line, "column": at.column })
    }
}
