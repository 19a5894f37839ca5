//! Ways: which requests an operation takes, what stands in their place, and what it may not be without.

use proofup_binding::{CompiledTarget, Operation, Reply, TransportError};
use proofup_domain::answer::Answer;
use proofup_domain::refusal::Refusal;
use serde_json::{Value as Json, json};

use crate::support::{answer, answering, offer, scripted, told, with_sign_in, workspace};

const WAYS: &str = r#"
words.method = { mobilePhone = "sms" }
[operations.beginEnrollment]
answers = [{ status = "2xx", answer = { method = "$.method" } }]
refusals = [{ status = 400, refused = "invalidInput" }]
keep = { enrollment = "$.id" }
[[operations.beginEnrollment.ways]]
when = { method = "mobilePhone", kind = ["textMessage"] }
request = { method = "POST", path = "/phones/{method}", body = { number = "{number}" } }
[[operations.beginEnrollment.ways]]
when = { method = "email", addressIs = "own" }
request = { method = "POST", path = "/own-mail" }
refusals = [{ status = 400, refused = "methodNotAvailable" }]
[[operations.beginEnrollment.ways]]
when = { method = "email" }
assumed = { state = "verified", method = "email" }
"#;

async fn begin(
    target: &CompiledTarget,
    variables: &Json,
    status: u16,
) -> (Result<Reply, TransportError>, Vec<String>) {
    let body = r#"{"id": 7, "method": "sms"}"#;
    let (transport, sent) = scripted(status, "application/json", &[], body);
    let reply = target
        .call(
            &transport,
            Operation::BeginEnrollment,
            &offer(variables),
            None,
        )
        .await;
    (reply.map_err(|failure| failure.error), told(&sent))
}

#[tokio::test]
async fn the_first_way_that_fits_is_taken() {
    let target = with_sign_in(WAYS);
    let phone = json!({"method": "mobilePhone", "kind": "textMessage", "number": "06"});
    let (reply, sent) = begin(&target, &phone, 201).await;
    assert_eq!(sent, [r#"POST /app/phones/sms {"number":"06"}"#]);
    let reply = reply.expect("an answer");
    assert!(
        matches!(&reply.answered, Answer::Success(fields) if fields["method"] == "mobilePhone")
    );
    assert!(reply.kept.contains_key("enrollment"));
    let own = json!({"method": "email", "addressIs": "own"});
    let (reply, sent) = begin(&target, &own, 400).await;
    assert_eq!(sent, ["POST /app/own-mail"]);
    let refused = |reply: Reply| match reply.answered {
        Answer::Refused { reason, .. } => reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(reply.map(refused), Ok(Refusal::MethodNotAvailable));
    let (reply, _) = begin(&target, &phone, 400).await;
    assert_eq!(reply.map(refused), Ok(Refusal::InvalidInput));
}

#[tokio::test]
async fn what_is_assumed_is_not_asked() {
    let target = with_sign_in(WAYS);
    let (reply, sent) = begin(
        &target,
        &json!({"method": "email", "addressIs": "second"}),
        500,
    )
    .await;
    let reply = reply.expect("an answer");
    assert!(sent.is_empty() && reply.assumed);
    let fields = json!({"state": "verified", "method": "email"});
    assert_eq!(
        Json::Object(match reply.answered {
            Answer::Success(fields) => fields,
            other => panic!("{other:?}"),
        }),
        fields
    );
}

#[tokio::test]
async fn where_no_way_fits_nothing_is_sent_and_the_file_is_named() {
    let target = with_sign_in(WAYS);
    for (variables, misfit) in [
        (
            json!({"method": "officePhone"}),
            "no kind, method = officePhone, no addressIs",
        ),
        (
            json!({"method": "mobilePhone", "kind": "voiceCall"}),
            "kind = voiceCall, method = mobilePhone, no addressIs",
        ),
        (json!({}), "no kind, no method, no addressIs"),
    ] {
        let (reply, sent) = begin(&target, &variables, 200).await;
        let error = reply.expect_err("no way fits");
        assert!(error.is_of_the_file() && sent.is_empty());
        assert_eq!(
            error.to_string(),
            format!("the target file has no way for beginEnrollment with {misfit}")
        );
        assert!(
            target
                .fits(Operation::BeginEnrollment, &offer(&variables))
                .is_err()
        );
    }
}

#[tokio::test]
async fn requests_keep_for_each_other_and_go_on_where_the_file_says() {
    let target = with_sign_in(
        r#"
[operations.signIn]
requests = [
    { method = "GET", path = "/start", keep = { stateToken = "regex:state=([a-z0-9]+)" } },
    { method = "POST", path = "/password/{stateToken}", form = { p = "{password}" }, goOn = [401], keep = { stepUp = { from = ["$.no", "$.next"], open = true } } },
    { method = "POST", path = "/next/{stepUp}", headers = { x-maybe = "{tenantId?}" }, text = "{userPrincipalName}" },
]
answers = [{ status = 401, answer = { state = { value = "secondStepRequired" } } }]
[operations.readSession]
request = { method = "GET", path = "/s/{stateToken}" }
answers = [{ status = 200 }]
"#,
    );
    let (transport, sent) = answering(|number, _| match number {
        0 => answer(200, &[], "<a href='?state=st4te12345'>"),
        _ => answer(401, &[], r#"{"next": "n1"}"#),
    });
    let variables = offer(&json!({"userPrincipalName": "a b", "password": "p&q"}));
    let reply = target
        .call(&transport, Operation::SignIn, &variables, None)
        .await
        .expect("an answer");
    assert_eq!(
        told(&sent),
        [
            "GET /app/start",
            "POST /app/password/st4te12345 p=p%26q",
            "POST /app/next/n1 a b"
        ]
    );
    assert!(
        matches!(&reply.answered, Answer::Success(_)),
        "{:?}",
        reply.answered
    );
    assert_eq!(reply.kept["stepUp"].reveal(), json!("n1"));
    // A name of the file's own is a secret unless the file says otherwise.
    let shown = format!("{:?}{:?}", reply.earlier, reply.exchange);
    assert!(
        !shown.contains("st4te12345") && shown.contains("/next/n1"),
        "{shown}"
    );
    assert!(target.keeps_for_later("stateToken") && !target.keeps_for_later("methodId"));
    let missing = target
        .call(&transport, Operation::ReadSession, &offer(&json!({})), None)
        .await
        .expect_err("nothing was kept");
    assert!(missing.error.is_of_the_file(), "{missing}");
}

#[tokio::test]
async fn a_refusal_still_tells_what_goes_on() {
    let target = with_sign_in(
        r#"
[operations.submitCode]
request = { method = "POST", path = "/c", body = { state = "{stateToken?}", code = "{code}" } }
answers = [{ status = 200 }]
keep = { stateToken = "$.state", methodId = "$.id" }
[[refusals]]
status = 400
refused = "wrongCode"
"#,
    );
    let (transport, _) = scripted(
        400,
        "application/json",
        &[],
        r#"{"state": "s-22222222", "id": 4}"#,
    );
    let reply = target
        .call(
            &transport,
            Operation::SubmitCode,
            &offer(&json!({"code": "1"})),
            None,
        )
        .await
        .expect("an answer");
    assert!(reply.kept.is_empty());
    assert_eq!(reply.renewed.keys().collect::<Vec<_>>(), ["stateToken"]);
}

#[tokio::test]
async fn a_command_stands_in_for_requests() {
    let folder = workspace("harness/binding/tests");
    let text = r#"
name = "commands"
base = "http://127.0.0.1:1"
capabilities = { discover = "/c" }
[operations.createUser]
command = """read -r line; test -f ways.rs || exit 3; case $line in *alice*) printf '{"id": "u-1", "got": %s}' "$line";; *) echo "unknown hunter2222" >&2; exit 4;; esac"""
answers = [{ status = 200 }]
keep = { userId = { from = "$.id", open = true } }
[operations.deleteUser]
request = { method = "DELETE", path = "/u/{userId}" }
answers = [{ status = 204 }]
[[refusals]]
status = 500
refused = "invalidInput"
"#;
    let path = folder.join("commands.toml");
    let target = CompiledTarget::compile_in(&path.display().to_string(), text, &|_| None)
        .unwrap_or_else(|errors| panic!("{:?}", miette::Report::new(errors)));
    let (transport, sent) = scripted(500, "text/plain", &[], "");
    let mut variables = offer(&json!({"userPrincipalName": "alice@example.com"}));
    variables.insert(
        "password",
        proofup_domain::secret::Secret::new("hunter2222"),
    );
    let made = target
        .call(&transport, Operation::CreateUser, &variables, None)
        .await
        .expect("the command runs");
    assert!(
        matches!(made.answered, Answer::Success(_)),
        "{:?}",
        made.exchange
    );
    assert_eq!(made.kept["userId"].reveal(), json!("u-1"));
    let shown = format!("{:?} {}", made.exchange, made.exchange.curl());
    assert!(
        shown.contains("alice@example.com") && !shown.contains("hunter2222"),
        "{shown}"
    );
    variables.insert("userPrincipalName", "bob@example.com");
    let refused = target
        .call(&transport, Operation::CreateUser, &variables, None)
        .await
        .expect("the command runs");
    assert!(
        matches!(refused.answered, Answer::Refused { .. }),
        "{:?}",
        refused.exchange
    );
    let complaint = refused.exchange.failure.clone().expect("it complains");
    assert!(
        complaint.contains('4') && complaint.contains("unknown ***"),
        "{complaint}"
    );
    assert!(told(&sent).is_empty());
}
