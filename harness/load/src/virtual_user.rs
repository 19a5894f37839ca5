//! One user of a load run: sends the commands of flows, plays phone and apps, and holds every answer to the oracle.
//!
//! Each user has an oracle of their own, a tenant with one person, so judging costs the same however many users there are.
//! Before each flow it is put back to where it was after the preparation, because each flow leaves its user as it found
//! them; so its memory does not grow either.

mod custom;
mod devices;

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use jiff::Timestamp;
use proofup_binding::exchange::Exchange;
use proofup_binding::raw_connection::RawConnection;
use proofup_binding::{Asked, Operation, Transport, TransportError, Value, Variables};
use proofup_domain::answer::Answer;
use proofup_domain::command::{CodeRole, Command};
use proofup_domain::method::Method;
use proofup_domain::secret::Secret;
use proofup_domain::state::Channel;
use proofup_gateways::message::Message;
use proofup_gateways::people::authenticator::{AccountKey, Authenticator};
use proofup_oracle::machine::{self, NewUser, State};

use super::account::{Account, REGION};
use super::flow::{Act, USER};
use super::messages::MessageSlot;
use super::tenant::{LoadTenant, UserContext};
use super::wire::{Connect, LastExchange, Memory};
use custom::Belongings;

/// An abstract answer.
/// Why an act led to nothing.
#[derive(Debug)]
pub(crate) enum FlowError {
    /// The target did not answer.
    Transport(TransportError),
    /// No message came in time.
    NoMessage(Channel),
    /// The act could not be done: something was missing that an earlier answer should have told.
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
    pub(crate) account: Account,
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
    belongings: Belongings,
    slots: MessageSlots,
    /// The newest message of the flow.
    message: Option<Message>,
    /// The newest code that was sent.
    code: Option<Secret>,
    /// The code that was typed last, and the one that was accepted last.
    typed: Option<Secret>,
    used: Option<Secret>,
    new_password: Option<Secret>,
    authenticator: Option<(Authenticator, AccountKey)>,
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
        domains: std::collections::BTreeSet::new(),
        users: vec![NewUser::member(USER)],
        numbers: BTreeMap::new(),
    })
}

impl VirtualUser {
    /// Makes a user; `own` is what the target told of the person when it was made.
    pub(crate) fn new(
        context: &Rc<UserContext>,
        tenant: &Rc<LoadTenant>,
        account: Account,
        state: State,
        own: BTreeMap<String, Value>,
    ) -> Self {
        let router = &context.router;
        let slots = MessageSlots {
            sms: router.slot(Channel::Sms, &account.mobile.e164),
            voice: router.slot(Channel::Voice, &account.office.e164),
            email: router.slot(Channel::Email, &account.address),
            push: router.slot(Channel::Push, &account.push_token),
        };
        let memory = Memory::default();
        let mut offered = Variables::default();
        if !tenant.id.is_empty() {
            offered.insert("tenantId", &*tenant.id);
        }
        if let Some(token) = &context.session.control_token {
            offered.insert("controlToken", token.clone());
        }
        offered.insert("userPrincipalName", &*account.user_principal_name);
        offered.insert("password", account.password.clone());
        Self {
            context: Rc::clone(context),
            tenant: Rc::clone(tenant),
            account,
            ready_at: Timestamp::MIN,
            transport: memory.around(context.session.transport.clone()),
            memory,
            lane: None,
            was_over_lane: false,
            offered,
            has_passing: false,
            has_fresh_password: false,
            belongings: Belongings::new(own),
            slots,
            message: None,
            code: None,
            typed: None,
            used: None,
            new_password: None,
            authenticator: None,
            base: state,
            state: None,
            operation: None,
        }
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

    /// Puts the oracle back to where it was after the preparation.
    pub(crate) fn begin(&mut self) {
        self.state = None;
    }

    /// Takes what the oracle knows now as the point from which each flow begins.
    pub(crate) fn settle(&mut self) {
        self.rest();
        self.base = self.known().begin_story();
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

    /// Does one act, and holds its answer to the oracle.
    pub(crate) async fn act(&mut self, act: &Act) -> Result<Answer, FlowError> {
        match act {
            Act::Do(command) => self.command(command).await,
            Act::Await(channel) => self.receive(*channel).await,
        }
    }

    /// Does a command, and holds its answer to the oracle.
    ///
    /// # Errors
    /// Where nothing came back, or what came is wrong. A refusal that the oracle demands is a success here; whoever wanted
    /// something else looks at the answer.
    pub(crate) async fn command(&mut self, command: &Command) -> Result<Answer, FlowError> {
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

    /// Waits for the message that the command before has caused.
    async fn receive(&mut self, channel: Channel) -> Result<Answer, FlowError> {
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
        Ok(Answer::done())
    }

    /// Asks an operation of the target for what its answer means.
    async fn ask(&mut self, operation: Operation, command: &Command) -> Result<Answer, FlowError> {
        self.offer(command)?;
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
            self.accepted(command);
        }
        Ok(performed)
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

    /// Remembers what a success means for the person.
    fn accepted(&mut self, command: &Command) {
        match command {
            Command::SubmitCode { .. }
            | Command::SubmitSecondStepCode { .. }
            | Command::SubmitResetCode { .. } => self.used = self.typed.take(),
            Command::SetNewPassword { .. } => {
                if let Some(password) = self.new_password.take() {
                    self.account.password = password;
                }
            }
            _ => {}
        }
    }

    /// Offers what a command names, and no longer what the one before named.
    fn offer(&mut self, command: &Command) -> Result<(), FlowError> {
        if self.has_passing {
            self.has_passing = false;
            for name in PASSING {
                self.offered.take(name);
            }
            if self.has_fresh_password {
                self.has_fresh_password = false;
                let password = self.account.password.clone();
                self.offered.put("password", password);
            }
        }
        let mut passing: Vec<(&str, Value)> = Vec::new();
        if let Some(code) = self.code_of(command)? {
            passing.push(("code", Value::from(code)));
        }
        if let Some(method) = command.method() {
            passing.push(("method", Value::from(method.as_str())));
        }
        if let Some(kind) = command.kind() {
            passing.push(("kind", Value::from(kind.as_str())));
        }
        if let Command::SetNewPassword { .. } = command {
            let fresh = self.account.fresh_password();
            self.new_password = Some(fresh.clone());
            self.has_fresh_password = true;
            passing.push(("password", Value::from(fresh)));
        }
        if let Command::BeginEnrollment { method, .. } = command {
            let phone = match method {
                Method::MobilePhone => Some(&self.account.mobile),
                Method::OfficePhone => Some(&self.account.office),
                _ => None,
            };
            if let Some(phone) = phone {
                passing.push(("region", Value::from(REGION)));
                passing.push(("number", Value::from(&*phone.typed)));
            }
            if *method == Method::Email {
                passing.push(("address", Value::from(&*self.account.address)));
            }
        }
        self.has_passing = !passing.is_empty();
        for (name, value) in passing {
            self.offered.put(name, value);
        }
        Ok(())
    }

    /// Chooses the code that is typed.
    fn code_of(&mut self, command: &Command) -> Result<Option<Secret>, FlowError> {
        let (Command::SubmitCode { code: role, .. }
        | Command::SubmitSecondStepCode { code: role, .. }
        | Command::SubmitResetCode { code: role, .. }) = command
        else {
            return Ok(None);
        };
        let missing = |what: &str| FlowError::Unready(format!("there is no {what} code to type"));
        let code = match role {
            CodeRole::LastSent => self.code.clone().ok_or_else(|| missing("sent"))?,
            CodeRole::Used => self.used.clone().ok_or_else(|| missing("used"))?,
            CodeRole::Current => self.shown_code(0).ok_or_else(|| missing("current"))?,
            CodeRole::Wrong => self.wrong_code(),
            _ => return Err(missing("such")),
        };
        self.typed = Some(code.clone());
        Ok(Some(code))
    }

    /// Makes a code of the right length that was not sent and that no authenticator shows about now.
    fn wrong_code(&self) -> Secret {
        let mut known: Vec<Secret> = (-3..=3)
            .filter_map(|drift| self.shown_code(drift))
            .collect();
        known.extend(self.code.clone());
        known.extend(self.used.clone());
        let right = self.code.as_ref().or_else(|| known.get(3));
        let length = self.context.capabilities.limits.code_length;
        let mut wrong = right.map_or_else(
            || "0".repeat(usize::try_from(length).unwrap_or(6)),
            |right| right.expose().to_owned(),
        );
        for _ in 0..=known.len() {
            wrong = next_code(&wrong);
            if known.iter().all(|known| known.expose() != wrong) {
                break;
            }
        }
        Secret::new(wrong)
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
        secrets.push(self.account.password.clone());
        secrets.extend(
            [&self.code, &self.typed, &self.used, &self.new_password]
                .into_iter()
                .flatten()
                .cloned(),
        );
        secrets.extend(self.message.iter().filter_map(|message| {
            let call = message.call.as_ref()?;
            call.secret.clone()
        }));
        secrets.extend(self.context.session.control_token.clone());
        let target = &self.context.session.target;
        Some(target.show(self.operation, &request, outcome.as_ref(), &secrets))
    }
}

/// What a command names and no later one may take for its own.
const PASSING: [&str; 6] = ["code", "method", "kind", "region", "number", "address"];

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

/// Counts a code up by one, within its digits.
fn next_code(code: &str) -> String {
    let mut carried = true;
    let mut digits: Vec<char> = code.chars().collect();
    for digit in digits
        .iter_mut()
        .rev()
        .filter(|digit| digit.is_ascii_digit())
    {
        if carried {
            carried = *digit == '9';
            *digit = match digit.to_digit(10) {
                Some(value) if value < 9 => char::from_digit(value + 1, 10).unwrap_or('0'),
                _ => '0',
            };
        }
    }
    digits.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_code_differs_and_keeps_its_length() {
        for (code, next) in [
            ("123456", "123457"),
            ("129999", "130000"),
            ("999999", "000000"),
        ] {
            assert_eq!(next_code(code), next);
        }
        assert_eq!(next_code("A9-9"), "A0-0");
    }
}
