//! Judges the suite: runs it against each planted fault and tells which check catches it.
//!
//! A fault is caught by a check that names one of the requirements that it breaks. Only the cases that hold such a check
//! are run, in file order, and the first that catches it is told; a fault that survives them is shown to all the others,
//! to tell whether anything notices it. A harmless variant has to pass everything.
//!
//! **Invariant:** faults run side by side, the cases of one fault one after the other, so what is told does not depend on
//! the number of jobs.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use proofup_binding::Transport;
use proofup_domain::capabilities::Capabilities;
use proofup_domain::fault::FaultName;
use proofup_domain::requirement::Catalogue;
use proofup_explore::explore::{self, ExploreConfig};
use proofup_explore::measure::{
    Measure, MeasureConfig, MeasureJudgement, SAMPLES_MIN, measure_declared,
};
use proofup_explore::race::{self, RaceConfig};
use proofup_judge::outcome::{CaseResult, CheckResult, Outcome};
use proofup_world::UnprovenMapping;
use proofup_world::case::{Case, run_case};
use proofup_world::context::RunContext;
use proofup_world::side_by_side::{SideBySide, StopReason, Unfinished, join_or_repanic};
use tokio_util::sync::CancellationToken;

use crate::every_answer;
use crate::run::{
    RunConfig, RunError, Selection, TargetSession, checks_of, read_capabilities, select,
};

/// Makes an implementation with a fault, or without any.
pub type Factory = dyn Fn(Option<FaultName>) -> Transport + Send + Sync;

/// A check that failed, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catch {
    /// The slug: `DEF-11/last-second`.
    pub slug: String,
    /// The scenario's path, as the suite names it.
    pub file: String,
    /// The line of the step's `check`, from 1.
    pub line: usize,
    /// The case: file stem and edition.
    pub case: String,
}

/// What became of a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// A check that names one of its requirements failed.
    Caught(Catch),
    /// No such check failed.
    Survived {
        /// A check of another requirement that failed, if any did.
        noticed: Option<Catch>,
    },
    /// Scripts do not judge it, this command does.
    JudgedBy(String),
    /// It is harmless, and every check passed.
    Passed,
    /// It is harmless, and a check failed nevertheless.
    Flagged(Catch),
}

/// What became of one fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultResult {
    /// The fault.
    pub fault: FaultName,
    /// What became of it.
    pub fate: Fate,
    /// How many cases were run until that was known.
    pub cases: usize,
    /// What became of it without any script.
    pub hunted: HuntResult,
}

/// What became of a fault that was looked for without scripts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HuntResult {
    /// Nobody looked.
    NotTried,
    /// Found.
    Found {
        /// By which command.
        by: &'static str,
        /// In which case, history or measurement, from 1.
        after: u64,
        /// The requirement that was named.
        requirement: String,
    },
    /// Not found within the budget.
    Missed,
}

/// How long a fault is looked for without scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HuntBudget {
    /// Cases of exploring.
    pub cases: u64,
    /// Commands of a case at most.
    pub steps: usize,
    /// Histories of racing.
    pub histories: u64,
    /// Malformed requests for each endpoint.
    pub requests: usize,
}

impl FaultResult {
    /// Returns whether the suite did to the fault what it ought to do, and nothing was found in what is sound.
    #[must_use]
    pub const fn is_as_it_should_be(&self) -> bool {
        if matches!(self.hunted, HuntResult::Found { .. }) && self.fault.is_harmless() {
            return false;
        }
        match self.fate {
            Fate::Caught(_) | Fate::JudgedBy(_) | Fate::Passed => true,
            Fate::Survived { .. } | Fate::Flagged(_) => false,
        }
    }
}

/// What was found out about the faults, in the order in which they were asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultMatrix {
    /// The faults that were judged.
    pub results: Vec<FaultResult>,
    /// It was interrupted before the last.
    pub interrupted: bool,
}

/// Plants one fault after the other and runs the suite against each, `config.jobs` of them side by side.
///
/// `config.session.transport` is not used: the factory makes one for each fault. Nothing is probed (decision 8): what the
/// implementation without a fault declares holds for all. `told` is called with each result as it comes.
///
/// # Errors
/// Where the implementation without a fault cannot be run.
pub async fn judge_faults(
    config: &RunConfig,
    faults: &[FaultName],
    budget: Option<HuntBudget>,
    factory: &Factory,
    told: impl Fn(&FaultResult) + Send,
    stop: &CancellationToken,
) -> Result<FaultMatrix, RunError> {
    let planted = |fault| TargetSession {
        transport: factory(fault),
        ..config.session.clone()
    };
    let sound = planted(None);
    let capabilities = Arc::new(read_capabilities(&sound).await?);
    let cases = Arc::new(select(
        &config.suite,
        &Selection::default(),
        &config.catalogue,
    ));
    let mut results: Vec<Option<FaultResult>> = vec![None; faults.len()];
    let side_by_side = SideBySide {
        jobs: config.jobs,
        deadline: None,
        stop,
        unfinished: Unfinished::Cancel,
    };
    let work = |fault: FaultName| {
        let session = planted(Some(fault));
        let trial = Trial {
            fault,
            context: RunContext::new(&session, &config.catalogue, &capabilities),
            capabilities: Arc::clone(&capabilities),
            catalogue: Arc::clone(&config.catalogue),
            cases: Arc::clone(&cases),
            session,
            budget,
        };
        trial.judge()
    };
    let ended = side_by_side
        .run(faults.iter().copied(), work, |place, result| {
            let result = join_or_repanic(result);
            told(&result);
            results[place] = Some(result);
            ControlFlow::Continue(())
        })
        .await;
    Ok(FaultMatrix {
        results: results.into_iter().flatten().collect(),
        interrupted: ended == StopReason::Interrupted,
    })
}

/// Lists the requirements of the catalogue that no fault breaks; an excluded one needs none.
#[must_use]
pub fn requirements_without_fault(catalogue: &Catalogue) -> Vec<&str> {
    let broken: BTreeSet<&str> = FaultName::ALL
        .iter()
        .flat_map(|fault| fault.requirements())
        .copied()
        .collect();
    let judged = catalogue
        .requirements
        .iter()
        .filter(|requirement| requirement.excluded.is_none());
    judged
        .map(|requirement| requirement.id.0.as_str())
        .filter(|id| !broken.contains(id))
        .collect()
}

/// One fault and what is needed to judge it.
struct Trial {
    fault: FaultName,
    context: RunContext,
    capabilities: Arc<Capabilities>,
    catalogue: Arc<Catalogue>,
    cases: Arc<Vec<Case>>,
    session: TargetSession,
    budget: Option<HuntBudget>,
}

impl Trial {
    async fn judge(self) -> FaultResult {
        let mut run = 0;
        let fate = if self.fault.is_harmless() {
            let failed = self.first_check(|_| true, has_not_passed, &mut run).await;
            failed.map_or(Fate::Passed, Fate::Flagged)
        } else if let Some(command) = self.judged_elsewhere() {
            Fate::JudgedBy(command)
        } else {
            self.catch(&mut run).await
        };
        FaultResult {
            fault: self.fault,
            fate,
            cases: run,
            hunted: self.hunt().await,
        }
    }

    /// Looks for the fault without scripts: by exploring, by racing, by measuring.
    async fn hunt(&self) -> HuntResult {
        let Some(budget) = self.budget else {
            return HuntResult::NotTried;
        };
        let found = |by, after, requirement: &str| HuntResult::Found {
            by,
            after,
            requirement: requirement.to_owned(),
        };
        let exploring = ExploreConfig {
            session: self.session.clone(),
            catalogue: Arc::clone(&self.catalogue),
            unproven: UnprovenMapping::default(),
            jobs: 1,
            first: 1,
            cases: budget.cases,
            steps: budget.steps,
            max_time: None,
        };
        if let Ok(Some(hunted)) = explore::hunt(&exploring).await {
            return found("explore", hunted.case, hunted.requirement());
        }
        let racing = RaceConfig {
            session: self.session.clone(),
            catalogue: Arc::clone(&self.catalogue),
            unproven: UnprovenMapping::default(),
            jobs: 1,
            histories: budget.histories,
        };
        if let Ok(Some(finding)) = race::hunt(&racing).await {
            return found("race", finding.case, finding.requirement);
        }
        let measuring = MeasureConfig {
            session: self.session.clone(),
            catalogue: Arc::clone(&self.catalogue),
            unproven: UnprovenMapping::default(),
            measures: Measure::ALL.into(),
            samples: SAMPLES_MIN,
            requests: budget.requests,
            only: None,
        };
        let told = |_: &str| {};
        let never = CancellationToken::new();
        let report = measure_declared(&measuring, &self.capabilities, &told, &never).await;
        let mut measured = report.measured.iter();
        let failing = measured.position(|one| one.judgement() == MeasureJudgement::Fails);
        failing.map_or(HuntResult::Missed, |place| {
            let after = u64::try_from(place + 1).unwrap_or(u64::MAX);
            found("measure", after, report.measured[place].requirement)
        })
    }

    async fn catch(&self, run: &mut usize) -> Fate {
        let names = |id: &str| self.fault.requirements().contains(&id);
        let concerned = |case: &Case| checks_of(&case.scenario).any(names);
        let counts = |check: &CheckResult| has_failed(check) && names(&check.requirement.0);
        let mut caught = self.first_check(concerned, counts, run).await;
        // A rule for every answer may be broken in any case, and a step be refused.
        if caught.is_none() {
            caught = self.first_check(|_| true, counts, run).await;
        }
        if let Some(catch) = caught {
            return Fate::Caught(catch);
        }
        let noticed = self.first_check(|_| true, has_failed, run).await;
        Fate::Survived { noticed }
    }

    /// Runs cases until a check counts.
    async fn first_check(
        &self,
        is_run: impl Fn(&Case) -> bool,
        counts: impl Fn(&CheckResult) -> bool,
        run: &mut usize,
    ) -> Option<Catch> {
        for case in self.cases.iter().filter(|case| is_run(case)) {
            *run += 1;
            let result = run_case(&self.context, &self.capabilities, case).await;
            if let Some(catch) = first_that(&result, &counts) {
                return Some(catch);
            }
            let mut broken = every_answer::checks(&self.context, None).into_iter();
            if let Some(check) = broken.find(|check| has_failed(check) && counts(check)) {
                return Some(caught_by(&result, &check));
            }
        }
        None
    }

    /// Finds the command that judges the fault where no script can, or where none judges any of its requirements.
    fn judged_elsewhere(&self) -> Option<String> {
        if let Some(command) = self.fault.judged_by() {
            return Some(command.to_owned());
        }
        let judge_of = |id: &&str| {
            let mut requirements = self.catalogue.requirements.iter();
            let requirement = requirements.find(|requirement| requirement.id.0 == **id);
            requirement.and_then(|requirement| requirement.judged_by.as_ref())
        };
        let ids = self.fault.requirements();
        let judges: Vec<String> = ids
            .iter()
            .filter_map(judge_of)
            .map(ToString::to_string)
            .collect();
        (judges.len() == ids.len())
            .then(|| judges.into_iter().next())
            .flatten()
    }
}

/// Finds the first check of a case, in file order, that counts.
fn first_that(result: &CaseResult, counts: &impl Fn(&CheckResult) -> bool) -> Option<Catch> {
    let mut checks = result.checks.iter();
    checks
        .find(|check| counts(check))
        .map(|check| caught_by(result, check))
}

fn caught_by(result: &CaseResult, check: &CheckResult) -> Catch {
    Catch {
        slug: check.slug.clone(),
        file: check.file.clone(),
        line: check.line,
        case: result.id.clone(),
    }
}

const fn has_failed(check: &CheckResult) -> bool {
    matches!(check.outcome, Outcome::Failed(_))
}

/// Returns whether a check failed or could not be judged: what is sound passes every check.
const fn has_not_passed(check: &CheckResult) -> bool {
    matches!(check.outcome, Outcome::Failed(_) | Outcome::CouldNotRun(_))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proofup_scenario::catalogue::embedded_catalogue;

    #[test]
    fn faults_break_only_what_the_catalogue_knows() {
        let catalogue = embedded_catalogue();
        let known: BTreeSet<&str> = catalogue
            .requirements
            .iter()
            .map(|requirement| requirement.id.0.as_str())
            .collect();
        for fault in FaultName::ALL {
            for id in fault.requirements() {
                assert!(known.contains(id), "{fault}: {id}");
            }
        }
    }

    #[test]
    fn every_requirement_has_a_fault() {
        let catalogue = embedded_catalogue();
        let bare = requirements_without_fault(&catalogue);
        assert!(bare.is_empty(), "{bare:?}");
    }
}
