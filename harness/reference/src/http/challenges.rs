//! The second step of a session.

use axum::extract::State;
use http::StatusCode;

use super::extract::{At, JsonBody};
use super::json::Json;
use crate::decide::ProtectedOperation;
use crate::flow::{SubmittedProof, WantedProof, gap};
use crate::refused::Refused;
use crate::service::{App, Visitor};
use crate::wire::{BeginChallenge, ChallengeView, CodeVerification, SessionView};

/// Begin a second step: with the default, or with what is named.
#[utoipa::path(post, path = "/v1/challenges", operation_id = "beginSecondStep", tag = "challenges",
    request_body = BeginChallenge,
    responses((status = 201, description = "The challenge; what is to be sent was sent", body = ChallengeView)))]
pub(crate) async fn begin_second_step(
    State(app): State<App>,
    visitor: Visitor,
    JsonBody(request): JsonBody<BeginChallenge>,
) -> Result<(StatusCode, Json<ChallengeView>), Refused> {
    let wanted = WantedProof {
        method: request.method,
        kind: request.kind,
        method_id: request.method_id,
    };
    let (view, sending) = visitor.act(ProtectedOperation::BeginChallenge, |turn, caller| {
        let (id, sending) = turn.begin_second_step(caller, &wanted)?;
        Ok((turn.challenge(&id)?, sending))
    })?;
    app.deliver(&visitor.tenant, sending).await?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// Read where a second step stands.
#[utoipa::path(get, path = "/v1/challenges/{id}", operation_id = "readSecondStep", tag = "challenges",
    params(("id" = String, Path, description = "The challenge")),
    responses((status = 200, description = "The challenge", body = ChallengeView)))]
pub(crate) async fn read_second_step(
    visitor: Visitor,
    At(id): At<String>,
) -> Result<Json<ChallengeView>, Refused> {
    visitor.act(ProtectedOperation::ReadChallenge, |turn, caller| {
        let challenge = turn.own_challenge(caller, &id)?;
        Ok(Json(turn.challenge_view(challenge)))
    })
}

/// Pass a second step with a code.
#[utoipa::path(post, path = "/v1/challenges/{id}/verification", operation_id = "verifySecondStep",
    tag = "challenges",
    params(("id" = String, Path, description = "The challenge")),
    request_body = CodeVerification,
    responses((status = 200, description = "The session in its new state", body = SessionView)))]
pub(crate) async fn verify_second_step(
    visitor: Visitor,
    At(id): At<String>,
    JsonBody(request): JsonBody<CodeVerification>,
) -> Result<Json<SessionView>, Refused> {
    let submitted = SubmittedProof {
        code: request.code,
        answers: None,
    };
    let early = visitor.act(ProtectedOperation::VerifyChallenge, |turn, caller| {
        turn.judge_second_step_early(caller, &id, &submitted)
    })?;
    if early.is_some() {
        gap().await;
    }
    visitor.act(ProtectedOperation::VerifyChallenge, |turn, caller| {
        let verified = turn.verify_second_step(caller, &id, &submitted, early);
        verified.map(Json)
    })
}
