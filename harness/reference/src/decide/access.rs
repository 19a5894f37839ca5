//! One table: which session state may use which endpoint (`docs/implementing.md#what-a-session-may-do`).

use proofup_domain::refusal::Refusal;
use proofup_domain::state::SessionState::{
    self, ContactAdministrator, Interrupted, ReviewDue, SecondStepRequired, SignedIn,
};

/// What a session can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProtectedOperation {
    ReadSession,
    SignOut,
    ReadAccount,
    Defer,
    ReadWizard,
    CompleteWizard,
    CompleteReview,
    ListMethods,
    ListAvailable,
    BeginEnrollment,
    ReadEnrollment,
    NextPage,
    SendAgain,
    VerifyEnrollment,
    CancelEnrollment,
    ChangeMethod,
    DeleteMethod,
    ChooseDefault,
    BeginChallenge,
    ReadChallenge,
    VerifyChallenge,
    ReadAudit,
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Admission {
    pub(crate) endpoint: ProtectedOperation,
    /// How the published contract names it.
    pub(crate) operation: &'static str,
    /// The states that may use it. Any other is refused with its own name.
    pub(crate) states: &'static [SessionState],
    /// The states, among those, in which a second step is asked for first if the user has one.
    pub(crate) step_up: &'static [SessionState],
    /// The refusal for a session that is signed in and may not use the operation.
    pub(crate) when_signed_in: Refusal,
}

const EVERY: &[SessionState] = &[
    SecondStepRequired,
    Interrupted,
    ContactAdministrator,
    ReviewDue,
    SignedIn,
];
const SETUP: &[SessionState] = &[Interrupted, SignedIn];
const STEPS: &[SessionState] = &[SecondStepRequired, Interrupted, ReviewDue, SignedIn];

const fn row(
    endpoint: ProtectedOperation,
    operation: &'static str,
    states: &'static [SessionState],
    step_up: &'static [SessionState],
) -> Admission {
    Admission {
        endpoint,
        operation,
        states,
        step_up,
        when_signed_in: Refusal::Forbidden,
    }
}

const fn prompt(
    endpoint: ProtectedOperation,
    operation: &'static str,
    states: &'static [SessionState],
    step_up: &'static [SessionState],
    when_signed_in: Refusal,
) -> Admission {
    Admission {
        endpoint,
        operation,
        states,
        step_up,
        when_signed_in,
    }
}

/// The table, in the order of [`ProtectedOperation`].
pub(crate) const TABLE: [Admission; 22] = [
    row(
        ProtectedOperation::ReadSession,
        "GET /v1/sessions/current",
        EVERY,
        &[],
    ),
    row(
        ProtectedOperation::SignOut,
        "DELETE /v1/sessions/current",
        EVERY,
        &[],
    ),
    row(
        ProtectedOperation::ReadAccount,
        "GET /v1/account",
        &[SignedIn],
        &[],
    ),
    prompt(
        ProtectedOperation::Defer,
        "POST /v1/sessions/current/deferral",
        &[Interrupted],
        &[],
        Refusal::DeferralNotOffered,
    ),
    prompt(
        ProtectedOperation::ReadWizard,
        "GET /v1/wizard",
        &[Interrupted],
        &[],
        Refusal::NotInterrupted,
    ),
    prompt(
        ProtectedOperation::CompleteWizard,
        "POST /v1/wizard/completion",
        &[Interrupted],
        &[],
        Refusal::NotInterrupted,
    ),
    prompt(
        ProtectedOperation::CompleteReview,
        "POST /v1/review/completion",
        &[ReviewDue],
        &[ReviewDue],
        Refusal::NoReviewDue,
    ),
    row(
        ProtectedOperation::ListMethods,
        "GET /v1/methods",
        &[ReviewDue, SignedIn],
        &[ReviewDue, SignedIn],
    ),
    row(
        ProtectedOperation::ListAvailable,
        "GET /v1/methods/available",
        SETUP,
        &[SignedIn],
    ),
    row(
        ProtectedOperation::BeginEnrollment,
        "POST /v1/enrollments",
        SETUP,
        SETUP,
    ),
    row(
        ProtectedOperation::ReadEnrollment,
        "GET /v1/enrollments/{id}",
        SETUP,
        &[],
    ),
    row(
        ProtectedOperation::NextPage,
        "POST /v1/enrollments/{id}/next",
        SETUP,
        SETUP,
    ),
    row(
        ProtectedOperation::SendAgain,
        "POST /v1/enrollments/{id}/challenge",
        SETUP,
        SETUP,
    ),
    row(
        ProtectedOperation::VerifyEnrollment,
        "POST /v1/enrollments/{id}/verification",
        SETUP,
        SETUP,
    ),
    row(
        ProtectedOperation::CancelEnrollment,
        "DELETE /v1/enrollments/{id}",
        SETUP,
        SETUP,
    ),
    row(
        ProtectedOperation::ChangeMethod,
        "PATCH /v1/methods/{id}",
        &[SignedIn],
        &[SignedIn],
    ),
    row(
        ProtectedOperation::DeleteMethod,
        "DELETE /v1/methods/{id}",
        &[SignedIn],
        &[SignedIn],
    ),
    row(
        ProtectedOperation::ChooseDefault,
        "PUT /v1/methods/default",
        &[SignedIn],
        &[SignedIn],
    ),
    row(
        ProtectedOperation::BeginChallenge,
        "POST /v1/challenges",
        STEPS,
        &[],
    ),
    row(
        ProtectedOperation::ReadChallenge,
        "GET /v1/challenges/{id}",
        STEPS,
        &[],
    ),
    row(
        ProtectedOperation::VerifyChallenge,
        "POST /v1/challenges/{id}/verification",
        STEPS,
        &[],
    ),
    row(
        ProtectedOperation::ReadAudit,
        "GET /v1/auditEvents",
        &[SignedIn],
        &[],
    ),
];

impl ProtectedOperation {
    /// Finds the endpoint's row.
    pub(crate) fn admission(self) -> &'static Admission {
        let row = &TABLE[self as usize];
        debug_assert_eq!(row.endpoint, self, "the table is in the order of the enum");
        row
    }
}

impl Admission {
    /// Returns the refusal that a state gets, or none if it may pass.
    pub(crate) fn refusal(&self, state: SessionState) -> Option<Refusal> {
        if self.states.contains(&state) {
            return None;
        }
        Some(match state {
            SecondStepRequired => Refusal::SecondStepRequired,
            Interrupted => Refusal::Interrupted,
            ContactAdministrator => Refusal::ContactAdministrator,
            ReviewDue => Refusal::ReviewDue,
            SignedIn => self.when_signed_in,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_found_by_its_endpoint() {
        for admission in &TABLE {
            let found = admission.endpoint.admission();
            assert_eq!(found.operation, admission.operation);
        }
    }

    #[test]
    fn a_second_step_is_asked_for_only_where_the_state_is_let_through() {
        for admission in &TABLE {
            for state in admission.step_up {
                assert!(admission.states.contains(state), "{}", admission.operation);
            }
        }
    }
}
