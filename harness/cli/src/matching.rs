//! Words that people type, against words that there are.

use clap::CommandFactory as _;
use clap::error::{ContextKind, ContextValue};
use globset::{GlobBuilder, GlobMatcher};

use crate::arguments::Arguments;

/// Returns the nearest known word, where one is near enough to have been meant.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let upper = word.to_uppercase();
    known
        .into_iter()
        .map(|other| (strsim::jaro_winkler(&upper, &other.to_uppercase()), other))
        .filter(|(likeness, _)| *likeness > 0.7)
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .map(|(_, other)| other)
}

/// Adds the nearest subcommand to clap's complaint about an unknown one.
///
/// clap compares by Jaro's measure, which finds nothing near a word of two or three letters: `rn` is one edit from `run`.
pub(crate) fn with_nearest_command(mut error: clap::Error) -> clap::Error {
    let Some(ContextValue::String(typed)) = error.get(ContextKind::InvalidSubcommand) else {
        return error;
    };
    if error.get(ContextKind::SuggestedSubcommand).is_some() {
        return error;
    }
    let commands = Arguments::command();
    let near = commands
        .get_subcommands()
        .map(|command| command.get_name())
        .map(|name| (strsim::osa_distance(typed, name), name))
        .filter(|(edits, _)| *edits == 1)
        .min();
    if let Some((_, name)) = near {
        let suggested = ContextValue::Strings(vec![name.to_owned()]);
        error.insert(ContextKind::SuggestedSubcommand, suggested);
    }
    error
}

/// Compiles a pattern in which `*` stands for anything; case does not matter.
///
/// # Errors
/// Where the pattern is none, such as `[`.
pub(crate) fn pattern(text: &str) -> Result<GlobMatcher, globset::Error> {
    let glob = GlobBuilder::new(text).case_insensitive(true).build()?;
    Ok(glob.compile_matcher())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_found_and_a_far_one_is_not() {
        assert_eq!(nearest("def4", ["DEF-4", "CODE-1"]), Some("DEF-4"));
        assert_eq!(nearest("zzz", ["DEF-4", "CODE-1"]), None);
    }

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text, holds) in [
            ("DEF-4", "DEF-4", true),
            ("def-4", "DEF-4", true),
            ("DEF-4", "DEF-41", false),
            ("DEF-*", "DEF-11", true),
            ("*-4", "DEF-4", true),
            ("*-4", "DEF-41", false),
            ("D*-1*", "DEF-11", true),
            ("*", "DEF-4", true),
            ("CODE-*", "DEF-4", false),
        ] {
            let pattern = super::pattern(pattern).expect("the pattern is one");
            assert_eq!(pattern.is_match(text), holds, "{pattern:?} {text}");
        }
        assert!(pattern("[").is_err());
    }
}
