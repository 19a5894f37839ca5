//! What the doctor does: stories of a few commands, each with what has to come of it where the mapping is right.

use proofup_domain::command::{Command, Name};
use proofup_domain::method::{Method, Role};
use proofup_domain::policy::Policy;
use proofup_domain::refusal::Refusal;
use proofup_scenario::UserSpec;
use serde_json::Value as Json;

use super::finding::MappingGap;

/// People, a policy and what they do, in stages; a stage that is not right ends the story.
pub(super) struct ProbeStory {
    /// What it is about; also the seed of its people.
    pub(super) about: String,
    /// Who.
    pub(super) users: Vec<UserSpec>,
    /// Under which policy.
    pub(super) policy: Policy,
    /// Findings that have to be right, or this one is not reached.
    pub(super) after: Vec<String>,
    /// What happens.
    pub(super) stages: Vec<ProbeStage>,
}

/// Commands that are one finding.
pub(super) struct ProbeStage {
    /// The finding's name.
    pub(super) name: String,
    /// The commands.
    pub(super) acts: Vec<ProbeStep>,
    /// What cannot be judged where a command that must succeed does not; empty: whatever asks for its operation.
    pub(super) gaps: Vec<MappingGap>,
    /// The stages after it do not need it.
    pub(super) aside: bool,
}

/// One command and what has to come of it.
pub(super) struct ProbeStep {
    pub(super) command: Command,
    pub(super) wants: Wants,
    /// Passed over where the file does not bind its operation, or where it is refused.
    pub(super) optional: bool,
    /// The names that must be kept, with the sort of thing that keeps them; those without `must` only where the file binds them.
    pub(super) keeps: Vec<(&'static str, &'static str, bool)>,
    /// Fields that must be told where the file maps them.
    pub(super) tells: Vec<&'static str>,
    /// Values that leave no doubt: a field and what it must be where the file maps it.
    pub(super) values: Vec<(&'static str, Json)>,
    /// Other keys of the file that a failure may be about.
    pub(super) blames: Vec<String>,
    /// The declared limit that it depends on: the word of scenarios and the key of the file.
    pub(super) limit: Option<(&'static str, &'static str)>,
}

/// What has to come of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wants {
    /// What the operation is for.
    Success,
    /// A refusal by one of these words; another recognised word is the implementation's affair unless the answer itself
    /// spells the wanted one.
    Refusal(Vec<Refusal>),
    /// A refusal by one of these words and no other.
    Exactly(Vec<Refusal>),
    /// Any refusal that a rule matches.
    AnyRefusal,
}

/// Makes a command that must succeed.
pub(super) fn act(command: Json) -> ProbeStep {
    ProbeStep {
        command: serde_json::from_value(command)
            .expect("the doctor spells commands as the vocabulary does"),
        wants: Wants::Success,
        optional: false,
        keeps: Vec::new(),
        tells: Vec::new(),
        values: Vec::new(),
        blames: Vec::new(),
        limit: None,
    }
}

impl ProbeStep {
    pub(super) fn wants(mut self, wants: Wants) -> Self {
        self.wants = wants;
        self
    }

    pub(super) fn refused(self, word: Refusal) -> Self {
        self.wants(Wants::Refusal(vec![word]))
    }

    pub(super) fn exactly(self, words: &[Refusal]) -> Self {
        self.wants(Wants::Exactly(words.to_vec()))
    }

    pub(super) fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    pub(super) fn must_keep(mut self, sort: &'static str, name: &'static str) -> Self {
        self.keeps.push((sort, name, true));
        self
    }

    pub(super) fn keeps(mut self, sort: &'static str, names: &[&'static str]) -> Self {
        self.keeps
            .extend(names.iter().map(|name| (sort, *name, false)));
        self
    }

    pub(super) fn tells(mut self, fields: &[&'static str]) -> Self {
        self.tells.extend(fields);
        self
    }

    pub(super) fn value(mut self, field: &'static str, value: impl Into<Json>) -> Self {
        self.values.push((field, value.into()));
        self
    }

    pub(super) fn blames(mut self, keys: &[&str]) -> Self {
        self.blames.extend(keys.iter().map(|key| (*key).to_owned()));
        self
    }

    pub(super) fn limit(mut self, word: &'static str, key: &'static str) -> Self {
        self.limit = Some((word, key));
        self
    }
}

impl ProbeStage {
    pub(super) fn new(name: impl Into<String>, acts: Vec<ProbeStep>) -> Self {
        Self {
            name: name.into(),
            acts,
            gaps: Vec::new(),
            aside: false,
        }
    }

    pub(super) fn gaps(mut self, gaps: &[MappingGap]) -> Self {
        self.gaps = gaps.to_vec();
        self
    }

    pub(super) fn aside(mut self) -> Self {
        self.aside = true;
        self
    }
}

/// Makes somebody with what they have registered beforehand.
pub(super) fn somebody(name: &str, methods: &[Method]) -> UserSpec {
    UserSpec {
        name: Name(name.to_owned()),
        role: Role::Member,
        blocked: false,
        exists: true,
        region: None,
        methods: methods.to_vec(),
    }
}
