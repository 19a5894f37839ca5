//! The states that sessions, setups, challenges and resets are in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::method::words;

words! {
    /// Where a session stands after a right password (`domain.md` §6).
    SessionState {
        /// The second step is owed.
        SecondStepRequired = "secondStepRequired",
        /// "More information required".
        Interrupted = "interrupted",
        /// A second step is demanded and nothing can be set up.
        ContactAdministrator = "contactAdministrator",
        /// "Looks good?": the registered info is shown for review.
        ReviewDue = "reviewDue",
        /// In.
        SignedIn = "signedIn",
    }
}

words! {
    /// Where a setup or a challenge stands (`docs/implementing.md#setting-up`).
    ChallengeState {
        /// Begun; nothing sent, nothing activated.
        Started = "started",
        /// The device is activated; the test notification is not sent yet.
        DeviceActivated = "deviceActivated",
        /// Something was sent, or a code is awaited.
        ChallengeSent = "challengeSent",
        /// Proved.
        Verified = "verified",
        /// Denied, hung up or answered with another key; may be sent again.
        Denied = "denied",
        /// Its time is over; may be sent again.
        Expired = "expired",
        /// Out of tries: final.
        Exhausted = "exhausted",
        /// Cancelled: final.
        Cancelled = "cancelled",
    }
}

words! {
    /// Where a password reset stands.
    ResetState {
        /// Gates are still to be passed.
        Started = "started",
        /// Every gate is passed; the new password is awaited.
        GatesPassed = "gatesPassed",
        /// The new password is set.
        Completed = "completed",
    }
}

words! {
    /// The page that a setup shows.
    SetupPage {
        /// Get the Microsoft app.
        GetTheApp = "getTheApp",
        /// Set up your account.
        SetUpAccount = "setUpAccount",
        /// Scan the QR code.
        ScanQrCode = "scanQrCode",
        /// The test notification was sent.
        TestNotification = "testNotification",
        /// Type the code.
        EnterCode = "enterCode",
        /// Answer the call.
        AnswerCall = "answerCall",
        /// Choose and answer questions.
        AnswerQuestions = "answerQuestions",
        /// Set up.
        Success = "success",
    }
}

words! {
    /// The page that the wizard shows.
    WizardPage {
        /// One proposed method (edition 2019).
        Method = "method",
        /// Every method that helps (editions of 2018).
        List = "list",
        /// What is registered; "done" completes the sign-in.
        Success = "success",
    }
}

words! {
    /// The channel that carries a message out of an implementation.
    Channel {
        /// SMS.
        Sms = "sms",
        /// Phone calls.
        Voice = "voice",
        /// E-mail.
        Email = "email",
        /// Push notifications.
        Push = "push",
    }
}

words! {
    /// An activity that leaves an audit event (`domain.md` §12).
    Activity {
        /// A method was registered.
        MethodRegistered = "methodRegistered",
        /// A phone number or an address was changed.
        MethodChanged = "methodChanged",
        /// A method was deleted.
        MethodDeleted = "methodDeleted",
        /// The default was changed.
        DefaultChanged = "defaultChanged",
        /// A review was confirmed.
        ReviewCompleted = "reviewCompleted",
        /// The wizard was completed.
        WizardCompleted = "wizardCompleted",
        /// The wizard was left by deferring or signing out.
        WizardCancelled = "wizardCancelled",
        /// A password was reset.
        PasswordReset = "passwordReset",
        /// An account was blocked after too many failures.
        AccountBlocked = "accountBlocked",
    }
}

words! {
    /// The shape in which an implementation calls the SMS provider.
    SmsForm {
        /// Plain JSON.
        Json = "json",
        /// The `Messages.json` form of the 2010-04-01 API.
        Messages = "messages",
    }
}

words! {
    /// The shape in which an implementation calls the voice provider.
    VoiceForm {
        /// Plain JSON.
        Json = "json",
        /// The `Calls.json` form of the 2010-04-01 API.
        Calls = "calls",
    }
}

words! {
    /// The shape in which an implementation sends mail.
    MailForm {
        /// SMTP (RFC 5321).
        Smtp = "smtp",
        /// The `v3/mail/send` form.
        MailSend = "mailSend",
    }
}

words! {
    /// The shape in which an implementation calls the push provider.
    PushForm {
        /// Plain JSON.
        Json = "json",
        /// The `messages:send` v1 form.
        MessagesSend = "messagesSend",
    }
}
