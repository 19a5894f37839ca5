use proofup_binding::exchange::Exchange;
use proofup_domain::edition::Edition;
use proofup_domain::requirement::Level;
use quick_xml::Reader;
use quick_xml::events::Event;

use super::*;
use crate::exemption::{Covers, ExemptOutcome, Exemption, Exemptions};
use crate::outcome::{CaseResult, Mismatch, Outcome};
use crate::report::json::RunReport;
use crate::samples::{absent, case, catalogue, check, failed, unable};
use crate::verdict::{Evidence, RunScope, Verdict, judge};

fn facts() -> Facts {
    Facts {
        version: "0.1.0".to_owned(),
        seed: u64::MAX,
        editions: vec![Edition::default()],
        level: Level::Should,
        target: "reference".to_owned(),
        capabilities: None,
        clock_mode: "manual".to_owned(),
        suite_origin: "embedded".to_owned(),
        suite_hash: "abc".to_owned(),
        selection: Vec::new(),
        started_at: "2026-06-01T10:00:00Z".parse().expect("an instant"),
        finished_at: "2026-06-01T10:00:02Z".parse().expect("an instant"),
        jobs: 2,
        transport: "loopback".to_owned(),
        base_url: Some("http://127.0.0.1:4711".to_owned()),
    }
}

fn exchange(port: u16) -> Exchange {
    Exchange {
        operation: "signIn".to_owned(),
        method: "POST".to_owned(),
        url: format!("http://127.0.0.1:{port}/v1/sessions?x=it's"),
        request_headers: vec![
            ("host".to_owned(), format!("127.0.0.1:{port}")),
            ("authorization".to_owned(), "Bearer ***".to_owned()),
        ],
        request_body: Some("{\"password\":\"***\"}".to_owned()),
        status: Some(200),
        response_headers: vec![("Date".to_owned(), format!("at {port}"))],
        response_body: Some("{}".to_owned()),
        failure: None,
    }
}

/// One check of every outcome; the failing one has an exchange, and a mismatch with what no XML can hold.
fn cases(port: u16) -> Vec<CaseResult> {
    let mut odd = check("A-2/odd", failed());
    odd.exchanges = vec![exchange(port)];
    odd.outcome = Outcome::Failed(vec![Mismatch {
        path: "state".to_owned(),
        expected: "a\u{1b}[31m<&>\u{0}]]>\u{ffff}".into(),
        actual: None,
    }]);
    vec![case(vec![
        check("A-1/right", Outcome::Passed),
        check("A-1/known", failed()),
        odd,
        check("A-2/unable", unable()),
        check("A-3/absent", absent()),
    ])]
}

fn with<T>(port: u16, read: impl FnOnce(&Verdict<'_>, &[CaseResult]) -> T) -> T {
    let (catalogue, cases, scope) = (catalogue(), cases(port), RunScope::default());
    let exemptions = Exemptions::new(vec![Exemption {
        covers: Covers::Check("A-1/known".to_owned()),
        reason: "ticket 12".to_owned(),
        expires: None,
        outcome: ExemptOutcome::Failed,
    }]);
    let evidence = Evidence {
        catalogue: &catalogue,
        cases: &cases,
        scope: &scope,
        exemptions: &exemptions,
        level: Level::Should,
        interrupted: false,
    };
    read(&judge(&evidence), &cases)
}

fn junit() -> String {
    with(4711, |verdict, cases| {
        junit::to_text(&facts(), verdict, cases)
    })
    .expect("XML is written")
}

/// Reads the XML to its end and lists its elements, each with its attributes.
fn elements(xml: &str) -> Vec<String> {
    let mut reader = Reader::from_str(xml);
    let mut found = Vec::new();
    loop {
        match reader.read_event().expect("the XML is well-formed") {
            Event::Eof => return found,
            Event::Start(element) | Event::Empty(element) => {
                let text: &str = element.as_ref();
                found.push(text.to_owned());
            }
            _ => {}
        }
    }
}

#[test]
fn the_json_report_is_what_its_schema_says_and_reads_back() {
    let report = with(4711, |verdict, cases| {
        RunReport::new(&facts(), verdict, cases)
    });
    let text = report.to_text().expect("a report serialises");
    let value: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    let schema = jsonschema::validator_for(&json::schema()).expect("the schema is one");
    let errors: Vec<String> = schema
        .iter_errors(&value)
        .map(|error| error.to_string())
        .collect();
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(
        serde_json::from_str::<RunReport>(&text).expect("it reads back"),
        report
    );
}

#[test]
fn what_differs_between_equal_runs_is_in_the_run_object() {
    let of = |port: u16| {
        let mut facts = facts();
        facts.base_url = Some(format!("http://127.0.0.1:{port}"));
        facts.jobs = usize::from(port);
        let report = with(port, |verdict, cases| {
            RunReport::new(&facts, verdict, cases)
        });
        serde_json::to_value(report).expect("a report serialises")
    };
    let (mut one, mut other) = (of(4711), of(4712));
    assert_ne!(one, other);
    for report in [&mut one, &mut other] {
        report.as_object_mut().expect("an object").remove("run");
    }
    assert_eq!(one, other);
}

#[test]
fn the_json_report_says_how_to_repeat_the_request() {
    let report = with(4711, |verdict, cases| {
        RunReport::new(&facts(), verdict, cases)
    });
    let odd = &report.cases[0].checks[2];
    assert!(
        odd.exchanges[0]
            .curl
            .contains("http://target.invalid/v1/sessions"),
        "{odd:?}"
    );
    assert_eq!(odd.exchanges[0].request_headers.len(), 1);
    assert_eq!(odd.mismatches[0].actual, None);
}

#[test]
fn the_junit_report_is_well_formed_and_lists_every_check_and_every_requirement_set_aside() {
    let found = elements(&junit());
    let count = |name: &str| {
        found
            .iter()
            .filter(|element| element.split(' ').next() == Some(name))
            .count()
    };
    assert_eq!(count("testcase"), 5 + 2);
    assert_eq!(count("failure"), 1);
    assert_eq!(count("error"), 1);
    assert_eq!(
        count("skipped"),
        4,
        "exempted, not applicable, judged by another command, excluded"
    );
}

#[test]
fn the_junit_report_gives_reasons_and_says_what_was_run() {
    let xml = junit();
    for told in [
        "exempted: ticket 12",
        "needs `clock`, which the target does not declare under capabilities.facilities",
        "judged by `proofup matrix`",
        "\"advice\"",
        "value=\"18446744073709551615\"",
        "value=\"2026-06-01T10:00:00Z\"",
        "name=\"clockMode\" value=\"manual\"",
        "scenarios/a.toml:2",
    ] {
        assert!(xml.contains(told), "{told} is missing in\n{xml}");
    }
}

#[test]
fn the_junit_report_holds_no_character_that_xml_cannot() {
    let xml = junit();
    let bad = |c: char| (c.is_control() && !"\n\r\t".contains(c)) || "\u{fffe}\u{ffff}".contains(c);
    assert!(!xml.contains(bad));
}
