//! Manage mode, the default, lockout, audit, policy.

use super::check;

const TWO: &str = "twoStep.kinds = ['appCode', 'textMessage', 'voiceCall']\nreset.enabled = true\nreset.methods = ['email']";
const STEP: &str = "twoStep.kinds = ['textMessage']\ntwoStep.requiredAtSignIn = true";
const PHONE: &[&str] = &[
    "signIn",
    "beginEnrollment method=mobilePhone",
    "submitCode code=lastSent",
];
const MAIL: &[&str] = &[
    "signIn",
    "beginEnrollment method=email",
    "submitCode code=lastSent",
];
/// A session that passed its second step, after the phone.
const PROVED: &[&str] = &[
    "+30s signIn",
    "beginSecondStep",
    "submitSecondStepCode code=lastSent",
];

fn after(begun: &[&'static str], rest: &[&'static str]) -> Vec<&'static str> {
    [begun, rest].concat()
}

#[test]
fn manage_asks_for_a_second_step_once_per_session() {
    check(TWO, &after(PHONE, &["listMethods"]), "!secondStepRequired");
    check(TWO, &after(PHONE, &["readEnrollment"]), "state=verified");
    check(TWO, &after(PHONE, &["openAccount"]), "");
    check(TWO, &after(MAIL, &["listMethods"]), "methods=email+");
    let proved = after(PHONE, PROVED);
    check(
        TWO,
        &after(&proved, &["listMethods"]),
        "methods=mobilePhone+ default.kind=textMessage",
    );
    check(
        TWO,
        &after(&proved, &["listAvailable"]),
        "methods=softwareOath+officePhone+email",
    );
    check(
        TWO,
        &after(&proved, &["signIn", "listMethods"]),
        "!secondStepRequired",
    );
}

#[test]
fn a_method_verified_in_an_interrupt_that_began_with_none_is_the_second_step() {
    let done = after(PHONE, &["completeWizard"]);
    check(STEP, &done, "state=signedIn");
    check(
        STEP,
        &after(&done, &["listMethods"]),
        "methods=mobilePhone+",
    );
    let again = after(&done, &["signIn"]);
    check(
        STEP,
        &again,
        "state=secondStepRequired default.kind=textMessage alternatives=[]",
    );
}

#[test]
fn the_default_follows_choice_deletion_and_policy() {
    let proved = after(PHONE, PROVED);
    let call = "setDefault method=mobilePhone kind=voiceCall";
    check(
        TWO,
        &after(&proved, &[call, "listMethods"]),
        "default.kind=voiceCall",
    );
    let mail = "setDefault method=email kind=emailCode";
    check(TWO, &after(MAIL, &[mail]), "!notEligible");
    let missing = "setDefault method=officePhone kind=voiceCall";
    check(TWO, &after(&proved, &[missing]), "!notEligible");
    check(
        TWO,
        &after(&proved, &["setDefault method=mobilePhone kind=appCode"]),
        "!notEligible",
    );
    let none = after(&proved, &["deleteMethod method=mobilePhone", "listMethods"]);
    check(TWO, &none, "methods=[] default.absent=true");
    let banned = [
        call,
        "setPolicy twoStep.kinds=['textMessage']",
        "listMethods",
    ];
    check(TWO, &after(&proved, &banned), "default.kind=textMessage");
}

#[test]
fn a_change_keeps_the_old_destination_until_the_new_one_is_proved() {
    let change = after(MAIL, &["changeMethod method=email"]);
    let wrong = ["? submitCode code=wrong", "listMethods"];
    check(TWO, &after(&change, &wrong), "methods=email+");
    let own = "readInbox channel=email address=own";
    let second = "readInbox channel=email address=second";
    let reset = ["+30s beginReset", "beginResetProof method=email"];
    check(TWO, &after(&after(&change, &reset), &[own]), "count=2");
    let changed = after(&change, &["submitCode code=lastSent"]);
    check(TWO, &after(&after(&changed, &reset), &[second]), "count=2");
    check(TWO, &after(&changed, &["listMethods"]), "methods=email+");
    let off = ["setPolicy reset.enabled=false", "changeMethod method=email"];
    check(TWO, &after(MAIL, &off), "!methodNotAvailable");
    let gone = ["deleteMethod method=email", "changeMethod method=email"];
    check(TWO, &after(MAIL, &gone), "!notFound");
    let oath = [
        "signIn",
        "beginEnrollment method=softwareOath",
        "addAccount",
        "submitCode code=current",
    ];
    let codes = "reset.enabled = true\nreset.methods = ['appCode']";
    check(
        codes,
        &after(&oath, &["changeMethod method=softwareOath"]),
        "!notEligible",
    );
}

#[test]
fn deleting_kills_open_challenges() {
    let story = [
        "signIn as=in",
        "beginEnrollment method=mobilePhone",
        "submitCode code=lastSent",
        "completeWizard",
        "signIn as=waiting",
        "+30s beginSecondStep",
        "deleteMethod session=in method=mobilePhone",
        "readSecondStep",
    ];
    check(STEP, &story, "state=cancelled");
    let proved = [&story[..7], &["submitSecondStepCode code=lastSent"]].concat();
    check(STEP, &proved, "!cancelled");
}

#[test]
fn an_unusable_method_is_offered_again_and_a_usable_one_is_not() {
    let moved = after(
        MAIL,
        &["setPolicy reset.methods=['mobilePhone']", "listMethods"],
    );
    check(TWO, &moved, "methods=email+ details.0.usableFor=[]");
    let again = after(MAIL, &["beginEnrollment method=email address=second"]);
    check(TWO, &again, "!methodNotAvailable");
}

#[test]
fn twenty_failures_block_the_account_for_its_time() {
    let mut story = MAIL.to_vec();
    for _ in 0..4 {
        story.push("beginEnrollment method=softwareOath");
        story.extend(["? submitCode code=wrong"; 5]);
    }
    let then = |rest: &[&'static str]| [&story[..], rest].concat();
    check(TWO, &then(&["signIn"]), "!invalidCredentials");
    check(TWO, &then(&["beginReset"]), "!contactAdministrator");
    check(TWO, &then(&["openAccount"]), "");
    check(TWO, &then(&["+899s signIn"]), "!invalidCredentials");
    check(TWO, &then(&["+900s signIn"]), "state=signedIn");
    let code = [
        "beginEnrollment method=softwareOath",
        "addAccount",
        "submitCode code=current",
    ];
    check(TWO, &then(&code), "!blocked");
    let audit = "events.1.activity=accountBlocked events.1.user=alice";
    check(TWO, &then(&["readAudit"]), audit);
}

#[test]
fn every_activity_leaves_one_event_in_order() {
    let rest = [
        "changeMethod method=email",
        "submitCode code=lastSent",
        "deleteMethod method=email",
        "readAudit",
    ];
    let audit = "events.0.activity=methodRegistered events.1.activity=methodChanged \
        events.2.activity=methodDeleted events.2.method=email events.2.result=success";
    check(TWO, &after(MAIL, &rest), audit);
    check(
        TWO,
        &["carol: signIn", "carol: readAuditEvents"],
        "events=[]",
    );
    check(TWO, &["signIn", "readAuditEvents"], "!forbidden");
    let wizard = "twoStep.kinds = ['textMessage']\ntwoStep.registrationRequired = true";
    let left = ["signIn", "defer", "signIn", "signOut", "readAudit"];
    let audit = "events.0.activity=wizardCancelled events.1.activity=wizardCancelled";
    check(wizard, &left, audit);
}

#[test]
fn a_policy_that_cannot_be_met_is_refused_and_changes_nothing() {
    check(TWO, &["setPolicy deferralDays=15"], "!invalidPolicy");
    check(
        TWO,
        &["setPolicy reset.methodsRequired=2"],
        "!invalidPolicy",
    );
    let refused = ["signIn", "? setPolicy reset.methods=[]", "listAvailable"];
    check(
        TWO,
        &refused,
        "methods=softwareOath+mobilePhone+officePhone+email",
    );
    check(TWO, &["setPolicy deferralDays=0"], "");
}
