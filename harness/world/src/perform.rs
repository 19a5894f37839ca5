//! Lets one command happen.

use std::collections::BTreeMap;

use proofup_binding::Value;
use proofup_domain::answer::Answer;
use proofup_domain::command::{Command, GatewayBehaviour, Mangle, Name};
use serde_json::{Map, Value as Json};

use super::handles::Success;
use super::operations::References;
use super::request::Pending;
use super::{StepError, World};

impl World<'_> {
    /// Lets a command happen and tells what came back.
    ///
    /// What came of it is added to the history.
    ///
    /// # Errors
    /// If no answer came, or the command could not be made.
    pub async fn perform(
        &mut self,
        command: &Command,
        mangle: Option<Mangle>,
    ) -> Result<Answer, StepError> {
        self.look_at_the_clock();
        let now = self.now;
        let performed = self.perform_unrecorded(command, mangle).await?;
        let told = (now, command.clone(), performed.clone());
        self.history.push(told);
        Ok(performed)
    }

    async fn perform_unrecorded(
        &mut self,
        command: &Command,
        mangle: Option<Mangle>,
    ) -> Result<Answer, StepError> {
        self.assumed = false;
        self.typed_code = None;
        match command {
            Command::AddAccount { .. } | Command::ActivateDevice { .. } => {
                self.use_device(command).await
            }
            Command::ReadInbox {
                user,
                channel,
                address,
                phone,
            } => {
                self.read_inbox(user, *channel, address.as_ref(), phone.as_ref())
                    .await
            }
            Command::SetGateway { channel, behaviour } => {
                self.gateways
                    .providers()
                    .set_behaviour(*channel, None, *behaviour);
                if *behaviour == GatewayBehaviour::Dead {
                    self.gateways.providers().emptied(*channel).await;
                }
                Ok(Answer::done())
            }
            Command::ReleaseMessages { channel, reversed } => {
                let _ = self.gateways.providers().release(*channel, *reversed);
                Ok(Answer::done())
            }
            Command::AdvanceClock { by } => self.advance_clock(by).await,
            Command::FindLeaks {} => Ok(self.find_leaks()),
            _ => self.request(command, mangle).await,
        }
    }

    /// Keeps what a command led to.
    pub(super) fn keep(
        &mut self,
        command: &Command,
        mut performed: Answer,
        kept: BTreeMap<String, Value>,
        pending: Pending,
    ) -> Answer {
        if let Command::ReadAudit { user: Some(user) } = command {
            only_events_of(&mut performed, user);
        }
        if let Command::ReadAudit { .. } | Command::ReadAuditEvents { .. } = command {
            only_events_of_the_steps(&mut performed);
        }
        if performed.is_success() {
            let user = References::of(command).user();
            let person = user.and_then(|user| self.people.get_mut(&user));
            if let Some(person) = person {
                let success = Success {
                    command,
                    answer: &performed,
                    kept,
                    since: pending.since,
                    assumed: self.assumed,
                    code: pending.typed.code.as_ref(),
                };
                self.handles
                    .remember(&self.context.session.target, &person.persona, success);
                person.accept(command, pending.typed);
            }
            if let Command::SetPolicy { policy } = command {
                merge(&mut self.policy, &Json::Object(policy.clone()));
            }
        }
        performed
    }
}

/// Applies a merge patch (RFC 7396).
pub fn merge(target: &mut Json, patch: &Json) {
    let Json::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Json::Object(Map::new());
    }
    if let Json::Object(target) = target {
        for (key, value) in patch {
            if value.is_null() {
                target.remove(key);
            } else {
                merge(target.entry(key.clone()).or_insert(Json::Null), value);
            }
        }
    }
}

fn events_of(answer: &mut Answer) -> Option<&mut Json> {
    answer.fields_mut()?.get_mut("events")
}

fn only_events_of(answer: &mut Answer, user: &Name) {
    if let Some(Json::Array(events)) = events_of(answer) {
        events.retain(|event| event.get("user").and_then(Json::as_str) == Some(user.0.as_str()));
    }
}

/// Leaves out what happened while methods were registered beforehand: the trail of a scenario begins with its steps.
fn only_events_of_the_steps(answer: &mut Answer) {
    if let Some(Json::Array(events)) = events_of(answer) {
        let before = |event: &Json| {
            let at = event.get("at").and_then(Json::as_str);
            at.is_some_and(|at| at.starts_with("T0-"))
        };
        events.retain(|event| !before(event));
    }
}
