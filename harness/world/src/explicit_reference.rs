//! Whose thing a request is about, where it is not the user's latest.

use std::collections::BTreeSet;

use proofup_binding::{Operation, Variables};
use proofup_domain::command::{Command, Name};

use super::handles::{HandleKind, is_of_session};
use super::operations::References;
use super::variables::Vars;
use super::{StepError, World};

impl World<'_> {
    /// Makes sure that a request which is about a thing other than the user's latest says so.
    ///
    /// A product without ids knows only "the setup of whoever asks". A request that leaves out whose setup is meant is
    /// another request, and its answer says nothing about the one that was to be made.
    pub(super) fn demand_a_name(
        &self,
        command: &Command,
        references: &References,
        operation: Operation,
        user: &Name,
        vars: &Vars,
    ) -> Result<(), StepError> {
        let sorts = [
            HandleKind::Reset,
            HandleKind::Enrollment,
            HandleKind::Challenge,
            HandleKind::Proof,
        ];
        let named = sorts.iter().filter_map(|sort| {
            let name = references.name(sort.as_str())?;
            Some((*sort, sort.as_str(), name))
        });
        let of = references
            .name("of")
            .map(|name| (HandleKind::Enrollment, "methodId", name));
        for (sort, own_name, name) in named.chain(of) {
            let latest = self.handles.find(sort, user, None);
            let Some(index) = self.handles.find(sort, user, Some(&name)) else {
                continue;
            };
            if latest == Some(index) {
                continue;
            }
            let thing = self.handles.get(index);
            let own = thing.kept.keys().filter(|key| !is_of_session(key)).cloned();
            let mut names: BTreeSet<String> = own.collect();
            names.extend([own_name.to_owned(), "code".to_owned()]);
            let variables = Variables(vars.0.clone());
            if !self
                .context
                .session
                .target
                .would_name(operation, &variables, &names)
            {
                return Err(StepError::Unready(format!(
                    "the target file's request of {operation} does not say that `{name}` is meant: `{}` would be about another",
                    command.word()
                )));
            }
        }
        Ok(())
    }
}
