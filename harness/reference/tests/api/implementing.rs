//! `docs/implementing.md` tells what the reference does: every example in it is played, in order, and every endpoint,
//! word and limit of the contract stands in it.
//!
//! A block ` ```http ` is a request, or the answer to the one before it; ` ```json gateway ` is what a provider got last.
//! `{name}` in an answer or in what a provider got keeps the value; in a request it stands for what was kept.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::extract::Request;
use proofup_domain::capabilities::{Facility, Feature};
use proofup_domain::method::{ChallengeKind, Method};
use proofup_domain::refusal::Refusal;
use proofup_domain::state::{
    Activity, ChallengeState, ResetState, SessionState, SetupPage, WizardPage,
};
use proofup_reference::rules::RuleBook;
use regex::{Captures, Regex};
use serde_json::{Value, json};

use super::support::{Answer, Provider, World, oath_key, service};

/// Reads a file of the workspace.
fn read(path: &str) -> String {
    let path = format!("{}/../../{path}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn page() -> String {
    read("docs/implementing.md")
}

/// One block of the page.
#[derive(Debug, Clone)]
struct Example {
    /// The line of its fence, from 1.
    line: usize,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    /// A request: its first line, its headers, its body.
    Request(Message),
    /// The answer to the request before it.
    Answer(Message),
    /// What a provider got last.
    Gateway(String),
    /// JSON that nothing compares with anything.
    Untested,
}

#[derive(Debug, Clone)]
struct Message {
    first: String,
    headers: Vec<(String, String)>,
    body: String,
}

/// Finds the examples of a page.
fn examples(page: &str) -> Vec<Example> {
    let mut found = Vec::new();
    let mut lines = page.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let Some(kind) = line.strip_prefix("```").filter(|kind| !kind.is_empty()) else {
            continue;
        };
        let text: Vec<&str> = lines
            .by_ref()
            .map(|(_, line)| line)
            .take_while(|line| *line != "```")
            .collect();
        let what = match kind {
            "http"
                if text
                    .first()
                    .is_some_and(|line| line.starts_with("HTTP/1.1 ")) =>
            {
                What::Answer(message(&text))
            }
            "http" => What::Request(message(&text)),
            "json gateway" => What::Gateway(text.join("\n")),
            kind if kind.starts_with("json") => What::Untested,
            _ => continue,
        };
        let line = number + 1;
        found.push(Example { line, what });
    }
    found
}

fn message(lines: &[&str]) -> Message {
    let mut lines = lines.iter();
    let first = lines.next().copied().unwrap_or_default().to_owned();
    let headers = lines
        .by_ref()
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let body: Vec<&str> = lines.copied().collect();
    Message {
        first,
        headers,
        body: body.join("\n"),
    }
}

/// Plays a page against the reference.
struct Player {
    world: World,
    provider: Provider,
    kept: BTreeMap<String, String>,
    /// What is not as the page says, with the line.
    wrong: Vec<(usize, String)>,
}

/// Plays every example in order; gives what is not as the page says.
async fn play(examples: &[Example]) -> Vec<(usize, String)> {
    let provider = Provider::start().await;
    let kept = [
        ("controlToken", "control"),
        ("gateway", provider.url()),
        ("server", "http://127.0.0.1:8080"),
    ];
    let mut player = Player {
        world: World {
            app: service(RuleBook::default()),
        },
        kept: kept
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        provider,
        wrong: Vec::new(),
    };
    let mut answer: Option<Answer> = None;
    for example in examples {
        let line = example.line;
        match &example.what {
            What::Request(request) => {
                if answer.is_some() {
                    player.blame(line, "the request before it has no answer");
                }
                answer = Some(player.send(line, request).await);
            }
            What::Answer(expected) => match answer.take() {
                Some(answer) => player.compare(line, expected, &answer),
                None => player.blame(line, "there is no request before this answer"),
            },
            What::Gateway(expected) => {
                let got = player.provider.last();
                player.compare_body(line, expected, &got);
            }
            What::Untested => player.blame(line, "this JSON is compared with nothing"),
        }
    }
    player.wrong
}

impl Player {
    fn blame(&mut self, line: usize, what: impl Into<String>) {
        self.wrong.push((line, what.into()));
    }

    async fn send(&mut self, line: usize, message: &Message) -> Answer {
        let code = self.app_code().await;
        self.kept
            .extend(code.map(|code| ("appCode".to_owned(), code)));
        let (method, path) = message.first.split_once(' ').unwrap_or_default();
        let mut request = Request::builder().method(method).uri(self.fill(line, path));
        for (name, value) in &message.headers {
            request = request.header(name, self.fill(line, value));
        }
        let body = self.fill(line, &message.body);
        let typed = message
            .headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        if !body.is_empty() && !typed {
            request = request.header("content-type", "application/json");
        }
        self.world
            .send(request.body(Body::from(body)).unwrap())
            .await
    }

    /// Computes what an authenticator shows that was set up on this page.
    async fn app_code(&self) -> Option<String> {
        let secret = self.kept.get("secret")?;
        let key = oath_key(&json!(secret));
        let clock = self
            .world
            .control("GET", "/tenants/acme/clock", Value::Null)
            .await;
        if clock.status == 200 {
            Some(self.world.oath_code(&key, 0).await)
        } else {
            None
        }
    }

    /// Puts what was kept in place of its names.
    fn fill(&mut self, line: usize, text: &str) -> String {
        let mut unknown = Vec::new();
        let filled = placeholder().replace_all(text, |found: &Captures<'_>| {
            let value = self.kept.get(&found[1]).cloned();
            value.unwrap_or_else(|| {
                unknown.push(found[1].to_owned());
                String::new()
            })
        });
        let filled = filled.into_owned();
        for name in unknown {
            self.blame(line, format!("nothing before it gave {{{name}}}"));
        }
        filled
    }

    fn compare(&mut self, line: usize, expected: &Message, answer: &Answer) {
        let status = expected.first.split(' ').nth(1).unwrap_or_default();
        if status != answer.status.to_string() {
            let (status, body) = (answer.status, &answer.body);
            self.blame(line, format!("the status is {status}: {body:#}"));
        }
        for (name, value) in &expected.headers {
            let actual = answer
                .headers
                .get(name)
                .and_then(|value| value.to_str().ok());
            if actual != Some(value) {
                self.blame(line, format!("{name} is {actual:?}"));
            }
        }
        if expected.body.is_empty() {
            if answer.body != Value::Null {
                self.blame(line, format!("there is a body: {:#}", answer.body));
            }
        } else {
            self.compare_body(line, &expected.body, &answer.body);
        }
    }

    fn compare_body(&mut self, line: usize, expected: &str, actual: &Value) {
        let expected: Value = match serde_json::from_str(expected) {
            Ok(expected) => expected,
            Err(error) => return self.blame(line, format!("this is no JSON: {error}")),
        };
        let mut wrong = Vec::new();
        differ("", &expected, actual, &mut self.kept, &mut wrong);
        for what in wrong {
            self.blame(line, what);
        }
    }
}

/// Compares an example with what came: every member, every word, every number; only what has a name may be anything.
///
/// Texts for people in a problem document may be left out.
fn differ(
    path: &str,
    expected: &Value,
    actual: &Value,
    kept: &mut BTreeMap<String, String>,
    wrong: &mut Vec<String>,
) {
    match (expected, actual) {
        (Value::Object(members), Value::Object(others)) => {
            for (name, value) in members {
                let path = format!("{path}.{name}");
                match others.get(name) {
                    Some(other) => differ(&path, value, other, kept, wrong),
                    None => wrong.push(format!("{path} is not there: {actual:#}")),
                }
            }
            let is_problem = others.contains_key("type") && others.contains_key("code");
            for name in others.keys().filter(|name| !members.contains_key(*name)) {
                if !(is_problem && ["title", "detail"].contains(&name.as_str())) {
                    wrong.push(format!("{path}.{name} is missing: {actual:#}"));
                }
            }
        }
        (Value::Array(list), Value::Array(others)) if list.len() == others.len() => {
            for (index, (value, other)) in list.iter().zip(others).enumerate() {
                differ(&format!("{path}[{index}]"), value, other, kept, wrong);
            }
        }
        (Value::String(text), Value::String(other)) if placeholder().is_match(text) => {
            if !keep(text, other, kept) {
                wrong.push(format!("{path} is {other:?}, not like {text:?}"));
            }
        }
        _ if expected == actual => {}
        _ => wrong.push(format!("{path} is {actual}, not {expected}")),
    }
}

/// Keeps what stands in the places of names; says whether the rest is as it should be.
fn keep(template: &str, actual: &str, kept: &mut BTreeMap<String, String>) -> bool {
    let mut pattern = "(?s)^".to_owned();
    let mut names = Vec::new();
    let mut end = 0;
    for found in placeholder().captures_iter(template) {
        let whole = found.get(0).unwrap();
        pattern.push_str(&regex::escape(&template[end..whole.start()]));
        pattern.push_str("(.+?)");
        names.push(found[1].to_owned());
        end = whole.end();
    }
    pattern.push_str(&regex::escape(&template[end..]));
    pattern.push('$');
    let Some(found) = Regex::new(&pattern).unwrap().captures(actual) else {
        return false;
    };
    for (name, value) in names.into_iter().zip(found.iter().skip(1).flatten()) {
        kept.insert(name, value.as_str().to_owned());
    }
    true
}

fn placeholder() -> Regex {
    Regex::new(r"\{([a-z][a-zA-Z0-9]*)\}").unwrap()
}

#[tokio::test]
async fn every_example_of_the_page_is_what_the_reference_does() {
    let examples = examples(&page());
    assert!(examples.len() > 100, "{}", examples.len());
    let wrong = play(&examples).await;
    let told: Vec<String> = wrong
        .iter()
        .map(|(line, what)| format!("docs/implementing.md:{line}: {what}"))
        .collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
}

#[tokio::test]
async fn an_example_with_another_member_or_status_is_noticed() {
    let mut broken = examples(&page());
    let mut lines = Vec::new();
    for example in &mut broken {
        match &mut example.what {
            What::Answer(answer) if answer.body.is_empty() => {
                answer.first = "HTTP/1.1 299 Odd".to_owned();
            }
            What::Answer(Message { body, .. }) | What::Gateway(body) => {
                *body = body.replacen('{', "{\"noSuchMember\": 1, ", 1);
            }
            What::Request(_) | What::Untested => continue,
        }
        lines.push(example.line);
    }
    let noticed: Vec<usize> = play(&broken)
        .await
        .into_iter()
        .map(|(line, _)| line)
        .collect();
    assert_eq!(noticed, lines);
}

#[test]
fn a_value_of_another_word_number_or_length_is_noticed() {
    let expected = json!({ "state": "signedIn", "triesLeft": 4, "list": ["a"], "id": "{id}" });
    let check = |actual: Value| {
        let (mut kept, mut wrong) = (BTreeMap::new(), Vec::new());
        differ("", &expected, &actual, &mut kept, &mut wrong);
        (wrong.len(), kept.get("id").cloned())
    };
    let right = json!({ "state": "signedIn", "triesLeft": 4, "list": ["a"], "id": "7" });
    assert_eq!(check(right.clone()), (0, Some("7".to_owned())));
    for (member, value) in [
        ("state", json!("interrupted")),
        ("triesLeft", json!(3)),
        ("triesLeft", json!("4")),
        ("list", json!([])),
        ("list", json!(["b"])),
        ("id", json!(7)),
        ("more", json!(true)),
    ] {
        let mut actual = right.clone();
        actual[member] = value;
        assert_eq!(check(actual.clone()).0, 1, "{actual}");
    }
}

#[tokio::test]
async fn every_endpoint_and_every_row_of_the_table_stands_in_the_page() {
    let world = World {
        app: service(RuleBook::default()),
    };
    let page = page();
    let document = world.get("/openapi.json", "").await.expect(200);
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let operation = format!("`{} {path}`", method.to_uppercase());
            assert!(page.contains(&operation), "{operation} is missing");
        }
    }
    let table = document["info"]["description"].as_str().unwrap();
    let rows: Vec<&str> = table.lines().filter(|line| line.starts_with('|')).collect();
    assert!(rows.len() > 20);
    for row in rows {
        assert!(page.contains(row), "the page lacks the row\n{row}");
    }
}

#[tokio::test]
async fn every_word_and_every_limit_stands_in_the_page() {
    let world = World {
        app: service(RuleBook::default()),
    };
    let declared = world.get("/.well-known/security-info", "").await;
    let limits = declared.expect(200)["limits"].clone();
    let mut words: Vec<String> = limits.as_object().unwrap().keys().cloned().collect();
    words.extend(Refusal::ALL.iter().map(ToString::to_string));
    words.extend(SessionState::ALL.iter().map(ToString::to_string));
    words.extend(ChallengeState::ALL.iter().map(ToString::to_string));
    words.extend(ResetState::ALL.iter().map(ToString::to_string));
    words.extend(SetupPage::ALL.iter().map(ToString::to_string));
    words.extend(WizardPage::ALL.iter().map(ToString::to_string));
    words.extend(Activity::ALL.iter().map(ToString::to_string));
    words.extend(Method::ALL.iter().map(ToString::to_string));
    words.extend(ChallengeKind::ALL.iter().map(ToString::to_string));
    words.extend(Facility::ALL.iter().map(ToString::to_string));
    words.extend(Feature::ALL.iter().map(ToString::to_string));
    let page = page();
    for word in words {
        assert!(page.contains(&format!("`{word}`")), "`{word}` is missing");
    }
}

#[test]
fn every_requirement_that_the_page_names_exists() {
    let named = Regex::new(r"--requirement '?([A-Z]+-(?:[0-9]+|\*))").unwrap();
    let (page, catalogue) = (page(), read("fixtures/requirements.toml"));
    let names: Vec<&str> = named
        .captures_iter(&page)
        .map(|found| found.get(1).unwrap().as_str())
        .collect();
    assert!(names.len() > 10, "{names:?}");
    for name in names {
        let known = format!("id = \"{}", name.trim_end_matches('*'));
        assert!(catalogue.contains(&known), "{name}");
    }
}
