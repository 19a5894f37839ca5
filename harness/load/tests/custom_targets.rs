//! Targets that make no tenants: users one by one or from the file, a policy of their own, gateways at fixed addresses.

use std::net::SocketAddr;
use std::sync::Arc;

use proofup_binding::{CompiledTarget, Operation, TransportOptions, Variables, loopback_transport};
use proofup_domain::answer::Answer;
use proofup_domain::fault::FaultName;
use proofup_domain::secret::Secret;
use proofup_load::figures::End;
use proofup_load::flow::FlowName;
use proofup_load::plan::LoadPlan;
use proofup_load::report::LoadVerdict;
use proofup_load::{LoadConfig, LoadError, Shard, run};
use proofup_world::session::TargetSession;
use proofup_world::surroundings::gateway_options;
use serde_json::{Value as Json, json};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::port::HeldPort;
use crate::product::{Setup, TARGET, serve};
use crate::support::{REFERENCE, Served, TOKEN, plan, ran, report, running};

/// The tiny product, on a thread of its own.
struct Tiny {
    address: SocketAddr,
    gateways: HeldPort,
    stop: CancellationToken,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Tiny {
    fn start(takes_any_code: bool) -> Self {
        let gateways = HeldPort::take();
        let setup = Setup {
            sms_url: format!("http://127.0.0.1:{}/sms", gateways.number()),
            takes_any_code,
            ..Setup::default()
        };
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let (told, address) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            block_on(async move {
                let address = serve(setup, ([127, 0, 0, 1], 0).into()).await;
                told.send(address).expect("the test waits for it");
                stopped.cancelled().await;
            });
        });
        Self {
            address: address.recv().expect("the product starts"),
            gateways,
            stop,
            thread: Some(thread),
        }
    }

    /// Makes the configuration of a run, with the target file changed.
    fn config(&self, plan: LoadPlan, change: impl Fn(String) -> String) -> LoadConfig {
        let more = format!(
            "[gateways]\nhttp = {}\n\n\
             [operations.deleteMethod]\n\
             request = {{ method = \"DELETE\", path = \"/phones\", headers = {{ authorization = \"Bearer {{session}}\" }} }}\n\
             answers = [{{ status = 200 }}]\n",
            self.gateways.number()
        );
        let text = TARGET
            .replace("{base}", &format!("http://{}", self.address))
            .replace("{more}", &more);
        configured(plan, &change(text))
    }

    fn users(&self) -> Json {
        let base = Url::parse(&format!("http://{}", self.address)).expect("a URL");
        let request = http::Request::get(format!("{base}users")).body(bytes::Bytes::new());
        let answer = block_on(async {
            let transport = loopback_transport(&base, TransportOptions::default());
            let request = request.expect("a request");
            tower::ServiceExt::oneshot(transport, request).await
        });
        let body = answer.expect("it answers").into_body();
        serde_json::from_slice(&body).expect("it is JSON")
    }
}

impl Drop for Tiny {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(work)
}

/// Makes the configuration of a run against the target of a file.
fn configured(plan: LoadPlan, text: &str) -> LoadConfig {
    let target = CompiledTarget::compile("custom.toml", text)
        .unwrap_or_else(|errors| panic!("{:?}", errors.problems()));
    let base = target.base_url().cloned().expect("the file names one");
    let gateways = target.surroundings_plan().gateways.as_ref();
    let gateways = gateway_options(gateways.expect("they stand in the file"));
    let options = TransportOptions {
        timeout: plan.timeout,
        ..TransportOptions::default()
    };
    let direct = target.direct(options);
    LoadConfig {
        session: TargetSession {
            instance: None,
            target: Arc::new(target),
            transport: loopback_transport(&base, options),
            callback_base: base.as_str().trim_end_matches('/').to_owned(),
            control_token: Some(Secret::new(TOKEN)),
            clock: running(),
            surroundings: Arc::default(),
            seed: plan.seed,
        },
        plan,
        shard: Shard::WHOLE,
        gateways,
        direct,
        network: None,
        connect: Arc::new(move || loopback_transport(&base, options)),
        watched: None,
    }
}

fn refused(config: &LoadConfig) -> LoadError {
    let stop = CancellationToken::new();
    run(config, &mut |_| {}, &stop).expect_err("it cannot be played")
}

/// As many accounts as flows, because the product's clock cannot be moved: nobody has rested in so short a time.
const TEXTS: &str = r#"
accounts = 30
arrivals = { users = 6 }
stop = { flows = 30 }
probes = { wrongCode = "30%", reusedCode = "0%" }
mix = { enrollText = 1 }
"#;

#[test]
fn users_are_made_one_by_one_and_deleted_again() {
    let tiny = Tiny::start(false);
    let config = tiny.config(plan(TEXTS), |text| text);
    let output = ran(&config);
    let report = report(&config, &output);
    assert_eq!(output.figures.examples, []);
    assert_eq!((report.arrivals.planned, report.arrivals.correct), (30, 30));
    assert!(report.arrivals.wrong_codes_refused > 0);
    assert_eq!((output.accounts, output.retired, output.strays), (30, 0, 0));
    assert_eq!(report.verdict, LoadVerdict::Passed, "{:?}", report.reasons);
    assert_eq!(tiny.users(), json!({ "users": 0 }));
    // Users that were not deleted would be refused the second time.
    assert_eq!(ran(&config).figures.counts().correct, 30);
}

#[test]
fn a_custom_target_that_takes_any_code_fails() {
    let tiny = Tiny::start(true);
    let config = tiny.config(plan(TEXTS), |text| text);
    let output = ran(&config);
    let report = report(&config, &output);
    assert_eq!(report.verdict, LoadVerdict::Nonconforming);
    assert!(report.arrivals.wrong > 0);
    let mut examples = output.figures.examples.iter();
    let wrong = |one: &&_| {
        let one: &proofup_load::figures::Example = one;
        one.end == End::Wrong && one.step == "wrongCode"
    };
    let exchange = examples.find(wrong).and_then(|one| one.exchange.as_ref());
    let body = exchange.and_then(|exchange| exchange.request_body.as_deref());
    assert!(body.is_some_and(|body| body.contains("***")), "{body:?}");
}

#[test]
fn what_the_file_keeps_of_a_user_is_named_later() {
    let tiny = Tiny::start(false);
    // The product's own name for a user, and for a session, are what the later operations name.
    let config =
        tiny.config(plan(TEXTS), |text| {
            text.replace(
            "answers = [{ status = 201 }]",
            "answers = [{ status = 201 }]\nkeep = { login = { from = \"$.email\", open = true } }",
        )
        .replace("/users/{userPrincipalName}", "/users/{login}")
        .replace("keep = { session = \"$.token\" }", "keep = { token = \"$.token\" }")
        .replace("Bearer {session}", "Bearer {token}")
        });
    let output = ran(&config);
    assert_eq!(output.figures.examples, []);
    assert_eq!(output.figures.counts().correct, 30);
    assert_eq!(tiny.users(), json!({ "users": 0 }));
}

#[test]
fn a_flow_that_the_policy_forbids_is_told_before_anybody_is_made() {
    let tiny = Tiny::start(false);
    let config = tiny.config(plan(TEXTS), |text| {
        text.replace("[\"mobilePhone\"]\n\n[cap", "[\"email\"]\n\n[cap")
    });
    let error = refused(&config);
    let LoadError::NotUnderPolicy(why) = &error else {
        panic!("{error}");
    };
    assert_eq!(why.flow, FlowName::EnrollText);
    let fields: Vec<&str> = why.fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(fields, ["reset.methods"]);
    // The product has no e-mail, so its file cannot allow it either.
    assert_eq!(why.fields[0].held, json!([]));
    assert_eq!(why.allowed, [FlowName::SignIn]);
    let text = error.to_string();
    for told in [
        "`enrollText`",
        "methodNotAvailable",
        "`reset.methods` is []",
        "the policy allows signIn",
    ] {
        assert!(text.contains(told), "{text}");
    }
    assert_eq!(tiny.users(), json!({ "users": 0 }));
}

#[test]
fn an_operation_that_is_not_bound_is_told() {
    let tiny = Tiny::start(false);
    let reset = TEXTS.replace("enrollText", "resetPassword");
    let error = refused(&tiny.config(plan(&reset), |text| text));
    assert!(
        matches!(
            error,
            LoadError::NotBound {
                flow: FlowName::ResetPassword,
                operation: Operation::BeginReset
            }
        ),
        "{error}"
    );
}

#[test]
fn what_was_made_is_deleted_where_the_preparation_fails() {
    let tiny = Tiny::start(false);
    // The first of two flows is prepared; the users of the second are the same people, whom the product has already.
    let config = tiny.config(plan(TEXTS), |text| {
        text.replace("email = \"{userPrincipalName}\", password = \"{password}\" } }\nanswers = [{ status = 201 }]",
            "email = \"somebody\", password = \"{password}\" } }\nanswers = [{ status = 201 }]")
            .replace("/users/{userPrincipalName}", "/users/somebody")
    });
    let error = refused(&config);
    assert!(matches!(&error, LoadError::UserNotMade(_)), "{error}");
    assert_eq!(tiny.users(), json!({ "users": 0 }));
}

/// Second steps and resets of users that are there already, under a policy that the file declares.
const STEPS: &str = r#"
pace = 60
accounts = 12
arrivals = { users = 6 }
stop = { flows = 24 }
mix = { secondStepText = 1, secondStepAppCode = 1 }
"#;

const STANDING: &str = r#"
[policy]
twoStep = { kinds = ["textMessage", "appCode"], registrationRequired = true, requiredAtSignIn = true }
choice = { differentMethod = true }
"#;

/// Makes a tenant by hand, which is told that its gateways are at a port, and returns the target file of somebody who knows
/// that tenant alone.
fn lone_tenant(served: &Served, gateways: &HeldPort) -> String {
    let gateways = gateways.number();
    let users: Vec<(String, String)> = (0..12)
        .map(|n| {
            (
                format!("user{n}@lone.example.com"),
                format!("+Password-{n}-of-lone"),
            )
        })
        .collect();
    let reference = CompiledTarget::compile("reference.toml", REFERENCE).expect("it compiles");
    let mut variables = Variables::default();
    let url = |path: &str| json!({ "url": format!("http://127.0.0.1:{gateways}/{path}"), "form": "json" });
    let policy = json!({ "twoStep": { "kinds": ["textMessage", "appCode"], "registrationRequired": true, "requiredAtSignIn": true }, "choice": { "differentMethod": true } });
    let email = json!({ "url": format!("http://127.0.0.1:{gateways}/mail"), "form": "mailSend" });
    variables.insert("tenantId", "lone");
    variables.insert("controlToken", Secret::new(TOKEN));
    variables.insert("displayName", "Lone");
    variables.insert("policy", policy);
    variables.insert("domains", json!(["lone.example.com"]));
    let told: Vec<Json> = users
        .iter()
        .map(|(name, password)| json!({ "userPrincipalName": name, "password": password, "role": "member", "blocked": false }))
        .collect();
    variables.insert("users", Json::from(told));
    variables.insert(
        "gateways",
        json!({ "sms": url("sms"), "voice": url("voice"), "email": email, "push": url("push") }),
    );
    variables.insert("gatewayTimeoutMs", json!(10_000));
    variables.insert("callbackBase", served.base.as_str());
    variables.insert("now", "2026-01-15T09:00:00Z");
    variables.insert("seed", "lone");
    let asked = block_on(async {
        let transport = loopback_transport(&served.base, TransportOptions::default());
        let reference = reference.with_base(served.base.clone());
        reference
            .ask(&transport, Operation::CreateTenant, &variables)
            .await
    });
    let answered = asked.expect("it answers").answered;
    assert!(matches!(answered, Answer::Success(_)), "{answered:?}");
    let (head, rest) = REFERENCE
        .split_once("[operations.createTenant]")
        .expect("it makes tenants");
    let from = rest
        .find("[operations.readClock]")
        .expect("it reads clocks");
    let (before, after) = rest[from..]
        .split_once("[operations.setPolicy]")
        .expect("it sets policies");
    let after = &after[after
        .find("[operations.readAudit]")
        .expect("it reads audits")..];
    let head = head
        .replace("http://127.0.0.1:8080", served.base.as_str())
        .replace("scope = \"tenant\"", "scope = \"process\"");
    let pool: String = users
        .iter()
        .map(|(name, password)| {
            format!("[[users]]\nname = \"{name}\"\nuserPrincipalName = \"{name}\"\npassword = \"{password}\"\n")
        })
        .collect();
    format!("{head}{STANDING}\n[gateways]\nhttp = {gateways}\n\n{pool}\n{before}{after}")
        .replace("{tenantId}", "lone")
}

#[test]
fn users_of_the_file_take_second_steps_under_a_policy_of_the_targets_own() {
    let served = Served::start(None);
    let gateways = HeldPort::take();
    let config = configured(plan(STEPS), &lone_tenant(&served, &gateways));
    let output = ran(&config);
    assert_eq!(output.figures.examples, []);
    let report = report(&config, &output);
    assert_eq!(report.verdict, LoadVerdict::Passed, "{:?}", report.reasons);
    assert_eq!(report.arrivals.correct, 24);
    assert!(report.arrivals.wrong_codes_refused > 0 && report.arrivals.reused_codes_refused > 0);
    assert_eq!((output.accounts, output.retired, output.strays), (12, 0, 0));
}

#[test]
fn a_defect_behind_a_policy_of_the_targets_own_fails_the_run() {
    let served = Served::start(Some(FaultName::CodeAcceptedTwice));
    let gateways = HeldPort::take();
    let config = configured(plan(STEPS), &lone_tenant(&served, &gateways));
    let report = report(&config, &ran(&config));
    assert_eq!(report.verdict, LoadVerdict::Nonconforming);
    assert!(report.arrivals.wrong > 0);
}

#[test]
fn the_oracle_goes_by_the_policy_that_the_file_declares() {
    let served = Served::start(None);
    let gateways = HeldPort::take();
    let text = lone_tenant(&served, &gateways);
    for (from, to, field) in [
        // The apps rank before texts, and nobody may choose.
        (
            "differentMethod = true",
            "differentMethod = false",
            "choice.differentMethod",
        ),
        ("\"textMessage\", ", "", "twoStep.kinds"),
    ] {
        let error = refused(&configured(plan(STEPS), &text.replace(from, to)));
        let LoadError::NotUnderPolicy(why) = &error else {
            panic!("{error}");
        };
        let fields: Vec<&str> = why.fields.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(fields, [field], "{error}");
    }
    // What the file says wrongly is held against the target: nobody else is there to be believed.
    let wrong = text.replace("requiredAtSignIn = true", "requiredAtSignIn = false");
    let error = refused(&configured(plan(STEPS), &wrong)).to_string();
    assert!(
        error.contains("deferral.offered: expected true, got false"),
        "{error}"
    );
    let resets = STEPS.replace(
        "secondStepText = 1, secondStepAppCode = 1",
        "resetPassword = 1",
    );
    let error = refused(&configured(plan(&resets), &lone_tenant(&served, &gateways)));
    let text = error.to_string();
    assert!(
        text.contains("`reset.enabled` is false, but has to be true"),
        "{text}"
    );
    assert!(
        text.contains("the policy allows secondStepText, secondStepAppCode"),
        "{text}"
    );
}
