//! Walks through one scenario in one edition and judges its checks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};

use proofup_binding::Operation;
use proofup_binding::exchange::Exchange;
use proofup_domain::answer::Answer;
use proofup_domain::capabilities::Capabilities;
use proofup_domain::command::Name;
use proofup_domain::edition::Edition;
use proofup_domain::expect::Expectation;
use proofup_domain::policy::Policy;
use proofup_domain::requirement::Requirement;
use proofup_domain::secret::Secret;
use proofup_judge::outcome::{
    CaseResult, CheckResult, CouldNotRun, Mismatch, NotApplicable, Outcome,
};
use proofup_scenario::transcript;
use proofup_scenario::{Check, Quantity, Scenario, Step, StepAction};
use rand_chacha::ChaCha8Rng;
use serde_json::Value as Json;

use super::fairness::{accepted_shape, because, changes_something, unasked, without_the_untold};
use super::handles::Handles;
use super::needs::has_feature;
use super::persona::{Organisation, Persona, case_rng};
use super::time::ClockReading;
use super::{StepError, World, needs, together};
use crate::context::RunContext;
use crate::surroundings::Host;

/// One case: a scenario in one edition.
#[derive(Debug, Clone)]
pub struct Case {
    /// The scenario.
    pub scenario: Arc<Scenario>,
    /// The edition.
    pub edition: Edition,
}

impl Case {
    /// Returns the case's id: file stem + `[edition]`.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}[{}]", self.scenario.stem, self.edition)
    }

    /// Returns the policy that the case runs under.
    pub fn policy(&self) -> Policy {
        Policy {
            edition: self.edition,
            ..self.scenario.policy.clone()
        }
    }
}

/// What a step led to.
struct Record {
    succeeded: bool,
    told: String,
}

/// What is known of a case while it runs.
struct Walk<'a> {
    case: &'a Case,
    capabilities: &'a Capabilities,
    context: &'a RunContext,
    records: BTreeMap<usize, Record>,
    checks: Vec<(usize, CheckResult)>,
    lines: Vec<String>,
    /// Set once a step that had to succeed did not.
    blocked: Option<CouldNotRun>,
}

/// Runs a case: makes its world, walks through its steps, takes the world down whatever happened.
pub async fn run_case(
    context: &RunContext,
    capabilities: &Capabilities,
    case: &Case,
) -> CaseResult {
    let started = context.session.clock.now();
    let mut walk = Walk {
        case,
        capabilities,
        context,
        records: BTreeMap::new(),
        checks: Vec::new(),
        lines: vec![
            case.scenario.title.clone(),
            format!("edition {}", case.edition),
            String::new(),
        ],
        blocked: blocked(context, capabilities, case),
    };
    let mut secrets = BTreeSet::new();
    let mut exchanges = Vec::new();
    let mut internal_error = None;
    if walk.nothing_applies() || walk.blocked.is_some() {
        walk.pass_over();
    } else {
        match make_world(context, case).await {
            Ok(mut world) => {
                walk.walk(&mut world).await;
                world.tear_down().await;
                secrets = std::mem::take(&mut world.secrets);
                exchanges = std::mem::take(&mut world.exchanges);
                world.gateways.stop().await;
            }
            Err(error) => {
                walk.blocked = Some(CouldNotRun::NotReached(error.clone()));
                walk.pass_over();
                internal_error = Some(error);
            }
        }
    }
    walk.judge_controls();
    let mut checks: Vec<CheckResult> = walk.checks.into_iter().map(|(_, check)| check).collect();
    for check in &mut checks {
        // What passed needs no proof; what did not is shown, masked with everything the case has learnt.
        if matches!(check.outcome, Outcome::Passed | Outcome::NotApplicable(_)) {
            check.exchanges.clear();
        }
        for exchange in &mut check.exchanges {
            exchange.mask(&secrets);
        }
    }
    if context.trace {
        for exchange in &mut exchanges {
            exchange.mask(&secrets);
        }
    } else {
        exchanges.clear();
    }
    let wall = context.session.clock.now().duration_since(started);
    CaseResult {
        id: case.id(),
        file: case.scenario.path.clone(),
        title: case.scenario.title.clone(),
        edition: case.edition,
        checks,
        transcript: walk.lines.join("\n") + "\n",
        trace: exchanges,
        wall_ms: u64::try_from(wall.as_millis()).unwrap_or(0),
        internal_error,
        secrets,
    }
}

/// Returns why a case cannot be judged before anything is tried, if it cannot: the target lacks something, or the doctor
/// found a mistake in what it begins with.
fn blocked(context: &RunContext, capabilities: &Capabilities, case: &Case) -> Option<CouldNotRun> {
    let target = &context.session.target;
    needs::blocked_by(target, capabilities, &case.scenario, case.edition).or_else(|| {
        let (unproven, limits) = (&context.unproven, &context.limits);
        unproven.of_beginning(target, limits, &case.scenario, &case.policy())
    })
}

/// Makes the people, the gateways and an empty memory; the tenant is made with the first step.
pub async fn make_world<'a>(context: &'a RunContext, case: &Case) -> Result<World<'a>, String> {
    let id = case.id();
    let mut rng = case_rng(context.session.seed, &id);
    let organisation = Organisation::draw(&id, &mut rng);
    let people = people_of(context, case, &organisation, &mut rng);
    let session = &context.session;
    let gateways = Host::open(&session.surroundings, &session.clock).await?;
    let opened = gateways.inboxes().cursor();
    let secrets: BTreeSet<Secret> = people
        .values()
        .map(|person| person.password.clone())
        .chain(context.session.control_token.clone())
        .collect();
    Ok(World {
        context,
        organisation,
        people,
        gateways,
        handles: Handles::default(),
        devices: Vec::new(),
        accounts: Vec::new(),
        limits: context.limits.clone(),
        now: case.scenario.start,
        zero: case.scenario.start,
        rng,
        secrets,
        codes: Vec::new(),
        used: BTreeMap::new(),
        submitted: None,
        last_password: None,
        typed_answers: Vec::new(),
        registered_answers: BTreeMap::new(),
        assumed: false,
        policy: Json::Null,
        looked: BTreeMap::new(),
        begun: opened,
        opened,
        made: Vec::new(),
        clock_reading: ClockReading::default(),
        last_code: None,
        seen: Vec::new(),
        exchanges: Vec::new(),
        history: Vec::new(),
    })
}

/// Draws the people of a case; where all cases share a target, with numbers that nobody had before.
fn people_of(
    context: &RunContext,
    case: &Case,
    organisation: &Organisation,
    rng: &mut ChaCha8Rng,
) -> BTreeMap<Name, Persona> {
    let users = case.scenario.users.iter().enumerate();
    let mut people: BTreeMap<_, _> = users
        .map(|(index, spec)| {
            let person = Persona::draw(spec, index, organisation, rng);
            (spec.name.clone(), person)
        })
        .collect();
    if context.session.surroundings.gateways().is_some() {
        let mut rng = case_rng(context.session.seed, &format!("{} numbers", case.id()));
        let mut taken = context
            .spent_numbers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for person in people.values_mut() {
            person.renumber(&mut taken, &mut rng);
        }
    }
    people
}

impl Walk<'_> {
    fn requirement(&self, check: &Check) -> Option<&Requirement> {
        self.context.catalogue.get(&check.requirement)
    }

    /// Returns what the target does not have of what a check needs.
    fn not_applicable(&self, check: &Check) -> Option<NotApplicable> {
        if !self.capabilities.editions.contains(&self.case.edition) {
            return Some(NotApplicable::Edition(self.case.edition));
        }
        let requirement = self.requirement(check)?;
        requirement
            .needs
            .features
            .iter()
            .find(|feature| !has_feature(self.capabilities, **feature))
            .map(|feature| NotApplicable::Feature(*feature))
    }

    fn nothing_applies(&self) -> bool {
        let mut checks = self
            .case
            .scenario
            .steps
            .iter()
            .filter_map(|step| step.check.as_ref())
            .peekable();
        checks.peek().is_some() && checks.all(|check| self.not_applicable(check).is_some())
    }

    /// Sets the outcome of every check without running anything.
    fn pass_over(&mut self) {
        for (index, step) in self.case.scenario.steps.iter().enumerate() {
            if let Some(check) = &step.check {
                let outcome = self.prejudged(check);
                self.record_check(index, step, check, outcome, Vec::new());
            }
        }
    }

    fn prejudged(&self, check: &Check) -> Outcome {
        self.not_applicable(check).map_or_else(
            || {
                Outcome::CouldNotRun(
                    self.blocked
                        .clone()
                        .unwrap_or_else(|| CouldNotRun::NotReached("not run".to_owned())),
                )
            },
            Outcome::NotApplicable,
        )
    }

    async fn walk(&mut self, world: &mut World<'_>) {
        let scenario = Arc::clone(&self.case.scenario);
        if let Err(trouble) = world.set_up(&scenario, &self.case.policy()).await {
            self.blocked = Some(because(1, &trouble));
        }
        self.tell_people(&scenario);
        for (index, step) in scenario.steps.iter().enumerate() {
            if self.blocked.is_none() {
                self.blocked = self.context.unproven.of_step(step);
            }
            if self.blocked.is_some() {
                if let Some(check) = &step.check {
                    let outcome = self.prejudged(check);
                    self.record_check(index, step, check, outcome, Vec::new());
                }
                continue;
            }
            self.step(world, index, step).await;
        }
    }

    fn tell_people(&mut self, scenario: &Scenario) {
        for user in &scenario.users {
            if !user.methods.is_empty() {
                let methods: Vec<&str> =
                    user.methods.iter().map(|method| method.as_str()).collect();
                self.lines.push(format!(
                    "[setup] {} has registered {}",
                    user.name,
                    methods.join(", ")
                ));
            }
        }
    }

    async fn step(&mut self, world: &mut World<'_>, index: usize, step: &Step) {
        if let (Some(check), Some(shape)) = (&step.check, accepted_shape(step, self.capabilities)) {
            let declared = format!("a code in the shape {shape} is declared to be taken");
            let outcome = Outcome::NotApplicable(NotApplicable::Declared(declared));
            self.record_check(index, step, check, outcome, Vec::new());
            return;
        }
        world.look_at_the_clock();
        let when = transcript::instant(world.zero, world.now);
        let first_exchange = world.exchanges.len();
        let attempt = self.attempt(world, step).await;
        let exchanges: Vec<Exchange> = world.exchanges[first_exchange..].to_vec();
        let told = match &attempt {
            Ok((performed, _)) => together::told(performed),
            Err(trouble) => trouble.to_string(),
        };
        self.tell(world, step, &when, &told);
        let succeeded = attempt
            .as_ref()
            .is_ok_and(|(performed, _)| performed.is_success());
        self.records.insert(
            index,
            Record {
                succeeded,
                told: told.clone(),
            },
        );
        match (&step.check, attempt) {
            (None, Ok(_)) if succeeded => {}
            (None, Ok(_)) => {
                self.blocked = Some(CouldNotRun::Precondition {
                    line: step.line,
                    what: self.what(step, &told),
                })
            }
            (None, Err(trouble)) => self.blocked = Some(because(step.line, &trouble)),
            (Some(check), Ok(_)) if world.assumed => {
                let outcome = self.not_applicable(check).map_or_else(
                    || Outcome::CouldNotRun(unasked(step)),
                    Outcome::NotApplicable,
                );
                self.record_check(index, step, check, outcome, exchanges);
            }
            (Some(check), Ok((performed, odd))) => {
                let outcome = self.judge(check, &performed, odd);
                let unproven = || self.context.unproven.of_check(step, check);
                let outcome = match outcome {
                    Outcome::Failed(mismatches) => match unproven() {
                        Some(why) => Outcome::CouldNotRun(why),
                        None => without_the_untold(&self.context.session.target, step, mismatches),
                    },
                    other => other,
                };
                self.record_check(index, step, check, outcome, exchanges);
            }
            (Some(check), Err(trouble)) => {
                let mut commands = step.action.commands();
                if matches!(&trouble, StepError::Unready(_)) && commands.any(changes_something) {
                    // What was never asked for cannot have happened: whatever builds on it would be judged by nothing.
                    self.blocked = Some(because(step.line, &trouble));
                }
                let outcome = self.judge_trouble(world, step, check, trouble).await;
                self.record_check(index, step, check, outcome, exchanges);
            }
        }
    }

    fn what(&self, step: &Step, told: &str) -> String {
        format!(
            "`{}` was answered with {told}",
            transcript::action(&step.action)
        )
    }

    fn tell(&mut self, world: &World<'_>, step: &Step, when: &str, told: &str) {
        let alias = world
            .submitted
            .as_ref()
            .or_else(|| world.used.values().next_back())
            .filter(
                |_| matches!(&step.action, StepAction::One(command) if transcript::types_a_code(command)),
            )
            .and_then(|code| world.codes.iter().position(|known| known == code))
            .map(|position| format!(" (code#{})", position + 1));
        let mangle = step.mangle.map(|mangle| format!(" mangle={mangle}"));
        self.lines.push(format!(
            "[{when}] {}{}{} -> {told}",
            transcript::action(&step.action),
            alias.unwrap_or_default(),
            mangle.unwrap_or_default()
        ));
    }

    /// Lets a step happen as often as it says; the second value tells of an earlier answer that was of another kind.
    async fn attempt(
        &self,
        world: &mut World<'_>,
        step: &Step,
    ) -> Result<(Answer, Option<Mismatch>), StepError> {
        let command = match &step.action {
            StepAction::One(command) => command,
            StepAction::Together(parts) => {
                return Ok((together::happen(world, parts).await?, None));
            }
        };
        let times = match &step.times {
            Some(times) => Quantity::count(times, &world.limits)
                .map_err(|error| StepError::Unready(error.to_string()))?,
            None => 1,
        };
        let expected = step
            .check
            .as_ref()
            .and_then(|check| check.expect.as_ref())
            .map_or(Expectation::success(), Expectation::kind);
        let mut odd = None;
        for round in 1..times {
            let performed = world.perform(command, step.mangle).await?;
            if !expected.admits(&performed) && odd.is_none() {
                odd = Some(Mismatch {
                    path: format!("answer {round} of {times}"),
                    expected: match &expected {
                        Expectation::Refused(refused) => refused.reasons.to_json(),
                        _ => Json::from("success"),
                    },
                    actual: Some(performed.to_json()),
                });
            }
        }
        if step.check.is_none()
            && let Some(odd) = odd
        {
            return Err(StepError::Unready(format!(
                "{} was {}",
                odd.path,
                odd.actual.unwrap_or_default()
            )));
        }
        Ok((world.perform(command, step.mangle).await?, odd))
    }

    fn judge(&self, check: &Check, performed: &Answer, odd: Option<Mismatch>) -> Outcome {
        if let Some(not_applicable) = self.not_applicable(check) {
            return Outcome::NotApplicable(not_applicable);
        }
        let allowed = self
            .requirement(check)
            .map(|requirement| requirement.allowed.clone())
            .unwrap_or_default();
        let success = Expectation::success();
        let expectation = check.expect.as_ref().unwrap_or(&success);
        let mut mismatches = expectation.compare(performed, &allowed);
        mismatches.extend(odd);
        if mismatches.is_empty() {
            Outcome::Passed
        } else {
            Outcome::Failed(mismatches)
        }
    }

    /// Judges a check whose step brought no answer (decision 7): a target that answers others and repeats the fault fails.
    async fn judge_trouble(
        &self,
        world: &mut World<'_>,
        step: &Step,
        check: &Check,
        trouble: StepError,
    ) -> Outcome {
        if let Some(not_applicable) = self.not_applicable(check) {
            return Outcome::NotApplicable(not_applicable);
        }
        let StepError::Transport(failure) = trouble else {
            return Outcome::CouldNotRun(because(step.line, &trouble));
        };
        let vars = world.control_variables();
        let reachable = world
            .call(Operation::ReadCapabilities, vars, None)
            .await
            .is_ok();
        if reachable && let Err(StepError::Transport(again)) = once_more(world, step).await {
            return Outcome::Failed(vec![Mismatch {
                path: String::new(),
                expected: check
                    .expect
                    .as_ref()
                    .map_or_else(|| Json::from("an answer"), Expectation::to_json),
                actual: Some(Json::from(format!("no answer, twice: {}", again.error))),
            }]);
        }
        Outcome::CouldNotRun(CouldNotRun::Transport(failure.error.to_string()))
    }

    fn record_check(
        &mut self,
        index: usize,
        step: &Step,
        check: &Check,
        outcome: Outcome,
        exchanges: Vec<Exchange>,
    ) {
        self.checks.push((
            index,
            CheckResult {
                requirement: check.requirement.clone(),
                slug: check.slug.clone(),
                outcome,
                file: self.case.scenario.path.clone(),
                line: check.line,
                expect_line: check.expect_line,
                command: transcript::action(&step.action),
                control_difference: check
                    .control
                    .as_ref()
                    .map(|control| control.difference.to_string()),
                exchanges,
            },
        ));
    }

    /// Takes a pass back where the refusal's control did not succeed: the refusal may have had another cause.
    fn judge_controls(&mut self) {
        for (index, result) in &mut self.checks {
            let control = self.case.scenario.steps[*index]
                .check
                .as_ref()
                .and_then(|check| check.control.as_ref());
            let Some(control) = control.filter(|_| matches!(result.outcome, Outcome::Passed))
            else {
                continue;
            };
            let record = self.records.get(&control.step);
            if !record.is_some_and(|record| record.succeeded) {
                let what = record.map_or_else(
                    || "it was not reached".to_owned(),
                    |record| record.told.clone(),
                );
                result.outcome = Outcome::CouldNotRun(CouldNotRun::Control {
                    control: control.name.clone(),
                    what,
                });
            }
        }
    }
}

/// Takes a step once more, to see whether it is answered this time.
async fn once_more(world: &mut World<'_>, step: &Step) -> Result<Answer, StepError> {
    match &step.action {
        StepAction::One(command) => world.perform(command, step.mangle).await,
        StepAction::Together(parts) => together::happen(world, parts).await,
    }
}
