//! No secret that a run makes or meets reaches anything that the run leaves behind.
//!
//! A run in this process collects every password, token, code, answer, seed and callback secret; a run of the binary with
//! the same seed makes the same ones. Then everything that the binary wrote, and every snapshot in the repository, is
//! searched for each of them: raw, URL-encoded and in base64.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use aho_corasick::AhoCorasick;
use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use proofup_binding::{CompiledTarget, Transport, TransportError};
use proofup_domain::clock::Clock;
use proofup_domain::secret::Secret;
use proofup_reference::app::{AppConfig, Reference, app};
use proofup_runner::run::{RunConfig, Selection, TargetSession, run};
use proofup_scenario::catalogue::embedded_catalogue;
use proofup_scenario::embedded_suite;
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;

/// The seed with which the snapshots in the repository were made.
const SEED: u64 = 1;

/// Shorter secrets are answers such as `abc`, which stand in ordinary words by chance.
const SHORTEST: usize = 6;

/// The codes that everybody would guess (CODE-12) hide nothing, and stand in numbers by chance.
const GUESSED_BY_EVERYBODY: [&str; 7] = [
    "000000", "111111", "999999", "123456", "012345", "654321", "123123",
];

#[test]
fn nothing_that_a_run_leaves_behind_holds_a_secret() {
    let secrets = secrets_of_a_run();
    assert!(
        secrets.len() > 1_000,
        "only {} secrets were collected",
        secrets.len()
    );
    let mut places = outputs_of_a_run();
    places.extend(files_below(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("../../snapshots"),
    ));
    let search = Search::new(&secrets);
    let found: Vec<String> = places
        .iter()
        .flat_map(|(place, text)| {
            search
                .found_in(text)
                .into_iter()
                .map(move |length| format!("{place} holds a secret of {length} characters"))
        })
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_search_finds_what_is_there() {
    let text = "before \"482913\" after, b=c3RyYcOfZQ== and q=stra%C3%9Fe+1";
    let found = |hidden: &str| {
        Search::new(&BTreeSet::from([Secret::new(hidden)]))
            .found_in(text)
            .len()
    };
    assert_eq!(found("482913"), 1);
    assert_eq!(found("straße"), 2, "in base64 and URL-encoded");
    assert_eq!(found("829134"), 0);
    assert_eq!(found("82913"), 0, "a part of a number is another number");
}

/// Runs the suite in this process and gives what it kept secret.
fn secrets_of_a_run() -> BTreeSet<Secret> {
    let token = Secret::new("a-token-of-the-secrets-test");
    let clock = Clock::fixed("2026-01-15T09:00:00Z".parse().expect("an instant"));
    let catalogue = embedded_catalogue();
    let suite = embedded_suite(&catalogue).unwrap_or_else(|_| panic!("the embedded suite loads"));
    let text = include_str!("../../../fixtures/targets/reference.toml");
    let config = RunConfig {
        session: TargetSession {
            instance: None,
            target: Arc::new(CompiledTarget::compile("reference.toml", text).expect("it compiles")),
            transport: in_process(app(AppConfig {
                test_control_token: Some(token.clone()),
                ..AppConfig::new(clock.clone())
            })),
            callback_base: "http://target.invalid".to_owned(),
            control_token: Some(token),
            seed: SEED,
            clock,
            surroundings: Arc::default(),
        },
        suite: Arc::new(suite),
        catalogue: Arc::new(catalogue),
        jobs: 4,
        selection: Selection::default(),
        trace: false,
        max_failures: None,
        deadline: None,
        probed: None,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let stop = tokio_util::sync::CancellationToken::new();
    let output = runtime
        .block_on(run(config, |_| {}, &stop))
        .expect("the reference can be reached");
    let secrets = output.cases.into_iter().flat_map(|case| case.secrets);
    secrets
        .filter(|secret| secret.expose().chars().count() >= SHORTEST)
        .filter(|secret| !GUESSED_BY_EVERYBODY.contains(&secret.expose()))
        .collect()
}

fn in_process(router: Reference) -> Transport {
    BoxCloneSyncService::new(tower::service_fn(
        move |request: http::Request<bytes::Bytes>| {
            let router = router.clone();
            async move {
                let response = router
                    .oneshot(request.map(Body::from))
                    .await
                    .unwrap_or_else(|never| match never {});
                let (parts, body) = response.into_parts();
                let limit = 1024 * 1024;
                let body = axum::body::to_bytes(body, limit)
                    .await
                    .map_err(|_| TransportError::BodyTooLarge(limit))?;
                Ok(http::Response::from_parts(parts, body))
            }
        },
    ))
}

/// Runs the binary with everything that it can write, and gives all of it.
fn outputs_of_a_run() -> Vec<(String, String)> {
    let folder = tempfile::tempdir().expect("a folder");
    let output = Command::new(env!("CARGO_BIN_EXE_proofup"))
        .args([
            "run",
            "--trace",
            "--transport",
            "in-process",
            "--seed",
            &SEED.to_string(),
            "--output-dir",
        ])
        .arg(folder.path())
        .stdin(Stdio::null())
        .output()
        .expect("the binary runs");
    let mut places = files_below(folder.path());
    assert!(
        places.len() > 2,
        "the run wrote only {} files",
        places.len()
    );
    places.push((
        "stdout".to_owned(),
        String::from_utf8_lossy(&output.stdout).into_owned(),
    ));
    places.push((
        "stderr".to_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    ));
    places
}

fn files_below(folder: &Path) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = fs::read_to_string(&path) {
                files.push((path.display().to_string(), text));
            }
        }
    }
    files
}

fn spellings(secret: &str) -> BTreeSet<String> {
    let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let base64 = STANDARD.encode(secret);
    [
        secret.to_owned(),
        encoded.replace('+', "%20"),
        encoded,
        base64.trim_end_matches('=').to_owned(),
        URL_SAFE_NO_PAD.encode(secret),
    ]
    .into_iter()
    .collect()
}

/// Looks for many words at once.
struct Search {
    automaton: AhoCorasick,
    lengths: Vec<usize>,
}

impl Search {
    fn new(secrets: &BTreeSet<Secret>) -> Self {
        let mut words = Vec::new();
        let mut lengths = Vec::new();
        for secret in secrets {
            for spelling in spellings(secret.expose()) {
                words.push(spelling);
                lengths.push(secret.expose().chars().count());
            }
        }
        Self {
            automaton: AhoCorasick::new(words).expect("an automaton of some thousand words"),
            lengths,
        }
    }

    /// Gives the lengths of the secrets that stand in a text with no letter or digit on either side.
    fn found_in(&self, text: &str) -> Vec<usize> {
        let alone = |at: &aho_corasick::Match| {
            let before = text[..at.start()].chars().next_back();
            let after = text[at.end()..].chars().next();
            !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
        };
        let matches = self.automaton.find_overlapping_iter(text);
        matches
            .filter(alone)
            .map(|at| self.lengths[at.pattern().as_usize()])
            .collect()
    }
}
