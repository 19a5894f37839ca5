//! The implementation's own words for those of the domain, by set: methods, kinds, roles, replies.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::value::{Value, Variables};

/// Holds, by set and word of the domain, what the implementation says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Words(BTreeMap<String, BTreeMap<String, String>>);

impl Words {
    /// Collects words: set, the domain's word, the implementation's.
    pub(super) fn of<'a>(words: impl IntoIterator<Item = (&'a str, &'a str, &'a str)>) -> Self {
        let mut sets: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        for (set, word, own) in words {
            let set = sets.entry(set.to_owned()).or_default();
            set.insert(word.to_owned(), own.to_owned());
        }
        Self(sets)
    }

    /// Spells variables in the implementation's words: `{method}` by the set `method`.
    pub(super) fn speak<'v>(&self, variables: &'v Variables) -> Cow<'v, Variables> {
        let spoken = self.0.iter().filter_map(|(set, words)| {
            let Value::Plain(Json::String(word)) = variables.get(set)? else {
                return None;
            };
            Some((set, words.get(word)?))
        });
        let spoken: Vec<(&String, &String)> = spoken.collect();
        if spoken.is_empty() {
            return Cow::Borrowed(variables);
        }
        let mut owned = variables.clone();
        for (set, word) in spoken {
            owned.insert(set.clone(), word.as_str());
        }
        Cow::Owned(owned)
    }

    /// Returns the domain's word for each of the implementation's; a word that stands for several is left as it is, because
    /// nobody can tell which was meant.
    pub(super) fn backwards(&self, set: &str) -> BTreeMap<String, String> {
        let Some(words) = self.0.get(set) else {
            return BTreeMap::new();
        };
        let once = |own: &String| words.values().filter(|other| *other == own).count() == 1;
        words
            .iter()
            .filter(|(_, own)| once(own))
            .map(|(word, own)| (own.clone(), word.clone()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_spoken_and_understood() {
        let words = Words::of([
            ("method", "mobilePhone", "phone"),
            ("method", "officePhone", "phone"),
            ("method", "email", "mail"),
        ]);
        let variables: Variables = [("method", "officePhone"), ("kind", "email")]
            .into_iter()
            .collect();
        let spoken = words.speak(&variables);
        assert_eq!(spoken.get("method"), Some(&Value::from("phone")));
        assert_eq!(spoken.get("kind"), Some(&Value::from("email")));
        let back = words.backwards("method");
        assert_eq!(
            back,
            BTreeMap::from([("mail".to_owned(), "email".to_owned())])
        );
        assert!(words.backwards("kind").is_empty());
    }
}
