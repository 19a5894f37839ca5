//! Setting a method up.

use std::ops::ControlFlow;

use axum::extract::State;
use http::{HeaderMap, StatusCode};
use proofup_domain::method::Method;
use proofup_domain::refusal::Refusal;

use super::extract::{At, JsonBody};
use super::json::Json;
use crate::address::EmailAddress;
use crate::decide::{Given, ProtectedOperation};
use crate::flow::{RequestedDestination, RequestedSetup, SubmittedProof, gap};
use crate::phone::PhoneNumber;
use crate::refused::Refused;
use crate::service::{App, Visitor};
use crate::wire::{BeginEnrollment, EnrollmentView, Phone, Verification};

/// Begin a setup.
///
/// Where something is to be sent it was sent before the answer.
#[utoipa::path(post, path = "/v1/enrollments", operation_id = "beginEnrollment", tag = "enrollments",
    request_body = BeginEnrollment,
    responses((status = 201, description = "The setup", body = EnrollmentView)))]
pub(crate) async fn begin_enrollment(
    State(app): State<App>,
    visitor: Visitor,
    JsonBody(request): JsonBody<BeginEnrollment>,
) -> Result<(StatusCode, HeaderMap, Json<EnrollmentView>), Refused> {
    let wanted = RequestedSetup {
        method: request.method,
        kind: request.kind,
        destination: destination(
            request.method,
            request.address.as_deref(),
            request.phone.as_ref(),
        ),
    };
    // What is told is how things stand when it is taken on: whatever happens while it is delivered comes after it.
    let (view, headers, sending) =
        visitor.act(ProtectedOperation::BeginEnrollment, |turn, caller| {
            let (id, sending) = turn.begin_enrollment(caller, wanted, None)?;
            Ok((turn.enrollment_view(&id)?, turn.code_headers(&id), sending))
        })?;
    app.deliver(&visitor.tenant, sending).await?;
    Ok((StatusCode::CREATED, headers, Json(view)))
}

/// Read where a setup stands. A key pressed or an approval is polled here.
#[utoipa::path(get, path = "/v1/enrollments/{id}", operation_id = "readEnrollment", tag = "enrollments",
    params(("id" = String, Path, description = "The setup")),
    responses((status = 200, description = "The setup", body = EnrollmentView)))]
pub(crate) async fn read_enrollment(
    visitor: Visitor,
    At(id): At<String>,
) -> Result<Json<EnrollmentView>, Refused> {
    visitor.act(ProtectedOperation::ReadEnrollment, |turn, caller| {
        turn.own_enrollment(caller, &id)?;
        turn.enrollment_view(&id).map(Json)
    })
}

/// Turn the page: the wizard's "next" inside the setup of the Microsoft app.
#[utoipa::path(post, path = "/v1/enrollments/{id}/next", operation_id = "nextPage", tag = "enrollments",
    params(("id" = String, Path, description = "The setup")),
    responses((status = 200, description = "The setup on its next page", body = EnrollmentView)))]
pub(crate) async fn next_page(
    State(app): State<App>,
    visitor: Visitor,
    At(id): At<String>,
) -> Result<Json<EnrollmentView>, Refused> {
    let (view, sending) = visitor.act(ProtectedOperation::NextPage, |turn, caller| {
        let sending = turn.next_page(caller, &id)?;
        Ok((turn.enrollment_view(&id)?, sending))
    })?;
    app.deliver(&visitor.tenant, sending).await?;
    Ok(Json(view))
}

/// Send again: from denied, expired or sent.
#[utoipa::path(post, path = "/v1/enrollments/{id}/challenge", operation_id = "sendCode", tag = "enrollments",
    params(("id" = String, Path, description = "The setup")),
    responses((status = 200, description = "The setup with its new challenge", body = EnrollmentView)))]
pub(crate) async fn send_again(
    State(app): State<App>,
    visitor: Visitor,
    At(id): At<String>,
) -> Result<Json<EnrollmentView>, Refused> {
    let (view, sending) = visitor.act(ProtectedOperation::SendAgain, |turn, caller| {
        let sending = turn.send_again(caller, &id)?;
        Ok((turn.enrollment_view(&id)?, sending))
    })?;
    app.deliver(&visitor.tenant, Some(sending)).await?;
    Ok(Json(view))
}

/// Prove, and register.
#[utoipa::path(post, path = "/v1/enrollments/{id}/verification", operation_id = "verifyEnrollment",
    tag = "enrollments",
    params(("id" = String, Path, description = "The setup")),
    request_body = Verification,
    responses((status = 200, description = "The setup, verified", body = EnrollmentView)))]
pub(crate) async fn verify_enrollment(
    visitor: Visitor,
    At(id): At<String>,
    JsonBody(request): JsonBody<Verification>,
) -> Result<Json<EnrollmentView>, Refused> {
    let submitted = submitted(request);
    let judged = visitor.act(ProtectedOperation::VerifyEnrollment, |turn, caller| {
        if let Some(early) = turn.judge_setup_early(caller, &id, &submitted)? {
            return Ok(ControlFlow::Continue(early));
        }
        turn.verify_enrollment(caller, &id, submitted)?;
        turn.enrollment_view(&id).map(ControlFlow::Break)
    })?;
    match judged {
        ControlFlow::Break(view) => Ok(Json(view)),
        ControlFlow::Continue(early) => {
            gap().await;
            visitor.tenant.turn(|turn| {
                turn.conclude_setup(&id, early)?;
                turn.enrollment_view(&id).map(Json)
            })
        }
    }
}

/// Leave a setup. Leaving it twice is no mistake.
#[utoipa::path(delete, path = "/v1/enrollments/{id}", operation_id = "cancelEnrollment", tag = "enrollments",
    params(("id" = String, Path, description = "The setup")),
    responses((status = 204, description = "Cancelled; nothing is registered")))]
pub(crate) async fn cancel_enrollment(
    visitor: Visitor,
    At(id): At<String>,
) -> Result<StatusCode, Refused> {
    visitor.act(ProtectedOperation::CancelEnrollment, |turn, caller| {
        turn.cancel_enrollment(caller, &id)?;
        Ok(StatusCode::NO_CONTENT)
    })
}

/// Reads an address or a number, before any lock is taken.
pub(crate) fn destination(
    method: Method,
    address: Option<&str>,
    phone: Option<&Phone>,
) -> Result<RequestedDestination, Refused> {
    match (method, address, phone) {
        (Method::Email, Some(address), _) => match EmailAddress::parse(address) {
            Ok(address) => Ok(RequestedDestination::Address(address)),
            Err(_) => Err(Refused::field(
                Refusal::InvalidAddress,
                "address",
                "give one address, name@domain",
            )),
        },
        (Method::MobilePhone | Method::OfficePhone, _, Some(phone)) => {
            match PhoneNumber::parse(&phone.region, &phone.number) {
                Ok(number) => Ok(RequestedDestination::Number(number)),
                Err(_) => Err(Refused::field(
                    Refusal::InvalidNumber,
                    "phone",
                    "give the two-letter region and a number of it, with its area code",
                )),
            }
        }
        _ => Ok(RequestedDestination::None),
    }
}

/// Takes what a client submits as proof.
pub(crate) fn submitted(request: Verification) -> SubmittedProof {
    let given = |answer: crate::wire::AnswerView| Given {
        question: answer.question,
        answer: answer.answer,
    };
    SubmittedProof {
        code: request.code,
        answers: request
            .answers
            .map(|answers| answers.into_iter().map(given).collect()),
    }
}
