//! The roles by which commands name passwords, addresses, numbers, codes, answers, messages and behaviours.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::method::words;

/// The name of a user, or of something bound by `as`.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct Name(pub String);

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A password, named by its role.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum PasswordRole {
    /// The user's password now.
    #[default]
    Right,
    /// Another one.
    Wrong,
    /// The one before the last reset.
    Previous,
    /// The right one, but for something.
    Near(PasswordShape),
}

words! {
    /// A shape near a password (SIGN-7).
    PasswordShape {
        /// Capitals for small letters, and small letters for capitals.
        CaseChanged = "caseChanged",
        /// The last character is missing.
        LastMissing = "lastMissing",
        /// The first character is missing.
        FirstMissing = "firstMissing",
        /// A character too many behind.
        Extended = "extended",
        /// Everything after the 72nd byte is missing; only of a `long` one.
        CutAfter72Bytes = "cutAfter72Bytes",
        /// The last character is another; in a `long` one it comes after the 72nd byte.
        LastChanged = "lastChanged",
    }
}

impl PasswordRole {
    pub(super) fn is_right(&self) -> bool {
        *self == Self::Right
    }
}

words! {
    /// How somebody types their sign-in name.
    NameSpelling {
        /// As it was given to them.
        AsGiven = "asGiven",
        /// In capitals.
        Capitals = "capitals",
    }
}

#[expect(
    clippy::derivable_impls,
    reason = "the words macro leaves no place for a default attribute"
)]
impl Default for NameSpelling {
    fn default() -> Self {
        Self::AsGiven
    }
}

impl NameSpelling {
    pub(super) fn is_as_given(&self) -> bool {
        *self == Self::AsGiven
    }
}

/// A new password, named by its role.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum NewPasswordRole {
    /// A new one that every rule accepts.
    #[default]
    Fresh,
    /// One of seven characters.
    TooShort,
    /// One of exactly eight characters.
    Shortest,
    /// One of 85 characters: some ways to keep passwords take 72 bytes.
    Long,
}

impl NewPasswordRole {
    pub(super) fn is_fresh(&self) -> bool {
        *self == Self::Fresh
    }
}

/// An e-mail address, named by its role.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum AddressRef {
    /// The user's private address.
    #[default]
    Own,
    /// Another address of the user.
    Second,
    /// The private address with a letter wrong: nobody reads it.
    Mistyped,
    /// The user's sign-in address, in a verified domain of the tenant.
    Work,
    /// Another address in a verified domain of the tenant, in capitals.
    WorkInCapitals,
    /// Exactly this text.
    Text(String),
}

/// A phone number, named by its role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum PhoneRef {
    /// The user's mobile number, in the user's region.
    Mobile,
    /// Another mobile number of the user.
    SecondMobile,
    /// The user's office number: a fixed line.
    Office,
    /// Another office number.
    SecondOffice,
    /// The user's mobile number in another spelling: spaces, a trunk zero, the country code.
    MobileRespelt,
    /// The office number with an extension behind it.
    OfficeWithExtension,
    /// What a person would pick and type.
    Dialled(Dialled),
}

/// What a person picks and types on the phone page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Dialled {
    /// Country or region: ISO 3166-1 alpha-2.
    pub region: String,
    /// The number as typed, with area code where the region has one.
    pub number: String,
}

/// A code, named by its role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum CodeRole {
    /// The newest code that was sent for this setup, challenge or proof.
    LastSent,
    /// The code before it: same use, same method.
    Previous,
    /// The newest code, after its life: `lastSent` by another name, so that a file says what it means.
    Expired,
    /// The code that was accepted last for this user.
    Used,
    /// A code of the right length that was never sent.
    Wrong,
    /// No code at all.
    Missing,
    /// What the user's authenticator shows now.
    Current,
    /// What the authenticator shows with its clock this many 30 s steps ahead (negative: behind).
    Drift(i32),
    /// The newest code of another user, or of another setup, challenge or proof, by its bound name.
    Of(Name),
    /// The right code in a shape that is not quite it.
    Shape(CodeShape),
    /// A code that everybody would guess first, and that this user was not sent.
    WellKnown(WellKnownCode),
}

words! {
    /// A code that everybody would guess first (CODE-12), in as many digits as the target declares.
    WellKnownCode {
        /// `000000`.
        Zeros = "zeros",
        /// `111111`.
        Ones = "ones",
        /// `999999`.
        Nines = "nines",
        /// `123456`.
        Ascending = "ascending",
        /// `012345`.
        AscendingFromZero = "ascendingFromZero",
        /// `654321`.
        Descending = "descending",
        /// `123123`.
        Repeating = "repeating",
    }
}

words! {
    /// A shape near a code (CODE-10).
    CodeShape {
        /// A space before and after.
        SurroundingSpace = "surroundingSpace",
        /// A space in the middle.
        InnerSpace = "innerSpace",
        /// Full-width digits.
        FullWidthDigits = "fullWidthDigits",
        /// Arabic-Indic digits.
        ArabicIndicDigits = "arabicIndicDigits",
        /// A plus sign in front.
        PlusSign = "plusSign",
        /// A minus sign in front.
        MinusSign = "minusSign",
        /// `.0` behind.
        DecimalPoint = "decimalPoint",
        /// The first digit is missing.
        MissingDigit = "missingDigit",
        /// A zero too many in front.
        ExtraZero = "extraZero",
        /// A line feed behind.
        TrailingNewline = "trailingNewline",
        /// A NUL behind.
        TrailingNul = "trailingNul",
        /// The code, over and over, to 10,000 characters.
        TenThousandCharacters = "tenThousandCharacters",
    }
}

/// The answers to security questions, named by their role.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum AnswersRole {
    /// What this person answers; in a reset, what was registered.
    #[default]
    Right,
    /// Other answers.
    Wrong,
    /// The right ones in capitals, by the rules of Unicode.
    UpperCase,
    /// The right ones with spaces around them.
    Padded,
    /// The right ones with a space inside.
    InnerSpace,
    /// The right ones, one too few.
    OneTooFew,
    /// Exactly these, for these questions.
    Given(Vec<GivenAnswer>),
}

impl AnswersRole {
    pub(super) fn is_right(&self) -> bool {
        *self == Self::Right
    }
}

/// One answer to one question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GivenAnswer {
    /// Which of the policy's questions, from 1.
    pub question: u32,
    /// The answer as typed. A made-up one: files are not secret.
    pub text: String,
}

words! {
    /// How an account gets into an authenticator.
    AddBy {
        /// The scanned payload alone.
        QrPayload = "qrPayload",
        /// Code and URL, or the secret, typed by hand.
        Manual = "manual",
    }
}

#[expect(
    clippy::derivable_impls,
    reason = "the words macro leaves no place for a default attribute"
)]
impl Default for AddBy {
    fn default() -> Self {
        Self::QrPayload
    }
}

words! {
    /// One of several messages.
    Which {
        /// The newest.
        LastSent = "lastSent",
        /// The one before.
        Previous = "previous",
    }
}

#[expect(
    clippy::derivable_impls,
    reason = "the words macro leaves no place for a default attribute"
)]
impl Default for Which {
    fn default() -> Self {
        Self::LastSent
    }
}

words! {
    /// The secret that a callback carries (GATE-3).
    CallbackSecret {
        /// The one that was given to that gateway or device.
        Right = "right",
        /// Another.
        Wrong = "wrong",
        /// None.
        None = "none",
        /// The user's own session token in its place.
        SessionToken = "sessionToken",
        /// The right one of another call to the user, or of another device of theirs.
        OfAnother = "ofAnother",
    }
}

#[expect(
    clippy::derivable_impls,
    reason = "the words macro leaves no place for a default attribute"
)]
impl Default for CallbackSecret {
    fn default() -> Self {
        Self::Right
    }
}

words! {
    /// How a mocked gateway treats what it gets.
    GatewayBehaviour {
        /// Takes the message and hands it on.
        Deliver = "deliver",
        /// Takes the message and holds it until it is released.
        Hold = "hold",
        /// Takes the message and loses it.
        Drop = "drop",
        /// Takes the message and hands it on twice.
        Duplicate = "duplicate",
        /// Answers 400, or SMTP 550.
        Answer4xx = "answer4xx",
        /// Answers 500, or SMTP 451.
        Answer5xx = "answer5xx",
        /// Never answers.
        Hang = "hang",
        /// Resets the connection.
        Reset = "reset",
        /// Refuses to be connected to.
        Dead = "dead",
    }
}

words! {
    /// A way to spoil the request of a step before it is sent (API-1).
    Mangle {
        /// Half of the body.
        TruncatedBody = "truncatedBody",
        /// No body.
        EmptyBody = "emptyBody",
        /// An array in place of the object.
        ArrayBody = "arrayBody",
        /// Every value of another type.
        WrongTypes = "wrongTypes",
        /// A member that nobody knows.
        UnknownMember = "unknownMember",
        /// The first member is missing.
        MissingMember = "missingMember",
        /// Bytes that are no UTF-8.
        InvalidUtf8 = "invalidUtf8",
        /// A thousand arrays in each other.
        DeepNesting = "deepNesting",
        /// Two MiB of body.
        Oversized = "oversized",
        /// `text/plain`.
        WrongContentType = "wrongContentType",
        /// A method that the path does not have.
        WrongMethod = "wrongMethod",
    }
}
