//! A tiny product that nobody here would write like this: users by sign-up, texts through one provider, codes with letters
//! and a dash, a policy that nobody can change, and each number for one user only.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use jiff::civil::DateTime;
use proofup_binding::{TransportOptions, loopback_transport};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower::ServiceExt as _;

/// How long a code is good for, in seconds.
const CODE_SECONDS: i64 = 600;

/// Says how the product is set up.
#[derive(Debug, Clone, Default)]
pub(crate) struct Setup {
    /// Where texts are posted.
    pub(crate) sms_url: String,
    /// The file that tells the time; none: time stands still.
    pub(crate) clock_file: Option<PathBuf>,
    /// A planted defect: any code of the right shape is taken.
    pub(crate) takes_any_code: bool,
    /// Another planted defect: `codeWorksTwice`, `provesForOthers` or `triesNeverRunOut`.
    pub(crate) defect: Option<&'static str>,
}

#[derive(Debug, Default)]
struct Product {
    setup: Setup,
    records: Mutex<Records>,
}

#[derive(Debug, Default)]
struct Records {
    users: BTreeMap<String, String>,
    sessions: BTreeMap<String, String>,
    pending: BTreeMap<String, Pending>,
    /// The numbers that were proved, and by whom.
    phones: BTreeMap<String, String>,
    counter: u64,
}

#[derive(Debug, Clone)]
struct Pending {
    email: String,
    number: String,
    code: String,
    at: i64,
    tries_left: u32,
}

/// How many wrong codes a setup stands.
const TRIES: u32 = 5;

/// Serves the product on an address until the runtime ends.
pub(crate) async fn serve(setup: Setup, address: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind(address).await.expect("the port is free");
    let address = listener.local_addr().expect("it listens");
    let product = Arc::new(Product {
        setup,
        ..Product::default()
    });
    let router = Router::new()
        .route("/", get(|| async { "hello" }))
        .route("/users", post(sign_up).get(count))
        .route("/users/{email}", delete(remove))
        .route("/login", post(login))
        .route("/phones", post(begin).get(list).delete(forget))
        .route("/phones/{id}", post(verify))
        .with_state(product);
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

impl Product {
    fn now(&self) -> i64 {
        let Some(file) = &self.setup.clock_file else {
            return 0;
        };
        let text = std::fs::read_to_string(file).expect("the clock file is there");
        let stamp: DateTime = text.trim().replace(' ', "T").parse().expect("a stamp");
        let zoned = stamp.to_zoned(jiff::tz::TimeZone::UTC).expect("an instant");
        zoned.timestamp().as_second()
    }

    fn user(&self, headers: &HeaderMap) -> Option<String> {
        let token = headers.get("authorization")?.to_str().ok()?;
        let records = self.records.lock().expect("nobody panics here");
        records
            .sessions
            .get(token.trim_start_matches("Bearer "))
            .cloned()
    }
}

type Answer = (StatusCode, Json<Value>);
type Shared = State<Arc<Product>>;

fn refuse(status: StatusCode, error: &str) -> Answer {
    (status, Json(json!({ "error": error })))
}

fn word(body: &Value, name: &str) -> String {
    body[name].as_str().unwrap_or_default().to_owned()
}

async fn sign_up(State(product): Shared, Json(body): Json<Value>) -> Answer {
    let mut records = product.records.lock().expect("nobody panics here");
    let email = word(&body, "email");
    if records.users.contains_key(&email) {
        return refuse(StatusCode::CONFLICT, "taken");
    }
    records.users.insert(email.clone(), word(&body, "password"));
    (StatusCode::CREATED, Json(json!({ "email": email })))
}

async fn remove(State(product): Shared, Path(email): Path<String>) -> StatusCode {
    let mut records = product.records.lock().expect("nobody panics here");
    records.users.remove(&email);
    StatusCode::NO_CONTENT
}

async fn count(State(product): Shared) -> Answer {
    let records = product.records.lock().expect("nobody panics here");
    (
        StatusCode::OK,
        Json(json!({ "users": records.users.len() })),
    )
}

async fn login(State(product): Shared, Json(body): Json<Value>) -> Answer {
    let mut records = product.records.lock().expect("nobody panics here");
    let email = word(&body, "email");
    if records.users.get(&email) != Some(&word(&body, "password")) {
        return refuse(StatusCode::UNAUTHORIZED, "credentials");
    }
    records.counter += 1;
    let token = format!("token-{:08}-of-a-session", records.counter);
    records.sessions.insert(token.clone(), email);
    (StatusCode::OK, Json(json!({ "token": token })))
}

async fn begin(State(product): Shared, headers: HeaderMap, Json(body): Json<Value>) -> Answer {
    let Some(email) = product.user(&headers) else {
        return refuse(StatusCode::UNAUTHORIZED, "session");
    };
    let number = word(&body, "number");
    let now = product.now();
    let (id, code) = {
        let mut records = product.records.lock().expect("nobody panics here");
        if records
            .phones
            .get(&number)
            .is_some_and(|owner| *owner != email)
        {
            return refuse(StatusCode::CONFLICT, "number");
        }
        if records.phones.values().any(|owner| *owner == email) {
            return refuse(StatusCode::CONFLICT, "registered");
        }
        records.pending.retain(|_, one| one.email != email);
        records.counter += 1;
        let id = format!("setup-{}", records.counter);
        let code = format!(
            "XK{}-{:03}B",
            records.counter % 10,
            records.counter * 7 % 1000
        );
        let pending = Pending {
            email,
            number: number.clone(),
            code: code.clone(),
            at: now,
            tries_left: TRIES,
        };
        records.pending.insert(id.clone(), pending);
        (id, code)
    };
    let text = json!({ "to": number, "text": format!("Use {code} to go on.") });
    if send(&product.setup.sms_url, &text).await {
        (StatusCode::ACCEPTED, Json(json!({ "id": id })))
    } else {
        refuse(StatusCode::BAD_GATEWAY, "provider")
    }
}

/// Posts a text to the provider.
async fn send(url: &str, text: &Value) -> bool {
    let base: url::Url = url.parse().expect("a URL");
    let options = TransportOptions {
        timeout: Duration::from_secs(60),
        ..TransportOptions::default()
    };
    let request = http::Request::post(url)
        .header("content-type", "application/json")
        .body(bytes::Bytes::from(text.to_string()))
        .expect("a request");
    let sent = loopback_transport(&base, options).oneshot(request).await;
    sent.is_ok_and(|response| response.status().is_success())
}

async fn verify(
    State(product): Shared,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Answer {
    let user = product.user(&headers);
    let now = product.now();
    let mut records = product.records.lock().expect("nobody panics here");
    let defect = |word: &str| product.setup.defect == Some(word);
    let Some(pending) = records.pending.get(&id).cloned() else {
        return refuse(StatusCode::NOT_FOUND, "setup");
    };
    let code = word(&body, "code");
    let shape = |code: &str| -> Vec<usize> { code.split('-').map(str::len).collect() };
    if user.as_ref() != Some(&pending.email) && !(user.is_some() && defect("provesForOthers")) {
        refuse(StatusCode::NOT_FOUND, "setup")
    } else if pending.tries_left == 0 {
        refuse(StatusCode::LOCKED, "tries")
    } else if shape(&code) != shape(&pending.code) {
        refuse(StatusCode::UNPROCESSABLE_ENTITY, "this is no code of ours")
    } else if now >= pending.at + CODE_SECONDS {
        refuse(StatusCode::GONE, "expired")
    } else if code != pending.code && !product.setup.takes_any_code {
        if let Some(pending) = records.pending.get_mut(&id)
            && !defect("triesNeverRunOut")
        {
            pending.tries_left -= 1;
        }
        refuse(StatusCode::BAD_REQUEST, "code")
    } else {
        if !defect("codeWorksTwice") {
            records.pending.remove(&id);
        }
        records.phones.insert(pending.number, pending.email);
        (StatusCode::OK, Json(json!({})))
    }
}

async fn list(State(product): Shared, headers: HeaderMap) -> Answer {
    let Some(email) = product.user(&headers) else {
        return refuse(StatusCode::UNAUTHORIZED, "session");
    };
    let records = product.records.lock().expect("nobody panics here");
    let has = records.phones.values().any(|owner| *owner == email);
    let methods: Vec<&str> = if has { vec!["mobilePhone"] } else { Vec::new() };
    (StatusCode::OK, Json(json!({ "methods": methods })))
}

async fn forget(State(product): Shared, headers: HeaderMap) -> Answer {
    let Some(email) = product.user(&headers) else {
        return refuse(StatusCode::UNAUTHORIZED, "session");
    };
    let mut records = product.records.lock().expect("nobody panics here");
    records.phones.retain(|_, owner| *owner != email);
    (StatusCode::OK, Json(json!({})))
}

/// The target file of the product; `{base}` and `{more}` are put in by each test.
pub(crate) const TARGET: &str = r#"
name = "tiny"
base = "{base}"
isolation = "user"
codePattern = 'Use ([A-Z0-9-]+) to'
{more}

[policy]
reset.enabled = true
reset.methods = ["mobilePhone"]

[capabilities]
editions = ["2019-02-13"]
methods = ["mobilePhone"]
kinds = ["textMessage"]
features = ["manage", "twoStep"]
facilities = ["inbox:sms"]

[capabilities.limits]
codeLength = 6
codeTries = 5
accountFailures = 20
blockSeconds = 900
resendSeconds = 30
gatewayTimeoutMs = 5000
codeSeconds = 600
activationSeconds = 600
enrollmentSeconds = 1800
notificationSeconds = 120
callSeconds = 120
resetSeconds = 1800
sessionSeconds = 28800

[operations.createUser]
request = { method = "POST", path = "/users", body = { email = "{userPrincipalName}", password = "{password}" } }
answers = [{ status = 201 }]

[operations.deleteUser]
request = { method = "DELETE", path = "/users/{userPrincipalName}" }
answers = [{ status = 204 }]

[operations.signIn]
request = { method = "POST", path = "/login", body = { email = "{userPrincipalName}", password = "{password}" } }
answers = [{ status = 200, answer = { state = { value = "signedIn" } } }]
keep = { session = "$.token" }
refusals = [{ status = 401, refused = "invalidCredentials" }]

[operations.beginEnrollment]
request = { method = "POST", path = "/phones", headers = { authorization = "Bearer {session}" }, body = { number = "{e164}" } }
answers = [{ status = 202, answer = { state = { value = "challengeSent" }, method = { value = "mobilePhone" }, kind = { value = "textMessage" } } }]
keep = { enrollment = "$.id" }
refusals = [{ status = 502, refused = "gatewayFailed" }, { status = 409, where = { "$.error" = "registered" }, refused = "methodNotAvailable" }]

[operations.submitCode]
request = { method = "POST", path = "/phones/{enrollment}", headers = { authorization = "Bearer {session}" }, body = { code = "{code}" } }
answers = [{ status = 200, answer = { state = { value = "verified" } } }]
refusals = [{ status = 400, refused = "wrongCode" }, { status = 410, refused = "expired" }, { status = 423, refused = "exhausted" }, { status = 404, refused = "notFound" }]

[operations.listMethods]
request = { method = "GET", path = "/phones", headers = { authorization = "Bearer {session}" } }
answers = [{ status = 200, answer = { methods = "$.methods" } }]
"#;
