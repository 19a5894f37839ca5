//! Planted faults: named deviations of the reference, and what each of them breaks.
//!
//! A conformance suite is believed when it catches what it ought to catch. Each name here is one realistic defect; the
//! reference turns it into a deviation of one of its rules, and the suite has to fail by a check that names one of the
//! requirements. The names that break nothing are sound implementations that look different, and have to pass.
//!
//! **Invariant:** a fault is harmless if and only if it breaks no requirement.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::method::words;

/// Declares the faults: each name with what it breaks and what it does.
macro_rules! faults {
    ($($variant:ident = $text:literal [$($broken:literal)*] $says:literal,)+) => {
        words! {
            /// A planted fault.
            FaultName {
                $(#[doc = $says] $variant = $text,)+
            }
        }

        impl FaultName {
            /// Lists the requirements that the fault breaks; empty if it is harmless.
            #[must_use]
            pub const fn requirements(self) -> &'static [&'static str] {
                match self {
                    $(Self::$variant => &[$($broken),*],)+
                }
            }

            /// Returns a sentence about what the faulty implementation does.
            #[must_use]
            pub const fn description(self) -> &'static str {
                match self {
                    $(Self::$variant => $says,)+
                }
            }
        }
    };
}

impl FaultName {
    /// Returns whether an implementation with this difference is sound, so that no check may fail.
    #[must_use]
    pub const fn is_harmless(self) -> bool {
        self.requirements().is_empty()
    }

    /// Returns the command that shows the fault where no script can, though scripts judge the requirement.
    #[must_use]
    pub const fn judged_by(self) -> Option<&'static str> {
        match self {
            Self::TriesRaced | Self::TotpRaced => Some("race"),
            Self::KnownUserSignsInLater
            | Self::KnownUserSignsInALittleLater
            | Self::KnownUserResetsLater
            | Self::KnownUserResetsALittleLater => Some("measure"),
            _ => None,
        }
    }
}

faults! {
    RefusalsRepeatTheRequest = "refusals-repeat-the-request" ["API-4" "CODE-7"]
        "A refusal repeats the body of the request, passwords and codes included.",
    ListsAppSecrets = "lists-app-secrets" ["APP-17"]
        "The list of methods holds the secret of another authenticator app.",
    SecretAfterSetup = "secret-after-setup" ["APP-17"]
        "A setup that is over still shows the secret of its app.",
    ListsWholeDestinations = "lists-whole-destinations" ["MAN-7"]
        "The list of methods shows addresses and numbers whole.",
    MailArchived = "mail-archived" ["MAIL-1"]
        "Each mail with a code also goes to an archive.",
    BlockedToldApart = "blocked-told-apart" ["SIGN-7"]
        "A blocked user gets another answer at sign-in than a wrong password.",
    UnknownUserToldApart = "unknown-user-told-apart" ["SIGN-7"]
        "An unknown user gets another answer at sign-in than a wrong password.",
    NeverInterrupted = "never-interrupted" ["SIGN-2"]
        "Who lacks required info signs in as if nothing were missing.",
    AlwaysInterrupted = "always-interrupted" ["SIGN-3" "SIGN-5"]
        "A user who has all required info is asked for more.",
    AccountOpenWhileInterrupted = "account-open-while-interrupted" ["SIGN-4"]
        "An interrupted session reaches the account.",
    TokenOutlivesSignOut = "token-outlives-sign-out" ["SIGN-1" "SIGN-8"]
        "A token still opens the session after sign-out.",
    SessionLivesASecondLonger = "session-lives-a-second-longer" ["SIGN-1"]
        "A session is still good at the instant at which it ends.",
    IdsSharedBetweenUsers = "ids-shared-between-users" ["API-2" "SIGN-9"]
        "The id of another user's setup or challenge is honoured.",
    SetupWithoutSecondStep = "setup-without-second-step" ["SIGN-10"]
        "While interrupted, a user with a second step sets up another without passing it.",
    SecondStepSkipped = "second-step-skipped" ["TWO-1"]
        "A second step that policy demands at sign-in is never asked for.",
    DeadEndLetIn = "dead-end-let-in" ["AVAIL-13"]
        "Where a second step is demanded and none can be had, the user is let in.",
    DeferralNeverJudged = "deferral-never-judged" ["DEF-2" "DEF-5"]
        "Asking to wait is granted where nobody offered it.",
    DeferralLeadsNowhere = "deferral-leads-nowhere" ["DEF-3"]
        "Deferring leaves the session interrupted.",
    WindowTooShort = "window-too-short" ["DEF-4" "DEF-11"]
        "A day of the window has 22 hours, so the offer ends a day early.",
    WindowEndsASecondLate = "window-ends-a-second-late" ["DEF-11"]
        "The offer still stands at the instant at which the window closes.",
    DaysLeftRoundedDown = "days-left-rounded-down" ["DEF-6"]
        "Days left are rounded down, so the first day reads 13.",
    WindowRestartedBySigningOut = "window-restarted-by-signing-out" ["DEF-7"]
        "Signing out opens a new window.",
    WindowRestartedByDeferring = "window-restarted-by-deferring" ["DEF-7"]
        "Each deferral opens a new window.",
    WindowRestartedBySigningIn = "window-restarted-by-signing-in" ["DEF-7"]
        "Each sign-in opens a new window.",
    WindowRestartedByReset = "window-restarted-by-reset" ["DEF-7"]
        "A new password opens a new window.",
    WindowRestartedByDeletion = "window-restarted-by-deletion" ["DEF-7" "DEF-10"]
        "Deleting a method opens a new window.",
    DemandedSecondStepDeferred = "demanded-second-step-deferred" ["DEF-8"]
        "Waiting is offered where a second step is demanded at sign-in.",
    DaysOfOpeningKept = "days-of-opening-kept" ["DEF-9"]
        "A changed number of days does not reach windows that are open.",
    DeferralRemembered = "deferral-remembered" ["DEF-12"]
        "After one deferral the next sign-in does not ask again.",
    DisallowedOffered = "disallowed-offered" ["AVAIL-1"]
        "Whatever policy says, every method is offered.",
    HiddenButAccepted = "hidden-but-accepted" ["AVAIL-3"]
        "A method that is not offered is set up when the client asks for it.",
    PolicyIgnoredAtSend = "policy-ignored-at-send" ["AVAIL-8"]
        "A setup goes on sending after its method was disallowed.",
    PolicyIgnoredAtProof = "policy-ignored-at-proof" ["AVAIL-8"]
        "A code is accepted after its method was disallowed.",
    DisallowedStillProves = "disallowed-still-proves" ["AVAIL-8"]
        "A registered method goes on proving a second step after it was disallowed.",
    EmailAsSecondStep = "email-as-second-step" ["AVAIL-4" "TWO-2"]
        "E-mail is offered and accepted as a second step.",
    QuestionsAsSecondStep = "questions-as-second-step" ["AVAIL-5" "TWO-2"]
        "Security questions are offered and accepted as a second step.",
    QuestionsForAdministrators = "questions-for-administrators" ["AVAIL-7"]
        "Administrators may use security questions.",
    OneGateForAdministrators = "one-gate-for-administrators" ["AVAIL-7"]
        "Administrators reset a password through one gate.",
    SixthApp = "sixth-app" ["AVAIL-9"]
        "A sixth authenticator app can be registered.",
    SameMethodTwice = "same-method-twice" ["AVAIL-9"]
        "A second method of the same sort can be registered.",
    UselessMethodInTheWay = "useless-method-in-the-way" ["AVAIL-9"]
        "A registered method that is of no use keeps its place.",
    ImpossibleObligationBinds = "impossible-obligation-binds" ["AVAIL-10"]
        "An obligation that cannot be met binds nevertheless.",
    ImpossiblePolicyAccepted = "impossible-policy-accepted" ["AVAIL-11"]
        "A policy that cannot be met is accepted.",
    WeakestFirst = "weakest-first" ["WIZ-1" "WIZ-7"]
        "The wizard asks for the weakest method first.",
    AsksForEverything = "asks-for-everything" ["WIZ-2" "WIZ-7"]
        "The wizard asks for the largest set in place of the smallest.",
    NoOtherApp = "no-other-app" ["WIZ-3"]
        "The app step does not offer a different authenticator app.",
    AlwaysADifferentMethod = "always-a-different-method" ["WIZ-4"]
        "A different method is offered where policy leaves no choice.",
    UnofferedMethodAccepted = "unoffered-method-accepted" ["WIZ-4"]
        "The wizard begins a method that its page does not offer.",
    AskedAgain = "asked-again" ["WIZ-8"]
        "What is registered does not count, and is asked for again.",
    SetupsSurviveLeaving = "setups-survive-leaving" ["WIZ-9"]
        "A setup that was not verified goes on after the wizard was left.",
    DoneTooEarly = "done-too-early" ["WIZ-10"]
        "Done lets in before the required info is set up.",
    NoListInOldEditions = "no-list-in-old-editions" ["WIZ-12"]
        "The editions of 2018 propose one method after the other.",
    AppNotTheDefault = "app-not-the-default" ["APP-9" "WIZ-6"]
        "Registering the app does not make it the default.",
    BackupTakesOver = "backup-takes-over" ["TEXT-6" "WIZ-6"]
        "A phone registered after the app becomes the default.",
    DefaultLost = "default-lost" ["MAN-3"]
        "Deleting the default leaves none, though another method is usable.",
    DisallowedChoiceForgotten = "disallowed-choice-forgotten" ["MAN-3"]
        "The chosen default does not come back once it is allowed again.",
    AnyDefault = "any-default" ["MAN-6"]
        "A kind that is of no use for two-step verification can be made the default.",
    ActivationRegisters = "activation-registers" ["APP-1" "APP-5"]
        "Activating the device registers the app, before any notification was approved.",
    ActivationCodeReused = "activation-code-reused" ["APP-10"]
        "An activation code activates a second device.",
    ActivationCodeASecondLonger = "activation-code-a-second-longer" ["APP-10"]
        "An activation code is still good at the instant at which it ends.",
    DenialApproves = "denial-approves" ["APP-5" "TWO-3"]
        "A denied notification counts as approved.",
    NoIssuer = "no-issuer" ["APP-12"]
        "The key URI names no issuer.",
    TotpReplayed = "totp-replayed" ["APP-11"]
        "The code of one TOTP step is accepted again.",
    SetupSpendsNoStep = "setup-spends-no-step" ["APP-11"]
        "The code that registered an app is accepted once more afterwards.",
    TooMuchDrift = "too-much-drift" ["APP-15"]
        "Two steps of drift are accepted.",
    NoDrift = "no-drift" ["APP-15"]
        "No step of drift is accepted.",
    CodeDespitePolicy = "code-despite-policy" ["APP-7"]
        "Codes of the Microsoft app are accepted where policy does not allow them.",
    LandlineTexted = "landline-texted" ["TEXT-5"]
        "A number that cannot take texts is accepted for text.",
    CountryWithoutTexts = "country-without-texts" ["TEXT-2"]
        "Numbers of one country, mobile ones included, are taken for landlines.",
    AnyKeyConfirms = "any-key-confirms" ["CALL-4"]
        "Any key confirms a call.",
    HangingUpConfirms = "hanging-up-confirms" ["CALL-4"]
        "Hanging up confirms a call.",
    WorkAddressAccepted = "work-address-accepted" ["MAIL-3"]
        "A work or school address is accepted in every edition.",
    WorkAddressRefused = "work-address-refused" ["MAIL-3"]
        "A work or school address is refused in the oldest edition too.",
    NoCodeNeeded = "no-code-needed" ["MAIL-9"]
        "A code that is missing counts as right.",
    AnswersTooShort = "answers-too-short" ["QUES-3"]
        "An answer of two characters is accepted.",
    AnswersTooLong = "answers-too-long" ["QUES-3"]
        "An answer of 41 characters is accepted.",
    QuestionTwice = "question-twice" ["QUES-3"]
        "One question is registered twice.",
    AnswerTwice = "answer-twice" ["QUES-3"]
        "One answer is registered for two questions.",
    OwnQuestions = "own-questions" ["QUES-1"]
        "Questions that the administrator did not create are accepted.",
    AnyNumberOfQuestions = "any-number-of-questions" ["QUES-3"]
        "Fewer or more questions are registered than policy asks for.",
    AnswersComparedExactly = "answers-compared-exactly" ["QUES-5"]
        "An answer in capitals or with a space around it is wrong.",
    ChangeForgetsTheOld = "change-forgets-the-old" ["MAN-4"]
        "The old number is gone before the new one is verified.",
    DeletedMethodStillProves = "deleted-method-still-proves" ["MAN-2"]
        "A challenge by a deleted method can still be passed.",
    DeletionDoesNothing = "deletion-does-nothing" ["MAN-1" "MAN-2"]
        "A deleted method stays in the list.",
    ManageWithoutSecondStep = "manage-without-second-step" ["MAN-5"]
        "Manage asks for no second step.",
    FirstMethodAskedForAtOnce = "first-method-asked-for-at-once" ["MAN-5"]
        "Who has just set up the first method is asked to prove it again.",
    GateCountedTwice = "gate-counted-twice" ["RESET-3"]
        "One method passes two gates.",
    TwoAppsTwoGates = "two-apps-two-gates" ["RESET-3"]
        "Two authenticator apps pass two gates.",
    PasswordBeforeGates = "password-before-gates" ["RESET-1" "RESET-2"]
        "The new password is set before the gates are passed.",
    NotificationAloneResets = "notification-alone-resets" ["RESET-2"]
        "A notification alone resets a password.",
    ResetTellsWhoExists = "reset-tells-who-exists" ["RESET-4"]
        "A reset that cannot be had says why, and so who exists.",
    SessionsSurviveReset = "sessions-survive-reset" ["RESET-5"]
        "Sessions go on after a password reset.",
    OlderResetLives = "older-reset-lives" ["RESET-5"]
        "An older reset goes on beside a newer one.",
    ShortPassword = "short-password" ["RESET-1"]
        "A new password of seven characters is accepted.",
    ResetListsByRank = "reset-lists-by-rank" ["RESET-1"]
        "A reset does not list the default first.",
    NoReview = "no-review" ["REV-1"]
        "Info is never shown for review.",
    ReviewASecondLate = "review-a-second-late" ["REV-1"]
        "A review is not yet due at its very instant.",
    ReviewEveryTime = "review-every-time" ["REV-2"]
        "Confirming a review does not postpone the next.",
    ReviewWithoutSecondStep = "review-without-second-step" ["REV-2"]
        "A review is confirmed without the second step that the user has.",
    CodeASecondLonger = "code-a-second-longer" ["CODE-2"]
        "A code is still good at the instant at which it ends.",
    CodeNeverExpires = "code-never-expires" ["CODE-2"]
        "A code is good for a day.",
    CodeAcceptedTwice = "code-accepted-twice" ["CODE-3" "API-3"]
        "A code that was accepted is accepted again.",
    OlderCodeLives = "older-code-lives" ["CODE-5" "MAIL-10"]
        "An older code stays good after a newer one was sent.",
    WrongGuessesBurnNothing = "wrong-guesses-burn-nothing" ["CODE-6"]
        "A challenge goes on after any number of wrong tries.",
    OneTryTooMany = "one-try-too-many" ["CODE-6"]
        "A challenge takes one more wrong try than is declared.",
    FailuresNeverAddUp = "failures-never-add-up" ["CODE-11"]
        "Wrong tries are counted for each challenge, never for the account.",
    CodeInTheAnswer = "code-in-the-answer" ["CODE-7"]
        "The answer that says that a code was sent holds the code.",
    SendingUnlimited = "sending-unlimited" ["CODE-8"]
        "Messages are sent as often as they are asked for.",
    CodeTrimmed = "code-trimmed" ["CODE-10"]
        "A code with a space around it is accepted.",
    AnyCodeAccepted = "any-code-accepted" ["TEXT-4" "MAIL-9"]
        "Any code is right.",
    FailedSendThrottles = "failed-send-throttles" ["GATE-1"]
        "A message that could not be sent keeps the user from trying again.",
    FailedSendKept = "failed-send-kept" ["GATE-1"]
        "A setup whose message could not be sent stays behind.",
    CallWithoutSecret = "call-without-secret" ["GATE-3"]
        "A call is confirmed by whoever knows its id.",
    DeviceWithoutSecret = "device-without-secret" ["GATE-3"]
        "A notification is approved by whoever knows its id.",
    NothingRecorded = "nothing-recorded" ["AUDIT-1"]
        "No event is recorded.",
    AuditForEverybody = "audit-for-everybody" ["AUDIT-1"]
        "Members read the audit trail.",
    WaitingNeverOffered = "waiting-never-offered" ["DEF-1"]
        "The interrupt never offers to wait.",
    SkipWindowIgnored = "skip-window-ignored" ["DEF-4" "DEF-5"]
        "The window never ends, so waiting is offered for ever.",
    AllowedMethodHidden = "allowed-method-hidden" ["AVAIL-2"]
        "E-mail is not offered though policy allows it.",
    NoOtherAuthenticator = "no-other-authenticator" ["APP-6"]
        "No authenticator app but the Microsoft one can be registered.",
    NoOfficePhone = "no-office-phone" ["CALL-5"]
        "An office number cannot be registered.",
    AppAlwaysOffered = "app-always-offered" ["APP-8"]
        "The Microsoft app is offered where policy does not allow it.",
    PhoneAlwaysOffered = "phone-always-offered" ["CALL-6"]
        "A phone is offered where policy does not allow it.",
    EmailAlwaysOffered = "email-always-offered" ["MAIL-6"]
        "E-mail is offered where policy does not allow it.",
    CallsResetNothing = "calls-reset-nothing" ["AVAIL-6"]
        "A call is not taken in a reset.",
    SetUpForEachPurpose = "set-up-for-each-purpose" ["AVAIL-12"]
        "What proves a second step has to be set up again for reset.",
    FirstPageEmpty = "first-page-empty" ["SIGN-6"]
        "The first page of the wizard names no method.",
    LastPageEmpty = "last-page-empty" ["WIZ-5"]
        "The last page of the wizard lists nothing.",
    SuccessNotShown = "success-not-shown" ["WIZ-11"]
        "A verified setup shows no success.",
    ApprovalRegistersNothing = "approval-registers-nothing" ["APP-4"]
        "Approving the notification is told as a success, and no app is registered.",
    TextRegistersNothing = "text-registers-nothing" ["TEXT-3"]
        "The right code by text is told as a success, and no phone is registered.",
    CallRegistersNothing = "call-registers-nothing" ["CALL-3"]
        "The pound key is told as a success, and no phone is registered.",
    MailRegistersNothing = "mail-registers-nothing" ["MAIL-2"]
        "The right code by mail is told as a success, and no address is registered.",
    AnswersRegisterNothing = "answers-register-nothing" ["QUES-2"]
        "Answering is told as a success, and no questions are registered.",
    NoSecondStart = "no-second-start" ["MAIL-4"]
        "After a mistyped address no other can be tried until the first has expired.",
    DownloadPageSkipped = "download-page-skipped" ["APP-1"]
        "The setup of the app begins with the second page.",
    TestBeforeDevice = "test-before-device" ["APP-16"]
        "The page of the test comes before any device was activated.",
    ManualCodeDead = "manual-code-dead" ["APP-2"]
        "The code typed by hand is not the one in the payload.",
    PayloadWithoutAddress = "payload-without-address" ["APP-14"]
        "The scanned payload does not say where to activate.",
    DenialTakenBack = "denial-taken-back" ["APP-13"]
        "A notification that was denied is approved afterwards.",
    LateAnswerCounts = "late-answer-counts" ["APP-13" "CALL-4" "GATE-2"]
        "An approval or a key that comes too late counts.",
    NoChoiceOfKind = "no-choice-of-kind" ["TEXT-1"]
        "The phone step leaves no choice between text and call.",
    PhoneInTwoSpellings = "phone-in-two-spellings" ["TEXT-7"]
        "A number is kept as it was typed, so the same phone in two spellings is two.",
    OneCountryOnly = "one-country-only" ["CALL-1"]
        "Only numbers of North America are taken.",
    ExtensionRefused = "extension-refused" ["CALL-7"]
        "A number with an extension is refused.",
    SilentCall = "silent-call" ["CALL-8"]
        "The call does not say what to press.",
    NamelessMail = "nameless-mail" ["MAIL-5"]
        "The mail does not name the organisation.",
    AddressTagDropped = "address-tag-dropped" ["MAIL-7"]
        "Mail goes to the address without what follows the plus.",
    AnswersListed = "answers-listed" ["QUES-4"]
        "The list of methods shows the answers to the questions.",
    DefaultPointsAtDeleted = "default-points-at-deleted" ["MAN-3"]
        "The default points at a method that was deleted.",
    ResetTellsByStatus = "reset-tells-by-status" ["RESET-4"]
        "A reset of an unknown user is refused in the same words with another status.",
    KnownUserSignsInLater = "known-user-signs-in-later" ["SIGN-7"]
        "A sign-in of a known user is answered 30 ms later than one of an unknown user.",
    KnownUserSignsInALittleLater = "known-user-signs-in-a-little-later" ["SIGN-7"]
        "A sign-in of a known user is answered 3 ms later than one of an unknown user.",
    KnownUserResetsLater = "known-user-resets-later" ["RESET-4"]
        "A reset of a known user is answered 30 ms later than one of an unknown user.",
    KnownUserResetsALittleLater = "known-user-resets-a-little-later" ["RESET-4"]
        "A reset of a known user is answered 3 ms later than one of an unknown user.",
    BiasedCodes = "biased-codes" ["CODE-1"]
        "One digit never occurs in codes, and another occurs twice as often.",
    SequentialCodes = "sequential-codes" ["CODE-1"]
        "Each code is the one before and one.",
    ClockSeamLeaks = "clock-seam-leaks" ["CODE-2"]
        "Codes end by the clock of the machine, not by that of the tenant.",
    CodeOfAnother = "code-of-another" ["CODE-4"]
        "A code that was sent for something or somebody else is accepted.",
    CodeInAHeader = "code-in-a-header" ["CODE-7"]
        "A header of the answer that says that a code was sent holds the code.",
    DoubleAccept = "double-accept" ["CODE-9"]
        "Two submissions of one code at the same time are both accepted.",
    TriesRaced = "tries-raced" ["CODE-6"]
        "Wrong guesses at the same time are each judged before any of them is counted.",
    TotpRaced = "totp-raced" ["APP-11"]
        "One TOTP step is accepted by two uses at the same time.",
    ShortTokens = "short-tokens" ["SIGN-8"]
        "A session token holds 36 bits, few enough to be guessed.",
    SequentialTokens = "sequential-tokens" ["SIGN-8"]
        "Each session token is the one before and one.",
    TestNeverSent = "test-never-sent" ["APP-3"]
        "The test notification never leaves.",
    TextNeverSent = "text-never-sent" ["TEXT-2"]
        "The text with the code never leaves.",
    TextSentTwice = "text-sent-twice" ["TEXT-7"]
        "One request sends two texts.",
    CallNeverPlaced = "call-never-placed" ["CALL-2"]
        "The call is never placed.",
    CallPlacedTwice = "call-placed-twice" ["CALL-9"]
        "One request places two calls.",
    MailNeverSent = "mail-never-sent" ["MAIL-1"]
        "The mail with the code never leaves.",
    FailsOnMalformed = "fails-on-malformed" ["API-1"]
        "A body that cannot be read is a failure of the server.",
    EventsRecordedTwice = "events-recorded-twice" ["AUDIT-1"]
        "Every event is recorded a second time.",
    OwingSessionSetsUp = "owing-session-sets-up" ["TWO-4"]
        "With the password alone, a session that owes its second step sets up a method.",
    OwingSessionLooksAround = "owing-session-looks-around" ["TWO-4"]
        "A session that owes its second step reads what is registered and what can be.",
    OwingSessionPutsOff = "owing-session-puts-off" ["TWO-4"]
        "A session that owes its second step is let in by not now.",
    NotNowIsASecondStep = "not-now-is-a-second-step" ["MAN-5"]
        "Whoever took not now is not asked for a second step in manage.",
    OlderSessionsAskedForNothing = "older-sessions-asked-for-nothing" ["MAN-5"]
        "A session that is older than the first method is never asked to prove it.",
    InterruptedAdministratorReadsTrail = "interrupted-administrator-reads-trail" ["SIGN-4"]
        "An interrupted administrator reads the audit trail.",
    BlockedSessionGoesOn = "blocked-session-goes-on" ["CODE-11"]
        "A session that waits for its second step goes on while the account is blocked.",
    AnswersByLettersAlone = "answers-by-letters-alone" ["QUES-5"]
        "Spaces, hyphens and full stops of an answer do not count.",
    AnswersToAnyQuestion = "answers-to-any-question" ["RESET-1"]
        "A reset takes the right answers to the wrong questions.",
    AppCodeAsANumber = "app-code-as-a-number" ["CODE-10"]
        "A code of an authenticator is compared as a number, so zeros in front do not count.",
    ResetFailuresNeverAddUp = "reset-failures-never-add-up" ["CODE-11"]
        "Wrong proofs in resets never block the account.",
    FailuresNeverForgotten = "failures-never-forgotten" ["CODE-11"]
        "A right proof does not begin the count of failures again, so honest people are blocked in the end.",
    BlockForgetsNothing = "block-forgets-nothing" ["CODE-11"]
        "After a block the next failure blocks the account again.",
    PolicyChangeUnblocks = "policy-change-unblocks" ["CODE-11"]
        "A change of policy unblocks every account.",
    ChallengesUnthrottled = "challenges-unthrottled" ["CODE-8"]
        "Second steps and resets send without a pause.",
    OlderChallengeLives = "older-challenge-lives" ["CODE-5"]
        "An older second step or proof goes on with its own code beside a newer one.",
    CodeSentAgain = "code-sent-again" ["CODE-5"]
        "A setup that sends again sends the code that it sent before.",
    ChallengeCodeSentAgain = "challenge-code-sent-again" ["CODE-5"]
        "A newer second step or proof sends the code of the older one.",
    FinalSetupSends = "final-setup-sends" ["CODE-2" "CODE-3" "CODE-5"]
        "A setup that is over sends again when it is asked to.",
    EarlierStepsLive = "earlier-steps-live" ["APP-11"]
        "Of an authenticator's codes only the accepted one is spent, and the one before it still counts.",
    ChangeUnchecked = "change-unchecked" ["MAIL-3" "TEXT-5"]
        "The new value of a method is not checked as a first one is.",
    ResetTakesSecondSteps = "reset-takes-second-steps" ["RESET-6"]
        "A reset deletes what proves a second step.",
    ResetIsASecondStep = "reset-is-a-second-step" ["RESET-6"]
        "Whoever has reset the password owes no second step at the next sign-in.",
    WaitingSessionSurvivesReset = "waiting-session-survives-reset" ["RESET-5"]
        "A session that waits for its second step goes on after a reset.",
    PasswordWithoutCase = "password-without-case" ["SIGN-7"]
        "Passwords are compared without case.",
    PasswordCut = "password-cut" ["SIGN-7"]
        "What follows the 72nd byte of a password does not count.",
    PasswordBeginningCounts = "password-beginning-counts" ["SIGN-7"]
        "A sign-in takes any password that begins with the right one.",
    AnyCallsSecret = "any-calls-secret" ["GATE-3"]
        "A call is confirmed with the secret of any call.",
    AnyDevicesSecret = "any-devices-secret" ["GATE-3"]
        "A notification is approved with the secret of any device.",
    LimitAtTheStartOnly = "limit-at-the-start-only" ["AVAIL-9"]
        "How many methods there may be is checked when a setup begins, and never again.",
    ZerosAlwaysRight = "zeros-always-right" ["CODE-12"]
        "000000 counts for every code that was sent.",
    AscendingAlwaysRight = "ascending-always-right" ["CODE-12"]
        "123456 counts for every code of an authenticator.",
    BlockKeepsSessions = "block-keeps-sessions" ["SIGN-11"]
        "Somebody who is signed in stays so when an administrator blocks them.",
    BlockEndsEverybodysSessions = "block-ends-everybodys-sessions" ["SIGN-11"]
        "Blocking one user signs everybody out.",
    BlockSuspendsSessions = "block-suspends-sessions" ["SIGN-12"]
        "The sessions of somebody who was blocked go on once they are unblocked.",
    BlockKeepsResets = "block-keeps-resets" ["SIGN-12"]
        "A reset that was begun before its user was blocked goes on once they are unblocked.",
    UnblockingLeavesLockouts = "unblocking-leaves-lockouts" ["SIGN-12"]
        "An administrator cannot unblock an account that wrong proofs have blocked.",
    UnblockingForgetsMethods = "unblocking-forgets-methods" ["SIGN-12"]
        "Whoever was blocked has to register everything anew.",
    NamesWithCaseAtSignIn = "names-with-case-at-sign-in" ["SIGN-13"]
        "Somebody who types their name in capitals is unknown at sign-in.",
    NamesWithCaseInResets = "names-with-case-in-resets" ["SIGN-13"]
        "Somebody who types their name in capitals cannot reset the password.",
    ExtraJsonFields = "extra-json-fields" []
        "Sound: answers hold more than is asked for.",
    ExtraHeaders = "extra-headers" []
        "Sound: responses have headers that nobody asked for.",
    TerseProblems = "terse-problems" []
        "Sound: problem documents say nothing in words.",
    SlowerAnswers = "slower-answers" []
        "Sound: every answer takes a while.",
    OtherIds = "other-ids" []
        "Sound: ids are UUIDs.",
    TrailNotFound = "trail-not-found" []
        "Sound: a member who asks for the audit trail is told 404 in place of 403.",
    ReversedMembers = "reversed-members" []
        "Sound: the members of every JSON object come in another order.",
    SpacedJson = "spaced-json" []
        "Sound: JSON is written over many lines.",
    EscapedTexts = "escaped-texts" []
        "Sound: every character of a JSON text is written as an escape.",
    ExtraMembersEverywhere = "extra-members-everywhere" []
        "Sound: objects inside answers and problem documents hold more than is asked for, too.",
    NullsInProblems = "nulls-in-problems" []
        "Sound: members that a problem document has no value for are null in place of absent.",
    MediaTypesRespelt = "media-types-respelt" []
        "Sound: media types are in capitals and name a charset.",
    BodiesInPieces = "bodies-in-pieces" []
        "Sound: bodies come in pieces of unknown length.",
    ConnectionsClosed = "connections-closed" []
        "Sound: every answer closes its connection.",
    NoDaysLeftUnsaid = "no-days-left-unsaid" []
        "Sound: the days left are absent where they would be none.",
    MisshapenCodesRefused = "misshapen-codes-refused" []
        "Sound: what is no code by its shape is invalid input, and costs no try.",
    TriesCountedOn = "tries-counted-on" []
        "Sound: sending again gives no new tries.",
    PassedGatesStay = "passed-gates-stay" []
        "Sound: a gate stays passed when its method has gone.",
    SetupsSharedBySessions = "setups-shared-by-sessions" []
        "Sound: another session of the same user goes on with a setup.",
    LeavingWhatIsOverRefused = "leaving-what-is-over-refused" []
        "Sound: leaving a setup that is over is refused by its state.",
    BlockedSignOutRefused = "blocked-sign-out-refused" []
        "Sound: an unfinished session of a blocked account cannot sign out.",
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn there_are_enough_faults_and_harmless_variants() {
        let harmless = FaultName::ALL.iter().filter(|fault| fault.is_harmless());
        let harmless = harmless.count();
        assert!(harmless >= 15, "{harmless}");
        assert!(FaultName::ALL.len() - harmless >= 70);
    }

    #[test]
    fn names_are_kebab_case_and_no_two_faults_are_told_alike() {
        let kebab = |name: &str| {
            name.chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        };
        let mut told = BTreeSet::new();
        for fault in FaultName::ALL {
            assert!(kebab(fault.as_str()), "{fault}");
            assert!(told.insert(fault.description()), "{fault}");
        }
    }
}
