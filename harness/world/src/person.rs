//! What a person knows and does, whoever plays them: the people of a case and the virtual users of a load run alike.
//!
//! `codes` chooses the code that a role names, `apps` are the devices and authenticators in a person's hand, and `offers`
//! is what a command says itself to the templates of a target file. Nothing here sends: callers do.

pub mod apps;
pub mod codes;
pub mod offers;

use std::collections::BTreeMap;

use proofup_binding::Value;
use proofup_domain::command::{
    AnswersRole, Command, GivenAnswer, NewPasswordRole, PasswordRole, PasswordShape,
};
use proofup_domain::secret::Secret;
use rand_chacha::ChaCha8Rng;

use crate::handles::{HandleKind, Handles};
use crate::persona::{Persona, draw_password};
use apps::{Device, OathAccount};

/// Someone who takes part: who they are, what they hold, and what of theirs was accepted.
#[derive(Debug, Clone)]
pub struct Participant {
    /// Names, addresses, numbers and passwords.
    pub persona: Persona,
    /// Devices that were activated, oldest first.
    pub devices: Vec<Device>,
    /// Accounts in authenticators, oldest first.
    pub accounts: Vec<OathAccount>,
    /// The code that was accepted last.
    pub used_code: Option<Secret>,
    /// The answers that are registered, by question.
    pub registered_answers: BTreeMap<String, Secret>,
}

/// What a person typed into a request, until it is known whether it was accepted.
#[derive(Debug, Default, Clone)]
pub struct Typed {
    /// The code.
    pub code: Option<Secret>,
    /// The new password.
    pub password: Option<Secret>,
    /// The answers, by question.
    pub answers: Vec<(String, Secret)>,
}

impl Typed {
    /// Lists everything that was typed: all of it is secret.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        let answers = self.answers.iter().map(|(_, answer)| answer);
        self.code.iter().chain(&self.password).chain(answers)
    }
}

impl Participant {
    /// A person who has nothing yet.
    #[must_use]
    pub const fn new(persona: Persona) -> Self {
        Self {
            persona,
            devices: Vec::new(),
            accounts: Vec::new(),
            used_code: None,
            registered_answers: BTreeMap::new(),
        }
    }

    /// Remembers what a command that succeeded means for what was typed into it.
    pub fn accept(&mut self, command: &Command, typed: Typed) {
        match command {
            Command::SubmitCode { .. }
            | Command::SubmitSecondStepCode { .. }
            | Command::SubmitResetCode { .. } => {
                if let Some(code) = typed.code {
                    self.used_code = Some(code);
                }
            }
            Command::SetNewPassword { .. } => {
                if let Some(password) = typed.password {
                    self.persona.change_password(password);
                }
            }
            Command::SubmitAnswers { .. } => self.registered_answers.extend(typed.answers),
            _ => {}
        }
    }

    /// Finds the account that a handle is about: of its own setup, of the setup whose method it names, or the first of its
    /// method.
    #[must_use]
    pub fn account_for(&self, handle: usize, handles: &Handles) -> Option<&OathAccount> {
        let about = handles.get(handle);
        let mut accounts = self.accounts.iter();
        if about.what == HandleKind::Enrollment {
            return accounts.rfind(|account| account.enrollment == handle);
        }
        let method_id = about.kept.get("methodId").map(Value::reveal);
        let by_id = accounts.clone().find(|account| {
            let setup = handles.get(account.enrollment);
            method_id.is_some() && setup.kept.get("methodId").map(Value::reveal) == method_id
        });
        by_id
            .or_else(|| {
                let mut accounts = accounts.clone();
                accounts.find(|account| Some(account.method) == about.method)
            })
            .or_else(|| accounts.next())
    }

    /// Returns the password that a role names.
    ///
    /// # Errors
    /// If there was no other password before.
    pub fn password(&self, role: &PasswordRole, rng: &mut ChaCha8Rng) -> Result<Secret, String> {
        let persona = &self.persona;
        match role {
            PasswordRole::Right => Ok(persona.password.clone()),
            PasswordRole::Wrong => Ok(draw_password(rng)),
            PasswordRole::Near(shape) => near_password(persona.password.expose(), *shape),
            PasswordRole::Previous => persona
                .previous_password
                .clone()
                .ok_or_else(|| format!("the password of {} was never changed", persona.name)),
        }
    }

    /// Answers the questions that were shown: as many as are to be registered, or all that are asked.
    ///
    /// # Errors
    /// If none were shown.
    pub fn answers(
        &self,
        role: &AnswersRole,
        shown: &[String],
        to_register: Option<u32>,
    ) -> Result<Vec<(String, Secret)>, String> {
        if shown.is_empty() {
            return Err("no questions were shown".to_owned());
        }
        let wanted = to_register.map_or(shown.len(), |count| {
            usize::try_from(count).unwrap_or(usize::MAX)
        });
        let registered = |question: &String| {
            let known = self.registered_answers.get(question);
            known.filter(|_| to_register.is_none()).cloned()
        };
        let mut answers: Vec<(String, Secret)> = shown
            .iter()
            .take(wanted)
            .map(|question| {
                let right = registered(question).unwrap_or_else(|| self.persona.answer(question));
                let typed = Secret::new(in_the_form_of(right.expose(), role));
                (question.clone(), typed)
            })
            .collect();
        if *role == AnswersRole::OneTooFew {
            answers.pop();
        }
        Ok(answers)
    }
}

/// Returns what is nearly a password.
fn near_password(right: &str, shape: PasswordShape) -> Result<Secret, String> {
    let without_last = &right[..right.len() - right.chars().last().map_or(0, char::len_utf8)];
    let near = match shape {
        PasswordShape::CaseChanged => {
            let changed = |letter: char| match letter.is_ascii_lowercase() {
                true => letter.to_ascii_uppercase(),
                false => letter.to_ascii_lowercase(),
            };
            right.chars().map(changed).collect()
        }
        PasswordShape::LastMissing => without_last.to_owned(),
        PasswordShape::FirstMissing => right.chars().skip(1).collect(),
        PasswordShape::Extended => format!("{right}x"),
        PasswordShape::CutAfter72Bytes => right[..right.floor_char_boundary(72)].to_owned(),
        PasswordShape::LastChanged => {
            let other = if right.ends_with('x') { 'y' } else { 'x' };
            format!("{without_last}{other}")
        }
    };
    if near == right {
        return Err("the password is too short to be like it in this way".to_owned());
    }
    Ok(Secret::new(near))
}

/// Draws the new password that a role names.
pub fn new_password(role: &NewPasswordRole, rng: &mut ChaCha8Rng) -> Secret {
    let long = draw_password(rng);
    let cut = |length: usize| Secret::new(long.expose().chars().take(length).collect::<String>());
    match role {
        NewPasswordRole::Fresh => long,
        NewPasswordRole::TooShort => cut(7),
        NewPasswordRole::Shortest => cut(8),
        NewPasswordRole::Long => {
            let parts = (0..LONG_PARTS).map(|_| draw_password(rng));
            Secret::new(
                parts
                    .map(|part| part.expose().to_owned())
                    .collect::<String>(),
            )
        }
    }
}

/// How many passwords make a long one: five, with 17 characters each.
const LONG_PARTS: usize = 5;

/// Returns the answers that a file spells out, by the questions of the policy; in a reset (`asked`) only those to
/// questions that are asked.
pub fn given_answers(
    given: &[GivenAnswer],
    policy: &[String],
    asked: Option<&[String]>,
) -> Vec<(String, Secret)> {
    let mut answers = Vec::new();
    for one in given {
        let index = usize::try_from(one.question)
            .unwrap_or(usize::MAX)
            .wrapping_sub(1);
        let question = policy
            .get(index)
            .cloned()
            .unwrap_or_else(|| format!("question {}", one.question));
        if asked.is_none_or(|asked| asked.contains(&question)) {
            answers.push((question, Secret::new(one.text.clone())));
        }
    }
    answers
}

/// Brings a right answer into the form that a role names.
fn in_the_form_of(answer: &str, role: &AnswersRole) -> String {
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
