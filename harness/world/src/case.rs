//! Runs one scenario in one edition: makes its world, goes through its steps, takes the world down.

mod blame;
mod judging;
mod steps;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};

use proofup_binding::RecordedExchange;
use proofup_domain::capabilities::Capabilities;
use proofup_domain::command::Name;
use proofup_domain::edition::Edition;
use proofup_domain::policy::Policy;
use proofup_domain::secret::Secret;
use proofup_judge::outcome::{CaseResult, CouldNotRun};
use proofup_scenario::Scenario;
use rand_chacha::ChaCha8Rng;
use serde_json::Value as Json;

use super::World;
use super::handles::Handles;
use super::person::Participant;
use super::persona::{Organisation, Persona, case_rng};
use super::time::ClockReading;
use crate::context::RunContext;
use crate::surroundings::Host;
use steps::CaseRun;

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

/// Runs a case: makes its world, goes through its steps, takes the world down whatever happened.
pub async fn run_case(
    context: &RunContext,
    capabilities: &Capabilities,
    case: &Case,
) -> CaseResult {
    let started = context.session.clock.now();
    let mut run = CaseRun::new(context, capabilities, case);
    let mut secrets = BTreeSet::new();
    let mut exchanges: Vec<RecordedExchange> = Vec::new();
    let mut short_codes = BTreeSet::new();
    let mut internal_error = None;
    if run.is_spared() {
        run.pass_over();
    } else {
        match make_world(context, case).await {
            Ok(mut world) => {
                run.follow(&mut world).await;
                short_codes = std::mem::take(&mut world.short_codes);
                world.hold_to_rules(&case.id());
                world.tear_down().await;
                secrets = std::mem::take(&mut world.secrets);
                exchanges = std::mem::take(&mut world.exchanges);
                world.gateways.stop().await;
            }
            Err(error) => {
                run.block(CouldNotRun::NotReached(error.clone()));
                run.pass_over();
                internal_error = Some(error);
            }
        }
    }
    let (mut checks, transcript) = run.end();
    let found = short_codes.into_iter();
    checks.extend(found.map(|channel| judging::short_code(case, channel)));
    for check in &mut checks {
        // What is shown is masked with everything the case has learnt.
        for exchange in &mut check.exchanges {
            exchange.mask(&secrets);
        }
    }
    let mut trace = Vec::new();
    if context.trace {
        trace.extend(exchanges.into_iter().map(RecordedExchange::into_shown));
        for exchange in &mut trace {
            exchange.mask(&secrets);
        }
    }
    let wall = context.session.clock.now().duration_since(started);
    CaseResult {
        id: case.id(),
        file: case.scenario.path.clone(),
        title: case.scenario.title.clone(),
        edition: case.edition,
        checks,
        transcript,
        trace,
        wall_ms: u64::try_from(wall.as_millis()).unwrap_or(0),
        internal_error,
        secrets,
    }
}

/// Makes the people, the gateways and an empty memory; the tenant is made with the first step.
pub async fn make_world<'a>(context: &'a RunContext, case: &Case) -> Result<World<'a>, String> {
    let id = case.id();
    let mut rng = case_rng(context.session.seed, &id);
    let session = &context.session;
    let organisation = Organisation::draw(&id, |name| session.tenant_id(name), &mut rng);
    let people = people_of(context, case, &organisation, &mut rng);
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
        people: people
            .into_iter()
            .map(|(name, persona)| (name, Participant::new(persona)))
            .collect(),
        gateways,
        handles: Handles::default(),
        limits: context.limits.clone(),
        now: case.scenario.start,
        zero: case.scenario.start,
        rng,
        secrets,
        drawn_ids: BTreeMap::new(),
        short_codes: BTreeSet::new(),
        codes: Vec::new(),
        assumed: false,
        policy: Json::Null,
        looked: BTreeMap::new(),
        settled: false,
        begun: opened,
        opened,
        made: Vec::new(),
        clock_reading: ClockReading::default(),
        last_code: None,
        typed_code: None,
        seen: Vec::new(),
        exchanges: Vec::new(),
        history: Vec::new(),
        prepared: None,
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
