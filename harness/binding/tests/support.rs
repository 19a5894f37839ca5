//! A target file over a transport that records requests and answers from a script.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use proofup_binding::{CompiledTarget, Transport, TransportError, Variables};
use serde_json::{Value as Json, json};
use tower::util::BoxCloneSyncService;

/// Finds a file of the workspace.
pub(crate) fn workspace(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

/// Compiles one of the targets that ship.
pub(crate) fn shipped(name: &str) -> CompiledTarget {
    let path = format!("fixtures/targets/{name}.toml");
    let text = std::fs::read_to_string(workspace(&path)).expect("the file ships");
    CompiledTarget::compile(&path, &text)
        .unwrap_or_else(|errors| panic!("{:?}", miette::Report::new(errors)))
}

/// Compiles a small file around one `signIn`.
pub(crate) fn with_sign_in(operation: &str) -> CompiledTarget {
    let text = format!(
        "name = \"small\"\nbase = \"http://127.0.0.1:1/app/\"\ncapabilities = {{ discover = \"/c\" }}\n{operation}"
    );
    let environment = |name: &str| (name == "API_KEY").then(|| "key-0123456789".to_owned());
    CompiledTarget::compile_in("small.toml", &text, &environment)
        .unwrap_or_else(|errors| panic!("{:?}", miette::Report::new(errors)))
}

pub(crate) type Sent = Arc<Mutex<Vec<Request<Bytes>>>>;

/// Makes a transport that answers every request alike and keeps what was sent.
pub(crate) fn scripted(
    status: u16,
    content_type: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> (Transport, Sent) {
    let sent = Sent::default();
    let seen = sent.clone();
    let mut builder = Response::builder()
        .status(status)
        .header("content-type", content_type);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    let response = builder
        .body(Bytes::from(body.to_owned()))
        .expect("the response is well formed");
    let service = tower::service_fn(move |request: Request<Bytes>| {
        seen.lock()
            .expect("no test panics while it holds the lock")
            .push(request);
        let response = response.clone();
        async move { Ok::<_, TransportError>(response) }
    });
    (BoxCloneSyncService::new(service), sent)
}

/// Makes a transport that answers by a function of the number of the request, from 0, and the request itself.
pub(crate) fn answering(
    answer: impl Fn(usize, &Request<Bytes>) -> Response<String> + Send + Sync + 'static,
) -> (Transport, Sent) {
    let sent = Sent::default();
    let seen = sent.clone();
    let answer = Arc::new(answer);
    let service = tower::service_fn(move |request: Request<Bytes>| {
        let mut seen = seen.lock().expect("no test panics while it holds the lock");
        let response = answer(seen.len(), &request).map(Bytes::from);
        seen.push(request);
        async move { Ok::<_, TransportError>(response) }
    });
    (BoxCloneSyncService::new(service), sent)
}

/// Writes an answer.
pub(crate) fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Response<String> {
    let mut builder = Response::builder().status(status);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder
        .body(body.to_owned())
        .expect("the response is well formed")
}

/// Tells what was sent: method, path and body.
pub(crate) fn told(sent: &Sent) -> Vec<String> {
    let sent = sent.lock().expect("no test panics while it holds the lock");
    let line = |request: &Request<Bytes>| {
        let path = request
            .uri()
            .path_and_query()
            .map_or("", |path| path.as_str());
        let body = String::from_utf8_lossy(request.body());
        format!("{} {path} {body}", request.method())
            .trim_end()
            .to_owned()
    };
    sent.iter().map(line).collect()
}

/// Gives the body of the newest request.
pub(crate) fn newest_body(sent: &Sent) -> Json {
    let sent = sent.lock().expect("no test panics while it holds the lock");
    let request = sent.last().expect("something was sent");
    serde_json::from_slice(request.body()).expect("the body is JSON")
}

/// Offers plain values.
pub(crate) fn offer(values: &Json) -> Variables {
    let values = values.as_object().expect("a test offers an object");
    values
        .iter()
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// Writes a problem document of the contract.
pub(crate) fn problem(status: u16, code: &str) -> Json {
    json!({"type": format!("urn:proofup:problem:{code}"), "title": code, "status": status, "code": code})
}
