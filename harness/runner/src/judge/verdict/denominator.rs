//! What a run was asked to judge.

use globset::{Glob, GlobMatcher};
use proofup_domain::requirement::RequirementId;

/// Holds a requirement id, or a glob over ids: `DEF-4`, `DEF-*`.
#[derive(Debug, Clone)]
pub struct IdPattern {
    text: String,
    matcher: GlobMatcher,
}

/// Says that a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a requirement id or a glob over ids: {why}")]
pub struct BadPattern {
    /// The text.
    pub text: String,
    /// What is wrong with it.
    pub why: String,
}

impl IdPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// Fails if the text is not a glob.
    pub fn new(text: &str) -> Result<Self, BadPattern> {
        let bad = |why: String| BadPattern {
            text: text.to_owned(),
            why,
        };
        let glob = Glob::new(text).map_err(|error| bad(error.kind().to_string()))?;
        Ok(Self {
            text: text.to_owned(),
            matcher: glob.compile_matcher(),
        })
    }

    /// Gives the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Says whether an id matches.
    #[must_use]
    pub fn matches(&self, id: &RequirementId) -> bool {
        self.text == id.0 || self.matcher.is_match(&id.0)
    }

    /// Says whether this names one id, rather than a family.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        !self.text.contains(['*', '?', '[', '{'])
    }
}

/// Says what was asked for: everything, or less.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// Only these requirements; empty: all.
    pub requirements: Vec<IdPattern>,
    /// Only these areas; empty: all.
    pub areas: Vec<String>,
    /// Files or editions narrowed the run too.
    pub narrowed_otherwise: bool,
}

impl Scope {
    /// Says whether anything narrows the run.
    #[must_use]
    pub const fn narrowed(&self) -> bool {
        self.narrowed_otherwise || !self.requirements.is_empty() || !self.areas.is_empty()
    }

    /// Says whether the checks of a requirement are judged.
    #[must_use]
    pub fn selects(&self, id: &RequirementId) -> bool {
        (self.requirements.is_empty()
            || self.requirements.iter().any(|pattern| pattern.matches(id)))
            && (self.areas.is_empty() || self.areas.iter().any(|area| area == id.area()))
    }

    /// Says whether a requirement belongs to the denominator, or is told as set aside, though no check of it was
    /// selected.
    ///
    /// A whole run counts the whole catalogue; a narrowed one the ids of its checks, and those asked for by name: who
    /// asks for `DEF-4` must not be told "conforms" because nothing checks it.
    #[must_use]
    pub(super) fn sets_aside(&self, id: &RequirementId) -> bool {
        let named = |pattern: &IdPattern| pattern.is_exact() && pattern.matches(id);
        !self.narrowed() || (self.selects(id) && self.requirements.iter().any(named))
    }
}
