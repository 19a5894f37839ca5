//! Manage: what is registered, what can be added, change, delete, default.

use axum::extract::State;
use http::StatusCode;
use proofup_domain::method::Method;

use super::enrollments::destination;
use super::extract::{At, JsonBody, PatchBody};
use super::json::Json;
use crate::decide::ProtectedOperation;
use crate::flow::{RequestedDestination, WantedProof};
use crate::refused::Refused;
use crate::service::{App, Visitor};
use crate::wire::{
    AvailableMethods, ChangeMethod, ChooseDefault, DefaultMethod, EnrollmentView, Methods,
};

/// List what is registered.
#[utoipa::path(get, path = "/v1/methods", operation_id = "listMethods", tag = "methods",
    responses((status = 200, description = "The methods, oldest first, and the default", body = Methods)))]
pub(crate) async fn list_methods(visitor: Visitor) -> Result<Json<Methods>, Refused> {
    visitor.act(ProtectedOperation::ListMethods, |turn, caller| {
        Ok(Json(turn.methods(caller)))
    })
}

/// List what can be added.
#[utoipa::path(get, path = "/v1/methods/available", operation_id = "listAvailable", tag = "methods",
    responses((status = 200, description = "The methods, by rank", body = AvailableMethods)))]
pub(crate) async fn list_available(visitor: Visitor) -> Result<Json<AvailableMethods>, Refused> {
    visitor.act(ProtectedOperation::ListAvailable, |turn, caller| {
        Ok(Json(turn.available(caller)))
    })
}

/// Choose the default.
#[utoipa::path(put, path = "/v1/methods/default", operation_id = "setDefault", tag = "methods",
    request_body = ChooseDefault,
    responses((status = 200, description = "The default", body = DefaultMethod)))]
pub(crate) async fn choose_default(
    visitor: Visitor,
    JsonBody(request): JsonBody<ChooseDefault>,
) -> Result<Json<DefaultMethod>, Refused> {
    let wanted = WantedProof {
        method: Some(request.method),
        kind: Some(request.kind),
        method_id: request.method_id,
    };
    visitor.act(ProtectedOperation::ChooseDefault, |turn, caller| {
        turn.choose_default(caller, &wanted).map(Json)
    })
}

/// Begin to change a number or an address.
///
/// The body is a merge patch (RFC 7396). The old value stays until the new one is verified.
#[utoipa::path(patch, path = "/v1/methods/{id}", operation_id = "changeMethod", tag = "methods",
    params(("id" = String, Path, description = "The registered method")),
    request_body(content((ChangeMethod = "application/merge-patch+json"), (ChangeMethod = "application/json"))),
    responses((status = 201, description = "The setup of the new value", body = EnrollmentView)))]
pub(crate) async fn change_method(
    State(app): State<App>,
    visitor: Visitor,
    At(id): At<String>,
    PatchBody(request): PatchBody<ChangeMethod>,
) -> Result<(StatusCode, Json<EnrollmentView>), Refused> {
    let ChangeMethod {
        address,
        phone,
        kind,
    } = request;
    let as_address = destination(Method::Email, address.as_deref(), None);
    let as_number = destination(Method::MobilePhone, None, phone.as_ref());
    let pick = |method| -> Result<RequestedDestination, Refused> {
        if method == Method::Email {
            as_address
        } else {
            as_number
        }
    };
    let (view, sending) = visitor.act(ProtectedOperation::ChangeMethod, |turn, caller| {
        let (enrollment, sending) = turn.change_method(caller, &id, kind, pick)?;
        Ok((turn.enrollment_view(&enrollment)?, sending))
    })?;
    app.deliver(&visitor.tenant, sending).await?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// Delete a method. This cannot be undone.
#[utoipa::path(delete, path = "/v1/methods/{id}", operation_id = "deleteMethod", tag = "methods",
    params(("id" = String, Path, description = "The registered method")),
    responses((status = 204, description = "Deleted; it proves nothing any more")))]
pub(crate) async fn delete_method(
    visitor: Visitor,
    At(id): At<String>,
) -> Result<StatusCode, Refused> {
    visitor.act(ProtectedOperation::DeleteMethod, |turn, caller| {
        turn.delete_method(caller, &id)?;
        Ok(StatusCode::NO_CONTENT)
    })
}
