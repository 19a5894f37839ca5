//! The answers, in the camelCase of `proofup_domain::answer`; what the design leaves open is absent.

use std::collections::BTreeSet;

use proofup_domain::expect::{FieldPatterns, Pattern};
use proofup_domain::method::{ChallengeKind, Gate, Method};
use proofup_domain::state::{ChallengeState, ResetState, SetupPage};

use super::StepContext;
use super::life::Life;
use super::records::{AppPage, Enrollment, Phase, Ref};
use crate::sign_in::SignInOutcome as Stand;
use crate::user::{Choice, User};
use crate::window::Offer;
use crate::{available, default, required, reset, usable};

/// Spells a list of words.
pub(super) fn words<T: AsStr>(list: impl IntoIterator<Item = T>) -> Pattern {
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

/// Makes an answer of these fields.
fn fields() -> FieldPatterns {
    FieldPatterns::new()
}

/// Admits any one of two.
fn either(one: impl Into<Pattern>, other: impl Into<Pattern>) -> Pattern {
    Pattern::AnyOf(vec![one.into(), other.into()])
}

fn proof(user: &User, choice: Choice) -> Pattern {
    user.find(choice.id).map_or(Pattern::Absent, |method| {
        fields()
            .with("method", method.method.as_str())
            .with("kind", choice.kind.as_str())
            .into()
    })
}

fn proofs(user: &User, choices: &[Choice]) -> Pattern {
    choices.iter().map(|choice| proof(user, *choice)).collect()
}

impl StepContext {
    /// Returns where a session stands; none: the account is blocked.
    pub(super) fn session_answer(&self, person: usize, stand: &Stand) -> Option<FieldPatterns> {
        let (state, _) = super::gate::word(stand)?;
        let user = &self.person(person).user;
        let told = fields().with("state", state.as_str());
        Some(match stand {
            Stand::Interrupted(Offer::Offered { days_left }) => {
                let offer = fields().with("offered", true);
                told.with("deferral", offer.with("daysLeft", *days_left))
            }
            Stand::Interrupted(Offer::NotOffered) => {
                let offer = fields().with("offered", false);
                told.with(
                    "deferral",
                    offer.with("daysLeft", either(0, Pattern::Absent)),
                )
            }
            Stand::SecondStepRequired {
                default,
                alternatives,
            } => told
                .with(
                    "default",
                    default.map_or(Pattern::Absent, |choice| proof(user, choice)),
                )
                .with("alternatives", proofs(user, alternatives)),
            Stand::InvalidCredentials
            | Stand::ContactAdministrator
            | Stand::ReviewDue
            | Stand::SignedIn => told,
        })
    }

    /// Returns the wizard's page in an interrupted session.
    pub(super) fn wizard_answer(&self, at: Ref) -> FieldPatterns {
        let (policy, user) = (&self.state.policy, &self.person(at.owner).user);
        let page = match required::page(policy, user) {
            required::Page::Success => fields().with("page", "success"),
            required::Page::List(methods) => fields()
                .with("page", "list")
                .with("alternatives", words(methods)),
            required::Page::Method {
                proposed,
                alternatives,
                ..
            } => {
                let remainder = required::required(policy, user);
                let verified = self.session(at).verified;
                let rest = u32::try_from(remainder.len()).unwrap_or(u32::MAX);
                fields()
                    .with("page", "method")
                    .with("proposed", proposed.as_str())
                    .with("step", verified + 1)
                    .with("of", verified.saturating_add(rest))
                    .with("alternatives", words(alternatives))
                    .with("required", words(remainder))
            }
        };
        page.with(
            "registered",
            words(user.registered.iter().map(|held| held.method)),
        )
        .with("default", self.default_shown(at.owner))
    }

    /// Returns the default that is shown.
    fn default_shown(&self, person: usize) -> Pattern {
        let (policy, user) = (&self.state.policy, &self.person(person).user);
        default::shown(policy, user).map_or(Pattern::Absent, |choice| proof(user, choice))
    }

    /// Returns what is registered.
    pub(super) fn methods_answer(&self, person: usize) -> FieldPatterns {
        let (policy, user) = (&self.state.policy, &self.person(person).user);
        let details: Pattern = user
            .registered
            .iter()
            .map(|held| {
                let kinds = usable::allowed_kinds(policy, user.role, held);
                let purposes = usable::purposes(policy, user.role, held);
                let detail = fields()
                    .with("method", held.method.as_str())
                    .with("kinds", words(kinds))
                    .with("usableFor", words(purposes));
                if held.method == Method::SecurityQuestions {
                    // Nothing of an answer is ever shown (QUES-4).
                    detail.with("destination", Pattern::Absent)
                } else {
                    detail
                }
            })
            .collect();
        let methods = words(user.registered.iter().map(|held| held.method));
        fields()
            .with("methods", methods)
            .with("default", self.default_shown(person))
            .with("details", details)
    }

    /// Returns what can be added.
    pub(super) fn available_answer(&self, person: usize) -> FieldPatterns {
        let (policy, user) = (&self.state.policy, &self.person(person).user);
        let available = available::available(policy, user);
        let details: Pattern = available
            .iter()
            .map(|offer| {
                fields()
                    .with("method", offer.method.as_str())
                    .with("kinds", words(offer.kinds.iter().copied()))
                    .with("purposes", words(offer.purposes.iter().copied()))
            })
            .collect();
        fields()
            .with("methods", words(available.iter().map(|offer| offer.method)))
            .with("details", details)
    }

    /// Returns where a setup stands.
    pub(super) fn enrollment_answer(&self, at: Ref) -> FieldPatterns {
        let setup = self.enrollment(at);
        let life = self.enrollment_life(at);
        let mut answer = fields()
            .with("method", setup.method.as_str())
            .with("state", states(life.states()));
        let awaited = setup.phase == Phase::Sent && life.is_surely_open();
        if let Some(page) = page(setup, life) {
            answer.set("page", page.as_str());
        }
        if awaited {
            answer.set("kind", setup.attempt.kind.as_str());
            if takes_codes(setup.attempt.kind) {
                answer.set("triesLeft", setup.attempt.tries_left);
            }
        }
        if setup.method == Method::SecurityQuestions && life == Life::Started {
            let questions: Pattern = setup.questions.iter().cloned().collect();
            answer.set("questions", questions);
        }
        match setup.method {
            Method::SoftwareOath if awaited => answer.set("activation", true),
            Method::SoftwareOath if life.is_final() => {
                answer.set("activation", either(false, Pattern::Absent));
            }
            Method::MicrosoftAuthenticator if life == Life::Started => {
                let activation = if setup.page == AppPage::ScanQrCode {
                    true.into()
                } else {
                    either(false, Pattern::Absent)
                };
                answer.set("activation", activation);
            }
            _ => {}
        }
        answer
    }

    /// Returns where a second step or a proof of a reset stands.
    pub(super) fn challenge_answer(&self, at: Ref) -> FieldPatterns {
        let challenge = self.challenge(at);
        let life = self.challenge_life(at);
        let mut answer = fields()
            .with("method", challenge.method.as_str())
            .with("kind", challenge.attempt.kind.as_str())
            .with("state", states(life.states()));
        let open = challenge.phase == Phase::Sent && life.is_surely_open();
        if open && takes_tries(challenge.attempt.kind) {
            answer.set("triesLeft", challenge.attempt.tries_left);
        }
        answer
    }

    /// Returns where a reset stands in which these gates count.
    pub(super) fn reset_answer(&self, at: Ref, counted: &BTreeSet<Gate>) -> FieldPatterns {
        let (policy, person) = (&self.state.policy, self.person(at.owner));
        let needed = usable::gates(policy, person.user.role);
        let passed = u32::try_from(counted.len()).unwrap_or(u32::MAX);
        if person.resets[at.index].completed {
            return fields().with("state", ResetState::Completed.as_str());
        }
        let (state, methods) = if passed >= needed {
            (ResetState::GatesPassed, Pattern::List(Vec::new()))
        } else {
            let choices = reset::proofs(policy, &person.user, counted);
            // Of two apps: whether the kinds of one come together, or each kind of both, is not said. The default is first.
            let default = default::shown(policy, &person.user);
            let mut by_kind = choices.clone();
            by_kind.sort_by_key(|choice| {
                let held = person.user.find(choice.id);
                let method = held.map(|held| held.method);
                (Some(*choice) != default, method, choice.kind)
            });
            let (told, by_kind) = (
                proofs(&person.user, &choices),
                proofs(&person.user, &by_kind),
            );
            if told == by_kind {
                (ResetState::Started, told)
            } else {
                (ResetState::Started, either(told, by_kind))
            }
        };
        fields()
            .with("state", state.as_str())
            .with("gatesRequired", needed)
            .with("gatesPassed", passed)
            .with("methods", methods)
    }
}

/// Spells one state, or any one of several.
fn states(states: &[ChallengeState]) -> Pattern {
    match states {
        [one] => one.as_str().into(),
        several => Pattern::AnyOf(several.iter().map(|one| one.as_str().into()).collect()),
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
