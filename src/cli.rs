//! What can be typed, and what the program ends with. No logic of its own.

use crate::{
    command::{self, Exit, MessageFormat, Streams},
    facts::{BuilderKind, Panic, Request},
    finding::{BadInput, Level},
    gather::{self, Options, built::Binaries},
    lint::CommandLineLevels,
    report, rule,
    vcs::Allowed,
};
use anyhow::Result;
use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use std::{ffi::OsString, io, path::PathBuf, process::ExitCode};

const EXIT_CODES: &str = "\
Exit codes:
  0  nothing at level deny
  1  findings at level deny, or something to do (`apply --diff`)
  2  could not run";

/// Finds what makes a Rust Lambda function slow to start, and writes the edit that fixes it.
#[derive(Debug, Parser)]
#[command(name = "cargo lambda-lean", bin_name = "cargo lambda-lean", version, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,

    /// Colour: `auto`, `always` or `never`
    #[arg(long, global = true, value_name = "WHEN", env = "CARGO_TERM_COLOR")]
    color: Option<Colour>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Say what weighs on the start and size of a function
    #[command(after_help = EXIT_CODES)]
    Check(Check),
    /// Make the changes that findings propose, each proven before anything is written
    #[command(after_help = EXIT_CODES)]
    Apply(Apply),
    /// Show every profile key as it reaches rustc, and who set it
    Profile(Profile),
    /// Say what a built function weighs and needs
    #[command(after_help = EXIT_CODES)]
    Size(command::size::Size),

    #[cfg(feature = "lab")]
    #[command(after_help = EXIT_CODES)]
    Bench(command::bench::Bench),
    /// List the rules
    Rules(Rules),
    /// Say why a rule exists, what it costs to follow, and what it rests on
    Explain(Explain),
}

#[derive(Debug, Args)]
struct Profile {
    #[command(flatten)]
    selection: Selection,

    /// How it is printed
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    message_format: command::profile::Format,
}

#[derive(Debug, Args)]
struct Rules {
    /// How they are printed
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    message_format: MessageFormat,
}

#[derive(Debug, Args)]
struct Explain {
    /// The id of the rule
    #[arg(value_name = "ID")]
    id: String,
}

#[derive(Debug, Args)]
struct Apply {
    #[command(flatten)]
    selection: Selection,

    #[command(flatten)]
    levels: Levels,

    /// Apply only fixes of this rule, those that ask included
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    only: Vec<String>,

    /// Apply no fix of this rule
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    skip: Vec<String>,

    /// Ask for each fix that is not safe
    #[arg(long, conflicts_with = "all")]
    ask: bool,

    /// Apply every fix that a machine can make, also those that ask
    #[arg(long)]
    all: bool,

    /// Print the change as a patch, write nothing, and exit with 1 when there is something to do
    #[arg(long, visible_alias = "dry-run")]
    diff: bool,

    /// Permit changes when the working tree has changes that are not committed
    #[arg(long)]
    allow_dirty: bool,

    /// Permit changes when the index has changes that are not committed
    #[arg(long)]
    allow_staged: bool,

    /// Permit changes where no version control keeps the project
    #[arg(long)]
    allow_no_vcs: bool,

    /// Exit with 1 when a file was changed
    #[arg(long)]
    exit_non_zero_on_fix: bool,
}

impl Apply {
    fn command(&self, matches: &ArgMatches) -> Result<command::apply::Apply> {
        for name in self.only.iter().chain(&self.skip) {
            rule::known(name)?;
        }
        Ok(command::apply::Apply {
            options: self.selection.options(),
            levels: self.levels.in_order(matches)?,
            consent: command::apply::Consent {
                only: self.only.clone(),
                skip: self.skip.clone(),
                ask: self.ask,
                all: self.all,
            },
            diff: self.diff,
            allowed: Allowed {
                no_vcs: self.allow_no_vcs,
                dirty: self.allow_dirty,
                staged: self.allow_staged,
            },
            exit_non_zero_on_fix: self.exit_non_zero_on_fix,
        })
    }
}

#[derive(Debug, Args)]
struct Check {
    #[command(flatten)]
    selection: Selection,

    #[command(flatten)]
    levels: Levels,

    /// How findings are printed
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    message_format: MessageFormat,

    /// Look at the built function too: the one in the target directory, or this file
    #[arg(long, value_name = "PATH", num_args = 0..=1, require_equals = true)]
    binary: Option<Option<PathBuf>>,

    /// Exit with 0 whatever is found
    #[arg(long)]
    exit_zero: bool,
}

impl Check {
    fn options(&self) -> Options {
        let binaries = match &self.binary {
            None => Binaries::Unread,
            Some(None) => Binaries::Find,
            Some(Some(path)) => Binaries::At(path.clone()),
        };
        Options { binaries, ..self.selection.options() }
    }
}

/// Which functions are meant, and how they are built.
#[derive(Clone, Debug, Default, Args)]
pub struct Selection {
    /// The manifest of a package or workspace
    #[arg(long, value_name = "PATH")]
    manifest_path: Option<PathBuf>,

    /// Package to look at
    #[arg(short, long = "package", value_name = "NAME")]
    packages: Vec<String>,

    /// Look at every package of the workspace
    #[arg(long)]
    workspace: bool,

    /// Package to leave out
    #[arg(long, value_name = "NAME")]
    exclude: Vec<String>,

    /// Function to look at
    #[arg(long = "bin", value_name = "NAME")]
    bins: Vec<String>,

    /// The profile the function is deployed with
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,

    /// What builds the function for deployment
    #[arg(long, value_enum, value_name = "BUILDER")]
    builder: Option<BuilderKind>,

    /// The panic strategy to write where one has to be chosen; nothing else ever chooses one
    #[arg(long, value_enum, value_name = "STRATEGY")]
    panic: Option<Panic>,

    /// Permit cargo to use the network
    #[arg(long)]
    allow_network: bool,
}

impl Selection {
    /// The selection as what `gather` takes.
    pub fn options(&self) -> Options {
        Options {
            manifest_path: self.manifest_path.clone(),
            packages: self.packages.clone(),
            workspace: self.workspace,
            exclude: self.exclude.clone(),
            bins: self.bins.clone(),
            allow_network: self.allow_network,
            env: gather::environment(),
            request: Request {
                panic: self.panic,
                profile: self.profile.clone(),
                builder: self.builder,
            },
            binaries: Binaries::Unread,
        }
    }
}

#[derive(Clone, Debug, Default, Args)]
struct Levels {
    /// Count findings of a rule or group, but do not show them
    #[arg(short = 'A', long = "allow", value_name = "ID|GROUP")]
    allow: Vec<String>,

    /// Show findings of a rule or group
    #[arg(short = 'W', long = "warn", value_name = "ID|GROUP")]
    warn: Vec<String>,

    /// Show findings of a rule or group and exit with 1
    #[arg(short = 'D', long = "deny", value_name = "ID|GROUP|warnings")]
    deny: Vec<String>,

    /// Exit with 1 on any finding that is shown
    #[arg(long)]
    deny_warnings: bool,
}

impl Levels {
    /// The levels in the order in which they were typed.
    fn in_order(&self, matches: &ArgMatches) -> Result<CommandLineLevels, BadInput> {
        let mut given: Vec<(usize, String, Level)> = Vec::new();
        for (flag, names, level) in [
            ("allow", &self.allow, Level::Allow),
            ("warn", &self.warn, Level::Warn),
            ("deny", &self.deny, Level::Deny),
        ] {
            let indices = matches.indices_of(flag).into_iter().flatten();
            given.extend(indices.zip(names).map(|(index, name)| (index, name.clone(), level)));
        }
        given.sort_by_key(|(index, ..)| *index);
        let all =
            |(_, name, level): &(usize, String, Level)| name == "warnings" && *level == Level::Deny;
        let deny_warnings = self.deny_warnings || given.iter().any(all);
        let given = given.into_iter().filter(|level| !all(level));
        CommandLineLevels::new(given.map(|(_, name, level)| (name, level)).collect(), deny_warnings)
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Colour {
    Auto,
    Always,
    Never,
}

/// The options of `check` with these arguments, the verb first and the program's name left out.
pub fn options(arguments: &[impl AsRef<str>]) -> Result<Options> {
    let arguments = arguments.iter().map(AsRef::as_ref);
    match Cli::try_parse_from(["cargo lambda-lean"].into_iter().chain(arguments))?.verb {
        Verb::Check(check) => Ok(check.options()),
        _ => anyhow::bail!("failed to read the options: they are not those of `check`"),
    }
}

/// Runs the program with these arguments, the program's own name first.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut arguments: Vec<OsString> = arguments.into_iter().collect();
    // `cargo lambda-lean …` calls `cargo-lambda-lean lambda-lean …`.
    if arguments.get(1).is_some_and(|argument| argument == "lambda-lean") {
        arguments.remove(1);
    }
    let parsed = Cli::command().try_get_matches_from(&arguments);
    let parsed =
        parsed.and_then(|matches| Cli::from_arg_matches(&matches).map(|cli| (cli, matches)));
    let (cli, matches) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => {
            // A reader that went away is no error of ours.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    match cli.color {
        Some(Colour::Always) => anstream::ColorChoice::Always.write_global(),
        Some(Colour::Never) => anstream::ColorChoice::Never.write_global(),
        Some(Colour::Auto) | None => {}
    }
    let (mut out, mut err) = (anstream::stdout().lock(), anstream::stderr().lock());
    let mut streams = Streams { out: &mut out, err: &mut err };
    let json = wants_json(&cli.verb);
    let exit = match run(&cli.verb, &matches, &mut streams) {
        Ok(exit) => exit,
        Err(error) if is_broken_pipe(&error) => Exit::Clean,
        Err(error) => {
            complain(&error, json, &mut streams);
            Exit::Failed
        }
    };
    ExitCode::from(match exit {
        Exit::Clean => 0,
        Exit::Findings => 1,
        Exit::Failed => 2,
    })
}

fn run(verb: &Verb, matches: &ArgMatches, streams: &mut Streams<'_>) -> Result<Exit> {
    let (_, matches) = matches.subcommand().expect("clap requires a verb");
    match verb {
        Verb::Check(check) => {
            let levels = check.levels.in_order(matches)?;
            let format = check.message_format;
            command::check::run(&check.options(), &levels, format, check.exit_zero, streams)
        }
        Verb::Apply(apply) => command::apply::run(&apply.command(matches)?, streams),
        Verb::Profile(it) => {
            command::profile::run(&it.selection.options(), it.message_format, streams)
        }
        Verb::Size(size) => command::size::run(size, streams),
        #[cfg(feature = "lab")]
        Verb::Bench(bench) => command::bench::run(bench, streams),
        Verb::Rules(rules) => command::rules::list(rules.message_format, streams),
        Verb::Explain(explain) => command::rules::page(&explain.id, streams),
    }
}

fn wants_json(verb: &Verb) -> bool {
    match verb {
        Verb::Check(check) => check.message_format == MessageFormat::Json,
        Verb::Profile(it) => it.message_format == command::profile::Format::Json,
        Verb::Size(size) => size.wants_json(),
        #[cfg(feature = "lab")]
        Verb::Bench(bench) => bench.is_json(),
        Verb::Apply(_) | Verb::Rules(_) | Verb::Explain(_) => false,
    }
}

fn complain(error: &anyhow::Error, json: bool, streams: &mut Streams<'_>) {
    let message = format!("{error:#}");
    // Nothing is left to do when even this cannot be written.
    if json {
        let file = error.downcast_ref::<BadInput>().and_then(|bad| bad.file.clone());
        let _ = report::json::error(streams.out, &BadInput { file, message: message.clone() });
    }
    let bold = anstyle_error();
    let _ = writeln!(streams.err, "{bold}error{bold:#}: {message}");
}

fn anstyle_error() -> clap::builder::styling::Style {
    clap::builder::styling::AnsiColor::BrightRed.on_default().bold()
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let broken = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    error.downcast_ref::<io::Error>().is_some_and(broken)
}
