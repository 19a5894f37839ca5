//! Lets a history happen in a world of its own.

use proofup_judge::report::words::counted;
use proofup_world::bounds::TargetBounds;
use proofup_world::case::make_world;
use proofup_world::context::RunContext;
use proofup_world::{StepError, World};

use super::judge::{HistoryJudgement, PlayedHistory, judge};
use super::plan::HistoryPlan;

/// Lets a history happen and judges it.
pub(crate) async fn attempt(
    context: &RunContext,
    bounds: &TargetBounds,
    plan: &HistoryPlan,
) -> HistoryJudgement {
    match play(context, plan).await {
        Ok(played) => judge(plan, bounds, &played),
        Err(why) => HistoryJudgement::Unjudged(why),
    }
}

/// Lets a history happen; the error says why it could not.
pub(crate) async fn play(
    context: &RunContext,
    plan: &HistoryPlan,
) -> Result<PlayedHistory, String> {
    if let Some(users) = context.used_up(&plan.users) {
        return Err(format!(
            "{} of [[users]] were used up",
            counted(users, "user")
        ));
    }
    let case = plan.case(&context.fresh_name(&plan.name()));
    let mut world = make_world(context, &case).await?;
    let played = happen(&mut world, &case.scenario, plan).await;
    world.hold_to_rules(&case.id());
    world.tear_down().await;
    world.stop().await;
    played.map_err(|trouble| trouble.to_string())
}

async fn happen(
    world: &mut World<'_>,
    scenario: &proofup_scenario::Scenario,
    plan: &HistoryPlan,
) -> Result<PlayedHistory, StepError> {
    world.set_up(scenario, &scenario.policy).await?;
    for command in &plan.before {
        world.perform(command, None).await?;
    }
    let now = world.now();
    let together = world.perform_together(&plan.together).await?;
    let before = world.history.clone();
    // The rules for every answer look at all that was done.
    let answered = plan.together.iter().cloned().zip(together.iter().cloned());
    let answered = answered.map(|(command, answer)| (now, command, answer));
    world.history.extend(answered);
    let first = world.history.len();
    for command in &plan.after {
        world.perform(command, None).await?;
    }
    Ok(PlayedHistory {
        before,
        now,
        together,
        after: world.history[first..].to_vec(),
    })
}
