//! Signing in, where a session stands, signing out.

use axum::extract::State;
use http::StatusCode;
use proofup_domain::refusal::Refusal;

use super::extract::JsonBody;
use super::json::Json;
use crate::decide::ProtectedOperation;
use crate::refused::Refused;
use crate::service::{App, Visitor};
use crate::wire::{AccountView, SessionView, SignIn};

/// Sign in.
///
/// Wrong password, unknown user, unknown tenant and blocked user are answered alike.
#[utoipa::path(post, path = "/v1/sessions", operation_id = "signIn", tag = "sessions", request_body = SignIn,
    responses((status = 201, description = "The session with its state, and its token, told once", body = SessionView)))]
pub(crate) async fn sign_in(
    State(app): State<App>,
    JsonBody(request): JsonBody<SignIn>,
) -> Result<(StatusCode, Json<SessionView>), Refused> {
    let name = &request.user_principal_name;
    let Some(tenant) = app.tenant_of(name, request.tenant.as_deref()) else {
        app.compare_with_nobody(name, &request.password);
        return Err(Refusal::InvalidCredentials.into());
    };
    let (session, later) = tenant.turn(|turn| {
        let user = turn.account_named(name, turn.rules.sign_in_names_without_case);
        let right = app.is_right_password(turn, &user, &request.password);
        let later = turn.later_if_known(&user, turn.rules.known_sign_in_later_ms);
        (turn.sign_in(&user, right), later)
    });
    app.pause.take(later).await;
    Ok((StatusCode::CREATED, Json(session?)))
}

/// Read where the session stands now.
#[utoipa::path(get, path = "/v1/sessions/current", operation_id = "readSession", tag = "sessions",
    responses((status = 200, description = "The session", body = SessionView)))]
pub(crate) async fn read_session(visitor: Visitor) -> Result<Json<SessionView>, Refused> {
    visitor.act(ProtectedOperation::ReadSession, |turn, caller| {
        Ok(Json(turn.session_view(&caller.session, caller.stage)))
    })
}

/// Sign out.
#[utoipa::path(delete, path = "/v1/sessions/current", operation_id = "signOut", tag = "sessions",
    responses((status = 204, description = "Signed out; the token is dead")))]
pub(crate) async fn sign_out(visitor: Visitor) -> Result<StatusCode, Refused> {
    visitor.act(ProtectedOperation::SignOut, |turn, caller| {
        turn.sign_out(caller);
        Ok(StatusCode::NO_CONTENT)
    })
}

/// Open the account.
#[utoipa::path(get, path = "/v1/account", operation_id = "openAccount", tag = "sessions",
    responses((status = 200, description = "The account; only when signed in", body = AccountView)))]
pub(crate) async fn open_account(visitor: Visitor) -> Result<Json<AccountView>, Refused> {
    visitor.act(ProtectedOperation::ReadAccount, |turn, caller| {
        Ok(Json(turn.account(caller)))
    })
}

/// Put the interrupt off: "not now".
#[utoipa::path(post, path = "/v1/sessions/current/deferral", operation_id = "defer", tag = "sessions",
    responses((status = 200, description = "The session, signed in", body = SessionView)))]
pub(crate) async fn defer(visitor: Visitor) -> Result<Json<SessionView>, Refused> {
    visitor.act(ProtectedOperation::Defer, |turn, caller| {
        turn.defer(caller).map(Json)
    })
}
