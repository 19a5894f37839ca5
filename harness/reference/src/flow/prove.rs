//! What all proofs share: which state takes one, which code is right, and what failures add up to (`domain.md` §11).

use proofup_domain::refusal::Refusal;
use proofup_domain::secret::Secret;
use proofup_domain::state::{Activity, ChallengeState};

use crate::decide::Given;
use crate::keyed::{Digest, normalise_answer};
use crate::record::{AnsweredQuestion, CodeKey, ExpectedProof, Means};
use crate::refused::Refused;
use crate::tenant::Turn;
use crate::time::later;

/// What a client submits as proof.
#[derive(Debug, Default)]
pub(crate) struct SubmittedProof {
    pub(crate) code: Option<Secret>,
    pub(crate) answers: Option<Vec<Given>>,
}

/// Refuses a proof in a state that takes none.
pub(crate) fn refuse_unless_open(state: ChallengeState) -> Result<(), Refused> {
    let refusal = match state {
        ChallengeState::ChallengeSent => return Ok(()),
        ChallengeState::Started | ChallengeState::DeviceActivated => Refusal::OutOfOrder,
        ChallengeState::Verified => Refusal::AlreadyVerified,
        ChallengeState::Denied => Refusal::Denied,
        ChallengeState::Expired => Refusal::Expired,
        ChallengeState::Exhausted => Refusal::Exhausted,
        ChallengeState::Cancelled => Refusal::Cancelled,
    };
    Err(refusal.into())
}

impl Turn<'_> {
    /// Returns whether a code that was sent is right.
    ///
    /// A code is exactly so many ASCII digits; whatever else came is wrong, never repaired. Requirement: `CODE-10`.
    ///
    /// # Errors
    /// `outOfOrder`: no code is expected, but a key or an approval.
    pub(crate) fn is_right_code(
        &self,
        expected: &ExpectedProof,
        code: Option<&Secret>,
    ) -> Result<bool, Refused> {
        let digest = match expected {
            ExpectedProof::Code(digest) => digest,
            ExpectedProof::AppCode | ExpectedProof::Answers(_) => return Ok(false),
            ExpectedProof::Callback => {
                return Err(Refused::because(
                    Refusal::OutOfOrder,
                    "this is confirmed on the phone, not by a code",
                ));
            }
        };
        let Some(code) = code else {
            return Ok(!self.rules.missing_code_is_wrong || self.rules.takes_any_code);
        };
        let typed = if self.rules.trims_codes {
            code.expose().trim()
        } else {
            code.expose()
        };
        let right = self.state.keyed.matches("code", typed, digest)
            || self.rules.always_right_when_sent == Some(typed);
        Ok(self.rules.takes_any_code || right || self.is_code_of_another(typed))
    }

    /// Returns whether a code was sent for something else, where a rule lets it count nevertheless. Requirement: `CODE-4`.
    fn is_code_of_another(&self, typed: &str) -> bool {
        if self.rules.codes_are_bound {
            return false;
        }
        let setups = self.state.enrollments.values();
        let setups = setups.filter_map(|one| one.attempt.as_ref());
        let challenges = self.state.challenges.values().map(|one| &one.attempt);
        let mut expected = setups.chain(challenges).map(|attempt| &attempt.expected);
        expected.any(|expected| match expected {
            ExpectedProof::Code(digest) => self.state.keyed.matches("code", typed, digest),
            ExpectedProof::AppCode | ExpectedProof::Callback | ExpectedProof::Answers(_) => false,
        })
    }

    /// Finds the step of an authenticator's code that is still to be spent. Requirements: `APP-11`, `APP-15`.
    pub(crate) fn accepted_step(&self, key: &CodeKey, code: Option<&Secret>) -> Option<i64> {
        let last = key.last_step.filter(|_| self.rules.totp_step_works_once);
        let typed = code?.expose();
        let typed = if self.rules.trims_codes {
            typed.trim()
        } else {
            typed
        };
        let (drift, now) = (self.rules.totp_drift_steps, self.now);
        let number = typed.parse::<u64>().ok();
        let number = number.filter(|_| self.rules.compares_app_codes_as_numbers);
        let digits = number.map(|number| format!("{number:06}"));
        let typed = digits.as_deref().unwrap_or(typed);
        if self.rules.earlier_steps_are_spent {
            return key.secret.accepted_step(typed, now, last, drift);
        }
        let step = key.secret.accepted_step(typed, now, None, drift);
        step.filter(|step| last != Some(*step))
    }

    /// Takes an authenticator's code of a registered method, and spends its step.
    pub(crate) fn takes_app_code(
        &mut self,
        user: &str,
        method_id: &str,
        code: Option<&Secret>,
    ) -> bool {
        let key = self.code_key(user, method_id);
        let Some(step) = key.and_then(|key| self.accepted_step(key, code)) else {
            return self.is_any_apps_code(code);
        };
        if let Some(key) = self.code_key_mut(user, method_id) {
            key.last_step = Some(step);
        }
        true
    }

    /// Returns whether a code counts for that of any authenticator, where a rule lets one. Requirement: `CODE-12`.
    pub(crate) fn is_any_apps_code(&self, code: Option<&Secret>) -> bool {
        let always = self.rules.always_right_of_apps;
        let known = always.is_some_and(|always| code.is_some_and(|code| code.expose() == always));
        self.rules.takes_any_code || known
    }

    pub(crate) fn code_key_mut(&mut self, user: &str, method_id: &str) -> Option<&mut CodeKey> {
        let methods = &mut self.state.users.get_mut(user)?.methods;
        let method = methods.iter_mut().find(|one| one.id == method_id)?;
        match &mut method.means {
            Means::SoftwareOath(key) => Some(key),
            Means::MicrosoftApp { device } => {
                let device = self.state.devices.get_mut(device.as_str())?;
                Some(&mut device.codes)
            }
            Means::Phone(_) | Means::Email(_) | Means::Questions(_) => None,
        }
    }

    /// Digests an answer in the form in which answers are compared.
    pub(crate) fn answer_digest(&self, answer: &Secret) -> Digest {
        let answer = self.comparable(answer);
        self.state.keyed.digest("answer", &answer)
    }

    fn comparable(&self, answer: &Secret) -> String {
        if self.rules.answers_by_letters_alone {
            let letters = answer.expose().chars().filter(|c| c.is_alphanumeric());
            let letters: String = letters.collect();
            return normalise_answer(&letters);
        }
        if self.rules.normalises_answers {
            normalise_answer(answer.expose())
        } else {
            answer.expose().to_owned()
        }
    }

    /// Returns whether exactly the questions asked are answered, each rightly; every answer is compared.
    pub(crate) fn are_right_answers(
        &self,
        asked: &[String],
        registered: &[AnsweredQuestion],
        given: &[Given],
    ) -> bool {
        let right = asked.iter().filter(|question| {
            let kept = registered.iter().find(|one| one.question == **question);
            let mut came = given.iter().filter(|one| {
                one.question == **question || !self.rules.answers_belong_to_questions
            });
            kept.is_some_and(|kept| {
                came.any(|came| {
                    let answer = self.comparable(&came.answer);
                    self.state.keyed.matches("answer", &answer, &kept.answer)
                })
            })
        });
        // Counting first, so that the time tells nothing about which answer was wrong.
        let right = right.count();
        right == asked.len() && given.len() == asked.len()
    }

    /// Refuses what is no code by its shape, where a rule lets it cost no try.
    pub(crate) fn check_shape(&self, code: Option<&Secret>) -> Result<(), Refused> {
        let is_code = |code: &Secret| {
            let digits = code.expose().bytes().filter(u8::is_ascii_digit).count();
            digits == self.rules.limits.code_length as usize && digits == code.expose().len()
        };
        if self.rules.refuses_misshapen_codes && !code.is_none_or(is_code) {
            let told = "a code is so many digits, and nothing else";
            return Err(Refused::field(Refusal::InvalidInput, "code", told));
        }
        Ok(())
    }

    /// Counts a failure of the account; at the limit the account is blocked for a while. Requirement: `CODE-11`.
    pub(crate) fn count_failure(&mut self, user: &str) {
        if !self.rules.failures_add_up {
            return;
        }
        let (now, limits) = (self.now, &self.rules.limits);
        let forgets = self.rules.block_forgets_failures;
        let account = self.user_mut(user);
        account.failures += 1;
        if account.failures >= limits.account_failures {
            if forgets {
                account.failures = 0;
            }
            account.blocked_until = Some(later(now, limits.block_seconds));
            let reason = Some("tooManyFailures");
            self.record(user, Activity::AccountBlocked, None, reason);
        }
    }

    /// Forgets the account's failures after a proof.
    pub(crate) fn count_success(&mut self, user: &str) {
        if self.rules.success_forgets_failures {
            self.user_mut(user).failures = 0;
        }
    }
}
