//! Short spellings for the tables of the unit tests.

use proofup_domain::method::{ChallengeKind, Method, Role};
use proofup_domain::policy::Policy;

use crate::user::{Choice, Registered, User};

/// Reads a policy written as in a scenario file.
#[track_caller]
pub(crate) fn policy(text: &str) -> Policy {
    toml::from_str(text).expect("the policy of a test parses")
}

/// Makes a member from words: a method each, oldest first, ids from 1; `:noTexts` behind a number that takes no texts.
#[track_caller]
pub(crate) fn member(words: &str) -> User {
    let mut user = User::new(Role::Member);
    for (id, word) in (1..).zip(words.split_whitespace()) {
        let (method, no_texts) = match word.split_once(':') {
            Some((method, "noTexts")) => (method, true),
            _ => (word, false),
        };
        let method = Method::from_word(method).expect("the method of a test exists");
        user.registered.push(Registered {
            can_text: !no_texts,
            ..Registered::new(id, method)
        });
    }
    user
}

/// Makes an administrator from words, as [`member`] does.
#[track_caller]
pub(crate) fn administrator(words: &str) -> User {
    User {
        role: Role::Administrator,
        ..member(words)
    }
}

pub(crate) fn choice(id: u32, kind: ChallengeKind) -> Choice {
    Choice { id, kind }
}

/// Spells a list as files do, so that tables read like them.
pub(crate) fn words<T: ToString>(list: impl IntoIterator<Item = T>) -> String {
    let words: Vec<String> = list.into_iter().map(|item| item.to_string()).collect();
    words.join(" ")
}
