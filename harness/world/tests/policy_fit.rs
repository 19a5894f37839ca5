//! Which scenarios of the suite tell the truth under another policy than their own.

use std::collections::BTreeSet;

use proofup_domain::capabilities::Capabilities;
use proofup_domain::edition::Edition;
use proofup_domain::method::{ChallengeKind, ResetMethod};
use proofup_domain::policy::{AppPolicy, ChoicePolicy, Policy, ResetPolicy, TwoStepPolicy};
use proofup_scenario::catalogue::embedded_catalogue;
use proofup_scenario::{Scenario, embedded_suite};
use proofup_world::policy_fit::fits_under;
use proofup_world::session::read_capabilities;

use crate::planted::{session, wait};

fn reference() -> Capabilities {
    wait(read_capabilities(&session(None))).expect("it can be asked")
}

fn cases() -> Vec<(Scenario, Edition)> {
    let suite = embedded_suite(&embedded_catalogue()).expect("the suite loads");
    let mut cases = Vec::new();
    for scenario in suite.scenarios {
        for edition in scenario.editions.clone() {
            cases.push((scenario.clone(), edition));
        }
    }
    cases
}

/// Allows everything and demands nothing.
fn permissive(edition: Edition) -> Policy {
    let kinds = [
        ChallengeKind::AppNotification,
        ChallengeKind::AppCode,
        ChallengeKind::TextMessage,
        ChallengeKind::VoiceCall,
    ];
    Policy {
        edition,
        two_step: TwoStepPolicy {
            kinds: BTreeSet::from(kinds),
            ..TwoStepPolicy::default()
        },
        reset: ResetPolicy {
            enabled: true,
            methods: ResetMethod::ALL.iter().copied().collect(),
            questions: (1..=5)
                .map(|number| format!("Question {number}?"))
                .collect(),
            ..ResetPolicy::default()
        },
        deferral_days: 14,
        choice: ChoicePolicy {
            different_method: true,
        },
        app: AppPolicy {
            code_with_notification: true,
        },
    }
}

#[test]
fn every_case_fits_its_own_policy() {
    let capabilities = reference();
    let mut parted = Vec::new();
    let mut count = 0;
    for (scenario, edition) in cases() {
        count += 1;
        let own = Policy {
            edition,
            ..scenario.policy.clone()
        };
        if let Err(why) = fits_under(&scenario, &own, &capabilities) {
            parted.push(format!("{}[{edition}]: {why}", scenario.stem));
        }
    }
    assert!(count > 150, "the suite was found: {count} cases");
    assert!(parted.is_empty(), "{}", parted.join("\n"));
}

#[test]
fn some_cases_fit_a_permissive_policy_and_others_do_not() {
    let capabilities = reference();
    let mut fit = BTreeSet::new();
    let mut parted = BTreeSet::new();
    for (scenario, edition) in cases() {
        match fits_under(&scenario, &permissive(edition), &capabilities) {
            Ok(()) => fit.insert(scenario.stem.clone()),
            Err(conflict) => {
                assert!(!conflict.fields.is_empty(), "{conflict}");
                parted.insert(scenario.stem.clone())
            }
        };
    }
    // What is expected of codes and messages holds whatever is required; what is expected of an interrupt does not.
    for stem in [
        "a-code-works-once",
        "never-in-a-response",
        "new-password-after-the-gates",
    ] {
        assert!(fit.contains(stem), "{stem}");
    }
    for stem in [
        "nothing-registered-interrupts",
        "offer-and-taking-it",
        "no-email-where-not-allowed",
    ] {
        assert!(parted.contains(stem), "{stem}");
    }
    assert!(
        fit.len() > 60 && parted.len() > 100,
        "{} {}",
        fit.len(),
        parted.len()
    );
}
