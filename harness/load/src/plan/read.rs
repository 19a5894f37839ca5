//! Reads a plan, and tells everything that is wrong with it at once.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use proofup_files::quantity::{self, BadQuantity};
use proofup_files::{FileErrors, Node, Problem, TomlDocument, list};
use serde_json::Value as Json;

use super::form::{ArrivalsForm, MixForm, PlanForm, StopForm, StretchForm};
use super::{Arrivals, LoadPlan, REST_SECONDS, Stop, Stretch};
use crate::flow::FlowName;
use crate::threshold::Threshold;

/// Returns the JSON Schema of plans, for editors.
#[must_use]
pub fn json_schema() -> Json {
    SCHEMA.clone()
}

static SCHEMA: LazyLock<Json> = LazyLock::new(|| Json::from(schemars::schema_for!(PlanForm)));

/// Reads a plan.
///
/// `path` only names the file in messages.
///
/// # Errors
/// Everything that is wrong with it, with lines, the nearest words and what is allowed.
pub fn read(path: &str, text: &str) -> Result<LoadPlan, FileErrors> {
    let document = TomlDocument::parse(path, text);
    let checked = document.check(&SCHEMA);
    let mut problems = checked.problems;
    if !problems.is_empty() {
        return Err(document.errors(problems));
    }
    let plan = match serde_json::from_value::<PlanForm>(Json::Object(checked.value)) {
        Ok(form) => Checker::new(document.root(), &mut problems).plan(form),
        Err(error) => {
            let problem = Problem::new(error.to_string(), "here", 0..0);
            return Err(document.errors(vec![problem]));
        }
    };
    if problems.is_empty() {
        Ok(plan)
    } else {
        Err(document.errors(problems))
    }
}

struct Checker<'a> {
    file: &'a Node,
    problems: &'a mut Vec<Problem>,
}

impl<'a> Checker<'a> {
    const fn new(file: &'a Node, problems: &'a mut Vec<Problem>) -> Self {
        Self { file, problems }
    }

    fn plan(&mut self, form: PlanForm) -> LoadPlan {
        let arrivals = self.arrivals(&form.arrivals);
        let plan = LoadPlan {
            title: form.title.unwrap_or_else(|| "load".to_owned()),
            seed: u64::from(form.seed.unwrap_or(1)),
            arrivals,
            stop: self.stop(&form.stop),
            warm_up: self.duration("warmUp", form.warm_up.as_deref(), Duration::ZERO),
            mix: self.mix(&form.mix),
            ramp: self.ramp(&form.ramp, arrivals),
            connections: form.connections.unwrap_or_default(),
            timeout: self.timeout(form.timeout.as_deref()),
            pace: self.pace(form.pace),
            accounts: form.accounts,
            wrong_code: self.share("probes.wrongCode", form.probes.wrong_code.as_deref()),
            reused_code: self.share("probes.reusedCode", form.probes.reused_code.as_deref()),
            lateness: self.duration("lateness", form.lateness.as_deref(), LATENESS),
            thresholds: self.thresholds(&form.thresholds),
        };
        self.whole(&plan);
        plan
    }

    fn problem(&mut self, key: &str, message: impl Into<String>, help: impl Into<String>) {
        let span = self.file.closest(key).span.clone();
        let problem = Problem::new(message, "here", span).help(help);
        self.problems.push(problem);
    }

    fn arrivals(&mut self, form: &ArrivalsForm) -> Arrivals {
        let open = |rate| Arrivals::Open {
            rate,
            spacing: form.spacing.unwrap_or_default(),
        };
        match (&form.rate, form.users) {
            (Some(text), None) => {
                let rate = self.rate("arrivals.rate", text);
                if rate <= 0.0 {
                    self.problem(
                        "arrivals.rate",
                        "a rate of 0: nobody would ever come",
                        "write a rate above 0, such as `50/s`",
                    );
                }
                open(rate)
            }
            (None, Some(users)) => {
                self.closed(form, users);
                Arrivals::Closed { users }
            }
            (Some(_), Some(_)) => {
                self.problem(
                    "arrivals.users",
                    "`rate` and `users` exclude each other",
                    "keep `rate` for an open loop, `users` for a closed one",
                );
                open(1.0)
            }
            (None, None) => {
                self.problem(
                    "arrivals",
                    "nothing says when flows begin",
                    "add `rate = \"50/s\"` (an open loop) or `users = 16` (a closed one)",
                );
                open(1.0)
            }
        }
    }

    fn closed(&mut self, form: &ArrivalsForm, users: u32) {
        if users == 0 {
            self.problem(
                "arrivals.users",
                "0 users: nobody would ever come",
                "write 1 or more",
            );
        }
        if form.spacing.is_some() {
            self.problem(
                "arrivals.spacing",
                "`spacing` does not apply to users that wait for each other",
                "remove it, or write a `rate` in place of `users`",
            );
        }
    }

    fn stop(&mut self, form: &StopForm) -> Stop {
        match (&form.after, form.flows) {
            (Some(text), None) => {
                let after = self.duration("stop.after", Some(text), Duration::ZERO);
                if after.is_zero() {
                    let help = "write how long flows begin, such as `30s`";
                    self.problem("stop.after", "the plan ends before it begins", help);
                }
                Stop::After(after)
            }
            (None, Some(flows)) => {
                if flows == 0 {
                    let help = "write 1 or more";
                    self.problem("stop.flows", "0 flows: nothing would happen", help);
                }
                Stop::Flows(u64::from(flows))
            }
            _ => {
                self.problem(
                    "stop",
                    "a plan ends in exactly one way",
                    "write `after = \"30s\"` or `flows = 1000`",
                );
                Stop::Flows(1)
            }
        }
    }

    fn mix(&mut self, form: &MixForm) -> BTreeMap<FlowName, u32> {
        use FlowName as F;
        let weights = [
            (F::EnrollEmail, form.enroll_email),
            (F::EnrollText, form.enroll_text),
            (F::EnrollCall, form.enroll_call),
            (F::EnrollApp, form.enroll_app),
            (F::SecondStepText, form.second_step_text),
            (F::SecondStepAppCode, form.second_step_app_code),
            (F::SecondStepNotification, form.second_step_notification),
            (F::ResetPassword, form.reset_password),
            (F::SignIn, form.sign_in),
        ];
        let mix: BTreeMap<FlowName, u32> = weights
            .into_iter()
            .filter(|(_, weight)| *weight > 0)
            .collect();
        if mix.is_empty() {
            let flows = FlowName::ALL.map(FlowName::as_str);
            self.problem(
                "mix",
                "the weights sum to zero: no flow would ever begin",
                format!("give one a weight of 1 or more: {}", list(&flows)),
            );
        }
        mix
    }

    fn ramp(&mut self, forms: &[StretchForm], arrivals: Arrivals) -> Vec<Stretch> {
        if !forms.is_empty() && matches!(arrivals, Arrivals::Closed { .. }) {
            self.problem(
                "ramp",
                "users that wait for each other have no rate to change",
                "remove `ramp`, or write a `rate` in place of `users`",
            );
        }
        forms
            .iter()
            .map(|form| Stretch {
                to: self.rate("ramp", &form.to),
                over: self.duration("ramp", Some(&form.over), Duration::ZERO),
            })
            .collect()
    }

    fn timeout(&mut self, text: Option<&str>) -> Duration {
        let timeout = self.duration("timeout", text, Duration::from_secs(10));
        if timeout.is_zero() {
            self.problem(
                "timeout",
                "`timeout` is 0: no answer could come in time",
                "write `10s`",
            );
        }
        timeout
    }

    fn pace(&mut self, pace: Option<u32>) -> u32 {
        let pace = pace.unwrap_or(1);
        if !(1..=PACE_MAX).contains(&pace) {
            self.problem(
                "pace",
                format!("the pace cannot be {pace}"),
                format!("write a whole number from 1 to {PACE_MAX}: a code must live long enough to be typed"),
            );
        }
        pace
    }

    fn thresholds(&mut self, texts: &[String]) -> Vec<Threshold> {
        let mut thresholds = Vec::new();
        for text in texts {
            match Threshold::parse(text) {
                Ok(threshold) => thresholds.push(threshold),
                Err(error) => {
                    let items = self.file.get("thresholds").map_or(&[][..], Node::items);
                    let node = items.iter().find(|item| item.text() == Some(text));
                    let span = node.unwrap_or(self.file).span.clone();
                    let problem = Problem::new(error.to_string(), "here", span);
                    self.problems.push(problem.help(error.help()));
                }
            }
        }
        thresholds
    }

    /// Checks what only the whole plan shows.
    fn whole(&mut self, plan: &LoadPlan) {
        if let Stop::After(after) = plan.stop
            && plan.warm_up >= after
            && !after.is_zero()
        {
            self.problem(
                "warmUp",
                "the plan is over before its warm-up is",
                "shorten `warmUp`, or let the plan run longer",
            );
        }
        let (Some(accounts), Some(rate)) = (plan.accounts, plan.highest_rate()) else {
            return;
        };
        let flows = plan.mix.keys().filter(|flow| flow.rests());
        let resting: f64 = flows.map(|flow| plan.share(*flow)).sum();
        let needed = rate * resting * f64::from(REST_SECONDS) / f64::from(plan.pace.max(1));
        if f64::from(accounts) < needed {
            self.problem(
                "accounts",
                format!("{accounts} accounts cannot carry {rate} arrivals a second"),
                format!(
                    "a step of an authenticator, and a text to one number, serve once per {REST_SECONDS} s: write at least {needed:.0}, leave `accounts` out, or raise `pace`"
                ),
            );
        }
    }

    fn rate(&mut self, key: &str, text: &str) -> f64 {
        self.taken(key, text, quantity::rate(text)).unwrap_or(1.0)
    }

    fn duration(&mut self, key: &str, text: Option<&str>, default: Duration) -> Duration {
        let read = text.and_then(|text| self.taken(key, text, quantity::duration(text)));
        read.unwrap_or(default)
    }

    fn share(&mut self, key: &str, text: Option<&str>) -> f64 {
        let read = text.and_then(|text| self.taken(key, text, quantity::share(text)));
        read.unwrap_or(PROBE_SHARE)
    }

    fn taken<T>(&mut self, key: &str, text: &str, read: Result<T, BadQuantity>) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(error) => {
                let what = match error {
                    BadQuantity::Duration => "duration",
                    BadQuantity::Rate => "rate",
                    BadQuantity::Share => "share",
                };
                self.problem(key, format!("bad {what} \"{text}\""), error.to_string());
                None
            }
        }
    }
}

/// How late one flow in a hundred may begin, where the plan says nothing.
const LATENESS: Duration = Duration::from_millis(20);

/// The highest pace: a code of ten minutes still lives for ten seconds.
const PACE_MAX: u32 = 60;

/// The share of flows that try a wrong code, and of those that try a used one, where the plan says nothing.
const PROBE_SHARE: f64 = 0.01;
