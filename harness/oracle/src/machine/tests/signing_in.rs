//! Sign-in, interrupt, window, wizard, review.

use super::check;

const TEXT: &str = "twoStep.kinds = ['textMessage']\ntwoStep.registrationRequired = true";
const MAIL: &str =
    "reset.enabled = true\nreset.methods = ['email']\nreset.registrationRequired = true";
const BOTH: &str = "twoStep.kinds = ['textMessage']\ntwoStep.registrationRequired = true\nreset.enabled = true\n\
    reset.methods = ['email', 'mobilePhone']\nreset.methodsRequired = 2\nreset.registrationRequired = true";

#[test]
fn a_wrong_password_an_unknown_and_a_blocked_user_get_one_answer() {
    check(TEXT, &["signIn password=wrong"], "!invalidCredentials");
    check(TEXT, &["nobody: signIn"], "!invalidCredentials");
    check(TEXT, &["mallory: signIn"], "!invalidCredentials");
}

#[test]
fn who_lacks_required_info_is_interrupted_and_offered_to_wait() {
    check(
        TEXT,
        &["signIn"],
        "state=interrupted deferral.offered=true deferral.daysLeft=14",
    );
    check("", &["signIn"], "state=signedIn");
    let none = format!("{TEXT}\ndeferralDays = 0");
    check(
        &none,
        &["signIn"],
        "state=interrupted deferral.offered=false",
    );
    check(&none, &["signIn", "defer"], "!deferralNotOffered");
}

#[test]
fn the_window_closes_at_its_instant_and_nothing_moves_it() {
    check(TEXT, &["signIn", "+1209599s signIn"], "deferral.daysLeft=1");
    check(
        TEXT,
        &["signIn", "+1209600s signIn"],
        "deferral.offered=false",
    );
    check(
        TEXT,
        &["signIn", "defer", "+1209600s signIn", "defer"],
        "!deferralNotOffered",
    );
    check(
        TEXT,
        &["signIn", "signOut", "+1d signIn"],
        "deferral.daysLeft=13",
    );
    let change = "setPolicy deferralDays = 3";
    check(
        TEXT,
        &["signIn", change, "+1d signIn"],
        "deferral.daysLeft=2",
    );
}

#[test]
fn deferring_completes_this_sign_in_only() {
    check(TEXT, &["signIn", "defer"], "state=signedIn");
    check(TEXT, &["signIn", "defer", "openAccount"], "");
    check(
        TEXT,
        &["signIn", "defer", "signIn", "openAccount"],
        "!interrupted",
    );
    check(TEXT, &["signIn", "defer", "defer"], "!deferralNotOffered");
}

#[test]
fn an_interrupted_session_reaches_only_the_wizard() {
    check(TEXT, &["signIn", "openAccount"], "!interrupted");
    check(TEXT, &["signIn", "listMethods"], "!interrupted");
    check(
        TEXT,
        &[
            "signIn",
            "beginEnrollment method=mobilePhone",
            "submitCode code=lastSent",
            "deleteMethod method=mobilePhone",
        ],
        "!interrupted",
    );
    check(TEXT, &["signIn", "listAvailable"], "methods=mobilePhone+");
    check(TEXT, &["signIn", "completeReview"], "!interrupted");
}

#[test]
fn the_wizard_counts_its_steps_and_ends_when_the_obligations_are_met() {
    let begun = ["signIn", "readWizard"];
    check(
        BOTH,
        &begun,
        "page=method proposed=mobilePhone step=1 of=2 required=mobilePhone+email",
    );
    let story = [
        "signIn",
        "beginEnrollment method=mobilePhone",
        "submitCode code=lastSent",
    ];
    check(
        BOTH,
        &[&story[..], &["readWizard"]].concat(),
        "proposed=email step=2 of=2",
    );
    check(
        BOTH,
        &[&story[..], &["completeWizard"]].concat(),
        "!requiredInfoMissing",
    );
    let rest = [
        "beginEnrollment method=email",
        "submitCode code=lastSent",
        "readWizard",
    ];
    check(
        BOTH,
        &[&story[..], &rest].concat(),
        "page=success registered=mobilePhone+email",
    );
    let done = [&story[..], &rest, &["completeWizard"]].concat();
    check(BOTH, &done, "state=signedIn");
    check(
        BOTH,
        &[&done[..], &["readWizard"]].concat(),
        "!notInterrupted",
    );
    check(
        BOTH,
        &[&done[..], &["listMethods"]].concat(),
        "methods=mobilePhone+email",
    );
}

#[test]
fn only_what_the_page_offers_can_be_begun_in_an_interrupt() {
    check(
        BOTH,
        &["signIn", "beginEnrollment method=email"],
        "!methodNotAvailable",
    );
    let choice = format!("{BOTH}\nchoice.differentMethod = true");
    check(
        &choice,
        &["signIn", "beginEnrollment method=email"],
        "state=challengeSent",
    );
    let old = format!("edition = '2018-07-25'\n{BOTH}");
    check(
        &old,
        &["signIn", "readWizard"],
        "page=list alternatives=mobilePhone+email",
    );
    check(
        &old,
        &["signIn", "beginEnrollment method=email"],
        "state=challengeSent",
    );
}

#[test]
fn a_second_step_at_sign_in_is_never_put_off() {
    let policy = "twoStep.kinds = ['appCode']\ntwoStep.requiredAtSignIn = true";
    let none = "setPolicy twoStep.kinds=[];twoStep.requiredAtSignIn=true";
    check(policy, &["signIn", none], "!invalidPolicy");
    check(policy, &["signIn", "defer"], "!deferralNotOffered");
    check(
        policy,
        &["signIn"],
        "state=interrupted deferral.offered=false",
    );
}

#[test]
fn a_session_ends_at_its_instant_and_by_signing_out() {
    check(
        MAIL,
        &["signIn", "+28799s readSession"],
        "state=interrupted",
    );
    check(MAIL, &["signIn", "+28800s readSession"], "!unauthenticated");
    check(
        MAIL,
        &["signIn", "signOut", "readSession"],
        "!unauthenticated",
    );
    check(MAIL, &["readSession session=none"], "!unauthenticated");
}

#[test]
fn a_signed_in_session_is_not_touched_by_a_policy_change() {
    let change = "setPolicy twoStep.registrationRequired=true;twoStep.kinds=['appCode']";
    check("", &["signIn", change, "openAccount"], "");
    check(
        "",
        &["signIn", change, "signIn", "openAccount"],
        "!interrupted",
    );
}

#[test]
fn a_review_is_due_at_its_instant_and_confirming_ends_it() {
    let policy = format!("{MAIL}\nreset.reconfirmAfterDays = 30");
    let set_up = [
        "signIn",
        "beginEnrollment method=email",
        "submitCode code=lastSent",
        "completeWizard",
        "signOut",
    ];
    let after = |rest: &[&'static str]| [&set_up[..], rest].concat();
    check(&policy, &after(&["+2591999s signIn"]), "state=signedIn");
    check(&policy, &after(&["+2592000s signIn"]), "state=reviewDue");
    check(
        &policy,
        &after(&["+2592000s signIn", "openAccount"]),
        "!reviewDue",
    );
    check(
        &policy,
        &after(&["+2592000s signIn", "listMethods"]),
        "methods=email+",
    );
    check(
        &policy,
        &after(&["+2592000s signIn", "completeReview"]),
        "state=signedIn",
    );
    let confirmed = after(&[
        "+2592000s signIn",
        "completeReview",
        "signOut",
        "+2591999s signIn",
    ]);
    check(&policy, &confirmed, "state=signedIn");
    check(
        &policy,
        &after(&["signIn", "completeReview"]),
        "!noReviewDue",
    );
}

#[test]
fn a_window_that_policy_offers_in_the_middle_of_an_interrupt_opens_then() {
    let none = format!("{TEXT}\ndeferralDays = 0");
    let begun = [
        "signIn",
        "setPolicy deferralDays=14",
        "readSession",
        "+1d signIn",
    ];
    check(&none, &begun, "deferral.daysLeft=13");
}
