//! Proving: in a setup, as a second step, in a reset.

use proofup_domain::refusal::Refusal;

use super::{
    AddBy, AnswersRole, CallbackSecret, ChallengeKind, CodeRole, CodeShape, GivenAnswer, Method,
    Name, NewPasswordRole, PasswordRole, Person, SetupAct, Value, WellKnownCode, Which, acts, text,
};

/// The purpose for which a code is typed.
#[derive(Debug, Clone)]
pub(super) enum Use {
    Setup(Option<Name>),
    SecondStep,
    Reset,
}

impl Person<'_> {
    pub(super) fn sign_in_and_prove(&mut self) {
        let bind = self.name(&["s1", "s2"], 15);
        let command = self.me.sign_in(PasswordRole::Right, bind);
        self.act(command);
        self.prove_second_step();
        let after = [
            self.me.open_account(),
            self.me.list_methods(),
            self.me.read_session(),
        ];
        let command = self.dice.pick(&after);
        self.act(command);
    }

    /// Begins a second step by the default or by another way, and passes it.
    pub(super) fn prove_second_step(&mut self) {
        let session = self.peek(&self.me.read_session());
        let mut choices: Vec<(Method, ChallengeKind)> = session
            .field("alternatives")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(proof)
            .collect();
        if self.errs() {
            choices.push((Method::Email, ChallengeKind::EmailCode));
            choices.push((Method::SecurityQuestions, ChallengeKind::Answers));
        }
        let choice = if self.dice.chance(60) {
            None
        } else {
            self.dice.pick_some(&choices)
        };
        let bind = self.name(&["c1", "c2"], 20);
        let command = self.me.begin_second_step(choice, bind);
        let begun = self.act(command);
        if begun.refusal().is_some() {
            return;
        }
        let Some(kind) = ChallengeKind::from_word(&text(&begun, "kind")) else {
            return;
        };
        self.show(kind, &Use::SecondStep);
        if matches!(
            kind,
            ChallengeKind::AppNotification | ChallengeKind::VoiceCall
        ) {
            let command = self.me.read_second_step();
            self.act(command);
        }
    }

    /// Goes through with a setup that was begun.
    pub(super) fn finish(
        &mut self,
        method: Method,
        kind: Option<ChallengeKind>,
        bind: Option<Name>,
    ) {
        let by = self.dice.pick(&[AddBy::QrPayload, AddBy::Manual]);
        let named = bind.filter(|_| self.dice.chance(50));
        let kind = match method {
            Method::MicrosoftAuthenticator => {
                let mut acts = vec![
                    SetupAct::Next,
                    SetupAct::Next,
                    SetupAct::Activate(by),
                    SetupAct::Next,
                ];
                if self.dice.chance(12) {
                    acts.insert(3, SetupAct::Activate(by));
                }
                for act in acts {
                    if !self.errs() || self.dice.chance(70) {
                        let command = self.me.setup(act, named.clone());
                        self.act(command);
                    }
                }
                ChallengeKind::AppNotification
            }
            Method::SoftwareOath => {
                let command = self.me.setup(SetupAct::AddAccount(by), named.clone());
                self.act(command);
                ChallengeKind::AppCode
            }
            Method::MobilePhone => kind.unwrap_or(ChallengeKind::TextMessage),
            Method::OfficePhone => kind.unwrap_or(ChallengeKind::VoiceCall),
            Method::Email => ChallengeKind::EmailCode,
            Method::SecurityQuestions => ChallengeKind::Answers,
        };
        self.show(kind, &Use::Setup(named.clone()));
        if matches!(
            kind,
            ChallengeKind::AppNotification | ChallengeKind::VoiceCall
        ) || self.dice.chance(15)
        {
            let command = self.me.setup(SetupAct::Read, named);
            self.act(command);
        }
    }

    /// Proves by a kind, perhaps after something that does not prove.
    pub(super) fn show(&mut self, kind: ChallengeKind, of: &Use) {
        if self.errs() {
            self.show_wrongly(kind, of);
        }
        if self.dice.chance(8) {
            self.outlast_proof(kind);
        }
        if self.dice.chance(5) {
            return;
        }
        match kind {
            ChallengeKind::AppNotification => {
                let command = self.me.reply(true, Which::LastSent, CallbackSecret::Right);
                self.act(command);
            }
            ChallengeKind::VoiceCall => {
                let command = self.me.press("#", Which::LastSent, CallbackSecret::Right);
                self.act(command);
            }
            ChallengeKind::Answers => {
                let answers = self.answers(of);
                self.type_answers(of, answers);
            }
            ChallengeKind::AppCode => self.show_totp(of),
            ChallengeKind::TextMessage | ChallengeKind::EmailCode => {
                self.type_code(of, CodeRole::LastSent);
                if self.dice.chance(10) {
                    self.type_code(of, CodeRole::LastSent);
                }
            }
        }
    }

    /// Types what the authenticator shows; waits for the next step where this one is spent.
    fn show_totp(&mut self, of: &Use) {
        if self.dice.chance(20) {
            let drift = self.dice.pick(&[-2, -1, 1, 2]);
            self.type_code(of, CodeRole::Drift(drift));
            return;
        }
        let answer = self.type_code(of, CodeRole::Current);
        if answer.refusal() == Some(Refusal::WrongCode) && self.dice.chance(80) {
            self.act(acts::advance(30));
            self.type_code(of, CodeRole::Current);
        } else if self.dice.chance(10) {
            self.type_code(of, CodeRole::Current);
        }
    }

    fn show_wrongly(&mut self, kind: ChallengeKind, of: &Use) {
        match kind {
            ChallengeKind::AppNotification => {
                let secret = self.dice.pick(&[
                    CallbackSecret::Wrong,
                    CallbackSecret::None,
                    CallbackSecret::SessionToken,
                ]);
                let command = if self.dice.chance(50) {
                    self.me.reply(false, Which::LastSent, CallbackSecret::Right)
                } else {
                    self.me.reply(true, Which::LastSent, secret)
                };
                self.act(command);
            }
            ChallengeKind::VoiceCall => {
                let secret = self.dice.pick(&[
                    CallbackSecret::Wrong,
                    CallbackSecret::None,
                    CallbackSecret::SessionToken,
                ]);
                let wrong = [
                    self.me.press("5", Which::LastSent, CallbackSecret::Right),
                    self.me.press("#", Which::LastSent, secret),
                    self.me.press("#", Which::Previous, CallbackSecret::Right),
                    self.me.end_call(true),
                    self.me.end_call(false),
                ];
                let command = self.dice.pick(&wrong);
                self.act(command);
                if self.dice.chance(50)
                    && let Use::Setup(named) = of
                {
                    self.act(acts::advance(60));
                    let command = self.me.setup(SetupAct::Send, named.clone());
                    self.act(command);
                }
            }
            ChallengeKind::Answers => {
                let wrong = self.dice.pick(&[
                    AnswersRole::Wrong,
                    AnswersRole::InnerSpace,
                    AnswersRole::OneTooFew,
                ]);
                self.type_answers(of, wrong);
            }
            ChallengeKind::AppCode | ChallengeKind::TextMessage | ChallengeKind::EmailCode => {
                let wrong = self.wrong_code(kind);
                let times = self.dice.pick(&[1, 1, 1, 2, 5, 6]);
                for _ in 0..times {
                    self.type_code(of, wrong.clone());
                }
            }
        }
    }

    /// Draws a code that is not quite the right one.
    pub(super) fn wrong_code(&mut self, kind: ChallengeKind) -> CodeRole {
        let other = Name(
            self.dice
                .pick(&["alice", "bob", "e1", "c1", "p1"])
                .to_owned(),
        );
        let mut wrong = vec![
            CodeRole::Wrong,
            CodeRole::Wrong,
            CodeRole::Missing,
            CodeRole::Used,
            CodeRole::Of(other),
            CodeRole::WellKnown(self.dice.pick(WellKnownCode::ALL)),
            CodeRole::Shape(self.dice.pick(CodeShape::ALL)),
            CodeRole::Shape(self.dice.pick(&[
                CodeShape::SurroundingSpace,
                CodeShape::TrailingNewline,
                CodeShape::ExtraZero,
            ])),
        ];
        if kind == ChallengeKind::AppCode {
            let drift = self.dice.pick(&[-2, -1, 1, 2, 3]);
            wrong.extend([CodeRole::Drift(drift), CodeRole::Drift(drift)]);
        } else {
            wrong.extend([CodeRole::Previous, CodeRole::Previous]);
        }
        self.dice.pick(&wrong)
    }

    fn type_code(&mut self, of: &Use, code: CodeRole) -> super::Answer {
        let command = match of {
            Use::Setup(named) => self.me.setup(SetupAct::Code(code), named.clone()),
            Use::SecondStep => self.me.submit_second_step_code(None, code),
            Use::Reset => self.me.submit_reset_code(None, code),
        };
        self.act(command)
    }

    fn type_answers(&mut self, of: &Use, answers: AnswersRole) {
        let command = match of {
            Use::Setup(named) => self.me.setup(SetupAct::Answers(answers), named.clone()),
            Use::SecondStep | Use::Reset => self.me.submit_reset_answers(answers),
        };
        self.act(command);
    }

    /// Draws answers: mostly the right ones, in a setup sometimes such as break a rule.
    fn answers(&mut self, of: &Use) -> AnswersRole {
        if !matches!(of, Use::Setup(_)) {
            return self.dice.pick(&[
                AnswersRole::Right,
                AnswersRole::Right,
                AnswersRole::UpperCase,
                AnswersRole::Padded,
            ]);
        }
        if self.dice.chance(40) {
            return AnswersRole::Right;
        }
        let count = self.state.policy().reset.questions_to_register;
        let mut given: Vec<GivenAnswer> = (1..=count)
            .map(|question| GivenAnswer {
                question,
                text: format!("answer number {question}"),
            })
            .collect();
        let last = given.len().saturating_sub(1);
        match self.dice.below(8) {
            0 => given[last].question = 1,
            7 => given[last].question = 9,
            1 => {
                let first = given[0].text.clone();
                given[last].text = first;
            }
            2 => given[last].text = "ab".to_owned(),
            3 => given[last].text = "x".repeat(41),
            4 => given[last].text = "y".repeat(40),
            5 => given[last].text = "abc".to_owned(),
            _ => {
                given.pop();
            }
        }
        AnswersRole::Given(given)
    }

    pub(super) fn reset_password(&mut self) {
        let bind = self.name(&["r1", "r2"], 20);
        let reset = bind.clone().filter(|_| self.dice.chance(50));
        let command = self.me.begin_reset(bind);
        let mut answer = self.act(command);
        if self.errs() {
            let command = self
                .me
                .set_new_password(reset.clone(), NewPasswordRole::Fresh);
            self.act(command);
        }
        for _ in 0..2 {
            let mut choices: Vec<(Method, ChallengeKind)> = answer
                .field("methods")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(proof)
                .collect();
            if self.errs() {
                choices = Method::ALL
                    .iter()
                    .flat_map(|method| method.kinds().iter().map(|kind| (*method, *kind)))
                    .collect();
            }
            let Some((method, kind)) = self.dice.pick_some(&choices) else {
                break;
            };
            let said = self.dice.chance(60).then_some(kind);
            let bind = self.name(&["p1"], 20);
            let command = self.me.begin_reset_proof(None, method, said, bind);
            let begun = self.act(command);
            let kind = ChallengeKind::from_word(&text(&begun, "kind")).unwrap_or(kind);
            if begun.refusal().is_none() {
                self.show(kind, &Use::Reset);
            }
            if self.dice.chance(10) {
                let command = self.me.read_reset_proof();
                self.act(command);
            }
            answer = self.peek(&self.me.read_reset(None));
            if self.dice.chance(25) {
                let command = self.me.read_reset(None);
                self.act(command);
            }
        }
        let password = self.dice.pick(&[
            NewPasswordRole::Fresh,
            NewPasswordRole::Fresh,
            NewPasswordRole::Fresh,
            NewPasswordRole::Shortest,
            NewPasswordRole::TooShort,
        ]);
        let command = self.me.set_new_password(reset, password);
        self.act(command);
        if self.dice.chance(40) {
            let command = self.me.read_session();
            self.act(command);
        }
        let password = self
            .dice
            .pick(&[PasswordRole::Right, PasswordRole::Previous]);
        let command = self.me.sign_in(password, None);
        self.act(command);
    }
}

/// Reads a method and a kind from an answer.
fn proof(value: &Value) -> Option<(Method, ChallengeKind)> {
    let method = Method::from_word(value.get("method")?.as_str()?)?;
    let kind = ChallengeKind::from_word(value.get("kind")?.as_str()?)?;
    Some((method, kind))
}
