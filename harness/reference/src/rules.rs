//! The table of decisions: everything that an edition, or a deliberate defect, could decide otherwise.
//!
//! [`Rules::for_edition`] is the one place where editions differ. The code asks the table for every such decision, so that a
//! defect can be planted as a deviation of one field, and nothing else in the code knows about defects.
//!
//! **Invariant:** with the rules of an edition the service does what `domain.md` says.

mod password;
mod surface;

use std::borrow::Cow;

use proofup_domain::capabilities::Limits;
use proofup_domain::edition::Edition;
use proofup_domain::method::{ChallengeKind, Method};
use proofup_domain::refusal::Refusal;

pub use password::PasswordComparison;
pub use surface::Surface;

/// Declares the table: each field with its documentation and the value that the design page gives it.
macro_rules! rules {
    ($($(#[$meta:meta])* $field:ident: $type:ty = $value:expr,)+) => {
        /// The rules of one edition, or of a fault in it: one decision per field.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Rules {
            /// The exact values that the baseline only bounds (`domain.md` §11).
            pub limits: Limits,
            $($(#[$meta])* pub $field: $type,)+
        }

        impl Rules {
            /// Returns the rules in which the editions agree.
            const fn common() -> Self {
                Self { limits: LIMITS, $($field: $value,)+ }
            }
        }
    };
}

rules! {
    // Editions (§2).
    /// A work or school address may be registered. Requirement: `MAIL-3`.
    accepts_work_address: bool = false,
    /// The wizard lists everything that helps; otherwise it proposes one method after the other. Requirement: `WIZ-12`.
    wizard_lists: bool = false,

    // Sign-in (§6).
    /// A blocked user is told apart from a wrong password. Requirement: `SIGN-7`.
    tells_blocked_at_sign_in: bool = false,
    /// An unknown user is told apart from a wrong password. Requirement: `SIGN-7`.
    tells_unknown_at_sign_in: bool = false,
    /// Milliseconds by which a sign-in of a known user is answered later. Requirement: `SIGN-7`.
    known_sign_in_later_ms: u64 = 0,
    /// Who lacks required info is interrupted. Requirement: `SIGN-2`.
    interrupts: bool = true,
    /// Who has all required info is interrupted nevertheless. Requirement: `SIGN-3`.
    interrupts_everybody: bool = false,
    /// An interrupted session reaches the account. Requirement: `SIGN-4`.
    interrupted_reaches_account: bool = false,
    /// An interrupted session reads the audit trail. Requirement: `SIGN-4`.
    interrupted_reads_trail: bool = false,
    /// Which part of a password counts. Requirement: `SIGN-7`.
    passwords: PasswordComparison = PasswordComparison::Whole,
    /// A session token is too long to be guessed. Requirement: `SIGN-8`.
    tokens_are_long: bool = true,
    /// A session token is drawn; otherwise it is the one before and one. Requirement: `SIGN-8`.
    tokens_are_drawn: bool = true,
    /// A token is dead after sign-out. Requirement: `SIGN-8`.
    token_dies_at_sign_out: bool = true,
    /// The second step comes before the interrupt where policy demands one. Requirement: `TWO-1`.
    second_step_at_sign_in: bool = true,
    /// A session that owes its second step sets methods up. Requirement: `TWO-4`.
    owing_session_sets_up: bool = false,
    /// A session that owes its second step reads the lists of methods. Requirement: `TWO-4`.
    owing_session_reads: bool = false,
    /// A session that owes its second step may take "not now". Requirement: `TWO-4`.
    owing_session_defers: bool = false,
    /// Setting up while interrupted asks for a second step that the user has. Requirement: `SIGN-10`.
    step_up_while_interrupted: bool = true,
    /// Manage asks for a second step that the user has. Requirement: `MAN-5`.
    step_up_in_manage: bool = true,
    /// Confirming a review asks for a second step that the user has. Requirement: `REV-2`.
    step_up_in_review: bool = true,
    /// A method verified in an interrupt that began with none counts as the session's second step. Requirement: `MAN-5`.
    first_method_counts_as_second_step: bool = true,
    /// "Not now" counts as the second step of its session. Requirement: `MAN-5`.
    not_now_counts_as_second_step: bool = false,
    /// A session that was there before the first method owes a second step, too. Requirement: `MAN-5`.
    older_sessions_owe_second_step: bool = true,
    /// Where a second step is demanded and nothing can be added, the session goes no further. Requirement: `AVAIL-13`.
    dead_end_is_told: bool = true,
    /// A session is still good at its end instant.
    session_end_included: bool = false,
    /// Setups and challenges of one user's session answer to another's. Requirements: `SIGN-9`, `API-2`.
    shares_ids_between_users: bool = false,

    // Deferral window (§6).
    /// Waiting is offered where policy allows it. Requirement: `DEF-1`.
    offers_deferral: bool = true,
    /// The window comes to an end. Requirements: `DEF-4`, `DEF-5`.
    window_ends: bool = true,
    /// The window is still open at its end instant. Requirement: `DEF-11`.
    window_end_included: bool = false,
    /// Seconds of one day of the window. Requirement: `DEF-11`.
    window_day_seconds: i64 = 86_400,
    /// Days left are rounded up; otherwise down. Requirement: `DEF-6`.
    days_left_round_up: bool = true,
    /// The window uses the days of its opening in place of those of now. Requirement: `DEF-9`.
    window_keeps_days_of_opening: bool = false,
    /// Signing out opens a new window. Requirement: `DEF-7`.
    window_restarts_at_sign_out: bool = false,
    /// Deferring opens a new window. Requirement: `DEF-7`.
    window_restarts_at_deferral: bool = false,
    /// Deleting a method opens a new window. Requirements: `DEF-7`, `DEF-10`.
    window_restarts_at_deletion: bool = false,
    /// Every sign-in opens a new window. Requirement: `DEF-7`.
    window_restarts_at_sign_in: bool = false,
    /// A new password opens a new window. Requirement: `DEF-7`.
    window_restarts_at_reset: bool = false,
    /// "Not now" is offered where a second step is demanded at sign-in. Requirement: `DEF-8`.
    defers_demanded_second_step: bool = false,
    /// "Not now" is judged when pressed; otherwise it is always granted. Requirements: `DEF-2`, `DEF-5`.
    judges_deferral: bool = true,
    /// "Not now" completes the sign-in. Requirement: `DEF-3`.
    deferral_completes_sign_in: bool = true,
    /// "Not now" is remembered, and the next sign-in does not prompt. Requirement: `DEF-12`.
    deferral_is_remembered: bool = false,

    // Availability (§4).
    /// A method that is not offered whatever policy says. Requirement: `AVAIL-2`.
    hidden_method: Option<Method> = None,
    /// A method that is offered whatever policy says. Requirements: `APP-8`, `CALL-6`, `MAIL-6`.
    always_offered: Option<Method> = None,
    /// A call counts for reset. Requirement: `AVAIL-6`.
    calls_reset: bool = true,
    /// What proves a second step counts for reset too. Requirement: `AVAIL-12`.
    second_steps_reset: bool = true,
    /// What policy does not allow is offered nevertheless. Requirements: `AVAIL-1`, `CALL-6`, `MAIL-6`, `APP-8`.
    offers_disallowed: bool = false,
    /// Availability is checked when a setup begins. Requirement: `AVAIL-3`.
    checks_availability_at_begin: bool = true,
    /// Availability is checked when something is sent. Requirement: `AVAIL-8`.
    checks_availability_at_send: bool = true,
    /// Availability is checked at the proof. Requirement: `AVAIL-8`.
    checks_availability_at_proof: bool = true,
    /// E-mail proves a second step where it is allowed for reset. Requirements: `AVAIL-4`, `TWO-2`.
    email_proves_second_step: bool = false,
    /// Security questions prove a second step where they are allowed for reset. Requirements: `AVAIL-5`, `TWO-2`.
    questions_prove_second_step: bool = false,
    /// Administrators may use security questions. Requirement: `AVAIL-7`.
    questions_for_administrators: bool = false,
    /// Gates that administrators pass at least. Requirement: `AVAIL-7`.
    administrator_gates: u32 = 2,
    /// Both apps together are one gate. Requirement: `RESET-3`.
    apps_are_one_gate: bool = true,
    /// A notification alone resets a password. Requirement: `RESET-2`.
    notification_alone_resets: bool = false,
    /// The Microsoft app's codes count only if policy says so. Requirement: `APP-7`.
    app_codes_follow_policy: bool = true,
    /// Authenticator apps that a user may have. Requirement: `AVAIL-9`.
    apps_max: usize = 5,
    /// Limits are checked again when something is sent, and at the proof. Requirement: `AVAIL-9`.
    limits_bind_to_the_end: bool = true,
    /// Of other methods a user may have one. Requirement: `AVAIL-9`.
    one_of_each_method: bool = true,
    /// A registered method that is of no use may be set up again. Requirement: `AVAIL-9`.
    useless_can_be_replaced: bool = true,
    /// A method that is no longer allowed proves nothing. Requirement: `AVAIL-8`.
    disallowed_proves_nothing: bool = true,

    // Obligations and wizard (§5, §6).
    /// The wizard's page names the method to begin with. Requirement: `SIGN-6`.
    names_proposed: bool = true,
    /// The last page lists what is registered. Requirement: `WIZ-5`.
    last_page_lists: bool = true,
    /// A verified setup shows its success. Requirement: `WIZ-11`.
    shows_success: bool = true,
    /// A kind whose proof is reported as a success and registers nothing.
    /// Requirements: `APP-4`, `TEXT-3`, `CALL-3`, `MAIL-2`, `QUES-2`.
    never_registered: Option<ChallengeKind> = None,
    /// One setup of a method excludes another until it is over. Requirement: `MAIL-4`.
    one_setup_at_a_time: bool = false,
    /// What is registered meets obligations. Requirement: `WIZ-8`.
    counts_registered: bool = true,
    /// An obligation that cannot be met does not bind. Requirement: `AVAIL-10`.
    impossible_does_not_bind: bool = true,
    /// The wizard asks for the smallest set. Requirements: `WIZ-2`, `WIZ-7`.
    asks_for_smallest_set: bool = true,
    /// The wizard asks for the strongest first. Requirements: `WIZ-1`, `WIZ-7`.
    asks_for_strongest: bool = true,
    /// "A different authenticator app" is offered at the app step. Requirement: `WIZ-3`.
    offers_different_app: bool = true,
    /// "A different method" is offered only if policy lets the user choose. Requirement: `WIZ-4`.
    different_method_follows_policy: bool = true,
    /// Beginning what the page does not offer is refused. Requirement: `WIZ-4`.
    refuses_what_page_does_not_offer: bool = true,
    /// "Done" is refused before the obligations are met. Requirement: `WIZ-10`.
    done_checks_obligations: bool = true,
    /// Leaving the wizard drops the setups that are not verified. Requirement: `WIZ-9`.
    leaving_drops_setups: bool = true,

    // Default (§8).
    /// Registering the Microsoft app makes it the default. Requirements: `APP-9`, `WIZ-6`.
    app_becomes_default: bool = true,
    /// A phone registered later becomes the default. Requirements: `TEXT-6`, `WIZ-6`.
    later_phone_becomes_default: bool = false,
    /// Where the choice is of no use, the strongest usable kind is shown. Requirement: `MAN-3`.
    default_falls_back: bool = true,
    /// A choice that policy stops allowing is forgotten. Requirement: `MAN-3`.
    forgets_disallowed_choice: bool = false,
    /// Only what is usable for two-step verification can be chosen. Requirement: `MAN-6`.
    checks_chosen_default: bool = true,

    // Authenticator apps (§7, §11).
    /// The setup of the Microsoft app begins with getting the app. Requirement: `APP-1`.
    begins_with_download: bool = true,
    /// The test waits for the device. Requirement: `APP-16`.
    keeps_page_order: bool = true,
    /// The code typed by hand is the one in the payload. Requirement: `APP-2`.
    manual_is_payload: bool = true,
    /// The payload holds all that the app needs. Requirement: `APP-14`.
    payload_is_whole: bool = true,
    /// The Microsoft app is registered only by the test notification. Requirements: `APP-3`, `APP-4`.
    activation_registers: bool = false,
    /// An activation code works once. Requirement: `APP-10`.
    activation_works_once: bool = true,
    /// An activation code is still good at its end instant. Requirement: `APP-10`.
    activation_end_included: bool = false,
    /// A denied notification counts as approved. Requirements: `APP-5`, `TWO-3`.
    denial_proves: bool = false,
    /// A notification is answered once. Requirement: `APP-13`.
    notification_answered_once: bool = true,
    /// An answer that comes after the end counts. Requirements: `APP-13`, `CALL-4`, `GATE-2`.
    late_answers_count: bool = false,
    /// The issuer stands in the key URI. Requirement: `APP-12`.
    names_issuer: bool = true,
    /// Steps of drift that are accepted each way. Requirement: `APP-15`.
    totp_drift_steps: u32 = 1,
    /// A step is accepted once. Requirement: `APP-11`.
    totp_step_works_once: bool = true,
    /// Steps before the last accepted one are spent with it. Requirement: `APP-11`.
    earlier_steps_are_spent: bool = true,
    /// Registration spends its step. Requirement: `APP-11`.
    setup_spends_step: bool = true,

    // Phones (§7).
    /// Text and call are both offered where both are allowed. Requirement: `TEXT-1`.
    offers_every_kind: bool = true,
    /// A number is brought to E.164, so that all its spellings are one. Requirement: `TEXT-7`.
    normalises_numbers: bool = true,
    /// The only country code whose numbers are taken. Requirement: `CALL-1`.
    only_country_code: Option<&'static str> = None,
    /// The country code whose numbers are all taken for landlines. Requirement: `TEXT-2`.
    country_code_without_texts: Option<&'static str> = None,
    /// An extension is dropped; otherwise a number that has one is refused. Requirement: `CALL-7`.
    drops_extensions: bool = true,
    /// A call tells to press the pound key. Requirement: `CALL-8`.
    call_instructs: bool = true,

    // E-mail (§7).
    /// A mail names the organisation. Requirement: `MAIL-5`.
    mail_names_organisation: bool = true,
    /// Each mail with a code also goes to this address. Requirement: `MAIL-1`.
    mail_archive: Option<&'static str> = None,
    /// Mail goes to the address without its tag. Requirements: `MAIL-1`, `MAIL-7`.
    drops_address_tags: bool = false,
    /// A number that cannot take texts is refused for text. Requirement: `TEXT-5`.
    refuses_landline_for_text: bool = true,
    /// Only the pound key confirms a call. Requirements: `CALL-3`, `CALL-4`.
    only_pound_confirms: bool = true,
    /// Hanging up confirms a call. Requirement: `CALL-4`.
    hang_up_confirms: bool = false,

    // Security questions (§7).
    /// The least number of characters of an answer. Requirement: `QUES-3`.
    answer_characters_min: usize = 3,
    /// The largest number of characters of an answer. Requirement: `QUES-3`.
    answer_characters_max: usize = 40,
    /// A question may be answered twice. Requirement: `QUES-3`.
    allows_question_twice: bool = false,
    /// An answer may be given twice. Requirement: `QUES-3`.
    allows_answer_twice: bool = false,
    /// Questions that the administrator did not create may be answered. Requirement: `QUES-1`.
    allows_own_questions: bool = false,
    /// As many questions are registered as policy says. Requirement: `QUES-3`.
    checks_number_of_questions: bool = true,
    /// Case and surrounding space of an answer do not count. Requirement: `QUES-5`.
    normalises_answers: bool = true,
    /// Only the letters and digits of an answer count. Requirement: `QUES-5`.
    answers_by_letters_alone: bool = false,
    /// An answer is right for its own question only. Requirement: `RESET-1`.
    answers_belong_to_questions: bool = true,

    /// The answers stand in the list of methods. Requirement: `QUES-4`.
    shows_answers: bool = false,

    // Manage (§9).
    /// Deleting the default takes the choice away; otherwise it points at nothing. Requirement: `MAN-3`.
    deletion_clears_choice: bool = true,
    /// The old value stays until the new one is verified. Requirement: `MAN-4`.
    change_waits_for_proof: bool = true,
    /// The new address or number of a method is checked as a first one is. Requirements: `MAIL-3`, `TEXT-5`.
    checks_new_values: bool = true,
    /// Deleting a method kills its open challenges. Requirement: `MAN-2`.
    deletion_kills_challenges: bool = true,
    /// Deletion takes the method away. Requirement: `MAN-2`.
    deletion_deletes: bool = true,

    // Password reset (§10).
    /// A gate counts once. Requirement: `RESET-3`.
    gate_counts_once: bool = true,
    /// The new password comes after the gates. Requirement: `RESET-3`.
    password_waits_for_gates: bool = true,
    /// Why a reset cannot be had is not told. Requirement: `RESET-4`.
    refuses_resets_alike: bool = true,
    /// An unknown user gets the common answer with a status of its own. Requirement: `RESET-4`.
    reset_status_tells: bool = false,
    /// Milliseconds by which a reset of a known user is answered later. Requirement: `RESET-4`.
    known_reset_later_ms: u64 = 0,
    /// A reset ends every session. Requirement: `RESET-5`.
    reset_ends_sessions: bool = true,
    /// A reset kills open challenges and setups. Requirement: `RESET-5`.
    reset_kills_challenges: bool = true,
    /// A reset leaves what is registered. Requirement: `RESET-6`.
    reset_keeps_methods: bool = true,
    /// A reset counts as the second step of the next sign-in. Requirement: `RESET-6`.
    reset_counts_as_second_step: bool = false,
    /// A reset ends sessions that are not signed in yet, too. Requirement: `RESET-5`.
    reset_ends_waiting_sessions: bool = true,
    /// A newer reset kills the older. Requirement: `RESET-5`.
    newer_reset_kills_older: bool = true,
    /// The least number of characters of a password. Requirement: `RESET-1`.
    password_characters_min: usize = 8,
    /// A reset lists the default first. Requirement: `RESET-1`.
    reset_lists_default_first: bool = true,

    // Review (§6).
    /// A review is due at its very instant. Requirement: `REV-1`.
    review_due_at_its_instant: bool = true,
    /// Reviews become due. Requirement: `REV-1`.
    reviews_become_due: bool = true,
    /// Confirming a review postpones the next. Requirement: `REV-2`.
    review_postpones_next: bool = true,

    // Codes and challenges (§11).
    /// All digits of a code are random. Requirement: `CODE-1`.
    codes_are_unbiased: bool = true,
    /// A code is drawn; otherwise it is the one before and one. Requirement: `CODE-1`.
    codes_are_drawn: bool = true,
    /// Code ends are reckoned by the tenant's clock; otherwise by the machine's. Requirement: `CODE-2`.
    codes_mind_tenant_clock: bool = true,
    /// A code is good only for what it was sent for. Requirement: `CODE-4`.
    codes_are_bound: bool = true,
    /// A code stands in a header of the answer that says it was sent. Requirement: `CODE-7`.
    codes_in_headers: bool = false,
    /// A right code is judged and counted in one turn. Requirement: `CODE-9`.
    proofs_are_atomic: bool = true,
    /// A wrong code is judged and counted in one turn. Requirement: `CODE-6`.
    tries_are_atomic: bool = true,
    /// A code of an authenticator is judged and its step spent in one turn. Requirement: `APP-11`.
    steps_are_atomic: bool = true,
    /// A code is still good at its end instant. Requirement: `CODE-2`.
    code_end_included: bool = false,
    /// A code works once. Requirement: `CODE-3`.
    code_works_once: bool = true,
    /// A newer code kills the older. Requirements: `CODE-5`, `MAIL-10`.
    newer_code_kills_older: bool = true,
    /// Each message of a setup has a code of its own. Requirement: `CODE-5`.
    each_code_is_new: bool = true,
    /// Each message of a second step or of a reset has a code of its own. Requirement: `CODE-5`.
    each_challenge_code_is_new: bool = true,
    /// A newer second step or proof of a reset kills the older. Requirement: `CODE-5`.
    newer_challenge_kills_older: bool = true,
    /// A setup that is over may be asked to send again. Requirements: `CODE-2`, `CODE-3`, `CODE-5`.
    final_setup_sends: bool = false,
    /// A challenge is over after its wrong tries, even if the next is right. Requirement: `CODE-6`.
    tries_are_limited: bool = true,
    /// Failures of an account add up across challenges. Requirement: `CODE-11`.
    failures_add_up: bool = true,
    /// Failures in resets add up, too. Requirement: `CODE-11`.
    reset_failures_add_up: bool = true,
    /// A right proof begins the count of failures again. Requirement: `CODE-11`.
    success_forgets_failures: bool = true,
    /// A block begins the count of failures again. Requirement: `CODE-11`.
    block_forgets_failures: bool = true,
    /// A change of policy ends every block. Requirement: `CODE-11`.
    policy_change_unblocks: bool = false,
    /// A block reaches sessions that are not signed in yet. Requirement: `CODE-11`.
    block_stops_open_sessions: bool = true,
    /// A code stands in the answer that says it was sent. Requirement: `CODE-7`.
    shows_codes: bool = false,
    /// Sending is throttled. Requirement: `CODE-8`.
    throttles_sending: bool = true,
    /// Second steps and resets are throttled, too. Requirement: `CODE-8`.
    throttles_challenges: bool = true,
    /// A send that failed counts for the throttle. Requirement: `GATE-1`.
    failed_send_counts: bool = false,
    /// Space around a code is forgiven. Requirement: `CODE-10`.
    trims_codes: bool = false,
    /// A code of an authenticator is compared as a number. Requirement: `CODE-10`.
    compares_app_codes_as_numbers: bool = false,
    /// Any code is right. Requirements: `TEXT-4`, `MAIL-9`.
    takes_any_code: bool = false,
    /// A code that counts for every code that was sent. Requirement: `CODE-12`.
    always_right_when_sent: Option<&'static str> = None,
    /// A code that counts for every code of an authenticator. Requirement: `CODE-12`.
    always_right_of_apps: Option<&'static str> = None,
    /// A code that was never typed is wrong. Requirement: `MAIL-9`.
    missing_code_is_wrong: bool = true,

    // Gateways and callbacks (§11).
    /// A kind whose messages are handed over so many times in place of once.
    /// Requirements: `APP-3`, `TEXT-2`, `TEXT-7`, `CALL-2`, `CALL-9`, `MAIL-1`.
    copies: Option<(ChallengeKind, usize)> = None,
    /// A call's callback counts only with its secret. Requirement: `GATE-3`.
    checks_call_secret: bool = true,
    /// The secret of a call is good for no other call. Requirement: `GATE-3`.
    calls_secret_is_bound: bool = true,
    /// The secret of a device is good for no other device. Requirement: `GATE-3`.
    devices_secret_is_bound: bool = true,
    /// A device's reply counts only with its secret. Requirement: `GATE-3`.
    checks_device_secret: bool = true,
    /// A failed send takes back what was begun. Requirement: `GATE-1`.
    failed_send_is_taken_back: bool = true,

    // Lists (§9, §10).
    /// A list of methods shows destinations masked. Requirement: `MAN-7`.
    masks_listed_destinations: bool = true,
    /// A list of methods holds the secrets of other authenticator apps. Requirement: `APP-17`.
    lists_app_secrets: bool = false,
    /// A setup that is over still shows the secret of its app. Requirement: `APP-17`.
    shows_secret_after_setup: bool = false,

    // Surface.
    /// How answers look on the wire. Requirement: `API-1`.
    surface: Surface = Surface::Plain,
    /// What is no code by its shape is refused without a try. The page leaves it open (§13).
    refuses_misshapen_codes: bool = false,
    /// Sending again begins the tries again. The page leaves it open (§13).
    new_codes_have_new_tries: bool = true,
    /// A passed gate stays passed when its method has gone. The page leaves it open (§13).
    passed_gates_stay: bool = false,
    /// Another session of the same user goes on with a setup. The page leaves it open (§13).
    sessions_share_setups: bool = false,
    /// Leaving a setup that is over is refused by its state. The page leaves it open (§13).
    refuses_leaving_what_is_over: bool = false,
    /// A block keeps unfinished sessions from signing out. The page leaves it open (§13).
    block_stops_sign_out: bool = false,
    /// Ids are drawn as UUIDs; otherwise as plain hexadecimal. The contract leaves it open.
    ids_are_uuids: bool = false,

    // Audit (§12).
    /// Every event is recorded a second time. Requirement: `AUDIT-1`.
    records_twice: bool = false,
    /// The answer to a member who asks for the trail. The catalogue leaves a choice.
    audit_refusal: Refusal = Refusal::Forbidden,
    /// Events are recorded. Requirement: `AUDIT-1`.
    records_events: bool = true,
    /// Only administrators read the trail. Requirement: `AUDIT-1`.
    audit_for_administrators_only: bool = true,

    // Names (§1).
    /// A sign-in name is compared without case at sign-in. Requirement: `SIGN-13`.
    sign_in_names_without_case: bool = true,
    /// A sign-in name is compared without case in resets. Requirement: `SIGN-13`.
    reset_names_without_case: bool = true,

    // Blocking (§6).
    /// Blocking somebody ends their sessions. Requirement: `SIGN-11`.
    block_ends_sessions: bool = true,
    /// Blocking somebody ends the sessions of everybody. Requirement: `SIGN-11`.
    block_ends_everybodys_sessions: bool = false,
    /// Sessions of somebody who is blocked wait until they are unblocked. Requirement: `SIGN-12`.
    block_suspends_sessions: bool = false,
    /// Blocking somebody ends their resets. Requirement: `SIGN-12`.
    block_ends_resets: bool = true,
    /// Unblocking somebody ends a block for wrong proofs, too. Requirement: `SIGN-12`.
    unblocking_ends_lockouts: bool = true,
    /// Unblocking somebody leaves what is registered. Requirement: `SIGN-12`.
    unblocking_keeps_methods: bool = true,

    // Policy (§3).
    /// A policy that cannot be met is refused. Requirement: `AVAIL-11`.
    refuses_impossible_policy: bool = true,
}

impl Rules {
    /// Returns whether any proof is judged in one turn and counted in another.
    pub(crate) const fn splits_proofs(&self) -> bool {
        !(self.proofs_are_atomic && self.tries_are_atomic && self.steps_are_atomic)
    }

    /// Returns what counts of a password that is kept or was typed.
    pub(crate) fn counting_part<'a>(&self, password: &'a str) -> Cow<'a, str> {
        match self.passwords {
            PasswordComparison::WithoutCase => password.to_lowercase().into(),
            PasswordComparison::FirstBytes => password[..password.floor_char_boundary(72)].into(),
            PasswordComparison::Whole | PasswordComparison::Beginning => password.into(),
        }
    }

    /// Returns the rules of an edition.
    #[must_use]
    pub const fn for_edition(edition: Edition) -> Self {
        let mut rules = Self::common();
        match edition {
            Edition::E20180725 => {
                rules.accepts_work_address = true;
                rules.wizard_lists = true;
            }
            Edition::E20180730 => rules.wizard_lists = true,
            Edition::E20190213 => {}
        }
        rules
    }
}

/// The declared limits. Those that no tenant can change are also what the capabilities tell.
pub const LIMITS: Limits = Limits {
    code_length: 6,
    code_tries: 5,
    account_failures: 20,
    block_seconds: 900,
    resend_seconds: 30,
    gateway_timeout_ms: 2000,
    code_seconds: 600,
    activation_seconds: 600,
    enrollment_seconds: 1800,
    notification_seconds: 120,
    call_seconds: 120,
    reset_seconds: 1800,
    session_seconds: 28_800,
};

/// The rules of every edition: what a service is started with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleBook([Rules; 3]);

impl RuleBook {
    /// Finds the rules of an edition.
    #[must_use]
    pub const fn of(&self, edition: Edition) -> &Rules {
        match edition {
            Edition::E20180725 => &self.0[0],
            Edition::E20180730 => &self.0[1],
            Edition::E20190213 => &self.0[2],
        }
    }

    /// Changes the rules of every edition alike: how a defect is planted.
    #[must_use]
    pub fn altered(mut self, alter: impl Fn(&mut Rules)) -> Self {
        self.0.iter_mut().for_each(alter);
        self
    }
}

impl Default for RuleBook {
    fn default() -> Self {
        Self(Edition::ALL.map(Rules::for_edition))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn editions_differ_only_where_the_design_page_says_so() {
        let newest = Rules::for_edition(Edition::E20190213);
        assert!(!newest.accepts_work_address && !newest.wizard_lists);
        let oldest = Rules {
            accepts_work_address: true,
            wizard_lists: true,
            ..newest.clone()
        };
        assert_eq!(Rules::for_edition(Edition::E20180725), oldest);
        let middle = Rules {
            wizard_lists: true,
            ..newest
        };
        assert_eq!(Rules::for_edition(Edition::E20180730), middle);
    }

    #[test]
    fn an_altered_book_differs_in_every_edition() {
        let book = RuleBook::default().altered(|rules| rules.limits.code_tries = 3);
        for edition in Edition::ALL {
            assert_eq!(book.of(edition).limits.code_tries, 3);
        }
    }
}
