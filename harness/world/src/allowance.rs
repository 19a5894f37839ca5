//! What is not held against a target: the one place in which a case or a check is spared.
//!
//! Three questions are asked here, and nowhere else: whether a case can be judged at all ([`Allowances::of_case`]), whether a
//! step can be taken ([`Allowances::of_step`]), and whether what came of a check counts against the target
//! ([`Allowances::of_check`]). Each is a table: the first row that applies is the answer. The rows are those of `judging.md`
//! §5.

use proofup_binding::{CompiledTarget, Operation};
use proofup_domain::answer::REFUSED;
use proofup_domain::capabilities::{Capabilities, Facility};
use proofup_domain::command::CodeShape;
use proofup_domain::edition::Edition;
use proofup_domain::method::Role;
use proofup_domain::policy::Policy;
use proofup_domain::refusal::Refusal;
use proofup_judge::outcome::{CouldNotRun, Mismatch, NotApplicable, Outcome};
use proofup_scenario::{Check, GatewayForms, Scenario, Step, StepAction, transcript};
use serde_json::Value as Json;

use crate::bounds::is_untold;
use crate::context::RunContext;
use crate::needs::{aims_at_a_second, has_feature, missing_facilities};
use crate::policy_fit::fits;
use crate::surroundings::runs;

/// What decides whether a case in one edition, a step or a check of it is spared.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allowances<'a> {
    pub(crate) context: &'a RunContext,
    pub(crate) capabilities: &'a Capabilities,
    pub(crate) scenario: &'a Scenario,
    pub(crate) edition: Edition,
}

/// What there is to judge a check by.
#[derive(Debug)]
pub(crate) enum CheckEvidence {
    /// It was answered.
    Answered {
        /// What differs from the expectation and counts.
        wrong: Vec<Mismatch>,
        /// What differs only because the target file has no rule for the field.
        unmapped: Vec<Mismatch>,
        /// What differs in the form of a refusal that is right: told once for all checks.
        form: Vec<Mismatch>,
    },
    /// The target answers others, and did not answer this, twice (decision 7).
    Silent(Mismatch),
    /// The target file gives the answer itself: no request was sent.
    Assumed,
    /// The step was not taken: the target declares to take a code in this shape.
    AcceptedShape(CodeShape),
    /// The step was not taken: the target's request has no such malformed shape; why.
    NoShape(String),
    /// There is nothing to judge by: why.
    Missing(CouldNotRun),
}

/// What a check counts as where it is spared.
#[derive(Debug, Clone)]
pub(crate) enum Allowance {
    /// The target declares that it does not have what is asked for.
    NotApplicable(NotApplicable),
    /// The target has it, and the check could not be judged.
    CouldNotRun(CouldNotRun),
}

impl From<Allowance> for Outcome {
    fn from(allowance: Allowance) -> Self {
        match allowance {
            Allowance::NotApplicable(why) => Self::NotApplicable(why),
            Allowance::CouldNotRun(why) => Self::CouldNotRun(why),
        }
    }
}

impl Allowances<'_> {
    /// Returns why a case cannot be judged, before anything is tried, if it cannot.
    pub(crate) fn of_case(&self) -> Option<CouldNotRun> {
        missing_facilities(self.scenario, self.target(), self.capabilities)
            .or_else(|| self.running_clock())
            .or_else(|| self.provider_forms())
            .or_else(|| self.unsaid_people())
            .or_else(|| self.other_policy())
            .or_else(|| self.unproven_beginning())
    }

    /// Returns why a step cannot be taken, if it cannot: what follows it in the file then could not run either.
    pub(crate) fn of_step(&self, step: &Step) -> Option<CouldNotRun> {
        self.context.unproven.of_step(step)
    }

    /// Returns what a check counts as where what came of it is not held against the target.
    pub(crate) fn of_check(
        &self,
        step: &Step,
        check: &Check,
        evidence: &CheckEvidence,
    ) -> Option<Allowance> {
        let could_not_run = Allowance::CouldNotRun;
        accepted(evidence)
            .or_else(|| self.undeclared(check))
            .map(Allowance::NotApplicable)
            .or_else(|| missing(evidence).map(could_not_run))
            .or_else(|| assumed(step, evidence).map(could_not_run))
            .or_else(|| self.unproven(step, check, evidence).map(could_not_run))
            .or_else(|| unmapped(step, evidence).map(could_not_run))
    }

    /// Returns what the target declares that it does not have of what a check needs.
    pub(crate) fn undeclared(&self, check: &Check) -> Option<NotApplicable> {
        if !self.capabilities.editions.contains(&self.edition) {
            return Some(NotApplicable::Edition(self.edition));
        }
        let requirement = self.context.catalogue.get(&check.requirement)?;
        let mut features = requirement.needs.features.iter();
        features
            .find(|feature| !has_feature(self.capabilities, **feature))
            .map(|feature| NotApplicable::Feature(*feature))
    }

    fn target(&self) -> &CompiledTarget {
        &self.context.session.target
    }

    fn running_clock(&self) -> Option<CouldNotRun> {
        let why = "it aims at a second, and the target's clock runs; that takes one that stands";
        (runs(self.target().clock().mode) && aims_at_a_second(self.scenario))
            .then(|| unfit(Facility::Clock, why.to_owned()))
    }

    fn provider_forms(&self) -> Option<CouldNotRun> {
        let why = "the target calls its providers in a form of its own, and the case wants another";
        let wants_another = self.scenario.gateways != GatewayForms::default();
        (wants_another && !self.target().has(Operation::CreateTenant))
            .then(|| unfit(Facility::Policy, why.to_owned()))
    }

    /// Returns what `createUser` cannot say of the people of the case: a server that was never told to block anybody is
    /// right to let everybody in.
    fn unsaid_people(&self) -> Option<CouldNotRun> {
        let target = self.target();
        if target.has(Operation::CreateTenant) || !target.has(Operation::CreateUser) {
            return None;
        }
        let people = self.scenario.users.iter().filter(|user| user.exists);
        let mut unsaid = people.filter_map(|user| {
            let unsaid = |name| !target.names(Operation::CreateUser, name);
            if user.blocked && unsaid("blocked") {
                return Some((user, "is blocked", "blocked"));
            }
            (user.role != Role::Member && unsaid("role")).then_some((
                user,
                "has another role than a member",
                "role",
            ))
        });
        let (user, what, name) = unsaid.next()?;
        let why = format!(
            "`{}` {what}, and the request of createUser does not say `{{{name}}}`",
            user.name
        );
        Some(unfit(Facility::Users, why))
    }

    fn other_policy(&self) -> Option<CouldNotRun> {
        let conflict = fits(
            self.scenario,
            self.edition,
            self.target(),
            self.capabilities,
        )
        .err()?;
        Some(unfit(Facility::Policy, conflict.to_string()))
    }

    fn unproven_beginning(&self) -> Option<CouldNotRun> {
        let policy = Policy {
            edition: self.edition,
            ..self.scenario.policy.clone()
        };
        let (unproven, limits) = (&self.context.unproven, &self.context.limits);
        unproven.of_beginning(self.target(), limits, self.scenario, &policy)
    }

    fn unproven(
        &self,
        step: &Step,
        check: &Check,
        evidence: &CheckEvidence,
    ) -> Option<CouldNotRun> {
        match evidence {
            CheckEvidence::Answered {
                wrong, unmapped, ..
            } if wrong.is_empty() && unmapped.is_empty() => None,
            CheckEvidence::Answered { .. } => self.context.unproven.of_check(step, check),
            _ => None,
        }
    }
}

fn unfit(facility: Facility, why: String) -> CouldNotRun {
    CouldNotRun::Unfit { facility, why }
}

fn accepted(evidence: &CheckEvidence) -> Option<NotApplicable> {
    match evidence {
        CheckEvidence::AcceptedShape(shape) => Some(NotApplicable::Declared(format!(
            "a code in the shape {shape} is declared to be taken"
        ))),
        CheckEvidence::NoShape(why) => Some(NotApplicable::Declared(why.clone())),
        _ => None,
    }
}

fn missing(evidence: &CheckEvidence) -> Option<CouldNotRun> {
    match evidence {
        CheckEvidence::Missing(why) => Some(why.clone()),
        _ => None,
    }
}

fn assumed(step: &Step, evidence: &CheckEvidence) -> Option<CouldNotRun> {
    matches!(evidence, CheckEvidence::Assumed).then(|| CouldNotRun::Precondition {
        line: step.line,
        what: format!(
            "the target file assumes the answer to `{}`: no request is sent",
            transcript::action(&step.action)
        ),
    })
}

fn unmapped(step: &Step, evidence: &CheckEvidence) -> Option<CouldNotRun> {
    let CheckEvidence::Answered {
        wrong, unmapped, ..
    } = evidence
    else {
        return None;
    };
    if !wrong.is_empty() || unmapped.is_empty() {
        return None;
    }
    let fields = unmapped
        .iter()
        .map(|mismatch| format!("`{}`", mismatch.path));
    let mut fields: Vec<String> = fields.collect();
    fields.dedup();
    Some(CouldNotRun::Precondition {
        line: step.line,
        what: format!(
            "the target file does not say where an answer to `{}` tells {}",
            transcript::action(&step.action),
            fields.join(", ")
        ),
    })
}

/// Takes the fields of which the target file says nothing out of what differs: a mapping that is silent is no defect of the
/// target.
pub(crate) fn drop_unmapped(
    target: &CompiledTarget,
    step: &Step,
    mismatches: Vec<Mismatch>,
) -> CheckEvidence {
    let expect = step.check.as_ref().and_then(|check| check.expect.as_ref());
    let refused = expect.is_some_and(|expect| expect.refusal().is_some());
    let is_unmapped = |mismatch: &Mismatch| {
        let field = mismatch.path.split(['.', '[']).next().unwrap_or_default();
        match &step.action {
            _ if mismatch.actual.is_some() && field != "namesOrganisation" => false,
            StepAction::One(command) => is_untold(target, command, field, refused),
            StepAction::Together(_) => false,
        }
    };
    let (unmapped, other): (Vec<_>, Vec<_>) = mismatches.into_iter().partition(is_unmapped);
    let is_form = |mismatch: &Mismatch| is_of_form(target, step, mismatch);
    let (form, wrong) = other.into_iter().partition(is_form);
    CheckEvidence::Answered {
        wrong,
        unmapped,
        form,
    }
}

/// Returns whether what differs is the form of a refusal that is right: malformed input was refused, by a word that the
/// target file gives to that status, or without a problem document. A provider's failure is no refusal of input.
///
/// The contract of proofup has both in its own words, so of a target that makes tenants they are demanded check by check.
fn is_of_form(target: &CompiledTarget, step: &Step, mismatch: &Mismatch) -> bool {
    if step.mangle.is_none() || target.has(Operation::CreateTenant) {
        return false;
    }
    match mismatch.path.as_str() {
        "problem" => mismatch.actual == Some(Json::Bool(false)),
        REFUSED => mismatch
            .actual
            .as_ref()
            .and_then(Json::as_str)
            .is_some_and(|word| word != Refusal::GatewayFailed.as_str()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proofup_scenario::catalogue::embedded_catalogue;
    use proofup_scenario::embedded_suite;

    use super::*;

    fn mismatch(path: &str) -> Mismatch {
        Mismatch {
            path: path.to_owned(),
            expected: Json::from(1),
            actual: None,
        }
    }

    fn answered(wrong: &[&str], unmapped: &[&str]) -> CheckEvidence {
        let mismatches = |paths: &[&str]| paths.iter().map(|path| mismatch(path)).collect();
        CheckEvidence::Answered {
            wrong: mismatches(wrong),
            unmapped: mismatches(unmapped),
            form: Vec::new(),
        }
    }

    fn step() -> Step {
        let suite = embedded_suite(&embedded_catalogue()).expect("the suite loads");
        let mut steps = suite.scenarios.into_iter().flat_map(|one| one.steps);
        steps.next().expect("a scenario has steps")
    }

    #[test]
    fn unmapped_fields_spare_a_check_only_where_nothing_else_differs() {
        let step = step();
        assert_eq!(unmapped(&step, &answered(&[], &[])), None);
        assert_eq!(unmapped(&step, &answered(&["state"], &["triesLeft"])), None);
        assert_eq!(unmapped(&step, &answered(&["state"], &[])), None);
        let spared = unmapped(&step, &answered(&[], &["triesLeft", "triesLeft", "page"]));
        let Some(CouldNotRun::Precondition { line, what }) = spared else {
            panic!("{spared:?}");
        };
        assert_eq!(line, step.line);
        assert!(what.ends_with("tells `triesLeft`, `page`"), "{what}");
    }

    #[test]
    fn each_kind_of_evidence_that_is_no_answer_is_spared_by_one_row() {
        let step = step();
        let why = CouldNotRun::NotReached("not run".to_owned());
        for (evidence, rows) in [
            (answered(&["state"], &[]), [false; 3]),
            (CheckEvidence::Silent(mismatch("")), [false; 3]),
            (
                CheckEvidence::AcceptedShape(CodeShape::PlusSign),
                [true, false, false],
            ),
            (
                CheckEvidence::NoShape("a form".to_owned()),
                [true, false, false],
            ),
            (CheckEvidence::Missing(why), [false, true, false]),
            (CheckEvidence::Assumed, [false, false, true]),
        ] {
            let found = [
                accepted(&evidence).is_some(),
                missing(&evidence).is_some(),
                assumed(&step, &evidence).is_some(),
            ];
            assert_eq!(found, rows, "{evidence:?}");
        }
    }
}
