//! Every path of the contract, with the handler that answers there.

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{
    audit, calls, capabilities, challenges, control, devices, enrollments, methods, resets,
    sessions, wizard,
};
use crate::service::App;

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
        .routes(routes!(control::change_user))
        .routes(routes!(control::read_clock))
        .routes(routes!(control::advance_clock))
        .routes(routes!(control::read_audit))
}
