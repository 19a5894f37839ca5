//! Password reset.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;
use proofup_domain::refusal::Refusal;
use proofup_domain::secret::Secret;

use super::enrollments::submitted;
use super::extract::{At, JsonBody};
use super::json::Json;
use crate::flow::{WantedProof, gap};
use crate::refused::Refused;
use crate::service::App;
use crate::tenant::Tenant;
use crate::tokens::TokenKind;
use crate::wire::{
    BeginReset, BeginResetChallenge, ChallengeView, NewPassword, ResetView, Verification,
};

fn tenant_of(app: &App, reset: &str) -> Result<Arc<Tenant>, Refused> {
    let found = app.find(TokenKind::Reset, reset);
    let (tenant, _) = found.ok_or(Refusal::NotFound)?;
    Ok(tenant)
}

/// Ask for a password reset.
///
/// Unknown user, blocked user, reset not offered and too little registered are answered alike.
#[utoipa::path(post, path = "/v1/passwordResets", operation_id = "beginReset", tag = "passwordResets",
    request_body = BeginReset,
    responses((status = 201, description = "The reset", body = ResetView)))]
pub(crate) async fn begin_reset(
    State(app): State<App>,
    JsonBody(request): JsonBody<BeginReset>,
) -> Result<(StatusCode, Json<ResetView>), Refused> {
    let name = &request.user_principal_name;
    let Some(tenant) = app.tenant_of(name, request.tenant.as_deref()) else {
        app.compare_with_nobody(name, &Secret::new(""));
        return Err(Refusal::ContactAdministrator.into());
    };
    let (reset, later) = tenant.turn(|turn| {
        let user = turn.account_named(name, turn.rules.reset_names_without_case);
        let later = turn.later_if_known(&user, turn.rules.known_reset_later_ms);
        (turn.begin_reset(&user), later)
    });
    app.pause.take(later).await;
    Ok((StatusCode::CREATED, Json(reset?)))
}

/// Read where a reset stands.
#[utoipa::path(get, path = "/v1/passwordResets/{id}", operation_id = "readReset", tag = "passwordResets",
    params(("id" = String, Path, description = "The reset")),
    responses((status = 200, description = "The reset", body = ResetView)))]
pub(crate) async fn read_reset(
    State(app): State<App>,
    At(id): At<String>,
) -> Result<Json<ResetView>, Refused> {
    let tenant = tenant_of(&app, &id)?;
    tenant.turn(|turn| turn.read_reset(&id).map(Json))
}

/// Begin the proof of one gate.
#[utoipa::path(post, path = "/v1/passwordResets/{id}/challenges", operation_id = "beginResetProof",
    tag = "passwordResets",
    params(("id" = String, Path, description = "The reset")),
    request_body = BeginResetChallenge,
    responses((status = 201, description = "The challenge; what is to be sent was sent", body = ChallengeView)))]
pub(crate) async fn begin_proof(
    State(app): State<App>,
    At(id): At<String>,
    JsonBody(request): JsonBody<BeginResetChallenge>,
) -> Result<(StatusCode, Json<ChallengeView>), Refused> {
    let tenant = tenant_of(&app, &id)?;
    let wanted = WantedProof {
        method: Some(request.method),
        kind: request.kind,
        method_id: request.method_id,
    };
    let (view, sending) = tenant.turn(|turn| -> Result<_, Refused> {
        let (challenge, sending) = turn.begin_reset_challenge(&id, &wanted)?;
        Ok((turn.challenge(&challenge)?, sending))
    })?;
    app.deliver(&tenant, sending).await?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// Read where a proof stands.
#[utoipa::path(get, path = "/v1/passwordResets/{id}/challenges/{challengeId}", operation_id = "readResetProof",
    tag = "passwordResets",
    params(("id" = String, Path, description = "The reset"), ("challengeId" = String, Path, description = "The proof")),
    responses((status = 200, description = "The challenge", body = ChallengeView)))]
pub(crate) async fn read_proof(
    State(app): State<App>,
    At((id, challenge)): At<(String, String)>,
) -> Result<Json<ChallengeView>, Refused> {
    let tenant = tenant_of(&app, &id)?;
    tenant.turn(|turn| {
        let challenge = turn.reset_challenge(&id, &challenge)?;
        Ok(Json(turn.challenge_view(challenge)))
    })
}

/// Pass a gate with a code or answers.
#[utoipa::path(post, path = "/v1/passwordResets/{id}/challenges/{challengeId}/verification",
    operation_id = "verifyResetProof", tag = "passwordResets",
    params(("id" = String, Path, description = "The reset"), ("challengeId" = String, Path, description = "The proof")),
    request_body = Verification,
    responses((status = 200, description = "The reset", body = ResetView)))]
pub(crate) async fn verify_proof(
    State(app): State<App>,
    At((id, challenge)): At<(String, String)>,
    JsonBody(request): JsonBody<Verification>,
) -> Result<Json<ResetView>, Refused> {
    let tenant = tenant_of(&app, &id)?;
    let submitted = submitted(request);
    let early =
        tenant.turn(|turn| turn.judge_reset_challenge_early(&id, &challenge, &submitted))?;
    if early.is_some() {
        gap().await;
    }
    tenant.turn(|turn| {
        let verified = turn.verify_reset_challenge(&id, &challenge, &submitted, early);
        verified.map(Json)
    })
}

/// Set the new password, after the gates.
#[utoipa::path(post, path = "/v1/passwordResets/{id}/password", operation_id = "setNewPassword",
    tag = "passwordResets",
    params(("id" = String, Path, description = "The reset")),
    request_body = NewPassword,
    responses((status = 204, description = "The password is set; the user is signed out everywhere")))]
pub(crate) async fn set_new_password(
    State(app): State<App>,
    At(id): At<String>,
    JsonBody(request): JsonBody<NewPassword>,
) -> Result<StatusCode, Refused> {
    let tenant = tenant_of(&app, &id)?;
    tenant.turn(|turn| turn.set_new_password(&id, &request.password))?;
    Ok(StatusCode::NO_CONTENT)
}
