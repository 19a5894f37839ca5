//! Searches, baselines and joined shards, against a target in this process whose capacity is known.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;
use http::{Request, Response};
use proofup_binding::{CompiledTarget, Transport, TransportError};
use proofup_gateways::host::StandaloneOptions;
use proofup_load::baseline::{Baseline, BaselineError};
use proofup_load::compare::Relation;
use proofup_load::flow::FlowName;
use proofup_load::max_rate::{RateSearchResult, max_rate};
use proofup_load::merge::{MergeError, merge};
use proofup_load::plan::{Arrivals, LoadPlan, Stop};
use proofup_load::report::{LoadReport, LoadVerdict};
use proofup_load::threshold::Threshold;
use proofup_load::timeline::Point;
use proofup_load::{LoadConfig, Shard};
use proofup_world::session::TargetSession;

use crate::support::{plan, ran, report, running};

/// What a target does that signs people in and nothing else.
#[derive(Debug, Default)]
struct Door {
    /// How many it lets in before it cuts everybody off.
    room: AtomicU64,
    lies: AtomicBool,
    /// It says that it is full, and cuts nobody off.
    polite: AtomicBool,
}

impl Door {
    fn open(room: u64) -> Arc<Self> {
        Arc::new(Self {
            room: AtomicU64::new(room),
            ..Self::default()
        })
    }

    fn answer(&self) -> Result<Response<Bytes>, TransportError> {
        let enter = |room: u64| room.checked_sub(1);
        let entered = self
            .room
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, enter);
        if entered.is_err() && self.polite.load(Ordering::Relaxed) {
            let full = Response::builder().status(503).body(Bytes::new());
            return Ok(full.expect("it is an answer"));
        }
        entered.map_err(|_| TransportError::ConnectionReset)?;
        let lies = self.lies.load(Ordering::Relaxed);
        let state = if lies { "reviewDue" } else { "signedIn" };
        let body = Bytes::from(format!("{{\"state\":\"{state}\",\"token\":\"a-token\"}}"));
        Ok(Response::builder()
            .status(200)
            .body(body)
            .expect("it is an answer"))
    }

    fn config(self: &Arc<Self>, plan: LoadPlan, shard: Shard) -> LoadConfig {
        let door = Arc::clone(self);
        let transport = Transport::new(tower::service_fn(move |_: Request<Bytes>| {
            let answer = door.answer();
            async move { answer }
        }));
        LoadConfig {
            session: TargetSession {
                instance: None,
                target: Arc::new(target()),
                transport: transport.clone(),
                callback_base: String::new(),
                control_token: None,
                clock: running(),
                surroundings: Arc::default(),
                seed: plan.seed,
            },
            plan,
            shard,
            connect: Arc::new(move || transport.clone()),
            watched: None,
            gateways: StandaloneOptions::default(),
            network: None,
            direct: None,
        }
    }

    fn report(self: &Arc<Self>, plan: &LoadPlan, shard: Shard) -> LoadReport {
        let config = self.config(plan.clone(), shard);
        report(&config, &ran(&config))
    }
}

fn target() -> CompiledTarget {
    let limits: String = [
        "codeLength",
        "codeTries",
        "accountFailures",
        "blockSeconds",
        "resendSeconds",
        "gatewayTimeoutMs",
        "codeSeconds",
        "activationSeconds",
        "enrollmentSeconds",
        "notificationSeconds",
        "callSeconds",
        "resetSeconds",
        "sessionSeconds",
    ]
    .iter()
    .map(|limit| format!("{limit} = 6\n"))
    .collect();
    let users: String = (0..40)
        .map(|n| {
            format!("[[users]]\nname = \"u{n}\"\nuserPrincipalName = \"u{n}@door.example.com\"\npassword = \"p\"\n")
        })
        .collect();
    let text = format!(
        "name = \"door\"\nbase = \"http://127.0.0.1:1\"\n{users}\n\
         [capabilities]\neditions = [\"2019-02-13\"]\nmethods = []\nkinds = []\nfeatures = []\nfacilities = []\n\
         [capabilities.limits]\n{limits}\n\
         [operations.signIn]\n\
         request = {{ method = \"POST\", path = \"/in\", body = {{ who = \"{{userPrincipalName}}\", password = \"{{password}}\" }} }}\n\
         answers = [{{ status = 200, answer = {{ state = \"$.state\" }} }}]\n\
         keep = {{ session = \"$.token\" }}\n"
    );
    CompiledTarget::compile("door.toml", &text)
        .unwrap_or_else(|errors| panic!("{:?}", errors.problems()))
}

const SIGN_INS: &str = r#"
arrivals = { rate = "20/s" }
stop = { after = "400ms" }
mix = { signIn = 1 }
thresholds = ["errors<1%"]
"#;

/// Searches the highest rate of a door that lets in so many a second; gives also the rates that were tried.
fn searched(door: &Arc<Door>, capacity: u64) -> (RateSearchResult, Vec<(f64, bool)>) {
    let mut tried = Vec::new();
    let mut seeds = Vec::new();
    let found = max_rate(
        &plan(SIGN_INS),
        0.05,
        &mut |plan| {
            let Stop::After(after) = plan.stop else {
                panic!("the plan ends after a time");
            };
            // What it can do is counted, not timed: a busy machine changes nothing.
            let room = u128::from(capacity) * after.as_millis() / 1_000;
            let room = u64::try_from(room).expect("a few");
            door.room.store(room, Ordering::Relaxed);
            seeds.push(plan.seed);
            Ok::<_, std::convert::Infallible>(door.report(plan, Shard::WHOLE))
        },
        &mut |one| {
            tried.push((one.rate, one.met));
            Ok(())
        },
    );
    let Ok(found) = found;
    seeds.dedup();
    assert_eq!(seeds.len(), tried.len(), "each rate has people of its own");
    (found, tried)
}

#[test]
fn the_known_capacity_of_a_target_is_found() {
    let door = Door::open(0);
    let (found, tried) = searched(&door, 100);
    let RateSearchResult::Highest { rate, limited } = found else {
        panic!("{found:?}");
    };
    let rate = rate.expect("some rate is carried");
    assert!((94.0..=101.0).contains(&rate), "{rate}: {tried:?}");
    assert_eq!(limited, None);
    assert!(tried.len() < 12, "{tried:?}");
}

#[test]
fn a_target_that_carries_nothing_is_searched_to_the_end() {
    let (found, tried) = searched(&Door::open(0), 0);
    assert!(
        matches!(found, RateSearchResult::Highest { rate: None, .. }),
        "{found:?}"
    );
    assert!(
        tried.iter().all(|(_, met)| !met) && tried.len() > 5,
        "{tried:?}"
    );
}

#[test]
fn a_wrong_answer_ends_the_search() {
    let door = Door::open(0);
    door.lies.store(true, Ordering::Relaxed);
    let (found, tried) = searched(&door, 100);
    let RateSearchResult::BrokenOff(report) = found else {
        panic!("{found:?}");
    };
    assert_eq!(report.verdict, LoadVerdict::Nonconforming);
    assert_eq!(tried.len(), 1);
}

/// Makes a report whose seconds are as long as is said, one median for each.
fn with_medians(report: &LoadReport, medians: &[f64]) -> LoadReport {
    let points = medians.iter().enumerate().map(|(at, p50)| Point {
        at: at as f64,
        length: 1.0,
        correct: 20,
        p50_ms: Some(*p50),
        ..Point::default()
    });
    LoadReport {
        timeline: points.collect(),
        ..report.clone()
    }
}

#[test]
fn a_baseline_says_nothing_about_another_plan_target_or_machine() {
    let ours = Door::open(1_000).report(&plan(SIGN_INS), Shard::WHOLE);
    let kept = Baseline::new(ours.clone(), 1_000.0);
    let refused = |change: &dyn Fn(&mut LoadReport)| {
        let mut other = ours.clone();
        change(&mut other);
        let held = kept.hold(&other, 1_000.0, 0.05, 0.01);
        held.expect_err("they cannot be compared")
    };
    let plan = refused(&|report| report.plan.fingerprint = "another".to_owned());
    assert!(matches!(&plan, BaselineError::OtherPlan(_)), "{plan}");
    let target = refused(&|report| report.target.name = "another".to_owned());
    assert!(
        target
            .to_string()
            .contains("reference by in-process then, another by in-process now"),
        "{target}"
    );
    let machine = refused(&|report| report.machine.processors = 64);
    assert!(
        machine.to_string().contains("1 processors then"),
        "{machine}"
    );
    let mut newer = kept.clone();
    newer.version += 1;
    let version = newer.hold(&ours, 1_000.0, 0.05, 0.01);
    assert_eq!(
        version.expect_err("it is newer"),
        BaselineError::OtherVersion(2)
    );
}

#[test]
fn a_yardstick_that_has_moved_makes_a_baseline_inconclusive() {
    let ours = Door::open(1_000).report(&plan(SIGN_INS), Shard::WHOLE);
    let then = with_medians(&ours, &[10.0, 10.1, 9.9, 10.0, 10.1]);
    let kept = Baseline::new(then, 1_000.0);
    let held = |medians: &[f64], yardstick: f64| {
        let now = with_medians(&ours, medians);
        kept.hold(&now, yardstick, 0.05, 0.01).expect("they fit")
    };
    let same = held(&[10.0, 10.1, 9.9, 10.1, 10.0], 1_000.0);
    assert_eq!((same.relation, same.what), (Relation::Same, "p50"));
    assert_eq!(
        held(&[20.0, 20.1, 19.9, 20.0], 1_000.0).relation,
        Relation::Slower
    );
    assert_eq!(
        held(&[5.0, 5.1, 4.9, 5.0], 1_000.0).relation,
        Relation::Faster
    );
    for yardstick in [900.0, 1_100.0] {
        let moved = held(&[10.0, 10.1, 9.9, 10.1], yardstick);
        assert_eq!(moved.relation, Relation::Inconclusive);
        assert!(
            moved
                .why
                .is_some_and(|why| why.contains("the yardstick is"))
        );
    }
    let short = held(&[10.0], 1_000.0);
    assert!(short.why.is_some_and(|why| why.contains("too little")));
}

/// Runs every part of a plan of sixty sign-ins.
fn shards(of: u32) -> Vec<LoadReport> {
    let door = Door::open(1_000);
    let mut sixty = plan(SIGN_INS);
    sixty.stop = Stop::Flows(60);
    if let Arrivals::Open { rate, .. } = &mut sixty.arrivals {
        *rate = 400.0;
    }
    let parts = (0..of).map(|index| door.report(&sixty, Shard { index, of }));
    parts.collect()
}

#[test]
fn joined_shards_lose_no_count_and_no_latency() {
    let parts = shards(4);
    // As they come back from files.
    let read = parts.iter().map(|part| {
        let text = serde_json::to_string(part).expect("a report is JSON");
        serde_json::from_str(&text).expect("it was one")
    });
    let read: Vec<LoadReport> = read.collect();
    let threshold = Threshold::parse("throughput>1000000").expect("it is one");
    let whole = merge(&read, &[threshold]).expect("they are a whole");
    assert_eq!(whole.arrivals.planned, 60);
    let mut sum = parts[0].figures().expect("whole histograms");
    for part in &parts[1..] {
        sum.add(&part.figures().expect("whole histograms"));
    }
    let joined = whole.figures().expect("whole histograms");
    assert_eq!(joined.counts(), sum.counts());
    let [one, other] = [&joined, &sum].map(|figures| &figures.flows[&FlowName::SignIn].latency);
    assert_eq!(one, other, "histograms are joined bucket by bucket");
    assert_eq!(one.len(), whole.arrivals.correct);
    let steps = |report: &LoadReport| report.flows[&FlowName::SignIn].steps[0].latency.count;
    assert_eq!(steps(&whole), parts.iter().map(steps).sum::<u64>());
    assert_eq!(whole.verdict, LoadVerdict::ThresholdBroken);
    assert_eq!(
        whole.generator.accounts,
        parts
            .iter()
            .map(|part| part.generator.accounts)
            .sum::<usize>()
    );
}

#[test]
fn what_is_no_whole_is_not_joined() {
    let parts = shards(3);
    let refused = |reports: &[LoadReport]| {
        let refused = merge(reports, &[]);
        refused.expect_err("they are no whole").to_string()
    };
    let changed = |change: &dyn Fn(&mut LoadReport)| {
        let mut parts = parts.clone();
        change(&mut parts[2]);
        refused(&parts)
    };
    for (told, expected) in [
        (refused(&[]), "no report to join"),
        (refused(&parts[..2]), "of 3 parts, 3 is missing"),
        (
            refused(&[parts.clone(), parts[1..2].to_vec()].concat()),
            "part 2 comes twice",
        ),
        (
            changed(&|part| part.shards[0].of = 4),
            "of another number of parts",
        ),
        (
            changed(&|part| part.plan.fingerprint = "x".to_owned()),
            "different plans: load (",
        ),
        (
            changed(&|part| part.target.name = "y".to_owned()),
            "different targets: reference by in-process and y by",
        ),
        (changed(&|part| part.version += 1), "has version 2, which"),
    ] {
        assert!(told.contains(expected), "{told}");
    }
    let mut broken = parts.clone();
    broken[0]
        .flows
        .get_mut(&FlowName::SignIn)
        .expect("it ran")
        .latency
        .histogram = "nonsense".to_owned();
    assert!(matches!(merge(&broken, &[]), Err(MergeError::Histogram(_))));
}

#[test]
fn a_target_that_says_it_is_full_makes_errors_and_no_wrong_answers() {
    let door = Door::open(5);
    door.polite.store(true, Ordering::Relaxed);
    let report = door.report(&plan(SIGN_INS), Shard::WHOLE);
    let counts = report.arrivals;
    assert_eq!((counts.correct, counts.wrong), (5, 0), "{counts:?}");
    assert!(counts.errors > 0, "{counts:?}");
    assert_eq!(counts.errors, counts.finished - 5, "{counts:?}");
}
