//! Scenario files that the harness writes: a story that was found is a file like those that people write.

use proofup_domain::command::Command;
use proofup_domain::method::Role;
use proofup_domain::policy::Policy;
use proofup_files::Writer;
use serde_json::{Value as Json, json};

use super::{GatewayForms, Provenance, UserSpec};

/// A scenario file that is written from top to bottom.
#[derive(Debug, Default)]
pub struct ScenarioWriter(Writer);

impl ScenarioWriter {
    /// A file that begins with comments, each a line, and a title.
    pub fn begin(comments: &[String], title: &str) -> Self {
        let mut file = Writer::new();
        for comment in comments {
            file.comment(comment);
        }
        file.set("title", &json!(title));
        Self(file)
    }

    /// Writes a key: of the file as long as nothing else was begun, then of what was begun last.
    pub fn set(&mut self, key: &str, value: &Json) {
        self.0.set(key, value);
    }

    /// Writes where the file was found.
    pub fn found(&mut self, found: &Provenance) {
        self.0.set("found", &json!(found));
    }

    /// Writes the shapes in which providers are called, where they are not the usual ones.
    pub fn gateways(&mut self, forms: GatewayForms) {
        if forms == GatewayForms::default() {
            return;
        }
        self.0.table("gateways");
        if let Json::Object(forms) = json!(forms) {
            for (key, value) in &forms {
                self.0.set(key, value);
            }
        }
    }

    /// Writes the tenant's policy: what differs from the policy that a file need not spell out.
    pub fn policy(&mut self, policy: &Policy) {
        self.0.table("policy");
        for (path, value) in differences(&json!(policy), &json!(Policy::default())) {
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            if path != ["edition"] {
                self.0.set_at(&path, &value);
            }
        }
    }

    /// Begins the tenant's policy, of which [`Self::set_at`] writes the fields.
    pub fn begin_policy(&mut self) {
        self.0.table("policy");
    }

    /// Writes a dotted key of what was begun last.
    pub fn set_at(&mut self, path: &[&str], value: &Json) {
        self.0.set_at(path, value);
    }

    /// Writes a person.
    pub fn user(&mut self, user: &UserSpec) {
        self.0.item("users");
        self.0.set("name", &json!(user.name));
        if user.role != Role::Member {
            self.0.set("role", &json!(user.role));
        }
        if user.blocked {
            self.0.set("blocked", &json!(true));
        }
        if !user.exists {
            self.0.set("exists", &json!(false));
        }
        self.0.set("region", &json!(user.region));
        if !user.methods.is_empty() {
            self.0.set("methods", &json!(user.methods));
        }
    }

    /// Begins a step, of which the keys follow; the check comes first.
    pub fn step(&mut self, check: Option<&str>) {
        self.0.item("steps");
        self.0.set("check", &json!(check));
    }

    /// Writes the command of the step that was begun last.
    pub fn command(&mut self, command: &Command) {
        if let Json::Object(fields) = json!(command) {
            for (key, value) in &fields {
                self.0.set(key, value);
            }
        }
    }

    /// Writes the commands of the step that was begun last, which are sent at the same moment: each with how many copies.
    pub fn together(&mut self, commands: &[(&Command, usize)]) {
        let acts: Vec<Json> = commands
            .iter()
            .map(|(command, times)| {
                let mut act = json!(command);
                if *times > 1 {
                    act["times"] = json!(times);
                }
                act
            })
            .collect();
        self.0.set_lines("together", &acts);
    }

    /// Returns the text of the file.
    pub fn finish(self) -> String {
        self.0.finish()
    }
}

/// Lists the leaves of a table that differ from another's, each with the keys that lead to it.
fn differences(own: &Json, usual: &Json) -> Vec<(Vec<String>, Json)> {
    match (own, usual) {
        (own, usual) if own == usual => Vec::new(),
        (Json::Object(own), Json::Object(_)) => own
            .iter()
            .flat_map(|(key, value)| {
                let inner = differences(value, usual.get(key).unwrap_or(&Json::Null));
                inner.into_iter().map(move |(mut path, value)| {
                    path.insert(0, key.clone());
                    (path, value)
                })
            })
            .collect(),
        (own, _) => vec![(Vec::new(), own.clone())],
    }
}

#[cfg(test)]
mod tests {
    use proofup_domain::command::Name;
    use proofup_domain::method::{ChallengeKind, Method, ResetMethod};

    use super::*;
    use crate::catalogue::embedded_catalogue;
    use crate::{Finder, StepAction, load};

    #[test]
    fn what_is_written_is_loaded_again() {
        let mut policy = Policy::default();
        policy.two_step.registration_required = true;
        policy.two_step.kinds = [ChallengeKind::TextMessage].into_iter().collect();
        policy.reset.enabled = true;
        policy.reset.methods = [ResetMethod::Email].into_iter().collect();
        policy.deferral_days = 3;
        let found = Provenance {
            by: Finder::Explore,
            seed: u64::MAX,
            case: 2,
        };
        let user = UserSpec {
            name: Name("alice".to_owned()),
            role: Role::Administrator,
            blocked: false,
            exists: true,
            region: Some("NL".to_owned()),
            methods: vec![Method::Email],
        };
        let sign_in: Command =
            serde_json::from_value(json!({"do": "signIn", "user": "alice", "as": "s"}))
                .expect("a command");
        let mut file = ScenarioWriter::begin(&["Found\nsomewhere.".to_owned()], "A \"title\"");
        file.found(&found);
        file.policy(&policy);
        file.user(&user);
        file.step(Some("SIGN-5/found"));
        file.command(&sign_in);
        file.set(
            "expect",
            &json!({"state": {"anyOf": ["signedIn", "interrupted"]}}),
        );
        file.step(Some("SIGN-5/found-together"));
        file.together(&[(&sign_in, 2)]);
        let text = file.finish();
        let scenario = load("found.toml", &text, &embedded_catalogue())
            .unwrap_or_else(|errors| panic!("{:?}\n{text}", errors.problems()));
        assert_eq!(scenario.title, "A \"title\"");
        assert_eq!(scenario.found, Some(found));
        assert_eq!(scenario.policy, policy);
        assert_eq!(scenario.users, [user]);
        assert_eq!(scenario.steps[0].action, StepAction::One(sign_in));
        assert_eq!(scenario.steps.len(), 2);
    }
}
