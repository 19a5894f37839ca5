//! The matrix in process: an implementation's decisions as functions, beside the oracle's.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use proofup_domain::method::Method;

use super::combination::Combination;
use super::decision::{Decider, Decision, Standing, expected, session_state};
use super::export::joined;
use super::finding::{ACCEPTED, Aspect, Findings, MatrixDifference, REFUSED};

/// Counts the combinations that a thread takes at a time.
const CHUNK: usize = 256;

/// What to compare, and how.
#[derive(Clone, Copy)]
pub struct Sweep<'a> {
    /// The combinations, in the order of their numbers.
    pub combinations: &'a [Combination],
    /// What the user has registered: each of these sets in turn. Whether a policy is to be refused is asked for the
    /// empty set only: nobody registers anything under such a policy.
    pub registered: &'a [Vec<Method>],
    /// The implementation's decisions.
    pub decider: &'a Decider,
    /// Threads.
    pub jobs: usize,
    /// Turning true, ends the sweep early.
    pub stop: &'a AtomicBool,
    /// Is told how many combinations were done since the last time.
    pub progress: &'a (dyn Fn(u64) + Sync),
}

impl std::fmt::Debug for Sweep<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sweep")
            .field("combinations", &self.combinations.len())
            .field("registered", &self.registered.len())
            .field("jobs", &self.jobs)
            .finish_non_exhaustive()
    }
}

/// Compares every combination with the oracle.
#[must_use]
pub fn sweep(sweep: &Sweep<'_>) -> Findings {
    let chunks: Vec<&[Combination]> = sweep.combinations.chunks(CHUNK).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut parts = Vec::new();
        while !sweep.stop.load(Ordering::Relaxed) {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(chunk) = chunks.get(at) else {
                break;
            };
            parts.push((at, judge(sweep, chunk)));
            (sweep.progress)(u64::try_from(chunk.len()).unwrap_or_default());
        }
        parts
    };
    let mut parts: Vec<(usize, Findings)> = thread::scope(|scope| {
        let workers: Vec<_> = (0..sweep.jobs.max(1)).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .flat_map(|worker| {
                worker
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
            .collect()
    });
    parts.sort_unstable_by_key(|(at, _)| *at);
    let done: usize = parts.iter().map(|(at, _)| chunks[*at].len()).sum();
    let left = sweep.combinations.len() - done;
    let mut findings = Findings::default();
    for (_, part) in parts {
        findings.append(part);
    }
    findings.interrupted = left > 0;
    findings.asked = findings.ran + u64::try_from(left).unwrap_or(u64::MAX);
    findings
}

fn judge(sweep: &Sweep<'_>, combinations: &[Combination]) -> Findings {
    let mut findings = Findings::default();
    for combination in combinations {
        let policy = combination.policy();
        for registered in sweep.registered {
            let expect = expected(&policy, combination.role(), registered);
            if expect == Decision::Refused && !registered.is_empty() {
                break;
            }
            let actual = (sweep.decider)(&policy, combination.role(), registered);
            let differences = compare(*combination, registered, &expect, &actual);
            let Decision::Accepted(standing) = expect else {
                findings.count(None, differences);
                continue;
            };
            let outcome = (standing.available, standing.required);
            findings.count(Some(outcome), differences);
        }
    }
    findings
}

fn compare(
    combination: Combination,
    registered: &[Method],
    expected: &Decision,
    actual: &Decision,
) -> Vec<MatrixDifference> {
    let mut differences = Vec::new();
    let mut check = |aspect, expected: String, actual: String| {
        if expected != actual {
            differences.push(MatrixDifference {
                combination,
                registered: registered.to_vec(),
                aspect,
                expected,
                actual,
            });
        }
    };
    match (expected, actual) {
        (expected, actual) if expected == actual => {}
        (Decision::Accepted(expected), Decision::Accepted(actual)) => {
            check(Aspect::SignIn, state(expected), state(actual));
            check(
                Aspect::Available,
                joined(&expected.available),
                joined(&actual.available),
            );
            check(
                Aspect::Required,
                joined(&expected.required),
                joined(&actual.required),
            );
        }
        (expected, actual) => check(Aspect::Policy, fate(expected), fate(actual)),
    }
    differences
}

fn state(standing: &Standing) -> String {
    session_state(standing.interrupted).to_string()
}

fn fate(decision: &Decision) -> String {
    let word = match decision {
        Decision::Refused => REFUSED,
        Decision::Accepted(_) => ACCEPTED,
    };
    word.to_owned()
}
