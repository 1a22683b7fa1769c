//! An effective profile as a table for people, and as one JSON object a line for tools.
//!
//! The table shows every key, also those nobody set, because what is left out is what people
//! wonder about. Only renders: nothing is decided here.

mod json;

use crate::{
    facts::{
        build::Build,
        builder::Choice,
        profile::{Flag, Injection, Origin, Resolved, Setting, Source, newest_known, oldest_known},
    },
    source::{Place, Sources},
};
use std::io::{self, Write};

/// A function's package and how it is built.
pub struct Shown<'a> {
    /// The package.
    pub package: &'a str,
    /// How it is built.
    pub build: &'a Build,
    /// Whether the version of cargo-lambda is that of the installed one.
    pub is_installed: bool,
    /// The texts that places are in.
    pub sources: &'a Sources,
}

impl Shown<'_> {
    /// Writes the table.
    pub fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let (build, effective) = (self.build, &self.build.effective);
        writeln!(out, "profile `{}` of `{}` as it reaches rustc", build.profile, self.package)?;
        let builder = build.builder.name();
        let builder = match &build.cargo_lambda {
            Some(version) if self.is_installed => format!("{builder} {version}, installed"),
            Some(version) => format!("{builder} {version}, assumed: none is installed"),
            None => builder.to_owned(),
        };
        let chain = effective.chain.join(" < ");
        for (what, value, why) in [
            ("builder", &builder, &build.builder_choice),
            ("profile", &chain, &build.profile_choice),
            ("target", &build.target, &build.target_choice),
        ] {
            writeln!(out, "  {what:8} {value} ({})", self.reason(why))?;
        }
        if let Some(remark) = self.version_remark() {
            writeln!(out, "  {:8} {remark}", "")?;
        }
        writeln!(out, "  {:8} {}\n", "tuned", self.injection())?;

        let mut rows = vec![["key".to_owned(), "value".to_owned(), "set by".to_owned()]];
        for resolved in &effective.keys {
            self.rows(resolved, &mut rows);
        }
        self.rustflags(&mut rows);
        let widths = [0, 1].map(|n| rows.iter().map(|row| row[n].chars().count()).max());
        let [key, value] = widths.map(|width| width.unwrap_or(0));
        for [first, second, third] in &rows {
            let line = format!("  {first:key$}  {second:value$}  {third}");
            writeln!(out, "{}", line.trim_end())?;
        }
        for table in effective.overrides.iter().filter(|table| !table.is_own) {
            let settings = table.settings.iter();
            let settings: Vec<String> = settings
                .map(|(key, setting)| format!("{} = {}", key.name(), setting.spelling))
                .collect();
            let place = self.place(&table.place);
            writeln!(out, "\n  other crates: [{}] {} ({place})", table.table, settings.join(", "))?;
        }
        if let Some(conflict) = &effective.rustflags.conflict {
            let (string, list) = (self.origin(&conflict.string), self.origin(&conflict.list));
            writeln!(
                out,
                "\n  cargo refuses to build: `{}` is a string at {string} and a list at {list}",
                conflict.key
            )?;
        }
        writeln!(out, "\n  rustc {}", effective.rustc_flags().join(" "))
    }

    fn rows(&self, resolved: &Resolved, rows: &mut Vec<[String; 3]>) {
        let winner = &resolved.winner;
        let key = resolved.key.name();
        rows.push([key.to_owned(), winner.value.clone(), self.setting(key, winner)]);
        if let Some(note) = resolved.note {
            rows.push([String::new(), String::new(), format!("({note})")]);
        }
        for beaten in &resolved.shadowed {
            let what = format!("not {}: {}", beaten.value, self.setting(key, beaten));
            rows.push([String::new(), String::new(), what]);
        }
    }

    fn rustflags(&self, rows: &mut Vec<[String; 3]>) {
        let rustflags = &self.build.effective.rustflags;
        let mut name = "rustflags";
        for (text, origin) in by_origin(&rustflags.flags) {
            rows.push([name.to_owned(), text, self.origin(origin)]);
            name = "";
        }
        if rustflags.flags.is_empty() {
            let why = rustflags.source.map_or("default".to_owned(), |source| {
                format!("{} is set to nothing, which still wins", source_name(source))
            });
            rows.push([name.to_owned(), "none".to_owned(), why]);
        }
        for (source, flags) in &rustflags.dropped {
            for (text, origin) in by_origin(flags) {
                let what = format!("not {text}: {}, {}", self.origin(origin), source_name(*source));
                rows.push([String::new(), String::new(), what]);
            }
        }
    }

    fn setting(&self, key: &str, setting: &Setting) -> String {
        let origin = self.origin(&setting.origin);
        match (&setting.origin, setting.spelling.as_str()) {
            (Origin::Default | Origin::Injected, _) | (_, "") => origin,
            (_, spelling) if setting.table == "rustflags" => format!("{origin}  {spelling}"),
            (Origin::Environment(_), spelling) => {
                format!("{origin}={}", spelling.trim_matches('"'))
            }
            (Origin::Written(_), spelling) => {
                format!("{origin}  [{}] {key} = {spelling}", setting.table)
            }
        }
    }

    fn origin(&self, origin: &Origin) -> String {
        match origin {
            Origin::Written(place) => self.place(place),
            Origin::Environment(name) => format!("env {name}"),
            Origin::Injected => match &self.build.cargo_lambda {
                Some(version) => format!("injected by cargo-lambda {version}"),
                None => "injected by cargo-lambda".to_owned(),
            },
            Origin::Default => "default".to_owned(),
        }
    }

    fn place(&self, place: &Place) -> String {
        let at = self.sources.position(&place.file, place.span.start);
        format!("{}:{}:{}", place.file, at.line, at.column)
    }

    fn reason(&self, choice: &Choice) -> String {
        match choice {
            Choice::Flag => "as the command line says".to_owned(),
            Choice::Metadata(place) | Choice::Detected(place) => {
                format!("from {}", self.place(place))
            }
            Choice::Environment(name) => format!("from env {name}"),
            Choice::Default => "nothing says otherwise".to_owned(),
        }
    }

    fn injection(&self) -> String {
        match &self.build.effective.injection {
            Injection::PlainCargo => "no: plain cargo adds nothing".to_owned(),
            Injection::Applied => {
                "yes: cargo-lambda fills what the root manifest leaves open".to_owned()
            }
            Injection::OtherProfile => {
                "no: cargo-lambda adds to the profile `release` only, not even a target-cpu here"
                    .to_owned()
            }
            Injection::SwitchedOff(origin) => {
                format!("no: cargo-lambda's optimizations are off by {}", self.origin(origin))
            }
        }
    }

    /// What to say of a version that was never looked at.
    fn version_remark(&self) -> Option<String> {
        let version = self.build.cargo_lambda.as_ref()?;
        let (oldest, newest) = (oldest_known(), newest_known());
        if version > newest {
            Some(format!("judged as {newest}, the newest whose behaviour is known here"))
        } else if version < oldest {
            Some(format!("judged as {oldest}, the oldest whose behaviour is known here"))
        } else {
            None
        }
    }
}

/// Runs of flags that come from one place, as text.
fn by_origin(flags: &[Flag]) -> Vec<(String, &Origin)> {
    let runs = flags.chunk_by(|a, b| a.origin == b.origin);
    let text =
        |run: &[Flag]| run.iter().map(|flag| flag.text.as_str()).collect::<Vec<_>>().join(" ");
    runs.filter_map(|run| Some((text(run), &run.first()?.origin))).collect()
}

fn source_name(source: Source) -> &'static str {
    match source {
        Source::EncodedVariable => "CARGO_ENCODED_RUSTFLAGS",
        Source::Variable => "RUSTFLAGS",
        Source::Target => "target.*.rustflags",
        Source::Build => "build.rustflags",
    }
}
