//! Every path of the contract.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::Method;
use http_body_util::BodyExt as _;
use proofup_domain::edition::Edition;
use proofup_domain::refusal::Refusal;
use tower::ServiceExt as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::json::Json;
use super::problem::translate;
use super::straight::Straight;
use super::surface::dress;
use super::{
    audit, calls, capabilities, challenges, control, devices, enrollments, extract, methods,
    openapi, resets, sessions, wizard,
};
use crate::app::App;
use crate::refused::Refused;
use crate::rules::Surface;

/// Makes the router: one service, which does for every request what would otherwise be layers, each boxed and cloned anew.
pub(crate) fn router(app: App) -> Router {
    let (operations, _) = routes().split_for_parts();
    let service = Arc::new(Service {
        surface: app.rules(Edition::default()).surface,
        operations: operations
            .route(
                "/openapi.json",
                get(|| async { Json(openapi::description()) }),
            )
            .fallback(|| async { Refused::from(Refusal::NotFound) })
            .with_state(app.clone()),
        app,
    });
    Router::new().fallback(move |request: Request| {
        let service = Arc::clone(&service);
        async move { service.answer(request).await }
    })
}

/// What answers.
#[derive(Debug)]
struct Service {
    app: App,
    /// Every operation of the contract.
    operations: Router,
    surface: Surface,
}

impl Service {
    /// Answers. What is seldom waited for is boxed, for the whole is allocated and moved at each request.
    async fn answer(&self, request: Request) -> Response {
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
        match self.surface {
            Surface::Plain => response,
            surface => Box::pin(dress(surface, response)).await,
        }
    }

    async fn operate(&self, mut request: Request) -> Response {
        // What HEAD is answered is cut short outside of all this, so that it tells the length of what GET is answered.
        if request.method() == Method::HEAD {
            *request.method_mut() = Method::GET;
        }
        let answered = self.operations.clone().oneshot(request).await;
        answered.unwrap_or_else(|never| match never {})
    }
}

/// Registers every handler with its description.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(sessions::sign_in))
        .routes(routes!(sessions::read_session, sessions::sign_out))
        .routes(routes!(sessions::defer))
        .routes(routes!(sessions::open_account))
        .routes(routes!(wizard::read_wizard))
        .routes(routes!(wizard::complete_wizard))
        .routes(routes!(wizard::complete_review))
        .routes(routes!(methods::list_methods))
        .routes(routes!(methods::list_available))
        .routes(routes!(methods::choose_default))
        .routes(routes!(methods::change_method, methods::delete_method))
        .routes(routes!(enrollments::begin_enrollment))
        .routes(routes!(
            enrollments::read_enrollment,
            enrollments::cancel_enrollment
        ))
        .routes(routes!(enrollments::next_page))
        .routes(routes!(enrollments::send_again))
        .routes(routes!(enrollments::verify_enrollment))
        .routes(routes!(challenges::begin_second_step))
        .routes(routes!(challenges::read_second_step))
        .routes(routes!(challenges::verify_second_step))
        .routes(routes!(resets::begin_reset))
        .routes(routes!(resets::read_reset))
        .routes(routes!(resets::begin_proof))
        .routes(routes!(resets::read_proof))
        .routes(routes!(resets::verify_proof))
        .routes(routes!(resets::set_new_password))
        .routes(routes!(devices::activate))
        .routes(routes!(devices::reply))
        .routes(routes!(calls::digits))
        .routes(routes!(calls::status))
        .routes(routes!(audit::read_audit))
        .routes(routes!(capabilities::read))
        .routes(routes!(capabilities::health))
        .routes(routes!(control::put_tenant, control::delete_tenant))
        .routes(routes!(
            control::read_tenant_policy,
            control::patch_tenant_policy
        ))
        .routes(routes!(control::read_clock))
        .routes(routes!(control::advance_clock))
        .routes(routes!(control::read_audit))
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
