//! What the decisions know of a user.

use std::collections::BTreeSet;

use proofup_domain::method::{ChallengeKind, Method, Role};

/// A user as far as a decision depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Member or administrator.
    pub role: Role,
    /// Blocked by the administrator, or for a while after too many failures.
    pub blocked: bool,
    /// What is registered, oldest first.
    pub registered: Vec<Registered>,
    /// The default that was chosen; kept while policy does not allow it (`domain.md` §8).
    pub choice: Option<Choice>,
}

impl User {
    /// Makes a user who has registered nothing.
    #[must_use]
    pub const fn new(role: Role) -> Self {
        Self {
            role,
            blocked: false,
            registered: Vec::new(),
            choice: None,
        }
    }

    /// Finds a registered method by its id.
    #[must_use]
    pub fn find(&self, id: u32) -> Option<&Registered> {
        self.registered.iter().find(|method| method.id == id)
    }
}

/// One registered method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// Distinguishes it from the user's others; two apps may be of one kind.
    pub id: u32,
    /// The method.
    pub method: Method,
    /// For a mobile phone: this number's type can be mobile, so that it takes texts.
    pub can_text: bool,
    /// For security questions: the questions that were answered; none while they are still to be chosen.
    pub questions: Option<BTreeSet<String>>,
}

impl Registered {
    /// Makes a method that can do whatever its sort can do: a phone that takes texts, questions that stand.
    #[must_use]
    pub const fn new(id: u32, method: Method) -> Self {
        Self {
            id,
            method,
            can_text: true,
            questions: None,
        }
    }
}

/// The way to prove that is chosen as the default: a registered method and one of its kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Choice {
    /// The registered method.
    pub id: u32,
    /// The kind.
    pub kind: ChallengeKind,
}
