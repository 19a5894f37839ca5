//! Lets a story of the explorer happen, with the oracle beside it.
//!
//! The oracle is asked before each command and told the answer afterwards, from the first command of the tenant on. The
//! first answer that it does not admit ends the story.

use std::collections::BTreeSet;
use std::sync::Arc;

use proofup_domain::answer::Answer;
use proofup_domain::capabilities::Capabilities;
use proofup_domain::command::Command;
use proofup_domain::secret::Secret;
use proofup_oracle::auditor::{Grounds, Violation, audit};
use proofup_oracle::machine::{Expected, State, Transition, step};
use proofup_world::case::{Case, make_world};
use proofup_world::context::RunContext;
use proofup_world::{StepError, World, first_policy};

use super::requirement_at_fault::{Got, requirement_at_fault};
use super::story::Story;

/// What came of a story.
#[derive(Debug)]
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
    /// Why nothing of it could be played.
    pub(crate) failure: Option<String>,
    /// What the oracle admitted at each step that was taken, if that was asked for.
    pub(crate) expectations: Vec<(usize, Expected)>,
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

/// Plays a story against a target. `stem` names its tenant: equal stems and seeds draw equal people.
pub(crate) async fn play(
    context: &RunContext,
    capabilities: &Capabilities,
    story: &Story,
    stem: &str,
    keep_expectations: bool,
) -> PlayedStory {
    let mut played = PlayedStory {
        difference: None,
        violations: Vec::new(),
        answered: Vec::new(),
        stalls: Vec::new(),
        chance: None,
        failure: None,
        expectations: Vec::new(),
    };
    let case = Case {
        scenario: Arc::new(story.scenario(stem)),
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
        state: story.tenant(capabilities),
        played,
        context,
        keep_expectations,
    };
    let prepared = world.set_up(&case.scenario, &case.policy()).await;
    side.see_preparation(&world);
    match prepared {
        Ok(()) => {
            side.state = side.state.begin_story();
            side.steps(&mut world, &story.steps).await;
        }
        Err(trouble) if side.played.difference.is_none() => {
            side.played.failure = Some(trouble.to_string());
        }
        Err(_) => {}
    }
    let grounds = Grounds {
        policy: first_policy(&story.users, &story.policy),
        limits: capabilities.limits.clone(),
        code_shapes_accepted: capabilities.code_shapes_accepted.clone(),
    };
    side.played.violations = audit(&grounds, &world.history);
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
    state: State,
    played: PlayedStory,
    context: &'a RunContext,
    keep_expectations: bool,
}

impl OracleSide<'_> {
    /// Compares what happened before the first step with the oracle.
    fn see_preparation(&mut self, world: &World<'_>) {
        for (now, command, answer) in &world.history {
            let outcome = step(&self.state, command, *now);
            if !self.take(None, command, &outcome, answer) {
                return;
            }
        }
    }

    async fn steps(&mut self, world: &mut World<'_>, steps: &[Command]) {
        for (index, command) in steps.iter().enumerate() {
            let outcome = step(&self.state, command, world.now());
            if outcome.expected.unbound().is_some() {
                // By another reading than the one it was drawn for there is nothing to do here.
                continue;
            }
            if self.keep_expectations {
                self.played
                    .expectations
                    .push((index, outcome.expected.clone()));
            }
            match world.perform(command, None).await {
                Ok(answer) => {
                    let succeeded = answer.is_success();
                    self.played.answered.push((command.word(), succeeded));
                    if !self.take(Some(index), command, &outcome, &answer) {
                        return;
                    }
                }
                Err(StepError::Unready(why)) => self.played.stalls.push(format!(
                    "step {}: {}: {why}",
                    index + 1,
                    command.word()
                )),
                Err(StepError::Transport(failure)) => {
                    self.no_answer(world, index, command, outcome, &failure.error.to_string())
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
        outcome: Transition,
        error: &str,
    ) {
        let reachable = world
            .perform(&Command::ReadCapabilities {}, None)
            .await
            .is_ok();
        let again = world.perform(command, None).await;
        if let (true, Err(StepError::Transport(failure))) = (reachable, again) {
            self.played.difference = Some(UnexpectedAnswer {
                step: Some(index),
                command: command.clone(),
                expected: outcome.expected,
                got: Got::Nothing(failure.error.to_string()),
            });
        } else {
            self.played.failure = Some(error.to_owned());
        }
    }

    /// Takes an answer into the state; false: the oracle does not admit it.
    fn take(
        &mut self,
        index: Option<usize>,
        command: &Command,
        outcome: &Transition,
        answer: &Answer,
    ) -> bool {
        let admitted = outcome.expected.admits(answer).is_ok()
            || self.is_allowed(command, &outcome.expected, answer);
        if !admitted {
            self.played.difference = Some(UnexpectedAnswer {
                step: index,
                command: command.clone(),
                expected: outcome.expected.clone(),
                got: Got::Answer(answer.clone()),
            });
            return false;
        }
        self.state = outcome.follow(answer).clone();
        true
    }

    /// Returns whether the catalogue takes the refusal for as good as the expected one.
    fn is_allowed(&self, command: &Command, expected: &Expected, answer: &Answer) -> bool {
        let Some(id) = requirement_at_fault(command, expected, &Got::Answer(answer.clone())) else {
            return false;
        };
        let id = proofup_domain::requirement::RequirementId(id.to_owned());
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
