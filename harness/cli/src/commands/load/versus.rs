//! `--vs`: two targets in turn, pair by pair, until something can be said.

use std::path::PathBuf;
use std::time::Duration;

use proofup_load::Shard;
use proofup_load::compare::{Precision, Relation};
use proofup_load::engine::paired::{
    ComparedFigure, ComparisonConfig, PairedComparison, compare_targets,
};
use proofup_load::plan::{Arrivals, LoadPlan, Stop};
use url::Url;

use super::arguments::LoadArguments;
use super::subject::LoadTarget;
use super::{LoadContext, config, not_begun, options};
use crate::clock;
use crate::commands::targeting::spinner;
use crate::failure::{EXIT_OK, Failure};
use crate::render::load as render;
use crate::resolve::{TargetSpec, TransportKind};
use crate::terminal;

/// The chance of a wrong verdict, each way.
const ERROR: f64 = 0.01;

/// The most pairs, however large the budget.
const PAIRS: u32 = 96;

/// How long one round is, where the plan lasts longer.
const ROUND: Duration = Duration::from_millis(1500);

/// Returns the other target.
pub(super) async fn other(
    word: &str,
    arguments: &LoadArguments,
    plan: &LoadPlan,
) -> Result<LoadTarget, Failure> {
    if word == "reference" {
        return LoadTarget::child(plan.seed, clock::machine(), options(plan), None, None);
    }
    let url = Url::parse(word).ok().filter(|url| url.has_host());
    let file = PathBuf::from(word);
    let spec = TargetSpec {
        target: match &url {
            Some(_) => arguments.target.as_deref(),
            None => Some(file.as_path()),
        },
        url: url.as_ref(),
        transport: TransportKind::Loopback,
        seed: plan.seed,
        fault: None,
    };
    LoadTarget::named(spec, options(plan), clock::machine()).await
}

/// Compares, prints the result, and returns the exit code.
pub(super) fn execute(
    work: &LoadContext<'_>,
    plan: &LoadPlan,
    other: &LoadTarget,
) -> Result<u8, Failure> {
    let arguments = work.arguments;
    let mut round = plan.clone();
    if let Stop::After(after) = plan.stop {
        round.stop = Stop::After(after.min(ROUND));
        round.warm_up = Duration::ZERO;
    }
    let closed = matches!(plan.arrivals, Arrivals::Closed { .. });
    let default = if closed {
        ComparedFigure::Throughput
    } else {
        ComparedFigure::P99
    };
    let decides = arguments.decide_by.map_or(default, ComparedFigure::from);
    let both_ours = work.subject.process.is_some() && other.process.is_some();
    if decides == ComparedFigure::Cpu && !both_ours {
        return Err(Failure::usage(
            "proofup can compare processor time only between targets that it has started itself",
            "compare by throughput or p99",
        ));
    }
    let how = ComparisonConfig {
        aim: Precision {
            within: arguments.within,
            error: ERROR,
            pairs: PAIRS,
        },
        decides,
        budget: arguments.deadline,
    };
    terminal::result(&render::versus(&other.told, how))?;
    let progress = spinner();
    let found = compare_targets(
        &work.config(&round, Shard::WHOLE),
        &config(arguments, other, &round, Shard::WHOLE),
        how,
        &mut |pairs, ratio| progress.set_message(render::pair(pairs, ratio)),
        work.stop,
    );
    progress.finish_and_clear();
    let found = found.map_err(|error| not_begun(&error, arguments))?;
    terminal::result(&render::paired(&found, how))?;
    Ok(exit_code(&found))
}

const fn exit_code(found: &PairedComparison) -> u8 {
    if found.interrupted {
        return 130;
    }
    if found.target_gone || found.wrong[0] > 0 || found.wrong[1] > 0 {
        return 1;
    }
    match found.relation {
        Relation::Faster | Relation::Same => EXIT_OK,
        Relation::Inconclusive => 3,
        Relation::Slower => 5,
    }
}
