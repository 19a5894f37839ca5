//! Draws stories: proptest's state machine over the oracle, with people who know what they want.
//!
//! Each transition is one command and what its person means to do next. The oracle's state after it, by the preferred
//! reading, decides what is drawn next; a command that could not be done at all is never drawn.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use proofup_domain::command::{
    AddressRef, Command, GatewayBehaviour, Name, PasswordRole, PhoneRef,
};
use proofup_domain::policy::Policy;
use proofup_domain::state::Channel;
use proofup_oracle::machine::State;
use proofup_scenario::UserSpec;
use proofup_world::bounds::TargetBounds;
use proptest::strategy::{NewTree, Strategy, ValueTree};
use proptest::test_runner::{Config, RngSeed, TestRunner};
use proptest_state_machine::Sequential;

use super::acts::{self, Actor, Inbox};
use super::dice::Dice;
use super::lead::lead;
use super::person::{self, Planned, Scene};
use super::quota::{self, Quota};
use super::story::Story;
use super::story_setup::{StorySetup, story_setup};

/// Counts the instants that are remembered because something ends then.
const DEADLINES_MAX: usize = 24;

/// One command, where it leads, and what its person means to do next; no plan: the one before goes on.
#[derive(Debug, Clone)]
struct Move {
    command: Command,
    /// The state and the instant afterwards; none: it could not be done.
    lead: Option<(State, Timestamp)>,
    plan: Option<PlannedSteps>,
}

/// What a person means to do next.
#[derive(Debug, Clone, Default)]
struct PlannedSteps {
    all: Arc<[Planned]>,
    done: usize,
    /// Something came in between, so that it is not known any more where the commands lead.
    stale: bool,
}

impl PlannedSteps {
    fn of(all: Vec<Planned>) -> Self {
        Self {
            all: all.into(),
            done: 0,
            stale: false,
        }
    }

    fn next(&self) -> Option<&Planned> {
        self.all.get(self.done)
    }

    /// Returns the plan once its next command is done.
    fn rest(&self) -> Self {
        Self {
            done: self.done + 1,
            ..self.clone()
        }
    }
}

/// How far a story is.
#[derive(Clone)]
struct StoryDraft {
    setup: Arc<StorySetup>,
    bounds: Arc<TargetBounds>,
    users: Arc<Vec<Name>>,
    state: State,
    now: Timestamp,
    plan: PlannedSteps,
    deadlines: Vec<Timestamp>,
    due: Vec<Timestamp>,
}

impl std::fmt::Debug for StoryDraft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Draft")
            .field("now", &self.now)
            .field("plan", &self.plan)
            .finish_non_exhaustive()
    }
}

/// Draws the story of a case: at most `steps` commands and a quiet end.
///
/// The seed and the number of the case decide it, so neither `--jobs` nor other cases change it. Where a case leans to a
/// command, the first of several stories is taken in which it succeeds.
#[must_use]
pub fn draw(bounds: &Arc<TargetBounds>, seed: u64, case: u64, steps: usize) -> Story {
    let mixed = seed
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .wrapping_add(case.wrapping_mul(0xbf58_476d_1ce4_e5b9));
    let quota = Quota::of(case).filter(|quota| bounds.has_word(quota.word()));
    let Some(quota) = quota else {
        return one_story(bounds, mixed, None, steps);
    };
    let mut stories = (0..quota::STORIES_MAX).map(|number| {
        let mixed = mixed.wrapping_add(number.wrapping_mul(0x94d0_49bb_1331_11eb));
        one_story(bounds, mixed, Some(quota), steps)
    });
    let first = stories.next();
    let succeeds = |story: &Story| succeeds(quota.word(), story, bounds);
    match first {
        Some(first) if !succeeds(&first) => stories.find(succeeds).unwrap_or(first),
        first => first.unwrap_or_else(|| one_story(bounds, mixed, Some(quota), steps)),
    }
}

/// Returns whether a command succeeds in a story by the oracle's preferred reading.
fn succeeds(word: &str, story: &Story, bounds: &TargetBounds) -> bool {
    let (mut state, mut now) = prepared(story, bounds);
    for command in &story.steps {
        let Some((after, answer, then)) = lead(&state, command, now) else {
            continue;
        };
        if command.word() == word && answer.is_success() {
            return true;
        }
        (state, now) = (after, then);
    }
    false
}

/// Returns the state and the instant at which the steps of a story begin, its methods registered.
fn prepared(story: &Story, bounds: &TargetBounds) -> (State, Timestamp) {
    let mut state = story.tenant(bounds);
    let mut now = story.start;
    for command in bounds.preparation(&story.users, &story.policy) {
        if let Some((after, _, then)) = lead(&state, &command, now) {
            (state, now) = (after, then);
        }
    }
    (state.begin_story(), now)
}

/// Draws one story from what the seed and the number of its case are mixed into.
fn one_story(bounds: &Arc<TargetBounds>, mixed: u64, quota: Option<Quota>, steps: usize) -> Story {
    let mut runner = TestRunner::new(Config {
        rng_seed: RngSeed::Fixed(mixed),
        failure_persistence: None,
        ..Config::default()
    });
    let known = Arc::clone(bounds);
    let sequence = Sequential::new(
        (1..=steps.max(1)).into(),
        move || {
            Seeded({
                let known = Arc::clone(&known);
                move |seed| Arc::new(StoryDraft::new(seed, quota, &known))
            })
        },
        // What could not be done is not drawn.
        |_: &Arc<StoryDraft>, step: &Move| step.lead.is_some(),
        |draft: &Arc<StoryDraft>| {
            Seeded({
                let draft = Arc::clone(draft);
                move |seed| draft.choose(seed)
            })
        },
        |draft: Arc<StoryDraft>, step: &Move| Arc::new(Arc::unwrap_or_clone(draft).after(step)),
    );
    let Ok(tree) = sequence.new_tree(&mut runner) else {
        // Too many commands in a row could not be done: the case is an empty story, which is told as such.
        return StoryDraft::new(mixed, quota, bounds).setup.story.clone();
    };
    let (first, moves, _) = tree.current();
    let mut story = first.setup.story.clone();
    story.steps = moves.into_iter().map(|step| step.command).collect();
    let mut end = quiet_end(&story, mixed);
    end.retain(|command| bounds.forbids(&story.policy, command).is_none());
    story.steps.extend(end);
    story
}

/// Draws a value from a seed of its own; the explorer shrinks whole stories, so a value alone does not shrink.
struct Seeded<F>(F);

impl<F> std::fmt::Debug for Seeded<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seeded")
    }
}

impl<T: Clone + std::fmt::Debug, F: Fn(u64) -> T> Strategy for Seeded<F> {
    type Tree = Fixed<T>;
    type Value = T;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        let seed = proptest::num::u64::ANY.new_tree(runner)?.current();
        Ok(Fixed((self.0)(seed)))
    }
}

/// A value that does not shrink.
struct Fixed<T>(T);

impl<T: Clone + std::fmt::Debug> ValueTree for Fixed<T> {
    type Value = T;

    fn current(&self) -> T {
        self.0.clone()
    }

    fn simplify(&mut self) -> bool {
        false
    }

    fn complicate(&mut self) -> bool {
        false
    }
}

impl StoryDraft {
    fn new(seed: u64, quota: Option<Quota>, bounds: &Arc<TargetBounds>) -> Self {
        let setup = story_setup(&mut Dice::new(seed), quota, bounds);
        let story = &setup.story;
        let (state, now) = prepared(story, bounds);
        Self {
            users: Arc::new(story.users.iter().map(|user| user.name.clone()).collect()),
            state,
            now,
            plan: PlannedSteps::default(),
            deadlines: Vec::new(),
            due: due(&story.policy, now),
            bounds: Arc::clone(bounds),
            setup: Arc::new(setup),
        }
    }

    /// Chooses what happens next: what is planned, or something new.
    fn choose(&self, seed: u64) -> Move {
        let mut dice = Dice::new(seed);
        if let Some(next) = self.plan.next() {
            let lead = if self.plan.stale {
                self.lead(&next.command)
            } else {
                Some((next.state.clone(), next.now))
            };
            let possible = lead.is_some();
            if possible && !dice.chance(self.setup.weights.interject) {
                return Move {
                    command: next.command.clone(),
                    lead,
                    plan: Some(self.plan.rest()),
                };
            }
            if possible && dice.chance(60) {
                let other = self.new_plan(&mut dice);
                if let Some(next) = other.into_iter().next() {
                    return Move {
                        command: next.command,
                        lead: Some((next.state, next.now)),
                        plan: None,
                    };
                }
            }
        }
        let plan = PlannedSteps::of(self.new_plan(&mut dice));
        if let Some(next) = plan.next() {
            return Move {
                command: next.command.clone(),
                lead: Some((next.state.clone(), next.now)),
                plan: Some(plan.rest()),
            };
        }
        let command = Actor::new(self.users[0].clone()).sign_in(PasswordRole::Right, None);
        Move {
            lead: self.lead(&command),
            command,
            plan: Some(plan),
        }
    }

    fn lead(&self, command: &Command) -> Option<(State, Timestamp)> {
        lead(&self.state, command, self.now).map(|(state, _, now)| (state, now))
    }

    fn new_plan(&self, dice: &mut Dice) -> Vec<Planned> {
        let scene = Scene {
            users: &self.users,
            bounds: &self.bounds,
            capabilities: &self.bounds.capabilities,
            deadlines: &self.deadlines,
            due: &self.due,
        };
        person::plan(dice, &self.setup.weights, &scene, &self.state, self.now)
    }

    fn after(mut self, step: &Move) -> Self {
        self.note_deadlines(&step.command);
        if let Some((state, now)) = &step.lead {
            (self.state, self.now) = (state.clone(), *now);
        }
        match &step.plan {
            Some(plan) => self.plan = plan.clone(),
            // What came in between may have changed where the plan leads; a plan that goes on after it stays so.
            None => self.plan.stale = true,
        }
        self
    }

    /// Remembers when what a command begins will end.
    fn note_deadlines(&mut self, command: &Command) {
        let limits = &self.bounds.capabilities.limits;
        let policy = self.state.policy();
        let day = 86_400;
        let ends: Vec<i64> = match command {
            Command::SignIn { .. } => vec![
                limits.session_seconds.into(),
                limits.block_seconds.into(),
                i64::from(policy.deferral_days) * day,
                (i64::from(policy.deferral_days) - 1) * day,
                day,
            ],
            Command::BeginEnrollment { .. } | Command::ChangeMethod { .. } => vec![
                limits.enrollment_seconds.into(),
                limits.code_seconds.into(),
                limits.call_seconds.into(),
                limits.resend_seconds.into(),
            ],
            Command::SendCode { .. } | Command::NextPage { .. } => vec![
                limits.notification_seconds.into(),
                limits.activation_seconds.into(),
                limits.code_seconds.into(),
                limits.resend_seconds.into(),
            ],
            Command::BeginSecondStep { .. } | Command::BeginResetProof { .. } => vec![
                limits.code_seconds.into(),
                limits.notification_seconds.into(),
                limits.call_seconds.into(),
                limits.resend_seconds.into(),
            ],
            Command::BeginReset { .. } => vec![limits.reset_seconds.into()],
            Command::SubmitCode { .. }
            | Command::SubmitAnswers { .. }
            | Command::PressKey { .. }
            | Command::ApproveNotification { .. }
            | Command::CompleteReview { .. } => {
                self.due = due(policy, self.now);
                return;
            }
            _ => return,
        };
        let now = self.now;
        self.deadlines.extend(
            ends.into_iter()
                .filter_map(|left| now.checked_add(SignedDuration::from_secs(left)).ok()),
        );
        let excess = self.deadlines.len().saturating_sub(DEADLINES_MAX);
        self.deadlines.drain(..excess);
    }
}

/// Returns when what is registered or confirmed now is due for review.
fn due(policy: &Policy, now: Timestamp) -> Vec<Timestamp> {
    let days = i64::from(policy.reset.reconfirm_after_days);
    let at = now.checked_add(SignedDuration::from_hours(days * 24)).ok();
    at.filter(|_| days > 0).into_iter().collect()
}

/// Lists what ends every story: providers work again, and everything that can be looked at is.
fn quiet_end(story: &Story, seed: u64) -> Vec<Command> {
    let mut dice = Dice::new(seed ^ 0x5eed);
    let mut end: Vec<Command> = Vec::new();
    for channel in Channel::ALL {
        let spoilt = story
            .steps
            .iter()
            .any(|step| matches!(step, Command::SetGateway { channel: of, .. } if of == channel));
        if spoilt {
            end.push(acts::set_gateway(*channel, GatewayBehaviour::Deliver));
            end.push(acts::release(*channel, false));
        }
    }
    let acts = |user: &&UserSpec| story.steps.iter().any(|step| is_by(step, &user.name));
    let acting: Vec<&UserSpec> = story.users.iter().filter(acts).collect();
    // Nothing is sent in between, so it is waited for once.
    for user in &acting {
        let somebody = Actor::new(user.name.clone());
        end.push(somebody.read_inbox(Inbox::Mail(AddressRef::Own)));
        end.push(somebody.read_inbox(Inbox::Sms(PhoneRef::Mobile)));
        end.push(somebody.read_inbox(Inbox::Voice(
            dice.pick(&[PhoneRef::Mobile, PhoneRef::Office]),
        )));
        end.push(somebody.read_inbox(Inbox::Push));
    }
    for user in acting {
        let somebody = Actor::new(user.name.clone());
        end.push(somebody.read_session());
        end.push(somebody.list_methods());
        end.push(somebody.list_available());
        end.push(somebody.sign_in(PasswordRole::Right, None));
        end.push(somebody.read_wizard());
        end.push(somebody.list_methods());
    }
    end.push(Command::ReadAudit { user: None });
    end.push(Command::FindLeaks {});
    end
}

/// Returns whether a command is done by somebody.
fn is_by(command: &Command, name: &Name) -> bool {
    super::actor(command) == Some(name)
}
