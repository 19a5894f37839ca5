//! Which of several devices a proof is by, where none is named: that is left open (`domain.md` §13).

use super::left_open::{Row, check};

const APPS: &str = "twoStep.kinds = ['appNotification']\nreset.enabled = true\nreset.methodsRequired = 2\n\
    reset.methods = ['appNotification', 'email']";
/// Registers an app, passes a second step by it, and registers another, which is the default and was just sent to.
const TWO_APPS: &[&str] = &[
    "signIn",
    "beginEnrollment method=email",
    "submitCode code=lastSent",
    "beginEnrollment method=microsoftAuthenticator",
    "nextPage",
    "nextPage",
    "activateDevice",
    "nextPage",
    "approveNotification",
    "+30s beginSecondStep",
    "approveNotification",
    "+30s beginEnrollment method=microsoftAuthenticator",
    "nextPage",
    "nextPage",
    "activateDevice",
    "nextPage",
    "approveNotification",
];
const APP_PROOF: &[&str] = &[
    "beginReset",
    "beginResetProof method=microsoftAuthenticator",
];
const LATER_APP_PROOF: &[&str] = &[
    "+30s beginReset",
    "beginResetProof method=microsoftAuthenticator",
];
const BY_APP: &[&str] = &["beginSecondStep method=microsoftAuthenticator"];
const BY_DEFAULT: &[&str] = &["beginSecondStep"];

/// Which of several devices is meant, where one was just sent to.
const WHICH_DEVICE: &[Row<'static>] = &[
    (APPS, &[TWO_APPS, APP_PROOF], &["success", "throttled"]),
    (APPS, &[TWO_APPS, BY_APP], &["success", "throttled"]),
    // The default is one.
    (APPS, &[TWO_APPS, BY_DEFAULT], &["throttled"]),
    // Neither was.
    (APPS, &[TWO_APPS, LATER_APP_PROOF], &["success"]),
    // No answer told which of the two was sent to: neither is sure to be free.
    (
        APPS,
        &[TWO_APPS, LATER_APP_PROOF, BY_DEFAULT],
        &["success", "throttled"],
    ),
    (
        APPS,
        &[TWO_APPS, LATER_APP_PROOF, BY_APP],
        &["success", "throttled"],
    ),
    (
        APPS,
        &[TWO_APPS, LATER_APP_PROOF, &["+30s beginSecondStep"]],
        &["success"],
    ),
];

#[test]
fn of_several_devices_any_may_be_meant() {
    for row in WHICH_DEVICE {
        check(*row);
    }
}
