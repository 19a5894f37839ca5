//! Did you mean …? One answer for keys, words, names, checks and flags.

/// Returns the known word that was probably meant; none where nothing is near enough.
///
/// Case is not minded. A slip is an inserted, missing, wrong or swapped letter: one is forgiven in up to three letters,
/// two in up to eight, then one for every three. Where slips do not explain it, the shortest known word that begins
/// with what was written is taken (`admin` for `administrator`), from three letters on.
#[must_use]
pub fn nearest<'w>(written: &str, known: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    let lower = written.to_lowercase();
    let length = lower.chars().count();
    let forgiven = match length {
        0..=3 => 1,
        4..=8 => 2,
        more => more / 3,
    };
    let known: Vec<(&str, String)> = known
        .into_iter()
        .map(|word| (word, word.to_lowercase()))
        .collect();
    let slips = |word: &str| strsim::damerau_levenshtein(&lower, word);
    let by_slips = known
        .iter()
        .map(|(word, lower)| (slips(lower), *word))
        .filter(|(slips, word)| *slips <= forgiven && *slips < word.chars().count().max(length))
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, word)| word);
    let by_beginning = || {
        known
            .iter()
            .filter(|(_, word)| length >= 3 && word.starts_with(&lower))
            .min_by_key(|(_, word)| word.len())
            .map(|(word, _)| *word)
    };
    by_slips.or_else(by_beginning)
}

/// Returns the help for a word that is unknown: what was probably meant, and everything that is allowed.
#[must_use]
pub fn suggest<'w>(written: &str, known: impl IntoIterator<Item = &'w str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    let allowed = match known.as_slice() {
        [] => "nothing is allowed here".to_owned(),
        words => format!("allowed: {}", list(words)),
    };
    match nearest(written, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`? {allowed}"),
        None => allowed,
    }
}

/// Returns words in backticks, joined by commas.
#[must_use]
pub fn list<T: AsRef<str>>(words: &[T]) -> String {
    let quoted: Vec<String> = words
        .iter()
        .map(|word| format!("`{}`", word.as_ref()))
        .collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_found_by_this_table() {
        let methods = ["microsoftAuthenticator", "mobilePhone", "officePhone"];
        let commands = ["signIn", "signOut", "submitCode", "submitAnswers"];
        let checks = ["DEF-4/last-day", "DEF-4/day-after", "CODE-2/at-end"];
        let table: [(&str, &[&str], Option<&str>); 18] = [
            ("signin", &commands, Some("signIn")),
            ("sginIn", &commands, Some("signIn")),
            ("singIn", &commands, Some("signIn")),
            ("submitCodes", &commands, Some("submitCode")),
            ("banana", &commands, None),
            ("", &commands, None),
            ("mobilPhone", &methods, Some("mobilePhone")),
            ("mobile", &methods, Some("mobilePhone")),
            ("mo", &methods, None),
            ("DEF-4/last-dya", &checks, Some("DEF-4/last-day")),
            ("def-4/last", &checks, Some("DEF-4/last-day")),
            ("def4", &["DEF-4", "CODE-1"], Some("DEF-4")),
            ("zzz", &["DEF-4", "CODE-1"], None),
            ("admin", &["member", "administrator"], Some("administrator")),
            ("tries", &["triesLeft", "retryAfter"], Some("triesLeft")),
            (
                "inbox:fax",
                &["inbox:sms", "inbox:voice"],
                Some("inbox:sms"),
            ),
            ("fax", &["sms", "ca"], None),
            ("x", &["y"], None),
        ];
        for (written, known, expected) in table {
            let found = nearest(written, known.iter().copied());
            assert_eq!(found, expected, "{written}");
        }
    }

    #[test]
    fn help_holds_what_is_allowed_whether_or_not_something_is_near() {
        assert_eq!(
            suggest("knd", ["kind", "method"]),
            "did you mean `kind`? allowed: `kind`, `method`"
        );
        assert_eq!(suggest("zzz", ["kind"]), "allowed: `kind`");
        assert_eq!(suggest("zzz", []), "nothing is allowed here");
    }
}
