//! The wizard and the review.

use super::json::Json;
use crate::decide::ProtectedOperation;
use crate::refused::Refused;
use crate::service::Visitor;
use crate::wire::{SessionView, Wizard};

/// Read the wizard's page.
#[utoipa::path(get, path = "/v1/wizard", operation_id = "readWizard", tag = "wizard",
    responses((status = 200, description = "The page", body = Wizard)))]
pub(crate) async fn read_wizard(visitor: Visitor) -> Result<Json<Wizard>, Refused> {
    visitor.act(ProtectedOperation::ReadWizard, |turn, caller| {
        Ok(Json(turn.wizard(caller)))
    })
}

/// Finish the wizard: "done".
#[utoipa::path(post, path = "/v1/wizard/completion", operation_id = "completeWizard", tag = "wizard",
    responses((status = 200, description = "The session in its new state", body = SessionView)))]
pub(crate) async fn complete_wizard(visitor: Visitor) -> Result<Json<SessionView>, Refused> {
    visitor.act(ProtectedOperation::CompleteWizard, |turn, caller| {
        turn.complete_wizard(caller).map(Json)
    })
}

/// Confirm the review: "looks good".
#[utoipa::path(post, path = "/v1/review/completion", operation_id = "completeReview", tag = "wizard",
    responses((status = 200, description = "The session in its new state", body = SessionView)))]
pub(crate) async fn complete_review(visitor: Visitor) -> Result<Json<SessionView>, Refused> {
    visitor.act(ProtectedOperation::CompleteReview, |turn, caller| {
        Ok(Json(turn.complete_review(caller)))
    })
}
