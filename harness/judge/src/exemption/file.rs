//! Reads an exemption file, and tells everything that is wrong with it at once.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use jiff::civil::Date;
use proofup_domain::requirement::RequirementId;
use proofup_files::{FileErrors, Kind, Node, Problem, TomlDocument, nearest};
use schemars::JsonSchema;
use serde_json::Value as Json;

use super::{Covers, ExemptOutcome, Exemption, KnownChecks};

/// What an exemption file looks like: known failures of one target, each with its reason.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "the form is the schema; entries are read from the tree, with their places"
)]
struct ExemptionFile {
    /// The exemptions, each a `[[exemptions]]` table.
    #[schemars(default)]
    exemptions: Vec<ExemptionForm>,
}

/// One known failure.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "the form is the schema; entries are read from the tree, with their places"
)]
struct ExemptionForm {
    /// The check that is exempted: `DEF-4/last-day`.
    check: Option<String>,
    /// In place of `check`, the requirement all of whose checks are exempted: `DEF-4`.
    requirement: Option<String>,
    /// Why the failure is tolerated.
    reason: String,
    /// The first day on which the exemption no longer holds, such as "2027-01-01".
    expires: Option<String>,
    /// The outcome that is tolerated; default `failed`.
    outcome: Option<ExemptOutcome>,
}

static SCHEMA: LazyLock<Json> = LazyLock::new(|| Json::from(schemars::schema_for!(ExemptionFile)));

/// Reads the file.
pub(super) fn parse(
    name: &str,
    text: &str,
    today: Date,
    known: &KnownChecks<'_>,
) -> Result<Vec<Exemption>, FileErrors> {
    let document = TomlDocument::parse(name, text);
    let mut reader = Reader {
        today,
        known,
        problems: document.check(&SCHEMA).problems,
    };
    let mut entries = Vec::new();
    if document.is_toml() {
        let items = document.root().get("exemptions").map(Node::items);
        entries = reader.entries(items.unwrap_or_default());
    }
    if reader.problems.is_empty() {
        return Ok(entries);
    }
    Err(document.errors(reader.problems))
}

/// What an exemption is checked against, and what is wrong so far.
struct Reader<'a> {
    today: Date,
    known: &'a KnownChecks<'a>,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn problem(&mut self, node: &Node, message: impl Into<String>, help: impl Into<String>) {
        let problem = Problem::new(message, "here", node.span.clone());
        self.problems.push(problem.help(help));
    }

    fn entries(&mut self, items: &[Node]) -> Vec<Exemption> {
        let mut entries = Vec::new();
        let mut named = BTreeSet::new();
        for item in items {
            let Some(entry) = self.entry(item) else {
                continue;
            };
            if named.insert(entry.name().to_owned()) {
                entries.push(entry);
            } else {
                let message = format!("`{}` is exempted twice", entry.name());
                self.problem(item, message, "keep one of the two entries");
            }
        }
        entries
    }

    /// Reads an entry; none where it names nothing that it could cover, or has no reason.
    fn entry(&mut self, item: &Node) -> Option<Exemption> {
        // What has another type than it should was told already.
        let text = |key: &str| item.get(key).and_then(|node| Some((node, node.text()?)));
        let check = text("check").and_then(|(node, slug)| self.check(node, slug));
        let requirement = text("requirement").and_then(|(node, id)| self.requirement(node, id));
        let expires = text("expires").and_then(|(node, day)| self.expires(node, day));
        let reason = text("reason").and_then(|(node, reason)| self.reason(node, reason));
        match (item.get("check"), item.get("requirement")) {
            (Some(_), Some(_)) => self.problem(
                item,
                "an exemption has a `check` or a `requirement`, not both",
                "write one entry for each",
            ),
            (None, None) if matches!(item.kind, Kind::Table(_)) => self.problem(
                item,
                "the exemption has neither `check` nor `requirement`",
                "add `check = \"DEF-4/…\"` or `requirement = \"DEF-4\"`",
            ),
            _ => {}
        }
        let outcome = item.get("outcome").map(Node::json);
        Some(Exemption {
            covers: check.or(requirement)?,
            reason: reason?,
            expires,
            outcome: outcome
                .and_then(|outcome| serde_json::from_value(outcome).ok())
                .unwrap_or_default(),
        })
    }

    fn check(&mut self, node: &Node, slug: &str) -> Option<Covers> {
        let id = RequirementId(slug.split('/').next().unwrap_or_default().to_owned());
        let elsewhere =
            !self.known.complete && slug.contains('/') && self.known.requirements.contains(&id);
        if elsewhere || self.known.slugs.contains(slug) {
            return Some(Covers::Check(slug.to_owned()));
        }
        let help = help(slug, self.known.slugs.iter().map(String::as_str));
        let message = format!("unknown check `{slug}`: the exemption covers nothing");
        self.problem(node, message, help);
        None
    }

    fn requirement(&mut self, node: &Node, id: &str) -> Option<Covers> {
        let id = RequirementId(id.to_owned());
        if !self.known.requirements.contains(&id) {
            let known = self.known.requirements.iter();
            let help = help(&id.0, known.map(|known| known.0.as_str()));
            self.problem(node, format!("unknown requirement `{id}`"), help);
            return None;
        }
        let checked = |slug: &String| slug.split('/').next() == Some(id.0.as_str());
        if self.known.complete && !self.known.slugs.iter().any(checked) {
            let message = format!("no check judges `{id}`: the exemption covers nothing");
            self.problem(node, message, "remove the entry");
            return None;
        }
        Some(Covers::Requirement(id))
    }

    fn reason(&mut self, node: &Node, reason: &str) -> Option<String> {
        if reason.trim().is_empty() {
            let help = "write why the failure is tolerated";
            self.problem(node, "the reason is empty", help);
            return None;
        }
        Some(reason.to_owned())
    }

    fn expires(&mut self, node: &Node, written: &str) -> Option<Date> {
        let Ok(date) = written.parse::<Date>() else {
            let message = format!("`{written}` is not a date");
            self.problem(node, message, "write a day like \"2027-01-01\"");
            return None;
        };
        if date <= self.today {
            let help = "fix the target and remove the entry, or review it and set a later date";
            self.problem(node, format!("the exemption expired on {date}"), help);
            return None;
        }
        Some(date)
    }
}

/// Returns the help for a name that is unknown. There are too many known ones to list.
fn help<'w>(written: &str, known: impl IntoIterator<Item = &'w str>) -> String {
    nearest(written, known).map_or_else(
        || "`proofup list` shows what there is".to_owned(),
        |near| format!("did you mean `{near}`?"),
    )
}
