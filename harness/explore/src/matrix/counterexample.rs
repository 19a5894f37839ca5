//! A difference as a scenario file: `proofup run FILE` fails in the same way, without the matrix.

use proofup_domain::answer::Answer;
use proofup_domain::command::Name;
use proofup_domain::method::{ChallengeKind, Method};
use proofup_domain::policy::Policy;
use proofup_domain::refusal::Refusal;
use proofup_oracle::usable;
use proofup_oracle::user::Registered;
use proofup_scenario::UserSpec;
use proofup_scenario::spelling::ScenarioWriter;
use serde_json::{Value as Json, json};

use super::REQUIREMENT;
use super::combination::Combination;
use super::decision::{Decision, Standing, UserView, expected, expected_in_full, session_state};
use super::finding::{Aspect, MatrixDifference};

/// Writes the scenario that shows a difference.
#[must_use]
pub fn counterexample(difference: &MatrixDifference) -> String {
    let combination = difference.combination;
    let policy = combination.policy();
    let mut file = MatrixScenario::begin(difference);
    match expected(&policy, combination.role(), &difference.registered) {
        Decision::Refused => file.refused_policy(&policy),
        Decision::Accepted(_) if difference.aspect == Aspect::Policy => {
            file.user(combination, &[]);
            file.step(&[("check", slug("policy")), ("do", json!("setPolicy"))]);
            file.patch(&policy);
        }
        Decision::Accepted(standing)
            if difference.aspect == Aspect::Wizard && !standing.interrupted =>
        {
            file.no_wizard(combination, &policy);
        }
        Decision::Accepted(standing) => file.standing(difference, &policy, &standing),
    }
    file.0.finish()
}

/// A scenario that is made of steps about one person.
struct MatrixScenario(ScenarioWriter);

impl MatrixScenario {
    fn begin(difference: &MatrixDifference) -> Self {
        let number = difference.combination.number();
        let comment = format!(
            "Found by `proofup matrix`, combination {number}: {}: expected {}, got {}.",
            difference.aspect.as_str(),
            difference.expected,
            difference.actual,
        );
        let title = format!("What the policy of combination {number} allows and requires");
        Self(ScenarioWriter::begin(&[comment], &title))
    }

    /// The policy is refused, beside one that is taken.
    fn refused_policy(&mut self, policy: &Policy) {
        self.user(Combination::new(0), &[]);
        self.step(&[("id", json!("sound")), ("do", json!("setPolicy"))]);
        self.patch(&Combination::new(0).policy());
        self.step(&[
            ("check", slug("policy")),
            ("control", json!("sound")),
            ("do", json!("setPolicy")),
        ]);
        self.patch(policy);
        self.expect(&Answer::refused(Refusal::InvalidPolicy).to_json());
    }

    /// The wizard is refused after a sign-in that nothing interrupts, beside one under a policy that does interrupt.
    fn no_wizard(&mut self, combination: Combination, policy: &Policy) {
        let mut interrupting = Combination::new(0).policy();
        interrupting
            .two_step
            .kinds
            .insert(ChallengeKind::TextMessage);
        interrupting.two_step.registration_required = true;
        self.policy(&interrupting);
        self.user(combination, &[]);
        self.command("signIn", &[]);
        self.command("readWizard", &[("id", json!("interrupted"))]);
        self.step(&[("do", json!("setPolicy"))]);
        self.patch(policy);
        self.command("signIn", &[]);
        self.command(
            "readWizard",
            &[
                ("check", slug("required")),
                ("control", json!("interrupted")),
            ],
        );
        self.expect(&Answer::refused(Refusal::NotInterrupted).to_json());
    }

    /// The sign-in, what can be added and what is required, one after the other.
    fn standing(&mut self, difference: &MatrixDifference, policy: &Policy, standing: &Standing) {
        let (combination, aspect) = (difference.combination, difference.aspect);
        self.policy(policy);
        self.user(combination, &difference.registered);
        self.command("signIn", &[("check", slug("sign-in"))]);
        let state = session_state(standing.interrupted);
        self.expect(&json!({ "state": state }));
        let told = expected_in_full(policy, combination.role());
        if standing.interrupted {
            self.command("readWizard", &[("check", slug("required"))]);
            let mut fields = json!({ "required": standing.required });
            if aspect == Aspect::Wizard {
                fields["page"] = json!("method");
                fields["proposed"] = json!(standing.required.first());
            }
            if let (Aspect::Alternatives, Some(told)) = (aspect, &told) {
                fields["alternatives"] = json!(told.alternatives);
            }
            self.expect(&fields);
        } else {
            self.prove(policy, &difference.registered);
        }
        self.command("listAvailable", &[("check", slug("available"))]);
        let mut fields = json!({ "methods": standing.available });
        if let (Aspect::Details, Some(told)) = (aspect, &told) {
            fields["details"] = details(told);
        }
        self.expect(&fields);
    }

    /// Passes the second step, where looking at what can be added asks for one.
    fn prove(&mut self, policy: &Policy, registered: &[Method]) {
        let proof = registered.iter().find_map(|method| {
            let kinds = usable::two_step_kinds(policy, &Registered::new(0, *method));
            kinds.iter().next().map(|kind| (*method, kind))
        });
        let Some((method, kind)) = proof else {
            return;
        };
        let fields = [("method", json!(method)), ("kind", json!(kind))];
        self.command("beginSecondStep", &fields);
        match kind {
            ChallengeKind::AppNotification => self.command("approveNotification", &[]),
            ChallengeKind::VoiceCall => self.command("pressKey", &[]),
            ChallengeKind::AppCode => {
                self.command("submitSecondStepCode", &[("code", json!("current"))]);
            }
            ChallengeKind::TextMessage | ChallengeKind::EmailCode | ChallengeKind::Answers => {
                self.command("submitSecondStepCode", &[("code", json!("lastSent"))]);
            }
        }
    }

    fn user(&mut self, combination: Combination, registered: &[Method]) {
        self.0.user(&UserSpec {
            name: Name("alice".to_owned()),
            role: combination.role(),
            blocked: false,
            exists: true,
            region: None,
            methods: registered.to_vec(),
        });
    }

    /// Lets alice do something.
    fn command(&mut self, word: &str, keys: &[(&str, Json)]) {
        let mut step = Vec::from(keys);
        step.push(("do", json!(word)));
        step.push(("user", json!("alice")));
        self.step(&step);
    }

    fn step(&mut self, keys: &[(&str, Json)]) {
        self.0.step(None);
        for (key, value) in keys {
            self.0.set(key, value);
        }
    }

    fn expect(&mut self, expect: &Json) {
        self.0.set("expect", expect);
    }

    /// Writes the tenant's policy.
    fn policy(&mut self, policy: &Policy) {
        self.0.begin_policy();
        for (path, value) in fields(policy) {
            self.0.set_at(&path, &value);
        }
    }

    /// Writes the policy that a step sets.
    fn patch(&mut self, policy: &Policy) {
        for (path, value) in fields(policy) {
            let path: Vec<&str> = std::iter::once("policy").chain(path).collect();
            self.0.set_at(&path, &value);
        }
    }
}

/// Lists the fields of a policy that the matrix varies, each with its keys.
fn fields(policy: &Policy) -> Vec<(Vec<&'static str>, Json)> {
    let (two_step, reset) = (&policy.two_step, &policy.reset);
    vec![
        (vec!["twoStep", "kinds"], json!(two_step.kinds)),
        (
            vec!["twoStep", "registrationRequired"],
            json!(two_step.registration_required),
        ),
        (vec!["reset", "enabled"], json!(reset.enabled)),
        (vec!["reset", "methods"], json!(reset.methods)),
        (
            vec!["reset", "methodsRequired"],
            json!(reset.methods_required),
        ),
        (
            vec!["reset", "registrationRequired"],
            json!(reset.registration_required),
        ),
        (vec!["reset", "questions"], json!(reset.questions)),
        (vec!["deferralDays"], json!(policy.deferral_days)),
        (
            vec!["choice", "differentMethod"],
            json!(policy.choice.different_method),
        ),
        (
            vec!["app", "codeWithNotification"],
            json!(policy.app.code_with_notification),
        ),
    ]
}

/// Returns the name of a check of the matrix.
fn slug(what: &str) -> Json {
    json!(format!("{REQUIREMENT}/matrix-{what}"))
}

fn details(told: &UserView) -> Json {
    told.details
        .iter()
        .map(|detail| {
            json!({
                "method": detail.method,
                "kinds": detail.kinds,
                "purposes": detail.purposes,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::decision::registered_sets;
    use proofup_scenario::catalogue::embedded_catalogue;
    use proofup_scenario::load;

    fn difference(number: u16, aspect: Aspect, registered: &[Method]) -> MatrixDifference {
        MatrixDifference {
            combination: Combination::new(number),
            registered: registered.to_vec(),
            aspect,
            expected: "email".to_owned(),
            actual: "\"\n[policy]".to_owned(),
        }
    }

    #[track_caller]
    fn check_loads(difference: &MatrixDifference) {
        let text = counterexample(difference);
        let loaded = load("matrix.toml", &text, &embedded_catalogue());
        let problems = loaded.map_err(|errors| {
            let told: Vec<String> = errors.problems().iter().map(ToString::to_string).collect();
            told.join("\n")
        });
        assert_eq!(problems.err(), None, "{text}");
    }

    #[test]
    fn every_sort_of_difference_makes_a_scenario_that_loads() {
        let aspects = [
            Aspect::Policy,
            Aspect::SignIn,
            Aspect::Available,
            Aspect::Details,
            Aspect::Wizard,
            Aspect::Required,
            Aspect::Alternatives,
        ];
        for number in (0..=u16::MAX).step_by(1117) {
            for aspect in aspects {
                check_loads(&difference(number, aspect, &[]));
            }
        }
    }

    #[test]
    fn a_user_who_has_registered_something_passes_the_second_step_first() {
        for set in registered_sets(2) {
            // Everything is allowed; a second step need not be registered, and neither need gates.
            let free = Combination::new(0xf7f2);
            check_loads(&difference(free.number(), Aspect::Available, &set));
        }
    }
}
