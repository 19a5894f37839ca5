//! Defects of codes: how long one lives, how often it may be tried, what is taken for it, what failures add up to, and where to
//! none goes.

use proofup_domain::fault::FaultName;

use super::Deviation;

/// Every defect of codes with its deviation.
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
    (FaultName::AppCodeAsANumber, |rules| {
        rules.compares_app_codes_as_numbers = true
    }),
    (FaultName::ResetFailuresNeverAddUp, |rules| {
        rules.reset_failures_add_up = false
    }),
    (FaultName::FailuresNeverForgotten, |rules| {
        rules.success_forgets_failures = false
    }),
    (FaultName::BlockForgetsNothing, |rules| {
        rules.block_forgets_failures = false
    }),
    (FaultName::PolicyChangeUnblocks, |rules| {
        rules.policy_change_unblocks = true
    }),
    (FaultName::ChallengesUnthrottled, |rules| {
        rules.throttles_challenges = false
    }),
    (FaultName::OlderChallengeLives, |rules| {
        rules.newer_challenge_kills_older = false
    }),
    (FaultName::FinalSetupSends, |rules| {
        rules.final_setup_sends = true
    }),
    (FaultName::EarlierStepsLive, |rules| {
        rules.earlier_steps_are_spent = false
    }),
    (FaultName::ZerosAlwaysRight, |rules| {
        rules.always_right_when_sent = Some("000000")
    }),
    (FaultName::AscendingAlwaysRight, |rules| {
        rules.always_right_of_apps = Some("123456")
    }),
    (FaultName::CountryWithoutTexts, |rules| {
        rules.country_code_without_texts = Some("1")
    }),
];
