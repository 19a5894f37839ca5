//! What leaves the harness for a command, in three acts: it is made ready, it is sent, its answer is taken.
//!
//! One command goes through them in one breath. Commands that are sent at the same moment are all made ready first, so
//! that codes and bindings are those of before, then sent at once, and then their answers are taken in order.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures_util::future::join_all;
use proofup_binding::exchange::Exchange;
use proofup_binding::{CallFailure, Operation, Reply, Value, Variables};
use proofup_domain::answer::Answer;
use proofup_domain::command::{Command, Mangle, Name};
use proofup_domain::secret::Secret;
use proofup_gateways::message::Cursor;

use super::operations::{References, operation_of};
use super::person::Typed;
use super::variables::Vars;
use super::{StepError, World};
use crate::context::RunContext;

/// A request that can be sent.
pub(super) enum Request {
    /// An operation of the target file.
    Operation {
        operation: Operation,
        variables: Variables,
        mangle: Option<Mangle>,
    },
    /// What a voice provider calls back.
    Callback {
        request: Box<http::Request<Bytes>>,
        secrets: Vec<Secret>,
    },
}

impl Request {
    /// Returns its name in reports.
    const fn name(&self) -> &'static str {
        match self {
            Self::Operation { operation, .. } => operation.as_str(),
            Self::Callback { .. } => "callback",
        }
    }

    /// Sends it and waits for the answer.
    pub(super) async fn send(self, context: &RunContext) -> Result<Reply, CallFailure> {
        let (target, transport) = (&context.session.target, &context.session.transport);
        match self {
            Self::Operation {
                operation,
                variables,
                mangle,
            } => target.call(transport, operation, &variables, mangle).await,
            Self::Callback { request, secrets } => {
                target.callback(transport, *request, &secrets).await
            }
        }
    }
}

/// What has to be known when the answer to a request is taken.
pub(super) struct Pending {
    name: &'static str,
    /// The messages that it causes lie behind this cursor.
    pub(super) since: Cursor,
    pub(super) typed: Typed,
}

impl World<'_> {
    /// Lets a command happen that is one request to the target.
    pub(super) async fn request(
        &mut self,
        command: &Command,
        mangle: Option<Mangle>,
    ) -> Result<Answer, StepError> {
        let (request, pending) = self.make_ready(command, mangle).await?;
        self.learn_ids(&request);
        let reply = request.send(self.context).await;
        self.receive(command, pending, reply)
    }

    /// Lets several commands happen at the same moment, each of them one request to the target.
    ///
    /// The answers are in the order of the commands.
    ///
    /// # Errors
    /// If one of them could not be made ready, so that none was sent, or got no answer.
    pub async fn perform_together(
        &mut self,
        commands: &[Command],
    ) -> Result<Vec<Answer>, StepError> {
        let mut requests = Vec::with_capacity(commands.len());
        let mut waiting = Vec::with_capacity(commands.len());
        for command in commands {
            let (request, pending) = self.make_ready(command, None).await?;
            self.learn_ids(&request);
            requests.push(request);
            waiting.push(pending);
        }
        let context = self.context;
        let sent = requests.into_iter().map(|request| request.send(context));
        let replies = join_all(sent).await;
        let mut answers = Vec::with_capacity(commands.len());
        let mut failed = None;
        for ((command, pending), reply) in commands.iter().zip(waiting).zip(replies) {
            match self.receive(command, pending, reply) {
                Ok(answer) => answers.push(answer),
                Err(error) => {
                    failed.get_or_insert(error);
                }
            }
        }
        failed.map_or(Ok(answers), Err)
    }

    /// Remembers the ids that came by a message and not by an answer.
    fn learn_ids(&mut self, request: &Request) {
        match request {
            Request::Operation { variables, .. } => {
                let ids = variables.0.iter().filter(|(name, _)| name.ends_with("Id"));
                for (name, value) in ids {
                    self.learn_id(name, value);
                }
            }
            // Where a call is answered is an address of the target's choice: what has a digit there is no word.
            Request::Callback { request, .. } => {
                let parts = request.uri().path().split('/');
                for id in parts.filter(|part| part.contains(|c: char| c.is_ascii_digit())) {
                    self.learn_id("callId", &Value::Plain(id.into()));
                }
            }
        }
    }

    /// Makes the request of a command.
    async fn make_ready(
        &mut self,
        command: &Command,
        mangle: Option<Mangle>,
    ) -> Result<(Request, Pending), StepError> {
        let mut typed = Typed::default();
        let request = match command {
            Command::ApproveNotification { .. } | Command::DenyNotification { .. } => {
                self.reply_request(command)?
            }
            Command::PressKey { .. } | Command::HangUp { .. } | Command::LetRing { .. } => {
                self.handset_request(command)?
            }
            // On its own a clock may move in other ways; at the same moment as something else it takes a request.
            Command::AdvanceClock { by } => {
                let vars = self.clock_variables(by)?;
                self.ask(Operation::AdvanceClock, vars, None)?
            }
            _ => {
                let operation = operation_of(command).ok_or_else(|| {
                    StepError::unready("this command is not one that a target performs")
                })?;
                let vars = self.variables(command, operation, &mut typed).await?;
                self.ask(operation, vars, mangle)?
            }
        };
        self.settled = false;
        let pending = Pending {
            name: request.name(),
            since: self.gateways.inboxes().cursor(),
            typed,
        };
        Ok((request, pending))
    }

    /// Takes the answer to a command, and keeps what came of it.
    fn receive(
        &mut self,
        command: &Command,
        pending: Pending,
        reply: Result<Reply, CallFailure>,
    ) -> Result<Answer, StepError> {
        if let Ok(reply) = &reply {
            for value in reply.renewed.values() {
                self.learn(value);
            }
            let references = References::of(command);
            if let Some(user) = references.user() {
                let target = &self.context.session.target;
                self.handles
                    .renew(target, &references, &user, &reply.renewed);
            }
        }
        let (performed, kept) = self.answered(pending.name, reply)?;
        Ok(self.keep(command, performed, kept, pending))
    }

    /// Calls one operation of the target.
    pub(super) async fn call(
        &mut self,
        operation: Operation,
        vars: Vars,
        mangle: Option<Mangle>,
    ) -> Result<(Answer, BTreeMap<String, Value>), StepError> {
        let request = self.ask(operation, vars, mangle)?;
        let name = request.name();
        let made = self.person_made(&request);
        let reply = request.send(self.context).await;
        let (performed, kept) = self.answered(name, reply)?;
        if let Some(person) = made {
            self.handles.keep_of_person(&person, kept.clone());
        }
        Ok((performed, kept))
    }

    /// Returns the name of the person whom a request makes: what it tells stays with them.
    fn person_made(&self, request: &Request) -> Option<Name> {
        let Request::Operation {
            operation: Operation::CreateUser,
            variables,
            ..
        } = request
        else {
            return None;
        };
        let address = variables.get("userPrincipalName")?.reveal();
        let mut people = self.people.iter();
        let (name, _) =
            people.find(|(_, person)| address == person.persona.user_principal_name.as_str())?;
        Some(name.clone())
    }

    /// Makes the request of an operation.
    pub(super) fn ask(
        &self,
        operation: Operation,
        mut vars: Vars,
        mangle: Option<Mangle>,
    ) -> Result<Request, StepError> {
        if !self.context.session.target.has(operation) {
            return Err(StepError::Unready(format!(
                "the target file has no operation `{}`",
                operation.as_str()
            )));
        }
        for (name, value) in self.control_variables().into_variables().0 {
            vars.value(&name, value);
        }
        let variables = vars.into_variables();
        let fits = self.context.session.target.fits(operation, &variables);
        fits.map_err(|error| StepError::Unready(error.to_string()))?;
        Ok(Request::Operation {
            operation,
            variables,
            mangle,
        })
    }

    /// Takes an answer for what it says, and the time that it tells.
    fn answered(
        &mut self,
        name: &str,
        reply: Result<Reply, CallFailure>,
    ) -> Result<(Answer, BTreeMap<String, Value>), StepError> {
        let reply = reply.map_err(|failure| {
            self.record(Exchange::clone(&failure.exchange).into());
            if failure.error.is_of_the_file() {
                StepError::Unready(failure.error.to_string())
            } else {
                StepError::Transport(Box::new(failure))
            }
        })?;
        self.assumed = reply.assumed;
        let kept = reply.kept.clone();
        self.hear_time(kept.get("tenantNow"), &reply.raw);
        Ok((self.take(name, reply), kept))
    }
}
