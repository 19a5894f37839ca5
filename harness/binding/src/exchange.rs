//! One request and its response, kept for the report with its secrets masked.

use bytes::Bytes;
use http::header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION, SET_COOKIE};
use http::{HeaderMap, HeaderName, Request};
use proofup_domain::secret::{MASK, Secret};
use serde::Serialize;

use super::mask::{Masker, texts};
use super::response::RawResponse;
use super::transport::TransportError;

/// One HTTP request and what came back, fit to be shown: every secret is masked already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Exchange {
    /// The operation of the target file.
    pub operation: String,
    /// Request method.
    pub method: String,
    /// Request URL.
    pub url: String,
    /// Request headers in order.
    pub request_headers: Vec<(String, String)>,
    /// Request body as text, cut at 16 KiB.
    pub request_body: Option<String>,
    /// Status; none where nothing came back.
    pub status: Option<u16>,
    /// Response headers in order.
    pub response_headers: Vec<(String, String)>,
    /// Response body as text, cut at 4 KiB.
    pub response_body: Option<String>,
    /// Why nothing came back.
    pub failure: Option<String>,
}

/// Stands in place of a method where a command of the target file was run.
const COMMAND: &str = "sh";
const REQUEST_LIMIT: usize = 16 * 1024;
const RESPONSE_LIMIT: usize = 4 * 1024;
/// What is masked at all: the rest is cut away, and a secret cut in two here cannot reach the shown part.
const MASKED_LIMIT: usize = 64 * 1024;

impl Exchange {
    /// Masks a request. `cut` says that its body was cut short on purpose, perhaps through a secret.
    pub(super) fn of_request(
        operation: &str,
        request: &Request<Bytes>,
        cut: bool,
        masker: &Masker,
    ) -> Self {
        let body = (!request.body().is_empty()).then(|| {
            let shown = shown(request.body(), REQUEST_LIMIT, masker);
            if cut {
                masker.mask_cut_end(&shown)
            } else {
                shown
            }
        });
        Self {
            operation: operation.to_owned(),
            method: request.method().to_string(),
            url: masker.mask(&request.uri().to_string()),
            request_headers: masked_headers(request.headers(), masker),
            request_body: body,
            status: None,
            response_headers: Vec::new(),
            response_body: None,
            failure: None,
        }
    }

    /// Returns the exchange of an operation for which nothing was sent.
    pub(super) fn unsent(operation: &str) -> Self {
        Self {
            operation: operation.to_owned(),
            method: String::new(),
            url: String::new(),
            request_headers: Vec::new(),
            request_body: None,
            status: None,
            response_headers: Vec::new(),
            response_body: None,
            failure: None,
        }
    }

    /// Masks a command and what it is told.
    pub(super) fn of_command(operation: &str, line: &str, input: &str, masker: &Masker) -> Self {
        Self {
            method: COMMAND.to_owned(),
            url: masker.mask(line),
            request_body: Some(shown(input.as_bytes(), REQUEST_LIMIT, masker)),
            ..Self::unsent(operation)
        }
    }

    /// Adds what came back, masked.
    pub(super) fn answered(mut self, response: &RawResponse, masker: &Masker) -> Self {
        self.status = Some(response.status);
        self.response_headers = masked_headers(response.headers(), masker);
        self.response_body =
            (!response.body.is_empty()).then(|| shown(&response.body, RESPONSE_LIMIT, masker));
        self
    }

    /// Adds why nothing came back.
    pub(super) fn failed(mut self, error: &TransportError) -> Self {
        self.failure = Some(error.to_string());
        self
    }

    /// Masks secrets that became known later: a code that the implementation should not have shown.
    pub fn mask<'a>(&mut self, secrets: impl IntoIterator<Item = &'a Secret>) {
        let mut masker = Masker::default();
        masker.learn(texts(secrets));
        for text in self.texts_mut() {
            *text = masker.mask(text);
        }
    }

    /// Shows something else in place of a text: of what was drawn for one process alone, only what it stands for.
    pub fn show_instead(&mut self, text: &str, shown: &str) {
        for place in self.texts_mut() {
            *place = place.replace(text, shown);
        }
    }

    /// Lists everything that may show what was sent or came.
    fn texts_mut(&mut self) -> impl Iterator<Item = &mut String> {
        let headers = self
            .request_headers
            .iter_mut()
            .chain(&mut self.response_headers)
            .map(|(_, value)| value);
        let bodies = self.request_body.iter_mut().chain(&mut self.response_body);
        headers
            .chain(bodies)
            .chain([&mut self.url])
            .chain(&mut self.failure)
    }

    /// Returns the request as one `curl` command; masked secrets are shell variables: `$SESSION`, `$CODE`, `$PASSWORD`.
    ///
    /// Set those and it can be pasted into a shell (bash, zsh). A body that was cut, or that held bytes that are no
    /// text, is not the one that was sent.
    #[must_use]
    pub fn curl(&self) -> String {
        let mut names = Vec::new();
        if self.method == COMMAND {
            let input = self.request_body.as_deref().unwrap_or_default();
            let input = with_variables(input, &mut names, name_before);
            return format!("printf %s {input} | sh -c {}", quoted(&self.url));
        }
        let mut words = vec!["curl".to_owned(), "-sS".to_owned(), "-i".to_owned()];
        if self.url.contains(['[', ']', '{', '}']) {
            words.push("--globoff".to_owned());
        }
        words.extend(["-X".to_owned(), quoted(&self.method)]);
        for (name, value) in &self.request_headers {
            if name.eq_ignore_ascii_case("host") || name.eq_ignore_ascii_case("content-length") {
                continue;
            }
            let variable = self.variable_of_header(name);
            let line = format!("{name}: {value}");
            words.extend([
                "-H".to_owned(),
                with_variables(&line, &mut names, |_| variable.clone()),
            ]);
        }
        if let Some(body) = &self.request_body {
            words.extend([
                "--data-raw".to_owned(),
                with_variables(body, &mut names, name_before),
            ]);
        }
        words.push(with_variables(&self.url, &mut names, name_before));
        words.join(" ")
    }

    /// Returns what stands masked in a header.
    fn variable_of_header(&self, name: &str) -> String {
        let token = match self.operation.as_str() {
            "createTenant" | "deleteTenant" | "createUser" | "deleteUser" | "readClock"
            | "advanceClock" | "setPolicy" | "readAudit" => "CONTROL_TOKEN",
            "replyToNotification" => "DEVICE_SECRET",
            "callback" => "CALLBACK_SECRET",
            _ => "SESSION",
        };
        if name.eq_ignore_ascii_case("authorization") {
            token.to_owned()
        } else {
            upper_snake(name)
        }
    }
}

/// Returns a text with every secret in it masked, in every spelling.
#[must_use]
pub fn masked<'a>(text: &str, secrets: impl IntoIterator<Item = &'a Secret>) -> String {
    let mut masker = Masker::default();
    masker.learn(texts(secrets));
    masker.mask(text)
}

/// Masks a body, then cuts it.
fn shown(body: &[u8], limit: usize, masker: &Masker) -> String {
    let start = &body[..body.len().min(MASKED_LIMIT)];
    let masked = masker.mask(&String::from_utf8_lossy(start));
    if masked.len() <= limit && start.len() == body.len() {
        return masked;
    }
    format!(
        "{}… ({} bytes)",
        &masked[..masked.floor_char_boundary(limit)],
        body.len()
    )
}

fn masked_headers(headers: &HeaderMap, masker: &Masker) -> Vec<(String, String)> {
    let masked = |(name, value): (&HeaderName, &http::HeaderValue)| {
        let text = String::from_utf8_lossy(value.as_bytes());
        let text = if *name == AUTHORIZATION || *name == PROXY_AUTHORIZATION {
            text.split_once(' ')
                .map_or_else(|| MASK.to_owned(), |(scheme, _)| format!("{scheme} {MASK}"))
        } else if *name == SET_COOKIE {
            masked_set_cookie(&text, masker)
        } else if *name == COOKIE {
            MASK.to_owned()
        } else {
            masker.mask(&text)
        };
        (name.to_string(), text)
    };
    headers.iter().map(masked).collect()
}

/// Masks the value of a cookie. Of what follows, only what is an attribute is shown: some servers write several cookies
/// into one line, and each of them may be the session.
fn masked_set_cookie(text: &str, masker: &Masker) -> String {
    let mut parts = text.split(';');
    let pair = parts.next().unwrap_or_default();
    let mut shown = match pair.split_once('=') {
        Some((name, _)) => format!("{name}={MASK}"),
        None => MASK.to_owned(),
    };
    for part in parts {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let is_plain = COOKIE_ATTRIBUTES.contains(&name.trim().to_ascii_lowercase().as_str());
        let is_whole = !value.contains('=');
        shown.push(';');
        shown.push_str(&match (is_plain && is_whole, value.is_empty()) {
            (true, _) => masker.mask(part),
            (false, true) => MASK.to_owned(),
            (false, false) => format!("{name}={MASK}"),
        });
    }
    shown
}

/// The attributes of RFC 6265 and its successors; none of their values is a secret.
const COOKIE_ATTRIBUTES: [&str; 9] = [
    "expires",
    "max-age",
    "domain",
    "path",
    "secure",
    "httponly",
    "samesite",
    "partitioned",
    "priority",
];

/// Quotes a text for the shell, each mask in it a variable; a name used again gets a number.
fn with_variables(text: &str, names: &mut Vec<String>, name: impl Fn(&str) -> String) -> String {
    let mut word = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(MASK) {
        let before = &rest[..at];
        if !before.is_empty() {
            word.push_str(&quoted(before));
        }
        let name = name(&text[..text.len() - rest.len() + at]);
        let used = names.iter().filter(|used| **used == name).count();
        let number = if used == 0 {
            String::new()
        } else {
            format!("_{}", used + 1)
        };
        word.push_str(&format!("\"${{{name}{number}}}\""));
        names.push(name);
        rest = &rest[at + MASK.len()..];
    }
    if !rest.is_empty() || word.is_empty() {
        word.push_str(&quoted(rest));
    }
    word
}

/// Finds the name of the JSON member, form field or query parameter whose value begins where `before` ends.
fn name_before(before: &str) -> String {
    let is_part =
        |character: char| character.is_ascii_alphanumeric() || character == '_' || character == '-';
    let trimmed = before.trim_end_matches(|character: char| !is_part(character));
    let start = trimmed
        .rfind(|character| !is_part(character))
        .map_or(0, |at| at + 1);
    let name = trimmed.get(start..).unwrap_or_default();
    if name.is_empty() {
        "SECRET".to_owned()
    } else {
        upper_snake(name)
    }
}

fn upper_snake(name: &str) -> String {
    let mut upper = String::new();
    for character in name.chars() {
        if character.is_ascii_uppercase() && !upper.is_empty() {
            upper.push('_');
        }
        upper.push(if character.is_ascii_alphanumeric() {
            character.to_ascii_uppercase()
        } else {
            '_'
        });
    }
    if upper.starts_with(|first: char| first.is_ascii_digit()) {
        upper.insert(0, '_');
    }
    upper
}

/// Quotes a text for bash and zsh; plain words stay as they are.
fn quoted(text: &str) -> String {
    let plain =
        |character: char| character.is_ascii_alphanumeric() || "-_./:=,@%+".contains(character);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    if !text.chars().any(char::is_control) {
        return format!("'{}'", text.replace('\'', r"'\''"));
    }
    let escaped: String = text
        .chars()
        .map(|character| match character {
            '\\' => r"\\".to_owned(),
            '\'' => r"\'".to_owned(),
            '\n' => r"\n".to_owned(),
            '\r' => r"\r".to_owned(),
            '\t' => r"\t".to_owned(),
            control if control.is_control() => format!("\\u{:04x}", u32::from(control)),
            other => other.to_string(),
        })
        .collect();
    format!("$'{escaped}'")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange(url: &str, body: &str) -> Exchange {
        let request = Request::post(url)
            .header("authorization", "Bearer abc")
            .header("content-type", "application/json")
            .body(Bytes::from(body.to_owned()))
            .expect("the request is well formed");
        let mut masker = Masker::default();
        masker.learn(["it's 482913", "hunter22"]);
        Exchange::of_request("submitCode", &request, false, &masker)
    }

    #[test]
    fn a_curl_line_has_variables_for_secrets() {
        let exchange = exchange(
            "http://127.0.0.1:1/a?secret=hunter22",
            r#"{"code":"it's 482913","x":"it's"}"#,
        );
        assert_eq!(
            exchange.curl(),
            r#"curl -sS -i -X POST -H 'authorization: Bearer '"${SESSION}" -H 'content-type: application/json' --data-raw '{"code":"'"${CODE}"'","x":"it'\''s"}' 'http://127.0.0.1:1/a?secret='"${SECRET}""#
        );
    }

    #[test]
    fn no_cookie_shows_its_value_wherever_it_stands() {
        let masker = Masker::default();
        let table = [
            ("sid=abc; Path=/; HttpOnly", "sid=***; Path=/; HttpOnly"),
            ("p=a,b; Path=/, sid=abc; Path=/", "p=***; Path=***; Path=/"),
            ("p=1; Path=/,sid=abc", "p=***; Path=***"),
            ("p=1; sid=abc; Secure", "p=***; sid=***; Secure"),
            ("abc", "***"),
            (
                "sid=abc; Expires=Wed, 21 Oct 2099 07:28:00 GMT; Max-Age=60",
                "sid=***; Expires=Wed, 21 Oct 2099 07:28:00 GMT; Max-Age=60",
            ),
        ];
        for (line, shown) in table {
            assert_eq!(masked_set_cookie(line, &masker), shown);
        }
    }

    #[test]
    fn equal_names_are_numbered() {
        let exchange = exchange(
            "http://127.0.0.1:1/",
            r#"[{"password":"hunter22"},{"password":"hunter22"}]"#,
        );
        let curl = exchange.curl();
        assert!(
            curl.contains("\"${PASSWORD}\"") && curl.contains("\"${PASSWORD_2}\""),
            "{curl}"
        );
    }

    #[test]
    fn texts_are_quoted_by_this_table() {
        let table = [
            ("POST", "POST"),
            ("", "''"),
            ("a b", "'a b'"),
            ("it's", r"'it'\''s'"),
            ("$(rm -rf /)", "'$(rm -rf /)'"),
            ("`id`", "'`id`'"),
            ("a\nb'c\\", r"$'a\nb\'c\\'"),
            ("a\0b", "$'a\\u0000b'"),
        ];
        for (text, expected) in table {
            assert_eq!(quoted(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_secret_that_is_known_later_can_still_be_masked() {
        let mut exchange = exchange("http://127.0.0.1:1/777777", "777777");
        exchange.mask([&Secret::new("777777")]);
        assert!(!format!("{exchange:?}").contains("777777"));
    }

    #[test]
    fn long_bodies_are_cut_after_masking() {
        let exchange = exchange(
            "http://127.0.0.1:1/",
            &format!(
                "{}hunter22{}",
                "x".repeat(REQUEST_LIMIT - 4),
                "y".repeat(100_000)
            ),
        );
        let body = exchange.request_body.expect("there is a body");
        assert!(!body.contains("hunt"), "{}", &body[REQUEST_LIMIT - 40..]);
        assert!(body.len() < REQUEST_LIMIT + 40);
    }
}
