//! What a user needs of custom targets: everything that their files may name, and no reproach for what their files leave
//! out.
//!
//! What answers left behind is kept as in a case, by handles ([`proofup_world::handles`]). The contract of tenants needs
//! none of it and takes the shorter way: see [`UserContext::is_custom`].
//!
//! [`UserContext::is_custom`]: crate::tenant::UserContext::is_custom

use std::collections::BTreeMap;
use std::sync::Arc;

use proofup_binding::{CallFailure, Operation, Reply, Value, Variables};
use proofup_domain::answer::Answer;
use proofup_domain::command::Command;
use proofup_domain::state::Channel;
use proofup_gateways::message::Cursor;
use proofup_oracle::machine::Expected;
use proofup_world::References;
use proofup_world::handles::{HandleKind, Success};
use proofup_world::person::{Typed, offers};

use super::{FlowError, VirtualUser};

impl VirtualUser {
    /// Asks an operation for what its answer means, with everything that is known offered to its templates.
    pub(super) async fn ask_custom(
        &mut self,
        operation: Operation,
        command: &Command,
    ) -> Result<Answer, FlowError> {
        let references = References::of(command);
        let typed = self.typed(command)?;
        let variables = self.known_variables(&references, operation, command, &typed);
        let variables = Variables(variables.map_err(FlowError::Unready)?);
        let target = Arc::clone(&self.context.session.target);
        target
            .fits(operation, &variables)
            .map_err(|error| FlowError::Unready(error.to_string()))?;
        self.offered = variables;
        let reply = self.call(operation).await?;
        Ok(self.taken(&references, command, typed, reply))
    }

    /// Calls an operation with what test control needs and what is offered besides, as far as the target file goes.
    pub(super) async fn call_plainly(
        &mut self,
        operation: Operation,
        offered: Vec<(&'static str, Value)>,
    ) -> Result<(Answer, BTreeMap<String, Value>), FlowError> {
        self.offered = self.control_variables();
        for (name, value) in offered {
            self.offered.put(name, value);
        }
        let reply = self.call(operation).await?;
        self.offered.0.extend(reply.kept.clone());
        Ok((reply.answered, reply.kept))
    }

    async fn call(&mut self, operation: Operation) -> Result<Reply, FlowError> {
        self.operation = Some(operation);
        self.was_over_lane = false;
        let target = Arc::clone(&self.context.session.target);
        let called = target.call(&self.transport, operation, &self.offered, None);
        called.await.map_err(|CallFailure { error, .. }| {
            if error.is_of_the_file() {
                FlowError::Unready(error.to_string())
            } else {
                FlowError::Transport(error)
            }
        })
    }

    /// Lists all that a command may offer: who the person is, what was kept, what the command says and what is typed.
    fn known_variables(
        &self,
        references: &References,
        operation: Operation,
        command: &Command,
        typed: &Typed,
    ) -> Result<BTreeMap<String, Value>, String> {
        let persona = &self.person.persona;
        let user = &persona.name;
        let mut variables = self.control_variables().0;
        let own = self.handles.of_person(user);
        variables.extend(own.map(|(name, value)| (name.clone(), value.clone())));
        let offer = |variables: &mut BTreeMap<String, Value>, values: Vec<_>| {
            variables.extend(
                values
                    .into_iter()
                    .map(|(name, value): (&str, Value)| (name.to_owned(), value)),
            );
        };
        offer(&mut variables, offers::personal(persona).into());
        self.handles
            .offer(references, operation, user, &mut variables)?;
        offer(&mut variables, offers::said(command, persona));
        let target = &self.context.session.target;
        self.handles
            .offer_method_id(command, user, target, &mut variables)?;
        let code = typed.code.clone().or_else(|| self.code_of_reset(command));
        let code = code.map(|code| ("code", Value::from(code)));
        let password = typed.password.clone();
        let password = password.map(|password| ("password", Value::from(password)));
        offer(&mut variables, code.into_iter().chain(password).collect());
        Ok(variables)
    }

    /// Returns the code that was accepted in a reset, which some products want once more with the new password.
    fn code_of_reset(&self, command: &Command) -> Option<proofup_domain::secret::Secret> {
        let Command::SetNewPassword { user, reset, .. } = command else {
            return None;
        };
        let index = self.handles.find(HandleKind::Reset, user, reset.as_ref())?;
        self.handles.get(index).accepted.clone()
    }

    /// Keeps what a reply tells, and gives what it means.
    fn taken(
        &mut self,
        references: &References,
        command: &Command,
        typed: Typed,
        reply: Reply,
    ) -> Answer {
        if reply.assumed {
            // Nothing was asked for just now, so what came before is what is waited for.
            for channel in [Channel::Sms, Channel::Voice, Channel::Email, Channel::Push] {
                self.slots.of(channel).refill();
            }
        }
        let target = &self.context.session.target;
        let user = self.person.persona.name.clone();
        self.handles
            .renew(target, references, &user, &reply.renewed);
        let performed = reply.answered;
        if performed.is_success() {
            // What is shown of the exchange is masked by it.
            self.offered.0.extend(reply.kept.clone());
            let success = Success {
                command,
                answer: &performed,
                kept: reply.kept,
                since: Cursor::default(),
                assumed: reply.assumed,
                code: typed.code.as_ref(),
            };
            self.handles.remember(target, &self.person.persona, success);
            self.person.accept(command, typed);
        }
        performed
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
