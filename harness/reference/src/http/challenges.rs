//! The second step of a session.

use axum::extract::State;
use http::StatusCode;

use super::extract::{At, Body};
use super::json::Json;
use crate::app::{App, Visitor};
use crate::decide::Endpoint;
use crate::flow::{Submitted, WantedProof, gap};
use crate::refused::Refused;
use crate::wire::{BeginChallenge, Challenge, CodeVerification, Session};

/// Begin a second step: with the default, or with what is named.
#[utoipa::path(post, path = "/v1/challenges", operation_id = "beginSecondStep", tag = "challenges",
    request_body = BeginChallenge,
    responses((status = 201, description = "The challenge; what is to be sent was sent", body = Challenge)))]
pub(crate) async fn begin_second_step(
    State(app): State<App>,
    visitor: Visitor,
    Body(request): Body<BeginChallenge>,
) -> Result<(StatusCode, Json<Challenge>), Refused> {
    let wanted = WantedProof {
        method: request.method,
        kind: request.kind,
        method_id: request.method_id,
    };
    let (view, sending) = visitor.act(Endpoint::BeginChallenge, |turn, caller| {
        let (id, sending) = turn.begin_second_step(caller, &wanted)?;
        Ok((turn.challenge(&id)?, sending))
    })?;
    app.deliver(&visitor.tenant, sending).await?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// Read where a second step stands.
#[utoipa::path(get, path = "/v1/challenges/{id}", operation_id = "readSecondStep", tag = "challenges",
    params(("id" = String, Path, description = "The challenge")),
    responses((status = 200, description = "The challenge", body = Challenge)))]
pub(crate) async fn read_second_step(
    visitor: Visitor,
    At(id): At<String>,
) -> Result<Json<Challenge>, Refused> {
    visitor.act(Endpoint::ReadChallenge, |turn, caller| {
        let challenge = turn.own_challenge(caller, &id)?;
        Ok(Json(turn.challenge_view(challenge)))
    })
}

/// Pass a second step with a code.
#[utoipa::path(post, path = "/v1/challenges/{id}/verification", operation_id = "verifySecondStep",
    tag = "challenges",
    params(("id" = String, Path, description = "The challenge")),
    request_body = CodeVerification,
    responses((status = 200, description = "The session in its new state", body = Session)))]
pub(crate) async fn verify_second_step(
    visitor: Visitor,
    At(id): At<String>,
    Body(request): Body<CodeVerification>,
) -> Result<Json<Session>, Refused> {
    let submitted = Submitted {
        code: request.code,
        answers: None,
    };
    let foreseen = visitor.act(Endpoint::VerifyChallenge, |turn, caller| {
        turn.foresee_second_step(caller, &id, &submitted)
    })?;
    if foreseen.is_some() {
        gap().await;
    }
    visitor.act(Endpoint::VerifyChallenge, |turn, caller| {
        let verified = turn.verify_second_step(caller, &id, &submitted, foreseen);
        verified.map(Json)
    })
}
