//! Compiles what the file declares: capabilities and users.

use std::collections::{BTreeMap, BTreeSet};

use proofup_domain::capabilities::{Capabilities, Facility};
use proofup_domain::method::Role;
use proofup_domain::secret::Secret;
use proofup_files::join;
use serde_json::{Map, Value as Json, json};

use super::Compiler;
use crate::Binding;
use crate::file::{CapabilitiesFile, UserFile};
use crate::operation::Operation;
use crate::problem::Mistake;
use crate::profile::{ClockControl, PoolUser, Profile};
use crate::value::Variables;

impl Compiler<'_> {
    pub(super) fn users(&mut self, users: Vec<UserFile>) -> Vec<PoolUser> {
        let mut pool = Vec::new();
        let mut names = BTreeSet::new();
        for (index, user) in users.into_iter().enumerate() {
            let pointer = format!("/users/{index}");
            if !names.insert(user.name.clone()) {
                self.report_value(
                    &join(&pointer, "name"),
                    Mistake::DuplicateUser(user.name.clone()),
                );
            }
            let template = self.template(&join(&pointer, "password"), &user.password, "users", &[]);
            // Nothing is offered here, so nothing can be unbound.
            let password = template
                .and_then(|template| template.render(&Variables::default(), str::to_owned).ok()?);
            pool.extend(password.map(|password| PoolUser {
                name: user.name,
                user_principal_name: user.user_principal_name,
                password: Secret::new(password),
                role: user.role.unwrap_or(Role::Member),
            }));
        }
        pool
    }

    pub(super) fn profile(
        &mut self,
        file: Option<CapabilitiesFile>,
        operations: &BTreeMap<Operation, Binding>,
        users: usize,
        clock: ClockControl,
    ) -> Option<Profile> {
        let file = file?;
        self.served(file.facilities.iter().flatten(), operations, users, clock);
        let discover = file.discover.clone();
        let members = declared(file);
        if let Some(path) = discover {
            if !path.starts_with('/') {
                self.report_value(
                    "/capabilities/discover",
                    Mistake::BadRequestPath(path.clone()),
                );
            }
            return Some(Profile::Discovered {
                path,
                instead: members,
            });
        }
        for key in [
            "editions",
            "methods",
            "kinds",
            "features",
            "facilities",
            "limits",
        ] {
            // What is there and wrong was reported before.
            let there = self.root.at(&join("/capabilities", key)).is_some();
            if !members.contains_key(key) && !there {
                self.report_key(
                    "/capabilities",
                    Mistake::MissingKey {
                        key: key.to_owned(),
                    },
                );
            }
        }
        let capabilities = serde_json::from_value::<Capabilities>(Json::Object(members)).ok()?;
        Some(Profile::Declared(Box::new(capabilities)))
    }

    /// Reports facilities that are declared and that nothing in the file gives.
    fn served<'f>(
        &mut self,
        facilities: impl Iterator<Item = &'f Facility>,
        operations: &BTreeMap<Operation, Binding>,
        users: usize,
        clock: ClockControl,
    ) {
        for facility in facilities {
            let bound = |any: &[Operation]| {
                any.iter()
                    .any(|operation| operations.contains_key(operation))
            };
            let (served, by) = match facility {
                Facility::Policy => (
                    bound(&[Operation::SetPolicy, Operation::CreateTenant]),
                    "`setPolicy` or `createTenant`",
                ),
                Facility::Users => (
                    bound(&[Operation::CreateTenant, Operation::CreateUser]) || users > 1,
                    "`createTenant`, `createUser` or several `[[users]]`",
                ),
                Facility::Clock => (clock.moved.is_some(), "`advanceClock` or `clock.move`"),
                Facility::Device => (bound(&[Operation::ActivateDevice]), "`activateDevice`"),
                Facility::InboxSms
                | Facility::InboxVoice
                | Facility::InboxEmail
                | Facility::InboxPush => (true, ""),
            };
            if !served {
                let facility = facility.to_string();
                self.report_value(
                    "/capabilities/facilities",
                    Mistake::UnservedFacility { facility, by },
                );
            }
        }
    }
}

/// Lists what a file declares, as members of a capabilities document.
fn declared(file: CapabilitiesFile) -> Map<String, Json> {
    let members = [
        ("editions", file.editions.map(|declared| json!(declared))),
        ("methods", file.methods.map(|declared| json!(declared))),
        ("kinds", file.kinds.map(|declared| json!(declared))),
        ("features", file.features.map(|declared| json!(declared))),
        (
            "facilities",
            file.facilities.map(|declared| json!(declared)),
        ),
        ("limits", file.limits.map(|declared| json!(declared))),
        (
            "codeShapesAccepted",
            file.code_shapes_accepted.map(|declared| json!(declared)),
        ),
    ];
    members
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
}
