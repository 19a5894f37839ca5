//! What the authenticator app calls.

use axum::extract::State;
use http::StatusCode;
use proofup_domain::refusal::Refusal;

use super::extract::{At, CallbackSecretHeader, JsonBody};
use super::json::Json;
use crate::refused::Refused;
use crate::service::App;
use crate::tokens::TokenKind;
use crate::wire::{ActivateDevice, ActivatedDevice, DeviceReply};

/// Activate a device with the code of the QR payload.
#[utoipa::path(post, path = "/v1/devices", operation_id = "activateDevice", tag = "callbacks",
    request_body = ActivateDevice,
    responses((status = 201, description = "What the device has to keep", body = ActivatedDevice)))]
pub(crate) async fn activate(
    State(app): State<App>,
    JsonBody(request): JsonBody<ActivateDevice>,
) -> Result<(StatusCode, Json<ActivatedDevice>), Refused> {
    let found = app.find(TokenKind::Activation, request.activation_code.expose());
    let (tenant, enrollment) = found.ok_or(Refusal::NotFound)?;
    let device = tenant.turn(|turn| turn.activate_device(&enrollment, request.push_token))?;
    Ok((StatusCode::CREATED, Json(device)))
}

/// Approve or deny a notification. The device's secret is the bearer token.
#[utoipa::path(post, path = "/v1/devices/{id}/replies", operation_id = "replyToNotification", tag = "callbacks",
    params(("id" = String, Path, description = "The device")),
    request_body = DeviceReply,
    responses((status = 204, description = "The reply counts")))]
pub(crate) async fn reply(
    State(app): State<App>,
    At(id): At<String>,
    secret: CallbackSecretHeader,
    JsonBody(request): JsonBody<DeviceReply>,
) -> Result<StatusCode, Refused> {
    let (tenant, _) = app.find(TokenKind::Device, &id).ok_or(Refusal::NotFound)?;
    let secret = secret.0.as_ref().map(|secret| secret.expose());
    tenant.turn(|turn| turn.reply(&id, secret, &request.notification_id, request.reply))?;
    Ok(StatusCode::NO_CONTENT)
}
