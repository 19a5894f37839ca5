//! Exploring and racing a product without tenants, a clock or a policy that can be set.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;

use proofup_binding::{CompiledTarget, TransportOptions, loopback_transport};
use proofup_domain::clock::Clock;
use proofup_explore::explore::{ExploreConfig, ExploreOutput, explore};
use proofup_explore::race::{RaceConfig, RaceOutput, race};
use proofup_runner::run::TargetSession;
use proofup_scenario::catalogue::embedded_catalogue;
use proofup_world::UnprovenMapping;
use proofup_world::surroundings::Surroundings;
use tokio_util::sync::CancellationToken;

use crate::planted::{session, wait};
use crate::product::{Setup, TARGET, serve};

/// The file of the product as it is: it holds nothing back between two texts, and locks no account.
fn file(base: &str, changed: &dyn Fn(String) -> String) -> CompiledTarget {
    let text = TARGET
        .replace("{base}", base)
        .replace("{more}", "[gateways]")
        .replace("resendSeconds = 30", "resendSeconds = 0")
        .replace("accountFailures = 20", "accountFailures = 1000");
    let refusals = "\n[[refusals]]\nstatus = 401\nrefused = \"unauthenticated\"\n";
    CompiledTarget::compile("tiny.toml", &changed(text + refusals))
        .unwrap_or_else(|errors| panic!("{:?}", errors.problems()))
}

/// Lets something happen with the product, which has a defect or none.
fn with_product<T, F: Future<Output = T>>(
    defect: Option<&'static str>,
    changed: &dyn Fn(String) -> String,
    work: impl FnOnce(TargetSession) -> F,
) -> T {
    wait(async {
        let clock = Clock::fixed("2026-01-15T09:00:00Z".parse().expect("an instant"));
        let declared = file("http://127.0.0.1:1", changed);
        let surroundings = Surroundings::begin(&declared, &clock).await;
        let surroundings = Arc::new(surroundings.expect("gateways can be had"));
        let gateways = surroundings.gateways().expect("the file asks for them");
        let setup = Setup {
            sms_url: gateways.sms_url(),
            defect,
            ..Setup::default()
        };
        drop(gateways);
        let address = serve(setup, ([127, 0, 0, 1], 0).into()).await;
        let target = file(&format!("http://{address}"), changed);
        let base = target.base_url().cloned().expect("the file names one");
        let done = work(TargetSession {
            transport: loopback_transport(&base, TransportOptions::default()),
            target: Arc::new(target),
            surroundings: Arc::clone(&surroundings),
            control_token: None,
            ..session(None)
        });
        let done = done.await;
        surroundings.stop().await;
        done
    })
}

async fn exploring(session: TargetSession, cases: u64) -> ExploreOutput {
    let config = ExploreConfig {
        session,
        catalogue: Arc::new(embedded_catalogue()),
        unproven: UnprovenMapping::default(),
        jobs: 4,
        first: 1,
        cases,
        steps: 24,
        max_time: None,
    };
    let stop = CancellationToken::new();
    let explored = explore(&config, |_| {}, &stop).await;
    explored.expect("it can be reached")
}

async fn racing(session: TargetSession, histories: u64) -> RaceOutput {
    let config = RaceConfig {
        session,
        catalogue: Arc::new(embedded_catalogue()),
        unproven: UnprovenMapping::default(),
        jobs: 4,
        histories,
    };
    let stop = CancellationToken::new();
    let raced = race(&config, || {}, &stop).await;
    raced.expect("it can be reached")
}

fn explored(defect: Option<&'static str>, cases: u64) -> ExploreOutput {
    with_product(defect, &|text| text, |session| exploring(session, cases))
}

fn found(output: &ExploreOutput) -> BTreeSet<(&str, &str)> {
    let findings = output.findings.iter();
    findings
        .map(|one| (one.file.requirement.as_str(), one.file.got.as_str()))
        .collect()
}

#[test]
fn a_sound_product_without_tenants_is_explored_and_blamed_for_nothing_that_it_does_not_do() {
    let output = explored(None, 150);
    assert_eq!(output.failures, vec![]);
    assert_eq!(output.cases, 150);
    // It sends texts to numbers that cannot take any; everything else is as it should be.
    let found: BTreeSet<&str> = found(&output).into_iter().map(|(id, _)| id).collect();
    assert_eq!(found, BTreeSet::from(["TEXT-5"]), "{output:#?}");
    let submitted = output
        .tallies
        .iter()
        .find(|(word, _)| *word == "submitCode");
    assert!(submitted.is_some_and(|(_, tally)| tally.succeeded > 20 && tally.refused > 20));
}

#[test]
fn what_is_planted_in_a_product_without_tenants_is_found_by_exploring() {
    for (defect, requirements) in [
        ("codeWorksTwice", &["CODE-4", "CODE-3"][..]),
        ("provesForOthers", &["API-2"][..]),
        ("triesNeverRunOut", &["CODE-6"][..]),
    ] {
        let output = explored(Some(defect), 150);
        let found: BTreeSet<&str> = found(&output).into_iter().map(|(id, _)| id).collect();
        assert!(
            requirements.iter().any(|id| found.contains(id)),
            "{defect}: {found:?}"
        );
        let confirmed = output.findings.iter().all(|one| one.is_confirmed());
        assert!(confirmed, "{defect}: {:#?}", output.findings);
    }
}

#[test]
fn an_answer_that_the_file_does_not_know_is_told_and_is_no_finding() {
    // Nothing says what 401 means.
    let forgetful = |text: String| text.replace("status = 401\nrefused", "status = 499\nrefused");
    let output = with_product(None, &forgetful, |session| exploring(session, 60));
    let found: BTreeSet<&str> = found(&output).into_iter().map(|(id, _)| id).collect();
    assert!(!found.iter().any(|id| *id != "TEXT-5"), "{found:?}");
    let unjudged: Vec<&String> = output.unjudged.keys().collect();
    assert!(
        unjudged.iter().any(|why| why.contains("401")),
        "{unjudged:?}"
    );
}

#[test]
fn exploring_ends_when_the_users_of_the_file_are_used_up() {
    let pooled = |text: String| {
        let made = text
            .find("[operations.createUser]")
            .expect("it makes users");
        let kept = text.find("[operations.signIn]").expect("they sign in");
        let users = "[[users]]\nname = \"one\"\nuserPrincipalName = \"one@example.com\"\npassword = \"secret\"\n\n";
        format!("{}{users}{}", &text[..made], &text[kept..])
    };
    let output = with_product(None, &pooled, |session| exploring(session, 40));
    assert_eq!(output.used_up, Some(1));
    assert!(output.cases < 40);
}

#[test]
fn a_code_that_works_twice_is_found_by_racing_and_a_sound_product_is_not_blamed() {
    let sound = with_product(None, &|text| text, |session| racing(session, 30));
    assert!(!sound.is_violated(), "{:#?}", sound.findings);
    let judged = sound.stories.iter().filter(|story| story.judged > 0);
    let judged: BTreeSet<&str> = judged.map(|story| story.name).collect();
    assert!(
        judged.contains("one code in a setup"),
        "{:#?}",
        sound.stories
    );
    assert!(judged.contains("tries run out in a setup"), "{judged:?}");
    let twice = with_product(Some("codeWorksTwice"), &|text| text, |session| {
        racing(session, 15)
    });
    let broken: BTreeSet<&str> = twice.findings.iter().map(|one| one.requirement).collect();
    assert!(broken.contains("CODE-9"), "{broken:?}");
}
