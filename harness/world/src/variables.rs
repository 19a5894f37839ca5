//! What a command offers to the templates of a target file.

use std::collections::BTreeMap;

use proofup_binding::{Operation, Value, Variables};
use proofup_domain::command::{AnswersRole, CodeRole, Command, Name, NameSpelling};
use proofup_domain::secret::Secret;
use serde_json::Value as Json;

use super::handles::HandleKind;
use super::operations::References;
use super::person::{Typed, given_answers, new_password, offers};
use super::{StepError, World};

/// Collects variables under their names.
#[derive(Debug, Default)]
pub(super) struct Vars(pub(super) BTreeMap<String, Value>);

impl Vars {
    pub(super) fn text(&mut self, name: &str, text: &str) {
        self.value(name, Value::from(text));
    }

    pub(super) fn json(&mut self, name: &str, value: Json) {
        self.value(name, Value::Plain(value));
    }

    pub(super) fn secret(&mut self, name: &str, secret: Secret) {
        self.value(name, Value::Secret(secret));
    }

    pub(super) fn value(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_owned(), value);
    }

    pub(super) fn all(&mut self, values: Vec<(&'static str, Value)>) {
        for (name, value) in values {
            self.value(name, value);
        }
    }

    pub(super) fn into_variables(self) -> Variables {
        Variables(self.0)
    }
}

impl World<'_> {
    /// Collects what a command offers: what it refers to, then what it says itself, then what is typed.
    pub(super) async fn variables(
        &mut self,
        command: &Command,
        operation: Operation,
        typed: &mut Typed,
    ) -> Result<Vars, StepError> {
        let mut vars = self.control_variables();
        let references = References::of(command);
        let user = references.user();
        if let Some(user) = &user {
            self.person_variables(user, &mut vars);
            self.handles
                .offer(&references, operation, user, &mut vars.0)
                .map_err(StepError::Unready)?;
            vars.all(offers::said(command, &self.person(user)?.persona));
            self.handles
                .offer_method_id(command, user, &self.context.session.target, &mut vars.0)
                .map_err(StepError::Unready)?;
        }
        self.spell_name(command, &mut vars)?;
        self.said_variables(command, typed, &mut vars)?;
        self.typed_variables(command, typed, &mut vars).await?;
        self.secrets.extend(typed.secrets().cloned());
        if let Some(user) = &user {
            self.demand_a_name(command, &references, operation, user, &vars)?;
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

    /// Offers what is always known of a person.
    pub(super) fn person_variables(&self, user: &Name, vars: &mut Vars) {
        for (key, value) in self.handles.of_person(user) {
            vars.value(key, value.clone());
        }
        if let Ok(person) = self.person(user) {
            vars.all(offers::personal(&person.persona).into());
        }
    }

    /// Offers the sign-in name as the command has it typed.
    fn spell_name(&self, command: &Command, vars: &mut Vars) -> Result<(), StepError> {
        if let Command::SignIn { user, spelling, .. } | Command::BeginReset { user, spelling, .. } =
            command
            && *spelling == NameSpelling::Capitals
        {
            let name = &self.person(user)?.persona.user_principal_name;
            vars.text("userPrincipalName", &name.to_uppercase());
        }
        Ok(())
    }

    /// Offers the password, time or policy that the command names.
    fn said_variables(
        &mut self,
        command: &Command,
        typed: &mut Typed,
        vars: &mut Vars,
    ) -> Result<(), StepError> {
        match command {
            Command::SignIn { user, password, .. } => {
                let person = self.people.get(user);
                let person = person
                    .ok_or_else(|| StepError::Unready(format!("there is no user `{user}`")))?;
                let password = person.password(password, &mut self.rng);
                let password = password.map_err(StepError::Unready)?;
                self.secrets.insert(password.clone());
                vars.secret("password", password);
            }
            Command::SetNewPassword {
                user,
                reset,
                password,
            } => {
                let password = new_password(password, &mut self.rng);
                typed.password = Some(password.clone());
                vars.secret("password", password);
                let index = self.handle(HandleKind::Reset, user, reset.as_ref())?;
                if let Some(code) = &self.handles.get(index).accepted {
                    vars.secret("code", code.clone());
                }
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
        typed: &mut Typed,
        vars: &mut Vars,
    ) -> Result<(), StepError> {
        let (user, what, bound) = match command {
            Command::SubmitCode {
                user, enrollment, ..
            }
            | Command::SubmitAnswers {
                user, enrollment, ..
            } => (user, HandleKind::Enrollment, enrollment),
            Command::SubmitSecondStepCode {
                user, challenge, ..
            } => (user, HandleKind::Challenge, challenge),
            Command::SubmitResetCode { user, proof, .. }
            | Command::SubmitResetAnswers { user, proof, .. } => (user, HandleKind::Proof, proof),
            _ => return Ok(()),
        };
        let handle = self.handle(what, user, bound.as_ref())?;
        match command {
            Command::SubmitCode { code, .. }
            | Command::SubmitSecondStepCode { code, .. }
            | Command::SubmitResetCode { code, .. } => {
                self.code_variable(user, handle, code, typed, vars).await
            }
            Command::SubmitAnswers { answers, .. } => {
                let to_register = Some(self.questions_to_register());
                typed.answers = self.answers(user, handle, answers, to_register)?;
                vars.all(offers::answers(&typed.answers));
                Ok(())
            }
            Command::SubmitResetAnswers { answers, .. } => {
                typed.answers = self.answers(user, handle, answers, None)?;
                vars.all(offers::answers(&typed.answers));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    async fn code_variable(
        &mut self,
        user: &Name,
        handle: usize,
        role: &CodeRole,
        typed: &mut Typed,
        vars: &mut Vars,
    ) -> Result<(), StepError> {
        typed.code = self.code(user, handle, role).await?;
        self.typed_code.clone_from(&typed.code);
        if let Some(code) = &typed.code {
            vars.secret("code", code.clone());
        }
        Ok(())
    }

    /// Answers the questions that a handle showed: as many as are to be registered, or all that are asked.
    fn answers(
        &self,
        user: &Name,
        handle: usize,
        role: &AnswersRole,
        to_register: Option<u32>,
    ) -> Result<Vec<(String, Secret)>, StepError> {
        let shown = &self.handles.get(handle).questions;
        if let AnswersRole::Given(given) = role {
            let asked = to_register.is_none().then_some(shown.as_slice());
            return Ok(given_answers(given, &self.policy_questions(), asked));
        }
        self.person(user)?
            .answers(role, shown, to_register)
            .map_err(StepError::Unready)
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
        self.handles
            .demand(what, owner, bound)
            .map_err(StepError::Unready)
    }
}
