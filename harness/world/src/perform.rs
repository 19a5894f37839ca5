//! Lets one command happen.

use std::collections::BTreeMap;

use proofup_binding::Value;
use proofup_domain::answer::Answer;
use proofup_domain::command::{Command, GatewayBehaviour, Mangle, Name};
use proofup_domain::method::{ChallengeKind, Method};
use proofup_domain::state::Channel;
use proofup_gateways::message::Cursor;
use serde_json::{Map, Value as Json};

use super::handles::{Handle, HandleKind};
use super::operations::References;
use super::variables::default_phone;
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
        since: Cursor,
    ) -> Answer {
        if let Command::ReadAudit { user: Some(user) } = command {
            only_events_of(&mut performed, user);
        }
        if let Command::ReadAudit { .. } | Command::ReadAuditEvents { .. } = command {
            only_events_of_the_steps(&mut performed);
        }
        if performed.is_success() {
            self.remember(command, &performed, kept, since);
            if let Some(user) = submitter(command)
                && let Some(code) = self.submitted.take()
            {
                self.used.insert(user.clone(), code);
            }
            if let Command::SetPolicy { policy } = command {
                merge(&mut self.policy, &Json::Object(policy.clone()));
            }
        }
        performed
    }

    /// Binds what a command began, and updates what it went on with.
    fn remember(
        &mut self,
        command: &Command,
        answer: &Answer,
        kept: BTreeMap<String, Value>,
        since: Cursor,
    ) {
        let begun = match command {
            Command::SignIn { bind, .. } => Some((HandleKind::Session, bind)),
            Command::BeginEnrollment { bind, .. } | Command::ChangeMethod { bind, .. } => {
                Some((HandleKind::Enrollment, bind))
            }
            Command::BeginSecondStep { bind, .. } => Some((HandleKind::Challenge, bind)),
            Command::BeginReset { bind, .. } => Some((HandleKind::Reset, bind)),
            Command::BeginResetProof { bind, .. } => Some((HandleKind::Proof, bind)),
            _ => None,
        };
        let references = References::of(command);
        let Some(user) = &references.user() else {
            return;
        };
        if begun.is_none_or(|(what, _)| what != HandleKind::Session) {
            self.renew(&references, user, &kept);
        }
        if let Some((what, bind)) = begun {
            let method = answer
                .text("method")
                .and_then(Method::from_word)
                .or_else(|| command.method());
            let kind = answer
                .text("kind")
                .and_then(ChallengeKind::from_word)
                .or_else(|| command.kind_for(method));
            let destination = self.destination(command, user, method, kind, &kept);
            let questions = questions_of(&kept);
            let since = self.sent_since(what, &references, user, since);
            let handle = Handle {
                what,
                owner: user.clone(),
                bound: bind.clone(),
                kept,
                method,
                kind,
                destination,
                since,
                until: None,
                questions,
                accepted: None,
            };
            self.handles.begin(handle);
            return;
        }
        if let Command::SetNewPassword { .. } = command
            && let Some(person) = self.people.get_mut(user)
            && let Some(password) = self.last_password.take()
        {
            person.change_password(password);
        }
        if let Command::SubmitAnswers { .. } = command {
            for (question, answer) in self.typed_answers.drain(..) {
                self.registered_answers
                    .insert((user.clone(), question), answer);
            }
        }
        if let Command::SubmitResetCode { reset, .. } = command
            && let Some(index) = self.handles.find(HandleKind::Reset, user, reset.as_ref())
        {
            self.handles
                .get_mut(index)
                .accepted
                .clone_from(&self.submitted);
        }
        self.continue_handle(command, user, kept, since);
    }

    /// Keeps what holds from now on for the session that a command used, or for the reset: tokens that were rotated, and
    /// names of the target file's own.
    pub(super) fn renew(
        &mut self,
        references: &References,
        user: &Name,
        kept: &BTreeMap<String, Value>,
    ) {
        let target = &self.context.session.target;
        let renewed: BTreeMap<String, Value> = kept
            .iter()
            .filter(|(name, _)| target.keeps_for_later(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        if renewed.is_empty() {
            return;
        }
        // What is no secret is known of the person, so that a reset, which has no session, may name a number or an address.
        let open = renewed
            .iter()
            .filter(|(_, value)| matches!(value, Value::Plain(_)))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        self.handles.keep_of_person(user, open);
        for what in [HandleKind::Session, HandleKind::Reset] {
            let name = references.name(what.as_str());
            if let Some(index) = self.handles.find(what, user, name.as_ref()) {
                self.handles.get_mut(index).kept.extend(renewed.clone());
            }
        }
    }

    /// Returns the cursor from which on messages belong to what was begun: where no request was sent for it, what it goes on with has
    /// sent already.
    fn sent_since(
        &self,
        what: HandleKind,
        references: &References,
        user: &Name,
        since: Cursor,
    ) -> Cursor {
        let before = match what {
            HandleKind::Challenge | HandleKind::Enrollment => HandleKind::Session,
            HandleKind::Proof => HandleKind::Reset,
            HandleKind::Session | HandleKind::Reset => return since,
        };
        let name = references.name(before.as_str());
        let index = self.handles.find(before, user, name.as_ref());
        match index.filter(|_| self.assumed) {
            Some(index) => self.handles.get(index).since,
            None => since,
        }
    }

    /// Updates the setup, challenge or proof that a command went on with.
    fn continue_handle(
        &mut self,
        command: &Command,
        user: &Name,
        kept: BTreeMap<String, Value>,
        since: Cursor,
    ) {
        let what = match command {
            Command::ReadEnrollment { .. }
            | Command::NextPage { .. }
            | Command::SendCode { .. }
            | Command::SubmitCode { .. }
            | Command::SubmitAnswers { .. } => HandleKind::Enrollment,
            Command::ReadSecondStep { .. } => HandleKind::Challenge,
            Command::ReadResetProof { .. } => HandleKind::Proof,
            Command::ReadReset { .. }
            | Command::SubmitResetCode { .. }
            | Command::SubmitResetAnswers { .. } => HandleKind::Reset,
            _ => return,
        };
        let name = References::of(command).name(what.as_str());
        if let Some(index) = self.handles.find(what, user, name.as_ref()) {
            let sends = matches!(command, Command::SendCode { .. } | Command::NextPage { .. });
            if sends && !self.assumed {
                self.handles.send_again(index, since);
            }
            let handle = self.handles.get_mut(index);
            let questions = questions_of(&kept);
            if !questions.is_empty() {
                handle.questions = questions;
            }
            handle.kept.extend(kept);
        }
    }

    /// Returns where the codes and calls of what was begun go.
    fn destination(
        &self,
        command: &Command,
        user: &Name,
        method: Option<Method>,
        kind: Option<ChallengeKind>,
        kept: &BTreeMap<String, Value>,
    ) -> Option<(Channel, String)> {
        let channel = match kind? {
            ChallengeKind::TextMessage => Channel::Sms,
            ChallengeKind::VoiceCall => Channel::Voice,
            ChallengeKind::EmailCode => Channel::Email,
            ChallengeKind::AppNotification | ChallengeKind::AppCode | ChallengeKind::Answers => {
                return None;
            }
        };
        let method = method?;
        let person = self.people.get(user)?;
        let (address, phone, change) = match command {
            Command::BeginEnrollment { address, phone, .. } => (address, phone, false),
            Command::ChangeMethod { address, phone, .. } => (address, phone, true),
            _ => {
                return self
                    .registered_destination(user, method, kept)
                    .map(|destination| (channel, destination));
            }
        };
        let destination = if method == Method::Email {
            let default = if change {
                proofup_domain::command::AddressRef::Second
            } else {
                proofup_domain::command::AddressRef::Own
            };
            person.address(address.as_ref().unwrap_or(&default))
        } else {
            person
                .phone(phone.as_ref().unwrap_or(&default_phone(method, change)))
                .e164
        };
        Some((channel, destination))
    }

    /// Finds the destination of a registered method: of the setup that told its id, else of the latest setup.
    fn registered_destination(
        &self,
        user: &Name,
        method: Method,
        kept: &BTreeMap<String, Value>,
    ) -> Option<String> {
        let id = kept.get("methodId").map(Value::reveal);
        let setups: Vec<&Handle> = self
            .handles
            .enrollments(user, method)
            .map(|index| self.handles.get(index))
            .collect();
        let registered = |handle: &&&Handle| {
            let own = handle.kept.get("methodId").map(Value::reveal);
            own.is_some() && (id.is_none() || own == id)
        };
        let setup = setups
            .iter()
            .rev()
            .find(registered)
            .or_else(|| setups.last())?;
        setup
            .destination
            .as_ref()
            .map(|(_, destination)| destination.clone())
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

fn questions_of(kept: &BTreeMap<String, Value>) -> Vec<String> {
    match kept.get("questions") {
        Some(Value::Plain(Json::Array(list))) => list
            .iter()
            .filter_map(Json::as_str)
            .map(str::to_owned)
            .collect(),
        _ => Vec::new(),
    }
}

/// Returns who typed a code that was accepted.
fn submitter(command: &Command) -> Option<&Name> {
    match command {
        Command::SubmitCode { user, .. }
        | Command::SubmitSecondStepCode { user, .. }
        | Command::SubmitResetCode { user, .. } => Some(user),
        _ => None,
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
