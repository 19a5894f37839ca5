//! What a run was asked to judge.

use std::collections::BTreeSet;

use proofup_domain::requirement::RequirementId;

/// What was asked for: everything, or less.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunScope {
    /// Only the checks of these requirements; nothing: of all.
    pub ids: Option<BTreeSet<RequirementId>>,
    /// The requirements asked for one by one, rather than as a family.
    pub named: BTreeSet<RequirementId>,
    /// Files or editions narrowed the run too.
    pub narrowed_otherwise: bool,
}

impl RunScope {
    /// Returns whether anything narrows the run.
    #[must_use]
    pub const fn narrowed(&self) -> bool {
        self.narrowed_otherwise || self.ids.is_some()
    }

    /// Returns whether the checks of a requirement are judged.
    #[must_use]
    pub fn selects(&self, id: &RequirementId) -> bool {
        self.ids.as_ref().is_none_or(|ids| ids.contains(id))
    }

    /// Returns whether a requirement is told though no check of it was selected.
    ///
    /// A whole run counts the whole catalogue (`decisions.md` 4); a narrowed one the ids of its checks, and those asked
    /// for one by one: who asks for `DEF-4` must not be told "conforms" because nothing checks it.
    pub(super) fn tells(&self, id: &RequirementId) -> bool {
        !self.narrowed() || self.named.contains(id)
    }
}
