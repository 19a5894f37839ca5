//! One user of a load run: sends the commands of flows, plays phone and apps, and holds every answer to the oracle.
//!
//! Each user has an oracle of their own, a tenant with one person, so judging costs the same however many users there are.
//! Before each flow it is put back to where it was after the preparation, because each flow leaves its user as it found
//! them; so its memory does not grow either.

mod custom;
mod devices;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use jiff::Timestamp;
use proofup_binding::exchange::Exchange;
use proofup_binding::raw_connection::RawConnection;
use proofup_binding::{Asked, Operation, Transport, TransportError, Value, Variables};
use proofup_domain::answer::Answer;
use proofup_domain::command::{Command, PhoneRef};
use proofup_domain::secret::Secret;
use proofup_domain::state::Channel;
use proofup_gateways::message::Message;
use proofup_oracle::machine::{self, NewUser, State};
use proofup_world::handles::Handles;
use proofup_world::person::codes::KnownCodes;
use proofup_world::person::{Participant, Typed, new_password, offers};
use rand_chacha::ChaCha8Rng;

use super::account::DrawnUser;
use super::flow::{ExpectedMessage, USER};
use super::messages::MessageSlot;
use super::tenant::{LoadTenant, UserContext};
use super::wire::{Connect, LastExchange, Memory};

/// Why a command led to nothing.
#[derive(Debug)]
pub(crate) enum FlowError {
    /// The target did not answer.
    Transport(TransportError),
    /// No message came in time.
    NoMessage(Channel),
    /// The command could not be done: something was missing that an earlier answer should have told.
    Unready(String),
    /// The answer is not one that the oracle admits.
    Wrong {
        /// What it admits.
        expected: String,
        /// What came.
        got: String,
    },
    /// The target, or what stands before it, says that it takes no more just now.
    TurnedAway(u16),
    /// The answer is a refusal, and the oracle admits it: the flow cannot go on.
    Refused(String),
}

/// One user.
#[derive(Debug)]
pub(crate) struct VirtualUser {
    pub(crate) context: Rc<UserContext>,
    pub(crate) tenant: Rc<LoadTenant>,
    pub(crate) person: Participant,
    /// Where notifications to the device go.
    push_token: String,
    /// Draws what the user makes up.
    rng: ChaCha8Rng,
    /// From this instant of the tenant's on the user may begin again.
    pub(crate) ready_at: Timestamp,
    transport: Transport,
    memory: Memory,
    /// The connection that the user has for now, where requests can be written straight onto one.
    lane: Option<Box<RawConnection>>,
    /// The last exchange went over it.
    was_over_lane: bool,
    /// What requests are filled with: who the user is, what answers left behind, and what the command at hand names.
    offered: Variables,
    /// Something in it is of the command before.
    has_passing: bool,
    /// The password in it is the one that the command before was to set.
    has_fresh_password: bool,
    /// What commands began: custom targets alone need it, now and at the beginning of each flow.
    handles: Handles,
    base_handles: Handles,
    slots: MessageSlots,
    expected_message: ExpectedMessage,
    /// The newest message of the flow.
    message: Option<Message>,
    /// The newest code that was sent.
    code: Option<Secret>,
    /// What was typed last.
    typed: Typed,
    /// What the oracle knows after the preparation, and now where a command came since.
    base: State,
    state: Option<State>,
    operation: Option<Operation>,
}

/// Where a user's messages arrive.
#[derive(Debug)]
struct MessageSlots {
    sms: Arc<MessageSlot>,
    voice: Arc<MessageSlot>,
    email: Arc<MessageSlot>,
    push: Arc<MessageSlot>,
}

impl MessageSlots {
    fn of(&self, channel: Channel) -> &MessageSlot {
        match channel {
            Channel::Sms => &self.sms,
            Channel::Voice => &self.voice,
            Channel::Email => &self.email,
            Channel::Push => &self.push,
        }
    }
}

/// Makes the oracle's side of a tenant with one person.
pub(crate) fn oracle(context: &UserContext, policy: proofup_domain::policy::Policy) -> State {
    State::new(machine::ProvisionedTenant {
        policy,
        limits: context.capabilities.limits.clone(),
        code_shapes_accepted: context.capabilities.code_shapes_accepted.clone(),
        domains: BTreeSet::new(),
        users: vec![NewUser::member(USER)],
        numbers: BTreeMap::new(),
    })
}

impl VirtualUser {
    /// Makes a user; `own` is what the target told of the person when it was made.
    pub(crate) fn new(
        context: &Rc<UserContext>,
        tenant: &Rc<LoadTenant>,
        drawn: DrawnUser,
        state: State,
        own: BTreeMap<String, Value>,
    ) -> Self {
        let router = &context.router;
        let slots = MessageSlots {
            sms: router.slot(Channel::Sms, &drawn.persona.phone(&PhoneRef::Mobile).e164),
            voice: router.slot(Channel::Voice, &drawn.persona.phone(&PhoneRef::Office).e164),
            email: router.slot(Channel::Email, &drawn.persona.own),
            push: router.slot(Channel::Push, &drawn.push_token),
        };
        let memory = Memory::default();
        let DrawnUser {
            persona,
            push_token,
            rng,
        } = drawn;
        let mut handles = Handles::default();
        handles.keep_of_person(&persona.name, own);
        let mut user = Self {
            context: Rc::clone(context),
            tenant: Rc::clone(tenant),
            person: Participant::new(persona),
            push_token,
            rng,
            ready_at: Timestamp::MIN,
            transport: memory.around(context.session.transport.clone()),
            memory,
            lane: None,
            was_over_lane: false,
            offered: Variables::default(),
            has_passing: false,
            has_fresh_password: false,
            base_handles: handles.clone(),
            handles,
            slots,
            expected_message: ExpectedMessage::default(),
            message: None,
            code: None,
            typed: Typed::default(),
            base: state,
            state: None,
            operation: None,
        };
        user.offered = user.control_variables();
        for (name, value) in offers::personal(&user.person.persona) {
            user.offered.put(name, value);
        }
        user
    }

    /// Closes the connection; the next request opens another.
    pub(crate) fn reconnect(&mut self, connect: &Connect) {
        self.transport = self.memory.around(connect());
        if let Some(lanes) = &self.context.lanes {
            self.lane.get_or_insert_with(|| lanes.take()).close();
        }
    }

    /// Leaves the connection to others.
    pub(crate) fn rest(&mut self) {
        if let Some(lanes) = &self.context.lanes
            && let Some(lane) = self.lane.take()
        {
            lanes.put_back(lane);
        }
    }

    /// Puts the oracle, and what is kept of custom targets, back to where it was after the preparation.
    pub(crate) fn begin(&mut self) {
        self.state = None;
        self.expected_message = ExpectedMessage::default();
        if self.context.is_custom {
            self.handles.clone_from(&self.base_handles);
        }
    }

    /// Takes what the oracle knows now as the point from which each flow begins.
    pub(crate) fn settle(&mut self) {
        self.rest();
        self.base = self.known().begin_story();
        self.base_handles.clone_from(&self.handles);
        self.begin();
    }

    /// Lets the oracle see a command of test control that was made for the whole tenant.
    pub(crate) fn see(&mut self, command: &Command) {
        let outcome = machine::step(self.known(), command, self.tenant.now());
        self.state = Some(outcome.state);
    }

    /// Returns what the oracle knows now.
    const fn known(&self) -> &State {
        match &self.state {
            Some(state) => state,
            None => &self.base,
        }
    }

    /// Does a command, and holds its answer to the oracle.
    ///
    /// # Errors
    /// Where nothing came back, or what came is wrong. A refusal that the oracle demands is a success here; whoever wanted
    /// something else looks at the answer.
    pub(crate) async fn command(&mut self, command: &Command) -> Result<Answer, FlowError> {
        if let Some(channel) = self.message_for(command) {
            self.receive(channel).await?;
        }
        let now = self.tenant.now();
        let outcome = machine::step(self.known(), command, now);
        if let Some(why) = outcome.expected.unbound() {
            return Err(FlowError::Unready(why.to_owned()));
        }
        if command.may_send() {
            // What was sent before this is old.
            for channel in [Channel::Sms, Channel::Voice, Channel::Email, Channel::Push] {
                self.slots.of(channel).empty();
            }
        }
        let answer = self.perform(command).await?;
        if let Some(status) = turned_away(&answer) {
            return Err(FlowError::TurnedAway(status));
        }
        let (answer, admitted) = match outcome.admit(&answer) {
            Ok(state) => (answer, Ok(state)),
            Err(outcome) => {
                let answer = self.completed(command, &outcome.expected, answer);
                let admitted = outcome.admit(&answer);
                (answer, admitted)
            }
        };
        match admitted {
            Ok(state) => {
                self.state = Some(state);
                if answer.is_success() {
                    self.expected_message.after(command, &answer);
                }
                Ok(answer)
            }
            Err(outcome) => Err(FlowError::Wrong {
                expected: outcome.expected.to_expect().to_string(),
                got: match outcome.expected.admits(&answer) {
                    Ok(()) => String::new(),
                    Err(mismatches) => mismatches.join("; "),
                },
            }),
        }
    }

    /// Returns the channel of the message that a command takes and that is still to be read; it is then read by
    /// [`Self::receive`].
    pub(crate) const fn message_for(&mut self, command: &Command) -> Option<Channel> {
        self.expected_message.taken_by(command)
    }

    /// Waits for the message that an earlier command has caused.
    pub(crate) async fn receive(&mut self, channel: Channel) -> Result<(), FlowError> {
        let timeout = self.context.timeout;
        let message = self.slots.of(channel).wait(timeout).await;
        let message = message.ok_or(FlowError::NoMessage(channel))?;
        if matches!(channel, Channel::Sms | Channel::Email) {
            let code = message.code(self.context.session.target.code_pattern(channel));
            let code = code.ok_or_else(|| {
                FlowError::Unready(format!("a message by {channel} came without a code"))
            })?;
            self.code = Some(code);
        }
        self.message = Some(message);
        Ok(())
    }

    /// Asks an operation of the target for what its answer means.
    async fn ask(&mut self, operation: Operation, command: &Command) -> Result<Answer, FlowError> {
        let typed = self.offer(command)?;
        let hidden = match command {
            Command::DeleteMethod { .. } => None,
            // What another command could take for the method that it is about.
            _ => self.offered.take("methodId"),
        };
        let asked = self.send(operation).await;
        if let Some(hidden) = hidden {
            self.offered.put("methodId", hidden);
        }
        let asked = asked?;
        let performed = asked.answered;
        if performed.is_success() {
            for (name, value) in asked.kept {
                self.offered.put(&name, value);
            }
            self.person.accept(command, typed);
        }
        Ok(performed)
    }

    /// Asks an operation of a device: nothing but test control is offered besides.
    async fn ask_plainly(
        &mut self,
        operation: Operation,
        offered: Vec<(&'static str, Value)>,
    ) -> Result<(Answer, BTreeMap<String, Value>), FlowError> {
        if self.context.is_custom {
            return self.call_plainly(operation, offered).await;
        }
        for (name, value) in offered {
            self.offered.put(name, value);
        }
        let asked = self.send(operation).await?;
        for (name, value) in &asked.kept {
            self.offered.put(name, value.clone());
        }
        Ok((asked.answered, asked.kept.into_iter().collect()))
    }

    /// Sends the requests of an operation, over the user's own connection where that can be.
    async fn send(&mut self, operation: Operation) -> Result<Asked, FlowError> {
        self.operation = Some(operation);
        let target = Arc::clone(&self.context.session.target);
        if let Some(lanes) = &self.context.lanes {
            self.was_over_lane = true;
            let lane = self.lane.get_or_insert_with(|| lanes.take());
            let asked = target.ask_over(lane, operation, &self.offered).await;
            if let Some(asked) = asked.map_err(FlowError::Transport)? {
                return Ok(asked);
            }
        }
        self.was_over_lane = false;
        let asked = target.ask(&self.transport, operation, &self.offered).await;
        asked.map_err(FlowError::Transport)
    }

    /// Offers what a command names, and no longer what the one before named; gives what is typed.
    fn offer(&mut self, command: &Command) -> Result<Typed, FlowError> {
        if self.has_passing {
            self.has_passing = false;
            for name in offers::SAID {
                self.offered.take(name);
            }
            self.offered.take("code");
            if self.has_fresh_password {
                self.has_fresh_password = false;
                let password = self.person.persona.password.clone();
                self.offered.put("password", password);
            }
        }
        let said = offers::said(command, &self.person.persona);
        let typed = self.typed(command)?;
        self.has_passing = !said.is_empty() || typed.code.is_some() || typed.password.is_some();
        for (name, value) in said {
            self.offered.put(name, value);
        }
        if let Some(code) = &typed.code {
            self.offered.put("code", code.clone());
        }
        if let Some(password) = &typed.password {
            self.has_fresh_password = true;
            self.offered.put("password", password.clone());
        }
        Ok(typed)
    }

    /// Chooses what is typed: the code that a role names, or a new password.
    fn typed(&mut self, command: &Command) -> Result<Typed, FlowError> {
        let mut typed = Typed::default();
        match command {
            Command::SubmitCode { code: role, .. }
            | Command::SubmitSecondStepCode { code: role, .. }
            | Command::SubmitResetCode { code: role, .. } => {
                let person = &self.person;
                let known = KnownCodes {
                    user: &person.persona.name,
                    sent: self.code.as_slice(),
                    sent_before: None,
                    last_sent: None,
                    used: person.used_code.as_ref(),
                    account: person.accounts.last(),
                    accounts: &person.accounts,
                    met: &NOTHING,
                    now: self.tenant.now(),
                    digits: self.context.capabilities.limits.code_length,
                };
                typed.code = known
                    .choose(role, &mut self.rng)
                    .map_err(FlowError::Unready)?;
            }
            Command::SetNewPassword { password, .. } => {
                typed.password = Some(new_password(password, &mut self.rng));
            }
            _ => {}
        }
        self.typed = typed.clone();
        Ok(typed)
    }

    /// Offers what test control needs.
    fn control_variables(&self) -> Variables {
        let mut offered = Variables::default();
        if !self.tenant.id.is_empty() {
            offered.insert("tenantId", &*self.tenant.id);
        }
        if let Some(token) = &self.context.session.control_token {
            offered.insert("controlToken", token.clone());
        }
        offered
    }

    /// Shows the last exchange, masked.
    pub(crate) fn show_last(&self) -> Option<Exchange> {
        let lane = self.lane.as_ref().filter(|_| self.was_over_lane);
        let (request, outcome) = match lane {
            Some(lane) => lane.last()?,
            None => {
                let LastExchange { request, outcome } = self.memory.take()?;
                (request, outcome)
            }
        };
        let mut secrets: Vec<Secret> = self
            .offered
            .0
            .values()
            .filter_map(|value| match value {
                Value::Secret(secret) => Some(secret.clone()),
                Value::Plain(_) | Value::Jar(_) => None,
            })
            .collect();
        secrets.push(self.person.persona.password.clone());
        let codes = [&self.code, &self.person.used_code];
        secrets.extend(codes.into_iter().flatten().cloned());
        secrets.extend(self.typed.secrets().cloned());
        secrets.extend(self.message.iter().filter_map(|message| {
            let call = message.call.as_ref()?;
            call.secret.clone()
        }));
        secrets.extend(self.context.session.control_token.clone());
        let target = &self.context.session.target;
        Some(target.show(self.operation, &request, outcome.as_ref(), &secrets))
    }
}

/// The secrets that no wrong code may be: a load run has no list of them.
static NOTHING: BTreeSet<Secret> = BTreeSet::new();

/// Returns the status of an answer that says nothing but that there is too much to do: no wrong answer, and no right one.
const fn turned_away(answer: &Answer) -> Option<u16> {
    match answer {
        Answer::Unrecognised {
            status: status @ (429 | 502 | 503 | 504),
            ..
        } => Some(*status),
        _ => None,
    }
}
