//! The search for codes where none may stand (CODE-7): responses, headers, URLs, audit events.

use std::collections::{BTreeMap, BTreeSet};

use proofup_binding::Operation;
use proofup_domain::answer::{Answer, LeaksAnswer};
use proofup_domain::secret::Secret;
use proofup_domain::state::Channel;

use super::{Seen, World};

impl World<'_> {
    /// Searches every response so far.
    ///
    /// Six digits stand in many places by chance, so a place counts only if two different codes were found in it
    /// (decision 17): send at least two codes before searching.
    pub(super) fn find_leaks(&mut self) -> Answer {
        let target = &self.context.session.target;
        let sent: BTreeSet<Secret> = self
            .gateways
            .inboxes()
            .all()
            .iter()
            .filter(|accepted| matches!(accepted.message.channel, Channel::Sms | Channel::Email))
            .filter_map(|accepted| {
                let pattern = target.code_pattern(accepted.message.channel);
                accepted.message.code(pattern)
            })
            .collect();
        self.secrets.extend(sent.iter().cloned());
        let audit = [
            Operation::ReadAudit.as_str(),
            Operation::ReadAuditEvents.as_str(),
        ];
        let (in_audit, elsewhere): (Vec<&Seen>, Vec<&Seen>) = self
            .seen
            .iter()
            .partition(|seen| audit.contains(&seen.operation.as_str()));
        let answer = LeaksAnswer {
            codes_sent: u32::try_from(sent.len()).ok(),
            codes_found: u32::try_from(places(&elsewhere, &sent)).ok(),
            in_audit: u32::try_from(places(&in_audit, &sent) + self.secrets_in(&in_audit)).ok(),
        };
        Answer::of(&answer)
    }

    /// Counts the secrets and full destinations that audit events hold; digits alone are left to the search by place.
    fn secrets_in(&self, audit: &[&Seen]) -> usize {
        let destinations = self
            .handles
            .iter()
            .filter_map(|thing| thing.destination.as_ref())
            .map(|(_, destination)| destination.clone())
            // Who registers the sign-in address is named by it in every event.
            .filter(|destination| {
                let mut people = self.people.values();
                !people.any(|one| {
                    one.persona
                        .user_principal_name
                        .eq_ignore_ascii_case(destination)
                })
            });
        let secrets = self.secrets.iter().map(|secret| secret.expose().to_owned());
        let words: BTreeSet<String> = secrets
            .chain(destinations)
            .filter(|word| word.len() >= 6 && !word.bytes().all(|byte| byte.is_ascii_digit()))
            .collect();
        words
            .iter()
            .filter(|word| {
                audit
                    .iter()
                    .any(|seen| seen.response.text().contains(word.as_str()))
            })
            .count()
    }
}

/// Counts the places in which at least two different codes stand.
fn places(seen: &[&Seen], codes: &BTreeSet<Secret>) -> usize {
    let mut found: BTreeMap<(String, String), BTreeSet<&Secret>> = BTreeMap::new();
    for one in seen {
        for (place, text) in one.response.places() {
            for code in codes {
                if stands_alone(&text, code.expose()) {
                    found
                        .entry((one.operation.clone(), place.clone()))
                        .or_default()
                        .insert(code);
                }
            }
        }
    }
    found.values().filter(|codes| codes.len() >= 2).count()
}

/// Returns whether a word stands in a text with no letter or digit on either side.
pub(super) fn stands_alone(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_counts_only_at_its_boundaries() {
        assert!(stands_alone("{\"hint\":\"482913\"}", "482913"));
        assert!(stands_alone("482913", "482913"));
        assert!(!stands_alone("1482913", "482913"));
        assert!(!stands_alone("id-a482913", "482913"));
    }
}
