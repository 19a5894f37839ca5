//! What commands began: sessions, setups, second steps, resets and their proofs, bound by name or as a user's latest.

use std::collections::BTreeMap;

use proofup_binding::{CompiledTarget, Jar, Operation, Value};
use proofup_domain::answer::Answer;
use proofup_domain::command::{Command, Name};
use proofup_domain::method::{ChallengeKind, Method};
use proofup_domain::secret::Secret;
use proofup_domain::state::Channel;
use proofup_gateways::message::Cursor;
use serde_json::Value as Json;

use crate::operations::References;
use crate::persona::{Persona, usual_address, usual_phone};

/// The kind of a handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HandleKind {
    /// A session.
    Session,
    /// The setup of a method.
    Enrollment,
    /// A second step.
    Challenge,
    /// A password reset.
    Reset,
    /// A proof within a reset.
    Proof,
}

impl HandleKind {
    /// Returns the kind as files and messages spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Enrollment => "enrollment",
            Self::Challenge => "challenge",
            Self::Reset => "reset",
            Self::Proof => "proof",
        }
    }
}

/// Something that a command began: later commands go on with it.
#[derive(Debug, Clone)]
pub struct Handle {
    /// What it is.
    pub what: HandleKind,
    /// Whose it is.
    pub owner: Name,
    /// The name by which commands refer to it.
    pub bound: Option<Name>,
    /// What the target file kept of the answers, newest value of each name.
    pub kept: BTreeMap<String, Value>,
    /// The method that is set up or proves.
    pub method: Option<Method>,
    /// How it proves.
    pub kind: Option<ChallengeKind>,
    /// Where its codes and calls go; none for apps and answers.
    pub destination: Option<(Channel, String)>,
    /// Its messages lie behind this cursor …
    pub since: Cursor,
    /// … and, once something else sends to the same destination, not behind this one.
    pub until: Option<Cursor>,
    /// The questions it showed.
    pub questions: Vec<String>,
    /// The code that was accepted last in it: a reset's, which some products want once more with the new password.
    pub accepted: Option<Secret>,
}

impl Handle {
    /// Offers what was kept of it, and what it is about.
    fn offer(&self, variables: &mut BTreeMap<String, Value>) {
        for (key, value) in &self.kept {
            // Tokens and cookies are the session's; a reset has none, so its cookies are its own.
            let is_session =
                is_of_session(key) || (key == Jar::NAME && self.what != HandleKind::Reset);
            if !is_session {
                variables.insert(key.clone(), value.clone());
            }
        }
        let method = self.method.map(|method| ("method", method.as_str()));
        let kind = self.kind.map(|kind| ("kind", kind.as_str()));
        let to = self.destination.as_ref();
        let destination = to.map(|(_, destination)| ("destination", destination.as_str()));
        for (name, text) in [method, kind, destination].into_iter().flatten() {
            variables.insert(name.to_owned(), Value::from(text));
        }
    }
}

/// What one command sent to an address or a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageCause {
    /// What it was sent for.
    pub what: HandleKind,
    /// For whom.
    pub owner: Name,
    /// Where it went.
    pub destination: (Channel, String),
    /// Its message lies behind this cursor, and not behind that of the next sending to the destination.
    pub since: Cursor,
}

/// A command that succeeded, and what its answer told.
#[derive(Debug)]
pub struct Success<'a> {
    /// The command.
    pub command: &'a Command,
    /// What it was answered with.
    pub answer: &'a Answer,
    /// What the target file keeps of the answer.
    pub kept: BTreeMap<String, Value>,
    /// The messages that it caused lie behind this cursor.
    pub since: Cursor,
    /// The target file assumed the answer: no request was sent.
    pub assumed: bool,
    /// The code that was typed.
    pub code: Option<&'a Secret>,
}

/// Keeps what was begun, in order: by the people of a case, or by one virtual user.
#[derive(Debug, Default, Clone)]
pub struct Handles {
    all: Vec<Handle>,
    /// What the target file kept of each person: what making them told.
    people: BTreeMap<Name, BTreeMap<String, Value>>,
    /// What was sent, in order.
    causes: Vec<MessageCause>,
}

impl Handles {
    /// Keeps what making a person told, for every operation of theirs; not its cookies, because those would be one jar for
    /// all their sessions.
    pub fn keep_of_person(&mut self, person: &Name, kept: BTreeMap<String, Value>) {
        let kept = kept.into_iter().filter(|(name, _)| name != Jar::NAME);
        self.people.entry(person.clone()).or_default().extend(kept);
    }

    /// Lists what is kept of a person.
    pub fn of_person(&self, person: &Name) -> impl Iterator<Item = (&String, &Value)> {
        self.people.get(person).into_iter().flatten()
    }

    /// Adds a handle; an earlier one that sent to the same destination gets no further messages.
    pub fn begin(&mut self, handle: Handle) {
        if handle.destination.is_some() {
            for older in &mut self.all {
                if older.destination == handle.destination && older.until.is_none() {
                    older.until = Some(handle.since);
                }
            }
        }
        self.note_cause(&handle, handle.since);
        self.all.push(handle);
    }

    /// Reopens a handle's range of messages, because it sends again.
    pub fn send_again(&mut self, index: usize, now: Cursor) {
        let destination = self.all[index].destination.clone();
        if destination.is_none() {
            return;
        }
        for (other, handle) in self.all.iter_mut().enumerate() {
            if other != index && handle.destination == destination && handle.until.is_none() {
                handle.until = Some(now);
            }
        }
        if self.all[index].until.take().is_some() {
            self.all[index].since = now;
        }
        let handle = self.all[index].clone();
        self.note_cause(&handle, now);
    }

    fn note_cause(&mut self, handle: &Handle, since: Cursor) {
        self.causes
            .extend(handle.destination.clone().map(|destination| MessageCause {
                what: handle.what,
                owner: handle.owner.clone(),
                destination,
                since,
            }));
    }

    /// Lists what commands sent to addresses and numbers, in order.
    pub fn causes(&self) -> &[MessageCause] {
        &self.causes
    }

    /// Finds the index of a handle: by its bound name, else the latest of the kind that the user began.
    pub fn find(&self, what: HandleKind, owner: &Name, bound: Option<&Name>) -> Option<usize> {
        self.all.iter().rposition(|handle| {
            handle.what == what
                && match bound {
                    Some(name) => handle.bound.as_ref() == Some(name),
                    None => handle.owner == *owner,
                }
        })
    }

    /// Finds anything bound by a name.
    pub fn named(&self, name: &Name) -> Option<usize> {
        self.all
            .iter()
            .rposition(|handle| handle.bound.as_ref() == Some(name))
    }

    /// Finds the latest handle of a user to which codes were sent.
    pub fn latest_with_codes(&self, owner: &Name) -> Option<usize> {
        self.all
            .iter()
            .rposition(|handle| handle.owner == *owner && handle.destination.is_some())
    }

    /// Finds the handle before this one: same kind, same owner, same destination.
    pub fn predecessor(&self, index: usize) -> Option<usize> {
        let handle = &self.all[index];
        self.all[..index].iter().rposition(|older| {
            older.what == handle.what
                && older.owner == handle.owner
                && older.method == handle.method
                && older.destination.is_some()
        })
    }

    /// Returns a handle by its index.
    pub fn get(&self, index: usize) -> &Handle {
        &self.all[index]
    }

    /// Returns a handle by its index, to be changed.
    pub fn get_mut(&mut self, index: usize) -> &mut Handle {
        &mut self.all[index]
    }

    /// Lists a user's setups of a method, oldest first.
    pub fn enrollments(&self, owner: &Name, method: Method) -> impl Iterator<Item = usize> {
        let owner = owner.clone();
        self.all
            .iter()
            .enumerate()
            .filter_map(move |(index, handle)| {
                (handle.what == HandleKind::Enrollment
                    && handle.owner == owner
                    && handle.method == Some(method))
                .then_some(index)
            })
    }

    /// Keeps what came of a command that succeeded: binds what it began, and updates what it went on with.
    pub fn remember(&mut self, target: &CompiledTarget, persona: &Persona, success: Success<'_>) {
        let Success {
            command, assumed, ..
        } = success;
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
        let user = &persona.name;
        if begun.is_none_or(|(what, _)| what != HandleKind::Session) {
            self.renew(target, &references, user, &success.kept);
        }
        if let Some((what, bind)) = begun {
            let method = success
                .answer
                .text("method")
                .and_then(Method::from_word)
                .or_else(|| command.method());
            let kind = success
                .answer
                .text("kind")
                .and_then(ChallengeKind::from_word)
                .or_else(|| command.kind_for(method));
            let destination = self.destination(command, persona, method, kind, &success.kept);
            let since = self.sent_since(what, &references, user, success.since, assumed);
            self.begin(Handle {
                what,
                owner: user.clone(),
                bound: bind.clone(),
                questions: questions_of(&success.kept),
                kept: success.kept,
                method,
                kind,
                destination,
                since,
                until: None,
                accepted: None,
            });
            return;
        }
        if let Command::SubmitResetCode { reset, .. } = command
            && let Some(index) = self.find(HandleKind::Reset, user, reset.as_ref())
        {
            self.all[index].accepted = success.code.cloned();
        }
        self.go_on(&references, user, success);
    }

    /// Keeps what holds from now on for the session that a command used, or for the reset: tokens that were rotated, and
    /// names of the target file's own.
    pub fn renew(
        &mut self,
        target: &CompiledTarget,
        references: &References,
        user: &Name,
        kept: &BTreeMap<String, Value>,
    ) {
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
        self.keep_of_person(user, open);
        for what in [HandleKind::Session, HandleKind::Reset] {
            let name = references.name(what.as_str());
            if let Some(index) = self.find(what, user, name.as_ref()) {
                self.all[index].kept.extend(renewed.clone());
            }
        }
    }

    /// Offers what was kept of the session and of what the operation is about; the nearer one holds.
    ///
    /// # Errors
    /// If there is no such session, setup, second step, reset or proof.
    pub fn offer(
        &self,
        references: &References,
        operation: Operation,
        user: &Name,
        variables: &mut BTreeMap<String, Value>,
    ) -> Result<(), String> {
        let session = references.name("session");
        if operation.offers("session") && session.as_ref().is_none_or(|name| name.0 != "none") {
            let index = self.demand(HandleKind::Session, user, session.as_ref())?;
            variables.extend(self.all[index].kept.clone());
        }
        for what in [
            HandleKind::Reset,
            HandleKind::Enrollment,
            HandleKind::Challenge,
            HandleKind::Proof,
        ] {
            if operation.offers(what.as_str()) {
                let name = references.name(what.as_str());
                let index = self.demand(what, user, name.as_ref())?;
                self.all[index].offer(variables);
            }
        }
        Ok(())
    }

    /// Finds the id of a registered method, as the setup that registered it learnt it.
    fn method_id(&self, user: &Name, method: Method, of: Option<&Name>) -> Option<&Value> {
        let setups: Vec<usize> = match of {
            Some(name) => self
                .find(HandleKind::Enrollment, user, Some(name))
                .into_iter()
                .collect(),
            None => self.enrollments(user, method).collect(),
        };
        setups
            .iter()
            .rev()
            .find_map(|index| self.all[*index].kept.get("methodId"))
    }

    /// Offers the id of the registered method that a command is about, where it names one.
    ///
    /// # Errors
    /// If no setup told the id, and the target file wants one.
    pub fn offer_method_id(
        &self,
        command: &Command,
        user: &Name,
        target: &CompiledTarget,
        variables: &mut BTreeMap<String, Value>,
    ) -> Result<(), String> {
        let (of, needed) = match command {
            Command::DeleteMethod { of, .. } | Command::ChangeMethod { of, .. } => (of, true),
            Command::SetDefault { of, .. } => (of, false),
            Command::BeginSecondStep { of, .. } | Command::BeginResetProof { of, .. }
                if of.is_some() =>
            {
                (of, true)
            }
            _ => return Ok(()),
        };
        let Some(method) = command.method() else {
            return Ok(());
        };
        match self.method_id(user, method, of.as_ref()) {
            Some(id) => {
                variables.insert("methodId".to_owned(), id.clone());
            }
            None if needed && target.mentions("methodId") => {
                return Err(format!(
                    "no setup of {user} told the id of a registered {method}"
                ));
            }
            None => {}
        }
        Ok(())
    }

    /// Finds what a command refers to.
    ///
    /// # Errors
    /// If there is none.
    pub fn demand(
        &self,
        what: HandleKind,
        owner: &Name,
        bound: Option<&Name>,
    ) -> Result<usize, String> {
        self.find(what, owner, bound).ok_or_else(|| match bound {
            Some(name) => format!("no {} was bound as `{name}`", what.as_str()),
            None => format!("{owner} has no {}", what.as_str()),
        })
    }

    /// Returns the cursor from which on messages belong to what was begun: where no request was sent for it, what it goes on with has
    /// sent already.
    fn sent_since(
        &self,
        what: HandleKind,
        references: &References,
        user: &Name,
        since: Cursor,
        assumed: bool,
    ) -> Cursor {
        let before = match what {
            HandleKind::Challenge | HandleKind::Enrollment => HandleKind::Session,
            HandleKind::Proof => HandleKind::Reset,
            HandleKind::Session | HandleKind::Reset => return since,
        };
        let name = references.name(before.as_str());
        let index = self.find(before, user, name.as_ref());
        match index.filter(|_| assumed) {
            Some(index) => self.all[index].since,
            None => since,
        }
    }

    /// Updates the setup, challenge or proof that a command went on with.
    fn go_on(&mut self, references: &References, user: &Name, success: Success<'_>) {
        let what = match success.command {
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
        let name = references.name(what.as_str());
        if let Some(index) = self.find(what, user, name.as_ref()) {
            if success.command.may_send() && !success.assumed {
                self.send_again(index, success.since);
            }
            let handle = &mut self.all[index];
            let questions = questions_of(&success.kept);
            if !questions.is_empty() {
                handle.questions = questions;
            }
            handle.kept.extend(success.kept);
        }
    }

    /// Returns where the codes and calls of what was begun go.
    fn destination(
        &self,
        command: &Command,
        persona: &Persona,
        method: Option<Method>,
        kind: Option<ChallengeKind>,
        kept: &BTreeMap<String, Value>,
    ) -> Option<(Channel, String)> {
        let channel = kind?
            .channel()
            .filter(|channel| *channel != Channel::Push)?;
        let method = method?;
        let (address, phone, changes) = match command {
            Command::BeginEnrollment { address, phone, .. } => (address, phone, false),
            Command::ChangeMethod { address, phone, .. } => (address, phone, true),
            _ => {
                return self
                    .registered_destination(&persona.name, method, kept)
                    .map(|destination| (channel, destination));
            }
        };
        let destination = if method == Method::Email {
            let usual = usual_address(changes);
            persona.address(address.as_ref().unwrap_or(&usual))
        } else {
            let usual = usual_phone(method, changes);
            persona.phone(phone.as_ref().unwrap_or(&usual)).e164
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
            .enrollments(user, method)
            .map(|index| self.get(index))
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

    /// Lists the things themselves.
    pub fn iter(&self) -> impl Iterator<Item = &Handle> {
        self.all.iter()
    }
}

/// Returns whether a kept name is the session's, whatever it was kept with.
pub fn is_of_session(name: &str) -> bool {
    matches!(name, "session" | "refreshToken")
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
