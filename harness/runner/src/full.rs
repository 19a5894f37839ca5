//! What `run --full` adds to the scripts: matrix, explore, race and measure with fixed budgets, told as cases.
//!
//! A part that judges a requirement becomes a check of it, so that one verdict and one report hold for everything. What a
//! part finds beyond that becomes a failed check of the requirement that it names.

use std::collections::BTreeSet;
use std::sync::Arc;

use proofup_binding::{CompiledTarget, Operation};
use proofup_domain::edition::Edition;
use proofup_domain::requirement::RequirementId;
use proofup_explore::explore::{ExploreConfig, ExploreFinding, ExploreOutput, explore};
use proofup_explore::matrix::combination::Combination;
use proofup_explore::matrix::finding::{Findings, MatrixEnding};
use proofup_explore::matrix::live::{Live, judge_live};
use proofup_explore::measure::{
    Measure, MeasureConfig, MeasureJudgement, MeasureReport, Measured, measure,
};
use proofup_explore::race::{RaceConfig, RaceOutput, race};
use proofup_judge::outcome::{
    CaseResult, CheckResult, CouldNotRun, Mismatch, NotApplicable, Outcome,
};
use proofup_judge::report::words::{counted, thousands};
use proofup_world::UnprovenMapping;
use proofup_world::answer_rules::{BrokenRule, ExchangeRule};
use serde_json::Value as Json;
use tokio_util::sync::CancellationToken;

use crate::every_answer::mismatch;
use crate::run::{RunConfig, RunError};

/// How much of each part.
#[derive(Debug, Clone)]
pub struct FullBudget {
    /// Combinations of the matrix.
    pub combinations: Vec<Combination>,
    /// Cases of exploring.
    pub cases: u64,
    /// Commands of such a case at most.
    pub steps: usize,
    /// Histories of racing.
    pub histories: u64,
    /// Codes and tokens of measuring.
    pub samples: usize,
    /// Malformed requests for each endpoint.
    pub requests: usize,
}

impl Default for FullBudget {
    fn default() -> Self {
        Self {
            combinations: Combination::all(),
            cases: 2000,
            steps: 24,
            histories: 1000,
            samples: 1000,
            requests: 40,
        }
    }
}

impl FullBudget {
    /// Returns the budget for a target: less where one case at a time meets a product that may be slow.
    fn within(self, target: &CompiledTarget) -> Self {
        if makes_tenants(target) {
            return self;
        }
        Self {
            cases: self.cases.min(300),
            histories: self.histories.min(150),
            samples: self.samples.min(500),
            ..self
        }
    }
}

/// Returns whether a target makes tenants with any policy, so that every combination can be had.
fn makes_tenants(target: &CompiledTarget) -> bool {
    target.has(Operation::CreateTenant) && target.standing_policy().is_none()
}

/// Runs every part and tells each as a case; `told` is called with the name of the part that begins.
///
/// # Errors
/// Where the target cannot be reached, is not what its file says, or refuses the credentials.
pub async fn beyond_scripts(
    run: &RunConfig,
    budget: FullBudget,
    unproven: &UnprovenMapping,
    told: impl Fn(&str) + Send,
    stop: &CancellationToken,
) -> Result<Vec<CaseResult>, RunError> {
    let started = || run.session.clock.now();
    let wall = |since: jiff::Timestamp| {
        u64::try_from(run.session.clock.now().duration_since(since).as_millis()).unwrap_or_default()
    };
    let mut cases = Vec::new();
    let budget = budget.within(&run.session.target);
    told("matrix");
    let began = started();
    let checks = judged_matrix(run, budget.combinations, stop).await?;
    cases.push(case("matrix", vec![checks], wall(began)));
    told("explore");
    let began = started();
    let config = ExploreConfig {
        session: run.session.clone(),
        catalogue: Arc::clone(&run.catalogue),
        unproven: unproven.clone(),
        jobs: run.jobs,
        first: 1,
        cases: budget.cases,
        steps: budget.steps,
        max_time: None,
    };
    let explored = explore(&config, |_| {}, stop).await?;
    let mut checks = of_explore(&explored);
    checks.extend(of_rules("explore", "explored", &explored.broken));
    let mut told_case = case("explore", checks, wall(began));
    told_case.internal_error = explored
        .disagreements
        .first()
        .map(|(case, violation)| format!("explored case {case}: the auditor objects to an answer that the oracle admits: {violation}"));
    cases.push(told_case);
    told("race");
    let began = started();
    let config = RaceConfig {
        session: run.session.clone(),
        catalogue: Arc::clone(&run.catalogue),
        unproven: unproven.clone(),
        jobs: run.jobs,
        histories: budget.histories,
    };
    let raced = race(&config, || {}, stop).await?;
    let mut checks = of_race(&raced);
    checks.extend(of_rules("race", "raced", &raced.broken));
    cases.push(case("race", checks, wall(began)));
    told("measure");
    let began = started();
    let config = MeasureConfig {
        session: run.session.clone(),
        catalogue: Arc::clone(&run.catalogue),
        unproven: unproven.clone(),
        measures: Measure::ALL.into(),
        samples: budget.samples,
        requests: budget.requests,
        only: None,
    };
    let measured = measure(&config, &|_: &str| {}, stop).await?;
    cases.push(case("measure", of_measure(&measured), wall(began)));
    Ok(cases)
}

/// Judges the matrix, where a target makes tenants under its policies.
async fn judged_matrix(
    run: &RunConfig,
    combinations: Vec<Combination>,
    stop: &CancellationToken,
) -> Result<CheckResult, RunError> {
    if makes_tenants(&run.session.target) {
        let live = Live {
            combinations,
            session: run.session.clone(),
            jobs: run.jobs,
        };
        return Ok(of_matrix(&judge_live(live, |_| {}, stop).await?));
    }
    let declared = "tenants under any policy".to_owned();
    let did = "judged no combination".to_owned();
    let outcome = Outcome::NotApplicable(NotApplicable::Declared(declared));
    Ok(check("matrix", "AVAIL-10", "matrix", did, outcome))
}

fn case(name: &str, checks: Vec<CheckResult>, wall_ms: u64) -> CaseResult {
    CaseResult {
        id: name.to_owned(),
        file: format!("proofup {name}"),
        title: format!("What `proofup {name}` finds"),
        edition: Edition::default(),
        checks,
        transcript: String::new(),
        trace: Vec::new(),
        wall_ms,
        internal_error: None,
        secrets: BTreeSet::new(),
    }
}

fn check(part: &str, requirement: &str, words: &str, did: String, outcome: Outcome) -> CheckResult {
    CheckResult {
        requirement: RequirementId(requirement.to_owned()),
        slug: format!("{requirement}/{words}"),
        outcome,
        file: format!("proofup {part}"),
        line: 1,
        expect_line: 1,
        command: did,
        control_difference: None,
        exchanges: Vec::new(),
    }
}

fn wrong(path: &str, expected: &str, actual: &str) -> Mismatch {
    Mismatch {
        path: path.to_owned(),
        expected: Json::from(expected),
        actual: Some(Json::from(actual)),
    }
}

fn unable(why: impl Into<String>) -> Outcome {
    Outcome::CouldNotRun(CouldNotRun::NotReached(why.into()))
}

fn of_matrix(found: &Findings) -> CheckResult {
    let outcome = match found.ending() {
        MatrixEnding::Agrees => Outcome::Passed,
        MatrixEnding::Differs => Outcome::Failed(
            found
                .differences
                .iter()
                .map(|one| {
                    let path = format!(
                        "combination {}: {}",
                        one.combination.number(),
                        one.aspect.as_str()
                    );
                    wrong(&path, &one.expected, &one.actual)
                })
                .collect(),
        ),
        MatrixEnding::Incomplete => unable("some combinations could not be judged"),
        MatrixEnding::Interrupted => unable("the matrix was interrupted"),
    };
    let did = format!(
        "judged {} of {}",
        thousands(found.ran),
        counted(found.asked, "combination")
    );
    check("matrix", "AVAIL-10", "matrix", did, outcome)
}

/// Returns a failed check for each rule for every answer that a command saw broken.
fn of_rules(command: &str, done: &str, broken: &[BrokenRule]) -> Vec<CheckResult> {
    let rules = ExchangeRule::ALL.into_iter();
    rules
        .filter_map(|rule| {
            let broken = broken.iter().filter(|one| one.rule == rule);
            let found: Vec<Mismatch> = broken.map(mismatch).collect();
            let (requirement, words) = rule.check();
            let did = "held every answer against a rule".to_owned();
            let words = format!("{done}-{words}");
            (!found.is_empty())
                .then(|| check(command, requirement, &words, did, Outcome::Failed(found)))
        })
        .collect()
}

/// Returns a failed check for each difference; where there is none, what could not be exercised.
fn of_explore(explored: &ExploreOutput) -> Vec<CheckResult> {
    if !explored.findings.is_empty() {
        return explored.findings.iter().map(of_difference).collect();
    }
    let mut why: Vec<String> = Vec::new();
    if let Some(users) = explored.used_up {
        why.push(format!("{} were used up", counted(users, "user")));
    }
    let never = explored.never_succeeded();
    if !never.is_empty() {
        why.push(format!("never succeeded: {}", never.join(", ")));
    }
    why.extend(explored.unjudged.keys().take(1).cloned());
    why.extend(
        explored
            .failures
            .first()
            .map(|(case, failure)| format!("case {case}: {failure}")),
    );
    why.extend(explored.chances.first().map(|(case, chance)| {
        format!("case {case} differed once, and not when it was repeated: {chance}")
    }));
    if explored.interrupted {
        why.push("it was interrupted".to_owned());
    }
    if why.is_empty() {
        return Vec::new();
    }
    let did = format!("explored {}", counted(explored.cases, "case"));
    vec![check(
        "explore",
        "API-1",
        "explored",
        did,
        unable(why.join("; ")),
    )]
}

fn of_difference(finding: &ExploreFinding) -> CheckResult {
    let mut failed = check(
        "explore",
        &finding.file.requirement,
        &format!("explore-case-{}", finding.case),
        finding.file.did.clone(),
        Outcome::Failed(vec![wrong("", &finding.file.expected, &finding.file.got)]),
    );
    let judged = finding.judged.iter().flat_map(|result| &result.checks);
    failed.exchanges = judged
        .filter(|one| matches!(one.outcome, Outcome::Failed(_)))
        .flat_map(|one| one.exchanges.clone())
        .collect();
    failed
}

/// Returns the checks of CODE-9, which only racing judges, and whatever else a race broke.
fn of_race(raced: &RaceOutput) -> Vec<CheckResult> {
    raced
        .stories
        .iter()
        .map(|story| {
            let finding = raced.findings.iter().find(|one| one.story == story.name);
            let outcome = if let Some(finding) = finding {
                Outcome::Failed(vec![wrong(
                    "",
                    "answers that some order explains",
                    &finding.what,
                )])
            } else if story.violations > 0 {
                Outcome::Failed(vec![wrong(
                    "",
                    "answers that some order explains",
                    "answers that no order explains",
                )])
            } else if let Some(declared) = &story.not_applicable {
                Outcome::NotApplicable(NotApplicable::Declared(declared.clone()))
            } else if story.judged == 0 {
                let why = story.unjudged.clone();
                unable(why.unwrap_or_else(|| "no history was played".to_owned()))
            } else {
                Outcome::Passed
            };
            let did = format!("raced {}", counted(story.judged, "history"));
            let words = format!("race-{}", kebab(story.name));
            check("race", story.requirement, &words, did, outcome)
        })
        .collect()
}

fn of_measure(report: &MeasureReport) -> Vec<CheckResult> {
    report
        .measured
        .iter()
        .map(|one| {
            let outcome = match one.judgement() {
                MeasureJudgement::Holds => Outcome::Passed,
                MeasureJudgement::Fails => Outcome::Failed(what_fails(one)),
                MeasureJudgement::CouldNotRun => unable(one.unable.join("; ")),
                MeasureJudgement::NotApplicable => Outcome::NotApplicable(NotApplicable::Declared(
                    one.not_applicable.clone().unwrap_or_default(),
                )),
            };
            let samples: usize = one.rows.iter().map(|row| row.samples).sum();
            let did = format!(
                "took {} of {}",
                counted(one.rows.len(), "measurement"),
                counted(samples, "sample")
            );
            let mut told = check("measure", one.requirement, "measured", did, outcome);
            told.exchanges = one
                .findings
                .iter()
                .filter_map(|finding| finding.exchange.clone())
                .collect();
            told
        })
        .collect()
}

fn what_fails(measured: &Measured) -> Vec<Mismatch> {
    let rows = measured.rows.iter().filter(|row| !row.holds);
    let mut found: Vec<Mismatch> = rows
        .map(|row| wrong(&row.what, &row.threshold, &row.statistic))
        .collect();
    found.extend(
        measured
            .findings
            .iter()
            .map(|finding| wrong(&finding.place, &finding.sent, &finding.wrong)),
    );
    found
}

fn kebab(name: &str) -> String {
    let plain = name.chars().map(|c| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '-'
        }
    });
    plain.collect()
}
