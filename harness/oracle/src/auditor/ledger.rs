//! Who owns what: sessions, setups, challenges and resets by name and by being the latest.

use std::collections::BTreeMap;

use jiff::Timestamp;
use proofup_domain::policy::Policy;
use serde_json::Value;

use super::Grounds;
use super::action::AuditedAction;

/// The id of one thing of a history: its place among all that were begun.
pub(super) type Id = usize;

/// What is known of a thing that was begun.
#[derive(Debug, Clone)]
pub(super) struct LedgerEntry {
    /// Whose account it is about.
    pub(super) owner: String,
    pub(super) method: Option<String>,
    pub(super) kind: Option<String>,
    /// The reset that a proof belongs to.
    pub(super) of: Option<Id>,
    pub(super) sort: &'static str,
    /// A setup adds a method, a change does not.
    pub(super) adds: bool,
    /// When something was last sent for it, or when it was begun.
    pub(super) sent: Timestamp,
    /// Something was sent for it at all: beginning to set an app up sends nothing.
    pub(super) was_sent: bool,
}

/// Follows what names mean while a history goes on.
#[derive(Debug)]
pub(super) struct Ledger {
    pub(super) policy: Policy,
    /// Counts the policy changes.
    pub(super) policies: usize,
    begun: Vec<LedgerEntry>,
    names: BTreeMap<(&'static str, String), Id>,
    latest: BTreeMap<(&'static str, String), Id>,
}

/// Returns the sort that a command begins, and the field by which others name it.
fn sort_begun(word: &str) -> Option<&'static str> {
    Some(match word {
        "signIn" => "session",
        "beginEnrollment" | "changeMethod" => "enrollment",
        "beginSecondStep" => "challenge",
        "beginReset" => "reset",
        "beginResetProof" => "proof",
        _ => return None,
    })
}

impl Ledger {
    pub(super) fn new(grounds: &Grounds) -> Self {
        Self {
            policy: grounds.policy.clone(),
            policies: 0,
            begun: Vec::new(),
            names: BTreeMap::new(),
            latest: BTreeMap::new(),
        }
    }

    /// Finds what a command names, or its user's latest of the sort.
    pub(super) fn named(&self, action: &AuditedAction<'_>, sort: &'static str) -> Option<Id> {
        let (table, name) = match action.text(sort) {
            Some(name) => (&self.names, name),
            None => (&self.latest, action.user()),
        };
        table.get(&(sort, name.to_owned())).copied()
    }

    pub(super) fn begun(&self, id: Id) -> Option<&LedgerEntry> {
        self.begun.get(id)
    }

    /// Returns the id of what is begun next.
    pub(super) const fn next(&self) -> Id {
        self.begun.len()
    }

    /// Lists what was begun of a sort.
    pub(super) fn all(&self, sort: &'static str) -> impl Iterator<Item = (Id, &LedgerEntry)> {
        let begun = self.begun.iter().enumerate();
        begun.filter(move |(_, begun)| begun.sort == sort)
    }

    /// Returns whose account a command is about: the owner of its session, else its user.
    pub(super) fn account(&self, action: &AuditedAction<'_>) -> String {
        let session = self.named(action, "session").and_then(|id| self.begun(id));
        let owner = session
            .filter(|_| action.has_session())
            .map(|begun| &begun.owner);
        owner.map_or_else(|| action.user().to_owned(), Clone::clone)
    }

    /// Finds what a code or answers are typed for.
    pub(super) fn thing(&self, action: &AuditedAction<'_>) -> Option<Id> {
        match action.word() {
            "submitCode" | "submitAnswers" | "sendCode" | "nextPage" | "readEnrollment" => {
                self.named(action, "enrollment")
            }
            "submitSecondStepCode" | "readSecondStep" => self.named(action, "challenge"),
            "submitResetCode" | "submitResetAnswers" | "readResetProof" => {
                self.named(action, "proof")
            }
            _ => None,
        }
    }

    /// Takes a command in, after everything was checked.
    pub(super) fn take(&mut self, action: &AuditedAction<'_>) {
        if !action.succeeded() {
            return;
        }
        match (action.word(), action.field("policy")) {
            ("setPolicy", Some(Value::Object(patch))) => {
                if let Some(next) = crate::patch::patched(&self.policy, patch) {
                    self.policy = next;
                }
                self.policies += 1;
            }
            ("sendCode" | "nextPage", _) => {
                if let Some(id) = self.thing(action) {
                    self.begun[id].sent = action.at;
                    self.begun[id].was_sent |= action.word() == "sendCode"
                        || action.told("page") == Some("testNotification");
                }
            }
            _ => self.begin(action),
        }
    }

    fn begin(&mut self, action: &AuditedAction<'_>) {
        let Some(sort) = sort_begun(action.word()) else {
            return;
        };
        let word = |field: &str| {
            let told = action.told(field).or_else(|| action.text(field));
            told.map(str::to_owned)
        };
        let app = matches!(
            word("method").as_deref(),
            Some("microsoftAuthenticator" | "softwareOath")
        );
        let begun = LedgerEntry {
            owner: self.account(action),
            method: word("method"),
            kind: word("kind"),
            of: (sort == "proof")
                .then(|| self.named(action, "reset"))
                .flatten(),
            sort,
            adds: action.word() == "beginEnrollment",
            sent: action.at,
            was_sent: sort != "enrollment" || !app,
        };
        let id = self.begun.len();
        self.begun.push(begun);
        self.latest.insert((sort, action.user().to_owned()), id);
        if let Some(name) = action.text("as") {
            self.names.insert((sort, name.to_owned()), id);
        }
    }
}
