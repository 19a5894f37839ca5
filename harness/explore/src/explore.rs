//! Explores a target: random stories of people who mostly know what they want, judged by the oracle.
//!
//! `story` is what a case is made of, `story_setup` draws its policy and people, `person` plans what they do against the
//! oracle, `draw` makes proptest's state machine of it. `play` lets a story happen
//! (`crate::possible` is what the oracle holds possible meanwhile), `shrink` makes a failing one
//! small, `requirement_at_fault` names the requirement, `write` turns it into a scenario file that fails in the same way.

mod acts;
mod dice;
mod draw;
mod drive;
mod intent;
mod lead;
mod person;
mod play;
mod quota;
mod requirement_at_fault;
mod shrink;
mod story;
mod story_setup;
mod write;

use proofup_domain::answer::Answer;
use proofup_domain::command::{Command, Name};
use proofup_domain::expect::Expectation;
use proofup_domain::refusal::Refusal;

pub use draw::draw;
pub use drive::{ExploreConfig, ExploreFinding, ExploreOutput, FailingCase, Tally, explore, hunt};
pub use story::Story;
pub use write::Counterexample;

/// Returns who acts.
fn actor(command: &Command) -> Option<&Name> {
    use Command as C;
    match command {
        C::SignIn { user, .. }
        | C::SignOut { user, .. }
        | C::ReadSession { user, .. }
        | C::OpenAccount { user, .. }
        | C::Defer { user, .. }
        | C::ReadWizard { user, .. }
        | C::CompleteWizard { user, .. }
        | C::CompleteReview { user, .. }
        | C::ListMethods { user, .. }
        | C::ListAvailable { user, .. }
        | C::ChangeMethod { user, .. }
        | C::DeleteMethod { user, .. }
        | C::SetDefault { user, .. }
        | C::BeginEnrollment { user, .. }
        | C::ReadEnrollment { user, .. }
        | C::NextPage { user, .. }
        | C::SendCode { user, .. }
        | C::SubmitCode { user, .. }
        | C::SubmitAnswers { user, .. }
        | C::CancelEnrollment { user, .. }
        | C::BeginSecondStep { user, .. }
        | C::ReadSecondStep { user, .. }
        | C::SubmitSecondStepCode { user, .. }
        | C::BeginReset { user, .. }
        | C::ReadReset { user, .. }
        | C::BeginResetProof { user, .. }
        | C::ReadResetProof { user, .. }
        | C::SubmitResetCode { user, .. }
        | C::SubmitResetAnswers { user, .. }
        | C::SetNewPassword { user, .. }
        | C::AddAccount { user, .. }
        | C::ActivateDevice { user, .. }
        | C::ApproveNotification { user, .. }
        | C::DenyNotification { user, .. }
        | C::PressKey { user, .. }
        | C::HangUp { user, .. }
        | C::LetRing { user, .. }
        | C::ReadInbox { user, .. }
        | C::ReadAuditEvents { user, .. } => Some(user),
        C::ReadAudit { user } => user.as_ref(),
        C::BlockUser { user } | C::UnblockUser { user } => Some(user),
        C::AdvanceClock { .. }
        | C::SetPolicy { .. }
        | C::SetGateway { .. }
        | C::ReleaseMessages { .. }
        | C::ReadCapabilities {}
        | C::FindLeaks {} => None,
    }
}

/// Returns in a few words what an answer is.
fn answer_summary(answer: &Answer) -> String {
    match (answer.refusal(), answer.unrecognised()) {
        (Some(reason), _) => refusal(reason),
        (None, Some(what)) => format!("unrecognised: {what}"),
        (None, None) => SUCCESS.to_owned(),
    }
}

/// Returns in a few words what is expected.
fn expected_summary(expectation: &Expectation) -> String {
    match expectation.refusal() {
        Some(reason) => refusal(reason),
        None => SUCCESS.to_owned(),
    }
}

fn refusal(reason: Refusal) -> String {
    format!("refused {reason}")
}

const SUCCESS: &str = "success";
