//! Sends one request: with the cookies, through redirects, within its own time.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, COOKIE, LOCATION};
use http::{HeaderMap, HeaderValue, Method, Request};
use tower::ServiceExt;
use url::Url;

use super::operation_call::OperationCall;
use super::unsent;
use crate::recorded::RecordedExchange;
use crate::reply::CallFailure;
use crate::request::RequestTemplate;
use crate::response::RawResponse;
use crate::transport::{RequestTimeout, TransportError};

/// How many redirects are followed.
const REDIRECTS: usize = 10;

impl OperationCall<'_> {
    /// Sends a request, and what its redirects lead to; every exchange is kept.
    pub(super) async fn send(
        &mut self,
        template: &RequestTemplate,
        request: Request<Bytes>,
        cut: bool,
    ) -> Result<RawResponse, CallFailure> {
        let mut request = request;
        for _ in 0..=REDIRECTS {
            let again = template.follow.then(|| {
                (
                    request.method().clone(),
                    request.headers().clone(),
                    request.body().clone(),
                )
            });
            let response = self.send_one(template, request, cut).await?;
            let Some((next, (method, headers, body))) = next_of(&response).zip(again) else {
                return Ok(response);
            };
            let mut redirected = Request::builder()
                .method(method)
                .uri(next.as_str())
                .body(body);
            if let Ok(redirected) = &mut redirected {
                *redirected.headers_mut() = headers;
                if matches!(response.status, 301..=303) {
                    becomes_get(redirected);
                }
            }
            request = redirected.map_err(|error| {
                unsent(self.operation, TransportError::NotSent(error.to_string()))
            })?;
        }
        let error = TransportError::TooManyRedirects(REDIRECTS);
        let mut failure = unsent(self.operation, error.clone());
        if let Some(exchange) = self.exchanges.pop() {
            *failure.exchange = exchange.masked_by(&self.masker).into_shown().failed(&error);
        }
        Err(failure)
    }

    async fn send_one(
        &mut self,
        template: &RequestTemplate,
        mut request: Request<Bytes>,
        cut: bool,
    ) -> Result<RawResponse, CallFailure> {
        // What is no URL goes without cookies; the transport says what is wrong with it.
        let url = Url::parse(&request.uri().to_string()).ok();
        let jar = self.jar.clone().filter(|_| self.target.cookies);
        if let Some((jar, url)) = jar.as_ref().zip(url.as_ref()) {
            with_cookies(request.headers_mut(), jar.header(url));
        }
        if let Some(timeout) = template.timeout {
            request.extensions_mut().insert(RequestTimeout(timeout));
        }
        let address = request.uri().to_string();
        let exchange = RecordedExchange::of(self.operation.as_str(), request.clone(), cut);
        let sent = self.transport.clone().oneshot(request);
        let sent = match template.timeout {
            // A transport in process knows nothing of time-outs.
            Some(timeout) => tokio::time::timeout(timeout, sent)
                .await
                .unwrap_or(Err(TransportError::TimedOut(timeout))),
            None => sent.await,
        };
        let mut response = match sent {
            Ok(response) => RawResponse::of(response),
            Err(error) => {
                let exchange = exchange.masked_by(&self.masker).into_shown();
                let exchange = Box::new(exchange.failed(&error));
                return Err(CallFailure { error, exchange });
            }
        };
        response.url = address;
        if let Some((jar, url)) = jar.zip(url) {
            jar.take(&url, response.headers());
            response.cookies = jar.pairs(&url);
        }
        self.learn_from(&[template], &response);
        self.exchanges.push(exchange.answered(&response));
        Ok(response)
    }
}

/// Puts the jar's cookies behind those that the file writes itself.
fn with_cookies(headers: &mut HeaderMap, cookies: Option<String>) {
    let Some(mut cookies) = cookies else {
        return;
    };
    if let Some(own) = headers.get(COOKIE).and_then(|own| own.to_str().ok()) {
        cookies = format!("{own}; {cookies}");
    }
    if let Ok(value) = HeaderValue::try_from(cookies) {
        headers.insert(COOKIE, value);
    }
}

/// Returns where a redirect leads; one to another host is an answer like any other.
fn next_of(response: &RawResponse) -> Option<Url> {
    if !matches!(response.status, 301..=303 | 307 | 308) {
        return None;
    }
    let here = Url::parse(&response.url).ok()?;
    let location = response.header(LOCATION.as_str())?;
    let mut next = here.join(&location).ok()?;
    next.set_fragment(None);
    (next.origin() == here.origin()).then_some(next)
}

fn becomes_get(request: &mut Request<Bytes>) {
    if *request.method() != Method::HEAD {
        *request.method_mut() = Method::GET;
    }
    *request.body_mut() = Bytes::new();
    request.headers_mut().remove(CONTENT_TYPE);
    request.headers_mut().remove(CONTENT_LENGTH);
}
