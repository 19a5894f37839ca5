//! Makes a violation smaller: what can be left out without losing it is left out.
//!
//! A race does not end the same way every time, so a smaller history is taken only if several of a few attempts at it are
//! violations: the smallest is to happen again.

use proofup_domain::command::Command;
use proofup_world::bounds::TargetBounds;
use proofup_world::context::RunContext;

use super::judge::HistoryJudgement;
use super::plan::HistoryPlan;
use super::play::attempt;

/// How often a smaller history is tried …
const ATTEMPTS: u32 = 8;

/// … and how often it has to be a violation.
const VIOLATIONS: u32 = 3;

/// Bounds the histories that happen while one violation is made smaller.
const HISTORIES_MOST: u32 = 400;

/// Leaves out what can be left out: look-backs first, then simultaneous commands, then what came before.
pub(crate) async fn shrink(
    context: &RunContext,
    bounds: &TargetBounds,
    plan: HistoryPlan,
) -> HistoryPlan {
    let mut shrinking = Shrinking {
        context,
        bounds,
        left: HISTORIES_MOST,
    };
    let mut plan = plan;
    while let Some(smaller) = shrinking.smaller(&plan).await {
        plan = smaller;
    }
    plan
}

struct Shrinking<'a> {
    context: &'a RunContext,
    bounds: &'a TargetBounds,
    left: u32,
}

impl Shrinking<'_> {
    /// Finds a simpler history that is still a violation.
    async fn smaller(&mut self, plan: &HistoryPlan) -> Option<HistoryPlan> {
        for candidate in candidates(plan) {
            if self.is_violation(&candidate).await {
                return Some(candidate);
            }
        }
        None
    }

    async fn is_violation(&mut self, plan: &HistoryPlan) -> bool {
        let mut violations = 0;
        for attempts_left in (0..ATTEMPTS).rev() {
            if self.left == 0 {
                return false;
            }
            self.left -= 1;
            match attempt(self.context, self.bounds, plan).await {
                HistoryJudgement::Violation(_) => violations += 1,
                HistoryJudgement::Sound => {}
                // What cannot happen now cannot happen the next time.
                HistoryJudgement::Unjudged(_) => return false,
            }
            if violations >= VIOLATIONS {
                return true;
            }
            if violations + attempts_left < VIOLATIONS {
                return false;
            }
        }
        false
    }
}

/// Lists the simpler histories: with one command less, or with one that happens before the others instead of with them.
///
/// Two commands at least stay simultaneous.
fn candidates(plan: &HistoryPlan) -> Vec<HistoryPlan> {
    let without = |change: &dyn Fn(&mut HistoryPlan)| {
        let mut smaller = plan.clone();
        change(&mut smaller);
        smaller
    };
    let mut found = Vec::new();
    for index in (0..plan.after.len()).rev() {
        found.push(without(&|plan| {
            plan.after.remove(index);
        }));
    }
    if plan.together.len() > 2 {
        for index in lasts(&plan.together) {
            found.push(without(&|plan| {
                plan.together.remove(index);
            }));
        }
    }
    for index in (0..plan.before.len()).rev() {
        found.push(without(&|plan| {
            plan.before.remove(index);
        }));
    }
    if plan.together.len() > 2 {
        for index in lasts(&plan.together) {
            found.push(without(&|plan| {
                let first = plan.together.remove(index);
                plan.before.push(first);
            }));
        }
    }
    found
}

/// Lists the places of commands, the last first; of equal neighbours only the last.
fn lasts(commands: &[Command]) -> impl Iterator<Item = usize> {
    let places = (0..commands.len()).rev();
    places.filter(|index| commands.get(index + 1) != commands.get(*index))
}
