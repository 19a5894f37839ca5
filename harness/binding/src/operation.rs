//! The abstract operations that a target file binds to HTTP, and what each one gives and takes.
//!
//! One table says for every operation which variables its templates may use, which names it may keep for later steps and
//! which answer shape of the domain its `answers` fill. The loader, the diagnostics and the schema read this table, so a
//! new operation is one line here.

use proofup_domain::answer;

use super::shape::ShapeFields;

/// Which part of a variable's value is secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secrecy {
    /// Nothing.
    Open,
    /// All of it.
    Whole,
    /// The members of this name, however deep.
    Members(&'static str),
}

/// Describes a variable that the runner offers to an operation's templates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VariableSpec {
    /// Its name: `{name}`.
    pub name: &'static str,
    /// What of it is masked.
    pub secrecy: Secrecy,
    /// It may have no value; what it stands in is then dropped.
    pub optional: bool,
}

impl VariableSpec {
    /// The session, where there is one.
    pub(super) const OPTIONAL_SESSION: Self = SESSION;

    const fn open(name: &'static str) -> Self {
        Self {
            name,
            secrecy: Secrecy::Open,
            optional: false,
        }
    }

    const fn secret(name: &'static str) -> Self {
        Self {
            secrecy: Secrecy::Whole,
            ..Self::open(name)
        }
    }

    const fn holding(name: &'static str, member: &'static str) -> Self {
        Self {
            secrecy: Secrecy::Members(member),
            ..Self::open(name)
        }
    }

    const fn optional(self) -> Self {
        Self {
            optional: true,
            ..self
        }
    }
}

/// Describes a name under which a value is kept for later steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeepSpec {
    /// Its name.
    pub name: &'static str,
    /// It is masked.
    pub secret: bool,
    /// Every node that its path selects is kept, as a list.
    pub list: bool,
}

impl KeepSpec {
    const fn open(name: &'static str) -> Self {
        Self {
            name,
            secret: false,
            list: false,
        }
    }

    const fn secret(name: &'static str) -> Self {
        Self {
            secret: true,
            ..Self::open(name)
        }
    }

    const fn list(name: &'static str) -> Self {
        Self {
            list: true,
            ..Self::open(name)
        }
    }
}

macro_rules! operations {
    ($($(#[$meta:meta])* $variant:ident = $word:literal, $shape:ident, offers $offers:expr, keeps $keeps:expr;)+) => {
        /// What a target file can bind to requests; its word is the `do` word of the command where there is one.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Operation {
            $($(#[$meta])* $variant,)+
        }

        impl Operation {
            /// Lists every operation, in the order of this table.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Spells the operation as target files do.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// Lists the variables that the runner offers to its templates.
            #[must_use]
            pub const fn variables(self) -> &'static [VariableSpec] {
                match self {
                    $(Self::$variant => const { $offers },)+
                }
            }

            /// Lists the names under which its answer may be kept.
            #[must_use]
            pub const fn keeps(self) -> &'static [KeepSpec] {
                match self {
                    $(Self::$variant => const { $keeps },)+
                }
            }

            /// Returns the fields of the answer shape that it fills.
            pub(super) fn answer_fields(self) -> ShapeFields {
                match self {
                    $(Self::$variant => ShapeFields::of::<answer::$shape>(),)+
                }
            }
        }
    };
}

/// Lists what every operation of a signed-in user is offered, and what is its own.
macro_rules! signed_in {
    ($($own:expr),*) => { &[SESSION, REFRESH_TOKEN, USER.optional(), OWN_ADDRESS, PASSWORD.optional(), $($own),*] };
}

/// Lists what every operation inside a setup is offered, and what is its own.
macro_rules! in_setup {
    ($($own:expr),*) => {
        signed_in![ENROLLMENT, ABOUT_METHOD, KIND, DESTINATION, METHOD_ID.optional() $(, $own)*]
    };
}

/// Lists what every operation of a reset is offered, and what is its own.
macro_rules! in_reset {
    ($($own:expr),*) => { &[USER.optional(), OWN_ADDRESS, RESET, $($own),*] };
}

/// Lists what every operation of one proof of a reset is offered, and what is its own.
macro_rules! in_proof {
    ($($own:expr),*) => {
        in_reset![PROOF, ABOUT_METHOD, KIND, DESTINATION, METHOD_ID.optional() $(, $own)*]
    };
}

operations! {
    /// Creates or replaces a tenant whole.
    CreateTenant = "createTenant", EmptyAnswer, offers CREATE_TENANT, keeps CLOCK_KEEPS;
    /// Deletes a tenant.
    DeleteTenant = "deleteTenant", EmptyAnswer, offers &[TENANT_ID, CONTROL_TOKEN], keeps &[];
    /// Makes one user, where no tenant is made.
    CreateUser = "createUser", EmptyAnswer, offers CREATE_USER, keeps &[];
    /// Deletes a user that `createUser` made.
    DeleteUser = "deleteUser", EmptyAnswer,
        offers &[USER, OWN_ADDRESS, TENANT_ID.optional(), CONTROL_TOKEN], keeps &[];
    /// Reads the tenant's clock.
    ReadClock = "readClock", EmptyAnswer, offers &[TENANT_ID, CONTROL_TOKEN], keeps CLOCK_KEEPS;
    /// Moves the tenant's clock forward.
    AdvanceClock = "advanceClock", EmptyAnswer, offers &[TENANT_ID, CONTROL_TOKEN, SECONDS], keeps CLOCK_KEEPS;
    /// Changes the policy: a merge patch.
    SetPolicy = "setPolicy", EmptyAnswer, offers &[TENANT_ID, CONTROL_TOKEN, POLICY], keeps &[];
    /// Blocks somebody, as an administrator does.
    BlockUser = "blockUser", EmptyAnswer,
        offers &[USER, OWN_ADDRESS, TENANT_ID.optional(), CONTROL_TOKEN], keeps &[];
    /// Unblocks somebody, as an administrator does.
    UnblockUser = "unblockUser", EmptyAnswer,
        offers &[USER, OWN_ADDRESS, TENANT_ID.optional(), CONTROL_TOKEN], keeps &[];
    /// Reads the audit trail by test control.
    ReadAudit = "readAudit", AuditAnswer, offers &[TENANT_ID, CONTROL_TOKEN], keeps &[];
    /// Reads what the implementation declares.
    ReadCapabilities = "readCapabilities", LimitsAnswer, offers &[], keeps &[];
    /// Signs in with a password.
    SignIn = "signIn", SessionAnswer,
        offers &[USER, PASSWORD, TENANT_ID.optional(), OWN_ADDRESS], keeps SESSION_KEEPS;
    /// Gets a new session for one that has run out.
    RefreshSession = "refreshSession", EmptyAnswer, offers signed_in![], keeps TOKEN_KEEPS;
    /// Signs out.
    SignOut = "signOut", EmptyAnswer, offers signed_in![], keeps &[];
    /// Reads where the session stands.
    ReadSession = "readSession", SessionAnswer, offers signed_in![], keeps SESSION_KEEPS;
    /// Opens the thing behind the door.
    OpenAccount = "openAccount", EmptyAnswer, offers signed_in![], keeps TOKEN_KEEPS;
    /// Presses "not now".
    Defer = "defer", SessionAnswer, offers signed_in![], keeps SESSION_KEEPS;
    /// Looks at the wizard's page.
    ReadWizard = "readWizard", WizardAnswer, offers signed_in![], keeps TOKEN_KEEPS;
    /// Presses "done".
    CompleteWizard = "completeWizard", SessionAnswer, offers signed_in![], keeps SESSION_KEEPS;
    /// Presses "looks good".
    CompleteReview = "completeReview", SessionAnswer, offers signed_in![], keeps SESSION_KEEPS;
    /// Lists what is registered.
    ListMethods = "listMethods", MethodsAnswer, offers signed_in![],
        keeps &[METHOD_ID_KEEP, SESSION_KEEP, REFRESH_KEEP];
    /// Lists what can be added.
    ListAvailable = "listAvailable", AvailableAnswer, offers signed_in![], keeps TOKEN_KEEPS;
    /// Begins to change a number or an address.
    ChangeMethod = "changeMethod", ChallengeAnswer,
        offers signed_in![METHOD_ID, METHOD, ADDRESS, ADDRESS_IS, REGION, NUMBER, E164, KIND], keeps SETUP_KEEPS;
    /// Deletes a method.
    DeleteMethod = "deleteMethod", EmptyAnswer, offers signed_in![METHOD_ID, METHOD], keeps TOKEN_KEEPS;
    /// Chooses the default.
    SetDefault = "setDefault", EmptyAnswer,
        offers signed_in![METHOD, REQUIRED_KIND, METHOD_ID.optional()], keeps TOKEN_KEEPS;
    /// Begins to set a method up.
    BeginEnrollment = "beginEnrollment", ChallengeAnswer,
        offers signed_in![METHOD, ADDRESS, ADDRESS_IS, REGION, NUMBER, E164, KIND], keeps SETUP_KEEPS;
    /// Reads where a setup stands.
    ReadEnrollment = "readEnrollment", ChallengeAnswer, offers in_setup![], keeps SETUP_KEEPS;
    /// Presses "next" inside a setup.
    NextPage = "nextPage", ChallengeAnswer, offers in_setup![], keeps SETUP_KEEPS;
    /// Asks to send again.
    SendCode = "sendCode", ChallengeAnswer, offers in_setup![], keeps SETUP_KEEPS;
    /// Types a code into a setup.
    SubmitCode = "submitCode", ChallengeAnswer, offers in_setup![CODE], keeps SETUP_KEEPS;
    /// Answers questions in a setup.
    SubmitAnswers = "submitAnswers", ChallengeAnswer,
        offers in_setup![ANSWERS, ANSWERS_BY_QUESTION, FIRST_ANSWER], keeps SETUP_KEEPS;
    /// Leaves a setup.
    CancelEnrollment = "cancelEnrollment", EmptyAnswer, offers in_setup![], keeps TOKEN_KEEPS;
    /// Begins the second step.
    BeginSecondStep = "beginSecondStep", ChallengeAnswer,
        offers signed_in![METHOD.optional(), KIND, METHOD_ID.optional()], keeps CHALLENGE_KEEPS;
    /// Reads where a second step stands.
    ReadSecondStep = "readSecondStep", ChallengeAnswer,
        offers signed_in![CHALLENGE, ABOUT_METHOD, KIND, DESTINATION, METHOD_ID.optional()], keeps CHALLENGE_KEEPS;
    /// Types a code into a second step.
    SubmitSecondStepCode = "submitSecondStepCode", SessionAnswer,
        offers signed_in![CHALLENGE, CODE, ABOUT_METHOD, KIND, DESTINATION, METHOD_ID.optional()], keeps SESSION_KEEPS;
    /// Asks for a password reset.
    BeginReset = "beginReset", ResetAnswer, offers &[USER, TENANT_ID.optional(), OWN_ADDRESS], keeps RESET_KEEPS;
    /// Reads where a reset stands.
    ReadReset = "readReset", ResetAnswer, offers in_reset![], keeps RESET_KEEPS;
    /// Begins one proof of a reset.
    BeginResetProof = "beginResetProof", ChallengeAnswer,
        offers in_reset![METHOD, KIND, METHOD_ID.optional()], keeps PROOF_KEEPS;
    /// Reads where one proof of a reset stands.
    ReadResetProof = "readResetProof", ChallengeAnswer, offers in_proof![], keeps PROOF_KEEPS;
    /// Types a code into a reset.
    SubmitResetCode = "submitResetCode", ResetAnswer, offers in_proof![CODE], keeps RESET_KEEPS;
    /// Answers the questions of a reset.
    SubmitResetAnswers = "submitResetAnswers", ResetAnswer,
        offers in_proof![ANSWERS, ANSWERS_BY_QUESTION, FIRST_ANSWER], keeps RESET_KEEPS;
    /// Sets the new password.
    SetNewPassword = "setNewPassword", EmptyAnswer, offers in_reset![PASSWORD, CODE], keeps &[];
    /// Activates a device: what the authenticator app calls.
    ActivateDevice = "activateDevice", AccountAnswer,
        offers &[ACTIVATION_CODE, ACTIVATION_URL, PUSH_TOKEN], keeps DEVICE_KEEPS;
    /// Approves or denies a notification: what the authenticator app calls.
    ReplyToNotification = "replyToNotification", EmptyAnswer,
        offers &[DEVICE_ID, DEVICE_SECRET, NOTIFICATION_ID, REPLY], keeps &[];
    /// Reads the audit trail as a signed-in user.
    ReadAuditEvents = "readAuditEvents", AuditAnswer, offers signed_in![], keeps TOKEN_KEEPS;
}

impl Operation {
    /// Returns whether it is of test control, so that a command of the target file may do it in place of requests.
    pub(super) const fn may_be_a_command(self) -> bool {
        matches!(
            self,
            Self::CreateTenant
                | Self::DeleteTenant
                | Self::CreateUser
                | Self::DeleteUser
                | Self::ReadClock
                | Self::AdvanceClock
                | Self::SetPolicy
                | Self::BlockUser
                | Self::UnblockUser
                | Self::ReadAudit
        )
    }

    /// Returns whether it is offered a variable.
    pub fn offers(self, name: &str) -> bool {
        self.variables().iter().any(|spec| spec.name == name)
    }

    /// Finds the name among those of its own that it keeps.
    pub(super) fn keep(self, name: &str) -> Option<&'static KeepSpec> {
        self.keeps().iter().find(|spec| spec.name == name)
    }

    /// Reads the one spelling of an operation; anything else is none.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|operation| operation.as_str() == word)
    }
}

impl std::fmt::Display for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

const TENANT_ID: VariableSpec = VariableSpec::open("tenantId");
const CONTROL_TOKEN: VariableSpec = VariableSpec::secret("controlToken").optional();
const SECONDS: VariableSpec = VariableSpec::open("seconds");
const POLICY: VariableSpec = VariableSpec::open("policy");
const USER: VariableSpec = VariableSpec::open("userPrincipalName");
const PASSWORD: VariableSpec = VariableSpec::secret("password");
const SESSION: VariableSpec = VariableSpec::secret("session").optional();
const REFRESH_TOKEN: VariableSpec = VariableSpec::secret("refreshToken").optional();
const OWN_ADDRESS: VariableSpec = VariableSpec::open("ownAddress").optional();
const METHOD: VariableSpec = VariableSpec::open("method");
/// The method that a setup, a second step or a proof is about.
const ABOUT_METHOD: VariableSpec = VariableSpec::open("method").optional();
const DESTINATION: VariableSpec = VariableSpec::open("destination").optional();
const ADDRESS_IS: VariableSpec = VariableSpec::open("addressIs").optional();
const E164: VariableSpec = VariableSpec::open("e164").optional();
const METHOD_ID: VariableSpec = VariableSpec::open("methodId");
const KIND: VariableSpec = VariableSpec::open("kind").optional();
const REQUIRED_KIND: VariableSpec = VariableSpec::open("kind");
const ADDRESS: VariableSpec = VariableSpec::open("address").optional();
const REGION: VariableSpec = VariableSpec::open("region").optional();
const NUMBER: VariableSpec = VariableSpec::open("number").optional();
const ENROLLMENT: VariableSpec = VariableSpec::open("enrollment");
const CHALLENGE: VariableSpec = VariableSpec::open("challenge");
const RESET: VariableSpec = VariableSpec::open("reset");
const PROOF: VariableSpec = VariableSpec::open("proof");
const CODE: VariableSpec = VariableSpec::secret("code").optional();
const ANSWERS: VariableSpec = VariableSpec::holding("answers", "answer");
const ANSWERS_BY_QUESTION: VariableSpec = VariableSpec::secret("answersByQuestion").optional();
const FIRST_ANSWER: VariableSpec = VariableSpec::secret("firstAnswer").optional();
const ACTIVATION_CODE: VariableSpec = VariableSpec::secret("activationCode");
const ACTIVATION_URL: VariableSpec = VariableSpec::open("activationUrl").optional();
const PUSH_TOKEN: VariableSpec = VariableSpec::open("pushToken");
const DEVICE_ID: VariableSpec = VariableSpec::open("deviceId");
const DEVICE_SECRET: VariableSpec = VariableSpec::secret("deviceSecret").optional();
const NOTIFICATION_ID: VariableSpec = VariableSpec::open("notificationId");
const REPLY: VariableSpec = VariableSpec::open("reply");

const CREATE_TENANT: &[VariableSpec] = &[
    TENANT_ID,
    CONTROL_TOKEN,
    VariableSpec::open("displayName"),
    POLICY,
    VariableSpec::open("domains"),
    VariableSpec::holding("users", "password"),
    VariableSpec::open("gateways").optional(),
    VariableSpec::open("gatewayTimeoutMs").optional(),
    VariableSpec::open("callbackBase").optional(),
    VariableSpec::open("now"),
    VariableSpec::open("seed").optional(),
];

const CREATE_USER: &[VariableSpec] = &[
    USER,
    PASSWORD,
    VariableSpec::open("role"),
    VariableSpec::open("blocked"),
    OWN_ADDRESS,
    VariableSpec::open("displayName"),
    VariableSpec::open("organisation"),
    TENANT_ID.optional(),
    CONTROL_TOKEN,
];

const SESSION_KEEP: KeepSpec = KeepSpec::secret("session");
const REFRESH_KEEP: KeepSpec = KeepSpec::secret("refreshToken");
/// What every operation of a signed-in user may renew.
const TOKEN_KEEPS: &[KeepSpec] = &[SESSION_KEEP, REFRESH_KEEP];
const CLOCK_KEEPS: &[KeepSpec] = &[KeepSpec::open("tenantNow")];
const METHOD_ID_KEEP: KeepSpec = KeepSpec::open("methodId");
const QUESTIONS_KEEP: KeepSpec = KeepSpec::list("questions");
const CHALLENGE_KEEP: KeepSpec = KeepSpec::open("challenge");
const SESSION_KEEPS: &[KeepSpec] = &[SESSION_KEEP, REFRESH_KEEP, CHALLENGE_KEEP];
const SETUP_KEEPS: &[KeepSpec] = &[
    SESSION_KEEP,
    REFRESH_KEEP,
    KeepSpec::open("enrollment"),
    METHOD_ID_KEEP,
    KeepSpec::secret("qrPayload"),
    KeepSpec::secret("manualCode"),
    KeepSpec::open("manualUrl"),
    KeepSpec::secret("manualSecret"),
    QUESTIONS_KEEP,
    CHALLENGE_KEEP,
];
const CHALLENGE_KEEPS: &[KeepSpec] = &[
    SESSION_KEEP,
    REFRESH_KEEP,
    CHALLENGE_KEEP,
    METHOD_ID_KEEP,
    QUESTIONS_KEEP,
];
const RESET_KEEPS: &[KeepSpec] = &[KeepSpec::open("reset"), QUESTIONS_KEEP];
const PROOF_KEEPS: &[KeepSpec] = &[KeepSpec::open("proof"), METHOD_ID_KEEP, QUESTIONS_KEEP];
const DEVICE_KEEPS: &[KeepSpec] = &[
    KeepSpec::open("deviceId"),
    KeepSpec::secret("deviceSecret"),
    KeepSpec::secret("codeSecret"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_that_reaches_a_target_has_an_operation_of_its_word() {
        let schema = serde_json::to_value(schemars::schema_for!(proofup_domain::command::Command))
            .expect("a schema is JSON");
        let words: Vec<&str> = schema["oneOf"]
            .as_array()
            .expect("commands are alternatives")
            .iter()
            .filter_map(|command| command["properties"]["do"]["const"].as_str())
            .collect();
        for operation in Operation::ALL {
            let own = [
                Operation::CreateTenant,
                Operation::DeleteTenant,
                Operation::CreateUser,
                Operation::DeleteUser,
                Operation::ReadClock,
                Operation::RefreshSession,
                Operation::ReplyToNotification,
            ];
            assert!(
                own.contains(operation) || words.contains(&operation.as_str()),
                "{operation}"
            );
            assert_eq!(Operation::from_word(operation.as_str()), Some(*operation));
        }
    }

    #[test]
    fn a_kept_secret_that_is_offered_again_is_offered_as_a_secret() {
        for keep in Operation::ALL.iter().flat_map(|one| one.keeps()) {
            for offer in Operation::ALL.iter().flat_map(|one| one.variables()) {
                assert!(
                    keep.name != offer.name || keep.secret == (offer.secrecy == Secrecy::Whole),
                    "{}",
                    keep.name
                );
            }
        }
    }
}
