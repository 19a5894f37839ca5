//! Reads an exemption file, and tells everything that is wrong with it at once.

use std::collections::BTreeSet;

use jiff::civil::Date;
use miette::{Diagnostic, NamedSource, SourceSpan};
use proofup_domain::requirement::RequirementId;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Covers, ExemptOutcome, Exemption, KnownChecks};

/// Holds every problem of an exemption file.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("the exemption file `{name}` cannot be used: {} problem(s)", problems.len())]
#[diagnostic(help(
    "an entry is `[[exemptions]]` with `check` or `requirement`, `reason`, and optionally `expires` and `outcome`"
))]
pub struct ExemptionsError {
    name: String,
    /// The problems, in file order.
    #[related]
    pub problems: Vec<ExemptionProblem>,
}

/// Holds one problem, where it is, and what to do about it.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("{message}")]
pub struct ExemptionProblem {
    /// What is wrong.
    pub message: String,
    #[source_code]
    source_code: NamedSource<String>,
    #[label]
    span: SourceSpan,
    #[help]
    help: Option<String>,
    /// The line, from 1.
    pub line: usize,
}

/// Collects problems while the file is walked.
struct Reader<'a> {
    name: &'a str,
    text: &'a str,
    today: Date,
    known: &'a KnownChecks<'a>,
    problems: Vec<ExemptionProblem>,
}

type Key<'a, 'i> = (
    &'a Spanned<std::borrow::Cow<'i, str>>,
    &'a Spanned<DeValue<'i>>,
);

const KEYS: [&str; 5] = ["check", "requirement", "reason", "expires", "outcome"];

/// Reads the file.
pub(super) fn parse(
    name: &str,
    text: &str,
    today: Date,
    known: &KnownChecks<'_>,
) -> Result<Vec<Exemption>, ExemptionsError> {
    let mut reader = Reader {
        name,
        text,
        today,
        known,
        problems: Vec::new(),
    };
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        reader.problem(
            error.span().unwrap_or(0..0),
            error.message().to_owned(),
            None,
        );
    }
    let entries = reader.document(table.get_ref());
    if reader.problems.is_empty() {
        return Ok(entries);
    }
    reader.problems.sort_by_key(|problem| problem.span.offset());
    Err(ExemptionsError {
        name: name.to_owned(),
        problems: reader.problems,
    })
}

impl Reader<'_> {
    fn problem(&mut self, span: std::ops::Range<usize>, message: String, help: Option<String>) {
        let start = span.start.min(self.text.len());
        let before = self.text.as_bytes().get(..start).unwrap_or_default();
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        self.problems.push(ExemptionProblem {
            message,
            source_code: NamedSource::new(self.name, self.text.to_owned()),
            span: (start..span.end.clamp(start, self.text.len())).into(),
            help,
            line,
        });
    }

    fn document(&mut self, table: &DeTable<'_>) -> Vec<Exemption> {
        let mut entries = Vec::new();
        let mut named = BTreeSet::new();
        for (key, value) in table.iter() {
            if key.get_ref() != "exemptions" {
                self.unknown_key(key, &["exemptions"]);
                continue;
            }
            let Some(array) = value.get_ref().as_array() else {
                self.wrong_type(value, "a list of tables, written `[[exemptions]]`");
                continue;
            };
            for item in array.iter() {
                let Some(table) = item.get_ref().as_table() else {
                    self.wrong_type(item, "a table");
                    continue;
                };
                let Some(entry) = self.entry(table, item.span()) else {
                    continue;
                };
                if named.insert(entry.name().to_owned()) {
                    entries.push(entry);
                } else {
                    let message = format!("`{}` is exempted twice", entry.name());
                    self.problem(
                        item.span(),
                        message,
                        Some("keep one of the two entries".to_owned()),
                    );
                }
            }
        }
        entries
    }

    fn entry(&mut self, table: &DeTable<'_>, span: std::ops::Range<usize>) -> Option<Exemption> {
        let before = self.problems.len();
        let mut covers = Vec::new();
        let mut reason = None;
        let mut expires = None;
        let mut outcome = ExemptOutcome::default();
        for (key, value) in table.iter() {
            match key.get_ref().as_ref() {
                "check" => covers.extend(self.check(value)),
                "requirement" => covers.extend(self.requirement(value)),
                "reason" => reason = self.reason(value),
                "expires" => expires = self.expires(value),
                "outcome" => outcome = self.outcome(value).unwrap_or_default(),
                _ => self.unknown_key(key, &KEYS),
            }
        }
        let has = |key: &str| {
            table
                .iter()
                .any(|(name, _): Key<'_, '_>| name.get_ref() == key)
        };
        match (has("check"), has("requirement")) {
            (true, true) => self.problem(
                span.clone(),
                "an exemption names a `check` or a `requirement`, not both".to_owned(),
                Some("write one entry for each".to_owned()),
            ),
            (false, false) => self.problem(
                span.clone(),
                "the exemption names nothing".to_owned(),
                Some("add `check = \"DEF-4/…\"` or `requirement = \"DEF-4\"`".to_owned()),
            ),
            _ => {}
        }
        if !has("reason") {
            let help = "say why the failure is tolerated: `reason = \"…\"`".to_owned();
            self.problem(span, "the exemption has no reason".to_owned(), Some(help));
        }
        if self.problems.len() > before {
            return None;
        }
        Some(Exemption {
            covers: covers.pop()?,
            reason: reason?,
            expires,
            outcome,
        })
    }

    fn check(&mut self, value: &Spanned<DeValue<'_>>) -> Option<Covers> {
        let slug = self.text_of(value)?;
        if self.known.slugs.contains(&slug) {
            return Some(Covers::Check(slug));
        }
        let id = RequirementId(slug.split('/').next().unwrap_or_default().to_owned());
        if !self.known.complete && slug.contains('/') && self.known.requirements.contains(&id) {
            return Some(Covers::Check(slug));
        }
        let help = nearest(&slug, self.known.slugs.iter().map(String::as_str));
        self.problem(
            value.span(),
            format!("no check is called `{slug}`: the exemption covers nothing"),
            help,
        );
        None
    }

    fn requirement(&mut self, value: &Spanned<DeValue<'_>>) -> Option<Covers> {
        let id = RequirementId(self.text_of(value)?);
        if !self.known.requirements.contains(&id) {
            let help = nearest(
                &id.0,
                self.known.requirements.iter().map(|id| id.0.as_str()),
            );
            self.problem(
                value.span(),
                format!("no requirement is called `{id}`"),
                help,
            );
            return None;
        }
        let checked = |slug: &String| slug.split('/').next() == Some(id.0.as_str());
        if self.known.complete && !self.known.slugs.iter().any(checked) {
            let message = format!("no check judges `{id}`: the exemption covers nothing");
            self.problem(value.span(), message, Some("remove the entry".to_owned()));
            return None;
        }
        Some(Covers::Requirement(id))
    }

    fn reason(&mut self, value: &Spanned<DeValue<'_>>) -> Option<String> {
        let reason = self.text_of(value)?;
        if reason.trim().is_empty() {
            let help = "say why the failure is tolerated".to_owned();
            self.problem(value.span(), "the reason is empty".to_owned(), Some(help));
            return None;
        }
        Some(reason)
    }

    fn expires(&mut self, value: &Spanned<DeValue<'_>>) -> Option<Date> {
        let written = match value.get_ref() {
            DeValue::Datetime(date) => date.to_string(),
            DeValue::String(text) => text.to_string(),
            _ => {
                self.wrong_type(value, "a date like \"2027-01-01\"");
                return None;
            }
        };
        let Ok(date) = written.parse::<Date>() else {
            let help = "write a day like \"2027-01-01\"".to_owned();
            self.problem(
                value.span(),
                format!("`{written}` is not a date"),
                Some(help),
            );
            return None;
        };
        if date <= self.today {
            let help =
                "mend the target and remove the entry, or review it and set a later day".to_owned();
            self.problem(
                value.span(),
                format!("the exemption expired on {date}"),
                Some(help),
            );
            return None;
        }
        Some(date)
    }

    fn outcome(&mut self, value: &Spanned<DeValue<'_>>) -> Option<ExemptOutcome> {
        match self.text_of(value)?.as_str() {
            "failed" => Some(ExemptOutcome::Failed),
            "couldNotRun" => Some(ExemptOutcome::CouldNotRun),
            other => {
                let help = nearest(other, ["failed", "couldNotRun"].into_iter())
                    .or_else(|| Some("write `failed` or `couldNotRun`".to_owned()));
                self.problem(
                    value.span(),
                    format!("`{other}` is no outcome that can be exempted"),
                    help,
                );
                None
            }
        }
    }

    fn text_of(&mut self, value: &Spanned<DeValue<'_>>) -> Option<String> {
        let text = value.get_ref().as_str().map(str::to_owned);
        if text.is_none() {
            self.wrong_type(value, "a text in quotes");
        }
        text
    }

    fn wrong_type(&mut self, value: &Spanned<DeValue<'_>>, wanted: &str) {
        let found = value.get_ref().type_str();
        self.problem(
            value.span(),
            format!("expected {wanted}, found {found}"),
            None,
        );
    }

    fn unknown_key(&mut self, key: &Spanned<std::borrow::Cow<'_, str>>, allowed: &[&str]) {
        let near = nearest(key.get_ref(), allowed.iter().copied());
        let list = allowed
            .iter()
            .map(|word| format!("`{word}`"))
            .collect::<Vec<_>>()
            .join(", ");
        let help = near.map_or_else(
            || format!("allowed: {list}"),
            |near| format!("{near} allowed: {list}"),
        );
        self.problem(
            key.span(),
            format!("unknown key `{}`", key.get_ref()),
            Some(help),
        );
    }
}

/// Asks whether the nearest known word was meant.
fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    known
        .map(|other| (strsim::jaro_winkler(word, other), other))
        .filter(|(likeness, _)| *likeness > 0.7)
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .map(|(_, other)| format!("did you mean `{other}`?"))
}
