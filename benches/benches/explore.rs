//! What exploring costs: the oracle alone, drawing stories with it, and playing them against the reference in process.
//!
//! Every throughput is in commands per second on one core. A drawn story ends with commands that are not drawn (its quiet
//! end); `draw` does not count them, `step` and `in process` do.

#[path = "../../harness/world/tests/support/planted.rs"]
#[expect(dead_code, reason = "benches wait on a runtime of one thread")]
mod planted;

use std::collections::BTreeSet;
use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use jiff::SignedDuration;
use proofup_domain::command::Command;
use proofup_explore::explore::{ExploreConfig, Story, draw, explore};
use proofup_oracle::machine::{State, step};
use proofup_runner::run::read_capabilities;
use proofup_scenario::catalogue::embedded_catalogue;
use proofup_world::UnprovenMapping;
use proofup_world::bounds::TargetBounds;
use proofup_world::context::RunContext;
use tokio_util::sync::CancellationToken;

/// Stories of one round: enough that no lean of a single one decides.
const STORIES: u64 = 64;

/// Commands of a story at most, as `proofup explore` has it.
const STEPS: usize = 24;

/// The seed of every story.
const SEED: u64 = 1;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}

fn bounds() -> Arc<TargetBounds> {
    let session = planted::session(None);
    let asked = runtime().block_on(read_capabilities(&session));
    let capabilities = asked.expect("the reference can be asked");
    let context = RunContext::new(&session, &Arc::new(embedded_catalogue()), &capabilities);
    Arc::new(TargetBounds::new(&context, &capabilities))
}

fn stories(bounds: &Arc<TargetBounds>) -> Vec<Story> {
    (1..=STORIES)
        .map(|case| draw(bounds, SEED, case, STEPS))
        .collect()
}

/// Counts the commands that were drawn: the quiet end looks at ten things for everybody who acted, mends each provider
/// that was spoilt by two commands, and ends with two more.
fn drawn(story: &Story) -> u64 {
    let mut acted = BTreeSet::new();
    let mut spoilt = BTreeSet::new();
    for command in &story.steps {
        let written = serde_json::to_value(command).expect("a command can be written");
        acted.extend(written["user"].as_str().map(str::to_owned));
        if let Command::SetGateway { channel, .. } = command {
            spoilt.insert(*channel);
        }
    }
    let end = 10 * acted.len() + 2 * spoilt.len() + 2;
    story.steps.len().saturating_sub(end) as u64
}

/// Follows a story by the preferred reading, and tells how many answers may succeed.
fn follow(state: &State, story: &Story) -> usize {
    let (mut state, mut now) = (state.clone(), story.start);
    let mut successes = 0;
    for command in &story.steps {
        let outcome = step(&state, command, now);
        successes += usize::from(outcome.expected.may_succeed());
        state = outcome.state;
        if let Command::AdvanceClock { by } = command {
            let by: SignedDuration = by.parse().unwrap_or_default();
            now = now.checked_add(by).unwrap_or(now);
        }
    }
    successes
}

/// The oracle alone, over stories that were drawn before: what a transition costs where nothing is generated.
fn stepping(criterion: &mut Criterion) {
    let known = bounds();
    let stories: Vec<(State, Story)> = stories(&known)
        .into_iter()
        .map(|story| (story.tenant(&known), story))
        .collect();
    let commands: usize = stories.iter().map(|(_, story)| story.steps.len()).sum();
    let mut group = criterion.benchmark_group("explore");
    group.throughput(Throughput::Elements(commands as u64));
    group.bench_function("step", |bencher| {
        bencher.iter(|| {
            stories
                .iter()
                .map(|(state, story)| follow(state, black_box(story)))
                .sum::<usize>()
        });
    });
    group.finish();
}

/// Drawing: the oracle, what a person means to do, and proptest's tree from which a story could be made smaller.
fn drawing(criterion: &mut Criterion) {
    let known = bounds();
    let commands: u64 = stories(&known).iter().map(drawn).sum();
    let mut group = criterion.benchmark_group("explore");
    group.throughput(Throughput::Elements(commands));
    group.bench_function("draw", |bencher| {
        bencher.iter(|| stories(black_box(&known)))
    });
    group.finish();
}

/// Everything: drawn, played against the reference without a socket, judged and audited, on one core.
fn playing(criterion: &mut Criterion) {
    let runtime = runtime();
    let config = ExploreConfig {
        session: planted::session(None),
        catalogue: Arc::new(embedded_catalogue()),
        unproven: UnprovenMapping::default(),
        jobs: 1,
        first: 1,
        cases: STORIES,
        steps: STEPS,
        max_time: None,
    };
    let once = || {
        let never = CancellationToken::new();
        let output = runtime.block_on(explore(&config, |_| {}, &never));
        output.expect("the reference can be asked")
    };
    let commands = once().commands;
    let mut group = criterion.benchmark_group("explore");
    group.throughput(Throughput::Elements(commands));
    group.sample_size(10);
    group.bench_function("in process", |bencher| bencher.iter(once));
    group.finish();
}

criterion_group!(exploring, stepping, drawing, playing);
criterion_main!(exploring);
