//! Renders [`Results`] for people, as a table for the terminal or as Markdown; it only renders.
//!
//! Ratios say how many times less a variant takes than the baseline; `=` stands where the interval
//! leaves it open whether there is a difference. Every report ends with what it is not: AWS.

use std::fmt::Write;

use comfy_table::{CellAlignment, Table, TableStyle, presets};

use super::{
    metric::{Comparison, Metric, compare},
    results::{Model, Overhead, Results, Variant},
};

/// The form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Tables for a terminal.
    Human,
    /// The same as Markdown.
    Markdown,
    /// Everything, raw samples included, as one JSON object.
    Json,
}

/// The report.
pub fn render(results: &Results, format: Format) -> String {
    match format {
        Format::Human => text(results, presets::NOTHING),
        Format::Markdown => text(results, presets::ASCII_MARKDOWN),
        Format::Json => {
            let json = serde_json::to_string(results).expect("results are plain data");
            json + "\n"
        }
    }
}

fn text(results: &Results, style: TableStyle) -> String {
    let mut text = String::new();
    let markdown = style == presets::ASCII_MARKDOWN;
    for memory_mb in memory_sizes(results) {
        let title = format!("{memory_mb} MB: {} of a core", share(results, memory_mb));
        let _ = writeln!(text, "{}{title}\n", if markdown { "### " } else { "" });
        let _ = writeln!(text, "{}\n", main_table(results, memory_mb, style));
    }
    let _ = writeln!(text, "{}\n", interval_table(results, style));
    if results.settings.stepwise {
        let _ = writeln!(text, "{}\n", step_table(results, style));
    }
    let _ = writeln!(text, "{}\n", cost_table(results, style));
    let bullet = if markdown { "- " } else { "" };
    for line in results.faults().into_iter().chain(notes(results)) {
        let _ = writeln!(text, "{bullet}{line}");
    }
    text
}

/// The tables of each memory size, as Markdown.
pub fn tables(results: &Results) -> String {
    let mut text = String::new();
    for memory_mb in memory_sizes(results) {
        let share = share(results, memory_mb);
        let table = main_table(results, memory_mb, presets::ASCII_MARKDOWN);
        let _ = writeln!(text, "\n{memory_mb} MB, {share} of a core:\n\n{table}");
    }
    for fault in results.faults() {
        let _ = writeln!(text, "\n{fault}");
    }
    text
}

/// The memory sizes, in the order they were measured.
pub fn memory_sizes(results: &Results) -> Vec<u32> {
    let mut sizes: Vec<u32> = Vec::new();
    for cell in &results.cells {
        if !sizes.contains(&cell.memory_mb) {
            sizes.push(cell.memory_mb);
        }
    }
    sizes
}

fn share(results: &Results, memory_mb: u32) -> String {
    if results.model.cpu_share == "none" {
        return "all".into();
    }
    format!("{:.1} %", f64::from(memory_mb) / 17.69)
}

fn table(style: TableStyle, header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(style).set_header(header);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// A memory size's variants, a row each.
pub fn main_table(results: &Results, memory_mb: u32, style: TableStyle) -> Table {
    let header = [
        "variant",
        "binary",
        "zip",
        "init",
        "first",
        "cold total",
        "warm p50, paced",
        "mean, paced",
        "warm p50, back to back",
        "mean, back to back",
        "CPU per warm",
        "peak RSS",
        "items",
    ];
    let mut table = table(style, &header);
    for cell in results.cells.iter().filter(|cell| cell.memory_mb == memory_mb) {
        let binary = results.variant(&cell.variant).and_then(|variant| variant.binary.as_ref());
        let megabytes = |bytes: u64| format!("{:.2} MB", bytes as f64 / 1e6);
        let plain = |metric| cell.summary(metric).map_or_else(dash, |s| millis(s.p50));
        let compared = |metric| {
            let Some(summary) = cell.summary(metric) else { return dash() };
            let value = match metric {
                Metric::PeakRss => format!("{:.1} MB", summary.p50 / 1024.0),
                Metric::WarmMean | Metric::BackToBackMean | Metric::WarmCpu => millis(summary.mean),
                _ => millis(summary.p50),
            };
            let ratio = results.comparison(cell, metric).map(ratio).unwrap_or_default();
            format!("{value}{ratio}")
        };
        table.add_row([
            cell.variant.clone(),
            binary.map_or_else(dash, |binary| megabytes(binary.bytes)),
            binary.map_or_else(dash, |binary| megabytes(binary.zip_bytes)),
            plain(Metric::Init),
            plain(Metric::First),
            compared(Metric::Cold),
            compared(Metric::Warm),
            compared(Metric::WarmMean),
            compared(Metric::BackToBack),
            compared(Metric::BackToBackMean),
            compared(Metric::WarmCpu),
            compared(Metric::PeakRss),
            cell.items.map_or_else(dash, |items| format!("{}/{}", items.counted, items.expected)),
        ]);
    }
    table
}

/// The ratios that matter, each with its interval.
fn interval_table(results: &Results, style: TableStyle) -> Table {
    let against = format!("against {} (95 %)", results.baseline);
    let header = [
        against.as_str(),
        "cold total",
        "warm p50, paced",
        "mean, paced",
        "warm p50, back to back",
        "mean, back to back",
        "CPU per warm",
        "peak RSS",
    ];
    let mut table = table(style, &header);
    for cell in results.cells.iter().filter(|cell| cell.variant != results.baseline) {
        let interval = |metric| results.comparison(cell, metric).map_or_else(dash, interval);
        table.add_row([
            format!("{} at {} MB", cell.variant, cell.memory_mb),
            interval(Metric::Cold),
            interval(Metric::Warm),
            interval(Metric::WarmMean),
            interval(Metric::BackToBack),
            interval(Metric::BackToBackMean),
            interval(Metric::WarmCpu),
            interval(Metric::PeakRss),
        ]);
    }
    table
}

/// What each variant gains over the one before it, with its interval.
pub fn step_table(results: &Results, style: TableStyle) -> Table {
    let header = [
        "each step against the one above (95 %)",
        "binary",
        "cold total",
        "warm p50, paced",
        "mean, paced",
        "CPU per warm",
        "peak RSS",
    ];
    let mut table = table(style, &header);
    let bytes = |variant: &Variant| variant.binary.as_ref().map(|binary| binary.bytes as f64);
    for pair in results.variants.windows(2) {
        let comparisons = compare(&results.cells, &pair[0].spec.name);
        for memory_mb in memory_sizes(results) {
            let of = |metric| {
                let found = comparisons.iter().find(|comparison| {
                    comparison.variant == pair[1].spec.name
                        && comparison.metric == metric
                        && comparison.memory_mb == memory_mb
                });
                found.map_or_else(dash, interval)
            };
            let binary = bytes(&pair[0]).zip(bytes(&pair[1]));
            table.add_row([
                format!("{} at {memory_mb} MB", pair[1].spec.name),
                binary.map_or_else(dash, |(before, after)| times(before / after)),
                of(Metric::Cold),
                of(Metric::Warm),
                of(Metric::WarmMean),
                of(Metric::WarmCpu),
                of(Metric::PeakRss),
            ]);
        }
    }
    table
}

fn cost_table(results: &Results, style: TableStyle) -> Table {
    let usage = results.usage;
    let title = format!(
        "{} requests, {} % cold ({} {})",
        usage.requests,
        usage.cold_share * 100.0,
        results.prices.region,
        results.prices.date
    );
    let header = [title.as_str(), "billed cold", "billed warm", "x86_64", "arm64"];
    let mut table = table(style, &header);
    for cell in &results.cells {
        let Some(cost) = cell.cost else { continue };
        table.add_row([
            format!("{} at {} MB", cell.variant, cell.memory_mb),
            format!("{:.0} ms", cost.billed_cold_ms),
            format!("{:.1} ms", cost.billed_warm_ms),
            format!("{:.3} {}", cost.total.x86_64, results.prices.currency),
            format!("{:.3} {}", cost.total.arm64, results.prices.currency),
        ]);
    }
    table
}

/// Under which conditions the figures were measured, and what they are not.
pub fn notes(results: &Results) -> Vec<String> {
    let (settings, model) = (&results.settings, &results.model);
    let mut notes = Vec::new();
    let (runs, cold_runs) = (settings.runs, settings.cold_runs);
    notes.push(format!(
        "Medians of fresh processes, interleaved: at least {} a row for init, first and cold total; \
         {runs} of them for the rest, with {} invocations {} ms apart on average and then {} back \
         to back in each. Ratios are medians over the rounds, in each of which every variant has \
         its turn; intervals are a bootstrap of the rounds. Where invocations need about the CPU \
         time that the share gives them, some are quick and others throttled, and the p50 may fall \
         on either side: the mean is steadier, and is what is paid for.{}",
        runs + cold_runs,
        settings.invocations,
        settings.arrival_ms,
        settings.back_to_back,
        if settings.cold_cache { " The binary was not in the page cache." } else { "" }
    ));
    let trust = match (model.trust_store.as_str(), &model.no_layout_because) {
        ("layout", _) => format!("{} roots in Amazon Linux 2023's layout", model.roots),
        (_, None) => format!("{} roots in one bundle by SSL_CERT_FILE, as asked", model.roots),
        (_, Some(why)) => format!(
            "{} roots in one bundle by SSL_CERT_FILE, which hides the cost of searching \
             directories, because there was no layout: {why}",
            model.roots
        ),
    };
    notes.push(format!("AWS: {}. Trust store: {trust}.", model.aws));
    notes.push(format!("{} {}", overhead(&results.overhead), awake(model)));
    notes.extend(results.noise.map(|noise| noise.describe()));
    notes.push(format!(
        "Costs take these local durations, rounded up to {} ms, for both architectures.",
        results.prices.granularity_ms
    ));
    notes.push(results.statement.clone());
    notes.push(format!("The model rests on: {}.", model.evidence.join("; ")));
    notes
}

fn overhead(measured: &Overhead) -> String {
    let with = measured.summary.p50;
    match measured.bare.map(|bare| bare.p50) {
        Some(bare) => format!(
            "The emulator itself takes {:.0} µs of an invocation (p50): a trivial function takes \
             {with:.0} µs with it, and {bare:.0} µs with a bare socket in its place.",
            (with - bare).max(0.0)
        ),
        None => format!("The emulator itself takes at most {with:.0} µs of an invocation (p50)."),
    }
}

fn awake(model: &Model) -> String {
    match &model.not_awake_because {
        Some(why) => {
            format!("Processors could sleep, so that each invocation also wakes them: {why}.")
        }
        None if model.kept_awake => "Processors were kept awake.".into(),
        None => "Processors could sleep, so that each invocation also wakes them.".into(),
    }
}

fn dash() -> String {
    "–".into()
}

fn millis(us: f64) -> String {
    let ms = us / 1000.0;
    match ms {
        ms if ms < 10.0 => format!("{ms:.2} ms"),
        ms if ms < 100.0 => format!("{ms:.1} ms"),
        ms => format!("{ms:.0} ms"),
    }
}

fn ratio(comparison: &Comparison) -> String {
    if comparison.significant {
        format!(" ({})", times(comparison.ratio.ratio))
    } else {
        " (=)".into()
    }
}

/// A ratio with its interval, in words where there is no difference.
pub fn interval(comparison: &Comparison) -> String {
    let ratio = comparison.ratio;
    let range = format!("{}–{}", times(ratio.low), times(ratio.high));
    if comparison.significant {
        format!("{} ({range})", times(ratio.ratio))
    } else {
        format!("no significant difference ({range})")
    }
}

fn times(ratio: f64) -> String {
    if ratio < 10.0 { format!("{ratio:.2}×") } else { format!("{ratio:.1}×") }
}
