//! Lets a story of the explorer happen, with the oracle beside it.
//!
//! The oracle is asked before each command and told the answer afterwards, from the first command of the tenant on. The
//! first answer that it does not admit ends the story.

use std::collections::BTreeSet;
use std::sync::Arc;

use proofup_binding::Operation;
use proofup_domain::answer::Answer;
use proofup_domain::command::Command;
use proofup_domain::refusal::Refusal;
use proofup_domain::requirement::RequirementId;
use proofup_domain::secret::Secret;
use proofup_oracle::auditor::{Grounds, Violation, audit};
use proofup_oracle::machine::Expected;
use proofup_world::bounds::TargetBounds;
use proofup_world::case::{Case, make_world};
use proofup_world::context::RunContext;
use proofup_world::session::reach;
use proofup_world::{StepError, World};

use super::requirement_at_fault::{Got, requirement_at_fault};
use super::story::Story;
use crate::possible::{Foreseen, PossibleStates};

/// What came of a story.
#[derive(Debug, Default)]
pub(crate) struct PlayedStory {
    /// The first answer that the oracle does not admit.
    pub(crate) difference: Option<UnexpectedAnswer>,
    /// What the auditor, who never asks the oracle, finds in what happened.
    pub(crate) violations: Vec<Violation>,
    /// Each command of the story that was answered, and whether it succeeded.
    pub(crate) answered: Vec<(&'static str, bool)>,
    /// Commands that the harness could not make although the oracle says that they can be done.
    pub(crate) stalls: Vec<String>,
    /// A difference that did not come again.
    pub(crate) chance: Option<String>,
    /// Why it ended early, with an answer that is not held against the target.
    pub(crate) unjudged: Option<Spared>,
    /// Why nothing of it could be played.
    pub(crate) failure: Option<String>,
    /// What the oracle admitted at each step that was taken, if that was asked for.
    pub(crate) expectations: Vec<(usize, Expected)>,
}

/// Why an answer that the oracle does not admit is not held against the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Spared {
    /// The target declares that it does not have what the requirement is about.
    NotApplicable(String),
    /// It has it, and whether it is right cannot be told.
    NotJudged(String),
}

/// An answer that the oracle does not admit.
#[derive(Debug, Clone)]
pub(crate) struct UnexpectedAnswer {
    /// The index of the step; none: it came while methods were registered before the first step.
    pub(crate) step: Option<usize>,
    /// What was done.
    pub(crate) command: Command,
    /// What the oracle admits.
    pub(crate) expected: Expected,
    /// What came.
    pub(crate) got: Got,
}

/// Plays a story against a target. `stem` names its tenant: equal stems and seeds draw equal people, where a tenant is taken
/// down with them.
pub(crate) async fn play(
    context: &RunContext,
    bounds: &TargetBounds,
    story: &Story,
    stem: &str,
    keep_expectations: bool,
) -> PlayedStory {
    let mut played = PlayedStory::default();
    let case = Case {
        scenario: Arc::new(story.scenario(&context.fresh_name(stem))),
        edition: story.policy.edition,
    };
    let mut world = match make_world(context, &case).await {
        Ok(world) => world,
        Err(error) => {
            played.failure = Some(error);
            return played;
        }
    };
    let mut side = OracleSide {
        oracle: PossibleStates::of(story.tenant(bounds), bounds),
        played,
        context,
        bounds,
        keep_expectations,
    };
    let prepared = world.set_up(&case.scenario, &case.policy()).await;
    side.see_preparation(&world);
    match prepared {
        Ok(()) if side.played.unjudged.is_none() => {
            side.oracle.begin_story();
            side.steps(&mut world, &story.steps).await;
        }
        Err(trouble) if side.played.difference.is_none() => {
            side.played.failure = Some(trouble.to_string());
        }
        _ => {}
    }
    if bounds.makes_tenants() {
        let grounds = Grounds {
            policy: bounds.terms(&story.users, &story.policy).first,
            limits: bounds.capabilities.limits.clone(),
            code_shapes_accepted: bounds.capabilities.code_shapes_accepted.clone(),
        };
        side.played.violations = audit(&grounds, &world.history);
    }
    world.hold_to_rules(stem);
    world.tear_down().await;
    if let Some(UnexpectedAnswer {
        got: Got::Answer(answer),
        ..
    }) = &mut side.played.difference
    {
        // What a target tells that it must not tell is told by nobody else.
        answer.each_text_mut(&mut |text| mask(text, world.secrets()));
    }
    world.stop().await;
    side.played
}

/// Takes secrets out of an answer; text that holds one is not told at all.
fn mask(text: &mut String, secrets: &BTreeSet<Secret>) {
    let holds = |secret: &Secret| {
        let secret = secret.expose();
        secret.len() >= SECRET_MIN && text.contains(secret)
    };
    if secrets.iter().any(holds) {
        *text = "***".to_owned();
    }
}

/// Shorter texts stand in answers by chance; a code has at least six digits.
const SECRET_MIN: usize = 6;

/// The oracle's side of a story.
struct OracleSide<'a> {
    oracle: PossibleStates<'a>,
    played: PlayedStory,
    context: &'a RunContext,
    bounds: &'a TargetBounds,
    keep_expectations: bool,
}

impl OracleSide<'_> {
    /// Compares what happened before the first step with the oracle.
    fn see_preparation(&mut self, world: &World<'_>) {
        for (now, command, answer) in &world.history {
            let foreseen = self.oracle.foresee(command, *now);
            if !self.take(None, command, &foreseen, answer) {
                return;
            }
        }
    }

    async fn steps(&mut self, world: &mut World<'_>, steps: &[Command]) {
        for (index, command) in steps.iter().enumerate() {
            if !self.bounds.makes_tenants()
                && self.bounds.forbids(self.oracle.policy(), command).is_some()
            {
                continue;
            }
            let mut foreseen = self.oracle.foresee(command, world.now());
            if foreseen.expected.unbound().is_some() {
                // By another reading than the one it was drawn for there is nothing to do here.
                continue;
            }
            let performed = world.perform(command, None).await;
            if !self.bounds.is_exact() {
                // Only now is it known when the request was at the target.
                foreseen = self.oracle.foresee(command, world.now());
            }
            if self.keep_expectations {
                self.played
                    .expectations
                    .push((index, foreseen.expected.clone()));
            }
            match performed {
                Ok(_) if world.assumed() => self.oracle.assume(&foreseen),
                Ok(answer) => {
                    let succeeded = answer.is_success();
                    self.played.answered.push((command.word(), succeeded));
                    if !self.take(Some(index), command, &foreseen, &answer) {
                        return;
                    }
                }
                Err(StepError::Unready(why)) => self.played.stalls.push(format!(
                    "step {}: {}: {why}",
                    index + 1,
                    command.word()
                )),
                Err(StepError::Transport(failure)) => {
                    let error = failure.error.to_string();
                    self.no_answer(world, index, command, foreseen.expected, &error)
                        .await;
                    return;
                }
            }
        }
    }

    /// Returns what no answer means (decision 7): only a target that answers others and stays silent again is to blame.
    async fn no_answer(
        &mut self,
        world: &mut World<'_>,
        index: usize,
        command: &Command,
        expected: Expected,
        error: &str,
    ) {
        let session = &self.context.session;
        let reachable = if session.target.has(Operation::ReadCapabilities) {
            let asked = world.perform(&Command::ReadCapabilities {}, None).await;
            asked.is_ok()
        } else {
            reach(session).await.is_ok()
        };
        let again = world.perform(command, None).await;
        if let (true, Err(StepError::Transport(failure))) = (reachable, again) {
            self.played.difference = Some(UnexpectedAnswer {
                step: Some(index),
                command: command.clone(),
                expected,
                got: Got::Nothing(failure.error.to_string()),
            });
        } else {
            self.played.failure = Some(error.to_owned());
        }
    }

    /// Takes an answer into the state; false: the oracle does not admit it, and the story ends.
    fn take(
        &mut self,
        index: Option<usize>,
        command: &Command,
        foreseen: &Foreseen,
        answer: &Answer,
    ) -> bool {
        if self.oracle.follow(command, foreseen, answer) {
            return true;
        }
        if self.is_allowed(command, &foreseen.expected, answer) {
            self.oracle.overlook(foreseen);
            return true;
        }
        if let Some(why) = self.spared(command, &foreseen.expected, answer) {
            self.played.unjudged = Some(why);
            return false;
        }
        self.played.difference = Some(UnexpectedAnswer {
            step: index,
            command: command.clone(),
            expected: foreseen.expected.clone(),
            got: Got::Answer(answer.clone()),
        });
        false
    }

    /// Returns why an answer that no reading admits is not held against the target, if it is not: what its file does not
    /// know, limits that nobody declared, and what it declares that it does not have.
    fn spared(&self, command: &Command, expected: &Expected, answer: &Answer) -> Option<Spared> {
        let word = command.word();
        let got = Got::Answer(answer.clone());
        let id = requirement_at_fault(command, expected, &got)
            .and_then(|id| self.context.catalogue.get(&RequirementId(id.to_owned())));
        if let Some(feature) = id.and_then(|requirement| self.bounds.lacks(requirement)) {
            return Some(Spared::NotApplicable(feature));
        }
        if let Some(why) = self.bounds.unproven(command, &expected.to_expectation()) {
            return Some(Spared::NotJudged(format!("`{word}`: {why}")));
        }
        if self.bounds.makes_tenants() {
            return None;
        }
        if let Some(what) = answer.unrecognised() {
            return Some(Spared::NotJudged(format!(
                "`{word}`: no rule of the target file knows the answer: {what}"
            )));
        }
        (answer.refusal() == Some(Refusal::Throttled)).then(|| {
            Spared::NotJudged(format!(
                "`{word}` was throttled within the declared limits, perhaps by one that the file cannot tell"
            ))
        })
    }

    /// Returns whether the catalogue takes the refusal for as good as the expected one.
    fn is_allowed(&self, command: &Command, expected: &Expected, answer: &Answer) -> bool {
        let Some(id) = requirement_at_fault(command, expected, &Got::Answer(answer.clone())) else {
            return false;
        };
        let id = RequirementId(id.to_owned());
        let Some(requirement) = self.context.catalogue.get(&id) else {
            return false;
        };
        !requirement.allowed.is_empty()
            && expected
                .to_expectation()
                .compare(answer, &requirement.allowed)
                .is_empty()
    }
}
