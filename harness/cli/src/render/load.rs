//! How load runs are told.

use std::fmt::Write as _;

use proofup_judge::report::words::{counted, thousands};
use proofup_load::baseline::Held;
use proofup_load::compare::{Ratio, Relation};
use proofup_load::engine::paired::{ComparisonConfig, PairedComparison};
use proofup_load::figures::{Example, FlowCounts};
use proofup_load::max_rate::TriedRate;
use proofup_load::plan::{Arrivals, LoadPlan, Spacing, Stop};
use proofup_load::report::{Latency, LoadReport, LoadVerdict, TargetTold};
use proofup_load::timeline::Point;
use proofup_load::{LoadEvent, Shard};

use crate::render::style::{bad, bold, dim, doubtful, good, one_line};
use crate::render::table;
use crate::resolve::CALLED_DIRECTLY;

/// Returns the first lines: what is loaded, and how.
pub(crate) fn heading(plan: &LoadPlan, shard: Shard, target: &TargetTold) -> String {
    let mut text = format!(
        "{}\n",
        bold(&format!("proofup {}", env!("CARGO_PKG_VERSION")))
    );
    let place = match (&target.url, target.transport.as_str()) {
        (Some(url), "child") => format!("{} at {url} (in its own process)", target.name),
        (Some(url), _) => format!("{} at {url}", target.name),
        (None, _) => CALLED_DIRECTLY.to_owned(),
    };
    line(&mut text, "target", &place);
    let mut what = format!("{}: {}", plan.title, arrivals(plan));
    match plan.stop {
        Stop::After(after) => {
            let _ = write!(what, ", for {} s", after.as_secs_f64());
        }
        Stop::Flows(flows) => {
            let _ = write!(what, ", {}", counted(flows, "flow"));
        }
    }
    if !plan.warm_up.is_zero() {
        let _ = write!(
            what,
            ", the first {} s excluded",
            plan.warm_up.as_secs_f64()
        );
    }
    line(&mut text, "load", &what);
    let mix: Vec<String> = plan
        .mix
        .iter()
        .map(|(flow, weight)| format!("{flow} {weight}"))
        .collect();
    line(&mut text, "mix", &mix.join(", "));
    if shard.of > 1 {
        let part = format!("{} of {}", shard.index + 1, shard.of);
        line(&mut text, "shard", &part);
    }
    text.push('\n');
    text
}

fn arrivals(plan: &LoadPlan) -> String {
    match plan.arrivals {
        Arrivals::Open { rate, spacing } => {
            let spacing = match spacing {
                Spacing::Poisson => "Poisson",
                Spacing::Constant => "evenly spaced",
            };
            let to = plan
                .ramp
                .iter()
                .map(|stretch| format!(" → {}", stretch.to))
                .collect::<String>();
            format!("open loop, {rate}{to} arrivals/s, {spacing}")
        }
        Arrivals::Closed { users } => format!(
            "closed loop, {} (a stall of the target slows the users too, so latency understates it)",
            counted(users, "user")
        ),
    }
}

/// The progress line of a load run.
#[derive(Debug, Default)]
pub(crate) struct ProgressLine {
    rates: Vec<f64>,
}

/// How many intervals the sparkline shows.
const SPARKS: usize = 30;

impl ProgressLine {
    /// Returns the line for the newest interval.
    pub(crate) fn line(&mut self, event: &LoadEvent<'_>) -> String {
        match event {
            LoadEvent::Preparing => "preparing the accounts".to_owned(),
            LoadEvent::Begun { accounts } => format!("prepared {}", counted(accounts, "account")),
            LoadEvent::Interval { point, counts, .. } => {
                self.rates.push(rate(point));
                if self.rates.len() > SPARKS {
                    self.rates.remove(0);
                }
                let wrong = if counts.wrong > 0 {
                    bad(&format!("{} wrong  ", counts.wrong))
                } else {
                    String::new()
                };
                format!(
                    "{:>5.0} s  {}  {:.0} right/s  p99 {}  {wrong}{} failed  {} dropped  {} under way",
                    point.at + point.length,
                    sparkline(&self.rates),
                    rate(point),
                    milliseconds(point.p99_ms),
                    counts.failed(),
                    counts.dropped,
                    point.under_way
                )
            }
        }
    }
}

fn rate(point: &Point) -> f64 {
    if point.length > 0.0 {
        point.correct as f64 / point.length
    } else {
        0.0
    }
}

/// Draws numbers as a row of bars.
fn sparkline(numbers: &[f64]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let highest = numbers.iter().copied().fold(0.0, f64::max);
    numbers
        .iter()
        .map(|number| {
            let steps = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];
            let height = number / highest.max(1e-9) * 8.0;
            let step = steps.iter().filter(|step| height > **step).count();
            BARS[step.min(BARS.len() - 1)]
        })
        .collect()
}

/// Returns the line for one rate of a search.
pub(crate) fn tried(tried: &TriedRate<'_>) -> String {
    let TriedRate {
        rate,
        met,
        dropped,
        report,
    } = *tried;
    let mut why = report.reasons.join("; ");
    if dropped {
        why = format!(
            "{} dropped; {why}",
            counted(report.arrivals.dropped, "arrival")
        );
    }
    let verdict = if met {
        good(&"met")
    } else {
        doubtful(&format!("missed: {}", why.trim_end_matches("; ")))
    };
    let throughput = format!("{:.1} right/s", report.throughput);
    let p99 = milliseconds(report.latency.p99_ms);
    format!("{rate:>10.1}/s  {throughput:>14}  p99 {p99:>8}  {verdict}\n")
}

/// Returns the result of a search.
pub(crate) fn found(found: Option<f64>, limited: Option<f64>) -> String {
    let mut text = match found {
        Some(rate) => bold(&good(&format!(
            "every threshold is met up to {rate:.1} arrivals per second"
        ))),
        None => bold(&bad(&"no rate met every threshold")),
    };
    if let Some(rate) = limited {
        let _ = write!(
            text,
            "; at {rate:.1}/s this machine was the bottleneck, so the target may carry more"
        );
    }
    text.push('\n');
    text
}

/// Returns the first lines of a comparison.
pub(crate) fn versus(other: &TargetTold, how: ComparisonConfig) -> String {
    let mut text = String::new();
    let place = other.url.as_deref().unwrap_or("this process");
    line(&mut text, "against", &format!("{} at {place}", other.name));
    let told = format!(
        "pairs of rounds, decided by {}; at most {} in {} s; differences below {:.1} % count as equal",
        how.decides.as_str(),
        counted(how.aim.pairs, "pair"),
        how.budget.as_secs_f64(),
        how.aim.within * 100.0
    );
    line(&mut text, "compare", &told);
    text.push('\n');
    text
}

/// Returns the progress line of a comparison.
pub(crate) fn pair(pairs: u32, ratio: Option<Ratio>) -> String {
    let told = ratio.map_or_else(String::new, |ratio| format!("  {}", interval(ratio)));
    format!("{}{told}", counted(pairs, "pair"))
}

fn interval(ratio: Ratio) -> String {
    format!("{:.3} ({:.3} to {:.3})", ratio.ratio, ratio.low, ratio.high)
}

/// Returns the result of a comparison.
pub(crate) fn paired(found: &PairedComparison, how: ComparisonConfig) -> String {
    let mut text = String::new();
    for (measure, ratio) in &found.ratios {
        let decides = if *measure == found.decides {
            " (decides)"
        } else {
            ""
        };
        let told = format!(
            "{} times as good, over {}{decides}",
            interval(*ratio),
            counted(ratio.pairs, "pair")
        );
        line(&mut text, measure.as_str(), &told);
    }
    let failed = found.failed;
    if failed != [0; 2] {
        let told = format!("{} and {} flows without an answer", failed[0], failed[1]);
        line(&mut text, "failed", &told);
    }
    let verdict = if found.wrong != [0; 2] {
        bad(&format!(
            "nonconforming: {} and {} flows with wrong answers, so their speed means nothing",
            found.wrong[0], found.wrong[1]
        ))
    } else if found.target_gone {
        bad(&"a target stopped answering")
    } else if found.interrupted {
        doubtful(&"interrupted")
    } else {
        relation(found.relation, how.aim.within)
    };
    let _ = writeln!(
        text,
        "{} (after {})",
        bold(&verdict),
        counted(found.pairs, "pair")
    );
    text
}

fn relation(relation: Relation, within: f64) -> String {
    match relation {
        Relation::Faster => good(&"faster"),
        Relation::Slower => bad(&"slower"),
        Relation::Same => good(&format!("equal within {:.1} %", within * 100.0)),
        Relation::Inconclusive => doubtful(&"inconclusive"),
    }
}

/// Returns how a result compares with a saved baseline.
pub(crate) fn held(held: &Held, within: f64) -> String {
    let mut text = String::new();
    let ratio = held
        .ratio
        .map_or_else(|| "not measured".to_owned(), interval);
    let told = format!(
        "{} {ratio} times as good; this machine's yardstick (a plain HTTP server) is {:.2} times as fast as then",
        held.what, held.yardstick
    );
    line(&mut text, "baseline", &told);
    let why = held
        .why
        .as_ref()
        .map_or_else(String::new, |why| format!(": {why}"));
    let _ = writeln!(text, "{}{why}", bold(&relation(held.relation, within)));
    text
}

/// Returns the result of a run.
pub(crate) fn summary(report: &LoadReport, examples: &[Example]) -> String {
    let mut text = String::new();
    for example in examples {
        show(&mut text, example);
    }
    text.push_str(&table::plain(
        [
            "flow", "right", "per s", "p50", "p90", "p99", "p99.9", "max",
        ],
        report
            .flows
            .iter()
            .map(|(flow, told)| row(flow.as_str(), &told.counts, told.throughput, &told.latency))
            .chain([row(
                "all",
                &report.arrivals,
                report.throughput,
                &report.latency,
            )]),
    ));
    text.push('\n');
    text.push_str(&steps(report));
    text.push('\n');
    arrivals_told(&mut text, report);
    generator(&mut text, report);
    for threshold in &report.thresholds {
        let figure = threshold.figure.map_or_else(
            || "not measured".to_owned(),
            |figure| format!("{figure:.3}"),
        );
        let verdict = if threshold.holds {
            good(&"met")
        } else {
            bad(&"broken")
        };
        line(
            &mut text,
            "threshold",
            &format!("{}: {verdict} ({figure})", threshold.text),
        );
    }
    let rates: Vec<f64> = coarse(&report.timeline).iter().map(rate).collect();
    if rates.len() > 1 {
        line(&mut text, "right/s", &sparkline(&rates));
    }
    let _ = writeln!(text, "{}", verdict(report));
    text
}

fn row(name: &str, counts: &FlowCounts, throughput: f64, latency: &Latency) -> [String; 8] {
    [
        name.to_owned(),
        counts.correct.to_string(),
        format!("{throughput:.1}"),
        milliseconds(latency.p50_ms),
        milliseconds(latency.p90_ms),
        milliseconds(latency.p99_ms),
        milliseconds(latency.p999_ms),
        milliseconds(latency.max_ms),
    ]
}

fn steps(report: &LoadReport) -> String {
    let rows = report.flows.iter().flat_map(|(flow, told)| {
        told.steps
            .iter()
            .filter(|step| step.latency.count > 0)
            .map(move |step| {
                [
                    format!("{flow}.{}", step.name),
                    step.latency.count.to_string(),
                    milliseconds(step.latency.p50_ms),
                    milliseconds(step.latency.p99_ms),
                    milliseconds(step.latency.p999_ms),
                    milliseconds(step.latency.max_ms),
                ]
            })
    });
    table::plain(["step", "times", "p50", "p99", "p99.9", "max"], rows)
}

/// Brings a timeline to the width of a line.
fn coarse(points: &[Point]) -> Vec<Point> {
    let each = points.len().div_ceil(SPARKS * 2).max(1);
    points
        .chunks(each)
        .map(|chunk| Point {
            length: chunk.iter().map(|point| point.length).sum(),
            correct: chunk.iter().map(|point| point.correct).sum(),
            ..Point::default()
        })
        .collect()
}

fn arrivals_told(text: &mut String, report: &LoadReport) {
    let counts = &report.arrivals;
    line(
        text,
        "arrivals",
        &format!(
            "{} planned, {} started, {} finished, {} dropped, {} unfinished",
            thousands(counts.planned),
            thousands(counts.started),
            thousands(counts.finished),
            thousands(counts.dropped),
            thousands(counts.unfinished)
        ),
    );
    line(
        text,
        "answers",
        &format!(
            "{} right; flows: {} wrong, {} without an answer, {} timed out, {} refused",
            counted(counts.correct, "verification"),
            thousands(counts.wrong),
            thousands(counts.errors),
            thousands(counts.timed_out),
            thousands(counts.refused)
        ),
    );
    line(
        text,
        "probes",
        &format!(
            "{} and {} tried, all refused",
            counted(counts.wrong_codes_refused, "wrong code"),
            counted(counts.reused_codes_refused, "used code")
        ),
    );
}

fn generator(text: &mut String, report: &LoadReport) {
    let generator = &report.generator;
    let busy = generator.busy.map_or_else(
        || "processor time unknown".to_owned(),
        |busy| format!("busy {:.0} % of the time", busy * 100.0),
    );
    let mut told = format!(
        "{busy}; flows started late by {} (p99), {} at most; {}",
        milliseconds(generator.lateness.p99_ms),
        milliseconds(generator.lateness.max_ms),
        counted(generator.accounts, "account")
    );
    for (count, what, why) in [
        (generator.retired, "account", "retired"),
        (generator.starved, "wait", "for an account to rest"),
        (generator.strays, "message", "without a recipient"),
    ] {
        if count > 0 {
            let _ = write!(told, ", {} {why}", counted(count, what));
        }
    }
    line(text, "generator", &told);
    let memory = |bytes: Option<u64>| {
        bytes.map_or_else(
            || "unknown".to_owned(),
            |bytes| format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
        )
    };
    if let Some(last) = report.timeline.last() {
        let mut told = format!("generator {}", memory(last.generator_bytes));
        if last.target_bytes.is_some() {
            let _ = write!(told, ", target {}", memory(last.target_bytes));
        }
        line(text, "memory", &told);
    }
    let correct = report.arrivals.correct;
    if let Some(seconds) = report.target_cpu_seconds.filter(|_| correct > 0) {
        let each = seconds * 1e6 / correct as f64;
        let share = seconds / report.measured_seconds.max(1e-9) * 100.0;
        line(
            text,
            "target",
            &format!("busy {share:.0} % of one processor, {each:.0} µs for each verification"),
        );
    }
}

fn show(text: &mut String, example: &Example) {
    let _ = writeln!(
        text,
        "{}: {} at {}",
        bad(&example.end.as_str()),
        example.flow,
        example.step
    );
    if let Some(expected) = &example.expected {
        let _ = writeln!(text, "  {} {}", dim(&"expected:"), one_line(expected));
    }
    let _ = writeln!(text, "  {} {}", dim(&"actual:  "), one_line(&example.got));
    if let Some(exchange) = &example.exchange {
        let _ = writeln!(text, "  {} {}", dim(&"$"), exchange.curl());
        if let Some(status) = exchange.status {
            let body = exchange.response_body.as_deref().unwrap_or_default();
            let _ = writeln!(text, "  {status} {}", one_line(body));
        }
    }
    text.push('\n');
}

fn verdict(report: &LoadReport) -> String {
    let reasons = report.reasons.join("; ");
    match report.verdict {
        LoadVerdict::Passed => bold(&good(&format!(
            "passed: {:.1} correct verifications per second",
            report.throughput
        ))),
        LoadVerdict::Nonconforming => bold(&bad(&format!("nonconforming: {reasons}"))),
        LoadVerdict::GeneratorLimited => bold(&doubtful(&format!("no result: {reasons}"))),
        LoadVerdict::ThresholdBroken => bold(&bad(&format!("failed: {reasons}"))),
        LoadVerdict::Interrupted => bold(&doubtful(&"interrupted")),
    }
}

fn milliseconds(number: Option<f64>) -> String {
    match number {
        None => "·".to_owned(),
        Some(number) if number < 10.0 => format!("{number:.2} ms"),
        Some(number) if number < 1000.0 => format!("{number:.0} ms"),
        Some(number) => format!("{:.2} s", number / 1000.0),
    }
}

fn line(text: &mut String, word: &str, what: &str) {
    let _ = writeln!(text, "{} {what}", dim(&format!("{word:<11}")));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sparkline_is_as_high_as_its_highest() {
        assert_eq!(sparkline(&[0.0, 4.0, 8.0]), "▁▄█");
        assert_eq!(sparkline(&[]), "");
        assert_eq!(sparkline(&[0.0]), "▁");
    }
}
