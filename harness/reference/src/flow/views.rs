//! Records as the contract shows them.

use http::{HeaderMap, HeaderName, HeaderValue};
use proofup_domain::method::Method;
use proofup_domain::refusal::Refusal;
use proofup_domain::state::{ChallengeState, ResetState, SessionState, SetupPage};

use super::setup::key_issuer;
use crate::decide::MethodProof;
use crate::record::{
    self, Activation, AttemptRecord, EnrollmentSubject, ExpectedProof, Means, ResetProgress,
};
use crate::refused::Refused;
use crate::tenant::Turn;
use crate::wire;

impl Turn<'_> {
    /// Shows a session in a stage.
    pub(crate) fn session_view(&self, id: &str, stage: SessionState) -> wire::SessionView {
        let session = &self.state.sessions[id];
        let user = self.user(&session.user);
        let mut view = wire::SessionView {
            id: id.to_owned(),
            user_principal_name: user.principal_name.as_ref().to_owned(),
            state: stage,
            expires_at: session.expires_at,
            token: None,
            deferral: None,
            default: None,
            alternatives: None,
        };
        if stage == SessionState::Interrupted {
            let offer = self.offer(&session.user);
            view.deferral = Some(wire::Deferral {
                offered: offer.offered,
                days_left: offer.days_left,
            });
        }
        if stage == SessionState::SecondStepRequired {
            let standing = self.standing(&session.user);
            let default = standing.default_shown();
            let is_default = |proof: &MethodProof<'_>| {
                default.is_some_and(|default| {
                    default.kind == proof.kind && default.registered.id == proof.registered.id
                })
            };
            let others = standing.second_steps().into_iter();
            let others = others.filter(|proof| !is_default(proof));
            view.alternatives = Some(others.map(|proof| proof_view(&proof)).collect());
            view.default = default.as_ref().map(proof_view);
        }
        view
    }

    /// Shows a user's methods, oldest first, and the default.
    pub(crate) fn registered_views(
        &self,
        user: &str,
    ) -> (Vec<wire::RegisteredMethod>, Option<wire::ProofView>) {
        let standing = self.standing(user);
        let default = standing.default_shown();
        let view = |one: &record::MethodRecord| {
            let traits = standing.traits(one);
            wire::RegisteredMethod {
                id: one.id.clone(),
                method: one.method,
                kinds: standing.kinds_that_count(traits),
                usable_for: standing.purposes(traits),
                destination: self.listed_destination(one).or_else(|| one.shown_answers()),
                registered_at: one.registered_at,
                is_default: default.is_some_and(|default| default.registered.id == one.id),
            }
        };
        let views = standing.methods.iter().map(view).collect();
        let dangling = standing.dangling_choice().map(|choice| wire::ProofView {
            method: choice.method,
            method_id: choice.method_id.clone(),
            kind: choice.kind,
        });
        (views, dangling.or(default.as_ref().map(proof_view)))
    }

    /// Writes a method's destination as a list shows it. Requirements: `MAN-7`, `APP-17`.
    fn listed_destination(&self, one: &record::MethodRecord) -> Option<String> {
        match &one.means {
            Means::Phone(number) if !self.rules.masks_listed_destinations => {
                Some(number.e164().to_owned())
            }
            Means::Email(address) if !self.rules.masks_listed_destinations => {
                Some(address.as_str().to_owned())
            }
            Means::SoftwareOath(key) if self.rules.lists_app_secrets => {
                Some(key.secret.base32().expose().to_owned())
            }
            _ => one.masked(),
        }
    }

    /// Shows a setup.
    pub(crate) fn enrollment_view(&self, id: &str) -> Result<wire::EnrollmentView, Refused> {
        let Some(enrollment) = self.state.enrollments.get(id) else {
            return Err(Refusal::NotFound.into());
        };
        let state = enrollment.state(self.now, self.rules.code_end_included);
        let is_open = enrollment.is_open(self.now);
        let questions = is_open && enrollment.method == Method::SecurityQuestions;
        let policy = &self.state.policy.reset;
        let challenge = enrollment.attempt.as_ref();
        let challenge = challenge.map(|attempt| wire::SetupChallenge {
            kind: attempt.kind,
            destination: attempt.destination.clone(),
            expires_at: attempt.expires_at.min(enrollment.expires_at),
            tries_left: attempt.tries_left,
            code: self.shown(attempt),
        });
        Ok(wire::EnrollmentView {
            id: enrollment.id.as_ref().to_owned(),
            method: enrollment.method,
            state,
            page: if state == ChallengeState::Verified && self.rules.shows_success {
                SetupPage::Success
            } else {
                enrollment.page
            },
            expires_at: enrollment.expires_at,
            challenge,
            activation: self
                .activation_view(enrollment)
                .filter(|_| is_open || self.rules.shows_secret_after_setup),
            questions: questions.then(|| policy.questions.clone()),
            questions_to_register: questions.then_some(policy.questions_to_register),
            method_id: enrollment.method_id.clone(),
        })
    }

    fn activation_view(
        &self,
        enrollment: &record::EnrollmentRecord,
    ) -> Option<wire::ActivationView> {
        match &enrollment.subject {
            EnrollmentSubject::MicrosoftApp {
                activation: Some(activation),
                ..
            } => {
                let url = format!("{}/v1/devices", self.state.gateways.callback_base);
                let code = activation.code.expose();
                let pairs = [("code", code), ("url", url.as_str())];
                let told = if self.rules.payload_is_whole { 2 } else { 1 };
                let query = serde_urlencoded::to_string(&pairs[..told]);
                let query = query.expect("pairs of text can be encoded");
                let payload = format!("securityinfo://activate?{query}");
                Some(wire::ActivationView {
                    qr_payload: revealed(payload),
                    manual: wire::Manual {
                        code: Some(self.manual_code(activation)),
                        url: Some(url),
                        secret: None,
                    },
                })
            }
            EnrollmentSubject::SoftwareOath(key) => {
                let account = &self.user(&enrollment.user).principal_name;
                let issuer = key_issuer(self.rules, &self.state.display_name);
                Some(wire::ActivationView {
                    qr_payload: wire::Revealed(key.secret.key_uri(issuer, account)),
                    manual: wire::Manual {
                        code: None,
                        url: None,
                        secret: Some(wire::Revealed(key.secret.base32())),
                    },
                })
            }
            EnrollmentSubject::MicrosoftApp { .. }
            | EnrollmentSubject::Phone { .. }
            | EnrollmentSubject::Email(_)
            | EnrollmentSubject::Questions => None,
        }
    }

    fn manual_code(&self, activation: &Activation) -> wire::Revealed {
        let code = activation.code.expose();
        if self.rules.manual_is_payload {
            revealed(code.to_owned())
        } else {
            revealed(code.chars().rev().collect())
        }
    }

    /// Shows a challenge by its id.
    pub(crate) fn challenge(&self, id: &str) -> Result<wire::ChallengeView, Refused> {
        let challenge = self.state.challenges.get(id);
        let challenge = challenge.ok_or(Refusal::NotFound)?;
        Ok(self.challenge_view(challenge))
    }

    /// Shows a challenge.
    pub(crate) fn challenge_view(
        &self,
        challenge: &record::ChallengeRecord,
    ) -> wire::ChallengeView {
        let attempt: &AttemptRecord = &challenge.attempt;
        wire::ChallengeView {
            id: challenge.id.as_ref().to_owned(),
            method: challenge.method,
            method_id: challenge.method_id.clone(),
            kind: attempt.kind,
            state: attempt.state(self.now, self.rules.code_end_included),
            destination: attempt.destination.clone(),
            expires_at: attempt.expires_at,
            tries_left: attempt.tries_left,
            questions: match &attempt.expected {
                ExpectedProof::Answers(questions) => Some(questions.clone()),
                ExpectedProof::Code(_) | ExpectedProof::AppCode | ExpectedProof::Callback => None,
            },
            code: self.shown(attempt),
        }
    }

    /// Writes the code of a setup into a header, where a rule makes the service leak it. Requirement: `CODE-7`.
    pub(crate) fn code_headers(&self, enrollment: &str) -> HeaderMap {
        let enrollment = self.state.enrollments.get(enrollment);
        let attempt = enrollment.and_then(|one| one.attempt.as_ref());
        let shown = attempt.and_then(|attempt| attempt.shown.as_ref());
        let shown = shown.filter(|_| self.rules.codes_in_headers);
        let value = shown.and_then(|code| HeaderValue::from_str(code.expose()).ok());
        value
            .map(|value| (HeaderName::from_static("x-sent-code"), value))
            .into_iter()
            .collect()
    }

    fn shown(&self, attempt: &AttemptRecord) -> Option<wire::Revealed> {
        let shown = attempt.shown.clone().filter(|_| self.rules.shows_codes);
        shown.map(wire::Revealed)
    }

    /// Shows a reset.
    pub(crate) fn reset_view(&self, reset: &record::ResetRecord) -> wire::ResetView {
        let standing = self.standing(&reset.user);
        let passed = self.gates_passed(reset);
        let required = standing.gates_required();
        let state = match reset.progress {
            ResetProgress::Completed => ResetState::Completed,
            _ if passed >= required => ResetState::GatesPassed,
            ResetProgress::Open | ResetProgress::Cancelled => ResetState::Started,
        };
        let open = state == ResetState::Started;
        let proofs = standing.reset_proofs().into_iter();
        let methods = proofs
            .filter(|proof| open && !self.is_gate_passed(reset, proof.registered.method))
            .map(|proof| wire::ResetMethodView {
                method: proof.registered.method,
                method_id: proof.registered.id.clone(),
                kind: proof.kind,
                destination: proof.registered.masked(),
            });
        wire::ResetView {
            id: reset.id.as_ref().to_owned(),
            state,
            gates_required: required,
            gates_passed: passed,
            methods: methods.collect(),
            expires_at: reset.expires_at,
        }
    }
}

/// Shows one way to prove.
pub(crate) fn proof_view(proof: &MethodProof<'_>) -> wire::ProofView {
    wire::ProofView {
        method: proof.registered.method,
        method_id: proof.registered.id.clone(),
        kind: proof.kind,
    }
}

fn revealed(text: String) -> wire::Revealed {
    wire::Revealed(proofup_domain::secret::Secret::new(text))
}
