//! The stories that races are made of: each has its variations, which are drawn.
//!
//! Whatever is looked at afterwards, and whatever is sent together, names its session, setup or challenge: the latest of a
//! user is not the same in every order.

use proofup_domain::capabilities::{Feature, Limits};
use proofup_domain::method::{ChallengeKind, Method};
use proofup_domain::policy::Policy;
use proofup_domain::requirement::NeededFeature;
use proofup_scenario::UserSpec;
use proofup_world::persona::case_rng;
use serde_json::{Value as Json, json};

use super::plan::HistoryPlan;
use super::teller::{HistoryTemplate, Teller};

const RESET: NeededFeature = NeededFeature::Feature(Feature::Reset);
const TWO_STEP: NeededFeature = NeededFeature::Feature(Feature::TwoStep);
const MANAGE: NeededFeature = NeededFeature::Feature(Feature::Manage);
const DEFERRAL: NeededFeature = NeededFeature::Feature(Feature::Deferral);
const TEXT: NeededFeature = NeededFeature::Kind(ChallengeKind::TextMessage);
const CALL: NeededFeature = NeededFeature::Kind(ChallengeKind::VoiceCall);
const APP: NeededFeature = NeededFeature::Method(Method::MicrosoftAuthenticator);
const OATH: NeededFeature = NeededFeature::Method(Method::SoftwareOath);
const EMAIL: NeededFeature = NeededFeature::Method(Method::Email);

/// Lists the stories.
pub(crate) const TEMPLATES: &[HistoryTemplate] = &[
    HistoryTemplate {
        name: "one code in a setup",
        title: "Of simultaneous submissions of one right code in a setup one wins",
        requirement: "CODE-9",
        needs: &[MANAGE],
        vehicles: &[RESET, EMAIL, TEXT],
        tell: one_code_in_a_setup,
    },
    HistoryTemplate {
        name: "one code in a second step",
        title: "Of simultaneous submissions of one right code in a second step one wins",
        requirement: "CODE-9",
        needs: &[TWO_STEP, TEXT],
        vehicles: &[],
        tell: one_code_in_a_second_step,
    },
    HistoryTemplate {
        name: "one code in a reset",
        title: "Of simultaneous submissions of one right code in a reset one wins",
        requirement: "CODE-9",
        needs: &[RESET, EMAIL],
        vehicles: &[],
        tell: one_code_in_a_reset,
    },
    HistoryTemplate {
        name: "tries run out in a setup",
        title: "Simultaneous guesses in a setup do not exceed the limit",
        requirement: "CODE-6",
        needs: &[MANAGE],
        vehicles: &[RESET, EMAIL, TEXT],
        tell: tries_in_a_setup,
    },
    HistoryTemplate {
        name: "tries run out in a second step",
        title: "Simultaneous guesses in a second step do not exceed the limit",
        requirement: "CODE-6",
        needs: &[TWO_STEP, TEXT],
        vehicles: &[],
        tell: tries_in_a_second_step,
    },
    HistoryTemplate {
        name: "tries run out in a reset",
        title: "Simultaneous guesses in a reset do not exceed the limit",
        requirement: "CODE-6",
        needs: &[RESET, EMAIL],
        vehicles: &[],
        tell: tries_in_a_reset,
    },
    HistoryTemplate {
        name: "one TOTP step in two uses",
        title: "A TOTP step that is used twice at the same moment is accepted once",
        requirement: "APP-11",
        needs: &[RESET, TWO_STEP, OATH],
        vehicles: &[],
        tell: one_step_in_two_uses,
    },
    HistoryTemplate {
        name: "sending again and verifying",
        title: "A code is either accepted or dead when a newer one is sent at the same moment",
        requirement: "CODE-5",
        needs: &[MANAGE],
        vehicles: &[RESET, TEXT],
        tell: sending_again_and_verifying,
    },
    HistoryTemplate {
        name: "deleting the default and proving by it",
        title: "The default that is deleted at the same moment proves before it goes or not at all",
        requirement: "MAN-2",
        needs: &[TWO_STEP, MANAGE, TEXT, OATH],
        vehicles: &[],
        tell: deleting_the_default,
    },
    HistoryTemplate {
        name: "deferring at the end of the window",
        title: "At the closing instant of the window it is too late to defer",
        requirement: "DEF-11",
        needs: &[TWO_STEP, DEFERRAL, TEXT],
        vehicles: &[],
        tell: deferring_at_the_end,
    },
    HistoryTemplate {
        name: "two setups of one method",
        title: "Of two setups of one method that begin at the same moment one goes on",
        requirement: "MAIL-4",
        needs: &[MANAGE, EMAIL],
        vehicles: &[RESET],
        tell: two_setups,
    },
    HistoryTemplate {
        name: "finishing a reset twice",
        title: "A reset that is finished twice at the same moment sets one password",
        requirement: "RESET-5",
        needs: &[RESET, EMAIL],
        vehicles: &[],
        tell: finishing_a_reset_twice,
    },
    HistoryTemplate {
        name: "a new password and old sessions",
        title: "No session outlives a new password that is set at the same moment",
        requirement: "RESET-5",
        needs: &[RESET, EMAIL],
        vehicles: &[MANAGE],
        tell: a_new_password_and_old_sessions,
    },
    HistoryTemplate {
        name: "approving and denying",
        title: "Of simultaneous answers to one notification one counts",
        requirement: "APP-13",
        needs: &[TWO_STEP, APP],
        vehicles: &[],
        tell: approving_and_denying,
    },
    HistoryTemplate {
        name: "pressing twice",
        title: "Of simultaneous words about one call one counts",
        requirement: "CALL-4",
        needs: &[MANAGE, CALL],
        vehicles: &[RESET],
        tell: pressing_twice,
    },
];

/// Draws the history of a case: the stories take turns, their variations come from the seed and the case's number.
///
/// `sends` are the methods that a code can be sent for.
pub(crate) fn draw(seed: u64, case: u64, limits: &Limits, sends: &[Method]) -> HistoryPlan {
    let turn = usize::try_from(case.saturating_sub(1)).unwrap_or(0) % TEMPLATES.len();
    let template = &TEMPLATES[turn];
    let mut rng = case_rng(seed, &format!("race {case}"));
    let mut teller = Teller {
        rng: &mut rng,
        limits,
        sends,
        policy: json!({}),
        methods: &[],
        before: Vec::new(),
        together: Vec::new(),
        after: Vec::new(),
    };
    (template.tell)(&mut teller);
    HistoryPlan {
        template,
        case,
        policy: policy(teller.policy),
        users: vec![alice(teller.methods)],
        before: teller.before,
        together: teller.together,
        after: teller.after,
    }
}

fn policy(given: Json) -> Policy {
    serde_json::from_value(given).expect("these are spelt as the vocabulary spells them")
}

fn alice(methods: &[Method]) -> UserSpec {
    let user = json!({ "name": "alice", "methods": methods });
    serde_json::from_value(user).expect("a person may have these methods")
}

/// Everything may reset a password, nothing is asked for.
fn resets(methods: &[&str], gates: u32) -> Json {
    json!({ "reset": { "enabled": true, "methods": methods, "methodsRequired": gates } })
}

fn demands(kinds: &[&str]) -> Json {
    json!({ "twoStep": { "kinds": kinds, "requiredAtSignIn": true } })
}

fn sign_in(name: &str) -> Json {
    json!({ "do": "signIn", "as": name })
}

fn wait(by: &str) -> Json {
    json!({ "do": "advanceClock", "by": by })
}

fn read_session(name: &str) -> Json {
    json!({ "do": "readSession", "session": name })
}

fn list_methods(name: &str) -> Json {
    json!({ "do": "listMethods", "session": name })
}

fn read_audit() -> Json {
    json!({ "do": "readAudit" })
}

fn begin_setup(tell: &mut Teller<'_>) {
    tell.policy = resets(&["email", "mobilePhone", "officePhone"], 1);
    let drawn = if tell.chance() {
        Method::Email
    } else {
        Method::MobilePhone
    };
    // A product that has only one of them has the story by that one.
    let others = tell
        .sends
        .iter()
        .copied()
        .find(|_| !tell.sends.contains(&drawn));
    let method = others.unwrap_or(drawn);
    tell.first(&[
        sign_in("s"),
        json!({ "do": "beginEnrollment", "method": method, "session": "s", "as": "e" }),
    ]);
    tell.afterwards(&[
        json!({ "do": "readEnrollment", "session": "s", "enrollment": "e" }),
        list_methods("s"),
        read_audit(),
    ]);
}

fn one_code_in_a_setup(tell: &mut Teller<'_>) {
    begin_setup(tell);
    let times = tell.between(2, 8);
    tell.at_once(
        times,
        &json!({ "do": "submitCode", "session": "s", "enrollment": "e", "code": "lastSent" }),
    );
    if times < 8 && tell.chance() {
        tell.at_once(
            1,
            &json!({ "do": "readEnrollment", "session": "s", "enrollment": "e" }),
        );
        tell.shuffle();
    }
}

fn tries_in_a_setup(tell: &mut Teller<'_>) {
    begin_setup(tell);
    tell.guesses(&json!({ "do": "submitCode", "session": "s", "enrollment": "e" }));
}

fn begin_second_step(tell: &mut Teller<'_>) {
    tell.policy = demands(&["textMessage"]);
    tell.methods = &[Method::MobilePhone];
    tell.first(&[
        sign_in("s"),
        json!({ "do": "beginSecondStep", "session": "s", "as": "c" }),
    ]);
    tell.afterwards(&[
        json!({ "do": "readSecondStep", "session": "s", "challenge": "c" }),
        read_session("s"),
        read_audit(),
    ]);
}

fn one_code_in_a_second_step(tell: &mut Teller<'_>) {
    begin_second_step(tell);
    let times = tell.between(2, 8);
    tell.at_once(
        times,
        &json!({ "do": "submitSecondStepCode", "session": "s", "challenge": "c", "code": "lastSent" }),
    );
    if times < 8 && tell.chance() {
        tell.at_once(1, &read_session("s"));
        tell.shuffle();
    }
}

fn tries_in_a_second_step(tell: &mut Teller<'_>) {
    begin_second_step(tell);
    tell.guesses(&json!({ "do": "submitSecondStepCode", "session": "s", "challenge": "c" }));
}

fn begin_reset(tell: &mut Teller<'_>) {
    let gates = tell.between(1, 2);
    tell.policy = resets(&["email", "mobilePhone"], gates);
    tell.methods = &[Method::Email, Method::MobilePhone];
    tell.first(&[
        json!({ "do": "beginReset", "as": "r" }),
        json!({ "do": "beginResetProof", "reset": "r", "method": "email", "as": "p" }),
    ]);
    tell.afterwards(&[json!({ "do": "readReset", "reset": "r" })]);
}

fn one_code_in_a_reset(tell: &mut Teller<'_>) {
    begin_reset(tell);
    let times = tell.between(2, 8);
    tell.at_once(
        times,
        &json!({ "do": "submitResetCode", "reset": "r", "proof": "p", "code": "lastSent" }),
    );
}

fn tries_in_a_reset(tell: &mut Teller<'_>) {
    begin_reset(tell);
    tell.guesses(&json!({ "do": "submitResetCode", "reset": "r", "proof": "p" }));
}

fn one_step_in_two_uses(tell: &mut Teller<'_>) {
    tell.policy = json!({
        "twoStep": { "kinds": ["appCode"], "requiredAtSignIn": true },
        "reset": { "enabled": true, "methods": ["appCode"], "methodsRequired": 1 },
    });
    tell.methods = &[Method::SoftwareOath];
    tell.first(&[
        sign_in("s"),
        json!({ "do": "beginSecondStep", "session": "s", "as": "c" }),
        json!({ "do": "beginReset", "as": "r" }),
        json!({ "do": "beginResetProof", "reset": "r", "method": "softwareOath", "as": "p" }),
    ]);
    let (one, other) = (tell.between(1, 4), tell.between(1, 4));
    tell.at_once(
        one,
        &json!({ "do": "submitSecondStepCode", "session": "s", "challenge": "c", "code": "current" }),
    );
    tell.at_once(
        other,
        &json!({ "do": "submitResetCode", "reset": "r", "proof": "p", "code": "current" }),
    );
    tell.shuffle();
    tell.afterwards(&[
        read_session("s"),
        json!({ "do": "readReset", "reset": "r" }),
        json!({ "do": "readResetProof", "reset": "r", "proof": "p" }),
    ]);
}

fn sending_again_and_verifying(tell: &mut Teller<'_>) {
    begin_setup(tell);
    if tell.limits.resend_seconds > 0 {
        tell.first(&[wait("resend")]);
    }
    let times = tell.between(1, 4);
    tell.at_once(
        1,
        &json!({ "do": "sendCode", "session": "s", "enrollment": "e" }),
    );
    tell.at_once(
        times,
        &json!({ "do": "submitCode", "session": "s", "enrollment": "e", "code": "lastSent" }),
    );
    tell.shuffle();
}

fn deleting_the_default(tell: &mut Teller<'_>) {
    tell.policy = demands(&["appCode", "textMessage"]);
    tell.methods = &[Method::SoftwareOath, Method::MobilePhone];
    tell.first(&[
        sign_in("s"),
        json!({ "do": "beginSecondStep", "session": "s", "as": "c" }),
        json!({ "do": "submitSecondStepCode", "session": "s", "challenge": "c", "code": "current" }),
        wait("totpStep"),
        sign_in("t"),
        json!({ "do": "beginSecondStep", "session": "t", "as": "d" }),
    ]);
    tell.at_once(
        1,
        &json!({ "do": "deleteMethod", "session": "s", "method": "softwareOath" }),
    );
    let times = tell.between(1, 3);
    tell.at_once(
        times,
        &json!({ "do": "submitSecondStepCode", "session": "t", "challenge": "d", "code": "current" }),
    );
    if tell.chance() {
        tell.at_once(1, &sign_in("u"));
    }
    if tell.chance() {
        tell.at_once(1, &list_methods("s"));
    }
    tell.shuffle();
    tell.afterwards(&[list_methods("s"), read_session("t"), read_audit()]);
}

fn deferring_at_the_end(tell: &mut Teller<'_>) {
    let days = tell.between(1, 14);
    tell.policy = json!({
        "twoStep": { "kinds": ["textMessage"], "registrationRequired": true },
        "deferralDays": days,
    });
    let last_second = if days == 1 {
        "23h 59m 59s".to_owned()
    } else {
        format!("{}d 23h 59m 59s", days - 1)
    };
    tell.first(&[sign_in("opening"), wait(&last_second)]);
    let sessions = tell.between(1, 3);
    for number in 1..=sessions {
        let name = format!("s{number}");
        tell.first(&[sign_in(&name)]);
        let times = tell.between(1, 2);
        tell.at_once(times, &json!({ "do": "defer", "session": name }));
        tell.afterwards(&[read_session(&name)]);
    }
    tell.at_once(1, &wait("1s"));
    tell.shuffle();
    tell.afterwards(&[sign_in("late"), read_audit()]);
}

fn two_setups(tell: &mut Teller<'_>) {
    tell.policy = resets(&["email", "mobilePhone"], 1);
    tell.first(&[sign_in("s")]);
    for (name, address) in [("e", "own"), ("f", "second")] {
        tell.at_once(
            1,
            &json!({ "do": "beginEnrollment", "session": "s", "method": "email", "address": address, "as": name }),
        );
    }
    if tell.chance() {
        tell.at_once(1, &json!({ "do": "listAvailable", "session": "s" }));
    }
    tell.shuffle();
    tell.afterwards(&[
        json!({ "do": "readEnrollment", "session": "s", "enrollment": "e" }),
        json!({ "do": "readEnrollment", "session": "s", "enrollment": "f" }),
        list_methods("s"),
    ]);
}

/// Passes the only gate.
fn pass_the_gate(tell: &mut Teller<'_>) {
    tell.first(&[
        json!({ "do": "beginReset", "as": "r" }),
        json!({ "do": "beginResetProof", "reset": "r", "method": "email", "as": "p" }),
        json!({ "do": "submitResetCode", "reset": "r", "proof": "p", "code": "lastSent" }),
    ]);
}

fn finishing_a_reset_twice(tell: &mut Teller<'_>) {
    tell.policy = resets(&["email"], 1);
    tell.methods = &[Method::Email];
    pass_the_gate(tell);
    let times = tell.between(2, 6);
    tell.at_once(times, &json!({ "do": "setNewPassword", "reset": "r" }));
    tell.afterwards(&[
        json!({ "do": "readReset", "reset": "r" }),
        sign_in("s"),
        read_audit(),
    ]);
}

fn a_new_password_and_old_sessions(tell: &mut Teller<'_>) {
    tell.policy = resets(&["email"], 1);
    tell.methods = &[Method::Email];
    tell.first(&[sign_in("s")]);
    pass_the_gate(tell);
    tell.at_once(1, &json!({ "do": "setNewPassword", "reset": "r" }));
    let times = tell.between(1, 3);
    for number in 1..=times {
        tell.at_once(1, &sign_in(&format!("t{number}")));
    }
    if tell.chance() {
        tell.at_once(1, &read_session("s"));
    }
    if tell.chance() {
        tell.at_once(1, &list_methods("s"));
    }
    tell.shuffle();
    tell.afterwards(&[read_session("s"), sign_in("new"), read_audit()]);
}

fn approving_and_denying(tell: &mut Teller<'_>) {
    tell.policy = demands(&["appNotification"]);
    tell.methods = &[Method::MicrosoftAuthenticator];
    tell.first(&[
        sign_in("s"),
        json!({ "do": "beginSecondStep", "session": "s", "as": "c" }),
    ]);
    let (approvals, denials) = (tell.between(1, 4), tell.between(1, 4));
    tell.at_once(approvals, &json!({ "do": "approveNotification" }));
    tell.at_once(denials, &json!({ "do": "denyNotification" }));
    tell.shuffle();
    tell.afterwards(&[
        json!({ "do": "readSecondStep", "session": "s", "challenge": "c" }),
        read_session("s"),
    ]);
}

fn pressing_twice(tell: &mut Teller<'_>) {
    tell.policy = resets(&["mobilePhone", "officePhone"], 1);
    let method = if tell.chance() {
        "officePhone"
    } else {
        "mobilePhone"
    };
    tell.first(&[
        sign_in("s"),
        json!({ "do": "beginEnrollment", "session": "s", "method": method, "kind": "voiceCall", "as": "e" }),
    ]);
    let presses = tell.between(1, 4);
    tell.at_once(presses, &json!({ "do": "pressKey" }));
    let others = tell.between(u32::from(presses == 1), 2);
    tell.at_once(others, &json!({ "do": "hangUp" }));
    if tell.chance() {
        tell.at_once(1, &json!({ "do": "pressKey", "key": "1" }));
    }
    tell.shuffle();
    tell.afterwards(&[
        json!({ "do": "readEnrollment", "session": "s", "enrollment": "e" }),
        list_methods("s"),
        read_audit(),
    ]);
}
