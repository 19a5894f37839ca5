//! Calls operations: fills the requests, sends them, reads what comes back, masks what is kept of it.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::Request;
use proofup_domain::command::Mangle;
use proofup_domain::secret::Secret;
use tower::ServiceExt;

use super::exchange::Exchange;
use super::mangle::spoil;
use super::mask::{Masker, secret_members, texts};
use super::meaning::{refused, unrecognised};
use super::operation::{Operation, Secrecy};
use super::reply::{Answered, Asked, CallFailure, RawResponse, Reply};
use super::request::RequestTemplate;
use super::transport::{Transport, TransportError};
use super::value::{Value, Variables};
use super::{Binding, CompiledTarget};

impl CompiledTarget {
    /// Calls an operation: sends its requests one after the other and tells what the last answer means.
    ///
    /// An answer of 400 or above ends the sequence and is the one that counts. `mangle` spoils the last request.
    ///
    /// # Errors
    /// If no answer came, or no request could be made of the variables. A refusal is no error, nor is an answer that no
    /// rule matches.
    pub async fn call(
        &self,
        transport: &Transport,
        operation: Operation,
        variables: &Variables,
        mangle: Option<Mangle>,
    ) -> Result<Reply, CallFailure> {
        let mut masker = Masker::default();
        masker.learn(texts(&self.environment_secrets));
        masker.learn(secrets_of(operation, variables).iter().map(String::as_str));
        let Some(binding) = self.operations.get(&operation) else {
            return Err(unsent(operation, TransportError::NotBound(operation)));
        };
        let mut earlier = Vec::new();
        for (index, template) in binding.requests.iter().enumerate() {
            let last = index + 1 == binding.requests.len();
            let mangle = mangle.filter(|_| last);
            let (response, exchange) = self
                .one(transport, operation, template, variables, mangle, &masker)
                .await?;
            let reply = self.read(binding, response, exchange, &mut masker);
            if last || reply.raw.status >= 400 {
                return Ok(Reply { earlier, ..reply });
            }
            earlier.push(reply.exchange);
        }
        Err(unsent(operation, TransportError::NotBound(operation)))
    }

    /// Calls an operation for what its answer means, and nothing else.
    ///
    /// As [`Self::call`], without the exchange: for callers that ask many thousand times, because masking an exchange
    /// takes longer than having it. A word that the implementation made up is masked all the same.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub async fn ask(
        &self,
        transport: &Transport,
        operation: Operation,
        variables: &Variables,
    ) -> Result<Asked, TransportError> {
        let binding = self.operations.get(&operation);
        let binding = binding.ok_or(TransportError::NotBound(operation))?;
        let prefix = self.prefix();
        for (index, template) in binding.requests.iter().enumerate() {
            let request = template.render(operation, &prefix, variables)?;
            let raw = RawResponse::of(transport.clone().oneshot(request).await?);
            if index + 1 < binding.requests.len() && raw.status < 400 {
                continue;
            }
            let body = raw.json();
            let kept = binding.meaning.kept(&raw, body.as_ref());
            let mut answered = binding.meaning.read(&raw, body.as_ref(), &self.refusals);
            if matches!(answered, Answered::Unrecognised { .. }) {
                let mut masker = Masker::default();
                masker.learn(texts(&self.environment_secrets));
                masker.learn(secrets_of(operation, variables).iter().map(String::as_str));
                masker.learn(kept.values().filter_map(secret_of));
                answered = masked(answered, &masker);
            }
            return Ok(Asked { answered, kept });
        }
        Err(TransportError::NotBound(operation))
    }

    /// Sends a request that was made elsewhere, such as what a voice provider calls back, and tells what the answer
    /// means: any 2xx is a success, everything else is read by the file's own refusals.
    ///
    /// # Errors
    /// If no answer came.
    pub async fn callback(
        &self,
        transport: &Transport,
        request: Request<Bytes>,
        secrets: &[Secret],
    ) -> Result<Reply, CallFailure> {
        let mut masker = Masker::default();
        masker.learn(texts(secrets));
        masker.learn(texts(&self.environment_secrets));
        let exchange = Exchange::of_request("callback", &request, false, &masker);
        let (raw, exchange) = send(transport, request, exchange).await?;
        let body = raw.json();
        let answered = if (200..300).contains(&raw.status) {
            Answered::Success(serde_json::Map::new())
        } else {
            refused(&self.refusals, &raw, body.as_ref())
                .unwrap_or_else(|| unrecognised(&raw, body.as_ref()))
        };
        Ok(Reply {
            answered: masked(answered, &masker),
            kept: BTreeMap::new(),
            exchange: exchange.answered(&raw, &masker),
            earlier: Vec::new(),
            raw,
        })
    }

    async fn one(
        &self,
        transport: &Transport,
        operation: Operation,
        template: &RequestTemplate,
        variables: &Variables,
        mangle: Option<Mangle>,
        masker: &Masker,
    ) -> Result<(RawResponse, Exchange), CallFailure> {
        let mut request = template
            .render(operation, &self.prefix(), variables)
            .map_err(|error| unsent(operation, error))?;
        if let Some(mangle) = mangle {
            spoil(&mut request, mangle);
        }
        let cut = mangle == Some(Mangle::TruncatedBody);
        let exchange = Exchange::of_request(operation.as_str(), &request, cut, masker);
        send(transport, request, exchange).await
    }

    /// Reads a response. What it holds for later steps is masked whether or not it is a success.
    fn read(
        &self,
        binding: &Binding,
        raw: RawResponse,
        exchange: Exchange,
        masker: &mut Masker,
    ) -> Reply {
        let body = raw.json();
        let kept = binding.meaning.kept(&raw, body.as_ref());
        masker.learn(kept.values().filter_map(secret_of));
        let answered = binding.meaning.read(&raw, body.as_ref(), &self.refusals);
        let succeeded = matches!(answered, Answered::Success(_));
        Reply {
            answered: masked(answered, masker),
            kept: if succeeded { kept } else { BTreeMap::new() },
            exchange: exchange.answered(&raw, masker),
            earlier: Vec::new(),
            raw,
        }
    }
}

async fn send(
    transport: &Transport,
    request: Request<Bytes>,
    exchange: Exchange,
) -> Result<(RawResponse, Exchange), CallFailure> {
    match transport.clone().oneshot(request).await {
        Ok(response) => Ok((RawResponse::of(response), exchange)),
        Err(error) => {
            let exchange = Box::new(exchange.failed(&error));
            Err(CallFailure { error, exchange })
        }
    }
}

/// Tells of a request that was never made.
fn unsent(operation: Operation, error: TransportError) -> CallFailure {
    let exchange = Exchange {
        operation: operation.to_string(),
        method: String::new(),
        url: String::new(),
        request_headers: Vec::new(),
        request_body: None,
        status: None,
        response_headers: Vec::new(),
        response_body: None,
        failure: Some(error.to_string()),
    };
    CallFailure {
        error,
        exchange: Box::new(exchange),
    }
}

fn secret_of(value: &Value) -> Option<&str> {
    match value {
        Value::Secret(secret) => Some(secret.expose()),
        Value::Plain(_) => None,
    }
}

/// Masks what an implementation put where a word should stand.
fn masked(answered: Answered, masker: &Masker) -> Answered {
    match answered {
        Answered::Unrecognised { status, code } => Answered::Unrecognised {
            status,
            code: code.map(|code| masker.mask(&code)),
        },
        other => other,
    }
}

/// Collects what is secret among the variables: by their type, or by the operation's table.
fn secrets_of(operation: Operation, variables: &Variables) -> Vec<String> {
    let mut secrets = Vec::new();
    for (name, value) in &variables.0 {
        let spec = operation.variables().iter().find(|spec| spec.name == name);
        match (value, spec.map(|spec| spec.secrecy)) {
            (Value::Secret(secret), _) => secrets.push(secret.expose().to_owned()),
            (Value::Plain(_), Some(Secrecy::Whole)) => secrets.push(value.to_text()),
            (Value::Plain(json), Some(Secrecy::Members(member))) => {
                let mut found = Vec::new();
                secret_members(json, member, &mut found);
                secrets.extend(found.into_iter().map(str::to_owned));
            }
            (Value::Plain(_), Some(Secrecy::Open) | None) => {}
        }
    }
    secrets
}
