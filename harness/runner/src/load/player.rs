//! One user of a load run: sends the commands of flows, plays phone and apps, and holds every answer to the oracle.
//!
//! Each user has an oracle of their own, a tenant with one person, so judging costs the same however many users there are.
//! Before each flow it is put back to where it was after the preparation, because each flow leaves its user as it found
//! them; so its memory does not grow either.

mod devices;
mod stranger;

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use jiff::Timestamp;
use proofup_domain::command::{CodeRole, Command};
use proofup_domain::method::{ChallengeKind, Method};
use proofup_domain::secret::Secret;
use proofup_domain::state::Channel;
use proofup_gateways::message::Message;
use proofup_gateways::people::authenticator::{AccountKey, Authenticator};
use proofup_oracle::machine::{self, NewUser, State};
use serde_json::{Map, Value as Json};

use super::account::{Account, REGION};
use super::flow::{Act, USER};
use super::post::Letterbox;
use super::tenant::{Common, Tenant};
use super::wire::{Connect, LastExchange, Memory};
use crate::target::exchange::Exchange;
use crate::target::{Operation, Transport, TransportError, Value, Variables};
use stranger::Belongings;

/// Holds an abstract answer.
pub(crate) type Performed = Map<String, Json>;

/// Says why an act led to nothing.
#[derive(Debug)]
pub(crate) enum Trouble {
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
    /// The answer is a refusal, and the oracle admits it: the flow cannot go on.
    Refused(String),
}

/// Holds one user.
#[derive(Debug)]
pub(crate) struct Player {
    pub(crate) common: Rc<Common>,
    pub(crate) tenant: Rc<Tenant>,
    pub(crate) account: Account,
    /// From this instant of the tenant's on the user may begin again.
    pub(crate) ready_at: Timestamp,
    transport: Transport,
    memory: Memory,
    /// What answers left behind, by name.
    kept: BTreeMap<String, Value>,
    belongings: Belongings,
    letterboxes: Letterboxes,
    /// The newest message of the flow.
    message: Option<Message>,
    /// The newest code that was sent.
    code: Option<Secret>,
    /// The code that was typed last, and the one that was accepted last.
    typed: Option<Secret>,
    used: Option<Secret>,
    new_password: Option<Secret>,
    authenticator: Option<(Authenticator, AccountKey)>,
    /// What the oracle knows, after the preparation and now.
    base: State,
    state: State,
    operation: Option<Operation>,
}

/// Holds where a user's messages arrive.
#[derive(Debug)]
struct Letterboxes {
    sms: Arc<Letterbox>,
    voice: Arc<Letterbox>,
    email: Arc<Letterbox>,
    push: Arc<Letterbox>,
}

impl Letterboxes {
    fn of(&self, channel: Channel) -> &Letterbox {
        match channel {
            Channel::Sms => &self.sms,
            Channel::Voice => &self.voice,
            Channel::Email => &self.email,
            Channel::Push => &self.push,
        }
    }
}

/// Makes the oracle's side of a tenant with one person.
pub(crate) fn oracle(common: &Common, policy: proofup_domain::policy::Policy) -> State {
    State::new(machine::Tenant {
        policy,
        limits: common.capabilities.limits.clone(),
        code_shapes_accepted: common.capabilities.code_shapes_accepted.clone(),
        domains: std::collections::BTreeSet::new(),
        users: vec![NewUser::member(USER)],
        numbers: BTreeMap::new(),
    })
}

impl Player {
    /// Makes a user; `own` is what the target told of the person when it was made.
    pub(crate) fn new(
        common: &Rc<Common>,
        tenant: &Rc<Tenant>,
        account: Account,
        connect: &Connect,
        state: State,
        own: BTreeMap<String, Value>,
    ) -> Self {
        let post = &common.post;
        let letterboxes = Letterboxes {
            sms: post.letterbox(Channel::Sms, &account.mobile.e164),
            voice: post.letterbox(Channel::Voice, &account.office.e164),
            email: post.letterbox(Channel::Email, &account.address),
            push: post.letterbox(Channel::Push, &account.push_token),
        };
        let memory = Memory::default();
        Self {
            common: Rc::clone(common),
            tenant: Rc::clone(tenant),
            account,
            ready_at: Timestamp::MIN,
            transport: memory.around(connect()),
            memory,
            kept: BTreeMap::new(),
            belongings: Belongings::new(own),
            letterboxes,
            message: None,
            code: None,
            typed: None,
            used: None,
            new_password: None,
            authenticator: None,
            base: state.clone(),
            state,
            operation: None,
        }
    }

    /// Closes the connection; the next request opens another.
    pub(crate) fn reconnect(&mut self, connect: &Connect) {
        self.transport = self.memory.around(connect());
    }

    /// Puts the oracle back to where it was after the preparation.
    pub(crate) fn begin(&mut self) {
        self.state = self.base.clone();
    }

    /// Takes what the oracle knows now as the point from which each flow begins.
    pub(crate) fn settle(&mut self) {
        self.base = self.state.begin_story();
        self.begin();
    }

    /// Lets the oracle see a command of test control that was made for the whole tenant.
    pub(crate) fn see(&mut self, command: &Command) {
        self.state = machine::step(&self.state, command, self.tenant.now()).state;
    }

    /// Does one act, and holds its answer to the oracle.
    pub(crate) async fn act(&mut self, act: &Act) -> Result<Performed, Trouble> {
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
    pub(crate) async fn command(&mut self, command: &Command) -> Result<Performed, Trouble> {
        let now = self.tenant.now();
        let outcome = machine::step(&self.state, command, now);
        if let Some(why) = outcome.expected.unbound() {
            return Err(Trouble::Unready(why.to_owned()));
        }
        if sends(command) {
            // What was sent before this is old.
            for channel in [Channel::Sms, Channel::Voice, Channel::Email, Channel::Push] {
                self.letterboxes.of(channel).empty();
            }
        }
        let answer = self.perform(command).await?;
        match outcome.expected.admits(&answer) {
            Ok(()) => {
                self.state = outcome.follow(&answer).clone();
                Ok(answer)
            }
            Err(mismatches) => Err(Trouble::Wrong {
                expected: outcome.expected.to_expect().to_string(),
                got: mismatches.join("; "),
            }),
        }
    }

    /// Waits for the message that the command before has caused.
    async fn receive(&mut self, channel: Channel) -> Result<Performed, Trouble> {
        let timeout = self.common.timeout;
        let message = self.letterboxes.of(channel).wait(timeout).await;
        let message = message.ok_or(Trouble::NoMessage(channel))?;
        if matches!(channel, Channel::Sms | Channel::Email) {
            let code = message.code(self.common.target.code_pattern(channel));
            let code = code.ok_or_else(|| {
                Trouble::Unready(format!("a message by {channel} came without a code"))
            })?;
            self.code = Some(code);
        }
        self.message = Some(message);
        Ok(Performed::new())
    }

    /// Asks an operation of the target for what its answer means.
    async fn ask(&mut self, operation: Operation, command: &Command) -> Result<Performed, Trouble> {
        self.operation = Some(operation);
        let variables = self.variables(operation, command)?;
        let target = Arc::clone(&self.common.target);
        let asked = target.ask(&self.transport, operation, &variables).await;
        let asked = asked.map_err(Trouble::Transport)?;
        let performed = asked.answered.into_fields();
        if !crate::judge::matcher::is_no_success(&performed) {
            self.kept.extend(asked.kept);
            self.accepted(command);
        }
        Ok(performed)
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

    /// Collects the variables that an operation offers.
    fn variables(&mut self, operation: Operation, command: &Command) -> Result<Variables, Trouble> {
        let mut variables = Variables::default();
        for spec in operation.variables() {
            if let Some(value) = self.variable(spec.name, command)? {
                variables.0.insert(spec.name.to_owned(), value);
            }
        }
        Ok(variables)
    }

    fn variable(&mut self, name: &str, command: &Command) -> Result<Option<Value>, Trouble> {
        let value = match name {
            "tenantId" => (!self.tenant.id.is_empty()).then(|| Value::from(&*self.tenant.id)),
            "controlToken" => self.common.control_token.clone().map(Value::from),
            "userPrincipalName" => Some(Value::from(&*self.account.user_principal_name)),
            "password" => Some(self.password(command)),
            "code" => self.code_of(command)?.map(Value::from),
            "method" => method_of(command).map(|method| Value::from(method.as_str())),
            "kind" => kind_of(command).map(|kind| Value::from(kind.as_str())),
            "methodId" if !matches!(command, Command::DeleteMethod { .. }) => None,
            "address" => self
                .is_about(command, &[Method::Email])
                .then(|| Value::from(&*self.account.address)),
            "region" => self.is_about(command, &PHONES).then(|| Value::from(REGION)),
            "number" if self.is_about(command, &[Method::MobilePhone]) => {
                Some(Value::from(&*self.account.mobile.typed))
            }
            "number" if self.is_about(command, &[Method::OfficePhone]) => {
                Some(Value::from(&*self.account.office.typed))
            }
            "number" => None,
            _ => self.kept.get(name).cloned(),
        };
        Ok(value)
    }

    #[expect(clippy::unused_self, reason = "reads beside the other variables")]
    fn is_about(&self, command: &Command, methods: &[Method]) -> bool {
        matches!(command, Command::BeginEnrollment { method, .. } if methods.contains(method))
    }

    fn password(&mut self, command: &Command) -> Value {
        if let Command::SetNewPassword { .. } = command {
            let fresh = self.account.fresh_password();
            self.new_password = Some(fresh.clone());
            return Value::from(fresh);
        }
        Value::from(self.account.password.clone())
    }

    /// Chooses the code that is typed.
    fn code_of(&mut self, command: &Command) -> Result<Option<Secret>, Trouble> {
        let (Command::SubmitCode { code: role, .. }
        | Command::SubmitSecondStepCode { code: role, .. }
        | Command::SubmitResetCode { code: role, .. }) = command
        else {
            return Ok(None);
        };
        let missing = |what: &str| Trouble::Unready(format!("there is no {what} code to type"));
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
        let length = self.common.capabilities.limits.code_length;
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
        let LastExchange { request, outcome } = self.memory.take()?;
        let mut secrets: Vec<Secret> = self
            .kept
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
        secrets.extend(self.common.control_token.clone());
        let target = &self.common.target;
        Some(target.show(self.operation, &request, outcome.as_ref(), &secrets))
    }
}

const PHONES: [Method; 2] = [Method::MobilePhone, Method::OfficePhone];

/// Tells whether a command makes the target send something.
const fn sends(command: &Command) -> bool {
    matches!(
        command,
        Command::BeginEnrollment { .. }
            | Command::NextPage { .. }
            | Command::BeginSecondStep { .. }
            | Command::BeginResetProof { .. }
    )
}

const fn method_of(command: &Command) -> Option<Method> {
    match command {
        Command::BeginEnrollment { method, .. }
        | Command::DeleteMethod { method, .. }
        | Command::BeginResetProof { method, .. } => Some(*method),
        Command::BeginSecondStep { method, .. } => *method,
        _ => None,
    }
}

const fn kind_of(command: &Command) -> Option<ChallengeKind> {
    match command {
        Command::BeginEnrollment { method, .. } => match method {
            Method::MobilePhone => Some(ChallengeKind::TextMessage),
            Method::OfficePhone => Some(ChallengeKind::VoiceCall),
            _ => None,
        },
        Command::BeginSecondStep { kind, .. } | Command::BeginResetProof { kind, .. } => *kind,
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
