//! A result kept for another day: refused where it would compare apples with pears, and inconclusive where the machine has
//! changed its pace meanwhile.

use serde::{Deserialize, Serialize};

use super::compare::{Ratio, Relation};
use super::report::{LoadReport, MachineTold, PlanTold, TargetTold};
use super::timeline::Point;

/// A result to compare later ones with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Baseline {
    /// The version of this form.
    pub version: u32,
    /// What the fixed yardstick measured beside it, in requests per second.
    pub yardstick: f64,
    /// The result.
    pub report: LoadReport,
}

/// The version of the form.
pub const VERSION: u32 = 1;

/// Why a baseline says nothing about a result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BaselineError {
    /// Another form.
    #[error("the baseline has version {0}, which this proofup does not read")]
    OtherVersion(u32),
    /// Another plan.
    #[error("the baseline was measured with another plan: {0}")]
    OtherPlan(String),
    /// Another target.
    #[error("the baseline was measured against another target: {0}")]
    OtherTarget(String),
    /// Another machine.
    #[error("the baseline was measured on another machine: {0}")]
    OtherMachine(String),
}

/// How a result compares.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    /// What the result is beside the baseline.
    pub relation: Relation,
    /// What was compared: `throughput` in a closed loop, `p50` in an open one, which has the throughput it is given.
    pub what: &'static str,
    /// The ratio, better is above one; none: too little was measured.
    pub ratio: Option<Ratio>,
    /// What the yardstick measures now, as a share of then.
    pub yardstick: f64,
    /// Why nothing can be said, if that is so.
    pub why: Option<String>,
}

impl Baseline {
    /// Keeps a result.
    #[must_use]
    pub const fn new(report: LoadReport, yardstick: f64) -> Self {
        Self {
            version: VERSION,
            yardstick,
            report,
        }
    }

    /// Compares a result with the baseline. Targets that differ by less than `within` are the same; so is the machine where its
    /// yardstick has moved by less.
    ///
    /// # Errors
    /// If plan, target or machine are others.
    pub fn hold(
        &self,
        report: &LoadReport,
        yardstick: f64,
        within: f64,
        level: f64,
    ) -> Result<Held, BaselineError> {
        self.fits(&report.plan, &report.target, &report.machine)?;
        let moved = yardstick / self.yardstick.max(1e-9);
        let closed = report.plan.kind == "closed";
        let what = if closed { "throughput" } else { "p50" };
        let ratio = ratio(&self.report.timeline, &report.timeline, closed, level);
        let mut held = Held {
            relation: Relation::Inconclusive,
            what,
            ratio,
            yardstick: moved,
            why: None,
        };
        if (moved - 1.0).abs() > within {
            held.why = Some(format!(
                "the yardstick is {moved:.2} times what it was, so this machine does not run at the speed of then"
            ));
            return Ok(held);
        }
        let Some(ratio) = ratio else {
            held.why = Some("too little was measured".to_owned());
            return Ok(held);
        };
        held.relation = if ratio.low > 1.0 - within && ratio.high < 1.0 + within {
            Relation::Same
        } else if ratio.low > 1.0 {
            Relation::Faster
        } else if ratio.high < 1.0 {
            Relation::Slower
        } else {
            held.why = Some("the interval of the ratio is too wide: measure longer".to_owned());
            Relation::Inconclusive
        };
        Ok(held)
    }

    /// Returns whether a result of this plan, target and machine could be held to the baseline at all, so that nobody has to
    /// wait for a run to hear that it cannot.
    ///
    /// # Errors
    /// If plan, target or machine are others.
    pub fn fits(
        &self,
        plan: &PlanTold,
        target: &TargetTold,
        machine: &MachineTold,
    ) -> Result<(), BaselineError> {
        let mine = &self.report;
        if self.version != VERSION {
            return Err(BaselineError::OtherVersion(self.version));
        }
        if mine.plan.fingerprint != plan.fingerprint {
            let [then, now] =
                [&mine.plan, plan].map(|plan| format!("{} ({})", plan.title, plan.fingerprint));
            return Err(BaselineError::OtherPlan(format!("{then} then, {now} now")));
        }
        let [then, now] =
            [&mine.target, target].map(|target| format!("{} by {}", target.name, target.transport));
        if then != now {
            let told = format!("{then} then, {now} now");
            return Err(BaselineError::OtherTarget(told));
        }
        if mine.machine != *machine {
            let [then, now] = [&mine.machine, machine].map(|machine| {
                format!(
                    "{} {} with {} processors",
                    machine.platform,
                    machine.model.as_deref().unwrap_or("of no known name"),
                    machine.processors
                )
            });
            return Err(BaselineError::OtherMachine(format!(
                "{then} then, {now} now"
            )));
        }
        Ok(())
    }
}

/// Compares two timelines second by second: the ratio of their geometric means, with Welch's interval.
fn ratio(then: &[Point], now: &[Point], closed: bool, level: f64) -> Option<Ratio> {
    use statrs::distribution::{ContinuousCDF as _, StudentsT};
    // Better is above: more verifications, or less time.
    let figures = |points: &[Point]| -> Vec<f64> {
        points
            .iter()
            .filter(|point| point.p50_ms.is_some() && point.length > 0.5)
            .filter_map(|point| {
                if closed {
                    Some(point.correct as f64 / point.length)
                } else {
                    point.p50_ms.map(|p50| 1.0 / p50)
                }
            })
            .filter(|figure| *figure > 0.0)
            .map(f64::ln)
            .collect()
    };
    let moments = |sample: &[f64]| {
        let n = sample.len() as f64;
        let mean = sample.iter().sum::<f64>() / n;
        let squares: f64 = sample.iter().map(|x| (x - mean).powi(2)).sum();
        (n, mean, squares / (n - 1.0) / n)
    };
    let (then, now) = (figures(then), figures(now));
    if then.len() < 3 || now.len() < 3 {
        return None;
    }
    let ((n1, m1, v1), (n2, m2, v2)) = (moments(&then), moments(&now));
    let sum = v1 + v2;
    let freedom = if sum > 0.0 {
        sum * sum / (v1 * v1 / (n1 - 1.0) + v2 * v2 / (n2 - 1.0))
    } else {
        n1 + n2 - 2.0
    };
    let t = StudentsT::new(0.0, 1.0, freedom).ok()?;
    let half = t.inverse_cdf(1.0 - level / 2.0) * sum.sqrt();
    let mean = m2 - m1;
    Some(Ratio {
        ratio: mean.exp(),
        low: (mean - half).exp(),
        high: (mean + half).exp(),
        pairs: u32::try_from(then.len().min(now.len())).unwrap_or(u32::MAX),
    })
}
