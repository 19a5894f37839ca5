//! What a command offers to the templates of a target file.

use std::collections::BTreeMap;

use proofup_binding::{Jar, Operation, Value, Variables};
use proofup_domain::command::{
    AddressRef, AnswersRole, Command, GivenAnswer, Name, NewPasswordRole, PasswordRole, PhoneRef,
};
use proofup_domain::method::{ChallengeKind, Method};
use proofup_domain::secret::Secret;
use proofup_scenario::Quantity;
use serde_json::{Value as Json, json};

use super::handles::{HandleKind, is_of_session};
use super::operations::References;
use super::{StepError, World};

/// Collects variables under their names.
#[derive(Debug, Default)]
pub(super) struct Vars(pub(super) BTreeMap<String, Value>);

impl Vars {
    pub(super) fn text(&mut self, name: &str, text: &str) {
        self.0
            .insert(name.to_owned(), Value::Plain(Json::from(text)));
    }

    pub(super) fn json(&mut self, name: &str, value: Json) {
        self.0.insert(name.to_owned(), Value::Plain(value));
    }

    pub(super) fn secret(&mut self, name: &str, secret: Secret) {
        self.0.insert(name.to_owned(), Value::Secret(secret));
    }

    pub(super) fn value(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_owned(), value);
    }

    pub(super) fn into_variables(self) -> Variables {
        Variables(self.0)
    }
}

impl World<'_> {
    /// Collects what a command offers: what it refers to, then what it says itself.
    pub(super) async fn variables(
        &mut self,
        command: &Command,
        operation: Operation,
    ) -> Result<Vars, StepError> {
        let mut vars = self.control_variables();
        let references = References::of(command);
        if let Some(user) = references.user() {
            self.reference_variables(&references, operation, &user, &mut vars)?;
        }
        self.said_variables(command, &mut vars)?;
        self.typed_variables(command, &mut vars).await?;
        if let Some(user) = references.user() {
            self.demand_a_name(command, &references, operation, &user, &vars)?;
        }
        Ok(vars)
    }

    /// Offers what test control needs.
    pub(super) fn control_variables(&self) -> Vars {
        let mut vars = Vars::default();
        vars.text("tenantId", &self.organisation.tenant);
        if let Some(token) = &self.context.session.control_token {
            vars.secret("controlToken", token.clone());
        }
        vars
    }

    /// Offers what was kept of the person, of the session, and of the things that the operation is about; the nearer one
    /// holds.
    fn reference_variables(
        &self,
        references: &References,
        operation: Operation,
        user: &Name,
        vars: &mut Vars,
    ) -> Result<(), StepError> {
        self.person_variables(user, vars);
        let session = references.name("session");
        if operation.offers("session") && session.as_ref().is_none_or(|name| name.0 != "none") {
            let index = self.handle(HandleKind::Session, user, session.as_ref())?;
            for (key, value) in &self.handles.get(index).kept {
                vars.value(key, value.clone());
            }
        }
        for what in [
            HandleKind::Reset,
            HandleKind::Enrollment,
            HandleKind::Challenge,
            HandleKind::Proof,
        ] {
            if operation.offers(what.as_str()) {
                let name = references.name(what.as_str());
                let index = self.handle(what, user, name.as_ref())?;
                self.handle_variables(index, vars);
            }
        }
        Ok(())
    }

    /// Offers what is always known of a person.
    pub(super) fn person_variables(&self, user: &Name, vars: &mut Vars) {
        for (key, value) in self.handles.of_person(user) {
            vars.value(key, value.clone());
        }
        if let Ok(person) = self.person(user) {
            vars.text("userPrincipalName", &person.user_principal_name);
            vars.text("ownAddress", &person.own);
            vars.secret("password", person.password.clone());
        }
    }

    fn handle_variables(&self, index: usize, vars: &mut Vars) {
        let handle = self.handles.get(index);
        for (key, value) in &handle.kept {
            // Tokens and cookies are the session's; a reset has none, so its cookies are its own.
            let is_session =
                is_of_session(key) || (key == Jar::NAME && handle.what != HandleKind::Reset);
            if !is_session {
                vars.value(key, value.clone());
            }
        }
        if let Some(method) = handle.method {
            vars.text("method", method.as_str());
        }
        if let Some(kind) = handle.kind {
            vars.text("kind", kind.as_str());
        }
        if let Some((_, destination)) = &handle.destination {
            vars.text("destination", destination);
        }
    }

    /// Offers what the command itself says.
    fn said_variables(&mut self, command: &Command, vars: &mut Vars) -> Result<(), StepError> {
        match command {
            Command::SignIn { user, password, .. } => {
                let password = self.password(user, password)?;
                vars.secret("password", password);
            }
            Command::BeginEnrollment { .. } | Command::ChangeMethod { .. } => {
                self.setup_variables(command, vars)?;
            }
            Command::DeleteMethod {
                user, method, of, ..
            } => {
                vars.text("method", method.as_str());
                self.method_id(user, *method, of.as_ref(), true, vars)?;
            }
            Command::SetDefault {
                user,
                method,
                kind,
                of,
                ..
            } => {
                vars.text("method", method.as_str());
                vars.text("kind", kind.as_str());
                self.method_id(user, *method, of.as_ref(), false, vars)?;
            }
            Command::BeginSecondStep {
                user,
                method,
                kind,
                of,
                ..
            } => {
                self.proof_variables(user, *method, *kind, of.as_ref(), vars)?;
            }
            Command::BeginResetProof {
                user,
                method,
                kind,
                of,
                ..
            } => {
                self.proof_variables(user, Some(*method), *kind, of.as_ref(), vars)?;
            }
            Command::SetNewPassword {
                user,
                reset,
                password,
            } => {
                vars.secret("password", self.new_password(password));
                let index = self.handle(HandleKind::Reset, user, reset.as_ref())?;
                if let Some(code) = &self.handles.get(index).accepted {
                    vars.secret("code", code.clone());
                }
            }
            // Alone, time moves by `time`; at the same moment as others it is a request like any other.
            Command::AdvanceClock { by } => {
                let seconds = Quantity::parse(by)
                    .and_then(|quantity| quantity.seconds(&self.limits))
                    .map_err(|error| StepError::Unready(error.to_string()))?;
                vars.json("seconds", Json::from(seconds));
            }
            Command::SetPolicy { policy } => vars.json("policy", Json::Object(policy.clone())),
            _ => {}
        }
        Ok(())
    }

    /// Offers the code or the answers that a person types.
    async fn typed_variables(
        &mut self,
        command: &Command,
        vars: &mut Vars,
    ) -> Result<(), StepError> {
        match command {
            Command::SubmitCode {
                user,
                enrollment,
                code,
                ..
            } => {
                let handle = self.handle(HandleKind::Enrollment, user, enrollment.as_ref())?;
                self.code_variable(user, handle, code, vars).await
            }
            Command::SubmitSecondStepCode {
                user,
                challenge,
                code,
                ..
            } => {
                let handle = self.handle(HandleKind::Challenge, user, challenge.as_ref())?;
                self.code_variable(user, handle, code, vars).await
            }
            Command::SubmitResetCode {
                user, proof, code, ..
            } => {
                let handle = self.handle(HandleKind::Proof, user, proof.as_ref())?;
                self.code_variable(user, handle, code, vars).await
            }
            Command::SubmitAnswers {
                user,
                enrollment,
                answers,
                ..
            } => {
                let handle = self.handle(HandleKind::Enrollment, user, enrollment.as_ref())?;
                let register = self.questions_to_register();
                let answers = self.answers(user, handle, answers, Some(register))?;
                offer_answers(answers, vars);
                Ok(())
            }
            Command::SubmitResetAnswers {
                user,
                proof,
                answers,
                ..
            } => {
                let handle = self.handle(HandleKind::Proof, user, proof.as_ref())?;
                let answers = self.answers(user, handle, answers, None)?;
                offer_answers(answers, vars);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn setup_variables(&self, command: &Command, vars: &mut Vars) -> Result<(), StepError> {
        let (user, method, address, phone, kind, change) = match command {
            Command::BeginEnrollment {
                user,
                method,
                address,
                phone,
                kind,
                ..
            } => (user, *method, address, phone, *kind, None),
            Command::ChangeMethod {
                user,
                method,
                of,
                address,
                phone,
                kind,
                ..
            } => (user, *method, address, phone, *kind, Some(of)),
            _ => return Ok(()),
        };
        vars.text("method", method.as_str());
        let person = self.person(user)?;
        if method == Method::Email {
            let default = if change.is_some() {
                AddressRef::Second
            } else {
                AddressRef::Own
            };
            let address = address.as_ref().unwrap_or(&default);
            vars.text("address", &person.address(address));
            vars.text("addressIs", role_of_address(address));
        }
        if matches!(method, Method::MobilePhone | Method::OfficePhone) {
            let number = person.phone(
                phone
                    .as_ref()
                    .unwrap_or(&default_phone(method, change.is_some())),
            );
            vars.text("region", &number.region);
            vars.text("number", &number.typed);
            vars.text("e164", &number.e164);
            vars.text("kind", kind.unwrap_or_else(|| method.setup_kind()).as_str());
        } else if let Some(kind) = kind {
            vars.text("kind", kind.as_str());
        }
        if let Some(of) = change {
            self.method_id(user, method, of.as_ref(), true, vars)?;
        }
        Ok(())
    }

    fn proof_variables(
        &self,
        user: &Name,
        method: Option<Method>,
        kind: Option<ChallengeKind>,
        of: Option<&Name>,
        vars: &mut Vars,
    ) -> Result<(), StepError> {
        if let Some(method) = method {
            vars.text("method", method.as_str());
            if of.is_some() {
                self.method_id(user, method, of, true, vars)?;
            }
        }
        if let Some(kind) = kind {
            vars.text("kind", kind.as_str());
        }
        Ok(())
    }

    /// Offers the id of a registered method, as the setup that registered it learnt it.
    fn method_id(
        &self,
        user: &Name,
        method: Method,
        of: Option<&Name>,
        needed: bool,
        vars: &mut Vars,
    ) -> Result<(), StepError> {
        let of_setup = match of {
            Some(name) => self
                .handles
                .find(HandleKind::Enrollment, user, Some(name))
                .into_iter()
                .collect::<Vec<_>>(),
            None => self.handles.enrollments(user, method).collect(),
        };
        let id = of_setup
            .iter()
            .rev()
            .find_map(|index| self.handles.get(*index).kept.get("methodId"));
        match id {
            Some(id) => vars.value("methodId", id.clone()),
            None if needed && self.context.session.target.mentions("methodId") => {
                return Err(StepError::Unready(format!(
                    "no setup of {user} told the id of a registered {method}"
                )));
            }
            None => {}
        }
        Ok(())
    }

    async fn code_variable(
        &mut self,
        user: &Name,
        handle: usize,
        code: &proofup_domain::command::CodeRole,
        vars: &mut Vars,
    ) -> Result<(), StepError> {
        if let Some(code) = self.code(user, handle, code).await? {
            self.submitted = Some(code.clone());
            vars.secret("code", code);
        }
        Ok(())
    }

    fn password(&mut self, user: &Name, role: &PasswordRole) -> Result<Secret, StepError> {
        let wrong = super::persona::draw_password(&mut self.rng);
        let person = self.person(user)?;
        let password = match role {
            PasswordRole::Right => person.password.clone(),
            PasswordRole::Wrong => wrong,
            PasswordRole::Previous => person.previous_password.clone().ok_or_else(|| {
                StepError::Unready(format!("the password of {user} was never changed"))
            })?,
        };
        self.secrets.insert(password.clone());
        Ok(password)
    }

    fn new_password(&mut self, role: &NewPasswordRole) -> Secret {
        let long = super::persona::draw_password(&mut self.rng);
        let cut =
            |length: usize| Secret::new(long.expose().chars().take(length).collect::<String>());
        let password = match role {
            NewPasswordRole::Fresh => long,
            NewPasswordRole::TooShort => cut(7),
            NewPasswordRole::Shortest => cut(8),
        };
        self.secrets.insert(password.clone());
        self.last_password = Some(password.clone());
        password
    }

    /// Answers the questions that a thing showed: as many as are to be registered, or all that are asked.
    fn answers(
        &mut self,
        user: &Name,
        handle: usize,
        role: &AnswersRole,
        count: Option<u32>,
    ) -> Result<Json, StepError> {
        let shown = self.handles.get(handle).questions.clone();
        if let AnswersRole::Given(given) = role {
            return Ok(self.given_answers(given, &shown, count.is_some()));
        }
        if shown.is_empty() {
            return Err(StepError::unready("no questions were shown"));
        }
        let wanted = count.map_or(shown.len(), |count| {
            usize::try_from(count).unwrap_or(usize::MAX)
        });
        let person = self.person(user)?;
        let registered = |question: &String| {
            let key = (user.clone(), question.clone());
            self.registered_answers
                .get(&key)
                .filter(|_| count.is_none())
                .cloned()
        };
        let mut answers: Vec<(String, Secret)> = shown
            .into_iter()
            .take(wanted)
            .map(|question| {
                let answer = registered(&question).unwrap_or_else(|| person.answer(&question));
                (question, answer)
            })
            .collect();
        if *role == AnswersRole::OneTooFew {
            answers.pop();
        }
        let spoken: Vec<(String, String)> = answers
            .iter()
            .map(|(question, answer)| (question.clone(), spoilt(answer.expose(), role)))
            .collect();
        self.typed_answers = spoken
            .iter()
            .map(|(question, answer)| (question.clone(), Secret::new(answer.clone())))
            .collect();
        self.secrets
            .extend(self.typed_answers.iter().map(|(_, answer)| answer.clone()));
        Ok(Json::from_iter(spoken.into_iter().map(
            |(question, answer)| json!({ "question": question, "answer": answer }),
        )))
    }

    /// Returns the answers that a file spells out; in a reset only those to questions that are asked.
    fn given_answers(&mut self, given: &[GivenAnswer], shown: &[String], setup: bool) -> Json {
        let policy = self.policy_questions();
        let mut answers = Vec::new();
        self.typed_answers.clear();
        for one in given {
            let index = usize::try_from(one.question)
                .unwrap_or(usize::MAX)
                .wrapping_sub(1);
            let question = policy
                .get(index)
                .cloned()
                .unwrap_or_else(|| format!("question {}", one.question));
            if setup || shown.contains(&question) {
                answers.push(json!({ "question": question, "answer": one.text }));
                let answer = Secret::new(one.text.clone());
                self.secrets.insert(answer.clone());
                self.typed_answers.push((question, answer));
            }
        }
        Json::from(answers)
    }

    fn questions_to_register(&self) -> u32 {
        self.policy
            .pointer("/reset/questionsToRegister")
            .and_then(Json::as_u64)
            .and_then(|n| u32::try_from(n).ok())
            .unwrap_or(3)
    }

    fn policy_questions(&self) -> Vec<String> {
        let questions = self
            .policy
            .pointer("/reset/questions")
            .and_then(Json::as_array);
        questions
            .into_iter()
            .flatten()
            .filter_map(Json::as_str)
            .map(str::to_owned)
            .collect()
    }

    /// Finds what a command refers to.
    pub(super) fn handle(
        &self,
        what: HandleKind,
        owner: &Name,
        bound: Option<&Name>,
    ) -> Result<usize, StepError> {
        self.handles.find(what, owner, bound).ok_or_else(|| {
            StepError::Unready(match bound {
                Some(name) => format!("no {} was bound as `{name}`", what.as_str()),
                None => format!("{owner} has no {}", what.as_str()),
            })
        })
    }

    /// Returns a secret that a thing kept.
    pub(super) fn kept_secret(&self, index: usize, name: &str) -> Option<Secret> {
        match self.handles.get(index).kept.get(name)? {
            Value::Secret(secret) => Some(secret.clone()),
            Value::Plain(value) => value.as_str().map(Secret::new),
            Value::Jar(_) => None,
        }
    }

    /// Returns a text that a thing kept.
    pub(super) fn kept_text(&self, index: usize, name: &str) -> Option<String> {
        match self.handles.get(index).kept.get(name)? {
            Value::Plain(value) => value.as_str().map(str::to_owned),
            Value::Secret(secret) => Some(secret.expose().to_owned()),
            Value::Jar(_) => None,
        }
    }
}

/// Offers answers in the forms that products want: a list, an object by question, and the first alone.
fn offer_answers(answers: Json, vars: &mut Vars) {
    let list = answers.as_array().map(Vec::as_slice).unwrap_or_default();
    let by_question: serde_json::Map<String, Json> = list
        .iter()
        .filter_map(|one| Some((one["question"].as_str()?.to_owned(), one["answer"].clone())))
        .collect();
    if let Some(first) = list.first().and_then(|one| one["answer"].as_str()) {
        vars.secret("firstAnswer", Secret::new(first));
    }
    vars.json("answersByQuestion", Json::Object(by_question));
    vars.json("answers", answers);
}

/// Returns what an address is to the person.
const fn role_of_address(address: &AddressRef) -> &'static str {
    match address {
        AddressRef::Own => "own",
        AddressRef::Second => "second",
        AddressRef::Mistyped => "mistyped",
        AddressRef::Work => "work",
        AddressRef::WorkInCapitals => "workInCapitals",
        AddressRef::Text(_) => "text",
    }
}

/// Returns the number that a person registers where a file names none.
pub(super) fn default_phone(method: Method, change: bool) -> PhoneRef {
    match (method == Method::OfficePhone, change) {
        (false, false) => PhoneRef::Mobile,
        (false, true) => PhoneRef::SecondMobile,
        (true, false) => PhoneRef::Office,
        (true, true) => PhoneRef::SecondOffice,
    }
}

/// Brings a right answer into the form that a role names.
fn spoilt(answer: &str, role: &AnswersRole) -> String {
    match role {
        AnswersRole::Right | AnswersRole::OneTooFew | AnswersRole::Given(_) => answer.to_owned(),
        AnswersRole::Wrong => format!("not {answer}"),
        AnswersRole::UpperCase => answer.to_uppercase(),
        AnswersRole::Padded => format!("  {answer}\t"),
        AnswersRole::InnerSpace => {
            let middle = answer.chars().count() / 2;
            answer
                .chars()
                .enumerate()
                .flat_map(|(i, c)| (i == middle).then_some(' ').into_iter().chain([c]))
                .collect()
        }
    }
}
