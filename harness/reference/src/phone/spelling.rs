//! How people write numbers: digits of several scripts, punctuation, a plus, an extension.

/// The digits of one number, ASCII and without punctuation.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Spelling {
    /// Whether a plus stood before them, so that a country code begins them.
    pub(super) international: bool,
    /// The digits.
    pub(super) digits: String,
}

/// Reads a number, or nothing if the text is anything but one number and at most one extension.
pub(super) fn read(text: &str) -> Option<Spelling> {
    if text.len() > MAX_BYTES {
        return None;
    }
    let text = text.trim();
    let text = match text.get(..4) {
        Some(scheme) if scheme.eq_ignore_ascii_case("tel:") => &text[4..],
        _ => text,
    };
    let mut spelling = Spelling {
        international: false,
        digits: String::new(),
    };
    for (at, character) in text.char_indices() {
        if let Some(digit) = digit(character) {
            spelling.digits.push(digit);
        } else if is_plus(character) && !spelling.international && spelling.digits.is_empty() {
            spelling.international = true;
        } else if !is_punctuation(character) {
            return is_extension(&text[at..])
                .then_some(spelling)
                .filter(has_digits);
        }
    }
    Some(spelling).filter(has_digits)
}

/// The longest text that is looked at, as in libphonenumber.
const MAX_BYTES: usize = 250;

fn has_digits(spelling: &Spelling) -> bool {
    !spelling.digits.is_empty()
}

/// Reads a decimal digit: ASCII, full width, Arabic-Indic or extended Arabic-Indic.
fn digit(character: char) -> Option<char> {
    let zero = match character {
        '0'..='9' => return Some(character),
        '\u{ff10}'..='\u{ff19}' => '\u{ff10}',
        '\u{660}'..='\u{669}' => '\u{660}',
        '\u{6f0}'..='\u{6f9}' => '\u{6f0}',
        _ => return None,
    };
    char::from_digit(u32::from(character) - u32::from(zero), 10)
}

fn is_plus(character: char) -> bool {
    matches!(character, '+' | '\u{ff0b}')
}

/// Returns whether a character stands between digits: a space other than a line break, a dash, a dot, a slash or a bracket.
fn is_punctuation(character: char) -> bool {
    matches!(
        character,
        '-' | '.' | '/' | '(' | ')' | '[' | ']' | '~' | '·'
            | '\u{ad}' | '\u{200b}' | '\u{2060}'
            | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{30fc}'
            | '\u{ff0d}'..='\u{ff0f}' | '\u{ff08}' | '\u{ff09}' | '\u{ff3b}' | '\u{ff3d}'
    ) || (character.is_whitespace()
        && !character.is_control()
        && !matches!(character, '\u{2028}' | '\u{2029}'))
}

/// Returns whether the rest of a number is one extension: a word or sign for it, and up to twenty digits.
fn is_extension(rest: &str) -> bool {
    let rest = rest.trim_matches([' ', ')', ';', ',']).to_lowercase();
    let Some(number) = EXTENSION_SIGNS
        .iter()
        .find_map(|sign| rest.strip_prefix(sign))
    else {
        return false;
    };
    let number = number.trim_start_matches(['.', ':', '=', ' ', '\u{a0}']);
    let number = number.strip_suffix('#').unwrap_or(number);
    (1..=20).contains(&number.chars().count())
        && number.chars().all(|digit_| digit(digit_).is_some())
}

/// The signs before an extension; a longer one stands before the one that begins it.
const EXTENSION_SIGNS: [&str; 8] = ["extension", "extn", "ext", "xtn", "xt", "x", "#", "доб"];
