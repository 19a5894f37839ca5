//! The service that finds what a request asks for.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, HttpBody as _};
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::CONTENT_LENGTH;
use http::{Method, StatusCode};
use http_body_util::BodyExt as _;
use proofup_domain::edition::Edition;
use proofup_domain::refusal::Refusal;
use tower::ServiceExt as _;

use super::json::Json;
use super::problem::translate;
use super::routes::routes;
use super::straight::Straight;
use super::surface::{buffered, dress, repeated};
use super::{extract, openapi};
use crate::refused::Refused;
use crate::rules::Surface;
use crate::service::App;

/// The reference as a service: takes each request of the contract, and refuses every other.
///
/// It is no [`Router`], which would search, copy and box before it came to the one thing that it leads to. Clones are the
/// same implementation.
#[derive(Debug, Clone)]
pub struct Reference(Arc<Operations>);

/// What answers.
#[derive(Debug)]
struct Operations {
    app: App,
    /// Every operation of the contract.
    router: Router,
    surface: Surface,
}

/// Makes the service.
pub(crate) fn service(app: App) -> Reference {
    let (router, _) = routes().split_for_parts();
    Reference(Arc::new(Operations {
        surface: app.rules(Edition::default()).surface,
        router: router
            .route(
                "/openapi.json",
                get(|| async { Json(openapi::description()) }),
            )
            .fallback(|| async { Refused::from(Refusal::NotFound) })
            .with_state(app.clone()),
        app,
    }))
}

impl tower::Service<Request> for Reference {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let operations = Arc::clone(&self.0);
        Box::pin(async move { Ok(operations.answer(request).await) })
    }
}

impl Operations {
    /// Answers. What is seldom waited for is boxed, for the whole is allocated and moved at each request.
    async fn answer(&self, request: Request) -> Response {
        if self.surface == Surface::RepeatsRequest {
            return Box::pin(async {
                let (body, request) = buffered(request).await;
                repeated(body, self.answer_plainly(request).await).await
            })
            .await;
        }
        self.answer_plainly(request).await
    }

    async fn answer_plainly(&self, mut request: Request) -> Response {
        let is_head = request.method() == Method::HEAD;
        if is_head {
            *request.method_mut() = Method::GET;
        }
        let response = match extract::check_length(request.headers()) {
            Ok(()) => translate(match Straight::of(&request) {
                Some(straight) => {
                    let answer = straight.go(&self.app, request).await;
                    answer.unwrap_or_else(IntoResponse::into_response)
                }
                None => Box::pin(self.operate(request)).await,
            }),
            Err(refused) => {
                Box::pin(drain(request.into_body())).await;
                refused.into_response()
            }
        };
        let response = match self.surface {
            Surface::Plain => response,
            surface => Box::pin(dress(surface, response, &self.app.pause)).await,
        };
        if is_head {
            without_body(response)
        } else {
            response
        }
    }

    async fn operate(&self, request: Request) -> Response {
        let answered = self.router.clone().oneshot(request).await;
        answered.unwrap_or_else(|never| match never {})
    }
}

/// Leaves of what GET is answered what HEAD is: everything but the body, whose length is told where there could be one
/// (RFC 9110, 8.6).
fn without_body(mut response: Response) -> Response {
    let length = response.body().size_hint().exact();
    if response.status() == StatusCode::NO_CONTENT {
        response.headers_mut().remove(CONTENT_LENGTH);
    } else if let Some(length) = length {
        let told = response.headers_mut().entry(CONTENT_LENGTH);
        told.or_insert_with(|| length.into());
    }
    *response.body_mut() = Body::empty();
    response
}

/// Reads a body that is too large and throws it away, within reason: a client that is still sending would otherwise see its
/// connection reset in place of the answer.
async fn drain(mut body: Body) {
    const WITHIN_REASON: usize = 8 * 1024 * 1024;
    let mut drained = 0;
    while let Some(Ok(frame)) = body.frame().await {
        drained += frame.data_ref().map_or(0, |data| data.len());
        if drained > WITHIN_REASON {
            return;
        }
    }
}
