//! Words that people type, against words that there are.

use clap::error::{ContextKind, ContextValue};
use globset::{GlobBuilder, GlobMatcher};
use proofup_files::nearest;

/// Adds the nearest subcommand of a command line to clap's complaint about an unknown one.
///
/// clap compares by Jaro's measure, which finds nothing near a word of two or three letters: `rn` is one edit from `run`.
pub(crate) fn with_nearest_command(mut error: clap::Error, line: &clap::Command) -> clap::Error {
    let Some(ContextValue::String(typed)) = error.get(ContextKind::InvalidSubcommand) else {
        return error;
    };
    if error.get(ContextKind::SuggestedSubcommand).is_some() {
        return error;
    }
    let known = line.get_subcommands().map(clap::Command::get_name);
    if let Some(name) = nearest(typed, known) {
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
