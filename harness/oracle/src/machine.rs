//! The stateful oracle: what every command of the vocabulary has to answer (`domain.md` §3 to §12).
//!
//! [`step`] takes a tenant as a value, a command and the instant of the request, and gives the tenant afterwards and what
//! may be answered. Codes, secrets and ids are symbols here: a role (`lastSent`, `wrong`, `{ of = "bob" }`) is resolved
//! against the state, never against digits. The pure decisions (availability, required set, window, default, sign-in,
//! reset) are those of this crate's other modules; what is added is everything that needs a memory.
//!
//! Where the design leaves a choice, the machine follows each reading: a handler asks whether the other reading holds, and
//! `step` runs it once for every combination of answers. The first reading is the preferred one and gives
//! [`Transition::state`]; which one an implementation took is told by its answer ([`Transition::follow`]).
//!
//! **Invariant:** a step reads no clock, draws nothing at random, never fails and never panics.

mod answers;
mod callbacks;
mod devices;
mod enroll;
mod expected;
mod gate;
mod life;
mod manage;
mod outbox;
mod records;
mod register;
mod resets;
mod roles;
mod second_step;
mod session;
mod tenant;
mod verify;
mod world;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use proofup_domain::answer::Answer;
use proofup_domain::command::{Command, Name};
use proofup_domain::expect::Expectation;
use proofup_domain::method::Method;
use proofup_domain::policy::Policy;
use proofup_domain::refusal::Refusal;
use proofup_domain::state::Activity;

pub use expected::Expected;
pub use tenant::{NewUser, NumberFacts, ProvisionedTenant};

use expected::Told;
use outbox::Outbox;
use records::{PersonState, Ref, RefKind};
use roles::By;
use tenant::Setting;

/// Counts the readings of one step that are followed; beyond it the rest is not admitted.
const READINGS_MAX: usize = 16;

/// One tenant as a value: cheap to clone, equal when nothing that could be told differs.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    setting: Arc<Setting>,
    policy: Arc<Policy>,
    people: Vec<Arc<PersonState>>,
    bindings: Arc<BTreeMap<(RefKind, Name), Ref>>,
    outbox: Arc<Outbox>,
    audit: Arc<Vec<AuditEntry>>,
}

/// One audit event (`domain.md` §12).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct AuditEntry {
    person: usize,
    activity: Activity,
    method: Option<Method>,
}

impl State {
    /// Makes the state in which nobody has done anything.
    #[must_use]
    pub fn new(tenant: ProvisionedTenant) -> Self {
        tenant::start(tenant)
    }

    /// Returns the policy that holds now.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Returns what decisions know of a user (role, registered methods, choice), or none if nobody has the name.
    #[must_use]
    pub fn user(&self, name: &Name) -> Option<&crate::user::User> {
        self.person(name).map(|index| &self.people[index].user)
    }

    /// Lets nobody owe a second step: the target declares that it has none (SIGN-10 and MAN-5 are not applicable).
    #[must_use]
    pub fn without_second_steps(mut self) -> Self {
        Arc::make_mut(&mut self.setting).second_steps = false;
        self
    }

    /// Forgets the audit trail and what inboxes hold, so that a story can begin after its preparations.
    #[must_use]
    pub fn begin_story(&self) -> Self {
        let mut state = self.clone();
        state.audit = Arc::default();
        Arc::make_mut(&mut state.outbox).forget_inboxes();
        state
    }

    fn person(&self, name: &Name) -> Option<usize> {
        self.people
            .iter()
            .position(|person| *person.name == *name.0)
    }
}

/// What a step leads to.
#[derive(Debug, Clone, PartialEq)]
pub struct Transition {
    /// The state afterwards, by the preferred reading.
    pub state: State,
    /// What may be answered, by any reading.
    pub expected: Expected,
    /// How many of the patterns belong to the preferred reading.
    preferred: usize,
    others: Vec<(Vec<Expectation>, State)>,
}

impl Transition {
    /// Returns the state afterwards, by the first reading that admits the answer; the preferred one if none does.
    #[must_use]
    pub fn follow(&self, answer: &Answer) -> &State {
        let admitted = |patterns: &[Expectation]| patterns.iter().any(|one| one.admits(answer));
        let preferred = self.expected.alternatives();
        if admitted(&preferred[..self.preferred.min(preferred.len())]) {
            return &self.state;
        }
        self.others
            .iter()
            .find(|(patterns, _)| admitted(patterns))
            .map_or(&self.state, |(_, state)| state)
    }

    /// Lists the states that may follow, each once, the preferred first: those of the readings of which an expectation passes.
    ///
    /// An answer that tells little may meet several readings, and nobody knows then which of them was taken.
    #[must_use]
    pub fn following(&self, passes: &dyn Fn(&Expectation) -> bool) -> Vec<&State> {
        let preferred = self.expected.alternatives().iter().take(self.preferred);
        let mut states: Vec<&State> = Vec::new();
        if preferred.into_iter().any(passes) {
            states.push(&self.state);
        }
        for (patterns, state) in &self.others {
            if patterns.iter().any(passes) && !states.contains(&state) {
                states.push(state);
            }
        }
        states
    }

    /// Returns the state that follows from an answer, as [`Self::follow`] does, if the answer is admitted.
    ///
    /// # Errors
    ///
    /// The outcome itself, where no reading admits the answer: [`Expected::admits`] tells why.
    pub fn admit(self, answer: &Answer) -> Result<State, Box<Self>> {
        let mut preferred = self.expected.alternatives().iter().take(self.preferred);
        if preferred.any(|one| one.admits(answer)) {
            return Ok(self.state);
        }
        let mut alternatives = self.expected.alternatives().iter();
        if !alternatives.any(|one| one.admits(answer)) {
            return Err(Box::new(self));
        }
        Ok(self.follow(answer).clone())
    }

    /// Returns whether the readings of the design part ways here: the state afterwards depends on the answer.
    #[must_use]
    pub fn depends_on_answer(&self) -> bool {
        self.others.iter().any(|(_, state)| *state != self.state)
    }
}

/// Works out what a command has to answer at an instant, and the state afterwards.
///
/// The caller owns the clock: `now` is the instant of the request, and `advanceClock` shows in the `now` of the next call.
#[must_use]
pub fn step(state: &State, command: &Command, now: Timestamp) -> Transition {
    every_reading(state, command, now, None)
}

/// Works out what a command has to answer that was made ready earlier, before other commands changed the state.
///
/// Whoever sends several commands at the same moment chooses codes, passwords and ids before any of them is answered. So
/// what a role names (`lastSent`, `current`, `right`, the latest session) is what it named in `prepared`; whether that is
/// still good is judged by `state` at `now`.
#[must_use]
pub fn step_prepared(
    state: &State,
    prepared: &PreparedMoment,
    command: &Command,
    now: Timestamp,
) -> Transition {
    every_reading(state, command, now, Some(prepared))
}

/// The moment at which commands were made ready.
#[derive(Debug, Clone, PartialEq)]
pub struct PreparedMoment {
    /// The state of then.
    pub state: State,
    /// The instant.
    pub now: Timestamp,
}

fn every_reading(
    state: &State,
    command: &Command,
    now: Timestamp,
    prepared: Option<&PreparedMoment>,
) -> Transition {
    let mut script = Vec::new();
    let run = |script: &mut Vec<bool>| run(state, command, now, prepared, script);
    let (state_after, told) = run(&mut script);
    let expected = Expected::of(told);
    let mut outcome = Transition {
        state: state_after,
        preferred: expected.alternatives().len(),
        expected,
        others: Vec::new(),
    };
    while next_script(&mut script) && outcome.others.len() < READINGS_MAX {
        let (state_after, told) = run(&mut script);
        if let Told::Answers(ruled) = told {
            let patterns = ruled.patterns;
            outcome.expected.extend(patterns.clone());
            outcome.others.push((patterns, state_after));
        }
    }
    outcome
}

/// Runs one reading: the script says which, and grows by the questions that are asked beyond its end.
fn run(
    state: &State,
    command: &Command,
    now: Timestamp,
    prepared: Option<&PreparedMoment>,
    script: &mut Vec<bool>,
) -> (State, Told) {
    let before = |prepared: &PreparedMoment| {
        Box::new(StepContext {
            state: prepared.state.clone(),
            now: prepared.now,
            before: None,
            script: Vec::new(),
            asked: 0,
        })
    };
    let mut world = StepContext {
        state: state.clone(),
        now,
        before: prepared.map(before),
        script: std::mem::take(script),
        asked: 0,
    };
    // What a reset that policy has switched off since is answered (`domain.md` §13): it goes on, by the policy of now or as
    // though it were on still, or `contactAdministrator` is all there is.
    let off = is_about_a_reset(command) && !state.policy.reset.enabled;
    let as_before = off && world.reading();
    if as_before {
        Arc::make_mut(&mut world.state.policy).reset.enabled = true;
    }
    let mut told = dispatch(&mut world, command).unwrap_or_else(|refused| refused);
    if as_before {
        world.state.policy = Arc::clone(&state.policy);
    } else if off
        && matches!(told, Told::Answers(_))
        && !world.script[..world.asked].contains(&true)
        && world.reading()
    {
        world.state = state.clone();
        told = Told::refused(Refusal::ContactAdministrator);
    }
    *script = world.script;
    (world.state, told)
}

/// Returns whether a command goes on with a reset.
const fn is_about_a_reset(command: &Command) -> bool {
    matches!(
        command,
        Command::ReadReset { .. }
            | Command::BeginResetProof { .. }
            | Command::ReadResetProof { .. }
            | Command::SubmitResetCode { .. }
            | Command::SubmitResetAnswers { .. }
            | Command::SetNewPassword { .. }
    )
}

/// Moves on to the next combination of readings; false: that was the last.
fn next_script(script: &mut Vec<bool>) -> bool {
    while let Some(last) = script.last_mut() {
        if !*last {
            *last = true;
            return true;
        }
        script.pop();
    }
    false
}

/// A state while a command changes it.
#[derive(Debug)]
struct StepContext {
    state: State,
    now: Timestamp,
    /// The world in which the command was made ready, where that is not this one.
    before: Option<Box<Self>>,
    script: Vec<bool>,
    asked: usize,
}

impl StepContext {
    /// Asks whether the other reading of a rule is followed here; the preferred one says no.
    fn reading(&mut self) -> bool {
        if self.asked == self.script.len() {
            self.script.push(false);
        }
        self.asked += 1;
        self.script[self.asked - 1]
    }

    fn person(&self, index: usize) -> &PersonState {
        &self.state.people[index]
    }

    fn person_mut(&mut self, index: usize) -> &mut PersonState {
        Arc::make_mut(&mut self.state.people[index])
    }

    fn outbox_mut(&mut self) -> &mut Outbox {
        Arc::make_mut(&mut self.state.outbox)
    }

    fn record(&mut self, person: usize, activity: Activity, method: Option<Method>) {
        Arc::make_mut(&mut self.state.audit).push(AuditEntry {
            person,
            activity,
            method,
        });
    }
}

/// The answer of a handler; the error is a refusal that ended it early.
type Handled = Result<Told, Told>;

#[expect(
    clippy::too_many_lines,
    reason = "one entry per command, and the compiler sees that none is missing"
)]
fn dispatch(world: &mut StepContext, command: &Command) -> Handled {
    use Command as C;
    let by = By::new;
    match command {
        C::SignIn {
            user,
            password,
            bind,
            ..
        } => world.sign_in(user, password, bind.as_ref()),
        C::SignOut { user, session } => world.sign_out(by(user, session.as_ref())),
        C::ReadSession { user, session } => world.read_session(by(user, session.as_ref())),
        C::OpenAccount { user, session } => world.open_account(by(user, session.as_ref())),
        C::Defer { user, session } => world.defer(by(user, session.as_ref())),
        C::ReadWizard { user, session } => world.read_wizard(by(user, session.as_ref())),
        C::CompleteWizard { user, session } => world.complete_wizard(by(user, session.as_ref())),
        C::CompleteReview { user, session } => world.complete_review(by(user, session.as_ref())),
        C::ListMethods { user, session } => world.list_methods(by(user, session.as_ref())),
        C::ListAvailable { user, session } => world.list_available(by(user, session.as_ref())),
        C::ChangeMethod {
            user,
            session,
            method,
            of,
            address,
            phone,
            kind,
            bind,
        } => {
            let data = enroll::Data::change(*method, address.as_ref(), phone.as_ref(), *kind);
            world.change_method(by(user, session.as_ref()), data, of.as_ref(), bind.as_ref())
        }
        C::DeleteMethod {
            user,
            session,
            method,
            of,
        } => world.delete_method(by(user, session.as_ref()), *method, of.as_ref()),
        C::SetDefault {
            user,
            session,
            method,
            kind,
            of,
        } => world.set_default(by(user, session.as_ref()), *method, *kind, of.as_ref()),
        C::BeginEnrollment {
            user,
            session,
            method,
            address,
            phone,
            kind,
            bind,
        } => {
            let data = enroll::Data::setup(*method, address.as_ref(), phone.as_ref(), *kind);
            world.begin_enrollment(by(user, session.as_ref()), data, bind.as_ref())
        }
        C::ReadEnrollment {
            user,
            session,
            enrollment,
        } => world.read_enrollment(by(user, session.as_ref()), enrollment.as_ref()),
        C::NextPage {
            user,
            session,
            enrollment,
        } => world.next_page(by(user, session.as_ref()), enrollment.as_ref()),
        C::SendCode {
            user,
            session,
            enrollment,
        } => world.send_code(by(user, session.as_ref()), enrollment.as_ref()),
        C::SubmitCode {
            user,
            session,
            enrollment,
            code,
        } => world.submit_code(by(user, session.as_ref()), enrollment.as_ref(), code),
        C::SubmitAnswers {
            user,
            session,
            enrollment,
            answers,
        } => world.submit_answers(by(user, session.as_ref()), enrollment.as_ref(), answers),
        C::CancelEnrollment {
            user,
            session,
            enrollment,
        } => world.cancel_enrollment(by(user, session.as_ref()), enrollment.as_ref()),
        C::BeginSecondStep {
            user,
            session,
            method,
            kind,
            of,
            bind,
        } => world.begin_second_step(
            by(user, session.as_ref()),
            *method,
            *kind,
            of.as_ref(),
            bind.as_ref(),
        ),
        C::ReadSecondStep {
            user,
            session,
            challenge,
        } => world.read_second_step(by(user, session.as_ref()), challenge.as_ref()),
        C::SubmitSecondStepCode {
            user,
            session,
            challenge,
            code,
        } => world.submit_second_step_code(by(user, session.as_ref()), challenge.as_ref(), code),
        C::BeginReset { user, bind, .. } => world.begin_reset(user, bind.as_ref()),
        C::ReadReset { user, reset } => world.read_reset(user, reset.as_ref()),
        C::BeginResetProof {
            user,
            reset,
            method,
            kind,
            of,
            bind,
        } => world.begin_reset_proof(
            (user, reset.as_ref()),
            *method,
            *kind,
            of.as_ref(),
            bind.as_ref(),
        ),
        C::ReadResetProof { user, reset, proof } => {
            world.read_reset_proof(user, reset.as_ref(), proof.as_ref())
        }
        C::SubmitResetCode {
            user,
            reset,
            proof,
            code,
        } => world.submit_reset_code(user, reset.as_ref(), proof.as_ref(), code),
        C::SubmitResetAnswers {
            user,
            reset,
            proof,
            answers,
        } => world.submit_reset_answers(user, reset.as_ref(), proof.as_ref(), answers),
        C::SetNewPassword {
            user,
            reset,
            password,
        } => world.set_new_password(user, reset.as_ref(), password),
        C::AddAccount {
            user,
            enrollment,
            by,
        } => world.add_account(user, enrollment.as_ref(), *by),
        C::ActivateDevice {
            user, enrollment, ..
        } => world.activate_device(user, enrollment.as_ref()),
        C::ApproveNotification {
            user,
            notification,
            secret,
        } => world.reply(user, *notification, *secret, true),
        C::DenyNotification {
            user,
            notification,
            secret,
        } => world.reply(user, *notification, *secret, false),
        C::PressKey {
            user,
            key,
            call,
            secret,
        } => world.press_key(user, key, *call, *secret),
        C::HangUp { user, call } | C::LetRing { user, call } => world.end_call(user, *call),
        C::ReadInbox {
            user,
            channel,
            address,
            phone,
        } => world.read_inbox(user, *channel, address.as_ref(), phone.as_ref()),
        C::AdvanceClock { .. } => Ok(Told::done()),
        C::SetPolicy { policy } => world.set_policy(policy),
        C::BlockUser { user } => world.block_user(user),
        C::UnblockUser { user } => world.unblock_user(user),
        C::SetGateway { channel, behaviour } => world.set_gateway(*channel, *behaviour),
        C::ReleaseMessages { channel, .. } => world.release_messages(*channel),
        C::ReadAudit { user } => world.read_audit(user.as_ref()),
        C::ReadAuditEvents { user, session } => world.read_audit_events(by(user, session.as_ref())),
        C::ReadCapabilities {} => Ok(world.read_capabilities()),
        C::FindLeaks {} => Ok(world.find_leaks()),
    }
}

#[cfg(test)]
mod tests;
