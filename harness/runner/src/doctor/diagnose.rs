//! What an answer says about the mapping: nothing here judges whether an implementation conforms.
//!
//! Certain signs of a mistake are answers that no rule matches, successes with the status of an error, and values that
//! nobody finds where the file says. Where a defect looks alike, both are named: "either … or …".

mod refusals;

use proofup_binding::exchange::Exchange;
use proofup_binding::{Operation, TargetText};
use proofup_domain::answer::Answer;
use proofup_domain::command::Command;
use proofup_domain::state::Channel;
use proofup_scenario::transcript;
use proofup_world::operation_of;
use proofup_world::visit::{Acted, CommandResult, Visit};
use serde_json::Value as Json;

use super::act::{ProbeStep, Wants};
use super::causes::{self, Cause};
use super::finding::{Diagnosis, MappingGap};
use super::signs::{facility, fits_shape, hint, holds, user_of};

/// Looks at what came of a command, with what was kept of it.
pub(super) struct Look<'a> {
    pub(super) act: &'a ProbeStep,
    pub(super) acted: &'a Acted,
    pub(super) text: &'a TargetText,
    /// What cannot be judged where it had to succeed and did not; empty: its operation.
    pub(super) gaps: &'a [MappingGap],
}

impl Look<'_> {
    /// Lists what is wrong.
    pub(super) fn diagnose(&self, visit: &Visit<'_>) -> Vec<Diagnosis> {
        if self.acted.assumed {
            return Vec::new();
        }
        let mut found = self.seen(visit);
        let gateway = self.acted.rejected.iter().filter(|_| !self.is_inbox());
        for (one, request) in found.iter_mut().zip(gateway) {
            one.says.push_str(&format!(
                "; meanwhile a gateway of proofup could not take what came: {request}"
            ));
            one.change = format!(
                "let the server send in a form that the gateways accept (`proofup gateways --help`); if that is not the cause, {}",
                one.change
            );
        }
        found
    }

    fn is_inbox(&self) -> bool {
        matches!(self.act.command, Command::ReadInbox { .. })
    }

    fn seen(&self, visit: &Visit<'_>) -> Vec<Diagnosis> {
        match &self.acted.result {
            CommandResult::Nothing(why) => vec![self.no_answer(why)],
            // The link's code is the address: without a proof there is nowhere to send a new password to.
            CommandResult::Unmade(why)
                if why.contains("has no value")
                    && matches!(self.act.command, Command::SetNewPassword { .. }) =>
            {
                Vec::new()
            }
            CommandResult::Unmade(why) => vec![self.unmade(why)],
            CommandResult::Answer(answer) if answer.is_unrecognised() => {
                vec![self.unrecognised(answer)]
            }
            CommandResult::Answer(Answer::Refused { reason, .. }) => self.refused(*reason, visit),
            CommandResult::Answer(answer) => match &self.act.wants {
                Wants::Success if self.is_inbox() => self.inbox(answer, visit),
                Wants::Success => self.succeeded(answer, visit),
                _ => vec![self.no_refusal()],
            },
        }
    }

    /// Returns the operation as files spell it; of what happens in the harness alone, the command.
    fn operation(&self) -> &str {
        operation_of(&self.act.command).map_or_else(|| self.act.command.word(), Operation::as_str)
    }

    fn key(&self, part: &str) -> String {
        match (operation_of(&self.act.command), part) {
            (Some(operation), "") => format!("operations.{operation}"),
            (Some(operation), part) => format!("operations.{operation}.{part}"),
            (None, _) => String::new(),
        }
    }

    fn deed(&self) -> String {
        format!("`{}`", transcript::command(&self.act.command))
    }

    fn status(&self) -> Option<u16> {
        self.acted.exchanges.last().and_then(|last| last.status)
    }

    /// Puts a diagnosis together: the act's own suspicions come behind those that the answer gives.
    fn told(
        &self,
        says: String,
        change: String,
        keys: Vec<String>,
        gaps: Vec<MappingGap>,
    ) -> Diagnosis {
        let (mut says, mut change, mut keys, mut gaps) = (says, change, keys, gaps);
        if let Some((word, key)) = self.act.limit {
            says.push_str(&format!(" (the declared limit is `{key}`)"));
            change = format!(
                "set `{key}` to the real limit of the server, or check that its limits follow the moved clock; otherwise {change}"
            );
            keys.insert(0, key.to_owned());
            gaps = vec![MappingGap::Limit(word)];
        }
        keys.extend(self.act.blames.iter().cloned());
        keys.retain(|key| !key.is_empty());
        let mut seen = Vec::new();
        keys.retain(|key| {
            let fresh = !seen.contains(key);
            seen.push(key.clone());
            fresh
        });
        diagnosis(
            self.text,
            says,
            change,
            keys,
            self.acted.exchanges.clone(),
            gaps,
        )
    }

    fn failed_gaps(&self) -> Vec<MappingGap> {
        if !self.gaps.is_empty() {
            return self.gaps.to_vec();
        }
        operation_of(&self.act.command)
            .map(MappingGap::Operation)
            .into_iter()
            .collect()
    }

    fn no_answer(&self, why: &str) -> Diagnosis {
        self.told(
            format!("{} got no answer: {why}", self.deed()),
            "check the method, path and body of this request in the file, and the log of the server".to_owned(),
            vec![self.key("request")],
            self.failed_gaps(),
        )
    }

    fn unmade(&self, why: &str) -> Diagnosis {
        let unbound = operation_of(&self.act.command)
            .is_some_and(|operation| why.contains(&format!("no operation `{operation}`")));
        let fits_none = why.contains("has no way for");
        let (change, keys) = if fits_none {
            let key = self.key("ways");
            (
                format!(
                    "add a way under `{key}` whose `when` fits, or do not declare what needs it"
                ),
                vec![key],
            )
        } else if unbound {
            let key = self.key("");
            (
                format!("bind `{key}`, or do not declare what needs it"),
                vec![key],
            )
        } else {
            (
                "check `keep` of the operations before it".to_owned(),
                Vec::new(),
            )
        };
        let says = if unbound {
            format!(
                "{} cannot be checked: `{}` is not bound",
                self.deed(),
                self.key("")
            )
        } else {
            format!("{} cannot be checked: {why}", self.deed())
        };
        self.told(says, change, keys, self.failed_gaps())
    }

    fn unrecognised(&self, answer: &Answer) -> Diagnosis {
        if *answer == Answer::Unreadable {
            return self.told(
                format!(
                    "{} succeeded, but no authenticator can read the QR code",
                    self.deed()
                ),
                "point `keep.qrPayload` at the text of the QR code: an `otpauth` URI or an activation URI"
                    .to_owned(),
                vec!["operations.beginEnrollment.keep.qrPayload".to_owned()],
                self.failed_gaps(),
            );
        }
        let status = self.status().unwrap_or_default();
        let code = match answer {
            Answer::Unrecognised {
                code: Some(code), ..
            } => format!(" with the code `{code}`"),
            _ => String::new(),
        };
        let says = format!(
            "{} was answered with status {status}{code}, which no rule of the file matches",
            self.deed()
        );
        let operation = self.operation();
        let listed = self.listed(status);
        match &self.act.wants {
            Wants::Success => {
                let (says, change) = match listed {
                    Some((cause, change)) => (format!("{says}: {cause}"), change),
                    None => (says, hint(operation, status)),
                };
                let mut keys = vec![self.key(if (200..300).contains(&status) {
                    "answers"
                } else {
                    "request"
                })];
                keys.push(self.key(""));
                self.told(says, change, keys, self.failed_gaps())
            }
            Wants::Refusal(words) | Wants::Exactly(words) => {
                let word = words.first().map_or("", |word| word.as_str());
                let (says, change) = match listed {
                    Some((cause, change)) => (
                        format!("{says}: {cause}"),
                        format!("{change}; it is to be read as `{word}`"),
                    ),
                    None => (
                        says,
                        format!(
                            "add a rule `refused = \"{word}\"` that matches status {status}, under [[refusals]] or in {}",
                            self.key("refusals")
                        ),
                    ),
                };
                let keys = vec![format!("refusals.{word}"), self.key("refusals")];
                self.told(
                    says,
                    change,
                    keys,
                    words.iter().copied().map(MappingGap::Refusal).collect(),
                )
            }
            Wants::AnyRefusal => self.told(
                says,
                format!("add a rule that matches status {status} under [[refusals]]"),
                vec!["refusals".to_owned(), self.key("refusals")],
                self.failed_gaps(),
            ),
        }
    }

    /// Returns why a rule that names the status did not match, where the file has one: the answer cannot be read, or what the
    /// rule asks of it besides does not hold.
    fn listed(&self, status: u16) -> Option<(String, String)> {
        let word = match &self.act.wants {
            Wants::Success => None,
            Wants::Refusal(words) | Wants::Exactly(words) => Some(words.first()?.as_str()),
            Wants::AnyRefusal => return None,
        };
        let operation = self.operation();
        let (line, reads_json) = self.text.rule_for(operation, word, status)?;
        let last = self.acted.exchanges.last().filter(|_| reads_json);
        if let Some(cause) = last.and_then(causes::no_json) {
            return Some((cause.seen, cause.advice));
        }
        Some((
            format!("the rule on line {line} names the status, but its `where` does not hold"),
            format!(
                "correct the `where` on line {line}, or add a rule with another one for this answer"
            ),
        ))
    }

    /// Looks into an inbox: something came, and a code is found in it where there has to be one.
    fn inbox(&self, answer: &Answer, visit: &Visit<'_>) -> Vec<Diagnosis> {
        let Command::ReadInbox { channel, user, .. } = &self.act.command else {
            return Vec::new();
        };
        let delivery = visit.delivery(*channel, &user.0);
        let mut gaps = self.gaps.to_vec();
        if answer
            .field("count")
            .and_then(Json::as_u64)
            .unwrap_or_default()
            == 0
        {
            gaps.push(MappingGap::Facility(facility(*channel)));
            let (says, change) = match (&delivery.refused, delivery.sent) {
                (Some(request), _) => (
                    format!("the {channel} gateway got a request that it cannot read: {request}"),
                    format!(
                        "configure the server to send {channel} in a form that `proofup gateways` accepts"
                    ),
                ),
                (None, true) => (
                    format!(
                        "the {channel} gateway got a message, but for another address or number"
                    ),
                    "make beginEnrollment send the address or number where the server expects it"
                        .to_owned(),
                ),
                (None, false) => (
                    format!("the {channel} gateway got no message"),
                    format!(
                        "point the {channel} provider of the server at proofup, with `{{gateways}}` in createTenant, or with [gateways] and `env` of [process]; if the server sends messages late, set `settle`"
                    ),
                ),
            };
            let keys = vec![
                format!("operations.createTenant.request.body.gateways"),
                "gateways".to_owned(),
                "settle".to_owned(),
            ];
            return vec![self.told(says, change, keys, gaps)];
        }
        if !matches!(channel, Channel::Email | Channel::Sms) {
            return Vec::new();
        }
        let length = visit.declared_code_length();
        let keys = vec!["codePattern".to_owned(), "capabilities.limits".to_owned()];
        let (says, change) = match delivery.code_length {
            None => (
                format!("a message came by {channel}, but `codePattern` finds no code in it"),
                if delivery.grouped {
                    "the message shows its code in groups: give `codePattern` a group for each, as in `(\\d{3})[- ](\\d{3})`; the code is what the groups find, joined"
                } else {
                    "make `codePattern` match the code in the message; the code is what the groups of the pattern find, or else the whole match"
                }
                .to_owned(),
            ),
            // Longer is well: the secret of a link may stand where another channel has a code.
            Some(found) if found < length => (
                format!("`codePattern` finds {found} letters and digits in a message by {channel}, but codes have {length} according to `codeLength`"),
                "correct `codePattern`, or `codeLength` in the declared limits".to_owned(),
            ),
            Some(_) => return Vec::new(),
        };
        vec![self.told(says, change, keys, gaps)]
    }

    /// Looks at a success for what later steps and checks need of it.
    fn succeeded(&self, answer: &Answer, visit: &Visit<'_>) -> Vec<Diagnosis> {
        let Some(operation) = operation_of(&self.act.command) else {
            return Vec::new();
        };
        let mut found = self.not_told(operation, answer);
        found.extend(self.odd_values(operation, answer));
        if found.is_empty() || !self.act.keeps.iter().all(|(_, _, must)| !must) {
            found.extend(self.unkept(operation, visit));
        }
        found
    }

    fn unkept(&self, operation: Operation, visit: &Visit<'_>) -> Vec<Diagnosis> {
        let user = user_of(&self.act.command);
        let mut found = Vec::new();
        for (sort, name, must) in &self.act.keeps {
            let kept = if *sort == "device" {
                visit.device_keeps(&user, name)
            } else {
                visit.keeps(sort, &user, name)
            };
            let bound = self.text.says(operation.as_str(), "keep", name);
            let needed = bound || (*must && self.text.uses(name));
            if kept || !needed {
                continue;
            }
            let key = self.key(&format!("keep.{name}"));
            let (says, change) = if bound {
                let says = format!(
                    "{} succeeded, but `{key}` finds nothing in the answer",
                    self.deed()
                );
                match self.cause_of_nothing(name) {
                    Some(cause) => (format!("{says}; {}", cause.seen), cause.advice),
                    None => (says, format!("point `{key}` at the {name} in the answer")),
                }
            } else {
                (
                    format!(
                        "{} succeeded, but the file does not keep its `{name}`",
                        self.deed()
                    ),
                    format!("add `{key}`: later steps need it"),
                )
            };
            found.push(self.told(says, change, vec![key], self.failed_gaps()));
        }
        found
    }

    /// Finds what shows why nothing was there to be kept.
    fn cause_of_nothing(&self, name: &str) -> Option<Cause> {
        let last = self.acted.exchanges.last()?;
        match name {
            "qrPayload" => causes::vector_image(last),
            "session" if self.text.text.contains("cookie:") => causes::cookies_set(last),
            _ => None,
        }
    }

    /// Returns the diagnosis of fields that the file maps and that hold nothing where they must.
    fn not_told(&self, operation: Operation, answer: &Answer) -> Vec<Diagnosis> {
        let absent = |field: &&&str| {
            answer.field(field).is_none_or(Json::is_null)
                && self.text.says(operation.as_str(), "answer", field)
        };
        let told = |field: &&str| {
            let key = self.key(&format!("answer.{field}"));
            self.told(
                format!(
                    "{} succeeded, but the answer has nothing where the file looks for `{field}`",
                    self.deed()
                ),
                format!("point `{key}` at it, or remove `{key}` if the server does not report it"),
                vec![key],
                vec![MappingGap::Field(operation, (*field).to_owned())],
            )
        };
        self.act.tells.iter().filter(absent).map(told).collect()
    }

    /// Returns the diagnosis of values that no domain knows, and of those that leave no doubt and are others.
    fn odd_values(&self, operation: Operation, answer: &Answer) -> Vec<Diagnosis> {
        let mut found = Vec::new();
        for (field, value) in answer.fields().into_iter().flatten() {
            let wanted = self.act.values.iter().find(|(name, _)| name == field);
            let fits = fits_shape(operation, field, value);
            let same = wanted.is_none_or(|(_, wanted)| holds(value, wanted));
            if value.is_null() || (fits && same) {
                continue;
            }
            let key = self.key(&format!("answer.{field}"));
            let (says, change) = if fits {
                let wanted = wanted.map_or(&Json::Null, |(_, wanted)| wanted);
                (
                    format!(
                        "{} reported `{field}` as {value}, not as {wanted}",
                        self.deed()
                    ),
                    format!(
                        "either `{key}` points at the wrong place, or the server reports another value"
                    ),
                )
            } else {
                (
                    format!(
                        "{} reported `{field}` as {value}, which is not a value of this field",
                        self.deed()
                    ),
                    format!(
                        "point `{key}` at the {field}, or translate the words of the server with `words`"
                    ),
                )
            };
            let gaps = if fits && !self.act.blames.is_empty() {
                self.failed_gaps()
            } else {
                vec![MappingGap::Field(operation, field.clone())]
            };
            found.push(self.told(says, change, vec![key], gaps));
        }
        found
    }
}

/// Puts a diagnosis together and finds its line.
pub(super) fn diagnosis(
    text: &TargetText,
    says: impl Into<String>,
    change: impl Into<String>,
    keys: Vec<String>,
    exchanges: Vec<Exchange>,
    gaps: Vec<MappingGap>,
) -> Diagnosis {
    Diagnosis {
        says: says.into(),
        change: change.into(),
        line: keys.iter().find_map(|key| text.line(key)),
        keys,
        exchanges,
        gaps,
    }
}
