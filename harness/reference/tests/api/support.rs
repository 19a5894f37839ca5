//! A service in process, a tenant of one's own, and providers that keep what they get.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use proofup_domain::clock::Clock;
use proofup_domain::secret::Secret;
use proofup_reference::app::{AppConfig, Randomness, Reference, app};
use proofup_reference::rules::RuleBook;
use serde_json::{Value, json};
use totp_rs::{Algorithm, Builder, Totp};
use tower::ServiceExt as _;

/// Where every tenant's clock starts.
pub(crate) const START: &str = "2026-01-15T09:00:00Z";

/// The password of every user.
pub(crate) const PASSWORD: &str = "correct horse";

/// An answer of the service.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    /// Demands a status, and gives the body.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }

    /// Demands a problem document with this code.
    #[track_caller]
    pub(crate) fn refused(self, status: u16, code: &str) -> Value {
        assert_eq!(
            (self.status, &self.body["code"]),
            (status, &json!(code)),
            "{}",
            self.body
        );
        assert_eq!(self.headers[CONTENT_TYPE], "application/problem+json");
        assert_eq!(
            self.body["type"],
            json!(format!("urn:proofup:problem:{code}"))
        );
        assert_eq!(self.body["status"], json!(status));
        self.body
    }
}

/// A service with one tenant, `acme`, whose clock stands.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) app: Reference,
}

/// Starts a service with test control.
pub(crate) fn service(rule_book: RuleBook) -> Reference {
    app(AppConfig {
        test_control_token: Some(Secret::new("control")),
        randomness: Randomness::Seed("tests".to_owned()),
        rule_book,
        ..AppConfig::new(Clock::fixed(Timestamp::UNIX_EPOCH))
    })
}

/// The members of a tenant, `alice` and `bob`, and the administrator `root`.
pub(crate) fn tenant(policy: Value, gateways: Value) -> Value {
    json!({
        "displayName": "Acme",
        "policy": policy,
        "domains": ["acme.example"],
        "users": [
            { "userPrincipalName": "alice@acme.example", "password": PASSWORD },
            { "userPrincipalName": "bob@acme.example", "password": PASSWORD },
            { "userPrincipalName": "root@acme.example", "password": PASSWORD, "role": "administrator" },
            { "userPrincipalName": "mallory@acme.example", "password": PASSWORD, "blocked": true },
        ],
        "gateways": gateways,
        "gatewayTimeoutMs": 60_000,
        "clock": { "mode": "manual", "now": START },
        "seed": "acme",
    })
}

impl World {
    /// Makes a tenant without gateways.
    pub(crate) async fn new(policy: Value) -> Self {
        Self::with(RuleBook::default(), policy, json!({})).await
    }

    /// Makes a tenant with gateways, under rules.
    pub(crate) async fn with(rule_book: RuleBook, policy: Value, gateways: Value) -> Self {
        let world = Self {
            app: service(rule_book),
        };
        let body = tenant(policy, gateways);
        world
            .control("PUT", "/tenants/acme", body)
            .await
            .expect(201);
        world
    }

    /// Sends one request as it is.
    pub(crate) async fn send(&self, request: Request) -> Answer {
        let response: Response = match self.app.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        }
    }

    /// Sends one JSON request; a null body is none.
    pub(crate) async fn call(&self, method: &str, path: &str, token: &str, body: Value) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if !token.is_empty() {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        let body = if body.is_null() {
            Body::empty()
        } else {
            request = request.header(CONTENT_TYPE, "application/json");
            Body::from(body.to_string())
        };
        self.send(request.body(body).unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Answer {
        self.call("GET", path, token, Value::Null).await
    }

    pub(crate) async fn post(&self, path: &str, token: &str, body: Value) -> Answer {
        self.call("POST", path, token, body).await
    }

    /// Asks test control.
    pub(crate) async fn control(&self, method: &str, path: &str, body: Value) -> Answer {
        let path = format!("/testControl/v1{path}");
        self.call(method, &path, "control", body).await
    }

    /// Changes the policy.
    pub(crate) async fn set_policy(&self, patch: Value) {
        let path = "/tenants/acme/policy";
        self.control("PATCH", path, patch).await.expect(200);
    }

    /// Moves the clock.
    pub(crate) async fn advance(&self, seconds: u64) {
        let body = json!({ "seconds": seconds });
        let path = "/tenants/acme/clock/advance";
        self.control("POST", path, body).await.expect(200);
    }

    /// Signs in; gives the session with its token.
    pub(crate) async fn session(&self, user: &str) -> Value {
        let name = format!("{user}@acme.example");
        let body = json!({ "userPrincipalName": name, "password": PASSWORD });
        self.post("/v1/sessions", "", body).await.expect(201)
    }

    /// Signs in; demands a state and gives the token.
    pub(crate) async fn sign_in(&self, user: &str, state: &str) -> String {
        let session = self.session(user).await;
        assert_eq!(session["state"], json!(state), "{session}");
        text(&session["token"])
    }

    /// Sets another authenticator app up; gives its key and the id of the method.
    pub(crate) async fn add_oath(&self, token: &str) -> Oath {
        let body = json!({ "method": "softwareOath" });
        let begun = self.post("/v1/enrollments", token, body).await.expect(201);
        let key = oath_key(&begun["activation"]["manual"]["secret"]);
        let id = text(&begun["id"]);
        let code = self.oath_code(&key, 0).await;
        let path = format!("/v1/enrollments/{id}/verification");
        let done = self.post(&path, token, json!({ "code": code })).await;
        let done = done.expect(200);
        assert_eq!(
            (&done["state"], &done["page"]),
            (&json!("verified"), &json!("success"))
        );
        Oath {
            key,
            method_id: text(&done["methodId"]),
        }
    }

    /// Computes what an authenticator shows, `drift` steps from now.
    pub(crate) async fn oath_code(&self, key: &Totp, drift: i64) -> String {
        let clock = self
            .control("GET", "/tenants/acme/clock", Value::Null)
            .await;
        let now: Timestamp = text(&clock.expect(200)["now"]).parse().unwrap();
        let at = now + jiff::SignedDuration::from_secs(30 * drift);
        let time = u64::try_from(at.as_second()).unwrap();
        key.generate(time).to_string()
    }

    /// Registers security questions.
    pub(crate) async fn add_questions(&self, token: &str) {
        let body = json!({ "method": "securityQuestions" });
        let begun = self.post("/v1/enrollments", token, body).await.expect(201);
        let path = format!("/v1/enrollments/{}/verification", text(&begun["id"]));
        let done = self.post(&path, token, right_answers()).await.expect(200);
        assert_eq!(done["state"], json!("verified"));
    }

    /// Passes a second step with an authenticator's code, in a step that is not spent.
    pub(crate) async fn pass_second_step(&self, token: &str, oath: &Oath) -> Value {
        self.advance(30).await;
        let body = json!({ "method": "softwareOath" });
        let begun = self.post("/v1/challenges", token, body).await.expect(201);
        let code = self.oath_code(&oath.key, 0).await;
        let path = format!("/v1/challenges/{}/verification", text(&begun["id"]));
        self.post(&path, token, json!({ "code": code }))
            .await
            .expect(200)
    }

    /// Lists the activities of the audit trail.
    pub(crate) async fn activities(&self) -> Vec<String> {
        let path = "/tenants/acme/auditEvents";
        let trail = self.control("GET", path, Value::Null).await.expect(200);
        let events = trail["value"].as_array().unwrap();
        events
            .iter()
            .map(|event| text(&event["activity"]))
            .collect()
    }
}

/// Another authenticator app that was set up.
#[derive(Debug)]
pub(crate) struct Oath {
    pub(crate) key: Totp,
    pub(crate) method_id: String,
}

/// Reads the key that an authenticator got.
pub(crate) fn oath_key(secret: &Value) -> Totp {
    let bytes = data_encoding::BASE32_NOPAD
        .decode(text(secret).as_bytes())
        .unwrap();
    let bytes: [u8; 20] = bytes.try_into().unwrap();
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_step_duration(30)
        .with_skew(0)
        .with_secret(totp_rs::Secret::new_stack(bytes))
        .build()
        .unwrap()
}

#[track_caller]
pub(crate) fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("not a text: {value}"))
        .to_owned()
}

/// The questions of every policy with questions.
pub(crate) fn questions() -> Value {
    json!([
        "First pet?",
        "First street?",
        "First concert?",
        "First job?"
    ])
}

/// The answers that everybody gives.
pub(crate) fn right_answers() -> Value {
    json!({ "answers": [
        { "question": "First pet?", "answer": "Straße" },
        { "question": "First street?", "answer": "Elm Street" },
        { "question": "First concert?", "answer": "МОСКВА" },
    ] })
}

/// A provider of every channel: it keeps what it gets and answers as it is told.
#[derive(Debug, Clone)]
pub(crate) struct Provider {
    url: String,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug)]
struct Shared {
    status: StatusCode,
    got: Vec<Value>,
}

impl Provider {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Mutex::new(Shared {
            status: StatusCode::ACCEPTED,
            got: Vec::new(),
        }));
        let app = Router::new().fallback(keep).with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, shared }
    }

    /// Returns where it is.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The gateways of a tenant that has this provider for every channel.
    pub(crate) fn gateways(&self) -> Value {
        json!({
            "sms": { "url": self.url, "form": "json" },
            "voice": { "url": self.url, "form": "json" },
            "email": { "url": self.url, "form": "mailSend" },
            "push": { "url": self.url, "form": "json" },
        })
    }

    /// Answers with this status from now on.
    pub(crate) fn answer(&self, status: u16) {
        self.shared.lock().unwrap().status = StatusCode::from_u16(status).unwrap();
    }

    /// Counts what came.
    pub(crate) fn count(&self) -> usize {
        self.shared.lock().unwrap().got.len()
    }

    /// Returns what came last.
    pub(crate) fn last(&self) -> Value {
        self.shared.lock().unwrap().got.last().cloned().unwrap()
    }

    /// Finds the code in what came last.
    pub(crate) fn code(&self) -> String {
        let message = self.last().to_string();
        let code = regex::Regex::new(r"\b[0-9]{6}\b").unwrap();
        code.find(&message).unwrap().as_str().to_owned()
    }
}

async fn keep(State(shared): State<Arc<Mutex<Shared>>>, request: Request) -> Response {
    let bytes = to_bytes(request.into_body(), usize::MAX).await.unwrap();
    let message = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    let mut shared = shared.lock().unwrap();
    shared.got.push(message);
    shared.status.into_response()
}

/// Finds another code of the same length.
pub(crate) fn another(code: &str) -> String {
    let number: u32 = code.parse().unwrap();
    format!("{:06}", (number + 1) % 1_000_000)
}

/// A Dutch mobile number, and one of a fixed line.
pub(crate) fn mobile() -> Value {
    json!({ "region": "NL", "number": "06 12345678" })
}

pub(crate) fn landline() -> Value {
    json!({ "region": "NL", "number": "020 123 4567" })
}
