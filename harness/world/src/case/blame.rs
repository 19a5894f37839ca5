//! Finds out whether a target is to blame for a step that it refused on the way to a check.
//!
//! The checks behind such a step could not run, and that alone would let the target get away with it. So the oracle is asked
//! what happened before: where it says that the step must succeed, and every answer until then was as it should be, the
//! refusal fails the requirement that the step serves.

use proofup_binding::{CompiledTarget, Operation};
use proofup_domain::answer::Answer;
use proofup_domain::capabilities::Capabilities;
use proofup_domain::command::Command;
use proofup_domain::expect::{Allowed, Expectation};
use proofup_domain::method::{ChallengeKind, Method};
use proofup_domain::refusal::Refusal;
use proofup_oracle::auditor::HistoryEntry;
use proofup_oracle::machine::{Expected, step};

use super::Case;
use crate::policy_fit::beginning;
use crate::{Terms, World, operation_of};

impl World<'_> {
    /// Finds out whether the target is to blame for the last answer, keeps that, and returns the requirement that it breaks.
    pub(super) fn blame_refused_step(
        &self,
        case: &Case,
        capabilities: &Capabilities,
    ) -> Option<&'static str> {
        let target = &self.context.session.target;
        let (entry, before) = self.history.split_last()?;
        if !is_held_against(target, &entry.2)
            || !self.must_succeed(case, capabilities, before, entry)
        {
            return None;
        }
        let requirement = served_by(&entry.1, before)?;
        let shown = self.seen.last().and_then(|seen| self.shown(seen));
        self.context
            .refused
            .add(requirement, entry, &case.id(), shown);
        Some(requirement)
    }

    /// Returns whether the oracle admits all answers before, and nothing but a success now.
    fn must_succeed(
        &self,
        case: &Case,
        capabilities: &Capabilities,
        before: &[HistoryEntry],
        (now, command, _): &HistoryEntry,
    ) -> bool {
        let target = &self.context.session.target;
        let terms = Terms::of(target, &case.scenario.users, &case.policy());
        let mut state = beginning(&case.scenario, &terms.first, capabilities);
        for (index, (then, command, answer)) in before.iter().enumerate() {
            if self.prepared == Some(index) {
                state = state.begin_story();
            }
            let outcome = step(&state, command, *then);
            if !is_admitted(target, command, &outcome.expected, answer) {
                return false;
            }
            state = outcome.follow(answer).clone();
        }
        if self.prepared == Some(before.len()) {
            state = state.begin_story();
        }
        let expected = step(&state, command, *now).expected;
        let mut alternatives = expected.alternatives().iter();
        expected.unbound().is_none()
            && alternatives.len() > 0
            && alternatives.all(|one| one.refusal().is_none() && one.may_succeed())
    }
}

/// Returns whether an answer can be a defect of a target where the oracle wants a success. Some refusals have causes that no
/// oracle knows: a provider that is slow, and, where cases share more than a tenant, what others have sent.
fn is_held_against(target: &CompiledTarget, answer: &Answer) -> bool {
    match answer {
        Answer::Refused { .. } => match answer.refusal() {
            Some(Refusal::GatewayFailed) => false,
            Some(Refusal::Throttled) => target.has(Operation::CreateTenant),
            _ => target.users().is_empty(),
        },
        // A server that is full, or something before it.
        Answer::Unrecognised { status, .. } => {
            target.users().is_empty() && !matches!(status, 429 | 502..=504)
        }
        Answer::Success(_) | Answer::Unreadable | Answer::Together(_) => false,
    }
}

/// Returns whether the oracle admits an answer, fields aside of which the target file says nothing.
fn is_admitted(
    target: &CompiledTarget,
    command: &Command,
    expected: &Expected,
    answer: &Answer,
) -> bool {
    let Some(operation) = operation_of(command) else {
        return expected.admits(answer).is_ok();
    };
    let fits = |one: &Expectation| {
        let mut differing = one.compare(answer, &Allowed::new()).into_iter();
        differing.all(|mismatch| {
            let field = mismatch.path.split(['.', '[']).next().unwrap_or_default();
            mismatch.actual.is_none() && !field.is_empty() && !target.tells(operation, field)
        })
    };
    expected.unbound().is_none() && expected.alternatives().iter().any(fits)
}

/// Returns the requirement that a command serves where it succeeds; none for what is no person's.
fn served_by(command: &Command, before: &[HistoryEntry]) -> Option<&'static str> {
    use Command as C;
    let method = || command.method().or_else(|| last_begun(before));
    Some(match command {
        C::SignIn { .. } | C::ReadSession { .. } | C::OpenAccount { .. } => "SIGN-3",
        C::SignOut { .. } => "SIGN-8",
        C::BlockUser { .. } => "SIGN-11",
        C::UnblockUser { .. } => "SIGN-12",
        C::Defer { .. } => "DEF-3",
        C::ReadWizard { .. } => "WIZ-1",
        C::CompleteWizard { .. } => "WIZ-5",
        C::CompleteReview { .. } => "REV-2",
        C::ListMethods { .. } | C::DeleteMethod { .. } | C::SetDefault { .. } => "MAN-1",
        C::ListAvailable { .. } => "AVAIL-2",
        C::ChangeMethod { .. } => "MAN-4",
        C::BeginEnrollment { .. } | C::SendCode { .. } => match (method()?, command.kind()) {
            (Method::MobilePhone, Some(ChallengeKind::VoiceCall)) | (Method::OfficePhone, _) => {
                "CALL-2"
            }
            (Method::MobilePhone, _) => "TEXT-2",
            (Method::Email, _) => "MAIL-1",
            (Method::MicrosoftAuthenticator, _) => "APP-1",
            (Method::SoftwareOath, _) => "APP-6",
            (Method::SecurityQuestions, _) => "QUES-1",
        },
        C::ReadEnrollment { .. } | C::SubmitCode { .. } => match method()? {
            Method::Email => "MAIL-2",
            Method::MobilePhone => "TEXT-3",
            Method::OfficePhone => "CALL-3",
            Method::MicrosoftAuthenticator => "APP-4",
            Method::SoftwareOath => "APP-6",
            Method::SecurityQuestions => "QUES-2",
        },
        C::NextPage { .. } => "APP-1",
        C::ActivateDevice { .. } => "APP-2",
        C::ApproveNotification { .. } | C::DenyNotification { .. } => "APP-4",
        C::SubmitAnswers { .. } => "QUES-2",
        C::PressKey { .. } | C::HangUp { .. } | C::LetRing { .. } => "CALL-3",
        C::CancelEnrollment { .. } => "WIZ-9",
        C::BeginSecondStep { .. } | C::ReadSecondStep { .. } | C::SubmitSecondStepCode { .. } => {
            "TWO-1"
        }
        C::BeginReset { .. }
        | C::ReadReset { .. }
        | C::BeginResetProof { .. }
        | C::ReadResetProof { .. }
        | C::SubmitResetCode { .. }
        | C::SubmitResetAnswers { .. }
        | C::SetNewPassword { .. } => "RESET-1",
        C::ReadAudit { .. } | C::ReadAuditEvents { .. } => "AUDIT-1",
        C::AddAccount { .. }
        | C::AdvanceClock { .. }
        | C::SetPolicy { .. }
        | C::SetGateway { .. }
        | C::ReleaseMessages { .. }
        | C::ReadInbox { .. }
        | C::ReadCapabilities {}
        | C::FindLeaks {} => return None,
    })
}

/// Returns the method of the setup that was begun last.
fn last_begun(before: &[HistoryEntry]) -> Option<Method> {
    let mut earlier = before.iter().rev();
    earlier.find_map(|(_, command, answer)| match command {
        Command::BeginEnrollment { .. } if answer.is_success() => command.method(),
        _ => None,
    })
}
