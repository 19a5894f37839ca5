//! The requirement that an answer breaks, as far as command, expectation and answer tell.
//!
//! A decision of the oracle names the requirement that it serves where its refusal or its list alone does not tell. What
//! it leaves open is told by command and refusal: where several would do, the one whose scripts look at this place.

use proofup_domain::answer::Answer;
use proofup_domain::command::{AddressRef, CodeRole, Command};
use proofup_domain::expect::{Expectation, Pattern};
use proofup_domain::method::Method;
use proofup_domain::refusal::Refusal;
use proofup_oracle::machine::Expected;
use serde_json::Value as Json;

/// What came back.
#[derive(Debug, Clone)]
pub(crate) enum Got {
    /// An answer.
    Answer(Answer),
    /// None, twice in a row while the target answered others.
    Nothing(String),
}

/// Returns the name of the requirement; none: nothing comes near.
#[must_use]
pub(crate) fn requirement_at_fault(
    command: &Command,
    expected: &Expected,
    got: &Got,
) -> Option<&'static str> {
    let preferred = expected.alternatives().first()?;
    let answer = match got {
        Got::Answer(answer) => answer,
        Got::Nothing(_) => return Some("API-1"),
    };
    if answer.is_unrecognised() {
        return Some("API-1");
    }
    let wanted = preferred.refusal();
    let told = answer.refusal();
    if wanted.is_some()
        && told != wanted
        && let Some(id) = expected.serves()
    {
        return Some(id);
    }
    if let Some(id) = listed_too_many(expected, preferred, answer) {
        return Some(id);
    }
    let general = wanted.filter(|_| told != wanted).and_then(|wanted| {
        expected_refusal(command, wanted).or_else(|| told.and_then(unexpected_refusal))
    });
    if general.is_some() {
        return general;
    }
    if wanted.is_none()
        && let Some(id) = told.and_then(unexpected_refusal)
    {
        return Some(id);
    }
    let differs = |key: &str| {
        let wanted = preferred.field(key);
        wanted.is_some_and(|wanted| !wanted.admits(answer.field(key)))
    };
    Some(by_command(command, preferred, answer, &differs))
}

/// Returns what keeps a method out of a list that tells it nonetheless.
fn listed_too_many(
    expected: &Expected,
    preferred: &Expectation,
    answer: &Answer,
) -> Option<&'static str> {
    let lists = ["methods", "alternatives"].into_iter().filter(|name| {
        let wanted = preferred.field(name);
        wanted.is_some_and(|wanted| !wanted.admits(answer.field(name)))
    });
    let told = lists.filter_map(|name| answer.field(name)?.as_array());
    let mut words = told.flatten().filter_map(Json::as_str);
    words.find_map(|word| expected.keeps_out(word))
}

/// Returns what an expected refusal serves, where something else came.
fn expected_refusal(command: &Command, wanted: Refusal) -> Option<&'static str> {
    use Refusal as R;
    Some(match wanted {
        R::InvalidCredentials => "SIGN-7",
        R::Unauthenticated if is_callback(command) => "GATE-3",
        R::Unauthenticated => "SIGN-1",
        R::Interrupted => "SIGN-4",
        R::SecondStepRequired => match command {
            Command::BeginEnrollment { .. } => "SIGN-10",
            Command::OpenAccount { .. } => "TWO-3",
            _ => "MAN-5",
        },
        R::ReviewDue => "REV-1",
        R::ContactAdministrator => match command {
            Command::BeginReset { .. } => "RESET-4",
            _ => "AVAIL-13",
        },
        R::Blocked => "CODE-11",
        R::Forbidden => "AUDIT-1",
        R::MethodNotAvailable => match command {
            Command::BeginEnrollment { .. } | Command::ChangeMethod { .. } => "AVAIL-3",
            Command::BeginSecondStep { .. } => "TWO-2",
            Command::BeginResetProof { .. } => "RESET-2",
            _ => "AVAIL-8",
        },
        R::DeferralNotOffered => "DEF-2",
        R::NotInterrupted => "WIZ-2",
        R::NoReviewDue => "REV-2",
        R::RequiredInfoMissing => "WIZ-10",
        R::OutOfOrder => "APP-16",
        R::AlreadyVerified => "CODE-3",
        R::AlreadyAnswered => "APP-13",
        R::NotEligible => "MAN-6",
        R::GateAlreadyPassed | R::GatesMissing => "RESET-3",
        R::WrongCode => return code(command).map(wrong_code),
        R::WrongAnswers => "QUES-5",
        R::InvalidAddress => "MAIL-7",
        R::WorkAddressNotAllowed => "MAIL-3",
        R::InvalidNumber => "CALL-7",
        R::NumberCannotReceiveTexts => "TEXT-5",
        R::InvalidAnswers => "QUES-3",
        R::InvalidPassword => "RESET-1",
        R::InvalidPolicy => "AVAIL-11",
        R::Expired => match command {
            Command::ActivateDevice { .. } => "APP-10",
            Command::ApproveNotification { .. } | Command::DenyNotification { .. } => "APP-13",
            _ => "CODE-2",
        },
        R::Exhausted => "CODE-6",
        R::Cancelled => match command {
            Command::SubmitCode { .. } => "MAIL-10",
            _ => "WIZ-9",
        },
        R::Denied => "APP-5",
        R::NotFound => "API-2",
        R::Throttled => "CODE-8",
        R::GatewayFailed => "GATE-1",
        _ => return None,
    })
}

/// Returns what a refusal breaks that should not have come.
const fn unexpected_refusal(told: Refusal) -> Option<&'static str> {
    Some(match told {
        Refusal::Throttled => "CODE-8",
        Refusal::WorkAddressNotAllowed => "MAIL-3",
        Refusal::InvalidAddress => "MAIL-7",
        Refusal::InvalidNumber => "CALL-1",
        Refusal::NumberCannotReceiveTexts => "TEXT-1",
        Refusal::InvalidAnswers => "QUES-3",
        Refusal::WrongAnswers => "QUES-5",
        Refusal::InvalidPolicy => "AVAIL-11",
        Refusal::DeferralNotOffered => "DEF-3",
        Refusal::GatewayFailed => "GATE-1",
        Refusal::RequiredInfoMissing => "WIZ-5",
        Refusal::Blocked => "CODE-11",
        Refusal::Exhausted => "CODE-6",
        Refusal::NotEligible => "MAN-6",
        Refusal::Expired => "CODE-2",
        Refusal::SecondStepRequired => "MAN-5",
        _ => return None,
    })
}

const fn is_callback(command: &Command) -> bool {
    matches!(
        command,
        Command::ApproveNotification { .. }
            | Command::DenyNotification { .. }
            | Command::PressKey { .. }
            | Command::HangUp { .. }
            | Command::LetRing { .. }
    )
}

const fn code(command: &Command) -> Option<&CodeRole> {
    match command {
        Command::SubmitCode { code, .. }
        | Command::SubmitSecondStepCode { code, .. }
        | Command::SubmitResetCode { code, .. } => Some(code),
        _ => None,
    }
}

/// Returns what a code serves that must not be taken.
const fn wrong_code(role: &CodeRole) -> &'static str {
    match role {
        CodeRole::Wrong | CodeRole::Missing => "MAIL-9",
        CodeRole::Used => "CODE-3",
        CodeRole::Previous => "CODE-5",
        CodeRole::Of(_) => "CODE-4",
        CodeRole::Shape(_) => "CODE-10",
        CodeRole::WellKnown(_) => "CODE-12",
        CodeRole::Drift(_) => "APP-15",
        CodeRole::Current => "APP-11",
        CodeRole::LastSent | CodeRole::Expired => "CODE-2",
    }
}

/// Returns what a field serves that differs, or the command as a whole.
fn by_command(
    command: &Command,
    wanted: &Expectation,
    answer: &Answer,
    differs: &impl Fn(&str) -> bool,
) -> &'static str {
    let has_more = || {
        let told = answer.field("methods").and_then(Json::as_array);
        let expected = match wanted.field("methods") {
            Some(Pattern::List(list)) => list.len(),
            _ => 0,
        };
        told.map_or(0, Vec::len) > expected
    };
    match command {
        Command::SignIn { .. }
        | Command::ReadSession { .. }
        | Command::CompleteReview { .. }
        | Command::SubmitSecondStepCode { .. }
        | Command::Defer { .. } => session(command, wanted, answer, differs),
        Command::SignOut { .. } => "SIGN-8",
        Command::OpenAccount { .. } => "SIGN-4",
        Command::ReadWizard { .. } if differs("alternatives") => "WIZ-4",
        Command::ReadWizard { .. } if differs("registered") => "WIZ-5",
        Command::ReadWizard { .. } if differs("default") => "WIZ-6",
        Command::ReadWizard { .. } => "WIZ-7",
        Command::CompleteWizard { .. } => "WIZ-5",
        Command::ListMethods { .. } if differs("methods") && has_more() => "MAN-2",
        Command::ListMethods { .. } if differs("methods") => "MAN-1",
        Command::ListMethods { .. } if differs("default") => "MAN-3",
        Command::ListMethods { .. } => "AVAIL-6",
        Command::ListAvailable { .. } if has_more() => "AVAIL-1",
        Command::ListAvailable { .. } => "AVAIL-2",
        Command::ChangeMethod { .. } => "MAN-4",
        Command::DeleteMethod { .. } => "MAN-2",
        Command::SetDefault { .. } => "MAN-1",
        Command::BeginEnrollment {
            address: Some(AddressRef::Work | AddressRef::WorkInCapitals),
            ..
        } => "MAIL-3",
        Command::BeginEnrollment { method, .. } => setup(*method),
        Command::ReadEnrollment { .. }
        | Command::NextPage { .. }
        | Command::SendCode { .. }
        | Command::CancelEnrollment { .. } => "APP-1",
        Command::SubmitCode { code, .. } if answer.refusal().is_some() => match code {
            CodeRole::Drift(_) | CodeRole::Current => "APP-15",
            _ => "TEXT-3",
        },
        Command::SubmitCode { .. } => "TEXT-3",
        Command::SubmitAnswers { .. } => "QUES-2",
        Command::BeginSecondStep { .. } | Command::ReadSecondStep { .. } => "TWO-1",
        Command::BeginReset { .. }
        | Command::ReadReset { .. }
        | Command::BeginResetProof { .. }
        | Command::ReadResetProof { .. }
        | Command::SubmitResetCode { .. }
        | Command::SetNewPassword { .. } => "RESET-1",
        Command::SubmitResetAnswers { .. } => "QUES-5",
        Command::AddAccount { .. } => "APP-12",
        Command::ActivateDevice { .. } => "APP-2",
        Command::ApproveNotification { .. } | Command::DenyNotification { .. } => "APP-13",
        Command::PressKey { .. } | Command::HangUp { .. } | Command::LetRing { .. } => "CALL-3",
        Command::ReadInbox { .. } => "GATE-2",
        Command::ReadAudit { .. } | Command::ReadAuditEvents { .. } => "AUDIT-1",
        Command::FindLeaks {} => "CODE-7",
        Command::SetPolicy { .. } => "AVAIL-11",
        Command::BlockUser { .. } => "SIGN-11",
        Command::UnblockUser { .. } => "SIGN-12",
        Command::AdvanceClock { .. }
        | Command::SetGateway { .. }
        | Command::ReleaseMessages { .. }
        | Command::ReadCapabilities {} => "API-1",
    }
}

/// Returns what a session's state or page serves.
fn session(
    command: &Command,
    wanted: &Expectation,
    answer: &Answer,
    differs: &impl Fn(&str) -> bool,
) -> &'static str {
    let meant = wanted.field("state").and_then(Pattern::as_text);
    let meant = meant.unwrap_or_default();
    let came = answer.text("state").unwrap_or_default();
    if !differs("state") {
        let meant = match wanted.field("deferral") {
            Some(Pattern::Fields(deferral)) => deferral.get("offered"),
            _ => None,
        };
        let came = answer
            .field("deferral")
            .and_then(|told| told.get("offered"));
        let meant = meant.map(|meant| *meant == Pattern::Bool(true));
        return match (meant, came.and_then(Json::as_bool)) {
            _ if !differs("deferral") && differs("alternatives") => "TWO-2",
            _ if !differs("deferral") => "TWO-1",
            (Some(true), Some(true)) => "DEF-6",
            (Some(true), _) => "DEF-1",
            _ => "DEF-2",
        };
    }
    match (command, meant, came) {
        (Command::Defer { .. }, ..) => "DEF-3",
        (_, "reviewDue", _) | (_, _, "reviewDue") => "REV-1",
        (_, "contactAdministrator", _) | (_, _, "contactAdministrator") => "AVAIL-13",
        (_, "secondStepRequired", _) | (_, _, "secondStepRequired") => "TWO-1",
        (_, "interrupted", _) => "SIGN-2",
        _ => "SIGN-3",
    }
}

const fn setup(method: Method) -> &'static str {
    match method {
        Method::MicrosoftAuthenticator => "APP-1",
        Method::SoftwareOath => "APP-6",
        Method::MobilePhone => "TEXT-1",
        Method::OfficePhone => "CALL-5",
        Method::Email => "MAIL-4",
        Method::SecurityQuestions => "QUES-1",
    }
}
