//! Stories as scenarios, so that the oracle can say whether they tell the truth under the target's own policy.
//!
//! The policy of a custom target often cannot be set. What a story expects has to hold under it, or the story says
//! nothing: commands that may be left out are, and what is left and does not fit is not played at all.

use std::sync::Arc;

use proofup_binding::CompiledTarget;
use proofup_domain::capabilities::Capabilities;
use proofup_domain::expect::{Expectation, FieldPatterns, Pattern};
use proofup_domain::requirement::RequirementId;
use proofup_scenario::{Check, GatewayForms, Scenario, Step, StepAction};
use proofup_world::policy_fit::fits;
use proofup_world::{changes_its_user, operation_of};

use super::act::{ProbeStep, ProbeStory, Wants};

/// Cuts a story down to what is right under the target's policy, and gives the scenario of it.
pub(super) fn cut(
    mut story: ProbeStory,
    target: &CompiledTarget,
    capabilities: &Capabilities,
) -> Result<(ProbeStory, Scenario), String> {
    loop {
        let scenario = scenario(&story)?;
        let edition = story.policy.edition;
        let Err(conflict) = fits(&scenario, edition, target, capabilities) else {
            return Ok((story, scenario));
        };
        let why = format!(
            "this probe needs another policy than the target has: {}",
            conflict.needs.join(", ")
        );
        let Some((stage, act)) = conflict.line.and_then(|line| place(&story, line)) else {
            return Err(why);
        };
        let about = &mut story.stages[stage];
        if about.acts[act].optional {
            about.acts.remove(act);
        } else if about.aside {
            story.stages.remove(stage);
        } else if stage == 0 {
            return Err(why);
        } else {
            story.stages.truncate(stage);
        }
    }
}

/// Returns whether a story leaves anybody other than it found them.
pub(super) fn changes_somebody(story: &ProbeStory) -> bool {
    let mut acts = story.stages.iter().flat_map(|stage| &stage.acts);
    acts.any(|act| changes_its_user(&act.command))
}

/// Finds the command on a line: lines count the commands of the story, from 1.
fn place(story: &ProbeStory, line: usize) -> Option<(usize, usize)> {
    let mut before = 0;
    for (index, stage) in story.stages.iter().enumerate() {
        if line <= before + stage.acts.len() {
            return Some((index, line.checked_sub(before + 1)?));
        }
        before += stage.acts.len();
    }
    None
}

fn scenario(story: &ProbeStory) -> Result<Scenario, String> {
    let start = "2026-01-15T09:00:00Z".parse();
    let acts = story.stages.iter().flat_map(|stage| &stage.acts);
    let steps = acts
        .enumerate()
        .filter_map(|(index, act)| step(index + 1, act));
    Ok(Scenario {
        title: story.about.clone(),
        stem: story.about.clone(),
        row: None,
        area: "doctor".to_owned(),
        path: format!("doctor/{}", story.about),
        source: Arc::from(""),
        editions: vec![story.policy.edition],
        start: start.map_err(|error| format!("the start is not an instant: {error}"))?,
        gateways: GatewayForms::default(),
        policy: story.policy.clone(),
        users: story.users.clone(),
        found: None,
        steps: steps.collect(),
    })
}

fn step(line: usize, act: &ProbeStep) -> Option<Step> {
    let expect = match &act.wants {
        Wants::Success => values(act)?,
        Wants::Refusal(words) | Wants::Exactly(words) => Expectation::refused(*words.first()?),
        // Which refusal it is does not matter, so it fits whatever the policy.
        Wants::AnyRefusal => return None,
    };
    Some(Step {
        line,
        id: None,
        check: Some(Check {
            slug: String::new(),
            requirement: RequirementId(String::new()),
            line,
            expect: Some(expect),
            expect_line: line,
            control: None,
        }),
        times: None,
        mangle: None,
        action: StepAction::One(act.command.clone()),
    })
}

/// Writes the values that a command must tell as an expectation.
fn values(act: &ProbeStep) -> Option<Expectation> {
    let mut expect = FieldPatterns::new();
    if operation_of(&act.command).is_some() {
        for (field, value) in &act.values {
            let wanted = match *field {
                "sameAccount" => continue,
                "methods" => Pattern::Has(vec![Pattern::read(value).ok()?]),
                _ => Pattern::read(value).ok()?,
            };
            expect.set(*field, wanted);
        }
    }
    Some(Expectation::Success(expect))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proofup_domain::capabilities::{Facility, Feature};
    use proofup_domain::edition::Edition;
    use proofup_domain::method::{ChallengeKind, Method};

    use super::*;
    use crate::doctor::programme;
    use proofup_binding::ClockMode;
    use proofup_world::policy_fit::fits_under;

    fn everything() -> Capabilities {
        Capabilities {
            editions: BTreeSet::from_iter(Edition::ALL.iter().copied()),
            methods: BTreeSet::from_iter(Method::ALL.iter().copied()),
            kinds: BTreeSet::from_iter(ChallengeKind::ALL.iter().copied()),
            features: BTreeSet::from_iter(Feature::ALL.iter().copied()),
            facilities: BTreeSet::from_iter(Facility::ALL.iter().copied()),
            limits: proofup_reference::rules::LIMITS,
            code_shapes_accepted: BTreeSet::new(),
        }
    }

    #[test]
    fn every_story_of_the_doctor_is_what_the_oracle_expects() {
        let capabilities = everything();
        let stories = programme(&capabilities, true, true, ClockMode::Frozen);
        assert!(stories.len() > 20, "{} stories", stories.len());
        for (name, story) in stories {
            let story = story.unwrap_or_else(|why| panic!("{name}: {why}"));
            let scenario = scenario(&story).expect("it can be told");
            let fit = fits_under(&scenario, &story.policy, &capabilities);
            assert_eq!(fit, Ok(()), "{name}");
        }
    }
}
