//! Looks for messages that repeat the code of the one before.
//!
//! One repetition may be chance: two of a million codes are equal. So it takes several before the rule counts as broken, and
//! none counts alone.

use std::collections::BTreeMap;

use proofup_domain::secret::Secret;
use proofup_domain::state::Channel;

use super::{ExchangeRule, Sighting};
use crate::World;
use crate::handles::MessageCause;

/// The fewest characters of a code whose repetition says something; a shorter one is a defect of its own (CODE-1).
const CODE_LENGTH_MIN: usize = 6;

/// Returns whether so many repetitions among so many messages are no chance: at least two, and one more for each thousand.
/// With codes of six digits, a sound target has that in fewer than one of a million runs.
pub(super) fn beyond_chance(repeats: usize, looked: u64) -> bool {
    u64::try_from(repeats).is_ok_and(|repeats| repeats >= 2 + looked / 1000)
}

impl World<'_> {
    /// Compares the code of each message with the one before, for the same user, use and destination. What is sent again because
    /// a provider failed may well hold the same code, so a case whose providers misbehave is left out.
    pub(super) fn look_for_repeated_codes(
        &self,
        looked: &mut BTreeMap<ExchangeRule, u64>,
        found: &mut Vec<Sighting>,
    ) {
        let causes = self.handles.causes();
        let mut before: BTreeMap<_, Secret> = BTreeMap::new();
        for (nth, sending) in causes.iter().enumerate() {
            let Some(code) = self.code_of(sending, &causes[nth + 1..]) else {
                continue;
            };
            let MessageCause {
                what,
                owner,
                destination,
                ..
            } = sending;
            let Some(before) = before.insert((*what, owner, destination), code.clone()) else {
                continue;
            };
            *looked.entry(ExchangeRule::NewCodeEachTime).or_default() += 1;
            if before == code {
                found.push(Sighting {
                    rule: ExchangeRule::NewCodeEachTime,
                    operation: destination.0.as_str().to_owned(),
                    place: "a code that was sent before".to_owned(),
                    code: None,
                    repeat: Some(nth),
                    exchange: None,
                });
            }
        }
    }

    /// Returns the newest code that reached the destination of a sending before the next one to it.
    fn code_of(&self, sending: &MessageCause, later: &[MessageCause]) -> Option<Secret> {
        let (channel, destination) = &sending.destination;
        if !matches!(channel, Channel::Sms | Channel::Email) {
            return None;
        }
        let mut later = later.iter();
        let next = later.find(|later| later.destination == sending.destination);
        let pattern = self.context.session.target.code_pattern(*channel);
        let inboxes = self.gateways.inboxes();
        let messages = inboxes.since(sending.since, *channel, destination);
        let own = messages
            .iter()
            .filter(|message| message.seq > sending.since.0)
            .filter(|message| next.is_none_or(|next| message.seq <= next.since.0));
        let coded = own.filter_map(|message| Some((message.seq, message.code(pattern)?)));
        let (_, code) = coded.max_by_key(|(seq, _)| *seq)?;
        (code.expose().chars().count() >= CODE_LENGTH_MIN).then_some(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_repetition_is_chance_and_several_are_not() {
        for (repeats, looked, counts) in [
            (0, 0, false),
            (1, 1, false),
            (1, 500, false),
            (2, 2, true),
            (2, 999, true),
            (2, 1000, false),
            (3, 1000, true),
            (1001, 1_000_000, false),
            (1002, 1_000_000, true),
        ] {
            assert_eq!(
                beyond_chance(repeats, looked),
                counts,
                "{repeats} of {looked}"
            );
        }
    }
}
