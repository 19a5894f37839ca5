//! Why an implementation says no: one word per documented reason.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::method::words;

words! {
    /// A documented reason for a refusal; its word is the `code` of the problem document (RFC 9457).
    Refusal {
        /// Wrong password, unknown user or blocked user: one answer for all three (SIGN-7). 401.
        InvalidCredentials = "invalidCredentials",
        /// No session, an ended one, or a callback without its secret. 401.
        Unauthenticated = "unauthenticated",
        /// The session is interrupted. 403.
        Interrupted = "interrupted",
        /// The session owes a second step. 403.
        SecondStepRequired = "secondStepRequired",
        /// The session owes a review. 403.
        ReviewDue = "reviewDue",
        /// Nothing can be done here; the administrator can help. 403.
        ContactAdministrator = "contactAdministrator",
        /// The account is blocked for a declared time after too many failures. 403.
        Blocked = "blocked",
        /// Only administrators may. 403.
        Forbidden = "forbidden",
        /// The method or kind is not available to this user now. 403.
        MethodNotAvailable = "methodNotAvailable",
        /// "Not now" is not offered. 409.
        DeferralNotOffered = "deferralNotOffered",
        /// The wizard exists only in an interrupt. 409.
        NotInterrupted = "notInterrupted",
        /// No review is due. 409.
        NoReviewDue = "noReviewDue",
        /// "Done" before the obligations are met. 409.
        RequiredInfoMissing = "requiredInfoMissing",
        /// A page was skipped, or this is not the moment. 409.
        OutOfOrder = "outOfOrder",
        /// It was proved before. 409.
        AlreadyVerified = "alreadyVerified",
        /// The notification or call was answered before. 409.
        AlreadyAnswered = "alreadyAnswered",
        /// This kind cannot be the default. 409.
        NotEligible = "notEligible",
        /// This gate was passed before; another is needed. 409.
        GateAlreadyPassed = "gateAlreadyPassed",
        /// The new password comes after the gates. 409.
        GatesMissing = "gatesMissing",
        /// The code is wrong. 422 with `triesLeft`.
        WrongCode = "wrongCode",
        /// The answers are wrong. 422 with `triesLeft`.
        WrongAnswers = "wrongAnswers",
        /// The address is none, or may not be used. 422.
        InvalidAddress = "invalidAddress",
        /// A work or school address cannot be registered in this edition. 422.
        WorkAddressNotAllowed = "workAddressNotAllowed",
        /// The number is none of its region. 422.
        InvalidNumber = "invalidNumber",
        /// The number cannot take texts. 422.
        NumberCannotReceiveTexts = "numberCannotReceiveTexts",
        /// The questions or answers break a rule. 422.
        InvalidAnswers = "invalidAnswers",
        /// The new password breaks a rule. 422.
        InvalidPassword = "invalidPassword",
        /// The policy cannot be met. 422 with `field` and `reason`.
        InvalidPolicy = "invalidPolicy",
        /// A field is missing, unknown, or of another type. 422.
        InvalidInput = "invalidInput",
        /// Its time is over. 410.
        Expired = "expired",
        /// It is out of tries. 410.
        Exhausted = "exhausted",
        /// It was cancelled. 410.
        Cancelled = "cancelled",
        /// It was denied; send again. 409.
        Denied = "denied",
        /// There is no such thing, or it is somebody else's. 404.
        NotFound = "notFound",
        /// The path exists, the method does not. 405.
        MethodNotAllowed = "methodNotAllowed",
        /// The body is larger than is read. 413.
        PayloadTooLarge = "payloadTooLarge",
        /// The body is not of a type that is read. 415.
        UnsupportedMediaType = "unsupportedMediaType",
        /// The body cannot be read. 400.
        Malformed = "malformed",
        /// Too soon; `Retry-After` says when. 429.
        Throttled = "throttled",
        /// The gateway failed or did not answer in time. 502 or 503.
        GatewayFailed = "gatewayFailed",
    }
}
