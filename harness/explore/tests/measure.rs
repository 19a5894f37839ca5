//! Measuring: what is sound holds, and each fault that only measuring shows is found.

mod time;

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use proofup_binding::{CompiledTarget, Transport, TransportError};
use proofup_domain::clock::Clock;
use proofup_domain::fault::FaultName;
use proofup_domain::secret::Secret;
use proofup_explore::measure::{
    Measure, MeasureConfig, MeasureEnding, MeasureJudgement, MeasureReport, SAMPLES_MIN, measure,
};
use proofup_reference::app::{AppConfig, app};
use proofup_reference::faults::rule_book;
use proofup_reference::pause::Pause;
use proofup_reference::rules::RuleBook;
use proofup_scenario::catalogue::embedded_catalogue;
use proofup_world::UnprovenMapping;
use proofup_world::session::TargetSession;
use tokio_util::sync::CancellationToken;
use tower::{ServiceExt as _, service_fn, util::BoxCloneSyncService};

const TOKEN: &str = "a-token-of-these-tests";

const REFERENCE: &str = include_str!("../../../fixtures/targets/reference.toml");

/// What is measured of answers; the time they take needs a clock that moves.
const BY_ANSWERS: [Measure; 4] = [
    Measure::Codes,
    Measure::Tokens,
    Measure::CodeShapes,
    Measure::MalformedInput,
];

/// Changes an answer on its way.
type Lie = fn(&str, &mut Response<Bytes>);

fn transport(rule_book: RuleBook, lie: Lie) -> Transport {
    pausing(rule_book, lie, Pause::by_timer())
}

fn pausing(rule_book: RuleBook, lie: Lie, pause: Pause) -> Transport {
    let clock = Clock::fixed("2026-01-15T09:00:00Z".parse().expect("an instant"));
    let router = app(AppConfig {
        test_control_token: Some(Secret::new(TOKEN)),
        rule_book,
        pause,
        ..AppConfig::new(clock)
    });
    BoxCloneSyncService::new(service_fn(move |request: Request<Bytes>| {
        let router = router.clone();
        async move {
            let path = request.uri().path().to_owned();
            let response = router.oneshot(request.map(axum::body::Body::from)).await;
            let (parts, body) = response.unwrap_or_else(|never| match never {}).into_parts();
            let body = axum::body::to_bytes(body, 1024 * 1024).await;
            let body = body.map_err(|_| TransportError::ConnectionReset)?;
            let mut response = Response::from_parts(parts, body);
            lie(&path, &mut response);
            Ok(response)
        }
    }))
}

fn truth(_: &str, _: &mut Response<Bytes>) {}

fn measured(
    target: &str,
    transport: Transport,
    measures: impl Into<BTreeSet<Measure>>,
    only: Option<usize>,
) -> MeasureReport {
    let clock = Clock::fixed("2026-01-15T09:00:00Z".parse().expect("an instant"));
    measured_by(clock, target, transport, measures, only)
}

fn measured_by(
    clock: Clock,
    target: &str,
    transport: Transport,
    measures: impl Into<BTreeSet<Measure>>,
    only: Option<usize>,
) -> MeasureReport {
    let target = CompiledTarget::compile("reference.toml", target).expect("the file compiles");
    let config = MeasureConfig {
        session: TargetSession {
            instance: None,
            target: Arc::new(target),
            transport,
            callback_base: "http://target.invalid".to_owned(),
            control_token: Some(Secret::new(TOKEN)),
            surroundings: Arc::default(),
            clock,
            seed: 1,
        },
        unproven: UnprovenMapping::default(),
        catalogue: Arc::new(embedded_catalogue()),
        measures: measures.into(),
        samples: SAMPLES_MIN,
        requests: 14,
        only,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let stop = CancellationToken::new();
    let report = runtime.block_on(measure(&config, &|_| {}, &stop));
    report.expect("the reference can be measured")
}

fn of_fault(fault: FaultName, measure: Measure) -> MeasureReport {
    measured(
        REFERENCE,
        transport(rule_book(fault), truth),
        [measure],
        None,
    )
}

#[test]
fn the_reference_holds() {
    let report = measured(
        REFERENCE,
        transport(RuleBook::default(), truth),
        BY_ANSWERS,
        None,
    );
    for one in &report.measured {
        assert_eq!(one.judgement(), MeasureJudgement::Holds, "{one:#?}");
    }
    assert_eq!(report.ending().exit_code(), 0);
    let alarm: f64 = report.measured.iter().map(|one| one.false_alarm()).sum();
    // Six comparisons of times come to it.
    assert!(alarm + 6.0 * 3e-9 < 1e-7, "{alarm}");
    let sent = |id: &str| report.of(id).expect("it was measured").rows[0].samples;
    assert_eq!(sent("CODE-10"), 14);
    assert!(sent("API-1") > 500, "{}", sent("API-1"));
}

#[test]
fn each_fault_is_found_by_what_measures_its_requirement() {
    let table = [
        (FaultName::BiasedCodes, Measure::Codes),
        (FaultName::SequentialCodes, Measure::Codes),
        (FaultName::ShortTokens, Measure::Tokens),
        (FaultName::SequentialTokens, Measure::Tokens),
        (FaultName::CodeTrimmed, Measure::CodeShapes),
        (FaultName::FailsOnMalformed, Measure::MalformedInput),
    ];
    for (fault, measure) in table {
        let report = of_fault(fault, measure);
        assert_eq!(
            report.ending(),
            MeasureEnding::Fails,
            "{fault}: {report:#?}"
        );
        assert!(
            fault.requirements().contains(&measure.requirement()),
            "{fault}"
        );
    }
}

#[test]
fn sound_differences_are_minded_by_nobody() {
    for fault in [FaultName::TerseProblems, FaultName::OtherIds] {
        let measures = [Measure::CodeShapes, Measure::MalformedInput];
        let report = measured(
            REFERENCE,
            transport(rule_book(fault), truth),
            measures,
            None,
        );
        assert_eq!(
            report.ending(),
            MeasureEnding::Holds,
            "{fault}: {report:#?}"
        );
    }
}

#[test]
fn a_finding_is_repeated_alone_by_its_number_and_tells_no_secret() {
    let report = of_fault(FaultName::FailsOnMalformed, Measure::MalformedInput);
    let finding = &report.measured[0].findings[0];
    let transport = transport(rule_book(FaultName::FailsOnMalformed), truth);
    let again = measured(
        REFERENCE,
        transport,
        [Measure::MalformedInput],
        Some(finding.number),
    );
    let repeated = &again.measured[0].findings;
    assert_eq!(repeated.len(), 1, "{again:#?}");
    assert_eq!(
        (&repeated[0].sent, &repeated[0].wrong),
        (&finding.sent, &finding.wrong)
    );
    assert_eq!(again.measured[0].rows[0].samples, 1);
    assert!(!format!("{report:?}").contains(TOKEN));
}

#[test]
fn errors_without_a_problem_document_are_found() {
    let lie: Lie = |path, response| {
        if path == "/v1/enrollments" && response.status().is_client_error() {
            *response.body_mut() = Bytes::from_static(b"<h1>Bad Request</h1>");
        }
    };
    let transport = transport(RuleBook::default(), lie);
    let report = measured(REFERENCE, transport, [Measure::MalformedInput], None);
    let found = &report.measured[0].findings;
    assert!(
        found.len() > 1
            && found
                .iter()
                .all(|one| one.sent.starts_with("POST /v1/enrollments ")
                    && one.wrong.ends_with("without a problem document (RFC 9457)")),
        "{found:#?}"
    );
}

#[test]
fn what_a_target_lacks_is_not_measured() {
    let silent = REFERENCE.replace("openapi = ", "# openapi = ");
    let transport = || transport(RuleBook::default(), truth);
    let report = measured(&silent, transport(), [Measure::MalformedInput], None);
    assert_eq!(report.ending(), MeasureEnding::Incomplete);
    assert!(
        report.measured[0].unable[0].contains("`openapi`"),
        "{report:#?}"
    );

    let deaf = REFERENCE.replace(
        "capabilities = { discover = \"/.well-known/security-info\" }",
        "capabilities = { discover = \"/.well-known/security-info\", facilities = [\"users\", \"policy\"] }",
    );
    let report = measured(&deaf, transport(), [Measure::Codes], None);
    assert_eq!(report.ending(), MeasureEnding::Incomplete);
    assert_eq!(report.measured[0].unable.len(), 2);

    let other = REFERENCE.replace(
        "capabilities = { discover = \"/.well-known/security-info\" }",
        "capabilities = { discover = \"/.well-known/security-info\", methods = [\"softwareOath\"] }",
    );
    let report = measured(&other, transport(), [Measure::Codes], None);
    assert_eq!(
        report.measured[0].judgement(),
        MeasureJudgement::NotApplicable
    );
    assert_eq!(report.ending(), MeasureEnding::Holds);
}
