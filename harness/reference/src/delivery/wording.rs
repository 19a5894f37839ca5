//! What people read and hear.

use proofup_domain::secret::Secret;

/// The name under which this service writes.
const PRODUCT: &str = "proofup";

/// How much of an organisation's name is written into a message.
const NAME_CHARACTERS_MAX: usize = 200;

/// What a mail says; the address it goes to is not part of it.
pub(super) struct Letter {
    /// The sender's name: the product on behalf of the organisation. Requirement: `MAIL-5`.
    pub(super) sender: String,
    /// The subject; it names the organisation.
    pub(super) subject: String,
    /// The body for mail programs without HTML.
    pub(super) text: String,
    /// The same body in HTML.
    pub(super) html: String,
}

/// What a notification says.
pub(super) struct Notice {
    pub(super) title: String,
    pub(super) body: String,
}

/// Writes the text that carries a code.
pub(super) fn text_message(organisation: &str, code: &Secret) -> String {
    let organisation = one_line(organisation);
    let code = code.expose();
    format!("Use verification code {code} for {organisation} authentication.")
}

/// Writes what a call says. Requirement: `CALL-8`.
pub(super) fn call(organisation: &str, instructs: bool) -> String {
    let organisation = one_line(organisation);
    let thanks = format!("Thank you for using the {organisation} sign-in verification system.");
    if !instructs {
        return thanks;
    }
    format!("{thanks} Please press the pound key, #, to finish your verification.")
}

/// Writes the mail that carries a code, which stands alone on its line.
pub(super) fn letter(organisation: &str, code: &Secret) -> Letter {
    let organisation = one_line(organisation);
    let code = code.expose();
    let escaped = escape(&organisation);
    Letter {
        sender: format!("{PRODUCT} on behalf of {organisation}"),
        subject: format!("{organisation} account email verification code"),
        text: format!(
            "Verify your email address\n\n\
             Thanks for verifying your {organisation} account!\n\n\
             Your code is:\n\n{code}\n\n\
             If you did not ask for it, you can ignore this mail.\n\n{organisation}\n"
        ),
        html: format!(
            "<!DOCTYPE html>\n<html><body>\n\
             <h1>Verify your email address</h1>\n\
             <p>Thanks for verifying your {escaped} account!</p>\n\
             <p>Your code is: <strong>{code}</strong></p>\n\
             <p>If you did not ask for it, you can ignore this mail.</p>\n\
             <p>{escaped}</p>\n</body></html>\n"
        ),
    }
}

impl Notice {
    /// Writes the notification that asks to approve or deny.
    pub(super) fn new(organisation: &str) -> Self {
        let organisation = one_line(organisation);
        Self {
            title: "Approve sign-in?".to_owned(),
            body: format!("{organisation} asks you to approve or deny."),
        }
    }
}

/// Escapes for text and attribute values of HTML and XML.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Keeps an organisation's name on one line, so that it cannot begin a header or a paragraph of its own, and short enough that
/// no line of a mail exceeds what SMTP takes (998 octets).
pub(super) fn one_line(name: &str) -> String {
    let is_break = |character: char| {
        character.is_control()
            || character.is_whitespace()
            || matches!(character, '\u{fffe}' | '\u{ffff}')
    };
    let words: Vec<_> = name
        .split(is_break)
        .filter(|word| !word.is_empty())
        .collect();
    if words.is_empty() {
        return "your organisation".to_owned();
    }
    words.join(" ").chars().take(NAME_CHARACTERS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_on_one_line_and_is_never_empty() {
        assert_eq!(one_line("Contoso"), "Contoso");
        assert_eq!(
            one_line(" A\r\nBcc: b@example.org\0 "),
            "A Bcc: b@example.org"
        );
        assert_eq!(one_line("\u{2028}日本\u{3000}電子"), "日本 電子");
        assert_eq!(one_line("\n"), "your organisation");
        assert_eq!(one_line(&"é".repeat(2000)).chars().count(), 200);
    }

    #[test]
    fn the_html_part_says_the_name_and_not_its_markup() {
        let letter = letter("<b>A & \"B\"</b>", &Secret::new("123456"));
        assert!(
            letter
                .html
                .contains("&lt;b&gt;A &amp; &quot;B&quot;&lt;/b&gt;")
        );
        assert!(letter.html.contains("<strong>123456</strong>"));
        assert!(letter.text.contains("\n123456\n"));
    }
}
