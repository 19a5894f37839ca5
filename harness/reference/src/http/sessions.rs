//! Signing in, where a session stands, signing out.

use axum::extract::State;
use http::StatusCode;
use proofup_domain::refusal::Refusal;

use super::extract::Body;
use super::json::Json;
use crate::app::{App, Visitor};
use crate::decide::Endpoint;
use crate::record::account_key;
use crate::refused::Refused;
use crate::wire::{Account, Session, SignIn};

/// Sign in.
///
/// Wrong password, unknown user, unknown tenant and blocked user are answered alike.
#[utoipa::path(post, path = "/v1/sessions", operation_id = "signIn", tag = "sessions", request_body = SignIn,
    responses((status = 201, description = "The session with its state, and its token, told once", body = Session)))]
pub(crate) async fn sign_in(
    State(app): State<App>,
    Body(request): Body<SignIn>,
) -> Result<(StatusCode, Json<Session>), Refused> {
    let name = &request.user_principal_name;
    let Some(tenant) = app.tenant_of(name, request.tenant.as_deref()) else {
        app.compare_with_nobody(name, &request.password);
        return Err(Refusal::InvalidCredentials.into());
    };
    let user = account_key(name);
    let session = tenant.turn(|turn| {
        let right = app.is_right_password(turn, &user, &request.password);
        turn.sign_in(&user, right)
    })?;
    Ok((StatusCode::CREATED, Json(session)))
}

/// Read where the session stands now.
#[utoipa::path(get, path = "/v1/sessions/current", operation_id = "readSession", tag = "sessions",
    responses((status = 200, description = "The session", body = Session)))]
pub(crate) async fn read_session(visitor: Visitor) -> Result<Json<Session>, Refused> {
    visitor.act(Endpoint::ReadSession, |turn, caller| {
        Ok(Json(turn.session_view(&caller.session, caller.stage)))
    })
}

/// Sign out.
#[utoipa::path(delete, path = "/v1/sessions/current", operation_id = "signOut", tag = "sessions",
    responses((status = 204, description = "Signed out; the token is dead")))]
pub(crate) async fn sign_out(visitor: Visitor) -> Result<StatusCode, Refused> {
    visitor.act(Endpoint::SignOut, |turn, caller| {
        turn.sign_out(caller);
        Ok(StatusCode::NO_CONTENT)
    })
}

/// Open the thing behind the door.
#[utoipa::path(get, path = "/v1/account", operation_id = "openAccount", tag = "sessions",
    responses((status = 200, description = "The account; only when signed in", body = Account)))]
pub(crate) async fn open_account(visitor: Visitor) -> Result<Json<Account>, Refused> {
    visitor.act(Endpoint::ReadAccount, |turn, caller| {
        Ok(Json(turn.account(caller)))
    })
}

/// Put the interrupt off: "not now".
#[utoipa::path(post, path = "/v1/sessions/current/deferral", operation_id = "defer", tag = "sessions",
    responses((status = 200, description = "The session, signed in", body = Session)))]
pub(crate) async fn defer(visitor: Visitor) -> Result<Json<Session>, Refused> {
    visitor.act(Endpoint::Defer, |turn, caller| turn.defer(caller).map(Json))
}
