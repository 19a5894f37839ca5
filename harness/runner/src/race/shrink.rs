//! Makes a violation smaller: what can be left out without losing it is left out.
//!
//! A race does not end the same way every time, so a smaller history counts as a violation if one of several attempts is.

use proofup_domain::capabilities::Capabilities;

use super::judge::Judgement;
use super::plan::Plan;
use super::play::attempt;
use crate::run::Environment;

/// How often a smaller history is tried before it counts as sound.
const ATTEMPTS: u32 = 5;

/// Bounds the histories that happen while one violation is made smaller.
const HISTORIES_MOST: u32 = 250;

/// Leaves out what can be left out: look-backs first, then simultaneous commands, then what came before.
pub(crate) async fn shrink(
    environment: &Environment,
    capabilities: &Capabilities,
    plan: Plan,
) -> Plan {
    let mut shrinking = Shrinking {
        environment,
        capabilities,
        left: HISTORIES_MOST,
    };
    let mut plan = plan;
    while let Some(smaller) = shrinking.smaller(&plan).await {
        plan = smaller;
    }
    plan
}

struct Shrinking<'a> {
    environment: &'a Environment,
    capabilities: &'a Capabilities,
    left: u32,
}

impl Shrinking<'_> {
    /// Finds a history with one command less that is still a violation.
    async fn smaller(&mut self, plan: &Plan) -> Option<Plan> {
        for candidate in candidates(plan) {
            if self.is_violation(&candidate).await {
                return Some(candidate);
            }
        }
        None
    }

    async fn is_violation(&mut self, plan: &Plan) -> bool {
        for _ in 0..ATTEMPTS {
            if self.left == 0 {
                return false;
            }
            self.left -= 1;
            match attempt(self.environment, self.capabilities, plan).await {
                Judgement::Violation(_) => return true,
                Judgement::Sound => {}
                // What cannot happen now cannot happen the next time.
                Judgement::Unjudged(_) => return false,
            }
        }
        false
    }
}

/// Lists the histories with one command less; two commands at least stay simultaneous.
fn candidates(plan: &Plan) -> Vec<Plan> {
    let without = |change: &dyn Fn(&mut Plan)| {
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
        for index in (0..plan.together.len()).rev() {
            let same_as_next = plan.together.get(index + 1) == plan.together.get(index);
            if !same_as_next {
                found.push(without(&|plan| {
                    plan.together.remove(index);
                }));
            }
        }
    }
    for index in (0..plan.before.len()).rev() {
        found.push(without(&|plan| {
            plan.before.remove(index);
        }));
    }
    found
}
