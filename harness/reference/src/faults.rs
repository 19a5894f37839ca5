//! Each planted fault as a deviation of one field of the rules.
//!
//! The rest of the code asks the rules and knows nothing of faults.

mod blocking;
mod codes;
mod measured;
mod names;
mod sound;

use proofup_domain::fault::FaultName;
use proofup_domain::method::{ChallengeKind, Method};

use crate::rules::{PasswordComparison, RuleBook, Rules, Surface};

/// Returns the rules of a service that has the fault, and no other.
#[must_use]
pub fn rule_book(fault: FaultName) -> RuleBook {
    let alter = rows().find(|(name, _)| *name == fault);
    alter.map_or_else(RuleBook::default, |(_, alter)| {
        RuleBook::default().altered(alter)
    })
}

/// Lists every fault with its deviation.
fn rows() -> impl Iterator<Item = &'static (FaultName, Deviation)> {
    let tables = [
        DEVIATIONS,
        blocking::DEVIATIONS,
        codes::DEVIATIONS,
        measured::DEVIATIONS,
        names::DEVIATIONS,
        sound::VARIANTS,
    ];
    tables.into_iter().flatten()
}

/// Changes one field.
type Deviation = fn(&mut Rules);

/// The faults that break something and are in no table of their own, with their deviations.
const DEVIATIONS: &[(FaultName, Deviation)] = &[
    (FaultName::RefusalsRepeatTheRequest, |rules| {
        rules.surface = Surface::RepeatsRequest
    }),
    (FaultName::ListsAppSecrets, |rules| {
        rules.lists_app_secrets = true
    }),
    (FaultName::SecretAfterSetup, |rules| {
        rules.shows_secret_after_setup = true
    }),
    (FaultName::ListsWholeDestinations, |rules| {
        rules.masks_listed_destinations = false
    }),
    (FaultName::MailArchived, |rules| {
        rules.mail_archive = Some("archive@contoso.example")
    }),
    (FaultName::BlockedToldApart, |rules| {
        rules.tells_blocked_at_sign_in = true
    }),
    (FaultName::UnknownUserToldApart, |rules| {
        rules.tells_unknown_at_sign_in = true
    }),
    (FaultName::NeverInterrupted, |rules| {
        rules.interrupts = false
    }),
    (FaultName::AlwaysInterrupted, |rules| {
        rules.interrupts_everybody = true
    }),
    (FaultName::AccountOpenWhileInterrupted, |rules| {
        rules.interrupted_reaches_account = true
    }),
    (FaultName::TokenOutlivesSignOut, |rules| {
        rules.token_dies_at_sign_out = false
    }),
    (FaultName::SessionLivesASecondLonger, |rules| {
        rules.session_end_included = true
    }),
    (FaultName::IdsSharedBetweenUsers, |rules| {
        rules.shares_ids_between_users = true
    }),
    (FaultName::SetupWithoutSecondStep, |rules| {
        rules.step_up_while_interrupted = false
    }),
    (FaultName::SecondStepSkipped, |rules| {
        rules.second_step_at_sign_in = false
    }),
    (FaultName::DeadEndLetIn, |rules| {
        rules.dead_end_is_told = false
    }),
    (FaultName::DeferralNeverJudged, |rules| {
        rules.judges_deferral = false
    }),
    (FaultName::DeferralLeadsNowhere, |rules| {
        rules.deferral_completes_sign_in = false
    }),
    (FaultName::WindowTooShort, |rules| {
        rules.window_day_seconds = 79_200
    }),
    (FaultName::WindowEndsASecondLate, |rules| {
        rules.window_end_included = true
    }),
    (FaultName::DaysLeftRoundedDown, |rules| {
        rules.days_left_round_up = false
    }),
    (FaultName::WindowRestartedBySigningOut, |rules| {
        rules.window_restarts_at_sign_out = true
    }),
    (FaultName::WindowRestartedByDeferring, |rules| {
        rules.window_restarts_at_deferral = true
    }),
    (FaultName::WindowRestartedBySigningIn, |rules| {
        rules.window_restarts_at_sign_in = true
    }),
    (FaultName::WindowRestartedByReset, |rules| {
        rules.window_restarts_at_reset = true
    }),
    (FaultName::WindowRestartedByDeletion, |rules| {
        rules.window_restarts_at_deletion = true
    }),
    (FaultName::DemandedSecondStepDeferred, |rules| {
        rules.defers_demanded_second_step = true
    }),
    (FaultName::DaysOfOpeningKept, |rules| {
        rules.window_keeps_days_of_opening = true
    }),
    (FaultName::DeferralRemembered, |rules| {
        rules.deferral_is_remembered = true
    }),
    (FaultName::DisallowedOffered, |rules| {
        rules.offers_disallowed = true
    }),
    (FaultName::HiddenButAccepted, |rules| {
        rules.checks_availability_at_begin = false
    }),
    (FaultName::PolicyIgnoredAtSend, |rules| {
        rules.checks_availability_at_send = false
    }),
    (FaultName::PolicyIgnoredAtProof, |rules| {
        rules.checks_availability_at_proof = false
    }),
    (FaultName::DisallowedStillProves, |rules| {
        rules.disallowed_proves_nothing = false
    }),
    (FaultName::EmailAsSecondStep, |rules| {
        rules.email_proves_second_step = true
    }),
    (FaultName::QuestionsAsSecondStep, |rules| {
        rules.questions_prove_second_step = true
    }),
    (FaultName::QuestionsForAdministrators, |rules| {
        rules.questions_for_administrators = true
    }),
    (FaultName::OneGateForAdministrators, |rules| {
        rules.administrator_gates = 1
    }),
    (FaultName::SixthApp, |rules| rules.apps_max = 6),
    (FaultName::SameMethodTwice, |rules| {
        rules.one_of_each_method = false
    }),
    (FaultName::UselessMethodInTheWay, |rules| {
        rules.useless_can_be_replaced = false
    }),
    (FaultName::ImpossibleObligationBinds, |rules| {
        rules.impossible_does_not_bind = false
    }),
    (FaultName::ImpossiblePolicyAccepted, |rules| {
        rules.refuses_impossible_policy = false
    }),
    (FaultName::WeakestFirst, |rules| {
        rules.asks_for_strongest = false
    }),
    (FaultName::AsksForEverything, |rules| {
        rules.asks_for_smallest_set = false
    }),
    (FaultName::NoOtherApp, |rules| {
        rules.offers_different_app = false
    }),
    (FaultName::AlwaysADifferentMethod, |rules| {
        rules.different_method_follows_policy = false
    }),
    (FaultName::UnofferedMethodAccepted, |rules| {
        rules.refuses_what_page_does_not_offer = false
    }),
    (FaultName::AskedAgain, |rules| {
        rules.counts_registered = false
    }),
    (FaultName::SetupsSurviveLeaving, |rules| {
        rules.leaving_drops_setups = false
    }),
    (FaultName::DoneTooEarly, |rules| {
        rules.done_checks_obligations = false
    }),
    (FaultName::NoListInOldEditions, |rules| {
        rules.wizard_lists = false
    }),
    (FaultName::AppNotTheDefault, |rules| {
        rules.app_becomes_default = false
    }),
    (FaultName::BackupTakesOver, |rules| {
        rules.later_phone_becomes_default = true
    }),
    (FaultName::DefaultLost, |rules| {
        rules.default_falls_back = false
    }),
    (FaultName::DisallowedChoiceForgotten, |rules| {
        rules.forgets_disallowed_choice = true
    }),
    (FaultName::AnyDefault, |rules| {
        rules.checks_chosen_default = false
    }),
    (FaultName::ActivationRegisters, |rules| {
        rules.activation_registers = true
    }),
    (FaultName::ActivationCodeReused, |rules| {
        rules.activation_works_once = false
    }),
    (FaultName::ActivationCodeASecondLonger, |rules| {
        rules.activation_end_included = true
    }),
    (FaultName::DenialApproves, |rules| {
        rules.denial_proves = true
    }),
    (FaultName::NoIssuer, |rules| rules.names_issuer = false),
    (FaultName::TotpReplayed, |rules| {
        rules.totp_step_works_once = false
    }),
    (FaultName::SetupSpendsNoStep, |rules| {
        rules.setup_spends_step = false
    }),
    (FaultName::TooMuchDrift, |rules| rules.totp_drift_steps = 2),
    (FaultName::NoDrift, |rules| rules.totp_drift_steps = 0),
    (FaultName::CodeDespitePolicy, |rules| {
        rules.app_codes_follow_policy = false
    }),
    (FaultName::LandlineTexted, |rules| {
        rules.refuses_landline_for_text = false
    }),
    (FaultName::AnyKeyConfirms, |rules| {
        rules.only_pound_confirms = false
    }),
    (FaultName::HangingUpConfirms, |rules| {
        rules.hang_up_confirms = true
    }),
    (FaultName::WorkAddressAccepted, |rules| {
        rules.accepts_work_address = true
    }),
    (FaultName::WorkAddressRefused, |rules| {
        rules.accepts_work_address = false
    }),
    (FaultName::NoCodeNeeded, |rules| {
        rules.missing_code_is_wrong = false
    }),
    (FaultName::AnswersTooShort, |rules| {
        rules.answer_characters_min = 2
    }),
    (FaultName::AnswersTooLong, |rules| {
        rules.answer_characters_max = 41
    }),
    (FaultName::QuestionTwice, |rules| {
        rules.allows_question_twice = true
    }),
    (FaultName::AnswerTwice, |rules| {
        rules.allows_answer_twice = true
    }),
    (FaultName::OwnQuestions, |rules| {
        rules.allows_own_questions = true
    }),
    (FaultName::AnyNumberOfQuestions, |rules| {
        rules.checks_number_of_questions = false
    }),
    (FaultName::AnswersComparedExactly, |rules| {
        rules.normalises_answers = false
    }),
    (FaultName::ChangeForgetsTheOld, |rules| {
        rules.change_waits_for_proof = false
    }),
    (FaultName::DeletedMethodStillProves, |rules| {
        rules.deletion_kills_challenges = false
    }),
    (FaultName::DeletionDoesNothing, |rules| {
        rules.deletion_deletes = false
    }),
    (FaultName::ManageWithoutSecondStep, |rules| {
        rules.step_up_in_manage = false
    }),
    (FaultName::FirstMethodAskedForAtOnce, |rules| {
        rules.first_method_counts_as_second_step = false
    }),
    (FaultName::GateCountedTwice, |rules| {
        rules.gate_counts_once = false
    }),
    (FaultName::TwoAppsTwoGates, |rules| {
        rules.apps_are_one_gate = false
    }),
    (FaultName::PasswordBeforeGates, |rules| {
        rules.password_waits_for_gates = false
    }),
    (FaultName::NotificationAloneResets, |rules| {
        rules.notification_alone_resets = true
    }),
    (FaultName::ResetTellsWhoExists, |rules| {
        rules.refuses_resets_alike = false
    }),
    (FaultName::SessionsSurviveReset, |rules| {
        rules.reset_ends_sessions = false
    }),
    (FaultName::OlderResetLives, |rules| {
        rules.newer_reset_kills_older = false
    }),
    (FaultName::ShortPassword, |rules| {
        rules.password_characters_min = 7
    }),
    (FaultName::ResetListsByRank, |rules| {
        rules.reset_lists_default_first = false
    }),
    (FaultName::NoReview, |rules| {
        rules.reviews_become_due = false
    }),
    (FaultName::ReviewASecondLate, |rules| {
        rules.review_due_at_its_instant = false
    }),
    (FaultName::ReviewEveryTime, |rules| {
        rules.review_postpones_next = false
    }),
    (FaultName::ReviewWithoutSecondStep, |rules| {
        rules.step_up_in_review = false
    }),
    (FaultName::FailedSendThrottles, |rules| {
        rules.failed_send_counts = true
    }),
    (FaultName::FailedSendKept, |rules| {
        rules.failed_send_is_taken_back = false
    }),
    (FaultName::CallWithoutSecret, |rules| {
        rules.checks_call_secret = false
    }),
    (FaultName::DeviceWithoutSecret, |rules| {
        rules.checks_device_secret = false
    }),
    (FaultName::NothingRecorded, |rules| {
        rules.records_events = false
    }),
    (FaultName::AuditForEverybody, |rules| {
        rules.audit_for_administrators_only = false
    }),
    (FaultName::WaitingNeverOffered, |rules| {
        rules.offers_deferral = false
    }),
    (FaultName::SkipWindowIgnored, |rules| {
        rules.window_ends = false
    }),
    (FaultName::AllowedMethodHidden, |rules| {
        rules.hidden_method = Some(Method::Email)
    }),
    (FaultName::NoOtherAuthenticator, |rules| {
        rules.hidden_method = Some(Method::SoftwareOath)
    }),
    (FaultName::NoOfficePhone, |rules| {
        rules.hidden_method = Some(Method::OfficePhone)
    }),
    (FaultName::AppAlwaysOffered, |rules| {
        rules.always_offered = Some(Method::MicrosoftAuthenticator)
    }),
    (FaultName::PhoneAlwaysOffered, |rules| {
        rules.always_offered = Some(Method::MobilePhone)
    }),
    (FaultName::EmailAlwaysOffered, |rules| {
        rules.always_offered = Some(Method::Email)
    }),
    (FaultName::CallsResetNothing, |rules| {
        rules.calls_reset = false
    }),
    (FaultName::SetUpForEachPurpose, |rules| {
        rules.second_steps_reset = false
    }),
    (FaultName::FirstPageEmpty, |rules| {
        rules.names_proposed = false
    }),
    (FaultName::LastPageEmpty, |rules| {
        rules.last_page_lists = false
    }),
    (FaultName::SuccessNotShown, |rules| {
        rules.shows_success = false
    }),
    (FaultName::ApprovalRegistersNothing, |rules| {
        rules.never_registered = Some(ChallengeKind::AppNotification)
    }),
    (FaultName::TextRegistersNothing, |rules| {
        rules.never_registered = Some(ChallengeKind::TextMessage)
    }),
    (FaultName::CallRegistersNothing, |rules| {
        rules.never_registered = Some(ChallengeKind::VoiceCall)
    }),
    (FaultName::MailRegistersNothing, |rules| {
        rules.never_registered = Some(ChallengeKind::EmailCode)
    }),
    (FaultName::AnswersRegisterNothing, |rules| {
        rules.never_registered = Some(ChallengeKind::Answers)
    }),
    (FaultName::NoSecondStart, |rules| {
        rules.one_setup_at_a_time = true
    }),
    (FaultName::DownloadPageSkipped, |rules| {
        rules.begins_with_download = false
    }),
    (FaultName::TestBeforeDevice, |rules| {
        rules.keeps_page_order = false
    }),
    (FaultName::ManualCodeDead, |rules| {
        rules.manual_is_payload = false
    }),
    (FaultName::PayloadWithoutAddress, |rules| {
        rules.payload_is_whole = false
    }),
    (FaultName::DenialTakenBack, |rules| {
        rules.notification_answered_once = false
    }),
    (FaultName::LateAnswerCounts, |rules| {
        rules.late_answers_count = true
    }),
    (FaultName::NoChoiceOfKind, |rules| {
        rules.offers_every_kind = false
    }),
    (FaultName::PhoneInTwoSpellings, |rules| {
        rules.normalises_numbers = false
    }),
    (FaultName::OneCountryOnly, |rules| {
        rules.only_country_code = Some("1")
    }),
    (FaultName::ExtensionRefused, |rules| {
        rules.drops_extensions = false
    }),
    (FaultName::SilentCall, |rules| rules.call_instructs = false),
    (FaultName::NamelessMail, |rules| {
        rules.mail_names_organisation = false
    }),
    (FaultName::AddressTagDropped, |rules| {
        rules.drops_address_tags = true
    }),
    (FaultName::AnswersListed, |rules| rules.shows_answers = true),
    (FaultName::DefaultPointsAtDeleted, |rules| {
        rules.deletion_clears_choice = false
    }),
    (FaultName::ResetTellsByStatus, |rules| {
        rules.reset_status_tells = true
    }),
    (FaultName::ClockSeamLeaks, |rules| {
        rules.codes_mind_tenant_clock = false
    }),
    (FaultName::CodeOfAnother, |rules| {
        rules.codes_are_bound = false
    }),
    (FaultName::CodeInAHeader, |rules| {
        rules.codes_in_headers = true
    }),
    (FaultName::DoubleAccept, |rules| {
        rules.proofs_are_atomic = false
    }),
    (FaultName::TriesRaced, |rules| {
        rules.tries_are_atomic = false
    }),
    (FaultName::TotpRaced, |rules| rules.steps_are_atomic = false),
    (FaultName::TestNeverSent, |rules| {
        rules.copies = Some((ChallengeKind::AppNotification, 0))
    }),
    (FaultName::TextNeverSent, |rules| {
        rules.copies = Some((ChallengeKind::TextMessage, 0))
    }),
    (FaultName::TextSentTwice, |rules| {
        rules.copies = Some((ChallengeKind::TextMessage, 2))
    }),
    (FaultName::CallNeverPlaced, |rules| {
        rules.copies = Some((ChallengeKind::VoiceCall, 0))
    }),
    (FaultName::CallPlacedTwice, |rules| {
        rules.copies = Some((ChallengeKind::VoiceCall, 2))
    }),
    (FaultName::MailNeverSent, |rules| {
        rules.copies = Some((ChallengeKind::EmailCode, 0))
    }),
    (FaultName::FailsOnMalformed, |rules| {
        rules.surface = Surface::FailsOnMalformed
    }),
    (FaultName::EventsRecordedTwice, |rules| {
        rules.records_twice = true
    }),
    (FaultName::OwingSessionSetsUp, |rules| {
        rules.owing_session_sets_up = true
    }),
    (FaultName::OwingSessionLooksAround, |rules| {
        rules.owing_session_reads = true
    }),
    (FaultName::OwingSessionPutsOff, |rules| {
        rules.owing_session_defers = true
    }),
    (FaultName::NotNowIsASecondStep, |rules| {
        rules.not_now_counts_as_second_step = true
    }),
    (FaultName::OlderSessionsAskedForNothing, |rules| {
        rules.older_sessions_owe_second_step = false
    }),
    (FaultName::InterruptedAdministratorReadsTrail, |rules| {
        rules.interrupted_reads_trail = true
    }),
    (FaultName::BlockedSessionGoesOn, |rules| {
        rules.block_stops_open_sessions = false
    }),
    (FaultName::AnswersByLettersAlone, |rules| {
        rules.answers_by_letters_alone = true
    }),
    (FaultName::AnswersToAnyQuestion, |rules| {
        rules.answers_belong_to_questions = false
    }),
    (FaultName::ChangeUnchecked, |rules| {
        rules.checks_new_values = false
    }),
    (FaultName::ResetTakesSecondSteps, |rules| {
        rules.reset_keeps_methods = false
    }),
    (FaultName::ResetIsASecondStep, |rules| {
        rules.reset_counts_as_second_step = true
    }),
    (FaultName::WaitingSessionSurvivesReset, |rules| {
        rules.reset_ends_waiting_sessions = false
    }),
    (FaultName::PasswordWithoutCase, |rules| {
        rules.passwords = PasswordComparison::WithoutCase
    }),
    (FaultName::PasswordCut, |rules| {
        rules.passwords = PasswordComparison::FirstBytes
    }),
    (FaultName::PasswordBeginningCounts, |rules| {
        rules.passwords = PasswordComparison::Beginning
    }),
    (FaultName::AnyCallsSecret, |rules| {
        rules.calls_secret_is_bound = false
    }),
    (FaultName::AnyDevicesSecret, |rules| {
        rules.devices_secret_is_bound = false
    }),
    (FaultName::LimitAtTheStartOnly, |rules| {
        rules.limits_bind_to_the_end = false
    }),
];

#[cfg(test)]
mod tests;
