//! The answers, in the camelCase of `proofup_domain::answer`; what the design leaves open is absent.

use proofup_domain::method::{ChallengeKind, Method};
use proofup_domain::state::{ChallengeState, ResetState, SetupPage};
use serde_json::{Value, json};

use super::StepContext;
use super::life::Life;
use super::records::{AppPage, Enrollment, Phase, Ref};
use crate::sign_in::SignInOutcome as Stand;
use crate::user::{Choice, User};
use crate::window::Offer;
use crate::{available, default, required, reset, usable};

/// Spells a list of words.
pub(super) fn words<T: AsStr>(list: impl IntoIterator<Item = T>) -> Value {
    list.into_iter().map(|item| item.word()).collect()
}

/// Spells one word of the vocabulary.
pub(super) trait AsStr {
    /// Returns the spelling.
    fn word(self) -> &'static str;
}

impl AsStr for Method {
    fn word(self) -> &'static str {
        self.as_str()
    }
}

impl AsStr for ChallengeKind {
    fn word(self) -> &'static str {
        self.as_str()
    }
}

impl AsStr for proofup_domain::method::Purpose {
    fn word(self) -> &'static str {
        self.as_str()
    }
}

impl AsStr for ChallengeState {
    fn word(self) -> &'static str {
        self.as_str()
    }
}

fn absent() -> Value {
    json!({ "absent": true })
}

fn proof(user: &User, choice: Choice) -> Value {
    user.find(choice.id).map_or_else(
        absent,
        |method| json!({ "method": method.method.as_str(), "kind": choice.kind.as_str() }),
    )
}

fn proofs(user: &User, choices: &[Choice]) -> Value {
    choices.iter().map(|choice| proof(user, *choice)).collect()
}

impl StepContext {
    /// Returns where a session stands, or none if the account is blocked.
    pub(super) fn session_answer(&self, person: usize, stand: &Stand) -> Option<Value> {
        let (state, _) = super::gate::word(stand)?;
        let user = &self.person(person).user;
        let state = state.as_str();
        Some(match stand {
            Stand::Interrupted(Offer::Offered { days_left }) => json!({
                "state": state, "deferral": { "offered": true, "daysLeft": days_left },
            }),
            Stand::Interrupted(Offer::NotOffered) => json!({
                "state": state,
                "deferral": { "offered": false, "daysLeft": { "anyOf": [0, absent()] } },
            }),
            Stand::SecondStepRequired {
                default,
                alternatives,
            } => json!({
                "state": state,
                "default": default.map_or_else(absent, |choice| proof(user, choice)),
                "alternatives": proofs(user, alternatives),
            }),
            Stand::InvalidCredentials
            | Stand::ContactAdministrator
            | Stand::ReviewDue
            | Stand::SignedIn => json!({ "state": state }),
        })
    }

    /// Returns the wizard's page in an interrupted session.
    pub(super) fn wizard_answer(&self, at: Ref) -> Value {
        let (policy, user) = (&self.state.policy, &self.person(at.owner).user);
        let registered = words(user.registered.iter().map(|held| held.method));
        let default =
            default::shown(policy, user).map_or_else(absent, |choice| proof(user, choice));
        match required::page(policy, user) {
            required::Page::Success => json!({
                "page": "success", "registered": registered, "default": default,
            }),
            required::Page::List(methods) => json!({
                "page": "list", "alternatives": words(methods),
                "registered": registered, "default": default,
            }),
            required::Page::Method {
                proposed,
                alternatives,
                ..
            } => {
                let remainder = required::required(policy, user);
                let verified = self.session(at).verified;
                let rest = u32::try_from(remainder.len()).unwrap_or(u32::MAX);
                json!({
                    "page": "method", "proposed": proposed.as_str(),
                    "step": verified + 1, "of": verified.saturating_add(rest),
                    "alternatives": words(alternatives), "required": words(remainder),
                    "registered": registered, "default": default,
                })
            }
        }
    }

    /// Returns what is registered.
    pub(super) fn methods_answer(&self, person: usize) -> Value {
        let (policy, user) = (&self.state.policy, &self.person(person).user);
        let details: Value = user
            .registered
            .iter()
            .map(|held| {
                let mut detail = json!({
                    "method": held.method.as_str(),
                    "kinds": words(usable::allowed_kinds(policy, user.role, held)),
                    "usableFor": words(usable::purposes(policy, user.role, held)),
                });
                if held.method == Method::SecurityQuestions {
                    // Nothing of an answer is ever shown (QUES-4).
                    detail["destination"] = absent();
                }
                detail
            })
            .collect();
        json!({
            "methods": words(user.registered.iter().map(|held| held.method)),
            "default": default::shown(policy, user)
                .map_or_else(absent, |choice| proof(user, choice)),
            "details": details,
        })
    }

    /// Returns what can be added.
    pub(super) fn available_answer(&self, person: usize) -> Value {
        let (policy, user) = (&self.state.policy, &self.person(person).user);
        let available = available::available(policy, user);
        let details: Value = available
            .iter()
            .map(|offer| {
                json!({
                    "method": offer.method.as_str(),
                    "kinds": words(offer.kinds.iter().copied()),
                    "purposes": words(offer.purposes.iter().copied()),
                })
            })
            .collect();
        json!({
            "methods": words(available.iter().map(|offer| offer.method)),
            "details": details,
        })
    }

    /// Returns where a setup stands.
    pub(super) fn enrollment_answer(&self, at: Ref) -> Value {
        let setup = self.enrollment(at);
        let life = self.enrollment_life(at);
        let mut answer = json!({ "method": setup.method.as_str(), "state": states(life.states()) });
        let awaited = setup.phase == Phase::Sent && life.is_surely_open();
        if let Some(page) = page(setup, life) {
            answer["page"] = page.as_str().into();
        }
        if awaited {
            answer["kind"] = setup.attempt.kind.as_str().into();
            if takes_codes(setup.attempt.kind) {
                answer["triesLeft"] = setup.attempt.tries_left.into();
            }
        }
        if setup.method == Method::SecurityQuestions && life == Life::Started {
            answer["questions"] = setup.questions.iter().map(String::as_str).collect();
        }
        match setup.method {
            Method::SoftwareOath if awaited => answer["activation"] = true.into(),
            Method::MicrosoftAuthenticator if life == Life::Started => {
                answer["activation"] = if setup.page == AppPage::ScanQrCode {
                    true.into()
                } else {
                    json!({ "anyOf": [false, absent()] })
                };
            }
            _ => {}
        }
        answer
    }

    /// Returns where a second step or a proof of a reset stands.
    pub(super) fn challenge_answer(&self, at: Ref) -> Value {
        let challenge = self.challenge(at);
        let life = self.challenge_life(at);
        let mut answer = json!({
            "method": challenge.method.as_str(),
            "kind": challenge.attempt.kind.as_str(),
            "state": states(life.states()),
        });
        let open = challenge.phase == Phase::Sent && life.is_surely_open();
        if open && takes_tries(challenge.attempt.kind) {
            answer["triesLeft"] = challenge.attempt.tries_left.into();
        }
        answer
    }

    /// Returns where a reset stands.
    pub(super) fn reset_answer(&self, at: Ref) -> Value {
        let (policy, person) = (&self.state.policy, self.person(at.owner));
        let reset = &person.resets[at.index];
        let needed = usable::gates(policy, person.user.role);
        let passed = u32::try_from(reset.passed.len()).unwrap_or(u32::MAX);
        if reset.completed {
            return json!({ "state": ResetState::Completed.as_str() });
        }
        let (state, methods) = if passed >= needed {
            (ResetState::GatesPassed, Value::Array(Vec::new()))
        } else {
            let choices = reset::proofs(policy, &person.user, &reset.passed);
            let told = proofs(&person.user, &choices);
            // Of two apps: whether the kinds of one come together, or each kind of both, is not said.
            let mut by_kind = choices;
            by_kind.sort_by_key(|choice| {
                let held = person.user.find(choice.id);
                (held.map(|held| held.method), choice.kind)
            });
            let by_kind = proofs(&person.user, &by_kind);
            let first_stays = told.get(0) == by_kind.get(0);
            if first_stays && told != by_kind {
                (ResetState::Started, json!({ "anyOf": [told, by_kind] }))
            } else {
                (ResetState::Started, told)
            }
        };
        json!({
            "state": state.as_str(), "gatesRequired": needed, "gatesPassed": passed,
            "methods": methods,
        })
    }
}

/// Spells one state, or any one of several.
fn states(states: &[ChallengeState]) -> Value {
    match states {
        [one] => one.as_str().into(),
        several => json!({ "anyOf": words(several.iter().copied()) }),
    }
}

/// Returns whether codes of a kind are typed.
pub(super) const fn takes_codes(kind: ChallengeKind) -> bool {
    matches!(
        kind,
        ChallengeKind::AppCode | ChallengeKind::TextMessage | ChallengeKind::EmailCode
    )
}

/// Returns whether a kind can be tried wrongly.
pub(super) const fn takes_tries(kind: ChallengeKind) -> bool {
    takes_codes(kind) || matches!(kind, ChallengeKind::Answers)
}

/// Returns the page where the design names one.
fn page(setup: &Enrollment, life: Life) -> Option<SetupPage> {
    match (life, setup.method) {
        (Life::Verified, _) => Some(SetupPage::Success),
        (Life::Started | Life::Activated | Life::Sent, Method::MicrosoftAuthenticator) => {
            Some(match setup.page {
                AppPage::GetTheApp => SetupPage::GetTheApp,
                AppPage::SetUpAccount => SetupPage::SetUpAccount,
                AppPage::ScanQrCode => SetupPage::ScanQrCode,
                AppPage::TestNotification => SetupPage::TestNotification,
            })
        }
        (Life::Sent, Method::SoftwareOath) => Some(SetupPage::ScanQrCode),
        (Life::Sent, Method::MobilePhone | Method::OfficePhone) => {
            Some(if setup.attempt.kind == ChallengeKind::VoiceCall {
                SetupPage::AnswerCall
            } else {
                SetupPage::EnterCode
            })
        }
        (Life::Sent, Method::Email) => Some(SetupPage::EnterCode),
        (Life::Started, Method::SecurityQuestions) => Some(SetupPage::AnswerQuestions),
        _ => None,
    }
}
