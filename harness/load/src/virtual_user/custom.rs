//! What a user needs of targets that nobody here wrote: everything that their files may name, and no reproach for what
//! their files leave out.
//!
//! The contract of tenants needs none of it and takes the shorter way: see [`UserContext::custom_target`].
//!
//! [`UserContext::custom_target`]: crate::tenant::UserContext::custom_target

use std::collections::BTreeMap;
use std::sync::Arc;

use proofup_binding::{Operation, Reply, Value, Variables};
use proofup_domain::answer::Answer;
use proofup_domain::command::Command;
use proofup_domain::method::{ChallengeKind, Method};
use proofup_domain::state::Channel;
use proofup_oracle::machine::Expected;

use super::{FlowError, VirtualUser};

/// What a user of a custom target has beside what every user has.
#[derive(Debug, Clone, Default)]
pub(super) struct Belongings {
    /// What answers left behind for later requests, by name.
    kept: BTreeMap<String, Value>,
    /// What of it is the person's, and stays when a session ends.
    own: BTreeMap<String, Value>,
    about: About,
}

impl Belongings {
    /// Takes what the target told of the person when it was made.
    pub(super) fn new(own: BTreeMap<String, Value>) -> Self {
        Self {
            kept: own.clone(),
            own,
            about: About::default(),
        }
    }
}

/// What a setup, a second step or a proof is about: later requests of it may name that again.
#[derive(Debug, Clone, Default)]
struct About {
    method: Option<Method>,
    kind: Option<ChallengeKind>,
    destination: Option<String>,
}

impl VirtualUser {
    /// Asks an operation for what its answer means, the short way where that will do.
    pub(super) async fn asked(
        &mut self,
        operation: Operation,
        command: &Command,
    ) -> Result<Answer, FlowError> {
        if self.context.custom_target {
            self.ask_custom_target(operation, command).await
        } else {
            self.ask(operation, command).await
        }
    }

    async fn ask_custom_target(
        &mut self,
        operation: Operation,
        command: &Command,
    ) -> Result<Answer, FlowError> {
        self.operation = Some(operation);
        self.was_over_lane = false;
        if let Command::SignIn { .. } | Command::BeginReset { .. } = command {
            // Tokens, cookies and names of the session before are nobody's any more.
            self.belongings.kept = self.belongings.own.clone();
        }
        self.turn_to(command);
        let mut variables = self.said(operation, command)?;
        self.offer_more(operation, command, &mut variables);
        let target = Arc::clone(&self.context.session.target);
        let called = target.call(&self.transport, operation, &variables, None);
        let reply = called.await.map_err(|failure| {
            if failure.error.is_of_the_file() {
                FlowError::Unready(failure.error.to_string())
            } else {
                FlowError::Transport(failure.error)
            }
        })?;
        Ok(self.taken(operation, command, reply))
    }

    /// Offers who the person is and what the command itself says.
    fn said(&mut self, operation: Operation, command: &Command) -> Result<Variables, FlowError> {
        self.offer(command)?;
        let deletes = matches!(command, Command::DeleteMethod { .. });
        let specs = operation.variables().iter();
        let said = specs
            .filter(|spec| deletes || spec.name != "methodId")
            .filter_map(|spec| Some((spec.name, self.offered.get(spec.name)?.clone())));
        Ok(said.collect())
    }

    /// Keeps what a reply tells, and gives what it means.
    fn taken(&mut self, operation: Operation, command: &Command, reply: Reply) -> Answer {
        if reply.assumed {
            // Nothing was asked for just now, so what came before is what is waited for.
            for channel in [Channel::Sms, Channel::Voice, Channel::Email, Channel::Push] {
                self.slots.of(channel).refill();
            }
        }
        let performed = reply.answered;
        let mut fresh = reply.renewed;
        if performed.is_success() {
            self.accepted(command);
            // What people's devices show and scan is looked for there.
            self.offered.0.extend(reply.kept.clone());
            fresh.extend(reply.kept);
        }
        let target = &self.context.session.target;
        for (name, value) in fresh {
            let open = target.keeps_for_later(&name) && matches!(value, Value::Plain(_));
            // A device and a registered method outlive the session.
            if open || operation == Operation::ActivateDevice || name == "methodId" {
                self.belongings.own.insert(name.clone(), value.clone());
            }
            self.belongings.kept.insert(name, value);
        }
        performed
    }

    /// Remembers what a command is about.
    fn turn_to(&mut self, command: &Command) {
        let (Command::BeginEnrollment { kind, .. }
        | Command::BeginSecondStep { kind, .. }
        | Command::BeginResetProof { kind, .. }) = command
        else {
            return;
        };
        let method = command.method();
        self.belongings.about = About {
            method,
            kind: kind.or_else(|| method.map(Method::setup_kind)),
            destination: method.and_then(|method| self.destination_of(method)),
        };
    }

    fn destination_of(&self, method: Method) -> Option<String> {
        let account = &self.account;
        match method {
            Method::Email => Some(account.address.clone()),
            Method::MobilePhone => Some(account.mobile.e164.clone()),
            Method::OfficePhone => Some(account.office.e164.clone()),
            Method::MicrosoftAuthenticator | Method::SoftwareOath | Method::SecurityQuestions => {
                None
            }
        }
    }

    /// Offers what a command does not say itself: the person's own, what was kept, and what all of it is about.
    fn offer_more(&self, operation: Operation, command: &Command, variables: &mut Variables) {
        let Belongings { kept, about, .. } = &self.belongings;
        let mut more = kept.clone();
        let mut text = |name: &str, text: &str| {
            more.insert(name.to_owned(), Value::from(text));
        };
        text("ownAddress", &self.account.address);
        let begins = matches!(command, Command::BeginEnrollment { .. });
        match (&about.destination, about.method) {
            (Some(_), Some(Method::Email)) if begins => text("addressIs", "own"),
            (Some(number), _) if begins => text("e164", number),
            (Some(destination), _) => text("destination", destination),
            (None, _) => {}
        }
        if let (Some(method), true) = (about.method, is_inside(command)) {
            text("method", method.as_str());
        }
        if let (Some(kind), true) = (about.kind, is_inside(command)) {
            text("kind", kind.as_str());
        }
        if let (Command::SetNewPassword { .. }, Some(code)) = (command, &self.used) {
            more.insert("code".to_owned(), Value::from(code.clone()));
        }
        let password = Value::from(self.account.password.clone());
        more.insert("password".to_owned(), password);
        for (name, value) in more {
            // What no template of the operation can name stays where it is.
            let is_offered =
                operation.offers(&name) || self.context.session.target.keeps_for_later(&name);
            if is_offered || matches!(value, Value::Jar(_)) {
                variables.0.entry(name).or_insert(value);
            }
        }
    }

    /// Adds to an answer what the target file says nothing of: a mapping that is silent is no defect of the target.
    pub(super) fn completed(
        &self,
        command: &Command,
        expected: &Expected,
        mut answer: Answer,
    ) -> Answer {
        let operation = Operation::from_word(command.word());
        let silent = operation.filter(|operation| self.context.silent.contains(operation));
        let Some(operation) = silent.filter(|_| !answer.is_unrecognised()) else {
            return answer;
        };
        let mut patterns = expected.alternatives().iter();
        let Some(pattern) = patterns.find(|pattern| pattern.admits_more_than(&answer)) else {
            return answer;
        };
        let silent = |field: &str| !self.context.session.target.tells(operation, field);
        answer.complete(pattern.example(), silent);
        answer
    }
}

/// Returns whether a command goes on with a setup, a second step or a proof.
const fn is_inside(command: &Command) -> bool {
    matches!(
        command,
        Command::ReadEnrollment { .. }
            | Command::NextPage { .. }
            | Command::SubmitCode { .. }
            | Command::SubmitSecondStepCode { .. }
            | Command::SubmitResetCode { .. }
    )
}
