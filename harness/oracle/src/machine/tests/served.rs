//! The requirement that a decision serves: what a report names when something else comes.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::SignedDuration;

use super::super::Expected;
use super::{read, start, step, tenant};

/// A policy, who did what, and the requirement that the last command's refusal serves.
type Row<'a> = (&'a str, &'a [&'a [&'a str]], &'a str);

const QUESTIONS: &str = "reset.enabled = true\nreset.methods = ['email', 'mobilePhone', 'securityQuestions']\n\
    reset.questions = ['One?', 'Two?', 'Three?', 'Four?', 'Five?']";
const RESET: &str = "reset.enabled = true\nreset.methods = ['email', 'mobilePhone', 'appCode']";
const TWO_GATES: &str = "reset.enabled = true\nreset.methods = ['email', 'mobilePhone', 'officePhone']\n\
    reset.methodsRequired = 2";
const STEP: &str = "twoStep.kinds = ['appCode', 'textMessage']\ntwoStep.requiredAtSignIn = true\n\
    choice.differentMethod = true";
const MAIL: &[&str] = &[
    "signIn",
    "beginEnrollment method=email",
    "submitCode code=lastSent",
];
const CAROLS_MAIL: &[&str] = &[
    "carol: signIn",
    "carol: beginEnrollment method=email",
    "carol: submitCode code=lastSent",
];
const PHONE: &[&str] = &[
    "signIn",
    "beginEnrollment method=mobilePhone",
    "submitCode code=lastSent",
];
const PROVED: &[&str] = &[
    "+30s beginReset",
    "beginResetProof method=email",
    "submitResetCode code=lastSent",
];
const PROOF_BEGUN: &[&str] = PROVED.split_at(2).0;
const OLDER_RESET: &[&str] = &["+30s beginReset as=first"];
const NEWER_RESET: &[&str] = &["beginReset"];
const NEW_PASSWORD: &[&str] = &["setNewPassword"];
const SECOND_MAIL: &[&str] = &["+30s beginEnrollment method=email address=second"];

/// Walks a story and returns what its last command may be answered with.
fn last(policy: &str, story: &[&[&str]]) -> Expected {
    let (mut state, mut now, mut last) = (tenant(policy), start(), None);
    for line in story.concat() {
        let (wait, _, command) = read(line);
        now += SignedDuration::from_secs(wait);
        let outcome = step(&state, &command, now);
        assert_eq!(outcome.expected.unbound(), None, "`{line}` can be done");
        state = outcome.state;
        last = Some(outcome.expected);
    }
    last.expect("a story has a command")
}

/// Each refusal has another reason, and the command alone does not tell which.
const SERVED: &[Row<'static>] = &[
    // Sessions: nobody's, signed out, ended by a reset.
    (RESET, &[MAIL, &["listMethods session=none"]], "SIGN-1"),
    (RESET, &[MAIL, &["signOut", "listMethods"]], "SIGN-8"),
    (
        RESET,
        &[MAIL, PROVED, NEW_PASSWORD, &["listMethods"]],
        "RESET-5",
    ),
    // Passwords: a wrong one, and one that a reset has replaced.
    (RESET, &[&["signIn password=wrong"]], "SIGN-7"),
    (RESET, &[&["mallory: signIn"]], "SIGN-7"),
    (
        RESET,
        &[MAIL, PROVED, NEW_PASSWORD, &["signIn password=previous"]],
        "RESET-1",
    ),
    // Setting up: barred by policy, by role, by what is registered, by a policy that has changed since.
    (
        RESET,
        &[&["signIn", "beginEnrollment method=officePhone"]],
        "AVAIL-3",
    ),
    (
        QUESTIONS,
        &[&[
            "carol: signIn",
            "carol: beginEnrollment method=securityQuestions",
        ]],
        "AVAIL-7",
    ),
    (RESET, &[MAIL, SECOND_MAIL], "AVAIL-9"),
    (
        RESET,
        &[
            MAIL.split_at(2).0,
            &["setPolicy reset.methods=['mobilePhone']"],
            &["submitCode code=lastSent"],
        ],
        "AVAIL-8",
    ),
    // What a session owes: its second step, the wizard, a second step before more is set up.
    (
        STEP,
        &[PHONE, &["signOut", "+30s signIn", "listMethods"]],
        "TWO-4",
    ),
    (STEP, &[&["signIn", "listMethods"]], "SIGN-4"),
    // Second steps: by what never is one.
    (
        STEP,
        &[
            PHONE,
            &["signOut", "+30s signIn", "beginSecondStep method=email"],
        ],
        "TWO-2",
    ),
    // Resets: too little registered for anybody, and for an administrator alone.
    (RESET, &[&["beginReset"]], "RESET-4"),
    (
        RESET,
        &[CAROLS_MAIL, &["+30s carol: beginReset"]],
        "AVAIL-7",
    ),
    // Gates: passed already, missing, and counted once however often it was proved.
    (
        TWO_GATES,
        &[
            MAIL,
            &[
                "beginEnrollment method=mobilePhone",
                "submitCode code=lastSent",
            ],
            PROVED,
            &["+30s beginResetProof method=email"],
        ],
        "RESET-3",
    ),
    (
        TWO_GATES,
        &[
            MAIL,
            &[
                "beginEnrollment method=mobilePhone",
                "submitCode code=lastSent",
            ],
            PROVED,
            NEW_PASSWORD,
        ],
        "RESET-1",
    ),
    (
        RESET,
        &[
            MAIL,
            OLDER_RESET,
            NEWER_RESET,
            &["setNewPassword reset=first"],
        ],
        "RESET-5",
    ),
    // Sending.
    (
        RESET,
        &[MAIL, PROOF_BEGUN, &["beginResetProof method=email"]],
        "CODE-8",
    ),
    (
        RESET,
        &[
            MAIL,
            &["setGateway channel=email behaviour=answer5xx"],
            PROOF_BEGUN,
        ],
        "GATE-1",
    ),
];

#[test]
fn a_refusal_names_the_requirement_that_it_serves() {
    for (policy, story, requirement) in SERVED {
        let last = last(policy, story);
        let told = last.to_expect();
        assert!(!last.may_succeed(), "{story:?}: {told}");
        assert_eq!(last.serves(), Some(*requirement), "{story:?}: {told}");
    }
}

#[test]
fn what_is_not_offered_is_kept_out_by_its_own_requirement() {
    let carol = last(QUESTIONS, &[&["carol: signIn", "carol: listAvailable"]]);
    assert_eq!(carol.keeps_out("securityQuestions"), Some("AVAIL-7"));
    assert_eq!(carol.keeps_out("officePhone"), Some("AVAIL-1"));
    assert_eq!(carol.keeps_out("email"), None);
    let interrupted = "reset.registrationRequired = true";
    let policy = format!("{QUESTIONS}\n{interrupted}");
    let wizard = last(&policy, &[&["carol: signIn", "carol: readWizard"]]);
    assert_eq!(wizard.keeps_out("securityQuestions"), Some("AVAIL-7"));
    let alice = last(QUESTIONS, &[MAIL, &["listAvailable"]]);
    assert_eq!(alice.keeps_out("securityQuestions"), None);
    assert_eq!(alice.keeps_out("email"), Some("AVAIL-9"));
}

#[test]
fn every_requirement_that_a_decision_names_is_in_the_catalogue() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let catalogue = std::fs::read_to_string(root.join("../../fixtures/requirements.toml"));
    let catalogue = catalogue.expect("the catalogue can be read");
    let mut named = BTreeSet::new();
    for entry in std::fs::read_dir(root.join("src/machine")).expect("the machine can be read") {
        let path = entry.expect("an entry can be read").path();
        if path.is_file() {
            let text = std::fs::read_to_string(&path).expect("a file can be read");
            let quoted = text.split('"').skip(1).step_by(2);
            named.extend(quoted.filter(|word| is_id(word)).map(str::to_owned));
        }
    }
    assert!(named.len() > 10, "decisions name requirements: {named:?}");
    for id in named {
        assert!(catalogue.contains(&format!("id = \"{id}\"\n")), "{id}");
    }
}

/// Returns whether a word is the id of a requirement: `AREA-number`.
fn is_id(word: &str) -> bool {
    word.split_once('-').is_some_and(|(area, number)| {
        let is_area = !area.is_empty() && area.chars().all(|c| c.is_ascii_uppercase());
        is_area && !number.is_empty() && number.chars().all(|c| c.is_ascii_digit())
    })
}
