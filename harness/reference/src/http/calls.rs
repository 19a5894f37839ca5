//! What the voice provider calls back.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use proofup_domain::refusal::Refusal;

use super::extract::{At, CallbackSecretHeader, JsonOrForm};
use crate::flow::CallReport;
use crate::refused::Refused;
use crate::service::App;
use crate::tokens::TokenKind;
use crate::wire::{CallDigits, CallStatus, DigitsForm, StatusForm};

/// Report keys pressed. The call's secret is the bearer token, or stands in the query.
#[utoipa::path(post, path = "/v1/calls/{id}/digits", operation_id = "reportDigits", tag = "callbacks",
    params(("id" = String, Path, description = "The call"),
        ("secret" = Option<String>, Query, description = "The call's secret, where no header can be set")),
    request_body(content((CallDigits = "application/json"), (DigitsForm = "application/x-www-form-urlencoded"))),
    responses((status = 204, description = "Taken"),
        (status = 200, description = "Taken from a form", content_type = "text/xml", body = String)))]
pub(crate) async fn digits(
    State(app): State<App>,
    At(id): At<String>,
    secret: CallbackSecretHeader,
    report: JsonOrForm<CallDigits, DigitsForm>,
) -> Result<Response, Refused> {
    let (digits, is_form) = match report {
        JsonOrForm::Json(report) => (report.digits, false),
        JsonOrForm::Form(report) => (report.digits, true),
    };
    take(&app, &id, &secret, &CallReport::Digits(digits), is_form)
}

/// Report what became of a call. The call's secret is the bearer token, or stands in the query.
#[utoipa::path(post, path = "/v1/calls/{id}/status", operation_id = "reportStatus", tag = "callbacks",
    params(("id" = String, Path, description = "The call"),
        ("secret" = Option<String>, Query, description = "The call's secret, where no header can be set")),
    request_body(content((CallStatus = "application/json"), (StatusForm = "application/x-www-form-urlencoded"))),
    responses((status = 204, description = "Taken"),
        (status = 200, description = "Taken from a form", content_type = "text/xml", body = String)))]
pub(crate) async fn status(
    State(app): State<App>,
    At(id): At<String>,
    secret: CallbackSecretHeader,
    report: JsonOrForm<CallStatus, StatusForm>,
) -> Result<Response, Refused> {
    let (status, is_form) = match report {
        JsonOrForm::Json(report) => (report.status, false),
        JsonOrForm::Form(report) => (report.call_status, true),
    };
    take(&app, &id, &secret, &CallReport::Status(status), is_form)
}

fn take(
    app: &App,
    id: &str,
    secret: &CallbackSecretHeader,
    report: &CallReport,
    is_form: bool,
) -> Result<Response, Refused> {
    let (tenant, _) = app.find(TokenKind::Call, id).ok_or(Refusal::NotFound)?;
    let secret = secret.0.as_ref().map(|secret| secret.expose());
    tenant.turn(|turn| turn.report_call(id, secret, report))?;
    Ok(if is_form {
        ([(CONTENT_TYPE, "text/xml")], "<Response/>").into_response()
    } else {
        StatusCode::NO_CONTENT.into_response()
    })
}
