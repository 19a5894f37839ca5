//! Calls operations: finds the way, fills the requests, sends them, reads what comes back, masks what is kept of it.

mod operation_call;
mod send;

use std::collections::BTreeMap;

use bytes::Bytes;
use http::Request;
use proofup_domain::answer::Answer;
use proofup_domain::command::Mangle;
use proofup_domain::secret::Secret;
use serde_json::Value as Json;
use tower::ServiceExt;

use super::CompiledTarget;
use super::exchange::Exchange;
use super::mask::{Masker, secret_members, texts};
use super::meaning::{refused, unrecognised};
use super::operation::{Operation, Secrecy};
use super::raw_connection::RawConnection;
use super::reply::{Asked, CallFailure, Reply};
use super::response::RawResponse;
use super::transport::{Transport, TransportError};
use super::value::{Value, Variables};
use super::variant::{Variant, VariantAction};
use operation_call::OperationCall;

impl CompiledTarget {
    /// Calls an operation: sends the requests of the first way that fits, one after the other, and tells what the last
    /// answer means.
    ///
    /// An answer of 400 or above ends the sequence and is the one that counts, unless its request goes on. `mangle` spoils
    /// the request that carries what the operation is told. The cookies of a session travel among the variables and the kept values, under [`Jar::NAME`].
    ///
    /// # Errors
    /// If no answer came, no way fits, or no request could be made of the variables. A refusal is no error, nor is an
    /// answer that no rule matches.
    ///
    /// [`Jar::NAME`]: super::Jar::NAME
    pub async fn call(
        &self,
        transport: &Transport,
        operation: Operation,
        variables: &Variables,
        mangle: Option<Mangle>,
    ) -> Result<Reply, CallFailure> {
        let variant = self
            .variant(operation, variables)
            .map_err(|error| unsent(operation, error))?;
        let call = OperationCall::new(self, transport, operation, variant, variables);
        match &variant.does {
            VariantAction::Requests(requests) => call.send_all(requests, mangle).await,
            VariantAction::Assumed(answer) => Ok(call.assume(answer.clone())),
            VariantAction::Command(command) => call.run(command).await,
        }
    }

    /// Returns whether an operation is bound and has a way for these variables; else says what is missing.
    ///
    /// # Errors
    /// If it is not bound, or no way of it fits.
    pub fn fits(&self, operation: Operation, variables: &Variables) -> Result<(), TransportError> {
        self.variant(operation, variables).map(drop)
    }

    fn variant(
        &self,
        operation: Operation,
        variables: &Variables,
    ) -> Result<&Variant, TransportError> {
        let binding = self.operations.get(&operation);
        let binding = binding.ok_or(TransportError::NotBound(operation))?;
        binding
            .variant(variables)
            .ok_or_else(|| TransportError::NoWay {
                operation,
                told: binding.misfit(variables),
            })
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
        let variant = self.variant(operation, variables)?;
        if !(variant.plain && self.is_plain()) {
            let reply = self.call(transport, operation, variables, None).await;
            let reply = reply.map_err(|failure| failure.error)?;
            return Ok(Asked {
                answered: reply.answered,
                kept: reply.kept.into_iter().collect(),
            });
        }
        let spoken = self.words.speak(variables);
        let prefix = self.prefix();
        for (index, template) in variant.requests().iter().enumerate() {
            let request = template.render(operation, &prefix, &self.headers, &spoken)?;
            let raw = RawResponse::of(transport.clone().oneshot(request).await?);
            if variant.goes_on(index, raw.status) {
                continue;
            }
            return Ok(self.understood(variant, operation, &raw, variables));
        }
        Err(TransportError::NotBound(operation))
    }

    /// Does what [`Self::ask`] does over a user's own connection; none: the operation needs more than that can do.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn ask_over(
        &self,
        connection: &mut RawConnection,
        operation: Operation,
        variables: &Variables,
    ) -> Result<Option<Asked>, TransportError> {
        let variant = self.variant(operation, variables)?;
        if !(variant.writes_directly && self.is_plain()) {
            return Ok(None);
        }
        let spoken = self.words.speak(variables);
        for (index, template) in variant.requests().iter().enumerate() {
            let (direct, out, body) = connection.begin();
            template.write(operation, direct, &self.headers, &spoken, (out, body))?;
            let raw = connection.exchange().await?;
            if variant.goes_on(index, raw.status) {
                continue;
            }
            return Ok(Some(self.understood(variant, operation, &raw, variables)));
        }
        Err(TransportError::NotBound(operation))
    }

    /// Returns what a response means, with nothing in it that must not be shown.
    fn understood(
        &self,
        variant: &Variant,
        operation: Operation,
        raw: &RawResponse,
        variables: &Variables,
    ) -> Asked {
        let body = variant.wanted.read(&raw.body);
        let kept = variant.meaning.kept(raw, body.as_ref());
        let mut answered = variant.meaning.read(raw, body.as_ref(), &self.refusals);
        if matches!(answered, Answer::Unrecognised { .. }) {
            let mut masker = Masker::default();
            masker.learn(texts(&self.environment_secrets));
            masker.learn(secrets_of(operation, variables).iter().map(String::as_str));
            masker.learn(kept.iter().filter_map(|(_, value)| secret_of(value)));
            answered = masked(answered, &masker);
        }
        Asked { answered, kept }
    }

    /// Returns whether requests need no cookies, no CSRF token and no refreshing.
    fn is_plain(&self) -> bool {
        !self.keeps_cookies() && self.refresh.is_none()
    }

    /// Returns whether sessions have something of a browser's: cookies, or a CSRF token.
    pub(super) fn keeps_cookies(&self) -> bool {
        self.cookies || self.csrf.is_some()
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
        let raw = match transport.clone().oneshot(request).await {
            Ok(response) => RawResponse::of(response),
            Err(error) => {
                let exchange = Box::new(exchange.failed(&error));
                return Err(CallFailure { error, exchange });
            }
        };
        let body = raw.json();
        let answered = if (200..300).contains(&raw.status) {
            Answer::done()
        } else {
            refused(&self.refusals, &raw, body.as_ref())
                .unwrap_or_else(|| unrecognised(&raw, body.as_ref()))
        };
        Ok(Reply {
            answered: masked(answered, &masker),
            kept: BTreeMap::new(),
            exchange: exchange.answered(&raw, &masker).into(),
            earlier: Vec::new(),
            renewed: BTreeMap::new(),
            assumed: false,
            raw,
        })
    }
}

/// Returns the failure of a request that was never made.
pub(super) fn unsent(operation: Operation, error: TransportError) -> CallFailure {
    let exchange = Exchange {
        failure: Some(error.to_string()),
        ..Exchange::unsent(operation.as_str())
    };
    CallFailure {
        error,
        exchange: Box::new(exchange),
    }
}

pub(super) fn secret_of(value: &Value) -> Option<&str> {
    match value {
        Value::Secret(secret) => Some(secret.expose()),
        Value::Plain(_) | Value::Jar(_) => None,
    }
}

/// Masks what an implementation put where a word should stand.
pub(super) fn masked(answered: Answer, masker: &Masker) -> Answer {
    match answered {
        Answer::Unrecognised { status, code } => Answer::Unrecognised {
            status,
            code: code.map(|code| masker.mask(&code)),
        },
        other => other,
    }
}

/// Collects what is secret among the variables: by their type, or by the operation's table.
pub(super) fn secrets_of(operation: Operation, variables: &Variables) -> Vec<String> {
    let mut secrets = Vec::new();
    for (name, value) in &variables.0 {
        let spec = operation.variables().iter().find(|spec| spec.name == name);
        match (value, spec.map(|spec| spec.secrecy)) {
            (Value::Secret(secret), _) => secrets.push(secret.expose().to_owned()),
            // It counts as none.
            (Value::Plain(Json::Null), _) => {}
            (Value::Plain(_), Some(Secrecy::Whole)) => secrets.push(value.to_text()),
            (Value::Plain(json), Some(Secrecy::Members(member))) => {
                let mut found = Vec::new();
                secret_members(json, member, &mut found);
                secrets.extend(found.into_iter().map(str::to_owned));
            }
            (Value::Plain(_), Some(Secrecy::Open) | None) | (Value::Jar(_), _) => {}
        }
    }
    secrets
}
