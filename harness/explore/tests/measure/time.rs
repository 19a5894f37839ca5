//! The time of refusals: judged by a clock that only the noise of these tests and the pauses of the reference move.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, StatusCode};
use jiff::{SignedDuration, Timestamp};
use proofup_binding::Transport;
use proofup_domain::clock::Clock;
use proofup_domain::fault::FaultName;
use proofup_explore::measure::{Measure, MeasureJudgement, Measured};
use proofup_reference::faults::rule_book;
use proofup_reference::pause::Pause;
use proofup_reference::rules::RuleBook;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use tower::{ServiceExt as _, service_fn, util::BoxCloneSyncService};

use super::{Lie, REFERENCE, measured_by, pausing, truth};

/// Draws how many milliseconds a request takes.
type Noise = fn(&mut ChaCha8Rng) -> f64;

/// Most requests take less than a millisecond, one in eight waits for a time slice.
const BUSY: Noise = |rng| {
    let even: f64 = rng.random();
    if rng.random_bool(0.125) {
        4.0 + even
    } else {
        0.2 + 0.4 * even
    }
};

/// Nanoseconds since the tests' beginning of time.
#[derive(Clone, Default)]
struct MovedTime(Arc<AtomicI64>);

impl MovedTime {
    fn clock(&self) -> Clock {
        let start: Timestamp = "2026-01-15T09:00:00Z".parse().expect("an instant");
        let passed = self.clone();
        Clock::new(move || start + SignedDuration::from_nanos(passed.0.load(Ordering::Relaxed)))
    }

    fn pass(&self, time: SignedDuration) {
        let nanoseconds = i64::try_from(time.as_nanos()).expect("tests are short");
        self.0.fetch_add(nanoseconds, Ordering::Relaxed);
    }

    fn pause(&self) -> Pause {
        let time = self.clone();
        Pause::new(move |pause| {
            time.pass(pause.try_into().expect("pauses are short"));
            Box::pin(std::future::ready(()))
        })
    }
}

/// Lets each request take its time.
fn noisy(time: &MovedTime, noise: Noise, transport: Transport) -> Transport {
    let (time, rng) = (
        time.clone(),
        Arc::new(Mutex::new(ChaCha8Rng::seed_from_u64(9))),
    );
    BoxCloneSyncService::new(service_fn(move |request: Request<Bytes>| {
        let took = noise(&mut rng.lock().expect("nobody panicked"));
        time.pass(SignedDuration::from_secs_f64(took / 1000.0));
        transport.clone().oneshot(request)
    }))
}

fn timed(rules: RuleBook, measure: Measure, noise: Noise, lie: Lie) -> Measured {
    let time = MovedTime::default();
    let transport = noisy(&time, noise, pausing(rules, lie, time.pause()));
    let report = measured_by(time.clock(), REFERENCE, transport, [measure], None);
    report.measured.into_iter().next().expect("it was measured")
}

const BOTH: [Measure; 2] = [Measure::SignInTime, Measure::ResetTime];

#[test]
fn the_reference_tells_nobody_apart_by_time_and_says_how_well_that_is_known() {
    for measure in BOTH {
        let measured = timed(RuleBook::default(), measure, BUSY, truth);
        assert_eq!(
            measured.judgement(),
            MeasureJudgement::Holds,
            "{measured:#?}"
        );
        let whats: Vec<&str> = measured.rows.iter().map(|row| row.what.as_str()).collect();
        assert_eq!(whats.len(), 3, "{whats:?}");
        for row in &measured.rows {
            assert!(row.samples >= 125, "{row:?}");
            assert!(
                row.threshold
                    .starts_with("at most 1 ms; would have seen 1."),
                "{row:?}"
            );
            assert!(row.false_alarm <= Some(3e-9), "{row:?}");
        }
    }
}

#[test]
fn known_users_who_are_answered_later_are_found() {
    let table = [
        (FaultName::KnownUserSignsInLater, Measure::SignInTime),
        (FaultName::KnownUserSignsInALittleLater, Measure::SignInTime),
        (FaultName::KnownUserResetsLater, Measure::ResetTime),
        (FaultName::KnownUserResetsALittleLater, Measure::ResetTime),
    ];
    for (fault, concerned) in table {
        assert_eq!(fault.requirements(), [concerned.requirement()]);
        let measured = timed(rule_book(fault), concerned, BUSY, truth);
        assert_eq!(
            measured.judgement(),
            MeasureJudgement::Fails,
            "{fault}: {measured:#?}"
        );
        let fails = |row: &&proofup_explore::measure::MeasureRow| !row.holds;
        let failing: Vec<&str> = measured
            .rows
            .iter()
            .filter(fails)
            .map(|row| row.what.as_str())
            .collect();
        assert!(
            failing.len() == 2
                && failing
                    .iter()
                    .all(|what| what.ends_with(" against unknown user")),
            "{fault}: {failing:?}"
        );
    }
    let elsewhere = [
        (FaultName::KnownUserSignsInLater, Measure::ResetTime),
        (FaultName::KnownUserResetsLater, Measure::SignInTime),
    ];
    for (fault, measure) in elsewhere {
        let sound = timed(rule_book(fault), measure, BUSY, truth);
        assert_eq!(
            sound.judgement(),
            MeasureJudgement::Holds,
            "{fault}: {sound:#?}"
        );
    }
}

#[test]
fn answers_that_are_all_slow_are_sound() {
    for measure in BOTH {
        let measured = timed(rule_book(FaultName::SlowerAnswers), measure, BUSY, truth);
        assert_eq!(
            measured.judgement(),
            MeasureJudgement::Holds,
            "{measured:#?}"
        );
    }
}

#[test]
fn too_much_noise_is_no_verdict() {
    let wild: Noise = |rng| 200.0 * rng.random::<f64>();
    for measure in BOTH {
        let measured = timed(RuleBook::default(), measure, wild, truth);
        assert_eq!(
            measured.judgement(),
            MeasureJudgement::CouldNotRun,
            "{measured:#?}"
        );
        assert!(measured.unable[0].contains("too noisy"), "{measured:#?}");
    }
}

#[test]
fn a_clock_that_stands_is_no_verdict() {
    let still: Noise = |_| 0.0;
    let measured = timed(RuleBook::default(), Measure::SignInTime, still, truth);
    assert_eq!(measured.judgement(), MeasureJudgement::CouldNotRun);
    assert!(
        measured.unable[0].contains("no time passes"),
        "{measured:#?}"
    );
}

#[test]
fn what_is_no_refusal_is_not_timed() {
    let lie: Lie = |path, response| {
        if path == "/v1/passwordResets" {
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            *response.body_mut() = Bytes::new();
        }
    };
    let measured = timed(RuleBook::default(), Measure::ResetTime, BUSY, lie);
    assert_eq!(
        measured.judgement(),
        MeasureJudgement::CouldNotRun,
        "{measured:#?}"
    );
    assert!(measured.unable[0].contains("round 0 got"), "{measured:#?}");
}

/// Nobody whose account could be locked is given more than three wrong passwords in a row.
#[test]
fn no_lock_out_is_run_into() {
    let in_a_row: Arc<Mutex<BTreeMap<String, (usize, usize)>>> = Arc::default();
    let time = MovedTime::default();
    let inner = noisy(
        &time,
        BUSY,
        pausing(RuleBook::default(), truth, time.pause()),
    );
    let counts = Arc::clone(&in_a_row);
    let counting = service_fn(move |request: Request<Bytes>| {
        let (inner, counts) = (inner.clone(), Arc::clone(&counts));
        async move {
            let is_sign_in = request.uri().path() == "/v1/sessions";
            let body = request.body().clone();
            let response = inner.oneshot(request).await?;
            if is_sign_in {
                let body: serde_json::Value = serde_json::from_slice(&body).expect("it is JSON");
                let name = body["userPrincipalName"].to_string();
                let mut counts = counts.lock().expect("nobody panicked");
                let (now, most) = counts.entry(name).or_default();
                *now = if response.status() == 201 {
                    0
                } else {
                    *now + 1
                };
                *most = (*now).max(*most);
            }
            Ok(response)
        }
    });
    let transport = BoxCloneSyncService::new(counting);
    let report = measured_by(
        time.clock(),
        REFERENCE,
        transport,
        [Measure::SignInTime],
        None,
    );
    assert_eq!(report.ending().exit_code(), 0, "{report:#?}");
    let counts = in_a_row.lock().expect("nobody panicked");
    let more: Vec<usize> = counts
        .values()
        .map(|(_, most)| *most)
        .filter(|most| *most > 3)
        .collect();
    // Those who are blocked already.
    assert_eq!(more.len(), 24, "{more:?}");
    assert!(counts.len() > 70, "{}", counts.len());
}
