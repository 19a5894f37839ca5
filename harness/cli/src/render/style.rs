//! The few styles there are. They are taken out again where the output is no terminal.

use std::fmt::Display;

use anstyle::{AnsiColor, Effects, Style};

/// Makes a text stand out.
pub(crate) fn bold(text: &impl Display) -> String {
    styled(text, Style::new().effects(Effects::BOLD))
}

/// Makes a text stand back.
pub(crate) fn dim(text: &impl Display) -> String {
    styled(text, Style::new().effects(Effects::DIMMED))
}

/// Colours what is right.
pub(crate) fn good(text: &impl Display) -> String {
    styled(text, AnsiColor::Green.on_default())
}

/// Colours what is wrong.
pub(crate) fn bad(text: &impl Display) -> String {
    styled(text, AnsiColor::Red.on_default().effects(Effects::BOLD))
}

/// Colours what wants a look.
pub(crate) fn doubtful(text: &impl Display) -> String {
    styled(text, AnsiColor::Yellow.on_default())
}

fn styled(text: &impl Display, style: Style) -> String {
    format!("{style}{text}{style:#}")
}

/// Returns a text whose control characters are escaped, so that it moves neither the cursor nor the colours of a terminal:
/// targets choose these texts.
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for one in text.chars() {
        if one.is_control() {
            line.extend(one.escape_debug());
        } else {
            line.push(one);
        }
    }
    line
}

/// Quotes a text for a POSIX shell, where it needs that.
pub(crate) fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@,+%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}
