//! What HTTP gateways get, and on which connections.

use proofup_reference::delivery::{Courier, Outgoing};
use serde_json::{Value, json};

use super::http_provider::{Behaviour, Provider, Request};
use super::{AMPLE_MS, call, config, mail, push, text};

async fn delivered(channel: &str, form: &str, message: Outgoing) -> Request {
    let provider = Provider::start(Behaviour::Answer(201)).await;
    let gateways = json!({ channel: { "url": provider.url, "form": form } });
    let result = Courier::new(1)
        .deliver(&config(gateways, AMPLE_MS), message)
        .await;
    assert_eq!(result, Ok(()));
    let request = provider.request();
    let host = provider.url.strip_prefix("http://");
    assert_eq!(request.header("host"), host);
    request
}

fn field<'a>(form: &'a [(String, String)], name: &str) -> &'a str {
    let found = form.iter().find(|(key, _)| key == name);
    found.map_or("", |(_, value)| value.as_str())
}

#[tokio::test]
async fn a_text_in_plain_json() {
    let request = delivered("sms", "json", text()).await;
    assert_eq!(request.line, "POST / HTTP/1.1");
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(
        request.json(),
        json!({
            "to": "+31612345678",
            "from": "Contoso",
            "text": "Use verification code 042137 for Contoso authentication.",
        })
    );
}

#[tokio::test]
async fn a_text_in_the_messages_form() {
    let request = delivered("sms", "messages", text()).await;
    let account = "AC00000000000000000000000000000000";
    assert_eq!(
        request.line,
        format!("POST /2010-04-01/Accounts/{account}/Messages.json HTTP/1.1")
    );
    let content_type = request.header("content-type");
    assert_eq!(content_type, Some("application/x-www-form-urlencoded"));
    let authorization = request.header("authorization").unwrap_or_default();
    assert!(authorization.starts_with("Basic QUMw"), "{authorization}");
    let form = request.form();
    assert_eq!(field(&form, "To"), "+31612345678");
    assert!(field(&form, "From").starts_with('+'));
    assert!(field(&form, "Body").contains(" 042137 "));
}

#[tokio::test]
async fn a_call_in_plain_json() {
    let request = delivered("voice", "json", call()).await;
    let body = request.json();
    let text = body["text"].as_str().unwrap_or_default();
    assert!(text.contains("press the pound key, #"), "{text}");
    assert!(text.contains("Contoso & <Sons>"), "{text}");
    let expected = json!({
        "callId": "c0ffee",
        "to": "+31612345678",
        "text": text,
        "digitsUrl": "http://127.0.0.1:9000/v1/calls/c0ffee/digits",
        "statusUrl": "http://127.0.0.1:9000/v1/calls/c0ffee/status",
        "secret": "a-b_c+d",
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn a_call_in_the_calls_form() {
    let request = delivered("voice", "calls", call()).await;
    assert!(
        request.line.ends_with("/Calls.json HTTP/1.1"),
        "{}",
        request.line
    );
    let form = request.form();
    assert_eq!(field(&form, "To"), "+31612345678");
    assert_eq!(
        field(&form, "StatusCallback"),
        "http://127.0.0.1:9000/v1/calls/c0ffee/status?secret=a-b_c%2Bd"
    );
    let twiml = field(&form, "Twiml");
    assert!(
        twiml.contains(
            "<Response><Gather numDigits=\"1\" finishOnKey=\"\" method=\"POST\" \
             action=\"http://127.0.0.1:9000/v1/calls/c0ffee/digits?secret=a-b_c%2Bd\"><Say>"
        ),
        "{twiml}"
    );
    assert!(twiml.contains("Contoso &amp; &lt;Sons&gt;"), "{twiml}");
    assert!(twiml.contains('#'), "{twiml}");
    assert!(twiml.ends_with("</Say></Gather></Response>"), "{twiml}");
}

#[tokio::test]
async fn a_mail_in_the_mail_send_form() {
    let message = mail("Alice@Bücher.example", "Contoso");
    let request = delivered("email", "mailSend", message).await;
    assert_eq!(request.line, "POST /v3/mail/send HTTP/1.1");
    assert_eq!(request.header("authorization"), Some("Bearer proofup"));
    let body = request.json();
    assert_eq!(
        body["personalizations"],
        json!([{ "to": [{ "email": "Alice@Bücher.example" }] }])
    );
    assert_eq!(body["from"]["name"], "proofup on behalf of Contoso");
    let subject = body["subject"].as_str().unwrap_or_default();
    assert!(subject.contains("Contoso"), "{subject}");
    let types: Vec<_> = body["content"].as_array().into_iter().flatten().collect();
    assert_eq!(types.len(), 2);
    for (part, kind) in types.iter().zip(["text/plain", "text/html"]) {
        assert_eq!(part["type"], kind);
        assert!(
            part["value"]
                .as_str()
                .is_some_and(|value| value.contains("042137"))
        );
    }
}

#[tokio::test]
async fn a_notification_in_plain_json() {
    let body = delivered("push", "json", push()).await.json();
    let shown = |name: &str| body[name].as_str().is_some_and(|text| !text.is_empty());
    assert!(shown("title") && shown("body"));
    let ids: Vec<&Value> = ["token", "notificationId", "deviceId"]
        .map(|id| &body[id])
        .into();
    assert_eq!(ids, ["push-token", "n1", "d1"]);
    assert!(
        !body.to_string().contains("042137"),
        "a notification tells no code"
    );
}

#[tokio::test]
async fn a_notification_in_the_messages_send_form() {
    let request = delivered("push", "messagesSend", push()).await;
    assert_eq!(
        request.line,
        "POST /v1/projects/proofup/messages:send HTTP/1.1"
    );
    let body = request.json();
    assert_eq!(body["message"]["token"], "push-token");
    assert_eq!(
        body["message"]["data"],
        json!({ "notificationId": "n1", "deviceId": "d1" })
    );
    assert!(body["message"]["notification"]["title"].is_string());
}

#[tokio::test]
async fn a_path_in_the_address_comes_first() {
    let provider = Provider::start(Behaviour::Answer(200)).await;
    let url = format!("{}/mock/", provider.url);
    let gateways = json!({ "push": { "url": url, "form": "messagesSend" } });
    let result = Courier::new(1)
        .deliver(&config(gateways, AMPLE_MS), push())
        .await;
    assert_eq!(result, Ok(()));
    let line = provider.request().line;
    assert_eq!(
        line,
        "POST /mock/v1/projects/proofup/messages:send HTTP/1.1"
    );
}

/// Delivers three texts one after the other; tells on which connections they came.
async fn connections_of_three(behaviour: Behaviour) -> Vec<usize> {
    let mut provider = Provider::start(behaviour).await;
    let gateways = json!({ "sms": { "url": provider.url, "form": "json" } });
    let (config, courier) = (config(gateways, AMPLE_MS), Courier::new(1));
    for delivered in 1..=3 {
        assert_eq!(courier.clone().deliver(&config, text()).await, Ok(()));
        if matches!(behaviour, Behaviour::AnswerAndClose) {
            provider.closed(delivered).await;
        }
    }
    let requests = provider.requests();
    requests.iter().map(|request| request.connection).collect()
}

#[tokio::test]
async fn a_connection_is_used_again() {
    assert_eq!(
        connections_of_three(Behaviour::Answer(201)).await,
        [0, 0, 0]
    );
    assert_eq!(
        connections_of_three(Behaviour::Body(60_000)).await,
        [0, 0, 0]
    );
}

#[tokio::test]
async fn a_connection_that_the_gateway_closed_is_replaced() {
    let connections = connections_of_three(Behaviour::AnswerAndClose).await;
    assert_eq!(connections, [0, 1, 2]);
}

#[tokio::test]
async fn a_connection_with_an_overlong_answer_is_given_up() {
    assert_eq!(
        connections_of_three(Behaviour::Body(1_000_000)).await,
        [0, 1, 2]
    );
}

#[test]
fn each_runtime_has_connections_of_its_own() {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime starts")
    };
    let (host, one, other) = (runtime(), runtime(), runtime());
    // The provider's runtime is driven throughout, from a thread of its own.
    let provider = host.block_on(Provider::start(Behaviour::Answer(200)));
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let driver = std::thread::spawn(move || host.block_on(stopped));
    let gateways = json!({ "sms": { "url": provider.url, "form": "json" } });
    let (config, courier) = (config(gateways, AMPLE_MS), Courier::new(1));
    for runtime in [&one, &other, &one] {
        assert_eq!(runtime.block_on(courier.deliver(&config, text())), Ok(()));
    }
    let requests = provider.requests();
    let connections: Vec<_> = requests.iter().map(|request| request.connection).collect();
    assert_eq!(connections, [0, 1, 0]);
    drop(stop);
    assert!(driver.join().is_ok());
}
