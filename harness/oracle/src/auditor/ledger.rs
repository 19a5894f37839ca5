//! Who owns what: sessions, setups, challenges and resets by name and by being the latest.

use std::collections::BTreeMap;

use jiff::Timestamp;
use proofup_domain::policy::Policy;
use serde_json::Value;

use super::Grounds;
use super::deed::Deed;

/// The id of one thing of a history: its place among all that were begun.
pub(super) type Id = usize;

/// What is known of a thing that was begun.
#[derive(Debug, Clone)]
pub(super) struct Begun {
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
    begun: Vec<Begun>,
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
    pub(super) fn named(&self, deed: &Deed<'_>, sort: &'static str) -> Option<Id> {
        let (table, name) = match deed.text(sort) {
            Some(name) => (&self.names, name),
            None => (&self.latest, deed.user()),
        };
        table.get(&(sort, name.to_owned())).copied()
    }

    pub(super) fn begun(&self, id: Id) -> Option<&Begun> {
        self.begun.get(id)
    }

    /// Returns the id of what is begun next.
    pub(super) const fn next(&self) -> Id {
        self.begun.len()
    }

    /// Lists what was begun of a sort.
    pub(super) fn all(&self, sort: &'static str) -> impl Iterator<Item = (Id, &Begun)> {
        let begun = self.begun.iter().enumerate();
        begun.filter(move |(_, begun)| begun.sort == sort)
    }

    /// Returns whose account a command is about: the owner of its session, else its user.
    pub(super) fn account(&self, deed: &Deed<'_>) -> String {
        let session = self.named(deed, "session").and_then(|id| self.begun(id));
        let owner = session
            .filter(|_| deed.has_session())
            .map(|begun| &begun.owner);
        owner.map_or_else(|| deed.user().to_owned(), Clone::clone)
    }

    /// Finds what a code or answers are typed for.
    pub(super) fn thing(&self, deed: &Deed<'_>) -> Option<Id> {
        match deed.word() {
            "submitCode" | "submitAnswers" | "sendCode" | "nextPage" | "readEnrollment" => {
                self.named(deed, "enrollment")
            }
            "submitSecondStepCode" | "readSecondStep" => self.named(deed, "challenge"),
            "submitResetCode" | "submitResetAnswers" | "readResetProof" => {
                self.named(deed, "proof")
            }
            _ => None,
        }
    }

    /// Takes a command in, after everything was checked.
    pub(super) fn take(&mut self, deed: &Deed<'_>) {
        if !deed.succeeded() {
            return;
        }
        match (deed.word(), deed.field("policy")) {
            ("setPolicy", Some(Value::Object(patch))) => {
                if let Some(next) = crate::patch::patched(&self.policy, patch) {
                    self.policy = next;
                }
                self.policies += 1;
            }
            ("sendCode" | "nextPage", _) => {
                if let Some(id) = self.thing(deed) {
                    self.begun[id].sent = deed.at;
                    self.begun[id].was_sent |=
                        deed.word() == "sendCode" || deed.told("page") == Some("testNotification");
                }
            }
            _ => self.begin(deed),
        }
    }

    fn begin(&mut self, deed: &Deed<'_>) {
        let Some(sort) = sort_begun(deed.word()) else {
            return;
        };
        let word = |field: &str| {
            let told = deed.told(field).or_else(|| deed.text(field));
            told.map(str::to_owned)
        };
        let app = matches!(
            word("method").as_deref(),
            Some("microsoftAuthenticator" | "softwareOath")
        );
        let begun = Begun {
            owner: self.account(deed),
            method: word("method"),
            kind: word("kind"),
            of: (sort == "proof")
                .then(|| self.named(deed, "reset"))
                .flatten(),
            sort,
            adds: deed.word() == "beginEnrollment",
            sent: deed.at,
            was_sent: sort != "enrollment" || !app,
        };
        let id = self.begun.len();
        self.begun.push(begun);
        self.latest.insert((sort, deed.user().to_owned()), id);
        if let Some(name) = deed.text("as") {
            self.names.insert((sort, name.to_owned()), id);
        }
    }
}
