//! Thresholds: `secondStepText.p99<50ms`, `throughput>2000`.

use proofup_files::{quantity, suggest};

use super::flow::FlowName;

/// One condition on the figures of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    /// The condition as it was written.
    pub text: String,
    /// What it is about: a flow (none: all of them), and a step of it.
    pub flow: Option<FlowName>,
    /// The step of the flow; none: the whole flow.
    pub step: Option<String>,
    /// The figure.
    pub metric: Metric,
    /// The figure has to be below the bound; false: above it.
    pub below: bool,
    /// The bound: nanoseconds, verifications per second, or a share of one, as the metric has it.
    pub bound: f64,
}

/// A figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// A latency at a quantile, in hundredths of a percent: 9900 for p99.
    Quantile(u32),
    /// The mean latency.
    Mean,
    /// The highest latency.
    Max,
    /// Correct verifications per second.
    Throughput,
    /// The share of finished flows with a wrong answer.
    Wrong,
    /// The share of finished flows without an answer, or with a refusal.
    Errors,
    /// The share of planned arrivals that could not start.
    Dropped,
}

/// Why a text is no threshold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ThresholdError {
    /// Neither `<` nor `>`.
    #[error("`{0}` has no comparison")]
    NoComparison(String),
    /// Nobody knows the figure.
    #[error("unknown metric `{0}`")]
    UnknownMetric(String),
    /// Nobody knows the flow.
    #[error("unknown flow `{0}`")]
    UnknownFlow(String),
    /// The bound is none.
    #[error("`{bound}` is not a bound for `{metric}`")]
    BadBound {
        /// The bound.
        bound: String,
        /// The figure.
        metric: String,
    },
}

const METRICS: [(&str, Metric); 10] = [
    ("p50", Metric::Quantile(5000)),
    ("p90", Metric::Quantile(9000)),
    ("p95", Metric::Quantile(9500)),
    ("p99", Metric::Quantile(9900)),
    ("p99.9", Metric::Quantile(9990)),
    ("max", Metric::Max),
    ("mean", Metric::Mean),
    ("throughput", Metric::Throughput),
    ("wrong", Metric::Wrong),
    ("errors", Metric::Errors),
];
const DROPPED: (&str, Metric) = ("dropped", Metric::Dropped);

impl ThresholdError {
    /// Returns what to write.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::NoComparison(_) => "write `secondStepText.p99<50ms` or `throughput>2000`".to_owned(),
            Self::UnknownMetric(word) => {
                suggest(word, metric_words())
            }
            Self::UnknownFlow(word) => {
                suggest(word, FlowName::ALL.map(FlowName::as_str))
            }
            Self::BadBound { .. } => {
                "latencies take a duration such as `50ms`, shares a percentage such as `1%`, `throughput` a number".to_owned()
            }
        }
    }
}

fn metric_words() -> Vec<&'static str> {
    METRICS
        .iter()
        .chain([&DROPPED])
        .map(|(word, _)| *word)
        .collect()
}

impl Threshold {
    /// Reads a threshold: `[flow[.step].]metric<bound`.
    ///
    /// # Errors
    /// If it is none.
    pub fn parse(text: &str) -> Result<Self, ThresholdError> {
        let no_comparison = || ThresholdError::NoComparison(text.to_owned());
        let at = text.find(['<', '>']).ok_or_else(no_comparison)?;
        let (subject, bound) = text.split_at(at);
        let below = bound.starts_with('<');
        let bound = bound[1..].trim_start_matches('=').trim();
        let (place, word) = split_metric(subject.trim());
        let metric = METRICS
            .iter()
            .chain([&DROPPED])
            .find(|(known, _)| *known == word)
            .map(|(_, metric)| *metric)
            .ok_or_else(|| ThresholdError::UnknownMetric(word.to_owned()))?;
        let (flow, step) = match place.split_once('.') {
            Some((flow, step)) => (flow, Some(step.to_owned())),
            None => (place, None),
        };
        let flow = match flow {
            "" | "all" => None,
            word => Some(
                FlowName::from_word(word)
                    .ok_or_else(|| ThresholdError::UnknownFlow(word.to_owned()))?,
            ),
        };
        let bound = metric
            .bound(bound)
            .ok_or_else(|| ThresholdError::BadBound {
                bound: bound.to_owned(),
                metric: word.to_owned(),
            })?;
        Ok(Self {
            text: text.to_owned(),
            flow,
            step,
            metric,
            below,
            bound,
        })
    }

    /// Returns whether a figure meets the condition.
    #[must_use]
    pub fn holds(&self, figure: f64) -> bool {
        if self.below {
            figure < self.bound
        } else {
            figure > self.bound
        }
    }
}

/// Cuts the metric off: `p99.9` has a point of its own.
fn split_metric(subject: &str) -> (&str, &str) {
    let whole = subject.strip_suffix("p99.9");
    if let Some(place) = whole {
        return (place.trim_end_matches('.'), "p99.9");
    }
    subject.rsplit_once('.').unwrap_or(("", subject))
}

impl Metric {
    fn bound(self, text: &str) -> Option<f64> {
        match self {
            Self::Quantile(_) | Self::Mean | Self::Max => quantity::duration(text)
                .ok()
                .map(|duration| duration.as_secs_f64() * 1e9),
            Self::Throughput => {
                let number = text.trim_end_matches("/s").trim();
                number
                    .parse()
                    .ok()
                    .filter(|number: &f64| number.is_finite())
            }
            Self::Wrong | Self::Errors | Self::Dropped => quantity::share(text).ok(),
        }
    }

    /// Returns whether the figure is a latency, in nanoseconds.
    #[must_use]
    pub const fn is_latency(self) -> bool {
        matches!(self, Self::Quantile(_) | Self::Mean | Self::Max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_are_read_by_this_table() {
        let parsed = Threshold::parse("secondStepText.p99<50ms").expect("it is one");
        assert_eq!(parsed.flow, Some(FlowName::SecondStepText));
        assert_eq!(parsed.metric, Metric::Quantile(9900));
        assert!(parsed.below && parsed.holds(49.9e6) && !parsed.holds(50.1e6));
        let parsed =
            Threshold::parse("resetPassword.submitResetCode.p99.9 < 1s").expect("it is one");
        assert_eq!(parsed.step.as_deref(), Some("submitResetCode"));
        assert_eq!(parsed.metric, Metric::Quantile(9990));
        let parsed = Threshold::parse("throughput>2000").expect("it is one");
        assert!(parsed.flow.is_none() && parsed.holds(2001.0) && !parsed.holds(2000.0));
        let parsed = Threshold::parse("dropped<1%").expect("it is one");
        assert!(parsed.holds(0.0) && !parsed.holds(0.01));
    }

    #[test]
    fn what_is_no_threshold_is_told_with_what_is_allowed() {
        for (text, message, help) in [
            ("secondStepText.p98<50ms", "unknown metric `p98`", "`p99`"),
            (
                "secondStepTxt.p99<50ms",
                "unknown flow `secondStepTxt`",
                "did you mean `secondStepText`?",
            ),
            ("throughput", "has no comparison", "write"),
            ("throughput>50ms", "is not a bound", "a number"),
            ("p99<50", "is not a bound", "50ms"),
        ] {
            let error = Threshold::parse(text).expect_err(text);
            assert!(error.to_string().contains(message), "{error}");
            assert!(error.help().contains(help), "{}", error.help());
        }
    }
}
