//! The text-message flow for goose: sign in, begin, code from the gateway, verify; then delete and sign out.
//!
//! The same requests as proofup's `enrollText`, against a reference that the script has started and prepared. The gateway is
//! in this process, as it is in proofup's. Prints what came of it as the last line, in JSON.

use std::collections::VecDeque;
use std::error::Error;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use goose::config::GooseConfiguration;
use goose::prelude::*;
use proofup_peers::gateway::Codes;
use proofup_peers::processor;
use proofup_peers::setting::{Account, Setting};
use serde_json::{Value, json};

/// What all users share; goose hands a transaction nothing but its user.
static SHARED: OnceLock<Shared> = OnceLock::new();

/// How long the processor time may have gone unread.
const SAMPLES: Duration = Duration::from_millis(10);

struct Shared {
    codes: Codes,
    rest: Duration,
    warm_up: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The accounts and since when each has rested enough.
    rested: VecDeque<(Instant, Account)>,
    flows: u64,
    failed: u64,
    begun: Option<Instant>,
    /// When the first flow began after the warm-up, and when the last ended.
    first: Option<Instant>,
    last: Option<Instant>,
    /// The processor time at the first and at the last.
    used: [Duration; 2],
    sampled: Option<Instant>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let setting = Setting::read()?;
    let codes = Codes::default();
    codes.serve(&setting.gateway).await?;
    let now = Instant::now();
    let accounts = setting.accounts.into_iter();
    let shared = SHARED.get_or_init(|| Shared {
        codes,
        rest: Duration::from_secs_f64(setting.rest_seconds),
        warm_up: Duration::from_secs_f64(setting.warm_up_seconds),
        state: Mutex::new(State {
            rested: accounts.map(|account| (now, account)).collect(),
            ..State::default()
        }),
    });
    let users = setting.users.to_string();
    let run_time = format!("{}s", setting.seconds);
    let words = [
        "--host",
        &setting.base,
        "--users",
        &users,
        "--increase-rate",
        "1000",
        "--run-time",
        &run_time,
        "--no-telnet",
        "--no-websocket",
        "--no-print-metrics",
        "-qq",
    ];
    let configuration = GooseConfiguration::parse_args_default(&words)?;
    GooseAttack::initialize_with_config(configuration)?
        .register_scenario(scenario!("text").register_transaction(transaction!(flow)))
        .execute()
        .await?;
    let state = shared.state();
    let seconds = state
        .first
        .zip(state.last)
        .map(|(first, last)| last - first);
    let told = json!({
        "flows": state.flows,
        "failed": state.failed,
        "seconds": seconds.unwrap_or_default().as_secs_f64(),
        "cpuSeconds": (state.used[1] - state.used[0]).as_secs_f64(),
    });
    println!("{told}");
    Ok(())
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for an account that has rested; tells whether its flow counts.
    async fn account(&self) -> (Account, bool) {
        loop {
            {
                let mut state = self.state();
                let now = Instant::now();
                let begun = *state.begun.get_or_insert(now);
                if state.first.is_none() && now - begun >= self.warm_up {
                    state.first = Some(now);
                    state.used = [processor::used(None); 2];
                }
                if state.rested.front().is_some_and(|(at, _)| *at <= now)
                    && let Some((_, account)) = state.rested.pop_front()
                {
                    return (account, state.first.is_some());
                }
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    fn done(&self, account: Account, counts: bool, verified: bool) {
        let mut state = self.state();
        let now = Instant::now();
        state.rested.push_back((now + self.rest, account));
        if !counts {
            return;
        }
        if verified {
            state.flows += 1;
        } else {
            state.failed += 1;
        }
        state.last = Some(now);
        // Reading it costs a few system calls, so it is not done after each flow.
        if state.sampled.is_none_or(|at| now - at >= SAMPLES) {
            state.sampled = Some(now);
            state.used[1] = processor::used(None);
        }
    }
}

async fn flow(user: &mut GooseUser) -> TransactionResult {
    let shared = SHARED.get().expect("it is set before the first user");
    let (account, counts) = shared.account().await;
    let verified = verify(user, &account, &shared.codes).await;
    let verified = verified.unwrap_or_else(|error| {
        eprintln!("{error}");
        false
    });
    shared.done(account, counts, verified);
    Ok(())
}

async fn verify(
    user: &mut GooseUser,
    account: &Account,
    codes: &Codes,
) -> Result<bool, Box<dyn Error + Send + Sync>> {
    let body = json!({
        "userPrincipalName": account.user,
        "password": account.password,
        "tenant": account.tenant,
    });
    let session = ask(
        user,
        "signIn",
        GooseMethod::Post,
        "/v1/sessions",
        "",
        Some(&body),
    )
    .await?;
    let token = session["token"].as_str().ok_or("no token")?.to_owned();
    let body = json!({
        "method": "mobilePhone",
        "phone": { "region": "NL", "number": account.typed },
        "kind": "textMessage",
    });
    let begun = ask(
        user,
        "begin",
        GooseMethod::Post,
        "/v1/enrollments",
        &token,
        Some(&body),
    )
    .await?;
    let setup = begun["id"].as_str().ok_or("no setup")?;
    let code = codes.take(&account.e164).ok_or("no code")?;
    let path = format!("/v1/enrollments/{setup}/verification");
    let body = json!({ "code": code });
    let told = ask(
        user,
        "verify",
        GooseMethod::Post,
        &path,
        &token,
        Some(&body),
    )
    .await?;
    let method = told["methodId"].as_str().ok_or("no method")?;
    let path = format!("/v1/methods/{method}");
    ask(user, "delete", GooseMethod::Delete, &path, &token, None).await?;
    let path = "/v1/sessions/current";
    ask(user, "signOut", GooseMethod::Delete, path, &token, None).await?;
    Ok(told["state"] == "verified")
}

/// Sends one request and reads its answer; null where there is none.
async fn ask(
    user: &mut GooseUser,
    name: &str,
    method: GooseMethod,
    path: &str,
    token: &str,
    body: Option<&Value>,
) -> Result<Value, Box<dyn Error + Send + Sync>> {
    let mut builder = user.get_request_builder(&method, path)?;
    if !token.is_empty() {
        builder = builder.bearer_auth(token);
    }
    if let Some(body) = body {
        builder = builder.json(body);
    }
    let request = GooseRequest::builder()
        .method(method)
        .path(path)
        .name(name)
        .set_request_builder(builder)
        .build();
    let response = user.request(request).await?.response?.error_for_status()?;
    let body = response.bytes().await?;
    if body.is_empty() {
        return Ok(Value::Null);
    }
    Ok(serde_json::from_slice(&body)?)
}
