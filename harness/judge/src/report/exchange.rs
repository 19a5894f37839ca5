//! How an exchange is told: as `request>` and `response<` lines, as a curl line, and in the JSON report.

use std::fmt::Write as _;

use proofup_binding::exchange::Exchange;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Headers that say something about the connection or the hour, and nothing about the target.
const VOLATILE: [&str; 5] = ["host", "date", "content-length", "connection", "user-agent"];

/// What stands for the target's address in a report, where a port would differ from run to run.
const TARGET: &str = "http://target.invalid";

/// An exchange in a form that is equal between equal runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ToldExchange {
    /// The operation of the target file.
    pub operation: String,
    /// The request's method.
    pub method: String,
    /// The request's path and query.
    pub path: String,
    /// The request's headers, in order, but for those about the connection.
    pub request_headers: Vec<Header>,
    /// The request's body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_body: Option<String>,
    /// The status that came back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The response's headers, in order, but for those about the connection.
    pub response_headers: Vec<Header>,
    /// The response's body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_body: Option<String>,
    /// Why nothing came back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// The request as a curl line; `http://target.invalid` stands for where the target is.
    pub curl: String,
}

/// One header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Header {
    /// Its name.
    pub name: String,
    /// Its value, masked where it is secret.
    pub value: String,
}

impl From<&Exchange> for ToldExchange {
    fn from(exchange: &Exchange) -> Self {
        let path = path_of(&exchange.url).to_owned();
        let mut stable = exchange.clone();
        stable.url = format!("{TARGET}{path}");
        stable
            .request_headers
            .retain(|(name, _)| !is_volatile(name));
        Self {
            operation: exchange.operation.clone(),
            method: exchange.method.clone(),
            path,
            request_headers: headers(&exchange.request_headers),
            request_body: exchange.request_body.clone(),
            status: exchange.status,
            response_headers: headers(&exchange.response_headers),
            response_body: exchange.response_body.clone(),
            failure: exchange.failure.clone(),
            curl: stable.curl(),
        }
    }
}

/// Returns an exchange as `request>` and `response<` lines.
#[must_use]
pub fn lines(exchange: &Exchange) -> String {
    let mut text = String::new();
    let mut line = |mark: &str, rest: &str| {
        let _ = writeln!(text, "{mark} {rest}");
    };
    line("request>", &format!("{} {}", exchange.method, exchange.url));
    for header in headers(&exchange.request_headers) {
        line("request>", &format!("{}: {}", header.name, header.value));
    }
    exchange
        .request_body
        .iter()
        .flat_map(|body| body.lines())
        .for_each(|body| line("request>", body));
    if let Some(status) = exchange.status {
        line("response<", &status.to_string());
    }
    for header in headers(&exchange.response_headers) {
        line("response<", &format!("{}: {}", header.name, header.value));
    }
    exchange
        .response_body
        .iter()
        .flat_map(|body| body.lines())
        .for_each(|body| line("response<", body));
    if let Some(failure) = &exchange.failure {
        line("response<", &format!("nothing: {failure}"));
    }
    text
}

fn headers(headers: &[(String, String)]) -> Vec<Header> {
    let told = headers.iter().filter(|(name, _)| !is_volatile(name));
    told.map(|(name, value)| Header {
        name: name.clone(),
        value: value.clone(),
    })
    .collect()
}

fn is_volatile(name: &str) -> bool {
    VOLATILE
        .iter()
        .any(|volatile| name.eq_ignore_ascii_case(volatile))
}

fn path_of(url: &str) -> &str {
    let Some((_, rest)) = url.split_once("://") else {
        return url;
    };
    rest.find('/').map_or("/", |slash| &rest[slash..])
}
