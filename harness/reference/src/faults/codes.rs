//! The faults about codes that are sent.

use proofup_domain::fault::FaultName;

use super::Deviation;

/// Each with its deviation.
pub(super) const DEVIATIONS: &[(FaultName, Deviation)] = &[
    (FaultName::CodeASecondLonger, |rules| {
        rules.code_end_included = true
    }),
    (FaultName::CodeNeverExpires, |rules| {
        rules.limits.code_seconds = 86_400
    }),
    (FaultName::CodeAcceptedTwice, |rules| {
        rules.code_works_once = false
    }),
    (FaultName::OlderCodeLives, |rules| {
        rules.newer_code_kills_older = false
    }),
    (FaultName::WrongGuessesBurnNothing, |rules| {
        rules.tries_are_limited = false
    }),
    (FaultName::OneTryTooMany, |rules| {
        rules.limits.code_tries = 6
    }),
    (FaultName::FailuresNeverAddUp, |rules| {
        rules.failures_add_up = false
    }),
    (FaultName::CodeInTheAnswer, |rules| rules.shows_codes = true),
    (FaultName::SendingUnlimited, |rules| {
        rules.throttles_sending = false
    }),
    (FaultName::CodeTrimmed, |rules| rules.trims_codes = true),
    (FaultName::AnyCodeAccepted, |rules| {
        rules.takes_any_code = true
    }),
    (FaultName::CodeSentAgain, |rules| {
        rules.each_code_is_new = false
    }),
    (FaultName::ChallengeCodeSentAgain, |rules| {
        rules.each_challenge_code_is_new = false
    }),
];
