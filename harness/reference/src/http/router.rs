//! Every path of the contract.

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::{from_fn, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router, middleware::Next};
use http_body_util::BodyExt as _;
use proofup_domain::edition::Edition;
use proofup_domain::refusal::Refusal;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::translate;
use super::surface::dress;
use super::{
    audit, calls, capabilities, challenges, control, devices, enrollments, extract, methods,
    openapi, resets, sessions, wizard,
};
use crate::app::App;
use crate::refused::Refused;

/// Makes the router with everything around it.
pub(crate) fn router(app: App) -> Router {
    let (router, _) = routes().split_for_parts();
    let surface = app.rules(Edition::default()).surface;
    router
        .route(
            "/openapi.json",
            get(|| async { Json(openapi::description()) }),
        )
        .fallback(|| async { Refused::from(Refusal::NotFound) })
        .with_state(app)
        .layer(map_response(translate))
        .layer(from_fn(refuse_long_bodies))
        .layer(map_response(move |response| dress(surface, response)))
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

async fn refuse_long_bodies(request: Request, next: Next) -> Response {
    match extract::check_length(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refused) => {
            drain(request.into_body()).await;
            refused.into_response()
        }
    }
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
