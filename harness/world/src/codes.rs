//! The codes that reached the inboxes of a case, and the one that a role names among them.

use std::sync::{Arc, LazyLock};

use proofup_domain::command::{CodeRole, Name};
use proofup_domain::secret::Secret;
use proofup_gateways::message::Message;
use regex::Regex;

use super::person::codes::KnownCodes;
use super::{StepError, World};

/// The codes that were read for a role.
#[derive(Debug, Default)]
struct ReadCodes {
    /// Those that were sent for what asks for one, oldest first.
    sent: Vec<Secret>,
    /// The newest one that was sent before, for the same use and method.
    before: Option<Secret>,
}

impl World<'_> {
    /// Finds the code that a role names; none for the role that is no code at all.
    pub(super) async fn code(
        &mut self,
        user: &Name,
        handle: usize,
        role: &CodeRole,
    ) -> Result<Option<Secret>, StepError> {
        let read = self.read_codes(handle, role).await?;
        let person = self.people.get(user);
        let known = KnownCodes {
            user,
            sent: &read.sent,
            sent_before: read.before.as_ref(),
            last_sent: self.last_code.as_ref(),
            used: person.and_then(|person| person.used_code.as_ref()),
            account: person.and_then(|person| person.account_for(handle, &self.handles)),
            accounts: person.map_or(&[], |person| &person.accounts),
            met: &self.secrets,
            now: self.now,
            digits: self.limits.code_length,
        };
        let Some(code) = known
            .choose(role, &mut self.rng)
            .map_err(StepError::Unready)?
        else {
            return Ok(None);
        };
        self.secrets.insert(code.clone());
        if !self.codes.contains(&code) {
            self.codes.push(code.clone());
        }
        Ok(Some(code))
    }

    /// Reads the codes that a role is chosen from; none where the role names no code that was sent.
    async fn read_codes(&mut self, handle: usize, role: &CodeRole) -> Result<ReadCodes, StepError> {
        let is_sent = self.handles.get(handle).destination.is_some();
        let mut read = ReadCodes::default();
        match role {
            CodeRole::LastSent | CodeRole::Expired => read.sent = self.sent_codes(handle).await?,
            CodeRole::Shape(_) if is_sent => read.sent = self.sent_codes(handle).await?,
            CodeRole::Wrong | CodeRole::WellKnown(_) if is_sent => {
                read.sent = self.sent_codes(handle).await.unwrap_or_default();
            }
            CodeRole::Of(name) => {
                let other = self
                    .handles
                    .named(name)
                    .or_else(|| self.handles.latest_with_codes(name));
                let other = other
                    .ok_or_else(|| StepError::Unready(format!("`{name}` was sent no code")))?;
                read.sent = self.sent_codes(other).await?;
            }
            CodeRole::Previous => {
                read.sent = self.sent_codes(handle).await.unwrap_or_default();
                let mut own = read.sent.windows(2);
                if own.all(|pair| pair[0] == pair[1])
                    && let Some(before) = self.handles.predecessor(handle)
                {
                    read.before = self.sent_codes(before).await?.pop();
                }
            }
            CodeRole::Missing
            | CodeRole::Used
            | CodeRole::Wrong
            | CodeRole::Current
            | CodeRole::Drift(_)
            | CodeRole::Shape(_)
            | CodeRole::WellKnown(_) => {}
        }
        Ok(read)
    }

    /// Reads the codes that were sent for a handle, oldest first; there is at least one.
    async fn sent_codes(&mut self, handle: usize) -> Result<Vec<Secret>, StepError> {
        let about = self.handles.get(handle);
        let (channel, destination) = about.destination.clone().ok_or_else(|| {
            StepError::unready("nothing is sent for this; there is no code to read")
        })?;
        let since = about.since;
        if self.messages_of(handle).is_empty() {
            // A custom target may still be sending; the reference has sent before it answers.
            let settle = self.context.session.target.settle();
            let _ = self
                .gateways
                .inboxes()
                .wait(since, channel, &destination, settle)
                .await;
        }
        let pattern = self.context.session.target.code_pattern(channel);
        let messages = self.messages_of(handle);
        let codes: Vec<Secret> = messages
            .iter()
            .filter_map(|message| message.code(pattern))
            .collect();
        if codes.is_empty() && messages.iter().any(|message| holds_a_short_code(message)) {
            self.short_codes.insert(channel);
        }
        self.secrets.extend(codes.iter().cloned());
        self.last_code = codes.last().cloned().or_else(|| self.last_code.take());
        if codes.is_empty() {
            return Err(StepError::unready(format!(
                "no code reached the {channel} inbox"
            )));
        }
        Ok(codes)
    }

    /// Lists what reached a thing's destination while the thing was the latest to send there, in order of sending.
    pub(super) fn messages_of(&self, handle: usize) -> Vec<Arc<Message>> {
        let about = self.handles.get(handle);
        let Some((channel, destination)) = &about.destination else {
            return Vec::new();
        };
        let mut messages = self
            .gateways
            .inboxes()
            .since(about.since, *channel, destination);
        messages.retain(|message| {
            message.seq > about.since.0 && about.until.is_none_or(|until| message.seq <= until.0)
        });
        messages.sort_by_key(|message| message.seq);
        messages
    }
}

/// Returns whether a message without a code holds four or five digits where a code would stand: what is left of one that was
/// too short, or that lost its leading zeros. Four digits that could be a year say nothing.
fn holds_a_short_code(message: &Message) -> bool {
    static SHORT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?:^|[^0-9A-Za-z+.,:/-])([0-9]{4,5})(?:$|[.,]?(?:$|\s))")
            .expect("the pattern is a constant and compiles")
    });
    SHORT.captures_iter(&message.text).any(|found| {
        let digits = &found[1];
        digits.len() == 5 || !(digits.starts_with("19") || digits.starts_with("20"))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::Timestamp;
    use proofup_domain::state::Channel;

    use super::*;

    #[test]
    fn digits_that_are_no_code_are_a_short_code_only_where_one_would_stand() {
        for (text, short) in [
            ("Your code is 04821.", true),
            ("Your code is 4821", true),
            ("04821 is your code", true),
            ("Contoso, since 2019", false),
            ("We write to you on 2026-01-15 at 09:00.", false),
            ("Call +31 20 or see https://example.org/12345", false),
            ("Somebody has asked for a code.", false),
        ] {
            let message = Message {
                seq: 1,
                channel: Channel::Email,
                destination: "alice@example.org".to_owned(),
                from: None,
                subject: None,
                text: text.to_owned(),
                headers: BTreeMap::new(),
                raw: Vec::new(),
                at: Timestamp::UNIX_EPOCH,
                call: None,
                push: None,
            };
            assert_eq!(holds_a_short_code(&message), short, "{text}");
        }
    }
}
